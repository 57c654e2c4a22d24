/*
 * Canvas, areas and the helpers that draw on them; called by every screen and widget. See
 * draw.h.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/buf.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "draw.h"

#define CANVAS_SIDE_MAX 1000

bool rect_empty(struct rect rect)
{
    return rect.width <= 0 || rect.height <= 0;
}

bool rect_equal(struct rect a, struct rect b)
{
    return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height;
}

bool rect_overlap(struct rect a, struct rect b)
{
    return !rect_empty(rect_cut(a, b));
}

bool rect_contains(struct rect rect, int x, int y)
{
    return x >= rect.x && y >= rect.y && x - rect.x < rect.width && y - rect.y < rect.height;
}

struct rect rect_cut(struct rect a, struct rect b)
{
    int x = a.x > b.x ? a.x : b.x;
    int y = a.y > b.y ? a.y : b.y;
    int right = a.x + a.width < b.x + b.width ? a.x + a.width : b.x + b.width;
    int bottom = a.y + a.height < b.y + b.height ? a.y + a.height : b.y + b.height;

    if (right <= x || bottom <= y)
        return (struct rect){.x = x, .y = y};
    return (struct rect){.x = x, .y = y, .width = right - x, .height = bottom - y};
}

static struct cell blank_cell(struct style style)
{
    return (struct cell){.code = ' ', .style = style, .width = 1};
}

static struct style plain_style(const struct canvas *canvas)
{
    if (canvas->theme == NULL)
        return (struct style){.fg = STYLE_DEFAULT, .bg = STYLE_DEFAULT};
    return theme_style(canvas->theme, ROLE_NORMAL, ROLE_NORMAL);
}

void canvas_resize(struct canvas *canvas, int width, int height)
{
    struct style style = plain_style(canvas);

    width = width < 0 ? 0 : width > CANVAS_SIDE_MAX ? CANVAS_SIDE_MAX : width;
    height = height < 0 ? 0 : height > CANVAS_SIDE_MAX ? CANVAS_SIDE_MAX : height;
    free(canvas->cells);
    canvas->cells =
        assay_alloc_array((size_t)width * (size_t)height + 1, sizeof *canvas->cells);
    canvas->width = width;
    canvas->height = height;
    for (int i = 0; i < width * height; i++)
        canvas->cells[i] = blank_cell(style);
}

void canvas_free(struct canvas *canvas)
{
    free(canvas->cells);
    *canvas = (struct canvas){0};
}

const struct cell *canvas_cell(const struct canvas *canvas, int x, int y)
{
    if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height)
        return NULL;
    return &canvas->cells[y * canvas->width + x];
}

/* Before x, y is overwritten: the other half of a wide character there becomes a blank. */
static void split_wide(struct canvas *canvas, int x, int y)
{
    struct cell *cell = &canvas->cells[y * canvas->width + x];

    if (cell->width == 2 && x + 1 < canvas->width)
        cell[1] = blank_cell(cell[1].style);
    if (cell->width == 0 && x > 0)
        cell[-1] = blank_cell(cell[-1].style);
}

struct area area_all(struct canvas *canvas)
{
    return (struct area){
        .canvas = canvas,
        .rect = {.width = canvas->width, .height = canvas->height},
        .under = ROLE_NORMAL,
    };
}

struct area area_part(struct area area, int x, int y, int width, int height)
{
    struct rect part = {
        .x = area.rect.x + x, .y = area.rect.y + y, .width = width, .height = height};

    area.rect = rect_cut(area.rect, part);
    return area;
}

struct area area_row(struct area area, int y)
{
    return area_part(area, 0, y, area.rect.width, 1);
}

struct area area_under(struct area area, enum role under)
{
    area.under = under;
    return area;
}

static struct style role_style(struct area area, enum role role)
{
    if (area.canvas->theme == NULL)
        return plain_style(area.canvas);
    return theme_style(area.canvas->theme, role, area.under);
}

/* Puts one character of WIDTH cells at x, y of the area, clipped. */
static void put(struct area area, int x, int y, struct style style, uint32_t code, int width)
{
    struct canvas *canvas = area.canvas;
    int left = area.rect.x + x;
    int top = area.rect.y + y;
    struct cell *cell;

    if (y < 0 || y >= area.rect.height || x + width <= 0 || x >= area.rect.width)
        return;
    if (x < 0 || x + width > area.rect.width) { /* half of it would stick out */
        put(area, x < 0 ? 0 : x, y, style, ' ', 1);
        return;
    }
    cell = &canvas->cells[top * canvas->width + left];
    split_wide(canvas, left, top);
    if (width == 2)
        split_wide(canvas, left + 1, top);
    *cell = (struct cell){.code = code, .style = style, .width = (uint8_t)width};
    if (width == 2)
        cell[1] = (struct cell){.style = style};
}

/* Puts the combining character CODE upon the cell that ends before x. */
static void put_mark(struct area area, int x, int y, uint32_t code)
{
    struct cell *cell;

    if (y < 0 || y >= area.rect.height || x <= 0 || x > area.rect.width)
        return;
    cell = &area.canvas->cells[(area.rect.y + y) * area.canvas->width + area.rect.x + x - 1];
    if (cell->width == 0 && x > 1)
        cell--;
    if (cell->marks[0] == 0)
        cell->marks[0] = code;
    else if (cell->marks[1] == 0)
        cell->marks[1] = code;
}

static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/* Draws LENGTH bytes of TEXT; returns the cells they take. */
static int put_text(struct area area, int x, int y, struct style style, const char *text,
                    size_t length)
{
    int start = x;

    while (length > 0) {
        uint32_t code;
        size_t bytes = assay_utf8_decode(text, length, &code);
        int width;

        if (bytes == 0)
            break;
        text += bytes;
        length -= bytes;
        if (is_control(code))
            code = 0xfffd;
        width = assay_code_width(code);
        if (width <= 0) {
            put_mark(area, x, y, code);
            continue;
        }
        put(area, x, y, style, code, width);
        x += width;
        if (x - start > 2 * CANVAS_SIDE_MAX) /* nothing of the rest can be seen */
            break;
    }
    return x - start;
}

void draw_clear(struct area area)
{
    struct canvas *canvas = area.canvas;
    const struct cell blank = {.code = ' ', .style = role_style(area, ROLE_NORMAL), .width = 1};
    int left = area.rect.x, width = area.rect.width;

    for (int y = area.rect.y; width > 0 && y < area.rect.y + area.rect.height; y++) {
        struct cell *row = &canvas->cells[y * canvas->width + left];

        split_wide(canvas, left, y);
        split_wide(canvas, left + width - 1, y);
        for (int x = 0; x < width; x++)
            row[x] = blank;
    }
}

int draw_text(struct area area, int x, int y, enum role role, const char *text)
{
    return put_text(area, x, y, role_style(area, role), text, strlen(text));
}

int draw_format(struct area area, int x, int y, enum role role, const char *format, ...)
{
    struct assay_buf buf = {.limit = 16384};
    va_list args;
    int used;

    va_start(args, format);
    assay_buf_vformat(&buf, format, args);
    va_end(args);
    used = draw_text(area, x, y, role, assay_buf_text(&buf));
    assay_buf_free(&buf);
    return used;
}

void draw_field(struct area area, int x, int y, int width, enum align align, enum role role,
                const char *text)
{
    struct style style = role_style(area, role);
    struct style padding = style;
    size_t length = strlen(text);
    int used = 0, before;
    bool cut = false;

    if (width <= 0)
        return;
    if (length > 0 && assay_text_fit(text, width, &used) < length) {
        length = assay_text_fit(text, width - 1, &used);
        used += 1;
        cut = true;
    }
    before = align == ALIGN_RIGHT    ? width - used
             : align == ALIGN_CENTER ? (width - used) / 2
                                     : 0;
    /* Blanks are underlined where the whole row is, not because their text is. */
    if (!(role_style(area, ROLE_NORMAL).attrs & STYLE_UNDERLINE))
        padding.attrs = (uint16_t)(padding.attrs & ~(unsigned)STYLE_UNDERLINE);
    for (int i = 0; i < width; i++)
        put(area, x + i, y, padding, ' ', 1);
    put_text(area, x + before, y, style, text, length);
    if (cut)
        put(area, x + before + used - 1, y, style, area.canvas->ascii ? '~' : 0x2026, 1);
}

void draw_char(struct area area, int x, int y, enum role role, uint32_t code)
{
    int width;

    if (is_control(code))
        code = 0xfffd;
    width = assay_code_width(code);
    put(area, x, y, role_style(area, role), code, width == 2 ? 2 : 1);
}

void draw_hline(struct area area, int x, int y, int width, enum role role)
{
    for (int i = 0; i < width; i++)
        draw_char(area, x + i, y, role, area.canvas->ascii ? '-' : 0x2500);
}

void draw_vline(struct area area, int x, int y, int height, enum role role)
{
    for (int i = 0; i < height; i++)
        draw_char(area, x, y + i, role, area.canvas->ascii ? '|' : 0x2502);
}

struct area draw_box(struct area area, enum role role, const char *title)
{
    bool ascii = area.canvas->ascii;
    int right = area.rect.width - 1;
    int bottom = area.rect.height - 1;

    draw_clear(area);
    if (right < 1 || bottom < 1)
        return area_part(area, 0, 0, 0, 0);
    draw_hline(area, 1, 0, right - 1, role);
    draw_hline(area, 1, bottom, right - 1, role);
    draw_vline(area, 0, 1, bottom - 1, role);
    draw_vline(area, right, 1, bottom - 1, role);
    draw_char(area, 0, 0, role, ascii ? '+' : 0x256d);
    draw_char(area, right, 0, role, ascii ? '+' : 0x256e);
    draw_char(area, 0, bottom, role, ascii ? '+' : 0x2570);
    draw_char(area, right, bottom, role, ascii ? '+' : 0x256f);
    if (title != NULL && right > 5) {
        int width = assay_text_width(title);
        struct area top = area_part(area, 2, 0, right - 3, 1);

        width = width > right - 5 ? right - 5 : width;
        draw_field(top, 0, 0, width + 2, ALIGN_LEFT, role, "");
        draw_field(top, 1, 0, width, ALIGN_LEFT, ROLE_TITLE, title);
    }
    return area_part(area, 1, 1, right - 1, bottom - 1);
}

void draw_bar(struct area area, int x, int y, int width, double fraction)
{
    int eighths;

    if (!(fraction > 0)) /* NaN too */
        fraction = 0;
    if (fraction > 1)
        fraction = 1;
    eighths = (int)lround(fraction * width * 8);
    for (int i = 0; i < width; i++) {
        int filled = eighths - i * 8;

        if (filled >= 8)
            draw_char(area, x + i, y, ROLE_BAR, area.canvas->ascii ? '#' : 0x2588);
        else if (filled > 0 && !area.canvas->ascii)
            draw_char(area, x + i, y, ROLE_BAR, 0x2590u - (uint32_t)filled);
        else
            draw_char(area, x + i, y, ROLE_BAR_EMPTY, area.canvas->ascii ? '.' : 0x00b7);
    }
}

void draw_scrollbar(struct area area, int x, int y, int height, size_t first, size_t total)
{
    size_t shown = height > 0 ? (size_t)height : 0;
    int size, at;

    if (shown == 0 || total <= shown)
        return;
    size = (int)((double)shown * (double)shown / (double)total + 0.5);
    size = size < 1 ? 1 : size;
    if (first > total - shown)
        first = total - shown;
    at = (int)((double)first / (double)(total - shown) * (double)(height - size) + 0.5);
    for (int i = 0; i < height; i++) {
        bool in = i >= at && i < at + size;
        uint32_t code = area.canvas->ascii ? (in ? '#' : '|') : in ? 0x2503 : 0x2502;

        draw_char(area, x, y + i, in ? ROLE_DIM : ROLE_BORDER, code);
    }
}

static enum role cell_role(int8_t color)
{
    switch (color) {
    case -1:
        return ROLE_GRID;
    case -2:
        return ROLE_CURSOR;
    case -3:
        return ROLE_MARK;
    default:
        return color < 0 ? ROLE_NORMAL : ROLE_SERIES + (enum role)(color % ASSAY_CHART_COLORS);
    }
}

void draw_cells(struct area area, int x, int y, const struct assay_cells *cells)
{
    for (int row = 0; row < cells->rows; row++) {
        for (int column = 0; column < cells->columns; column++) {
            const struct assay_cell *cell = &cells->cells[row * cells->columns + column];

            draw_char(area, x + column, y + row, cell_role(cell->color),
                      cell->code == 0 ? ' ' : cell->code);
        }
    }
}

void draw_restyle(struct area area, int x, int y, int width, enum role role)
{
    struct style style = role_style(area, role);
    struct area part = area_part(area, x, y, width, 1);

    for (int i = 0; i < part.rect.width && part.rect.height > 0; i++) {
        struct canvas *canvas = part.canvas;
        struct cell *cell = &canvas->cells[part.rect.y * canvas->width + part.rect.x + i];

        cell->style = style;
    }
}
