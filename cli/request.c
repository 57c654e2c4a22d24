/*
 * assay register and assay request: a model version in the local registry, and the request to
 * move it to a target.
 */
#include "approvals.h"

#include <stdlib.h>
#include <string.h>

enum assay_status cli_register(struct cli *cli, struct assay_error *err)
{
    struct assay_ledger *ledger = NULL;
    size_t accounts = 0, runs = 0;
    const char **run = cli_values(cli, "run", &runs);
    const char **account = cli_values(cli, "account", &accounts);
    char version[24];
    struct assay_registration what = {
        .model = cli_value(cli, "model"),
        .runs = run,
        .run_count = runs,
        .paths = (const char *const *)cli->args.operands,
        .path_count = cli->args.operand_count,
        .accounts = account,
        .account_count = accounts,
    };
    enum assay_status status = ASSAY_OK;
    if (!what.model)
        status = assay_fail(err, ASSAY_BAD_INPUT, "register: --model is missing");
    if (status == ASSAY_OK)
        status = cli_ledger(cli, true, &ledger, err);
    if (status == ASSAY_OK)
        status = assay_model_register(ledger, &what, version, err);
    if (status == ASSAY_OK)
        assay_buf_format(&cli->out, "%s\n", version);
    assay_ledger_close(&ledger);
    free(account);
    free(run);
    return status;
}

enum assay_status cli_request(struct cli *cli, struct assay_error *err)
{
    static const char *const needed[] = {"model", "version", "target", "message"};
    struct assay_ledger *ledger = NULL;
    size_t count = 0;
    const char **evidence = cli_values(cli, "evidence", &count);
    struct assay_request_options options = {
        .model = cli_value(cli, "model"),
        .version = cli_value(cli, "version"),
        .target = cli_value(cli, "target"),
        .words = cli_value(cli, "message"),
        .policy = cli_value(cli, "policy"),
        .request = cli_value(cli, "revise"),
        .rollback = cli_value(cli, "rollback"),
        .evidence = evidence,
        .evidence_count = count,
    };
    char id[17], *place = NULL;
    enum assay_status status = cli_place(cli, &place, err);
    options.server = place && place[0] ? place : NULL;
    for (size_t i = 0; i < 3 && status == ASSAY_OK && options.rollback; i++)
        if (cli_value(cli, needed[i]))
            status = assay_fail(err, ASSAY_BAD_INPUT,
                                "request: --rollback says the %s already; leave out --%s",
                                needed[i], needed[i]);
    for (size_t i = options.rollback ? 3 : 0; i < 4 && status == ASSAY_OK; i++)
        if (!cli_value(cli, needed[i]))
            status = assay_fail(err, ASSAY_BAD_INPUT, "request: --%s is missing", needed[i]);
    if (status == ASSAY_OK)
        status = cli_ledger(cli, true, &ledger, err);
    if (status == ASSAY_OK)
        status = assay_request_send(ledger, &options, id, err);
    if (status == ASSAY_OK)
        assay_buf_format(&cli->out, "%s\n", id);
    assay_ledger_close(&ledger);
    free(evidence);
    free(place);
    return status;
}
