/*
 * Hostile records (hostile.h).
 */
#include "support/hostile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/sha256.h>

#include "approval/ledger.h"
#include "support/good.h"

static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

static void append(struct assay_ledger *ledger, struct statement *s)
{
    struct assay_error err = {0};
    s->subject = HOSTILE("subject");
    s->subject_digest = zeros;
    if ((s->event != EVENT_LEDGER && ledger_need_me(ledger, &err) != ASSAY_OK) ||
        ledger_append(ledger, s, &err) != ASSAY_OK)
        fail_msg("a %s: %s", statement_event_name(s->event), err.what);
}

/* ---- the records ---- */

/* A new key of PERSON, as a line without its comment; the caller frees. */
static char *key_line(struct world *world, const char *person)
{
    char path[400], *line = NULL;
    size_t length = 0;
    test_agent_key(&world->agent, "ed25519", person, path);
    snprintf(path, sizeof path, "%s/%s.pub", world->agent.directory, person);
    GOOD(assay_file_read(path, 4096, &line, &length, good));
    char *blank = strchr(strchr(line, ' ') + 1, ' ');
    if (blank)
        *blank = '\0';
    return line;
}

/* eve, whose name and account are hostile. */
static void add_person(struct world *world)
{
    const char *role = "engineer", *account = HOSTILE("account");
    struct assay_ledger *ledger = world_open(world, "adm");
    char *line = key_line(world, "eve");
    const char *key = line;
    struct statement s = {.event = EVENT_SIGNER,
                          .signer = {.change = CHANGE_ADD,
                                     .person = {.person = "eve",
                                                .name = HOSTILE("name"),
                                                .keys = {&key, 1},
                                                .roles = {&role, 1},
                                                .accounts = {&account, 1}},
                                     .key = ""}};
    append(ledger, &s);
    assay_ledger_close(&ledger);
    free(line);
}

#define POLICY                                                                                 \
    "[policy]\nname = prod\ntargets = alias:*\n; #text" PAINT2 "\n[clause validator]\ncount "  \
    "= 1\n[clause approver]\ncount = 1\n[evidence #wanted" PAINT2 "]\n"
/* What a line of a policy can hold. */
#define PAINT2                                                                                 \
    "\x1b[2J\x1b]0;owned\x07\xc2\x9b"                                                          \
    "31m\xe2\x80\xaetxet\xe2\x80\x8b\x7f<script>x</script>"

static void add_policy(struct world *world)
{
    struct assay_ledger *ledger = world_open(world, "adm");
    const struct assay_policy_info *policies;
    char digest[ASSAY_SHA256_TEXT], before[ASSAY_SHA256_TEXT];
    assert_int_equal(assay_ledger_policies(ledger, &policies), 1);
    memcpy(before, policies[0].digest, sizeof before);
    struct statement s = {.event = EVENT_POLICY,
                          .policy = {.name = "prod",
                                     .previous = before,
                                     .digest = assay_sha256(digest, POLICY, strlen(POLICY)),
                                     .text = POLICY,
                                     .version = 2}};
    append(ledger, &s);
    assay_ledger_close(&ledger);
}

/* eve asks for MODEL; everything else of it is as hostile as it can be. */
static void add_request(struct world *world, const char *model, char id[17])
{
    struct assay_ledger *ledger = world_open(world, "eve");
    const struct assay_policy_info *policies;
    const size_t last = assay_ledger_policies(ledger, &policies) - 1;
    struct assay_model_file file = {HOSTILE("path"), zeros, 4};
    struct assay_evidence evidence = {.name = HOSTILE("evidence"),
                                      .kind = "#kind\x1b[2J\x1b]0;owned\x07",
                                      .digest = zeros,
                                      .bytes = 4};
    struct assay_gate_result gate = {.name = HOSTILE("gate"),
                                     .kind = "#kind\x1b[2J\x1b]0;owned\x07",
                                     .state = ASSAY_UNSATISFIED,
                                     .why = HOSTILE("why"),
                                     .candidate = HOSTILE("candidate"),
                                     .champion = HOSTILE("champion")};
    struct assay_fact fact = {"run-owner", HOSTILE("account")};
    char policy[ASSAY_SHA256_TEXT];
    memcpy(policy, policies[last].digest, sizeof policy); /* the tables are made anew */
    const uint64_t version = policies[last].version;
    ledger_random_hex(id, 16);
    evidence.time_ms = assay_now_ms();
    struct statement s = {.event = EVENT_REQUEST,
                          .request = {.id = id,
                                      .words = HOSTILE("words"),
                                      .revision = 1,
                                      .platform = "local",
                                      .place = "",
                                      .model = model,
                                      .version = "2",
                                      .target = "alias:champion",
                                      .from_version = HOSTILE("from"),
                                      .from_digest = "",
                                      .model_digest = zeros,
                                      .files = &file,
                                      .file_count = 1,
                                      .evidence = &evidence,
                                      .evidence_count = 1,
                                      .gates = &gate,
                                      .gate_count = 1,
                                      .lineage = &fact,
                                      .lineage_count = 1,
                                      .policy = "prod",
                                      .policy_digest = policy,
                                      .policy_version = version,
                                      .tier = "standard",
                                      .expires_ms = assay_now_ms() + 86400000}};
    append(ledger, &s);
    assay_ledger_close(&ledger);
}

static void add_decision(struct world *world, const char *id)
{
    struct assay_ledger *ledger = world_open(world, "val");
    const struct assay_request *r = NULL;
    struct assay_buf text = {0};
    char gates[ASSAY_SHA256_TEXT];
    struct assay_condition condition = {.text = HOSTILE("condition"), .due_ms = ASSAY_NO_TIME};
    char binding[ASSAY_SHA256_TEXT];
    GOOD(assay_ledger_find(ledger, id, &r, good));
    memcpy(binding, r->binding, sizeof binding);
    statement_gates_text(&text, r->gates, r->gate_count);
    struct statement s = {.event = EVENT_DECISION,
                          .decision = {.verdict = ASSAY_APPROVE,
                                       .request = id,
                                       .binding = binding,
                                       .reason = HOSTILE("reason"),
                                       .revision = 1,
                                       .conditions = &condition,
                                       .condition_count = 1,
                                       .gates = assay_sha256(gates, text.data, text.length),
                                       .gates_total = 1,
                                       .delegate = "",
                                       .until_ms = ASSAY_NO_TIME}};
    append(ledger, &s);
    assay_buf_free(&text);
    assay_ledger_close(&ledger);
}

/* Of a request that was approved by the book: an application that failed, and why. */
static void add_application(struct world *world)
{
    char id[17], binding[ASSAY_SHA256_TEXT];
    struct assay_ledger *ledger = NULL;
    const struct assay_request *r = NULL;
    world_ask(world, id);
    world_approve(world, id);
    world_begin(world, id);
    ledger = world_open(world, "rex");
    GOOD(assay_ledger_find(ledger, id, &r, good));
    memcpy(binding, r->binding, sizeof binding);
    struct statement s = {.event = EVENT_APPLICATION,
                          .application = {.phase = PHASE_FAILED,
                                          .request = id,
                                          .binding = binding,
                                          .before = "1",
                                          .after = "2",
                                          .why = HOSTILE("failure")}};
    append(ledger, &s);
    assay_ledger_close(&ledger);
}

void hostile_records(struct world *world, char request[17], char other[17])
{
    add_application(world);
    setenv("USER", HOSTILE("user"), 1);
    add_person(world);
    add_policy(world);
    add_request(world, "fraud", request);
    add_request(world, HOSTILE("model"), other);
    add_decision(world, request);
    setenv("USER", "rex-os", 1);
}

void hostile_first(struct world *world, const char *store, const char *bundle)
{
    struct assay_ledger *ledger = NULL;
    const char *role = "policy-owner", *account = HOSTILE("account");
    char *line = key_line(world, "own");
    const char *key = line;
    struct statement_person person = {.person = "own",
                                      .name = HOSTILE("owner"),
                                      .keys = {&key, 1},
                                      .roles = {&role, 1},
                                      .accounts = {&account, 1}};
    struct statement s = {
        .event = EVENT_LEDGER,
        .begin = {
            .name = HOSTILE("title"), .owners = 1, .persons = &person, .person_count = 1}};
    GOOD(world_try_open(world, store, "own", &ledger, good));
    struct pubkey *read = assay_alloc(sizeof *read);
    char fingerprint[FINGERPRINT_SIZE];
    GOOD(pubkey_parse(read, line, good));
    ledger->me = "own";
    ledger->my_name = person.name;
    ledger->my_line = line;
    ledger->my_key = pubkey_fingerprint(fingerprint, read->blob, read->blob_length);
    ledger->me_known = true;
    append(ledger, &s);
    free(read);
    GOOD(assay_ledger_export(ledger, bundle, good));
    assay_ledger_close(&ledger);
    free(line);
}
