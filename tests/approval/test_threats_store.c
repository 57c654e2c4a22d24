/*
 * T1 and T3 of docs/approvals.md: a store that somebody changed so that a decision is gone, and
 * put its rows' chain in order again. What is left looks approved; neither the gate of
 * deployments nor who applies it may take it for that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include <assay/memory.h>

#include "approval/ledger.h"
#include "store/store.h"
#include "support/world.h"

static struct world world;
static char request[17];
static char *good; /* the store in which app has revoked the request */

static int start(void **state)
{
    (void)state;
    world_start(&world, WORLD_POLICY);
    world_ask(&world, request);
    world_approve(&world, request);
    good = world_path(&world, "good.db");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    free(good);
    world_stop(&world);
    return 0;
}

/* What the gate says of the candidate, to who keeps HEADS. */
static enum assay_status gate(const char *heads, struct assay_error *err)
{
    const struct assay_gate_question question = {"fraud", "2", "alias:champion", NULL, NULL};
    const struct assay_request *by = NULL;
    struct assay_ledger *ledger = NULL;
    char path[400];
    snprintf(path, sizeof path, "%s/%s", world.directory, heads);
    enum assay_status status = assay_ledger_open(
        &ledger,
        &(struct assay_ledger_options){.store = world.store, .heads = path, .read_only = true},
        err);
    if (status == ASSAY_OK)
        status = assay_ledger_gate(ledger, &question, &by, err);
    assay_ledger_close(&ledger);
    return status;
}

/* The chain over the rows, as whoever can write the file can make it. */
static void chain_anew(sqlite3 *db)
{
    char chain[65] = "", next[65];
    sqlite3_stmt *rows, *change;
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT seq, digest, signature FROM ledger_record "
                                        "ORDER BY seq",
                                        -1, &rows, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "UPDATE ledger_record SET chain=? WHERE seq=?", -1,
                                        &change, NULL),
                     SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        store_chain(next, chain, (const char *)sqlite3_column_text(rows, 1),
                    sqlite3_column_blob(rows, 2), (size_t)sqlite3_column_bytes(rows, 2));
        memcpy(chain, next, sizeof chain);
        sqlite3_bind_text(change, 1, chain, -1, SQLITE_STATIC);
        sqlite3_bind_int64(change, 2, sqlite3_column_int64(rows, 0));
        assert_int_equal(sqlite3_step(change), SQLITE_DONE);
        sqlite3_reset(change);
    }
    sqlite3_finalize(rows);
    sqlite3_finalize(change);
}

static void change(const char *text, int seq, bool chained)
{
    sqlite3 *db;
    char line[400], *why = NULL;
    world_copy(good, world.store);
    snprintf(line, sizeof line,
             "DROP TRIGGER ledger_record_update; DROP TRIGGER ledger_record_delete; %s", text);
    for (char *at = strstr(line, "N0"); at; at = strstr(line, "N0"))
        memcpy(at, (char[2]){(char)('0' + seq / 10), (char)('0' + seq % 10)}, 2);
    assert_int_equal(sqlite3_open(world.store, &db), SQLITE_OK);
    if (sqlite3_exec(db, line, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", line, why);
    if (chained)
        chain_anew(db);
    sqlite3_close(db);
}

/* Each leaves the request as it was before it was revoked. Fails without fold_unsound() or
   ledger_check_sound() in the gate and in act_check_all(). */
static void t1_decision_spoilt(void **state)
{
    static const struct {
        const char *sql;
        bool chained;
        const char *why;
    } attacks[] = {
        {"UPDATE ledger_record SET signature=x'2d2d' WHERE seq=N0", true, "signature"},
        {"UPDATE ledger_record SET signature=x'' WHERE seq=N0", true, "signature is missing"},
        {"UPDATE ledger_record SET statement=x'7b7d' WHERE seq=N0", true, "stored under"},
        {"UPDATE ledger_record SET stored_ms=0, chain='a' WHERE seq=N0", false, "rows"},
        /* The record before it of the same person, so that it hangs in the air. */
        {"DELETE FROM ledger_record WHERE seq=N0-1", true, "missing"},
    };
    struct assay_error err = {0};
    char before[24], after[24];
    (void)state;
    assert_int_equal(gate("heads-of-nobody", &err), ASSAY_OK); /* it is approved */
    assert_int_equal(world_decide(&world, "app", request, ASSAY_REVOKE, &err), ASSAY_OK);
    world_copy(world.store, good);
    assert_int_equal(gate("heads-of-nobody", &err), ASSAY_NO);
    assert_non_null(strstr(err.what, "REVOKED"));
    const int seq = (int)world_records(&world);
    world_champion(&world, before);
    for (size_t i = 0; i < ASSAY_COUNT(attacks); i++) {
        change(attacks[i].sql, seq, attacks[i].chained);
        err = (struct assay_error){0};
        if (gate("heads-of-nobody", &err) != ASSAY_NO || !strstr(err.what, attacks[i].why))
            fail_msg("%s: %s", attacks[i].sql, err.what);
        if (world_apply(&world, request, NULL) == ASSAY_OK)
            fail_msg("was applied: %s", attacks[i].sql);
        assert_string_equal(world_champion(&world, after), before);
    }
    world_copy(good, world.store);
    assert_int_equal(gate("heads-of-nobody", &err), ASSAY_NO);
}

/* Who only looks remembers what was seen, where the ledger is known to the machine: fails
   without remember() for ledgers that are opened to be read. */
static void t3_looking_remembers(void **state)
{
    char *old = world_path(&world, "old.db"), heads[400];
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};
    (void)state;
    world_copy(world.store, old);
    snprintf(heads, sizeof heads, "%s/heads-looks", world.directory);
    const struct assay_ledger_options known = {.store = world.store, .heads = heads};
    assert_int_equal(assay_ledger_open(&ledger, &known, &err), ASSAY_OK);
    assay_ledger_close(&ledger);
    assert_int_equal(world_decide(&world, "app", request, ASSAY_COMMENT, &err), ASSAY_OK);
    assert_int_equal(gate("heads-looks", &err), ASSAY_OK); /* and remembers the comment */
    world_copy(old, world.store);
    err = (struct assay_error){0};
    assert_int_equal(gate("heads-looks", &err), ASSAY_CORRUPT);
    assert_non_null(strstr(err.what, "was seen here before and is gone"));
    free(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(t1_decision_spoilt, start, stop),
        cmocka_unit_test_setup_teardown(t3_looking_remembers, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
