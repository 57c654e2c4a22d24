/*
 * The terminal's other half: what comes from it. Bytes are read and fed to the decoder
 * (keys.c), replies go to the graphics and to the choice of the theme, the rest becomes events
 * for the screens. See term.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>

#include "term_private.h"

#define READ_MAX 4096
#define SIZE_LOOK_US                                                                           \
    1000000 /* how old our knowledge of the size may be when something happens */

/* ---- the background ---- */

/* One part of "rgb:RR/GG/BB", of one to four digits; -1 where it is none. */
static int color_part(const char **text)
{
    char *end;
    unsigned long value;
    long digits;

    if (strspn(*text, "0123456789abcdefABCDEF") == 0)
        return -1;
    value = strtoul(*text, &end, 16);
    digits = end - *text;
    *text = *end == '/' ? end + 1 : end;
    return digits > 4 ? -1 : (int)(value * 255 / ((1ul << (4 * (unsigned long)digits)) - 1));
}

/* As sixel will have it: whole percents. */
static uint8_t percent(int value)
{
    int rounded = (value * 100 + 127) / 255;

    return (uint8_t)((rounded * 255 + 50) / 100);
}

static bool is_light(struct assay_rgb color)
{
    return 299 * color.r + 587 * color.g + 114 * color.b > 128 * 1000;
}

static uint8_t shifted(uint8_t value, uint8_t from, uint8_t to)
{
    int moved = value + to - from;

    return (uint8_t)(moved < 0 ? 0 : moved > 255 ? 255 : moved);
}

/* A theme without colours suits any background. */
static bool is_plain(const struct theme *theme)
{
    return theme->colors < 8;
}

/* Paints charts on the terminal's own background, the grid as far from it as from the theme's;
   a theme for the other kind of background brings its own. */
void term_use_background(struct term *term)
{
    struct assay_rgb was, is = term->background;

    if (term->background_known && is_plain(&term->theme))
        theme_turn(&term->theme, is_light(is));
    if (!term->background_known)
        return;
    if (is_light(is) != term->theme.light) {
        theme_paint(&term->theme);
        return;
    }
    const struct assay_chart_palette *own = theme_palette(&term->theme);
    was = own->background;
    term->palette = *own;
    term->palette.background = is;
    term->palette.grid = (struct assay_rgb){.r = shifted(own->grid.r, was.r, is.r),
                                            .g = shifted(own->grid.g, was.g, is.g),
                                            .b = shifted(own->grid.b, was.b, is.b)};
    term->theme.chart = &term->palette;
}

const char *term_auto_theme(const struct term *term)
{
    return term->background_known && is_light(term->background) ? "light" : "dark";
}

/* The terminal said what its background is: choose the theme by it, and paint charts on it. */
static void take_background(struct term *term, const char *text)
{
    int r, g, b;

    if (strncmp(text, "rgb:", 4) != 0)
        return;
    text += 4;
    r = color_part(&text);
    g = color_part(&text);
    b = color_part(&text);
    if (r < 0 || g < 0 || b < 0)
        return;
    term->background = (struct assay_rgb){.r = percent(r), .g = percent(g), .b = percent(b)};
    term->background_known = true;
    if (term->auto_theme && term->colors >= 8 &&
        is_light(term->background) != term->theme.light)
        theme_load(&term->theme, term_auto_theme(term), NULL, term->colors, NULL);
    term_use_background(term);
    term->redraw = true;
}

/* ---- input ---- */

static void take_reply(struct term *term, const struct reply *reply)
{
    if (reply->kind == REPLY_BACKGROUND)
        take_background(term, reply->text);
    else if (graphics_reply(term->graphics, reply, assay_monotonic_us()))
        term->redraw = true;
    if (graphics_tmux_asks(term->graphics) && term->tmux.child == 0 && !tmux_ask(&term->tmux))
        graphics_tmux_reply(term->graphics, "");
    keys_expect(term->keys, graphics_waiting(term->graphics));
}

bool term_input(struct term *term)
{
    int64_t now = assay_monotonic_us();
    char bytes[READ_MAX];

    for (int i = 0; i < 16 && !term->gone && !term->left; i++) {
        struct pollfd ready = {.fd = term->in, .events = POLLIN};
        ssize_t got;

        if (poll(&ready, 1, 0) <= 0)
            break;
        got = read(term->in, bytes, sizeof bytes);
        if (got > 0)
            keys_feed(term->keys, bytes, (size_t)got, now);
        else if (got == 0 || (errno != EINTR && errno != EAGAIN))
            term->gone = true;
    }
    keys_expire(term->keys, now);
    if (graphics_expire(term->graphics, now))
        term->redraw = true;
    keys_expect(term->keys, graphics_waiting(term->graphics));
    if (tmux_read(&term->tmux) && graphics_tmux_reply(term->graphics, term->tmux.text))
        term->redraw = true;
    if (!term->left && now - term->looked_us > SIZE_LOOK_US)
        term_resize(term);
    return !term->gone;
}

bool term_event(struct term *term, struct event *event)
{
    *event = (struct event){.kind = EVENT_NONE};
    while (!term->resized && !term->redraw && keys_next(term->keys, event)) {
        if (event->kind == EVENT_REPLY) {
            take_reply(term, event->reply);
            continue;
        }
        /* tmux may have been shown on another terminal meanwhile. */
        if (event->kind == EVENT_FOCUS && event->on && getenv("TMUX") != NULL)
            graphics_lost(term->graphics);
        return true;
    }
    if (term->resized) {
        *event = (struct event){
            .kind = EVENT_RESIZE, .x = term->canvas.width, .y = term->canvas.height};
        term->resized = term->redraw = false;
        return true;
    }
    if (term->redraw) {
        *event = (struct event){.kind = EVENT_REDRAW};
        term->redraw = false;
        return true;
    }
    return false;
}

int64_t term_deadline(const struct term *term)
{
    int64_t keys = keys_deadline(term->keys);
    int64_t graphics = graphics_deadline(term->graphics);

    return keys < graphics ? keys : graphics;
}

int term_fd(const struct term *term)
{
    return term->in;
}

int term_aux_fd(const struct term *term)
{
    return term->tmux.child != 0 ? term->tmux.fd : -1;
}
