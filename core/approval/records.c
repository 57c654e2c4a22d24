/*
 * Work on many records at once (record.h): each is read, and its signature checked, without a
 * look at any other, so that a large ledger is shared out among the processors. Called by
 * ledger_read.c. The threads end before the call does; what they find is in the records.
 */
#include "approval/record.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define TAKEN_AT_ONCE 16

struct sharing {
    struct record **records;
    size_t count;
    atomic_size_t next; /* the first that nobody has taken */
    record_work *work;
};
struct sharer {
    struct sharing *sharing;
    struct assay_arena *arena;
    pthread_t thread;
};

static void *work_on_some(void *argument)
{
    struct sharer *sharer = argument;
    struct sharing *sharing = sharer->sharing;
    struct json_doc doc = {0};

    for (;;) {
        size_t at = atomic_fetch_add(&sharing->next, TAKEN_AT_ONCE);
        if (at >= sharing->count)
            break;
        size_t end = sharing->count - at < TAKEN_AT_ONCE ? sharing->count : at + TAKEN_AT_ONCE;
        for (; at < end; at++)
            sharing->work(sharing->records[at], &doc, sharer->arena);
    }
    json_doc_free(&doc);
    return NULL;
}

static size_t processors(void)
{
    long there = sysconf(_SC_NPROCESSORS_ONLN);

    return there < 1 ? 1 : there > RECORD_THREADS ? RECORD_THREADS : (size_t)there;
}

/* Starts the others; returns how many there are with this one. Signals stay with the threads
   that were there before. */
static size_t start_threads(struct sharer sharers[RECORD_THREADS])
{
    size_t wanted = processors(), started = 1;
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < wanted &&
           pthread_create(&sharers[started].thread, NULL, work_on_some, &sharers[started]) == 0)
        started++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

void records_work(struct record **records, size_t count, size_t least, record_work *work,
                  struct assay_arena arenas[RECORD_THREADS])
{
    struct sharing sharing = {.records = records, .count = count, .work = work};
    struct sharer sharers[RECORD_THREADS];

    atomic_init(&sharing.next, 0);
    for (size_t i = 0; i < RECORD_THREADS; i++)
        sharers[i] = (struct sharer){.sharing = &sharing, .arena = &arenas[i]};
    size_t threads = count < least ? 1 : start_threads(sharers);
    work_on_some(&sharers[0]);
    for (size_t i = 1; i < threads; i++)
        pthread_join(sharers[i].thread, NULL);
}
