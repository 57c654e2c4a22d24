/*
 * Applying: the target is moved to what was approved. Begun, done and failed are records of
 * their own, so that whoever comes after a crash knows where it stood.
 */
#include "approval/act.h"

#include <string.h>

static enum assay_status append_phase(struct assay_ledger *ledger, const char *id,
                                      enum statement_phase phase, const char *why,
                                      struct assay_error *err)
{
    const struct fold_request *request = fold_find(&ledger->fold, id);
    const struct statement_request *bound = request->bound;
    struct statement s = {.event = EVENT_APPLICATION, .role = "operator"};
    struct assay_buf subject = {0};

    assay_buf_format(&subject, "%s/%s", bound->model, bound->version);
    s.subject = assay_buf_text(&subject);
    s.subject_digest = bound->model_digest;
    s.application = (struct statement_application){
        .phase = phase,
        .request = request->view.id,
        .binding = bound->binding,
        .before = bound->from_version,
        .after = bound->version,
        .why = why,
    };
    enum assay_status status = ledger_append(ledger, &s, err);
    assay_buf_free(&subject);
    return status;
}

/* Moves the target and reads it back. */
static enum assay_status move(struct assay_ledger *ledger, const char *id,
                              struct assay_error *err)
{
    const struct fold_request *request = fold_find(&ledger->fold, id);
    const struct statement_request *bound = request->bound;
    struct assay_arena arena = {0};
    struct platform platform = {0};
    const char *now = "";
    enum assay_status status =
        ledger_platform(ledger, bound->platform, bound->place, &platform, err);

    if (status == ASSAY_OK)
        status =
            platform.ops->read(platform.self, &arena, bound->model, bound->target, &now, err);
    if (status == ASSAY_OK && strcmp(now, bound->version) != 0)
        status = platform.ops->move(platform.self, bound->model, bound->target,
                                    bound->from_version, bound->version, id, err);
    if (status == ASSAY_OK)
        status =
            platform.ops->read(platform.self, &arena, bound->model, bound->target, &now, err);
    if (status == ASSAY_OK && strcmp(now, bound->version) != 0)
        status = assay_fail(err, ASSAY_NO, "%s of %s was set and is at %s now", bound->target,
                            bound->model, now[0] ? now : "no version");
    assay_arena_free(&arena);
    return status;
}

/* Recorded, it is a fact: what follows can fail, and cannot undo it. */
static enum assay_status finish(struct assay_ledger *ledger, const struct after *after,
                                const char *id, struct assay_error *err)
{
    enum assay_status status = append_phase(ledger, id, PHASE_DONE, "", err);

    if (status == ASSAY_OK)
        act_follow(ledger, after, id);
    return status;
}

static enum assay_status may_apply(const struct fold_request *request, struct assay_error *err)
{
    const enum assay_request_state state = request->view.state;

    if (state == ASSAY_STATE_APPROVED || state == ASSAY_STATE_APPLYING ||
        state == ASSAY_STATE_APPLY_FAILED)
        return ASSAY_OK;
    return assay_fail(err, ASSAY_NO, "request %s is %s: %s", request->view.id,
                      assay_request_state_name(state), request->view.why);
}

/* From the first look to the record of how it ended. */
static enum assay_status apply(struct assay_ledger *ledger, const char *ref,
                               const struct after *after, struct assay_error *err)
{
    struct fold_request *request = NULL;
    struct assay_error why = {0};
    uint64_t ran = 0;
    char id[17];
    enum assay_status status = act_find_request(ledger, ref, &request, err);

    if (status != ASSAY_OK)
        return status;
    memcpy(id, request->view.id, sizeof id);
    if (request->view.state == ASSAY_STATE_APPLIED)
        return ASSAY_OK;
    const bool begun = request->view.state == ASSAY_STATE_APPLYING;
    status = may_apply(request, err);
    if (status == ASSAY_OK)
        status = act_check_all(ledger, request, begun, &ran, err);
    if (status == ASSAY_OK && !begun)
        status = append_phase(ledger, id, PHASE_BEGIN, "", err);
    if (status != ASSAY_OK)
        return status;
    status = move(ledger, id, &why);
    if (status == ASSAY_OK)
        return finish(ledger, after, id, err);
    assay_fail(err, status, "%s", why.what);
    /* The failure is a fact too; where it cannot be recorded, the request stays begun. */
    (void)append_phase(ledger, id, PHASE_FAILED, why.what, NULL);
    return status;
}

enum assay_status assay_request_apply(struct assay_ledger *ledger, const char *ref,
                                      struct assay_error *err)
{
    struct after after = {0};
    enum assay_status status = ledger_read(ledger, assay_now_ms(), NULL, err);

    assay_arena_free(&ledger->follow_arena);
    ledger->follows = NULL;
    ledger->follow_count = 0;
    if (status == ASSAY_OK)
        status = ledger_need_me(ledger, err);
    if (status == ASSAY_OK)
        status = after_read(&after, err);
    if (status == ASSAY_OK)
        status = apply(ledger, ref, &after, err);
    after_free(&after);
    return status;
}
