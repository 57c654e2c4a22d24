/*
 * What runs are called where they stand side by side. Names need not be unique, and two columns
 * that are called the same cannot be told apart: such runs carry a piece of their ids, all of
 * them equally much. Called when a comparison is finished, and by the front ends.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "compare/comparison.h"

#define ID_SHORT 8 /* as much of an id as is shown elsewhere */

/* Whether the first LENGTH bytes of the twins' ids are different for all of them. */
static bool tells_apart(const struct assay_comparison *c, size_t length)
{
    struct assay_map met = {0};
    bool apart = true;
    for (size_t i = 0; i < c->run_count && apart; i++) {
        struct assay_buf title = {0};
        if (!c->twins[i])
            continue;
        assay_buf_format(&title, "%s\n%.*s", c->runs[i].name, (int)length, c->runs[i].id);
        apart = assay_map_get(&met, assay_buf_text(&title), title.length) == ASSAY_MAP_NONE;
        assay_map_set(&met, assay_buf_text(&title), title.length, (uint32_t)i);
        assay_buf_free(&title);
    }
    assay_map_free(&met);
    return apart;
}

static void find_twins(struct assay_comparison *c)
{
    struct assay_map first = {0};
    c->twins = assay_realloc_array(c->twins, c->run_count, sizeof *c->twins);
    memset(c->twins, 0, c->run_count * sizeof *c->twins);
    c->twin_count = 0;
    for (size_t i = 0; i < c->run_count; i++) {
        const char *name = c->runs[i].name;
        uint32_t other = *name ? assay_map_get(&first, name, strlen(name)) : ASSAY_MAP_NONE;
        if (other != ASSAY_MAP_NONE)
            c->twins[i] = c->twins[other] = true;
        else
            assay_map_set(&first, name, strlen(name), (uint32_t)i);
    }
    for (size_t i = 0; i < c->run_count; i++)
        c->twin_count += c->twins[i];
    assay_map_free(&first);
}

void compare_titles(struct assay_comparison *c)
{
    size_t longest = 0, at = 0;
    if (c->run_count == 0)
        return;
    find_twins(c);
    c->id_length = ID_SHORT;
    if (c->twin_count == 0)
        return;
    for (size_t i = 0; i < c->run_count; i++) {
        size_t length = c->twins[i] ? strlen(c->runs[i].id) : 0;
        longest = length > longest ? length : longest;
    }
    while (c->id_length < longest && !tells_apart(c, c->id_length))
        c->id_length += 4;
    while (!c->twins[at])
        at++;
    compare_notice(c, "%zu runs share a name with another (%.60s): their ids stand beside it",
                   c->twin_count, c->runs[at].name);
}

void assay_comparison_title(const struct assay_comparison *comparison, size_t column,
                            struct assay_buf *out)
{
    const struct assay_compared_run *run = &comparison->runs[column];
    bool twin = comparison->twins && comparison->twins[column];
    size_t shown = twin ? comparison->id_length : ID_SHORT;
    assay_text_clean(out, run->name, strlen(run->name));
    if (*run->name && !twin)
        return;
    if (*run->name)
        assay_buf_char(out, ' ');
    assay_text_clean(out, run->id, strnlen(run->id, shown));
}
