/* Every order of a few events, for several handfuls of events: after each prefix of each order
 * the fold says APPROVED where a judge who only counts on fingers says so, and nowhere else. The
 * judge shares no line with the fold: it is told what was done, in which order, and knows the
 * rules as docs/approvals.md words them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/paper.h"

#define REQ       "00000000000000aa"
#define MOVES_MAX 7

/* One validator and one approver; the next version asks for two approvers. con ran the training. */
#define POLICY(approvers, sections)                                                            \
    "[policy]\nname = prod\ntier = production\nexpires = 10d\n" sections                       \
    "[clause validator]\ncount = 1\n[clause approver]\ncount = " approvers "\n"                \
    "[break-glass]\nrole = breaker\nreview-within = 24h\n[delegation]\nallowed = yes\n"

static const char signed_only[] = POLICY("1", "");
static const char unsigned_too[] = POLICY("1", "unsigned = allowed\n");
static const char stricter[] = POLICY("2", "");

enum what {
    VOTE,        /* by the person, of the latest revision */
    REVISE,      /* by its author, under the policy then in force */
    POLICY_SEEN, /* a stricter version, by an owner who had seen the request */
    POLICY_BLIND,
    REVOKE_HERE, /* the person's first key: what it signed until now stands */
    REVOKE_ALL,  /* … nothing it ever signed does */
    DELEGATE,    /* the person hands the vote to dee */
};
struct move {
    enum what what;
    const char *person;
    enum assay_verdict verdict;
    bool second_key, bare; /* bare: without a signature */
};

/* ---- the judge ---- */

/* What the person NAME stands for when all of MOVES has happened. */
struct stand {
    bool yes, no, changes, handed_on;
};
struct judge {
    const struct move *const *moves;
    size_t count;
    bool bare_counts;
    size_t revision_at[MOVES_MAX + 1], revision;
    size_t asked_at; /* the move that made the latest revision; 0 the request itself */
    bool two;        /* the latest revision is under the stricter version */
};

/* Whether what move I signed is anything at all. */
static bool holds(const struct judge *j, size_t i)
{
    const struct move *m = j->moves[i];
    if (m->bare)
        return j->bare_counts;
    for (size_t k = 0; k < j->count && !m->second_key; k++) {
        const struct move *r = j->moves[k];
        if (r->what != REVOKE_HERE && r->what != REVOKE_ALL)
            continue;
        if (strcmp(r->person, m->person) == 0 && (r->what == REVOKE_ALL || k < i))
            return false;
    }
    return true;
}

/* Which revision each move found, and what version it is under. */
static void find_revisions(struct judge *j)
{
    bool stricter_now = false;
    j->revision = 1;
    for (size_t i = 0; i < j->count; i++) {
        const enum what what = j->moves[i]->what;
        stricter_now = stricter_now || what == POLICY_SEEN || what == POLICY_BLIND;
        if (what == REVISE) {
            j->revision++;
            j->asked_at = i + 1;
            j->two = stricter_now;
        }
        j->revision_at[i] = j->revision;
    }
}

/* Whether who signed move I knew a newer version, whose owner had not seen the revision. */
static bool outdated(const struct judge *j, size_t i)
{
    for (size_t k = j->asked_at; k < i; k++)
        if (j->moves[k]->what == POLICY_BLIND)
            return true;
    return false;
}

static struct stand stand_of(const struct judge *j, const char *name)
{
    struct stand s = {0};
    bool signed_one = false;
    for (size_t i = 0; i < j->count; i++) {
        const struct move *m = j->moves[i];
        if (strcmp(m->person, name) != 0 || !holds(j, i))
            continue;
        if (m->what == DELEGATE)
            s.handed_on = true;
        /* The latest takes the place of those before; a bare one that of none that is signed. */
        if (m->what != VOTE || m->verdict == ASSAY_OVERRIDE || (m->bare && signed_one))
            continue;
        signed_one = signed_one || !m->bare;
        const bool current = j->revision_at[i] == j->revision;
        s.yes = m->verdict == ASSAY_APPROVE && current && !outdated(j, i);
        s.no = m->verdict == ASSAY_REJECT && current;
        s.changes = m->verdict == ASSAY_REQUEST_CHANGES && current;
        if (m->verdict == ASSAY_WITHDRAW)
            s.handed_on = false;
    }
    return s;
}

static bool glass_broken(const struct judge *j)
{
    for (size_t i = 0; i < j->count; i++)
        if (j->moves[i]->what == VOTE && j->moves[i]->verdict == ASSAY_OVERRIDE &&
            strcmp(j->moves[i]->person, "brk") == 0 && holds(j, i) &&
            j->revision_at[i] == j->revision && !outdated(j, i))
            return true;
    return false;
}

/* Those who may count, and as what: rex asked for it, con ran the training, adm set the policy,
   and are none of them whatever roles they have; dee is an approver as long as app is none. */
static bool should_be_approved(struct judge *j, bool *by_quorum)
{
    static const char *const names[] = {"val", "app", "ann", "two", "dee"};
    static const bool validates[] = {true, false, false, true, false};
    const struct stand app = stand_of(j, "app");
    const bool approves[] = {false, !app.handed_on, true, true, app.handed_on};
    bool yes[5], bad = false;
    for (size_t i = 0; i < 5; i++) {
        const struct stand s = stand_of(j, names[i]);
        const bool has_say = validates[i] || approves[i];
        yes[i] = s.yes && has_say;
        bad = bad || (has_say && (s.no || s.changes));
    }
    *by_quorum = false;
    for (size_t v = 0; v < 5; v++) {
        size_t others = 0;
        for (size_t a = 0; a < 5; a++)
            others += a != v && yes[a] && approves[a];
        *by_quorum = *by_quorum || (yes[v] && validates[v] && others >= (j->two ? 2 : 1));
    }
    return !bad && (*by_quorum || glass_broken(j));
}

/* ---- the ledger ---- */

static const char *second(const char *person)
{
    return strcmp(person, "two") == 0 ? "two, at home" : "app, at home";
}

/* Persons as paper_person() names them, and with a second key those who have one. */
static void name(struct paper *p, const char *person, const char *roles, const char *accounts)
{
    char fingerprint[FINGERPRINT_SIZE];
    const size_t at = paper_person(p, "adm", person, roles, accounts);
    if (strcmp(person, "two") != 0 && strcmp(person, "app") != 0)
        return;
    struct statement s = {.event = EVENT_SIGNER, .signer = p->records[at].s.signer};
    const char *keys[] = {s.signer.person.keys.items[0],
                          paper_key(p, second(person), fingerprint)};
    s.signer.person.keys = (struct texts){keys, 2};
    paper_add(p, "adm", &s);
}

static void begin(struct paper *p, const char *policy)
{
    paper_init(p);
    paper_begin(p, 1);
    name(p, "rex", "approver validator", "rex-os");
    name(p, "val", "validator", "");
    name(p, "app", "approver", "");
    name(p, "ann", "approver", "");
    name(p, "two", "approver validator", "");
    name(p, "con", "approver validator", "con-os");
    name(p, "dee", "", "");
    name(p, "brk", "breaker", "");
    paper_policy(p, "adm", policy);
}

static void ask(struct paper *p, uint64_t revision)
{
    struct assay_fact fact = {.part = "run-owner", .account = "con-os"};
    struct statement s = paper_request(p, REQ, revision);
    s.request.lineage = &fact;
    s.request.lineage_count = 1;
    if (revision > 1)
        s.request.version = "19";
    paper_add(p, "rex", &s);
}

static void vote(struct paper *p, const struct move *m)
{
    const enum assay_verdict verdict = m->what == DELEGATE ? ASSAY_DELEGATE : m->verdict;
    struct statement s = paper_decision(p, REQ, verdict, "a reason");
    char fingerprint[FINGERPRINT_SIZE];
    /* Each key on a machine of its own, and so in a chain of its own. */
    p->device = m->second_key ? "00000002" : "00000001";
    if (m->what == DELEGATE) {
        s.decision.delegate = "dee";
        s.decision.until_ms = p->now_ms + PAPER_HOUR;
    }
    paper_head(p, m->person, &s);
    if (m->second_key) {
        paper_key(p, second(m->person), fingerprint);
        s.key = fingerprint;
    }
    if (m->bare) {
        /* Whose chain is another: only there is a place for it. */
        s.key = s.previous = "";
        s.number = 1;
        s.seen_count = 0;
    }
    p->now_ms += 1000;
    s.key = assay_arena_strdup(&p->arena, s.key);
    paper_add_as(p, &s);
    p->device = "00000001";
}

static void revoke(struct paper *p, const struct move *m)
{
    struct statement s = {.event = EVENT_SIGNER};
    char fingerprint[FINGERPRINT_SIZE];
    struct statement_head upto = {0};
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->records[i].s.person, m->person) == 0 &&
            strcmp(p->records[i].s.device, "00000001") == 0 && p->records[i].s.key[0] != '\0')
            upto = (struct statement_head){p->records[i].chain, p->records[i].s.number,
                                           p->records[i].digest};
    paper_key(p, m->person, fingerprint);
    s.signer = (struct statement_signer){
        .change = CHANGE_REVOKE,
        .person = {.person = m->person, .name = m->person},
        .key = fingerprint,
        .after = &upto,
        .after_count = m->what == REVOKE_HERE && upto.digest ? 1 : 0,
    };
    paper_add(p, "adm", &s);
}

static void set_policy(struct paper *p, bool blind)
{
    const size_t at = paper_policy(p, "adm", stricter);
    if (!blind)
        return;
    struct statement s = p->records[at].s;
    s.seen_count = 0;
    paper_drop(p, at);
    paper_add_as(p, &s);
}

static void play(struct paper *p, const struct move *m)
{
    switch (m->what) {
    case VOTE:
    case DELEGATE:
        vote(p, m);
        break;
    case REVISE:
        paper_fold(p);
        ask(p, fold_find(&p->fold, REQ)->bound->revision + 1);
        break;
    case POLICY_SEEN:
    case POLICY_BLIND:
        set_policy(p, m->what == POLICY_BLIND);
        break;
    case REVOKE_HERE:
    case REVOKE_ALL:
        revoke(p, m);
        break;
    }
}

/* ---- every order ---- */

struct handful {
    const char *policy;
    struct move moves[MOVES_MAX];
    size_t count;
};
struct walk {
    struct paper paper;
    const struct handful *of;
    const struct move *order[MOVES_MAX];
    bool used[MOVES_MAX];
    size_t seen, approved, by_glass;
};

static void say_order(const struct move *const *order, size_t count)
{
    static const char *const whats[] = {"vote",          "revision",         "policy",
                                        "blind policy",  "revoked here",     "revoked throughout",
                                        "hands on to dee"};
    for (size_t i = 0; i < count; i++)
        print_message("%s %s%s%s%s\n", order[i]->person, whats[order[i]->what],
                      order[i]->what == VOTE ? " " : "",
                      order[i]->what == VOTE ? assay_verdict_name(order[i]->verdict) : "",
                      order[i]->second_key ? " (second key)"
                      : order[i]->bare     ? " (unsigned)"
                                           : "");
}

static void compare(struct walk *w, size_t count)
{
    struct judge j = {
        .moves = w->order, .count = count, .bare_counts = w->of->policy == unsigned_too};
    const struct assay_request *r = paper_get(&w->paper, REQ);
    const bool approved = r->state == ASSAY_STATE_APPROVED;
    bool by_quorum;
    find_revisions(&j);
    const bool should = should_be_approved(&j, &by_quorum);
    w->seen++;
    w->approved += approved && by_quorum;
    w->by_glass += approved && !by_quorum;
    if (approved == should && (!approved || by_quorum || r->overridden) &&
        (r->have >= r->needed) == by_quorum)
        return;
    say_order(w->order, count);
    fail_msg("%s (%zu of %zu): %s; quorum %d, should be approved %d",
             assay_request_state_name(r->state), r->have, r->needed, r->why, by_quorum, should);
}

static void go_on(struct walk *w, size_t count)
{
    const size_t before = w->paper.count;
    const int64_t now_ms = w->paper.now_ms;
    compare(w, count);
    for (size_t i = 0; i < w->of->count; i++) {
        if (w->used[i])
            continue;
        w->used[i] = true;
        w->order[count] = &w->of->moves[i];
        play(&w->paper, w->order[count]);
        go_on(w, count + 1);
        w->paper.count = before;
        w->paper.now_ms = now_ms;
        w->used[i] = false;
    }
}

/* 1 + n + n (n - 1) + … sequences of at most COUNT. */
static size_t sequences(size_t count)
{
    size_t all = 1, of_length = 1;
    for (size_t i = 0; i < count; i++)
        all += of_length *= count - i;
    return all;
}

static void every_order_of(const struct handful *of, bool glass)
{
    struct walk w = {.of = of};
    begin(&w.paper, of->policy);
    ask(&w.paper, 1);
    go_on(&w, 0);
    assert_int_equal(w.seen, sequences(of->count));
    /* Where nothing is ever approved, nothing was looked at. */
    assert_true(w.approved + w.by_glass > 0);
    assert_true((w.by_glass > 0) == glass);
    paper_free(&w.paper);
}

#define YES(who)    {.what = VOTE, .person = who, .verdict = ASSAY_APPROVE}
#define SAYS(who, v) {.what = VOTE, .person = who, .verdict = ASSAY_##v}
#define AT_HOME(who) {.what = VOTE, .person = who, .verdict = ASSAY_APPROVE, .second_key = true}
#define BARE(who)    {.what = VOTE, .person = who, .verdict = ASSAY_APPROVE, .bare = true}
#define DOES(w, who) {.what = w, .person = who}

static void votes_taken_back(void **state)
{
    static const struct handful of = {signed_only,
                                      {YES("rex"), YES("val"), YES("app"), YES("two"),
                                       SAYS("val", WITHDRAW), SAYS("two", REJECT)},
                                      6};
    (void)state;
    every_order_of(&of, false);
}

static void revisions(void **state)
{
    static const struct handful of = {signed_only,
                                      {DOES(REVISE, "rex"), YES("val"), YES("val"), YES("app"),
                                       YES("app"), SAYS("ann", REQUEST_CHANGES)},
                                      6};
    (void)state;
    every_order_of(&of, false);
}

/* What is asked for stays under its version; what is revised comes under the one in force. */
static void versions_of_the_policy(void **state)
{
    static const struct handful seen = {signed_only,
                                        {DOES(POLICY_SEEN, "adm"), DOES(REVISE, "rex"),
                                         YES("val"), YES("app"), YES("ann"), YES("val")},
                                        6};
    static const struct handful blind = {signed_only,
                                         {DOES(POLICY_BLIND, "adm"), DOES(REVISE, "rex"),
                                          YES("val"), YES("app"), YES("ann"),
                                          SAYS("brk", OVERRIDE)},
                                         6};
    (void)state;
    every_order_of(&seen, false);
    every_order_of(&blind, true);
}

static void keys_revoked(void **state)
{
    static const struct handful of[] = {
        {signed_only,
         {DOES(REVOKE_HERE, "app"), YES("app"), AT_HOME("app"), YES("val"),
          SAYS("app", WITHDRAW), DOES(REVISE, "rex")},
         6},
        {signed_only,
         {DOES(REVOKE_ALL, "app"), YES("app"), AT_HOME("app"), YES("val"), YES("two"),
          SAYS("app", REJECT)},
         6},
        {signed_only,
         {DOES(REVOKE_ALL, "two"), DOES(REVOKE_HERE, "two"), YES("two"), AT_HOME("two"),
          YES("app"), YES("val")},
         6},
    };
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(of); i++)
        every_order_of(&of[i], false);
}

/* One person, whatever keys and roles, fills one place; who had a part fills none. */
static void persons_not_keys(void **state)
{
    static const struct handful of = {
        signed_only,
        {YES("two"), AT_HOME("two"), YES("con"), YES("rex"), YES("app"), BARE("val")},
        6};
    (void)state;
    every_order_of(&of, false);
}

static void unsigned_votes(void **state)
{
    static const struct handful of = {
        unsigned_too,
        {BARE("val"), YES("val"), SAYS("val", WITHDRAW), BARE("app"), BARE("con"),
         DOES(REVISE, "rex")},
        6};
    (void)state;
    every_order_of(&of, false);
}

static void delegations(void **state)
{
    static const struct handful of[] = {
        {signed_only,
         {DOES(DELEGATE, "app"), YES("app"), YES("dee"), YES("val"), SAYS("app", WITHDRAW),
          DOES(REVISE, "rex")},
         6},
        {signed_only,
         {DOES(DELEGATE, "app"), DOES(REVOKE_ALL, "app"), YES("dee"), YES("val"),
          AT_HOME("app"), DOES(POLICY_SEEN, "adm")},
         6},
    };
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(of); i++)
        every_order_of(&of[i], false);
}

static void broken_glass(void **state)
{
    static const struct handful of[] = {
        {signed_only,
         {SAYS("brk", OVERRIDE), SAYS("app", OVERRIDE), DOES(REVISE, "rex"),
          SAYS("val", REQUEST_CHANGES), YES("app"), DOES(REVOKE_ALL, "brk")},
         6},
        {signed_only,
         {SAYS("brk", OVERRIDE), SAYS("rex", OVERRIDE), SAYS("val", REJECT),
          SAYS("val", WITHDRAW), YES("brk"), DOES(REVOKE_HERE, "brk")},
         6},
    };
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(of); i++)
        every_order_of(&of[i], true);
}

/* A little of each. */
static void all_together(void **state)
{
    static const struct handful of = {signed_only,
                                      {YES("val"), YES("app"), AT_HOME("two"), YES("con"),
                                       DOES(REVISE, "rex"), DOES(POLICY_SEEN, "adm"),
                                       DOES(REVOKE_HERE, "app")},
                                      7};
    (void)state;
    every_order_of(&of, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(votes_taken_back), cmocka_unit_test(revisions),
        cmocka_unit_test(versions_of_the_policy), cmocka_unit_test(keys_revoked),
        cmocka_unit_test(persons_not_keys), cmocka_unit_test(unsigned_votes),
        cmocka_unit_test(delegations), cmocka_unit_test(broken_glass),
        cmocka_unit_test(all_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
