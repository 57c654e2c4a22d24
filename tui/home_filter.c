/*
 * The line above the runs table: what is shown, how many of how many, and the filter, which
 * narrows the table while it is typed.
 */
#include "home.h"

#include <stdio.h>
#include <string.h>

#include <assay/text.h>

/* Takes TEXT as the filter where it can be understood; else the one before stays in force. */
static bool take(struct home *home, const char *text)
{
    struct assay_query *query = NULL;
    home->filter_error = (struct assay_error){0};
    if (*text && assay_query_parse(&query, text, home->app->now_ms, &home->filter_error)) {
        return false;
    }
    home->unlogged.note = (struct assay_error){0};
    uint32_t run = home_run(home);
    assay_session_ask(home->app->session, query);
    run_list_set_query(&home->list, query);
    size_t at = run_list_find(&home->list, run);
    home->table.list.cursor = at < home->list.count ? at : 0;
    snprintf(home->filter_kept, sizeof home->filter_kept, "%s", text);
    return true;
}

bool home_filter_set(struct home *home, const char *text)
{
    if (!take(home, text)) {
        app_fail(home->app, &home->filter_error);
        home->filter_error = (struct assay_error){0};
        return false;
    }
    return true;
}

void home_filter_open(struct home *home)
{
    memcpy(home->filter_before, home->filter_kept, sizeof home->filter_before);
    prompt_set(&home->filter, home->filter_kept);
    home->filter_error = (struct assay_error){0};
    home->filtering = true;
    assay_session_read_columns(home->app->session);
}

bool home_filter_event(struct home *home, const struct event *event)
{
    if (event->kind == EVENT_MOUSE) {
        return false;
    }
    switch (prompt_event(&home->filter, event)) {
    case PROMPT_CHANGED:
        take(home, home->filter.text);
        break;
    case PROMPT_ENTER:
        if (home->filter_error.status == ASSAY_OK) {
            prompt_remember(&home->filter);
            home->filtering = false;
        }
        break;
    case PROMPT_ESCAPE:
        take(home, home->filter_before);
        home->filtering = false;
        break;
    case PROMPT_MOVED:
    case PROMPT_NOTHING:
        break;
    }
    return true;
}

/* Where the filter is looked for while servers in the scope have not told all their runs: on
   which of them it has been answered, and how much of the lists is here. "" where all is. LONG:
   there is room. */
static void servers_text(const struct home *home, bool long_text, char out[96])
{
    struct assay_session *session = home->app->session;
    const struct assay_catalog *catalog = home->list.catalog;
    size_t reading = 0, asking = 0, answered = 0, offline = 0;
    uint64_t read = 0;
    char count[32];
    uint32_t only = home->list.source;
    if (home->list.experiment != ASSAY_NONE) {
        only = assay_catalog_experiment(catalog, home->list.experiment)->source;
    }
    for (uint32_t i = 0; i < assay_catalog_sources(catalog); i++) {
        const struct assay_source *source = assay_catalog_source(catalog, i);
        struct assay_server server;
        if ((only != ASSAY_NONE && only != i) || !assay_session_server(session, i, &server)) {
            continue;
        }
        enum assay_asked asked = assay_session_asked(session, i);
        asking += asked == ASSAY_ASKED;
        answered += asked == ASSAY_ASKED_ANSWERED;
        offline += source->state == ASSAY_SOURCE_OFFLINE;
        reading += source->state == ASSAY_SOURCE_READING;
        read += source->state == ASSAY_SOURCE_READING ? source->done : 0;
    }
    out[0] = '\0';
    if (reading > 0) {
        const char *what = asking > 0     ? "asking the server"
                           : answered > 0 ? "the server answered"
                                          : "only what is here";
        snprintf(out, 96, long_text ? "%s; %s of the list read" : "%s; %s read", what,
                 assay_count_text(count, read));
    } else if (offline > 0) {
        snprintf(out, 96, "%s", long_text ? "offline: only what is here" : "offline");
    }
}

/* "23 of 128", against the right edge; returns where it begins. */
static int draw_counts(struct home *home, struct area line)
{
    char shown[32], all[32], text[160];
    int x = line.rect.width - 1;
    assay_count_text(shown, home->list.count);
    assay_count_text(all, home->list.scope_count);
    if (home->list.query) {
        snprintf(text, sizeof text, "%s of %s", shown, all);
    } else {
        snprintf(text, sizeof text, "%s %s", all, home->list.scope_count == 1 ? "run" : "runs");
    }
    x -= assay_text_width(text);
    draw_text(line, x, 0, home->list.query ? ROLE_STRONG : ROLE_DIM, text);
    if (home->app->marks.count > 0) {
        snprintf(text, sizeof text, "%zu marked", home->app->marks.count);
        x -= assay_text_width(text) + 3;
        draw_text(line, x, 0, ROLE_SELECTED, text);
    }
    if (home->list.loading || home->list.stale) {
        const char *why = home->list.loading ? "reading" : "values moved: R sorts";
        x -= assay_text_width(why) + 3;
        draw_text(line, x, 0, ROLE_DIM, why);
    }
    if (home->list.query) {
        servers_text(home, line.rect.width >= 90, text);
        x -= text[0] ? assay_text_width(text) + 3 : 0;
        draw_text(line, x, 0, ROLE_DIM, text);
    }
    size_t given_up = assay_query_given_up(home->list.query);
    if (given_up > 0) {
        snprintf(text, sizeof text, "the pattern is too slow for %zu values", given_up);
        x -= assay_text_width(text) + 3;
        draw_text(line, x, 0, ROLE_ERROR, text);
    }
    return x;
}

/* Whether the filter asks for what no run has, which is no error but may be a slip. */
static bool find_unlogged(struct home *home)
{
    const struct assay_catalog *catalog = home->app->catalog;
    uint64_t version = assay_catalog_version(catalog);
    bool reading = home_is_reading(home);
    if (home->list.loading || assay_catalog_runs(catalog) == 0) {
        return false;
    }
    if (home->unlogged.note.status == ASSAY_OK || home->unlogged.version != version ||
        home->unlogged.reading != reading) {
        home->unlogged.note = (struct assay_error){0};
        assay_query_unlogged(home->list.query, home->app->catalog, reading,
                             &home->unlogged.note);
        home->unlogged.version = version;
        home->unlogged.reading = reading;
    }
    return home->unlogged.note.status != ASSAY_OK;
}

/* Points at what is wrong, in the row below: the headings make room as long as it is. The words
   stand to the right of the mark, or to its left where there is more room. */
static void draw_error(const struct assay_error *err, enum role role, struct area line,
                       int column)
{
    char text[800];
    const char *mark = line.canvas->ascii ? "^" : "▲";
    snprintf(text, sizeof text, "%s%s%s", err->what, err->hint[0] ? "; " : "", err->hint);
    int width = assay_text_width(text), right = line.rect.width - 1 - (column + 2);
    draw_clear(line);
    draw_text(line, column, 0, role, mark);
    if (width <= right || right >= column) {
        draw_field(line, column + 2, 0, right, ALIGN_LEFT, role, text);
    } else {
        int room = width < column - 2 ? width : column - 2;
        draw_field(line, column - 1 - room, 0, room, ALIGN_LEFT, role, text);
    }
}

void home_filter_nothing(struct home *home, struct area area)
{
    char scope[200], count[32], text[PROMPT_SIZE + 300], key[32];
    int width = area.rect.width - 2, y = 0;
    size_t elsewhere = run_list_elsewhere(&home->list);
    home_scope_text(home, scope, sizeof scope);
    /* While what is typed is not a filter yet, the one before is in force: it is named. */
    bool before = home->filtering && home->filter_error.status != ASSAY_OK;
    bool all = home->list.source == ASSAY_NONE && home->list.experiment == ASSAY_NONE;
    snprintf(text, sizeof text, "no run%s%s matches %s", all ? "" : " of ", all ? "" : scope,
             before ? home->filter_kept : "the filter");
    draw_field(area, 0, y++, width, ALIGN_LEFT, ROLE_NORMAL, text);
    if (!home->filtering && find_unlogged(home)) {
        const struct assay_error *note = &home->unlogged.note;
        snprintf(text, sizeof text, "%s%s%s", note->what, note->hint[0] ? "; " : "",
                 note->hint);
        draw_field(area, 0, y++, width, ALIGN_LEFT, ROLE_NORMAL, text);
    }
    if (elsewhere > 0) {
        keymap_key(&home->app->keymap, CMD_ALL_RUNS, WHERE_HOME, key);
        const char *first = home->filtering ? "enter, then " : "";
        const char *where = home->list.experiment != ASSAY_NONE ? "experiments" : "sources";
        snprintf(text, sizeof text, "%s %s of other %s %s; %s%s shows all runs",
                 assay_count_text(count, elsewhere), elsewhere == 1 ? "run" : "runs", where,
                 elsewhere == 1 ? "does" : "do", first, key);
        draw_field(area, 0, y++, width, ALIGN_LEFT, ROLE_NORMAL, text);
    }
    keymap_key(&home->app->keymap, CMD_CANCEL, WHERE_HOME, key);
    snprintf(text, sizeof text, "%s takes the filter away", key);
    draw_field(area, 0, y, width, ALIGN_LEFT, ROLE_DIM, text);
}

void home_filter_draw(struct home *home, struct area area)
{
    struct area line = area_row(area, 0);
    char scope[200];
    int end = draw_counts(home, line) - 2;
    bool filter = home->filtering || home->filter_kept[0];
    int x = 1, room = filter ? end / 3 : end - 1;
    if (home->tree_shown) {
        x += draw_text(line, x, 0, ROLE_TITLE, "RUNS") + 2;
        home_scope_text(home, scope, sizeof scope);
        int name = assay_text_width(scope);
        name = name < room - x ? name : room - x;
        draw_field(line, x, 0, name, ALIGN_LEFT, ROLE_NORMAL, scope);
        x += name + 2;
    } else {
        x = home_tree_line(home, line, room) + 2;
    }
    if (!filter || end - x < 8) {
        return;
    }
    x += draw_text(line, x, 0, home->filtering ? ROLE_ACCENT : ROLE_DIM, "/") + 1;
    if (!home->filtering) {
        int width = assay_text_width(home->filter_kept);
        width = width < end - x ? width : end - x;
        draw_field(line, x, 0, width, ALIGN_LEFT, ROLE_MATCH, home->filter_kept);
        return;
    }
    struct assay_error error = home->filter_error;
    int column = x;
    /* Which names are anybody's is known once the runs have been asked. */
    if (error.status == ASSAY_OK && !home->list.loading)
        assay_query_check(home->list.query, &error);
    enum role role = ROLE_ERROR;
    if (error.status == ASSAY_OK && find_unlogged(home)) {
        error = home->unlogged.note;
        role = ROLE_WARNING;
    }
    int cursor = prompt_draw(&home->filter, line, x, 0, end - x,
                             error.column ? error.column - 1 : 0, &column);
    term_cursor(home->app->term, line.rect.x + cursor, line.rect.y);
    if (error.status != ASSAY_OK) {
        draw_error(&error, role, area_row(area, 1), column);
    }
}
