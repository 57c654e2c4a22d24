/*
 * Gates: what a machine can say of a candidate. Each kind takes the facts of candidate and
 * champion and gives SATISFIED, or says why not; what is missing or does not make sense is
 * MISSING or ERROR, which never pass.
 *
 *     threshold        metric, at-least or at-most
 *     compare          metric, better (greater|smaller), margin: no worse than the champion by
 *                      more than that
 *     non-inferior     metric, better, margin: over the runs (seeds) of both, the 95 % interval
 * of the difference, paired by seed where it can be, lies above -margin slices prefix, better,
 * margin, least: no metric PREFIX… is worse than the champion's by more than the margin;
 * PREFIX…/n, where given, is at least drift            metric (a PSI), rows, reference (metrics
 * with the numbers of rows), bins: below the 99 % quantile of what equal distributions give
 *     required-files   files: names or patterns that the model must have
 *     artifact-digest  the files where they lie are those that were registered; on a server,
 *                      which keeps no digests, those that the version was first requested with
 *     model-signature  key, file, ignore: the files were signed with that key, as OpenSSF Model
 *                      Signing does (model_signature.h)
 *     model-card       file, sections: headings that must be there and not empty
 *     same-evaluation  the champion was evaluated on the same data (by digest)
 *     no-leakage       no evaluation data among the training data (by digest)
 *     command          command, timeout: a program of the team's own; exit status 0 passes.
 *                      ASSAY_FILES names where the files are: as registered, or, of a server's
 *                      version and one registered from several places, a copy made for it
 */
#ifndef CORE_APPROVAL_GATES_H
#define CORE_APPROVAL_GATES_H

#include <assay/approval.h>
#include <assay/buf.h>
#include <assay/catalog.h>

#include "approval/policy.h"

/* What is known of a model version, whatever platform it lies on. */
struct version_metric {
    const char *key;
    double value;
};
struct version_sample { /* one run's value of a metric; runs of one seed are a pair */
    const char *key, *pair;
    double value;
};
struct version_dataset {
    const char *name, *digest, *context; /* "training", "evaluation", … */
};
struct version_facts {
    const char *model, *version, *run;
    const char *digest; /* of the manifest */
    struct assay_model_file *files;
    size_t file_count;
    struct version_metric *metrics;
    size_t metric_count;
    struct version_sample *samples; /* where several runs stand for the version */
    size_t sample_count;
    struct version_dataset *datasets;
    size_t dataset_count;
    struct assay_fact *lineage;
    size_t lineage_count;
    const char **roots; /* where the files lie; for the gates that read them */
    size_t root_count;
    /* Where they lie elsewhere: appends the bytes of one of FILES, at most so many, to OUT.
       Works as long as the platform that the facts are from; NULL where it cannot be done. */
    enum assay_status (*fetch)(void *fetcher, const struct version_facts *facts,
                               const char *path, size_t most, struct assay_buf *out,
                               struct assay_error *err);
    void *fetcher;
    /* For the fetcher alone, where the platform gives files as those of a run: which run's, and
       the folder among them ("" all); NULL where it gives them as the version's. */
    const char *run_of_files, *run_root;
};

struct gate_context {
    const struct version_facts *candidate;
    const struct version_facts *champion; /* NULL: there is none */
    const char *target;
    const char *first_digest; /* of the files when the version was first requested, where the
                                 platform keeps none; NULL: it never was */
    bool commands;            /* commands may be run here */
    struct assay_arena *arena;
};
/* Runs one gate. Never fails: what goes wrong is the gate's ERROR. */
struct assay_gate_result gate_run(const struct policy_gate *gate,
                                  const struct gate_context *context);
/* Whether the kind is known and its settings make sense. */
enum assay_status gate_check_settings(const struct policy_gate *gate, struct assay_error *err);

#endif
