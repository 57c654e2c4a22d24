/*
 * Reading and checking OpenSSH's signatures (sshsig.h), with nettle. The format is described in
 * OpenSSH's PROTOCOL.sshsig and PROTOCOL.u2f. Called for every record of a ledger.
 */
#include "approval/sshsig.h"

#include <stdlib.h>
#include <string.h>

#include <gmp.h>
#include <nettle/bignum.h>
#include <nettle/eddsa.h>
#include <nettle/rsa.h>
#include <nettle/sha2.h>

#include <assay/buf.h>

#include "approval/ecdsa.h"

#define RSA_BITS_MIN 2048
#define FLAG_TOUCHED 0x01
#define FLAG_PIN     0x04

/* A piece of the wire format. */
struct view {
    const uint8_t *bytes;
    size_t length;
};

static bool take_u32(struct view *in, uint32_t *out)
{
    if (in->length < 4)
        return false;
    *out = (uint32_t)in->bytes[0] << 24 | (uint32_t)in->bytes[1] << 16 |
           (uint32_t)in->bytes[2] << 8 | in->bytes[3];
    in->bytes += 4;
    in->length -= 4;
    return true;
}

static bool take_string(struct view *in, struct view *out)
{
    uint32_t length;

    if (!take_u32(in, &length) || length > in->length)
        return false;
    *out = (struct view){in->bytes, length};
    in->bytes += length;
    in->length -= length;
    return true;
}

static bool is_text(struct view view, const char *text)
{
    return view.length == strlen(text) && memcmp(view.bytes, text, view.length) == 0;
}

/* ---- the armour ---- */

static const char head[] = "-----BEGIN SSH SIGNATURE-----\n";
static const char tail[] = "\n-----END SSH SIGNATURE-----\n";

static enum assay_status unarmour(const char *armour, size_t length, uint8_t *out,
                                  size_t capacity, size_t *out_length, struct assay_error *err)
{
    const size_t begin = sizeof head - 1, end = sizeof tail - 1;
    enum assay_status status = ASSAY_OK;

    if (length > SSHSIG_BYTES_MAX || length < begin + end || memcmp(armour, head, begin) != 0 ||
        memcmp(armour + length - end, tail, end) != 0)
        return assay_fail(err, ASSAY_CORRUPT, "signature: not an SSH signature");
    char *base64 = assay_alloc(length);
    size_t count = 0;
    for (size_t i = begin; i < length - end; i++)
        if (armour[i] != '\n')
            base64[count++] = armour[i];
    if (!base64_decode(out, capacity, base64, count, out_length))
        status = assay_fail(err, ASSAY_CORRUPT, "signature: its base64 is damaged");
    free(base64);
    return status;
}

/* ---- what is inside ---- */

struct parts {
    struct view key, space, reserved, hash, signature;
    struct view key_type, application, point, curve, e, n; /* of the key */
    struct view kind, value;                               /* of the signature */
    uint8_t flags;
    uint32_t counter;
};

static bool split_key(struct parts *p)
{
    struct view in = p->key;

    if (!take_string(&in, &p->key_type))
        return false;
    if (is_text(p->key_type, "ssh-ed25519"))
        return take_string(&in, &p->point) && in.length == 0;
    if (is_text(p->key_type, "sk-ssh-ed25519@openssh.com"))
        return take_string(&in, &p->point) && take_string(&in, &p->application) &&
               in.length == 0;
    if (is_text(p->key_type, "ssh-rsa"))
        return take_string(&in, &p->e) && take_string(&in, &p->n) && in.length == 0;
    if (is_text(p->key_type, "sk-ecdsa-sha2-nistp256@openssh.com"))
        return take_string(&in, &p->curve) && take_string(&in, &p->point) &&
               take_string(&in, &p->application) && in.length == 0 &&
               is_text(p->curve, "nistp256");
    if (p->key_type.length == 19 && memcmp(p->key_type.bytes, "ecdsa-sha2-", 11) == 0)
        return take_string(&in, &p->curve) && take_string(&in, &p->point) && in.length == 0 &&
               p->curve.length == 8 && memcmp(p->curve.bytes, p->key_type.bytes + 11, 8) == 0;
    return false;
}

static bool split_signature(struct parts *p)
{
    struct view in = p->signature;

    if (!take_string(&in, &p->kind) || !take_string(&in, &p->value))
        return false;
    if (p->application.bytes) {
        if (in.length != 5)
            return false;
        p->flags = *in.bytes++;
        in.length--;
        return take_u32(&in, &p->counter);
    }
    return in.length == 0;
}

static bool split(struct view blob, struct parts *p)
{
    uint32_t version;

    *p = (struct parts){0};
    if (blob.length < 6 || memcmp(blob.bytes, "SSHSIG", 6) != 0)
        return false;
    blob.bytes += 6;
    blob.length -= 6;
    return take_u32(&blob, &version) && version == 1 && take_string(&blob, &p->key) &&
           take_string(&blob, &p->space) && take_string(&blob, &p->reserved) &&
           take_string(&blob, &p->hash) && take_string(&blob, &p->signature) &&
           blob.length == 0 && split_key(p) && split_signature(p);
}

/* ---- what was signed ---- */

static void hash_of(int bits, const void *bytes, size_t length, uint8_t *out,
                    size_t *out_length)
{
    if (bits == 256) {
        struct sha256_ctx context;
        sha256_init(&context);
        sha256_update(&context, length, bytes);
        sha256_digest(&context, *out_length = SHA256_DIGEST_SIZE, out);
    } else {
        struct sha512_ctx context;
        sha512_init(&context);
        sha512_update(&context, length, bytes);
        sha512_digest(&context, *out_length = SHA512_DIGEST_SIZE, out);
    }
}

static void add_string(struct assay_buf *out, const void *bytes, size_t length)
{
    const uint8_t size[4] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16),
                             (uint8_t)(length >> 8), (uint8_t)length};
    assay_buf_add(out, size, sizeof size);
    assay_buf_add(out, bytes, length);
}

/* The bytes that the key signed; false for a hash we do not know. */
static bool signed_data(const struct parts *p, const void *message, size_t length,
                        struct assay_buf *out)
{
    uint8_t hash[SHA512_DIGEST_SIZE];
    size_t hash_length = 0;
    struct assay_buf inner = {0};

    if (!is_text(p->hash, "sha512") && !is_text(p->hash, "sha256"))
        return false;
    hash_of(is_text(p->hash, "sha256") ? 256 : 512, message, length, hash, &hash_length);
    assay_buf_text_add(&inner, "SSHSIG");
    add_string(&inner, p->space.bytes, p->space.length);
    add_string(&inner, p->reserved.bytes, p->reserved.length);
    add_string(&inner, p->hash.bytes, p->hash.length);
    add_string(&inner, hash, hash_length);
    if (p->application.bytes) {
        const uint8_t counter[4] = {(uint8_t)(p->counter >> 24), (uint8_t)(p->counter >> 16),
                                    (uint8_t)(p->counter >> 8), (uint8_t)p->counter};
        hash_of(256, p->application.bytes, p->application.length, hash, &hash_length);
        assay_buf_add(out, hash, hash_length);
        assay_buf_char(out, (char)p->flags);
        assay_buf_add(out, counter, sizeof counter);
        hash_of(256, inner.data, inner.length, hash, &hash_length);
        assay_buf_add(out, hash, hash_length);
    } else {
        assay_buf_add(out, inner.data, inner.length);
    }
    assay_buf_free(&inner);
    return true;
}

/* ---- the mathematics ---- */

static bool ed25519_holds(const struct parts *p, const struct assay_buf *data)
{
    return p->point.length == ED25519_KEY_SIZE && p->value.length == ED25519_SIGNATURE_SIZE &&
           is_text(p->kind,
                   p->application.bytes ? "sk-ssh-ed25519@openssh.com" : "ssh-ed25519") &&
           ed25519_sha512_verify(p->point.bytes, data->length, (const uint8_t *)data->data,
                                 p->value.bytes) != 0;
}

static bool curve_holds(const struct parts *p, const struct assay_buf *data)
{
    const int bits = is_text(p->curve, "nistp256")   ? 256
                     : is_text(p->curve, "nistp384") ? 384
                     : is_text(p->curve, "nistp521") ? 521
                                                     : 0;
    struct view in = p->value, r, s;

    if (bits == 0 || p->kind.length != p->key_type.length ||
        memcmp(p->kind.bytes, p->key_type.bytes, p->kind.length) != 0 ||
        !take_string(&in, &r) || !take_string(&in, &s) || in.length != 0)
        return false;
    return ecdsa_holds(bits, (struct ecdsa_bytes){p->point.bytes, p->point.length},
                       (struct ecdsa_bytes){r.bytes, r.length},
                       (struct ecdsa_bytes){s.bytes, s.length}, data->data, data->length);
}

static bool rsa_holds(const struct parts *p, const struct assay_buf *data)
{
    const bool sha256 = is_text(p->kind, "rsa-sha2-256");
    struct rsa_public_key key;
    uint8_t hash[SHA512_DIGEST_SIZE];
    size_t hash_length = 0;
    mpz_t signature;
    bool holds = false;

    if (!sha256 && !is_text(p->kind, "rsa-sha2-512"))
        return false;
    if (p->n.length > 1025 || p->e.length > 8 || p->value.length > 1025)
        return false;
    rsa_public_key_init(&key);
    nettle_mpz_set_str_256_u(key.e, p->e.length, p->e.bytes);
    nettle_mpz_set_str_256_u(key.n, p->n.length, p->n.bytes);
    nettle_mpz_init_set_str_256_u(signature, p->value.length, p->value.bytes);
    hash_of(sha256 ? 256 : 512, data->data, data->length, hash, &hash_length);
    if (mpz_sizeinbase(key.n, 2) >= RSA_BITS_MIN && mpz_odd_p(key.n) && mpz_odd_p(key.e) &&
        mpz_cmp_ui(key.e, 3) >= 0 && rsa_public_key_prepare(&key) != 0)
        holds = sha256 ? rsa_sha256_verify_digest(&key, hash, signature) != 0
                       : rsa_sha512_verify_digest(&key, hash, signature) != 0;
    mpz_clear(signature);
    rsa_public_key_clear(&key);
    return holds;
}

static bool holds(const struct parts *p, const struct assay_buf *data)
{
    if (p->n.bytes)
        return rsa_holds(p, data);
    return p->curve.bytes ? curve_holds(p, data) : ed25519_holds(p, data);
}

enum assay_status sshsig_check(const char *armour, size_t armour_length, const char *space,
                               const void *message, size_t length, struct sshsig_facts *facts,
                               struct assay_error *err)
{
    uint8_t blob[SSHSIG_BYTES_MAX];
    size_t blob_length = 0;
    struct parts p;
    struct assay_buf data = {0};

    *facts = (struct sshsig_facts){0};
    enum assay_status status =
        unarmour(armour, armour_length, blob, sizeof blob, &blob_length, err);
    if (status != ASSAY_OK)
        return status;
    if (!split((struct view){blob, blob_length}, &p) || p.key_type.length >= sizeof facts->type)
        return assay_fail(err, ASSAY_CORRUPT,
                          "signature: damaged inside, or of a kind not known here");
    pubkey_fingerprint(facts->fingerprint, p.key.bytes, p.key.length);
    memcpy(facts->type, p.key_type.bytes, p.key_type.length);
    facts->hardware = p.application.bytes != NULL;
    facts->touched = facts->hardware && (p.flags & FLAG_TOUCHED) != 0;
    facts->pin = facts->hardware && (p.flags & FLAG_PIN) != 0;
    facts->counter = p.counter;
    if (!is_text(p.space, space))
        return assay_fail(err, ASSAY_NO,
                          "signature: made for \"%.*s\" and not for \"%s\": it says something "
                          "else",
                          p.space.length < 40 ? (int)p.space.length : 40,
                          (const char *)p.space.bytes, space);
    if (!signed_data(&p, message, length, &data))
        status = assay_fail(err, ASSAY_CORRUPT, "signature: uses a hash not known here");
    else if (!holds(&p, &data))
        status = assay_fail(err, ASSAY_NO, "signature: does not belong to these bytes");
    assay_buf_free(&data);
    return status;
}
