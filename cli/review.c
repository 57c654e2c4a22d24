/*
 * assay review: one request in full, for people or programs; with --open the bytes of a piece
 * of evidence, which marks it as seen.
 */
#include "approvals.h"

#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/text.h>

static void line(struct cli *cli, const char *key, const char *text)
{
    if (!text[0])
        return;
    assay_text_pad(&cli->out, key, 11, false, !cli->utf8);
    assay_text_clean(&cli->out, text, strlen(text));
    assay_buf_char(&cli->out, '\n');
}

static void mark(struct cli *cli, const char *state, const char *name, const char *why)
{
    assay_buf_text_add(&cli->out, "  ");
    assay_text_pad(&cli->out, state, 15, false, !cli->utf8);
    assay_text_clean(&cli->out, name, strlen(name));
    if (why[0]) {
        assay_buf_text_add(&cli->out, ": ");
        assay_text_clean(&cli->out, why, strlen(why));
    }
    assay_buf_char(&cli->out, '\n');
}

static void print_head(struct cli *cli, const struct assay_request *r)
{
    struct assay_buf buf = {0};
    char time[32];
    assay_buf_format(&buf, "%s %s to %s (now %s)", r->model, r->version, r->target,
                     r->from_version[0] ? r->from_version : "nothing");
    line(cli, "request", assay_buf_text(&buf));
    line(cli, "id", r->id);
    assay_buf_reset(&buf);
    assay_buf_format(&buf, "%s: %s", assay_request_state_name(r->state), r->why);
    line(cli, "state", assay_buf_text(&buf));
    line(cli, "why", r->words);
    assay_buf_reset(&buf);
    assay_buf_format(&buf, "%s (%s), %s", r->requester_name, r->requester,
                     assay_time_text(time, r->opened_ms));
    line(cli, "asked by", assay_buf_text(&buf));
    assay_buf_reset(&buf);
    assay_buf_format(&buf, "%s version %llu, tier %s%s, revision %llu, expires %s", r->policy,
                     (unsigned long long)r->policy_version, r->tier,
                     r->rollback ? ", a rollback" : "", (unsigned long long)r->revision,
                     assay_time_text(time, r->expires_ms));
    line(cli, "policy", assay_buf_text(&buf));
    line(cli, "model", r->model_digest);
    line(cli, "digest", r->binding);
    assay_buf_free(&buf);
}

static void print_votes(struct cli *cli, const struct assay_request *r)
{
    struct assay_buf buf = {0};
    char time[32];
    if (r->vote_count)
        assay_buf_text_add(&cli->out, "\nSigned\n");
    for (size_t i = 0; i < r->vote_count; i++) {
        const struct assay_vote *v = &r->votes[i];
        assay_buf_reset(&buf);
        assay_buf_format(&buf, "%s (%s, %s) %s%s%s%s%s", v->name, v->person, v->role,
                         assay_time_text(time, v->time_ms), v->key[0] ? "" : " UNSIGNED",
                         v->counts ? "" : ", does not count: ", v->counts ? "" : v->why_not,
                         v->pin       ? ", PIN"
                         : v->touched ? ", touched"
                                      : "");
        mark(cli, assay_verdict_name(v->verdict), assay_buf_text(&buf), v->reason);
    }
    assay_buf_free(&buf);
}

static void print_people(struct cli *cli, const struct assay_request *r)
{
    print_head(cli, r);
    assay_buf_text_add(&cli->out, "\nNeeds\n");
    for (size_t i = 0; i < r->requirement_count; i++)
        mark(cli, assay_requirement_state_name(r->requirements[i].state),
             r->requirements[i].name, r->requirements[i].why);
    if (r->evidence_count)
        assay_buf_text_add(&cli->out, "\nEvidence\n");
    for (size_t i = 0; i < r->evidence_count; i++)
        mark(cli, r->evidence[i].seen ? "seen" : "not seen", r->evidence[i].name,
             r->evidence[i].digest);
    print_votes(cli, r);
    assay_buf_text_add(&cli->out, "\nMay vote\n");
    for (size_t i = 0; i < r->eligible_count; i++)
        mark(cli,
             !r->eligible[i].eligible ? "no"
             : r->eligible[i].voted   ? "voted"
                                      : "yes",
             r->eligible[i].person,
             r->eligible[i].eligible ? r->eligible[i].role : r->eligible[i].why);
}

/* The bytes of one piece of evidence, checked against its digest. */
static enum assay_status open_evidence(struct cli *cli, struct assay_ledger *ledger,
                                       const struct assay_request *r, const char *name,
                                       struct assay_error *err)
{
    for (size_t i = 0; i < r->evidence_count; i++) {
        char *bytes = NULL;
        size_t length = 0;
        if (strcmp(r->evidence[i].name, name) != 0)
            continue;
        enum assay_status status =
            assay_evidence_read(ledger, r->evidence[i].digest, &bytes, &length, err);
        if (status == ASSAY_OK && !cli_text(cli, bytes, length)) {
            status = assay_fail(err, ASSAY_BAD_INPUT, "%s: not text", name);
            struct assay_buf word = {0};
            assay_text_word(&word, name);
            assay_hint(err, "send it to a file: assay review %s --open %s > FILE", r->id,
                       assay_buf_text(&word));
            assay_buf_free(&word);
        }
        if (status == ASSAY_OK)
            status = assay_evidence_seen(ledger, r->evidence[i].digest, true, err);
        free(bytes);
        return status;
    }
    assay_fail(err, ASSAY_BAD_INPUT, "%s: the request has no such evidence", name);
    assay_hint(err, "assay review %s lists what it has", r->id);
    return ASSAY_BAD_INPUT;
}

enum assay_status cli_review(struct cli *cli, struct assay_error *err)
{
    struct assay_ledger *ledger = NULL;
    const struct assay_request *request = NULL;
    const char *open = cli_value(cli, "open"), *me;
    enum assay_status status = cli_ledger(cli, open != NULL, &ledger, err);
    if (status == ASSAY_OK) {
        (void)assay_ledger_me(ledger, &me, NULL);
        status = assay_ledger_find(ledger, cli->args.operands[0], &request, err);
    }
    if (status == ASSAY_OK && open) {
        status = open_evidence(cli, ledger, request, open, err);
    } else if (status == ASSAY_OK) {
        if (cli->format == CLI_JSON) {
            struct cli_json json = {.out = &cli->out};
            cli_request_json(&json, request);
        } else if (cli->format != CLI_TABLE) {
            struct cli_table *table = cli_request_table(cli);
            cli_request_rows(table, request);
            cli_table_print(table);
            cli_table_free(&table);
        } else {
            print_people(cli, request);
        }
    }
    assay_ledger_close(&ledger);
    return status;
}
