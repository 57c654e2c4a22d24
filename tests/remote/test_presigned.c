/*
 * Artifacts that lie elsewhere: the server sends us on, or gives an address that it signed.
 * What proves who asks goes to the server alone, and what the store is to see to the store
 * alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <assay/memory.h>

#include "remote/mlflow_private.h"
#include "remote/mlflow_upload.h"
#include "support/web.h"

#define SECRET "t0ken-of-the-server"
#define SIGNED "/bucket/a.txt?X-Amz-Signature=5ecret"

struct place { /* a web server, and what it was asked */
    struct web *web;
    char seen[8][2048];
    unsigned count;
    char body[64];    /* of the last */
    int status;       /* of what it answers to a file */
    char header[512]; /* likewise */
};

struct pair { /* an MLflow server, and a store */
    struct place server, store;
    const char *proxy;   /* header line of the proxy's answer; NULL: it has no such file */
    const char *signed_; /* the answer of presigned-download-url; NULL: not known there */
    int refusal;         /* the status it comes with, where it is none */
    char answer[1024];
    struct net *net;
    struct mlflow *mlflow;
};

static void note(struct place *place, const struct web_request *request)
{
    if (place->count < 8)
        snprintf(place->seen[place->count], sizeof place->seen[0], "%s %s%s", request->method,
                 request->target, request->head);
    snprintf(place->body, sizeof place->body, "%.*s", (int)request->length, request->body);
    place->count++;
}

static void answer_store(void *context, const struct web_request *request,
                         struct web_answer *out)
{
    struct place *store = context;

    note(store, request);
    *out = (struct web_answer){.status = store->status,
                               .header = *store->header ? store->header : NULL,
                               .body = store->status ? "" : "from the store\n"};
}

static void answer_server(void *context, const struct web_request *request,
                          struct web_answer *out)
{
    struct pair *pair = context;

    note(&pair->server, request);
    *out = (struct web_answer){.status = 404, .body = ""};
    if (pair->proxy && strstr(request->target, "/mlflow-artifacts/"))
        *out = (struct web_answer){.status = 307, .header = pair->proxy, .body = ""};
    if (pair->signed_ && (strstr(request->target, "/presigned-download-url") ||
                          strstr(request->target, "/presigned-upload-url")))
        *out = (struct web_answer){.status = pair->refusal, .body = pair->answer};
    if (strstr(request->target, "/back"))
        *out = (struct web_answer){.body = "from the server\n"};
}

static void open_pair(struct pair *pair)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;

    pair->store.web = web_start(answer_store, &pair->store);
    pair->server.web = web_start(answer_server, pair);
    settings.url = assay_strdup(web_url(pair->server.web));
    settings.token = assay_strdup(SECRET);
    pair->net = net_new();
    assert_int_equal(mlflow_open(&pair->mlflow, pair->net, &settings, NULL), ASSAY_OK);
    server_settings_free(&settings);
}

static void close_pair(struct pair *pair)
{
    mlflow_close(&pair->mlflow);
    net_free(&pair->net);
    web_stop(&pair->server.web);
    web_stop(&pair->store.web);
}

/* The server gives an address in the store, and HEADERS (JSON) to send there. */
static void sign(struct pair *pair, const char *headers)
{
    pair->signed_ = pair->answer;
    snprintf(pair->answer, sizeof pair->answer,
             "{\"presigned_url\": \"%s" SIGNED "\", \"headers\": %s, \"file_size\": 15}",
             web_url(pair->store.web), headers);
}

/* The store sends whoever comes on, to PATH of WEB. */
static void redirect(struct place *store, struct web *web, const char *path)
{
    store->status = 302;
    snprintf(store->header, sizeof store->header, "Location: %s%s\r\n", web_url(web), path);
}

/* What is in the file once it was fetched from a run whose artifacts lie at URI. */
static enum assay_status fetch(struct pair *pair, const char *uri, char *text, size_t capacity,
                               struct assay_error *err)
{
    FILE *file = tmpfile();
    enum assay_status status;
    ssize_t got;

    assert_non_null(file);
    *err = (struct assay_error){0};
    status = mlflow_download(pair->mlflow, "0123456789abcdef", uri, "a.txt", fileno(file), NULL,
                             NULL, err);
    got = pread(fileno(file), text, capacity - 1, 0);
    assert_true(got >= 0);
    text[got] = '\0';
    fclose(file);
    return status;
}

static void expect_no_secret(const struct place *store)
{
    for (unsigned i = 0; i < store->count && i < 8; i++) {
        assert_null(strstr(store->seen[i], SECRET));
        assert_null(strcasestr(store->seen[i], "authorization"));
    }
}

static void a_proxy_may_send_us_on(void **state)
{
    struct pair pair = {0};
    struct assay_error err;
    char text[64], to[256];

    (void)state;
    open_pair(&pair);
    snprintf(to, sizeof to, "Location: %s" SIGNED "\r\n", web_url(pair.store.web));
    pair.proxy = to;
    assert_int_equal(fetch(&pair, "mlflow-artifacts:/1/x", text, sizeof text, &err), ASSAY_OK);
    assert_string_equal(text, "from the store\n");
    assert_non_null(strstr(pair.server.seen[0], SECRET));
    assert_int_equal(pair.store.count, 1);
    expect_no_secret(&pair.store);
    close_pair(&pair);
}

static void a_signed_address_gets_its_own_header_alone(void **state)
{
    struct pair pair = {0};
    struct assay_error err;
    char text[64];

    (void)state;
    open_pair(&pair);
    sign(&pair, "{\"x-ms-blob-type\": \"BlockBlob\", \"x-key\": \"k3y\"}");
    assert_int_equal(fetch(&pair, "s3://bucket/1/x", text, sizeof text, &err), ASSAY_OK);
    assert_string_equal(text, "from the store\n");
    assert_int_equal(pair.store.count, 1);
    assert_non_null(strstr(pair.store.seen[0], "GET " SIGNED));
    assert_non_null(strstr(pair.store.seen[0], "x-ms-blob-type: BlockBlob"));
    assert_non_null(strstr(pair.store.seen[0], "x-key: k3y"));
    expect_no_secret(&pair.store);
    close_pair(&pair);
}

/* Lines that would be two, that would change the request, or that have no end. */
static void a_header_that_is_none_is_not_sent(void **state)
{
    static const char *const headers[] = {
        "{\"a\": \"b\\r\\nc: d\"}",
        "{\"a\\r\\nb\": \"c\"}",
        "{\"Host\": \"elsewhere\"}",
        "{\"Content-Length\": \"9\"}",
        "{\"a: b\": \"c\"}",
        "{\"\": \"c\"}",
        "{\"a\": {\"b\": [1]}}",
        "{\"1\":\"a\",\"2\":\"a\",\"3\":\"a\",\"4\":\"a\",\"5\":\"a\",\"6\":\"a\",\"7\":\"a\","
        "\"8\":\"a\",\"9\":\"a\",\"10\":\"a\",\"11\":\"a\",\"12\":\"a\",\"13\":\"a\","
        "\"14\":\"a\",\"15\":\"a\",\"16\":\"a\",\"17\":\"a\"}",
    };
    struct pair pair = {0};
    struct assay_error err;
    char text[64];

    (void)state;
    open_pair(&pair);
    for (size_t i = 0; i < ASSAY_COUNT(headers); i++) {
        sign(&pair, headers[i]);
        assert_int_equal(fetch(&pair, "s3://bucket/1/x", text, sizeof text, &err), ASSAY_IO);
        assert_string_equal(text, "");
    }
    assert_int_equal(pair.store.count, 0);
    close_pair(&pair);
}

static void a_signed_address_with_a_header_stays_there(void **state)
{
    struct place third = {0};
    struct pair pair = {0};
    struct assay_error err;
    char text[64];

    (void)state;
    open_pair(&pair);
    third.web = web_start(answer_store, &third);
    sign(&pair, "{\"x-key\": \"k3y\"}");
    redirect(&pair.store, third.web, "/stolen");
    assert_int_equal(fetch(&pair, "s3://bucket/1/x", text, sizeof text, &err), ASSAY_IO);
    assert_int_equal(third.count, 0);
    web_stop(&third.web);
    close_pair(&pair);
}

/* The store sends us back to the server, to an address of the store's own choice. */
static void nobody_sends_us_back_with_credentials(void **state)
{
    struct pair pair = {0};
    struct assay_error err;
    char text[64];

    (void)state;
    open_pair(&pair);
    sign(&pair, "{}");
    redirect(&pair.store, pair.server.web, "/back");
    assert_int_equal(fetch(&pair, "s3://bucket/1/x", text, sizeof text, &err), ASSAY_OK);
    assert_string_equal(text, "from the server\n");
    assert_int_equal(pair.server.count, 3);
    assert_non_null(strstr(pair.server.seen[2], "GET /back"));
    assert_null(strstr(pair.server.seen[2], SECRET));
    close_pair(&pair);
}

static void a_signature_is_a_secret(void **state)
{
    struct pair pair = {0};
    struct assay_error err;
    char text[64];

    (void)state;
    open_pair(&pair);
    sign(&pair, "{}");
    pair.store.status = 403;
    assert_int_equal(fetch(&pair, "s3://bucket/1/x", text, sizeof text, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, web_url(pair.store.web)));
    assert_non_null(strstr(err.what, "403"));
    assert_null(strstr(err.what, "5ecret"));
    assert_null(strstr(err.hint, "5ecret"));
    close_pair(&pair);
}

/* A proxy that lets only the API through knows no get-artifact; why nothing is signed is
   MLflow's word, and the one that helps. */
static void why_nothing_is_signed_is_told(void **state)
{
    struct pair pair = {0};
    struct assay_error err;
    char text[64];

    (void)state;
    open_pair(&pair);
    assert_int_equal(fetch(&pair, "s3://bucket/1/x", text, sizeof text, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "404"));
    pair.signed_ = pair.answer;
    pair.refusal = 400;
    snprintf(pair.answer, sizeof pair.answer,
             "{\"error_code\": \"INVALID_PARAMETER_VALUE\", \"message\": \"Invalid path\"}");
    assert_int_equal(fetch(&pair, "s3://bucket/1/x", text, sizeof text, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "Invalid path"));
    assert_null(strstr(err.what, "404"));
    assert_int_equal(pair.store.count, 0);
    close_pair(&pair);
}

/* Puts TEXT to where the server has files of a run in a bucket put. */
static enum assay_status put(struct pair *pair, const char *text, struct assay_error *err)
{
    char uri[] = "s3://bucket/1/x";
    const struct mlflow_target target = {.run_id = "0123456789abcdef", .artifact_uri = uri};
    FILE *file = tmpfile();
    enum assay_status status;
    bool refused;

    assert_non_null(file);
    *err = (struct assay_error){0};
    assert_int_equal(pwrite(fileno(file), text, strlen(text), 0), strlen(text));
    status = mlflow_upload_file(pair->mlflow, &target, "a.txt", fileno(file), strlen(text),
                                &refused, err);
    assert_false(refused && status == ASSAY_OK);
    fclose(file);
    return status;
}

static void a_file_is_put_to_a_signed_address(void **state)
{
    static const char *const texts[] = {"hello\n", ""};
    struct pair pair = {0};
    struct assay_error err;

    (void)state;
    open_pair(&pair);
    sign(&pair, "{\"Content-Type\": \"text/plain\", \"x-key\": \"k3y\"}");
    for (unsigned i = 0; i < ASSAY_COUNT(texts); i++) {
        assert_int_equal(put(&pair, texts[i], &err), ASSAY_OK);
        assert_int_equal(pair.store.count, i + 1);
        assert_non_null(strstr(pair.store.seen[i], "PUT " SIGNED));
        assert_non_null(strstr(pair.store.seen[i], "Content-Type: text/plain"));
        assert_non_null(strstr(pair.store.seen[i], "x-key: k3y"));
        assert_string_equal(pair.store.body, texts[i]);
    }
    sign(&pair, "{}"); /* no type was signed: none is sent */
    assert_int_equal(put(&pair, "", &err), ASSAY_OK);
    assert_null(strcasestr(pair.store.seen[2], "content-type"));
    expect_no_secret(&pair.store);
    close_pair(&pair);
}

static void a_file_that_cannot_be_put_is_told(void **state)
{
    struct pair pair = {0};
    struct assay_error err;

    (void)state;
    open_pair(&pair);
    assert_int_equal(put(&pair, "x", &err), ASSAY_NO); /* a server that signs none */
    assert_non_null(strstr(err.what, "s3://bucket/1/x"));
    sign(&pair, "{\"Host\": \"elsewhere\"}");
    assert_int_equal(put(&pair, "x", &err), ASSAY_CORRUPT);
    assert_int_equal(pair.store.count, 0);
    sign(&pair, "{}");
    pair.store.status = 403;
    assert_int_equal(put(&pair, "x", &err), ASSAY_IO);
    assert_non_null(strstr(err.what, web_url(pair.store.web)));
    assert_null(strstr(err.what, "5ecret"));
    redirect(&pair.store, pair.server.web, "/back"); /* a write goes nowhere else */
    assert_int_equal(put(&pair, "x", &err), ASSAY_IO);
    assert_null(strstr(err.what, "5ecret"));
    expect_no_secret(&pair.store);
    close_pair(&pair);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proxy_may_send_us_on),
        cmocka_unit_test(a_signed_address_gets_its_own_header_alone),
        cmocka_unit_test(a_header_that_is_none_is_not_sent),
        cmocka_unit_test(a_signed_address_with_a_header_stays_there),
        cmocka_unit_test(nobody_sends_us_back_with_credentials),
        cmocka_unit_test(a_signature_is_a_secret),
        cmocka_unit_test(why_nothing_is_signed_is_told),
        cmocka_unit_test(a_file_is_put_to_a_signed_address),
        cmocka_unit_test(a_file_that_cannot_be_put_is_told),
    };

    setenv("no_proxy", "*", 1);
    setenv("HOME", "/nonexistent", 1);
    unsetenv("NETRC");
    unsetenv("MLFLOW_TRACKING_URI");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
