/*
 * What a reviewer looks at: candidate and champion side by side, and what revisions changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/review.h>

#include "support/world.h"

static void sides(void **state)
{
    (void)state;
    struct world world;
    struct assay_error err = {0};
    struct assay_sides *found = NULL;
    char id[17];
    world_start(&world, WORLD_POLICY);
    world_ask(&world, id);
    struct assay_ledger *ledger = world_open(&world, "val");
    if (assay_sides_read(ledger, id, &found, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assert_string_equal(found->champion_version, "1");
    assert_true(found->candidate_run[0] && found->champion_run[0]);
    assert_string_not_equal(found->candidate_run, found->champion_run);
    assert_int_equal(found->metric_count, 1);
    assert_string_equal(found->metrics[0].key, "loss");
    assert_true(fabs(found->metrics[0].candidate - 0.40) < 1e-12);
    assert_true(fabs(found->metrics[0].champion - 0.45) < 1e-12);
    assert_false(found->metrics[0].interval);
    assert_string_equal(found->metrics[0].why, "there are not several runs of both");
    assert_int_equal(found->file_count, 2);
    assert_string_equal(found->files[0].name, "README.md");
    assert_string_equal(found->files[0].candidate, found->files[0].champion);
    assert_string_equal(found->files[1].name, "weights.bin");
    assert_string_not_equal(found->files[1].candidate, found->files[1].champion);
    assay_sides_free(&found);
    assert_null(found);
    assert_int_not_equal(assay_sides_read(ledger, "0123456789abcdef", &found, &err), ASSAY_OK);
    assert_null(found);
    assay_ledger_close(&ledger);
    world_stop(&world);
}

static void evidence_file(struct world *world, const char *name, const char *text)
{
    char *path = world_path(world, name);
    assert_int_equal(assay_file_write(path, text, strlen(text), 0600, NULL), ASSAY_OK);
    free(path);
}

static bool says(const char *const *changes, size_t count, const char *start)
{
    for (size_t i = 0; i < count; i++)
        if (strncmp(changes[i], start, strlen(start)) == 0)
            return true;
    return false;
}

static void since_my_vote(void **state)
{
    (void)state;
    struct world world;
    struct assay_error err = {0};
    struct assay_arena arena = {0};
    const char *const *changes;
    char id[17], again[17];
    world_start(&world, WORLD_POLICY);
    char *a = world_path(&world, "a.csv"), *b = world_path(&world, "b.csv");
    evidence_file(&world, "a.csv", "1,2\n");
    evidence_file(&world, "b.csv", "3,4\n");
    const char *first[] = {a, b}, *second[] = {a};
    struct assay_request_options options = {.model = "fraud",
                                            .version = "2",
                                            .target = "alias:champion",
                                            .words = "lower loss",
                                            .evidence = first,
                                            .evidence_count = 2};
    struct assay_ledger *ledger = world_open(&world, "rex");
    assert_int_equal(assay_request_send(ledger, &options, id, &err), ASSAY_OK);
    assay_ledger_close(&ledger);
    assert_int_equal(world_decide(&world, "val", id, ASSAY_APPROVE, &err), ASSAY_OK);
    ledger = world_open(&world, "val");
    assert_int_equal(assay_request_changes(ledger, id, &arena, &changes), 0);
    assay_ledger_close(&ledger);

    evidence_file(&world, "a.csv", "1,2,3\n");
    options.evidence = second;
    options.evidence_count = 1;
    options.request = id;
    options.words = "lower loss, slices again";
    ledger = world_open(&world, "rex");
    assert_int_equal(assay_request_send(ledger, &options, again, &err), ASSAY_OK);
    assay_ledger_close(&ledger);
    ledger = world_open(&world, "val");
    assert_int_equal(assay_ledger_me(ledger, &(const char *){NULL}, &err), ASSAY_OK);
    assert_int_equal(assay_ledger_refresh(ledger, assay_now_ms(), NULL, &err), ASSAY_OK);
    size_t count = assay_request_changes(ledger, id, &arena, &changes);
    assert_int_equal(count, 3);
    assert_true(says(changes, count, "the words are others: lower loss, slices again"));
    assert_true(says(changes, count, "evidence a.csv was replaced: "));
    assert_true(says(changes, count, "evidence b.csv was taken away"));
    assay_ledger_close(&ledger);
    /* Who never voted is told nothing. */
    ledger = world_open(&world, "app");
    assert_int_equal(assay_request_changes(ledger, id, &arena, &changes), 0);
    assay_ledger_close(&ledger);
    assay_arena_free(&arena);
    free(a);
    free(b);
    world_stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sides),
                                       cmocka_unit_test(since_my_vote)};
    return cmocka_run_group_tests_name("review", tests, NULL, NULL);
}
