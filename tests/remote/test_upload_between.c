/*
 * A run of one server, uploaded to another: its artifacts lie on neither's machine, and are
 * fetched from the one and sent to the other, a file at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/change.h>
#include <assay/memory.h>
#include <assay/session.h>

#include "support/own_home.h"
#include "support/registry_web.h"

#define RUN "cccccccccccccccccccccccccccccccc"

struct site { /* where the run is */
    struct web *web;
    bool lists_fail, files_fail;
    unsigned fetched;
};

static void serve(void *context, const struct web_request *request, struct web_answer *answer)
{
    struct site *site = context;
    const char *target = request->target;
    bool list = strstr(target, "/artifacts/list") != NULL;
    bool file =
        strstr(target, "/mlflow-artifacts/artifacts/") || strstr(target, "/get-artifact");

    if ((list && site->lists_fail) || (file && site->files_fail)) {
        answer->status = 403;
        answer->body = "Permission denied";
    } else if (strstr(target, "/experiments/search")) {
        answer->body = "{\"experiments\":[{\"experiment_id\":\"1\",\"name\":\"there\","
                       "\"lifecycle_stage\":\"active\"}]}";
    } else if (strstr(target, "/runs/search")) {
        answer->body = "{\"runs\":[{\"info\":{\"run_id\":\"" RUN "\",\"run_name\":\"r\","
                       "\"experiment_id\":\"1\",\"status\":\"FINISHED\",\"start_time\":5,"
                       "\"end_time\":9,\"artifact_uri\":\"mlflow-artifacts:/1/" RUN
                       "/artifacts\",\"lifecycle_stage\":\"active\"},\"data\":{}}]}";
    } else if (list) {
        answer->body = "{\"files\":[{\"path\":\"d\",\"is_dir\":true},{\"path\":\"x.txt\","
                       "\"file_size\":5},{\"path\":\"unsaid\"},{\"path\":\"grown\","
                       "\"file_size\":1}]}";
    } else if (file) {
        site->fetched++;
        answer->type = "application/octet-stream";
        answer->body = strstr(target, "unsaid") ? "twelve bytes" : "hello";
    } else {
        answer->status = 404;
        answer->body = "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"no\"}";
    }
}

struct between {
    struct site from;
    struct fake_registry to;
    struct assay_session *session;
    struct assay_upload_options options;
    struct assay_upload done;
    struct assay_error error;
};

static void begin(struct between *b)
{
    const char *places[2];

    b->from.web = web_start(serve, &b->from);
    fake_registry_start(&b->to);
    places[0] = web_url(b->from.web);
    places[1] = web_url(b->to.web);
    assert_int_equal(assay_session_open(
                         &b->session,
                         &(struct assay_session_options){.sources = places, .source_count = 2},
                         NULL),
                     ASSAY_OK);
    assert_int_equal(assay_session_wait(b->session, NULL), ASSAY_OK);
    b->options.server = 1;
    assert_int_equal(
        assay_catalog_find_run(assay_session_catalog(b->session), RUN, &b->options.run, NULL),
        ASSAY_OK);
}

static void end(struct between *b)
{
    assay_upload_free(&b->done);
    assay_session_close(&b->session);
    fake_registry_stop(&b->to);
    web_stop(&b->from.web);
}

static size_t bytes_of(const struct fake_registry *to, const char *path)
{
    for (size_t i = 0; i < to->put_count; i++)
        if (strcmp(to->put[i].path, path) == 0)
            return to->put[i].bytes;
    return SIZE_MAX;
}

/* What was fetched on the way leaves nothing behind. */
static void assert_nothing_left(struct assay_session *session)
{
    char *path = assay_session_copies_path(session);
    DIR *directory = opendir(path);
    struct dirent *entry;

    assert_non_null(directory);
    while ((entry = readdir(directory)))
        assert_int_equal(entry->d_name[0], '.');
    closedir(directory);
    free(path);
}

static void files_go_from_one_server_to_the_other(void **state)
{
    struct between b = {0};

    (void)state;
    begin(&b);
    if (assay_session_upload(b.session, &b.options, &b.done, &b.error) != ASSAY_OK)
        fail_msg("%s", b.error.what);
    assert_int_equal(b.done.files, 3);
    assert_int_equal(b.to.put_count, 3);
    assert_int_equal(bytes_of(&b.to, "x.txt"), 5);
    assert_int_equal(bytes_of(&b.to, "unsaid"), 12);
    assert_int_equal(bytes_of(&b.to, "grown"), 5);
    assert_string_equal(b.to.state, "complete");
    assert_nothing_left(b.session);
    end(&b);
}

static void one_that_cannot_be_fetched_is_named(void **state)
{
    struct between b = {.from.files_fail = true};

    (void)state;
    begin(&b);
    assert_int_not_equal(assay_session_upload(b.session, &b.options, &b.done, &b.error),
                         ASSAY_OK);
    assert_non_null(strstr(b.error.what, "artifact unsaid: "));
    assert_non_null(strstr(b.error.what, "403"));
    assert_int_equal(b.to.writes, 0); /* it was tried before anything was sent */
    assert_nothing_left(b.session);
    end(&b);
}

/* It is not taken for a run without artifacts. */
static void no_list_is_an_error_before_anything_is_sent(void **state)
{
    struct between b = {.from.lists_fail = true};

    (void)state;
    begin(&b);
    assert_int_not_equal(assay_session_upload(b.session, &b.options, &b.done, &b.error),
                         ASSAY_OK);
    assert_non_null(strstr(b.error.what, "403"));
    assert_non_null(strstr(b.error.hint, "--no-artifacts"));
    assert_int_equal(b.to.writes, 0);
    end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_go_from_one_server_to_the_other),
        cmocka_unit_test(one_that_cannot_be_fetched_is_named),
        cmocka_unit_test(no_list_is_an_error_before_anything_is_sent),
    };

    return cmocka_run_group_tests(tests, own_home_make, own_home_remove);
}
