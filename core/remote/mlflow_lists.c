/*
 * Lists of artifacts of runs on an MLflow server, level by level, all folders of a level at
 * once: of one run, as any source has it, and of many, for pulling them.
 */
#include <stdlib.h>
#include <string.h>

#include "remote/mlflow_private.h"
#include "remote/url.h"
#include "source/artifact_list.h"

#define LISTS_AT_ONCE 128u
#define FOLDERS_MAX   2000u
#define DEPTH_MAX     32

/* ---- the list ---- */

struct listing { /* of one run */
    struct mlflow *mlflow;
    struct artifact_list *list;
    const char *run_id;
    size_t index; /* of the run among those asked for */
    size_t next;  /* the item whose folder is looked into next */
    unsigned asked, left;
    enum assay_status status;
    struct assay_error error;
};
struct folder { /* the tag of a request */
    struct listing *listing;
    char *path;
};

static void ask_folder(struct listing *listing, struct net_batch *batch, const char *folder,
                       const char *token)
{
    struct folder *tag = assay_alloc(sizeof *tag);
    struct assay_buf path = {0};

    *tag = (struct folder){listing, assay_strdup(folder)};
    assay_buf_text_add(&path, MLFLOW_API "/artifacts/list");
    url_query(&path, "run_id", listing->run_id);
    if (*folder)
        url_query(&path, "path", folder);
    if (token)
        url_query(&path, "page_token", token);
    listing->asked++;
    listing->left++;
    net_batch_add(batch, &(struct net_request){.server = listing->mlflow->server,
                                               .path = assay_buf_text(&path),
                                               .tag = tag});
    assay_buf_free(&path);
}

static unsigned depth_of(const char *path)
{
    unsigned depth = 1;

    for (; *path; path++)
        depth += *path == '/';
    return depth;
}

/* A path below FOLDER, one level down, and leading nowhere else. */
static bool is_child(const char *folder, const char *path)
{
    size_t length = strlen(folder);
    const char *name = path;

    if (length) {
        if (strncmp(path, folder, length) != 0 || path[length] != '/')
            return false;
        name += length + 1;
    }
    return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           depth_of(path) <= DEPTH_MAX;
}

bool mlflow_listed_read(struct json_text *json, struct assay_arena *arena,
                        struct mlflow_listed *out)
{
    const char *key;

    *out = (struct mlflow_listed){.path = "", .bytes = -1};
    if (!json_text_enter(json, '{'))
        return false;
    while (json_text_member(json, &key)) {
        if (strcmp(key, "path") == 0)
            out->path = json_text_string_keep(json, arena, "");
        else if (strcmp(key, "is_dir") == 0)
            out->directory = json_text_bool(json, false);
        else if (strcmp(key, "file_size") == 0)
            out->bytes = json_text_integer(json, -1);
        else
            json_text_skip(json);
    }
    return !json->fault;
}

static void take_file(struct listing *listing, struct json_text *json, const char *folder)
{
    struct assay_arena arena = {0};
    struct mlflow_listed file;

    if (!mlflow_listed_read(json, &arena, &file))
        file.path = ""; /* the caller sees that it cannot be read */
    if (is_child(folder, file.path))
        artifact_list_add(listing->list, file.path, file.directory,
                          file.bytes > 0 ? (uint64_t)file.bytes : 0, ASSAY_NO_TIME);
    else if (depth_of(file.path) > DEPTH_MAX)
        listing->list->cut = true;
    assay_arena_free(&arena);
}

static void take_folder(struct listing *listing, struct net_batch *batch, const char *folder,
                        const struct net_answer *answer)
{
    size_t had = listing->list->count;
    struct json_text json;
    char *token = NULL;
    const char *key;

    json_text_init(&json, assay_buf_text(&answer->body), answer->body.length);
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (strcmp(key, "next_page_token") == 0) {
            free(token);
            token = assay_strdup(json_text_string(&json, NULL));
        } else if (strcmp(key, "files") == 0) {
            if (!json_text_enter(&json, '['))
                continue;
            while (json_text_element(&json))
                take_file(listing, &json, folder);
        } else {
            json_text_skip(&json);
        }
    }
    if (json.fault)
        listing->status = assay_fail(
            &listing->error, ASSAY_CORRUPT, "%s: its answer cannot be read: byte %zu: %s",
            mlflow_shown(listing->mlflow), json_text_offset(&json), json.fault);
    else if (token && *token && listing->list->count > had && listing->asked < FOLDERS_MAX)
        ask_folder(listing, batch, folder, token);
    free(token);
    json_text_free(&json);
}

static void ask_new_folders(struct listing *listing, struct net_batch *batch)
{
    struct artifact_list *list = listing->list;

    for (; listing->next < list->count; listing->next++) {
        if (!list->items[listing->next].directory)
            continue;
        if (listing->asked >= FOLDERS_MAX) {
            list->cut = true;
            continue;
        }
        ask_folder(listing, batch, list->items[listing->next].path, NULL);
    }
}

/* An answer about one folder. True where the list it belongs to is at its end, for good or ill.
 */
static bool take_answer(struct net_batch *batch, const struct net_answer *answer)
{
    struct folder *folder = answer->tag;
    struct listing *listing = folder->listing;

    listing->left--;
    mlflow_note(listing->mlflow, answer);
    if (listing->status == ASSAY_OK)
        listing->status = mlflow_answer_error(listing->mlflow, answer, NULL, &listing->error);
    if (listing->status == ASSAY_OK)
        take_folder(listing, batch, folder->path, answer);
    if (listing->status == ASSAY_OK)
        ask_new_folders(listing, batch);
    free(folder->path);
    free(folder);
    return listing->left == 0;
}

enum assay_status mlflow_artifacts(void *self, const char *experiment_id, const char *run_id,
                                   const char *artifact_uri, struct artifact_list *list,
                                   char **directory, struct assay_error *err)
{
    struct mlflow *mlflow = self;
    struct listing listing = {.mlflow = mlflow, .list = list, .run_id = run_id};
    struct net_batch *batch;
    struct net_answer *answer;
    enum assay_status status = mlflow_greet(mlflow, NULL, NULL, err);

    (void)experiment_id;
    (void)artifact_uri;
    *directory = NULL;
    if (status != ASSAY_OK)
        return status;
    batch = net_batch_new(mlflow->net);
    ask_folder(&listing, batch, "", NULL);
    while (net_batch_left(batch) && (answer = net_batch_next(batch, -1))) {
        take_answer(batch, answer);
        if (listing.status != ASSAY_OK)
            net_batch_cancel(batch);
        net_answer_free(&answer);
    }
    net_batch_free(&batch);
    if (listing.status != ASSAY_OK && err)
        *err = listing.error;
    return listing.status;
}

/* ---- of many runs ---- */

struct many {
    struct mlflow *mlflow;
    const struct mlflow_lists *wanted;
    struct net_batch *batch;
    size_t next; /* the run that is asked for next */
    size_t under_way;
    bool ended; /* no more are wanted */
};

static void ask_next(struct many *many)
{
    while (!many->ended && many->next < many->wanted->count &&
           many->under_way < LISTS_AT_ONCE) {
        struct listing *listing = assay_alloc(sizeof *listing);

        *listing = (struct listing){.mlflow = many->mlflow,
                                    .list = assay_alloc(sizeof *listing->list),
                                    .run_id = many->wanted->run_ids[many->next],
                                    .index = many->next};
        many->next++;
        many->under_way++;
        ask_folder(listing, many->batch, "", NULL);
    }
}

/* One run's list has come to its end. */
static void hand_over(struct many *many, struct listing *listing)
{
    const struct mlflow_lists *wanted = many->wanted;

    if (!many->ended)
        many->ended = !wanted->got(wanted->context, listing->index, listing->status,
                                   listing->list, &listing->error);
    artifact_list_free(listing->list);
    free(listing->list);
    free(listing);
    many->under_way--;
}

enum assay_status mlflow_list_many(struct mlflow *mlflow, const struct mlflow_lists *wanted,
                                   struct assay_error *err)
{
    struct many many = {.mlflow = mlflow, .wanted = wanted};
    enum assay_status status = mlflow_greet(mlflow, wanted->cancelled, wanted->context, err);

    if (status != ASSAY_OK)
        return status;
    many.batch = net_batch_new(mlflow->net);
    for (ask_next(&many); net_batch_left(many.batch); ask_next(&many)) {
        struct net_answer *answer = net_batch_next(many.batch, 200);

        if (answer) {
            struct listing *listing = ((struct folder *)answer->tag)->listing;

            if (answer->unreachable && !many.ended) { /* it is so for all of them */
                status = mlflow_answer_error(mlflow, answer, NULL, err);
                many.ended = true;
                net_batch_cancel(many.batch);
            }
            if (take_answer(many.batch, answer))
                hand_over(&many, listing);
        }
        net_answer_free(&answer);
        if (!many.ended && wanted->cancelled(wanted->context))
            many.ended = true;
        if (many.ended)
            net_batch_cancel(many.batch);
    }
    net_batch_free(&many.batch);
    if (many.ended && status == ASSAY_OK)
        status = ASSAY_CANCELLED;
    return status;
}
