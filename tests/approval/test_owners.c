/*
 * Who names the persons: one owner alone must not be able to fill a quorum with persons of
 * their own where a policy asks for two owners, and where it does not, it is seen of the
 * request.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "approval/fold.h"
#include "support/paper.h"

#define REQ "0123456789abcdef"

static const char two_owners[] =
    "[policy]\nname = prod\nowners = 2\n[clause validator]\ncount = 1\n[clause approver]\n"
    "count = 1\n[separation]\nexclude = requester, run-owner\n";
static const char one_owner[] =
    "[policy]\nname = prod\n[clause validator]\ncount = 1\n[clause approver]\n"
    "count = 1\n[separation]\nexclude = requester, run-owner\n";

static void begin(struct paper *p, const char *policy)
{
    paper_init(p);
    paper_begin(p, 1);
    paper_person(p, "adm", "rex", "", "rex-os");
    paper_person(p, "adm", "val", "validator", "");
    paper_person(p, "adm", "second", "policy-owner", "");
    paper_policy(p, "adm", policy);
}

static const struct person *known(struct paper *p, const char *person)
{
    paper_fold(p);
    return people_find(&p->fold.people, person);
}

static void endorse(struct paper *p, const char *owner, size_t record)
{
    struct statement s = {.event = EVENT_ENDORSE};
    s.endorsed = p->records[record].digest;
    paper_add(p, owner, &s);
}

/* What changes who may vote, or who may change policies, asks for as many owners as the policy.
   Fails without owners_of_policies(). */
static void t9_persons_of_ones_own(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, two_owners);
    size_t voter = paper_person(&p, "adm", "pup", "approver", "");
    size_t owner = paper_person(&p, "adm", "pup2", "policy-owner", "");
    assert_null(known(&p, "pup"));
    assert_null(known(&p, "pup2"));
    endorse(&p, "second", voter);
    assert_non_null(known(&p, "pup"));
    assert_int_equal(known(&p, "pup")->named_by.count, 2);
    assert_null(known(&p, "pup2"));
    endorse(&p, "second", owner);
    assert_non_null(known(&p, "pup2"));
    paper_free(&p);
}

/* A policy of another name can be more exactly for the same model: it is no way around the
   owners that the first one asks for. */
static void t11_another_policy(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, two_owners);
    static const char text[] = "[policy]\nname = mine\nmodels = fraud\ntargets = "
                               "alias:champion\n[clause validator]\ncount = 1\n";
    char digest[ASSAY_SHA256_TEXT];
    struct statement s = {.event = EVENT_POLICY};
    s.policy = (struct statement_policy){.name = "mine",
                                         .version = 1,
                                         .previous = "",
                                         .digest = assay_sha256(digest, text, strlen(text)),
                                         .text = text};
    size_t other = paper_add(&p, "adm", &s);
    paper_fold(&p);
    assert_null(fold_policy(&p.fold, "mine"));
    endorse(&p, "second", other);
    paper_fold(&p);
    assert_non_null(fold_policy(&p.fold, "mine"));
    paper_free(&p);
}

/* Somebody who is the only owner goes on alone: else nobody could name a second one. */
static void only_one_owner(void **state)
{
    struct paper p;
    (void)state;
    paper_init(&p);
    paper_begin(&p, 1);
    paper_policy(&p, "adm", two_owners);
    paper_person(&p, "adm", "second", "policy-owner", "");
    assert_non_null(known(&p, "second"));
    paper_person(&p, "adm", "val", "validator", "");
    assert_null(known(&p, "val"));
    paper_free(&p);
}

static const struct assay_requirement *independence(struct paper *p)
{
    const struct assay_request *r = paper_get(p, REQ);
    for (size_t i = 0; i < r->requirement_count; i++)
        if (strcmp(r->requirements[i].name, "independence") == 0)
            return &r->requirements[i];
    return NULL;
}

/* The owner votes beside a person whom they named alone: both count, and everybody sees it.
   Fails without fold_named_by_one(). */
static void t9_seen_of_the_request(void **state)
{
    struct paper p;
    (void)state;
    begin(&p, one_owner);
    paper_person(&p, "adm", "adm", "policy-owner approver", "");
    paper_person(&p, "adm", "app", "approver", "");
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    assert_null(independence(&p)); /* who named them has no part in it */
    paper_vote(&p, "app", REQ, ASSAY_WITHDRAW);
    paper_vote(&p, "adm", REQ, ASSAY_APPROVE);
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    assert_non_null(independence(&p));
    assert_string_equal(independence(&p)->why,
                        "val was named by adm alone, who approved it too");
    paper_free(&p);
    begin(&p, one_owner);
    paper_person(&p, "adm", "app", "approver", "");
    paper_ask(&p, "adm", REQ);
    paper_vote(&p, "val", REQ, ASSAY_APPROVE);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    assert_non_null(independence(&p));
    assert_non_null(strstr(independence(&p)->why, "who requested it"));
    paper_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t9_persons_of_ones_own),
        cmocka_unit_test(t11_another_policy),
        cmocka_unit_test(only_one_owner),
        cmocka_unit_test(t9_seen_of_the_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
