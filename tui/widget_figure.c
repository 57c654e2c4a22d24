/*
 * A figure on the screen (widget_figure.h), for the pages of a comparison.
 */
#include "widget_figure.h"

#include <stdlib.h>

#include <assay/memory.h>

#include "app.h"
#include "crew.h"

/* All that making the image takes. */
struct figure_paint {
    const struct assay_figure *figure;
    struct assay_raster_options options;
    struct assay_hands hands;
    struct assay_frame *frame;
    struct graphics *graphics;
    int slot;
};

void figure_widget_free(struct figure_widget *widget)
{
    assay_figure_free(&widget->figure);
    assay_frame_free(&widget->frame);
    free(widget->paint);
    assay_cells_free(&widget->cells);
    *widget = (struct figure_widget){0};
}

/* The size of the image that fills PLOT; false where it is drawn in characters. */
static bool image_size(const struct app *app, struct rect plot, int *width, int *height)
{
    return !app->text_charts && !rect_overlap(plot, app->cover) &&
           graphics_pixels(term_graphics(app->term), plot, width, height);
}

double figure_widget_rows(const struct app *app, struct area plot)
{
    int width, height;
    if (!image_size(app, plot.rect, &width, &height)) {
        return plot.rect.height;
    }
    return (double)height / graphics_caps(term_graphics(app->term))->cell_height;
}

static void paint(void *context)
{
    struct figure_paint *work = context;
    assay_figure_raster(work->figure, &work->options, work->frame);
    graphics_encode(work->graphics, work->slot, &work->hands);
}

/* Has the image made while other things are drawn. */
static void start_paint(struct figure_widget *widget, struct app *app, int slot)
{
    if (!widget->paint) {
        widget->paint = assay_alloc(sizeof *widget->paint);
    }
    struct figure_paint *work = widget->paint;
    work->figure = &widget->figure;
    work->hands = crew_hands(app->crew);
    work->options = (struct assay_raster_options){
        .palette = term_theme(app->term)->chart,
        .registers = graphics_caps(term_graphics(app->term))->registers,
        .hands = &work->hands,
    };
    work->frame = &widget->frame;
    work->graphics = term_graphics(app->term);
    work->slot = slot;
    crew_add(app->crew, paint, work);
}

/* What the picture depends on, in one number. */
static uint64_t version_of(const struct figure_widget *widget, const struct app *app, int width,
                           int height)
{
    const struct assay_chart_palette *palette = term_theme(app->term)->chart;
    uint64_t version = assay_figure_version(&widget->figure);
    uint64_t place = ((uint64_t)width << 32) + (uint64_t)height * 4096 +
                     (uint64_t)graphics_caps(term_graphics(app->term))->registers;
    version = (version ^ place) * 0x9e3779b97f4a7c15u;
    version = (version ^ (uintptr_t)palette) * 0x9e3779b97f4a7c15u;
    return version | 1;
}

static bool draw_image(struct figure_widget *widget, struct app *app, struct rect plot,
                       int slot)
{
    struct graphics *graphics = term_graphics(app->term);
    int width, height;
    if (!image_size(app, plot, &width, &height)) {
        return false;
    }
    uint64_t version = version_of(widget, app, width, height);
    bool fits = widget->frame.width == width && widget->frame.height == height;
    bool anew = version != widget->version;
    if (anew && fits && widget->version && !graphics_ready(graphics)) {
        app->retry = true; /* the terminal has not yet taken the last one: keep that */
        anew = false;
    }
    if (anew) {
        assay_frame_resize(&widget->frame, width, height);
        widget->frame.colors = 1; /* until it is painted */
        widget->version = version;
    }
    if (!graphics_place(graphics, slot, plot, &widget->frame, widget->version)) {
        return false;
    }
    if (anew) {
        start_paint(widget, app, slot);
    }
    return true;
}

void figure_widget_draw(struct figure_widget *widget, struct app *app, struct area plot,
                        int slot)
{
    if (plot.rect.width < 1 || plot.rect.height < 1 ||
        draw_image(widget, app, plot.rect, slot)) {
        return;
    }
    widget->version = 0;
    assay_cells_resize(&widget->cells, plot.rect.width, plot.rect.height);
    assay_figure_cells(&widget->figure,
                       term_ascii(app->term) ? ASSAY_GLYPHS_ASCII : ASSAY_GLYPHS_BRAILLE,
                       &widget->cells);
    draw_cells(plot, 0, 0, &widget->cells);
}
