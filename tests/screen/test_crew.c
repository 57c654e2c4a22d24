/*
 * The threads that help with a frame: every job is done once, and done when crew_finish()
 * returns, with helpers and without; charts painted by them are the charts painted alone.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <assay/chart.h>
#include <assay/memory.h>

#include "tui/crew.h"

#define JOBS 40

static void count_up(void *context)
{
    ++*(unsigned *)context; /* not atomic: nobody else may touch it */
}

static void check_rounds(size_t helpers)
{
    struct crew *crew = crew_new(helpers);
    unsigned counts[JOBS] = {0}, expected[JOBS] = {0};

    for (unsigned round = 0; round < 200; round++) {
        for (unsigned i = 0; i < round % JOBS; i++) {
            crew_add(crew, count_up, &counts[i]);
            expected[i]++;
        }
        crew_finish(crew);
        assert_memory_equal(counts, expected, sizeof counts);
    }
    crew_free(&crew);
    assert_null(crew);
    crew_free(&crew);
}

static void test_every_job_once(void **state)
{
    (void)state;
    check_rounds(0);
    check_rounds(1);
    check_rounds(3);
    check_rounds(100); /* more than there ever are */
}

struct picture {
    struct assay_chart chart;
    struct assay_chart_line line;
    struct assay_frame frame;
};

static void paint(void *context)
{
    struct picture *picture = context;
    const struct assay_raster_options options = {
        .registers = 256, .cursor_x = NAN, .grid_x = 4, .grid_y = 4};

    assay_chart_raster(&picture->chart, &options, &picture->frame);
}

static void test_pictures(void **state)
{
    enum { PICTURES = 8, WIDTH = 300, HEIGHT = 90 };
    static struct picture pictures[PICTURES];
    static uint8_t alone[PICTURES][WIDTH * HEIGHT];
    struct crew *crew = crew_new(3);

    (void)state;
    for (size_t i = 0; i < PICTURES; i++) {
        struct picture *picture = &pictures[i];
        picture->line.series = assay_series_new(ASSAY_LAST_WRITTEN);
        for (int step = 0; step < 3000; step++)
            assay_series_add(picture->line.series,
                             &(struct assay_point){.step = step % 2000,
                                                   .value = sin(step * (double)(i + 1) / 50)},
                             1);
        picture->chart = (struct assay_chart){.lines = &picture->line,
                                              .line_count = 1,
                                              .x_min = NAN,
                                              .x_max = NAN,
                                              .y_min = NAN,
                                              .y_max = NAN};
        assert_true(assay_chart_fit(&picture->chart, NULL));
        assay_frame_resize(&picture->frame, WIDTH, HEIGHT);
        paint(picture);
        memcpy(alone[i], picture->frame.pixels, sizeof alone[i]);
    }
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < PICTURES; i++) {
            memset(pictures[i].frame.pixels, 0, sizeof alone[i]);
            crew_add(crew, paint, &pictures[i]);
        }
        crew_finish(crew);
        for (size_t i = 0; i < PICTURES; i++)
            assert_memory_equal(pictures[i].frame.pixels, alone[i], sizeof alone[i]);
    }
    crew_free(&crew);
    for (size_t i = 0; i < PICTURES; i++) {
        assay_series_free(&pictures[i].line.series);
        assay_frame_free(&pictures[i].frame);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_job_once),
        cmocka_unit_test(test_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
