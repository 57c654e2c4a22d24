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

#define TRIES          5
#define GIT_TIMEOUT_MS 120000

struct git {
    char program[128];
    char *directory;
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
    static const char *const env[] = {"GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", NULL};
    struct assay_buf errors = {0}, out = {0};
    int status_code = 0;
    size_t count = 11;

    for (size_t i = 0; arguments[i] && count < 23; i++)
        argv[count++] = arguments[i];
    enum assay_status status = spawn_run(&(struct spawn){.argv = argv,
                                                         .env = env,
                                                         .directory = g->directory,
                                                         .timeout_ms = GIT_TIMEOUT_MS,
                                                         .output_limit = 4 << 20},
                                         &status_code, &out, &errors, g->err);
    if (status == ASSAY_OK && code)
        *code = status_code;
    else if (status == ASSAY_OK && status_code != 0) {
        char *end = errors.length > 0 ? strchr(errors.data, '\n') : NULL;
        if (end)
            *end = '\0';
        status = assay_fail(g->err, ASSAY_IO, "git %s: %s", arguments[0],
                            errors.length > 0 ? errors.data : "failed");
    }
    assay_buf_free(&errors);
    assay_buf_free(&out);
    return status;
}

#define GIT(g, code, ...) git((g), (code), (const char *const[]){__VA_ARGS__, NULL})

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

static enum assay_status prepare(struct git *g, const char *url)
{
    struct stat st;
    char *inside = assay_path_join(g->directory, ".git");
    enum assay_status status = assay_make_directories(g->directory, g->err);

    if (status == ASSAY_OK && stat(inside, &st) != 0) {
        status = GIT(g, NULL, "init", "-q");
        if (status == ASSAY_OK)
            status = GIT(g, NULL, "remote", "add", "origin", url);
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
        status = GIT(g, &code, "push", "-q", "origin", "assay:assay");
    *done = code == 0;
    return status;
}

enum assay_status sync_git(struct assay_ledger *ledger, const char *url,
                           const struct assay_sync_options *options,
                           struct assay_sync_result *result, struct assay_error *err)
{
    struct git g = {.directory = clone_path(url), .err = err};
    bool done = false, empty = false;
    enum assay_status status = ASSAY_OK;

    if (url[0] == '-' || strchr(url, '\n'))
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s: is no address of a repository", url);
    else if (!spawn_find("git", g.program))
        status = assay_fail(err, ASSAY_IO, "git: not found in /usr/bin");
    else if (!g.directory)
        status = assay_fail(err, ASSAY_IO, "there is no home to keep a clone in");
    if (status == ASSAY_OK)
        status = prepare(&g, url);
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
        status = assay_fail(err, ASSAY_IO, "%s: others push too often; try again", url);
    free(g.directory);
    return status;
}
