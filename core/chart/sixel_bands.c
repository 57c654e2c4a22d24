/*
 * Sixel of drawn frames. A sixel image comes in bands of six rows, and each band colour by
 * colour; so that no colour costs a look at every pixel, a band is read once, into one mask of
 * six bits a column for each colour that is met. The commonest colour, which is the
 * background, is not looked for at all: the whole band is painted in it first and the others
 * over it, which is shorter, too. Several hands take some bands each. Called by sixel.c.
 */
#include "chart/sixel_bands.h"

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#define BAND        6
#define ONES        UINT64_C(0x0101010101010101) /* a byte, eight times */
#define SAMPLE      61 /* every so many pixels one is counted; prime, so that no grid is met */
#define RUN_LEAST   4  /* "!4~" is shorter than "~~~~" */
#define SHARES      16 /* of the bands, at most */
#define SHARE_LEAST 8  /* bands */

/* Some of the bands, and what is needed to write them. */
struct bands {
    const struct assay_frame *frame;
    int top, bottom; /* rows */
    struct assay_buf out;
    uint8_t fill;
    bool used[SIXEL_BANDS_COLORS];
    uint8_t *masks; /* of each colour one byte a column; zero between bands */
    char *text;     /* one colour of one band */
    /* The columns of the band each colour is in; none where `to` is 0. */
    int from[SIXEL_BANDS_COLORS], to[SIXEL_BANDS_COLORS];
};

static uint8_t commonest(const struct assay_frame *frame)
{
    size_t counts[SIXEL_BANDS_COLORS] = {0}, best = 0;
    size_t pixels = (size_t)frame->width * (size_t)frame->height;

    for (size_t i = 0; i < pixels; i += SAMPLE)
        if (frame->pixels[i] < frame->colors)
            counts[frame->pixels[i]]++;
    for (size_t i = 1; i < SIXEL_BANDS_COLORS; i++)
        best = counts[i] > counts[best] ? i : best;
    return (uint8_t)best;
}

static void widen(struct bands *bands, uint8_t color, int from, int to)
{
    if (bands->to[color] == 0 || from < bands->from[color])
        bands->from[color] = from;
    if (to > bands->to[color])
        bands->to[color] = to;
}

/* Sets BIT of the pixels [from, to) in their colours' masks. */
static void take_pixels(struct bands *bands, const uint8_t *row, int from, int to, uint8_t bit)
{
    size_t width = (size_t)bands->frame->width;

    for (int x = from; x < to; x++) {
        uint8_t color = row[x];
        if (color == bands->fill || color >= bands->frame->colors)
            continue;
        bands->masks[color * width + (size_t)x] |= bit;
        widen(bands, color, x, x + 1);
    }
}

static void take_row(struct bands *bands, const uint8_t *row, uint8_t bit)
{
    int width = bands->frame->width, x = 0;
    uint64_t fill = ONES * bands->fill, eight, mask;

    for (; x + 8 <= width; x += 8) {
        memcpy(&eight, row + x, sizeof eight);
        if (eight == fill)
            continue;
        uint8_t color = row[x];
        if (eight != ONES * color || color >= bands->frame->colors) {
            take_pixels(bands, row, x, x + 8, bit);
            continue;
        }
        uint8_t *at = bands->masks + color * (size_t)width + (size_t)x;
        memcpy(&mask, at, sizeof mask);
        mask |= ONES * bit;
        memcpy(at, &mask, sizeof mask);
        widen(bands, color, x, x + 8);
    }
    take_pixels(bands, row, x, width, bit);
}

/* Where the run of equal bytes that begins at FROM ends. */
static int run_end(const uint8_t *masks, int from, int to)
{
    uint64_t same = ONES * masks[from], eight;
    int x = from + 1;

    for (; x + 8 <= to; x += 8) {
        memcpy(&eight, masks + x, sizeof eight);
        if (eight != same)
            break;
    }
    while (x < to && masks[x] == masks[from])
        x++;
    return x;
}

static char *put_number(char *at, int number)
{
    char digits[12];
    int count = 0;

    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

static char *put_run(char *at, int count, uint8_t mask)
{
    char sixel = (char)('?' + mask);

    if (count >= RUN_LEAST) {
        *at++ = '!';
        at = put_number(at, count);
        count = 1;
    }
    while (count-- > 0)
        *at++ = sixel;
    return at;
}

/* One colour of the band; its masks are zero again afterwards. */
static void put_color(struct bands *bands, int color)
{
    int from = bands->from[color], to = bands->to[color];
    uint8_t *masks = bands->masks + (size_t)color * (size_t)bands->frame->width;
    char *at = bands->text;

    *at++ = '$';
    *at++ = '#';
    at = put_number(at, color);
    if (from > 0)
        at = put_run(at, from, 0);
    for (int x = from; x < to;) {
        int end = run_end(masks, x, to);
        at = put_run(at, end - x, masks[x]);
        x = end;
    }
    assay_buf_add(&bands->out, bands->text, (size_t)(at - bands->text));
    memset(masks + from, 0, (size_t)(to - from));
}

static void put_band(struct bands *bands, int top)
{
    const struct assay_frame *frame = bands->frame;
    int rows = frame->height - top < BAND ? frame->height - top : BAND;
    uint8_t all = (uint8_t)((1u << rows) - 1);
    char *at = bands->text;

    memset(bands->to, 0, sizeof bands->to);
    for (int y = 0; y < rows; y++)
        take_row(bands, frame->pixels + (size_t)(top + y) * (size_t)frame->width,
                 (uint8_t)(1u << y));
    if (top > 0)
        *at++ = '-';
    *at++ = '#';
    at = put_run(put_number(at, bands->fill), frame->width, all);
    assay_buf_add(&bands->out, bands->text, (size_t)(at - bands->text));
    for (int color = 0; color < frame->colors; color++)
        if (bands->to[color] > 0) {
            bands->used[color] = true;
            put_color(bands, color);
        }
}

static unsigned percent(uint8_t level)
{
    return (level * 100u + 127) / 255;
}

static void write_share(void *context, size_t part)
{
    struct bands *bands = (struct bands *)context + part;
    size_t width = (size_t)bands->frame->width;

    bands->used[bands->fill] = true;
    bands->masks = assay_alloc_array((size_t)bands->frame->colors, width);
    /* A column takes one byte, or two where "!4~" stands between single ones. */
    bands->text = assay_alloc_array(width + 24, 2);
    for (int top = bands->top; top < bands->bottom; top += BAND)
        put_band(bands, top);
    free(bands->masks);
    free(bands->text);
}

/* Shares the bands of FRAME out; returns how many shares there are. */
static size_t share_out(const struct assay_frame *frame, const struct assay_hands *hands,
                        size_t limit, struct bands shares[SHARES])
{
    size_t bands = ((size_t)frame->height + BAND - 1) / BAND, count = 1;
    uint8_t fill = commonest(frame);

    if (hands != NULL && hands->count > 1 && (hands->idle == NULL || hands->idle(hands->self)))
        count = hands->count < SHARES / 2 ? hands->count * 2 : SHARES;
    count = count * SHARE_LEAST <= bands ? count : 1;
    for (size_t i = 0; i < count; i++) {
        shares[i] = (struct bands){.frame = frame,
                                   .top = (int)(bands * i / count) * BAND,
                                   .bottom = (int)(bands * (i + 1) / count) * BAND,
                                   .fill = fill,
                                   .out = {.limit = limit}};
        if (shares[i].bottom > frame->height)
            shares[i].bottom = frame->height;
    }
    return count;
}

void sixel_bands_write(const struct assay_frame *frame, const struct assay_hands *hands,
                       struct assay_buf *out)
{
    struct bands shares[SHARES];
    size_t count = share_out(frame, hands, out->limit, shares);

    if (count > 1)
        hands->spread(hands->self, count, write_share, shares);
    else
        write_share(shares, 0);
    assay_buf_format(out, "\033Pq\"1;1;%d;%d", frame->width, frame->height);
    for (int i = 0; i < frame->colors; i++) {
        bool used = false;
        for (size_t k = 0; k < count; k++)
            used |= shares[k].used[i];
        if (used)
            assay_buf_format(out, "#%d;2;%u;%u;%u", i, percent(frame->palette[i].r),
                             percent(frame->palette[i].g), percent(frame->palette[i].b));
    }
    for (size_t i = 0; i < count; i++) {
        out->overflow |= shares[i].out.overflow;
        assay_buf_add(out, shares[i].out.data, shares[i].out.length);
        assay_buf_free(&shares[i].out);
    }
    assay_buf_text_add(out, "\033\\");
}
