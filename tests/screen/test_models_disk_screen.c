/*
 * The models screen on stores that MLflow 2 and MLflow 3 left on disk: versions, stages and
 * aliases, where a version comes from, what changed since the champion, the digest of its files
 * as sha256sum has it, prompts; and that nothing is written there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "support/registry_screen.h"
#include "support/workbench.h"

/* A copy of the store SET, whose version 2 has its files; SUM gets what sha256sum says of them.
 */
static void make_store(const char *set, char sum[65])
{
    struct assay_error err = {0};
    char command[2000], path[400], *text = NULL;
    size_t length;

    snprintf(command, sizeof command,
             "set -e; mkdir '%s/%s'; cd '%s/%s'; cp -r '%s/source/data/%s/mlruns' .; "
             "grep -rlZ /srv/experiments . | xargs -0 sed -i \"s|/srv/experiments|$PWD|\"; "
             "run=$(sed -n 's/^run_id: //p' mlruns/models/fraud/version-2/meta.yaml); "
             "mkdir -p artifacts/$run/artifacts/model/data; cd artifacts/$run/artifacts/model; "
             "printf 'flavors: {}\\n' > MLmodel; printf 'weights' > data/model.bin; "
             "sha256sum MLmodel data/model.bin | sha256sum > '%s/%s/sum'",
             registry_screen_root(), set, registry_screen_root(), set, TEST_DATA, set,
             registry_screen_root(), set);
    assert_int_equal(system(command), 0);
    snprintf(path, sizeof path, "%s/%s/sum", registry_screen_root(), set);
    if (assay_file_read(path, 1000, &text, &length, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assert_true(length > 64);
    snprintf(sum, 65, "%s", text);
    free(text);
}

static struct screen *open_store(const char *set)
{
    static char path[400], text[4][400];
    static const char *const names[][2] = {{"ASSAY_STORE", "/disk-store.db"},
                                           {"ASSAY_CACHE", "/disk-cache.db"},
                                           {"XDG_STATE_HOME", ""},
                                           {"HOME", ""}};
    const char *env[] = {text[0], text[1], text[2], text[3], "MLFLOW_TRACKING_URI", NULL};
    const char *argv[] = {"assay", path, NULL};

    for (size_t i = 0; i < ASSAY_COUNT(names); i++)
        snprintf(text[i], sizeof text[i], "%s=%s%s", names[i][0], registry_screen_root(),
                 names[i][1]);
    snprintf(path, sizeof path, "%s/%s/mlruns", registry_screen_root(), set);
    struct screen *screen = screen_open(&(struct screen_options){
        .columns = 160, .rows = 50, .kind = SCREEN_XTERM, .argv = argv, .env = env});
    screen_wait(screen, "run-1");
    screen_press(screen, "V", NULL);
    screen_wait(screen, "4 models");
    screen_settle(screen);
    return screen;
}

static void the_list(struct screen *screen)
{
    screen_assert_text(screen, "5 versions");
    screen_assert_text(screen, "no versions");
    screen_assert_text(screen, "ranking é");
    registry_screen_row(screen, "greeting", "prompt");
    registry_screen_row(screen, "★ v2", "champion latest-good");
    registry_screen_row(screen, "v4", "canary (Staging)");
    registry_screen_row(screen, "v1", "(Production)");
    screen_refute_text(screen, "v3"); /* deleted */
}

static void the_champion(struct screen *screen, const char *sum)
{
    screen_press(screen, "g", "j", "j", NULL);
    screen_wait(screen, "fraud version 2");
    screen_wait(screen, "LINEAGE");
    screen_refute_text(screen, "CHANGED SINCE");
    registry_screen_row(screen, "commit 000000000000", "commit");
    registry_screen_row(screen, "└─ run", "run-1");
    registry_screen_row(screen, "└─ version", "fraud version 2");
    screen_assert_text(screen, "└─ alias champion");
    screen_assert_text(screen, "└─ alias latest-good");
    registry_screen_row(screen, "digest", "not known: D reads its files");
    screen_press(screen, "D", NULL);
    screen_wait(screen, "of 2 files");
    registry_screen_row(screen, "digest", sum);
}

static void the_others(struct screen *screen)
{
    screen_press(screen, "k", NULL); /* made from the champion's run */
    screen_wait(screen, "fraud version 4");
    screen_wait(screen, "both were made from the same run");
    screen_press(screen, "j", "j", NULL);
    screen_wait(screen, "fraud version 1");
    screen_wait(screen, "CHANGED SINCE THE CHAMPION, version 2");
    screen_wait(screen, "0.05"); /* the champion's, then its own */
    registry_screen_row(screen, "0.05", "0.1");
    registry_screen_row(screen, "auc  ", "0.92");
    screen_press(screen, "D", NULL); /* its files are nowhere, which is said */
    screen_wait(screen, "not known: fraud version 1: its files are not here");
    screen_press(screen, "T", NULL);
    screen_wait(screen, "only what lies on a server is written to");
}

static void the_prompt(struct screen *screen)
{
    screen_press(screen, "G", NULL);
    screen_wait(screen, "greeting version 1");
    screen_assert_text(screen, "Good {{time}}, {{name}}");
    screen_refute_text(screen, "is_prompt");
    screen_refute_text(screen, "LINEAGE");
    screen_press(screen, "D", NULL);
    screen_wait(screen, "a prompt has no files");
}

static void check(const char *set)
{
    char sum[65], command[1000];
    make_store(set, sum);
    snprintf(command, sizeof command,
             "cd '%s/%s' && find mlruns -type f -exec sha256sum {} + | sort > before",
             registry_screen_root(), set);
    assert_int_equal(system(command), 0);
    struct screen *screen = open_store(set);
    the_list(screen);
    the_champion(screen, sum);
    the_others(screen);
    the_prompt(screen);
    screen_close(&screen);
    snprintf(command, sizeof command,
             "cd '%s/%s' && find mlruns -type f -exec sha256sum {} + | sort | cmp - before",
             registry_screen_root(), set);
    assert_int_equal(system(command), 0);
}

static void of_mlflow_2(void **state)
{
    (void)state;
    check("registry-2");
}

static void of_mlflow_3(void **state)
{
    (void)state;
    check("registry-3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_mlflow_2),
        cmocka_unit_test(of_mlflow_3),
    };
    return cmocka_run_group_tests_name("models of stores on disk", tests, registry_screen_begin,
                                       registry_screen_end);
}
