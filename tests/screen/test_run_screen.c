/*
 * The run screen: its head, its tabs, the note.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/change.h>
#include <assay/local.h>

#include "support/runs_fixture.h"
#include "support/workbench.h"

static struct screen *open_run(const char *extra)
{
    struct screen *screen = workbench_open(120, 36, SCREEN_XTERM, extra);
    screen_press(screen, "j", "enter", NULL);
    screen_settle(screen);
    return screen;
}

static void one_glance(void **state)
{
    (void)state;
    struct screen *screen = open_run(NULL);
    screen_assert_text(screen, "run-02");
    screen_assert_text(screen, "finished");
    screen_assert_text(screen, "2h ago");
    screen_assert_text(screen, "took 30:00");
    screen_assert_text(screen, "val/loss 0.22");
    screen_assert_text(screen, "metrics 3");
    screen_assert_text(screen, "params 3");
    screen_assert_text(screen, "vit-sweep");
    screen_press(screen, "J", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "val/loss 0.23");
    screen_press(screen, "q", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "12 runs");
    screen_close(&screen);
}

static void metrics_with_their_chart(void **state)
{
    (void)state;
    struct screen *screen = open_run(NULL);
    screen_assert_text(screen, "METRIC");
    screen_assert_text(screen, "LAST");
    screen_press(screen, "g", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "1,000 points"); /* train/loss */
    screen_press(screen, "/", NULL);
    screen_type(screen, "acc");
    screen_settle(screen);
    screen_assert_text(screen, "100 points");
    screen_press(screen, "esc", "g", "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "1,000 of 1,000 points in view");
    screen_close(&screen);
}

static void text_from_outside_is_cleaned(void **state)
{
    (void)state;
    struct screen *screen = open_run(NULL);
    screen_press(screen, "2", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "adamw");
    screen_press(screen, "3", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "a\xef\xbf\xbd[31mred\xef\xbf\xbd tag");
    screen_press(screen, "4", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "no artifacts");
    screen_close(&screen);
}

/* Tabs with nothing in them say what would be there. */
static void empty_tabs_say_so(void **state)
{
    (void)state;
    struct screen *screen = open_run(NULL);
    screen_press(screen, "5", NULL);
    screen_wait(screen, "no output was kept with this run");
    screen_press(screen, "6", NULL);
    screen_wait(screen, "no system metrics were logged with this run");
    screen_press(screen, "7", NULL);
    screen_wait(screen, "nothing was logged of its data, its code, its parent");
    screen_press(screen, "j", "G", "g", "k", NULL);
    screen_press(screen, "5", "j", "enter", "6", "l", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "run-02");
    screen_close(&screen);
}

/* A run of this machine is not written to, and the screens say so at once. */
static void what_is_local_is_not_changed(void **state)
{
    static const char *const keys[] = {"T", "N", "X", "E", "r"};
    (void)state;
    struct screen *screen = open_run(NULL);
    for (int home = 0; home < 2; home++) {
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            screen_press(screen, keys[i], NULL);
            screen_wait(screen, "only what lies on a server is written to");
            screen_press(screen, "j", "k", NULL); /* commands, and no text that is typed */
            screen_settle(screen);
            screen_refute_text(screen, "only what lies on a server");
        }
        screen_press(screen, "q", NULL);
        screen_settle(screen);
    }
    assert_int_equal(screen_end(screen), 0);
    screen_close(&screen);
}

static void the_note_is_written_in_the_editor(void **state)
{
    (void)state;
    char path[400], editor[500];
    snprintf(path, sizeof path, "%s/words", getenv("TMPDIR"));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("warmup was too short\nagain with 500\n", file);
    fclose(file);
    snprintf(editor, sizeof editor, "VISUAL=cp %s", path);
    struct screen *screen = open_run(editor);
    screen_press(screen, "8", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "No note");
    screen_press(screen, "e", NULL);
    screen_wait(screen, "the note is kept");
    screen_settle(screen);
    screen_assert_text(screen, "warmup was too short");
    screen_assert_text(screen, "again with 500");
    screen_close(&screen);
}

/* What MLflow has as a run's note is a note, too; the user's own stands above it. */
static void the_note_of_the_source_is_shown(void **state)
{
    (void)state;
    char path[400], editor[500], id[ASSAY_RUN_ID_SIZE];
    snprintf(path, sizeof path, "%s/own-words", getenv("TMPDIR"));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("what I think of it\n", file);
    fclose(file);
    snprintf(editor, sizeof editor, "VISUAL=cp %s", path);
    struct screen *screen = workbench_open(80, 24, SCREEN_XTERM, editor);
    const struct assay_pair tags[] = {
        {ASSAY_NOTE_TAG, "baseline of the paper\n\nlr from \x1b[31mtable 4\r\n"}};
    const struct assay_log_batch batch = {.tags = tags, .tag_count = 1};
    struct assay_local *local = NULL;
    assert_int_equal(assay_local_open(&local, workbench_store(), NULL), ASSAY_OK);
    assert_int_equal(
        assay_local_start(local, "vit-sweep", "described", FIXTURE_NOW_MS - 1000, id, NULL),
        ASSAY_OK);
    assert_int_equal(assay_local_log(local, id, &batch, NULL), ASSAY_OK);
    assay_local_close(&local);
    screen_wait(screen, "described");
    screen_press(screen, "g", "enter", NULL);
    screen_wait(screen, "1 metrics");
    screen_press(screen, "8", NULL);
    screen_wait(screen, "baseline of the paper");
    /* The tab we are in has its name, however little room there is. */
    screen_assert_text(screen, "8 notes \xe2\x9c\x8e");
    screen_assert_text(screen, "e adds a note of your own");
    screen_assert_text(screen, "lr from \xef\xbf\xbd[31mtable 4");
    screen_press(screen, "e", NULL);
    screen_wait(screen, "the note is kept");
    int own = workbench_row(screen, "what I think of it");
    screen_refute_text(screen, "adds a note");
    assert_int_equal(workbench_row(screen, ASSAY_NOTE_TAG), own + 2);
    assert_int_equal(workbench_row(screen, "baseline of the paper"), own + 3);
    screen_press(screen, "j", "j", "j", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "what I think of it");
    assert_int_equal(workbench_row(screen, "baseline of the paper"), own);
    screen_press(screen, "G", "j", NULL);
    screen_settle(screen);
    assert_int_equal(workbench_row(screen, "[31mtable 4"), own);
    screen_close(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_glance),
        cmocka_unit_test(metrics_with_their_chart),
        cmocka_unit_test(text_from_outside_is_cleaned),
        cmocka_unit_test(empty_tabs_say_so),
        cmocka_unit_test(what_is_local_is_not_changed),
        cmocka_unit_test(the_note_is_written_in_the_editor),
        cmocka_unit_test(the_note_of_the_source_is_shown),
    };
    return cmocka_run_group_tests_name("run screen", tests, NULL, NULL);
}
