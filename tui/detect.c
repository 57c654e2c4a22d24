/*
 * Asking the terminal and judging its answers. See detect.h; used by graphics.c.
 *
 * All questions go out in one batch with DA1 last. Every terminal answers DA1 and answers in
 * order, so its reply is the fence: what has not been answered by then never will be. Attribute
 * 4 in it is the one test for sixel that holds. No time-out decides anything but "text for
 * now".
 *
 * The size of a cell has four sources, none of which works everywhere. In this order: CSI 16 t
 * (xterm does not answer it by default); the largest image of XTSMGRAPHICS (in xterm the text
 * area with its slack, up to a limit) and the kernel's window size (borders and slack in it)
 * together, each of which says between which two sizes a cell must be; CSI 14 t.
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

/* One side of the cell: COUNT cells in a window of KERNEL pixels, of which GEOMETRY are the
   text area. What a terminal cannot fill with one more cell is left over as slack, so either
   number bounds the cell from above and, were there room for one more, from below. */
struct side {
    int count, kernel, geometry;
    int low, high; /* the sizes that fit; low > high: nothing is known */
    bool exact;    /* GEOMETRY is a whole number of cells that fit */
};

static void bound(struct side *side)
{
    side->low = 1;
    side->high = 0;
    if (side->count <= 0)
        return;
    /* The largest image is the text area where it is below xterm's limit or near the window. */
    int around = side->kernel - side->geometry;
    bool area = side->geometry > 0 && side->geometry != IMAGE_MAX_UNKNOWN &&
                (side->kernel > 0 ? around >= 0 && around <= BORDER_MAX
                                  : side->geometry < IMAGE_MAX_UNKNOWN);
    if (side->kernel > 0) {
        side->low = (side->kernel - BORDER_MAX) / (side->count + 1) + 1;
        side->high = side->kernel / side->count;
    }
    if (area) {
        int low = side->geometry / (side->count + 1) + 1;
        int high = side->geometry / side->count;

        low = side->kernel > 0 && side->low > low ? side->low : low;
        high = side->kernel > 0 && side->high < high ? side->high : high;
        if (low <= high) { /* else it is a limit on images that happens to be near */
            side->low = low;
            side->high = high;
            side->exact = side->geometry % side->count == 0;
        }
    }
    if (side->low > side->high) /* more around the text than is usual */
        side->low = side->high > 1 ? side->high - 1 : side->high;
}

/* The side's size: KNOWN from before where that still fits, else the largest. */
static int choose(const struct side *side, int known, bool *sure)
{
    bool fits = known >= side->low && known <= side->high;

    *sure = fits || side->exact || side->low == side->high;
    return fits && !side->exact ? known : side->high;
}

/* From the sizes of the window alone; detect->known is kept from window to window, because a
   cell stays as it is however the window is dragged, and the first window is a whole number of
   cells. */
static struct detect_size fitting_cell(struct detect *detect)
{
    struct side width = {.count = detect->columns,
                         .kernel = detect->kernel.width,
                         .geometry = detect->geometry.width};
    struct side height = {.count = detect->rows,
                          .kernel = detect->kernel.height,
                          .geometry = detect->geometry.height};
    bool sure_width, sure_height;

    bound(&width);
    bound(&height);
    /* One side divides evenly by chance now and then, both hardly ever. */
    if (width.exact != height.exact && detect->known.height > 0)
        width.exact = height.exact = false;
    struct detect_size cell = {
        .width = choose(&width, detect->known.width, &sure_width),
        .height = choose(&height, detect->known.height, &sure_height),
    };
    if (!cell_ok(cell))
        return (struct detect_size){0};
    if (sure_width && sure_height)
        detect->known = cell;
    detect->loose = !sure_height;
    return cell;
}

/* The cell's size by the order above; 0 x 0 where nothing is known. */
static struct detect_size cell_size(struct detect *detect)
{
    struct detect_size kernel = divide(detect->kernel, detect->columns, detect->rows);
    struct detect_size cell = detect->cell;

    detect->loose = false;
    /* One that would make images half as large again as the window is not believed. */
    if (cell_ok(cell) &&
        !(cell_ok(kernel) && (cell.width > kernel.width + kernel.width / 2 ||
                              cell.height > kernel.height + kernel.height / 2)))
        return cell;
    cell = fitting_cell(detect);
    if (cell_ok(cell))
        return cell;
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
