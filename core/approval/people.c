/*
 * Persons and their keys (people.h). Called by the fold.
 */
#include "approval/people.h"

#include <stdlib.h>
#include <string.h>

#define PEOPLE_MAX 4096
#define KEYS_MAX   64

struct person *people_find(const struct people *people, const char *id)
{
    for (size_t i = 0; i < people->count; i++)
        if (strcmp(people->items[i].id, id) == 0)
            return &people->items[i];
    return NULL;
}

const struct person *people_by_account(const struct people *people, const char *account)
{
    for (size_t i = 0; i < people->count; i++)
        if (strcmp(people->items[i].id, account) == 0 ||
            texts_has(&people->items[i].accounts, account))
            return &people->items[i];
    return NULL;
}

struct person_key *person_find_key(const struct person *person, const char *fingerprint)
{
    for (size_t i = 0; i < person->key_count; i++)
        if (strcmp(person->keys[i].fingerprint, fingerprint) == 0)
            return &person->keys[i];
    return NULL;
}

static const char *add_key(struct people *people, struct person *person, const char *line)
{
    struct pubkey *key = assay_alloc(sizeof *key);
    char fingerprint[FINGERPRINT_SIZE];
    const char *why = NULL;

    if (pubkey_parse(key, line, NULL) != ASSAY_OK)
        why = "one of the keys cannot be read";
    else
        pubkey_fingerprint(fingerprint, key->blob, key->blob_length);
    for (size_t i = 0; !why && i < people->count; i++)
        if (&people->items[i] != person && person_find_key(&people->items[i], fingerprint))
            why = "the key belongs to another person";
    if (!why && person->key_count == KEYS_MAX)
        why = "too many keys";
    if (!why && !person_find_key(person, fingerprint)) {
        struct person_key *keys =
            assay_arena_alloc(people->arena, (person->key_count + 1) * sizeof *keys);
        if (person->key_count > 0)
            memcpy(keys, person->keys, person->key_count * sizeof *keys);
        keys[person->key_count++] = (struct person_key){
            .line = pubkey_line(key, people->arena),
            .fingerprint = assay_arena_strdup(people->arena, fingerprint),
            .hardware = pubkey_hardware(key->type),
        };
        person->keys = keys;
    }
    free(key);
    return why;
}

const char *people_add(struct people *people, const struct statement_person *change)
{
    struct person *person = people_find(people, change->person);
    struct person before = {0};
    const char *why = NULL;

    for (size_t i = 0; i < change->accounts.count; i++) {
        const struct person *owner = people_by_account(people, change->accounts.items[i]);
        if (owner && owner != person)
            return "one of the accounts belongs to another person";
    }
    if (person) {
        before = *person;
    } else {
        if (people->count == PEOPLE_MAX)
            return "too many persons";
        ASSAY_GROW(people->items, people->capacity, people->count + 1);
        person = &people->items[people->count++];
        *person = (struct person){.id = change->person};
    }
    for (size_t i = 0; !why && i < change->keys.count; i++)
        why = add_key(people, person, change->keys.items[i]);
    if (why) {
        if (before.id)
            *person = before;
        else
            people->count--;
        return why;
    }
    person->name = change->name;
    person->roles = change->roles;
    person->accounts = change->accounts;
    return NULL;
}

/* Of the heads that still counted, those that still do: never more than before. */
static void narrow(struct people *people, struct person_key *key,
                   const struct statement_signer *signer)
{
    struct statement_head *kept =
        assay_arena_alloc(people->arena, (key->after_count + 1) * sizeof *kept);
    size_t count = 0;

    for (size_t i = 0; i < key->after_count; i++) {
        struct statement_head head = key->after[i];
        bool stays = false;
        for (size_t k = 0; k < signer->after_count; k++) {
            if (strcmp(head.chain, signer->after[k].chain) != 0)
                continue;
            stays = true;
            if (signer->after[k].number < head.number)
                head = signer->after[k];
        }
        if (stays)
            kept[count++] = head;
    }
    key->after = kept;
    key->after_count = count;
}

const char *people_revoke(struct people *people, const struct statement_signer *signer)
{
    struct person *person = people_find(people, signer->person.person);
    struct person_key *key = person ? person_find_key(person, signer->key) : NULL;

    if (!key)
        return "there is no such key";
    if (key->revoked) {
        narrow(people, key, signer);
        return NULL;
    }
    key->revoked = true;
    key->after = signer->after;
    key->after_count = signer->after_count;
    return NULL;
}

bool person_key_allows(const struct person_key *key, const char *chain, uint64_t number)
{
    if (!key->revoked)
        return true;
    for (size_t i = 0; i < key->after_count; i++)
        if (strcmp(key->after[i].chain, chain) == 0 && number <= key->after[i].number)
            return true;
    return false;
}

void people_free(struct people *people)
{
    free(people->items);
    people->items = NULL;
    people->count = people->capacity = 0;
}
