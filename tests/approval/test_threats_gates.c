/*
 * Threats by what the evidence says, T23 and T27 of docs/approvals.md: gates that cannot tell,
 * registries that answer with anything. Each test says which line of defence it fails without.
 */
#include <errno.h>
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

#include "approval/gates.h"
#include "approval/gates_statistics.h"
#include "approval/ledger.h"
#include "support/paper.h"
#include "support/shaky_vfs.h"
#include "support/world.h"

#define REQ "00000000000000aa"

static struct world world;

static int start(void **state)
{
    (void)state;
    shaky_install();
    world_start(&world, WORLD_POLICY);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_stop(&world);
    return 0;
}

/* ---- T23: a gate that cannot say is no pass. Fails without the ERROR and MISSING branches of
   gates.c and assay_requirement_passes(). ---- */

static struct assay_gate_result try_gate(struct assay_arena *arena, const char *text,
                                         const double *ours, const double *theirs)
{
    struct policy policy;
    struct assay_error err = {0};
    struct assay_buf whole = {0};
    struct version_metric a = {"m", ours ? *ours : 0}, b = {"m", theirs ? *theirs : 0};
    struct version_facts candidate = {.model = "f",
                                      .version = "2",
                                      .digest = "",
                                      .metrics = &a,
                                      .metric_count = ours != NULL};
    struct version_facts champion = {.model = "f",
                                     .version = "1",
                                     .digest = "",
                                     .metrics = &b,
                                     .metric_count = theirs != NULL};
    struct gate_context context = {
        .candidate = &candidate, .champion = &champion, .target = "alias:x", .arena = arena};
    assay_buf_format(&whole, "[policy]\nname = p\n[clause a]\ncount = 1\n[gate g]\n%s\n", text);
    if (policy_parse(&policy, arena, whole.data, whole.length, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_buf_free(&whole);
    return gate_run(&policy.gates[0], &context);
}

/* One that passes although the candidate is worse says so, and why it passes. */
static void worse_within_the_margin(void **state)
{
    static const char gate[] = "kind = compare\nmetric = m\nbetter = greater\nmargin = 5%";
    struct assay_arena arena = {0};
    const double less = 0.98, one = 1, more = 1.02;
    (void)state;
    struct assay_gate_result result = try_gate(&arena, gate, &less, &one);
    assert_int_equal(result.state, ASSAY_SATISFIED);
    assert_string_equal(result.why,
                        "m is worse by 0.02, within the margin (unpaired: no interval)");
    result = try_gate(&arena, gate, &more, &one);
    assert_int_equal(result.state, ASSAY_SATISFIED);
    assert_string_equal(result.why, "m is better by 0.02 (unpaired: no interval)");
    assay_arena_free(&arena);
}

static void t23_gates(void **state)
{
    struct assay_arena arena = {0};
    static const char least[] = "kind = threshold\nmetric = m\nat-least = 0.5";
    static const char greater[] = "kind = compare\nmetric = m\nbetter = greater\nmargin = 5%";
    const double nan = __builtin_nan(""), inf = __builtin_inf(), one = 1, half = 0.5, zero = 0,
                 low = -104, base = -100, tiny = 0.499999;
    const struct {
        const char *gate;
        const double *ours, *theirs;
        enum assay_requirement_state state;
    } cases[] = {
        {least, &one, NULL, ASSAY_SATISFIED},
        {least, &half, NULL, ASSAY_SATISFIED},
        {least, &tiny, NULL, ASSAY_UNSATISFIED},
        {least, &nan, NULL, ASSAY_ERROR},
        {least, &inf, NULL, ASSAY_ERROR},
        {least, NULL, NULL, ASSAY_MISSING},
        {greater, &one, &one, ASSAY_SATISFIED},
        {greater, &half, &one, ASSAY_UNSATISFIED},
        {greater, &one, &nan, ASSAY_ERROR},
        {greater, &nan, &one, ASSAY_ERROR},
        {greater, &one, NULL, ASSAY_MISSING},
        {greater, NULL, &one, ASSAY_MISSING},
        {greater, &one, &zero, ASSAY_ERROR},
        {greater, &one, &inf, ASSAY_ERROR},
        /* 5 % of a negative champion is 5 below it, not above. */
        {greater, &low, &base, ASSAY_SATISFIED},
        {"kind = compare\nmetric = m\nbetter = greater\nmargin = 3%", &low, &base,
         ASSAY_UNSATISFIED},
        {"kind = same-evaluation", &one, &one, ASSAY_MISSING},
        {"kind = no-leakage", &one, &one, ASSAY_MISSING},
        {"kind = artifact-digest", &one, &one, ASSAY_MISSING},
        {"kind = model-card", &one, &one, ASSAY_MISSING},
        {"kind = required-files\nfiles = a", &one, &one, ASSAY_UNSATISFIED},
        {"kind = command\ncommand = /bin/true", &one, &one, ASSAY_MISSING},
    };
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct assay_gate_result gate =
            try_gate(&arena, cases[i].gate, cases[i].ours, cases[i].theirs);
        if (gate.state != cases[i].state)
            fail_msg("case %zu: %s: %s", i, assay_requirement_state_name(gate.state), gate.why);
    }
    assert_false(assay_requirement_passes(ASSAY_ERROR));
    assert_false(assay_requirement_passes(ASSAY_MISSING));
    assert_false(assay_requirement_passes(ASSAY_UNSATISFIED));
    assay_arena_free(&arena);
}

/* Every kind of gate has something that it blocks. */
static void t23_every_kind(void **state)
{
    struct assay_arena arena = {0};
    struct assay_error err = {0};
    struct policy policy;
    struct version_metric ours[] = {
        {"m", 0.90},        {"slice/a/auc", 0.80}, {"slice/a/n", 30}, {"slice/b/auc", 0.90},
        {"slice/b/n", 900}, {"psi", 0.09},         {"rows", 2000},    {"ref", 2000}};
    struct version_metric theirs[] = {{"m", 0.91},
                                      {"slice/a/auc", 0.85},
                                      {"slice/a/n", 30},
                                      {"slice/b/auc", 0.90},
                                      {"slice/b/n", 900}};
    struct version_sample many[12], few[12];
    struct version_dataset data[] = {{"train", "d1", "training"}, {"eval", "d2", "evaluation"}};
    struct version_dataset leaky[] = {{"train", "d2", "training"},
                                      {"eval", "d2", "evaluation"}};
    struct version_facts candidate = {.model = "f",
                                      .version = "2",
                                      .digest = "",
                                      .metrics = ours,
                                      .metric_count = ASSAY_COUNT(ours),
                                      .samples = many,
                                      .sample_count = 12,
                                      .datasets = leaky,
                                      .dataset_count = 2};
    struct version_facts champion = {.model = "f",
                                     .version = "1",
                                     .digest = "",
                                     .metrics = theirs,
                                     .metric_count = ASSAY_COUNT(theirs),
                                     .samples = few,
                                     .sample_count = 12,
                                     .datasets = data,
                                     .dataset_count = 2};
    const char *root = TEST_DATA;
    static const char *const seeds[] = {"1", "2", "3", "4",  "5",  "6",
                                        "7", "8", "9", "10", "11", "12"};
    static const struct {
        const char *gate;
        enum assay_requirement_state state;
    } cases[] = {
        {"kind = non-inferior\nmetric = m\nbetter = greater\nmargin = 0.005",
         ASSAY_UNSATISFIED},
        {"kind = non-inferior\nmetric = m\nbetter = greater\nmargin = 0.05", ASSAY_SATISFIED},
        {"kind = non-inferior\nmetric = m\nbetter = smaller", ASSAY_SATISFIED},
        {"kind = non-inferior\nmetric = x\nbetter = greater", ASSAY_MISSING},
        {"kind = slices\nprefix = slice/\nbetter = greater\nmargin = 0.01", ASSAY_UNSATISFIED},
        {"kind = slices\nprefix = slice/\nbetter = greater\nmargin = 0.1", ASSAY_SATISFIED},
        {"kind = slices\nprefix = slice/\nbetter = greater\nmargin = 0.1\nleast = 100",
         ASSAY_MISSING},
        {"kind = slices\nprefix = other/\nbetter = greater", ASSAY_MISSING},
        {"kind = drift\nmetric = psi\nrows = rows\nreference = ref", ASSAY_UNSATISFIED},
        {"kind = drift\nmetric = psi\nrows = rows\nreference = none", ASSAY_MISSING},
        {"kind = no-leakage", ASSAY_UNSATISFIED},
        {"kind = same-evaluation", ASSAY_SATISFIED},
        {"kind = command\ncommand = /bin/false", ASSAY_UNSATISFIED},
        {"kind = command\ncommand = /bin/true", ASSAY_SATISFIED},
        {"kind = command\ncommand = /nowhere/at/all", ASSAY_ERROR},
        {"kind = command\ncommand = /bin/sh -c", ASSAY_ERROR},
    };
    (void)state;
    candidate.roots = &root;
    candidate.root_count = 1;
    for (size_t i = 0; i < 12; i++) {
        few[i] = (struct version_sample){"m", seeds[i], 0.91 + 0.001 * (double)(i % 3)};
        many[i] = (struct version_sample){"m", seeds[i],
                                          few[i].value - 0.01 + 0.0005 * (double)(i % 2)};
    }
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct assay_buf whole = {0};
        struct gate_context context = {.candidate = &candidate,
                                       .champion = &champion,
                                       .target = "alias:x",
                                       .commands = true,
                                       .arena = &arena};
        assay_buf_format(&whole, "[policy]\nname = p\n[clause a]\ncount = 1\n[gate g]\n%s\n",
                         cases[i].gate);
        if (policy_parse(&policy, &arena, whole.data, whole.length, &err) != ASSAY_OK)
            fail_msg("%s", err.what);
        struct assay_gate_result gate = gate_run(&policy.gates[0], &context);
        if (gate.state != cases[i].state)
            fail_msg("case %zu: %s: %s", i, assay_requirement_state_name(gate.state), gate.why);
        assay_buf_free(&whole);
    }
    /* Three pairs cannot show anything; one run a side is no interval: said once, with why. */
    struct gate_context context = {
        .candidate = &candidate, .champion = &champion, .target = "alias:x", .arena = &arena};
    static const char text[] = "[policy]\nname = p\n[clause a]\ncount = 1\n[gate g]\nkind = "
                               "non-inferior\nmetric = m\nbetter = greater\nmargin = 1\n";
    assert_int_equal(policy_parse(&policy, &arena, text, sizeof text - 1, &err), ASSAY_OK);
    for (size_t runs = 1; runs <= 3; runs += 2) {
        candidate.sample_count = champion.sample_count = runs;
        struct assay_gate_result gate = gate_run(&policy.gates[0], &context);
        assert_int_equal(gate.state, ASSAY_MISSING);
        assert_int_equal(strncmp(gate.why, "no interval: ", 13), 0);
        assert_null(strstr(gate.why + 13, "no interval"));
    }
    assay_arena_free(&arena);
}

/* What the reference measured on equal distributions: the fixed bars of 0.1 and 0.25 are passed
   by chance with few rows, the null quantile is not. */
static void t23_drift_limit(void **state)
{
    (void)state;
    assert_true(gate_psi_limit(50, 50, 10) > 0.25);
    assert_true(gate_psi_limit(500, 500, 10) < 0.1);
    /* (1/n + 1/m) * 21.666 (chi-squared, 9 degrees of freedom, 99 %) */
    assert_true(fabs(gate_psi_limit(1000, 1000, 10) - 0.002 * 21.666) < 0.0005);
}

/* In a request: a gate that is not there, of another kind, or that calls itself overridden. */
static void t23_request(void **state)
{
    static const struct {
        const char *kind;
        enum assay_requirement_state state;
        enum assay_requirement_state becomes;
    } cases[] = {{"threshold", ASSAY_ERROR, ASSAY_ERROR},
                 {"threshold", ASSAY_MISSING, ASSAY_MISSING},
                 {"threshold", ASSAY_OVERRIDDEN, ASSAY_ERROR},
                 {"compare", ASSAY_SATISFIED, ASSAY_MISSING},
                 {NULL, ASSAY_SATISFIED, ASSAY_MISSING},
                 {"threshold", ASSAY_SATISFIED, ASSAY_SATISFIED}};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct paper p;
        paper_init(&p);
        paper_begin(&p, 1);
        paper_person(&p, "adm", "rex", "", "");
        paper_person(&p, "adm", "app", "approver", "");
        paper_policy(&p, "adm",
                     "[policy]\nname = prod\n[clause approver]\ncount = 1\n[gate g]\nkind = "
                     "threshold\nmetric = m\nat-least = 1\n");
        struct statement s = paper_request(&p, REQ, 1);
        struct assay_gate_result gate = {
            "g", cases[i].kind ? cases[i].kind : "", cases[i].state, "w", "", ""};
        s.request.gates = &gate;
        s.request.gate_count = cases[i].kind != NULL;
        paper_add(&p, "rex", &s);
        s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
        s.decision.gates_total = 1;
        paper_add(&p, "app", &s);
        assert_int_equal(paper_requirement(&p, REQ, "gate g")->state, cases[i].becomes);
        paper_expect(&p, REQ,
                     cases[i].becomes == ASSAY_SATISFIED ? ASSAY_STATE_APPROVED
                                                         : ASSAY_STATE_PENDING);
        paper_free(&p);
    }
}

/* Who approves has run the gates that everybody runs. Fails without vote_fault()'s look at how
   many that were. */
static void t23_not_run_by_the_voter(void **state)
{
#define COMMAND "[gate c]\nkind = command\ncommand = /bin/true\n"
    static const struct {
        const char *gates;
        size_t count;
        uint64_t ran;
        enum assay_request_state state;
    } cases[] = {{COMMAND, 1, 0, ASSAY_STATE_APPROVED},
                 {COMMAND "[gate g]\nkind = artifact-digest\n", 2, 0, ASSAY_STATE_PENDING},
                 {COMMAND "[gate g]\nkind = artifact-digest\n", 2, 1, ASSAY_STATE_APPROVED}};
    struct assay_gate_result found[] = {{"c", "command", ASSAY_SATISFIED, "w", "", ""},
                                        {"g", "artifact-digest", ASSAY_SATISFIED, "w", "", ""}};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct assay_buf text = {0};
        struct paper p;
        paper_init(&p);
        paper_begin(&p, 1);
        paper_person(&p, "adm", "rex", "", "");
        paper_person(&p, "adm", "app", "approver", "");
        assay_buf_format(&text, "[policy]\nname = prod\n[clause approver]\ncount = 1\n%s",
                         cases[i].gates);
        paper_policy(&p, "adm", assay_buf_text(&text));
        struct statement s = paper_request(&p, REQ, 1);
        s.request.gates = found;
        s.request.gate_count = cases[i].count;
        paper_add(&p, "rex", &s);
        s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
        s.decision.gates_total = cases[i].ran;
        paper_add(&p, "app", &s);
        paper_expect(&p, REQ, cases[i].state);
        assay_buf_free(&text);
        paper_free(&p);
    }
}

/* ---- T27: a registry that answers with anything. Fails without the bounds of json_parse() and
   registry.c's look at its own list of files. ---- */

static void t27_registry(void **state)
{
    struct store *store = NULL;
    struct assay_arena arena = {0};
    struct version_facts facts;
    struct assay_buf big = {0}, deep = {0};
    (void)state;
    assay_buf_text_add(&big, "{\"metrics\":[");
    for (int i = 0; i < 20000; i++)
        assay_buf_format(&big, "%s{\"key\":\"k%d\",\"value\":\"1\"}", i ? "," : "", i);
    assay_buf_text_add(&big, "]}");
    assay_buf_repeat(&deep, "[", 100000);
    const char *const hostile[][2] = {
        {"[]", big.data},
        {"[]", deep.data},
        {"[]", "{\"metrics\":[],\"metrics\":[]}"},
        {"[]", "{\"metrics\":1e999}"},
        {"[]", ""},
        {"{", "{}"},
        {"[{\"path\":\"../../etc/passwd\",\"sha256\":\"x\",\"bytes\":\"1\"}]", "{}"}};
    assert_int_equal(store_open(&store, world.store, STORE_LOCAL, false, NULL), ASSAY_OK);
    for (size_t i = 0; i < ASSAY_COUNT(hostile); i++) {
        char version[24];
        struct store_version row = {.model = "hostile",
                                    .run = "",
                                    .digest = "nothing",
                                    .files = hostile[i][0],
                                    .facts = hostile[i][1]};
        assert_int_equal(store_add_version(store, &row, NULL), ASSAY_OK);
        snprintf(version, sizeof version, "%lld", (long long)row.version);
        assert_int_equal(
            registry_platform.facts(store, &arena, "hostile", version, &facts, NULL),
            ASSAY_CORRUPT);
    }
    store_close(&store);
    assay_arena_free(&arena);
    assay_buf_free(&big);
    assay_buf_free(&deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worse_within_the_margin),
        cmocka_unit_test(t23_gates),
        cmocka_unit_test(t23_request),
        cmocka_unit_test(t23_not_run_by_the_voter),
        cmocka_unit_test(t23_every_kind),
        cmocka_unit_test(t23_drift_limit),
        cmocka_unit_test(t27_registry),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
