/*
 * A small sixel decoder, so that tests can look at the pixels a program sent. It reads what a
 * terminal would read, and nothing of it comes from the encoder under test.
 */
#ifndef TESTS_SIXEL_DECODE_H
#define TESTS_SIXEL_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sixel_image {
    int width, height; /* as the raster attributes say, else as painted */
    uint32_t *pixels;  /* 0xRRGGBB row by row; SIXEL_UNPAINTED where nothing was painted */
    int defined;       /* colour registers that were defined */
    int highest;       /* the highest register used */
    int painted_width, painted_height; /* what the pixels themselves reach */
};
#define SIXEL_UNPAINTED 0xffffffffu

/* Decodes the first sixel image of BYTES (any text may surround it). *end gets the offset
   behind its terminator. False where there is none, or it is broken. REGISTERS: register
   numbers wrap at that many, as terminals with few do; 0: no limit. */
bool sixel_image_read(const char *bytes, size_t length, int registers,
                      struct sixel_image *image, size_t *end);
void sixel_image_free(struct sixel_image *image);

#endif
