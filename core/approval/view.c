/*
 * What a ledger hands out (assay/approval.h): tables made of the fold, anew after each. Called
 * by ledger.c and by the front ends.
 */
#include "approval/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

/* ---- making them ---- */

static void make_people(struct assay_ledger *ledger)
{
    const struct people *people = &ledger->fold.people;
    struct assay_arena *arena = &ledger->view_arena;

    ledger->people = assay_arena_alloc(arena, (people->count + 1) * sizeof *ledger->people);
    ledger->people_count = people->count;
    for (size_t i = 0; i < people->count; i++) {
        const struct person *p = &people->items[i];
        struct assay_key_info *keys =
            assay_arena_alloc(arena, (p->key_count + 1) * sizeof *keys);
        for (size_t k = 0; k < p->key_count; k++)
            keys[k] = (struct assay_key_info){p->keys[k].fingerprint, p->keys[k].line,
                                              p->keys[k].hardware, p->keys[k].revoked};
        ledger->people[i] = (struct assay_person){
            .person = p->id,
            .name = p->name,
            .roles = p->roles.items,
            .role_count = p->roles.count,
            .accounts = p->accounts.items,
            .account_count = p->accounts.count,
            .keys = keys,
            .key_count = p->key_count,
            .me = ledger->me_known && strcmp(ledger->me, p->id) == 0,
        };
    }
}

static const char *evidence_of(struct assay_ledger *ledger, const struct policy *policy)
{
    struct assay_buf out = {0};

    for (size_t i = 0; i < policy->evidence_count; i++)
        assay_buf_format(&out, "%s%s", i ? ", " : "", policy->evidence[i].name);
    const char *text =
        assay_arena_strndup(&ledger->view_arena, assay_buf_text(&out), out.length);
    assay_buf_free(&out);
    return text;
}

static void make_policies(struct assay_ledger *ledger)
{
    const struct fold *fold = &ledger->fold;

    ledger->policies = assay_arena_alloc(&ledger->view_arena,
                                         (fold->policy_count + 1) * sizeof *ledger->policies);
    ledger->policy_count = fold->policy_count;
    for (size_t i = 0; i < fold->policy_count; i++) {
        const struct fold_policy *p = fold->policies[i];
        const struct statement_policy *s = &p->record->s.policy;
        ledger->policies[i] = (struct assay_policy_info){
            .name = s->name,
            .version = s->version,
            .digest = s->digest,
            .text = s->text,
            .author = p->record->s.person,
            .time_ms = p->record->s.time_ms,
            .in_force = fold_policy(fold, s->name) == p,
            .signed_by = p->signed_by,
            .needs = p->needs,
            .targets = p->parsed ? p->policy.targets : "",
            .evidence = p->parsed ? evidence_of(ledger, &p->policy) : "",
        };
    }
}

static const char *describe(struct assay_ledger *ledger, const struct statement *s)
{
    struct assay_buf out = {0};
    static const char *const phases[] = {"begins to apply", "applied", "failed to apply"};

    switch (s->event) {
    case EVENT_LEDGER:
        assay_buf_format(&out, "begins the ledger \"%s\"", s->begin.name);
        break;
    case EVENT_SIGNER:
        assay_buf_format(&out, "%s %s",
                         s->signer.change == CHANGE_ADD ? "sets the person"
                                                        : "revokes a key of",
                         s->signer.person.person);
        break;
    case EVENT_POLICY:
        assay_buf_format(&out, "sets version %llu of the policy %s",
                         (unsigned long long)s->policy.version, s->policy.name);
        break;
    case EVENT_ENDORSE:
        assay_buf_format(&out, "signs under %.16s", s->endorsed);
        break;
    case EVENT_REQUEST:
        assay_buf_format(&out, "requests %s %s at %s, revision %llu: %s", s->request.model,
                         s->request.version, s->request.target,
                         (unsigned long long)s->request.revision, s->request.words);
        break;
    case EVENT_DECISION:
        assay_buf_format(&out, "%s%s%s", assay_verdict_name(s->decision.verdict),
                         s->decision.reason[0] ? ": " : "", s->decision.reason);
        break;
    case EVENT_APPLICATION:
        assay_buf_format(&out, "%s: %s to %s%s%s", phases[s->application.phase],
                         s->application.before[0] ? s->application.before : "nothing",
                         s->application.after, s->application.why[0] ? ": " : "",
                         s->application.why);
        break;
    }
    const char *text =
        assay_arena_strndup(&ledger->view_arena, assay_buf_text(&out), out.length);
    assay_buf_free(&out);
    return text;
}

static const char *request_of(const struct statement *s)
{
    return s->event == EVENT_REQUEST       ? s->request.id
           : s->event == EVENT_DECISION    ? s->decision.request
           : s->event == EVENT_APPLICATION ? s->application.request
                                           : "";
}

static const char *meaning_of(const struct statement *s)
{
    return s->event == EVENT_DECISION  ? assay_verdict_meaning(s->decision.verdict)
           : s->event == EVENT_REQUEST ? "authorship"
                                       : "responsibility";
}

/* Made when it is first asked for: it is long. */
size_t assay_ledger_log(const struct assay_ledger *constant,
                        const struct assay_log_entry **entries)
{
    struct assay_ledger *ledger = (struct assay_ledger *)(uintptr_t)constant;

    if (!ledger->log) {
        ledger->log =
            assay_arena_alloc(&ledger->view_arena, (ledger->count + 1) * sizeof *ledger->log);
        for (size_t i = 0; i < ledger->count; i++) {
            const struct record *r = &ledger->records[i];
            struct assay_log_entry *e = &ledger->log[i];
            *e = (struct assay_log_entry){.seq = r->seq,
                                          .digest = r->digest,
                                          .author = "",
                                          .author_name = "",
                                          .event = "unreadable",
                                          .what = r->fault,
                                          .request = "",
                                          .meaning = "",
                                          .time_ms = ASSAY_NO_TIME,
                                          .counts = ledger->fold.fates[i].counts};
            if (r->fault)
                continue;
            e->author = r->s.person;
            e->author_name = r->s.name;
            e->event = statement_event_name(r->s.event);
            e->what = describe(ledger, &r->s);
            e->request = request_of(&r->s);
            e->meaning = meaning_of(&r->s);
            e->time_ms = r->s.time_ms;
            e->is_signed = r->s.key[0] != '\0';
        }
    }
    *entries = ledger->log;
    return ledger->count;
}

void ledger_make_views(struct assay_ledger *ledger)
{
    assay_arena_free(&ledger->view_arena);
    ledger->log = NULL;
    make_people(ledger);
    make_policies(ledger);
}

/* ---- handing them out ---- */

struct assay_ledger_info assay_ledger_info(const struct assay_ledger *ledger)
{
    const struct record *begin = ledger->fold.begin;
    return (struct assay_ledger_info){
        .digest = begin ? begin->digest : "",
        .name = begin ? begin->s.begin.name : "",
        .place = ledger->path,
        .records = ledger->count,
        .witnessed = ledger->witnessed,
        .problems = ledger->fold.problem_count,
        .waiting = ledger->fold.pending_count,
    };
}

size_t assay_ledger_problems(const struct assay_ledger *ledger,
                             const struct assay_ledger_problem **problems)
{
    *problems = ledger->fold.problems;
    return ledger->fold.problem_count;
}

size_t assay_ledger_people(const struct assay_ledger *ledger,
                           const struct assay_person **people)
{
    *people = ledger->people;
    return ledger->people_count;
}

const struct assay_person *assay_ledger_person_of(const struct assay_ledger *ledger,
                                                  const char *account)
{
    const struct people *people = &ledger->fold.people;
    const struct person *person = people_by_account(people, account);

    /* The table was made of these, in their order. */
    return person ? &ledger->people[person - people->items] : NULL;
}

size_t assay_ledger_policies(const struct assay_ledger *ledger,
                             const struct assay_policy_info **policies)
{
    *policies = ledger->policies;
    return ledger->policy_count;
}

size_t assay_ledger_requests(const struct assay_ledger *ledger,
                             const struct assay_request *const **requests)
{
    *requests = ledger->fold.views;
    return ledger->fold.request_count;
}

#define REF_LEAST 4 /* digits of an id */

static bool names_request(const struct assay_request *request, const char *ref)
{
    const char *slash = strrchr(ref, '/');

    if (strlen(ref) >= REF_LEAST && strncmp(request->id, ref, strlen(ref)) == 0)
        return true;
    return slash && strlen(request->model) == (size_t)(slash - ref) &&
           strncmp(request->model, ref, (size_t)(slash - ref)) == 0 &&
           strcmp(request->version, slash + 1) == 0 && assay_request_open_state(request->state);
}

enum assay_status assay_ledger_find(const struct assay_ledger *ledger, const char *ref,
                                    const struct assay_request **out, struct assay_error *err)
{
    size_t found = 0;
    struct assay_buf names = {0};
    enum assay_status status = ASSAY_OK;

    *out = NULL;
    for (size_t i = 0; i < ledger->fold.request_count; i++) {
        const struct assay_request *request = ledger->fold.views[i];
        if (!names_request(request, ref))
            continue;
        *out = request;
        if (++found <= 10)
            assay_buf_format(&names, "%s%s (%s %s)", found > 1 ? ", " : "", request->id,
                             request->model, request->version);
    }
    if (found == 0) {
        status = strlen(ref) < REF_LEAST
                     ? assay_fail(err, ASSAY_BAD_INPUT,
                                  "\"%s\": a request is named by %d digits of its id at least, "
                                  "or as MODEL/VERSION where one is open",
                                  ref, REF_LEAST)
                     : assay_fail(err, ASSAY_BAD_INPUT, "%s: there is no such request", ref);
        assay_hint(err, "assay queue lists them");
    } else if (found > 1) {
        *out = NULL; /* nobody goes on with the one that was looked at last */
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s: could be %zu requests", ref, found);
        assay_hint(err, "%s", assay_buf_text(&names));
    }
    assay_buf_free(&names);
    return status;
}

/* ---- marks ---- */

enum assay_status assay_evidence_seen(struct assay_ledger *ledger, const char *digest,
                                      bool seen, struct assay_error *err)
{
    enum assay_status status = ledger_may_write(ledger, err);

    if (status == ASSAY_OK)
        status = store_set_seen(ledger->store, digest, seen, assay_now_ms(), err);
    if (status == ASSAY_OK)
        status = ledger_read(ledger, assay_now_ms(), NULL, err);
    return status;
}

void assay_evidence_mark(struct assay_ledger *ledger, const char *digest)
{
    (void)ledger_take_seen(ledger, digest);
    for (size_t i = 0; i < ledger->fold.request_count; i++) {
        const struct statement_request *bound = ledger->fold.requests[i]->bound;
        for (size_t k = 0; k < bound->evidence_count; k++)
            if (strcmp(bound->evidence[k].digest, digest) == 0)
                bound->evidence[k].seen = true;
    }
}
