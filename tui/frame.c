/*
 * The frame around every screen (frame.h), drawn by app.c's loop.
 */
#include "frame.h"

#include <stdio.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

#include "app.h"
#include "crew.h"

#define JOBS_SEEN 32
#define LOOK_MS   200 /* a look that is over sooner is no reading anybody should see */

/* A source that is watched is looked at whenever something moves there: the word for reading
   would flicker with each of them. */
static bool is_short_look(struct app *app, const struct assay_job_info *job)
{
    int64_t left_ms = LOOK_MS - (assay_monotonic_us() - job->started_us) / 1000;

    if (!job->look || left_ms <= 0) {
        return false;
    }
    app_draw_in(app, left_ms);
    return true;
}

/* What is being read, in words: "reading 42 %" or nothing. */
static void jobs_text(struct app *app, struct assay_buf *out)
{
    struct assay_job_info jobs[JOBS_SEEN];
    size_t count = assay_session_jobs(app->session, jobs, JOBS_SEEN);
    uint64_t done = 0, total = 0;
    size_t busy = 0;
    bool known = true;
    for (size_t i = 0; i < count; i++) {
        if (!jobs[i].finished && !is_short_look(app, &jobs[i])) {
            busy++;
            done += jobs[i].done;
            total += jobs[i].total;
            known &= jobs[i].total > 0;
        }
    }
    if (busy == 0) {
        return;
    }
    assay_buf_text_add(out, "reading");
    if (known && total > 0 && done <= total) {
        assay_buf_format(out, " %d %%", (int)((double)done / (double)total * 100));
    }
}

static int part(struct area line, int x, enum role role, const char *text)
{
    /* From the right: the part ends at x; returns where the one before it ends. */
    int width = assay_text_width(text);
    draw_text(line, x - width, 0, role, text);
    return x - width - 3;
}

static int draw_needs(struct app *app, struct area line)
{
    int x = line.rect.width - 1;
    size_t live = 0, problems = 0;
    char text[64];
    for (uint32_t i = 0; i < assay_catalog_experiments(app->catalog); i++) {
        const struct assay_experiment *experiment = assay_catalog_experiment(app->catalog, i);
        live +=
            assay_catalog_is_kept(app->catalog, experiment->source) ? 0 : experiment->running;
    }
    for (uint32_t i = 0; i < assay_catalog_sources(app->catalog); i++) {
        const struct assay_source *source = assay_catalog_source(app->catalog, i);
        problems += source->problems + (source->state == ASSAY_SOURCE_FAILED);
    }
    if (app->inbox.waiting) {
        snprintf(text, sizeof text, "%zu %s for you", app->inbox.waiting,
                 app->inbox.waiting == 1 ? "waits" : "wait");
        x = part(line, x, ROLE_WAITING, text);
    }
    if (problems) {
        snprintf(text, sizeof text, "%zu %s !", problems,
                 problems == 1 ? "problem" : "problems");
        x = part(line, x, ROLE_WARNING, text);
    }
    for (uint32_t i = 0; i < assay_catalog_sources(app->catalog); i++) {
        struct assay_server server;
        if (assay_session_server(app->session, i, &server) && server.unverified) {
            x = part(line, x, ROLE_WARNING, "TLS unchecked !");
            break;
        }
    }
    const char *more = app->diverged_cut ? "+" : "";
    if (app->infinite) {
        snprintf(text, sizeof text, "%zu%s inf", app->infinite, more);
        x = part(line, x, ROLE_FAILED, text);
    }
    if (app->diverged) {
        snprintf(text, sizeof text, "%zu%s NaN", app->diverged, more);
        x = part(line, x, ROLE_FAILED, text);
    }
    if (live > app->quiet) {
        snprintf(text, sizeof text, "%zu live", live - app->quiet);
        x = part(line, x, ROLE_LIVE, text);
    }
    struct assay_buf jobs = {0};
    jobs_text(app, &jobs);
    if (jobs.length) {
        x = part(line, x, ROLE_DIM, assay_buf_text(&jobs));
    }
    assay_buf_free(&jobs);
    return x;
}

static void draw_top(struct app *app, struct area line, struct app_screen *screen)
{
    line = area_under(line, ROLE_HEADER);
    draw_clear(line);
    int end = draw_needs(app, line);
    int x = 1 + draw_text(line, 1, 0, ROLE_STRONG, "assay") + 2;
    struct assay_buf title = {0};
    if (screen->ops->title) {
        screen->ops->title(screen->self, &title);
    }
    if (end > x) {
        draw_field(line, x, 0, end - x, ALIGN_LEFT, ROLE_NORMAL, assay_buf_text(&title));
    }
    assay_buf_free(&title);
}

static const char *hint_of(const struct app *app, const struct app_screen *screen,
                           enum command_id id)
{
    const char *word = screen->ops->hint ? screen->ops->hint(screen->self, id) : NULL;
    if (id == CMD_BACK && app->depth == 1) {
        return command_get(CMD_QUIT)->hint;
    }
    return word ? word : command_get(id)->hint;
}

/* Commands next to each other that share their word share their place: "j/k move". */
static void draw_hints(struct app *app, struct area line, struct app_screen *screen)
{
    const enum command_id *ids = screen->ops->hints ? screen->ops->hints(screen->self) : NULL;
    int x = 1, end = line.rect.width - 1;
    char help[32];
    keymap_key(&app->keymap, CMD_HELP, screen->ops->where, help);
    if (*help) { /* always there, always in the same place */
        end -= assay_text_width(help) + 5;
        draw_text(line, end, 0, ROLE_KEY, help);
        draw_text(line, end + assay_text_width(help) + 1, 0, ROLE_DIM, "help");
        end -= 2;
    }
    for (size_t i = 0; ids && ids[i] != CMD_NONE; i++) {
        char keys[80] = "", key[32];
        const char *word = hint_of(app, screen, ids[i]);
        for (;; i++) {
            keymap_key(&app->keymap, ids[i], screen->ops->where, key);
            size_t length = strlen(keys);
            if (*key) {
                snprintf(keys + length, sizeof keys - length, "%s%s", length ? "/" : "", key);
            }
            if (ids[i + 1] == CMD_NONE || strcmp(hint_of(app, screen, ids[i + 1]), word) != 0) {
                break;
            }
        }
        int width = assay_text_width(keys) + 1 + assay_text_width(word);
        if (!*keys || x + width > end) {
            continue;
        }
        x += draw_text(line, x, 0, ROLE_KEY, keys) + 1;
        x += draw_text(line, x, 0, ROLE_DIM, word) + 2;
    }
}

/* "key=word" pairs with tabs between them. */
static void draw_typing(struct area line, const char *pairs)
{
    int x = 1;
    while (*pairs) {
        char pair[80];
        size_t length = strcspn(pairs, "\t");
        snprintf(pair, sizeof pair, "%.*s", (int)length, pairs);
        char *word = strchr(pair, '=');
        if (word) {
            *word++ = '\0';
            x += draw_text(line, x, 0, ROLE_KEY, pair) + 1;
            x += draw_text(line, x, 0, ROLE_DIM, word) + 2;
        }
        pairs += length + (pairs[length] == '\t');
    }
}

static void draw_bottom(struct app *app, struct area line, struct app_screen *screen)
{
    line = area_under(line, ROLE_STATUS);
    draw_clear(line);
    if (app->message_shown && app->message_count > 0) {
        const struct app_message *message = &app->messages[app->message_count - 1];
        draw_field(line, 1, 0, line.rect.width - 2, ALIGN_LEFT,
                   message->error ? ROLE_ERROR : ROLE_NORMAL, message->text);
        return;
    }
    const char *typing = screen->ops->typing ? screen->ops->typing(screen->self) : NULL;
    if (typing) {
        draw_typing(line, typing);
    } else {
        draw_hints(app, line, screen);
    }
}

static void draw_too_small(struct area all)
{
    int y = all.rect.height / 2, width = all.rect.width;
    char text[64];
    draw_field(all, 0, y - 1, width, ALIGN_CENTER, ROLE_NORMAL,
               width < 18 ? "more room" : "a little more room");
    snprintf(text, sizeof text, "%dx%d, and this is %dx%d", TERM_MIN_COLUMNS, TERM_MIN_ROWS,
             width, all.rect.height);
    if (assay_text_width(text) > width) {
        snprintf(text, sizeof text, "%dx%d for %dx%d", width, all.rect.height, TERM_MIN_COLUMNS,
                 TERM_MIN_ROWS);
    }
    draw_field(all, 0, y, width, ALIGN_CENTER, ROLE_DIM, text);
}

static void images_made(void *context)
{
    crew_finish(context);
}

void frame_draw(struct app *app)
{
    struct app_screen *screen = &app->screens[app->depth - 1];
    struct area all = area_all(term_canvas(app->term));
    int64_t now = assay_monotonic_us();
    app->dirty = app->retry = false;
    app->redraw_us = INT64_MAX;
    app->drawn_us = now;
    app->now_ms = assay_now_ms();
    draw_clear(all);
    term_cursor(app->term, -1, -1);
    graphics_hide_all(term_graphics(app->term));
    int width = all.rect.width, height = all.rect.height;
    if (width < TERM_MIN_COLUMNS || height < TERM_MIN_ROWS) {
        draw_too_small(all);
        term_flush(app->term, NULL, NULL);
        return;
    }
    app->cover =
        app->palette.open ? palette_box(&app->palette, width, height) : (struct rect){0};
    struct area inner = area_part(all, 0, FRAME_TOP, width, height - FRAME_TOP - FRAME_BOTTOM);
    screen->ops->draw(screen->self, inner);
    draw_top(app, area_row(all, 0), screen);
    draw_bottom(app, area_row(all, height - 1), screen);
    if (app->palette.open) {
        graphics_cover(term_graphics(app->term), app->cover);
        palette_draw(app, all);
    }
    term_flush(app->term, images_made, app->crew);
    crew_finish(app->crew); /* where nothing was sent */
    if (screen->ops->wake_us) {
        int64_t when = screen->ops->wake_us(screen->self, now);
        app->redraw_us = when < app->redraw_us ? when : app->redraw_us;
    }
}
