/*
 * The palette: ":" and the name of a command, with completion of names and of what may follow
 * them. It stands in the bottom line, with its suggestions in a box above.
 */
#ifndef TUI_PALETTE_H
#define TUI_PALETTE_H

#include <stdbool.h>
#include <stddef.h>

#include "draw.h"
#include "keys.h"
#include "widget_list.h"
#include "widget_prompt.h"

#define PALETTE_CHOICES 200

struct app;

struct palette_choice {
    char text[256]; /* what it stands for, clean */
    const char *help;
    enum command_id id; /* a command, or CMD_NONE for a word that follows one */
    int score;
};
struct palette {
    bool open;
    bool picked; /* the user has moved in the list */
    struct prompt prompt;
    struct palette_choice choices[PALETTE_CHOICES];
    size_t count;
    struct list list;
};

/* Opens it with TEXT typed already. */
void palette_open(struct app *app, const char *text);
void palette_close(struct app *app);
void palette_free(struct palette *palette);
void palette_event(struct app *app, const struct event *event);
/* Draws it over the screen; images below its box must be covered by the caller with what
   palette_box() says. */
struct rect palette_box(const struct palette *palette, int width, int height);
void palette_draw(struct app *app, struct area screen);
/* Looks for what matches what is typed; made anew with each change. */
void palette_match(struct app *app);

#endif
