/*
 * Whether a database is sound: SQLite's own check of its pages, then what SQLite cannot know:
 * that every row belongs to something, that every chunk of points decodes, that series hold as
 * many points as they say, and that the runs' summaries count them. Reads one moment of it,
 * changes nothing, and goes on after a fault. Called by `assay doctor` and after a backup.
 */
#include <assay/local.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "model/attrs.h"
#include "store/schema.h"
#include "store/store_private.h"

#define FAULTS_TOLD 20

struct check {
    struct store *store;
    bool local; /* the local store: points and summaries are written together */
    struct assay_database_check *out;
    void (*fault)(void *context, const char *text);
    void *context;
};

static void tell(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void tell(struct check *check, const char *format, ...)
{
    struct assay_buf text = {0}, clean = {0};
    va_list args;

    if (check->out->faults++ >= FAULTS_TOLD || check->fault == NULL) {
        return;
    }
    va_start(args, format);
    assay_buf_vformat(&text, format, args);
    va_end(args);
    assay_text_clean(&clean, assay_buf_text(&text), text.length);
    check->fault(check->context, assay_buf_text(&clean));
    assay_buf_free(&text);
    assay_buf_free(&clean);
}

/* ---- SQLite's own ---- */

static enum assay_status check_pages(struct check *check, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool row = true;
    /* The full check also compares every index with its table. */
    enum assay_status status = sql_prepare(
        check->store->sql, &statement,
        check->local ? "PRAGMA integrity_check(20)" : "PRAGMA quick_check(20)", err);

    while (status == ASSAY_OK) {
        status = sql_step(statement, &row, err);
        if (status != ASSAY_OK || !row) {
            break;
        }
        const char *text = sql_column_text(statement, 0, NULL);
        if (strcmp(text, "ok") != 0) {
            tell(check, "%s", text);
        }
    }
    sql_finish(&statement);
    return status;
}

/* ---- rows that belong to nothing ---- */

static enum assay_status check_rows(struct check *check, struct assay_error *err)
{
    static const struct {
        const char *text, *what;
    } rules[] = {
        {"SELECT 1-count(*) FROM counter", "counters are missing"},
        {"SELECT count(*) FROM experiment WHERE source NOT IN (SELECT id FROM source)",
         "experiments belong to no source"},
        {"SELECT count(*) FROM run WHERE source NOT IN (SELECT id FROM source)",
         "runs belong to no source"},
        {"SELECT count(*) FROM run WHERE experiment NOT IN (SELECT row FROM experiment)",
         "runs belong to no experiment"},
        {"SELECT count(*) FROM pack WHERE source NOT IN (SELECT id FROM source)",
         "packs of headers belong to no source"},
        {"SELECT count(*) FROM attrs WHERE run NOT IN (SELECT row FROM run)",
         "sets of attributes belong to no run"},
        {"SELECT count(*) FROM series WHERE run NOT IN (SELECT row FROM run)",
         "series belong to no run"},
        {"SELECT count(*)-count(DISTINCT id) FROM series", "series share their points"},
        {"SELECT count(*) FROM series, counter WHERE series.id>counter.series",
         "series have numbers that were never given"},
        {"SELECT (SELECT count(*) FROM chunk)-(SELECT coalesce(sum(chunks),0) FROM series)",
         "chunks of points belong to no series"},
        {"SELECT (SELECT count(*) FROM loose)-(SELECT coalesce(sum(loose),0) FROM series)",
         "single points belong to no series"},
    };
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < ASSAY_COUNT(rules) && status == ASSAY_OK; i++) {
        int64_t count = 0;
        status = sql_int(check->store->sql, rules[i].text, 0, &count, err);
        if (status == ASSAY_OK && count > 0) {
            tell(check, "%" PRId64 " %s", count, rules[i].what);
        }
    }
    return status;
}

/* ---- runs ---- */

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || a == b || (a != a && b != b);
}

/* What the run says of METRIC against the points there are. The cache stores a run before its
   points: only more points than it counts are wrong there. */
static void compare(struct check *check, const char *run, const struct assay_metric *metric,
                    const struct assay_summary *found)
{
    const struct assay_summary *said = &metric->summary;

    if (said->n != found->n && (check->local || found->n > said->n)) {
        tell(check, "run %s, %s: %" PRIu64 " points, and %" PRIu64 " are counted", run,
             metric->key, found->n, said->n);
    } else if (said->n == found->n &&
               (said->nonfinite != found->nonfinite || !same(said->min, found->min) ||
                !same(said->max, found->max))) {
        tell(check, "run %s, %s: the summary is not that of its points", run, metric->key);
    }
}

/* All series of a run. LOCAL runs say of every metric what there is. */
static enum assay_status check_series(struct check *check, int64_t row, const char *run,
                                      const struct assay_attrs *attrs, bool counted,
                                      struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool more = true;
    enum assay_status status = sql_prepare(check->store->sql, &statement,
                                           "SELECT metric FROM series WHERE run=?1", err);

    if (status == ASSAY_OK) {
        sql_bind_int(statement, 1, row);
    }
    while (status == ASSAY_OK) {
        struct assay_error fault = {0};
        status = sql_step(statement, &more, err);
        if (status != ASSAY_OK || !more) {
            break;
        }
        const char *metric = sql_column_text(statement, 0, NULL);
        const struct assay_metric *said = assay_attrs_metric(attrs, metric);
        struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
        enum assay_status read = store_read_series(check->store, row, metric, series, &fault);
        check->out->series++;
        check->out->points += assay_series_count(series);
        if (read == ASSAY_CORRUPT) {
            tell(check, "run %s: %s", run, fault.what);
        } else if (read != ASSAY_OK) {
            status = assay_fail(err, read, "%s", fault.what);
        } else if (counted && said != NULL) {
            compare(check, run, said, assay_series_summary(series));
        } else if (counted && check->local && assay_series_count(series) > 0) {
            tell(check, "run %s, %s: has points, and the run has no such metric", run, metric);
        }
        assay_series_free(&series);
    }
    sql_finish(&statement);
    return status;
}

static enum assay_status check_run(struct check *check, int64_t row, const char *run,
                                   bool counted, struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct assay_attrs attrs = {0};
    void *bytes = NULL;
    size_t length = 0;
    enum assay_status status = store_read_attrs(check->store, row, &bytes, &length, err);

    if (status == ASSAY_OK && bytes != NULL && !attrs_unpack(bytes, length, &arena, &attrs)) {
        tell(check, "run %s: its params, tags and metrics are damaged", run);
        counted = false;
    }
    if (status == ASSAY_OK) {
        status = check_series(check, row, run, &attrs, counted, err);
    }
    for (size_t i = 0; status == ASSAY_OK && counted && check->local && i < attrs.metric_count;
         i++) { /* those without a series at all */
        struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
        if (attrs.metrics[i].summary.n > 0 &&
            store_read_series(check->store, row, attrs.metrics[i].key, series, NULL) ==
                ASSAY_OK &&
            assay_series_count(series) == 0) {
            tell(check, "run %s, %s: its points are gone", run, attrs.metrics[i].key);
        }
        assay_series_free(&series);
    }
    free(bytes);
    assay_arena_free(&arena);
    return status;
}

static enum assay_status check_runs(struct check *check, struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    bool more = true;
    /* Servers and MLflow's own stores tell summaries of points that are not kept here. */
    enum assay_status status =
        sql_prepare(check->store->sql, &statement,
                    "SELECT run.row, run.id, source.kind IN ('local','tensorboard')"
                    " FROM run LEFT JOIN source ON source.id=run.source ORDER BY run.row",
                    err);

    while (status == ASSAY_OK) {
        status = sql_step(statement, &more, err);
        if (status != ASSAY_OK || !more) {
            break;
        }
        check->out->runs++;
        status =
            check_run(check, sql_column_int(statement, 0), sql_column_text(statement, 1, NULL),
                      sql_column_int(statement, 2) != 0, err);
    }
    sql_finish(&statement);
    return status;
}

/* ---- packed headers ---- */

struct packed_look {
    struct check *check;
    const struct store_run *packed;
    bool same;
    int64_t count; /* runs that were given */
};

static bool compare_header(void *context, const struct store_run *run)
{
    struct packed_look *look = context;
    const struct store_run *packed = look->packed;

    look->same = strcmp(run->id, packed->id) == 0 && strcmp(run->name, packed->name) == 0 &&
                 strcmp(run->user, packed->user) == 0 &&
                 strcmp(run->artifact_uri, packed->artifact_uri) == 0 &&
                 run->experiment == packed->experiment && run->change == packed->change &&
                 run->status == packed->status && run->deleted == packed->deleted &&
                 run->gone == packed->gone && run->start_ms == packed->start_ms &&
                 run->end_ms == packed->end_ms;
    return true;
}

static bool check_packed(void *context, const struct store_run *run)
{
    struct packed_look *look = context;

    look->packed = run;
    look->same = false;
    look->count++;
    if (store_read_run(look->check->store, run->row, compare_header, look, NULL) != ASSAY_OK ||
        !look->same) {
        tell(look->check, "run %s: its packed header is not the run's", run->id);
    }
    return true;
}

static bool tally_again(void *context, const struct store_run *run)
{
    store_older_add(context, run);
    return true;
}

/* Whether older runs come to what the record behind the packs says. */
static enum assay_status check_older(struct check *check, int64_t source,
                                     struct assay_error *err)
{
    struct store_older older, again = {0};
    enum assay_status status = store_read_older(check->store, source, &older, err);

    if (status == ASSAY_OK && older.runs > 0) {
        status = store_read_rest(check->store, source, &older, tally_again, &again, err);
        if (status == ASSAY_OK &&
            (again.runs != older.runs || again.count != older.count ||
             memcmp(again.tallies, older.tallies, older.count * sizeof *older.tallies) != 0)) {
            tell(check, "packed headers of source %" PRId64 " are not what is said of them",
                 source);
        }
    }
    store_older_free(&older);
    store_older_free(&again);
    return status;
}

/* A damaged pack costs time, for its runs are read as rows; a missing one hides its runs. */
static enum assay_status check_packs_of(struct check *check, int64_t source, int64_t runs,
                                        struct assay_error *err)
{
    struct packed_look look = {.check = check};
    bool sound = true;
    enum assay_status status = store_packs_sound(check->store, source, &sound, err);

    if (status == ASSAY_OK && !sound) {
        tell(check,
             "packed headers of source %" PRId64 " are damaged: its runs are read one "
             "by one",
             source);
    }
    if (status == ASSAY_OK) {
        status = store_read_packed(check->store, source, check_packed, &look, err);
    }
    if (status == ASSAY_OK) {
        status = check_older(check, source, err);
    }
    if (status == ASSAY_OK && look.count != runs) {
        tell(check,
             "packed headers of source %" PRId64 " are missing: %" PRId64 " of its %" PRId64
             " runs are not shown",
             source, runs - look.count, runs);
    }
    return status;
}

static enum assay_status check_packs(struct check *check, struct assay_error *err)
{
    struct sql_statement *sources = NULL;
    bool more = true;
    enum assay_status status = sql_prepare(
        check->store->sql, &sources,
        "SELECT id, (SELECT count(*) FROM run WHERE run.source=source.id) FROM source", err);

    while (status == ASSAY_OK) {
        status = sql_step(sources, &more, err);
        if (status != ASSAY_OK || !more) {
            break;
        }
        status =
            check_packs_of(check, sql_column_int(sources, 0), sql_column_int(sources, 1), err);
    }
    sql_finish(&sources);
    return status;
}

/* ---- all of it ---- */

static enum assay_status check_all(struct check *check, struct assay_error *err)
{
    enum assay_status status = store_begin_read(check->store, err);

    if (status == ASSAY_OK) {
        status = check_pages(check, err);
    }
    if (status == ASSAY_OK) {
        status = check_rows(check, err);
    }
    if (status == ASSAY_OK) {
        status = check_runs(check, err);
    }
    if (status == ASSAY_OK) {
        status = check_packs(check, err);
    }
    store_end_read(check->store);
    return status;
}

enum assay_status assay_database_check(enum assay_database which, const char *path,
                                       struct assay_database_check *out,
                                       void (*fault)(void *context, const char *text),
                                       void *context, struct assay_error *err)
{
    enum store_role role = which == ASSAY_DATABASE_STORE ? STORE_LOCAL : STORE_CACHE;
    char *found = path != NULL ? assay_strdup(path) : store_default_path(role);
    struct check check = {
        .local = role == STORE_LOCAL, .out = out, .fault = fault, .context = context};
    struct assay_error first = {0};
    enum assay_status status = ASSAY_OK;

    *out = (struct assay_database_check){0};
    if (found == NULL || (access(found, F_OK) != 0 && errno == ENOENT)) {
        status = ASSAY_NO;
        goto done;
    }
    status = store_open(&check.store, found, role, true, &first);
    if (status == ASSAY_OK) {
        status = check_all(&check, &first);
        (void)store_size(check.store, &out->bytes, &out->unused, NULL);
    }
    if (status == ASSAY_CORRUPT) {
        tell(&check, "%s", first.what);
    }
    store_close(&check.store);
    if (status == ASSAY_OK && out->faults > 0) {
        status = assay_fail(&first, ASSAY_CORRUPT, "%s: is damaged", found);
    }
    if (status != ASSAY_OK) {
        assay_fail(err, first.status, "%s", first.what);
        assay_hint(err, "%s", first.hint);
    }
done:
    free(found);
    return status;
}

/* Copies what is ours, of whatever version: also before an upgrade. *CURRENT: of this one. */
static enum assay_status copy(const char *from, const char *to, bool *current,
                              struct assay_error *err)
{
    enum schema_state state = SCHEMA_FOREIGN;
    struct sql *sql = NULL;
    enum assay_status status = sql_open(&sql, from, SQL_READ_ONLY, err);

    if (status == ASSAY_OK) {
        status = schema_look(sql, schema_version, &state, err);
    }
    if (status == ASSAY_OK && (state == SCHEMA_FOREIGN || state == SCHEMA_EMPTY)) {
        status = assay_fail(err, ASSAY_IO, "%s: is no store of assay's", from);
    }
    if (status == ASSAY_OK) {
        status = sql_backup(sql, to, err);
    }
    *current = state == SCHEMA_CURRENT;
    sql_close(&sql);
    return status;
}

enum assay_status assay_local_backup(const char *path, const char *to,
                                     struct assay_database_check *out, struct assay_error *err)
{
    char *found = path != NULL ? assay_strdup(path) : store_default_path(STORE_LOCAL);
    enum assay_status status = ASSAY_OK;
    bool current = false;

    *out = (struct assay_database_check){0};
    if (found == NULL || (access(found, F_OK) != 0 && errno == ENOENT)) {
        status = assay_fail(err, ASSAY_IO, "%s: there is no local store to copy",
                            found != NULL ? found : "no home directory");
    } else {
        status = copy(found, to, &current, err);
    }
    if (status == ASSAY_OK && current) {
        status = assay_database_check(ASSAY_DATABASE_STORE, to, out, NULL, NULL, err);
        if (status == ASSAY_CORRUPT) {
            assay_hint(err, "the copy is as damaged as the store: see `assay doctor`");
        }
    }
    free(found);
    return status;
}
