/*
 * The threads that help with a frame: every job is done once, and done when crew_finish()
 * returns, with helpers and without; charts painted by them are the charts painted alone.
 */
#include <math.h>
#include <pthread.h>
#include <sched.h>
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

/* ---- jobs in parts ---- */

#define PARTS 50

struct parts {
    struct assay_hands hands;
    unsigned done[PARTS];
    size_t count;
    bool late; /* spread() returned before all was done */
};

static void count_part(void *context, size_t part)
{
    ++((struct parts *)context)->done[part]; /* not atomic either */
}

static void in_parts(void *context)
{
    struct parts *parts = context;

    parts->hands.spread(parts->hands.self, parts->count, count_part, parts);
    for (size_t i = 0; i < parts->count; i++) /* done when it returns */
        parts->late |= parts->done[i] != 1;
    parts->hands.spread(parts->hands.self, parts->count / 2, count_part, parts);
}

static void check_parts(const struct parts *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_false(jobs[i].late);
        for (size_t part = 0; part < PARTS; part++)
            assert_int_equal(jobs[i].done[part], part < jobs[i].count / 2 ? 2
                                                 : part < jobs[i].count   ? 1
                                                                          : 0);
    }
}

/* Jobs that are done in parts, among others, and on this thread. */
static void test_parts(void **state)
{
    static const size_t helpers[] = {0, 1, 3};

    (void)state;
    for (size_t k = 0; k < ASSAY_COUNT(helpers); k++) {
        struct crew *crew = crew_new(helpers[k]);
        for (unsigned round = 0; round < 100; round++) {
            struct parts jobs[5];
            unsigned counts[5] = {0};
            for (size_t i = 0; i < ASSAY_COUNT(jobs); i++) {
                jobs[i] = (struct parts){.hands = crew_hands(crew),
                                         .count = (round * 7 + i * 13) % (PARTS + 1)};
                if (i == 2) {
                    in_parts(&jobs[i]);
                    continue;
                }
                crew_add(crew, in_parts, &jobs[i]);
                crew_add(crew, count_up, &counts[i]);
            }
            crew_finish(crew);
            check_parts(jobs, ASSAY_COUNT(jobs));
            for (size_t i = 0; i < ASSAY_COUNT(jobs); i++)
                assert_int_equal(counts[i], i != 2);
        }
        crew_free(&crew);
    }
}

/* Whether others have time. */
struct asking {
    struct assay_hands hands;
    pthread_barrier_t *meet; /* of two jobs, each on a thread of its own; or NULL */
    bool said;
};

static void ask(void *context)
{
    struct asking *asking = context;

    if (asking->meet != NULL)
        pthread_barrier_wait(asking->meet);
    asking->said = asking->hands.idle(asking->hands.self);
    if (asking->meet != NULL)
        pthread_barrier_wait(asking->meet);
}

static void test_idle(void **state)
{
    struct crew *crew = crew_new(0);
    struct asking asking[2] = {{.hands = crew_hands(crew)}};
    pthread_barrier_t meet;

    (void)state;
    ask(&asking[0]);
    assert_false(asking[0].said); /* there is nobody else */
    crew_free(&crew);
    crew = crew_new(1);
    asking[0].hands = asking[1].hands = crew_hands(crew);
    crew_add(crew, ask, &asking[0]);
    crew_finish(crew);
    assert_true(asking[0].said); /* who helps is made when there is something to share */
    pthread_barrier_init(&meet, NULL, 2);
    for (int i = 0; i < 2; i++) {
        asking[i].meet = &meet;
        crew_add(crew, ask, &asking[i]);
    }
    crew_finish(crew);
    assert_false(asking[0].said);
    assert_false(asking[1].said);
    pthread_barrier_destroy(&meet);
    crew_free(&crew);
}

/* Where a job was done, and on which processors it might have been. */
struct place {
    pthread_barrier_t *meet;
    pthread_t thread;
    cpu_set_t processors;
};

static void note_place(void *context)
{
    struct place *place = context;

    pthread_barrier_wait(place->meet); /* of two jobs: neither thread does both */
    place->thread = pthread_self();
    assert_int_equal(sched_getaffinity(0, sizeof place->processors, &place->processors), 0);
}

/* Helpers leave a processor to the screen's thread, which may be on any. */
static void test_processors(void **state)
{
    struct crew *crew = crew_new(1);
    pthread_barrier_t meet;
    struct place places[2] = {{.meet = &meet}, {.meet = &meet}};
    cpu_set_t all;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    pthread_barrier_init(&meet, NULL, 2);
    for (int round = 0; round < 3; round++) {
        crew_add(crew, note_place, &places[0]);
        crew_add(crew, note_place, &places[1]);
        crew_finish(crew);
        for (int i = 0; i < 2; i++) {
            bool helped = !pthread_equal(places[i].thread, pthread_self());
            int least = helped && CPU_COUNT(&all) > 1 ? CPU_COUNT(&all) - 1 : CPU_COUNT(&all);
            assert_int_equal(CPU_COUNT(&places[i].processors), least);
        }
    }
    pthread_barrier_destroy(&meet);
    crew_free(&crew);
}

/* ---- pictures ---- */

#define LINES 15 /* enough to be worth sharing */

struct picture {
    struct assay_chart chart;
    struct assay_chart_line lines[LINES];
    struct assay_hands hands;
    struct assay_frame frame;
    struct assay_buf sixel;
};

static void paint(void *context)
{
    struct picture *picture = context;
    const struct assay_raster_options options = {
        .registers = 256,
        .cursor_x = NAN,
        .grid_x = 4,
        .grid_y = 4,
        .hands = picture->hands.count > 0 ? &picture->hands : NULL};

    assay_chart_raster(&picture->chart, &options, &picture->frame);
    assay_buf_reset(&picture->sixel);
    assay_encode_sixel(&picture->frame, options.hands, &picture->sixel, NULL);
}

static void make_picture(struct picture *picture, size_t number)
{
    for (size_t k = 0; k < LINES; k++) {
        struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);
        for (int step = 0; step < 3000; step++)
            assay_series_add(
                series,
                &(struct assay_point){.step = step % 2000,
                                      .value = sin(step * (double)(number + 1 + k) / 50)},
                1);
        picture->lines[k] = (struct assay_chart_line){.series = series, .color = (int)k};
    }
    picture->chart = (struct assay_chart){.lines = picture->lines,
                                          .line_count = LINES,
                                          .x_min = NAN,
                                          .x_max = NAN,
                                          .y_min = NAN,
                                          .y_max = NAN};
    assert_true(assay_chart_fit(&picture->chart, NULL));
}

static void test_pictures(void **state)
{
    enum { PICTURES = 6, WIDTH = 300, HEIGHT = 330 };
    static struct picture pictures[PICTURES];
    static struct assay_buf alone[PICTURES];
    struct crew *crew = crew_new(3);

    (void)state;
    for (size_t i = 0; i < PICTURES; i++) {
        struct picture *picture = &pictures[i];
        make_picture(picture, i);
        assay_frame_resize(&picture->frame, WIDTH, HEIGHT);
        paint(picture);
        assay_buf_add(&alone[i], picture->frame.pixels, (size_t)WIDTH * HEIGHT);
        assay_buf_add(&alone[i], picture->sixel.data, picture->sixel.length);
    }
    for (size_t round = 0; round < 12; round++) {
        size_t some = round % 3 == 0 ? PICTURES : round % 3; /* fewer than there are threads */
        for (size_t i = 0; i < some; i++) {
            memset(pictures[i].frame.pixels, 0, (size_t)WIDTH * HEIGHT);
            pictures[i].hands = crew_hands(crew);
            crew_add(crew, paint, &pictures[i]);
        }
        crew_finish(crew);
        for (size_t i = 0; i < some; i++) {
            const struct assay_buf *sixel = &pictures[i].sixel;
            assert_memory_equal(pictures[i].frame.pixels, alone[i].data,
                                (size_t)WIDTH * HEIGHT);
            assert_int_equal(sixel->length + (size_t)WIDTH * HEIGHT, alone[i].length);
            assert_memory_equal(sixel->data, alone[i].data + (size_t)WIDTH * HEIGHT,
                                sixel->length);
        }
    }
    crew_free(&crew);
    for (size_t i = 0; i < PICTURES; i++) {
        for (size_t k = 0; k < LINES; k++)
            assay_series_free(&pictures[i].lines[k].series);
        assay_buf_free(&alone[i]);
        assay_buf_free(&pictures[i].sixel);
        assay_frame_free(&pictures[i].frame);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_job_once),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_processors),
        cmocka_unit_test(test_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
