/*
 * The workbench on a server that says nothing: runs and models are there as they were last
 * known, both screens say how old that is, and what is new comes when the server is back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/program.h"
#include "support/registry_screen.h"

/* One-shots keep all they were told before they end: what the cache has is certain. */
static void know_all(const char *url)
{
    static const char *const names[][2] = {{"ASSAY_STORE", "/store.db"},
                                           {"ASSAY_CACHE", "/cache.db"},
                                           {"ASSAY_CONFIG", "/config.ini"},
                                           {"XDG_STATE_HOME", ""},
                                           {"HOME", ""}};
    char path[400];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s%s", registry_screen_root(), names[i][1]);
        setenv(names[i][0], path, 1);
    }
    setenv("no_proxy", "*", 1);
    unsetenv("MLFLOW_TRACKING_URI");
    program_run(NULL, "runs", "-S", url, NULL);
    program_expect(0);
    program_run(NULL, "models", "-S", url, NULL);
    program_expect(0);
}

static void the_last_known_state_and_its_age(void **state)
{
    (void)state;
    struct fake_registry fake;
    fake_registry_start(&fake);
    know_all(web_url(fake.web));
    /* Not stopped: another test's server might come to its port. */
    fake_registry_silent(&fake, true);
    struct screen *screen = registry_screen_again(web_url(fake.web), NULL, 140, 34);
    screen_wait(screen, "offline ");
    screen_assert_text(screen, "127.0.0."); /* and its name is still to be read */
    screen_press(screen, "enter", NULL); /* a run of it is as old */
    screen_wait(screen, "offline, as of ");
    screen_press(screen, "q", NULL);
    screen_wait(screen, "RUNS");
    screen_press(screen, "V", NULL);
    screen_wait(screen, "as of "); /* from the first moment on, while the server is asked */
    screen_assert_text(screen, "2 versions");
    screen_wait(screen, "offline, as of ");
    registry_screen_row(screen, "★ v1", "champion");
    screen_press(screen, "g", "j", NULL);
    screen_wait(screen, "fraud version 2");
    screen_wait(screen, "CHANGED SINCE THE CHAMPION, version 1");
    registry_screen_row(screen, "0.92", "auc");
    fake_registry_hold();
    snprintf(fake.champion, sizeof fake.champion, "2");
    fake_registry_go_on();
    fake_registry_silent(&fake, false);
    screen_press(screen, "R", NULL);
    screen_wait(screen, "★ v2");
    screen_refute_text(screen, "as of ");
    screen_close(&screen);
    fake_registry_stop(&fake);
}

#define STARTED INT64_C(1760000000000) /* the server's runs */
#define MINUTE INT64_C(60000)

static void set_now(int64_t ms)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, ms);
    setenv("ASSAY_NOW_MS", text, 1);
}

/* Commands say likewise; programs get what the server said, and when. */
static void commands_say_when(const char *url)
{
    program_run(NULL, "runs", "-S", url, "--columns", "name,status,duration", NULL);
    program_says("RUNNING 3h ago     10:00\n");
    program_refutes("FINISHED 3h");
    program_run(NULL, "runs", "-S", url, "--format", "csv", NULL);
    program_says(",RUNNING,");
    program_run(NULL, "runs", "-S", url, "-f", "duration > 11m", NULL);
    program_refutes("RUNNING");
    program_run(NULL, "show", "-S", url, REGISTRY_RUN_A, NULL);
    program_says("status      RUNNING 3h ago");
    program_run(NULL, "show", "-S", url, REGISTRY_RUN_A, "--format", "json", NULL);
    json_t *json = program_json();
    json_t *source = json_object_get(json, "source");
    assert_int_equal(json_integer_value(json_object_get(source, "as_of_ms")),
                     STARTED + 10 * MINUTE);
    assert_string_equal(json_string_value(json_object_get(json, "status")), "RUNNING");
    json_decref(json);
}

/* Nobody knows whether it still does: neither state nor duration are of now. */
static void what_was_running_is_as_old_as_what_is_known(void **state)
{
    (void)state;
    struct fake_registry fake;
    fake_registry_start(&fake);
    fake_registry_hold();
    fake.running = true;
    fake_registry_go_on();
    set_now(STARTED + 10 * MINUTE);
    know_all(web_url(fake.web));
    fake_registry_silent(&fake, true);
    set_now(STARTED + 190 * MINUTE);
    commands_say_when(web_url(fake.web));
    struct screen *screen = registry_screen_again(web_url(fake.web), NULL, 140, 34);
    registry_screen_row(screen, "hopeful", "live 3h ago");
    registry_screen_row(screen, "hopeful", " 10:00 ");
    screen_refute_text(screen, "2 live");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "live 3h ago");
    screen_assert_text(screen, "for 10:00");
    screen_press(screen, "q", NULL);
    screen_wait(screen, "RUNS");
    fake_registry_silent(&fake, false); /* from now on it is known again */
    screen_press(screen, "R", NULL);
    screen_wait(screen, "2 live");
    registry_screen_row(screen, "hopeful", "3:10:00");
    screen_refute_text(screen, "live 3h ago");
    screen_close(&screen);
    unsetenv("ASSAY_NOW_MS");
    fake_registry_stop(&fake);
}

/* Nothing was ever known of URL, and SWITCH is set. */
static struct screen *screen_of(const char *url, const char *switch_on, int columns, int rows)
{
    const char *argv[] = {"assay", url, NULL};
    const char *env[] = {"ASSAY_CONFIG=/nowhere/config.ini", "ASSAY_CACHE=/nowhere/cache.db",
                         "MLFLOW_TRACKING_URI", "no_proxy=*", switch_on, NULL};

    return screen_open(&(struct screen_options){
        .columns = columns, .rows = rows, .kind = SCREEN_XTERM, .argv = argv, .env = env});
}

/* It is so of whoever answers, and said though nobody does. */
static void an_unchecked_certificate_is_said(void **state)
{
    static const char unchecked[] = "MLFLOW_TRACKING_INSECURE_TLS=true";
    struct fake_registry fake;
    struct screen *screen;
    char url[200];

    (void)state;
    fake_registry_start(&fake);
    snprintf(url, sizeof url, "https%s", web_url(fake.web) + strlen("http"));
    screen = screen_of(url, NULL, 60, 16);
    screen_wait(screen, "Looked at:");
    screen_refute_text(screen, "TLS unchecked");
    screen_refute_text(screen, "found no runs"); /* nobody knows: it could not be read, */
    screen_assert_text(screen, "SSL");           /* and why stands there */
    screen_close(&screen);
    screen = screen_of(url, unchecked, 100, 24);
    screen_wait(screen, "TLS unchecked !");
    screen_close(&screen);
    screen = screen_of(url, unchecked, 60, 16);
    screen_wait(screen, "TLS unchecked !");
    screen_close(&screen);
    screen = screen_of(web_url(fake.web), unchecked, 100, 24); /* without TLS there is none */
    screen_wait(screen, "hopeful");
    screen_refute_text(screen, "TLS unchecked");
    screen_close(&screen);
    fake_registry_stop(&fake);
}

static int begin(void **state)
{
    return program_begin(state) || registry_screen_begin(state);
}

static int end(void **state)
{
    return registry_screen_end(state) | program_end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_known_state_and_its_age),
        cmocka_unit_test(what_was_running_is_as_old_as_what_is_known),
        cmocka_unit_test(an_unchecked_certificate_is_said),
    };
    return cmocka_run_group_tests_name("without a network", tests, begin, end);
}
