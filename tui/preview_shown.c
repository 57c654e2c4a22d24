/*
 * What of a file that is looked at has been on the screen (file_preview.h), for evidence, which
 * counts as seen only once all of it was shown. Of each line is kept how far it was, from its
 * beginning on: bytes of one that wraps, cells of one that is cut at the edge; so that another
 * width, or going back, takes nothing away. Called by preview_draw.c for what it draws.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "file_preview.h"

#define SHOWN_ALL UINT32_MAX

void preview_shown_forget(struct file_preview *preview)
{
    free(preview->shown);
    preview->shown = NULL;
    preview->shown_lines = preview->shown_counted = 0;
    preview->shown_image = false;
    preview->going = false;
}

static const char *line_text(const struct file_preview *preview, size_t line)
{
    return assay_buf_text(&preview->page.text) + preview->page.lines[line].at;
}

/* Cells of TEXT; its marks take none. */
static size_t cells_of(const char *text)
{
    size_t cells = 0, left = strlen(text);
    while (left > 0) {
        uint32_t code;
        size_t bytes = assay_utf8_decode(text, left, &code);
        int wide = code < ' ' ? 0 : assay_code_width(code);
        bytes = bytes > 0 ? bytes : 1;
        cells += wide > 0 ? (size_t)wide : 0;
        text += bytes;
        left -= bytes;
    }
    return cells;
}

/* What all of a line is, in the unit that is kept of it. */
static size_t whole_of(const struct file_preview *preview, size_t line)
{
    const struct preview_page *page = &preview->page;
    if (!page->lines[line].wraps) {
        return cells_of(line_text(preview, line));
    }
    return (line + 1 < page->count ? page->lines[line + 1].at - 1 : page->text.length) -
           page->lines[line].at;
}

/* From FROM up to END of LINE was on the screen. What comes before it must have been there. */
static void extend(struct file_preview *preview, size_t line, size_t from, size_t end)
{
    if (preview->shown_counted != preview->page.count) {
        preview_shown_forget(preview);
        preview->shown_counted = preview->page.count;
        preview->shown = assay_alloc_array(preview->page.count, sizeof *preview->shown);
    }
    uint32_t *shown = &preview->shown[line];
    if (*shown == SHOWN_ALL || (from > 0 && from >= *shown)) {
        return;
    }
    if (end >= whole_of(preview, line)) {
        *shown = SHOWN_ALL;
        preview->shown_lines++;
    } else if (end + 1 > *shown) {
        *shown = (uint32_t)(end + 1);
    }
}

void preview_shown_line(struct file_preview *preview, size_t line, int width)
{
    const int room = width - 2 - preview->page.lines[line].indent;
    if (preview->watching && room > 1) {
        const size_t end = (size_t)(preview->left + room);
        /* Of what goes on, the last character may be a half. */
        extend(preview, line, (size_t)preview->left,
               end >= whole_of(preview, line) ? end : end - 1);
    }
}

/* Where the last row of a line ends: it is cut where the screen is too narrow to break it.
   Blanks at its end need not be seen. */
static size_t end_of_last(const struct file_preview *preview, const struct preview_row_at *at,
                          int width)
{
    const char *text = line_text(preview, at->line);
    const int room = width - 2 - preview->page.lines[at->line].indent;
    size_t advance;
    const size_t end = at->byte + preview_row(text + at->byte, room > 1 ? room : 1, &advance);
    const size_t blanks = strspn(text + end, " ");
    return text[end + blanks] ? end : end + blanks;
}

void preview_shown_row(struct file_preview *preview, size_t row, int width)
{
    const struct preview_row_at *at = &preview->rows[row];
    const bool last = row + 1 == preview->row_count || preview->rows[row + 1].line != at->line;
    if (!preview->page.lines[at->line].wraps) {
        preview_shown_line(preview, at->line, width);
    } else if (preview->watching) {
        extend(preview, at->line, at->byte,
               last ? end_of_last(preview, at, width) : preview->rows[row + 1].byte);
    }
}

bool file_preview_can_show_all(const struct file_preview *preview)
{
    const struct preview_page *page = &preview->page;
    return preview->ready && !preview->part && !page->cut && !page->partial &&
           !*preview->filter;
}

bool file_preview_all_shown(const struct file_preview *preview)
{
    if (!file_preview_can_show_all(preview)) {
        return false;
    }
    return preview->page.kind == PREVIEW_IMAGE ? preview->shown_image
                                               : preview->shown_lines == preview->page.count;
}

bool file_preview_to_unshown(struct file_preview *preview)
{
    struct preview_page *page = &preview->page;
    size_t line = 0;
    if (!preview->ready || page->kind == PREVIEW_IMAGE) {
        return false;
    }
    const bool counted = preview->shown_counted == page->count;
    while (line < page->count && counted && preview->shown[line] == SHOWN_ALL) {
        line++;
    }
    if (line == page->count) {
        return false;
    }
    for (size_t i = 0; i < line; i++) {
        if (page->lines[i].closed && page->lines[i].after > line) {
            page->lines[i].closed = false;
            preview->width = 0; /* the rows are to be made anew */
        }
    }
    const uint32_t shown = counted ? preview->shown[line] : 0;
    const bool wraps = page->lines[line].wraps;
    /* A line too wide goes on where it was cut, with a little of what was there. */
    preview->left = !wraps && shown > 5 ? (int)shown - 5 : 0;
    preview->go_to =
        (struct preview_row_at){(uint32_t)line, wraps && shown > 0 ? shown - 1 : 0};
    preview->going = true;
    return true;
}
