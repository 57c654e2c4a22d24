/*
 * assay verify: 0 only where everything holds, 1 with the first thing at fault, 3 where it
 * could not look. As a gate of deployment jobs it asks of one version at one target.
 */
#include "approvals.h"

#include <stdlib.h>
#include <string.h>

static enum assay_status gate(struct cli *cli, struct assay_ledger *ledger, const char *place,
                              struct assay_error *err)
{
    const struct assay_gate_question question = {
        .model = cli_value(cli, "model"),
        .version = cli_value(cli, "version"),
        .target = cli_value(cli, "target"),
        .digest = cli_value(cli, "digest"),
        .server = place,
    };
    const struct assay_request *by = NULL;
    enum assay_status status = assay_ledger_gate(ledger, &question, &by, err);
    if (by && !question.server && by->place[0]) {
        struct assay_error said = {0};
        assay_fail(&said, ASSAY_NO, "it was requested at %s, which is looked at for want of -S",
                   by->place);
        cli_complain(&said);
    }
    if (status == ASSAY_OK)
        assay_buf_format(&cli->out, "%s\n", by->id);
    return status;
}

static enum assay_status one(struct cli *cli, struct assay_ledger *ledger,
                             struct assay_error *err)
{
    const struct assay_request *request = NULL;
    enum assay_status status = assay_ledger_find(ledger, cli->args.operands[0], &request, err);
    if (status != ASSAY_OK)
        return status;
    const struct assay_gate_question question = {request->model, request->version,
                                                 request->target, cli_value(cli, "digest"),
                                                 request->place};
    const struct assay_request *by = NULL;
    char id[17];
    memcpy(id, request->id, sizeof id);
    status = assay_ledger_gate(ledger, &question, &by, err);
    if (status == ASSAY_OK && strcmp(by->id, id) != 0)
        status = assay_fail(err, ASSAY_NO, "request %s: %s took its place", id, by->id);
    return status;
}

/* Whether the end of the ledger is there nobody here knows, whatever the answer is. */
static void tell_unwitnessed(const struct assay_ledger *ledger)
{
    const struct assay_ledger_info info = assay_ledger_info(ledger);
    struct assay_error said = {0};
    if (info.witnessed || !info.digest[0])
        return;
    assay_fail(&said, ASSAY_NO, "unwitnessed: this machine remembers no heads of the ledger %s",
               info.digest);
    cli_complain(&said);
}

static void print_whole(struct cli *cli, const struct assay_ledger *ledger)
{
    const struct assay_ledger_problem *problems;
    const size_t count = assay_ledger_problems(ledger, &problems);
    size_t idle = 0;

    const struct assay_ledger_info info = assay_ledger_info(ledger);
    assay_buf_format(
        &cli->out, "%zu record%s%s\n", info.records, info.records == 1 ? " holds" : "s hold",
        info.witnessed ? "" : " (unwitnessed: this machine remembers no heads of this ledger)");
    for (size_t i = 0; i < count; i++)
        idle += problems[i].invalid ? 1 : 0;
    if (idle > 0)
        assay_buf_format(&cli->out,
                         "%zu of them count%s for nothing; `assay audit log` names them\n",
                         idle, idle == 1 ? "s" : "");
}

enum assay_status cli_verify(struct cli *cli, struct assay_error *err)
{
    struct assay_ledger *ledger = NULL;
    const bool asks =
        cli_has(cli, "model") || cli_has(cli, "version") || cli_has(cli, "target");
    const char *bundle = cli_value(cli, "bundle");
    char *place = NULL;

    /* Passed over in silence, it would seem to have been looked at. */
    if (!asks && cli_has(cli, "source")) {
        assay_fail(
            err, ASSAY_BAD_INPUT,
            "verify: -S is of --model, --version and --target: a request, a ledger and a "
            "bundle name their places themselves");
        assay_hint(err, "leave it out");
        return ASSAY_BAD_INPUT;
    }
    if ((asks &&
         !(cli_has(cli, "model") && cli_has(cli, "version") && cli_has(cli, "target"))) ||
        (bundle != NULL) + asks + (cli->args.operand_count > 0) > 1) {
        assay_fail(err, ASSAY_BAD_INPUT,
                   "verify: nothing, or REQ, or --bundle DIR, or --model, "
                   "--version and --target");
        assay_hint(err, "assay verify --help lists what it takes");
        return ASSAY_BAD_INPUT;
    }
    static const char *const named[] = {"model", "version", "target"};
    for (size_t i = 0; asks && i < ASSAY_COUNT(named); i++)
        if (!cli_value(cli, named[i])[0]) {
            assay_fail(err, ASSAY_BAD_INPUT, "verify: --%s is empty", named[i]);
            assay_hint(err, "in a script: is the variable that it comes from set?");
            return ASSAY_BAD_INPUT;
        }
    if (bundle)
        return assay_bundle_verify(bundle, cli_value(cli, "ledger"), err);
    const struct assay_ledger_options options = {
        .read_only = true, .expect = cli_value(cli, "ledger"), .gate = asks};
    enum assay_status status = cli_place(cli, &place, err);
    if (status == ASSAY_OK)
        status = assay_ledger_open(&ledger, &options, err);
    /* Records that were seen before and are gone are no failure to look: they are the answer.
     */
    if (status == ASSAY_CORRUPT) {
        err->status = ASSAY_NO;
        free(place);
        return ASSAY_NO;
    }
    if (status == ASSAY_OK && asks)
        status = gate(cli, ledger, place, err);
    else if (status == ASSAY_OK && cli->args.operand_count > 0)
        status = one(cli, ledger, err);
    else if (status == ASSAY_OK)
        status = assay_ledger_verify(ledger, cli_has(cli, "quick"), err);
    if (ledger && (asks || cli->args.operand_count > 0))
        tell_unwitnessed(ledger);
    if (status == ASSAY_OK && ledger && !asks && cli->args.operand_count == 0)
        print_whole(cli, ledger);
    assay_ledger_close(&ledger);
    free(place);
    return status;
}
