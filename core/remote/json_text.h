/*
 * Reading a JSON text that is in memory, value by value, without building a tree of it: the
 * caller walks through and takes what it knows. The text is hostile: whatever is wrong with it
 * sets `fault` and ends every loop below. Nothing recurses.
 *
 *     struct json_text json;
 *     json_text_init(&json, body, length);
 *     json_text_enter(&json, '{');
 *     while (json_text_member(&json, &key))
 *         if (strcmp(key, "runs") == 0) …json_text_enter(&json, '['); while
 * (json_text_element(&json)) … else json_text_skip(&json); json_text_free(&json);
 */
#ifndef CORE_REMOTE_JSON_TEXT_H
#define CORE_REMOTE_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>
#include <assay/memory.h>

#define JSON_DEPTH_MAX 64u

struct json_text {
    const char *start, *at, *end;
    const char *fault; /* what is wrong; NULL so far nothing */
    unsigned depth;
    bool first;   /* of the object or array just entered */
    size_t limit; /* bytes of a kept string; 0: any number */
    unsigned cut; /* strings that were longer */
    struct assay_buf key, text;
};

void json_text_init(struct json_text *json, const char *bytes, size_t length);
void json_text_free(struct json_text *json);
size_t json_text_offset(const struct json_text *json); /* where it is, or stopped */

/* The first byte of the next value: '{' '[' '"' 't' 'f' 'n', '0' for a number; 0 at a fault. */
char json_text_peek(struct json_text *json);
/* Into an object or array; false (and past it) where the value is something else. */
bool json_text_enter(struct json_text *json, char bracket);
/* The next member of the object entered last; *KEY is valid until the next json_text_member().
   False at its end, which is then behind. Each member's value must be taken, entered or
   skipped. */
bool json_text_member(struct json_text *json, const char **key);
bool json_text_element(struct json_text *json); /* the same for arrays */
void json_text_skip(struct json_text *json);    /* past any value */

/* Take a value. One of another kind is skipped and gives what stands behind OTHERWISE. */
const char *json_text_string(struct json_text *json,
                             const char *otherwise); /* valid until the next one */
const char *json_text_string_keep(struct json_text *json, struct assay_arena *arena,
                                  const char *otherwise);
int64_t json_text_integer(struct json_text *json,
                          int64_t otherwise); /* also one written as a string */
/* Also "NaN", "Infinity", "-Infinity", as strings or bare. */
double json_text_double(struct json_text *json, double otherwise);
bool json_text_number(struct json_text *json, double *out); /* the same; false: it is none */
bool json_text_bool(struct json_text *json, bool otherwise);
/* What the next value is, in words: "a number", "a list"; it is not taken. */
const char *json_text_kind(struct json_text *json);

/* Appends TEXT as a JSON string with its quotes. */
void json_text_quote(struct assay_buf *out, const char *text);

#endif
