/*
 * The glyphs that screens draw with, in ASCII. See asciimap.h.
 */
#include <stddef.h>

#include <assay/memory.h>

#include "asciimap.h"

static const struct {
    uint16_t code;
    char ascii;
} glyphs[] = {
    {0x00a0, ' '}, {0x00b1, '~'}, {0x00b7, '.'}, {0x00d7, 'x'},  {0x2010, '-'},  {0x2011, '-'},
    {0x2012, '-'}, {0x2013, '-'}, {0x2014, '-'}, {0x2018, '\''}, {0x2019, '\''}, {0x201c, '"'},
    {0x201d, '"'}, {0x2022, '*'}, {0x2026, '~'}, {0x2190, '<'},  {0x2191, '^'},  {0x2192, '>'},
    {0x2193, 'v'}, {0x2212, '-'}, {0x221e, '8'}, {0x2500, '-'},  {0x2501, '-'},  {0x2502, '|'},
    {0x2503, '|'}, {0x25a0, '#'}, {0x25b2, '^'}, {0x25b4, '^'},  {0x25b6, '>'},  {0x25b8, '>'},
    {0x25bc, 'v'}, {0x25be, 'v'}, {0x25c0, '<'}, {0x25c2, '<'},  {0x25cb, 'o'},  {0x25cf, '*'},
    {0x2713, 'v'}, {0x2714, 'v'}, {0x2717, 'x'}, {0x2718, 'x'},  {0x276f, '>'},
};

uint32_t asciimap(uint32_t code)
{
    if (code >= 0x20 && code < 0x7f)
        return code;
    for (size_t i = 0; i < ASSAY_COUNT(glyphs); i++)
        if (glyphs[i].code == code)
            return (unsigned char)glyphs[i].ascii;
    if (code >= 0x2504 && code <= 0x257f) /* corners and joints */
        return '+';
    if (code >= 0x2580 && code <= 0x259f)
        return '#';
    if (code == 0x2800)
        return ' ';
    if (code > 0x2800 && code <= 0x28ff)
        return '.';
    return '?';
}
