/*
 * Records exchanged from the queue: with a place that is named once and known from then on; and
 * what is said where that fails.
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

#include "support/good.h"
#include "support/world_screen.h"

static struct world world;

static void sync_as(const char *person, const char *place)
{
    struct assay_ledger *ledger = world_open(&world, person);
    struct assay_sync_result result;
    GOOD(assay_ledger_sync(ledger, place, NULL, &result, good));
    assay_ledger_close(&ledger);
}

static void type_sync(struct screen *screen, const char *place)
{
    char line[400];
    snprintf(line, sizeof line, ":sync %s", place);
    screen_type(screen, line);
    screen_press(screen, "enter", NULL);
}

/* val comments, in a shell beside the workbench. */
static void comment(const char *store, const char *id)
{
    const struct assay_decision decision = {.verdict = ASSAY_COMMENT, .reason = "from a shell"};
    struct assay_ledger *ledger = NULL;
    GOOD(world_try_open(&world, store, "val", &ledger, good));
    GOOD(assay_request_decide(ledger, id, &decision, good));
    assay_ledger_close(&ledger);
}

static void named_once(void **state)
{
    char first[17], second[17], said[80];
    (void)state;
    world_start(&world, WORLD_POLICY);
    char *shared = world_path(&world, "shared"), *other = world_path(&world, "other.db");
    world_request(&world, "alias:champion", "the first one", NULL, first);
    sync_as("adm", shared);
    const size_t there = world_records(&world);
    world_request(&world, "alias:next", "the second one", NULL, second);
    world_only(&world, "val");
    struct screen *screen = world_workbench(&world, other, true, 120, 30);
    screen_press(screen, "A", NULL);
    screen_wait(screen, "There is no ledger yet");
    screen_press(screen, "S", NULL);
    screen_wait(screen, "with which place?");
    type_sync(screen, shared);
    snprintf(said, sizeof said, "%zu received, 0 sent", there);
    screen_wait(screen, said);
    screen_assert_text(screen, "first seen here: ledger ");
    screen_wait(screen, "the first one");
    screen_wait(screen, "approvals as val");
    screen_refute_text(screen, "the second one");
    /* What others sent meanwhile comes with one key, and what was signed here goes there; on
       the screen of a request as well. */
    sync_as("adm", shared);
    screen_press(screen, "S", NULL);
    screen_wait(screen, "1 received, 0 sent");
    screen_wait(screen, "the second one");
    comment(other, first);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "CANDIDATE");
    screen_settle(screen);
    screen_press(screen, "S", NULL);
    screen_wait(screen, "0 received, 1 sent");
    /* Said first, done when it is said once more; anything else in between, and it is said anew. */
    type_sync(screen, "--again");
    screen_wait(screen, "at the place of last time anew");
    screen_press(screen, "S", NULL);
    screen_wait(screen, "0 received, 0 sent");
    type_sync(screen, "--again");
    screen_wait(screen, "at the place of last time anew");
    type_sync(screen, "--again");
    screen_wait(screen, "0 received, 0 sent");
    screen_close(&screen);
    free(shared);
    free(other);
    world_stop(&world);
}

/* Nothing secret is said, nor kept for the next time; what was known stays known. */
static void what_cannot_be_reached(void **state)
{
    char id[17], *kept = NULL;
    size_t length = 0;
    (void)state;
    world_start(&world, WORLD_POLICY);
    char *shared = world_path(&world, "shared");
    char *places = world_path(&world, "state/assay/heads.places");
    world_request(&world, "alias:champion", "the first one", NULL, id);
    world_only(&world, "val");
    struct screen *screen = world_queue(&world, 120, 30);
    screen_wait(screen, "the first one");
    type_sync(screen, shared);
    screen_wait(screen, "sent to a place that was made for it");
    type_sync(screen, "ftp://val:s3cret@host/x");
    screen_wait(screen, "records are exchanged with");
    screen_settle(screen);
    screen_assert_text(screen, "ftp://host/x");
    screen_refute_text(screen, "s3cret");
    screen_assert_text(screen, "the first one");
    GOOD(assay_file_read(places, 1 << 20, &kept, &length, good));
    assert_non_null(strstr(kept, "/shared\n"));
    assert_null(strstr(kept, "s3cret"));
    screen_press(screen, "S", NULL);
    screen_wait(screen, "0 received, 0 sent");
    screen_close(&screen);
    free(kept);
    free(places);
    free(shared);
    world_stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_once),
        cmocka_unit_test(what_cannot_be_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
