/*
 * Threads that help with a frame (crew.h).
 */
#include "crew.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <assay/memory.h>

#define HELPERS_MOST 3 /* a screen has few charts */

struct crew_job {
    void (*run)(void *context);
    void *context;
};

/* A job in parts, on the stack of whoever waits for them. */
struct crew_split {
    void (*run)(void *context, size_t part);
    void *context;
    size_t parts, next, left; /* left: not done yet */
    struct crew_split *other; /* begun before this one */
};

struct crew {
    pthread_mutex_t lock;
    pthread_cond_t work;       /* there is a job or a part nobody has begun, or the end */
    pthread_cond_t done;       /* a job in parts is done */
    struct crew_split *splits; /* those with parts that nobody has begun */
    struct crew_job *jobs;
    size_t count, capacity, next; /* next: the first that nobody has begun */
    size_t working;               /* helpers inside a job */
    size_t waiting;               /* threads that have nothing to do */
    cpu_set_t processors;         /* that we may use; none where that is not known */
    int left_alone;               /* the one that helpers keep away from; -1: none yet */
    pthread_t threads[HELPERS_MOST];
    size_t started, wanted;
    bool ending;
};

size_t crew_helpers(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    return processors > 1 ? (size_t)processors - 1 : 0;
}

struct crew *crew_new(size_t helpers)
{
    struct crew *crew = assay_alloc(sizeof *crew);

    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->work, NULL);
    pthread_cond_init(&crew->done, NULL);
    crew->wanted = helpers < HELPERS_MOST ? helpers : HELPERS_MOST;
    crew->left_alone = -1;
    if (sched_getaffinity(0, sizeof crew->processors, &crew->processors) != 0)
        CPU_ZERO(&crew->processors);
    return crew;
}

/* With the lock held: does the next job without it. */
static void work_once(struct crew *crew)
{
    struct crew_job job = crew->jobs[crew->next++];

    pthread_mutex_unlock(&crew->lock);
    job.run(job.context);
    pthread_mutex_lock(&crew->lock);
}

/* With the lock held: does the next part of SPLIT without it. */
static void part_once(struct crew *crew, struct crew_split *split)
{
    size_t part = split->next++;

    if (split->next == split->parts) { /* nobody is to find it any more */
        struct crew_split **at = &crew->splits;
        while (*at != split)
            at = &(*at)->other;
        *at = split->other;
    }
    pthread_mutex_unlock(&crew->lock);
    split->run(split->context, part);
    pthread_mutex_lock(&crew->lock);
    if (--split->left == 0)
        pthread_cond_broadcast(&crew->done);
}

/* With the lock held. */
static void wait_for_work(struct crew *crew)
{
    crew->waiting++;
    pthread_cond_wait(&crew->work, &crew->lock);
    crew->waiting--;
}

static void *helper_main(void *argument)
{
    struct crew *crew = argument;

    pthread_mutex_lock(&crew->lock);
    while (!crew->ending) {
        if (crew->next < crew->count) {
            crew->working++;
            work_once(crew);
            if (--crew->working == 0) /* whoever finishes may be waiting for just that */
                pthread_cond_broadcast(&crew->work);
        } else if (crew->splits != NULL) {
            part_once(crew, crew->splits);
        } else {
            wait_for_work(crew);
        }
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* With the lock held. Signals are the screen's thread's; without a thread the work is, too. */
static void start_helper(struct crew *crew)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    crew->left_alone = -1; /* the new one does not know yet */
    if (pthread_create(&crew->threads[crew->started], NULL, helper_main, crew) == 0)
        crew->started++;
    else
        crew->wanted = crew->started;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* With the lock held: helpers leave the processor that the screen's thread is on to it.
   On a virtual machine a processor that sleeps may look taken to the kernel, which then wakes a
   helper where its waker runs, and has it run there in the waker's place for milliseconds. */
static void keep_away(struct crew *crew)
{
    cpu_set_t others = crew->processors;
    int here = sched_getcpu();

    for (size_t i = 0; i < crew->started; i++)
        if (pthread_equal(crew->threads[i], pthread_self()))
            return;
    if (here < 0 || here == crew->left_alone || CPU_COUNT(&others) < 2)
        return;
    crew->left_alone = here;
    CPU_CLR((size_t)here, &others);
    /* Where it is refused they stay where they were. */
    for (size_t i = 0; i < crew->started; i++)
        pthread_setaffinity_np(crew->threads[i], sizeof others, &others);
}

void crew_add(struct crew *crew, void (*run)(void *context), void *context)
{
    pthread_mutex_lock(&crew->lock);
    ASSAY_GROW(crew->jobs, crew->capacity, crew->count + 1);
    crew->jobs[crew->count++] = (struct crew_job){run, context};
    /* A single job is for the thread that waits for it; from the second on there are helpers.
     */
    if (crew->started < crew->wanted && crew->count > crew->started + 1)
        start_helper(crew);
    keep_away(crew);
    if (crew->started > 0)
        pthread_cond_signal(&crew->work);
    pthread_mutex_unlock(&crew->lock);
}

void crew_finish(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    for (;;) {
        if (crew->next < crew->count)
            work_once(crew);
        else if (crew->splits != NULL)
            part_once(crew, crew->splits);
        else if (crew->working > 0)
            wait_for_work(crew);
        else
            break;
    }
    crew->count = crew->next = 0;
    pthread_mutex_unlock(&crew->lock);
}

static void spread(void *self, size_t parts, void (*run)(void *context, size_t part),
                   void *context)
{
    struct crew *crew = self;
    struct crew_split split = {.run = run, .context = context, .parts = parts, .left = parts};

    if (parts == 0)
        return;
    pthread_mutex_lock(&crew->lock);
    while (crew->started < crew->wanted && crew->started + 1 < parts)
        start_helper(crew);
    keep_away(crew);
    split.other = crew->splits;
    crew->splits = &split;
    pthread_cond_broadcast(&crew->work);
    while (split.next < split.parts)
        part_once(crew, &split);
    while (split.left > 0)
        pthread_cond_wait(&crew->done, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
}

/* Whether a part would be begun at once by somebody else: not while jobs wait to be begun. */
static bool is_idle(void *self)
{
    struct crew *crew = self;

    pthread_mutex_lock(&crew->lock);
    bool idle =
        crew->next == crew->count && (crew->waiting > 0 || crew->started < crew->wanted);
    pthread_mutex_unlock(&crew->lock);
    return idle;
}

struct assay_hands crew_hands(struct crew *crew)
{
    return (struct assay_hands){
        .self = crew, .spread = spread, .idle = is_idle, .count = crew->wanted + 1};
}

void crew_free(struct crew **crew_ptr)
{
    struct crew *crew = *crew_ptr;

    if (crew == NULL)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->ending = true;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < crew->started; i++)
        pthread_join(crew->threads[i], NULL);
    pthread_mutex_destroy(&crew->lock);
    pthread_cond_destroy(&crew->work);
    pthread_cond_destroy(&crew->done);
    free(crew->jobs);
    free(crew);
    *crew_ptr = NULL;
}
