/*
 * Figures: strokes against brute force (the distance of every pixel from every stroke), dots and
 * what lies above what, as pixels that went through sixel and back; and in characters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/figure.h>
#include <assay/memory.h>

#include "support/sixel_decode.h"

#define WIDTH  240
#define HEIGHT 120

static uint64_t state_of_chance = 11;

static double chance(double low, double high)
{
    state_of_chance = state_of_chance * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (double)(state_of_chance >> 11) / 9007199254740992.0;
}

static double across(double x)
{
    return 0.5 + x * (WIDTH - 1);
}

static double down(double y)
{
    return 0.5 + (1 - y) * (HEIGHT - 1);
}

/* ---- what is drawn, as a terminal would have it ---- */

struct picture {
    struct sixel_image image;
    struct assay_chart_palette palette;
};

static struct picture draw(const struct assay_figure *figure, bool light, int registers)
{
    struct picture picture = {.palette = light ? assay_palette_light : assay_palette_dark};
    struct assay_frame frame = {0};
    struct assay_buf sixel = {0};
    struct assay_error err = {0};
    size_t end;

    assay_frame_resize(&frame, WIDTH, HEIGHT);
    assay_figure_raster(figure,
                        &(struct assay_raster_options){.palette = &picture.palette,
                                                       .registers = registers},
                        &frame);
    assert_true(frame.colors <= registers);
    assert_int_equal(assay_encode_sixel(&frame, NULL, &sixel, &err), ASSAY_OK);
    assert_true(
        sixel_image_read(sixel.data, sixel.length, registers, &picture.image, &end));
    assert_int_equal(picture.image.width, WIDTH);
    assert_int_equal(picture.image.height, HEIGHT);
    assay_buf_free(&sixel);
    assay_frame_free(&frame);
    return picture;
}

static uint32_t pixel(const struct picture *picture, int x, int y)
{
    return picture->image.pixels[y * WIDTH + x];
}

static bool is(uint32_t pixel, struct assay_rgb color)
{
    return abs((int)(pixel >> 16) - color.r) <= 2 && abs((int)(pixel >> 8 & 255) - color.g) <= 2 &&
           abs((int)(pixel & 255) - color.b) <= 2;
}

static double distance(const struct assay_stroke *s, double x, double y)
{
    double x0 = across(s->x0), y0 = down(s->y0), dx = across(s->x1) - x0,
           dy = down(s->y1) - y0;
    double square = dx * dx + dy * dy;
    double part = square > 0 ? ((x - x0) * dx + (y - y0) * dy) / square : 0;
    part = part < 0 ? 0 : part > 1 ? 1 : part;
    return hypot(x - x0 - part * dx, y - y0 - part * dy);
}

/* ---- strokes ---- */

static struct assay_stroke any_stroke(void)
{
    double slope = chance(0, 1);
    struct assay_stroke s = {.x0 = chance(-0.3, 1.3), .y0 = chance(-0.3, 1.3)};
    s.x1 = slope < 0.2 ? s.x0 : chance(-0.3, 1.3);
    s.y1 = slope > 0.8 ? s.y0 : chance(-0.3, 1.3);
    return s;
}

/* Every pixel the strokes pass through has their colour, every one away from them has none. */
static void strokes_lie_where_they_are(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        struct assay_figure figure = {0};
        bool light = round % 2;
        int registers = round % 3 ? 256 : 16;
        for (int i = 0; i <= round % 5; i++) {
            struct assay_stroke s = any_stroke();
            s.color = 3;
            assay_figure_stroke(&figure, s);
        }
        struct picture p = draw(&figure, light, registers);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                double near = INFINITY;
                for (size_t i = 0; i < figure.stroke_count; i++) {
                    /* a stroke that is not steep is cut off at the columns of its ends */
                    near = fmin(near, distance(&figure.strokes[i], x + 0.5, y + 0.5));
                }
                if (near > 2.2) {
                    assert_true(is(pixel(&p, x, y), p.palette.background));
                }
                bool ends = false;
                for (size_t i = 0; i < figure.stroke_count; i++) {
                    const struct assay_stroke *s = &figure.strokes[i];
                    ends |= hypot(x + 0.5 - across(s->x0), y + 0.5 - down(s->y0)) < 2 ||
                            hypot(x + 0.5 - across(s->x1), y + 0.5 - down(s->y1)) < 2;
                }
                if (near < 0.25 && !ends) {
                    assert_true(is(pixel(&p, x, y), p.palette.series[3]));
                }
            }
        }
        sixel_image_free(&p.image);
        assay_figure_free(&figure);
    }
}

/* What is faint is paler than what is not and below it, whichever came first; in few colours
   every other pixel of it is left out. */
static void faint_strokes_lie_below(void **state)
{
    (void)state;
    for (int round = 0; round < 4; round++) {
        struct assay_figure figure = {0};
        int registers = round & 1 ? 256 : 16, faint = 0;
        assay_figure_stroke(&figure, (struct assay_stroke){0.1, 0.496, 0.9, 0.496, 0, false});
        assay_figure_stroke(&figure, (struct assay_stroke){0.502, 0.1, 0.502, 0.9, 0, true});
        struct picture p = draw(&figure, round & 2, registers);
        assert_true(is(pixel(&p, WIDTH / 2, HEIGHT / 2), p.palette.series[0]));
        for (int y = HEIGHT / 8; y < HEIGHT / 3; y++) {
            uint32_t seen = pixel(&p, WIDTH / 2, y);
            faint += !is(seen, p.palette.background);
            assert_false(registers > 16 && is(seen, p.palette.series[0]));
        }
        assert_in_range(faint, registers > 16 ? HEIGHT / 3 - HEIGHT / 8 - 1 : 8, 30);
        sixel_image_free(&p.image);
        assay_figure_free(&figure);
    }
}

static void spread(void *self, size_t parts, void (*run)(void *context, size_t part),
                   void *context)
{
    *(size_t *)self += parts;
    for (size_t i = parts; i-- > 0;) { /* in whatever order */
        run(context, i);
    }
}

/* Two thousand strokes, which several hands share: the same picture. */
static void the_picture_is_the_same_whoever_helps(void **state)
{
    (void)state;
    struct assay_figure figure = {0};
    struct assay_frame alone = {0}, together = {0};
    size_t shared = 0;
    const struct assay_hands hands = {.spread = spread, .self = &shared, .count = 4};
    struct assay_raster_options options = {.palette = &assay_palette_dark, .registers = 256};
    for (int i = 0; i < 2000; i++) {
        struct assay_stroke s = any_stroke();
        s.color = i % 12;
        s.faint = i % 3 == 0;
        assay_figure_stroke(&figure, s);
    }
    assay_frame_resize(&alone, WIDTH, HEIGHT);
    assay_figure_raster(&figure, &options, &alone);
    assay_frame_resize(&together, WIDTH, HEIGHT);
    options.hands = &hands;
    assay_figure_raster(&figure, &options, &together);
    assert_true(shared > 1);
    assert_int_equal(alone.colors, together.colors);
    assert_memory_equal(alone.pixels, together.pixels, (size_t)WIDTH * HEIGHT);
    assay_frame_free(&alone);
    assay_frame_free(&together);
    assay_figure_free(&figure);
}

/* ---- dots ---- */

static void dots_are_told_apart(void **state)
{
    (void)state;
    static const enum assay_dot_kind kinds[] = {ASSAY_DOT_SMALL, ASSAY_DOT_HOLLOW,
                                                ASSAY_DOT_LARGE, ASSAY_DOT_DIAMOND,
                                                ASSAY_DOT_HERE};
    for (int round = 0; round < 4; round++) {
        int painted[ASSAY_COUNT(kinds)] = {0};
        for (size_t k = 0; k < ASSAY_COUNT(kinds); k++) {
            struct assay_figure figure = {0};
            assay_figure_dot(&figure, (struct assay_dot){0.5, 0.5, 1, kinds[k]});
            struct picture p = draw(&figure, round & 2, round & 1 ? 256 : 16);
            int ring = 0;
            for (int y = 0; y < HEIGHT; y++) {
                for (int x = 0; x < WIDTH; x++) {
                    painted[k] += is(pixel(&p, x, y), p.palette.series[1]);
                    ring += is(pixel(&p, x, y), p.palette.cursor);
                }
            }
            bool hollow = kinds[k] == ASSAY_DOT_HOLLOW;
            assert_true(is(pixel(&p, WIDTH / 2, HEIGHT / 2), hollow ? p.palette.background
                                                                    : p.palette.series[1]));
            /* A ring around it, and a line to either axis: every third pixel of both. */
            assert_true(kinds[k] == ASSAY_DOT_HERE ? ring > (WIDTH + HEIGHT) / 6 + 20 : ring == 0);
            sixel_image_free(&p.image);
            assay_figure_free(&figure);
        }
        assert_true(painted[0] < painted[2] && painted[1] < painted[0]);
        assert_true(painted[3] > painted[0]);
        assert_int_equal(painted[4], painted[2]);
    }
}

/* An axis is a line one pixel wide, the one in use two, a chosen part of it a bar. */
static void rules_are_upright(void **state)
{
    (void)state;
    static const int wide[] = {1, 2, 7};
    for (int kind = ASSAY_RULE_AXIS; kind <= ASSAY_RULE_BRUSH; kind++) {
        struct assay_figure figure = {0};
        int count = 0;
        assay_figure_rule(&figure, (struct assay_rule){0.5, 0.2, 0.4, (enum assay_rule_kind)kind});
        assay_figure_stroke(&figure, (struct assay_stroke){0, 0.3, 1, 0.3, 0, false});
        struct picture p = draw(&figure, false, 256);
        int y = (int)down(0.3);
        struct assay_rgb color = kind == ASSAY_RULE_AXIS ? p.palette.axis : p.palette.cursor;
        for (int x = 0; x < WIDTH; x++) { /* above the stroke */
            count += is(pixel(&p, x, y), color);
        }
        assert_int_equal(count, wide[kind]);
        assert_true(is(pixel(&p, WIDTH / 2, (int)down(0.5)), p.palette.background));
        assert_true(is(pixel(&p, WIDTH / 2, (int)down(0.1)), p.palette.background));
        sixel_image_free(&p.image);
        assay_figure_free(&figure);
    }
}

/* ---- characters ---- */

static const struct assay_cell *cell(const struct assay_cells *cells, int x, int y)
{
    return &cells->cells[y * cells->columns + x];
}

static void characters_say_the_same(void **state)
{
    (void)state;
    struct assay_figure figure = {0};
    struct assay_cells cells = {0};
    assay_cells_resize(&cells, 21, 11);
    figure.grid_y[figure.grid_y_count++] = 0.95;
    assay_figure_stroke(&figure, (struct assay_stroke){0, 0.5, 1, 0.5, 2, false});
    assay_figure_stroke(&figure, (struct assay_stroke){0, 0.49, 1, 0.51, 0, true});
    assay_figure_stroke(&figure, (struct assay_stroke){0, 0.25, 1, 0.25, 5, true});
    assay_figure_rule(&figure, (struct assay_rule){0.75, 0, 1, ASSAY_RULE_AXIS});
    assay_figure_rule(&figure, (struct assay_rule){0.75, 0, 0.2, ASSAY_RULE_BRUSH});
    assay_figure_dot(&figure, (struct assay_dot){0.25, 0.5, 1, ASSAY_DOT_SMALL});
    assay_figure_dot(&figure, (struct assay_dot){0.5, 0.5, 2, ASSAY_DOT_LARGE});
    assay_figure_dot(&figure, (struct assay_dot){0.5, 0.8, 2, ASSAY_DOT_HERE});
    assay_figure_cells(&figure, ASSAY_GLYPHS_BRAILLE, &cells);
    assert_int_equal(cell(&cells, 10, 0)->code, 0x2508); /* the grid */
    assert_int_equal(cell(&cells, 2, 5)->color, 2);      /* not mixed with what is faint */
    assert_in_range(cell(&cells, 2, 5)->code, 0x2801, 0x28ff);
    assert_int_equal(cell(&cells, 2, 8)->color, -1);
    assert_int_equal(cell(&cells, 5, 5)->code, 0x2022);
    assert_int_equal(cell(&cells, 5, 5)->color, 1);
    assert_int_equal(cell(&cells, 10, 5)->code, 0x25cf);
    assert_int_equal(cell(&cells, 10, 2)->code, 0x25c9);
    assert_int_equal(cell(&cells, 15, 5)->code, 0x2502);
    assert_int_equal(cell(&cells, 15, 10)->code, 0x2588);
    assay_figure_cells(&figure, ASSAY_GLYPHS_ASCII, &cells);
    for (int i = 0; i < 21 * 11; i++) {
        assert_in_range(cells.cells[i].code, ' ', '~');
    }
    assert_int_equal(cell(&cells, 5, 5)->code, assay_chart_mark(1)); /* letters tell apart */
    assert_int_equal(cell(&cells, 10, 5)->code, assay_chart_mark(2));
    assert_int_equal(cell(&cells, 10, 2)->code, '@');
    assert_int_equal(cell(&cells, 15, 10)->code, '#');
    assay_cells_free(&cells);
    assay_figure_free(&figure);
}

/* ---- what cannot be shown ---- */

static void no_place_is_left_out(void **state)
{
    (void)state;
    static const double bad[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300};
    struct assay_figure figure = {0};
    for (size_t i = 0; i < ASSAY_COUNT(bad); i++) {
        assay_figure_stroke(&figure, (struct assay_stroke){bad[i], 0, 1, 1, 0, false});
        assay_figure_stroke(&figure, (struct assay_stroke){0, 0, 1, bad[i], 0, false});
        assay_figure_dot(&figure, (struct assay_dot){0, bad[i], 0, ASSAY_DOT_HERE});
        assay_figure_rule(&figure, (struct assay_rule){bad[i], 0, 1, ASSAY_RULE_AXIS});
        figure.grid_x[figure.grid_x_count++] = bad[i];
        figure.grid_y[figure.grid_y_count++] = bad[i];
    }
    assert_true(figure.stroke_count + figure.dot_count + figure.rule_count == 0);
    for (int i = 0; i < 40; i++) { /* far outside is a place, and nothing of it is seen */
        assay_figure_dot(&figure, (struct assay_dot){chance(20, 90), chance(-90, -20), i % 12,
                                                     (enum assay_dot_kind)(i % 5)});
    }
    struct picture p = draw(&figure, false, 256);
    assert_true(is(pixel(&p, 0, 0), p.palette.background));
    struct assay_cells cells = {0};
    assay_cells_resize(&cells, 1, 1);
    assay_figure_cells(&figure, ASSAY_GLYPHS_BLOCKS, &cells);
    assay_cells_free(&cells);
    sixel_image_free(&p.image);
    assay_figure_free(&figure);
}

/* Whatever is changed is seen in the number that says whether a picture is still right. */
static void the_version_tells_pictures_apart(void **state)
{
    (void)state;
    struct assay_figure figure = {0};
    uint64_t seen[8];
    size_t count = 0;
    seen[count++] = assay_figure_version(&figure);
    figure.grid_x[figure.grid_x_count++] = 0.5;
    seen[count++] = assay_figure_version(&figure);
    assay_figure_stroke(&figure, (struct assay_stroke){0, 0, 1, 1, 0, false});
    seen[count++] = assay_figure_version(&figure);
    figure.strokes[0].faint = true;
    seen[count++] = assay_figure_version(&figure);
    figure.strokes[0].color = 1;
    seen[count++] = assay_figure_version(&figure);
    assay_figure_dot(&figure, (struct assay_dot){0, 1, 0, ASSAY_DOT_SMALL});
    seen[count++] = assay_figure_version(&figure);
    figure.dots[0].kind = ASSAY_DOT_LARGE;
    seen[count++] = assay_figure_version(&figure);
    assay_figure_rule(&figure, (struct assay_rule){0, 0, 1, ASSAY_RULE_AXIS});
    seen[count++] = assay_figure_version(&figure);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_true(seen[i] != seen[k]);
        }
    }
    assert_true(seen[count - 1] == assay_figure_version(&figure));
    assay_figure_free(&figure);
}

/* ---- in vectors ---- */

/* A point's place in the picture is its place between the labelled ticks. */
static void vectors_stand_on_their_axes(void **state)
{
    (void)state;
    struct assay_figure figure = {0};
    struct assay_plane_axis x = ASSAY_PLANE_AXIS, y = ASSAY_PLANE_AXIS;
    struct assay_buf out = {0};
    const struct assay_figure_words words = {.title = "a < b & c", .x = "lr", .y = "loss"};
    double tick_at, dot_at, unused;

    assert_false(assay_figure_plane(&figure, &x, &y)); /* nothing to show */
    for (int i = 0; i <= 4; i++) {
        assay_plane_take(&x, pow(10, -i)); /* decades: logarithmic */
        assay_plane_take(&y, i);
    }
    assert_true(assay_figure_plane(&figure, &x, &y));
    assert_true(x.log);
    assert_false(y.log);
    assay_figure_dot(&figure, (struct assay_dot){.x = assay_plane_unit(&x, 0.01),
                                                 .y = assay_plane_unit(&y, 2),
                                                 .kind = ASSAY_DOT_LARGE});
    assay_figure_svg(&figure, &x, &y, &words, &out);
    const char *text = assay_buf_text(&out);
    assert_non_null(strstr(text, ">a &lt; b &amp; c</text>"));
    assert_non_null(strstr(text, ">lr</text>"));
    const char *label = strstr(text, "text-anchor=\"middle\">1e-2</text>");
    const char *circle = strstr(text, "<circle cx=");
    assert_non_null(label);
    assert_non_null(circle);
    while (strncmp(label, "<text", 5) != 0)
        label--;
    assert_int_equal(sscanf(label, "<text x=\"%lf\" y=\"%lf\"", &tick_at, &unused), 2);
    assert_int_equal(sscanf(circle, "<circle cx=\"%lf\"", &dot_at), 1);
    assert_true(fabs(tick_at - dot_at) < 0.2);
    assay_buf_free(&out);
    assay_figure_free(&figure);
}

/* ---- parallel coordinates ---- */

static void runs_stand_on_upright_axes(void **state)
{
    (void)state;
    static const char adamw[] = "adamw", sgd[] = "sgd";
    struct assay_parallel_axis numbers = ASSAY_PARALLEL_AXIS(false),
                               texts = ASSAY_PARALLEL_AXIS(true),
                               none = ASSAY_PARALLEL_AXIS(false);
    char end[32];

    for (int i = 0; i <= 4; i++) {
        assay_parallel_take(&numbers, pow(10, -i), NULL);
        assay_parallel_take(&texts, NAN, i % 2 ? sgd : adamw);
    }
    assay_parallel_take(&numbers, INFINITY, NULL);
    assay_parallel_take(&texts, 7, NULL);
    assay_parallel_settle(&numbers);
    assay_parallel_settle(&texts);
    assay_parallel_settle(&none);
    assert_true(numbers.log); /* decades */
    assert_true(fabs(assay_parallel_unit(&numbers, 0.01, NULL) - 0.5) < 1e-9);
    assert_true(fabs(assay_parallel_number(&numbers, 0.5) - 0.01) < 1e-9);
    assert_true(isnan(assay_parallel_unit(&numbers, NAN, adamw)));
    assert_int_equal(texts.kind_count, 2);
    assert_true(assay_parallel_unit(&texts, 3, adamw) == 0);
    assert_true(assay_parallel_unit(&texts, 3, sgd) == 1);
    assert_true(isnan(assay_parallel_unit(&texts, 3, "lion")));
    assert_true(isnan(assay_parallel_unit(&texts, 3, NULL)));
    assay_parallel_end(&numbers, true, 20, end);
    assert_string_equal(end, "1");
    assay_parallel_end(&texts, false, 20, end);
    assert_string_equal(end, "adamw");
    assay_parallel_end(&none, true, 20, end); /* of nothing, infinity least of all */
    assert_string_equal(end, "");
    numbers.duration = true;
    assay_parallel_end(&numbers, true, 20, end);
    assert_string_equal(end, "1.00s");
    numbers = (struct assay_parallel_axis)ASSAY_PARALLEL_AXIS(false);
    assay_parallel_take(&numbers, 5, NULL);
    assay_parallel_settle(&numbers);
    assert_true(assay_parallel_unit(&numbers, 5, NULL) == 0.5); /* no width, no division */
    static const struct {
        double value;
        int cells;
        const char *text;
    } ends[] = {{0.4532, 8, "0.4532"},   {0.4532, 5, "0.453"},   {0.4532, 3, "0.5"},
                {0.000129, 8, "0.000129"}, {0.000129, 5, "1e-4"},  {-0.000129, 5, "-1e-4"},
                {123456, 4, "1e5"},        {0, 1, "0"},
                {9.7e5, 4, "1e6"},         {5e-324, 2, "5e-324"}};
    for (size_t i = 0; i < ASSAY_COUNT(ends); i++) { /* fewer digits, but never "0.00…" */
        numbers = (struct assay_parallel_axis)ASSAY_PARALLEL_AXIS(false);
        assay_parallel_take(&numbers, ends[i].value, NULL);
        assay_parallel_end(&numbers, true, ends[i].cells, end);
        assert_string_equal(end, ends[i].text);
    }
    texts = (struct assay_parallel_axis)ASSAY_PARALLEL_AXIS(true);
    static const char many[ASSAY_PARALLEL_KINDS + 1] = "";
    for (size_t i = 0; i < sizeof many; i++)
        assay_parallel_take(&texts, 0, &many[i]);
    assert_int_equal(texts.kind_count, ASSAY_PARALLEL_KINDS);
    assert_true(isnan(assay_parallel_unit(&texts, 0, &many[ASSAY_PARALLEL_KINDS])));
}

/* A line through all axes is one path, and goes through the axes where they are drawn; the faint
   ones lie below; a place that is missing breaks it. */
static void lines_go_through_the_axes(void **state)
{
    (void)state;
    struct assay_figure figure = {0};
    struct assay_parallel_axis axes[3] = {
        ASSAY_PARALLEL_AXIS(false), ASSAY_PARALLEL_AXIS(true), ASSAY_PARALLEL_AXIS(false)};
    static const char *const names[] = {"lr", "a name <that> has no room at all beside others",
                                        "loss"};
    static const double strong[] = {0, 1, 0.5}, faint[] = {1, 0, 1}, broken[] = {0.5, NAN, 1};
    double across[3], x0, y0, x1, y1, x2, y2, axis_x, bottom, unused, top;
    struct assay_buf out = {0};

    for (size_t a = 0; a < 3; a++) {
        across[a] = assay_parallel_across(a, 3);
        assay_parallel_take(&axes[a], 1, "once");
        assay_parallel_take(&axes[a], 3, "<twice>");
        assay_parallel_settle(&axes[a]);
    }
    assay_parallel_line(&figure, across, strong, 3, 0, false);
    assay_parallel_line(&figure, across, faint, 3, 0, true);
    assay_parallel_line(&figure, across, broken, 3, 0, false);
    assay_parallel_svg(&figure, axes, names, 3, "a & b", &out);
    const char *text = assay_buf_text(&out), *path = strstr(text, "<path "), *below = path;
    assert_non_null(strstr(text, ">a &amp; b</text>"));
    assert_non_null(strstr(text, ">&lt;twice&gt;</text>"));
    assert_non_null(strstr(text, ">a name &lt;that&gt; has no room …</text>"));
    assert_non_null(path);
    path = strstr(path + 1, "<path ");
    assert_non_null(path);
    assert_null(strstr(path + 1, "<path ")); /* nothing of the broken one: no two neighbours */
    assert_int_equal(sscanf(below, "<path fill=\"none\" d=\"M%lf %lfL%lf %lfL%lf %lf\"", &x0,
                            &y0, &x1, &y1, &x2, &y2),
                     6);
    const char *axis = strstr(text, "<line ");
    assert_int_equal(sscanf(axis, "<line x1=\"%lf\" y1=\"%lf\" x2=\"%lf\" y2=\"%lf\"", &axis_x,
                            &bottom, &unused, &top),
                     4);
    assert_true(x0 == axis_x && y0 == top && y1 == bottom && y2 == top); /* 1, 0, 1: the faint */
    assert_true(x0 < x1 && x1 < x2);
    assay_buf_free(&out);
    assay_figure_free(&figure);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strokes_lie_where_they_are),
        cmocka_unit_test(faint_strokes_lie_below),
        cmocka_unit_test(the_picture_is_the_same_whoever_helps),
        cmocka_unit_test(dots_are_told_apart),
        cmocka_unit_test(rules_are_upright),
        cmocka_unit_test(characters_say_the_same),
        cmocka_unit_test(no_place_is_left_out),
        cmocka_unit_test(vectors_stand_on_their_axes),
        cmocka_unit_test(runs_stand_on_upright_axes),
        cmocka_unit_test(lines_go_through_the_axes),
        cmocka_unit_test(the_version_tells_pictures_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
