/*
 * What follows an application: commands and webhooks that the user who applies has in the own
 * configuration file, and nowhere else: no policy, no record and no server can name one.
 *
 *     [after NAME]        command (an absolute path and words, no shell) or url; models,
 * targets (patterns with *); timeout (90s, 5m; 30s); of a url: user, password,
 *                         password_command, token, token_command, ca_file, client_cert, proxy,
 *                         insecure, as of a server
 *
 * They are read before anything is begun, so that one that is misspelt stops nothing half-way,
 * and run once the application is recorded; docs/approvals.md says what they are told.
 */
#ifndef CORE_APPROVAL_AFTER_H
#define CORE_APPROVAL_AFTER_H

#include <assay/approval.h>
#include <assay/memory.h>

#include "remote/credentials.h"

struct after_rule {
    const char *name, *models, *targets, *command;
    const char *path; /* of the url, with its query: it may be a secret */
    struct server_settings settings;
    int64_t timeout_ms;
};
struct after {
    struct assay_arena arena; /* of the texts */
    struct after_rule *rules; /* in the order of the file */
    size_t count;
};

/* Reads the configuration file; without one there are none. ASSAY_BAD_INPUT where a section
   makes no sense, or where others may change the file, or read a secret in it. */
enum assay_status after_read(struct after *out, struct assay_error *err);
void after_free(struct after *after); /* wipes */

/* One that is told of an application; texts live as long as the caller wants. */
struct after_event {
    const char *model, *target;
    const char *json;       /* what it gets */
    const char *key;        /* the same for the same application */
    const char *const *env; /* "ASSAY_NAME=VALUE", ended by NULL */
};
bool after_wants(const struct after_rule *rule, const struct after_event *event);
/* Runs it once, to its end or its time limit. */
enum assay_status after_run(const struct after_rule *rule, const struct after_event *event,
                            struct assay_error *err);

#endif
