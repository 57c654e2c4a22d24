/*
 * The artifacts tab of the run screen: the tree of files with their sizes, and the one under
 * the cursor beside it, or in the whole tab.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "draw_wrap.h"
#include "run_view.h"

#define PREVIEW_FROM 80
#define FETCH_LIMIT  (256u * 1024) /* what is fetched from a server without being asked */
#define OPEN_ALL     40 /* with no more items than this every folder is open at first */

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

/* Asks the viewer for ITEM, which lies in the folder of the artifacts or in a copy; false, and
   why in *why, where it is not on this machine (yet). */
static bool ask_for(struct run_view *view, const struct assay_artifacts *files,
                    const struct assay_artifact *item, const char **why)
{
    const uint64_t version = item->bytes ^ (uint64_t)item->modified_ms << 20;
    const bool end = view->tab == RUN_LOG;
    if (files->directory) {
        file_preview_ask(&view->preview, view->app, files->directory, item->path, end, version);
        return true;
    }
    if (item->bytes > FETCH_LIMIT && !view->looking) {
        *why = "large: enter fetches it";
        return false;
    }
    if (item->bytes > PREVIEW_IMAGE_MAX) {
        *why = "too large to be fetched for a look: assay artifacts saves it";
        return false;
    }
    const struct assay_copy *copy = assay_session_copy(view->app->session, view->run, item);
    if (copy && copy->path) {
        char *folder = assay_path_directory(copy->path);
        file_preview_ask(&view->preview, view->app, folder, strrchr(copy->path, '/') + 1, end,
                         version);
        free(folder);
        return true;
    }
    *why = !copy                             ? "kept elsewhere"
           : copy->load == ASSAY_LOAD_FAILED ? copy->error.what
                                             : "fetching";
    return false;
}

void run_file_draw(struct run_view *view, const struct assay_artifacts *files,
                   const struct assay_artifact *item, struct area area)
{
    const char *why = "";
    if (!ask_for(view, files, item, &why)) {
        char clean[300];
        assay_text_clean_to(clean, sizeof clean, why);
        draw_text(area, 2, 0, ROLE_DIM, clean);
        return;
    }
    file_preview_draw(&view->preview, view->app, area, view->looking, 0);
}

/* The file under the cursor of the tree; NULL where it is a folder or nothing. */
static const struct assay_artifact *file_here(struct run_view *view,
                                              const struct assay_artifacts *files)
{
    const struct tree_row *row = tree_row(&view->files);
    return row && !row->branch && row->index < files->count ? &files->items[row->index] : NULL;
}

/* One file over the whole tab, its name above it. */
static void draw_looking(struct run_view *view, const struct assay_artifacts *files,
                         const struct assay_artifact *item, struct area area)
{
    char name[400];
    assay_text_clean_to(name, sizeof name, item->path);
    if (!run_filter_draw(view, area_row(area, 0))) {
        draw_field(area, 2, 0, area.rect.width - 4, ALIGN_LEFT, ROLE_TITLE, name);
    }
    run_file_draw(view, files, item,
                  area_part(area, 0, 1, area.rect.width, area.rect.height - 1));
}

void run_files_draw(struct run_view *view, struct area area)
{
    const struct assay_artifacts *files =
        assay_session_artifacts(view->app->session, view->run);
    int width = area.rect.width, height = area.rect.height;
    build(view, files);
    view->list_rect = area.rect;
    const struct assay_artifact *item = file_here(view, files);
    view->looking &= item != NULL;
    if (view->looking) {
        draw_looking(view, files, item, area);
        return;
    }
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
        if (item) {
            run_file_draw(view, files, item,
                          area_part(area, list + 1, 0, width - list - 1, height - foot));
        }
    }
    if (foot) {
        char where[400];
        const char *closed = files->load == ASSAY_LOAD_READY ? files->error.what : "";
        assay_text_clean_to(where, sizeof where, files->directory ? files->directory : "");
        draw_field(area, 3, height - 1, width - 4, ALIGN_LEFT,
                   *closed ? ROLE_WARNING : ROLE_DIM,
                   *closed      ? closed
                   : files->cut ? "10,000 of more, as the disk has them"
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
        } else {
            view->looking = row != NULL;
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

const char *run_files_path(struct run_view *view)
{
    const struct assay_artifacts *files =
        assay_session_artifacts(view->app->session, view->run);
    const struct tree_row *row = tree_row(&view->files);
    return row && row->index < files->count ? files->items[row->index].path : NULL;
}

void run_files_forget(struct run_view *view)
{
    assay_map_free(&view->opened);
    tree_clear(&view->files);
    view->files.list = (struct list){0};
    file_preview_free(&view->preview, view->app);
}
