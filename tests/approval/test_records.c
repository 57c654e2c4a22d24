/*
 * Many records read, and their signatures checked, by several threads: each is what it is when
 * it is read alone, the damaged and the forged ones among them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "approval/signer.h"
#include "approval/sshsig.h"
#include "support/agent.h"
#include "support/paper.h"

#define REQ     "00000000000000aa"
#define COPIES  40
#define DAMAGED 7  /* every 7th ends too early */
#define OTHER   11 /* every 11th lies under the digest of another */
#define FORGED  5  /* every 5th carries a signature over something else */

static const char policy[] = "[policy]\nname = prod\n[clause approver]\ncount = 1\n";

static struct test_agent agent;
static struct paper paper;

static int start(void **state)
{
    (void)state;
    test_agent_start(&agent);
    paper_init(&paper);
    paper_begin(&paper, 1);
    paper_person(&paper, "adm", "rex", "", "");
    paper_person(&paper, "adm", "app", "approver", "");
    paper_policy(&paper, "adm", policy);
    paper_ask(&paper, "rex", REQ);
    paper_vote(&paper, "app", REQ, ASSAY_APPROVE);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    paper_free(&paper);
    test_agent_stop(&agent);
    return 0;
}

static const char *new_key(void)
{
    static struct pubkey key;
    char file[400];
    struct assay_error err = {0};
    test_agent_key(&agent, "ed25519", "many", file);
    if (pubkey_read(&key, file, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    return pubkey_line(&key, &paper.arena);
}

/* A signature by KEY over the bytes of R, for what R is. */
static void sign(struct record *r, const char *key)
{
    struct assay_buf armour = {0};
    struct sshsig_facts facts;
    struct assay_error err = {0};
    if (signer_sign(key, statement_space(r->s.event), r->bytes, r->length, 0, &armour, &facts,
                    &err) != ASSAY_OK)
        fail_msg("%s (%s)", err.what, err.hint);
    r->signature = assay_arena_strndup(&paper.arena, armour.data, armour.length);
    r->signature_length = armour.length;
    assay_buf_free(&armour);
}

/* Copies of the paper's records, with faults among them: nothing of them has been read. */
static struct record *make_many(size_t *count)
{
    struct record *many = assay_alloc_array(COPIES * paper.count, sizeof *many);
    *count = COPIES * paper.count;
    for (size_t i = 0; i < *count; i++) {
        const struct record *from = &paper.records[i % paper.count];
        const struct record *signature = &paper.records[(i + (i % FORGED == 0)) % paper.count];
        many[i] = (struct record){.seq = i + 1,
                                  .digest = i % OTHER == 0 ? signature[0].digest : from->digest,
                                  .bytes = from->bytes,
                                  .length = from->length,
                                  .signature = signature->signature,
                                  .signature_length = signature->signature_length};
        if (i % DAMAGED == 0) {
            many[i].length--;
            many[i].digest = NULL;
        }
    }
    return many;
}

static void read_and_check(struct record *record, struct json_doc *doc,
                           struct assay_arena *arena)
{
    record_read(record, doc, arena);
    record_check(record, arena);
}

static void assert_same_text(const char *a, const char *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a)
        assert_string_equal(a, b);
}

static void assert_same(const struct record *a, const struct record *b)
{
    assert_same_text(a->digest, b->digest);
    assert_same_text(a->fault, b->fault);
    assert_same_text(a->chain, b->chain);
    assert_same_text(a->signature_why, b->signature_why);
    assert_same_text(a->signed_by, b->signed_by);
    assert_int_equal(a->checked, b->checked);
    assert_int_equal(a->s.event, b->s.event);
    assert_int_equal(a->s.number, b->s.number);
    assert_int_equal(a->s.time_ms, b->s.time_ms);
    assert_same_text(a->s.person, b->s.person);
    assert_same_text(a->s.previous, b->s.previous);
    assert_int_equal(a->s.seen_count, b->s.seen_count);
}

static void test_together_as_alone(void **state)
{
    (void)state;
    struct assay_arena arenas[RECORD_THREADS] = {0}, alone_arena = {0};
    struct json_doc doc = {0};
    const char *key = new_key();
    size_t count, faults = 0, held = 0, failed = 0;
    for (size_t i = 0; i < paper.count; i++)
        sign(&paper.records[i], key);
    struct record *together = make_many(&count), *alone = make_many(&count);
    struct record **list = assay_alloc_array(count, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = &together[i];
    records_work(list, count, 0, read_and_check, arenas);
    for (size_t i = 0; i < count; i++) {
        read_and_check(&alone[i], &doc, &alone_arena);
        assert_same(&together[i], &alone[i]);
        faults += together[i].fault != NULL;
        held += together[i].checked == SIGNATURE_HOLDS;
        failed += together[i].checked == SIGNATURE_FAILS;
    }
    /* All three are among them, and nothing else. */
    assert_true(faults > 0 && held > 0 && failed > 0);
    assert_int_equal(faults + held + failed, count);
    free(list);
    free(together);
    free(alone);
    json_doc_free(&doc);
    assay_arena_free(&alone_arena);
    for (size_t i = 0; i < RECORD_THREADS; i++)
        assay_arena_free(&arenas[i]);
}

/* Handed over a few at a time, while others are at work on those before. */
static void test_while_they_come(void **state)
{
    (void)state;
    struct assay_arena arenas[RECORD_THREADS] = {0}, alone_arena = {0};
    struct json_doc doc = {0};
    size_t count;
    struct record *together = make_many(&count), *alone = make_many(&count);
    struct records_sharing *sharing = records_begin(record_read, 1, arenas);
    for (size_t i = 0; i < count; i += 3)
        records_ready(sharing, together, i);
    records_ready(sharing, together, count);
    records_end(sharing);
    for (size_t i = 0; i < count; i++) {
        record_read(&alone[i], &doc, &alone_arena);
        assert_same(&together[i], &alone[i]);
    }
    free(together);
    free(alone);
    json_doc_free(&doc);
    assay_arena_free(&alone_arena);
    for (size_t i = 0; i < RECORD_THREADS; i++)
        assay_arena_free(&arenas[i]);
}

/* TEXT with the first FROM in it replaced by TO, read as a statement. */
static enum assay_status read_changed(const char *text, const char *from, const char *to,
                                      struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct json_doc doc = {0};
    struct assay_buf changed = {0};
    struct statement s;
    const char *at = strstr(text, from);
    if (!at)
        fail_msg("%s: is not in %s", from, text);
    assay_buf_add(&changed, text, (size_t)(at - text));
    assay_buf_text_add(&changed, to);
    assay_buf_text_add(&changed, at + strlen(from));
    enum assay_status status =
        statement_parse(&s, &doc, &arena, changed.data, changed.length, "record", err);
    assay_buf_free(&changed);
    json_doc_free(&doc);
    assay_arena_free(&arena);
    return status;
}

/* Whatever is cut off the end of TEXT, what is left is no statement. */
static void refuses_cut(const struct assay_buf *text)
{
    for (size_t length = 0; length < text->length; length++) {
        struct assay_arena arena = {0};
        struct json_doc doc = {0};
        struct statement s;
        char *cut = assay_alloc(length); /* nothing behind it: a byte too far is seen */
        memcpy(cut, text->data, length);
        assert_int_equal(statement_parse(&s, &doc, &arena, cut, length, "record", NULL),
                         ASSAY_CORRUPT);
        free(cut);
        json_doc_free(&doc);
        assay_arena_free(&arena);
    }
}

/* What says the same in other bytes is no statement: there is one way to write each. */
static void test_written_one_way(void **state)
{
    static const struct {
        const char *from, *to;
    } same[] = {
        {"{\"_type\":", "{ \"_type\":"},            /* a blank */
        {"}}", "}}\n"},                             /* behind the end */
        {"in-toto.io/", "in-toto.io\\/"},           /* an escape that need not be */
        {"\"event\"", "\"\\u0065vent\""},           /* in a key */
        {"words", "wor\\u0064s"},                   /* in a letter */
        {"\"number\":\"1\"", "\"number\":\"01\""},  /* a number */
        {"T", "t"},                                 /* a time, or a type */
        {"\"nonce\":", "\"more\":\"\",\"nonce\":"}, /* one member more */
    };
    static const char words[] =
        "tab\there, quote\" slash\\ del\x7f bell\a \xc3\xa9 \xf0\x9f\x98\x80";
    struct assay_error err = {0};
    struct assay_buf text = {0};
    (void)state;
    struct statement s = paper.records[paper.count - 2].s;
    assert_int_equal(s.event, EVENT_REQUEST);
    s.number = 1;
    s.previous = "";
    s.request.words = words;
    assert_int_equal(statement_write(&text, &s, &err), ASSAY_OK);
    assert_int_equal(read_changed(text.data, "words", "words", &err), ASSAY_OK);
    for (size_t i = 0; i < ASSAY_COUNT(same); i++)
        if (read_changed(text.data, same[i].from, same[i].to, NULL) == ASSAY_OK)
            fail_msg("%s for %s was taken", same[i].to, same[i].from);
    /* Spelt otherwise than it is written: escapes that JSON allows, and what it need not
     * escape. */
    assert_int_equal(read_changed(text.data, "\\t", "\\u0009", NULL), ASSAY_CORRUPT);
    assert_int_equal(read_changed(text.data, "\\u007f", "\x7f", NULL), ASSAY_CORRUPT);
    assert_int_equal(read_changed(text.data, "\\u0007", "\\u000007", NULL), ASSAY_CORRUPT);
    assert_int_equal(read_changed(text.data, "\xc3\xa9", "\\u00e9", &err), ASSAY_CORRUPT);
    assert_non_null(strstr(err.what, "spelt another way"));
    refuses_cut(&text); /* in the middle of escapes, too */
    assay_buf_free(&text);
}

/* What is read is what was written, and what is no value of a member is refused by its name. */
static void test_each_member(void **state)
{
    static const struct {
        const char *from, *to, *at;
    } wrong[] = {
        {"in-toto.io/Statement/v1", "in-toto.io/Statement/v2", "\"_type\""},
        {"/request/v1", "/requests/v1", "\"predicateType\""},
        {"\"event\":\"request\"", "\"event\":\"decision\"", "\"event\""},
        {"\"number\":\"1\"", "\"number\":\"0\"", "\"number\""},
        {"\"number\":\"1\"", "\"number\":\"1a\"", "\"number\""},
        {"\"number\":\"1\"", "\"number\":\"\"", "\"number\""},
        {"\"number\":\"1\"", "\"number\":\"1234567890123456789\"", "\"number\""},
        {"\"device\":\"0", "\"device\":\"g", "\"device\""},
        {"\"person\":\"", "\"person\":\"*", "\"person\""},
        {"Z\",\"nonce", "\",\"nonce", "\"time\""},
        {"\"target\":\"alias:", "\"target\":\"alia:", "\"target\""},
        {"\"nonce\":", "\"nonces\":", "spelt another way), at its \"nonce\""},
        {",\"terminal\":\"\"", "", "left out or spelt another way), at its \"terminal\""},
        {"\"seen\":[", "\"seen\":[,", "byte"},
        {"\"role\":\"\"", "\"role\":\"\xff\"", "not valid UTF-8"},
        {"\"role\":\"\"", "\"role\":\"\",\"role\":\"\"", "the same key twice"},
        {"\"role\":\"\"", "\"role\":7", "only objects, arrays and texts"},
    };
    struct assay_error err = {0};
    struct assay_buf text = {0};
    (void)state;
    struct statement s = paper.records[paper.count - 2].s;
    s.number = 1;
    s.previous = s.role = s.terminal = "";
    assert_int_equal(statement_write(&text, &s, &err), ASSAY_OK);
    for (size_t i = 0; i < ASSAY_COUNT(wrong); i++) {
        err = (struct assay_error){0};
        if (read_changed(text.data, wrong[i].from, wrong[i].to, &err) != ASSAY_CORRUPT ||
            !strstr(err.what, wrong[i].at))
            fail_msg("%s for %s: %s", wrong[i].to, wrong[i].from, err.what);
    }
    refuses_cut(&text);
    assay_buf_free(&text);
}

/* A list longer than is allowed, and as long. */
static void test_long_lists(void **state)
{
    struct assay_fact facts[STATEMENT_LIST_MAX + 1];
    struct assay_arena arena = {0};
    struct json_doc doc = {0};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(facts); i++)
        facts[i] = (struct assay_fact){.part = "run owner", .account = i % 2 ? "a" : "b"};
    for (size_t more = 0; more < 2; more++) {
        struct assay_buf text = {0};
        struct assay_error err = {0};
        struct statement s = paper.records[paper.count - 2].s, again;
        s.request.lineage = facts;
        s.request.lineage_count = STATEMENT_LIST_MAX + more;
        assert_int_equal(statement_write(&text, &s, &err), ASSAY_OK);
        assert_int_equal(
            statement_parse(&again, &doc, &arena, text.data, text.length, "record", &err),
            more ? ASSAY_CORRUPT : ASSAY_OK);
        assert_true(more ? strstr(err.what, "\"lineage\"") != NULL
                         : again.request.lineage_count == STATEMENT_LIST_MAX);
        for (size_t i = 0; !more && i < STATEMENT_LIST_MAX; i++)
            assert_string_equal(again.request.lineage[i].account, facts[i].account);
        assay_buf_free(&text);
    }
    json_doc_free(&doc);
    assay_arena_free(&arena);
}

static void test_none(void **state)
{
    (void)state;
    struct assay_arena arenas[RECORD_THREADS] = {0};
    records_work(NULL, 0, 0, record_read, arenas);
    records_work(NULL, 0, 1, record_read, arenas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_together_as_alone),
        cmocka_unit_test(test_while_they_come),
        cmocka_unit_test(test_written_one_way),
        cmocka_unit_test(test_each_member),
        cmocka_unit_test(test_long_lists),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
