/*
 * assay queue: what waits, mine first, then by how little time is left.
 */
#include "approvals.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/memory.h>

static int by_urgency(const void *a, const void *b)
{
    const struct assay_request *x = *(const struct assay_request *const *)a;
    const struct assay_request *y = *(const struct assay_request *const *)b;
    if (x->mine != y->mine)
        return x->mine ? -1 : 1;
    if (x->expires_ms != y->expires_ms)
        return x->expires_ms < y->expires_ms ? -1 : 1;
    return strcmp(x->id, y->id);
}

/* Of an applied one whose glass was broken, that is what is left to do. */
static const char *state_shown(const struct assay_request *r)
{
    if (r->state != ASSAY_STATE_APPLIED || !r->review_open)
        return assay_request_state_name(r->state);
    return r->review_due ? "REVIEW OVERDUE" : "REVIEW DUE";
}

/* A state nobody is ever in would be a list that is always empty. */
static enum assay_status check_state(const char *state, struct assay_error *err)
{
    struct assay_buf names = {0};
    bool known = !state || strcasecmp(state, "all") == 0;

    for (int s = ASSAY_STATE_PENDING; s <= ASSAY_STATE_SUPERSEDED; s++) {
        const char *name = assay_request_state_name((enum assay_request_state)s);
        known = known || strcasecmp(state, name) == 0;
        assay_buf_format(&names, "%s, ", name);
    }
    if (!known) {
        assay_fail(err, ASSAY_BAD_INPUT, "queue: there is no state %s", state);
        assay_hint(err, "it is one of %sor all", assay_buf_text(&names));
    }
    assay_buf_free(&names);
    return known ? ASSAY_OK : ASSAY_BAD_INPUT;
}

static bool wanted(const struct cli *cli, const char *place, const struct assay_request *r)
{
    const char *state = cli_value(cli, "state");
    if ((cli_has(cli, "mine") && !r->mine) || (place && strcmp(r->place, place) != 0))
        return false;
    if (state)
        return strcasecmp(state, "all") == 0 ||
               strcasecmp(state, assay_request_state_name(r->state)) == 0;
    return assay_request_open_state(r->state) || r->review_due ||
           (r->review_open && r->state == ASSAY_STATE_APPLIED);
}

static void print_table(struct cli *cli, const struct assay_request *const *rows, size_t count)
{
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "id", "id", false);
    cli_table_whole(table);
    cli_table_column(table, "mine", "", false);
    cli_table_column(table, "model", "model", false);
    cli_table_column(table, "version", "version", false);
    cli_table_column(table, "target", "target", false);
    cli_table_column(table, "tier", "tier", false);
    cli_table_column(table, "state", "state", false);
    cli_table_column(table, "signed", "signed", true);
    cli_table_column(table, "gates", "gates", true);
    cli_table_column(table, "expires_ms", "expires", false);
    cli_table_column(table, "words", "why", false);
    for (size_t i = 0; i < count; i++) {
        const struct assay_request *r = rows[i];
        struct assay_buf quorum = {0}, gates = {0};
        assay_buf_format(&quorum, "%zu/%zu", r->have, r->needed);
        assay_buf_format(&gates, "%zu/%zu", r->gates_passed, r->gate_count);
        cli_table_text(table, r->id);
        cli_table_text(table, r->mine ? "!" : "");
        cli_table_text(table, r->model);
        cli_table_text(table, r->version);
        cli_table_text(table, r->target);
        cli_table_text(table, r->tier);
        cli_table_text(table, state_shown(r));
        cli_table_text(table, assay_buf_text(&quorum));
        cli_table_text(table, assay_buf_text(&gates));
        cli_table_time(table, r->expires_ms);
        cli_table_text(table, r->words);
        assay_buf_free(&quorum);
        assay_buf_free(&gates);
    }
    cli_table_print(table);
    cli_table_free(&table);
}

enum assay_status cli_queue(struct cli *cli, struct assay_error *err)
{
    struct assay_ledger *ledger = NULL;
    const struct assay_request *const *all;
    const char *me;
    char *place = NULL;
    enum assay_status status = check_state(cli_value(cli, "state"), err);
    if (status == ASSAY_OK)
        status = cli_place(cli, &place, err);
    if (status == ASSAY_OK)
        status = cli_ledger(cli, false, &ledger, err);
    if (status != ASSAY_OK) {
        free(place);
        return status;
    }
    (void)assay_ledger_me(ledger, &me, NULL);
    const size_t count = assay_ledger_requests(ledger, &all);
    const struct assay_request **rows = assay_alloc_array(count + 1, sizeof *rows);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (wanted(cli, place, all[i]))
            rows[kept++] = all[i];
    if (kept > 1)
        qsort(rows, kept, sizeof *rows, by_urgency);
    if (cli->format == CLI_JSON) {
        struct cli_json json = {.out = &cli->out};
        cli_json_open(&json, '{');
        cli_json_key(&json, "requests");
        cli_json_open(&json, '[');
        for (size_t i = 0; i < kept; i++)
            cli_request_json(&json, rows[i]);
        cli_json_close(&json);
        cli_json_close(&json);
    } else {
        print_table(cli, rows, kept);
    }
    free(rows);
    free(place);
    assay_ledger_close(&ledger);
    return ASSAY_OK;
}
