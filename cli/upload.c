/*
 * assay upload: runs to a server. What would be sent is shown first; nothing is sent before
 * --yes, or a yes on the terminal.
 */
#include "cli.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/change.h>
#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

struct uploading {
    struct cli *cli;
    const char *name; /* of the run, clean */
    const char *what; /* is being sent; since when, and how many there were then */
    int64_t began_us;
    uint64_t first;
    int64_t next_us; /* when something is shown again */
};

/* The server of that name or place; the last where there are several. */
static uint32_t find_place(struct cli *cli, const char *name, const char *where)
{
    uint32_t found = ASSAY_NONE;

    for (uint32_t s = 0; s < assay_catalog_sources(cli->catalog); s++) {
        const struct assay_source *source = assay_catalog_source(cli->catalog, s);
        struct assay_server server;

        if (assay_session_server(cli->session, s, &server) &&
            (strcmp(source->name, name) == 0 || strcmp(source->where, where) == 0))
            found = s;
    }
    return found;
}

/* The server that --to names: a configured source, or a URL. */
static enum assay_status find_server(struct cli *cli, const char *to, uint32_t *found,
                                     struct assay_error *err)
{
    const char *at = strrchr(to, '@'), *scheme = strstr(to, "://");
    const char *workspace = getenv("MLFLOW_WORKSPACE");
    struct assay_buf where = {0};

    if (at && scheme) { /* the catalog's has no user in it */
        assay_buf_add(&where, to, (size_t)(scheme + 3 - to));
        assay_buf_text_add(&where, at + 1);
    } else {
        assay_buf_text_add(&where, to);
    }
    while (where.length && where.data[where.length - 1] == '/')
        where.data[--where.length] = '\0';
    *found = find_place(cli, to, assay_buf_text(&where));
    if (*found == ASSAY_NONE && workspace) { /* a URL's is the environment's */
        assay_buf_format(&where, "#%s", workspace);
        *found = find_place(cli, to, assay_buf_text(&where));
    }
    assay_buf_free(&where);
    if (*found != ASSAY_NONE)
        return ASSAY_OK;
    return assay_fail(err, ASSAY_BAD_INPUT, "upload: %s is no server", to);
}

/* The run that REF names elsewhere than on SERVER, where the one that an earlier upload made
   may have the same name. */
static enum assay_status find_run(struct cli *cli, const char *ref, uint32_t server,
                                  uint32_t *run, struct assay_error *err)
{
    struct assay_error first = {0};
    enum assay_status status = cli_find_run(cli, ref, run, &first);
    struct assay_buf full = {0};
    size_t found = 0;
    uint32_t each;

    if (status == ASSAY_OK && assay_catalog_run(cli->catalog, *run)->source != server)
        return ASSAY_OK;
    for (uint32_t s = 0; s < assay_catalog_sources(cli->catalog); s++) {
        assay_buf_reset(&full);
        assay_buf_format(&full, "%s:%s", assay_catalog_source(cli->catalog, s)->name, ref);
        if (s == server || cli_find_run(cli, assay_buf_text(&full), &each, NULL) != ASSAY_OK ||
            assay_catalog_run(cli->catalog, each)->source != s)
            continue;
        *run = each;
        found++;
    }
    assay_buf_free(&full);
    if (found == 1)
        return ASSAY_OK;
    if (status == ASSAY_OK)
        return assay_fail(err, ASSAY_BAD_INPUT, "upload: %s lies on that server already", ref);
    if (err)
        *err = first;
    return status;
}

/* "12,000 of 40,000 points sent, 9,100/s, left 0:03  name"; each kind of thing by its own rate.
 */
static bool show_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
    struct uploading *uploading = context;
    char a[32], b[32], rate[32], time[24];
    int64_t now = assay_monotonic_us(), took;

    if (!uploading->what || strcmp(uploading->what, what) != 0) {
        uploading->what = what;
        uploading->began_us = now;
        uploading->first = done;
    }
    if (now < uploading->next_us)
        return true;
    uploading->next_us = now + 200000;
    took = now - uploading->began_us;
    if (done > uploading->first && done <= total && took > 500000) {
        double each_us = (double)took / (double)(done - uploading->first);

        assay_left_text(time, (int64_t)(each_us / 1000 * (double)(total - done)));
        cli_progress(uploading->cli, "%s of %s %s sent, %s/s, left %s  %s",
                     assay_count_text(a, done), assay_count_text(b, total), what,
                     assay_count_text(rate, (uint64_t)(1e6 / each_us)), time, uploading->name);
    } else {
        cli_progress(uploading->cli, "%s of %s %s sent  %s", assay_count_text(a, done),
                     assay_count_text(b, total), what, uploading->name);
    }
    return true;
}

static void add_count(struct assay_buf *out, uint64_t count, const char *one)
{
    char text[32];

    assay_buf_format(out, ", %s %s%s", assay_count_text(text, count), one,
                     count == 1 ? "" : "s");
}

static const char *const issue_names[ASSAY_UPLOAD_KINDS] = {[ASSAY_UPLOAD_REFUSED] =
                                                                "not taken",
                                                            [ASSAY_UPLOAD_CUT] = "cut",
                                                            [ASSAY_UPLOAD_CHANGED] = "changed",
                                                            [ASSAY_UPLOAD_DIFFERS] = "differs"};

static void print_issues(struct cli *cli, const struct assay_upload *upload)
{
    uint64_t all = 0;
    char text[32];

    for (size_t kind = 0; kind < ASSAY_UPLOAD_KINDS; kind++)
        all += upload->counts[kind];
    for (size_t i = 0; i < upload->issue_count; i++)
        assay_buf_format(&cli->out, "  %-9s  %s\n", issue_names[upload->issues[i].kind],
                         upload->issues[i].what);
    if (all > upload->issue_count)
        assay_buf_format(&cli->out, "  and %s more\n",
                         assay_count_text(text, all - upload->issue_count));
}

static void print_line(struct cli *cli, const struct assay_run *run,
                       const struct assay_upload *upload, bool done)
{
    struct assay_buf *out = &cli->out;
    char points[32], there[32], bytes[32];

    assay_text_clean(out, *run->name ? run->name : run->id,
                     strlen(*run->name ? run->name : run->id));
    assay_buf_format(out, ": %s %s", assay_count_text(points, upload->points),
                     upload->points == 1 ? "point" : "points");
    if (upload->points_there)
        assay_buf_format(out, " (%s there already)",
                         assay_count_text(there, upload->points_there));
    add_count(out, upload->params, "param");
    add_count(out, upload->tags, "tag");
    add_count(out, upload->files, "artifact");
    assay_buf_format(out, " (%s)", assay_bytes_text(bytes, upload->bytes));
    if (done)
        assay_buf_format(out, "   done: run %s", upload->run_id);
    else
        assay_buf_text_add(out, upload->resumed ? " → a run that is there" : " → a new run");
    assay_buf_char(out, '\n');
}

static void add_json(struct cli_json *json, const struct assay_run *run,
                     const struct assay_upload *upload, const struct assay_error *error)
{
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {{"points", upload->points},
                  {"points_there", upload->points_there},
                  {"params", upload->params},
                  {"params_there", upload->params_there},
                  {"tags", upload->tags},
                  {"tags_there", upload->tags_there},
                  {"inputs", upload->inputs},
                  {"files", upload->files},
                  {"files_there", upload->files_there},
                  {"bytes", upload->bytes}};

    cli_json_open(json, '{');
    cli_json_member(json, "from", run->id);
    cli_json_member(json, "run", *upload->run_id ? upload->run_id : NULL);
    cli_json_member(json, "experiment", *upload->experiment ? upload->experiment : NULL);
    cli_json_key(json, "resumed");
    cli_json_bool(json, upload->resumed);
    for (size_t i = 0; i < ASSAY_COUNT(counts); i++) {
        cli_json_key(json, counts[i].name);
        cli_json_count(json, counts[i].count);
    }
    cli_json_key(json, "issues");
    cli_json_open(json, '[');
    for (size_t i = 0; i < upload->issue_count; i++) {
        cli_json_open(json, '{');
        cli_json_member(json, "kind", issue_names[upload->issues[i].kind]);
        cli_json_member(json, "what", upload->issues[i].what);
        cli_json_close(json);
    }
    cli_json_close(json);
    cli_json_member(json, "error", error->status == ASSAY_OK ? NULL : error->what);
    cli_json_close(json);
}

static bool is_agreed(struct cli *cli)
{
    char answer[16] = "";

    if (cli_has(cli, "yes"))
        return true;
    if (!isatty(STDIN_FILENO) || cli->format == CLI_JSON)
        return false;
    cli_flush(cli);
    fputs("Send this? [y/N] ", stderr);
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static void say_resumable(struct assay_error *err)
{
    struct assay_buf hint = {0};

    if (!err)
        return;
    assay_buf_format(&hint,
                     "%s%swhat was sent is there: the same command goes on where this "
                     "one ended",
                     err->hint, err->hint[0] ? "; " : "");
    assay_hint(err, "%s", assay_buf_text(&hint));
    assay_buf_free(&hint);
}

/* What was counted over all runs. */
struct totals {
    uint64_t differs, refused, cut;
};

static void add_totals(struct totals *totals, const struct assay_upload *upload)
{
    totals->differs += upload->counts[ASSAY_UPLOAD_DIFFERS];
    totals->refused += upload->counts[ASSAY_UPLOAD_REFUSED];
    totals->cut += upload->counts[ASSAY_UPLOAD_CUT];
}

static enum assay_status upload_one(struct cli *cli, uint32_t index, uint32_t server,
                                    bool preview, struct cli_json *json, struct totals *totals,
                                    struct assay_error *err)
{
    const struct assay_run *run = assay_catalog_run(cli->catalog, index);
    char name[200];
    struct uploading uploading = {.cli = cli, .name = name};
    struct assay_upload_options options = {
        .run = index,
        .server = server,
        .experiment = cli_value(cli, "experiment"),
        .no_artifacts = cli_has(cli, "no-artifacts"),
        .preview = preview,
        .partial = cli_has(cli, "partial"),
        .progress = isatty(STDERR_FILENO) == 1 ? show_progress : NULL,
        .context = &uploading,
    };
    struct assay_upload upload;
    enum assay_status status;

    assay_text_clean_to(name, sizeof name, *run->name ? run->name : run->id);
    status = assay_session_upload(cli->session, &options, &upload, err);
    if (options.progress && !preview)
        cli_progress(cli, "%s", "");
    if (status == ASSAY_IO && *upload.run_id && !preview && !upload.verdict)
        say_resumable(err);
    if (json)
        add_json(json, run, &upload, err);
    else if (status == ASSAY_OK)
        print_line(cli, run, &upload, !preview);
    if (!json)
        print_issues(cli, &upload);
    add_totals(totals, &upload);
    assay_upload_free(&upload);
    return status;
}

/* Where something is not on the server as it is here, and nobody said that it may. */
static enum assay_status judge(struct cli *cli, const struct totals *totals, bool sent,
                               struct assay_error *err)
{
    uint64_t lost = totals->refused + totals->cut;
    char text[32];

    if (!sent && lost && !cli_has(cli, "partial")) {
        assay_fail(err, ASSAY_NO, "upload: nothing was sent: the server would not keep all");
        assay_hint(err, "--partial sends what it keeps");
        return ASSAY_NO;
    }
    if (sent && totals->differs) {
        assay_fail(err, ASSAY_NO, "upload: %s of the params and tags have another value there",
                   assay_count_text(text, totals->differs));
        assay_hint(err, "all else is there; these were left as they are: `assay change` sets a "
                        "tag, a param is written once");
        return ASSAY_NO;
    }
    if (sent && totals->refused && !cli_has(cli, "partial")) {
        assay_fail(err, ASSAY_NO, "upload: the server refused %s of the artifacts",
                   assay_count_text(text, totals->refused));
        assay_hint(err, "all else is there");
        return ASSAY_NO;
    }
    return ASSAY_OK;
}

static enum assay_status preview_all(struct cli *cli, const uint32_t *runs, uint32_t server,
                                     struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    struct totals totals = {0};

    for (size_t i = 0; i < cli->args.operand_count && status == ASSAY_OK; i++)
        status = upload_one(cli, runs[i], server, true, NULL, &totals, err);
    return status == ASSAY_OK ? judge(cli, &totals, false, err) : status;
}

static enum assay_status upload_all(struct cli *cli, const uint32_t *runs, uint32_t server,
                                    struct assay_error *err)
{
    struct cli_json json = {.out = &cli->out};
    bool is_json = cli->format == CLI_JSON, agreed = cli_has(cli, "yes");
    enum assay_status status = ASSAY_OK;
    struct totals totals = {0};

    if (!agreed && !is_json && (status = preview_all(cli, runs, server, err)) != ASSAY_OK)
        return status;
    agreed = is_agreed(cli);
    if (is_json) {
        cli_json_open(&json, '{');
        cli_json_key(&json, "uploads");
        cli_json_open(&json, '[');
    }
    for (size_t i = 0; (agreed || is_json) && i < cli->args.operand_count; i++) {
        status =
            upload_one(cli, runs[i], server, !agreed, is_json ? &json : NULL, &totals, err);
        if (status != ASSAY_OK)
            break;
    }
    if (is_json) {
        cli_json_close(&json);
        cli_json_close(&json);
    }
    if (agreed && status == ASSAY_OK)
        return judge(cli, &totals, true, err);
    if (status != ASSAY_OK)
        return status;
    assay_fail(err, ASSAY_NO, "upload: nothing was sent");
    assay_hint(err, "--yes sends what is shown");
    return ASSAY_NO;
}

enum assay_status cli_upload(struct cli *cli, struct assay_error *err)
{
    const char *to = cli_value(cli, "to");
    uint32_t *runs = NULL, server = ASSAY_NONE;
    enum assay_status status;

    if (!to)
        return assay_fail(err, ASSAY_BAD_INPUT, "upload: --to is missing: which server?");
    cli->also = to;
    cli->patient = true;
    status = cli_open(cli, err);
    if (status == ASSAY_OK)
        status = find_server(cli, to, &server, err);
    runs = assay_alloc_array(cli->args.operand_count, sizeof *runs);
    for (size_t i = 0; i < cli->args.operand_count && status == ASSAY_OK; i++)
        status = find_run(cli, cli->args.operands[i], server, &runs[i], err);
    if (status == ASSAY_OK)
        status = upload_all(cli, runs, server, err);
    free(runs);
    return status;
}
