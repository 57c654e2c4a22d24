/*
 * A small MLflow server inside the test: experiments, runs with regular histories and a few
 * artifacts, answering as MLflow 3 does, pages and all. Each answer may come late, as over a
 * long way.
 */
#ifndef TESTS_SUPPORT_MLFLOW_WEB_H
#define TESTS_SUPPORT_MLFLOW_WEB_H

#include <stdatomic.h>

#include "support/web.h"

struct fake_run {
    char id[33], name[33];
    int experiment;
    const char *status; /* "FINISHED" */
    bool deleted, absent;
    int points;   /* of each metric */
    char tag[32]; /* value of the tag "mark" */
};
struct fake_mlflow {
    struct web *web;
    struct fake_run *runs; /* newest first */
    int run_count, experiment_count, metric_count;
    unsigned delay_ms;
    atomic_uint thinks_ms;  /* likewise, but of its experiments alone */
    atomic_bool health_hangs;
    atomic_bool mute;       /* it takes every request and says nothing */
    int absent_experiment;  /* it is not there any more; 0: all are */
    bool absent_in_list;    /* ... or rather, the list skips it: asked for, it is there */
    int page_max;           /* the most runs of a page; 0: as many as asked for */
    int history_max;        /* likewise points */
    bool no_bulk;           /* an old server */
    bool histories_fail;    /* 403 for all points */
    bool histories_empty;   /* no points of any metric */
    bool refuse_large;      /* 400 where more than 1000 are asked for */
    bool tokens_stuck;      /* the page's token never changes */
    bool filters_fail;      /* 400 for any filter of what somebody looks for */
    atomic_bool pages_hang; /* nothing comes of the list of runs behind its first page */
    atomic_uint filtered;   /* searches by such a filter so far, and */
    atomic_uint runs_given; /* runs of all searches */
    const char *workspace;  /* whose header requests must have; NULL: there are none */
    char user[32];          /* "ops:secret" in base64, as the header has it; "" anybody may */
    bool own_files;         /* every run's files differ; else all are "hello" */
    bool files_fail;        /* 403 for what is in a file */
    atomic_bool files_hang; /* nothing comes of what is in top.txt */
    bool lists_wait;        /* 503 for lists of artifacts until points were asked for */
    int top_bytes;          /* the size that the list says top.txt has; 0: 4 */
    unsigned searches, histories, bulks, lists; /* requests of each kind so far */
    unsigned tails;                             /* of the bulks: from a step on */
    char *bodies[64]; /* histories, by metric, kept where all are alike */
    bool alike;       /* every run has the same points: histories are made once */
    char **texts[64]; /* the points of a metric, where all are alike */
};
/* RUNS runs over EXPERIMENTS experiments. */
void fake_mlflow_start(struct fake_mlflow *fake, int experiments, int runs, int metrics,
                       int points);
void fake_mlflow_stop(struct fake_mlflow *fake);
/* The value of a point as the server has it. */
double fake_mlflow_value(int run, int metric, int point);

#endif
