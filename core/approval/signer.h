/*
 * Signatures from the user's agent, through ssh-keygen: the private key never enters this
 * process, and no file is written. What comes back is checked before it is believed.
 */
#ifndef CORE_APPROVAL_SIGNER_H
#define CORE_APPROVAL_SIGNER_H

#include <assay/buf.h>
#include <assay/error.h>
#include <assay/memory.h>

#include "approval/sshsig.h"

#define SIGNER_TIMEOUT_MS 60000

/* Signs MESSAGE in the namespace SPACE with the key LINE ("ssh-ed25519 AAAA…"), which the agent
   must hold; appends the armour to OUT. The signature was checked against the message and the
   key by our own code and by ssh-keygen -Y verify. */
enum assay_status signer_sign(const char *line, const char *space, const void *message,
                              size_t length, int timeout_ms, struct assay_buf *out,
                              struct sshsig_facts *facts, struct assay_error *err);

/* ssh-keygen's opinion: does SIGNATURE hold for PERSON with the key LINE? */
enum assay_status signer_second_opinion(const char *person, const char *line, const char *space,
                                        const void *message, size_t length,
                                        const char *signature, size_t signature_length,
                                        struct assay_error *err);

/* The public keys the agent holds, one line each, in ARENA; *count 0 and ASSAY_OK where there
   is no agent or it has none. */
enum assay_status signer_agent_keys(struct assay_arena *arena, const char ***lines,
                                    size_t *count, struct assay_error *err);

#endif
