/*
 * assay audit: the log, targets nobody approved, the bundle and the report for an auditor; and
 * assay sync, which exchanges records.
 */
#include "approvals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/text.h>

static void print_log(struct cli *cli, struct assay_ledger *ledger)
{
    const struct assay_log_entry *log;
    const size_t count = assay_ledger_log(ledger, &log);
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "seq", "", true);
    cli_table_column(table, "time_ms", "time", false);
    cli_table_column(table, "author", "who", false);
    cli_table_column(table, "event", "event", false);
    cli_table_column(table, "request", "request", false);
    cli_table_column(table, "meaning", "meaning", false);
    cli_table_column(table, "counts", "", false);
    cli_table_column(table, "what", "what", false);
    cli_table_column(table, "digest", "digest", false);
    for (size_t i = 0; i < count; i++) {
        cli_table_count(table, log[i].seq);
        cli_table_time(table, log[i].time_ms);
        cli_table_text(table, log[i].author);
        cli_table_text(table, log[i].event);
        cli_table_text(table, log[i].request);
        cli_table_text(table, log[i].meaning);
        cli_table_text(table, !log[i].counts ? "invalid" : log[i].is_signed ? "" : "unsigned");
        cli_table_text(table, log[i].what);
        cli_table_text(table, log[i].digest);
    }
    cli_table_print(table);
    cli_table_free(&table);
}

static void log_json(struct cli *cli, struct assay_ledger *ledger)
{
    const struct assay_log_entry *log;
    const size_t count = assay_ledger_log(ledger, &log);
    struct cli_json json = {.out = &cli->out};
    cli_json_open(&json, '{');
    cli_json_member(&json, "ledger", assay_ledger_info(ledger).digest);
    cli_json_key(&json, "records");
    cli_json_open(&json, '[');
    for (size_t i = 0; i < count; i++) {
        cli_json_open(&json, '{');
        cli_json_key(&json, "seq");
        cli_json_count(&json, log[i].seq);
        cli_json_member(&json, "digest", log[i].digest);
        cli_json_member(&json, "author", log[i].author);
        cli_json_member(&json, "name", log[i].author_name);
        cli_json_member(&json, "event", log[i].event);
        cli_json_member(&json, "request", log[i].request);
        cli_json_member(&json, "meaning", log[i].meaning);
        cli_json_member(&json, "what", log[i].what);
        cli_json_key(&json, "time_ms");
        cli_json_time(&json, log[i].time_ms);
        cli_json_key(&json, "signed");
        cli_json_bool(&json, log[i].is_signed);
        cli_json_key(&json, "counts");
        cli_json_bool(&json, log[i].counts);
        cli_json_close(&json);
        cli_spill(cli);
    }
    cli_json_close(&json);
    cli_json_close(&json);
}

static enum assay_status print_drift(struct cli *cli, struct assay_ledger *ledger,
                                     struct assay_error *err)
{
    const struct assay_drift *drifts = NULL;
    const bool files = cli_has(cli, "files");
    size_t count = 0;
    char *place = NULL;
    enum assay_status status = cli_place(cli, &place, err);
    if (status == ASSAY_OK)
        status = assay_ledger_drift(ledger, place, files, &drifts, &count, err);
    free(place);
    if (status != ASSAY_OK)
        return status;
    struct cli_table *table = cli_table_new(cli);
    struct cli_json json = {.out = &cli->out};
    static const char *const names[] = {"platform", "model",   "target",
                                        "version",  "request", "why"};
    for (size_t i = 0; i < 6; i++)
        cli_table_column(table, names[i], names[i], false);
    if (cli->format == CLI_JSON) {
        cli_json_open(&json, '{');
        cli_json_key(&json, "files_read");
        cli_json_bool(&json, files);
        cli_json_key(&json, "drift");
        cli_json_open(&json, '[');
    }
    for (size_t i = 0; i < count; i++) {
        const struct assay_drift *d = &drifts[i];
        const char *cells[] = {d->platform, d->model,   d->target,
                               d->version,  d->request, d->why};
        if (cli->format == CLI_JSON)
            cli_json_open(&json, '{');
        for (size_t c = 0; c < 6; c++) {
            cli_table_text(table, cells[c]);
            if (cli->format == CLI_JSON)
                cli_json_member(&json, names[c], cells[c]);
        }
        if (cli->format == CLI_JSON)
            cli_json_close(&json);
    }
    if (cli->format == CLI_JSON) {
        cli_json_close(&json);
        cli_json_close(&json);
    } else {
        cli_table_print(table);
    }
    cli_table_free(&table);
    /* A version that was rewritten where it lies stands at its target as before. */
    if (!files)
        fputs("assay: no file was looked at: whether a version was rewritten, --files says\n",
              stderr);
    cli->worst = count > 0 ? ASSAY_NO : ASSAY_OK;
    return ASSAY_OK;
}

static void print_report(struct cli *cli, const struct assay_ledger *ledger)
{
    const struct assay_request *const *requests;
    const size_t count = assay_ledger_requests(ledger, &requests);
    const struct assay_ledger_info info = assay_ledger_info(ledger);

    if (cli->format == CLI_TABLE) {
        assay_ledger_report(ledger, cli_has(cli, "html"), &cli->out);
    } else if (cli->format == CLI_JSON) {
        struct cli_json json = {.out = &cli->out};
        cli_json_open(&json, '{');
        cli_json_member(&json, "ledger", info.digest);
        cli_json_key(&json, "records");
        cli_json_count(&json, info.records);
        cli_json_key(&json, "problems");
        cli_json_count(&json, info.problems);
        cli_json_key(&json, "requests");
        cli_json_open(&json, '[');
        for (size_t i = 0; i < count; i++)
            cli_request_json(&json, requests[i]);
        cli_json_close(&json);
        cli_json_close(&json);
    } else {
        struct cli_table *table = cli_request_table(cli);
        for (size_t i = 0; i < count; i++)
            cli_request_rows(table, requests[i]);
        cli_table_print(table);
        cli_table_free(&table);
    }
}

/* What would be passed over in silence is refused: an export is what its checkers expect, and a
   page for a browser is no other format. */
static enum assay_status check_options(const struct cli *cli, const char *what,
                                       struct assay_error *err)
{
    const bool html = cli_has(cli, "html"), format = cli_has(cli, "format");

    if (cli_has(cli, "files") && strcmp(what, "drift") != 0)
        return assay_fail(err, ASSAY_BAD_INPUT, "audit %s: --files is of drift", what);
    if (cli_has(cli, "source") && strcmp(what, "drift") != 0) {
        assay_fail(err, ASSAY_BAD_INPUT, "audit %s: -S is of drift: the ledger is one", what);
        assay_hint(err, "leave it out; assay queue -S lists the requests of one place");
        return ASSAY_BAD_INPUT;
    }

    if (html && strcmp(what, "report") != 0) {
        assay_fail(err, ASSAY_BAD_INPUT, "audit %s: --html is of the report", what);
        assay_hint(err, "assay audit report --html");
    } else if (html && format) {
        assay_fail(err, ASSAY_BAD_INPUT, "audit report: --html and --format are two formats");
        assay_hint(err, "leave one of them out");
    } else if (format && strcmp(what, "export") == 0) {
        assay_fail(err, ASSAY_BAD_INPUT,
                   "audit export: the bundle has one form, --format none");
        assay_hint(err, "assay audit log --format json, or report --format json, print it");
    } else {
        return ASSAY_OK;
    }
    return ASSAY_BAD_INPUT;
}

enum assay_status cli_audit(struct cli *cli, struct assay_error *err)
{
    const char *what = cli->args.operands[0];
    const bool exports = strcmp(what, "export") == 0;
    struct assay_ledger *ledger = NULL;
    enum assay_status status;

    if ((strcmp(what, "log") != 0 && strcmp(what, "drift") != 0 &&
         strcmp(what, "report") != 0 && !exports) ||
        cli->args.operand_count != (exports ? 2u : 1u)) {
        assay_fail(err, ASSAY_BAD_INPUT, "audit: log, drift, export DIR, or report");
        assay_hint(err, "assay audit --help lists what it takes");
        return ASSAY_BAD_INPUT;
    }
    status = check_options(cli, what, err);
    if (status == ASSAY_OK)
        status = cli_ledger(cli, false, &ledger, err);
    if (status != ASSAY_OK)
        return status;
    if (exports) {
        status = assay_ledger_export(ledger, cli->args.operands[1], err);
    } else if (strcmp(what, "drift") == 0) {
        status = print_drift(cli, ledger, err);
    } else if (strcmp(what, "report") == 0) {
        print_report(cli, ledger);
    } else if (cli->format == CLI_JSON) {
        log_json(cli, ledger);
    } else {
        print_log(cli, ledger);
    }
    assay_ledger_close(&ledger);
    return status;
}

struct syncing {
    struct cli *cli;
    int64_t next_us;
    bool shown;
};

static bool show_progress(void *context, const char *what, size_t done, size_t all)
{
    struct syncing *syncing = context;

    if (assay_monotonic_us() < syncing->next_us)
        return true;
    syncing->next_us = assay_monotonic_us() + 200000;
    syncing->shown = true;
    cli_progress(syncing->cli, "%zu of %zu records %s", done, all, what);
    return true;
}

static void print_sync(struct cli *cli, struct assay_ledger *ledger, bool first,
                       const struct assay_sync_result *result)
{
    struct assay_buf place = {0};

    assay_text_clean(&place, result->place, strlen(result->place));
    assay_buf_format(&cli->out, "%zu sent, %zu received, %zu refused\n", result->sent,
                     result->received, result->refused);
    if (result->made)
        fprintf(stderr, "assay: %s: was not there, and was made\n", assay_buf_text(&place));
    else if (result->there == 0)
        fprintf(stderr, "assay: %s: held no ledger; it has this one now\n",
                assay_buf_text(&place));
    if (first)
        cli_say_first_seen(ledger);
    if (result->strangers && !result->told)
        fprintf(stderr, "assay: %s: %zu %s there by nobody of this ledger: left alone\n",
                assay_buf_text(&place), result->strangers,
                result->strangers == 1 ? "record is" : "records are");
    if (result->refused && !result->told) {
        struct assay_error why = {0};
        assay_fail(&why, ASSAY_NO, "%s", result->first_refusal);
        cli_complain(&why);
        cli->worst = ASSAY_NO;
    }
    assay_buf_free(&place);
}

enum assay_status cli_sync(struct cli *cli, struct assay_error *err)
{
    struct assay_ledger *ledger = NULL;
    struct assay_sync_result result = {.first_refusal = ""};
    struct syncing syncing = {.cli = cli};
    const struct assay_sync_options how = {
        .again = cli_has(cli, "again"),
        .progress = isatty(STDERR_FILENO) == 1 ? show_progress : NULL,
        .context = &syncing};
    const struct assay_ledger_options options = {.expect = cli_value(cli, "ledger"),
                                                 .recover = true};
    enum assay_status status = assay_ledger_open(&ledger, &options, err);

    const bool first = ledger && assay_ledger_info(ledger).digest[0] == '\0';
    if (status == ASSAY_OK)
        status = assay_ledger_sync(ledger, cli->args.operands[0], &how, &result, err);
    if (syncing.shown)
        cli_progress(cli, "%s", "");
    /* What was received is kept even where something could not be sent. */
    if (status == ASSAY_OK)
        print_sync(cli, ledger, first, &result);
    else if (result.received > 0 || result.sent > 0)
        assay_buf_format(&cli->out, "%zu sent, %zu received, %zu refused\n", result.sent,
                         result.received, result.refused);
    assay_ledger_close(&ledger);
    return status;
}
