/*
 * How requests and models are named by who types, and by who would have others mean something
 * else: ids that begin alike, too little of one, names that are empty or too long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "approval/ledger.h"
#include "support/good.h"
#include "support/paper.h"
#include "support/world.h"

/* Who asks chooses the id, and may choose one that begins as another does: then nobody gets
   either of them by what the two have in common. */
static void ids_alike(void **state)
{
    static const char *const ids[] = {"5613443ef00ead49", "5613443ef00ead4a"};
    struct paper paper;
    struct assay_ledger ledger = {0};
    struct assay_error err = {0};
    const struct assay_request *found = NULL;
    (void)state;
    paper_usual(&paper, "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    for (size_t i = 0; i < 2; i++)
        paper_ask(&paper, "rex", ids[i]);
    ledger.records = paper.records;
    ledger.count = paper.count;
    ledger_fold(&ledger, paper.now_ms);
    GOOD(assay_ledger_find(&ledger, ids[0], &found, good));
    assert_string_equal(found->id, ids[0]);
    assert_int_equal(assay_ledger_find(&ledger, "5613443e", &found, &err), ASSAY_BAD_INPUT);
    assert_string_equal(err.what, "5613443e: could be 2 requests");
    assert_non_null(strstr(err.hint, ids[0]));
    assert_non_null(strstr(err.hint, ids[1]));
    assert_null(found);
    err = (struct assay_error){0}; /* the first thing that is said is kept */
    assert_int_equal(assay_ledger_find(&ledger, "561", &found, &err), ASSAY_BAD_INPUT);
    assert_string_equal(err.what, "\"561\": a request is named by 4 digits of its id at least, or as "
                                  "MODEL/VERSION where one is open");
    err = (struct assay_error){0};
    assert_int_equal(assay_ledger_find(&ledger, "5614", &found, &err), ASSAY_BAD_INPUT);
    assert_string_equal(err.what, "5614: there is no such request");
    fold_free(&ledger.fold);
    assay_arena_free(&ledger.view_arena);
    paper_free(&paper);
}

static void names_of_models(void **state)
{
    struct world world;
    struct assay_error err = {0};
    char version[24], name[400] = "";
    (void)state;
    world_start(&world, WORLD_POLICY);
    const char *path = world.model;
    struct assay_registration what = {.model = name, .paths = &path, .path_count = 1};
    struct assay_ledger *ledger = world_open(&world, "rex");
    assert_int_equal(assay_model_register(ledger, &what, version, &err), ASSAY_BAD_INPUT);
    assert_string_equal(err.what, "a model needs a name");
    memset(name, 'n', 300);
    err = (struct assay_error){0};
    assert_int_equal(assay_model_register(ledger, &what, version, &err), ASSAY_BAD_INPUT);
    assert_string_equal(err.what, "a model's name has 256 bytes at most, not 300");
    assay_ledger_close(&ledger);
    world_stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_alike),
        cmocka_unit_test(names_of_models),
    };
    return cmocka_run_group_tests_name("named", tests, NULL, NULL);
}
