/*
 * Activity: what is being read and how far it is, what could not be read and why, what the
 * session cannot keep, and the messages there have been.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "app.h"
#include "draw_wrap.h"
#include "widget_list.h"

#define JOBS_MAX    64
#define DETAIL_ROWS 4

enum activity_kind {
    ACTIVITY_GAP,
    ACTIVITY_HEADING,
    ACTIVITY_JOB,
    ACTIVITY_PROBLEM,
    ACTIVITY_NOTICE,
    ACTIVITY_MESSAGE,
    ACTIVITY_FAILURE,
    ACTIVITY_REST
};

struct activity_line {
    enum activity_kind kind;
    size_t index;
    const char *heading;
};

struct activity_view {
    struct app *app;
    struct activity_line *lines;
    size_t count, capacity;
    struct assay_job_info jobs[JOBS_MAX];
    struct list list;
    struct rect rect;
};

static void *activity_open(struct app *app, const void *argument)
{
    (void)argument;
    struct activity_view *view = assay_alloc(sizeof *view);
    view->app = app;
    return view;
}

static void activity_close(void *self)
{
    struct activity_view *view = self;
    free(view->lines);
    free(view);
}

static void add_line(struct activity_view *view, enum activity_kind kind, size_t index)
{
    ASSAY_GROW(view->lines, view->capacity, view->count + 1);
    view->lines[view->count++] = (struct activity_line){.kind = kind, .index = index};
}

static void add_heading(struct activity_view *view, const char *heading)
{
    if (view->count > 0) {
        add_line(view, ACTIVITY_GAP, 0);
    }
    add_line(view, ACTIVITY_HEADING, 0);
    view->lines[view->count - 1].heading = heading;
}

static void add_problems(struct activity_view *view)
{
    const struct assay_problem *problems;
    struct app *app = view->app;
    size_t count = assay_session_problems(app->session, &problems);
    bool headed = false;
    for (uint32_t i = 0; i < assay_catalog_sources(app->catalog); i++) {
        if (assay_catalog_source(app->catalog, i)->state == ASSAY_SOURCE_FAILED) {
            if (!headed) {
                add_heading(view, "PROBLEMS");
                headed = true;
            }
            add_line(view, ACTIVITY_FAILURE, i);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!headed) {
            add_heading(view, "PROBLEMS");
            headed = true;
        }
        add_line(view, ACTIVITY_PROBLEM, i);
    }
}

static void build(struct activity_view *view)
{
    struct app *app = view->app;
    const char *const *notices;
    view->count = 0;
    size_t jobs = assay_session_jobs(app->session, view->jobs, JOBS_MAX);
    add_heading(view, "JOBS");
    for (size_t i = 0; i < jobs; i++) {
        add_line(view, ACTIVITY_JOB, i);
    }
    if (jobs == 0) {
        add_line(view, ACTIVITY_REST, 0);
    }
    /* What the session itself cannot do comes before a thousand files that are not whole. */
    size_t count = assay_session_notices(app->session, &notices);
    if (count > 0) {
        add_heading(view, "NOTICES");
    }
    for (size_t i = 0; i < count; i++) {
        add_line(view, ACTIVITY_NOTICE, i);
    }
    add_problems(view);
    if (app->message_count > 0) {
        add_heading(view, "MESSAGES");
    }
    for (size_t i = app->message_count; i-- > 0;) {
        add_line(view, ACTIVITY_MESSAGE, i);
    }
}

/* ---- rows ---- */

static void job_numbers(const struct assay_job_info *job, char *out, size_t capacity)
{
    char done[32], total[32], rate[32], left[24];
    double seconds = (double)(assay_monotonic_us() - job->started_us) / 1e6;
    assay_bytes_text(done, job->done);
    if (job->cancelled || job->failed) {
        snprintf(out, capacity, "%s", job->cancelled ? "cancelled" : "failed");
        return;
    }
    if (job->finished) {
        snprintf(out, capacity, job->done ? "done   %s" : "done", done);
        return;
    }
    double speed = seconds > 0.2 ? (double)job->done / seconds : 0;
    size_t used = (size_t)snprintf(out, capacity, "%s", done);
    if (job->total) {
        used += (size_t)snprintf(out + used, capacity - used, " of %s",
                                 assay_bytes_text(total, job->total));
    }
    if (speed > 0 && used < capacity) {
        used += (size_t)snprintf(out + used, capacity - used, "   %s/s",
                                 assay_bytes_text(rate, (uint64_t)speed));
    }
    if (speed > 0 && job->total > job->done && used < capacity) {
        int64_t ms = (int64_t)((double)(job->total - job->done) / speed * 1000);
        snprintf(out + used, capacity - used, "   %s left", assay_left_text(left, ms));
    }
}

static void draw_job(const struct assay_job_info *job, struct area row)
{
    int width = row.rect.width;
    char numbers[160];
    job_numbers(job, numbers, sizeof numbers);
    int bar = width >= 100 ? 20 : 10;
    int text = width / 2 - 4;
    enum role role = job->failed ? ROLE_FAILED : job->finished ? ROLE_DIM : ROLE_NORMAL;
    draw_field(row, 3, 0, text, ALIGN_LEFT, role, job->title);
    if (!job->finished && job->total) {
        draw_bar(row, 3 + text + 2, 0, bar, (double)job->done / (double)job->total);
    }
    int x = 3 + text + 2 + bar + 2;
    draw_field(row, x, 0, width - x - 1, ALIGN_LEFT, job->failed ? ROLE_FAILED : ROLE_DIM,
               numbers);
}

/* In a row the end of the path is enough to tell one from the other; the whole stands below. */
static void problem_place(const struct assay_problem *problem, bool whole,
                          struct assay_buf *out)
{
    const char *path = problem->path;
    const char *from = path + strlen(path);
    for (int parts = 0; !whole && from > path; from--) {
        parts += from[-1] == '/';
        if (parts == 2) {
            path = from;
            break;
        }
    }
    assay_text_clean(out, path, strlen(path));
    if (problem->offset != UINT64_MAX) {
        char offset[32];
        assay_buf_format(out, ", byte %s", assay_count_text(offset, problem->offset));
    }
}

/* All there is to say of a line, for the detail below; the same cut short is its row. */
static void line_text(struct activity_view *view, const struct activity_line *line, bool whole,
                      struct assay_buf *out)
{
    struct app *app = view->app;
    const struct assay_problem *problems;
    const char *const *notices;
    switch (line->kind) {
    case ACTIVITY_PROBLEM:
        if (line->index < assay_session_problems(app->session, &problems)) {
            problem_place(&problems[line->index], whole, out);
            assay_buf_format(out, ": %s", problems[line->index].message);
        }
        break;
    case ACTIVITY_FAILURE: {
        const struct assay_error *err =
            &assay_catalog_source(app->catalog, (uint32_t)line->index)->error;
        assay_buf_format(out, "%s%s%s", err->what, err->hint[0] ? "; " : "", err->hint);
        break;
    }
    case ACTIVITY_NOTICE:
        if (line->index < assay_session_notices(app->session, &notices)) {
            assay_buf_text_add(out, notices[line->index]);
        }
        break;
    case ACTIVITY_MESSAGE:
        assay_buf_text_add(out, app->messages[line->index].text);
        break;
    case ACTIVITY_JOB:
        assay_buf_text_add(out, view->jobs[line->index].title);
        break;
    case ACTIVITY_REST:
        assay_buf_text_add(out, "everything is read; what changes is read as it does");
        break;
    case ACTIVITY_GAP:
    case ACTIVITY_HEADING:
        break;
    }
}

static void draw_line(struct activity_view *view, const struct activity_line *line,
                      struct area row)
{
    int x = 3;
    enum role role = ROLE_NORMAL;
    if (line->kind == ACTIVITY_HEADING) {
        draw_text(row, 1, 0, ROLE_TITLE, line->heading);
        return;
    }
    if (line->kind == ACTIVITY_JOB) {
        draw_job(&view->jobs[line->index], row);
        return;
    }
    if (line->kind == ACTIVITY_MESSAGE) {
        const struct app_message *message = &view->app->messages[line->index];
        char time[32];
        assay_time_text(time, message->time_ms);
        x += draw_text(row, x, 0, ROLE_DIM, strlen(time) > 11 ? time + 11 : time) + 2;
        role = message->error ? ROLE_ERROR : ROLE_NORMAL;
    } else if (line->kind == ACTIVITY_REST) {
        role = ROLE_DIM;
    } else if (line->kind == ACTIVITY_NOTICE) {
        role = ROLE_WARNING;
    } else if (line->kind == ACTIVITY_FAILURE) {
        role = ROLE_FAILED;
    }
    struct assay_buf text = {0};
    line_text(view, line, false, &text);
    draw_field(row, x, 0, row.rect.width - x - 2, ALIGN_LEFT, role, assay_buf_text(&text));
    assay_buf_free(&text);
}

static void draw_detail(struct activity_view *view, struct area area)
{
    struct assay_buf text = {0};
    line_text(view, &view->lines[view->list.cursor], true, &text);
    draw_wrapped(area, 3, 0, area.rect.width - 6, area.rect.height, ROLE_DIM,
                 assay_buf_text(&text));
    assay_buf_free(&text);
}

static void activity_draw(void *self, struct area area)
{
    struct activity_view *view = self;
    int width = area.rect.width, height = area.rect.height - DETAIL_ROWS - 1;
    build(view);
    struct area rows = area_part(area, 0, 0, width, height);
    view->rect = rows.rect;
    list_fit(&view->list, view->count, height);
    if (view->list.cursor == 0 && view->count > 1) {
        view->list.cursor = 1;
    }
    bool busy = false;
    for (int y = 0; y < height && view->list.top + (size_t)y < view->count; y++) {
        size_t at = view->list.top + (size_t)y;
        struct area row = area_row(rows, y);
        if (at == view->list.cursor) {
            row = area_under(row, ROLE_HERE);
            draw_clear(row);
        }
        draw_line(view, &view->lines[at], row);
        busy |=
            view->lines[at].kind == ACTIVITY_JOB && !view->jobs[view->lines[at].index].finished;
    }
    if (busy) {
        app_draw_in(view->app, 500); /* rates and times move on by themselves */
    }
    draw_scrollbar(rows, width - 1, 0, height, view->list.top, view->count);
    draw_hline(area, 0, height, width, ROLE_BORDER);
    draw_detail(view, area_part(area, 0, height + 1, width, DETAIL_ROWS));
}

static struct assay_job_info *job_here(struct activity_view *view)
{
    if (view->list.cursor >= view->count ||
        view->lines[view->list.cursor].kind != ACTIVITY_JOB) {
        return NULL;
    }
    struct assay_job_info *job = &view->jobs[view->lines[view->list.cursor].index];
    return job->finished ? NULL : job;
}

static bool activity_command(void *self, enum command_id id, const char *argument)
{
    struct activity_view *view = self;
    (void)argument;
    if (list_command(&view->list, view->count, id)) {
        return true;
    }
    struct assay_job_info *job = job_here(view);
    switch (id) {
    case CMD_CANCEL:
    case CMD_CANCEL_JOB:
        if (job) {
            assay_session_cancel(view->app->session, job->id);
            app_say(view->app, "cancelled: %s", job->title);
        } else if (id == CMD_CANCEL) {
            app_back(view->app);
        } else {
            app_say(view->app, "no running job is highlighted");
        }
        return true;
    case CMD_ACTIVITY:
        app_back(view->app);
        return true;
    default:
        return false;
    }
}

static bool activity_event(void *self, const struct event *event)
{
    struct activity_view *view = self;
    size_t row;
    if (event->kind != EVENT_MOUSE) {
        return false;
    }
    if (event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN) {
        list_scroll(&view->list, view->count, event->action == MOUSE_WHEEL_UP ? -3 : 3);
    } else if (event->action == MOUSE_PRESS &&
               list_hit(&view->list, view->count, event->y - view->rect.y, &row)) {
        view->list.cursor = row;
    }
    return true;
}

static void activity_title(void *self, struct assay_buf *out)
{
    (void)self;
    assay_buf_text_add(out, "activity");
}

static const enum command_id *activity_hints(void *self)
{
    static const enum command_id hints[] = {CMD_DOWN,    CMD_UP,   CMD_CANCEL_JOB,
                                            CMD_REFRESH, CMD_BACK, CMD_NONE};
    (void)self;
    return hints;
}

const struct view_ops view_activity = {
    .where = WHERE_ACTIVITY,
    .open = activity_open,
    .close = activity_close,
    .draw = activity_draw,
    .command = activity_command,
    .event = activity_event,
    .title = activity_title,
    .hints = activity_hints,
};
