/*
 * Writing statements (statement.h): one order of members, one spelling of each value. Called by
 * ledger.c before signing, and by statement.c to see that bytes are what would be written.
 */
#include "approval/statement.h"

#include <string.h>

#define TYPE(event) "https://assay.dev/attestation/" event "/v1"

static const char *const types[EVENT_COUNT] = {
    TYPE("ledger"),  TYPE("signer"),   TYPE("policy"),      TYPE("endorse"),
    TYPE("request"), TYPE("decision"), TYPE("application"),
};

static void put_time(struct json_writer *w, const char *key, int64_t time_ms)
{
    char text[32] = "";
    if (time_ms != ASSAY_NO_TIME)
        assay_time_iso(text, time_ms);
    json_member(w, key, text);
}

static void put_texts(struct json_writer *w, const char *key, const struct texts *texts)
{
    json_key(w, key);
    json_open(w, '[');
    for (size_t i = 0; i < texts->count; i++)
        json_put(w, texts->items[i]);
    json_close(w, ']');
}

static void put_heads(struct json_writer *w, const char *key,
                      const struct statement_head *heads, size_t count)
{
    json_key(w, key);
    json_open(w, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(w, '{');
        json_member(w, "chain", heads[i].chain);
        json_member_number(w, "number", heads[i].number);
        json_member(w, "digest", heads[i].digest);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void put_person(struct json_writer *w, const struct statement_person *person)
{
    json_open(w, '{');
    json_member(w, "person", person->person);
    json_member(w, "name", person->name);
    put_texts(w, "keys", &person->keys);
    put_texts(w, "roles", &person->roles);
    put_texts(w, "accounts", &person->accounts);
    json_close(w, '}');
}

static void put_begin(struct json_writer *w, const struct statement_ledger *begin)
{
    json_member(w, "title", begin->name);
    json_member_number(w, "owners", begin->owners);
    json_key(w, "persons");
    json_open(w, '[');
    for (size_t i = 0; i < begin->person_count; i++)
        put_person(w, &begin->persons[i]);
    json_close(w, ']');
}

static void put_signer(struct json_writer *w, const struct statement_signer *signer)
{
    json_member(w, "change", signer->change == CHANGE_ADD ? "add" : "revoke");
    json_key(w, "of");
    put_person(w, &signer->person);
    json_member(w, "key", signer->key);
    put_heads(w, "after", signer->after, signer->after_count);
}

static void put_policy(struct json_writer *w, const struct statement_policy *policy)
{
    json_member(w, "name", policy->name);
    json_member_number(w, "version", policy->version);
    json_member(w, "previous", policy->previous);
    json_member(w, "sha256", policy->digest);
    json_member(w, "text", policy->text);
}

static void put_gates(struct json_writer *w, const struct assay_gate_result *gates,
                      size_t count)
{
    json_open(w, '[');
    for (size_t i = 0; i < count; i++) {
        json_open(w, '{');
        json_member(w, "name", gates[i].name);
        json_member(w, "kind", gates[i].kind);
        json_member(w, "state", assay_requirement_state_name(gates[i].state));
        json_member(w, "why", gates[i].why);
        json_member(w, "candidate", gates[i].candidate);
        json_member(w, "champion", gates[i].champion);
        json_close(w, '}');
    }
    json_close(w, ']');
}

void statement_gates_text(struct assay_buf *out, const struct assay_gate_result *gates,
                          size_t count)
{
    struct json_writer w = {.out = out};
    put_gates(&w, gates, count);
}

static void put_files(struct json_writer *w, const struct statement_request *r)
{
    json_key(w, "files");
    json_open(w, '[');
    for (size_t i = 0; i < r->file_count; i++) {
        json_open(w, '{');
        json_member(w, "path", r->files[i].path);
        json_member(w, "sha256", r->files[i].digest);
        json_member_number(w, "bytes", r->files[i].bytes);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void put_evidence(struct json_writer *w, const struct statement_request *r)
{
    json_key(w, "evidence");
    json_open(w, '[');
    for (size_t i = 0; i < r->evidence_count; i++) {
        const struct assay_evidence *e = &r->evidence[i];
        json_open(w, '{');
        json_member(w, "name", e->name);
        json_member(w, "kind", e->kind);
        json_member(w, "sha256", e->digest);
        json_member_number(w, "bytes", e->bytes);
        put_time(w, "time", e->time_ms);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void put_target(struct json_writer *w, const struct statement_request *r)
{
    json_key(w, "target");
    json_open(w, '{');
    json_member(w, "platform", r->platform);
    json_member(w, "place", r->place);
    json_member(w, "model", r->model);
    json_member(w, "version", r->version);
    json_member(w, "target", r->target);
    json_close(w, '}');
    json_key(w, "from");
    json_open(w, '{');
    json_member(w, "version", r->from_version);
    json_member(w, "digest", r->from_digest);
    json_close(w, '}');
    json_key(w, "model");
    json_open(w, '{');
    json_member(w, "digest", r->model_digest);
    put_files(w, r);
    json_close(w, '}');
}

/* Everything a vote is a vote on. */
static void put_bound(struct json_writer *w, const struct statement_request *r)
{
    json_open(w, '{');
    json_member_number(w, "revision", r->revision);
    put_target(w, r);
    put_evidence(w, r);
    json_key(w, "gates");
    put_gates(w, r->gates, r->gate_count);
    json_key(w, "lineage");
    json_open(w, '[');
    for (size_t i = 0; i < r->lineage_count; i++) {
        json_open(w, '{');
        json_member(w, "part", r->lineage[i].part);
        json_member(w, "account", r->lineage[i].account);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_key(w, "policy");
    json_open(w, '{');
    json_member(w, "name", r->policy);
    json_member_number(w, "version", r->policy_version);
    json_member(w, "sha256", r->policy_digest);
    json_close(w, '}');
    json_member(w, "tier", r->tier);
    put_time(w, "expires", r->expires_ms);
    json_close(w, '}');
}

/* What is compared was read, and its binding with it. */
static void put_request(struct json_writer *w, struct statement_request *r)
{
    json_member(w, "request", r->id);
    json_member(w, "words", r->words);
    json_key(w, "bound");
    const size_t start = w->out ? w->out->length : 0;
    put_bound(w, r);
    if (w->out)
        assay_sha256(r->binding, assay_buf_text(w->out) + start, w->out->length - start);
}

static void put_conditions(struct json_writer *w, const struct statement_decision *d)
{
    json_key(w, "conditions");
    json_open(w, '[');
    for (size_t i = 0; i < d->condition_count; i++) {
        json_open(w, '{');
        json_member(w, "text", d->conditions[i].text);
        put_time(w, "due", d->conditions[i].due_ms);
        json_close(w, '}');
    }
    json_close(w, ']');
}

static void put_decision(struct json_writer *w, const struct statement_decision *d)
{
    json_member(w, "decision", assay_verdict_name(d->verdict));
    json_member(w, "meaning", assay_verdict_meaning(d->verdict));
    json_key(w, "request");
    json_open(w, '{');
    json_member(w, "id", d->request);
    json_member_number(w, "revision", d->revision);
    json_member(w, "binding", d->binding);
    json_close(w, '}');
    json_member(w, "reason", d->reason);
    put_conditions(w, d);
    put_texts(w, "seen", &d->seen);
    json_key(w, "gates");
    json_open(w, '{');
    json_member(w, "sha256", d->gates);
    json_member_number(w, "passed", d->gates_passed);
    json_member_number(w, "total", d->gates_total);
    json_close(w, '}');
    json_key(w, "delegate");
    json_open(w, '{');
    json_member(w, "person", d->delegate);
    put_time(w, "until", d->until_ms);
    json_close(w, '}');
    json_member_number(w, "dwell", d->dwell_seconds);
}

static void put_application(struct json_writer *w, const struct statement_application *a)
{
    static const char *const phases[] = {"begin", "done", "failed"};
    json_member(w, "phase", phases[a->phase]);
    json_member(w, "request", a->request);
    json_member(w, "binding", a->binding);
    json_member(w, "before", a->before);
    json_member(w, "after", a->after);
    json_member(w, "why", a->why);
}

static void put_log(struct json_writer *w, const struct statement *s)
{
    json_key(w, "signer");
    json_open(w, '{');
    json_member(w, "person", s->person);
    json_member(w, "name", s->name);
    json_member(w, "role", s->role);
    json_member(w, "key", s->key);
    json_close(w, '}');
    json_key(w, "log");
    json_open(w, '{');
    json_member(w, "device", s->device);
    json_member_number(w, "number", s->number);
    json_member(w, "previous", s->previous);
    put_heads(w, "seen", s->seen, s->seen_count);
    json_close(w, '}');
    put_time(w, "time", s->time_ms);
    json_member(w, "nonce", s->nonce);
    json_key(w, "host");
    json_open(w, '{');
    json_member(w, "name", s->host);
    json_member(w, "user", s->user);
    json_member(w, "terminal", s->terminal);
    json_close(w, '}');
}

static void put_body(struct json_writer *w, struct statement *s)
{
    switch (s->event) {
    case EVENT_LEDGER:
        put_begin(w, &s->begin);
        break;
    case EVENT_SIGNER:
        put_signer(w, &s->signer);
        break;
    case EVENT_POLICY:
        put_policy(w, &s->policy);
        break;
    case EVENT_ENDORSE:
        json_member(w, "record", s->endorsed);
        break;
    case EVENT_REQUEST:
        put_request(w, &s->request);
        break;
    case EVENT_DECISION:
        put_decision(w, &s->decision);
        break;
    case EVENT_APPLICATION:
        put_application(w, &s->application);
        break;
    }
}

static void put_statement(struct json_writer *w, struct statement *s)
{
    json_open(w, '{');
    json_member(w, "_type", "https://in-toto.io/Statement/v1");
    json_key(w, "subject");
    json_open(w, '[');
    json_open(w, '{');
    json_member(w, "name", s->subject);
    json_key(w, "digest");
    json_open(w, '{');
    json_member(w, "sha256", s->subject_digest);
    json_close(w, '}');
    json_close(w, '}');
    json_close(w, ']');
    json_member(w, "predicateType", types[s->event]);
    json_key(w, "predicate");
    json_open(w, '{');
    json_member(w, "event", statement_event_name(s->event));
    json_member(w, "ledger", s->ledger);
    put_log(w, s);
    put_body(w, s);
    json_close(w, '}');
    json_close(w, '}');
}

enum assay_status statement_write(struct assay_buf *out, struct statement *s,
                                  struct assay_error *err)
{
    struct json_writer w = {.out = out};

    put_statement(&w, s);
    if (out->overflow || out->length > JSON_BYTES_MAX)
        return assay_fail(err, ASSAY_BAD_INPUT, "the statement is longer than %zu bytes",
                          JSON_BYTES_MAX);
    return ASSAY_OK;
}

bool statement_is_written(struct statement *s, const char *bytes, size_t length)
{
    struct json_writer w = {.expected = bytes, .left = length};

    put_statement(&w, s);
    return !w.differs && w.left == 0;
}
