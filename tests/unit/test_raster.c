/*
 * Charts as pixels, against brute force: the true line through every raw point, measured pixel
 * by pixel, at many random zooms of many kinds of series.
 */
#include "support/points.h"

#include <assay/chart.h>
#include <assay/memory.h>

#include "chart/ink.h"

#define WIDTH_MAX  180
#define HEIGHT_MAX 96

/* ---- the oracle ---- */

struct truth {
    const struct assay_chart *chart;
    int width, height;
    double near[WIDTH_MAX * HEIGHT_MAX]; /* distance of the pixel's centre from the line */
};

static double unit_of(double value, double lo, double hi, bool log)
{
    if (log)
        return (log10(value) - log10(lo)) / (log10(hi) - log10(lo));
    return (value / 2 - lo / 2) / (hi / 2 - lo / 2);
}

static double true_x(const struct truth *truth, double x)
{
    const struct assay_chart *chart = truth->chart;
    return 0.5 + unit_of(x, chart->x_min, chart->x_max, chart->log_x) * (truth->width - 1);
}

static double true_y(const struct truth *truth, double value)
{
    const struct assay_chart *chart = truth->chart;
    return truth->height - 0.5 -
           unit_of(value, chart->y_min, chart->y_max, chart->log_y) * (truth->height - 1);
}

static bool shown(const struct assay_chart *chart, const struct assay_point *point, double x)
{
    return isfinite(point->value) && (!chart->log_y || point->value > 0) &&
           (!chart->log_x || x > 0);
}

static int bound(double value, int most)
{
    return value < 0 ? 0 : value > most ? most : (int)value;
}

#define AROUND 6 /* pixels beside a line that are measured */

static void measure(struct truth *truth, double x0, double y0, double x1, double y1)
{
    int left = bound(fmin(x0, x1) - AROUND, truth->width),
        right = bound(fmax(x0, x1) + AROUND, truth->width);
    double dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy;

    for (int x = left; x < right; x++) {
        /* What of the line is near this column: the part within AROUND of it. */
        double a = 0, b = 1;
        if (dx != 0) {
            a = fmax(0, (x + 0.5 - AROUND - x0) / dx);
            b = fmin(1, (x + 0.5 + AROUND - x0) / dx);
        }
        if (a > b)
            continue;
        double ya = y0 + a * dy, yb = y0 + b * dy;
        int top = bound(fmin(ya, yb) - AROUND, truth->height);
        int bottom = bound(fmax(ya, yb) + AROUND, truth->height);
        for (int y = top; y < bottom; y++) {
            double px = x + 0.5 - x0, py = y + 0.5 - y0;
            double t = square > 0 ? fmin(fmax((px * dx + py * dy) / square, 0), 1) : 0;
            double far = hypot(px - t * dx, py - t * dy);
            double *near = &truth->near[y * truth->width + x];
            *near = fmin(*near, far);
        }
    }
}

/* The line through all points as they were written, broken where x goes back or a value cannot
   be drawn. A gap within one column of pixels is no gap to see: the mark at the edge tells. */
static void draw_truth(struct truth *truth, const struct assay_series *series)
{
    const struct assay_chart *chart = truth->chart;
    size_t count = assay_series_count(series);
    struct assay_point point;
    double before_x = NAN, before_y = NAN, before = -INFINITY;
    bool gap = false;

    for (int i = 0; i < truth->width * truth->height; i++)
        truth->near[i] = INFINITY;
    for (size_t i = 0; i < count; i++) {
        assay_series_get(series, i, 1, &point);
        double x = (double)point.step;
        bool seen = shown(chart, &point, x);
        double to_x = seen ? true_x(truth, x) : NAN,
               to_y = seen ? true_y(truth, point.value) : NAN;
        bool joined = x >= before && !isnan(before_x);
        if (seen && joined && (!gap || floor(before_x) == floor(to_x)))
            measure(truth, before_x, before_y, to_x, to_y);
        else if (seen)
            measure(truth, to_x, to_y, to_x, to_y);
        if (x < before)
            before_x = NAN;
        before_x = seen ? to_x : before_x;
        before_y = seen ? to_y : before_y;
        gap = !seen;
        before = x;
    }
}

/* ---- what was drawn ---- */

/* What is at a pixel: nothing, the line, or a mark that may lie over the line. */
enum drawn { DRAWN_NOTHING, DRAWN_LINE, DRAWN_MARK };

static enum drawn pixel_at(const struct assay_frame *frame, int x, int y)
{
    uint8_t index = frame->pixels[y * frame->width + x];

    if (index == INK_MARK)
        return DRAWN_MARK;
    return index == INK_BACKGROUND || index == INK_GRID ? DRAWN_NOTHING : DRAWN_LINE;
}

static enum drawn dot_at(const struct assay_cells *cells, int x, int y)
{
    static const uint8_t bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    const struct assay_cell *cell = &cells->cells[y / 4 * cells->columns + x / 2];

    if (cell->color == -3)
        return DRAWN_MARK;
    return cell->code >= 0x2800 && cell->code < 0x2900 && (cell->code & bits[y % 4][x % 2])
               ? DRAWN_LINE
               : DRAWN_NOTHING;
}

/* The dot, or where there is none the ones above and below it. */
static enum drawn dot_near(const struct assay_cells *cells, int x, int y)
{
    enum drawn drawn = dot_at(cells, x, y);

    for (int other = y - 1; drawn == DRAWN_NOTHING && other <= y + 1; other += 2)
        if (other >= 0 && other < cells->rows * 4 && dot_at(cells, x, other) != DRAWN_NOTHING)
            drawn = DRAWN_MARK;
    return drawn;
}

/* How well a picture agrees: the nearest pixel to the line that is not painted, the farthest
   from it that is. */
struct agreement {
    double nearest_missing, farthest_painted;
};

static void compare(struct agreement *agreement, enum drawn drawn, double near)
{
    if (drawn == DRAWN_NOTHING && near < agreement->nearest_missing)
        agreement->nearest_missing = near;
    if (drawn == DRAWN_LINE && near > agreement->farthest_painted)
        agreement->farthest_painted = near;
}

/* Steps that rise, restart or repeat; values smooth, noisy, spiky, with gaps. */
static struct assay_series *make_series(struct points_rng *rng, size_t count)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    int manner = (int)(points_random(rng) % 6), stride = 1 + (int)(points_random(rng) % 20);
    bool restarts = points_random(rng) % 3 == 0, gaps = points_random(rng) % 3 == 0;
    int64_t step = 0;
    double level = 1;

    for (size_t i = 0; i < count; i++) {
        double random = points_random_unit(rng), value;
        level += (random - 0.5) * 0.1;
        switch (manner) {
        case 0:
            value = 2 + sin((double)i / (double)count * 20);
            break;
        case 1:
            value = random + 0.001;
            break;
        case 2:
            value = points_random(rng) % 400 == 0 ? 50 : 1 + random * 0.01;
            break;
        case 3:
            value = (double)(i / 50 % 2) + 0.5;
            break;
        case 4:
            value = exp(random * 20 - 10);
            break;
        default:
            value = level;
            break;
        }
        if (gaps && points_random(rng) % 50 == 0)
            value = points_random(rng) % 2 ? NAN : INFINITY;
        assay_series_add(series, &(struct assay_point){.step = step, .value = value}, 1);
        if (restarts && points_random(rng) % (count / 2 + 1) == 0)
            step = step / 2;
        else
            step += points_random(rng) % 10 == 0
                        ? 0
                        : (int64_t)(points_random(rng) % (uint64_t)stride) + 1;
    }
    return series;
}

static void random_zoom(struct points_rng *rng, struct assay_chart *chart)
{
    chart->x_min = chart->x_max = chart->y_min = chart->y_max = NAN;
    chart->log_x = points_random(rng) % 5 == 0;
    chart->log_y = points_random(rng) % 4 == 0;
    assay_chart_fit(chart, NULL);
    if (points_random(rng) % 4 == 0)
        return;
    double lo = chart->x_min, range = chart->x_max - lo;
    double part = pow(10, -3 * points_random_unit(rng)), at = points_random_unit(rng);
    chart->x_min = lo + range * at * (1 - part);
    chart->x_max = chart->x_min + range * part;
    if (!(chart->x_max > chart->x_min))
        chart->x_max = chart->x_min + 1;
    chart->y_min = chart->y_max = NAN;
    assay_chart_fit(chart, NULL);
}

/* The line that is drawn is the line through all points: every pixel within 0.2 of it is
   painted, and none beyond its width and what a lone point is grown by. Braille has no edges,
   so a dot there may stand one row beside the line. */
static void test_true_line(void **state)
{
    static struct truth truth = {.width = WIDTH_MAX, .height = HEIGHT_MAX};
    static struct truth coarse = {.width = 120, .height = 64};
    struct agreement pixels = {.nearest_missing = INFINITY}, dots = pixels;
    struct assay_raster_options options = {.registers = 256, .cursor_x = NAN};
    struct assay_frame frame = {0};
    struct assay_cells cells = {0};
    struct points_rng rng = {.state = 77};

    (void)state;
    assay_frame_resize(&frame, truth.width, truth.height);
    assay_cells_resize(&cells, coarse.width / 2, coarse.height / 4);
    for (int round = 0; round < 70; round++) {
        static const size_t counts[] = {1, 2, 10, 100, 700, 5000, 20000};
        struct assay_series *series = make_series(&rng, counts[round % 7]);
        struct assay_chart_line line = {.series = series};
        struct assay_chart chart = {.lines = &line, .line_count = 1};
        for (int zoom = 0; zoom < 5; zoom++) {
            random_zoom(&rng, &chart);
            truth.chart = coarse.chart = &chart;
            draw_truth(&truth, series);
            assay_chart_raster(&chart, &options, &frame);
            for (int i = 0; i < truth.width * truth.height; i++)
                compare(&pixels, pixel_at(&frame, i % truth.width, i / truth.width),
                        truth.near[i]);
            draw_truth(&coarse, series);
            assay_chart_cells(&chart, &options, ASSAY_GLYPHS_BRAILLE, &cells);
            for (int i = 0; i < coarse.width * coarse.height; i++)
                compare(&dots, dot_near(&cells, i % coarse.width, i / coarse.width),
                        coarse.near[i]);
        }
        assay_series_free(&series);
    }
    print_message("pixels: none nearer than %.3f missing, none painted beyond %.3f\n",
                  pixels.nearest_missing, pixels.farthest_painted);
    print_message("dots: none nearer than %.3f missing, none painted beyond %.3f\n",
                  dots.nearest_missing, dots.farthest_painted);
    assert_true(pixels.nearest_missing > 0.2);
    assert_true(pixels.farthest_painted < 2.8);
    assert_true(dots.nearest_missing > 0.2);
    assert_true(dots.farthest_painted < 1.2);
    assay_frame_free(&frame);
    assay_cells_free(&cells);
}

/* ---- single facts ---- */

/* Columns as they come: calm, rough, with gaps and steep ways between them. */
static void make_columns(struct points_rng *rng, struct chart_columns *columns, int width,
                         int height)
{
    double steep = points_random(rng) % 3 == 0 ? height : 3, level = height / 2.0;
    uint32_t each =
        points_random(rng) % 2 ? 1 : 3; /* points a column: few, or more than those */

    columns->count = 0;
    for (int x = -1; x <= width; x++) {
        struct chart_column *item = &columns->items[columns->count];
        if (points_random(rng) % 9 == 0)
            continue;
        double y[4];
        for (int i = 0; i < 4; i++) {
            level += (points_random_unit(rng) - 0.5) * steep;
            y[i] = level = level < -9 ? -9 : level > height + 9 ? height + 9 : level;
        }
        double first = points_random_unit(rng), last = points_random_unit(rng);
        *item = (struct chart_column){.column = x,
                                      .count = points_random(rng) % 20 != 0 ? each : 0,
                                      .open_left = points_random(rng) % 20 != 0,
                                      .open_right = points_random(rng) % 20 != 0,
                                      .x_first = x + fmin(first, last),
                                      .x_last = x + fmax(first, last),
                                      .y_first = y[0],
                                      .y_last = y[1]};
        bool rough = points_random(rng) % 2;
        item->y_top = fmin(fmin(y[0], y[1]), rough ? fmin(y[2], y[3]) : INFINITY);
        item->y_bottom = fmax(fmax(y[0], y[1]), rough ? fmax(y[2], y[3]) : -INFINITY);
        columns->count++;
    }
}

/* What a line covers, gathered and painted at once, is what its segments paint one by one. */
static void test_gathered(void **state)
{
    enum { WIDTH = 90, HEIGHT = 40 };
    static uint8_t one[WIDTH * HEIGHT], other[WIDTH * HEIGHT];
    static struct chart_column items[WIDTH + 2];
    struct canvas_cover covers[WIDTH];
    struct chart_columns columns = {.items = items};
    struct points_rng rng = {.state = 11};
    const uint8_t rank[256] = {0, 1, 20, 21, 22, 40, 41, 42, 60};

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct canvas plain = {.pixels = one, .width = WIDTH, .height = HEIGHT, .rank = rank};
        struct canvas gathering = plain;
        gathering.pixels = other;
        canvas_gather(&gathering, covers);
        for (int i = 0; i < WIDTH * HEIGHT; i++)
            one[i] = other[i] = (uint8_t)(points_random(&rng) % 2);
        plain.marked = gathering.marked = round % 3 == 0;
        for (int i = 0; plain.marked && i < WIDTH * HEIGHT; i += 7)
            one[i] = other[i] = 8;
        for (int line = 0; line < 3; line++) {
            struct pen pen = {.dot = 1.2};
            double width = 1 + 3 * points_random_unit(&rng);
            pen_shape(&pen, width, points_random(&rng) % 4 != 0);
            for (int level = 0; level < pen.levels; level++)
                pen.index[level] = (uint8_t)(5 + CANVAS_LEVELS - pen.levels + level);
            pen.stipple = points_random(&rng) % 5 == 0;
            if (points_random(&rng) % 4 == 0)
                pen.dash_on = pen.dash_off = 3;
            make_columns(&rng, &columns, WIDTH, HEIGHT);
            bool dense = canvas_dense(&pen, &columns);
            canvas_line(&plain, &pen, &columns, dense);
            canvas_line(&gathering, &pen, &columns, dense);
            assert_memory_equal(one, other, sizeof one);
        }
    }
}

/* A bar that lies on the picture whole is painted in a way of its own: it is the picture that
   comes out where every pixel is asked what lies there. */
static void test_whole_bars(void **state)
{
    enum { WIDTH = 90, HEIGHT = 40 };
    static uint8_t quick[WIDTH * HEIGHT], asked[WIDTH * HEIGHT];
    static struct chart_column items[WIDTH + 2];
    struct chart_columns columns = {.items = items};
    struct points_rng rng = {.state = 5};
    const uint8_t rank[256] = {0, 1, 20, 21, 22, 40, 41, 42, 40, 41, 42};

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct canvas one = {.pixels = quick, .width = WIDTH, .height = HEIGHT, .rank = rank};
        struct canvas other = one;
        other.pixels = asked;
        other.marked = true; /* though nothing is: the solid core asks, too */
        for (int i = 0; i < WIDTH * HEIGHT; i++)
            quick[i] = asked[i] = (uint8_t)(points_random(&rng) % 5);
        for (int line = 0; line < 4; line++) {
            struct pen pen = {.dot = 1.2};
            pen_shape(&pen, 1 + 3 * points_random_unit(&rng), true);
            for (int level = 0; level < pen.levels; level++)
                pen.index[level] = (uint8_t)(5 + line % 2 * CANVAS_LEVELS + level);
            make_columns(&rng, &columns, WIDTH, HEIGHT);
            canvas_line(&one, &pen, &columns, true);
            canvas_line(&other, &pen, &columns, true);
            assert_memory_equal(quick, asked, sizeof quick);
        }
    }
}

#define SPIKE 654321
static double one_spike(size_t i)
{
    return i == SPIKE ? 1000 : (double)(i % 7) * 0.01;
}

/* One step of a million is seen at every zoom that holds it, up to its full height. */
static void test_spike(void **state)
{
    struct assay_series *series = points_series(1000000, one_spike);
    struct assay_chart_line line = {.series = series};
    struct assay_raster_options options = {.registers = 256, .cursor_x = NAN};
    struct points_rng rng = {.state = 5};
    struct assay_frame frame = {0};
    struct assay_cells cells = {0};

    (void)state;
    assay_frame_resize(&frame, 300, 90);
    assay_cells_resize(&cells, 60, 12);
    for (int zoom = 0; zoom < 400; zoom++) {
        double range = pow(10, 1 + 5 * points_random_unit(&rng));
        double lo = SPIKE - range * points_random_unit(&rng);
        struct assay_chart chart = {.lines = &line,
                                    .line_count = 1,
                                    .log_y = zoom % 2 == 1,
                                    .y_min = NAN,
                                    .y_max = NAN,
                                    .x_min = lo,
                                    .x_max = lo + range};
        assert_true(assay_chart_fit(&chart, NULL));
        assert_true(chart.y_max >= 1000);
        double px = 0.5 + (SPIKE - chart.x_min) / (chart.x_max - chart.x_min) * 299;
        double py = 90 - 0.5 - unit_of(1000, chart.y_min, chart.y_max, chart.log_y) * 89;
        assay_chart_raster(&chart, &options, &frame);
        assert_int_equal(pixel_at(&frame, (int)px, (int)py), DRAWN_LINE);
        assay_chart_cells(&chart, &options, ASSAY_GLYPHS_BRAILLE, &cells);
        px = 0.5 + (SPIKE - chart.x_min) / (chart.x_max - chart.x_min) * 119;
        py = 48 - 0.5 - unit_of(1000, chart.y_min, chart.y_max, chart.log_y) * 47;
        assert_int_not_equal(dot_near(&cells, (int)px, (int)py), DRAWN_NOTHING);
    }
    assay_frame_free(&frame);
    assay_cells_free(&cells);
    assay_series_free(&series);
}

static double rising(size_t i)
{
    return (double)i;
}

static double waves(size_t i)
{
    return sin((double)i / 9);
}

/* However many colours a terminal has, no more are used, the first sixteen stand for the same
   things, and shades come only where there is room. */
static void test_registers(void **state)
{
    static const int registers[] = {0, 2, 16, 17, 32, 63, 64, 100, 256, 1024};
    struct assay_series *series = points_series(500, waves);
    struct assay_chart_line lines[20];
    struct assay_frame frame = {0};

    (void)state;
    for (int i = 0; i < 20; i++)
        lines[i] = (struct assay_chart_line){.series = series, .faint = series, .color = i};
    assay_frame_resize(&frame, 200, 60);
    for (size_t i = 0; i < ASSAY_COUNT(registers); i++)
        for (size_t count = 1; count <= 20; count++) {
            struct assay_chart chart = {.lines = lines,
                                        .line_count = count,
                                        .x_min = NAN,
                                        .x_max = NAN,
                                        .y_min = NAN,
                                        .y_max = NAN};
            struct assay_raster_options options = {
                .registers = registers[i], .cursor_x = 250, .grid_x = 4, .grid_y = 4};
            int most = registers[i] < 16 ? 16 : registers[i] > 256 ? 256 : registers[i];
            assay_chart_fit(&chart, NULL);
            assay_chart_raster(&chart, &options, &frame);
            assert_in_range(frame.colors, 16, most);
            for (int p = 0; p < 200 * 60; p++)
                assert_true(frame.pixels[p] < frame.colors);
            assert_int_equal(assay_rgb_index256(frame.palette[INK_SERIES + 1]),
                             assay_rgb_index256(assay_palette_dark.series[1]));
        }
    assay_frame_free(&frame);
    assay_series_free(&series);
}

/* Every colour of every palette survives sixel's percent, so that what is compared is equal. */
static void test_percent(void **state)
{
    struct assay_series *series = points_series(500, waves);
    struct assay_chart_line lines[12];
    struct assay_frame frame = {0};

    (void)state;
    for (int i = 0; i < 12; i++)
        lines[i] = (struct assay_chart_line){.series = series, .faint = series, .color = i};
    assay_frame_resize(&frame, 20, 60);
    for (int light = 0; light < 2; light++) {
        struct assay_chart chart = {.lines = lines,
                                    .line_count = 12,
                                    .x_min = NAN,
                                    .x_max = NAN,
                                    .y_min = NAN,
                                    .y_max = NAN};
        struct assay_raster_options options = {.registers = 256,
                                               .cursor_x = NAN,
                                               .palette = light ? &assay_palette_light
                                                                : &assay_palette_dark};
        assay_chart_fit(&chart, NULL);
        assay_chart_raster(&chart, &options, &frame);
        for (int i = 0; i < frame.colors; i++) {
            const uint8_t rgb[] = {frame.palette[i].r, frame.palette[i].g, frame.palette[i].b};
            for (int k = 0; k < 3; k++)
                assert_int_equal(lround(lround(rgb[k] * 100 / 255.0) * 255 / 100.0), rgb[k]);
        }
    }
    assay_frame_free(&frame);
    assay_series_free(&series);
}

static size_t count_index(const struct assay_frame *frame, uint8_t index)
{
    size_t count = 0;

    for (int i = 0; i < frame->width * frame->height; i++)
        count += frame->pixels[i] == index;
    return count;
}

static double broken(size_t i)
{
    return i >= 40 && i < 60 ? NAN : i == 80 ? INFINITY : 1 + (double)(i % 2);
}

/* Values that are not finite: a gap in the line and a mark at the lower edge, at their place.
 */
static void test_gaps(void **state)
{
    struct assay_series *series = points_series(101, broken);
    struct assay_chart_line line = {.series = series};
    struct assay_chart chart = {.lines = &line,
                                .line_count = 1,
                                .x_min = NAN,
                                .x_max = NAN,
                                .y_min = NAN,
                                .y_max = NAN};
    struct assay_chart_info info;
    struct assay_frame frame = {0};

    (void)state;
    assert_true(assay_chart_fit(&chart, &info));
    assert_int_equal(info.nonfinite, 21);
    assay_frame_resize(&frame, 501, 60);
    assay_chart_raster(
        &chart, &(struct assay_raster_options){.registers = 256, .cursor_x = NAN}, &frame);
    for (int x = 0; x < 501; x++) {
        bool marked = pixel_at(&frame, x, 59) == DRAWN_MARK, any = false;
        for (int y = 0; y < 50; y++)
            any |= pixel_at(&frame, x, y) == DRAWN_LINE;
        if (x >= 200 && x < 296)
            assert_false(any);
        if (x % 5 == 0 && x / 5 != 80)
            assert_true(marked == (x / 5 >= 40 && x / 5 < 60));
        if (x < 190 || (x > 310 && x < 395) || x > 408)
            assert_true(any && !marked);
    }
    assert_int_equal(pixel_at(&frame, 400, 59), DRAWN_MARK);
    assay_frame_free(&frame);
    assay_series_free(&series);
}

/* A restart: the line begins anew, a mark stands at the upper edge; what it superseded goes
   when it shall. */
static void test_restart(void **state)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
    struct assay_chart_line line = {.series = series};
    struct assay_frame frame = {0};

    (void)state;
    for (int64_t i = 0; i < 100; i++)
        assay_series_add(series, &(struct assay_point){.step = i, .value = 1}, 1);
    for (int64_t i = 50; i < 100; i++)
        assay_series_add(series, &(struct assay_point){.step = i, .value = 2}, 1);
    assay_frame_resize(&frame, 199, 100);
    for (int hide = 0; hide < 2; hide++) {
        struct assay_chart chart = {.lines = &line,
                                    .line_count = 1,
                                    .x_min = NAN,
                                    .x_max = NAN,
                                    .y_min = 0,
                                    .y_max = 3,
                                    .hide_superseded = hide == 1};
        struct assay_chart_info info;
        assert_true(assay_chart_fit(&chart, &info));
        assert_int_equal(info.superseded, hide ? 50 : 0);
        assert_int_equal(info.points, hide ? 100 : 150);
        assay_chart_raster(
            &chart, &(struct assay_raster_options){.registers = 256, .cursor_x = NAN}, &frame);
        assert_int_equal(pixel_at(&frame, 50, 66), DRAWN_LINE);
        assert_int_equal(pixel_at(&frame, 150, 33), DRAWN_LINE);
        assert_int_equal(pixel_at(&frame, 150, 66) == DRAWN_LINE, !hide);
        assert_int_equal(pixel_at(&frame, 100, 0), DRAWN_MARK);
        /* No line leads from the last of the first attempt to the first of the second. */
        assert_int_not_equal(pixel_at(&frame, 120, 50), DRAWN_LINE);
    }
    assay_frame_free(&frame);
    assay_series_free(&series);
}

/* The first line is on top; the cursor's line is below the lines, its points above them. */
static void test_order(void **state)
{
    struct assay_series *series = points_series(100, rising);
    struct assay_chart_line lines[] = {{.series = series, .color = 4},
                                       {.series = series, .color = 7}};
    struct assay_chart chart = {.lines = lines,
                                .line_count = 2,
                                .x_min = NAN,
                                .x_max = NAN,
                                .y_min = NAN,
                                .y_max = NAN};
    struct assay_frame frame = {0};

    (void)state;
    assay_chart_fit(&chart, NULL);
    assay_frame_resize(&frame, 199, 99);
    assay_chart_raster(&chart, &(struct assay_raster_options){.registers = 256, .cursor_x = 50},
                       &frame);
    assert_true(count_index(&frame, INK_SERIES + 4) > 150);
    assert_int_equal(count_index(&frame, INK_SERIES + 7), 0);
    assert_int_equal(frame.pixels[5 * 199 + 100], INK_CURSOR);
    int y = (int)lround(98 - (50 - chart.y_min) / (chart.y_max - chart.y_min) * 98);
    assert_int_equal(frame.pixels[y * 199 + 100], INK_SERIES + 4);
    assay_frame_free(&frame);
    assay_series_free(&series);
}

/* A line of each of four colours, STEP apart: each leaves more of itself out than the one before.
   Whether all that PALETTE paints is grey. */
static bool dashes_grow(int step, const struct assay_chart_palette *palette)
{
    struct assay_series *series = points_series(100, waves);
    struct assay_frame frame = {0};
    size_t before = SIZE_MAX;
    bool grey = true;

    assay_frame_resize(&frame, 300, 60);
    for (int round = 0; round < 4; round++) {
        int color = round * step;
        struct assay_chart_line line = {.series = series, .color = color};
        struct assay_chart chart = {.lines = &line,
                                    .line_count = 1,
                                    .x_min = NAN,
                                    .x_max = NAN,
                                    .y_min = NAN,
                                    .y_max = NAN};
        assay_chart_fit(&chart, NULL);
        assay_chart_raster(
            &chart,
            &(struct assay_raster_options){
                .registers = 256, .cursor_x = NAN, .palette = palette},
            &frame);
        size_t painted =
            count_index(&frame, (uint8_t)(INK_SERIES + color % ASSAY_CHART_COLORS));
        assert_true(painted > 0 && painted < before);
        before = painted;
        for (int i = 0; i < frame.colors; i++)
            grey = grey && frame.palette[i].r == frame.palette[i].g &&
                   frame.palette[i].g == frame.palette[i].b;
    }
    assay_frame_free(&frame);
    assay_series_free(&series);
    return grey;
}

/* More lines than colours: the thirteenth has the first's colour and gaps in it. */
static void test_dashes(void **state)
{
    (void)state;
    assert_false(dashes_grow(ASSAY_CHART_COLORS, NULL));
}

/* Without colours the second, third and fourth line have gaps, ever more of them. */
static void test_grey_dashes(void **state)
{
    (void)state;
    assert_true(dashes_grow(1, &assay_palette_grey_dark));
}

/* Whatever the numbers, drawing stays within its memory and leaves only valid entries. */
static void test_extremes(void **state)
{
    static const double values[] = {1e308,     -1e308, 5e-324, 0,      NAN,   INFINITY,
                                    -INFINITY, 1,      -0.0,   1e-300, 1e300, 2};
    static const int64_t steps[] = {INT64_MIN, INT64_MAX, 0, 1, -1, 1LL << 53, -(1LL << 62)};
    static const int sizes[][2] = {{1, 1}, {1, 600}, {600, 1}, {7, 7}, {33, 6}};
    struct points_rng rng = {.state = 9};
    struct assay_frame frame = {0};
    struct assay_cells cells = {0};

    (void)state;
    for (int round = 0; round < 300; round++) {
        struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
        struct assay_chart_line line = {.series = series, .faint = series, .color = -round};
        for (uint64_t i = points_random(&rng) % 40; i-- > 0;)
            assay_series_add(series,
                             &(struct assay_point){.step = steps[points_random(&rng) % 7],
                                                   .time_ms = steps[points_random(&rng) % 7],
                                                   .value = values[points_random(&rng) % 12]},
                             1);
        struct assay_chart chart = {.lines = &line,
                                    .line_count = 1,
                                    .axis = (enum assay_axis)(round % 3),
                                    .log_x = round % 5 == 0,
                                    .log_y = round % 4 == 0,
                                    .x_min = round % 7 ? NAN : values[round % 12],
                                    .x_max = NAN,
                                    .y_min = NAN,
                                    .y_max = round % 6 ? NAN : values[round % 11]};
        assay_chart_fit(&chart, NULL);
        if (!(chart.x_min < chart.x_max && chart.y_min < chart.y_max))
            fail_msg("round %d: x [%g, %g] y [%g, %g]", round, chart.x_min, chart.x_max,
                     chart.y_min, chart.y_max);
        assert_true(isfinite(chart.x_min) && isfinite(chart.x_max));
        assert_true(isfinite(chart.y_min) && isfinite(chart.y_max));
        const int *size = sizes[round % 5];
        struct assay_raster_options options = {.registers = 256,
                                               .cursor_x = values[round % 12],
                                               .line_width = values[round % 9],
                                               .grid_x = 70,
                                               .grid_y = 70};
        assay_frame_resize(&frame, size[0], size[1]);
        assay_chart_raster(&chart, &options, &frame);
        for (int i = 0; i < size[0] * size[1]; i++)
            assert_true(frame.pixels[i] < frame.colors);
        assay_cells_resize(&cells, size[0], size[1] > 50 ? 50 : size[1]);
        assay_chart_cells(&chart, &options, (enum assay_glyphs)(round % 3), &cells);
        assay_series_free(&series);
    }
    assay_frame_free(&frame);
    assay_cells_free(&cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_true_line),  cmocka_unit_test(test_gathered),
        cmocka_unit_test(test_whole_bars), cmocka_unit_test(test_spike),
        cmocka_unit_test(test_registers),  cmocka_unit_test(test_percent),
        cmocka_unit_test(test_gaps),       cmocka_unit_test(test_restart),
        cmocka_unit_test(test_order),      cmocka_unit_test(test_dashes),
        cmocka_unit_test(test_grey_dashes),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
