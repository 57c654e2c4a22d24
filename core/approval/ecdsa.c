/*
 * ECDSA with hogweed (ecdsa.h). Called for records signed by keys on these curves, and for
 * signatures of models.
 */
#include "approval/ecdsa.h"

#include <gmp.h>
#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <nettle/sha2.h>

static size_t number_length(int bits)
{
    return ((size_t)bits + 7) / 8;
}

size_t ecdsa_point_length(int bits)
{
    return 1 + 2 * number_length(bits);
}

static size_t hash_of(int bits, const void *bytes, size_t length, uint8_t *out)
{
    if (bits == 256) {
        struct sha256_ctx context;
        sha256_init(&context);
        sha256_update(&context, length, bytes);
        sha256_digest(&context, SHA256_DIGEST_SIZE, out);
        return SHA256_DIGEST_SIZE;
    }
    if (bits == 384) {
        struct sha384_ctx context;
        sha384_init(&context);
        sha384_update(&context, length, bytes);
        sha384_digest(&context, SHA384_DIGEST_SIZE, out);
        return SHA384_DIGEST_SIZE;
    }
    struct sha512_ctx context;
    sha512_init(&context);
    sha512_update(&context, length, bytes);
    sha512_digest(&context, SHA512_DIGEST_SIZE, out);
    return SHA512_DIGEST_SIZE;
}

bool ecdsa_holds(int bits, struct ecdsa_bytes point, struct ecdsa_bytes r, struct ecdsa_bytes s,
                 const void *message, size_t length)
{
    const struct ecc_curve *curve = bits == 256   ? nettle_get_secp_256r1()
                                    : bits == 384 ? nettle_get_secp_384r1()
                                                  : nettle_get_secp_521r1();
    const size_t size = number_length(bits);
    uint8_t hash[SHA512_DIGEST_SIZE];
    struct ecc_point key;
    struct dsa_signature signature;
    mpz_t x, y;

    /* A number may have a zero before it that keeps it from being negative. */
    if ((bits != 256 && bits != 384 && bits != 521) ||
        point.length != ecdsa_point_length(bits) || point.bytes[0] != 4 ||
        r.length > size + 1 || s.length > size + 1)
        return false;
    ecc_point_init(&key, curve);
    dsa_signature_init(&signature);
    nettle_mpz_init_set_str_256_u(x, size, point.bytes + 1);
    nettle_mpz_init_set_str_256_u(y, size, point.bytes + 1 + size);
    nettle_mpz_set_str_256_u(signature.r, r.length, r.bytes);
    nettle_mpz_set_str_256_u(signature.s, s.length, s.bytes);
    const size_t hash_length = hash_of(bits, message, length, hash);
    const bool holds = ecc_point_set(&key, x, y) != 0 &&
                       ecdsa_verify(&key, hash_length, hash, &signature) != 0;
    mpz_clear(x);
    mpz_clear(y);
    dsa_signature_clear(&signature);
    ecc_point_clear(&key);
    return holds;
}
