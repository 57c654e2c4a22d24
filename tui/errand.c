/*
 * Errands (errand.h), for previews of files and for comparisons. The two sides share one
 * structure that the one who lets go last frees. The working side holds the writing end of a
 * pipe and closes it when it is done, which wakes the loop.
 */
#include "errand.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <assay/memory.h>

#include "app.h"

struct errand {
    struct app *app;
    void (*work)(struct errand *errand, void *context);
    void (*drop)(void *context);
    void *context;
    int in, out; /* the pipe: the screen's end, the worker's */
    atomic_int holders;
    atomic_bool done, unwanted;
    _Atomic uint64_t so_far, whole;
};

static void let_go(struct errand *errand)
{
    if (atomic_fetch_sub(&errand->holders, 1) == 1) {
        errand->drop(errand->context);
        free(errand);
    }
}

static void *run(void *argument)
{
    struct errand *errand = argument;
    errand->work(errand, errand->context);
    atomic_store(&errand->done, true);
    close(errand->out);
    let_go(errand);
    return NULL;
}

/* Signals are for the thread that has the screen. */
static int start_thread(struct errand *errand)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&thread, &attributes, run, errand);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return failed;
}

struct errand *errand_start(struct app *app, void (*work)(struct errand *errand, void *context),
                            void (*drop)(void *context), void *context)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        drop(context);
        return NULL;
    }
    struct errand *errand = assay_alloc(sizeof *errand);
    errand->app = app;
    errand->work = work;
    errand->drop = drop;
    errand->context = context;
    errand->in = ends[0];
    errand->out = ends[1];
    atomic_init(&errand->holders, 2);
    int failed = loop_watch(app->loop, ends[0]) < 0 ? EMFILE : start_thread(errand);
    if (failed) {
        loop_unwatch(app->loop, ends[0]);
        close(ends[0]);
        close(ends[1]);
        drop(context);
        free(errand);
        errno = failed;
        return NULL;
    }
    return errand;
}

static void stop_watching(struct errand *errand, struct app *app)
{
    if (errand->in >= 0) {
        loop_unwatch(app->loop, errand->in);
        close(errand->in);
        errand->in = -1;
    }
}

/* The pipe has said what it had to say: left where it is, it would wake the loop for ever while
   nobody takes the result (its screen lies below another one). */
bool errand_done(struct errand *errand)
{
    bool done = atomic_load(&errand->done);
    if (done) {
        stop_watching(errand, errand->app);
    }
    return done;
}

void *errand_result(struct errand *errand)
{
    return errand_done(errand) ? errand->context : NULL;
}

void errand_progress(const struct errand *errand, uint64_t *done, uint64_t *total)
{
    *done = atomic_load(&errand->so_far);
    *total = atomic_load(&errand->whole);
}

void errand_drop(struct errand **errand, struct app *app)
{
    if (*errand) {
        atomic_store(&(*errand)->unwanted, true);
        stop_watching(*errand, app);
        let_go(*errand);
        *errand = NULL;
    }
}

void errand_say(struct errand *errand, uint64_t done, uint64_t total)
{
    atomic_store(&errand->so_far, done);
    atomic_store(&errand->whole, total);
}

bool errand_unwanted(const struct errand *errand)
{
    return atomic_load(&errand->unwanted);
}
