/*
 * Checking signatures of models (model_signature.h). Called by the gate of that kind. Nothing
 * of the statement is read before its signature has been seen to hold.
 */
#include "approval/model_signature.h"

#include <stdlib.h>
#include <string.h>

#include <assay/buf.h>
#include <assay/text.h>

#include "approval/ecdsa.h"
#include "approval/pubkey.h"
#include "approval/statement.h"

#define BUNDLE_TYPE    "application/vnd.dev.sigstore.bundle.v0.3+json"
#define PAYLOAD_TYPE   "application/vnd.in-toto+json"
#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define PREDICATE_TYPE "https://model_signing/signature/v1.0"
#define DER_MAX        160 /* a signature by a key on P-521 has at most 139 bytes */

/* ---- the key ---- */

/* A SubjectPublicKeyInfo up to its point. DER has one form for each curve, so that comparing is
   reading. */
static const struct {
    int bits;
    uint8_t length, head[28];
} curves[] = {
    {256, 26, {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
               0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00}},
    {384, 23, {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
               0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00}},
    {521, 25, {0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
               0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23, 0x03, 0x81, 0x86, 0x00}},
};

/* As OpenSSL writes the file: the tool names keys by the SHA-256 of it. */
static void key_digest(struct model_key *key, const char *text)
{
    struct assay_buf pem = {0};
    const size_t length = strlen(text);

    assay_buf_text_add(&pem, "-----BEGIN PUBLIC KEY-----\n");
    for (size_t at = 0; at < length; at += 64)
        assay_buf_format(&pem, "%.64s\n", text + at);
    assay_buf_text_add(&pem, "-----END PUBLIC KEY-----\n");
    assay_sha256(key->digest, assay_buf_text(&pem), pem.length);
    assay_buf_free(&pem);
}

bool model_key_parse(struct model_key *out, const char *text)
{
    uint8_t der[32 + MODEL_KEY_POINT_MAX];
    size_t length = 0;

    *out = (struct model_key){0};
    if (!base64_decode(der, sizeof der, text, strlen(text), &length))
        return false;
    for (size_t i = 0; i < ASSAY_COUNT(curves); i++) {
        const size_t head = curves[i].length, point = ecdsa_point_length(curves[i].bits);
        if (length != head + point || memcmp(der, curves[i].head, head) != 0 || der[head] != 4)
            continue;
        out->bits = curves[i].bits;
        out->point_length = point;
        memcpy(out->point, der + head, point);
        key_digest(out, text);
        return true;
    }
    return false;
}

/* ---- the check ---- */

struct resource {
    const char *name, *digest;
};
struct check {
    const struct model_signature *what;
    struct assay_arena *arena;
    struct model_signature_answer answer;
    struct json_doc bundle, statement;
    uint8_t *payload;
    size_t payload_length;
    struct resource *resources; /* sorted by name */
    size_t count;
};

static bool say(struct check *c, enum assay_requirement_state state, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* False, so that it can end what goes on while all is well. */
static bool say(struct check *c, enum assay_requirement_state state, const char *format, ...)
{
    struct assay_buf text = {.limit = 8192}, clean = {.limit = 16384};
    va_list args;

    va_start(args, format);
    assay_buf_vformat(&text, format, args);
    va_end(args);
    assay_text_clean(&clean, assay_buf_text(&text), text.length);
    c->answer.state = state;
    c->answer.why = assay_arena_strndup(c->arena, assay_buf_text(&clean), clean.length);
    assay_buf_free(&text);
    assay_buf_free(&clean);
    return false;
}

/* A name of whoever wrote the file, short enough to be said. */
static const char *shown(struct check *c, const char *text)
{
    char line[160];

    return assay_arena_strdup(
        c->arena, assay_text_clean_to(line, sizeof line, text ? text : "(nothing)"));
}

/* Members of what may not be there (0) are not there. */
static uint32_t inside(const struct json_doc *doc, uint32_t object, const char *key)
{
    return object != 0 ? json_find(doc, object, key) : 0;
}

static const char *text_inside(const struct json_doc *doc, uint32_t object, const char *key)
{
    return object != 0 ? json_text(doc, object, key) : NULL;
}

static bool is_text(const char *found, const char *wanted)
{
    return found && strcmp(found, wanted) == 0;
}

/* Who signed, as far as the bundle says: told where it is somebody else, believed nowhere. */
static bool check_material(struct check *c)
{
    const struct json_doc *doc = &c->bundle;
    const uint32_t key = inside(doc, json_find(doc, 0, "verificationMaterial"), "publicKey");
    const char *hint = text_inside(doc, key, "hint");

    if (!is_text(json_text(doc, 0, "mediaType"), BUNDLE_TYPE))
        return say(c, ASSAY_ERROR, "%s: not a bundle of sigstore's format v0.3", c->what->name);
    if (key == 0)
        return say(c, ASSAY_ERROR,
                   "%s: signed with a certificate or without a key; the policy wants the key "
                   "%.16s",
                   c->what->name, c->what->key->digest);
    if (hint && hint[0] && strcmp(hint, c->what->key->digest) != 0)
        return say(c, ASSAY_UNSATISFIED, "%s: signed by another key (%.16s, not %.16s)",
                   c->what->name, shown(c, hint), c->what->key->digest);
    return true;
}

/* One INTEGER of DER: positive, in its shortest form. */
static bool take_integer(struct ecdsa_bytes *in, struct ecdsa_bytes *out)
{
    if (in->length < 3 || in->bytes[0] != 0x02 || in->bytes[1] == 0 || in->bytes[1] >= 0x80 ||
        in->bytes[1] > in->length - 2)
        return false;
    *out = (struct ecdsa_bytes){in->bytes + 2, in->bytes[1]};
    in->bytes += 2 + out->length;
    in->length -= 2 + out->length;
    return out->bytes[0] < 0x80 &&
           (out->bytes[0] != 0 || (out->length > 1 && out->bytes[1] >= 0x80));
}

/* SEQUENCE { INTEGER r, INTEGER s } */
static bool split_signature(struct ecdsa_bytes in, struct ecdsa_bytes *r, struct ecdsa_bytes *s)
{
    size_t head = 2;

    if (in.length < 2 || in.bytes[0] != 0x30)
        return false;
    if (in.bytes[1] == 0x81)
        head = 3;
    if (in.length < head || in.bytes[head - 1] != in.length - head ||
        (head == 3) != (in.length - head >= 0x80))
        return false;
    in.bytes += head;
    in.length -= head;
    return take_integer(&in, r) && take_integer(&in, s) && in.length == 0;
}

static bool signature_holds(const struct check *c, struct ecdsa_bytes r, struct ecdsa_bytes s)
{
    const struct model_key *key = c->what->key;
    struct assay_buf signed_bytes = {.limit = 2 * MODEL_SIGNATURE_BYTES_MAX};

    /* DSSE signs the type and both lengths with the payload. */
    assay_buf_format(&signed_bytes, "DSSEv1 %zu %s %zu ", strlen(PAYLOAD_TYPE), PAYLOAD_TYPE,
                     c->payload_length);
    assay_buf_add(&signed_bytes, c->payload, c->payload_length);
    const bool holds =
        ecdsa_holds(key->bits, (struct ecdsa_bytes){key->point, key->point_length}, r, s,
                    signed_bytes.data, signed_bytes.length);
    assay_buf_free(&signed_bytes);
    return holds;
}

static bool check_envelope(struct check *c)
{
    const struct json_doc *doc = &c->bundle;
    const uint32_t envelope = json_find(doc, 0, "dsseEnvelope");
    const uint32_t list = inside(doc, envelope, "signatures");
    const char *payload = text_inside(doc, envelope, "payload"), *text = NULL;
    struct ecdsa_bytes der, r, s;
    uint8_t bytes[DER_MAX];

    if (list && doc->nodes[list].kind == JSON_ARRAY && doc->nodes[list].count == 1)
        text = json_text(doc, doc->nodes[list].first, "sig");
    if (!payload || !text || !is_text(text_inside(doc, envelope, "payloadType"), PAYLOAD_TYPE))
        return say(c, ASSAY_ERROR, "%s: has no statement with one signature", c->what->name);
    c->payload = assay_alloc(strlen(payload) + 1);
    der = (struct ecdsa_bytes){bytes, 0};
    if (!base64_decode(c->payload, strlen(payload), payload, strlen(payload),
                       &c->payload_length) ||
        !base64_decode(bytes, sizeof bytes, text, strlen(text), &der.length) ||
        !split_signature(der, &r, &s))
        return say(c, ASSAY_ERROR, "%s: its signature or statement is damaged", c->what->name);
    if (!signature_holds(c, r, s))
        return say(c, ASSAY_UNSATISFIED, "%s: the key %.16s did not sign this", c->what->name,
                   c->what->key->digest);
    return true;
}

/* ---- what was signed ---- */

static bool check_kind(struct check *c)
{
    const struct json_doc *doc = &c->statement;
    const uint32_t how = inside(doc, json_find(doc, 0, "predicate"), "serialization");
    const char *method = text_inside(doc, how, "method");
    const char *hash = text_inside(doc, how, "hash_type");

    if (!is_text(json_text(doc, 0, "_type"), STATEMENT_TYPE) ||
        !is_text(json_text(doc, 0, "predicateType"), PREDICATE_TYPE))
        return say(c, ASSAY_ERROR, "%s: signs something else than a model (%s)", c->what->name,
                   shown(c, json_text(doc, 0, "predicateType")));
    if (!is_text(method, "files"))
        return say(c, ASSAY_ERROR, "%s: signed by %s; only files signed whole can be checked",
                   c->what->name, shown(c, method));
    if (!is_text(hash, "sha256"))
        return say(c, ASSAY_ERROR, "%s: signed by %s; only SHA-256 can be checked",
                   c->what->name, shown(c, hash));
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct resource *)a)->name, ((const struct resource *)b)->name);
}

static uint8_t nibble(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* The files that were signed, and in DIGESTS what the subject's digest is over. */
static bool take_resources(struct check *c, struct assay_buf *digests)
{
    const struct json_doc *doc = &c->statement;
    const uint32_t list = inside(doc, json_find(doc, 0, "predicate"), "resources");

    if (list == 0 || doc->nodes[list].kind != JSON_ARRAY || doc->nodes[list].count == 0 ||
        doc->nodes[list].count > STATEMENT_FILES_MAX)
        return say(c, ASSAY_ERROR, "%s: names no files, or more than %d", c->what->name,
                   STATEMENT_FILES_MAX);
    c->resources = assay_alloc(doc->nodes[list].count * sizeof *c->resources);
    for (uint32_t i = doc->nodes[list].first; i != 0; i = doc->nodes[i].next) {
        struct resource *r = &c->resources[c->count++];
        *r = (struct resource){json_text(doc, i, "name"), json_text(doc, i, "digest")};
        if (!r->name || !assay_sha256_valid(r->digest) ||
            !is_text(json_text(doc, i, "algorithm"), "sha256"))
            return say(c, ASSAY_ERROR, "%s: %s is not named with a SHA-256", c->what->name,
                       shown(c, r->name));
        for (size_t at = 0; at < 64; at += 2)
            assay_buf_char(digests,
                           (char)(nibble(r->digest[at]) << 4 | nibble(r->digest[at + 1])));
    }
    qsort(c->resources, c->count, sizeof *c->resources, by_name);
    for (size_t i = 1; i < c->count; i++)
        if (strcmp(c->resources[i - 1].name, c->resources[i].name) == 0)
            return say(c, ASSAY_ERROR, "%s: names %s twice", c->what->name,
                       shown(c, c->resources[i].name));
    return true;
}

static bool check_resources(struct check *c)
{
    const struct json_doc *doc = &c->statement;
    const uint32_t subjects = json_find(doc, 0, "subject");
    struct assay_buf digests = {.limit = 64 * STATEMENT_FILES_MAX};
    char digest[ASSAY_SHA256_TEXT];
    const char *said = NULL;
    bool well = take_resources(c, &digests);

    if (well && subjects && doc->nodes[subjects].kind == JSON_ARRAY &&
        doc->nodes[subjects].count == 1)
        said = text_inside(doc, inside(doc, doc->nodes[subjects].first, "digest"), "sha256");
    assay_sha256(digest, assay_buf_text(&digests), digests.length);
    if (well && !is_text(said, digest))
        well = say(c, ASSAY_ERROR, "%s: the digest of the whole is not that of its files",
                   c->what->name);
    assay_buf_free(&digests);
    return well;
}

/* ---- the files that are there ---- */

static bool below(const char *path, const char *folder, size_t length)
{
    return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* Whether PATH may be there without having been signed. */
static bool may_be_unsigned(const struct check *c, const char *path)
{
    static const char *const git[] = {".git", ".gitattributes", ".github", ".gitignore"};
    const char *at = c->what->ignore ? c->what->ignore : "";

    if (strcmp(path, c->what->name) == 0)
        return true;
    for (size_t i = 0; i < ASSAY_COUNT(git); i++)
        if (below(path, git[i], strlen(git[i])))
            return true;
    while (*at) {
        at += strspn(at, ", \t");
        const size_t length = strcspn(at, ", \t");
        if (length > 0 && below(path, at, length))
            return true;
        at += length;
    }
    return false;
}

/* Both lists are sorted: they are gone through side by side. */
static bool check_files(struct check *c)
{
    const struct assay_model_file *files = c->what->files;
    size_t f = 0, r = 0, bare = 0;

    while (f < c->what->file_count || r < c->count) {
        const int order = f == c->what->file_count ? 1
                          : r == c->count          ? -1
                                          : strcmp(files[f].path, c->resources[r].name);
        if (order > 0)
            return say(c, ASSAY_UNSATISFIED, "%s was signed and is not there",
                       shown(c, c->resources[r].name));
        if (order < 0 && !may_be_unsigned(c, files[f].path))
            return say(c, ASSAY_UNSATISFIED, "%s is there and was not signed",
                       shown(c, files[f].path));
        if (order == 0 && strcmp(files[f].digest, c->resources[r].digest) != 0)
            return say(c, ASSAY_UNSATISFIED, "%s is not what was signed",
                       shown(c, files[f].path));
        bare += order < 0 ? 1 : 0;
        r += order == 0 ? 1 : 0;
        f++;
    }
    (void)say(c, ASSAY_SATISFIED, "%zu files signed by the key %.16s, %zu left unsigned",
              c->count, c->what->key->digest, bare);
    return true;
}

static bool read_json(struct check *c, struct json_doc *doc, const char *bytes, size_t length)
{
    struct assay_error why = {0};

    if (json_parse_foreign(doc, c->arena, bytes, length, c->what->name, &why) == ASSAY_OK)
        return true;
    return say(c, ASSAY_ERROR, "%s", why.what);
}

static void check_statement(struct check *c, const char *bytes, size_t length)
{
    if (read_json(c, &c->statement, bytes, length) && check_kind(c) && check_resources(c))
        (void)check_files(c);
}

static struct model_signature_answer answer_of(struct check *c)
{
    json_doc_free(&c->bundle);
    json_doc_free(&c->statement);
    free(c->payload);
    free(c->resources);
    return c->answer;
}

struct model_signature_answer model_signature_check(const struct model_signature *what,
                                                    struct assay_arena *arena)
{
    struct check c = {.what = what, .arena = arena, .answer = {ASSAY_ERROR, "was not checked"}};

    if (read_json(&c, &c.bundle, what->bytes, what->length) && check_material(&c) &&
        check_envelope(&c))
        check_statement(&c, (const char *)c.payload, c.payload_length);
    return answer_of(&c);
}

struct model_signature_answer model_statement_check(const struct model_signature *what,
                                                    struct assay_arena *arena)
{
    struct check c = {.what = what, .arena = arena, .answer = {ASSAY_ERROR, "was not checked"}};

    check_statement(&c, what->bytes, what->length);
    return answer_of(&c);
}
