/*
 * The models screen: its state, shared by view_models.c (the list, commands), models_detail.c
 * (the version under the cursor, what changed since the champion), models_digest.c (the digest
 * of its files) and models_change.c (what is written).
 */
#ifndef TUI_MODELS_VIEW_H
#define TUI_MODELS_VIEW_H

#include <assay/compare.h>
#include <assay/map.h>
#include <assay/registry.h>

#include "app.h"
#include "change_ask.h"
#include "widget_list.h"

struct models_line {
    uint32_t source;
    const struct assay_registered_model *model; /* until the session changes something */
    const struct assay_model_version *version;  /* NULL: the model itself */
};

struct models_view {
    struct app *app;
    struct models_line *lines;
    size_t count, capacity;
    size_t models, versions, registries;
    size_t filled;           /* registries that have models */
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

    struct { /* models_detail.c: the page beside the list */
        struct rect rect;
        int top, rows; /* the first row shown, of how many */
        int champion;  /* the row at which what changed since begins; 0 it does not */
        bool whole;    /* every difference is listed */
        char *of;      /* the line it is about */
    } detail;

    struct change_ask ask;
};

/* The line under the cursor; NULL where there is none. */
const struct models_line *models_here(const struct models_view *view);
/* The run of the catalog with this id on SOURCE; ASSAY_NONE where it is not known. */
uint32_t models_run(const struct models_view *view, uint32_t source, const char *id);
const struct assay_model_version *models_champion(const struct models_line *line);

void models_detail_draw(struct models_view *view, struct area area);
void models_detail_scroll(struct models_view *view, int rows);
/* Every difference from the champion, or the first ones again. */
void models_detail_champion(struct models_view *view);
void models_detail_free(struct models_view *view);

/* ---- models_digest.c ---- */
/* What is known of the digest of AT's files, at row *y of AREA beside a label of LABEL cells;
 *y goes on. */
void models_digest_draw(struct models_view *view, const struct models_line *at,
                        struct area area, int label, int *y);
/* Has the digest of the version under the cursor computed. */
void models_digest_compute(struct models_view *view);

/* ---- models_change.c ---- */
/* Begins the change that the command ID of the models screen means; false where it means none.
 */
bool models_change_command(struct models_view *view, enum command_id id);

#endif
