/*
 * Exchanging records through a git repository: a clone in the cache directory whose work tree
 * is a shared directory (sync_directory.c), committed and pushed. Whatever somebody else pushed
 * meanwhile is fetched and the exchange done again: files are only ever added, so nothing can
 * conflict.
 */
#include "approval/sync.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/file.h>

#include "base/spawn.h"
#include "remote/credentials.h"
#include "remote/url.h"

#define TRIES          5
#define GIT_TIMEOUT_MS 120000

#define ENV_MOST 10

struct git {
    char program[128];
    char *directory;
    char *url;           /* nothing in it is secret */
    char *env[ENV_MOST]; /* ends with NULL; secret */
    struct assay_error *err;
};

/* Runs git with up to 8 arguments in the clone. Hooks and other ways to run what a repository
   brings along are off. *code NULL: a failure is an error. */
static enum assay_status git(struct git *g, int *code, const char *const *arguments)
{
    const char *argv[24] = {g->program,
                            "-c",
                            "core.hooksPath=/dev/null",
                            "-c",
                            "protocol.ext.allow=never",
                            "-c",
                            "core.symlinks=false",
                            "-c",
                            "user.name=assay",
                            "-c",
                            "user.email=assay@localhost"};
    struct assay_buf errors = {0}, out = {0};
    int status_code = 0;
    size_t count = 11;

    for (size_t i = 0; arguments[i] && count < 23; i++)
        argv[count++] = arguments[i];
    enum assay_status status = spawn_run(&(struct spawn){.argv = argv,
                                                         .env = (const char *const *)g->env,
                                                         .directory = g->directory,
                                                         .timeout_ms = GIT_TIMEOUT_MS,
                                                         .output_limit = 4 << 20},
                                         &status_code, &out, &errors, g->err);
    if (status == ASSAY_OK && code)
        *code = status_code;
    else if (status == ASSAY_OK && status_code != 0) {
        char *said = url_without_users(assay_buf_text(&errors));
        said[strcspn(said, "\n")] = '\0';
        status =
            assay_fail(g->err, ASSAY_IO, "git %s: %s", arguments[0], *said ? said : "failed");
        free(said);
    }
    assay_buf_free(&errors);
    assay_buf_free(&out);
    return status;
}

#define GIT(g, code, ...) git((g), (code), (const char *const[]){__VA_ARGS__, NULL})

/* ---- the address ---- */

static void add_env(struct git *g, const char *name, const char *value)
{
    struct assay_buf text = {0};
    size_t count = 0;

    while (g->env[count])
        count++;
    assay_buf_format(&text, "%s=%s", name, value);
    g->env[count] = assay_buf_take(&text);
}

/* Who we are to that one server. A name without a password leaves that to the user's own
   helpers. */
static void add_credentials(struct git *g, const struct server_settings *settings)
{
    static const char helper[] =
        "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' "
        "\"$ASSAY_GIT_USER\" \"$ASSAY_GIT_PASSWORD\"; }; f";
    struct url_parts parts;
    struct assay_buf key = {0};

    if (!settings->user || !url_parse(settings->url, &parts))
        return;
    assay_buf_text_add(&key, "credential.");
    assay_buf_add(&key, parts.scheme, (size_t)(parts.rest - parts.scheme));
    if (!settings->password) {
        assay_buf_text_add(&key, ".username");
        add_env(g, "GIT_CONFIG_COUNT", "1");
        add_env(g, "GIT_CONFIG_KEY_0", assay_buf_text(&key));
        add_env(g, "GIT_CONFIG_VALUE_0", settings->user);
    } else {
        assay_buf_text_add(&key, ".helper");
        add_env(g, "GIT_CONFIG_COUNT", "2");
        add_env(g, "GIT_CONFIG_KEY_0", assay_buf_text(&key));
        add_env(g, "GIT_CONFIG_VALUE_0", ""); /* nobody else is asked, nor told */
        add_env(g, "GIT_CONFIG_KEY_1", assay_buf_text(&key));
        add_env(g, "GIT_CONFIG_VALUE_1", helper);
        add_env(g, "ASSAY_GIT_USER", settings->user);
        add_env(g, "ASSAY_GIT_PASSWORD", settings->password);
    }
    assay_buf_free(&key);
}

/* Takes name and password out of URL: as an argument of git everybody on this machine would see
   them, and git keeps the address in the clone. It gets them by its environment. */
static enum assay_status take_address(struct git *g, const char *url)
{
    struct server_settings settings = SERVER_SETTINGS_INIT;
    struct url_parts parts;
    const char *scheme = strstr(url, "://"), *twice = strstr(url, "::"), *authority, *at;
    enum assay_status status = ASSAY_OK;

    add_env(g, "GIT_TERMINAL_PROMPT", "0");
    add_env(g, "GIT_CONFIG_NOSYSTEM", "1");
    if (url[0] == '-' || strchr(url, '\n') || (twice && (!scheme || twice < scheme))) {
        g->url = url_without_users(url);
        return assay_fail(g->err, ASSAY_BAD_INPUT, "%s: is no address of a repository", g->url);
    }
    if (url_parse(url, &parts)) {
        status = server_settings_url(&settings, url, g->err);
        g->url = assay_strdup(settings.url);
        add_credentials(g, &settings);
        server_settings_free(&settings);
        return status;
    }
    authority = scheme ? scheme + 3 : url;
    at = scheme ? memrchr(authority, '@', strcspn(authority, "/")) : NULL;
    if (at && memchr(authority, ':', (size_t)(at - authority))) {
        g->url = url_without_users(url);
        return assay_fail(g->err, ASSAY_BAD_INPUT,
                          "%s: a password in such an address is used by nothing: leave it out",
                          g->url);
    }
    g->url = assay_strdup(url);
    return ASSAY_OK;
}

static void git_free(struct git *g)
{
    for (size_t i = 0; g->env[i]; i++)
        secret_free(&g->env[i]);
    free(g->directory);
    free(g->url);
}

/* ---- the clone ---- */

/* $XDG_CACHE_HOME/assay/sync/DIGEST-OF-URL */
static char *clone_path(const char *url)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char digest[ASSAY_SHA256_TEXT];
    struct assay_buf path = {0};

    assay_sha256(digest, url, strlen(url));
    if (base && *base)
        assay_buf_format(&path, "%s/assay/sync/%s", base, digest);
    else if (home && *home)
        assay_buf_format(&path, "%s/.cache/assay/sync/%s", home, digest);
    else
        return NULL;
    return assay_buf_take(&path);
}

static enum assay_status prepare(struct git *g)
{
    struct stat st;
    char *inside = assay_path_join(g->directory, ".git");
    enum assay_status status = assay_make_directories(g->directory, g->err);

    if (status == ASSAY_OK && stat(inside, &st) != 0) {
        status = GIT(g, NULL, "init", "-q");
        if (status == ASSAY_OK)
            status = GIT(g, NULL, "remote", "add", "origin", g->url);
    }
    free(inside);
    return status;
}

/* The work tree becomes what the remote has; an empty remote leaves it empty. */
static enum assay_status fetch(struct git *g, bool *empty)
{
    int code = 0;
    enum assay_status status = GIT(g, NULL, "fetch", "-q", "origin");

    *empty = false;
    if (status == ASSAY_OK)
        status = GIT(g, &code, "rev-parse", "-q", "--verify", "origin/assay");
    *empty = code != 0;
    if (status == ASSAY_OK && !*empty)
        status = GIT(g, NULL, "checkout", "-q", "-f", "-B", "assay", "origin/assay");
    else if (status == ASSAY_OK)
        status = GIT(g, &code, "checkout", "-q", "-f", "-B", "assay");
    return status;
}

/* Whether git itself runs the other side of a push here, as us: a path, or file://. */
static bool is_here(const char *url)
{
    const char *colon = strchr(url, ':'), *slash = strchr(url, '/');

    if (strstr(url, "://"))
        return strncmp(url, "file://", 7) == 0;
    return !colon || (slash && slash < colon);
}

/* A repository in a folder says in its own files what is run when something is pushed to it;
   who else may write there, so that it would be run as us. None of that is. */
static const char receive_pack[] =
    "--receive-pack=git -c core.hooksPath=/dev/null -c core.alternateRefsCommand=true "
    "-c receive.autogc=false -c receive.denyCurrentBranch=refuse receive-pack";

static enum assay_status publish(struct git *g, bool *done)
{
    int code = 0;
    enum assay_status status = GIT(g, NULL, "add", "-A", ".");

    *done = false;
    if (status == ASSAY_OK)
        status = GIT(g, &code, "diff", "--cached", "--quiet");
    if (status == ASSAY_OK && code == 0) {
        *done = true;
        return ASSAY_OK;
    }
    if (status == ASSAY_OK)
        status = GIT(g, NULL, "commit", "-q", "-m", "records");
    if (status == ASSAY_OK)
        status = is_here(g->url)
                     ? GIT(g, &code, "push", "-q", receive_pack, "origin", "assay:assay")
                     : GIT(g, &code, "push", "-q", "origin", "assay:assay");
    *done = code == 0;
    return status;
}

enum assay_status sync_git(struct assay_ledger *ledger, const char *url,
                           const struct assay_sync_options *options,
                           struct assay_sync_result *result, struct assay_error *err)
{
    struct git g = {.err = err};
    bool done = false, empty = false;
    enum assay_status status = take_address(&g, url);

    result->place = assay_arena_strdup(&ledger->draft_arena, g.url);
    g.directory = clone_path(g.url);
    if (status == ASSAY_OK && !spawn_find("git", g.program))
        status = assay_fail(err, ASSAY_IO, "git: not found in /usr/bin");
    else if (status == ASSAY_OK && !g.directory)
        status = assay_fail(err, ASSAY_IO, "there is no home to keep a clone in");
    if (status == ASSAY_OK)
        status = prepare(&g);
    for (int i = 0; i < TRIES && status == ASSAY_OK && !done; i++) {
        struct assay_sync_result now = {.first_refusal = ""};
        status = fetch(&g, &empty);
        if (status == ASSAY_OK)
            status = sync_directory(ledger, g.directory, options, &now, err);
        if (status == ASSAY_OK)
            status = publish(&g, &done);
        result->sent = now.sent;
        result->there = now.there;
        result->received += now.received;
        result->refused = now.refused;
        result->first_refusal = now.first_refusal;
    }
    if (status == ASSAY_OK && !done)
        status = assay_fail(err, ASSAY_IO, "%s: others push too often; try again", g.url);
    git_free(&g);
    return status;
}
