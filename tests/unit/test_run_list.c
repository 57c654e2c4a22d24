/*
 * The filter of the runs table typed and taken away letter by letter, which looks only at what
 * the letters before left: always the same runs, in the same order, as asking all of them.
 */
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

#include "core/model/attrs.h"
#include "core/model/catalog_edit.h"
#include "core/model/texts.h"
#include "core/query/word.h"
#include "tui/run_list.h"

enum { RUNS = 500, EXPERIMENTS = 5 };
#define NOW INT64_C(1760000000000)

static uint64_t random_state = 7;

static uint32_t next_random(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % below;
}

static void put_run(struct assay_catalog *catalog, uint32_t source, int i, bool fresh)
{
    static const char *const first[] = {"heron", "Heather", "lively", "vit", "É-lan", ""};
    static const char *const second[] = {"fox", "b16", "FOX", "oxen", "42"};
    static const char *const users[] = {"dev", "ops", "", "héron"};
    char id[24], name[48], lr[16];
    snprintf(id, sizeof id, "%08x-%03d", next_random(UINT32_MAX), i);
    if (!fresh)
        snprintf(id, sizeof id, "fixed-%03d", i);
    snprintf(name, sizeof name, "%s-%s-%d", first[next_random(6)], second[next_random(5)],
             (int)next_random(100));
    snprintf(lr, sizeof lr, "%g", (double)next_random(10) / 10);
    struct assay_pair params[] = {{"lr", lr}, {"model", second[next_random(5)]}};
    struct assay_metric metric = {.key = "val/loss",
                                  .summary = {.last = (double)next_random(20) / 10, .n = 3}};
    struct assay_attrs attrs = {.params = params,
                                .param_count = next_random(3),
                                .metrics = &metric,
                                .metric_count = next_random(4) > 0};
    struct assay_buf packed = {0};
    attrs_pack(&attrs, &packed);
    catalog_put_run(catalog, source,
                    &(struct catalog_run){.id = id,
                                          .name = name,
                                          .user = users[next_random(4)],
                                          .artifact_uri = "",
                                          .experiment = next_random(EXPERIMENTS),
                                          .status = (enum assay_run_status)next_random(6),
                                          .start_ms = NOW - (int64_t)next_random(20) * 3600000,
                                          .end_ms = ASSAY_NO_TIME,
                                          .attrs = packed.data,
                                          .attrs_length = packed.length},
                    fresh);
    assay_buf_free(&packed);
}

static struct assay_catalog *make_catalog(uint32_t *source)
{
    static const char *const names[EXPERIMENTS] = {"sweep", "Foxtrot", "mnist", "v1", "ladder"};
    struct assay_catalog *catalog = catalog_new(&(struct catalog_hooks){0});
    *source = catalog_add_source(catalog, "local", "home", "/nowhere");
    for (int i = 0; i < EXPERIMENTS; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        catalog_put_experiment(catalog, *source,
                               &(struct catalog_experiment){.id = id, .name = names[i]});
    }
    for (int i = 0; i < RUNS; i++)
        put_run(catalog, *source, i, true);
    return catalog;
}

/* As opening the prompt does over many runs: a word is then looked for in all names at once. */
static void lay_side_by_side(struct assay_catalog *catalog)
{
    atomic_bool stop = false;
    struct run_texts *texts = run_texts_of(catalog);
    assert_true(run_texts_make(texts, &stop));
    catalog_texts_take(catalog, texts);
    assert_ptr_equal(catalog_texts(catalog), texts);
}

static struct assay_query *parse(const char *text, int64_t now_ms)
{
    struct assay_query *query = NULL;
    struct assay_error err = {0};
    if (*text && assay_query_parse(&query, text, now_ms, &err) != ASSAY_OK)
        return NULL;
    return query;
}

/* LIST against the same filter asked of every run in its scope. */
static void compare(const struct run_list *list, const char *text, int64_t now_ms)
{
    static uint32_t rows[2 * RUNS];
    struct assay_query *query = parse(text, now_ms);
    assert_true(list->scope_count <= ASSAY_COUNT(rows));
    memcpy(rows, list->scope, list->scope_count * sizeof *rows);
    size_t kept = assay_query_select(query, list->catalog, rows, list->scope_count, NULL);
    if (kept != list->count || memcmp(rows, list->rows, kept * sizeof *rows) != 0)
        fail_msg("\"%s\": %zu runs where %zu match", text, list->count, kept);
    struct assay_error here = {0}, there = {0};
    assert_int_equal(assay_query_check(list->query, &here), assay_query_check(query, &there));
    assert_string_equal(here.what, there.what);
    assay_query_free(&query);
}

/* What of the other experiments the filter keeps, against the same asked of every run of them.
 */
static void compare_elsewhere(struct run_list *list, const char *text, int64_t now_ms)
{
    static uint32_t rows[2 * RUNS];
    struct assay_query *query = parse(text, now_ms);
    size_t count = 0;
    for (uint32_t i = 0; i < assay_catalog_runs(list->catalog); i++)
        if (list->experiment != ASSAY_NONE &&
            assay_catalog_run(list->catalog, i)->experiment != list->experiment)
            rows[count++] = i;
    count = assay_query_select(query, list->catalog, rows, count, NULL);
    assert_int_equal(run_list_elsewhere(list), count);
    assay_query_free(&query);
}

static const char *const filters[] = {
    "heron",
    "vit-b16",
    "lively-fox-42",
    "FOX her",
    "h\xc3\xa9",
    "val/loss < 1.5 and lr > 0.1",
    "not fox and not (vit or her)",
    "val/loss < 1 or lr = 0.3 her",
    "duration > 10h or lr = 0.5",
    "model in ('fox', 'oxen') and start > -7h",
    "name like '%fox%' dev",
    "name ~ 'f[aeiou]x' and lr != 0.2 42",
    "nowhere and nothing = 3",
    "val/loss = nan or status = failed",
};

/* What cannot be understood leaves the filter before in force, as the prompt does. */
static void enter(struct run_list *list, const char *text, char *kept, int64_t *kept_ms,
                  int64_t now_ms)
{
    struct assay_query *query = parse(text, now_ms);
    if (*text && !query)
        return;
    run_list_set_query(list, query);
    snprintf(kept, 128, "%s", text);
    *kept_ms = now_ms;
}

static void type_in(uint32_t experiment, int keys, bool side_by_side)
{
    uint32_t source;
    struct assay_catalog *catalog = make_catalog(&source);
    struct run_list list;
    run_list_init(&list, catalog);
    run_list_set_scope(&list, ASSAY_NONE, experiment);
    if (side_by_side)
        lay_side_by_side(catalog);
    char text[128] = "", kept[128] = "";
    int64_t now_ms = NOW, kept_ms = NOW;
    const char *filter = filters[0];
    for (int i = 0; i < keys; i++) {
        size_t length = strlen(text);
        bool begun = strncmp(text, filter, length) == 0 && filter[length];
        if (length == 0)
            filter = filters[next_random(ASSAY_COUNT(filters))];
        if (length > 0 && (!begun || next_random(3) == 0))
            text[length - 1] = '\0';
        else
            memcpy(text + length, (char[]){filter[length], '\0'}, 2);
        now_ms += next_random(600000);
        enter(&list, text, kept, &kept_ms, now_ms);
        compare(&list, kept, kept_ms);
        if (next_random(2) == 0)
            compare_elsewhere(&list, kept, kept_ms);
    }
    run_list_free(&list);
    catalog_free(&catalog);
}

static void test_typing(void **state)
{
    (void)state;
    type_in(ASSAY_NONE, 9000, false);
}

/* In an experiment whose runs are few, so that filters keep none of them. */
static void test_typing_in_an_experiment(void **state)
{
    (void)state;
    type_in(2, 9000, false);
}

static void test_typing_over_names_side_by_side(void **state)
{
    (void)state;
    type_in(ASSAY_NONE, 9000, true);
}

static bool has_word(const struct assay_catalog *catalog, uint32_t row, const char *word)
{
    const struct assay_run *run = assay_catalog_run(catalog, row);
    return strcasestr(run->name, word) || strcasestr(run->id, word) ||
           strcasestr(run->user, word) ||
           strcasestr(assay_catalog_experiment(catalog, run->experiment)->name, word);
}

/* A word asked of every STEPth run against strcasestr(), which folds ASCII alone in this
 * locale. */
static void ask_word(struct assay_catalog *catalog, const char *word, uint32_t step)
{
    uint32_t rows[2 * RUNS];
    uint8_t marks[2 * RUNS];
    size_t count = 0;
    for (uint32_t row = 0; row < assay_catalog_runs(catalog); row += step)
        rows[count++] = row;
    word_eval(catalog, word, rows, count, marks);
    for (size_t i = 0; i < count; i++)
        if ((marks[i] != 0) != has_word(catalog, rows[i], word))
            fail_msg("\"%s\" in \"%s\": %d", word, assay_catalog_run(catalog, rows[i])->name,
                     marks[i]);
}

/* Pieces of what the runs are called, and what none is. */
static void ask_words(struct assay_catalog *catalog)
{
    static const char *const fixed[] = {
        "",      "h",  "\xc3",       "\xc3\xa9", "-",     "--", "@",       "DEV", "HEATHER",
        "sweep", "ox", "nowhere-42", "0-",       "xen-9", "`",  "fixed-0", "~"};
    for (size_t i = 0; i < ASSAY_COUNT(fixed); i++)
        for (uint32_t step = 1; step < 100; step *= 7)
            ask_word(catalog, fixed[i], step);
    for (int i = 0; i < 400; i++) {
        const struct assay_run *run =
            assay_catalog_run(catalog, next_random((uint32_t)assay_catalog_runs(catalog)));
        const char *from = next_random(3) ? run->name : run->id;
        size_t at = *from ? next_random((uint32_t)strlen(from)) : 0;
        char word[16];
        snprintf(word, sizeof word, "%.*s", 1 + (int)next_random(6), from + at);
        ask_word(catalog, word, 1);
    }
}

static void test_words_side_by_side(void **state)
{
    (void)state;
    uint32_t source;
    struct assay_catalog *catalog = make_catalog(&source);
    ask_words(catalog);
    lay_side_by_side(catalog);
    ask_words(catalog);
    for (int i = 0; i < 20; i++) /* the texts of these are not among the others */
        put_run(catalog, source, i, false);
    assert_non_null(catalog_texts(catalog));
    ask_words(catalog);
    lay_side_by_side(catalog);
    struct run_texts *late = run_texts_of(catalog);
    for (int i = 0; i < 20;
         i++) /* other names: what was laid out is wrong, also the later one */
        put_run(catalog, source, i, false);
    assert_null(catalog_texts(catalog));
    atomic_bool stop = false;
    assert_true(run_texts_make(late, &stop));
    catalog_texts_take(catalog, late);
    assert_null(catalog_texts(catalog));
    ask_words(catalog);
    stop = true;
    late = run_texts_of(catalog);
    assert_false(run_texts_make(late, &stop));
    run_texts_free(&late);
    catalog_free(&catalog);
}

/* Runs change their names, values and experiments between two letters, as live ones do. */
static void test_typing_while_runs_change(void **state)
{
    (void)state;
    uint32_t source;
    struct assay_catalog *catalog = make_catalog(&source);
    struct run_list list;
    run_list_init(&list, catalog);
    for (int i = 0; i < 20; i++)
        put_run(catalog, source, i, false);
    for (int i = 0; i < 400; i++) {
        run_list_set_scope(&list, ASSAY_NONE, i % 2 ? next_random(EXPERIMENTS) : ASSAY_NONE);
        const char *filter = filters[next_random(ASSAY_COUNT(filters))];
        char text[128] = "", kept[128] = "";
        int64_t kept_ms = NOW;
        for (size_t at = 0; filter[at]; at++) {
            text[at] = filter[at];
            text[at + 1] = '\0';
            if (next_random(4) == 0)
                put_run(catalog, source, (int)next_random(20), false);
            if (next_random(9) == 0)
                lay_side_by_side(catalog);
            size_t before = list.count;
            enter(&list, text, kept, &kept_ms, NOW);
            if (strcmp(text, kept) == 0) {
                compare(&list, kept, kept_ms);
                if (next_random(2) == 0)
                    compare_elsewhere(&list, kept, kept_ms);
            } else {
                assert_int_equal(list.count, before);
            }
        }
        enter(&list, "", kept, &kept_ms, NOW);
        compare(&list, "", NOW);
    }
    run_list_free(&list);
    catalog_free(&catalog);
}

static bool narrows(const char *now, const char *before)
{
    struct assay_query *a = parse(now, NOW), *b = parse(before, NOW);
    assert_non_null(a);
    assert_non_null(b);
    bool answer = assay_query_narrows(a, b);
    assay_query_free(&a);
    assay_query_free(&b);
    return answer;
}

/* The table above would also be right if nothing were ever known to narrow. */
static void test_narrows(void **state)
{
    (void)state;
    assert_true(narrows("her", "he"));
    assert_true(narrows("xHEr", "eR"));
    assert_true(narrows("her lr > 0.1", "her"));
    assert_true(narrows("lr > 0.1 and fo", "lr > 0.1 f"));
    assert_true(narrows("(a or b) c", "(a or b)"));
    assert_true(narrows("not a b", "not a"));
    assert_false(narrows("he", "her"));
    assert_false(narrows("her or fox", "her"));
    assert_false(narrows("not her", "not he"));
    assert_false(narrows("lr < 1.5", "lr < 1"));
    assert_false(narrows("lr != 1", "lr = 1"));
    assert_false(narrows("metrics.lr = 1", "params.lr = 1"));
    assert_false(narrows("lr = '1'", "lr = 1"));
    assert_false(narrows("duration < 1h a", "duration < 1h"));
    assert_false(narrows("name ~ 'a' b", "name ~ 'a'"));
}

/* What of all runs is kept by TEXT, knowing that all were kept by BEFORE (NULL: not). */
static size_t kept_from(struct assay_catalog *catalog, const char *text, const char *before,
                        uint32_t *rows)
{
    struct assay_query *query = parse(text, NOW), *known = before ? parse(before, NOW) : NULL;
    for (uint32_t i = 0; i < RUNS; i++)
        rows[i] = i;
    bool loading = true;
    size_t count = assay_query_select_from(query, known, catalog, rows, RUNS, &loading);
    assert_false(loading);
    assay_query_free(&query);
    assay_query_free(&known);
    return count;
}

/* The table above would also be right if all were asked again: here what is said to be known
   does not hold, and is believed. */
static void test_not_asked_again(void **state)
{
    (void)state;
    static const char *const cases[][3] = {/* asked, known, and what is left to ask */
                                           {"lr > 0.5 and her", "lr > 0.5", "her"},
                                           {"her lr > 0.5", "lr > 0.5", "her"},
                                           {"her lr > 0.5 fox", "fox lr > 0.5", "her"},
                                           {"her or lr > 0.5", "lr > 0.5", "her or lr > 0.5"},
                                           {"her lr > 0.5", "lr > 0.4", "her lr > 0.5"},
                                           {"her fox", "he fo", "her fox"}};
    uint32_t source, rows[RUNS], expected[RUNS];
    struct assay_catalog *catalog = make_catalog(&source);
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        size_t count = kept_from(catalog, cases[i][2], NULL, expected);
        assert_in_range(count, 1, RUNS - 1);
        assert_int_equal(kept_from(catalog, cases[i][0], cases[i][1], rows), count);
        assert_memory_equal(rows, expected, count * sizeof *rows);
    }
    catalog_free(&catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_typing),
        cmocka_unit_test(test_typing_in_an_experiment),
        cmocka_unit_test(test_typing_over_names_side_by_side),
        cmocka_unit_test(test_words_side_by_side),
        cmocka_unit_test(test_typing_while_runs_change),
        cmocka_unit_test(test_narrows),
        cmocka_unit_test(test_not_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
