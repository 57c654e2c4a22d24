/*
 * Statements' JSON: a strict reader into a flat array of nodes, the writer, and the reader of
 * what the writer wrote (json.h). Called by statement_form.c, registry.c and the gates.
 */
#include "approval/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

/* The most members of one object: duplicates are looked for one by one. */
#define MEMBERS_MAX 64

/* What is written after a backslash, and the letters it is written as. */
static const char escaped[] = "\"\\\b\f\n\r\t", escape_letters[] = "\"\\bfnrt";

struct reading {
    struct json_doc *doc;
    struct assay_arena *arena;
    const char *bytes;
    size_t at, length;
    const char *what;
    struct assay_error *err;
    char *copy; /* of the bytes, in the arena: what stands there plainly is a text once its
                   closing quote is a NUL */
    struct assay_buf scratch;
    bool foreign; /* with literals */
};

void json_doc_free(struct json_doc *doc)
{
    free(doc->nodes);
    *doc = (struct json_doc){0};
}

static enum assay_status bad(struct reading *r, const char *why)
{
    return assay_fail(r->err, ASSAY_CORRUPT, "%s: byte %zu: %s", r->what, r->at, why);
}

static void skip_blanks(struct reading *r)
{
    while (r->at < r->length && (r->bytes[r->at] == ' ' || r->bytes[r->at] == '\t' ||
                                 r->bytes[r->at] == '\r' || r->bytes[r->at] == '\n'))
        r->at++;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hex digits after "\u"; false where they are none. */
static bool read_unit(struct reading *r, uint32_t *unit)
{
    *unit = 0;
    if (r->length - r->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(r->bytes[r->at + (size_t)i]);
        if (digit < 0)
            return false;
        *unit = *unit << 4 | (uint32_t)digit;
    }
    r->at += 4;
    return true;
}

static enum assay_status read_unicode(struct reading *r)
{
    uint32_t code, low;
    char utf8[4];

    if (!read_unit(r, &code))
        return bad(r, "a \\u escape needs four hex digits");
    if (code >= 0xd800 && code < 0xdc00) {
        if (r->length - r->at < 6 || r->bytes[r->at] != '\\' || r->bytes[r->at + 1] != 'u')
            return bad(r, "half of a surrogate pair");
        r->at += 2;
        if (!read_unit(r, &low) || low < 0xdc00 || low > 0xdfff)
            return bad(r, "half of a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
        return bad(r, "half of a surrogate pair");
    }
    if (code == 0)
        return bad(r, "a NUL in a text");
    assay_buf_add(&r->scratch, utf8, assay_utf8_encode(code, utf8));
    return ASSAY_OK;
}

static enum assay_status read_escape(struct reading *r)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *found;

    r->at++;
    if (r->at == r->length)
        return bad(r, "a text that does not end");
    char c = r->bytes[r->at++];
    if (c == 'u')
        return read_unicode(r);
    found = c != '\0' ? strchr(from, c) : NULL;
    if (!found)
        return bad(r, "an unknown escape");
    assay_buf_char(&r->scratch, to[found - from]);
    return ASSAY_OK;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The top bits of those of eight bytes that do not stand for themselves: below 0x20, a quote, a
   backslash, DEL, or not ASCII. What lies above the lowest of them may be marked by a borrow.
 */
static uint64_t special(uint64_t eight)
{
    const uint64_t quote = eight ^ EACH('"'), slash = eight ^ EACH('\\'),
                   del = eight ^ EACH(0x7f);

    return (eight | (eight - EACH(0x20)) | (quote - EACH(1)) | (slash - EACH(1)) |
            (del - EACH(1))) &
           EACH(0x80);
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\';
}

/* How many bytes from AT on stand for themselves: plain ASCII, no quote, no backslash. */
static size_t plain_run(const char *bytes, size_t at, size_t length)
{
    size_t end = at;
    uint64_t eight, found;

    for (; length - end >= sizeof eight; end += sizeof eight) {
        memcpy(&eight, bytes + end, sizeof eight);
        found = special(eight);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (found)
            return end + (size_t)__builtin_ctzll(found) / 8 - at;
#else
        if (found)
            break;
#endif
    }
    while (end < length && is_plain(bytes[end]))
        end++;
    return end - at;
}

/* A text, at its opening quote. */
static enum assay_status read_text(struct reading *r, const char **out, uint32_t *size)
{
    enum assay_status status = ASSAY_OK;
    size_t run;

    r->at++;
    run = plain_run(r->bytes, r->at, r->length);
    if (r->at + run < r->length && r->bytes[r->at + run] == '"') {
        *out = r->copy + r->at;
        *size = (uint32_t)run;
        r->at += run + 1;
        r->copy[r->at - 1] = '\0';
        return ASSAY_OK;
    }
    assay_buf_reset(&r->scratch);
    while (status == ASSAY_OK) {
        if (r->at == r->length)
            return bad(r, "a text that does not end");
        unsigned char c = (unsigned char)r->bytes[r->at];
        if (c == '"')
            break;
        if (c == '\\') {
            status = read_escape(r);
        } else if (c < 0x20) {
            status = bad(r, "a control character in a text");
        } else if (c < 0x80) {
            run = plain_run(r->bytes, r->at, r->length);
            run = run > 0 ? run : 1; /* DEL */
            assay_buf_add(&r->scratch, r->bytes + r->at, run);
            r->at += run;
        } else {
            uint32_t code;
            size_t bytes = assay_utf8_decode(r->bytes + r->at, r->length - r->at, &code);
            if (bytes < 2)
                return bad(r, "not valid UTF-8");
            assay_buf_add(&r->scratch, r->bytes + r->at, bytes);
            r->at += bytes;
        }
    }
    r->at++;
    *size = (uint32_t)r->scratch.length;
    if (status == ASSAY_OK)
        *out = assay_arena_strndup(r->arena, assay_buf_text(&r->scratch), r->scratch.length);
    return status;
}

static enum assay_status read_value(struct reading *r, unsigned depth, const char *key,
                                    uint32_t *out);

/* The first eight bytes of a key: most keys differ there, and few are longer. */
static uint64_t key_start(const char *key)
{
    uint64_t start = 0;

    for (unsigned i = 0; i < 8 && key[i] != '\0'; i++)
        start |= (uint64_t)(unsigned char)key[i] << 8 * i;
    return start;
}

/* That of the siblings from FIRST on which has KEY; 0 none. */
static uint32_t find_key(const struct json_doc *doc, uint32_t first, const char *key)
{
    const uint64_t start = key_start(key);
    const bool whole = start >> 56 == 0;

    for (uint32_t i = first; i != 0; i = doc->nodes[i].next)
        if (doc->nodes[i].key_start == start && (whole || strcmp(doc->nodes[i].key, key) == 0))
            return i;
    return 0;
}

static enum assay_status read_key(struct reading *r, uint32_t first, const char **key)
{
    if (r->at == r->length || r->bytes[r->at] != '"')
        return bad(r, "a key was expected");
    uint32_t size;
    enum assay_status status = read_text(r, key, &size);
    if (status != ASSAY_OK)
        return status;
    if (find_key(r->doc, first, *key))
        return bad(r, "the same key twice");
    skip_blanks(r);
    if (r->at == r->length || r->bytes[r->at] != ':')
        return bad(r, "a colon was expected");
    r->at++;
    return ASSAY_OK;
}

/* What lies between the brackets of the container SELF. */
static enum assay_status read_members(struct reading *r, unsigned depth, uint32_t self)
{
    const bool object = r->doc->nodes[self].kind == JSON_OBJECT;
    const char closing = object ? '}' : ']';
    uint32_t last = 0, child = 0;

    r->at++;
    skip_blanks(r);
    if (r->at < r->length && r->bytes[r->at] == closing) {
        r->at++;
        return ASSAY_OK;
    }
    for (;;) {
        const char *key = NULL;
        enum assay_status status = ASSAY_OK;
        skip_blanks(r);
        if (object && r->doc->nodes[self].count >= MEMBERS_MAX)
            return bad(r, "an object with too many members");
        if (object)
            status = read_key(r, r->doc->nodes[self].first, &key);
        if (status == ASSAY_OK)
            status = read_value(r, depth + 1, key, &child);
        if (status != ASSAY_OK)
            return status;
        if (last == 0)
            r->doc->nodes[self].first = child;
        else
            r->doc->nodes[last].next = child;
        last = child;
        r->doc->nodes[self].count++;
        skip_blanks(r);
        if (r->at == r->length)
            return bad(r, "the end is missing");
        char c = r->bytes[r->at++];
        if (c == closing)
            return ASSAY_OK;
        if (c != ',')
            return bad(r, "a comma was expected");
    }
}

static size_t digits_at(const struct reading *r, size_t at)
{
    size_t end = at;

    while (end < r->length && r->bytes[end] >= '0' && r->bytes[end] <= '9')
        end++;
    return end - at;
}

/* The bytes of a number here, as RFC 8259 writes them; 0 where there is none. */
static size_t number_length(const struct reading *r)
{
    size_t at = r->at + (r->bytes[r->at] == '-' ? 1 : 0), count = digits_at(r, at);

    if (count == 0 || (count > 1 && r->bytes[at] == '0'))
        return 0;
    at += count;
    if (at < r->length && r->bytes[at] == '.') {
        count = digits_at(r, at + 1);
        if (count == 0)
            return 0;
        at += 1 + count;
    }
    if (at < r->length && (r->bytes[at] == 'e' || r->bytes[at] == 'E')) {
        at++;
        at += at < r->length && (r->bytes[at] == '+' || r->bytes[at] == '-') ? 1 : 0;
        count = digits_at(r, at);
        if (count == 0)
            return 0;
        at += count;
    }
    return at - r->at;
}

static enum assay_status read_literal(struct reading *r)
{
    static const char *const words[] = {"true", "false", "null"};
    size_t length = number_length(r);

    for (size_t i = 0; i < ASSAY_COUNT(words) && length == 0; i++)
        if (r->length - r->at >= strlen(words[i]) &&
            memcmp(r->bytes + r->at, words[i], strlen(words[i])) == 0)
            length = strlen(words[i]);
    if (length == 0)
        return bad(r, "no value that JSON knows");
    r->at += length;
    return ASSAY_OK;
}

static enum assay_status read_value(struct reading *r, unsigned depth, const char *key,
                                    uint32_t *out)
{
    enum assay_status status = ASSAY_OK;

    skip_blanks(r);
    if (r->at == r->length)
        return bad(r, "the end is missing");
    if (r->doc->count >= JSON_NODES_MAX)
        return bad(r, "too many values");
    if (depth > JSON_DEPTH)
        return bad(r, "nested too deeply");
    const uint32_t self = (uint32_t)r->doc->count;
    if (r->doc->count == r->doc->capacity)
        ASSAY_GROW(r->doc->nodes, r->doc->capacity, r->doc->count + 1);
    r->doc->nodes[self] = (struct json_node){
        .key = key, .key_start = key ? key_start(key) : 0, .start = (uint32_t)r->at};
    r->doc->count++;
    *out = self;
    switch (r->bytes[r->at]) {
    case '"':
        status = read_text(r, &r->doc->nodes[self].text, &r->doc->nodes[self].length);
        break;
    case '{':
    case '[':
        r->doc->nodes[self].kind = r->bytes[r->at] == '{' ? JSON_OBJECT : JSON_ARRAY;
        status = read_members(r, depth, self);
        break;
    default:
        if (!r->foreign)
            return bad(r, "only objects, arrays and texts are allowed");
        r->doc->nodes[self].kind = JSON_LITERAL;
        status = read_literal(r);
    }
    r->doc->nodes[self].end = (uint32_t)r->at;
    return status;
}

static enum assay_status parse(struct reading *r, size_t most)
{
    uint32_t root;

    r->doc->count = 0;
    r->scratch.limit = most;
    if (r->length > most)
        return assay_fail(r->err, ASSAY_CORRUPT, "%s: longer than %zu bytes", r->what, most);
    r->copy = assay_arena_strndup(r->arena, r->bytes, r->length);
    enum assay_status status = read_value(r, 0, NULL, &root);
    if (status == ASSAY_OK) {
        skip_blanks(r);
        if (r->at != r->length)
            status = bad(r, "something stands after the end");
    }
    assay_buf_free(&r->scratch);
    return status;
}

enum assay_status json_parse(struct json_doc *doc, struct assay_arena *arena, const char *bytes,
                             size_t length, const char *what, struct assay_error *err)
{
    struct reading r = {doc, arena, bytes, .length = length, .what = what, .err = err};

    return parse(&r, JSON_BYTES_MAX);
}

enum assay_status json_parse_foreign(struct json_doc *doc, struct assay_arena *arena,
                                     const char *bytes, size_t length, const char *what,
                                     struct assay_error *err)
{
    struct reading r = {doc, arena, bytes, .length = length, .what = what, .err = err};

    r.foreign = true;
    return parse(&r, JSON_FOREIGN_BYTES_MAX);
}

uint32_t json_find(const struct json_doc *doc, uint32_t object, const char *key)
{
    if (doc->count == 0 || doc->nodes[object].kind != JSON_OBJECT)
        return 0;
    return find_key(doc, doc->nodes[object].first, key);
}

const char *json_text(const struct json_doc *doc, uint32_t object, const char *key)
{
    uint32_t found = json_find(doc, object, key);
    return found != 0 && doc->nodes[found].kind == JSON_TEXT ? doc->nodes[found].text : NULL;
}

/* ---- writing ---- */

static void before_value(struct json_writer *writer)
{
    if (writer->after_key)
        writer->after_key = false;
    else if (writer->used[writer->depth])
        assay_buf_add(writer->out, ",", 1);
    writer->used[writer->depth] = true;
}

void json_open(struct json_writer *writer, char bracket)
{
    before_value(writer);
    assay_buf_add(writer->out, &bracket, 1);
    if (writer->depth < JSON_DEPTH)
        writer->depth++;
    writer->used[writer->depth] = false;
}

void json_close(struct json_writer *writer, char bracket)
{
    if (writer->depth > 0)
        writer->depth--;
    assay_buf_add(writer->out, &bracket, 1);
}

/* A text in quotes that is plain and short, as nearly all are: one piece instead of three. */
static bool quote_plain(struct json_writer *writer, const char *text, size_t length)
{
    char piece[130];

    if (length > sizeof piece - 2 || plain_run(text, 0, length) < length)
        return false;
    piece[0] = piece[length + 1] = '"';
    memcpy(piece + 1, text, length);
    assay_buf_add(writer->out, piece, length + 2);
    return true;
}

/* One character that does not stand for itself, or is not ASCII. */
static void quote_code(struct json_writer *writer, uint32_t code)
{
    const char *found = code < 0x80 ? strchr(escaped, (int)code) : NULL;
    char piece[8];

    if (found)
        assay_buf_add(writer->out, (const char[]){'\\', escape_letters[found - escaped]}, 2);
    else if (code < 0x20 || code == 0x7f)
        assay_buf_add(writer->out, piece,
                      (size_t)snprintf(piece, sizeof piece, "\\u%04x", code & 0xff));
    else
        assay_buf_add(writer->out, piece, assay_utf8_encode(code, piece));
}

static void quote(struct json_writer *writer, const char *text)
{
    const size_t length = strlen(text);

    if (quote_plain(writer, text, length))
        return;
    assay_buf_add(writer->out, "\"", 1);
    for (size_t i = 0; i < length;) {
        uint32_t code;
        size_t run = plain_run(text, i, length);
        if (run > 0) {
            assay_buf_add(writer->out, text + i, run);
            i += run;
            continue;
        }
        i += assay_utf8_decode(text + i, length - i, &code);
        quote_code(writer, code);
    }
    assay_buf_add(writer->out, "\"", 1);
}

void json_key(struct json_writer *writer, const char *key)
{
    char piece[64];
    const size_t length = strlen(key);

    before_value(writer);
    if (length + 3 <= sizeof piece) {
        piece[0] = piece[length + 1] = '"';
        memcpy(piece + 1, key, length);
        piece[length + 2] = ':';
        assay_buf_add(writer->out, piece, length + 3);
    } else {
        quote(writer, key);
        assay_buf_add(writer->out, ":", 1);
    }
    writer->after_key = true;
}

void json_put(struct json_writer *writer, const char *text)
{
    before_value(writer);
    quote(writer, text ? text : "");
}

void json_member(struct json_writer *writer, const char *key, const char *text)
{
    json_key(writer, key);
    json_put(writer, text);
}

void json_member_number(struct json_writer *writer, const char *key, uint64_t number)
{
    char digits[24], *at = digits + sizeof digits;

    *--at = '\0';
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    json_member(writer, key, at);
}

/* ---- reading what the writer wrote ---- */

void json_exact_begin(struct json_exact *r, struct assay_arena *arena, const char *bytes,
                      size_t length)
{
    *r = (struct json_exact){.arena = arena, .bytes = bytes, .length = length};
    r->copy = assay_arena_strndup(arena, bytes, length);
}

static bool get_stuck(struct json_exact *r)
{
    r->stuck = true;
    return false;
}

/* Whether what comes next is the first thing in its brackets, or a key's value. */
static bool is_first(const struct json_exact *r)
{
    const char before = r->at > 0 ? r->bytes[r->at - 1] : '[';

    return before == '{' || before == '[' || before == ':';
}

static bool take_char(struct json_exact *r, char c)
{
    if (r->stuck || r->at == r->length || r->bytes[r->at] != c)
        return get_stuck(r);
    r->at++;
    return true;
}

/* What stands before a value: it is one more. */
static bool take_comma(struct json_exact *r)
{
    if (++r->values > JSON_NODES_MAX)
        return get_stuck(r);
    return is_first(r) || take_char(r, ',');
}

bool json_exact_key(struct json_exact *r, const char *key)
{
    const size_t length = strlen(key);
    const char *at = r->bytes + r->at;

    if (r->stuck || r->length - r->at < length + 4)
        return get_stuck(r);
    if (!is_first(r) && *at++ != ',')
        return get_stuck(r);
    if (at[0] != '"' || memcmp(at + 1, key, length) != 0 || at[length + 1] != '"' ||
        at[length + 2] != ':')
        return get_stuck(r);
    r->at = (size_t)(at - r->bytes) + length + 3;
    return true;
}

bool json_exact_open(struct json_exact *r, char bracket)
{
    return take_comma(r) && take_char(r, bracket);
}

bool json_exact_close(struct json_exact *r, char bracket)
{
    return take_char(r, bracket);
}

bool json_exact_at(const struct json_exact *r, char c)
{
    return r->at < r->length && r->bytes[r->at] == c;
}

bool json_exact_ended(const struct json_exact *r)
{
    return !r->stuck && r->at == r->length;
}

/* After a backslash: the character that is never written another way. */
static bool take_escape(struct json_exact *r, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = r->bytes + r->at;
    const size_t left = r->length - r->at;
    const char *found = left > 0 && *at != '\0' ? strchr(escape_letters, *at) : NULL;

    if (found) {
        *out = escaped[found - escape_letters];
        r->at++;
        return true;
    }
    if (left < 5 || memcmp(at, "u00", 3) != 0 || at[3] == '\0' || at[4] == '\0')
        return false;
    const char *high = strchr(digits, at[3]), *low = strchr(digits, at[4]);
    const size_t code = high && low ? (size_t)(16 * (high - digits) + (low - digits)) : 0;
    if (code == 0 || (code >= 0x20 && code != 0x7f) || strchr(escaped, (int)code))
        return false;
    *out = (char)code;
    r->at += 5;
    return true;
}

/* A text that does not stand in the source as it is. */
static bool take_spelt(struct json_exact *r, struct assay_buf *out)
{
    uint32_t code;

    while (r->at < r->length && r->bytes[r->at] != '"') {
        const size_t run = plain_run(r->bytes, r->at, r->length);
        char c = r->bytes[r->at];
        size_t bytes = run;
        if (run == 0 && c == '\\') {
            r->at++;
            if (!take_escape(r, &c))
                return false;
            assay_buf_char(out, c);
            continue;
        }
        if (run == 0)
            bytes = assay_utf8_decode(r->bytes + r->at, r->length - r->at, &code);
        if (run == 0 && bytes < 2)
            return false;
        assay_buf_add(out, r->bytes + r->at, bytes);
        r->at += bytes;
    }
    return take_char(r, '"');
}

const char *json_exact_text(struct json_exact *r, size_t *length)
{
    struct assay_buf spelt = {0};
    const char *text = "";

    *length = 0;
    if (!take_comma(r) || !take_char(r, '"'))
        return text;
    const size_t run = plain_run(r->bytes, r->at, r->length);
    if (r->at + run < r->length && r->bytes[r->at + run] == '"') {
        text = r->copy + r->at;
        *length = run;
        r->at += run + 1;
        r->copy[r->at - 1] = '\0';
        return text;
    }
    if (take_spelt(r, &spelt)) {
        *length = spelt.length;
        text = assay_arena_strndup(r->arena, assay_buf_text(&spelt), spelt.length);
    } else {
        get_stuck(r);
    }
    assay_buf_free(&spelt);
    return text;
}
