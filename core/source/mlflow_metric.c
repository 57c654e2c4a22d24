/*
 * Reads MLflow's metric files, whole or from where an earlier reading ended. Called by the
 * reader of MLflow file stores, for summaries while it scans and for one whole series on
 * demand.
 */
#include "source/mlflow_metric.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/memory.h>
#include <assay/text.h>

#define READ_BYTES   65536u /* also the longest line that is looked at */
#define BATCH_POINTS 512u

/* The next field of [*at, end): blanks before it are skipped. False where there is none. */
static bool next_field(const char **at, const char *end, const char **field, size_t *length)
{
    const char *p = *at;

    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    *field = p;
    while (p < end && *p != ' ' && *p != '\t')
        p++;
    *length = (size_t)(p - *field);
    *at = p;
    return *length > 0;
}

/* Two fields: old files, step 0. Three: with step. Five: with the name and digest of a dataset;
   the step is the third field there too. MLflow's own reader looks for a step in lines of
   exactly three fields and gives 0 for lines of five; what the file says is what is kept here.
   A dataset's name may hold blanks, so any number of further fields is fine. */
static bool parse_line(const char *line, const char *end, struct assay_point *point)
{
    const char *field;
    size_t length;

    point->step = 0;
    if (!next_field(&line, end, &field, &length) ||
        !assay_int_parse(field, length, &point->time_ms))
        return false;
    if (!next_field(&line, end, &field, &length) ||
        !assay_number_parse(field, length, &point->value))
        return false;
    if (!next_field(&line, end, &field, &length))
        return true;
    return assay_int_parse(field, length, &point->step);
}

static void add_fault(struct mlflow_metric_faults *faults, uint64_t offset)
{
    if (faults->count++ == 0)
        faults->offset = offset;
}

size_t mlflow_metric_parse(const char *bytes, size_t length, uint64_t offset,
                           struct assay_point *points, size_t capacity, size_t *count,
                           struct mlflow_metric_faults *faults)
{
    const char *at = bytes, *end = bytes + length;

    *count = 0;
    while (at < end && *count < capacity) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline;

        if (!newline)
            break;
        if (stop > at && stop[-1] == '\r')
            stop--;
        if (stop > at) { /* an empty line is nothing */
            if (parse_line(at, stop, &points[*count]))
                (*count)++;
            else
                add_fault(faults, offset + (uint64_t)(at - bytes));
        }
        at = newline + 1;
    }
    return (size_t)(at - bytes);
}

/* What one reading needs; too large for a stack of unknown size. */
struct scratch {
    char bytes[READ_BYTES];
    struct assay_point points[BATCH_POINTS];
};

enum assay_status mlflow_metric_read(int fd, uint64_t *offset, mlflow_metric_fn fn,
                                     void *context, struct mlflow_metric_faults *faults)
{
    struct scratch *scratch = assay_realloc_array(NULL, 1, sizeof *scratch); /* not zeroed */
    enum assay_status status = ASSAY_OK;
    uint64_t read_to = *offset; /* where the bytes in scratch end */
    size_t held = 0;
    bool skipping = false; /* inside a line too long to be one */

    for (;;) {
        ssize_t got = pread(fd, scratch->bytes + held, READ_BYTES - held, (off_t)read_to);
        size_t used = 0;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = ASSAY_IO;
        if (got <= 0)
            break;
        held += (size_t)got;
        read_to += (uint64_t)got;
        if (skipping) {
            const char *newline = memchr(scratch->bytes, '\n', held);

            used = newline ? (size_t)(newline - scratch->bytes) + 1 : held;
            skipping = !newline;
        }
        for (size_t before = held + 1; used < held && !skipping && before != used;) {
            size_t count = 0;

            before = used;
            used +=
                mlflow_metric_parse(scratch->bytes + used, held - used, read_to - (held - used),
                                    scratch->points, BATCH_POINTS, &count, faults);
            if (count > 0 && !fn(context, scratch->points, count)) {
                status = ASSAY_CANCELLED;
                goto out;
            }
        }
        if (used == 0 && held == READ_BYTES) {
            add_fault(faults, read_to - held);
            used = held;
            skipping = true;
        }
        held -= used;
        memmove(scratch->bytes, scratch->bytes + used, held);
        if (!skipping)
            *offset = read_to - held;
    }
out:
    free(scratch);
    return status;
}
