/*
 * The terminal layer on a terminal: a small program of a chart, a list and a box, run on the
 * test terminal in each of its personalities.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/chart.h>

#include "support/screen.h"
#include "tui/loop.h"
#include "tui/term.h"

#define CHART_X 30
#define CHART_Y 2

/* ---- the program ---- */

struct demo {
    struct term *term;
    struct assay_frame frame;
    uint64_t version;
    int row, first, keys;
    bool box, chart, quit, prompt;
    char last[128];
};

static struct rect chart_rect(const struct canvas *canvas)
{
    return (struct rect){.x = CHART_X,
                         .y = CHART_Y,
                         .width = canvas->width - CHART_X - 2,
                         .height = canvas->height - 4};
}

/* A frame around the plot in the axis' colour, and one colour more for each version. */
static void paint(struct demo *demo, int width, int height)
{
    const struct assay_chart_palette *palette = term_theme(demo->term)->chart;
    struct assay_frame *frame = &demo->frame;

    assay_frame_resize(frame, width, height);
    frame->colors = 27;
    frame->palette[0] = palette->background;
    frame->palette[1] = palette->axis;
    for (int i = 2; i < 27; i++)
        frame->palette[i] = palette->series[i % ASSAY_CHART_COLORS];
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            frame->pixels[y * width + x] = x == 0 || y == 0 || x == width - 1 || y == height - 1
                                               ? 1
                                               : (uint8_t)(x == y ? 2 + demo->version % 25 : 0);
}

static void draw_chart(struct demo *demo, struct area all)
{
    struct graphics *graphics = term_graphics(demo->term);
    struct rect rect = chart_rect(all.canvas);
    int width, height;

    if (!demo->chart)
        return;
    if (!graphics_pixels(graphics, rect, &width, &height)) {
        draw_text(all, rect.x + 2, rect.y + 2, ROLE_DIM, "chart in text");
        return;
    }
    paint(demo, width, height);
    graphics_place(graphics, 3, rect, &demo->frame, demo->version);
}

static void draw(struct demo *demo)
{
    struct area all = area_all(term_canvas(demo->term));
    struct graphics *graphics = term_graphics(demo->term);
    const struct graphics_caps *caps = graphics_caps(graphics);
    static const char *const kinds[] = {"text", "sixel", "kitty"};

    draw_clear(all);
    graphics_hide_all(graphics);
    draw_format(area_under(all, ROLE_HEADER), 0, 0, ROLE_NORMAL, "%s %dx%d regs %d %s%s",
                kinds[caps->kind], caps->cell_width, caps->cell_height, caps->registers,
                caps->settled ? "settled " : "", caps->why);
    for (int i = 0; i < 6; i++) {
        struct area row = area_part(all, 0, 2 + i, 28, 1);

        row = i == demo->row ? area_under(row, ROLE_HERE) : row;
        draw_clear(row);
        draw_format(row, 1, 0, ROLE_NORMAL, "row %d", demo->first + i);
        draw_field(row, 16, 0, 10, ALIGN_RIGHT, ROLE_BETTER, "0.5");
    }
    draw_format(all, 0, 9, ROLE_NORMAL, "keys %d last %s", demo->keys, demo->last);
    draw_text(all, 0, 10, ROLE_NORMAL, "wide \346\274\242\345\255\227 ok");
    draw_chart(demo, all);
    draw_text(all, 0, all.rect.height - 1, ROLE_STATUS, "bottom line");
    if (demo->box) {
        struct area box = area_part(all, 20, 4, 24, 5);

        graphics_cover(graphics, box.rect);
        box = draw_box(box, ROLE_BORDER, "box");
        draw_text(box, 1, 1, ROLE_NORMAL, "above the chart");
    }
    term_cursor(demo->term, demo->prompt ? 5 : -1, 11);
}

static void on_key(struct demo *demo, uint32_t key)
{
    char name[32];

    demo->keys++;
    snprintf(demo->last, sizeof demo->last, "%s", keys_name(key, name));
    switch (key) {
    case 'q':
        demo->quit = true;
        break;
    case 'j':
        demo->row++;
        break;
    case 's':
        demo->first++;
        break;
    case 'S':
        demo->first -= 2;
        break;
    case 'b':
        demo->box = !demo->box;
        break;
    case 'c':
        demo->chart = !demo->chart;
        break;
    case 'n':
        demo->version++;
        break;
    case 'p':
        demo->prompt = !demo->prompt;
        break;
    case 'X':
        raise(SIGSEGV);
        break;
    case KEYS_CTRL | 'l':
        term_redraw(demo->term);
        break;
    case KEYS_CTRL | 'z':
        term_suspend(demo->term);
        break;
    default:
        break;
    }
}

static void on_event(struct demo *demo, const struct event *event)
{
    switch (event->kind) {
    case EVENT_KEY:
        on_key(demo, event->key);
        break;
    case EVENT_MOUSE:
        snprintf(demo->last, sizeof demo->last, "mouse %d at %d,%d", (int)event->action,
                 event->x, event->y);
        break;
    case EVENT_PASTE:
        snprintf(demo->last, sizeof demo->last, "paste %.60s", event->text);
        break;
    case EVENT_REDRAW:
        demo->version += 100;
        break;
    default:
        break;
    }
}

static int run(struct demo *demo, struct loop *loop)
{
    int aux = -1;

    loop_watch(loop, term_fd(demo->term));
    while (!demo->quit) {
        struct event event;
        unsigned wake;

        while (term_event(demo->term, &event))
            on_event(demo, &event);
        if (demo->quit)
            break;
        draw(demo);
        term_flush(demo->term, NULL, NULL);
        if (term_aux_fd(demo->term) != aux) {
            if (aux >= 0)
                loop_unwatch(loop, aux);
            aux = term_aux_fd(demo->term);
            if (aux >= 0)
                loop_watch(loop, aux);
        }
        wake = loop_wait(loop, term_deadline(demo->term));
        if (wake & LOOP_QUIT)
            return 128 + loop_signal(loop);
        if (wake & LOOP_RESIZE)
            term_resize(demo->term);
        if (wake & LOOP_SUSPEND)
            term_suspend(demo->term);
        if (wake & LOOP_CONTINUE)
            term_enter(demo->term);
        if (!term_input(demo->term))
            return 3;
    }
    return 0;
}

static int demo_main(void *context)
{
    struct demo demo = {.term = NULL, .chart = true, .version = 1};
    const struct term_options *options = context;
    struct assay_error err = {0};
    struct loop *loop = NULL;
    int status = 2;

    signal(SIGSEGV, SIG_DFL); /* the test library's */
    if (term_open(&demo.term, options != NULL ? options : &(struct term_options){0}, &err) !=
        ASSAY_OK) {
        printf("%s\n%s\n", err.what, err.hint);
        return 2;
    }
    if (loop_open(&loop, &err) == ASSAY_OK)
        status = run(&demo, loop);
    term_close(&demo.term);
    loop_close(&loop);
    assay_frame_free(&demo.frame);
    printf("after\n");
    fflush(stdout);
    return status;
}

static struct screen *start(enum screen_kind kind, int columns, int rows,
                            const char *const *env)
{
    struct screen *screen = screen_open(&(struct screen_options){
        .columns = columns, .rows = rows, .kind = kind, .function = demo_main, .env = env});

    screen_wait(screen, "bottom line");
    return screen;
}

/* The chart stands where it should, every pixel of it. */
static void assert_chart(struct screen *screen, int columns, int rows)
{
    struct rect rect = chart_rect(&(struct canvas){.width = columns, .height = rows});
    int x = rect.x * SCREEN_CELL_WIDTH, y = rect.y * SCREEN_CELL_HEIGHT;
    int width = rect.width * SCREEN_CELL_WIDTH, height = rect.height * SCREEN_CELL_HEIGHT;
    size_t expected;

    height -= height % 6;
    expected = (size_t)width * (size_t)height;
    if (screen_pixels_in(screen, rect.y, rect.x, rect.height, rect.width) != expected ||
        screen_pixels_in(screen, 0, 0, rows, columns) != expected)
        screen_dump(screen);
    assert_int_equal(screen_pixels_in(screen, rect.y, rect.x, rect.height, rect.width),
                     expected);
    assert_int_equal(screen_pixels_in(screen, 0, 0, rows, columns), expected);
    assert_int_equal(screen_pixel(screen, x, y), screen_pixel(screen, x + width - 1, y));
    assert_int_equal(screen_pixel(screen, x, y),
                     screen_pixel(screen, x + width - 1, y + height - 1));
    assert_int_not_equal(screen_pixel(screen, x, y), screen_pixel(screen, x + 2, y + 1));
    assert_int_not_equal(screen_pixel(screen, x + 5, y + 5),
                         screen_pixel(screen, x + 6, y + 5));
    assert_int_equal(screen_counts(screen).last_row, 0);
    assert_int_equal(screen_counts(screen).dropped, 0);
    assert_int_equal(screen_counts(screen).scrolls, 0);
}

static void assert_no_pixels(struct screen *screen, int columns, int rows)
{
    assert_int_equal(screen_pixels_in(screen, 0, 0, rows, columns), 0);
}

static void finish(struct screen *screen)
{
    screen_send(screen, "q", 1);
    assert_int_equal(screen_end(screen), 0);
    screen_close(&screen);
}

/* ---- what each terminal gets ---- */

static void test_sixel(void **state)
{
    static const enum screen_kind kinds[] = {SCREEN_XTERM_VT340, SCREEN_XTERM_16, SCREEN_FOOT,
                                             SCREEN_KONSOLE, SCREEN_LIGHT};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct screen *screen = start(kinds[i], 80, 24, NULL);

        screen_assert_text(screen, "sixel 9x19");
        assert_chart(screen, 80, 24);
        screen_assert_text(screen, "keys 0");
        finish(screen);
    }
}

static void test_text(void **state)
{
    static const enum screen_kind kinds[] = {SCREEN_XTERM, SCREEN_MUTE, SCREEN_LYING};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct screen *screen = start(kinds[i], 80, 24, NULL);

        screen_assert_text(screen, "chart in text");
        screen_assert_text(screen, "keys 0");
        assert_int_equal(screen_counts(screen).images, 0);
        screen_press(screen, "j", "esc", NULL);
        screen_assert_text(screen, "keys 2 last esc");
        finish(screen);
    }
}

static void test_kitty(void **state)
{
    struct screen *screen = start(SCREEN_KITTY, 80, 24, NULL);
    struct screen_image image;

    (void)state;
    screen_assert_text(screen, "kitty 9x19");
    screen_assert_images(screen, 1);
    image = screen_image(screen, 0);
    assert_int_equal(image.column, CHART_X);
    assert_int_equal(image.row, CHART_Y);
    assert_int_equal(image.columns, 80 - CHART_X - 2);
    assert_int_equal(image.rows, 20);
    screen_press(screen, "b", NULL);
    screen_assert_images(screen, 0);
    screen_press(screen, "b", NULL);
    screen_assert_images(screen, 1);
    screen_press(screen, "n", NULL); /* the same id, replaced in place */
    screen_assert_images(screen, 1);
    screen_assert_text(screen, "keys 3");
    screen_send(screen, "q", 1);
    screen_end(screen);
    screen_assert_images(screen, 0); /* nothing is left behind */
    screen_close(&screen);
}

/* Inside tmux, its claim of sixel is believed only if tmux says that its client can. */
static void with_tmux(const char *features, bool sixel)
{
    char directory[] = "/tmp/assay-tmux-XXXXXX", path[300], command[200], variable[400];
    const char *env[] = {"TMUX=/nowhere,1,0", variable, NULL};
    struct screen *screen;
    FILE *file;

    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/tmux", directory);
    file = fopen(path, "w");
    assert_non_null(file);
    snprintf(command, sizeof command, "#!/bin/sh\necho '%s'\n", features);
    fputs(command, file);
    fclose(file);
    chmod(path, 0700);
    snprintf(variable, sizeof variable, "PATH=%s:/usr/bin:/bin", directory);
    screen = start(SCREEN_TMUX, 80, 24, env);
    screen_wait(screen, sixel ? "settled the terminal says" : "settled the terminal around");
    if (sixel) {
        assert_chart(screen, 80, 24);
        screen_assert_text(screen, "regs 16");
        screen_press(screen, "j", "b", "b", "n", NULL);
        assert_chart(screen, 80, 24);
        /* Looked at again, perhaps on another terminal: sent again. */
        uint64_t images = screen_counts(screen).images;
        screen_send(screen, "\033[O", 3);
        screen_settle(screen);
        assert_int_equal(screen_counts(screen).images, images);
        screen_send(screen, "\033[I", 3);
        screen_settle(screen);
        assert_int_equal(screen_counts(screen).images, images + 1);
        assert_chart(screen, 80, 24);
    } else {
        screen_assert_text(screen, "chart in text");
    }
    assert_int_equal(screen_counts(screen).titles, 0);
    finish(screen);
    unlink(path);
    rmdir(directory);
}

static void test_tmux(void **state)
{
    (void)state;
    with_tmux("256,RGB,bpaste,sixel,title", true);
    with_tmux("256,RGB,bpaste,nosixel,title", false);
    with_tmux("", false);
}

/* Answers that come late and torn change the chart to pixels and are never keys. */
static void test_late(void **state)
{
    static const size_t pieces[] = {0, 1, 2, 7};

    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct screen *screen = start(SCREEN_LATE, 80, 24, NULL);

        screen_assert_text(screen, "chart in text");
        screen_press(screen, "j", NULL);
        screen_assert_text(screen, "keys 1 last j");
        assert_true(screen_held(screen) > 0);
        screen_release(screen, pieces[i]);
        screen_release(screen, pieces[i]); /* the fence after the image */
        screen_assert_text(screen, "sixel 9x19");
        screen_assert_text(screen, "keys 1 last j");
        assert_chart(screen, 80, 24);
        finish(screen);
    }
}

static void test_overrides(void **state)
{
    static const char *const text[] = {"ASSAY_GRAPHICS=text", NULL};
    static const char *const plain[] = {"NO_COLOR=1", NULL};
    static const char *const ascii[] = {"LC_ALL=C", NULL};
    static const char *const wrong[] = {"ASSAY_GRAPHICS=pixels", NULL};
    struct screen *screen = start(SCREEN_XTERM_VT340, 80, 24, text);

    (void)state;
    screen_assert_text(screen, "text was asked for");
    assert_int_equal(screen_counts(screen).fences, 0);
    finish(screen);

    screen = start(SCREEN_XTERM_VT340, 80, 24, plain);
    assert_int_equal(screen_counts(screen).images, 0);
    for (int row = 0; row < 24; row++)
        for (int column = 0; column < 80; column++)
            assert_int_equal(screen_look(screen, row, column).fg, -1);
    assert_true(screen_look(screen, 2, 3).reverse); /* the cursor's row */
    finish(screen);

    screen = start(SCREEN_FOOT, 80, 24, ascii);
    screen_press(screen, "b", NULL);
    screen_assert_text(screen, "+- box -");
    screen_assert_text(screen, "wide ");
    finish(screen);

    screen = start(SCREEN_FOOT, 80, 24, wrong);
    screen_assert_text(screen, "sixel");
    finish(screen);
}

static void test_background(void **state)
{
    struct screen *screen = start(SCREEN_LIGHT, 80, 24, NULL);
    int x = CHART_X * SCREEN_CELL_WIDTH, y = CHART_Y * SCREEN_CELL_HEIGHT;

    (void)state;
    assert_int_equal(screen_pixel(screen, x + 2, y + 1), 0xffffff);
    assert_int_equal(screen_look(screen, 2, 3).bg, 153); /* "here" of the light theme */
    finish(screen);
    screen = start(SCREEN_FOOT, 80, 24, NULL);
    assert_int_equal(screen_look(screen, 2, 3).bg, 24);
    assert_int_equal(screen_look(screen, 3, 23).fg, 75); /* "better" of the dark one */
    finish(screen);
}

/* ---- images and text together ---- */

static void test_box(void **state)
{
    static const enum screen_kind kinds[] = {SCREEN_XTERM_VT340, SCREEN_FOOT, SCREEN_KONSOLE};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct screen *screen = start(kinds[i], 80, 24, NULL);

        screen_press(screen, "b", NULL);
        assert_no_pixels(screen, 80, 24); /* gone, and nothing shows through */
        screen_assert_text(screen, "above the chart");
        screen_press(screen, "b", NULL);
        screen_refute_text(screen, "above the chart");
        assert_chart(screen, 80, 24);
        screen_press(screen, "c", NULL);
        assert_no_pixels(screen, 80, 24);
        screen_press(screen, "c", NULL);
        assert_chart(screen, 80, 24);
        finish(screen);
    }
}

/* Rows that move up or down beside an image do so without scrolling: it would be carried
   along. */
static void test_no_scrolling(void **state)
{
    static const enum screen_kind kinds[] = {SCREEN_XTERM_VT340, SCREEN_TMUX, SCREEN_LIGHT};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *const env[] = {"ASSAY_GRAPHICS=sixel", NULL};
        struct screen *screen = start(kinds[i], 80, 24, env);

        uint64_t images = screen_counts(screen).images;

        assert_chart(screen, 80, 24);
        screen_press(screen, "s", NULL);
        screen_assert_text(screen, "row 6");
        screen_refute_text(screen, "row 0");
        assert_chart(screen, 80, 24);
        screen_press(screen, "s", "s", "S", NULL);
        screen_assert_text(screen, "row 1 ");
        assert_chart(screen, 80, 24);
        assert_int_equal(screen_counts(screen).images, images);
        finish(screen);
    }
}

/* What did not change is not sent: a key that moves the cursor costs two rows of text. */
static void test_thrift(void **state)
{
    struct screen *screen = start(SCREEN_XTERM_VT340, 120, 40, NULL);
    struct screen_counts before = screen_counts(screen), after;

    (void)state;
    assert_int_equal(before.images, 1);
    screen_press(screen, "j", NULL);
    after = screen_counts(screen);
    assert_int_equal(after.images, before.images);
    assert_true(after.bytes - before.bytes < 300);
    screen_press(screen, "n", NULL);
    assert_int_equal(screen_counts(screen).images, 2);
    screen_press(screen, "ctrl+l", NULL);
    assert_int_equal(screen_counts(screen).images, 3);
    assert_chart(screen, 120, 40);
    /* Asleep: nothing is written, nothing wakes. */
    before = screen_counts(screen);
    screen_settle(screen);
    assert_int_equal(screen_counts(screen).bytes, before.bytes);
    finish(screen);
}

/* One frame in flight: without the answer to the fence no further image is sent. */
static void test_fence(void **state)
{
    struct screen *screen = start(SCREEN_LATE, 80, 24, NULL);

    (void)state;
    screen_release(screen, 0);
    assert_int_equal(screen_counts(screen).images, 1);
    assert_true(screen_held(screen) == 0); /* the fence was answered too */
    screen_press(screen, "n", "n", "n", NULL);
    assert_int_equal(screen_counts(screen).images, 2);
    screen_release(screen, 0);
    assert_int_equal(screen_counts(screen).images,
                     3); /* the latest; the one between is skipped */
    screen_assert_text(screen, "keys 3 last n");
    finish(screen);
}

static void test_resize(void **state)
{
    static const enum screen_kind kinds[] = {SCREEN_XTERM_VT340, SCREEN_FOOT};
    static const int sizes[][2] = {{100, 30}, {60, 16}, {81, 25}, {200, 60}, {80, 24}};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct screen *screen = start(kinds[i], 80, 24, NULL);

        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            uint64_t images = screen_counts(screen).images;

            screen_resize(screen, sizes[k][0], sizes[k][1]);
            screen_assert_text(screen, "bottom line");
            assert_chart(screen, sizes[k][0], sizes[k][1]);
            if (sizes[k][0] <= 100) /* no tiles: once, whatever the terminal answers then */
                assert_int_equal(screen_counts(screen).images, images + 1);
        }
        finish(screen);
    }
}

/* An image larger than the terminal takes is sent in tiles, and still is the same picture. */
static void test_large(void **state)
{
    struct screen *screen = start(SCREEN_XTERM_VT340, 300, 90, NULL);

    (void)state;
    assert_chart(screen, 300, 90);
    assert_true(screen_counts(screen).images > 2);
    screen_press(screen, "b", NULL);
    assert_no_pixels(screen, 300, 90);
    finish(screen);
}

/* ---- input, and giving the terminal back ---- */

static void test_input(void **state)
{
    struct screen *screen = start(SCREEN_XTERM, 80, 24, NULL);
    int row, column;

    (void)state;
    screen_press(screen, "up", NULL);
    screen_assert_text(screen, "last up");
    screen_press(screen, "shift+tab", NULL);
    screen_assert_text(screen, "last shift+tab");
    screen_press(screen, "alt+x", NULL);
    screen_assert_text(screen, "last alt+x");
    screen_mouse(screen, 'p', 10, 5);
    screen_assert_text(screen, "mouse 0 at 10,5");
    screen_mouse(screen, 'd', 10, 6);
    screen_assert_text(screen, "mouse 4 at 10,6");
    screen_type(screen, "\033[200~q quits\033[31m\n\033[201~");
    screen_assert_text(screen, "paste q quits");
    assert_false(screen_cursor(screen, &row, &column));
    screen_press(screen, "p", NULL);
    assert_true(screen_cursor(screen, &row, &column));
    assert_int_equal(row, 11);
    assert_int_equal(column, 5);
    screen_assert_text(screen, "wide \346\274\242\345\255\227 ok");
    finish(screen);
}

static void test_signals(void **state)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGINT};
    struct screen *screen;

    (void)state;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        screen = start(SCREEN_XTERM_VT340, 80, 24, NULL);
        screen_signal(screen, signals[i]);
        assert_int_equal(screen_end(screen), 128 + signals[i]);
        screen_assert_text(screen, "after");
        screen_close(&screen);
    }
    /* A fault: the terminal is put in order, and the signal kills as it would have. */
    screen = start(SCREEN_XTERM_VT340, 80, 24, NULL);
    screen_send(screen, "X", 1);
    assert_true(screen_end(screen) != 0);
    screen_refute_text(screen, "bottom line"); /* back from the alternate screen */
    screen_close(&screen);
}

static void test_suspend(void **state)
{
    struct screen *screen = start(SCREEN_XTERM_VT340, 80, 24, NULL);

    (void)state;
    screen_press(screen, "ctrl+z", NULL); /* no shell above it: the kernel does not stop it */
    screen_assert_text(screen, "bottom line");
    assert_chart(screen, 80, 24);
    screen_signal(screen, SIGSTOP);
    screen_signal(screen, SIGCONT);
    assert_chart(screen, 80, 24);
    screen_press(screen, "j", NULL);
    screen_assert_text(screen, "last j");
    finish(screen);
}

static int no_terminal(void *context)
{
    (void)context;
    if (freopen("/dev/null", "r", stdin) == NULL)
        return 9;
    return demo_main(NULL);
}

static void test_no_terminal(void **state)
{
    static const char *const unknown[] = {"TERM=no-such-terminal", NULL};
    static const char *const dumb[] = {"TERM=dumb", NULL};
    struct screen *screen = screen_open(
        &(struct screen_options){.columns = 80, .rows = 24, .function = no_terminal});

    (void)state;
    assert_int_equal(screen_end(screen), 2);
    screen_assert_text(screen, "needs a terminal: standard input is none");
    screen_close(&screen);
    screen = screen_open(&(struct screen_options){
        .columns = 80, .rows = 24, .function = demo_main, .env = unknown});
    assert_int_equal(screen_end(screen), 2);
    screen_assert_text(screen, "TERM=no-such-terminal");
    screen_close(&screen);
    screen = screen_open(&(struct screen_options){
        .columns = 80, .rows = 24, .function = demo_main, .env = dumb});
    assert_int_equal(screen_end(screen), 2);
    screen_assert_text(screen, "TERM=dumb cannot place the cursor");
    screen_close(&screen);
}

/* The test terminal itself: an image that is erased and painted over within one write is gone,
   however the bytes were cut into reads. */
static void test_erased_at_once(void **state)
{
    static const char script[] =
        "printf '\\033[?25l\\033[H\\033P0;1;0q\"1;1;18;6#0;2;0;0;0#0!18~\\033\\\\"
        "\\033[H    \\033[1;2H\\033P0;1;0q\"1;1;9;6#0;2;0;0;0#0!9~\\033\\\\\\033[3;1Hdone'; "
        "read -r _";
    struct screen *screen = screen_open(
        &(struct screen_options){.columns = 20,
                                 .rows = 5,
                                 .kind = SCREEN_XTERM_VT340,
                                 .argv = (const char *const[]){"/bin/sh", "-c", script, NULL}});

    (void)state;
    screen_wait(screen, "done");
    screen_assert_images(screen, 1);
    assert_int_equal(screen_image(screen, 0).column, 1);
    screen_close(&screen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_erased_at_once),
        cmocka_unit_test(test_sixel),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_kitty),
        cmocka_unit_test(test_tmux),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_box),
        cmocka_unit_test(test_thrift),
        cmocka_unit_test(test_no_scrolling),
        cmocka_unit_test(test_fence),
        cmocka_unit_test(test_resize),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_suspend),
        cmocka_unit_test(test_no_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
