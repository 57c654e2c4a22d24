/*
 * A file looked at: text, Markdown, tables, JSON as a tree, pictures; anything else as bytes.
 * The one viewer of artifacts and of evidence. Reading and understanding is done beside the
 * screen (errand.h), with how far it is and a way to stop it. Its owner calls
 * file_preview_ask() or _give() whenever it draws, file_preview_take() from its poll, and hands
 * on what moves. Where it matters that all of a file was looked at, it keeps what has been on
 * the screen (preview_shown.c).
 */
#ifndef TUI_FILE_PREVIEW_H
#define TUI_FILE_PREVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "draw.h"
#include "preview_page.h"
#include "widget_image.h"

#define PREVIEW_TEXT_MAX  (2u << 20)  /* bytes of a text that are looked at: its beginning */
#define PREVIEW_IMAGE_MAX (32u << 20) /* larger pictures are not unpacked */

struct app;
struct errand;

struct preview_row_at {
    uint32_t line, byte; /* of the page; where the row begins in its text */
};

struct file_preview {
    char *key; /* of what is shown, or asked for */
    struct errand *errand;
    struct preview_job *job; /* the errand's */
    bool cancelled;
    char why[200]; /* why there is nothing, clean */

    struct preview_page page;
    bool ready;       /* there is a page */
    bool part;        /* of a file that is larger */
    bool tail;        /* and that part is its end */
    uint64_t bytes;   /* of the whole file */
    uint64_t version; /* of the page, never 0 */
    char filter[128]; /* only lines with this; "" all */
    bool follow;      /* begin at the end, and stay there when there is more (a log) */
    bool to_end;      /* at the next drawing */
    uint64_t asked;   /* the version last asked for */

    struct preview_row_at *rows; /* the page in rows of `width` cells */
    size_t row_count, row_capacity;
    int width;
    size_t top, cursor; /* rows */
    int left;           /* cells scrolled to the right, of lines that are not wrapped */
    int height;         /* rows shown when last drawn */
    struct rect rect;   /* where the rows were drawn */
    struct image_widget image;

    bool watching;        /* what is drawn is looked at: nothing lies over it */
    uint32_t *shown;      /* of each line of the page: how far it has been on the screen */
    size_t shown_lines;   /* that were there to their end */
    size_t shown_counted; /* lines of the page that `shown` is for */
    bool shown_image;
    bool going; /* … to where the next drawing begins */
    struct preview_row_at go_to;
};

void file_preview_init(struct file_preview *preview);
void file_preview_free(struct file_preview *preview, struct app *app);

/* Asks for the file PATH of the folder ROOT (assay_open_inside()), whose name says what it is;
   nothing where it is what is shown or asked for already. Of large texts the beginning is read,
   with END the end. VERSION (a size, a time) says whether the file is still the one that was
   read; while another is read the old one stays, and so does the place looked at. */
void file_preview_ask(struct file_preview *preview, struct app *app, const char *root,
                      const char *path, bool end, uint64_t version);
/* The same for bytes that are in memory, of which nothing is to be left out: where the form
   that NAME promises would, they are shown as plain text. KEY says what they are (a digest).
   BYTES_TAKE ends with a NUL that LENGTH does not count, and is freed where KEY is what is
   shown already. */
void file_preview_give(struct file_preview *preview, struct app *app, const char *key,
                       const char *name, char *bytes_take, size_t length);
/* Whether KEY (ROOT/PATH, for _ask) is what is shown or asked for. */
bool file_preview_has(const struct file_preview *preview, const char *key);
/* Takes what has arrived; true where there is something new. */
bool file_preview_take(struct file_preview *preview, struct app *app);
/* Stops reading; true where there was something to stop. */
bool file_preview_cancel(struct file_preview *preview, struct app *app);

/* Draws a line that says what it is, then as much of it as there is room for. FOCUS: the cursor
   is in it. Pictures go to slot SLOT of the terminal's images. */
void file_preview_draw(struct file_preview *preview, struct app *app, struct area area,
                       bool focus, int slot);
/* Moving, and opening and closing what a line holds; false where ID is no command for it. */
bool file_preview_command(struct file_preview *preview, enum command_id id);
void file_preview_filter(struct file_preview *preview, const char *words);
/* The wheel and clicks, for events within preview->rect. */
void file_preview_wheel(struct file_preview *preview, int rows);
void file_preview_click(struct file_preview *preview, int x, int y);

/* ---- what has been on the screen: preview_shown.c ---- */

/* Whether it can be looked at whole here: no part of it, no bytes that are no text. */
bool file_preview_can_show_all(const struct file_preview *preview);
/* Whether all of it was on the screen, while `watching`, each line to its end; resizing and
   moving about takes nothing back. */
bool file_preview_all_shown(const struct file_preview *preview);
/* Goes to the first line that was not, and opens what it lies in; false where there is none. */
bool file_preview_to_unshown(struct file_preview *preview);
/* For preview_draw.c: the row ROW, or a line that stays on top, was drawn in WIDTH cells. */
void preview_shown_row(struct file_preview *preview, size_t row, int width);
void preview_shown_line(struct file_preview *preview, size_t line, int width);
void preview_shown_forget(struct file_preview *preview); /* there is another page */

/* The text of the line under the cursor, without marks: *out is a new string. */
bool file_preview_line(const struct file_preview *preview, char **out);

#endif
