/*
 * What is known of the version under the cursor: its state, its files' digest, its run with
 * metrics, data and commit, where it comes from and goes to, and what differs from the
 * champion's run. Longer than the screen, it scrolls.
 */
#include "models_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "draw_wrap.h"

#define LABEL             12
#define LINES_MAX         6     /* of one text */
#define PROMPT_ROWS       10000 /* of one line of a prompt */
#define DIFFERENCES_FIRST 10    /* from the champion, before all are asked for */

struct page {
    struct models_view *view;
    struct area area;
    int y; /* of the next line; what is above 0 or below the area is not seen */
};

static void heading(struct page *page, const char *text)
{
    struct assay_buf clean = {0};

    if (page->y != -page->view->detail.top)
        page->y++;
    assay_text_clean(&clean, text, strlen(text));
    draw_text(page->area, 1, page->y++, ROLE_TITLE, assay_buf_text(&clean));
    assay_buf_free(&clean);
}

/* TEXT beside LABEL, over as many rows as it needs, within reason. */
static void line(struct page *page, const char *label, enum role role, const char *text)
{
    struct assay_buf clean = {.limit = 16384};
    size_t length = strlen(text);

    if (!length)
        return;
    assay_text_clean(&clean, text, length < 4000 ? length : 4000);
    draw_field(page->area, 1, page->y, LABEL, ALIGN_LEFT, ROLE_DIM, label);
    page->y += draw_wrapped(page->area, 2 + LABEL, page->y, page->area.rect.width - LABEL - 4,
                            LINES_MAX, role, assay_buf_text(&clean));
    assay_buf_free(&clean);
}

/* Tags in which MLflow keeps a prompt: its text, which is shown by itself, and that it is one.
 */
static bool is_of_prompts(const char *key)
{
    return strncmp(key, "mlflow.prompt.", 14) == 0 || strncmp(key, "_mlflow_prompt", 14) == 0;
}

static void tags(struct page *page, const struct assay_pair *pairs, size_t count)
{
    struct assay_buf text = {0};

    for (size_t i = 0; i < count; i++)
        if (!is_of_prompts(pairs[i].key))
            assay_buf_format(&text, "%s%s=%.200s", text.length ? "  " : "", pairs[i].key,
                             pairs[i].value);
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

static void run_line(struct page *page, const struct assay_run *run, const char *user)
{
    struct assay_buf text = {0};

    assay_buf_text_add(&text, *run->name ? run->name : run->id);
    if (user && *user)
        assay_buf_format(&text, "   by %s", user);
    line(page, "run", ROLE_NORMAL, assay_buf_text(&text));
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
        struct assay_buf text = {0};

        assay_buf_format(&text,
                         *version->run_id ? "%s, which is not among the runs here"
                                          : "none is named%s",
                         version->run_id);
        line(page, "run", ROLE_DIM, assay_buf_text(&text));
        assay_buf_free(&text);
        return;
    }
    run = assay_catalog_run(catalog, index);
    attrs = assay_catalog_attrs(catalog, index);
    run_line(page, run, assay_attrs_tag(attrs, "mlflow.user"));
    metrics(page, attrs);
    data(page, attrs);
    commit = assay_attrs_tag(attrs, "mlflow.source.git.commit");
    line(page, "commit", ROLE_NORMAL, commit ? commit : "");
}

/* ---- where it comes from and where it goes ---- */

/* One thing of the way, DEPTH things after the first. */
static void step(struct page *page, int depth, const char *what, enum role role,
                 const char *text)
{
    struct assay_buf clean = {.limit = 4096};
    size_t length = strlen(text);
    int x = 1 + 2 * depth;
    bool ascii = page->area.canvas->ascii;

    if (depth)
        draw_text(page->area, x - 2, page->y, ROLE_BORDER, ascii ? "`-" : "└─");
    x += draw_text(page->area, x + (depth > 0), page->y, ROLE_DIM, what) + 1 + (depth > 0);
    assay_text_clean(&clean, text, length < 1000 ? length : 1000);
    draw_field(page->area, x, page->y, page->area.rect.width - x - 1, ALIGN_LEFT, role,
               assay_buf_text(&clean));
    page->y++;
    assay_buf_free(&clean);
}

/* The data and the run; returns how deep it came. */
static int steps_of_run(struct page *page, const struct models_line *at, uint32_t index)
{
    struct assay_catalog *catalog = page->view->app->catalog;
    const struct assay_run *run = assay_catalog_run(catalog, index);
    const struct assay_attrs *attrs = assay_catalog_attrs(catalog, index);
    const char *commit = assay_attrs_tag(attrs, "mlflow.source.git.commit");
    const char *script = assay_attrs_tag(attrs, "mlflow.source.name");
    struct assay_buf text = {0};
    int depth = 0;

    for (size_t i = 0; i < attrs->input_count; i++) {
        const struct assay_input *input = &attrs->inputs[i];

        assay_buf_reset(&text);
        assay_buf_format(&text, "%s%s%s%s%s", input->name, *input->digest ? "   digest " : "",
                         input->digest, *input->context ? "   " : "", input->context);
        step(page, 0, *input->type ? input->type : "input", ROLE_NORMAL, assay_buf_text(&text));
        depth = 1;
    }
    if (commit) {
        assay_buf_reset(&text);
        assay_buf_format(&text, "%.12s   %s", commit, script ? script : "");
        step(page, 0, "commit", ROLE_NORMAL, assay_buf_text(&text));
        depth = 1;
    }
    assay_buf_reset(&text);
    assay_buf_format(&text, "%s   %.8s   %s", run->name, at->version->run_id,
                     assay_run_status_name(run->status));
    step(page, depth, "run", ROLE_STRONG, assay_buf_text(&text));
    assay_buf_free(&text);
    return depth + 1;
}

/* The logged model (MLflow 3) the version was made from, where it names one. */
static const char *logged_model(const struct assay_model_version *version)
{
    const char *id;

    if (*version->model_id)
        return version->model_id;
    id = assay_registry_logged_model(version->source);
    return id ? id : "";
}

static void lineage(struct page *page, const struct models_line *at)
{
    const struct assay_model_version *version = at->version;
    uint32_t run = models_run(page->view, at->source, version->run_id);
    const char *logged = logged_model(version);
    struct assay_buf text = {0};
    int depth = 0;

    heading(page, "LINEAGE");
    if (run != ASSAY_NONE)
        depth = steps_of_run(page, at, run);
    else if (*version->run_id)
        step(page, depth++, "run", ROLE_DIM, version->run_id);
    if (*logged)
        step(page, depth++, "logged model", ROLE_NORMAL, logged);
    assay_buf_format(&text, "%s version %s", at->model->name, version->version);
    step(page, depth++, "version", ROLE_STRONG, assay_buf_text(&text));
    for (size_t i = 0; i < version->alias_count; i++)
        step(page, depth, "alias", ROLE_ACCENT, version->aliases[i]);
    if (*version->stage)
        step(page, depth, "stage", ROLE_ACCENT, version->stage);
    assay_buf_free(&text);
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

static bool is_known(struct models_view *view, uint32_t run)
{
    const struct assay_attrs *attrs = assay_catalog_attrs(view->app->catalog, run);

    return attrs->param_count + attrs->metric_count + attrs->tag_count > 0;
}

/* The comparison of two runs, made again when one of them has changed; and while nothing is
   known of one, which may be read a moment later without a change. */
static void compare(struct models_view *view, uint32_t champion, uint32_t candidate)
{
    uint64_t version = assay_catalog_version(view->app->catalog);
    bool whole = is_known(view, champion) && is_known(view, candidate);

    if (!whole)
        app_draw_in(view->app, 500);
    if (whole && view->comparison && view->compared[0] == champion &&
        view->compared[1] == candidate && view->compared_at == version)
        return;
    assay_comparison_free(&view->comparison);
    view->comparison = assay_comparison_new();
    assay_comparison_add_run(view->comparison, view->app->catalog, champion);
    assay_comparison_add_run(view->comparison, view->app->catalog, candidate);
    assay_comparison_finish(view->comparison);
    view->compared[0] = champion;
    view->compared[1] = candidate;
    view->compared_at = whole ? version : 0;
}

/* What differs by nature is no change: who made the run and when, and which id the model has
   that it made (that is the version which is looked at). */
static bool is_wanted(const struct assay_row *row)
{
    return row->differs && !row->parent && row->section != ASSAY_SECTION_RUN &&
           row->section != ASSAY_SECTION_TAGS && row->kind != ASSAY_ROW_OUTPUT;
}

/* The differences in the order in which they are asked for; returns how many were left out. */
static size_t differences(struct page *page, size_t *shown)
{
    static const enum assay_section order[] = {ASSAY_SECTION_METRICS, ASSAY_SECTION_DATA,
                                               ASSAY_SECTION_CODE, ASSAY_SECTION_PARAMS};
    const struct assay_comparison *comparison = page->view->comparison;
    size_t rows = assay_comparison_rows(comparison), left = 0;
    size_t most = page->view->detail.whole ? SIZE_MAX : DIFFERENCES_FIRST;

    for (size_t o = 0; o <= ASSAY_COUNT(order); o++)
        for (size_t i = 0; i < rows; i++) {
            const struct assay_row *row = assay_comparison_row(comparison, i);
            size_t place = 0;

            while (place < ASSAY_COUNT(order) && order[place] != row->section)
                place++;
            if (place != o || !is_wanted(row))
                continue;
            if (*shown >= most) {
                left++;
                continue;
            }
            difference(page, row, i);
            ++*shown;
        }
    return left;
}

static void since_champion(struct page *page, const struct models_line *at)
{
    const struct assay_model_version *champion = models_champion(at);
    char title[120], key[32];
    size_t shown = 0, left;
    uint32_t before, now;

    if (!champion || champion == at->version)
        return;
    before = models_run(page->view, at->source, champion->run_id);
    now = models_run(page->view, at->source, at->version->run_id);
    snprintf(title, sizeof title, "CHANGED SINCE THE CHAMPION, version %.40s",
             champion->version);
    heading(page, title);
    page->view->detail.champion = page->y - 1 + page->view->detail.top;
    if (before == ASSAY_NONE || now == ASSAY_NONE || before == now) {
        line(page, "", ROLE_DIM,
             before == now && now != ASSAY_NONE
                 ? "both were made from the same run"
                 : "the runs of both are needed, and one is not there");
        return;
    }
    compare(page->view, before, now);
    left = differences(page, &shown);
    keymap_key(&page->view->app->keymap, CMD_SINCE_CHAMPION, WHERE_MODELS, key);
    if (!shown)
        line(page, "", ROLE_DIM, "params, metrics, data and code are the same");
    else if (left)
        draw_format(page->area, 2 + LABEL, page->y++, ROLE_DIM,
                    "%zu more differ   %s shows them", left, key);
}

/* ---- prompts ---- */

/* The text of a prompt as it is, line by line. */
static void prompt_text(struct page *page, const struct assay_model_version *version)
{
    const char *text =
        assay_registry_tag(version->tags, version->tag_count, "mlflow.prompt.text");
    const int width = page->area.rect.width - 3;
    size_t length = text ? strlen(text) : 0;
    struct assay_buf clean = {.limit = 1u << 20};

    heading(page, "TEXT");
    if (!length) {
        line(page, "", ROLE_DIM, "none");
        return;
    }
    for (const char *at = text, *end; at < text + length; at = end + 1) {
        end = strchr(at, '\n');
        end = end ? end : text + length;
        assay_buf_reset(&clean);
        assay_text_clean(&clean, at, (size_t)(end - at));
        page->y += clean.length ? draw_wrapped(page->area, 2, page->y, width, PROMPT_ROWS,
                                               ROLE_NORMAL, assay_buf_text(&clean))
                                : 1;
    }
    assay_buf_free(&clean);
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
    assay_buf_free(&text);
    if (at->model->prompt) { /* it has no files, and no run */
        prompt_text(page, version);
        return;
    }
    line(page, "artifacts", ROLE_DIM, version->source);
    models_digest_draw(page->view, at, page->area, LABEL, &page->y);
    source_run(page, at->source, version);
    since_champion(page, at);
    lineage(page, at);
}

/* Another version is looked at from its beginning. */
static void follow_cursor(struct models_view *view, const struct models_line *at)
{
    struct assay_buf name = {0};

    assay_buf_format(&name, "%u/%s/%s", at->source, at->model->name,
                     at->version ? at->version->version : "");
    if (!view->detail.of || strcmp(view->detail.of, assay_buf_text(&name)) != 0) {
        free(view->detail.of);
        view->detail.of = assay_strdup(assay_buf_text(&name));
        view->detail.top = 0;
        view->detail.whole = false;
    }
    assay_buf_free(&name);
}

void models_detail_draw(struct models_view *view, struct area area)
{
    const struct models_line *at = models_here(view);
    const int height = area.rect.height;
    struct page page = {.view = view, .area = area};
    int most;

    if (!at)
        return;
    follow_cursor(view, at);
    for (int pass = 0; pass < 2; pass++) { /* again where it had scrolled beyond its end */
        page.y = -view->detail.top;
        view->detail.champion = 0;
        draw_clear(area);
        if (at->version)
            draw_version(&page, at);
        else
            draw_model(&page, at->model);
        view->detail.rows = page.y + view->detail.top;
        most = view->detail.rows > height ? view->detail.rows - height : 0;
        if (view->detail.top <= most)
            break;
        view->detail.top = most;
    }
    view->detail.rect = area.rect;
    draw_scrollbar(area, area.rect.width - 1, 0, height, (size_t)view->detail.top,
                   (size_t)view->detail.rows);
}

void models_detail_scroll(struct models_view *view, int rows)
{
    view->detail.top = view->detail.top + rows < 0 ? 0 : view->detail.top + rows;
    app_dirty(view->app);
}

void models_detail_champion(struct models_view *view)
{
    const struct models_line *at = models_here(view);

    if (!at || !at->version || !view->detail.champion) {
        app_say(view->app,
                at && at->version && at->version == models_champion(at)
                    ? "this is the champion"
                    : "a version is measured against its model's champion: go to one "
                      "of a model that has one");
        return;
    }
    view->detail.whole = !view->detail.whole;
    view->detail.top = view->detail.whole ? view->detail.champion : 0;
    app_dirty(view->app);
}

void models_detail_free(struct models_view *view)
{
    assay_comparison_free(&view->comparison);
    free(view->detail.of);
}
