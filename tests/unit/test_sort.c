/*
 * Sorting: keys as users write them, and the order of random columns against a plain comparison
 * of rows; stable, with what is missing last in both directions.
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

#include <assay/memory.h>
#include <assay/query.h>
#include <assay/text.h>

#include "core/model/attrs.h"
#include "core/model/catalog_edit.h"

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text, *field;
        bool descending;
    } cases[] = {
        {"start", "start", false},
        {"start:desc", "start", true},
        {" start_time DESC ", "start", true},
        {"attributes.run_name:asc", "name", false},
        {"attributes.`run name`", "name", false},
        {"val_loss", "metrics.val_loss", false},
        {"metrics.val_loss@min:desc", "metrics.val_loss@min", true},
        {"accuracy", "metrics.accuracy", true}, /* best first */
        {"metric.accuracy@max", "metrics.accuracy@max", true},
        {"accuracy:asc", "metrics.accuracy", false},
        {"metrics.`val/loss`", "metrics.val/loss", false},
        {"metrics.\"a b\"@min:desc", "metrics.a b@min", true},
        {"param.lr", "params.lr", false},
        {"tags.mlflow.user:desc", "tags.mlflow.user", true},
        {"train/loss", "metrics.train/loss", false},
        {"v1.2", "metrics.v1.2", false},
        {"params.desc", "params.desc", false},
        {"desc", "metrics.desc", false},
    };
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct assay_sort sort;
        struct assay_error err = {0};
        assert_int_equal(assay_sort_parse(&sort, cases[i].text, &err), ASSAY_OK);
        assert_string_equal(sort.field, cases[i].field);
        assert_int_equal(sort.descending, cases[i].descending);
    }
}

static void test_parse_errors(void **state)
{
    (void)state;
    struct assay_sort sort;
    char big[600];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    static const char *const texts[] = {"", "  ", "metrics.", "attributes.nmae",
                                        "params.:desc"};
    for (size_t i = 0; i < ASSAY_COUNT(texts); i++) {
        struct assay_error err = {0};
        assert_int_equal(assay_sort_parse(&sort, texts[i], &err), ASSAY_BAD_INPUT);
        assert_true(err.what[0]);
    }
    assert_int_equal(assay_sort_parse(&sort, big, NULL), ASSAY_BAD_INPUT);
    struct assay_error err = {0};
    assay_sort_parse(&sort, "attributes.nmae", &err);
    assert_string_equal(err.what, "unknown attribute 'nmae'; did you mean name?");
}

/* ---- order ---- */

enum { RUNS = 3000 };

struct row {
    uint32_t run;
    size_t place;
    int64_t start_ms; /* what decides between ties */
    bool there;
    double number;
    const char *text;
};

static uint64_t random_state = 77;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static const char *random_text(char *out, size_t size)
{
    static const char *const stems[] = {"",      "run-",           "run", "r",
                                        "lr=0.", "\xc3\xa9poque ", "x-00"};
    uint64_t random = next_random();
    const char *stem = stems[random % ASSAY_COUNT(stems)];
    switch (random >> 20 & 7) {
    case 0:
        snprintf(out, size, "%s%llu", stem,
                 (unsigned long long)(next_random() >> (random >> 58)));
        break;
    case 1:
        snprintf(out, size, "%s%03u-%u", stem, (unsigned)(random >> 30 & 31),
                 (unsigned)(random >> 40 & 15));
        break;
    case 2:
        snprintf(out, size, "%s", stem);
        break;
    case 3:
        snprintf(out, size, "%s%c%c", stem, (char)(33 + (random >> 30) % 90),
                 (char)(33 + (random >> 44) % 90));
        break;
    case 4:
        snprintf(out, size, "%s%u.%0*u", stem, (unsigned)(random >> 30 & 3),
                 (int)(random >> 36 & 3), (unsigned)(random >> 40 & 31));
        break;
    default:
        snprintf(out, size, "%s%u", stem, (unsigned)(random >> 30 & 1023));
        break;
    }
    return out;
}

static double random_number(void)
{
    static const double special[] = {NAN, INFINITY, -INFINITY, 0.0, -0.0, 5e-324, -1e308};
    uint64_t random = next_random();
    if (random % 6 == 0)
        return special[(random >> 8) % ASSAY_COUNT(special)];
    return random % 3 ? (double)(int64_t)(random >> 60) - 8 : (double)(int64_t)random * 1e-10;
}

/* As MLflow has them: the newest first, then those without a time, then as they came. */
static int compare_ties(const struct row *a, const struct row *b)
{
    bool timed = a->start_ms != ASSAY_NO_TIME;
    if (timed != (b->start_ms != ASSAY_NO_TIME))
        return timed ? -1 : 1;
    if (a->start_ms != b->start_ms)
        return a->start_ms > b->start_ms ? -1 : 1;
    return a->place < b->place ? -1 : 1;
}

static int sign; /* of the comparison under way: qsort() has no context */

/* The order the header promises, spelled out. */
static int compare_rows(const void *left, const void *right)
{
    const struct row *a = left, *b = right;
    int order = 0;
    if (a->there != b->there)
        return a->there ? -1 : 1;
    if (!a->there)
        return compare_ties(a, b);
    if (!a->text != !b->text) {
        order = a->text ? 1 : -1;
    } else if (a->text) {
        order = assay_text_natural(a->text, b->text);
    } else {
        if (isnan(a->number) != isnan(b->number))
            return isnan(a->number) ? 1 : -1;
        order = (a->number > b->number) - (a->number < b->number);
    }
    return order ? order * sign : compare_ties(a, b);
}

static struct row fill_row(const struct assay_column *column, uint32_t run)
{
    struct row row = {.run = run};
    row.there = run < column->count && column->present[run];
    if (!row.there)
        return row;
    row.number = column->numbers[run];
    if (column->texts && isnan(row.number))
        row.text = column->texts[run];
    return row;
}

static void add_runs(struct assay_catalog *catalog)
{
    uint32_t source = catalog_add_source(catalog, "local", "home", "/nowhere");
    uint32_t experiment = catalog_put_experiment(
        catalog, source, &(struct catalog_experiment){.id = "0", .name = "all"});
    for (int i = 0; i < RUNS; i++) {
        char id[16], name[64], param[64];
        struct assay_pair pair = {"p", random_text(param, sizeof param)};
        struct assay_metric metrics[] = {
            {.key = "each", .summary = {.last = i, .n = 1}},
            {.key = "m", .summary = {.last = random_number(), .n = 1}}};
        struct assay_attrs attrs = {.params = &pair,
                                    .param_count = next_random() % 8 != 0,
                                    .metrics = metrics,
                                    .metric_count = 1 + (next_random() % 8 != 0)};
        struct assay_buf packed = {0};
        attrs_pack(&attrs, &packed);
        snprintf(id, sizeof id, "%08x", i * 7919);
        catalog_put_run(catalog, source,
                        &(struct catalog_run){.id = id,
                                              .name = random_text(name, sizeof name),
                                              .user = "",
                                              .artifact_uri = "",
                                              .experiment = experiment,
                                              .status = (enum assay_run_status)(i % 6),
                                              .start_ms = i % 9 ? i * 37 % 1000 : ASSAY_NO_TIME,
                                              .end_ms = i * 3,
                                              .attrs = packed.data,
                                              .attrs_length = packed.length},
                        true);
        assay_buf_free(&packed);
    }
}

/* What FIELD is of RUN. */
static struct row row_of(struct assay_catalog *catalog, const char *field, uint32_t index)
{
    const struct assay_run *run = assay_catalog_run(catalog, index);
    struct row row = {.run = index};
    if (strcmp(field, "name") == 0) {
        row.there = run->name[0];
        row.text = run->name;
    } else if (strcmp(field, "start") == 0) {
        row.there = run->start_ms != ASSAY_NO_TIME;
        row.number = (double)run->start_ms;
    } else if (strcmp(field, "end") == 0) {
        row.there = true;
        row.number = (double)run->end_ms;
    } else if (strcmp(field, "status") == 0) {
        row.there = run->status != ASSAY_RUN_UNKNOWN;
        row.number = run->status;
    } else {
        enum assay_field_kind kind = field[0] == 'm' ? ASSAY_FIELD_METRIC : ASSAY_FIELD_PARAM;
        row = fill_row(
            assay_catalog_column(catalog, kind, strchr(field, '.') + 1, ASSAY_STAT_LAST),
            index);
    }
    return row;
}

/* Sorts ORDER, where of ties the newest comes first, and then what came first. */
static void check_from(struct assay_catalog *catalog, const char *field, bool descending,
                       uint32_t order[RUNS])
{
    struct assay_sort sort = {.descending = descending};
    bool loading = true;
    snprintf(sort.field, sizeof sort.field, "%s", field);
    struct row *expected = assay_alloc_array(RUNS, sizeof *expected);
    for (size_t i = 0; i < RUNS; i++) {
        expected[i] = row_of(catalog, field, order[i]);
        expected[i].place = i;
        expected[i].start_ms = strcmp(field, "start") == 0
                                   ? ASSAY_NO_TIME
                                   : assay_catalog_run(catalog, order[i])->start_ms;
    }
    sign = descending ? -1 : 1;
    qsort(expected, RUNS, sizeof *expected, compare_rows);
    assay_sort_apply(&sort, catalog, order, RUNS, &loading);
    assert_false(loading);
    for (size_t i = 0; i < RUNS; i++)
        if (order[i] != expected[i].run)
            fail_msg("%s, descending %d: row %zu is run %u, expected %u", field, descending, i,
                     order[i], expected[i].run);
    free(expected);
}

/* From an order of their own, from the right one, and from that the other way round. */
static void check_order(struct assay_catalog *catalog, const char *field)
{
    uint32_t order[RUNS];
    for (int turn = 0; turn < 2; turn++) {
        bool descending = turn == 1;
        for (size_t i = 0; i < RUNS; i++)
            order[i] = (uint32_t)(i * 1237 % RUNS);
        check_from(catalog, field, descending, order);
        check_from(catalog, field, descending, order);
        check_from(catalog, field, !descending, order);
        for (size_t low = 0, high = RUNS - 1; low < high; low++, high--) {
            uint32_t run = order[low];
            order[low] = order[high];
            order[high] = run;
        }
        check_from(catalog, field, !descending, order);
    }
}

static void test_order(void **state)
{
    (void)state;
    static const char *const fields[] = {"metrics.m", "params.p",     "name",
                                         "start",     "status",       "metrics.absent",
                                         "params.q",  "metrics.each", "end"};
    struct assay_catalog *catalog = catalog_new(&(struct catalog_hooks){0});
    add_runs(catalog);
    for (size_t i = 0; i < ASSAY_COUNT(fields); i++)
        check_order(catalog, fields[i]);
    struct assay_sort sort = {.field = "name"};
    assay_sort_apply(&sort, catalog, NULL, 0, NULL);
    catalog_free(&catalog);
}

static void test_direction(void **state)
{
    (void)state;
    static const struct {
        const char *metric;
        int direction;
    } cases[] = {
        {"loss", -1},
        {"val_loss", -1},
        {"train/loss", -1},
        {"valLoss", -1},
        {"accuracy", 1},
        {"val.acc", 1},
        {"eval/f1", 1},
        {"f1_macro", 1},
        {"test_auc", 1},
        {"reward", 1},
        {"episode/return", 1},
        {"perplexity", -1},
        {"rmse", -1},
        {"latency_ms", -1},
        {"mAP50", 1},
        {"top1_error", -1},
        {"epoch", 0},
        {"lr", 0},
        {"", 0},
        {"placebo", 0},
        {"glossary", 0},
        {"accumulated", 0},
        {"BLEU-4", 1},
        {"grad_norm", 0},
        {"log_likelihood", 1},
        {"reconstruction error rate", -1},
    };
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++)
        if (assay_metric_direction(cases[i].metric) != cases[i].direction)
            fail_msg("%s: %d", cases[i].metric, assay_metric_direction(cases[i].metric));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_errors),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_direction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
