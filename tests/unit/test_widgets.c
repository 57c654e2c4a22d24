/*
 * Lists, prompts and marks: what moves, what is typed, what keeps its colour.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <assay/memory.h>

#include "tui/marks.h"
#include "tui/widget_list.h"
#include "tui/widget_prompt.h"
#include "tui/widget_table.h"

static void lists_stay_inside(void **state)
{
    (void)state;
    struct list list = {0};
    list_fit(&list, 100, 10);
    list_command(&list, 100, CMD_BOTTOM);
    assert_int_equal(list.cursor, 99);
    assert_int_equal(list.top, 90);
    list_command(&list, 100, CMD_PAGE_UP);
    assert_int_equal(list.cursor, 90);
    assert_int_equal(list.top, 90);
    list_command(&list, 100, CMD_UP);
    assert_int_equal(list.top, 89);
    list_scroll(&list, 100, -50);
    assert_int_equal(list.top, 39);
    assert_int_equal(list.cursor, 48);
    list_fit(&list, 5, 10); /* most rows are gone */
    assert_int_equal(list.cursor, 4);
    assert_int_equal(list.top, 0);
    list_fit(&list, 0, 10);
    assert_int_equal(list.cursor, 0);
    assert_false(list_command(&list, 0, CMD_OPEN));
    size_t row;
    assert_false(list_hit(&list, 0, 0, &row));
}

static struct event key_event(uint32_t key)
{
    return (struct event){.kind = EVENT_KEY, .key = key};
}

static void type(struct prompt *prompt, const char *text)
{
    for (; *text; text++) {
        struct event event = key_event((unsigned char)*text);
        assert_int_equal(prompt_event(prompt, &event), PROMPT_CHANGED);
    }
}

static enum prompt_did press(struct prompt *prompt, uint32_t key)
{
    struct event event = key_event(key);
    return prompt_event(prompt, &event);
}

static void prompts_edit(void **state)
{
    (void)state;
    struct prompt prompt = {0};
    type(&prompt, "loss < 1");
    press(&prompt, KEYS_CTRL | 'w');
    assert_string_equal(prompt.text, "loss < ");
    press(&prompt, KEYS_HOME);
    type(&prompt, "val_");
    assert_string_equal(prompt.text, "val_loss < ");
    press(&prompt, KEYS_END);
    press(&prompt, 0x20AC); /* three bytes */
    assert_string_equal(prompt.text, "val_loss < \xe2\x82\xac");
    press(&prompt, KEYS_LEFT);
    press(&prompt, KEYS_DELETE);
    assert_string_equal(prompt.text, "val_loss < ");
    assert_int_equal(press(&prompt, KEYS_ENTER), PROMPT_ENTER);
    assert_int_equal(press(&prompt, KEYS_ESCAPE), PROMPT_ESCAPE);
    assert_int_equal(press(&prompt, KEYS_F1), PROMPT_NOTHING);
    prompt_remember(&prompt);
    prompt_set(&prompt, "");
    press(&prompt, KEYS_UP);
    assert_string_equal(prompt.text, "val_loss < ");
    press(&prompt, KEYS_DOWN);
    assert_string_equal(prompt.text, "");
    prompt_free(&prompt);
}

static void pasted_text_is_cleaned_and_bounded(void **state)
{
    (void)state;
    struct prompt prompt = {0};
    char long_text[PROMPT_SIZE * 2];
    struct event event = {.kind = EVENT_PASTE, .text = "a\nb\x1b[2J", .length = 7};
    prompt_event(&prompt, &event);
    assert_null(strchr(prompt.text, '\x1b'));
    assert_null(strchr(prompt.text, '\n'));
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    event.text = long_text;
    event.length = sizeof long_text - 1;
    prompt_event(&prompt, &event);
    assert_true(prompt.length < PROMPT_SIZE);
    assert_int_equal(prompt.length, strlen(prompt.text));
    prompt_free(&prompt);
}

static void marks_keep_their_colours(void **state)
{
    (void)state;
    struct marks marks = {0};
    assert_true(marks_toggle(&marks, 7));
    assert_true(marks_toggle(&marks, 8));
    assert_true(marks_toggle(&marks, 9));
    assert_int_equal(marks_color(&marks, 9), 2);
    assert_true(marks_toggle(&marks, 8)); /* away: the others stay as they are */
    assert_int_equal(marks_color(&marks, 8), -1);
    assert_int_equal(marks_color(&marks, 9), 2);
    assert_true(marks_toggle(&marks, 10)); /* takes the free colour */
    assert_int_equal(marks_color(&marks, 10), 1);
    for (uint32_t run = 100; marks.count < MARKS_MAX; run++) {
        assert_true(marks_toggle(&marks, run));
    }
    assert_false(marks_toggle(&marks, 5000));
    marks_clear(&marks);
    assert_int_equal(marks_color(&marks, 7), -1);
}

/* ---- tables ---- */

static const double *values;

static void value_cell(void *context, size_t row, size_t column, struct table_cell *out)
{
    (void)context;
    if (column == 0) {
        out->text[0] = (char)('a' + row);
        return;
    }
    out->measured = true;
    out->value = values[row];
}

static char *row_text(const struct canvas *canvas, int y, char *out)
{
    int x = 0;
    for (; x < canvas->width; x++) {
        out[x] = (char)canvas_cell(canvas, x, y)->code;
    }
    out[x] = '\0';
    return out;
}

static void columns_share_their_decimals(void **state)
{
    (void)state;
    values = (const double[]){0.25, 12.5, 0.0001, 0};
    struct theme theme = {0};
    struct canvas canvas = {.theme = &theme, .ascii = true};
    struct table table = {0};
    struct table_column columns[2] = {{.title = "n"}, {.title = "v", .right = true}};
    struct table_rows rows = {.count = 4, .cell = value_cell};
    struct table_look look = {.focus = true, .sorted = SIZE_MAX};
    char text[64];
    canvas_resize(&canvas, 30, 8);
    table_draw(&table, area_all(&canvas), columns, 2, &rows, &look);
    int point = (int)(strchr(row_text(&canvas, 1, text), '.') - text);
    assert_non_null(strstr(text, "0.250"));
    assert_non_null(strstr(row_text(&canvas, 2, text), "12.500"));
    assert_int_equal(strchr(text, '.') - text, point);
    assert_non_null(strstr(row_text(&canvas, 3, text), "1.0e-04")); /* never a silent zero */
    assert_int_equal(strchr(text, '.') - text, point);
    assert_non_null(strstr(row_text(&canvas, 4, text), "0.000"));
    table_free(&table);
    canvas_free(&canvas);
}

/* Draws a column of the values WANTED is of; each is there as it is wanted, and the points of
   all stand in one place. */
static void check_column(const double *shown, const char *const *wanted, size_t count)
{
    struct theme theme = {0};
    struct canvas canvas = {.theme = &theme, .ascii = true};
    struct table table = {0};
    struct table_column columns[2] = {{.title = "n"}, {.title = "v", .right = true}};
    struct table_rows rows = {.count = count, .cell = value_cell};
    struct table_look look = {.focus = true, .sorted = SIZE_MAX};
    char text[64];
    size_t point = 0;
    values = shown;
    canvas_resize(&canvas, 40, (int)count + 2);
    table_draw(&table, area_all(&canvas), columns, 2, &rows, &look);
    for (size_t y = 0; y < count; y++) {
        char *value = row_text(&canvas, (int)y + 1, text) + 2;
        value += strspn(value, " ");
        size_t at = (size_t)(value - text) + strcspn(value, ".e ");
        *strchrnul(value, ' ') = '\0';
        assert_string_equal(value, wanted[y]);
        point = y == 0 ? at : point;
        assert_int_equal(at, point);
    }
    table_free(&table);
    canvas_free(&canvas);
}

static void a_value_far_from_the_others_takes_no_digits_from_them(void **state)
{
    (void)state;
    check_column((const double[]){0.2143, 1e30, 0.2161, 0.2201},
                 (const char *const[]){"0.2143", "1e30", "0.2161", "0.2201"}, 4);
    check_column((const double[]){0.2143, 54321.75, 0.2161, 0.2201},
                 (const char *const[]){"0.2143", "54322", "0.2161", "0.2201"}, 4);
    check_column((const double[]){0.2143, 150.25, 0.2161, -2e9},
                 (const char *const[]){"0.2143", "150.25", "0.2161", "-2e9"}, 4);
    check_column((const double[]){251.5, 0.0123, 198.25, 1e-12, 187.5},
                 (const char *const[]){"251.50", "0.012", "198.25", "1.0e-12", "187.50"}, 5);
    check_column((const double[]){0.0003, 0.001, 0.0001, 1.5},
                 (const char *const[]){"0.0003", "0.001", "0.0001", "1.5000"}, 4);
    check_column((const double[]){31, 12345, 7, 1e30},
                 (const char *const[]){"31", "12345", "7", "1e30"}, 4);
    check_column((const double[]){1234567890, 987654321, 3456789012, 12},
                 (const char *const[]){"1.235e9", "9.877e8", "3.457e9", "12"}, 4);
}

static void long_cell(void *context, size_t row, size_t column, struct table_cell *out)
{
    static const char *const texts[] = {"the name of it", "a value that is long", "seven"};
    (void)context, (void)row;
    snprintf(out->text, sizeof out->text, "%s", texts[column]);
}

/* A column has no more than its share while others need theirs; where room is left beside them,
   nothing is cut. */
static void columns_take_the_room_there_is(void **state)
{
    (void)state;
    static const struct {
        int width;
        const char *row;
    } cases[] = {
        {60, " the name of it  a value that is long  seven"},
        {40, " the name of it  a value that i~  seven"},
        {35, " the name of it  a value t~  seven"},
        {28, " the name~  a value~  seven"},
    };
    struct theme theme = {0};
    struct table_rows rows = {.count = 1, .cell = long_cell};
    struct table_look look = {.sorted = SIZE_MAX, .margin = 1};
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct canvas canvas = {.theme = &theme, .ascii = true};
        struct table table = {0};
        struct table_column columns[] = {{.most = 8}, {.most = 8}, {.most = 8}};
        char text[64];
        canvas_resize(&canvas, cases[i].width, 4);
        table_draw(&table, area_all(&canvas), columns, 3, &rows, &look);
        row_text(&canvas, 1, text);
        text[strlen(text) - strspn(strrchr(text, 'n') + 1, " ")] = '\0';
        assert_string_equal(text, cases[i].row);
        table_free(&table);
        canvas_free(&canvas);
    }
}

/* The bar beside rows that are not all in sight stands a blank off the last column; only one
   that would not be there at all without that blank takes it. */
static void a_bar_stands_off_the_last_column(void **state)
{
    (void)state;
    static const char *const drawn[] = {
        " the name of it  a value~  seven #", /* what is left over goes to what is cut */
        " the nam~  a val~  seven #",
        " the nam~  a val~  seven#",
    };
    struct theme theme = {0};
    struct table_rows rows = {.count = 9, .cell = long_cell};
    struct table_look look = {.sorted = SIZE_MAX, .margin = 1};
    for (size_t i = 0; i < ASSAY_COUNT(drawn); i++) {
        struct canvas canvas = {.theme = &theme, .ascii = true};
        struct table table = {0};
        struct table_column columns[] = {{.most = 8}, {.most = 6}, {.most = 8}};
        char text[64];
        canvas_resize(&canvas, (int)strlen(drawn[i]), 4);
        table_draw(&table, area_all(&canvas), columns, 3, &rows, &look);
        assert_string_equal(row_text(&canvas, 1, text), drawn[i]);
        table_free(&table);
        canvas_free(&canvas);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_stay_inside),
        cmocka_unit_test(prompts_edit),
        cmocka_unit_test(pasted_text_is_cleaned_and_bounded),
        cmocka_unit_test(marks_keep_their_colours),
        cmocka_unit_test(columns_take_the_room_there_is),
        cmocka_unit_test(a_bar_stands_off_the_last_column),
        cmocka_unit_test(columns_share_their_decimals),
        cmocka_unit_test(a_value_far_from_the_others_takes_no_digits_from_them),
    };
    return cmocka_run_group_tests_name("widgets", tests, NULL, NULL);
}
