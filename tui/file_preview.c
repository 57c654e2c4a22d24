/*
 * Previews of files (file_preview.h), for the artifacts of a run. The reading thread owns
 * its request and the pipe's writing end; it sends one byte for how it went and then the text,
 * and is done. Whoever no longer cares closes the reading end.
 */
#include "file_preview.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "app.h"

struct request {
    char *root;
    char *path;
    int out;
};

static void send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t wrote = write(fd, bytes, length);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return; /* nobody reads any more */
        }
        bytes += wrote;
        length -= (size_t)wrote;
    }
}

static void *read_file(void *argument)
{
    struct request *request = argument;
    char *bytes = assay_alloc(PREVIEW_BYTES);
    size_t length = 0;
    struct assay_error err = {0};
    int fd = assay_open_inside(request->root, request->path, NULL, &err);
    char how = fd < 0 ? 'e' : 't';
    while (fd >= 0 && length < PREVIEW_BYTES) {
        ssize_t got = read(fd, bytes + length, PREVIEW_BYTES - length);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
    }
    if (memchr(bytes, '\0', length)) {
        how = 'b';
        length = 0;
    }
    send_all(request->out, &how, 1);
    if (fd < 0) {
        const char *why = strrchr(err.what, ':'); /* which file is on screen already */
        send_all(request->out, why ? why + 2 : err.what, strlen(why ? why + 2 : err.what));
    }
    send_all(request->out, bytes, length);
    if (fd >= 0) {
        close(fd);
    }
    close(request->out);
    free(bytes);
    free(request->root);
    free(request->path);
    free(request);
    return NULL;
}

void file_preview_init(struct file_preview *preview)
{
    *preview = (struct file_preview){.fd = -1, .watch = -1};
}

static void forget(struct file_preview *preview, struct app *app)
{
    if (preview->fd >= 0) {
        loop_unwatch(app->loop, preview->fd);
        close(preview->fd);
        preview->fd = -1;
    }
    assay_buf_free(&preview->raw);
    free(preview->path);
    free(preview->text);
    preview->path = preview->text = NULL;
    preview->why[0] = '\0';
    preview->busy = false;
}

static bool start(struct file_preview *preview, struct app *app, const char *root,
                  const char *path)
{
    int ends[2];
    pthread_t thread;
    pthread_attr_t attributes;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    struct request *request = assay_alloc(sizeof *request);
    *request = (struct request){
        .root = assay_strdup(root), .path = assay_strdup(path), .out = ends[1]};
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigset_t all, before;
    sigfillset(&all); /* signals are for the thread that has the screen */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&thread, &attributes, read_file, request);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failed) {
        close(ends[0]);
        close(ends[1]);
        free(request->root);
        free(request->path);
        free(request);
        return false;
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    preview->fd = ends[0];
    preview->watch = loop_watch(app->loop, ends[0]);
    return true;
}

void file_preview_ask(struct file_preview *preview, struct app *app, const char *root,
                      const char *path)
{
    char *whole = assay_path_join(root, path);
    if (preview->path && strcmp(preview->path, whole) == 0) {
        free(whole);
        return;
    }
    forget(preview, app);
    preview->path = whole;
    preview->busy = start(preview, app, root, path);
    if (!preview->busy) {
        snprintf(preview->why, sizeof preview->why, "%s", strerror(errno));
    }
}

/* Lines stay lines; everything else that a terminal would act on goes. */
static char *clean_lines(const char *bytes, size_t length)
{
    struct assay_buf out = {.limit = (size_t)PREVIEW_BYTES * 4};
    while (length > 0) {
        const char *end = memchr(bytes, '\n', length);
        size_t line = end ? (size_t)(end - bytes) : length;
        size_t shown = line > 0 && bytes[line - 1] == '\r' ? line - 1 : line;
        assay_text_clean(&out, bytes, shown);
        assay_buf_char(&out, '\n');
        bytes += line + (end ? 1 : 0);
        length -= line + (end ? 1 : 0);
    }
    return assay_buf_take(&out);
}

static void understand(struct file_preview *preview)
{
    const char *raw = assay_buf_text(&preview->raw);
    if (*raw == 't') {
        preview->text = clean_lines(raw + 1, preview->raw.length - 1);
    } else {
        snprintf(preview->why, sizeof preview->why, "%s",
                 *raw == 'b' ? "not a text file"
                 : raw[0]    ? raw + 1
                             : "cannot be read");
    }
    assay_buf_free(&preview->raw);
}

bool file_preview_take(struct file_preview *preview, struct app *app)
{
    char bytes[4096];
    ssize_t got = -1;
    while (preview->busy && (got = read(preview->fd, bytes, sizeof bytes)) > 0) {
        assay_buf_add(&preview->raw, bytes, (size_t)got);
    }
    if (got != 0) {
        return false;
    }
    understand(preview);
    loop_unwatch(app->loop, preview->fd);
    close(preview->fd);
    preview->fd = -1;
    preview->busy = false;
    return true;
}

void file_preview_free(struct file_preview *preview, struct app *app)
{
    forget(preview, app);
}
