/*
 * Quality against cost (compare_view.h): the runs, or the groups by their means, in the plane
 * of two aims, the Pareto front among them marked and joined. The line is what is reached at
 * each cost, so it goes in steps. The list beside it reads every point off.
 */
#include "compare_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#define AIMS_MAX   512
#define GUTTER     10 /* beside the plot: values along the y axis */
#define NUMBER     11 /* columns of a value in the list */
#define SIDE_FROM  90 /* columns from which on the list stands beside the plot */
#define LABEL_FROM 9  /* rows of the plot's place from which on its x axis has a name */
#define DECADES    50 /* greatest to least from which on an axis is logarithmic */
#define QUALITY    0
#define COST       1

/* ---- what is looked at ---- */

static double value_of(const struct compare_view *view, size_t entity, int aim)
{
    return view->front.front.values[entity * 2 + (size_t)aim];
}

static int sign_of(double value)
{
    return (value > 0) - (value < 0);
}

/* Front first, then what is beaten, then what lacks a value; among them the cheapest first. */
static int by_cost(const void *a, const void *b, void *context)
{
    const struct compare_view *view = context;
    const struct assay_front *front = &view->front.front;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    if (front->on[x] != front->on[y]) {
        return front->on[x] ? -1 : 1;
    }
    if (front->whole[x] != front->whole[y]) {
        return front->whole[x] ? -1 : 1;
    }
    for (int aim = COST; front->whole[x] && aim >= QUALITY; aim--) {
        int order = sign_of(value_of(view, y, aim) - value_of(view, x, aim)) *
                    view->front.aims[aim].direction;
        if (order) {
            return order;
        }
    }
    return (x > y) - (x < y);
}

static bool find_aims(struct compare_view *view)
{
    struct assay_error err = {0};
    for (int i = 0; i < 2; i++) {
        if (assay_comparison_aim(view->comparison, view->front.names[i], &view->front.aims[i],
                                 &err) != ASSAY_OK) {
            app_say(view->app, "%s%s", err.what,
                    view->front.aims[i].row == SIZE_MAX ? "" : " = on its row says so");
            return false;
        }
    }
    return true;
}

void compare_front_make(struct compare_view *view)
{
    struct compare_front *f = &view->front;
    if (!find_aims(view)) {
        view->page = COMPARE_TABLE;
        return;
    }
    assay_front_free(&f->front);
    assay_comparison_front(view->comparison, view->grouped ? &view->grouping : NULL, f->aims, 2,
                           &f->front);
    f->order = assay_realloc_array(f->order, f->front.count + 1, sizeof *f->order);
    for (size_t i = 0; i < f->front.count; i++) {
        f->order[i] = i;
    }
    qsort_r(f->order, f->front.count, sizeof *f->order, by_cost, view);
    view->line_count = f->front.count;
}

void compare_front_free(struct compare_view *view)
{
    assay_front_free(&view->front.front);
    free(view->front.order);
    view->front.order = NULL;
}

/* ---- choosing the two ---- */

static void set_name(struct compare_view *view, int aim, const char *name, size_t length)
{
    size_t room = sizeof view->front.names[aim] - 1;
    length = length < room ? length : room;
    memcpy(view->front.names[aim], name, length);
    view->front.names[aim][length] = '\0';
}

static void set_row(struct compare_view *view, int aim, size_t row)
{
    const char *key = assay_comparison_row(view->comparison, row)->key;
    set_name(view, aim, key, strlen(key));
}

/* The metric under the cursor where its direction is known, else the first that matters; GPU-
   hours, else how long the runs took, else the next metric. */
static bool choose_aims(struct compare_view *view)
{
    struct assay_aim aims[AIMS_MAX], here;
    size_t count = assay_comparison_aims(view->comparison, aims, AIMS_MAX);
    size_t field = compare_field(view), quality = SIZE_MAX, cost = SIZE_MAX;
    if (field != SIZE_MAX && assay_comparison_aim_of(view->comparison, field, &here) &&
        !here.cost) {
        quality = field;
    }
    for (size_t i = 0; i < view->metric_count && quality == SIZE_MAX; i++) {
        bool known =
            assay_comparison_aim_of(view->comparison, view->metrics[i], &here) && !here.cost;
        quality = known ? view->metrics[i] : quality;
    }
    for (size_t i = 0; i < count; i++) {
        bool hours =
            aims[i].cost &&
            strcmp(assay_comparison_row(view->comparison, aims[i].row)->key, "gpu-hours") == 0;
        quality = quality == SIZE_MAX && !aims[i].cost ? aims[i].row : quality;
        if (aims[i].row != quality && (cost == SIZE_MAX || hours)) {
            cost = aims[i].row;
        }
    }
    if (quality == SIZE_MAX || cost == SIZE_MAX) {
        app_say(view->app, "a front takes two things whose better side is known, a metric and "
                           "a cost or another metric: = says which way a metric is better");
        return false;
    }
    set_row(view, QUALITY, quality);
    set_row(view, COST, cost);
    return true;
}

void compare_front_open(struct compare_view *view, const char *names)
{
    const char *comma = strchr(names, ',');
    if (!choose_aims(view) && !comma) {
        return;
    }
    if (*names) {
        set_name(view, QUALITY, names, comma ? (size_t)(comma - names) : strlen(names));
    }
    if (comma) {
        set_name(view, COST, comma + 1, strlen(comma + 1));
    }
    if (strcmp(view->front.names[QUALITY], view->front.names[COST]) == 0) {
        app_say(view->app, "two different ones make a front: front METRIC,COST");
        return;
    }
    view->page = COMPARE_FRONT;
    view->page_list = (struct list){0};
    compare_front_make(view);
}

/* The next of all aims in place of one of the two; not the other one. */
static void turn(struct compare_view *view, int aim, int delta)
{
    struct assay_aim aims[AIMS_MAX];
    size_t count = assay_comparison_aims(view->comparison, aims, AIMS_MAX), at = 0;
    while (at < count && aims[at].row != view->front.aims[aim].row) {
        at++;
    }
    size_t other = view->front.aims[1 - aim].row;
    for (size_t i = 0; i < count; i++) {
        at = (at + count + (size_t)(long)delta) % count;
        if (aims[at].row != other) {
            break;
        }
    }
    if (count > 2 && aims[at].row != other) {
        set_row(view, aim, aims[at].row);
        compare_front_make(view);
    } else {
        app_say(view->app, "there is nothing else whose better side is known");
    }
}

static void open_run(struct compare_view *view, size_t entity)
{
    if (view->grouped) {
        app_say(view->app, "a group: S shows single runs, c on its column in the table those "
                           "of the group");
        return;
    }
    compare_open_run(view, entity);
}

bool compare_front_command(struct compare_view *view, enum command_id id, const char *argument)
{
    size_t at = view->page_list.cursor;
    size_t entity = at < view->line_count ? view->front.order[at] : SIZE_MAX;
    switch (id) {
    case CMD_LEFT:
    case CMD_RIGHT:
        turn(view, COST, id == CMD_LEFT ? -1 : 1);
        return true;
    case CMD_NEXT_METRIC:
    case CMD_PREVIOUS_METRIC:
        if (*argument) {
            compare_front_open(view, argument);
        } else {
            turn(view, QUALITY, id == CMD_NEXT_METRIC ? 1 : -1);
        }
        return true;
    case CMD_OPEN:
        if (entity != SIZE_MAX) {
            open_run(view, entity);
        }
        return true;
    case CMD_BASELINE:
        if (entity != SIZE_MAX) {
            compare_set_base(view, entity);
        }
        return true;
    default:
        return false;
    }
}

/* ---- words ---- */

static char *number_of(const struct compare_view *view, size_t entity, int aim, char out[32])
{
    size_t row = view->front.aims[aim].row;
    double value = value_of(view, entity, aim);
    if (isnan(value)) {
        snprintf(out, 32, "%s", term_ascii(view->app->term) ? "-" : "–");
        return out;
    }
    return assay_row_value_text(out, assay_comparison_row(view->comparison, row), value, 5);
}

static void aim_label(const struct compare_view *view, int aim, char *out, size_t capacity)
{
    const struct assay_aim *a = &view->front.aims[aim];
    compare_label(view, a->row, out, capacity);
    if (a->cost) {
        size_t length = strlen(out);
        snprintf(out + length, capacity - length, "%s",
                 term_ascii(view->app->term) ? " v" : " ↓");
    }
}

void compare_front_title(const struct compare_view *view, char *out, size_t capacity)
{
    char quality[100], cost[100];
    aim_label(view, QUALITY, quality, sizeof quality);
    aim_label(view, COST, cost, sizeof cost);
    snprintf(out, capacity, "Pareto front: %s against %s", quality, cost);
}

static void draw_counts(const struct compare_view *view, struct area line)
{
    static const char keys[] = "m another metric, l another cost";
    const struct assay_front *front = &view->front.front;
    const char *what = view->grouped ? "groups" : "runs";
    int x = 1 + draw_format(line, 1, 0, ROLE_NORMAL, "%zu of %zu %s on the front", front->found,
                            front->count, what);
    if (front->lacking > 0) {
        x += draw_format(line, x, 0, ROLE_WARNING, "; %zu lack%s a value: not drawn",
                         front->lacking, front->lacking == 1 ? "s" : "");
    }
    int end = line.rect.width - 1 - assay_text_width(keys);
    if (end > x + 2) {
        draw_text(line, end, 0, ROLE_DIM, keys);
    }
}

/* Who of the front beats ENTITY: the first, and how many. */
static size_t beaten_by(const struct compare_view *view, size_t entity, size_t *first)
{
    const struct compare_front *f = &view->front;
    size_t count = 0;
    for (size_t i = 0; i < f->front.found; i++) {
        size_t other = f->order[i];
        bool worse = false;
        for (int a = 0; a < 2; a++) {
            worse |= sign_of(value_of(view, other, a) - value_of(view, entity, a)) *
                         f->aims[a].direction <
                     0;
        }
        if (!worse && count++ == 0) {
            *first = other;
        }
    }
    return count;
}

static void draw_readout(const struct compare_view *view, struct area line)
{
    char name[80], other[80], quality[32], cost[32], text[400];
    size_t at = view->page_list.cursor, first = 0;
    if (at >= view->line_count) {
        return;
    }
    size_t entity = view->front.order[at];
    compare_name(view, entity, name, sizeof name);
    if (!view->front.front.whole[entity]) {
        bool no_quality = !isfinite(value_of(view, entity, QUALITY));
        aim_label(view, no_quality ? QUALITY : COST, other, sizeof other);
        snprintf(text, sizeof text, "%s has no finite %s", name, other);
    } else if (view->front.front.on[entity]) {
        snprintf(text, sizeof text, "%s: on the front, nothing here beats it", name);
    } else {
        size_t count = beaten_by(view, entity, &first);
        compare_name(view, first, other, sizeof other);
        int used = snprintf(text, sizeof text, "%s: beaten by %s (%s, %s)", name, other,
                            number_of(view, first, QUALITY, quality),
                            number_of(view, first, COST, cost));
        if (count > 1) {
            snprintf(text + used, sizeof text - (size_t)used, " and %zu more", count - 1);
        }
    }
    draw_field(line, 1, 0, line.rect.width - 2, ALIGN_LEFT, ROLE_STRONG, text);
}

/* ---- the list ---- */

static uint32_t mark_of(const struct compare_view *view, size_t entity, bool ascii)
{
    const struct assay_front *front = &view->front.front;
    if (!front->whole[entity]) {
        return ' ';
    }
    if (entity == compare_base_entity(view)) {
        return ascii ? '*' : 0x25c6;
    }
    return front->on[entity] ? ascii ? 'o' : 0x25cf : ascii ? '.' : 0x2022;
}

static enum role mark_role(const struct compare_view *view, size_t entity)
{
    return view->front.front.on[entity] ? chart_role(0) : ROLE_DIM;
}

static void draw_list(struct compare_view *view, struct area area)
{
    char text[100], number[32];
    int width = area.rect.width, height = area.rect.height - 1;
    int name = width - 2 * (NUMBER + 1) - 5;
    draw_text(area, 3, 0, ROLE_DIM, view->grouped ? "group, means" : "run");
    for (int a = 0; a < 2; a++) {
        aim_label(view, a, text, sizeof text);
        draw_field(area, 3 + name + a * (NUMBER + 1) + 1, 0, NUMBER, ALIGN_RIGHT, ROLE_DIM,
                   text);
    }
    list_fit(&view->page_list, view->line_count, height);
    for (int y = 0; y < height; y++) {
        size_t at = view->page_list.top + (size_t)y;
        if (at >= view->line_count) {
            break;
        }
        size_t entity = view->front.order[at];
        struct area row = area_row(area, y + 1);
        if (at == view->page_list.cursor) {
            row = area_under(row, ROLE_HERE);
            draw_clear(row);
        }
        enum role role = view->front.front.on[entity] ? ROLE_NORMAL : ROLE_DIM;
        draw_char(row, 1, 0, mark_role(view, entity), mark_of(view, entity, row.canvas->ascii));
        compare_name(view, entity, text, sizeof text);
        draw_field(row, 3, 0, name, ALIGN_LEFT, role, text);
        for (int a = 0; a < 2; a++) {
            draw_field(row, 3 + name + a * (NUMBER + 1) + 1, 0, NUMBER, ALIGN_RIGHT, role,
                       number_of(view, entity, a, number));
        }
    }
    draw_scrollbar(area, width - 1, 1, height, view->page_list.top, view->line_count);
}

/* ---- the plot ---- */

struct plane {
    struct area plot;
    double low[2], high[2]; /* by aim */
    bool log[2];
};

static struct plane plane_of(const struct compare_view *view)
{
    struct plane p = {.low = {INFINITY, INFINITY}, .high = {-INFINITY, -INFINITY}};
    for (size_t i = 0; i < view->front.front.count; i++) {
        for (int a = 0; view->front.front.whole[i] && a < 2; a++) {
            p.low[a] = fmin(p.low[a], value_of(view, i, a));
            p.high[a] = fmax(p.high[a], value_of(view, i, a));
        }
    }
    for (int a = 0; a < 2; a++) {
        p.log[a] = p.low[a] > 0 && p.high[a] / p.low[a] > DECADES;
    }
    return p;
}

/* The cell ENTITY stands in: from the left by its cost, from the top by its quality. */
static void cell_of(const struct compare_view *view, const struct plane *p, size_t entity,
                    int *x, int *y)
{
    double unit[2];
    for (int a = 0; a < 2; a++) {
        unit[a] = p->high[a] > p->low[a] ? assay_scale_to_unit(value_of(view, entity, a),
                                                               p->low[a], p->high[a], p->log[a])
                                         : 0.5;
    }
    *x = (int)lround(unit[COST] * (p->plot.rect.width - 1));
    *y = (int)lround((1 - unit[QUALITY]) * (p->plot.rect.height - 1));
}

/* Along the cost at what was reached before, then to what is reached for more. */
static void draw_step(const struct plane *p, int x0, int y0, int x1, int y1)
{
    int left = x0 < x1 ? x0 : x1, top = y0 < y1 ? y0 : y1;
    int wide = abs(x1 - x0) + 1, tall = abs(y1 - y0) + 1;
    uint32_t corner = x1 > x0 ? y1 < y0 ? 0x2518 : 0x2510 : y1 < y0 ? 0x2514 : 0x250c;
    draw_hline(p->plot, left, y0, wide, chart_role(0));
    draw_vline(p->plot, x1, top, tall, chart_role(0));
    if (wide > 1 && tall > 1) {
        draw_char(p->plot, x1, y0, chart_role(0), p->plot.canvas->ascii ? '+' : corner);
    }
}

static void draw_points(const struct compare_view *view, const struct plane *p)
{
    const struct compare_front *f = &view->front;
    bool ascii = p->plot.canvas->ascii;
    int x, y, x0 = 0, y0 = 0;
    for (size_t i = f->front.count; i-- > f->front.found;) {
        if (f->front.whole[f->order[i]]) {
            cell_of(view, p, f->order[i], &x, &y);
            draw_char(p->plot, x, y, mark_role(view, f->order[i]),
                      mark_of(view, f->order[i], ascii));
        }
    }
    for (size_t i = 0; i < f->front.found; i++) {
        cell_of(view, p, f->order[i], &x, &y);
        if (i > 0) {
            draw_step(p, x0, y0, x, y);
        }
        x0 = x;
        y0 = y;
    }
    for (size_t i = 0; i < f->front.found; i++) {
        cell_of(view, p, f->order[i], &x, &y);
        draw_char(p->plot, x, y, chart_role(0), mark_of(view, f->order[i], ascii));
    }
}

/* What stands along the bottom: both ends, and where the cursor's point is, what it cost. */
static void draw_x_axis(const struct compare_view *view, const struct plane *p, size_t here,
                        int at, struct area line)
{
    const struct assay_row *row =
        assay_comparison_row(view->comparison, view->front.aims[COST].row);
    char text[32];
    int width = p->plot.rect.width, left = 0, right = 0;
    if (here != SIZE_MAX) {
        number_of(view, here, COST, text);
        right = assay_text_width(text);
        left = at - right / 2;
        left = left + right > width ? width - right : left < 0 ? 0 : left;
        right += left;
        draw_text(line, GUTTER + left, 0, ROLE_ACCENT, text);
    }
    assay_row_value_text(text, row, p->low[COST], 4);
    if (here == SIZE_MAX || assay_text_width(text) < left) {
        draw_text(line, GUTTER, 0, ROLE_AXIS, text);
    }
    assay_row_value_text(text, row, p->high[COST], 4);
    int wide = assay_text_width(text);
    if (p->high[COST] > p->low[COST] && width - wide > right + 1) {
        draw_text(line, GUTTER + width - wide, 0, ROLE_AXIS, text);
    }
}

static void say_axis(const struct compare_view *view, const struct plane *p, int aim,
                     enum align align, struct area line)
{
    char label[120], text[200];
    aim_label(view, aim, label, sizeof label);
    snprintf(text, sizeof text, "%s: %s is better%s", label,
             view->front.aims[aim].direction > 0 ? "greater" : "smaller",
             p->log[aim] ? " (logarithmic)" : "");
    draw_field(line, GUTTER, 0, line.rect.width - GUTTER - 1, align, ROLE_DIM, text);
}

static void draw_plane(const struct compare_view *view, struct area area)
{
    struct plane p = plane_of(view);
    const struct assay_row *row =
        assay_comparison_row(view->comparison, view->front.aims[QUALITY].row);
    size_t at = view->page_list.cursor;
    size_t here = at < view->line_count ? view->front.order[at] : SIZE_MAX;
    bool named = area.rect.height >= LABEL_FROM, ascii = area.canvas->ascii;
    int height = area.rect.height - (named ? 3 : 1), width = area.rect.width - GUTTER - 1;
    int x = 0, y = 0;
    char text[32];
    if (height < 2 || width < 10) {
        return;
    }
    if (p.low[QUALITY] > p.high[QUALITY]) {
        draw_text(area, GUTTER, height / 2, ROLE_DIM, "none has both values");
        return;
    }
    p.plot = area_part(area, GUTTER, named ? 1 : 0, width, height);
    struct area gutter = area_part(area, 0, named ? 1 : 0, GUTTER, height);
    assay_row_value_text(text, row, p.high[QUALITY], 4);
    draw_field(gutter, 0, 0, GUTTER - 2, ALIGN_RIGHT, ROLE_AXIS, text);
    if (p.high[QUALITY] > p.low[QUALITY]) {
        assay_row_value_text(text, row, p.low[QUALITY], 4);
        draw_field(gutter, 0, height - 1, GUTTER - 2, ALIGN_RIGHT, ROLE_AXIS, text);
    }
    draw_vline(gutter, GUTTER - 1, 0, height, ROLE_AXIS);
    draw_points(view, &p);
    here = here != SIZE_MAX && view->front.front.whole[here] ? here : SIZE_MAX;
    if (here != SIZE_MAX) {
        cell_of(view, &p, here, &x, &y);
        draw_char(p.plot, x, y, ROLE_ACCENT, ascii ? '@' : 0x25c9);
        draw_field(gutter, 0, y, GUTTER - 2, ALIGN_RIGHT, ROLE_ACCENT,
                   number_of(view, here, QUALITY, text));
    }
    draw_x_axis(view, &p, here, x, area_row(area, height + (named ? 1 : 0)));
    if (named) {
        say_axis(view, &p, QUALITY, ALIGN_LEFT, area_row(area, 0));
        say_axis(view, &p, COST, ALIGN_CENTER, area_row(area, height + 2));
    }
}

void compare_front_draw(struct compare_view *view, struct area area)
{
    int width = area.rect.width, height = area.rect.height - 2;
    draw_counts(view, area_row(area, 0));
    draw_readout(view, area_row(area, 1));
    if (width >= SIDE_FROM) {
        int list = width * 2 / 5;
        draw_list(view, area_part(area, 0, 2, list, height));
        draw_plane(view, area_part(area, list, 2, width - list, height));
        return;
    }
    int list = height * 2 / 5;
    list = (size_t)list > view->line_count + 1 ? (int)view->line_count + 1 : list;
    draw_plane(view, area_part(area, 0, 2, width, height - list));
    draw_list(view, area_part(area, 0, 2 + height - list, width, list));
}
