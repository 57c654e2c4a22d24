/*
 * What is compared, chosen on the screen: groups by any field, the runs of one group, a saved
 * view, the champion of a registry on disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "support/program.h"
#include "support/runs_fixture.h"
#include "support/workbench.h"

static void type_line(struct screen *screen, const char *text)
{
    screen_type(screen, text);
    screen_press(screen, "enter", NULL);
}

static void groups_by_any_field(void **state)
{
    (void)state;
    char path[400], typed[500], *text;
    size_t length;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "c", NULL);
    screen_wait(screen, "12 runs");
    type_line(screen, ":group-by params.lr");
    screen_wait(screen, "2 groups by lr");
    screen_assert_text(screen, "lr=0.0003");
    screen_settle(screen);
    snprintf(path, sizeof path, "%s/groups.md", getenv("TMPDIR"));
    snprintf(typed, sizeof typed, ":write %s", path);
    type_line(screen, typed); /* the file has the same groups */
    screen_wait(screen, "wrote ");
    assert_int_equal(assay_file_read(path, 1 << 20, &text, &length, NULL), ASSAY_OK);
    assert_non_null(strstr(text, "lr=0.0003"));
    free(text);
    type_line(screen, ":group-by nonsense");
    screen_wait(screen, "no run here has that");
    screen_refute_text(screen, "2 groups by");
    type_line(screen, ":group-by attributes.status");
    screen_wait(screen, "groups by status");
    screen_press(screen, "S", NULL); /* back to what differs beside the seed */
    screen_wait(screen, "2 groups by lr");
    screen_press(screen, "S", NULL);
    screen_wait(screen, "all together");
    screen_close(&screen);
}

/* The smallest terminal has room for both groups, and for one of many beside what all say. */
static void groups_in_little_room(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "c", NULL);
    screen_wait(screen, "12 runs");
    type_line(screen, ":group-by params.lr");
    screen_wait(screen, "2 groups by lr");
    screen_resize(screen, 60, 16);
    screen_wait(screen, "lr=0.0003");
    screen_wait(screen, "◆ lr=0.001");
    screen_settle(screen);
    assert_int_equal(workbench_row(screen, "◆ lr=0.001"), workbench_row(screen, "lr=0.0003"));
    type_line(screen, ":group-by params.lr,params.seed,attributes.name");
    screen_wait(screen, "all together");
    screen_wait(screen, "◆ lr=0.001 seed=");
    screen_settle(screen);
    assert_int_equal(workbench_row(screen, "◆ lr=0.001 seed="),
                     workbench_row(screen, "all together"));
    screen_close(&screen);
}

static void the_field_under_the_cursor(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    screen_press(screen, "c", NULL);
    screen_wait(screen, "12 runs");
    screen_press(screen, "/", NULL);
    type_line(screen, "lr");
    screen_settle(screen);
    screen_press(screen, "g", "o", NULL);
    screen_wait(screen, "2 groups by lr");
    screen_press(screen, "l", "c", NULL); /* the runs of one group alone */
    screen_wait(screen, "6 runs");
    screen_press(screen, "q", NULL);
    screen_wait(screen, "2 groups by lr");
    screen_press(screen, "o", NULL);
    screen_wait(screen, "all together");
    screen_refute_text(screen, "2 groups by lr  ");
    screen_press(screen, "c", NULL);
    screen_wait(screen, "move to a run's or a group's column first");
    screen_press(screen, "l", "l", "l", "c", NULL); /* the baseline and the second */
    screen_wait(screen, "against 1 run");
    screen_press(screen, "q", "esc", "/", NULL);
    type_line(screen, "val/loss");
    screen_settle(screen);
    screen_press(screen, "o", NULL);
    screen_wait(screen, "runs are grouped by a param");
    screen_close(&screen);
}

/* In the smallest terminals differences come before what all say together, a pinned row has a
   sign, and curves take what few runs leave free. */
static void little_room_is_used(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(60, 22, SCREEN_XTERM, NULL);
    screen_press(screen, "space", "space", "space", "c", NULL);
    screen_wait(screen, "3 runs");
    screen_settle(screen);
    screen_assert_text(screen, "all together");
    screen_press(screen, "D", NULL);
    screen_wait(screen, "deltas");
    screen_settle(screen);
    screen_refute_text(screen, "all together");
    screen_press(screen, "D", "p", NULL);
    screen_wait(screen, "all together");
    screen_settle(screen);
    screen_assert_text(screen, " * ");
    screen_refute_text(screen, "piduration");
    screen_press(screen, "T", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "┤");
    screen_close(&screen);
}

static void a_saved_view(void **state)
{
    (void)state;
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, NULL);
    type_line(screen, ":filter params.lr = 0.001");
    screen_settle(screen);
    type_line(screen, ":save-view fast ones");
    screen_settle(screen);
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    type_line(screen, ":compare view slow ones");
    screen_wait(screen, "there is no such view");
    type_line(screen, ":compare view fast ones");
    screen_wait(screen, "6 runs");
    screen_close(&screen);
}

static void the_champion_of_a_store(void **state)
{
    (void)state;
    const char *mlruns = TEST_DATA "/source/data/registry-3/mlruns";
    struct screen *screen = workbench_open_on(mlruns, NULL, "champion", 120, 36, SCREEN_XTERM);
    screen_wait(screen, "run-0");
    screen_settle(screen);
    type_line(screen, ":compare champion"); /* of run-2, the newest: the registry is read for it */
    screen_wait(screen, "compare run-1 against 1 run");
    screen_assert_text(screen, "-4.35 %"); /* 0.88 against 0.92 */
    screen_press(screen, "q", "j", NULL);
    screen_settle(screen);
    type_line(screen, ":compare champion");
    screen_wait(screen, "this run is the champion itself");
    screen_close(&screen);
}

/* The runs of a bundle, with the curves that came along, and nothing else at hand. */
static void a_bundle_opens(void **state)
{
    (void)state;
    char bundle[400];
    snprintf(bundle, sizeof bundle, "%s/review.json", getenv("TMPDIR"));
    fixture_make(workbench_store());
    setenv("ASSAY_STORE", workbench_store(), 1);
    assert_int_equal(program_run(NULL, "compare", "-S", "local", "-e", "vit-sweep", "-m",
                                 "val/acc", "--save", bundle, NULL),
                     0);
    unsetenv("ASSAY_STORE");
    struct screen *screen = workbench_open_on(bundle, NULL, "bundle", 120, 36, SCREEN_XTERM);
    screen_wait(screen, "run-12");
    screen_settle(screen);
    screen_press(screen, "c", NULL);
    screen_wait(screen, "12 runs");
    screen_wait(screen, "val/acc  ●"); /* its curve is drawn */
    screen_settle(screen);
    screen_close(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_in_little_room),      cmocka_unit_test(groups_by_any_field),
        cmocka_unit_test(the_field_under_the_cursor), cmocka_unit_test(a_saved_view),
        cmocka_unit_test(the_champion_of_a_store),    cmocka_unit_test(a_bundle_opens),
        cmocka_unit_test(little_room_is_used),
    };
    return cmocka_run_group_tests_name("compare choose", tests, NULL, program_end);
}
