/*
 * What the parts of an upload share: upload.c (the order of things, points), upload_fit.c (what
 * the server takes, params and tags), upload_files.c (artifacts). Private to them.
 */
#ifndef CORE_SESSION_UPLOAD_PRIVATE_H
#define CORE_SESSION_UPLOAD_PRIVATE_H

#include <assay/change.h>

#include "remote/mlflow_upload.h"

#define UPLOAD_ROUNDS 5u /* of sending what misses */

struct upload {
    struct assay_session *session;
    const struct assay_upload_options *options;
    const struct assay_run *run;
    struct assay_run copy; /* its texts stay where they are */
    struct assay_upload *out;
    struct mlflow *client;
    struct mlflow_target target;
    char marker[33];
    struct assay_buf points; /* of the batch being filled */
    size_t point_count;
    uint64_t sent; /* points, for the progress */
    bool lost;     /* a batch's answer did not come: look again */
    enum assay_status status;
    struct assay_error *err;
    const char **metrics;
    size_t metric_count;
    struct assay_arena arena; /* values that were cut */
};

/* False, with the status set, where the caller has it stopped. */
bool upload_goes_on(struct upload *u, const char *what, uint64_t done, uint64_t total);
void upload_pause(unsigned round);

/* ---- upload_fit.c ---- */

/* Notes what will not be on the server as it is here; FORMAT and what follows say what. */
void upload_issue(struct upload *u, enum assay_upload_issue_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether something of the run is not, or not wholly, on the server once all was sent. */
bool upload_is_partial(const struct assay_upload *out);
/* Notes the params and tags that the server would refuse or cut. */
void upload_fit_pairs(struct upload *u, const struct assay_attrs *attrs);
/* Whether the server takes the metric; notes it where not, and where its points change. */
bool upload_fit_metric(struct upload *u, const char *metric, const struct assay_series *series);
/* Fails, before anything was sent, where something would be lost and that was not agreed to. */
void upload_fit_or_fail(struct upload *u);
/* Params and tags that the server has not: counted, and sent unless this is a preview. Those
   with another value there are noted, and stay. */
void upload_pairs(struct upload *u, const struct assay_attrs *attrs);

/* ---- upload_files.c ---- */

void upload_fit_files(struct upload *u);
/* Counts what there is to send, for the preview. */
void upload_count_files(struct upload *u);
/* Sends what the server has not, and looks afterwards whether it has all of it. */
void upload_files(struct upload *u);

#endif
