/*
 * Gates that look at a version's files, where the version lies on an MLflow server that a
 * function of this test plays: what a request there comes to, from the first time it is asked
 * for to the alias that moves; files swapped on the server; a server that answers otherwise the
 * second time. T7, T23 and T29 of docs/approvals.md, for servers.
 */
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
#include <assay/memory.h>

#include "support/good.h"
#include "support/own_home.h"
#include "support/program.h"
#include "support/web.h"
#include "support/world.h"

#define RUN "0123456789abcdef0123456789abcdef"

/* ---- the server ---- */

struct served {
    const char *path;
    const char *bytes; /* NULL: it is not there */
    size_t length;
    const char *second; /* what it is from the second time on; NULL: the same */
    unsigned given;
};
static struct served files[8];
static size_t file_count;
static char champion[16];
static struct web *web;
static struct world world;
static struct assay_arena arena;

static void list_files(const struct web_request *request, struct assay_buf *out)
{
    char folder[200], inside[220];

    web_query(request, "path", folder, sizeof folder);
    snprintf(inside, sizeof inside, "%s/", folder);
    assay_buf_text_add(out, "{\"root_uri\":\"mlflow-artifacts:/1/" RUN "/artifacts\","
                            "\"files\":[");
    for (size_t i = 0; i < file_count; i++) {
        const char *slash;
        char path[300];
        snprintf(path, sizeof path, "model/%s", files[i].path);
        if (!files[i].bytes || strncmp(path, inside, strlen(inside)) != 0)
            continue;
        slash = strchr(path + strlen(inside), '/');
        if (slash)
            path[slash - path] = '\0';
        assay_buf_format(out, "%s{\"path\":\"%s\",\"is_dir\":%s,\"file_size\":\"%zu\"}",
                         out->data[out->length - 1] == '[' ? "" : ",", path,
                         slash ? "true" : "false", files[i].length);
    }
    assay_buf_text_add(out, "]}");
}

static void give_file(const struct web_request *request, struct web_answer *answer,
                      struct assay_buf *out)
{
    char path[300];

    web_query(request, "path", path, sizeof path);
    answer->status = 404;
    for (size_t i = 0; i < file_count; i++) {
        struct served *file = &files[i];
        if (strcmp(file->path, path) != 0 || !file->bytes)
            continue;
        if (file->given++ > 0 && file->second) {
            answer->status = file->second[0] ? 200 : 404;
            assay_buf_text_add(out, file->second);
        } else {
            answer->status = 200;
            assay_buf_add(out, file->bytes, file->length);
        }
        answer->type = "application/octet-stream";
    }
}

static void answer_alias(const struct web_request *request, struct web_answer *answer,
                         struct assay_buf *out)
{
    const char *at;

    if (strcmp(request->method, "POST") == 0) {
        at = strstr(request->body, "\"version\":\"");
        snprintf(champion, sizeof champion, "%.1s", at ? at + 11 : "");
        assay_buf_text_add(out, "{}");
    } else if (champion[0]) {
        assay_buf_format(out, "{\"model_version\":{\"version\":\"%s\"}}", champion);
    } else {
        answer->status = 404;
        assay_buf_text_add(out, "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\"}");
    }
}

static void serve(void *context, const struct web_request *request, struct web_answer *answer)
{
    struct assay_buf out = {0};
    const char *target = request->target;
    char version[16];

    (void)context;
    if (strstr(target, "/model-versions/get-artifact?")) {
        give_file(request, answer, &out);
    } else if (strstr(target, "/model-versions/get?")) {
        web_query(request, "version", version, sizeof version);
        assay_buf_format(&out,
                         "{\"model_version\":{\"version\":\"%s\",\"run_id\":\"" RUN
                         "\",\"user_id\":\"rex-os\",\"source\":\"mlflow-artifacts:/1/" RUN
                         "/artifacts/model\"}}",
                         version);
    } else if (strstr(target, "/artifacts/list?")) {
        list_files(request, &out);
    } else if (strstr(target, "/registered-models/alias")) {
        answer_alias(request, answer, &out);
    } else if (strstr(target, "/runs/get?")) {
        assay_buf_text_add(&out, "{\"run\":{\"info\":{\"user_id\":\"rex-os\",\"artifact_uri\":"
                                 "\"mlflow-artifacts:/1/" RUN "/artifacts\"},\"data\":{}}}");
    } else {
        answer->status = 404;
    }
    answer->length = out.length;
    answer->body = answer->take = assay_buf_take(&out);
}

/* ---- the version, and the policy ---- */

static char *fixture(const char *name, size_t *length)
{
    char path[600], *bytes = NULL;

    snprintf(path, sizeof path, "%s/approval/data/model-signature/%s", TEST_DATA, name);
    GOOD(assay_file_read(path, 1 << 20, &bytes, length, good));
    return bytes;
}

/* What the version holds; the bytes live as long as the test. */
static struct served *file(const char *name)
{
    for (size_t i = 0; i < file_count; i++)
        if (strcmp(files[i].path, name) == 0)
            return &files[i];
    fail_msg("there is no %s", name);
    return NULL;
}

static void put(const char *name, const char *bytes)
{
    *file(name) = (struct served){.path = name, .bytes = bytes, .length = strlen(bytes)};
}

#define CARD "# Fraud\n\n## Limits\n\nNot for large sums.\n"

/* A model that was signed as it lies there, and a card beside it, which the policy lets be. */
static int lay_out(void **state)
{
    static const char *const names[][2] = {{"MLmodel", "model/MLmodel"},
                                           {"README.md", "model/README.md"},
                                           {"data/weights.bin", "model/data/weights.bin"},
                                           {"model.sig", "p256.sig"}};
    (void)state;
    champion[0] = '\0';
    file_count = ASSAY_COUNT(names) + 1;
    memset(files, 0, sizeof files);
    for (size_t i = 0; i < ASSAY_COUNT(names); i++) {
        size_t length;
        char *bytes = fixture(names[i][1], &length);
        files[i] = (struct served){
            .path = names[i][0],
            .bytes = memcpy(assay_arena_take(&arena, length + 1), bytes, length),
            .length = length};
        free(bytes);
    }
    files[file_count - 1].path = "docs/card.md";
    put("docs/card.md", CARD);
    return 0;
}

static void policy_text(struct assay_buf *out)
{
    size_t length;
    char *pem = fixture("p256.pem", &length);

    assay_buf_text_add(out, "[policy]\nname = prod\ntargets = alias:*\n[clause validator]\n"
                            "count = 1\n[clause approver]\ncount = 1\n[gate files]\n"
                            "kind = artifact-digest\n[gate card]\nkind = model-card\n"
                            "file = docs/card.md\nsections = Limits\n[gate signed]\n"
                            "kind = model-signature\nignore = docs\nkey = ");
    for (const char *at = strchr(pem, '\n') + 1; *at != '-'; at++)
        if (*at != '\n')
            assay_buf_char(out, *at);
    assay_buf_char(out, '\n');
    assay_buf_format(out, "[gate look]\nkind = command\ncommand = %s/look\n", own_home);
    free(pem);
}

/* A command that knows the files: their list, as sha256sum makes it, is what the digest is of.
 */
static void put_command(void)
{
    char path[300], text[600];

    snprintf(path, sizeof path, "%s/look", own_home);
    snprintf(
        text, sizeof text,
        "#!/bin/sh\nprintf '%%s' \"$ASSAY_FILES\" >%s/where\ncd \"$ASSAY_FILES\" || exit 2\n"
        "d=$(find . -type f | sed 's,^./,,' | sort | xargs -d '\\n' sha256sum | sha256sum)\n"
        "[ \"$d\" = \"$ASSAY_DIGEST  -\" ] || exit 1\nmkdir ro && : >ro/x && chmod 500 ro\n"
        "echo all as hashed\n",
        own_home);
    GOOD(assay_file_write(path, text, strlen(text), 0700, good));
}

static int start(void **state)
{
    struct assay_buf policy = {0};
    if (program_begin(state) != 0 || own_home_make(state) != 0)
        return -1;
    put_command();
    policy_text(&policy);
    world_start(&world, assay_buf_text(&policy));
    assay_buf_free(&policy);
    web = web_start(serve, NULL);
    return 0;
}

static int stop(void **state)
{
    char left[400];

    snprintf(left, sizeof left, "%s/ro", world.model); /* the command's, in the local version */
    (void)chmod(left, 0700);
    web_stop(&web);
    world_stop(&world);
    assay_arena_free(&arena);
    program_end(state);
    return own_home_remove(state);
}

/* ---- asking ---- */

/* rex asks for VERSION; a new revision of REVISE where it is given. */
static void ask(const char *version, const char *revise, char id[17])
{
    struct assay_ledger *ledger = world_open(&world, "rex");
    const struct assay_request_options options = {.model = "fraud",
                                                  .version = version,
                                                  .target = "alias:champion",
                                                  .server = web_url(web),
                                                  .words = "lower loss",
                                                  .request = revise};
    GOOD(assay_request_send(ledger, &options, id, good));
    assay_ledger_close(&ledger);
}

static void expect_gate(const char *id, const char *name, enum assay_requirement_state state,
                        const char *why)
{
    struct assay_ledger *ledger = world_open(&world, "val");
    const struct assay_request *request = NULL;
    bool found = false;

    GOOD(assay_ledger_find(ledger, id, &request, good));
    for (size_t i = 0; i < request->gate_count; i++) {
        const struct assay_gate_result *gate = &request->gates[i];
        if (strcmp(gate->name, name) != 0)
            continue;
        found = true;
        if (gate->state != state || !strstr(gate->why, why))
            fail_msg("%s: %s: %s; expected %s: %s", name,
                     assay_requirement_state_name(gate->state), gate->why,
                     assay_requirement_state_name(state), why);
    }
    assert_true(found);
    assay_ledger_close(&ledger);
}

static void expect_refused(const char *id, const char *person, const char *why)
{
    struct assay_error err = {0};

    assert_int_equal(world_decide(&world, person, id, ASSAY_APPROVE, &err), ASSAY_NO);
    if (!strstr(err.what, why))
        fail_msg("%s; expected %s", err.what, why);
}

/* The command was run in a folder that was there for it alone; it is forgotten where. */
static void expect_removed(void)
{
    char path[300], *where = NULL;
    size_t length;

    snprintf(path, sizeof path, "%s/where", own_home);
    GOOD(assay_file_read(path, 4096, &where, &length, good));
    assert_true(length > 0 && where[0] == '/');
    assert_int_equal(access(where, F_OK), -1);
    assert_int_equal(unlink(path), 0);
    free(where);
}

/* ---- what comes of it ---- */

static void passes_and_is_applied(void **state)
{
    char id[17];
    (void)state;
    ask("1", NULL, id);
    expect_gate(id, "files", ASSAY_SATISFIED, "5 files as the server gives them");
    expect_gate(id, "card", ASSAY_SATISFIED, "has all its sections");
    expect_gate(id, "signed", ASSAY_SATISFIED, "3 files signed by the key");
    expect_gate(id, "look", ASSAY_SATISFIED, "exit status 0: all as hashed");
    expect_removed();
    world_approve(&world, id);
    GOOD(world_apply(&world, id, good));
    assert_string_equal(champion, "1");
}

/* T7: fails without the comparison of digests in act_check_all(). */
static void t7_swapped_after_the_vote(void **state)
{
    struct assay_error err = {0};
    char id[17];
    (void)state;
    ask("2", NULL, id);
    assert_int_equal(world_decide(&world, "val", id, ASSAY_APPROVE, &err), ASSAY_OK);
    put("data/weights.bin", "other weights");
    expect_refused(id, "app", "another model now");
    lay_out(NULL);
    assert_int_equal(world_decide(&world, "app", id, ASSAY_APPROVE, &err), ASSAY_OK);
    put("docs/card.md", CARD "x");
    assert_int_equal(world_apply(&world, id, &err), ASSAY_NO);
    assert_string_equal(champion, "");
}

/* A registry's version is not rewritten: other files than those first requested are said to be
   so, in a later revision too. Fails without compare_with_first(). */
static void t7_swapped_between_revisions(void **state)
{
    char id[17], again[17];
    (void)state;
    ask("3", NULL, id);
    expect_gate(id, "files", ASSAY_SATISFIED, "requested for the first time");
    put("docs/card.md", CARD "More.\n");
    ask("3", id, again);
    assert_string_equal(again, id);
    expect_gate(id, "files", ASSAY_UNSATISFIED, "not those this version was first requested");
    expect_gate(id, "card", ASSAY_SATISFIED, "");
    /* The others look again and find the same: the vote counts, the gate stays where it is. */
    struct assay_error err = {0};
    assert_int_equal(world_decide(&world, "val", id, ASSAY_APPROVE, &err), ASSAY_OK);
    assert_int_equal(world_decide(&world, "app", id, ASSAY_APPROVE, &err), ASSAY_OK);
    assert_int_equal(world_state(&world, id), ASSAY_STATE_PENDING);
    /* Another version is none of this one's. */
    ask("4", NULL, again);
    expect_gate(again, "files", ASSAY_SATISFIED, "requested for the first time");
}

static void t29_not_what_was_signed(void **state)
{
    char id[17];
    (void)state;
    put("data/weights.bin", "other weights");
    ask("5", NULL, id);
    expect_gate(id, "files", ASSAY_SATISFIED, "");
    expect_gate(id, "signed", ASSAY_UNSATISFIED, "data/weights.bin is not what was signed");
}

/* T23: fails without the MISSING and ERROR branches of gates_files.c and gate_read_file(). */
static void t23_files_that_cannot_say(void **state)
{
    char id[17];
    (void)state;
    file("docs/card.md")->bytes = file("model.sig")->bytes = NULL;
    ask("6", NULL, id);
    expect_gate(id, "card", ASSAY_MISSING, "the model has no docs/card.md");
    expect_gate(id, "signed", ASSAY_MISSING, "the model has no model.sig");
    lay_out(NULL);
    put("docs/card.md", "# Fraud\n\n## Limits\n\n## Uses\n");
    ask("7", NULL, id);
    expect_gate(id, "card", ASSAY_UNSATISFIED, "the section Limits is missing or empty");
}

/* The server gives a file once, to be hashed, and then another or none. */
static void t23_another_the_second_time(void **state)
{
    static const struct {
        const char *version, *second, *why;
    } cases[] = {{"8", "# Limits\n\nNone at all.\n", "changed since it was hashed"},
                 {"9", "", "404"}};
    char id[17];
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        lay_out(NULL);
        file("docs/card.md")->second = file("model.sig")->second = cases[i].second;
        ask(cases[i].version, NULL, id);
        expect_gate(id, "card", ASSAY_ERROR, cases[i].why);
        expect_gate(id, "signed", ASSAY_ERROR, cases[i].why);
        expect_gate(id, "look", ASSAY_ERROR, "its files cannot be given to the command: ");
        expect_gate(id, "look", ASSAY_ERROR, cases[i].why);
    }
}

/* ---- asking of a place ---- */

static void verify(int expect, const char *source)
{
    if (source)
        program_run(NULL, "verify", "-S", source, "--model", "fraud", "--version", "2",
                    "--target", "alias:champion", NULL);
    else
        program_run(NULL, "verify", "--model", "fraud", "--version", "2", "--target",
                    "alias:champion", NULL);
    program_expect(expect);
    program_complains("unwitnessed: this machine remembers no heads of the ledger ");
}

/* A server's name in the configuration file is as good as its URL, and the queue lists what was
   requested there alone. Fails where -S is taken for a URL as it is, or for nothing. */
static void by_its_name(const char *here)
{
    char key[400], config[400], text[200], there[17];
    snprintf(config, sizeof config, "%s/named.ini", world.directory);
    snprintf(text, sizeof text, "[source team]\nplace = %s\n", web_url(web));
    assert_int_equal(assay_file_write(config, text, strlen(text), 0600, NULL), ASSAY_OK);
    setenv("ASSAY_CONFIG", config, 1);
    snprintf(key, sizeof key, "%s/rex.pub", world.agent.directory);
    program_run(NULL, "request", "-S", "team", "--model", "fraud", "--version", "12", "--target",
                "alias:champion", "-m", "by its name", "--sign-with", key, NULL);
    program_expect(0);
    snprintf(there, sizeof there, "%s", program_last.out);
    program_run(NULL, "queue", "-S", "team", NULL);
    program_expect(0);
    program_says(there);
    program_refutes(here);
    program_run(NULL, "queue", "-S", web_url(web), NULL);
    program_says(there);
    program_refutes(here);
    program_run(NULL, "queue", "-S", "", NULL);
    program_says(here);
    program_refutes(there);
    program_run(NULL, "verify", "-S", "team", "--model", "fraud", "--version", "12", "--target",
                "alias:champion", NULL);
    program_expect(1);
    program_complains("is PENDING");
    unsetenv("ASSAY_CONFIG");
}

/* An approval here is none there. Fails where any place will do, and where it is not said
 * which. */
static void t24_another_place(void **state)
{
    char id[17], other[17], url[100];
    (void)state;
    setenv("ASSAY_STORE", world.store, 1);
    ask("2", NULL, id);
    world_approve(&world, id);
    GOOD(world_apply(&world, id, good));
    snprintf(url, sizeof url, "%s/", web_url(web));
    verify(0, web_url(web));
    assert_null(strstr(program_last.err, "for want of -S"));
    verify(0, url);
    verify(0, NULL);
    snprintf(url, sizeof url, "it was requested at %s, ", web_url(web));
    program_complains(url);
    verify(1, "");
    program_complains("nobody requested it");
    world_ask(&world, other); /* the same names, in the local registry */
    verify(1, NULL);
    program_complains("at several places: http://127.0.0.1:");
    program_complains("-S says which is meant");
    assert_string_equal(program_last.out, "");
    struct assay_ledger *ledger = world_open(&world, "adm");
    const struct assay_gate_question any = {"fraud", "2", "alias:champion", NULL, NULL};
    const struct assay_request *by = NULL;
    struct assay_error err = {0};
    assert_int_equal(assay_ledger_gate(ledger, &any, &by, &err), ASSAY_NO);
    assert_non_null(strstr(err.what, "at several places"));
    assay_ledger_close(&ledger);
    verify(1, "");
    program_complains("is PENDING");
    verify(0, web_url(web));
    program_run(NULL, "verify", id, NULL);
    program_expect(0);
    program_complains("unwitnessed");
    by_its_name(other);
    unsetenv("ASSAY_STORE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(passes_and_is_applied, lay_out),
        cmocka_unit_test_setup(t7_swapped_after_the_vote, lay_out),
        cmocka_unit_test_setup(t7_swapped_between_revisions, lay_out),
        cmocka_unit_test_setup(t29_not_what_was_signed, lay_out),
        cmocka_unit_test_setup(t23_files_that_cannot_say, lay_out),
        cmocka_unit_test_setup(t23_another_the_second_time, lay_out),
        cmocka_unit_test_setup(t24_another_place, lay_out),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
