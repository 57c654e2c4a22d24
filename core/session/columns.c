/*
 * Columns over all runs, read from the databases when somebody sorts or filters by them: at
 * once where few runs have to be looked up, else on another thread.
 */
#include <stdlib.h>

#include "model/attrs.h"
#include "session/session_private.h"

/* ---- the runs to look up ---- */

void column_parts_find(struct assay_session *session, struct column_parts *out)
{
    struct column_part *parts =
        assay_alloc_array(session->source_count + 1, sizeof *out->items);

    *out = (struct column_parts){.items = parts};
    for (uint32_t run = 0; run < assay_catalog_runs(session->catalog); run++) {
        struct column_part *part = &parts[assay_catalog_run(session->catalog, run)->source];
        int64_t row = catalog_run_row(session->catalog, run);

        if (!row || catalog_attrs_in_memory(session->catalog, run))
            continue;
        ASSAY_GROW(part->rows, part->capacity, part->count + 1);
        part->rows[part->count++] = (struct run_row){.row = row, .run = run};
    }
    for (size_t i = 0; i < session->source_count; i++) { /* only those that have some */
        struct column_part part = parts[i];

        part.path = stored_path(session, session->sources[i], &part.role);
        part.source_row = session->sources[i]->row;
        if (!part.count || !part.path) {
            free(part.rows);
            continue;
        }
        out->runs += part.count;
        parts[out->count++] = part;
    }
}

void column_parts_free(struct column_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        free(parts->items[i].rows);
    free(parts->items);
    *parts = (struct column_parts){0};
}

static int row_order(const void *a, const void *b)
{
    int64_t x = ((const struct run_row *)a)->row, y = ((const struct run_row *)b)->row;

    return x < y ? -1 : x > y;
}

/* Runs are mostly met in the order of their rows. */
static void sort_rows(struct column_part *part)
{
    for (size_t i = 1; i < part->count; i++)
        if (part->rows[i - 1].row > part->rows[i].row) {
            qsort(part->rows, part->count, sizeof *part->rows, row_order);
            return;
        }
}

struct reading {
    struct column_part *part;
    column_attrs_fn fn;
    void *context;
    bool stopped;
};

static bool take_row(void *context, int64_t row, const void *bytes, size_t length)
{
    struct reading *reading = context;
    struct column_part *part = reading->part;

    while (part->next < part->count && part->rows[part->next].row < row)
        part->next++;
    if (part->next < part->count && part->rows[part->next].row == row)
        reading->stopped =
            !reading->fn(reading->context, part->rows[part->next].run, bytes, length);
    return !reading->stopped;
}

bool column_parts_read(struct column_parts *parts, column_attrs_fn fn, void *context)
{
    struct reading reading = {.fn = fn, .context = context};
    bool whole = true;

    for (size_t i = 0; i < parts->count && !reading.stopped; i++) {
        struct store *store = NULL;

        reading.part = &parts->items[i];
        reading.part->next = 0;
        sort_rows(reading.part);
        whole &= store_open(&store, reading.part->path, reading.part->role, true, NULL) ==
                     ASSAY_OK &&
                 store_scan_attrs(store, reading.part->source_row, take_row, &reading, NULL) ==
                     ASSAY_OK;
        store_close(&store);
    }
    return whole && !reading.stopped;
}

/* ---- one column ---- */

struct column_value {
    uint32_t run;
    double number;
    const char *text;
};
struct column_load {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    struct assay_column
        *column;      /* only its address, kind, key and stat are used off the thread */
    uint64_t version; /* of the catalog when it was asked for */
    struct column_parts parts;
    struct column_value *values;
    size_t count, capacity;
    struct assay_arena text;
    struct assay_buf joined;
};

static void column_load_free(struct column_load *load)
{
    column_parts_free(&load->parts);
    free(load->values);
    assay_arena_free(&load->text);
    assay_buf_free(&load->joined);
    free(load);
}

static bool take_value(void *context, uint32_t run, const void *bytes, size_t length)
{
    struct column_load *load = context;
    struct assay_summary summary;
    const char *text = NULL;

    if (!attrs_find(bytes, length, load->column->kind, load->column->key, &summary, &text,
                    &load->joined))
        return true;
    ASSAY_GROW(load->values, load->capacity, load->count + 1);
    load->values[load->count++] = (struct column_value){
        .run = run,
        .number = text ? 0 : catalog_stat(load->column->key, &summary, load->column->stat),
        .text = assay_arena_strdup(&load->text, text),
    };
    return true;
}

/* A run that changed while its column was read is looked at anew. */
static void refresh_changed(struct assay_session *session, struct column_load *load)
{
    for (size_t i = 0; i < load->parts.count; i++)
        for (size_t k = 0; k < load->parts.items[i].count; k++) {
            uint32_t run = load->parts.items[i].rows[k].run;

            if (assay_catalog_run(session->catalog, run)->version > load->version)
                catalog_column_refresh(session->catalog, load->column, &run, 1);
        }
}

static void column_fill(struct assay_session *session, struct column_load *load)
{
    for (size_t i = 0; i < load->count; i++) {
        const struct column_value *value = &load->values[i];

        if (assay_catalog_run(session->catalog, value->run)->version <= load->version)
            catalog_column_put(session->catalog, load->column, value->run, value->number,
                               value->text);
    }
    if (assay_catalog_version(session->catalog) != load->version)
        refresh_changed(session, load);
    catalog_column_ready(session->catalog, load->column);
}

static struct column_load *load_of_message(struct message *message)
{
    return (struct column_load *)((char *)message - offsetof(struct column_load, message));
}

static unsigned column_apply(struct assay_session *session, struct message *message,
                             int64_t until_us, bool *done)
{
    struct column_load *load = load_of_message(message);

    (void)until_us;
    (void)done;
    column_fill(session, load);
    column_load_free(load);
    return ASSAY_CHANGED_COLUMNS;
}

static void column_discard(struct message *message)
{
    column_load_free(load_of_message(message));
}

static void column_task(struct pool_task *task)
{
    struct column_load *load = (struct column_load *)task;

    column_parts_read(&load->parts, take_value, load);
    load->message.apply = column_apply;
    load->message.discard = column_discard;
    session_post(load->session, &load->message);
}

static void column_discard_task(struct pool_task *task)
{
    column_load_free((struct column_load *)task);
}

void columns_start(struct assay_session *session, struct assay_column *column)
{
    struct column_load *load = assay_alloc(sizeof *load);

    load->task.run = column_task;
    load->task.discard = column_discard_task;
    load->session = session;
    load->column = column;
    load->version = assay_catalog_version(session->catalog);
    column_parts_find(session, &load->parts);
    if (session->live && load->parts.runs > COLUMN_AT_ONCE) {
        pool_add(session->pool, &load->task, true);
        return;
    }
    column_parts_read(&load->parts, take_value, load);
    column_fill(session, load);
    column_load_free(load);
}

void columns_load(void *context, struct assay_column *column)
{
    struct assay_session *session = context;

    if (!columns_ahead_has(session, column))
        columns_start(session, column);
}
