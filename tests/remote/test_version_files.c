/*
 * Which files a model version of a server has: all of them, from where the version says that
 * they lie, or none. What a version's digest leaves out, an approval would vouch for unseen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approval/gates.h"
#include "approval/mlflow_platform.h"
#include "remote/mlflow.h"
#include "support/web.h"

#define RUN "0123456789abcdef0123456789abcdef"
#define URI "mlflow-artifacts:/1/" RUN "/artifacts"

struct site {
    const char *source;      /* of version 2; version 1 was copied from it */
    const char *extra;       /* one more file of the first page, as JSON; NULL none */
    unsigned pages;          /* of the list, two files each; 0: it never ends */
    bool as_version_refused; /* files are given as the run's alone */
};

static void serve_list(const struct site *site, const struct web_request *request,
                       struct assay_buf *out)
{
    char folder[200], token[24];
    unsigned page;

    web_query(request,
              strstr(request->target, "artifact_directory_path=") ? "artifact_directory_path"
                                                                  : "path",
              folder, sizeof folder);
    page = (unsigned)strtoul(web_query(request, "page_token", token, sizeof token), NULL, 10);
    assay_buf_text_add(out, "{\"files\":[");
    for (int i = 0; i < 2; i++)
        assay_buf_format(out, "%s{\"path\":\"%s%s%u%c.bin\",\"is_dir\":false,\"file_size\":3}",
                         i ? "," : "", folder, *folder ? "/" : "", page, 'a' + i);
    if (page == 0 && site->extra)
        assay_buf_format(out, ",%s", site->extra);
    assay_buf_char(out, ']');
    if (site->pages == 0 || page + 1 < site->pages)
        assay_buf_format(out, ",\"next_page_token\":\"%u\"", site->pages == 0 ? 7 : page + 1);
    assay_buf_char(out, '}');
}

/* A file's content is the path that it was asked for. */
static void serve_file(const struct site *site, const struct web_request *request,
                       struct web_answer *answer, struct assay_buf *out)
{
    bool by_run = strncmp(request->target, "/get-artifact?", 14) == 0;
    char path[200];

    assay_buf_text_add(out, web_query(request, "path", path, sizeof path));
    if (by_run || !site->as_version_refused)
        return;
    answer->status = 500;
    assay_buf_reset(out);
    assay_buf_text_add(out, "{\"error_code\":\"BAD_REQUEST\",\"message\":\"not there\"}");
}

static void serve(void *context, const struct web_request *request, struct web_answer *answer)
{
    const struct site *site = context;
    struct assay_buf out = {0};
    char version[16];

    if (strstr(request->target, "/model-versions/get?"))
        assay_buf_format(&out,
                         "{\"model_version\":{\"name\":\"fraud\",\"version\":\"2\",\"run_id\":"
                         "\"" RUN "\",\"source\":\"%s\"}}",
                         *web_query(request, "version", version, sizeof version) == '1'
                             ? "models:/fraud/2"
                             : site->source);
    else if (strstr(request->target, "/runs/get?"))
        assay_buf_text_add(&out, "{\"run\":{\"info\":{\"run_id\":\"" RUN
                                 "\",\"artifact_uri\":\"" URI "\"},\"data\":{}}}");
    else if (strstr(request->target, "/artifacts/list?") ||
             strstr(request->target, "/logged-models/m-1/artifacts/directories"))
        serve_list(site, request, &out);
    else if (strstr(request->target, "/get-artifact?"))
        serve_file(site, request, answer, &out);
    else
        answer->status = 404;
    answer->take = assay_buf_take(&out);
    answer->body = answer->take;
}

struct found {
    enum assay_status status;
    struct assay_error error;
    size_t count;
    char paths[1000]; /* a line each */
    char digest[80];
};

static struct found look_at(struct site *site, const char *version)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;
    struct web *web = web_start(serve, site);
    struct net *net = net_new();
    struct assay_arena arena = {0};
    struct version_facts facts;
    struct mlflow *mlflow = NULL;
    struct found found = {0};

    settings.url = assay_strdup(web_url(web));
    assert_int_equal(mlflow_open(&mlflow, net, &settings, NULL), ASSAY_OK);
    found.status =
        mlflow_client_facts(mlflow, NULL, NULL, &arena, "fraud", version, &facts, &found.error);
    if (found.status == ASSAY_OK) {
        found.count = facts.file_count;
        snprintf(found.digest, sizeof found.digest, "%s", facts.digest);
        for (size_t i = 0; i < facts.file_count; i++)
            snprintf(found.paths + strlen(found.paths),
                     sizeof found.paths - strlen(found.paths), "%s\n", facts.files[i].path);
    }
    mlflow_close(&mlflow);
    net_free(&net);
    web_stop(&web);
    server_settings_free(&settings);
    assay_arena_free(&arena);
    return found;
}

static void every_page_of_the_list_counts(void **state)
{
    struct site site = {.source = URI "/model", .pages = 3};
    struct found found = look_at(&site, "2");

    (void)state;
    assert_int_equal(found.status, ASSAY_OK);
    assert_string_equal(found.paths, "0a.bin\n0b.bin\n1a.bin\n1b.bin\n2a.bin\n2b.bin\n");
    site.source = "models:/m-1";
    found = look_at(&site, "2");
    assert_int_equal(found.status, ASSAY_OK);
    assert_int_equal(found.count, 6);
    site.pages = 0;
    found = look_at(&site, "2");
    assert_int_equal(found.status, ASSAY_CORRUPT);
    assert_non_null(strstr(found.error.what, "has no end"));
}

static void no_listed_file_is_left_out(void **state)
{
    static const char *const refused[] = {
        "{\"path\":\"model/../secret\"}", "{\"path\":\"elsewhere/x\"}",
        "{\"path\":\"model//x\"}",        "{\"path\":\"model/a\\nb\"}",
        "{\"path\":\"model\"}",           "{\"path\":7}",
    };
    struct site site = {.source = URI "/model", .pages = 1};
    struct found found;

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(refused); i++) {
        site.extra = refused[i];
        found = look_at(&site, "2");
        assert_int_equal(found.status, ASSAY_CORRUPT);
        assert_non_null(strstr(found.error.what, "fraud 2"));
    }
    site.extra = "{\"path\":\"model/evil..pkl\"}"; /* an ordinary name */
    found = look_at(&site, "2");
    assert_string_equal(found.paths, "0a.bin\n0b.bin\nevil..pkl\n");
}

static void the_source_has_to_be_the_run_s_own(void **state)
{
    static const char *const elsewhere[] = {
        "s3://evil/" RUN "/artifacts/model",
        URI "-evil/model",
        "runs:/" RUN "x/model",
        "runs:/" RUN "/../other",
        "models:/fraud/2", /* a copy of itself */
        "mlflow-artifacts:/2/" RUN "/artifacts/model",
    };
    struct site site = {.pages = 1};

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(elsewhere); i++) {
        site.source = elsewhere[i];
        struct found found = look_at(&site, "2");

        assert_int_equal(found.status, ASSAY_IO);
        assert_non_null(strstr(found.error.what, "its files lie where"));
    }
}

static void files_of_a_run_are_had_as_the_run_s(void **state)
{
    struct site site = {
        .source = "runs:/" RUN "/deep/model", .pages = 1, .as_version_refused = true};
    struct found run = look_at(&site, "2"), copy = look_at(&site, "1");

    (void)state;
    assert_int_equal(run.status, ASSAY_OK);
    assert_string_equal(run.paths, "0a.bin\n0b.bin\n");
    /* Of the list that sha256sum prints of "deep/model/0a.bin" and "deep/model/0b.bin". */
    assert_string_equal(run.digest,
                        "d36dab3e82df6374cb46c5027402e50683c4bf5fd99fa4f75642b2ce7f4124c4");
    assert_int_equal(copy.status, ASSAY_OK);
    assert_string_equal(copy.digest, run.digest);
    site.source = URI "/deep/model";
    assert_int_equal(look_at(&site, "2").status, ASSAY_IO); /* the server refuses these */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_of_the_list_counts),
        cmocka_unit_test(no_listed_file_is_left_out),
        cmocka_unit_test(the_source_has_to_be_the_run_s_own),
        cmocka_unit_test(files_of_a_run_are_had_as_the_run_s),
    };

    setenv("no_proxy", "*", 1);
    setenv("HOME", "/nonexistent", 1);
    unsetenv("NETRC");
    unsetenv("MLFLOW_TRACKING_URI");
    unsetenv("MLFLOW_TRACKING_USERNAME");
    unsetenv("MLFLOW_TRACKING_TOKEN");
    return cmocka_run_group_tests_name("files of versions", tests, NULL, NULL);
}
