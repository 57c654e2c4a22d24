/*
 * Asking the terminal and judging its answers. See detect.h; used by graphics.c.
 *
 * All questions go out in one batch with DA1 last. Every terminal answers DA1 and answers in
 * order, so its reply is the fence: what has not been answered by then never will be. Attribute
 * 4 in it is the one test for sixel that holds. No time-out decides anything but "text for
 * now".
 *
 * The size of a cell has four sources, none of which works everywhere. In this order: CSI 16 t
 * (xterm does not answer it by default); the largest image of XTSMGRAPHICS, which in xterm is
 * the text area exactly, where it divides evenly and is below xterm's limit of 1000; the
 * kernel's window size (which in xterm includes borders and slack, so that it can be a pixel
 * too large); CSI 14 t.
 */
#include <stdio.h>
#include <string.h>

#include <assay/text.h>

#include "detect.h"

#define CELL_WIDTH_MIN    2
#define CELL_WIDTH_MAX    128
#define CELL_HEIGHT_MIN   4
#define CELL_HEIGHT_MAX   256
#define IMAGE_MAX_UNKNOWN 1000  /* xterm drops larger ones silently */
#define IMAGE_MAX_TMUX    10000 /* its own limit; it does not answer the question */
#define IMAGE_MAX         16384
#define IMAGE_MIN         64 /* a limit below this is no answer */
#define BORDER_MAX        24 /* pixels a window may have around its text */
#define REGISTERS_UNKNOWN 16
#define REGISTERS_TMUX    16 /* tmux claims 1024 whatever the terminal around it has */

#define ASK_CELL      "\033[16t"
#define ASK_AREA      "\033[14t"
#define ASK_REGISTERS "\033[?1;1;0S"
#define ASK_GEOMETRY  "\033[?2;1;0S"
#define ASK_SYNC      "\033[?2026$p"
#define ASK_KITTY     "\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\"
#define ASK_VERSION   "\033[>0q"
#define ASK_DA1       "\033[c"

void detect_ask(struct detect *detect, bool again, bool nested, struct assay_buf *out)
{
    assay_buf_text_add(out, ASK_CELL ASK_AREA);
    if (!again)
        assay_buf_text_add(out, ASK_REGISTERS);
    assay_buf_text_add(out, ASK_GEOMETRY);
    if (!again)
        assay_buf_text_add(out, ASK_SYNC ASK_VERSION);
    if (!again && !nested)
        assay_buf_text_add(out, ASK_KITTY);
    assay_buf_text_add(out, ASK_DA1);
    detect->asked = true;
}

static bool cell_ok(struct detect_size cell)
{
    return cell.width >= CELL_WIDTH_MIN && cell.width <= CELL_WIDTH_MAX &&
           cell.height >= CELL_HEIGHT_MIN && cell.height <= CELL_HEIGHT_MAX;
}

static void take_graphics_attribute(struct detect *detect, const struct reply *reply)
{
    const int *n = reply->numbers;

    if (reply->count < 3 || n[1] != 0) /* refused, or malformed */
        return;
    if (n[0] == 1 && n[2] >= 2)
        detect->registers = n[2];
    if (n[0] == 2 && reply->count >= 4 && n[2] >= IMAGE_MIN && n[3] >= IMAGE_MIN)
        detect->geometry = (struct detect_size){.width = n[2], .height = n[3]};
}

void detect_reply(struct detect *detect, const struct reply *reply)
{
    const int *n = reply->numbers;

    switch (reply->kind) {
    case REPLY_DA1:
        detect->answered = true;
        detect->sixel = false;
        for (int i = 1; i < reply->count; i++)
            if (n[i] == 4)
                detect->sixel = true;
        break;
    case REPLY_CELL:
        if (reply->count == 3)
            detect->cell = (struct detect_size){.width = n[2], .height = n[1]};
        break;
    case REPLY_PIXELS:
        if (reply->count == 3)
            detect->area = (struct detect_size){.width = n[2], .height = n[1]};
        break;
    case REPLY_XTSM:
        take_graphics_attribute(detect, reply);
        break;
    case REPLY_MODE:
        if (reply->count >= 2 && n[0] == 2026)
            detect->sync = n[1] == 1 || n[1] == 2;
        break;
    case REPLY_KITTY:
        if (strcmp(reply->text, "OK") == 0)
            detect->kitty = true;
        break;
    case REPLY_VERSION:
        assay_text_clean_to(detect->terminal, sizeof detect->terminal, reply->text);
        if (strncmp(detect->terminal, "tmux", 4) == 0)
            detect->in_tmux = true;
        break;
    default:
        break;
    }
}

static struct detect_size divide(struct detect_size pixels, int columns, int rows)
{
    if (columns <= 0 || rows <= 0)
        return (struct detect_size){0};
    return (struct detect_size){.width = pixels.width / columns,
                                .height = pixels.height / rows};
}

/* The cell's size by the order above; 0 x 0 where nothing is known. */
static struct detect_size cell_size(struct detect *detect)
{
    struct detect_size kernel = divide(detect->kernel, detect->columns, detect->rows);
    struct detect_size geometry = divide(detect->geometry, detect->columns, detect->rows);
    struct detect_size cell = detect->cell;
    bool exact_width = geometry.width > 0 && detect->geometry.width < IMAGE_MAX_UNKNOWN &&
                       detect->geometry.width % detect->columns == 0;
    bool exact_height = geometry.height > 0 && detect->geometry.height < IMAGE_MAX_UNKNOWN &&
                        detect->geometry.height % detect->rows == 0;

    detect->loose = false;
    /* One that would make images half as large again as the window is not believed. */
    if (cell_ok(cell) &&
        !(cell_ok(kernel) && (cell.width > kernel.width + kernel.width / 2 ||
                              cell.height > kernel.height + kernel.height / 2)))
        return cell;
    if (exact_width && exact_height && cell_ok(geometry))
        return geometry;
    if (cell_ok(kernel)) {
        if (exact_width && geometry.width <= kernel.width)
            kernel.width = geometry.width;
        if (exact_height && geometry.height <= kernel.height)
            kernel.height = geometry.height;
        else /* less than a cell of slack and BORDER_MAX pixels, spread over that many rows */
            detect->loose = detect->rows < kernel.height + BORDER_MAX;
        return kernel;
    }
    cell = divide(detect->area, detect->columns, detect->rows);
    return cell_ok(cell) ? cell : (struct detect_size){0};
}

static void say(struct graphics_caps *caps, const char *why)
{
    snprintf(caps->why, sizeof caps->why, "%s", why);
}

/* Which kind the answers allow, and why. */
static enum graphics_kind allowed_kind(const struct detect *detect,
                                       const struct graphics_options *options,
                                       struct graphics_caps *caps)
{
    if (options->wish == GRAPHICS_WANT_TEXT) {
        say(caps, "text was asked for");
        return GRAPHICS_TEXT;
    }
    if (options->wish == GRAPHICS_WANT_SIXEL || options->wish == GRAPHICS_WANT_KITTY) {
        say(caps, "asked for");
        return options->wish == GRAPHICS_WANT_SIXEL ? GRAPHICS_SIXEL : GRAPHICS_KITTY;
    }
    if (!detect->answered) {
        say(caps, options->silent   ? "a terminal of this kind is not asked"
                  : detect->gave_up ? "the terminal did not answer"
                                    : "the terminal has not answered yet");
        return GRAPHICS_TEXT;
    }
    if (detect->in_tmux && detect->sixel && detect->tmux != TMUX_CAN) {
        say(caps, detect->tmux == TMUX_CANNOT ? "the terminal around tmux has no sixel"
                  : options->tmux
                      ? "tmux has not said yet what its client can"
                      : "tmux on another machine cannot be asked what its client can");
        return GRAPHICS_TEXT;
    }
    if (detect->sixel) {
        say(caps, "the terminal says it has sixel");
        return GRAPHICS_SIXEL;
    }
    if (detect->kitty && !detect->in_tmux) {
        say(caps, "the terminal answered the kitty query");
        return GRAPHICS_KITTY;
    }
    say(caps, "the terminal says it has no graphics");
    return GRAPHICS_TEXT;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static int count_registers(const struct detect *detect, const struct graphics_options *options,
                           enum graphics_kind kind)
{
    int registers = detect->registers > 0 ? detect->registers : REGISTERS_UNKNOWN;

    if (options->registers > 0)
        registers = options->registers;
    else if (kind == GRAPHICS_KITTY)
        registers = 256;
    else if (detect->in_tmux && registers > REGISTERS_TMUX)
        registers = REGISTERS_TMUX;
    return clamp(registers, 2, 256);
}

void detect_decide(struct detect *detect, const struct graphics_options *options,
                   struct graphics_caps *caps)
{
    struct detect_size cell = cell_size(detect);
    struct detect_size limit = detect->geometry;

    if (options->tmux)
        detect->in_tmux = true;
    if (options->cell_width > 0 && options->cell_height > 0) {
        cell = (struct detect_size){options->cell_width, options->cell_height};
        detect->loose = false;
    }
    caps->kind = allowed_kind(detect, options, caps);
    if (caps->kind != GRAPHICS_TEXT && cell.width == 0) {
        caps->kind = GRAPHICS_TEXT;
        say(caps, "the size of a cell in pixels is not known");
    }
    if (limit.width == 0) {
        int most = detect->in_tmux ? IMAGE_MAX_TMUX : IMAGE_MAX_UNKNOWN;

        limit = (struct detect_size){.width = most, .height = most};
    }
    caps->settled =
        detect->gave_up || options->silent ||
        (detect->answered && !(detect->sixel && options->tmux && detect->tmux == TMUX_UNASKED));
    caps->registers = count_registers(detect, options, caps->kind);
    caps->cell_width = cell.width;
    caps->cell_height = cell.height;
    caps->max_width = clamp(limit.width, IMAGE_MIN, IMAGE_MAX);
    caps->max_height = clamp(limit.height, IMAGE_MIN, IMAGE_MAX);
    caps->sync = detect->sync && !detect->in_tmux; /* tmux loses images sent inside it */
    snprintf(caps->terminal, sizeof caps->terminal, "%s", detect->terminal);
}
