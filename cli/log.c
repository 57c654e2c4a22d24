/*
 * assay log: adds points, params, tags and artifacts to a run in the local store.
 */
#include "cli.h"
#include "pairs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/local.h>
#include <assay/text.h>

#define LINE_LIMIT ((size_t)16 << 20)
#define BATCH_MOST 20000 /* points in one transaction */
#define FLUSH_MS   1000  /* what came is stored at least this often */

struct logging {
    struct cli *cli;
    struct assay_local *local;
    char run[ASSAY_RUN_ID_SIZE];
    struct cli_batch batch;
    int64_t stored_us;
};

/* Files are stored before the rest: to repeat what failed for one does no harm to it, while it
   would double points. */
static enum assay_status store_files(struct logging *l, struct assay_error *err)
{
    enum assay_status status = cli_batch_folders(&l->batch, err);
    for (size_t i = 0; i < l->batch.file_count && status == ASSAY_OK; i++)
        status = assay_local_artifact(l->local, l->run, l->batch.files[i].path,
                                      l->batch.files[i].file, err);
    l->batch.file_count = 0;
    return status;
}

static enum assay_status store_batch(struct logging *l, struct assay_error *err)
{
    if (!l->batch.point_count && !l->batch.param_count && !l->batch.tag_count)
        return ASSAY_OK;
    struct assay_log_batch batch = cli_batch_view(&l->batch);
    enum assay_status status = assay_local_log(l->local, l->run, &batch, err);
    cli_batch_reset(&l->batch);
    l->stored_us = assay_monotonic_us();
    return status;
}

static bool is_full_id(const char *ref)
{
    return strlen(ref) == ASSAY_RUN_ID_SIZE - 1 &&
           strspn(ref, "0123456789abcdef") == ASSAY_RUN_ID_SIZE - 1;
}

/* The run REF means: a whole id as it is, anything shorter by what the local store has. */
static enum assay_status resolve(struct logging *l, const char *ref, struct assay_error *err)
{
    if (is_full_id(ref)) {
        memcpy(l->run, ref, ASSAY_RUN_ID_SIZE);
        return ASSAY_OK;
    }
    static const char *const sources[] = {"local"};
    const struct assay_session_options options = {.sources = sources, .source_count = 1};
    uint32_t run;
    enum assay_status status = assay_session_open(&l->cli->session, &options, err);
    if (status != ASSAY_OK)
        return status;
    l->cli->catalog = assay_session_catalog(l->cli->session);
    status = assay_session_wait(l->cli->session, err);
    if (status == ASSAY_OK)
        status = cli_find_run(l->cli, ref, &run, err);
    if (status == ASSAY_OK)
        snprintf(l->run, sizeof l->run, "%s", assay_catalog_run(l->cli->catalog, run)->id);
    cli_close(l->cli);
    return status;
}

static enum assay_status start_or_find(struct logging *l, struct assay_error *err)
{
    const struct cli *cli = l->cli;
    const char *experiment = cli_value(cli, "experiment");
    const char *ref = cli->args.operand_count ? cli->args.operands[0] : NULL;
    if (experiment && ref)
        return assay_fail(err, ASSAY_BAD_INPUT,
                          "log: --experiment starts a run: RUN %s cannot be meant as well",
                          ref);
    if (cli_has(cli, "name") && !experiment)
        return assay_fail(err, ASSAY_BAD_INPUT, "log: --name goes with --experiment");
    if (experiment) {
        enum assay_status status = assay_local_start(
            l->local, experiment, cli_value(cli, "name"), ASSAY_NO_TIME, l->run, err);
        if (status == ASSAY_OK)
            assay_buf_format(&l->cli->out, "%s\n", l->run);
        cli_flush(l->cli); /* whoever feeds us may wait for it */
        return status;
    }
    if (!ref)
        ref = getenv("ASSAY_RUN");
    if (ref && *ref)
        return resolve(l, ref, err);
    assay_fail(err, ASSAY_BAD_INPUT, "log: which run?");
    assay_hint(err, "name it, set $ASSAY_RUN, or start one with -e EXPERIMENT");
    return ASSAY_BAD_INPUT;
}

/* ---- standard input ---- */

static enum assay_status take_line(struct logging *l, const char *text, size_t length,
                                   size_t line, struct assay_error *err)
{
    if (strspn(text, " \t\r") >= length)
        return ASSAY_OK;
    const struct cli_batch before = l->batch;
    enum assay_status status =
        cli_batch_json(&l->batch, text, length, line, assay_now_ms(), err);
    if (status == ASSAY_OK && l->batch.file_count) {
        status = store_files(l, err);
        if (status != ASSAY_OK) {
            struct assay_error why = *err;
            cli_batch_back(&l->batch, &before);
            *err = (struct assay_error){0};
            assay_fail(err, status, "standard input:%zu: %s", line, why.what);
            assay_hint(err, "%s", why.hint);
        }
    }
    if (status != ASSAY_OK)
        return status;
    bool due = assay_monotonic_us() - l->stored_us > FLUSH_MS * INT64_C(1000);
    return due || l->batch.point_count >= BATCH_MOST ? store_batch(l, err) : ASSAY_OK;
}

/* What came before a line at fault is kept: it was logged in good faith. */
static enum assay_status read_lines(struct logging *l, struct assay_error *err)
{
    struct assay_buf text = {.limit = 2 * LINE_LIMIT};
    char block[65536];
    size_t line = 0;
    enum assay_status status = ASSAY_OK;
    ssize_t count = 1;
    while (status == ASSAY_OK && count != 0) {
        count = read(STDIN_FILENO, block, sizeof block);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            status = assay_fail(err, ASSAY_IO, "standard input: %s", strerror(errno));
            break;
        }
        assay_buf_add(&text, block, (size_t)count);
        size_t from = 0;
        const char *newline;
        while (status == ASSAY_OK && text.length > from &&
               (newline = memchr(text.data + from, '\n', text.length - from)) != NULL) {
            size_t length = (size_t)(newline - text.data) - from;
            status = take_line(l, text.data + from, length, ++line, err);
            from += length + 1;
        }
        if (from) {
            memmove(text.data, text.data + from, text.length - from + 1);
            text.length -= from;
        }
        if (text.length > LINE_LIMIT)
            status =
                assay_fail(err, ASSAY_BAD_INPUT, "standard input:%zu: line too long", line + 1);
    }
    if (status == ASSAY_OK && text.length)
        status = take_line(l, text.data, text.length, ++line, err);
    if (status == ASSAY_BAD_INPUT)
        assay_hint(err, "assay log --help says what a line may hold");
    assay_buf_free(&text);
    enum assay_status stored = store_batch(l, err);
    return status == ASSAY_OK ? stored : status;
}

/* Before a run is started for them. */
static enum assay_status check_files(struct cli_batch *batch, struct assay_error *err)
{
    enum assay_status status = cli_batch_folders(batch, err);
    for (size_t i = 0; i < batch->file_count && status == ASSAY_OK; i++)
        status = assay_local_check_artifact(batch->files[i].path, batch->files[i].file, err);
    return status;
}

enum assay_status cli_log(struct cli *cli, struct assay_error *err)
{
    struct logging l = {.cli = cli, .stored_us = assay_monotonic_us()};
    int64_t step = 0, time_ms = assay_now_ms();
    const char *finish = cli_value(cli, "finish");
    enum assay_status status = cli_integer(cli, "step", INT64_MIN, INT64_MAX, &step, err);
    if (status == ASSAY_OK)
        status = cli_integer(cli, "time", INT64_MIN + 1, INT64_MAX, &time_ms, err);
    if (status == ASSAY_OK)
        status = cli_batch_arguments(&l.batch, cli, step, time_ms, err);
    if (status == ASSAY_OK)
        status = check_files(&l.batch, err);
    if (status == ASSAY_OK)
        status = assay_local_open(&l.local, NULL, err);
    if (status == ASSAY_OK)
        status = start_or_find(&l, err);
    if (status == ASSAY_OK)
        status = store_files(&l, err);
    if (status == ASSAY_OK)
        status = store_batch(&l, err);
    if (status == ASSAY_OK && cli_has(cli, "json"))
        status = read_lines(&l, err);
    if (status == ASSAY_OK && finish)
        status = assay_local_finish(l.local, l.run, assay_run_status_parse(finish),
                                    assay_now_ms(), err);
    cli_batch_free(&l.batch);
    assay_local_close(&l.local);
    return status;
}
