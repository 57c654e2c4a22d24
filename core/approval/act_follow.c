/*
 * Telling of an application (after.h): what the commands and webhooks of the user get, and what
 * came of them. Called by act_apply.c once the application is recorded; nothing here can undo
 * that, and nothing is run twice.
 */
#include "approval/act.h"

#include <inttypes.h>

#include "approval/after.h"
#include "remote/change_log.h"
#include "remote/json_text.h"

static void text_member(struct assay_buf *out, const char *key, const char *value)
{
    assay_buf_format(out, "%s\"%s\":", out->length > 1 ? "," : "", key);
    json_text_quote(out, value);
}

static void number_member(struct assay_buf *out, const char *key, int64_t value)
{
    assay_buf_format(out, ",\"%s\":%" PRId64, key, value);
}

/* The names are those of `assay review --format json`. */
static void describe(const struct assay_ledger *ledger, const struct fold_request *request,
                     struct assay_buf *out)
{
    const struct assay_request *r = &request->view;
    const char *const texts[][2] = {
        {"event", "applied"},
        {"ledger", assay_ledger_info(ledger).digest},
        {"record", request->done->digest},
        {"id", r->id},
        {"binding", r->binding},
        {"platform", r->platform},
        {"place", r->place},
        {"model", r->model},
        {"version", r->version},
        {"target", r->target},
        {"from_version", r->from_version},
        {"from_digest", r->from_digest},
        {"model_digest", r->model_digest},
        {"words", r->words},
        {"requester", r->requester},
        {"tier", r->tier},
        {"policy", r->policy},
        {"policy_sha256", r->policy_digest},
        {"applied_by", request->done->s.person},
    };

    assay_buf_char(out, '{');
    for (size_t i = 0; i < ASSAY_COUNT(texts); i++)
        text_member(out, texts[i][0], texts[i][1]);
    number_member(out, "revision", (int64_t)r->revision);
    number_member(out, "policy_version", (int64_t)r->policy_version);
    number_member(out, "applied_ms", r->applied_ms);
    assay_buf_text_add(out, "}\n");
}

#define VARIABLES 9

static void name_variables(struct assay_arena *arena, const struct assay_request *r,
                           const char *env[VARIABLES + 1])
{
    const char *const pairs[VARIABLES][2] = {
        {"EVENT", "applied"},
        {"REQUEST", r->id},
        {"MODEL", r->model},
        {"VERSION", r->version},
        {"DIGEST", r->model_digest},
        {"TARGET", r->target},
        {"FROM_VERSION", r->from_version},
        {"PLATFORM", r->platform},
        {"PLACE", r->place},
    };
    struct assay_buf text = {0};

    for (size_t i = 0; i < VARIABLES; i++) {
        assay_buf_reset(&text);
        assay_buf_format(&text, "ASSAY_%s=%s", pairs[i][0], pairs[i][1]);
        env[i] = assay_arena_strndup(arena, assay_buf_text(&text), text.length);
    }
    env[VARIABLES] = NULL;
    assay_buf_free(&text);
}

static void put_down(const struct assay_request *r, const struct assay_follow *follow)
{
    struct assay_buf what = {0};

    assay_buf_format(&what, "after %s: request %s, %s of %s", follow->name, r->id, r->target,
                     r->model);
    change_log_add(r->place[0] ? r->place : r->platform, assay_buf_text(&what), r->from_version,
                   r->version, &follow->error);
    assay_buf_free(&what);
}

void act_follow(struct assay_ledger *ledger, const struct after *after, const char *id)
{
    const struct fold_request *request = fold_find(&ledger->fold, id);
    const char *env[VARIABLES + 1];
    struct assay_buf json = {0};

    if (!request || !request->done || after->count == 0)
        return;
    describe(ledger, request, &json);
    name_variables(&ledger->follow_arena, &request->view, env);
    const struct after_event event = {.model = request->view.model,
                                      .target = request->view.target,
                                      .json = assay_buf_text(&json),
                                      .key = request->done->digest,
                                      .env = env};
    for (size_t i = 0; i < after->count; i++) {
        if (!after_wants(&after->rules[i], &event))
            continue;
        struct assay_follow *follow =
            ASSAY_PUSH(&ledger->follow_arena, ledger->follows, ledger->follow_count);
        *follow = (struct assay_follow){
            .name = assay_arena_strdup(&ledger->follow_arena, after->rules[i].name)};
        (void)after_run(&after->rules[i], &event, &follow->error);
        put_down(&request->view, follow);
    }
    assay_buf_free(&json);
}

size_t assay_ledger_follows(const struct assay_ledger *ledger,
                            const struct assay_follow **follows)
{
    *follows = ledger->follows;
    return ledger->follow_count;
}
