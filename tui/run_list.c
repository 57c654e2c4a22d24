/*
 * The rows of the runs table (run_list.h), for view_home.c.
 */
#include "run_list.h"

#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>

/* A refresh may take this share of the time at most: one part in REFRESH_SHARE. */
#define REFRESH_SHARE 12

/* Of the runs of SOURCE and EXPERIMENT (ASSAY_NONE: any). */
static bool belongs(const struct run_list *list, const struct assay_run *run, uint32_t source,
                    uint32_t experiment)
{
    if (!list->deleted && (run->deleted || run->gone)) {
        return false;
    }
    if (experiment != ASSAY_NONE) {
        return run->experiment == experiment;
    }
    if (source != ASSAY_NONE && run->source != source) {
        return false;
    }
    if (list->deleted || run->experiment == ASSAY_NONE) {
        return true;
    }
    return !assay_catalog_experiment(list->catalog, run->experiment)->deleted;
}

static void collect(struct run_list *list)
{
    size_t runs = assay_catalog_runs(list->catalog);
    ASSAY_GROW(list->scope, list->scope_capacity, runs + 1);
    list->scope_count = 0;
    for (uint32_t i = 0; i < runs; i++) {
        if (belongs(list, assay_catalog_run(list->catalog, i), list->source,
                    list->experiment)) {
            list->scope[list->scope_count++] = i;
        }
    }
    list->version = assay_catalog_version(list->catalog);
    list->elsewhere.collected = list->elsewhere.asked = list->elsewhere.known = false;
}

/* ---- what filters typed before kept ---- */

static void drop_level(struct run_list *list)
{
    struct run_level *level = &list->levels[--list->level_count];
    assay_query_free(&level->query);
    free(level->rows);
}

static void drop_levels(struct run_list *list)
{
    while (list->level_count > 0) {
        drop_level(list);
    }
}

/* Keeps what is shown now for when letters are taken back, and gives up its filter. Where
   QUERY is the same there is nothing to go back to. */
static void push_level(struct run_list *list, const struct assay_query *query)
{
    if (list->level_count == RUN_LEVELS || assay_query_narrows(list->query, query)) {
        assay_query_free(&list->query);
        return;
    }
    struct run_level *level = &list->levels[list->level_count++];
    *level = (struct run_level){.query = list->query, .count = list->count};
    level->rows = assay_realloc_array(NULL, list->count + 1, sizeof *level->rows);
    memcpy(level->rows, list->rows, list->count * sizeof *level->rows);
    list->query = NULL;
}

/* The rows to narrow become those of the last filter that QUERY only narrows; *SAME where they
   are what it keeps. False where there is none. */
static bool take_level(struct run_list *list, const struct assay_query *query, bool *same)
{
    while (list->level_count > 0) {
        struct run_level *level = &list->levels[list->level_count - 1];
        if (query && assay_query_narrows(query, level->query)) {
            memcpy(list->rows, level->rows, level->count * sizeof *list->rows);
            list->count = level->count;
            *same = level->count == 0;
            if (assay_query_narrows(level->query, query)) { /* it is pushed again */
                *same = true;
                drop_level(list);
            }
            return true;
        }
        drop_level(list);
    }
    return false;
}

/* ---- narrowing ---- */

static void take_scope(struct run_list *list)
{
    ASSAY_GROW(list->rows, list->rows_capacity, list->scope_count + 1);
    if (list->scope_count > 0) {
        memcpy(list->rows, list->scope, list->scope_count * sizeof *list->rows);
    }
    list->count = list->scope_count;
}

/* BEFORE kept all of the rows; NULL: nothing is known of them. */
static void select_rows(struct run_list *list, const struct assay_query *before)
{
    list->rows_version = assay_catalog_version(list->catalog);
    if (list->query) {
        bool loading = false;
        list->count = assay_query_select_from(list->query, before, list->catalog, list->rows,
                                              list->count, &loading);
        list->loading |= loading;
    }
}

static void narrow(struct run_list *list)
{
    drop_levels(list);
    take_scope(list);
    select_rows(list, NULL);
}

/* What is older than all of the unread runs, or may be, is not known to come next: only runs
   that began after the last of them are. In doubles, as they are sorted. */
static bool is_newer(const struct assay_run *run, const struct assay_unread *unread)
{
    return unread->runs == 0 || (run->start_ms != ASSAY_NO_TIME &&
                                 (unread->newest_ms == ASSAY_NO_TIME ||
                                  (double)run->start_ms > (double)unread->newest_ms));
}

/* The first rows without the runs that are not read yet; false where those may be among them.
   In the places behind stand runs that nobody looks at. */
static bool build_top(struct run_list *list)
{
    struct assay_unread unread;
    if (list->top == 0 || list->query || list->deleted || !list->sort.descending ||
        strcmp(list->sort.field, "start") != 0 ||
        !assay_catalog_unread(list->catalog, list->source, list->experiment, &unread)) {
        return false;
    }
    size_t runs = assay_catalog_runs(list->catalog), known = 0, count = unread.runs;
    ASSAY_GROW(list->scope, list->scope_capacity, runs + 1);
    for (uint32_t i = unread.first; i < runs; i++) {
        const struct assay_run *run = assay_catalog_run(list->catalog, i);
        if (belongs(list, run, list->source, list->experiment)) {
            count++;
            if (is_newer(run, &unread)) {
                list->scope[known++] = i;
            }
        }
    }
    if (known < list->top && known < count) {
        return false;
    }
    assay_sort_apply(&list->sort, list->catalog, list->scope, known, &list->loading);
    memset(list->scope + known, 0, (count - known) * sizeof *list->scope);
    list->scope_count = count;
    list->version = assay_catalog_version(list->catalog);
    list->elsewhere.collected = list->elsewhere.asked = list->elsewhere.known = false;
    narrow(list);
    return true;
}

static void build(struct run_list *list)
{
    list->loading = false;
    list->top_only = build_top(list);
    if (list->top_only) {
        return;
    }
    collect(list);
    assay_sort_apply(&list->sort, list->catalog, list->scope, list->scope_count,
                     &list->loading);
    narrow(list);
    list->stale = false;
}

void run_list_init(struct run_list *list, struct assay_catalog *catalog)
{
    *list = (struct run_list){
        .catalog = catalog,
        .source = ASSAY_NONE,
        .experiment = ASSAY_NONE,
        .sort = {.field = "start", .descending = true},
    };
}

void run_list_free(struct run_list *list)
{
    drop_levels(list);
    assay_query_free(&list->query);
    free(list->scope);
    free(list->rows);
    free(list->elsewhere.runs);
    free(list->elsewhere.kept);
    *list = (struct run_list){0};
}

void run_list_start(struct run_list *list, size_t top)
{
    list->top = top;
}

void run_list_all(struct run_list *list)
{
    list->top = 0;
    if (list->top_only) {
        build(list);
    }
}

void run_list_set_scope(struct run_list *list, uint32_t source, uint32_t experiment)
{
    list->source = source;
    list->experiment = experiment;
    build(list);
}

void run_list_set_deleted(struct run_list *list, bool deleted)
{
    list->deleted = deleted;
    build(list);
}

void run_list_set_sort(struct run_list *list, const struct assay_sort *sort)
{
    list->sort = *sort;
    build(list);
}

void run_list_sort(struct run_list *list)
{
    build(list);
}

/* The rows become some that QUERY keeps all it keeps of, out of what was listed before it, and
   its filter is given up; *BEFORE is the filter that kept them, NULL where none did or it is
   gone. True where they are just those QUERY keeps. */
static bool widest_rows(struct run_list *list, const struct assay_query *query, bool known,
                        const struct assay_query **before)
{
    bool same = false;
    size_t levels = list->level_count;
    *before = NULL;
    if (known && query && list->query && assay_query_narrows(query, list->query)) {
        same = list->count == 0 || assay_query_narrows(list->query, query);
        push_level(list, query);
        *before = list->level_count > levels ? list->levels[levels].query : NULL;
        return same;
    }
    assay_query_free(&list->query);
    if (!take_level(list, query, &same)) {
        take_scope(list);
    } else if (!same) {
        *before = list->levels[list->level_count - 1].query;
    }
    return same;
}

void run_list_set_query(struct run_list *list, struct assay_query *query_take)
{
    run_list_all(list);
    bool known = !list->loading && list->rows_version == assay_catalog_version(list->catalog);
    if (!known) {
        drop_levels(list);
    }
    list->elsewhere.known = false;
    list->elsewhere.asked &=
        known && query_take && list->query && assay_query_narrows(query_take, list->query);
    const struct assay_query *before;
    bool same = widest_rows(list, query_take, known, &before);
    list->query = query_take;
    if (same && list->scope_count > 0) { /* where there is no run, no name is looked up */
        bool loading = false;
        assay_query_look_up(query_take, list->catalog, &loading);
        list->loading |= loading;
    } else {
        select_rows(list, before);
    }
}

/* ---- elsewhere ---- */

static void collect_elsewhere(struct run_list *list)
{
    size_t runs = assay_catalog_runs(list->catalog), count = 0;
    bool everything = list->source == ASSAY_NONE && list->experiment == ASSAY_NONE;
    ASSAY_GROW(list->elsewhere.runs, list->elsewhere.capacity, runs + 1);
    list->elsewhere.kept = assay_realloc_array(list->elsewhere.kept, list->elsewhere.capacity,
                                               sizeof *list->elsewhere.kept);
    for (uint32_t i = 0; i < runs && !everything; i++) {
        const struct assay_run *run = assay_catalog_run(list->catalog, i);
        if (belongs(list, run, ASSAY_NONE, ASSAY_NONE) &&
            !belongs(list, run, list->source, list->experiment)) {
            list->elsewhere.runs[count++] = i;
        }
    }
    list->elsewhere.run_count = count;
    list->elsewhere.collected = true;
    list->elsewhere.asked = false;
}

size_t run_list_elsewhere(struct run_list *list)
{
    run_list_all(list);
    uint64_t version = assay_catalog_version(list->catalog);
    if (list->elsewhere.known && list->elsewhere.version == version) {
        return list->elsewhere.count;
    }
    if (!list->elsewhere.collected || list->elsewhere.version != version) {
        collect_elsewhere(list);
        list->elsewhere.version = version;
    }
    if (!list->elsewhere.asked) {
        list->elsewhere.count = list->elsewhere.run_count;
        memcpy(list->elsewhere.kept, list->elsewhere.runs,
               list->elsewhere.run_count * sizeof *list->elsewhere.kept);
    }
    bool loading = false;
    if (list->query && list->elsewhere.count > 0) {
        list->elsewhere.count = assay_query_select(
            list->query, list->catalog, list->elsewhere.kept, list->elsewhere.count, &loading);
    }
    list->elsewhere.known = list->elsewhere.asked = !loading;
    return list->elsewhere.count;
}

bool run_list_due(const struct run_list *list, int64_t now_us, int *wait_ms)
{
    if (list->version == assay_catalog_version(list->catalog) && !list->loading) {
        return false;
    }
    int64_t left = list->refreshed_us + list->took_us * REFRESH_SHARE - now_us;
    if (left > 0) {
        *wait_ms = (int)(left / 1000) + 1;
        return false;
    }
    return true;
}

/* Puts the runs that were in OLD back into their old order, each into one of the places such
   runs have in the list now. True where that differs from the order just made. */
static bool keep_order(struct run_list *list, const uint32_t *old, size_t old_count)
{
    size_t runs = assay_catalog_runs(list->catalog);
    uint8_t *known = assay_alloc_array(runs + 1, 1); /* 1: was there, 2: is still there */
    for (size_t i = 0; i < old_count; i++) {
        known[old[i]] = 1;
    }
    for (size_t i = 0; i < list->scope_count; i++) {
        known[list->scope[i]] = known[list->scope[i]] ? 2 : 0;
    }
    bool differs = false;
    size_t next = 0;
    for (size_t i = 0; i < list->scope_count; i++) {
        if (!known[list->scope[i]]) {
            continue;
        }
        while (known[old[next]] != 2) {
            next++;
        }
        differs |= list->scope[i] != old[next];
        list->scope[i] = old[next++];
    }
    free(known);
    return differs;
}

void run_list_refresh(struct run_list *list)
{
    run_list_all(list); /* what is no row of it has no order to keep */
    int64_t began = assay_monotonic_us();
    bool settling = list->loading; /* the order seen so far was made without its values */
    size_t old_count = list->scope_count;
    uint32_t *old = assay_alloc_array(old_count + 1, sizeof *old);
    memcpy(old, list->scope, old_count * sizeof *old);
    bool stale = list->stale;
    build(list);
    if (!settling && !list->loading) {
        list->stale = keep_order(list, old, old_count) || stale;
        narrow(list);
    }
    free(old);
    list->refreshed_us = assay_monotonic_us();
    list->took_us = list->refreshed_us - began;
}

size_t run_list_find(const struct run_list *list, uint32_t run)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->rows[i] == run) {
            return i;
        }
    }
    return list->count;
}
