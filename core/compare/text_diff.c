/*
 * Line by line: which lines of two texts differ, as `diff -u` prints it. The shortest script by
 * Myers' greedy algorithm (1986), its steps bounded: artifacts may be anything. Called by the
 * front ends for artifacts side by side. Of long lines what is shown is where they differ.
 */
#include <stdlib.h>
#include <string.h>

#include "compare/parts_of_file.h"

#define LINES_MAX 20000
#define EDITS_MAX 1500 /* what is kept of each step grows with it: 18 MB at most */
#define CONTEXT   3

struct text_line {
    const char *text;
    size_t length;
    uint32_t same; /* equal lines have equal numbers */
};
struct text_lines {
    struct text_line *items;
    size_t count, capacity;
};

static void split(struct text_lines *lines, struct assay_map *known, const char *text,
                  size_t length)
{
    const char *end = text + length;
    while (text < end && lines->count <= LINES_MAX) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t size = stop ? (size_t)(stop - text) : (size_t)(end - text);
        uint32_t same = assay_map_get(known, text, size);
        if (same == ASSAY_MAP_NONE) {
            same = (uint32_t)known->count;
            assay_map_set(known, text, size, same);
        }
        ASSAY_GROW(lines->items, lines->capacity, lines->count + 1);
        lines->items[lines->count++] = (struct text_line){text, size, same};
        text += size + (stop ? 1 : 0);
    }
}

struct text_edits {
    const struct text_lines *a, *b;
    bool *removed, *added; /* by line of a, of b */
};

/* The furthest x on each diagonal after EDITS steps is kept for every step, so that the way can
   be walked back. */
static bool find_edits(struct text_edits *e)
{
    long n = (long)e->a->count, m = (long)e->b->count;
    long most = n + m < EDITS_MAX ? n + m : EDITS_MAX, found = -1;
    long *v = assay_alloc_array((size_t)(2 * most + 3), sizeof *v);
    long **kept = assay_alloc_array((size_t)most + 1, sizeof *kept);
    for (long d = 0; d <= most && found < 0; d++) {
        for (long k = -d; k <= d && found < 0; k += 2) {
            long *at = v + most + 1 + k;
            long x = k == -d || (k != d && at[-1] < at[1]) ? at[1] : at[-1] + 1;
            while (x < n && x - k < m && e->a->items[x].same == e->b->items[x - k].same)
                x++;
            at[0] = x;
            found = x >= n && x - k >= m ? d : -1;
        }
        kept[d] = assay_alloc_array((size_t)(2 * d + 3), sizeof *v);
        memcpy(kept[d], v + most + 1 - d - 1, (size_t)(2 * d + 3) * sizeof *v);
    }
    long x = n, y = m;
    for (long d = found; d > 0; d--) {
        const long *at = kept[d - 1] + d; /* diagonal 0 of the step before */
        long k = x - y;
        bool down = k == -d || (k != d && at[k - 1] < at[k + 1]);
        long before = down ? k + 1 : k - 1, x_before = at[before], y_before = x_before - before;
        if (down)
            e->added[y_before] = true;
        else
            e->removed[x_before] = true;
        x = x_before;
        y = y_before;
    }
    for (long d = 0; d <= most; d++)
        free(kept[d]);
    free(kept);
    free(v);
    return found >= 0;
}

/* ---- printing ---- */

#define LINE_WHOLE                                                                             \
    380 /* bytes up to which a line is printed as it is: what a screen's line holds */

static void print_line(struct assay_buf *out, char sign, const struct text_line *line)
{
    struct file_cell text = {line->text, line->length};
    assay_buf_char(out, sign);
    if (line->length > LINE_WHOLE) { /* nothing stands opposite to it, or the same does */
        file_part(out, text, 0, 0, LINE_WHOLE - 40);
        assay_buf_format(out, " (%zu bytes)", line->length);
    } else {
        assay_buf_add(out, line->text, line->length);
    }
    assay_buf_char(out, '\n');
}

struct hunk {
    size_t a, b, a_end, b_end;
};

static bool changed(const struct text_edits *e, size_t a, size_t b)
{
    return (a < e->a->count && e->removed[a]) || (b < e->b->count && e->added[b]);
}

/* Where the next change lies; false where there is none. */
static bool next_change(const struct text_edits *e, size_t *a, size_t *b)
{
    while (*a < e->a->count && *b < e->b->count && !changed(e, *a, *b)) {
        ++*a;
        ++*b;
    }
    return changed(e, *a, *b);
}

static void skip_change(const struct text_edits *e, size_t *a, size_t *b)
{
    while (*a < e->a->count && e->removed[*a])
        ++*a;
    while (*b < e->b->count && e->added[*b])
        ++*b;
}

static bool is_long(const struct text_line *a, const struct text_line *b)
{
    return a->length > LINE_WHOLE || b->length > LINE_WHOLE;
}

/* Where a long line differs from the one in its place, which its first bytes seldom show. */
static void say_place(const struct text_line *a, const struct text_line *b, size_t at,
                      struct assay_buf *out)
{
    struct assay_text_delta d = assay_text_delta(a->text, a->length, b->text, b->length);
    assay_buf_format(
        out, "~line %zu: after %zu equal bytes, %zu became %zu, then %zu equal bytes\n", at + 1,
        d.prefix, a->length - d.prefix - d.suffix, b->length - d.prefix - d.suffix, d.suffix);
}

static void print_side(char sign, const struct text_line *line, const struct text_line *other,
                       struct assay_buf *out)
{
    if (!other || !is_long(line, other)) {
        print_line(out, sign, line);
        return;
    }
    struct assay_text_delta d =
        assay_text_delta(line->text, line->length, other->text, other->length);
    assay_buf_char(out, sign);
    file_part(out, (struct file_cell){line->text, line->length}, d.prefix, d.suffix,
              LINE_WHOLE - 40);
    assay_buf_char(out, '\n');
}

/* Lines that went, then those that came; the first of both stand in one place, and so on. */
static void print_change(const struct text_edits *e, size_t *a, size_t *b,
                         struct assay_buf *out)
{
    size_t gone = *a, came = *b;
    skip_change(e, &gone, &came);
    size_t pairs = gone - *a < came - *b ? gone - *a : came - *b;
    const struct text_line *x = e->a->items + *a, *y = e->b->items + *b;
    for (size_t i = 0; i < pairs; i++)
        if (is_long(&x[i], &y[i]))
            say_place(&x[i], &y[i], *a + i, out);
    for (size_t i = 0; i < gone - *a; i++)
        print_side('-', &x[i], i < pairs ? &y[i] : NULL, out);
    for (size_t i = 0; i < came - *b; i++)
        print_side('+', &y[i], i < pairs ? &x[i] : NULL, out);
    *a = gone;
    *b = came;
}

static void print_hunk(const struct text_edits *e, const struct hunk *h, struct assay_buf *out)
{
    assay_buf_format(out, "@@ -%zu,%zu +%zu,%zu @@\n", h->a + (h->a_end > h->a),
                     h->a_end - h->a, h->b + (h->b_end > h->b), h->b_end - h->b);
    size_t a = h->a, b = h->b;
    while (a < h->a_end || b < h->b_end) {
        if (changed(e, a, b))
            print_change(e, &a, &b, out);
        else {
            print_line(out, ' ', &e->a->items[a++]);
            b++;
        }
    }
}

static void print_edits(const struct text_edits *e, struct assay_buf *out)
{
    size_t a = 0, b = 0;
    while (next_change(e, &a, &b)) {
        size_t before = a < b ? a : b;
        before = before < CONTEXT ? before : CONTEXT;
        struct hunk h = {.a = a - before, .b = b - before};
        for (;;) { /* changes with little between them are one hunk */
            skip_change(e, &a, &b);
            size_t next_a = a, next_b = b;
            if (!next_change(e, &next_a, &next_b) || next_a - a > 2 * CONTEXT)
                break;
            a = next_a;
            b = next_b;
        }
        for (int i = 0; i < CONTEXT && a < e->a->count && b < e->b->count && !changed(e, a, b);
             i++) {
            a++;
            b++;
        }
        h.a_end = a;
        h.b_end = b;
        print_hunk(e, &h, out);
    }
}

bool assay_text_diff(const char *a, size_t a_length, const char *b, size_t b_length,
                     const char *a_name, const char *b_name, struct assay_buf *out)
{
    struct text_lines x = {0}, y = {0};
    struct assay_map known = {0};
    if (a_length == b_length && memcmp(a, b, a_length) == 0)
        return false;
    split(&x, &known, a, a_length);
    split(&y, &known, b, b_length);
    struct text_edits e = {&x, &y, assay_alloc_array(x.count, 1),
                           assay_alloc_array(y.count, 1)};
    assay_buf_format(out, "--- %s\n+++ %s\n", a_name, b_name);
    if (x.count > LINES_MAX || y.count > LINES_MAX || !find_edits(&e))
        assay_buf_text_add(out, "(too different to be shown line by line)\n");
    else
        print_edits(&e, out);
    free(e.removed);
    free(e.added);
    free(x.items);
    free(y.items);
    assay_map_free(&known);
    return true;
}
