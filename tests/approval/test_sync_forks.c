/*
 * An author who forked their chain into many sides: one is taken, that on which most others have
 * built, and the work for it does not grow with sides times records (sync_forks.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "approval/ledger.h"
#include "approval/sync.h"
#include "support/paper.h"

#define REQ   "00000000000000aa"
#define FOLDS 256 /* FOLDS_MOST of sync_forks.c */

static struct paper paper;
static struct assay_ledger ledger;

/* app says SIDES things at one place of their chain; the first of them is returned. */
static size_t fork_into(size_t sides)
{
    struct statement s = paper_decision(&paper, REQ, ASSAY_COMMENT, "");
    const size_t first = paper.count;
    char reason[32];
    paper_head(&paper, "app", &s);
    paper.now_ms += 1000;
    for (size_t i = 0; i < sides; i++) {
        snprintf(reason, sizeof reason, "side %zu", i);
        s.decision.reason = reason;
        paper_add_as(&paper, &s);
    }
    return first;
}

/* PERSON comments, having seen the side AT and, of others than app, what there was BEFORE the
   fork. */
static size_t build_on(const char *person, size_t at, size_t before)
{
    struct statement s = paper_decision(&paper, REQ, ASSAY_COMMENT, "seen");
    const struct record *side = &paper.records[at];
    const size_t all = paper.count; /* the first side stands for the one that is seen */
    paper.count = before + 1;
    paper_head(&paper, person, &s);
    paper.count = all;
    for (size_t k = 0; k < s.seen_count; k++)
        if (strcmp(s.seen[k].chain, side->chain) == 0)
            s.seen[k] = (struct statement_head){side->chain, side->s.number, side->digest};
    paper.now_ms += 1000;
    return paper_add_as(&paper, &s);
}

/* The author of the record AT says MORE things behind it; the last of them is returned. */
static size_t go_on(size_t at, size_t more)
{
    struct statement s = paper_decision(&paper, REQ, ASSAY_COMMENT, "on");
    paper_head(&paper, paper.records[at].s.person, &s);
    for (size_t i = 0; i < more; i++) {
        s.number = paper.records[at].s.number + 1;
        s.previous = paper.records[at].digest;
        paper.now_ms += 1000;
        at = paper_add_as(&paper, &s);
    }
    return at;
}

static int start(void **state)
{
    (void)state;
    paper_usual(&paper, "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    paper_person(&paper, "adm", "val", "validator", "");
    paper_ask(&paper, "rex", REQ);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fold_free(&ledger.fold);
    assay_arena_free(&ledger.view_arena);
    ledger = (struct assay_ledger){0};
    paper_free(&paper);
    return 0;
}

/* What was received from the record FIRST on is judged. */
static void settle(size_t first)
{
    ledger.records = paper.records;
    ledger.count = paper.count;
    ledger_fold(&ledger, paper.now_ms);
    sync_settle_forks(&ledger, first);
}

static void only_one_of(size_t first, size_t sides, size_t one)
{
    for (size_t i = first; i < first + sides; i++)
        if ((paper.records[i].fault == NULL) != (i == one))
            fail_msg("side %zu: %s", i - first,
                     paper.records[i].fault ? paper.records[i].fault : "was taken");
}

/* More sides than are weighed at once, and than are folded: the one with the most persons behind
   it is taken, what follows the others of the author's own goes with them. Fails where weigh()
   mixes up the sides of one walk, and where sides_of() does not go on along the chain. */
static void most_persons(void **state)
{
    (void)state;
    const size_t sides = 700, held = paper.count, first = fork_into(sides);
    const size_t chosen = first + 651, own = go_on(first + 3, 1), mine = go_on(chosen, 1);
    (void)go_on(build_on("adm", first + 130, first), 5);
    (void)build_on("rex", chosen, first);
    const size_t last = build_on("val", chosen, first);
    settle(held);
    only_one_of(first, sides, chosen);
    assert_non_null(paper.records[own].fault);
    assert_null(paper.records[mine].fault);
    assert_true(ledger.fold.fates[mine].counts);
    assert_true(ledger.fold.fates[last].counts);
}

/* Where one side is here already, it stays, however many come and whoever built on those. */
static void held_stays(void **state)
{
    (void)state;
    const size_t sides = 700, first = fork_into(sides);
    (void)build_on("rex", first + 651, first);
    settle(first + 1);
    only_one_of(first, sides, first);
}

static double seconds_used(void)
{
    struct timespec used;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* What it takes are the folds that are allowed, however many sides there are: not a walk over the
   ledger for each of them. Fails where sides are weighed one by one. */
static void many_sides(void **state)
{
    (void)state;
    const size_t sides = 20000, held = paper.count, first = fork_into(sides);
    (void)go_on(build_on("rex", first + sides - 1, first), 5000);
    settle(paper.count);
    const double began = seconds_used();
    ledger_fold(&ledger, paper.now_ms);
    const double folded = seconds_used();
    sync_settle_forks(&ledger, held);
    const double whole = seconds_used() - folded;
    if (whole > FOLDS * (folded - began))
        fail_msg("%zu sides took %.2f s, where a fold takes %.3f", sides, whole, folded - began);
    only_one_of(first, sides, first + sides - 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {TEST(most_persons), TEST(held_stays), TEST(many_sides)};
    return cmocka_run_group_tests_name("forks", tests, NULL, NULL);
}
