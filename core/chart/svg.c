/*
 * Figures (figure.h) as SVG, and what that shares with charts (plot_file.c).
 */
#include "chart/svg.h"

#include <assay/figure.h>

#define LEFT   100 /* pixels of the labels along y */
#define TOP    56  /* ... of the title and the name of y */
#define WIDTH  680
#define HEIGHT 320
#define BELOW  60
#define SMALL  3.0 /* radius of a dot */
#define LARGE  4.5
#define PLAIN  ((struct assay_rgb){48, 48, 48})

void svg_text(struct assay_buf *out, double x, double y, const char *anchor, const char *text)
{
    assay_buf_format(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    for (; *text; text++) {
        if (*text == '<')
            assay_buf_text_add(out, "&lt;");
        else if (*text == '&')
            assay_buf_text_add(out, "&amp;");
        else if (*text == '>')
            assay_buf_text_add(out, "&gt;");
        else
            assay_buf_char(out, *text);
    }
    assay_buf_text_add(out, "</text>\n");
}

void svg_color(struct assay_buf *out, struct assay_rgb color)
{
    assay_buf_format(out, "#%02x%02x%02x", color.r, color.g, color.b);
}

/* ---- figures ---- */

static double across(double unit)
{
    return LEFT + unit * WIDTH;
}

static double down(double unit)
{
    return TOP + (1 - unit) * HEIGHT;
}

static struct assay_rgb color_of(int color)
{
    return color < 0 ? PLAIN : assay_palette_light.series[color % ASSAY_CHART_COLORS];
}

static void line(struct assay_buf *out, double x0, double y0, double x1, double y1,
                 struct assay_rgb color, double width)
{
    assay_buf_format(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"",
                     across(x0), down(y0), across(x1), down(y1));
    svg_color(out, color);
    assay_buf_format(out, "\" stroke-width=\"%.1f\" stroke-linecap=\"round\"/>\n", width);
}

static void dot(struct assay_buf *out, const struct assay_dot *d)
{
    double x = across(d->x), y = down(d->y);
    double radius = d->kind == ASSAY_DOT_SMALL || d->kind == ASSAY_DOT_HOLLOW ? SMALL : LARGE;

    if (d->kind == ASSAY_DOT_DIAMOND)
        assay_buf_format(out, "<path d=\"M%.1f %.1fl7 7l-7 7l-7 -7Z\" stroke=\"", x, y - 7);
    else
        assay_buf_format(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" stroke=\"", x, y,
                         radius);
    svg_color(out, d->kind == ASSAY_DOT_DIAMOND ? assay_palette_light.background
                                                : color_of(d->color));
    assay_buf_text_add(out, "\" stroke-width=\"1.5\" fill=\"");
    svg_color(out, d->kind == ASSAY_DOT_HOLLOW ? assay_palette_light.background
                                               : color_of(d->color));
    assay_buf_text_add(out, "\"/>\n");
}

static void axes(struct assay_buf *out, const struct assay_plane_axis *x,
                 const struct assay_plane_axis *y, const struct assay_figure_words *words)
{
    struct assay_rgb grid = assay_palette_light.grid;

    for (size_t i = 0; i < x->tick_count; i++) {
        line(out, x->ticks[i].unit, 0, x->ticks[i].unit, 1, grid, 1);
        svg_text(out, across(x->ticks[i].unit), down(0) + 20, "middle", x->ticks[i].label);
    }
    for (size_t i = 0; i < y->tick_count; i++) {
        line(out, 0, y->ticks[i].unit, 1, y->ticks[i].unit, grid, 1);
        svg_text(out, LEFT - 10, down(y->ticks[i].unit) + 5, "end", y->ticks[i].label);
    }
    for (size_t i = 0; words->kinds && i < x->kinds; i++)
        svg_text(out, across(assay_plane_unit(x, (double)i)), down(0) + 20, "middle",
                 words->kinds[i]);
    svg_text(out, LEFT, 20, "start", words->title);
    svg_text(out, LEFT, TOP - 10, "start", words->y);
    svg_text(out, across(1), down(0) + 44, "end", words->x);
}

void assay_figure_svg(const struct assay_figure *figure, const struct assay_plane_axis *x,
                      const struct assay_plane_axis *y, const struct assay_figure_words *words,
                      struct assay_buf *out)
{
    assay_buf_format(out,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                     "viewBox=\"0 0 %d %d\" font-family=\"monospace\" font-size=\"13\" "
                     "fill=\"#303030\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"",
                     LEFT + WIDTH + 20, TOP + HEIGHT + BELOW, LEFT + WIDTH + 20,
                     TOP + HEIGHT + BELOW);
    svg_color(out, assay_palette_light.background);
    assay_buf_text_add(out, "\"/>\n");
    axes(out, x, y, words);
    for (size_t i = 0; i < figure->stroke_count; i++) {
        const struct assay_stroke *s = &figure->strokes[i];
        line(out, s->x0, s->y0, s->x1, s->y1, color_of(s->color), s->faint ? 0.6 : 1.6);
    }
    for (size_t i = 0; i < figure->dot_count; i++)
        dot(out, &figure->dots[i]);
    assay_buf_text_add(out, "</svg>\n");
}
