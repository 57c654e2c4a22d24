/*
 * Records exchanged through an MLflow server that a function of this test plays: what travels,
 * two who write at once, servers and accounts that take nothing, a server that says and gives
 * anything. T3, T20 and T27 of docs/approvals.md, for servers.
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

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/sha256.h>

#include "support/good.h"
#include "support/own_home.h"
#include "support/web.h"
#include "support/world.h"

/* ---- the server ---- */

#define FILES_MAX 200
#define RUNS_MAX  3

struct file {
    int run;
    char path[100]; /* "records/DIGEST.json" */
    char *bytes;
    size_t length;
    bool endless;
};
static struct {
    struct file files[FILES_MAX];
    size_t count;
    char tags[RUNS_MAX]
             [65]; /* the ledger of each run; made "0…01", "0…02", … the older the less */
    bool run_there[RUNS_MAX];
    bool experiment;
    bool overtaken;     /* whoever makes a run finds that somebody else was faster */
    bool no_writing;    /* 403 */
    bool elsewhere;     /* artifacts lie where only the server reaches them */
    bool gives_none;    /* files are listed and not given */
    const char *listed; /* more of the list of records: JSON, with a comma before it */
    const char *wants;  /* the line of the header without which nothing is said; NULL none */
    unsigned puts, gets, strange; /* strange: files asked for by other names than digests */
} server;
static struct web *web;
static struct world world;
static char request[17];

static struct file *find_file(int run, const char *path)
{
    for (size_t i = 0; i < server.count; i++)
        if (server.files[i].run == run && strcmp(server.files[i].path, path) == 0)
            return &server.files[i];
    return NULL;
}

static void forget_files(void)
{
    for (size_t i = 0; i < server.count; i++)
        free(server.files[i].bytes);
    memset(&server, 0, sizeof server);
}

static void refuse(struct web_answer *answer, int status, const char *code,
                   struct assay_buf *out)
{
    answer->status = status;
    assay_buf_format(out, "{\"error_code\":\"%s\",\"message\":\"no\"}", code);
}

static void add_run(int run, const char *tag)
{
    server.run_there[run] = true;
    snprintf(server.tags[run], sizeof server.tags[run], "%s", tag);
}

static void make_run(const struct web_request *asked, struct assay_buf *out)
{
    const char *at = strstr(asked->body, "\"value\":\"");
    char tag[65];

    assert_non_null(at);
    snprintf(tag, sizeof tag, "%.64s", at + 9);
    if (server.overtaken)
        add_run(0, tag);
    add_run(1, tag);
    assay_buf_text_add(out, "{\"run\":{\"info\":{\"run_id\":\"2\"}}}");
}

static void search(const struct web_request *asked, struct assay_buf *out)
{
    const bool any = strstr(asked->body, "LIKE '%'") != NULL;
    const char *comma = "";

    assay_buf_text_add(out, "{\"runs\":[");
    for (int i = RUNS_MAX - 1; i >= 0; i--) {
        if (!server.run_there[i] || (!any && !strstr(asked->body, server.tags[i])))
            continue;
        assay_buf_format(out,
                         "%s{\"info\":{\"run_id\":\"%032d\",\"experiment_id\":\"1\","
                         "\"start_time\":%d,\"lifecycle_stage\":\"active\",\"artifact_uri\":"
                         "\"%s/1/%d\"},\"data\":{}}",
                         comma, i + 1, 1000 + i,
                         server.elsewhere ? "/srv/files" : "mlflow-artifacts:", i + 1);
        comma = ",";
    }
    assay_buf_text_add(out, "]}");
}

static void list_files(const struct web_request *asked, struct assay_buf *out)
{
    char folder[40], run[40];
    const char *comma = "";

    web_query(asked, "path", folder, sizeof folder);
    web_query(asked, "run_id", run, sizeof run);
    assay_buf_text_add(out, "{\"files\":[");
    for (size_t i = 0; i < server.count; i++) {
        const struct file *file = &server.files[i];
        if (file->run != atoi(run) || strncmp(file->path, folder, strlen(folder)) != 0)
            continue;
        assay_buf_format(out, "%s{\"path\":\"%s\",\"is_dir\":false,\"file_size\":%zu}", comma,
                         file->path, file->length);
        comma = ",";
    }
    if (server.listed && strcmp(folder, "records") == 0)
        assay_buf_text_add(out, server.listed + (*comma ? 0 : 1));
    assay_buf_text_add(out, "]}");
}

/* "records/DIGEST.json", "records/DIGEST.sig", "evidence/DIGEST". */
static bool is_plain(const char *path)
{
    const char *name = strchr(path, '/');

    return name && strspn(name + 1, "0123456789abcdef") == 64 &&
           (!name[65] || strcmp(name + 65, ".json") == 0 || strcmp(name + 65, ".sig") == 0);
}

static void give_file(int run, const char *path, struct web_answer *answer,
                      struct assay_buf *out)
{
    const struct file *file = find_file(run, path);

    server.gets++;
    server.strange += !is_plain(path);
    if (!file || server.gives_none) {
        refuse(answer, 404, "RESOURCE_DOES_NOT_EXIST", out);
        return;
    }
    answer->type = "application/octet-stream";
    answer->fault = file->endless ? WEB_ENDLESS : WEB_FINE;
    assay_buf_add(out, file->bytes, file->length);
}

static void take_file(int run, const char *path, const struct web_request *asked,
                      struct assay_buf *out)
{
    struct file *file = find_file(run, path);

    server.puts++;
    if (!file) {
        assert_true(server.count < FILES_MAX);
        file = &server.files[server.count++];
        file->run = run;
        snprintf(file->path, sizeof file->path, "%s", path);
    }
    free(file->bytes);
    file->bytes = assay_strndup(asked->body, asked->length);
    file->length = asked->length;
    assay_buf_text_add(out, "{}");
}

/* What is behind the proxy: 1/RUN/PATH. */
static void proxy(const struct web_request *asked, struct web_answer *answer,
                  struct assay_buf *out)
{
    const char *at = strstr(asked->target, "/artifacts/artifacts/1/");
    const char *path;

    at = at ? at + 23 : strstr(asked->target, "/mlflow-artifacts/artifacts/1/") + 30;
    path = strchr(at, '/') + 1;
    if (strcmp(asked->method, "PUT") != 0)
        give_file(atoi(at), path, answer, out);
    else if (server.no_writing)
        refuse(answer, 403, "PERMISSION_DENIED", out);
    else
        take_file(atoi(at), path, asked, out);
}

static void serve(void *context, const struct web_request *asked, struct web_answer *answer)
{
    struct assay_buf out = {0};
    const char *target = asked->target;
    char path[200], run[40];

    (void)context;
    if (server.wants && !strstr(asked->head, server.wants)) {
        refuse(answer, 401, "UNAUTHENTICATED", &out);
    } else if (strstr(target, "/mlflow-artifacts/artifacts/")) {
        proxy(asked, answer, &out);
    } else if (strstr(target, "/experiments/get-by-name?")) {
        if (server.experiment)
            assay_buf_text_add(&out, "{\"experiment\":{\"experiment_id\":\"1\",\"name\":"
                                     "\"assay-ledger\",\"lifecycle_stage\":\"active\"}}");
        else
            refuse(answer, 404, "RESOURCE_DOES_NOT_EXIST", &out);
    } else if (strstr(target, "/runs/search")) {
        search(asked, &out);
    } else if (strstr(target, "/artifacts/list?")) {
        list_files(asked, &out);
    } else if (strstr(target, "/get-artifact?")) {
        web_query(asked, "path", path, sizeof path);
        web_query(asked, "run_id", run, sizeof run);
        give_file(atoi(run), path, answer, &out);
    } else if (server.no_writing) {
        refuse(answer, 403, "PERMISSION_DENIED", &out);
    } else if (strstr(target, "/experiments/create")) {
        server.experiment = true;
        assay_buf_text_add(&out, "{\"experiment_id\":\"1\"}");
    } else if (strstr(target, "/runs/create")) {
        make_run(asked, &out);
    } else if (strstr(target, "/runs/update")) {
        assay_buf_text_add(&out, "{}");
    } else {
        refuse(answer, 404, "ENDPOINT_NOT_FOUND", &out);
    }
    answer->length = out.length;
    answer->body = answer->take = assay_buf_take(&out);
}

/* ---- exchanging ---- */

static bool look_again; /* looks at everything there once more */
static char last_error[900], last_refusal[300], last_place[200];

static struct assay_sync_result sync_as(const char *person, const char *store,
                                        const char *remote, enum assay_status expected)
{
    struct assay_ledger *ledger = NULL;
    struct assay_sync_result result = {0};
    struct assay_error err = {0};
    char heads[400], key[400];

    snprintf(heads, sizeof heads, "%s-heads-%s", store, person);
    snprintf(key, sizeof key, "%s/%s.pub", world.agent.directory, person);
    GOOD(assay_ledger_open(&ledger,
                           &(struct assay_ledger_options){
                               .store = store, .heads = heads, .key = key, .recover = true},
                           good));
    const struct assay_sync_options how = {.again = look_again};
    enum assay_status status =
        assay_ledger_sync(ledger, remote, look_again ? &how : NULL, &result, &err);
    if (status != expected)
        fail_msg("%s: %d: %s; expected %d", person, (int)status, err.what, (int)expected);
    snprintf(last_error, sizeof last_error, "%s | %s", err.what, err.hint);
    snprintf(last_refusal, sizeof last_refusal, "%s", result.first_refusal);
    snprintf(last_place, sizeof last_place, "%s", result.place);
    result.first_refusal = result.place = "";
    assay_ledger_close(&ledger);
    return result;
}

static void expect_said(const char *said, const char *words)
{
    if (!strstr(said, words))
        fail_msg("it says: %s; expected: %s", said, words);
}

/* A store in a folder of its own, where evidence lies beside it. */
static char *fresh_store(void)
{
    static int number;
    char name[40];
    snprintf(name, sizeof name, "fresh-%d", ++number);
    char *folder = world_path(&world, name), *store = assay_path_join(folder, "store.db");
    GOOD(assay_make_directories(folder, good));
    free(folder);
    return store;
}

/* Everybody's ledger lies on the server, as adm put it there. */
static size_t fill(void)
{
    size_t all = world_records(&world);

    assert_int_equal(sync_as("adm", world.store, web_url(web), ASSAY_OK).sent, all);
    server.puts = server.gets = 0;
    return all;
}

static void comment_in(const char *store, const char *person)
{
    struct assay_ledger *ledger = NULL;
    char heads[400], key[400];
    const struct assay_decision decision = {.verdict = ASSAY_COMMENT, .reason = "from there"};

    snprintf(heads, sizeof heads, "%s-heads-%s", store, person);
    snprintf(key, sizeof key, "%s/%s.pub", world.agent.directory, person);
    GOOD(assay_ledger_open(
        &ledger, &(struct assay_ledger_options){.store = store, .heads = heads, .key = key},
        good));
    GOOD(assay_request_decide(ledger, request, &decision, good));
    assay_ledger_close(&ledger);
}

static int start(void **state)
{
    if (own_home_make(state) != 0)
        return -1;
    world_start(&world, WORLD_POLICY);
    char *report = world_path(&world, "report.txt");
    const char *evidence[] = {report};
    GOOD(assay_file_write(report, "all is well\n", 12, 0600, good));
    struct assay_ledger *ledger = world_open(&world, "rex");
    GOOD(assay_request_send(ledger,
                            &(struct assay_request_options){.model = "fraud",
                                                            .version = "2",
                                                            .target = "alias:champion",
                                                            .words = "lower loss",
                                                            .evidence = evidence,
                                                            .evidence_count = 1},
                            request, good));
    assay_ledger_close(&ledger);
    free(report);
    web = web_start(serve, NULL);
    return 0;
}

static int stop(void **state)
{
    web_stop(&web);
    forget_files();
    world_stop(&world);
    return own_home_remove(state);
}

static int empty(void **state)
{
    (void)state;
    forget_files();
    unlink(getenv("ASSAY_CONFIG"));
    return 0;
}

/* ---- what travels ---- */

static void both_ways_and_only_what_is_new(void **state)
{
    char *other = fresh_store();
    (void)state;
    size_t all = fill();
    assert_int_equal(server.count, 2 * all + 1); /* each with its signature, and the report */
    assert_int_equal(sync_as("adm", world.store, web_url(web), ASSAY_OK).sent, 0);
    assert_int_equal(server.puts + server.gets, 0);
    struct assay_sync_result result = sync_as("val", other, web_url(web), ASSAY_OK);
    assert_int_equal(result.received, all);
    assert_int_equal(result.there, all);
    assert_int_equal(server.gets, 2 * all + 1);
    assert_int_equal(server.puts, 0);
    /* Both go on; both come together, and nothing travels twice. */
    server.gets = 0;
    comment_in(other, "val");
    GOOD(world_decide(&world, "app", request, ASSAY_COMMENT, good));
    assert_int_equal(sync_as("val", other, web_url(web), ASSAY_OK).sent, 1);
    result = sync_as("adm", world.store, web_url(web), ASSAY_OK);
    assert_int_equal(result.received, 1);
    assert_int_equal(result.sent, 1);
    assert_int_equal(sync_as("val", other, web_url(web), ASSAY_OK).received, 1);
    assert_int_equal(server.puts, 4);
    assert_int_equal(server.gets, 4);
    assert_int_equal(world_records(&world), all + 2);
    struct assay_ledger *ledger = world_open(&world, "adm");
    GOOD(assay_ledger_verify(ledger, false, good));
    assay_ledger_close(&ledger);
    free(other);
}

static enum assay_status read_report(const char *store, char **bytes)
{
    struct assay_ledger *ledger = NULL;
    char digest[ASSAY_SHA256_TEXT];
    size_t length = 0;

    GOOD(assay_ledger_open(&ledger, &(struct assay_ledger_options){.store = store}, good));
    enum assay_status status = assay_evidence_read(
        ledger, assay_sha256(digest, "all is well\n", 12), bytes, &length, NULL);
    assay_ledger_close(&ledger);
    return status;
}

/* Other evidence in its place is not taken, and the right one later. */
static void evidence_travels(void **state)
{
    char *other = fresh_store(), *bytes = NULL;
    struct file *report = NULL;
    (void)state;
    size_t all = fill();
    for (size_t i = 0; i < server.count; i++)
        if (strncmp(server.files[i].path, "evidence/", 9) == 0)
            report = &server.files[i];
    assert_non_null(report);
    report->bytes[0] = 'A';
    assert_int_equal(sync_as("val", other, web_url(web), ASSAY_OK).received, all);
    assert_int_not_equal(read_report(other, &bytes), ASSAY_OK);
    free(bytes);
    report->bytes[0] = 'a';
    sync_as("val", other, web_url(web), ASSAY_OK);
    assert_int_equal(read_report(other, &bytes), ASSAY_OK);
    assert_string_equal(bytes, "all is well\n");
    free(bytes);
    free(other);
}

/* What an upload that broke off left behind is put again. */
static void half_a_file(void **state)
{
    char *other = fresh_store();
    (void)state;
    size_t all = fill();
    server.files[0].length /= 2;
    server.files[3].length = 0;
    sync_as("adm", world.store, web_url(web), ASSAY_OK);
    assert_int_equal(server.puts, 2);
    assert_int_equal(sync_as("val", other, web_url(web), ASSAY_OK).received, all);
    free(other);
}

static void neither_has_one(void **state)
{
    char *other = fresh_store();
    (void)state;
    sync_as("val", other, web_url(web), ASSAY_BAD_INPUT);
    expect_said(last_error, "holds no ledger, and there is none here either");
    assert_false(server.experiment);
    free(other);
}

/* Who asks, and where, may stand in the configuration file; nothing secret is shown. */
static void a_configured_server(void **state)
{
    struct assay_buf text = {0};
    (void)state;
    assay_buf_format(&text, "[source team]\nplace = %s/\ntoken = tea-leaves\n", web_url(web));
    GOOD(assay_file_write(getenv("ASSAY_CONFIG"), text.data, text.length, 0600, good));
    server.wants = "Bearer tea-leaves";
    assert_int_equal(sync_as("adm", world.store, "team", ASSAY_OK).sent, world_records(&world));
    assert_string_equal(last_place, web_url(web));
    sync_as("adm", world.store, web_url(web), ASSAY_OK); /* by its address, likewise */
    assay_buf_reset(&text);
    assay_buf_format(&text, "http://ops:secret@%s", web_url(web) + 7);
    sync_as("adm", world.store, assay_buf_text(&text), ASSAY_IO);
    expect_said(last_error, "UNAUTHENTICATED");
    assert_null(strstr(last_error, "secret"));
    assert_string_equal(last_place, web_url(web));
    sync_as("adm", world.store, "ftp://ops:secret@host/x", ASSAY_BAD_INPUT);
    expect_said(last_error, "ftp://host/x");
    assert_null(strstr(last_error, "secret"));
    assay_buf_free(&text);
}

/* Secrets that others can read are used for nothing here, as in the workbench. */
static void settings_that_others_can_read(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct assay_buf text = {0};
        const char *host = web_url(web) + 7;
        if (i == 0)
            assay_buf_format(&text, "[source team]\nplace = http://%s\ntoken = tea-leaves\n",
                             host);
        else
            assay_buf_format(&text, "[source team]\nplace = http://ops:tea-leaves@%s\n", host);
        GOOD(assay_file_write(getenv("ASSAY_CONFIG"), text.data, text.length, 0600, good));
        assert_int_equal(chmod(getenv("ASSAY_CONFIG"), 0640), 0);
        const unsigned before = web_counts(web).requests;
        sync_as("adm", world.store, "team", ASSAY_BAD_INPUT);
        expect_said(last_error, "others can read it");
        sync_as("adm", world.store, web_url(web), ASSAY_BAD_INPUT);
        expect_said(last_error, "others can read it");
        assert_null(strstr(last_error, "tea-leaves"));
        assert_int_equal(web_counts(web).requests, before);
        assert_int_equal(chmod(getenv("ASSAY_CONFIG"), 0600), 0);
        sync_as("adm", world.store, "team", ASSAY_OK);
        sync_as("adm", world.store, web_url(web), ASSAY_OK);
        assay_buf_free(&text);
    }
}

/* ---- two at once ---- */

/* T20: fails where only one of the runs is read. */
static void t20_two_who_made_it_at_once(void **state)
{
    char *other = fresh_store();
    (void)state;
    size_t all = fill();
    add_run(0, server.tags[1]);
    add_run(2, server.tags[1]);
    for (size_t i = 0; i < server.count; i++)
        server.files[i].run = 1 + (int)(i / 2 % 3);
    assert_int_equal(sync_as("adm", world.store, web_url(web), ASSAY_OK).sent, 0);
    assert_int_equal(server.puts, 0);
    assert_int_equal(sync_as("val", other, web_url(web), ASSAY_OK).received, all);
    free(other);
}

static void overtaken_while_making_it(void **state)
{
    (void)state;
    server.overtaken = true;
    fill();
    assert_true(server.run_there[0] && server.run_there[1]);
    for (size_t i = 0; i < server.count; i++)
        assert_int_equal(server.files[i].run, 1); /* the older, which everybody chooses */
}

/* ---- where nothing can be written ---- */

static void receives_where_it_may_not_write(void **state)
{
    static const char *const reasons[] = {"PERMISSION_DENIED", "writing is switched off"};
    struct assay_buf text = {0};
    (void)state;
    assay_buf_format(&text, "[source team]\nplace = %s\nread_only = yes\n", web_url(web));
    for (int way = 0; way < 2; way++) {
        char *other = fresh_store();
        empty(NULL);
        size_t all = fill();
        if (way == 1)
            GOOD(assay_file_write(getenv("ASSAY_CONFIG"), text.data, text.length, 0600, good));
        server.no_writing = true;
        assert_int_equal(sync_as("val", other, web_url(web), ASSAY_OK).received, all);
        GOOD(world_decide(&world, "app", request, ASSAY_COMMENT, good));
        server.no_writing = false;
        unlink(getenv("ASSAY_CONFIG"));
        sync_as("adm", world.store, web_url(web), ASSAY_OK);
        if (way == 1)
            GOOD(assay_file_write(getenv("ASSAY_CONFIG"), text.data, text.length, 0600, good));
        server.no_writing = way == 0;
        server.puts = 0;
        comment_in(other, "val");
        struct assay_sync_result result =
            sync_as("val", other, web_url(web), way == 0 ? ASSAY_IO : ASSAY_NO);
        expect_said(last_error, reasons[way]);
        expect_said(last_error, "what was new there is kept here");
        assert_int_equal(result.received, 1);
        assert_int_equal(result.sent, 0);
        assert_int_equal(server.puts, 0);
        assert_int_equal(
            sync_as("val", other, web_url(web), way == 0 ? ASSAY_IO : ASSAY_NO).received,
            0); /* it was kept */
        free(other);
    }
    assay_buf_free(&text);
}

static void without_the_proxy(void **state)
{
    char *other = fresh_store();
    (void)state;
    size_t all = fill();
    server.elsewhere = true;
    assert_int_equal(sync_as("val", other, web_url(web), ASSAY_OK).received, all);
    comment_in(other, "val");
    sync_as("val", other, web_url(web), ASSAY_NO);
    expect_said(last_error, "not behind the server");
    expect_said(last_error, "a directory or a git repository can take it");
    assert_int_equal(server.puts, 0);
    free(other);
}

static void nobody_there(void **state)
{
    char *url = assay_strdup(web_url(web));
    (void)state;
    size_t all = world_records(&world);
    web_stop(&web);
    sync_as("adm", world.store, url, ASSAY_IO);
    expect_said(last_error, url);
    assert_int_equal(world_records(&world), all);
    web = web_start(serve, NULL);
    free(url);
}

/* ---- what a server may say ---- */

/* T27: nothing is asked for by a name that is no digest's. */
static void t27_names_that_are_none(void **state)
{
    char *other = fresh_store();
    (void)state;
    size_t all = fill();
    server.listed =
        ",{\"path\":\"records/../../../1/2/evidence/x.json\"},{\"path\":\"records/a.json\"},"
        "{\"path\":\"evidence/0000000000000000000000000000000000000000000000000000000000000000"
        ".json\"},{\"path\":\"records/000000000000000000000000000000000000000000000000000000000"
        "000000/.json\"},{\"path\":\"records/GGGG0000000000000000000000000000000000000000000000"
        "000000000000GGGG.json\"},{\"path\":7},8,{\"is_dir\":[]}";
    struct assay_sync_result result = sync_as("val", other, web_url(web), ASSAY_OK);
    assert_int_equal(result.received, all);
    assert_int_equal(result.there, all);
    assert_int_equal(result.refused, 0);
    assert_int_equal(server.strange, 0);
    free(other);
}

/* One record of each kind of damage, refused by itself; whole again, it comes. */
static void t27_files_that_are_none(void **state)
{
    (void)state;
    for (int way = 0; way < 5; way++) {
        char *other = fresh_store();
        empty(NULL);
        size_t all = fill();
        /* The last record and its signature: nothing follows it. */
        struct file *record = NULL, *signature = NULL;
        for (size_t i = 0; i < server.count; i++)
            if (strncmp(server.files[i].path, "records/", 8) == 0) {
                signature = record;
                record = &server.files[i];
            }
        assert_non_null(signature);
        char *bytes = record->bytes, first[20];
        const size_t length = record->length;
        if (way == 0) { /* a byte is another */
            bytes[length / 2] ^= 1;
        } else if (way == 1) { /* another record, whole, in its place */
            record->bytes = server.files[1].bytes;
            record->length = server.files[1].length;
        } else if (way == 2) { /* another's signature */
            memcpy(first, signature->bytes + 120, 4);
            memcpy(signature->bytes + 120, "AAAA", 4);
        } else if (way == 3) { /* it never ends */
            record->endless = true;
        } else { /* it is listed twice, and once more that is not there */
            server.listed =
                ",{\"path\":\"records/00000000000000000000000000000000000000000000000"
                "00000000000000000.json\"}";
        }
        struct assay_sync_result result = sync_as("val", other, web_url(web), ASSAY_OK);
        assert_int_equal(result.refused, 1);
        assert_int_equal(result.received, way == 4 ? all : all - 1);
        record->bytes = bytes;
        record->length = length;
        record->endless = false;
        if (way == 0)
            bytes[length / 2] ^= 1;
        if (way == 2)
            memcpy(signature->bytes + 120, first, 4);
        server.listed = NULL;
        assert_int_equal(sync_as("val", other, web_url(web), ASSAY_OK).received,
                         way == 4 ? 0 : 1);
        free(other);
    }
}

/* What somebody wrote over with as many bytes as before is put again by who has it and looks.
 */
static void t27_another_of_the_same_length(void **state)
{
    char *other = fresh_store(), *bytes = NULL;
    (void)state;
    size_t all = fill();
    struct file *record = NULL, *signature = NULL, *report = NULL;
    for (size_t i = 0; i < server.count; i++)
        if (strncmp(server.files[i].path, "evidence/", 9) == 0) {
            report = &server.files[i];
        } else {
            signature = record;
            record = &server.files[i];
        }
    assert_true(signature && report);
    record->bytes[record->length / 2] ^= 1;
    memcpy(server.files[0].bytes + 120, "AAAA", 4); /* the first signature */
    report->bytes[0] = 'A';
    assert_true(sync_as("val", other, web_url(web), ASSAY_OK).refused > 0);
    look_again = true;
    sync_as("val", other, web_url(web), ASSAY_OK); /* who has none of it changes nothing */
    assert_int_equal(server.puts, 0);
    assert_int_equal(sync_as("adm", world.store, web_url(web), ASSAY_OK).sent, 1);
    assert_int_equal(server.puts, 3);
    assert_int_equal(sync_as("adm", world.store, web_url(web), ASSAY_OK).sent, 0);
    look_again = false;
    assert_int_equal(server.puts, 3);
    struct assay_sync_result result = sync_as("val", other, web_url(web), ASSAY_OK);
    assert_int_equal(result.refused, 0);
    assert_int_equal(result.received, all);
    assert_int_equal(read_report(other, &bytes), ASSAY_OK);
    free(bytes);
    free(other);
}

/* A server that gives nothing of what it lists is not asked for all of it. */
static void t27_lists_and_gives_nothing(void **state)
{
    struct assay_buf listed = {0};
    char *other = fresh_store();
    (void)state;
    fill();
    for (int i = 0; i < 3000; i++)
        assay_buf_format(&listed, ",{\"path\":\"records/%064x.json\"}", 0x10000 + i);
    server.listed = assay_buf_text(&listed);
    server.gives_none = true;
    sync_as("val", other, web_url(web), ASSAY_IO);
    assert_true(server.gets < 1500);
    server.listed = NULL;
    assay_buf_free(&listed);
    free(other);
}

/* T3: a server that leaves out what it had is noticed by whoever saw it; who has it puts it
   back. */
static void t3_a_tail_that_is_gone(void **state)
{
    char *other = fresh_store();
    (void)state;
    size_t all = fill();
    assert_int_equal(sync_as("val", other, web_url(web), ASSAY_OK).received, all);
    /* Gone here and there: val's heads name what is missing. */
    char *heads = NULL, *again = NULL;
    struct assay_buf from = {0}, to = {0};
    size_t length = 0;
    assay_buf_format(&from, "%s-heads-val", other);
    GOOD(assay_file_read(assay_buf_text(&from), 1 << 20, &heads, &length, good));
    again = fresh_store();
    assay_buf_format(&to, "%s-heads-val", again);
    GOOD(assay_file_write(assay_buf_text(&to), heads, length, 0600, good));
    struct file *last = NULL;
    for (size_t i = 0; i < server.count; i++)
        if (strstr(server.files[i].path, ".json"))
            last = &server.files[i];
    assert_non_null(last);
    snprintf(last->path, sizeof last->path, "gone");
    assert_int_equal(sync_as("val", again, web_url(web), ASSAY_CORRUPT).received, all - 1);
    assert_int_equal(sync_as("val", other, web_url(web), ASSAY_OK).sent, 1);
    assert_int_equal(sync_as("val", again, web_url(web), ASSAY_OK).received, 1);
    assay_buf_free(&from);
    assay_buf_free(&to);
    free(heads);
    free(again);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(both_ways_and_only_what_is_new, empty),
        cmocka_unit_test_setup(evidence_travels, empty),
        cmocka_unit_test_setup(half_a_file, empty),
        cmocka_unit_test_setup(neither_has_one, empty),
        cmocka_unit_test_setup(a_configured_server, empty),
        cmocka_unit_test_setup(settings_that_others_can_read, empty),
        cmocka_unit_test_setup(t20_two_who_made_it_at_once, empty),
        cmocka_unit_test_setup(overtaken_while_making_it, empty),
        cmocka_unit_test_setup(receives_where_it_may_not_write, empty),
        cmocka_unit_test_setup(without_the_proxy, empty),
        cmocka_unit_test_setup(nobody_there, empty),
        cmocka_unit_test_setup(t27_names_that_are_none, empty),
        cmocka_unit_test_setup(t27_files_that_are_none, empty),
        cmocka_unit_test_setup(t27_another_of_the_same_length, empty),
        cmocka_unit_test_setup(t27_lists_and_gives_nothing, empty),
        cmocka_unit_test_setup(t3_a_tail_that_is_gone, empty),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
