/*
 * JSON as a tree (preview_page.h): one line a member, what is in objects and arrays one step
 * further in. Reads the grammar of RFC 8259 strictly, without a value in memory, so numbers
 * stay as they were written. Depth and lines are bounded; a text that is not JSON is left to be
 * shown as text, with where it went wrong.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "preview_page.h"

#define DEPTH_MAX 100
#define OPEN_ALL  200 /* a tree with more lines than this begins with only its top open */

struct reader {
    struct preview_page *page;
    const char *at, *end, *begin;
    const char *fault; /* NULL: none so far */
};

static bool fail(struct reader *reader, const char *what)
{
    if (!reader->fault) {
        size_t line = 1;
        for (const char *at = reader->begin; at < reader->at; at++) {
            line += *at == '\n';
        }
        reader->fault = what;
        snprintf(reader->page->why, sizeof reader->page->why, "no JSON: line %zu: %s", line,
                 what);
    }
    return false;
}

static void skip(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at)) {
        reader->at++;
    }
}

static bool at_sign(struct reader *reader, char sign)
{
    skip(reader);
    if (reader->at < reader->end && *reader->at == sign) {
        reader->at++;
        return true;
    }
    return false;
}

/* Passes over a string; what it says, still escaped and without its quotes. */
static bool string(struct reader *reader, const char **text, size_t *length)
{
    if (!at_sign(reader, '"')) {
        return fail(reader, "a name in quotes is missing");
    }
    *text = reader->at;
    while (reader->at < reader->end && *reader->at != '"') {
        if ((unsigned char)*reader->at < ' ') {
            return fail(reader, "a control character in a string");
        }
        reader->at += *reader->at == '\\' ? 2 : 1;
    }
    if (reader->at >= reader->end) {
        reader->at = reader->end;
        return fail(reader, "a string does not end");
    }
    *length = (size_t)(reader->at - *text);
    reader->at++;
    return true;
}

static size_t digits(const char *text, size_t length, size_t at)
{
    while (at < length && isdigit((unsigned char)text[at])) {
        at++;
    }
    return at;
}

/* RFC 8259's: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static bool is_number(const char *text, size_t length)
{
    size_t at = length > 0 && text[0] == '-' ? 1 : 0, from = at;
    at = digits(text, length, at);
    if (at == from || (text[from] == '0' && at > from + 1)) {
        return false;
    }
    if (at < length && text[at] == '.') {
        from = at + 1;
        at = digits(text, length, from);
        if (at == from) {
            return false;
        }
    }
    if (at < length && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < length && (text[at] == '+' || text[at] == '-');
        from = at;
        at = digits(text, length, from);
        if (at == from) {
            return false;
        }
    }
    return at == length;
}

static bool word(struct reader *reader, const char **text, size_t *length)
{
    *text = reader->at;
    while (reader->at < reader->end &&
           (isalnum((unsigned char)*reader->at) || strchr("+-.", *reader->at))) {
        reader->at++;
    }
    *length = (size_t)(reader->at - *text);
    static const char *const words[] = {"true", "false",    "null",
                                        "NaN",  "Infinity", "-Infinity"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (*length == strlen(words[i]) && memcmp(*text, words[i], *length) == 0) {
            return true; /* the last three are what Python writes */
        }
    }
    return is_number(*text, *length) ? true
                                     : fail(reader, "neither a value nor the end of one");
}

static bool begin_line(struct reader *reader, int depth, const char *key, size_t length,
                       size_t *index)
{
    struct preview_line *line = preview_add(reader->page, ROLE_NORMAL);
    if (!line) {
        return false;
    }
    line->indent = (uint8_t)(depth * 2);
    *index = reader->page->count - 1;
    if (key) {
        assay_buf_char(&reader->page->text, PREVIEW_STRONG);
        preview_clean(reader->page, key, length);
        assay_buf_char(&reader->page->text, PREVIEW_PLAIN);
        assay_buf_text_add(&reader->page->text, ": ");
    }
    return true;
}

static bool value(struct reader *reader, int depth, const char *key, size_t length);

/* The members of an object or array whose opening sign has been read, on lines of their own. */
static bool members(struct reader *reader, int depth, char close, size_t index)
{
    struct preview_page *page = reader->page;
    size_t count = 0;
    const char *key = NULL;
    size_t length = 0;
    size_t said = page->text.length;
    if (depth >= DEPTH_MAX) {
        return fail(reader, "nested too deep");
    }
    /* How many they are is known at their end: room is left for it. */
    assay_buf_text_add(&page->text, "                    ");
    if (!at_sign(reader, close)) {
        do {
            char number[32];
            if (close == '}') {
                if (!string(reader, &key, &length)) {
                    return false;
                }
                if (!at_sign(reader, ':')) {
                    return fail(reader, "a colon is missing");
                }
            } else {
                length = (size_t)snprintf(number, sizeof number, "%zu", count);
                key = number;
            }
            count++;
            if (!value(reader, depth + 1, key, length)) {
                return false;
            }
        } while (at_sign(reader, ','));
        if (!at_sign(reader, close)) {
            return fail(reader,
                        close == '}' ? "a comma or } is missing" : "a comma or ] is missing");
        }
    }
    char text[21];
    int wrote = snprintf(text, sizeof text, close == '}' ? "{%zu}" : "[%zu]", count);
    if (said + (size_t)wrote <= page->text.length) {
        memcpy(page->text.data + said, text, (size_t)wrote);
    }
    if (page->count > index + 1) {
        page->lines[index].after = (uint32_t)page->count;
    }
    return true;
}

/* One value with its key (NULL none) on a line of its own, and what it holds below. */
static bool value(struct reader *reader, int depth, const char *key, size_t length)
{
    struct assay_buf *out = &reader->page->text;
    const char *text;
    size_t index, size;
    skip(reader);
    if (reader->at == reader->end) {
        return fail(reader, "it ends too early");
    }
    if (!begin_line(reader, depth, key, length, &index)) {
        return false; /* full: what fits is shown */
    }
    char sign = *reader->at;
    if (sign == '{' || sign == '[') {
        reader->at++;
        return members(reader, depth, sign == '{' ? '}' : ']', index);
    }
    if (sign == '"') {
        if (!string(reader, &text, &size)) {
            return false;
        }
        assay_buf_char(out, '"');
        preview_clean(reader->page, text, size < 4000 ? size : 4000);
        assay_buf_text_add(out, size < 4000 ? "\"" : " ...\"");
        reader->page->partial |= size >= 4000;
        return true;
    }
    if (!word(reader, &text, &size)) {
        return false;
    }
    assay_buf_char(out, PREVIEW_CODE);
    preview_clean(reader->page, text, size);
    return true;
}

bool preview_json(struct preview_page *page, const char *bytes, size_t length)
{
    struct reader reader = {.page = page, .begin = bytes, .at = bytes, .end = bytes + length};
    do {
        if (!value(&reader, 0, NULL, 0)) {
            break;
        }
        skip(&reader);
    } while (reader.at < reader.end);
    if (reader.fault) {
        assay_buf_reset(&page->text);
        page->count = 0;
        page->partial = false;
        return false;
    }
    for (size_t i = 0; page->count > OPEN_ALL && i < page->count; i++) {
        page->lines[i].closed = page->lines[i].after > 0 && page->lines[i].indent > 0;
    }
    return true;
}
