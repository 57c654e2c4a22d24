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

#include "widget_image.h"

#define BLINK_MS   600
#define THREE_FROM 120 /* columns from which on the difference has room beside the two */
#define IMAGES_MAX 3
#define SHOWN_MAX  1600 /* pixels of a side; a terminal shows no finer ones */

struct compare_images {
    struct assay_image images[IMAGES_MAX]; /* the baseline's, the run's, what differs */
    char titles[IMAGES_MAX][120];          /* clean */
    struct assay_image_delta delta;
    struct image_widget widgets[IMAGES_MAX];
    uint64_t serial; /* which pictures of this comparison these are, from 1; 0 not yet shown */
    bool blink;
};

void compare_images_free(struct compare_images **images)
{
    struct compare_images *all = *images;
    for (size_t i = 0; all && i < IMAGES_MAX; i++) {
        assay_image_free(&all->images[i]);
        image_widget_free(&all->widgets[i]);
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
            struct assay_error why = *err;
            snprintf(err->what, sizeof err->what, "%.80s: %.400s", names[i], why.what);
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
    char text[200], share[32];
    if (d->sizes) {
        snprintf(text, sizeof text, "of two sizes: their pixels are not compared");
    } else if (d->differ == 0) {
        snprintf(text, sizeof text, "every pixel is the same");
    } else {
        snprintf(
            text, sizeof text,
            "%llu of %llu pixels differ (%s %%), by %d of 255 at most, from %d,%d to %d,%d",
            (unsigned long long)d->differ, (unsigned long long)d->pixels,
            assay_number_short(share, 100 * (double)d->differ / (double)d->pixels, 3),
            d->largest, d->left, d->top, d->right, d->bottom);
    }
    const char *hint = all->blink ? "B side by side" : "B blink";
    int room = line.rect.width - 3 - assay_text_width(hint);
    draw_field(line, 1, 0, room - 1, ALIGN_LEFT, ROLE_NORMAL, text);
    draw_text(line, room + 2, 0, ROLE_DIM, hint);
}

static void draw_picture(struct compare_view *view, size_t which, struct area area, int slot)
{
    struct compare_images *all = view->images;
    draw_field(area, 1, 0, area.rect.width - 2, ALIGN_LEFT, ROLE_STRONG, all->titles[which]);
    /* Numbers that no other picture has, whatever is shown in the slot before or after. */
    image_widget_draw(&all->widgets[which], view->app, &all->images[which],
                      (UINT64_C(1) << 32) + all->serial * IMAGES_MAX + which,
                      area_part(area, 1, 1, area.rect.width - 2, area.rect.height - 1), slot);
}

void compare_images_draw(struct compare_view *view, struct area area)
{
    struct compare_images *all = view->images;
    int width = area.rect.width, height = area.rect.height - 1;
    if (!all) {
        return;
    }
    all->serial = all->serial ? all->serial : ++view->pictures;
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
