/*
 * Between gates.c, which runs gates and holds their table, gates_files.c, the kinds that look
 * at a version's files, and gates_command.c.
 */
#ifndef CORE_APPROVAL_GATES_PRIVATE_H
#define CORE_APPROVAL_GATES_PRIVATE_H

#include "approval/gates.h"

/* One gate that is being run. */
struct run {
    const struct policy_gate *gate;
    const struct gate_context *c;
    struct assay_gate_result result;
};

/* What it has come to, and why. */
void gate_say(struct run *run, enum assay_requirement_state state, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The value of a setting; NULL where the policy gives none. */
const char *gate_setting(const struct run *run, const char *key);

/* The bytes of the file NAME of the version, at most MOST, which must be those that FACTS name.
 */
enum assay_status gate_read_file(const struct version_facts *facts, const char *name,
                                 size_t most, struct assay_buf *out, struct assay_error *err);

void gate_required_files(struct run *run);
void gate_artifact_digest(struct run *run);
void gate_model_signature(struct run *run);
void gate_model_card(struct run *run);
void gate_command(struct run *run);

#endif
