/*
 * Figures (figure.h) as palette pixels, with the pens and inks of charts. Order of painting,
 * from below: grid, faint strokes, strokes, upright axes, dots. Several hands paint strips of
 * the picture, each all that is seen in it. Called by the front end.
 */
#include <assay/figure.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#include "chart/raster.h"

#define STRIP_LEAST  32   /* pixels across: narrower ones cost more than they share */
#define SHARED_LEAST 1000 /* strokes from which on it is worth while to share */
#define CROWD_LEAST  5000 /* ... and so many that none needs smooth edges */
#define STRIPS_EACH  2
#define NEAR         8   /* pixels that the end of a stroke reaches, at most */
#define SMALL        1.7 /* radius of a dot in widths of a line */
#define LARGE        2.6
#define RING         1.6 /* what stands around the one under the cursor, likewise */
#define BRUSH        7   /* pixels across a chosen part of an axis */

/* ---- filling ---- */

void assay_figure_clear(struct assay_figure *figure)
{
    figure->grid_x_count = figure->grid_y_count = 0;
    figure->stroke_count = figure->rule_count = figure->dot_count = 0;
}

void assay_figure_free(struct assay_figure *figure)
{
    free(figure->strokes);
    free(figure->rules);
    free(figure->dots);
    *figure = (struct assay_figure){0};
}

/* So that what is far outside cannot leave the range of whole numbers on its way. */
static bool is_place(double value)
{
    return value >= -100 && value <= 100;
}

void assay_figure_stroke(struct assay_figure *figure, struct assay_stroke stroke)
{
    if (!is_place(stroke.x0) || !is_place(stroke.y0) || !is_place(stroke.x1) ||
        !is_place(stroke.y1))
        return;
    ASSAY_GROW(figure->strokes, figure->stroke_capacity, figure->stroke_count + 1);
    figure->strokes[figure->stroke_count++] = stroke;
}

void assay_figure_dot(struct assay_figure *figure, struct assay_dot dot)
{
    if (!is_place(dot.x) || !is_place(dot.y))
        return;
    ASSAY_GROW(figure->dots, figure->dot_capacity, figure->dot_count + 1);
    figure->dots[figure->dot_count++] = dot;
}

void assay_figure_rule(struct assay_figure *figure, struct assay_rule rule)
{
    if (!is_place(rule.x) || !is_place(rule.y0) || !is_place(rule.y1))
        return;
    ASSAY_GROW(figure->rules, figure->rule_capacity, figure->rule_count + 1);
    figure->rules[figure->rule_count++] = rule;
}

/* ---- one number for all of it ---- */

static void mix(uint64_t *hash, double a, double b, double c, double d, int flags)
{
    const double numbers[] = {a, b, c, d, flags};

    for (size_t i = 0; i < ASSAY_COUNT(numbers); i++) {
        uint64_t bits;
        memcpy(&bits, &numbers[i], sizeof bits);
        *hash = (*hash ^ bits) * 0x9e3779b97f4a7c15u;
        *hash ^= *hash >> 29;
    }
}

uint64_t assay_figure_version(const struct assay_figure *figure)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < figure->grid_x_count; i++)
        mix(&hash, figure->grid_x[i], 0, 0, 0, 1);
    for (size_t i = 0; i < figure->grid_y_count; i++)
        mix(&hash, figure->grid_y[i], 0, 0, 0, 2);
    for (size_t i = 0; i < figure->stroke_count; i++) {
        const struct assay_stroke *s = &figure->strokes[i];
        mix(&hash, s->x0, s->y0, s->x1, s->y1, 4 + s->color * 2 + s->faint);
    }
    for (size_t i = 0; i < figure->rule_count; i++) {
        const struct assay_rule *r = &figure->rules[i];
        mix(&hash, r->x, r->y0, r->y1, (int)r->kind, 3);
    }
    for (size_t i = 0; i < figure->dot_count; i++) {
        const struct assay_dot *d = &figure->dots[i];
        mix(&hash, d->x, d->y, (int)d->kind, 0, d->color);
    }
    return hash | 1;
}

/* ---- painting ---- */

struct painting {
    const struct assay_figure *figure;
    const struct inks *inks;
    struct canvas canvas;
    double width; /* of a line */
    struct pen plain;
    /* Of many strokes smooth edges are seen no more, and cost three times as much: of the faint
       ones first, then of all. */
    bool many, crowd;
    struct pen thin[ASSAY_CHART_COLORS], solid[ASSAY_CHART_COLORS];
    size_t strips;
};

/* The ends of the picture lie on the centres of its outermost pixels, as a chart's do. */
static double across(const struct canvas *canvas, double x)
{
    return 0.5 + x * (canvas->width - 1);
}

static double down(const struct canvas *canvas, double y)
{
    return 0.5 + (1 - y) * (canvas->height - 1);
}

static unsigned color_of(int color)
{
    return (unsigned)color % ASSAY_CHART_COLORS;
}

static void paint_grid(const struct painting *p)
{
    const struct canvas *c = &p->canvas;
    const struct assay_figure *figure = p->figure;

    memset(c->pixels, INK_BACKGROUND, (size_t)c->width * (size_t)c->height);
    for (size_t i = 0; i < figure->grid_x_count; i++) {
        double x = across(c, figure->grid_x[i]);
        if (x >= 0 && x < c->width)
            memset(c->pixels + (size_t)x * (size_t)c->height, INK_GRID, (size_t)c->height);
    }
    for (size_t i = 0; i < figure->grid_y_count; i++) {
        double y = down(c, figure->grid_y[i]);
        for (int x = 0; y >= 0 && y < c->height && x < c->width; x++)
            c->pixels[(size_t)x * (size_t)c->height + (size_t)y] = INK_GRID;
    }
}

static const struct pen *pen_of(const struct painting *p, const struct assay_stroke *stroke)
{
    if (stroke->color < 0)
        return &p->plain;
    if (stroke->faint && p->many)
        return &p->thin[color_of(stroke->color)];
    if (!stroke->faint && p->crowd)
        return &p->solid[color_of(stroke->color)];
    return &(stroke->faint ? p->inks->faint : p->inks->line)[color_of(stroke->color)];
}

/* The strip PART of the canvas, all strokes that are seen in it. */
static void paint_strip(void *context, size_t part)
{
    const struct painting *p = context;
    struct canvas strip = p->canvas;
    size_t width = (size_t)p->canvas.width;

    strip.left = (int)(part * width / p->strips);
    strip.width = (int)((part + 1) * width / p->strips);
    for (int bright = 0; bright <= 1; bright++) {
        for (size_t i = 0; i < p->figure->stroke_count; i++) {
            const struct assay_stroke *s = &p->figure->strokes[i];
            double x0 = across(&p->canvas, s->x0), x1 = across(&p->canvas, s->x1);
            if (s->faint == (bright == 1) || fmax(x0, x1) < strip.left - NEAR ||
                fmin(x0, x1) > strip.width + NEAR)
                continue;
            canvas_stroke(&strip, pen_of(p, s), x0, down(&p->canvas, s->y0), x1,
                          down(&p->canvas, s->y1));
        }
    }
}

static void paint_strokes(struct painting *p, const struct assay_hands *hands)
{
    size_t most = (size_t)p->canvas.width / STRIP_LEAST;

    p->strips = 1;
    if (hands != NULL && hands->count > 1 && most > 1 &&
        p->figure->stroke_count >= SHARED_LEAST) {
        p->strips = hands->count * STRIPS_EACH < most ? hands->count * STRIPS_EACH : most;
        hands->spread(hands->self, p->strips, paint_strip, p);
    } else {
        paint_strip(p, 0);
    }
}

/* The pixels [left, right) x [top, bottom), as far as there are any. */
static void paint_box(const struct canvas *canvas, double left, double right, double top,
                      double bottom, uint8_t index)
{
    int from = (int)fmax(left, 0), to = (int)fmin(right, canvas->width);
    int first = (int)fmax(top, 0), end = (int)fmin(bottom, canvas->height);

    for (int x = from; x < to && first < end; x++)
        memset(canvas->pixels + (size_t)x * (size_t)canvas->height + first, index,
               (size_t)(end - first));
}

static void paint_rules(const struct painting *p)
{
    static const int wide[] = {
        [ASSAY_RULE_AXIS] = 1, [ASSAY_RULE_HERE] = 2, [ASSAY_RULE_BRUSH] = BRUSH};

    for (size_t i = 0; i < p->figure->rule_count; i++) {
        const struct assay_rule *r = &p->figure->rules[i];
        double left = floor(across(&p->canvas, r->x)) - wide[r->kind] / 2;
        double top = floor(down(&p->canvas, fmax(r->y0, r->y1)));
        double bottom = ceil(down(&p->canvas, fmin(r->y0, r->y1)));
        paint_box(&p->canvas, left, left + wide[r->kind], top, bottom,
                  r->kind == ASSAY_RULE_AXIS ? p->inks->axis : INK_CURSOR);
    }
}

static void paint_diamond(const struct canvas *canvas, double x, double y, double radius,
                          uint8_t index)
{
    int middle = (int)x, reach = (int)lround(radius);

    for (int dx = -reach; dx <= reach; dx++) {
        double tall = reach - abs(dx);
        paint_box(canvas, middle + dx, middle + dx + 1, floor(y) - tall, floor(y) + tall + 1,
                  index);
    }
}

/* A disc in one colour above all that is there. */
static void paint_disc(const struct canvas *canvas, double x, double y, double radius,
                       uint8_t index)
{
    static const uint8_t no_rank[256] = {0};
    struct canvas top = *canvas;
    struct pen pen = {.levels = 1, .reach = {radius}, .index = {index}};

    top.rank = no_rank;
    canvas_segment(&top, &pen, x, y, x, y, 0);
}

/* From the point to both axes, every third pixel; and a ring around its place. */
static void paint_here(const struct painting *p, double x, double y)
{
    const struct canvas *c = &p->canvas;

    for (int at = 0; at < (int)fmin(x, c->width); at += 3)
        paint_box(c, at, at + 1, y, floor(y) + 1, INK_CURSOR);
    for (int at = c->height - 1; at > (int)fmax(y, 0); at -= 3)
        paint_box(c, x, floor(x) + 1, at, at + 1, INK_CURSOR);
    paint_disc(c, x, y, p->width * (LARGE + 2 * RING), INK_CURSOR);
    paint_disc(c, x, y, p->width * (LARGE + RING), INK_BACKGROUND);
}

static void paint_dot(const struct painting *p, const struct assay_dot *dot)
{
    unsigned color = color_of(dot->color);
    double x = across(&p->canvas, dot->x), y = down(&p->canvas, dot->y);
    bool small = dot->kind == ASSAY_DOT_SMALL || dot->kind == ASSAY_DOT_HOLLOW;
    double radius = p->width * (small ? SMALL : LARGE);
    struct canvas canvas = p->canvas;

    if (dot->kind == ASSAY_DOT_DIAMOND) {
        paint_diamond(&canvas, x, y, radius * 1.6, INK_BACKGROUND);
        paint_diamond(&canvas, x, y, radius * 1.2, (uint8_t)(INK_SERIES + color));
        return;
    }
    if (dot->kind == ASSAY_DOT_HERE)
        paint_here(p, x, y);
    canvas_segment(&canvas, &p->inks->line[color], x, y, x, y, radius - p->width / 2);
    if (dot->kind == ASSAY_DOT_HOLLOW)
        paint_disc(&canvas, x, y, radius - 1, INK_BACKGROUND);
}

static void make_pens(struct painting *p)
{
    p->plain = (struct pen){.index = {INK_CURSOR}};
    pen_shape(&p->plain, p->width, false);
    p->many = p->figure->stroke_count >= SHARED_LEAST;
    p->crowd = p->figure->stroke_count >= CROWD_LEAST;
    for (size_t i = 0; i < ASSAY_CHART_COLORS; i++) {
        const struct pen *faint = &p->inks->faint[i];
        p->thin[i] = *faint;
        pen_shape(&p->thin[i], 1, false);
        p->thin[i].index[0] = faint->index[faint->levels - 1];
        p->solid[i] = (struct pen){.index = {(uint8_t)(INK_SERIES + i)}};
        pen_shape(&p->solid[i], p->width, false);
    }
}

static void used_colors(const struct assay_figure *figure, unsigned *used, unsigned *faint)
{
    for (size_t i = 0; i < figure->stroke_count; i++) {
        const struct assay_stroke *stroke = &figure->strokes[i];
        if (stroke->color >= 0)
            *(stroke->faint ? faint : used) |= 1u << color_of(stroke->color);
    }
    for (size_t i = 0; i < figure->dot_count; i++)
        *used |= 1u << color_of(figure->dots[i].color);
}

void assay_figure_raster(const struct assay_figure *figure,
                         const struct assay_raster_options *options, struct assay_frame *frame)
{
    if (frame->width < 1 || frame->height < 1 || frame->scratch == NULL)
        return;
    struct assay_frame_scratch *scratch = frame->scratch;
    double width = options->line_width > 0 ? options->line_width : RASTER_LINE_WIDTH;
    unsigned used = 0, faint = 0;
    used_colors(figure, &used, &faint);
    struct painting p = {
        .figure = figure, .inks = &scratch->inks, .width = fmin(fmax(width, 1), 4)};
    inks_init(&scratch->inks, frame,
              options->palette != NULL ? options->palette : &assay_palette_dark,
              options->registers > 0 ? options->registers : 16, p.width, used, faint);
    ASSAY_GROW(scratch->canvas, scratch->canvas_capacity,
               (size_t)frame->width * (size_t)frame->height);
    p.canvas = (struct canvas){.pixels = scratch->canvas,
                               .width = frame->width,
                               .height = frame->height,
                               .rank = scratch->inks.rank};
    make_pens(&p);
    paint_grid(&p);
    paint_strokes(&p, options->hands);
    paint_rules(&p);
    for (size_t i = 0; i < figure->dot_count; i++)
        paint_dot(&p, &figure->dots[i]);
    raster_turn(&p.canvas, options->hands, frame->pixels);
}
