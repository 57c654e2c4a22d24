/*
 * The tree of sources, experiments and saved views on the first screen.
 */
#include "home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

static bool experiment_seen(const struct home *home, const struct assay_experiment *experiment)
{
    return !experiment->gone && (home->list.deleted || !experiment->deleted);
}

static void count_text(char out[24], size_t count)
{
    char text[32];
    snprintf(out, 24, "%s", assay_count_text(text, count));
}

static const char *source_note(const struct assay_source *source, int64_t now_ms, char age[24])
{
    char text[16];
    switch (source->state) {
    case ASSAY_SOURCE_WAITING:
    case ASSAY_SOURCE_READING:
        return "reading";
    case ASSAY_SOURCE_FAILED:
        return "failed";
    case ASSAY_SOURCE_CACHED:
        return "cached";
    case ASSAY_SOURCE_OFFLINE: /* what is shown is that old; its name wants most of the line */
        if (source->read_ms == ASSAY_NO_TIME) {
            return "offline";
        }
        snprintf(age, 24, "offline %s", assay_age_text(text, source->read_ms, now_ms));
        return age;
    case ASSAY_SOURCE_READY:
        break;
    }
    return "";
}

static bool is_folded(const struct home *home, uint32_t source)
{
    return source < home->folded_count && home->folded[source];
}

static void add_source(struct home *home, uint32_t s)
{
    char age[24];
    struct assay_catalog *catalog = home->app->catalog;
    const struct assay_source *source = assay_catalog_source(catalog, s);
    struct tree_row *row = tree_add(&home->tree);
    size_t at = home->tree.count - 1;
    row->kind = TREE_SOURCE;
    row->index = s;
    row->branch = true;
    row->open = !is_folded(home, s);
    row->role = source->state == ASSAY_SOURCE_FAILED ? ROLE_FAILED : ROLE_STRONG;
    assay_text_clean_to(row->text, sizeof row->text, source->name);
    snprintf(row->note, sizeof row->note, "%s", source_note(source, home->app->now_ms, age));
    size_t below = 0;
    for (uint32_t e = 0; e < assay_catalog_experiments(catalog); e++) {
        const struct assay_experiment *experiment = assay_catalog_experiment(catalog, e);
        if (experiment->source != s || !experiment_seen(home, experiment)) {
            continue;
        }
        below++;
        if (is_folded(home, s)) {
            continue;
        }
        row = tree_add(&home->tree);
        row->kind = TREE_EXPERIMENT;
        row->index = e;
        row->depth = 1;
        row->role = experiment->deleted ? ROLE_DIM : ROLE_NORMAL;
        assay_text_clean_to(row->text, sizeof row->text, experiment->name);
        count_text(row->note,
                   experiment->runs + (home->list.deleted ? experiment->deleted_runs : 0));
        if (experiment->running && !assay_catalog_is_kept(catalog, s)) {
            row->role = ROLE_LIVE;
        }
    }
    home->tree.rows[at].branch = below > 0;
}

static void add_views(struct home *home)
{
    const struct assay_saved_view *views;
    size_t count = assay_session_views(home->app->session, &views);
    if (count == 0) {
        return;
    }
    struct tree_row *row = tree_add(&home->tree);
    row->kind = TREE_VIEWS;
    row->branch = true;
    row->open = !home->views_folded;
    row->role = ROLE_STRONG;
    snprintf(row->text, sizeof row->text, "views");
    for (size_t i = 0; i < count && !home->views_folded; i++) {
        row = tree_add(&home->tree);
        row->kind = TREE_VIEW;
        row->index = (uint32_t)i;
        row->depth = 1;
        assay_text_clean_to(row->text, sizeof row->text, views[i].name);
    }
}

/* In the order in which their places were asked for, whichever was found first. */
static void add_sources(struct home *home, size_t count)
{
    const struct assay_catalog *catalog = home->app->catalog;
    uint32_t *order = assay_alloc_array(count + 1, sizeof *order);

    for (uint32_t s = 0; s < count; s++) {
        const uint32_t asked = assay_catalog_source(catalog, s)->asked;
        size_t at = s;

        for (; at > 0 && assay_catalog_source(catalog, order[at - 1])->asked > asked; at--) {
            order[at] = order[at - 1];
        }
        order[at] = s;
    }
    for (size_t i = 0; i < count; i++) {
        add_source(home, order[i]);
    }
    free(order);
}

void home_tree_build(struct home *home)
{
    struct assay_catalog *catalog = home->app->catalog;
    struct tree_row *old = tree_row(&home->tree);
    int kind = old ? old->kind : -1;
    uint32_t index = old ? old->index : 0;
    size_t sources = assay_catalog_sources(catalog);
    ASSAY_GROW(home->folded, home->folded_capacity, sources + 1);
    while (home->folded_count < sources) {
        home->folded[home->folded_count++] = 0;
    }
    tree_clear(&home->tree);
    if (assay_catalog_experiments(catalog) != 1) {
        struct tree_row *row = tree_add(&home->tree);
        row->kind = TREE_ALL;
        snprintf(row->text, sizeof row->text, "all runs");
        size_t runs = 0;
        for (uint32_t e = 0; e < assay_catalog_experiments(catalog); e++) {
            const struct assay_experiment *experiment = assay_catalog_experiment(catalog, e);
            runs += experiment_seen(home, experiment) ? experiment->runs : 0;
        }
        count_text(row->note, runs);
    }
    add_sources(home, sources);
    add_views(home);
    for (size_t i = 0; i < home->tree.count; i++) {
        if (home->tree.rows[i].kind == kind && home->tree.rows[i].index == index) {
            home->tree.list.cursor = i;
        }
    }
    home->tree_version = assay_catalog_version(catalog);
}

/* The row that stands for the scope in force; -1 where none is in sight. */
static long scope_row(const struct home *home)
{
    for (size_t i = 0; i < home->tree.count; i++) {
        const struct tree_row *row = &home->tree.rows[i];
        bool all = home->list.experiment == ASSAY_NONE && home->list.source == ASSAY_NONE;
        if ((row->kind == TREE_ALL && all) ||
            (row->kind == TREE_EXPERIMENT && row->index == home->list.experiment) ||
            (row->kind == TREE_SOURCE && home->list.experiment == ASSAY_NONE &&
             row->index == home->list.source)) {
            return (long)i;
        }
    }
    return -1;
}

void home_tree_find(struct home *home)
{
    long at = scope_row(home);
    if (at >= 0) {
        home->tree.list.cursor = (size_t)at;
    }
}

char *home_scope_text(const struct home *home, char *out, size_t capacity)
{
    struct assay_catalog *catalog = home->app->catalog;
    const char *name = "all runs";
    if (home->list.experiment != ASSAY_NONE) {
        name = assay_catalog_experiment(catalog, home->list.experiment)->name;
    } else if (home->list.source != ASSAY_NONE) {
        name = assay_catalog_source(catalog, home->list.source)->name;
    }
    return assay_text_clean_to(out, capacity, name);
}

void home_tree_draw(struct home *home, struct area area)
{
    draw_text(area, 1, 0, ROLE_TITLE, "EXPERIMENTS");
    struct area rows = area_part(area, 0, 1, area.rect.width, area.rect.height - 1);
    home->tree_rect = rows.rect;
    tree_draw(&home->tree, rows, home->focus == HOME_TREE, scope_row(home));
}

int home_tree_line(struct home *home, struct area line, int room)
{
    char name[200], source[120] = "";
    const char *sign = line.canvas->ascii ? "+" : "▸";
    int x = 1 + draw_text(line, 1, 0, ROLE_DIM, sign) + 1;
    if (home->list.experiment != ASSAY_NONE) {
        struct assay_catalog *catalog = home->app->catalog;
        uint32_t at = assay_catalog_experiment(catalog, home->list.experiment)->source;
        assay_text_clean_to(source, sizeof source, assay_catalog_source(catalog, at)->name);
        int width = assay_text_width(source);
        width = width < room / 3 ? width : room / 3;
        draw_field(line, x, 0, width, ALIGN_LEFT, ROLE_DIM, source);
        x += width + draw_text(line, x + width, 0, ROLE_DIM, " / ");
    }
    home_scope_text(home, name, sizeof name);
    int width = assay_text_width(name);
    width = width < room - x ? width : room - x;
    draw_field(line, x, 0, width, ALIGN_LEFT, ROLE_ACCENT, name);
    return x + width;
}

void home_tree_follow(struct home *home)
{
    const struct tree_row *row = tree_row(&home->tree);
    if (!row) {
        return;
    }
    if (row->kind == TREE_ALL) {
        home_set_scope(home, ASSAY_NONE, ASSAY_NONE);
    } else if (row->kind == TREE_SOURCE) {
        home_set_scope(home, row->index, ASSAY_NONE);
    } else if (row->kind == TREE_EXPERIMENT) {
        home_set_scope(home, ASSAY_NONE, row->index);
    }
}

void home_apply_view(struct home *home, const struct assay_saved_view *view)
{
    struct assay_error err = {0};
    struct run_columns columns;
    if (*view->columns &&
        run_columns_parse(&columns, home->app->catalog, view->columns, &err) == ASSAY_OK) {
        home_set_columns(home, &columns);
    }
    if (*view->sort) {
        home_sort(home, view->sort);
    }
    home_filter_set(home, view->filter);
}

static bool fold(struct home *home, struct tree_row *row, bool open)
{
    if (!row || !row->branch || row->open == open) {
        return false;
    }
    if (row->kind == TREE_SOURCE) {
        home->folded[row->index] = !open;
    } else {
        home->views_folded = !open;
    }
    home_tree_build(home);
    return true;
}

static bool open_row(struct home *home)
{
    struct tree_row *row = tree_row(&home->tree);
    if (!row) {
        return true;
    }
    if (row->kind == TREE_VIEW) {
        const struct assay_saved_view *views;
        size_t count = assay_session_views(home->app->session, &views);
        if (row->index < count) {
            home_apply_view(home, &views[row->index]);
        }
    } else if (row->kind == TREE_VIEWS) {
        fold(home, row, !row->open);
        return true;
    }
    home->focus = HOME_TABLE;
    return true;
}

bool home_tree_command(struct home *home, enum command_id id)
{
    struct tree *tree = &home->tree;
    if (list_command(&tree->list, tree->count, id)) {
        home_tree_follow(home);
        return true;
    }
    switch (id) {
    case CMD_LEFT:
        if (!fold(home, tree_row(tree), false)) {
            while (tree->list.cursor > 0 && tree_row(tree)->depth > 0) {
                tree->list.cursor--;
            }
            home_tree_follow(home);
        }
        return true;
    case CMD_RIGHT:
        if (!fold(home, tree_row(tree), true)) {
            home->focus = HOME_TABLE;
        }
        return true;
    case CMD_OPEN:
        return open_row(home);
    case CMD_NEXT_PANE:
    case CMD_PREVIOUS_PANE:
    case CMD_CANCEL:
        home->focus = HOME_TABLE;
        return true;
    default:
        return false;
    }
}
