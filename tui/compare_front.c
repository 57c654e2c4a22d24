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

#include "compare_plane.h"

#define AIMS_MAX   512
#define NUMBER     11 /* columns of a value in the list */
#define SIDE_FROM  90 /* columns from which on the list stands beside the plot */
#define LABEL_FROM 9  /* rows of the plot's place from which on its x axis has a name */
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

void compare_front_click(struct compare_view *view, size_t entity)
{
    for (size_t i = 0; i < view->line_count; i++) {
        if (view->front.order[i] == entity) {
            view->page_list.cursor = i;
        }
    }
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
    static const char keys[] = "m another metric, h l another cost";
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
    return front->on[entity] ? ascii ? 'O' : 0x25cf : ascii ? '.' : 0x25cb;
}

static enum role mark_role(const struct compare_view *view, size_t entity)
{
    bool colored = view->front.front.on[entity] || view->grouped;
    return colored ? chart_role(compare_color(view, entity)) : ROLE_DIM;
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
    compare_spots_lines(view, area_part(area, 0, 1, width, height).rect);
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

/* The front from its cheapest point on: along the cost at what was reached before, then to what
   is reached for more. */
static void put_steps(struct compare_view *view, const struct plane *p)
{
    const struct compare_front *f = &view->front;
    int color = view->grouped ? ASSAY_FIGURE_PLAIN : 0;
    double x0 = NAN, y0 = NAN;
    for (size_t i = 0; i < f->front.found; i++) {
        double x = assay_plane_unit(&p->x, value_of(view, f->order[i], COST));
        double y = assay_plane_unit(&p->y, value_of(view, f->order[i], QUALITY));
        assay_figure_stroke(&view->figure.figure,
                            (struct assay_stroke){x0, y0, x, y0, color, false});
        assay_figure_stroke(&view->figure.figure,
                            (struct assay_stroke){x, y0, x, y, color, false});
        x0 = x;
        y0 = y;
    }
}

static void put_point(struct compare_view *view, const struct plane *p, size_t entity,
                      enum assay_dot_kind kind)
{
    plane_dot(p, &view->figure, value_of(view, entity, COST), value_of(view, entity, QUALITY),
              compare_color(view, entity), kind);
}

/* Where clicks find the points: those of the front before what is beaten beside them. */
static void put_spots(struct compare_view *view, const struct plane *p)
{
    compare_spots_figure(view, p->plot.rect, p->rows);
    for (size_t i = 0; i < view->front.front.count; i++) {
        size_t entity = view->front.order[i];
        if (view->front.front.whole[entity]) {
            compare_spot_add(view, assay_plane_unit(&p->x, value_of(view, entity, COST)),
                             assay_plane_unit(&p->y, value_of(view, entity, QUALITY)), entity);
        }
    }
}

/* What is beaten below what is not, the baseline above both, the cursor's above all. */
static void put_points(struct compare_view *view, const struct plane *p, size_t here)
{
    const struct assay_front *front = &view->front.front;
    size_t base = compare_base_entity(view);
    for (size_t i = front->count; i-- > 0;) {
        size_t entity = view->front.order[i];
        if (front->whole[entity]) {
            put_point(view, p, entity, front->on[entity] ? ASSAY_DOT_LARGE : ASSAY_DOT_HOLLOW);
        }
    }
    if (base < front->count && front->whole[base]) {
        put_point(view, p, base, ASSAY_DOT_DIAMOND);
    }
    if (here != SIZE_MAX) {
        put_point(view, p, here, ASSAY_DOT_HERE);
    }
}

static void say_axis(const struct compare_view *view, const struct plane *p, int aim,
                     enum align align, struct area line)
{
    const struct assay_plane_axis *axis = aim == COST ? &p->x : &p->y;
    char label[120], text[200];
    int left = p->plot.rect.x - line.rect.x;
    aim_label(view, aim, label, sizeof label);
    snprintf(text, sizeof text, "%s: %s is better%s", label,
             view->front.aims[aim].direction > 0 ? "greater" : "smaller",
             axis->log ? " (logarithmic)" : "");
    draw_field(line, left, 0, line.rect.width - left - 1, align, ROLE_DIM, text);
}

static struct plane plane_of_aims(const struct compare_view *view)
{
    const struct compare_front *f = &view->front;
    struct plane p = plane_of(assay_comparison_row(view->comparison, f->aims[COST].row),
                              assay_comparison_row(view->comparison, f->aims[QUALITY].row));
    for (size_t i = 0; i < f->front.count; i++) {
        if (f->front.whole[i]) {
            assay_plane_take(&p.x, value_of(view, i, COST));
            assay_plane_take(&p.y, value_of(view, i, QUALITY));
        }
    }
    return p;
}

static void draw_plane(struct compare_view *view, struct area area)
{
    struct plane p = plane_of_aims(view);
    size_t at = view->page_list.cursor;
    size_t here = at < view->line_count ? view->front.order[at] : SIZE_MAX;
    here = here != SIZE_MAX && view->front.front.whole[here] ? here : SIZE_MAX;
    int named = area.rect.height >= LABEL_FROM ? 1 : 0;
    char quality[32], cost[32];
    if (p.x.low > p.x.high) {
        draw_text(area, 1, area.rect.height / 2, ROLE_DIM, "none has both values");
        return;
    }
    if (!plane_lay_out(&p, view->app,
                       area_part(area, 0, named, area.rect.width, area.rect.height - 2 * named),
                       &view->figure)) {
        return;
    }
    put_steps(view, &p);
    put_points(view, &p, here);
    put_spots(view, &p);
    figure_widget_draw(&view->figure, view->app, p.plot, 0);
    bool read = here != SIZE_MAX;
    plane_draw_axes(&p, read ? value_of(view, here, COST) : NAN,
                    read ? number_of(view, here, COST, cost) : NULL,
                    read ? value_of(view, here, QUALITY) : NAN,
                    read ? number_of(view, here, QUALITY, quality) : NULL);
    if (named) {
        say_axis(view, &p, QUALITY, ALIGN_LEFT, area_row(area, 0));
        say_axis(view, &p, COST, ALIGN_CENTER, area_row(area, area.rect.height - 1));
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
