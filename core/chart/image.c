/*
 * Pictures compared, and fitted into what a terminal shows (<assay/image.h>): scaled by areas,
 * in their own colours where these are few, else dithered into a cube of them. Called by the
 * front ends.
 */
#include <assay/image.h>

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

/* ---- compared ---- */

struct assay_image_delta assay_image_compare(const struct assay_image *a,
                                             const struct assay_image *b)
{
    struct assay_image_delta d = {.pixels = (uint64_t)b->width * (uint64_t)b->height,
                                  .left = b->width,
                                  .top = b->height,
                                  .right = -1,
                                  .bottom = -1};
    d.sizes = a->width != b->width || a->height != b->height;
    for (int y = 0; !d.sizes && y < b->height; y++)
        for (int x = 0; x < b->width; x++) {
            const size_t at = 3 * ((size_t)y * (size_t)b->width + (size_t)x);
            int most = 0;
            for (size_t i = 0; i < 3; i++) {
                int by = abs(a->rgb[at + i] - b->rgb[at + i]);
                most = by > most ? by : most;
            }
            if (most == 0)
                continue;
            d.differ++;
            d.largest = most > d.largest ? most : d.largest;
            d.left = x < d.left ? x : d.left;
            d.right = x > d.right ? x : d.right;
            d.top = y < d.top ? y : d.top;
            d.bottom = y;
        }
    return d;
}

static uint8_t lightness(const uint8_t rgb[3])
{
    return (uint8_t)((rgb[0] * 54u + rgb[1] * 183u + rgb[2] * 19u) >> 8);
}

void assay_image_subtract(const struct assay_image *a, const struct assay_image *b,
                          struct assay_image *out)
{
    *out = (struct assay_image){0};
    if (a->width != b->width || a->height != b->height)
        return;
    const size_t pixels = (size_t)b->width * (size_t)b->height;
    *out = (struct assay_image){b->width, b->height, assay_alloc_array(pixels, 3)};
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *from = a->rgb + 3 * i, *to = b->rgb + 3 * i;
        uint8_t pale = (uint8_t)(200 + lightness(to) * 55 / 255);
        bool same = memcmp(from, to, 3) == 0;
        out->rgb[3 * i] = same ? pale : 200;
        out->rgb[3 * i + 1] = same ? pale : 20;
        out->rgb[3 * i + 2] = same ? pale : 40;
    }
}

/* ---- scaled ---- */

/* The mean of what lies under one pixel of WIDTH x HEIGHT. */
static void mean_under(const struct assay_image *image, int x, int y, int width, int height,
                       uint8_t out[3])
{
    int64_t x0 = (int64_t)x * image->width / width, y0 = (int64_t)y * image->height / height;
    int64_t x1 = ((int64_t)x + 1) * image->width / width;
    int64_t y1 = ((int64_t)y + 1) * image->height / height;
    uint64_t sums[3] = {0}, count = 0;
    x1 = x1 > x0 ? x1 : x0 + 1;
    y1 = y1 > y0 ? y1 : y0 + 1;
    for (int64_t v = y0; v < y1; v++)
        for (int64_t u = x0; u < x1; u++, count++)
            for (size_t i = 0; i < 3; i++)
                sums[i] += image->rgb[3 * (size_t)(v * image->width + u) + i];
    for (size_t i = 0; i < 3; i++)
        out[i] = (uint8_t)(sums[i] / count);
}

/* The largest size with IMAGE's proportions inside WIDTH x HEIGHT. */
static void proportions(const struct assay_image *image, double aspect, int width, int height,
                        int *w, int *h)
{
    double scale_x = (double)width / image->width;
    double scale_y = (double)height / image->height * aspect;
    double scale = scale_x < scale_y ? scale_x : scale_y;
    *w = (int)(image->width * scale + 0.5);
    *h = (int)(image->height * scale / aspect + 0.5);
    *w = *w < 1 ? 1 : *w > width ? width : *w;
    *h = *h < 1 ? 1 : *h > height ? height : *h;
}

void assay_image_shrink(struct assay_image *image, int width, int height)
{
    int w, h;
    if (image->width <= width && image->height <= height)
        return;
    proportions(image, 1, width, height, &w, &h);
    uint8_t *rgb = assay_alloc_array((size_t)w * (size_t)h, 3);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            mean_under(image, x, y, w, h, rgb + 3 * ((size_t)y * (size_t)w + (size_t)x));
    free(image->rgb);
    *image = (struct assay_image){w, h, rgb};
}

/* ---- colours ---- */

#define SLOTS 1024 /* of the small table of colours that were met */

struct met {
    uint32_t colors[SLOTS]; /* rgb + 1; 0 free */
    uint8_t index[SLOTS];
    int count;
};

static uint32_t pack(const uint8_t rgb[3])
{
    return ((uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2]) + 1;
}

static size_t slot_of(const struct met *met, uint32_t color)
{
    size_t slot = color * 2654435761u >> 22;
    while (met->colors[slot] && met->colors[slot] != color)
        slot = (slot + 1) % SLOTS;
    return slot;
}

/* The palette in the picture's own colours; false where there are more than MOST. */
static bool own_colors(struct met *met, const uint8_t *rgb, size_t pixels, int most,
                       struct assay_frame *frame)
{
    for (size_t i = 0; i < pixels; i++) {
        uint32_t color = pack(rgb + 3 * i);
        size_t slot = slot_of(met, color);
        if (met->colors[slot])
            continue;
        if (met->count + 1 >= most)
            return false;
        met->colors[slot] = color;
        met->index[slot] = (uint8_t)(++met->count);
        frame->palette[met->count] =
            (struct assay_rgb){rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]};
    }
    frame->colors = met->count + 1;
    return true;
}

/* A cube with SIDES levels a channel; of few colours greys. Index 0 is the background. */
static int cube_colors(int most, struct assay_frame *frame)
{
    int side = most > 216 ? 6 : most > 125 ? 5 : most > 64 ? 4 : most > 27 ? 3 : 0;
    int count = side ? side * side * side : most - 1;
    for (int i = 0; i < count; i++) {
        int r = side ? i / (side * side) : i, g = side ? i / side % side : i;
        int b = side ? i % side : i, levels = side ? side - 1 : count - 1;
        frame->palette[i + 1] =
            (struct assay_rgb){(uint8_t)(r * 255 / levels), (uint8_t)(g * 255 / levels),
                               (uint8_t)(b * 255 / levels)};
    }
    frame->colors = count + 1;
    return side;
}

static int nearest_level(int value, int levels)
{
    value = value < 0 ? 0 : value > 255 ? 255 : value;
    return (value * (levels - 1) + 127) / 255;
}

/* Floyd and Steinberg's: what a pixel is off goes on to its neighbours. */
static void dither(const uint8_t *rgb, int width, int height, int side,
                   struct assay_frame *frame, int left, int top)
{
    int *off = assay_alloc_array(((size_t)width + 2) * 6, sizeof *off);
    for (int y = 0; y < height; y++) {
        int *here = off + (y & 1 ? ((size_t)width + 2) * 3 : 0);
        int *next = off + (y & 1 ? 0 : ((size_t)width + 2) * 3);
        memset(next, 0, ((size_t)width + 2) * 3 * sizeof *next);
        for (int x = 0; x < width; x++) {
            const uint8_t *pixel = rgb + 3 * ((size_t)y * (size_t)width + (size_t)x);
            uint8_t gray = lightness(pixel);
            int index = 0;
            for (int i = 0; i < 3; i++) {
                int levels = side ? side : frame->colors - 1;
                int wanted = (side ? pixel[i] : gray) + here[3 * (x + 1) + i] / 16;
                int level = nearest_level(wanted, levels),
                    wrong = wanted - level * 255 / (levels - 1);
                wrong = wrong > 64 ? 64 : wrong < -64 ? -64 : wrong;
                index = side ? index * side + level : level;
                here[3 * (x + 2) + i] += 7 * wrong;
                next[3 * x + i] += 3 * wrong;
                next[3 * (x + 1) + i] += 5 * wrong;
                next[3 * (x + 2) + i] += wrong;
            }
            frame->pixels[(size_t)(top + y) * (size_t)frame->width + (size_t)(left + x)] =
                (uint8_t)(index + 1);
        }
    }
    free(off);
}

void assay_image_fit(const struct assay_image *image, int colors, struct assay_rgb background,
                     struct assay_frame *frame)
{
    int width, height, most = colors <= 0 ? 16 : colors > 256 ? 256 : colors < 4 ? 4 : colors;
    struct met *met = assay_alloc(sizeof *met);
    memset(frame->pixels, 0, (size_t)frame->width * (size_t)frame->height);
    frame->palette[0] = background;
    proportions(image, 1, frame->width, frame->height, &width, &height);
    uint8_t *rgb = assay_alloc_array((size_t)width * (size_t)height, 3);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            mean_under(image, x, y, width, height,
                       rgb + 3 * ((size_t)y * (size_t)width + (size_t)x));
    int left = (frame->width - width) / 2, top = (frame->height - height) / 2;
    if (own_colors(met, rgb, (size_t)width * (size_t)height, most, frame)) {
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                frame->pixels[(size_t)(top + y) * (size_t)frame->width + (size_t)(left + x)] =
                    met->index[slot_of(
                        met, pack(rgb + 3 * ((size_t)y * (size_t)width + (size_t)x)))];
    } else {
        dither(rgb, width, height, cube_colors(most, frame), frame, left, top);
    }
    free(rgb);
    free(met);
}

void assay_image_cells(const struct assay_image *image, int columns, int rows, uint8_t *out,
                       int *width, int *height)
{
    memset(out, 255, (size_t)columns * (size_t)rows);
    proportions(image, 2, columns, rows, width, height);
    for (int y = 0; y < *height; y++)
        for (int x = 0; x < *width; x++) {
            uint8_t rgb[3];
            mean_under(image, x, y, *width, *height, rgb);
            out[y * columns + x] = lightness(rgb);
        }
}
