/*
 * The artifacts tab of the run screen: the tree of files with their sizes, and the beginning of
 * the one under the cursor where it is a small text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "draw_wrap.h"
#include "run_view.h"

#define PREVIEW_FROM  80
#define PREVIEW_LIMIT (256u * 1024)
#define OPEN_ALL      40 /* with no more items than this every folder is open at first */

static bool is_open(const struct run_view *view, const char *path, int depth, size_t count)
{
    uint32_t value = assay_map_get(&view->opened, path, strlen(path));
    if (value != ASSAY_MAP_NONE) {
        return value != 0;
    }
    return depth == 0 || count <= OPEN_ALL;
}

static int depth_of(const char *path)
{
    int depth = 0;
    for (; *path; path++) {
        depth += *path == '/';
    }
    return depth;
}

/* Items come sorted by path, so what lies in a closed folder follows it. */
static void build(struct run_view *view, const struct assay_artifacts *files)
{
    const char *closed = NULL;
    size_t closed_length = 0;
    tree_clear(&view->files);
    for (size_t i = 0; i < files->count; i++) {
        const struct assay_artifact *item = &files->items[i];
        if (closed && strncmp(item->path, closed, closed_length) == 0 &&
            item->path[closed_length] == '/') {
            continue;
        }
        closed = NULL;
        struct tree_row *row = tree_add(&view->files);
        const char *name = strrchr(item->path, '/');
        row->depth = depth_of(item->path);
        row->branch = item->directory;
        row->index = (uint32_t)i;
        row->role = item->directory ? ROLE_STRONG : ROLE_NORMAL;
        assay_text_clean_to(row->text, sizeof row->text, name ? name + 1 : item->path);
        if (item->directory) {
            row->open = is_open(view, item->path, row->depth, files->count);
            if (!row->open) {
                closed = item->path;
                closed_length = strlen(item->path);
            }
        } else {
            char bytes[32];
            snprintf(row->note, sizeof row->note, "%s", assay_bytes_text(bytes, item->bytes));
        }
    }
}

static void draw_file(struct run_view *view, const struct assay_artifacts *files,
                      struct area area)
{
    const struct tree_row *row = tree_row(&view->files);
    if (!row || row->branch) {
        return;
    }
    const struct assay_artifact *item = &files->items[row->index];
    const char *why = NULL;
    const struct assay_copy *copy = NULL;
    if (!files->directory && item->bytes <= PREVIEW_LIMIT) {
        copy = assay_session_copy(view->app->session, view->run, item);
    }
    bool here = files->directory || (copy && copy->path);
    if (item->bytes > PREVIEW_LIMIT) {
        why = "too large to look into here";
    } else if (copy && !copy->path) {
        why = copy->load == ASSAY_LOAD_FAILED ? copy->error.what : "fetching";
    } else if (!here) {
        why = "kept elsewhere";
    } else if (copy) {
        char *folder = assay_path_directory(copy->path);
        file_preview_ask(&view->preview, view->app, folder, strrchr(copy->path, '/') + 1);
        free(folder);
        why = view->preview.busy ? "reading" : view->preview.why;
    } else {
        file_preview_ask(&view->preview, view->app, files->directory, item->path);
        why = view->preview.busy ? "reading" : view->preview.why;
    }
    if (!here || item->bytes > PREVIEW_LIMIT || !view->preview.text) {
        draw_text(area, 2, 0, ROLE_DIM, why);
        return;
    }
    const char *line = view->preview.text;
    for (int y = 0; y < area.rect.height && *line; y++) {
        size_t length = strcspn(line, "\n");
        char text[1024];
        snprintf(text, sizeof text, "%.*s", (int)(length < 1000 ? length : 1000), line);
        draw_field(area, 2, y, area.rect.width - 3, ALIGN_LEFT, ROLE_NORMAL, text);
        line += length + (line[length] == '\n');
    }
}

void run_files_draw(struct run_view *view, struct area area)
{
    const struct assay_artifacts *files =
        assay_session_artifacts(view->app->session, view->run);
    int width = area.rect.width, height = area.rect.height;
    build(view, files);
    view->list_rect = area.rect;
    if (files->count == 0) {
        bool failed = files->load == ASSAY_LOAD_FAILED;
        char why[800];
        snprintf(why, sizeof why, "%s%s%s", failed ? files->error.what : "",
                 failed && files->error.hint[0] ? "; " : "", failed ? files->error.hint : "");
        const char *calm =
            files->load == ASSAY_LOAD_BUSY ? "reading" : "this run has no artifacts";
        draw_wrapped(area, 3, 1, width - 6, height - 1, failed ? ROLE_WARNING : ROLE_DIM,
                     failed ? why : calm);
        return;
    }
    int list = width >= PREVIEW_FROM ? width * 2 / 5 : width;
    int foot = files->cut || files->directory ? 1 : 0;
    struct area left = area_part(area, 0, 0, list, height - foot);
    view->list_rect = left.rect;
    tree_draw(&view->files, left, true, -1);
    if (list < width) {
        draw_vline(area, list, 0, height - foot, ROLE_BORDER);
        draw_file(view, files, area_part(area, list + 1, 0, width - list - 1, height - foot));
    }
    if (foot) {
        char where[400];
        const char *closed = files->load == ASSAY_LOAD_READY ? files->error.what : "";
        assay_text_clean_to(where, sizeof where, files->directory ? files->directory : "");
        draw_field(area, 3, height - 1, width - 4, ALIGN_LEFT,
                   *closed ? ROLE_WARNING : ROLE_DIM,
                   *closed      ? closed
                   : files->cut ? "the first 10,000 of more"
                                : where);
    }
}

static void set_open(struct run_view *view, bool open)
{
    const struct assay_artifacts *files =
        assay_session_artifacts(view->app->session, view->run);
    const struct tree_row *row = tree_row(&view->files);
    if (row && row->branch && row->index < files->count) {
        const char *path = files->items[row->index].path;
        assay_map_set(&view->opened, path, strlen(path), open ? 1 : 0);
    }
}

bool run_files_command(struct run_view *view, enum command_id id)
{
    const struct tree_row *row = tree_row(&view->files);
    if (list_command(&view->files.list, view->files.count, id)) {
        return true;
    }
    switch (id) {
    case CMD_OPEN:
        if (row && row->branch) {
            set_open(view, !row->open);
        }
        return true;
    case CMD_RIGHT:
        set_open(view, true);
        return true;
    case CMD_LEFT:
        if (row && row->branch && row->open) {
            set_open(view, false);
        } else if (row) {
            int depth = row->depth;
            while (view->files.list.cursor > 0 && tree_row(&view->files)->depth >= depth &&
                   depth > 0) {
                view->files.list.cursor--;
            }
        }
        return true;
    default:
        return false;
    }
}

void run_files_forget(struct run_view *view)
{
    assay_map_free(&view->opened);
    tree_clear(&view->files);
    view->files.list = (struct list){0};
    file_preview_free(&view->preview, view->app);
}
