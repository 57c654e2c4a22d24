/*
 * The one form of statements (statement.h): which members they have, in which order, and what
 * each may be. The same functions go through it for writing and for reading, so that what is
 * read is what would be written, byte for byte, and is looked at once: a ledger is as fast as
 * this. Called for every record, whoever wrote it.
 */
#include "approval/statement.h"

#include <string.h>

#include <assay/text.h>

#define TYPE(event) "https://assay.dev/attestation/" event "/v1"

static const char *const types[EVENT_COUNT] = {
    TYPE("ledger"),  TYPE("signer"),   TYPE("policy"),      TYPE("endorse"),
    TYPE("request"), TYPE("decision"), TYPE("application"),
};
static const char *const changes[] = {"add", "revoke"};
static const char *const phases[] = {"begin", "done", "failed"};

/* Writing, every function puts down what is there; reading, it sets it. */
struct form {
    bool reading;
    struct json_writer writer;
    struct json_exact reader;
    const char *wrong; /* the first member whose value is none: the rest is harmless */
    const char *stuck; /* the member at which something else is written */
};

/* ---- members ---- */

static void is_wrong(struct form *f, const char *key)
{
    if (f->reading && !f->wrong && !f->reader.stuck)
        f->wrong = key;
}

static void note_stuck(struct form *f, const char *key)
{
    if (f->reading && f->reader.stuck && !f->stuck)
        f->stuck = key;
}

static void form_key(struct form *f, const char *key)
{
    if (f->reading)
        json_exact_key(&f->reader, key);
    else
        json_key(&f->writer, key);
}

static void form_open(struct form *f, char bracket)
{
    if (f->reading)
        json_exact_open(&f->reader, bracket);
    else
        json_open(&f->writer, bracket);
}

static void form_close(struct form *f, char bracket)
{
    if (f->reading)
        json_exact_close(&f->reader, bracket);
    else
        json_close(&f->writer, bracket);
}

static void form_object(struct form *f, const char *key)
{
    form_key(f, key);
    form_open(f, '{');
    note_stuck(f, key);
}

/* A text of at most MOST bytes; its length, where it was read. */
static size_t form_text(struct form *f, const char *key, const char **value, size_t most)
{
    size_t length;

    form_key(f, key);
    if (!f->reading) {
        json_put(&f->writer, *value);
        return 0;
    }
    *value = json_exact_text(&f->reader, &length);
    note_stuck(f, key);
    if (length <= most)
        return length;
    is_wrong(f, key);
    *value = "";
    return 0;
}

/* A member that says what follows from the others. */
static void form_fixed(struct form *f, const char *key, const char *value)
{
    const char *found = value;

    form_text(f, key, &found, SIZE_MAX);
    if (strcmp(found, value) != 0)
        is_wrong(f, key);
}

/* One of NAMES. */
static unsigned form_choice(struct form *f, const char *key, const char *const *names,
                            unsigned count, unsigned now)
{
    const char *name = f->reading ? "" : names[now];

    form_text(f, key, &name, SIZE_MAX);
    for (unsigned i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    is_wrong(f, key);
    return 0;
}

static void form_number(struct form *f, const char *key, uint64_t *value)
{
    const char *digits;
    size_t length;

    if (!f->reading) {
        json_member_number(&f->writer, key, *value);
        return;
    }
    *value = 0;
    length = form_text(f, key, &digits, 18);
    if (length == 0 || (length > 1 && digits[0] == '0'))
        is_wrong(f, key);
    for (size_t i = 0; i < length; i++) {
        const unsigned digit = (unsigned char)digits[i] - (unsigned)'0';
        if (digit > 9)
            is_wrong(f, key);
        *value = *value * 10 + digit % 10;
    }
}

static void form_time(struct form *f, const char *key, int64_t *time_ms, bool needed)
{
    const char *value;
    char again[32] = "";
    size_t length;

    if (!f->reading) {
        if (*time_ms != ASSAY_NO_TIME)
            assay_time_iso(again, *time_ms);
        json_member(&f->writer, key, again);
        return;
    }
    *time_ms = ASSAY_NO_TIME;
    length = form_text(f, key, &value, sizeof again - 1);
    if (length == 0 && !needed)
        return;
    if (!assay_time_parse(value, length, time_ms) ||
        strcmp(assay_time_iso(again, *time_ms), value) != 0)
        is_wrong(f, key);
}

static void form_digest(struct form *f, const char *key, const char **value, bool needed)
{
    if ((form_text(f, key, value, 64) > 0 || needed) && f->reading &&
        !assay_sha256_valid(*value))
        is_wrong(f, key);
}

/* A name of a person, or one that follows the same rules. */
static void form_name(struct form *f, const char *key, const char **value)
{
    form_text(f, key, value, PUBKEY_PERSON_MAX);
    if (f->reading && !person_name_valid(*value))
        is_wrong(f, key);
}

static bool hex_valid(const char *value, size_t digits)
{
    return strspn(value, "0123456789abcdef") == digits && value[digits] == '\0';
}

/* The 16 digits of a request. */
static void form_id(struct form *f, const char *key, const char **value)
{
    form_text(f, key, value, 16);
    if (f->reading && !hex_valid(*value, 16))
        is_wrong(f, key);
}

/* ---- lists ---- */

typedef void form_item(struct form *f, void *item);

/* Room for one more in what was read: 1, 2, 4, … */
static void *grow(struct form *f, void *items, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return items;
    void *more = assay_arena_alloc(f->reader.arena, (count ? 2 * count : 1) * size);
    if (count > 0)
        memcpy(more, items, count * size);
    return more;
}

/* An array of at most MOST things of SIZE bytes; where they are. */
static void *form_list(struct form *f, const char *key, void *items, size_t *count, size_t size,
                       size_t most, form_item *each)
{
    form_key(f, key);
    form_open(f, '[');
    note_stuck(f, key);
    if (!f->reading) {
        for (size_t i = 0; i < *count; i++)
            each(f, (char *)items + i * size);
        form_close(f, ']');
        return items;
    }
    items = NULL;
    *count = 0;
    while (!f->reader.stuck && !json_exact_at(&f->reader, ']')) {
        if (*count == most) {
            is_wrong(f, key);
            f->reader.stuck = true;
            break;
        }
        items = grow(f, items, *count, size);
        each(f, (char *)items + (*count)++ * size);
    }
    form_close(f, ']');
    return items;
}

static void form_item_text(struct form *f, void *item)
{
    const char **value = item;
    size_t length;

    if (f->reading)
        *value = json_exact_text(&f->reader, &length);
    else
        json_put(&f->writer, *value);
}

static void form_texts(struct form *f, const char *key, struct texts *texts)
{
    texts->items = form_list(f, key, texts->items, &texts->count, sizeof *texts->items,
                             STATEMENT_LIST_MAX, form_item_text);
}

static bool chain_valid(const char *chain)
{
    chain += *chain == '~';
    const char *slash = strchr(chain, '/');
    char person[PUBKEY_PERSON_MAX + 1];

    if (!slash || (size_t)(slash - chain) >= sizeof person || !hex_valid(slash + 1, 8))
        return false;
    memcpy(person, chain, (size_t)(slash - chain));
    person[slash - chain] = '\0';
    return person_name_valid(person);
}

static void form_head(struct form *f, void *item)
{
    struct statement_head *head = item;

    form_open(f, '{');
    form_text(f, "chain", &head->chain, PUBKEY_PERSON_MAX + 10);
    if (f->reading && !chain_valid(head->chain))
        is_wrong(f, "chain");
    form_number(f, "number", &head->number);
    form_digest(f, "digest", &head->digest, true);
    form_close(f, '}');
}

static struct statement_head *form_heads(struct form *f, const char *key,
                                         struct statement_head *heads, size_t *count)
{
    return form_list(f, key, heads, count, sizeof *heads, STATEMENT_LIST_MAX, form_head);
}

/* ---- what changes a ledger's persons and policies ---- */

static void form_person(struct form *f, void *item)
{
    struct statement_person *person = item;

    form_open(f, '{');
    form_name(f, "person", &person->person);
    form_text(f, "name", &person->name, 256);
    form_texts(f, "keys", &person->keys);
    form_texts(f, "roles", &person->roles);
    for (size_t i = 0; f->reading && i < person->roles.count; i++)
        if (!person_name_valid(person->roles.items[i]))
            is_wrong(f, "roles");
    form_texts(f, "accounts", &person->accounts);
    form_close(f, '}');
}

static void form_begin(struct form *f, struct statement_ledger *begin)
{
    form_text(f, "title", &begin->name, 256);
    form_number(f, "owners", &begin->owners);
    if (begin->owners == 0)
        is_wrong(f, "owners");
    begin->persons = form_list(f, "persons", begin->persons, &begin->person_count,
                               sizeof *begin->persons, STATEMENT_LIST_MAX, form_person);
    if (begin->person_count == 0)
        is_wrong(f, "persons");
}

static void form_signer(struct form *f, struct statement_signer *signer)
{
    signer->change = (enum statement_change)form_choice(
        f, "change", changes, ASSAY_COUNT(changes), (unsigned)signer->change);
    form_key(f, "of");
    form_person(f, &signer->person);
    form_text(f, "key", &signer->key, FINGERPRINT_SIZE);
    signer->after = form_heads(f, "after", signer->after, &signer->after_count);
}

static void form_policy(struct form *f, struct statement_policy *policy)
{
    char found[ASSAY_SHA256_TEXT];

    form_name(f, "name", &policy->name);
    form_number(f, "version", &policy->version);
    form_digest(f, "previous", &policy->previous, policy->version > 1);
    form_digest(f, "sha256", &policy->digest, true);
    form_text(f, "text", &policy->text, 65536);
    if (f->reading &&
        strcmp(assay_sha256(found, policy->text, strlen(policy->text)), policy->digest) != 0)
        is_wrong(f, "sha256");
}

/* ---- requests ---- */

static void form_gate(struct form *f, void *item)
{
    struct assay_gate_result *gate = item;
    const char *state = f->reading ? "" : assay_requirement_state_name(gate->state);

    form_open(f, '{');
    form_text(f, "name", &gate->name, 256);
    form_text(f, "kind", &gate->kind, 64);
    form_text(f, "state", &state, 16);
    if (f->reading && !requirement_state_parse(state, &gate->state)) {
        gate->state = ASSAY_ERROR;
        is_wrong(f, "state");
    }
    form_text(f, "why", &gate->why, 4096);
    form_text(f, "candidate", &gate->candidate, 256);
    form_text(f, "champion", &gate->champion, 256);
    form_close(f, '}');
}

static void form_evidence(struct form *f, void *item)
{
    struct assay_evidence *evidence = item;

    form_open(f, '{');
    form_text(f, "name", &evidence->name, 1024);
    form_text(f, "kind", &evidence->kind, 64);
    form_digest(f, "sha256", &evidence->digest, true);
    form_number(f, "bytes", &evidence->bytes);
    form_time(f, "time", &evidence->time_ms, true);
    form_close(f, '}');
}

static void form_fact(struct form *f, void *item)
{
    struct assay_fact *fact = item;

    form_open(f, '{');
    form_text(f, "part", &fact->part, 64);
    form_text(f, "account", &fact->account, 512);
    form_close(f, '}');
}

static void form_file(struct form *f, void *item)
{
    struct assay_model_file *file = item;

    form_open(f, '{');
    form_text(f, "path", &file->path, 4096);
    form_digest(f, "sha256", &file->digest, true);
    form_number(f, "bytes", &file->bytes);
    form_close(f, '}');
}

static void form_model(struct form *f, struct statement_request *r)
{
    form_object(f, "target");
    form_name(f, "platform", &r->platform);
    form_text(f, "place", &r->place, 4096);
    form_text(f, "model", &r->model, 512);
    form_text(f, "version", &r->version, 128);
    form_text(f, "target", &r->target, 256);
    if (f->reading &&
        (r->model[0] == '\0' || r->version[0] == '\0' || !statement_target_valid(r->target)))
        is_wrong(f, "target");
    form_close(f, '}');
    form_object(f, "from");
    form_text(f, "version", &r->from_version, 128);
    form_digest(f, "digest", &r->from_digest, false);
    form_close(f, '}');
    form_object(f, "model");
    form_digest(f, "digest", &r->model_digest, true);
    r->files = form_list(f, "files", r->files, &r->file_count, sizeof *r->files,
                         STATEMENT_FILES_MAX, form_file);
    form_close(f, '}');
}

/* Everything a vote is a vote on. */
static void form_bound(struct form *f, struct statement_request *r)
{
    form_open(f, '{');
    form_number(f, "revision", &r->revision);
    if (r->revision == 0)
        is_wrong(f, "revision");
    form_model(f, r);
    r->evidence = form_list(f, "evidence", r->evidence, &r->evidence_count, sizeof *r->evidence,
                            STATEMENT_LIST_MAX, form_evidence);
    r->gates = form_list(f, "gates", r->gates, &r->gate_count, sizeof *r->gates,
                         STATEMENT_LIST_MAX, form_gate);
    r->lineage = form_list(f, "lineage", r->lineage, &r->lineage_count, sizeof *r->lineage,
                           STATEMENT_LIST_MAX, form_fact);
    form_object(f, "policy");
    form_name(f, "name", &r->policy);
    form_number(f, "version", &r->policy_version);
    form_digest(f, "sha256", &r->policy_digest, true);
    form_close(f, '}');
    form_text(f, "tier", &r->tier, 64);
    form_time(f, "expires", &r->expires_ms, true);
    form_close(f, '}');
}

static size_t where(const struct form *f)
{
    return f->reading ? f->reader.at : f->writer.out->length;
}

static void form_request(struct form *f, struct statement_request *r)
{
    form_id(f, "request", &r->id);
    form_text(f, "words", &r->words, STATEMENT_WORDS_MAX);
    form_key(f, "bound");
    const size_t start = where(f);
    form_bound(f, r);
    const char *bytes = f->reading ? f->reader.bytes : assay_buf_text(f->writer.out);
    assay_sha256(r->binding, bytes + start, where(f) - start);
}

/* ---- decisions, and what came of them ---- */

static void form_condition(struct form *f, void *item)
{
    struct assay_condition *condition = item;

    form_open(f, '{');
    form_text(f, "text", &condition->text, 1024);
    form_time(f, "due", &condition->due_ms, false);
    form_close(f, '}');
}

static void form_verdict(struct form *f, enum assay_verdict *verdict)
{
    const char *decision = f->reading ? "" : assay_verdict_name(*verdict);

    form_text(f, "decision", &decision, 32);
    if (f->reading && !assay_verdict_parse(decision, verdict))
        is_wrong(f, "decision");
    form_fixed(f, "meaning", assay_verdict_meaning(*verdict));
}

static void form_decision(struct form *f, struct statement_decision *d)
{
    form_verdict(f, &d->verdict);
    form_object(f, "request");
    form_id(f, "id", &d->request);
    form_number(f, "revision", &d->revision);
    form_digest(f, "binding", &d->binding, true);
    form_close(f, '}');
    form_text(f, "reason", &d->reason, STATEMENT_WORDS_MAX);
    d->conditions = form_list(f, "conditions", d->conditions, &d->condition_count,
                              sizeof *d->conditions, STATEMENT_LIST_MAX, form_condition);
    form_texts(f, "seen", &d->seen);
    form_object(f, "gates");
    form_digest(f, "sha256", &d->gates, true);
    form_number(f, "passed", &d->gates_passed);
    form_number(f, "total", &d->gates_total);
    form_close(f, '}');
    form_object(f, "delegate");
    form_text(f, "person", &d->delegate, PUBKEY_PERSON_MAX);
    const bool delegates = d->delegate && d->delegate[0] != '\0';
    if (f->reading && delegates && !person_name_valid(d->delegate))
        is_wrong(f, "delegate");
    form_time(f, "until", &d->until_ms, delegates);
    form_close(f, '}');
    form_number(f, "dwell", &d->dwell_seconds);
}

static void form_application(struct form *f, struct statement_application *a)
{
    a->phase = (enum statement_phase)form_choice(f, "phase", phases, ASSAY_COUNT(phases),
                                                 (unsigned)a->phase);
    form_id(f, "request", &a->request);
    form_digest(f, "binding", &a->binding, true);
    form_text(f, "before", &a->before, 128);
    form_text(f, "after", &a->after, 128);
    form_text(f, "why", &a->why, 4096);
}

/* ---- whole statements ---- */

/* Who signs it, and its place in their chain. */
static void form_log(struct form *f, struct statement *s)
{
    form_object(f, "signer");
    form_name(f, "person", &s->person);
    form_text(f, "name", &s->name, 256);
    form_text(f, "role", &s->role, 64);
    form_text(f, "key", &s->key, FINGERPRINT_SIZE);
    form_close(f, '}');
    form_object(f, "log");
    form_text(f, "device", &s->device, 8);
    if (f->reading && !hex_valid(s->device, 8))
        is_wrong(f, "device");
    form_number(f, "number", &s->number);
    if (s->number == 0)
        is_wrong(f, "number");
    form_digest(f, "previous", &s->previous, s->number > 1);
    s->seen = form_heads(f, "seen", s->seen, &s->seen_count);
    form_close(f, '}');
    form_time(f, "time", &s->time_ms, true);
    form_text(f, "nonce", &s->nonce, 64);
    form_object(f, "host");
    form_text(f, "name", &s->host, 256);
    form_text(f, "user", &s->user, 256);
    form_text(f, "terminal", &s->terminal, 256);
    form_close(f, '}');
}

static void form_body(struct form *f, struct statement *s)
{
    switch (s->event) {
    case EVENT_LEDGER:
        form_begin(f, &s->begin);
        break;
    case EVENT_SIGNER:
        form_signer(f, &s->signer);
        break;
    case EVENT_POLICY:
        form_policy(f, &s->policy);
        break;
    case EVENT_ENDORSE:
        form_digest(f, "record", &s->endorsed, true);
        break;
    case EVENT_REQUEST:
        form_request(f, &s->request);
        break;
    case EVENT_DECISION:
        form_decision(f, &s->decision);
        break;
    case EVENT_APPLICATION:
        form_application(f, &s->application);
        break;
    }
}

static void form_subject(struct form *f, struct statement *s)
{
    form_key(f, "subject");
    form_open(f, '[');
    form_open(f, '{');
    form_text(f, "name", &s->subject, 1024);
    form_object(f, "digest");
    form_digest(f, "sha256", &s->subject_digest, true);
    form_close(f, '}');
    form_close(f, '}');
    form_close(f, ']');
}

static void form_statement(struct form *f, struct statement *s)
{
    form_open(f, '{');
    form_fixed(f, "_type", "https://in-toto.io/Statement/v1");
    form_subject(f, s);
    s->event = (enum statement_event)form_choice(f, "predicateType", types, EVENT_COUNT,
                                                 (unsigned)s->event);
    form_object(f, "predicate");
    form_fixed(f, "event", statement_event_name(s->event));
    form_digest(f, "ledger", &s->ledger, s->event != EVENT_LEDGER);
    form_log(f, s);
    form_body(f, s);
    form_close(f, '}');
    form_close(f, '}');
}

enum assay_status statement_write(struct assay_buf *out, struct statement *s,
                                  struct assay_error *err)
{
    struct form f = {.writer.out = out};

    form_statement(&f, s);
    if (out->overflow || out->length > JSON_BYTES_MAX)
        return assay_fail(err, ASSAY_BAD_INPUT, "the statement is longer than %zu bytes",
                          JSON_BYTES_MAX);
    return ASSAY_OK;
}

void statement_gates_text(struct assay_buf *out, const struct assay_gate_result *gates,
                          size_t count)
{
    struct form f = {.writer.out = out};

    form_open(&f, '[');
    for (size_t i = 0; i < count; i++) {
        struct assay_gate_result gate = gates[i];
        form_gate(&f, &gate);
    }
    form_close(&f, ']');
}

/* Why BYTES are none: they are no JSON, or not what is written. */
static enum assay_status explain(const struct form *f, struct json_doc *doc, const char *bytes,
                                 size_t length, const char *what, struct assay_error *err)
{
    struct assay_arena arena = {0};
    enum assay_status status = json_parse(doc, &arena, bytes, length, what, err);

    assay_arena_free(&arena);
    if (status != ASSAY_OK)
        return status;
    if (f->wrong)
        return assay_fail(err, ASSAY_CORRUPT, "%s: not a statement known here: its \"%s\"",
                          what, f->wrong);
    assay_fail(err, ASSAY_CORRUPT,
               "%s: not written as statements are written (members added, moved, left out or "
               "spelt another way), at its \"%s\"",
               what, f->stuck ? f->stuck : "predicate");
    assay_hint(err, "a newer version of assay may know this kind");
    return ASSAY_CORRUPT;
}

enum assay_status statement_parse(struct statement *out, struct json_doc *doc,
                                  struct assay_arena *arena, const char *bytes, size_t length,
                                  const char *what, struct assay_error *err)
{
    struct form f = {.reading = true};

    *out = (struct statement){.key = ""};
    if (length <= JSON_BYTES_MAX) {
        json_exact_begin(&f.reader, arena, bytes, length);
        form_statement(&f, out);
        if (!f.wrong && json_exact_ended(&f.reader))
            return ASSAY_OK;
    }
    return explain(&f, doc, bytes, length, what, err);
}
