/*
 * Whether a filter only narrows another: each condition of the one before is among those of the
 * one now, or is a word that a word now contains.
 */
#include <math.h>
#include <string.h>

#include "query/ast.h"
#include "query/needle.h"

/* More conditions than anybody types are not compared with each other. */
enum { MOST = 32 };

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool same_field(const struct query_field *a, const struct query_field *b)
{
    if (a->attribute != b->attribute || a->named != b->named)
        return false;
    if (a->attribute)
        return a->attr == b->attr;
    return a->kind == b->kind && a->stat == b->stat && same_text(a->key, b->key);
}

static bool same_list(const struct query_test *a, const struct query_test *b)
{
    if (a->text_count != b->text_count || a->number_count != b->number_count)
        return false;
    for (size_t i = 0; i < a->text_count; i++)
        if (strcmp(a->texts[i], b->texts[i]) != 0)
            return false;
    for (size_t i = 0; i < a->number_count; i++)
        if (!same_number(a->numbers[i], b->numbers[i]))
            return false;
    return true;
}

/* Patterns may give up on a value, which is counted at each select, and the duration of what
   still runs grows with the clock: these are never the same. */
static bool same_test(const struct query_test *a, const struct query_test *b)
{
    const struct query_value *x = &a->value, *y = &b->value;
    bool moves = a->field.attribute && attr_type(a->field.attr) == ATTR_SPAN;
    return !a->regex && !b->regex && !moves && a->op == b->op && a->negated == b->negated &&
           same_field(&a->field, &b->field) && same_text(x->text, y->text) &&
           x->is_number == y->is_number && x->quoted == y->quoted &&
           (!x->is_number || same_number(x->number, y->number)) && same_list(a, b);
}

/* Recursion ends where the parser's does: at its bound on parentheses. */
static bool same_node(const struct query_node *a, const struct query_node *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == QUERY_TEST)
        return same_test(a->test, b->test);
    if (a->kind == QUERY_WORD)
        return strcmp(a->word, b->word) == 0;
    for (a = a->child, b = b->child; a && b; a = a->next, b = b->next)
        if (!same_node(a, b))
            return false;
    return !a && !b;
}

static bool node_narrows(const struct query_node *now, const struct query_node *before)
{
    if (now->kind == QUERY_WORD && before->kind == QUERY_WORD) {
        struct needle word = needle_of(before->word);
        return needle_in(&word, now->word);
    }
    return same_node(now, before);
}

/* The conditions of QUERY that must all hold; 0 where they are too many. */
static size_t conditions(const struct assay_query *query, const struct query_node **out)
{
    const struct query_node *node = query->root;
    size_t count = 0;
    if (node->kind != QUERY_AND) {
        out[0] = node;
        return 1;
    }
    for (node = node->child; node; node = node->next) {
        if (count == MOST)
            return 0;
        out[count++] = node;
    }
    return count;
}

bool query_has(const struct assay_query *query, const struct query_node *node)
{
    const struct query_node *these[MOST];
    size_t count = query->root ? conditions(query, these) : 0;
    for (size_t i = 0; i < count; i++)
        if (same_node(these[i], node))
            return true;
    return false;
}

bool assay_query_narrows(const struct assay_query *now, const struct assay_query *before)
{
    const struct query_node *these[MOST], *those[MOST];
    if (!before->root)
        return true;
    if (!now->root)
        return false;
    size_t count = conditions(now, these), had = conditions(before, those);
    for (size_t i = 0; i < had; i++) {
        size_t at = 0;
        while (at < count && !node_narrows(these[at], those[i]))
            at++;
        if (at == count)
            return false;
    }
    return had > 0;
}
