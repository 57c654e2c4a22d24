/*
 * What follows an application (after.h): the sections of the configuration file, and running
 * one. Called by act_follow.c. Waits for the command or the network.
 */
#include "approval/after.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/clock.h>
#include <assay/ini.h>
#include <assay/text.h>

#include "approval/policy.h"
#include "base/spawn.h"
#include "remote/net.h"
#include "remote/url.h"

#define WORDS_MAX      32
#define RULES_MAX      16
#define TIMEOUT_MS     30000
#define TIMEOUT_MOST   3600000
#define OUTPUT_LIMIT   ((size_t)16 << 20)
#define SECTION        "after "
#define SECTION_LENGTH 6

/* ---- the configuration file ---- */

struct reading {
    struct after *out;
    bool secret; /* something in it others must not read */
};

static struct after_rule *rule_of(struct after *after, const char *name)
{
    for (size_t i = 0; i < after->count; i++)
        if (strcmp(after->rules[i].name, name) == 0)
            return &after->rules[i];
    if (after->count == RULES_MAX)
        return NULL;
    struct after_rule *rule = &after->rules[after->count++];
    *rule = (struct after_rule){.name = assay_arena_strdup(&after->arena, name),
                                .models = "*",
                                .targets = "*",
                                .settings = SERVER_SETTINGS_INIT,
                                .timeout_ms = TIMEOUT_MS};
    rule->settings.stranger = true;
    return rule;
}

static bool take_timeout(const char *value, int64_t *ms)
{
    const size_t length = strlen(value);
    int64_t seconds;

    if (length > 1 && value[length - 1] == 's' && assay_int_parse(value, length - 1, &seconds))
        *ms = seconds > 0 && seconds <= TIMEOUT_MOST / 1000 ? seconds * 1000 : 0;
    else if (!policy_duration(value, ms))
        return false;
    return *ms > 0 && *ms <= TIMEOUT_MOST;
}

/* The host with what is needed to get in goes to the settings, the rest is kept beside it. */
static enum assay_status take_url(struct reading *reading, struct after_rule *rule,
                                  const char *value, struct assay_error *err)
{
    struct url_parts parts;
    enum assay_status status = ASSAY_BAD_INPUT;

    if (!url_parse(value, &parts))
        return assay_fail(err, status, "url: is not the address of a server");
    const size_t length = strcspn(parts.rest, "#");
    char *base = assay_strndup(value, (size_t)(parts.rest - value));
    status = server_settings_url(&rule->settings, base, err);
    rule->path = assay_arena_strndup(&reading->out->arena, parts.rest, length);
    reading->secret = reading->secret || parts.user || memchr(parts.rest, '?', length);
    secret_free(&base);
    return status;
}

static enum assay_status take_server(struct reading *reading, struct after_rule *rule,
                                     const char *section, const char *key, const char *value,
                                     struct assay_error *err)
{
    enum assay_status status = ASSAY_NO;

    if (strcmp(key, "workspace") != 0 && strcmp(key, "read_only") != 0)
        status = server_settings_set(&rule->settings, key, value, err);
    if (status == ASSAY_NO) {
        assay_fail(err, ASSAY_BAD_INPUT, "[%s] has no setting %s", section, key);
        assay_hint(err,
                   "what follows an application is said by: command = /PATH WORDS, or url");
        return ASSAY_BAD_INPUT;
    }
    reading->secret = reading->secret || server_settings_secret(key, value);
    return status;
}

static enum assay_status take_entry(void *context, const char *section, const char *key,
                                    const char *value, struct assay_error *err)
{
    struct reading *reading = context;
    struct assay_arena *arena = &reading->out->arena;

    if (strncmp(section, SECTION, SECTION_LENGTH) != 0)
        return ASSAY_OK;
    struct after_rule *rule = rule_of(reading->out, section + SECTION_LENGTH);
    if (!rule)
        return assay_fail(err, ASSAY_BAD_INPUT, "there are more than %d sections [after …]",
                          RULES_MAX);
    if (strcmp(key, "command") == 0)
        rule->command = assay_arena_strdup(arena, value);
    else if (strcmp(key, "models") == 0)
        rule->models = assay_arena_strdup(arena, value);
    else if (strcmp(key, "targets") == 0)
        rule->targets = assay_arena_strdup(arena, value);
    else if (strcmp(key, "url") == 0)
        return take_url(reading, rule, value, err);
    else if (strcmp(key, "timeout") != 0)
        return take_server(reading, rule, section, key, value, err);
    else if (!take_timeout(value, &rule->timeout_ms))
        return assay_fail(err, ASSAY_BAD_INPUT,
                          "timeout = %.60s: should be 90s or 5m, 1h at most", value);
    return ASSAY_OK;
}

static enum assay_status check_rule(const struct after_rule *rule, const char *path,
                                    struct assay_error *err)
{
    const struct server_settings *s = &rule->settings;
    const char *words[WORDS_MAX + 1];
    struct assay_arena arena = {0};
    enum assay_status status = ASSAY_OK;

    if (!rule->command == !rule->path)
        status = assay_fail(err, ASSAY_BAD_INPUT,
                            "%s: [after %s] needs a command or a url, one of "
                            "them",
                            path, rule->name);
    else if (rule->command && (s->user || s->password || s->token || s->password_command ||
                               s->token_command || s->ca_path || s->client_cert || s->proxy))
        status = assay_fail(err, ASSAY_BAD_INPUT,
                            "%s: [after %s] is a command, and has settings of a url", path,
                            rule->name);
    else if (rule->command && (rule->command[0] != '/' ||
                               spawn_words(rule->command, &arena, words, WORDS_MAX) == 0))
        status =
            assay_fail(err, ASSAY_BAD_INPUT,
                       "%s: [after %s]: command: should be an absolute path and at most %d "
                       "words",
                       path, rule->name, WORDS_MAX - 1);
    assay_arena_free(&arena);
    return status;
}

/* Whoever can change the file chooses what is run in the user's name. */
static enum assay_status check_file(const struct reading *reading, const char *path,
                                    struct assay_error *err)
{
    struct stat st;
    const bool known = stat(path, &st) == 0;
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < reading->out->count && status == ASSAY_OK; i++)
        status = check_rule(&reading->out->rules[i], path, err);
    if (status != ASSAY_OK || reading->out->count == 0)
        return status;
    if (!known || (st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 022) != 0) {
        status = assay_fail(err, ASSAY_BAD_INPUT,
                            "%s: it says what follows an application, and others can change it",
                            path);
        assay_hint(err, "chmod go-w it");
    } else if (reading->secret && (st.st_mode & 077) != 0) {
        status =
            assay_fail(err, ASSAY_BAD_INPUT,
                       "%s: it holds a password, a token or a url with a query, and others "
                       "can read it",
                       path);
        assay_hint(err, "chmod 600 it, or use password_command or token_command");
    }
    return status;
}

enum assay_status after_read(struct after *out, struct assay_error *err)
{
    struct reading reading = {.out = out};
    char *path = assay_config_path();
    enum assay_status status = ASSAY_OK;

    *out = (struct after){0};
    out->rules = assay_alloc_array(RULES_MAX, sizeof *out->rules);
    if (path && access(path, F_OK) == 0)
        status = assay_ini_read(path, take_entry, &reading, err);
    if (status == ASSAY_OK && out->count > 0)
        status = check_file(&reading, path, err);
    free(path);
    if (status != ASSAY_OK)
        after_free(out);
    return status;
}

void after_free(struct after *after)
{
    for (size_t i = 0; i < after->count; i++) {
        server_settings_free(&after->rules[i].settings);
        if (after->rules[i].path)
            explicit_bzero((char *)(uintptr_t)after->rules[i].path,
                           strlen(after->rules[i].path));
    }
    free(after->rules);
    assay_arena_free(&after->arena);
    *after = (struct after){0};
}

bool after_wants(const struct after_rule *rule, const struct after_event *event)
{
    return policy_pattern(rule->models, event->model) &&
           policy_pattern(rule->targets, event->target);
}

/* ---- running one ---- */

static enum assay_status run_command(const struct after_rule *rule,
                                     const struct after_event *event, struct assay_error *err)
{
    const char *words[WORDS_MAX + 1];
    struct assay_arena arena = {0};
    struct assay_buf errors = {0};
    int code = -1;
    char line[200];

    (void)spawn_words(rule->command, &arena, words, WORDS_MAX);
    enum assay_status status = spawn_run(&(struct spawn){.argv = words,
                                                         .env = event->env,
                                                         .input = event->json,
                                                         .input_length = strlen(event->json),
                                                         .timeout_ms = (int)rule->timeout_ms,
                                                         .output_limit = OUTPUT_LIMIT},
                                         &code, NULL, &errors, err);
    if (status == ASSAY_OK && code != 0) {
        char *end = errors.length > 0 ? memchr(errors.data, '\n', errors.length) : NULL;
        if (end)
            *end = '\0';
        assay_text_clean_to(line, sizeof line, assay_buf_text(&errors));
        status = assay_fail(err, ASSAY_IO, "%s: exit status %d%s%s", words[0], code,
                            line[0] ? ": " : "", line);
    }
    assay_buf_free(&errors);
    assay_arena_free(&arena);
    return status;
}

/* The time limit is one for all attempts (a server that says 429 is asked again). */
static bool too_late(void *context)
{
    const int64_t *deadline_us = context;
    return assay_monotonic_us() > *deadline_us;
}

static enum assay_status post(const struct after_rule *rule, struct net *net,
                              struct net_server *server, const struct after_event *event,
                              struct assay_error *err)
{
    int64_t deadline_us = assay_monotonic_us() + rule->timeout_ms * 1000;
    struct assay_buf key = {0};
    enum assay_status status = ASSAY_OK;

    assay_buf_format(&key, "Idempotency-Key: %s", event->key);
    const char *const header[] = {assay_buf_text(&key), NULL};
    struct net_answer *answer = net_perform(
        net,
        &(struct net_request){.server = server,
                              .method = NET_POST,
                              .path = rule->path,
                              .type = "application/json",
                              .body = event->json,
                              .length = strlen(event->json),
                              .header = header,
                              .limit = 1 << 20,
                              .seconds = (unsigned)((rule->timeout_ms + 999) / 1000)},
        too_late, &deadline_us);
    if (answer->status == ASSAY_CANCELLED)
        status = assay_fail(err, ASSAY_IO, "%s: gave no answer in %lld seconds",
                            net_server_shown(server), (long long)rule->timeout_ms / 1000);
    else if (answer->status != ASSAY_OK)
        status = assay_fail(err, answer->status, "%s", answer->error.what);
    net_answer_free(&answer);
    assay_buf_free(&key);
    return status;
}

static enum assay_status run_url(const struct after_rule *rule, const struct after_event *event,
                                 struct assay_error *err)
{
    struct credentials credentials = {0};
    struct net_server *server = NULL;
    struct net *net = net_new();
    enum assay_status status = credentials_find(&rule->settings, NULL, NULL, &credentials, err);

    if (status == ASSAY_OK)
        status = net_server_new(&server, rule->settings.url, &credentials, err);
    if (status == ASSAY_OK)
        status = post(rule, net, server, event, err);
    credentials_free(&credentials);
    net_free(&net);
    if (server)
        net_server_free(&server);
    return status;
}

enum assay_status after_run(const struct after_rule *rule, const struct after_event *event,
                            struct assay_error *err)
{
    return rule->command ? run_command(rule, event, err) : run_url(rule, event, err);
}
