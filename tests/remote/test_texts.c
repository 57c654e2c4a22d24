/*
 * What servers send, as text: JSON walked through, points as they stream in, cut at every
 * place; URLs and what is shown of them; when requests are repeated; netrc files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "remote/credentials.h"
#include "remote/json_text.h"
#include "remote/net_policy.h"
#include "remote/point_scan.h"
#include "remote/url.h"

/* ---- JSON ---- */

static void json_is_walked_through(void **state)
{
    static const char text[] =
        " { \"a\" : [1, -2.5e3, \"NaN\", true, null, {}] , \"b\\u0041\":"
        " \"x\\ud83d\\ude00\\n\\/\\ud800y\\u0000\", \"c\": {\"d\": [[]]}}";
    struct json_text json;
    const char *key;

    (void)state;
    json_text_init(&json, text, sizeof text - 1);
    assert_true(json_text_enter(&json, '{'));
    assert_true(json_text_member(&json, &key));
    assert_string_equal(key, "a");
    assert_true(json_text_enter(&json, '['));
    assert_true(json_text_element(&json));
    assert_int_equal(json_text_integer(&json, 0), 1);
    assert_true(json_text_element(&json));
    assert_true(json_text_double(&json, 0) == -2500.0);
    assert_true(json_text_element(&json));
    assert_true(isnan(json_text_double(&json, 0)));
    assert_true(json_text_element(&json));
    assert_true(json_text_bool(&json, false));
    assert_true(json_text_element(&json));
    assert_int_equal(json_text_integer(&json, 7), 7); /* null: what stands instead */
    assert_true(json_text_element(&json));
    assert_string_equal(json_text_string(&json, "no"), "no");
    assert_false(json_text_element(&json));
    assert_true(json_text_member(&json, &key));
    assert_string_equal(key, "bA");
    assert_string_equal(json_text_string(&json, ""),
                        "x\xf0\x9f\x98\x80\n/\xef\xbf\xbdy\xef\xbf\xbd");
    assert_true(json_text_member(&json, &key));
    json_text_skip(&json);
    assert_false(json_text_member(&json, &key));
    assert_null(json.fault);
    json_text_free(&json);
}

static void broken_json_ends_every_loop(void **state)
{
    static const char *const texts[] = {
        "",          "{",           "{\"a\"",     "{\"a\":",          "{\"a\" 1}",
        "{\"a\":}",  "{\"a\":1 2}", "{a:1}",      "{\"a\":\"",        "{\"a\":\"\\x\"}",
        "{\"a\":[1", "{\"a\":-}",   "{\"a\":tru", "{\"a\":\"\\u12\"}"};

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(texts); i++) {
        struct json_text json;
        const char *key;
        int rounds = 0;

        json_text_init(&json, texts[i], strlen(texts[i]));
        json_text_enter(&json, '{');
        while (json_text_member(&json, &key) && rounds++ < 100)
            if (json_text_peek(&json) == '"')
                json_text_string(&json, "");
            else if (json_text_peek(&json) == '0')
                json_text_double(&json, 0);
            else
                json_text_skip(&json);
        assert_true(rounds < 100);
        if (strcmp(texts[i], "{\"a\":tru") != 0)
            assert_non_null(json.fault);
        json_text_free(&json);
    }
}

static void depth_is_bounded(void **state)
{
    char deep[10001];
    struct json_text json;
    unsigned entered = 0;

    (void)state;
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    json_text_init(&json, deep, sizeof deep - 1);
    while (json_text_enter(&json, '[') && json_text_element(&json))
        entered++;
    assert_in_range(entered, 1, JSON_DEPTH_MAX);
    assert_string_equal(json.fault, "nested too deeply");
    json_text_free(&json);
    json_text_init(&json, deep, sizeof deep - 1);
    json_text_skip(&json); /* counted, not climbed */
    assert_string_equal(json.fault, "it ends early");
    json_text_free(&json);
}

static void quoted_text_reads_back(void **state)
{
    static const char text[] = "a\"b\\c\n\t\x01 \xc3\xbc/";
    struct assay_buf out = {0};
    struct json_text json;

    (void)state;
    json_text_quote(&out, text);
    json_text_init(&json, out.data, out.length);
    assert_string_equal(json_text_string(&json, ""), text);
    json_text_free(&json);
    assay_buf_free(&out);
}

/* ---- points ---- */

struct points {
    struct assay_point all[64];
    char runs[64][64];
    size_t count;
};

static void keep(void *context, const struct assay_point *point, const char *run_id)
{
    struct points *points = context;

    assert_true(points->count < 64);
    snprintf(points->runs[points->count], 64, "%s", run_id);
    points->all[points->count++] = *point;
}

static const char history[] =
    "{\n  \"next_page_token\": \"to\\u006ben\",\n  \"other\": {\"metrics\": [{\"x\": "
    "\"}]\\\"\"}]},\n"
    "  \"metrics\": [\n    {\n      \"key\": \"lo\\\"ss\",\n      \"value\": "
    "0.12345678901234567,\n"
    "      \"timestamp\": 1760000000001,\n      \"step\": -5\n    },\n"
    "    {\"step\": 3, \"value\": \"NaN\", \"timestamp\": 2, \"run_id\": \"abc\", \"key\": "
    "\"k\"},\n"
    "    {\"value\":-Infinity,\"timestamp\":\"3\",\"step\":1e3,\"more\":{\"a\":[1,{}]}},\n"
    "    {}\n  ], \"last\": null\n}\n";

static void check_history(struct point_scan *scan, const struct points *points)
{
    assert_true(point_scan_end(scan));
    assert_string_equal(assay_buf_text(&scan->token), "token");
    assert_int_equal(points->count, 4);
    assert_true(points->all[0].value == 0.12345678901234567);
    assert_int_equal(points->all[0].time_ms, INT64_C(1760000000001));
    assert_int_equal(points->all[0].step, -5);
    assert_string_equal(points->runs[0], "");
    assert_true(isnan(points->all[1].value));
    assert_int_equal(points->all[1].step, 3);
    assert_string_equal(points->runs[1], "abc");
    assert_true(isinf(points->all[2].value) && points->all[2].value < 0);
    assert_int_equal(points->all[2].time_ms, 3);
    assert_int_equal(points->all[2].step, 1000);
    assert_true(isnan(points->all[3].value));
}

static void points_come_out_of_pieces(void **state)
{
    size_t length = sizeof history - 1;

    (void)state;
    for (size_t piece = 1; piece <= length; piece++) {
        struct points points = {0};
        struct point_scan scan = {.point = keep, .context = &points};

        point_scan_again(&scan);
        for (size_t at = 0; at < length; at += piece) {
            size_t some = length - at < piece ? length - at : piece;
            char *copy = assay_alloc(some); /* of its own, so that reading past it is seen */

            memcpy(copy, history + at, some);
            assert_true(point_scan_feed(&scan, copy, some));
            free(copy);
        }
        check_history(&scan, &points);
        /* Once more from the start, as when a transfer is repeated. */
        point_scan_again(&scan);
        points.count = 0;
        assert_true(point_scan_feed(&scan, history, length));
        check_history(&scan, &points);
        point_scan_free(&scan);
    }
}

static void numbers_keep_every_bit(void **state)
{
    uint64_t seed = 42;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        struct points points = {0};
        struct point_scan scan = {.point = keep, .context = &points};
        char text[128];
        double value;
        int length;

        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        memcpy(&value, &seed, sizeof value);
        if (round % 4 == 1) /* of everyday size */
            value = (double)(int64_t)seed / 1e17;
        else if (round % 4 == 2)
            value = (double)(seed % 1000000) / 1000;
        if (!isfinite(value))
            continue;
        length = snprintf(text, sizeof text, "{\"metrics\":[{\"value\":%.*g,\"step\":%d}]}",
                          15 + round % 5, value, round);
        value = strtod(text + 21, NULL);
        point_scan_again(&scan);
        assert_true(point_scan_feed(&scan, text, (size_t)length) && point_scan_end(&scan));
        assert_int_equal(points.count, 1);
        assert_memory_equal(&points.all[0].value, &value, sizeof value);
        assert_int_equal(points.all[0].step, round);
        point_scan_free(&scan);
    }
}

static void broken_histories_are_faults(void **state)
{
    static const char *const texts[] = {"[]",
                                        "{\"metrics\":[1]}",
                                        "{\"metrics\":[{\"value\":x}]}",
                                        "{\"metrics\":[{\"value\":1}]} more",
                                        "{\"metrics\" [",
                                        "<html>"};

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(texts); i++) {
        struct points points = {0};
        struct point_scan scan = {.point = keep, .context = &points};

        point_scan_again(&scan);
        assert_false(point_scan_feed(&scan, texts[i], strlen(texts[i])) &&
                     point_scan_end(&scan));
        assert_non_null(scan.fault);
        point_scan_free(&scan);
    }
    for (size_t cut = 0; cut < sizeof history - 3; cut++) {
        struct points points = {0};
        struct point_scan scan = {.point = keep, .context = &points};

        point_scan_again(&scan);
        point_scan_feed(&scan, history, cut);
        assert_false(point_scan_end(&scan));
        point_scan_free(&scan);
    }
}

static void a_point_without_end_is_bounded(void **state)
{
    struct points points = {0};
    struct point_scan scan = {.point = keep, .context = &points};
    static char block[65536];
    bool going = true;
    int fed = 0;

    (void)state;
    memset(block, 'x', sizeof block);
    point_scan_again(&scan);
    assert_true(point_scan_feed(&scan, "{\"metrics\":[{\"key\":\"", 20));
    while (going && fed++ < 100)
        going = point_scan_feed(&scan, block, sizeof block);
    assert_false(going);
    assert_in_range(fed, 1, 6);
    point_scan_free(&scan);
}

/* ---- URLs ---- */

static void urls_show_no_secrets(void **state)
{
    static const char *const pairs[][2] = {
        {"http://host:5000/", "http://host:5000"},
        {"https://ops:s3cret@host/prefix/?token=x#y", "https://host/prefix"},
        {"HTTP://a@b@host", "HTTP://host"},
        {"https://[::1]:5000/x", "https://[::1]:5000/x"},
        {"ftp://host", "(not a URL)"},
        {"http://", "(not a URL)"},
        {"http://host/\x1b[31m", "(not a URL)"},
    };

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(pairs); i++) {
        char *shown = url_shown(pairs[i][0]);

        assert_string_equal(shown, pairs[i][1]);
        free(shown);
    }
}

static void texts_show_no_names(void **state)
{
    static const char *const pairs[][2] = {
        {"ssh://ops:s3cret@host/x.git: no", "ssh://host/x.git: no"},
        {"'https://s3cret@host' and 'http://a:b@c@d/e@f'", "'https://host' and 'http://d/e@f'"},
        {"git@host:x.git, file:///a@b", "git@host:x.git, file:///a@b"},
        {"://", "://"},
    };

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(pairs); i++) {
        char *shown = url_without_users(pairs[i][0]);

        assert_string_equal(shown, pairs[i][1]);
        free(shown);
    }
}

static void origins_are_compared(void **state)
{
    (void)state;
    assert_true(url_same_origin("http://Host/a", "http://host:80/b"));
    assert_true(url_same_origin("https://u:p@host:443", "https://host/x"));
    assert_false(url_same_origin("http://host", "https://host"));
    assert_false(url_same_origin("http://host:5000", "http://host:5001"));
    assert_false(url_same_origin("http://host", "http://host.evil"));
    assert_false(url_same_origin("http://host", "http://host@evil"));
    assert_false(url_same_origin("http://host", "http://evil\\@host"));
}

static void queries_are_escaped(void **state)
{
    struct assay_buf out = {0};

    (void)state;
    assay_buf_text_add(&out, "/x");
    url_query(&out, "a", "b c&d=\xc3\xbc/");
    url_query(&out, "e", "1");
    assert_string_equal(assay_buf_text(&out), "/x?a=b%20c%26d%3D%C3%BC%2F&e=1");
    assay_buf_reset(&out);
    url_escape(&out, "a b/c?d", true);
    assert_string_equal(assay_buf_text(&out), "a%20b/c%3Fd");
    assay_buf_free(&out);
}

static void settings_take_urls_apart(void **state)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;

    (void)state;
    assert_int_equal(server_settings_url(&settings, "https://a%40b:p%3Aw@host/x/", NULL),
                     ASSAY_OK);
    assert_string_equal(settings.url, "https://host/x");
    assert_string_equal(settings.user, "a@b");
    assert_string_equal(settings.password, "p:w");
    assert_false(server_settings_read_only(&settings));
    settings.name = assay_strdup("eu-PROD");
    assert_true(server_settings_read_only(&settings));
    assert_int_equal(server_settings_set(&settings, "read_only", "no", NULL), ASSAY_OK);
    assert_false(server_settings_read_only(&settings));
    assert_int_equal(server_settings_set(&settings, "read_only", "perhaps", NULL),
                     ASSAY_BAD_INPUT);
    assert_int_equal(server_settings_set(&settings, "colour", "red", NULL), ASSAY_NO);
    assert_true(server_settings_secret("token", "x"));
    assert_false(server_settings_secret("token_command", "x"));
    assert_true(server_settings_secret("proxy", "http://ops:pr0xy@127.0.0.1:1"));
    assert_false(server_settings_secret("proxy", "http://127.0.0.1:1"));
    server_settings_free(&settings);
    settings = SERVER_SETTINGS_INIT;
    assert_int_equal(server_settings_url(&settings, "https://ml.example.org/prod-eu/", NULL),
                     ASSAY_OK);
    assert_true(server_settings_read_only(&settings));
    server_settings_free(&settings);
}

/* ---- repeating ---- */

static void repeating_has_rules(void **state)
{
    struct net_attempt attempt = {
        .end = NET_END_ANSWER, .http = 503, .number = 1, .repeatable = true, .random = 12345};
    int64_t before = 0;

    (void)state;
    for (attempt.number = 1; attempt.number < 6; attempt.number++) {
        int64_t pause = net_retry_after(&attempt);

        assert_true(pause > before / 3); /* it grows, but for the chance in it */
        assert_true(pause < 10000000);
        before = pause;
    }
    assert_int_equal(net_retry_after(&attempt), -1); /* enough */
    attempt.number = 1;
    attempt.repeatable = false;
    assert_int_equal(net_retry_after(&attempt), -1);
    attempt.http = 429;
    attempt.retry_after_s = 3;
    assert_in_range(net_retry_after(&attempt), 3000000, 3250000);
    attempt.body = "{\"error_code\":\"REQUEST_LIMIT_EXCEEDED\"}"; /* no verdict */
    attempt.length = strlen(attempt.body);
    assert_in_range(net_retry_after(&attempt), 3000000, 3250000);
    attempt.retry_after_s = 3600; /* nobody waits an hour */
    assert_int_equal(net_retry_after(&attempt), -1);
    attempt = (struct net_attempt){
        .end = NET_END_ANSWER, .http = 404, .number = 1, .repeatable = true};
    assert_int_equal(net_retry_after(&attempt), -1);
    attempt.end = NET_END_FINAL;
    assert_int_equal(net_retry_after(&attempt), -1);
}

/* Before its first byte an answer has time, behind it it has to go on. */
static void drips_are_told(void **state)
{
    struct net_rate rate = {0};
    const int64_t second = 1000000;
    uint64_t bytes = 0;

    (void)state;
    for (int64_t s = 0; s < 1000; s++)
        assert_false(net_drips(&rate, 0, 30, s * second));
    for (int64_t s = 1000; s <= 1210; s++) /* as slow as may be */
        assert_false(net_drips(&rate, bytes += NET_DRIP_RATE, 30, s * second));
    for (int64_t s = 1211; s < 1240; s++) /* slower, but not for long enough yet */
        assert_false(net_drips(&rate, bytes, 30, s * second));
    assert_false(net_drips(&rate, bytes += NET_DRIP_RATE * 30, 30, 1240 * second));
    for (int64_t s = 1241; s < 1270; s++)
        assert_false(net_drips(&rate, bytes += NET_DRIP_RATE - 1, 30, s * second));
    assert_true(net_drips(&rate, bytes + NET_DRIP_RATE - 1, 30, 1270 * second));
}

static void windows_adapt(void **state)
{
    struct net_window window;
    unsigned start;

    (void)state;
    net_window_init(&window);
    start = window.size;
    for (int i = 0; i < 1000; i++) { /* always full, always as quick */
        window.in_flight = window.size;
        net_window_answered(&window, 50000);
    }
    assert_int_equal(window.size, NET_WINDOW_MAX);
    net_window_strained(&window, 1000000);
    net_window_strained(&window, 1000001); /* the same complaint */
    assert_int_equal(window.size, NET_WINDOW_MAX / 2);
    window.in_flight = window.size;
    assert_false(net_window_open(&window, 0));
    net_window_init(&window);
    net_window_answered(&window, 10000);
    for (int i = 0; i < 1000; i++) { /* slower and slower: no more than at the start */
        window.in_flight = window.size;
        net_window_answered(&window, 1000000);
    }
    assert_in_range(window.size, start, start + 8);
}

/* ---- netrc ---- */

static void netrc_is_read(void **state)
{
    static const char text[] = "# machine host login no password no\n"
                               "machine other login x password y\n"
                               "macdef init\nmachine host login z\n\n"
                               "machine host\n  login \"a na\" account q password p\\w\n"
                               "default login d password e\n";
    struct server_settings settings = SERVER_SETTINGS_INIT;
    struct credentials found;
    char path[] = "/tmp/assay-netrc-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    setenv("NETRC", path, 1);
    assert_int_equal(server_settings_url(&settings, "http://host:5000", NULL), ASSAY_OK);
    assert_int_equal(credentials_find(&settings, NULL, NULL, &found, NULL), ASSAY_OK);
    assert_string_equal(found.user, "a na");
    assert_string_equal(found.password, "p\\w");
    assert_string_equal(found.from, "netrc");
    credentials_free(&found);
    assert_int_equal(server_settings_url(&settings, "http://third", NULL), ASSAY_OK);
    assert_int_equal(credentials_find(&settings, NULL, NULL, &found, NULL), ASSAY_OK);
    assert_string_equal(found.user, "d");
    credentials_free(&found);
    server_settings_free(&settings);
    unsetenv("NETRC");
    remove(path);
}

static void contradictions_are_refused(void **state)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;
    struct credentials found;
    struct assay_error err = {0};

    (void)state;
    assert_int_equal(server_settings_url(&settings, "https://host", NULL), ASSAY_OK);
    setenv("MLFLOW_TRACKING_INSECURE_TLS", "true", 1);
    assert_int_equal(credentials_find(&settings, NULL, NULL, &found, NULL), ASSAY_OK);
    assert_true(found.insecure);
    credentials_free(&found);
    setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "/x.pem", 1);
    assert_int_equal(credentials_find(&settings, NULL, NULL, &found, &err), ASSAY_BAD_INPUT);
    unsetenv("MLFLOW_TRACKING_INSECURE_TLS");
    assert_int_equal(credentials_find(&settings, NULL, NULL, &found, NULL), ASSAY_OK);
    assert_string_equal(found.ca_path, "/x.pem");
    credentials_free(&found);
    unsetenv("MLFLOW_TRACKING_SERVER_CERT_PATH");
    server_settings_free(&settings);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_walked_through),
        cmocka_unit_test(broken_json_ends_every_loop),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(quoted_text_reads_back),
        cmocka_unit_test(points_come_out_of_pieces),
        cmocka_unit_test(numbers_keep_every_bit),
        cmocka_unit_test(broken_histories_are_faults),
        cmocka_unit_test(a_point_without_end_is_bounded),
        cmocka_unit_test(urls_show_no_secrets),
        cmocka_unit_test(texts_show_no_names),
        cmocka_unit_test(origins_are_compared),
        cmocka_unit_test(queries_are_escaped),
        cmocka_unit_test(settings_take_urls_apart),
        cmocka_unit_test(repeating_has_rules),
        cmocka_unit_test(drips_are_told),
        cmocka_unit_test(windows_adapt),
        cmocka_unit_test(netrc_is_read),
        cmocka_unit_test(contradictions_are_refused),
    };

    setenv("HOME", "/nonexistent", 1);
    unsetenv("MLFLOW_TRACKING_URI");
    unsetenv("MLFLOW_TRACKING_USERNAME");
    unsetenv("MLFLOW_TRACKING_PASSWORD");
    unsetenv("MLFLOW_TRACKING_TOKEN");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
