/*
 * assay models: the registered models of servers and stores, the versions of one, or what runs
 * logged: models of their own, traces.
 */
#include "cli.h"
#include "json.h"
#include "run_json.h"
#include "table.h"

#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/clock.h>
#include <assay/registry.h>
#include <assay/text.h>

#define LOGGED_SHOWN 1000 /* in a table, where nobody says how many */

/* ---- pieces ---- */

static const char *joined(struct assay_buf *buf, const char *const *texts, size_t count)
{
    assay_buf_reset(buf);
    for (size_t i = 0; i < count; i++)
        assay_buf_format(buf, "%s%s", i ? " " : "", texts[i]);
    return assay_buf_text(buf);
}

static const char *pairs_text(struct assay_buf *buf, const struct assay_pair *pairs,
                              size_t count)
{
    assay_buf_reset(buf);
    for (size_t i = 0; i < count; i++)
        assay_buf_format(buf, "%s%s=%s", i ? " " : "", pairs[i].key, pairs[i].value);
    return assay_buf_text(buf);
}

static void pairs_json(struct cli_json *json, const char *name, const struct assay_pair *pairs,
                       size_t count)
{
    cli_json_key(json, name);
    cli_json_open(json, '{');
    for (size_t i = 0; i < count; i++)
        cli_json_member(json, pairs[i].key, pairs[i].value);
    cli_json_close(json);
}

static void some_text(struct cli_json *json, const char *name, const char *text)
{
    cli_json_member(json, name, text && *text ? text : NULL);
}

static const struct assay_run *run_of(struct cli *cli, uint32_t source, const char *id)
{
    for (uint32_t i = 0; *id && i < assay_catalog_runs(cli->catalog); i++) {
        const struct assay_run *run = assay_catalog_run(cli->catalog, i);

        if (run->source == source && strcmp(run->id, id) == 0)
            return run;
    }
    return NULL;
}

/* ---- registered models ---- */

/* The digest of a version's files, waited for; what is in the way of it is complained of. */
static struct assay_version_digest digest_of(struct cli *cli, uint32_t source,
                                             const char *model,
                                             const struct assay_model_version *version)
{
    struct pollfd ready = {.fd = assay_session_fd(cli->session), .events = POLLIN};
    struct assay_version_digest digest;

    assay_session_compute_digest(cli->session, source, model, version);
    for (;;) {
        assay_session_version_digest(cli->session, source, model, version->version, &digest);
        if (digest.load != ASSAY_LOAD_BUSY)
            break;
        poll(&ready, 1, 1000);
        assay_session_dispatch(cli->session);
    }
    if (digest.load != ASSAY_LOAD_READY) {
        digest.digest[0] = '\0';
        cli_complain(&digest.error);
        cli->worst = ASSAY_IO;
    }
    return digest;
}

static void digest_json(struct cli_json *json, struct cli *cli, uint32_t source,
                        const char *model, const struct assay_model_version *version)
{
    struct assay_version_digest digest = digest_of(cli, source, model, version);

    some_text(json, "digest", digest.digest);
    cli_json_key(json, "files");
    if (!digest.digest[0])
        cli_json_text(json, NULL);
    else
        cli_json_count(json, digest.files);
    cli_json_key(json, "bytes");
    if (!digest.digest[0])
        cli_json_text(json, NULL);
    else
        cli_json_count(json, digest.bytes);
}

static void version_json(struct cli_json *json, struct cli *cli, uint32_t source,
                         const char *model, const struct assay_model_version *version)
{
    const struct assay_run *run = run_of(cli, source, version->run_id);

    cli_json_open(json, '{');
    cli_json_member(json, "version", version->version);
    cli_json_member(json, "status", version->status);
    some_text(json, "status_message", version->status_message);
    some_text(json, "stage", version->stage);
    cli_json_key(json, "aliases");
    cli_json_open(json, '[');
    for (size_t i = 0; i < version->alias_count; i++)
        cli_json_text(json, version->aliases[i]);
    cli_json_close(json);
    some_text(json, "description", version->description);
    some_text(json, "run", version->run_id);
    some_text(json, "run_name", run ? run->name : NULL);
    some_text(json, "source", version->source);
    some_text(json, "run_link", version->run_link);
    some_text(json, "user", version->user);
    some_text(json, "model_id", version->model_id);
    cli_json_key(json, "created_ms");
    cli_json_time(json, version->created_ms);
    cli_json_key(json, "updated_ms");
    cli_json_time(json, version->updated_ms);
    pairs_json(json, "tags", version->tags, version->tag_count);
    if (cli_has(cli, "digest"))
        digest_json(json, cli, source, model, version);
    cli_json_close(json);
}

static void model_json(struct cli_json *json, struct cli *cli, uint32_t source,
                       const struct assay_registered_model *model)
{
    cli_json_open(json, '{');
    cli_json_member(json, "name", model->name);
    cli_json_key(json, "source");
    cli_source_json(json, assay_catalog_source(cli->catalog, source));
    cli_json_key(json, "prompt");
    cli_json_bool(json, model->prompt);
    some_text(json, "description", model->description);
    cli_json_key(json, "created_ms");
    cli_json_time(json, model->created_ms);
    cli_json_key(json, "updated_ms");
    cli_json_time(json, model->updated_ms);
    pairs_json(json, "tags", model->tags, model->tag_count);
    cli_json_key(json, "aliases");
    cli_json_open(json, '{');
    for (size_t i = 0; i < model->alias_count; i++)
        cli_json_member(json, model->aliases[i].alias, model->aliases[i].version);
    cli_json_close(json);
    cli_json_member(json, "champion",
                    model->champion == SIZE_MAX ? NULL
                                                : model->versions[model->champion].version);
    cli_json_key(json, "versions");
    cli_json_open(json, '[');
    for (size_t i = 0; i < model->version_count; i++)
        version_json(json, cli, source, model->name, &model->versions[i]);
    cli_json_close(json);
    cli_json_close(json);
    cli_spill(cli);
}

static void model_columns(struct cli_table *table)
{
    cli_table_column(table, "name", "model", false);
    cli_table_whole(table);
    cli_table_column(table, "versions", "versions", true);
    cli_table_column(table, "latest", "latest", true);
    cli_table_column(table, "champion", "champion", true);
    cli_table_column(table, "aliases", "aliases", false);
    cli_table_column(table, "prompt", "kind", false);
    cli_table_column(table, "updated_ms", "updated", true);
    cli_table_column(table, "source", "source", false);
    cli_table_column(table, "description", "description", false);
}

static void model_row(struct cli_table *table, struct cli *cli, uint32_t source,
                      const struct assay_registered_model *model)
{
    struct assay_buf text = {0};

    cli_table_text(table, model->name);
    cli_table_count(table, model->version_count);
    cli_table_text(table, model->version_count ? model->versions[0].version : "");
    cli_table_text(table,
                   model->champion == SIZE_MAX ? "" : model->versions[model->champion].version);
    for (size_t i = 0; i < model->alias_count; i++)
        assay_buf_format(&text, "%s%s=%s", i ? " " : "", model->aliases[i].alias,
                         model->aliases[i].version);
    cli_table_text(table, assay_buf_text(&text));
    cli_table_text(table, model->prompt ? "prompt" : "model");
    cli_table_age(table, model->updated_ms);
    cli_table_text(table, assay_catalog_source(cli->catalog, source)->name);
    cli_table_text(table, model->description);
    assay_buf_free(&text);
}

static void version_columns(struct cli_table *table, bool digest)
{
    static const char *const names[] = {"model",  "version", "champion", "aliases", "stage",
                                        "status", "run",     "run_name", "user"};

    for (size_t i = 0; i < ASSAY_COUNT(names); i++)
        cli_table_column(table, names[i], names[i], strcmp(names[i], "version") == 0);
    cli_table_column(table, "created_ms", "created", true);
    cli_table_column(table, "tags", "tags", false);
    cli_table_column(table, "artifacts", "artifacts", false);
    cli_table_column(table, "description", "description", false);
    if (digest) {
        cli_table_column(table, "digest", "digest", false);
        cli_table_whole(table);
    }
}

static void version_row(struct cli_table *table, struct cli *cli, uint32_t source,
                        const struct assay_registered_model *model,
                        const struct assay_model_version *version)
{
    const struct assay_run *run = run_of(cli, source, version->run_id);
    bool champion =
        model->champion < model->version_count && &model->versions[model->champion] == version;
    struct assay_buf text = {0};

    cli_table_text(table, model->name);
    cli_table_text(table, version->version);
    cli_table_text(table, champion ? "champion" : "");
    cli_table_text(table, joined(&text, version->aliases, version->alias_count));
    cli_table_text(table, version->stage);
    cli_table_text(table, version->status);
    cli_table_text(table, version->run_id);
    cli_table_text(table, run ? run->name : "");
    cli_table_text(table, version->user);
    cli_table_age(table, version->created_ms);
    cli_table_text(table, pairs_text(&text, version->tags, version->tag_count));
    cli_table_text(table, version->source);
    cli_table_text(table, version->description);
    if (cli_has(cli, "digest"))
        cli_table_text(table, digest_of(cli, source, model->name, version).digest);
    assay_buf_free(&text);
}

/* ---- the registries that were read ---- */

struct models {
    struct cli *cli;
    struct cli_json json;
    struct cli_table *table;
    const char *name, *version; /* the only ones wanted; NULL all */
    size_t limit;               /* of what was logged; 0: all of it */
    size_t shown;
};

/* "MODEL VERSION", or as MLflow and `assay change` have it, "models:/MODEL/VERSION" or
   "models:/MODEL@ALIAS". */
static void take_names(struct models *m, char *place, size_t capacity)
{
    static const char scheme[] = "models:/";
    const struct cli *cli = m->cli;
    char *at;

    m->name = cli->args.operand_count > 0 ? cli->args.operands[0] : NULL;
    m->version = cli->args.operand_count > 1 ? cli->args.operands[1] : NULL;
    if (!m->name || strncmp(m->name, scheme, sizeof scheme - 1) != 0 ||
        strlen(m->name) + 1 >= capacity)
        return;
    memcpy(place, m->name + sizeof scheme - 1, strlen(m->name) - sizeof scheme + 2);
    m->name = place;
    at = strpbrk(place, "/@");
    if (m->version || !at)
        return;
    if (*at == '@') /* stays before the alias */
        memmove(at + 1, at, strlen(at) + 1);
    m->version = at + 1;
    *at = '\0';
}

static bool is_wanted(const struct models *m, const struct assay_registered_model *model)
{
    if (m->name)
        return strcmp(model->name, m->name) == 0;
    return model->prompt == cli_has(m->cli, "prompts");
}

static void show_model(struct models *m, uint32_t source,
                       const struct assay_registered_model *model)
{
    const struct assay_model_version *only =
        m->version ? assay_registry_version(model, m->version) : NULL;
    struct assay_registered_model copy = *model;

    if (m->version && !only)
        return;
    if (m->version) {
        bool champion =
            model->champion < model->version_count && &model->versions[model->champion] == only;

        copy.versions = (struct assay_model_version *)(uintptr_t)only;
        copy.version_count = 1;
        copy.champion = champion ? 0 : SIZE_MAX;
    }
    m->shown++;
    if (!m->table)
        model_json(&m->json, m->cli, source, &copy);
    else if (!m->name)
        model_row(m->table, m->cli, source, &copy);
    for (size_t i = 0; m->table && m->name && i < copy.version_count; i++)
        version_row(m->table, m->cli, source, &copy, &copy.versions[i]);
}

static void show_registry(struct models *m, uint32_t source)
{
    struct assay_registry *registry = NULL;
    struct assay_error error = {0};
    enum assay_status status =
        assay_session_registry_wait(m->cli->session, source, &registry, &error);

    if (status != ASSAY_OK) {
        char age[16];

        if (registry) {
            error.hint[0] = '\0';
            assay_hint(&error, "shown is what it said %s ago",
                       assay_age_text(age, registry->read_ms, assay_now_ms()));
        }
        cli_complain_of(m->cli, source, "models", &error);
    }
    if (registry && registry->problem) {
        error = (struct assay_error){0};
        assay_fail(&error, ASSAY_IO, "models: %zu could not be read, the first: %s",
                   registry->problems, registry->problem);
        cli_complain(&error);
        m->cli->worst = ASSAY_IO;
    }
    for (size_t i = 0; registry && i < registry->count; i++)
        if (is_wanted(m, &registry->models[i]))
            show_model(m, source, &registry->models[i]);
    assay_registry_free(&registry);
}

/* ---- logged models, traces ---- */

static void logged_json(struct cli_json *json, const struct assay_logged_model *model)
{
    cli_json_open(json, '{');
    cli_json_member(json, "id", model->id);
    cli_json_member(json, "name", model->name);
    some_text(json, "experiment", model->experiment_id);
    some_text(json, "run", model->run_id);
    some_text(json, "type", model->type);
    cli_json_member(json, "status", model->status);
    some_text(json, "artifact_uri", model->artifact_uri);
    cli_json_key(json, "created_ms");
    cli_json_time(json, model->created_ms);
    cli_json_key(json, "updated_ms");
    cli_json_time(json, model->updated_ms);
    pairs_json(json, "params", model->params, model->param_count);
    pairs_json(json, "tags", model->tags, model->tag_count);
    cli_json_key(json, "metrics");
    cli_json_open(json, '[');
    for (size_t i = 0; i < model->metric_count; i++) {
        cli_json_open(json, '{');
        cli_json_member(json, "key", model->metrics[i].key);
        cli_json_key(json, "value");
        cli_json_number(json, model->metrics[i].summary.last);
        cli_json_key(json, "step");
        cli_json_integer(json, model->metrics[i].summary.step);
        cli_json_key(json, "time_ms");
        cli_json_time(json, model->metrics[i].summary.time_ms);
        cli_json_close(json);
    }
    cli_json_close(json);
    cli_json_key(json, "registered");
    cli_json_open(json, '[');
    for (size_t i = 0; i < model->registration_count; i++) {
        cli_json_open(json, '{');
        cli_json_member(json, "name", model->registrations[i].alias);
        cli_json_member(json, "version", model->registrations[i].version);
        cli_json_close(json);
    }
    cli_json_close(json);
    cli_json_close(json);
}

static void trace_json(struct cli_json *json, const struct assay_trace *trace)
{
    cli_json_open(json, '{');
    cli_json_member(json, "id", trace->id);
    some_text(json, "name", trace->name);
    some_text(json, "experiment", trace->experiment_id);
    some_text(json, "run", trace->run_id);
    cli_json_member(json, "state", trace->state);
    cli_json_key(json, "time_ms");
    cli_json_time(json, trace->time_ms);
    cli_json_key(json, "seconds");
    if (isnan(trace->seconds))
        cli_json_text(json, NULL);
    else
        cli_json_number(json, trace->seconds);
    some_text(json, "request", trace->request);
    some_text(json, "response", trace->response);
    cli_json_close(json);
}

static void logged_columns(struct cli_table *table, bool traces)
{
    static const char *const of_models[] = {"id", "name", "type", "status", "run", "metrics"};
    static const char *const of_traces[] = {"id",  "name",    "state",
                                            "run", "request", "response"};
    const char *const *names = traces ? of_traces : of_models;
    size_t count = traces ? ASSAY_COUNT(of_traces) : ASSAY_COUNT(of_models);

    for (size_t i = 0; i < count; i++) {
        cli_table_column(table, names[i], names[i], false);
        if (i == 0)
            cli_table_whole(table);
    }
    if (traces)
        cli_table_column(table, "seconds", "seconds", true);
    else
        cli_table_column(table, "step", "step", true);
    cli_table_column(table, "time_ms", "age", true);
}

static void metrics_cell(struct cli_table *table, const struct assay_logged_model *model)
{
    struct assay_buf text = {0};
    char number[32];

    for (size_t i = 0; i < model->metric_count; i++) {
        const struct assay_summary *summary = &model->metrics[i].summary;

        assay_buf_format(&text, "%s%s %s", i ? "  " : "", model->metrics[i].key,
                         assay_number_short(number, summary->last, 6));
        if (assay_logged_has_steps(model, i))
            assay_buf_format(&text, " (step %" PRId64 ")", summary->step);
    }
    cli_table_text(table, assay_buf_text(&text));
    assay_buf_free(&text);
}

/* At which step a model was made says the run that made it. */
static void step_cell(struct models *m, uint32_t source, const struct assay_logged_model *model)
{
    static const struct assay_attrs none = {0};
    const struct assay_attrs *attrs = &none;
    struct assay_buf ref = {0};
    uint32_t run;

    assay_buf_format(&ref, "%s:%s", assay_catalog_source(m->cli->catalog, source)->name,
                     model->run_id);
    if (assay_catalog_find_run(m->cli->catalog, assay_buf_text(&ref), &run, NULL) == ASSAY_OK)
        attrs = assay_catalog_attrs(m->cli->catalog, run);
    assay_buf_free(&ref);
    for (size_t i = 0; i < attrs->output_count; i++) {
        if (strcmp(attrs->outputs[i].id, model->id) == 0) {
            cli_table_integer(m->table, attrs->outputs[i].step);
            return;
        }
    }
    cli_table_none(m->table);
}

static void logged_rows(struct models *m, uint32_t source, const struct assay_logged *logged)
{
    struct cli_table *table = m->table;

    for (size_t i = 0; i < logged->model_count; i++) {
        const struct assay_logged_model *model = &logged->models[i];

        cli_table_text(table, model->id);
        cli_table_text(table, model->name);
        cli_table_text(table, model->type);
        cli_table_text(table, model->status);
        cli_table_text(table, model->run_id);
        metrics_cell(table, model);
        step_cell(m, source, model);
        cli_table_age(table, model->created_ms);
    }
    for (size_t i = 0; i < logged->trace_count; i++) {
        const struct assay_trace *trace = &logged->traces[i];

        cli_table_text(table, trace->id);
        cli_table_text(table, trace->name);
        cli_table_text(table, trace->state);
        cli_table_text(table, trace->run_id);
        cli_table_text(table, trace->request);
        cli_table_text(table, trace->response);
        if (isnan(trace->seconds))
            cli_table_none(table);
        else
            cli_table_number(table, trace->seconds, false);
        cli_table_age(table, trace->time_ms);
    }
}

/* What is shown though the server said nothing. */
static void say_how_old(struct assay_error *error, const struct assay_logged *logged)
{
    char age[16];

    if (!logged)
        return;
    assay_age_text(age, logged->read_ms, assay_now_ms());
    error->hint[0] = '\0';
    if (logged->unknown)
        assay_hint(error, "shown is what it said %s ago; of %zu experiments nothing is kept",
                   age, logged->unknown);
    else
        assay_hint(error, "shown is what it said %s ago", age);
}

/* A table is cut where it would be long, and says so; what is for programs never is. */
static void say_if_cut(struct models *m, uint32_t source, const struct assay_logged *logged,
                       bool traces)
{
    struct assay_error said = {0};

    if (!logged->cut || cli_has(m->cli, "limit"))
        return;
    assay_fail(&said, ASSAY_NO, "models: %s: the newest %zu %s, there are more",
               assay_catalog_source(m->cli->catalog, source)->name,
               logged->model_count + logged->trace_count, traces ? "traces" : "logged models");
    assay_hint(&said, "-n 0 lists all of them");
    cli_complain(&said);
}

static void show_logged(struct models *m, uint32_t source, uint32_t experiment, bool traces)
{
    struct assay_logged *logged = NULL;
    struct assay_error error = {0};
    enum assay_status status = assay_session_logged_wait(m->cli->session, source, experiment,
                                                         traces, m->limit, &logged, &error);

    if (status != ASSAY_OK) {
        say_how_old(&error, logged);
        cli_complain_of(m->cli, source, traces ? "traces" : "logged models", &error);
    }
    if (!logged)
        return;
    say_if_cut(m, source, logged, traces);
    m->shown += logged->model_count + logged->trace_count;
    if (m->table)
        logged_rows(m, source, logged);
    for (size_t i = 0; !m->table && i < logged->model_count; i++)
        logged_json(&m->json, &logged->models[i]);
    for (size_t i = 0; !m->table && i < logged->trace_count; i++)
        trace_json(&m->json, &logged->traces[i]);
    assay_logged_free(&logged);
}

/* ---- the command ---- */

static void begin(struct models *m, bool logged, bool traces)
{
    m->json = (struct cli_json){.out = &m->cli->out};
    if (m->cli->format == CLI_JSON) {
        cli_json_open(&m->json, '{');
        cli_json_key(&m->json, traces ? "traces" : logged ? "logged_models" : "models");
        cli_json_open(&m->json, '[');
        return;
    }
    m->table = cli_table_new(m->cli);
    if (logged || traces)
        logged_columns(m->table, traces);
    else if (m->name)
        version_columns(m->table, cli_has(m->cli, "digest"));
    else
        model_columns(m->table);
}

static void end(struct models *m)
{
    if (m->table) {
        cli_table_print(m->table);
        cli_table_free(&m->table);
        return;
    }
    cli_json_close(&m->json);
    cli_json_close(&m->json);
}

static enum assay_status nothing_found(const struct models *m, size_t registries,
                                       struct assay_error *err)
{
    if (!registries) {
        assay_fail(err, ASSAY_BAD_INPUT, "models: none of the sources has a registry");
        assay_hint(err,
                   "name one with -S: a server as http://host:5000, an mlflow.db, an mlruns/");
        return ASSAY_BAD_INPUT;
    }
    if (!m->name || m->shown || m->cli->worst != ASSAY_OK)
        return ASSAY_OK;
    assay_fail(err, ASSAY_BAD_INPUT, "models: there is no %s%s%s", m->name,
               m->version ? " version " : "", m->version ? m->version : "");
    assay_hint(err, "assay models lists them%s",
               m->version ? "; assay models MODEL its versions" : "");
    return ASSAY_BAD_INPUT;
}

/* Words that would be passed over in silence. */
static enum assay_status check_words(const struct cli *cli, struct assay_error *err)
{
    bool logged = cli_has(cli, "logged"), traces = cli_has(cli, "traces");

    if (cli_has(cli, "digest") && (!cli->args.operand_count || logged || traces)) {
        assay_fail(err, ASSAY_BAD_INPUT, "models: --digest: of which registered model?");
        assay_hint(err, "name it: assay models --digest MODEL [VERSION]");
    } else if (logged && traces) {
        assay_fail(err, ASSAY_BAD_INPUT, "models: --logged or --traces, one at a time");
    } else if ((logged || traces) && cli->args.operand_count) {
        assay_fail(err, ASSAY_BAD_INPUT, "models: %s is of no registered model",
                   logged ? "--logged" : "--traces");
        assay_hint(err, "-e EXPERIMENT has those of one experiment");
    } else if (cli_has(cli, "limit") && !logged && !traces) {
        assay_fail(err, ASSAY_BAD_INPUT, "models: --limit is for --logged and --traces");
    } else {
        return ASSAY_OK;
    }
    return ASSAY_BAD_INPUT;
}

enum assay_status cli_models(struct cli *cli, struct assay_error *err)
{
    bool logged = cli_has(cli, "logged"), traces = cli_has(cli, "traces");
    const char *wanted = cli_value(cli, "experiment");
    struct models m = {.cli = cli};
    uint32_t experiment = ASSAY_NONE;
    int64_t limit = cli->format == CLI_TABLE ? LOGGED_SHOWN : 0;
    size_t registries = 0;

    enum assay_status status = check_words(cli, err);

    if (status == ASSAY_OK)
        status = cli_integer(cli, "limit", 0, INT64_MAX, &limit, err);
    m.limit = (size_t)limit;
    if (status == ASSAY_OK)
        status = cli_open(cli, err);
    if (status == ASSAY_OK && wanted)
        status = assay_catalog_find_experiment(cli->catalog, wanted, &experiment, err);
    if (status != ASSAY_OK)
        return status;
    char place[600];
    take_names(&m, place, sizeof place);
    begin(&m, logged, traces);
    for (uint32_t s = 0; s < assay_catalog_sources(cli->catalog); s++) {
        struct assay_server server;
        bool has = logged || traces ? assay_session_server(cli->session, s, &server)
                                    : assay_session_has_registry(cli->session, s);

        if (!has || (experiment != ASSAY_NONE &&
                     assay_catalog_experiment(cli->catalog, experiment)->source != s))
            continue;
        registries++;
        if (logged || traces)
            show_logged(&m, s, experiment, traces);
        else
            show_registry(&m, s);
    }
    end(&m);
    status = nothing_found(&m, registries, err);
    if (status != ASSAY_OK)
        assay_buf_reset(&cli->out);
    return status;
}
