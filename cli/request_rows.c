/*
 * A request taken apart into rows, for csv and md: `assay review` prints one, `assay audit
 * report` all. Every row says which request it is of, so that reports can be put together.
 */
#include "approvals.h"

struct row {
    const char *section, *key, *state, *person, *role, *value, *digest;
    int64_t time_ms;
};

struct cli_table *cli_request_table(struct cli *cli)
{
    static const char *const names[] = {"request", "section", "key",   "state", "person",
                                        "role",    "time_ms", "value", "digest"};
    struct cli_table *table = cli_table_new(cli);

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        cli_table_column(table, names[i], names[i], false);
    return table;
}

static void add(struct cli_table *table, const struct assay_request *r, struct row row)
{
    const char *const before[] = {r->id, row.section, row.key, row.state, row.person, row.role};

    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
        cli_table_text(table, before[i] ? before[i] : "");
    if (row.time_ms)
        cli_table_time(table, row.time_ms);
    else
        cli_table_none(table);
    cli_table_text(table, row.value ? row.value : "");
    cli_table_text(table, row.digest ? row.digest : "");
}

static void add_facts(struct cli_table *table, const struct assay_request *r)
{
    struct assay_buf policy = {0};

    assay_buf_format(&policy, "%s version %llu, tier %s%s", r->policy,
                     (unsigned long long)r->policy_version, r->tier,
                     r->rollback ? ", a rollback" : "");
    const struct row rows[] = {
        {.key = "state", .state = assay_request_state_name(r->state), .value = r->why},
        {.key = "opened", .person = r->requester, .value = r->words, .time_ms = r->opened_ms},
        {.key = "expires", .time_ms = r->expires_ms},
        {.key = "applied", .time_ms = r->applied_ms},
        {.key = "platform", .value = r->platform},
        {.key = "place", .value = r->place},
        {.key = "model", .value = r->model},
        {.key = "version", .value = r->version, .digest = r->model_digest},
        {.key = "target", .value = r->target},
        {.key = "from version", .value = r->from_version, .digest = r->from_digest},
        {.key = "policy", .value = assay_buf_text(&policy), .digest = r->policy_digest},
        {.key = "binding", .digest = r->binding},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct row row = rows[i];
        row.section = "request";
        add(table, r, row);
    }
    assay_buf_free(&policy);
}

static void add_needs(struct cli_table *table, const struct assay_request *r)
{
    for (size_t i = 0; i < r->requirement_count; i++)
        add(table, r,
            (struct row){.section = "requirement",
                         .key = r->requirements[i].name,
                         .state = assay_requirement_state_name(r->requirements[i].state),
                         .value = r->requirements[i].why});
    for (size_t i = 0; i < r->gate_count; i++)
        add(table, r,
            (struct row){.section = "gate",
                         .key = r->gates[i].name,
                         .state = assay_requirement_state_name(r->gates[i].state),
                         .value = r->gates[i].why});
    for (size_t i = 0; i < r->evidence_count; i++)
        add(table, r,
            (struct row){.section = "evidence",
                         .key = r->evidence[i].name,
                         .state = r->evidence[i].seen ? "seen" : "not seen",
                         .digest = r->evidence[i].digest,
                         .time_ms = r->evidence[i].time_ms});
}

static void add_people(struct cli_table *table, const struct assay_request *r)
{
    for (size_t i = 0; i < r->vote_count; i++) {
        const struct assay_vote *v = &r->votes[i];
        add(table, r,
            (struct row){.section = v->key[0] ? "signature" : "unsigned",
                         .key = assay_verdict_name(v->verdict),
                         .state = v->counts ? "counts" : v->why_not,
                         .person = v->person,
                         .role = v->role,
                         .value = v->reason,
                         .digest = v->record,
                         .time_ms = v->time_ms});
    }
    for (size_t i = 0; i < r->eligible_count; i++)
        add(table, r,
            (struct row){.section = "may vote",
                         .key = !r->eligible[i].eligible ? "no" : "yes",
                         .state = r->eligible[i].voted ? "voted" : "",
                         .person = r->eligible[i].person,
                         .role = r->eligible[i].role,
                         .value = r->eligible[i].why});
}

void cli_request_rows(struct cli_table *table, const struct assay_request *request)
{
    add_facts(table, request);
    add_needs(table, request);
    add_people(table, request);
}
