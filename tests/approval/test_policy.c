/* Policies: what is accepted, what is refused and in which words; who fills which clause; what
 * a request under them can come to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/memory.h>

#include "approval/policy.h"
#include "support/paper.h"

#define REQ "00000000000000aa"

static void refused(const char *text, const char *why)
{
    struct policy policy;
    struct assay_arena arena = {0};
    struct assay_error err = {0};
    if (policy_parse(&policy, &arena, text, strlen(text), &err) != ASSAY_BAD_INPUT)
        fail_msg("accepted: %s", text);
    if (!strstr(err.what, why))
        fail_msg("\"%s\" does not say \"%s\"", err.what, why);
    assay_arena_free(&arena);
}

/* A rule that is misspelt must not be a rule that is left out. */
static void golden_refusals(void **state)
{
    (void)state;
    refused("", "it has no name");
    refused("[policy]\nname = prod\n", "nobody has to sign");
    refused("[policy]\nname = Prod\n", "policy:2: name = Prod: should be a name");
    refused("[policy]\nnmae = prod\n", "policy:2: [policy] has no setting nmae");
    refused("[policy]\nname = p\n[clauses x]\ncount = 1\n", "there is no section [clauses x]");
    refused("[policy]\nname = p\n[clause x]\ncount = 0\n",
            "count = 0: should be a number from 1");
    refused("[policy]\nname = p\n[clause x]\ncount = many\n", "should be a number");
    refused("[policy]\nname = p\n[clause x]\ncount = 2\ndistinct = maybe\n", "yes or no");
    refused("[policy]\nname = p\ntouch = yes\n[clause x]\ncount = 1\n", "required or no");
    refused("[policy]\nname = p\nunsigned = yes\n[clause x]\ncount = 1\n",
            "allowed or refused");
    refused("[policy]\nname = p\nexpires = 14\n[clause x]\ncount = 1\n", "a time such as");
    refused("[policy]\nname = p\nexpires = -1d\n[clause x]\ncount = 1\n", "a time such as");
    refused("[policy]\nname = p\n[clause x]\ncount = 1\n[separation]\nexclude = requestor\n",
            "requestor: should be requester");
    refused("[policy]\nname = p\n[clause x]\ncount = 1\n[gate g]\nkind = magic\n",
            "[gate g]: there is no kind magic");
    refused("[policy]\nname = p\n[clause x]\ncount = 1\n[gate g]\nmetric = m\n",
            "there is no kind (none given)");
    refused(
        "[policy]\nname = p\n[clause x]\ncount = 1\n[gate g]\nkind = threshold\nmetric = m\n",
        "at-least or at-most is missing");
    refused(
        "[policy]\nname = p\n[clause x]\ncount = 1\n[gate g]\nkind = threshold\nmetric = m\n"
        "at-least = nan\n",
        "at-least = nan makes no sense");
    refused("[policy]\nname = p\n[clause x]\ncount = 1\n[gate g]\nkind = compare\nmetric = m\n"
            "better = more\n",
            "better = more makes no sense");
    refused("[policy]\nname = p\n[clause x]\ncount = 1\n[gate g]\nkind = compare\nmetric = m\n"
            "better = greater\nmargin = -1\n",
            "margin = -1 makes no sense");
    refused(
        "[policy]\nname = p\n[clause x]\ncount = 1\n[gate g]\nkind = command\ncommand = sh\n",
        "command = sh makes no sense");
    refused("[policy]\nname = p\n[clause x]\ncount = 1\n[gate g]\nkind = command\n"
            "command = /bin/true\nshell = yes\n",
            "has no setting shell");
    refused("[policy]\nname = p\n[clause x]\ncount = 1\n[plan]\nafter = canary\n",
            "alias:NAME");
}

static void golden_policy(void **state)
{
    static const char text[] =
        "[policy]\nname = prod\ntier = production\nmodels = fraud*, churn\ntargets = "
        "alias:champion\nexpires = 3d\napply-within = 12h\ntouch = required\nseen = required\n"
        "owners = 2\napply-role = operator\n[clause validator]\ncount = 1\n[clause "
        "board]\nrole = "
        "approver\ncount = 2\n[evidence report]\nmax-age = 7d\n[gate a]\nkind = "
        "artifact-digest\n[delegation]\nallowed = yes\nlongest = 2d\n[break-glass]\nrole = "
        "breaker\nreview-within = 90m\n[plan]\nafter = alias:canary\nfor = 1d\n";
    struct policy p;
    struct assay_arena arena = {0};
    struct assay_error err = {0};
    (void)state;
    if (policy_parse(&p, &arena, text, sizeof text - 1, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assert_string_equal(p.name, "prod");
    assert_string_equal(p.tier, "production");
    assert_int_equal(p.expires_ms, 3 * 86400000);
    assert_int_equal(p.apply_within_ms, 12 * 3600000);
    assert_true(p.touch && p.seen && !p.pin && !p.unsigned_votes && p.recheck);
    assert_int_equal(p.owners, 2);
    assert_int_equal(p.clause_count, 2);
    assert_string_equal(p.clauses[0].role, "validator");
    assert_string_equal(p.clauses[1].role, "approver");
    assert_int_equal(quorum_needed(&p), 3);
    assert_int_equal(p.exclude.count, 7);
    assert_int_equal(p.review_within_ms, 90 * 60000);
    assert_string_equal(p.after_target, "alias:canary");
    assert_true(policy_matches(&p, "fraud_eu", "alias:champion", false));
    assert_true(policy_matches(&p, "churn", "alias:champion", false));
    assert_false(policy_matches(&p, "churn2", "alias:champion", false));
    assert_false(policy_matches(&p, "fraud", "alias:champions", false));
    assay_arena_free(&arena);
}

/* A section in which nothing stands asks for what its name says, or is refused: left out in silence, it
   would ask for less than its owner signed. */
static void empty_sections(void **state)
{
    static const char text[] = "[policy]\nname = p\n[evidence report]\n  [clause board]\n; of any age"
                               "\n[evidence card]\n\n[clause approver]\ncount = 2\n[evidence last]";
    struct policy p;
    struct assay_arena arena = {0};
    struct assay_error err = {0};
    (void)state;
    if (policy_parse(&p, &arena, text, sizeof text - 1, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assert_int_equal(p.evidence_count, 3);
    assert_string_equal(p.evidence[0].name, "report");
    assert_string_equal(p.evidence[1].name, "card");
    assert_string_equal(p.evidence[2].name, "last");
    assert_int_equal(p.evidence[1].max_age_ms, 0);
    assert_int_equal(p.clause_count, 2);
    assert_string_equal(p.clauses[0].name, "board");
    assert_int_equal(p.clauses[0].count, 1);
    assert_int_equal(p.clauses[1].count, 2);
    assay_arena_free(&arena);
    refused("[policy]\nname = p\n[clause x]\n[gate files]\n", "gate files");
    refused("[policy]\nname = p\n[clause x]\n[gat files]\n[plan]\nfor = 1d\n", "policy:4: ");
    refused("[policy]\nname = p\n[clause x]\n[separation]\n", "[separation] says nothing");
    refused("[policy]\nname = p\n[clause x]\n[break-glass]\n", "[break-glass] says nothing");
}

/* ---- who fills which clause: against every assignment, tried one by one ---- */

#define VOTERS 5

static size_t best(const struct policy *p, const struct quorum_voter *voters, size_t at,
                   size_t left[3])
{
    if (at == VOTERS)
        return 0;
    size_t most = best(p, voters, at + 1, left);
    for (size_t c = 0; c < p->clause_count; c++) {
        if (!left[c] || !texts_has(voters[at].roles, p->clauses[c].role))
            continue;
        left[c]--;
        size_t with = 1 + best(p, voters, at + 1, left);
        left[c]++;
        most = with > most ? with : most;
    }
    return most;
}

static void matching(void **state)
{
    static const char text[] = "[policy]\nname = p\n[clause a]\ncount = 1\n[clause b]\ncount = "
                               "2\n[clause c]\ncount = 1\n";
    static const char *names[] = {"a", "b", "c"};
    struct policy p;
    struct assay_arena arena = {0};
    (void)state;
    assert_int_equal(policy_parse(&p, &arena, text, sizeof text - 1, NULL), ASSAY_OK);
    /* Every set of roles of five voters: 8^5. */
    for (unsigned roles = 0; roles < 32768; roles++) {
        struct texts texts[VOTERS];
        const char *items[VOTERS][3];
        struct quorum_voter voters[VOTERS];
        size_t filled[3], left[3] = {1, 2, 1};
        for (size_t v = 0; v < VOTERS; v++) {
            texts[v] = (struct texts){items[v], 0};
            for (size_t r = 0; r < 3; r++)
                if (roles >> (3 * v + r) & 1)
                    items[v][texts[v].count++] = names[r];
            voters[v] = (struct quorum_voter){&texts[v], NULL};
        }
        size_t found = quorum_fill(&p, voters, VOTERS, filled);
        if (found != best(&p, voters, 0, left))
            fail_msg("roles %o: %zu places", roles, found);
        assert_int_equal(found, filled[0] + filled[1] + filled[2]);
    }
    assay_arena_free(&arena);
}

/* ---- requests that nobody could satisfy ---- */

static void deadlocks(void **state)
{
    static const struct {
        const char *policy, *why; /* NULL: it can be */
    } cases[] = {
        {"[policy]\nname = prod\n[clause approver]\ncount = 1\n", NULL},
        {"[policy]\nname = prod\n[clause approver]\ncount = 2\n", "only 1 could sign"},
        {"[policy]\nname = prod\n[clause nobody]\ncount = 1\n", "only 0 could sign"},
        {"[policy]\nname = prod\ntouch = required\n[clause approver]\ncount = 1\n",
         "only 0 could sign"},
        /* two would have to be in both */
        {"[policy]\nname = prod\n[clause approver]\ncount = 1\n[clause validator]\ncount = 1\n",
         "could sign"},
        {"[policy]\nname = prod\n[clause approver]\ncount = 1\n[clause validator]\ncount = "
         "1\ndistinct = no\n",
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct paper p;
        const char *why = NULL;
        paper_init(&p);
        paper_begin(&p, 1);
        paper_person(&p, "adm", "rex", "approver", "");
        paper_person(&p, "adm", "two", "approver validator", "");
        paper_policy(&p, "adm", cases[i].policy);
        paper_ask(&p, "rex", REQ);
        paper_fold(&p);
        bool can = fold_satisfiable(&p.fold, fold_find(&p.fold, REQ), &why);
        if (can != !cases[i].why || (!can && !strstr(why, cases[i].why)))
            fail_msg("case %zu: %s", i, why ? why : "can be satisfied");
        paper_free(&p);
    }
}

/* Several policies are for a target: who asks does not choose the easier one. Fails without
   more_exact(). */
static void most_exact(void **state)
{
    static const char *const wide[] = {
        "[policy]\nname = prod\n[clause approver]\ncount = 1\n",
        "[policy]\nname = prod\ntargets = alias:champ*\nmodels = fraud\n[clause "
        "approver]\ncount = 1\n"};
    static const char exact[] = "[policy]\nname = strict\ntargets = tag:x, alias:champion\n"
                                "[clause approver]\ncount = 2\n";
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(wide); i++) {
        struct paper p;
        struct statement strict = {.event = EVENT_POLICY};
        char digest[ASSAY_SHA256_TEXT];
        paper_usual(&p, wide[i]);
        strict.policy = (struct statement_policy){
            .name = "strict",
            .version = 1,
            .previous = "",
            .digest = assay_sha256(digest, exact, strlen(exact)),
            .text = exact,
        };
        paper_expect_valid(&p, paper_add(&p, "adm", &strict));
        paper_expect_invalid(&p, paper_ask(&p, "rex", REQ),
                             "the policy strict is more exactly");
        /* What only the wide one is for. */
        struct statement s = paper_request(&p, "00000000000000bb", 1);
        s.request.target = "alias:champions";
        paper_expect_valid(&p, paper_add(&p, "rex", &s));
        paper_free(&p);
    }
}

/* ---- rollbacks ---- */

#define OLD "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define NEW "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* ID asks under POLICY that VERSION, whose files are DIGEST, takes the place of FROM. */
static size_t ask_for(struct paper *p, const char *id, const char *policy, const char *version,
                      const char *digest, const char *from, const char *from_digest)
{
    struct statement s = paper_request(p, id, 1);
    const struct fold_policy *found = fold_policy(&p->fold, policy);
    assert_non_null(found);
    s.request.policy = policy;
    s.request.policy_version = found->record->s.policy.version;
    s.request.policy_digest = found->record->s.policy.digest;
    s.request.tier = found->policy.tier;
    s.request.expires_ms = p->now_ms + found->policy.expires_ms;
    s.request.version = version;
    s.request.model_digest = digest;
    s.request.from_version = from;
    s.request.from_digest = from_digest;
    return paper_add(p, "rex", &s);
}

static void approve_and_apply(struct paper *p, const char *id)
{
    paper_vote(p, "app", id, ASSAY_APPROVE);
    paper_expect(p, id, ASSAY_STATE_APPROVED);
    paper_phase(p, "rex", id, PHASE_BEGIN);
    paper_phase(p, "rex", id, PHASE_DONE);
    paper_expect(p, id, ASSAY_STATE_APPLIED);
}

static void set_rollback_policy(struct paper *p)
{
    static const char text[] = "[policy]\nname = back\nfor = rollback\ntargets = *\n"
                               "[clause operator]\ncount = 1\n";
    char digest[ASSAY_SHA256_TEXT];
    struct statement s = {.event = EVENT_POLICY};
    s.policy = (struct statement_policy){.name = "back",
                                         .version = 1,
                                         .previous = "",
                                         .digest = assay_sha256(digest, text, strlen(text)),
                                         .text = text};
    paper_expect_valid(p, paper_add(p, "adm", &s));
}

/* What takes back has a policy of its own, which is for nothing else, whatever somebody says:
   for the version that was approved and stood there before, file for file. Fails without
   fold_is_rollback(). */
static void rollbacks_have_their_own(void **state)
{
    static const char none[] = "for rollbacks alone, and this is none";
    struct paper p;
    (void)state;
    paper_usual(&p, "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    paper_person(&p, "adm", "ops", "operator", "");
    set_rollback_policy(&p);
    /* Nothing was applied: what stands there was put there by hand, and nobody approved it. */
    paper_expect_invalid(&p, ask_for(&p, "00000000000000a0", "back", "1", OLD, "2", NEW), none);
    ask_for(&p, "00000000000000a1", "prod", "1", OLD, "0", OLD);
    approve_and_apply(&p, "00000000000000a1");
    paper_expect_invalid(&p, ask_for(&p, "00000000000000a2", "back", "0", OLD, "1", OLD), none);
    ask_for(&p, "00000000000000a3", "prod", "2", NEW, "1", OLD);
    approve_and_apply(&p, "00000000000000a3");
    /* Another version, other files, or another state of the target, is none. */
    paper_expect_invalid(&p, ask_for(&p, "00000000000000a4", "back", "3", OLD, "2", NEW), none);
    paper_expect_invalid(&p, ask_for(&p, "00000000000000a5", "back", "1", NEW, "2", NEW), none);
    paper_expect_invalid(&p, ask_for(&p, "00000000000000a6", "back", "1", OLD, "3", NEW), none);
    /* It is, and then the policy of promotions is not for it. */
    paper_expect_invalid(&p, ask_for(&p, "00000000000000a7", "prod", "1", OLD, "2", NEW),
                         "the policy back is more exactly");
    paper_expect_valid(&p, ask_for(&p, "00000000000000a8", "back", "1", OLD, "2", NEW));
    assert_true(paper_get(&p, "00000000000000a8")->rollback);
    assert_false(paper_get(&p, "00000000000000a3")->rollback);
    paper_vote(&p, "app", "00000000000000a8", ASSAY_APPROVE);
    paper_expect(&p, "00000000000000a8", ASSAY_STATE_PENDING);
    paper_vote(&p, "ops", "00000000000000a8", ASSAY_APPROVE);
    paper_expect(&p, "00000000000000a8", ASSAY_STATE_APPROVED);
    /* What was revoked meanwhile is no version to go back to without another look. */
    paper_vote(&p, "app", "00000000000000a1", ASSAY_REVOKE);
    paper_expect_invalid(&p, ask_for(&p, "00000000000000a9", "back", "1", OLD, "2", NEW), none);
    paper_free(&p);
}

/* Taken back, the version that failed is not what "before" is: going there again is asked for
   as any promotion is. */
static void forward_again_is_no_rollback(void **state)
{
    struct paper p;
    (void)state;
    paper_usual(&p, "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    paper_person(&p, "adm", "ops", "operator", "");
    set_rollback_policy(&p);
    ask_for(&p, "00000000000000b1", "prod", "1", OLD, "0", OLD);
    approve_and_apply(&p, "00000000000000b1");
    ask_for(&p, "00000000000000b2", "prod", "2", NEW, "1", OLD);
    approve_and_apply(&p, "00000000000000b2");
    ask_for(&p, "00000000000000b3", "back", "1", OLD, "2", NEW);
    paper_vote(&p, "ops", "00000000000000b3", ASSAY_APPROVE);
    paper_phase(&p, "rex", "00000000000000b3", PHASE_BEGIN);
    paper_phase(&p, "rex", "00000000000000b3", PHASE_DONE);
    paper_expect(&p, "00000000000000b3", ASSAY_STATE_APPLIED);
    paper_expect_invalid(&p, ask_for(&p, "00000000000000b4", "back", "2", NEW, "1", OLD),
                         "for rollbacks alone");
    paper_expect_valid(&p, ask_for(&p, "00000000000000b5", "prod", "2", NEW, "1", OLD));
    paper_free(&p);
}

static void evidence(void **state)
{
    struct paper p;
    (void)state;
    paper_init(&p);
    paper_begin(&p, 1);
    paper_person(&p, "adm", "rex", "", "");
    paper_person(&p, "adm", "app", "approver", "");
    paper_policy(
        &p, "adm",
        "[policy]\nname = prod\nseen = required\n[clause approver]\ncount = 1\n[evidence "
        "report]\nmax-age = 2d\n");
    struct assay_evidence report = {
        .name = "report",
        .kind = "file",
        .time_ms = p.now_ms - 24 * PAPER_HOUR,
        .digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"};
    struct statement s = paper_request(&p, REQ, 1);
    s.request.evidence = &report;
    s.request.evidence_count = 1;
    paper_add(&p, "rex", &s);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    assert_string_equal(paper_get(&p, REQ)->votes[0].why_not, "did not look at report");
    s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
    s.decision.seen = (struct texts){&report.digest, 1};
    paper_add(&p, "app", &s);
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    paper_phase(&p, "rex", REQ, PHASE_BEGIN);
    size_t done = paper_phase(&p, "rex", REQ, PHASE_DONE);
    p.now_ms += 25 * PAPER_HOUR;
    assert_int_equal(paper_requirement(&p, REQ, "evidence report")->state, ASSAY_SATISFIED);
    paper_drop(&p, done);
    paper_drop(&p, done - 1);
    assert_int_equal(paper_requirement(&p, REQ, "evidence report")->state, ASSAY_UNSATISFIED);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_free(&p);
}

/* A plan: canary first, for long enough, and the same bytes. */
static void steps(void **state)
{
    struct paper p;
    (void)state;
    paper_init(&p);
    paper_begin(&p, 1);
    paper_person(&p, "adm", "rex", "", "");
    paper_person(&p, "adm", "app", "approver", "");
    paper_policy(&p, "adm",
                 "[policy]\nname = prod\ntargets = *\n[clause approver]\ncount = 1\n");
    struct statement s = paper_request(&p, REQ, 1);
    s.request.target = "alias:canary";
    paper_add(&p, "rex", &s);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    paper_phase(&p, "rex", REQ, PHASE_BEGIN);
    paper_phase(&p, "rex", REQ, PHASE_DONE);
    paper_policy(
        &p, "adm",
        "[policy]\nname = prod\ntargets = *\n[clause approver]\ncount = 1\n[plan]\nafter "
        "= alias:canary\nfor = 24h\n");
    paper_ask(&p, "rex", "00000000000000bb");
    paper_vote(&p, "app", "00000000000000bb", ASSAY_APPROVE);
    assert_int_equal(paper_requirement(&p, "00000000000000bb", "after alias:canary")->state,
                     ASSAY_UNSATISFIED);
    p.now_ms += 25 * PAPER_HOUR;
    paper_expect(&p, "00000000000000bb", ASSAY_STATE_APPROVED);
    /* The canary is revoked: the step after it has nothing to stand on. */
    paper_vote(&p, "app", REQ, ASSAY_REVOKE);
    paper_expect(&p, "00000000000000bb", ASSAY_STATE_PENDING);
    s = paper_request(&p, "00000000000000cc", 1);
    s.request.model_digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    paper_add(&p, "rex", &s);
    assert_int_equal(paper_requirement(&p, "00000000000000cc", "after alias:canary")->state,
                     ASSAY_MISSING);
    paper_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_refusals), cmocka_unit_test(golden_policy), cmocka_unit_test(empty_sections),
        cmocka_unit_test(matching),        cmocka_unit_test(deadlocks),
        cmocka_unit_test(evidence),        cmocka_unit_test(most_exact),
        cmocka_unit_test(steps),           cmocka_unit_test(rollbacks_have_their_own),
        cmocka_unit_test(forward_again_is_no_rollback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
