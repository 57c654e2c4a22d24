/*
 * A small MLflow server inside the test that is written to: two runs (the first logged a model
 * as MLflow 2 does, the second as MLflow 3), a model with two versions, aliases, tags; versions
 * that are registered; and runs that are uploaded. It appends every point it is sent, as a
 * file store does, so that what is sent twice is seen; keeps params, tags and files, and says
 * of these what arrived. Answers may get lost on the way, before or after what was asked is
 * done.
 */
#ifndef TESTS_SUPPORT_REGISTRY_WEB_H
#define TESTS_SUPPORT_REGISTRY_WEB_H

#include "support/web.h"

#include <assay/buf.h>

#define REGISTRY_RUN_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define REGISTRY_RUN_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define REGISTRY_LOGGED "m-0123456789abcdef" /* the model that REGISTRY_RUN_B logged */

struct fake_run {
    char name[64];
    char team[64]; /* its tag "team"; "" none */
    char note[64]; /* its tag mlflow.note.content; "" none */
    bool deleted;
};
struct fake_registry {
    struct web *web;
    char champion[16], canary[16]; /* the versions; "" no such alias */
    char tag[64];                  /* the tag "team" of version 2; "" none */
    char about[64];                /* description of version 2 */
    char after_look[16];           /* what somebody else sets champion to, once it was read */
    char after_look_team[64];      /* … the tag "team" of REGISTRY_RUN_B */
    bool silent;                   /* every connection is closed without a word */
    bool running;                  /* neither run has ended */
    bool logs;                      /* it has models and traces that REGISTRY_RUN_B logged */
    bool filters_fail;              /* … and answers 400 to whoever asks for those of a run */
    unsigned logged_asked;          /* searches for either */
    unsigned writes;
    struct fake_run runs[2]; /* REGISTRY_RUN_A, REGISTRY_RUN_B */
    struct {                 /* version 3, where it was registered; source "": it was not */
        char run_id[64], source[160], model_id[64];
    } made;

    /* A run that is uploaded. */
    bool created;
    char marker[64];
    char state[32], status[32];
    struct assay_buf points; /* each as it came, '\n' behind it */
    size_t point_count, batches;
    size_t lose_after;  /* the answer of this batch (from 1) gets lost, its points are kept */
    size_t lose_before; /* … of this one, and they are not */
    bool cut_points, cut_pairs; /* answers to batches of these end after their half */
    unsigned creates, params, tags, files;   /* batches of params, of tags; files sent */
    struct assay_buf param_pairs, tag_pairs; /* {"key":…,"value":…}, "," between them */
    struct fake_file {
        char path[64];
        size_t bytes;
    } put[8];
    size_t put_count;
    unsigned halves;    /* so many files arrive by half, and are accepted */
    bool up_deleted;    /* somebody deleted the run that was uploaded */
    char refused[64];   /* a file of this name is 400 "Invalid path" */
    bool no_experiment; /* it has none, and answers 503 to whoever would make one */
};
void fake_registry_start(struct fake_registry *fake);
void fake_registry_stop(struct fake_registry *fake);
/* While it serves: what it holds now, and what somebody else does to it after the next look. */
struct fake_registry fake_registry_seen(const struct fake_registry *fake);
void fake_registry_hold(void); /* it answers nobody until … */
void fake_registry_go_on(void);
void fake_registry_after_look(struct fake_registry *fake, const char *champion);
void fake_registry_silent(struct fake_registry *fake, bool silent);
void fake_registry_after_look_at_run(struct fake_registry *fake, const char *team);

#endif
