/*
 * The names of what is in statements (statement.h): events, decisions, states, targets, chains.
 * Called by statement_form.c, and by whoever shows them.
 */
#include "approval/statement.h"

#include <string.h>

static const char *const event_names[EVENT_COUNT] = {
    "ledger", "signer", "policy", "endorse", "request", "decision", "application",
};

static const struct {
    const char *name, *meaning;
} verdicts[] = {
    [ASSAY_APPROVE] = {"approve", "approval"},
    [ASSAY_REJECT] = {"reject", "refusal"},
    [ASSAY_REQUEST_CHANGES] = {"request-changes", "review"},
    [ASSAY_ABSTAIN] = {"abstain", "review"},
    [ASSAY_WITHDRAW] = {"withdraw", "withdrawal"},
    [ASSAY_REVOKE] = {"revoke", "revocation"},
    [ASSAY_OVERRIDE] = {"override", "responsibility"},
    [ASSAY_RATIFY] = {"ratify", "review"},
    [ASSAY_FULFIL] = {"fulfil", "review"},
    [ASSAY_DELEGATE] = {"delegate", "delegation"},
    [ASSAY_COMMENT] = {"comment", "comment"},
};

static const char *const requirement_states[] = {
    [ASSAY_UNSATISFIED] = "UNSATISFIED",
    [ASSAY_SATISFIED] = "SATISFIED",
    [ASSAY_MISSING] = "MISSING",
    [ASSAY_ERROR] = "ERROR",
    [ASSAY_NOT_APPLICABLE] = "NOT_APPLICABLE",
    [ASSAY_OVERRIDDEN] = "OVERRIDDEN",
};

static const char *const request_states[] = {
    [ASSAY_STATE_PENDING] = "PENDING",           [ASSAY_STATE_CHANGES] = "CHANGES_REQUESTED",
    [ASSAY_STATE_APPROVED] = "APPROVED",         [ASSAY_STATE_APPLYING] = "APPLYING",
    [ASSAY_STATE_APPLY_FAILED] = "APPLY_FAILED", [ASSAY_STATE_APPLIED] = "APPLIED",
    [ASSAY_STATE_REVOKED] = "REVOKED",           [ASSAY_STATE_REJECTED] = "REJECTED",
    [ASSAY_STATE_WITHDRAWN] = "WITHDRAWN",       [ASSAY_STATE_EXPIRED] = "EXPIRED",
    [ASSAY_STATE_SUPERSEDED] = "SUPERSEDED",
};

const char *statement_event_name(enum statement_event event)
{
    return event_names[event];
}

const char *statement_space(enum statement_event event)
{
    return event <= EVENT_ENDORSE ? "policy@assay" : "approval@assay";
}

const char *assay_verdict_name(enum assay_verdict verdict)
{
    return verdicts[verdict].name;
}

const char *assay_verdict_meaning(enum assay_verdict verdict)
{
    return verdicts[verdict].meaning;
}

bool assay_verdict_parse(const char *name, enum assay_verdict *verdict)
{
    for (size_t i = 0; name && i < ASSAY_COUNT(verdicts); i++) {
        if (strcmp(verdicts[i].name, name) == 0) {
            *verdict = (enum assay_verdict)i;
            return true;
        }
    }
    return false;
}

const char *assay_requirement_state_name(enum assay_requirement_state state)
{
    return requirement_states[state];
}

bool requirement_state_parse(const char *name, enum assay_requirement_state *state)
{
    for (size_t i = 0; i < ASSAY_COUNT(requirement_states); i++) {
        if (strcmp(requirement_states[i], name) == 0) {
            *state = (enum assay_requirement_state)i;
            return true;
        }
    }
    return false;
}

bool assay_requirement_passes(enum assay_requirement_state state)
{
    return state == ASSAY_SATISFIED || state == ASSAY_NOT_APPLICABLE ||
           state == ASSAY_OVERRIDDEN;
}

const char *assay_request_state_name(enum assay_request_state state)
{
    return request_states[state];
}

bool assay_request_open_state(enum assay_request_state state)
{
    return state == ASSAY_STATE_PENDING || state == ASSAY_STATE_CHANGES ||
           state == ASSAY_STATE_APPROVED || state == ASSAY_STATE_APPLYING ||
           state == ASSAY_STATE_APPLY_FAILED;
}

bool texts_has(const struct texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->items[i], text) == 0)
            return true;
    return false;
}

bool statement_target_valid(const char *target)
{
    static const char *const kinds[] = {"alias:", "stage:", "tag:"};

    for (size_t i = 0; target && i < ASSAY_COUNT(kinds); i++) {
        size_t length = strlen(kinds[i]);
        if (strncmp(target, kinds[i], length) == 0)
            return target[length] != '\0' && strlen(target) <= 256;
    }
    return false;
}

const char *statement_chain(const struct statement *s, struct assay_arena *arena)
{
    const size_t person = strlen(s->person), device = strlen(s->device);
    char *chain = assay_arena_alloc(arena, person + device + 3), *at = chain;

    /* What anybody can write must not be able to disturb what a person has signed. */
    if (s->key[0] == '\0')
        *at++ = '~';
    memcpy(at, s->person, person);
    at[person] = '/';
    memcpy(at + person + 1, s->device, device);
    return chain;
}
