/* Errands: done beside the caller, freed once by whoever lets go last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>

#include <assay/clock.h>

#include "support/good.h"
#include "tui/app.h"
#include "tui/errand.h"

static sem_t may_go, has_gone, was_freed;

struct sum {
    int a, b, result;
    bool left;
};

static void add(struct errand *errand, void *data)
{
    struct sum *sum = data;
    sem_wait(&may_go);
    sum->left = errand_unwanted(errand);
    sum->result = sum->left ? -1 : sum->a + sum->b;
    sem_post(&has_gone);
}

static void sum_free(void *data)
{
    free(data);
    sem_post(&was_freed);
}

static struct app app; /* of which an errand needs the loop alone */

static struct errand *begin(void)
{
    struct sum *sum = malloc(sizeof *sum);
    *sum = (struct sum){.a = 2, .b = 3};
    struct errand *errand = errand_start(&app, add, sum_free, sum);
    assert_non_null(errand);
    return errand;
}

static void a_result_is_taken_when_it_is_there(void **state)
{
    (void)state;
    struct errand *errand = begin();
    assert_null(errand_result(errand)); /* it waits, we do not */
    sem_post(&may_go);
    sem_wait(&has_gone);
    struct sum *sum;
    while (!(sum = errand_result(errand)))
        sched_yield();
    assert_int_equal(sum->result, 5);
    assert_false(sum->left);
    assert_int_equal(sem_trywait(&was_freed), -1); /* it is still ours */
    errand_drop(&errand, &app);
    assert_null(errand);
    sem_wait(&was_freed);
    errand_drop(&errand, &app); /* nothing */
}

/* A result may lie while its screen is below another one: the loop sleeps all the same. */
static void one_that_is_done_wakes_once(void **state)
{
    (void)state;
    struct errand *errand = begin();
    sem_post(&may_go);
    while (!errand_done(errand))
        loop_wait(app.loop, INT64_MAX);
    assert_int_equal(loop_wait(app.loop, assay_monotonic_us()), LOOP_TIMER);
    errand_drop(&errand, &app);
    sem_wait(&has_gone);
    sem_wait(&was_freed);
}

static void one_that_nobody_waits_for_ends_itself(void **state)
{
    (void)state;
    struct errand *errand = begin();
    errand_drop(&errand, &app);
    assert_null(errand);
    assert_int_equal(sem_trywait(&was_freed), -1); /* the work has it */
    sem_post(&may_go);
    sem_wait(&has_gone);
    sem_wait(&was_freed);
}

int main(void)
{
    GOOD(loop_open(&app.loop, good));
    sem_init(&may_go, 0, 0);
    sem_init(&has_gone, 0, 0);
    sem_init(&was_freed, 0, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_is_taken_when_it_is_there),
        cmocka_unit_test(one_that_is_done_wakes_once),
        cmocka_unit_test(one_that_nobody_waits_for_ends_itself),
    };
    int failed = cmocka_run_group_tests_name("errand", tests, NULL, NULL);
    loop_close(&app.loop);
    return failed;
}
