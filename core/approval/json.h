/*
 * The strict subset of JSON in which statements are written: objects, arrays and strings, in
 * valid UTF-8, without duplicate keys and without NUL. Reading is bounded in size, nodes and
 * depth, and never recurses deeper than JSON_DEPTH. Writing gives the one form that `jq -c`
 * prints as well, so that an auditor can compute what we computed.
 */
#ifndef CORE_APPROVAL_JSON_H
#define CORE_APPROVAL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>
#include <assay/error.h>
#include <assay/memory.h>

#define JSON_BYTES_MAX ((size_t)256 << 10)
#define JSON_NODES_MAX 32768
#define JSON_DEPTH     12

#define JSON_FOREIGN_BYTES_MAX ((size_t)1 << 20)

enum json_kind { JSON_TEXT, JSON_OBJECT, JSON_ARRAY, JSON_LITERAL };

struct json_node {
    enum json_kind kind;
    const char *key;     /* in an object; else NULL */
    uint64_t key_start;  /* its first eight bytes */
    const char *text;    /* JSON_TEXT */
    uint32_t length;     /* of that */
    uint32_t first;      /* first child; 0 none */
    uint32_t next;       /* next sibling; 0 none */
    uint32_t count;      /* children */
    uint32_t start, end; /* its bytes in the source */
};

/* A document: node 0 is the root. Reused for one after the other; keys and texts live in ARENA,
   most of them where they stand in one copy of the source. */
struct json_doc {
    struct json_node *nodes;
    size_t count, capacity;
};
void json_doc_free(struct json_doc *doc);

/* Reads BYTES whole. WHAT names them in the error. */
enum assay_status json_parse(struct json_doc *doc, struct assay_arena *arena, const char *bytes,
                             size_t length, const char *what, struct assay_error *err);

/* The same of what others wrote: numbers, true, false and null are allowed as well, and are a
   JSON_LITERAL, of which only its bytes are known; at most JSON_FOREIGN_BYTES_MAX bytes. */
enum assay_status json_parse_foreign(struct json_doc *doc, struct assay_arena *arena,
                                     const char *bytes, size_t length, const char *what,
                                     struct assay_error *err);

/* The member KEY of an object, the root (0) where there is none. */
uint32_t json_find(const struct json_doc *doc, uint32_t object, const char *key);
/* The text of that member; NULL where it is missing or no text. */
const char *json_text(const struct json_doc *doc, uint32_t object, const char *key);

/* ---- writing ---- */

struct json_writer {
    struct assay_buf *out;
    unsigned depth;
    bool used[JSON_DEPTH + 1];
    bool after_key;
};
void json_open(struct json_writer *writer, char bracket);
void json_close(struct json_writer *writer, char bracket);
void json_key(struct json_writer *writer, const char *key);  /* letters, as all of ours */
void json_put(struct json_writer *writer, const char *text); /* NULL writes "" */
void json_member(struct json_writer *writer, const char *key, const char *text);
void json_member_number(struct json_writer *writer, const char *key, uint64_t number);

/* ---- reading what the writer wrote ---- */

/* Goes through bytes whose order of members is known, and takes only what the writer would have
   written: no blank, no other order, no other spelling. At the first other byte it is stuck,
   and gives nothing but "" and false from then on. Texts live in ARENA, most of them where they
   stand in one copy of the source. */
struct json_exact {
    struct assay_arena *arena;
    const char *bytes;
    size_t at, length;
    char *copy;    /* what stands there plainly is a text once its closing quote is a NUL */
    size_t values; /* so many were met: no more than JSON_NODES_MAX */
    bool stuck;
};
void json_exact_begin(struct json_exact *r, struct assay_arena *arena, const char *bytes,
                      size_t length);
bool json_exact_open(struct json_exact *r, char bracket);
bool json_exact_close(struct json_exact *r, char bracket);
bool json_exact_key(struct json_exact *r, const char *key);
const char *json_exact_text(struct json_exact *r, size_t *length);
bool json_exact_at(const struct json_exact *r, char c); /* whether C comes next */
bool json_exact_ended(const struct json_exact *r);      /* all was taken, and nothing is left */

#endif
