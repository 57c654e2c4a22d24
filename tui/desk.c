/*
 * The desk of approvals (desk.h), for view_queue.c, view_request.c and view_ask.c.
 */
#include "desk.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "desk_notes.h"

#define DESK_PATIENCE_MS 1000 /* for a reading that is under way when it is closed */

struct desk {
    struct app *app;
    int done; /* readable when the thread has ended */
    bool busy;
    atomic_bool leaving;          /* what can be given up should be */
    atomic_size_t moved, to_move; /* DESK_SYNC: records */
    _Atomic(const char *) moving; /* "received", "sent"; NULL not yet */
    pthread_t thread;
    struct desk_result result;        /* the thread's while it is busy */
    struct assay_ledger *fresh;       /* likewise */
    const struct assay_draft *drafts; /* of it, likewise */
    size_t draft_count;
    struct desk_notes *notes;
    struct desk_wish next; /* an exchange that waits until there is time */
    bool waits;
    char told[1024]; /* the place of which it was said what --again would do there */
    bool stale;      /* the ledger is to be read anew, once there is time */
    int trouble;     /* readable when a note could not be written */
    struct assay_ledger *ledger;
    char me[80];
    uint64_t generation;
};

static void ask(struct assay_ledger *ledger, struct desk_result *r)
{
    struct assay_request_options options = *r->wish.ask;
    if (r->wish.registration) {
        r->status = assay_model_register(ledger, r->wish.registration, r->version, &r->err);
        options.version = r->version;
    }
    if (r->status == ASSAY_OK)
        r->status = assay_request_send(ledger, &options, r->id, &r->err);
}

/* That it is applied holds, whatever came of what followed. */
static void apply(struct assay_ledger *ledger, struct desk_result *r)
{
    const struct assay_follow *follows;
    r->status = assay_request_apply(ledger, r->wish.request, &r->err);
    const size_t count = assay_ledger_follows(ledger, &follows);
    for (size_t i = 0; r->status == ASSAY_OK && i < count; i++)
        if (follows[i].error.status != ASSAY_OK)
            assay_fail(&r->followed, ASSAY_IO, "applied and recorded, but after %s: %s",
                       follows[i].name, follows[i].error.what);
}

static bool moved(void *context, const char *what, size_t done, size_t all)
{
    struct desk *desk = context;
    atomic_store(&desk->moving, what);
    atomic_store(&desk->moved, done);
    atomic_store(&desk->to_move, all);
    return !atomic_load(&desk->leaving);
}

/* A ledger that lost records is opened all the same: it may get them back. */
static void exchange(struct desk *desk)
{
    struct desk_result *r = &desk->result;
    const struct assay_sync_options options = {
        .again = r->wish.again, .progress = moved, .context = desk};
    const char *me = "";
    r->status = assay_ledger_open(&desk->fresh, &(struct assay_ledger_options){.recover = true},
                                  &r->err);
    char *last = r->status == ASSAY_OK && !r->wish.reason[0]
                     ? assay_ledger_sync_place(desk->fresh)
                     : NULL;
    const char *place = last ? last : r->wish.reason;
    const bool joins = r->status == ASSAY_OK && !assay_ledger_info(desk->fresh).digest[0];
    if (r->status == ASSAY_OK && !*place)
        r->status = assay_fail(&r->err, ASSAY_BAD_INPUT,
                               "with which place? :sync DIRECTORY, a server's name or address, "
                               "or git+URL; then S knows it");
    if (r->status == ASSAY_OK)
        r->status = assay_ledger_sync(desk->fresh, place, &options, &r->synced, &r->err);
    /* Its texts are the ledger's only until something else is asked of that. */
    if (r->status == ASSAY_OK) {
        snprintf(r->place, sizeof r->place, "%s", r->synced.place);
        snprintf(r->refusal, sizeof r->refusal, "%s", r->synced.first_refusal);
    }
    if (r->status == ASSAY_OK && joins)
        snprintf(r->joined, sizeof r->joined, "%s", assay_ledger_info(desk->fresh).digest);
    free(last); /* as the place that was named may be in what came */
    r->synced.place = r->synced.first_refusal = NULL;
    /* What came before something failed is kept in the store, and read anew from there. */
    if (r->status == ASSAY_OK)
        (void)assay_ledger_me(desk->fresh, &me, NULL);
    else
        assay_ledger_close(&desk->fresh);
}

/* What is to be signed, in words; NULL where there are none: then the bytes alone are shown. */
static char *in_words(const char *text)
{
    struct assay_buf words = {0};
    if (assay_decision_words(text, &words, NULL) == ASSAY_OK)
        return assay_buf_take(&words);
    assay_buf_free(&words);
    return NULL;
}

static void act(struct desk *desk)
{
    struct desk_result *r = &desk->result;
    const char *conditions[DESK_CONDITIONS];
    for (size_t i = 0; i < r->wish.condition_count; i++)
        conditions[i] = r->wish.conditions[i];
    const struct assay_decision decision = {.verdict = r->wish.verdict,
                                            .reason = r->wish.reason,
                                            .binding = r->wish.binding,
                                            .conditions = conditions,
                                            .condition_count = r->wish.condition_count,
                                            .delegate = r->wish.delegate,
                                            .dwell_seconds = r->wish.dwell_seconds,
                                            .text = r->wish.text};
    const char *me = "";
    if (r->wish.task == DESK_SYNC) {
        exchange(desk);
        return;
    }
    r->status = assay_ledger_open(&desk->fresh, &(struct assay_ledger_options){0}, &r->err);
    /* Without a ledger there is nobody, and no agent is asked. */
    if (r->status == ASSAY_OK && assay_ledger_info(desk->fresh).digest[0])
        r->status = assay_ledger_me(desk->fresh, &me, &r->err);
    if (r->status != ASSAY_OK)
        return;
    switch (r->wish.task) {
    case DESK_READ:
    case DESK_SYNC:
        break;
    case DESK_PREVIEW:
        r->status =
            assay_request_preview(desk->fresh, r->wish.request, &decision, &r->text, &r->err);
        if (r->status == ASSAY_OK)
            r->words = in_words(r->text);
        break;
    case DESK_SIGN:
        r->status = assay_request_decide(desk->fresh, r->wish.request, &decision, &r->err);
        break;
    case DESK_APPLY:
        apply(desk->fresh, r);
        break;
    case DESK_SIDES:
        r->status = assay_sides_read(desk->fresh, r->wish.request, &r->sides, &r->err);
        break;
    case DESK_EVIDENCE:
        r->status =
            assay_evidence_read(desk->fresh, r->wish.binding, &r->text, &r->length, &r->err);
        break;
    case DESK_ASK:
        ask(desk->fresh, r);
        break;
    }
}

static bool acts(const struct desk *desk)
{
    const enum desk_task task = desk->result.wish.task;
    return task == DESK_SIGN || task == DESK_APPLY || task == DESK_ASK;
}

static void say_place(struct desk *desk)
{
    char *place = assay_ledger_sync_place(desk->fresh);
    snprintf(desk->result.place, sizeof desk->result.place, "%s", place ? place : "");
    free(place);
}

/* What was noted before is in what it reads. A signature takes its draft away: one that is
   written meanwhile comes after it. */
static void work(struct desk *desk)
{
    const bool signs = desk->result.wish.task == DESK_SIGN;
    desk_notes_settle(desk->notes, signs);
    act(desk);
    if (signs)
        desk_notes_release(desk->notes);
    if (acts(desk) && desk->result.status == ASSAY_OK)
        say_place(desk);
    if (desk->fresh)
        desk->draft_count = assay_ledger_drafts(desk->fresh, &desk->drafts);
}

static void *run(void *context)
{
    struct desk *desk = context;
    const uint64_t one = 1;
    work(desk);
    while (write(desk->done, &one, sizeof one) < 0 && errno == EINTR)
        continue;
    return NULL;
}

struct desk *desk_open(struct app *app)
{
    struct desk *desk = assay_alloc(sizeof *desk);
    desk->app = app;
    desk->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    desk->trouble = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (desk->done >= 0)
        loop_watch(app->loop, desk->done);
    if (desk->trouble >= 0)
        loop_watch(app->loop, desk->trouble);
    desk->notes = desk_notes_open(desk->trouble);
    return desk;
}

void desk_close(struct desk **at)
{
    struct desk *desk = *at;
    if (!desk)
        return;
    /* What acts is waited for; what only reads and does not come back (an agent that hangs) is
       left behind: it ends with the process. */
    struct pollfd done = {.fd = desk->done, .events = POLLIN};
    atomic_store(&desk->leaving, true);
    if (desk->busy && !acts(desk) && poll(&done, 1, DESK_PATIENCE_MS) == 0) {
        desk_notes_close(&desk->notes, false);
        pthread_detach(desk->thread);
        *at = NULL;
        return;
    }
    if (desk->busy)
        pthread_join(desk->thread, NULL);
    desk_notes_close(&desk->notes, true);
    if (desk->done >= 0) {
        loop_unwatch(desk->app->loop, desk->done);
        close(desk->done);
    }
    if (desk->trouble >= 0) {
        loop_unwatch(desk->app->loop, desk->trouble);
        close(desk->trouble);
    }
    free(desk->result.text);
    free(desk->result.words);
    assay_sides_free(&desk->result.sides);
    assay_ledger_close(&desk->fresh);
    assay_ledger_close(&desk->ledger);
    free(desk);
    *at = NULL;
}

bool desk_ask(struct desk *desk, const struct desk_wish *wish)
{
    if (desk->busy || desk->done < 0)
        return false;
    desk->result = (struct desk_result){.wish = *wish};
    desk->drafts = NULL;
    desk->draft_count = 0;
    desk_notes_reading(desk->notes);
    desk->busy = pthread_create(&desk->thread, NULL, run, desk) == 0;
    return desk->busy;
}

bool desk_busy(const struct desk *desk)
{
    return desk->busy;
}

enum desk_task desk_task(const struct desk *desk)
{
    return desk->result.wish.task;
}

static void exchange_soon(struct desk *desk, const struct desk_wish *wish)
{
    atomic_store(&desk->moving, NULL);
    desk->next = *wish;
    desk->waits = !desk_ask(desk, wish);
}

/* Whether what --again would do at PLACE was said just before; else it is said now. */
static bool told_before(struct desk *desk, const char *place)
{
    const size_t records = desk->ledger ? assay_ledger_info(desk->ledger).records : 0;
    const bool told = desk->told[0] && strcmp(desk->told + 1, place) == 0;
    snprintf(desk->told, sizeof desk->told, "%s%s", told ? "" : "=", told ? "" : place);
    if (!told)
        app_say(desk->app,
                "reads all %zu records at %s anew and puts back what is another there; "
                "the same once more does it",
                records, *place ? place : "the place of last time");
    return told;
}

void desk_sync(struct desk *desk, const char *place)
{
    static const char again[] = "--again";
    struct desk_wish wish = {.task = DESK_SYNC};
    const size_t length = strlen(again);
    desk->waits = false;
    if (strncmp(place, again, length) == 0 && (!place[length] || place[length] == ' ')) {
        wish.again = true;
        place += length;
        place += strspn(place, " ");
    }
    if (strlen(place) >= sizeof wish.reason - 1) {
        app_say(desk->app, "the name of the place is too long");
        return;
    }
    memcpy(wish.reason, place, strlen(place) + 1);
    if (!wish.again)
        desk->told[0] = '\0';
    else if (!told_before(desk, place))
        return;
    exchange_soon(desk, &wish);
}

void desk_synced(struct app *app, const struct desk_result *result)
{
    const struct assay_sync_result *s = &result->synced;
    struct assay_buf text = {0}, clean = {0};
    struct assay_error err = {0};
    if (result->status != ASSAY_OK) {
        app_fail(app, &result->err);
        return;
    }
    /* As ssh shows a host's key the first time: its people know the digest. */
    if (result->joined[0])
        assay_buf_format(&text, "first seen here: ledger %.16s, ", result->joined);
    assay_buf_format(&text, "%zu received, %zu sent%s: %s", s->received, s->sent,
                     s->made         ? " to a place that was made for it"
                     : s->there == 0 ? " to a place that held no ledger before"
                                     : "",
                     result->place);
    if (s->strangers > 0 && !s->told)
        assay_buf_format(&text, " (%zu there by nobody of this ledger: left alone)",
                         s->strangers);
    assay_text_clean(&clean, assay_buf_text(&text), text.length);
    if (s->refused > 0 && !s->told) {
        assay_fail(&err, ASSAY_NO, "%s, %zu refused; the first, %s", assay_buf_text(&clean),
                   s->refused, result->refusal);
        app_fail(app, &err);
    } else {
        app_say(app, "%s", assay_buf_text(&clean));
    }
    assay_buf_free(&text);
    assay_buf_free(&clean);
}

const char *desk_doing(const struct desk *desk, char out[64])
{
    const char *moving = atomic_load(&desk->moving);
    out[0] = '\0';
    if (!desk->busy)
        return out;
    if (desk->result.wish.task == DESK_SIGN)
        snprintf(out, 64, "   signing");
    else if (desk->result.wish.task != DESK_SYNC)
        snprintf(out, 64, "   reading");
    else if (moving)
        snprintf(out, 64, "   exchanging: %zu of %zu %s", atomic_load(&desk->moved),
                 atomic_load(&desk->to_move), moving);
    else
        snprintf(out, 64, "   exchanging");
    return out;
}

/* A note that was not written is not shown any longer either: what is there is read anew. */
static void look_for_trouble(struct desk *desk)
{
    uint64_t count;
    struct assay_error err;
    if (read(desk->trouble, &count, sizeof count) == (ssize_t)sizeof count &&
        desk_notes_failed(desk->notes, &err) != ASSAY_OK) {
        app_fail(desk->app, &err);
        desk->stale = true;
    }
    if (desk->stale && desk_ask(desk, &(struct desk_wish){.task = DESK_READ}))
        desk->stale = false;
    if (desk->waits && !desk->busy) {
        const struct desk_wish next = desk->next;
        exchange_soon(desk, &next);
    }
}

bool desk_poll(struct desk *desk, struct desk_result *result)
{
    uint64_t count;
    look_for_trouble(desk);
    if (!desk->busy || read(desk->done, &count, sizeof count) != (ssize_t)sizeof count)
        return false;
    pthread_join(desk->thread, NULL);
    desk->busy = false;
    *result = desk->result;
    desk->result.text = desk->result.words = NULL;
    desk->result.sides = NULL;
    if (!desk->fresh)
        desk_notes_read(desk->notes, NULL, NULL, 0);
    if (desk->fresh) {
        const char *me = "";
        assay_ledger_close(&desk->ledger);
        desk->ledger = desk->fresh;
        desk->fresh = NULL;
        desk_notes_read(desk->notes, desk->ledger, desk->drafts, desk->draft_count);
        if (assay_ledger_info(desk->ledger).digest[0] &&
            assay_ledger_me(desk->ledger, &me, NULL) == ASSAY_OK &&
            strlen(me) < sizeof desk->me)
            memcpy(desk->me, me, strlen(me) + 1);
        desk->generation++;
    }
    look_for_trouble(desk); /* what waits for its turn */
    return true;
}

struct assay_ledger *desk_ledger(struct desk *desk)
{
    return desk->ledger;
}

const char *desk_me(struct desk *desk)
{
    return desk->me;
}

uint64_t desk_generation(const struct desk *desk)
{
    return desk->generation;
}

size_t desk_drafts(const struct desk *desk, const struct assay_draft **drafts)
{
    return desk_notes_drafts(desk->notes, drafts);
}

void desk_note(struct desk *desk, const struct assay_note *note)
{
    struct assay_error err = {0};
    if (!desk->ledger)
        return;
    if (!desk_notes_add(desk->notes, assay_ledger_info(desk->ledger).place, note)) {
        assay_fail(&err, ASSAY_IO, "it cannot be written down now: %s", strerror(errno));
        app_fail(desk->app, &err);
    } else if (note->kind == ASSAY_NOTE_SEEN) {
        assay_evidence_mark(desk->ledger, note->digest);
    }
}
