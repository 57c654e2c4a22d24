/*
 * Changing a model or a version from the screen: one line is typed, what the server has now is
 * looked at and stands there beside what it would become, enter writes. What came of it is said
 * in the bottom line and kept among the jobs.
 */
#include "models_view.h"

#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

static void forget(struct models_view *view)
{
    assay_arena_free(&view->arena);
    free(view->before);
    view->before = NULL;
    view->change = (struct assay_change){.kind = view->kind};
}

void models_change_free(struct models_view *view)
{
    forget(view);
    prompt_free(&view->prompt);
}

static void stop(struct models_view *view)
{
    forget(view);
    view->asking = MODELS_IDLE;
    app_dirty(view->app);
}

void models_change_begin(struct models_view *view, enum assay_change_kind kind)
{
    const struct models_line *line = models_here(view);
    struct assay_server server;

    if (!line || view->asking != MODELS_IDLE)
        return;
    if (assay_session_server(view->app->session, line->source, &server) && server.read_only) {
        app_say(view->app, "this server is read-only: read_only = no in its section of the "
                           "configuration file allows writing");
        return;
    }
    if (kind == ASSAY_CHANGE_ALIAS && !line->version) {
        app_say(view->app, "an alias stands for a version: go to one");
        return;
    }
    view->kind = kind;
    if (kind == ASSAY_CHANGE_MODEL_TAG && line->version)
        view->kind = ASSAY_CHANGE_VERSION_TAG;
    if (kind == ASSAY_CHANGE_MODEL_TEXT && line->version)
        view->kind = ASSAY_CHANGE_VERSION_TEXT;
    forget(view);
    prompt_set(&view->prompt, "");
    if (kind == ASSAY_CHANGE_MODEL_TEXT)
        prompt_set(&view->prompt,
                   line->version ? line->version->description : line->model->description);
    view->change.source = line->source;
    view->change.model = assay_arena_strdup(&view->arena, line->model->name);
    if (line->version)
        view->change.version = assay_arena_strdup(&view->arena, line->version->version);
    view->asking = MODELS_TYPING;
    app_dirty(view->app);
}

/* "champion", "-champion"; "team=ads", "-team"; any text. False where it says nothing. */
static bool take_text(struct models_view *view)
{
    const char *text = view->prompt.text, *equals = strchr(text, '=');
    struct assay_change *change = &view->change;
    bool tag = view->kind == ASSAY_CHANGE_MODEL_TAG || view->kind == ASSAY_CHANGE_VERSION_TAG;

    if (view->kind == ASSAY_CHANGE_MODEL_TEXT || view->kind == ASSAY_CHANGE_VERSION_TEXT) {
        change->value = assay_arena_strdup(&view->arena, text);
        return true;
    }
    if (text[0] == '-' && text[1]) {
        change->key = assay_arena_strdup(&view->arena, text + 1);
        change->value = NULL;
        return true;
    }
    if (!text[0] || (tag && (!equals || equals == text)))
        return false;
    change->key = tag ? assay_arena_strndup(&view->arena, text, (size_t)(equals - text))
                      : assay_arena_strdup(&view->arena, text);
    change->value = tag ? assay_arena_strdup(&view->arena, equals + 1) : change->version;
    return true;
}

static void typed(struct models_view *view)
{
    if (!take_text(view)) {
        app_say(view->app, "a tag is NAME=VALUE; -NAME deletes one");
        return;
    }
    prompt_remember(&view->prompt);
    view->job = assay_change_start(view->app->session, &view->change, false, NULL);
    view->asking = MODELS_LOOKING;
    app_dirty(view->app);
}

bool models_change_event(struct models_view *view, const struct event *event)
{
    bool enter = event->kind == EVENT_KEY && event->key == KEYS_ENTER;
    bool escape = event->kind == EVENT_KEY && event->key == KEYS_ESCAPE;

    if (view->asking == MODELS_IDLE)
        return false;
    if (event->kind != EVENT_KEY && event->kind != EVENT_PASTE && event->kind != EVENT_MOUSE)
        return false;
    if (view->asking == MODELS_TYPING) {
        switch (prompt_event(&view->prompt, event)) {
        case PROMPT_ENTER:
            typed(view);
            break;
        case PROMPT_ESCAPE:
            stop(view);
            break;
        default:
            app_dirty(view->app);
            break;
        }
        return true;
    }
    if (view->asking == MODELS_CONFIRM && enter) {
        view->job = assay_change_start(view->app->session, &view->change, true, view->before);
        view->asking = MODELS_WRITING;
        app_dirty(view->app);
    } else if (escape && view->asking != MODELS_WRITING) {
        stop(view);
    }
    return true;
}

void models_change_poll(struct models_view *view)
{
    struct assay_change_result result;
    struct assay_buf text = {0};

    if ((view->asking != MODELS_LOOKING && view->asking != MODELS_WRITING) ||
        !assay_change_done(view->app->session, view->job, &result))
        return;
    if (result.status != ASSAY_OK) {
        app_fail(view->app, &result.error);
        stop(view);
        return;
    }
    if (view->asking == MODELS_LOOKING) {
        free(view->before);
        view->before = assay_strdup(result.text);
        view->asking = MODELS_CONFIRM;
        app_dirty(view->app);
        return;
    }
    assay_change_text(&view->change, view->before, &text);
    app_say(view->app, "written: %s", assay_buf_text(&text));
    assay_buf_free(&text);
    stop(view);
}

void models_change_draw(struct models_view *view, struct area row)
{
    const char *what =
        view->kind == ASSAY_CHANGE_ALIAS ? "alias for this version (-NAME deletes): "
        : view->kind == ASSAY_CHANGE_MODEL_TAG || view->kind == ASSAY_CHANGE_VERSION_TAG
            ? "tag (NAME=VALUE, -NAME deletes): "
            : "description: ";
    struct assay_buf text = {0};
    int x = 1;

    if (view->asking == MODELS_IDLE)
        return;
    draw_clear(row);
    if (view->asking == MODELS_TYPING) {
        x += draw_text(row, x, 0, ROLE_ACCENT, what);
        x = prompt_draw(&view->prompt, row, x, 0, row.rect.width - x - 1, 0, NULL);
        draw_restyle(row, x, 0, 1, ROLE_HERE);
        return;
    }
    if (view->asking == MODELS_LOOKING) {
        draw_text(row, x, 0, ROLE_DIM, "looking at what the server has now");
        return;
    }
    assay_change_text(&view->change, view->before, &text);
    x += draw_text(row, x, 0, ROLE_ACCENT,
                   view->asking == MODELS_WRITING ? "writing   " : "write?   ");
    draw_field(row, x, 0, row.rect.width - x - 1, ALIGN_LEFT, ROLE_STRONG,
               assay_buf_text(&text));
    assay_buf_free(&text);
}

const char *models_change_typing(const struct models_view *view)
{
    return view->asking == MODELS_TYPING    ? "enter=look\tesc=leave it"
           : view->asking == MODELS_CONFIRM ? "enter=write it\tesc=leave it"
           : view->asking == MODELS_LOOKING ? "esc=leave it"
                                            : NULL;
}
