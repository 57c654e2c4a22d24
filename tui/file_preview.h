/*
 * The beginning of a small text file, read by a thread of its own so that a slow disk never
 * stops the screen. The text arrives through a descriptor the loop watches.
 */
#ifndef TUI_FILE_PREVIEW_H
#define TUI_FILE_PREVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <assay/buf.h>

#define PREVIEW_BYTES (64 * 1024)

struct app;

struct file_preview {
    char *path;    /* what is shown, or asked for */
    char *text;    /* clean; NULL: not there (yet) */
    char why[128]; /* why there is no text, clean */
    bool busy;
    int fd, watch;
    struct assay_buf raw; /* what has come so far: one byte for how it went, then the file */
};

void file_preview_init(struct file_preview *preview);
/* Asks for PATH; nothing where it is what is shown or asked for already. */
void file_preview_ask(struct file_preview *preview, struct app *app, const char *root,
                      const char *path);
/* Takes what has arrived; true where there is something new. */
bool file_preview_take(struct file_preview *preview, struct app *app);
void file_preview_free(struct file_preview *preview, struct app *app);

#endif
