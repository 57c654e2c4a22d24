/*
 * The lexer of the filter language: text to tokens, which point into the text.
 */
#ifndef QUERY_LEXER_H
#define QUERY_LEXER_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/error.h>

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,   /* anything without blanks, quotes, operators, parentheses and commas */
    TOKEN_QUOTED, /* `text` is what stands between the quotes */
    TOKEN_OPERATOR,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
};

struct token {
    enum token_kind kind;
    const char *text;
    size_t length;
    size_t column; /* 1-based, of its first byte */
    bool glued;    /* nothing stands between it and the token before */
    char quote;    /* of a quoted one: ' " or ` */
};

struct lexer {
    const char *text;
    size_t length, at;
};

/* The next token, or a quote that is never closed: then false, and *err is set. */
bool lexer_next(struct lexer *lexer, struct token *out, struct assay_error *err);

/* Whether TOKEN is the keyword or operator TEXT, ignoring case. */
bool token_is(const struct token *token, const char *text);

#endif
