/*
 * The lines of a chart (lines.h).
 */
#include "chart/lines.h"

#include <stdlib.h>

#include <assay/memory.h>

#define PIECES       24   /* reduced before they are painted: some 100 KB of columns each */
#define STRIP_LEAST  64   /* columns */
#define STRIPS_EACH  2    /* for each hand, so that who is quicker does more */
#define SHARED_LEAST 4096 /* columns of all pieces that are worth waking somebody for */

/* One segment of one series: what is reduced at a time. */
struct piece {
    struct assay_view view;
    const struct assay_segment *segment;
    size_t count; /* of its points */
    struct pen pen;
    bool dense;
    struct chart_columns columns;
};

struct lines_scratch {
    struct chart_bounds bounds;
    struct piece pieces[PIECES];
};

void lines_scratch_free(struct lines_scratch **scratch_ptr)
{
    struct lines_scratch *scratch = *scratch_ptr;

    if (scratch == NULL)
        return;
    for (size_t i = 0; i < PIECES; i++)
        chart_columns_free(&scratch->pieces[i].columns);
    chart_bounds_free(&scratch->bounds);
    free(scratch);
    *scratch_ptr = NULL;
}

/* What is being drawn: the pieces that wait to be painted. */
struct batch {
    const struct lines *lines;
    struct lines_scratch *scratch;
    size_t count;
    size_t strips; /* where others help; 1: nobody is to */
    bool shared;   /* they do, with what is in it now */
};

/* ---- what the hands do ---- */

static void reduce_piece(void *context, size_t part)
{
    const struct batch *batch = context;
    struct piece *piece = &batch->scratch->pieces[part];

    chart_reduce(&piece->view, piece->segment, piece->count, batch->lines->map,
                 &batch->scratch->bounds, &piece->columns);
    piece->dense = canvas_dense(&piece->pen, &piece->columns);
}

static void note_gaps(const struct canvas *strip, const struct chart_columns *columns,
                      bool *gaps)
{
    for (size_t i = 0; columns->nonfinite && i < columns->count; i++) {
        const struct chart_column *item = &columns->items[i];
        if (item->nonfinite > 0 && item->column >= strip->left && item->column < strip->width)
            gaps[item->column] = true;
    }
}

static void paint_strip(void *context, size_t part)
{
    const struct batch *batch = context;
    struct canvas strip = *batch->lines->canvas;
    size_t width = (size_t)strip.width, strips = batch->shared ? batch->strips : 1;

    strip.left = (int)(width * part / strips);
    strip.width = (int)(width * (part + 1) / strips);
    for (size_t i = 0; i < batch->count; i++) {
        const struct piece *piece = &batch->scratch->pieces[i];
        note_gaps(&strip, &piece->columns, batch->lines->gaps);
        canvas_line(&strip, &piece->pen, &piece->columns, piece->dense);
    }
}

static void spread(const struct batch *batch, size_t parts,
                   void (*run)(void *context, size_t part))
{
    const struct assay_hands *hands = batch->lines->hands;

    if (batch->shared)
        hands->spread(hands->self, parts, run, (void *)batch);
    else
        for (size_t part = 0; part < parts; part++)
            run((void *)batch, part);
}

/* Paints what is in the batch. */
static void flush(struct batch *batch)
{
    if (batch->count == 0)
        return;
    spread(batch, batch->count, reduce_piece);
    spread(batch, batch->shared ? batch->strips : 1, paint_strip);
    batch->count = 0;
}

/* How many pieces are gathered before they are painted. Alone each by itself: what was reduced
   is still near then, and lies where the last one lay. */
static size_t most_of(struct batch *batch)
{
    const struct assay_hands *hands = batch->lines->hands;

    if (batch->count == 1) /* for all that follow it */
        batch->shared = batch->strips > 1 && (hands->idle == NULL || hands->idle(hands->self));
    return batch->shared ? PIECES : 1;
}

/* ---- pieces ---- */

static struct pen pen_of(const struct lines *lines, int color, bool faint)
{
    unsigned slot = (unsigned)color % ASSAY_CHART_COLORS;
    struct pen pen = faint ? lines->inks->faint[slot] : lines->inks->line[slot];

    /* The same colour again is told apart by dashes, ever shorter. */
    switch (assay_chart_dash(lines->inks->grey, color)) {
    case 1:
        pen.dash_on = (int)(lines->width * 5 + 1), pen.dash_off = (int)(lines->width * 2 + 1);
        break;
    case 2:
        pen.dash_on = pen.dash_off = (int)(lines->width * 2 + 1);
        break;
    case 3:
        pen.dash_on = (int)(lines->width + 1), pen.dash_off = (int)(lines->width * 2 + 1);
        break;
    default:
        break;
    }
    return pen;
}

static void add_series(struct batch *batch, struct assay_series *series, int color, bool faint)
{
    const struct assay_chart *chart = batch->lines->chart;
    struct pen pen = pen_of(batch->lines, color, faint);
    struct assay_view view;

    assay_series_view(series, chart->axis, &view);
    for (size_t i = 0; i < view.segment_count; i++) {
        const struct assay_segment *segment = &view.segments[i];
        size_t count = chart_segment_count(segment, chart->hide_superseded);
        if (count == 0)
            continue;
        struct piece *piece = &batch->scratch->pieces[batch->count++];
        piece->view = view;
        piece->segment = segment;
        piece->count = count;
        piece->pen = pen;
        if (batch->count == most_of(batch))
            flush(batch);
    }
}

/* How many strips are worth while; 1 where nobody is to help. */
static size_t strips_for(const struct lines *lines)
{
    size_t width = (size_t)lines->canvas->width, most = width / STRIP_LEAST;

    if (lines->hands == NULL || lines->hands->count < 2 || most < 2 ||
        lines->chart->line_count * width < SHARED_LEAST)
        return 1;
    size_t strips = lines->hands->count * STRIPS_EACH;
    return strips < most ? strips : most;
}

void lines_draw(const struct lines *lines, struct lines_scratch **scratch)
{
    const struct assay_chart *chart = lines->chart;
    struct batch batch = {.lines = lines, .strips = strips_for(lines)};

    if (*scratch == NULL)
        *scratch = assay_alloc(sizeof **scratch);
    batch.scratch = *scratch;
    chart_bounds_make(&batch.scratch->bounds, lines->map);
    for (size_t i = chart->line_count; i-- > 0;)
        if (chart->lines[i].faint != NULL)
            add_series(&batch, chart->lines[i].faint, chart->lines[i].color, true);
    for (size_t i = chart->line_count; i-- > 0;)
        if (chart->lines[i].series != NULL)
            add_series(&batch, chart->lines[i].series, chart->lines[i].color, false);
    flush(&batch);
}
