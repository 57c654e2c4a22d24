/*
 * Themes: semantic roles to colours and attributes. Screens name roles and never colours; a
 * theme (themes/NAME.theme, compiled in; or the user's own file) says how each role looks, and
 * this module reduces that to what the terminal can show (256, 16 or 8 colours, or attributes
 * alone).
 */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/chart.h>
#include <assay/error.h>

/* Every role: identifier, the name in theme files, what it is for. */
#define THEME_ROLES(X)                                                                         \
    X(NORMAL, "normal", "plain text")                                                          \
    X(DIM, "dim", "less important: units, ages, empty values")                                 \
    X(STRONG, "strong", "what the eye should find first")                                      \
    X(TITLE, "title", "title of a pane")                                                       \
    X(HEADER, "header", "the top line, and column headings")                                   \
    X(STATUS, "status", "the bottom line")                                                     \
    X(HERE, "here", "the cursor's row in the pane with the focus")                             \
    X(HERE_IDLE, "here-idle", "the cursor's row in a pane without the focus")                  \
    X(SELECTED, "selected", "marked rows")                                                     \
    X(ACCENT, "accent", "the one colour that says here")                                       \
    X(BORDER, "border", "lines between panes, boxes")                                          \
    X(KEY, "key", "a key's name in hints and help")                                            \
    X(PROMPT, "prompt", "the text being typed")                                                \
    X(MATCH, "match", "what a search or filter matched")                                       \
    X(BETTER, "better", "a value that is better")                                              \
    X(WORSE, "worse", "a value that is worse")                                                 \
    X(LIVE, "live", "running now")                                                             \
    X(DONE, "done", "finished well")                                                           \
    X(FAILED, "failed", "failed, NaN")                                                         \
    X(WAITING, "waiting", "waits for somebody")                                                \
    X(ERROR, "error", "an error message")                                                      \
    X(WARNING, "warning", "a warning")                                                         \
    X(BAR, "bar", "the filled part of a bar")                                                  \
    X(BAR_EMPTY, "bar-empty", "the rest of it")                                                \
    X(AXIS, "axis", "a chart's axes and tick labels")                                          \
    X(GRID, "grid", "a chart's grid in text")                                                  \
    X(CURSOR, "cursor", "a chart's cursor line in text")                                       \
    X(MARK, "mark", "marks of NaN and restarts in text")                                       \
    X(POPUP, "popup", "text in a box above the screen")

enum role {
#define X(id, name, what) ROLE_##id,
    THEME_ROLES(X)
#undef X
        ROLE_SERIES, /* ROLE_SERIES + i, i < ASSAY_CHART_COLORS: the colours of series */
    ROLE_COUNT = ROLE_SERIES + ASSAY_CHART_COLORS,
};

#define STYLE_DEFAULT (-1) /* the terminal's own colour */
#define STYLE_NONE    (-2) /* not said: what lies under it shows */

enum style_attr {
    STYLE_BOLD = 1,
    STYLE_DIM = 2,
    STYLE_UNDERLINE = 4,
    STYLE_REVERSE = 8,
    STYLE_ITALIC = 16,
};
struct style {
    int16_t fg, bg; /* colour number of the terminal, STYLE_DEFAULT or STYLE_NONE */
    uint16_t attrs; /* enum style_attr */
};

struct theme {
    char name[32];
    bool light; /* made for light backgrounds */
    int colors; /* what it was reduced to: 256, 16, 8; 0: there are none, or it wants none */
    struct style styles[ROLE_COUNT];
    const struct assay_chart_palette *chart; /* what pixels are painted with */
};

/* Fills *theme from the theme NAME: a path where it contains '/', else NAME.theme in DIRECTORY
   (may be NULL), else the compiled-in one. COLORS is what the terminal has; below 8, attributes
   only. On failure *theme is the compiled-in "dark", and *err names the line at fault. */
enum assay_status theme_load(struct theme *theme, const char *name, const char *directory,
                             int colors, struct assay_error *err);
/* The same from text already in memory; NAME is only for messages. For tests and the fuzzer. */
enum assay_status theme_parse(struct theme *theme, const char *name, const char *text,
                              size_t length, int colors, struct assay_error *err);
/* What its charts are painted with on a background of its own kind. */
const struct assay_chart_palette *theme_palette(const struct theme *theme);
/* Turns *theme, which has no colours of its own but those of charts, to a light or a dark
   background. */
void theme_turn(struct theme *theme, bool light);
/* Gives *theme a background of its own, where the terminal's is of the other kind: what it
   leaves to the terminal gets the colours of its charts. */
void theme_paint(struct theme *theme);
/* Names of the compiled-in themes, in order of the alphabet; NULL past the last. */
const char *theme_builtin(size_t index);

/* How ROLE looks above UNDER: colours that ROLE leaves open, and all attributes of UNDER, shine
   through. An example: ROLE_WORSE on the cursor's row is theme_style(theme, ROLE_WORSE,
   ROLE_HERE). */
struct style theme_style(const struct theme *theme, enum role role, enum role under);

#endif
