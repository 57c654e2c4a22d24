/*
 * The pool of reading threads; see pool.h. Called by the session alone.
 */
#include "session/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <assay/memory.h>

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* there is a task, or the end */
    struct pool_task *first, *last;
    pthread_t *threads;
    size_t started, wanted;
    bool ending;
};

struct pool *pool_new(size_t threads)
{
    struct pool *pool = assay_alloc(sizeof *pool);

    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pool->threads = assay_alloc_array(threads, sizeof *pool->threads);
    pool->wanted = threads;
    return pool;
}

static void *pool_main(void *argument)
{
    struct pool *pool = argument;

    pthread_mutex_lock(&pool->lock);
    while (!pool->ending) {
        struct pool_task *task = pool->first;

        if (!task) {
            pthread_cond_wait(&pool->work, &pool->lock);
            continue;
        }
        pool->first = task->next;
        if (!pool->first)
            pool->last = NULL;
        pthread_mutex_unlock(&pool->lock);
        task->run(task);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* With the lock held: threads are made once there is work for them. */
static void pool_start(struct pool *pool)
{
    while (pool->started < pool->wanted &&
           pthread_create(&pool->threads[pool->started], NULL, pool_main, pool) == 0)
        pool->started++;
}

void pool_add(struct pool *pool, struct pool_task *task, bool urgent)
{
    pthread_mutex_lock(&pool->lock);
    if (urgent) {
        task->next = pool->first;
        pool->first = task;
        if (!pool->last)
            pool->last = task;
    } else {
        task->next = NULL;
        if (pool->last)
            pool->last->next = task;
        else
            pool->first = task;
        pool->last = task;
    }
    pool_start(pool);
    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
}

void pool_free(struct pool **pool_ptr)
{
    struct pool *pool = *pool_ptr;

    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->started; i++)
        pthread_join(pool->threads[i], NULL);
    while (pool->first) {
        struct pool_task *task = pool->first;

        pool->first = task->next;
        task->discard(task);
    }
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->work);
    free(pool->threads);
    free(pool);
    *pool_ptr = NULL;
}

/* ---- one loop, several threads ---- */

struct parallel {
    atomic_size_t next; /* the first index nobody has taken */
    size_t count;
    void (*task)(void *context, size_t index);
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t idle;
    size_t references; /* who may still look at this: the caller and the helpers */
    size_t working;    /* helpers inside the loop */
};

struct parallel_helper {
    struct pool_task task;
    struct parallel *loop;
};

static void parallel_work(struct parallel *loop)
{
    for (;;) {
        size_t index = atomic_fetch_add(&loop->next, 1);

        if (index >= loop->count)
            return;
        loop->task(loop->context, index);
    }
}

/* Gives up one reference; the last one frees. */
static void parallel_release(struct parallel *loop)
{
    size_t left;

    pthread_mutex_lock(&loop->lock);
    left = --loop->references;
    pthread_mutex_unlock(&loop->lock);
    if (left)
        return;
    pthread_mutex_destroy(&loop->lock);
    pthread_cond_destroy(&loop->idle);
    free(loop);
}

static void helper_run(struct pool_task *task)
{
    struct parallel_helper *helper = (struct parallel_helper *)task;
    struct parallel *loop = helper->loop;

    pthread_mutex_lock(&loop->lock);
    loop->working++;
    pthread_mutex_unlock(&loop->lock);
    parallel_work(loop);
    pthread_mutex_lock(&loop->lock);
    if (--loop->working == 0)
        pthread_cond_signal(&loop->idle);
    pthread_mutex_unlock(&loop->lock);
    parallel_release(loop);
    free(helper);
}

static void helper_discard(struct pool_task *task)
{
    struct parallel_helper *helper = (struct parallel_helper *)task;

    parallel_release(helper->loop);
    free(helper);
}

void pool_parallel(struct pool *pool, size_t count, void (*task)(void *context, size_t index),
                   void *context)
{
    struct parallel *loop = assay_alloc(sizeof *loop);
    size_t helpers = pool->wanted > 1 ? pool->wanted - 1 : 0;

    if (helpers >= count)
        helpers = count ? count - 1 : 0;
    atomic_init(&loop->next, 0);
    loop->count = count;
    loop->task = task;
    loop->context = context;
    loop->references = helpers + 1;
    pthread_mutex_init(&loop->lock, NULL);
    pthread_cond_init(&loop->idle, NULL);
    for (size_t i = 0; i < helpers; i++) {
        struct parallel_helper *helper = assay_alloc(sizeof *helper);

        helper->task.run = helper_run;
        helper->task.discard = helper_discard;
        helper->loop = loop;
        pool_add(pool, &helper->task, true);
    }
    parallel_work(loop);
    /* Every index is taken; a helper that has not begun will find none left. */
    pthread_mutex_lock(&loop->lock);
    while (loop->working)
        pthread_cond_wait(&loop->idle, &loop->lock);
    pthread_mutex_unlock(&loop->lock);
    parallel_release(loop);
}
