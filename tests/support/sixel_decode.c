/*
 * Decodes sixel images for tests (see sixel_decode.h). Sixel: DEC's VT330/VT340 programmer
 * reference, volume 2, chapter 14.
 */
#include "support/sixel_decode.h"

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#define SIDE 4096 /* the largest image, per side */

struct decoder {
    const char *bytes;
    size_t length, at;
    int registers;
    uint32_t colors[1024];
    bool known[1024];
    int color, x, y, tallest; /* y: of the band's first row */
    uint32_t *canvas;         /* SIDE x SIDE while decoding */
    struct sixel_image *image;
};

static bool read_number(struct decoder *d, int *value)
{
    bool any = false;

    *value = 0;
    while (d->at < d->length && d->bytes[d->at] >= '0' && d->bytes[d->at] <= '9') {
        if (*value > 100000)
            return false;
        *value = *value * 10 + (d->bytes[d->at++] - '0');
        any = true;
    }
    return any;
}

/* "P;P;P": up to COUNT numbers; absent ones are 0. Returns how many there were. */
static int read_list(struct decoder *d, int *values, int count)
{
    int used = 0;

    memset(values, 0, (size_t)count * sizeof *values);
    while (used < count) {
        read_number(d, &values[used++]);
        if (d->at >= d->length || d->bytes[d->at] != ';')
            break;
        d->at++;
    }
    return used;
}

static uint32_t from_percent(int percent)
{
    return (uint32_t)((percent * 255 + 50) / 100);
}

static bool read_color(struct decoder *d)
{
    int list[5], used = read_list(d, list, 5);

    int slot = d->registers > 0 ? list[0] % d->registers : list[0];
    if (slot >= 1024)
        return false;
    if (list[0] > d->image->highest)
        d->image->highest = list[0];
    d->color = slot;
    if (used < 5)
        return used == 1;
    if (list[1] != 2 || list[2] > 100 || list[3] > 100 || list[4] > 100)
        return false;
    d->colors[slot] =
        from_percent(list[2]) << 16 | from_percent(list[3]) << 8 | from_percent(list[4]);
    d->image->defined += !d->known[slot];
    d->known[slot] = true;
    return true;
}

static bool paint(struct decoder *d, int bits, int count)
{
    if (d->x + count > SIDE || d->y + 6 > SIDE + 6)
        return false;
    for (int i = 0; i < count; i++, d->x++) {
        for (int bit = 0; bit < 6; bit++) {
            if (!(bits & 1 << bit))
                continue;
            if (!d->known[d->color] || d->y + bit >= SIDE)
                return false;
            d->canvas[(size_t)(d->y + bit) * SIDE + (size_t)d->x] = d->colors[d->color];
            if (d->y + bit + 1 > d->image->painted_height)
                d->image->painted_height = d->y + bit + 1;
            if (d->x + 1 > d->image->painted_width)
                d->image->painted_width = d->x + 1;
        }
    }
    return true;
}

/* One command of the image. False where it is none. */
static bool step(struct decoder *d)
{
    char c = d->bytes[d->at++];
    int count, list[4];

    if (c >= '?' && c <= '~')
        return paint(d, c - '?', 1);
    switch (c) {
    case '!':
        if (!read_number(d, &count) || d->at >= d->length)
            return false;
        c = d->bytes[d->at++];
        return c >= '?' && c <= '~' && paint(d, c - '?', count);
    case '#':
        return read_color(d);
    case '"':
        if (read_list(d, list, 4) == 4 && list[2] <= SIDE && list[3] <= SIDE) {
            d->image->width = list[2];
            d->image->height = list[3];
        }
        return true;
    case '$':
        d->x = 0;
        return true;
    case '-':
        d->x = 0;
        d->y += 6;
        return d->y < SIDE;
    case '\n':
    case '\r':
        return true;
    default:
        return false;
    }
}

/* Finds "ESC P ... q"; leaves AT behind the q. */
static bool find_start(struct decoder *d)
{
    for (; d->at + 2 < d->length; d->at++) {
        if (d->bytes[d->at] != '\033' || d->bytes[d->at + 1] != 'P')
            continue;
        size_t at = d->at + 2;
        while (at < d->length && strchr("0123456789;", d->bytes[at]) != NULL && d->bytes[at])
            at++;
        if (at < d->length && d->bytes[at] == 'q') {
            d->at = at + 1;
            return true;
        }
    }
    return false;
}

static void crop(struct decoder *d)
{
    struct sixel_image *image = d->image;

    if (image->width == 0 || image->height == 0) {
        image->width = image->painted_width;
        image->height = image->painted_height;
    }
    image->pixels = assay_alloc_array((size_t)image->width * (size_t)image->height + 1,
                                      sizeof *image->pixels);
    for (int y = 0; y < image->height; y++)
        memcpy(image->pixels + (size_t)y * (size_t)image->width, d->canvas + (size_t)y * SIDE,
               (size_t)image->width * sizeof *image->pixels);
}

bool sixel_image_read(const char *bytes, size_t length, int registers,
                      struct sixel_image *image, size_t *end)
{
    struct decoder d = {
        .bytes = bytes, .length = length, .registers = registers, .image = image};
    bool ok = false;

    *image = (struct sixel_image){0};
    if (!find_start(&d))
        return false;
    d.canvas = assay_alloc_array((size_t)SIDE * SIDE, sizeof *d.canvas);
    memset(d.canvas, 0xff, (size_t)SIDE * SIDE * sizeof *d.canvas);
    while (d.at < d.length) {
        if (d.bytes[d.at] == '\033') {
            ok = d.at + 1 < d.length && d.bytes[d.at + 1] == '\\';
            d.at += 2;
            break;
        }
        if (!step(&d))
            break;
    }
    if (ok) {
        crop(&d);
        if (end != NULL)
            *end = d.at;
    }
    free(d.canvas);
    return ok;
}

void sixel_image_free(struct sixel_image *image)
{
    free(image->pixels);
    *image = (struct sixel_image){0};
}
