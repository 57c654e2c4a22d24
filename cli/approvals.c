/*
 * What the commands of approvals share; see approvals.h.
 */
#include "approvals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

void cli_say_first_seen(struct assay_ledger *ledger)
{
    const struct assay_person *people;
    const size_t count = assay_ledger_people(ledger, &people);

    fprintf(stderr, "assay: this ledger is seen here for the first time: %s\n",
            assay_ledger_info(ledger).digest);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < people[i].role_count; k++)
            if (strcmp(people[i].roles[k], "policy-owner") == 0)
                fprintf(stderr, "  owned by %s%s%s: compare it with what they know\n",
                        people[i].person, people[i].key_count ? ", " : "",
                        people[i].key_count ? people[i].keys[0].fingerprint : "");
}

void cli_say_waiting(struct assay_ledger *ledger, size_t before)
{
    const size_t waiting = assay_ledger_info(ledger).waiting;

    if (waiting > before)
        fprintf(stderr,
                "assay: %zu change%s, which `assay audit log` shows, take%s force when another "
                "owner says the same\n",
                waiting - before, waiting - before == 1 ? "" : "s",
                waiting - before == 1 ? "s" : "");
}

enum assay_status cli_ledger(struct cli *cli, bool write, struct assay_ledger **out,
                             struct assay_error *err)
{
    struct assay_ledger_options options = {
        .read_only = !write,
        .key = cli_value(cli, "sign-with"),
        .expect = cli_value(cli, "ledger"),
        .person = cli_value(cli, "unsigned"),
        .unsigned_votes = cli_value(cli, "unsigned") != NULL,
    };
    enum assay_status status = assay_ledger_open(out, &options, err);
    if (status == ASSAY_OK && write && !assay_ledger_info(*out).witnessed &&
        assay_ledger_info(*out).digest[0])
        cli_say_first_seen(*out);
    return status;
}

enum assay_status cli_place(const struct cli *cli, char **out, struct assay_error *err)
{
    const char *source = cli_value(cli, "source");
    *out = NULL;
    return source ? assay_approval_place(source, out, err) : ASSAY_OK;
}

const char **cli_values(const struct cli *cli, const char *name, size_t *count)
{
    const char **values = assay_alloc_array(cli->args.given_count + 1, sizeof *values);
    const char *value;
    *count = 0;
    while ((value = cli_value_at(cli, name, *count)) != NULL)
        values[(*count)++] = value;
    return values;
}

void cli_texts_json(struct cli_json *json, const char *key, const char *const *texts,
                    size_t count)
{
    cli_json_key(json, key);
    cli_json_open(json, '[');
    for (size_t i = 0; i < count; i++)
        cli_json_text(json, texts[i]);
    cli_json_close(json);
}

static void time_member(struct cli_json *json, const char *key, int64_t time_ms)
{
    cli_json_key(json, key);
    cli_json_time(json, time_ms);
}

static void count_member(struct cli_json *json, const char *key, uint64_t count)
{
    cli_json_key(json, key);
    cli_json_count(json, count);
}

static void bool_member(struct cli_json *json, const char *key, bool value)
{
    cli_json_key(json, key);
    cli_json_bool(json, value);
}

static void votes_json(struct cli_json *json, const struct assay_request *r)
{
    cli_json_key(json, "votes");
    cli_json_open(json, '[');
    for (size_t i = 0; i < r->vote_count; i++) {
        const struct assay_vote *v = &r->votes[i];
        cli_json_open(json, '{');
        cli_json_member(json, "person", v->person);
        cli_json_member(json, "name", v->name);
        cli_json_member(json, "role", v->role);
        cli_json_member(json, "decision", assay_verdict_name(v->verdict));
        cli_json_member(json, "meaning", assay_verdict_meaning(v->verdict));
        cli_json_member(json, "reason", v->reason);
        time_member(json, "time_ms", v->time_ms);
        count_member(json, "revision", v->revision);
        cli_json_member(json, "key", v->key);
        bool_member(json, "signed", v->key[0] != '\0');
        bool_member(json, "touched", v->touched);
        bool_member(json, "pin", v->pin);
        bool_member(json, "counts", v->counts);
        cli_json_member(json, "why_not", v->why_not);
        cli_json_member(json, "record", v->record);
        cli_json_close(json);
    }
    cli_json_close(json);
}

static void needs_json(struct cli_json *json, const struct assay_request *r)
{
    cli_json_key(json, "requirements");
    cli_json_open(json, '[');
    for (size_t i = 0; i < r->requirement_count; i++) {
        cli_json_open(json, '{');
        cli_json_member(json, "name", r->requirements[i].name);
        cli_json_member(json, "state", assay_requirement_state_name(r->requirements[i].state));
        cli_json_member(json, "why", r->requirements[i].why);
        cli_json_close(json);
    }
    cli_json_close(json);
    cli_json_key(json, "eligible");
    cli_json_open(json, '[');
    for (size_t i = 0; i < r->eligible_count; i++) {
        cli_json_open(json, '{');
        cli_json_member(json, "person", r->eligible[i].person);
        cli_json_member(json, "role", r->eligible[i].role);
        bool_member(json, "eligible", r->eligible[i].eligible);
        bool_member(json, "voted", r->eligible[i].voted);
        cli_json_member(json, "why", r->eligible[i].why);
        cli_json_close(json);
    }
    cli_json_close(json);
}

static void evidence_json(struct cli_json *json, const struct assay_request *r)
{
    cli_json_key(json, "gates");
    cli_json_open(json, '[');
    for (size_t i = 0; i < r->gate_count; i++) {
        cli_json_open(json, '{');
        cli_json_member(json, "name", r->gates[i].name);
        cli_json_member(json, "kind", r->gates[i].kind);
        cli_json_member(json, "state", assay_requirement_state_name(r->gates[i].state));
        cli_json_member(json, "why", r->gates[i].why);
        cli_json_member(json, "candidate", r->gates[i].candidate);
        cli_json_member(json, "champion", r->gates[i].champion);
        cli_json_close(json);
    }
    cli_json_close(json);
    cli_json_key(json, "evidence");
    cli_json_open(json, '[');
    for (size_t i = 0; i < r->evidence_count; i++) {
        cli_json_open(json, '{');
        cli_json_member(json, "name", r->evidence[i].name);
        cli_json_member(json, "sha256", r->evidence[i].digest);
        count_member(json, "bytes", r->evidence[i].bytes);
        time_member(json, "time_ms", r->evidence[i].time_ms);
        bool_member(json, "seen", r->evidence[i].seen);
        cli_json_close(json);
    }
    cli_json_close(json);
}

void cli_request_json(struct cli_json *json, const struct assay_request *r)
{
    cli_json_open(json, '{');
    cli_json_member(json, "id", r->id);
    cli_json_member(json, "state", assay_request_state_name(r->state));
    cli_json_member(json, "why", r->why);
    count_member(json, "revision", r->revision);
    cli_json_member(json, "binding", r->binding);
    cli_json_member(json, "platform", r->platform);
    cli_json_member(json, "place", r->place);
    cli_json_member(json, "model", r->model);
    cli_json_member(json, "version", r->version);
    cli_json_member(json, "target", r->target);
    cli_json_member(json, "from_version", r->from_version);
    cli_json_member(json, "from_digest", r->from_digest);
    cli_json_member(json, "model_digest", r->model_digest);
    cli_json_member(json, "words", r->words);
    cli_json_member(json, "requester", r->requester);
    cli_json_member(json, "tier", r->tier);
    cli_json_key(json, "policy");
    cli_json_open(json, '{');
    cli_json_member(json, "name", r->policy);
    count_member(json, "version", r->policy_version);
    cli_json_member(json, "sha256", r->policy_digest);
    cli_json_close(json);
    time_member(json, "opened_ms", r->opened_ms);
    time_member(json, "expires_ms", r->expires_ms);
    time_member(json, "apply_by_ms", r->apply_by_ms);
    time_member(json, "applied_ms", r->applied_ms);
    count_member(json, "have", r->have);
    count_member(json, "needed", r->needed);
    bool_member(json, "mine", r->mine);
    bool_member(json, "rollback", r->rollback);
    bool_member(json, "overridden", r->overridden);
    bool_member(json, "unsigned", r->unsigned_votes);
    needs_json(json, r);
    votes_json(json, r);
    evidence_json(json, r);
    cli_json_close(json);
}
