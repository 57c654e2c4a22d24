/*
 * Help: every command with its keys, grouped by the screen it applies to, the one it was called
 * from first. Made from the table of commands; "/" searches it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "app.h"
#include "draw_wrap.h"
#include "widget_list.h"
#include "widget_prompt.h"

#define NAMES_FROM 90 /* columns: below, the names of commands make room */

struct help_line {
    unsigned where;     /* a heading, where there is no command */
    enum command_id id; /* CMD_NONE: a heading or a gap */
    bool first;         /* of the lines of its command */
    const char *help;   /* what of the command's help stands in this line */
    size_t length;      /* bytes of it */
    char keys[64];
};

struct help_view {
    struct app *app;
    unsigned from;
    int width; /* columns the lines were broken for */
    struct help_line *lines;
    size_t count, capacity;
    struct list list;
    struct rect rect;
    struct prompt prompt;
    bool searching;
};

static struct help_line *add_line(struct help_view *view)
{
    ASSAY_GROW(view->lines, view->capacity, view->count + 1);
    struct help_line *line = &view->lines[view->count++];
    *line = (struct help_line){0};
    return line;
}

/* Where what a command does begins, in a screen WIDTH columns wide. */
static int help_column(int width)
{
    return width < NAMES_FROM ? 17 : 41;
}

/* Bytes of TEXT that stand in the next row of WIDTH cells, taken off it. */
static size_t take_row(const char **text, int width)
{
    size_t advance, length = strlen(*text);
    size_t shown = draw_first_row(*text, length, width > 1 ? width : 1, &advance);
    *text += advance;
    return shown;
}

/* A command takes as many lines as its keys and its help do: nothing is cut off in the one
   place that explains. */
static void add_command(struct help_view *view, enum command_id id, const char *keys)
{
    const char *help = command_get(id)->help;
    int from = help_column(view->width), keys_wide = view->width < NAMES_FROM ? 14 : 18;
    bool first = true;
    while (first || *keys || *help) {
        struct help_line *line = add_line(view);
        line->id = id;
        line->first = first;
        first = false;
        const char *part = keys;
        snprintf(line->keys, sizeof line->keys, "%.*s", (int)take_row(&keys, keys_wide), part);
        line->help = help;
        line->length = take_row(&help, view->width - from - 1);
    }
}

static bool belongs(const struct command *command, unsigned where)
{
    bool general = command->where == WHERE_ALL || command->where == WHERE_LISTS;
    if (where == WHERE_ALL || where == WHERE_LISTS) {
        return command->where == where;
    }
    return !general && (command->where & where);
}

static void add_group(struct help_view *view, unsigned where)
{
    const char *pattern = view->prompt.text;
    bool first = true;
    for (enum command_id id = CMD_NONE + 1; id < CMD_COUNT; id++) {
        const struct command *command = command_get(id);
        struct assay_buf keys = {0};
        keymap_keys(&view->app->keymap, id, where, &keys);
        bool fits = belongs(command, where) && (assay_text_contains(command->help, pattern) ||
                                                assay_text_contains(command->name, pattern) ||
                                                strcmp(assay_buf_text(&keys), pattern) == 0);
        if (fits && first) {
            if (view->count > 0) {
                add_line(view);
            }
            add_line(view)->where = where;
            first = false;
        }
        if (fits) {
            add_command(view, id, assay_buf_text(&keys));
        }
        assay_buf_free(&keys);
    }
}

static void build(struct help_view *view)
{
    static const unsigned groups[] = {WHERE_HOME,   WHERE_RUN,   WHERE_CHART,   WHERE_COMPARE,
                                      WHERE_MODELS, WHERE_QUEUE, WHERE_REQUEST, WHERE_ACTIVITY,
                                      WHERE_HELP,   WHERE_LISTS, WHERE_ALL};
    view->count = 0;
    add_group(view, view->from);
    for (size_t i = 0; i < ASSAY_COUNT(groups); i++) {
        if (groups[i] != view->from) {
            add_group(view, groups[i]);
        }
    }
    view->list.cursor = view->list.top = 0;
}

static void *help_open(struct app *app, const void *argument)
{
    const unsigned *from = argument;
    struct help_view *view = assay_alloc(sizeof *view);
    view->app = app;
    view->from = *from;
    return view; /* the lines are made when it is known how wide they are */
}

static void help_close(void *self)
{
    struct help_view *view = self;
    prompt_free(&view->prompt);
    free(view->lines);
    free(view);
}

static void draw_line(const struct help_line *line, struct area row)
{
    int width = row.rect.width;
    if (line->id == CMD_NONE) {
        if (line->where) {
            char title[40];
            const char *name = command_where_name(line->where);
            snprintf(title, sizeof title, "%s", name);
            for (char *c = title; *c; c++) {
                *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
            }
            draw_text(row, 1, 0, ROLE_TITLE, title);
        }
        return;
    }
    const struct command *command = command_get(line->id);
    char help[256];
    int from = help_column(width);
    snprintf(help, sizeof help, "%.*s", (int)line->length, line->help);
    draw_field(row, from, 0, width - from - 1, ALIGN_LEFT, ROLE_DIM, help);
    if (width < NAMES_FROM) { /* what it does, rather than its name; that where it has no key */
        bool named = line->first && !*line->keys;
        draw_field(row, 2, 0, 14, ALIGN_LEFT, named ? ROLE_NORMAL : ROLE_KEY,
                   named ? command->name : line->keys);
        return;
    }
    draw_field(row, 3, 0, 18, ALIGN_LEFT, ROLE_KEY, line->keys);
    draw_field(row, 22, 0, 18, ALIGN_LEFT, ROLE_NORMAL, line->first ? command->name : "");
}

static bool begins_command(const struct help_line *line)
{
    return line->id != CMD_NONE && line->first;
}

/* Breaks the lines anew where the width is another; the cursor stays on its command. */
static void fit_width(struct help_view *view, int width)
{
    if (width == view->width) {
        return;
    }
    size_t ordinal = 0; /* of commands, whose order is the same at every width */
    for (size_t i = 0; i < view->count && i <= view->list.cursor; i++) {
        ordinal += begins_command(&view->lines[i]);
    }
    view->width = width;
    build(view);
    for (size_t i = 0; ordinal > 0 && i < view->count; i++) {
        ordinal -= begins_command(&view->lines[i]);
        view->list.cursor = ordinal == 0 ? i : view->list.cursor;
    }
}

static void help_draw(void *self, struct area area)
{
    struct help_view *view = self;
    struct area line = area_row(area, 0);
    int x = 1 + draw_text(line, 1, 0, ROLE_TITLE, "HELP") + 2;
    if (view->searching || view->prompt.length) {
        x += draw_text(line, x, 0, ROLE_ACCENT, "/") + 1;
        int cursor = prompt_draw(&view->prompt, line, x, 0, line.rect.width - x - 1, 0, NULL);
        if (view->searching) {
            term_cursor(view->app->term, line.rect.x + cursor, line.rect.y);
        }
    } else {
        draw_text(line, x, 0, ROLE_DIM, "a command can also be typed after \":\"");
    }
    struct area rows = area_part(area, 0, 2, area.rect.width, area.rect.height - 2);
    view->rect = rows.rect;
    fit_width(view, rows.rect.width);
    list_fit(&view->list, view->count, rows.rect.height);
    for (int y = 0; y < rows.rect.height && view->list.top + (size_t)y < view->count; y++) {
        size_t at = view->list.top + (size_t)y;
        struct area row = area_row(rows, y);
        if (at == view->list.cursor) {
            row = area_under(row, ROLE_HERE);
            draw_clear(row);
        }
        draw_line(&view->lines[at], row);
    }
    if (view->count == 0) {
        draw_text(rows, 3, 0, ROLE_DIM, "nothing of that name");
    }
    draw_scrollbar(rows, rows.rect.width - 1, 0, rows.rect.height, view->list.top, view->count);
}

static bool help_command(void *self, enum command_id id, const char *argument)
{
    struct help_view *view = self;
    if (list_command(&view->list, view->count, id)) {
        return true;
    }
    switch (id) {
    case CMD_FILTER:
        prompt_set(&view->prompt, argument);
        view->searching = !*argument;
        build(view);
        return true;
    case CMD_HELP:
        app_back(view->app);
        return true;
    case CMD_CANCEL:
        if (view->prompt.length) {
            prompt_set(&view->prompt, "");
            build(view);
        } else {
            app_back(view->app);
        }
        return true;
    default:
        return false;
    }
}

static bool help_event(void *self, const struct event *event)
{
    struct help_view *view = self;
    if (event->kind == EVENT_MOUSE) {
        if (event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN) {
            list_scroll(&view->list, view->count, event->action == MOUSE_WHEEL_UP ? -3 : 3);
        }
        return true;
    }
    if (!view->searching) {
        return false;
    }
    switch (prompt_event(&view->prompt, event)) {
    case PROMPT_ENTER:
        view->searching = false;
        break;
    case PROMPT_ESCAPE:
        view->searching = false;
        prompt_set(&view->prompt, "");
        build(view);
        break;
    case PROMPT_CHANGED:
        build(view);
        break;
    case PROMPT_MOVED:
    case PROMPT_NOTHING:
        break;
    }
    return true;
}

static void help_title(void *self, struct assay_buf *out)
{
    (void)self;
    assay_buf_text_add(out, "help");
}

static const enum command_id *help_hints(void *self)
{
    static const enum command_id hints[] = {CMD_DOWN,   CMD_UP,   CMD_PAGE_DOWN,
                                            CMD_FILTER, CMD_BACK, CMD_NONE};
    (void)self;
    return hints;
}

static const char *help_typing(void *self)
{
    struct help_view *view = self;
    return view->searching ? "enter=keep\tesc=everything" : NULL;
}

const struct view_ops view_help = {
    .where = WHERE_HELP,
    .open = help_open,
    .close = help_close,
    .draw = help_draw,
    .command = help_command,
    .event = help_event,
    .title = help_title,
    .hints = help_hints,
    .typing = help_typing,
};
