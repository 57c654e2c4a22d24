/*
 * Which files are MLflow's SQLite stores: detection, and why one that could be is not read.
 * Called by mlflow_db.c.
 */
#include "source/mlflow_db.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/text.h>

#include "store/store.h"

/* A file that begins as SQLite's do. For one that SQLite itself could not read: closing a
   descriptor of our own drops the locks that a connection has on the file. */
static bool is_database(const char *path)
{
    static const char magic[16] = "SQLite format 3"; /* its NUL is part of it */
    char bytes[sizeof magic];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
              pread(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes &&
              memcmp(bytes, magic, sizeof magic) == 0;
    if (fd >= 0)
        close(fd);
    return is;
}

static enum db_look fail_cut_off(const char *path, uint64_t missing, struct assay_error *err)
{
    char text[32];

    assay_fail(err, ASSAY_CORRUPT,
               "%s: the database is cut off: the last %s of its file are missing, and what "
               "tables it has stood there",
               path, assay_bytes_text(text, missing));
    return DB_LOOK_TROUBLE;
}

enum db_look db_look_at(const char *path, struct assay_error *err)
{
    enum db_look look = DB_LOOK_OTHER;
    struct sql *sql = NULL;
    struct stat st;
    int64_t tables;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 512) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: not an SQLite database", path);
        return DB_LOOK_OTHER;
    }
    if (store_is_default(&st)) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: Assay's own, not an MLflow database", path);
        return DB_LOOK_OTHER;
    }
    /* Of a file that was cut off part of the schema may be missing, too. */
    if (sql_open(&sql, path, SQL_FOREIGN, err) != ASSAY_OK ||
        (sql_cut_off(sql) == 0 &&
         sql_int(sql, "SELECT count(*) FROM sqlite_master", 0, &tables, err) != ASSAY_OK))
        look = is_database(path) ? DB_LOOK_TROUBLE : DB_LOOK_OTHER;
    else if ((sql_has(sql, "alembic_version", NULL) || sql_cut_off(sql) > 0) &&
             sql_has(sql, "runs", "run_uuid") && sql_has(sql, "experiments", "experiment_id"))
        look = DB_LOOK_STORE;
    else if (sql_cut_off(sql) > 0)
        look = fail_cut_off(path, sql_cut_off(sql), err);
    else
        assay_fail(err, ASSAY_BAD_INPUT, "%s: not an MLflow database", path);
    sql_close(&sql);
    return look;
}

static bool ends_like_database(const char *name)
{
    static const char *const ends[] = {".db", ".sqlite", ".sqlite3"};
    size_t length = strlen(name);

    for (size_t i = 0; i < ASSAY_COUNT(ends); i++) {
        size_t end = strlen(ends[i]);

        if (length > end && strcmp(name + length - end, ends[i]) == 0)
            return true;
    }
    return false;
}

/* The file itself, whatever its name; in a folder, whatever ends as databases do. */
void db_detect(const char *path, struct source_found *found)
{
    struct dirent *entry;
    char inner[4096];
    unsigned looked = 0;
    struct stat st;
    DIR *dir;

    if (stat(path, &st) != 0)
        return;
    if (S_ISREG(st.st_mode)) {
        if (db_look_at(path, NULL) != DB_LOOK_OTHER) /* the trouble is told when it is opened */
            source_found_add(found, "mlflow-db", path);
        return;
    }
    dir = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    for (unsigned n = 0; dir && n < 4096 && looked < 16 && (entry = readdir(dir)); n++) {
        if (!ends_like_database(entry->d_name) ||
            (size_t)snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >= sizeof inner)
            continue;
        looked++;
        enum db_look look = db_look_at(inner, NULL);
        if (look == DB_LOOK_STORE ||
            (look == DB_LOOK_TROUBLE && strstr(entry->d_name, "mlflow") != NULL))
            source_found_add(found, "mlflow-db", inner);
    }
    if (dir)
        closedir(dir);
}
