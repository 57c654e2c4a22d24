/*
 * Signatures of models: what the real model_signing signed (data/make_model_signature.py) holds
 * for the files it was made of and for no others; whatever else a signature may be passes
 * nothing, and says why. T29 of docs/approvals.md.
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

#include <assay/file.h>
#include <assay/memory.h>

#include "approval/gates.h"
#include "approval/manifest.h"
#include "approval/model_signature.h"
#include "approval/pubkey.h"
#include "support/world.h"

static const char *const model_files[] = {"MLmodel", "README.md", "data/weights.bin"};
static struct assay_arena arena;
static char directory[400];

static char *fixture(const char *name)
{
    char path[600], *bytes = NULL;
    size_t length;
    struct assay_error err = {0};

    snprintf(path, sizeof path, "%s/approval/data/model-signature/%s", TEST_DATA, name);
    if (assay_file_read(path, 1 << 20, &bytes, &length, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    return bytes;
}

/* What stands between the lines BEGIN and END, on one line. */
static void key_of(char *out, const char *name)
{
    char *pem = fixture(name), *at = strchr(pem, '\n') + 1;
    size_t length = 0;

    for (; *at != '-'; at++)
        if (*at != '\n')
            out[length++] = *at;
    out[length] = '\0';
    free(pem);
}

static void put(const char *name, const char *bytes, size_t length)
{
    char *path = assay_path_join(directory, name);
    assert_int_equal(assay_file_write(path, bytes, length, 0600, NULL), ASSAY_OK);
    free(path);
}

static void take_away(const char *name)
{
    char *path = assay_path_join(directory, name);
    (void)unlink(path);
    free(path);
}

/* The model as it was signed. */
static int lay_out(void **state)
{
    const char *place = getenv("TMPDIR");
    (void)state;
    snprintf(directory, sizeof directory, "%s/signed-XXXXXX", place ? place : "/tmp");
    assert_non_null(mkdtemp(directory));
    char *data = assay_path_join(directory, "data");
    assert_int_equal(assay_make_directories(data, NULL), ASSAY_OK);
    free(data);
    for (size_t i = 0; i < ASSAY_COUNT(model_files); i++) {
        char from[600], *to = assay_path_join(directory, model_files[i]);
        snprintf(from, sizeof from, "%s/approval/data/model-signature/model/%s", TEST_DATA,
                 model_files[i]);
        world_copy(from, to);
        free(to);
    }
    return 0;
}

static int clear(void **state)
{
    static const char *const more[] = {"model.sig", "extra.bin", ".gitattributes", "by-ci.sig"};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(model_files); i++)
        take_away(model_files[i]);
    for (size_t i = 0; i < ASSAY_COUNT(more); i++)
        take_away(more[i]);
    char *data = assay_path_join(directory, "data");
    rmdir(data);
    free(data);
    assert_int_equal(rmdir(directory), 0);
    assay_arena_free(&arena);
    return 0;
}

static void read_policy(struct policy *policy, const char *key, const char *more)
{
    struct assay_buf text = {0};
    struct assay_error err = {0};
    char base64[400];

    key_of(base64, key);
    assay_buf_format(&text,
                     "[policy]\nname = p\n[clause a]\ncount = 1\n[gate signed]\n"
                     "kind = model-signature\nkey = %s\n%s",
                     base64, more);
    if (policy_parse(policy, &arena, text.data, text.length, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assay_buf_free(&text);
}

/* The gate over the files as they lie there now. */
static struct assay_gate_result run_gate(const char *key, const char *more)
{
    const char *roots[] = {directory};
    struct manifest manifest;
    struct policy policy;
    struct version_facts facts = {
        .model = "f", .version = "1", .roots = roots, .root_count = 1};
    struct gate_context context = {.candidate = &facts, .target = "alias:x", .arena = &arena};

    assert_int_equal(manifest_read(&manifest, &arena, roots, 1, NULL), ASSAY_OK);
    facts.files = manifest.files;
    facts.file_count = manifest.count;
    facts.digest = manifest.digest;
    read_policy(&policy, key, more);
    return gate_run(&policy.gates[0], &context);
}

static void expect(struct assay_gate_result gate, enum assay_requirement_state state,
                   const char *why)
{
    if (gate.state != state || !strstr(gate.why, why))
        fail_msg("%s: %s; expected %s: %s", assay_requirement_state_name(gate.state), gate.why,
                 assay_requirement_state_name(state), why);
}

static void put_signature(const char *name)
{
    char *bytes = fixture(name);
    put("model.sig", bytes, strlen(bytes));
    free(bytes);
}

/* ---- what the real tool signed ---- */

static void signed_by_the_tool(void **state)
{
    static const struct {
        const char *signature, *key, *more;
        enum assay_requirement_state state;
        const char *why;
    } cases[] = {
        {"p256.sig", "p256.pem", "", ASSAY_SATISFIED, "3 files signed by the key"},
        {"p384.sig", "p384.pem", "", ASSAY_SATISFIED, "3 files signed by the key"},
        {"p521.sig", "p521.pem", "", ASSAY_SATISFIED, "3 files signed by the key"},
        {"p256.sig", "p384.pem", "", ASSAY_UNSATISFIED, "signed by another key"},
        {"other.sig", "p256.pem", "", ASSAY_UNSATISFIED, "signed by another key"},
        /* Who signs does not decide what needs no signature. */
        {"without-readme.sig", "p256.pem", "", ASSAY_UNSATISFIED,
         "README.md is there and was not signed"},
        {"without-readme.sig", "p256.pem", "ignore = a, README.md\n", ASSAY_SATISFIED,
         "2 files signed by the key"},
        {"without-readme.sig", "p256.pem", "ignore = README\n", ASSAY_UNSATISFIED,
         "README.md is there and was not signed"},
        {"shards.sig", "p256.pem", "", ASSAY_ERROR, "signed by shards"},
        {"blake2.sig", "p256.pem", "", ASSAY_ERROR, "signed by blake2b"},
        {"certificate.sig", "p256.pem", "", ASSAY_ERROR, "signed with a certificate"},
        {"other-whole.sig", "p256.pem", "", ASSAY_ERROR, "digest of the whole"},
        {"two-subjects.sig", "p256.pem", "", ASSAY_ERROR, "digest of the whole"},
        {"same-twice.sig", "p256.pem", "", ASSAY_ERROR, "names README.md twice"},
        {"other-kind.sig", "p256.pem", "", ASSAY_ERROR, "https://slsa.dev/provenance/v1"},
    };
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        put_signature(cases[i].signature);
        expect(run_gate(cases[i].key, cases[i].more), cases[i].state, cases[i].why);
    }
}

/* ---- T29: files swapped before they were registered. Fails without check_files() and
   signature_holds(). ---- */

static void t29_files(void **state)
{
    char weights[64];
    (void)state;
    put_signature("p256.sig");
    for (int i = 0; i < 64; i++)
        weights[i] = (char)i;
    expect(run_gate("p256.pem", ""), ASSAY_SATISFIED, "3 files");

    weights[63] ^= 1;
    put("data/weights.bin", weights, sizeof weights);
    expect(run_gate("p256.pem", ""), ASSAY_UNSATISFIED,
           "data/weights.bin is not what was signed");
    /* What must be signed is not what need not be. */
    expect(run_gate("p256.pem", "ignore = data\n"), ASSAY_UNSATISFIED,
           "is not what was signed");
    weights[63] ^= 1;
    put("data/weights.bin", weights, sizeof weights);

    put("extra.bin", "x", 1);
    expect(run_gate("p256.pem", ""), ASSAY_UNSATISFIED,
           "extra.bin is there and was not signed");
    expect(run_gate("p256.pem", "ignore = extra.bin\n"), ASSAY_SATISFIED, "2 left unsigned");
    take_away("extra.bin");

    put(".gitattributes", "x", 1);
    expect(run_gate("p256.pem", ""), ASSAY_SATISFIED, "2 left unsigned");

    take_away("README.md");
    expect(run_gate("p256.pem", ""), ASSAY_UNSATISFIED,
           "README.md was signed and is not there");
    expect(run_gate("p256.pem", "ignore = README.md\n"), ASSAY_UNSATISFIED, "is not there");
}

static void t29_no_signature(void **state)
{
    char *bytes = fixture("p256.sig");
    (void)state;
    expect(run_gate("p256.pem", ""), ASSAY_MISSING, "the model has no model.sig");
    put("by-ci.sig", bytes, strlen(bytes));
    expect(run_gate("p256.pem", ""), ASSAY_MISSING, "the model has no model.sig");
    expect(run_gate("p256.pem", "file = by-ci.sig\n"), ASSAY_SATISFIED, "3 files");
    free(bytes);
}

/* Signed, but other files than those that were registered. */
static void t29_not_registered(void **state)
{
    const char *roots[] = {directory};
    struct policy policy;
    struct version_facts facts = {
        .model = "f", .version = "1", .digest = "0123", .roots = roots, .root_count = 1};
    struct gate_context context = {.candidate = &facts, .target = "alias:x", .arena = &arena};
    (void)state;
    put_signature("p256.sig");
    read_policy(&policy, "p256.pem", "");
    expect(gate_run(&policy.gates[0], &context), ASSAY_UNSATISFIED, "not those registered");
    facts.root_count = 0;
    expect(gate_run(&policy.gates[0], &context), ASSAY_MISSING, "where the files lie");
}

/* A server's files are hashed when the facts are asked for; the signature is fetched again. */
static enum assay_status fetch(void *fetcher, const struct version_facts *facts,
                               const char *path, size_t most, struct assay_buf *out,
                               struct assay_error *err)
{
    (void)facts;
    if (!fetcher || strcmp(path, "model.sig") != 0 || strlen(fetcher) > most)
        return assay_fail(err, ASSAY_IO, "%s: the server is gone", path);
    assay_buf_text_add(out, fetcher);
    return ASSAY_OK;
}

static void from_a_server(void **state)
{
    const char *roots[] = {directory};
    char *good = fixture("p256.sig"), *other = fixture("other.sig");
    struct manifest manifest;
    struct policy policy;
    struct version_facts facts = {
        .model = "f", .version = "1", .fetch = fetch, .fetcher = good};
    struct gate_context context = {.candidate = &facts, .target = "alias:x", .arena = &arena};
    (void)state;
    put_signature("p256.sig");
    assert_int_equal(manifest_read(&manifest, &arena, roots, 1, NULL), ASSAY_OK);
    facts.files = manifest.files;
    facts.file_count = manifest.count;
    facts.digest = manifest.digest;
    read_policy(&policy, "p256.pem", "");
    expect(gate_run(&policy.gates[0], &context), ASSAY_SATISFIED, "3 files");
    facts.fetcher = other;
    expect(gate_run(&policy.gates[0], &context), ASSAY_ERROR, "changed since it was hashed");
    facts.fetcher = NULL;
    expect(gate_run(&policy.gates[0], &context), ASSAY_ERROR, "the server is gone");
    facts.fetch = NULL;
    expect(gate_run(&policy.gates[0], &context), ASSAY_MISSING, "where the files lie");
    free(good);
    free(other);
}

/* ---- hostile signatures ---- */

static void expect_bytes(const char *bytes, size_t length, enum assay_requirement_state state,
                         const char *why)
{
    put("model.sig", bytes, length);
    expect(run_gate("p256.pem", ""), state, why);
}

/* The same without the gate around it. */
static enum assay_requirement_state check_bytes(const struct model_key *key, const char *bytes,
                                                size_t length)
{
    const char *roots[] = {directory};
    struct manifest manifest;

    assert_int_equal(manifest_read(&manifest, &arena, roots, 1, NULL), ASSAY_OK);
    return model_signature_check(&(struct model_signature){.key = key,
                                                           .name = "model.sig",
                                                           .bytes = bytes,
                                                           .length = length,
                                                           .files = manifest.files,
                                                           .file_count = manifest.count},
                                 &arena)
        .state;
}

/* BYTES with the first FROM in it turned into TO; malloc'd. */
static char *turned(const char *bytes, const char *from, const char *to)
{
    struct assay_buf out = {0};
    const char *at = strstr(bytes, from);

    assert_non_null(at);
    assay_buf_add(&out, bytes, (size_t)(at - bytes));
    assay_buf_text_add(&out, to);
    assay_buf_text_add(&out, at + strlen(from));
    return assay_buf_take(&out);
}

static void hostile_bundles(void **state)
{
    static const struct {
        const char *from, *to;
        enum assay_requirement_state state;
        const char *why;
    } cases[] = {
        /* A hint helps; it is no proof, and older signatures have none. */
        {"\"publicKey\":{\"hint\":", "\"publicKey\":{\"other\":", ASSAY_SATISFIED, "3 files"},
        {"\"tlogEntries\":[]", "\"tlogEntries\":[1,-2.5e+3,true,false,null]", ASSAY_SATISFIED,
         "3 files"},
        {"\"tlogEntries\":[]", "\"tlogEntries\":[01]", ASSAY_ERROR, "no value"},
        {"\"tlogEntries\":[]", "\"tlogEntries\":[nan]", ASSAY_ERROR, "no value"},
        {"\"tlogEntries\":[]", "\"tlogEntries\":[[[[[[[[[[[[[]]]]]]]]]]]]]", ASSAY_ERROR,
         "nested too deeply"},
        {"v0.3+json", "v0.2+json", ASSAY_ERROR, "not a bundle of sigstore's format v0.3"},
        {"\"publicKey\":{", "\"certificate\":{", ASSAY_ERROR, "signed with a certificate"},
        {"\"dsseEnvelope\":{", "\"dsseEnvelope\":[],\"x\":{", ASSAY_ERROR, "no statement"},
        {"\"dsseEnvelope\":{", "\"messageSignature\":{", ASSAY_ERROR, "no statement"},
        {"vnd.in-toto+json", "vnd.in-toto+xml", ASSAY_ERROR, "no statement"},
        {"\"signatures\":[{", "\"signatures\":[{\"sig\":\"MEUC\"},{", ASSAY_ERROR,
         "no statement with one signature"},
        {"\"signatures\":[{", "\"signatures\":[{\"sig\":\"\",", ASSAY_ERROR,
         "the same key twice"},
        {"\"sig\":\"", "\"sig\":\"*", ASSAY_ERROR, "damaged"},
        {"\"payload\":\"", "\"payload\":\"====", ASSAY_ERROR, "damaged"},
        {"\"payload\":\"", "\"payload\":\"ICAg", ASSAY_UNSATISFIED, "did not sign this"},
        {"\"payload\":\"", "\"payload\":1,\"p\":\"", ASSAY_ERROR, "no statement"},
        {"{\"mediaType\"", "[{\"mediaType\"", ASSAY_ERROR, "model.sig"},
    };
    char *good = fixture("p256.sig");
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        char *bytes = turned(good, cases[i].from, cases[i].to);
        expect_bytes(bytes, strlen(bytes), cases[i].state, cases[i].why);
        free(bytes);
    }
    expect_bytes("", 0, ASSAY_ERROR, "model.sig");
    expect_bytes("null", 4, ASSAY_ERROR, "not a bundle");
    char *huge = assay_alloc(MODEL_SIGNATURE_BYTES_MAX + 1);
    memset(huge, ' ', MODEL_SIGNATURE_BYTES_MAX + 1);
    expect_bytes(huge, MODEL_SIGNATURE_BYTES_MAX + 1, ASSAY_ERROR, "larger than");
    expect_bytes(huge, MODEL_SIGNATURE_BYTES_MAX, ASSAY_ERROR, "model.sig");
    free(huge);
    free(good);
}

/* The signature of the bundle, in another form of DER. */
static void try_der(const char *good, const uint8_t *der, size_t length,
                    enum assay_requirement_state state)
{
    struct assay_buf out = {0};
    char base64[400];
    const char *at = strstr(good, "\"sig\":\"") + 7;

    base64_encode(base64, der, length);
    assay_buf_add(&out, good, (size_t)(at - good));
    assay_buf_text_add(&out, base64);
    assay_buf_text_add(&out, strchr(at, '"'));
    expect_bytes(out.data, out.length, state, "");
    assay_buf_free(&out);
}

static void hostile_der(void **state)
{
    char *good = fixture("p256.sig");
    const char *at = strstr(good, "\"sig\":\"") + 7;
    uint8_t der[160], other[160];
    size_t length = 0;
    (void)state;
    assert_true(base64_decode(der, sizeof der, at, strcspn(at, "\""), &length));
    try_der(good, der, length, ASSAY_SATISFIED);
    /* Something after it, counted and not. */
    memcpy(other, der, length);
    other[length] = 0;
    try_der(good, other, length + 1, ASSAY_ERROR);
    other[1]++;
    try_der(good, other, length + 1, ASSAY_ERROR);
    /* The length in a longer form; indefinite. */
    other[0] = 0x30, other[1] = 0x81, other[2] = der[1];
    memcpy(other + 3, der + 2, length - 2);
    try_der(good, other, length + 1, ASSAY_ERROR);
    other[1] = 0x80;
    try_der(good, other, length + 1, ASSAY_ERROR);
    /* A zero too many before r; r negative; r of no bytes, of more than there are. */
    memcpy(other, der, 4);
    memcpy(other + 5, der + 4, length - 4);
    other[1]++, other[3]++, other[4] = 0;
    try_der(good, other, length + 1, der[4] >= 0x80 ? ASSAY_SATISFIED : ASSAY_ERROR);
    memcpy(other, der, length);
    other[4] = 0xff;
    try_der(good, other, length, ASSAY_ERROR);
    other[3] = 0;
    try_der(good, other, length, ASSAY_ERROR);
    other[3] = 0x7f;
    try_der(good, other, length, ASSAY_ERROR);
    /* r = s = 1, and s = 0 in its only form. */
    try_der(good, (const uint8_t[]){0x30, 6, 2, 1, 1, 2, 1, 1}, 8, ASSAY_UNSATISFIED);
    try_der(good, (const uint8_t[]){0x30, 6, 2, 1, 1, 2, 1, 0}, 8, ASSAY_ERROR);
    try_der(good, (const uint8_t[]){0x30, 0}, 2, ASSAY_ERROR);
    free(good);
}

/* Wherever it is cut, whichever letter of statement and signature is another one. */
static void every_byte(void **state)
{
    static const char end[] = "\",\"keyid\":\"\"}]}}";
    char *good = fixture("p256.sig"), base64[400];
    const size_t length = strlen(good), last = length - strlen(end);
    struct model_key key;
    (void)state;
    key_of(base64, "p256.pem");
    assert_true(model_key_parse(&key, base64));
    assert_string_equal(good + last, end);
    assert_int_equal(check_bytes(&key, good, length), ASSAY_SATISFIED);
    for (size_t cut = 0; cut < length; cut++)
        assert_int_equal(check_bytes(&key, good, cut), ASSAY_ERROR);
    for (size_t at = (size_t)(strstr(good, "\"dsseEnvelope\"") - good); at < last; at += 3) {
        const char was = good[at];
        good[at] = was == 'A' ? 'B' : 'A';
        if (check_bytes(&key, good, length) == ASSAY_SATISFIED)
            fail_msg("byte %zu", at);
        good[at] = was;
    }
    free(good);
}

/* ---- keys ---- */

static void refused_key(const char *key)
{
    struct assay_buf text = {0};
    struct policy policy;
    struct assay_error err = {0};

    assay_buf_format(&text,
                     "[policy]\nname = p\n[clause a]\ncount = 1\n[gate signed]\n"
                     "kind = model-signature\n%s",
                     key);
    assert_int_equal(policy_parse(&policy, &arena, text.data, text.length, &err),
                     ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "key"));
    assay_buf_free(&text);
}

static void keys(void **state)
{
    struct model_key key;
    char base64[400], *pem = fixture("p256.pem"), digest[ASSAY_SHA256_TEXT];
    uint8_t der[160];
    size_t length;
    (void)state;
    key_of(base64, "p256.pem");
    assert_true(model_key_parse(&key, base64));
    assert_int_equal(key.bits, 256);
    /* As sha256sum prints it of the file, which is how signatures name it. */
    assert_string_equal(key.digest, assay_sha256(digest, pem, strlen(pem)));
    free(pem);

    assert_true(base64_decode(der, sizeof der, base64, strlen(base64), &length));
    struct model_key other;
    for (size_t i = 0; i < 27; i++) { /* all that stands before the point, and its 04 */
        der[i] ^= 1;
        base64_encode(base64, der, length);
        assert_false(model_key_parse(&other, base64));
        der[i] ^= 1;
    }
    base64_encode(base64, der, length - 1);
    assert_false(model_key_parse(&other, base64));
    refused_key("");
    refused_key("key = \n");
    refused_key("key = p256.pem\n");
    refused_key("key = QUJD\n");

    /* A point beside the curve signs nothing. */
    char *good = fixture("p256.sig"), *bytes = turned(good, "\"hint\"", "\"other\"");
    assert_int_equal(check_bytes(&key, bytes, strlen(bytes)), ASSAY_SATISFIED);
    der[length - 1] ^= 1;
    base64_encode(base64, der, length);
    assert_true(model_key_parse(&key, base64));
    assert_int_equal(check_bytes(&key, bytes, strlen(bytes)), ASSAY_UNSATISFIED);
    free(bytes);
    free(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(signed_by_the_tool, lay_out, clear),
        cmocka_unit_test_setup_teardown(t29_files, lay_out, clear),
        cmocka_unit_test_setup_teardown(t29_no_signature, lay_out, clear),
        cmocka_unit_test_setup_teardown(t29_not_registered, lay_out, clear),
        cmocka_unit_test_setup_teardown(from_a_server, lay_out, clear),
        cmocka_unit_test_setup_teardown(hostile_bundles, lay_out, clear),
        cmocka_unit_test_setup_teardown(hostile_der, lay_out, clear),
        cmocka_unit_test_setup_teardown(every_byte, lay_out, clear),
        cmocka_unit_test_setup_teardown(keys, lay_out, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
