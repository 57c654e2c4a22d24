/*
 * Files into pixels (<assay/image.h>): PNG here, of every colour type and depth, interlaced or
 * not; JPEG in image_jpeg.c. zlib inflates; what comes out is bounded by the size the header
 * gave, which is bounded itself. Called by the front ends for artifacts.
 */
#include "chart/image_jpeg.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include <assay/memory.h>

static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

/* Which pixels a pass brings: every DX-th from X on in every DY-th row from Y on. */
struct pass {
    uint8_t x, y, dx, dy;
};
static const struct pass whole[] = {{0, 0, 1, 1}};
static const struct pass adam7[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                    {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};

struct png {
    const uint8_t *at, *end;
    uint32_t width, height;
    int depth, type, channels;
    uint8_t palette[256][4];
    size_t colors;
    bool keyed; /* one colour is transparent */
    uint16_t key[3];
    const struct pass *passes;
    size_t pass_count;
    uint8_t *rows; /* filter byte and samples, row by row, pass by pass */
    size_t size, filled;
    z_stream stream;
    bool header, inflating, done;
};

bool assay_image_named(const char *path)
{
    static const char *const ends[] = {".png", ".jpg", ".jpeg"};
    size_t length = strlen(path);
    for (size_t i = 0; i < ASSAY_COUNT(ends); i++) {
        size_t end = strlen(ends[i]);
        if (length > end && strcasecmp(path + length - end, ends[i]) == 0)
            return true;
    }
    return false;
}

void assay_image_free(struct assay_image *image)
{
    free(image->rgb);
    *image = (struct assay_image){0};
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* ---- passes ---- */

static uint32_t pass_width(const struct png *png, const struct pass *pass)
{
    return png->width > pass->x ? (png->width - pass->x + pass->dx - 1) / pass->dx : 0;
}

static uint32_t pass_height(const struct png *png, const struct pass *pass)
{
    return png->height > pass->y ? (png->height - pass->y + pass->dy - 1) / pass->dy : 0;
}

/* Bytes of a row with its filter byte; 0: the pass has no pixels, and then no rows either. */
static size_t pass_stride(const struct png *png, const struct pass *pass)
{
    size_t bits = (size_t)pass_width(png, pass) * (size_t)(png->depth * png->channels);
    return bits ? (bits + 7) / 8 + 1 : 0;
}

static size_t pass_size(const struct png *png, const struct pass *pass)
{
    return pass_stride(png, pass) * pass_height(png, pass);
}

/* ---- chunks: each returns NULL, or what is wrong ---- */

static const char *take_header(struct png *png, const uint8_t *at, size_t length)
{
    static const int channels[] = {1, 0, 3, 1, 2, 0, 4};
    if (png->header || length != 13)
        return "its header is none";
    png->header = true;
    png->width = get_u32(at);
    png->height = get_u32(at + 4);
    png->depth = at[8];
    png->type = at[9];
    if (png->width == 0 || png->height == 0 || png->width > ASSAY_IMAGE_SIDE_MAX ||
        png->height > ASSAY_IMAGE_SIDE_MAX ||
        (uint64_t)png->width * png->height > ASSAY_IMAGE_PIXELS_MAX)
        return "it is larger than 16 million pixels";
    bool bytes = png->depth == 8 || png->depth == 16;
    bool part = png->depth == 1 || png->depth == 2 || png->depth == 4;
    if (png->type > 6 || channels[png->type] == 0 || (!bytes && !part) ||
        (part && png->type != 0 && png->type != 3) || (png->depth == 16 && png->type == 3) ||
        at[10] || at[11] || at[12] > 1)
        return "its header is none";
    png->channels = channels[png->type];
    png->passes = at[12] ? adam7 : whole;
    png->pass_count = at[12] ? ASSAY_COUNT(adam7) : ASSAY_COUNT(whole);
    for (size_t i = 0; i < png->pass_count; i++)
        png->size += pass_size(png, &png->passes[i]);
    png->rows = assay_alloc_array(png->size, 1);
    return NULL;
}

static const char *take_palette(struct png *png, const uint8_t *at, size_t length)
{
    if (length % 3 || length > 768)
        return "its palette is none";
    png->colors = length / 3;
    for (size_t i = 0; i < png->colors; i++) {
        memcpy(png->palette[i], at + 3 * i, 3);
        png->palette[i][3] = 255;
    }
    return NULL;
}

static const char *take_transparency(struct png *png, const uint8_t *at, size_t length)
{
    if (png->type == 3)
        for (size_t i = 0; i < length && i < png->colors; i++)
            png->palette[i][3] = at[i];
    size_t samples = png->type == 0 ? 1 : png->type == 2 ? 3 : 0;
    png->keyed = samples > 0 && length >= 2 * samples;
    for (size_t i = 0; png->keyed && i < samples; i++)
        png->key[i] = (uint16_t)(at[2 * i] << 8 | at[2 * i + 1]);
    return NULL;
}

static const char *take_data(struct png *png, const uint8_t *at, size_t length)
{
    const size_t size = png->size;
    if (!png->inflating && inflateInit(&png->stream) != Z_OK)
        return "it cannot be inflated";
    png->inflating = true;
    png->stream.next_in = (Bytef *)(uintptr_t)at;
    png->stream.avail_in = (uInt)length;
    while (png->stream.avail_in > 0 && !png->done && png->filled < size) {
        size_t room = size - png->filled;
        png->stream.next_out = png->rows + png->filled;
        png->stream.avail_out = room > 1u << 30 ? 1u << 30 : (uInt)room;
        uInt before = png->stream.avail_out;
        int status = inflate(&png->stream, Z_NO_FLUSH);
        png->filled += before - png->stream.avail_out;
        png->done = status == Z_STREAM_END;
        if (status != Z_OK && status != Z_STREAM_END)
            return "its pixels are damaged";
        if (before == png->stream.avail_out && png->stream.avail_in > 0)
            break;
    }
    return NULL;
}

static const char *take_chunks(struct png *png)
{
    const char *wrong = NULL;
    bool ended = false;
    while (!wrong && !ended && png->end - png->at >= 12) {
        uint32_t length = get_u32(png->at);
        const uint8_t *type = png->at + 4, *data = png->at + 8;
        if (length > (size_t)(png->end - data) - 4)
            return "it is cut short";
        bool header = memcmp(type, "IHDR", 4) == 0;
        if (!header && !png->header)
            return "its header is missing";
        if (header)
            wrong = take_header(png, data, length);
        else if (memcmp(type, "PLTE", 4) == 0)
            wrong = take_palette(png, data, length);
        else if (memcmp(type, "tRNS", 4) == 0)
            wrong = take_transparency(png, data, length);
        else if (memcmp(type, "IDAT", 4) == 0)
            wrong = take_data(png, data, length);
        ended = memcmp(type, "IEND", 4) == 0;
        png->at = data + length + 4;
    }
    if (!wrong && (!png->header || png->filled < png->size))
        return "it is cut short";
    return wrong;
}

/* ---- filters ---- */

static int paeth(int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

static void unfilter_row(uint8_t *row, const uint8_t *above, size_t length, size_t step,
                         uint8_t filter)
{
    for (size_t i = 0; filter && i < length; i++) {
        int a = i >= step ? row[i - step] : 0, b = above ? above[i] : 0;
        int c = above && i >= step ? above[i - step] : 0;
        int add = filter == 1   ? a
                  : filter == 2 ? b
                  : filter == 3 ? (a + b) / 2
                                : paeth(a, b, c);
        row[i] = (uint8_t)(row[i] + add);
    }
}

/* The rows of each pass are filtered as if they were a picture of their own. */
static const char *unfilter(struct png *png)
{
    size_t step = (size_t)(png->depth * png->channels) / 8;
    uint8_t *row = png->rows;
    for (size_t i = 0; i < png->pass_count; i++) {
        size_t stride = pass_stride(png, &png->passes[i]);
        uint32_t height = stride ? pass_height(png, &png->passes[i]) : 0;
        for (uint32_t y = 0; y < height; y++, row += stride) {
            if (*row > 4)
                return "its pixels are damaged";
            unfilter_row(row + 1, y ? row + 1 - stride : NULL, stride - 1, step ? step : 1,
                         *row);
        }
    }
    return NULL;
}

/* ---- samples to colours ---- */

static unsigned sample(const struct png *png, const uint8_t *row, size_t index)
{
    if (png->depth == 16)
        return (unsigned)row[2 * index] << 8 | row[2 * index + 1];
    if (png->depth == 8)
        return row[index];
    size_t bit = index * (size_t)png->depth;
    unsigned shift = 8 - (unsigned)png->depth - (unsigned)(bit % 8);
    return row[bit / 8] >> shift & ((1u << png->depth) - 1);
}

static uint8_t to_byte(const struct png *png, unsigned value)
{
    return (uint8_t)(png->depth == 16 ? value >> 8 : value * 255 / ((1u << png->depth) - 1));
}

static void lay(uint8_t out[3], const uint8_t color[3], unsigned alpha)
{
    for (int i = 0; i < 3; i++) /* on white */
        out[i] = (uint8_t)((color[i] * alpha + 255 * (255 - alpha)) / 255);
}

static void put_pixel(const struct png *png, const uint8_t *row, size_t x, uint8_t out[3])
{
    unsigned values[4] = {0};
    uint8_t color[3];
    for (int i = 0; i < png->channels; i++)
        values[i] = sample(png, row, x * (size_t)png->channels + (size_t)i);
    if (png->type == 3) {
        lay(out, png->palette[values[0] & 255], png->palette[values[0] & 255][3]);
        return;
    }
    bool gray = png->type == 0 || png->type == 4;
    unsigned alpha =
        png->type == 4 || png->type == 6 ? to_byte(png, values[png->channels - 1]) : 255;
    bool clear = png->keyed;
    for (int i = 0; i < 3; i++) {
        color[i] = to_byte(png, values[gray ? 0 : i]);
        clear = clear && values[gray ? 0 : i] == png->key[gray ? 0 : i];
    }
    lay(out, color, clear ? 0 : alpha);
}

static void put_pixels(const struct png *png, uint8_t *rgb)
{
    const uint8_t *row = png->rows;
    for (size_t i = 0; i < png->pass_count; i++) {
        const struct pass *pass = &png->passes[i];
        size_t stride = pass_stride(png, pass);
        uint32_t width = pass_width(png, pass), height = stride ? pass_height(png, pass) : 0;
        for (uint32_t y = 0; y < height; y++, row += stride)
            for (uint32_t x = 0; x < width; x++) {
                size_t at = ((size_t)pass->y + (size_t)y * pass->dy) * png->width + pass->x +
                            (size_t)x * pass->dx;
                put_pixel(png, row + 1, x, rgb + 3 * at);
            }
    }
}

static enum assay_status read_png(struct assay_image *image, const void *bytes, size_t length,
                                  struct assay_error *err)
{
    struct png png = {.at = (const uint8_t *)bytes + sizeof signature,
                      .end = (const uint8_t *)bytes + length};
    const char *wrong = take_chunks(&png);
    if (png.inflating)
        inflateEnd(&png.stream);
    wrong = wrong ? wrong : unfilter(&png);
    if (!wrong) {
        *image = (struct assay_image){(int)png.width, (int)png.height,
                                      assay_alloc_array((size_t)png.width * png.height, 3)};
        put_pixels(&png, image->rgb);
    }
    free(png.rows);
    return wrong ? assay_fail(err, ASSAY_CORRUPT, "the picture cannot be shown: %s", wrong)
                 : ASSAY_OK;
}

enum assay_status assay_image_read(struct assay_image *image, const void *bytes, size_t length,
                                   struct assay_error *err)
{
    *image = (struct assay_image){0};
    if (length >= sizeof signature && memcmp(bytes, signature, sizeof signature) == 0)
        return read_png(image, bytes, length, err);
    if (jpeg_begins(bytes, length))
        return jpeg_read(image, bytes, length, err);
    return assay_fail(err, ASSAY_CORRUPT,
                      "the picture cannot be shown: this is neither PNG nor JPEG");
}
