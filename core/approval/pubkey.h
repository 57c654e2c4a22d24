/*
 * Public keys as OpenSSH writes them ("ssh-ed25519 AAAA… comment"), their fingerprints, and
 * names of persons as they may stand in an allowed_signers file: no patterns, ever.
 */
#ifndef CORE_APPROVAL_PUBKEY_H
#define CORE_APPROVAL_PUBKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/error.h>
#include <assay/memory.h>

#define PUBKEY_BLOB_MAX   4096
#define FINGERPRINT_SIZE  64 /* "SHA256:" and 43 characters, and room */
#define PUBKEY_PERSON_MAX 64

struct pubkey {
    char type[64];
    uint8_t blob[PUBKEY_BLOB_MAX]; /* as in the wire format */
    size_t blob_length;
};

/* Reads "TYPE BASE64 [COMMENT]". Types we cannot verify are refused; certificates are. */
enum assay_status pubkey_parse(struct pubkey *out, const char *line, struct assay_error *err);
/* The first key in the file PATH. */
enum assay_status pubkey_read(struct pubkey *out, const char *path, struct assay_error *err);
/* "TYPE BASE64", as it stands in statements; in ARENA. */
const char *pubkey_line(const struct pubkey *key, struct assay_arena *arena);
/* "SHA256:…" of a key's blob, as ssh-keygen -l prints it. */
char *pubkey_fingerprint(char out[FINGERPRINT_SIZE], const uint8_t *blob, size_t length);
bool pubkey_hardware(const char *type); /* an sk- key */

/* Whether TEXT can name a person: lower-case letters, digits, '.', '_', '-', '@', '+'; begins
   with a letter or digit; at most 64 bytes. Nothing in it is a pattern or a separator. */
bool person_name_valid(const char *text);

/* One line of an allowed_signers file. A line with a pattern, a list of principals or an option
   other than namespaces= is an error: it would let one key speak for others. */
struct allowed_line {
    char person[PUBKEY_PERSON_MAX + 1];
    struct pubkey key;
};
/* Calls FN for each line of TEXT; a principal with the same key twice is an error. */
enum assay_status allowed_signers_parse(const char *text, size_t length, const char *name,
                                        bool (*fn)(void *context,
                                                   const struct allowed_line *line),
                                        void *context, struct assay_error *err);

/* Base64 without line ends. decode returns false where TEXT is none or does not fit. */
size_t base64_encode(char *out, const uint8_t *bytes, size_t length); /* 4*ceil(n/3)+1 */
bool base64_decode(uint8_t *out, size_t capacity, const char *text, size_t length,
                   size_t *out_length);

#endif
