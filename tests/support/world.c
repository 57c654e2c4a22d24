/*
 * A world for tests of approvals; see world.h.
 */
#include "support/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/file.h>
#include <assay/local.h>
#include <assay/memory.h>

#include "approval/ledger.h"
#include "store/store_ledger.h"

static const struct {
    const char *person, *roles[3];
} persons[] = {
    {"adm", {"policy-owner"}},
    {"rex", {"engineer"}},
    {"val", {"validator"}},
    {"app", {"approver"}},
    {"two", {"validator", "approver"}},
    {"brk", {"breaker"}},
};

char *world_path(const struct world *world, const char *name)
{
    return assay_path_join(world->directory, name);
}

static void check(enum assay_status status, const struct assay_error *err)
{
    if (status != ASSAY_OK)
        fail_msg("%s (%s)", err->what, err->hint);
}

enum assay_status world_try_open(struct world *world, const char *store, const char *person,
                                 struct assay_ledger **out, struct assay_error *err)
{
    char heads[400], key[400];
    snprintf(heads, sizeof heads, "%s/heads-%s", world->directory, person);
    snprintf(key, sizeof key, "%s/%s.pub", world->agent.directory, person);
    return assay_ledger_open(
        out,
        &(struct assay_ledger_options){
            .store = store, .heads = heads, .key = key, .sign_timeout_ms = 20000},
        err);
}

struct assay_ledger *world_open(struct world *world, const char *person)
{
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};
    check(world_try_open(world, world->store, person, &ledger, &err), &err);
    return ledger;
}

char *world_export(struct world *world, const char *person, const char *name)
{
    char *directory = world_path(world, name);
    struct assay_ledger *ledger = world_open(world, person);
    struct assay_error err = {0};

    if (assay_ledger_export(ledger, directory, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_ledger_close(&ledger);
    return directory;
}

static void make_persons(struct world *world)
{
    struct assay_ledger *ledger = world_open(world, "adm");
    struct assay_error err = {0};
    for (size_t i = 0; i < ASSAY_COUNT(persons); i++) {
        char key[400], account[64];
        const char *accounts[] = {account};
        size_t roles = 0;
        snprintf(key, sizeof key, "%s/%s.pub", world->agent.directory, persons[i].person);
        snprintf(account, sizeof account, "%s-os", persons[i].person);
        while (roles < 3 && persons[i].roles[roles])
            roles++;
        struct assay_person_change change = {.person = persons[i].person,
                                             .name = persons[i].person,
                                             .key_file = key,
                                             .roles = persons[i].roles,
                                             .role_count = roles,
                                             .accounts = accounts,
                                             .account_count = 1};
        check(assay_person_set(ledger, &change, &err), &err);
    }
    assay_ledger_close(&ledger);
}

static void make_version(struct world *world, const char *directory, double loss)
{
    struct assay_local *local = NULL;
    struct assay_error err = {0};
    char run[ASSAY_RUN_ID_SIZE], version[24], file[400];
    check(assay_make_directories(directory, &err), &err);
    snprintf(file, sizeof file, "%s/weights.bin", directory);
    check(assay_file_write(file, directory, strlen(directory), 0600, &err), &err);
    snprintf(file, sizeof file, "%s/README.md", directory);
    check(assay_file_write(file, "# Card\n\n## Limits\n\nSome.\n", 25, 0600, &err), &err);
    setenv("USER", "rex-os", 1);
    check(assay_local_open(&local, world->store, &err), &err);
    check(assay_local_start(local, "e", "n", ASSAY_NO_TIME, run, &err), &err);
    struct assay_log_point point = {"loss", {.step = 1, .time_ms = 1, .value = loss}};
    struct assay_pair tag = {"git.author", "rex-os"};
    struct assay_log_batch batch = {
        .points = &point, .point_count = 1, .tags = &tag, .tag_count = 1};
    check(assay_local_log(local, run, &batch, &err), &err);
    check(assay_local_finish(local, run, ASSAY_RUN_FINISHED, ASSAY_NO_TIME, &err), &err);
    assay_local_close(&local);
    struct assay_ledger *ledger = world_open(world, "rex");
    const char *run_id = run;
    struct assay_registration what = {.model = "fraud",
                                      .runs = &run_id,
                                      .run_count = 1,
                                      .paths = &directory,
                                      .path_count = 1};
    check(assay_model_register(ledger, &what, version, &err), &err);
    assay_ledger_close(&ledger);
}

void world_keys_clock(struct world *world, int64_t us)
{
    char path[400], text[24];
    struct assay_error err = {0};
    const int length = snprintf(text, sizeof text, "%lld\n", (long long)us);

    snprintf(path, sizeof path, "%s/keys-clock", world->directory);
    check(assay_file_write(path, text, (size_t)length, 0600, &err), &err);
    setenv("ASSAY_KEYS_CLOCK", path, 1);
    world->keys_us = us;
}

void world_start(struct world *world, const char *policy)
{
    struct assay_error err = {0};
    char path[400];
    *world = (struct world){0};
    unsetenv("ASSAY_NOW_MS");
    test_agent_start(&world->agent);
    snprintf(world->directory, sizeof world->directory, "%s/world", world->agent.directory);
    snprintf(world->store, sizeof world->store, "%s/store.db", world->directory);
    snprintf(world->model, sizeof world->model, "%s/model-2", world->directory);
    for (size_t i = 0; i < ASSAY_COUNT(persons); i++)
        test_agent_key(&world->agent, "ed25519", persons[i].person, path);
    make_persons(world);
    struct assay_ledger *ledger = world_open(world, "adm");
    check(assay_policy_set(ledger, policy, strlen(policy), &err), &err);
    assay_ledger_close(&ledger);
    snprintf(path, sizeof path, "%s/model-1", world->directory);
    make_version(world, path, 0.45);
    make_version(world, world->model, 0.40);
    struct store *store = NULL;
    check(store_open(&store, world->store, STORE_LOCAL, false, &err), &err);
    check(store_move_target(store, "fraud", "alias:champion", 0, 1, "", &err), &err);
    store_close(&store);
    world_keys_clock(world, INT64_C(60000000));
}

void world_stop(struct world *world)
{
    test_agent_stop(&world->agent);
    unsetenv("ASSAY_NOW_MS");
    unsetenv("ASSAY_KEYS_CLOCK");
}

void world_ask(struct world *world, char out[17])
{
    struct assay_ledger *ledger = world_open(world, "rex");
    struct assay_error err = {0};
    struct assay_request_options options = {
        .model = "fraud", .version = "2", .target = "alias:champion", .words = "lower loss"};
    check(assay_request_send(ledger, &options, out, &err), &err);
    assay_ledger_close(&ledger);
}

enum assay_status world_decide(struct world *world, const char *person, const char *id,
                               enum assay_verdict verdict, struct assay_error *err)
{
    struct assay_ledger *ledger = NULL;
    struct assay_decision decision = {.verdict = verdict, .reason = "looked at it"};
    enum assay_status status = world_try_open(world, world->store, person, &ledger, err);
    if (status == ASSAY_OK)
        status = assay_request_decide(ledger, id, &decision, err);
    assay_ledger_close(&ledger);
    return status;
}

void world_approve(struct world *world, const char *id)
{
    struct assay_error err = {0};
    check(world_decide(world, "val", id, ASSAY_APPROVE, &err), &err);
    check(world_decide(world, "app", id, ASSAY_APPROVE, &err), &err);
}

enum assay_status world_apply(struct world *world, const char *id, struct assay_error *err)
{
    struct assay_ledger *ledger = world_open(world, "rex");
    enum assay_status status = assay_request_apply(ledger, id, err);
    assay_ledger_close(&ledger);
    return status;
}

void world_begin(struct world *world, const char *id)
{
    struct assay_ledger *ledger = world_open(world, "rex");
    const struct assay_request *r = NULL;
    struct assay_error err = {0};
    check(ledger_need_me(ledger, &err), &err);
    check(assay_ledger_find(ledger, id, &r, &err), &err);
    struct statement s = {.event = EVENT_APPLICATION,
                          .role = "operator",
                          .subject = "fraud/2",
                          .subject_digest = r->model_digest,
                          .application = {.phase = PHASE_BEGIN,
                                          .request = r->id,
                                          .binding = r->binding,
                                          .before = r->from_version,
                                          .after = r->version,
                                          .why = ""}};
    check(ledger_append(ledger, &s, &err), &err);
    assay_ledger_close(&ledger);
}

enum assay_request_state world_state(struct world *world, const char *id)
{
    struct assay_ledger *ledger = world_open(world, "adm");
    const struct assay_request *request = NULL;
    struct assay_error err = {0};
    check(assay_ledger_find(ledger, id, &request, &err), &err);
    enum assay_request_state state = request->state;
    assay_ledger_close(&ledger);
    return state;
}

const char *world_champion(struct world *world, char out[24])
{
    struct store *store = NULL;
    struct assay_error err = {0};
    int64_t version = 0;
    check(store_open(&store, world->store, STORE_LOCAL, false, &err), &err);
    check(store_target(store, "fraud", "alias:champion", &version, &err), &err);
    store_close(&store);
    out[0] = '\0';
    if (version)
        snprintf(out, 24, "%lld", (long long)version);
    return out;
}

size_t world_records(struct world *world)
{
    struct assay_ledger *ledger = world_open(world, "adm");
    size_t count = assay_ledger_info(ledger).records;
    assay_ledger_close(&ledger);
    return count;
}

void world_copy(const char *from, const char *to)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char a[500], b[500];
        snprintf(a, sizeof a, "%s%s", from, ends[i]);
        snprintf(b, sizeof b, "%s%s", to, ends[i]);
        unlink(b);
        if (access(a, F_OK) == 0) {
            const char *const argv[] = {"cp", a, b, NULL};
            test_command(argv);
        }
    }
}

void world_move_champion(struct world *world, int64_t from, int64_t to)
{
    struct store *store = NULL;
    struct assay_error err = {0};
    assert_int_equal(store_open(&store, world->store, STORE_LOCAL, false, &err), ASSAY_OK);
    if (store_move_target(store, "fraud", "alias:champion", from, to, "", &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    store_close(&store);
}
