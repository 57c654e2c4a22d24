/*
 * The command on runs that lie on a server: artifacts are fetched to be compared, large ones
 * are told apart by their sizes, what cannot be had is said, and a bundle needs no server any
 * more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/mlflow_web.h"
#include "support/program.h"

/* Compares both runs of the server with the further arguments; the exit status. */
#define compare(fake, ...)                                                                     \
    program_run(NULL, "compare", "-S", web_url((fake)->web), (fake)->runs[0].id,               \
                (fake)->runs[1].id, __VA_ARGS__)

static void begin(struct fake_mlflow *fake, const char *name)
{
    char cache[420];
    snprintf(cache, sizeof cache, "%s/%s/cache.db", getenv("TMPDIR"), name);
    setenv("ASSAY_CACHE", cache, 1);
    fake_mlflow_start(fake, 1, 2, 1, 5);
}

static void they_are_rows(void **state)
{
    (void)state;
    struct fake_mlflow fake = {.own_files = true};
    begin(&fake, "rows");
    assert_int_equal(compare(&fake, "--files", NULL), 0);
    program_says("top.txt");
    program_says("deep dir/a.txt");
    fake_mlflow_stop(&fake);
}

static void one_is_compared_line_by_line(void **state)
{
    (void)state;
    struct fake_mlflow fake = {.own_files = true};
    char line[64];
    begin(&fake, "lines");
    assert_int_equal(compare(&fake, "--diff", "deep dir/a.txt", NULL), 0);
    snprintf(line, sizeof line, "-from %s", fake.runs[0].name);
    program_says(line);
    snprintf(line, sizeof line, "+from %s", fake.runs[1].name);
    program_says(line);
    assert_int_equal(compare(&fake, "--diff", "nothing.txt", NULL), 3);
    program_complains("there is no artifact nothing.txt");
    fake_mlflow_stop(&fake);
}

static void what_cannot_be_had_is_said(void **state)
{
    (void)state;
    struct fake_mlflow fake = {.own_files = true, .files_fail = true};
    begin(&fake, "refused");
    assert_int_equal(compare(&fake, "--files", NULL), 3);
    program_complains("deep dir/a.txt: ");
    program_complains("403");
    program_says("top.txt");
    program_says("not fetched");
    fake_mlflow_stop(&fake);
}

static void large_ones_are_compared_by_size(void **state)
{
    (void)state;
    struct fake_mlflow fake = {.own_files = true, .top_bytes = 1 << 20};
    begin(&fake, "large");
    assert_int_equal(compare(&fake, "--files", NULL), 0);
    program_says("by size alone");
    program_complains("1 larger artifacts are compared by size alone");
    assert_int_equal(compare(&fake, "--diff", "top.txt", NULL), 0);
    program_says("from ");
    fake_mlflow_stop(&fake);
}

static void a_bundle_needs_no_server(void **state)
{
    (void)state;
    struct fake_mlflow fake = {.own_files = true};
    char bundle[420], line[64];
    snprintf(bundle, sizeof bundle, "%s/server.json", getenv("TMPDIR"));
    begin(&fake, "bundle");
    assert_int_equal(compare(&fake, "--files", "--save", bundle, NULL), 0);
    snprintf(line, sizeof line, "+from %s", fake.runs[1].name);
    fake_mlflow_stop(&fake);
    assert_int_equal(
        program_run(NULL, "compare", "--bundle", bundle, "--diff", "top.txt", NULL), 0);
    program_says(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_rows),
        cmocka_unit_test(one_is_compared_line_by_line),
        cmocka_unit_test(what_cannot_be_had_is_said),
        cmocka_unit_test(large_ones_are_compared_by_size),
        cmocka_unit_test(a_bundle_needs_no_server),
    };
    return cmocka_run_group_tests_name("artifacts on a server", tests, program_begin,
                                       program_end);
}
