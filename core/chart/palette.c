/*
 * Colours of charts. Every series colour is a member of the 256-colour cube, so a legend in
 * text is the same colour as its line. The first two of each palette are given; the others were
 * searched for the greatest least distance (CIEDE2000) between any two, seen with simulated
 * protanopia and deuteranopia (Machado, Oliveira, Fernandes 2009) and nearly twice that with
 * normal vision, the first six and eight farther from each other than the rest, and in contrast
 * with the background; test_colors holds them to it. Called by raster.c,
 * plot.c and the front ends.
 */
#include "chart/ink.h"

#include <math.h>
#include <string.h>

#include <assay/memory.h>

const struct assay_chart_palette assay_palette_dark = {
    .background = {18, 18, 18},
    .grid = {48, 48, 48},
    .axis = {88, 88, 88},
    .cursor = {168, 168, 168},
    .mark = {255, 95, 95},
    .series = {{95, 175, 255},
               {255, 175, 0},
               {255, 175, 175},
               {0, 135, 95},
               {175, 0, 215},
               {135, 95, 0},
               {95, 255, 255},
               {255, 255, 175},
               {0, 175, 175},
               {135, 175, 95},
               {255, 95, 0},
               {175, 95, 135}},
};

const struct assay_chart_palette assay_palette_light = {
    .background = {255, 255, 255},
    .grid = {228, 228, 228},
    .axis = {158, 158, 158},
    .cursor = {98, 98, 98},
    .mark = {215, 0, 0},
    .series = {{0, 95, 215},
               {215, 95, 0},
               {0, 135, 95},
               {255, 95, 135},
               {95, 0, 0},
               {0, 0, 95},
               {175, 135, 255},
               {175, 0, 135},
               {0, 95, 0},
               {0, 0, 255},
               {0, 175, 175},
               {0, 135, 175}},
};

/* Three greys in turn, as the text of a legend is bold, dim and plain. Four kinds of dashes in
   turn as well, so that the twelve differ in one or the other, and neighbours in both. */
#define GREYS(bold, dim, plain)                                                                \
    {bold, bold, bold}, {dim, dim, dim},                                                       \
    {                                                                                          \
        plain, plain, plain                                                                    \
    }
#define GREYS_ALL(bold, dim, plain)                                                            \
    GREYS(bold, dim, plain), GREYS(bold, dim, plain), GREYS(bold, dim, plain),                 \
        GREYS(bold, dim, plain)

const struct assay_chart_palette assay_palette_grey_dark = {
    .background = {18, 18, 18},
    .grid = {48, 48, 48},
    .axis = {88, 88, 88},
    .cursor = {168, 168, 168},
    .mark = {255, 255, 255},
    .series = {GREYS_ALL(238, 118, 178)},
    .grey = true,
};

const struct assay_chart_palette assay_palette_grey_light = {
    .background = {255, 255, 255},
    .grid = {228, 228, 228},
    .axis = {158, 158, 158},
    .cursor = {98, 98, 98},
    .mark = {0, 0, 0},
    .series = {GREYS_ALL(8, 138, 78)},
    .grey = true,
};

/* ---- the 256-colour cube ---- */

static const uint8_t cube_levels[6] = {0, 95, 135, 175, 215, 255};

struct assay_rgb assay_index256_rgb(int index)
{
    if (index >= 232 && index <= 255) {
        uint8_t grey = (uint8_t)(8 + 10 * (index - 232));
        return (struct assay_rgb){grey, grey, grey};
    }
    if (index < 16 || index > 231)
        return (struct assay_rgb){0, 0, 0};
    index -= 16;
    return (struct assay_rgb){cube_levels[index / 36], cube_levels[index / 6 % 6],
                              cube_levels[index % 6]};
}

static int square(int value)
{
    return value * value;
}

int assay_rgb_index256(struct assay_rgb rgb)
{
    int best = 16, least = INT32_MAX;

    for (int i = 16; i < 256; i++) {
        struct assay_rgb other = assay_index256_rgb(i);
        int distance =
            square(rgb.r - other.r) + square(rgb.g - other.g) + square(rgb.b - other.b);
        if (distance < least) {
            least = distance;
            best = i;
        }
    }
    return best;
}

int assay_chart_dash(bool grey, int color)
{
    return (int)(grey ? (unsigned)color % 4 : (unsigned)color / ASSAY_CHART_COLORS % 4);
}

const char *assay_chart_sign(int color, bool grey, bool ascii)
{
    static const char marks[ASSAY_CHART_COLORS][2] = {"*", "+", "o", "x", "#", "@",
                                                      "%", "=", "&", "$", "~", "^"};
    static const char *const dashes[] = {"●", "╍", "┅", "┉"}; /* as lines.c draws them */

    if (ascii)
        return marks[(unsigned)color % ASSAY_CHART_COLORS];
    return dashes[assay_chart_dash(grey, color)];
}

char assay_chart_mark(int color)
{
    return assay_chart_sign(color, false, true)[0];
}

/* ---- mixing ---- */

static double to_light(uint8_t value)
{
    double part = value / 255.0;

    return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4);
}

/* Sixel says colours in percent: the nearest value that is one. */
static uint8_t as_percent(double value)
{
    return (uint8_t)lround(lround(value * 100 / 255) * 255 / 100.0);
}

static uint8_t mix_one(uint8_t a, uint8_t b, double part)
{
    double light = to_light(a) * (1 - part) + to_light(b) * part;

    return as_percent(
        255 * (light <= 0.0031308 ? light * 12.92 : 1.055 * pow(light, 1 / 2.4) - 0.055));
}

struct assay_rgb ink_mix(struct assay_rgb a, struct assay_rgb b, double part)
{
    return (struct assay_rgb){mix_one(a.r, b.r, part), mix_one(a.g, b.g, part),
                              mix_one(a.b, b.b, part)};
}

/* ---- a frame's palette ---- */

static uint8_t add_color(struct assay_frame *frame, struct assay_rgb color)
{
    frame->palette[frame->colors] = color;
    return (uint8_t)frame->colors++;
}

/* How much of a line's colour its edge levels have, and how much of it a faint line has. On a
   light background the eye takes mixed light for paler than it is, hence the difference. */
static const double edge_parts[CANVAS_LEVELS] = {0.30, 0.64, 1};
#define FAINT_PART_DARK  0.16
#define FAINT_PART_LIGHT 0.42

static bool is_dark(struct assay_rgb color)
{
    return 299 * color.r + 587 * color.g + 114 * color.b < 128000;
}

static void add_shades(struct inks *inks, struct assay_frame *frame, struct pen *pen,
                       struct assay_rgb color, int base_rank)
{
    for (int level = 0; level < pen->levels; level++) {
        if (level < pen->levels - 1)
            pen->index[level] =
                add_color(frame, ink_mix(frame->palette[0], color, edge_parts[level]));
        inks->rank[pen->index[level]] = (uint8_t)(base_rank + level);
    }
}

void inks_init(struct inks *inks, struct assay_frame *frame,
               const struct assay_chart_palette *palette, int registers, double width,
               unsigned used, unsigned faint)
{
    const struct assay_rgb fixed[] = {palette->background, palette->grid, palette->cursor,
                                      palette->mark};
    int lines = __builtin_popcount(used), faints = __builtin_popcount(faint);

    *inks = (struct inks){.smooth = registers >= 64, .grey = palette->grey};
    frame->colors = 0;
    for (size_t i = 0; i < ASSAY_COUNT(fixed); i++)
        add_color(frame, ink_mix(fixed[i], fixed[i], 0));
    for (int i = 0; i < ASSAY_CHART_COLORS; i++)
        add_color(frame, ink_mix(palette->series[i], palette->series[i], 0));
    inks->axis =
        registers > 16 ? add_color(frame, ink_mix(palette->axis, palette->axis, 0)) : INK_GRID;
    inks->rank[INK_GRID] = inks->rank[inks->axis] = 1;
    inks->rank[INK_CURSOR] = 2;
    inks->rank[INK_MARK] = 60;

    bool faint_shades = registers >= frame->colors + faints + (inks->smooth ? 2 * lines : 0);
    bool faint_smooth = registers >= frame->colors + 3 * faints + 2 * lines && inks->smooth;
    double part = is_dark(palette->background) ? FAINT_PART_DARK : FAINT_PART_LIGHT;
    for (int i = 0; i < ASSAY_CHART_COLORS; i++) {
        struct pen *pen = &inks->line[i], *pale = &inks->faint[i];
        struct assay_rgb color = frame->palette[INK_SERIES + i];
        pen_shape(pen, width, inks->smooth);
        pen_shape(pale, fmax(1, width * 0.75), faint_smooth);
        pen->dot = pale->dot = width * 0.7;
        pen->index[pen->levels - 1] = (uint8_t)(INK_SERIES + i);
        pale->index[pale->levels - 1] = (uint8_t)(INK_SERIES + i);
        if (used & 1u << i)
            add_shades(inks, frame, pen, color, 40 + CANVAS_LEVELS - pen->levels);
        if (!(faint & 1u << i))
            continue;
        if (faint_shades) {
            struct assay_rgb mixed = ink_mix(frame->palette[0], color, part);
            pale->index[pale->levels - 1] = add_color(frame, mixed);
            add_shades(inks, frame, pale, mixed, 20 + CANVAS_LEVELS - pale->levels);
        } else {
            pale->stipple = true;
        }
    }
}
