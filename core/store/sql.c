/*
 * The one door to SQLite. Opens our own databases and foreign ones, turns result codes into
 * messages that name the file and say what to do, and keeps sqlite3.h out of every other
 * folder. Called by core/store and by the readers of foreign databases
 * (core/source/mlflow_db.c).
 *
 * A foreign database is hostile until read: its schema may hold views that never end, text as
 * large as the file claims, and pages that point anywhere. So views and triggers are off,
 * limits are low, and cells are checked. It may also be in use by a training job: it is opened
 * read-only, and every statement is reset as soon as it has given its last row, so that no lock
 * outlives the read.
 */
#include "store/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "store/sql_foreign.h"

/* The largest text or blob, of theirs and of ours: what we could not read back is not written.
 */
#define LENGTH_MAX (64 << 20)

struct sql {
    sqlite3 *db;
    char *path;
    bool foreign;           /* opened read-only */
    bool disturbed;         /* see sql_disturbed() */
    uint64_t cut_off;       /* see sql_cut_off() */
    atomic_uint interrupts; /* counts sql_interrupt(), for the wait on a lock */
    unsigned wait_mark;     /* its value when the wait began */
    int waited_ms;
    bool gave_up;  /* the wait ended by sql_interrupt() */
    char *guarded; /* sql_guard()'s table */
};

struct sql_statement {
    sqlite3_stmt *stmt;
    struct sql *sql;
    int bind_code; /* the first binding that failed; reported by the next step */
};

/* ---- errors ---- */

static enum assay_status fail_no_room(struct sql *sql, const char *why, struct assay_error *err)
{
    assay_fail(err, ASSAY_IO, "%s: cannot be written: %s", sql->path, why);
    assay_hint(err, "make room on the disk (or in the quota), or point ASSAY_STORE and "
                    "ASSAY_CACHE elsewhere");
    return ASSAY_IO;
}

static enum assay_status fail_system(struct sql *sql, int extended, struct assay_error *err)
{
    int code = sqlite3_system_errno(sql->db);
    /* A rollback in between often leaves no system error to name. */
    const char *why = code != 0 ? strerror(code) : sqlite3_errmsg(sql->db);
    if (extended == SQLITE_IOERR_WRITE || extended == SQLITE_IOERR_FSYNC ||
        extended == SQLITE_IOERR_TRUNCATE || extended == SQLITE_IOERR_SHMSIZE) {
        return fail_no_room(sql, why, err);
    }
    return assay_fail(err, ASSAY_IO, "%s: cannot be %s: %s", sql->path,
                      (extended & 0xff) == SQLITE_CANTOPEN ? "opened" : "read", why);
}

static enum assay_status fail_busy(struct sql *sql, struct assay_error *err)
{
    if (sql->gave_up) {
        sql->gave_up = false;
        return assay_fail(err, ASSAY_CANCELLED, "%s: interrupted", sql->path);
    }
    assay_fail(err, ASSAY_IO, "%s: locked by another program for more than %d seconds",
               sql->path, SQL_BUSY_MS / 1000);
    assay_hint(err, "try again when the program that writes to it is done");
    return ASSAY_IO;
}

static enum assay_status fail_read_only(struct sql *sql, int extended, struct assay_error *err)
{
    if (extended == SQLITE_READONLY_ROLLBACK) {
        assay_fail(err, ASSAY_IO, "%s: left unfinished by a program that died while writing it",
                   sql->path);
        assay_hint(err, "open it once with the program it belongs to, which repairs it");
        return ASSAY_IO;
    }
    if (extended == SQLITE_READONLY_DBMOVED) {
        return assay_fail(err, ASSAY_IO, "%s: was moved or removed while in use", sql->path);
    }
    return assay_fail(err, ASSAY_IO,
                      "%s: cannot be written: the file or its folder is read-only", sql->path);
}

/* Turns the result CODE of the last call on SQL into *err. */
static enum assay_status fail_code(struct sql *sql, int code, struct assay_error *err)
{
    if (code == SQLITE_BUSY_SNAPSHOT || code == SQLITE_READONLY_RECOVERY) {
        sql->disturbed = true;
        assay_fail(err, ASSAY_IO, "%s: another program began to write while it was read",
                   sql->path);
        assay_hint(err, "read it again");
        return ASSAY_IO;
    }
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail_busy(sql, err);
    case SQLITE_INTERRUPT:
    case SQLITE_ABORT:
        return assay_fail(err, ASSAY_CANCELLED, "%s: interrupted", sql->path);
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
        if (sql->cut_off > 0) {
            char text[32];
            return assay_fail(err, ASSAY_CORRUPT,
                              "%s: the database is damaged: cut off, the last %s of its file "
                              "are missing",
                              sql->path, assay_bytes_text(text, sql->cut_off));
        }
        return assay_fail(err, ASSAY_CORRUPT, "%s: the database is damaged: %s", sql->path,
                          sqlite3_errmsg(sql->db));
    case SQLITE_NOTADB:
        return assay_fail(err, ASSAY_CORRUPT, "%s: not an SQLite database, or encrypted",
                          sql->path);
    case SQLITE_FULL:
        return fail_no_room(sql, "no space left", err);
    case SQLITE_READONLY:
        return fail_read_only(sql, code, err);
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return fail_system(sql, code, err);
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOLFS:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
        return assay_fail(err, ASSAY_IO, "%s: %s", sql->path, sqlite3_errmsg(sql->db));
    case SQLITE_TOOBIG:
        return assay_fail(err, ASSAY_CORRUPT, "%s: holds a value that is too large", sql->path);
    default:
        return assay_fail(err, ASSAY_CORRUPT, "%s: %s", sql->path, sqlite3_errmsg(sql->db));
    }
}

/* ---- opening ---- */

/* Waits for another program's lock, a little longer each time, up to SQL_BUSY_MS. SQLite's own
   handler cannot be interrupted; this one ends when sql_interrupt() was called meanwhile. */
static int wait_for_lock(void *context, int times)
{
    static const int delays[] = {1, 1, 2, 3, 5, 5, 10, 10, 20};
    struct sql *sql = context;
    unsigned interrupts = atomic_load(&sql->interrupts);
    int delay = 25;

    if (times == 0) {
        sql->wait_mark = interrupts;
        sql->waited_ms = 0;
    }
    sql->gave_up = interrupts != sql->wait_mark;
    if (sql->gave_up || sql->waited_ms >= SQL_BUSY_MS) {
        return 0;
    }
    if (times < (int)ASSAY_COUNT(delays)) {
        delay = delays[times];
    }
    sqlite3_sleep(delay);
    sql->waited_ms += delay;
    return 1;
}

/* What hostile content may cost. */
static void limit_foreign(sqlite3 *db)
{
    static const struct {
        int limit, value;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, LENGTH_MAX}, {SQLITE_LIMIT_SQL_LENGTH, 1 << 20},
        {SQLITE_LIMIT_EXPR_DEPTH, 200},    {SQLITE_LIMIT_COMPOUND_SELECT, 20},
        {SQLITE_LIMIT_VDBE_OP, 100000},    {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},   {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
        {SQLITE_LIMIT_FUNCTION_ARG, 16},   {SQLITE_LIMIT_VARIABLE_NUMBER, 1000},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    for (size_t i = 0; i < ASSAY_COUNT(limits); i++) {
        sqlite3_limit(db, limits[i].limit, limits[i].value);
    }
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
}

/* What both kinds of database get. */
static int configure(struct sql *sql)
{
    sqlite3_extended_result_codes(sql->db, 1);
    sqlite3_busy_handler(sql->db, wait_for_lock, sql);
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_limit(sql->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    if (sql->foreign) {
        limit_foreign(sql->db);
    }
    int code = sqlite3_exec(sql->db, "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;",
                            NULL, NULL, NULL);
    if (code == SQLITE_OK && sql->foreign) {
        code = sqlite3_exec(sql->db, "PRAGMA query_only=1;", NULL, NULL, NULL);
    }
    return code;
}

/* The first look at the file itself: opening alone reads nothing. */
static int probe(struct sql *sql)
{
    return sqlite3_exec(sql->db, "SELECT 1 FROM sqlite_master LIMIT 1;", NULL, NULL, NULL);
}

static int open_name(struct sql *sql, const char *name, int flags, const char *layer)
{
    sqlite3_close_v2(sql->db);
    sql->db = NULL;
    int code = sqlite3_open_v2(name, &sql->db, flags, layer);
    return code == SQLITE_OK ? configure(sql) : code;
}

/* PATH as a file: URI with one PARAMETER, every byte but the plainest escaped. */
static void uri_of(struct assay_buf *out, const char *path, const char *parameter)
{
    assay_buf_text_add(out, "file:");
    for (const char *p = path; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '/' || c == '.' || c == '_' || c == '-') {
            assay_buf_char(out, *p);
        } else {
            assay_buf_format(out, "%%%02X", c);
        }
    }
    assay_buf_format(out, "?%s", parameter);
}

/* Whether nobody can be writing to the database at PATH through its folder: there is no
   write-ahead log, and the folder takes no new file. */
static bool lies_still(const char *path)
{
    struct assay_buf name = {0};
    struct stat st;

    assay_buf_format(&name, "%s-wal", path);
    bool still = stat(assay_buf_text(&name), &st) != 0 || st.st_size == 0;
    assay_buf_reset(&name);
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        assay_buf_char(&name, '.');
    } else {
        assay_buf_add(&name, path, (size_t)(slash - path) + 1);
    }
    still = still && access(assay_buf_text(&name), W_OK) != 0;
    assay_buf_free(&name);
    return still;
}

/* Opens one of ours that is only read. One in WAL mode needs its -shm file, which cannot be
   made in a folder that takes no files (a read-only home). Only there, and only where no log
   holds newer pages, the file is opened as immutable: SQLite then takes no locks and would not
   notice a writer, so that is wrong for any file that may be live. */
static int open_to_read(struct sql *sql, const char *name)
{
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    int code = open_name(sql, name, flags, NULL);
    if (code == SQLITE_OK) {
        code = probe(sql);
    }
    int plain = code & 0xff;
    if ((plain == SQLITE_CANTOPEN || plain == SQLITE_READONLY) && lies_still(name)) {
        struct assay_buf uri = {0};
        uri_of(&uri, name, "immutable=1");
        code = open_name(sql, assay_buf_text(&uri), flags | SQLITE_OPEN_URI, NULL);
        if (code == SQLITE_OK) {
            code = probe(sql);
        }
        assay_buf_free(&uri);
    }
    return code;
}

/* How many bytes the file lacks of those that its header says it has. Asked through the open
   file: closing a descriptor of our own would drop the locks on it. */
static uint64_t missing_bytes(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    unsigned char header[100];

    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file == NULL || file->pMethods == NULL ||
        file->pMethods->xRead(file, header, sizeof header, 0) != SQLITE_OK ||
        file->pMethods->xFileSize(file, &size) != SQLITE_OK) {
        return 0;
    }
    uint64_t page = (uint64_t)header[16] << 8 | header[17];
    uint64_t pages = (uint64_t)header[28] << 24 | (uint64_t)header[29] << 16 |
                     (uint64_t)header[30] << 8 | header[31];
    uint64_t whole = (page == 1 ? 65536 : page) * pages;
    return whole > (uint64_t)size ? whole - (uint64_t)size : 0;
}

/* SQLite reads no page of a file that is shorter than its header says, but where the schema may
   be repaired. That is allowed then, on a connection that cannot write: what is there of the
   file can be read, and what is not is damage where it is met. */
static int open_cut_off(struct sql *sql)
{
    uint64_t missing = missing_bytes(sql->db);
    if (missing == 0) {
        return SQLITE_CORRUPT;
    }
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 1, NULL);
    sql->cut_off = missing;
    return probe(sql);
}

/* Opens another program's, in a way that makes and changes nothing beside it. A writer that
   opens it at this moment has made its -shm and not yet filled it: that is waited for. */
static int open_foreign(struct sql *sql, const char *name)
{
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
    struct assay_buf uri = {0};

    uri_of(&uri, name, "readonly_shm=1");
    int code = open_name(sql, assay_buf_text(&uri), flags, sql_foreign_layer());
    for (int times = 0; code == SQLITE_OK; times++) {
        code = probe(sql);
        if ((code != SQLITE_READONLY_RECOVERY && code != SQLITE_BUSY_SNAPSHOT) ||
            wait_for_lock(sql, times) == 0) {
            break;
        }
        code = SQLITE_OK;
    }
    assay_buf_free(&uri);
    return (code & 0xff) == SQLITE_CORRUPT ? open_cut_off(sql) : code;
}

/* Makes the database where there is none. The mode is set by path, never through a descriptor
   of our own: closing that would drop every lock the process holds on the file (POSIX locks).
   -wal and -shm take the mode of the file they belong to. */
static int open_own(struct sql *sql, const char *name, bool fresh)
{
    int code = open_name(
        sql, name, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK && fresh) {
        (void)chmod(name, 0600);
    }
    return code == SQLITE_OK ? probe(sql) : code;
}

enum assay_status sql_open(struct sql **out, const char *path, enum sql_mode mode,
                           struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    struct assay_buf name = {0};
    struct stat st;

    *out = NULL;
    struct sql *sql = assay_alloc(sizeof *sql);
    sql->path = assay_strdup(path);
    sql->foreign = mode != SQL_CREATE;
    /* "", ":memory:" and "file:" mean something else to SQLite: never let a name begin so. */
    assay_buf_format(&name, "%s%s", path[0] == '/' ? "" : "./", path);

    bool fresh = false;
    if (stat(assay_buf_text(&name), &st) != 0) {
        fresh = errno == ENOENT && mode == SQL_CREATE;
        if (!fresh) {
            status =
                assay_fail(err, ASSAY_IO, "%s: cannot be opened: %s", path, strerror(errno));
            goto done;
        }
    } else if (!S_ISREG(st.st_mode)) { /* opening a pipe would wait for its writer */
        status = assay_fail(err, ASSAY_IO, "%s: not a regular file", path);
        goto done;
    }
    int code = mode == SQL_FOREIGN     ? open_foreign(sql, assay_buf_text(&name))
               : mode == SQL_READ_ONLY ? open_to_read(sql, assay_buf_text(&name))
                                       : open_own(sql, assay_buf_text(&name), fresh);
    if (code != SQLITE_OK) {
        status = fail_code(sql, code, err);
    }
done:
    assay_buf_free(&name);
    if (status != ASSAY_OK) {
        sql_close(&sql);
    }
    *out = sql;
    return status;
}

void sql_close(struct sql **sql)
{
    if (*sql != NULL) {
        sqlite3_close_v2((*sql)->db);
        free((*sql)->guarded);
        free((*sql)->path);
        free(*sql);
        *sql = NULL;
    }
}

void sql_interrupt(struct sql *sql)
{
    atomic_fetch_add(&sql->interrupts, 1);
    sqlite3_interrupt(sql->db);
}

bool sql_disturbed(const struct sql *sql)
{
    return sql->disturbed;
}

uint64_t sql_cut_off(const struct sql *sql)
{
    return sql->cut_off;
}

/* ---- statements ---- */

enum assay_status sql_exec(struct sql *sql, const char *text, struct assay_error *err)
{
    int code = sqlite3_exec(sql->db, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? ASSAY_OK : fail_code(sql, code, err);
}

enum assay_status sql_int(struct sql *sql, const char *text, int64_t fallback, int64_t *out,
                          struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = false;

    *out = fallback;
    enum assay_status status = sql_prepare(sql, &statement, text, err);
    if (status == ASSAY_OK) {
        status = sql_step(statement, &row, err);
    }
    if (status == ASSAY_OK && row && !sql_is_null(statement, 0)) {
        *out = sql_column_int(statement, 0);
    }
    sql_finish(&statement);
    return status;
}

enum assay_status sql_prepare(struct sql *sql, struct sql_statement **out, const char *text,
                              struct assay_error *err)
{
    sqlite3_stmt *stmt = NULL;

    *out = NULL;
    int code = sqlite3_prepare_v2(sql->db, text, -1, &stmt, NULL);
    if (code != SQLITE_OK) {
        return fail_code(sql, code, err);
    }
    struct sql_statement *statement = assay_alloc(sizeof *statement);
    statement->stmt = stmt;
    statement->sql = sql;
    *out = statement;
    return ASSAY_OK;
}

void sql_finish(struct sql_statement **statement)
{
    if (*statement != NULL) {
        sqlite3_finalize((*statement)->stmt);
        free(*statement);
        *statement = NULL;
    }
}

static void bound(struct sql_statement *statement, int code)
{
    if (code != SQLITE_OK && statement->bind_code == SQLITE_OK) {
        statement->bind_code = code;
    }
}

void sql_bind_int(struct sql_statement *statement, int index, int64_t value)
{
    bound(statement, sqlite3_bind_int64(statement->stmt, index, value));
}

void sql_bind_double(struct sql_statement *statement, int index, double value)
{
    bound(statement, sqlite3_bind_double(statement->stmt, index, value));
}

void sql_bind_text(struct sql_statement *statement, int index, const char *value)
{
    bound(statement, value == NULL
                         ? sqlite3_bind_null(statement->stmt, index)
                         : sqlite3_bind_text64(statement->stmt, index, value, strlen(value),
                                               SQLITE_TRANSIENT, SQLITE_UTF8));
}

void sql_bind_blob(struct sql_statement *statement, int index, const void *bytes, size_t length)
{
    if (bytes != NULL && length == 0) {
        bound(statement, sqlite3_bind_zeroblob(statement->stmt, index, 0));
        return;
    }
    bound(statement, bytes == NULL ? sqlite3_bind_null(statement->stmt, index)
                                   : sqlite3_bind_blob64(statement->stmt, index, bytes, length,
                                                         SQLITE_TRANSIENT));
}

enum assay_status sql_step(struct sql_statement *statement, bool *row, struct assay_error *err)
{
    int code = statement->bind_code;

    *row = false;
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement->stmt);
    }
    if (code == SQLITE_ROW) {
        *row = true;
        return ASSAY_OK;
    }
    enum assay_status status = ASSAY_OK;
    if (code != SQLITE_DONE) {
        status = fail_code(statement->sql, code, err);
    }
    sql_reset(statement);
    return status;
}

void sql_reset(struct sql_statement *statement)
{
    sqlite3_reset(statement->stmt);
    statement->bind_code = SQLITE_OK;
}

bool sql_is_null(struct sql_statement *statement, int column)
{
    return sqlite3_column_type(statement->stmt, column) == SQLITE_NULL;
}

int64_t sql_column_int(struct sql_statement *statement, int column)
{
    return sqlite3_column_int64(statement->stmt, column);
}

double sql_column_double(struct sql_statement *statement, int column)
{
    return sqlite3_column_double(statement->stmt, column);
}

const char *sql_column_text(struct sql_statement *statement, int column, size_t *length)
{
    const char *text = (const char *)sqlite3_column_text(statement->stmt, column);
    if (length != NULL) {
        *length = text != NULL ? (size_t)sqlite3_column_bytes(statement->stmt, column) : 0;
    }
    return text != NULL ? text : "";
}

const void *sql_column_blob(struct sql_statement *statement, int column, size_t *length)
{
    const void *bytes = sqlite3_column_blob(statement->stmt, column);
    *length = (size_t)sqlite3_column_bytes(statement->stmt, column);
    return bytes;
}

/* ---- the rest ---- */

bool sql_has(struct sql *sql, const char *table, const char *column)
{
    struct sql_statement *statement = NULL;
    bool row = false;

    if (sql_prepare(sql, &statement,
                    "SELECT 1 FROM sqlite_master AS m WHERE m.type='table' AND m.name=?1 "
                    "COLLATE NOCASE AND (?2 IS NULL OR EXISTS (SELECT 1 FROM "
                    "pragma_table_info(?1) AS c WHERE c.name=?2 COLLATE NOCASE)) LIMIT 1",
                    NULL) == ASSAY_OK) {
        sql_bind_text(statement, 1, table);
        sql_bind_text(statement, 2, column);
        (void)sql_step(statement, &row, NULL);
    }
    sql_finish(&statement);
    return row;
}

int64_t sql_last_row(struct sql *sql)
{
    return sqlite3_last_insert_rowid(sql->db);
}

int64_t sql_changes(struct sql *sql)
{
    return sqlite3_changes64(sql->db);
}

bool sql_in_transaction(struct sql *sql)
{
    return sqlite3_get_autocommit(sql->db) == 0;
}

static int journal_mode(void *wal, int columns, char **values, char **names)
{
    (void)names;
    *(bool *)wal = columns == 1 && values[0] != NULL && strcmp(values[0], "wal") == 0;
    return 0;
}

enum assay_status sql_use_wal(struct sql *sql, bool *wal, struct assay_error *err)
{
    int code = SQLITE_OK;

    *wal = false;
    /* The switch needs the file alone for a moment; SQLite asks no busy handler for that. */
    for (int times = 0;; times++) {
        code = sqlite3_exec(sql->db, "PRAGMA journal_mode=WAL;", journal_mode, wal, NULL);
        if ((code & 0xff) != SQLITE_BUSY || wait_for_lock(sql, times) == 0) {
            break;
        }
    }
    return code == SQLITE_OK ? ASSAY_OK : fail_code(sql, code, err);
}

/* Asked for every action of a statement while it is prepared. No trigger may be made either:
   one that ignores an insertion would lose a record without a word. */
static int authorize(void *context, int action, const char *first, const char *second,
                     const char *database, const char *source)
{
    const struct sql *sql = context;

    (void)database;
    (void)source;
    switch (action) {
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
    case SQLITE_DROP_TABLE:
        return first && strcasecmp(first, sql->guarded) == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_ALTER_TABLE:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_DROP_INDEX:
        return second && strcasecmp(second, sql->guarded) == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
        return first && second &&
                       (strcasecmp(first, "writable_schema") == 0 ||
                        strcasecmp(first, "recursive_triggers") == 0)
                   ? SQLITE_DENY
                   : SQLITE_OK;
    default:
        return SQLITE_OK;
    }
}

enum assay_status sql_guard(struct sql *sql, const char *table, struct assay_error *err)
{
    int64_t recursive = 0;
    int defensive = 0, triggers = 0;
    enum assay_status status = sql_exec(sql, "PRAGMA recursive_triggers=ON;", err);

    if (status == ASSAY_OK)
        status = sql_int(sql, "PRAGMA recursive_triggers", 0, &recursive, err);
    if (status != ASSAY_OK)
        return status;
    free(sql->guarded);
    sql->guarded = assay_strdup(table);
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DEFENSIVE, 1, &defensive);
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, &triggers);
    sqlite3_set_authorizer(sql->db, authorize, sql);
    if (recursive != 1 || !defensive || !triggers)
        return assay_fail(err, ASSAY_IO, "%s: this SQLite cannot protect its ledger",
                          sql->path);
    return ASSAY_OK;
}

void sql_checkpoint(struct sql *sql)
{
    (void)sqlite3_wal_checkpoint_v2(sql->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

/* All at once: in WAL mode that holds up no writer, and the copy is of one moment. It needs no
   log of its own, so that it can be read from anywhere. */
static int copy_pages(struct sql *copy, struct sql *from)
{
    int code = SQLITE_OK;
    sqlite3_backup *backup = sqlite3_backup_init(copy->db, "main", from->db, "main");

    if (backup == NULL) {
        return sqlite3_errcode(copy->db);
    }
    for (int times = 0;; times++) {
        code = sqlite3_backup_step(backup, -1);
        if ((code != SQLITE_BUSY && code != SQLITE_LOCKED) || wait_for_lock(from, times) == 0) {
            break;
        }
    }
    int end = sqlite3_backup_finish(backup);
    code = code == SQLITE_DONE || end != SQLITE_OK ? end : code;
    if (code == SQLITE_OK) {
        code = sqlite3_exec(copy->db, "PRAGMA journal_mode=DELETE;", NULL, NULL, NULL);
    }
    return code;
}

/* PART becomes PATH, unless that is there by now. */
static enum assay_status give_name(const char *part, const char *path, struct assay_error *err)
{
    char *directory = assay_path_directory(path);
    int code = link(part, path) == 0 ? 0 : errno;

    if (code != 0 && code != EEXIST && access(path, F_OK) != 0) { /* no links on this disk */
        code = rename(part, path) == 0 ? 0 : errno;
    }
    (void)unlink(part);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(directory);
    if (code == 0) {
        return ASSAY_OK;
    }
    assay_fail(err, ASSAY_IO, "%s: cannot be made: %s", path, strerror(code));
    return ASSAY_IO;
}

enum assay_status sql_backup(struct sql *sql, const char *path, struct assay_error *err)
{
    struct assay_buf part = {0};
    struct sql *copy = NULL;
    struct stat st;

    if (lstat(path, &st) == 0) {
        assay_fail(err, ASSAY_IO, "%s: is there already", path);
        assay_hint(err, "give the backup another name");
        return ASSAY_IO;
    }
    assay_buf_format(&part, "%s.%ld.part", path, (long)getpid());
    (void)unlink(assay_buf_text(&part));
    enum assay_status status = sql_open(&copy, assay_buf_text(&part), SQL_CREATE, err);
    if (status == ASSAY_OK) {
        int code = copy_pages(copy, sql);
        if (code != SQLITE_OK) {
            status = fail_code(copy, code, err);
        }
    }
    sql_close(&copy);
    if (status == ASSAY_OK) {
        status = give_name(assay_buf_text(&part), path, err);
    } else {
        (void)unlink(assay_buf_text(&part));
    }
    assay_buf_free(&part);
    return status;
}
