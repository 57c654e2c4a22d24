/*
 * Sparklines: a whole series in a few cells, for the rows of tables. Called by the front ends.
 */
#include <assay/chart.h>

#include <math.h>
#include <stdlib.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "chart/reduce.h"

#define SPARK_WIDTH 64

/* What one cell shows. */
struct spark {
    double low, high; /* of the newest segment that reaches the cell; NaN: none */
    bool broken;      /* there are values, and none of them is finite */
};

static void collect(struct assay_series *series, const struct assay_chart *chart, int width,
                    struct spark *sparks)
{
    struct chart_columns columns = {0};
    struct chart_bounds bounds = {0};
    struct chart_map map;
    struct assay_view view;

    chart_map_init(&map, chart, width, 2);
    chart_bounds_make(&bounds, &map);
    assay_series_view(series, chart->axis, &view);
    for (size_t i = 0; i < view.segment_count; i++) {
        size_t count = chart_segment_count(&view.segments[i], true);
        if (count == 0)
            continue;
        chart_reduce(&view, &view.segments[i], count, &map, &bounds, &columns);
        for (size_t j = 0; j < columns.count; j++) {
            const struct chart_column *item = &columns.items[j];
            if (item->column < 0 || item->column >= width)
                continue;
            struct spark *spark = &sparks[item->column];
            if (item->count > 0) /* positions grow downwards, from 0.5 to 1.5 */
                *spark = (struct spark){.low = 1.5 - item->y_bottom, .high = 1.5 - item->y_top};
            else if (item->nonfinite > 0 && isnan(spark->low))
                spark->broken = true;
        }
    }
    chart_columns_free(&columns);
    chart_bounds_free(&bounds);
}

void assay_sparkline(struct assay_series *series, int width, bool ascii, struct assay_buf *out)
{
    static const char heights[] = "_.-=^";
    struct assay_chart_line line = {.series = series};
    struct assay_chart chart = {.lines = &line, .line_count = 1, .x_min = NAN, .x_max = NAN};
    struct spark sparks[SPARK_WIDTH];

    width = width > SPARK_WIDTH ? SPARK_WIDTH : width;
    if (width < 1 || series == NULL)
        return;
    const struct assay_summary *summary = assay_series_summary(series);
    chart.y_min = summary->min;
    chart.y_max = summary->max;
    assay_chart_fit(&chart, NULL);
    bool flat = !(summary->min < summary->max);
    if (!flat) { /* no room above and below here */
        chart.y_min = summary->min;
        chart.y_max = summary->max;
    }
    for (int i = 0; i < width; i++)
        sparks[i] = (struct spark){.low = NAN, .high = NAN};
    if (assay_series_count(series) > 0)
        collect(series, &chart, width, sparks);
    double held = NAN; /* between points farther apart than cells the last one stands */
    for (int i = 0; i < width; i++) {
        if (!isnan(sparks[i].low))
            held = (sparks[i].low + sparks[i].high) / 2;
        else if (sparks[i].broken)
            held = NAN;
        if (sparks[i].broken) {
            assay_buf_char(out, '!');
        } else if (isnan(held)) {
            assay_buf_char(out, ' ');
        } else if (ascii) {
            int level = (int)(fmin(fmax(held, 0), 1) * 4 + 0.5);
            assay_buf_char(out, heights[flat ? 1 : level]);
        } else {
            int level = (int)(fmin(fmax(held, 0), 1) * 7 + 0.5);
            char block[4];
            size_t length = assay_utf8_encode(0x2581 + (uint32_t)(flat ? 3 : level), block);
            assay_buf_add(out, block, length);
        }
    }
}
