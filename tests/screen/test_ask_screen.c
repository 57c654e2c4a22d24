/*
 * Asking for approval of what other screens show: a version of a server from the models and
 * from the comparison; the request it has already is opened instead of another form.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "approval/ledger.h"
#include "support/registry_web.h"
#include "support/world_screen.h"

static struct world world;
static struct fake_registry fake;

static void start(void)
{
    world_start(&world, WORLD_POLICY);
    fake_registry_start(&fake);
}

static void stop(struct screen *screen)
{
    assert_int_equal(fake_registry_seen(&fake).writes, 0);
    screen_close(&screen);
    fake_registry_stop(&fake);
    world_stop(&world);
}

/* The models of the played server, the cursor on version 2. */
static struct screen *models(void)
{
    static char text[5][400];
    const char *env[] = {text[0], text[1], text[2], text[3], text[4], "no_proxy=*", NULL};
    const char *argv[] = {"assay", web_url(fake.web), NULL};
    snprintf(text[0], sizeof text[0], "ASSAY_STORE=%s", world.store);
    snprintf(text[1], sizeof text[1], "ASSAY_CACHE=%s/cache.db", world.directory);
    snprintf(text[2], sizeof text[2], "XDG_STATE_HOME=%s/state", world.directory);
    snprintf(text[3], sizeof text[3], "SSH_AUTH_SOCK=%s", world.agent.socket);
    snprintf(text[4], sizeof text[4], "HOME=%s", world.directory);
    struct screen *screen = screen_open(&(struct screen_options){
        .columns = 140, .rows = 40, .kind = SCREEN_XTERM, .argv = argv, .env = env});
    screen_wait(screen, "hopeful");
    screen_press(screen, "V", NULL);
    screen_wait(screen, "2 versions");
    screen_press(screen, "j", NULL);
    screen_wait(screen, "fraud version 2");
    screen_wait(screen, "CHANGED SINCE THE CHAMPION"); /* both runs are known */
    screen_settle(screen);
    return screen;
}

static void assert_form(struct screen *screen)
{
    char where[200];
    snprintf(where, sizeof where, "at %s", web_url(fake.web));
    screen_wait(screen, "ASK FOR APPROVAL");
    screen_settle(screen);
    screen_assert_text(screen, where);
    screen_assert_text(screen, "fraud");
    /* What is asked for is there already: the form asks for the target first. */
    screen_type(screen, "alias:champion");
    screen_press(screen, "enter", NULL);
    screen_type(screen, "better");
    screen_press(screen, "enter", "enter", "enter", NULL);
    screen_wait(screen, "y signs and asks");
    screen_assert_text(screen, "version    2");
    screen_press(screen, "escape", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "y signs and asks");
    screen_press(screen, "escape", NULL);
}

static void a_form(void **state)
{
    (void)state;
    start();
    world_only(&world, "rex");
    struct screen *screen = models();
    screen_press(screen, "g", "Q", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "a version is asked for");
    screen_press(screen, "g", "j", "Q", NULL);
    assert_form(screen);
    screen_wait(screen, "MODELS");
    screen_press(screen, "c", NULL);
    screen_wait(screen, "compare steady against 1 run");
    screen_settle(screen);
    screen_press(screen, "Q", NULL); /* the cursor is on no column: there is one candidate */
    assert_form(screen);
    screen_wait(screen, "compare steady against 1 run");
    stop(screen);
}

/* rex's request for version 2 at the played server, as it is after it was asked for there. */
static void asked_before(void)
{
    char id[17];
    struct assay_error err = {0};
    world_request(&world, "alias:champion", "asked before", NULL, id);
    struct assay_ledger *read = world_open(&world, "rex"), *ledger = world_open(&world, "rex");
    struct statement s = read->records[read->count - 1].s; /* its texts are the ledger's */
    assert_int_equal(ledger_need_me(ledger, &err), ASSAY_OK);
    s.seen_count = 0;
    s.request.id = "00000000000000aa";
    s.request.platform = "mlflow";
    s.request.place = web_url(fake.web);
    if (ledger_append(ledger, &s, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_ledger_close(&ledger);
    assay_ledger_close(&read);
}

static void the_request_there_is(void **state)
{
    (void)state;
    start();
    asked_before();
    world_only(&world, "val");
    struct screen *screen = models();
    screen_wait(screen, "2 wait for you"); /* the ledger was read */
    screen_press(screen, "Q", NULL);
    screen_wait(screen, "request fraud 2");
    screen_wait(screen, "WHY   asked before");
    screen_press(screen, "escape", NULL);
    screen_wait(screen, "APPROVALS");
    /* The models again, over the queue: the way back to the one queue there is. */
    screen_press(screen, "V", NULL);
    screen_wait(screen, "MODELS");
    screen_press(screen, "g", "j", "c", NULL);
    screen_wait(screen, "compare steady against 1 run");
    screen_settle(screen);
    screen_press(screen, "Q", NULL);
    screen_wait(screen, "request fraud 2");
    screen_press(screen, "escape", NULL);
    screen_wait(screen, "APPROVALS");
    screen_press(screen, "escape", NULL);
    screen_wait(screen, "MODELS");
    stop(screen);
}

/* Who asked writes what is next, with what was said before to begin with; nobody else does. */
static void the_next_revision(void **state)
{
    char id[17];
    const struct assay_request *found;
    struct assay_error err = {0};
    (void)state;
    world_start(&world, WORLD_POLICY);
    world_request(&world, "alias:champion", "some words", NULL, id);
    struct screen *screen = world_queue(&world, 120, 40); /* everybody's keys: adm sits here */
    screen_wait(screen, "some words");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "CANDIDATE");
    screen_press(screen, "Q", NULL);
    screen_wait(screen, "only who asked for it writes its next revision");
    screen_close(&screen);
    world_only(&world, "rex");
    screen = world_queue(&world, 120, 40);
    screen_wait(screen, "some words");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "ask anew (Q)");
    screen_press(screen, "Q", NULL);
    screen_wait(screen, "ASK ANEW");
    screen_type(screen, " and more");
    screen_press(screen, "enter", "enter", "enter", NULL);
    screen_wait(screen, "y signs and asks");
    world_quiet(&world);
    screen_press(screen, "y", NULL);
    screen_wait(screen, "asked and signed: request");
    screen_wait(screen, "revision 2");
    screen_close(&screen);
    struct assay_ledger *ledger = world_open(&world, "adm");
    if (assay_ledger_find(ledger, id, &found, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assert_int_equal(found->revision, 2);
    assert_string_equal(found->words, "some words and more");
    assay_ledger_close(&ledger);
    world_stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form),
        cmocka_unit_test(the_request_there_is),
        cmocka_unit_test(the_next_revision),
    };
    return cmocka_run_group_tests_name("asking from other screens", tests, NULL, NULL);
}
