/*
 * Writing a request: a form of a few lines, then a box that says what will be signed. Opened
 * from runs and from models. Enter goes from line to line and never signs; nothing pasted
 * signs; what fails stays on the form to be mended.
 */
#include "view_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/registry.h>
#include <assay/text.h>

#include "app.h"
#include "desk.h"
#include "draw_wrap.h"
#include "inbox.h"
#include "outbox.h"
#include "view_request.h"
#include "widget_prompt.h"

#define RUNS_MAX 64
#define LIST_MAX 64
#define LABEL    10

enum ask_field {
    ASK_MODEL,
    ASK_VERSION,
    ASK_FILES,
    ASK_TARGET,
    ASK_WHY,
    ASK_EVIDENCE,
    ASK_POLICY,
    ASK_FIELDS
};

static const struct {
    const char *label, *help;
} fields[ASK_FIELDS] = {
    [ASK_MODEL] = {"model", "its name in the registry"},
    [ASK_VERSION] = {"version", "its number; empty: a new one, from the runs and files below"},
    [ASK_FILES] = {"files", "files or folders that are the model, separated by commas"},
    [ASK_TARGET] = {"target", "where to: alias:champion, stage:Production, tag:NAME"},
    [ASK_WHY] = {"why", "what a reviewer should know: it stands on the row of the queue"},
    [ASK_EVIDENCE] = {"evidence", "files that reviewers should see, separated by commas"},
    [ASK_POLICY] = {"policy", "empty: the one that is for this model and target"},
};

struct ask_view {
    struct app *app;
    struct desk *desk;
    char server[1024], revises[17], takes_back[17];
    char *runs[RUNS_MAX];
    size_t run_count;
    struct prompt prompts[ASK_FIELDS];
    size_t at;
    char wrong[900]; /* why it cannot be sent, clean; "" */
    bool reviewing;  /* the box is open */
    bool sending;
    int64_t shown_us; /* when it was */
    /* What the desk works with while it sends. */
    char *lists[2];
    const char *paths[LIST_MAX], *evidence[LIST_MAX];
    struct assay_request_options options;
    struct assay_registration registration;
};

static const char *text_of(const struct ask_view *view, enum ask_field field)
{
    return view->prompts[field].text;
}

/* Files are asked for only where a version is to be made of them. */
static bool asked_for(const struct ask_view *view, size_t field)
{
    return field != ASK_FILES || (!view->server[0] && !text_of(view, ASK_VERSION)[0]);
}

/* The policies in force, as the inbox has them. */
static const struct assay_policy_info *next_policy(const struct app *app, size_t *at)
{
    const struct assay_policy_info *policies;
    struct assay_ledger *ledger = desk_ledger(app->inbox.desk);
    const size_t count = ledger ? assay_ledger_policies(ledger, &policies) : 0;
    while (*at < count)
        if (policies[(*at)++].in_force)
            return &policies[*at - 1];
    return NULL;
}

/* The one target there is a policy for; "" where there are several, or patterns. */
static const char *only_target(const struct app *app)
{
    const struct assay_policy_info *policy;
    const char *only = "";
    for (size_t at = 0; (policy = next_policy(app, &at));)
        if (*only || strpbrk(policy->targets, "*, \t"))
            return "";
        else
            only = policy->targets;
    return only;
}

/* Beside what stands for every ledger: the targets that this one has policies for, and what
   the policy for the target wants to be there. */
static void add_advice(const struct ask_view *view, enum ask_field field, struct assay_buf *out)
{
    const struct assay_policy_info *policy;
    for (size_t at = 0; (policy = next_policy(view->app, &at));)
        if (field == ASK_TARGET)
            assay_buf_format(out, "\npolicy %s is for %s", policy->name, policy->targets);
        else if (field == ASK_EVIDENCE && *policy->evidence &&
                 strcmp(policy->targets, text_of(view, ASK_TARGET)) == 0)
            assay_buf_format(out, "\npolicy %s wants: %s", policy->name, policy->evidence);
}

static void *ask_open(struct app *app, const void *argument)
{
    const struct ask_arguments *a = argument;
    struct ask_view *view = assay_alloc(sizeof *view);
    view->app = app;
    view->desk = desk_open(app);
    snprintf(view->server, sizeof view->server, "%s", a->server ? a->server : "");
    for (size_t i = 0; i < a->run_count && i < RUNS_MAX; i++)
        view->runs[view->run_count++] = assay_strdup(a->runs[i]);
    prompt_set(&view->prompts[ASK_MODEL], a->model ? a->model : "");
    prompt_set(&view->prompts[ASK_VERSION], a->version ? a->version : "");
    prompt_set(&view->prompts[ASK_TARGET], a->target ? a->target : only_target(app));
    prompt_set(&view->prompts[ASK_WHY], a->words ? a->words : "");
    snprintf(view->revises, sizeof view->revises, "%s", a->revises ? a->revises : "");
    snprintf(view->takes_back, sizeof view->takes_back, "%s",
             a->takes_back ? a->takes_back : "");
    view->at = !text_of(view, ASK_MODEL)[0]    ? ASK_MODEL
               : !text_of(view, ASK_TARGET)[0] ? ASK_TARGET
                                               : ASK_WHY;
    return view;
}

static void ask_close(void *self)
{
    struct ask_view *view = self;
    desk_close(&view->desk);
    for (size_t i = 0; i < view->run_count; i++)
        free(view->runs[i]);
    for (size_t i = 0; i < ASK_FIELDS; i++)
        prompt_free(&view->prompts[i]);
    free(view->lists[0]);
    free(view->lists[1]);
    free(view);
}

/* ---- from the runs ---- */

static const struct assay_model_version *
version_of_run(const struct assay_registry *registry, const char *run,
               const struct assay_registered_model **model)
{
    for (size_t i = 0; registry && i < registry->count; i++)
        for (size_t k = 0; k < registry->models[i].version_count; k++)
            if (strcmp(registry->models[i].versions[k].run_id, run) == 0) {
                *model = &registry->models[i];
                return &registry->models[i].versions[k];
            }
    return NULL;
}

/* The request there is, else the form for one. */
static void ask_for(struct app *app, const struct ask_arguments *arguments)
{
    char id[17];
    if (arguments->version && arguments->version[0] &&
        view_queue_asked(app->inbox.desk, arguments->server ? arguments->server : "",
                         arguments->model, arguments->version, id))
        view_queue_go(app, id);
    else
        app_open(app, &view_ask, arguments);
}

void view_ask_version(struct app *app, uint32_t source, const char *model, const char *version)
{
    struct assay_server server;
    if (assay_session_server(app->session, source, &server))
        ask_for(app, &(struct ask_arguments){
                         .server = assay_catalog_source(app->catalog, source)->where,
                         .model = model,
                         .version = version});
    else
        app_say(app, "a store on disk sets no champion that could be asked for: register its "
                     "files with assay register, or ask at the server that has them");
}

void view_ask_runs(struct app *app, const uint32_t *runs, size_t count)
{
    const char *ids[RUNS_MAX];
    struct ask_arguments arguments = {.runs = ids};
    struct assay_server server;
    struct assay_registry_state known;
    const struct assay_run *first = count > 0 ? assay_catalog_run(app->catalog, runs[0]) : NULL;
    if (!first)
        return;
    const struct assay_source *source = assay_catalog_source(app->catalog, first->source);
    if (assay_session_server(app->session, first->source, &server)) {
        const struct assay_registered_model *model = NULL;
        const struct assay_registry *registry =
            assay_session_registry(app->session, first->source, &known);
        const struct assay_model_version *version = version_of_run(registry, first->id, &model);
        arguments.server = source->where;
        arguments.model = version ? model->name : "";
        arguments.version = version ? version->version : "";
        if (!version)
            app_say(app, "no version is known that was registered from this run: say which");
    } else if (strcmp(source->kind, "local") == 0) {
        for (size_t i = 0; i < count && arguments.run_count < RUNS_MAX; i++) {
            const struct assay_run *run = assay_catalog_run(app->catalog, runs[i]);
            if (run && run->source == first->source)
                ids[arguments.run_count++] = run->id;
        }
    } else {
        app_say(app, "this run is neither in the local store nor on a server: register its "
                     "files with assay register, then ask for that version");
        return;
    }
    ask_for(app, &arguments);
}

/* ---- sending ---- */

/* Splits TEXT (changed) at commas; the parts go to OUT. */
static size_t split(char *text, const char **out)
{
    size_t count = 0;
    for (char *at = text; at && *at && count < LIST_MAX;) {
        char *end = strchr(at, ',');
        if (end)
            *end = '\0';
        at += strspn(at, " ");
        size_t length = strlen(at);
        while (length > 0 && at[length - 1] == ' ')
            at[--length] = '\0';
        if (length > 0)
            out[count++] = at;
        at = end ? end + 1 : NULL;
    }
    return count;
}

static bool complain(struct ask_view *view, size_t field, const char *why, const char *about)
{
    char text[900];
    snprintf(text, sizeof text, "%s%s%s", why, about[0] ? ": " : "", about);
    assay_text_clean_to(view->wrong, sizeof view->wrong, text);
    view->at = field;
    return false;
}

static const char *not_there(const char *const *paths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(paths[i], '=');
        if (access(paths[i], R_OK) != 0 && !(equals && access(equals + 1, R_OK) == 0))
            return paths[i];
    }
    return NULL;
}

/* Whether the form can be sent as far as can be seen here; fills what the desk is given. */
static bool prepare(struct ask_view *view)
{
    const char *target = text_of(view, ASK_TARGET), *missing;
    view->wrong[0] = '\0';
    free(view->lists[0]);
    free(view->lists[1]);
    view->lists[0] = assay_strdup(text_of(view, ASK_FILES));
    view->lists[1] = assay_strdup(text_of(view, ASK_EVIDENCE));
    const bool registers = asked_for(view, ASK_FILES);
    const size_t paths = registers ? split(view->lists[0], view->paths) : 0;
    const size_t evidence = split(view->lists[1], view->evidence);
    if (!text_of(view, ASK_MODEL)[0])
        return complain(view, ASK_MODEL, "a request names a model", "");
    if (!registers && !text_of(view, ASK_VERSION)[0])
        return complain(view, ASK_VERSION, "a request names a version", "");
    if (registers && paths == 0)
        return complain(view, ASK_FILES,
                        "a new version is made of files: name them, or an existing version",
                        "");
    if ((missing = not_there(view->paths, paths)))
        return complain(view, ASK_FILES, "cannot be read", missing);
    if (strncmp(target, "alias:", 6) != 0 && strncmp(target, "stage:", 6) != 0 &&
        strncmp(target, "tag:", 4) != 0)
        return complain(view, ASK_TARGET, "should be alias:NAME, stage:NAME or tag:NAME",
                        target);
    if (!text_of(view, ASK_WHY)[0])
        return complain(view, ASK_WHY, "a request says why, in words", "");
    if ((missing = not_there(view->evidence, evidence)))
        return complain(view, ASK_EVIDENCE, "cannot be read", missing);
    view->registration = (struct assay_registration){.model = text_of(view, ASK_MODEL),
                                                     .runs = (const char *const *)view->runs,
                                                     .run_count = view->run_count,
                                                     .paths = view->paths,
                                                     .path_count = paths};
    view->options = (struct assay_request_options){
        .model = text_of(view, ASK_MODEL),
        .version = text_of(view, ASK_VERSION),
        .target = target,
        .server = view->server[0] ? view->server : NULL,
        .request = view->revises[0] ? view->revises : NULL,
        .words = text_of(view, ASK_WHY),
        .policy = text_of(view, ASK_POLICY)[0] ? text_of(view, ASK_POLICY) : NULL,
        .evidence = view->evidence,
        .evidence_count = evidence};
    return true;
}

static void send(struct ask_view *view)
{
    const struct desk_wish wish = {.task = DESK_ASK,
                                   .ask = &view->options,
                                   .registration =
                                       asked_for(view, ASK_FILES) ? &view->registration : NULL};
    view->sending = desk_ask(view->desk, &wish);
}

static bool ask_poll(void *self)
{
    struct ask_view *view = self;
    struct desk_result result;
    struct app *app = view->app;
    if (!desk_poll(view->desk, &result))
        return false;
    view->sending = view->reviewing = false;
    /* A version that was registered stays: the next try asks for that one. */
    if (result.version[0])
        prompt_set(&view->prompts[ASK_VERSION], result.version);
    if (result.status != ASSAY_OK) {
        char text[900];
        snprintf(text, sizeof text, "%s%s%s", result.err.what, result.err.hint[0] ? "; " : "",
                 result.err.hint);
        assay_text_clean_to(view->wrong, sizeof view->wrong, text);
        return true;
    }
    inbox_look(app, true);
    app_say(app, "asked and signed: request %s; A shows what waits%s%s", result.id,
            result.place[0] ? ", S there sends it to " : "", result.place);
    if (app->screens[app->depth - 1].self == view)
        app_back(app);
    return true;
}

/* ---- keys ---- */

static void step(struct ask_view *view, int delta)
{
    do
        view->at = (view->at + ASK_FIELDS + (size_t)(long)delta) % ASK_FIELDS;
    while (!asked_for(view, view->at));
}

static void review_key(struct ask_view *view, uint32_t key)
{
    if (view->sending)
        return;
    if (key != KEYS_ESCAPE && outbox_too_soon(&view->shown_us))
        return;
    if (key == 'y')
        send(view);
    else
        view->reviewing = false;
}

static void form_key(struct ask_view *view, const struct event *event)
{
    if (event->kind == EVENT_KEY && (event->key == KEYS_TAB || event->key == KEYS_DOWN)) {
        step(view, 1);
    } else if (event->kind == EVENT_KEY &&
               (event->key == (KEYS_SHIFT | KEYS_TAB) || event->key == KEYS_UP)) {
        step(view, -1);
    } else {
        switch (prompt_event(&view->prompts[view->at], event)) {
        case PROMPT_ENTER:
            if (view->at != ASK_POLICY) {
                step(view, 1);
            } else if (prepare(view)) {
                view->reviewing = true;
                view->shown_us = assay_keys_us();
            }
            break;
        case PROMPT_ESCAPE:
            app_back(view->app);
            break;
        default:
            break;
        }
    }
}

static bool ask_event(void *self, const struct event *event)
{
    struct ask_view *view = self;
    if (event->kind != EVENT_KEY && event->kind != EVENT_PASTE)
        return event->kind == EVENT_MOUSE;
    app_dirty(view->app);
    if (!view->reviewing)
        form_key(view, event);
    else if (event->kind == EVENT_PASTE)
        app_say(view->app, "nothing that is pasted signs anything");
    else
        review_key(view, event->key);
    return true;
}

static bool ask_command(void *self, enum command_id id, const char *argument)
{
    (void)self;
    (void)id;
    (void)argument;
    return false;
}

/* ---- drawing ---- */

static void draw_from(const struct ask_view *view, struct area area, int y)
{
    char text[1200];
    if (view->server[0])
        snprintf(text, sizeof text, "at %s", view->server);
    else if (view->run_count > 0)
        snprintf(text, sizeof text, "in the local registry; from %zu %s: %s%s", view->run_count,
                 view->run_count == 1 ? "run" : "runs", view->runs[0],
                 view->run_count > 1 ? " and others" : "");
    else
        snprintf(text, sizeof text, "in the local registry");
    struct assay_buf clean = {0};
    assay_text_clean(&clean, text, strlen(text));
    draw_field(area, 1, y, area.rect.width - 2, ALIGN_LEFT, ROLE_DIM, assay_buf_text(&clean));
    assay_buf_free(&clean);
}

/* Rows for the fields, what is said below them, and the border. */
static int review_height(const struct ask_view *view, int width)
{
    const int room = width - LABEL - 1 > 10 ? width - LABEL - 1 : 10;
    int rows = 7;
    for (size_t i = 0; i < ASK_FIELDS; i++) {
        const int lines = 1 + (int)view->prompts[i].length / room;
        rows += !asked_for(view, i) ? 0 : lines < 4 ? lines : 4;
    }
    return rows;
}

static void draw_review(struct ask_view *view, struct area area)
{
    const int width = area.rect.width > 100 ? 96 : area.rect.width - 4;
    const int most = area.rect.height - 4, wanted = review_height(view, width - 4);
    struct area all =
        area_part(area, (area.rect.width - width) / 2, 2, width, wanted < most ? wanted : most);
    struct area inside = draw_box(area_under(all, ROLE_POPUP), ROLE_BORDER, "ask for approval");
    struct assay_buf text = {.limit = 16384};
    const int room = inside.rect.width - 2;
    if (view->sending) {
        draw_text(
            inside, 1, 1, ROLE_DIM,
            "looking at files and champion, running the gates, waiting for the key: touch "
            "it if it asks");
        return;
    }
    int y = 1;
    for (size_t i = 0; i < ASK_FIELDS; i++) {
        const char *value = view->prompts[i].text;
        if (!asked_for(view, i) || (i == ASK_POLICY && !value[0]))
            continue;
        draw_text(inside, 1, y, ROLE_DIM, fields[i].label);
        assay_buf_reset(&text);
        assay_text_clean(&text, value, strlen(value));
        if (i == ASK_VERSION && !value[0])
            assay_buf_format(&text, "a new one, of %zu %s", view->run_count,
                             view->run_count == 1 ? "run" : "runs");
        if (i == ASK_EVIDENCE && !value[0])
            assay_buf_text_add(&text, "none");
        y += draw_wrapped(inside, 1 + LABEL + 1, y, room - LABEL - 1, 4, ROLE_NORMAL,
                          assay_buf_text(&text));
    }
    assay_buf_free(&text);
    draw_text(inside, 1, inside.rect.height - 2, ROLE_DIM,
              "The gates run first; their results, the files' digests and this are signed with "
              "your key.");
    draw_text(inside, 1, inside.rect.height - 1, ROLE_WAITING,
              "y signs and asks; any other key goes back to the form");
}

/* TEXT line by line; how many there were after the first. */
static int draw_lines(struct area area, int x, int y, const struct assay_buf *text)
{
    char clean[400];
    int count = 0;
    for (const char *line = assay_buf_text(text); *line; count++) {
        const size_t length = strcspn(line, "\n");
        char *one = assay_strndup(line, length);
        draw_field(area, x, y + count, area.rect.width - x - 2, ALIGN_LEFT, ROLE_DIM,
                   assay_text_clean_to(clean, sizeof clean, one));
        free(one);
        line += length + (line[length] == '\n');
    }
    return count > 0 ? count - 1 : 0;
}

static void ask_draw(void *self, struct area area)
{
    struct ask_view *view = self;
    const int width = area.rect.width;
    int y = 0, cursor = -1, row = 0;
    if (view->takes_back[0])
        draw_format(area, 1, y++, ROLE_TITLE,
                    "ROLL BACK: ask for what was there before %.8s was applied",
                    view->takes_back);
    else
        draw_format(area, 1, y++, ROLE_TITLE, "%s%.8s",
                    view->revises[0] ? "ASK ANEW: the next revision of " : "ASK FOR APPROVAL",
                    view->revises);
    draw_from(view, area, y++);
    y++;
    for (size_t i = 0; i < ASK_FIELDS; i++) {
        if (!asked_for(view, i))
            continue;
        const bool here = i == view->at;
        draw_text(area, 1, y, here ? ROLE_ACCENT : ROLE_DIM, fields[i].label);
        int x =
            prompt_draw(&view->prompts[i], area, 1 + LABEL + 1, y, width - LABEL - 4, 0, NULL);
        if (here) {
            cursor = x;
            row = y;
        }
        if (!view->prompts[i].length && !here)
            draw_field(area, 1 + LABEL + 1, y, width - LABEL - 4, ALIGN_LEFT, ROLE_DIM,
                       fields[i].help);
        y++;
    }
    struct assay_buf help = {.limit = 8192};
    assay_buf_text_add(&help, fields[view->at].help);
    add_advice(view, view->at, &help);
    y++;
    y += draw_lines(area, 1 + LABEL + 1, y, &help);
    assay_buf_free(&help);
    if (view->wrong[0])
        draw_wrapped(area, 1, y + 2, width - 2, 5, ROLE_FAILED, view->wrong);
    if (view->reviewing)
        draw_review(view, area);
    else
        term_cursor(view->app->term, area.rect.x + cursor, area.rect.y + row);
}

static void ask_title(void *self, struct assay_buf *out)
{
    struct ask_view *view = self;
    assay_buf_text_add(out, view->sending ? "request   signing" : "request");
}

static const char *ask_typing(void *self)
{
    struct ask_view *view = self;
    if (view->sending)
        return "";
    return view->reviewing ? "y=sign and ask\tesc=back to the form"
                           : "enter=next, then review\ttab/up/down=move\tesc=give up";
}

const struct view_ops view_ask = {
    .open = ask_open,
    .close = ask_close,
    .draw = ask_draw,
    .command = ask_command,
    .event = ask_event,
    .poll = ask_poll,
    .title = ask_title,
    .typing = ask_typing,
};
