/*
 * Columns read before they are asked for. Whoever opens the filter's prompt is about to name
 * one, and reading one over 100,000 runs takes longer than a key may. One pass over the stored
 * attributes, on another thread, makes the columns of all names it meets, arrays and all; the
 * session's thread takes the arrays, and looks again only at runs that changed meanwhile.
 *
 * A pass that met every name knows more: any other name is of none of these runs.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

#include "model/attrs.h"
#include "session/session_private.h"

#define AHEAD_BYTES   ((size_t)48 << 20) /* all columns together */
#define AHEAD_COLUMNS 96                 /* each is kept up to date when a run changes */
#define RECENT        16                 /* texts of a column; runs share most of them */

struct recent {
    const char *text;
    double number;
};
struct ahead_column {
    struct catalog_values values;
    uint32_t next; /* the column that came after it last time: runs are much alike */
    bool dropped;
    struct recent *recent;
};
struct ahead_load {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    struct column_parts parts;
    uint64_t version;
    uint8_t *seen;
    size_t runs; /* of the catalog when it began */
    struct ahead_column *columns;
    size_t count, capacity;
    struct assay_map index; /* kind and key to column */
    struct assay_buf name;
    uint32_t last, run; /* the column that came last; the run it came from */
    size_t bytes;
    bool every, failed;
    size_t taken; /* columns the catalog has */
};

static void ahead_load_free(struct ahead_load *load)
{
    for (size_t i = 0; i < load->count; i++) {
        catalog_values_free(&load->columns[i].values);
        free(load->columns[i].recent);
    }
    free(load->columns);
    assay_map_free(&load->index);
    assay_buf_free(&load->name);
    column_parts_free(&load->parts);
    free(load->seen);
    free(load);
}

/* ---- on the pool's thread: from attributes to arrays ---- */

static size_t bytes_of_run(enum assay_field_kind kind)
{
    return 1 + sizeof(double) + (kind == ASSAY_FIELD_METRIC ? 0 : sizeof(char *));
}

/* A new column under the name in load->name; ASSAY_NONE where there is no more room. */
static uint32_t add_column(struct ahead_load *load, enum assay_field_kind kind)
{
    size_t bytes = load->runs * bytes_of_run(kind);
    struct ahead_column *column;
    const char *key;

    if (load->count == AHEAD_COLUMNS || load->bytes + bytes > AHEAD_BYTES) {
        load->every = false;
        return ASSAY_NONE;
    }
    load->bytes += bytes;
    ASSAY_GROW(load->columns, load->capacity, load->count + 1);
    column = &load->columns[load->count];
    key =
        assay_map_set(&load->index, load->name.data, load->name.length, (uint32_t)load->count) +
        1;
    *column = (struct ahead_column){.values = {.kind = kind, .key = key, .count = load->runs}};
    column->values.present = assay_alloc_array(load->runs, 1);
    column->values.numbers = assay_alloc_array(load->runs, sizeof(double));
    for (size_t i = 0; i < load->runs; i++)
        column->values.numbers[i] = NAN;
    if (kind != ASSAY_FIELD_METRIC) {
        column->values.texts = assay_alloc_array(load->runs, sizeof(char *));
        column->recent = assay_alloc_array(RECENT, sizeof *column->recent);
    }
    return (uint32_t)load->count++;
}

static bool is_column(const struct ahead_load *load, uint32_t at, enum assay_field_kind kind,
                      const char *key)
{
    return at < load->count && load->columns[at].values.kind == kind &&
           strcmp(load->columns[at].values.key, key) == 0;
}

static uint32_t find_column(struct ahead_load *load, enum assay_field_kind kind,
                            const char *key)
{
    uint32_t next = load->last < load->count ? load->columns[load->last].next : 0, at;

    if (is_column(load, next, kind, key))
        return load->last = next;
    assay_buf_reset(&load->name);
    assay_buf_char(&load->name, (char)('0' + kind));
    assay_buf_text_add(&load->name, key);
    at = assay_map_get(&load->index, load->name.data, load->name.length);
    if (at == ASSAY_NONE)
        at = add_column(load, kind);
    if (at == ASSAY_NONE)
        return at;
    if (load->last < load->count)
        load->columns[load->last].next = at;
    return load->last = at;
}

static size_t place_of(const char *text)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < 64 && text[i]; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return (hash >> 16) % RECENT;
}

/* The texts of one column have become too much. */
static void drop_column(struct ahead_load *load, struct ahead_column *column)
{
    load->bytes -= load->runs * bytes_of_run(column->values.kind) + column->values.text.total;
    free(column->values.present);
    free(column->values.numbers);
    free(column->values.texts);
    assay_arena_free(&column->values.text);
    column->values.present = NULL;
    column->values.numbers = NULL;
    column->values.texts = NULL;
    column->dropped = true;
    load->every = false;
}

static void put_text(struct ahead_load *load, struct ahead_column *column, const char *text)
{
    struct recent *recent = &column->recent[place_of(text)];
    struct catalog_values *values = &column->values;

    if (!recent->text || strcmp(recent->text, text) != 0) {
        size_t before = values->text.total, length = strlen(text);

        recent->text = assay_arena_strndup(&values->text, text, length);
        if (!assay_number_parse(text, length, &recent->number))
            recent->number = NAN;
        load->bytes += values->text.total - before;
        if (load->bytes > AHEAD_BYTES) {
            drop_column(load, column);
            return;
        }
    }
    values->texts[load->run] = recent->text;
    values->numbers[load->run] = recent->number;
    values->present[load->run] = 1;
}

static void take_item(void *context, enum assay_field_kind kind, const char *key,
                      const struct assay_summary *summary, const char *text)
{
    struct ahead_load *load = context;
    uint32_t at = find_column(load, kind, key);
    struct ahead_column *column = at == ASSAY_NONE ? NULL : &load->columns[at];

    /* Of a key that is there twice, in damaged bytes, the first is what others find. */
    if (!column || column->dropped || column->values.present[load->run])
        return;
    if (kind == ASSAY_FIELD_METRIC) {
        column->values.numbers[load->run] = summary->last;
        column->values.present[load->run] = 1;
    } else {
        put_text(load, column, text);
    }
}

static bool take_run(void *context, uint32_t run, const void *bytes, size_t length)
{
    struct ahead_load *load = context;

    load->run = run;
    load->seen[run] = 1;
    attrs_each(bytes, length, take_item, load);
    return !atomic_load(&load->session->ahead.stop);
}

/* ---- on the session's thread: from arrays to columns ---- */

static bool is_stale(const struct assay_session *session, const uint8_t *seen, size_t count,
                     uint64_t version, uint32_t run)
{
    return run >= count || !seen[run] || catalog_attrs_in_memory(session->catalog, run) ||
           assay_catalog_run(session->catalog, run)->version > version;
}

/* The runs of which the reading does not tell: a new array, the caller's. */
static uint32_t *find_stale(const struct assay_session *session, const uint8_t *seen,
                            size_t count, uint64_t version, size_t *stale_count)
{
    size_t capacity = 0;
    uint32_t *stale = NULL;

    *stale_count = 0;
    for (uint32_t run = 0; run < assay_catalog_runs(session->catalog); run++)
        if (is_stale(session, seen, count, version, run)) {
            ASSAY_GROW(stale, capacity, *stale_count + 1);
            stale[(*stale_count)++] = run;
        }
    return stale;
}

/* The same of what was read last, found once for each state of the catalog: each name that is
   typed is looked for among metrics, params and tags, most of which are of no run. */
static void know_stale(struct assay_session *session)
{
    struct columns_ahead *ahead = &session->ahead;
    uint64_t version = assay_catalog_version(session->catalog);

    if (ahead->stale_version == version)
        return;
    free(ahead->stale);
    ahead->stale = find_stale(session, ahead->seen, ahead->seen_count, ahead->version,
                              &ahead->stale_count);
    ahead->stale_version = version;
}

bool columns_ahead_fill(void *context, struct assay_column *column)
{
    struct assay_session *session = context;
    struct columns_ahead *ahead = &session->ahead;

    if (column->kind == ASSAY_FIELD_DATASET || column->stat != ASSAY_STAT_LAST ||
        ahead->state != AHEAD_READ || !ahead->every)
        return false;
    know_stale(session);
    if (ahead->stale_count > COLUMN_AT_ONCE)
        return false; /* then it is read like any other */
    catalog_column_refresh(session->catalog, column, ahead->stale, ahead->stale_count);
    column->ready = true;
    return true;
}

bool columns_ahead_has(struct assay_session *session, struct assay_column *column)
{
    struct columns_ahead *ahead = &session->ahead;

    if (column->kind == ASSAY_FIELD_DATASET || column->stat != ASSAY_STAT_LAST)
        return false;
    if (ahead->state == AHEAD_READING) {
        ASSAY_GROW(ahead->waiting, ahead->waiting_capacity, ahead->waiting_count + 1);
        ahead->waiting[ahead->waiting_count++] = column;
        return true;
    }
    return columns_ahead_fill(session, column);
}

/* All is taken: what was asked for meanwhile, and is of no run or was not kept, follows. */
static void ahead_finish(struct assay_session *session, struct ahead_load *load)
{
    struct columns_ahead *ahead = &session->ahead;

    ahead->state = AHEAD_READ;
    ahead->every = load->every && !load->failed;
    ahead->version = load->version;
    ahead->seen = load->seen;
    ahead->seen_count = load->runs;
    load->seen = NULL;
    for (size_t i = 0; i < ahead->waiting_count; i++)
        if (!ahead->waiting[i]->ready && !columns_ahead_has(session, ahead->waiting[i]))
            columns_start(session, ahead->waiting[i]);
    if (ahead->waiting_count)
        catalog_touch(session->catalog);
    ahead->waiting_count = 0;
    know_stale(session); /* before a key asks */
}

static struct ahead_load *load_of_message(struct message *message)
{
    return (struct ahead_load *)((char *)message - offsetof(struct ahead_load, message));
}

static unsigned ahead_apply(struct assay_session *session, struct message *message,
                            int64_t until_us, bool *done)
{
    struct ahead_load *load = load_of_message(message);
    size_t stale_count;
    uint32_t *stale = find_stale(session, load->seen, load->runs, load->version, &stale_count);
    unsigned changed = session->ahead.waiting_count ? ASSAY_CHANGED_COLUMNS : 0;

    while (!load->failed && load->taken < load->count) {
        struct ahead_column *column = &load->columns[load->taken++];

        if (!column->dropped)
            catalog_column_take(session->catalog, &column->values, stale, stale_count);
        if (assay_monotonic_us() > until_us && load->taken < load->count) {
            *done = false;
            break;
        }
    }
    free(stale);
    if (*done) {
        ahead_finish(session, load);
        ahead_load_free(load);
    }
    return changed;
}

static void ahead_discard(struct message *message)
{
    ahead_load_free(load_of_message(message));
}

static void ahead_task(struct pool_task *task)
{
    struct ahead_load *load = (struct ahead_load *)task;

    load->failed = !column_parts_read(&load->parts, take_run, load);
    load->message.apply = ahead_apply;
    load->message.discard = ahead_discard;
    session_post(load->session, &load->message);
}

static void ahead_discard_task(struct pool_task *task)
{
    ahead_load_free((struct ahead_load *)task);
}

void assay_session_read_columns(struct assay_session *session)
{
    struct ahead_load *load;

    if (!session->live || session->closing)
        return;
    texts_ahead(session);
    if (session->ahead.state != AHEAD_NOT ||
        assay_catalog_runs(session->catalog) <= COLUMN_AT_ONCE)
        return;
    load = assay_alloc(sizeof *load);
    load->task.run = ahead_task;
    load->task.discard = ahead_discard_task;
    load->session = session;
    load->every = true;
    load->last = ASSAY_NONE;
    load->version = assay_catalog_version(session->catalog);
    load->runs = assay_catalog_runs(session->catalog);
    column_parts_find(session, &load->parts);
    /* Runs in memory are asked anew for every column, which is not to be much. */
    if (load->parts.runs <= COLUMN_AT_ONCE || load->runs - load->parts.runs > COLUMN_AT_ONCE) {
        ahead_load_free(load);
        return;
    }
    load->seen = assay_alloc_array(load->runs, 1);
    session->ahead.state = AHEAD_READING;
    pool_add(session->pool, &load->task, false);
}

void columns_ahead_free(struct assay_session *session)
{
    free(session->ahead.seen);
    free(session->ahead.stale);
    free(session->ahead.waiting);
}
