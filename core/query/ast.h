/*
 * A parsed filter: what core/query/parser.c makes and core/query/eval.c walks. All of it lies
 * in the query's arena.
 */
#ifndef QUERY_AST_H
#define QUERY_AST_H

#include <assay/memory.h>
#include <assay/query.h>

#include "query/fields.h"
#include "query/regex.h"

struct query_field {
    bool attribute;
    bool named;                 /* the key alone was written: whatever has that name */
    enum query_attr attr;       /* where attribute is set */
    enum assay_field_kind kind; /* else */
    enum assay_stat stat;
    const char *key;
};

/* What a field is compared with. A word that reads as a number is both. */
struct query_value {
    const char *text;
    double number; /* milliseconds for times and spans */
    bool is_number;
    bool quoted;
};

enum query_op {
    OP_EQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_LIKE,
    OP_ILIKE,
    OP_REGEX,
    OP_IN, /* `values` by text, `numbers` in order */
    OP_NULL,
};

struct query_test {
    struct query_field field;
    enum query_op op;
    bool negated; /* != , NOT LIKE, NOT IN, !~, IS NOT NULL */
    struct query_value value;
    const char *contains; /* a LIKE that is just %text%: the text */
    struct query_regex *regex;
    const char **texts; /* of IN, sorted */
    size_t text_count;
    double *numbers;
    size_t number_count;
    bool takes_absent;             /* "UNKNOWN" is among what a status is compared with */
    struct query_test *next_named; /* in the query's list of named ones, or of keyed ones */
    size_t at;                     /* the byte column the name stands at */
    /* Of a named field, by core/query/named.c: what the name was found to be. */
    size_t
        stat_at; /* ... and that of an '@' in it that no statistic follows; 0: there is none */
    const struct assay_column **columns;
    size_t column_count, column_capacity;
    bool unknown; /* every run has been looked at, and none has such a name */
};

enum query_kind { QUERY_AND, QUERY_OR, QUERY_NOT, QUERY_TEST, QUERY_WORD };

/* AND and OR have any number of children, so that a long chain is not a deep tree. */
struct query_node {
    enum query_kind kind;
    struct query_node *child, *next;
    struct query_test *test; /* QUERY_TEST */
    const char *word;        /* QUERY_WORD */
};

struct assay_query {
    struct assay_arena arena;
    struct query_node *root; /* NULL: everything */
    struct query_regex *regexes;
    /* The tests of named fields, and of metrics whose name ends as a statistic might, misspelt:
       in the order written. */
    struct query_test *named;
    struct query_test *keyed; /* those of all other metrics, params and tags (unlogged.c) */
    int64_t now_ms;
};

/* Whether NODE is one of the conditions that must all hold for QUERY (narrow.c). */
bool query_has(const struct assay_query *query, const struct query_node *node);

/* Finds what the named fields of QUERY are in CATALOG; *loading is set where a column that was
   asked is not ready. */
void named_find(const struct assay_query *query, struct assay_catalog *catalog, bool *loading);

#endif
