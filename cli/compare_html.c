/*
 * A comparison as one HTML page that needs nothing else: styles inside, charts as SVG, no
 * script. Called by compare.c.
 */
#include "compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/chart.h>
#include <assay/clock.h>
#include <assay/text.h>

#define LINES_MAX 24 /* curves in one chart */

#define CELL_LONG 24 /* bytes; a longer value is broken into lines, wherever */

/* Columns are as wide as what stands in them, and the names of the rows stay where they are
   while the rest is moved; on paper, where nothing can be moved, everything is broken. */
static const char style[] =
    ":root{color-scheme:light dark}"
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:100rem;padding:0 1rem;"
    "color:#222;background:#fff}h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{text-align:left;padding:.25rem .8rem;border-bottom:1px solid #ddd;"
    "vertical-align:top;white-space:nowrap}th{font-weight:600;background:#fff}"
    "tbody th{position:sticky;left:0}"
    ".l{white-space:normal;overflow-wrap:anywhere;min-width:12rem}"
    "p,li,h2{overflow-wrap:anywhere}"
    "td.b{color:#0b6e4f}td.w{color:#a4262c}.d{color:#666;font-size:.85em}"
    ".s{color:#666}svg{max-width:100%;height:auto}.wide{overflow-x:auto}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#1b1b1b}"
    "th,td{border-color:#444}th{background:#1b1b1b}.d,.s{color:#999}td.b{color:#5ac8a0}"
    "td.w{color:#f08a8a}svg{background:#fff}}"
    "@media(max-width:40rem){body{margin:1rem auto}th,td{padding:.25rem .5rem}"
    "tbody th{white-space:normal;overflow-wrap:anywhere;min-width:6rem}}"
    "@media print{body{max-width:none;margin:0;font-size:9pt;color:#000;background:#fff}"
    ".wide{overflow:visible}th,td,.l{white-space:normal;overflow-wrap:anywhere;min-width:0;"
    "padding:.15rem .4rem}tbody th{min-width:6rem}td.s{white-space:nowrap}td{min-width:3rem}"
    "th{background:none}tr,svg{break-inside:avoid}h2{break-after:avoid}}";

void compare_html_text(struct assay_buf *out, const char *text)
{
    struct assay_buf clean = {0};
    assay_text_clean(&clean, text, strlen(text));
    for (const char *at = assay_buf_text(&clean); *at; at++) {
        if (*at == '&')
            assay_buf_text_add(out, "&amp;");
        else if (*at == '<')
            assay_buf_text_add(out, "&lt;");
        else if (*at == '>')
            assay_buf_text_add(out, "&gt;");
        else if (*at == '"')
            assay_buf_text_add(out, "&quot;");
        else
            assay_buf_char(out, *at);
    }
    assay_buf_free(&clean);
}

void compare_html_head(struct assay_buf *out, const char *title)
{
    assay_buf_text_add(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                            "<meta name=\"viewport\" content=\"width=device-width\"><title>");
    compare_html_text(out, title);
    assay_buf_format(out, "</title><style>%s</style></head><body>\n<h1>", style);
    compare_html_text(out, title);
    assay_buf_text_add(out, "</h1>\n");
}

void compare_html_made(struct assay_buf *out)
{
    char now[32];
    assay_buf_format(out, "made by assay %s on %s</p>\n", ASSAY_VERSION,
                     assay_time_iso(now, assay_now_ms()));
}

static void head(struct compare_job *job)
{
    struct assay_buf *out = &job->cli->out;
    char title[64];
    snprintf(title, sizeof title, "Comparison of %zu runs",
             assay_comparison_runs(job->comparison));
    compare_html_head(out, title);
    assay_buf_format(out, "<p class=\"s\">%zu of %zu rows differ; ",
                     assay_comparison_differing(job->comparison),
                     assay_comparison_counted(job->comparison));
    compare_html_made(out);
}

static void verdicts(struct compare_job *job)
{
    struct assay_buf *out = &job->cli->out, text = {0};
    const char *const *notices;
    size_t count = assay_comparison_notices(job->comparison, &notices);
    if (job->verdict_count) {
        assay_buf_text_add(out, "<h2>Is it real</h2>\n<ul>\n");
        for (size_t i = 0; i < job->verdict_count; i++) {
            assay_buf_reset(&text);
            compare_verdict_text(job, i, &text);
            assay_buf_text_add(out, "<li>");
            compare_html_text(out, assay_buf_text(&text));
            assay_buf_text_add(out, "</li>\n");
        }
        assay_buf_text_add(out, "</ul>\n");
    }
    for (size_t i = 0; i < count; i++) {
        assay_buf_text_add(out, "<p class=\"s\">Note: ");
        compare_html_text(out, notices[i]);
        assay_buf_text_add(out, "</p>\n");
    }
    assay_buf_free(&text);
}

static void cell(struct compare_job *job, size_t row, size_t column)
{
    struct assay_buf *out = &job->cli->out, text = {0}, delta = {0};
    size_t base = job->by_group ? job->base_group : job->baseline;
    int better = column == base ? 0 : compare_delta_better(job, row, column);
    compare_cell_text(job, row, column, &text);
    if (column != base)
        compare_delta_text(job, row, column, false, &delta);
    const char *class = better > 0                ? " class=\"b\""
                        : better < 0              ? " class=\"w\""
                        : text.length > CELL_LONG ? " class=\"l\""
                                                  : "";
    assay_buf_format(out, "<td%s>", class);
    compare_html_text(out, assay_buf_text(&text));
    if (delta.length && strcmp(assay_buf_text(&delta), "same") != 0) {
        assay_buf_text_add(out, " <span class=\"d\">");
        compare_html_text(out, assay_buf_text(&delta));
        assay_buf_text_add(out, "</span>");
    }
    assay_buf_text_add(out, "</td>");
    assay_buf_free(&text);
    assay_buf_free(&delta);
}

static void table(struct compare_job *job)
{
    struct assay_buf *out = &job->cli->out, title = {0};
    size_t base = job->by_group ? job->base_group : job->baseline;
    const char *section = "";
    assay_buf_text_add(out, "<h2>Differences</h2>\n<div class=\"wide\"><table><thead><tr>"
                            "<th></th><th></th>");
    for (size_t i = 0; i < compare_columns(job); i++) {
        assay_buf_reset(&title);
        compare_title(job, i, &title);
        assay_buf_text_add(out, i == base ? "<th>◆ " : "<th>");
        compare_html_text(out, assay_buf_text(&title));
        assay_buf_text_add(out, "</th>");
    }
    assay_buf_text_add(out, "</tr></thead><tbody>\n");
    for (size_t row = 0; row < assay_comparison_rows(job->comparison); row++) {
        const struct assay_row *r = assay_comparison_row(job->comparison, row);
        if (!compare_shown(job, r))
            continue;
        bool first = strcmp(section, assay_section_name(r->section)) != 0;
        section = assay_section_name(r->section);
        assay_buf_format(out, "<tr><td class=\"s\">%s</td><th%s>", first ? section : "",
                         strlen(r->label) > CELL_LONG ? " class=\"l\"" : "");
        compare_html_text(out, r->label);
        if (r->kind == ASSAY_ROW_METRIC && r->direction)
            assay_buf_text_add(out, r->direction > 0 ? " ↑" : " ↓");
        assay_buf_text_add(out, "</th>");
        for (size_t i = 0; i < compare_columns(job); i++)
            cell(job, row, i);
        assay_buf_text_add(out, "</tr>\n");
        cli_spill(job->cli);
    }
    assay_buf_text_add(out, "</tbody></table></div>\n");
    assay_buf_free(&title);
}

static void chart(struct compare_job *job, size_t row)
{
    const char *metric = assay_comparison_row(job->comparison, row)->key;
    struct assay_chart_line lines[LINES_MAX];
    struct assay_buf labels[LINES_MAX] = {{0}}, title = {0}, picture = {0};
    size_t count = 0, runs = assay_comparison_runs(job->comparison);
    for (size_t i = 0; i < runs && i < LINES_MAX; i++)
        compare_points(job, i, metric); /* read all first: then the pointers stay */
    for (size_t i = 0; i < runs && count < LINES_MAX; i++) {
        struct assay_series *series = compare_points(job, i, metric);
        if (!series)
            continue;
        bool by_group = job->by_group;
        job->by_group = false;
        compare_title(job, i, &labels[count]);
        job->by_group = by_group;
        lines[count] = (struct assay_chart_line){
            .series = series, .label = assay_buf_text(&labels[count]), .color = (int)i};
        count++;
    }
    assay_text_clean(&title, metric, strlen(metric));
    struct assay_chart drawn = {.lines = lines,
                                .line_count = count,
                                .x_min = NAN,
                                .x_max = NAN,
                                .y_min = NAN,
                                .y_max = NAN};
    const struct assay_plot_options options = {.as = ASSAY_PLOT_SVG,
                                               .columns = 100,
                                               .rows = 24,
                                               .light = true,
                                               .title = assay_buf_text(&title)};
    struct assay_error failed = {0};
    if (count && assay_plot_render(&drawn, &options, &picture, &failed) == ASSAY_OK) {
        const char *svg = strstr(assay_buf_text(&picture), "<svg");
        assay_buf_text_add(&job->cli->out, svg ? svg : "");
        assay_buf_char(&job->cli->out, '\n');
    }
    for (size_t i = 0; i < count; i++)
        assay_buf_free(&labels[i]);
    assay_buf_free(&title);
    assay_buf_free(&picture);
}

void compare_print_html(struct compare_job *job)
{
    head(job);
    verdicts(job);
    table(job);
    if (job->chart_count)
        assay_buf_text_add(&job->cli->out, "<h2>Curves</h2>\n");
    for (size_t i = 0; i < job->chart_count; i++)
        chart(job, job->charts[i]);
    compare_html_front(job);
    assay_buf_text_add(&job->cli->out, "</body></html>\n");
}
