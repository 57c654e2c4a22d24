/*
 * assay sign and assay apply: a decision on a request, signed with the user's own key; and
 * moving the target once enough have signed, and what follows that.
 */
#include "approvals.h"

#include <stdlib.h>
#include <string.h>

static const char *const verdicts[] = {
    "approve", "reject",   "request-changes", "abstain", "withdraw",
    "revoke",  "override", "ratify",          "fulfil",  "comment",
};

static enum assay_status verdict_of(const struct cli *cli, enum assay_verdict *verdict,
                                    struct assay_error *err)
{
    size_t given = 0;
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        if (cli_has(cli, verdicts[i]) && ++given)
            (void)assay_verdict_parse(verdicts[i], verdict);
    if (cli_has(cli, "delegate") && ++given)
        *verdict = ASSAY_DELEGATE;
    if (given == 1)
        return ASSAY_OK;
    assay_fail(err, ASSAY_BAD_INPUT,
               "sign: say one of --approve, --reject, --request-changes, "
               "--abstain, --withdraw, --revoke, …");
    assay_hint(err, "assay sign --help lists them all");
    return ASSAY_BAD_INPUT;
}

/* What is at stake in production is not approved by reflex: its digest must be named. */
static enum assay_status check_digest(const struct cli *cli, struct assay_ledger *ledger,
                                      enum assay_verdict verdict, struct assay_error *err)
{
    const struct assay_request *request = NULL;
    const char *digest = cli_value(cli, "digest");
    enum assay_status status = assay_ledger_find(ledger, cli->args.operands[0], &request, err);
    if (status != ASSAY_OK)
        return status;
    if (digest && strlen(digest) < 6)
        return assay_fail(err, ASSAY_BAD_INPUT, "sign: --digest needs 6 hex digits at least");
    if (!digest && strcmp(request->tier, "production") == 0 &&
        (verdict == ASSAY_APPROVE || verdict == ASSAY_OVERRIDE)) {
        assay_fail(err, ASSAY_BAD_INPUT,
                   "sign: a request of the tier production is signed with --digest and the "
                   "last 6 digits of its digest");
        assay_hint(err, "assay review %s shows it", request->id);
        return ASSAY_BAD_INPUT;
    }
    return ASSAY_OK;
}

enum assay_status cli_sign(struct cli *cli, struct assay_error *err)
{
    struct assay_ledger *ledger = NULL;
    size_t count = 0;
    const char **conditions = cli_values(cli, "condition", &count);
    struct assay_decision decision = {
        .reason = cli_value(cli, "message"),
        .binding = cli_value(cli, "digest"),
        .conditions = conditions,
        .condition_count = count,
        .delegate = cli_value(cli, "delegate"),
    };
    enum assay_status status = verdict_of(cli, &decision.verdict, err);
    if (status == ASSAY_OK)
        status = cli_ledger(cli, true, &ledger, err);
    if (status == ASSAY_OK)
        status = check_digest(cli, ledger, decision.verdict, err);
    if (status == ASSAY_OK && cli_has(cli, "dry-run")) {
        char *text = NULL;
        status = assay_request_preview(ledger, cli->args.operands[0], &decision, &text, err);
        if (status == ASSAY_OK) {
            (void)cli_text(cli, text, strlen(text));
            assay_buf_char(&cli->out, '\n');
        }
        free(text);
    } else if (status == ASSAY_OK) {
        status = assay_request_decide(ledger, cli->args.operands[0], &decision, err);
    }
    assay_ledger_close(&ledger);
    free(conditions);
    return status;
}

/* What followed and failed: the application stands, and scripts are to know all the same. */
static void tell_follows(struct cli *cli, const struct assay_ledger *ledger)
{
    const struct assay_follow *follows;
    const size_t count = assay_ledger_follows(ledger, &follows);

    for (size_t i = 0; i < count; i++) {
        struct assay_error err = {0};
        if (follows[i].error.status == ASSAY_OK)
            continue;
        assay_fail(&err, ASSAY_IO, "it is applied; after %s: %s", follows[i].name,
                   follows[i].error.what);
        assay_hint(&err, "it is not run again: what it was to do is to be done by hand");
        cli_complain(&err);
        cli->worst = ASSAY_IO;
    }
}

enum assay_status cli_apply(struct cli *cli, struct assay_error *err)
{
    struct assay_ledger *ledger = NULL;
    enum assay_status status = cli_ledger(cli, true, &ledger, err);
    if (status == ASSAY_OK)
        status = assay_request_apply(ledger, cli->args.operands[0], err);
    if (status == ASSAY_OK)
        tell_follows(cli, ledger);
    assay_ledger_close(&ledger);
    return status;
}
