/* The fold on paper: states, votes, persons, policies, chains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/paper.h"

#define REQ "00000000000000aa"

static const char policy[] = "[policy]\nname = prod\ntier = production\nexpires = 10d\n"
                             "apply-within = 2d\n"
                             "[clause validator]\ncount = 1\n[clause approver]\ncount = 1\n"
                             "[break-glass]\nrole = breaker\nreview-within = 24h\n"
                             "[delegation]\nallowed = yes\n";

static void begin(struct paper *p, const char *text)
{
    paper_init(p);
    paper_begin(p, 1);
    paper_person(p, "adm", "rex", "", "rex-os");
    paper_person(p, "adm", "val", "validator", "");
    paper_person(p, "adm", "app", "approver", "");
    paper_person(p, "adm", "two", "approver validator", "");
    paper_person(p, "adm", "brk", "breaker", "");
    paper_policy(p, "adm", text);
}

static void test_whole_life(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, policy);
    paper_ask(&p, "rex", REQ);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    assert_int_equal(paper_get(&p, REQ)->have, 1);
    assert_int_equal(paper_get(&p, REQ)->needed, 2);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    paper_phase(&p, "rex", REQ, PHASE_BEGIN);
    paper_expect(&p, REQ, ASSAY_STATE_APPLYING);
    paper_phase(&p, "rex", REQ, PHASE_FAILED);
    paper_expect(&p, REQ, ASSAY_STATE_APPLY_FAILED);
    paper_phase(&p, "rex", REQ, PHASE_BEGIN);
    paper_phase(&p, "rex", REQ, PHASE_DONE);
    paper_expect(&p, REQ, ASSAY_STATE_APPLIED);
    /* Applied is applied: votes are over, time is no matter, only a revocation undoes it. */
    paper_expect_invalid(&p, paper_vote(&p, "app", REQ, ASSAY_WITHDRAW), "revocation");
    p.now_ms += 100 * 24 * PAPER_HOUR;
    paper_expect(&p, REQ, ASSAY_STATE_APPLIED);
    paper_expect_invalid(&p, paper_vote(&p, "rex", REQ, ASSAY_REVOKE), "has a part");
    paper_vote(&p, "app", REQ, ASSAY_REVOKE);
    paper_expect(&p, REQ, ASSAY_STATE_REVOKED);
    paper_free(&p);
}

static void test_votes_change(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, policy);
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    paper_vote(&p, "val", REQ, ASSAY_WITHDRAW);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_vote(&p, "val", REQ, ASSAY_REJECT);
    paper_expect(&p, REQ, ASSAY_STATE_REJECTED);
    paper_vote(&p, "val", REQ, ASSAY_WITHDRAW);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_vote(&p, "val", REQ, ASSAY_REQUEST_CHANGES);
    paper_expect(&p, REQ, ASSAY_STATE_CHANGES);
    /* A new revision: the votes on the old one are void, also the approver's. */
    struct statement s = paper_request(&p, REQ, 2);
    paper_add(&p, "rex", &s);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    assert_int_equal(paper_get(&p, REQ)->have, 0);
    assert_int_equal(paper_get(&p, REQ)->revision, 2);
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    /* One that has no say neither vetoes nor approves. */
    paper_vote(&p, "brk", REQ, ASSAY_REJECT);
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    paper_vote(&p, "rex", REQ, ASSAY_WITHDRAW);
    paper_expect(&p, REQ, ASSAY_STATE_WITHDRAWN);
    paper_free(&p);
}

static void test_words_keep_votes(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, policy);
    struct statement s = paper_request(&p, REQ, 1), edit = s;
    paper_add(&p, "rex", &s);
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    edit.request.words = "better words";
    paper_add(&p, "rex", &edit);
    assert_string_equal(paper_get(&p, REQ)->words, "better words");
    assert_int_equal(paper_get(&p, REQ)->have, 1);
    /* The same number and another content is no revision. */
    edit.request.version = "19";
    paper_expect_invalid(&p, paper_add(&p, "rex", &edit), "without numbering");
    edit = paper_request(&p, REQ, 2);
    paper_expect_invalid(&p, paper_add(&p, "val", &edit), "only its author");
    paper_free(&p);
}

static void test_time(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, policy);
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    p.now_ms += 11 * 24 * PAPER_HOUR;
    paper_expect(&p, REQ, ASSAY_STATE_EXPIRED);
    /* Too late; no time-out ever approves. */
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    paper_expect(&p, REQ, ASSAY_STATE_EXPIRED);
    paper_free(&p);
    begin(&p, policy);
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    p.now_ms += 3 * 24 * PAPER_HOUR;
    paper_expect(&p, REQ, ASSAY_STATE_EXPIRED);
    paper_expect_invalid(&p, paper_phase(&p, "rex", REQ, PHASE_BEGIN), "EXPIRED");
    paper_free(&p);
}

static void test_supersede(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, policy);
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    paper_ask(&p, "rex", "00000000000000bb");
    paper_expect(&p, REQ, ASSAY_STATE_SUPERSEDED);
    paper_expect(&p, "00000000000000bb", ASSAY_STATE_PENDING);
    paper_free(&p);
}

/* Two places that exchange later. What was begun before, or without knowing of, another request
   for the same target was done: it stays applied, also where a vote was taken back while it
   was. */
static void test_applied_elsewhere(void **state)
{
    static const char *const other = "00000000000000bb";
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct paper p;
        begin(&p, policy);
        paper_ask(&p, "rex", REQ);
        paper_vote(&p, "val", REQ, ASSAY_APPROVE);
        paper_vote(&p, "app", REQ, ASSAY_APPROVE);
        struct statement ask = paper_request(&p, other, 1);
        struct statement back = paper_decision(&p, REQ, ASSAY_WITHDRAW, "");
        paper_head(&p, "two", &ask);
        paper_head(&p, "app", &back);
        ask.time_ms += how == 0 ? 500 : 1500; /* the application is begun at 1000 */
        back.time_ms += 1500;
        p.now_ms += 1000;
        if (how == 3) { /* who applies it knows of the other */
            paper_add_as(&p, &ask);
            paper_expect_invalid(&p, paper_phase(&p, "rex", REQ, PHASE_BEGIN), "SUPERSEDED");
            paper_free(&p);
            continue;
        }
        size_t first = paper_phase(&p, "rex", REQ, PHASE_BEGIN);
        size_t last = paper_phase(&p, "rex", REQ, PHASE_DONE);
        paper_add_as(&p, how == 2 ? &back : &ask);
        paper_expect_valid(&p, first);
        paper_expect_valid(&p, last);
        paper_expect(&p, REQ, ASSAY_STATE_APPLIED);
        if (how < 2)
            paper_expect(&p, other, ASSAY_STATE_PENDING);
        else
            assert_int_equal(paper_requirement(&p, REQ, "clause approver")->state,
                             ASSAY_UNSATISFIED);
        paper_free(&p);
    }
}

/* What was begun in time may be finished at any time, on what held then; what failed, or was
   never begun, may not. */
static void test_begun_in_time(void **state)
{
    static const char text[] = "[policy]\nname = prod\ntargets = *\napply-within = 2d\n"
                               "[clause validator]\ncount = 1\n[evidence report]\n"
                               "max-age = 48h\n";
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct paper p;
        begin(&p, text);
        struct assay_evidence report = {.name = "report",
                                        .kind = "file",
                                        .time_ms = p.now_ms,
                                        .digest =
                                            "ba7816bf8f01cfea414140de5dae2223b00361a396177"
                                            "a9cb410ff61f20015ad"};
        struct statement s = paper_request(&p, REQ, 1);
        s.request.evidence = &report;
        s.request.evidence_count = 1;
        paper_add(&p, "rex", &s);
        s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
        s.decision.seen = (struct texts){&report.digest, 1};
        paper_add(&p, "val", &s);
        p.now_ms += 24 * PAPER_HOUR;
        if (how > 0)
            paper_phase(&p, "rex", REQ, PHASE_BEGIN);
        if (how == 1)
            paper_phase(&p, "rex", REQ, PHASE_FAILED);
        p.now_ms += 40 * 24 * PAPER_HOUR;
        if (how < 2) {
            paper_expect(&p, REQ, ASSAY_STATE_EXPIRED);
            paper_expect_invalid(&p, paper_phase(&p, "rex", REQ, PHASE_BEGIN), "EXPIRED");
        } else if (how == 2) {
            /* Going on is no other beginning, by whose time the report would be too old. */
            paper_expect(&p, REQ, ASSAY_STATE_APPLYING);
            paper_expect_valid(&p, paper_phase(&p, "rex", REQ, PHASE_BEGIN));
            paper_expect(&p, REQ, ASSAY_STATE_APPLYING);
            paper_expect_valid(&p, paper_phase(&p, "rex", REQ, PHASE_DONE));
            p.now_ms += 40 * 24 * PAPER_HOUR;
            paper_expect(&p, REQ, ASSAY_STATE_APPLIED);
            assert_int_equal(paper_get(&p, REQ)->satisfied_count,
                             paper_get(&p, REQ)->requirement_count);
        } else {
            paper_vote(&p, "val", REQ, ASSAY_WITHDRAW);
            paper_expect(&p, REQ, ASSAY_STATE_EXPIRED);
        }
        paper_free(&p);
    }
}

/* What has expired is over: nobody breaks the glass for it. */
static void test_override_too_late(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, policy);
    paper_ask(&p, "rex", REQ);
    p.now_ms += 11 * 24 * PAPER_HOUR;
    paper_vote(&p, "brk", REQ, ASSAY_OVERRIDE);
    paper_expect(&p, REQ, ASSAY_STATE_EXPIRED);
    assert_false(paper_get(&p, REQ)->overridden);
    paper_free(&p);
}

static void test_override(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, policy);
    paper_ask(&p, "rex", REQ);
    paper_expect_invalid(&p, paper_vote(&p, "app", REQ, ASSAY_OVERRIDE), "override");
    paper_vote(&p, "brk", REQ, ASSAY_OVERRIDE);
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    assert_true(paper_get(&p, REQ)->overridden);
    assert_int_equal(paper_requirement(&p, REQ, "clause approver")->state, ASSAY_OVERRIDDEN);
    paper_phase(&p, "rex", REQ, PHASE_BEGIN);
    paper_phase(&p, "rex", REQ, PHASE_DONE);
    p.now_ms += 25 * PAPER_HOUR;
    assert_true(paper_get(&p, REQ)->review_due);
    /* Not by who broke it, nor who requested it. */
    paper_vote(&p, "brk", REQ, ASSAY_RATIFY);
    paper_vote(&p, "rex", REQ, ASSAY_RATIFY);
    assert_true(paper_get(&p, REQ)->review_due);
    paper_vote(&p, "app", REQ, ASSAY_RATIFY);
    assert_false(paper_get(&p, REQ)->review_due);
    assert_true(paper_get(&p, REQ)->overridden); /* for ever */
    paper_free(&p);
}

static void test_delegation(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, policy);
    paper_person(&p, "adm", "dee", "", "");
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    struct statement s = paper_decision(&p, REQ, ASSAY_DELEGATE, "away");
    s.decision.delegate = "dee";
    s.decision.until_ms = p.now_ms + PAPER_HOUR;
    paper_add(&p, "app", &s);
    paper_vote(&p, "dee", REQ, ASSAY_APPROVE);
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    /* Who handed it on has none; and what was handed on cannot be handed on again. */
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    assert_int_equal(paper_get(&p, REQ)->have, 2);
    paper_free(&p);
    begin(&p, policy);
    paper_person(&p, "adm", "dee", "", "");
    paper_person(&p, "adm", "eve", "", "");
    paper_ask(&p, "rex", REQ);
    s = paper_decision(&p, REQ, ASSAY_DELEGATE, "away");
    s.decision.delegate = "dee";
    s.decision.until_ms = p.now_ms + PAPER_HOUR;
    struct statement again = s, loop = s;
    paper_add(&p, "app", &s);
    again.decision.delegate = "eve";
    paper_add(&p, "dee", &again);
    paper_vote(&p, "eve", REQ, ASSAY_APPROVE);
    assert_int_equal(paper_get(&p, REQ)->have, 0);
    /* To the one who requested it: they may not vote however they came by it. */
    loop.decision.delegate = "rex";
    paper_add(&p, "two", &loop);
    paper_vote(&p, "rex", REQ, ASSAY_APPROVE);
    assert_int_equal(paper_get(&p, REQ)->have, 0);
    paper_free(&p);
}

static void test_conditions(void **state)
{
    struct paper p;
    struct assay_condition condition = {.text = "traffic below 10 %"};
    (void)state;
    begin(&p, policy);
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    struct statement s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
    condition.due_ms = p.now_ms + 20 * PAPER_HOUR;
    s.decision.conditions = &condition;
    s.decision.condition_count = 1;
    paper_add(&p, "app", &s);
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    paper_phase(&p, "rex", REQ, PHASE_BEGIN);
    paper_phase(&p, "rex", REQ, PHASE_DONE);
    p.now_ms += 21 * PAPER_HOUR;
    assert_int_equal(paper_requirement(&p, REQ, "condition traffic below 10 %")->state,
                     ASSAY_UNSATISFIED);
    s = paper_decision(&p, REQ, ASSAY_FULFIL, "traffic below 10 %");
    struct statement own = s;
    paper_add(&p, "rex", &own);
    assert_int_equal(paper_requirement(&p, REQ, "condition traffic below 10 %")->state,
                     ASSAY_UNSATISFIED);
    paper_add(&p, "app", &s);
    assert_int_equal(paper_requirement(&p, REQ, "condition traffic below 10 %")->state,
                     ASSAY_SATISFIED);
    paper_free(&p);
}

static void test_plan(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, "[policy]\nname = prod\n[clause approver]\ncount = 1\n[plan]\nafter = "
              "alias:canary\nfor = 24h\n");
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    assert_int_equal(paper_requirement(&p, REQ, "after alias:canary")->state, ASSAY_MISSING);
    paper_free(&p);
}

/* A step that was taken in another registry, or at another server, is none here: whoever has
   one of their own could take it there. */
static void test_plan_elsewhere(void **state)
{
    static const char *const at[][2] = {{"local", ""}, {"local", "elsewhere"}, {"mlflow", ""}};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(at); i++) {
        struct paper p;
        begin(&p, "[policy]\nname = prod\ntargets = alias:canary\n[clause approver]\ncount = "
                  "1\n");
        struct statement first = paper_request(&p, "aaaaaaaaaaaaaaaa", 1);
        first.request.target = "alias:canary";
        first.request.platform = at[i][0];
        first.request.place = at[i][1];
        paper_add(&p, "rex", &first);
        paper_vote(&p, "app", "aaaaaaaaaaaaaaaa", ASSAY_APPROVE);
        paper_phase(&p, "rex", "aaaaaaaaaaaaaaaa", PHASE_BEGIN);
        paper_phase(&p, "rex", "aaaaaaaaaaaaaaaa", PHASE_DONE);
        paper_policy(&p, "adm",
                     "[policy]\nname = prod\n[clause approver]\ncount = 1\n[plan]\nafter = "
                     "alias:canary\n");
        paper_ask(&p, "rex", REQ);
        assert_int_equal(paper_requirement(&p, REQ, "after alias:canary")->state,
                         i == 0 ? ASSAY_SATISFIED : ASSAY_MISSING);
        paper_free(&p);
    }
}

/* A policy of two owners: the first alone changes nothing. */
static void test_owners(void **state)
{
    struct paper p;
    struct statement s = {.event = EVENT_ENDORSE};
    (void)state;
    paper_init(&p);
    paper_begin(&p, 2);
    size_t person = paper_person(&p, "adm", "app", "approver", "");
    size_t set = paper_policy(&p, "adm", "[policy]\nname = prod\n[clause approver]\ncount=1\n");
    paper_fold(&p);
    assert_null(fold_policy(&p.fold, "prod"));
    assert_null(people_find(&p.fold.people, "app"));
    s.endorsed = p.records[set].digest;
    struct statement own = s;
    paper_expect_invalid(&p, paper_add(&p, "adm", &own), "already");
    paper_add(&p, "own2", &s);
    paper_fold(&p);
    assert_non_null(fold_policy(&p.fold, "prod"));
    s = (struct statement){.event = EVENT_ENDORSE};
    s.endorsed = p.records[person].digest;
    paper_add(&p, "own2", &s);
    paper_fold(&p);
    assert_non_null(people_find(&p.fold.people, "app"));
    paper_free(&p);
}

static void test_only_owners(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, policy);
    paper_expect_invalid(&p, paper_person(&p, "app", "eve", "approver", ""), "owner");
    paper_expect_invalid(
        &p, paper_policy(&p, "app", "[policy]\nname=prod\n[clause a]\ncount=1\n"), "owner");
    /* A key, or an account, of two persons. */
    paper_expect_invalid(&p, paper_person(&p, "adm", "eve", "", "rex-os"), "account");
    paper_expect_invalid(&p, paper_person(&p, "adm", "eve", "", "rex"), "account");
    paper_free(&p);
}

/* Records arrive in any order, and twice; the fold is the same. */
static void test_order_is_no_matter(void **state)
{
    struct paper p;
    char first[64];
    (void)state;
    begin(&p, policy);
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    paper_phase(&p, "rex", REQ, PHASE_BEGIN);
    const struct assay_request *r = paper_get(&p, REQ);
    snprintf(first, sizeof first, "%s %zu %zu", assay_request_state_name(r->state), r->have,
             p.fold.problem_count);
    srand(7);
    for (int round = 0; round < 50; round++) {
        char again[64];
        for (size_t i = p.count - 1; i > 0; i--) {
            size_t k = (size_t)rand() % (i + 1);
            struct record swap = p.records[i];
            p.records[i] = p.records[k];
            p.records[k] = swap;
        }
        r = paper_get(&p, REQ);
        snprintf(again, sizeof again, "%s %zu %zu", assay_request_state_name(r->state), r->have,
                 p.fold.problem_count);
        assert_string_equal(again, first);
    }
    paper_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_life),       cmocka_unit_test(test_votes_change),
        cmocka_unit_test(test_words_keep_votes), cmocka_unit_test(test_time),
        cmocka_unit_test(test_supersede),        cmocka_unit_test(test_applied_elsewhere),
        cmocka_unit_test(test_override),         cmocka_unit_test(test_override_too_late),
        cmocka_unit_test(test_begun_in_time),    cmocka_unit_test(test_delegation),
        cmocka_unit_test(test_conditions),       cmocka_unit_test(test_plan),
        cmocka_unit_test(test_plan_elsewhere),   cmocka_unit_test(test_owners),
        cmocka_unit_test(test_only_owners),      cmocka_unit_test(test_order_is_no_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
