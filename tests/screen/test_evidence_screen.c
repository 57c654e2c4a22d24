/*
 * Evidence of every kind on the screen of a request, in the one viewer of files: as it is meant
 * to be read where all of it can be, as plain text where the form would leave something out,
 * and marked as seen once each line has been there to its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/chart.h>
#include <assay/file.h>
#include <assay/memory.h>

#include "support/good.h"
#include "support/world_screen.h"

static struct world world;

/* Val before a request with the file NAME as its only evidence, which is open. */
static struct screen *before(const char *name, const void *bytes, size_t length, int columns,
                             int rows)
{
    char id[17];
    world_start(&world, WORLD_POLICY);
    char *path = world_path(&world, name);
    GOOD(assay_file_write(path, bytes, length, 0600, good));
    const char *evidence[] = {path};
    const struct assay_request_options options = {.model = "fraud",
                                                  .version = "2",
                                                  .target = "alias:champion",
                                                  .words = "lower loss",
                                                  .evidence = evidence,
                                                  .evidence_count = 1};
    struct assay_ledger *ledger = world_open(&world, "rex");
    GOOD(assay_request_send(ledger, &options, id, good));
    assay_ledger_close(&ledger);
    free(path);
    world_only(&world, "val");
    struct screen *screen = world_queue(&world, columns, rows);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "CANDIDATE");
    screen_settle(screen);
    screen_press(screen, "space", NULL);
    screen_wait(screen, "EVIDENCE 1 of 1   [ ] ");
    screen_settle(screen);
    return screen;
}

static struct screen *before_text(const char *name, const char *text, int columns, int rows)
{
    return before(name, text, strlen(text), columns, rows);
}

static void leave(struct screen **screen)
{
    screen_close(screen);
    world_stop(&world);
}

/* Space until the viewer has nothing more to show; how often. */
static int go_on(struct screen *screen)
{
    int row, column, times = 0;
    while (!screen_find(screen, "all evidence is seen", &row, &column)) {
        if (++times > 40)
            fail_msg("space never comes to an end");
        screen_press(screen, "space", NULL);
        screen_settle(screen);
    }
    return times;
}

static void markdown(void **state)
{
    (void)state;
    struct screen *screen = before_text(
        "card.md", "# The *card*\n\nIt is **good**.\n\n- one\n- [two](http://x.y/z)\n", 100,
        30);
    screen_assert_text(screen, "Markdown");
    screen_assert_text(screen, "The card");
    screen_assert_text(screen, "It is good.");
    screen_assert_text(screen, "two (http://x.y/z)");
    screen_assert_text(screen, "all of it was shown");
    screen_press(screen, "q", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "EVIDENCE   1 of 1 seen");
    screen_assert_text(screen, "[x] card.md");
    leave(&screen);
}

/* Wider than the screen: the columns on the right are part of it. */
static void table_sideways(void **state)
{
    (void)state;
    struct assay_buf text = {0};
    for (int row = 0; row < 30; row++)
        for (int column = 0; column < 20; column++)
            assay_buf_format(&text, row ? "%d%02d.5%c" : "column-%d%02d%c", row, column,
                             column < 19 ? ',' : '\n');
    struct screen *screen = before_text("slices.csv", assay_buf_text(&text), 80, 24);
    assay_buf_free(&text);
    screen_assert_text(screen, "table");
    screen_assert_text(screen, "29 rows, 20 columns");
    screen_assert_text(screen, "space shows more");
    /* Down to the end of the rows: what lies to the right was not there yet. */
    screen_press(screen, "G", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "2900.5");
    screen_assert_text(screen, "space shows more");
    assert_true(go_on(screen) > 3);
    screen_assert_text(screen, "[x] slices.csv");
    leave(&screen);
}

/* Nothing is folded; what is folded by hand was not seen, and space unfolds it. */
static void json_unfolded(void **state)
{
    (void)state;
    struct assay_buf text = {0};
    assay_buf_text_add(&text, "{\"verdict\": \"good\", \"list\": [");
    for (int i = 0; i < 150; i++)
        assay_buf_format(&text, "%s{\"name\": \"value-%d\"}", i ? "," : "", i);
    assay_buf_text_add(&text, "]}");
    struct screen *screen = before_text("report.json", assay_buf_text(&text), 100, 30);
    assay_buf_free(&text);
    screen_assert_text(screen, "JSON");
    screen_assert_text(screen, "verdict: \"good\"");
    screen_assert_text(screen, "[150]");
    screen_assert_text(screen, "name: \"value-7\"");
    screen_press(screen, "j", "j", "enter", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "value-7");
    screen_assert_text(screen, "space shows more");
    screen_press(screen, "space", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "value-20");
    screen_press(screen, "q", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "[ ] report.json");
    screen_press(screen, "space", NULL);
    screen_wait(screen, "name: \"value-7\"");
    assert_true(go_on(screen) > 5);
    leave(&screen);
}

/* A form that leaves something out is not how evidence is shown. */
static void plain_where_something_would_be_lost(void **state)
{
    (void)state;
    struct screen *screen =
        before_text("log.txt", "step 1: FAILED\rstep 2: fine\nend\n", 100, 30);
    screen_assert_text(screen, "step 1: FAILED");
    screen_assert_text(screen, "step 2: fine");
    leave(&screen);

    screen = before_text("cells.csv",
                         "name,why\n"
                         "a,a cell that is wider than a column can be and goes on to its END\n",
                         100, 30);
    screen_assert_text(screen, "text");
    screen_assert_text(screen, "goes on to its END");
    screen_press(screen, "space", NULL);
    screen_wait(screen, "all evidence is seen");
    leave(&screen);

    screen = before_text("fence.md", "```not to be approved at all\ncode\n```\n", 100, 30);
    screen_assert_text(screen, "not to be approved at all");
    leave(&screen);
}

/* One line that is longer than the screen is high. */
static void one_long_line(void **state)
{
    (void)state;
    struct assay_buf text = {0};
    for (int i = 0; i < 600; i++)
        assay_buf_format(&text, "word%d ", i);
    assay_buf_text_add(&text, "END\n");
    struct screen *screen = before_text("long.txt", assay_buf_text(&text), 60, 16);
    assay_buf_free(&text);
    screen_refute_text(screen, "END");
    screen_assert_text(screen, "space shows more");
    assert_true(go_on(screen) > 5);
    leave(&screen);
}

static void picture(void **state)
{
    (void)state;
    struct assay_frame frame = {0};
    struct assay_buf out = {0};
    assay_frame_resize(&frame, 40, 30);
    frame.colors = 2;
    frame.palette[0] = (struct assay_rgb){255, 0, 0};
    memset(frame.pixels, 0, 40 * 30);
    GOOD(assay_encode_png(&frame, &out, good));
    struct screen *screen = before("roc.png", out.data, out.length, 100, 34);
    assay_buf_free(&out);
    assay_frame_free(&frame);
    screen_assert_text(screen, "40 x 30 pixels");
    screen_assert_text(screen, "all of it was shown");
    /* Nothing is drawn over it: the box with what is signed stands on the page. */
    screen_press(screen, "A", NULL);
    screen_wait(screen, "approve, because:");
    screen_type(screen, "looked");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_press(screen, "$", NULL);
    screen_wait(screen, "y signs exactly this");
    screen_assert_images(screen, 0);
    screen_press(screen, "esc", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "40 x 30 pixels");
    screen_press(screen, "space", NULL);
    screen_wait(screen, "all evidence is seen");
    leave(&screen);
}

/* Bytes that are no text are looked at elsewhere. */
static void not_looked_at(void **state)
{
    (void)state;
    char bytes[600];
    memset(bytes, 0, sizeof bytes);
    struct screen *screen = before("weights.bin", bytes, sizeof bytes, 100, 30);
    screen_assert_text(screen, "bytes");
    screen_assert_text(screen, "not all of it can be shown here");
    screen_assert_text(screen, "assay review ");
    for (int i = 0; i < 4; i++) {
        screen_press(screen, "space", NULL);
        screen_settle(screen);
    }
    screen_refute_text(screen, "all evidence is seen");
    screen_refute_text(screen, "[x] weights.bin");
    leave(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markdown),      cmocka_unit_test(table_sideways),
        cmocka_unit_test(json_unfolded), cmocka_unit_test(plain_where_something_would_be_lost),
        cmocka_unit_test(one_long_line), cmocka_unit_test(picture),
        cmocka_unit_test(not_looked_at),
    };
    return cmocka_run_group_tests_name("evidence screen", tests, NULL, NULL);
}
