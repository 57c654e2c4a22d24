/*
 * ECDSA on the NIST curves: whether a signature belongs to bytes. Pure; any thread. Each curve
 * goes with the hash of its size (P-256 with SHA-256, P-384 with SHA-384, P-521 with SHA-512),
 * as OpenSSH (RFC 5656) and sigstore use them.
 */
#ifndef CORE_APPROVAL_ECDSA_H
#define CORE_APPROVAL_ECDSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ecdsa_bytes {
    const uint8_t *bytes;
    size_t length;
};

/* How long a point of the curve of BITS (256, 384, 521) is, uncompressed: 04, X, Y. */
size_t ecdsa_point_length(int bits);
/* Whether R and S (big-endian, of any origin) are a signature of MESSAGE by the key POINT.
   False for a point that is not on the curve, and for numbers out of range. */
bool ecdsa_holds(int bits, struct ecdsa_bytes point, struct ecdsa_bytes r, struct ecdsa_bytes s,
                 const void *message, size_t length);

#endif
