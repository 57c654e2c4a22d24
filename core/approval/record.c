/*
 * Reading one record and checking its signature (record.h). Called by ledger.c, sync.c and
 * bundle.c for whatever bytes they were given.
 */
#include "approval/record.h"

#include <string.h>

#include "approval/sshsig.h"

void record_read(struct record *record, struct json_doc *doc, struct assay_arena *arena)
{
    char digest[ASSAY_SHA256_TEXT];
    struct assay_error why = {0};

    assay_sha256(digest, record->bytes, record->length);
    if (record->digest && strcmp(digest, record->digest) != 0) {
        record->fault = "its bytes are not those it was stored under";
        return;
    }
    if (!record->digest)
        record->digest = assay_arena_strdup(arena, digest);
    if (statement_parse(&record->s, doc, arena, record->bytes, record->length, "record",
                        &why) != ASSAY_OK) {
        record->fault = assay_arena_strdup(arena, why.what);
        return;
    }
    record->chain = statement_chain(&record->s, arena);
    record->signed_by = "";
}

void record_check(struct record *record, struct assay_arena *arena)
{
    struct sshsig_facts facts;
    struct assay_error why = {0};

    if (record->fault || record->checked != SIGNATURE_UNCHECKED)
        return;
    if (record->signature_length == 0) {
        record->checked = SIGNATURE_NONE;
        return;
    }
    if (sshsig_check(record->signature, record->signature_length,
                     statement_space(record->s.event), record->bytes, record->length, &facts,
                     &why) != ASSAY_OK) {
        record->checked = SIGNATURE_FAILS;
        record->signature_why = assay_arena_strdup(arena, why.what);
        return;
    }
    record->checked = SIGNATURE_HOLDS;
    record->signed_by = assay_arena_strdup(arena, facts.fingerprint);
    record->hardware = facts.hardware;
    record->touched = facts.touched;
    record->pin = facts.pin;
    record->counter = facts.counter;
}
