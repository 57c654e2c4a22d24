/*
 * Groups: which runs are the same thing tried again with another seed. Proposed from what
 * varies, or made by the keys the user names; verdict.c then pairs their runs by seed.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "compare/comparison.h"

#define TITLE_KEYS   4
#define TITLE_VALUE  24
#define TITLE_COMMIT 10 /* digits of a commit */
#define SAID_KEYS    12
#define NAME_LEAST   4 /* shorter names are found in anything */

/* Does every value of ROW hold the name or the id of its run? */
static bool holds_name(const struct assay_comparison *c, const struct compare_row *row)
{
    for (size_t i = 0; i < c->run_count; i++) {
        const struct compare_value *value = compare_value_at(row, i);
        const struct assay_compared_run *run = &c->runs[i];
        if (!value)
            continue;
        bool name = strlen(run->name) >= NAME_LEAST && strstr(value->text, run->name);
        bool id = strlen(run->id) >= NAME_LEAST && strstr(value->text, run->id);
        if (!name && !id)
            return false;
    }
    return true;
}

/* A path that is another one in every run is where its output went. */
static bool is_own_path(const struct compare_row *row)
{
    if (row->shown.distinct < row->shown.present || row->shown.numeric)
        return false;
    for (size_t i = 0; i < row->value_count; i++)
        if (!memchr(row->values[i].text, '/', row->values[i].length))
            return false;
    return row->value_count > 0;
}

/* Rows that make two runs different things: params, the commit, the data. */
static bool is_choice(const struct compare_row *row)
{
    switch (row->shown.kind) {
    case ASSAY_ROW_PARAM:
        return !row->shown.parent;
    case ASSAY_ROW_PATH:
    case ASSAY_ROW_INPUT:
        return true;
    case ASSAY_ROW_TAG:
        return strcmp(row->shown.label, "commit") == 0;
    default:
        return false;
    }
}

/* ---- making them ---- */

struct making {
    const struct assay_comparison *c;
    struct assay_grouping *out;
    const struct compare_row **keys;
    size_t key_count, key_capacity;
};

static const char *short_key(const struct compare_row *row)
{
    const char *key = row->shown.label, *word = strrchr(key, '.');
    return word && word[1] ? word + 1 : key;
}

static void add_title(const struct making *m, size_t column, struct assay_buf *title)
{
    char text[TITLE_VALUE * 4];
    size_t said = 0;
    for (size_t k = 0; k < m->key_count && said < TITLE_KEYS; k++) {
        const struct compare_value *value = compare_value_at(m->keys[k], column);
        if (!value)
            continue;
        assay_text_clean_to(text, sizeof text, value->text);
        int used;
        bool commit = strcmp(m->keys[k]->shown.label, "commit") == 0;
        text[assay_text_fit(text, commit ? TITLE_COMMIT : TITLE_VALUE, &used)] = '\0';
        assay_buf_format(title, "%s%s=%s", said++ ? " " : "", short_key(m->keys[k]), text);
    }
    if (!said)
        assay_buf_text_add(title, m->key_count ? "none of them" : "all runs");
}

/* Groups that differ in what a title has no room for are numbered. */
static void tell_apart(struct assay_map *titles, struct assay_buf *title)
{
    size_t length = title->length;
    uint32_t met = assay_map_get(titles, assay_buf_text(title), length);
    assay_map_set(titles, assay_buf_text(title), length, met == ASSAY_MAP_NONE ? 1 : met + 1);
    if (met != ASSAY_MAP_NONE)
        assay_buf_format(title, " #%u", met + 1);
}

static void write_groups(struct making *m, const uint32_t *group_of, size_t groups)
{
    struct assay_grouping *out = m->out;
    struct assay_map titles = {0};
    size_t runs = m->c->run_count;
    out->count = groups;
    out->groups = assay_arena_alloc(&out->arena, (groups + 1) * sizeof *out->groups);
    for (size_t i = 0; i < runs; i++)
        out->groups[group_of[i]].count++;
    for (size_t g = 0; g < groups; g++) {
        struct assay_group *group = &out->groups[g];
        group->columns = assay_arena_alloc(&out->arena, group->count * sizeof(uint32_t));
        group->count = 0;
    }
    for (uint32_t i = 0; i < runs; i++) {
        struct assay_group *group = &out->groups[group_of[i]];
        if (group->count == 0) {
            struct assay_buf title = {0}, clean = {0};
            add_title(m, i, &title);
            assay_text_clean(&clean, assay_buf_text(&title), title.length);
            tell_apart(&titles, &clean);
            group->title = assay_arena_strdup(&out->arena, assay_buf_text(&clean));
            assay_buf_free(&title);
            assay_buf_free(&clean);
        }
        group->columns[group->count++] = i;
    }
    assay_map_free(&titles);
}

/* Equal numbers where runs have the same value, or none. A value that is not known whole is
   never taken for another's: its run stands alone. */
static uint32_t key_of(const struct compare_value *value, size_t column)
{
    if (!value)
        return UINT32_MAX;
    return value->unsure ? UINT32_MAX - 1 - (uint32_t)column : value->same;
}

/* Runs with the same values of all keys belong together. */
static void make_groups(struct making *m)
{
    struct assay_map known = {0};
    struct assay_buf name = {0};
    uint32_t *group_of = assay_alloc_array(m->c->run_count, sizeof *group_of);
    uint32_t groups = 0;
    for (size_t i = 0; i < m->c->run_count; i++) {
        assay_buf_reset(&name);
        for (size_t k = 0; k < m->key_count; k++) {
            uint32_t same = key_of(compare_value_at(m->keys[k], i), i);
            assay_buf_add(&name, &same, sizeof same);
        }
        group_of[i] = assay_map_get(&known, assay_buf_text(&name), name.length);
        if (group_of[i] == ASSAY_MAP_NONE) {
            group_of[i] = groups++;
            assay_map_set(&known, assay_buf_text(&name), name.length, group_of[i]);
        }
    }
    write_groups(m, group_of, groups);
    free(group_of);
    assay_buf_free(&name);
    assay_map_free(&known);
}

static const char *list_of(struct making *m, const struct compare_row *const *rows,
                           size_t count)
{
    struct assay_buf said = {0}, clean = {0};
    for (size_t i = 0; i < count && i < SAID_KEYS; i++)
        assay_buf_format(&said, "%s%s", i ? ", " : "", rows[i]->shown.label);
    if (count > SAID_KEYS)
        assay_buf_format(&said, " and %zu more", count - SAID_KEYS);
    assay_text_clean(&clean, assay_buf_text(&said), said.length);
    const char *text = assay_arena_strdup(&m->out->arena, assay_buf_text(&clean));
    assay_buf_free(&said);
    assay_buf_free(&clean);
    return text;
}

static void add_key(struct making *m, const struct compare_row *row)
{
    ASSAY_GROW(m->keys, m->key_capacity, m->key_count + 1);
    m->keys[m->key_count++] = row;
}

/* The seed most runs have. */
static const struct compare_row *find_seed(const struct assay_comparison *c)
{
    const struct compare_row *seed = NULL;
    for (size_t i = 0; i < c->ordered; i++) {
        const struct compare_row *row = compare_row_at(c, i);
        bool param = row->shown.kind == ASSAY_ROW_PARAM || row->shown.kind == ASSAY_ROW_PATH;
        if (param && !row->shown.parent && compare_is_seed(row->shown.key) &&
            (!seed || row->shown.present > seed->shown.present ||
             (row->shown.present == seed->shown.present &&
              row->shown.distinct > seed->shown.distinct)))
            seed = row;
    }
    return seed;
}

bool assay_comparison_propose(const struct assay_comparison *c, struct assay_grouping *grouping)
{
    struct making m = {.c = c, .out = grouping}, ignored = {.c = c, .out = grouping};
    *grouping = (struct assay_grouping){0};
    for (size_t i = 0; i < c->ordered; i++) {
        const struct compare_row *row = compare_row_at(c, i);
        if (!row->shown.differs || !is_choice(row) || compare_is_seed(row->shown.key))
            continue;
        bool leave = c->run_count > 1 && (holds_name(c, row) || is_own_path(row));
        add_key(leave ? &ignored : &m, row);
    }
    make_groups(&m);
    const struct compare_row *seed = find_seed(c);
    grouping->seed_key = seed ? assay_arena_strdup(&grouping->arena, seed->shown.key) : NULL;
    grouping->by = list_of(&m, m.keys, m.key_count);
    grouping->ignored = list_of(&m, ignored.keys, ignored.key_count);
    free(m.keys);
    free(ignored.keys);
    return grouping->count < c->run_count && c->run_count > 1;
}

/* ---- as the user names them ---- */

static const struct compare_row *find_kind(const struct assay_comparison *c,
                                           enum assay_row_kind kind, const char *key)
{
    size_t at = assay_comparison_find(c, kind, key);
    return at == SIZE_MAX ? NULL : compare_row_at(c, at);
}

static const struct compare_row *find_key(const struct assay_comparison *c, const char *name)
{
    static const struct {
        const char *prefix;
        enum assay_row_kind kinds[2];
    } prefixes[] = {
        {"params.", {ASSAY_ROW_PARAM, ASSAY_ROW_PATH}},
        {"tags.", {ASSAY_ROW_TAG, ASSAY_ROW_TAG}},
        {"attributes.", {ASSAY_ROW_ATTRIBUTE, ASSAY_ROW_ATTRIBUTE}},
        {"inputs.", {ASSAY_ROW_INPUT, ASSAY_ROW_FACT}},
        {"", {ASSAY_ROW_PARAM, ASSAY_ROW_PATH}},
        {"", {ASSAY_ROW_TAG, ASSAY_ROW_ATTRIBUTE}},
    };
    for (size_t i = 0; i < ASSAY_COUNT(prefixes); i++) {
        size_t length = strlen(prefixes[i].prefix);
        if (strncmp(name, prefixes[i].prefix, length) != 0)
            continue;
        for (size_t k = 0; k < 2; k++) {
            const struct compare_row *row = find_kind(c, prefixes[i].kinds[k], name + length);
            if (row)
                return row;
        }
    }
    return NULL;
}

enum assay_status assay_comparison_group_by(const struct assay_comparison *c, const char *keys,
                                            struct assay_grouping *grouping,
                                            struct assay_error *err)
{
    struct making m = {.c = c, .out = grouping};
    bool failed = false;
    *grouping = (struct assay_grouping){0};
    for (const char *at = keys; *at && !failed;) {
        size_t length = strcspn(at, ",");
        char *name = assay_strndup(at, length);
        const struct compare_row *row = *name ? find_key(c, name) : NULL;
        if (row) {
            add_key(&m, row);
        } else if (*name) {
            assay_fail(err, ASSAY_BAD_INPUT, "group by %s: no run here has that", name);
            assay_hint(err, "name a param, tag or attribute, as params.NAME or tags.NAME");
            failed = true;
        }
        free(name);
        at += length + (at[length] == ',');
    }
    if (!failed) {
        make_groups(&m);
        const struct compare_row *seed = find_seed(c);
        grouping->seed_key =
            seed ? assay_arena_strdup(&grouping->arena, seed->shown.key) : NULL;
        grouping->by = list_of(&m, m.keys, m.key_count);
        grouping->ignored = "";
    }
    free(m.keys);
    return failed ? ASSAY_BAD_INPUT : ASSAY_OK;
}

void assay_grouping_free(struct assay_grouping *grouping)
{
    assay_arena_free(&grouping->arena);
    *grouping = (struct assay_grouping){0};
}
