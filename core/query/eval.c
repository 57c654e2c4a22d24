/*
 * Evaluating a filter over rows of the catalog. Each node marks the rows it matches, a clause
 * at a time over all rows, so that a clause is one tight loop over a column; AND and OR hand on
 * only the rows that are still open. Called at each key of the prompt.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "query/ast.h"
#include "query/needle.h"
#include "query/word.h"

struct eval {
    const struct assay_query *query;
    const struct assay_query *before; /* kept all the rows; NULL: not known */
    struct assay_catalog *catalog;
    bool loading;
};

static void eval_node(struct eval *eval, const struct query_node *node, const uint32_t *rows,
                      size_t count, uint8_t *marks);

/* ---- numbers ---- */

/* A comparison is the set of outcomes it takes; NaN has none of them. */
enum { LESS = 1, EQUAL = 2, GREATER = 4 };

static unsigned outcome(double a, double b)
{
    return (a < b ? LESS : 0u) | (a == b ? EQUAL : 0u) | (a > b ? GREATER : 0u);
}

static unsigned wanted(enum query_op op)
{
    switch (op) {
    case OP_EQUAL:
        return EQUAL;
    case OP_LESS:
        return LESS;
    case OP_LESS_EQUAL:
        return LESS | EQUAL;
    case OP_GREATER:
        return GREATER;
    case OP_GREATER_EQUAL:
        return GREATER | EQUAL;
    default:
        return 0;
    }
}

static bool in_numbers(const struct query_test *test, double number)
{
    size_t low = 0, high = test->number_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (test->numbers[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < test->number_count && test->numbers[low] == number;
}

static bool number_matches(const struct query_test *test, double number)
{
    if (test->op == OP_IN)
        return in_numbers(test, number) != test->negated;
    /* Only "= nan" and "!= nan" say something about NaN; IEEE's comparisons never hold. */
    if (test->op == OP_EQUAL && isnan(test->value.number))
        return isnan(number) != test->negated;
    return ((outcome(number, test->value.number) & wanted(test->op)) != 0) != test->negated;
}

/* ---- texts ---- */

static bool in_texts(const struct query_test *test, const char *text, bool any_case)
{
    size_t low = 0, high = test->text_count;
    if (any_case) {
        for (size_t i = 0; i < test->text_count; i++)
            if (strcasecmp(test->texts[i], text) == 0)
                return true;
        return false;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(test->texts[middle], text);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* Order of a text against the value: by number where both are numbers, else naturally. */
static bool ordered(const struct query_test *test, const char *text, double number)
{
    const struct query_value *value = &test->value;
    if (value->is_number && !isnan(number))
        return (outcome(number, value->number) & wanted(test->op)) != 0;
    if (value->is_number && !value->quoted)
        return false; /* a text is neither below nor above a number */
    return (outcome(assay_text_natural(text, value->text), 0) & wanted(test->op)) != 0;
}

/* NEEDLE is of test->contains. ANY_CASE: names of states, whose case nobody remembers. NUMBER:
   what the text is as a number, or NaN. */
static bool text_matches(const struct query_test *test, const struct needle *needle,
                         const char *text, double number, bool any_case)
{
    const struct query_value *value = &test->value;
    bool match = false;
    enum query_found found;
    switch (test->op) {
    case OP_EQUAL:
        match =
            value->is_number && !value->quoted && !isnan(number)
                ? number == value->number
                : (any_case ? strcasecmp(text, value->text) : strcmp(text, value->text)) == 0;
        break;
    case OP_LIKE:
        match = test->contains ? strstr(text, test->contains) != NULL
                               : assay_text_like(text, value->text, false);
        break;
    case OP_ILIKE:
        match =
            test->contains ? needle_in(needle, text) : assay_text_like(text, value->text, true);
        break;
    case OP_REGEX:
        found = query_regex_match(test->regex, text);
        if (found == QUERY_GAVE_UP)
            return false; /* unknown, so neither ~ nor !~ */
        match = found == QUERY_FOUND;
        break;
    case OP_IN:
        match = in_texts(test, text, any_case) ||
                (test->number_count > 0 && !isnan(number) && in_numbers(test, number));
        break;
    default:
        match = ordered(test, text, number);
        break;
    }
    return match != test->negated;
}

/* ---- one clause over all rows ---- */

static void eval_null(const struct query_test *test, const struct assay_column *column,
                      const uint32_t *rows, size_t count, uint8_t *marks)
{
    for (size_t i = 0; i < count; i++) {
        bool there = rows[i] < column->count && column->present[rows[i]];
        marks[i] = there == test->negated;
    }
}

/* The numbers that TEST's comparison takes, the bounds among them: none where LOW is above
   HIGH. Two comparisons a run, whatever is asked. */
struct span {
    double low, high;
};

static struct span span_of(const struct query_test *test)
{
    const struct span nothing = {INFINITY, -INFINITY};
    double value = test->value.number;
    switch (test->op) {
    case OP_EQUAL:
        return (struct span){value, value};
    case OP_LESS_EQUAL:
        return (struct span){-INFINITY, value};
    case OP_GREATER_EQUAL:
        return (struct span){value, INFINITY};
    case OP_LESS:
        return value == -INFINITY ? nothing
                                  : (struct span){-INFINITY, nextafter(value, -INFINITY)};
    case OP_GREATER:
        return value == INFINITY ? nothing
                                 : (struct span){nextafter(value, INFINITY), INFINITY};
    default:
        return nothing;
    }
}

/* The comparison of one metric with one number, which is nearly every filter there is. */
static void eval_metric(const struct query_test *test, const struct assay_column *column,
                        const uint32_t *rows, size_t count, uint8_t *marks)
{
    if (test->op == OP_IN || isnan(test->value.number)) {
        for (size_t i = 0; i < count; i++)
            marks[i] = rows[i] < column->count && column->present[rows[i]] &&
                       number_matches(test, column->numbers[rows[i]]);
        return;
    }
    const struct span span = span_of(test);
    const double *numbers = column->numbers;
    const uint8_t *present = column->present;
    const size_t known = column->count;
    const bool negated = test->negated;
    for (size_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        if (row >= known) {
            marks[i] = 0;
            continue;
        }
        bool match = (numbers[row] >= span.low) & (numbers[row] <= span.high);
        marks[i] = (uint8_t)((match != negated) & (present[row] != 0));
    }
}

/* Datasets: one of a run's several has to match, as in MLflow. */
static void eval_datasets(const struct query_test *test, const struct assay_column *column,
                          const uint32_t *rows, size_t count, uint8_t *marks)
{
    struct needle needle = needle_of(test->contains ? test->contains : "");
    struct assay_buf one = {0};
    for (size_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        const char *at =
            row < column->count && column->present[row] ? column->texts[row] : NULL;
        marks[i] = 0;
        while (at && !marks[i]) {
            const char *end = strchr(at, ASSAY_VALUES_BREAK);
            assay_buf_reset(&one);
            assay_buf_add(&one, at, end ? (size_t)(end - at) : strlen(at));
            marks[i] = text_matches(test, &needle, assay_buf_text(&one), NAN, false);
            at = end ? end + 1 : NULL;
        }
    }
    assay_buf_free(&one);
}

static void eval_column(const struct query_test *test, const struct assay_column *column,
                        const uint32_t *rows, size_t count, uint8_t *marks)
{
    if (test->op == OP_NULL) {
        eval_null(test, column, rows, count, marks);
        return;
    }
    if (column->kind == ASSAY_FIELD_METRIC) {
        eval_metric(test, column, rows, count, marks);
        return;
    }
    if (column->kind == ASSAY_FIELD_DATASET) {
        eval_datasets(test, column, rows, count, marks);
        return;
    }
    struct needle needle = needle_of(test->contains ? test->contains : "");
    for (size_t i = 0; i < count; i++) {
        uint32_t row = rows[i];
        marks[i] = row < column->count && column->present[row] && column->texts[row] &&
                   text_matches(test, &needle, column->texts[row], column->numbers[row], false);
    }
}

/* Whether TEST can be asked of a metric at all: not where it is one of texts. */
static bool is_of_numbers(const struct query_test *test)
{
    switch (test->op) {
    case OP_LIKE:
    case OP_ILIKE:
    case OP_REGEX:
        return false;
    case OP_IN:
    case OP_NULL:
        return true;
    default:
        return test->value.is_number;
    }
}

/* One of the columns a name was found to be: whether each run has it and holds by it; that it
   has it not, where that is asked. A metric is not like any text. */
static void eval_one_named(const struct query_test *test, const struct assay_column *column,
                           const uint32_t *rows, size_t count, uint8_t *found)
{
    if (test->op == OP_NULL || column->kind != ASSAY_FIELD_METRIC || is_of_numbers(test)) {
        eval_column(test, column, rows, count, found);
        return;
    }
    for (size_t i = 0; i < count; i++)
        found[i] = rows[i] < column->count && column->present[rows[i]] && test->negated;
}

/* Of several: a name holds for a run where it holds for one of what has the name; what is
   denied
   ("!=", "NOT LIKE") for all that the run has of it. */
static void eval_several_named(const struct query_test *test, const uint32_t *rows,
                               size_t count, uint8_t *marks)
{
    enum { ONE = 1, OTHER = 2 }; /* that a run has: it holds, it does not */
    uint8_t *found = assay_alloc_array(count, sizeof *found);

    memset(marks, 0, count);
    for (size_t k = 0; k < test->column_count; k++) {
        const struct assay_column *column = test->columns[k];
        eval_one_named(test, column, rows, count, found);
        for (size_t i = 0; i < count; i++) {
            bool there = rows[i] < column->count && column->present[rows[i]];
            marks[i] |= there ? (found[i] ? ONE : OTHER) : 0;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (test->op == OP_NULL)
            marks[i] = (marks[i] != 0) == test->negated;
        else
            marks[i] = test->negated ? marks[i] == ONE : (marks[i] & ONE) != 0;
    free(found);
}

/* A name without a kind, which nearly always is one thing. */
static void eval_named(const struct query_test *test, const uint32_t *rows, size_t count,
                       uint8_t *marks)
{
    if (test->column_count == 1)
        eval_one_named(test, test->columns[0], rows, count, marks);
    else
        eval_several_named(test, rows, count, marks);
}

static void eval_key(struct eval *eval, const struct query_test *test, const uint32_t *rows,
                     size_t count, uint8_t *marks)
{
    const struct query_field *field = &test->field;
    const struct assay_column *column =
        assay_catalog_column(eval->catalog, field->kind, field->key, field->stat);
    eval->loading |= !column->ready;
    eval_column(test, column, rows, count, marks);
}

static void eval_attr_text(struct eval *eval, const struct query_test *test,
                           const uint32_t *rows, size_t count, uint8_t *marks)
{
    enum query_attr attr = test->field.attr;
    bool any_case = attr == ATTR_STATUS || attr == ATTR_LIFECYCLE, answer = false;
    struct needle needle = needle_of(test->contains ? test->contains : "");
    const char *absent = test->takes_absent ? assay_run_status_name(ASSAY_RUN_UNKNOWN) : NULL;
    const char *asked = NULL; /* runs side by side often share user, experiment and status */
    for (size_t i = 0; i < count; i++) {
        const char *text =
            attr_text(eval->catalog, assay_catalog_run(eval->catalog, rows[i]), attr);
        text = text ? text : absent;
        if (test->op == OP_NULL) {
            marks[i] = (text != NULL) == test->negated;
            continue;
        }
        if (text && text != asked) {
            answer = text_matches(test, &needle, text, NAN, any_case);
            asked = text;
        }
        marks[i] = text && answer;
    }
}

static void eval_attr_number(struct eval *eval, const struct query_test *test,
                             const uint32_t *rows, size_t count, uint8_t *marks)
{
    for (size_t i = 0; i < count; i++) {
        double number;
        bool there = attr_number(eval->catalog, assay_catalog_run(eval->catalog, rows[i]),
                                 test->field.attr, eval->query->now_ms, &number);
        if (test->op == OP_NULL)
            marks[i] = there == test->negated;
        else
            marks[i] = there && number_matches(test, number);
    }
}

static void eval_test(struct eval *eval, const struct query_test *test, const uint32_t *rows,
                      size_t count, uint8_t *marks)
{
    if (test->field.named)
        eval_named(test, rows, count, marks);
    else if (!test->field.attribute)
        eval_key(eval, test, rows, count, marks);
    else if (attr_type(test->field.attr) == ATTR_TEXT)
        eval_attr_text(eval, test, rows, count, marks);
    else
        eval_attr_number(eval, test, rows, count, marks);
}

/* ---- conditions ---- */

/* CHILD, or the one after it that is not known to hold for all rows. */
static const struct query_node *still_open(const struct eval *eval,
                                           const struct query_node *node,
                                           const struct query_node *child)
{
    if (eval->before && node == eval->query->root && node->kind == QUERY_AND)
        while (child && query_has(eval->before, child))
            child = child->next;
    return child;
}

/* Evaluates each further child on the rows whose mark is still STAYS: those that match so far
   for AND, those that do not for OR. */
static void eval_chain(struct eval *eval, const struct query_node *node, const uint32_t *rows,
                       size_t count, uint8_t *marks)
{
    uint8_t stays = node->kind == QUERY_AND;
    const struct query_node *child = still_open(eval, node, node->child);
    if (!child) {
        memset(marks, 1, count);
        return;
    }
    uint32_t *open = assay_alloc_array(count, sizeof *open);
    uint32_t *places = assay_alloc_array(count, sizeof *places);
    uint8_t *found = assay_alloc_array(count, sizeof *found);

    eval_node(eval, child, rows, count, marks);
    while ((child = still_open(eval, node, child->next))) {
        size_t left = 0;
        for (size_t i = 0; i < count; i++) {
            open[left] = rows[i];
            places[left] = (uint32_t)i;
            left += marks[i] == stays;
        }
        if (left == 0)
            break;
        eval_node(eval, child, open, left, found);
        for (size_t i = 0; i < left; i++)
            marks[places[i]] = found[i];
    }
    free(open);
    free(places);
    free(found);
}

/* Recursion ends where the parser's does: at its bound on parentheses. */
static void eval_node(struct eval *eval, const struct query_node *node, const uint32_t *rows,
                      size_t count, uint8_t *marks)
{
    switch (node->kind) {
    case QUERY_TEST:
        eval_test(eval, node->test, rows, count, marks);
        break;
    case QUERY_WORD:
        word_eval(eval->catalog, node->word, rows, count, marks);
        break;
    case QUERY_NOT:
        eval_node(eval, node->child, rows, count, marks);
        for (size_t i = 0; i < count; i++)
            marks[i] = !marks[i];
        break;
    default:
        eval_chain(eval, node, rows, count, marks);
        break;
    }
}

size_t assay_query_select(const struct assay_query *query, struct assay_catalog *catalog,
                          uint32_t *rows, size_t count, bool *loading)
{
    return assay_query_select_from(query, NULL, catalog, rows, count, loading);
}

size_t assay_query_select_from(const struct assay_query *query,
                               const struct assay_query *before, struct assay_catalog *catalog,
                               uint32_t *rows, size_t count, bool *loading)
{
    struct eval eval = {.query = query, .before = before, .catalog = catalog};
    size_t kept = 0;
    if (loading)
        *loading = false;
    if (!query || !query->root || count == 0)
        return count;
    query_regex_reset(query->regexes);
    named_find(query, catalog, &eval.loading);
    uint8_t *marks = assay_alloc_array(count, sizeof *marks);
    eval_node(&eval, query->root, rows, count, marks);
    for (size_t i = 0; i < count; i++) {
        rows[kept] = rows[i];
        kept += marks[i];
    }
    free(marks);
    if (loading)
        *loading = eval.loading;
    return kept;
}

size_t assay_query_given_up(const struct assay_query *query)
{
    return query ? query_regex_given_up(query->regexes) : 0;
}
