/*
 * Looking at a file (file_preview.h): fetching it beside the screen, and where one is in it.
 * How it is drawn stands in preview_draw.c. Called by the run screen, and
 * for evidence by the screen of a request.
 */
#include "file_preview.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "app.h"
#include "errand.h"

#define PIECE (64u * 1024)

struct preview_job {
    char *root;  /* the folder that no link leads out of */
    char *path;  /* in it; NULL: the bytes are given */
    char *name;  /* whose ending says what it is */
    char *bytes; /* ends with NUL */
    size_t length;
    bool end;
    /* what becomes of it */
    struct preview_page page;
    bool part, tail;
    uint64_t whole;
    char why[200];
};

static void drop_job(void *context)
{
    struct preview_job *job = context;
    preview_page_free(&job->page);
    free(job->root);
    free(job->path);
    free(job->name);
    free(job->bytes);
    free(job);
}

/* ---- on the errand's thread ---- */

static bool read_bytes(struct errand *errand, struct preview_job *job, int fd)
{
    size_t most = assay_image_named(job->name) ? PREVIEW_IMAGE_MAX : PREVIEW_TEXT_MAX;
    size_t want = job->whole < most ? (size_t)job->whole : most;
    job->part = job->whole > most;
    job->tail = job->part && job->end;
    off_t from = job->tail ? (off_t)(job->whole - want) : 0;
    job->bytes = assay_alloc(want + 1);
    while (job->length < want) {
        size_t piece = want - job->length < PIECE ? want - job->length : PIECE;
        ssize_t got = pread(fd, job->bytes + job->length, piece, from + (off_t)job->length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            snprintf(job->why, sizeof job->why, "cannot be read: %s", strerror(errno));
            return false;
        }
        if (got == 0) {
            break; /* it has become shorter meanwhile */
        }
        job->length += (size_t)got;
        errand_say(errand, job->length, want);
        if (errand_unwanted(errand)) {
            return false;
        }
    }
    return true;
}

static bool read_file(struct errand *errand, struct preview_job *job)
{
    struct assay_error err = {0};
    int fd = assay_open_inside(job->root, job->path, &job->whole, &err);
    if (fd < 0) {
        const char *why = strrchr(err.what, ':'); /* which file is on screen already */
        snprintf(job->why, sizeof job->why, "cannot be opened: %.160s",
                 why ? why + 2 : err.what);
    }
    bool read = !job->why[0] && read_bytes(errand, job, fd);
    if (fd >= 0) {
        close(fd);
    }
    return read;
}

/* A text that does not begin at its beginning begins at a line. */
static size_t first_line(const struct preview_job *job)
{
    const char *end = job->tail ? memchr(job->bytes, '\n', job->length) : NULL;
    return end ? (size_t)(end - job->bytes) + 1 : 0;
}

/* Bytes that are given are shown whole: in a form that leaves nothing out, nothing folded. */
static void show_whole(struct preview_job *job)
{
    if (job->page.partial && job->page.kind != PREVIEW_BYTES) {
        preview_page_free(&job->page);
        preview_page_plain(&job->page, job->bytes, job->length);
    }
    for (size_t i = 0; i < job->page.count; i++)
        job->page.lines[i].closed = false;
}

static void work(struct errand *errand, void *context)
{
    struct preview_job *job = context;
    if (job->path && !read_file(errand, job)) {
        return;
    }
    size_t skip = first_line(job);
    preview_page_read(&job->page, job->name, job->bytes + skip, job->length - skip, !job->part);
    if (!job->path) {
        show_whole(job);
    }
    free(job->bytes);
    job->bytes = NULL;
}

/* ---- on the screen's ---- */

void file_preview_init(struct file_preview *preview)
{
    *preview = (struct file_preview){0};
}

static void forget_page(struct file_preview *preview)
{
    preview_page_free(&preview->page);
    preview_shown_forget(preview);
    preview->ready = false;
    preview->row_count = 0;
    preview->width = 0;
}

void file_preview_free(struct file_preview *preview, struct app *app)
{
    errand_drop(&preview->errand, app);
    forget_page(preview);
    image_widget_free(&preview->image);
    free(preview->rows);
    free(preview->key);
    file_preview_init(preview);
}

bool file_preview_has(const struct file_preview *preview, const char *key)
{
    return preview->key && strcmp(preview->key, key) == 0;
}

static void start(struct file_preview *preview, struct app *app, const char *key,
                  struct preview_job *job, bool again)
{
    errand_drop(&preview->errand, app);
    if (!again) {
        bool follow = preview->follow;
        forget_page(preview);
        free(preview->key);
        preview->key = assay_strdup(key);
        preview->top = preview->cursor = 0;
        preview->left = 0;
        preview->filter[0] = '\0';
        preview->follow = follow;
    }
    preview->why[0] = '\0';
    preview->cancelled = false;
    preview->job = job;
    preview->errand = errand_start(app, work, drop_job, job);
    if (!preview->errand) {
        snprintf(preview->why, sizeof preview->why, "cannot be read now: %s", strerror(errno));
    }
}

void file_preview_ask(struct file_preview *preview, struct app *app, const char *root,
                      const char *path, bool end, uint64_t version)
{
    char *whole = assay_path_join(root, path);
    bool again = file_preview_has(preview, whole);
    if (again && (preview->asked == version || preview->errand)) {
        free(whole);
        return;
    }
    struct preview_job *job = assay_alloc(sizeof *job);
    job->root = assay_strdup(root);
    job->path = assay_strdup(path);
    job->name = assay_strdup(path);
    job->end = end;
    preview->asked = version;
    start(preview, app, whole, job, again);
    free(whole);
}

void file_preview_give(struct file_preview *preview, struct app *app, const char *key,
                       const char *name, char *bytes_take, size_t length)
{
    if (file_preview_has(preview, key)) {
        free(bytes_take);
        return;
    }
    struct preview_job *job = assay_alloc(sizeof *job);
    job->name = assay_strdup(name);
    const size_t most = assay_image_named(name) ? PREVIEW_IMAGE_MAX : PREVIEW_TEXT_MAX;
    job->bytes = bytes_take;
    job->length = length < most ? length : most;
    job->bytes[job->length] = '\0';
    job->part = length > most;
    job->whole = length;
    start(preview, app, key, job, false);
}

bool file_preview_take(struct file_preview *preview, struct app *app)
{
    if (!preview->errand || !errand_done(preview->errand)) {
        return false;
    }
    struct preview_job *job = preview->job;
    bool at_end = !preview->ready || preview->cursor + 1 >= preview->row_count;
    size_t top = preview->top, cursor = preview->cursor;
    forget_page(preview);
    snprintf(preview->why, sizeof preview->why, "%s", job->why);
    if (!job->why[0]) {
        preview->page = job->page;
        job->page = (struct preview_page){0};
        preview->ready = true;
        preview->part = job->part;
        preview->tail = job->tail;
        preview->bytes = job->whole;
        static uint64_t
            pages; /* of this process: a picture's name among the terminal's images */
        preview->version = ++pages;
        preview->top = top;
        preview->cursor = cursor;
        preview->to_end = preview->follow && at_end;
    }
    preview->job = NULL;
    errand_drop(&preview->errand, app);
    return true;
}

bool file_preview_cancel(struct file_preview *preview, struct app *app)
{
    if (!preview->errand) {
        return false;
    }
    errand_drop(&preview->errand, app);
    preview->job = NULL;
    preview->cancelled = !preview->ready;
    return true;
}

/* ---- moving ---- */

static void move(struct file_preview *preview, long delta)
{
    long at = (long)preview->cursor + delta, last = (long)preview->row_count - 1;
    at = at > last ? last : at;
    preview->cursor = at < 0 ? 0 : (size_t)at;
}

static bool fold(struct file_preview *preview, bool toggle, bool open)
{
    if (preview->cursor >= preview->row_count) {
        return false;
    }
    struct preview_line *line = &preview->page.lines[preview->rows[preview->cursor].line];
    if (!line->after || (!toggle && line->closed != open)) {
        return false;
    }
    line->closed = !line->closed;
    preview->width = 0; /* the rows are to be made anew */
    return true;
}

static void sideways(struct file_preview *preview, int cells)
{
    preview->left += cells;
    preview->left = preview->left < 0 ? 0 : preview->left > 10000 ? 10000 : preview->left;
}

bool file_preview_command(struct file_preview *preview, enum command_id id)
{
    int page = preview->height > 1 ? preview->height - 1 : 1;
    switch (id) {
    case CMD_DOWN:
    case CMD_UP:
        move(preview, id == CMD_DOWN ? 1 : -1);
        return true;
    case CMD_PAGE_DOWN:
    case CMD_PAGE_UP:
        move(preview, id == CMD_PAGE_DOWN ? page : -page);
        return true;
    case CMD_TOP:
    case CMD_BOTTOM:
        move(preview, id == CMD_BOTTOM ? (long)preview->row_count : -(long)preview->row_count);
        return true;
    case CMD_OPEN:
        return fold(preview, true, true);
    case CMD_LEFT:
    case CMD_RIGHT:
        if (!fold(preview, false, id == CMD_RIGHT)) {
            if (id == CMD_LEFT && preview->left == 0) {
                return false; /* there is nothing on that side */
            }
            sideways(preview, id == CMD_RIGHT ? 8 : -8);
        }
        return true;
    default:
        return false;
    }
}

void file_preview_filter(struct file_preview *preview, const char *words)
{
    if (strcmp(preview->filter, words) != 0) {
        snprintf(preview->filter, sizeof preview->filter, "%s", words);
        preview->width = 0;
        preview->cursor = preview->top = 0;
    }
}

void file_preview_wheel(struct file_preview *preview, int rows)
{
    long top = (long)preview->top + rows;
    long most = (long)preview->row_count - preview->height;
    top = top > most ? most : top;
    top = top < 0 ? 0 : top;
    preview->top = (size_t)top;
    if (preview->cursor < preview->top) {
        preview->cursor = preview->top;
    } else if (preview->height > 0 &&
               preview->cursor >= preview->top + (size_t)preview->height) {
        preview->cursor = preview->top + (size_t)preview->height - 1;
    }
}

void file_preview_click(struct file_preview *preview, int x, int y)
{
    size_t row = preview->top + (size_t)(y - preview->rect.y);
    if (rect_contains(preview->rect, x, y) && row < preview->row_count) {
        preview->cursor = row;
        fold(preview, true, true);
    }
}

bool file_preview_line(const struct file_preview *preview, char **out)
{
    if (!preview->ready || preview->cursor >= preview->row_count) {
        return false;
    }
    const struct preview_line *line = &preview->page.lines[preview->rows[preview->cursor].line];
    const char *text = assay_buf_text(&preview->page.text) + line->at;
    struct assay_buf plain = {0};
    for (; *text; text++) {
        if ((unsigned char)*text >= ' ') {
            assay_buf_char(&plain, *text);
        }
    }
    *out = assay_strdup(assay_buf_text(&plain));
    assay_buf_free(&plain);
    return true;
}
