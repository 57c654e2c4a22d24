/*
 * assay keys: the persons of the ledger, their keys, roles and accounts.
 */
#include "approvals.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/memory.h>

static const char *join(struct assay_buf *buf, const char *const *texts, size_t count)
{
    assay_buf_reset(buf);
    for (size_t i = 0; i < count; i++)
        assay_buf_format(buf, "%s%s", i ? ", " : "", texts[i]);
    return assay_buf_text(buf);
}

static void list_json(struct cli *cli, const struct assay_ledger *ledger)
{
    const struct assay_person *people;
    const size_t count = assay_ledger_people(ledger, &people);
    struct cli_json json = {.out = &cli->out};
    cli_json_open(&json, '{');
    cli_json_member(&json, "ledger", assay_ledger_info(ledger).digest);
    cli_json_key(&json, "persons");
    cli_json_open(&json, '[');
    for (size_t i = 0; i < count; i++) {
        const struct assay_person *p = &people[i];
        cli_json_open(&json, '{');
        cli_json_member(&json, "person", p->person);
        cli_json_member(&json, "name", p->name);
        cli_texts_json(&json, "roles", p->roles, p->role_count);
        cli_texts_json(&json, "accounts", p->accounts, p->account_count);
        cli_json_key(&json, "keys");
        cli_json_open(&json, '[');
        for (size_t k = 0; k < p->key_count; k++) {
            cli_json_open(&json, '{');
            cli_json_member(&json, "fingerprint", p->keys[k].fingerprint);
            cli_json_member(&json, "key", p->keys[k].line);
            cli_json_key(&json, "hardware");
            cli_json_bool(&json, p->keys[k].hardware);
            cli_json_key(&json, "revoked");
            cli_json_bool(&json, p->keys[k].revoked);
            cli_json_close(&json);
        }
        cli_json_close(&json);
        cli_json_key(&json, "me");
        cli_json_bool(&json, p->me);
        cli_json_close(&json);
    }
    cli_json_close(&json);
    cli_json_close(&json);
}

static void list_table(struct cli *cli, const struct assay_ledger *ledger)
{
    const struct assay_person *people;
    const size_t count = assay_ledger_people(ledger, &people);
    struct assay_buf buf = {0};
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "person", "person", false);
    cli_table_column(table, "name", "name", false);
    cli_table_column(table, "roles", "roles", false);
    cli_table_column(table, "accounts", "accounts", false);
    cli_table_column(table, "key", "key", false);
    cli_table_whole(table);
    cli_table_column(table, "state", "state", false);
    for (size_t i = 0; i < count; i++) {
        const struct assay_person *p = &people[i];
        for (size_t k = 0; k < p->key_count || k == 0; k++) {
            const bool key = k < p->key_count;
            cli_table_text(table, p->person);
            cli_table_text(table, p->name);
            cli_table_text(table, join(&buf, p->roles, p->role_count));
            cli_table_text(table, join(&buf, p->accounts, p->account_count));
            cli_table_text(table, key ? p->keys[k].fingerprint : "");
            cli_table_text(table, !key                  ? "no key"
                                  : p->keys[k].revoked  ? "revoked"
                                  : p->keys[k].hardware ? "hardware"
                                                        : "");
        }
    }
    cli_table_print(table);
    cli_table_free(&table);
    assay_buf_free(&buf);
    if (count == 0 && cli->format == CLI_TABLE)
        assay_buf_text_add(&cli->out,
                           "There is no ledger yet: assay keys add YOU --name \"Your Name\" "
                           "--key ~/.ssh/ID.pub\nbegins one, with you as its first owner.\n");
}

/* Whoever begins a ledger owns it: that is said, and asked where somebody can answer. */
static enum assay_status may_begin(const struct cli *cli, const char *person,
                                   struct assay_error *err)
{
    if (cli_has(cli, "begin"))
        return ASSAY_OK;
    if (isatty(STDIN_FILENO)) {
        fprintf(
            stderr,
            "There is no ledger here. This begins a new one, of which %s is the owner: who\n"
            "may change its persons and policies. To join one that there is, say no, and\n"
            "`assay sync PLACE`.\nBegin a ledger? [y/N] ",
            person);
        char answer[8] = "";
        if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
            return ASSAY_OK;
        return assay_fail(err, ASSAY_CANCELLED, "no ledger was begun");
    }
    assay_fail(err, ASSAY_BAD_INPUT,
               "there is no ledger here, and this would begin one, owned "
               "by %s",
               person);
    assay_hint(err,
               "--begin says that it is meant; `assay sync PLACE` joins one that there is");
    return ASSAY_BAD_INPUT;
}

static enum assay_status add(struct cli *cli, struct assay_ledger *ledger,
                             struct assay_error *err)
{
    size_t roles = 0, accounts = 0;
    const char **role = cli_values(cli, "role", &roles);
    const char **account = cli_values(cli, "account", &accounts);
    struct assay_person_change change = {
        .person = cli->args.operands[1],
        .name = cli_value(cli, "name"),
        .key_file = cli_value(cli, "key"),
        .roles = roles ? role : NULL,
        .role_count = roles,
        .accounts = accounts ? account : NULL,
        .account_count = accounts,
    };
    const bool begins = assay_ledger_info(ledger).digest[0] == '\0';
    enum assay_status status = ASSAY_OK;
    if (begins)
        status = may_begin(cli, change.person, err);
    if (status == ASSAY_OK)
        status = assay_person_set(ledger, &change, err);
    if (status == ASSAY_OK && begins)
        fprintf(stderr,
                "assay: began the ledger %s, owned by %s: its people compare that digest\n",
                assay_ledger_info(ledger).digest, change.person);
    free(role);
    free(account);
    return status;
}

enum assay_status cli_keys(struct cli *cli, struct assay_error *err)
{
    const char *what = cli->args.operand_count ? cli->args.operands[0] : "list";
    const size_t given = cli->args.operand_count;
    struct assay_ledger *ledger = NULL;
    const bool listing = strcmp(what, "list") == 0;
    int64_t after = -1;
    enum assay_status status;

    if (!(listing && given <= 1) && !(strcmp(what, "add") == 0 && given == 2) &&
        !(strcmp(what, "revoke") == 0 && given == 3)) {
        assay_fail(err, ASSAY_BAD_INPUT,
                   "keys: list, add PERSON, or revoke PERSON FINGERPRINT");
        assay_hint(err, "assay keys --help lists what it takes");
        return ASSAY_BAD_INPUT;
    }
    status = cli_integer(cli, "after", 0, INT64_C(1) << 40, &after, err);
    if (status == ASSAY_OK)
        status = cli_ledger(cli, !listing, &ledger, err);
    if (status != ASSAY_OK)
        return status;
    const size_t waiting = assay_ledger_info(ledger).waiting;
    if (listing) {
        const char *me;
        (void)assay_ledger_me(ledger, &me, NULL);
        if (cli->format == CLI_JSON)
            list_json(cli, ledger);
        else
            list_table(cli, ledger);
    } else if (strcmp(what, "add") == 0) {
        status = add(cli, ledger, err);
    } else {
        status =
            assay_key_revoke(ledger, cli->args.operands[1], cli->args.operands[2], after, err);
    }
    if (status == ASSAY_OK)
        cli_say_waiting(ledger, listing ? 0 : waiting);
    assay_ledger_close(&ledger);
    return status;
}
