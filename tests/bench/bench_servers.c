/*
 * Benchmarks of servers. `serve DELAY RUNS METRICS POINTS` is an MLflow server whose answers
 * take DELAY milliseconds more; it prints its URL and ends with its standard input.
 * `drawable URL` prints how long it takes until every run's first metric can be drawn.
 * `urls URL RUNS METRICS` prints the configuration for curl that fetches what a pull brings:
 * every history, and each run's list of artifacts with that of its one folder.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/session.h>

#include "support/mlflow_web.h"

static int serve(char **arguments)
{
    struct fake_mlflow fake = {.delay_ms = (unsigned)atoi(arguments[0]), .alike = true};
    char byte;

    fake_mlflow_start(&fake, 4, atoi(arguments[1]), atoi(arguments[2]), atoi(arguments[3]));
    printf("%s\n", web_url(fake.web));
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    fprintf(stderr, "%u requests, %u connections, %u at once\n", web_counts(fake.web).requests,
            web_counts(fake.web).connections, web_counts(fake.web).at_once);
    fake_mlflow_stop(&fake);
    return 0;
}

static void one_url(const char *url, const char *path, int run, const char *rest)
{
    printf("url = \"%s/api/2.0/mlflow/%s?run_id=%08xabcdef0123456789abcdef01%s\"\n"
           "output = \"/dev/null\"\n",
           url, path, (unsigned)run, rest);
}

static int urls(const char *url, int runs, int metrics)
{
    char rest[64];

    for (int r = 0; r < runs; r++) {
        one_url(url, "artifacts/list", r, "");
        one_url(url, "artifacts/list", r, "&path=deep%20dir");
    }
    for (int r = 0; r < runs; r++)
        for (int m = 0; m < metrics; m++) {
            snprintf(rest, sizeof rest, "&metric_key=loss%d&max_results=25000", m);
            one_url(url, "metrics/get-history", r, rest);
        }
    return 0;
}

static void step(struct assay_session *session)
{
    struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};

    poll(&ready, 1, 100);
    assay_session_dispatch(session);
}

static int drawable(const char *url)
{
    struct assay_session *session = NULL;
    struct assay_session_options options = {.sources = &url, .source_count = 1, .live = true};
    int64_t start = assay_monotonic_us(), listed;
    uint32_t count, drawn = 0;

    if (assay_session_open(&session, &options, NULL) != ASSAY_OK)
        return 1;
    while (assay_catalog_source(assay_session_catalog(session), 0)->state != ASSAY_SOURCE_READY)
        step(session);
    listed = assay_monotonic_us();
    count = (uint32_t)assay_catalog_runs(assay_session_catalog(session));
    while (drawn < count) {
        enum assay_load load;

        drawn = 0;
        for (uint32_t run = 0; run < count; run++)
            drawn += assay_session_series(session, run, "loss0", &load) != NULL;
        if (drawn < count)
            step(session);
    }
    printf("listed_ms %.1f\ndrawable_ms %.1f\n", (double)(listed - start) / 1000,
           (double)(assay_monotonic_us() - listed) / 1000);
    assay_session_close(&session);
    return 0;
}

int main(int count, char **arguments)
{
    setenv("no_proxy", "*", 1);
    if (count == 6 && strcmp(arguments[1], "serve") == 0)
        return serve(arguments + 2);
    if (count == 5 && strcmp(arguments[1], "urls") == 0)
        return urls(arguments[2], atoi(arguments[3]), atoi(arguments[4]));
    if (count == 3 && strcmp(arguments[1], "drawable") == 0)
        return drawable(arguments[2]);
    fprintf(stderr, "usage: bench_servers serve DELAY RUNS METRICS POINTS | drawable URL | "
                    "urls URL RUNS METRICS\n");
    return 2;
}
