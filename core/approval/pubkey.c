/*
 * Public keys of OpenSSH and the names of those who hold them (pubkey.h). Called by people.c,
 * signer.c and the export.
 */
#include "approval/pubkey.h"

#include <stdlib.h>
#include <string.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/sha256.h>

static const char *const known_types[] = {
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
};

/* ---- base64 ---- */

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(char *out, const uint8_t *bytes, size_t length)
{
    size_t at = 0;

    for (size_t i = 0; i < length; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= i + 1 < length ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= i + 2 < length ? (uint32_t)bytes[i + 2] : 0;
        out[at++] = alphabet[group >> 18];
        out[at++] = alphabet[group >> 12 & 63];
        out[at++] = i + 1 < length ? alphabet[group >> 6 & 63] : '=';
        out[at++] = i + 2 < length ? alphabet[group & 63] : '=';
    }
    out[at] = '\0';
    return at;
}

static int base64_digit(char c)
{
    const char *found = c != '\0' ? strchr(alphabet, c) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

bool base64_decode(uint8_t *out, size_t capacity, const char *text, size_t length,
                   size_t *out_length)
{
    size_t at = 0, padding = 0;

    if (length == 0 || length % 4 != 0)
        return false;
    while (padding < 2 && text[length - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < length; i += 4) {
        uint32_t group = 0;
        size_t digits = i + 4 == length ? 4 - padding : 4;
        for (size_t d = 0; d < 4; d++) {
            int digit = d < digits ? base64_digit(text[i + d]) : 0;
            if (digit < 0)
                return false;
            group = group << 6 | (uint32_t)digit;
        }
        /* Bits that no byte takes must be zero: one text for each value. */
        if ((digits == 3 && (group & 0xff) != 0) || (digits == 2 && (group & 0xffff) != 0))
            return false;
        if (at + digits - 1 > capacity)
            return false;
        for (size_t d = 0; d + 1 < digits; d++)
            out[at++] = (uint8_t)(group >> (16 - 8 * d));
    }
    *out_length = at;
    return true;
}

/* ---- keys ---- */

bool pubkey_hardware(const char *type)
{
    return strncmp(type, "sk-", 3) == 0;
}

static bool known_type(const char *type, size_t length)
{
    for (size_t i = 0; i < ASSAY_COUNT(known_types); i++)
        if (strlen(known_types[i]) == length && memcmp(known_types[i], type, length) == 0)
            return true;
    return false;
}

enum assay_status pubkey_parse(struct pubkey *out, const char *line, struct assay_error *err)
{
    line += strspn(line, " \t");
    const size_t type = strcspn(line, " \t\r\n");
    const char *data = line + type + strspn(line + type, " \t");
    const size_t length = strcspn(data, " \t\r\n");

    if (!known_type(line, type)) {
        assay_fail(err, ASSAY_BAD_INPUT, "key: %.*s is no type of key that can sign here",
                   type < 40 ? (int)type : 40, line);
        assay_hint(err, "give a public key file (ssh-ed25519, ecdsa, rsa, or their sk- kinds)");
        return ASSAY_BAD_INPUT;
    }
    memcpy(out->type, line, type);
    out->type[type] = '\0';
    if (!base64_decode(out->blob, sizeof out->blob, data, length, &out->blob_length))
        return assay_fail(err, ASSAY_BAD_INPUT, "key: its base64 is damaged or too long");
    /* The type stands inside as well. */
    const uint8_t *blob = out->blob;
    if (out->blob_length < 4 + type ||
        (size_t)((uint32_t)blob[0] << 24 | (uint32_t)blob[1] << 16 | (uint32_t)blob[2] << 8 |
                 blob[3]) != type ||
        memcmp(blob + 4, out->type, type) != 0)
        return assay_fail(err, ASSAY_BAD_INPUT, "key: it is of another type than it says");
    return ASSAY_OK;
}

enum assay_status pubkey_read(struct pubkey *out, const char *path, struct assay_error *err)
{
    char *bytes = NULL;
    size_t length = 0;
    enum assay_status status = assay_file_read(path, 65536, &bytes, &length, err);

    if (status == ASSAY_OK && strstr(bytes, "PRIVATE KEY")) {
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s: is a private key", path);
        assay_hint(err, "give the public half, which ends in .pub");
    }
    if (status == ASSAY_OK)
        status = pubkey_parse(out, bytes, err);
    if (bytes)
        explicit_bzero(bytes, length);
    free(bytes);
    return status;
}

const char *pubkey_line(const struct pubkey *key, struct assay_arena *arena)
{
    const size_t type = strlen(key->type);
    char *out = assay_arena_alloc(arena, type + 2 + (key->blob_length + 2) / 3 * 4 + 1);

    memcpy(out, key->type, type);
    out[type] = ' ';
    base64_encode(out + type + 1, key->blob, key->blob_length);
    return out;
}

char *pubkey_fingerprint(char out[FINGERPRINT_SIZE], const uint8_t *blob, size_t length)
{
    char text[ASSAY_SHA256_TEXT], base64[48];
    uint8_t digest[32];

    assay_sha256(text, blob, length);
    for (size_t i = 0; i < sizeof digest; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        digest[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    size_t count = base64_encode(base64, digest, sizeof digest);
    while (count > 0 && base64[count - 1] == '=')
        count--;
    memcpy(out, "SHA256:", 7);
    memcpy(out + 7, base64, count);
    out[7 + count] = '\0';
    return out;
}

bool person_name_valid(const char *text)
{
    const size_t length = text ? strlen(text) : 0;

    if (length == 0 || length > PUBKEY_PERSON_MAX ||
        !strchr("abcdefghijklmnopqrstuvwxyz0123456789", text[0]))
        return false;
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-@+") == length;
}

/* ---- allowed_signers ---- */

/* PERSON [namespaces="…"] TYPE BASE64 */
static enum assay_status parse_allowed(const char *line, struct allowed_line *out,
                                       struct assay_error *err)
{
    const size_t length = strcspn(line, " \t");

    if (length > PUBKEY_PERSON_MAX)
        return assay_fail(err, ASSAY_BAD_INPUT, "the person's name is too long");
    memcpy(out->person, line, length);
    out->person[length] = '\0';
    if (!person_name_valid(out->person)) {
        assay_fail(err, ASSAY_BAD_INPUT,
                   "\"%s\" is a pattern or a list, which would let a key speak for others",
                   out->person);
        assay_hint(err, "name one person a line");
        return ASSAY_BAD_INPUT;
    }
    line += length + strspn(line + length, " \t");
    if (strncmp(line, "namespaces=\"", 12) == 0) {
        const char *end = strchr(line + 12, '"');
        if (!end)
            return assay_fail(err, ASSAY_BAD_INPUT, "a quote that does not end");
        line = end + 1;
    }
    return pubkey_parse(&out->key, line, err);
}

enum assay_status allowed_signers_parse(const char *text, size_t length, const char *name,
                                        bool (*fn)(void *context,
                                                   const struct allowed_line *line),
                                        void *context, struct assay_error *err)
{
    struct assay_buf seen = {0}, mark = {0};
    struct allowed_line *line = assay_alloc(sizeof *line);
    enum assay_status status = ASSAY_OK;
    size_t number = 0;

    for (size_t at = 0; at < length && status == ASSAY_OK;) {
        const char *end = memchr(text + at, '\n', length - at);
        size_t count = end ? (size_t)(end - text) - at : length - at;
        char *copy = assay_strndup(text + at, count);
        struct assay_error why = {0};
        number++;
        at += count + 1;
        if (copy[strspn(copy, " \t\r")] != '\0' && copy[0] != '#') {
            char fingerprint[FINGERPRINT_SIZE];
            status = parse_allowed(copy, line, &why);
            assay_buf_reset(&mark);
            if (status == ASSAY_OK) {
                pubkey_fingerprint(fingerprint, line->key.blob, line->key.blob_length);
                assay_buf_format(&mark, "\n%s\n", fingerprint);
                if (strstr(assay_buf_text(&seen), assay_buf_text(&mark)))
                    status = assay_fail(&why, ASSAY_BAD_INPUT, "the same key twice");
            }
            assay_buf_add(&seen, assay_buf_text(&mark), mark.length);
            if (status != ASSAY_OK) {
                assay_fail(err, status, "%s:%zu: %s", name, number, why.what);
                if (why.hint[0])
                    assay_hint(err, "%s", why.hint);
            } else if (!fn(context, line)) {
                status = ASSAY_CANCELLED;
            }
        }
        free(copy);
    }
    free(line);
    assay_buf_free(&seen);
    assay_buf_free(&mark);
    return status == ASSAY_CANCELLED ? ASSAY_OK : status;
}
