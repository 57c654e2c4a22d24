/*
 * Which runs the first screen hands to the comparison: the marked ones, all in the table, the
 * last ones, those of a saved view, a run beside its parent, or beside the champion of a
 * registry (home.h).
 */
#include "home.h"

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/related.h>
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
    size_t from = assay_related_last(home->app->catalog, rows, all, (size_t)count);
    open_comparison(home, rows + from, all - from, rows[from]);
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
    if (assay_related_parent(home->app->catalog, run, &parent, &err) != ASSAY_OK) {
        app_fail(home->app, &err);
    } else {
        open_comparison(home, (uint32_t[]){parent, run}, 2, parent);
    }
}

static void compare_champion(struct home *home)
{
    uint32_t run = home_run(home), champion = ASSAY_NONE;
    bool busy = false, waited = home->champion_awaited;
    struct assay_error err = {0};
    home->champion_awaited = false;
    if (run == ASSAY_NONE) {
        return;
    }
    enum assay_status status =
        assay_related_champion(home->app->session, run, &champion, &busy, &err);
    if (busy) {
        home->champion_awaited = true;
        home->champion_for = run;
        if (!waited) {
            app_say(home->app, "the registry is being read: the champion will be shown then");
        }
    } else if (status != ASSAY_OK) {
        app_fail(home->app, &err);
    } else {
        home->app->message_shown &= !waited; /* what was said of the waiting is over */
        open_comparison(home, (uint32_t[]){champion, run}, 2, champion);
    }
}

void home_compare_poll(struct home *home)
{
    bool elsewhere = home->app->depth > 1 || home->app->palette.open || home->filtering ||
                     home->picker.open || home_run(home) != home->champion_for;
    if (home->champion_awaited && elsewhere) {
        home->champion_awaited = false;
    } else if (home->champion_awaited) {
        compare_champion(home);
    }
}

/* ---- a saved view ---- */

static void compare_view_named(struct home *home, const char *name)
{
    const struct assay_saved_view *views;
    size_t count = assay_session_views(home->app->session, &views), at = 0;
    while (*name == ' ') {
        name++;
    }
    while (at < count && strcmp(views[at].name, name) != 0) {
        at++;
    }
    if (at == count) {
        app_say(home->app, "%s: there is no such view; :save-view keeps the filter in force",
                *name ? name : "compare view");
        return;
    }
    home_apply_view(home, &views[at]);
    if (home->list.loading) {
        app_say(home->app, "the runs of this view are being looked for: press c in a moment");
    } else {
        open_comparison(home, home->list.rows, home->list.count, home_run(home));
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
    } else if (strncmp(which, "view", 4) == 0) {
        compare_view_named(home, which + 4);
    } else if (*which) {
        app_say(home->app,
                "compare what? last 2, parent, champion or view NAME; or the marked runs");
    } else if (marks->count > 0) {
        open_comparison(home, marks->runs, marks->count, marks->runs[0]);
    } else { /* all that the filter keeps, measured against the one under the cursor */
        open_comparison(home, home->list.rows, home->list.count, home_run(home));
    }
}
