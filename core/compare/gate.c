/*
 * Gates: expressions over a run and the baseline, for --fail-if and for policies.
 *
 *   or      = and { "or" and }
 *   and     = not { "and" not }
 *   not     = "not" not | test
 *   test    = sum [ ("<" | "<=" | ">" | ">=" | "=" | "==" | "!=") sum ]
 *   sum     = product { ("+" | "-") product }
 *   product = sign { ("*" | "/") sign }
 *   sign    = "-" sign | value
 *   value   = number | 'text' | "(" or ")" | "abs" "(" or ")" | "baseline" [ "." field ] |
 *           field
 *   field   = "metrics." name [ "@last|min|max|best" ] | "params." name | "tags." name |
 *             "duration"
 *   name    = letters, digits and ._/:-  |  `anything`  |  "anything"
 *
 * `baseline` alone is the field last named before it, of the baseline's run. What is missing or
 * not finite makes the whole expression unknown unless the rest decides it (three-valued logic,
 * as in SQL): nothing unknown ever passes for an answer. Written as nodes in one array; depth
 * is bounded, so both recursions are.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "compare/comparison.h"

#define DEPTH_MAX  40
#define NODES_MAX  400
#define CELLS_SAID 40 /* of a text that is told of */

enum operation {
    GATE_NUMBER,
    GATE_TEXT,
    GATE_FIELD,
    GATE_OR,
    GATE_AND,
    GATE_NOT,
    GATE_LESS,
    GATE_AT_MOST,
    GATE_GREATER,
    GATE_AT_LEAST,
    GATE_EQUAL,
    GATE_NOT_EQUAL,
    GATE_ADD,
    GATE_SUBTRACT,
    GATE_MULTIPLY,
    GATE_DIVIDE,
    GATE_NEGATE,
    GATE_ABS,
};

struct gate_node {
    enum operation operation;
    size_t left, right; /* indices of nodes */
    double number;
    char *text; /* of a text, or a field's name */
    enum assay_row_kind kind;
    enum assay_stat stat;
    bool has_stat;
    bool baseline;
};

struct assay_gate {
    struct gate_node *nodes;
    size_t count, capacity;
    size_t root;
};

struct parsing {
    const char *text, *at;
    struct assay_gate *gate;
    size_t last_field; /* SIZE_MAX: none yet */
    int depth;
    struct assay_error *err;
    bool failed;
};

/* ---- parsing ---- */

static size_t fail(struct parsing *p, const char *why)
{
    if (!p->failed) {
        assay_fail(p->err, ASSAY_BAD_INPUT, "at column %zu: %s", (size_t)(p->at - p->text) + 1,
                   why);
        assay_hint(p->err, "for example: metrics.val_loss > baseline * 1.01");
        if (p->err)
            p->err->column = (size_t)(p->at - p->text) + 1;
    }
    p->failed = true;
    return 0;
}

static size_t add_node(struct parsing *p, struct gate_node node)
{
    struct assay_gate *g = p->gate;
    if (g->count == NODES_MAX) {
        free(node.text);
        return fail(p, "too long");
    }
    ASSAY_GROW(g->nodes, g->capacity, g->count + 1);
    g->nodes[g->count] = node;
    return g->count++;
}

static void skip_blanks(struct parsing *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n')
        p->at++;
}

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || (c && strchr("_./:-", c)) || (unsigned char)c >= 0x80;
}

/* Takes WORD where it stands by itself. */
static bool take_word(struct parsing *p, const char *word)
{
    skip_blanks(p);
    size_t length = strlen(word);
    if (strncasecmp(p->at, word, length) != 0 || isalnum((unsigned char)p->at[length]) ||
        p->at[length] == '_')
        return false;
    p->at += length;
    return true;
}

static bool take_sign(struct parsing *p, const char *sign)
{
    skip_blanks(p);
    size_t length = strlen(sign);
    if (strncmp(p->at, sign, length) != 0)
        return false;
    p->at += length;
    return true;
}

static size_t parse_or(struct parsing *p);

static const struct {
    const char *name;
    enum assay_stat stat;
} stats[] = {{"@last", ASSAY_STAT_LAST},
             {"@min", ASSAY_STAT_MIN},
             {"@max", ASSAY_STAT_MAX},
             {"@best", ASSAY_STAT_BEST}};

static char *take_name(struct parsing *p)
{
    const char *from = p->at;
    if (*p->at == '`' || *p->at == '"') {
        const char *end = strchr(p->at + 1, *p->at);
        if (!end) {
            fail(p, "a name in quotes has no end");
            return NULL;
        }
        p->at = end + 1;
        return assay_strndup(from + 1, (size_t)(end - from - 1));
    }
    while (is_name_char(*p->at))
        p->at++;
    if (p->at == from)
        fail(p, "a name is missing");
    return p->failed ? NULL : assay_strndup(from, (size_t)(p->at - from));
}

static bool parse_field(struct parsing *p, bool baseline, size_t *node)
{
    static const struct {
        const char *prefix;
        enum assay_row_kind kind;
    } prefixes[] = {{"metrics.", ASSAY_ROW_METRIC}, {"metric.", ASSAY_ROW_METRIC},
                    {"params.", ASSAY_ROW_PARAM},   {"param.", ASSAY_ROW_PARAM},
                    {"tags.", ASSAY_ROW_TAG},       {"tag.", ASSAY_ROW_TAG}};
    struct gate_node field = {.operation = GATE_FIELD, .baseline = baseline};
    bool found = false;
    if (take_word(p, "duration")) {
        field.kind = ASSAY_ROW_ATTRIBUTE;
        field.text = assay_strdup("duration");
        found = true;
    }
    for (size_t i = 0; !found && i < ASSAY_COUNT(prefixes); i++)
        if (take_sign(p, prefixes[i].prefix)) {
            field.kind = prefixes[i].kind;
            field.text = take_name(p);
            found = true;
        }
    if (!found || p->failed) {
        free(field.text);
        return found;
    }
    for (size_t i = 0; field.kind == ASSAY_ROW_METRIC && i < ASSAY_COUNT(stats); i++)
        if (take_word(p, stats[i].name)) {
            field.stat = stats[i].stat;
            field.has_stat = true;
        }
    *node = p->last_field = add_node(p, field);
    return true;
}

static size_t parse_baseline(struct parsing *p)
{
    size_t node = 0;
    if (*p->at == '.') {
        p->at++;
        return parse_field(p, true, &node) ? node : fail(p, "baseline. wants a field");
    }
    if (p->last_field == SIZE_MAX)
        return fail(p, "baseline of what? name a field before it, or baseline.metrics.NAME");
    struct gate_node field = p->gate->nodes[p->last_field];
    field.baseline = true;
    field.text = assay_strdup(field.text);
    return add_node(p, field);
}

static size_t parse_text(struct parsing *p)
{
    char quote = *p->at;
    const char *end = strchr(p->at + 1, quote);
    if (!end)
        return fail(p, "a text in quotes has no end");
    char *text = assay_strndup(p->at + 1, (size_t)(end - p->at - 1));
    p->at = end + 1;
    return add_node(p, (struct gate_node){.operation = GATE_TEXT, .text = text});
}

static size_t parse_number(struct parsing *p)
{
    const char *from = p->at;
    double value;
    while (isalnum((unsigned char)*p->at) || *p->at == '.' ||
           ((*p->at == '-' || *p->at == '+') && p->at > from &&
            (p->at[-1] == 'e' || p->at[-1] == 'E')))
        p->at++;
    if (p->at == from || !assay_number_parse(from, (size_t)(p->at - from), &value)) {
        p->at = from;
        return fail(p, "a number, a field or ( is expected");
    }
    return add_node(p, (struct gate_node){.operation = GATE_NUMBER, .number = value});
}

static size_t parse_value(struct parsing *p)
{
    size_t node = 0;
    skip_blanks(p);
    if (*p->at == '\'' || *p->at == '"')
        return parse_text(p);
    bool absolute = take_word(p, "abs");
    if (take_sign(p, "(")) {
        node = parse_or(p);
        if (!take_sign(p, ")"))
            return fail(p, ") is missing");
        return absolute ? add_node(p, (struct gate_node){.operation = GATE_ABS, .left = node})
                        : node;
    }
    if (absolute)
        return fail(p, "abs wants (");
    if (take_word(p, "baseline"))
        return parse_baseline(p);
    if (parse_field(p, false, &node))
        return node;
    return parse_number(p);
}

static size_t parse_sign(struct parsing *p)
{
    if (p->failed || ++p->depth > DEPTH_MAX)
        return fail(p, "nested too deeply");
    size_t node;
    if (take_sign(p, "-")) {
        node = parse_sign(p);
        node = add_node(p, (struct gate_node){.operation = GATE_NEGATE, .left = node});
    } else {
        node = parse_value(p);
    }
    p->depth--;
    return node;
}

static size_t parse_product(struct parsing *p)
{
    size_t left = parse_sign(p);
    while (!p->failed) {
        enum operation operation = take_sign(p, "*")   ? GATE_MULTIPLY
                                   : take_sign(p, "/") ? GATE_DIVIDE
                                                       : GATE_NUMBER;
        if (operation == GATE_NUMBER)
            break;
        size_t right = parse_sign(p);
        left = add_node(
            p, (struct gate_node){.operation = operation, .left = left, .right = right});
    }
    return left;
}

static size_t parse_sum(struct parsing *p)
{
    size_t left = parse_product(p);
    while (!p->failed) {
        enum operation operation = take_sign(p, "+")   ? GATE_ADD
                                   : take_sign(p, "-") ? GATE_SUBTRACT
                                                       : GATE_NUMBER;
        if (operation == GATE_NUMBER)
            break;
        size_t right = parse_product(p);
        left = add_node(
            p, (struct gate_node){.operation = operation, .left = left, .right = right});
    }
    return left;
}

static size_t parse_test(struct parsing *p)
{
    static const struct {
        const char *sign;
        enum operation operation;
    } tests[] = {{"<=", GATE_AT_MOST}, {">=", GATE_AT_LEAST},  {"!=", GATE_NOT_EQUAL},
                 {"==", GATE_EQUAL},   {"<>", GATE_NOT_EQUAL}, {"<", GATE_LESS},
                 {">", GATE_GREATER},  {"=", GATE_EQUAL}};
    size_t left = parse_sum(p);
    for (size_t i = 0; !p->failed && i < ASSAY_COUNT(tests); i++)
        if (take_sign(p, tests[i].sign)) {
            size_t right = parse_sum(p);
            return add_node(p, (struct gate_node){.operation = tests[i].operation,
                                                  .left = left,
                                                  .right = right});
        }
    return left;
}

static size_t parse_not(struct parsing *p)
{
    if (p->failed || ++p->depth > DEPTH_MAX)
        return fail(p, "nested too deeply");
    size_t node;
    if (take_word(p, "not")) {
        node = parse_not(p);
        node = add_node(p, (struct gate_node){.operation = GATE_NOT, .left = node});
    } else {
        node = parse_test(p);
    }
    p->depth--;
    return node;
}

static size_t parse_and(struct parsing *p)
{
    size_t left = parse_not(p);
    while (!p->failed && take_word(p, "and")) {
        size_t right = parse_not(p);
        left = add_node(
            p, (struct gate_node){.operation = GATE_AND, .left = left, .right = right});
    }
    return left;
}

static size_t parse_or(struct parsing *p)
{
    size_t left = parse_and(p);
    while (!p->failed && take_word(p, "or")) {
        size_t right = parse_and(p);
        left =
            add_node(p, (struct gate_node){.operation = GATE_OR, .left = left, .right = right});
    }
    return left;
}

static bool is_answer(enum operation operation)
{
    return operation >= GATE_OR && operation <= GATE_NOT_EQUAL;
}

enum assay_status assay_gate_parse(struct assay_gate **out, const char *text,
                                   struct assay_error *err)
{
    struct parsing p = {.text = text, .at = text, .last_field = SIZE_MAX, .err = err};
    p.gate = assay_alloc(sizeof *p.gate);
    p.gate->root = parse_or(&p);
    skip_blanks(&p);
    if (!p.failed && *p.at)
        fail(&p, "something is left over");
    if (!p.failed && !is_answer(p.gate->nodes[p.gate->root].operation))
        fail(&p, "a comparison is missing (<, <=, >, >=, =, !=)");
    if (p.failed) {
        assay_gate_free(&p.gate);
        return ASSAY_BAD_INPUT;
    }
    *out = p.gate;
    return ASSAY_OK;
}

void assay_gate_free(struct assay_gate **gate)
{
    if (!*gate)
        return;
    for (size_t i = 0; i < (*gate)->count; i++)
        free((*gate)->nodes[i].text);
    free((*gate)->nodes);
    free(*gate);
    *gate = NULL;
}

/* ---- checking ---- */

enum value_kind { VALUE_UNKNOWN, VALUE_NUMBER, VALUE_TEXT, VALUE_ANSWER };
struct value {
    enum value_kind kind;
    double number; /* of an answer 0 or 1 */
    const char *text;
};

struct checking {
    const struct assay_gate *gate;
    const struct assay_comparison *c;
    size_t column, baseline;
    struct assay_buf *why; /* may be NULL */
};

static void say_field(struct checking *k, const struct gate_node *node, const char *what)
{
    struct assay_buf raw = {0};
    if (!k->why)
        return;
    assay_buf_format(&raw, "%s%s%s %s", k->why->length ? ", " : "",
                     node->baseline ? "baseline " : "", node->text, what);
    assay_text_clean(k->why, assay_buf_text(&raw), raw.length);
    assay_buf_free(&raw);
}

static struct value metric_value(struct checking *k, const struct gate_node *node, size_t row,
                                 size_t column)
{
    struct value value = {.kind = VALUE_NUMBER};
    const struct assay_row *shown = assay_comparison_row(k->c, row);
    struct assay_summary s;
    bool there = assay_comparison_summary(k->c, row, column, &s);
    enum assay_stat stat = node->has_stat ? node->stat : k->c->stat;
    if (!node->has_stat) {
        struct assay_compare_cell cell = assay_comparison_cell(k->c, row, column);
        value.number = cell.number;
        value.kind = cell.present ? VALUE_NUMBER : VALUE_UNKNOWN;
    } else if (!there) {
        value.kind = VALUE_UNKNOWN;
    } else if (stat == ASSAY_STAT_MIN || (stat == ASSAY_STAT_BEST && shown->direction < 0)) {
        value.number = s.min;
    } else if (stat == ASSAY_STAT_MAX || (stat == ASSAY_STAT_BEST && shown->direction > 0)) {
        value.number = s.max;
    } else {
        value.number = s.last;
    }
    return value;
}

static struct value field_value(struct checking *k, const struct gate_node *node)
{
    struct value value = {.kind = VALUE_UNKNOWN};
    size_t column = node->baseline ? k->baseline : k->column;
    size_t row = assay_comparison_find(k->c, node->kind, node->text);
    if (row == SIZE_MAX && node->kind == ASSAY_ROW_PARAM)
        row = assay_comparison_find(k->c, ASSAY_ROW_PATH, node->text);
    if (row == SIZE_MAX || column >= assay_comparison_runs(k->c)) {
        say_field(k, node, "is missing");
        return value;
    }
    if (node->kind == ASSAY_ROW_METRIC) {
        value = metric_value(k, node, row, column);
    } else {
        struct assay_compare_cell cell = assay_comparison_cell(k->c, row, column);
        if (cell.present)
            value = (struct value){.kind = cell.numeric ? VALUE_NUMBER : VALUE_TEXT,
                                   .number = cell.number,
                                   .text = cell.text};
    }
    if (value.kind == VALUE_UNKNOWN) {
        say_field(k, node, "is missing");
    } else if (value.kind == VALUE_NUMBER && !isfinite(value.number)) {
        say_field(k, node, "is not finite");
        value.kind = VALUE_UNKNOWN;
    } else if (value.kind == VALUE_NUMBER) {
        char number[32];
        say_field(k, node, assay_number_short(number, value.number, 7));
    } else {
        char text[256];
        size_t fits = assay_text_fit(value.text, CELLS_SAID, NULL);
        snprintf(text, sizeof text, "'%.*s%s'", (int)fits, value.text,
                 value.text[fits] ? "..." : "");
        say_field(k, node, text);
    }
    return value;
}

static struct value answer(bool yes)
{
    return (struct value){.kind = VALUE_ANSWER, .number = yes};
}

/* A reason that lies in the expression, beside the fields' values. */
static void say_result(struct checking *k, const char *what)
{
    if (k->why)
        assay_buf_format(k->why, "%s%s", k->why->length ? ", " : "", what);
}

static struct value compute(struct checking *k, enum operation operation, struct value a,
                            struct value b)
{
    struct value value = {.kind = VALUE_UNKNOWN};
    bool numbers = a.kind == VALUE_NUMBER && b.kind == VALUE_NUMBER;
    if (operation == GATE_EQUAL || operation == GATE_NOT_EQUAL) {
        if (a.kind == VALUE_UNKNOWN || b.kind == VALUE_UNKNOWN)
            return value;
        bool same = numbers ? a.number == b.number
                            : a.kind == VALUE_TEXT && b.kind == VALUE_TEXT &&
                                  strcmp(a.text, b.text) == 0;
        return answer(same == (operation == GATE_EQUAL));
    }
    if (!numbers) {
        if (a.kind == VALUE_TEXT || b.kind == VALUE_TEXT)
            say_result(k, "a text has no size: it is equal (=) or not (!=)");
        return value;
    }
    switch (operation) {
    case GATE_LESS:
        return answer(a.number < b.number);
    case GATE_AT_MOST:
        return answer(a.number <= b.number);
    case GATE_GREATER:
        return answer(a.number > b.number);
    case GATE_AT_LEAST:
        return answer(a.number >= b.number);
    case GATE_ADD:
        value.number = a.number + b.number;
        break;
    case GATE_SUBTRACT:
        value.number = a.number - b.number;
        break;
    case GATE_MULTIPLY:
        value.number = a.number * b.number;
        break;
    default:
        if (b.number == 0) {
            say_result(k, "divided by zero");
            return value;
        }
        value.number = a.number / b.number;
        break;
    }
    value.kind = isfinite(value.number) ? VALUE_NUMBER : VALUE_UNKNOWN;
    if (value.kind == VALUE_UNKNOWN)
        say_result(k, "a result too large for a number");
    return value;
}

/* Three-valued: what is known to decide decides, whatever the other side is. */
static struct value logic(enum operation operation, struct value a, struct value b)
{
    bool decides = operation == GATE_OR;
    bool known_a = a.kind == VALUE_ANSWER, known_b = b.kind == VALUE_ANSWER;
    if ((known_a && (a.number != 0) == decides) || (known_b && (b.number != 0) == decides))
        return answer(decides);
    if (known_a && known_b)
        return answer(!decides);
    return (struct value){.kind = VALUE_UNKNOWN};
}

static struct value evaluate(struct checking *k, size_t at)
{
    const struct gate_node *node = &k->gate->nodes[at];
    struct value a, b;
    switch (node->operation) {
    case GATE_NUMBER:
        return (struct value){.kind = VALUE_NUMBER, .number = node->number};
    case GATE_TEXT:
        return (struct value){.kind = VALUE_TEXT, .text = node->text};
    case GATE_FIELD:
        return field_value(k, node);
    case GATE_NOT:
        a = evaluate(k, node->left);
        return a.kind == VALUE_ANSWER ? answer(a.number == 0)
                                      : (struct value){.kind = VALUE_UNKNOWN};
    case GATE_NEGATE:
    case GATE_ABS:
        a = evaluate(k, node->left);
        a.number = node->operation == GATE_ABS ? fabs(a.number) : -a.number;
        return a.kind == VALUE_NUMBER ? a : (struct value){.kind = VALUE_UNKNOWN};
    default:
        a = evaluate(k, node->left);
        b = evaluate(k, node->right);
        return node->operation == GATE_OR || node->operation == GATE_AND
                   ? logic(node->operation, a, b)
                   : compute(k, node->operation, a, b);
    }
}

enum assay_gate_answer assay_gate_check(const struct assay_gate *gate,
                                        const struct assay_comparison *comparison,
                                        size_t column, size_t baseline, struct assay_buf *why)
{
    struct checking k = {gate, comparison, column, baseline, why};
    struct value value = evaluate(&k, gate->root);
    if (value.kind != VALUE_ANSWER)
        return ASSAY_GATE_UNKNOWN;
    return value.number != 0 ? ASSAY_GATE_TRUE : ASSAY_GATE_FALSE;
}
