/*
 * assay backup: a copy of the local store, which holds what exists nowhere else. Other programs
 * may write to the store meanwhile.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/local.h>
#include <assay/text.h>

/* Runs say where their artifacts are; the files themselves are no part of the store. */
static void say_artifacts(struct cli *cli)
{
    char *folder = assay_local_artifacts_path(NULL);
    struct stat st;
    if (folder && stat(folder, &st) == 0) {
        assay_buf_text_add(&cli->out, "the runs' artifacts are not in it: copy ");
        assay_text_clean(&cli->out, folder, strlen(folder));
        assay_buf_text_add(&cli->out, " as well\n");
    }
    free(folder);
}

enum assay_status cli_backup(struct cli *cli, struct assay_error *err)
{
    const char *to = cli->args.operands[0];
    struct assay_database_check check;
    struct stat st;
    char bytes[32], runs[32], points[32];
    enum assay_status status = assay_local_backup(NULL, to, &check, err);

    if (status != ASSAY_OK)
        return status;
    assay_text_clean(&cli->out, to, strlen(to));
    assay_buf_format(&cli->out, ": %s",
                     assay_bytes_text(bytes, stat(to, &st) == 0 ? (uint64_t)st.st_size : 0));
    assay_buf_format(&cli->out, ", %s %s, %s points, checked\n",
                     assay_count_text(runs, check.runs), check.runs == 1 ? "run" : "runs",
                     assay_count_text(points, check.points));
    say_artifacts(cli);
    return ASSAY_OK;
}
