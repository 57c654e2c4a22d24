/*
 * Signatures of models as OpenSSF Model Signing makes them (`model_signing sign key`): a
 * sigstore bundle (JSON, v0.3) around a DSSE envelope, whose payload is an in-toto statement
 * that names every file of the model with its SHA-256. Pure; any thread.
 *
 * The formats: sigstore's bundle and DSSE by their specifications; the statement by the
 * documentation of model_signing (predicate https://model_signing/signature/v1.0). Read here:
 * one signature, by a key on P-256, P-384 or P-521, over files hashed whole with SHA-256. What
 * else there is (certificates, keyless, shards, BLAKE) is told, and passes nothing.
 */
#ifndef CORE_APPROVAL_MODEL_SIGNATURE_H
#define CORE_APPROVAL_MODEL_SIGNATURE_H

#include <assay/approval.h>
#include <assay/memory.h>

#include "approval/json.h"

#define MODEL_SIGNATURE_FILE "model.sig" /* where the tool puts it */
/* The longest signature that is looked at. */
#define MODEL_SIGNATURE_BYTES_MAX JSON_FOREIGN_BYTES_MAX
#define MODEL_KEY_POINT_MAX       133

struct model_key {
    int bits; /* of the curve */
    uint8_t point[MODEL_KEY_POINT_MAX];
    size_t point_length;
    char digest[ASSAY_SHA256_TEXT]; /* of the PEM file, as `sha256sum` prints it */
};
/* TEXT is what stands between the lines BEGIN and END PUBLIC KEY of a PEM file, on one line.
   False where it is no key on one of the three curves. */
bool model_key_parse(struct model_key *out, const char *text);

struct model_signature {
    const struct model_key *key;
    const char *name; /* of the file that BYTES are from, among FILES */
    const char *bytes;
    size_t length;
    const struct assay_model_file *files; /* sorted by path */
    size_t file_count;
    const char *ignore; /* files and folders that may be there unsigned: "a, b/c"; NULL none */
};
struct model_signature_answer {
    enum assay_requirement_state state; /* SATISFIED, UNSATISFIED or ERROR */
    const char *why;                    /* clean; in the arena */
};
/* Whether KEY signed exactly these files. The signature itself and git's own files (.git,
   .gitattributes, .github, .gitignore) are never signed; whatever else is not has to be in
   IGNORE, for who signed does not decide what needs no signature. */
struct model_signature_answer model_signature_check(const struct model_signature *what,
                                                    struct assay_arena *arena);
/* The second half alone, of a statement whose signature has been seen to hold: WHAT's bytes are
   the statement. */
struct model_signature_answer model_statement_check(const struct model_signature *what,
                                                    struct assay_arena *arena);

#endif
