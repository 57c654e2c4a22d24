/*
 * What is written from the models screen: aliases, tags, descriptions of the line under the
 * cursor, and new versions. How it is asked, shown and made stands in change_ask.c.
 */
#include "models_view.h"

#include <string.h>

static void begin_alias(struct models_view *view, const struct models_line *line)
{
    if (!line->version) {
        app_say(view->app, "an alias stands for a version: go to one");
        return;
    }
    change_ask_begin(&view->ask, view->app,
                     &(struct assay_change){.kind = ASSAY_CHANGE_ALIAS,
                                            .source = line->source,
                                            .model = line->model->name,
                                            .version = line->version->version},
                     "");
}

/* A description of one line is typed; a longer one would lose its lines there. */
static void begin_description(struct models_view *view, const struct models_line *line)
{
    const char *now = line->version ? line->version->description : line->model->description;
    const struct assay_change change = {
        .kind = line->version ? ASSAY_CHANGE_VERSION_TEXT : ASSAY_CHANGE_MODEL_TEXT,
        .source = line->source,
        .model = line->model->name,
        .version = line->version ? line->version->version : NULL};

    if (strpbrk(now, "\n\r\t") || strlen(now) >= PROMPT_SIZE / 2)
        change_ask_edit(&view->ask, view->app, &change, now);
    else
        change_ask_begin(&view->ask, view->app, &change, now);
}

static void begin_tag(struct models_view *view, const struct models_line *line)
{
    change_ask_begin(
        &view->ask, view->app,
        &(struct assay_change){.kind = line->version ? ASSAY_CHANGE_VERSION_TAG
                                                     : ASSAY_CHANGE_MODEL_TAG,
                               .source = line->source,
                               .model = line->model->name,
                               .version = line->version ? line->version->version : NULL},
        "");
}

/* A new version of the model under the cursor, or where there is none (LINE is NULL) of any,
   from the one run that is marked. */
static void begin_version(struct models_view *view, const struct models_line *line)
{
    const struct marks *marks = &view->app->marks;
    const struct assay_run *run =
        marks->count == 1 ? assay_catalog_run(view->app->catalog, marks->runs[0]) : NULL;

    if (!run || (line && run->source != line->source)) {
        app_say(view->app, run ? "the marked run is not where this model is registered"
                               : "mark the one run it is to be made from, on the first screen");
        return;
    }
    change_ask_register(&view->ask, view->app, marks->runs[0], line ? line->model->name : "");
}

bool models_change_command(struct models_view *view, enum command_id id)
{
    const struct models_line *line = models_here(view);
    void (*begin)(struct models_view *, const struct models_line *) =
        id == CMD_ALIAS      ? begin_alias
        : id == CMD_TAG      ? begin_tag
        : id == CMD_DESCRIBE ? begin_description
        : id == CMD_REGISTER ? begin_version
                             : NULL;

    if (!begin)
        return false;
    if (line || id == CMD_REGISTER)
        begin(view, line);
    return true;
}
