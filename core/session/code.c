/*
 * git asked for the code between two commits (<assay/code.h>). Repositories are as untrusted as
 * any other file: their configuration could name programs to run, so everything that runs one
 * is switched off on the command line, which wins over any configuration. Called by the front
 * ends for the commit's row of a comparison.
 */
#include <assay/code.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "base/spawn.h"

#define ARGUMENTS_MAX 48
#define TIMEOUT_MS    8000
#define LINES_LIMIT   ((size_t)2 << 20)
#define NAMES_LIMIT   ((size_t)256 << 10)
#define COMMITS_SHOWN "40"

bool assay_code_commit(const char *commit)
{
    size_t length = strlen(commit);
    for (size_t i = 0; i < length; i++)
        if (!isxdigit((unsigned char)commit[i]))
            return false;
    return length >= 7 && length <= 64;
}

/* Runs git with what WORDS say, ended by NULL, in DIRECTORY. */
static enum assay_status git(const char *directory, const char *const *words, size_t limit,
                             int *code, struct assay_buf *out, struct assay_error *err)
{
    static const char *const always[] = {"--no-pager",
                                         "--no-replace-objects",
                                         "--no-optional-locks",
                                         "--literal-pathspecs",
                                         "-c",
                                         "core.hooksPath=/dev/null",
                                         "-c",
                                         "core.fsmonitor=false",
                                         "-c",
                                         "core.attributesFile=/dev/null",
                                         "-c",
                                         "core.quotePath=true",
                                         "-c",
                                         "protocol.allow=never",
                                         "-c",
                                         "log.showSignature=false",
                                         "-c",
                                         "diff.orderFile=/dev/null"};
    static const char *const env[] = {"GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1",
                                      "GIT_CONFIG_NOSYSTEM=1", "GIT_ATTR_NOSYSTEM=1",
                                      "GIT_ALLOW_PROTOCOL=",   NULL};
    const char *argv[ARGUMENTS_MAX];
    char program[128];
    size_t count = 0;
    argv[count++] = spawn_find("git", program);
    if (!argv[0])
        return assay_fail(err, ASSAY_NO, "git is not installed here");
    for (size_t i = 0; i < ASSAY_COUNT(always); i++)
        argv[count++] = always[i];
    for (size_t i = 0; words[i] && count < ARGUMENTS_MAX - 1; i++)
        argv[count++] = words[i];
    argv[count] = NULL;
    const struct spawn spawn = {
        .argv = argv,
        .env = env,
        .directory = directory,
        .timeout_ms = TIMEOUT_MS,
        .output_limit = limit,
    };
    return spawn_run(&spawn, code, out, NULL, err);
}

/* ---- where it lies ---- */

static bool has_commit(const char *directory, const char *commit)
{
    struct assay_buf name = {0}, out = {0};
    struct assay_error ignored = {0};
    int code = -1;
    assay_buf_format(&name, "%s^{commit}", commit);
    const char *const words[] = {"cat-file", "-e", assay_buf_text(&name), NULL};
    bool has = git(directory, words, 4096, &code, &out, &ignored) == ASSAY_OK && code == 0;
    assay_buf_free(&name);
    assay_buf_free(&out);
    return has;
}

/* The folder PLACE is, or lies in; NULL where there is none. To be freed. */
static char *folder_of(const char *place)
{
    struct stat about;
    if (stat(place, &about) != 0)
        return NULL;
    if (S_ISDIR(about.st_mode))
        return assay_strdup(place);
    const char *slash = strrchr(place, '/');
    return slash && slash > place ? assay_strndup(place, (size_t)(slash - place)) : NULL;
}

enum assay_status assay_code_find(const char *const *places, const char *from, const char *to,
                                  char **out, struct assay_error *err)
{
    size_t looked = 0;
    *out = NULL;
    if (!assay_code_commit(from) || !assay_code_commit(to))
        return assay_fail(err, ASSAY_NO, "that is no commit of git: %.80s",
                          assay_code_commit(from) ? to : from);
    for (size_t i = 0; places[i]; i++) {
        char *folder = *places[i] ? folder_of(places[i]) : NULL;
        if (!folder)
            continue;
        looked++;
        if (has_commit(folder, from) && has_commit(folder, to)) {
            *out = folder;
            return ASSAY_OK;
        }
        free(folder);
    }
    assay_hint(err, "name the folder of the repository");
    return assay_fail(err, ASSAY_NO,
                      "no repository here has both %.10s and %.10s (%zu looked at)", from, to,
                      looked);
}

/* ---- what changed ---- */

/* Runs one git and adds what it says to OUT. */
static enum assay_status ask(const char *directory, const char *const *words, size_t limit,
                             struct assay_buf *out, struct assay_error *err)
{
    struct assay_buf said = {.limit = limit};
    int code = -1;
    enum assay_status status = git(directory, words, limit, &code, &said, err);
    if (status == ASSAY_OK && code != 0)
        status = assay_fail(err, ASSAY_IO, "%s: git %s ended with status %d", directory,
                            words[0], code);
    if (status == ASSAY_OK)
        assay_buf_add(out, said.data, said.length);
    assay_buf_free(&said);
    return status;
}

/* "3 commits from a to b", or how the two lie to each other otherwise, and the latest of them.
 */
static enum assay_status commits(const char *directory, const char *from, const char *to,
                                 struct assay_buf *out, struct assay_error *err)
{
    struct assay_buf range = {0}, back = {0}, there = {0}, counted = {0};
    assay_buf_format(&range, "%s..%s", from, to);
    assay_buf_format(&back, "%s...%s", from, to);
    const char *const count[] = {
        "rev-list", "--left-right", "--count", assay_buf_text(&back), "--", NULL};
    const char *const log[] = {"log",
                               "--no-decorate",
                               "--no-color",
                               "--no-show-signature",
                               "--no-notes",
                               "--no-ext-diff",
                               "--format=  %h %as %an: %s",
                               "-n",
                               COMMITS_SHOWN,
                               assay_buf_text(&range),
                               "--",
                               NULL};
    enum assay_status status = ask(directory, count, 4096, &counted, err);
    if (status == ASSAY_OK)
        status = ask(directory, log, NAMES_LIMIT, &there, err);
    if (status == ASSAY_OK) {
        char *end;
        unsigned long left = strtoul(assay_buf_text(&counted), &end, 10);
        unsigned long right = strtoul(end, NULL, 10);
        assay_buf_format(out, "%lu commit%s from %.10s to %.10s", right, right == 1 ? "" : "s",
                         from, to);
        if (left)
            assay_buf_format(out, ", %lu the other way", left);
        assay_buf_format(out, "  (%s)\n", directory);
        assay_buf_add(out, there.data, there.length);
    }
    assay_buf_free(&range);
    assay_buf_free(&back);
    assay_buf_free(&there);
    assay_buf_free(&counted);
    return status;
}

enum assay_status assay_code_diff(const char *directory, const char *from, const char *to,
                                  struct assay_buf *out, struct assay_error *err)
{
    if (!assay_code_commit(from) || !assay_code_commit(to))
        return assay_fail(err, ASSAY_NO, "that is no commit of git");
    const char *const names[] = {"diff",
                                 "--no-ext-diff",
                                 "--no-textconv",
                                 "--no-color",
                                 "--ignore-submodules=all",
                                 "-M",
                                 "--stat=100",
                                 from,
                                 to,
                                 "--",
                                 NULL};
    const char *const lines[] = {"diff",
                                 "--no-ext-diff",
                                 "--no-textconv",
                                 "--no-color",
                                 "--ignore-submodules=all",
                                 "-M",
                                 "--src-prefix=a/",
                                 "--dst-prefix=b/",
                                 from,
                                 to,
                                 "--",
                                 NULL};
    struct assay_error too_much = {0};
    enum assay_status status = commits(directory, from, to, out, err);
    if (status == ASSAY_OK)
        status = ask(directory, names, NAMES_LIMIT, out, err);
    if (status != ASSAY_OK)
        return status;
    assay_buf_char(out, '\n');
    if (ask(directory, lines, LINES_LIMIT, out, &too_much) != ASSAY_OK)
        assay_buf_format(out, "(not shown line by line: %s)\n", too_much.what);
    return ASSAY_OK;
}
