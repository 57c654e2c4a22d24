/*
 * assay policy: showing the policies in force, setting one from a file, and asking what a
 * request still needs.
 */
#include "approvals.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/text.h>

static void show_list(struct cli *cli, const struct assay_ledger *ledger)
{
    const struct assay_policy_info *policies;
    const size_t count = assay_ledger_policies(ledger, &policies);
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "name", "name", false);
    cli_table_column(table, "version", "version", true);
    cli_table_column(table, "state", "state", false);
    cli_table_column(table, "author", "by", false);
    cli_table_column(table, "time_ms", "time", false);
    cli_table_column(table, "sha256", "digest", false);
    for (size_t i = 0; i < count; i++) {
        struct assay_buf state = {0};
        if (policies[i].in_force)
            assay_buf_text_add(&state, "in force");
        else if (policies[i].signed_by < policies[i].needs)
            assay_buf_format(&state, "%zu of %zu owners", policies[i].signed_by,
                             policies[i].needs);
        else
            assay_buf_text_add(&state, "replaced");
        cli_table_text(table, policies[i].name);
        cli_table_count(table, policies[i].version);
        cli_table_text(table, assay_buf_text(&state));
        cli_table_text(table, policies[i].author);
        cli_table_time(table, policies[i].time_ms);
        cli_table_text(table, policies[i].digest);
        assay_buf_free(&state);
    }
    cli_table_print(table);
    cli_table_free(&table);
}

static void show_json(struct cli *cli, const struct assay_ledger *ledger)
{
    const struct assay_policy_info *policies;
    const size_t count = assay_ledger_policies(ledger, &policies);
    struct cli_json json = {.out = &cli->out};
    cli_json_open(&json, '{');
    cli_json_key(&json, "policies");
    cli_json_open(&json, '[');
    for (size_t i = 0; i < count; i++) {
        cli_json_open(&json, '{');
        cli_json_member(&json, "name", policies[i].name);
        cli_json_key(&json, "version");
        cli_json_count(&json, policies[i].version);
        cli_json_member(&json, "sha256", policies[i].digest);
        cli_json_key(&json, "in_force");
        cli_json_bool(&json, policies[i].in_force);
        cli_json_member(&json, "author", policies[i].author);
        cli_json_key(&json, "time_ms");
        cli_json_time(&json, policies[i].time_ms);
        cli_json_member(&json, "text", policies[i].text);
        cli_json_close(&json);
    }
    cli_json_close(&json);
    cli_json_close(&json);
}

static enum assay_status show(struct cli *cli, struct assay_ledger *ledger,
                              struct assay_error *err)
{
    const struct assay_policy_info *policies;
    const size_t count = assay_ledger_policies(ledger, &policies);
    const char *name = cli->args.operand_count > 1 ? cli->args.operands[1] : NULL;

    if (!name) {
        if (cli->format == CLI_JSON)
            show_json(cli, ledger);
        else
            show_list(cli, ledger);
        return ASSAY_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (policies[i].in_force && strcmp(policies[i].name, name) == 0) {
            (void)cli_text(cli, policies[i].text, strlen(policies[i].text));
            return ASSAY_OK;
        }
    }
    assay_fail(err, ASSAY_BAD_INPUT, "%s: no such policy is in force", name);
    assay_hint(err, "assay policy show lists them");
    return ASSAY_BAD_INPUT;
}

static enum assay_status set(struct cli *cli, struct assay_ledger *ledger,
                             struct assay_error *err)
{
    char *text = NULL;
    size_t length = 0;
    enum assay_status status =
        assay_file_read(cli->args.operands[1], 65536, &text, &length, err);
    const size_t waiting = assay_ledger_info(ledger).waiting;
    if (status == ASSAY_OK)
        status = assay_policy_set(ledger, text, length, err);
    if (status == ASSAY_OK)
        cli_say_waiting(ledger, waiting);
    free(text);
    return status;
}

/* What the policy makes of a request, as of now: 0 where it is all there, 1 where not. */
static enum assay_status check(struct cli *cli, struct assay_ledger *ledger,
                               struct assay_error *err)
{
    const struct assay_request *request = NULL;
    const char *me;
    (void)assay_ledger_me(ledger, &me, NULL);
    enum assay_status status = assay_ledger_find(ledger, cli->args.operands[1], &request, err);
    if (status != ASSAY_OK)
        return status;
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "requirement", "requirement", false);
    cli_table_column(table, "state", "state", false);
    cli_table_column(table, "why", "why", false);
    for (size_t i = 0; i < request->requirement_count; i++) {
        const struct assay_requirement *r = &request->requirements[i];
        cli_table_text(table, r->name);
        cli_table_text(table, assay_requirement_state_name(r->state));
        cli_table_text(table, r->why);
        if (!assay_requirement_passes(r->state))
            cli->worst = ASSAY_NO;
    }
    for (size_t i = 0; i < request->eligible_count; i++) {
        const struct assay_eligible *e = &request->eligible[i];
        struct assay_buf who = {0};
        assay_buf_format(&who, "%s (%s)", e->person, e->role);
        cli_table_text(table, assay_buf_text(&who));
        cli_table_text(table, !e->eligible ? "may not vote" : e->voted ? "voted" : "may vote");
        cli_table_text(table, e->why);
        assay_buf_free(&who);
    }
    if (cli->format == CLI_JSON) {
        struct cli_json json = {.out = &cli->out};
        cli_request_json(&json, request);
    } else {
        cli_table_print(table);
    }
    cli_table_free(&table);
    return ASSAY_OK;
}

enum assay_status cli_policy(struct cli *cli, struct assay_error *err)
{
    const char *what = cli->args.operands[0];
    const bool writes = strcmp(what, "set") == 0;
    struct assay_ledger *ledger = NULL;
    enum assay_status status;

    if ((strcmp(what, "show") != 0 && strcmp(what, "check") != 0 && !writes) ||
        (strcmp(what, "show") != 0 && cli->args.operand_count != 2)) {
        assay_fail(err, ASSAY_BAD_INPUT, "policy: show [NAME], check REQ, or set FILE");
        assay_hint(err, "assay policy --help lists what it takes");
        return ASSAY_BAD_INPUT;
    }
    status = cli_ledger(cli, writes, &ledger, err);
    if (status == ASSAY_OK)
        status = writes                      ? set(cli, ledger, err)
                 : strcmp(what, "show") == 0 ? show(cli, ledger, err)
                                             : check(cli, ledger, err);
    assay_ledger_close(&ledger);
    return status;
}
