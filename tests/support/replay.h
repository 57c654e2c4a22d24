/*
 * A server in the test that answers what a real one answered once: recordings made by
 * tests/live/mlflow_record.py. Requests are told apart by method, path, query and JSON body,
 * whatever the order of what is in them and however much is asked for at once (max_results).
 */
#ifndef TESTS_SUPPORT_REPLAY_H
#define TESTS_SUPPORT_REPLAY_H

#include <jansson.h>

#include "support/web.h"

struct replay {
    struct web *web;
    json_t *answers;   /* as recorded */
    json_t *by_key;    /* key -> index in answers */
    unsigned unknown;  /* requests that were never recorded */
    char missing[512]; /* the last of them */
};
/* The recording in the file PATH. */
void replay_start(struct replay *replay, const char *path);
void replay_stop(struct replay *replay);

#endif
