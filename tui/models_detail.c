/*
 * What is known of the version under the cursor: its state, its run with params, metrics, data
 * and commit, and what differs from the champion's run.
 */
#include "models_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

#define LABEL 12

struct page {
    struct models_view *view;
    struct area area;
    int y;
};

static bool is_full(const struct page *page)
{
    return page->y >= page->area.rect.height;
}

static void heading(struct page *page, const char *text)
{
    struct assay_buf clean = {0};

    if (page->y)
        page->y++;
    assay_text_clean(&clean, text, strlen(text));
    draw_text(page->area, 1, page->y++, ROLE_TITLE, assay_buf_text(&clean));
    assay_buf_free(&clean);
}

static void line(struct page *page, const char *label, enum role role, const char *text)
{
    struct assay_buf clean = {0};

    if (is_full(page) || !*text)
        return;
    assay_text_clean(&clean, text, strlen(text));
    draw_field(page->area, 1, page->y, LABEL, ALIGN_LEFT, ROLE_DIM, label);
    draw_field(page->area, 2 + LABEL, page->y, page->area.rect.width - LABEL - 3, ALIGN_LEFT,
               role, assay_buf_text(&clean));
    page->y++;
    assay_buf_free(&clean);
}

static void tags(struct page *page, const struct assay_pair *pairs, size_t count)
{
    struct assay_buf text = {0};

    for (size_t i = 0; i < count; i++)
        assay_buf_format(&text, "%s%s=%s", i ? "  " : "", pairs[i].key, pairs[i].value);
    line(page, "tags", ROLE_NORMAL, assay_buf_text(&text));
    assay_buf_free(&text);
}

static void when(struct page *page, const char *label, int64_t time_ms, const char *user)
{
    char time[32], age[16];
    struct assay_buf text = {0};

    if (time_ms == ASSAY_NO_TIME)
        return;
    assay_buf_format(&text, "%s, %s ago", assay_time_text(time, time_ms),
                     assay_age_text(age, time_ms, page->view->app->now_ms));
    if (*user)
        assay_buf_format(&text, " by %s", user);
    line(page, label, ROLE_NORMAL, assay_buf_text(&text));
    assay_buf_free(&text);
}

/* ---- the run it was made from ---- */

static void metrics(struct page *page, const struct assay_attrs *attrs)
{
    struct assay_buf text = {0};
    char number[32];

    for (size_t i = 0; i < attrs->metric_count && i < 12; i++)
        assay_buf_format(&text, "%s%s %s", i ? "   " : "", attrs->metrics[i].key,
                         assay_number_short(number, attrs->metrics[i].summary.last, 5));
    line(page, "metrics", ROLE_STRONG, assay_buf_text(&text));
    assay_buf_free(&text);
}

static void data(struct page *page, const struct assay_attrs *attrs)
{
    struct assay_buf text = {0};

    for (size_t i = 0; i < attrs->input_count; i++) {
        const struct assay_input *input = &attrs->inputs[i];

        assay_buf_reset(&text);
        assay_buf_format(&text, "%s   digest %s   %s", input->name,
                         *input->digest ? input->digest : "unknown", input->context);
        line(page, i ? "" : "data", ROLE_NORMAL, assay_buf_text(&text));
    }
    assay_buf_free(&text);
}

static void source_run(struct page *page, uint32_t source,
                       const struct assay_model_version *version)
{
    uint32_t index = models_run(page->view, source, version->run_id);
    struct assay_catalog *catalog = page->view->app->catalog;
    const struct assay_attrs *attrs;
    const struct assay_run *run;
    const char *commit;

    if (index == ASSAY_NONE) {
        line(page, "run", ROLE_DIM, *version->run_id ? version->run_id : "none is named");
        return;
    }
    run = assay_catalog_run(catalog, index);
    attrs = assay_catalog_attrs(catalog, index);
    line(page, "run", ROLE_NORMAL, *run->name ? run->name : run->id);
    metrics(page, attrs);
    data(page, attrs);
    commit = assay_attrs_tag(attrs, "mlflow.source.git.commit");
    line(page, "commit", ROLE_NORMAL, commit ? commit : "");
}

/* ---- what changed since the champion ---- */

static void cell_text(const struct assay_row *row, const struct assay_compare_cell *cell,
                      struct assay_buf *out)
{
    char number[32];

    assay_buf_reset(out);
    if (!cell->present)
        assay_buf_text_add(out, "-");
    else if (row->kind == ASSAY_ROW_METRIC)
        assay_buf_text_add(out, assay_number_short(number, cell->number, 6));
    else
        assay_text_clean(out, cell->text, cell->length);
}

static enum role verdict(const struct assay_row *row, const struct assay_compare_cell *champion,
                         const struct assay_compare_cell *candidate)
{
    double delta = candidate->number - champion->number;

    if (row->kind != ASSAY_ROW_METRIC || !row->direction || !champion->present ||
        !candidate->present || delta == 0)
        return ROLE_NORMAL;
    return (delta > 0) == (row->direction > 0) ? ROLE_BETTER : ROLE_WORSE;
}

static void difference(struct page *page, const struct assay_row *row, size_t index)
{
    struct assay_compare_cell champion =
        assay_comparison_cell(page->view->comparison, index, 0);
    struct assay_compare_cell candidate =
        assay_comparison_cell(page->view->comparison, index, 1);
    const int width = page->area.rect.width, value = (width - LABEL - 4) / 3;
    struct assay_buf text = {0};
    int x = 1;

    draw_field(page->area, x, page->y, LABEL, ALIGN_LEFT, ROLE_DIM,
               assay_section_name(row->section));
    x += LABEL + 1;
    assay_text_clean(&text, row->label, strlen(row->label));
    draw_field(page->area, x, page->y, value, ALIGN_LEFT, ROLE_NORMAL, assay_buf_text(&text));
    x += value + 1;
    cell_text(row, &champion, &text);
    draw_field(page->area, x, page->y, value - 1, ALIGN_LEFT, ROLE_DIM, assay_buf_text(&text));
    x += value;
    cell_text(row, &candidate, &text);
    draw_field(page->area, x, page->y, width - x - 1, ALIGN_LEFT,
               verdict(row, &champion, &candidate), assay_buf_text(&text));
    page->y++;
    assay_buf_free(&text);
}

/* The comparison of two runs, made again when one of them has changed. */
static void compare(struct models_view *view, uint32_t champion, uint32_t candidate)
{
    uint64_t version = assay_catalog_version(view->app->catalog);

    if (view->comparison && view->compared[0] == champion && view->compared[1] == candidate &&
        view->compared_at == version)
        return;
    assay_comparison_free(&view->comparison);
    view->comparison = assay_comparison_new();
    assay_comparison_add_run(view->comparison, view->app->catalog, champion);
    assay_comparison_add_run(view->comparison, view->app->catalog, candidate);
    assay_comparison_finish(view->comparison);
    view->compared[0] = champion;
    view->compared[1] = candidate;
    view->compared_at = version;
}

static bool is_wanted(const struct assay_row *row)
{
    return row->differs && !row->parent && row->section != ASSAY_SECTION_RUN &&
           row->section != ASSAY_SECTION_TAGS;
}

static void since_champion(struct page *page, const struct models_line *at)
{
    const struct assay_model_version *champion = models_champion(at);
    uint32_t before, now;
    char title[120];
    size_t rows, shown = 0;

    if (!champion || champion == at->version || is_full(page))
        return;
    before = models_run(page->view, at->source, champion->run_id);
    now = models_run(page->view, at->source, at->version->run_id);
    snprintf(title, sizeof title, "CHANGED SINCE THE CHAMPION, version %.40s",
             champion->version);
    heading(page, title);
    if (before == ASSAY_NONE || now == ASSAY_NONE || before == now) {
        line(page, "", ROLE_DIM,
             before == now && now != ASSAY_NONE
                 ? "both were made from the same run"
                 : "the runs of both are needed, and one is not there");
        return;
    }
    compare(page->view, before, now);
    rows = assay_comparison_rows(page->view->comparison);
    for (size_t i = 0; i < rows && !is_full(page); i++) {
        const struct assay_row *row = assay_comparison_row(page->view->comparison, i);

        if (!is_wanted(row))
            continue;
        difference(page, row, i);
        shown++;
    }
    if (!shown)
        line(page, "", ROLE_DIM, "params, metrics, data and code are the same");
}

/* ---- all of it ---- */

static void draw_model(struct page *page, const struct assay_registered_model *model)
{
    heading(page, model->name);
    line(page, "about", ROLE_NORMAL, model->description);
    tags(page, model->tags, model->tag_count);
    for (size_t i = 0; i < model->alias_count; i++) {
        char text[600];

        snprintf(text, sizeof text, "%s is version %s", model->aliases[i].alias,
                 model->aliases[i].version);
        line(page, i ? "" : "aliases", ROLE_ACCENT, text);
    }
    when(page, "created", model->created_ms, "");
    when(page, "changed", model->updated_ms, "");
}

static void draw_version(struct page *page, const struct models_line *at)
{
    const struct assay_model_version *version = at->version;
    struct assay_buf text = {0};

    assay_buf_format(&text, "%s version %s", at->model->name, version->version);
    heading(page, assay_buf_text(&text));
    assay_buf_reset(&text);
    for (size_t i = 0; i < version->alias_count; i++)
        assay_buf_format(&text, "%s%s", i ? "  " : "", version->aliases[i]);
    line(page, "aliases", ROLE_ACCENT, assay_buf_text(&text));
    line(page, "stage", ROLE_NORMAL, version->stage);
    line(page, "status", strcmp(version->status, "READY") == 0 ? ROLE_DONE : ROLE_WARNING,
         version->status);
    line(page, "", ROLE_WARNING, version->status_message);
    line(page, "about", ROLE_NORMAL, version->description);
    tags(page, version->tags, version->tag_count);
    when(page, "created", version->created_ms, version->user);
    source_run(page, at->source, version);
    line(page, "artifacts", ROLE_DIM, version->source);
    since_champion(page, at);
    assay_buf_free(&text);
}

void models_detail_draw(struct models_view *view, struct area area)
{
    const struct models_line *at = models_here(view);
    struct page page = {.view = view, .area = area};

    if (!at)
        return;
    if (at->version)
        draw_version(&page, at);
    else
        draw_model(&page, at->model);
}

void models_detail_free(struct models_view *view)
{
    assay_comparison_free(&view->comparison);
}
