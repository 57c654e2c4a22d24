/*
 * Images on the terminal: slots, what is on the screen against what is wanted there, and the
 * bytes between the two. See graphics.h; screens place, term.c sends. What the terminal can do
 * is found out in detect.c.
 *
 * Pace: after the images of a flush a DA1 question is sent as a fence, and no further image
 * until it is answered, so that a slow link never holds more than one frame. DA1 it is because
 * a terminal that does graphics has answered it before; its reply can be no key.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#include "detect.h"
#include "graphics.h"

#define GIVE_UP_US     (GRAPHICS_GIVE_UP_S * INT64_C(1000000))
#define KITTY_ID       0x41530000u /* ids of images are shared by all programs in a kitty */
#define FRAME_SIDE     16384
#define DRAWING_COLORS 64 /* more are a picture's; each of those costs its encoder time */
#define SIXEL_BAND     6  /* pixel rows that sixel paints at a time */

struct slot {
    /* what the screen wants */
    bool wanted, covered;
    struct rect rect;
    const struct assay_frame *frame; /* borrowed */
    uint64_t version;
    /* what the terminal shows */
    bool shown;  /* there may be pixels of it on the screen */
    bool stale;  /* they are damaged: send it again */
    bool failed; /* it could not be encoded: not tried again */
    struct rect shown_rect;
    int shown_width, shown_height; /* pixels */
    uint64_t shown_version;
    /* the bytes of the last encoding, without the cursor's movements around them */
    struct assay_buf encoded;
    uint64_t encoded_version;
    int encoded_width, encoded_height;
    struct rect encoded_rect;
};

struct graphics {
    struct graphics_options options;
    struct graphics_caps caps;
    struct detect detect;
    struct slot slots[GRAPHICS_SLOTS];
    int fences;       /* DA1 questions without an answer */
    bool fence;       /* the last of them came after images */
    int64_t asked_us; /* when the latest went out */
};

struct graphics *graphics_new(const struct graphics_options *options)
{
    struct graphics *graphics = assay_alloc(sizeof *graphics);

    graphics->options = *options;
    detect_decide(&graphics->detect, &graphics->options, &graphics->caps);
    return graphics;
}

void graphics_free(struct graphics **graphics)
{
    if (*graphics == NULL)
        return;
    for (int i = 0; i < GRAPHICS_SLOTS; i++)
        assay_buf_free(&(*graphics)->slots[i].encoded);
    free(*graphics);
    *graphics = NULL;
}

const struct graphics_caps *graphics_caps(const struct graphics *graphics)
{
    return &graphics->caps;
}

bool graphics_wish_parse(const char *text, enum graphics_wish *wish)
{
    static const char *const names[] = {
        [GRAPHICS_AUTO] = "auto",
        [GRAPHICS_WANT_SIXEL] = "sixel",
        [GRAPHICS_WANT_KITTY] = "kitty",
        [GRAPHICS_WANT_TEXT] = "text",
    };

    for (size_t i = 0; i < ASSAY_COUNT(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *wish = (enum graphics_wish)i;
            return true;
        }
    }
    return false;
}

/* ---- detection ---- */

static bool same_pixels(const struct graphics_caps *a, const struct graphics_caps *b)
{
    return a->kind == b->kind && a->registers == b->registers &&
           a->cell_width == b->cell_width && a->cell_height == b->cell_height;
}

/* Whether what is shown of SLOT, sent when BEFORE held, is right now that NOW does, too: an
   image no part of which is larger than is taken. */
static bool fits(const struct slot *slot, const struct graphics_caps *before,
                 const struct graphics_caps *now)
{
    bool more = now->max_width >= before->max_width && now->max_height >= before->max_height;

    return slot->shown && same_pixels(before, now) &&
           (more ||
            (slot->shown_width <= now->max_width && slot->shown_height <= now->max_height));
}

/* Decides anew; true where anything a screen can see changed. What was encoded is for the old
   circumstances then. */
static bool decide(struct graphics *graphics)
{
    struct graphics_caps before = graphics->caps;
    const struct graphics_caps *now = &graphics->caps;
    bool changed;

    detect_decide(&graphics->detect, &graphics->options, &graphics->caps);
    changed = !same_pixels(&before, now);
    if (!changed && before.max_width == now->max_width && before.max_height == now->max_height)
        return false;
    for (int i = 0; i < GRAPHICS_SLOTS; i++) {
        struct slot *slot = &graphics->slots[i];
        bool damaged = slot->frame != NULL && !fits(slot, &before, now);

        assay_buf_reset(&slot->encoded);
        slot->stale |= damaged;
        slot->failed = false;
        changed |= damaged;
    }
    return changed;
}

void graphics_ask(struct graphics *graphics, struct assay_buf *out, int64_t now_us)
{
    bool again = graphics->detect.asked;

    if (graphics->options.silent || graphics->options.wish == GRAPHICS_WANT_TEXT ||
        (again && graphics->caps.kind == GRAPHICS_TEXT))
        return;
    detect_ask(&graphics->detect, again, graphics->options.nested, out);
    graphics->fences++;
    graphics->asked_us = now_us;
}

bool graphics_resized(struct graphics *graphics, int columns, int rows, int pixel_width,
                      int pixel_height)
{
    struct detect *detect = &graphics->detect;

    if (detect->columns == columns && detect->rows == rows &&
        detect->kernel.width == pixel_width && detect->kernel.height == pixel_height)
        return false;
    if (detect->columns != 0) { /* answers about another size of the window */
        detect->geometry = (struct detect_size){0};
        detect->area = (struct detect_size){0};
    }
    detect->columns = columns;
    detect->rows = rows;
    detect->kernel = (struct detect_size){.width = pixel_width, .height = pixel_height};
    decide(graphics);
    return true;
}

bool graphics_reply(struct graphics *graphics, const struct reply *reply, int64_t now_us)
{
    (void)now_us;
    if (reply->kind == REPLY_DA1) {
        if (graphics->fences > 0)
            graphics->fences--;
        if (graphics->fences == 0)
            graphics->fence = false;
    }
    if (graphics->detect.gave_up) /* too late to change anything */
        return false;
    detect_reply(&graphics->detect, reply);
    return decide(graphics);
}

bool graphics_tmux_asks(const struct graphics *graphics)
{
    const struct detect *detect = &graphics->detect;

    return graphics->options.tmux && graphics->options.wish == GRAPHICS_AUTO &&
           detect->answered && detect->sixel && detect->tmux == TMUX_UNASKED;
}

bool graphics_tmux_reply(struct graphics *graphics, const char *features)
{
    bool can = false;

    for (const char *at = features; (at = strstr(at, "sixel")) != NULL; at += 5) {
        bool begins = at == features || at[-1] == ',' || at[-1] == ' ';

        if (begins && (at[5] == '\0' || strchr(", \n", at[5]) != NULL))
            can = true;
    }
    graphics->detect.tmux = can ? TMUX_CAN : TMUX_CANNOT;
    return decide(graphics);
}

bool graphics_waiting(const struct graphics *graphics)
{
    return graphics->fences > 0;
}

int64_t graphics_deadline(const struct graphics *graphics)
{
    return graphics->fences > 0 ? graphics->asked_us + GIVE_UP_US : INT64_MAX;
}

bool graphics_expire(struct graphics *graphics, int64_t now_us)
{
    if (now_us < graphics_deadline(graphics))
        return false;
    graphics->fences = 0;
    graphics->fence = false;
    if (graphics->detect.answered)
        return false;
    graphics->detect.gave_up = true;
    return decide(graphics);
}

/* ---- placing ---- */

bool graphics_pixels(const struct graphics *graphics, struct rect rect, int *width, int *height)
{
    const struct graphics_caps *caps = &graphics->caps;
    const struct detect *detect = &graphics->detect;
    int w = 0, h = 0;

    if (caps->kind != GRAPHICS_TEXT && !rect_empty(rect) && rect.x >= 0 && rect.y >= 0 &&
        rect.width <= detect->columns - rect.x && rect.height <= detect->rows - 1 - rect.y) {
        w = rect.width * caps->cell_width;
        h = rect.height * caps->cell_height;
        if (detect->loose) /* the cell may be up to a pixel lower than we think */
            h -= rect.height;
        h -= h % SIXEL_BAND;
    }
    *width = w;
    *height = h;
    return w > 0 && h >= SIXEL_BAND && w <= FRAME_SIDE && h <= FRAME_SIDE;
}

static struct slot *find_slot(struct graphics *graphics, int slot)
{
    return slot >= 0 && slot < GRAPHICS_SLOTS ? &graphics->slots[slot] : NULL;
}

bool graphics_place(struct graphics *graphics, int slot, struct rect rect,
                    const struct assay_frame *frame, uint64_t version)
{
    struct slot *s = find_slot(graphics, slot);
    int width, height;

    if (s == NULL)
        return false;
    s->wanted = false;
    if (!graphics_pixels(graphics, rect, &width, &height) || frame->pixels == NULL ||
        frame->width < 1 || frame->height < SIXEL_BAND || frame->width > width ||
        frame->height > height || frame->colors < 1 || frame->colors > 256)
        return false;
    if (version != s->version)
        s->failed = false;
    if (s->failed)
        return false;
    s->wanted = true;
    s->covered = false;
    s->rect = rect;
    s->frame = frame;
    s->version = version;
    return true;
}

void graphics_hide(struct graphics *graphics, int slot)
{
    struct slot *s = find_slot(graphics, slot);

    if (s != NULL) {
        s->wanted = false;
        s->frame = NULL;
    }
}

void graphics_hide_all(struct graphics *graphics)
{
    for (int i = 0; i < GRAPHICS_SLOTS; i++)
        graphics_hide(graphics, i);
}

bool graphics_cover(struct graphics *graphics, struct rect rect)
{
    bool any = false;

    for (int i = 0; i < GRAPHICS_SLOTS; i++) {
        struct slot *slot = &graphics->slots[i];

        if (slot->wanted && rect_overlap(slot->rect, rect))
            slot->covered = any = true;
    }
    return any;
}

bool graphics_ready(const struct graphics *graphics)
{
    return !graphics->fence;
}

static bool visible(const struct slot *slot)
{
    return slot->wanted && !slot->covered;
}

size_t graphics_rects(const struct graphics *graphics, struct rect *rects)
{
    size_t count = 0;

    for (int i = 0; i < GRAPHICS_SLOTS; i++)
        if (visible(&graphics->slots[i]))
            rects[count++] = graphics->slots[i].rect;
    return count;
}

/* ---- sending ---- */

static bool must_go(const struct slot *slot)
{
    return slot->shown &&
           (!visible(slot) || !rect_equal(slot->rect, slot->shown_rect) ||
            slot->frame->width < slot->shown_width || slot->frame->height < slot->shown_height);
}

static bool must_come(const struct slot *slot)
{
    return visible(slot) && !slot->failed &&
           (!slot->shown || slot->stale || slot->version != slot->shown_version);
}

bool graphics_pending(const struct graphics *graphics)
{
    for (int i = 0; i < GRAPHICS_SLOTS; i++) {
        const struct slot *slot = &graphics->slots[i];

        if (must_go(slot) || (!graphics->fence && must_come(slot)))
            return true;
    }
    return false;
}

void graphics_lost(struct graphics *graphics)
{
    for (int i = 0; i < GRAPHICS_SLOTS; i++) {
        struct slot *slot = &graphics->slots[i];

        slot->stale = true;
        /* A cleared screen has no sixels left; kitty's images live on until they are deleted.
         */
        if (graphics->caps.kind != GRAPHICS_KITTY)
            slot->shown = false;
    }
}

/* Blanks over RECT, as they are: erasing functions clear pixels in some terminals only. */
static void blank(struct rect rect, struct assay_buf *out)
{
    for (int y = 0; y < rect.height; y++) {
        assay_buf_format(out, "\033[%d;%dH", rect.y + y + 1, rect.x + 1);
        assay_buf_repeat(out, " ", (size_t)rect.width);
    }
}

/* The pixels under RECT are gone: images that stay and touch it must be sent again. */
static void damage(struct graphics *graphics, struct rect rect)
{
    for (int i = 0; i < GRAPHICS_SLOTS; i++) {
        struct slot *slot = &graphics->slots[i];

        if (slot->shown && rect_overlap(slot->shown_rect, rect))
            slot->stale = true;
    }
}

void graphics_erase(struct graphics *graphics, const char *background, struct assay_buf *out)
{
    bool sticky = graphics->caps.kind == GRAPHICS_SIXEL && graphics->detect.kitty;
    bool any = false;

    for (int i = 0; i < GRAPHICS_SLOTS; i++) {
        struct slot *slot = &graphics->slots[i];

        if (!must_go(slot))
            continue;
        if (!any)
            assay_buf_format(out, "\0337\033[0m%s", background);
        /* In Konsole text never removes a sixel; this deletes all images of either kind. */
        if (!any && sticky)
            assay_buf_text_add(out, "\033_Ga=d,d=A,q=2\033\\");
        if (graphics->caps.kind == GRAPHICS_KITTY)
            assay_buf_format(out, "\033_Ga=d,d=I,i=%u,q=2\033\\", KITTY_ID + (unsigned)i + 1);
        any = true;
        slot->shown = false;
        blank(slot->shown_rect, out);
        damage(graphics, slot->shown_rect);
    }
    if (any)
        assay_buf_text_add(out, "\0338");
    for (int i = 0; any && sticky && i < GRAPHICS_SLOTS; i++)
        graphics->slots[i].shown = false;
}

/* Which colours PART of FRAME uses. Neighbours are mostly alike: looked at by eights. */
static void used_colors(const struct assay_frame *frame, struct rect part, bool used[256])
{
    for (int y = 0; y < part.height; y++) {
        const uint8_t *row =
            frame->pixels + (size_t)(part.y + y) * (size_t)frame->width + part.x;
        uint64_t last = ~(uint64_t)0, eight;
        int x = 0;

        for (; x + 8 <= part.width; x += 8) {
            memcpy(&eight, row + x, sizeof eight);
            if (eight == last && x > 0)
                continue;
            last = eight;
            for (int i = 0; i < 8; i++)
                used[row[x + i]] = true;
        }
        for (; x < part.width; x++)
            used[row[x]] = true;
    }
}

/* The colour below REGISTERS that is nearest to colour number I. */
static int nearest_color(const struct assay_frame *frame, int i, int registers)
{
    long best = -1;
    int found = i;

    for (int k = 0; k < registers; k++) {
        long r = (long)frame->palette[i].r - frame->palette[k].r;
        long g = (long)frame->palette[i].g - frame->palette[k].g;
        long b = (long)frame->palette[i].b - frame->palette[k].b;
        long far = r * r + g * g + b * b;

        if (best < 0 || far < best) {
            best = far;
            found = k;
        }
    }
    return found;
}

/* Part of FRAME as a frame of its own, with the colours it uses and no others: each costs the
   encoder a look at every pixel. Colours past REGISTERS become the nearest below. */
static void copy_part(const struct assay_frame *frame, struct rect part, int registers,
                      struct assay_frame *out)
{
    int limit = frame->colors < registers ? frame->colors : registers;
    bool used[256] = {false};
    uint8_t map[256] = {0};
    int number[256]; /* in OUT, of a colour of FRAME; -1 none yet */

    assay_frame_resize(out, part.width, part.height);
    memset(number, -1, sizeof number);
    used_colors(frame, part, used);
    out->colors = 0;
    for (int i = 0; i < 256; i++) {
        if (!used[i])
            continue;
        int color = i < limit ? i : nearest_color(frame, i, limit);
        if (number[color] < 0) {
            number[color] = out->colors;
            out->palette[out->colors++] = frame->palette[color];
        }
        map[i] = (uint8_t)number[color];
    }
    for (int y = 0; y < part.height; y++) {
        const uint8_t *from =
            frame->pixels + (size_t)(part.y + y) * (size_t)frame->width + part.x;
        uint8_t *to = out->pixels + (size_t)y * (size_t)part.width;

        for (int x = 0; x < part.width; x++)
            to[x] = map[from[x]];
    }
}

/* How many cells of SIZE pixels a tile of at most LIMIT pixels holds, as a multiple of STEP. */
static int tile_cells(int limit, int size, int step)
{
    int cells = limit / size;

    if (cells >= step)
        cells -= cells % step;
    return cells < 1 ? 1 : cells;
}

/* The least number of rows whose pixels are whole bands of sixel. */
static int band_rows(int cell_height)
{
    int rows = 1;

    while (rows < SIXEL_BAND && rows * cell_height % SIXEL_BAND != 0)
        rows++;
    return rows;
}

/* FRAME in pieces side by side, WIDE x HIGH pixels at most. */
static enum assay_status encode_tiles(const struct graphics *graphics, const struct slot *slot,
                                      int wide, int high, struct assay_buf *out)
{
    const struct graphics_caps *caps = &graphics->caps;
    const struct assay_frame *frame = slot->frame;
    enum assay_status status = ASSAY_OK;
    struct assay_frame tile = {0};

    for (int y = 0; y < frame->height && status == ASSAY_OK; y += high) {
        for (int x = 0; x < frame->width && status == ASSAY_OK; x += wide) {
            struct rect part = {.x = x, .y = y, .width = frame->width - x};

            part.height = frame->height - y;
            part.width = part.width > wide ? wide : part.width;
            part.height = part.height > high ? high : part.height;
            if (part.height < SIXEL_BAND)
                continue;
            copy_part(frame, part, caps->registers, &tile);
            assay_buf_format(out, "\033[%d;%dH", slot->rect.y + y / caps->cell_height + 1,
                             slot->rect.x + x / caps->cell_width + 1);
            status = assay_encode_sixel(&tile, NULL, out, NULL);
        }
    }
    assay_frame_free(&tile);
    return status;
}

/* FRAME as one sixel, or as several side by side where the terminal would drop one so large. */
static enum assay_status encode_sixel(const struct graphics *graphics, const struct slot *slot,
                                      const struct assay_hands *hands, struct assay_buf *out)
{
    const struct graphics_caps *caps = &graphics->caps;
    const struct assay_frame *frame = slot->frame;
    int columns = tile_cells(caps->max_width, caps->cell_width, 1);
    int rows = tile_cells(caps->max_height, caps->cell_height, band_rows(caps->cell_height));
    int wide = columns * caps->cell_width, high = rows * caps->cell_height;

    /* A drawing that the terminal can show as it is need not be copied. */
    if (frame->width > wide || frame->height > high || frame->colors > caps->registers ||
        frame->colors > DRAWING_COLORS)
        return encode_tiles(graphics, slot, wide, high, out);
    assay_buf_format(out, "\033[%d;%dH", slot->rect.y + 1, slot->rect.x + 1);
    return assay_encode_sixel(frame, hands, out, NULL);
}

/* Makes slot->encoded hold the slot's frame. False where it could not. */
static bool encode(const struct graphics *graphics, struct slot *slot, unsigned id,
                   const struct assay_hands *hands)
{
    const struct assay_frame *frame = slot->frame;
    enum assay_status status;

    if (slot->encoded.length > 0 && slot->encoded_version == slot->version &&
        slot->encoded_width == frame->width && slot->encoded_height == frame->height &&
        rect_equal(slot->encoded_rect, slot->rect))
        return true;
    assay_buf_reset(&slot->encoded);
    slot->encoded.limit = 64u << 20;
    if (graphics->caps.kind == GRAPHICS_KITTY) {
        assay_buf_format(&slot->encoded, "\033[%d;%dH", slot->rect.y + 1, slot->rect.x + 1);
        status = assay_encode_kitty(frame, id, slot->rect.width, slot->rect.height,
                                    &slot->encoded, NULL);
    } else {
        status = encode_sixel(graphics, slot, hands, &slot->encoded);
    }
    if (status != ASSAY_OK || slot->encoded.overflow) {
        assay_buf_free(&slot->encoded);
        return false;
    }
    slot->encoded_version = slot->version;
    slot->encoded_width = frame->width;
    slot->encoded_height = frame->height;
    slot->encoded_rect = slot->rect;
    return true;
}

void graphics_encode(struct graphics *graphics, int slot, const struct assay_hands *hands)
{
    struct slot *s = find_slot(graphics, slot);

    if (s != NULL && s->frame != NULL && graphics->caps.kind != GRAPHICS_TEXT)
        encode(graphics, s, KITTY_ID + (unsigned)slot + 1, hands);
}

void graphics_draw(struct graphics *graphics, struct assay_buf *out, int64_t now_us)
{
    bool any = false;

    if (graphics->fence || graphics->caps.kind == GRAPHICS_TEXT)
        return;
    for (int i = 0; i < GRAPHICS_SLOTS; i++) {
        struct slot *slot = &graphics->slots[i];

        if (!must_come(slot))
            continue;
        if (!encode(graphics, slot, KITTY_ID + (unsigned)i + 1, NULL)) {
            slot->failed = true;
            continue;
        }
        if (!any)
            assay_buf_text_add(out, "\0337\033[0m");
        any = true;
        assay_buf_add(out, slot->encoded.data, slot->encoded.length);
        slot->shown = true;
        slot->stale = false;
        slot->shown_rect = slot->rect;
        slot->shown_version = slot->version;
        slot->shown_width = slot->frame->width;
        slot->shown_height = slot->frame->height;
    }
    if (!any)
        return;
    assay_buf_text_add(out, "\0338");
    if (graphics->detect.answered) {
        assay_buf_text_add(out, "\033[c");
        graphics->fence = true;
        graphics->fences++;
        graphics->asked_us = now_us;
    }
}
