/*
 * Workspaces of Databricks by their names there, against a played server: where host and token
 * come from, that they stay together, and that a file others can read is refused. Nothing here
 * was seen at Databricks itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/session.h>

#include "support/mlflow_web.h"
#include "support/own_home.h"

/* A profile is looked for in the home; no directory of that name is here. */
static int make_home(void **state)
{
    int made = own_home_make(state);
    unsetenv("ASSAY_CONFIG");
    assert_int_equal(chdir(own_home), 0);
    return made;
}

/* A workspace that wants the token "tok-env" or "tok-file". */
static void start(struct fake_mlflow *fake, const char *token)
{
    snprintf(fake->user, sizeof fake->user, "Bearer %s", token);
    fake_mlflow_start(fake, 1, 2, 1, 5);
}

static void put_profiles(const char *text, unsigned mode)
{
    char path[400];

    snprintf(path, sizeof path, "%s/.databrickscfg", own_home);
    remove(path);
    assert_int_equal(assay_file_write(path, text, strlen(text), mode, NULL), ASSAY_OK);
    assert_int_equal(chmod(path, mode), 0);
}

/* Opens PLACE (NULL: what there is without one) and reads it; how many runs, or -1. */
static long read_place(const char *place, struct assay_error *err)
{
    struct assay_session *session = NULL;
    long runs = -1;

    *err = (struct assay_error){0};
    if (assay_session_open(
            &session,
            &(struct assay_session_options){.sources = &place, .source_count = place != NULL},
            err) != ASSAY_OK)
        return -1;
    if (assay_session_wait(session, err) == ASSAY_OK)
        runs = (long)assay_catalog_runs(assay_session_catalog(session));
    assay_session_close(&session);
    return runs;
}

static void the_environment_names_one(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_error err;

    (void)state;
    start(&fake, "tok-env");
    setenv("DATABRICKS_HOST", web_url(fake.web), 1);
    setenv("DATABRICKS_TOKEN", "tok-env", 1);
    assert_int_equal(read_place("databricks", &err), 2);
    setenv("MLFLOW_TRACKING_URI", "databricks", 1);
    assert_int_equal(read_place(NULL, &err), 2);
    unsetenv("MLFLOW_TRACKING_URI");
    setenv("DATABRICKS_TOKEN", "tok-old", 1);
    assert_int_equal(read_place("databricks", &err), -1);
    assert_non_null(strstr(err.what, "401"));
    assert_null(strstr(err.what, "tok-old"));
    assert_null(strstr(err.hint, "tok-old"));
    unsetenv("DATABRICKS_HOST");
    unsetenv("DATABRICKS_TOKEN");
    fake_mlflow_stop(&fake);
}

static void profiles_name_others(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_error err;
    char text[400];

    (void)state;
    start(&fake, "tok-file");
    snprintf(text, sizeof text,
             "[DEFAULT]\nhost = %s/\ntoken = tok-file\n\n[team]\nhost = %s\ntoken = tok-file\n"
             "[half]\nhost = %s\n",
             web_url(fake.web), web_url(fake.web), web_url(fake.web));
    put_profiles(text, 0600);
    assert_int_equal(read_place("databricks://team", &err), 2);
    assert_int_equal(read_place("databricks", &err), 2);
    /* Half of it from elsewhere would give a token to a host that it is not for. */
    setenv("DATABRICKS_TOKEN", "tok-env", 1);
    assert_int_equal(read_place("databricks", &err), 2);
    unsetenv("DATABRICKS_TOKEN");
    setenv("DATABRICKS_CONFIG_PROFILE", "team", 1);
    assert_int_equal(read_place("databricks", &err), 2);
    unsetenv("DATABRICKS_CONFIG_PROFILE");
    assert_int_equal(read_place("databricks://half", &err), -1);
    assert_int_equal(err.status, ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "the profile half"));
    assert_non_null(strstr(err.hint, "DATABRICKS_HOST"));
    fake_mlflow_stop(&fake);
}

static void a_file_others_can_read_is_refused(void **state)
{
    struct assay_error err;

    (void)state;
    put_profiles("[DEFAULT]\nhost = http://127.0.0.1:9\ntoken = tok-file\n", 0640);
    assert_int_equal(read_place("databricks", &err), -1);
    assert_int_equal(err.status, ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, ".databrickscfg"));
    assert_non_null(strstr(err.what, "others can read it"));
    assert_null(strstr(err.what, "tok-file"));
    put_profiles("[DEFAULT\ntok-file\n", 0600);
    assert_int_equal(read_place("databricks", &err), -1);
    assert_null(strstr(err.what, "tok-file"));
}

/* The configuration file of Assay, as TEXT. */
static void put_config(const char *text)
{
    char path[400];

    snprintf(path, sizeof path, "%s/assay.ini", own_home);
    remove(path);
    assert_int_equal(assay_file_write(path, text, strlen(text), 0644, NULL), ASSAY_OK);
    setenv("ASSAY_CONFIG", path, 1);
}

/* Where nothing is named, the profile that is missing is a source that fails, beside the other.
 */
static void both_are_there(void)
{
    struct assay_session *session = NULL;
    const struct assay_catalog *catalog;
    const char *why = NULL;

    assert_int_equal(assay_session_open(&session, &(struct assay_session_options){0}, NULL),
                     ASSAY_OK);
    assert_int_not_equal(assay_session_wait(session, NULL), ASSAY_OK);
    catalog = assay_session_catalog(session);
    assert_int_equal(assay_catalog_runs(catalog), 2);
    for (uint32_t i = 0; i < assay_catalog_sources(catalog); i++)
        if (strcmp(assay_catalog_source(catalog, i)->name, "lake") == 0)
            why = assay_catalog_source(catalog, i)->error.what;
    assert_non_null(why);
    assert_non_null(strstr(why, "the profile gone"));
    assay_session_close(&session);
}

static void the_configuration_file_names_them(void **state)
{
    struct fake_mlflow fake = {0};
    struct assay_error err;
    char text[400];

    (void)state;
    start(&fake, "tok-file");
    snprintf(text, sizeof text, "[team]\nhost = %s\ntoken = tok-file\n", web_url(fake.web));
    put_profiles(text, 0600);
    put_config("[source lake]\nplace = databricks://team\nread_only = yes\n");
    assert_int_equal(read_place("lake", &err), 2);
    assert_int_equal(read_place(NULL, &err), 2);
    setenv("DATABRICKS_HOST", web_url(fake.web), 1);
    setenv("DATABRICKS_TOKEN", "tok-file", 1);
    put_config("[source lake]\nplace = databricks\n");
    assert_int_equal(read_place("lake", &err), 2);
    unsetenv("DATABRICKS_HOST");
    unsetenv("DATABRICKS_TOKEN");

    /* A profile that is missing is said of the one who wants it, and of nobody else. */
    snprintf(text, sizeof text,
             "[source lake]\nplace = databricks://gone\n"
             "[source other]\nplace = %s\ntoken_command = echo tok-file\n",
             web_url(fake.web));
    put_config(text);
    assert_int_equal(read_place("lake", &err), -1);
    assert_int_equal(err.status, ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "the profile gone"));
    assert_int_equal(read_place("other", &err), 2);
    both_are_there();

    put_config("[source lake]\nplace = databricks://team\ntoken_command = echo tok-other\n");
    assert_int_equal(read_place("lake", &err), -1);
    assert_int_equal(err.status, ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "[source lake]"));
    assert_non_null(strstr(err.what, "brings its own token"));
    unsetenv("ASSAY_CONFIG");
    fake_mlflow_stop(&fake);
}

static void nothing_known_is_said(void **state)
{
    struct assay_error err;

    (void)state;
    put_profiles("", 0600);
    assert_int_equal(read_place("databricks", &err), -1);
    assert_int_equal(err.status, ASSAY_BAD_INPUT);
    /* The variable is for MLflow's own client, which may know other means. */
    setenv("MLFLOW_TRACKING_URI", "databricks", 1);
    assert_int_equal(read_place(NULL, &err), 0);
    unsetenv("MLFLOW_TRACKING_URI");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_names_one),
        cmocka_unit_test(profiles_name_others),
        cmocka_unit_test(a_file_others_can_read_is_refused),
        cmocka_unit_test(the_configuration_file_names_them),
        cmocka_unit_test(nothing_known_is_said),
    };

    return cmocka_run_group_tests_name("Databricks", tests, make_home, own_home_remove);
}
