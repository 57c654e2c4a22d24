/*
 * Every decision from the screen of a request: what is typed becomes a draft, the box shows
 * what is signed to the byte, and the record says just that. And evidence, which is seen only
 * when all of it was on the screen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>

#include "approval/ledger.h"
#include "store/store.h"
#include "support/world_screen.h"

#define DAY  INT64_C(86400000)
#define TALL 46
#define WIDE 150

static struct world world;

static void open_request(struct screen *screen)
{
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "CANDIDATE");
    screen_settle(screen);
}

/* What the box shows, its rows put together again. */
static char *boxed(struct screen *screen)
{
    struct assay_buf text = {0};
    for (int y = 0; y < TALL; y++) {
        const char *row = screen_text(screen, y), *bar = "\xe2\x94\x82";
        const char *from = strstr(row, bar);
        if (!from)
            continue;
        from += 3;
        const char *to = strstr(from, bar);
        if (!to || (!text.length && !strstr(from, "{\"_type\"")))
            continue;
        if (strstr(from, " digest ") == from)
            break;
        while (to > from && to[-1] == ' ')
            to--;
        assay_buf_add(&text, from + 1, to > from ? (size_t)(to - from - 1) : 0);
    }
    return assay_buf_take(&text);
}

/* Blanks at the ends of rows cannot be seen, so they are left out of the comparison. */
static void drop_blanks(char *text)
{
    char *to = text;
    for (; *text; text++)
        if (*text != ' ')
            *to++ = *text;
    *to = '\0';
}

static char *newest_record(void)
{
    struct assay_ledger *ledger = world_open(&world, "adm");
    const struct record *record = &ledger->records[ledger->count - 1];
    char *text = assay_strndup(record->bytes, record->length);
    assay_ledger_close(&ledger);
    return text;
}

/* Sends the draft that is there: the record is what the box showed. */
static void send(struct screen *screen, const char *says)
{
    size_t before = world_records(&world);
    screen_press(screen, "$", NULL);
    screen_wait(screen, "y signs exactly this");
    char *shown = boxed(screen);
    if (!strstr(shown, says))
        fail_msg("%s does not say %s", shown, says);
    world_quiet(&world);
    screen_press(screen, "y", NULL);
    screen_wait(screen, "signed and recorded");
    screen_settle(screen);
    assert_int_equal(world_records(&world), before + 1);
    char *record = newest_record();
    drop_blanks(shown);
    drop_blanks(record);
    assert_string_equal(shown, record);
    free(shown);
    free(record);
}

static void decide(struct screen *screen, const char *name, const char *words)
{
    char command[64];
    screen_press(screen, ":", NULL);
    snprintf(command, sizeof command, "decide %s", name);
    screen_type(screen, command);
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_type(screen, words);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "DRAFT");
    screen_settle(screen);
}

/* A world in which version 2 waits to become TARGET under POLICY; its request goes to ID. */
static void begin(const char *policy, const char *target, char id[17])
{
    world_start(&world, policy);
    world_request(&world, target, "lower loss", NULL, id);
}

/* PERSON before the request; ALL: it is decided, and the queue shows that when asked. */
static struct screen *sit(const char *person, bool all)
{
    world_only(&world, person);
    struct screen *screen = world_queue(&world, WIDE, TALL);
    if (all) {
        screen_press(screen, "f", NULL);
        screen_settle(screen);
    }
    open_request(screen);
    return screen;
}

static void leave(struct screen **screen)
{
    screen_close(screen);
    world_stop(&world);
}

/* ---- stances ---- */

static void abstain_and_changes(void **state)
{
    (void)state;
    char id[17];
    begin(WORLD_POLICY, "alias:champion", id);
    struct screen *screen = sit("val", false);
    decide(screen, "abstain", "");
    send(screen, "\"decision\":\"abstain\"");
    screen_assert_text(screen, "0 of 1 signed as validator");
    decide(screen, "comment", "where are the slices?");
    send(screen, "\"reason\":\"where are the slices?\"");
    screen_press(screen, "C", NULL);
    screen_type(screen, "add the slices");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "DRAFT   request-changes: add the slices");
    send(screen, "\"decision\":\"request-changes\"");
    screen_assert_text(screen, "CHANGES_REQUESTED");
    assert_int_equal(world_state(&world, id), ASSAY_STATE_CHANGES);
    screen_press(screen, "X", NULL);
    screen_type(screen, "no slices");
    screen_press(screen, "enter", NULL);
    send(screen, "\"decision\":\"reject\"");
    screen_assert_text(screen, "REJECTED   val: no slices");
    leave(&screen);
}

/* ---- conditions ---- */

static void conditions(void **state)
{
    (void)state;
    char id[17], text[120], due[32];
    begin(WORLD_POLICY, "alias:champion", id);
    struct screen *screen = sit("two", false);
    screen_press(screen, "+", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "a condition belongs to an approval");
    screen_press(screen, "A", NULL);
    screen_type(screen, "looks right");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "DRAFT   approve: looks right");
    screen_press(screen, "+", NULL);
    screen_wait(screen, "on condition that");
    screen_type(screen, "traffic below 10 % until soon");
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "soon: is no date such as");
    screen_press(screen, "ctrl+u", NULL);
    assay_time_text(due, assay_now_ms() + 2 * DAY);
    due[10] = '\0';
    snprintf(text, sizeof text, "traffic below 10 %% until %s", due);
    screen_type(screen, text);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "DRAFT   on condition that traffic below 10 %");
    send(screen, "\"text\":\"traffic below 10 %\"");
    screen_assert_text(screen, "not met yet");
    /* Met: the prompt names the condition already. */
    screen_press(screen, ":", NULL);
    screen_type(screen, "decide fulfil");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "the condition that is met: traffic below 10 %");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "DRAFT   fulfil: traffic below 10 %");
    send(screen, "\"decision\":\"fulfil\"");
    screen_assert_text(screen, "is met");
    screen_refute_text(screen, "not met yet");
    leave(&screen);
}

static void condition_past_due(void **state)
{
    (void)state;
    char id[17], text[120], due[32], now[32];
    struct assay_error err = {0};
    begin(WORLD_POLICY, "alias:champion", id);
    assay_time_text(due, assay_now_ms() + 2 * DAY);
    due[10] = '\0';
    snprintf(text, sizeof text, "traffic below 10 %% until %s", due);
    const char *conditions[] = {text};
    const struct assay_decision decision = {
        .verdict = ASSAY_APPROVE, .conditions = conditions, .condition_count = 1};
    struct assay_ledger *ledger = world_open(&world, "val");
    if (assay_request_decide(ledger, id, &decision, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_ledger_close(&ledger);
    assert_int_equal(world_decide(&world, "app", id, ASSAY_APPROVE, &err), ASSAY_OK);
    assert_int_equal(world_apply(&world, id, &err), ASSAY_OK);
    snprintf(now, sizeof now, "%lld", (long long)(assay_now_ms() + 3 * DAY));
    setenv("ASSAY_NOW_MS", now, 1);
    struct screen *screen = sit("app", true);
    screen_assert_text(screen, "OVERDUE: v revoke, or v fulfil");
    screen_assert_text(screen, "is overdue: revoke, or say that it is met");
    decide(screen, "revoke", "traffic was never limited");
    send(screen, "\"decision\":\"revoke\"");
    screen_assert_text(screen, "REVOKED");
    leave(&screen);
}

/* ---- a vote handed on ---- */

static void delegation(void **state)
{
    (void)state;
    char id[17];
    begin(WORLD_POLICY "[delegation]\nallowed = yes\n", "alias:champion", id);
    struct screen *screen = sit("val", false);
    /* To nobody known: said before anything is signed, and the draft stays to be taken back. */
    decide(screen, "delegate", "reviewer on leave");
    screen_assert_text(screen, "DRAFT   delegate to reviewer: on leave");
    screen_press(screen, "$", NULL);
    screen_wait(screen, "reviewer: nobody of this ledger is called that");
    screen_settle(screen);
    screen_press(screen, "u", NULL);
    decide(screen, "delegate", "brk on leave");
    send(screen, "\"person\":\"brk\"");
    screen_assert_text(screen, "handed the vote to somebody else");
    leave(&screen);
}

/* ---- broken glass, and back ---- */

static void override(void **state)
{
    (void)state;
    char id[17];
    begin(WORLD_POLICY, "alias:champion", id);
    struct screen *screen = sit("brk", false);
    decide(screen, "override", "the old one is down");
    send(screen, "\"decision\":\"override\"");
    screen_assert_text(screen, "THE GLASS WAS BROKEN");
    screen_assert_text(screen, "APPROVED   brk broke the glass: not all that the policy asks");
    screen_press(screen, "a", NULL);
    screen_wait(screen, "y applies it");
    world_quiet(&world);
    screen_press(screen, "y", NULL);
    screen_wait(screen, "applied and recorded");
    assert_int_equal(world_state(&world, id), ASSAY_STATE_APPLIED);
    leave(&screen);
}

/* What follows an application and fails is said, and the application stands. */
static void followed(void **state)
{
    (void)state;
    char id[17], config[400];
    struct assay_error err = {0};
    begin(WORLD_POLICY, "alias:champion", id);
    world_write(&world, "config.ini",
                "[after deploy]\ncommand = /bin/cat /nowhere/at/all\n"
                "[after second]\ncommand = /bin/true\n");
    snprintf(config, sizeof config, "%s/config.ini", world.directory);
    setenv("ASSAY_CONFIG", config, 1);
    assert_int_equal(world_decide(&world, "brk", id, ASSAY_OVERRIDE, &err), ASSAY_OK);
    struct screen *screen = sit("val", true);
    screen_press(screen, "a", NULL);
    screen_wait(screen, "y applies it");
    world_quiet(&world);
    screen_press(screen, "y", NULL);
    screen_wait(screen, "applied and recorded, but after deploy: /bin/cat: exit status 1");
    screen_settle(screen);
    screen_assert_text(screen, "APPLIED");
    screen_press(screen, "!", NULL);
    screen_wait(screen, "but after deploy");
    assert_int_equal(world_state(&world, id), ASSAY_STATE_APPLIED);
    unsetenv("ASSAY_CONFIG");
    leave(&screen);
}

static void ratify_and_roll_back(void **state)
{
    (void)state;
    char id[17], champion[24];
    struct assay_error err = {0};
    begin(WORLD_POLICY, "alias:champion", id);
    assert_int_equal(world_decide(&world, "brk", id, ASSAY_OVERRIDE, &err), ASSAY_OK);
    assert_int_equal(world_apply(&world, id, &err), ASSAY_OK);
    struct screen *screen = sit("val", true);
    screen_assert_text(screen, "YOU MAY   review the override (v ratify)");
    screen_assert_text(screen, "fraud 2 to alias:champion   then 1");
    decide(screen, "ratify", "it was right");
    send(screen, "\"decision\":\"ratify\"");
    screen_press(screen, "B", NULL);
    screen_wait(screen, "ROLL BACK: ask for what was there before");
    screen_type(screen, "latency doubled");
    screen_press(screen, "enter", "enter", "enter", NULL);
    screen_wait(screen, "y signs and asks");
    world_quiet(&world);
    screen_press(screen, "y", NULL);
    screen_wait(screen, "asked and signed: request ");
    screen_settle(screen);
    assert_string_equal(world_champion(&world, champion), "2");
    screen_press(screen, "q", NULL);
    screen_wait(screen, "latency doubled");
    screen_assert_text(screen, "fraud 1");
    leave(&screen);
}

/* ---- a plan ---- */

static void staged_plan(void **state)
{
    (void)state;
    char id[17];
    begin("[policy]\nname = canary\ntargets = alias:canary\n[clause validator]\n"
          "count = 1\n[plan]\nafter = alias:shadow\nfor = 1h\n",
          "alias:canary", id);
    struct screen *screen = sit("val", false);
    /* That it is not its turn yet is to be seen before anything is decided, also on a small one. */
    screen_resize(screen, 80, 24);
    screen_wait(screen, "ITS TURN   comes after alias:shadow: the version was not there yet");
    screen_press(screen, "q", NULL);
    screen_wait(screen, "0/1 later");
    screen_assert_text(screen, "its turn comes after alias:shadow: the version was not there yet");
    screen_resize(screen, WIDE, TALL);
    screen_settle(screen);
    open_request(screen);
    screen_press(screen, "A", "enter", NULL);
    screen_wait(screen, "DRAFT   approve");
    send(screen, "\"decision\":\"approve\"");
    screen_refute_text(screen, "ITS TURN");
    screen_assert_text(screen, "PENDING   after alias:shadow: the version was not there yet");
    screen_press(screen, "a", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "it is PENDING: only what is approved can be applied");
    leave(&screen);
}

/* ---- what can be sent ---- */

static void draft_approval(const char *id)
{
    struct assay_ledger *ledger = world_open(&world, "val");
    struct assay_error err = {0};
    const struct assay_request *r = NULL;
    assert_int_equal(assay_ledger_find(ledger, id, &r, &err), ASSAY_OK);
    const struct assay_draft draft = {
        .request = id, .binding = r->binding, .verdict = ASSAY_APPROVE};
    assert_int_equal(assay_draft_set(ledger, &draft, &err), ASSAY_OK);
    assay_ledger_close(&ledger);
}

/* How many can be sent is never cut, and counts none that would not count. */
static void drafts_that_can_go(void **state)
{
    (void)state;
    char id[17], now[32];
    begin(WORLD_POLICY, "alias:champion", id);
    draft_approval(id);
    world_only(&world, "val");
    struct screen *screen = world_queue(&world, 80, 24);
    screen_press(screen, "f", NULL);
    screen_wait(screen, "and closed");
    screen_assert_text(screen, "1 draft to send [$]");
    screen_close(&screen);
    snprintf(now, sizeof now, "%lld", (long long)(assay_now_ms() + 30 * DAY));
    setenv("ASSAY_NOW_MS", now, 1);
    screen = world_queue(&world, 80, 24);
    screen_press(screen, "f", NULL);
    screen_wait(screen, "EXPIRED");
    screen_refute_text(screen, "to send");
    screen_assert_text(screen, "draft: approve (the request is closed: it would not count)");
    screen_press(screen, "$", NULL);
    screen_wait(screen, "1 draft is on a request that is closed, and would not count");
    screen_refute_text(screen, "y signs exactly this");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "the request is closed: it would not count; u drops it");
    unsetenv("ASSAY_NOW_MS");
    leave(&screen);
}

/* What stands among the gates does not stand among what else is needed, nor in its number. */
static void needs_without_gates(void **state)
{
    (void)state;
    char id[17];
    begin(WORLD_POLICY, "alias:champion", id);
    struct screen *screen = sit("val", false);
    int row, column, rows = 0;
    size_t all = 0;
    assert_true(screen_find(screen, "NEEDS   ", &row, &column));
    const char *of = strstr(strstr(screen_text(screen, row), "NEEDS"), " of ");
    all = (size_t)strtoul(of + 4, NULL, 10);
    while (!strstr(screen_text(screen, row + 1 + rows), "MAY SIGN"))
        rows++;
    assert_int_equal(rows, all);
    screen_assert_text(screen, "GATES   2 of 2");
    leave(&screen);
}

/* ---- what was written down is never lost ---- */

/* The reason of val's draft as the store has it, and whether the one piece of evidence is
   marked as seen. */
static char *noted(bool *seen)
{
    struct assay_ledger *ledger = world_open(&world, "val");
    const struct assay_request *const *requests;
    const struct assay_draft *drafts;
    char *reason = NULL;
    if (assay_ledger_drafts(ledger, &drafts) == 1)
        reason = assay_strdup(drafts[0].reason);
    assert_int_equal(assay_ledger_requests(ledger, &requests), 1);
    *seen = requests[0]->evidence_count == 1 && requests[0]->evidence[0].seen;
    assay_ledger_close(&ledger);
    return reason;
}

/* Enter, and the key that ends the program, in one piece. */
static void ended_at_once(void **state)
{
    (void)state;
    char id[17];
    bool seen;
    world_start(&world, WORLD_POLICY);
    world_write(&world, "report.txt", "one line\n");
    world_request(&world, "alias:champion", "lower loss", NULL, id);
    struct screen *screen = sit("val", false);
    screen_press(screen, "space", NULL);
    screen_wait(screen, "all of it was shown");
    screen_press(screen, "A", NULL);
    screen_wait(screen, "approve, because:");
    screen_type(screen, "looked at all");
    screen_send(screen, "\r \x03", 3);
    assert_int_equal(screen_end(screen), 0);
    char *reason = noted(&seen);
    assert_non_null(reason);
    assert_string_equal(reason, "looked at all");
    assert_true(seen);
    free(reason);
    leave(&screen);
}

/* While somebody else writes the store the screen goes on; what was noted comes after them. */
static void store_that_is_busy(void **state)
{
    (void)state;
    char id[17];
    bool seen;
    struct store *store = NULL;
    struct assay_error err = {0};
    begin(WORLD_POLICY, "alias:champion", id);
    struct screen *screen = sit("val", false);
    screen_press(screen, "A", NULL);
    screen_wait(screen, "approve, because:");
    screen_type(screen, "the first");
    assert_int_equal(store_open(&store, world.store, STORE_LOCAL, false, &err), ASSAY_OK);
    assert_int_equal(store_begin(store, &err), ASSAY_OK);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "DRAFT   approve: the first");
    store_rollback(store);
    store_close(&store);
    screen_send(screen, "\x03", 1);
    assert_int_equal(screen_end(screen), 0);
    char *reason = noted(&seen);
    assert_non_null(reason);
    assert_string_equal(reason, "the first");
    free(reason);
    leave(&screen);
}

/* ---- evidence ---- */

/* Val before the first of a report that is longer than the screen. */
static struct screen *before_report(void)
{
    char id[17];
    struct assay_buf text = {0};
    world_start(&world, WORLD_POLICY);
    for (int i = 1; i <= 90; i++)
        assay_buf_format(&text, "line %d of the report\n", i);
    assay_buf_text_add(&text, "the END of it\n");
    world_write(&world, "report.txt", assay_buf_text(&text));
    assay_buf_free(&text);
    world_request(&world, "alias:champion", "lower loss", NULL, id);
    struct screen *screen = sit("val", false);
    screen_press(screen, "space", NULL);
    screen_wait(screen, "line 1 of the report");
    screen_settle(screen);
    return screen;
}

static void seen_when_all_was_shown(void **state)
{
    (void)state;
    int row, column;
    struct screen *screen = before_report();
    /* Closed before its end: not seen. */
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "[ ] report.txt");
    /* To the end at once: what was jumped over was not looked at. */
    screen_press(screen, "space", NULL);
    screen_wait(screen, "line 1 of the report");
    screen_press(screen, "G", NULL);
    screen_settle(screen);
    screen_press(screen, "space", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "line 60 of the report");
    screen_refute_text(screen, "[x] report.txt");
    /* Space goes on until all of it was there; then it is seen. */
    for (int i = 0; i < 6 && !screen_find(screen, "all evidence is seen", &row, &column); i++) {
        screen_press(screen, "space", NULL);
        screen_settle(screen);
    }
    screen_assert_text(screen, "all evidence is seen");
    screen_press(screen, "g", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "EVIDENCE   1 of 1 seen");
    leave(&screen);
}

/* What was on the screen was looked at, also where the window is another size afterwards. */
static void resized_is_still_shown(void **state)
{
    (void)state;
    int row, column;
    struct screen *screen = before_report();
    for (int i = 0; i < 6 && !screen_find(screen, "the END of it", &row, &column); i++) {
        screen_press(screen, "space", NULL);
        screen_settle(screen);
    }
    screen_assert_text(screen, "the END of it");
    screen_resize(screen, WIDE - 30, TALL - 10);
    screen_settle(screen);
    screen_press(screen, "space", NULL);
    screen_wait(screen, "all evidence is seen");
    leave(&screen);
}

/* What cannot be shown is not marked: not by keys, however many. */
static void not_shown_not_seen(void **state)
{
    (void)state;
    char id[17];
    world_start(&world, WORLD_POLICY);
    world_write(&world, "report.txt", "\xff\xfe no text\n");
    world_request(&world, "alias:champion", "lower loss", NULL, id);
    struct screen *screen = sit("val", false);
    screen_press(screen, "space", NULL);
    screen_wait(screen, "not all of it can be shown here");
    screen_settle(screen);
    screen_assert_text(screen, "all, and marked as seen: assay review ");
    screen_press(screen, "space", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "some evidence was not shown whole");
    screen_assert_text(screen, "[ ] report.txt");
    leave(&screen);
}

/* Who may break the glass is told so, and is not asked to review what they did themselves. */
static void the_breaker(void **state)
{
    (void)state;
    char id[17];
    begin(WORLD_POLICY, "alias:champion", id);
    struct screen *screen = sit("brk", true);
    screen_assert_text(screen, "YOU MAY   break the glass (v override)");
    decide(screen, "override", "an outage");
    send(screen, "\"decision\":\"override\"");
    screen_wait(screen, "THE GLASS WAS BROKEN");
    screen_press(screen, "a", NULL);
    screen_wait(screen, "y applies it");
    world_quiet(&world);
    screen_press(screen, "y", NULL);
    screen_wait(screen, "APPLIED");
    screen_wait(screen, "ask for what was there before (B)");
    screen_refute_text(screen, "review the override (v ratify)");
    leave(&screen);
}

/* ---- what is offered is what can be done ---- */

static void no_verdict_offered(struct screen *screen)
{
    screen_settle(screen);
    screen_refute_text(screen, "A approve");
    screen_refute_text(screen, "X reject");
    screen_refute_text(screen, "C changes");
}

/* What is closed takes no vote, whoever looks, and who asked for it asks for it no more. */
static void closed_offers_no_vote(void **state)
{
    static const char *const persons[] = {"app", "rex"};
    (void)state;
    char id[17];
    struct assay_error err = {0};
    for (size_t i = 0; i < 2; i++) {
        begin(WORLD_POLICY, "alias:champion", id);
        assert_int_equal(world_decide(&world, "val", id, ASSAY_REJECT, &err), ASSAY_OK);
        struct screen *screen = sit(persons[i], true);
        screen_assert_text(screen, "YOU MAY   comment (v): it is closed");
        screen_press(screen, "G", NULL);
        screen_wait(screen, "COULD SIGN");
        screen_assert_text(screen, "app (approver)   could");
        screen_press(screen, "g", NULL);
        screen_assert_text(screen, "v other");
        no_verdict_offered(screen);
        screen_refute_text(screen, "Q ask");
        leave(&screen);
    }
}

/* What was begun is there to be finished. */
static void begun_offers_to_apply(void **state)
{
    (void)state;
    char id[17];
    begin(WORLD_POLICY, "alias:champion", id);
    world_approve(&world, id);
    world_begin(&world, id);
    struct screen *screen = sit("app", false);
    screen_assert_text(screen, "APPLYING");
    screen_assert_text(screen, "a apply");
    no_verdict_offered(screen);
    leave(&screen);
}

/* Neither who had a part in it nor who has no role in the policy. */
static void strangers_are_offered_comments(void **state)
{
    (void)state;
    char id[17];
    begin(WORLD_POLICY, "alias:champion", id);
    struct screen *screen = sit("adm", false);
    screen_assert_text(screen, "YOU MAY   comment (v): the policy asks for no role of yours");
    screen_assert_text(screen, "v other");
    no_verdict_offered(screen);
    leave(&screen);
}

/* Where a policy names who applies, nobody else is told that they may. */
static void applied_by_a_role(void **state)
{
    (void)state;
    char id[17], policy[2000];
    snprintf(policy, sizeof policy, "[policy]\nname = prod\ntargets = alias:*\n"
             "apply-role = validator\n%s", strstr(WORLD_POLICY, "[clause"));
    begin(policy, "alias:champion", id);
    world_approve(&world, id);
    struct screen *screen = sit("app", false);
    screen_assert_text(screen, "applying it is for who has the role validator");
    screen_assert_text(screen, "YOU MAY   withdraw your decision");
    screen_refute_text(screen, "a apply");
    leave(&screen);
    begin(policy, "alias:champion", id);
    world_approve(&world, id);
    screen = sit("val", false);
    screen_assert_text(screen, "YOU MAY   apply it with a");
    screen_assert_text(screen, "a apply");
    leave(&screen);
}

static void register_third(void)
{
    char version[24];
    struct assay_error err = {0};
    const char *path = world.model;
    const struct assay_registration what = {.model = "fraud", .paths = &path, .path_count = 1};
    struct assay_ledger *ledger = world_open(&world, "rex");
    assert_int_equal(assay_model_register(ledger, &what, version, &err), ASSAY_OK);
    assert_string_equal(version, "3");
    assay_ledger_close(&ledger);
}

/* Where the champion has moved since, the page says where it is, and offers no applying: that
   would be refused. */
static void champion_moved(void **state)
{
    static const char *const persons[] = {"rex", "app"};
    (void)state;
    char id[17];
    for (size_t i = 0; i < 2; i++) {
        begin(WORLD_POLICY, "alias:champion", id);
        world_approve(&world, id);
        register_third();
        world_move_champion(&world, 1, 3);
        struct screen *screen = sit(persons[i], false);
        screen_wait(screen, "the champion is 3 now");
        screen_assert_text(screen, "fraud 2 to alias:champion   now 3");
        screen_assert_text(screen, i ? "its requester has to ask anew" : "asking anew compares");
        screen_assert_text(screen, i ? "W withdraw" : "Q ask");
        screen_refute_text(screen, "a apply");
        screen_refute_text(screen, "YOU MAY   apply");
        leave(&screen);
    }
}

/* Once somebody has reviewed an override, nobody is asked to do it again; the rows that it
   overrode stand under the others. */
static void overridden_rows(void **state)
{
    (void)state;
    char id[17];
    struct assay_error err = {0};
    int row, column[2];
    begin(WORLD_POLICY, "alias:champion", id);
    assert_int_equal(world_decide(&world, "brk", id, ASSAY_OVERRIDE, &err), ASSAY_OK);
    assert_int_equal(world_apply(&world, id, &err), ASSAY_OK);
    assert_int_equal(world_decide(&world, "val", id, ASSAY_RATIFY, &err), ASSAY_OK);
    struct screen *screen = sit("app", true);
    screen_refute_text(screen, "review the override");
    screen_assert_text(screen, "OVERRIDDEN: 0 of 1 signed as validator");
    assert_true(screen_find(screen, "OVERRIDDEN: 0 of 1 signed as validator", &row, &column[0]));
    assert_true(screen_find(screen, "everybody who had a part is known", &row, &column[1]));
    assert_int_equal(column[0], column[1]);
    assert_true(screen_find(screen, "clause validator", &row, &column[0]));
    assert_true(screen_find(screen, "separation", &row, &column[1]));
    assert_int_equal(column[0], column[1]);
    leave(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(abstain_and_changes),
        cmocka_unit_test(conditions),
        cmocka_unit_test(condition_past_due),
        cmocka_unit_test(delegation),
        cmocka_unit_test(override),
        cmocka_unit_test(followed),
        cmocka_unit_test(ratify_and_roll_back),
        cmocka_unit_test(the_breaker),
        cmocka_unit_test(closed_offers_no_vote),
        cmocka_unit_test(begun_offers_to_apply),
        cmocka_unit_test(strangers_are_offered_comments),
        cmocka_unit_test(applied_by_a_role),
        cmocka_unit_test(champion_moved),
        cmocka_unit_test(overridden_rows),
        cmocka_unit_test(staged_plan),
        cmocka_unit_test(drafts_that_can_go),
        cmocka_unit_test(needs_without_gates),
        cmocka_unit_test(ended_at_once),
        cmocka_unit_test(store_that_is_busy),
        cmocka_unit_test(seen_when_all_was_shown),
        cmocka_unit_test(resized_is_still_shown),
        cmocka_unit_test(not_shown_not_seen),
    };
    return cmocka_run_group_tests_name("decide screen", tests, NULL, NULL);
}
