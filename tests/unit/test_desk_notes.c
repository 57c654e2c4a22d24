/*
 * Drafts and marks that are written beside the screen: they hold at once, in the order they
 * were made, and are in the store when the desk is closed; one that is made while a signature
 * takes its draft away comes after it; one that cannot be written is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <assay/memory.h>

#include "tui/desk_notes.h"
#include "support/good.h"
#include "support/own_home.h"

static char place[400];
static int wake;

static int start(void **state)
{
    (void)state;
    snprintf(place, sizeof place, "%s/store.db", own_home);
    unlink(place);
    wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return wake >= 0 ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    return close(wake);
}

static void draft(struct desk_notes *notes, const char *request, const char *reason)
{
    const struct assay_note note = {
        .kind = ASSAY_NOTE_DRAFT,
        .draft = {
            .request = request, .binding = "b", .reason = reason, .verdict = ASSAY_APPROVE}};
    assert_true(desk_notes_add(notes, place, &note));
}

static void drop(struct desk_notes *notes, const char *request)
{
    const struct assay_note note = {.kind = ASSAY_NOTE_DROP, .draft = {.request = request}};
    assert_true(desk_notes_add(notes, place, &note));
}

static struct assay_ledger *open_ledger(void)
{
    struct assay_ledger *ledger = NULL;
    char heads[420];
    snprintf(heads, sizeof heads, "%s/heads", own_home);
    GOOD(assay_ledger_open(
        &ledger, &(struct assay_ledger_options){.store = place, .heads = heads}, good));
    return ledger;
}

/* "request=reason ..." of drafts. */
static void expect(const struct assay_draft *drafts, size_t count, const char *wanted)
{
    struct assay_buf text = {0};
    for (size_t i = 0; i < count; i++)
        assay_buf_format(&text, "%s%s=%s", i ? " " : "", drafts[i].request, drafts[i].reason);
    assert_string_equal(assay_buf_text(&text), wanted);
    assay_buf_free(&text);
}

static void expect_stored(const char *wanted)
{
    const struct assay_draft *drafts;
    struct assay_ledger *ledger = open_ledger();
    const size_t count = assay_ledger_drafts(ledger, &drafts);
    expect(drafts, count, wanted);
    assay_ledger_close(&ledger);
}

static void expect_held(const struct desk_notes *notes, const char *wanted)
{
    const struct assay_draft *drafts;
    const size_t count = desk_notes_drafts(notes, &drafts);
    expect(drafts, count, wanted);
}

/* The test ends right behind the last of them. */
static void all_is_there_when_closed(void **state)
{
    (void)state;
    char reason[32];
    struct desk_notes *notes = desk_notes_open(wake);
    draft(notes, "b", "first");
    draft(notes, "a", "second");
    for (int i = 0; i < 30; i++) {
        snprintf(reason, sizeof reason, "version %d", i);
        draft(notes, "b", reason);
    }
    draft(notes, "c", "not for long");
    drop(notes, "c");
    expect_held(notes, "a=second b=version 29");
    desk_notes_close(&notes, true);
    expect_stored("a=second b=version 29");
}

/* What was noted while the ledger was read holds on top of what was read. */
static void while_it_is_read(void **state)
{
    (void)state;
    const struct assay_draft *drafts;
    struct desk_notes *notes = desk_notes_open(wake);
    draft(notes, "a", "old");
    draft(notes, "d", "stays");
    desk_notes_settle(notes, false);
    desk_notes_reading(notes);
    struct assay_ledger *ledger = open_ledger();
    const size_t count = assay_ledger_drafts(ledger, &drafts);
    expect(drafts, count, "a=old d=stays");
    draft(notes, "b", "new");
    draft(notes, "a", "mended");
    drop(notes, "d");
    desk_notes_read(notes, ledger, drafts, count);
    expect_held(notes, "a=mended b=new");
    assay_ledger_close(&ledger);
    desk_notes_close(&notes, true);
    expect_stored("a=mended b=new");
}

static void after_the_signature(void **state)
{
    (void)state;
    struct desk_notes *notes = desk_notes_open(wake);
    draft(notes, "a", "signed");
    desk_notes_settle(notes, true);
    draft(notes, "a", "another");
    expect_stored("a=signed");
    struct assay_ledger *ledger = open_ledger();
    GOOD(assay_draft_drop(ledger, "a", good));
    assay_ledger_close(&ledger);
    desk_notes_release(notes);
    desk_notes_settle(notes, false);
    expect_stored("a=another");
    desk_notes_close(&notes, true);
}

static void cannot_be_written(void **state)
{
    (void)state;
    struct assay_error err = {0};
    struct pollfd woken = {.fd = wake, .events = POLLIN};
    struct desk_notes *notes = desk_notes_open(wake);
    assert_int_equal(desk_notes_failed(notes, &err), ASSAY_OK);
    snprintf(place, sizeof place, "%s/not-a-folder/store.db", "/dev/null");
    draft(notes, "a", "lost");
    assert_int_equal(poll(&woken, 1, -1), 1);
    assert_int_not_equal(desk_notes_failed(notes, &err), ASSAY_OK);
    assert_non_null(strstr(err.what, "not-a-folder"));
    assert_int_equal(desk_notes_failed(notes, &err), ASSAY_OK);
    desk_notes_close(&notes, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_is_there_when_closed, start, stop),
        cmocka_unit_test_setup_teardown(while_it_is_read, start, stop),
        cmocka_unit_test_setup_teardown(after_the_signature, start, stop),
        cmocka_unit_test_setup_teardown(cannot_be_written, start, stop),
    };
    return cmocka_run_group_tests(tests, own_home_make, own_home_remove);
}
