/*
 * The parser of the filter language (the grammar stands in include/assay/query.h): recursive
 * descent, where only parentheses recurse and those are counted. Each error says at which
 * column what was expected, for the prompt shows it while the user is still typing.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/text.h>

#include "query/ast.h"
#include "query/lexer.h"
#include "query/value.h"

enum { MOST_TEXT = 65536, MOST_DEPTH = 64 };

struct parser {
    struct lexer lexer;
    struct token token; /* looked at, not taken yet */
    struct assay_query *query;
    struct assay_error *err;
    struct query_test **last_named, **last_keyed;
    size_t depth;
    bool failed;
};

/* ---- tools ---- */

__attribute__((format(printf, 3, 4))) static void fail_at(struct parser *parser, size_t column,
                                                          const char *format, ...)
{
    char what[400];
    va_list args;
    if (parser->failed)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    assay_fail(parser->err, ASSAY_BAD_INPUT, "%s", what);
    if (parser->err)
        parser->err->column = column;
    parser->failed = true;
}

static void advance(struct parser *parser)
{
    if (parser->failed || lexer_next(&parser->lexer, &parser->token, parser->err))
        return;
    parser->failed = true;
    parser->token.kind = TOKEN_END;
}

/* For messages: a piece of the text, cut where it is long. */
static int shown(size_t length)
{
    return length > 60 ? 60 : (int)length;
}

static struct query_node *node_new(struct parser *parser, enum query_kind kind)
{
    struct query_node *node = assay_arena_alloc(&parser->query->arena, sizeof *node);
    node->kind = kind;
    return node;
}

static char *keep(struct parser *parser, const char *text, size_t length)
{
    return assay_arena_strndup(&parser->query->arena, text, length);
}

/* ---- fields ---- */

/* A name as written: a word, a quoted text, or a word ending in '.' with a quoted text after
 * it. */
struct name {
    struct token first;
    struct token key;    /* where `joined` */
    struct token suffix; /* "@min" behind a quoted key; length 0 where there is none */
    bool joined;
};

static struct name read_name(struct parser *parser)
{
    struct name name = {.first = parser->token};
    advance(parser);
    if (name.first.kind == TOKEN_WORD && name.first.text[name.first.length - 1] == '.' &&
        parser->token.kind == TOKEN_QUOTED && parser->token.glued) {
        name.joined = true;
        name.key = parser->token;
        advance(parser);
        if (parser->token.kind == TOKEN_WORD && parser->token.glued &&
            parser->token.text[0] == '@') {
            name.suffix = parser->token;
            advance(parser);
        }
    }
    return name;
}

/* The prefix of NAME, and in *dot the length before its first dot (its whole length where it
   has none). */
static enum field_prefix prefix_of(const struct name *name, size_t *dot)
{
    const char *at = memchr(name->first.text, '.', name->first.length);
    *dot = at ? (size_t)(at - name->first.text) : name->first.length;
    return at ? field_prefix(name->first.text, *dot) : PREFIX_NONE;
}

static bool is_field(const struct name *name)
{
    size_t dot;
    enum query_attr attr;
    return prefix_of(name, &dot) != PREFIX_NONE ||
           field_attr(name->first.text, name->first.length, &attr);
}

static void resolve_attr(struct parser *parser, const char *text, size_t length, size_t column,
                         struct query_field *out)
{
    out->attribute = true;
    if (field_attr(text, length, &out->attr))
        return;
    const char *near = field_suggestion(text, length, false);
    fail_at(parser, column, "unknown attribute '%.*s'%s%s%s", shown(length), text,
            near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    assay_hint(parser->err,
               "metrics.%.*s, params.%.*s and tags.%.*s name what runs have logged",
               shown(length), text, shown(length), text, shown(length), text);
}

static void resolve_prefixed(struct parser *parser, const struct name *name, size_t dot,
                             enum field_prefix prefix, struct query_field *out)
{
    const char *key = name->joined ? name->key.text : name->first.text + dot + 1;
    size_t length = name->joined ? name->key.length : name->first.length - dot - 1;

    if (length == 0) {
        fail_at(parser, name->first.column + dot + 1, "expected a name after %.*s",
                shown(dot + 1), name->first.text);
        return;
    }
    if (prefix == PREFIX_ATTR) {
        resolve_attr(parser, key, length, name->first.column + (name->joined ? 0 : dot + 1),
                     out);
        return;
    }
    if (prefix == PREFIX_DATASET) {
        out->kind = ASSAY_FIELD_DATASET;
        out->key = field_dataset_key(key, length);
        if (!out->key)
            fail_at(parser, name->first.column + (name->joined ? 0 : dot + 1),
                    "unknown field '%.*s' of datasets: they have name, digest and context",
                    shown(length), key);
        return;
    }
    out->kind = prefix == PREFIX_METRIC  ? ASSAY_FIELD_METRIC
                : prefix == PREFIX_PARAM ? ASSAY_FIELD_PARAM
                                         : ASSAY_FIELD_TAG;
    if (prefix == PREFIX_METRIC && !name->joined)
        out->stat = field_take_stat(key, &length);
    out->key = keep(parser, key, length);
}

static void resolve_suffix(struct parser *parser, const struct token *suffix,
                           struct query_field *out)
{
    char text[16];
    size_t length = suffix->length + 1;
    snprintf(text, sizeof text, "x%.*s", shown(suffix->length), suffix->text);
    if (length < sizeof text)
        out->stat = field_take_stat(text, &length);
    if (length != 1 || out->attribute || out->kind != ASSAY_FIELD_METRIC)
        fail_at(parser, suffix->column, "expected @best, @min, @max or @last of a metric");
}

/* A name without a kind: what it is, the catalog knows (core/query/named.c). */
static void resolve_named(struct parser *parser, const struct token *name,
                          struct query_field *out)
{
    size_t length = name->length;

    if (length == 0) {
        fail_at(parser, name->column, "expected a name between the quotes");
        return;
    }
    out->named = true;
    if (name->kind == TOKEN_WORD)
        out->stat = field_take_stat(name->text, &length);
    out->key = keep(parser, name->text, length);
}

static struct query_field resolve(struct parser *parser, const struct name *name)
{
    struct query_field field = {.stat = ASSAY_STAT_LAST};
    size_t dot;
    enum field_prefix prefix = prefix_of(name, &dot);
    const struct token *first = &name->first;

    if (prefix != PREFIX_NONE) {
        resolve_prefixed(parser, name, dot, prefix, &field);
    } else if (name->joined) {
        const char *near = field_suggestion(first->text, dot, true);
        fail_at(parser, first->column, "unknown kind of field '%.*s'%s%s%s", shown(dot),
                first->text, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
        assay_hint(parser->err, "metrics., params., tags., attributes. or dataset.");
    } else if (field_attr(first->text, first->length, &field.attr)) {
        field.attribute = true;
    } else {
        resolve_named(parser, first, &field);
    }
    if (name->suffix.length > 0)
        resolve_suffix(parser, &name->suffix, &field);
    return field;
}

/* ---- values ---- */

static bool is_value(const struct token *token)
{
    return token->kind == TOKEN_WORD || token->kind == TOKEN_QUOTED;
}

static bool is_numeric(const struct query_field *field)
{
    if (field->named) /* "loss@min" can only be a metric's */
        return field->stat != ASSAY_STAT_LAST;
    return field->attribute ? attr_type(field->attr) != ATTR_TEXT
                            : field->kind == ASSAY_FIELD_METRIC;
}

/* Reads the number a numeric field is compared with. */
static void read_number(struct parser *parser, const struct query_field *field,
                        const struct token *token, struct query_value *value)
{
    enum attr_type type = field->attribute ? attr_type(field->attr) : ATTR_TEXT;
    const char *text = value->text;
    if (type == ATTR_TIME)
        value->is_number = value_time(text, parser->query->now_ms, &value->number);
    else if (type == ATTR_SPAN)
        value->is_number = value_span(text, &value->number);
    else
        value->is_number = assay_number_parse(text, strlen(text), &value->number);
    if (value->is_number)
        return;
    int length = shown(token->length);
    if (type == ATTR_TIME)
        fail_at(parser, token->column, "'%.*s' is no time (such as -7d, now, 2026-01-31)",
                length, token->text);
    else if (type == ATTR_SPAN)
        fail_at(parser, token->column, "'%.*s' is no duration (such as 90s, 15m, 1h30m)",
                length, token->text);
    else
        fail_at(parser, token->column, "metrics are compared with numbers, not '%.*s'", length,
                token->text);
}

/* Of an attribute that has few values only one of them can be meant: with another nothing would
   ever be found, and nobody told why. */
static void check_value(struct parser *parser, const struct query_test *test,
                        const struct token *token)
{
    enum query_attr attr = test->field.attr;
    const char *value;
    char all[120] = "";
    bool limited = test->field.attribute && (test->op == OP_EQUAL || test->op == OP_IN);

    if (parser->failed || !limited || !attr_value(attr, 0))
        return;
    for (size_t i = 0; (value = attr_value(attr, i)); i++) {
        size_t used = strlen(all);
        if (strlen(value) == token->length &&
            strncasecmp(value, token->text, token->length) == 0)
            return;
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", value);
    }
    const char *near = attr_value_near(attr, token->text, token->length);
    fail_at(parser, token->column, "no run has the %s '%.*s'%s%s%s", attr_name(attr),
            shown(token->length), token->text, near ? "; did you mean " : "", near ? near : "",
            near ? "?" : "");
    assay_hint(parser->err, "there are %s", all);
}

static struct query_value read_value(struct parser *parser, struct query_test *test,
                                     const char *after)
{
    const struct query_field *field = &test->field;
    struct query_value value = {0};
    struct token token = parser->token;
    if (!is_value(&token)) {
        fail_at(parser, token.column, "expected a value after %s", after);
        return value;
    }
    value.text = keep(parser, token.text, token.length);
    value.quoted = token.kind == TOKEN_QUOTED;
    if (is_numeric(field))
        read_number(parser, field, &token, &value);
    else
        value.is_number = assay_number_parse(value.text, token.length, &value.number);
    check_value(parser, test, &token);
    if (field->attribute && field->attr == ATTR_STATUS)
        test->takes_absent |=
            strcasecmp(value.text, assay_run_status_name(ASSAY_RUN_UNKNOWN)) == 0;
    advance(parser);
    return value;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The list of IN, from its parenthesis on. */
static void read_list(struct parser *parser, struct query_test *test)
{
    size_t texts = 0, numbers = 0, open = parser->token.column;
    const char **text_items = NULL;
    double *number_items = NULL;

    if (parser->token.kind != TOKEN_OPEN)
        fail_at(parser, parser->token.column, "expected ( after IN");
    while (!parser->failed) {
        advance(parser);
        struct query_value value = read_value(parser, test, test->text_count ? "," : "( of IN");
        if (parser->failed)
            break;
        ASSAY_GROW(text_items, texts, test->text_count + 1);
        text_items[test->text_count++] = value.text;
        if (value.is_number && !isnan(value.number) &&
            (is_numeric(&test->field) || !value.quoted)) {
            ASSAY_GROW(number_items, numbers, test->number_count + 1);
            number_items[test->number_count++] = value.number;
        }
        if (parser->token.kind != TOKEN_COMMA)
            break;
    }
    if (parser->token.kind == TOKEN_CLOSE)
        advance(parser);
    else
        fail_at(parser, parser->token.column, "expected , or ) in the list that began at %zu",
                open);
    if (test->text_count) {
        size_t bytes = test->text_count * sizeof *text_items;
        qsort(text_items, test->text_count, sizeof *text_items, compare_texts);
        test->texts = assay_arena_alloc(&parser->query->arena, bytes);
        memcpy(test->texts, text_items, bytes);
    }
    if (test->number_count) {
        size_t bytes = test->number_count * sizeof *number_items;
        qsort(number_items, test->number_count, sizeof *number_items, compare_numbers);
        test->numbers = assay_arena_alloc(&parser->query->arena, bytes);
        memcpy(test->numbers, number_items, bytes);
    }
    free(text_items);
    free(number_items);
}

/* ---- tests ---- */

static const struct {
    const char *text;
    enum query_op op;
    bool negated;
    bool for_text; /* applies to texts only */
} operators[] = {
    {"=", OP_EQUAL, false, false},   {"==", OP_EQUAL, false, false},
    {"!=", OP_EQUAL, true, false},   {"<>", OP_EQUAL, true, false},
    {"<", OP_LESS, false, false},    {"<=", OP_LESS_EQUAL, false, false},
    {">", OP_GREATER, false, false}, {">=", OP_GREATER_EQUAL, false, false},
    {"LIKE", OP_LIKE, false, true},  {"ILIKE", OP_ILIKE, false, true},
    {"~", OP_REGEX, false, true},    {"!~", OP_REGEX, true, true},
    {"IN", OP_IN, false, false},
};

static size_t find_operator(const struct token *token)
{
    size_t i = 0;
    while (i < ASSAY_COUNT(operators) && !token_is(token, operators[i].text))
        i++;
    return i;
}

/* The token COUNT after the one looked at. */
static struct token peek(const struct parser *parser, int count)
{
    struct lexer lexer = parser->lexer;
    struct token token = {.kind = TOKEN_END};
    while (count-- > 0)
        if (!lexer_next(&lexer, &token, NULL))
            return (struct token){.kind = TOKEN_END};
    return token;
}

/* Whether a comparison begins at the token looked at. */
static bool at_comparison(const struct parser *parser)
{
    const struct token *token = &parser->token;
    if (token_is(token, "IS") || find_operator(token) < ASSAY_COUNT(operators))
        return true;
    if (!token_is(token, "NOT"))
        return false;
    struct token next = peek(parser, 1);
    return token_is(&next, "LIKE") || token_is(&next, "ILIKE") || token_is(&next, "IN");
}

/* Whether what begins at the token looked at can only be a comparison. After a name that could
   be a word like any other, "in" and "like" may be words too. */
static bool at_plain_comparison(const struct parser *parser)
{
    bool negated = token_is(&parser->token, "NOT");
    struct token word = negated ? peek(parser, 1) : parser->token;
    struct token next = peek(parser, negated ? 2 : 1);

    if (parser->token.kind == TOKEN_OPERATOR)
        return true;
    if (token_is(&word, "IN"))
        return next.kind == TOKEN_OPEN;
    if (token_is(&word, "LIKE") || token_is(&word, "ILIKE"))
        return next.kind == TOKEN_QUOTED;
    if (negated || !token_is(&word, "IS"))
        return false;
    if (token_is(&next, "NOT"))
        next = peek(parser, 2);
    return token_is(&next, "NULL");
}

static void parse_is(struct parser *parser, struct query_test *test)
{
    advance(parser);
    test->op = OP_NULL;
    test->negated = token_is(&parser->token, "NOT");
    if (test->negated)
        advance(parser);
    if (!token_is(&parser->token, "NULL"))
        fail_at(parser, parser->token.column, "expected NULL%s after IS%s",
                test->negated ? "" : " or NOT NULL", test->negated ? " NOT" : "");
    advance(parser);
}

static void compile_pattern(struct parser *parser, struct query_test *test, size_t column)
{
    if (parser->failed)
        return;
    if (test->op == OP_REGEX) {
        struct assay_error err = {0};
        test->regex = query_regex_new(parser->query->regexes, test->value.text, &err);
        if (test->regex)
            parser->query->regexes = test->regex;
        else
            fail_at(parser, column, "%s", err.what);
    } else if (test->op == OP_LIKE || test->op == OP_ILIKE) {
        test->contains = value_contains(&parser->query->arena, test->value.text);
    }
}

/* Keeps a test whose name is looked up before it is asked (core/query/named.c), or may be
   nobody's (unlogged.c). */
static void note_name(struct parser *parser, struct query_test *test, const struct token *name)
{
    bool metric = !test->field.attribute && test->field.kind == ASSAY_FIELD_METRIC;
    size_t odd = name->length;
    if (name->kind == TOKEN_WORD && (test->field.named || metric) &&
        test->field.stat == ASSAY_STAT_LAST)
        odd = field_odd_stat(name->text, name->length);
    test->at = name->column;
    if (!test->field.named && odd == name->length) {
        if (!test->field.attribute && test->field.kind != ASSAY_FIELD_DATASET) {
            *parser->last_keyed = test;
            parser->last_keyed = &test->next_named;
        }
        return;
    }
    test->stat_at = odd < name->length ? name->column + odd : 0;
    *parser->last_named = test;
    parser->last_named = &test->next_named;
}

static struct query_node *parse_test(struct parser *parser, const struct name *name)
{
    struct query_node *node = node_new(parser, QUERY_TEST);
    struct query_test *test = assay_arena_alloc(&parser->query->arena, sizeof *test);
    char after[16];

    node->test = test;
    test->field = resolve(parser, name);
    if (parser->failed)
        return node;
    note_name(parser, test, &name->first);
    if (token_is(&parser->token, "IS")) {
        parse_is(parser, test);
        return node;
    }
    bool not_before = token_is(&parser->token, "NOT");
    if (not_before)
        advance(parser);
    struct token token = parser->token;
    size_t i = find_operator(&token);
    test->op = operators[i].op;
    test->negated = operators[i].negated != not_before;
    if (operators[i].for_text && is_numeric(&test->field))
        fail_at(parser, token.column, "%.*s compares texts, and this field is a number",
                shown(token.length), token.text);
    advance(parser);
    if (test->op == OP_IN) {
        read_list(parser, test);
        return node;
    }
    size_t column = parser->token.column;
    snprintf(after, sizeof after, "%.*s", shown(token.length), token.text);
    test->value = read_value(parser, test, after);
    compile_pattern(parser, test, column);
    return node;
}

/* ---- conditions ---- */

static struct query_node *parse_or(struct parser *parser);

static struct query_node *parse_parens(struct parser *parser)
{
    size_t open = parser->token.column;
    if (++parser->depth > MOST_DEPTH) {
        fail_at(parser, open, "more than %d parentheses inside each other", MOST_DEPTH);
        return NULL;
    }
    advance(parser);
    struct query_node *node = parse_or(parser);
    if (parser->token.kind != TOKEN_CLOSE)
        fail_at(parser, parser->token.column, "expected ) for the ( at column %zu", open);
    advance(parser);
    parser->depth--;
    return node;
}

static struct query_node *parse_named(struct parser *parser)
{
    struct name name = read_name(parser);
    if (parser->failed)
        return NULL;
    if (at_plain_comparison(parser) || (is_field(&name) && at_comparison(parser)))
        return parse_test(parser, &name);

    size_t dot;
    if (name.first.kind == TOKEN_WORD && prefix_of(&name, &dot) != PREFIX_NONE) {
        resolve(parser, &name);
        fail_at(parser, parser->token.column, "expected a comparison after %.*s",
                shown(name.first.length), name.first.text);
    } else if (name.joined) {
        resolve(parser, &name); /* says which kind is unknown */
    }
    struct query_node *node = node_new(parser, QUERY_WORD);
    node->word = keep(parser, name.first.text, name.first.length);
    return node;
}

/* AFTER is the keyword that asks for a condition here, or NULL. */
static struct query_node *parse_not(struct parser *parser, const char *after)
{
    bool negated = false;
    while (token_is(&parser->token, "NOT")) {
        negated = !negated;
        after = "NOT";
        advance(parser);
    }
    struct query_node *node = NULL;
    const struct token *token = &parser->token;
    if (token->kind == TOKEN_OPEN)
        node = parse_parens(parser);
    else if (is_value(token) && !token_is(token, "AND") && !token_is(token, "OR"))
        node = parse_named(parser);
    else if (token->kind == TOKEN_OPERATOR)
        fail_at(parser, token->column, "expected a field before %.*s", shown(token->length),
                token->text);
    else
        fail_at(parser, token->column, "expected a condition%s%s", after ? " after " : "",
                after ? after : "");
    if (!negated || !node)
        return node;
    struct query_node *not = node_new(parser, QUERY_NOT);
    not ->child = node;
    return not ;
}

/* Chains what parse_one gives; no node of its own where there is one child alone. */
struct chain {
    struct query_node *first, *last;
    size_t count;
};

static void chain_add(struct chain *chain, struct query_node *node)
{
    if (!node)
        return;
    if (chain->last)
        chain->last->next = node;
    else
        chain->first = node;
    chain->last = node;
    chain->count++;
}

static struct query_node *chain_node(struct parser *parser, const struct chain *chain,
                                     enum query_kind kind)
{
    if (chain->count < 2)
        return chain->first;
    struct query_node *node = node_new(parser, kind);
    node->child = chain->first;
    return node;
}

static struct query_node *parse_and(struct parser *parser, const char *after)
{
    struct chain chain = {0};
    chain_add(&chain, parse_not(parser, after));
    while (!parser->failed) {
        const struct token *token = &parser->token;
        bool keyword = token_is(token, "AND");
        if (keyword)
            advance(parser);
        else if (token_is(token, "OR") || !(is_value(token) || token->kind == TOKEN_OPEN))
            break;
        chain_add(&chain, parse_not(parser, keyword ? "AND" : NULL));
    }
    return chain_node(parser, &chain, QUERY_AND);
}

static struct query_node *parse_or(struct parser *parser)
{
    struct chain chain = {0};
    chain_add(&chain, parse_and(parser, NULL));
    while (!parser->failed && token_is(&parser->token, "OR")) {
        advance(parser);
        chain_add(&chain, parse_and(parser, "OR"));
    }
    return chain_node(parser, &chain, QUERY_OR);
}

static void parse_whole(struct parser *parser)
{
    advance(parser);
    if (parser->token.kind == TOKEN_END)
        return;
    parser->query->root = parse_or(parser);
    const struct token *token = &parser->token;
    if (token->kind == TOKEN_CLOSE)
        fail_at(parser, token->column, "there is no ( for this )");
    else if (token->kind == TOKEN_OPERATOR)
        fail_at(parser, token->column, "expected AND or OR before %.*s", shown(token->length),
                token->text);
    else if (token->kind != TOKEN_END)
        fail_at(parser, token->column, "unexpected %.*s", shown(token->length), token->text);
}

enum assay_status assay_query_parse(struct assay_query **out, const char *text, int64_t now_ms,
                                    struct assay_error *err)
{
    struct assay_query *query = assay_alloc(sizeof *query);
    struct parser parser = {.lexer = {.text = text, .length = strnlen(text, MOST_TEXT + 1)},
                            .query = query,
                            .err = err,
                            .last_named = &query->named,
                            .last_keyed = &query->keyed};
    query->now_ms = now_ms;
    *out = NULL;
    if (parser.lexer.length > MOST_TEXT)
        fail_at(&parser, MOST_TEXT + 1, "the filter is longer than 64 KiB");
    else
        parse_whole(&parser);
    if (parser.failed) {
        assay_query_free(&query);
        return ASSAY_BAD_INPUT;
    }
    *out = query;
    return ASSAY_OK;
}

void assay_query_free(struct assay_query **query)
{
    struct assay_query *old = *query;
    *query = NULL;
    if (!old)
        return;
    for (struct query_test *test = old->named; test; test = test->next_named)
        free(test->columns);
    query_regex_free(old->regexes);
    assay_arena_free(&old->arena);
    free(old);
}
