/*
 * The screen of one request and those around it: candidate against champion, what changed since
 * my decision, the outbox, stepping through what is unseen, applying, writing a request, and
 * what is shown where there is nothing or something is broken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/local.h>
#include <assay/memory.h>

#include "approval/ledger.h"
#include "support/world_screen.h"

static struct world world;

/* ---- the page ---- */

static void candidate_against_champion(void **state)
{
    (void)state;
    char id[17];
    world_start(&world, WORLD_POLICY);
    world_write(&world, "report.txt", "AUC 0.91\n");
    world_request(
        &world, "alias:champion",
        "words that are longer than the page is wide, so that they must go on in the next row "
        "of it and nothing of what the requester says is cut away at the END",
        NULL, id);
    world_only(&world, "val");
    struct screen *screen = world_queue(&world, 100, 50);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "CANDIDATE AGAINST CHAMPION   version 2 against 1");
    screen_settle(screen);
    screen_assert_text(screen, "at the END");
    screen_assert_text(screen, "YOU MAY   approve, reject or ask for changes, as validator");
    screen_assert_text(screen, "loss");
    screen_assert_text(screen, "-0.05 (-11.11 %)  better");
    screen_assert_text(screen, "no interval: there are not several runs of both");
    screen_assert_text(screen, "weights.bin: ");
    screen_assert_text(screen, "files: 1 differ, 1 are the same");
    screen_assert_text(screen, "params, data, code: ");
    screen_assert_text(screen, "EVIDENCE   0 of 1 seen");
    screen_assert_text(screen, "at the local registry");
    screen_press(screen, "d", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "you have not decided on this request yet");
    screen_press(screen, "G", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "POLICY   prod version 1");
    screen_assert_text(screen, "metric = loss");
    screen_assert_text(screen, "run-owner        rex (rex, as rex-os)");
    screen_assert_text(screen, "space next unseen");
    screen_press(screen, "p", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "the two have no curve of one metric");
    screen_press(screen, "c", NULL);
    screen_wait(screen, "no metric here has more than one point");
    screen_assert_text(screen, "baseline");
    screen_press(screen, "q", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "POLICY   prod version 1");
    screen_resize(screen, 60, 16);
    screen_settle(screen);
    screen_assert_text(screen, "digest ");
    screen_close(&screen);
    world_stop(&world);
}

static void changed_since_my_vote(void **state)
{
    (void)state;
    struct assay_error err = {0};
    char id[17], again[17];
    world_start(&world, WORLD_POLICY);
    world_write(&world, "report.txt", "AUC 0.91\n");
    world_request(&world, "alias:champion", "lower loss", NULL, id);
    assert_int_equal(world_decide(&world, "val", id, ASSAY_REQUEST_CHANGES, &err), ASSAY_OK);
    world_write(&world, "report.txt", "AUC 0.92, slices too\n");
    world_request(&world, "alias:champion", "lower loss, with slices", id, again);
    assert_string_equal(id, again);
    world_only(&world, "val");
    struct screen *screen = world_queue(&world, 140, 50);
    screen_assert_text(screen, "1 waits for you");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "CANDIDATE AGAINST CHAMPION");
    screen_settle(screen);
    screen_assert_text(screen, "SINCE YOUR LAST DECISION   request-changes, ");
    screen_assert_text(screen, "on revision 1; 1 record since");
    screen_assert_text(screen, "evidence report.txt was replaced: ");
    screen_assert_text(screen, "the words are others: lower loss, with slices");
    screen_assert_text(screen, "what you decided on is not what there is now");
    screen_press(screen, "j", "d", NULL);
    screen_settle(screen);
    assert_non_null(strstr(screen_text(screen, 1), "SINCE YOUR LAST DECISION"));
    screen_close(&screen);
    world_stop(&world);
}

/* Space: evidence of this request, then the next request that waits, then no more. */
static void next_unseen_thing(void **state)
{
    (void)state;
    char id[17];
    world_start(&world, WORLD_POLICY);
    world_write(&world, "report.txt", "first of two\n");
    world_request(&world, "alias:champion", "lower loss", NULL, id);
    world_request(&world, "alias:shadow", "to try it", NULL, id);
    world_only(&world, "val");
    struct screen *screen = world_queue(&world, 120, 34);
    screen_assert_text(screen, "2 wait for you");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "CANDIDATE AGAINST CHAMPION");
    screen_settle(screen);
    screen_assert_text(screen, "fraud 2 to alias:champion");
    screen_press(screen, "space", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "first of two");
    screen_press(screen, "space", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "all evidence is seen");
    screen_press(screen, "space", NULL);
    screen_wait(screen, "fraud 2 to alias:shadow");
    screen_wait(screen, "CANDIDATE   nothing is at alias:shadow yet");
    screen_press(screen, "K", NULL);
    screen_wait(screen, "fraud 2 to alias:champion");
    screen_settle(screen);
    screen_press(screen, "K", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "this is the first one");
    screen_close(&screen);
    world_stop(&world);
}

/* ---- the outbox ---- */

static void draft(struct screen *screen, const char *because)
{
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "YOU MAY");
    screen_press(screen, "A", NULL);
    screen_wait(screen, "approve, because:");
    screen_type(screen, because);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "DRAFT");
    screen_settle(screen);
    screen_press(screen, "q", NULL);
    screen_wait(screen, "APPROVALS");
    screen_settle(screen);
}

static void one_by_one(void **state)
{
    (void)state;
    char first[17], second[17], third[17];
    world_start(&world, WORLD_POLICY);
    world_request(&world, "alias:champion", "one", NULL, first);
    world_request(&world, "alias:shadow", "two", NULL, second);
    world_request(&world, "alias:canary", "three", NULL, third);
    world_only(&world, "val");
    struct screen *screen = world_queue(&world, 120, 34);
    draft(screen, "looked");
    screen_press(screen, "j", NULL);
    draft(screen, "looked too");
    screen_assert_text(screen, "2 drafts to send [$]");
    size_t before = world_records(&world);
    screen_press(screen, "$", NULL);
    screen_wait(screen, "1 of 2 drafts");
    screen_wait(screen, "y signs exactly this");
    world_quiet(&world);
    screen_press(screen, "y", NULL);
    screen_wait(screen, "2 of 2 drafts");
    screen_wait(screen, "y signs exactly this");
    assert_int_equal(world_records(&world), before + 1);
    /* Held down, the y of the first does not sign the second. */
    screen_type(screen, "yyyyyyyy");
    assert_int_equal(world_records(&world), before + 1);
    screen_assert_text(screen, "2 of 2 drafts");
    world_quiet(&world);
    screen_press(screen, "y", NULL);
    screen_wait(screen, "2 signed and recorded");
    screen_settle(screen);
    assert_int_equal(world_records(&world), before + 2);
    screen_assert_text(screen, "1 waits for you");
    screen_close(&screen);
    world_stop(&world);
}

/* Two versions of a model whose name has no room do not look the same, and what state they are in
   is a whole word however narrow it is. */
static void narrow_rows(void **state)
{
    (void)state;
    char id[2][17], version[24];
    struct assay_error err = {0};
    world_start(&world, WORLD_POLICY);
    const char *path = world.model;
    struct assay_ledger *ledger = world_open(&world, "rex");
    for (size_t i = 0; i < 2; i++) {
        const struct assay_registration what = {
            .model = "credit-risk-scorer-of-2026", .paths = &path, .path_count = 1};
        assert_int_equal(assay_model_register(ledger, &what, version, &err), ASSAY_OK);
        const struct assay_request_options options = {.model = what.model,
                                                      .version = version,
                                                      .target = i ? "alias:a" : "alias:b",
                                                      .words = "fairer"};
        assert_int_equal(assay_request_send(ledger, &options, id[i], &err), ASSAY_OK);
    }
    assay_ledger_close(&ledger);
    assert_int_equal(world_decide(&world, "app", id[1], ASSAY_REQUEST_CHANGES, &err), ASSAY_OK);
    world_only(&world, "val");
    struct screen *screen = world_queue(&world, 140, 34);
    screen_assert_text(screen, "credit-risk-scorer-of… 1 ");
    screen_assert_text(screen, "credit-risk-scorer-of… 2 ");
    screen_assert_text(screen, " CHANGES ASKED ");
    screen_resize(screen, 80, 24);
    screen_wait(screen, "credit-risk… 1 ");
    screen_assert_text(screen, "credit-risk… 2 ");
    screen_assert_text(screen, " CHANGES ASKED ");
    screen_resize(screen, 60, 20);
    screen_wait(screen, " CHANGES ");
    screen_assert_text(screen, "credit-risk… 2 ");
    screen_close(&screen);
    world_stop(&world);
}

/* A draft on a request that has changed is not sent, and says so. */
static void old_draft(void **state)
{
    (void)state;
    char id[17], again[17];
    struct assay_error err = {0};
    world_start(&world, WORLD_POLICY);
    world_request(&world, "alias:champion", "one", NULL, id);
    struct assay_ledger *ledger = NULL;
    const struct assay_request *r = NULL;
    assert_int_equal(world_try_open(&world, world.store, "val", &ledger, &err), ASSAY_OK);
    assert_int_equal(assay_ledger_find(ledger, id, &r, &err), ASSAY_OK);
    assert_int_equal(assay_draft_set(ledger,
                                     &(struct assay_draft){.request = id,
                                                           .binding = r->binding,
                                                           .verdict = ASSAY_APPROVE},
                                     &err),
                     ASSAY_OK);
    assay_ledger_close(&ledger);
    world_write(&world, "report.txt", "evidence that came later\n");
    world_request(&world, "alias:champion", "one", id, again);
    world_only(&world, "val");
    struct screen *screen = world_queue(&world, 120, 34);
    size_t before = world_records(&world);
    screen_press(screen, "$", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "1 draft is on a request that has changed since");
    screen_refute_text(screen, "y signs exactly this");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "written on an older revision");
    screen_press(screen, "$", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "the request has changed since the draft was written");
    assert_int_equal(world_records(&world), before);
    screen_close(&screen);
    world_stop(&world);
}

static void withdrawal(void **state)
{
    (void)state;
    struct assay_error err = {0};
    char id[17];
    world_start(&world, WORLD_POLICY);
    world_request(&world, "alias:champion", "one", NULL, id);
    assert_int_equal(world_decide(&world, "val", id, ASSAY_APPROVE, &err), ASSAY_OK);
    world_only(&world, "val");
    struct screen *screen = world_queue(&world, 120, 44);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "YOU MAY   withdraw your decision: you have signed");
    screen_assert_text(screen, "J next"); /* there is no evidence to step through */
    screen_refute_text(screen, "next unseen");
    screen_assert_text(screen, "1 of 1 signed as validator");
    screen_press(screen, "W", NULL);
    screen_type(screen, "too early");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "DRAFT   withdraw: too early");
    screen_assert_text(screen, "$ send");
    screen_refute_text(screen, "next unseen");
    screen_press(screen, "$", NULL);
    screen_wait(screen, "y signs exactly this");
    world_quiet(&world);
    screen_press(screen, "y", NULL);
    screen_wait(screen, "signed and recorded");
    screen_wait(screen, "0 of 1 signed as validator");
    screen_assert_text(screen, "too early");
    screen_close(&screen);
    world_stop(&world);
}

static void applying(void **state)
{
    (void)state;
    char id[17], champion[24];
    world_start(&world, WORLD_POLICY);
    world_request(&world, "alias:champion", "one", NULL, id);
    world_only(&world, "rex");
    struct screen *screen = world_queue(&world, 120, 34);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "YOU MAY   ask anew (Q), withdraw it (W): you asked for it");
    screen_press(screen, "a", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "it is PENDING: only what is approved can be applied");
    screen_close(&screen);
    world_stop(&world);

    world_start(&world, WORLD_POLICY);
    world_request(&world, "alias:champion", "one", NULL, id);
    world_approve(&world, id);
    world_only(&world, "rex");
    screen = world_queue(&world, 120, 34);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "YOU MAY   apply it with a: alias:champion then points at 2");
    screen_press(screen, "a", NULL);
    screen_wait(screen, "y applies it");
    screen_assert_text(screen, "moves from 1 to version 2");
    world_quiet(&world);
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    assert_string_equal(world_champion(&world, champion), "1");
    screen_press(screen, "a", NULL);
    screen_wait(screen, "y applies it");
    world_quiet(&world);
    screen_press(screen, "y", NULL);
    screen_wait(screen, "applied and recorded");
    assert_string_equal(world_champion(&world, champion), "2");
    screen_close(&screen);
    world_stop(&world);
}

/* ---- writing a request ---- */

static void asking_from_a_run(void **state)
{
    (void)state;
    world_start(&world, WORLD_POLICY);
    world_write(&world, "report.txt", "AUC 0.91\n");
    world_only(&world, "rex");
    struct screen *screen = world_workbench(&world, world.store, true, 120, 34);
    size_t before = world_records(&world);
    char *report = world_path(&world, "report.txt");
    screen_press(screen, "l", "Q", NULL);
    screen_wait(screen, "ASK FOR APPROVAL");
    screen_assert_text(screen, "in the local registry; from 1 run: ");
    screen_type(screen, "score");
    screen_press(screen, "enter", "enter", NULL);
    screen_type(screen, "/no/such/folder");
    screen_press(screen, "enter", NULL);
    screen_type(screen, "alias:champion");
    screen_press(screen, "enter", NULL);
    screen_type(screen, "the first of its kind");
    screen_press(screen, "enter", NULL);
    screen_type(screen, report);
    screen_press(screen, "enter", "enter", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "cannot be read: /no/such/folder");
    screen_press(screen, "ctrl+u", NULL);
    screen_type(screen, world.model);
    for (int i = 0; i < 5; i++)
        screen_press(screen, "enter", NULL);
    screen_wait(screen, "y signs and asks");
    /* What is held down, pasted or pressed out of habit signs nothing. */
    screen_type(screen, "yyyy");
    screen_send(screen, "\x1b[200~y\x1b[201~", 13);
    screen_settle(screen);
    screen_assert_text(screen, "y signs and asks");
    world_quiet(&world);
    screen_press(screen, "enter", NULL);
    screen_settle(screen);
    screen_refute_text(screen, "y signs and asks");
    assert_int_equal(world_records(&world), before);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "y signs and asks");
    world_quiet(&world);
    screen_press(screen, "y", NULL);
    screen_wait(screen, "asked and signed: request ");
    screen_settle(screen);
    assert_int_equal(world_records(&world), before + 1);
    screen_press(screen, "A", NULL);
    screen_wait(screen, "score 1");
    screen_assert_text(screen, "the first of its kind");
    free(report);
    screen_close(&screen);
    world_stop(&world);
}

/* ---- nothing there, something broken ---- */

static void broken_and_empty(void **state)
{
    (void)state;
    world_start(&world, WORLD_POLICY);
    char *bad = world_path(&world, "bad.db"), *none = world_path(&world, "none.db");
    struct assay_buf rubbish = {0};
    for (int i = 0; i < 1000; i++)
        assay_buf_text_add(&rubbish, "rubbish ");
    world_write(&world, "bad.db", assay_buf_text(&rubbish));
    assay_buf_free(&rubbish);
    struct screen *screen = world_workbench(&world, bad, true, 100, 24);
    screen_press(screen, "A", NULL);
    screen_wait(screen, "The ledger cannot be read, so nothing can be decided:");
    screen_press(screen, "j", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "bad.db");
    screen_assert_text(screen, "assay doctor");
    screen_close(&screen);

    screen = world_workbench(&world, none, true, 100, 24);
    screen_press(screen, "A", NULL);
    screen_wait(screen, "There is no ledger yet");
    screen_assert_text(screen, "assay keys add YOU");
    screen_close(&screen);

    screen = world_workbench(&world, world.store, true, 100, 24);
    screen_press(screen, "A", NULL);
    screen_wait(screen, "Nothing waits.");
    screen_close(&screen);

    char id[17];
    world_request(&world, "alias:champion", "one", NULL, id);
    screen = world_workbench(&world, world.store, false, 100, 30);
    screen_press(screen, "A", NULL);
    screen_wait(screen, "you can look, not sign");
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "YOU MAY   only look");
    screen_close(&screen);
    free(bad);
    free(none);
    world_stop(&world);
}

/* ---- T18: words, reasons, names and lines of evidence cannot paint ---- */

static void nothing_paints(void **state)
{
    (void)state;
    struct assay_error err = {0};
    char id[17];
    world_start(&world, WORLD_POLICY);
    world_write(&world, "report.txt",
                "\x1b[2J\x1b[31mAPPROVED\x1b]52;c;aGk=\x07\n\xe2\x80\xae"
                "desrever\nplain\n");
    world_request(&world, "alias:champion", "fine\r\nSIGNED \x1b[1A\x1b[2K", NULL, id);
    struct assay_ledger *ledger = NULL;
    assert_int_equal(world_try_open(&world, world.store, "two", &ledger, &err), ASSAY_OK);
    const struct assay_decision decision = {.verdict = ASSAY_COMMENT,
                                            .reason = "\x1bP0;0q\x1b\\\xc2\x9b"
                                                      "2J digest 0000"};
    assert_int_equal(assay_request_decide(ledger, id, &decision, &err), ASSAY_OK);
    assay_ledger_close(&ledger);
    world_only(&world, "val");
    struct screen *screen = world_queue(&world, 140, 60);
    screen_press(screen, "enter", NULL);
    screen_wait(screen, "CANDIDATE AGAINST CHAMPION");
    screen_press(screen, "space", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "\xef\xbf\xbd[2J\xef\xbf\xbd[31mAPPROVED");
    screen_assert_text(screen, "\xef\xbf\xbd"
                               "desrever");
    screen_assert_images(screen, 0);
    screen_press(screen, "q", NULL);
    screen_settle(screen);
    screen_assert_text(screen, "WHY   fine");
    screen_assert_text(screen, "2J digest 0000");
    screen_assert_text(screen, "digest ");
    screen_assert_images(screen, 0);
    assert_true(screen_counts(screen).titles <= 1);
    screen_close(&screen);
    world_stop(&world);
}

/* ---- ten thousand requests ---- */

/* Copies of the one signed request under other names, each continuing rex's chain. Their
   signatures are looked at when something depends on them, which nothing here does. */
static void fill(size_t count)
{
    struct assay_error err = {0};
    struct assay_ledger *ledger = world_open(&world, "rex");
    struct store *store = NULL;
    const struct record *last = &ledger->records[ledger->count - 1];
    struct statement s = last->s;
    char digest[ASSAY_SHA256_TEXT], previous[ASSAY_SHA256_TEXT], id[17], model[32], words[80];
    assert_int_equal(s.event, EVENT_REQUEST);
    snprintf(previous, sizeof previous, "%s", last->digest);
    assert_int_equal(store_open(&store, world.store, STORE_LOCAL, false, &err), ASSAY_OK);
    assert_int_equal(store_begin(store, &err), ASSAY_OK);
    for (size_t i = 0; i < count; i++) {
        struct assay_buf text = {0};
        snprintf(id, sizeof id, "%016zx", i + 1);
        snprintf(model, sizeof model, "model-%05zu", i);
        snprintf(words, sizeof words, "request number %zu of many", i);
        s.request.id = id;
        s.request.model = model;
        s.request.words = words;
        s.number++;
        s.previous = previous;
        s.time_ms++;
        if (statement_write(&text, &s, &err) != ASSAY_OK)
            fail_msg("%s", err.what);
        assay_sha256(digest, text.data, text.length);
        struct store_record row = {.digest = digest,
                                   .stored_ms = s.time_ms,
                                   .statement = text.data,
                                   .statement_length = text.length,
                                   .signature = last->signature,
                                   .signature_length = last->signature_length};
        assert_int_equal(store_append_record(store, &row, &err), ASSAY_OK);
        snprintf(previous, sizeof previous, "%s", digest);
        assay_buf_free(&text);
    }
    assert_int_equal(store_commit(store, &err), ASSAY_OK);
    store_close(&store);
    assay_ledger_close(&ledger);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void ten_thousand(void **state)
{
    (void)state;
    char id[17];
    world_start(&world, WORLD_POLICY);
    world_request(&world, "alias:champion", "lower loss", NULL, id);
    fill(9999);
    world_only(&world, "val");
    int64_t start = now_ms();
    struct screen *screen = world_workbench(&world, world.store, true, 120, 34);
    /* Read in the background since the start, it is there in a frame: nothing is read first. */
    screen_wait(screen, "10000 wait for you");
    const int64_t reading = now_ms() - start;
    screen_press(screen, "A", NULL);
    screen_wait(screen, "10000 open");
    screen_refute_text(screen, "reading");
    start = now_ms();
    screen_press(screen, "G", NULL);
    screen_wait(screen, "request number");
    screen_press(screen, "g", "j", "enter", NULL);
    screen_wait(screen, "MAY   approve, reject or ask for changes");
    /* However slow the machine: a few keys cost no more than reading all of it some times. */
    assert_true(now_ms() - start < 1000 + 4 * reading);
    screen_close(&screen);
    world_stop(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidate_against_champion),
        cmocka_unit_test(changed_since_my_vote),
        cmocka_unit_test(next_unseen_thing),
        cmocka_unit_test(one_by_one),
        cmocka_unit_test(narrow_rows),
        cmocka_unit_test(old_draft),
        cmocka_unit_test(withdrawal),
        cmocka_unit_test(applying),
        cmocka_unit_test(asking_from_a_run),
        cmocka_unit_test(broken_and_empty),
        cmocka_unit_test(nothing_paints),
        cmocka_unit_test(ten_thousand),
    };
    return cmocka_run_group_tests_name("request screen", tests, NULL, NULL);
}
