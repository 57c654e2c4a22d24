/*
 * assay artifacts: what a run left behind as files: the list, one of them printed, or saved.
 */
#include "cli.h"
#include "json.h"
#include "partial.h"
#include "table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#define SAVE_LIMIT ((size_t)1 << 30)
#define BLOCK      65536

/* Is PATH the item itself or something below it? */
static bool is_within(const char *path, const char *item)
{
    size_t length = strlen(path);
    return strncmp(item, path, length) == 0 && (!item[length] || item[length] == '/');
}

static void list_json(struct cli *cli, const struct assay_run *run,
                      const struct assay_artifacts *artifacts, const char *within)
{
    struct cli_json json = {.out = &cli->out};
    cli_json_open(&json, '{');
    cli_json_member(&json, "run", run->id);
    cli_json_member(&json, "directory", artifacts->directory);
    cli_json_key(&json, "artifacts");
    cli_json_open(&json, '[');
    for (size_t i = 0; i < artifacts->count; i++) {
        const struct assay_artifact *a = &artifacts->items[i];
        if (within && !is_within(within, a->path))
            continue;
        cli_json_open(&json, '{');
        cli_json_member(&json, "path", a->path);
        cli_json_key(&json, "directory");
        cli_json_bool(&json, a->directory);
        cli_json_key(&json, "bytes");
        cli_json_count(&json, a->bytes);
        cli_json_key(&json, "modified_ms");
        cli_json_time(&json, a->modified_ms);
        cli_json_close(&json);
    }
    cli_json_close(&json);
    cli_json_close(&json);
}

static void list_table(struct cli *cli, const struct assay_artifacts *artifacts,
                       const char *within)
{
    struct cli_table *table = cli_table_new(cli);
    cli_table_column(table, "path", "path", false);
    cli_table_column(table, "type", "type", false);
    cli_table_column(table, "bytes", "size", true);
    cli_table_column(table, "modified_ms", "modified", false);
    for (size_t i = 0; i < artifacts->count; i++) {
        const struct assay_artifact *a = &artifacts->items[i];
        if (within && !is_within(within, a->path))
            continue;
        cli_table_text(table, a->path);
        cli_table_text(table, a->directory ? "directory" : "file");
        if (a->directory)
            cli_table_none(table);
        else
            cli_table_bytes(table, a->bytes);
        cli_table_time(table, a->modified_ms);
    }
    if (cli->format == CLI_TABLE && !cli_table_rows(table))
        cli_complain(&(struct assay_error){.what = "the run has no artifacts"});
    else
        cli_table_print(table);
    cli_table_free(&table);
}

/* A list of a server that cannot be reached is as old as it is. */
static void say_how_old(struct cli *cli, const struct assay_artifacts *artifacts)
{
    struct assay_error said = {0};
    char age[16];
    if (artifacts->kept_ms == ASSAY_NO_TIME)
        return;
    assay_fail(&said, ASSAY_IO, "artifacts: shown is what the server said %s ago",
               assay_age_text(age, artifacts->kept_ms, assay_now_ms()));
    cli_complain(&said);
    cli->worst = ASSAY_IO;
}

/* ---- one file ---- */

static const struct assay_artifact *find_item(const struct assay_artifacts *artifacts,
                                              const char *path)
{
    for (size_t i = 0; i < artifacts->count; i++)
        if (strcmp(artifacts->items[i].path, path) == 0)
            return &artifacts->items[i];
    return NULL;
}

/* Prints what is behind FD; PATH names it. */
static enum assay_status print_fd(struct cli *cli, int fd, const char *path,
                                  struct assay_error *err)
{
    char block[BLOCK];
    enum assay_status status = ASSAY_OK;
    ssize_t count = 1;
    while (status == ASSAY_OK && count > 0 && !cli->gone) {
        count = read(fd, block, sizeof block);
        if (count < 0) {
            status = assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(errno));
        } else if (!cli_text(cli, block, (size_t)count)) {
            status = assay_fail(err, ASSAY_BAD_INPUT, "%s: not text", path);
            assay_hint(err, "save it with -o FILE");
        }
        cli_spill(cli);
    }
    return status;
}

static enum assay_status save_file(const char *directory, const char *path, const char *as,
                                   struct assay_error *err)
{
    char *bytes;
    size_t length;
    enum assay_status status =
        assay_file_read_inside(directory, path, SAVE_LIMIT, &bytes, &length, err);
    if (status != ASSAY_OK)
        return status;
    status = assay_file_write(as, bytes, length, 0666, err);
    free(bytes);
    return status;
}

/* ---- a file that lies in no folder here, but on a server or in a bundle ---- */

/* A file may have grown since it was listed, but not by much. */
#define GROWN (UINT64_C(1) << 20)
/* Of the disk's room, where nobody says how large a file is. */
#define ROOM_LEFT (UINT64_C(1) << 30)

struct far_limit {
    uint64_t bytes;
    atomic_bool passed;
};

static bool is_within_limit(void *context, uint64_t bytes)
{
    struct far_limit *limit = context;
    if (bytes > limit->bytes)
        atomic_store(&limit->passed, true);
    return !atomic_load(&limit->passed);
}

/* The most bytes of ITEM to take, into the file system of FD. */
static uint64_t most_of(const struct assay_artifact *item, int fd)
{
    struct statvfs room;
    if (item->bytes)
        return item->bytes < UINT64_MAX - GROWN ? item->bytes + GROWN : UINT64_MAX;
    if (fstatvfs(fd, &room) != 0)
        return SAVE_LIMIT;
    uint64_t free_bytes = (uint64_t)room.f_bavail * room.f_frsize;
    return free_bytes > 2 * ROOM_LEFT ? free_bytes - ROOM_LEFT : free_bytes / 2;
}

static enum assay_status too_much(const struct assay_artifact *item,
                                  const struct far_limit *limit, struct assay_error *err)
{
    assay_error_clear(err);
    if (item->bytes) {
        assay_fail(err, ASSAY_CORRUPT,
                   "%s: more came than the %" PRIu64 " bytes that the list says it has",
                   item->path, item->bytes);
        assay_hint(err, "nothing of it is kept; if it is being written, ask again later");
    } else {
        assay_fail(err, ASSAY_CORRUPT,
                   "%s: the list does not say how large it is, and more than %" PRIu64
                   " bytes came: the disk would be full",
                   item->path, limit->bytes);
        assay_hint(err, "nothing of it is kept; make room, or save it elsewhere");
    }
    return ASSAY_CORRUPT;
}

/* Fetched whole into a file of its own first, so that what is printed or saved is all of it or
   nothing. */
static enum assay_status far_file(struct cli *cli, uint32_t run,
                                  const struct assay_artifact *item, struct assay_error *err)
{
    struct cli_partial partial;
    struct far_limit limit = {0};
    enum assay_status status = cli_partial_begin(&partial, cli_output(cli), false, err);
    if (status == ASSAY_OK) {
        limit.bytes = most_of(item, partial.fd);
        status = assay_session_download(cli->session, run, item->path, partial.fd,
                                        is_within_limit, &limit, err);
    }
    if (status != ASSAY_OK && atomic_load(&limit.passed))
        status = too_much(item, &limit, err);
    if (status == ASSAY_OK && !partial.as) {
        if (lseek(partial.fd, 0, SEEK_SET) == 0)
            status = print_fd(cli, partial.fd, item->path, err);
        else
            status = assay_fail(err, ASSAY_IO, "%s: %s", item->path, strerror(errno));
    }
    enum assay_status ended = cli_partial_end(&partial, status == ASSAY_OK, err);
    return status != ASSAY_OK ? status : ended;
}

static enum assay_status one_file(struct cli *cli, uint32_t run,
                                  const struct assay_artifacts *artifacts,
                                  const struct assay_artifact *item, struct assay_error *err)
{
    if (!artifacts->directory)
        return far_file(cli, run, item, err);
    const char *as = cli_output(cli);
    if (as)
        return save_file(artifacts->directory, item->path, as, err);
    int fd = assay_open_inside(artifacts->directory, item->path, NULL, err);
    if (fd < 0)
        return ASSAY_IO;
    enum assay_status status = print_fd(cli, fd, item->path, err);
    close(fd);
    return status;
}

enum assay_status cli_artifacts(struct cli *cli, struct assay_error *err)
{
    uint32_t run;
    const char *path = cli->args.operand_count > 1 ? cli->args.operands[1] : NULL;
    if (cli_has(cli, "output") && !path) {
        assay_fail(err, ASSAY_BAD_INPUT, "artifacts: --output needs the PATH of one file");
        return ASSAY_BAD_INPUT;
    }
    cli_ask_named(cli, 1);
    enum assay_status status = cli_open(cli, err);
    if (status == ASSAY_OK)
        status = cli_find_run(cli, cli->args.operands[0], &run, err);
    if (status != ASSAY_OK)
        return status;
    const struct assay_artifacts *artifacts = assay_session_artifacts_wait(cli->session, run);
    if (artifacts->load == ASSAY_LOAD_FAILED) {
        assay_hint(err, "%s", artifacts->error.hint);
        return assay_fail(err, ASSAY_IO, "%s", artifacts->error.what);
    }
    if (artifacts->error.what[0]) {
        cli_complain_of(cli, assay_catalog_run(cli->catalog, run)->source, "artifacts",
                        &artifacts->error);
    }
    say_how_old(cli, artifacts);
    /* Only what is in the list can be named, so no path leads out of the run's folder. */
    const struct assay_artifact *item = path ? find_item(artifacts, path) : NULL;
    if (path && !item) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: no such artifact", path);
        assay_hint(err, "assay artifacts %s lists them", cli->args.operands[0]);
        return ASSAY_BAD_INPUT;
    }
    if (item && !item->directory)
        return one_file(cli, run, artifacts, item, err);
    if (cli_has(cli, "output")) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: a directory cannot be saved as one file", path);
        assay_hint(err, "name a file in it; without --output it lists them");
        return ASSAY_BAD_INPUT;
    }
    if (cli->format == CLI_JSON)
        list_json(cli, assay_catalog_run(cli->catalog, run), artifacts, path);
    else
        list_table(cli, artifacts, path);
    return ASSAY_OK;
}
