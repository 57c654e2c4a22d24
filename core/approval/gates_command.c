/*
 * The gate that is a command of the team's own. It finds the version's files where ASSAY_FILES
 * says: those of one place where they lie, others in a folder that is made for the command,
 * each with the bytes that were hashed, and removed after it. Called through the table of
 * gates.c.
 */
#include "approval/gates_private.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/file.h>
#include <assay/text.h>

#include "base/spawn.h"

#define WORDS_MAX    32
#define OUTPUT_LIMIT ((size_t)1 << 20)
#define OPEN_FOLDERS 16 /* at once, while they are removed */

/* ---- the files ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    (void)remove(path);
    return 0;
}

/* The command may have left folders that nobody may write to. */
static int open_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)at;
    if (kind == FTW_D)
        (void)chmod(path, 0700);
    return 0;
}

static void remove_files(char **folder)
{
    if (*folder) {
        (void)nftw(*folder, open_one, OPEN_FOLDERS, FTW_PHYS);
        (void)nftw(*folder, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    }
    free(*folder);
    *folder = NULL;
}

static enum assay_status lay_file(const char *folder, const struct version_facts *facts,
                                  const struct assay_model_file *file, struct assay_error *err)
{
    struct assay_buf bytes = {.limit = (size_t)file->bytes + 1};
    char *path = assay_path_join(folder, file->path), *above = assay_path_directory(path);
    enum assay_status status = gate_read_file(facts, file->path, bytes.limit, &bytes, err);

    if (status == ASSAY_OK)
        status = assay_make_directories(above, err);
    if (status == ASSAY_OK)
        status = assay_file_write(path, assay_buf_text(&bytes), bytes.length, 0600, err);
    assay_buf_free(&bytes);
    free(above);
    free(path);
    return status;
}

/* A folder with the files as they were hashed, for the command alone. */
static enum assay_status lay_files(const struct version_facts *facts, char **folder,
                                   struct assay_error *err)
{
    const char *base = getenv("TMPDIR");
    struct assay_buf path = {0};
    enum assay_status status = ASSAY_OK;

    assay_buf_format(&path, "%s/assay-files-XXXXXX", base && base[0] == '/' ? base : "/tmp");
    *folder = assay_buf_take(&path);
    if (!mkdtemp(*folder)) {
        status = assay_fail(err, ASSAY_IO, "%s: %s", *folder, strerror(errno));
        free(*folder);
        *folder = NULL;
    }
    for (size_t i = 0; i < facts->file_count && status == ASSAY_OK; i++)
        status = lay_file(*folder, facts, &facts->files[i], err);
    if (status != ASSAY_OK)
        remove_files(folder);
    return status;
}

/* ---- the command ---- */

static void run_words(struct run *run, const char *const *words, const char *files)
{
    const struct version_facts *facts = run->c->candidate;
    const char *const pairs[][2] = {{"MODEL", facts->model},
                                    {"VERSION", facts->version},
                                    {"DIGEST", facts->digest},
                                    {"TARGET", run->c->target},
                                    {"FILES", files}};
    const char *env[ASSAY_COUNT(pairs) + 1] = {0};
    struct assay_buf out = {.limit = OUTPUT_LIMIT}, text = {0};
    struct assay_error why = {0};
    int64_t timeout_ms = 60000;
    int code = 0;

    if (gate_setting(run, "timeout"))
        (void)policy_duration(gate_setting(run, "timeout"), &timeout_ms);
    for (size_t i = 0; i < ASSAY_COUNT(pairs); i++) {
        assay_buf_reset(&text);
        assay_buf_format(&text, "ASSAY_%s=%s", pairs[i][0], pairs[i][1]);
        env[i] = assay_arena_strndup(run->c->arena, assay_buf_text(&text), text.length);
    }
    if (spawn_run(&(struct spawn){.argv = words,
                                  .env = env,
                                  .timeout_ms = (int)timeout_ms,
                                  .output_limit = OUTPUT_LIMIT},
                  &code, &out, NULL, &why) != ASSAY_OK) {
        gate_say(run, ASSAY_ERROR, "%s", why.what);
    } else {
        char digest[ASSAY_SHA256_TEXT], line[200];
        char *end = out.length > 0 ? memchr(out.data, '\n', out.length) : NULL;
        assay_sha256(digest, out.data, out.length);
        if (end)
            *end = '\0';
        assay_text_clean_to(line, sizeof line, assay_buf_text(&out));
        gate_say(run,
                 code == 0   ? ASSAY_SATISFIED
                 : code == 1 ? ASSAY_UNSATISFIED
                             : ASSAY_ERROR,
                 "exit status %d: %s (output %.16s)", code, line, digest);
    }
    assay_buf_free(&out);
    assay_buf_free(&text);
}

void gate_command(struct run *run)
{
    const struct version_facts *facts = run->c->candidate;
    const char *words[WORDS_MAX + 1] = {0};
    struct assay_error why = {0};
    char *folder = NULL;

    if (!run->c->commands)
        gate_say(run, ASSAY_MISSING, "commands are not run here");
    else if (spawn_words(gate_setting(run, "command"), run->c->arena, words, WORDS_MAX) == 0)
        gate_say(run, ASSAY_ERROR, "its command has more than %d words", WORDS_MAX);
    else if (facts->root_count == 0 && !facts->fetch)
        gate_say(run, ASSAY_MISSING, "where the files lie is not known");
    else if (facts->root_count == 1)
        run_words(run, words, facts->roots[0]);
    else if (lay_files(facts, &folder, &why) != ASSAY_OK)
        gate_say(run, ASSAY_ERROR, "its files cannot be given to the command: %s", why.what);
    else
        run_words(run, words, folder);
    remove_files(&folder);
}
