/*
 * The colours of charts: that the twelve of each palette can be told apart, also by readers who
 * do not see red or green, and read on their background; and the 256-colour cube.
 *
 * Distances: CIEDE2000 (Sharma, Wu, Dalal 2005). Simulated vision: Machado, Oliveira, Fernandes
 * 2009, the matrices for severity 1. Contrast: WCAG 2.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/chart.h>
#include <assay/memory.h>

#define PI 3.14159265358979323846

struct lab {
    double l, a, b;
};

static double to_light(double value)
{
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

/* How an eye without the red, or the green, cones sees linear light; 0 the usual. */
static void see(int kind, double rgb[3])
{
    static const double eyes[3][3][3] = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
                                         {{0.152286, 1.052583, -0.204868},
                                          {0.114503, 0.786281, 0.099216},
                                          {-0.003882, -0.048116, 1.051998}},
                                         {{0.367322, 0.860646, -0.227968},
                                          {0.280085, 0.672501, 0.047413},
                                          {-0.011820, 0.042940, 0.968881}}};
    double seen[3];

    for (int i = 0; i < 3; i++)
        seen[i] =
            eyes[kind][i][0] * rgb[0] + eyes[kind][i][1] * rgb[1] + eyes[kind][i][2] * rgb[2];
    for (int i = 0; i < 3; i++)
        rgb[i] = fmin(fmax(seen[i], 0), 1);
}

static double lab_part(double t)
{
    return t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
}

static struct lab to_lab(struct assay_rgb color, int kind)
{
    double rgb[3] = {to_light(color.r / 255.0), to_light(color.g / 255.0),
                     to_light(color.b / 255.0)};

    see(kind, rgb);
    double x =
        lab_part((0.4124564 * rgb[0] + 0.3575761 * rgb[1] + 0.1804375 * rgb[2]) / 0.95047);
    double y = lab_part(0.2126729 * rgb[0] + 0.7151522 * rgb[1] + 0.0721750 * rgb[2]);
    double z =
        lab_part((0.0193339 * rgb[0] + 0.1191920 * rgb[1] + 0.9503041 * rgb[2]) / 1.08883);
    return (struct lab){116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

static double hue(double b, double a)
{
    double angle = a == 0 && b == 0 ? 0 : atan2(b, a) * 180 / PI;
    return angle < 0 ? angle + 360 : angle;
}

static double sine(double degrees)
{
    return sin(degrees * PI / 180);
}

static double cosine(double degrees)
{
    return cos(degrees * PI / 180);
}

static double ciede2000(struct lab p, struct lab q)
{
    double c = (hypot(p.a, p.b) + hypot(q.a, q.b)) / 2;
    double g = 0.5 * (1 - sqrt(pow(c, 7) / (pow(c, 7) + pow(25, 7))));
    double a1 = p.a * (1 + g), a2 = q.a * (1 + g);
    double c1 = hypot(a1, p.b), c2 = hypot(a2, q.b), h1 = hue(p.b, a1), h2 = hue(q.b, a2);
    double dh = c1 * c2 == 0 ? 0 : h2 - h1, h = h1 + h2;

    dh = dh > 180 ? dh - 360 : dh < -180 ? dh + 360 : dh;
    if (c1 * c2 != 0)
        h = fabs(h1 - h2) <= 180 ? h / 2 : h < 360 ? (h + 360) / 2 : (h - 360) / 2;
    double dl = q.l - p.l, dc = c2 - c1, dH = 2 * sqrt(c1 * c2) * sine(dh / 2);
    double l = (p.l + q.l) / 2, cm = (c1 + c2) / 2;
    double t = 1 - 0.17 * cosine(h - 30) + 0.24 * cosine(2 * h) + 0.32 * cosine(3 * h + 6) -
               0.20 * cosine(4 * h - 63);
    double sl = 1 + 0.015 * pow(l - 50, 2) / sqrt(20 + pow(l - 50, 2));
    double sc = 1 + 0.045 * cm, sh = 1 + 0.015 * cm * t;
    double turn = 30 * exp(-pow((h - 275) / 25, 2));
    double rt = -2 * sqrt(pow(cm, 7) / (pow(cm, 7) + pow(25, 7))) * sine(2 * turn);

    return sqrt(pow(dl / sl, 2) + pow(dc / sc, 2) + pow(dH / sh, 2) + rt * dc / sc * dH / sh);
}

/* Three of the pairs published with the formula, which catch its usual mistakes. */
static void test_formula(void **state)
{
    static const struct {
        struct lab p, q;
        double far;
    } pairs[] = {{{50, 2.6772, -79.7751}, {50, 0, -82.7485}, 2.0425},
                 {{50, -1, 2}, {50, 0, 0}, 2.3669},
                 {{22.7233, 20.0904, -46.6940}, {23.0331, 14.9730, -42.5619}, 2.0373},
                 {{90.8027, -2.0831, 1.4410}, {91.1528, -1.6435, 0.0447}, 1.4441}};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(pairs); i++)
        assert_true(fabs(ciede2000(pairs[i].p, pairs[i].q) - pairs[i].far) < 1e-4);
}

static double luminance(struct assay_rgb color)
{
    return 0.2126 * to_light(color.r / 255.0) + 0.7152 * to_light(color.g / 255.0) +
           0.0722 * to_light(color.b / 255.0);
}

static double contrast(struct assay_rgb a, struct assay_rgb b)
{
    double la = luminance(a), lb = luminance(b);
    return (fmax(la, lb) + 0.05) / (fmin(la, lb) + 0.05);
}

static void check_palette(const char *name, const struct assay_chart_palette *palette)
{
    double nearest = INFINITY, first = INFINITY, faintest = INFINITY;

    for (int i = 0; i < ASSAY_CHART_COLORS; i++) {
        faintest = fmin(faintest, contrast(palette->series[i], palette->background));
        for (int k = 0; k < i; k++)
            for (int kind = 0; kind < 3; kind++) {
                double far = ciede2000(to_lab(palette->series[i], kind),
                                       to_lab(palette->series[k], kind));
                nearest = fmin(nearest, far);
                if (i < 6)
                    first = fmin(first, far);
            }
    }
    print_message("%s: %.1f apart, the first six %.1f; contrast at least %.2f\n", name, nearest,
                  first, faintest);
    assert_true(nearest > 9);
    assert_true(first > 13);
    assert_true(faintest > 2.5);
    /* The grid is seen, and is no line. */
    assert_in_range((int)(contrast(palette->grid, palette->background) * 100), 110, 200);
    assert_true(contrast(palette->axis, palette->background) >
                contrast(palette->grid, palette->background));
    assert_true(contrast(palette->mark, palette->background) > 4);
}

static void test_palettes(void **state)
{
    (void)state;
    check_palette("dark", &assay_palette_dark);
    check_palette("light", &assay_palette_light);
}

/* Every series colour is one of the 256, so that text and pixels are the same. */
static void test_cube(void **state)
{
    const struct assay_chart_palette *const palettes[] = {&assay_palette_dark,
                                                          &assay_palette_light};
    (void)state;
    for (int i = 16; i < 256; i++) {
        struct assay_rgb rgb = assay_index256_rgb(i), back;
        back = assay_index256_rgb(assay_rgb_index256(rgb));
        assert_memory_equal(&rgb, &back, sizeof rgb);
    }
    for (int p = 0; p < 2; p++)
        for (int i = 0; i < ASSAY_CHART_COLORS; i++) {
            struct assay_rgb rgb = palettes[p]->series[i], cube;
            cube = assay_index256_rgb(assay_rgb_index256(rgb));
            assert_memory_equal(&rgb, &cube, sizeof rgb);
        }
    assert_int_equal(assay_index256_rgb(3).r, 0);
    assert_int_equal(assay_index256_rgb(1000).r, 0);
}

static void test_signs(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * ASSAY_CHART_COLORS; i++) {
        assert_int_equal(assay_chart_sign(i, false, true)[0], assay_chart_mark(i));
        for (int k = 0; k < i % ASSAY_CHART_COLORS; k++)
            assert_int_not_equal(assay_chart_mark(i), assay_chart_mark(k));
    }
    assert_string_equal(assay_chart_sign(0, false, false), assay_chart_sign(11, false, false));
    assert_string_not_equal(assay_chart_sign(0, false, false), assay_chart_sign(12, false, false));
    assert_string_not_equal(assay_chart_sign(24, false, false), assay_chart_sign(12, false, false));
    assert_non_null(assay_chart_sign(-1, false, false));
}

/* Without colours every line still differs from every other, on any background: by its grey or
   by its dashes, as its legend does. */
static void test_greys(void **state)
{
    const struct assay_chart_palette *const palettes[] = {&assay_palette_grey_dark,
                                                          &assay_palette_grey_light};
    (void)state;
    for (int p = 0; p < 2; p++) {
        const struct assay_chart_palette *palette = palettes[p];
        assert_true(palette->grey);
        assert_int_equal(palette->mark.r, palette->mark.g);
        assert_int_equal(palette->mark.r, palette->mark.b);
        for (int i = 0; i < ASSAY_CHART_COLORS; i++) {
            struct assay_rgb rgb = palette->series[i];
            assert_true(rgb.r == rgb.g && rgb.g == rgb.b);
            assert_true(abs(rgb.r - palette->background.r) >= 100);
            for (int k = 0; k < i; k++)
                assert_true(abs(rgb.r - palette->series[k].r) >= 60 ||
                            strcmp(assay_chart_sign(i, true, false),
                                   assay_chart_sign(k, true, false)) != 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formula),
        cmocka_unit_test(test_palettes),
        cmocka_unit_test(test_cube),
        cmocka_unit_test(test_signs),
        cmocka_unit_test(test_greys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
