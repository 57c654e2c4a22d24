/*
 * The content of an artifact on an MLflow server (mlflow_lists.c lists them): through the
 * server's proxy (mlflow-artifacts), through the server itself (get-artifact), or straight from
 * where they lie, by an address the server signs.
 */
#include "remote/mlflow_private.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <assay/file.h>

#include "remote/mlflow_change.h"
#include "remote/url.h"

/* ---- the content of one ---- */

struct download {
    int fd;
    off_t start; /* where in fd it begins; -1: fd cannot go back */
    _Atomic uint64_t bytes;
    int failed; /* errno of a write */
    atomic_bool stopped;
    struct mlflow_failure failure; /* what the way tried last came to */
    bool (*progress)(void *context, uint64_t bytes);
    void *context;
};

static bool begin_again(struct download *download)
{
    if (!download->bytes)
        return true;
    download->bytes = 0;
    return download->start >= 0 && ftruncate(download->fd, download->start) == 0 &&
           lseek(download->fd, download->start, SEEK_SET) == download->start;
}

/* Whether nobody wants it any more. Asked with every piece on the net's thread, and now and
   then on the one that waits, for nothing may come. */
static bool is_stopped(void *context)
{
    struct download *download = context;

    if (download->progress && !download->progress(download->context, download->bytes))
        download->stopped = true;
    return download->stopped;
}

/* On the net's thread. */
static bool write_body(void *context, const char *bytes, size_t length)
{
    struct download *download = context;

    if (!bytes)
        return begin_again(download);
    download->bytes += length;
    if (!assay_write_all(download->fd, bytes, length)) {
        download->failed = errno;
        return false;
    }
    return !is_stopped(download);
}

/* An address, and what has to be sent to it besides. */
struct way {
    const char *path;          /* or a whole URL */
    const char *const *header; /* NULL-terminated; NULL none */
};

/* One way to the file. *OTHER is set where another way may lead there. Whatever the server says
   may send us elsewhere, without credentials; but not what is to see HEADER. */
static enum assay_status fetch(struct mlflow *mlflow, struct download *download,
                               const struct way *way, bool *other, struct assay_error *err)
{
    struct net_request request = {.server = mlflow->server,
                                  .path = way->path,
                                  .header = way->header,
                                  .elsewhere = !(way->header && way->header[0]),
                                  .limit = UINT64_MAX / 4,
                                  .seconds = UINT_MAX,
                                  .on_body = write_body,
                                  .context = download};
    struct net_answer *answer = net_perform(mlflow->net, &request, is_stopped, download);
    enum assay_status status;

    mlflow_note(mlflow, answer);
    *other = answer->http == 404 || answer->http == 405 || answer->http == 500 ||
             answer->http == 501 || answer->http == 503 || answer->http == 400;
    if (download->failed)
        status =
            assay_fail(err, ASSAY_IO, "it cannot be written: %s", strerror(download->failed));
    else if (download->stopped)
        status = assay_fail(err, ASSAY_CANCELLED, "%s: cancelled", mlflow_shown(mlflow));
    else
        status = mlflow_answer_error(mlflow, answer, &download->failure, err);
    net_answer_free(&answer);
    return status;
}

/* The path under the proxy that URI and PATH mean; false where the proxy has nothing to do with
   them. */
bool mlflow_proxied_path(const char *uri, const char *path, struct assay_buf *out)
{
    static const char scheme[] = "mlflow-artifacts:";
    const char *at;

    if (strncmp(uri, scheme, sizeof scheme - 1) != 0)
        return false;
    at = uri + sizeof scheme - 1;
    if (strncmp(at, "//", 2) == 0) {
        at += 2;
        at += strcspn(at, "/");
    }
    while (*at == '/')
        at++;
    assay_buf_text_add(out, "/api/2.0/mlflow-artifacts/artifacts/");
    url_escape(out, at, true);
    if (out->data[out->length - 1] != '/')
        assay_buf_char(out, '/');
    url_escape(out, path, true);
    return true;
}

/* ---- an address that the server signs, for a file in a store of its own ---- */

#define SIGNED_BYTES 4096u

void mlflow_signed_free(struct mlflow_signed *address)
{
    free(address->url);
    for (size_t i = 0; i < address->count; i++)
        free(address->lines[i]);
    *address = (struct mlflow_signed){0};
}

/* Whether NAME and VALUE make one line of a header, and one that leaves the request as it is.
 */
static bool is_plain_line(const char *name, const char *value)
{
    static const char *const ours[] = {"host", "content-length", "transfer-encoding",
                                       "connection"};

    for (size_t i = 0; i < ASSAY_COUNT(ours); i++)
        if (strcasecmp(name, ours[i]) == 0)
            return false;
    for (const char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) && *at != '-' && *at != '_')
            return false;
    for (const char *at = value; *at; at++)
        if ((unsigned char)*at < ' ' || (unsigned char)*at >= 0x7f)
            return false;
    return *name && *value && strlen(name) + strlen(value) < SIGNED_BYTES;
}

/* False where there is a line that cannot be sent: without it the store refuses the rest. */
static bool take_lines(struct json_text *json, struct mlflow_signed *address)
{
    struct assay_buf line = {0};
    bool good = true;
    const char *key;

    if (!json_text_enter(json, '{'))
        return true;
    while (json_text_member(json, &key)) {
        char *name = assay_strdup(key);
        const char *value = json_text_string(json, "");

        if (address->count < MLFLOW_SIGNED_LINES && is_plain_line(name, value)) {
            assay_buf_format(&line, "%s: %s", name, value);
            address->lines[address->count++] = assay_buf_take(&line);
        } else {
            good = false;
        }
        free(name);
    }
    return good;
}

static bool read_signed(const struct assay_buf *answer, struct mlflow_signed *address)
{
    struct url_parts parts;
    struct json_text json;
    const char *key;
    bool good = true;

    json_text_init(&json, assay_buf_text(answer), answer->length);
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (strcmp(key, "presigned_url") == 0) {
            free(address->url);
            address->url = assay_strdup(json_text_string(&json, ""));
        } else if (strcmp(key, "headers") == 0) {
            good = take_lines(&json, address) && good;
        } else {
            json_text_skip(&json);
        }
    }
    good =
        good && !json.fault && address->url && url_parse(address->url, &parts) && !parts.user;
    json_text_free(&json);
    return good;
}

enum assay_status mlflow_ask_signed(struct mlflow *mlflow, bool upload, const char *run_id,
                                    const char *path, struct mlflow_signed *out,
                                    struct mlflow_failure *failure, struct assay_error *err)
{
    struct assay_buf body = {0}, answer = {0};
    struct mlflow_call call = {.method = NET_POST,
                               .path = upload ? MLFLOW_API "/artifacts/presigned-upload-url"
                                              : MLFLOW_API "/artifacts/presigned-download-url",
                               .repeatable = true,
                               .writes = upload};
    enum assay_status status;

    *out = (struct mlflow_signed){0};
    assay_buf_char(&body, '{');
    mlflow_json_member(&body, "run_id", run_id);
    mlflow_json_member(&body, "path", path);
    assay_buf_char(&body, '}');
    call.body = assay_buf_text(&body);
    status = mlflow_call(mlflow, &call, &answer, failure, err);
    if (status == ASSAY_OK && !read_signed(&answer, out))
        status = assay_fail(err, ASSAY_CORRUPT, "%s: the address that it signs is none",
                            mlflow_shown(mlflow));
    assay_buf_free(&body);
    assay_buf_free(&answer);
    if (status != ASSAY_OK)
        mlflow_signed_free(out);
    return status;
}

/* By an address that the server signs. Where it signs none and says why, that is the reason,
   unless the way before it was refused with words, too: "not found" may be a proxy's that lets
   only the API through. */
static enum assay_status fetch_signed(struct mlflow *mlflow, struct download *download,
                                      const char *run_id, const char *path,
                                      enum assay_status before, struct assay_error *err)
{
    struct assay_error refused = {0};
    struct mlflow_failure failure = {0};
    struct mlflow_signed address;
    bool other;

    if (mlflow_ask_signed(mlflow, false, run_id, path, &address, &failure, &refused) !=
        ASSAY_OK) {
        if (failure.code[0] && !download->failure.code[0])
            *err = refused;
        return before;
    }
    assay_error_clear(err); /* what the store says is what is at fault now */
    before = fetch(mlflow, download,
                   &(struct way){address.url, (const char *const *)address.lines}, &other, err);
    mlflow_signed_free(&address);
    return before;
}

enum assay_status mlflow_download(struct mlflow *mlflow, const char *run_id,
                                  const char *artifact_uri, const char *path, int fd,
                                  bool (*progress)(void *context, uint64_t bytes),
                                  void *context, struct assay_error *err)
{
    struct download download = {
        .fd = fd, .start = lseek(fd, 0, SEEK_CUR), .progress = progress, .context = context};
    struct assay_error proxy_error = {0}, first = {0};
    struct assay_buf way = {0};
    enum assay_status status = mlflow_greet(mlflow, NULL, NULL, err);
    bool other = true;

    if (status != ASSAY_OK)
        return status;
    status = ASSAY_IO;
    if (mlflow_proxied_path(artifact_uri, path, &way))
        status = fetch(mlflow, &download, &(struct way){.path = assay_buf_text(&way)}, &other,
                       &proxy_error);
    if (status != ASSAY_OK && other) {
        assay_buf_reset(&way);
        assay_buf_text_add(&way, "/get-artifact");
        url_query(&way, "run_id", run_id);
        url_query(&way, "path", path);
        status = fetch(mlflow, &download, &(struct way){.path = assay_buf_text(&way)}, &other,
                       &first);
    }
    if (status != ASSAY_OK && other)
        status = fetch_signed(mlflow, &download, run_id, path, status, &first);
    assay_buf_free(&way);
    if (status != ASSAY_OK && err && err->status == ASSAY_OK)
        *err = proxy_error.status != ASSAY_OK ? proxy_error : first;
    return status;
}
