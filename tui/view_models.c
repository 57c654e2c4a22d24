/*
 * Models: the registered models of every server, their versions below them, aliases as flags,
 * the champion marked; beside the list what is known of the version under the cursor and what
 * changed since the champion.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "models_view.h"
#include "run_args.h"
#include "view_ask.h"

#define OPEN_AT_MOST 40 /* models: where there are more all are shut at first */

static void *models_open(struct app *app, const void *argument)
{
    struct models_view *view = assay_alloc(sizeof *view);

    (void)argument;
    view->app = app;
    return view;
}

static void models_close(void *self)
{
    struct models_view *view = self;

    change_ask_free(&view->ask);
    models_detail_free(view);
    assay_map_free(&view->folded);
    free(view->lines);
    free(view);
}

const struct models_line *models_here(const struct models_view *view)
{
    return view->list.cursor < view->count ? &view->lines[view->list.cursor] : NULL;
}

uint32_t models_run(const struct models_view *view, uint32_t source, const char *id)
{
    struct assay_catalog *catalog = view->app->catalog;

    for (uint32_t i = 0; *id && i < assay_catalog_runs(catalog); i++) {
        const struct assay_run *run = assay_catalog_run(catalog, i);

        if (run->source == source && strcmp(run->id, id) == 0)
            return i;
    }
    return ASSAY_NONE;
}

const struct assay_model_version *models_champion(const struct models_line *line)
{
    return line->model->champion < line->model->version_count
               ? &line->model->versions[line->model->champion]
               : NULL;
}

/* ---- rows ---- */

static void fold_key(char out[320], uint32_t source, const char *name)
{
    snprintf(out, 320, "%u/%.300s", source, name);
}

static bool is_open(const struct models_view *view, uint32_t source,
                    const struct assay_registered_model *model)
{
    char key[320];
    uint32_t value;

    fold_key(key, source, model->name);
    value = assay_map_get(&view->folded, key, strlen(key));
    return value == ASSAY_MAP_NONE ? view->models <= OPEN_AT_MOST : value != 0;
}

static void add_line(struct models_view *view, uint32_t source,
                     const struct assay_registered_model *model,
                     const struct assay_model_version *version)
{
    struct models_line *line;

    ASSAY_GROW(view->lines, view->capacity, view->count + 1);
    line = &view->lines[view->count++];
    *line = (struct models_line){source, model, version};
    if (view->here.source == source && strcmp(view->here.model, model->name) == 0 &&
        strcmp(view->here.version, version ? version->version : "") == 0)
        view->list.cursor = view->count - 1;
}

static void add_registry(struct models_view *view, uint32_t source,
                         const struct assay_registry *registry)
{
    for (size_t m = 0; m < registry->count; m++) {
        const struct assay_registered_model *model = &registry->models[m];

        add_line(view, source, model, NULL);
        if (!is_open(view, source, model))
            continue;
        for (size_t v = 0; v < model->version_count; v++)
            add_line(view, source, model, &model->versions[v]);
    }
}

static void build(struct models_view *view)
{
    struct app *app = view->app;

    view->count = view->registries = view->filled = 0;
    for (int pass = 0; pass < 2; pass++) { /* how many there are, then the lines */
        size_t models = 0, versions = 0;

        for (uint32_t s = 0; s < assay_catalog_sources(app->catalog); s++) {
            struct assay_registry_state state;
            const struct assay_registry *registry =
                assay_session_registry(app->session, s, &state);

            view->registries += pass && state.load != ASSAY_LOAD_NONE;
            for (size_t m = 0; registry && m < registry->count; m++)
                versions += registry->models[m].version_count;
            models += registry ? registry->count : 0;
            view->filled += pass && registry && registry->count > 0;
            if (pass && registry)
                add_registry(view, s, registry);
        }
        view->models = models;
        view->versions = versions;
    }
}

/* Remembers what the cursor is on. */
static void keep_here(struct models_view *view)
{
    const struct models_line *line = models_here(view);

    if (!line)
        return;
    view->here.source = line->source;
    snprintf(view->here.model, sizeof view->here.model, "%s", line->model->name);
    snprintf(view->here.version, sizeof view->here.version, "%s",
             line->version ? line->version->version : "");
}

static void draw_model_row(struct models_view *view, const struct models_line *line,
                           struct area row)
{
    const struct assay_registered_model *model = line->model;
    char name[300], text[120];
    int x = 1, width = row.rect.width;
    bool ascii = row.canvas->ascii, open = is_open(view, line->source, model);

    x += draw_text(row, x, 0, ROLE_DIM, open ? (ascii ? "v" : "▾") : (ascii ? ">" : "▸")) + 1;
    assay_text_clean_to(name, sizeof name, model->name);
    draw_field(row, x, 0, width - x - 22, ALIGN_LEFT, model->prompt ? ROLE_NORMAL : ROLE_STRONG,
               name);
    if (view->filled > 1) { /* the same name may be registered in several places */
        assay_text_clean_to(text, sizeof text,
                            assay_catalog_source(view->app->catalog, line->source)->name);
        draw_field(row, x + (width - x - 22) / 2, 0, (width - x - 22) / 2, ALIGN_LEFT, ROLE_DIM,
                   text);
    }
    snprintf(text, sizeof text, "%s%zu", model->prompt ? "prompt   " : "",
             model->version_count);
    draw_field(row, width - 21, 0, 20, ALIGN_RIGHT, ROLE_DIM, text);
}

static enum role version_role(const struct models_line *line)
{
    return line->version == models_champion(line)        ? ROLE_BETTER
           : strcmp(line->version->status, "READY") == 0 ? ROLE_NORMAL
                                                         : ROLE_WARNING;
}

static void draw_version_row(struct models_view *view, const struct models_line *line,
                             struct area row)
{
    const struct assay_model_version *version = line->version;
    const int width = row.rect.width;
    bool champion = version == models_champion(line);
    struct assay_buf text = {0}, clean = {0};
    char age[16];
    int x = 3;

    draw_text(row, x, 0, ROLE_BETTER, champion ? (row.canvas->ascii ? "*" : "★") : " ");
    x += 2;
    assay_buf_format(&text, "v%s", version->version);
    assay_text_clean(&clean, assay_buf_text(&text), text.length);
    draw_field(row, x, 0, 7, ALIGN_LEFT, version_role(line), assay_buf_text(&clean));
    x += 8;
    assay_buf_reset(&text);
    assay_buf_reset(&clean);
    for (size_t i = 0; i < version->alias_count; i++)
        assay_buf_format(&text, "%s%s", i ? " " : "", version->aliases[i]);
    if (*version->stage)
        assay_buf_format(&text, "%s(%s)", text.length ? " " : "", version->stage);
    if (strcmp(version->status, "READY") != 0)
        assay_buf_format(&text, "%s%s", text.length ? " " : "", version->status);
    assay_text_clean(&clean, assay_buf_text(&text), text.length);
    draw_field(row, x, 0, width - x - 8, ALIGN_LEFT, ROLE_ACCENT, assay_buf_text(&clean));
    draw_field(row, width - 7, 0, 6, ALIGN_RIGHT, ROLE_DIM,
               assay_age_text(age, version->created_ms, view->app->now_ms));
    assay_buf_free(&text);
    assay_buf_free(&clean);
}

/* ---- the screen ---- */

static void draw_empty(struct models_view *view, struct area area)
{
    struct assay_registry_state state;

    if (!view->registries) {
        draw_text(area, 3, 2, ROLE_NORMAL, "None of the sources registers models.");
        draw_text(area, 3, 3, ROLE_DIM, "MLflow does, on servers and in its stores on disk:");
        draw_text(area, 3, 5, ROLE_KEY, "assay http://mlflow.example:5000");
        draw_text(area, 3, 6, ROLE_KEY, "assay mlflow.db mlruns");
        return;
    }
    for (uint32_t s = 0; s < assay_catalog_sources(view->app->catalog); s++) {
        assay_session_registry(view->app->session, s, &state);
        if (state.load == ASSAY_LOAD_BUSY) {
            draw_text(area, 3, 2, ROLE_DIM, "reading the registries");
            return;
        }
    }
    draw_text(area, 3, 2, ROLE_NORMAL, "No model is registered.");
    draw_text(area, 3, 3, ROLE_DIM, "From a run of a server: its key for register, or");
    draw_text(area, 3, 5, ROLE_KEY, "assay change RUN --register MODEL --artifact PATH");
}

/* Servers that did not answer, and how old what is shown of them is, from the first moment on;
   stores of which something could not be read. */
static int draw_source_state(struct models_view *view, struct area row, int x, const char *name,
                             const struct assay_registry *registry,
                             const struct assay_registry_state *state)
{
    char age[16], why[300];

    if (registry && registry->problem) {
        assay_text_clean_to(why, sizeof why, registry->problem);
        return draw_format(row, x, 0, ROLE_WARNING, "%s: %zu not read: %s   ", name,
                           registry->problems, why);
    }
    if (!registry)
        return draw_format(row, x, 0, ROLE_WARNING, "%s: cannot be read   ", name);
    assay_age_text(age, registry->read_ms, view->app->now_ms);
    if (state->error.status == ASSAY_OK || state->offline)
        return draw_format(row, x, 0, ROLE_WARNING, "%s: %sas of %s ago   ", name,
                           state->offline ? "offline, " : "", age);
    assay_text_clean_to(why, sizeof why, state->error.what);
    return draw_format(row, x, 0, ROLE_WARNING, "%s: as of %s ago, not read: %s   ", name, age,
                       why);
}

static void draw_state(struct models_view *view, struct area row, int x)
{
    for (uint32_t s = 0; s < assay_catalog_sources(view->app->catalog); s++) {
        struct assay_registry_state state;
        const struct assay_registry *registry =
            assay_session_registry(view->app->session, s, &state);
        char name[120];

        if (state.error.status == ASSAY_OK && !state.kept && !(registry && registry->problem))
            continue;
        assay_text_clean_to(name, sizeof name,
                            assay_catalog_source(view->app->catalog, s)->name);
        x += draw_source_state(view, row, x, name, registry, &state);
    }
}

static void draw_list(struct models_view *view, struct area rows)
{
    int height = rows.rect.height;

    list_fit(&view->list, view->count, height);
    for (int y = 0; y < height && view->list.top + (size_t)y < view->count; y++) {
        const struct models_line *line = &view->lines[view->list.top + (size_t)y];
        struct area row = area_row(rows, y);

        if (view->list.top + (size_t)y == view->list.cursor) {
            row = area_under(row, ROLE_HERE);
            draw_clear(row);
        }
        if (line->version)
            draw_version_row(view, line, row);
        else
            draw_model_row(view, line, row);
    }
    draw_scrollbar(rows, rows.rect.width - 1, 0, height, view->list.top, view->count);
}

static void models_draw(void *self, struct area area)
{
    struct models_view *view = self;
    const int width = area.rect.width, height = area.rect.height;
    bool wide = width >= 100;
    int list_width = wide ? (width * 2) / 5 : width;
    int list_height = wide ? height - 1 : (height - 1) / 2;

    build(view);
    int x = 1 + draw_text(area, 1, 0, ROLE_TITLE, "MODELS") + 3;
    x += draw_format(area, x, 0, ROLE_DIM, "%zu %s   %zu versions   ", view->models,
                     view->models == 1 ? "model" : "models", view->versions);
    draw_state(view, area_row(area, 0), x);
    struct area rows = area_part(area, 0, 1, list_width, list_height);
    view->rect = rows.rect;
    if (view->count == 0)
        draw_empty(view, area_part(area, 0, 1, width, height - 1));
    draw_list(view, rows);
    keep_here(view);
    if (wide && view->count) {
        draw_vline(area, list_width, 1, height - 1, ROLE_BORDER);
        models_detail_draw(
            view, area_part(area, list_width + 1, 1, width - list_width - 1, height - 1));
    } else if (view->count) {
        draw_hline(area, 0, 1 + list_height, width, ROLE_BORDER);
        models_detail_draw(
            view, area_part(area, 0, 2 + list_height, width, height - list_height - 2));
    }
    change_ask_draw(&view->ask, area_row(area, height - 1));
}

/* ---- what it does ---- */

static void fold(struct models_view *view, const struct models_line *line, bool open)
{
    char key[320];

    fold_key(key, line->source, line->model->name);
    assay_map_set(&view->folded, key, strlen(key), open);
    view->here.source = line->source;
    snprintf(view->here.model, sizeof view->here.model, "%s", line->model->name);
    if (!open)
        view->here.version[0] = '\0';
    app_dirty(view->app);
}

static void open_here(struct models_view *view)
{
    const struct models_line *line = models_here(view);
    uint32_t run;

    if (!line)
        return;
    if (!line->version) {
        fold(view, line, !is_open(view, line->source, line->model));
        return;
    }
    run = models_run(view, line->source, line->version->run_id);
    if (run == ASSAY_NONE) {
        app_say(view->app, "the version's run is not there");
        return;
    }
    app_open(view->app, &view_run,
             &(struct run_args){.run = run, .rows = &run, .count = 1, .metric = ""});
}

static void compare_here(struct models_view *view)
{
    const struct models_line *line = models_here(view);
    const struct assay_model_version *champion = line ? models_champion(line) : NULL;
    uint32_t runs[2];

    if (!line || !line->version || !champion || champion == line->version) {
        app_say(view->app,
                "a version is compared with its model's champion: go to another one");
        return;
    }
    runs[0] = models_run(view, line->source, champion->run_id);
    runs[1] = models_run(view, line->source, line->version->run_id);
    if (runs[0] == ASSAY_NONE || runs[1] == ASSAY_NONE || runs[0] == runs[1]) {
        app_say(view->app, "two runs are needed, one for each version");
        return;
    }
    app_open(view->app, &view_compare, &(struct compare_args){runs, 2, runs[0]});
}

/* The request of the version under the cursor; what is written names it, so the form may lie
   over this screen. */
static void ask_here(struct models_view *view)
{
    const struct models_line *line = models_here(view);

    if (line && line->version)
        view_ask_version(view->app, line->source, line->model->name, line->version->version);
    else
        app_say(view->app, "a version is asked for: go to one");
}

static void ask_again(struct models_view *view)
{
    for (uint32_t s = 0; s < assay_catalog_sources(view->app->catalog); s++)
        assay_session_registry_refresh(view->app->session, s);
}

static bool models_command(void *self, enum command_id id, const char *argument)
{
    struct models_view *view = self;

    (void)argument;
    build(view);
    if (list_command(&view->list, view->count, id)) {
        keep_here(view);
        return true;
    }
    switch (id) {
    case CMD_OPEN:
        open_here(view);
        return true;
    case CMD_LEFT:
    case CMD_RIGHT:
        if (models_here(view))
            fold(view, models_here(view), id == CMD_RIGHT);
        return true;
    case CMD_COMPARE:
        compare_here(view);
        return true;
    case CMD_ASK:
        ask_here(view);
        return true;
    case CMD_SINCE_CHAMPION:
        models_detail_champion(view);
        return true;
    case CMD_DIGEST:
        models_digest_compute(view);
        return true;
    case CMD_DETAIL_DOWN:
    case CMD_DETAIL_UP:
        models_detail_scroll(view, id == CMD_DETAIL_DOWN ? 3 : -3);
        return true;
    case CMD_REFRESH:
        ask_again(view);
        return true;
    case CMD_CANCEL:
        app_back(view->app);
        return true;
    default:
        return models_change_command(view, id);
    }
}

static bool models_event(void *self, const struct event *event)
{
    struct models_view *view = self;
    size_t row;

    if (change_ask_event(&view->ask, view->app, event))
        return true;
    if (event->kind != EVENT_MOUSE)
        return false;
    build(view);
    if ((event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN) &&
        rect_contains(view->detail.rect, event->x, event->y))
        models_detail_scroll(view, event->action == MOUSE_WHEEL_UP ? -3 : 3);
    else if (event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN)
        list_scroll(&view->list, view->count, event->action == MOUSE_WHEEL_UP ? -3 : 3);
    else if (event->action == MOUSE_PRESS &&
             list_hit(&view->list, view->count, event->y - view->rect.y, &row))
        view->list.cursor = row;
    keep_here(view);
    return true;
}

static void models_changed(void *self, unsigned changes)
{
    struct models_view *view = self;

    view->count = 0; /* the lines point into what may be gone */
    if (changes & ASSAY_CHANGED_JOBS)
        change_ask_poll(&view->ask, view->app);
    if (changes & (ASSAY_CHANGED_SOURCES | ASSAY_CHANGED_RUNS))
        app_dirty(view->app);
}

static void models_title(void *self, struct assay_buf *out)
{
    (void)self;
    assay_buf_text_add(out, "models");
}

static const enum command_id *models_hints(void *self)
{
    static const enum command_id hints[] = {
        CMD_DOWN, CMD_UP,       CMD_OPEN, CMD_SINCE_CHAMPION, CMD_ALIAS,
        CMD_TAG,  CMD_REGISTER, CMD_ASK,  CMD_BACK,           CMD_NONE};
    (void)self;
    return hints;
}

static const char *models_typing(void *self)
{
    struct models_view *view = self;

    return change_ask_typing(&view->ask);
}

static bool models_has(void *self, enum command_needs needs)
{
    struct models_view *view = self;

    build(view);
    return needs == NEEDS_RUN && models_here(view);
}

const struct view_ops view_models = {
    .where = WHERE_MODELS,
    .open = models_open,
    .close = models_close,
    .draw = models_draw,
    .command = models_command,
    .event = models_event,
    .changed = models_changed,
    .title = models_title,
    .hints = models_hints,
    .typing = models_typing,
    .has = models_has,
};
