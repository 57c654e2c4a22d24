/*
 * One line of text being typed: editing keys as in a shell, history, a cursor.
 */
#ifndef TUI_WIDGET_PROMPT_H
#define TUI_WIDGET_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "draw.h"
#include "keys.h"

#define PROMPT_SIZE    1024
#define PROMPT_HISTORY 32

struct prompt {
    char text[PROMPT_SIZE]; /* valid UTF-8 without control characters */
    size_t length, cursor;  /* bytes */
    size_t scroll;          /* first byte shown */
    char *history[PROMPT_HISTORY];
    size_t history_count, history_at;
};

void prompt_set(struct prompt *prompt, const char *text); /* the cursor goes to its end */
void prompt_insert(struct prompt *prompt, const char *text, size_t length);
void prompt_remember(struct prompt *prompt); /* puts the text into the history */
void prompt_free(struct prompt *prompt);

enum prompt_did {
    PROMPT_NOTHING, /* not its key */
    PROMPT_MOVED,
    PROMPT_CHANGED,
    PROMPT_ENTER,
    PROMPT_ESCAPE,
};
enum prompt_did prompt_event(struct prompt *prompt, const struct event *event);

/* Draws it into WIDTH cells. Returns the column of the cursor in AREA; *column_of, unless NULL,
   gets the column of the byte BYTE (for a mark under what is wrong). */
int prompt_draw(struct prompt *prompt, struct area area, int x, int y, int width, size_t byte,
                int *column_of);

#endif
