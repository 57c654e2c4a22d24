/*
 * Evidence on the screen of a request. The desk reads it and checks its digest; it is shown by
 * the one viewer of files, over the page, and marked as seen once all of it has been on the
 * screen: what was never shown was not looked at.
 */
#include "request_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

static const struct assay_evidence *opened(const struct request_view *view,
                                           const struct assay_request *r)
{
    const size_t at = view->evidence.open;
    if (!r || !at || at > r->evidence_count ||
        strcmp(view->evidence.digest, r->evidence[at - 1].digest) != 0)
        return NULL; /* the request has changed since */
    return &r->evidence[at - 1];
}

bool request_evidence_open(const struct request_view *view)
{
    return view->evidence.open != 0;
}

/* The page is there again, with the cursor on what was open. */
void request_evidence_close(struct request_view *view)
{
    for (size_t i = 0; view->evidence.open && i < view->count; i++)
        if (view->lines[i].evidence == view->evidence.open)
            view->list.cursor = i;
    file_preview_free(&view->evidence.preview, view->app);
    view->evidence = (struct request_evidence){0};
    view->dirty = true;
}

static void open_it(struct request_view *view, const struct assay_request *r, size_t at)
{
    request_evidence_close(view);
    file_preview_init(&view->evidence.preview);
    view->evidence.open = at;
    snprintf(view->evidence.digest, sizeof view->evidence.digest, "%s",
             r->evidence[at - 1].digest);
    request_evidence_ask(view);
    app_dirty(view->app);
}

void request_evidence_ask(struct request_view *view)
{
    struct request_evidence *e = &view->evidence;
    struct desk_wish wish = {.task = DESK_EVIDENCE};
    if (!e->open || e->asked || desk_busy(view->desk))
        return;
    snprintf(wish.request, sizeof wish.request, "%s", view->id);
    snprintf(wish.binding, sizeof wish.binding, "%s", e->digest);
    e->asked = desk_ask(view->desk, &wish);
}

void request_evidence_take(struct request_view *view, struct desk_result *result)
{
    struct request_evidence *e = &view->evidence;
    const struct assay_evidence *evidence = opened(view, request_of(view));
    if (!evidence || strcmp(result->wish.binding, e->digest) != 0)
        return;
    e->there = true;
    e->err = result->err;
    if (result->text)
        file_preview_give(&e->preview, view->app, e->digest, evidence->name, result->text,
                          result->length);
    result->text = NULL;
}

void request_evidence_add(struct request_view *view, const struct assay_request *r)
{
    char size[32], age[16];
    size_t seen = 0;
    for (size_t i = 0; i < r->evidence_count; i++)
        seen += r->evidence[i].seen;
    if (r->evidence_count)
        request_add(view, ROLE_TITLE, 2, "EVIDENCE   %zu of %zu seen%s", seen,
                    r->evidence_count,
                    seen < r->evidence_count ? "   space opens the next" : "");
    for (size_t i = 0; i < r->evidence_count; i++) {
        const struct assay_evidence *e = &r->evidence[i];
        request_add(view, e->seen ? ROLE_NORMAL : ROLE_STRONG, 6,
                    "  [%s] %s   %s   %s old   %.16s", e->seen ? "x" : " ", e->name,
                    assay_bytes_text(size, e->bytes),
                    assay_age_text(age, e->time_ms, view->app->now_ms), e->digest)
            ->evidence = i + 1;
    }
}

/* ---- drawing ---- */

/* What still keeps it from being seen. */
static const char *still_to_do(const struct request_evidence *e)
{
    if (!e->preview.ready)
        return "";
    if (!file_preview_can_show_all(&e->preview))
        return "not all of it can be shown here";
    return file_preview_all_shown(&e->preview) ? "all of it was shown" : "space shows more";
}

static void draw_head(struct request_view *view, const struct assay_request *r,
                      const struct assay_evidence *evidence, struct area row)
{
    const struct request_evidence *e = &view->evidence;
    const int width = row.rect.width;
    const char *left = still_to_do(e);
    char clean[400];
    struct assay_buf text = {0};
    assay_text_clean_to(clean, sizeof clean, evidence->name);
    assay_buf_format(&text, "EVIDENCE %zu of %zu   [%s] %s", e->open, r->evidence_count,
                     evidence->seen ? "x" : " ", clean);
    const int room = width - 4 - (int)strlen(left);
    draw_field(row, 1, 0, room > 20 ? room : width - 2, ALIGN_LEFT, ROLE_TITLE,
               assay_buf_text(&text));
    if (room > 20)
        draw_text(row, room + 3, 0,
                  file_preview_can_show_all(&e->preview) ? ROLE_DIM : ROLE_WARNING, left);
    assay_buf_free(&text);
}

/* Where not all of it can be shown: how it is looked at nevertheless. */
static void draw_elsewhere(struct request_view *view, const struct assay_evidence *evidence,
                           struct area row)
{
    struct assay_buf word = {0};
    assay_text_word(&word, evidence->name);
    draw_format(row, 2, 0, ROLE_WARNING,
                "all, and marked as seen: assay review %.8s --open %s > FILE", view->id,
                assay_buf_text(&word));
    assay_buf_free(&word);
}

void request_evidence_draw(struct request_view *view, struct area area)
{
    struct request_evidence *e = &view->evidence;
    const struct assay_request *r = request_of(view);
    const struct assay_evidence *evidence = opened(view, r);
    const int width = area.rect.width, height = area.rect.height;
    if (!evidence || height < 3)
        return;
    e->preview.watching = !view->app->palette.open;
    struct area body = area_part(area, 0, 1, width, height - 1);
    if (e->preview.ready && !file_preview_can_show_all(&e->preview)) {
        draw_elsewhere(view, evidence, area_row(area, 1));
        body = area_part(area, 0, 2, width, height - 2);
    }
    if (e->there && e->err.what[0]) {
        char clean[400];
        draw_field(body, 2, 0, width - 3, ALIGN_LEFT, ROLE_FAILED,
                   assay_text_clean_to(clean, sizeof clean, e->err.what));
        draw_field(body, 2, 1, width - 3, ALIGN_LEFT, ROLE_DIM,
                   assay_text_clean_to(clean, sizeof clean, e->err.hint));
    } else if (!e->there) {
        draw_text(body, 2, 0, ROLE_DIM, "reading");
    } else {
        file_preview_draw(&e->preview, view->app, body, true, 0);
    }
    draw_head(view, r, evidence, area_row(area, 0));
}

/* ---- moving, opening, marking ---- */

static void mark_seen(struct request_view *view)
{
    const struct assay_evidence *evidence = opened(view, request_of(view));
    const struct assay_note note = {.kind = ASSAY_NOTE_SEEN, .digest = view->evidence.digest};
    if (evidence && !evidence->seen && file_preview_all_shown(&view->evidence.preview))
        desk_note(view->desk, &note);
}

/* Back to the page. */
static void leave(struct request_view *view)
{
    mark_seen(view);
    request_evidence_close(view);
    app_dirty(view->app);
}

bool request_evidence_command(struct request_view *view, enum command_id id)
{
    app_dirty(view->app);
    if (file_preview_command(&view->evidence.preview, id))
        return true;
    switch (id) {
    case CMD_OPEN: /* there was nothing under the cursor to be opened */
    case CMD_BACK:
    case CMD_CANCEL:
    case CMD_LEFT:
        leave(view);
        return true;
    case CMD_CHANGES:
    case CMD_ALL_ROWS:
        leave(view);
        return false; /* which are of the page */
    default:
        return false;
    }
}

void request_evidence_event(struct request_view *view, const struct event *event)
{
    struct file_preview *preview = &view->evidence.preview;
    if (event->action == MOUSE_WHEEL_UP || event->action == MOUSE_WHEEL_DOWN)
        file_preview_wheel(preview, event->action == MOUSE_WHEEL_UP ? -3 : 3);
    else if (event->action == MOUSE_PRESS)
        file_preview_click(preview, event->x, event->y);
    app_dirty(view->app);
}

void request_evidence_here(struct request_view *view)
{
    size_t at = view->list.cursor < view->count ? view->lines[view->list.cursor].evidence : 0;
    const struct assay_request *r = request_of(view);
    if (at && r)
        open_it(view, r, at);
    else
        app_say(view->app, "the line is no evidence: space goes to the next unseen");
}

bool request_evidence_next(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    const size_t was = view->evidence.open;
    size_t next = 0, left = 0;
    if (!r)
        return true;
    if (was && (!view->evidence.there || view->evidence.preview.errand)) {
        app_say(view->app, "it is being read");
        return true;
    }
    if (was && file_preview_to_unshown(&view->evidence.preview)) {
        app_dirty(view->app);
        return true;
    }
    mark_seen(view);
    r = request_of(view);
    for (size_t i = 0; r && i < r->evidence_count; i++) {
        left += !r->evidence[i].seen;
        if (!r->evidence[i].seen && i >= was && !next)
            next = i + 1;
    }
    if (next) {
        open_it(view, r, next);
        return true;
    }
    if (was)
        request_evidence_close(view);
    app_dirty(view->app);
    if (!was && !left)
        return false;
    app_say(view->app, left ? "some evidence was not shown whole: it is not marked as seen"
                            : "all evidence is seen: space again goes to the next request that "
                              "waits for you");
    return true;
}
