/*
 * Images without a terminal: what detection concludes from which answers, and which bytes a
 * flush sends for what changed, in which order.
 *
 * The traps of images in terminals, and the tests that stand before each. G: here, T:
 * test_terminal.c, R: test_reply_filter.c, H: test_home.c, C: test_chart_screen.c, E and P:
 * test_encode.c and test_raster.c in tests/unit/.
 *
 *   nothing waits for an answer; text until it comes   G detection, give_up  T text
 *   DA1's 4 is a whole number and not the first        G detection
 *   the last question is DA1, which all answer         G probe_open, in every test
 *   late, torn, reordered answers are never keys       R all of it  T late
 *   the cell from 16t, XTSMGRAPHICS, the kernel, 14t   G detection
 *   slack of the window is no part of the cell         G cell_after_resizing
 *   a terminal that lies about its cell, or has none   G detection
 *   what the user says stands above all answers        G wishes  T overrides
 *   no colour, no UTF-8, no terminal: text             T overrides, no_terminal
 *   the last row scrolls: images end above it          G limits  T sixel
 *   too large is dropped in silence: tiles             G tiles  T large
 *   sixteen registers wrap: no more colours are sent   G few_registers  P registers
 *   colours survive sixel's percent                    P percent
 *   lower than six pixels comes out shifted            E sixel_refuses
 *   erased first, with blanks, before the text         G place, erase_bytes
 *   an erased neighbour is sent again                  G overlap
 *   Konsole: text removes nothing, all must go         G sticky  T sixel
 *   nothing is drawn over an image: boxes remove it    G cover  T box  H charts_are_images
 *   the rest of an image's last row                    C background
 *   rows that scroll would carry an image along        T no_scrolling
 *   tmux claims sixel whatever its client can          G tmux  T tmux
 *   tmux loses what is sent within mode 2026           G tmux  T tmux
 *   tmux is shown on another terminal: sent again      T tmux
 *   tmux has 16 registers, whatever it says            G tmux
 *   one frame in flight; a fence without answer        G fence  T fence, late
 *   resized, redrawn, suspended: sent again            T resize, thrift, suspend
 *   what did not change is not sent                    G place  T thrift
 *   kitty: replies silenced, images deleted by number  G kitty  T kitty  E kitty
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/buf.h>

#include "support/sixel_decode.h"
#include "tui/graphics.h"

/* ---- detection ---- */

struct probe {
    struct graphics *graphics;
    struct keys *keys;
    bool changed;
};

static struct probe probe_open(struct graphics_options options, int columns, int rows,
                               int width, int height)
{
    struct probe probe = {.graphics = graphics_new(&options), .keys = keys_new()};
    struct assay_buf out = {0};

    graphics_resized(probe.graphics, columns, rows, width, height);
    graphics_ask(probe.graphics, &out, 0);
    if (out.length > 0) { /* DA1 is the last question */
        assert_true(out.length > 3);
        assert_memory_equal(out.data + out.length - 3, "\033[c", 3);
    }
    assay_buf_free(&out);
    return probe;
}

static void tell(struct probe *probe, const char *bytes)
{
    struct event event;

    keys_feed(probe->keys, bytes, strlen(bytes), 0);
    while (keys_next(probe->keys, &event)) {
        assert_int_equal(event.kind, EVENT_REPLY);
        probe->changed |= graphics_reply(probe->graphics, event.reply, 0);
    }
}

static void probe_close(struct probe *probe)
{
    graphics_free(&probe->graphics);
    keys_free(&probe->keys);
}

static void test_detection(void **state)
{
    static const struct {
        const char *name, *answers;
        int columns, rows, width, height; /* as the kernel says */
        enum graphics_kind kind;
        int registers, cell_width, cell_height;
        bool sync;
    } cases[] = {
        {"xterm as it comes", "\033[?1;3;0S\033[?2;3;0S\033[?2026;0$y\033[?64;1;2;6;9;15c", 80,
         24, 724, 460, GRAPHICS_TEXT, 16, 9, 19, false},
        {"xterm vt340", "\033[?1;0;1024S\033[?2;0;720;456S\033[?63;1;2;4;6c", 80, 24, 724, 460,
         GRAPHICS_SIXEL, 256, 9, 19, false},
        {"xterm, 16 registers", "\033[?1;0;16S\033[?2;0;720;456S\033[?63;1;2;4;6c", 80, 24, 724,
         460, GRAPHICS_SIXEL, 16, 9, 19, false},
        {"xterm with slack in the window", "\033[?1;0;1024S\033[?2;0;720;399S\033[?63;1;2;4;6c",
         80, 21, 720, 420, GRAPHICS_SIXEL, 256, 9, 19, false},
        {"a wide xterm, at its limit", "\033[?1;0;1024S\033[?2;0;1000;456S\033[?63;1;2;4;6c",
         200, 24, 1804, 460, GRAPHICS_SIXEL, 256, 9, 19, false},
        {"an xterm a little higher than its limit",
         "\033[?1;0;1024S\033[?2;0;1000;1000S\033[?63;1;2;4;6c", 230, 60, 1844, 1024,
         GRAPHICS_SIXEL, 256, 8, 17, false},
        {"the same with another limit", "\033[?2;0;1004;1004S\033[?63;1;2;4;6c", 230, 60, 1844,
         1024, GRAPHICS_SIXEL, 16, 8, 17, false},
        {"mlterm", "\033[6;19;10t\033[?1;0;1024S\033[?1;3;0S\033[?63;1;2;3;4;7c", 80, 24, 800,
         456, GRAPHICS_SIXEL, 256, 10, 19, false},
        {"foot at its start",
         "\033[6;18;9t\033[?1;0;1024S\033[?2;0;693;468S\033[?2026;2$y"
         "\033[?62;4;22c",
         80, 24, 0, 0, GRAPHICS_SIXEL, 256, 9, 18, true},
        {"Konsole",
         "\033[6;17;11t\033[?1;0;256S\033[?2;0;16384;16384S\033_Gi=31;OK\033\\"
         "\033[?62;1;4c",
         80, 28, 882, 476, GRAPHICS_SIXEL, 256, 11, 17, false},
        {"kitty",
         "\033[6;18;8t\033[?2026;2$y\033_Gi=31;OK\033\\\033P>|kitty(0.26.5)\033\\"
         "\033[?62;c",
         79, 22, 639, 396, GRAPHICS_KITTY, 256, 8, 18, true},
        {"tmux 3.3a", "\033[8;80;23t\033[?1;2c", 80, 23, 720, 437, GRAPHICS_TEXT, 16, 9, 19,
         false},
        {"tmux elsewhere",
         "\033[6;19;9t\033[?1;0;1024S\033[?2026;2$y\033P>|tmux 3.4\033\\"
         "\033[?1;2;4c",
         80, 23, 720, 437, GRAPHICS_TEXT, 16, 9, 19, false},
        {"4 in another number", "\033[6;19;9t\033[?64;1;14;24;42c", 80, 24, 720, 456,
         GRAPHICS_TEXT, 16, 9, 19, false},
        {"4 as the level", "\033[6;19;9t\033[?4;1;2c", 80, 24, 720, 456, GRAPHICS_TEXT, 16, 9,
         19, false},
        {"14t only", "\033[4;456;720t\033[?62;4c", 80, 24, 0, 0, GRAPHICS_SIXEL, 16, 9, 19,
         false},
        {"no size at all", "\033[?62;4c", 80, 24, 0, 0, GRAPHICS_TEXT, 16, 0, 0, false},
        {"an absurd cell", "\033[6;0;99999t\033[?62;4c", 80, 24, 0, 0, GRAPHICS_TEXT, 16, 0, 0,
         false},
        {"a cell larger than the window holds", "\033[6;100;50t\033[?62;4c", 80, 24, 720, 456,
         GRAPHICS_SIXEL, 16, 9, 19, false},
        {"an error of the kitty query", "\033[6;18;8t\033_Gi=31;EBADF:no\033\\\033[?62;c", 80,
         24, 640, 432, GRAPHICS_TEXT, 16, 8, 18, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct probe probe = probe_open((struct graphics_options){0}, cases[i].columns,
                                        cases[i].rows, cases[i].width, cases[i].height);
        const struct graphics_caps *caps = graphics_caps(probe.graphics);

        assert_int_equal(caps->kind, GRAPHICS_TEXT); /* until it has answered */
        assert_false(caps->settled);
        assert_true(graphics_waiting(probe.graphics));
        tell(&probe, cases[i].answers);
        if (caps->kind != cases[i].kind || caps->registers != cases[i].registers ||
            caps->cell_width != cases[i].cell_width ||
            caps->cell_height != cases[i].cell_height || caps->sync != cases[i].sync)
            fail_msg("%s: kind %d, registers %d, cell %dx%d, sync %d (%s)", cases[i].name,
                     (int)caps->kind, caps->registers, caps->cell_width, caps->cell_height,
                     caps->sync, caps->why);
        assert_true(caps->settled);
        assert_false(graphics_waiting(probe.graphics));
        assert_int_equal(graphics_deadline(probe.graphics), INT64_MAX);
        assert_true(strlen(caps->why) > 0);
        probe_close(&probe);
    }
}

/* However the window is dragged, the cell stays what it was: an image that is a pixel a row too
   low or too high has its grid beside its labels. A real xterm's answers, cells of 9 x 19. */
static void test_cell_after_resizing(void **state)
{
    static const struct {
        int columns, rows, width, height;
        const char *geometry;
        int cell_height, image; /* of all rows but two */
    } windows[] = {
        {120, 34, 1084, 650, "\033[?2;0;1000;646S", 19, 606},
        {77, 20, 700, 400, "\033[?2;0;696;396S", 19, 342},
        {110, 36, 1000, 700, "\033[?2;0;996;696S", 19, 642},
        {66, 16, 600, 320, "\033[?2;0;596;316S", 19, 264},
        {66, 16, 600, 320, "", 19, 264}, /* before the answer, and where there is none */
        {20, 5, 184, 112, "\033[?2;0;180;108S", 19, 54},
        {120, 34, 1084, 650, "", 19, 606},
        {60, 34, 604, 684, "\033[?2;0;600;680S", 20, 636}, /* another font */
        {66, 30, 700, 616, "\033[?2;0;696;612S", 20, 558},
    };
    struct probe probe = probe_open((struct graphics_options){0}, windows[0].columns,
                                    windows[0].rows, windows[0].width, windows[0].height);

    (void)state;
    tell(&probe, "\033[?2;0;1000;646S\033[?63;1;2;4;6c");
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        int width, height;

        graphics_resized(probe.graphics, windows[i].columns, windows[i].rows, windows[i].width,
                         windows[i].height);
        tell(&probe, windows[i].geometry);
        assert_int_equal(graphics_caps(probe.graphics)->cell_height, windows[i].cell_height);
        assert_true(graphics_pixels(
            probe.graphics, (struct rect){0, 1, 20, windows[i].rows - 2}, &width, &height));
        assert_int_equal(height, windows[i].image);
    }
    probe_close(&probe);
    /* A window that is odd from the start: 20 rows of 19 pixels and 16 of slack. */
    probe = probe_open((struct graphics_options){0}, 77, 20, 700, 400);
    tell(&probe, "\033[?2;0;696;396S\033[?63;1;2;4;6c");
    assert_int_equal(graphics_caps(probe.graphics)->cell_height, 19);
    probe_close(&probe);
}

static void test_tmux(void **state)
{
    static const char answers[] = "\033[6;19;9t\033[?1;0;1024S\033[?2026;2$y\033[?1;2;4c";
    struct graphics_options options = {.tmux = true};
    struct probe probe = probe_open(options, 80, 23, 720, 437);
    const struct graphics_caps *caps = graphics_caps(probe.graphics);

    (void)state;
    assert_false(graphics_tmux_asks(probe.graphics));
    tell(&probe, answers);
    assert_int_equal(caps->kind, GRAPHICS_TEXT);
    assert_false(caps->settled);
    assert_true(graphics_tmux_asks(probe.graphics));
    assert_true(graphics_tmux_reply(probe.graphics, "256,clipboard,sixel\n"));
    assert_int_equal(caps->kind, GRAPHICS_SIXEL);
    assert_int_equal(caps->registers, 16); /* whatever it claims */
    assert_false(caps->sync);              /* it loses images there */
    assert_true(caps->settled);
    assert_false(graphics_tmux_asks(probe.graphics));
    probe_close(&probe);
    probe = probe_open(options, 80, 23, 720, 437);
    tell(&probe, answers);
    graphics_tmux_reply(probe.graphics, "256,nosixel,sixels");
    assert_int_equal(graphics_caps(probe.graphics)->kind, GRAPHICS_TEXT);
    assert_true(graphics_caps(probe.graphics)->settled);
    probe_close(&probe);
}

static void test_wishes(void **state)
{
    struct probe probe =
        probe_open((struct graphics_options){.wish = GRAPHICS_WANT_SIXEL}, 80, 24, 724, 460);
    enum graphics_wish wish;

    (void)state;
    assert_int_equal(graphics_caps(probe.graphics)->kind, GRAPHICS_SIXEL); /* at once */
    probe_close(&probe);
    probe = probe_open(
        (struct graphics_options){
            .wish = GRAPHICS_WANT_KITTY, .cell_width = 8, .cell_height = 16, .registers = 64},
        80, 24, 0, 0);
    assert_int_equal(graphics_caps(probe.graphics)->kind, GRAPHICS_KITTY);
    assert_int_equal(graphics_caps(probe.graphics)->cell_height, 16);
    assert_int_equal(graphics_caps(probe.graphics)->registers, 64);
    probe_close(&probe);
    probe = probe_open((struct graphics_options){.wish = GRAPHICS_WANT_TEXT}, 80, 24, 724, 460);
    assert_false(graphics_waiting(probe.graphics)); /* nothing was asked */
    tell(&probe, "\033[6;19;9t\033[?62;4c");
    assert_int_equal(graphics_caps(probe.graphics)->kind, GRAPHICS_TEXT);
    probe_close(&probe);
    probe = probe_open((struct graphics_options){.silent = true}, 80, 24, 724, 460);
    assert_false(graphics_waiting(probe.graphics));
    assert_true(graphics_caps(probe.graphics)->settled);
    probe_close(&probe);
    assert_true(graphics_wish_parse("kitty", &wish));
    assert_int_equal(wish, GRAPHICS_WANT_KITTY);
    assert_false(graphics_wish_parse("Kitty!", &wish));
}

/* After ten seconds it stays in text; what comes then changes nothing. */
static void test_give_up(void **state)
{
    struct probe probe = probe_open((struct graphics_options){0}, 80, 24, 720, 456);
    int64_t deadline = graphics_deadline(probe.graphics);

    (void)state;
    assert_int_equal(deadline, GRAPHICS_GIVE_UP_S * INT64_C(1000000));
    graphics_expire(probe.graphics, deadline - 1);
    assert_false(graphics_caps(probe.graphics)->settled);
    graphics_expire(probe.graphics, deadline);
    assert_true(graphics_caps(probe.graphics)->settled);
    assert_int_equal(graphics_deadline(probe.graphics), INT64_MAX);
    tell(&probe, "\033[6;19;9t\033[?62;4c");
    assert_int_equal(graphics_caps(probe.graphics)->kind, GRAPHICS_TEXT);
    probe_close(&probe);
}

/* ---- placing and sending ---- */

/* A terminal of 80 x 24 cells of 10 x 20 pixels that has answered ANSWERS. */
static struct probe ready(const char *answers)
{
    struct probe probe = probe_open((struct graphics_options){0}, 80, 24, 800, 480);

    tell(&probe, answers);
    return probe;
}

#define FOOT    "\033[6;20;10t\033[?1;0;1024S\033[?2;0;800;480S\033[?62;4c"
#define KONSOLE "\033[6;20;10t\033[?1;0;256S\033_Gi=31;OK\033\\\033[?62;1;4c"
#define KITTY   "\033[6;20;10t\033_Gi=31;OK\033\\\033[?62;c"

static void fill(struct assay_frame *frame, int width, int height, int colors)
{
    assay_frame_resize(frame, width, height);
    frame->colors = colors;
    for (int i = 0; i < 256; i++)
        frame->palette[i] = assay_index256_rgb(16 + i % 216);
    for (int i = 0; i < width * height; i++)
        frame->pixels[i] = (uint8_t)((i % width + i / width) % colors);
}

/* A flush: what would be written before the text, and after it. */
struct flush {
    struct assay_buf before, after;
};
static struct flush flush(struct graphics *graphics)
{
    struct flush sent = {{0}, {0}};

    graphics_erase(graphics, "", &sent.before);
    graphics_draw(graphics, &sent.after, 0);
    return sent;
}
static void flush_free(struct flush *sent)
{
    assay_buf_free(&sent->before);
    assay_buf_free(&sent->after);
}

/* Flushes, answers the fence, and says how many sixels were sent; *erased: anything was erased.
 */
static int images_sent(struct probe *probe, bool *erased)
{
    struct flush sent = flush(probe->graphics);
    int count = 0;

    for (const char *p = assay_buf_text(&sent.after); (p = strstr(p, "\033P")) != NULL; p++)
        count++;
    if (erased != NULL)
        *erased = sent.before.length > 0;
    if (graphics_waiting(probe->graphics))
        tell(probe, "\033[?62;4c");
    flush_free(&sent);
    return count;
}

static void test_place(void **state)
{
    struct probe probe = ready(FOOT);
    struct graphics *graphics = probe.graphics;
    struct rect rect = {.x = 10, .y = 2, .width = 20, .height = 8};
    struct assay_frame frame = {0};
    int width, height;
    bool erased;

    (void)state;
    assert_true(graphics_pixels(graphics, rect, &width, &height));
    assert_int_equal(width, 200);
    assert_int_equal(height, 156); /* whole bands of six */
    fill(&frame, width, height, 16);
    assert_true(graphics_place(graphics, 0, rect, &frame, 1));
    assert_int_equal(images_sent(&probe, &erased), 1);
    assert_false(erased);
    /* Placed again unchanged: nothing to do. */
    graphics_hide_all(graphics);
    graphics_place(graphics, 0, rect, &frame, 1);
    assert_false(graphics_pending(graphics));
    assert_int_equal(images_sent(&probe, &erased), 0);
    assert_false(erased);
    /* Another version goes over the old one, without erasing. */
    graphics_place(graphics, 0, rect, &frame, 2);
    assert_int_equal(images_sent(&probe, &erased), 1);
    assert_false(erased);
    /* Moved: erased where it was. */
    rect.x = 12;
    graphics_place(graphics, 0, rect, &frame, 2);
    assert_int_equal(images_sent(&probe, &erased), 1);
    assert_true(erased);
    /* Smaller pixels in the same cells would leave a rim of the old. */
    fill(&frame, width, height - 6, 16);
    graphics_place(graphics, 0, rect, &frame, 3);
    assert_int_equal(images_sent(&probe, &erased), 1);
    assert_true(erased);
    /* Everything lost: sent again, from what was encoded. */
    graphics_lost(graphics);
    assert_int_equal(images_sent(&probe, &erased), 1);
    assert_false(erased);
    graphics_hide(graphics, 0);
    assert_int_equal(images_sent(&probe, &erased), 0);
    assert_true(erased);
    assert_false(graphics_pending(graphics));
    assay_frame_free(&frame);
    probe_close(&probe);
}

/* Blanks as they are, cell by cell, and cursor and colours given back. */
static void test_erase_bytes(void **state)
{
    struct probe probe = ready(FOOT);
    struct rect rect = {.x = 3, .y = 4, .width = 5, .height = 2};
    struct assay_frame frame = {0};
    struct flush sent;

    (void)state;
    fill(&frame, 50, 36, 4);
    assert_true(graphics_place(probe.graphics, 0, rect, &frame, 1));
    sent = flush(probe.graphics);
    assert_int_equal(sent.before.length, 0);
    assert_memory_equal(sent.after.data, "\0337\033[0m\033[5;4H\033P", 14);
    assert_memory_equal(sent.after.data + sent.after.length - 7, "\033\\\0338\033[c", 7);
    flush_free(&sent);
    graphics_hide_all(probe.graphics);
    sent = flush(probe.graphics);
    assert_string_equal(assay_buf_text(&sent.before),
                        "\0337\033[0m\033[5;4H     \033[6;4H     \0338");
    assert_int_equal(sent.after.length, 0);
    flush_free(&sent);
    assay_frame_free(&frame);
    probe_close(&probe);
}

/* In a theme's own background, where it has one. */
static void test_erase_in_color(void **state)
{
    struct probe probe = ready(FOOT);
    struct rect rect = {.x = 3, .y = 4, .width = 5, .height = 2};
    struct assay_frame frame = {0};
    struct flush sent;

    (void)state;
    fill(&frame, 50, 36, 4);
    assert_true(graphics_place(probe.graphics, 0, rect, &frame, 1));
    sent = flush(probe.graphics);
    flush_free(&sent);
    graphics_hide_all(probe.graphics);
    graphics_erase(probe.graphics, "\033[48;5;231m", &sent.before);
    assert_string_equal(assay_buf_text(&sent.before),
                        "\0337\033[0m\033[48;5;231m\033[5;4H     \033[6;4H     \0338");
    flush_free(&sent);
    assay_frame_free(&frame);
    probe_close(&probe);
}

/* What stays is sent again where what went away lay over it. */
static void test_overlap(void **state)
{
    struct probe probe = ready(FOOT);
    struct assay_frame a = {0}, b = {0};

    (void)state;
    fill(&a, 100, 60, 4);
    fill(&b, 100, 60, 4);
    graphics_place(probe.graphics, 0, (struct rect){0, 0, 10, 3}, &a, 1);
    graphics_place(probe.graphics, 1, (struct rect){20, 0, 10, 3}, &b, 1);
    assert_int_equal(images_sent(&probe, NULL), 2);
    graphics_place(probe.graphics, 1, (struct rect){30, 0, 10, 3}, &b, 1);
    assert_int_equal(images_sent(&probe, NULL), 1); /* the other one is untouched */
    graphics_place(probe.graphics, 1, (struct rect){5, 0, 10, 3}, &b, 1);
    assert_int_equal(images_sent(&probe, NULL), 1);
    graphics_hide(probe.graphics, 1);
    assert_int_equal(images_sent(&probe, NULL), 1); /* the blanks ran over it */
    assay_frame_free(&a);
    assay_frame_free(&b);
    probe_close(&probe);
}

static void test_cover(void **state)
{
    struct probe probe = ready(FOOT);
    struct graphics *graphics = probe.graphics;
    struct rect left = {0, 0, 10, 3}, right = {40, 0, 10, 3}, rects[GRAPHICS_SLOTS];
    struct assay_frame frame = {0};
    bool erased;

    (void)state;
    fill(&frame, 100, 60, 4);
    graphics_place(graphics, 0, left, &frame, 1);
    graphics_place(graphics, 1, right, &frame, 1);
    assert_int_equal(graphics_rects(graphics, rects), 2);
    images_sent(&probe, NULL);
    assert_false(graphics_cover(graphics, (struct rect){15, 0, 20, 20}));
    assert_true(graphics_cover(graphics, (struct rect){9, 2, 20, 20}));
    assert_int_equal(graphics_rects(graphics, rects), 1);
    assert_true(rect_equal(rects[0], right));
    assert_int_equal(images_sent(&probe, &erased), 0);
    assert_true(erased);
    graphics_place(graphics, 0, left, &frame, 1); /* the box has closed */
    assert_int_equal(images_sent(&probe, &erased), 1);
    assay_frame_free(&frame);
    probe_close(&probe);
}

/* Konsole: no text removes an image; all are deleted and those that stay are sent again. */
static void test_sticky(void **state)
{
    struct probe probe = ready(KONSOLE);
    struct assay_frame frame = {0};
    struct flush sent;

    (void)state;
    fill(&frame, 100, 60, 4);
    graphics_place(probe.graphics, 0, (struct rect){0, 0, 10, 3}, &frame, 1);
    graphics_place(probe.graphics, 1, (struct rect){40, 0, 10, 3}, &frame, 1);
    assert_int_equal(images_sent(&probe, NULL), 2);
    graphics_hide(probe.graphics, 0);
    sent = flush(probe.graphics);
    assert_non_null(strstr(assay_buf_text(&sent.before), "\033_Ga=d,d=A,q=2\033\\"));
    assert_non_null(strstr(assay_buf_text(&sent.after), "\033[1;41H\033P"));
    flush_free(&sent);
    assay_frame_free(&frame);
    probe_close(&probe);
}

static void test_kitty(void **state)
{
    struct probe probe = ready(KITTY);
    struct assay_frame frame = {0};
    struct flush sent;
    char *id;

    (void)state;
    fill(&frame, 100, 60, 64);
    assert_true(graphics_place(probe.graphics, 2, (struct rect){4, 5, 10, 3}, &frame, 1));
    sent = flush(probe.graphics);
    assert_memory_equal(sent.after.data, "\0337\033[0m\033[6;5H\033_G", 15);
    assert_non_null(strstr(sent.after.data, "c=10,r=3"));
    id = strstr(sent.after.data, "i=");
    assert_non_null(id);
    id = strndup(id, strcspn(id, ",;"));
    flush_free(&sent);
    tell(&probe, "\033[?62;c");
    graphics_lost(probe.graphics); /* a cleared screen keeps the image: it must be deleted */
    graphics_hide_all(probe.graphics);
    sent = flush(probe.graphics);
    assert_non_null(strstr(assay_buf_text(&sent.before), "a=d,d=I"));
    assert_non_null(strstr(assay_buf_text(&sent.before), id));
    free(id);
    flush_free(&sent);
    assay_frame_free(&frame);
    probe_close(&probe);
}

/* The last row of the screen stays free; places that cannot be are refused. */
static void test_limits(void **state)
{
    static const struct rect wrong[] = {
        {0, 0, 10, 24}, {0, 20, 10, 4}, {75, 0, 6, 5},     {-1, 0, 5, 5},        {0, -1, 5, 5},
        {0, 0, 0, 5},   {0, 0, 5, 0},   {0, 0, 100000, 5}, {2000000000, 0, 5, 5}};
    struct probe probe = ready(FOOT);
    struct assay_frame frame = {0};
    int width, height;

    (void)state;
    fill(&frame, 50, 60, 4);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(graphics_pixels(probe.graphics, wrong[i], &width, &height));
        assert_false(graphics_place(probe.graphics, 0, wrong[i], &frame, 1));
    }
    assert_true(graphics_pixels(probe.graphics, (struct rect){0, 0, 80, 23}, &width, &height));
    assert_int_equal(height, 456);
    assert_false(graphics_place(probe.graphics, -1, (struct rect){0, 0, 5, 5}, &frame, 1));
    assert_false(
        graphics_place(probe.graphics, GRAPHICS_SLOTS, (struct rect){0, 0, 5, 5}, &frame, 1));
    /* A frame larger than its cells, or none. */
    assert_false(graphics_place(probe.graphics, 0, (struct rect){0, 0, 4, 5}, &frame, 1));
    assert_false(graphics_place(probe.graphics, 0, (struct rect){0, 0, 5, 5},
                                &(struct assay_frame){0}, 1));
    assert_int_equal(images_sent(&probe, NULL), 0);
    assay_frame_free(&frame);
    probe_close(&probe);
}

/* All sixels of BYTES on one sheet; 0xffffffff where none is. */
static uint32_t *assemble(const struct assay_buf *bytes, int registers, int cell_width,
                          int cell_height, int width, int height, int *count, int *widest)
{
    uint32_t *sheet = malloc((size_t)width * (size_t)height * sizeof *sheet);
    size_t at = 0;

    assert_non_null(sheet);
    memset(sheet, 0xff, (size_t)width * (size_t)height * sizeof *sheet);
    *count = *widest = 0;
    while (at < bytes->length) {
        const char *dcs = strstr(bytes->data + at, "\033P");
        struct sixel_image image;
        int row, column, back = 0;
        size_t end;

        if (dcs == NULL)
            break;
        while (dcs[back] != '[')
            back--;
        assert_int_equal(sscanf(dcs + back, "[%d;%dH", &row, &column), 2);
        assert_true(sixel_image_read(dcs, bytes->length - (size_t)(dcs - bytes->data),
                                     registers, &image, &end));
        for (int y = 0; y < image.height; y++) {
            for (int x = 0; x < image.width; x++) {
                int sx = (column - 1) * cell_width + x, sy = (row - 1) * cell_height + y;

                assert_true(sx < width && sy < height);
                assert_int_equal(sheet[sy * width + sx], SIXEL_UNPAINTED); /* none twice */
                sheet[sy * width + sx] = image.pixels[y * image.width + x];
            }
        }
        (*count)++;
        *widest = image.width > *widest ? image.width : *widest;
        at = (size_t)(dcs - bytes->data) + end;
        sixel_image_free(&image);
    }
    return sheet;
}

static uint32_t as_sixel(struct assay_rgb rgb)
{
    uint32_t parts[3] = {rgb.r, rgb.g, rgb.b}, all = 0;

    for (int i = 0; i < 3; i++)
        all = all << 8 | ((parts[i] * 100 + 127) / 255 * 255 + 50) / 100;
    return all;
}

/* Too large for one: in tiles, each within the limit, together the picture to the pixel. */
static void test_tiles(void **state)
{
    struct probe probe = probe_open((struct graphics_options){0}, 240, 80, 2164, 1524);
    struct rect rect = {.x = 5, .y = 1, .width = 230, .height = 78};
    struct assay_frame frame = {0};
    int width, height, count, widest;
    struct flush sent;
    uint32_t *sheet;

    (void)state;
    tell(&probe, "\033[?1;0;1024S\033[?2;0;1000;1000S\033[?63;1;2;4c");
    assert_true(graphics_pixels(probe.graphics, rect, &width, &height));
    assert_int_equal(width, 230 * 9);
    assert_int_equal(height, 78 * 19);
    fill(&frame, width, height, 200);
    assert_true(graphics_place(probe.graphics, 0, rect, &frame, 1));
    sent = flush(probe.graphics);
    sheet = assemble(&sent.after, 0, 9, 19, 240 * 9, 80 * 19, &count, &widest);
    assert_int_equal(count, 6);
    assert_true(widest <= 1000);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            assert_int_equal(sheet[(y + 19) * 240 * 9 + x + 45],
                             as_sixel(frame.palette[frame.pixels[y * width + x]]));
    free(sheet);
    flush_free(&sent);
    assay_frame_free(&frame);
    probe_close(&probe);
}

/* With sixteen registers no more than sixteen colours are sent: the nearest stand for the rest.
 */
static void test_few_registers(void **state)
{
    struct probe probe = ready("\033[6;20;10t\033[?1;0;16S\033[?2;0;800;480S\033[?63;1;2;4c");
    struct rect rect = {.x = 0, .y = 0, .width = 10, .height = 3};
    struct assay_frame frame = {0};
    struct sixel_image image;
    struct flush sent;
    size_t end;

    (void)state;
    fill(&frame, 100, 60, 27);
    for (int i = 16; i < 27; i++) /* shades of the first ones */
        frame.palette[i] = frame.palette[i - 16];
    assert_true(graphics_place(probe.graphics, 0, rect, &frame, 1));
    sent = flush(probe.graphics);
    assert_true(sixel_image_read(sent.after.data, sent.after.length, 16, &image, &end));
    assert_true(image.highest < 16);
    assert_true(image.defined <= 16);
    for (int i = 0; i < 100 * 60; i++)
        assert_int_equal(image.pixels[i], as_sixel(frame.palette[frame.pixels[i]]));
    sixel_image_free(&image);
    flush_free(&sent);
    assay_frame_free(&frame);
    probe_close(&probe);
}

/* One frame in flight; and a fence that is never answered does not stop images for ever. */
static void test_fence(void **state)
{
    struct probe probe = ready(FOOT);
    struct graphics *graphics = probe.graphics;
    struct rect rect = {.x = 0, .y = 0, .width = 10, .height = 3};
    struct assay_frame frame = {0};
    struct flush sent;

    (void)state;
    fill(&frame, 100, 60, 4);
    assert_true(graphics_ready(graphics));
    graphics_place(graphics, 0, rect, &frame, 1);
    sent = flush(graphics);
    flush_free(&sent);
    assert_false(graphics_ready(graphics));
    graphics_place(graphics, 0, rect, &frame, 2);
    assert_false(graphics_pending(graphics));
    sent = flush(graphics);
    assert_int_equal(sent.after.length, 0);
    flush_free(&sent);
    tell(&probe, "\033[?62;4c");
    assert_true(graphics_ready(graphics));
    assert_true(graphics_pending(graphics));
    sent = flush(graphics);
    assert_true(sent.after.length > 0);
    flush_free(&sent);
    graphics_expire(graphics, graphics_deadline(graphics));
    assert_true(graphics_ready(graphics));
    assert_int_equal(graphics_caps(graphics)->kind, GRAPHICS_SIXEL);
    assay_frame_free(&frame);
    probe_close(&probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detection),
        cmocka_unit_test(test_tmux),
        cmocka_unit_test(test_cell_after_resizing),
        cmocka_unit_test(test_wishes),
        cmocka_unit_test(test_give_up),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_erase_bytes),
        cmocka_unit_test(test_erase_in_color),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_cover),
        cmocka_unit_test(test_sticky),
        cmocka_unit_test(test_kitty),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_few_registers),
        cmocka_unit_test(test_fence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
