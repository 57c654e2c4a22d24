/*
 * Threats to records, T1 to T6 and T11 to T17 of docs/approvals.md. Each test says which line
 * of defence it fails without.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <nettle/eddsa.h>
#include <nettle/sha2.h>
#include <sqlite3.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "approval/ledger.h"
#include "approval/signer.h"
#include "base/spawn.h"
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

/* A write-ahead log that is cut or damaged: a shorter ledger, which who remembers refuses. */
static void t3_cut_log(void **state)
{
    char *copy = world_path(&world, "t3-wal.db"), log[500];
    struct assay_ledger *ledger = NULL;
    size_t refused = 0, whole = 0;
    (void)state;
    /* A decision that is still in the log: made by a connection that does not checkpoint. */
    world_copy(world.store, copy);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(copy, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA wal_autocheckpoint=0", NULL, NULL, NULL);
    assert_int_equal(sqlite3_exec(db,
                                  "INSERT INTO ledger_record SELECT seq+1,'d','c',0,x'7b',x'' "
                                  "FROM ledger_record ORDER BY seq DESC LIMIT 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    snprintf(log, sizeof log, "%s-wal", copy);
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(assay_file_read(log, 64 << 20, &bytes, &length, NULL), ASSAY_OK);
    char *cut = world_path(&world, "t3-cut.db"), cut_log[500];
    snprintf(cut_log, sizeof cut_log, "%s-wal", cut);
    for (size_t i = 0; i < 60; i++) {
        const char *const argv[] = {"cp", copy, cut, NULL};
        test_command(argv);
        snprintf(log, sizeof log, "%s-shm", cut);
        unlink(log);
        char *damaged = assay_alloc(length + 1);
        memcpy(damaged, bytes, length);
        size_t keep = length;
        if (i % 2 == 0)
            keep = length * i / 60;
        else
            damaged[length * i / 60] ^= 4;
        assert_int_equal(assay_file_write(cut_log, damaged, keep, 0600, NULL), ASSAY_OK);
        free(damaged);
        char heads[400];
        snprintf(heads, sizeof heads, "%s/heads-t3", world.directory);
        enum assay_status status = assay_ledger_open(
            &ledger,
            &(struct assay_ledger_options){.store = cut, .heads = heads, .read_only = true},
            NULL);
        /* Always a prefix: what there is holds, but for the row that is no record. */
        assert_int_equal(status, ASSAY_OK);
        if (assay_ledger_info(ledger).records > world_records(&world))
            whole++;
        else
            refused++;
        assay_ledger_close(&ledger);
    }
    assert_true(refused > 0);
    sqlite3_close(db);
    free(bytes);
    free(copy);
    free(cut);
    (void)whole;
}

/* ---- T4: two copies diverge. Fails without ledger_check_heads(), and, where the records meet,
   find_forks(). ---- */

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
    paper_init(&p);
    paper_begin(&p, 1);
    paper_person(&p, "ada", "app", "approver", "");
    paper_person(&p, "ada", "rex", "", "");
    paper_policy(&p, "ada", "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
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
    paper_init(&p);
    paper_begin(&p, 1);
    paper_person(&p, "ada", "app", "approver", "");
    paper_person(&p, "ada", "rex", "", "");
    paper_policy(&p, "ada", "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    paper_ask(&p, "rex", REQ);
    struct statement forged = paper_decision(&p, REQ, ASSAY_REJECT, "not app");
    paper_head(&p, "app", &forged);
    forged.key = "";
    struct statement later = forged;
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    size_t first = paper_add_as(&p, &forged);
    later.number = 2;
    later.previous = p.records[first - 1].digest;
    size_t second = paper_add_as(&p, &later);
    paper_expect(&p, REQ, ASSAY_STATE_APPROVED);
    paper_expect_invalid(&p, first, "not signed");
    paper_expect_invalid(&p, second, "continue");
    paper_vote(&p, "app", REQ, ASSAY_WITHDRAW);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_free(&p);
}

/* ---- T5: a signature is taken from one statement to another. Fails without sshsig_check()'s
   look at the bytes. ---- */

static void t5_transplant(void **state)
{
    struct assay_ledger *ledger = world_open(&world, "ada");
    struct sshsig_facts facts;
    size_t tried = 0;
    (void)state;
    for (size_t i = 0; i < ledger->count; i++) {
        for (size_t k = 0; k < ledger->count; k++) {
            const struct record *a = &ledger->records[i], *b = &ledger->records[k];
            enum assay_status status =
                sshsig_check(b->signature, b->signature_length, statement_space(a->s.event),
                             a->bytes, a->length, &facts, NULL);
            assert_int_equal(status == ASSAY_OK, i == k);
            tried++;
        }
    }
    assert_true(tried > 80);
    assay_ledger_close(&ledger);
}

/* ---- T6: a signature made for another purpose. Fails without the namespace in sshsig_check().
 * ---- */

static void t6_namespace(void **state)
{
    struct assay_ledger *ledger = world_open(&world, "app");
    struct assay_buf out = {0};
    struct sshsig_facts facts;
    struct assay_error err = {0};
    const char *me;
    (void)state;
    assert_int_equal(assay_ledger_me(ledger, &me, &err), ASSAY_OK);
    const struct record *last = &ledger->records[ledger->count - 1];
    assert_int_equal(
        signer_sign(ledger->my_line, "git", last->bytes, last->length, 0, &out, &facts, &err),
        ASSAY_OK);
    assert_int_equal(sshsig_check(out.data, out.length, SSHSIG_APPROVAL, last->bytes,
                                  last->length, &facts, &err),
                     ASSAY_NO);
    assert_non_null(strstr(err.what, "\"git\""));
    assert_int_equal(signer_second_opinion("app", ledger->my_line, SSHSIG_APPROVAL, last->bytes,
                                           last->length, out.data, out.length, NULL),
                     ASSAY_NO);
    assay_buf_free(&out);
    assay_ledger_close(&ledger);
}

/* ---- T11: an older policy, validly signed, is presented again. Fails without the version in
   take_policy() and check_pin(). ---- */

static void t11_policy_rollback(void **state)
{
    struct paper p;
    (void)state;
    paper_init(&p);
    paper_begin(&p, 1);
    paper_person(&p, "ada", "app", "approver", "");
    paper_person(&p, "ada", "rex", "", "");
    size_t old =
        paper_policy(&p, "ada", "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    struct statement lax = paper_request(&p, REQ, 1);
    paper_policy(&p, "ada", "[policy]\nname = prod\n[clause approver]\ncount = 2\n");
    /* A request under version 1 after version 2. */
    paper_expect_invalid(&p, paper_add(&p, "rex", &lax), "version 2 is in force");
    /* Version 1 once more, as an owner signed it; and its text as "version 1". */
    struct statement again = {.event = EVENT_POLICY};
    again.policy = p.records[old].s.policy;
    paper_expect_invalid(&p, paper_add(&p, "ada", &again), "does not follow");
    again.policy.version = 3;
    again.policy.previous = p.records[old].s.policy.digest;
    paper_expect_invalid(&p, paper_add(&p, "ada", &again), "replaces");
    paper_fold(&p);
    assert_int_equal(fold_policy(&p.fold, "prod")->record->s.policy.version, 2);
    paper_free(&p);
}

/* ---- T12 stands in test_sshsig.c (allowed_signers); here the same names in a statement. ----
 */

static void t12_pattern_person(void **state)
{
    struct assay_ledger *ledger = world_open(&world, "ada");
    static const char *const names[] = {"*", "*@x", "a?", "!ada", "ada,bob", "Ada", "a b", ""};
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

/* ---- T13: a revoked key, and a signature dated back. Fails without apply_revocations(),
   person_key_allows() and check_time(). ---- */

static void t13_revoked(void **state)
{
    struct paper p;
    char fingerprint[FINGERPRINT_SIZE];
    struct statement revoke = {.event = EVENT_SIGNER};
    (void)state;
    paper_init(&p);
    paper_begin(&p, 1);
    paper_person(&p, "ada", "app", "approver", "");
    paper_person(&p, "ada", "rex", "", "");
    paper_policy(&p, "ada", "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    paper_ask(&p, "rex", REQ);
    size_t before = paper_vote(&p, "app", REQ, ASSAY_COMMENT);
    struct statement_head upto = {p.records[before].chain, 1, p.records[before].digest};
    /* The thief writes a record that the revocation has not seen, with an earlier time. */
    struct statement stolen = paper_decision(&p, REQ, ASSAY_APPROVE, "me");
    paper_head(&p, "app", &stolen);
    paper_key(&p, "app", fingerprint);
    revoke.signer = (struct statement_signer){
        .change = CHANGE_REVOKE,
        .person = {.person = "app", .name = "app"},
        .key = fingerprint,
        .after = &upto,
        .after_count = 1,
    };
    paper_add(&p, "ada", &revoke);
    size_t after = paper_add_as(&p, &stolen);
    paper_expect_valid(&p, before);
    paper_expect_invalid(&p, after, "revoked");
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_free(&p);
}

static void t13_backdated(void **state)
{
    struct paper p;
    (void)state;
    paper_init(&p);
    paper_begin(&p, 1);
    paper_person(&p, "ada", "app", "approver", "");
    paper_person(&p, "ada", "rex", "", "");
    paper_policy(&p, "ada", "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    paper_ask(&p, "rex", REQ);
    struct statement s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
    paper_head(&p, "app", &s);
    s.time_ms -= FOLD_SKEW_MS + 60000;
    paper_expect_invalid(&p, paper_add_as(&p, &s), "before what it builds on");
    s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
    paper_head(&p, "app", &s);
    s.time_ms += FOLD_SKEW_MS + 60000;
    paper_expect_invalid(&p, paper_add_as(&p, &s), "future");
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_free(&p);
}

/* ---- T14: a forwarded agent, a key that was not touched. Hardware keys are made of a software
   one: what an sk- key signs, signed here. Fails without vote_fault()'s look at the flags. ----
 */

struct fake_sk {
    uint8_t secret[32], public[32];
    struct pubkey key;
};

static void put_string(struct assay_buf *out, const void *bytes, size_t length)
{
    const uint8_t size[4] = {0, 0, (uint8_t)(length >> 8), (uint8_t)length};
    assay_buf_add(out, size, 4);
    assay_buf_add(out, bytes, length);
}

static void fake_sk_make(struct fake_sk *sk)
{
    struct assay_buf blob = {0};
    memset(sk->secret, 7, 32);
    ed25519_sha512_public_key(sk->public, sk->secret);
    put_string(&blob, "sk-ssh-ed25519@openssh.com", 26);
    put_string(&blob, sk->public, 32);
    put_string(&blob, "ssh:", 4);
    sk->key = (struct pubkey){.type = "sk-ssh-ed25519@openssh.com"};
    memcpy(sk->key.blob, blob.data, blob.length);
    sk->key.blob_length = blob.length;
    assay_buf_free(&blob);
}

static void sha(int bits, const void *bytes, size_t length, uint8_t *out)
{
    struct sha256_ctx c256;
    struct sha512_ctx c512;
    if (bits == 256) {
        sha256_init(&c256);
        sha256_update(&c256, length, bytes);
        sha256_digest(&c256, 32, out);
    } else {
        sha512_init(&c512);
        sha512_update(&c512, length, bytes);
        sha512_digest(&c512, 64, out);
    }
}

static void fake_sk_sign(const struct fake_sk *sk, uint8_t flags, uint32_t counter,
                         const char *message, size_t length, struct assay_buf *armour)
{
    struct assay_buf inner = {0}, data = {0}, blob = {0}, signature = {0};
    uint8_t hash[64], sig[64];
    const uint8_t number[4] = {(uint8_t)(counter >> 24), (uint8_t)(counter >> 16),
                               (uint8_t)(counter >> 8), (uint8_t)counter};
    sha(512, message, length, hash);
    assay_buf_text_add(&inner, "SSHSIG");
    put_string(&inner, SSHSIG_APPROVAL, strlen(SSHSIG_APPROVAL));
    put_string(&inner, "", 0);
    put_string(&inner, "sha512", 6);
    put_string(&inner, hash, 64);
    sha(256, "ssh:", 4, hash);
    assay_buf_add(&data, hash, 32);
    assay_buf_char(&data, (char)flags);
    assay_buf_add(&data, number, 4);
    sha(256, inner.data, inner.length, hash);
    assay_buf_add(&data, hash, 32);
    ed25519_sha512_sign(sk->public, sk->secret, data.length, (const uint8_t *)data.data, sig);
    put_string(&signature, "sk-ssh-ed25519@openssh.com", 26);
    put_string(&signature, sig, 64);
    assay_buf_char(&signature, (char)flags);
    assay_buf_add(&signature, number, 4);
    assay_buf_add(&blob, "SSHSIG\0\0\0\1", 10);
    put_string(&blob, sk->key.blob, sk->key.blob_length);
    put_string(&blob, SSHSIG_APPROVAL, strlen(SSHSIG_APPROVAL));
    put_string(&blob, "", 0);
    put_string(&blob, "sha512", 6);
    put_string(&blob, signature.data, signature.length);
    char *base64 = assay_alloc(blob.length * 2 + 8);
    size_t count = base64_encode(base64, (const uint8_t *)blob.data, blob.length);
    assay_buf_reset(armour);
    assay_buf_text_add(armour, "-----BEGIN SSH SIGNATURE-----\n");
    for (size_t i = 0; i < count; i += 70) {
        assay_buf_add(armour, base64 + i, count - i < 70 ? count - i : 70);
        assay_buf_char(armour, '\n');
    }
    assay_buf_text_add(armour, "-----END SSH SIGNATURE-----\n");
    free(base64);
    assay_buf_free(&inner);
    assay_buf_free(&data);
    assay_buf_free(&blob);
    assay_buf_free(&signature);
}

/* app votes with the hardware key and these flags; what the vote then is. */
static void sk_vote(const char *policy, uint8_t flags, uint32_t counter, const char *why_not)
{
    struct fake_sk sk;
    struct paper p;
    struct assay_buf armour = {0};
    char fingerprint[FINGERPRINT_SIZE];
    struct statement add = {.event = EVENT_SIGNER};
    fake_sk_make(&sk);
    paper_init(&p);
    paper_begin(&p, 1);
    const char *line = pubkey_line(&sk.key, &p.arena), *role = "approver";
    add.signer = (struct statement_signer){
        .change = CHANGE_ADD,
        .person = {.person = "app", .name = "app", .keys = {&line, 1}, .roles = {&role, 1}},
        .key = ""};
    paper_add(&p, "ada", &add);
    paper_person(&p, "ada", "rex", "", "");
    paper_policy(&p, "ada", policy);
    paper_ask(&p, "rex", REQ);
    struct statement s = paper_decision(&p, REQ, ASSAY_APPROVE, "");
    paper_head(&p, "app", &s);
    s.key = pubkey_fingerprint(fingerprint, sk.key.blob, sk.key.blob_length);
    p.now_ms += 1000;
    struct record *r = &p.records[paper_add_as(&p, &s)];
    fake_sk_sign(&sk, flags, counter, r->bytes, r->length, &armour);
    /* ssh-keygen takes it, touched or not: that is why we look ourselves. */
    assert_int_equal(signer_second_opinion("app", line, SSHSIG_APPROVAL, r->bytes, r->length,
                                           armour.data, armour.length, NULL),
                     ASSAY_OK);
    r->signature = armour.data;
    r->signature_length = armour.length;
    r->checked = SIGNATURE_UNCHECKED;
    record_check(r, &p.arena);
    assert_int_equal(r->checked, SIGNATURE_HOLDS);
    assert_true(r->hardware);
    const struct assay_request *request_now = paper_get(&p, REQ);
    assert_int_equal(request_now->vote_count, 1);
    if (why_not) {
        assert_false(request_now->votes[0].counts);
        assert_non_null(strstr(request_now->votes[0].why_not, why_not));
        assert_int_equal(request_now->state, ASSAY_STATE_PENDING);
    } else {
        assert_int_equal(request_now->state, ASSAY_STATE_APPROVED);
    }
    assay_buf_free(&armour);
    paper_free(&p);
}

static void t14_flags(void **state)
{
    static const char touch[] =
        "[policy]\nname = prod\ntouch = required\n[clause approver]\ncount = 1\n";
    static const char pin[] =
        "[policy]\nname = prod\npin = required\n[clause approver]\ncount = 1\n";
    (void)state;
    sk_vote(touch, 0, 5, "without touching");
    sk_vote(touch, 1, 5, NULL);
    sk_vote(pin, 1, 5, "PIN");
    sk_vote(pin, 5, 5, NULL);
}

/* A soft key where a touch is asked for: refused before it is even asked. */
static void t14_soft_key(void **state)
{
    struct paper p;
    (void)state;
    paper_init(&p);
    paper_begin(&p, 1);
    paper_person(&p, "ada", "app", "approver", "");
    paper_person(&p, "ada", "rex", "", "");
    paper_policy(&p, "ada",
                 "[policy]\nname = prod\ntouch = required\n[clause approver]\ncount = 1\n");
    paper_ask(&p, "rex", REQ);
    paper_vote(&p, "app", REQ, ASSAY_APPROVE);
    assert_false(paper_get(&p, REQ)->votes[0].counts);
    paper_expect(&p, REQ, ASSAY_STATE_PENDING);
    paper_free(&p);
}

/* A counter that does not grow: the key may be a copy. Fails without check_counter(). */
static void t14_counter(void **state)
{
    struct paper p;
    struct fake_sk sk;
    struct statement add = {.event = EVENT_SIGNER};
    char fingerprint[FINGERPRINT_SIZE];
    (void)state;
    fake_sk_make(&sk);
    paper_init(&p);
    paper_begin(&p, 1);
    const char *line = pubkey_line(&sk.key, &p.arena), *role = "approver";
    add.signer = (struct statement_signer){
        .change = CHANGE_ADD,
        .person = {.person = "app", .name = "app", .keys = {&line, 1}, .roles = {&role, 1}},
        .key = ""};
    paper_add(&p, "ada", &add);
    paper_person(&p, "ada", "rex", "", "");
    paper_policy(&p, "ada", "[policy]\nname = prod\n[clause approver]\ncount = 1\n");
    paper_ask(&p, "rex", REQ);
    for (uint32_t i = 0; i < 2; i++) {
        struct statement s = paper_decision(&p, REQ, ASSAY_COMMENT, "hm");
        paper_head(&p, "app", &s);
        s.key = pubkey_fingerprint(fingerprint, sk.key.blob, sk.key.blob_length);
        p.now_ms += 1000;
        struct record *r = &p.records[paper_add_as(&p, &s)];
        r->hardware = true;
        r->counter = 9 - i;
    }
    paper_fold(&p);
    assert_int_equal(p.fold.problem_count, 1);
    assert_false(p.fold.problems[0].invalid);
    assert_non_null(strstr(p.fold.problems[0].what, "counter"));
    paper_free(&p);
}

/* ---- T15: another signer is put in the way. Fails without spawn_find()'s fixed places and the
   check of what came back in signer_sign(). ---- */

static void t15_substituted(void **state)
{
    char *directory = world_path(&world, "evil"), file[400], mark[400], script[900];
    const char *path = getenv("PATH");
    char *old = assay_strdup(path);
    struct assay_error err = {0};
    char id[17];
    (void)state;
    assert_int_equal(assay_make_directories(directory, &err), ASSAY_OK);
    snprintf(file, sizeof file, "%s/ssh-keygen", directory);
    snprintf(mark, sizeof mark, "%s/ran", directory);
    snprintf(script, sizeof script, "#!/bin/sh\ntouch %s\n", mark);
    assert_int_equal(assay_file_write(file, script, strlen(script), 0755, &err), ASSAY_OK);
    setenv("PATH", directory, 1);
    world_ask(&world, id);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, &err), ASSAY_OK);
    setenv("PATH", old, 1);
    assert_int_not_equal(access(mark, F_OK), 0);
    free(old);
    free(directory);
}

/* ---- T16: no file is written or named in signing, so no stale signature can be taken for a
   new one. Fails if signer.c ever passes a path but that of the key's descriptor. ---- */

static void t16_no_files(void **state)
{
    char trace[400], store[400], state_home[400], command[1200], *text = NULL;
    const char *program = getenv("ASSAY_PROGRAM");
    size_t length = 0, found = 0;
    char id[17];
    (void)state;
    const char *const probe[] = {"strace", "-o", "/dev/null", "true", NULL};
    if (!program || test_command_status(probe) != 0)
        skip();
    world_ask(&world, id);
    snprintf(trace, sizeof trace, "%s/trace", world.directory);
    snprintf(store, sizeof store, "ASSAY_STORE=%s", world.store);
    snprintf(state_home, sizeof state_home, "XDG_STATE_HOME=%s/t16", world.directory);
    snprintf(command, sizeof command, "%s/rex.pub", world.agent.directory);
    const char *const argv[] = {"env",
                                "ASAN_OPTIONS=detect_leaks=0",
                                store,
                                state_home,
                                "strace",
                                "-f",
                                "-s",
                                "200",
                                "-e",
                                "trace=execve",
                                "-o",
                                trace,
                                program,
                                "sign",
                                id,
                                "--withdraw",
                                "--sign-with",
                                command,
                                NULL};
    test_command(argv);
    assert_int_equal(assay_file_read(trace, 16 << 20, &text, &length, NULL), ASSAY_OK);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (!strstr(line, "\"sign\", \"-f\""))
            continue;
        assert_non_null(strstr(line, "\"-U\", \"-Y\", \"sign\", \"-f\", \"/proc/self/fd/"));
        assert_non_null(strstr(line, "\"-n\", \"approval@assay\"]"));
        found++;
    }
    assert_int_equal(found, 1);
    free(text);
}

/* ---- T17: the agent does not answer. Fails without the deadline in spawn_run(). ---- */

static void t17_silent_agent(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};
    char heads[400], key[400], id[17];
    (void)state;
    world_ask(&world, id);
    size_t before = world_records(&world);
    assert_true(strlen(world.agent.directory) + 3 < sizeof address.sun_path);
    memcpy(address.sun_path, world.agent.directory, strlen(world.agent.directory) + 1);
    strncat(address.sun_path, "/q", 3);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 4), 0);
    setenv("SSH_AUTH_SOCK", address.sun_path, 1);
    snprintf(heads, sizeof heads, "%s/heads-rex", world.directory);
    snprintf(key, sizeof key, "%s/rex.pub", world.agent.directory);
    assert_int_equal(assay_ledger_open(&ledger,
                                       &(struct assay_ledger_options){.store = world.store,
                                                                      .heads = heads,
                                                                      .key = key,
                                                                      .sign_timeout_ms = 300},
                                       &err),
                     ASSAY_OK);
    struct assay_decision decision = {.verdict = ASSAY_WITHDRAW};
    assert_int_equal(assay_request_decide(ledger, id, &decision, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "no answer"));
    assay_ledger_close(&ledger);
    close(listener);
    test_agent_use(&world.agent);
    assert_int_equal(world_records(&world), before);
    assert_int_equal(world_decide(&world, "rex", id, ASSAY_WITHDRAW, NULL), ASSAY_OK);
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
        cmocka_unit_test(t4_unsigned_disturbs_nobody),
        cmocka_unit_test(t5_transplant),
        cmocka_unit_test(t6_namespace),
        cmocka_unit_test(t11_policy_rollback),
        cmocka_unit_test(t12_pattern_person),
        cmocka_unit_test(t13_revoked),
        cmocka_unit_test(t13_backdated),
        cmocka_unit_test(t14_flags),
        cmocka_unit_test(t14_soft_key),
        cmocka_unit_test(t14_counter),
        cmocka_unit_test(t15_substituted),
        cmocka_unit_test(t16_no_files),
        cmocka_unit_test(t17_silent_agent),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
