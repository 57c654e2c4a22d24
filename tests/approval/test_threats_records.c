/*
 * Threats to the records, T1 to T4, T11 and T12 of docs/approvals.md. Each test says which line
 * of defence it fails without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "approval/ledger.h"
#include "approval/signer.h"
#include "store/sql.h"
#include "support/paper.h"
#include "support/world.h"

#define REQ "00000000000000aa"

static struct world world;
static char request[17];

static int start(void **state)
{
    (void)state;
    world_start(&world, WORLD_POLICY);
    world_ask(&world, request);
    world_approve(&world, request);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_stop(&world);
    return 0;
}

static void sql(const char *path, const char *text)
{
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
    sqlite3_close(db);
}

/* The rows of a database that somebody changed behind our back, judged by a stranger. */
static enum assay_status verify(const char *path, struct assay_error *err)
{
    struct assay_ledger *ledger = NULL;
    char heads[400];
    snprintf(heads, sizeof heads, "%s/heads-nobody", world.directory);
    enum assay_status status = assay_ledger_open(
        &ledger,
        &(struct assay_ledger_options){.store = path, .heads = heads, .read_only = true}, err);
    if (status == ASSAY_OK)
        status = assay_ledger_verify(ledger, true, err);
    assay_ledger_close(&ledger);
    return status;
}

/* ---- T1: a record is edited in the file. Fails without the digest check in record_read(), the
   signature check in record_check() and the chain over the rows in load_record(). ---- */

static void unlock(const char *path)
{
    sql(path, "DROP TRIGGER ledger_record_update; DROP TRIGGER ledger_record_delete;"
              "DROP TRIGGER ledger_record_append;");
}

static size_t blob_length(const char *path, const char *column, int seq)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    char text[128];
    snprintf(text, sizeof text, "SELECT length(%s) FROM ledger_record WHERE seq=%d", column,
             seq);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    size_t length = (size_t)sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return length;
}

static void flip(const char *path, const char *column, int seq, size_t at)
{
    sqlite3 *db;
    sqlite3_blob *blob;
    unsigned char byte;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_blob_open(db, "main", "ledger_record", column, seq, 1, &blob),
                     SQLITE_OK);
    assert_int_equal(sqlite3_blob_read(blob, &byte, 1, (int)at), SQLITE_OK);
    byte ^= 1;
    assert_int_equal(sqlite3_blob_write(blob, &byte, 1, (int)at), SQLITE_OK);
    sqlite3_blob_close(blob);
    sqlite3_close(db);
}

static void t1_edited_bytes(void **state)
{
    static const char *const columns[] = {"statement", "signature"};
    char *copy = world_path(&world, "t1.db");
    const int seq = (int)world_records(&world) - 1;
    struct assay_error err = {0};
    (void)state;
    world_copy(world.store, copy);
    assert_int_equal(verify(copy, &err), ASSAY_OK);
    unlock(copy);
    for (size_t c = 0; c < 2; c++) {
        size_t length = blob_length(copy, columns[c], seq);
        /* Every byte of the one, and a step over those that carry no meaning of the other. */
        for (size_t at = 0; at < length; at += 1 + length / 160) {
            char named[32];
            err = (struct assay_error){0};
            flip(copy, columns[c], seq, at);
            if (verify(copy, &err) != ASSAY_NO)
                fail_msg("%s, byte %zu: %s", columns[c], at, err.what);
            snprintf(named, sizeof named, "record %d ", seq);
            if (!strstr(err.what, named))
                fail_msg("%s, byte %zu: %s", columns[c], at, err.what);
            flip(copy, columns[c], seq, at);
        }
    }
    assert_int_equal(verify(copy, NULL), ASSAY_OK);
    /* Two rows change places. */
    sql(copy,
        "UPDATE ledger_record SET seq=-1 WHERE seq=3; UPDATE ledger_record SET seq=3 WHERE "
        "seq=4; UPDATE ledger_record SET seq=4 WHERE seq=-1;");
    assert_int_equal(verify(copy, &err), ASSAY_NO);
    free(copy);
}

/* ---- T2: statements through our own connection. Fails without the triggers of the schema's
   second step and the authorizer of sql_guard(). ---- */

static void t2_sql(void **state)
{
    static const char *const attacks[] = {
        "UPDATE ledger_record SET statement=x'00' WHERE seq=1",
        "UPDATE ledger_record SET seq=100 WHERE seq=1",
        "DELETE FROM ledger_record WHERE seq=1",
        "DELETE FROM ledger_record",
        "REPLACE INTO ledger_record VALUES(1,'a','b',0,x'00',x'00')",
        "INSERT OR REPLACE INTO ledger_record SELECT 2,digest,'b',0,x'00',x'00' FROM "
        "ledger_record WHERE seq=1",
        "INSERT INTO ledger_record VALUES(-5,'a','b',0,x'00',x'00')",
        "INSERT INTO ledger_record VALUES(1000,'a','b',0,x'00',x'00')",
        "INSERT INTO ledger_record SELECT seq+1,digest,'z',0,x'00',x'00' FROM ledger_record "
        "ORDER BY seq DESC LIMIT 1",
        "DROP TRIGGER ledger_record_update",
        "DROP TABLE ledger_record",
        "ALTER TABLE ledger_record RENAME TO other",
        "ALTER TABLE ledger_record ADD COLUMN more",
        "CREATE TRIGGER hole BEFORE INSERT ON ledger_record BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TEMP TRIGGER hole BEFORE INSERT ON main.ledger_record BEGIN SELECT "
        "RAISE(IGNORE); END",
        "PRAGMA writable_schema=ON",
        "PRAGMA recursive_triggers=OFF",
        "UPDATE sqlite_master SET sql='' WHERE name='ledger_record_update'",
        "DELETE FROM sqlite_master WHERE name='ledger_record_update'",
    };
    char *copy = world_path(&world, "t2.db");
    struct sql *connection = NULL;
    struct assay_error err = {0};
    (void)state;
    world_copy(world.store, copy);
    assert_int_equal(sql_open(&connection, copy, SQL_CREATE, &err), ASSAY_OK);
    assert_int_equal(sql_guard(connection, "ledger_record", &err), ASSAY_OK);
    for (size_t i = 0; i < ASSAY_COUNT(attacks); i++) {
        if (sql_exec(connection, attacks[i], NULL) == ASSAY_OK)
            fail_msg("went through: %s", attacks[i]);
        /* The triggers alone stop what comes from a connection without the authorizer. */
        sqlite3 *db;
        sqlite3_open(copy, &db);
        if (i < 9 && sqlite3_exec(db, attacks[i], NULL, NULL, NULL) == SQLITE_OK)
            fail_msg("the triggers let through: %s", attacks[i]);
        sqlite3_close(db);
    }
    sql_close(&connection);
    assert_int_equal(verify(copy, &err), ASSAY_OK);
    free(copy);
}

/* ---- T3: the tail is lost. Fails without ledger_check_heads(). ---- */

static void t3_rollback(void **state)
{
    char *old = world_path(&world, "t3-old.db"), *now = world_path(&world, "t3.db");
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};
    char id[17];
    (void)state;
    world_copy(world.store, old);
    world_ask(&world, id);
    assert_int_equal(world_decide(&world, "app", id, ASSAY_REJECT, &err), ASSAY_OK);
    world_copy(world.store, now);
    world_copy(old, world.store); /* the refusal never happened */
    assert_int_equal(world_try_open(&world, world.store, "app", &ledger, &err), ASSAY_CORRUPT);
    assert_non_null(strstr(err.what, "was seen here before and is gone"));
    assert_null(ledger);
    /* Who has never seen it cannot know, and is told so. */
    assert_int_equal(verify(world.store, NULL), ASSAY_OK);
    char heads[400];
    snprintf(heads, sizeof heads, "%s/heads-nobody", world.directory);
    assert_int_equal(assay_ledger_open(&ledger,
                                       &(struct assay_ledger_options){.store = world.store,
                                                                      .heads = heads,
                                                                      .read_only = true},
                                       &err),
                     ASSAY_OK);
    assert_false(assay_ledger_info(ledger).witnessed);
    assay_ledger_close(&ledger);
    /* The whole ledger gone, or another in its place. */
    unlink(world.store);
    assert_int_equal(world_try_open(&world, world.store, "app", &ledger, NULL), ASSAY_CORRUPT);
    world_copy(now, world.store);
    assert_int_equal(world_try_open(&world, world.store, "app", &ledger, NULL), ASSAY_OK);
    assay_ledger_close(&ledger);
    assert_int_equal(world_decide(&world, "app", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
    free(old);
    free(now);
}

/* ---- T3: a write-ahead log that is cut or damaged. The ledger is shorter then, as if the
   record had never been: fails without the heads remembered (ledger_check_heads()). ---- */

/* LATER's newest record lies in the log of COPY, which is as it was before, and there alone. */
static sqlite3 *record_in_log(const char *copy, const char *later)
{
    sqlite3 *db;
    char *attach = sqlite3_mprintf("PRAGMA wal_autocheckpoint=0; ATTACH %Q AS later", later);
    assert_int_equal(sqlite3_open(copy, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, attach, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "INSERT INTO main.ledger_record SELECT * FROM "
                                  "later.ledger_record ORDER BY seq DESC LIMIT 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_free(attach);
    return db;
}

/* How many records it holds for NOBODY, who never saw it; app, who signed the newest, takes it
   with all of them or not at all. */
static size_t records_after_cut(const char *cut, const char *nobody)
{
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};
    assert_int_equal(assay_ledger_open(&ledger,
                                       &(struct assay_ledger_options){
                                           .store = cut, .heads = nobody, .read_only = true},
                                       &err),
                     ASSAY_OK);
    assert_int_equal(assay_ledger_verify(ledger, true, &err), ASSAY_OK);
    size_t records = assay_ledger_info(ledger).records;
    assay_ledger_close(&ledger);
    enum assay_status status = world_try_open(&world, cut, "app", &ledger, &err);
    if (records < world_records(&world)) {
        assert_int_equal(status, ASSAY_CORRUPT);
        assert_non_null(strstr(err.what, "was seen here before and is gone"));
    } else {
        assert_int_equal(status, ASSAY_OK);
    }
    assay_ledger_close(&ledger);
    return records;
}

static void t3_cut_log(void **state)
{
    enum { CUTS = 60 };
    char *copy = world_path(&world, "t3-wal.db"), *cut = world_path(&world, "t3-cut.db");
    char *nobody = world_path(&world, "heads-t3"), log[500], cut_log[500], *bytes = NULL,
         id[17];
    size_t shorter = 0, whole = 0, length = 0;
    (void)state;
    world_ask(&world, id);
    world_copy(world.store, copy);
    assert_int_equal(world_decide(&world, "app", id, ASSAY_COMMENT, NULL), ASSAY_OK);
    const size_t records = world_records(&world);
    sqlite3 *db = record_in_log(copy, world.store);
    snprintf(log, sizeof log, "%s-wal", copy);
    snprintf(cut_log, sizeof cut_log, "%s-wal", cut);
    assert_int_equal(assay_file_read(log, 64 << 20, &bytes, &length, NULL), ASSAY_OK);
    for (size_t i = 0; i <= CUTS; i++) {
        const char *const argv[] = {"cp", copy, cut, NULL};
        test_command(argv);
        snprintf(log, sizeof log, "%s-shm", cut);
        unlink(log);
        const bool damage = i % 2 == 1;
        const size_t at = length * i / CUTS;
        if (damage)
            bytes[at] ^= 4;
        assert_int_equal(assay_file_write(cut_log, bytes, damage ? length : at, 0600, NULL),
                         ASSAY_OK);
        if (damage)
            bytes[at] ^= 4;
        size_t now = records_after_cut(cut, nobody);
        assert_true(now == records || now == records - 1);
        *(now == records ? &whole : &shorter) += 1;
    }
    assert_true(whole > 0);
    assert_true(shorter > CUTS / 2);
    sqlite3_close(db);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
    free(bytes);
    free(copy);
    free(cut);
    free(nobody);
}

/* ---- T4: what others write in a person's name, signed with a key that is not theirs or not at
   all, neither forks the person's chain nor ends it. Fails without fold_check_signer() in
   check_fork(), and where walk_one() breaks a chain for a record that is not its author's. ----
 */

static void t4_strangers_disturb_nobody(void **state)
{
    char theirs[FINGERPRINT_SIZE];
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct paper p;
        paper_usual(&p, "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
        paper_ask(&p, "rex", REQ);
        struct statement forged = paper_decision(&p, REQ, ASSAY_APPROVE, "not app");
        paper_head(&p, "app", &forged);
        forged.time_ms -= 500; /* it comes first */
        paper_vote(&p, "app", REQ, ASSAY_WITHDRAW);
        paper_vote(&p, "app", REQ, ASSAY_REJECT);
        paper_key(&p, "stranger", theirs);
        if (how == 1) {
            forged.number = 7; /* no place of the chain */
            forged.previous = p.records[0].digest;
        }
        if (how != 2)
            forged.key = theirs;
        size_t at = paper_add_as(&p, &forged);
        if (how == 2)
            p.records[at].signed_by = theirs; /* it says it is app's */
        if (how == 3) {
            p.records[at].checked = SIGNATURE_FAILS;
            p.records[at].signature_why = "no key made it";
        }
        paper_expect(&p, REQ, ASSAY_STATE_REJECTED);
        paper_expect_invalid(&p, at, "key");
        paper_free(&p);
    }
}

/* ---- T4: two copies diverge. Fails without ledger_check_heads(), and, where the records meet,
   check_fork(). ---- */

static void t4_fork(void **state)
{
    char *other = world_path(&world, "t4.db");
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};
    char id[17];
    (void)state;
    world_ask(&world, id);
    world_copy(world.store, other);
    assert_int_equal(world_decide(&world, "app", id, ASSAY_APPROVE, &err), ASSAY_OK);
    /* app has signed on one; the other lacks it. Both heads are named. */
    assert_int_equal(world_try_open(&world, other, "app", &ledger, &err), ASSAY_CORRUPT);
    assert_non_null(strstr(err.what, "of app/"));
    assert_non_null(strstr(err.what, "its chain is at"));
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
    free(other);
}

static void t4_fork_meets(void **state)
{
    struct paper p;
    (void)state;
    paper_usual(&p, "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    paper_ask(&p, "rex", REQ);
    struct statement a = paper_decision(&p, REQ, ASSAY_APPROVE, "a");
    struct statement b = paper_decision(&p, REQ, ASSAY_REJECT, "b");
    paper_head(&p, "app", &a);
    paper_head(&p, "app", &b);
    p.now_ms += 1000;
    size_t first = paper_add_as(&p, &a), second = paper_add_as(&p, &b);
    paper_expect_invalid(&p, first, "forks");
    paper_expect_invalid(&p, second, "forks");
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_free(&p);
}

/* What somebody writes without a signature in a person's name has a chain of its own, and
   neither forks nor lengthens the person's. Fails without statement_chain()'s mark. */
static void t4_unsigned_disturbs_nobody(void **state)
{
    struct paper p;
    (void)state;
    paper_usual(&p, "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    paper_ask(&p, "rex", REQ);
    struct statement forged = paper_decision(&p, REQ, ASSAY_REJECT, "not app");
    paper_head(&p, "app", &forged);
    forged.key = "";
    struct statement later = forged;
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    size_t first = paper_add_as(&p, &forged);
    later.number = 2;
    later.previous = p.records[first - 1].digest; /* as if it went on from what app signed */
    later.time_ms += 1000; /* of the same time they would come in the order of their digests */
    size_t second = paper_add_as(&p, &later);
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    paper_expect_invalid(&p, first, "not signed");
    paper_expect_invalid(&p, second, "continue");
    paper_vote(&p, "app", REQ, ASSAY_WITHDRAW);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_free(&p);
}

/* ---- T11: an older policy, validly signed, is presented again. Fails without the version in
   take_policy() and check_pin(). ---- */

static void t11_policy_rollback(void **state)
{
    struct paper p;
    (void)state;
    paper_init(&p);
    paper_begin(&p, 1);
    paper_person(&p, "adm", "app", "approver", "");
    paper_person(&p, "adm", "rex", "", "");
    size_t old =
        paper_policy(&p, "adm", "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    struct statement lax = paper_request(&p, REQ, 1);
    paper_policy(&p, "adm", "[policy]\nname = prod\n[clause approver]\ncount = 2\n");
    /* A request under version 1 after version 2. */
    paper_expect_invalid(&p, paper_add(&p, "rex", &lax), "version 2 is in force");
    /* Version 1 once more, as an owner signed it; and its text as "version 1". */
    struct statement again = {.event = EVENT_POLICY};
    again.policy = p.records[old].s.policy;
    paper_expect_invalid(&p, paper_add(&p, "adm", &again), "does not follow");
    again.policy.version = 3;
    again.policy.previous = p.records[old].s.policy.digest;
    paper_expect_invalid(&p, paper_add(&p, "adm", &again), "replaces");
    paper_fold(&p);
    assert_int_equal(fold_policy(&p.fold, "prod")->record->s.policy.version, 2);
    paper_free(&p);
}

/* ---- T11: a request dated back to before version 2 of its policy, from a device that has seen
   nothing, under version 1. Who knows version 2 cannot be made to approve it, override it or
   apply it. Fails without fold_outdated(). ---- */

static void t11_dated_back(void **state)
{
    (void)state;
    for (int known = 0; known < 2; known++) {
        struct paper p;
        paper_init(&p);
        paper_begin(&p, 1);
        paper_person(&p, "adm", "app", "approver breaker", "");
        paper_person(&p, "adm", "rex", "", "");
        paper_policy(&p, "adm",
                     "[policy]\nname = prod\n[clause approver]\ncount = 1\n"
                     "[break-glass]\nrole = breaker\n");
        struct statement lax = paper_request(&p, REQ, 1);
        paper_head(&p, "rex", &lax);
        p.now_ms += 1000;
        if (known) /* the same, and the owner has it when version 2 is set */
            paper_add_as(&p, &lax);
        paper_policy(&p, "adm", "[policy]\nname = prod\n[clause approver]\ncount = 2\n");
        size_t at = known ? 0 : paper_add_as(&p, &lax);
        paper_expect_valid(&p, at); /* by its date it is as it should be */
        paper_vote(&p, "app", REQ, ASSAY_APPROVE);
        paper_expect(&p, REQ, known ? ASSAY_STATE_APPROVED : ASSAY_STATE_PENDING);
        if (!known) {
            paper_vote(&p, "app", REQ, ASSAY_OVERRIDE);
            paper_expect(&p, REQ, ASSAY_STATE_PENDING);
            assert_non_null(strstr(paper_get(&p, REQ)->votes[0].why_not, "version 2"));
        }
        paper_free(&p);
    }
}

/* ---- T12 stands in test_sshsig.c (allowed_signers); here the same names in a statement. ----
 */

static void t12_pattern_person(void **state)
{
    struct assay_ledger *ledger = world_open(&world, "adm");
    static const char *const names[] = {"*", "*@x", "a?", "!adm", "adm,dev", "Adm", "a b", ""};
    char key[400];
    (void)state;
    snprintf(key, sizeof key, "%s/two.pub", world.agent.directory);
    for (size_t i = 0; i < ASSAY_COUNT(names); i++) {
        struct assay_person_change change = {.person = names[i], .key_file = key};
        assert_int_equal(assay_person_set(ledger, &change, NULL), ASSAY_BAD_INPUT);
    }
    /* A key that is somebody's already. */
    struct assay_person_change twice = {.person = "eve", .key_file = key};
    assert_int_equal(assay_person_set(ledger, &twice, NULL), ASSAY_NO);
    assay_ledger_close(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t1_edited_bytes),
        cmocka_unit_test(t2_sql),
        cmocka_unit_test(t3_rollback),
        cmocka_unit_test(t3_cut_log),
        cmocka_unit_test(t4_fork),
        cmocka_unit_test(t4_fork_meets),
        cmocka_unit_test(t4_strangers_disturb_nobody),
        cmocka_unit_test(t4_unsigned_disturbs_nobody),
        cmocka_unit_test(t11_policy_rollback),
        cmocka_unit_test(t11_dated_back),
        cmocka_unit_test(t12_pattern_person),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
