/*
 * A comparison as LaTeX: a table that fits the page. What is longer goes on on the next one;
 * where the columns are too many they stand in several tables, each with the baseline in front;
 * what is long is broken inside its column. Called by compare.c.
 */
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

/* In characters of ten points, of which LaTeX's article has 69 beside each other. */
#define PAGE_WIDTH  69
#define COLUMN_GAP  3
#define COLUMN_MOST 24 /* longer values are broken */
#define BREAK_AFTER 12 /* characters of a word that no column has room for */
#define PAGE_ROWS   45 /* of a table that fits a page */

/* Characters that mean something to LaTeX, or that its fonts put others in the place of. */
static const struct {
    const char *text, *latex;
} latex_words[] = {
    {"\\", "\\textbackslash{}"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"|", "\\textbar{}"},
    {"\"", "{\\ttfamily\\char34}"},
    {"±", "$\\pm$"},
    {"…", "\\ldots{}"},
    {"\xef\xbf\xbd", "?"}, /* what was no character */
};

static void latex_text(struct assay_buf *out, const char *text)
{
    while (*text) {
        size_t w = 0, length = 1;
        while (w < ASSAY_COUNT(latex_words) &&
               strncmp(text, latex_words[w].text, strlen(latex_words[w].text)) != 0)
            w++;
        if (w < ASSAY_COUNT(latex_words)) {
            length = strlen(latex_words[w].text);
            assay_buf_text_add(out, latex_words[w].latex);
        } else if (strchr("&%$#_{}", *text)) {
            assay_buf_format(out, "\\%c", *text);
        } else if (strchr("-`'", *text) && text[1] == *text) { /* two are a sign of their own */
            assay_buf_format(out, "%c{}", *text);
        } else {
            assay_buf_char(out, *text);
        }
        text += length;
    }
}

/* The first LENGTH bytes of TEXT. */
static void latex_part(struct assay_buf *out, const char *text, size_t length)
{
    char *part = assay_strndup(text, length);
    latex_text(out, part);
    free(part);
}

/* WORD with places where a narrow column may break it: behind signs, and in what has none. */
static void latex_long_word(struct assay_buf *out, const char *word, size_t left)
{
    while (left > 0) {
        size_t length = 0;
        while (length < left && length < BREAK_AFTER && !strchr("/_.,:;=&?-", word[length]))
            length++;
        length += length < left && length < BREAK_AFTER;
        while (length < left && ((unsigned char)word[length] & 0xc0) == 0x80)
            length++; /* the rest of a character */
        latex_part(out, word, length);
        word += length;
        left -= length;
        assay_buf_text_add(out, left ? "\\allowbreak{}" : "");
    }
}

static void latex_breakable(struct assay_buf *out, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, " ");
        if (length > COLUMN_MOST)
            latex_long_word(out, text, length);
        else
            latex_part(out, text, length);
        text += length;
        if (*text) {
            assay_buf_char(out, ' ');
            text++;
        }
    }
}

/* A cell or a delta: the sign of a number is a minus and no hyphen. */
static void latex_value(struct assay_buf *out, const char *text, bool breakable)
{
    bool minus = text[0] == '-' && (text[1] == '.' || (text[1] >= '0' && text[1] <= '9'));
    assay_buf_text_add(out, minus ? "$-$" : "");
    if (breakable)
        latex_breakable(out, text + minus);
    else
        latex_text(out, text + minus);
}

/* What there is to warn of, for whoever puts the table into a text. */
static void latex_notices(struct compare_job *job)
{
    const char *const *notices;
    size_t count = assay_comparison_notices(job->comparison, &notices);
    for (size_t i = 0; i < count; i++)
        assay_buf_format(&job->cli->out, "%% note: %s\n", notices[i]);
}

/* ---- cells ---- */

struct latex {
    struct compare_job *job;
    size_t base, count;  /* of columns */
    int *widths;         /* in characters, of the labels and then of each column */
    const size_t *shown; /* the columns of the table that is being written */
    size_t shown_count;
    bool is_long;
    bool narrow; /* it does not fit the page as it is: what is long is broken */
};

/* What a cell says, and behind it in brackets how far that is from the baseline's. */
static void cell_texts(const struct latex *latex, size_t row, size_t column,
                       struct assay_buf *text, struct assay_buf *delta)
{
    assay_buf_reset(text);
    assay_buf_reset(delta);
    compare_cell_text(latex->job, row, column, text);
    if (column != latex->base)
        compare_delta_text(latex->job, row, column, true, delta);
    if (delta->length && !strpbrk(assay_buf_text(delta), "%+-"))
        assay_buf_reset(delta);
}

/* Whether the column at AT, 0 the labels', breaks what is long. */
static bool is_broken(const struct latex *latex, size_t at)
{
    return latex->narrow && latex->widths[at] > COLUMN_MOST;
}

static void latex_cell(const struct latex *latex, size_t row, size_t column)
{
    struct assay_buf text = {0}, delta = {0};
    struct assay_buf *out = &latex->job->cli->out;
    bool breakable = is_broken(latex, column + 1);
    int better = column == latex->base ? 0 : compare_delta_better(latex->job, row, column);
    cell_texts(latex, row, column, &text, &delta);
    assay_buf_text_add(out, " & ");
    assay_buf_text_add(out, better > 0 ? "\\textbf{" : "");
    latex_value(out, assay_buf_text(&text), breakable);
    assay_buf_text_add(out, better > 0 ? "}" : "");
    if (delta.length) {
        assay_buf_text_add(out, " (");
        latex_value(out, assay_buf_text(&delta), false);
        assay_buf_char(out, ')');
    }
    assay_buf_free(&text);
    assay_buf_free(&delta);
}

static void latex_label(const struct latex *latex, const struct assay_row *row)
{
    struct assay_buf title = {0}, *out = &latex->job->cli->out;
    assay_text_clean(&title, row->label, strlen(row->label));
    latex_value(out, assay_buf_text(&title), is_broken(latex, 0));
    if (row->kind == ASSAY_ROW_METRIC && row->direction)
        assay_buf_text_add(out, row->direction > 0 ? " $\\uparrow$" : " $\\downarrow$");
    assay_buf_free(&title);
}

/* ---- what fits ---- */

static void widen(int *width, int to)
{
    *width = to > *width ? to : *width;
}

/* How wide everything is, and whether there are more rows than a page holds. */
static void measure(struct latex *latex)
{
    struct assay_buf text = {0}, delta = {0};
    size_t rows = 0;
    for (size_t i = 0; i < latex->count; i++) {
        assay_buf_reset(&text);
        compare_title(latex->job, i, &text);
        widen(&latex->widths[i + 1], assay_text_width(assay_buf_text(&text)));
    }
    for (size_t row = 0; row < assay_comparison_rows(latex->job->comparison); row++) {
        const struct assay_row *r = assay_comparison_row(latex->job->comparison, row);
        if (!compare_shown(latex->job, r))
            continue;
        rows++;
        assay_buf_reset(&text);
        assay_text_clean(&text, r->label, strlen(r->label));
        widen(&latex->widths[0],
              assay_text_width(assay_buf_text(&text)) + (r->direction ? 2 : 0));
        for (size_t i = 0; i < latex->count; i++) {
            cell_texts(latex, row, i, &text, &delta);
            widen(&latex->widths[i + 1],
                  assay_text_width(assay_buf_text(&text)) +
                      (delta.length ? assay_text_width(assay_buf_text(&delta)) + 3 : 0));
        }
    }
    latex->is_long = rows > PAGE_ROWS;
    int all = 0;
    for (size_t i = 0; i <= latex->count; i++)
        all += latex->widths[i] + COLUMN_GAP;
    latex->narrow = all > PAGE_WIDTH;
    assay_buf_free(&text);
    assay_buf_free(&delta);
}

static int shown_width(const struct latex *latex, size_t at)
{
    int width = latex->widths[at];
    return (is_broken(latex, at) ? COLUMN_MOST : width) + COLUMN_GAP;
}

/* The columns of the next table, from *next on: the baseline, and as many as fit beside it, one
   at least. */
static size_t choose(const struct latex *latex, size_t *next, size_t *columns)
{
    size_t count = 0;
    int used = shown_width(latex, 0) + shown_width(latex, latex->base + 1);
    columns[count++] = latex->base;
    for (; *next < latex->count; ++*next) {
        if (*next == latex->base)
            continue;
        used += shown_width(latex, *next + 1);
        if (count > 1 && used > PAGE_WIDTH)
            break;
        columns[count++] = *next;
    }
    return count;
}

/* ---- the tables ---- */

static void latex_column(const struct latex *latex, size_t at)
{
    struct assay_buf *out = &latex->job->cli->out;
    if (is_broken(latex, at))
        assay_buf_format(out, "p{%dem}", COLUMN_MOST / 2); /* a character is half an em wide */
    else
        assay_buf_char(out, 'l');
}

static void latex_head(const struct latex *latex)
{
    struct assay_buf *out = &latex->job->cli->out, title = {0};
    assay_buf_text_add(out, latex->is_long ? "% needs \\usepackage{longtable}\n" : "");
    assay_buf_format(out, "\\begin{%s}{", latex->is_long ? "longtable" : "tabular");
    latex_column(latex, 0);
    for (size_t i = 0; i < latex->shown_count; i++)
        latex_column(latex, latex->shown[i] + 1);
    assay_buf_text_add(out, "}\n\\hline\n");
    for (size_t i = 0; i < latex->shown_count; i++) {
        assay_buf_reset(&title);
        compare_title(latex->job, latex->shown[i], &title);
        assay_buf_text_add(out, " & ");
        latex_value(out, assay_buf_text(&title), is_broken(latex, latex->shown[i] + 1));
    }
    assay_buf_text_add(out, latex->is_long ? " \\\\\n\\endhead\n" : " \\\\\n");
    assay_buf_free(&title);
}

static void latex_table(const struct latex *latex)
{
    struct assay_buf *out = &latex->job->cli->out;
    const char *section = "";
    latex_head(latex);
    for (size_t row = 0; row < assay_comparison_rows(latex->job->comparison); row++) {
        const struct assay_row *r = assay_comparison_row(latex->job->comparison, row);
        if (!compare_shown(latex->job, r))
            continue;
        if (strcmp(section, assay_section_name(r->section)) != 0)
            assay_buf_text_add(out, "\\hline\n");
        section = assay_section_name(r->section);
        latex_label(latex, r);
        for (size_t i = 0; i < latex->shown_count; i++)
            latex_cell(latex, row, latex->shown[i]);
        assay_buf_text_add(out, " \\\\\n");
    }
    assay_buf_format(out, "\\hline\n\\end{%s}\n", latex->is_long ? "longtable" : "tabular");
}

void compare_print_latex(struct compare_job *job)
{
    struct latex latex = {
        .job = job, .base = compare_base_column(job), .count = compare_columns(job)};
    size_t *columns = assay_alloc_array(latex.count + 1, sizeof *columns);
    latex.widths = assay_alloc_array(latex.count + 1, sizeof *latex.widths);
    latex.shown = columns;
    latex_notices(job);
    measure(&latex);
    for (size_t next = 0, tables = 0; next < latex.count; tables++) {
        latex.shown_count = choose(&latex, &next, columns);
        if (latex.shown_count == 1 && tables > 0)
            break; /* the baseline came last: it has been in all of them */
        if (tables > 0)
            assay_buf_text_add(&job->cli->out,
                               "\n\\bigskip\n"
                               "% goes on: the next columns beside the baseline\n");
        latex_table(&latex);
    }
    free(columns);
    free(latex.widths);
}

/* ---- what mattered ---- */

static void latex_note(struct assay_buf *out, const struct assay_buf *text)
{
    assay_buf_format(out, "%% %s\n", assay_buf_text(text));
}

/* Text of somebody else's: clean, so that no line of it ends a comment. */
static void latex_clean(struct assay_buf *out, const char *text)
{
    struct assay_buf clean = {0};
    assay_text_clean(&clean, text, strlen(text));
    latex_breakable(out, assay_buf_text(&clean));
    assay_buf_free(&clean);
}

static void latex_factor(struct compare_job *job, const struct assay_factor *f)
{
    struct assay_buf *out = &job->cli->out;
    const double numbers[] = {f->importance.mean, f->importance.spread, f->rank.value, f->p};
    char text[32];
    latex_clean(out, assay_comparison_row(job->comparison, f->row)->label);
    for (size_t i = 0; i < ASSAY_COUNT(numbers); i++) {
        assay_buf_text_add(out, " & ");
        if (!isnan(numbers[i]))
            latex_value(out, assay_number_short(text, numbers[i], 4), false);
    }
    assay_buf_format(out, " & %zu \\\\\n", f->distinct);
}

void compare_latex_explain(struct compare_job *job, size_t metric_row,
                           const struct assay_explanation *e)
{
    struct assay_buf *out = &job->cli->out, said = {0};
    bool is_long = e->count > PAGE_ROWS;
    const char *kind = is_long ? "longtable" : "tabular";
    const char *metric = assay_comparison_row(job->comparison, metric_row)->key;
    assay_buf_text_add(&said, "what goes with ");
    assay_text_clean(&said, metric, strlen(metric));
    assay_buf_format(&said, ", over %zu runs; ", assay_comparison_runs(job->comparison));
    compare_forest_text(e, &said);
    assay_buf_format(&said, "; params that never vary: %zu", e->constant);
    latex_note(out, &said);
    assay_buf_text_add(out, is_long ? "% needs \\usepackage{longtable}\n" : "");
    assay_buf_format(out,
                     "\\begin{%s}{p{%dem}rrrrr}\n\\hline\n"
                     "param & importance & spread & rank & $p$ & values \\\\\n\\hline\n%s",
                     kind, COLUMN_MOST / 2, is_long ? "\\endhead\n" : "");
    for (size_t i = 0; i < e->count; i++)
        latex_factor(job, &e->factors[i]);
    assay_buf_format(out, "\\hline\n\\end{%s}\n", kind);
    assay_buf_free(&said);
}
