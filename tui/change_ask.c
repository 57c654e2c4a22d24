/*
 * Asking for a change, looking at it, making it (change_ask.h). Called by the screens of runs
 * and of models.
 */
#include "change_ask.h"

#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "editor.h"

static void forget(struct change_ask *ask)
{
    assay_arena_free(&ask->arena);
    free(ask->before);
    ask->before = NULL;
    ask->change = (struct assay_change){0};
}

void change_ask_free(struct change_ask *ask)
{
    forget(ask);
    prompt_free(&ask->prompt);
}

static void stop(struct change_ask *ask, struct app *app)
{
    forget(ask);
    ask->asking = ASKING_NOTHING;
    app_dirty(app);
}

/* ---- beginning ---- */

bool change_ask_refused(struct app *app, uint32_t source)
{
    struct assay_server server;

    if (!assay_session_server(app->session, source, &server)) {
        app_say(app, "only what lies on a server is written to from here; this is read from a "
                     "place on this machine");
        return true;
    }
    if (server.read_only)
        app_say(app, "this server is read-only; read_only = no in its section of config.ini "
                     "allows writing");
    return server.read_only;
}

static bool take_change(struct change_ask *ask, struct app *app,
                        const struct assay_change *from)
{
    if (ask->asking != ASKING_NOTHING || change_ask_refused(app, from->source))
        return false;
    forget(ask);
    ask->change = *from;
    ask->change.run_id = assay_arena_strdup(&ask->arena, from->run_id);
    ask->change.run_name = assay_arena_strdup(&ask->arena, from->run_name);
    ask->change.model = assay_arena_strdup(&ask->arena, from->model);
    ask->change.version = assay_arena_strdup(&ask->arena, from->version);
    ask->change.key = assay_arena_strdup(&ask->arena, from->key);
    ask->change.value = assay_arena_strdup(&ask->arena, from->value);
    app_dirty(app);
    return true;
}

bool change_ask_begin(struct change_ask *ask, struct app *app,
                      const struct assay_change *change, const char *text)
{
    if (!take_change(ask, app, change))
        return false;
    prompt_set(&ask->prompt, text);
    ask->asking = ASKING_TEXT;
    return true;
}

static void look(struct change_ask *ask, struct app *app)
{
    ask->job = assay_change_start(app->session, &ask->change, false, NULL);
    ask->asking = ASKING_LOOK;
    app_dirty(app);
}

bool change_ask_known(struct change_ask *ask, struct app *app,
                      const struct assay_change *change)
{
    if (!take_change(ask, app, change))
        return false;
    look(ask, app);
    return true;
}

bool change_ask_edit(struct change_ask *ask, struct app *app, const struct assay_change *change,
                     const char *now)
{
    struct assay_change written = *change;
    struct assay_error err = {0};
    bool begun = false;
    char *text;

    if (ask->asking != ASKING_NOTHING || change_ask_refused(app, change->source))
        return false;
    text = editor_text(app, now, &err);
    if (!text) {
        app_fail(app, &err);
    } else if (strcmp(text, now) == 0) {
        app_say(app, "the text is as it was");
    } else {
        written.value = *text ? text : NULL;
        begun = change_ask_known(ask, app, &written);
    }
    free(text);
    return begun;
}

/* ---- what is typed ---- */

static bool is_tag(enum assay_change_kind kind)
{
    return kind == ASSAY_CHANGE_RUN_TAG || kind == ASSAY_CHANGE_MODEL_TAG ||
           kind == ASSAY_CHANGE_VERSION_TAG;
}

/* What is wrong with the text; NULL where it was taken. "champion", "-champion"; "team=ads",
   "-team"; "fraud=model", "fraud"; any text. */
static const char *take_text(struct change_ask *ask)
{
    const char *text = ask->prompt.text, *equals = strchr(text, '=');
    struct assay_change *change = &ask->change;
    bool tag = is_tag(change->kind);

    if (change->kind == ASSAY_CHANGE_MODEL_TEXT || change->kind == ASSAY_CHANGE_VERSION_TEXT ||
        change->kind == ASSAY_CHANGE_RUN_NAME) {
        change->value = assay_arena_strdup(&ask->arena, text);
        return NULL;
    }
    if (change->kind == ASSAY_CHANGE_REGISTER) {
        size_t length = equals ? (size_t)(equals - text) : strlen(text);

        if (!length)
            return "a version is registered as MODEL, or MODEL=PATH among the run's artifacts";
        change->model = assay_arena_strndup(&ask->arena, text, length);
        if (equals)
            change->value = assay_arena_strdup(&ask->arena, equals + 1);
        return NULL;
    }
    if (text[0] == '-' && text[1]) {
        change->key = assay_arena_strdup(&ask->arena, text + 1);
        change->value = NULL;
        return NULL;
    }
    if (!text[0] || (tag && (!equals || equals == text)))
        return tag ? "a tag is NAME=VALUE; -NAME deletes one"
                   : "an alias is a name; -NAME deletes one";
    change->key = tag ? assay_arena_strndup(&ask->arena, text, (size_t)(equals - text))
                      : assay_arena_strdup(&ask->arena, text);
    change->value = tag ? assay_arena_strdup(&ask->arena, equals + 1) : change->version;
    return NULL;
}

static void typed(struct change_ask *ask, struct app *app)
{
    const char *wrong = take_text(ask);

    if (wrong) {
        app_say(app, "%s", wrong);
        return;
    }
    prompt_remember(&ask->prompt);
    look(ask, app);
}

bool change_ask_event(struct change_ask *ask, struct app *app, const struct event *event)
{
    bool enter = event->kind == EVENT_KEY && event->key == KEYS_ENTER;
    bool escape = event->kind == EVENT_KEY && event->key == KEYS_ESCAPE;

    if (ask->asking == ASKING_NOTHING)
        return false;
    if (event->kind != EVENT_KEY && event->kind != EVENT_PASTE && event->kind != EVENT_MOUSE)
        return false;
    if (ask->asking == ASKING_TEXT) {
        switch (prompt_event(&ask->prompt, event)) {
        case PROMPT_ENTER:
            typed(ask, app);
            break;
        case PROMPT_ESCAPE:
            stop(ask, app);
            break;
        default:
            app_dirty(app);
            break;
        }
        return true;
    }
    if (ask->asking == ASKING_YES && enter) {
        ask->job = assay_change_start(app->session, &ask->change, true, ask->before);
        ask->asking = ASKING_WRITE;
        app_dirty(app);
    } else if (escape && ask->asking != ASKING_WRITE) {
        stop(ask, app);
    }
    return true;
}

/* ---- what came of it ---- */

static void made(struct change_ask *ask, struct app *app,
                 const struct assay_change_result *result)
{
    struct assay_buf text = {0};

    assay_change_text(&ask->change, ask->before, &text);
    if (ask->change.kind == ASSAY_CHANGE_REGISTER && result->text && !ask->before) {
        assay_buf_text_add(&text, ": version ");
        assay_text_clean(&text, result->text, strlen(result->text));
    }
    app_say(app, "written: %s", assay_buf_text(&text));
    assay_buf_free(&text);
    stop(ask, app);
}

/* Nothing is asked where nothing would be written. */
static void looked(struct change_ask *ask, struct app *app)
{
    struct assay_buf text = {0};

    if (!assay_change_is_there(&ask->change, ask->before)) {
        ask->asking = ASKING_YES;
        app_dirty(app);
        return;
    }
    assay_change_text(&ask->change, ask->before, &text);
    app_say(app, "nothing to write: %s", assay_buf_text(&text));
    assay_buf_free(&text);
    stop(ask, app);
}

void change_ask_poll(struct change_ask *ask, struct app *app)
{
    struct assay_change_result result;

    if ((ask->asking != ASKING_LOOK && ask->asking != ASKING_WRITE) ||
        !assay_change_done(app->session, ask->job, &result))
        return;
    if (result.status != ASSAY_OK) {
        app_fail(app, &result.error);
        stop(ask, app);
        return;
    }
    if (ask->asking == ASKING_LOOK) {
        free(ask->before);
        ask->before = assay_strdup(result.text);
        looked(ask, app);
        return;
    }
    made(ask, app, &result);
}

/* ---- drawing ---- */

static const char *question(enum assay_change_kind kind)
{
    return kind == ASSAY_CHANGE_ALIAS      ? "alias for this version (-NAME deletes): "
           : is_tag(kind)                  ? "tag (NAME=VALUE, -NAME deletes): "
           : kind == ASSAY_CHANGE_RUN_NAME ? "name: "
           : kind == ASSAY_CHANGE_REGISTER ? "register as (MODEL, or MODEL=PATH of its files): "
                                           : "description: ";
}

void change_ask_draw(struct change_ask *ask, struct area row)
{
    struct assay_buf text = {0};
    int x = 1;

    if (ask->asking == ASKING_NOTHING)
        return;
    draw_clear(row);
    if (ask->asking == ASKING_TEXT) {
        x += draw_text(row, x, 0, ROLE_ACCENT, question(ask->change.kind));
        x = prompt_draw(&ask->prompt, row, x, 0, row.rect.width - x - 1, 0, NULL);
        draw_restyle(row, x, 0, 1, ROLE_HERE);
        return;
    }
    if (ask->asking == ASKING_LOOK) {
        draw_text(row, x, 0, ROLE_DIM, "looking at what the server has now");
        return;
    }
    assay_change_text(&ask->change, ask->before, &text);
    x += draw_text(row, x, 0, ROLE_ACCENT,
                   ask->asking == ASKING_WRITE ? "writing   " : "write?   ");
    draw_field(row, x, 0, row.rect.width - x - 1, ALIGN_LEFT, ROLE_STRONG,
               assay_buf_text(&text));
    assay_buf_free(&text);
}

const char *change_ask_typing(const struct change_ask *ask)
{
    return ask->asking == ASKING_TEXT   ? "enter=look\tesc=leave it"
           : ask->asking == ASKING_YES  ? "enter=write it\tesc=leave it"
           : ask->asking == ASKING_LOOK ? "esc=leave it"
                                        : NULL;
}
