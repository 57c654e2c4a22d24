/*
 * Figures (figure.h) as SVG, and what that shares with charts (plot_file.c).
 */
#include "chart/ink.h"
#include "chart/svg.h"

#include <assay/figure.h>
#include <assay/text.h>

#define LEFT   100 /* pixels of the labels along y */
#define TOP    56  /* ... of the title and the name of y */
#define WIDTH  680
#define HEIGHT 320
#define BELOW  60
#define RIGHT  20
#define CHAR   7.8 /* pixels of a character */

#define NAMES       88 /* pixels above upright axes: title, two lines of names, the upper ends */
#define BETWEEN     110 /* upright axes, at least */
#define KINDS_NAMED 12  /* texts of an upright axis that have room beside it */

#define SMALL 3.0 /* radius of a dot */
#define LARGE 4.5
#define FAINT 0.35 /* of its colour in a faint line, the rest is the ground's */
#define PLAIN ((struct assay_rgb){48, 48, 48})

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

struct ground { /* where the picture lies */
    double left, top, width, height;
};

static double across(const struct ground *g, double unit)
{
    return g->left + unit * g->width;
}

static double down(const struct ground *g, double unit)
{
    return g->top + (1 - unit) * g->height;
}

static struct assay_rgb color_of(int color)
{
    return color < 0 ? PLAIN : assay_palette_light.series[color % ASSAY_CHART_COLORS];
}

static void line(struct assay_buf *out, const struct ground *g, double x0, double y0, double x1,
                 double y1, struct assay_rgb color)
{
    assay_buf_format(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"",
                     across(g, x0), down(g, y0), across(g, x1), down(g, y1));
    svg_color(out, color);
    assay_buf_text_add(out, "\"/>\n");
}

/* Without transparency, which not every reader of SVG knows. */
static struct assay_rgb faint_of(struct assay_rgb color)
{
    return ink_mix(assay_palette_light.background, color, FAINT);
}

/* Strokes of which each begins where the one before ended are one path. Returns how many. */
static size_t path(struct assay_buf *out, const struct ground *g, const struct assay_stroke *s,
                   size_t count)
{
    size_t used = 0;
    assay_buf_format(out, "<path fill=\"none\" d=\"M%.1f %.1f", across(g, s->x0),
                     down(g, s->y0));
    do {
        assay_buf_format(out, "L%.1f %.1f", across(g, s[used].x1), down(g, s[used].y1));
        used++;
    } while (used < count && s[used].color == s->color && s[used].faint == s->faint &&
             s[used].x0 == s[used - 1].x1 && s[used].y0 == s[used - 1].y1);
    assay_buf_text_add(out, "\" stroke=\"");
    svg_color(out, s->faint ? faint_of(color_of(s->color)) : color_of(s->color));
    assay_buf_format(out, "\" stroke-width=\"%.1f\" stroke-linecap=\"round\"/>\n",
                     s->faint ? 0.8 : 1.6);
    return used;
}

static void strokes(struct assay_buf *out, const struct ground *g,
                    const struct assay_figure *figure)
{
    for (int faint = 1; faint >= 0; faint--)
        for (size_t i = 0; i < figure->stroke_count;)
            i += figure->strokes[i].faint == (faint == 1)
                     ? path(out, g, &figure->strokes[i], figure->stroke_count - i)
                     : 1;
}

static void dot(struct assay_buf *out, const struct ground *g, const struct assay_dot *d)
{
    double x = across(g, d->x), y = down(g, d->y);
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

static void begin(struct assay_buf *out, double width, double height)
{
    assay_buf_format(out,
                     "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
                     "viewBox=\"0 0 %.0f %.0f\" font-family=\"monospace\" font-size=\"13\" "
                     "fill=\"#303030\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"",
                     width, height, width, height);
    svg_color(out, assay_palette_light.background);
    assay_buf_text_add(out, "\"/>\n");
}

static void finish(struct assay_buf *out, const struct ground *g,
                   const struct assay_figure *figure)
{
    strokes(out, g, figure);
    for (size_t i = 0; i < figure->dot_count; i++)
        dot(out, g, &figure->dots[i]);
}

/* ---- in a plane ---- */

static void plane_axes(struct assay_buf *out, const struct ground *g,
                       const struct assay_plane_axis *x, const struct assay_plane_axis *y,
                       const struct assay_figure_words *words)
{
    struct assay_rgb grid = assay_palette_light.grid;

    for (size_t i = 0; i < x->tick_count; i++) {
        line(out, g, x->ticks[i].unit, 0, x->ticks[i].unit, 1, grid);
        svg_text(out, across(g, x->ticks[i].unit), down(g, 0) + 20, "middle",
                 x->ticks[i].label);
    }
    for (size_t i = 0; i < y->tick_count; i++) {
        line(out, g, 0, y->ticks[i].unit, 1, y->ticks[i].unit, grid);
        svg_text(out, LEFT - 10, down(g, y->ticks[i].unit) + 5, "end", y->ticks[i].label);
    }
    for (size_t i = 0; words->kinds && i < x->kinds; i++)
        svg_text(out, across(g, assay_plane_unit(x, (double)i)), down(g, 0) + 20, "middle",
                 words->kinds[i]);
    svg_text(out, LEFT, 20, "start", words->title);
    svg_text(out, LEFT, TOP - 10, "start", words->y);
    svg_text(out, across(g, 1), down(g, 0) + 44, "end", words->x);
}

void assay_figure_svg(const struct assay_figure *figure, const struct assay_plane_axis *x,
                      const struct assay_plane_axis *y, const struct assay_figure_words *words,
                      struct assay_buf *out)
{
    const struct ground g = {LEFT, TOP, WIDTH, HEIGHT};
    begin(out, LEFT + WIDTH + RIGHT, TOP + HEIGHT + BELOW);
    plane_axes(out, &g, x, y, words);
    finish(out, &g, figure);
    assay_buf_text_add(out, "</svg>\n");
}

/* ---- upright axes side by side ---- */

/* TEXT, cut where it is wider than so many pixels. */
static void fitted(struct assay_buf *out, double x, double y, const char *anchor,
                   const char *text, double pixels)
{
    struct assay_buf cut = {0};
    int cells = (int)(pixels / CHAR), used;
    if (assay_text_width(text) > cells) {
        assay_buf_add(&cut, text, assay_text_fit(text, cells - 1, &used));
        assay_buf_text_add(&cut, "…");
        text = assay_buf_text(&cut);
    }
    svg_text(out, x, y, anchor, text);
    assay_buf_free(&cut);
}

/* What stands where on an axis: its ends, or each of a few texts beside its place. */
static void places(struct assay_buf *out, const struct ground *g,
                   const struct assay_parallel_axis *axis, double x, double room)
{
    char text[80];
    if (axis->texts && axis->kind_count <= KINDS_NAMED) {
        for (size_t k = 0; k < axis->kind_count; k++) {
            assay_text_clean_to(text, sizeof text, axis->kinds[k]);
            fitted(out, x + 6, down(g, assay_parallel_kind_unit(axis, k)) + 5, "start", text,
                   room - 12);
        }
        return;
    }
    assay_parallel_end(axis, true, (int)(room / CHAR), text);
    fitted(out, x, down(g, 1) - 8, "middle", text, room);
    assay_parallel_end(axis, false, (int)(room / CHAR), text);
    fitted(out, x, down(g, 0) + 20, "middle", text, room);
}

/* The same above the lines, on a little of the ground's colour: twice, since not every reader
   of SVG knows the order of paint. */
static void places_above(struct assay_buf *out, const struct ground *g,
                         const struct assay_parallel_axis *axis, double x, double room)
{
    assay_buf_text_add(out, "<g stroke-width=\"3\" stroke=\"");
    svg_color(out, assay_palette_light.background);
    assay_buf_text_add(out, "\">\n");
    places(out, g, axis, x, room);
    assay_buf_text_add(out, "</g>\n");
    places(out, g, axis, x, room);
}

void assay_parallel_svg(const struct assay_figure *figure,
                        const struct assay_parallel_axis *axes, const char *const *names,
                        size_t count, const char *title, struct assay_buf *out)
{
    double between = count > 1 ? fmax(BETWEEN, WIDTH / (double)(count - 1)) : WIDTH;
    const struct ground g = {BETWEEN, NAMES, between * (double)(count > 1 ? count - 1 : 1),
                             HEIGHT};
    begin(out, g.width + 2 * BETWEEN, NAMES + HEIGHT + BELOW / 2.0);
    svg_text(out, 20, 20, "start", title);
    for (size_t i = 0; i < count; i++) { /* neighbours' names on lines of their own */
        double unit = assay_parallel_across(i, count), x = across(&g, unit);
        line(out, &g, unit, 0, unit, 1, assay_palette_light.axis);
        fitted(out, x, i % 2 ? 64 : 46, "middle", names[i], 2 * BETWEEN - CHAR);
    }
    finish(out, &g, figure);
    for (size_t i = 0; i < count; i++)
        places_above(out, &g, &axes[i], across(&g, assay_parallel_across(i, count)), BETWEEN);
    assay_buf_text_add(out, "</svg>\n");
}
