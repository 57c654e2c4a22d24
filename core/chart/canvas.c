/*
 * Thick anti-aliased lines on a palette canvas (see canvas.h). Called by raster.c for pixels,
 * by cells.c for the dots of characters and by font.c for letters.
 */
#include "chart/canvas.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* A column whose line wanders further than this beyond its first and last point is drawn as the
   bar from its least to its greatest value. */
#define ROUGH 0.5
/* A calm column that moves less than this is one vertex of the line, else two. */
#define CALM 1.5
/* A segment steeper than this has round ends and smooth sides. */
#define STEEP 2
/* A stroke of fewer columns is drawn whole, ends and all. */
#define SHORT 4
/* Ends, joints and dots of the widest line reach less far, in columns. */
#define NEAR 8

void pen_shape(struct pen *pen, double width, bool smooth)
{
    if (!smooth) {
        double whole = floor(width + 0.5);
        pen->levels = 1;
        pen->reach[0] = (whole < 1 ? 1 : whole) / 2;
        return;
    }
    /* Coverage at distance d is width / 2 + 1/2 - d, shown as thirds: a level begins where it
       is nearer to that third than to the one below. */
    pen->levels = CANVAS_LEVELS;
    for (int level = 0; level < CANVAS_LEVELS; level++)
        pen->reach[level] = width / 2 + 0.5 - (2 * level + 1) / 6.0;
    if (pen->reach[2] < 0.5) /* never a line without a solid core */
        pen->reach[2] = 0.5;
}

struct run {
    double lo, hi;
};

/* Fills LENGTH pixels, of which there are mostly a few. */
static void fill(uint8_t *at, size_t length, uint8_t index)
{
    uint64_t eight = index * UINT64_C(0x0101010101010101);

    if (length > 16) {
        memset(at, index, length);
    } else if (length >= 8) {
        memcpy(at, &eight, 8);
        memcpy(at + length - 8, &eight, 8);
    } else if (length >= 4) {
        memcpy(at, &eight, 4);
        memcpy(at + length - 4, &eight, 4);
    } else if (length > 0) {
        at[0] = at[length / 2] = at[length - 1] = index;
    }
}

/* Paints what is not above it: mostly the edge of a level, seldom more than a pixel. */
static void paint_over(const struct canvas *canvas, uint8_t index, uint8_t *column, int from,
                       int to)
{
    for (int y = from; y < to; y++)
        if (canvas->rank[index] >= canvas->rank[column[y]])
            column[y] = index;
}

static void paint(struct canvas *canvas, const struct pen *pen, int level, uint8_t *column,
                  int x, int from, int to)
{
    uint8_t index = pen->index[level];

    if (pen->stipple) {
        for (int y = from; y < to; y++)
            if (((x + y) & 1) == 0 && canvas->rank[index] >= canvas->rank[column[y]])
                column[y] = index;
    } else if (level == pen->levels - 1 && !canvas->marked) {
        fill(column + from, (size_t)(to - from), index);
    } else {
        paint_over(canvas, index, column, from, to);
    }
}

/* Paints what a pen covers of one column, the outermost level first. */
static void paint_cover(struct canvas *canvas, const struct pen *pen, int x,
                        const struct canvas_cover *cover)
{
    uint8_t *column = canvas->pixels + (size_t)x * (size_t)canvas->height;
    const int *from = cover->from, *to = cover->to;

    for (int level = 0; level < pen->levels; level++) {
        if (from[level] >= to[level])
            continue;
        bool inner = level + 1 < pen->levels && from[level + 1] < to[level + 1];
        paint(canvas, pen, level, column, x, from[level], inner ? from[level + 1] : to[level]);
        if (inner)
            paint(canvas, pen, level, column, x, to[level + 1], to[level]);
    }
}

/* Adds COVER to what is gathered in column X, where the two make one. The greater level stays
   on top in whatever order a line's segments are painted, so all that cover a column may as
   well be painted at once. */
static bool add_cover(struct canvas_cover *gathered, const struct canvas_cover *cover,
                      int levels)
{
    int apart = 0;

    for (int level = 0; level < levels; level++)
        apart |= (cover->from[level] < cover->to[level]) &
                 (gathered->from[level] < gathered->to[level]) &
                 ((cover->from[level] > gathered->to[level]) |
                  (cover->to[level] < gathered->from[level]));
    if (apart)
        return false;
    for (int level = 0; level < levels; level++) {
        /* Nothing begins after all columns' ends and ends before their beginnings. */
        if (cover->from[level] < gathered->from[level])
            gathered->from[level] = cover->from[level];
        if (cover->to[level] > gathered->to[level])
            gathered->to[level] = cover->to[level];
    }
    return true;
}

static void empty_cover(struct canvas_cover *cover)
{
    for (int level = 0; level < CANVAS_LEVELS; level++) {
        cover->from[level] = INT_MAX;
        cover->to[level] = -1;
    }
}

void canvas_gather(struct canvas *canvas, struct canvas_cover *covers)
{
    canvas->gathered = covers;
    for (int x = canvas->left; x < canvas->width; x++)
        empty_cover(&covers[x]);
}

/* Paints what a line has gathered. */
static void paint_gathered(struct canvas *canvas, const struct pen *pen)
{
    for (int x = canvas->left; x < canvas->width; x++) {
        struct canvas_cover *cover = &canvas->gathered[x];
        if (cover->to[0] < 0)
            continue;
        paint_cover(canvas, pen, x, cover);
        empty_cover(cover);
    }
}

/* The first row whose centre is not above Y. */
static int row_of(double y, double height)
{
    double centre = y - 0.5;

    centre = centre > 0 ? centre : 0;
    centre = centre < height ? centre : height;
    int row = (int)centre;
    return row + (centre > row);
}

/* Nested runs of one column: a pixel belongs to a run when its centre lies in [lo, hi). */
static void cover_runs(struct canvas *canvas, const struct pen *pen, int x,
                       const struct run runs[CANVAS_LEVELS], bool now)
{
    struct canvas_cover cover;
    double height = canvas->height;

    if (pen->dash_on > 0 && x % (pen->dash_on + pen->dash_off) >= pen->dash_on)
        return;
    for (int level = 0; level < pen->levels; level++) {
        int from = row_of(runs[level].lo, height), to = row_of(runs[level].hi, height);
        cover.from[level] = from < to ? from : INT_MAX;
        cover.to[level] = from < to ? to : -1;
    }
    if (now || canvas->gathered == NULL) {
        paint_cover(canvas, pen, x, &cover);
    } else if (!add_cover(&canvas->gathered[x], &cover, pen->levels)) {
        paint_cover(canvas, pen, x, &canvas->gathered[x]);
        for (int level = 0; level < pen->levels; level++) {
            canvas->gathered[x].from[level] = cover.from[level];
            canvas->gathered[x].to[level] = cover.to[level];
        }
    }
}

/* A segment from its left end, and what of it is the same in every column. */
struct capsule {
    double x0, y0, x1, y1;
    double ux, uy, length;
};

static void widen(struct run *run, double lo, double hi)
{
    run->lo = lo < run->lo ? lo : run->lo;
    run->hi = hi > run->hi ? hi : run->hi;
}

/* Of column centre X what lies within REACH of an end of the segment that is DX away from it,
   at Y; never there where it does not. */
static void widen_end(struct run *run, double dx, double y, double reach)
{
    double rest = reach * reach - dx * dx, half = sqrt(rest > 0 ? rest : 0);

    widen(run, rest > 0 ? y - half : INFINITY, rest > 0 ? y + half : -INFINITY);
}

/* The run of column centre X that lies within REACH of the segment. */
static struct run capsule_run(const struct capsule *c, double x, double reach)
{
    struct run run = {INFINITY, -INFINITY};
    double dx = x - c->x0, far = x - c->x1;

    widen_end(&run, dx, c->y0, reach);
    widen_end(&run, far, c->y1, reach);
    if (c->length == 0)
        return run;
    /* The part beside the segment proper: between the two parallels, and between the two ends.
     */
    double lo = -INFINITY, hi = INFINITY;
    if (c->ux > 1e-12) {
        lo = (c->uy * dx - reach) / c->ux;
        hi = (c->uy * dx + reach) / c->ux;
    } else if (fabs(dx) > reach) {
        return run;
    }
    if (fabs(c->uy) > 1e-12) {
        double a = -c->ux * dx / c->uy, b = (c->length - c->ux * dx) / c->uy;
        double least = a < b ? a : b, most = a < b ? b : a;
        lo = lo > least ? lo : least;
        hi = hi < most ? hi : most;
    } else if (dx < 0 || far > 0) {
        return run;
    }
    bool there = lo < hi;
    widen(&run, there ? c->y0 + lo : INFINITY, there ? c->y0 + hi : -INFINITY);
    return run;
}

/* The first column to paint that is not left of X. */
static int column_from(const struct canvas *canvas, double x)
{
    return x <= canvas->left ? canvas->left : x >= canvas->width ? canvas->width : (int)ceil(x);
}

static void draw_segment(struct canvas *canvas, const struct pen *pen, double x0, double y0,
                         double x1, double y1, double grow, bool now)
{
    struct capsule capsule = {.x0 = x0, .y0 = y0, .x1 = x1, .y1 = y1};
    if (x1 < x0)
        capsule = (struct capsule){.x0 = x1, .y0 = y1, .x1 = x0, .y1 = y0};
    double dx = capsule.x1 - capsule.x0, dy = capsule.y1 - capsule.y0;
    double widest = pen->reach[0] + grow;

    if (!isfinite(dx) || !isfinite(dy))
        return;
    capsule.length = sqrt(dx * dx + dy * dy);
    if (capsule.length > 0) {
        capsule.ux = dx / capsule.length;
        capsule.uy = dy / capsule.length;
    }
    double left = capsule.x0 - widest - 0.5, right = capsule.x1 + widest - 0.5;
    int from = column_from(canvas, left);
    int to = right < canvas->left     ? canvas->left - 1
             : right >= canvas->width ? canvas->width - 1
                                      : (int)floor(right);
    for (int x = from; x <= to; x++) {
        struct run runs[CANVAS_LEVELS];
        for (int level = 0; level < pen->levels; level++)
            runs[level] = capsule_run(&capsule, x + 0.5, pen->reach[level] + grow);
        cover_runs(canvas, pen, x, runs, now);
    }
}

void canvas_segment(struct canvas *canvas, const struct pen *pen, double x0, double y0,
                    double x1, double y1, double grow)
{
    draw_segment(canvas, pen, x0, y0, x1, y1, grow, true);
}

/* A segment that is part of a line and not steep: in each column whose centre it passes, the
   run above and below it. Neighbouring segments meet at the columns, so there are no ends to
   round. */
static void strip(struct canvas *canvas, const struct pen *pen, double x0, double y0, double x1,
                  double y1)
{
    double slope = (y1 - y0) / (x1 - x0), stretch = sqrt(1 + slope * slope);
    double left = x0 - 0.5, right = x1 - 0.5;
    int from = column_from(canvas, left), to = column_from(canvas, right);

    for (int x = from; x < to; x++) {
        double y = y0 + slope * (x + 0.5 - x0);
        struct run runs[CANVAS_LEVELS];
        for (int level = 0; level < pen->levels; level++) {
            double reach = pen->reach[level] * stretch;
            runs[level] = (struct run){y - reach, y + reach};
        }
        cover_runs(canvas, pen, x, runs, false);
    }
}

/* A segment of a line, left to right. */
static void stroke(struct canvas *canvas, const struct pen *pen, double x0, double y0,
                   double x1, double y1)
{
    if (fabs(y1 - y0) <= STEEP * (x1 - x0))
        strip(canvas, pen, x0, y0, x1, y1);
    else
        draw_segment(canvas, pen, x0, y0, x1, y1, 0, false);
}

/* In each column whose centre it passes, what is beside the segment and not beyond its ends: of
   a steep one less than round ends would be, and a fraction of their work. */
static void lean(struct canvas *canvas, const struct pen *pen, double x0, double y0, double x1,
                 double y1)
{
    double slope = (y1 - y0) / (x1 - x0), stretch = sqrt(1 + slope * slope);
    double top = y0 < y1 ? y0 : y1, bottom = y0 < y1 ? y1 : y0;
    int from = column_from(canvas, x0 - 0.5), to = column_from(canvas, x1 - 0.5);

    if (pen->levels == 1 && !pen->stipple && pen->dash_on == 0) { /* the most there are of */
        double reach = pen->reach[0], far = reach * stretch;
        uint8_t *column = canvas->pixels + (size_t)from * (size_t)canvas->height;
        for (int x = from; x < to; x++, column += canvas->height) {
            double y = y0 + slope * (x + 0.5 - x0);
            int first = row_of(y - far > top - reach ? y - far : top - reach, canvas->height);
            int end =
                row_of(y + far < bottom + reach ? y + far : bottom + reach, canvas->height);
            if (first < end)
                fill(column + first, (size_t)(end - first), pen->index[0]);
        }
        return;
    }
    for (int x = from; x < to; x++) {
        double y = y0 + slope * (x + 0.5 - x0);
        struct run runs[CANVAS_LEVELS];
        for (int level = 0; level < pen->levels; level++) {
            double reach = pen->reach[level], far = reach * stretch;
            runs[level].lo = y - far > top - reach ? y - far : top - reach;
            runs[level].hi = y + far < bottom + reach ? y + far : bottom + reach;
        }
        cover_runs(canvas, pen, x, runs, true);
    }
}

void canvas_stroke(struct canvas *canvas, const struct pen *pen, double x0, double y0,
                   double x1, double y1)
{
    if (fabs(x1 - x0) < SHORT)
        draw_segment(canvas, pen, x0, y0, x1, y1, 0, true);
    else if (x0 < x1)
        lean(canvas, pen, x0, y0, x1, y1);
    else
        lean(canvas, pen, x1, y1, x0, y0);
}

/* The bar [top, bottom] in column X. */
static void draw_bar(struct canvas *canvas, const struct pen *pen, int x, double top,
                     double bottom)
{
    struct run runs[CANVAS_LEVELS];

    if (x < canvas->left || x >= canvas->width)
        return;
    for (int level = 0; level < pen->levels; level++)
        runs[level] = (struct run){top - pen->reach[level], bottom + pen->reach[level]};
    cover_runs(canvas, pen, x, runs, false);
}

/* ---- lines ---- */

/* A column as the line goes through it: in at one vertex, out at another. */
struct joint {
    const struct chart_column *column;
    bool rough, from_left, to_right; /* joined to the columns beside it */
    double top, bottom;              /* of the bar, where rough */
    double in_x, in_y, out_x, out_y;
};

static struct joint joint_of(const struct chart_column *column)
{
    struct joint joint = {.column = column,
                          .top = column->y_top,
                          .bottom = column->y_bottom,
                          .in_x = column->x_first,
                          .in_y = column->y_first,
                          .out_x = column->x_last,
                          .out_y = column->y_last};
    double least = fmin(column->y_first, column->y_last);
    double most = fmax(column->y_first, column->y_last);

    joint.rough = !column->open_left || !column->open_right || least - column->y_top > ROUGH ||
                  column->y_bottom - most > ROUGH;
    if (!joint.rough && most - least <= CALM) {
        joint.in_x = joint.out_x = (column->x_first + column->x_last) / 2;
        joint.in_y = joint.out_y = (column->y_first + column->y_last) / 2;
    }
    return joint;
}

/* Draws a column itself, when everything that leads to it is known. */
static void joint_draw(struct canvas *canvas, const struct pen *pen, const struct joint *joint)
{
    double height = joint->bottom - joint->top;

    if (joint->rough)
        draw_bar(canvas, pen, joint->column->column, joint->top, joint->bottom);
    else if (joint->in_x != joint->out_x || joint->in_y != joint->out_y)
        stroke(canvas, pen, joint->in_x, joint->in_y, joint->out_x, joint->out_y);
    /* Where a line begins or ends its point is rounded off; alone it is a dot. */
    if (!joint->rough && joint->from_left != joint->to_right) {
        double x = joint->to_right ? joint->in_x : joint->out_x;
        double y = joint->to_right ? joint->in_y : joint->out_y;
        draw_segment(canvas, pen, x, y, x, y, 0, false);
    } else if (!joint->from_left && !joint->to_right && pen->dot <= 0) {
        struct pen solid = *pen; /* in the gap between two dashes it would not be seen */
        solid.dash_on = 0;
        draw_bar(canvas, &solid, joint->column->column, joint->top, joint->bottom);
    } else if (!joint->from_left && !joint->to_right && height < 2 * pen->dot) {
        double x = joint->rough ? joint->column->column + 0.5 : joint->in_x;
        double y = (joint->top + joint->bottom) / 2;
        draw_segment(canvas, pen, x, y, x, y, pen->dot, false);
    }
}

static void reach_to(struct joint *joint, double y)
{
    joint->top = fmin(joint->top, y);
    joint->bottom = fmax(joint->bottom, y);
}

/* Joins two columns. Where both are calm, or columns lie between them, a true line; between
   neighbours of which one is a bar the bar reaches to where the line crosses the border. */
static void joint_link(struct canvas *canvas, const struct pen *pen, struct joint *a,
                       struct joint *b)
{
    a->to_right = b->from_left = true;
    if ((!a->rough && !b->rough) || b->column->column - a->column->column > 1) {
        stroke(canvas, pen, a->out_x, a->out_y, b->in_x, b->in_y);
        return;
    }
    double border = b->column->column;
    double part = b->in_x > a->out_x ? (border - a->out_x) / (b->in_x - a->out_x) : 0.5;
    double y = a->out_y + part * (b->in_y - a->out_y);
    if (a->rough)
        reach_to(a, y);
    else
        stroke(canvas, pen, a->out_x, a->out_y, border, y);
    if (b->rough)
        reach_to(b, y);
    else
        stroke(canvas, pen, border, y, b->in_x, b->in_y);
}

/* The pieces of a line that a canvas shows something of. */
struct stretch {
    const struct chart_column *from, *end;
};

/* The first item of COLUMNS at column X or right of it. */
static size_t item_at(const struct chart_columns *columns, int x)
{
    size_t low = 0, high = columns->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (columns->items[middle].column < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What reaches into the canvas, and at either side what that is joined to. */
static struct stretch stretch_of(const struct canvas *canvas,
                                 const struct chart_columns *columns)
{
    size_t from = item_at(columns, canvas->left - NEAR);
    size_t end = item_at(columns, canvas->width + NEAR);

    from = from > 2 ? from - 2 : 0;
    end = columns->count - end > 2 ? end + 2 : columns->count;
    return (struct stretch){columns->items + from, columns->items + end};
}

static void smooth_line(struct canvas *canvas, const struct pen *pen, struct stretch line)
{
    struct joint previous = {0};

    for (const struct chart_column *column = line.from; column < line.end; column++) {
        struct joint joint = {0};
        if (column->count > 0) {
            joint = joint_of(column);
            if (previous.column != NULL && previous.column->open_right && column->open_left)
                joint_link(canvas, pen, &previous, &joint);
        }
        if (previous.column != NULL)
            joint_draw(canvas, pen, &previous);
        previous = joint;
    }
    if (previous.column != NULL)
        joint_draw(canvas, pen, &previous);
}

/* ---- lines with more points than columns ---- */

#define TURNS 4 /* up and down at least once in so many columns */

/* The first row whose centre is not above Y, which lies on the picture or just below it. */
static int row_within(double y)
{
    double centre = y - 0.5;
    int row = (int)centre;

    return row + (centre > row);
}

/* Paints the pixel at AT where SHOWN and nothing above INDEX is there. Whether it is is as good
   as drawn by lot: a branch would be guessed wrong half of the time. */
static void paint_edge(const struct canvas *canvas, uint8_t *at, uint8_t index, bool shown)
{
    unsigned there = *at, over = canvas->rank[index] >= canvas->rank[there];
    unsigned keep = (over & shown) - 1u;

    *at = (uint8_t)((there & keep) | (index & ~keep));
}

/* Fills LENGTH pixels, at most CORE, of a column that goes on for CORE from AT. */
#define CORE 16
static void fill_core(uint8_t *at, size_t length, uint8_t index)
{
    static const uint8_t kept[2 * CORE] = {[CORE] = 255, 255, 255, 255, 255, 255, 255, 255,
                                           255,          255, 255, 255, 255, 255, 255, 255};
    uint64_t there[2], keep[2], all = index * UINT64_C(0x0101010101010101);

    memcpy(there, at, sizeof there);
    memcpy(keep, kept + CORE - length, sizeof keep);
    for (int i = 0; i < 2; i++)
        there[i] = (there[i] & keep[i]) | (all & ~keep[i]);
    memcpy(at, there, sizeof there);
}

/* Paints a column from TOP to BOTTOM with a pen of three levels: each lies within the one
   before, whose edge is a pixel at most, and holds a pixel at least. False where that is not
   so, because the picture ends there. */
static bool paint_whole_bar(const struct canvas *canvas, const struct pen *pen, uint8_t *column,
                            double top, double bottom)
{
    const double *reach = pen->reach;

    if (!(top - reach[0] >= 0.5 && bottom + reach[0] <= canvas->height - 0.5))
        return false;
    int from[] = {row_within(top - reach[0]), row_within(top - reach[1]),
                  row_within(top - reach[2])};
    int to[] = {row_within(bottom + reach[0]), row_within(bottom + reach[1]),
                row_within(bottom + reach[2])};
    if (from[2] >= to[2])
        return false;
    paint_edge(canvas, column + from[0], pen->index[0], from[0] < from[1]);
    paint_edge(canvas, column + from[1], pen->index[1], from[1] < from[2]);
    paint_edge(canvas, column + to[1] - 1, pen->index[1], to[2] < to[1]);
    paint_edge(canvas, column + to[0] - 1, pen->index[0], to[1] < to[0]);
    size_t length = (size_t)(to[2] - from[2]);
    if (length <= CORE && from[2] + CORE <= canvas->height)
        fill_core(column + from[2], length, pen->index[2]);
    else
        fill(column + from[2], length, pen->index[2]);
    return true;
}

/* Paints a column from TOP to BOTTOM. No other bar of its line lies there. */
static void paint_bar(struct canvas *canvas, const struct pen *pen, int x, double top,
                      double bottom)
{
    struct canvas_cover cover;
    double height = canvas->height;

    if (x < canvas->left || x >= canvas->width ||
        (pen->dash_on > 0 && x % (pen->dash_on + pen->dash_off) >= pen->dash_on))
        return;
    if (pen->levels == CANVAS_LEVELS && !pen->stipple && !canvas->marked &&
        paint_whole_bar(canvas, pen, canvas->pixels + (size_t)x * (size_t)canvas->height, top,
                        bottom))
        return;
    for (int level = 0; level < pen->levels; level++) {
        cover.from[level] = row_of(top - pen->reach[level], height);
        cover.to[level] = row_of(bottom + pen->reach[level], height);
    }
    paint_cover(canvas, pen, x, &cover);
}

/* Where the line from the last point of A to the first of B, in the next column, crosses the
   border between them. */
static double crossing(const struct chart_column *a, const struct chart_column *b)
{
    double way = b->x_first - a->x_last;
    double part = way > 0 ? (b->column - a->x_last) / way : 0.5;

    return a->y_last + part * (b->y_first - a->y_last);
}

/* Every column is a bar as high as what lies in it: round ends and smooth sides would lie in
   each other, and cost most of the time. */
static void dense_line(struct canvas *canvas, const struct pen *pen, struct stretch line)
{
    bool linked = false; /* the column before leads to this one ... */
    double from = 0;     /* ... and, where it is its neighbour, meets it here */

    for (const struct chart_column *column = line.from; column < line.end; column++) {
        const struct chart_column *next = column + 1;
        if (column->count == 0)
            continue;
        double top = column->y_top, bottom = column->y_bottom;
        if (linked) {
            top = from < top ? from : top;
            bottom = from > bottom ? from : bottom;
        }
        bool leads =
            next < line.end && next->count > 0 && column->open_right && next->open_left;
        if (leads) {
            bool near = next->column - column->column == 1;
            double to = near ? crossing(column, next) : column->y_last;
            if (!near)
                stroke(canvas, pen, column->x_last, column->y_last, next->x_first,
                       next->y_first);
            top = to < top ? to : top;
            bottom = to > bottom ? to : bottom;
            from = near ? to : next->y_first;
        }
        if (!linked && !leads && bottom - top < 2 * pen->dot)
            draw_segment(canvas, pen, column->x_first, (top + bottom) / 2, column->x_first,
                         (top + bottom) / 2, pen->dot, true);
        paint_bar(canvas, pen, column->column, top, bottom);
        linked = leads;
    }
}

/* Only a line with smooth edges that turns in one of four columns or more: a calm one keeps its
   smooth sides. */
bool canvas_dense(const struct pen *pen, const struct chart_columns *columns)
{
    const struct chart_column *item = columns->items;
    size_t points = 0, turns = 0;
    double before = 0;

    if (pen->levels < 2 || columns->count == 0)
        return false;
    for (size_t i = 0; i < columns->count; i++) {
        double way = i > 0 ? item[i].y_first - item[i - 1].y_first : 0;
        points += item[i].count;
        turns += way * before < 0;
        before = way;
    }
    return points > (size_t)(item[columns->count - 1].column - item[0].column) &&
           turns >= columns->count / TURNS;
}

void canvas_line(struct canvas *canvas, const struct pen *pen,
                 const struct chart_columns *columns, bool dense)
{
    struct stretch line = stretch_of(canvas, columns);

    if (dense)
        dense_line(canvas, pen, line);
    else
        smooth_line(canvas, pen, line);
    if (canvas->gathered != NULL)
        paint_gathered(canvas, pen);
}

/* ---- rows from columns ---- */

/* An 8 x 8 block of bytes in eight words: swap halves, quarters, bytes across the diagonal. */
static void transpose_block(const uint8_t *in, size_t in_stride, uint8_t *out,
                            size_t out_stride)
{
    uint64_t r[8];

    for (size_t i = 0; i < 8; i++)
        memcpy(&r[i], in + i * in_stride, 8);
    for (size_t i = 0; i < 4; i++) {
        uint64_t t = ((r[i] >> 32) ^ r[i + 4]) & 0x00000000ffffffffu;
        r[i + 4] ^= t;
        r[i] ^= t << 32;
    }
    for (size_t k = 0; k < 4; k++) {
        size_t i = (k & 1) | ((k & 2) << 1);
        uint64_t t = ((r[i] >> 16) ^ r[i + 2]) & 0x0000ffff0000ffffu;
        r[i + 2] ^= t;
        r[i] ^= t << 16;
    }
    for (size_t i = 0; i < 8; i += 2) {
        uint64_t t = ((r[i] >> 8) ^ r[i + 1]) & 0x00ff00ff00ff00ffu;
        r[i + 1] ^= t;
        r[i] ^= t << 8;
    }
    for (size_t i = 0; i < 8; i++)
        memcpy(out + i * out_stride, &r[i], 8);
}

void canvas_transpose(const struct canvas *canvas, int from, int to, uint8_t *out)
{
    size_t width = (size_t)canvas->width, height = (size_t)canvas->height;
    size_t top = (size_t)from, end = (size_t)to;
    size_t x8 = width & ~(size_t)7, y8 = top + ((end - top) & ~(size_t)7);
    const uint16_t probe = 1;
    bool little = *(const uint8_t *)&probe == 1;

    if (!little)
        x8 = 0, y8 = top;
    for (size_t y = top; y < y8; y += CANVAS_BLOCK)
        for (size_t x = 0; x < x8; x += CANVAS_BLOCK)
            transpose_block(canvas->pixels + x * height + y, height, out + y * width + x,
                            width);
    for (size_t y = top; y < end; y++)
        for (size_t x = y < y8 ? x8 : 0; x < width; x++)
            out[y * width + x] = canvas->pixels[x * height + y];
}
