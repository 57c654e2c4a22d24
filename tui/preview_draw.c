/*
 * Drawing a file that is looked at (file_preview.h): its page in rows, and the line above that
 * says what it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "app.h"
#include "errand.h"
#include "file_preview.h"

#define FOLLOW_INDENT 2 /* of what a wrapped line goes on with */

static const char *line_text(const struct file_preview *preview, size_t line)
{
    return assay_buf_text(&preview->page.text) + preview->page.lines[line].at;
}

static void add_row(struct file_preview *preview, size_t line, size_t byte)
{
    ASSAY_GROW(preview->rows, preview->row_capacity, preview->row_count + 1);
    preview->rows[preview->row_count++] =
        (struct preview_row_at){.line = (uint32_t)line, .byte = (uint32_t)byte};
}

static void break_line(struct file_preview *preview, size_t index)
{
    const struct preview_line *line = &preview->page.lines[index];
    const char *text = line_text(preview, index);
    size_t at = 0, advance = 0;
    add_row(preview, index, 0);
    int width = preview->width - line->indent;
    while (line->wraps && width > FOLLOW_INDENT + 8) {
        preview_row(text + at, width, &advance);
        at += advance;
        if (!text[at]) {
            break;
        }
        add_row(preview, index, at);
        width = preview->width - line->indent - FOLLOW_INDENT;
    }
}

/* The page in rows of WIDTH cells; the line under the cursor stays under it. */
static void make_rows(struct file_preview *preview, int width)
{
    const struct preview_page *page = &preview->page;
    size_t line =
        preview->cursor < preview->row_count ? preview->rows[preview->cursor].line : 0;
    bool known = preview->row_count > 0;
    long above = (long)preview->cursor - (long)preview->top;
    preview->width = width;
    preview->row_count = 0;
    for (size_t i = page->headed ? 1 : 0; i < page->count; i++) {
        if (*preview->filter && !assay_text_contains(line_text(preview, i), preview->filter)) {
            continue;
        }
        break_line(preview, i);
        if (!*preview->filter && page->lines[i].closed && page->lines[i].after) {
            i = page->lines[i].after - 1;
        }
    }
    for (size_t i = 0; known && i < preview->row_count; i++) {
        if (preview->rows[i].line <= line) {
            preview->cursor = i;
        }
    }
    if (known) {
        preview->top = (long)preview->cursor > above ? preview->cursor - (size_t)above : 0;
    }
}

static void keep_in_sight(struct file_preview *preview, int height)
{
    size_t count = preview->row_count, rows = height > 0 ? (size_t)height : 1;
    if (preview->to_end) {
        preview->cursor = count > 0 ? count - 1 : 0;
        preview->to_end = false;
    }
    preview->height = height;
    preview->cursor = preview->cursor < count ? preview->cursor : count > 0 ? count - 1 : 0;
    if (preview->cursor < preview->top) {
        preview->top = preview->cursor;
    }
    if (preview->cursor >= preview->top + rows) {
        preview->top = preview->cursor - rows + 1;
    }
    if (preview->top + rows > count) {
        preview->top = count > rows ? count - rows : 0;
    }
}

static enum role marked(char sign, enum role role)
{
    switch (sign) {
    case PREVIEW_STRONG:
        return ROLE_STRONG;
    case PREVIEW_CODE:
        return ROLE_ACCENT;
    case PREVIEW_LINK:
        return ROLE_KEY;
    default:
        return role;
    }
}

/* TEXT[0..length) from cell X on, with its marks; SKIP cells of it lie to the left of the area.
   LOOK is the mark in force, before and afterwards. */
static void draw_marked(struct area area, int x, enum role role, const char *text,
                        size_t length, int skip, char *look)
{
    char piece[512];
    size_t used = 0, at = 0;
    int cells = 0, from = 0;
    while (at <= length && x + from - skip < area.rect.width) {
        uint32_t code = 0;
        size_t bytes = at < length ? assay_utf8_decode(text + at, length - at, &code) : 0;
        bool ends = at == length || code < ' ' || used + 5 > sizeof piece;
        if (ends) {
            piece[used] = '\0';
            draw_text(area, x + from - skip, 0, marked(*look, role), piece);
            from = cells;
            used = 0;
        }
        if (at == length) {
            break;
        }
        bytes = bytes > 0 ? bytes : 1;
        if (code < ' ') {
            *look = (char)code;
        } else {
            int wide = assay_code_width(code);
            if (cells < skip && used == 0) { /* out of sight on the left */
                cells += wide > 0 ? wide : 0;
                from = cells;
            } else {
                memcpy(piece + used, text + at, bytes);
                used += bytes;
                cells += wide > 0 ? wide : 0;
            }
        }
        at += bytes;
    }
}

static void draw_row(const struct file_preview *preview, struct area line, size_t row)
{
    const struct preview_row_at *at = &preview->rows[row];
    const struct preview_line *from = &preview->page.lines[at->line];
    const char *text = line_text(preview, at->line);
    char look = PREVIEW_PLAIN;
    int indent = 2 + from->indent + (at->byte > 0 ? FOLLOW_INDENT : 0);
    size_t advance, length;
    if (from->after) {
        bool ascii = line.canvas->ascii;
        draw_text(line, indent - 2, 0, ROLE_DIM,
                  from->closed ? (ascii ? "+" : "▸") : (ascii ? "-" : "▾"));
    }
    /* What was begun in the rows before; plain text has no marks. */
    for (size_t i = 0; preview->page.kind != PREVIEW_TEXT && i < at->byte; i++) {
        if ((unsigned char)text[i] < ' ') {
            look = text[i];
        }
    }
    length = from->wraps ? preview_row(text + at->byte, line.rect.width - indent - 1, &advance)
                         : strlen(text + at->byte);
    draw_marked(line, indent, (enum role)from->role, text + at->byte, length,
                from->wraps ? 0 : preview->left, &look);
}

/* The row that was asked for comes to the top. */
static void go_to(struct file_preview *preview)
{
    const struct preview_row_at to = preview->go_to;
    for (size_t i = 0; preview->going && i < preview->row_count; i++) {
        const struct preview_row_at *row = &preview->rows[i];
        if (row->line > to.line || (row->line == to.line && row->byte > to.byte)) {
            break;
        }
        preview->top = preview->cursor = i;
    }
    preview->going = false;
}

static void draw_about(const struct file_preview *preview, struct area line)
{
    const struct preview_page *page = &preview->page;
    char bytes[32], count[32], text[300];
    const char *dot = line.canvas->ascii ? " - " : " · ";
    int used = snprintf(text, sizeof text, "%s%s%s", preview_kind_name(page->kind), dot,
                        assay_bytes_text(bytes, preview->bytes));
    if (page->kind == PREVIEW_IMAGE) {
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%d x %d pixels", dot,
                         page->width, page->height);
    } else if (page->kind == PREVIEW_TABLE) {
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%s rows, %zu columns", dot,
                         assay_count_text(count, page->rows), page->columns);
    } else if (page->kind != PREVIEW_BYTES) {
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%s lines", dot,
                         assay_count_text(count, page->count));
    }
    if (*preview->filter) {
        char kept[32];
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%s with \"%s\"", dot,
                         assay_count_text(kept, preview->row_count), preview->filter);
    }
    int x = 2 + draw_text(line, 2, 0, ROLE_DIM, text);
    if (preview->part || page->cut) {
        draw_format(line, x + 2, 0, ROLE_WARNING, "%s of it",
                    preview->tail ? "only the end" : "only the beginning");
    } else if (page->why[0]) {
        draw_format(line, x + 2, 0, ROLE_WARNING, "%s", page->why);
    }
}

static void draw_waiting(const struct file_preview *preview, struct app *app, struct area area)
{
    uint64_t done = 0, total = 0;
    char some[32], all[32], key[32];
    if (!preview->errand) {
        draw_text(area, 2, 0, ROLE_DIM,
                  preview->cancelled ? "not read: stopped" : preview->why);
        return;
    }
    errand_progress(preview->errand, &done, &total);
    app_draw_in(app, 100);
    if (total == 0) {
        draw_text(area, 2, 0, ROLE_DIM, "reading");
        return;
    }
    int x = 2 + draw_format(area, 2, 0, ROLE_DIM, "reading %s of %s   ",
                            assay_bytes_text(some, done), assay_bytes_text(all, total));
    draw_bar(area, x, 0, 20, (double)done / (double)total);
    keymap_key(&app->keymap, CMD_CANCEL, WHERE_RUN, key);
    draw_format(area, x + 22, 0, ROLE_DIM, "%s stops it", key);
}

void file_preview_draw(struct file_preview *preview, struct app *app, struct area area,
                       bool focus, int slot)
{
    const struct preview_page *page = &preview->page;
    int height = area.rect.height, width = area.rect.width;
    preview->rect = (struct rect){0};
    if (height < 2 || width < 8) {
        return;
    }
    if (!preview->ready) {
        draw_waiting(preview, app, area);
        return;
    }
    if (page->kind != PREVIEW_IMAGE && preview->width != width - 3) {
        make_rows(preview, width - 3);
    }
    draw_about(preview, area_row(area, 0));
    int top = height >= 6 ? 2 : 1;
    struct area body = area_part(area, 0, top, width, height - top);
    if (page->kind == PREVIEW_IMAGE) {
        image_widget_draw(&preview->image, app, &page->image, preview->version,
                          area_part(body, 2, 0, width - 3, height - top), slot);
        preview->shown_image |= preview->watching;
        return;
    }
    if (page->headed && page->count > 0) {
        char look = PREVIEW_PLAIN;
        const char *head = line_text(preview, 0);
        draw_marked(area_row(body, 0), 2, ROLE_STRONG, head, strlen(head), preview->left,
                    &look);
        preview_shown_line(preview, 0, width - 1);
        body = area_part(body, 0, 1, width, height - top - 1);
    }
    go_to(preview);
    keep_in_sight(preview, body.rect.height);
    preview->rect = body.rect;
    if (preview->row_count == 0) {
        draw_text(body, 2, 0, ROLE_DIM, *preview->filter ? "no line has that" : "it is empty");
    }
    for (int y = 0; y < body.rect.height; y++) {
        size_t row = preview->top + (size_t)y;
        if (row >= preview->row_count) {
            break;
        }
        struct area line = area_row(body, y);
        if (focus && row == preview->cursor) {
            line = area_under(line, ROLE_HERE);
            draw_clear(line);
        }
        draw_row(preview, line, row);
        preview_shown_row(preview, row, width - 1);
    }
    draw_scrollbar(body, width - 1, 0, body.rect.height, preview->top, preview->row_count);
}
