/*
 * The lexer of the filter language; called by core/query/parser.c.
 */
#include <string.h>

#include "query/lexer.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/* The length of the operator at TEXT; 0 where there is none. A lone '!' is part of a word. */
static size_t operator_length(const char *text, size_t length)
{
    static const char *const two[] = {"==", "!=", "<>", "<=", ">=", "!~"};
    for (size_t i = 0; length > 1 && i < sizeof two / sizeof two[0]; i++)
        if (memcmp(text, two[i], 2) == 0)
            return 2;
    return length > 0 && text[0] && strchr("=<>~", text[0]) ? 1 : 0;
}

static bool is_word_at(const struct lexer *lexer, size_t at)
{
    char c = lexer->text[at];
    return !is_blank(c) && !(c && strchr("()',\"`", c)) &&
           !operator_length(lexer->text + at, lexer->length - at);
}

/* Cleared errors elsewhere set the column; here is the one place that finds its own. */
static bool read_quoted(struct lexer *lexer, struct token *out, struct assay_error *err)
{
    const char *start = lexer->text + lexer->at + 1;
    const char *end = memchr(start, out->quote, lexer->length - lexer->at - 1);
    if (!end) {
        assay_fail(err, ASSAY_BAD_INPUT, "the quote %c is never closed", out->quote);
        if (err)
            err->column = out->column;
        return false;
    }
    out->kind = TOKEN_QUOTED;
    out->text = start;
    out->length = (size_t)(end - start);
    lexer->at += out->length + 2;
    return true;
}

bool lexer_next(struct lexer *lexer, struct token *out, struct assay_error *err)
{
    size_t before = lexer->at;
    while (lexer->at < lexer->length && is_blank(lexer->text[lexer->at]))
        lexer->at++;
    *out = (struct token){
        .text = lexer->text + lexer->at, .column = lexer->at + 1, .glued = lexer->at == before};
    if (lexer->at == lexer->length)
        return true;

    char c = lexer->text[lexer->at];
    if (c == '\'' || c == '"' || c == '`') {
        out->quote = c;
        return read_quoted(lexer, out, err);
    }
    out->length = operator_length(out->text, lexer->length - lexer->at);
    if (out->length > 0) {
        out->kind = TOKEN_OPERATOR;
    } else if (c == '(' || c == ')' || c == ',') {
        out->kind = c == '(' ? TOKEN_OPEN : c == ')' ? TOKEN_CLOSE : TOKEN_COMMA;
        out->length = 1;
    } else {
        out->kind = TOKEN_WORD;
        while (lexer->at + out->length < lexer->length &&
               is_word_at(lexer, lexer->at + out->length))
            out->length++;
    }
    lexer->at += out->length;
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool token_is(const struct token *token, const char *text)
{
    if (token->kind != TOKEN_WORD && token->kind != TOKEN_OPERATOR)
        return false;
    for (size_t i = 0; i < token->length; i++)
        if (!text[i] || lower(token->text[i]) != lower(text[i]))
            return false;
    return !text[token->length];
}
