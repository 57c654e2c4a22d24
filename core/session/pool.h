/*
 * A small pool of threads that run tasks in the order given. A task belongs to the pool from
 * pool_add() until its run() is called, and to run() from then on.
 */
#ifndef CORE_SESSION_POOL_H
#define CORE_SESSION_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool;

struct pool_task {
    struct pool_task *next;
    void (*run)(struct pool_task *task);     /* on a pool thread; frees the task */
    void (*discard)(struct pool_task *task); /* instead of run(), when the pool ends first */
};

/* THREADS are started when the first task comes. */
struct pool *pool_new(size_t threads);
/* Waits for the tasks that run, discards the others. */
void pool_free(struct pool **pool);
/* URGENT tasks go before all others. Any thread. */
void pool_add(struct pool *pool, struct pool_task *task, bool urgent);
/* Runs task(context, 0..count-1) on this thread and on those of the pool that are free; returns
   when all are done. May be called from a pool thread. */
void pool_parallel(struct pool *pool, size_t count, void (*task)(void *context, size_t index),
                   void *context);

#endif
