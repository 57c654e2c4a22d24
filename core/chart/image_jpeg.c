/*
 * JPEG into pixels by libturbojpeg, which is opened when the first one is looked at: most runs
 * have none, and no comparison is to fail for want of it. The size in the header is bounded
 * before anything is allocated, scans are limited, and a picture that ends early is refused as
 * a whole. How a camera was held (EXIF 2.32, tag 0x0112) is undone here.
 */
#include "chart/image_jpeg.h"

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#include "base/library.h"

#define PIXELS_RGB  0     /* TJPF_RGB */
#define STOP_BROKEN 8192  /* TJFLAG_STOPONWARNING */
#define LIMIT_SCANS 32768 /* TJFLAG_LIMITSCANS */

struct turbo {
    void *(*begin)(void);
    int (*header)(void *handle, const unsigned char *bytes, unsigned long length, int *width,
                  int *height, int *sampling, int *colors);
    int (*decode)(void *handle, const unsigned char *bytes, unsigned long length,
                  unsigned char *out, int width, int pitch, int height, int format, int flags);
    char *(*error)(void *handle);
    int (*end)(void *handle);
};

static enum assay_status open_turbo(struct turbo *turbo, struct assay_error *err)
{
    static const char *const files[] = {"libturbojpeg.so.0", "libturbojpeg.so", NULL};
    static const struct library_function functions[] = {
        {"tjInitDecompress", offsetof(struct turbo, begin)},
        {"tjDecompressHeader3", offsetof(struct turbo, header)},
        {"tjDecompress2", offsetof(struct turbo, decode)},
        {"tjGetErrorStr2", offsetof(struct turbo, error)},
        {"tjDestroy", offsetof(struct turbo, end)},
    };
    static const struct library library = {
        .title = "libturbojpeg",
        .purpose = "JPEG pictures cannot be shown",
        .advice = "install it (Debian: apt install libturbojpeg0)",
        .files = files,
        .functions = functions,
        .count = ASSAY_COUNT(functions),
    };
    return library_open(&library, turbo, err);
}

bool jpeg_begins(const void *bytes, size_t length)
{
    return length > 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0;
}

/* ---- how the camera was held ---- */

struct tiff {
    const uint8_t *bytes;
    size_t length;
    bool little;
};

static uint32_t tiff_number(const struct tiff *tiff, size_t at, size_t size)
{
    uint32_t value = 0;
    if (at > tiff->length || tiff->length - at < size)
        return 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint32_t)tiff->bytes[at + i] << 8 * (tiff->little ? i : size - 1 - i);
    return value;
}

/* 1 to 8 as EXIF numbers them; 1, upright, where nothing is said. */
static int tiff_orientation(const struct tiff *tiff)
{
    size_t at = tiff_number(tiff, 4, 4);
    size_t count = tiff_number(tiff, at, 2);
    for (size_t i = 0; i < count; i++) {
        size_t entry = at + 2 + 12 * i;
        if (tiff_number(tiff, entry, 2) == 0x0112) {
            uint32_t value = tiff_number(tiff, entry + 8, 2);
            return value >= 1 && value <= 8 ? (int)value : 1;
        }
    }
    return 1;
}

/* Looks through the segments before the pixels for the one EXIF is in. */
static int orientation_of(const uint8_t *bytes, size_t length)
{
    size_t at = 2;
    while (length - at > 10 && bytes[at] == 0xff && bytes[at + 1] != 0xda) {
        size_t size = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        if (size < 2 || size > length - at - 2)
            break;
        if (bytes[at + 1] == 0xe1 && size >= 16 && memcmp(bytes + at + 4, "Exif\0", 6) == 0) {
            const struct tiff tiff = {bytes + at + 10, size - 8, bytes[at + 10] == 'I'};
            return tiff_orientation(&tiff);
        }
        at += 2 + size;
    }
    return 1;
}

/* Turns the picture upright: 2 to 4 mirror and turn in place, from 5 on sides change places. */
static void turn(struct assay_image *image, int orientation)
{
    if (orientation == 1)
        return;
    bool across = orientation >= 5;
    int width = across ? image->height : image->width;
    int height = across ? image->width : image->height;
    bool left = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool up = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    uint8_t *rgb = assay_alloc_array((size_t)width * (size_t)height, 3);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int from_x = across ? y : x, from_y = across ? x : y;
            from_x = left ? image->width - 1 - from_x : from_x;
            from_y = up ? image->height - 1 - from_y : from_y;
            memcpy(rgb + 3 * ((size_t)y * (size_t)width + (size_t)x),
                   image->rgb + 3 * ((size_t)from_y * (size_t)image->width + (size_t)from_x),
                   3);
        }
    free(image->rgb);
    *image = (struct assay_image){width, height, rgb};
}

/* ---- decoding ---- */

enum assay_status jpeg_read(struct assay_image *image, const void *bytes, size_t length,
                            struct assay_error *err)
{
    struct turbo turbo;
    int width = 0, height = 0, sampling, colors;
    enum assay_status status = open_turbo(&turbo, err);
    void *handle = status == ASSAY_OK ? turbo.begin() : NULL;
    *image = (struct assay_image){0};
    if (status != ASSAY_OK)
        return status;
    if (!handle)
        return assay_fail(err, ASSAY_IO, "libturbojpeg did not begin");
    const char *wrong = NULL;
    if (turbo.header(handle, bytes, length, &width, &height, &sampling, &colors) != 0)
        wrong = turbo.error(handle);
    else if (width < 1 || height < 1 || width > ASSAY_IMAGE_SIDE_MAX ||
             height > ASSAY_IMAGE_SIDE_MAX ||
             (uint64_t)width * (uint64_t)height > ASSAY_IMAGE_PIXELS_MAX)
        wrong = "it is larger than 16 million pixels";
    if (!wrong) {
        *image = (struct assay_image){width, height,
                                      assay_alloc_array((size_t)width * (size_t)height, 3)};
        if (turbo.decode(handle, bytes, length, image->rgb, width, 0, height, PIXELS_RGB,
                         STOP_BROKEN | LIMIT_SCANS) != 0)
            wrong = turbo.error(handle);
    }
    if (wrong) {
        status = assay_fail(err, ASSAY_CORRUPT, "the picture cannot be shown: %.100s", wrong);
        assay_image_free(image);
    } else {
        turn(image, orientation_of(bytes, length));
    }
    turbo.end(handle);
    return status;
}
