/*
 * The ingest_* calls that readers make, forwarded to whoever collects: the session or a test.
 */
#include "source/ingest.h"

#include <stdarg.h>
#include <stdio.h>

void ingest_experiment(struct ingest *in, const struct ingest_experiment *experiment)
{
    in->ops->experiment(in, experiment);
}

void ingest_experiment_gone(struct ingest *in, const char *id)
{
    in->ops->experiment_gone(in, id);
}

void ingest_run(struct ingest *in, const struct ingest_run *run)
{
    in->ops->run(in, run);
}

void ingest_run_gone(struct ingest *in, const char *run_id)
{
    in->ops->run_gone(in, run_id);
}

void ingest_run_passed(struct ingest *in, const char *run_id)
{
    if (in->ops->run_passed)
        in->ops->run_passed(in, run_id);
}

void ingest_run_none(struct ingest *in, const char *run_id, const struct ingest_state *states,
                     size_t count)
{
    in->ops->run_none(in, run_id, states, count);
}

void ingest_chunk(struct ingest *in, const char *run_id, const char *metric,
                  struct assay_chunk *chunk_take)
{
    in->ops->chunk(in, run_id, metric, chunk_take);
}

void ingest_restart(struct ingest *in, const char *run_id)
{
    in->ops->restart(in, run_id);
}

void ingest_problem(struct ingest *in, const char *path, uint64_t offset, const char *format,
                    ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    in->ops->problem(in, path, offset, message);
}

void ingest_progress(struct ingest *in, uint64_t done, uint64_t total)
{
    in->ops->progress(in, done, total);
}

bool ingest_cancelled(const struct ingest *in)
{
    return in->ops->cancelled(in);
}

bool ingest_once(const struct ingest *in)
{
    return in->once;
}

void ingest_focus(const struct ingest *in, char out[128])
{
    out[0] = '\0';
    in->ops->focus(in, out);
}

bool ingest_state_get(struct ingest *in, const char *key, void **bytes, size_t *length)
{
    *bytes = NULL;
    *length = 0;
    return in->ops->state_get(in, key, bytes, length);
}

void ingest_state_put(struct ingest *in, const char *key, const void *bytes, size_t length)
{
    in->ops->state_put(in, key, bytes, length);
}

void ingest_end_put(struct ingest *in, const char *key, const void *bytes, size_t length)
{
    in->ops->end_put(in, key, bytes, length);
}

void ingest_claim(struct ingest *in, const struct ingest_state *claim,
                  const struct ingest_state *end)
{
    if (in->ops->claim)
        in->ops->claim(in, claim, end);
}

bool ingest_state_moved(struct ingest *in, const char *key)
{
    return in->ops->state_moved && in->ops->state_moved(in, key);
}

void ingest_parallel(struct ingest *in, size_t count, void (*task)(void *context, size_t index),
                     void *context)
{
    in->ops->parallel(in, count, task, context);
}
