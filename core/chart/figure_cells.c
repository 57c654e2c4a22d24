/*
 * Figures (figure.h) in characters: strokes as the dots of characters, upright axes and points
 * as characters of their own. A cell has one colour, that of most dots in it; where one line in
 * it is not faint, those that are faint are left out.
 */
#include <assay/figure.h>

#include <math.h>
#include <stdlib.h>

#include <assay/memory.h>

#include "chart/canvas.h"
#include "chart/glyphs.h"

/* What a dot holds: BRIGHT + its colour; PLAIN is one more. */
enum { NOTHING, FAINT, BRIGHT, PLAIN = BRIGHT + ASSAY_CHART_COLORS };

struct sketch {
    const struct assay_figure *figure;
    const struct glyph_set *set;
    enum assay_glyphs glyphs;
    struct assay_cells *cells;
    struct canvas dots;
    bool several; /* colours */
};

static double across(const struct sketch *s, double x)
{
    return 0.5 + x * (s->dots.width - 1);
}

static double down(const struct sketch *s, double y)
{
    return 0.5 + (1 - y) * (s->dots.height - 1);
}

static void put(struct sketch *s, double column, double row, uint32_t code, int color)
{
    if (column >= 0 && column < s->cells->columns && row >= 0 && row < s->cells->rows)
        s->cells->cells[(size_t)row * (size_t)s->cells->columns + (size_t)column] =
            (struct assay_cell){.code = code, .color = (int8_t)color};
}

static void sketch_grid(struct sketch *s)
{
    size_t count = (size_t)s->cells->columns * (size_t)s->cells->rows;

    for (size_t i = 0; i < count; i++)
        s->cells->cells[i] = (struct assay_cell){.code = ' ', .color = -4};
    for (size_t i = 0; i < s->figure->grid_x_count; i++)
        for (int row = 0; row < s->cells->rows; row++)
            put(s, across(s, s->figure->grid_x[i]) / s->set->across, row, s->set->vertical, -1);
    for (size_t i = 0; i < s->figure->grid_y_count; i++)
        for (int column = 0; column < s->cells->columns; column++)
            put(s, column, down(s, s->figure->grid_y[i]) / s->set->down, s->set->horizontal,
                -1);
}

static void sketch_strokes(struct sketch *s)
{
    struct pen pen = {0};

    pen_shape(&pen, 1, false);
    for (int bright = 0; bright <= 1; bright++)
        for (size_t i = 0; i < s->figure->stroke_count; i++) {
            const struct assay_stroke *stroke = &s->figure->strokes[i];
            if (stroke->faint == (bright == 1))
                continue;
            unsigned color = (unsigned)stroke->color % ASSAY_CHART_COLORS;
            pen.index[0] = (uint8_t)(stroke->color < 0 ? PLAIN
                                     : bright          ? BRIGHT + color
                                                       : FAINT);
            canvas_stroke(&s->dots, &pen, across(s, stroke->x0), down(s, stroke->y0),
                          across(s, stroke->x1), down(s, stroke->y1));
        }
}

/* The dots of one cell: those that are FAINT, those that are not; which colour most have. */
static void look_at(const struct sketch *s, int column, int row, unsigned masks[2], int *color)
{
    unsigned counts[ASSAY_CHART_COLORS + 1] = {0}, most = 0;

    masks[0] = masks[1] = 0;
    for (int bit = 0; bit < s->set->across * s->set->down; bit++) {
        int x = column * s->set->across + bit % s->set->across;
        int y = row * s->set->down + bit / s->set->across;
        int dot = s->dots.pixels[(size_t)x * (size_t)s->dots.height + (size_t)y];
        if (dot == NOTHING)
            continue;
        masks[dot != FAINT] |= 1u << bit;
        if (dot != FAINT && ++counts[dot - BRIGHT] > most) {
            most = counts[dot - BRIGHT];
            *color = dot == PLAIN ? ASSAY_FIGURE_PLAIN : dot - BRIGHT;
        }
    }
}

static void sketch_cells(struct sketch *s)
{
    for (int row = 0; row < s->cells->rows; row++)
        for (int column = 0; column < s->cells->columns; column++) {
            unsigned masks[2];
            int color = 0;
            look_at(s, column, row, masks, &color);
            if (masks[1])
                put(s, column, row,
                    glyph_of(s->glyphs, masks[1], s->several && color >= 0, color),
                    color < 0 ? -2 : color);
            else if (masks[0])
                put(s, column, row, glyph_of(s->glyphs, masks[0], false, 0), -1);
        }
}

/* Cells whose middle lies on the rule; one at least. */
static void sketch_rules(struct sketch *s)
{
    for (size_t i = 0; i < s->figure->rule_count; i++) {
        const struct assay_rule *rule = &s->figure->rules[i];
        double column = across(s, rule->x) / s->set->across;
        double rows = s->cells->rows, high = fmax(rule->y0, rule->y1),
               low = fmin(rule->y0, rule->y1);
        int from = (int)fmax(lround((1 - high) * rows), 0);
        int to = (int)fmin(lround((1 - low) * rows), rows);
        bool brush = rule->kind == ASSAY_RULE_BRUSH;
        for (int row = from; row < to || row == from; row++)
            put(s, column, row, brush ? s->set->bar : s->set->cursor,
                rule->kind == ASSAY_RULE_AXIS ? -1 : -2);
    }
}

static void sketch_dots(struct sketch *s)
{
    const uint32_t codes[] = {[ASSAY_DOT_SMALL] = s->set->small,
                              [ASSAY_DOT_HOLLOW] = s->set->hollow,
                              [ASSAY_DOT_LARGE] = s->set->point,
                              [ASSAY_DOT_DIAMOND] = s->set->diamond,
                              [ASSAY_DOT_HERE] = s->set->here};
    bool letters = s->glyphs == ASSAY_GLYPHS_ASCII && s->several; /* they tell colours apart */

    for (size_t i = 0; i < s->figure->dot_count; i++) {
        const struct assay_dot *dot = &s->figure->dots[i];
        bool lettered = letters && dot->kind <= ASSAY_DOT_LARGE;
        put(s, across(s, dot->x) / s->set->across, down(s, dot->y) / s->set->down,
            lettered ? (unsigned char)assay_chart_mark(dot->color) : codes[dot->kind],
            dot->kind == ASSAY_DOT_HERE ? -2
                                        : (int)((unsigned)dot->color % ASSAY_CHART_COLORS));
    }
}

static bool has_several(const struct assay_figure *figure)
{
    int first = figure->dot_count      ? figure->dots[0].color
                : figure->stroke_count ? figure->strokes[0].color
                                       : 0;

    for (size_t i = 0; i < figure->dot_count; i++)
        if (figure->dots[i].color != first)
            return true;
    for (size_t i = 0; i < figure->stroke_count; i++)
        if (figure->strokes[i].color >= 0 && figure->strokes[i].color != first)
            return true;
    return false;
}

void assay_figure_cells(const struct assay_figure *figure, enum assay_glyphs glyphs,
                        struct assay_cells *cells)
{
    uint8_t rank[256] = {0};
    struct sketch s = {.figure = figure,
                       .set = glyph_set_of(glyphs),
                       .glyphs = glyphs,
                       .cells = cells,
                       .several = has_several(figure)};

    if (cells->cells == NULL)
        return;
    s.dots = (struct canvas){.width = cells->columns * s.set->across,
                             .height = cells->rows * s.set->down,
                             .rank = rank};
    s.dots.pixels = assay_alloc_array((size_t)s.dots.width, (size_t)s.dots.height);
    sketch_grid(&s);
    sketch_strokes(&s);
    sketch_cells(&s);
    sketch_rules(&s);
    sketch_dots(&s);
    free(s.dots.pixels);
}
