/*
 * A home of a test's own (own_home.h), for the programs that talk to played servers.
 */
#include "support/own_home.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/memory.h>

char own_home[256];

int own_home_make(void **state)
{
    static const char *const places[][2] = {
        {"ASSAY_STORE", "/store.db"},    {"ASSAY_CACHE", "/cache.db"},
        {"ASSAY_CONFIG", "/config.ini"}, {"XDG_CONFIG_HOME", ""},
        {"XDG_STATE_HOME", ""},          {"HOME", ""}};
    static const char *const unset[] = {"ASSAY_SOURCES",
                                        "NETRC",
                                        "MLFLOW_TRACKING_URI",
                                        "MLFLOW_TRACKING_USERNAME",
                                        "MLFLOW_TRACKING_PASSWORD",
                                        "MLFLOW_TRACKING_TOKEN",
                                        "MLFLOW_WORKSPACE",
                                        "DATABRICKS_HOST",
                                        "DATABRICKS_TOKEN",
                                        "DATABRICKS_CONFIG_FILE",
                                        "DATABRICKS_CONFIG_PROFILE"};
    const char *tmp = getenv("TMPDIR");
    char path[400];

    (void)state;
    snprintf(own_home, sizeof own_home, "%s/assay-home-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(own_home));
    for (size_t i = 0; i < ASSAY_COUNT(places); i++) {
        snprintf(path, sizeof path, "%s%s", own_home, places[i][1]);
        setenv(places[i][0], path, 1);
    }
    for (size_t i = 0; i < ASSAY_COUNT(unset); i++)
        unsetenv(unset[i]);
    setenv("no_proxy", "*", 1);
    return 0;
}

int own_home_remove(void **state)
{
    char command[400];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", own_home);
    return chdir("/") | system(command);
}
