/*
 * Groups on the screen (compare_view.h): proposed by what differs beside the seed, or made by
 * the fields the user names; the comparison narrowed to what is under the cursor, and the
 * request for it.
 */
#include "compare_view.h"

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#include "run_args.h"
#include "view_ask.h"

/* What is grouped by as `assay compare --group-by` reads it; false for what cannot be. */
static bool field_name(const struct assay_row *row, struct assay_buf *out)
{
    static const char *const prefixes[] = {
        [ASSAY_ROW_ATTRIBUTE] = "attributes.",
        [ASSAY_ROW_PARAM] = "params.",
        [ASSAY_ROW_PATH] = "params.",
        [ASSAY_ROW_TAG] = "tags.",
        [ASSAY_ROW_INPUT] = "inputs.",
        [ASSAY_ROW_OUTPUT] = NULL,
        [ASSAY_ROW_METRIC] = NULL,
        [ASSAY_ROW_FACT] = NULL,
    };
    if (!prefixes[row->kind] || strchr(row->key, ',')) {
        return false;
    }
    assay_buf_format(out, "%s%s", prefixes[row->kind], row->key);
    return true;
}

void compare_group_names(const struct compare_view *view, struct assay_buf *out)
{
    for (size_t i = 0; i < assay_comparison_rows(view->comparison); i++) {
        const struct assay_row *row = assay_comparison_row(view->comparison, i);
        if (row->differs && !row->parent && field_name(row, out)) {
            assay_buf_char(out, '\n');
        }
    }
}

int compare_color(const struct compare_view *view, size_t entity)
{
    for (size_t i = 0; view->grouped && i < view->order_count; i++) {
        if (view->order[i] == entity) {
            return (int)i;
        }
    }
    return 0;
}

int *compare_run_colors(const struct compare_view *view)
{
    int *colors =
        assay_alloc_array(assay_comparison_runs(view->comparison) + 1, sizeof *colors);
    for (size_t i = 0; view->grouped && i < view->order_count; i++) {
        const struct assay_group *group = &view->grouping.groups[view->order[i]];
        for (size_t k = 0; k < group->count; k++) {
            colors[group->columns[k]] = (int)i;
        }
    }
    return colors;
}

void compare_find_groups(struct compare_view *view)
{
    struct assay_error err = {0};
    assay_grouping_free(&view->grouping);
    if (!view->group_by) {
        view->proposed = assay_comparison_propose(view->comparison, &view->grouping) &&
                         view->grouping.count > 1;
        return;
    }
    view->proposed = assay_comparison_group_by(view->comparison, view->group_by,
                                               &view->grouping, &err) == ASSAY_OK;
    if (!view->proposed) {
        app_fail(view->app, &err);
    }
}

/* Groups by KEYS (taken over; NULL: by what differs beside the seed), or says why not. */
static void group_by(struct compare_view *view, char *keys)
{
    free(view->group_by);
    view->group_by = keys;
    compare_find_groups(view);
    if (keys && !view->proposed) { /* said already */
        view->group_by = NULL;
        free(keys);
        compare_find_groups(view);
        compare_regrouped(view, false);
        return;
    }
    compare_regrouped(view, true);
}

void compare_seeds(struct compare_view *view)
{
    if (view->grouped && !view->group_by) {
        compare_set_grouped(view, false);
        return;
    }
    group_by(view, NULL);
    if (!view->proposed) {
        app_say(view->app, "no two of these runs differ only by their seed; o groups them by "
                           "the field under the cursor");
    }
}

void compare_group(struct compare_view *view, const char *keys)
{
    struct assay_buf name = {0};
    size_t field = compare_field(view);
    if (*keys) {
        group_by(view, assay_strdup(keys));
        return;
    }
    if (field == SIZE_MAX ||
        !field_name(assay_comparison_row(view->comparison, field), &name)) {
        app_say(view->app, "runs are grouped by a param, a tag, an input or what stands under "
                           "run: move to one");
    } else if (view->grouped && view->group_by &&
               strcmp(view->group_by, assay_buf_text(&name)) == 0) {
        compare_set_grouped(view, false);
    } else {
        group_by(view, assay_strdup(assay_buf_text(&name)));
    }
    assay_buf_free(&name);
}

/* ---- what is under the cursor, alone ---- */

static uint32_t run_of(const struct compare_view *view, size_t column)
{
    return assay_comparison_run(view->comparison, column)->run;
}

void compare_only(struct compare_view *view)
{
    size_t entity = compare_entity(view), count = 0;
    if (entity == SIZE_MAX) {
        app_say(view->app, "move to a run's or a group's column first (l)");
        return;
    }
    if (!view->grouped && entity == view->base) {
        app_say(view->app, "this is the baseline: move to the run it is to be compared with");
        return;
    }
    const struct assay_group *group = view->grouped ? &view->grouping.groups[entity] : NULL;
    uint32_t *runs = assay_alloc_array(group ? group->count : 2, sizeof *runs);
    for (size_t i = 0; group && i < group->count; i++) {
        runs[count++] = run_of(view, group->columns[i]);
    }
    if (!group) {
        runs[count++] = view->baseline;
        runs[count++] = run_of(view, entity);
    }
    if (count < 2) {
        app_say(view->app, "this group has one run: there is nothing to compare it with");
    } else {
        const struct compare_args args = {.runs = runs, .count = count, .baseline = runs[0]};
        app_open(view->app, &view_compare, &args);
    }
    free(runs);
}

void compare_ask_here(struct compare_view *view)
{
    const size_t base = compare_base_entity(view);
    size_t entity = compare_entity(view), count = 0;
    if ((entity == SIZE_MAX || entity == base) && compare_entities(view) == 2)
        entity = 1 - base;
    if (entity == SIZE_MAX || entity == base) {
        app_say(view->app, "which one is the candidate? go to its column");
        return;
    }
    const struct assay_group *group = view->grouped ? &view->grouping.groups[entity] : NULL;
    const size_t total = group ? group->count : 1;
    uint32_t *runs = assay_alloc_array(total, sizeof *runs);
    for (; count < total; count++)
        runs[count] =
            assay_comparison_run(view->comparison, group ? group->columns[count] : entity)->run;
    view_ask_runs(view->app, runs, count);
    free(runs);
}
