/*
 * What an auditor gets: a bundle that ssh-keygen, sha256sum and jq alone can check, and that
 * they and we refuse once anything in it is altered; and records exchanged through a directory
 * and through a git repository, where strangers' and damaged ones stay outside.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "approval/ledger.h"
#include "approval/pubkey.h"
#include "approval/signer.h"
#include "base/spawn.h"
#include "support/web.h"
#include "support/world.h"

static struct world world;
static char request[17];

static int start(void **state)
{
    struct assay_error err = {0};
    (void)state;
    world_start(&world, WORLD_POLICY);
    char *file = world_path(&world, "report.txt");
    assert_int_equal(assay_file_write(file, "all is well\n", 12, 0600, &err), ASSAY_OK);
    const char *evidence[] = {file};
    struct assay_ledger *ledger = world_open(&world, "rex");
    struct assay_request_options options = {.model = "fraud",
                                            .version = "2",
                                            .target = "alias:champion",
                                            .words = "lower loss, \"quoted\" <b>é</b>",
                                            .evidence = evidence,
                                            .evidence_count = 1};
    assert_int_equal(assay_request_send(ledger, &options, request, &err), ASSAY_OK);
    assay_ledger_close(&ledger);
    free(file);
    world_approve(&world, request);
    assert_int_equal(world_apply(&world, request, &err), ASSAY_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_stop(&world);
    return 0;
}

/* The script of the bundle, with PATH holding little more than the three programs. */
static int script(const char *directory)
{
    char *path = assay_path_join(directory, "verify.sh");
    const char *const argv[] = {"sh", path, NULL};
    int status = test_command_status(argv);
    free(path);
    return status;
}

static void change(const char *directory, const char *name, size_t at, char how)
{
    char *path = assay_path_join(directory, name), *bytes = NULL;
    size_t length = 0;
    assert_int_equal(assay_file_read(path, 1 << 20, &bytes, &length, NULL), ASSAY_OK);
    assert_true(at < length);
    bytes[at] ^= how;
    assert_int_equal(assay_file_write(path, bytes, length, 0644, NULL), ASSAY_OK);
    free(bytes);
    free(path);
}

static void sealed_against_change(void **state)
{
    char evidence[9 + ASSAY_SHA256_TEXT];
    const struct {
        const char *name;
        size_t at;
        bool ours; /* ours notices it as well */
        char how;  /* flipped bits: 1 makes another digit, 0x40 no digit at all */
    } cases[] = {
        {"records/000003.json", 700, true, 1}, {"records/000011.json", 300, true, 1},
        {"records/000011.sig", 90, true, 1},   {"records.sha256", 3, false, 1},
        {"records.sha256", 3, false, 0x40},    {"allowed_signers", 60, true, 1},
        {"policies/prod-1.ini", 20, true, 1},  {evidence, 3, true, 1},
    };
    struct assay_error err = {0};
    (void)state;
    memcpy(evidence, "evidence/", 9);
    assay_sha256(evidence + 9, "all is well\n", 12);
    char *directory = world_export(&world, "adm", "bundle");
    assert_int_equal(script(directory), 0);
    if (assay_bundle_verify(directory, NULL, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        change(directory, cases[i].name, cases[i].at, cases[i].how);
        if (script(directory) == 0)
            fail_msg("verify.sh takes a changed %s", cases[i].name);
        if (cases[i].ours && assay_bundle_verify(directory, NULL, NULL) == ASSAY_OK)
            fail_msg("a changed %s is taken", cases[i].name);
        change(directory, cases[i].name, cases[i].at, cases[i].how);
    }
    assert_int_equal(script(directory), 0);
    /* A record that is left out; a signer who is slipped in; another ledger's. */
    char *gone = assay_path_join(directory, "records/000009.json");
    unlink(gone);
    assert_int_not_equal(script(directory), 0);
    assert_int_not_equal(assay_bundle_verify(directory, NULL, NULL), ASSAY_OK);
    free(gone);
    free(directory);
    directory = world_export(&world, "adm", "bundle-2");
    char *signers = assay_path_join(directory, "allowed_signers");
    FILE *file = fopen(signers, "a");
    fputs(
        "* ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
        file);
    fclose(file);
    assert_int_equal(assay_bundle_verify(directory, NULL, NULL), ASSAY_NO);
    free(signers);
    char digest[65];
    memset(digest, 'a', 64);
    digest[64] = '\0';
    assert_int_equal(assay_bundle_verify(directory, digest, NULL), ASSAY_NO);
    free(directory);
}

/* The number of the first record with WORDS in it, as its file is called without the end. */
static void record_with(const char *directory, const char *words, char out[24])
{
    for (int i = 1; i < 100; i++) {
        char *bytes = NULL, name[40], *path;
        size_t length = 0;
        snprintf(name, sizeof name, "records/%06d.json", i);
        path = assay_path_join(directory, name);
        if (assay_file_read(path, 1 << 20, &bytes, &length, NULL) == ASSAY_OK &&
            strstr(bytes, words)) {
            snprintf(out, 24, "records/%06d", i);
            free(bytes);
            free(path);
            return;
        }
        free(bytes);
        free(path);
    }
    fail_msg("no record says %s", words);
}

/* Somebody else signs in app's name, and puts their key beside app's in the list that comes
   with the bundle. Fails where the script takes keys from there. */
static void list_of_its_own(void **state)
{
    char name[24], key[400], *line = NULL, *text = NULL;
    struct assay_buf signature = {0}, list = {0};
    struct sshsig_facts facts;
    struct assay_error err = {0};
    size_t length = 0;
    (void)state;
    char *directory = world_export(&world, "adm", "bundle-forged");
    record_with(directory, "\"meaning\":\"approval\"", name);
    char *path = assay_path_join(directory, name), *file = NULL;
    snprintf(key, sizeof key, "%s/rex.pub", world.agent.directory);
    assert_int_equal(assay_file_read(key, 1 << 16, &line, &length, &err), ASSAY_OK);
    line[strcspn(line, "\n")] = '\0';
    file = assay_alloc(strlen(path) + 8);
    snprintf(file, strlen(path) + 8, "%s.json", path);
    assert_int_equal(assay_file_read(file, 1 << 20, &text, &length, &err), ASSAY_OK);
    assert_int_equal(
        signer_sign(line, "approval@assay", text, length, 20000, &signature, &facts, &err),
        ASSAY_OK);
    snprintf(file, strlen(path) + 8, "%s.sig", path);
    assert_int_equal(assay_file_write(file, signature.data, signature.length, 0644, &err),
                     ASSAY_OK);
    assert_int_not_equal(script(directory), 0); /* the key is not known there */
    free(path);
    path = assay_path_join(directory, "allowed_signers");
    free(text);
    assert_int_equal(assay_file_read(path, 1 << 20, &text, &length, &err), ASSAY_OK);
    assay_buf_add(&list, text, length);
    for (const char *const *who = (const char *const[]){"val", "app", NULL}; *who; who++)
        assay_buf_format(&list, "%s namespaces=\"approval@assay,policy@assay\" %s\n", *who,
                         line);
    assert_int_equal(assay_file_write(path, list.data, list.length, 0644, &err), ASSAY_OK);
    assert_int_not_equal(script(directory), 0);
    assert_int_not_equal(assay_bundle_verify(directory, NULL, NULL), ASSAY_OK);
    assay_buf_free(&list);
    assay_buf_free(&signature);
    free(text);
    free(line);
    free(file);
    free(path);
    free(directory);
}

/* Name, time and meaning of each signature are in the readable forms; nothing of HTML gets in.
 */
static void readable(void **state)
{
    char *directory = world_export(&world, "adm", "bundle-3"),
         *path = assay_path_join(directory, "report.html"), *text = NULL;
    size_t length = 0;
    (void)state;
    assert_int_equal(assay_file_read(path, 1 << 20, &text, &length, NULL), ASSAY_OK);
    assert_non_null(strstr(text, "meaning: approval"));
    assert_non_null(strstr(text, "meaning: authorship"));
    assert_non_null(strstr(text, "val (val), 20"));
    assert_non_null(strstr(text, "&lt;b&gt;"));
    assert_null(strstr(text, "<b>"));
    free(text);
    free(path);
    path = assay_path_join(directory, "report.txt");
    assert_int_equal(assay_file_read(path, 1 << 20, &text, &length, NULL), ASSAY_OK);
    assert_non_null(strstr(text, "APPLIED"));
    assert_non_null(strstr(text, "binding: "));
    free(text);
    free(path);
    free(directory);
}

/* ---- exchanging ---- */

static struct assay_sync_result sync_as(const char *person, const char *store,
                                        const char *remote, enum assay_status expected)
{
    struct assay_ledger *ledger = NULL;
    struct assay_sync_result result = {0};
    struct assay_error err = {0};
    char heads[400], key[400];
    snprintf(heads, sizeof heads, "%s/heads-sync-%s", world.directory, person);
    snprintf(key, sizeof key, "%s/%s.pub", world.agent.directory, person);
    assert_int_equal(
        assay_ledger_open(&ledger,
                          &(struct assay_ledger_options){
                              .store = store, .heads = heads, .key = key, .recover = true},
                          &err),
        ASSAY_OK);
    enum assay_status status = assay_ledger_sync(ledger, remote, NULL, &result, &err);
    if (status != expected)
        fail_msg("%s", err.what);
    result.first_refusal = "";
    assay_ledger_close(&ledger);
    return result;
}

static void directory_and_git(void **state)
{
    char *shared = world_path(&world, "shared"), *other = world_path(&world, "other.db");
    char *bare = world_path(&world, "records.git"), *third = world_path(&world, "third.db");
    (void)state;
    size_t all = world_records(&world);
    assert_int_equal(sync_as("adm", world.store, shared, ASSAY_OK).sent, all);
    assert_int_equal(sync_as("adm", world.store, shared, ASSAY_OK).sent, 0);
    assert_int_equal(sync_as("val", other, shared, ASSAY_OK).received, all);
    assert_int_equal(sync_as("val", other, shared, ASSAY_OK).received, 0);
    /* Both sides go on; both come together. */
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};
    char heads[400], key[400];
    snprintf(heads, sizeof heads, "%s/heads-sync-val", world.directory);
    snprintf(key, sizeof key, "%s/val.pub", world.agent.directory);
    assert_int_equal(
        assay_ledger_open(
            &ledger, &(struct assay_ledger_options){.store = other, .heads = heads, .key = key},
            &err),
        ASSAY_OK);
    struct assay_decision decision = {.verdict = ASSAY_COMMENT, .reason = "from there"};
    if (assay_request_decide(ledger, request, &decision, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_ledger_close(&ledger);
    assert_int_equal(world_decide(&world, "val", request, ASSAY_COMMENT, &err), ASSAY_OK);
    const char *const init[] = {"git", "init", "-q", "--bare", bare, NULL};
    test_command(init);
    assert_int_equal(sync_as("val", other, bare, ASSAY_OK).sent, all + 1);
    struct assay_sync_result result = sync_as("adm", world.store, bare, ASSAY_OK);
    assert_int_equal(result.received, 1);
    assert_int_equal(result.sent, 1);
    assert_int_equal(sync_as("app", third, bare, ASSAY_OK).received, all + 2);
    ledger = world_open(&world, "adm");
    assert_int_equal(assay_ledger_verify(ledger, false, &err), ASSAY_OK);
    assay_ledger_close(&ledger);
    free(shared);
    free(other);
    free(bare);
    free(third);
}

/* The path of the record file of the greatest name in the shared directory. */
static void any_record(const char *shared, char out[600])
{
    char command[700];
    snprintf(command, sizeof command, "find %s/records -name '*.json' | sort | tail -1",
             shared);
    FILE *pipe = popen(command, "r");
    assert_non_null(fgets(out, 600, pipe));
    out[strcspn(out, "\n")] = '\0';
    pclose(pipe);
}

static void strangers_stay_outside(void **state)
{
    char *shared = world_path(&world, "shared-2"), *fresh = world_path(&world, "fresh.db");
    char path[600], other[700];
    (void)state;
    size_t all = world_records(&world);
    sync_as("adm", world.store, shared, ASSAY_OK);
    /* Damaged, and a file of another name than its digest. */
    any_record(shared, path);
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(assay_file_read(path, 1 << 20, &bytes, &length, NULL), ASSAY_OK);
    bytes[length / 2] ^= 1;
    assert_int_equal(assay_file_write(path, bytes, length, 0644, NULL), ASSAY_OK);
    snprintf(other, sizeof other, "%s/records/ab", shared);
    assert_int_equal(assay_make_directories(other, NULL), ASSAY_OK);
    snprintf(other, sizeof other, "%s/records/ab/ab%062d.json", shared, 7);
    assert_int_equal(assay_file_write(other, "{}", 2, 0644, NULL), ASSAY_OK);
    struct assay_sync_result result = sync_as("two", fresh, shared, ASSAY_OK);
    assert_true(result.refused >= 2);
    assert_true(result.received < all);
    /* Whole again, the rest comes; the stranger still does not. */
    bytes[length / 2] ^= 1;
    assert_int_equal(assay_file_write(path, bytes, length, 0644, NULL), ASSAY_OK);
    size_t before = result.received;
    result = sync_as("two", fresh, shared, ASSAY_OK);
    assert_int_equal(before + result.received, all);
    assert_int_equal(result.refused, 1);
    free(bytes);
    free(shared);
    free(fresh);
}

/* What somebody wrote over is put back by the next who has it, were it of the same length. */
static void written_over(void **state)
{
    char *shared = world_path(&world, "shared-4"), *fresh = world_path(&world, "fresh-4.db");
    char path[600], signature[610];
    (void)state;
    size_t all = world_records(&world);
    sync_as("adm", world.store, shared, ASSAY_OK);
    any_record(shared, path);
    snprintf(signature, sizeof signature, "%.*s.sig", (int)strlen(path) - 5, path);
    const char *const files[] = {path, signature};
    for (size_t i = 0; i < ASSAY_COUNT(files); i++) {
        char *bytes = NULL, *now = NULL;
        size_t length = 0, now_length = 0;
        assert_int_equal(assay_file_read(files[i], 1 << 20, &bytes, &length, NULL), ASSAY_OK);
        bytes[length / 2] ^= 1;
        assert_int_equal(assay_file_write(files[i], bytes, length, 0644, NULL), ASSAY_OK);
        sync_as("adm", world.store, shared, ASSAY_OK);
        assert_int_equal(assay_file_read(files[i], 1 << 20, &now, &now_length, NULL), ASSAY_OK);
        bytes[length / 2] ^= 1;
        assert_int_equal(now_length, length);
        assert_memory_equal(now, bytes, length);
        free(bytes);
        free(now);
    }
    assert_int_equal(sync_as("two", fresh, shared, ASSAY_OK).received, all);
    free(shared);
    free(fresh);
}

/* ---- an address with a password ---- */

static struct {
    char secret[40]; /* of this process alone */
    char authorization[200];
    bool in_arguments; /* of any program, while git was asking */
} asked;

static bool someone_says(const char *secret)
{
    char command[400];
    /* The pattern is no argument of the command itself: "[x]yz". */
    snprintf(command, sizeof command,
             "cat /proc/[0-9]*/cmdline 2>/dev/null | grep -qa '[%c]%.100s'", secret[0],
             secret + 1);
    const char *const argv[] = {"sh", "-c", command, NULL};
    return test_command_status(argv) == 0;
}

static void ask_who(void *context, const struct web_request *made, struct web_answer *answer)
{
    const char *line = strcasestr(made->head, "\nAuthorization: ");
    (void)context;
    asked.in_arguments = asked.in_arguments || someone_says(asked.secret);
    answer->body = "no";
    answer->type = "text/plain";
    if (line) {
        snprintf(asked.authorization, sizeof asked.authorization, "%.*s",
                 (int)strcspn(line + 16, "\r\n"), line + 16);
        answer->status = 404;
    } else {
        answer->status = 401;
        answer->header = "WWW-Authenticate: Basic realm=\"records\"\r\n";
    }
}

static void expect_authorization(void)
{
    char pair[64], expected[100] = "Basic ";
    snprintf(pair, sizeof pair, "ops:%s!", asked.secret);
    base64_encode(expected + 6, (const uint8_t *)pair, strlen(pair));
    assert_string_equal(asked.authorization, expected);
}

static void no_addresses(struct assay_ledger *ledger)
{
    static const char *const none[] = {
        "ssh://ops:%s@host/x.git", "git+ext::sh -c true x://a:%s@b", "git+-x://ops:%s@host"};
    for (size_t i = 0; i < ASSAY_COUNT(none); i++) {
        struct assay_sync_result result = {0};
        struct assay_error err = {0};
        const char *at = strstr(none[i], "%s");
        struct assay_buf url = {0};
        assay_buf_format(&url, "%.*s%s%s", (int)(at - none[i]), none[i], asked.secret, at + 2);
        assert_int_equal(assay_ledger_sync(ledger, assay_buf_text(&url), NULL, &result, &err),
                         ASSAY_BAD_INPUT);
        assert_null(strstr(err.what, asked.secret));
        assay_buf_free(&url);
    }
}

/* It gets to that server and nowhere else: no argument, file, message or name of the place. */
static void t28_a_repository_with_a_password(void **state)
{
    struct web *web = web_start(ask_who, NULL);
    struct assay_ledger *ledger = world_open(&world, "adm");
    struct assay_sync_result result = {0};
    struct assay_error err = {0};
    struct assay_buf url = {0};
    char *cache = world_path(&world, "cache");
    (void)state;
    setenv("XDG_CACHE_HOME", cache, 1);
    snprintf(asked.secret, sizeof asked.secret, "hunter-%ld", (long)getpid());
    assay_buf_format(&url, "git+http://ops:%s%%21@%s/records.git", asked.secret,
                     web_url(web) + 7);
    assert_int_equal(assay_ledger_sync(ledger, assay_buf_text(&url), NULL, &result, &err),
                     ASSAY_IO);
    expect_authorization();
    assert_false(asked.in_arguments);
    assert_null(strstr(err.what, "hunter"));
    assert_null(strstr(result.place, "hunter"));
    assert_non_null(strstr(result.place, "/records.git"));
    const char *const kept[] = {"grep", "-rqa", asked.secret, cache, NULL};
    assert_int_equal(test_command_status(kept), 1);
    const char *const there[] = {"grep", "-rqa", "records.git", cache, NULL};
    assert_int_equal(test_command_status(there), 0);
    no_addresses(ledger);
    assay_ledger_close(&ledger);
    web_stop(&web);
    assay_buf_free(&url);
    free(cache);
}

/* Whoever may write to a repository in a shared folder can have it say what is run when
   somebody pushes to it: by a hook, or by its configuration. It would be run as them. */
static void t30_what_a_repository_runs(void **state)
{
    char *bare = world_path(&world, "hooked.git"), *left = world_path(&world, "was-run");
    struct assay_buf text = {0};
    (void)state;
    assay_buf_format(
        &text,
        "git init -q --bare '%s' && cd '%s' && for h in pre-receive update "
        "post-receive post-update reference-transaction; do printf '#!/bin/sh\\n"
        "touch %s\\n' >hooks/$h && chmod +x hooks/$h || exit 1; done && git init -q "
        "--bare other.git && echo '%s/other.git/objects' >objects/info/alternates "
        "&& git config core.alternateRefsCommand 'touch %s; true'",
        bare, bare, left, bare, left);
    const char *const argv[] = {"sh", "-c", assay_buf_text(&text), NULL};
    assert_int_equal(test_command_status(argv), 0);
    const size_t all = world_records(&world);
    assert_int_equal(sync_as("adm", world.store, bare, ASSAY_OK).sent, all);
    assert_int_not_equal(access(left, F_OK), 0);
    assert_int_equal(sync_as("two", world.store, bare, ASSAY_OK).there, all);
    assay_buf_free(&text);
    free(bare);
    free(left);
}

/* A ledger that lost records gets them back from the remote: that is what the advice says. */
static void recovers(void **state)
{
    char *shared = world_path(&world, "shared-3"), *old = world_path(&world, "old.db");
    struct assay_ledger *ledger = NULL;
    (void)state;
    world_copy(world.store, old);
    assert_int_equal(world_decide(&world, "app", request, ASSAY_COMMENT, NULL), ASSAY_OK);
    sync_as("app", world.store, shared, ASSAY_OK);
    assert_int_equal(world_try_open(&world, old, "app", &ledger, NULL), ASSAY_CORRUPT);
    sync_as("app", old, shared, ASSAY_OK);
    assert_int_equal(world_try_open(&world, old, "app", &ledger, NULL), ASSAY_OK);
    assay_ledger_close(&ledger);
    free(shared);
    free(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_against_change),
        cmocka_unit_test(list_of_its_own),
        cmocka_unit_test(readable),
        cmocka_unit_test(directory_and_git),
        cmocka_unit_test(strangers_stay_outside),
        cmocka_unit_test(t30_what_a_repository_runs),
        cmocka_unit_test(recovers),
        cmocka_unit_test(written_over),
        cmocka_unit_test(t28_a_repository_with_a_password),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
