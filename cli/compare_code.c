/*
 * The code between two commits (--code), asked of git where the repository is at hand. Called
 * by compare.c.
 */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

#include <assay/code.h>

static void say(struct compare_job *job, const struct assay_error *failed)
{
    cli_complain(failed);
    job->cli->worst = ASSAY_NO;
}

/* The commits of two columns; false, said, where one of them names none. */
static bool has_commits(struct compare_job *job, size_t column, const char **from,
                        const char **to)
{
    *from = assay_comparison_commit(job->comparison, job->baseline);
    *to = assay_comparison_commit(job->comparison, column);
    if (**from && **to)
        return true;
    struct assay_error failed = {0};
    struct assay_buf name = {0};
    compare_title(job, **from ? column : job->baseline, &name);
    assay_fail(&failed, ASSAY_NO, "%s: no git commit was logged", assay_buf_text(&name));
    assay_buf_free(&name);
    say(job, &failed);
    return false;
}

enum assay_status compare_code(struct compare_job *job, struct assay_error *err)
{
    const char *repo = cli_value(job->cli, "repo"), *from, *to;
    struct assay_buf diff = {0};
    enum assay_status status = ASSAY_OK;
    job->by_group = false;
    for (size_t i = 0; status == ASSAY_OK && i < assay_comparison_runs(job->comparison); i++) {
        if (i == job->baseline || !has_commits(job, i, &from, &to))
            continue;
        bool seen = strcmp(from, to) == 0;
        for (size_t k = 0; k < i && !seen; k++) /* each commit once */
            seen = k != job->baseline &&
                   strcmp(assay_comparison_commit(job->comparison, k), to) == 0;
        if (seen)
            continue;
        const char *const places[] = {
            repo ? repo : assay_comparison_script(job->comparison, i),
            repo ? "" : assay_comparison_script(job->comparison, job->baseline),
            repo ? "" : ".", NULL};
        char *directory;
        assay_buf_reset(&diff);
        status = assay_code_find(places, from, to, &directory, err);
        if (status == ASSAY_OK)
            status = assay_code_diff(directory, from, to, &diff, err);
        compare_print_diff(job, &diff);
        free(directory);
    }
    assay_buf_free(&diff);
    return status;
}
