/*
 * Words and %patterns% of a filter, found eight bytes at a time, against the C library's
 * strcasestr() on names of every length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <assay/memory.h>
#include <assay/query.h>

#include "core/model/catalog_edit.h"

enum { RUNS = 3000, WORDS = 400 };

static uint64_t random_state = 42;

static uint32_t next_random(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % below;
}

/* Few letters in both cases, and the characters that share all bits but one with others. */
static void invent(char *out, size_t length, const char *alphabet)
{
    for (size_t i = 0; i < length; i++)
        out[i] = alphabet[next_random((uint32_t)strlen(alphabet))];
    out[length] = '\0';
}

static struct assay_catalog *make_catalog(void)
{
    struct assay_catalog *catalog = catalog_new(&(struct catalog_hooks){0});
    uint32_t source = catalog_add_source(catalog, "local", "home", "/nowhere");
    uint32_t experiment = catalog_put_experiment(
        catalog, source, &(struct catalog_experiment){.id = "1", .name = "sweep"});
    for (int i = 0; i < RUNS; i++) {
        char id[40], name[64], user[16];
        snprintf(id, sizeof id, "%08x%05d", next_random(UINT32_MAX), i);
        invent(name, next_random(50), "aAbB1{[@`-\x1f_?");
        invent(user, next_random(12), "abAB");
        catalog_put_run(catalog, source,
                        &(struct catalog_run){.id = id,
                                              .name = name,
                                              .user = user,
                                              .artifact_uri = "",
                                              .experiment = experiment,
                                              .start_ms = i,
                                              .end_ms = ASSAY_NO_TIME},
                        true);
    }
    return catalog;
}

static bool holds(const struct assay_run *run, const char *word, bool name_only)
{
    return strcasestr(run->name, word) ||
           (!name_only && (strcasestr(run->id, word) || strcasestr(run->user, word) ||
                           strcasestr("sweep", word)));
}

static void compare(struct assay_catalog *catalog, const char *filter, const char *word,
                    bool name_only)
{
    static uint32_t rows[RUNS];
    struct assay_query *query = NULL;
    struct assay_error err = {0};
    size_t at = 0;
    for (uint32_t i = 0; i < RUNS; i++)
        rows[i] = i;
    assert_int_equal(assay_query_parse(&query, filter, 0, &err), ASSAY_OK);
    size_t kept = assay_query_select(query, catalog, rows, RUNS, NULL);
    for (uint32_t i = 0; i < RUNS; i++) {
        bool found = at < kept && rows[at] == i;
        if (found != holds(assay_catalog_run(catalog, i), word, name_only))
            fail_msg("%s: wrong about run %u \"%s\"", filter, i,
                     assay_catalog_run(catalog, i)->name);
        at += found;
    }
    assert_int_equal(at, kept);
    assay_query_free(&query);
}

static void test_words(void **state)
{
    (void)state;
    struct assay_catalog *catalog = make_catalog();
    for (int i = 0; i < WORDS; i++) {
        char word[16];
        word[0] = "abAB"[next_random(4)];
        invent(word + 1, next_random(6), "aAbB12");
        compare(catalog, word, word, false);
    }
    catalog_free(&catalog);
}

static void test_patterns(void **state)
{
    (void)state;
    struct assay_catalog *catalog = make_catalog();
    for (int i = 0; i < WORDS; i++) {
        char word[16], filter[48];
        invent(word, 1 + next_random(9), "aAbB1{[@`-?");
        snprintf(filter, sizeof filter, "name ilike '%%%s%%'", word);
        compare(catalog, filter, word, true);
    }
    catalog_free(&catalog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
