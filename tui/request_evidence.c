/*
 * Evidence on the screen of a request. The desk reads it and checks its digest; it is shown as
 * lines of the page, and marked as seen once each of its rows has been on the screen: what was
 * never shown was not looked at.
 */
#include "request_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#define EVIDENCE_LINES 4000
#define EVIDENCE_BYTES ((size_t)1 << 20)
#define EVIDENCE_WIDE  8000 /* bytes of a line */

static const struct assay_evidence *opened(const struct request_view *view,
                                           const struct assay_request *r)
{
    const size_t at = view->evidence.open;
    return r && at && at <= r->evidence_count ? &r->evidence[at - 1] : NULL;
}

void request_evidence_close(struct request_view *view)
{
    free(view->evidence.bytes);
    free(view->evidence.row);
    view->evidence = (struct request_evidence){0};
}

static void open_it(struct request_view *view, const struct assay_request *r, size_t at)
{
    request_evidence_close(view);
    view->evidence.open = at;
    snprintf(view->evidence.digest, sizeof view->evidence.digest, "%s",
             r->evidence[at - 1].digest);
    view->dirty = true;
    request_evidence_ask(view);
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
    if (!e->open || strcmp(result->wish.binding, e->digest) != 0)
        return;
    e->there = true;
    e->err = result->err;
    e->bytes = result->text;
    e->length = result->length;
    result->text = NULL;
}

/* ---- as lines ---- */

static void add_text(struct request_view *view, const struct assay_request *r,
                     const struct assay_evidence *evidence)
{
    struct request_evidence *e = &view->evidence;
    const char *at = e->bytes, *end = e->bytes + e->length;
    size_t lines = 0;
    e->whole = true;
    for (; at < end && lines < EVIDENCE_LINES; lines++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        const size_t length = stop ? (size_t)(stop - at) : (size_t)(end - at);
        const size_t first = view->count;
        e->whole = e->whole && length <= EVIDENCE_WIDE;
        request_add(view, ROLE_DIM, 8, "        %.*s%s",
                    (int)(length < EVIDENCE_WIDE ? length : EVIDENCE_WIDE), at,
                    length > EVIDENCE_WIDE ? " ..." : "");
        for (size_t i = first; i < view->count; i++) {
            ASSAY_GROW(e->row, e->capacity, e->rows + 1);
            e->row[e->rows++] = (struct request_evidence_row){.line = (uint32_t)lines};
            view->lines[i].part = e->rows;
        }
        at = stop ? stop + 1 : end;
    }
    if (at < end || !e->whole) {
        e->whole = false;
        request_add(view, ROLE_WARNING, 8,
                    "        not all of it fits here; all, and marked as seen: assay review %s "
                    "--open '%s'",
                    r->id, evidence->name);
    }
}

/* Rows that were broken anew have been shown where all of their line had been: OLD, COUNT of
   them, are the rows of before. */
static void keep_shown(struct request_evidence *e, const struct request_evidence_row *old,
                       size_t count)
{
    bool *hidden = assay_alloc_array(EVIDENCE_LINES, sizeof *hidden);
    const size_t lines = count > 0 ? old[count - 1].line + 1 : 0;
    for (size_t i = 0; i < count; i++)
        hidden[old[i].line] |= !old[i].shown;
    e->shown_rows = 0;
    for (size_t i = 0; i < e->rows; i++) {
        const size_t line = e->row[i].line;
        e->row[i].shown = line < lines && !hidden[line];
        e->shown_rows += e->row[i].shown;
    }
    free(hidden);
}

static void add_open(struct request_view *view, const struct assay_request *r,
                     const struct assay_evidence *evidence)
{
    struct request_evidence *e = &view->evidence;
    struct request_evidence_row *old = e->row;
    const size_t rows = e->rows;
    e->row = NULL;
    e->rows = e->capacity = 0;
    e->whole = false;
    if (!e->there)
        request_add(view, ROLE_DIM, 8, "        reading");
    else if (!e->bytes)
        request_add(view, ROLE_FAILED, 8, "        %s%s%s", e->err.what,
                    e->err.hint[0] ? "; " : "", e->err.hint);
    else if (e->length > EVIDENCE_BYTES || memchr(e->bytes, '\0', e->length) ||
             !assay_utf8_valid(e->bytes, e->length))
        request_add(view, ROLE_WARNING, 8,
                    "        %s: look at it elsewhere, which marks it as seen: assay review %s "
                    "--open '%s' > file",
                    e->length > EVIDENCE_BYTES ? "too large for this page" : "no text", r->id,
                    evidence->name);
    else
        add_text(view, r, evidence);
    keep_shown(e, old, rows);
    free(old);
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
        if (view->evidence.open == i + 1 && strcmp(view->evidence.digest, e->digest) == 0)
            add_open(view, r, e);
    }
}

/* ---- what was on the screen ---- */

void request_evidence_shown(struct request_view *view, const struct request_line *line)
{
    struct request_evidence *e = &view->evidence;
    if (!line->part || line->part > e->rows || e->row[line->part - 1].shown)
        return;
    e->row[line->part - 1].shown = true;
    e->shown_rows++;
}

static bool all_shown(const struct request_evidence *e)
{
    return e->there && e->bytes && e->whole && e->shown_rows == e->rows;
}

static void mark_seen(struct request_view *view)
{
    const struct assay_evidence *evidence = opened(view, request_of(view));
    struct assay_error err = {0};
    if (evidence && !evidence->seen && all_shown(&view->evidence) &&
        assay_evidence_seen(desk_ledger(view->desk), view->evidence.digest, true, &err) !=
            ASSAY_OK)
        app_fail(view->app, &err);
}

void request_evidence_here(struct request_view *view)
{
    size_t at = view->list.cursor < view->count ? view->lines[view->list.cursor].evidence : 0;
    const struct assay_request *r = request_of(view);
    if (!at || !r) {
        app_say(view->app, "the line is no evidence: space goes to the next unseen");
        return;
    }
    if (view->evidence.open == at) {
        mark_seen(view);
        request_evidence_close(view);
    } else {
        open_it(view, r, at);
    }
    view->dirty = true;
    app_dirty(view->app);
}

/* To the first row that has not been on the screen; false where there is none. */
static bool page_on(struct request_view *view)
{
    const struct request_evidence *e = &view->evidence;
    for (size_t i = 0; i < view->count; i++)
        if (view->lines[i].part && view->lines[i].part <= e->rows &&
            !e->row[view->lines[i].part - 1].shown) {
            view->list.cursor = view->list.top = i;
            app_dirty(view->app);
            return true;
        }
    return false;
}

static void show_opened(struct request_view *view)
{
    request_build(view);
    for (size_t i = 0; i < view->count; i++)
        if (view->lines[i].evidence == view->evidence.open)
            view->list.cursor = view->list.top = i;
    app_dirty(view->app);
}

bool request_evidence_next(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    const size_t was = view->evidence.open;
    size_t next = 0, left = 0;
    if (!r)
        return true;
    if (was && !view->evidence.there) {
        app_say(view->app, "it is being read");
        return true;
    }
    if (was && page_on(view))
        return true;
    mark_seen(view);
    r = request_of(view);
    for (size_t i = 0; r && i < r->evidence_count; i++) {
        left += !r->evidence[i].seen;
        if (!r->evidence[i].seen && i >= was && !next)
            next = i + 1;
    }
    if (next) {
        open_it(view, r, next);
        show_opened(view);
        return true;
    }
    request_evidence_close(view);
    request_build(view);
    app_dirty(view->app);
    if (!was && !left)
        return false;
    app_say(view->app, left ? "some evidence was not shown whole: it is not marked as seen"
                            : "all evidence is seen: space again goes to the next request that "
                              "waits for you");
    return true;
}
