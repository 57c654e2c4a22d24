/*
 * assay change: writes to a server what is said on the command line: tags, notes, names,
 * aliases, descriptions, versions. What there is and what it would become is printed first;
 * nothing is written before --yes, or a yes on the terminal.
 */
#include "cli.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/change.h>
#include <assay/memory.h>
#include <assay/registry.h>
#include <assay/text.h>

struct planned {
    struct assay_change change;
    char *before, *after;
    enum assay_status status;
    struct assay_error error;
};
struct plan {
    struct cli *cli;
    struct assay_arena arena;
    struct assay_change target; /* what every change is about: a run, a model, a version */
    const char *place;          /* of a run: where its model lies, as far as it says so */
    struct planned *items;
    size_t count, capacity;
};

static struct planned *add(struct plan *plan, enum assay_change_kind kind, const char *key,
                           const char *value)
{
    struct planned *item;

    ASSAY_GROW(plan->items, plan->capacity, plan->count + 1);
    item = &plan->items[plan->count++];
    *item = (struct planned){.change = plan->target};
    item->change.kind = kind;
    item->change.key = key;
    item->change.value = value;
    return item;
}

/* ---- what it is about ---- */

static enum assay_status find_server(struct plan *plan, struct assay_error *err)
{
    struct cli *cli = plan->cli;
    size_t found = 0;

    for (uint32_t s = 0; s < assay_catalog_sources(cli->catalog); s++) {
        struct assay_server server;

        if (!assay_session_server(cli->session, s, &server))
            continue;
        plan->target.source = s;
        found++;
    }
    if (found == 1)
        return ASSAY_OK;
    assay_fail(err, ASSAY_BAD_INPUT, "change: %s",
               found ? "several of the sources are servers"
                     : "none of the sources is a server");
    assay_hint(err, "name one with -S");
    return ASSAY_BAD_INPUT;
}

/* The version that an alias stands for. */
static enum assay_status resolve_alias(struct plan *plan, const char *alias,
                                       struct assay_error *err)
{
    const struct assay_registered_model *model;
    const struct assay_model_version *version = NULL;
    struct assay_registry *registry = NULL;
    enum assay_status status =
        assay_session_registry_wait(plan->cli->session, plan->target.source, &registry, err);

    if (status == ASSAY_OK) {
        model = assay_registry_model(registry, plan->target.model);
        version = model ? assay_registry_version(model, alias) : NULL;
        if (version)
            plan->target.version = assay_arena_strdup(&plan->arena, version->version);
        else
            status = assay_fail(err, ASSAY_BAD_INPUT, "change: %s has no version %s",
                                plan->target.model, alias);
    }
    assay_registry_free(&registry);
    return status;
}

/* "models:/NAME", "models:/NAME/3", "models:/NAME@champion" */
static enum assay_status find_model(struct plan *plan, const char *text,
                                    struct assay_error *err)
{
    size_t length = strcspn(text, "/@");
    const char *version;
    enum assay_status status = find_server(plan, err);

    if (status != ASSAY_OK)
        return status;
    plan->target.model = assay_arena_strndup(&plan->arena, text, length);
    if (!text[length])
        return ASSAY_OK;
    if (text[length] == '@')
        return resolve_alias(plan, text + length, err);
    version = text + length + 1;
    if (!*version || version[strspn(version, "0123456789")]) {
        assay_fail(err, ASSAY_BAD_INPUT, "change: models:/%s: a version is a number", text);
        assay_hint(err, "an alias stands behind the name: models:/%s@%s", plan->target.model,
                   version[0] == '@' ? version + 1 : "ALIAS");
        return ASSAY_BAD_INPUT;
    }
    plan->target.version = assay_arena_strdup(&plan->arena, version);
    return ASSAY_OK;
}

static enum assay_status find_target(struct plan *plan, const char *text,
                                     struct assay_error *err)
{
    const struct assay_run *run;
    struct assay_server server;
    enum assay_status status;
    uint32_t index = 0;
    char *place;

    if (strncmp(text, "models:/", 8) == 0)
        return find_model(plan, text + 8, err);
    status = cli_find_run(plan->cli, text, &index, err);
    if (status != ASSAY_OK)
        return status;
    run = assay_catalog_run(plan->cli->catalog, index);
    if (!assay_session_server(plan->cli->session, run->source, &server)) {
        assay_fail(err, ASSAY_BAD_INPUT, "change: %s does not lie on a server", text);
        assay_hint(err, "assay log changes runs of the local store");
        return ASSAY_BAD_INPUT;
    }
    plan->target.source = run->source;
    plan->target.run_id = run->id;
    place = assay_registry_model_place(assay_catalog_attrs(plan->cli->catalog, index));
    plan->place = assay_arena_strdup(&plan->arena, place);
    free(place);
    return ASSAY_OK;
}

/* ---- what is to be changed ---- */

static enum assay_change_kind of_target(const struct plan *plan, enum assay_change_kind run,
                                        enum assay_change_kind model,
                                        enum assay_change_kind version)
{
    return plan->target.run_id ? run : plan->target.version ? version : model;
}

static enum assay_status plan_tags(struct plan *plan, struct assay_error *err)
{
    enum assay_change_kind kind =
        of_target(plan, ASSAY_CHANGE_RUN_TAG, ASSAY_CHANGE_MODEL_TAG, ASSAY_CHANGE_VERSION_TAG);
    const char *text;

    for (size_t i = 0; (text = cli_value_at(plan->cli, "tag", i)); i++) {
        const char *equals = strchr(text, '=');

        if (!equals || equals == text)
            return assay_fail(err, ASSAY_BAD_INPUT, "change: --tag %s: not NAME=VALUE", text);
        add(plan, kind, assay_arena_strndup(&plan->arena, text, (size_t)(equals - text)),
            equals + 1);
    }
    for (size_t i = 0; (text = cli_value_at(plan->cli, "untag", i)); i++)
        add(plan, kind, text, NULL);
    return ASSAY_OK;
}

static enum assay_status plan_model(struct plan *plan, struct assay_error *err)
{
    const char *text;

    if ((text = cli_value(plan->cli, "description")))
        add(plan,
            of_target(plan, ASSAY_CHANGE_RUN_TAG, ASSAY_CHANGE_MODEL_TEXT,
                      ASSAY_CHANGE_VERSION_TEXT),
            NULL, text);
    for (size_t i = 0; (text = cli_value_at(plan->cli, "alias", i)); i++) {
        if (!plan->target.version)
            return assay_fail(err, ASSAY_BAD_INPUT, "change: --alias: of which version of %s?",
                              plan->target.model);
        add(plan, ASSAY_CHANGE_ALIAS, text, plan->target.version);
    }
    for (size_t i = 0; (text = cli_value_at(plan->cli, "unalias", i)); i++)
        add(plan, ASSAY_CHANGE_ALIAS, text, NULL);
    return ASSAY_OK;
}

static void plan_run(struct plan *plan)
{
    const char *text;

    if ((text = cli_value(plan->cli, "name")))
        add(plan, ASSAY_CHANGE_RUN_NAME, NULL, text);
    if ((text = cli_value(plan->cli, "note")))
        add(plan, ASSAY_CHANGE_RUN_TAG, ASSAY_NOTE_TAG, *text ? text : NULL);
    if (cli_has(plan->cli, "delete"))
        add(plan, ASSAY_CHANGE_RUN_LIFE, NULL, "deleted");
    if (cli_has(plan->cli, "restore"))
        add(plan, ASSAY_CHANGE_RUN_LIFE, NULL, "active");
    if ((text = cli_value(plan->cli, "register"))) {
        const char *artifact = cli_value(plan->cli, "artifact");

        add(plan, ASSAY_CHANGE_REGISTER, NULL, artifact ? artifact : plan->place)
            ->change.model = text;
    }
}

static enum assay_status make_plan(struct plan *plan, struct assay_error *err)
{
    static const char *const of_runs[] = {"name", "note", "delete", "restore", "register"};
    static const char *const of_models[] = {"description", "alias", "unalias"};
    bool run = plan->target.run_id != NULL;
    const char *const *wrong = run ? of_models : of_runs;
    size_t count = run ? ASSAY_COUNT(of_models) : ASSAY_COUNT(of_runs);
    enum assay_status status;

    for (size_t i = 0; i < count; i++)
        if (cli_has(plan->cli, wrong[i]))
            return assay_fail(err, ASSAY_BAD_INPUT, "change: --%s is for %s", wrong[i],
                              run ? "models" : "runs");
    status = plan_tags(plan, err);
    if (status == ASSAY_OK && run)
        plan_run(plan);
    else if (status == ASSAY_OK)
        status = plan_model(plan, err);
    if (status == ASSAY_OK && !plan->count) {
        status = assay_fail(err, ASSAY_BAD_INPUT, "change: nothing is said that is to change");
        assay_hint(err, "assay change --help lists what can be");
    }
    return status;
}

/* ---- saying and doing ---- */

/* Whether the server had it already: then it is neither sent nor put down in the log. */
static bool is_there(const struct planned *item)
{
    return assay_change_is_there(&item->change, item->before);
}

static bool any_to_write(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (!is_there(&plan->items[i]))
            return true;
    return false;
}

static void print_text(struct plan *plan, const struct planned *item, bool done)
{
    struct assay_buf *out = &plan->cli->out;

    assay_change_text(&item->change, item->before, out);
    if (item->change.kind == ASSAY_CHANGE_REGISTER && item->after && done) {
        assay_buf_text_add(out, ": version ");
        assay_text_clean(out, item->after, strlen(item->after));
    }
    if (done && !is_there(item))
        assay_buf_text_add(out, item->status == ASSAY_OK ? "   done" : "   not done");
    assay_buf_char(out, '\n');
}

static void print_json(struct plan *plan, bool done)
{
    struct cli_json json = {.out = &plan->cli->out};

    cli_json_open(&json, '{');
    cli_json_key(&json, "changes");
    cli_json_open(&json, '[');
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *item = &plan->items[i];
        struct assay_buf text = {0};

        assay_change_text(&item->change, item->before, &text);
        cli_json_open(&json, '{');
        cli_json_member(&json, "change", assay_buf_text(&text));
        cli_json_member(&json, "before", item->before);
        cli_json_member(&json, "after",
                        is_there(item) ? item->before
                        : done         ? item->after
                                       : NULL);
        cli_json_key(&json, "done");
        cli_json_bool(&json, done && item->status == ASSAY_OK);
        cli_json_member(&json, "error", item->status == ASSAY_OK ? NULL : item->error.what);
        cli_json_close(&json);
        assay_buf_free(&text);
    }
    cli_json_close(&json);
    cli_json_close(&json);
}

static bool is_read_only(const struct plan *plan)
{
    struct assay_server server;

    return assay_session_server(plan->cli->session, plan->target.source, &server) &&
           server.read_only;
}

static bool is_agreed(struct plan *plan)
{
    char answer[16] = "";

    if (cli_has(plan->cli, "yes"))
        return true;
    if (!isatty(STDIN_FILENO) || plan->cli->format == CLI_JSON)
        return false;
    cli_flush(plan->cli);
    fputs("Write this? [y/N] ", stderr);
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static enum assay_status look(struct plan *plan, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < plan->count && status == ASSAY_OK; i++)
        status = assay_change_look(plan->cli->session, &plan->items[i].change,
                                   &plan->items[i].before, err);
    return status;
}

/* All of them, until one does not hold: what comes behind might rest on it. */
static enum assay_status do_it(struct plan *plan, struct assay_error *err)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct planned *item = &plan->items[i];

        if (is_there(item))
            continue;
        item->status = assay_change_make(plan->cli->session, &item->change, item->before,
                                         &item->after, &item->error);
        if (item->status == ASSAY_OK)
            continue;
        *err = item->error;
        for (size_t k = i + 1; k < plan->count; k++)
            if (!is_there(&plan->items[k]))
                plan->items[k].status =
                    assay_fail(&plan->items[k].error, ASSAY_CANCELLED,
                               "not tried: the change before it could not be made");
        return item->status;
    }
    return ASSAY_OK;
}

static void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->items[i].before);
        free(plan->items[i].after);
    }
    free(plan->items);
    assay_arena_free(&plan->arena);
}

static enum assay_status carry_out(struct plan *plan, struct assay_error *err)
{
    bool json = plan->cli->format == CLI_JSON, writes, agreed;
    enum assay_status status = look(plan, err);

    if (status != ASSAY_OK)
        return status;
    for (size_t i = 0; !json && i < plan->count; i++)
        print_text(plan, &plan->items[i], false);
    writes = any_to_write(plan);
    /* A server that is read-only refuses it anyhow, and says what would allow it. */
    agreed = !writes || is_read_only(plan) || is_agreed(plan);
    if (agreed)
        status = do_it(plan, err);
    if (json)
        print_json(plan, agreed);
    if (!agreed) {
        status = assay_fail(err, ASSAY_NO, "change: nothing was written");
        assay_hint(err, "--yes writes what is shown");
    } else if (!json && writes) {
        assay_buf_reset(&plan->cli->out);
        for (size_t i = 0; i < plan->count; i++)
            print_text(plan, &plan->items[i], true);
    }
    return status;
}

enum assay_status cli_change(struct cli *cli, struct assay_error *err)
{
    struct plan plan = {.cli = cli};
    enum assay_status status;

    cli->patient = true;
    status = cli_open(cli, err);
    if (status == ASSAY_OK)
        status = find_target(&plan, cli->args.operands[0], err);
    if (status == ASSAY_OK)
        status = make_plan(&plan, err);
    if (status == ASSAY_OK)
        status = carry_out(&plan, err);
    plan_free(&plan);
    return status;
}
