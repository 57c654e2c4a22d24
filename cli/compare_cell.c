/*
 * What one cell, one delta and one verdict of a comparison say to people. Called by all that
 * print a comparison: compare_table.c, compare_html.c, compare_latex.c.
 */
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#define DIGITS       5
#define LONG_TEXT    60 /* longer values are shown from where they differ */
#define LONG_CONTEXT 12

bool compare_shown(const struct compare_job *job, const struct assay_row *row)
{
    if (row->parent) /* its paths say it */
        return job->all;
    return job->all || row->differs;
}

size_t compare_columns(const struct compare_job *job)
{
    return job->by_group ? job->grouping.count : assay_comparison_runs(job->comparison);
}

size_t compare_base_column(const struct compare_job *job)
{
    return job->by_group ? job->base_group : job->baseline;
}

void compare_title(const struct compare_job *job, size_t column, struct assay_buf *out)
{
    if (job->by_group) {
        assay_buf_text_add(out, job->grouping.groups[column].title);
        return;
    }
    assay_comparison_title(job->comparison, column, out);
}

/* The beginning of a text that is too long for a cell, with the dots that say so. */
static void add_start(const struct compare_job *job, const char *text, size_t length,
                      struct assay_buf *out)
{
    size_t shown = length < LONG_TEXT ? length : LONG_TEXT;
    while (shown > 0 && shown < length && ((unsigned char)text[shown] & 0xc0) == 0x80)
        shown--;
    assay_text_clean(out, text, shown);
    if (shown < length)
        assay_buf_text_add(out, job->cli->utf8 ? "…" : "...");
}

/* A long value from a little before the first byte in which it differs from the baseline's; the
   baseline's, and one that differs nowhere, from its beginning. */
static void add_long(const struct compare_job *job, size_t row,
                     const struct assay_compare_cell *cell, struct assay_buf *out)
{
    struct assay_compare_cell base = assay_comparison_cell(job->comparison, row, job->baseline);
    struct assay_text_delta d =
        assay_text_delta(cell->text, cell->length, base.text, base.length);
    bool other = d.prefix < cell->length || d.prefix < base.length;
    size_t from = other && d.prefix > LONG_CONTEXT ? d.prefix - LONG_CONTEXT : 0;
    while (from > 0 && ((unsigned char)cell->text[from] & 0xc0) == 0x80)
        from--;
    if (from > 0)
        assay_buf_text_add(out, job->cli->utf8 ? "…" : "...");
    add_start(job, cell->text + from, cell->length - from, out);
}

/* Markdown is for programs as well, and never cut; HTML and LaTeX are read. */
static bool is_for_programs(const struct compare_job *job)
{
    const char *format = cli_value(job->cli, "format");
    return format && strcmp(format, "md") == 0;
}

static void run_cell(const struct compare_job *job, size_t row, size_t column,
                     struct assay_buf *out)
{
    const struct assay_row *shown = assay_comparison_row(job->comparison, row);
    struct assay_compare_cell cell = assay_comparison_cell(job->comparison, row, column);
    char text[32];
    if (!cell.present)
        return;
    if (cell.numeric && assay_row_is_measured(shown))
        assay_buf_text_add(out, assay_comparison_value_text(text, job->comparison, row, column,
                                                            job->baseline, DIGITS));
    else if (cell.length > LONG_TEXT && !is_for_programs(job))
        add_long(job, row, &cell, out);
    else
        assay_text_clean(out, cell.text, cell.length);
}

static struct assay_sample sample_of(const struct compare_job *job, size_t row,
                                     const struct assay_group *group, size_t *count)
{
    double *values = assay_alloc_array(group->count, sizeof *values);
    *count = 0;
    for (size_t i = 0; i < group->count; i++) {
        struct assay_compare_cell cell =
            assay_comparison_cell(job->comparison, row, group->columns[i]);
        if (cell.present)
            values[(*count)++] = cell.number;
    }
    struct assay_sample sample = assay_sample_of(values, *count);
    free(values);
    return sample;
}

/* "0.9447 ± 0.0006 (n=3)"; with as many digits as it takes beside the baseline's. */
static void group_number(const struct compare_job *job, size_t row,
                         const struct assay_group *group, struct assay_buf *out)
{
    size_t count, others;
    char text[32];
    const struct assay_row *shown = assay_comparison_row(job->comparison, row);
    struct assay_sample s = sample_of(job, row, group, &count);
    struct assay_sample base =
        sample_of(job, row, &job->grouping.groups[job->base_group], &others);
    if (s.n > 0)
        assay_buf_text_add(out, assay_row_value_beside(text, shown, s.mean, base.mean, DIGITS));
    else if (s.dropped > 0)
        assay_buf_text_add(out, "NaN");
    if (s.n > 1 && isfinite(s.sd))
        assay_buf_format(out, " %s %s", job->cli->utf8 ? "±" : "+-",
                         assay_row_value_text(text, shown, s.sd, 2));
    if (count > 0)
        assay_buf_format(out, " (n=%zu%s", s.n, s.dropped ? "" : ")");
    if (s.dropped)
        assay_buf_format(out, ", %zu not finite)", s.dropped);
}

static void group_cell(const struct compare_job *job, size_t row, size_t column,
                       struct assay_buf *out)
{
    const struct assay_group *group = &job->grouping.groups[column];
    size_t distinct = 0;
    const char **texts;
    const struct assay_row *shown = assay_comparison_row(job->comparison, row);
    if (shown->numeric && assay_row_is_measured(shown)) {
        group_number(job, row, group, out);
        return;
    }
    texts = assay_alloc_array(group->count, sizeof *texts);
    for (size_t i = 0; i < group->count; i++) {
        struct assay_compare_cell cell =
            assay_comparison_cell(job->comparison, row, group->columns[i]);
        bool known = !cell.present;
        for (size_t k = 0; !known && k < distinct; k++) /* equal texts are kept once */
            known = texts[k] == cell.text;
        if (!known)
            texts[distinct++] = cell.text;
    }
    if (distinct > 1) {
        assay_buf_format(out, "(%zu values)", distinct);
    } else if (distinct == 1) {
        add_start(job, texts[0], strlen(texts[0]), out);
    }
    free(texts);
}

void compare_cell_text(const struct compare_job *job, size_t row, size_t column,
                       struct assay_buf *out)
{
    if (job->by_group)
        group_cell(job, row, column, out);
    else
        run_cell(job, row, column, out);
}

/* ---- deltas ---- */

static double group_mean(const struct compare_job *job, size_t row, size_t column)
{
    const struct assay_group *group = &job->grouping.groups[column];
    double *values = assay_alloc_array(group->count, sizeof *values);
    for (size_t i = 0; i < group->count; i++)
        values[i] = assay_comparison_cell(job->comparison, row, group->columns[i]).number;
    double mean = assay_sample_of(values, group->count).mean;
    free(values);
    return mean;
}

static struct assay_delta delta_of(const struct compare_job *job, size_t row, size_t column)
{
    const struct assay_row *shown = assay_comparison_row(job->comparison, row);
    if (!job->by_group)
        return assay_comparison_delta(job->comparison, row, column, job->baseline);
    double value = group_mean(job, row, column), base = group_mean(job, row, job->base_group);
    if (column == job->base_group || !assay_row_is_measured(shown) || !isfinite(value) ||
        !isfinite(base))
        return (struct assay_delta){.percent = NAN};
    return assay_delta_of(value, base, shown->direction);
}

int compare_delta_better(const struct compare_job *job, size_t row, size_t column)
{
    return delta_of(job, row, column).better;
}

void compare_delta_text(const struct compare_job *job, size_t row, size_t column, bool brief,
                        struct assay_buf *out)
{
    struct assay_delta delta = delta_of(job, row, column);
    char text[80];
    /* Among many runs a param's percent says nothing that its value does not. */
    if (compare_columns(job) > 2 &&
        !assay_row_is_measured(assay_comparison_row(job->comparison, row)))
        return;
    switch (delta.kind) {
    case ASSAY_DELTA_NUMBER:
        assay_buf_text_add(
            out,
            assay_delta_text(text, assay_comparison_row(job->comparison, row), &delta, brief));
        if (delta.better)
            assay_buf_text_add(out, delta.better > 0 ? " better" : " worse");
        break;
    case ASSAY_DELTA_ADDED:
        assay_buf_text_add(out, "added");
        break;
    case ASSAY_DELTA_REMOVED:
        assay_buf_text_add(out, "missing");
        break;
    case ASSAY_DELTA_NOT_FINITE:
        assay_buf_text_add(out, "not finite");
        break;
    case ASSAY_DELTA_SAME:
        assay_buf_text_add(out, "same");
        break;
    case ASSAY_DELTA_UNKNOWN:
        assay_buf_text_add(out, "not known whole");
        break;
    case ASSAY_DELTA_NONE:
    case ASSAY_DELTA_TEXT:
        break;
    }
}

void compare_verdict_text(const struct compare_job *job, size_t verdict, struct assay_buf *out)
{
    const struct assay_judgement *v = &job->verdicts[verdict];
    assay_text_clean(out, v->metric, strlen(v->metric));
    assay_buf_format(
        out, ": %s against %s: ", job->grouping.groups[job->verdict_groups[verdict]].title,
        job->grouping.groups[job->base_group].title);
    assay_verdict_sentence(v, !job->cli->utf8, out);
}
