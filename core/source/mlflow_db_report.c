/*
 * Turns rows of an MLflow database into reported runs: slices of some hundred runs, the most
 * recent first, each with one short statement per table. Called by mlflow_db.c and
 * mlflow_db_fold.c.
 */
#include "source/mlflow_db.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/buf.h>

#define VALUE_MAX ASSAY_VALUE_MAX
#define SLICE_MAX (64u << 20) /* bytes of text of one slice */

struct slice_run {
    uint32_t run;
    bool found;
    uint64_t row, tags;
    struct ingest_run report;
    struct assay_attrs attrs;
};
struct slice {
    struct db_scan *scan;
    struct assay_arena arena;
    struct slice_run runs[DB_SLICE];
    size_t count;
    bool quick;
};

/* Room for one more item at the end of an array in the arena, which doubles. */
static void *push(struct assay_arena *arena, void *items, size_t count, size_t size)
{
    void *grown;

    if (items && (count < 8 || (count & (count - 1)) != 0))
        return items;
    grown = assay_arena_alloc(arena, (count < 8 ? 8 : 2 * count) * size);
    if (count > 0)
        memcpy(grown, items, count * size);
    return grown;
}
#define PUSH(slice, items, count)                                                              \
    ((items) = push(&(slice)->arena, (items), (count), sizeof *(items)), &(items)[(count)++])

/* The text of a column, kept; a NUL byte inside becomes U+FFFD, what is too long is cut. */
static const char *text_of(struct slice *slice, struct sql_statement *statement, int column)
{
    size_t length;
    const char *text = sql_column_text(statement, column, &length);
    struct assay_buf out = {0};
    const char *kept;

    if (length > VALUE_MAX || slice->arena.total > SLICE_MAX) {
        ingest_problem(slice->scan->in, slice->scan->db->path, UINT64_MAX,
                       "a value of %zu bytes is too large to keep whole", length);
        length = slice->arena.total > SLICE_MAX ? 0 : VALUE_MAX;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    if (!memchr(text, '\0', length))
        return assay_arena_strndup(&slice->arena, text, length);
    for (size_t i = 0; i < length; i++) {
        if (text[i])
            assay_buf_char(&out, text[i]);
        else
            assay_buf_text_add(&out, "\xef\xbf\xbd");
    }
    kept = assay_arena_strdup(&slice->arena, assay_buf_text(&out));
    assay_buf_free(&out);
    return kept;
}

static struct slice_run *run_of(struct slice *slice, struct sql_statement *statement,
                                int column)
{
    size_t length;
    const char *id = sql_column_text(statement, column, &length);
    uint32_t i = assay_map_get(&slice->scan->db->by_run, id, length);

    if (i == ASSAY_MAP_NONE || slice->scan->db->runs[i].slice == ASSAY_NONE)
        return NULL;
    return &slice->runs[slice->scan->db->runs[i].slice];
}

/* ---- statements over the runs of a slice ---- */

typedef void (*row_fn)(struct slice *slice, struct sql_statement *statement,
                       struct slice_run *run);
struct rows_of {
    enum db_part part;
    const char *select, *column;
    int run_column;
};

/* Steps through rows of SELECT, whose last condition is that COLUMN is one of the slice's ids;
   column RUN_COLUMN of each row says whose it is. Without FN they are only counted.
   !INDEXED: through the whole table, past an index that cannot be read. */
static enum assay_status step_rows(struct slice *slice, const struct rows_of *of, bool indexed,
                                   row_fn fn, size_t *count)
{
    struct db_scan *scan = slice->scan;
    struct sql_statement *statement = NULL;
    struct assay_buf text = {0};
    enum assay_status status;
    bool row = true;

    assay_buf_format(&text, "%s %s%s IN (?", of->select, indexed ? "" : "+", of->column);
    assay_buf_repeat(&text, ",?", slice->count - 1);
    assay_buf_char(&text, ')');
    status = sql_prepare(scan->db->sql, &statement, assay_buf_text(&text), scan->err);
    for (size_t i = 0; status == ASSAY_OK && i < slice->count; i++)
        sql_bind_text(statement, (int)i + 1, scan->db->runs[slice->runs[i].run].id);
    while (status == ASSAY_OK && (status = sql_step(statement, &row, scan->err)) == ASSAY_OK &&
           row) {
        struct slice_run *run = run_of(slice, statement, of->run_column);

        ++*count;
        if (run && fn)
            fn(slice, statement, run);
    }
    sql_finish(&statement);
    assay_buf_free(&text);
    return status;
}

/* In a damaged database first looks which way leads to more of the rows. */
static enum assay_status each_row(struct slice *slice, const struct rows_of *of, row_fn fn)
{
    struct db_scan *scan = slice->scan;
    enum assay_status status = ASSAY_OK;
    size_t count = 0, by_table = 0;
    bool indexed = true;

    if (scan->salvage) {
        status = step_rows(slice, of, true, NULL, &count);
        if (status == ASSAY_CORRUPT) {
            assay_error_clear(scan->err);
            status = step_rows(slice, of, false, NULL, &by_table);
            indexed = status == ASSAY_CORRUPT && by_table <= count;
            assay_error_clear(scan->err);
        }
    }
    status = step_rows(slice, of, indexed, fn, &count);
    return db_leaves(scan, of->part, status) ? ASSAY_OK : status;
}

void db_run_query(const struct mlflow_db *db, struct assay_buf *out)
{
    assay_buf_format(out,
                     "SELECT rowid, run_uuid, start_time, name, status, end_time, user_id, "
                     "artifact_uri, experiment_id, %s FROM runs",
                     db->schema.run_lifecycle ? "lifecycle_stage" : "'active'");
}

static int64_t time_of(struct sql_statement *statement, int column)
{
    return sql_is_null(statement, column) ? ASSAY_NO_TIME : sql_column_int(statement, column);
}

static void take_run(struct slice *slice, struct sql_statement *statement,
                     struct slice_run *run)
{
    run->found = true;
    run->row = db_row_hash(statement, 2, 2 + DB_RUN_COLUMNS - 1);
    run->report = (struct ingest_run){
        .id = slice->scan->db->runs[run->run].id,
        .start_ms = time_of(statement, 2),
        .name = text_of(slice, statement, 3),
        .status = assay_run_status_parse(sql_column_text(statement, 4, NULL)),
        .end_ms = time_of(statement, 5),
        .user = text_of(slice, statement, 6),
        .artifact_uri = text_of(slice, statement, 7),
        .experiment_id = text_of(slice, statement, 8),
        .deleted = strcmp(sql_column_text(statement, 9, NULL), "deleted") == 0,
        .attrs = &run->attrs,
    };
}

static void take_param(struct slice *slice, struct sql_statement *statement,
                       struct slice_run *run)
{
    struct assay_pair *pair = PUSH(slice, run->attrs.params, run->attrs.param_count);

    pair->key = text_of(slice, statement, 1);
    pair->value = text_of(slice, statement, 2);
}

static void take_tag(struct slice *slice, struct sql_statement *statement,
                     struct slice_run *run)
{
    struct assay_pair *pair = PUSH(slice, run->attrs.tags, run->attrs.tag_count);

    run->tags += db_row_hash(statement, 1, 3);
    pair->key = text_of(slice, statement, 1);
    pair->value = text_of(slice, statement, 2);
}

static void take_dataset(struct slice *slice, struct sql_statement *statement,
                         struct slice_run *run)
{
    struct assay_input *input = PUSH(slice, run->attrs.inputs, run->attrs.input_count);

    *input = (struct assay_input){
        .type = "dataset",
        .name = text_of(slice, statement, 1),
        .digest = text_of(slice, statement, 2),
        .source_type = text_of(slice, statement, 3),
        .source = text_of(slice, statement, 4),
        .schema = text_of(slice, statement, 5),
        .profile = text_of(slice, statement, 6),
        .context = text_of(slice, statement, 7),
    };
}

static void take_model_input(struct slice *slice, struct sql_statement *statement,
                             struct slice_run *run)
{
    struct assay_input *input = PUSH(slice, run->attrs.inputs, run->attrs.input_count);

    *input = (struct assay_input){
        .type = "model",
        .source = text_of(slice, statement, 1),
        .name = text_of(slice, statement, 2),
        .digest = "",
        .source_type = "",
        .schema = "",
        .profile = "",
        .context = "",
    };
}

static void take_model_output(struct slice *slice, struct sql_statement *statement,
                              struct slice_run *run)
{
    struct assay_output *output = PUSH(slice, run->attrs.outputs, run->attrs.output_count);

    *output = (struct assay_output){
        .type = "model",
        .id = text_of(slice, statement, 1),
        .name = text_of(slice, statement, 2),
        .step = sql_column_int(statement, 3),
    };
}

static enum assay_status read_links(struct slice *slice)
{
    const struct db_schema *schema = &slice->scan->db->schema;
    enum assay_status status;
    char text[1024];

    if (!schema->inputs)
        return ASSAY_OK;
    snprintf(
        text, sizeof text,
        "SELECT i.destination_id, d.name, d.digest, d.dataset_source_type, d.dataset_source, "
        "d.dataset_schema, d.dataset_profile, %s FROM inputs i JOIN datasets d ON "
        "d.dataset_uuid=i.source_id %s WHERE i.source_type='DATASET' AND "
        "i.destination_type='RUN' AND",
        schema->input_tags ? "t.value" : "''",
        schema->input_tags ? "LEFT JOIN input_tags t ON t.input_uuid=i.input_uuid AND "
                             "t.name='mlflow.data.context'"
                           : "");
    status = each_row(slice, &(struct rows_of){DB_PART_LINKS, text, "i.destination_id", 0},
                      take_dataset);
    if (status != ASSAY_OK || !schema->logged_models)
        return status;
    status =
        each_row(slice,
                 &(struct rows_of){
                     DB_PART_LINKS,
                     "SELECT i.source_id, i.destination_id, coalesce(m.name, i.destination_id) "
                     "FROM inputs i LEFT JOIN logged_models m ON m.model_id=i.destination_id "
                     "WHERE i.source_type='RUN_INPUT' AND i.destination_type='MODEL_INPUT' AND",
                     "i.source_id", 0},
                 take_model_input);
    if (status != ASSAY_OK)
        return status;
    snprintf(text, sizeof text,
             "SELECT i.source_id, i.destination_id, coalesce(m.name, i.destination_id), %s "
             "FROM inputs i LEFT JOIN logged_models m ON m.model_id=i.destination_id "
             "WHERE i.source_type='RUN_OUTPUT' AND i.destination_type='MODEL_OUTPUT' AND",
             schema->output_step ? "i.step" : "0");
    return each_row(slice, &(struct rows_of){DB_PART_LINKS, text, "i.source_id", 0},
                    take_model_output);
}

/* ---- metrics ---- */

/* What MLflow itself holds to be the latest goes over what was folded. It is the same but for
   points that came between the two statements, and while the fold is still under way. */
static void take_latest(struct slice *slice, struct sql_statement *statement,
                        struct slice_run *run)
{
    bool nan = sql_column_int(statement, 5) != 0 || sql_is_null(statement, 2);
    struct db_scan *scan = slice->scan;
    struct assay_summary *summary;
    struct fold_run *fold;

    if (slice->quick) {
        struct assay_metric *metric = PUSH(slice, run->attrs.metrics, run->attrs.metric_count);

        metric->key = text_of(slice, statement, 1);
        metric->summary = ASSAY_SUMMARY_EMPTY;
        summary = &metric->summary;
    } else {
        size_t length;
        const char *key = sql_column_text(statement, 1, &length);

        if (db_fold_run(scan, run->run, &fold) != ASSAY_OK)
            return;
        summary = db_fold_summary(&scan->fold, fold, key, strnlen(key, length));
    }
    summary->last = nan ? (double)NAN : sql_column_double(statement, 2);
    summary->time_ms = sql_column_int(statement, 3);
    summary->step = sql_column_int(statement, 4);
}

static enum assay_status read_metrics(struct slice *slice)
{
    struct db_scan *scan = slice->scan;
    const struct db_schema *schema = &scan->db->schema;
    enum assay_status status = ASSAY_OK;
    struct fold_run *fold;
    char text[256];

    /* First all of the folds, because that may read; then what is laid over them. */
    for (size_t i = 0; i < slice->count && !slice->quick && status == ASSAY_OK; i++)
        status = db_fold_run(scan, slice->runs[i].run, &fold);
    if (status == ASSAY_OK && schema->latest) {
        snprintf(text, sizeof text,
                 "SELECT run_uuid, key, value, timestamp, %s, %s FROM latest_metrics WHERE",
                 schema->step ? "step" : "0", schema->is_nan ? "is_nan" : "0");
        status = each_row(slice, &(struct rows_of){DB_PART_METRICS, text, "run_uuid", 0},
                          take_latest);
    }
    for (size_t i = 0; i < slice->count && !slice->quick && status == ASSAY_OK; i++) {
        struct assay_attrs *attrs = &slice->runs[i].attrs;

        status = db_fold_run(scan, slice->runs[i].run, &fold);
        if (status != ASSAY_OK)
            break;
        attrs->metrics =
            assay_arena_alloc(&slice->arena, (fold->count + 1) * sizeof *attrs->metrics);
        for (uint32_t m = fold->first; m != ASSAY_NONE; m = scan->fold.metrics[m].next)
            attrs->metrics[attrs->metric_count++] = (struct assay_metric){
                .key = scan->fold.metrics[m].key,
                .summary = scan->fold.metrics[m].summary,
            };
    }
    return status;
}

/* ---- slices ---- */

static const char *tag_of(const struct assay_attrs *attrs, const char *key)
{
    for (size_t i = 0; i < attrs->tag_count; i++) {
        if (strcmp(attrs->tags[i].key, key) == 0)
            return attrs->tags[i].value;
    }
    return "";
}

static void report_one(struct slice *slice, struct slice_run *from)
{
    struct db_scan *scan = slice->scan;
    struct db_run *run = &scan->db->runs[from->run];
    struct fold_run *fold;
    uint64_t state[3] = {scan->to.epoch, from->row, from->tags};
    char key[300];
    const struct ingest_state remembered = {key, state, sizeof state};

    if (!*from->report.name)
        from->report.name = tag_of(&from->attrs, "mlflow.runName");
    if (!*from->report.user)
        from->report.user = tag_of(&from->attrs, "mlflow.user");
    snprintf(key, sizeof key, "run/%s", run->id);
    if (!slice->quick) {
        from->report.states = &remembered;
        from->report.state_count = 1;
    }
    ingest_run(scan->in, &from->report);
    from->report.states = NULL;
    from->report.state_count = 0;
    if (slice->quick)
        return;
    run->dirty = false;
    run->row = from->row;
    run->tags = from->tags;
    if (db_fold_run(scan, from->run, &fold) == ASSAY_OK)
        db_fold_put(scan, fold);
}

static enum assay_status report_slice(struct slice *slice)
{
    struct assay_buf text = {0};
    enum assay_status status;

    db_run_query(slice->scan->db, &text);
    assay_buf_text_add(&text, " WHERE");
    status = each_row(
        slice, &(struct rows_of){DB_PART_RUNS, assay_buf_text(&text), "run_uuid", 1}, take_run);
    assay_buf_free(&text);
    if (status == ASSAY_OK)
        status = read_metrics(slice);
    if (status == ASSAY_OK)
        status = each_row(slice,
                          &(struct rows_of){DB_PART_PARAMS,
                                            "SELECT run_uuid, key, value FROM params WHERE",
                                            "run_uuid", 0},
                          take_param);
    if (status == ASSAY_OK)
        status = each_row(slice,
                          &(struct rows_of){DB_PART_TAGS,
                                            "SELECT run_uuid, key, value FROM tags WHERE",
                                            "run_uuid", 0},
                          take_tag);
    if (status == ASSAY_OK)
        status = read_links(slice);
    for (size_t i = 0; status == ASSAY_OK && i < slice->count; i++) {
        if (slice->runs[i].found)
            report_one(slice, &slice->runs[i]);
    }
    return status;
}

static int by_recency(const void *a, const void *b, void *context)
{
    const struct db_run *runs = context;
    const struct db_run *x = &runs[*(const uint32_t *)a], *y = &runs[*(const uint32_t *)b];

    if (x->start_ms != y->start_ms)
        return x->start_ms > y->start_ms ? -1 : 1;
    return strcmp(x->id, y->id);
}

/* The run on screen first. */
static void sort_list(struct db_scan *scan, uint32_t *list, size_t count)
{
    char focus[128];
    uint32_t first;

    if (count > 1)
        qsort_r(list, count, sizeof *list, by_recency, scan->db->runs);
    ingest_focus(scan->in, focus);
    first = assay_map_get(&scan->db->by_run, focus, strlen(focus));
    for (size_t i = 0; first != ASSAY_MAP_NONE && i < count; i++) {
        if (list[i] != first)
            continue;
        memmove(list + 1, list, i * sizeof *list);
        list[0] = first;
        break;
    }
}

void db_claim(struct db_scan *scan, bool whole)
{
    struct db_claim claim = {.from = scan->db->at, .to = scan->to};
    const struct ingest_state end = {DB_POSITION, &scan->to, sizeof scan->to};

    if (scan->claimed == (whole ? DB_CLAIMED_WHOLE : DB_CLAIMED_PART))
        return;
    scan->claimed = whole ? DB_CLAIMED_WHOLE : DB_CLAIMED_PART;
    if (!whole)
        claim.turn = db_unique();
    ingest_claim(scan->in, &(struct ingest_state){DB_POSITION, &claim, sizeof claim},
                 whole ? &end : NULL);
}

enum assay_status db_report(struct db_scan *scan, uint32_t *list, size_t count, bool quick)
{
    struct slice *slice = assay_alloc(sizeof *slice);
    enum assay_status status = ASSAY_OK;
    /* The first ones at once; of a damaged database one at a time, so that damage to one run
       takes no other along. */
    size_t size = scan->salvage ? 1 : 16;

    sort_list(scan, list, count);
    for (size_t at = 0; at < count && status == ASSAY_OK; at += slice->count) {
        if (ingest_cancelled(scan->in)) {
            status = ASSAY_CANCELLED;
            break;
        }
        *slice = (struct slice){.scan = scan, .quick = quick};
        slice->count = count - at < size ? count - at : size;
        for (size_t i = 0; i < slice->count; i++) {
            slice->runs[i].run = list[at + i];
            scan->db->runs[list[at + i]].slice = (uint32_t)i;
        }
        status = report_slice(slice);
        for (size_t i = 0; i < slice->count; i++)
            scan->db->runs[list[at + i]].slice = ASSAY_NONE;
        assay_arena_free(&slice->arena);
        scan->reported += slice->count;
        db_progress(scan);
        size = scan->salvage ? 1 : DB_SLICE;
    }
    free(slice);
    return status;
}
