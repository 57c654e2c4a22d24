/*
 * Opening, closing and transactions of our two databases; sources. Called by the session (which
 * shows what they hold), its writer thread (which fills the cache), and local.c (which logs).
 */
#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>

#include "store/schema.h"

/* ---- where they lie ---- */

char *store_default_path(enum store_role role)
{
    const bool local = role == STORE_LOCAL;
    const char *path = getenv(local ? "ASSAY_STORE" : "ASSAY_CACHE");
    const char *base = getenv(local ? "XDG_DATA_HOME" : "XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    const char *name = local ? "store.db" : "cache.db";
    struct assay_buf buf = {0};

    if (path != NULL && path[0] != '\0') {
        return assay_strdup(path);
    }
    if (base != NULL && base[0] == '/') { /* the XDG rules: a relative one does not count */
        assay_buf_format(&buf, "%s/assay/%s", base, name);
    } else if (home != NULL && home[0] == '/') {
        assay_buf_format(&buf, "%s/%s/assay/%s", home, local ? ".local/share" : ".cache", name);
    } else {
        return NULL;
    }
    return assay_buf_take(&buf);
}

bool store_is_default(const struct stat *st)
{
    static const enum store_role roles[] = {STORE_LOCAL, STORE_CACHE};
    bool ours = false;

    for (size_t i = 0; i < ASSAY_COUNT(roles); i++) {
        char *path = store_default_path(roles[i]);
        struct stat own;

        ours = ours || (path && stat(path, &own) == 0 && own.st_dev == st->st_dev &&
                        own.st_ino == st->st_ino);
        free(path);
    }
    return ours;
}

bool store_is_one(const char *path)
{
    struct sql *sql = NULL;
    int64_t application = 0;
    struct stat st;
    bool is = false;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    if (store_is_default(&st))
        return true;
    if (sql_open(&sql, path, SQL_FOREIGN, NULL) == ASSAY_OK &&
        sql_int(sql, "PRAGMA application_id", 0, &application, NULL) == ASSAY_OK)
        is = application == SCHEMA_APPLICATION;
    sql_close(&sql);
    return is;
}

/* ---- putting a cache aside ---- */

/* Whether the cache at PATH is still one to put aside: another process may have been first. */
static bool still_unusable(const char *path)
{
    struct sql *sql = NULL;
    enum schema_state state = SCHEMA_FOREIGN;
    enum assay_status status = sql_open(&sql, path, SQL_READ_ONLY, NULL);
    if (status == ASSAY_OK) {
        status = schema_look(sql, schema_version, &state, NULL);
    }
    sql_close(&sql);
    return status == ASSAY_CORRUPT ||
           (status == ASSAY_OK && (state == SCHEMA_OLDER || state == SCHEMA_NEWER));
}

/* The database first: a log without its database is thrown away by SQLite, the other way round
   it would be taken for the new one's. */
static enum assay_status move_files(const char *path, struct assay_error *err)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < ASSAY_COUNT(ends) && status == ASSAY_OK; i++) {
        struct assay_buf from = {0}, to = {0};
        assay_buf_format(&from, "%s%s", path, ends[i]);
        assay_buf_format(&to, "%s.damaged%s", path, ends[i]);
        if (rename(assay_buf_text(&from), assay_buf_text(&to)) != 0 && errno != ENOENT) {
            status = assay_fail(err, ASSAY_IO, "%s: is damaged and cannot be put aside: %s",
                                path, strerror(errno));
        }
        assay_buf_free(&from);
        assay_buf_free(&to);
    }
    return status;
}

/* One process at a time, by a lock on the folder. */
static enum assay_status put_aside(const char *path, bool always, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    char *directory = assay_path_directory(path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        (void)flock(fd, LOCK_EX);
    }
    if (always || still_unusable(path)) {
        status = move_files(path, err);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(directory);
    return status;
}

enum assay_status store_put_aside(const char *path, struct assay_error *err)
{
    return put_aside(path, true, err);
}

/* ---- opening ---- */

static enum assay_status set_up(struct sql *sql, enum store_role role, struct assay_error *err)
{
    bool wal = false;
    /* Large pages: a run's attributes and the local part of a chunk lie in one. It counts only
       while the file is empty. Old points are no secrets: no overwriting of what is deleted. */
    enum assay_status status = sql_exec(sql,
                                        "PRAGMA page_size=8192; PRAGMA secure_delete=OFF;"
                                        "PRAGMA journal_size_limit=67108864;",
                                        err);
    if (status == ASSAY_OK) {
        status = sql_use_wal(sql, &wal, err);
    }
    if (status == ASSAY_OK) {
        status = sql_exec(sql,
                          role == STORE_LOCAL || !wal
                              ? "PRAGMA synchronous=FULL;"
                              : "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=4000;",
                          err);
    }
    return status;
}

/* Why a database in STATE cannot be used as it is. */
static enum assay_status refuse(const char *path, enum schema_state state, bool read_only,
                                struct assay_error *err)
{
    switch (state) {
    case SCHEMA_NEWER:
        assay_fail(err, ASSAY_IO, "%s: was written by a newer version of assay", path);
        assay_hint(err, "use that version, or point ASSAY_STORE at another file");
        return ASSAY_IO;
    case SCHEMA_FOREIGN:
        assay_fail(err, ASSAY_IO, "%s: is a database of another program", path);
        assay_hint(err, "point ASSAY_STORE and ASSAY_CACHE at files of their own");
        return ASSAY_IO;
    case SCHEMA_OLDER:
    case SCHEMA_EMPTY:
        if (read_only) {
            bool empty = state == SCHEMA_EMPTY;

            return assay_fail(err, empty ? ASSAY_NO : ASSAY_IO, "%s: %s, and may only be read",
                              path, empty ? "is empty" : "is of an older version");
        }
        return ASSAY_OK;
    case SCHEMA_CURRENT:
        return ASSAY_OK;
    }
    return ASSAY_OK;
}

/* A copy of the precious database before its first migration, PATH.vN. Several processes may
   do so at once: the first copy stands. */
static enum assay_status keep_old(struct sql *sql, const char *path, struct assay_error *err)
{
    struct assay_buf name = {0};
    int64_t user = 0;
    enum assay_status status = sql_int(sql, "PRAGMA user_version", 0, &user, err);

    assay_buf_format(&name, "%s.v%lld", path, (long long)user);
    if (status == ASSAY_OK && user < (int64_t)schema_version &&
        access(assay_buf_text(&name), F_OK) != 0) {
        struct assay_error failed = {0};
        status = sql_backup(sql, assay_buf_text(&name), &failed);
        if (status != ASSAY_OK && access(assay_buf_text(&name), F_OK) == 0) {
            status = ASSAY_OK;
        } else if (status != ASSAY_OK) {
            assay_fail(err, status, "%s", failed.what);
            assay_hint(err, "%s", failed.hint);
        }
    }
    assay_buf_free(&name);
    return status;
}

enum fitness { FIT, OTHER_VERSION, DAMAGED };

/* One attempt. *fitness says what lies there. */
static enum assay_status open_once(struct sql **out, const char *path, enum store_role role,
                                   bool read_only, enum fitness *fitness,
                                   struct assay_error *err)
{
    enum schema_state state = SCHEMA_FOREIGN;
    struct sql *sql = NULL;

    enum assay_status status =
        sql_open(&sql, path, read_only ? SQL_READ_ONLY : SQL_CREATE, err);
    if (status == ASSAY_OK) {
        status = schema_look(sql, schema_version, &state, err);
    }
    *fitness = FIT;
    if (status == ASSAY_CORRUPT) {
        *fitness = DAMAGED;
    } else if (status == ASSAY_OK && (state == SCHEMA_OLDER || state == SCHEMA_NEWER)) {
        *fitness = OTHER_VERSION;
    }
    if (status == ASSAY_OK) {
        status = refuse(path, state, read_only, err);
    }
    if (role == STORE_CACHE && *fitness != FIT && status == ASSAY_OK) {
        status = assay_fail(err, ASSAY_CORRUPT, "%s: is of another version", path);
    }
    if (status == ASSAY_OK && read_only) {
        /* Most of what is read is read once: pages used again cost less than new ones. */
        status = sql_exec(sql, "PRAGMA cache_size=-512;", err);
    } else if (status == ASSAY_OK) {
        status = set_up(sql, role, err);
        if (status == ASSAY_OK && state == SCHEMA_OLDER) {
            status = keep_old(sql, path, err);
        }
        if (status == ASSAY_OK && state != SCHEMA_CURRENT) {
            status = schema_apply(sql, schema_steps, schema_version, err);
        }
        if (status == ASSAY_OK && role == STORE_LOCAL) {
            status = sql_guard(sql, "ledger_record", err);
        }
    }
    if (status != ASSAY_OK) {
        sql_close(&sql);
    }
    *out = sql;
    return status;
}

enum assay_status store_open(struct store **out, const char *path, enum store_role role,
                             bool read_only, struct assay_error *err)
{
    struct assay_error first = {0};
    struct sql *sql = NULL;
    enum fitness fitness = FIT;
    bool was_damaged = false;
    enum assay_status status = ASSAY_OK;

    *out = NULL;
    if (!read_only) {
        char *directory = assay_path_directory(path);
        status = assay_make_directories(directory, err);
        free(directory);
        if (status != ASSAY_OK) {
            return status;
        }
    }
    status = open_once(&sql, path, role, read_only, &fitness, &first);
    if (fitness != FIT && role == STORE_CACHE && !read_only) {
        was_damaged = fitness == DAMAGED;
        assay_error_clear(&first);
        status = put_aside(path, false, &first);
        if (status == ASSAY_OK) {
            status = open_once(&sql, path, role, read_only, &fitness, &first);
        }
    }
    if (status != ASSAY_OK) {
        if (status == ASSAY_CORRUPT && role == STORE_LOCAL) {
            assay_hint(&first, "it was left as it is: put a backup in its place, or try "
                               "sqlite3's .recover on a copy");
        }
        assay_fail(err, first.status, "%s", first.what);
        if (first.hint[0] != '\0') {
            assay_hint(err, "%s", first.hint);
        }
        return status;
    }
    struct store *store = assay_alloc(sizeof *store);
    store->sql = sql;
    store->damaged = was_damaged;
    store->read_only = read_only;
    store->local = role == STORE_LOCAL;
    store->data_version = -1;
    *out = store;
    return ASSAY_OK;
}

void store_close(struct store **store)
{
    if (*store == NULL) {
        return;
    }
    store_rollback(*store);
    if (!(*store)->read_only) {
        store_pack(*store);
    }
    for (size_t i = 0; i < SLOTS; i++) {
        sql_finish(&(*store)->statements[i]);
    }
    sql_close(&(*store)->sql);
    free((*store)->points);
    free(*store);
    *store = NULL;
}

bool store_was_damaged(const struct store *store)
{
    return store->damaged;
}

enum assay_status store_backup(struct store *store, const char *path, struct assay_error *err)
{
    return sql_backup(store->sql, path, err);
}

/* ---- statements ---- */

enum assay_status store_statement(struct store *store, enum store_slot slot, const char *text,
                                  struct sql_statement **out, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    if (store->statements[slot] != NULL) {
        sql_reset(store->statements[slot]);
    } else {
        status = sql_prepare(store->sql, &store->statements[slot], text, err);
    }
    *out = store->statements[slot];
    return status;
}

enum assay_status store_run_once(struct sql_statement *statement, struct assay_error *err)
{
    bool row = false;
    enum assay_status status = sql_step(statement, &row, err);
    sql_reset(statement);
    return status;
}

enum assay_status store_number(struct sql_statement *statement, int64_t *out,
                               struct assay_error *err)
{
    bool row = false;
    enum assay_status status = sql_step(statement, &row, err);
    if (status == ASSAY_OK && row) {
        if (!sql_is_null(statement, 0)) {
            *out = sql_column_int(statement, 0);
        }
        status = sql_step(statement, &row, err); /* to the end: RETURNING commits there */
    }
    sql_reset(statement);
    return status;
}

enum assay_status store_blob(struct sql_statement *statement, void **bytes, size_t *length,
                             struct assay_error *err)
{
    bool row = false;

    *bytes = NULL;
    *length = 0;
    enum assay_status status = sql_step(statement, &row, err);
    if (status == ASSAY_OK && row && !sql_is_null(statement, 0)) {
        const void *data = sql_column_blob(statement, 0, length);
        /* A NUL after it, so that it is never size 0. */
        *bytes = assay_strndup(data != NULL ? data : "", *length);
    }
    sql_reset(statement);
    return status;
}

void store_bind_time(struct sql_statement *statement, int index, int64_t time_ms)
{
    if (time_ms == ASSAY_NO_TIME) {
        sql_bind_text(statement, index, NULL);
    } else {
        sql_bind_int(statement, index, time_ms);
    }
}

int64_t store_column_time(struct sql_statement *statement, int column)
{
    int64_t time_ms = sql_column_int(statement, column); /* 0 where there is none */
    return time_ms == 0 && sql_is_null(statement, column) ? ASSAY_NO_TIME : time_ms;
}

/* ---- transactions ---- */

static enum assay_status run_text(struct store *store, enum store_slot slot, const char *text,
                                  struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status = store_statement(store, slot, text, &statement, err);
    return status == ASSAY_OK ? store_run_once(statement, err) : status;
}

enum assay_status store_begin(struct store *store, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = false;

    enum assay_status status = run_text(store, SLOT_BEGIN, "BEGIN IMMEDIATE", err);
    if (status != ASSAY_OK) {
        return status;
    }
    store->open = true;
    store->dirty = false;
    store->touched = 0;
    status = store_statement(store, SLOT_COUNTER_READ,
                             "SELECT change, series FROM counter WHERE one=1", &statement, err);
    if (status == ASSAY_OK) {
        status = sql_step(statement, &row, err);
    }
    if (status == ASSAY_OK && !row) {
        status = assay_fail(err, ASSAY_CORRUPT, "the database is damaged: it has no counter");
    }
    if (status == ASSAY_OK) {
        store->change = sql_column_int(statement, 0) + 1;
        store->last_series = sql_column_int(statement, 1);
        sql_reset(statement);
    } else {
        store_rollback(store);
    }
    return status;
}

enum assay_status store_commit(struct store *store, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    enum assay_status status = ASSAY_OK;

    if (!store->open || !sql_in_transaction(store->sql)) {
        store_rollback(store);
        return assay_fail(err, ASSAY_IO, "the change was taken back: nothing was written");
    }
    if (store->dirty) {
        status = store_statement(store, SLOT_COUNTER_WRITE,
                                 "UPDATE counter SET change=?1, series=?2 WHERE one=1",
                                 &statement, err);
        if (status == ASSAY_OK) {
            sql_bind_int(statement, 1, store->change);
            sql_bind_int(statement, 2, store->last_series);
            status = store_run_once(statement, err);
        }
    }
    if (status == ASSAY_OK) {
        status = run_text(store, SLOT_COMMIT, "COMMIT", err);
    }
    if (status != ASSAY_OK) {
        store_rollback(store);
    }
    store->open = false;
    return status;
}

void store_rollback(struct store *store)
{
    if (sql_in_transaction(store->sql)) {
        for (size_t i = 0; i < SLOTS; i++) {
            if (store->statements[i] != NULL) {
                sql_reset(store->statements[i]);
            }
        }
        (void)sql_exec(store->sql, "ROLLBACK", NULL);
    }
    store->open = false;
}

enum assay_status store_begin_read(struct store *store, struct assay_error *err)
{
    return run_text(store, SLOT_BEGIN_READ, "BEGIN", err);
}

void store_end_read(struct store *store)
{
    if (sql_in_transaction(store->sql)) {
        (void)run_text(store, SLOT_COMMIT, "COMMIT", NULL);
    }
}

/* A full disk makes SQLite roll back by itself: what came after it must not slip into a
   transaction of its own. */
enum assay_status store_enter(struct store *store, bool *own, struct assay_error *err)
{
    *own = !store->open;
    if (*own) {
        return store_begin(store, err);
    }
    if (!sql_in_transaction(store->sql)) {
        return assay_fail(err, ASSAY_IO, "the change was taken back: nothing was written");
    }
    return ASSAY_OK;
}

enum assay_status store_leave(struct store *store, bool own, enum assay_status status,
                              struct assay_error *err)
{
    if (!own) {
        return status;
    }
    if (status == ASSAY_OK) {
        return store_commit(store, err);
    }
    store_rollback(store);
    return status;
}

int64_t store_mark(struct store *store)
{
    store->dirty = true;
    return store->change;
}

int64_t store_change(struct store *store)
{
    int64_t change = 0;
    (void)sql_int(store->sql, "SELECT change FROM counter WHERE one=1", 0, &change, NULL);
    return change;
}

bool store_changed(struct store *store)
{
    struct sql_statement *statement = NULL;
    int64_t version = store->data_version;

    if (store_statement(store, SLOT_DATA_VERSION, "PRAGMA data_version", &statement, NULL) ==
        ASSAY_OK) {
        (void)store_number(statement, &version, NULL);
    }
    bool changed = store->data_version != -1 && version != store->data_version;
    store->data_version = version;
    return changed;
}
