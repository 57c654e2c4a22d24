/*
 * The terminal: the door to curses. See term.h for how the workbench uses it.
 *
 * Who does what: curses knows the terminal's capabilities and sends the difference between two
 * screens of text. It never reads: its input cannot tell a late reply from keys, so bytes are
 * read here and decoded in keys.c. The canvas is compared with what was last given to curses,
 * so that curses looks only at rows that changed.
 *
 * Cells under an image are given to curses as a character of their own (a hidden no-break
 * space). They are never blank to it, so that none of its shortcuts for blanks (erase to the
 * end of the line, of the screen) runs over an image, and they never change while the image
 * stays. Shortcuts that shift text (insert and delete character or line) are off. One cannot be
 * switched off: where rows of the new screen stand elsewhere on the old one, curses scrolls
 * that part of it, and the image in it. With an image on the screen rows are therefore given
 * one by one: a single row that changes is never a row that moved.
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include <assay/buf.h>
#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#define term curses_term /* it has a struct of this name */
#include <term.h>
#undef term
/* Names that it takes as macros and that are fields or functions here. */
#undef columns
#undef lines
#undef tab
#undef bell

#include "asciimap.h"
#include "crash.h"
#include "paint.h"
#include "term_private.h"

/* Mouse clicks, drags and wheel (1002, 1006), focus (1004), pasted text marked (2004). */
#define MODES_ON       "\033[?1004h\033[?2004h"
#define MODES_OFF      "\033[?1004l\033[?2004l"
#define MOUSE_ON       "\033[?1002h\033[?1006h"
#define MOUSE_OFF      "\033[?1006l\033[?1002l"
#define ASK_BACKGROUND "\033]11;?\033\\"

#define SYNC_BEGIN "\033[?2026h"
#define SYNC_END   "\033[?2026l"

#define IMAGE_CELL 0xa0 /* what stands under images */

/* ---- bytes out ---- */

void term_write(struct term *term, const void *bytes, size_t length)
{
    const char *p = bytes;

    while (length > 0 && !term->gone) {
        ssize_t put = write(term->out, p, length);

        if (put > 0) {
            p += put;
            length -= (size_t)put;
        } else if (put < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){.fd = term->out, .events = POLLOUT}, 1, 1000);
        } else if (put < 0 && errno != EINTR) {
            term->gone = true;
        }
    }
}

static void write_text(struct term *term, const char *text)
{
    term_write(term, text, strlen(text));
}

/* ---- colours ---- */

/* The number of the pair for these colours, made at its first use; 0 where there is no room. */
static int color_pair(struct term *term, int fg, int bg)
{
    unsigned at = ((unsigned)(fg + 2) * 521u + (unsigned)(bg + 2)) & (PAIRS_MAX - 1);
    struct color_pair *pair;

    if (term->colors < 8)
        return 0;
    if (!term->own_colors) { /* no default colours here: white on black */
        fg = fg < 0 ? COLOR_WHITE : fg;
        bg = bg < 0 ? COLOR_BLACK : bg;
    }
    if (fg < 0 && bg < 0)
        return 0;
    for (;; at = (at + 1) & (PAIRS_MAX - 1)) {
        pair = &term->pairs[at];
        if (pair->number == 0)
            break;
        if (pair->fg == fg && pair->bg == bg)
            return pair->number;
    }
    if (term->pair_count + 1 >= COLOR_PAIRS || term->pair_count >= PAIRS_MAX / 2 ||
        init_extended_pair(term->pair_count + 1, fg, bg) == ERR)
        return 0;
    *pair =
        (struct color_pair){.fg = (int16_t)fg, .bg = (int16_t)bg, .number = ++term->pair_count};
    return pair->number;
}

static attr_t curses_attrs(unsigned attrs)
{
    return (attrs & STYLE_BOLD ? A_BOLD : 0u) | (attrs & STYLE_DIM ? A_DIM : 0u) |
           (attrs & STYLE_UNDERLINE ? A_UNDERLINE : 0u) |
           (attrs & STYLE_REVERSE ? A_REVERSE : 0u) | (attrs & STYLE_ITALIC ? A_ITALIC : 0u);
}

/* ---- the canvas to curses ---- */

static bool cell_equal(const struct cell *a, const struct cell *b)
{
    return a->code == b->code && a->width == b->width && a->marks[0] == b->marks[0] &&
           a->marks[1] == b->marks[1] && a->style.fg == b->style.fg &&
           a->style.bg == b->style.bg && a->style.attrs == b->style.attrs;
}

/* The character as this terminal and this C library can show it in the cell's width. */
static wchar_t shown_code(const struct term *term, const struct cell *cell)
{
    uint32_t code = cell->code;

    if (!term->utf8)
        return (wchar_t)asciimap(code);
    if (code < 0x7f)
        return (wchar_t)code;
    return wcwidth((wchar_t)code) == cell->width ? (wchar_t)code : L'\xfffd';
}

static void shown_text(const void *context, const struct cell *cell, wchar_t text[4])
{
    const struct term *term = context;
    int length = 1;

    text[0] = shown_code(term, cell);
    for (int i = 0; i < 2 && term->utf8; i++)
        if (cell->marks[i] != 0 && wcwidth((wchar_t)cell->marks[i]) == 0)
            text[length++] = (wchar_t)cell->marks[i];
    text[length] = 0;
}

static void curses_cell(struct term *term, const struct cell *cell, cchar_t *out)
{
    wchar_t text[4];
    attr_t attrs = curses_attrs(cell->style.attrs);
    int pair = color_pair(term, cell->style.fg, cell->style.bg);

    if (cell->code == IMAGE_CELL && cell->style.fg == STYLE_NONE) {
        attrs = A_INVIS;
        pair = cell->style.bg < 0 ? 0 : color_pair(term, cell->style.bg, cell->style.bg);
    }
    shown_text(term, cell, text);
    setcchar(out, text, attrs, 0, &pair);
}

/* What shall stand in the cell: the canvas's, or an image's. The image ends within its last
   row: what is left of that has the theme's background, as all around it. */
static struct cell wanted_cell(const struct term *term, int at)
{
    if (term->under[at])
        return (struct cell){
            .code = IMAGE_CELL,
            .style = {.fg = STYLE_NONE, .bg = term->theme.styles[ROLE_NORMAL].bg},
            .width = 1};
    return term->canvas.cells[at];
}

/* A wide character that an image cuts in half becomes a blank. */
static struct cell whole_cell(const struct term *term, int at, int x)
{
    struct cell cell = wanted_cell(term, at);
    bool torn = (cell.width == 2 && (x + 1 == term->canvas.width || term->under[at + 1])) ||
                (cell.width == 0 && (x == 0 || term->under[at - 1]));

    if (torn)
        cell = (struct cell){.code = ' ', .style = cell.style, .width = 1};
    return cell;
}

/* Cells side by side on their way to curses, to which many at once cost little more than one.
 */
struct given {
    cchar_t cells[64];
    int y, from, count;
};

static void give(struct given *given)
{
    if (given->count > 0)
        mvwadd_wchnstr(stdscr, given->y, given->from, given->cells, given->count);
    given->count = 0;
}

/* Gives curses the cells of one row that changed. */
static bool send_row(struct term *term, int y)
{
    int width = term->canvas.width;
    struct given given = {.y = y};
    bool any = false;

    for (int x = 0; x < width; x++) {
        struct cell *shown = &term->shown[y * width + x];
        struct cell cell = whole_cell(term, y * width + x, x);

        if (cell_equal(&cell, shown))
            continue;
        any = true;
        *shown = cell;
        if (cell.width == 0) /* goes with its left half, which changed too or is given again */
            continue;
        if (cell.width == 2 || x != given.from + given.count ||
            given.count == (int)ASSAY_COUNT(given.cells))
            give(&given);
        if (given.count == 0)
            given.from = x;
        curses_cell(term, &cell, &given.cells[given.count++]);
        if (cell.width == 2) {
            give(&given);
            shown[1] = whole_cell(term, y * width + x + 1, x + 1);
        }
    }
    give(&given);
    return any;
}

/* Where a wide character's right half was overwritten, curses has blanked the left one: what is
   shown is no longer what we think. Such rows are given whole. */
static void forget_row_if_torn(struct term *term, int y)
{
    int width = term->canvas.width;
    struct cell *shown = &term->shown[y * width];

    for (int x = 0; x < width; x++) {
        if (shown[x].width == 1)
            continue;
        struct cell cell = whole_cell(term, y * width + x, x);
        if (!cell_equal(&cell, &shown[x])) {
            for (int i = 0; i < width; i++)
                shown[i] = (struct cell){0};
            return;
        }
    }
}

/* Notes which cells lie under images; true where any do. */
static bool mark_images(struct term *term)
{
    struct rect rects[GRAPHICS_SLOTS];
    size_t count = graphics_rects(term->graphics, rects);
    struct rect all = {.width = term->canvas.width, .height = term->canvas.height};

    memset(term->under, 0, (size_t)all.width * (size_t)all.height);
    for (size_t i = 0; i < count; i++) {
        struct rect rect = rect_cut(rects[i], all);

        for (int y = 0; y < rect.height; y++)
            memset(term->under + (rect.y + y) * all.width + rect.x, 1, (size_t)rect.width);
    }
    return count > 0;
}

/* Most rows of most frames are as they were, which is seen at once. */
static bool is_shown(const struct term *term, int y)
{
    size_t width = (size_t)term->canvas.width, at = (size_t)y * width;

    return memcmp(&term->canvas.cells[at], &term->shown[at], width * sizeof *term->shown) ==
               0 &&
           memchr(&term->under[at], 1, width) == NULL;
}

/* UNDER: some cells lie under images, as mark_images() says. */
static bool send_text(struct term *term, bool under)
{
    bool one_by_one = under && !term->lost, any = false;

    for (int y = 0; y < term->canvas.height; y++) {
        bool changed;

        if (is_shown(term, y))
            continue;
        forget_row_if_torn(term, y);
        changed = send_row(term, y);
        if (changed && one_by_one)
            wrefresh(stdscr);
        any |= changed;
    }
    return any;
}

/* Nothing of the screen is known. Curses would look for the shortest way over each gap between
   words, which takes it longer than all the rest of a first frame: where we know the terminal's
   sequences the frame is written here, and where no image goes with it (ALONE), it is on its
   way before curses has heard of it. */
static void paint_all(struct term *term, bool alone, struct assay_buf *out)
{
    paint_frame(out, term->canvas.cells, term->canvas.width, term->canvas.height, term->utf8,
                shown_text, term);
    if (alone) {
        term_write(term, assay_buf_text(out), out->length);
        assay_buf_reset(out);
    }
}

/* Curses, to which the whole frame has been given, is told that it stands there (PAINTED), or
   that nothing does. */
static void tell_curses(bool painted)
{
    if (!painted) {
        clearok(curscr, TRUE);
        return;
    }
    overwrite(stdscr, curscr);
    clearok(curscr, FALSE);
    clearok(newscr, FALSE);
    clearok(stdscr, FALSE);
}

static void forget(struct term *term)
{
    size_t cells = (size_t)term->canvas.width * (size_t)term->canvas.height;

    memset(term->shown, 0, cells * sizeof *term->shown);
    term->lost = true;
    graphics_lost(term->graphics);
}

/* The theme's background as a sequence; "" where it is the terminal's own, or a colour that
   curses cannot have either. */
static void background_sequence(const struct term *term, char out[16])
{
    int color = term->theme.styles[ROLE_NORMAL].bg;

    out[0] = '\0';
    if (color >= 0 && color < 8 && term->colors >= 8)
        snprintf(out, 16, "\033[%dm", 40 + color);
    else if (color >= 8 && color < 256 && term->colors >= 256)
        snprintf(out, 16, "\033[48;5;%dm", color);
}

void term_flush(struct term *term, void (*images_made)(void *context), void *context)
{
    struct assay_buf out = {0};
    char background[16];
    bool images, under, painted, cursor = term->cursor_x >= 0;
    bool any = term->lost;

    if (term->left || term->gone)
        return;
    images = graphics_pending(term->graphics);
    if (images && graphics_caps(term->graphics)->sync)
        assay_buf_text_add(&out, SYNC_BEGIN);
    background_sequence(term, background);
    graphics_erase(term->graphics, background, &out);
    under = mark_images(term);
    painted = term->lost && term->paints && !under;
    if (painted)
        paint_all(term, !images, &out);
    capture_begin(&term->capture);
    any |= send_text(term, under);
    if (term->lost)
        tell_curses(painted);
    if (cursor != term->cursor_on) {
        curs_set(cursor ? 1 : 0);
        leaveok(stdscr, cursor ? FALSE : TRUE);
        term->cursor_on = cursor;
        any = true;
    }
    wmove(stdscr, term->cursor_y, cursor ? term->cursor_x : 0);
    if (any || cursor)
        wrefresh(stdscr);
    capture_end(&term->capture, &out);
    term->lost = false;
    if (images_made)
        images_made(context);
    if (images) {
        graphics_draw(term->graphics, &out, assay_monotonic_us());
        if (graphics_caps(term->graphics)->sync)
            assay_buf_text_add(&out, SYNC_END);
    }
    term_write(term, assay_buf_text(&out), out.length);
    keys_expect(term->keys, graphics_waiting(term->graphics));
    assay_buf_free(&out);
}

void term_redraw(struct term *term)
{
    forget(term);
}

void term_cursor(struct term *term, int x, int y)
{
    term->cursor_x = x >= term->canvas.width ? term->canvas.width - 1 : x;
    term->cursor_y = y < 0 ? 0 : y >= term->canvas.height ? term->canvas.height - 1 : y;
}

void term_bell(struct term *term)
{
    write_text(term, "\a");
}

/* ---- size ---- */

static void set_size(struct term *term, int width, int height)
{
    size_t cells;

    resizeterm(height, width);
    canvas_resize(&term->canvas, width, height);
    cells = (size_t)term->canvas.width * (size_t)term->canvas.height;
    free(term->shown);
    free(term->under);
    term->shown = assay_alloc_array(cells + 1, sizeof *term->shown);
    term->under = assay_alloc_array(cells + 1, 1);
    werase(stdscr);
    forget(term);
    for (size_t i = 0; i < cells && term->own_colors; i++) /* what curses has now */
        term->shown[i] = (struct cell){
            .code = ' ', .style = {.fg = STYLE_DEFAULT, .bg = STYLE_DEFAULT}, .width = 1};
    term->resized = true;
}

static void ask(struct term *term)
{
    struct assay_buf out = {0};

    graphics_ask(term->graphics, &out, assay_monotonic_us());
    term_write(term, assay_buf_text(&out), out.length);
    assay_buf_free(&out);
    keys_expect(term->keys, graphics_waiting(term->graphics));
}

void term_resize(struct term *term)
{
    struct winsize size = {0};
    int width, height;

    term->looked_us = assay_monotonic_us();
    if (ioctl(term->out, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
        size.ws_col = (unsigned short)(COLS > 0 ? COLS : 80);
        size.ws_row = (unsigned short)(LINES > 0 ? LINES : 24);
        size.ws_xpixel = size.ws_ypixel = 0;
    }
    width = size.ws_col > 1000 ? 1000 : size.ws_col;
    height = size.ws_row > 1000 ? 1000 : size.ws_row;
    if (!graphics_resized(term->graphics, width, height, size.ws_xpixel, size.ws_ypixel))
        return;
    if (width != term->canvas.width || height != term->canvas.height)
        set_size(term, width, height);
    else
        term->redraw = true;
    ask(term);
}

/* ---- themes ---- */

static bool no_color(void)
{
    const char *value = getenv("NO_COLOR");

    return value != NULL && *value != '\0';
}

enum assay_status term_set_theme(struct term *term, const char *name, struct assay_error *err)
{
    const char *directory = term->theme_directory[0] != '\0' ? term->theme_directory : NULL;
    enum assay_status status;

    term->auto_theme = name == NULL || strcmp(name, "auto") == 0;
    if (term->colors < 8)
        name = "mono";
    else if (term->auto_theme)
        name = term_auto_theme(term);
    status = theme_load(&term->theme, name, directory, term->colors, err);
    term_use_background(term);
    term->canvas.theme = &term->theme;
    term->redraw = true;
    return status;
}

/* ---- modes ---- */

static void arm(struct term *term)
{
    const char *leave = tigetstr("rmcup");
    struct assay_buf reset = {0};

    assay_buf_text_add(&reset, "\030\033\\" MOUSE_OFF MODES_OFF SYNC_END "\033[0m\033[?25h");
    if (leave != NULL && leave != (const char *)-1)
        assay_buf_text_add(&reset, leave);
    crash_arm(term->out, &term->modes_before, assay_buf_text(&reset), reset.length);
    assay_buf_free(&reset);
}

static void modes_on(struct term *term)
{
    write_text(term, MODES_ON);
    if (!term->no_mouse)
        write_text(term, MOUSE_ON);
    arm(term);
}

void term_leave(struct term *term)
{
    struct assay_buf out = {0};

    if (term->left)
        return;
    crash_disarm();
    if (!term->gone) {
        graphics_hide_all(term->graphics);
        graphics_erase(term->graphics, "", &out);
        assay_buf_text_add(&out, MOUSE_OFF MODES_OFF);
        term_write(term, assay_buf_text(&out), out.length);
    }
    assay_buf_free(&out);
    curs_set(1);
    term->cursor_on = true;
    endwin();
    term->left = true;
}

void term_enter(struct term *term)
{
    raw();
    noecho();
    nonl();
    reset_prog_mode();
    term->left = false;
    doupdate(); /* back to the alternate screen */
    modes_on(term);
    forget(term);
    term->redraw = true;
    term_resize(term);
}

void term_suspend(struct term *term)
{
    struct sigaction usual = {.sa_handler = SIG_DFL}, before;

    term_leave(term);
    sigaction(SIGTSTP, &usual, &before);
    raise(SIGTSTP); /* stops here until SIGCONT */
    sigaction(SIGTSTP, &before, NULL);
    term_enter(term);
}

/* ---- opening and closing ---- */

static const char *capability(const char *name)
{
    const char *sequence = tigetstr(name);

    return sequence == (const char *)-1 ? NULL : sequence;
}

static void learn_keys(struct term *term)
{
    static const struct {
        const char *name;
        uint32_t key;
    } known[] = {
        {"kcuu1", KEYS_UP},
        {"kcud1", KEYS_DOWN},
        {"kcub1", KEYS_LEFT},
        {"kcuf1", KEYS_RIGHT},
        {"khome", KEYS_HOME},
        {"kend", KEYS_END},
        {"kpp", KEYS_PAGE_UP},
        {"knp", KEYS_PAGE_DOWN},
        {"kich1", KEYS_INSERT},
        {"kdch1", KEYS_DELETE},
        {"kcbt", KEYS_SHIFT | KEYS_TAB},
        {"kf1", KEYS_F1},
        {"kf2", KEYS_F1 + 1},
        {"kf3", KEYS_F1 + 2},
        {"kf4", KEYS_F1 + 3},
        {"kf5", KEYS_F1 + 4},
        {"kf6", KEYS_F1 + 5},
        {"kf7", KEYS_F1 + 6},
        {"kf8", KEYS_F1 + 7},
        {"kf9", KEYS_F1 + 8},
        {"kf10", KEYS_F1 + 9},
        {"kf11", KEYS_F1 + 10},
        {"kf12", KEYS_F1 + 11},
    };

    for (size_t i = 0; i < ASSAY_COUNT(known); i++) {
        const char *sequence = capability(known[i].name);

        if (sequence != NULL)
            keys_learn(term->keys, sequence, known[i].key);
    }
}

/* Inside tmux or GNU screen, also one at the other end of an ssh. */
static bool is_nested(const char *name)
{
    return strncmp(name, "screen", 6) == 0 || strncmp(name, "tmux", 4) == 0 ||
           getenv("TMUX") != NULL || getenv("STY") != NULL;
}

/* Terminals that would print the questions on the screen, or have nothing to answer. */
static bool is_silent(const char *name)
{
    static const char *const names[] = {"linux", "dumb", "vt52", "cons25", "ansi"};

    for (size_t i = 0; i < ASSAY_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void open_graphics(struct term *term, const struct term_options *options)
{
    const char *name = getenv("TERM"), *tmux = getenv("TMUX");
    const char *wish = options->graphics != NULL ? options->graphics : getenv("ASSAY_GRAPHICS");
    struct graphics_options graphics = {
        .tmux = tmux != NULL && *tmux != '\0',
        .nested = is_nested(name != NULL ? name : "dumb"),
        .silent = is_silent(name != NULL ? name : "dumb"),
        .cell_width = options->cell_width,
        .cell_height = options->cell_height,
        .registers = options->registers,
    };

    if (no_color())
        graphics.wish = GRAPHICS_WANT_TEXT;
    if (wish != NULL && *wish != '\0' && !graphics_wish_parse(wish, &graphics.wish)) {
        struct assay_buf clean = {0};

        assay_text_clean(&clean, wish, strlen(wish));
        snprintf(term->notice, sizeof term->notice,
                 "graphics \"%.40s\" is none of auto, sixel, kitty, text",
                 assay_buf_text(&clean));
        assay_buf_free(&clean);
    }
    term->graphics = graphics_new(&graphics);
}

static void open_colors(struct term *term, const struct term_options *options)
{
    struct assay_error err = {0};

    if (has_colors() && !no_color()) {
        start_color();
        term->own_colors = use_default_colors() != ERR;
        term->colors = COLORS >= 256 ? 256 : COLORS >= 16 ? 16 : COLORS >= 8 ? 8 : 0;
        term->paints = term->own_colors && term->colors == 256 && paint_suits(capability) &&
                       tigetflag("xenl") > 0; /* the last column is written without a step on */
    }
    if (options->theme_directory != NULL)
        snprintf(term->theme_directory, sizeof term->theme_directory, "%s",
                 options->theme_directory);
    if (term_set_theme(term, options->theme, &err) != ASSAY_OK)
        assay_text_clean_to(term->notice, sizeof term->notice, err.what);
}

static enum assay_status open_screen(struct term *term, struct assay_error *err)
{
    const char *name = getenv("TERM");
    int copy = dup(term->out);

    term->out_file = copy >= 0 ? fdopen(copy, "w") : NULL;
    if (term->out_file == NULL)
        return assay_fail(err, ASSAY_IO, "terminal: %s", strerror(errno));
    use_tioctl(TRUE);
    term->screen = newterm(NULL, term->out_file, stdin);
    if (term->screen == NULL) {
        assay_fail(err, ASSAY_IO, "terminal: nothing is known of TERM=%s",
                   name != NULL ? name : "(not set)");
        assay_hint(err, "set TERM to what the terminal is, for instance TERM=xterm-256color");
        return ASSAY_IO;
    }
    if (tigetstr("cup") == NULL) {
        endwin();
        delscreen(term->screen);
        assay_fail(err, ASSAY_IO, "terminal: TERM=%s cannot place the cursor", name);
        assay_hint(err, "without a screen there are commands: assay ls, assay runs, "
                        "assay plot, assay --help");
        return ASSAY_IO;
    }
    raw();
    noecho();
    nonl();
    typeahead(-1); /* curses must not look at the input */
    idlok(stdscr, FALSE);
    idcok(stdscr, FALSE);
    scrollok(stdscr, FALSE);
    leaveok(stdscr, TRUE);
    curs_set(0);
    capture_open(&term->capture, copy);
    return ASSAY_OK;
}

enum assay_status term_open(struct term **out, const struct term_options *options,
                            struct assay_error *err)
{
    struct term *term;

    *out = NULL;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        assay_fail(err, ASSAY_BAD_INPUT, "the workbench needs a terminal: standard %s is none",
                   isatty(STDOUT_FILENO) ? "input" : "output");
        assay_hint(err, "for pipes and scripts there are commands: assay ls, assay runs, "
                        "assay --help");
        return ASSAY_BAD_INPUT;
    }
    /* The program has done this long ago; changing it is not for a time at which others run. */
    if (strcmp(setlocale(LC_CTYPE, NULL), "C") == 0)
        setlocale(LC_CTYPE, "");
    term = assay_alloc(sizeof *term);
    term->in = STDIN_FILENO;
    term->out = STDOUT_FILENO;
    term->cursor_x = -1;
    term->no_mouse = options->no_mouse;
    term->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    term->canvas.ascii = !term->utf8;
    tcgetattr(term->out, &term->modes_before);
    if (open_screen(term, err) != ASSAY_OK) {
        if (term->out_file != NULL)
            fclose(term->out_file);
        free(term);
        return ASSAY_IO;
    }
    term->keys = keys_new();
    learn_keys(term);
    open_graphics(term, options);
    open_colors(term, options);
    modes_on(term);
    if (term->colors >= 8 && !is_silent(getenv("TERM")))
        write_text(term, ASK_BACKGROUND);
    term_resize(term); /* asks the rest, DA1 last */
    *out = term;
    return ASSAY_OK;
}

void term_close(struct term **term)
{
    struct term *t = *term;

    if (t == NULL)
        return;
    term_leave(t);
    tcsetattr(t->out, TCSADRAIN, &t->modes_before);
    tcflush(t->in, TCIFLUSH); /* late replies would be typed into the shell */
    tmux_cancel(&t->tmux);
    delscreen(t->screen);
    capture_close(&t->capture);
    fclose(t->out_file);
    keys_free(&t->keys);
    graphics_free(&t->graphics);
    canvas_free(&t->canvas);
    free(t->shown);
    free(t->under);
    free(t);
    *term = NULL;
}

const char *term_notice(const struct term *term)
{
    return term->notice;
}

struct canvas *term_canvas(struct term *term)
{
    return &term->canvas;
}

struct graphics *term_graphics(struct term *term)
{
    return term->graphics;
}

const struct theme *term_theme(const struct term *term)
{
    return &term->theme;
}

bool term_ascii(const struct term *term)
{
    return !term->utf8;
}
