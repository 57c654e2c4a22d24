/*
 * What is written about runs from the first screen and the run screen, against a played server:
 * tags, name, note, life, and a version registered from a run. Each is typed, looked at, shown,
 * and written at a key; what somebody else changed in between is told; a server that is
 * read-only, as those named prod are unless told otherwise, is not asked to change anything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <assay/file.h>

#include "support/registry_screen.h"
#include "support/workbench.h"

struct world {
    struct fake_registry fake;
    struct screen *screen;
};

static void begin(struct world *world, const char *config, const char *extra)
{
    fake_registry_start(&world->fake);
    world->screen = registry_screen_open(&world->fake, config, extra, 140, 34);
}

static void end(struct world *world)
{
    screen_close(&world->screen);
    fake_registry_stop(&world->fake);
}

/* The cursor goes to the run NAME in the table of the first screen. */
static void go_to(struct screen *screen, const char *name)
{
    screen_press(screen, "g", NULL);
    screen_settle(screen);
    if (workbench_row(screen, name) > workbench_row(screen, "steady") ||
        workbench_row(screen, name) > workbench_row(screen, "hopeful"))
        screen_press(screen, "j", NULL);
    screen_settle(screen);
}

/* KEY, what is asked, what is answered; then PREVIEW is shown, and it is written. */
static void write_it(struct world *world, const char *key, const char *question,
                     const char *text, const char *preview)
{
    unsigned writes = fake_registry_seen(&world->fake).writes;
    char written[300];

    screen_press(world->screen, key, NULL);
    if (question) {
        screen_wait(world->screen, question);
        screen_type(world->screen, text);
        screen_press(world->screen, "enter", NULL);
    }
    screen_wait(world->screen, "write?");
    screen_assert_text(world->screen, preview);
    assert_int_equal(fake_registry_seen(&world->fake).writes, writes);
    screen_press(world->screen, "enter", NULL);
    snprintf(written, sizeof written, "written: %s", preview);
    screen_wait(world->screen, written);
}

static void tags_from_the_first_screen(void **state)
{
    (void)state;
    struct world world;
    begin(&world, "", NULL);
    go_to(world.screen, "hopeful");
    write_it(&world, "T", "tag (NAME=VALUE", "team=ads",
             "tag team of hopeful (bbbbbbbb): (none) → \"ads\"");
    assert_string_equal(fake_registry_seen(&world.fake).runs[1].team, "ads");
    assert_string_equal(fake_registry_seen(&world.fake).runs[0].team, "");
    write_it(&world, "T", "tag (NAME=VALUE", "team=search",
             "tag team of hopeful (bbbbbbbb): \"ads\" → \"search\"");
    assert_string_equal(fake_registry_seen(&world.fake).runs[1].team, "search");
    write_it(&world, "T", "tag (NAME=VALUE", "-team",
             "tag team of hopeful (bbbbbbbb): \"search\" → (none)");
    assert_string_equal(fake_registry_seen(&world.fake).runs[1].team, "");
    /* What is so already is said to be, and asks for no key. */
    unsigned before = fake_registry_seen(&world.fake).writes;
    screen_press(world.screen, "T", NULL);
    screen_wait(world.screen, "tag (NAME=VALUE");
    screen_type(world.screen, "-team");
    screen_press(world.screen, "enter", NULL);
    screen_wait(world.screen,
                "nothing to write: tag team of hopeful (bbbbbbbb): there is none already");
    assert_int_equal(fake_registry_seen(&world.fake).writes, before);
    /* Left alone, nothing is written. */
    unsigned writes = fake_registry_seen(&world.fake).writes;
    screen_press(world.screen, "T", NULL);
    screen_wait(world.screen, "tag (NAME=VALUE");
    screen_type(world.screen, "team=nobody");
    screen_press(world.screen, "enter", NULL);
    screen_wait(world.screen, "write?");
    screen_press(world.screen, "escape", NULL);
    screen_settle(world.screen);
    screen_refute_text(world.screen, "write?");
    assert_int_equal(fake_registry_seen(&world.fake).writes, writes);
    end(&world);
}

static void name_and_life(void **state)
{
    (void)state;
    struct world world;
    begin(&world, "", NULL);
    go_to(world.screen, "hopeful");
    write_it(&world, "N", "name: hopeful", "-again",
             "name of hopeful (bbbbbbbb): \"hopeful\" → \"hopeful-again\"");
    assert_string_equal(fake_registry_seen(&world.fake).runs[1].name, "hopeful-again");
    screen_wait(world.screen, "hopeful-again"); /* read back, into the table */
    write_it(&world, "X", NULL, NULL, "life of hopeful-again (bbbbbbbb): \"active\" → \"deleted\"");
    assert_true(fake_registry_seen(&world.fake).runs[1].deleted);
    assert_false(fake_registry_seen(&world.fake).runs[0].deleted);
    end(&world);
}

/* On the run screen a deleted run is still there to be restored. */
static void a_deleted_run_is_restored(void **state)
{
    (void)state;
    struct world world;
    begin(&world, "", NULL);
    go_to(world.screen, "hopeful");
    screen_press(world.screen, "enter", NULL);
    screen_wait(world.screen, "metrics 1");
    screen_settle(world.screen);
    write_it(&world, "X", NULL, NULL, "life of hopeful (bbbbbbbb): \"active\" → \"deleted\"");
    assert_true(fake_registry_seen(&world.fake).runs[1].deleted);
    screen_wait(world.screen, ", deleted");
    write_it(&world, "X", NULL, NULL, "life of hopeful (bbbbbbbb): \"deleted\" → \"active\"");
    assert_false(fake_registry_seen(&world.fake).runs[1].deleted);
    assert_int_equal(fake_registry_seen(&world.fake).writes, 2);
    end(&world);
}

static void a_note_in_the_editor(void **state)
{
    (void)state;
    struct world world;
    char path[300], editor[340];
    snprintf(path, sizeof path, "%s/note.txt", registry_screen_root());
    snprintf(editor, sizeof editor, "VISUAL=cp %s", path);
    assert_int_equal(assay_file_write(path, "best so far\n", 12, 0600, NULL), ASSAY_OK);
    begin(&world, "", editor);
    go_to(world.screen, "hopeful");
    write_it(&world, "E", NULL, NULL, "note of hopeful (bbbbbbbb): (none) → \"best so far\"");
    assert_string_equal(fake_registry_seen(&world.fake).runs[1].note, "best so far");
    end(&world);
}

/* A model of MLflow 3 is registered as what it is, by its id; one of MLflow 2 at its place. */
static void a_logged_model_is_registered(void **state)
{
    (void)state;
    struct world world;
    begin(&world, "", NULL);
    go_to(world.screen, "hopeful");
    write_it(&world, "r", "register as", "fraud",
             "a version of fraud from run hopeful (bbbbbbbb), logged model " REGISTRY_LOGGED);
    screen_assert_text(world.screen, REGISTRY_LOGGED ": version 3");
    struct fake_registry seen = fake_registry_seen(&world.fake);
    assert_string_equal(seen.made.run_id, REGISTRY_RUN_B);
    assert_string_equal(seen.made.source, "models:/" REGISTRY_LOGGED);
    assert_string_equal(seen.made.model_id, REGISTRY_LOGGED);
    screen_press(world.screen, "V", NULL);
    screen_wait(world.screen, "3 versions");
    screen_press(world.screen, "g", "j", NULL);
    screen_wait(world.screen, "fraud version 3");
    registry_screen_row(world.screen, "logged model", REGISTRY_LOGGED);
    screen_press(world.screen, "escape", NULL);
    /* Once more: it is known, and no second version comes of it. */
    unsigned writes = seen.writes;
    screen_wait(world.screen, "steady");
    screen_press(world.screen, "r", NULL);
    screen_wait(world.screen, "register as");
    screen_type(world.screen, "fraud");
    screen_press(world.screen, "enter", NULL);
    screen_wait(world.screen, "nothing to write: a version of fraud from run");
    screen_assert_text(world.screen, "it is version 3 already");
    assert_int_equal(fake_registry_seen(&world.fake).writes, writes);
    end(&world);
}

static void a_model_among_artifacts_is_registered(void **state)
{
    (void)state;
    struct world world;
    begin(&world, "", NULL);
    go_to(world.screen, "steady");
    screen_press(world.screen, "enter", NULL); /* the run screen */
    screen_wait(world.screen, "metrics 1");
    screen_settle(world.screen);
    write_it(&world, "r", "register as", "fraud",
             "a version of fraud from run steady (aaaaaaaa), artifacts model");
    struct fake_registry seen = fake_registry_seen(&world.fake);
    assert_string_equal(seen.made.run_id, REGISTRY_RUN_A);
    assert_string_equal(seen.made.source,
                        "mlflow-artifacts:/1/" REGISTRY_RUN_A "/artifacts/model");
    assert_string_equal(seen.made.model_id, "");
    end(&world);
}

/* What another run logged is not registered as this one's. */
static void a_model_of_another_run_is_refused(void **state)
{
    (void)state;
    struct world world;
    begin(&world, "", NULL);
    go_to(world.screen, "steady");
    screen_press(world.screen, "r", NULL);
    screen_wait(world.screen, "register as");
    screen_type(world.screen, "fraud=models:/" REGISTRY_LOGGED);
    screen_press(world.screen, "enter", NULL);
    screen_wait(world.screen, "is no model that run");
    screen_refute_text(world.screen, "write?");
    assert_int_equal(fake_registry_seen(&world.fake).writes, 0);
    end(&world);
}

static void a_conflict_is_shown(void **state)
{
    (void)state;
    struct world world;
    begin(&world, "", NULL);
    fake_registry_after_look_at_run(&world.fake, "theirs"); /* between the look and the key */
    go_to(world.screen, "hopeful");
    screen_press(world.screen, "T", NULL);
    screen_wait(world.screen, "tag (NAME=VALUE");
    screen_type(world.screen, "team=mine");
    screen_press(world.screen, "enter", NULL);
    screen_wait(world.screen, "write?");
    screen_press(world.screen, "enter", NULL);
    screen_wait(world.screen, "it is now \"theirs\"");
    screen_refute_text(world.screen, "written:");
    assert_int_equal(fake_registry_seen(&world.fake).writes, 0);
    assert_string_equal(fake_registry_seen(&world.fake).runs[1].team, "theirs");
    end(&world);
}

static void servers_named_prod_are_read_only(void **state)
{
    (void)state;
    static const char *const settings[] = {"", "read_only = no\n"};

    for (int i = 0; i < 2; i++) {
        struct world world;
        char config[400];
        fake_registry_start(&world.fake);
        snprintf(config, sizeof config, "[source prod-tracking]\nplace = %s\n%s",
                 web_url(world.fake.web), settings[i]);
        world.screen = registry_screen_open(&world.fake, config, NULL, 140, 34);
        go_to(world.screen, "hopeful");
        if (i == 0) {
            static const char *const keys[] = {"T", "N", "X", "E", "r"};
            for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
                screen_press(world.screen, keys[k], NULL);
                screen_wait(world.screen, "this server is read-only");
                screen_refute_text(world.screen, "write?");
                screen_press(world.screen, "escape", NULL);
                screen_settle(world.screen);
            }
            assert_int_equal(fake_registry_seen(&world.fake).writes, 0);
        } else {
            write_it(&world, "T", "tag (NAME=VALUE", "team=ads",
                     "tag team of hopeful (bbbbbbbb): (none) → \"ads\"");
            assert_string_equal(fake_registry_seen(&world.fake).runs[1].team, "ads");
        }
        end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_from_the_first_screen),
        cmocka_unit_test(name_and_life),
        cmocka_unit_test(a_deleted_run_is_restored),
        cmocka_unit_test(a_note_in_the_editor),
        cmocka_unit_test(a_logged_model_is_registered),
        cmocka_unit_test(a_model_among_artifacts_is_registered),
        cmocka_unit_test(a_model_of_another_run_is_refused),
        cmocka_unit_test(a_conflict_is_shown),
        cmocka_unit_test(servers_named_prod_are_read_only),
    };
    return cmocka_run_group_tests_name("changes from screens", tests, registry_screen_begin,
                                       registry_screen_end);
}
