/*
 * The letters of exported pictures: three by five pixels, drawn here for labels of axes and
 * legends. Small letters are shown as capitals; what has no picture is a full block.
 */
#include "chart/plot.h"

#include <assay/memory.h>
#include <assay/text.h>

/* Five rows of three bits, the top row in the highest bits. */
#define G(a, b, c, d, e) ((a) << 12 | (b) << 9 | (c) << 6 | (d) << 3 | (e))

static const uint16_t glyphs[128] = {
    [' '] = 0,
    ['!'] = G(2, 2, 2, 0, 2),
    ['%'] = G(5, 1, 2, 4, 5),
    ['('] = G(1, 2, 2, 2, 1),
    [')'] = G(4, 2, 2, 2, 4),
    ['*'] = G(0, 5, 2, 5, 0),
    ['+'] = G(0, 2, 7, 2, 0),
    [','] = G(0, 0, 0, 2, 4),
    ['-'] = G(0, 0, 7, 0, 0),
    ['.'] = G(0, 0, 0, 0, 2),
    ['/'] = G(1, 1, 2, 4, 4),
    ['0'] = G(7, 5, 5, 5, 7),
    ['1'] = G(2, 6, 2, 2, 7),
    ['2'] = G(7, 1, 7, 4, 7),
    ['3'] = G(7, 1, 3, 1, 7),
    ['4'] = G(5, 5, 7, 1, 1),
    ['5'] = G(7, 4, 7, 1, 7),
    ['6'] = G(7, 4, 7, 5, 7),
    ['7'] = G(7, 1, 1, 2, 2),
    ['8'] = G(7, 5, 7, 5, 7),
    ['9'] = G(7, 5, 7, 1, 7),
    [':'] = G(0, 2, 0, 2, 0),
    ['<'] = G(1, 2, 4, 2, 1),
    ['='] = G(0, 7, 0, 7, 0),
    ['>'] = G(4, 2, 1, 2, 4),
    ['@'] = G(7, 5, 5, 4, 7),
    ['A'] = G(2, 5, 7, 5, 5),
    ['B'] = G(6, 5, 6, 5, 6),
    ['C'] = G(3, 4, 4, 4, 3),
    ['D'] = G(6, 5, 5, 5, 6),
    ['E'] = G(7, 4, 6, 4, 7),
    ['F'] = G(7, 4, 6, 4, 4),
    ['G'] = G(3, 4, 5, 5, 3),
    ['H'] = G(5, 5, 7, 5, 5),
    ['I'] = G(7, 2, 2, 2, 7),
    ['J'] = G(1, 1, 1, 5, 2),
    ['K'] = G(5, 5, 6, 5, 5),
    ['L'] = G(4, 4, 4, 4, 7),
    ['M'] = G(5, 7, 7, 5, 5),
    ['N'] = G(6, 5, 5, 5, 5),
    ['O'] = G(2, 5, 5, 5, 2),
    ['P'] = G(6, 5, 6, 4, 4),
    ['Q'] = G(2, 5, 5, 6, 3),
    ['R'] = G(6, 5, 6, 5, 5),
    ['S'] = G(3, 4, 2, 1, 6),
    ['T'] = G(7, 2, 2, 2, 2),
    ['U'] = G(5, 5, 5, 5, 7),
    ['V'] = G(5, 5, 5, 5, 2),
    ['W'] = G(5, 5, 7, 7, 5),
    ['X'] = G(5, 5, 2, 5, 5),
    ['Y'] = G(5, 5, 2, 2, 2),
    ['Z'] = G(7, 1, 2, 4, 7),
    ['_'] = G(0, 0, 0, 0, 7),
};

static uint16_t glyph_of(uint32_t code)
{
    if (code >= 'a' && code <= 'z')
        code -= 'a' - 'A';
    if (code >= ASSAY_COUNT(glyphs))
        return G(7, 7, 7, 7, 7);
    return code == ' ' || glyphs[code] ? glyphs[code] : G(7, 7, 7, 7, 7);
}

static void put(struct assay_frame *frame, int x, int y, uint8_t ink)
{
    if (x >= 0 && x < frame->width && y >= 0 && y < frame->height)
        frame->pixels[(size_t)y * (size_t)frame->width + (size_t)x] = ink;
}

void font_draw(struct assay_frame *frame, int x, int y, const char *text, int scale,
               uint8_t ink)
{
    while (*text) {
        uint32_t code;
        size_t length = assay_utf8_decode(text, 4, &code);
        uint16_t glyph = glyph_of(code);

        for (int dot = 0; dot < 15 * scale * scale; dot++) {
            int column = dot % (3 * scale), row = dot / (3 * scale);

            if (glyph >> (14 - row / scale * 3 - column / scale) & 1)
                put(frame, x + column, y + row, ink);
        }
        x += FONT_WIDTH * scale;
        text += length ? length : 1;
    }
}
