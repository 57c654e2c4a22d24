/*
 * Shelves (mlflow_shelf.h): which runs they are, their lists of files, and the files.
 */
#include "remote/mlflow_shelf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>

#include "base/spawn.h"
#include "remote/mlflow_change.h"
#include "remote/mlflow_private.h"
#include "remote/url.h"

#define PAGES_MAX 1000u

/* ---- the runs ---- */

struct finding {
    struct mlflow_shelves *out;
    int64_t start_ms[MLFLOW_SHELVES_MAX];
    size_t met;
};

void mlflow_shelves_free(struct mlflow_shelves *shelves)
{
    for (size_t i = 0; i < shelves->count; i++)
        free(shelves->items[i].artifact_uri);
    *shelves = (struct mlflow_shelves){0};
}

/* Puts it where its age says, so that everybody writes to the same one. */
static void take_run(void *context, const struct ingest_run *run, uint64_t hash)
{
    struct finding *finding = context;
    struct mlflow_shelves *out = finding->out;
    size_t at = out->count;

    (void)hash;
    finding->met++;
    if (run->deleted || at == MLFLOW_SHELVES_MAX)
        return;
    for (; at > 0 && (finding->start_ms[at - 1] > run->start_ms ||
                      (finding->start_ms[at - 1] == run->start_ms &&
                       strcmp(out->items[at - 1].run_id, run->id) > 0));
         at--) {
        finding->start_ms[at] = finding->start_ms[at - 1];
        out->items[at] = out->items[at - 1];
    }
    finding->start_ms[at] = run->start_ms;
    out->items[at] = (struct mlflow_target){.artifact_uri = assay_strdup(run->artifact_uri)};
    snprintf(out->items[at].run_id, sizeof out->items[at].run_id, "%s", run->id);
    out->count++;
}

static bool take_each(void *context, const char *id, uint64_t hash)
{
    (void)context;
    (void)hash;
    return strlen(id) < sizeof((struct mlflow_target *)NULL)->run_id;
}

static void write_search(struct assay_buf *body, const char *experiment,
                         const struct mlflow_shelf_tag *tag)
{
    struct assay_buf filter = {0};

    assay_buf_format(&filter, "tags.`%s` %s '%s'", tag->key, tag->value ? "=" : "LIKE",
                     tag->value ? tag->value : "%");
    assay_buf_text_add(body, "{\"experiment_ids\":[");
    json_text_quote(body, experiment);
    assay_buf_text_add(body, "],\"filter\":");
    json_text_quote(body, assay_buf_text(&filter));
    assay_buf_format(body, ",\"max_results\":%u,\"run_view_type\":\"ACTIVE_ONLY\"}",
                     MLFLOW_SHELVES_MAX + 1);
    assay_buf_free(&filter);
}

enum assay_status mlflow_shelves_find(struct mlflow *mlflow, const struct mlflow_shelf_tag *tag,
                                      struct mlflow_shelves *out, struct assay_error *err)
{
    struct mlflow_target where = {.artifact_uri = NULL};
    struct finding finding = {.out = out};
    struct assay_buf body = {0}, answer = {0};
    struct mlflow_page page = {.next = NULL};
    enum assay_status status =
        mlflow_upload_experiment(mlflow, tag->experiment, false, &where, err);

    mlflow_shelves_free(out);
    if (status != ASSAY_OK || !where.experiment[0])
        return status;
    write_search(&body, where.experiment, tag);
    status = mlflow_call(mlflow,
                         &(struct mlflow_call){.method = NET_POST,
                                               .path = MLFLOW_API "/runs/search",
                                               .body = assay_buf_text(&body),
                                               .repeatable = true},
                         &answer, NULL, err);
    if (status == ASSAY_OK)
        status = mlflow_parse_runs(mlflow_shown(mlflow), assay_buf_text(&answer), answer.length,
                                   &page, take_each, take_run, &finding, err);
    if (status == ASSAY_OK && finding.met > MLFLOW_SHELVES_MAX)
        status =
            assay_fail(err, ASSAY_BAD_INPUT, "%s: more than %u runs of %s carry the tag %s",
                       mlflow_shown(mlflow), MLFLOW_SHELVES_MAX, tag->experiment, tag->key);
    for (size_t i = 0; i < out->count; i++)
        memcpy(out->items[i].experiment, where.experiment, sizeof where.experiment);
    assay_arena_free(&page.arena);
    assay_buf_free(&body);
    assay_buf_free(&answer);
    return status;
}

/* It has no end of its own: without one it would be shown as running for ever. */
static void finish_run(struct mlflow *mlflow, const char *run_id)
{
    struct assay_buf body = {0};

    assay_buf_char(&body, '{');
    mlflow_json_member(&body, "run_id", run_id);
    mlflow_json_member(&body, "status", "FINISHED");
    assay_buf_char(&body, '}');
    (void)mlflow_call(mlflow,
                      &(struct mlflow_call){.method = NET_POST,
                                            .path = MLFLOW_API "/runs/update",
                                            .body = assay_buf_text(&body),
                                            .repeatable = true,
                                            .writes = true},
                      NULL, NULL, NULL);
    assay_buf_free(&body);
}

static void write_tag(struct assay_buf *body, const char *key, const char *value)
{
    assay_buf_char(body, '{');
    mlflow_json_member(body, "key", key);
    mlflow_json_member(body, "value", value);
    assay_buf_char(body, '}');
}

enum assay_status mlflow_shelves_make(struct mlflow *mlflow, const struct mlflow_shelf_tag *tag,
                                      const char *note, struct mlflow_shelves *out,
                                      struct assay_error *err)
{
    struct mlflow_target where = {.artifact_uri = NULL};
    struct assay_error made = {0};
    struct assay_buf body = {0};
    enum assay_status status =
        mlflow_upload_experiment(mlflow, tag->experiment, true, &where, err);

    if (status != ASSAY_OK)
        return status;
    assay_buf_char(&body, '{');
    mlflow_json_member(&body, "experiment_id", where.experiment);
    mlflow_json_member(&body, "run_name", tag->key);
    assay_buf_format(&body, ",\"start_time\":%" PRId64 ",\"tags\":[", assay_now_ms());
    write_tag(&body, tag->key, tag->value);
    assay_buf_char(&body, ',');
    write_tag(&body, "mlflow.note.content", note);
    assay_buf_text_add(&body, "]}");
    status = mlflow_call(mlflow,
                         &(struct mlflow_call){.method = NET_POST,
                                               .path = MLFLOW_API "/runs/create",
                                               .body = assay_buf_text(&body),
                                               .writes = true},
                         NULL, NULL, &made);
    assay_buf_free(&body);
    /* Looked for anew: somebody may have been faster, or only our answer was lost. */
    if (mlflow_shelves_find(mlflow, tag, out, NULL) == ASSAY_OK && out->count > 0) {
        if (status == ASSAY_OK)
            for (size_t i = 0; i < out->count; i++)
                finish_run(mlflow, out->items[i].run_id);
        return ASSAY_OK;
    }
    if (status == ASSAY_OK)
        return assay_fail(err, ASSAY_CORRUPT, "%s: the run it made is not there",
                          mlflow_shown(mlflow));
    if (err && err->status == ASSAY_OK)
        *err = made;
    return status;
}

/* ---- lists ---- */

struct listing {
    struct mlflow *mlflow;
    const char *folder;
    bool (*found)(void *context, const char *name, int64_t bytes);
    void *context;
    size_t met;
    bool ended;
};

static void take_name(struct listing *listing, struct json_text *json)
{
    const size_t length = strlen(listing->folder);
    struct assay_arena arena = {0};
    struct mlflow_listed file;

    if (mlflow_listed_read(json, &arena, &file) && !file.directory &&
        strncmp(file.path, listing->folder, length) == 0 && file.path[length] == '/') {
        listing->met++;
        listing->ended = !listing->found(listing->context, file.path + length + 1, file.bytes);
    }
    assay_arena_free(&arena);
}

/* One page; *TOKEN becomes that of the next, NULL where there is none. */
static enum assay_status take_page(struct listing *listing, const struct assay_buf *answer,
                                   char **token, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;
    struct json_text json;
    const char *key;

    free(*token);
    *token = NULL;
    json_text_init(&json, assay_buf_text(answer), answer->length);
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (strcmp(key, "next_page_token") == 0) {
            free(*token);
            *token = assay_strdup(json_text_string(&json, NULL));
        } else if (strcmp(key, "files") == 0 && json_text_peek(&json) == '[') {
            json_text_enter(&json, '[');
            while (!listing->ended && json_text_element(&json))
                take_name(listing, &json);
            if (listing->ended)
                break;
        } else {
            json_text_skip(&json);
        }
    }
    if (json.fault)
        status = assay_fail(err, ASSAY_CORRUPT, "%s: its answer cannot be read: byte %zu: %s",
                            mlflow_shown(listing->mlflow), json_text_offset(&json), json.fault);
    json_text_free(&json);
    return status;
}

enum assay_status
mlflow_shelf_list(struct mlflow *mlflow, const struct mlflow_target *shelf, const char *folder,
                  bool (*found)(void *context, const char *name, int64_t bytes), void *context,
                  struct assay_error *err)
{
    struct listing listing = {
        .mlflow = mlflow, .folder = folder, .found = found, .context = context};
    enum assay_status status = ASSAY_OK;
    char *token = NULL;
    bool more = true;

    for (unsigned page = 0; status == ASSAY_OK && more && page < PAGES_MAX; page++) {
        struct assay_buf path = {0}, answer = {0};
        const size_t met = listing.met;

        assay_buf_text_add(&path, MLFLOW_API "/artifacts/list");
        url_query(&path, "run_id", shelf->run_id);
        url_query(&path, "path", folder);
        if (token)
            url_query(&path, "page_token", token);
        status = mlflow_call(mlflow, &(struct mlflow_call){.path = assay_buf_text(&path)},
                             &answer, NULL, err);
        if (status == ASSAY_OK)
            status = take_page(&listing, &answer, &token, err);
        more = token && *token && listing.met > met && !listing.ended;
        assay_buf_free(&path);
        assay_buf_free(&answer);
    }
    free(token);
    return status;
}

/* ---- files ---- */

static void ask_for(struct mlflow *mlflow, struct net_batch *batch,
                    struct mlflow_shelf_file *file)
{
    const char *uri = file->shelf->artifact_uri ? file->shelf->artifact_uri : "";
    struct assay_buf path = {0};

    if (!mlflow_proxied_path(uri, file->path, &path)) {
        assay_buf_text_add(&path, "/get-artifact");
        url_query(&path, "run_id", file->shelf->run_id);
        url_query(&path, "path", file->path);
    }
    net_batch_add(batch, &(struct net_request){.server = mlflow->server,
                                               .path = assay_buf_text(&path),
                                               .elsewhere = true,
                                               .limit = file->limit,
                                               .tag = file});
    assay_buf_free(&path);
}

static bool is_within(void *limit, uint64_t bytes)
{
    return bytes <= *(const size_t *)limit;
}

/* The other ways, one after the other, for one that the first did not lead to. */
static void fetch_otherwise(struct mlflow *mlflow, struct mlflow_shelf_file *file)
{
    const char *uri = file->shelf->artifact_uri ? file->shelf->artifact_uri : "";
    struct assay_error error = {0};
    int fd = spawn_memory_file("", 0);
    char piece[4096];
    ssize_t got;

    if (fd < 0 || mlflow_download(mlflow, file->shelf->run_id, uri, file->path, fd, is_within,
                                  &file->limit, &error) != ASSAY_OK) {
        if (fd >= 0)
            close(fd);
        return; /* what the first way came to is told */
    }
    assay_buf_reset(&file->bytes);
    for (off_t at = 0; (got = pread(fd, piece, sizeof piece, at)) > 0; at += got)
        assay_buf_add(&file->bytes, piece, (size_t)got);
    close(fd);
    assay_error_clear(&file->error);
    file->status = ASSAY_OK;
}

void mlflow_shelf_fetch(struct mlflow *mlflow, struct mlflow_shelf_file *files, size_t count)
{
    static const int elsewhere[] = {400, 404, 405, 500, 501, 503};
    struct net_batch *batch = net_batch_new(mlflow->net);
    struct net_answer *answer;

    for (size_t i = 0; i < count; i++)
        ask_for(mlflow, batch, &files[i]);
    while (net_batch_left(batch) && (answer = net_batch_next(batch, -1)) != NULL) {
        struct mlflow_shelf_file *file = answer->tag;
        bool other = false;

        mlflow_note(mlflow, answer);
        file->status = mlflow_answer_error(mlflow, answer, NULL, &file->error);
        file->hopeless = answer->unreachable || answer->status == ASSAY_CANCELLED ||
                         answer->http == 401 || answer->http == 403;
        for (size_t i = 0; i < ASSAY_COUNT(elsewhere); i++)
            other = other || answer->http == elsewhere[i];
        if (file->status == ASSAY_OK)
            assay_buf_add(&file->bytes, answer->body.data, answer->body.length);
        net_answer_free(&answer);
        if (file->status != ASSAY_OK && other)
            fetch_otherwise(mlflow, file);
    }
    net_batch_free(&batch);
}

enum assay_status mlflow_shelf_put(struct mlflow *mlflow, const struct mlflow_target *shelf,
                                   const char *path, const void *bytes, size_t length,
                                   struct assay_error *err)
{
    int fd = spawn_memory_file(bytes, length);
    enum assay_status status;
    bool refused; /* there is nothing else to send */

    if (fd < 0)
        return assay_fail(err, ASSAY_IO, "%s: there is no memory to send it from", path);
    status = mlflow_upload_file(mlflow, shelf, path, fd, length, &refused, err);
    close(fd);
    return status;
}
