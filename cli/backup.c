/*
 * assay backup: a copy of the local store, which holds what exists nowhere else. Other programs
 * may write to the store meanwhile.
 */
#include "cli.h"

#include <string.h>
#include <sys/stat.h>

#include <assay/local.h>
#include <assay/text.h>

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
    return ASSAY_OK;
}
