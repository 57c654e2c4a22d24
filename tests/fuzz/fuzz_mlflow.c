/*
 * Answers of an MLflow server: the first byte says of which kind, the rest is the body; of
 * histories it also says how they are cut into pieces.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "remote/mlflow_private.h"
#include "remote/point_scan.h"

static bool fresh(void *context, const char *id, uint64_t hash)
{
    (void)context;
    return id[0] != '\0' && hash != 0;
}

static void run(void *context, const struct ingest_run *run, uint64_t hash)
{
    (void)hash;
    *(size_t *)context += strlen(run->name) + run->attrs->metric_count;
}

static void experiment(void *context, const struct mlflow_experiment *experiment)
{
    *(size_t *)context += strlen(experiment->name);
}

static void point(void *context, const struct assay_point *point, const char *run_id)
{
    *(size_t *)context += (size_t)point->step + strlen(run_id);
}

static void pieces(const char *body, size_t length, size_t piece)
{
    size_t sum = 0;
    struct point_scan scan = {.point = point, .context = &sum};

    point_scan_again(&scan);
    for (size_t at = 0; at < length; at += piece)
        if (!point_scan_feed(&scan, body + at, length - at < piece ? length - at : piece))
            break;
    (void)point_scan_end(&scan);
    point_scan_free(&scan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mlflow_page page = {0};
    const char *body = (const char *)data + 1;
    size_t sum = 0;

    if (!size)
        return 0;
    if (data[0] == 'r')
        (void)mlflow_parse_runs("x", body, size - 1, &page, fresh, run, &sum, NULL);
    else if (data[0] == 'e')
        (void)mlflow_parse_experiments("x", body, size - 1, &page, experiment, &sum, NULL);
    else
        pieces(body, size - 1, (size_t)data[0] + 1);
    assay_arena_free(&page.arena);
    return 0;
}
