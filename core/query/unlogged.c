/*
 * Names written with their kind that are nobody's, as in "metrics.los < 1": no error, for the
 * name may yet be logged, and a filter that is kept for then has to be taken; but whoever wrote
 * it is told, and what may have been meant.
 */
#include <stdlib.h>
#include <string.h>

#include "query/ast.h"

#define MOST_NEAR 3 /* names that are proposed */

struct near {
    struct assay_field fields[MOST_NEAR];
    size_t count, score;
};

static void propose(struct near *near, const struct query_field *asked,
                    enum assay_field_kind kind, const char *name, size_t score)
{
    if (score > near->score || strlen(name) + KIND_ROOM > ASSAY_FIELD_TEXT)
        return;
    if (score < near->score)
        near->count = 0;
    near->score = score;
    if (near->count == MOST_NEAR)
        return;
    struct assay_field *field = &near->fields[near->count++];
    *field = (struct assay_field){
        .kind = kind, .stat = kind == ASSAY_FIELD_METRIC ? asked->stat : ASSAY_STAT_LAST};
    memcpy(field->key, name, strlen(name) + 1);
}

/* How far NAME, of the kind that was asked for, is from KEY: capitals count nothing, that it is
   NAME's last part counts as one slip. SIZE_MAX: too far. */
static size_t score_of(const char *key, const char *name)
{
    size_t length = strlen(key), most = length / 3 + 1, far = SIZE_MAX;
    const char *part = name + strlen(name);
    while (part > name && !strchr("/.", part[-1]))
        part--;
    for (int whole = 0; whole < 2; whole++) {
        const char *known = whole ? name : part;
        size_t other = strlen(known);
        size_t apart = other < length ? length - other : other - length;
        if (apart > most)
            continue;
        apart = field_distance(key, length, known);
        if (apart <= most && apart + (known != name) < far)
            far = apart + (known != name);
    }
    return far;
}

/* Of several that are as near, those that most runs have come first. */
static void find_near(struct near *near, const struct query_field *asked,
                      struct assay_catalog *catalog)
{
    static const enum assay_field_kind kinds[] = {ASSAY_FIELD_METRIC, ASSAY_FIELD_PARAM,
                                                  ASSAY_FIELD_TAG};
    near->score = SIZE_MAX - 1;
    for (size_t k = 0; k < ASSAY_COUNT(kinds); k++) {
        const char **names;
        size_t count = assay_catalog_keys(catalog, ASSAY_NONE, kinds[k], &names);
        for (size_t i = 0; i < count; i++) {
            if (kinds[k] == asked->kind)
                propose(near, asked, kinds[k], names[i], score_of(asked->key, names[i]));
            else if (strcmp(names[i], asked->key) == 0)
                propose(near, asked, kinds[k], names[i], 0);
        }
        free(names);
    }
}

/* As a filter takes it: in backticks where a name is no word. */
static void add_field(struct assay_buf *out, const struct assay_field *field)
{
    static const char word[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@";
    char text[ASSAY_FIELD_TEXT];
    bool quoted = field->key[strspn(field->key, word)] != '\0';
    size_t key = strlen(field->key);
    assay_field_text(field, text);
    const char *at = strchr(text, '.') + 1;
    assay_buf_format(out, "%.*s%s%.*s%s%s", (int)(at - text), text, quoted ? "`" : "", (int)key,
                     at, quoted ? "`" : "", at + key);
}

static bool is_nobodys(const struct query_test *test, struct assay_catalog *catalog)
{
    if (test->op == OP_NULL && !test->negated) /* that it is nobody's is what was asked */
        return false;
    const struct assay_column *column =
        assay_catalog_column(catalog, test->field.kind, test->field.key, test->field.stat);
    return column->ready && (!column->count || !memchr(column->present, 1, column->count));
}

bool assay_query_unlogged(const struct assay_query *query, struct assay_catalog *catalog,
                          bool reading, struct assay_error *note)
{
    const struct query_test *test = query ? query->keyed : NULL;
    struct near near = {.count = 0};
    struct assay_buf text = {0};
    while (test && !is_nobodys(test, catalog))
        test = test->next_named;
    if (!test)
        return false;
    struct assay_field asked = {.kind = test->field.kind};
    memcpy(asked.key, test->field.key, strnlen(test->field.key, 60));
    add_field(&text, &asked);
    find_near(&near, &test->field, catalog);
    assay_fail(note, ASSAY_BAD_INPUT, "no run has %s%s", assay_buf_text(&text),
               reading ? " yet" : "");
    note->column = test->at;
    assay_buf_reset(&text);
    for (size_t i = 0; i < near.count; i++) {
        if (i > 0)
            assay_buf_text_add(&text, i + 1 < near.count ? ", " : " or ");
        add_field(&text, &near.fields[i]);
    }
    if (near.count > 0)
        assay_hint(note, "did you mean %s?", assay_buf_text(&text));
    assay_buf_free(&text);
    return true;
}
