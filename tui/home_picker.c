/*
 * The column picker of the first screen: every field there is, those in the table first; space
 * puts one in or takes it out, typing narrows the list.
 */
#include "home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#define CHOICES_MAX 4000

static void add_choice(struct home *home, const char *name, const char *text, bool on)
{
    for (size_t i = 0; i < home->picker.count; i++) {
        if (strcmp(home->picker.choices[i].name, name) == 0) {
            return;
        }
    }
    if (home->picker.count == CHOICES_MAX ||
        strlen(name) >= sizeof home->picker.choices[0].name) {
        return;
    }
    home->picker.choices = assay_realloc_array(home->picker.choices, home->picker.count + 1,
                                               sizeof *home->picker.choices);
    struct home_choice *choice = &home->picker.choices[home->picker.count++];
    *choice = (struct home_choice){.on = on};
    snprintf(choice->name, sizeof choice->name, "%s", name);
    assay_text_clean_to(choice->text, sizeof choice->text, text);
}

static void add_keys(struct home *home, enum assay_field_kind kind, const char *prefix)
{
    const char **keys = NULL;
    size_t count = assay_catalog_keys(home->app->catalog, home->list.experiment, kind, &keys);
    for (size_t i = 0; i < count; i++) {
        char name[400];
        bool plain = strpbrk(keys[i], ", `@") == NULL;
        snprintf(name, sizeof name, plain ? "%s.%s" : "%s.`%s`", prefix, keys[i]);
        add_choice(home, name, name, false);
    }
    free((void *)keys);
}

static void narrow(struct home *home)
{
    home->picker.shown_count = 0;
    for (size_t i = 0; i < home->picker.count; i++) {
        if (assay_text_contains(home->picker.choices[i].text, home->picker.prompt.text)) {
            home->picker.shown[home->picker.shown_count++] = i;
        }
    }
    home->picker.list.cursor = home->picker.list.top = 0;
}

void home_picker_open(struct home *home)
{
    static const char *const always[] = {"name", "state", "age",        "time",
                                         "user", "id",    "experiment", "source"};
    home->picker.count = 0;
    for (size_t i = 0; i < home->columns.count; i++) {
        const char *name = run_column_name(&home->columns.items[i]);
        add_choice(home, name, name, true);
    }
    for (size_t i = 0; i < ASSAY_COUNT(always); i++) {
        add_choice(home, always[i], always[i], false);
    }
    add_keys(home, ASSAY_FIELD_METRIC, "metrics");
    add_keys(home, ASSAY_FIELD_PARAM, "params");
    add_keys(home, ASSAY_FIELD_TAG, "tags");
    home->picker.shown = assay_realloc_array(home->picker.shown, home->picker.count + 1,
                                             sizeof *home->picker.shown);
    prompt_set(&home->picker.prompt, "");
    home->picker.open = true;
    narrow(home);
}

void home_picker_close(struct home *home)
{
    home->picker.open = false;
    free(home->picker.choices);
    free(home->picker.shown);
    home->picker.choices = NULL;
    home->picker.shown = NULL;
    home->picker.count = 0;
}

static void apply(struct home *home)
{
    struct assay_buf text = {0};
    struct assay_error err = {0};
    struct run_columns columns;
    for (size_t i = 0; i < home->picker.count; i++) {
        if (home->picker.choices[i].on) {
            assay_buf_format(&text, "%s%s", text.length ? "," : "",
                             home->picker.choices[i].name);
        }
    }
    if (run_columns_parse(&columns, home->app->catalog, assay_buf_text(&text), &err) ==
        ASSAY_OK) {
        home_set_columns(home, &columns);
    } else {
        app_fail(home->app, &err);
    }
    assay_buf_free(&text);
}

void home_picker_event(struct home *home, const struct event *event)
{
    uint32_t key = event->kind == EVENT_KEY ? event->key : 0;
    size_t count = home->picker.shown_count;
    if (key == KEYS_DOWN || key == KEYS_UP) {
        list_move(&home->picker.list, count, key == KEYS_DOWN ? 1 : -1);
        return;
    }
    if (key == KEYS_PAGE_DOWN || key == KEYS_PAGE_UP) {
        list_command(&home->picker.list, count,
                     key == KEYS_PAGE_DOWN ? CMD_PAGE_DOWN : CMD_PAGE_UP);
        return;
    }
    if (key == ' ' || key == KEYS_TAB) {
        if (home->picker.list.cursor < count) {
            struct home_choice *choice =
                &home->picker.choices[home->picker.shown[home->picker.list.cursor]];
            choice->on = !choice->on;
            list_move(&home->picker.list, count, 1);
        }
        return;
    }
    switch (prompt_event(&home->picker.prompt, event)) {
    case PROMPT_ENTER:
        apply(home);
        home_picker_close(home);
        break;
    case PROMPT_ESCAPE:
        home_picker_close(home);
        break;
    case PROMPT_CHANGED:
        narrow(home);
        break;
    case PROMPT_MOVED:
    case PROMPT_NOTHING:
        break;
    }
}

struct rect home_picker_box(const struct home *home, struct area area)
{
    int width = area.rect.width < 60 ? area.rect.width - 4 : 56;
    int height = area.rect.height - 2;
    int rows = (int)home->picker.count + 3;
    return (struct rect){.x = area.rect.x + area.rect.width - width - 2,
                         .y = area.rect.y + 1,
                         .width = width,
                         .height = rows < height ? rows : height};
}

void home_picker_draw(struct home *home, struct area area)
{
    struct rect box = home_picker_box(home, area);
    graphics_cover(term_graphics(home->app->term), box);
    struct area outside = area_part(area, box.x - area.rect.x, 1, box.width, box.height);
    struct area inside = draw_box(area_under(outside, ROLE_POPUP), ROLE_BORDER, "columns");
    bool ascii = area.canvas->ascii;
    int x = 1 + draw_text(inside, 1, 0, ROLE_ACCENT, "/") + 1;
    x = prompt_draw(&home->picker.prompt, inside, x, 0, inside.rect.width - x - 1, 0, NULL);
    term_cursor(home->app->term, inside.rect.x + x, inside.rect.y);
    struct area list = area_part(inside, 0, 1, inside.rect.width, inside.rect.height - 1);
    list_fit(&home->picker.list, home->picker.shown_count, list.rect.height);
    for (int y = 0; y < list.rect.height; y++) {
        size_t at = home->picker.list.top + (size_t)y;
        if (at >= home->picker.shown_count) {
            break;
        }
        const struct home_choice *choice = &home->picker.choices[home->picker.shown[at]];
        struct area row = area_row(list, y);
        if (at == home->picker.list.cursor) {
            row = area_under(row, ROLE_HERE);
            draw_clear(row);
        }
        draw_text(row, 1, 0, ROLE_ACCENT, !choice->on ? " " : ascii ? "x" : "✓");
        draw_field(row, 3, 0, row.rect.width - 4, ALIGN_LEFT,
                   choice->on ? ROLE_NORMAL : ROLE_DIM, choice->text);
    }
    draw_scrollbar(list, list.rect.width - 1, 0, list.rect.height, home->picker.list.top,
                   home->picker.shown_count);
}
