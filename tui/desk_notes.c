/*
 * Drafts and marks written beside the screen (desk_notes.h).
 */
#include "desk_notes.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/memory.h>

#define TRIES 3

struct note {
    struct note *next;
    struct assay_arena arena; /* of the texts */
    const char *place;
    struct assay_note what;
};
struct note_list {
    struct note *first, **last;
};

struct desk_notes {
    int wake;
    bool started;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock. */
    struct note_list to_write;
    bool writing, held, ends;
    struct assay_error failed;
    /* The screen's. */
    struct note_list since; /* noted since the desk's thread began to read */
    bool reading;
    struct assay_arena arena;
    struct assay_draft *drafts;
    size_t count;
};

/* ---- notes ---- */

static struct assay_draft copy_draft(struct assay_arena *arena, const struct assay_draft *from)
{
    const char **conditions =
        assay_arena_alloc(arena, (from->condition_count + 1) * sizeof *conditions);
    for (size_t i = 0; i < from->condition_count; i++)
        conditions[i] = assay_arena_strdup(arena, from->conditions[i]);
    return (struct assay_draft){
        .request = assay_arena_strdup(arena, from->request),
        .binding = assay_arena_strdup(arena, from->binding ? from->binding : ""),
        .reason = assay_arena_strdup(arena, from->reason ? from->reason : ""),
        .verdict = from->verdict,
        .conditions = conditions,
        .condition_count = from->condition_count,
        .delegate = assay_arena_strdup(arena, from->delegate ? from->delegate : "")};
}

static struct note *note_new(const char *place, const struct assay_note *from)
{
    struct note *note = assay_alloc(sizeof *note);
    note->place = assay_arena_strdup(&note->arena, place);
    note->what.kind = from->kind;
    if (from->kind == ASSAY_NOTE_SEEN)
        note->what.digest = assay_arena_strdup(&note->arena, from->digest);
    else
        note->what.draft = copy_draft(&note->arena, &from->draft);
    return note;
}

static void note_free(struct note *note)
{
    assay_arena_free(&note->arena);
    free(note);
}

static void push(struct note_list *list, struct note *note)
{
    if (!list->first)
        list->last = &list->first;
    *list->last = note;
    list->last = &note->next;
}

static struct note *pop(struct note_list *list)
{
    struct note *note = list->first;
    if (note) {
        list->first = note->next;
        note->next = NULL;
    }
    return note;
}

/* ---- writing: on a thread of its own ---- */

static void write_one(struct desk_notes *notes, struct note *note)
{
    struct assay_error err = {0};
    const uint64_t one = 1;
    enum assay_status status = ASSAY_IO;
    pthread_mutex_unlock(&notes->lock);
    /* Another program may have the store to itself for longer than is waited for once. */
    for (int i = 0; i < TRIES && status == ASSAY_IO; i++) {
        assay_error_clear(&err);
        status = assay_note_write(note->place, &note->what, &err);
    }
    note_free(note);
    pthread_mutex_lock(&notes->lock);
    if (status == ASSAY_OK)
        return;
    notes->failed = err;
    while (notes->wake >= 0 && write(notes->wake, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

static void *run(void *context)
{
    struct desk_notes *notes = context;
    pthread_mutex_lock(&notes->lock);
    for (;;) {
        struct note *note = notes->held && !notes->ends ? NULL : pop(&notes->to_write);
        if (note) {
            notes->writing = true;
            write_one(notes, note);
            notes->writing = false;
            pthread_cond_broadcast(&notes->changed);
        } else if (notes->ends) {
            break;
        } else {
            pthread_cond_wait(&notes->changed, &notes->lock);
        }
    }
    pthread_mutex_unlock(&notes->lock);
    return NULL;
}

/* Signals are for the thread that has the screen. */
static bool start(struct desk_notes *notes)
{
    sigset_t all, before;
    if (notes->started)
        return true;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    errno = pthread_create(&notes->thread, NULL, run, notes);
    notes->started = errno == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return notes->started;
}

void desk_notes_settle(struct desk_notes *notes, bool hold)
{
    pthread_mutex_lock(&notes->lock);
    while (notes->to_write.first || notes->writing)
        pthread_cond_wait(&notes->changed, &notes->lock);
    notes->held = hold;
    pthread_mutex_unlock(&notes->lock);
}

void desk_notes_release(struct desk_notes *notes)
{
    pthread_mutex_lock(&notes->lock);
    notes->held = false;
    pthread_cond_broadcast(&notes->changed);
    pthread_mutex_unlock(&notes->lock);
}

struct desk_notes *desk_notes_open(int wake)
{
    struct desk_notes *notes = assay_alloc(sizeof *notes);
    notes->wake = wake;
    pthread_mutex_init(&notes->lock, NULL);
    pthread_cond_init(&notes->changed, NULL);
    return notes;
}

static void forget_since(struct desk_notes *notes)
{
    for (struct note *note; (note = pop(&notes->since)) != NULL;)
        note_free(note);
}

void desk_notes_close(struct desk_notes **at, bool free_it)
{
    struct desk_notes *notes = *at;
    *at = NULL;
    pthread_mutex_lock(&notes->lock);
    notes->ends = true;
    pthread_cond_broadcast(&notes->changed);
    pthread_mutex_unlock(&notes->lock);
    if (notes->started)
        pthread_join(notes->thread, NULL);
    if (!free_it)
        return;
    forget_since(notes);
    assay_arena_free(&notes->arena);
    pthread_cond_destroy(&notes->changed);
    pthread_mutex_destroy(&notes->lock);
    free(notes);
}

/* ---- what holds meanwhile: on the screen's thread ---- */

static size_t find(const struct desk_notes *notes, const char *request)
{
    size_t i = 0;
    while (i < notes->count && strcmp(notes->drafts[i].request, request) != 0)
        i++;
    return i;
}

/* The drafts as they are with NOTE, in the order of the store: by request. Nothing of what was
   there is moved in memory: it may be what NOTE was made of. */
static void apply(struct desk_notes *notes, const struct assay_note *note)
{
    size_t at = find(notes, note->draft.request), count = 0;
    struct assay_draft *next =
        assay_arena_alloc(&notes->arena, (notes->count + 1) * sizeof *next);
    const bool keep = note->kind == ASSAY_NOTE_DRAFT;
    bool put = !keep;
    for (size_t i = 0; i < notes->count; i++) {
        if (!put && strcmp(notes->drafts[i].request, note->draft.request) >= 0) {
            next[count++] = copy_draft(&notes->arena, &note->draft);
            put = true;
        }
        if (i != at)
            next[count++] = notes->drafts[i];
    }
    if (!put)
        next[count++] = copy_draft(&notes->arena, &note->draft);
    notes->drafts = next;
    notes->count = count;
}

bool desk_notes_add(struct desk_notes *notes, const char *place, const struct assay_note *note)
{
    if (!start(notes))
        return false;
    if (notes->reading)
        push(&notes->since, note_new(place, note));
    struct note *written = note_new(place, note);
    if (note->kind != ASSAY_NOTE_SEEN)
        apply(notes, note);
    pthread_mutex_lock(&notes->lock);
    push(&notes->to_write, written);
    pthread_cond_broadcast(&notes->changed);
    pthread_mutex_unlock(&notes->lock);
    return true;
}

size_t desk_notes_drafts(const struct desk_notes *notes, const struct assay_draft **drafts)
{
    *drafts = notes->drafts;
    return notes->count;
}

void desk_notes_reading(struct desk_notes *notes)
{
    forget_since(notes);
    notes->reading = true;
}

void desk_notes_read(struct desk_notes *notes, struct assay_ledger *ledger,
                     const struct assay_draft *drafts, size_t count)
{
    notes->reading = false;
    if (!ledger)
        return;
    assay_arena_free(&notes->arena);
    notes->drafts = assay_arena_alloc(&notes->arena, (count + 1) * sizeof *notes->drafts);
    notes->count = count;
    for (size_t i = 0; i < count; i++)
        notes->drafts[i] = copy_draft(&notes->arena, &drafts[i]);
    for (struct note *note; (note = pop(&notes->since)) != NULL; note_free(note))
        if (note->what.kind == ASSAY_NOTE_SEEN)
            assay_evidence_mark(ledger, note->what.digest);
        else
            apply(notes, &note->what);
}

enum assay_status desk_notes_failed(struct desk_notes *notes, struct assay_error *err)
{
    pthread_mutex_lock(&notes->lock);
    const enum assay_status status = notes->failed.status;
    *err = notes->failed;
    notes->failed = (struct assay_error){0};
    pthread_mutex_unlock(&notes->lock);
    return status;
}
