/*
 * How two versions of one artifact differ, by what it is: structures by path, tables by key
 * (table_diff.c), confusion matrices subtracted (matrix_diff.c), anything else line by line
 * (text_diff.c). Called by the front ends.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/text.h>

#include "compare/parts_of_file.h"

#define SHOWN_MAX 120
#define BEFORE    24 /* bytes shown of what is equal, on either side of a difference */

bool file_cell_number(struct file_cell cell, double *number)
{
    while (cell.length > 0 && cell.text[0] == ' ') {
        cell.text++;
        cell.length--;
    }
    while (cell.length > 0 && cell.text[cell.length - 1] == ' ')
        cell.length--;
    return cell.length > 0 && cell.length < 64 &&
           assay_number_parse(cell.text, cell.length, number);
}

bool file_cell_same(struct file_cell a, struct file_cell b)
{
    double x, y;
    if (a.length == b.length && memcmp(a.text, b.text, a.length) == 0)
        return true;
    return file_cell_number(a, &x) && file_cell_number(b, &y) && x == y;
}

static void add_text(struct assay_buf *out, struct file_cell cell)
{
    size_t length = cell.length < SHOWN_MAX ? cell.length : SHOWN_MAX;
    for (size_t i = 0; i < length; i++) /* one line stays one line */
        assay_buf_char(out, cell.text[i] == '\n' ? ' ' : cell.text[i]);
    assay_buf_text_add(out, cell.length > SHOWN_MAX ? "..." : "");
}

/* Back to where a character begins. */
static size_t character_at(struct file_cell text, size_t at)
{
    while (at > 0 && at < text.length && ((unsigned char)text.text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

static void add_between(struct assay_buf *out, struct file_cell text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) /* one line stays one line */
        assay_buf_char(out, text.text[i] == '\n' ? ' ' : text.text[i]);
}

void file_part(struct assay_buf *out, struct file_cell text, size_t prefix, size_t suffix,
               size_t room)
{
    size_t from = character_at(text, prefix > BEFORE ? prefix - BEFORE : 0);
    size_t differs = text.length - suffix;
    size_t to = suffix > BEFORE ? character_at(text, differs + BEFORE) : text.length;
    assay_buf_text_add(out, from > 0 ? "..." : "");
    if (to - from > room) { /* both ends of what differs */
        size_t half = character_at(text, from + room / 2);
        size_t rest = character_at(text, to - room / 2);
        add_between(out, text, from, half);
        assay_buf_text_add(out, "...");
        from = rest;
    }
    add_between(out, text, from, to);
    assay_buf_text_add(out, to < text.length ? "..." : "");
}

/* Both texts, those too long for a line from where they differ. */
static void add_both(struct assay_buf *out, struct file_cell a, struct file_cell b)
{
    struct assay_text_delta d = {0};
    bool parts = a.length > SHOWN_MAX || b.length > SHOWN_MAX;
    if (parts)
        d = assay_text_delta(a.text, a.length, b.text, b.length);
    for (int side = 0; side < 2; side++) {
        assay_buf_text_add(out, side ? " -> " : "");
        if (parts)
            file_part(out, side ? b : a, d.prefix, d.suffix, SHOWN_MAX);
        else
            add_text(out, side ? b : a);
    }
    if (parts)
        assay_buf_format(out, " (after %zu equal bytes, of %zu and %zu)", d.prefix, a.length,
                         b.length);
}

void file_change(struct assay_buf *out, struct file_cell a, struct file_cell b)
{
    double x, y;
    char text[32];
    add_both(out, a, b);
    if (!file_cell_number(a, &x) || !file_cell_number(b, &y) || !isfinite(x) || !isfinite(y))
        return;
    double percent = x != 0 ? 100 * (y - x) / fabs(x) : NAN;
    assay_buf_format(out, " (%s%s%s)", y > x ? "+" : "",
                     assay_number_short(text, isfinite(percent) ? percent : y - x, 3),
                     isfinite(percent) ? " %" : "");
}

/* ---- structures ---- */

struct leaf_list {
    struct assay_arena arena;
    struct file_leaf {
        struct file_cell path, value;
        bool met;
    } * items;
    size_t count, capacity;
    struct assay_map by_path;
};

static void keep_leaf(void *context, const char *path, size_t path_length, const char *text,
                      size_t length)
{
    struct leaf_list *list = context;
    if (assay_map_get(&list->by_path, path, path_length) != ASSAY_MAP_NONE)
        return; /* of two the first counts */
    ASSAY_GROW(list->items, list->capacity, list->count + 1);
    assay_map_set(&list->by_path, path, path_length, (uint32_t)list->count);
    list->items[list->count++] = (struct file_leaf){
        .path = {assay_arena_strndup(&list->arena, path, path_length), path_length},
        .value = {assay_arena_strndup(&list->arena, text, length), length},
    };
}

static void list_free(struct leaf_list *list)
{
    assay_arena_free(&list->arena);
    assay_map_free(&list->by_path);
    free(list->items);
}

typedef bool leaves_of(const char *text, size_t length, const char *prefix, compare_leaf *each,
                       void *context);

static void say_leaves(struct leaf_list *x, struct leaf_list *y, struct assay_buf *out)
{
    size_t changed = 0, gone = 0, same = 0;
    struct assay_buf lines = {0};
    for (size_t i = 0; i < x->count; i++) {
        const struct file_leaf *a = &x->items[i];
        uint32_t at = assay_map_get(&y->by_path, a->path.text, a->path.length);
        if (at != ASSAY_MAP_NONE)
            y->items[at].met = true;
        if (at != ASSAY_MAP_NONE && file_cell_same(a->value, y->items[at].value)) {
            same++;
            continue;
        }
        assay_buf_char(&lines, at == ASSAY_MAP_NONE ? '-' : '~');
        add_text(&lines, a->path);
        assay_buf_text_add(&lines, ": ");
        if (at == ASSAY_MAP_NONE)
            add_text(&lines, a->value);
        else
            file_change(&lines, a->value, y->items[at].value);
        assay_buf_char(&lines, '\n');
        *(at == ASSAY_MAP_NONE ? &gone : &changed) += 1;
    }
    for (size_t i = 0; i < y->count; i++) {
        if (y->items[i].met)
            continue;
        assay_buf_char(&lines, '+');
        add_text(&lines, y->items[i].path);
        assay_buf_text_add(&lines, ": ");
        add_text(&lines, y->items[i].value);
        assay_buf_char(&lines, '\n');
    }
    assay_buf_format(out, "@@ by path: %zu changed, %zu removed, %zu added, %zu equal @@\n",
                     changed, gone, y->count - same - changed, same);
    assay_buf_add(out, lines.data, lines.length);
    assay_buf_free(&lines);
}

static bool structures(leaves_of *walk, struct file_cell a, struct file_cell b,
                       struct assay_buf *out)
{
    struct leaf_list x = {0}, y = {0};
    bool good = walk(a.text, a.length, "", keep_leaf, &x) &&
                walk(b.text, b.length, "", keep_leaf, &y) && x.count > 0 && y.count > 0;
    if (good)
        say_leaves(&x, &y, out);
    list_free(&x);
    list_free(&y);
    return good;
}

/* ---- tables and matrices ---- */

static bool says_confusion(const char *path)
{
    for (; *path; path++)
        if (strncasecmp(path, "confusion", 9) == 0)
            return true;
    return false;
}

static bool tables(const char *path, struct file_cell a, struct file_cell b,
                   struct assay_buf *out)
{
    struct file_table x, y;
    struct file_matrix *m = assay_alloc_array(2, sizeof *m);
    bool named = says_confusion(path);
    bool read_x = file_table_read(&x, a.text, a.length);
    bool read_y = file_table_read(&y, b.text, b.length);
    bool good = read_x && read_y && file_matrix_of_table(&m[0], &x, named) &&
                file_matrix_of_table(&m[1], &y, named) && file_matrix_diff(&m[0], &m[1], out);
    good = good || (read_x && read_y && file_table_diff(&x, &y, out));
    file_table_free(&x);
    file_table_free(&y);
    free(m);
    return good;
}

static bool json(struct file_cell a, struct file_cell b, struct assay_buf *out)
{
    struct file_matrix *m = assay_alloc_array(2, sizeof *m);
    bool good = file_matrix_of_json(&m[0], a.text, a.length) &&
                file_matrix_of_json(&m[1], b.text, b.length) &&
                file_matrix_diff(&m[0], &m[1], out);
    free(m);
    return good || structures(compare_leaves, a, b, out);
}

static bool ends_with(const char *path, const char *end)
{
    size_t length = strlen(path), tail = strlen(end);
    return length >= tail && strcasecmp(path + length - tail, end) == 0;
}

/* Bytes that are no text: where the first of them differs. */
static void say_binary(struct file_cell a, struct file_cell b, struct assay_buf *out)
{
    size_t at = 0;
    while (at < a.length && at < b.length && a.text[at] == b.text[at])
        at++;
    assay_buf_format(
        out, "@@ no text: %zu bytes -> %zu bytes, the first difference at byte %zu @@\n",
        a.length, b.length, at);
}

bool assay_file_diff(const char *path, const char *a, size_t a_length, const char *b,
                     size_t b_length, const char *a_name, const char *b_name,
                     struct assay_buf *out)
{
    const struct file_cell x = {a, a_length}, y = {b, b_length};
    struct assay_buf said = {0};
    bool good = false;
    if (a_length == b_length && memcmp(a, b, a_length) == 0)
        return false;
    if (memchr(a, 0, a_length) || memchr(b, 0, b_length)) {
        say_binary(x, y, &said);
        good = true;
    } else if (ends_with(path, ".json"))
        good = json(x, y, &said);
    else if (ends_with(path, ".yaml") || ends_with(path, ".yml") || ends_with(path, "MLmodel"))
        good = structures(compare_yaml_leaves, x, y, &said);
    else if (ends_with(path, ".csv") || ends_with(path, ".tsv"))
        good = tables(path, x, y, &said);
    if (good) {
        assay_buf_format(out, "--- %s\n+++ %s\n", a_name, b_name);
        assay_buf_add(out, said.data, said.length);
    }
    assay_buf_free(&said);
    return good || assay_text_diff(a, a_length, b, b_length, a_name, b_name, out);
}
