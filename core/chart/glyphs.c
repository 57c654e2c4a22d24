/*
 * The characters pictures are made of (glyphs.h).
 */
#include "chart/glyphs.h"

/* What stands beside the dots; the sets of a UTF-8 locale differ in these alone. */
#define UNICODE_SIGNS                                                                          \
    .horizontal = 0x2508, .vertical = 0x250a, .cursor = 0x2502, .point = 0x25cf, .gap = 0xd7,  \
    .restart = 0x25bc, .small = 0x2022, .hollow = 0x25cb, .diamond = 0x25c6, .here = 0x25c9,   \
    .bar = 0x2588

static const struct glyph_set glyph_sets[] = {
    [ASSAY_GLYPHS_BRAILLE] = {.across = 2, .down = 4, UNICODE_SIGNS},
    [ASSAY_GLYPHS_BLOCKS] = {.across = 2, .down = 2, UNICODE_SIGNS},
    [ASSAY_GLYPHS_ASCII] = {.across = 1,
                            .down = 3,
                            .horizontal = '.',
                            .vertical = ':',
                            .cursor = '|',
                            .point = 'O',
                            .gap = '!',
                            .restart = 'v',
                            .small = 'o',
                            .hollow = '.',
                            .diamond = '*',
                            .here = '@',
                            .bar = '#'},
};

const struct glyph_set *glyph_set_of(enum assay_glyphs glyphs)
{
    return &glyph_sets[glyphs];
}

uint32_t glyph_of(enum assay_glyphs glyphs, unsigned mask, bool several, int color)
{
    static const uint8_t braille[8] = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
    /* By upper left 1, upper right 2, lower left 4, lower right 8. */
    static const uint16_t quadrants[16] = {' ',    0x2598, 0x259d, 0x2580, 0x2596, 0x258c,
                                           0x259e, 0x259b, 0x2597, 0x259a, 0x2590, 0x259c,
                                           0x2584, 0x2599, 0x259f, 0x2588};
    static const char heights[8] = {' ', '\'', '-', '\'', '.', ':', ',', '|'};
    uint32_t code = 0x2800;

    if (glyphs == ASSAY_GLYPHS_BLOCKS)
        return quadrants[mask & 15];
    if (glyphs == ASSAY_GLYPHS_ASCII)
        return (unsigned char)(several ? assay_chart_mark(color) : heights[mask & 7]);
    for (int bit = 0; bit < 8; bit++)
        if (mask & 1u << bit)
            code |= braille[bit];
    return code;
}
