/*
 * The part of the fold that takes changes of persons and policies (fold_private.h): what owners
 * say takes force when enough of them have signed it.
 */
#include "approval/fold_private.h"

#include <stdlib.h>
#include <string.h>

/* As many owners as any policy in force asks for: who alone could name persons could name more
   owners, or voters, and be all of them; who alone could set another policy could set one that
   is more exactly for the same. Never more than there are, so that the only one can go on. */
static size_t owners_of_policies(const struct fold *fold)
{
    size_t most = 0, owners = 0;

    for (size_t i = 0; i < fold->policy_count; i++) {
        const struct fold_policy *p = fold->policies[i];
        if (p->in_force && p->policy.owners > most &&
            fold_policy(fold, p->record->s.policy.name) == p)
            most = (size_t)p->policy.owners;
    }
    for (size_t i = 0; i < fold->people.count; i++)
        owners += texts_has(&fold->people.items[i].roles, ROLE_OWNER) ? 1 : 0;
    return most < owners ? most : owners;
}

static size_t owners_needed(const struct fold *fold, const struct record *record)
{
    const size_t most = owners_of_policies(fold);
    size_t needed = (size_t)fold->begin->s.begin.owners;

    if (most > needed)
        needed = most;
    if (record->s.event == EVENT_POLICY) {
        const struct fold_policy *old = fold_policy(fold, record->s.policy.name);
        if (old && old->policy.owners > needed)
            needed = (size_t)old->policy.owners;
    }
    return needed;
}

const struct fold_policy *fold_policy(const struct fold *fold, const char *name)
{
    const struct fold_policy *found = NULL;

    for (size_t i = 0; i < fold->policy_count; i++) {
        const struct fold_policy *p = fold->policies[i];
        if (p->in_force && strcmp(p->record->s.policy.name, name) == 0)
            found = p;
    }
    return found;
}

static uint32_t index_of(const struct fold *fold, const char *digest)
{
    return assay_map_get(&fold->record_index, digest, 64);
}

static void mark(uint32_t at, bool *past, uint32_t *todo, size_t *count)
{
    if (at == ASSAY_MAP_NONE || past[at])
        return;
    past[at] = true;
    todo[(*count)++] = at;
}

bool *fold_past(const struct fold *fold, const struct record *record)
{
    const struct record_links *links = &fold->links;
    const size_t room = fold->input->count + 1;
    bool *past = assay_alloc_array(room, sizeof *past);
    uint32_t *todo = assay_alloc_array(room, sizeof *todo);
    size_t count = 0;

    mark(index_of(fold, record->digest), past, todo, &count);
    while (count > 0) {
        const uint32_t at = todo[--count];
        for (size_t k = links->start[at]; k < links->start[at + 1]; k++)
            mark(links->to[k], past, todo, &count);
    }
    free(todo);
    return past;
}

const char *fold_outdated(struct fold *fold, const struct record *record,
                          const struct fold_request *request)
{
    const uint32_t asked = index_of(fold, request->revised->digest);
    const char *why = NULL;
    bool *mine = NULL;

    for (size_t i = 0; i < fold->policy_count && !why; i++) {
        struct fold_policy *p = fold->policies[i];
        if (!p->in_force || strcmp(p->policy.name, request->bound->policy) != 0 ||
            p->record->s.policy.version <= request->bound->policy_version)
            continue;
        if (!p->past)
            p->past = fold_past(fold, p->forced);
        if (p->past[asked])
            continue;
        if (!mine)
            mine = fold_past(fold, record);
        if (mine[index_of(fold, p->forced->digest)])
            why =
                fold_text(fold,
                          "came after version %llu of the policy %s, whose owner had not seen "
                          "the request: ask for it anew",
                          (unsigned long long)p->record->s.policy.version, p->policy.name);
    }
    free(mine);
    return why;
}

static void add_revocation(struct fold *fold, const struct statement_signer *signer)
{
    for (size_t i = 0; i < fold->revocation_count; i++)
        if (fold->revocations[i] == signer)
            return;
    ASSAY_GROW(fold->revocations, fold->revocation_capacity, fold->revocation_count + 1);
    fold->revocations[fold->revocation_count++] = signer;
}

/* A key that is revoked later in the order is revoked from the start, but for what the
   revocation lets stand: who stole it may not write "before" it. */
static void apply_revocations(struct fold *fold)
{
    for (size_t i = 0; i < fold->revocation_count; i++) {
        const struct statement_signer *r = fold->revocations[i];
        const struct person *person = people_find(&fold->people, r->person.person);
        struct person_key *key = person ? person_find_key(person, r->key) : NULL;
        if (!key || key->revocations > i)
            continue;
        key->revocations = i + 1;
        (void)people_revoke(&fold->people, r);
    }
}

static void name_person(struct fold *fold, const char *id, const char *const *signers,
                        size_t count)
{
    struct person *person = people_find(&fold->people, id);

    person->named_by = (struct texts){
        assay_arena_alloc(&fold->arena, (count + 1) * sizeof *person->named_by.items), count};
    memcpy(person->named_by.items, signers, count * sizeof *signers);
}

/* What RECORD says takes force with the record BY: itself, or the last endorsement; COUNT
   owners have signed it. */
static const char *take_force(struct fold *fold, const struct record *record,
                              const struct record *by, const char *const *signers, size_t count)
{
    const char *why = NULL;

    if (record->s.event == EVENT_SIGNER) {
        if (record->s.signer.change == CHANGE_ADD)
            why = people_add(&fold->people, &record->s.signer.person);
        else
            add_revocation(fold, &record->s.signer);
        if (!why && record->s.signer.change == CHANGE_ADD)
            name_person(fold, record->s.signer.person.person, signers, count);
        apply_revocations(fold);
        return why;
    }
    for (size_t i = 0; i < fold->policy_count; i++)
        if (fold->policies[i]->record == record) {
            fold->policies[i]->in_force = true;
            fold->policies[i]->forced = by;
        }
    return NULL;
}

static bool add_signer(const char **signers, size_t *count, const char *person)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(signers[i], person) == 0)
            return false;
    signers[(*count)++] = person;
    return true;
}

/* The policy record's own checks: newer than what is in force, its text readable. */
static const char *take_policy(struct fold *fold, const struct record *record)
{
    const struct statement_policy *s = &record->s.policy;
    const struct fold_policy *old = fold_policy(fold, s->name);
    struct fold_policy *policy;
    struct assay_error why = {0};

    if (s->version != (old ? old->record->s.policy.version + 1 : 1))
        return fold_text(fold, "version %llu of the policy %s does not follow version %llu",
                         (unsigned long long)s->version, s->name,
                         old ? (unsigned long long)old->record->s.policy.version : 0ull);
    if (strcmp(s->previous, old ? old->record->s.policy.digest : "") != 0)
        return "it does not name the policy it replaces";
    policy = assay_arena_alloc(&fold->arena, sizeof *policy);
    policy->record = record;
    policy->signers = assay_arena_alloc(&fold->arena, 256 * sizeof *policy->signers);
    if (policy_parse(&policy->policy, &fold->arena, s->text, strlen(s->text), &why) !=
            ASSAY_OK ||
        strcmp(policy->policy.name, s->name) != 0)
        return fold_text(fold, "its text is no policy: %s", why.what);
    policy->parsed = true;
    ASSAY_GROW(fold->policies, fold->policy_capacity, fold->policy_count + 1);
    fold->policies[fold->policy_count++] = policy;
    return NULL;
}

/* A change of persons or policies, by one owner; with the ledger's number of owners it takes
   force. */
const char *fold_take_change(struct fold *fold, const struct record *record)
{
    const struct person *person = people_find(&fold->people, record->s.person);
    const char *why = NULL;
    size_t count = 0;

    if (!texts_has(&person->roles, ROLE_OWNER))
        return "only a policy owner may say this";
    if (record->s.event == EVENT_POLICY)
        why = take_policy(fold, record);
    if (why)
        return why;
    const size_t needs = owners_needed(fold, record);
    const char **signers = assay_arena_alloc(&fold->arena, 257 * sizeof *signers);
    add_signer(signers, &count, record->s.person);
    if (record->s.event == EVENT_POLICY) {
        fold->policies[fold->policy_count - 1]->signed_by = 1;
        fold->policies[fold->policy_count - 1]->needs = needs;
    }
    if (count >= needs)
        return take_force(fold, record, record, signers, count);
    size_t capacity = fold->pending_capacity;
    ASSAY_GROW(fold->pending, capacity, fold->pending_count + 1);
    ASSAY_GROW(fold->pending_signers, fold->pending_capacity, fold->pending_count + 1);
    fold->pending[fold->pending_count] = record;
    fold->pending_signers[fold->pending_count++] = signers;
    return NULL;
}

const char *fold_take_endorse(struct fold *fold, const struct record *record)
{
    const struct person *person = people_find(&fold->people, record->s.person);

    if (!texts_has(&person->roles, ROLE_OWNER))
        return "only a policy owner may say this";
    for (size_t i = 0; i < fold->pending_count; i++) {
        const struct record *of = fold->pending[i];
        if (strcmp(of->digest, record->s.endorsed) != 0)
            continue;
        size_t count = 0;
        while (fold->pending_signers[i][count])
            count++;
        if (count == 256 || !add_signer(fold->pending_signers[i], &count, record->s.person))
            return "this person signed it already";
        for (size_t p = 0; p < fold->policy_count; p++)
            if (fold->policies[p]->record == of)
                fold->policies[p]->signed_by = count;
        if (count < owners_needed(fold, of))
            return NULL;
        /* Another version may have taken force meanwhile. */
        if (of->s.event == EVENT_POLICY) {
            const struct fold_policy *now = fold_policy(fold, of->s.policy.name);
            if (of->s.policy.version != (now ? now->record->s.policy.version + 1 : 1))
                return "a newer version of the policy is in force";
        }
        const char **signers = fold->pending_signers[i];
        fold->pending[i] = fold->pending[fold->pending_count - 1];
        fold->pending_signers[i] = fold->pending_signers[--fold->pending_count];
        return take_force(fold, of, record, signers, count);
    }
    return "there is no such change that waits";
}

const char *fold_take_begin(struct fold *fold, const struct record *record)
{
    const struct statement_ledger *begin = &record->s.begin;
    const char *why = NULL;
    size_t owners = 0;

    for (size_t i = 0; i < begin->person_count && !why; i++) {
        why = people_add(&fold->people, &begin->persons[i]);
        if (!why)
            name_person(fold, begin->persons[i].person, &record->s.person, 1);
        owners += texts_has(&begin->persons[i].roles, ROLE_OWNER) ? 1 : 0;
    }
    if (!why && owners < begin->owners)
        why = "it names fewer owners than it asks for";
    apply_revocations(fold);
    if (!why)
        why = fold_check_signer(fold, record);
    if (!why && !texts_has(&people_find(&fold->people, record->s.person)->roles, ROLE_OWNER))
        why = "its author is no owner";
    if (why)
        fold->people.count = 0;
    else
        fold->begin = record;
    return why;
}
