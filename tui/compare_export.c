/*
 * The comparison carried away from the screen (compare_view.h): the program itself, started
 * again as `assay compare` with what is on the screen, writes the file, so that both say the
 * same and nothing here waits for it.
 */
#include "compare_view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/memory.h>

struct compare_export {
    struct process process;
    char path[400];
};

/* ---- what it is asked ---- */

struct words {
    char **items;
    size_t count, capacity;
};

static void add_word(struct words *words, const char *text)
{
    ASSAY_GROW(words->items, words->capacity, words->count + 2);
    words->items[words->count++] = assay_strdup(text);
    words->items[words->count] = NULL;
}

static void words_free(struct words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        free(words->items[i]);
    }
    free(words->items);
}

static void add_sources(const struct compare_view *view, struct words *words)
{
    const struct assay_catalog *catalog = view->app->catalog;
    size_t count = assay_catalog_sources(catalog);
    bool *added = assay_alloc_array(count + 1, sizeof *added);
    for (size_t i = 0; i < assay_comparison_runs(view->comparison); i++) {
        uint32_t run = assay_comparison_run(view->comparison, i)->run;
        uint32_t source = assay_catalog_run(catalog, run)->source;
        const struct assay_source *from = assay_catalog_source(catalog, source);
        if (!added[source]) {
            add_word(words, "-S");
            add_word(words, strcmp(from->kind, "local") == 0 ? "local" : from->where);
        }
        added[source] = true;
    }
    free(added);
}

static void add_runs(const struct compare_view *view, struct words *words)
{
    add_word(words, "--baseline");
    add_word(words, assay_comparison_run(view->comparison, view->base)->id);
    add_word(words, "--");
    for (size_t i = 0; i < assay_comparison_runs(view->comparison); i++) {
        add_word(words, assay_comparison_run(view->comparison, i)->id);
    }
}

static const char *format_of(const char *path)
{
    static const char *const formats[][2] = {
        {".html", "html"}, {".htm", "html"},  {".md", "md"},    {".csv", "csv"},
        {".json", "json"}, {".tex", "latex"}, {".txt", "table"}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < ASSAY_COUNT(formats); i++) {
        if (strcmp(dot, formats[i][0]) == 0) {
            return formats[i][1];
        }
    }
    return NULL;
}

static void add_look(const struct compare_view *view, struct words *words)
{
    static const char *const stats[] = {
        [ASSAY_STAT_LAST] = "last",
        [ASSAY_STAT_MIN] = "min",
        [ASSAY_STAT_MAX] = "max",
        [ASSAY_STAT_BEST] = "best",
    };
    add_word(words, "--stat");
    add_word(words, stats[assay_comparison_stat(view->comparison)]);
    if (view->all) {
        add_word(words, "--all");
    }
    if (view->files) {
        add_word(words, "--files");
    }
    if (view->grouped) {
        add_word(words, "--group-by");
        add_word(words, view->group_by ? view->group_by : "auto");
    }
    if (view->at.on) {
        char at[300];
        snprintf(at, sizeof at, "%s=%.17g",
                 view->at.metric[0]                     ? view->at.metric
                 : view->at.axis == ASSAY_AXIS_RELATIVE ? "time"
                                                        : "step",
                 view->at.x);
        add_word(words, "--at");
        add_word(words, at);
    }
}

/* The page that is open, where the command has it as well: what goes with a metric, or the
   front of two aims, whose names a comma parts there. */
static void add_page(const struct compare_view *view, struct words *words)
{
    char aims[2 * CHART_METRIC_SIZE + 2];
    if (view->page == COMPARE_FACTORS || view->page == COMPARE_PARALLEL) {
        add_word(words, "--explain");
        add_word(words, assay_comparison_row(view->comparison, view->explained)->key);
    } else if (view->page == COMPARE_FRONT && !strchr(view->front.names[0], ',') &&
               !strchr(view->front.names[1], ',')) {
        snprintf(aims, sizeof aims, "%s,%s", view->front.names[0], view->front.names[1]);
        add_word(words, "--pareto");
        add_word(words, aims);
    }
}

/* ---- its life ---- */

/* NAME, or NAME-2 and so on where that is there. */
static void free_name(char *out, size_t capacity, const char *stem, const char *end)
{
    snprintf(out, capacity, "%s%s", stem, end);
    for (int i = 2; i < 1000 && access(out, F_OK) == 0; i++) {
        snprintf(out, capacity, "%s-%d%s", stem, i, end);
    }
}

void compare_export(struct compare_view *view, const char *path, bool bundle)
{
    if (view->export) {
        app_say(view->app, "%s is still being written", view->export->path);
        return;
    }
    struct compare_export *out = assay_alloc(sizeof *out);
    snprintf(out->path, sizeof out->path, "%s", path);
    if (!*path) {
        free_name(out->path, sizeof out->path, "comparison", bundle ? ".bundle.json" : ".html");
    }
    const char *format = format_of(out->path);
    if (strlen(path) >= sizeof out->path || (!bundle && !format)) {
        app_say(view->app, "what kind of file? .html, .md, .csv, .json, .tex or .txt");
        free(out);
        return;
    }
    if (access(out->path, F_OK) == 0) {
        app_say(view->app, "%s is there already: name another", out->path);
        free(out);
        return;
    }
    struct words words = {0};
    add_word(&words, "assay");
    add_word(&words, "compare");
    add_sources(view, &words);
    add_look(view, &words);
    add_word(&words, bundle ? "--save" : "-o");
    add_word(&words, out->path);
    if (!bundle) {
        add_word(&words, "--format");
        add_word(&words, format);
        add_page(view, &words);
    }
    add_runs(view, &words);
    if (process_start(&out->process, words.items, true)) {
        view->export = out;
        app_draw_in(view->app, 20);
    } else {
        app_say(view->app, "%s: %s", out->path, strerror(errno));
        free(out);
    }
    words_free(&words);
}

void compare_export_step(struct compare_view *view)
{
    struct compare_export *out = view->export;
    if (!out) {
        return;
    }
    enum process_state state = process_read(&out->process);
    if (state == PROCESS_RUNS) {
        app_draw_in(view->app, 30);
        return;
    }
    char *said = out->process.said;
    said[strcspn(said, "\n")] = '\0';
    if (state == PROCESS_DONE) {
        app_say(view->app, "wrote %s", *said ? said : out->path);
    } else if (access(out->path, F_OK) == 0) {
        app_say(view->app, "wrote %s, not without trouble: %s", out->path, said);
    } else {
        app_say(view->app, "%s was not written: %s", out->path,
                *said ? said : "it said nothing");
    }
    free(out);
    view->export = NULL;
}

void compare_export_stop(struct compare_view *view)
{
    if (view->export) {
        process_stop(&view->export->process);
        free(view->export);
        view->export = NULL;
    }
}
