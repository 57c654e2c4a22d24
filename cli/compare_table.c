/*
 * A comparison as a table: for people (differences first, what is equal folded and counted,
 * then what can be said of the groups), as Markdown and as CSV. Called by compare.c.
 */
#include "compare.h"
#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#define INLINE_COLUMNS 2 /* with more of them deltas stand inside the cells */

/* Whether deltas have columns of their own. */
static bool wide(const struct compare_job *job)
{
    return compare_columns(job) <= INLINE_COLUMNS;
}

static size_t shown_rows(const struct compare_job *job)
{
    size_t count = 0;
    for (size_t row = 0; row < assay_comparison_rows(job->comparison); row++)
        count += compare_shown(job, assay_comparison_row(job->comparison, row));
    return count;
}

/* Parents are not counted as equal: their paths are. */
static size_t equal_rows(const struct compare_job *job)
{
    size_t count = 0;
    for (size_t row = 0; row < assay_comparison_rows(job->comparison); row++) {
        const struct assay_row *r = assay_comparison_row(job->comparison, row);
        count += !r->differs && !r->parent;
    }
    return count;
}

static const char *arrow(const struct compare_job *job, const struct assay_row *row)
{
    if (row->kind != ASSAY_ROW_METRIC || row->direction == 0)
        return "";
    if (!job->cli->utf8)
        return row->direction > 0 ? " (max)" : " (min)";
    return row->direction > 0 ? " ↑" : " ↓";
}

static void heads(struct compare_job *job, struct cli_table *table)
{
    struct assay_buf title = {0};
    cli_table_column(table, "section", "", false);
    cli_table_column(table, "key", "", false);
    cli_table_whole(table);
    for (size_t i = 0; i < compare_columns(job); i++) {
        assay_buf_reset(&title);
        if (i == compare_base_column(job) && compare_columns(job) > 1)
            assay_buf_text_add(&title, job->cli->utf8 ? "◆ " : "* ");
        compare_title(job, i, &title);
        cli_table_column(table, assay_buf_text(&title), assay_buf_text(&title), false);
        if (wide(job) && i != compare_base_column(job))
            cli_table_column(table, "delta", "delta", false);
    }
    assay_buf_free(&title);
}

static void one_cell(struct compare_job *job, struct cli_table *table, size_t row,
                     size_t column)
{
    struct assay_buf text = {0}, delta = {0};
    compare_cell_text(job, row, column, &text);
    if (column != compare_base_column(job))
        compare_delta_text(job, row, column, !wide(job), &delta);
    bool has_delta = delta.length > 0 && strcmp(assay_buf_text(&delta), "same") != 0;
    if (!wide(job) && has_delta && text.length > 0)
        assay_buf_format(&text, " (%s)", assay_buf_text(&delta));
    if (text.length)
        cli_table_text(table, assay_buf_text(&text));
    else
        cli_table_none(table);
    if (wide(job) && column != compare_base_column(job))
        cli_table_text(table, assay_buf_text(&delta));
    assay_buf_free(&text);
    assay_buf_free(&delta);
}

static void rows(struct compare_job *job, struct cli_table *table)
{
    const char *section = "";
    for (size_t row = 0; row < assay_comparison_rows(job->comparison); row++) {
        const struct assay_row *r = assay_comparison_row(job->comparison, row);
        if (!compare_shown(job, r))
            continue;
        const char *name = assay_section_name(r->section);
        struct assay_buf key = {0};
        assay_buf_format(&key, "%s%s", r->label, arrow(job, r));
        bool repeat = job->cli->format != CLI_TABLE || strcmp(section, name) != 0;
        cli_table_text(table, repeat ? name : "");
        cli_table_text(table, assay_buf_text(&key));
        for (size_t i = 0; i < compare_columns(job); i++)
            one_cell(job, table, row, i);
        assay_buf_free(&key);
        section = name;
    }
}

static void line(struct compare_job *job, const char *text)
{
    assay_buf_format(&job->cli->out, job->cli->format == CLI_MD ? "\n%s\n" : "%s\n", text);
}

static void print_summary(struct compare_job *job)
{
    struct assay_buf text = {0};
    size_t rows_all = assay_comparison_counted(job->comparison), equal = equal_rows(job);
    assay_buf_format(&text, "%zu of %zu rows differ",
                     assay_comparison_differing(job->comparison), rows_all);
    if (!job->all && equal)
        assay_buf_format(&text, "; %zu equal %s folded (--all shows them)", equal,
                         equal == 1 ? "row" : "rows");
    line(job, assay_buf_text(&text));
    assay_buf_free(&text);
}

/* "best of 6: 0.2123, baseline's best of 3: 0.2226": said as what it is, and how much of it is
   luck. */
static void print_best(struct compare_job *job, const struct assay_judgement *v)
{
    const struct assay_sample *sides[] = {&v->candidate, &v->baseline};
    char number[32];
    if (v->direction == 0 || v->candidate.n < 2 || v->baseline.n < 2)
        return;
    assay_buf_text_add(&job->cli->out, "    ");
    for (size_t i = 0; i < 2; i++) {
        double best = v->direction > 0 ? sides[i]->max : sides[i]->min;
        assay_buf_format(&job->cli->out, "%sbest of %zu: %s (luck: about %.2f sd)",
                         i ? "; baseline's " : "", sides[i]->n,
                         assay_number_short(number, best, 5), assay_best_of_bias(sides[i]->n));
    }
    assay_buf_char(&job->cli->out, '\n');
}

static void print_groups(struct compare_job *job)
{
    struct assay_buf text = {0};
    if (!job->grouped)
        return;
    if (job->grouping.count == 1) {
        if (*job->grouping.by) /* what they were asked to be grouped by */
            assay_buf_format(&text,
                             "\nall of them have the same %s: one group, nothing to test",
                             job->grouping.by);
        else
            assay_buf_format(&text, "\nthese runs %s: one group, nothing to test",
                             job->grouping.seed_key ? "differ only by their seed"
                                                    : "have the same params");
        line(job, assay_buf_text(&text));
        assay_buf_free(&text);
        return;
    }
    assay_buf_format(&text, "\n%zu groups of runs%s%s%s%s", job->grouping.count,
                     *job->grouping.by ? ", by " : "", job->grouping.by,
                     job->grouping.seed_key ? "; paired where they share a " : "",
                     job->grouping.seed_key ? job->grouping.seed_key : "");
    if (*job->grouping.ignored)
        assay_buf_format(&text, "; not looked at: %s", job->grouping.ignored);
    line(job, assay_buf_text(&text));
    for (size_t i = 0; i < job->verdict_count; i++) {
        assay_buf_reset(&text);
        assay_buf_text_add(&text, job->cli->format == CLI_MD ? "- " : "  ");
        compare_verdict_text(job, i, &text);
        line(job, assay_buf_text(&text));
        const struct assay_judgement *v = &job->verdicts[i];
        if (v->interval.why && v->answer != ASSAY_ANSWER_NONE &&
            v->answer != ASSAY_ANSWER_CANNOT_TELL && job->cli->format == CLI_TABLE)
            assay_buf_format(&job->cli->out, "    (%s)\n", v->interval.why);
        if (job->cli->format == CLI_TABLE)
            print_best(job, v);
    }
    assay_buf_free(&text);
}

static void print_examples(struct compare_job *job)
{
    struct assay_buf text = {0};
    for (size_t i = 0; i < job->example_count; i++) {
        const struct compare_example *e = &job->examples[i];
        bool by_group = job->by_group;
        assay_buf_reset(&text);
        job->by_group = false;
        assay_buf_text_add(&text, i || job->cli->format == CLI_MD ? "" : "\n");
        assay_text_clean(&text, e->metric, strlen(e->metric));
        assay_buf_text_add(&text, " by example, ");
        compare_title(job, e->column, &text);
        assay_buf_text_add(&text, " against ");
        compare_title(job, job->baseline, &text);
        assay_buf_text_add(&text, ": ");
        job->by_group = by_group;
        assay_verdict_sentence(&e->verdict, !job->cli->utf8, &text);
        if (e->alone)
            assay_buf_format(&text, "; %zu examples on one side only", e->alone);
        if (e->repeated)
            assay_buf_format(&text, "; %zu ids stand twice", e->repeated);
        if (e->unread)
            assay_buf_format(&text, "; %zu lines without a score", e->unread);
        line(job, assay_buf_text(&text));
    }
    assay_buf_free(&text);
}

static void print_notices(struct compare_job *job)
{
    const char *const *notices;
    struct assay_buf text = {0};
    size_t count = assay_comparison_notices(job->comparison, &notices);
    for (size_t i = 0; i < count; i++) {
        assay_buf_reset(&text);
        assay_buf_format(&text, "note: %s", notices[i]);
        line(job, assay_buf_text(&text));
    }
    assay_buf_free(&text);
}

void compare_print_table(struct compare_job *job)
{
    struct cli_table *table = cli_table_new(job->cli);
    if (shown_rows(job) > 0) {
        heads(job, table);
        rows(job, table);
        cli_table_print(table);
    }
    cli_table_free(&table);
    print_summary(job);
    print_groups(job);
    print_examples(job);
    print_notices(job);
}

/* ---- CSV: every row and run, values as they were logged ---- */

static void csv_cell(struct compare_job *job, struct cli_table *table, size_t row,
                     size_t column)
{
    struct assay_compare_cell cell = assay_comparison_cell(job->comparison, row, column);
    if (!cell.present)
        cli_table_none(table);
    else if (assay_comparison_row(job->comparison, row)->kind == ASSAY_ROW_METRIC)
        cli_table_number(table, cell.number, false);
    else
        cli_table_text(table, cell.text);
}

void compare_print_csv(struct compare_job *job)
{
    static const char *const kinds[] = {
        [ASSAY_ROW_ATTRIBUTE] = "attribute", [ASSAY_ROW_PARAM] = "param",
        [ASSAY_ROW_PATH] = "path",           [ASSAY_ROW_TAG] = "tag",
        [ASSAY_ROW_INPUT] = "input",         [ASSAY_ROW_OUTPUT] = "output",
        [ASSAY_ROW_METRIC] = "metric",       [ASSAY_ROW_FACT] = "fact",
    };
    struct cli_table *table = cli_table_new(job->cli);
    struct assay_comparison *c = job->comparison;
    cli_table_column(table, "kind", "kind", false);
    cli_table_column(table, "key", "key", false);
    cli_table_column(table, "differs", "differs", false);
    for (size_t i = 0; i < assay_comparison_runs(c); i++)
        cli_table_column(table, assay_comparison_run(c, i)->id, "", false);
    for (size_t row = 0; row < assay_comparison_rows(c); row++) {
        const struct assay_row *r = assay_comparison_row(c, row);
        cli_table_text(table, kinds[r->kind]);
        cli_table_text(table, r->key);
        cli_table_text(table, r->differs ? "true" : "false");
        for (size_t i = 0; i < assay_comparison_runs(c); i++)
            csv_cell(job, table, row, i);
    }
    cli_table_print(table);
    cli_table_free(&table);
}
