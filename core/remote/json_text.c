/*
 * A walk through JSON in memory; see json_text.h. Called by the clients of servers.
 */
#include "remote/json_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/text.h>

void json_text_init(struct json_text *json, const char *bytes, size_t length)
{
    *json = (struct json_text){.start = bytes, .at = bytes, .end = bytes + length};
}

void json_text_free(struct json_text *json)
{
    assay_buf_free(&json->key);
    assay_buf_free(&json->text);
}

size_t json_text_offset(const struct json_text *json)
{
    return (size_t)(json->at - json->start);
}

static void fail(struct json_text *json, const char *fault)
{
    if (!json->fault)
        json->fault = fault;
}

static char look(struct json_text *json)
{
    char c = ' ';

    if (json->fault)
        return 0;
    while (json->at < json->end &&
           (*json->at == ' ' || *json->at == '\n' || *json->at == '\r' || *json->at == '\t'))
        json->at++;
    if (json->at == json->end)
        fail(json, "it ends early");
    else if ((c = *json->at) == '\0')
        fail(json, "a NUL byte");
    return json->fault ? 0 : c;
}

char json_text_peek(struct json_text *json)
{
    char c = look(json);

    if (c == '{' || c == '[' || c == '"' || c == 't' || c == 'f' || c == 'n' || c == 0)
        return c;
    if ((c >= '0' && c <= '9') || c == '-' || c == 'N' || c == 'I')
        return '0';
    fail(json, "not a value");
    return 0;
}

bool json_text_enter(struct json_text *json, char bracket)
{
    if (json_text_peek(json) != bracket) {
        json_text_skip(json);
        return false;
    }
    if (json->depth >= JSON_DEPTH_MAX) {
        fail(json, "nested too deeply");
        return false;
    }
    json->at++;
    json->depth++;
    json->first = true;
    return true;
}

/* Past the comma before the next item, or the end CLOSE of the object or array. */
static bool next_item(struct json_text *json, char close)
{
    char c = look(json);

    if (c == close) {
        json->at++;
        json->depth--;
        json->first = false;
        return false;
    }
    if (!json->first) {
        if (c != ',')
            fail(json, "a comma is missing");
        else
            json->at++;
    }
    json->first = false;
    return json->fault == NULL;
}

/* ---- strings ---- */

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The four digits of a \u escape, which `at` is at. */
static bool take_unit(struct json_text *json, uint32_t *unit)
{
    *unit = 0;
    if (json->end - json->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = hex(json->at[i]);

        if (digit < 0)
            return false;
        *unit = *unit * 16 + (uint32_t)digit;
    }
    json->at += 4;
    return true;
}

/* A NUL, or half of a surrogate pair, becomes U+FFFD. */
static bool take_unicode(struct json_text *json, struct assay_buf *out)
{
    uint32_t code, low;
    char bytes[4];

    if (!take_unit(json, &code))
        return false;
    if (code >= 0xd800 && code < 0xdc00 && json->end - json->at >= 6 && json->at[0] == '\\' &&
        json->at[1] == 'u') {
        const char *back = json->at;

        json->at += 2;
        if (!take_unit(json, &low))
            return false;
        if (low >= 0xdc00 && low < 0xe000)
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        else
            json->at = back;
    }
    if (code == 0 || (code >= 0xd800 && code < 0xe000))
        code = 0xfffd;
    assay_buf_add(out, bytes, assay_utf8_encode(code, bytes));
    return true;
}

static bool take_escape(struct json_text *json, struct assay_buf *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *which;
    char c;

    if (json->at >= json->end)
        return false;
    c = *json->at++;
    if (c == 'u')
        return take_unicode(json, out);
    which = c ? strchr(from, c) : NULL;
    if (!which)
        return false;
    assay_buf_char(out, to[which - from]);
    return true;
}

/* The string that `at` is at, into OUT. */
static bool take_string(struct json_text *json, struct assay_buf *out)
{
    assay_buf_reset(out);
    json->at++;
    for (;;) {
        const char *from = json->at;

        while (json->at < json->end && *json->at != '"' && *json->at != '\\' && *json->at)
            json->at++;
        assay_buf_add(out, from, (size_t)(json->at - from));
        if (json->at >= json->end) {
            fail(json, "it ends early");
            return false;
        }
        if (*json->at == '"')
            break;
        if (!*json->at) {
            assay_buf_text_add(out, "\xef\xbf\xbd");
            json->at++;
            continue;
        }
        json->at++;
        if (!take_escape(json, out)) {
            fail(json, "a broken escape in a string");
            return false;
        }
    }
    json->at++;
    return true;
}

bool json_text_member(struct json_text *json, const char **key)
{
    *key = "";
    if (!next_item(json, '}'))
        return false;
    if (look(json) != '"') {
        fail(json, "a name is missing");
        return false;
    }
    if (!take_string(json, &json->key))
        return false;
    if (look(json) != ':') {
        fail(json, "a colon is missing");
        return false;
    }
    json->at++;
    *key = assay_buf_text(&json->key);
    return json_text_peek(json) != 0;
}

bool json_text_element(struct json_text *json)
{
    return next_item(json, ']') && json_text_peek(json) != 0;
}

/* ---- values ---- */

/* A number or a bare word: all up to what may follow a value. */
static size_t scalar_length(const struct json_text *json)
{
    const char *at = json->at;

    while (at < json->end && !strchr(",]} \n\r\t:", *at))
        at++;
    return (size_t)(at - json->at);
}

static void skip_string(struct json_text *json)
{
    for (json->at++; json->at < json->end; json->at++) {
        if (*json->at == '\\') {
            json->at++;
        } else if (*json->at == '"') {
            json->at++;
            return;
        }
    }
    json->at = json->end;
    fail(json, "it ends early");
}

/* Brackets are only counted: what is passed over need not be right, it must only end. */
void json_text_skip(struct json_text *json)
{
    size_t open = 0;

    do {
        char c = look(json);

        if (c == 0)
            return;
        if (c == '"') {
            skip_string(json);
        } else if (c == '{' || c == '[') {
            json->at++;
            open++;
        } else if (c == '}' || c == ']') {
            if (!open) {
                fail(json, "not a value");
                return;
            }
            json->at++;
            open--;
        } else if (c == ',' || c == ':') {
            if (!open) {
                fail(json, "not a value");
                return;
            }
            json->at++;
        } else {
            json->at += scalar_length(json);
        }
    } while (open);
    json->first = false;
}

const char *json_text_string(struct json_text *json, const char *otherwise)
{
    if (json_text_peek(json) != '"') {
        json_text_skip(json);
        return otherwise;
    }
    return take_string(json, &json->text) ? assay_buf_text(&json->text) : otherwise;
}

const char *json_text_string_keep(struct json_text *json, struct assay_arena *arena,
                                  const char *otherwise)
{
    const char *text = json_text_string(json, NULL);
    size_t length = text ? json->text.length : 0;

    if (!text)
        return otherwise;
    if (json->limit && length > json->limit) {
        json->cut++;
        length = json->limit;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    return assay_arena_strndup(arena, text, length);
}

bool json_text_number(struct json_text *json, double *out)
{
    const char *text;
    size_t length;
    char c = json_text_peek(json);

    if (c == '"') {
        text = json_text_string(json, "");
        return assay_number_parse(text, strlen(text), out);
    }
    if (c != '0') {
        json_text_skip(json);
        return false;
    }
    text = json->at;
    length = scalar_length(json);
    json->at += length;
    if (assay_number_parse(text, length, out))
        return true;
    fail(json, "not a number");
    return false;
}

double json_text_double(struct json_text *json, double otherwise)
{
    double value;

    return json_text_number(json, &value) ? value : otherwise;
}

const char *json_text_kind(struct json_text *json)
{
    switch (json_text_peek(json)) {
    case '{':
        return "an object";
    case '[':
        return "a list";
    case '"':
        return "a text";
    case 't':
    case 'f':
        return "true or false";
    case 'n':
        return "null";
    case '0':
        return "a number";
    default:
        return "no value";
    }
}

int64_t json_text_integer(struct json_text *json, int64_t otherwise)
{
    const char *text;
    size_t length;
    int64_t value;
    double number;
    char c = json_text_peek(json);

    if (c == '"') {
        text = json_text_string(json, "");
        return assay_int_parse(text, strlen(text), &value) ? value : otherwise;
    }
    if (c != '0') {
        json_text_skip(json);
        return otherwise;
    }
    text = json->at;
    length = scalar_length(json);
    json->at += length;
    if (assay_int_parse(text, length, &value))
        return value;
    if (assay_number_parse(text, length, &number))
        return number > -9e18 && number < 9e18 ? (int64_t)number : otherwise;
    fail(json, "not a number");
    return otherwise;
}

bool json_text_bool(struct json_text *json, bool otherwise)
{
    char c = json_text_peek(json);
    size_t length;

    if (c != 't' && c != 'f') {
        json_text_skip(json);
        return otherwise;
    }
    length = scalar_length(json);
    json->at += length;
    return c == 't';
}

void json_text_quote(struct assay_buf *out, const char *text)
{
    assay_buf_char(out, '"');
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            assay_buf_char(out, '\\');
            assay_buf_char(out, (char)c);
        } else if (c < 0x20) {
            assay_buf_format(out, "\\u%04x", c);
        } else {
            assay_buf_char(out, (char)c);
        }
    }
    assay_buf_char(out, '"');
}
