/*
 * OpenSSH's signatures (SSHSIG): the armour, what is inside, and whether it holds. Everything
 * ssh-keygen -Y verify checks, and what it does not: the flags byte in which a hardware key
 * says whether it was touched and whether its PIN was asked for, and its counter.
 */
#ifndef CORE_APPROVAL_SSHSIG_H
#define CORE_APPROVAL_SSHSIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/error.h>

#include "approval/pubkey.h"

#define SSHSIG_BYTES_MAX ((size_t)16 << 10) /* of the armoured text */

#define SSHSIG_APPROVAL "approval@assay"
#define SSHSIG_POLICY   "policy@assay"

struct sshsig_facts {
    char fingerprint[FINGERPRINT_SIZE];
    char type[64]; /* of the key */
    bool hardware;
    bool touched, pin; /* hardware: user presence, user verification */
    uint32_t counter;
};

/* Reads the armoured signature ARMOUR and checks that it was made in NAMESPACE over MESSAGE by
   the key it names. ASSAY_NO where it does not hold, ASSAY_CORRUPT where it cannot be read. Who
   the key belongs to is the caller's question. */
enum assay_status sshsig_check(const char *armour, size_t armour_length, const char *space,
                               const void *message, size_t length, struct sshsig_facts *facts,
                               struct assay_error *err);

#endif
