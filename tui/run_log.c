/*
 * The log tab of the run screen: what the run wrote to its terminal, where its source kept that
 * among the artifacts. Begins at the end and follows a run that is live.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <assay/text.h>

#include "run_view.h"

#define LOGS_MAX 64

/* Names by which trainers and trackers keep a run's output, the surest first. */
static int rank_of(const char *path)
{
    static const char *const names[] = {"output.log", "stdout.log", "stdout.txt", "console.log",
                                        "train.log",  "run.log",    "log.txt",    "stderr.log"};
    const char *name = strrchr(path, '/');
    size_t length = strlen(path), count = sizeof names / sizeof *names;
    name = name ? name + 1 : path;
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(name, names[i]) == 0) {
            return (int)i;
        }
    }
    static const char *const ends[] = {".log", ".out", ".err"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (length > 4 && strcasecmp(path + length - 4, ends[i]) == 0) {
            return (int)(count + i);
        }
    }
    return -1;
}

/* The logs among FILES, the surest first and otherwise in the order of their paths. */
static size_t find_logs(const struct assay_artifacts *files, size_t *logs)
{
    size_t count = 0;
    for (size_t i = 0; i < files->count && count < LOGS_MAX; i++) {
        int rank = files->items[i].directory ? -1 : rank_of(files->items[i].path);
        if (rank < 0) {
            continue;
        }
        size_t at = count++;
        while (at > 0 && rank_of(files->items[logs[at - 1]].path) > rank) {
            logs[at] = logs[at - 1];
            at--;
        }
        logs[at] = i;
    }
    return count;
}

size_t run_log_count(struct run_view *view)
{
    size_t logs[LOGS_MAX];
    return find_logs(assay_session_artifacts(view->app->session, view->run), logs);
}

void run_log_draw(struct run_view *view, struct area area)
{
    const struct assay_artifacts *files =
        assay_session_artifacts(view->app->session, view->run);
    size_t logs[LOGS_MAX], count = find_logs(files, logs);
    char name[400], key[32];
    if (count == 0) {
        draw_text(
            area, 3, 1, ROLE_DIM,
            files->load == ASSAY_LOAD_BUSY
                ? "looking for it"
                : "no output was kept with this run: a log among its artifacts would be shown");
        return;
    }
    view->log %= count;
    const struct assay_artifact *item = &files->items[logs[view->log]];
    assay_text_clean_to(name, sizeof name, item->path);
    bool filtered = run_filter_draw(view, area_row(area, 0));
    int x = filtered ? 0 : 2 + draw_text(area, 2, 0, ROLE_TITLE, name) + 3;
    if (count > 1 && !filtered) {
        keymap_key(&view->app->keymap, CMD_OPEN, WHERE_RUN, key);
        draw_format(area, x, 0, ROLE_DIM, "%zu of %zu, %s shows the next", view->log + 1, count,
                    key);
    }
    view->looking = true;
    view->preview.follow = true;
    run_file_draw(view, files, item,
                  area_part(area, 0, 1, area.rect.width, area.rect.height - 1));
}
