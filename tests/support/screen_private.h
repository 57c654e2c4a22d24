/*
 * What the two halves of the test terminal share: screen.c (process, keys, waiting, questions
 * of the tests) and screen_glass.c (the stream: text, images, answers).
 */
#ifndef TESTS_SCREEN_PRIVATE_H
#define TESTS_SCREEN_PRIVATE_H

#include <sys/types.h>
#include <vterm.h>

#include <assay/buf.h>

#include "support/screen.h"

enum stream_state { STREAM_TEXT, STREAM_ESC, STREAM_CSI, STREAM_STRING, STREAM_STRING_ESC };

struct screen {
    enum screen_kind kind;
    int columns, rows;
    pid_t child;
    int master;
    bool ended;
    int status;
    long long slept_before; /* first_sleeps() when keys were sent last; -1 once they woke it */
    int64_t woken_by;
    int64_t escape_us;       /* a lone ESC was sent, for which the program waits so long; 0 */
    int64_t not_idle_before; /* that wait ends then */

    VTerm *vt;
    VTermScreen *text;
    bool cursor_visible;

    enum stream_state state;
    char introducer; /* of a string */
    struct assay_buf sequence;
    char last[8]; /* the character printed last, for REP */
    size_t last_length;
    bool sync;

    uint32_t *glass; /* pixels of images, columns * cell by rows * cell */
    struct screen_image images[64];
    size_t image_count;
    struct assay_buf answers; /* held back or not yet written */
    struct assay_buf line;
    struct screen_counts counts;
};

void glass_open(struct screen *screen);
void glass_resize(struct screen *screen, int columns, int rows);
void glass_close(struct screen *screen);
/* Takes what the program wrote. */
void glass_take(struct screen *screen, const char *bytes, size_t length);
/* The pixels that the kernel is told the window has. */
void glass_window(const struct screen *screen, int *width, int *height);

#endif
