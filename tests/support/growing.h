/*
 * A store that grows while sessions look at it, and what they show of it: of each run the
 * number of points of its one metric.
 */
#ifndef TEST_GROWING_H
#define TEST_GROWING_H

#include <assay/session.h>

#include "support/mlflow_store.h"

struct growing {
    const char *path;
    const char *runs[2]; /* their ids */
    int written[2];      /* points of the metric "loss" of each; values and steps 0, 1, ... */
    bool ended;          /* runs are finished from the first point on */
    /* One more point of a run; before the first of them the run. */
    void (*grow)(struct growing *at, int run);
    struct mlflow_store *files;
    void *own; /* a test's own kind of store */
};

/* A test's setup: a folder (struct mlflow_store) with a cache in it; mlflow_store_close() ends
 * it. */
int growing_open(void **state);
struct growing growing_files(void **state);
struct growing growing_database(void **state); /* an mlflow.db */
void growing_sql(const char *path, const char *sql);
void growing_schema(const char *path); /* of MLflow 1.x, with one experiment */

struct assay_session *growing_session(const struct growing *at, bool live);
/* The points of RUN that SESSION knows of; -1: it knows no such run. */
int growing_shown(struct assay_session *session, const char *run);
/* SESSION shows all there is; growing_wait() dispatches until it does. */
void growing_check(struct assay_session *session, const struct growing *at);
void growing_wait(struct assay_session *session, const struct growing *at);

#endif
