/*
 * The palette (palette.h), for app.c.
 */
#include "palette.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "app.h"

#define BOX_ROWS 10
#define WIDEST   120 /* columns: what any command's line of help needs */

static struct app_screen *top_screen(struct app *app)
{
    return &app->screens[app->depth - 1];
}

static int by_score(const void *a, const void *b)
{
    const struct palette_choice *x = a, *y = b;
    return x->score != y->score ? y->score - x->score : (int)x->id - (int)y->id;
}

static void add_choice(struct palette *palette, const char *text, const char *help,
                       enum command_id id, int score)
{
    if (palette->count == PALETTE_CHOICES || score <= 0) {
        return;
    }
    struct palette_choice *choice = &palette->choices[palette->count++];
    *choice = (struct palette_choice){.help = help, .id = id, .score = score};
    assay_text_clean_to(choice->text, sizeof choice->text, text);
}

static bool applies(struct app *app, const struct command *command)
{
    struct app_screen *screen = top_screen(app);
    if (!(command->where & screen->ops->where) || command->id == CMD_PALETTE) {
        return false;
    }
    return command->needs == NEEDS_NOTHING ||
           (screen->ops->has && screen->ops->has(screen->self, command->needs));
}

static void match_commands(struct app *app, const char *pattern)
{
    for (enum command_id id = CMD_NONE + 1; id < CMD_COUNT; id++) {
        const struct command *command = command_get(id);
        if (applies(app, command)) {
            add_choice(&app->palette, command->name, command->help, id,
                       *pattern ? command_match(command->name, pattern) : 1);
        }
    }
}

static void fixed_words(enum command_argument argument, struct assay_buf *out)
{
    if (argument == ARG_THEME) {
        const char *name;
        for (size_t i = 0; (name = theme_builtin(i)) != NULL; i++) {
            assay_buf_format(out, "%s\n", name);
        }
    } else if (argument == ARG_GRAPHICS) {
        assay_buf_text_add(out, "auto\nsixel\nkitty\ntext\n");
    } else if (argument == ARG_AXIS) {
        assay_buf_text_add(out, "step\ntime\nrelative\n");
    }
}

/* Where the word begins that is being typed: after the last blank or comma. */
static size_t word_start(const struct prompt *prompt)
{
    size_t at = prompt->length;
    while (at > 0 && prompt->text[at - 1] != ' ' && prompt->text[at - 1] != ',') {
        at--;
    }
    return at;
}

static void match_words(struct app *app, const struct command *command)
{
    struct palette *palette = &app->palette;
    struct app_screen *screen = top_screen(app);
    const char *pattern = palette->prompt.text + word_start(&palette->prompt);
    struct assay_buf words = {.limit = 1 << 20};
    fixed_words(command->argument, &words);
    if (screen->ops->complete) {
        screen->ops->complete(screen->self, command->argument, &words);
    }
    const char *line = assay_buf_text(&words);
    while (*line) {
        size_t length = strcspn(line, "\n");
        char word[256];
        snprintf(word, sizeof word, "%.*s", (int)(length < 255 ? length : 255), line);
        add_choice(palette, word, "", CMD_NONE, *pattern ? command_match(word, pattern) : 1);
        line += length + (line[length] == '\n');
    }
    assay_buf_free(&words);
}

/* The line without what leads it: a colon typed once more, as after vi, and blanks. */
static const char *line_text(const struct prompt *prompt)
{
    return prompt->text + strspn(prompt->text, ": ");
}

void palette_match(struct app *app)
{
    struct palette *palette = &app->palette;
    const char *line = line_text(&palette->prompt);
    palette->count = 0;
    palette->list = (struct list){0};
    palette->picked = false;
    size_t name = strcspn(line, " ");
    if (line[name] == ' ') {
        const struct command *command = command_get(command_find(line, name));
        if (command) {
            match_words(app, command);
        }
    } else {
        match_commands(app, line);
    }
    if (palette->count > 1 && palette->prompt.length > 0) {
        qsort(palette->choices, palette->count, sizeof *palette->choices, by_score);
    }
}

void palette_open(struct app *app, const char *text)
{
    app->palette.open = true;
    prompt_set(&app->palette.prompt, text);
    palette_match(app);
    app_dirty(app);
}

void palette_close(struct app *app)
{
    app->palette.open = false;
    term_cursor(app->term, -1, -1);
    app_dirty(app);
}

void palette_free(struct palette *palette)
{
    prompt_free(&palette->prompt);
}

/* Puts the highlighted suggestion into the line. */
static void complete(struct app *app)
{
    struct palette *palette = &app->palette;
    if (palette->count == 0) {
        return;
    }
    const struct palette_choice *choice = &palette->choices[palette->list.cursor];
    char text[PROMPT_SIZE];
    if (choice->id != CMD_NONE) {
        bool more = command_get(choice->id)->argument != ARG_NONE;
        snprintf(text, sizeof text, "%s%s", choice->text, more ? " " : "");
    } else {
        snprintf(text, sizeof text, "%.*s%s", (int)word_start(&palette->prompt),
                 palette->prompt.text, choice->text);
    }
    prompt_set(&palette->prompt, text);
    palette_match(app);
}

static void run_line(struct app *app)
{
    struct palette *palette = &app->palette;
    if (palette->picked && palette->choices[palette->list.cursor].id == CMD_NONE) {
        complete(app);
    }
    char line[PROMPT_SIZE];
    snprintf(line, sizeof line, "%s", line_text(&palette->prompt));
    size_t name = strcspn(line, " ");
    enum command_id id = command_find(line, name);
    if ((id == CMD_NONE || palette->picked) && line[name] == '\0' && palette->count > 0) {
        id = palette->choices[palette->list.cursor].id; /* the best match stands for it */
    }
    prompt_remember(&palette->prompt);
    palette_close(app);
    if (id != CMD_NONE) {
        const char *argument = line + name;
        app_command(app, id, argument + strspn(argument, " "));
    } else if (*line) {
        app_fail(app, &(struct assay_error){.status = ASSAY_BAD_INPUT,
                                            .what = "there is no such command",
                                            .hint = "? lists them all"});
    }
}

void palette_event(struct app *app, const struct event *event)
{
    struct palette *palette = &app->palette;
    uint32_t key = event->kind == EVENT_KEY ? event->key : 0;
    app_dirty(app);
    if (key == KEYS_TAB && palette->count > 0) {
        complete(app);
        return;
    }
    if ((key == KEYS_DOWN || key == KEYS_UP) && palette->count > 0) {
        palette->picked = true;
        list_move(&palette->list, palette->count, key == KEYS_DOWN ? 1 : -1);
        return;
    }
    if (key == KEYS_BACKSPACE && palette->prompt.length == 0) {
        palette_close(app);
        return;
    }
    switch (prompt_event(&palette->prompt, event)) {
    case PROMPT_ENTER:
        run_line(app);
        break;
    case PROMPT_ESCAPE:
        palette_close(app);
        break;
    case PROMPT_CHANGED:
        palette_match(app);
        break;
    case PROMPT_MOVED:
    case PROMPT_NOTHING:
        break;
    }
}

struct rect palette_box(const struct palette *palette, int width, int height)
{
    int rows = palette->count < BOX_ROWS ? (int)palette->count : BOX_ROWS;
    rows = rows > height - 4 ? height - 4 : rows;
    if (rows <= 0) {
        return (struct rect){0};
    }
    int wide = width < WIDEST ? width : WIDEST;
    return (struct rect){.x = 0, .y = height - 1 - rows - 2, .width = wide, .height = rows + 2};
}

static void draw_choice(struct app *app, struct area row, const struct palette_choice *choice)
{
    int width = row.rect.width;
    if (choice->id == CMD_NONE) {
        draw_field(row, 1, 0, width - 2, ALIGN_LEFT, ROLE_NORMAL, choice->text);
        return;
    }
    char key[32];
    unsigned where = top_screen(app)->ops->where;
    keymap_key(&app->keymap, choice->id, where, key);
    draw_field(row, 1, 0, 18, ALIGN_LEFT, ROLE_STRONG, choice->text);
    draw_field(row, 20, 0, 9, ALIGN_LEFT, ROLE_KEY, key);
    draw_field(row, 30, 0, width - 31, ALIGN_LEFT, ROLE_DIM, choice->help);
}

void palette_draw(struct app *app, struct area screen)
{
    struct palette *palette = &app->palette;
    int width = screen.rect.width, height = screen.rect.height;
    struct rect box = palette_box(palette, width, height);
    if (box.height > 0) {
        struct area outside = area_part(screen, box.x, box.y, box.width, box.height);
        outside = area_under(outside, ROLE_POPUP);
        struct area inside = draw_box(outside, ROLE_BORDER, NULL);
        list_fit(&palette->list, palette->count, inside.rect.height);
        for (int y = 0; y < inside.rect.height; y++) {
            size_t at = palette->list.top + (size_t)y;
            struct area row = area_row(inside, y);
            if (at == palette->list.cursor) {
                row = area_under(row, ROLE_HERE);
                draw_clear(row);
            }
            draw_choice(app, row, &palette->choices[at]);
        }
    }
    struct area line = area_row(screen, height - 1);
    draw_clear(line);
    draw_text(line, 0, 0, ROLE_ACCENT, ":");
    int x = prompt_draw(&palette->prompt, line, 1, 0, width - 2, 0, NULL);
    term_cursor(app->term, line.rect.x + x, line.rect.y);
}
