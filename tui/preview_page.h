/*
 * What a file says, made ready to be looked at: lines of clean text with the role of each, or a
 * picture. Pure: bytes in, a page out; made on another thread (file_preview.c) and drawn from
 * on the screen's. The bytes are hostile: what is made of them is bounded, and nothing of it is
 * a control character but the marks below.
 */
#ifndef TUI_PREVIEW_PAGE_H
#define TUI_PREVIEW_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>
#include <assay/image.h>

#include "theme.h"

enum preview_kind {
    PREVIEW_TEXT,
    PREVIEW_MARKDOWN,
    PREVIEW_TABLE, /* comma- or tab-separated values */
    PREVIEW_JSON,
    PREVIEW_IMAGE,
    PREVIEW_BYTES, /* anything else, as bytes */
};

/* Within a line: from here on in another look, until PREVIEW_PLAIN. */
#define PREVIEW_PLAIN  '\x01'
#define PREVIEW_STRONG '\x02'
#define PREVIEW_CODE   '\x03'
#define PREVIEW_LINK   '\x04'

#define PREVIEW_LINES_MAX 200000u
#define PREVIEW_OUT_MAX   (24u << 20) /* bytes of all lines */

struct preview_line {
    uint32_t at;    /* its text in the page's, which ends with NUL */
    uint32_t after; /* the first line behind what it holds; 0: it holds none */
    uint8_t role;   /* enum role */
    uint8_t indent; /* cells before it, and before what is wrapped of it */
    bool wraps;     /* over as many rows as it takes; else it is cut at the edge */
    bool closed;    /* what it holds is not shown */
};

struct preview_page {
    enum preview_kind kind;
    struct assay_buf text;
    struct preview_line *lines;
    size_t count, capacity;
    bool headed;  /* the first line stays on top: the columns of a table */
    bool cut;     /* there was more than fits the bounds above */
    bool partial; /* some of it is in no line: a cell too wide, what was written over, bytes
                     that are no text */
    size_t rows, columns;     /* of a table, without its head */
    struct assay_image image; /* of kind PREVIEW_IMAGE */
    int width, height; /* of the picture in the file, which `image` may be smaller than */
    char why[160];     /* why it is shown as something simpler than its name says; "" */
};

/* The name's ending and the bytes decide what it is. WHOLE: the bytes are all of the file, not
   a part of it. */
void preview_page_read(struct preview_page *page, const char *name, const char *bytes,
                       size_t length, bool whole);
/* The bytes as plain text, as they are: nothing is left out but what does not fit. */
void preview_page_plain(struct preview_page *page, const char *bytes, size_t length);
void preview_page_free(struct preview_page *page);

/* "text", "Markdown", ... */
const char *preview_kind_name(enum preview_kind kind);
/* One row of TEXT in WIDTH cells, broken at a blank where there is one: the bytes to show, and
   in *advance those to go on by. Marks take no room. */
size_t preview_row(const char *text, int width, size_t *advance);

/* ---- for the readers of one kind each ---- */

/* Begins a line; what is added to page->text until the next belongs to it. NULL where the page
   is full. */
struct preview_line *preview_add(struct preview_page *page, enum role role);
void preview_clean(struct preview_page *page, const char *text, size_t length);

void preview_markdown(struct preview_page *page, const char *bytes, size_t length);
/* Emphasis, code and links of Markdown in TEXT. */
void preview_markdown_inline(struct preview_page *page, const char *text, size_t length);
/* A table that begins here: the bytes it takes, 0 where none does. */
size_t preview_markdown_table(struct preview_page *page, const char *bytes, size_t length);
void preview_table(struct preview_page *page, const char *bytes, size_t length, char separator);
/* False, and why in page->why, where the bytes are no JSON; nothing is on the page then.
   Several documents one after the other (JSON lines) are fine. */
bool preview_json(struct preview_page *page, const char *bytes, size_t length);

#endif
