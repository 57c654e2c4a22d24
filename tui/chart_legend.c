/*
 * The legend of the chart in full (chart_legend.h), for view_chart.c.
 */
#include "chart_legend.h"

#include <math.h>
#include <stdio.h>

#include <assay/text.h>

#include "draw_wrap.h"
#include "run_columns.h"
#include "widget_chart.h"

#define DIGITS      5
#define NUMBER_MOST 12

struct entry { /* what is said of one line */
    char value[32], raw[32];
    double number;
    bool away; /* read off where the cursor is not */
    int before, after;
};

static void read_entry(const struct chart_state *state, size_t index, struct entry *entry)
{
    double shown = NAN;
    struct assay_point raw = {.value = NAN};
    *entry = (struct entry){.number = NAN};
    if (!isnan(state->cursor)) {
        if (!chart_state_read(state, index, &shown, &raw, &entry->away)) {
            return;
        }
    } else if (state->lines[index].series) {
        shown = assay_series_summary(state->lines[index].series)->last;
        raw.value = state->sources[index].last;
    } else {
        return;
    }
    entry->number = shown;
    assay_number_short(entry->value, shown, DIGITS);
    assay_number_halves(entry->value, &entry->before, &entry->after);
    if (state->lines[index].faint) {
        assay_number_short(entry->raw, raw.value, DIGITS);
    }
}

static int label_width(const struct chart_state *state, int most)
{
    int width = 4;
    for (size_t i = 0; i < state->count; i++) {
        int label = assay_text_width(state->sources[i].label);
        width = label > width ? label : width;
    }
    return width < most ? width : most;
}

int chart_legend_width(const struct chart_state *state, int width)
{
    int wide = 2 + 2 + label_width(state, 22) + 2 + 10 + (state->weight > 0 ? 14 : 0) + 1;
    wide = wide < 28 ? 28 : wide;
    return wide < width / 2 ? wide : width / 2;
}

/* The place of the cursor, or what the values are without one. */
static void heading(const struct chart_state *state, char *out, size_t capacity)
{
    if (isnan(state->cursor)) {
        snprintf(out, capacity, "last values");
    } else {
        char place[64];
        chart_x_text(place, sizeof place, state->axis, state->cursor,
                     state->chart.x_max - state->chart.x_min);
        bool seen = !isnan(chart_state_cursor_unit(state));
        snprintf(out, capacity, "%s%s", place, seen ? "" : ", out of sight");
    }
}

static int draw_notes(const struct chart_state *state, struct area area, int y)
{
    const struct {
        uint64_t count;
        const char *what;
    } notes[] = {
        {state->info.nonfinite, "NaN or infinite"},
        {state->info.not_positive, "not above zero, not shown"},
        {state->info.superseded, "hidden: restarts wrote again"},
        {chart_state_incomplete(state), "incomplete: the source is damaged"},
    };
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        if (notes[i].count && y < area.rect.height) {
            char count[32], text[80];
            snprintf(text, sizeof text, "%s %s", assay_count_text(count, notes[i].count),
                     notes[i].what);
            y += draw_wrapped(area, 2, y, area.rect.width - 3, area.rect.height - y,
                              i == 0 ? ROLE_FAILED : ROLE_DIM, text);
        }
    }
    return y;
}

#define GROUP_ROWS 3

/* What the group's line and its band are at the cursor, or at their end. */
static void draw_group(const struct chart_state *state, struct area area, int y)
{
    const struct chart_group *group = &state->group;
    double mean, low, high;
    double x = isnan(state->cursor) ? state->chart.x_max : state->cursor;
    char number[32], from[32], to[32];
    int x0 = 4 + draw_text(area, 4, y, ROLE_NORMAL, group->label) + 2;
    draw_text(area, 2, y, chart_role(group->line.color), chart_dot(&area, group->line.color));
    if (!chart_group_read(group, &state->chart, x, &mean, &low, &high)) {
        return;
    }
    draw_text(area, x0, y, ROLE_STRONG, assay_number_short(number, mean, DIGITS));
    draw_format(area, 4, y + 1, ROLE_DIM, "%s to %s", assay_number_short(from, low, DIGITS),
                assay_number_short(to, high, DIGITS));
}

static void draw_entry(const struct chart_state *state, size_t index, struct area row,
                       const struct entry *entry, int label, int before, int after)
{
    const struct chart_source *source = &state->sources[index];
    int width = row.rect.width;
    if (!state->grouped) {
        draw_text(row, 2, 0, chart_role(source->color), chart_dot(&row, source->color));
    }
    draw_field(row, 4, 0, label, ALIGN_LEFT, state->grouped ? ROLE_DIM : ROLE_NORMAL,
               source->label);
    enum role role = !isfinite(entry->number) ? ROLE_FAILED
                     : entry->away            ? ROLE_DIM
                                              : ROLE_STRONG;
    int x = 4 + label + 2;
    if (source->load == ASSAY_LOAD_BUSY && !source->series) {
        draw_text(row, x, 0, ROLE_DIM, "reading");
        return;
    }
    if (!entry->value[0]) {
        draw_text(row, x, 0, ROLE_DIM, "none");
        return;
    }
    draw_text(row, x + before - entry->before, 0, role, entry->value);
    x += before + after + 2;
    if (entry->raw[0]) {
        char raw[48];
        snprintf(raw, sizeof raw, "raw %s", entry->raw);
        draw_field(row, x, 0, width - x - 1, ALIGN_LEFT, ROLE_DIM, raw);
    }
}

static void draw_entries(const struct chart_state *state, struct area area, int y, int rows)
{
    struct entry entries[CHART_LINES_MAX];
    int before = 0, after = 0;
    for (size_t i = 0; i < state->count; i++) {
        read_entry(state, i, &entries[i]);
        before = entries[i].before > before ? entries[i].before : before;
        after = entries[i].after > after ? entries[i].after : after;
    }
    before = before < NUMBER_MOST ? before : NUMBER_MOST;
    int label = label_width(state, area.rect.width - before - after - 8);
    label = label < 22 ? label : 22;
    for (size_t i = 0; i < state->count; i++) {
        bool last = (int)i + 1 == rows && i + 1 < state->count;
        if (last) {
            draw_format(area, 4, y, ROLE_DIM, "and %zu more", state->count - i);
            return;
        }
        draw_entry(state, i, area_row(area, y++), &entries[i], label, before, after);
    }
}

void chart_legend_panel(const struct chart_state *state, struct area area)
{
    char text[80];
    heading(state, text, sizeof text);
    draw_field(area, 2, 0, area.rect.width - 3, ALIGN_LEFT,
               isnan(state->cursor) ? ROLE_DIM : ROLE_ACCENT, text);
    int rows = area.rect.height - 2;
    rows = rows > 6 ? rows - 4 : rows;
    if (state->grouped && rows > GROUP_ROWS + 1) {
        draw_group(state, area, 2);
        area = area_part(area, 0, GROUP_ROWS, area.rect.width, area.rect.height - GROUP_ROWS);
        rows -= GROUP_ROWS;
    }
    draw_entries(state, area, 2, rows);
    int used = (int)state->count < rows ? (int)state->count : rows;
    draw_notes(state, area, used + 3);
}

int chart_legend_rows(const struct chart_state *state, int height)
{
    int most = height < 18 ? 3 : 6;
    int rows = 1 + (state->grouped ? GROUP_ROWS - 1 : (int)state->count);
    return rows < most ? rows : most;
}

void chart_legend_lines(const struct chart_state *state, struct area area)
{
    char text[80];
    heading(state, text, sizeof text);
    draw_field(area, 2, 0, area.rect.width - 3, ALIGN_LEFT,
               isnan(state->cursor) ? ROLE_DIM : ROLE_ACCENT, text);
    if (state->grouped) {
        draw_group(state, area, 1);
    } else {
        draw_entries(state, area, 1, area.rect.height - 1);
    }
}
