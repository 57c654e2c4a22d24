/*
 * Which runs the first screen hands to the comparison: the marked ones, all in the table, the
 * last ones, a run beside its parent, or beside the champion of a registry (home.h).
 */
#include "home.h"

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/registry.h>
#include <assay/text.h>

#include "run_args.h"

static void open_comparison(struct home *home, const uint32_t *runs, size_t count,
                            uint32_t baseline)
{
    const struct compare_args args = {.runs = runs, .count = count, .baseline = baseline};
    if (count < 2) {
        app_say(home->app,
                "mark another run with space: one alone has nothing to be compared with");
        return;
    }
    app_open(home->app, &view_compare, &args);
}

/* ---- the last ones ---- */

static int by_start(const void *a, const void *b, void *context)
{
    const struct home *home = context;
    int64_t x = assay_catalog_run(home->app->catalog, *(const uint32_t *)a)->start_ms;
    int64_t y = assay_catalog_run(home->app->catalog, *(const uint32_t *)b)->start_ms;
    return (x > y) - (x < y);
}

/* The COUNT runs of the table that began last, oldest first: what was there before is the
   baseline. */
static void compare_last(struct home *home, const char *words)
{
    double count = 2;
    size_t all = home->list.count;
    while (*words == ' ') {
        words++;
    }
    if (*words &&
        (!assay_number_parse(words, strlen(words), &count) || count < 2 || count > 5000)) {
        app_say(home->app, "last what? a number from 2 on: :compare last 2");
        return;
    }
    uint32_t *rows = assay_alloc_array(all + 1, sizeof *rows);
    if (all) {
        memcpy(rows, home->list.rows, all * sizeof *rows);
    }
    qsort_r(rows, all, sizeof *rows, by_start, home);
    size_t some = (size_t)count < all ? (size_t)count : all;
    open_comparison(home, rows + all - some, some, rows[all - some]);
    free(rows);
}

/* ---- beside its parent, or a champion ---- */

static void compare_parent(struct home *home)
{
    uint32_t run = home_run(home), parent;
    struct assay_error err = {0};
    if (run == ASSAY_NONE) {
        return;
    }
    const char *id =
        assay_attrs_tag(assay_catalog_attrs(home->app->catalog, run), "mlflow.parentRunId");
    if (!id) {
        app_say(home->app, "this run names no parent (tag mlflow.parentRunId)");
    } else if (assay_catalog_find_run(home->app->catalog, id, &parent, &err) != ASSAY_OK) {
        app_fail(home->app, &err);
    } else {
        open_comparison(home, (uint32_t[]){parent, run}, 2, parent);
    }
}

/* The champion's run among the models of one registry, in the experiment of RUN where there are
   several; *found counts them. */
static void find_champion(struct home *home, uint32_t source, uint32_t run, uint32_t *champion,
                          size_t *found, bool *busy)
{
    struct assay_registry_state state = {0};
    struct assay_catalog *catalog = home->app->catalog;
    const struct assay_registry *registry =
        assay_session_registry(home->app->session, source, &state);
    *busy = *busy || (!registry && state.load == ASSAY_LOAD_BUSY);
    for (size_t i = 0; registry && i < registry->count; i++) {
        const struct assay_registered_model *model = &registry->models[i];
        uint32_t made;
        if (model->champion == SIZE_MAX ||
            assay_catalog_find_run(catalog, model->versions[model->champion].run_id, &made,
                                   NULL) != ASSAY_OK ||
            made == run ||
            assay_catalog_run(catalog, made)->experiment !=
                assay_catalog_run(catalog, run)->experiment) {
            continue;
        }
        *champion = made;
        ++*found;
    }
}

static void compare_champion(struct home *home)
{
    uint32_t run = home_run(home), champion = ASSAY_NONE;
    size_t found = 0;
    bool busy = false;
    if (run == ASSAY_NONE) {
        return;
    }
    for (uint32_t s = 0; s < assay_catalog_sources(home->app->catalog); s++) {
        find_champion(home, s, run, &champion, &found, &busy);
    }
    if (found > 1) {
        app_say(home->app, "%zu champions come from this experiment: mark the one you mean",
                found);
    } else if (found == 1) {
        open_comparison(home, (uint32_t[]){champion, run}, 2, champion);
    } else {
        app_say(home->app, "%s",
                busy ? "the registry is being read: try again in a moment"
                     : "no model's champion comes from another run of this "
                       "experiment");
    }
}

void home_compare(struct home *home, const char *which)
{
    const struct marks *marks = &home->app->marks;
    if (strncmp(which, "last", 4) == 0) {
        compare_last(home, which + 4);
    } else if (strcmp(which, "parent") == 0) {
        compare_parent(home);
    } else if (strcmp(which, "champion") == 0) {
        compare_champion(home);
    } else if (*which) {
        app_say(home->app, "compare what? last 2, parent or champion; or the marked runs");
    } else if (marks->count > 0) {
        open_comparison(home, marks->runs, marks->count, marks->runs[0]);
    } else { /* all that the filter keeps, measured against the one under the cursor */
        open_comparison(home, home->list.rows, home->list.count, home_run(home));
    }
}
