/* Policies: what is accepted has a name, clauses, and gates whose settings make sense. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "approval/gates.h"
#include "approval/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy policy;
    struct assay_arena arena = {0};
    if (policy_parse(&policy, &arena, (const char *)data, size, NULL) == ASSAY_OK) {
        if (!policy.name || policy.clause_count == 0 || quorum_needed(&policy) == 0)
            abort();
        struct version_facts facts = {.model = "m", .version = "1", .digest = ""};
        struct gate_context context = {.candidate = &facts, .target = "alias:a", .arena = &arena};
        for (size_t i = 0; i < policy.gate_count; i++) {
            struct assay_gate_result gate = gate_run(&policy.gates[i], &context);
            if (gate.state == ASSAY_SATISFIED) /* of nothing, nothing holds */
                abort();
        }
        (void)policy_matches(&policy, "model_1", "alias:champion", size % 2 == 0);
    }
    assay_arena_free(&arena);
    return 0;
}
