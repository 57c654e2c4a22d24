/*
 * A picture on the screen (widget_image.h), for previews of files.
 */
#include "widget_image.h"

#include <stdlib.h>

#include <assay/memory.h>

#include "app.h"

static void draw_characters(const struct assay_image *image, struct area area)
{
    static const char marks[] = "@%#*+=-:. ";
    int columns = area.rect.width, rows = area.rect.height;
    uint8_t *light = assay_alloc_array((size_t)columns * (size_t)rows + 1, 1);
    char *line = assay_alloc((size_t)columns + 1);
    bool bright = !area.canvas->theme->light; /* ink is light there: dense marks are */
    int width, height; /* of the picture: around it nothing is drawn, as around pixels */
    assay_image_cells(image, columns, rows, light, &width, &height);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            int value = light[y * columns + x];
            line[x] = marks[(bright ? 255 - value : value) * (int)(sizeof marks - 2) / 255];
        }
        line[width] = '\0';
        draw_text(area, (columns - width) / 2, (rows - height) / 2 + y, ROLE_NORMAL, line);
    }
    free(line);
    free(light);
}

void image_widget_draw(struct image_widget *widget, struct app *app,
                       const struct assay_image *image, uint64_t version, struct area area,
                       int slot)
{
    struct graphics *graphics = term_graphics(app->term);
    int width, height;
    if (area.rect.width < 1 || area.rect.height < 1 || !image->rgb) {
        return;
    }
    if (app->text_charts || rect_overlap(area.rect, app->cover) ||
        !graphics_pixels(graphics, area.rect, &width, &height)) {
        draw_characters(image, area);
        return;
    }
    int colors = graphics_caps(graphics)->registers;
    struct assay_rgb background = term_theme(app->term)->chart->background;
    uint64_t key = version << 24 ^ (uint64_t)background.r << 16 ^ (uint64_t)background.g << 8 ^
                   background.b;
    if (widget->width != width || widget->height != height || widget->colors != colors ||
        widget->version != key) {
        assay_frame_resize(&widget->frame, width, height);
        assay_image_fit(image, colors, background, &widget->frame);
        widget->width = width;
        widget->height = height;
        widget->colors = colors;
        widget->version = key;
    }
    /* Charts name their frames by hashes of what they show: these are none of those. */
    graphics_place(graphics, slot, area.rect, &widget->frame,
                   key * 0x9e3779b97f4a7c15u + (uint64_t)(width * 31 + height) + 2);
}

void image_widget_free(struct image_widget *widget)
{
    assay_frame_free(&widget->frame);
    *widget = (struct image_widget){0};
}
