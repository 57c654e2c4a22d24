/*
 * An MLflow server as a place that records are exchanged with (sync.h; docs/approvals.md says
 * where they lie there). Called by sync.c.
 */
#include "approval/sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approval/mlflow_private.h"
#include "remote/mlflow_shelf.h"

#define EXPERIMENT   "assay-ledger"
#define TAG          "assay.ledger"
#define NAMES_MAX    2000000u /* files that a server may list */
#define FAILURES_MAX 100u     /* files that it lists and does not give */
#define NOTE                                                                                   \
    "Signed records of approvals, exchanged by `assay sync`. Whoever reads them checks them; " \
    "none is ever changed."

/* In place of a file's size: the server does not tell; it was read, and is not what it should
   be. */
#define NOT_SAID (-1)
#define ANOTHER  (-2)

#define KEPT "what was new there is kept here; what is new here was not sent: "

struct listed {       /* a file that lies there */
    const char *name; /* "records/DIGEST.json" */
    unsigned shelf;
    int64_t bytes; /* NOT_SAID, or ANOTHER */
};
struct server {
    struct mlflow_site *site;
    const struct assay_ledger *ledger;
    struct mlflow_shelves shelves;
    struct assay_map names; /* to indices of files */
    struct listed *files;
    size_t count, capacity;
    unsigned shelf; /* whose list is being read */
    bool too_many;
    struct mlflow_shelf_file *ahead; /* fetched, and not asked for yet */
    size_t ahead_count, failures;
};

static const char *path_of(enum sync_kind kind, const char *digest, char out[96])
{
    snprintf(out, 96, "%s/%s%s", sync_folder(kind), digest, sync_end(kind));
    return out;
}

/* NULL where none lies there. */
static const struct listed *find(const struct server *server, enum sync_kind kind,
                                 const char *digest)
{
    char path[96];
    uint32_t at;

    path_of(kind, digest, path);
    at = assay_map_get(&server->names, path, strlen(path));
    return at == ASSAY_MAP_NONE ? NULL : &server->files[at];
}

static void note(struct server *server, enum sync_kind kind, const char *digest, unsigned shelf,
                 int64_t bytes)
{
    char path[96];

    path_of(kind, digest, path);
    ASSAY_GROW(server->files, server->capacity, server->count + 1);
    server->files[server->count] = (struct listed){
        assay_map_set(&server->names, path, strlen(path), (uint32_t)server->count), shelf,
        bytes};
    server->count++;
}

/* ---- lists ---- */

/* Nothing is asked for by a name that is not made of a digest. */
static bool digest_of(const char *name, const char *end, char out[ASSAY_SHA256_TEXT])
{
    if (strlen(name) != 64 + strlen(end) || strcmp(name + 64, end) != 0)
        return false;
    memcpy(out, name, 64);
    out[64] = '\0';
    return assay_sha256_valid(out);
}

static bool take_name(struct server *server, enum sync_kind kind, const char *name,
                      int64_t bytes)
{
    char digest[ASSAY_SHA256_TEXT];

    if (digest_of(name, sync_end(kind), digest) && !find(server, kind, digest))
        note(server, kind, digest, server->shelf, bytes);
    server->too_many = server->count > NAMES_MAX;
    return !server->too_many;
}

static bool take_record(void *context, const char *name, int64_t bytes)
{
    return take_name(context, SYNC_STATEMENT, name, bytes) &&
           take_name(context, SYNC_SIGNATURE, name, bytes);
}

static bool take_evidence(void *context, const char *name, int64_t bytes)
{
    return take_name(context, SYNC_EVIDENCE, name, bytes);
}

static struct mlflow_shelf_tag tag_of(const struct assay_ledger *ledger)
{
    return (struct mlflow_shelf_tag){EXPERIMENT, TAG,
                                     ledger->expect       ? ledger->expect
                                     : ledger->fold.begin ? ledger->fold.begin->digest
                                                          : NULL};
}

/* An error of the layers below, with what is to be done about it here. */
static enum assay_status tell(enum assay_status status, const struct assay_error *error,
                              const char *hint, struct assay_error *err)
{
    assay_fail(err, status, "%s", error->what);
    assay_hint(err, "%s", hint);
    return status;
}

static enum assay_status server_list(void *self,
                                     void (*found)(void *context, const char *digest),
                                     void *context, struct assay_error *err)
{
    struct server *server = self;
    struct mlflow *mlflow = server->site->mlflow;
    const struct mlflow_shelf_tag tag = tag_of(server->ledger);
    const size_t length = strlen(sync_folder(SYNC_STATEMENT)) + 1;
    struct assay_error first = {0};
    enum assay_status status = mlflow_shelves_find(mlflow, &tag, &server->shelves, &first);

    if (status == ASSAY_NO)
        return tell(status, &first, "restore it there: what was exchanged is in it", err);
    for (; server->shelf < server->shelves.count && status == ASSAY_OK; server->shelf++) {
        const struct mlflow_target *shelf = &server->shelves.items[server->shelf];
        status = mlflow_shelf_list(mlflow, shelf, sync_folder(SYNC_STATEMENT), take_record,
                                   server, &first);
        if (status == ASSAY_OK)
            status = mlflow_shelf_list(mlflow, shelf, sync_folder(SYNC_EVIDENCE), take_evidence,
                                       server, &first);
    }
    if (status != ASSAY_OK) {
        if (err && err->status == ASSAY_OK)
            *err = first;
        return status;
    }
    if (server->too_many)
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: it lists more than %u files",
                          mlflow_shown(mlflow), NAMES_MAX);
    for (size_t i = 0; i < server->count; i++) {
        const char *name = server->files[i].name;
        char digest[ASSAY_SHA256_TEXT];
        if (strncmp(name, sync_folder(SYNC_STATEMENT), length - 1) == 0 &&
            digest_of(name + length, sync_end(SYNC_STATEMENT), digest))
            found(context, digest);
    }
    return ASSAY_OK;
}

static bool server_has(void *self, enum sync_kind kind, const char *digest, const void *bytes,
                       size_t length)
{
    const struct listed *file = find(self, kind, digest);

    (void)bytes;
    /* Of another size it is what an upload that broke off left behind. */
    return file && (file->bytes == NOT_SAID || file->bytes == (int64_t)length);
}

/* ---- reading ---- */

static void drop_ahead(struct server *server)
{
    for (size_t i = 0; i < server->ahead_count; i++) {
        assay_buf_free(&server->ahead[i].bytes);
        free((char *)(uintptr_t)server->ahead[i].path);
    }
    free(server->ahead);
    server->ahead = NULL;
    server->ahead_count = 0;
}

static void add_ahead(struct server *server, enum sync_kind kind, const char *digest)
{
    const struct listed *listed = find(server, kind, digest);
    char path[96];

    if (listed)
        server->ahead[server->ahead_count++] =
            (struct mlflow_shelf_file){.shelf = &server->shelves.items[listed->shelf],
                                       .path = assay_strdup(path_of(kind, digest, path)),
                                       .limit = sync_limit(kind)};
}

static enum assay_status server_ahead(void *self, const char *const *digests, size_t count,
                                      struct assay_error *err)
{
    struct server *server = self;

    (void)err;
    drop_ahead(server);
    server->ahead = assay_alloc_array(2 * count + 1, sizeof *server->ahead);
    for (size_t i = 0; i < count; i++) {
        add_ahead(server, SYNC_STATEMENT, digests[i]);
        add_ahead(server, SYNC_SIGNATURE, digests[i]);
    }
    mlflow_shelf_fetch(server->site->mlflow, server->ahead, server->ahead_count);
    return ASSAY_OK;
}

static struct mlflow_shelf_file *find_ahead(struct server *server, const char *path)
{
    for (size_t i = 0; i < server->ahead_count; i++)
        if (strcmp(server->ahead[i].path, path) == 0)
            return &server->ahead[i];
    return NULL;
}

/* What one file that was fetched comes to: without it the others are still of use, unless it
   says that they cannot be had either. */
static enum assay_status judge(struct server *server, struct mlflow_shelf_file *file,
                               char **bytes, size_t *length, struct assay_error *err)
{
    if (file->status == ASSAY_OK) {
        *length = file->bytes.length;
        *bytes = assay_buf_take(&file->bytes);
        return ASSAY_OK;
    }
    if (err && err->status == ASSAY_OK)
        *err = file->error;
    if (file->hopeless)
        return file->status;
    if (++server->failures > FAILURES_MAX)
        return ASSAY_IO;
    return ASSAY_NO;
}

static enum assay_status server_read(void *self, enum sync_kind kind, const char *digest,
                                     char **bytes, size_t *length, struct assay_error *err)
{
    struct server *server = self;
    const struct listed *listed = find(server, kind, digest);
    struct mlflow_shelf_file one = {.limit = sync_limit(kind)}, *file;
    char path[96];
    enum assay_status status;

    if (!listed)
        return assay_fail(err, ASSAY_NO, "%s: it has none", mlflow_site_place(server->site));
    file = find_ahead(server, path_of(kind, digest, path));
    if (!file) {
        one.shelf = &server->shelves.items[listed->shelf];
        one.path = path;
        file = &one;
        mlflow_shelf_fetch(server->site->mlflow, file, 1);
    }
    status = judge(server, file, bytes, length, err);
    assay_buf_free(&one.bytes);
    return status;
}

/* What was fetched of a file, against what it should be: one that is another is put again. One
   that cannot be had is left as it is. */
static void compare_ahead(struct server *server, enum sync_kind kind, const char *digest,
                          const char *bytes, size_t length)
{
    char path[96];
    const struct mlflow_shelf_file *file = find_ahead(server, path_of(kind, digest, path));

    if (file && file->status == ASSAY_OK &&
        (file->bytes.length != length ||
         memcmp(assay_buf_text(&file->bytes), bytes, length) != 0))
        server->files[assay_map_get(&server->names, path, strlen(path))].bytes = ANOTHER;
}

static enum assay_status server_again(void *self, const struct record *const *records,
                                      size_t count, struct assay_error *err)
{
    struct server *server = self;
    const char **digests = assay_alloc_array(count, sizeof *digests);

    for (size_t i = 0; i < count; i++)
        digests[i] = records[i]->digest;
    enum assay_status status = server_ahead(server, digests, count, err);
    for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
        const struct record *r = records[i];
        compare_ahead(server, SYNC_STATEMENT, r->digest, r->bytes, r->length);
        if (r->signature_length > 0)
            compare_ahead(server, SYNC_SIGNATURE, r->digest, r->signature, r->signature_length);
    }
    free(digests);
    return status;
}

/* ---- writing ---- */

static enum assay_status make_shelf(struct server *server, struct assay_error *err)
{
    const struct mlflow_shelf_tag tag = tag_of(server->ledger);

    if (server->shelves.count > 0)
        return ASSAY_OK;
    return mlflow_shelves_make(server->site->mlflow, &tag, NOTE, &server->shelves, err);
}

static enum assay_status server_put(void *self, enum sync_kind kind, const char *digest,
                                    const void *bytes, size_t length, struct assay_error *err)
{
    struct server *server = self;
    const struct listed *listed = find(server, kind, digest);
    const unsigned shelf = listed ? listed->shelf : 0;
    struct assay_error first = {0};
    char path[96];
    enum assay_status status = make_shelf(server, &first);

    if (status == ASSAY_OK)
        status = mlflow_shelf_put(server->site->mlflow, &server->shelves.items[shelf],
                                  path_of(kind, digest, path), bytes, length, &first);
    if (status == ASSAY_OK)
        note(server, kind, digest, shelf, (int64_t)length);
    else if (mlflow_offline(server->site->mlflow))
        return tell(status, &first, first.hint, err);
    else if (mlflow_read_only(server->site->mlflow))
        return tell(status, &first,
                    KEPT
                    "read_only = no in its section of the configuration file lets it be sent",
                    err);
    else if (status == ASSAY_NO)
        return tell(status, &first, KEPT "a directory or a git repository can take it", err);
    else
        return tell(status, &first, KEPT "to send it takes EDIT on the experiment " EXPERIMENT,
                    err);
    return status;
}

/* ---- the exchange ---- */

enum assay_status sync_server(struct assay_ledger *ledger, struct mlflow_site *site,
                              const struct assay_sync_options *options,
                              struct assay_sync_result *result, struct assay_error *err)
{
    struct server server = {.site = site, .ledger = ledger};
    const struct sync_place place = {.self = &server,
                                     .shown = mlflow_site_place(site),
                                     .list = server_list,
                                     .ahead = server_ahead,
                                     .read = server_read,
                                     .again = server_again,
                                     .has = server_has,
                                     .put = server_put};
    enum assay_status status = sync_exchange(ledger, &place, options, result, err);

    drop_ahead(&server);
    mlflow_shelves_free(&server.shelves);
    assay_map_free(&server.names);
    free(server.files);
    return status;
}
