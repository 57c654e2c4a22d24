/* Packed attributes: what goes in comes out, sorted; damaged bytes are refused, never believed.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/catalog.h>
#include <assay/memory.h>

#include "core/model/attrs.h"
#include "core/model/catalog_edit.h"

static struct assay_pair params[] = {
    {"lr", "0.1"}, {"batch", "32"}, {"lr", "0.2"}, {"", "empty"}};
static struct assay_pair tags[] = {{"note", ""}, {"author", "\xc3\xa9v\xc3\xa9"}};
static struct assay_metric metrics[] = {
    {.key = "loss", .summary = {0.5, 9, 1000, 0.25, 2.5, 10, 1}, .single = true},
    {.key = "acc", .summary = {NAN, -3, INT64_MIN, NAN, NAN, 2, 2}},
};
static struct assay_input inputs[] = {
    {"dataset", "mnist", "abc", "training", "local", "/data", "{}", ""},
};
static struct assay_output outputs[] = {{"model", "m-1", "net", 42}, {"model", "m-2", "", -1}};

static const struct assay_attrs sample = {
    .params = params,
    .param_count = ASSAY_COUNT(params),
    .tags = tags,
    .tag_count = ASSAY_COUNT(tags),
    .metrics = metrics,
    .metric_count = ASSAY_COUNT(metrics),
    .inputs = inputs,
    .input_count = ASSAY_COUNT(inputs),
    .outputs = outputs,
    .output_count = ASSAY_COUNT(outputs),
};

static void test_round_trip(void **state)
{
    (void)state;
    struct assay_buf packed = {0};
    struct assay_arena arena = {0};
    struct assay_attrs back;
    attrs_pack(&sample, &packed);
    assert_true(attrs_unpack(packed.data, packed.length, &arena, &back));
    assert_int_equal(back.param_count, 3);
    assert_string_equal(back.params[0].key, "");
    assert_string_equal(back.params[1].key, "batch");
    assert_string_equal(back.params[2].key, "lr");
    assert_string_equal(assay_attrs_param(&back, "lr"), "0.2"); /* the last one wins */
    assert_string_equal(assay_attrs_tag(&back, "author"), "\xc3\xa9v\xc3\xa9");
    assert_string_equal(assay_attrs_tag(&back, "note"), "");
    assert_null(assay_attrs_param(&back, "nothing"));
    const struct assay_metric *loss = assay_attrs_metric(&back, "loss");
    assert_non_null(loss);
    assert_true(loss->single);
    assert_memory_equal(&loss->summary, &metrics[0].summary, sizeof loss->summary);
    const struct assay_metric *acc = assay_attrs_metric(&back, "acc");
    assert_true(isnan(acc->summary.last) && acc->summary.step == -3 && !acc->single);
    assert_null(assay_attrs_metric(&back, "los"));
    assert_int_equal(back.input_count, 1);
    assert_string_equal(back.inputs[0].source, "/data");
    assert_string_equal(back.inputs[0].profile, "");
    assert_int_equal(back.output_count, 2);
    assert_string_equal(back.outputs[0].name, "net");
    assert_int_equal(back.outputs[1].step, -1);

    struct assay_buf again = {0};
    attrs_pack(&back, &again);
    assert_int_equal(again.length, packed.length);
    assert_memory_equal(again.data, packed.data, packed.length);

    struct assay_attrs in;
    assert_true(attrs_unpack_in(packed.data, packed.length, &arena, &in));
    assert_true(in.params[1].key > packed.data &&
                in.params[1].key < packed.data + packed.length);
    assay_buf_reset(&again);
    attrs_pack(&in, &again);
    assert_int_equal(again.length, packed.length);
    assert_memory_equal(again.data, packed.data, packed.length);
    assay_buf_free(&again);
    assay_buf_free(&packed);
    assay_arena_free(&arena);
}

static void test_empty(void **state)
{
    (void)state;
    struct assay_buf packed = {0};
    struct assay_arena arena = {0};
    struct assay_attrs back;
    attrs_pack(&(struct assay_attrs){0}, &packed);
    assert_true(attrs_unpack(packed.data, packed.length, &arena, &back));
    assert_int_equal(back.param_count + back.tag_count + back.metric_count, 0);
    assert_null(assay_attrs_param(&back, "x"));
    assert_null(assay_attrs_metric(&back, "x"));
    assay_buf_free(&packed);
    assay_arena_free(&arena);
}

static void test_find(void **state)
{
    (void)state;
    struct assay_buf packed = {0};
    struct assay_summary summary;
    const char *text = NULL;
    attrs_pack(&sample, &packed);
    assert_true(
        attrs_find(packed.data, packed.length, ASSAY_FIELD_PARAM, "lr", NULL, &text, NULL));
    assert_string_equal(text, "0.2");
    assert_true(
        attrs_find(packed.data, packed.length, ASSAY_FIELD_TAG, "note", NULL, &text, NULL));
    assert_string_equal(text, "");
    assert_false(
        attrs_find(packed.data, packed.length, ASSAY_FIELD_TAG, "lr", NULL, &text, NULL));
    assert_true(attrs_find(packed.data, packed.length, ASSAY_FIELD_METRIC, "loss", &summary,
                           NULL, NULL));
    assert_true(summary.min == 0.25 && summary.n == 10);
    assert_false(attrs_find(packed.data, packed.length, ASSAY_FIELD_METRIC, "note", &summary,
                            NULL, NULL));
    assay_buf_free(&packed);
}

/* Every cut and every changed byte: refused or read, but never beyond the bytes (the sanitized
   build watches) and never with unsorted keys. */
static void test_damage(void **state)
{
    (void)state;
    struct assay_buf packed = {0};
    attrs_pack(&sample, &packed);
    for (size_t length = 0; length < packed.length; length++) {
        struct assay_arena arena = {0};
        struct assay_attrs back;
        char *copy = malloc(length + 1);
        memcpy(copy, packed.data, length);
        assert_false(attrs_unpack(copy, length, &arena, &back));
        assert_int_equal(back.param_count, 0);
        free(copy);
        assay_arena_free(&arena);
    }
    static const unsigned char changes[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t i = 0; i < packed.length; i++)
        for (size_t c = 0; c < sizeof changes; c++) {
            struct assay_arena arena = {0};
            struct assay_attrs back;
            struct assay_summary summary;
            const char *text;
            char *copy = malloc(packed.length);
            memcpy(copy, packed.data, packed.length);
            copy[i] = (char)changes[c];
            bool whole = attrs_unpack(copy, packed.length, &arena, &back);
            struct assay_attrs in;
            assert_int_equal(attrs_unpack_in(copy, packed.length, &arena, &in), whole);
            if (whole)
                for (size_t k = 1; k < back.param_count; k++)
                    assert_true(strcmp(back.params[k - 1].key, back.params[k].key) < 0);
            attrs_find(copy, packed.length, ASSAY_FIELD_METRIC, "loss", &summary, &text, NULL);
            attrs_find(copy, packed.length, ASSAY_FIELD_TAG, "note", &summary, &text, NULL);
            free(copy);
            assay_arena_free(&arena);
        }
    assay_buf_free(&packed);
}

static void test_huge_counts(void **state)
{
    (void)state;
    unsigned char bytes[28] = {'A', 'A', 1, 0};
    memset(bytes + 4, 0xff, 20); /* four thousand million of everything, in no bytes at all */
    struct assay_arena arena = {0};
    struct assay_attrs back;
    assert_false(attrs_unpack(bytes, sizeof bytes, &arena, &back));
    assert_int_equal(arena.total, 0);
}

static void test_status_names(void **state)
{
    (void)state;
    for (int i = ASSAY_RUN_UNKNOWN; i <= ASSAY_RUN_KILLED; i++) {
        enum assay_run_status status = (enum assay_run_status)i;
        assert_int_equal(assay_run_status_parse(assay_run_status_name(status)), status);
    }
    assert_int_equal(assay_run_status_parse("finished"), ASSAY_RUN_FINISHED);
    assert_int_equal(assay_run_status_parse("4"), ASSAY_RUN_UNKNOWN);
    assert_int_equal(assay_run_status_parse(NULL), ASSAY_RUN_UNKNOWN);
    assert_string_equal(assay_run_status_name((enum assay_run_status)99), "UNKNOWN");
}

/* A database that cannot answer just now. */
struct moody {
    struct assay_buf packed;
    unsigned asked, silent; /* how often; how often it says nothing */
};

static bool moody_fetch(void *context, uint32_t run, void **bytes, size_t *length)
{
    struct moody *moody = context;
    (void)run;
    if (moody->asked++ < moody->silent)
        return false;
    *bytes = assay_alloc(moody->packed.length);
    memcpy(*bytes, moody->packed.data, moody->packed.length);
    *length = moody->packed.length;
    return true;
}

static void test_silence_is_not_kept(void **state)
{
    (void)state;
    struct moody moody = {.silent = 2};
    struct assay_catalog *catalog =
        catalog_new(&(struct catalog_hooks){.context = &moody, .fetch = moody_fetch});
    attrs_pack(&sample, &moody.packed);
    catalog_add_source(catalog, "kind", "name", "where");
    catalog_put_experiment(catalog, 0, &(struct catalog_experiment){.id = "1", .name = "e"});
    uint32_t run = catalog_put_run(
        catalog, 0,
        &(struct catalog_run){.id = "r", .name = "r", .user = "", .artifact_uri = "", .row = 7},
        true);
    assert_int_equal(assay_catalog_attrs(catalog, run)->param_count, 0);
    assert_int_equal(assay_catalog_attrs(catalog, run)->param_count, 0);
    assert_string_equal(assay_attrs_param(assay_catalog_attrs(catalog, run), "lr"), "0.2");
    assert_string_equal(assay_attrs_param(assay_catalog_attrs(catalog, run), "lr"), "0.2");
    assert_int_equal(moody.asked, 3); /* and what it said is kept */
    catalog_free(&catalog);
    assay_buf_free(&moody.packed);
}

/* What a run that nobody ended is called: live for a day after its last point; then it was that
   long ago. Where no time of a point is to be believed, it stays live. */
static void test_quiet_runs(void **state)
{
    enum { DAY = 86400000 };
    static const struct {
        enum assay_run_status status;
        int64_t start_ms, point_ms;
        const char *age;
    } cases[] = {
        {ASSAY_RUN_RUNNING, 100 * (int64_t)DAY, 102 * (int64_t)DAY, " 8d ago"},
        {ASSAY_RUN_RUNNING, 100 * (int64_t)DAY, 109 * (int64_t)DAY + DAY / 2, ""},
        {ASSAY_RUN_RUNNING, 109 * (int64_t)DAY + DAY / 2, 0, ""},
        {ASSAY_RUN_RUNNING, 100 * (int64_t)DAY, 7, ""}, /* steps for times */
        {ASSAY_RUN_RUNNING, ASSAY_NO_TIME, 102 * (int64_t)DAY, ""},
        {ASSAY_RUN_RUNNING, INT64_MAX, INT64_MAX, ""},
        {ASSAY_RUN_KILLED, 100 * (int64_t)DAY, 102 * (int64_t)DAY, ""},
    };
    struct assay_catalog *catalog = catalog_new(&(struct catalog_hooks){0});
    char id[8], age[24];

    (void)state;
    catalog_add_source(catalog, "kind", "name", "where");
    catalog_put_experiment(catalog, 0, &(struct catalog_experiment){.id = "1", .name = "e"});
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct assay_metric logged[] = {
            {.key = "a", .summary = {.n = 1, .time_ms = cases[i].point_ms}},
            {.key = "b", .summary = {.n = 1, .time_ms = 1}},
        };
        struct assay_attrs attrs = {.metrics = logged, .metric_count = 2};
        struct assay_buf packed = {0};
        snprintf(id, sizeof id, "%zu", i);
        attrs_pack(&attrs, &packed);
        uint32_t run = catalog_put_run(catalog, 0,
                                       &(struct catalog_run){.id = id,
                                                             .name = "",
                                                             .user = "",
                                                             .artifact_uri = "",
                                                             .status = cases[i].status,
                                                             .start_ms = cases[i].start_ms,
                                                             .end_ms = ASSAY_NO_TIME,
                                                             .attrs = packed.data,
                                                             .attrs_length = packed.length},
                                       true);
        assay_buf_free(&packed);
        assay_catalog_state_age(age, catalog, run, 110 * (int64_t)DAY);
        assert_string_equal(age, cases[i].age);
    }
    catalog_free(&catalog);
}

/* Of many runs that a word may mean, as many are named as the error has room for, each of them
   whole, and it is said how many more there are. */
static void test_candidates(void **state)
{
    struct assay_catalog *catalog = catalog_new(&(struct catalog_hooks){0});
    struct assay_error err = {0};
    char id[33], words[16];
    size_t named = 0;
    uint32_t run;

    (void)state;
    catalog_add_source(catalog, "kind", "name", "where");
    catalog_put_experiment(catalog, 0, &(struct catalog_experiment){.id = "1", .name = "e"});
    for (int i = 0; i < 12; i++) {
        snprintf(id, sizeof id, "abcd%028d", i);
        catalog_put_run(catalog, 0,
                        &(struct catalog_run){.id = id,
                                              .name = "\xe6\xa8\xa1\xe5\x9e\x8b\xe8\xae\xad"
                                                      "\xe7\xbb\x83\xe6\xa8\xa1\xe5\x9e\x8b"
                                                      "\xe8\xae\xad\xe7\xbb\x83\xe6\xa8\xa1"
                                                      "\xe5\x9e\x8b\xe8\xae\xad\xe7\xbb\x83",
                                              .user = "",
                                              .artifact_uri = "",
                                              .start_ms = 1,
                                              .end_ms = ASSAY_NO_TIME},
                        true);
    }
    assert_int_equal(assay_catalog_find_run(catalog, "abcd", &run, &err), ASSAY_BAD_INPUT);
    assert_string_equal(err.what, "abcd: 12 runs match");
    for (const char *at = err.hint; (at = strstr(at, "abcd")) != NULL; at++) {
        named++;
        assert_non_null(strchr(at, ')'));
    }
    assert_in_range(named, 2, 10);
    snprintf(words, sizeof words, "and %zu more", 12 - named);
    assert_string_equal(err.hint + strlen(err.hint) - strlen(words), words);
    assert_null(strstr(err.hint, "\xe6)")); /* no half of a character */
    catalog_free(&catalog);
}

/* A database and the server before it have the same run: what is offered is what to type. */
static void test_twins(void **state)
{
    struct assay_catalog *catalog = catalog_new(&(struct catalog_hooks){0});
    struct assay_error err = {0};
    static const char *const names[] = {"mlflow.db", "team"};
    uint32_t run;

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        catalog_add_source(catalog, "kind", names[i], names[i]);
        uint32_t experiment = catalog_put_experiment(
            catalog, i, &(struct catalog_experiment){.id = "1", .name = "e"});
        catalog_put_run(catalog, i,
                        &(struct catalog_run){.id = "a853baefe72d",
                                              .name = "twin",
                                              .user = "",
                                              .artifact_uri = "",
                                              .experiment = experiment,
                                              .start_ms = 1,
                                              .end_ms = ASSAY_NO_TIME},
                        true);
    }
    assert_int_equal(assay_catalog_find_run(catalog, "a853b", &run, &err), ASSAY_BAD_INPUT);
    assert_string_equal(err.hint,
                        "one of mlflow.db:a853baefe72d (e/twin), team:a853baefe72d (e/twin)");
    assert_int_equal(assay_catalog_find_run(catalog, "team:a853baefe72d", &run, NULL), ASSAY_OK);
    assert_int_equal(assay_catalog_run(catalog, run)->source, 1);
    catalog_free(&catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_huge_counts),
        cmocka_unit_test(test_status_names),
        cmocka_unit_test(test_silence_is_not_kept),
        cmocka_unit_test(test_quiet_runs),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_twins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
