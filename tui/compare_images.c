/*
 * Two pictures among the artifacts (compare_view.h): next to each other with what differs
 * beside them, or blinked in one place, where the eye sees at once what moves. Without images
 * in the terminal, as characters by lightness.
 */
#include "compare_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#define BLINK_MS   600
#define THREE_FROM 120 /* columns from which on the difference has room beside the two */
#define IMAGES_MAX 3
#define SHOWN_MAX  1600 /* pixels of a side; a terminal shows no finer ones */

struct compare_images {
    struct assay_image images[IMAGES_MAX]; /* the baseline's, the run's, what differs */
    char titles[IMAGES_MAX][120];          /* clean */
    struct assay_image_delta delta;
    struct assay_frame frames[IMAGES_MAX];
    int fitted[IMAGES_MAX][3]; /* width, height and colours of what is in the frame */
    uint64_t version;          /* of the first frame; raised when one is made anew */
    bool blink;
};

void compare_images_free(struct compare_images **images)
{
    struct compare_images *all = *images;
    for (size_t i = 0; all && i < IMAGES_MAX; i++) {
        assay_image_free(&all->images[i]);
        assay_frame_free(&all->frames[i]);
    }
    free(all);
    *images = NULL;
}

enum assay_status compare_images_make(struct compare_images **out, char *const texts[2],
                                      const size_t lengths[2], const char *const names[2],
                                      struct assay_error *err)
{
    struct compare_images *all = *out = assay_alloc(sizeof *all);
    for (size_t i = 0; i < 2; i++) {
        enum assay_status status = assay_image_read(&all->images[i], texts[i], lengths[i], err);
        if (status != ASSAY_OK) {
            return status;
        }
        snprintf(all->titles[i], sizeof all->titles[i], "%s%s  %d x %d", i == 0 ? "base: " : "",
                 names[i], all->images[i].width, all->images[i].height);
    }
    snprintf(all->titles[2], sizeof all->titles[2], "what differs");
    all->delta = assay_image_compare(&all->images[0], &all->images[1]);
    if (!all->delta.sizes && all->delta.differ > 0) {
        assay_image_subtract(&all->images[0], &all->images[1], &all->images[2]);
    }
    for (size_t i = 0; i < IMAGES_MAX; i++) {
        assay_image_shrink(&all->images[i], SHOWN_MAX, SHOWN_MAX);
    }
    return ASSAY_OK;
}

/* ---- drawing ---- */

static void draw_summary(const struct compare_images *all, struct area line)
{
    const struct assay_image_delta *d = &all->delta;
    if (d->sizes) {
        draw_text(line, 1, 0, ROLE_NORMAL, "of two sizes: their pixels are not compared");
    } else if (d->differ == 0) {
        draw_text(line, 1, 0, ROLE_NORMAL, "every pixel is the same");
    } else {
        char share[32];
        draw_format(
            line, 1, 0, ROLE_NORMAL,
            "%llu of %llu pixels differ (%s %%), by %d of 255 at most, from %d,%d to %d,%d",
            (unsigned long long)d->differ, (unsigned long long)d->pixels,
            assay_number_short(share, 100 * (double)d->differ / (double)d->pixels, 3),
            d->largest, d->left, d->top, d->right, d->bottom);
    }
    const char *hint = all->blink ? "B side by side" : "B blink";
    draw_text(line, line.rect.width - 1 - assay_text_width(hint), 0, ROLE_DIM, hint);
}

static void draw_characters(const struct assay_image *image, struct area area)
{
    static const char marks[] = "@%#*+=-:. ";
    int columns = area.rect.width, rows = area.rect.height;
    uint8_t *light = assay_alloc_array((size_t)columns * (size_t)rows + 1, 1);
    char *line = assay_alloc((size_t)columns + 1);
    assay_image_cells(image, columns, rows, light);
    for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++) {
            line[x] = marks[light[y * columns + x] * (sizeof marks - 2) / 255];
        }
        draw_text(area, 0, y, ROLE_NORMAL, line);
    }
    free(line);
    free(light);
}

static void draw_picture(struct compare_view *view, size_t which, struct area area, int slot)
{
    struct compare_images *all = view->images;
    struct graphics *graphics = term_graphics(view->app->term);
    int width, height;
    draw_field(area, 1, 0, area.rect.width - 2, ALIGN_LEFT, ROLE_STRONG, all->titles[which]);
    struct area pane = area_part(area, 1, 1, area.rect.width - 2, area.rect.height - 1);
    if (pane.rect.width < 1 || pane.rect.height < 1) {
        return;
    }
    if (view->app->text_charts || rect_overlap(pane.rect, view->app->cover) ||
        !graphics_pixels(graphics, pane.rect, &width, &height)) {
        draw_characters(&all->images[which], pane);
        return;
    }
    int colors = graphics_caps(graphics)->registers;
    int *fitted = all->fitted[which];
    if (fitted[0] != width || fitted[1] != height || fitted[2] != colors) {
        assay_frame_resize(&all->frames[which], width, height);
        assay_image_fit(&all->images[which], colors,
                        term_theme(view->app->term)->chart->background, &all->frames[which]);
        memcpy(fitted, (int[]){width, height, colors}, 3 * sizeof *fitted);
        all->version += IMAGES_MAX;
    }
    graphics_place(graphics, slot, pane.rect, &all->frames[which],
                   ((uint64_t)(uintptr_t)all << 16) + all->version + which + 1);
}

void compare_images_draw(struct compare_view *view, struct area area)
{
    struct compare_images *all = view->images;
    int width = area.rect.width, height = area.rect.height - 1;
    if (!all) {
        return;
    }
    draw_summary(all, area_row(area, 0));
    struct area body = area_part(area, 0, 1, width, height);
    if (all->blink) {
        draw_picture(view, (size_t)(view->app->now_ms / BLINK_MS % 2), body, 0);
        app_draw_in(view->app, BLINK_MS - view->app->now_ms % BLINK_MS);
        return;
    }
    int count = width >= THREE_FROM && all->images[2].rgb ? 3 : 2;
    for (int i = 0; i < count; i++) {
        int each = width / count;
        draw_picture(view, (size_t)i, area_part(body, i * each, 0, each, height), i);
    }
}

bool compare_images_blink(struct compare_view *view)
{
    if (!view->images) {
        return false;
    }
    view->images->blink = !view->images->blink;
    return true;
}
