/*
 * Reading statements (statement.h), and the names of what is in them. Called for every record
 * of a ledger, whoever wrote it.
 */
#include "approval/statement.h"

#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

static const char *const event_names[EVENT_COUNT] = {
    "ledger", "signer", "policy", "endorse", "request", "decision", "application",
};

static const struct {
    const char *name, *meaning;
} verdicts[] = {
    [ASSAY_APPROVE] = {"approve", "approval"},
    [ASSAY_REJECT] = {"reject", "refusal"},
    [ASSAY_REQUEST_CHANGES] = {"request-changes", "review"},
    [ASSAY_ABSTAIN] = {"abstain", "review"},
    [ASSAY_WITHDRAW] = {"withdraw", "withdrawal"},
    [ASSAY_REVOKE] = {"revoke", "revocation"},
    [ASSAY_OVERRIDE] = {"override", "responsibility"},
    [ASSAY_RATIFY] = {"ratify", "review"},
    [ASSAY_FULFIL] = {"fulfil", "review"},
    [ASSAY_DELEGATE] = {"delegate", "delegation"},
    [ASSAY_COMMENT] = {"comment", "comment"},
};

static const char *const requirement_states[] = {
    [ASSAY_UNSATISFIED] = "UNSATISFIED",
    [ASSAY_SATISFIED] = "SATISFIED",
    [ASSAY_MISSING] = "MISSING",
    [ASSAY_ERROR] = "ERROR",
    [ASSAY_NOT_APPLICABLE] = "NOT_APPLICABLE",
    [ASSAY_OVERRIDDEN] = "OVERRIDDEN",
};

static const char *const request_states[] = {
    [ASSAY_STATE_PENDING] = "PENDING",           [ASSAY_STATE_CHANGES] = "CHANGES_REQUESTED",
    [ASSAY_STATE_APPROVED] = "APPROVED",         [ASSAY_STATE_APPLYING] = "APPLYING",
    [ASSAY_STATE_APPLY_FAILED] = "APPLY_FAILED", [ASSAY_STATE_APPLIED] = "APPLIED",
    [ASSAY_STATE_REVOKED] = "REVOKED",           [ASSAY_STATE_REJECTED] = "REJECTED",
    [ASSAY_STATE_WITHDRAWN] = "WITHDRAWN",       [ASSAY_STATE_EXPIRED] = "EXPIRED",
    [ASSAY_STATE_SUPERSEDED] = "SUPERSEDED",
};

const char *statement_event_name(enum statement_event event)
{
    return event_names[event];
}

const char *statement_space(enum statement_event event)
{
    return event <= EVENT_ENDORSE ? "policy@assay" : "approval@assay";
}

const char *assay_verdict_name(enum assay_verdict verdict)
{
    return verdicts[verdict].name;
}

const char *assay_verdict_meaning(enum assay_verdict verdict)
{
    return verdicts[verdict].meaning;
}

bool assay_verdict_parse(const char *name, enum assay_verdict *verdict)
{
    for (size_t i = 0; name && i < ASSAY_COUNT(verdicts); i++) {
        if (strcmp(verdicts[i].name, name) == 0) {
            *verdict = (enum assay_verdict)i;
            return true;
        }
    }
    return false;
}

const char *assay_requirement_state_name(enum assay_requirement_state state)
{
    return requirement_states[state];
}

bool assay_requirement_passes(enum assay_requirement_state state)
{
    return state == ASSAY_SATISFIED || state == ASSAY_NOT_APPLICABLE ||
           state == ASSAY_OVERRIDDEN;
}

const char *assay_request_state_name(enum assay_request_state state)
{
    return request_states[state];
}

bool assay_request_open_state(enum assay_request_state state)
{
    return state == ASSAY_STATE_PENDING || state == ASSAY_STATE_CHANGES ||
           state == ASSAY_STATE_APPROVED || state == ASSAY_STATE_APPLYING ||
           state == ASSAY_STATE_APPLY_FAILED;
}

bool texts_has(const struct texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++)
        if (strcmp(texts->items[i], text) == 0)
            return true;
    return false;
}

bool statement_target_valid(const char *target)
{
    static const char *const kinds[] = {"alias:", "stage:", "tag:"};

    for (size_t i = 0; target && i < ASSAY_COUNT(kinds); i++) {
        size_t length = strlen(kinds[i]);
        if (strncmp(target, kinds[i], length) == 0)
            return target[length] != '\0' && strlen(target) <= 256;
    }
    return false;
}

/* ---- reading ---- */

/* The first thing that is wrong stays; every getter goes on with something harmless. */
struct take {
    const struct json_doc *doc;
    struct assay_arena *arena;
    const char *bytes;
    const char *wrong; /* the member at fault */
};

static void is_wrong(struct take *t, const char *key)
{
    if (!t->wrong)
        t->wrong = key;
}

static const char *text_of(struct take *t, uint32_t object, const char *key, size_t most)
{
    const uint32_t found = json_find(t->doc, object, key);
    const struct json_node *node = &t->doc->nodes[found];

    if (found == 0 || node->kind != JSON_TEXT || node->length > most) {
        is_wrong(t, key);
        return "";
    }
    return node->text;
}

static uint64_t number_of(struct take *t, uint32_t object, const char *key)
{
    const char *text = text_of(t, object, key, 18);
    int64_t number = 0;

    if (!assay_int_parse(text, strlen(text), &number) || number < 0)
        is_wrong(t, key);
    return number > 0 ? (uint64_t)number : 0;
}

static int64_t time_of(struct take *t, uint32_t object, const char *key, bool needed)
{
    const char *text = text_of(t, object, key, 31);
    int64_t time_ms = ASSAY_NO_TIME;

    if (text[0] == '\0'
            ? needed
            : text[strlen(text) - 1] != 'Z' || !assay_time_parse(text, strlen(text), &time_ms))
        is_wrong(t, key);
    return time_ms;
}

static const char *digest_of(struct take *t, uint32_t object, const char *key, bool needed)
{
    const char *text = text_of(t, object, key, 64);

    if (needed || text[0] != '\0') {
        if (!assay_sha256_valid(text))
            is_wrong(t, key);
    }
    return text;
}

static const char *name_of(struct take *t, uint32_t object, const char *key)
{
    const char *text = text_of(t, object, key, PUBKEY_PERSON_MAX);

    if (!person_name_valid(text))
        is_wrong(t, key);
    return text;
}

/* The member KEY, which must be of KIND and have at most MOST children. */
static uint32_t child_of(struct take *t, uint32_t object, const char *key, enum json_kind kind,
                         size_t most)
{
    uint32_t found = json_find(t->doc, object, key);

    if (found == 0 || t->doc->nodes[found].kind != kind || t->doc->nodes[found].count > most) {
        is_wrong(t, key);
        return 0;
    }
    return found;
}

static struct texts texts_of(struct take *t, uint32_t object, const char *key)
{
    uint32_t list = child_of(t, object, key, JSON_ARRAY, STATEMENT_LIST_MAX);
    struct texts texts = {0};

    if (list == 0)
        return texts;
    texts.items = assay_arena_alloc(t->arena, (t->doc->nodes[list].count + 1) * sizeof(char *));
    for (uint32_t i = t->doc->nodes[list].first; i != 0; i = t->doc->nodes[i].next) {
        if (t->doc->nodes[i].kind != JSON_TEXT)
            is_wrong(t, key);
        else
            texts.items[texts.count++] = t->doc->nodes[i].text;
    }
    return texts;
}

/* An array of structs: room for its elements, and the first child. */
static void *list_of(struct take *t, uint32_t object, const char *key, size_t most, size_t size,
                     size_t *count, uint32_t *first)
{
    uint32_t list = child_of(t, object, key, JSON_ARRAY, most);

    *count = 0;
    *first = 0;
    if (list == 0)
        return NULL;
    *first = t->doc->nodes[list].first;
    *count = t->doc->nodes[list].count;
    for (uint32_t i = *first; i != 0; i = t->doc->nodes[i].next)
        if (t->doc->nodes[i].kind != JSON_OBJECT)
            is_wrong(t, key);
    return *count > 0 ? assay_arena_alloc(t->arena, *count * size) : NULL;
}

static bool chain_valid(const char *chain)
{
    chain += *chain == '~';
    const char *slash = strchr(chain, '/');
    char person[PUBKEY_PERSON_MAX + 1];

    if (!slash || (size_t)(slash - chain) >= sizeof person || strlen(slash + 1) != 8 ||
        strspn(slash + 1, "0123456789abcdef") != 8)
        return false;
    memcpy(person, chain, (size_t)(slash - chain));
    person[slash - chain] = '\0';
    return person_name_valid(person);
}

static struct statement_head *heads_of(struct take *t, uint32_t object, const char *key,
                                       size_t *count)
{
    uint32_t node;
    struct statement_head *heads =
        list_of(t, object, key, STATEMENT_LIST_MAX, sizeof *heads, count, &node);

    for (size_t i = 0; i < *count; i++, node = t->doc->nodes[node].next) {
        heads[i] = (struct statement_head){
            .chain = text_of(t, node, "chain", PUBKEY_PERSON_MAX + 10),
            .number = number_of(t, node, "number"),
            .digest = digest_of(t, node, "digest", true),
        };
        if (!chain_valid(heads[i].chain))
            is_wrong(t, key);
    }
    return heads;
}

const char *statement_chain(const struct statement *s, struct assay_arena *arena)
{
    const size_t person = strlen(s->person), device = strlen(s->device);
    char *chain = assay_arena_alloc(arena, person + device + 3), *at = chain;

    /* What anybody can write must not be able to disturb what a person has signed. */
    if (s->key[0] == '\0')
        *at++ = '~';
    memcpy(at, s->person, person);
    at[person] = '/';
    memcpy(at + person + 1, s->device, device);
    return chain;
}

static void take_person(struct take *t, uint32_t node, struct statement_person *out)
{
    out->person = name_of(t, node, "person");
    out->name = text_of(t, node, "name", 256);
    out->keys = texts_of(t, node, "keys");
    out->roles = texts_of(t, node, "roles");
    out->accounts = texts_of(t, node, "accounts");
    for (size_t i = 0; i < out->roles.count; i++)
        if (!person_name_valid(out->roles.items[i]))
            is_wrong(t, "roles");
}

static void take_begin(struct take *t, uint32_t p, struct statement_ledger *out)
{
    uint32_t node;

    out->name = text_of(t, p, "title", 256);
    out->owners = number_of(t, p, "owners");
    out->persons = list_of(t, p, "persons", STATEMENT_LIST_MAX, sizeof *out->persons,
                           &out->person_count, &node);
    for (size_t i = 0; i < out->person_count; i++, node = t->doc->nodes[node].next)
        take_person(t, node, &out->persons[i]);
    if (out->owners == 0 || out->person_count == 0)
        is_wrong(t, "owners");
}

static void take_signer(struct take *t, uint32_t p, struct statement_signer *out)
{
    const char *change = text_of(t, p, "change", 16);
    uint32_t of = child_of(t, p, "of", JSON_OBJECT, 8);

    if (strcmp(change, "add") == 0)
        out->change = CHANGE_ADD;
    else if (strcmp(change, "revoke") == 0)
        out->change = CHANGE_REVOKE;
    else
        is_wrong(t, "change");
    take_person(t, of, &out->person);
    out->key = text_of(t, p, "key", FINGERPRINT_SIZE);
    out->after = heads_of(t, p, "after", &out->after_count);
}

static void take_policy(struct take *t, uint32_t p, struct statement_policy *out)
{
    char digest[ASSAY_SHA256_TEXT];

    out->name = name_of(t, p, "name");
    out->version = number_of(t, p, "version");
    out->previous = digest_of(t, p, "previous", out->version > 1);
    out->digest = digest_of(t, p, "sha256", true);
    out->text = text_of(t, p, "text", 65536);
    assay_sha256(digest, out->text, strlen(out->text));
    if (strcmp(digest, out->digest) != 0)
        is_wrong(t, "sha256");
}

static enum assay_requirement_state state_of(struct take *t, uint32_t object, const char *key)
{
    const char *text = text_of(t, object, key, 16);

    for (size_t i = 0; i < ASSAY_COUNT(requirement_states); i++)
        if (strcmp(requirement_states[i], text) == 0)
            return (enum assay_requirement_state)i;
    is_wrong(t, key);
    return ASSAY_ERROR;
}

static void take_gates(struct take *t, uint32_t bound, struct statement_request *out)
{
    uint32_t node;

    out->gates = list_of(t, bound, "gates", STATEMENT_LIST_MAX, sizeof *out->gates,
                         &out->gate_count, &node);
    for (size_t i = 0; i < out->gate_count; i++, node = t->doc->nodes[node].next)
        out->gates[i] = (struct assay_gate_result){
            .name = text_of(t, node, "name", 256),
            .kind = text_of(t, node, "kind", 64),
            .state = state_of(t, node, "state"),
            .why = text_of(t, node, "why", 4096),
            .candidate = text_of(t, node, "candidate", 256),
            .champion = text_of(t, node, "champion", 256),
        };
}

static void take_evidence(struct take *t, uint32_t bound, struct statement_request *out)
{
    uint32_t node;

    out->evidence = list_of(t, bound, "evidence", STATEMENT_LIST_MAX, sizeof *out->evidence,
                            &out->evidence_count, &node);
    for (size_t i = 0; i < out->evidence_count; i++, node = t->doc->nodes[node].next)
        out->evidence[i] = (struct assay_evidence){
            .name = text_of(t, node, "name", 1024),
            .kind = text_of(t, node, "kind", 64),
            .digest = digest_of(t, node, "sha256", true),
            .bytes = number_of(t, node, "bytes"),
            .time_ms = time_of(t, node, "time", true),
        };
    out->lineage = list_of(t, bound, "lineage", STATEMENT_LIST_MAX, sizeof *out->lineage,
                           &out->lineage_count, &node);
    for (size_t i = 0; i < out->lineage_count; i++, node = t->doc->nodes[node].next)
        out->lineage[i] = (struct assay_fact){
            .part = text_of(t, node, "part", 64),
            .account = text_of(t, node, "account", 512),
        };
}

static void take_model(struct take *t, uint32_t bound, struct statement_request *out)
{
    uint32_t target = child_of(t, bound, "target", JSON_OBJECT, 8);
    uint32_t from = child_of(t, bound, "from", JSON_OBJECT, 8);
    uint32_t model = child_of(t, bound, "model", JSON_OBJECT, 8);
    uint32_t node;

    out->platform = name_of(t, target, "platform");
    out->place = text_of(t, target, "place", 4096);
    out->model = text_of(t, target, "model", 512);
    out->version = text_of(t, target, "version", 128);
    out->target = text_of(t, target, "target", 256);
    out->from_version = text_of(t, from, "version", 128);
    out->from_digest = digest_of(t, from, "digest", false);
    out->model_digest = digest_of(t, model, "digest", true);
    out->files = list_of(t, model, "files", STATEMENT_FILES_MAX, sizeof *out->files,
                         &out->file_count, &node);
    for (size_t i = 0; i < out->file_count; i++, node = t->doc->nodes[node].next)
        out->files[i] = (struct assay_model_file){
            .path = text_of(t, node, "path", 4096),
            .digest = digest_of(t, node, "sha256", true),
            .bytes = number_of(t, node, "bytes"),
        };
    if (out->model[0] == '\0' || out->version[0] == '\0' ||
        !statement_target_valid(out->target))
        is_wrong(t, "target");
}

static bool id_valid(const char *id)
{
    return strlen(id) == 16 && strspn(id, "0123456789abcdef") == 16;
}

static void take_request(struct take *t, uint32_t p, struct statement_request *out)
{
    uint32_t bound = child_of(t, p, "bound", JSON_OBJECT, 16);
    uint32_t policy = child_of(t, bound, "policy", JSON_OBJECT, 8);
    const struct json_node *node = &t->doc->nodes[bound];

    out->id = text_of(t, p, "request", 16);
    out->words = text_of(t, p, "words", STATEMENT_WORDS_MAX);
    out->revision = number_of(t, bound, "revision");
    take_model(t, bound, out);
    take_evidence(t, bound, out);
    take_gates(t, bound, out);
    out->policy = name_of(t, policy, "name");
    out->policy_version = number_of(t, policy, "version");
    out->policy_digest = digest_of(t, policy, "sha256", true);
    out->tier = text_of(t, bound, "tier", 64);
    out->expires_ms = time_of(t, bound, "expires", true);
    if (!id_valid(out->id) || out->revision == 0)
        is_wrong(t, "request");
    assay_sha256(out->binding, t->bytes + node->start, node->end - node->start);
}

static void take_decision(struct take *t, uint32_t p, struct statement_decision *out)
{
    uint32_t request = child_of(t, p, "request", JSON_OBJECT, 8);
    uint32_t gates = child_of(t, p, "gates", JSON_OBJECT, 8);
    uint32_t delegate = child_of(t, p, "delegate", JSON_OBJECT, 8);
    uint32_t node;

    if (!assay_verdict_parse(text_of(t, p, "decision", 32), &out->verdict))
        is_wrong(t, "decision");
    else if (strcmp(text_of(t, p, "meaning", 32), assay_verdict_meaning(out->verdict)) != 0)
        is_wrong(t, "meaning");
    out->request = text_of(t, request, "id", 16);
    out->revision = number_of(t, request, "revision");
    out->binding = digest_of(t, request, "binding", true);
    out->reason = text_of(t, p, "reason", STATEMENT_WORDS_MAX);
    out->conditions = list_of(t, p, "conditions", STATEMENT_LIST_MAX, sizeof *out->conditions,
                              &out->condition_count, &node);
    for (size_t i = 0; i < out->condition_count; i++, node = t->doc->nodes[node].next)
        out->conditions[i] = (struct assay_condition){
            .text = text_of(t, node, "text", 1024),
            .due_ms = time_of(t, node, "due", false),
        };
    out->seen = texts_of(t, p, "seen");
    out->gates = digest_of(t, gates, "sha256", true);
    out->gates_passed = number_of(t, gates, "passed");
    out->gates_total = number_of(t, gates, "total");
    out->delegate = text_of(t, delegate, "person", PUBKEY_PERSON_MAX);
    out->until_ms = time_of(t, delegate, "until", out->delegate[0] != '\0');
    out->dwell_seconds = number_of(t, p, "dwell");
    if (!id_valid(out->request) ||
        (out->delegate[0] != '\0' && !person_name_valid(out->delegate)))
        is_wrong(t, "request");
}

static void take_application(struct take *t, uint32_t p, struct statement_application *out)
{
    const char *phase = text_of(t, p, "phase", 16);

    if (strcmp(phase, "begin") == 0)
        out->phase = PHASE_BEGIN;
    else if (strcmp(phase, "done") == 0)
        out->phase = PHASE_DONE;
    else if (strcmp(phase, "failed") == 0)
        out->phase = PHASE_FAILED;
    else
        is_wrong(t, "phase");
    out->request = text_of(t, p, "request", 16);
    out->binding = digest_of(t, p, "binding", true);
    out->before = text_of(t, p, "before", 128);
    out->after = text_of(t, p, "after", 128);
    out->why = text_of(t, p, "why", 4096);
    if (!id_valid(out->request))
        is_wrong(t, "request");
}

static void take_head(struct take *t, uint32_t p, struct statement *out)
{
    uint32_t signer = child_of(t, p, "signer", JSON_OBJECT, 8);
    uint32_t log = child_of(t, p, "log", JSON_OBJECT, 8);
    uint32_t host = child_of(t, p, "host", JSON_OBJECT, 8);

    out->ledger = digest_of(t, p, "ledger", out->event != EVENT_LEDGER);
    out->person = name_of(t, signer, "person");
    out->name = text_of(t, signer, "name", 256);
    out->role = text_of(t, signer, "role", 64);
    out->key = text_of(t, signer, "key", FINGERPRINT_SIZE);
    out->device = text_of(t, log, "device", 8);
    if (strlen(out->device) != 8 || strspn(out->device, "0123456789abcdef") != 8)
        is_wrong(t, "device");
    out->number = number_of(t, log, "number");
    out->previous = digest_of(t, log, "previous", out->number > 1);
    out->seen = heads_of(t, log, "seen", &out->seen_count);
    out->time_ms = time_of(t, p, "time", true);
    out->nonce = text_of(t, p, "nonce", 64);
    out->host = text_of(t, host, "name", 256);
    out->user = text_of(t, host, "user", 256);
    out->terminal = text_of(t, host, "terminal", 256);
    if (out->number == 0)
        is_wrong(t, "number");
}

static void take_body(struct take *t, uint32_t p, struct statement *out)
{
    switch (out->event) {
    case EVENT_LEDGER:
        take_begin(t, p, &out->begin);
        break;
    case EVENT_SIGNER:
        take_signer(t, p, &out->signer);
        break;
    case EVENT_POLICY:
        take_policy(t, p, &out->policy);
        break;
    case EVENT_ENDORSE:
        out->endorsed = digest_of(t, p, "record", true);
        break;
    case EVENT_REQUEST:
        take_request(t, p, &out->request);
        break;
    case EVENT_DECISION:
        take_decision(t, p, &out->decision);
        break;
    case EVENT_APPLICATION:
        take_application(t, p, &out->application);
        break;
    }
}

/* The subject, and which event it is. */
static void take_frame(struct take *t, struct statement *out, uint32_t *predicate)
{
    uint32_t subjects = child_of(t, 0, "subject", JSON_ARRAY, 1);
    uint32_t subject = subjects ? t->doc->nodes[subjects].first : 0;
    uint32_t digest = child_of(t, subject, "digest", JSON_OBJECT, 1);
    const char *event;
    size_t i = 0;

    *predicate = child_of(t, 0, "predicate", JSON_OBJECT, 32);
    out->subject = text_of(t, subject, "name", 1024);
    out->subject_digest = digest_of(t, digest, "sha256", true);
    event = text_of(t, *predicate, "event", 16);
    while (i < EVENT_COUNT && strcmp(event_names[i], event) != 0)
        i++;
    if (i == EVENT_COUNT)
        is_wrong(t, "event");
    else
        out->event = (enum statement_event)i;
}

enum assay_status statement_parse(struct statement *out, struct json_doc *doc,
                                  struct assay_arena *arena, const char *bytes, size_t length,
                                  const char *what, struct assay_error *err)
{
    struct take t = {.doc = doc, .arena = arena, .bytes = bytes};
    uint32_t predicate = 0;
    enum assay_status status = json_parse(doc, arena, bytes, length, what, err);

    if (status != ASSAY_OK)
        return status;
    *out = (struct statement){.key = ""};
    take_frame(&t, out, &predicate);
    if (!t.wrong) {
        take_head(&t, predicate, out);
        take_body(&t, predicate, out);
    }
    if (t.wrong)
        return assay_fail(err, ASSAY_CORRUPT, "%s: not a statement known here: its \"%s\"",
                          what, t.wrong);
    if (!statement_is_written(out, bytes, length)) {
        status = assay_fail(err, ASSAY_CORRUPT,
                            "%s: not written as statements are written (members added, moved "
                            "or spelt another way)",
                            what);
        assay_hint(err, "a newer version of assay may know this kind");
    }
    return status;
}
