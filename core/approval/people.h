/*
 * Persons at a point of the log: keys, roles, accounts. Built by the fold from ledger and
 * signer records. One key belongs to one person, one account to one person: what counts is
 * persons.
 */
#ifndef CORE_APPROVAL_PEOPLE_H
#define CORE_APPROVAL_PEOPLE_H

#include <assay/map.h>

#include "approval/statement.h"

struct person_key {
    const char *line, *fingerprint;
    bool hardware;
    bool revoked;
    const struct statement_head *after; /* revoked: what still counts */
    size_t after_count;
    size_t revocations; /* how many of the ledger's were looked at for it */
    uint32_t counter;   /* the highest seen of a hardware key */
};
struct person {
    const char *id, *name;
    struct texts roles, accounts;
    struct texts named_by; /* the owners whose signatures made them what they are now */
    struct person_key *keys;
    size_t key_count;
};
struct people {
    struct assay_arena *arena;
    struct person *items;
    size_t count, capacity;
};

/* Adds a person, or changes one: name and roles and accounts are replaced, keys added. Returns
   what is wrong, or NULL. */
const char *people_add(struct people *people, const struct statement_person *change);
/* A key that is revoked once more counts for what both let stand. */
const char *people_revoke(struct people *people, const struct statement_signer *signer);
struct person *people_find(const struct people *people, const char *id);
/* Whose account (or own name) it is; NULL: nobody's. */
const struct person *people_by_account(const struct people *people, const char *account);
struct person_key *person_find_key(const struct person *person, const char *fingerprint);
/* Whether a record CHAIN, NUMBER made with the key counts. */
bool person_key_allows(const struct person_key *key, const char *chain, uint64_t number);
void people_free(struct people *people);

#define ROLE_OWNER "policy-owner"

#endif
