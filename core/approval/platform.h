/*
 * Platforms: where model versions lie and targets are set, and, on some, where decisions wait.
 * A row of functions for each, so that one queue shows them all. What a platform can do
 * differs, and the difference is told, not hidden:
 *
 *   whose decision it is: the platform's own (Databricks' stage transitions, Airflow's tasks,
 *   SageMaker's packages, GitHub's deployments), or ours, kept in the ledger alone (the local
 *   registry, MLflow: there an alias is only moved when ours has been made);
 *   what protects a write: nothing (read again just before and after), the platform's refusal
 * of what is answered already, or a true compare-and-set; whether a comment is mandatory, and
 * how long it may be.
 */
#ifndef CORE_APPROVAL_PLATFORM_H
#define CORE_APPROVAL_PLATFORM_H

#include "approval/gates.h"

enum platform_authority { PLATFORM_OURS, PLATFORM_THEIRS };
enum platform_guard { PLATFORM_UNGUARDED, PLATFORM_ANSWERED_ONCE, PLATFORM_COMPARE_AND_SET };

/* Something on the platform that waits for a decision of somebody. Texts live in the caller's
   arena. */
struct platform_item {
    const char *id; /* the platform's own, or one made of what it names */
    const char *model, *version, *target, *requester, *words;
    int64_t created_ms, expires_ms;
    bool may_answer;            /* this user, as far as the platform says */
    const char *const *options; /* the answers it takes */
    size_t option_count;
};

struct platform_ops {
    const char *kind; /* "local", "mlflow", … */
    enum platform_authority authority;
    enum platform_guard guard;
    bool comment_required;
    size_t comment_most; /* bytes; 0: no comment can be left */

    /* Where decisions are ours. All texts into ARENA. */
    enum assay_status (*facts)(void *self, struct assay_arena *arena, const char *model,
                               const char *version, struct version_facts *out,
                               struct assay_error *err);
    /* The version the target is at; "" where it is not set. */
    enum assay_status (*read)(void *self, struct assay_arena *arena, const char *model,
                              const char *target, const char **version,
                              struct assay_error *err);
    /* Moves the target if it is still at EXPECTED; ASSAY_NO where it is not. REQUEST names the
       request that approved it. Doing it twice is doing it once. */
    enum assay_status (*move)(void *self, const char *model, const char *target,
                              const char *expected, const char *version, const char *request,
                              struct assay_error *err);
    /* Every target that is set. */
    enum assay_status (*targets)(void *self, struct assay_arena *arena,
                                 bool (*fn)(void *context, const char *model,
                                            const char *target, const char *version),
                                 void *context, struct assay_error *err);

    /* Where they are the platform's; NULL where decisions are ours. */
    enum assay_status (*list)(void *self, struct assay_arena *arena,
                              bool (*fn)(void *context, const struct platform_item *item),
                              void *context, struct assay_error *err);
    enum assay_status (*answer)(void *self, const struct platform_item *item,
                                const char *option, const char *comment,
                                struct assay_error *err);
    enum assay_status (*answered)(void *self, struct assay_arena *arena,
                                  const struct platform_item *item, const char **option,
                                  const char **by, struct assay_error *err);
};

struct platform {
    const struct platform_ops *ops;
    void *self;
    const char *place; /* URL or path without credentials; "" the local registry */
};

/* The registry in the local store: SELF is its struct store. */
extern const struct platform_ops registry_platform;

#endif
