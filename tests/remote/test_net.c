/*
 * Requests: what is repeated and what never, what is bounded, where credentials go, what ends
 * when.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <assay/clock.h>
#include <assay/memory.h>

#include "remote/net.h"
#include "support/web.h"

struct site {
    struct web *web;
    struct web_answer answers[8]; /* the last one again and again */
    size_t count;
    char seen[8][1024]; /* heads of the requests */
    char body[256];     /* of the last */
    struct net *net;
    struct net_server *server;
};

static void answer(void *context, const struct web_request *request, struct web_answer *out)
{
    struct site *site = context;
    size_t i = request->number < site->count ? request->number : site->count - 1;

    *out = site->answers[i];
    if (request->number < 8)
        snprintf(site->seen[request->number], sizeof site->seen[0], "%s %s%s", request->method,
                 request->target, request->head);
    snprintf(site->body, sizeof site->body, "%.*s", (int)request->length, request->body);
}

static void open_site(struct site *site, const struct credentials *credentials)
{
    static const struct credentials none;

    site->web = web_start(answer, site);
    site->net = net_new();
    assert_int_equal(net_server_new(&site->server, web_url(site->web),
                                    credentials ? credentials : &none, NULL),
                     ASSAY_OK);
}

static void close_site(struct site *site)
{
    net_free(&site->net);
    net_server_free(&site->server);
    web_stop(&site->web);
}

static struct net_answer *get(struct site *site, const char *path)
{
    return net_perform(site->net, &(struct net_request){.server = site->server, .path = path},
                       NULL, NULL);
}

static void answers_come_whole(void **state)
{
    struct site site = {.answers = {{.body = "{\"a\":1}", .type = "Application/JSON; x=y"}},
                        .count = 1};
    struct net_answer *got;

    (void)state;
    open_site(&site, NULL);
    got = get(&site, "/api/x?y=z");
    assert_int_equal(got->status, ASSAY_OK);
    assert_int_equal(got->http, 200);
    assert_string_equal(got->type, "application/json");
    assert_string_equal(assay_buf_text(&got->body), "{\"a\":1}");
    assert_int_equal(got->attempts, 1);
    assert_non_null(strstr(site.seen[0], "GET /api/x?y=z"));
    assert_null(strstr(site.seen[0], "Authorization"));
    net_answer_free(&got);
    /* The connection is kept. */
    got = get(&site, "/again");
    assert_int_equal(web_counts(site.web).connections, 1);
    assert_int_equal(net_statistics(site.net).connections, 1);
    net_answer_free(&got);
    close_site(&site);
}

static void passing_failures_are_repeated(void **state)
{
    struct site site = {.answers = {{.status = 503, .type = "text/plain", .body = "busy"},
                                    {.fault = WEB_CLOSE},
                                    {.fault = WEB_HALF, .body = "{\"half\":12345678}"},
                                    {.body = "{}"}},
                        .count = 4};
    struct net_answer *got;

    (void)state;
    open_site(&site, NULL);
    got = get(&site, "/x");
    assert_int_equal(got->status, ASSAY_OK);
    assert_string_equal(assay_buf_text(&got->body), "{}");
    /* One of them curl repeats by itself: the connection was an old one. */
    assert_int_equal(web_counts(site.web).requests, 4);
    assert_in_range(got->attempts, 3, 4);
    net_answer_free(&got);
    close_site(&site);
}

static void writes_are_sent_once(void **state)
{
    static const struct web_answer failures[] = {
        {.status = 500, .body = "{}"},
        {.status = 502, .body = "x", .type = "text/html"},
        {.status = 503, .header = "Retry-After: 1\r\n", .body = "x"},
        {.fault = WEB_CLOSE},
        {.fault = WEB_HALF, .body = "0123456789"}};

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(failures); i++) {
        struct site site = {.answers = {{.body = "{}"}, failures[i]}, .count = 2};
        struct net_answer *got;

        open_site(&site, NULL);
        got = get(&site, "/first"); /* the connection is there, and may die */
        net_answer_free(&got);
        web_reset_counts(site.web);
        got = net_perform(site.net,
                          &(struct net_request){.server = site.server,
                                                .method = NET_POST,
                                                .path = "/create",
                                                .type = "application/json",
                                                .body = "{\"name\":\"x\"}",
                                                .length = 12},
                          NULL, NULL);
        assert_int_not_equal(got->status, ASSAY_OK);
        assert_int_equal(web_counts(site.web).requests, 1);
        assert_string_equal(site.body, "{\"name\":\"x\"}");
        assert_non_null(strstr(site.seen[1], "Content-Type: application/json"));
        net_answer_free(&got);
        close_site(&site);
    }
}

static void too_many_requests_wait(void **state)
{
    struct site site = {
        .answers = {{.status = 429, .header = "Retry-After: 1\r\n", .body = "{}"},
                    {.body = "{}"}},
        .count = 2};
    int64_t before = assay_monotonic_us();
    struct net_answer *got;

    (void)state;
    open_site(&site, NULL);
    got = net_perform(site.net,
                      &(struct net_request){.server = site.server,
                                            .method = NET_POST,
                                            .path = "/create",
                                            .type = "application/json",
                                            .body = "{}",
                                            .length = 2},
                      NULL, NULL);
    assert_int_equal(got->status, ASSAY_OK); /* 429: nothing was done the first time */
    assert_true(assay_monotonic_us() - before >= 1000000);
    net_answer_free(&got);
    close_site(&site);
}

static void verdicts_are_final(void **state)
{
    struct site site = {
        .answers = {{.status = 500, .body = "{\"error_code\":\"FEATURE_DISABLED\"}"}},
        .count = 1};
    struct net_answer *got;

    (void)state;
    open_site(&site, NULL);
    got = get(&site, "/x");
    assert_int_equal(got->status, ASSAY_IO);
    assert_int_equal(got->http, 500);
    assert_int_equal(got->attempts, 1);
    assert_string_equal(assay_buf_text(&got->body), "{\"error_code\":\"FEATURE_DISABLED\"}");
    net_answer_free(&got);
    close_site(&site);
}

static void bodies_are_bounded(void **state)
{
    static char block[65536];
    struct site site = {
        .answers = {{.fault = WEB_ENDLESS, .body = block, .length = sizeof block}}, .count = 1};
    struct net_answer *got;

    (void)state;
    memset(block, ' ', sizeof block);
    open_site(&site, NULL);
    got = net_perform(
        site.net,
        &(struct net_request){.server = site.server, .path = "/endless", .limit = 1u << 20},
        NULL, NULL);
    assert_int_equal(got->status, ASSAY_CORRUPT);
    assert_non_null(strstr(got->error.what, "more than 1048576 bytes"));
    assert_int_equal(got->attempts, 1);
    net_answer_free(&got);
    close_site(&site);
}

/* A megabyte of blanks in a kilobyte: counted as it unfolds. */
static void compressed_bodies_are_bounded_too(void **state)
{
    static char plain[1u << 20], packed[1u << 16];
    z_stream z = {.next_in = (Bytef *)plain,
                  .avail_in = sizeof plain,
                  .next_out = (Bytef *)packed,
                  .avail_out = sizeof packed};
    struct site site = {.count = 1};
    struct net_answer *got;

    (void)state;
    memset(plain, ' ', sizeof plain);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    site.answers[0] = (struct web_answer){
        .body = packed, .length = z.total_out, .header = "Content-Encoding: gzip\r\n"};
    deflateEnd(&z);
    open_site(&site, NULL);
    got = get(&site, "/packed");
    assert_int_equal(got->status, ASSAY_OK);
    assert_int_equal(got->body.length, sizeof plain);
    assert_true(got->received < 10000);
    assert_non_null(strstr(site.seen[0], "gzip"));
    net_answer_free(&got);
    got = net_perform(
        site.net,
        &(struct net_request){.server = site.server, .path = "/packed", .limit = 100000}, NULL,
        NULL);
    assert_int_equal(got->status, ASSAY_CORRUPT);
    net_answer_free(&got);
    close_site(&site);
}

static void credentials_go_to_the_server_alone(void **state)
{
    struct site other = {.answers = {{.body = "{\"other\":1}"}}, .count = 1};
    struct credentials basic = {.user = (char *)"dev", .password = (char *)"s3cret"};
    struct credentials token = {.token = (char *)"t0ken"};
    struct site site = {.count = 1};
    struct net_answer *got;
    char where[128];

    (void)state;
    open_site(&other, NULL);
    snprintf(where, sizeof where, "Location: %s/stolen\r\n", web_url(other.web));
    site.answers[0] = (struct web_answer){.status = 302, .header = where, .body = ""};
    open_site(&site, &basic);
    got = get(&site, "/x");
    assert_int_equal(got->status, ASSAY_IO);
    assert_non_null(strstr(got->error.what, "sends us on to"));
    assert_null(strstr(got->error.what, "s3cret"));
    assert_int_equal(web_counts(other.web).requests, 0);
    assert_non_null(strstr(site.seen[0], "Authorization: Basic ZGV2OnMzY3JldA=="));
    net_answer_free(&got);
    /* A download may go elsewhere, without them. */
    got = net_perform(
        site.net,
        &(struct net_request){.server = site.server, .path = "/file", .elsewhere = true}, NULL,
        NULL);
    assert_int_equal(got->status, ASSAY_OK);
    assert_string_equal(assay_buf_text(&got->body), "{\"other\":1}");
    assert_null(strstr(other.seen[0], "Authorization"));
    net_answer_free(&got);
    close_site(&site);
    open_site(&site, &token);
    snprintf(where, sizeof where, "%s/presigned", web_url(other.web));
    got = get(&site, where);
    assert_null(strstr(other.seen[1], "Authorization"));
    net_answer_free(&got);
    site.answers[0] = (struct web_answer){.body = "{}"};
    got = get(&site, "/y");
    assert_non_null(strstr(site.seen[0], "Authorization: Bearer t0ken"));
    net_answer_free(&got);
    close_site(&site);
    close_site(&other);
}

static void redirects_on_the_same_host_are_followed(void **state)
{
    struct site site = {
        .answers = {{.status = 307, .header = "Location: /new\r\n"}, {.body = "{}"}},
        .count = 2};
    struct site round = {.answers = {{.status = 302, .header = "Location: /round\r\n"}},
                         .count = 1};
    struct net_answer *got;

    (void)state;
    open_site(&site, NULL);
    got = get(&site, "/old");
    assert_int_equal(got->status, ASSAY_OK);
    assert_non_null(strstr(site.seen[1], "GET /new"));
    net_answer_free(&got);
    close_site(&site);
    open_site(&round, NULL);
    got = get(&round, "/round");
    assert_int_equal(got->status, ASSAY_IO);
    assert_non_null(strstr(got->error.what, "again and again"));
    net_answer_free(&got);
    close_site(&round);
}

static bool at_once(void *context)
{
    return ++*(int *)context > 1;
}

static void a_server_that_hangs_can_be_left(void **state)
{
    struct site site = {.answers = {{.fault = WEB_HANG}}, .count = 1};
    int64_t before = assay_monotonic_us();
    struct net_answer *got;
    struct net_batch *batch;
    int asked = 0;

    (void)state;
    open_site(&site, NULL);
    got = net_perform(site.net, &(struct net_request){.server = site.server, .path = "/x"},
                      at_once, &asked);
    assert_int_equal(got->status, ASSAY_CANCELLED);
    net_answer_free(&got);
    batch = net_batch_new(site.net);
    for (int i = 0; i < 100; i++)
        net_batch_add(batch, &(struct net_request){.server = site.server, .path = "/x"});
    assert_null(net_batch_next(batch, 20));
    assert_int_equal(net_batch_left(batch), 100);
    net_batch_cancel(batch);
    for (int i = 0; i < 100; i++) {
        got = net_batch_next(batch, 5000);
        assert_non_null(got);
        assert_int_equal(got->status, ASSAY_CANCELLED);
        net_answer_free(&got);
    }
    net_batch_add(batch, &(struct net_request){.server = site.server, .path = "/x"});
    net_stop(site.net);
    net_batch_free(&batch);
    assert_true(assay_monotonic_us() - before < 5000000);
    close_site(&site);
}

static void a_server_that_drips_has_its_time(void **state)
{
    struct site site = {.answers = {{.fault = WEB_DRIP,
                                     .body = "{\"a\":\"0123456789012345678901234567890123456789"
                                             "01234567890123456789012345678901234567890\"}"}},
                        .count = 1};
    struct net_answer *got;

    (void)state;
    open_site(&site, NULL);
    got = net_perform(site.net,
                      &(struct net_request){.server = site.server,
                                            .method = NET_POST,
                                            .path = "/x",
                                            .type = "application/json",
                                            .body = "{}",
                                            .length = 2,
                                            .repeatable = true,
                                            .seconds = 1},
                      NULL, NULL);
    assert_int_equal(got->status, ASSAY_IO);
    assert_int_equal(got->attempts, 1); /* the next would drip as long */
    net_answer_free(&got);
    close_site(&site);
}

/* The time that the whole may take is long; what drips does not get it. */
static void a_body_that_drips_is_given_up(void **state)
{
    char body[4001];
    struct site site = {.answers = {{.fault = WEB_DRIP, .body = body}}, .count = 1};
    struct net_answer *got;

    (void)state;
    memset(body, '1', sizeof body - 1); /* for 200 seconds */
    body[sizeof body - 1] = '\0';
    open_site(&site, NULL);
    got = net_perform(
        site.net,
        &(struct net_request){
            .server = site.server, .path = "/x", .seconds = 100000, .drip_seconds = 1},
        NULL, NULL);
    assert_int_equal(got->status, ASSAY_IO);
    assert_int_equal(got->attempts, 1);
    assert_non_null(strstr(got->error.what, "less than 1 kB a second"));
    assert_false(got->unreachable);
    net_answer_free(&got);
    close_site(&site);
}

static void nobody_there_is_said_soon(void **state)
{
    struct site site = {.answers = {{.body = "{}"}}, .count = 1};
    struct net_answer *got;

    (void)state;
    open_site(&site, NULL);
    web_stop(&site.web);
    got = get(&site, "/x");
    assert_int_equal(got->status, ASSAY_IO);
    assert_true(got->unreachable);
    assert_int_equal(got->http, 0);
    assert_non_null(strstr(got->error.what, "127.0.0.1"));
    assert_null(strstr(strstr(got->error.what, "127.0.0.1") + 1, "127.0.0.1"));
    assert_non_null(strstr(got->error.what, "Connection refused"));
    net_answer_free(&got);
    close_site(&site);
}

/* ---- bodies in pieces ---- */

struct pieces {
    struct assay_buf body;
    unsigned begun;
    size_t refuse_after; /* 0: never */
};

static bool take_piece(void *context, const char *bytes, size_t length)
{
    struct pieces *pieces = context;

    if (!bytes) {
        assay_buf_reset(&pieces->body);
        pieces->begun++;
        return true;
    }
    assay_buf_add(&pieces->body, bytes, length);
    return !pieces->refuse_after || pieces->body.length < pieces->refuse_after;
}

static void pieces_begin_again(void **state)
{
    struct site site = {.answers = {{.status = 503, .body = "not this"},
                                    {.fault = WEB_HALF, .body = "0123456789"},
                                    {.body = "0123456789"},
                                    {.body = ""}},
                        .count = 4};
    struct pieces pieces = {0};
    struct net_request request = {.on_body = take_piece, .context = &pieces, .path = "/x"};
    struct net_answer *got;

    (void)state;
    open_site(&site, NULL);
    request.server = site.server;
    got = net_perform(site.net, &request, NULL, NULL);
    assert_int_equal(got->status, ASSAY_OK);
    assert_string_equal(assay_buf_text(&pieces.body), "0123456789");
    assert_int_equal(pieces.begun, 2);
    assert_int_equal(got->body.length, 0);
    net_answer_free(&got);
    got = net_perform(site.net, &request, NULL, NULL); /* an empty body begins, too */
    assert_int_equal(got->status, ASSAY_OK);
    assert_int_equal(pieces.body.length, 0);
    net_answer_free(&got);
    site.answers[3] = (struct web_answer){.body = "0123456789"};
    pieces.refuse_after = 5;
    got = net_perform(site.net, &request, NULL, NULL);
    assert_int_equal(got->status, ASSAY_CORRUPT);
    net_answer_free(&got);
    assay_buf_free(&pieces.body);
    close_site(&site);
}

static void many_are_under_way_but_not_all(void **state)
{
    struct site site = {.answers = {{.body = "{}", .delay_ms = 20}}, .count = 1};
    struct net_batch *batch;
    struct net_answer *got;
    unsigned count = 0;

    (void)state;
    open_site(&site, NULL);
    batch = net_batch_new(site.net);
    for (int i = 0; i < 300; i++)
        net_batch_add(batch, &(struct net_request){.server = site.server, .path = "/x"});
    while ((got = net_batch_next(batch, -1))) {
        assert_int_equal(got->status, ASSAY_OK);
        net_answer_free(&got);
        count++;
    }
    assert_int_equal(count, 300);
    assert_true(web_counts(site.web).at_once <= 64);
    assert_true(web_counts(site.web).at_once >= 16);
    assert_true(web_counts(site.web).connections <= 64);
    net_batch_free(&batch);
    close_site(&site);
}

static void files_are_uploaded(void **state)
{
    struct site site = {.answers = {{.status = 503, .body = ""}, {.body = "{}"}}, .count = 2};
    FILE *file = tmpfile();
    struct net_answer *got;

    (void)state;
    assert_non_null(file);
    fputs("..0123456789", file);
    fflush(file);
    open_site(&site, NULL);
    got = net_perform(site.net,
                      &(struct net_request){.server = site.server,
                                            .method = NET_PUT,
                                            .path = "/file",
                                            .upload_fd = fileno(file),
                                            .upload_from = 2,
                                            .length = 10,
                                            .repeatable = true},
                      NULL, NULL);
    assert_int_equal(got->status, ASSAY_OK);
    assert_int_equal(got->attempts, 2);
    assert_string_equal(site.body, "0123456789");
    assert_non_null(strstr(site.seen[1], "PUT /file"));
    net_answer_free(&got);
    fclose(file);
    close_site(&site);
}

/* The site is the proxy of a server that nobody else can reach; URL is the proxy's. */
static struct net_answer *ask_through(struct site *site, const char *url)
{
    struct credentials who = {.token = (char *)(uintptr_t) "t0ken",
                              .proxy = (char *)(uintptr_t)url};

    net_server_free(&site->server);
    assert_int_equal(net_server_new(&site->server, "http://127.0.0.1:2/team", &who, NULL),
                     ASSAY_OK);
    return get(site, "/x");
}

static void proxies_are_asked(void **state)
{
    struct site site = {.answers = {{.body = "{}"}, {.body = "{}"}, {.status = 407}},
                        .count = 3};
    struct assay_buf url = {0};
    struct net_answer *got;

    (void)state;
    unsetenv("no_proxy");
    open_site(&site, NULL);
    /* One of the settings, that wants to know who asks. */
    assay_buf_format(&url, "http://ops:pr0xy@%s", web_url(site.web) + strlen("http://"));
    got = ask_through(&site, assay_buf_text(&url));
    assert_int_equal(got->status, ASSAY_OK);
    assert_non_null(strstr(site.seen[0], "GET http://127.0.0.1:2/team/x"));
    assert_non_null(strstr(site.seen[0], "Proxy-Authorization: Basic b3BzOnByMHh5"));
    net_answer_free(&got);
    /* One of the environment, as curl has it. */
    setenv("http_proxy", web_url(site.web), 1);
    got = ask_through(&site, NULL);
    assert_int_equal(got->status, ASSAY_OK);
    assert_non_null(strstr(site.seen[1], "GET http://127.0.0.1:2/team/x"));
    net_answer_free(&got);
    got = ask_through(&site, NULL);
    assert_non_null(strstr(got->error.what, "407"));
    net_answer_free(&got);
    setenv("no_proxy", "127.0.0.1", 1);
    got = ask_through(&site, NULL);
    assert_int_equal(got->status, ASSAY_IO);
    assert_string_equal(got->error.hint, ""); /* it was not the proxy */
    assert_int_equal(web_counts(site.web).requests, 3);
    net_answer_free(&got);
    unsetenv("http_proxy");
    unsetenv("no_proxy");
    /* One that is not there: that is what is said to be looked at, and no password. */
    got = ask_through(&site, "http://ops:pr0xy@127.0.0.1:1");
    assert_int_equal(got->status, ASSAY_IO);
    assert_non_null(strstr(got->error.hint, "a proxy is asked"));
    assert_null(strstr(got->error.what, "pr0xy"));
    assert_null(strstr(got->error.hint, "pr0xy"));
    net_answer_free(&got);
    close_site(&site);
    assay_buf_free(&url);
    setenv("no_proxy", "*", 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_whole),
        cmocka_unit_test(passing_failures_are_repeated),
        cmocka_unit_test(writes_are_sent_once),
        cmocka_unit_test(too_many_requests_wait),
        cmocka_unit_test(verdicts_are_final),
        cmocka_unit_test(bodies_are_bounded),
        cmocka_unit_test(compressed_bodies_are_bounded_too),
        cmocka_unit_test(credentials_go_to_the_server_alone),
        cmocka_unit_test(redirects_on_the_same_host_are_followed),
        cmocka_unit_test(a_server_that_hangs_can_be_left),
        cmocka_unit_test(a_server_that_drips_has_its_time),
        cmocka_unit_test(a_body_that_drips_is_given_up),
        cmocka_unit_test(nobody_there_is_said_soon),
        cmocka_unit_test(pieces_begin_again),
        cmocka_unit_test(many_are_under_way_but_not_all),
        cmocka_unit_test(files_are_uploaded),
        cmocka_unit_test(proxies_are_asked),
    };

    setenv("no_proxy", "*", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
