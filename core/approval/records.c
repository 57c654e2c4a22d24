/*
 * Work on many records at once (record.h): each is read, and its signature checked, without a
 * look at any other, so that a large ledger is shared out among the processors, while more of
 * it is still being fetched from the store. Called by ledger_read.c. The threads end before
 * records_end() does; what they find is in the records.
 */
#include "approval/record.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define TAKEN_AT_ONCE 16

struct sharer {
    struct records_sharing *sharing;
    struct assay_arena *arena;
    pthread_t thread;
};
struct records_sharing {
    record_work *work;
    size_t least; /* so many make other threads worth their start */
    struct sharer sharers[RECORD_THREADS];
    size_t threads;       /* started, with the caller's */
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t more;
    struct record *row;   /* those that are ready, side by side … */
    struct record **list; /* … or wherever these say */
    size_t ready, next;   /* the first that nobody has taken */
    bool ended;           /* no more of them will come */
};

struct some { /* what one thread has taken */
    struct record *row;
    struct record **list;
    size_t at, count; /* 0: all are taken, and no more will come */
};

static struct some take_some(struct records_sharing *sharing)
{
    struct some some;

    pthread_mutex_lock(&sharing->lock);
    while (sharing->next == sharing->ready && !sharing->ended)
        pthread_cond_wait(&sharing->more, &sharing->lock);
    some = (struct some){sharing->row, sharing->list, sharing->next,
                         sharing->ready - sharing->next};
    if (some.count > TAKEN_AT_ONCE)
        some.count = TAKEN_AT_ONCE;
    sharing->next += some.count;
    pthread_mutex_unlock(&sharing->lock);
    return some;
}

static void *work_on_some(void *argument)
{
    struct sharer *sharer = argument;
    struct records_sharing *sharing = sharer->sharing;
    struct json_doc doc = {0};
    struct some some;

    while ((some = take_some(sharing)).count > 0)
        for (size_t i = some.at; i < some.at + some.count; i++)
            sharing->work(some.list ? some.list[i] : &some.row[i], &doc, sharer->arena);
    json_doc_free(&doc);
    return NULL;
}

static size_t processors(void)
{
    long there = sysconf(_SC_NPROCESSORS_ONLN);

    return there < 1 ? 1 : there > RECORD_THREADS ? RECORD_THREADS : (size_t)there;
}

/* Starts the others. Signals stay with the threads that were there before. */
static void start_threads(struct records_sharing *sharing)
{
    const size_t wanted = processors();
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (sharing->threads < wanted) {
        struct sharer *sharer = &sharing->sharers[sharing->threads];
        if (pthread_create(&sharer->thread, NULL, work_on_some, sharer) != 0)
            break;
        sharing->threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct records_sharing *records_begin(record_work *work, size_t least,
                                      struct assay_arena arenas[RECORD_THREADS])
{
    struct records_sharing *sharing = assay_alloc(sizeof *sharing);

    sharing->work = work;
    sharing->least = least;
    sharing->threads = 1;
    for (size_t i = 0; i < RECORD_THREADS; i++)
        sharing->sharers[i] = (struct sharer){.sharing = sharing, .arena = &arenas[i]};
    pthread_mutex_init(&sharing->lock, NULL);
    pthread_cond_init(&sharing->more, NULL);
    return sharing;
}

static void set_ready(struct records_sharing *sharing, struct record *row, struct record **list,
                      size_t count)
{
    pthread_mutex_lock(&sharing->lock);
    sharing->row = row;
    sharing->list = list;
    sharing->ready = count;
    pthread_cond_broadcast(&sharing->more);
    pthread_mutex_unlock(&sharing->lock);
    if (sharing->threads == 1 && count >= sharing->least)
        start_threads(sharing);
}

void records_ready(struct records_sharing *sharing, struct record *row, size_t count)
{
    set_ready(sharing, row, NULL, count);
}

void records_end(struct records_sharing *sharing)
{
    pthread_mutex_lock(&sharing->lock);
    sharing->ended = true;
    pthread_cond_broadcast(&sharing->more);
    pthread_mutex_unlock(&sharing->lock);
    work_on_some(&sharing->sharers[0]);
    for (size_t i = 1; i < sharing->threads; i++)
        pthread_join(sharing->sharers[i].thread, NULL);
    pthread_cond_destroy(&sharing->more);
    pthread_mutex_destroy(&sharing->lock);
    free(sharing);
}

void records_work(struct record **records, size_t count, size_t least, record_work *work,
                  struct assay_arena arenas[RECORD_THREADS])
{
    struct records_sharing *sharing = records_begin(work, least, arenas);

    set_ready(sharing, NULL, records, count);
    records_end(sharing);
}
