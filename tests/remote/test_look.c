/*
 * What a look at a server says of it and of us: answers of MLflow's basic authentication (as
 * MLflow 3.17 gave them to an administrator, to a reader without grants and to one with), and
 * hostile ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote/mlflow_private.h"
#include "support/web.h"

struct site {
    const char *who, *grants; /* the answers; NULL: 404 */
    const char *named;        /* of what MLflow 2 says of a user, likewise */
};

static void serve(void *context, const struct web_request *request, struct web_answer *answer)
{
    const struct site *site = context;

    answer->body = "{}";
    if (strstr(request->target, "/users/current/permissions"))
        answer->body = site->grants;
    else if (strstr(request->target, "/users/current"))
        answer->body = site->who;
    else if (strstr(request->target, "/users/get?username=reader%20one"))
        answer->body = site->named;
    else if (strcmp(request->target, "/version") == 0)
        answer->body = "3.17.2";
    if (!answer->body) {
        answer->status = 404;
        answer->body = "";
    }
}

static struct assay_server_look look_as(const char *user, struct site site)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;
    struct web *web = web_start(serve, &site);
    struct assay_server_look look;
    struct mlflow *mlflow = NULL;
    struct net *net = net_new();

    settings.url = assay_strdup(web_url(web));
    settings.user = assay_strdup(user);
    assert_int_equal(mlflow_open(&mlflow, net, &settings, NULL), ASSAY_OK);
    mlflow_look(mlflow, &look);
    mlflow_close(&mlflow);
    net_free(&net);
    web_stop(&web);
    server_settings_free(&settings);
    return look;
}

static struct assay_server_look look_at(const char *who, const char *grants)
{
    return look_as(NULL, (struct site){.who = who, .grants = grants});
}

#define READER                                                                                 \
    "{\"is_basic_auth\":true,\"user\":{\"id\":2,\"is_admin\":false,\"username\":\"reader\"}}"

static void who_we_are_is_said(void **state)
{
    struct assay_server_look look = look_at(
        "{\"is_basic_auth\":true,\"user\":{\"id\":1,\"is_admin\":true,\"username\":\"admin\"}}",
        "{\"is_admin\":true,\"permissions\":[]}");

    (void)state;
    assert_int_equal(look.status, ASSAY_OK);
    assert_string_equal(look.version, "3.17.2");
    assert_string_equal(look.user, "admin");
    assert_int_equal(look.may_admin, 1);
    look = look_at(READER, NULL);
    assert_string_equal(look.user, "reader");
    assert_int_equal(look.may_admin, 0);
    assert_false(look.grants_known);
    look = look_at(NULL, NULL); /* no authentication */
    assert_string_equal(look.user, "");
    assert_int_equal(look.may_admin, -1);
    assert_int_equal(look.may_read, 1);
}

static void what_is_granted_is_said(void **state)
{
    struct assay_server_look look = look_at(
        READER, "{\"is_admin\":false,\"permissions\":[{\"permission\":\"EDIT\","
                "\"resource_pattern\":\"0\",\"resource_type\":\"experiment\",\"role_id\":1,"
                "\"role_name\":\"__user_2__\",\"workspace\":\"default\"},"
                "{\"permission\":\"MANAGE\",\"resource_pattern\":\"fraud\","
                "\"resource_type\":\"registered_model\",\"role_id\":1,"
                "\"role_name\":\"__user_2__\",\"workspace\":\"default\"}]}");

    (void)state;
    assert_true(look.grants_known);
    assert_string_equal(look.grants, "EDIT on experiment 0, MANAGE on registered_model fraud");
    look = look_at(READER, "{\"is_admin\":false,\"permissions\":[]}");
    assert_true(look.grants_known);
    assert_string_equal(look.grants, "");
}

/* As 2.22 says it to a reader; it knows no "current". */
static void mlflow_2_is_asked_by_name(void **state)
{
    struct assay_server_look look =
        look_as("reader one",
                (struct site){
                    .named = "{\"user\":{\"experiment_permissions\":[{\"experiment_id\":\"0\","
                             "\"permission\":\"EDIT\",\"user_id\":2}],\"id\":2,"
                             "\"is_admin\":false,\"registered_model_permissions\":[{\"name\":"
                             "\"fraud\",\"permission\":\"MANAGE\",\"user_id\":2}],"
                             "\"username\":\"reader one\"}}\n"});

    (void)state;
    assert_string_equal(look.user, "reader one");
    assert_int_equal(look.may_admin, 0);
    assert_true(look.grants_known);
    assert_string_equal(look.grants, "EDIT on experiment 0, MANAGE on registered_model fraud");
    look = look_as("reader one", (struct site){0}); /* without basic authentication */
    assert_string_equal(look.user, "");
    assert_false(look.grants_known);
    look = look_as("reader one", (struct site){.named = "{\"user\":[{\"username\":"});
    assert_string_equal(look.user, "");
    assert_false(look.grants_known);
}

static void many_and_hostile_grants_are_bounded(void **state)
{
    struct assay_buf body = {0};
    struct assay_server_look look;

    (void)state;
    assay_buf_text_add(&body, "{\"permissions\":[3,[],null");
    for (int i = 0; i < 2000; i++)
        assay_buf_format(&body,
                         ",{\"permission\":\"RE\\u001b[2JAD\",\"resource_type\":%s,"
                         "\"resource_pattern\":\"%060d\"}",
                         i ? "[{}]" : "\"experiment\"", i);
    assay_buf_text_add(&body, "]}");
    look = look_at(READER, assay_buf_text(&body));
    assert_true(look.grants_known);
    assert_null(strchr(look.grants, '\033'));
    assert_non_null(strstr(look.grants, " on experiment 0000"));
    assert_non_null(strstr(look.grants, " and 1996 more"));
    look = look_at(READER, "{\"permissions\":{\"a\":[]}}");
    assert_false(look.grants_known);
    look = look_at(READER, "{\"permissions\":[{\"permission\":");
    assert_false(look.grants_known);
    assay_buf_free(&body);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_we_are_is_said),
        cmocka_unit_test(what_is_granted_is_said),
        cmocka_unit_test(mlflow_2_is_asked_by_name),
        cmocka_unit_test(many_and_hostile_grants_are_bounded),
    };

    setenv("no_proxy", "*", 1);
    setenv("HOME", "/nonexistent", 1);
    unsetenv("NETRC");
    unsetenv("MLFLOW_TRACKING_URI");
    unsetenv("MLFLOW_TRACKING_USERNAME");
    unsetenv("MLFLOW_TRACKING_TOKEN");
    return cmocka_run_group_tests_name("looks at servers", tests, NULL, NULL);
}
