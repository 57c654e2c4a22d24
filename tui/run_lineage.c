/*
 * The lineage tab of the run screen: where the run came from and what came of it: its parent
 * and children, the data it used, the code it ran, what it made, and the versions of registered
 * models that were made of it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/registry.h>
#include <assay/text.h>

#include "run_view.h"

#define CHILDREN_MAX 200
#define PARENT_TAG   "mlflow.parentRunId"
#define VALUE_AT     20 /* cells: where values begin */

/* What tags say of the code, the surest first. */
static const struct {
    const char *tag, *label;
} tags[] = {
    {"mlflow.source.git.commit", "commit"},
    {"wandb.git.commit", "commit"},
    {"git_commit", "commit"},
    {"git.commit", "commit"},
    {"mlflow.source.git.branch", "branch"},
    {"mlflow.source.git.repoURL", "repository"},
    {"mlflow.source.name", "source"},
    {"mlflow.source.type", "kind"},
    {"mlflow.project.entryPoint", "entry point"},
    {"mlflow.docker.image.name", "image"},
};

struct lineage_row {
    enum role role;
    char label[24];
    char *text;   /* as it came, or NULL for a heading */
    uint32_t run; /* enter opens it; ASSAY_NONE */
};

struct run_lineage {
    struct lineage_row *rows;
    size_t count, capacity;
    uint64_t version; /* of the catalog it was made from */
    uint32_t run;
    bool whole;          /* the column of parents had been read */
    int64_t registry_ms; /* when the registry it was made from was read; 0: none */
};

static void clear(struct run_lineage *lineage)
{
    for (size_t i = 0; i < lineage->count; i++) {
        free(lineage->rows[i].text);
    }
    lineage->count = 0;
}

void run_lineage_free(struct run_view *view)
{
    if (view->lineage) {
        clear(view->lineage);
        free(view->lineage->rows);
        free(view->lineage);
        view->lineage = NULL;
    }
}

/* ---- the rows ---- */

static struct lineage_row *add(struct run_lineage *lineage, const char *label, const char *text)
{
    ASSAY_GROW(lineage->rows, lineage->capacity, lineage->count + 1);
    struct lineage_row *row = &lineage->rows[lineage->count++];
    *row = (struct lineage_row){.role = ROLE_NORMAL, .run = ASSAY_NONE};
    snprintf(row->label, sizeof row->label, "%s", label);
    row->text = assay_strdup(text);
    return row;
}

static void heading(struct run_lineage *lineage, const char *title)
{
    if (lineage->count > 0) {
        add(lineage, "", "");
    }
    add(lineage, title, NULL)->role = ROLE_TITLE;
}

static void field(struct run_lineage *lineage, const char *label, const char *text)
{
    if (text && *text) {
        add(lineage, label, text);
    }
}

static void add_run(struct run_view *view, struct run_lineage *lineage, const char *label,
                    uint32_t index)
{
    char title[200], text[300];
    struct assay_catalog *catalog = view->app->catalog;
    const struct assay_run *run = assay_catalog_run(catalog, index);
    run_title(catalog, index, title, sizeof title);
    snprintf(text, sizeof text, "%s   %s", title, assay_run_status_name(run->status));
    add(lineage, label, text)->run = index;
}

/* The parent is looked for among the runs of its own source: ids are unique there. */
static uint32_t find_run(struct assay_catalog *catalog, uint32_t source, const char *id)
{
    size_t count = assay_catalog_runs(catalog);
    for (uint32_t i = 0; i < count; i++) {
        const struct assay_run *run = assay_catalog_run(catalog, i);
        if (run->source == source && strcmp(run->id, id) == 0) {
            return i;
        }
    }
    return ASSAY_NONE;
}

static void add_family(struct run_view *view, struct run_lineage *lineage)
{
    struct assay_catalog *catalog = view->app->catalog;
    const struct assay_run *run = assay_catalog_run(catalog, view->run);
    const char *parent = assay_attrs_tag(run_attrs(view), PARENT_TAG);
    if (parent) {
        uint32_t index = find_run(catalog, run->source, parent);
        heading(lineage, "PARENT");
        if (index != ASSAY_NONE) {
            add_run(view, lineage, "run", index);
        } else {
            add(lineage, "run, not here", parent);
        }
    }
    const struct assay_column *column =
        assay_catalog_column(catalog, ASSAY_FIELD_TAG, PARENT_TAG, ASSAY_STAT_LAST);
    size_t children = 0;
    for (uint32_t i = 0; i < column->count; i++) {
        const char *of = column->present[i] ? column->texts[i] : NULL;
        if (!of || strcmp(of, run->id) != 0 ||
            assay_catalog_run(catalog, i)->source != run->source) {
            continue;
        }
        if (children++ == 0) {
            heading(lineage, "CHILDREN");
        }
        if (children <= CHILDREN_MAX) {
            add_run(view, lineage, "run", i);
        }
    }
    if (children > CHILDREN_MAX) {
        char text[80];
        snprintf(text, sizeof text, "%zu more: at home, tags.`" PARENT_TAG "` = ... finds them",
                 children - CHILDREN_MAX);
        add(lineage, "", text);
    }
    lineage->whole = column->ready;
}

static void add_data(struct run_view *view, struct run_lineage *lineage)
{
    const struct assay_attrs *attrs = run_attrs(view);
    for (size_t i = 0; i < attrs->input_count; i++) {
        const struct assay_input *input = &attrs->inputs[i];
        heading(lineage, strcmp(input->type, "model") == 0 ? "MODEL USED" : "DATA");
        field(lineage, *input->type ? input->type : "input", input->name);
        field(lineage, "used for", input->context);
        field(lineage, "digest", input->digest);
        field(lineage, "source", input->source);
        field(lineage, "kind", input->source_type);
        field(lineage, "schema", input->schema);
        field(lineage, "profile", input->profile);
    }
}

static void add_code(struct run_view *view, struct run_lineage *lineage)
{
    const struct assay_attrs *attrs = run_attrs(view);
    bool begun = false;
    for (size_t i = 0; i < ASSAY_COUNT(tags); i++) {
        const char *value = assay_attrs_tag(attrs, tags[i].tag);
        if (value && *value) {
            if (!begun) {
                heading(lineage, "CODE");
            }
            begun = true;
            field(lineage, tags[i].label, value);
        }
    }
}

static void add_version(struct run_lineage *lineage, const struct assay_registered_model *model,
                        const struct assay_model_version *version)
{
    struct assay_buf text = {.limit = 2000};
    assay_buf_format(&text, "%s v%s", model->name, version->version);
    for (size_t i = 0; i < version->alias_count; i++) {
        assay_buf_format(&text, "  @%s", version->aliases[i]);
    }
    if (*version->stage) {
        assay_buf_format(&text, "  %s", version->stage);
    }
    add(lineage, "version", assay_buf_text(&text));
    assay_buf_free(&text);
}

static void add_made(struct run_view *view, struct run_lineage *lineage)
{
    const struct assay_attrs *attrs = run_attrs(view);
    const struct assay_run *run = assay_catalog_run(view->app->catalog, view->run);
    bool begun = false;
    for (size_t i = 0; i < attrs->output_count; i++) {
        char text[400];
        const struct assay_output *output = &attrs->outputs[i];
        snprintf(text, sizeof text, "%s   at step %lld   %s",
                 *output->name ? output->name : "(no name)", (long long)output->step,
                 output->id);
        if (!begun) {
            heading(lineage, "MADE");
        }
        begun = true;
        add(lineage, *output->type ? output->type : "output", text);
    }
    struct assay_registry_state state;
    const struct assay_registry *registry =
        assay_session_registry(view->app->session, run->source, &state);
    lineage->registry_ms = registry ? registry->read_ms : 0;
    for (size_t i = 0; registry && i < registry->count; i++) {
        const struct assay_registered_model *model = &registry->models[i];
        for (size_t k = 0; k < model->version_count; k++) {
            if (strcmp(model->versions[k].run_id, run->id) == 0) {
                if (!begun) {
                    heading(lineage, "MADE");
                }
                begun = true;
                add_version(lineage, model, &model->versions[k]);
            }
        }
    }
}

static struct run_lineage *lineage_of(struct run_view *view)
{
    struct assay_catalog *catalog = view->app->catalog;
    struct run_lineage *lineage = view->lineage;
    if (!lineage) {
        lineage = view->lineage = assay_alloc(sizeof *lineage);
        lineage->run = ASSAY_NONE;
    }
    struct assay_registry_state state;
    uint32_t source = assay_catalog_run(catalog, view->run)->source;
    const struct assay_registry *registry =
        assay_session_registry(view->app->session, source, &state);
    bool same = lineage->run == view->run && lineage->whole &&
                lineage->version == assay_catalog_version(catalog) &&
                lineage->registry_ms == (registry ? registry->read_ms : 0);
    if (!same) {
        clear(lineage);
        add_family(view, lineage);
        add_data(view, lineage);
        add_code(view, lineage);
        add_made(view, lineage);
        lineage->run = view->run;
        lineage->version = assay_catalog_version(catalog);
    }
    return lineage;
}

/* ---- the tab ---- */

static bool stands(const struct run_lineage *lineage, size_t at)
{
    return lineage->rows[at].text && *lineage->rows[at].text;
}

/* Off headings and blank rows: on the way it was going, or back where nothing more is there. */
static void settle(struct run_view *view, const struct run_lineage *lineage, bool up)
{
    size_t at = view->list.cursor;
    while (up && at > 0 && !stands(lineage, at)) {
        at--;
    }
    while (at + 1 < lineage->count && !stands(lineage, at)) {
        at++;
    }
    view->list.cursor = at;
}

bool run_lineage_command(struct run_view *view, enum command_id id)
{
    const struct run_lineage *lineage = lineage_of(view);
    bool took = list_command(&view->list, lineage->count, id);
    if (took && lineage->count > 0) {
        settle(view, lineage, id == CMD_UP || id == CMD_PAGE_UP);
    }
    return took;
}

bool run_lineage_any(struct run_view *view)
{
    const struct assay_attrs *attrs = run_attrs(view);
    return attrs->input_count + attrs->output_count > 0 || assay_attrs_tag(attrs, PARENT_TAG) ||
           assay_attrs_tag(attrs, tags[0].tag);
}

void run_lineage_draw(struct run_view *view, struct area area)
{
    const struct run_lineage *lineage = lineage_of(view);
    int width = area.rect.width, height = area.rect.height;
    if (lineage->count == 0) {
        draw_text(area, 3, 1, ROLE_DIM,
                  "nothing was logged of its data, its code, its parent or what it made");
        return;
    }
    view->list_rect = area.rect;
    list_fit(&view->list, lineage->count, height);
    settle(view, lineage, false);
    for (int y = 0; y < height && view->list.top + (size_t)y < lineage->count; y++) {
        size_t at = view->list.top + (size_t)y;
        const struct lineage_row *row = &lineage->rows[at];
        struct area line = area_row(area, y);
        if (at == view->list.cursor) {
            line = area_under(line, ROLE_HERE);
            draw_clear(line);
        }
        draw_text(line, row->text ? 5 : 3, 0, row->text ? ROLE_DIM : row->role, row->label);
        if (row->text) {
            struct assay_buf clean = {.limit = 16384};
            size_t length = strlen(row->text);
            assay_text_clean(&clean, row->text, length < 2000 ? length : 2000);
            draw_field(line, VALUE_AT, 0, width - VALUE_AT - 2, ALIGN_LEFT,
                       row->run != ASSAY_NONE ? ROLE_STRONG : ROLE_NORMAL,
                       assay_buf_text(&clean));
            assay_buf_free(&clean);
        }
    }
    draw_scrollbar(area, width - 1, 0, height, view->list.top, lineage->count);
}

const char *run_lineage_text(struct run_view *view)
{
    const struct run_lineage *lineage = lineage_of(view);
    uint32_t run = run_lineage_run(view);
    return run != ASSAY_NONE                    ? assay_catalog_run(view->app->catalog, run)->id
           : view->list.cursor < lineage->count ? lineage->rows[view->list.cursor].text
                                                : NULL;
}

size_t run_lineage_rows(struct run_view *view)
{
    return lineage_of(view)->count;
}

uint32_t run_lineage_run(struct run_view *view)
{
    const struct run_lineage *lineage = lineage_of(view);
    return view->list.cursor < lineage->count ? lineage->rows[view->list.cursor].run
                                              : ASSAY_NONE;
}
