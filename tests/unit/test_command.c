/*
 * The table of commands, the keymap made from it, and the page of keys that must agree with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/file.h>

#include "tui/command.h"
#include "tui/keymap.h"
#include "tui/keys.h"

#define KEYS_PAGE TEST_DATA "/../docs/keys.md"
#define KEYS_HEAD                                                                              \
    "# Keys and commands of the workbench\n\n"                                                 \
    "Every command can be typed by its name after `:`, and bound to other keys in the\n"       \
    "configuration file: `[keys]` for every screen, `[keys.home]` (`run`, `chart`, "           \
    "`compare`,\n"                                                                             \
    "`help`, `approvals`, `request`, `activity`) for one, each line `command = key key "       \
    "...`.\n"

static void every_row_is_whole(void **state)
{
    (void)state;
    for (enum command_id id = CMD_NONE + 1; id < CMD_COUNT; id++) {
        const struct command *command = command_get(id);
        assert_int_equal(command->id, id);
        assert_true(command->where != 0);
        assert_true(strlen(command->help) > 3);
        assert_true(strlen(command->name) < 20);
        assert_int_equal(command_find(command->name, strlen(command->name)), id);
    }
    assert_null(command_get(CMD_NONE));
    assert_null(command_get(CMD_COUNT));
    assert_int_equal(command_find("nonsense", 8), CMD_NONE);
}

/* Each default key is a key, and means one thing on each screen. */
static void default_keys_are_clear(void **state)
{
    (void)state;
    struct keymap map;
    keymap_init(&map);
    for (enum command_id id = CMD_NONE + 1; id < CMD_COUNT; id++) {
        const struct command *command = command_get(id);
        char keys[128], *rest = keys, *name;
        snprintf(keys, sizeof keys, "%s", command->keys);
        while ((name = strsep(&rest, " ")) != NULL) {
            uint32_t key;
            if (!*name) {
                continue;
            }
            assert_true(keys_parse(name, &key));
            for (unsigned bit = 1; bit <= WHERE_COMPARE; bit <<= 1) {
                if (command->where & bit) {
                    assert_int_equal(keymap_find(&map, key, bit), id);
                }
            }
        }
    }
    keymap_free(&map);
}

static void users_bind_their_own(void **state)
{
    (void)state;
    struct keymap map;
    struct assay_error err = {0};
    uint32_t z, plus;
    char text[32];
    assert_true(keys_parse("z", &z));
    assert_true(keys_parse("+", &plus));
    keymap_init(&map);
    assert_int_equal(keymap_set(&map, "keys.chart", "zoom-in", "z ctrl+up", &err), ASSAY_OK);
    assert_int_equal(keymap_find(&map, z, WHERE_CHART), CMD_ZOOM_IN);
    assert_int_equal(keymap_find(&map, plus, WHERE_CHART), CMD_NONE);
    assert_string_equal(keymap_key(&map, CMD_ZOOM_IN, WHERE_CHART, text), "z");
    assert_int_equal(keymap_set(&map, "keys.home", "quit", "Q", &err), ASSAY_OK);
    assert_int_equal(keymap_find(&map, KEYS_CTRL | 'c', WHERE_HOME), CMD_NONE);
    assert_int_equal(keymap_find(&map, KEYS_CTRL | 'c', WHERE_RUN), CMD_QUIT);
    assert_int_equal(keymap_set(&map, "keys", "theme", "", &err), ASSAY_OK);
    assert_string_equal(keymap_key(&map, CMD_THEME, WHERE_HOME, text), "");
    assert_int_equal(keymap_set(&map, "keys.nowhere", "quit", "Q", &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "keys.nowhere"));
    assay_error_clear(&err);
    assert_int_equal(keymap_set(&map, "keys", "fly", "Q", &err), ASSAY_BAD_INPUT);
    assay_error_clear(&err);
    assert_int_equal(keymap_set(&map, "keys", "quit", "hyper+q", &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "hyper+q"));
    assay_error_clear(&err);
    assert_int_equal(keymap_set(&map, "keys.chart", "mark", "x", &err), ASSAY_BAD_INPUT);
    keymap_free(&map);
}

static void names_match_as_typed(void **state)
{
    (void)state;
    assert_true(command_match("sort", "so") > command_match("reverse-sort", "so"));
    assert_true(command_match("sort", "so") > 0);
    assert_true(command_match("save-view", "sv") > 0);
    assert_int_equal(command_match("sort", "x"), 0);
    assert_true(command_match("theme", "the") > command_match("next-theme", "the"));
    assert_true(command_match("metrics.val/loss", "vloss") > 0);
}

static void the_page_of_keys_agrees(void **state)
{
    (void)state;
    struct assay_buf page = {0};
    struct assay_error err = {0};
    char *written = NULL;
    size_t length;
    assay_buf_text_add(&page, KEYS_HEAD);
    command_list(&page);
    if (getenv("ASSAY_WRITE_KEYS")) {
        assert_int_equal(assay_file_write(KEYS_PAGE, page.data, page.length, 0644, &err), 0);
    }
    assert_int_equal(assay_file_read(KEYS_PAGE, 1 << 20, &written, &length, &err), ASSAY_OK);
    if (strcmp(written, assay_buf_text(&page)) != 0) {
        fail_msg("docs/keys.md is stale: run this test with ASSAY_WRITE_KEYS=1");
    }
    free(written);
    assay_buf_free(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_whole),      cmocka_unit_test(default_keys_are_clear),
        cmocka_unit_test(users_bind_their_own),    cmocka_unit_test(names_match_as_typed),
        cmocka_unit_test(the_page_of_keys_agrees),
    };
    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
