/*
 * Whole frames as bytes: what libvterm makes of them is what the canvas holds, whatever stood
 * on the screen before, and the cursor is where it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <vterm.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "tui/paint.h"

enum { WIDTH = 60, HEIGHT = 12 };

static uint64_t random_state = 11;

static uint32_t next_random(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % below;
}

static void shown(const void *context, const struct cell *cell, wchar_t text[4])
{
    (void)context;
    text[0] = (wchar_t)cell->code;
    text[1] = (wchar_t)cell->marks[0];
    text[2] = 0;
}

static struct style random_style(void)
{
    static const unsigned attrs[] = {0,
                                     0,
                                     0,
                                     STYLE_BOLD,
                                     STYLE_UNDERLINE,
                                     STYLE_REVERSE,
                                     STYLE_ITALIC,
                                     STYLE_BOLD | STYLE_REVERSE};
    static const int16_t colors[] = {
        STYLE_DEFAULT, STYLE_DEFAULT, STYLE_NONE, 0, 1, 7, 8, 15, 16, 99, 255};
    if (next_random(2) == 0)
        return (struct style){.fg = STYLE_DEFAULT, .bg = STYLE_DEFAULT};
    return (struct style){.fg = colors[next_random(ASSAY_COUNT(colors))],
                          .bg = colors[next_random(ASSAY_COUNT(colors))],
                          .attrs = (uint8_t)attrs[next_random(ASSAY_COUNT(attrs))]};
}

/* Stretches of one style, blank or not, with wide characters and marks among them. */
static void fill(struct cell *cells)
{
    for (int y = 0; y < HEIGHT; y++) {
        struct style style = random_style();
        uint32_t blank = next_random(2);
        for (int x = 0; x < WIDTH; x++, cells++) {
            if (next_random(5) == 0) {
                style = random_style();
                blank = next_random(2);
            }
            *cells = (struct cell){
                .code = blank ? ' ' : 'a' + next_random(26), .style = style, .width = 1};
            if (blank == 0 && next_random(8) == 0)
                cells->marks[0] = 0x301;
            if (blank == 0 && next_random(8) == 0)
                cells->code = 0x2500 + next_random(64);
            if (blank == 0 && x + 1 < WIDTH && next_random(9) == 0) {
                *cells = (struct cell){.code = 0x4e00, .style = style, .width = 2};
                *++cells = (struct cell){.style = style};
                x++;
            }
        }
    }
}

static int index_of(VTermColor *color, bool foreground)
{
    if (foreground ? VTERM_COLOR_IS_DEFAULT_FG(color) : VTERM_COLOR_IS_DEFAULT_BG(color))
        return -1;
    assert_true(VTERM_COLOR_IS_INDEXED(color));
    return color->indexed.idx;
}

static void check_cell(VTermScreen *screen, int x, int y, const struct cell *wanted)
{
    VTermScreenCell cell;
    vterm_screen_get_cell(screen, (VTermPos){.row = y, .col = x}, &cell);
    uint32_t code = cell.chars[0] == 0 ? ' ' : cell.chars[0];
    if (code != wanted->code || cell.width != wanted->width)
        fail_msg("at %d, %d: U+%04X for U+%04X", x, y, (unsigned)code, (unsigned)wanted->code);
    assert_int_equal(cell.chars[0] ? cell.chars[1] : 0, wanted->marks[0]);
    assert_int_equal(index_of(&cell.fg, true), wanted->style.fg < 0 ? -1 : wanted->style.fg);
    assert_int_equal(index_of(&cell.bg, false), wanted->style.bg < 0 ? -1 : wanted->style.bg);
    unsigned attrs = wanted->style.attrs;
    assert_int_equal(cell.attrs.bold != 0, (attrs & STYLE_BOLD) != 0);
    assert_int_equal(cell.attrs.underline != 0, (attrs & STYLE_UNDERLINE) != 0);
    assert_int_equal(cell.attrs.italic != 0, (attrs & STYLE_ITALIC) != 0);
    assert_int_equal(cell.attrs.reverse != 0, (attrs & STYLE_REVERSE) != 0);
}

static void check_frame(VTerm *terminal, const struct cell *cells)
{
    struct assay_buf out = {0};
    VTermPos before, after;
    vterm_state_get_cursorpos(vterm_obtain_state(terminal), &before);
    paint_frame(&out, cells, WIDTH, HEIGHT, true, shown, NULL);
    vterm_input_write(terminal, assay_buf_text(&out), out.length);
    assay_buf_free(&out);
    vterm_state_get_cursorpos(vterm_obtain_state(terminal), &after);
    assert_int_equal(before.row, after.row);
    assert_int_equal(before.col, after.col);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            if (cells[y * WIDTH + x].width > 0)
                check_cell(vterm_obtain_screen(terminal), x, y, &cells[y * WIDTH + x]);
}

static void test_frames(void **state)
{
    (void)state;
    static struct cell cells[WIDTH * HEIGHT];
    VTerm *terminal = vterm_new(HEIGHT, WIDTH);
    vterm_set_utf8(terminal, 1);
    vterm_screen_reset(vterm_obtain_screen(terminal), 1);
    for (int i = 0; i < 200; i++) {
        char move[40];
        snprintf(move, sizeof move, "\033[%u;%uH\033[4%um", next_random(HEIGHT) + 1,
                 next_random(WIDTH) + 1, next_random(8));
        vterm_input_write(terminal, move, strlen(move));
        fill(cells);
        check_frame(terminal, cells);
    }
    vterm_free(terminal);
}

/* What is written afterwards has the colours of before. */
static void test_colors_stay(void **state)
{
    (void)state;
    static struct cell cells[WIDTH * HEIGHT];
    VTerm *terminal = vterm_new(HEIGHT, WIDTH);
    vterm_screen_reset(vterm_obtain_screen(terminal), 1);
    vterm_input_write(terminal, "\033[2;3H\033[1;32m", 13);
    fill(cells);
    struct assay_buf out = {0};
    paint_frame(&out, cells, WIDTH, HEIGHT, true, shown, NULL);
    vterm_input_write(terminal, assay_buf_text(&out), out.length);
    vterm_input_write(terminal, "Z", 1);
    assay_buf_free(&out);
    struct cell wanted = {
        .code = 'Z', .style = {.fg = 2, .bg = STYLE_DEFAULT, .attrs = STYLE_BOLD}, .width = 1};
    check_cell(vterm_obtain_screen(terminal), 2, 1, &wanted);
    vterm_free(terminal);
}

static const char *missing;

static const char *xterm(const char *name)
{
    static const char *const known[][2] = {
        {"cup", "\033[%i%p1%d;%p2%dH"},
        {"cuf", "\033[%p1%dC"},
        {"sc", "\0337"},
        {"rc", "\0338"},
        {"bold", "\033[1m"},
        {"dim", "\033[2m"},
        {"sitm", "\033[3m"},
        {"smul", "\033[4m"},
        {"rev", "\033[7m"},
        {"setaf", "\033[%?%p1%{8}%<%t3%p1%d%e%p1%{16}%<%t9%p1%{8}%-%d%e38;5;%p1%d%;m"},
        {"setab", "\033[%?%p1%{8}%<%t4%p1%d%e%p1%{16}%<%t10%p1%{8}%-%d%e48;5;%p1%d%;m"},
    };
    for (size_t i = 0; i < ASSAY_COUNT(known); i++)
        if (strcmp(known[i][0], name) == 0 && (missing == NULL || strcmp(missing, name) != 0))
            return known[i][1];
    return NULL;
}

static const char *ansi(const char *name)
{
    return strcmp(name, "setaf") == 0 ? "\033[3%p1%dm" : xterm(name);
}

static void test_terminals(void **state)
{
    (void)state;
    static const char *const needed[] = {"cup", "cuf", "sc", "bold", "sitm", "setab"};
    missing = NULL;
    assert_true(paint_suits(xterm));
    assert_false(paint_suits(ansi));
    for (size_t i = 0; i < ASSAY_COUNT(needed); i++) {
        missing = needed[i];
        assert_false(paint_suits(xterm));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_colors_stay),
        cmocka_unit_test(test_terminals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
