/*
 * Pages of files (preview_page.h), for file_preview.c: which kind a file is, plain text, bytes,
 * pictures, and how lines are broken into rows.
 */
#include "preview_page.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/memory.h>
#include <assay/text.h>

#define BYTES_SHOWN 4096
#define PICTURE_SIDE                                                                           \
    1400 /* what terminals show of a picture at most; larger ones are halved                   \
          */

struct preview_line *preview_add(struct preview_page *page, enum role role)
{
    if (page->count >= PREVIEW_LINES_MAX || page->text.overflow ||
        page->text.length > PREVIEW_OUT_MAX) {
        page->cut = true;
        return NULL;
    }
    if (page->count > 0) {
        assay_buf_char(&page->text, '\0');
    }
    ASSAY_GROW(page->lines, page->capacity, page->count + 1);
    struct preview_line *line = &page->lines[page->count++];
    *line = (struct preview_line){.at = (uint32_t)page->text.length, .role = (uint8_t)role};
    return line;
}

void preview_clean(struct preview_page *page, const char *text, size_t length)
{
    assay_text_clean(&page->text, text, length);
}

void preview_page_free(struct preview_page *page)
{
    assay_buf_free(&page->text);
    free(page->lines);
    assay_image_free(&page->image);
    *page = (struct preview_page){0};
}

const char *preview_kind_name(enum preview_kind kind)
{
    static const char *const names[] = {
        [PREVIEW_TEXT] = "text", [PREVIEW_MARKDOWN] = "Markdown", [PREVIEW_TABLE] = "table",
        [PREVIEW_JSON] = "JSON", [PREVIEW_IMAGE] = "picture",     [PREVIEW_BYTES] = "bytes",
    };
    return names[kind];
}

/* ---- rows ---- */

size_t preview_row(const char *text, int width, size_t *advance)
{
    size_t at = 0, blank = 0;
    int used = 0;
    while (text[at]) {
        uint32_t code;
        /* The text may be a file on one line: only the next character is measured. */
        size_t length = assay_utf8_decode(text + at, strnlen(text + at, 4), &code);
        length = length > 0 ? length : 1;
        int cells = code < ' ' ? 0 : assay_code_width(code);
        if (used + (cells > 0 ? cells : 0) > width && at > 0) {
            break;
        }
        used += cells > 0 ? cells : 0;
        if (code == ' ') {
            blank = at;
        }
        at += length;
    }
    *advance = at;
    if (text[at] && text[at] != ' ' && blank > at / 2) {
        at = blank;
        *advance = blank + 1;
    } else if (text[at] == ' ') {
        *advance = at + 1;
    }
    return at;
}

/* ---- text and bytes ---- */

/* ALL: what was written over is shown as well. */
static void read_text(struct preview_page *page, const char *bytes, size_t length, bool all)
{
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t line = end ? (size_t)(end - bytes) : length;
        size_t shown = line > 0 && bytes[line - 1] == '\r' ? line - 1 : line;
        /* What a progress bar wrote over itself is what was last to be seen of it. */
        const char *over = all ? NULL : memrchr(bytes, '\r', shown);
        const char *from = over ? over + 1 : bytes;
        page->partial |= from != bytes;
        struct preview_line *into = preview_add(page, ROLE_NORMAL);
        if (!into) {
            return;
        }
        into->wraps = true;
        preview_clean(page, from, shown - (size_t)(from - bytes));
        bytes += line + (end ? 1 : 0);
        length -= line + (end ? 1 : 0);
    }
}

static void read_bytes(struct preview_page *page, const char *bytes, size_t length)
{
    page->kind = PREVIEW_BYTES;
    page->partial = true;
    page->cut = length > BYTES_SHOWN;
    length = length < BYTES_SHOWN ? length : BYTES_SHOWN;
    for (size_t at = 0; at < length; at += 16) {
        size_t count = length - at < 16 ? length - at : 16;
        char text[17] = "";
        if (!preview_add(page, ROLE_NORMAL)) {
            return;
        }
        assay_buf_format(&page->text, "%06zx  ", at);
        for (size_t i = 0; i < 16; i++) {
            unsigned char byte = i < count ? (unsigned char)bytes[at + i] : 0;
            if (i < count) {
                assay_buf_format(&page->text, "%02x ", byte);
                text[i] = byte >= ' ' && byte < 0x7f ? (char)byte : '.';
            } else {
                assay_buf_text_add(&page->text, "   ");
            }
        }
        assay_buf_format(&page->text, " %s", text);
    }
}

/* ---- pictures ---- */

/* Each pixel the mean of BY x BY of the picture's. */
static void shrink(struct assay_image *image, int by)
{
    int width = image->width / by, height = image->height / by;
    uint8_t *rgb = assay_alloc_array((size_t)width * (size_t)height, 3);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width * 3; x++) {
            unsigned sum = 0;
            for (int i = 0; i < by * by; i++) {
                size_t row = (size_t)(y * by + i / by);
                size_t column = (size_t)(x / 3 * by + i % by);
                sum += image->rgb[(row * (size_t)image->width + column) * 3 + (size_t)(x % 3)];
            }
            rgb[((size_t)y * (size_t)width) * 3 + (size_t)x] =
                (uint8_t)(sum / (unsigned)(by * by));
        }
    }
    free(image->rgb);
    *image = (struct assay_image){.width = width, .height = height, .rgb = rgb};
}

static bool read_image(struct preview_page *page, const char *bytes, size_t length)
{
    struct assay_error err = {0};
    if (assay_image_read(&page->image, bytes, length, &err) != ASSAY_OK) {
        snprintf(page->why, sizeof page->why, "%.150s", err.what);
        return false;
    }
    page->kind = PREVIEW_IMAGE;
    page->width = page->image.width;
    page->height = page->image.height;
    int longer = page->width > page->height ? page->width : page->height;
    int shorter = page->width < page->height ? page->width : page->height;
    int by = longer / PICTURE_SIDE < shorter ? longer / PICTURE_SIDE : shorter;
    if (by > 1) {
        shrink(&page->image, by);
    }
    return true;
}

/* ---- which it is ---- */

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcasecmp(name + length - tail, end) == 0;
}

static bool any_end(const char *name, const char *const *ends)
{
    for (; *ends; ends++) {
        if (ends_with(name, *ends)) {
            return true;
        }
    }
    return false;
}

void preview_page_read(struct preview_page *page, const char *name, const char *bytes,
                       size_t length, bool whole)
{
    static const char *const markdown[] = {".md", ".markdown", NULL};
    static const char *const json[] = {".json", ".jsonl", ".ndjson", ".geojson", NULL};
    *page = (struct preview_page){.text = {.limit = PREVIEW_OUT_MAX + (1u << 20)}};
    if (whole && assay_image_named(name) && read_image(page, bytes, length)) {
        return;
    }
    if (memchr(bytes, '\0', length)) {
        read_bytes(page, bytes, length);
        return;
    }
    if (ends_with(name, ".csv") || ends_with(name, ".tsv")) {
        page->kind = PREVIEW_TABLE;
        preview_table(page, bytes, length, ends_with(name, ".csv") ? ',' : '\t');
    } else if (any_end(name, json) && whole && preview_json(page, bytes, length)) {
        page->kind = PREVIEW_JSON;
    } else if (any_end(name, markdown)) {
        page->kind = PREVIEW_MARKDOWN;
        preview_markdown(page, bytes, length);
    } else {
        read_text(page, bytes, length, false);
    }
    page->partial |= !assay_utf8_valid(bytes, length);
}

void preview_page_plain(struct preview_page *page, const char *bytes, size_t length)
{
    *page = (struct preview_page){.text = {.limit = PREVIEW_OUT_MAX + (1u << 20)}};
    read_text(page, bytes, length, true);
    page->partial |= !assay_utf8_valid(bytes, length);
}
