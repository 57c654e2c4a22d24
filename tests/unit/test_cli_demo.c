/* The demo's training is one: the loss falls, the same seed gives the same curve, and too high
   a learning rate ends in values that are no numbers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/demo_train.h"

struct curve {
    double losses[4096];
    int64_t steps;
    double rate, accuracy, val_loss;
    int epochs, stop_after;
};

static bool on_step(void *context, int64_t step, double loss, double rate, double norm)
{
    struct curve *curve = context;
    assert_int_equal(step, curve->steps);
    assert_true(norm >= 0 || isnan(norm));
    curve->losses[curve->steps++] = loss;
    curve->rate = rate;
    return true;
}

static bool on_epoch(void *context, int epoch, int64_t step, double loss, double accuracy)
{
    struct curve *curve = context;
    assert_int_equal(step, curve->steps - 1);
    curve->epochs = epoch + 1;
    curve->val_loss = loss;
    curve->accuracy = accuracy;
    return curve->epochs != curve->stop_after;
}

static bool train(struct curve *curve, double rate, uint64_t seed, int epochs)
{
    const struct demo_settings settings = {rate, 0.9, seed, epochs};
    const struct demo_observer observer = {curve, on_step, on_epoch};
    return demo_train(&settings, &observer);
}

static void test_learns(void **state)
{
    (void)state;
    struct curve *a = calloc(2, sizeof *a), *b = a + 1;
    assert_true(train(a, 0.1, 1, 60));
    assert_int_equal(a->epochs, 60);
    assert_true(a->losses[0] > 0.8);
    assert_true(a->val_loss < 0.2);
    assert_true(a->accuracy > 0.95);
    assert_true(a->rate < 0.01 && a->rate > 0);
    assert_true(train(b, 0.1, 1, 60));
    assert_memory_equal(a->losses, b->losses, sizeof a->losses);
    free(a);
}

static void test_diverges(void **state)
{
    (void)state;
    struct curve *a = calloc(1, sizeof *a);
    assert_true(train(a, 3, 1, 10));
    assert_false(isfinite(a->val_loss));
    assert_true(isfinite(a->losses[0]));
    free(a);
}

static void test_stops(void **state)
{
    (void)state;
    struct curve *a = calloc(1, sizeof *a);
    a->stop_after = 3;
    assert_false(train(a, 0.1, 1, 60));
    assert_int_equal(a->epochs, 3);
    free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_diverges),
        cmocka_unit_test(test_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
