/*
 * The runs table on the first screen: its scope, its columns, its order, its rows.
 */
#include "home.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#define MARGIN         3
#define LIVE_LOOKED_AT 64 /* for the top line's counts; of more live runs, the newest */

uint32_t home_run(const struct home *home)
{
    size_t at = home->table.list.cursor;
    return at < home->list.count ? home->list.rows[at] : ASSAY_NONE;
}

static void show_columns(struct home *home)
{
    static const struct {
        enum run_column_kind kind;
        int most;
    } widest[] = {{RUN_COLUMN_NAME, 34}, {RUN_COLUMN_EXPERIMENT, 24}, {RUN_COLUMN_TAG, 24}};
    for (size_t i = 0; i < home->columns.count; i++) {
        const struct run_column *column = &home->columns.items[i];
        struct table_column *heading = &home->headings[i];
        *heading =
            (struct table_column){.right = column->right, .width = column->width, .most = 18};
        memcpy(heading->title, column->title, sizeof heading->title);
        for (size_t w = 0; w < ASSAY_COUNT(widest); w++) {
            heading->most = column->kind == widest[w].kind ? widest[w].most : heading->most;
        }
    }
    home->table.left = 0;
    if (home->table.column >= home->columns.count) {
        home->table.column = 0;
    }
}

/* What the charts need not leave to the table and the tree; only with the scope once the user
   has begun. */
static void want_rows(struct home *home)
{
    home->rows_wanted = home->list.scope_count;
    home->tree_wanted = home->tree.count;
}

void home_set_columns(struct home *home, const struct run_columns *columns)
{
    home->columns = *columns;
    show_columns(home);
    home_metrics_collect(home);
}

void home_guess_columns(struct home *home)
{
    bool wide = home->list.experiment == ASSAY_NONE &&
                assay_catalog_experiments(home->app->catalog) > 1;
    struct run_columns columns;
    run_columns_choose(&columns, home->app->catalog, home->list.scope, home->list.scope_count,
                       wide);
    home_set_columns(home, &columns);
}

void home_set_scope(struct home *home, uint32_t source, uint32_t experiment)
{
    if (home->list.source == source && home->list.experiment == experiment) {
        return;
    }
    run_list_set_scope(&home->list, source, experiment);
    home->table.list = (struct list){.height = home->table.list.height};
    home_guess_columns(home);
    want_rows(home);
}

/* ---- what changes by itself ---- */

void home_choose_scope(struct home *home)
{
    struct assay_catalog *catalog = home->app->catalog;
    uint32_t best = ASSAY_NONE;
    size_t with_runs = 0;
    for (uint32_t i = 0; i < assay_catalog_experiments(catalog); i++) {
        const struct assay_experiment *it = assay_catalog_experiment(catalog, i);
        if (it->deleted || it->runs == 0) {
            continue;
        }
        with_runs++;
        if (best == ASSAY_NONE ||
            it->last_ms > assay_catalog_experiment(catalog, best)->last_ms) {
            best = i;
        }
    }
    if (with_runs > 0) {
        home_set_scope(home, ASSAY_NONE, best);
        home_tree_find(home);
    }
}

void home_all_runs(struct home *home)
{
    uint32_t source = home->list.source, experiment = home->list.experiment;
    if (source == ASSAY_NONE && experiment == ASSAY_NONE) {
        home_set_scope(home, home->source_before, home->experiment_before);
    } else {
        home_set_scope(home, ASSAY_NONE, ASSAY_NONE);
        home->source_before = source;
        home->experiment_before = experiment;
    }
    home_tree_find(home);
}

bool home_is_reading(const struct home *home)
{
    for (uint32_t i = 0; i < assay_catalog_sources(home->app->catalog); i++) {
        enum assay_source_state state = assay_catalog_source(home->app->catalog, i)->state;
        if (state == ASSAY_SOURCE_WAITING || state == ASSAY_SOURCE_READING) {
            return true;
        }
    }
    return false;
}

/* What the last value of some metric is instead of a number, NaN before infinity; NULL where
   all are numbers. */
static const char *diverged(struct home *home, uint32_t run)
{
    const struct assay_attrs *attrs = assay_catalog_attrs(home->app->catalog, run);
    const char *word = NULL;
    for (size_t i = 0; i < attrs->metric_count; i++) {
        double last = attrs->metrics[i].summary.last;
        if (attrs->metrics[i].summary.n && isnan(last)) {
            return "nan";
        }
        if (attrs->metrics[i].summary.n && isinf(last)) {
            word = "inf";
        }
    }
    return word;
}

/* Live runs whose last value of some metric is not finite: they want to be looked at. Those
   that are recorded as running and log nothing any more are counted, and not looked at. */
static void count_diverged(struct home *home)
{
    struct assay_catalog *catalog = home->app->catalog;
    struct app *app = home->app;
    size_t looked = 0;
    app->diverged = app->infinite = app->quiet = 0;
    app->diverged_cut = false;
    home->counted_version = assay_catalog_version(catalog);
    for (uint32_t i = (uint32_t)assay_catalog_runs(catalog); i-- > 0;) {
        const struct assay_run *run = assay_catalog_run(catalog, i);
        if (!assay_catalog_is_live(catalog, run) || run->deleted || run->gone) {
            continue;
        }
        if (looked++ == LIVE_LOOKED_AT) {
            app->diverged_cut = true;
            return;
        }
        if (assay_catalog_quiet_since(catalog, i, app->now_ms) != ASSAY_NO_TIME) {
            app->quiet++;
            continue;
        }
        const char *word = diverged(home, i);
        app->diverged += word && word[0] == 'n';
        app->infinite += word && word[0] == 'i';
    }
}

/* For the first picture, whose list was made before: unless most runs are read behind it, and
   are counted then. */
static void count_first(struct home *home)
{
    struct assay_catalog *catalog = home->app->catalog;
    struct assay_unread unread;
    if (home->counted_version != assay_catalog_version(catalog) &&
        !assay_catalog_unread(catalog, ASSAY_NONE, ASSAY_NONE, &unread)) {
        count_diverged(home);
    }
}

void home_refresh(struct home *home)
{
    int wait = 0;
    if (home->tree_version != assay_catalog_version(home->app->catalog)) {
        home_tree_build(home);
    }
    if (!run_list_due(&home->list, assay_monotonic_us(), &wait)) {
        if (wait > 0) {
            app_draw_in(home->app, wait);
        } else {
            count_first(home);
        }
        return;
    }
    struct list *list = &home->table.list;
    uint32_t run = home_run(home);
    size_t line = list->cursor - list->top;
    run_list_refresh(&home->list);
    if (home->touched && run != ASSAY_NONE) {
        size_t at = run_list_find(&home->list, run);
        if (at < home->list.count) { /* the same run on the same line of the screen */
            list->cursor = at;
            list->top = at > line ? at - line : 0;
        }
    }
    count_diverged(home);
    if (!home->touched) {
        want_rows(home);
    }
    if (!home->touched && (home->list.experiment == ASSAY_NONE || !home_is_reading(home))) {
        home_choose_scope(home);
    }
    if (!home->columns.chosen && !home->columns.settled) {
        home_guess_columns(home);
    }
}

/* ---- cells ---- */

static void state_cell(struct home *home, uint32_t run, struct table_cell *out)
{
    static const struct {
        const char *glyph, *plain, *word;
        enum role role;
    } states[] = {
        [ASSAY_RUN_UNKNOWN] = {"·", ".", "", ROLE_DIM},
        [ASSAY_RUN_RUNNING] = {"▶", ">", "live", ROLE_LIVE},
        [ASSAY_RUN_SCHEDULED] = {"·", ".", "queued", ROLE_WAITING},
        [ASSAY_RUN_FINISHED] = {"✓", "+", "", ROLE_DONE},
        [ASSAY_RUN_FAILED] = {"✗", "x", "failed", ROLE_FAILED},
        [ASSAY_RUN_KILLED] = {"■", "#", "killed", ROLE_WARNING},
    };
    const struct assay_run *it = assay_catalog_run(home->app->catalog, run);
    size_t at = (size_t)it->status < ASSAY_COUNT(states) ? (size_t)it->status : 0;
    const char *glyph = term_ascii(home->app->term) ? states[at].plain : states[at].glyph;
    const char *word = states[at].word;
    out->role = states[at].role;
    if (it->deleted || it->gone) {
        word = it->gone ? "gone" : "deleted";
        out->role = ROLE_DIM;
    } else if (diverged(home, run)) {
        word = diverged(home, run);
        out->role = ROLE_FAILED;
    }
    char age[24];
    if (*assay_catalog_state_age(age, home->app->catalog, run, home->app->now_ms)) {
        out->role = ROLE_DIM;
    }
    snprintf(out->text, sizeof out->text, "%s%s%s%s", glyph, *word ? " " : "", word, age);
}

static void table_text(void *context, size_t row, size_t column, struct table_cell *out)
{
    struct home *home = context;
    const struct run_column *what = &home->columns.items[column];
    uint32_t run = home->list.rows[row];
    struct run_cell cell;
    if (what->kind == RUN_COLUMN_STATE) {
        state_cell(home, run, out);
        return;
    }
    run_cell_get(&cell, what, home->app->catalog, run, home->app->now_ms);
    memcpy(out->text, cell.text, sizeof out->text);
    out->number = cell.is_number && what->kind != RUN_COLUMN_METRIC;
    if (what->kind == RUN_COLUMN_METRIC) {
        out->measured = cell.is_number;
        out->value = cell.number;
        out->role = !cell.missing && !isfinite(cell.number) ? ROLE_FAILED : ROLE_NORMAL;
    } else if (what->kind != RUN_COLUMN_NAME && what->kind != RUN_COLUMN_PARAM) {
        out->role = ROLE_DIM;
    }
    if (assay_catalog_run(home->app->catalog, run)->deleted) {
        out->role = ROLE_DIM;
    }
}

static void table_mark(void *context, size_t row, struct area margin)
{
    struct home *home = context;
    int color = marks_color(&home->app->marks, home->list.rows[row]);
    if (color >= 0) {
        draw_text(margin, 1, 0, chart_role(color), chart_dot(&margin, color));
    }
}

static size_t sorted_column(const struct home *home)
{
    for (size_t i = 0; i < home->columns.count; i++) {
        if (strcmp(home->columns.items[i].sort, home->list.sort.field) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Nothing there, or nothing that could be read? PROBLEMS counts what could not. */
static const char *none_read(const struct home *home, size_t problems, char *out,
                             size_t capacity)
{
    char key[32];
    if (problems == 0) {
        return "no runs here";
    }
    snprintf(out, capacity, "no runs here: %zu %s could not be read; %s lists what is wrong",
             problems, problems == 1 ? "thing" : "things",
             keymap_key(&home->app->keymap, CMD_ACTIVITY, WHERE_HOME, key));
    return out;
}

/* Why there is no run in the scope: a source that failed says what is to be done. */
static const char *why_none(const struct home *home, char *out, size_t capacity)
{
    const struct assay_source *source;
    if (home->list.experiment != ASSAY_NONE) {
        return "no runs here";
    }
    if (home->list.source == ASSAY_NONE) {
        size_t problems = 0;
        for (uint32_t i = 0; i < assay_catalog_sources(home->app->catalog); i++) {
            problems += assay_catalog_source(home->app->catalog, i)->problems;
        }
        return none_read(home, problems, out, capacity);
    }
    source = assay_catalog_source(home->app->catalog, home->list.source);
    if (source->state != ASSAY_SOURCE_FAILED) {
        return none_read(home, source->problems, out, capacity);
    }
    snprintf(out, capacity, "%s%s%s", source->error.what, *source->error.hint ? "; " : "",
             source->error.hint);
    return out;
}

void home_table_draw(struct home *home, struct area area)
{
    struct area below = area_part(area, 0, 1, area.rect.width, area.rect.height - 1);
    struct table_rows rows = {
        .context = home,
        .count = home->list.count,
        .cell = table_text,
        .mark = table_mark,
    };
    char why[800];
    struct table_look look = {
        .focus = home->focus == HOME_TABLE,
        .pick_column = true,
        .sorted = sorted_column(home),
        .descending = home->list.sort.descending,
        .margin = MARGIN,
        .empty = home->filter_kept[0] ? NULL : why_none(home, why, sizeof why),
    };
    home->table_rect = below.rect;
    table_draw(&home->table, below, home->headings, home->columns.count, &rows, &look);
    if (home->list.count == 0 && home->list.query && !home->list.loading) {
        home_filter_nothing(home, area_part(below, MARGIN, 1, below.rect.width - MARGIN,
                                            below.rect.height - 1));
    }
    home_sparks_draw(home, below);
    home_filter_draw(home, area); /* last: an error in it stands where the headings are */
}

/* ---- commands ---- */

bool home_sort(struct home *home, const char *field)
{
    struct assay_error err = {0};
    struct assay_sort sort;
    uint32_t run = home_run(home);
    if (assay_sort_parse(&sort, field, &err) != ASSAY_OK ||
        assay_sort_settle(&sort, home->app->catalog, &err) != ASSAY_OK) {
        app_fail(home->app, &err);
        return false;
    }
    run_list_set_sort(&home->list, &sort);
    size_t at = run_list_find(&home->list, run);
    home->table.list.cursor = at < home->list.count ? at : 0;
    return true;
}

/* Says so where no run has one of the fields NAMES (as the user names columns): the order, or a
   column, is then nothing, and the reason may be a slip of the pen. */
void home_tell_unlogged(struct home *home, const char *names)
{
    struct run_columns columns;
    if (run_columns_parse(&columns, home->app->catalog, names, NULL) != ASSAY_OK) {
        return;
    }
    for (size_t i = 0; i < columns.count; i++) {
        const struct run_column *column = &columns.items[i];
        enum assay_field_kind kind = column->kind == RUN_COLUMN_METRIC  ? ASSAY_FIELD_METRIC
                                     : column->kind == RUN_COLUMN_PARAM ? ASSAY_FIELD_PARAM
                                                                        : ASSAY_FIELD_TAG;
        if (kind == ASSAY_FIELD_TAG && column->kind != RUN_COLUMN_TAG) {
            continue; /* an attribute */
        }
        const char **keys = NULL;
        size_t count = assay_catalog_keys(home->app->catalog, ASSAY_NONE, kind, &keys), at = 0;
        while (at < count && strcmp(keys[at], column->key) != 0) {
            at++;
        }
        free(keys);
        if (at == count) {
            app_say(home->app, "no run has %s", column->sort);
            return;
        }
    }
}

/* By the column under the cursor; a second time turns it round. */
static void sort_by_column(struct home *home, size_t at)
{
    const struct run_column *column = &home->columns.items[at];
    char field[300];
    if (at == sorted_column(home)) {
        snprintf(field, sizeof field, "%s:%s", column->sort,
                 home->list.sort.descending ? "asc" : "desc");
    } else {
        bool newest = column->kind == RUN_COLUMN_AGE;
        snprintf(field, sizeof field, "%s%s", column->sort, newest ? ":desc" : "");
    }
    home_sort(home, field);
    home->table.list.cursor = 0; /* whoever sorts wants to see the first ones */
}

static void reverse(struct home *home)
{
    struct assay_sort sort = home->list.sort;
    sort.descending = !sort.descending;
    run_list_set_sort(&home->list, &sort);
    home->table.list.cursor = 0;
}

static void mark(struct home *home)
{
    if (!marks_toggle(&home->app->marks, home_run(home))) {
        app_say(home->app, "%d runs are marked already: no more fit", MARKS_MAX);
        return;
    }
    list_move(&home->table.list, home->list.count, 1);
}

bool home_table_command(struct home *home, enum command_id id, const char *argument)
{
    if (list_command(&home->table.list, home->list.count, id)) {
        return true;
    }
    switch (id) {
    case CMD_LEFT:
        if (!table_move_column(&home->table, home->columns.count, -1) && !home->no_tree) {
            home->focus = HOME_TREE;
        }
        return true;
    case CMD_RIGHT:
        table_move_column(&home->table, home->columns.count, 1);
        return true;
    case CMD_NEXT_PANE:
    case CMD_PREVIOUS_PANE:
        home->focus = HOME_TREE;
        return true;
    case CMD_MARK:
        mark(home);
        return true;
    case CMD_SORT:
        if (*argument) {
            /* An attribute's name has no dot. */
            if (home_sort(home, argument) && strchr(home->list.sort.field, '.') != NULL) {
                home_tell_unlogged(home, home->list.sort.field);
            }
            home->table.list.cursor = 0;
        } else {
            sort_by_column(home, home->table.column);
        }
        return true;
    case CMD_REVERSE:
        reverse(home);
        return true;
    default:
        return false;
    }
}

void home_table_click(struct home *home, int x, int y)
{
    size_t row, column;
    if (y == home->table_rect.y) {
        if (table_column_at(home->headings, home->columns.count, x - home->table_rect.x,
                            &column)) {
            home->table.column = column;
            sort_by_column(home, column);
        }
        return;
    }
    if (!list_hit(&home->table.list, home->list.count, y - home->table_rect.y - 1, &row)) {
        return;
    }
    bool again = row == home->table.list.cursor && home->focus == HOME_TABLE;
    home->focus = HOME_TABLE;
    home->table.list.cursor = row;
    if (x < home->table_rect.x + MARGIN) {
        app_command(home->app, CMD_MARK, "");
        home->table.list.cursor = row;
    } else if (again) {
        app_command(home->app, CMD_OPEN, "");
    }
}
