/*
 * The screen of one request: its state, shared by view_request.c (commands, events, layout) and
 * its parts request_page.c (the lines of the page), request_may.c (what who sits here may do)
 * and request_sides.c (candidate against champion: rows and chart).
 */
#ifndef TUI_REQUEST_VIEW_H
#define TUI_REQUEST_VIEW_H

#include <assay/review.h>

#include "chart_state.h"
#include "file_preview.h"
#include "outbox.h"
#include "request_rows.h"
#include "view_request.h"
#include "widget_chart.h"
#include "widget_list.h"
#include "widget_prompt.h"

struct request_line {
    enum role role;
    char *text;      /* clean */
    size_t evidence; /* index + 1; 0: none */
    bool changes;    /* where "since your last decision" begins */
    char *condition; /* its text, where it is one that is still to be met; else NULL */
};

enum request_typing { TYPING_NOTHING, TYPING_REASON, TYPING_CONDITION };

struct request_sides {
    struct assay_sides *facts; /* NULL: asked for, or not to be had */
    bool asked;
    struct assay_error err;   /* why they are not to be had */
    uint32_t runs[2];         /* candidate's and champion's in the catalog; ASSAY_NONE */
    struct request_rows rows; /* of the two; not made while one is not known */
    char **metrics;           /* that both runs have curves of */
    size_t metric_count, metric_at;
    struct chart_state chart;
    struct chart_widget widget;
};

/* The piece of evidence that is open, over the whole page. It counts as seen only once all of
   it has been on the screen. */
struct request_evidence {
    size_t open; /* its index + 1; 0: none is */
    char digest[ASSAY_SHA256_TEXT];
    bool asked, there; /* of the desk; it has come, or err says why not */
    struct assay_error err;
    struct file_preview preview;
};

struct request_view {
    struct app *app;
    struct desk *desk;
    char id[17];
    struct request_line *lines;
    size_t count, capacity;
    int width;           /* the lines were broken for */
    uint64_t generation; /* of the desk's ledger when the lines were made */
    struct request_evidence evidence;
    bool all; /* every row of the comparison */
    struct request_sides sides;
    struct list list;
    struct rect rect;
    enum request_typing asking; /* what is being typed */
    enum assay_verdict verdict;
    struct prompt prompt;
    struct outbox outbox;
    bool dirty;
    int64_t opened_us;
    enum command_id hints[14]; /* what is offered below the page */
};

const struct assay_request *request_of(struct request_view *view);
const struct assay_draft *request_draft(struct request_view *view);

/* ---- request_page.c ---- */

void request_build(struct request_view *view);
void request_clear(struct request_view *view);
/* Adds a line, broken at the width of the page; what does not fit goes on INDENT cells in. The
   first of its rows; valid until the next. */
struct request_line *request_add(struct request_view *view, enum role role, int indent,
                                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ---- request_may.c: what who sits here may do ---- */

bool request_voted(struct request_view *view); /* whether they ever decided on it */
/* Whether the target is known to be elsewhere by now than where it was when it was asked for.
 */
bool request_champion_moved(const struct request_view *view, const struct assay_request *r);
void request_may_add(struct request_view *view, const struct assay_request *r); /* as a line */
/* … and the keys for it; valid until the next call. */
const enum command_id *request_may_hints(struct request_view *view);

/* ---- request_evidence.c ---- */

void request_evidence_add(struct request_view *view, const struct assay_request *r);
/* Asks the desk for what is open, where that is still to be done and the desk is free. */
void request_evidence_ask(struct request_view *view);
/* Takes what the desk has read. */
void request_evidence_take(struct request_view *view, struct desk_result *result);
void request_evidence_close(struct request_view *view);
/* Whether the page lies below a piece of evidence; drawing that. */
bool request_evidence_open(const struct request_view *view);
void request_evidence_draw(struct request_view *view, struct area area);
/* Moving in what is open, and back to the page; false where ID is no command for it. */
bool request_evidence_command(struct request_view *view, enum command_id id);
void request_evidence_event(struct request_view *view, const struct event *event);
/* Opens the evidence under the cursor. */
void request_evidence_here(struct request_view *view);
/* One key to the next unseen thing: the rest of the evidence that is open, the next piece, then
   false: the next request. */
bool request_evidence_next(struct request_view *view);

/* ---- request_decide.c: drafts ---- */

/* Begins to ask what the decision needs: its reason, to whom, which condition. */
void request_decide(struct request_view *view, enum assay_verdict verdict);
void request_decide_named(struct request_view *view, const char *name);
/* A condition of the approval that is a draft: TEXT, or asked for where it is empty. */
void request_condition(struct request_view *view, const char *text);
/* What was typed is taken; it stays to be mended where it does not do. */
void request_typed(struct request_view *view);
void request_prompt_label(const struct request_view *view, struct assay_buf *out);
void request_drop_draft(struct request_view *view);
/* The form that asks for what was there before this one was applied. */
void request_revise(struct request_view *view); /* opens the form of the next revision */
void request_rollback(struct request_view *view);

/* ---- request_sides.c ---- */

void request_sides_open(struct request_view *view);
void request_sides_close(struct request_view *view);
/* Asks for the facts where that is still to be done and the desk is free. */
void request_sides_ask(struct request_view *view);
void request_sides_take(struct request_view *view, struct desk_result *result);
/* Looks for the two runs among those that are known. */
void request_sides_find(struct request_view *view);
void request_sides_add(struct request_view *view, const struct assay_request *r);
/* Whether there is a chart to show; drawing it. */
bool request_sides_chart(const struct request_view *view);
void request_sides_draw(struct request_view *view, struct area area);
void request_sides_compare(struct request_view *view);
void request_sides_plot(struct request_view *view);
void request_sides_metric(struct request_view *view, int delta, const char *name);

#endif
