/*
 * What is compared and in which order (compare_view.h): the comparison is filled a few
 * milliseconds at a time, so that any key is answered while half a thousand runs come in.
 */
#include "compare_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "crew.h"

#define BUILD_US   12000
#define BUILD_RUNS 16 /* read at once by several threads: a few milliseconds */

size_t compare_entities(const struct compare_view *view)
{
    return view->grouped ? view->grouping.count : assay_comparison_runs(view->comparison);
}

size_t compare_base_entity(const struct compare_view *view)
{
    return view->grouped ? view->base_group : view->base;
}

size_t compare_field(const struct compare_view *view)
{
    size_t at = view->transposed ? view->table.column : view->table.list.cursor;
    if (view->transposed) {
        return at == 0 || view->window + at - 1 >= view->row_count
                   ? SIZE_MAX
                   : view->rows[view->window + at - 1];
    }
    return at < view->row_count ? view->rows[at] : SIZE_MAX;
}

size_t compare_entity(const struct compare_view *view)
{
    if (view->transposed) {
        size_t at = view->table.list.cursor;
        return at < view->order_count ? view->order[at] : SIZE_MAX;
    }
    /* The field's name, what all say together where there are more than two, then the runs; of
       two the delta stands last, and belongs to the second. */
    size_t skip = view->order_count > 2 ? 2 : 1, at = view->table.column;
    if (at < skip) {
        return SIZE_MAX;
    }
    at += view->window - skip;
    at = at == view->order_count && at == 2 ? 1 : at;
    return at < view->order_count ? view->order[at] : SIZE_MAX;
}

void compare_transpose(struct compare_view *view)
{
    view->transposed = !view->transposed;
    view->table.list = (struct list){0};
    view->table.column = view->table.left = view->window = 0;
    compare_choose(view);
}

/* ---- rows that are hidden or pinned ---- */

/* A param and a tag may have one key: the kind stands before it. */
static char *find_row(const char *list, const struct assay_row *row)
{
    size_t length = strlen(row->key);
    for (char *at = (char *)list; at && *at; at = strchr(at, '\n') + 1) {
        if (at[0] == (char)('A' + row->kind) && strncmp(at + 1, row->key, length) == 0 &&
            at[1 + length] == '\n') {
            return at;
        }
    }
    return NULL;
}

bool compare_has_row(const char *list, const struct assay_row *row)
{
    return find_row(list, row) != NULL;
}

bool compare_toggle_row(char **list, const struct assay_row *row)
{
    char *at = find_row(*list, row);
    if (at) {
        char *end = strchr(at + 1 + strlen(row->key), '\n') + 1;
        memmove(at, end, strlen(end) + 1);
        return false;
    }
    struct assay_buf longer = {0};
    assay_buf_text_add(&longer, *list);
    assay_buf_format(&longer, "%c%s\n", 'A' + (int)row->kind, row->key);
    free(*list);
    *list = assay_buf_take(&longer);
    return true;
}

/* ---- which fields, in which order ---- */

static bool is_shown(const struct compare_view *view, const struct assay_row *row)
{
    if (row->parent || (!view->all && !row->differs) || compare_has_row(view->hidden, row)) {
        return false;
    }
    const char *pattern = view->filtering ? view->filter.text : view->filter_kept;
    return assay_text_contains(row->key, pattern) || assay_text_contains(row->label, pattern);
}

static void choose_rows(struct compare_view *view)
{
    size_t count = assay_comparison_rows(view->comparison);
    view->rows = assay_realloc_array(view->rows, count + 1, sizeof *view->rows);
    view->row_count = view->pinned_count = view->equal = 0;
    for (int pinned = 1; pinned >= 0; pinned--) {
        for (size_t i = 0; i < count; i++) {
            const struct assay_row *row = assay_comparison_row(view->comparison, i);
            bool pin = compare_has_row(view->pinned, row);
            if (pin == (pinned == 1) && (pin || is_shown(view, row))) {
                view->rows[view->row_count++] = i;
            }
            view->equal += pinned == 0 && !row->differs && !row->parent;
        }
        view->pinned_count = pinned ? view->row_count : view->pinned_count;
    }
}

/* ---- which columns, in which order ---- */

struct keyed {
    size_t entity;
    bool has;
    double number;
    const char *text;
};

static struct keyed key_of(const struct compare_view *view, size_t entity)
{
    struct keyed keyed = {.entity = entity, .text = ""};
    size_t run = view->grouped ? view->grouping.groups[entity].columns[0] : entity;
    struct assay_compare_cell cell =
        assay_comparison_cell(view->comparison, view->sorted_by, run);
    keyed.has = cell.present;
    keyed.number = cell.numeric ? cell.number : NAN;
    keyed.text = cell.text;
    return keyed;
}

/* Numbers before texts before nothing; ties stay as they were. */
static int by_key(const void *a, const void *b, void *context)
{
    const struct keyed *x = a, *y = b;
    const struct compare_view *view = context;
    int sign = view->sorted_down ? -1 : 1;
    if (x->has != y->has) {
        return x->has ? -1 : 1;
    }
    if (isnan(x->number) != isnan(y->number)) {
        return isnan(x->number) ? 1 : -1;
    }
    int order = isnan(x->number) ? assay_text_natural(x->text, y->text)
                                 : (x->number > y->number) - (x->number < y->number);
    return order ? sign * order : (x->entity > y->entity) - (x->entity < y->entity);
}

static void choose_order(struct compare_view *view)
{
    size_t count = compare_entities(view), base = compare_base_entity(view);
    view->order = assay_realloc_array(view->order, count + 1, sizeof *view->order);
    struct keyed *keys = assay_alloc_array(count, sizeof *keys);
    bool sorted = view->sorted_by < assay_comparison_rows(view->comparison);
    for (size_t i = 0; i < count; i++) {
        keys[i] = sorted ? key_of(view, i) : (struct keyed){.entity = i};
    }
    if (sorted && count > 1) {
        qsort_r(keys, count, sizeof *keys, by_key, view);
    }
    view->order_count = 0;
    if (base < count) {
        view->order[view->order_count++] = base;
    }
    for (size_t i = 0; i < count; i++) {
        if (keys[i].entity != base) {
            view->order[view->order_count++] = keys[i].entity;
        }
    }
    free(keys);
}

void compare_choose(struct compare_view *view)
{
    size_t field = view->rows && !view->transposed ? compare_field(view) : SIZE_MAX;
    choose_rows(view);
    choose_order(view);
    for (size_t i = 0; i < view->row_count && field != SIZE_MAX; i++) {
        if (view->rows[i] == field) {
            view->table.list.cursor = i;
        }
    }
    size_t columns = view->transposed ? view->row_count : view->order_count;
    if (view->window >= columns) {
        view->window = 0;
    }
    for (size_t i = 0; i < ASSAY_COUNT(view->columns); i++) {
        view->columns[i] = (struct table_column){0};
    }
    view->judged.valid = false;
    if (view->page == COMPARE_FRONT) {
        compare_front_make(view);
    }
}

void compare_sort_by(struct compare_view *view, size_t field)
{
    int direction = assay_comparison_row(view->comparison, field)->direction;
    if (view->sorted_by == field) {
        view->sorted_down = !view->sorted_down;
    } else {
        view->sorted_down = direction > 0; /* the best first */
    }
    view->sorted_by = field;
    view->window = 0;
    compare_choose(view);
}

/* ---- groups and the baseline ---- */

static void find_base(struct compare_view *view)
{
    view->base = 0;
    for (size_t i = 0; i < assay_comparison_runs(view->comparison); i++) {
        if (assay_comparison_run(view->comparison, i)->run == view->baseline) {
            view->base = i;
        }
    }
    view->base_group = 0;
    for (size_t g = 0; view->proposed && g < view->grouping.count; g++) {
        for (size_t i = 0; i < view->grouping.groups[g].count; i++) {
            if (view->grouping.groups[g].columns[i] == view->base) {
                view->base_group = g;
            }
        }
    }
}

void compare_set_base(struct compare_view *view, size_t entity)
{
    size_t run = view->grouped ? view->grouping.groups[entity].columns[0] : entity;
    view->baseline = assay_comparison_run(view->comparison, run)->run;
    find_base(view);
    view->window = 0;
    compare_choose(view);
}

void compare_set_grouped(struct compare_view *view, bool grouped)
{
    view->grouped = grouped && view->proposed;
    view->window = 0;
    view->table.column = 0;
    compare_choose(view);
}

void compare_regrouped(struct compare_view *view, bool grouped)
{
    find_base(view);
    compare_set_grouped(view, grouped);
}

/* ---- building ---- */

static void finish(struct compare_view *view)
{
    struct assay_error err = {0};
    const char *store = assay_session_store_path(view->app->session);
    if (assay_directions_read(view->comparison, store, &err) != ASSAY_OK) {
        app_fail(view->app, &err);
    }
    assay_comparison_finish(view->comparison);
    compare_find_groups(view);
    view->grouped = view->grouped && view->proposed;
    view->metric_count =
        assay_comparison_main_metrics(view->comparison, view->metrics, COMPARE_METRICS);
    view->metric_at = 0;
    view->sorted_by = SIZE_MAX;
    find_base(view);
    compare_choose(view);
    view->built = true;
}

/* The cursor stays on its field, the columns in their order. */
void compare_settled(struct compare_view *view)
{
    size_t field = view->transposed ? SIZE_MAX : compare_field(view);
    const char *key =
        field == SIZE_MAX ? "" : assay_comparison_row(view->comparison, field)->key;
    enum assay_row_kind kind = field == SIZE_MAX
                                   ? ASSAY_ROW_FACT
                                   : assay_comparison_row(view->comparison, field)->kind;
    assay_comparison_finish(view->comparison);
    view->metric_count =
        assay_comparison_main_metrics(view->comparison, view->metrics, COMPARE_METRICS);
    view->metric_at = 0;
    view->sorted_by = SIZE_MAX;
    view->row_count = 0;
    compare_choose(view);
    field = assay_comparison_find(view->comparison, kind, key);
    for (size_t i = 0; i < view->row_count; i++) {
        if (view->rows[i] == field) {
            view->table.list.cursor = i;
        }
    }
    if (view->page == COMPARE_VALUES || view->page == COMPARE_FACTORS ||
        view->page == COMPARE_PARALLEL) {
        compare_page_open(view, view->page); /* it holds rows, which have moved */
    }
}

struct making_ready {
    struct compare_view *view;
    struct assay_prepared *ready[BUILD_RUNS];
};

/* On any thread. */
static void make_ready(void *context, size_t at, const void *bytes, size_t length)
{
    struct making_ready *making = context;
    making->ready[at] = assay_comparison_prepare(making->view->comparison, bytes, length);
}

/* How many of the next runs are read at once: the first one is what the others may be like. */
static size_t at_once(const struct compare_view *view)
{
    size_t left = view->run_count - view->added;
    return view->added == 0 ? 1 : left < BUILD_RUNS ? left : BUILD_RUNS;
}

static void add_runs(struct compare_view *view)
{
    struct making_ready making = {.view = view};
    struct assay_catalog *catalog = view->app->catalog;
    size_t count = at_once(view);
    if (count > 1) {
        struct assay_hands hands = crew_hands(view->app->crew);
        assay_session_read_attrs(view->app->session, &hands, view->runs + view->added, count,
                                 make_ready, &making);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t run = view->runs[view->added++];
        if (making.ready[i]) {
            assay_comparison_add_prepared(view->comparison, catalog, run, &making.ready[i]);
        } else {
            assay_comparison_add_run(view->comparison, catalog, run);
        }
    }
}

bool compare_build(struct compare_view *view)
{
    int64_t began = assay_monotonic_us();
    assay_comparison_expect(view->comparison, view->run_count);
    while (!view->built && assay_monotonic_us() - began < BUILD_US) {
        if (view->added == view->run_count) {
            assay_session_read_attrs_end(view->app->session);
            finish(view);
            break;
        }
        add_runs(view);
    }
    view->took_us += assay_monotonic_us() - began;
    return view->built;
}

void compare_rebuild(struct compare_view *view)
{
    assay_comparison_free(&view->comparison);
    view->comparison = assay_comparison_new();
    bool files = view->files;
    errand_drop(&view->reading, view->app);
    compare_files_stop(view);
    compare_files_forget(view);
    view->files = files;
    view->added = view->file_run = view->file_at = view->files_failed = view->files_large = 0;
    view->files_beyond = 0;
    view->files_cut = false;
    view->built = view->at.on = false;
    assay_session_read_attrs_end(view->app->session);
    view->took_us = 0;
    view->page = COMPARE_TABLE;
}
