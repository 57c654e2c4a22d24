/*
 * Changing persons, keys and policies; registering model versions. Each is one record that an
 * owner signs; where a ledger asks for more owners, the next one who says the same thing signs
 * under it.
 */
#include "approval/ledger.h"

#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/text.h>

#include "approval/registry.h"
#include "approval/signer.h"

/* ---- persons ---- */

static void copy_texts(struct texts *out, struct assay_arena *arena, const char *const *items,
                       size_t count)
{
    out->items = assay_arena_alloc(arena, (count + 1) * sizeof *out->items);
    out->count = 0;
    for (size_t i = 0; i < count; i++)
        out->items[out->count++] = assay_arena_strdup(arena, items[i]);
}

/* The person as they will be. */
static enum assay_status build_person(const struct assay_ledger *ledger,
                                      const struct assay_person_change *change,
                                      struct assay_arena *arena, struct statement_person *out,
                                      struct assay_error *err)
{
    const struct person *old = people_find(&ledger->fold.people, change->person);
    struct pubkey *key = NULL;
    enum assay_status status = ASSAY_OK;

    *out = (struct statement_person){.person = change->person};
    if (!person_name_valid(change->person)) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: is no name of a person", change->person);
        assay_hint(err,
                   "small letters, digits and . _ - @ +, beginning with a letter or digit; "
                   "never a pattern");
        return ASSAY_BAD_INPUT;
    }
    out->name = change->name ? change->name : old ? old->name : change->person;
    if (change->roles)
        copy_texts(&out->roles, arena, change->roles, change->role_count);
    else if (old)
        out->roles = old->roles;
    if (change->accounts)
        copy_texts(&out->accounts, arena, change->accounts, change->account_count);
    else if (old)
        out->accounts = old->accounts;
    for (size_t i = 0; i < out->roles.count; i++)
        if (!person_name_valid(out->roles.items[i]))
            return assay_fail(err, ASSAY_BAD_INPUT, "%s: is no name of a role",
                              out->roles.items[i]);
    if (!change->key_file)
        return ASSAY_OK;
    key = assay_alloc(sizeof *key);
    status = pubkey_read(key, change->key_file, err);
    if (status == ASSAY_OK) {
        const char *line = pubkey_line(key, arena);
        copy_texts(&out->keys, arena, &line, 1);
    }
    free(key);
    return status;
}

/* Whether somebody can still change persons and policies without PERSON, or, where KEY is not
   NULL, without that key of theirs. */
static bool owner_stays(const struct assay_ledger *ledger, const char *person, const char *key)
{
    const struct people *people = &ledger->fold.people;

    for (size_t i = 0; i < people->count; i++) {
        const struct person *p = &people->items[i];
        const bool gone = strcmp(p->id, person) == 0;
        for (size_t k = 0; k < p->key_count && texts_has(&p->roles, ROLE_OWNER); k++)
            if (!p->keys[k].revoked &&
                !(gone && (!key || strcmp(p->keys[k].fingerprint, key) == 0)))
                return true;
    }
    return false;
}

static enum assay_status last_owner(const char *person, struct assay_error *err)
{
    assay_fail(err, ASSAY_NO, "%s: nobody else could change persons and policies then", person);
    assay_hint(err, "another owner first: assay keys add PERSON --key FILE.pub --role "
                    "policy-owner");
    return ASSAY_NO;
}

static const char *subject_digest(struct assay_arena *arena, const char *text)
{
    char digest[ASSAY_SHA256_TEXT];
    return assay_arena_strdup(arena, assay_sha256(digest, text, strlen(text)));
}

/* The first record of a ledger, signed by the person it names as owner. */
static enum assay_status begin_ledger(struct assay_ledger *ledger,
                                      struct statement_person *person,
                                      struct assay_arena *arena, struct assay_error *err)
{
    char fingerprint[FINGERPRINT_SIZE];
    struct pubkey *key = assay_alloc(sizeof *key);
    struct statement s = {.event = EVENT_LEDGER, .role = ROLE_OWNER};
    enum assay_status status = ASSAY_OK;

    if (person->keys.count == 0) {
        status = assay_fail(err, ASSAY_BAD_INPUT, "the first person of a ledger needs a key");
        assay_hint(err, "assay keys add %s --name \"...\" --key ~/.ssh/ID.pub", person->person);
        goto done;
    }
    if (!texts_has(&person->roles, ROLE_OWNER)) {
        struct texts roles = person->roles;
        person->roles.items = assay_arena_alloc(arena, (roles.count + 1) * sizeof(char *));
        person->roles.count = 0;
        person->roles.items[person->roles.count++] = ROLE_OWNER;
        for (size_t i = 0; i < roles.count; i++)
            person->roles.items[person->roles.count++] = roles.items[i];
    }
    (void)pubkey_parse(key, person->keys.items[0], NULL);
    pubkey_fingerprint(fingerprint, key->blob, key->blob_length);
    ledger->me = assay_arena_strdup(&ledger->me_arena, person->person);
    ledger->my_name = assay_arena_strdup(&ledger->me_arena, person->name);
    ledger->my_line = assay_arena_strdup(&ledger->me_arena, person->keys.items[0]);
    ledger->my_key = assay_arena_strdup(&ledger->me_arena, fingerprint);
    ledger->me_known = true;
    s.begin = (struct statement_ledger){
        .name = "assay", .owners = 1, .persons = person, .person_count = 1};
    s.subject = "ledger";
    s.subject_digest = subject_digest(arena, person->keys.items[0]);
    status = ledger_append(ledger, &s, err);
    if (status != ASSAY_OK) {
        ledger->me_known = false;
        ledger->me = "";
    }
done:
    free(key);
    return status;
}

/* A change that says the same already waits for owners: sign under it. */
static const struct record *waiting_twin(const struct assay_ledger *ledger,
                                         const struct statement *s)
{
    struct assay_buf wanted = {0}, other = {0};
    const struct record *found = NULL;

    for (size_t i = 0; i < ledger->fold.pending_count && !found; i++) {
        const struct record *record = ledger->fold.pending[i];
        struct statement a = *s, b = record->s;
        if (b.event != s->event || strcmp(record->s.person, ledger->me) == 0)
            continue;
        /* The same but for who says it, and when. */
        a.person = a.name = a.role = a.key = a.device = a.ledger = a.previous = a.nonce =
            a.host = a.user = a.terminal = "";
        b.person = b.name = b.role = b.key = b.device = b.ledger = b.previous = b.nonce =
            b.host = b.user = b.terminal = "";
        a.number = b.number = 0;
        a.seen_count = b.seen_count = 0;
        a.time_ms = b.time_ms = 0;
        assay_buf_reset(&wanted);
        assay_buf_reset(&other);
        if (statement_write(&wanted, &a, NULL) == ASSAY_OK &&
            statement_write(&other, &b, NULL) == ASSAY_OK && wanted.length == other.length &&
            memcmp(wanted.data, other.data, wanted.length) == 0)
            found = record;
    }
    assay_buf_free(&wanted);
    assay_buf_free(&other);
    return found;
}

static enum assay_status append_change(struct assay_ledger *ledger, struct statement *s,
                                       struct assay_error *err)
{
    const struct record *twin = waiting_twin(ledger, s);
    struct statement endorse = {.event = EVENT_ENDORSE, .role = ROLE_OWNER};

    if (!twin)
        return ledger_append(ledger, s, err);
    endorse.endorsed = twin->digest;
    endorse.subject = "record";
    endorse.subject_digest = twin->digest;
    return ledger_append(ledger, &endorse, err);
}

enum assay_status assay_person_set(struct assay_ledger *ledger,
                                   const struct assay_person_change *change,
                                   struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct statement s = {.event = EVENT_SIGNER, .role = ROLE_OWNER};
    struct statement_person person;
    enum assay_status status = ASSAY_OK;

    if (ledger->read_only || !ledger->store)
        return assay_fail(err, ASSAY_IO, "the ledger was opened to be read only");
    if (ledger->fold.begin)
        status = ledger_need_me(ledger, err);
    if (status == ASSAY_OK)
        status = build_person(ledger, change, &arena, &person, err);
    if (status == ASSAY_OK && !ledger->fold.begin && ledger->count > 0)
        status = assay_fail(err, ASSAY_CORRUPT,
                            "the store holds records and no ledger: it is "
                            "damaged");
    if (status == ASSAY_OK && !ledger->fold.begin) {
        status = begin_ledger(ledger, &person, &arena, err);
    } else if (status == ASSAY_OK && !texts_has(&person.roles, ROLE_OWNER) &&
               !owner_stays(ledger, person.person, NULL)) {
        status = last_owner(person.person, err);
    } else if (status == ASSAY_OK) {
        s.signer = (struct statement_signer){.change = CHANGE_ADD, .person = person, .key = ""};
        s.subject = person.person;
        s.subject_digest =
            subject_digest(&arena, person.keys.count ? person.keys.items[0] : person.person);
        status = append_change(ledger, &s, err);
    }
    assay_arena_free(&arena);
    return status;
}

/* Fills HEADS with the last record of each of PERSON's chains that still counts: of those that
   are here, or of the first AFTER rows where that is not negative. The rows are in the order in
   which they came here, so that nothing dated back gets among them. Returns how many. */
static size_t what_stands(const struct assay_ledger *ledger, const char *person, int64_t after,
                          struct statement_head *heads)
{
    size_t count = 0;

    for (size_t i = 0; i < ledger->count; i++) {
        const struct record *r = &ledger->records[i];
        size_t at = 0;
        if (r->fault || strcmp(r->s.person, person) != 0 || r->s.key[0] == '\0' ||
            !ledger->fold.fates[i].authentic || (after >= 0 && r->seq > (size_t)after))
            continue;
        while (at < count && strcmp(heads[at].chain, r->chain) != 0)
            at++;
        if (at == STATEMENT_LIST_MAX || (at < count && heads[at].number > r->s.number))
            continue;
        heads[at] = (struct statement_head){r->chain, r->s.number, r->digest};
        count = at == count ? count + 1 : count;
    }
    return count;
}

enum assay_status assay_key_revoke(struct assay_ledger *ledger, const char *person,
                                   const char *fingerprint, int64_t after,
                                   struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct statement s = {.event = EVENT_SIGNER, .role = ROLE_OWNER};
    struct statement_head *heads;
    enum assay_status status = ledger_need_me(ledger, err);

    if (status != ASSAY_OK)
        return status;
    const struct person *found = people_find(&ledger->fold.people, person);
    if (!found || !person_find_key(found, fingerprint))
        return assay_fail(err, ASSAY_BAD_INPUT, "%s has no key %s", person, fingerprint);
    if (!owner_stays(ledger, person, fingerprint))
        return last_owner(person, err);
    if (after > (int64_t)ledger->count) {
        assay_fail(err, ASSAY_BAD_INPUT, "after %lld: the log here has %zu records",
                   (long long)after, ledger->count);
        assay_hint(err, "`assay audit log` numbers them");
        return ASSAY_BAD_INPUT;
    }
    heads = assay_arena_alloc(&arena, STATEMENT_LIST_MAX * sizeof *heads);
    const size_t count = what_stands(ledger, found->id, after, heads);
    s.signer = (struct statement_signer){
        .change = CHANGE_REVOKE,
        .person = {.person = found->id, .name = found->name},
        .key = fingerprint,
        .after = heads,
        .after_count = count,
    };
    s.subject = found->id;
    s.subject_digest = subject_digest(&arena, fingerprint);
    status = append_change(ledger, &s, err);
    assay_arena_free(&arena);
    return status;
}

/* ---- policies ---- */

enum assay_status assay_policy_set(struct assay_ledger *ledger, const char *text, size_t length,
                                   struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct statement s = {.event = EVENT_POLICY, .role = ROLE_OWNER};
    struct policy policy;
    char digest[ASSAY_SHA256_TEXT];
    enum assay_status status = ledger_need_me(ledger, err);

    if (status == ASSAY_OK)
        status = policy_parse(&policy, &arena, text, length, err);
    if (status == ASSAY_OK) {
        const struct fold_policy *old = fold_policy(&ledger->fold, policy.name);
        const struct statement_policy *before = old ? &old->record->s.policy : NULL;
        assay_sha256(digest, text, length);
        if (before && strcmp(before->digest, digest) == 0)
            status = assay_fail(err, ASSAY_BAD_INPUT,
                                "the policy %s has this very text already (version %llu)",
                                policy.name, (unsigned long long)before->version);
        s.policy = (struct statement_policy){
            .name = policy.name,
            .version = before ? before->version + 1 : 1,
            .previous = before ? before->digest : "",
            .digest = digest,
            .text = assay_arena_strndup(&arena, text, length),
        };
        s.subject = policy.name;
        s.subject_digest = digest;
    }
    if (status == ASSAY_OK)
        status = append_change(ledger, &s, err);
    assay_arena_free(&arena);
    return status;
}

/* ---- the registry ---- */

enum assay_status assay_model_register(struct assay_ledger *ledger,
                                       const struct assay_registration *registration,
                                       char version[24], struct assay_error *err)
{
    const char *me = "", *user = getenv("USER");

    version[0] = '\0';
    if (ledger->read_only || !ledger->store)
        return assay_fail(err, ASSAY_IO, "the ledger was opened to be read only");
    /* Somebody known where the agent says so; else the account, to be mapped to a person. */
    if (assay_ledger_me(ledger, &me, NULL) != ASSAY_OK || !me[0])
        me = user && *user ? user : "unknown";
    return registry_add(ledger->store, registration, me, version, err);
}
