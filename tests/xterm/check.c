/*
 * What a real terminal shows, against what it should: the program behind run.sh.
 *
 *     check store PATH                    makes the store that the workbench is opened on
 *     check same LOG SHOT SIZE CELL REGS  the image that was sent last stands on the
 * screenshot, pixel for pixel, and is the chart of the run's points check gone LOG SHOT SIZE
 * CELL REGS  nothing of it is left there
 *
 * LOG is everything the program wrote, SHOT the text area of the terminal as raw RGB, SIZE and
 * CELL are WIDTHxHEIGHT in pixels. Says what differs; exit status 0 where nothing does. The
 * chart is that of train/loss of the fixture's first run, whose points are made here anew.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/chart.h>
#include <assay/file.h>
#include <assay/memory.h>

#include "support/runs_fixture.h"
#include "support/sixel_decode.h"
#include "tui/widget_chart.h"

struct size {
    int width, height;
};

struct shot {
    struct size size, cell;
    const uint8_t *rgb;
};

/* The images of one frame, side by side as they were sent. */
struct sent {
    int x, y, width, height; /* in pixels of the text area */
    uint32_t *pixels;
};

static bool parse_size(const char *text, struct size *size)
{
    return sscanf(text, "%dx%d", &size->width, &size->height) == 2 && size->width > 0 &&
           size->height > 0 && size->width <= 16384 && size->height <= 16384;
}

static bool read_whole(const char *path, struct assay_buf *out)
{
    char bytes[65536];
    FILE *file = fopen(path, "rb");
    size_t got;

    if (file == NULL)
        return false;
    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
        assay_buf_add(out, bytes, got);
    fclose(file);
    return true;
}

/* ---- what was sent ---- */

/* The last frame of images in LOG: from where the cursor is saved to where it is restored. */
static bool find_frame(const struct assay_buf *log, size_t *from, size_t *to)
{
    static const char begin[] = "\0337\033[0m\033[", end[] = "\033\\\0338";
    const char *found = NULL;

    for (size_t i = 0; i + 20 < log->length; i++) {
        const char *at = log->data + i;
        if (memcmp(at, begin, sizeof begin - 1) != 0)
            continue;
        const char *dcs = memchr(at + sizeof begin - 1, 'P', 12);
        if (dcs != NULL && dcs[-1] == '\033')
            found = at;
    }
    if (found == NULL)
        return false;
    *from = (size_t)(found - log->data);
    const char *last = memmem(found, log->length - *from, end, sizeof end - 1);
    if (last == NULL)
        return false;
    *to = (size_t)(last - log->data) + 2;
    return true;
}

static bool place(struct sent *sent, const struct sixel_image *image, int x, int y,
                  struct size area)
{
    if (sent->pixels == NULL) {
        *sent = (struct sent){.x = x, .y = y};
        sent->pixels =
            assay_alloc_array((size_t)area.width * (size_t)area.height, sizeof *sent->pixels);
    }
    if (x < sent->x || y < sent->y || x + image->width > area.width ||
        y + image->height > area.height)
        return false;
    for (int row = 0; row < image->height; row++)
        memcpy(sent->pixels + (y - sent->y + row) * area.width + x - sent->x,
               image->pixels + row * image->width,
               (size_t)image->width * sizeof *image->pixels);
    if (x - sent->x + image->width > sent->width)
        sent->width = x - sent->x + image->width;
    if (y - sent->y + image->height > sent->height)
        sent->height = y - sent->y + image->height;
    return true;
}

static bool read_sent(const struct assay_buf *log, const struct shot *shot, int registers,
                      struct sent *sent)
{
    size_t at, to;

    if (!find_frame(log, &at, &to))
        return false;
    while (at < to) {
        const char *dcs = memmem(log->data + at, to - at, "\033P", 2);
        int row, column, back = 0;
        struct sixel_image image;
        size_t end;

        if (dcs == NULL)
            break;
        while (dcs[back] != '[')
            back--;
        if (sscanf(dcs + back, "[%d;%dH", &row, &column) != 2 ||
            !sixel_image_read(dcs, log->length - (size_t)(dcs - log->data),
                              registers > 256 ? 0 : registers, &image, &end))
            return false;
        bool fits = place(sent, &image, (column - 1) * shot->cell.width,
                          (row - 1) * shot->cell.height, shot->size);
        sixel_image_free(&image);
        if (!fits)
            return false;
        at = (size_t)(dcs - log->data) + end;
    }
    return sent->pixels != NULL;
}

/* ---- what it should be ---- */

static struct assay_series *fixture_series(void)
{
    struct assay_series *series = assay_series_new(ASSAY_LAST_WRITTEN);

    for (int64_t step = 0; step < 1000; step++)
        assay_series_add(
            series,
            &(struct assay_point){.step = step,
                                  .value = step == 500 ? 9 : 0.1 + 1 - (double)step / 1000},
            1);
    return series;
}

static void draw_expected(const struct sent *sent, const struct shot *shot, int registers,
                          struct assay_rgb background, struct assay_frame *frame)
{
    struct assay_series *series = fixture_series();
    struct assay_chart_line line = {.series = series};
    struct assay_chart chart = {.lines = &line,
                                .line_count = 1,
                                .x_min = NAN,
                                .x_max = NAN,
                                .y_min = NAN,
                                .y_max = NAN};
    struct assay_chart_palette palette = assay_palette_dark;
    size_t grid_x, grid_y;
    double rows = (double)sent->height / shot->cell.height;

    /* On the terminal's own background, the grid as far from it as from the theme's. */
    palette.grid.r = (uint8_t)(palette.grid.r + background.r - palette.background.r);
    palette.grid.g = (uint8_t)(palette.grid.g + background.g - palette.background.g);
    palette.grid.b = (uint8_t)(palette.grid.b + background.b - palette.background.b);
    palette.background = background;
    assay_chart_fit(&chart, NULL);
    chart_widget_ticks(&chart, sent->width / shot->cell.width, rows, &grid_x, &grid_y);
    assay_frame_resize(frame, sent->width, sent->height);
    assay_chart_raster(&chart,
                       &(struct assay_raster_options){.palette = &palette,
                                                      .registers = registers,
                                                      .cursor_x = NAN,
                                                      .grid_x = grid_x,
                                                      .grid_y = grid_y},
                       frame);
    assay_series_free(&series);
}

/* ---- comparing ---- */

static uint32_t packed(const uint8_t *rgb)
{
    return (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
}

static uint32_t shot_pixel(const struct shot *shot, int x, int y)
{
    return packed(shot->rgb + 3 * ((size_t)y * (size_t)shot->size.width + (size_t)x));
}

/* A colour as xterm gives it to the display: percent of 65535, of which the upper byte shows.
   Ours are whole percents, rounded to a byte each. */
static uint32_t as_shown(uint32_t color)
{
    uint32_t shown = 0;

    for (int shift = 16; shift >= 0; shift -= 8) {
        uint32_t percent = ((color >> shift & 255) * 100 + 127) / 255;
        shown = shown << 8 | percent * 65535 / 100 >> 8;
    }
    return shown;
}

/* The colour that the image has most of, of a few places: the terminal's own, as it told. */
static uint32_t background_of(const struct sent *sent, const struct shot *shot)
{
    uint32_t best = 0;
    int most = 0;

    for (int i = 1; i < 16; i++) {
        uint32_t color = sent->pixels[i + 2 * i * shot->size.width];
        int count = 0;
        for (int k = 1; k < 16; k++)
            count += sent->pixels[k + 2 * k * shot->size.width] == color;
        if (count > most) {
            most = count;
            best = color;
        }
    }
    return best;
}

/* The two pictures of the same place, and the chart they should be. */
static int compare(const struct sent *sent, const struct shot *shot, int registers)
{
    uint32_t empty = background_of(sent, shot);
    struct assay_rgb background = {(uint8_t)(empty >> 16), (uint8_t)(empty >> 8),
                                   (uint8_t)empty};
    struct assay_frame frame = {0};
    int differ_shown = 0, differ_sent = 0, lines = 0;

    draw_expected(sent, shot, registers, background, &frame);
    for (int y = 0; y < sent->height; y++)
        for (int x = 0; x < sent->width; x++) {
            uint32_t was_sent = sent->pixels[y * shot->size.width + x];
            uint8_t index = frame.pixels[y * frame.width + x];
            const struct assay_rgb *rgb = &frame.palette[index];

            lines += index == 4; /* the first series' own colour */
            differ_sent += was_sent != packed((const uint8_t[]){rgb->r, rgb->g, rgb->b});
            differ_shown += as_shown(was_sent) != shot_pixel(shot, sent->x + x, sent->y + y);
        }
    assay_frame_free(&frame);
    printf("%d x %d pixels at %d,%d, %d of the line: %d sent are not the chart, %d shown are "
           "not what was sent\n",
           sent->width, sent->height, sent->x, sent->y, lines, differ_sent, differ_shown);
    return differ_sent == 0 && differ_shown == 0 && lines > sent->width ? 0 : 1;
}

/* Where the image had its line, nothing of that colour may be left: text may stand there. */
static int left_over(const struct sent *sent, const struct shot *shot)
{
    uint32_t empty = background_of(sent, shot);
    int total = 0, left = 0;

    for (int y = 0; y < sent->height; y++)
        for (int x = 0; x < sent->width; x++) {
            uint32_t was_sent = sent->pixels[y * shot->size.width + x];

            if (was_sent == empty)
                continue;
            total++;
            left += as_shown(was_sent) == shot_pixel(shot, sent->x + x, sent->y + y);
        }
    printf("%d of %d pixels of the image are left\n", left, total);
    return left * 100 > total ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct assay_buf log = {0}, rgb = {0};
    struct sent sent = {0};
    struct shot shot = {0};
    int status = 2;

    if (argc == 3 && strcmp(argv[1], "store") == 0) {
        fixture_make(argv[2]);
        return 0;
    }
    if (argc != 7 || !read_whole(argv[2], &log) || !read_whole(argv[3], &rgb) ||
        !parse_size(argv[4], &shot.size) || !parse_size(argv[5], &shot.cell)) {
        fprintf(stderr, "usage: check store PATH | check same|gone LOG SHOT SIZE CELL REGS\n");
    } else if (rgb.length != (size_t)shot.size.width * (size_t)shot.size.height * 3) {
        printf("the screenshot has %zu bytes\n", rgb.length);
    } else {
        int registers = atoi(argv[6]);
        shot.rgb = (const uint8_t *)rgb.data;
        if (!read_sent(&log, &shot, registers, &sent))
            printf("no image was sent\n");
        else
            status = strcmp(argv[1], "gone") == 0 ? left_over(&sent, &shot)
                                                  : compare(&sent, &shot, registers);
    }
    free(sent.pixels);
    assay_buf_free(&log);
    assay_buf_free(&rgb);
    return status;
}
