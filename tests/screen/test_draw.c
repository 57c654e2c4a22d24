/*
 * Drawing on areas: clipping, widths, padding, and that nothing raw gets through.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/text.h>

#include "tui/draw.h"

struct board {
    struct theme theme;
    struct canvas canvas;
    struct assay_buf text;
};

static int setup(void **state)
{
    static struct board board;

    board = (struct board){.theme = {.colors = 0}};
    theme_load(&board.theme, "dark", NULL, 256, NULL);
    board.canvas.theme = &board.theme;
    canvas_resize(&board.canvas, 20, 4);
    *state = &board;
    return 0;
}

static int teardown(void **state)
{
    struct board *board = *state;

    canvas_free(&board->canvas);
    assay_buf_free(&board->text);
    return 0;
}

/* A row's characters, '.' for blanks, and '<' for the right half of a wide one. */
static const char *row(struct board *board, int y)
{
    assay_buf_reset(&board->text);
    for (int x = 0; x < board->canvas.width; x++) {
        const struct cell *cell = canvas_cell(&board->canvas, x, y);
        char utf8[4];

        if (cell->width == 0)
            assay_buf_char(&board->text, '<');
        else if (cell->code == ' ')
            assay_buf_char(&board->text, '.');
        else
            assay_buf_add(&board->text, utf8, assay_utf8_encode(cell->code, utf8));
        for (int i = 0; i < 2 && cell->marks[i] != 0; i++)
            assay_buf_add(&board->text, utf8, assay_utf8_encode(cell->marks[i], utf8));
    }
    return assay_buf_text(&board->text);
}

static void test_text(void **state)
{
    struct board *board = *state;
    struct area all = area_all(&board->canvas);

    assert_int_equal(draw_text(all, 2, 0, ROLE_NORMAL, "hello"), 5);
    assert_string_equal(row(board, 0), "..hello.............");
    assert_int_equal(draw_text(all, 16, 0, ROLE_NORMAL, "clipped"), 7);
    assert_string_equal(row(board, 0), "..hello.........clip");
    assert_int_equal(draw_text(all, -3, 1, ROLE_NORMAL, "abcdef"), 6);
    assert_string_equal(row(board, 1), "def.................");
    draw_text(all, 0, 9, ROLE_NORMAL, "outside");
    draw_text(all, 0, -1, ROLE_NORMAL, "outside");
    draw_text(all, 400, 2, ROLE_NORMAL, "outside");
    assert_string_equal(row(board, 2), "....................");
    /* Combining characters sit on the one before; a third is dropped. */
    assert_int_equal(draw_text(all, 0, 2, ROLE_NORMAL, "e\314\201\314\202\314\203x"), 2);
    assert_string_equal(row(board, 2), "e\314\201\314\202x..................");
    draw_text(all, 0, 3, ROLE_NORMAL, "\314\201y"); /* upon nothing */
    assert_string_equal(row(board, 3), "y...................");
}

static void test_raw(void **state)
{
    struct board *board = *state;

    draw_text(area_all(&board->canvas), 0, 0, ROLE_NORMAL, "a\033[2J\x9b\n\302\205\177\377z");
    for (int x = 0; x < 20; x++) {
        uint32_t code = canvas_cell(&board->canvas, x, 0)->code;

        assert_true(code >= 0x20 && !(code >= 0x7f && code < 0xa0));
    }
    draw_char(area_all(&board->canvas), 0, 0, ROLE_NORMAL, 0x1b);
    assert_int_equal(canvas_cell(&board->canvas, 0, 0)->code, 0xfffd);
}

static void test_wide(void **state)
{
    struct board *board = *state;
    struct area all = area_all(&board->canvas);

    assert_int_equal(draw_text(all, 0, 0, ROLE_NORMAL, "\346\274\242\345\255\227"), 4);
    assert_string_equal(row(board, 0), "\346\274\242<\345\255\227<................");
    draw_text(all, 1, 0, ROLE_NORMAL, "x"); /* its other half goes too */
    assert_string_equal(row(board, 0), ".x\345\255\227<................");
    draw_text(all, 2, 0, ROLE_NORMAL, "y");
    assert_string_equal(row(board, 0), ".xy.................");
    draw_text(all, 19, 0, ROLE_NORMAL, "\346\274\242"); /* does not fit: a blank */
    assert_string_equal(row(board, 0), ".xy.................");
    draw_text(all, -1, 1, ROLE_NORMAL, "\346\274\242z");
    assert_string_equal(row(board, 1), ".z..................");
    draw_text(all, 4, 2, ROLE_NORMAL, "\346\274\242");
    draw_text(all, 3, 2, ROLE_NORMAL, "\345\255\227"); /* over its left half */
    assert_string_equal(row(board, 2), "...\345\255\227<...............");
}

static void test_field(void **state)
{
    struct board *board = *state;
    struct area all = area_all(&board->canvas);

    draw_field(all, 1, 0, 8, ALIGN_RIGHT, ROLE_NORMAL, "0.25");
    assert_string_equal(row(board, 0), ".....0.25...........");
    draw_field(all, 1, 0, 8, ALIGN_LEFT, ROLE_NORMAL, "name");
    assert_string_equal(row(board, 0), ".name...............");
    draw_field(all, 1, 0, 8, ALIGN_CENTER, ROLE_NORMAL, "mid");
    assert_string_equal(row(board, 0), "...mid..............");
    draw_field(all, 1, 0, 8, ALIGN_LEFT, ROLE_NORMAL, "much too long");
    assert_string_equal(row(board, 0), ".much.to\342\200\246...........");
    draw_field(all, 1, 0, 4, ALIGN_LEFT, ROLE_NORMAL, "\346\274\242\345\255\227\346\274\242");
    assert_string_equal(row(board, 0), ".\346\274\242<\342\200\246..to\342\200\246...........");
    draw_field(all, 1, 1, 1, ALIGN_LEFT, ROLE_NORMAL, "long");
    draw_field(all, 5, 1, 0, ALIGN_LEFT, ROLE_NORMAL, "none");
    draw_field(all, 18, 1, 8, ALIGN_LEFT, ROLE_NORMAL, "cut");
    assert_string_equal(row(board, 1), ".\342\200\246................cu");
    board->canvas.ascii = true;
    draw_field(all, 0, 2, 4, ALIGN_LEFT, ROLE_NORMAL, "ascii");
    assert_string_equal(row(board, 2), "asc~................");
}

static void test_areas(void **state)
{
    struct board *board = *state;
    struct area part = area_part(area_all(&board->canvas), 5, 1, 6, 2);
    struct area inner = area_part(part, 4, 1, 10, 10);

    assert_int_equal(inner.rect.x, 9);
    assert_int_equal(inner.rect.width, 2);
    assert_int_equal(inner.rect.height, 1);
    draw_text(part, 0, 0, ROLE_NORMAL, "longer than it");
    draw_text(inner, 0, 0, ROLE_NORMAL, "wxyz");
    assert_string_equal(row(board, 1), ".....longer.........");
    assert_string_equal(row(board, 2), ".........wx.........");
    assert_true(rect_empty(area_part(part, 7, 0, 3, 3).rect));
    draw_text(area_part(part, 7, 0, 3, 3), 0, 0, ROLE_NORMAL, "no");
    draw_clear(area_part(part, -3, -3, 100, 100));
    assert_string_equal(row(board, 1), "....................");
}

/* A row under the cursor: its colours shine through all that is drawn on it. */
static void test_under(void **state)
{
    struct board *board = *state;
    struct area here = area_under(area_row(area_all(&board->canvas), 1), ROLE_HERE);
    struct style under = theme_style(&board->theme, ROLE_NORMAL, ROLE_HERE);

    draw_clear(here);
    draw_text(here, 0, 0, ROLE_WORSE, "bad");
    for (int x = 0; x < 20; x++)
        assert_int_equal(canvas_cell(&board->canvas, x, 1)->style.bg, under.bg);
    assert_int_equal(canvas_cell(&board->canvas, 0, 1)->style.fg,
                     theme_style(&board->theme, ROLE_WORSE, ROLE_NORMAL).fg);
    assert_int_equal(canvas_cell(&board->canvas, 0, 0)->style.bg, STYLE_DEFAULT);
    draw_restyle(area_all(&board->canvas), 18, 1, 40, ROLE_ERROR);
    assert_int_equal(canvas_cell(&board->canvas, 19, 1)->style.fg,
                     theme_style(&board->theme, ROLE_ERROR, ROLE_NORMAL).fg);
}

/* Text that is underlined keeps its line to itself; a row that is underlined is so throughout. */
static void test_underline(void **state)
{
    struct board *board = *state;
    struct area all = area_all(&board->canvas);
    int lines[2] = {0, 0};

    theme_load(&board->theme, "mono", NULL, 0, NULL);
    draw_field(all, 0, 0, 8, ALIGN_RIGHT, ROLE_FAILED, "nan");
    draw_field(area_under(all, ROLE_HERE_IDLE), 0, 1, 8, ALIGN_RIGHT, ROLE_FAILED, "nan");
    for (int x = 0; x < 8; x++) {
        for (int y = 0; y < 2; y++)
            lines[y] += (canvas_cell(&board->canvas, x, y)->style.attrs & STYLE_UNDERLINE) != 0;
    }
    assert_int_equal(lines[0], 3);
    assert_int_equal(lines[1], 8);
}

static void test_shapes(void **state)
{
    struct board *board = *state;
    struct area all = area_all(&board->canvas), inside;

    inside = draw_box(area_part(all, 0, 0, 12, 4), ROLE_BORDER, "a title too long");
    assert_string_equal(row(board, 0), "\342\225\255\342\224\200.a.tit\342\200\246.\342\224\200"
                                       "\342\225\256........");
    assert_int_equal(inside.rect.x, 1);
    assert_int_equal(inside.rect.width, 10);
    assert_int_equal(inside.rect.height, 2);
    draw_box(area_part(all, 0, 0, 1, 1), ROLE_BORDER, "x"); /* too small for anything */
    board->canvas.ascii = true;
    draw_clear(all);
    draw_bar(all, 0, 0, 10, 0.5);
    assert_string_equal(row(board, 0), "#####...............");
    draw_bar(all, 0, 0, 10, NAN);
    draw_bar(all, 10, 0, 10, 7.0);
    assert_string_equal(row(board, 0), "..........##########");
    board->canvas.ascii = false;
    draw_bar(all, 0, 1, 2, 0.75);
    assert_int_equal(canvas_cell(&board->canvas, 0, 1)->code, 0x2588);
    assert_int_equal(canvas_cell(&board->canvas, 1, 1)->code, 0x258c); /* half a cell */
    draw_scrollbar(all, 19, 0, 4, 0, 4);
    assert_int_equal(canvas_cell(&board->canvas, 19, 3)->code, ' ');
    draw_scrollbar(all, 19, 0, 4, 100, 8);
    assert_int_equal(canvas_cell(&board->canvas, 19, 0)->code, 0x2502);
    assert_int_equal(canvas_cell(&board->canvas, 19, 3)->code, 0x2503);
}

static void test_size(void **state)
{
    struct board *board = *state;

    canvas_resize(&board->canvas, 1000000, -5);
    assert_int_equal(board->canvas.width, 1000);
    assert_int_equal(board->canvas.height, 0);
    draw_text(area_all(&board->canvas), 0, 0, ROLE_NORMAL, "nothing");
    assert_null(canvas_cell(&board->canvas, 0, 0));
    draw_box(area_all(&board->canvas), ROLE_BORDER, "t");
}

int main(void)
{
#define DRAW_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        DRAW_TEST(test_text),   DRAW_TEST(test_raw),   DRAW_TEST(test_wide),
        DRAW_TEST(test_field),  DRAW_TEST(test_areas), DRAW_TEST(test_under),
        DRAW_TEST(test_underline),
        DRAW_TEST(test_shapes), DRAW_TEST(test_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
