/*
 * The application (app.h): start and end, the loop, events to commands, the frame around the
 * screens. main() calls tui_run().
 */
#include "app.h"
#include "crew.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "demo.h"
#include "frame.h"
#include "inbox.h"
#include "opening.h"
#include "tui.h"
#include "view_request.h"

/* Changes that come from files and not from the user are drawn this often at most. */
#define CHANGE_INTERVAL_US 50000

/* ---- for screens ---- */

void app_dirty(struct app *app)
{
    app->dirty = true;
}

void app_draw_in(struct app *app, int64_t ms)
{
    int64_t when = assay_monotonic_us() + ms * 1000;
    if (when < app->redraw_us) {
        app->redraw_us = when;
    }
}

static struct app_screen *top(struct app *app)
{
    return &app->screens[app->depth - 1];
}

void app_open(struct app *app, const struct view_ops *ops, const void *argument)
{
    if (app->depth == APP_DEPTH || (app->depth > 0 && top(app)->ops == ops && !ops->stacks)) {
        return;
    }
    void *self = ops->open(app, argument);
    app->screens[app->depth++] = (struct app_screen){.ops = ops, .self = self};
    app_dirty(app);
}

void app_back(struct app *app)
{
    if (app->depth <= 1) {
        app->quit = true;
        return;
    }
    struct app_screen *screen = top(app);
    screen->ops->close(screen->self);
    app->depth--;
    if (top(app)->ops->shown) {
        top(app)->ops->shown(top(app)->self);
    }
    app_dirty(app);
}

static void add_message(struct app *app, bool error, const char *text)
{
    if (app->message_count == APP_MESSAGES) {
        memmove(app->messages, app->messages + 1, (APP_MESSAGES - 1) * sizeof *app->messages);
        app->message_count--;
    }
    struct app_message *message = &app->messages[app->message_count++];
    *message = (struct app_message){.error = error, .time_ms = assay_now_ms()};
    assay_text_clean_to(message->text, sizeof message->text, text);
    app->message_shown = true;
    app_dirty(app);
}

void app_say(struct app *app, const char *format, ...)
{
    char text[800];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_message(app, false, text);
}

void app_fail(struct app *app, const struct assay_error *err)
{
    char text[800];
    snprintf(text, sizeof text, "%s%s%s", err->what, err->hint[0] ? "; " : "", err->hint);
    add_message(app, true, text);
}

bool app_empty(const struct app *app)
{
    if (assay_catalog_runs(app->catalog) > 0 || app->demo.process.pid != 0) {
        return false;
    }
    for (uint32_t i = 0; i < assay_catalog_sources(app->catalog); i++) {
        enum assay_source_state state = assay_catalog_source(app->catalog, i)->state;
        if (state == ASSAY_SOURCE_WAITING || state == ASSAY_SOURCE_READING) {
            return false;
        }
    }
    return true;
}

/* ---- commands ---- */

static void next_theme(struct app *app, const char *name)
{
    if (!*name) {
        const char *now = term_theme(app->term)->name;
        size_t at = 0;
        while (theme_builtin(at) && strcmp(theme_builtin(at), now) != 0) {
            at++;
        }
        name = theme_builtin(at) ? theme_builtin(at + 1) : NULL;
        name = name ? name : theme_builtin(0);
    }
    struct assay_error err = {0};
    if (!name || term_set_theme(app->term, name, &err) != ASSAY_OK) {
        app_fail(app, &err);
        return;
    }
    app_say(app, "theme %s", term_theme(app->term)->name);
}

static void set_graphics(struct app *app, const char *wish)
{
    const struct graphics_caps *caps = graphics_caps(term_graphics(app->term));
    if (*wish == '\0') {
        app_say(app, "charts are drawn as %s: %s",
                caps->kind == GRAPHICS_TEXT    ? "text"
                : caps->kind == GRAPHICS_SIXEL ? "sixel"
                                               : "kitty images",
                caps->why);
    } else if (strcmp(wish, "text") == 0 || strcmp(wish, "auto") == 0) {
        app->text_charts = strcmp(wish, "text") == 0;
    } else {
        app_say(app, "graphics: text or auto; sixel or kitty is asked for at the start, by "
                     "ASSAY_GRAPHICS or by graphics in [ui]");
    }
}

/* A terminal does not say whether it took what it was given. */
static void copy(struct app *app)
{
    struct assay_buf text = {.limit = 1u << 20};
    struct app_screen *screen = top(app);
    if (!screen->ops->copy || !screen->ops->copy(screen->self, &text)) {
        app_say(app, "there is nothing to copy here");
    } else if (!term_copy(app->term, assay_buf_text(&text))) {
        app_say(app, "that is too long for a terminal's clipboard");
    } else {
        char clean[120];
        assay_text_clean_to(clean, sizeof clean, assay_buf_text(&text));
        app_say(app, "given to the terminal's clipboard: %s", clean);
    }
    assay_buf_free(&text);
}

static void refresh(struct app *app)
{
    assay_session_refresh(app->session, ASSAY_NONE);
    if (top(app)->ops->command) {
        top(app)->ops->command(top(app)->self, CMD_REFRESH, "");
    }
}

static bool global_command(struct app *app, enum command_id id, const char *argument)
{
    switch (id) {
    case CMD_BACK:
        app_back(app);
        return true;
    case CMD_QUIT:
        app->quit = true;
        return true;
    case CMD_PALETTE:
        palette_open(app, argument);
        return true;
    case CMD_HELP:
        app_open(app, &view_help, &top(app)->ops->where);
        return true;
    case CMD_ACTIVITY:
        app_open(app, &view_activity, NULL);
        return true;
    case CMD_MODELS:
        app_open(app, &view_models, NULL);
        return true;
    case CMD_APPROVALS:
        view_queue_go(app, NULL);
        return true;
    case CMD_REFRESH:
        refresh(app);
        return true;
    case CMD_COPY:
        copy(app);
        return true;
    case CMD_REDRAW:
        term_redraw(app->term);
        return true;
    case CMD_SUSPEND:
        term_suspend(app->term);
        return true;
    case CMD_THEME:
        next_theme(app, argument);
        return true;
    case CMD_GRAPHICS:
        set_graphics(app, argument);
        return true;
    default:
        return false;
    }
}

static bool needs_met(struct app *app, const struct command *command, bool typed)
{
    struct app_screen *screen = top(app);
    if (command->needs == NEEDS_NOTHING ||
        (screen->ops->has && screen->ops->has(screen->self, command->needs))) {
        return true;
    }
    if (command->needs == NEEDS_RUN) {
        app_say(app, "%s: no run is highlighted", command->name);
    } else if (typed) {
        app_say(app, "%s: only where there is nothing else to show", command->name);
    }
    return false;
}

void app_command(struct app *app, enum command_id id, const char *argument)
{
    const struct command *command = command_get(id);
    struct app_screen *screen = top(app);
    app_dirty(app);
    if (!command || !(command->where & screen->ops->where)) {
        app_say(app, "%s: not on this screen", command ? command->name : "?");
        return;
    }
    if (!needs_met(app, command, *argument != '\0')) {
        return;
    }
    /* The screen is asked first: what "back" or "cancel" ends may be its own. */
    if (id != CMD_REFRESH && screen->ops->command(screen->self, id, argument)) {
        return;
    }
    global_command(app, id, argument);
}

/* ---- events ---- */

static void on_event(struct app *app, const struct event *event)
{
    struct app_screen *screen = top(app);
    app_dirty(app);
    if (event->kind == EVENT_KEY || event->kind == EVENT_MOUSE) {
        app->message_shown = false;
    }
    if (app->palette.open && (event->kind == EVENT_KEY || event->kind == EVENT_PASTE)) {
        palette_event(app, event);
        return;
    }
    if (app->palette.open && event->kind == EVENT_MOUSE) {
        if (event->action == MOUSE_PRESS) {
            palette_close(app);
        }
        return;
    }
    if (screen->ops->event && screen->ops->event(screen->self, event)) {
        return;
    }
    if (event->kind == EVENT_KEY) {
        enum command_id id = keymap_find(&app->keymap, event->key, screen->ops->where);
        if (id != CMD_NONE) {
            app_command(app, id, "");
        }
    }
}

/* What the session cannot do (no room for the cache, a home that may not be written) is said
   once where everybody looks; the list of all stands on the activity screen. */
static void tell_notices(struct app *app)
{
    const char *const *notices;
    size_t count = assay_session_notices(app->session, &notices);
    if (app->notices_told < count) {
        app->notices_told = count;
        add_message(app, true, notices[count - 1]);
    }
}

static void on_session(struct app *app)
{
    unsigned changes = assay_session_dispatch(app->session);
    tell_notices(app);
    for (size_t i = 0; changes && i < app->depth; i++) {
        if (app->screens[i].ops->changed) {
            app->screens[i].ops->changed(app->screens[i].self, changes);
        }
    }
    if (changes) {
        int64_t when = app->drawn_us + CHANGE_INTERVAL_US;
        app->redraw_us = when < app->redraw_us ? when : app->redraw_us;
    }
}

/* ---- the loop ---- */

static int64_t deadline(struct app *app)
{
    int64_t until = term_deadline(app->term);
    return app->redraw_us < until ? app->redraw_us : until;
}

static void watch_aux(struct app *app)
{
    int fd = term_aux_fd(app->term);
    if (fd != app->aux_fd) {
        if (app->aux_fd >= 0) {
            loop_unwatch(app->loop, app->aux_fd);
        }
        app->aux_fd = fd;
        if (fd >= 0) {
            loop_watch(app->loop, fd);
        }
    }
}

static bool woken(struct app *app, unsigned wake, int session_watch)
{
    if (wake & LOOP_QUIT) {
        return false;
    }
    if (wake & (LOOP_RESIZE | LOOP_CONTINUE)) {
        term_resize(app->term);
    }
    if (wake & LOOP_SUSPEND) {
        term_suspend(app->term);
        app_dirty(app);
    }
    if (wake & ((unsigned)LOOP_FD << session_watch)) {
        on_session(app);
    }
    if (demo_woken(app, wake)) {
        app_dirty(app);
    }
    for (size_t i = 0; i < app->depth; i++) {
        if (app->screens[i].ops->poll && app->screens[i].ops->poll(app->screens[i].self)) {
            app_dirty(app);
        }
    }
    if (inbox_poll(app)) {
        app_dirty(app);
    }
    return term_input(app->term);
}

/* What is not on the screen, before the first key is looked at. */
static void complete_all(struct app *app)
{
    for (size_t i = 0; i < app->depth; i++) {
        if (app->screens[i].ops->complete_all) {
            app->screens[i].ops->complete_all(app->screens[i].self);
        }
    }
    assay_catalog_read_all(app->catalog);
    tell_notices(app);
}

static void run(struct app *app)
{
    loop_watch(app->loop, term_fd(app->term));
    int session_watch = loop_watch(app->loop, assay_session_fd(app->session));
    /* What waits for approval is read once everything else stands there: the thread that does
       it would get in the way of the first frame. */
    frame_draw(app);
    complete_all(app);
    inbox_open(app);
    while (!app->quit) {
        struct event event;
        while (!app->quit && term_event(app->term, &event)) {
            on_event(app, &event);
        }
        if (app->quit) {
            break;
        }
        int64_t now = assay_monotonic_us();
        bool retry = app->retry && graphics_ready(term_graphics(app->term));
        if (app->dirty || retry || now >= app->redraw_us) {
            frame_draw(app);
        }
        watch_aux(app);
        unsigned wake = loop_wait(app->loop, deadline(app));
        if (!woken(app, wake, session_watch)) {
            app->status = wake & LOOP_QUIT ? 128 + loop_signal(app->loop) : 0;
            break;
        }
    }
}

static void finish(struct app *app)
{
    while (app->depth > 0) {
        app->depth--;
        app->screens[app->depth].ops->close(app->screens[app->depth].self);
    }
    demo_stop(app);
    inbox_close(app);
    crew_free(&app->crew);
    loop_close(&app->loop);
    term_close(&app->term);
    assay_session_close(&app->session);
    palette_free(&app->palette);
    keymap_free(&app->keymap);
    settings_free(&app->settings);
    free(app->messages);
}

enum assay_status tui_check_settings(struct assay_error *err)
{
    struct settings settings;
    struct keymap keymap;
    keymap_init(&keymap);
    enum assay_status status = settings_read(&settings, &keymap, err);
    keymap_free(&keymap);
    settings_free(&settings);
    return status;
}

int tui_run(const char *const *sources, size_t count, struct assay_error *err)
{
    struct app app = {.redraw_us = INT64_MAX, .aux_fd = -1, .demo = {.watch = -1}};
    struct opening opening = {.app = &app};
    app.messages = assay_alloc_array(APP_MESSAGES, sizeof *app.messages);
    enum assay_status status =
        assay_session_open(&app.session,
                           &(struct assay_session_options){.sources = sources,
                                                           .source_count = count,
                                                           .live = true,
                                                           .patience_ms = ASSAY_PATIENCE_MS,
                                                           .sure = opening_begin,
                                                           .sure_context = &opening},
                           err);
    if (status == ASSAY_OK) {
        app.catalog = assay_session_catalog(app.session);
        app.now_ms = assay_now_ms();
        app_open(&app, &view_home, NULL); /* while the terminal is still being set up */
        status = opening_finish(&opening, err);
    }
    if (status == ASSAY_OK) {
        status = loop_open(&app.loop, err);
    }
    if (status == ASSAY_OK) {
        if (opening.config.status != ASSAY_OK) {
            app_fail(&app, &opening.config);
        }
        if (*term_notice(app.term)) {
            app_say(&app, "%s", term_notice(app.term));
        }
        tell_notices(&app);
        run(&app);
    }
    finish(&app);
    return status == ASSAY_OK ? app.status : assay_exit_status(status);
}
