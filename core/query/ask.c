/*
 * What of a filter a server of MLflow is asked, in the grammar of its runs/search (the class
 * SearchUtils of mlflow/utils/search_utils.py). Only such conditions whose answer there is
 * surely ours or wider: whoever asks applies the whole filter to what came. What is left out,
 * and why:
 *
 *   OR, NOT, words       MLflow has none of them
 *   names without a kind what they mean depends on all runs: then nothing is asked at all
 *   LIKE, ILIKE, ~       a server that keeps files ends a match at the end of a line, and takes
 *                        some characters for those of a pattern
 *   != of a text         a database that ignores case or trailing spaces denies more than we do
 *   a number of a param  MLflow compares them as texts
 *   name, user           here or there they may come from a tag, or from a column
 *   NaN                  is 0 to older servers: "!= 0" would leave it out
 *   @best, @min, @max    MLflow knows the latest value alone
 *   IS NULL              new in 3.11
 *   several of dataset.  whether they are of one dataset is each one's own
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include <assay/text.h>

#include "query/ast.h"

enum {
    CONDITIONS_MOST = 8, /* each is one more join there */
    TEXT_MOST = 500,
    IDS_MOST = 200,
};
#define TIME_MOST 4e15 /* milliseconds that are whole numbers in a double, and in MLflow */

struct ask {
    struct assay_buf *out;
    size_t count;
    bool dataset; /* one of them is asked already */
};

static void begin(struct ask *ask)
{
    if (ask->count++)
        assay_buf_text_add(ask->out, " AND ");
}

/* Names and values of which no grammar on the way makes something else. */
static bool is_plain_key(const char *key)
{
    size_t length = strlen(key);
    for (size_t i = 0; i < length; i++)
        if (!(key[i] >= 'a' && key[i] <= 'z') && !(key[i] >= 'A' && key[i] <= 'Z') &&
            !(key[i] >= '0' && key[i] <= '9') && !strchr("_-./ :", key[i]))
            return false;
    return length > 0 && length <= TEXT_MOST;
}

static bool is_plain_text(const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || strchr("'\"`\\\x7f", text[i]))
            return false;
    /* What could not be read of an answer became U+FFFD here, and is something else there. */
    return length > 0 && length <= TEXT_MOST && assay_utf8_valid(text, length) &&
           !strstr(text, "\xef\xbf\xbd");
}

static const char *sign(enum query_op op)
{
    switch (op) {
    case OP_LESS:
        return "<";
    case OP_LESS_EQUAL:
        return "<=";
    case OP_GREATER:
        return ">";
    case OP_GREATER_EQUAL:
        return ">=";
    default:
        return "=";
    }
}

static bool compares(const struct query_test *test)
{
    return test->op == OP_EQUAL || test->op == OP_LESS || test->op == OP_LESS_EQUAL ||
           test->op == OP_GREATER || test->op == OP_GREATER_EQUAL;
}

/* Exactly, and as MLflow's tokeniser takes it: without a sign in the exponent but "-". */
static void add_number(struct assay_buf *out, double number)
{
    char text[32];
    for (const char *at = assay_number_exact(text, number); *at; at++)
        if (*at != '+')
            assay_buf_char(out, *at);
}

static void ask_metric(struct ask *ask, const struct query_test *test)
{
    double number = test->value.number;
    if (!compares(test) || !test->value.is_number || !isfinite(number) ||
        test->field.stat != ASSAY_STAT_LAST || !is_plain_key(test->field.key))
        return;
    if (test->negated && (test->op != OP_EQUAL || fpclassify(number) == FP_ZERO))
        return;
    begin(ask);
    assay_buf_format(ask->out, "metrics.`%s` %s ", test->field.key,
                     test->negated ? "!=" : sign(test->op));
    add_number(ask->out, number);
}

/* "params.`lr` = '0.1'", where the text was written as one. */
static void ask_text(struct ask *ask, const struct query_test *test, const char *kind)
{
    const struct query_value *value = &test->value;
    if (test->op != OP_EQUAL || test->negated || (value->is_number && !value->quoted) ||
        !is_plain_key(test->field.key) || !is_plain_text(value->text))
        return;
    if (test->field.kind == ASSAY_FIELD_DATASET) {
        if (ask->dataset)
            return;
        ask->dataset = true;
    }
    begin(ask);
    assay_buf_format(
        ask->out, test->field.kind == ASSAY_FIELD_DATASET ? "%s.%s = '%s'" : "%s.`%s` = '%s'",
        kind, test->field.key, value->text);
}

static void ask_status(struct ask *ask, const struct query_test *test)
{
    static const char *const names[] = {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};
    for (size_t i = 0; test->op == OP_EQUAL && i < ASSAY_COUNT(names); i++) {
        if (strcasecmp(test->value.text, names[i]) != 0)
            continue;
        begin(ask);
        assay_buf_format(ask->out, "attributes.status %s '%s'", test->negated ? "!=" : "=",
                         names[i]);
    }
}

/* Ids as MLflow makes them. From a list it drops those without a letter in silence. */
static bool is_id(const char *text)
{
    size_t length = strlen(text);
    return length == 32 && strspn(text, "0123456789abcdef") == length &&
           strpbrk(text, "abcdef");
}

static void ask_id(struct ask *ask, const struct query_test *test)
{
    if (test->negated || (test->op != OP_EQUAL && test->op != OP_IN))
        return;
    if (test->op == OP_EQUAL && is_id(test->value.text)) {
        begin(ask);
        assay_buf_format(ask->out, "attributes.run_id = '%s'", test->value.text);
    }
    if (test->op == OP_EQUAL || test->text_count > IDS_MOST)
        return;
    for (size_t i = 0; i < test->text_count; i++)
        if (!is_id(test->texts[i]))
            return;
    begin(ask);
    assay_buf_text_add(ask->out, "attributes.run_id IN (");
    for (size_t i = 0; i < test->text_count; i++)
        assay_buf_format(ask->out, "%s'%s'", i ? "," : "", test->texts[i]);
    assay_buf_char(ask->out, ')');
}

/* Times there are whole milliseconds. */
static void ask_time(struct ask *ask, const struct query_test *test, const char *name)
{
    double number = test->value.number;
    if (!compares(test) || test->negated || !(number >= 0 && number <= TIME_MOST))
        return;
    if (test->op == OP_LESS || test->op == OP_GREATER_EQUAL)
        number = ceil(number);
    else if (test->op == OP_EQUAL && number > floor(number))
        return;
    else
        number = floor(number);
    begin(ask);
    assay_buf_format(ask->out, "attributes.%s %s %" PRId64, name, sign(test->op),
                     (int64_t)number);
}

static void ask_attribute(struct ask *ask, const struct query_test *test)
{
    switch (test->field.attr) {
    case ATTR_ID:
        ask_id(ask, test);
        break;
    case ATTR_STATUS:
        ask_status(ask, test);
        break;
    case ATTR_START:
        ask_time(ask, test, "start_time");
        break;
    case ATTR_END:
        ask_time(ask, test, "end_time");
        break;
    default:
        break;
    }
}

static void ask_test(struct ask *ask, const struct query_test *test)
{
    if (test->field.attribute) {
        ask_attribute(ask, test);
        return;
    }
    switch (test->field.kind) {
    case ASSAY_FIELD_METRIC:
        ask_metric(ask, test);
        break;
    case ASSAY_FIELD_PARAM:
        ask_text(ask, test, "params");
        break;
    case ASSAY_FIELD_TAG:
        ask_text(ask, test, "tags");
        break;
    case ASSAY_FIELD_DATASET:
        ask_text(ask, test, "dataset");
        break;
    default:
        break;
    }
}

/* Recursion ends where the parser's does: at its bound on parentheses. */
static void ask_node(struct ask *ask, const struct query_node *node)
{
    if (node->kind == QUERY_TEST && ask->count < CONDITIONS_MOST)
        ask_test(ask, node->test);
    if (node->kind == QUERY_AND)
        for (const struct query_node *child = node->child; child; child = child->next)
            ask_node(ask, child);
}

size_t assay_query_ask(const struct assay_query *query, struct assay_buf *out)
{
    struct ask ask = {.out = out};
    if (query && query->root && !query->named)
        ask_node(&ask, query->root);
    return ask.count;
}
