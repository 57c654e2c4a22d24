/*
 * Two tabs of the run screen about what the run left on its server: the models it logged, with
 * status, step and metrics, and its traces, with state, time, duration and request; below, all
 * that is known of the one under the cursor. Lists from the cache say how old they are.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/registry.h>
#include <assay/text.h>

#include "draw_wrap.h"
#include "run_view.h"

#define DETAIL_FROM 10   /* rows of the tab from which on there is something below the list */
#define LONGEST     4096 /* bytes of one text that are looked at */

static void ask(const struct run_view *view, struct assay_run_logged *out)
{
    assay_session_run_logged(view->app->session, view->run, view->tab == RUN_TRACES, out);
}

/* ---- which there are ---- */

static const struct assay_logged_model *find_model(const struct assay_logged *logged,
                                                   const char *id)
{
    for (size_t i = 0; logged && i < logged->model_count; i++) {
        if (strcmp(logged->models[i].id, id) == 0) {
            return &logged->models[i];
        }
    }
    return NULL;
}

/* A row of models: what the server says of it, or what the run alone says it made. */
struct made {
    const struct assay_logged_model *model;
    const struct assay_output *output;
};

static struct made made_at(const struct run_view *view, const struct assay_logged *logged,
                           size_t at)
{
    const struct assay_attrs *attrs = run_attrs(view);
    struct made made = {NULL, NULL};
    size_t models = logged ? logged->model_count : 0;
    if (at >= models) {
        made.output = at - models < attrs->output_count ? &attrs->outputs[at - models] : NULL;
        return made;
    }
    made.model = &logged->models[at];
    for (size_t i = 0; i < attrs->output_count && !made.output; i++) {
        if (strcmp(attrs->outputs[i].id, made.model->id) == 0) {
            made.output = &attrs->outputs[i];
        }
    }
    return made;
}

static bool fits_model(const struct run_view *view, const struct assay_logged *logged,
                       size_t at)
{
    struct made made = made_at(view, logged, at);
    const char *pattern = view->filter.text;
    if (!made.model) { /* one that the server spoke of stands there already */
        return made.output && !find_model(logged, made.output->id) &&
               (assay_text_contains(made.output->name, pattern) ||
                assay_text_contains(made.output->id, pattern));
    }
    return assay_text_contains(made.model->name, pattern) ||
           assay_text_contains(made.model->id, pattern) ||
           assay_text_contains(made.model->status, pattern) ||
           assay_text_contains(made.model->type, pattern);
}

static bool fits_trace(const struct run_view *view, const struct assay_trace *trace)
{
    const char *pattern = view->filter.text;
    return assay_text_contains(trace->name, pattern) ||
           assay_text_contains(trace->state, pattern) ||
           assay_text_contains(trace->id, pattern) ||
           assay_text_contains(trace->request, pattern) ||
           assay_text_contains(trace->response, pattern);
}

static void choose_rows(struct run_view *view, const struct assay_logged *logged)
{
    bool traces = view->tab == RUN_TRACES;
    size_t count = traces ? logged ? logged->trace_count : 0
                          : (logged ? logged->model_count : 0) + run_attrs(view)->output_count;
    ASSAY_GROW(view->shown, view->shown_capacity, count + 1);
    view->shown_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (traces ? fits_trace(view, &logged->traces[i]) : fits_model(view, logged, i)) {
            view->shown[view->shown_count++] = i;
        }
    }
    if (view->filter.length == 0) {
        view->logged_counts[traces] = view->shown_count;
    }
}

size_t run_logged_count(const struct run_view *view, enum run_tab tab)
{
    size_t seen = view->logged_counts[tab == RUN_TRACES];
    return seen || tab == RUN_TRACES ? seen : run_attrs(view)->output_count;
}

/* ---- cells ---- */

static void put_age(const struct run_view *view, int64_t ms, struct table_cell *out)
{
    char age[16];
    if (ms != ASSAY_NO_TIME) {
        snprintf(out->text, sizeof out->text, "%s", assay_age_text(age, ms, view->app->now_ms));
    }
    out->role = ROLE_DIM;
}

static void add_metrics(const struct assay_logged_model *model, struct assay_buf *out,
                        const char *between)
{
    for (size_t i = 0; i < model->metric_count; i++) {
        char number[32];
        const struct assay_metric *metric = &model->metrics[i];
        assay_buf_text_add(out, i ? between : "");
        assay_text_clean(out, metric->key, strlen(metric->key));
        assay_buf_format(out, " %s", assay_number_short(number, metric->summary.last, 5));
        if (assay_logged_has_steps(model, i))
            assay_buf_format(out, " (step %" PRId64 ")", metric->summary.step);
    }
}

static void put_status(const struct assay_logged_model *model, struct table_cell *out)
{
    char status[64] = "";
    for (size_t i = 0; model->status[i] && i + 1 < sizeof status; i++) {
        char c = model->status[i];
        status[i] = (char)(c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    assay_text_clean_to(out->text, sizeof out->text, status);
    out->role = strcmp(status, "ready") == 0     ? ROLE_DONE
                : strcmp(status, "pending") == 0 ? ROLE_WAITING
                                                 : ROLE_FAILED;
}

/* Where nobody said a name, as much of the id as tells it apart; all of it stands below. */
static void put_name(const struct made *made, struct table_cell *out)
{
    const char *name = made->model && *made->model->name ? made->model->name
                       : made->output                    ? made->output->name
                                                         : "";
    const char *id = made->model ? made->model->id : made->output ? made->output->id : "";
    char part[16];
    snprintf(part, sizeof part, "%s", id);
    assay_text_clean_to(out->text, sizeof out->text, *name ? name : part);
}

static void model_cell(void *context, size_t row, size_t column, struct table_cell *out)
{
    struct run_view *view = context;
    struct assay_run_logged known;
    ask(view, &known);
    struct made made = made_at(view, known.logged, view->shown[row]);
    const struct assay_logged_model *model = made.model;
    struct assay_buf text = {.limit = sizeof out->text - 1};
    switch (column) {
    case 0:
        put_name(&made, out);
        break;
    case 1:
        if (model) {
            put_status(model, out);
        }
        break;
    case 2:
        if (made.output) {
            snprintf(out->text, sizeof out->text, "%lld", (long long)made.output->step);
            out->number = true;
        }
        break;
    case 3:
        put_age(view, model ? model->created_ms : ASSAY_NO_TIME, out);
        break;
    case 4:
        assay_text_clean_to(out->text, sizeof out->text, model ? model->type : "");
        out->role = ROLE_DIM;
        break;
    default:
        if (model) {
            add_metrics(model, &text, "   ");
            snprintf(out->text, sizeof out->text, "%s", assay_buf_text(&text));
        }
        break;
    }
    assay_buf_free(&text);
}

static void put_state(const struct run_view *view, const char *state, struct table_cell *out)
{
    static const struct {
        const char *state, *glyph, *plain, *word;
        enum role role;
    } states[] = {
        {"OK", "✓", "+", "ok", ROLE_DONE},
        {"ERROR", "✗", "x", "error", ROLE_FAILED},
        {"IN_PROGRESS", "▶", ">", "goes on", ROLE_LIVE},
    };
    char word[40];
    for (size_t i = 0; i < ASSAY_COUNT(states); i++) {
        if (strcmp(states[i].state, state) == 0) {
            snprintf(out->text, sizeof out->text, "%s %s",
                     term_ascii(view->app->term) ? states[i].plain : states[i].glyph,
                     states[i].word);
            out->role = states[i].role;
            return;
        }
    }
    assay_text_clean_to(word, sizeof word, *state ? state : "unknown");
    snprintf(out->text, sizeof out->text, "  %s", word);
    out->role = ROLE_DIM;
}

/* "12.3 ms", "4.5 s", "2:03" */
static void put_seconds(double seconds, struct table_cell *out)
{
    char text[32];
    if (!isfinite(seconds) || seconds < 0 || seconds > 1e9) {
        return;
    }
    if (seconds >= 100) {
        snprintf(out->text, sizeof out->text, "%s",
                 assay_duration_text(text, (int64_t)(seconds * 1000)));
        return;
    }
    bool small = seconds < 1;
    snprintf(out->text, sizeof out->text, "%s %s",
             assay_number_short(text, small ? seconds * 1000 : seconds, 3), small ? "ms" : "s");
}

static void trace_cell(void *context, size_t row, size_t column, struct table_cell *out)
{
    struct run_view *view = context;
    struct assay_run_logged known;
    ask(view, &known);
    const struct assay_trace *trace = &known.logged->traces[view->shown[row]];
    switch (column) {
    case 0:
        put_state(view, trace->state, out);
        break;
    case 1:
        put_age(view, trace->time_ms, out);
        break;
    case 2:
        put_seconds(trace->seconds, out);
        break;
    case 3:
        assay_text_clean_to(out->text, sizeof out->text, trace->name);
        out->role = ROLE_DIM;
        break;
    default:
        assay_text_clean_to(out->text, sizeof out->text, trace->request);
        break;
    }
}

static void headings_of(struct run_view *view, int width)
{
    static const char *const titles[2][6] = {
        {"MODEL", "STATUS", "STEP", "AGE", "TYPE", "METRICS"},
        {"STATE", "AGE", "TIME", "NAME", "REQUEST", ""}};
    struct table_column *headings = view->headings[run_table(view)];
    bool traces = view->tab == RUN_TRACES;
    for (size_t i = 0; i < 6; i++) {
        snprintf(headings[i].title, sizeof headings[i].title, "%s", titles[traces][i]);
        headings[i].right = traces ? i == 1 || i == 2 : i == 2 || i == 3;
        headings[i].most = 20;
    }
    headings[0].most = width / 4;
    headings[traces ? 4 : 5].most = width;
    headings[traces ? 4 : 5].rest = true;
}

/* ---- what is known of the one under the cursor ---- */

static void add_line(struct assay_buf *out, const char *label, const char *text)
{
    size_t length = strlen(text);
    if (!length) {
        return;
    }
    assay_buf_format(out, "%s%s ", out->length ? "\n" : "", label);
    assay_text_clean(out, text, length < LONGEST ? length : LONGEST);
}

static void add_pairs(struct assay_buf *out, const char *label, const struct assay_pair *pairs,
                      size_t count)
{
    struct assay_buf text = {.limit = LONGEST};
    for (size_t i = 0; i < count; i++) {
        assay_buf_format(&text, "%s%s=%s", i ? "   " : "", pairs[i].key, pairs[i].value);
    }
    add_line(out, label, assay_buf_text(&text));
    assay_buf_free(&text);
}

static void tell_model(const struct made *made, struct assay_buf *out)
{
    const struct assay_logged_model *model = made->model;
    struct assay_buf text = {.limit = LONGEST};
    if (!model) {
        add_line(out, "id", made->output ? made->output->id : "");
        return;
    }
    add_line(out, "id", model->id);
    for (size_t i = 0; i < model->registration_count; i++) {
        assay_buf_format(&text, "%s%s v%s", i ? "   " : "", model->registrations[i].alias,
                         model->registrations[i].version);
    }
    add_line(out, "registered as", assay_buf_text(&text));
    assay_buf_reset(&text);
    add_metrics(model, &text, "   ");
    add_line(out, "metrics", assay_buf_text(&text));
    add_pairs(out, "params", model->params, model->param_count);
    add_pairs(out, "tags", model->tags, model->tag_count);
    assay_buf_free(&text);
}

static void draw_detail(struct run_view *view, const struct assay_logged *logged,
                        struct area area)
{
    size_t at = view->tables[run_table(view)].list.cursor;
    struct assay_buf text = {.limit = 32768};
    if (at < view->shown_count && view->tab == RUN_TRACES) {
        const struct assay_trace *trace = &logged->traces[view->shown[at]];
        add_line(&text, "request", trace->request);
        add_line(&text, "response", trace->response);
        add_line(&text, "id", trace->id);
    } else if (at < view->shown_count) {
        struct made made = made_at(view, logged, view->shown[at]);
        tell_model(&made, &text);
    }
    draw_wrapped(area, 3, 0, area.rect.width - 6, area.rect.height, ROLE_NORMAL,
                 assay_buf_text(&text));
    assay_buf_free(&text);
}

/* ---- the tab ---- */

/* How old the list is, whether it is cut; "" where it is of now, and whole. */
static void state_line(const struct run_view *view, const struct assay_run_logged *known,
                       char *out, size_t capacity)
{
    char age[16];
    out[0] = '\0';
    if (known->logged && known->kept) {
        assay_age_text(age, known->logged->read_ms, view->app->now_ms);
        snprintf(out, capacity, "as of %s ago%s%s", age,
                 known->load == ASSAY_LOAD_FAILED ? ": " : "",
                 known->load == ASSAY_LOAD_FAILED ? known->error.what : "");
    } else if (known->logged && known->logged->cut) {
        snprintf(out, capacity, "the newest %u of more; assay models --%s -n 0 lists all",
                 ASSAY_RUN_LOGGED_MAX, view->tab == RUN_TRACES ? "traces" : "logged");
    } else if (known->logged && known->load == ASSAY_LOAD_FAILED) {
        snprintf(out, capacity, "%s", known->error.what);
    }
}

static void empty_text(const struct run_view *view, const struct assay_run_logged *known,
                       char *out, size_t capacity)
{
    bool traces = view->tab == RUN_TRACES;
    if (known->load == ASSAY_LOAD_NONE) {
        snprintf(out, capacity, "%s are shown of runs on servers",
                 traces ? "traces" : "logged models");
    } else if (known->load == ASSAY_LOAD_BUSY && !known->logged) {
        snprintf(out, capacity, "reading");
    } else if (known->load == ASSAY_LOAD_FAILED && !known->logged) {
        snprintf(out, capacity, "%s", known->error.what);
    } else {
        snprintf(out, capacity, "this run logged no %s", traces ? "traces" : "models");
    }
}

void run_logged_draw(struct run_view *view, struct area area)
{
    struct assay_run_logged known;
    char said[700], clean[700], empty[700];
    ask(view, &known);
    choose_rows(view, known.logged);
    headings_of(view, area.rect.width);
    state_line(view, &known, said, sizeof said);
    int width = area.rect.width, top = *said ? 1 : 0, height = area.rect.height - top;
    if (*said) {
        assay_text_clean_to(clean, sizeof clean, said);
        draw_field(area, 3, 0, width - 4, ALIGN_LEFT,
                   known.load == ASSAY_LOAD_FAILED ? ROLE_WARNING : ROLE_DIM, clean);
    }
    empty_text(view, &known, said, sizeof said);
    assay_text_clean_to(empty, sizeof empty, said);
    int detail = height < DETAIL_FROM || view->shown_count == 0 ? 0
                 : height < 2 * DETAIL_FROM                     ? height / 3
                                                                : height * 2 / 5;
    bool traces = view->tab == RUN_TRACES;
    run_table_draw(view, area_part(area, 0, top, width, height - detail),
                   traces ? trace_cell : model_cell, traces ? 5 : 6, empty);
    if (detail) {
        draw_hline(area, 0, top + height - detail, width, ROLE_BORDER);
        draw_detail(view, known.logged,
                    area_part(area, 0, top + height - detail + 1, width, detail - 1));
    }
}

const char *run_logged_id(struct run_view *view)
{
    struct assay_run_logged known;
    size_t at = view->tables[run_table(view)].list.cursor;
    ask(view, &known);
    choose_rows(view, known.logged);
    if (at >= view->shown_count) {
        return NULL;
    }
    if (view->tab == RUN_TRACES) {
        return known.logged->traces[view->shown[at]].id;
    }
    struct made made = made_at(view, known.logged, view->shown[at]);
    return made.model ? made.model->id : made.output ? made.output->id : NULL;
}
