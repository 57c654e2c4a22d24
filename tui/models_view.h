/*
 * The models screen: its state, shared by view_models.c (the list, commands), models_detail.c
 * (the version under the cursor, what changed since the champion) and models_change.c (writing:
 * typed, shown, made).
 */
#ifndef TUI_MODELS_VIEW_H
#define TUI_MODELS_VIEW_H

#include <assay/change.h>
#include <assay/compare.h>
#include <assay/map.h>
#include <assay/registry.h>

#include "app.h"
#include "widget_list.h"
#include "widget_prompt.h"

struct models_line {
    uint32_t source;
    const struct assay_registered_model *model; /* until the session changes something */
    const struct assay_model_version *version;  /* NULL: the model itself */
};

enum models_asking {
    MODELS_IDLE,
    MODELS_TYPING,
    MODELS_LOOKING, /* what the server has now is being asked */
    MODELS_CONFIRM, /* it is on screen; enter writes */
    MODELS_WRITING,
};

struct models_view {
    struct app *app;
    struct models_line *lines;
    size_t count, capacity;
    size_t models, versions, servers;
    struct assay_map folded; /* models that are shut, by source and name */
    struct list list;
    struct rect rect;
    struct { /* the line under the cursor, found again when the list is made anew */
        uint32_t source;
        char model[300], version[40];
    } here;

    /* models_detail.c: the two runs that were compared last */
    struct assay_comparison *comparison;
    uint32_t compared[2];
    uint64_t compared_at; /* the catalog's version then */

    /* models_change.c */
    enum models_asking asking;
    struct prompt prompt;
    enum assay_change_kind kind;
    struct assay_arena arena; /* of the change */
    struct assay_change change;
    char *before;
    uint64_t job;
};

/* The line under the cursor; NULL where there is none. */
const struct models_line *models_here(const struct models_view *view);
/* The run of the catalog with this id on SOURCE; ASSAY_NONE where it is not known. */
uint32_t models_run(const struct models_view *view, uint32_t source, const char *id);
const struct assay_model_version *models_champion(const struct models_line *line);

void models_detail_draw(struct models_view *view, struct area area);
void models_detail_free(struct models_view *view);

void models_change_begin(struct models_view *view, enum assay_change_kind kind);
bool models_change_event(struct models_view *view, const struct event *event);
/* Takes what came of the look, or of the change. */
void models_change_poll(struct models_view *view);
void models_change_draw(struct models_view *view, struct area row);
const char *models_change_typing(const struct models_view *view);
void models_change_free(struct models_view *view);

#endif
