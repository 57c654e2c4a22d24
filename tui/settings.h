/*
 * What the user's configuration file says about the workbench:
 *
 *     [ui]
 *     theme = dark            ; auto, dark, light, mono, or a file
 *     graphics = auto         ; auto, sixel, kitty, text
 *     cell = 10x20            ; pixels of a character, where the terminal does not tell
 *     colors = 256            ; colours an image may use
 *     mouse = yes
 *     [keys] and [keys.SCREEN]: see keymap.h
 *
 * Sections of others are passed over.
 */
#ifndef TUI_SETTINGS_H
#define TUI_SETTINGS_H

#include <stdbool.h>

#include <assay/error.h>

#include "keymap.h"

struct settings {
    char theme[256];   /* "" not said */
    char graphics[16]; /* "" not said */
    char *directory;   /* where the user's own themes lie; NULL where there is no home */
    int cell_width, cell_height, registers;
    bool no_mouse;
};

/* Reads the file, where there is one, into *settings and *map. What is wrong in it is told in
 *err; the rest holds. */
enum assay_status settings_read(struct settings *settings, struct keymap *map,
                                struct assay_error *err);
void settings_free(struct settings *settings);

#endif
