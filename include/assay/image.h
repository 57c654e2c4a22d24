/*
 * Pictures among artifacts: PNG and JPEG read into pixels, two of them compared, and one fitted
 * into a frame that a terminal can be sent (<assay/chart.h>). Files are hostile: sizes are
 * bounded before anything is allocated.
 */
#ifndef ASSAY_IMAGE_H
#define ASSAY_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/chart.h>
#include <assay/error.h>

#define ASSAY_IMAGE_SIDE_MAX   16384
#define ASSAY_IMAGE_PIXELS_MAX (16u << 20)

struct assay_image {
    int width, height;
    uint8_t *rgb; /* three bytes a pixel, row by row; owned */
};
bool assay_image_named(const char *path); /* does its name say that it can be read? */
/* Reads a PNG (what is transparent is laid on white) or a JPEG (turned upright where its EXIF
   says how the camera was held). ASSAY_IO where libturbojpeg, which JPEG needs, is not
   installed. Any thread. */
enum assay_status assay_image_read(struct assay_image *image, const void *bytes, size_t length,
                                   struct assay_error *err);
void assay_image_free(struct assay_image *image);

struct assay_image_delta {
    bool sizes;                   /* of two sizes: nothing else is known */
    uint64_t pixels, differ;      /* how many there are, and how many are not the same */
    int largest;                  /* of one channel, 0..255 */
    int left, top, right, bottom; /* what holds all that differ, both ends included */
};
struct assay_image_delta assay_image_compare(const struct assay_image *a,
                                             const struct assay_image *b);
/* The second picture in pale grey with what differs in red; empty where they are of two sizes.
 */
void assay_image_subtract(const struct assay_image *a, const struct assay_image *b,
                          struct assay_image *out);

/* Makes IMAGE, its proportions kept, as small as fits WIDTH x HEIGHT; never larger. */
void assay_image_shrink(struct assay_image *image, int width, int height);

/* Fits IMAGE, its proportions kept, into the middle of FRAME (sized by the caller) in at most
   COLORS colours (0: 16) on BACKGROUND. More colours than that are dithered. */
void assay_image_fit(const struct assay_image *image, int colors, struct assay_rgb background,
                     struct assay_frame *frame);
/* The same for characters: the lightness, 0..255, of COLUMNS x ROWS cells twice as high as
   wide, row by row in OUT; 255 where the picture is not. It takes the first *WIDTH of the first
   *HEIGHT rows. */
void assay_image_cells(const struct assay_image *image, int columns, int rows, uint8_t *out,
                       int *width, int *height);

#endif
