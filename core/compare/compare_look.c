/*
 * Looking at a comparison: its rows in order, cells, deltas, and what there is to warn of.
 * Called by the front ends and by the other files of this folder.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

#include "compare/comparison.h"

#define NOTICE_NAMES 3
#define BESIDE_MOST  64 /* runs of which the baseline's neighbour is looked for */
#define DIGITS_MOST  17 /* no two doubles look alike with so many */
#define DELTA_DIGITS 3
#define NOTICE_KEY   60 /* bytes of a name a notice gives */

/* ---- cells ---- */

bool assay_row_is_duration(const struct assay_row *row)
{
    return row->kind == ASSAY_ROW_ATTRIBUTE && strcmp(row->key, "duration") == 0;
}

char *assay_row_value_text(char out[32], const struct assay_row *row, double value, int digits)
{
    const double ms = value * 1000;

    if (assay_row_is_duration(row) && ms >= 0 && ms < 9e15)
        return assay_duration_text(out, llround(ms));
    return assay_number_short(out, value, digits);
}

/* The number of ROW that the one in COLUMN must not be mistaken for: the baseline's, and for
   the baseline the nearest one; NaN where there is none. */
static double beside(const struct assay_comparison *c, size_t row, size_t column, size_t base,
                     double value)
{
    double nearest = NAN;

    if (column != base)
        return assay_comparison_cell(c, row, base).number;
    for (size_t i = 0; i < c->run_count && c->run_count <= BESIDE_MOST; i++) {
        double other = assay_comparison_cell(c, row, i).number;
        if (isfinite(other) && other != value &&
            !(fabs(other - value) >= fabs(nearest - value)))
            nearest = other;
    }
    return nearest;
}

char *assay_row_value_beside(char out[32], const struct assay_row *row, double value,
                             double other, int digits)
{
    char text[32], number[32];

    assay_row_value_text(out, row, value, digits);
    if (!isfinite(value) || !isfinite(other) || value == other ||
        strcmp(out, assay_row_value_text(text, row, other, digits)) != 0)
        return out;
    while (digits < DIGITS_MOST && strcmp(assay_number_short(number, value, digits),
                                          assay_number_short(text, other, digits)) == 0)
        digits++;
    snprintf(out, 32, "%.28s%s", assay_number_short(number, value, digits),
             assay_row_is_duration(row) ? "s" : ""); /* its parts say less than its seconds */
    return out;
}

char *assay_comparison_value_text(char out[32], const struct assay_comparison *comparison,
                                  size_t row, size_t column, size_t base, int digits)
{
    double value = assay_comparison_cell(comparison, row, column).number;

    return assay_row_value_beside(out, assay_comparison_row(comparison, row), value,
                                  beside(comparison, row, column, base, value), digits);
}

const struct compare_value *compare_value_at(const struct compare_row *row, size_t column)
{
    uint32_t cell = column < row->filled ? row->cells[column] : 0;
    return cell ? &row->values[cell - 1] : NULL;
}

static bool has_instead(const struct compare_row *row, size_t column)
{
    return column < row->instead_count && row->instead[column].set;
}

bool compare_number_at(const struct assay_comparison *comparison, const struct compare_row *row,
                       size_t column, double *number)
{
    *number = NAN;
    if (row->shown.kind != ASSAY_ROW_METRIC) {
        const struct compare_value *value = compare_value_at(row, column);
        if (value && value->numeric)
            *number = value->number;
        return value && value->numeric;
    }
    if (has_instead(row, column)) {
        *number = row->instead[column].value;
        return !isnan(*number);
    }
    const struct compare_metrics *metrics;
    size_t at = compare_metric_at(comparison, row, column, &metrics);
    if (at == SIZE_MAX)
        return false;
    *number = metrics->numbers[at].by[compare_by_stat(comparison->stat, row->shown.direction)];
    return true;
}

/* ---- what follows from the cells ---- */

static void settle_texts(struct assay_comparison *c, struct compare_row *row)
{
    bool *met = assay_alloc_array(row->value_count, sizeof *met);
    bool numeric = row->value_count > 0;
    row->shown.present = row->shown.distinct = row->shown.nonfinite = 0;
    row->shown.unproven = false;
    for (size_t i = 0; i < row->filled && i < c->run_count; i++) {
        const struct compare_value *value = compare_value_at(row, i);
        if (!value)
            continue;
        row->shown.present++;
        row->shown.distinct += !met[value->same];
        row->shown.unproven |= value->unsure;
        met[value->same] = true;
        numeric &= value->numeric;
        row->shown.nonfinite += value->numeric && !isfinite(value->number);
    }
    row->shown.numeric = numeric;
    free(met);
}

static void settle_differs(const struct assay_comparison *c, struct compare_row *row)
{
    row->shown.differs = row->shown.distinct > 1 ||
                         (row->shown.present > 0 && row->shown.present < c->run_count) ||
                         row->shown.unproven;
}

/* Names stand above the columns, whoever wrote them down; MLflow's tag counts where it says
   another one than the run has. */
static void settle_names(struct assay_comparison *c)
{
    struct compare_row *name = compare_find_row(c, ASSAY_ROW_ATTRIBUTE, "name");
    struct compare_row *tag = compare_find_row(c, ASSAY_ROW_TAG, COMPARE_NAME_TAG);
    if (name)
        name->shown.parent = true;
    if (!tag)
        return;
    tag->shown.parent = true;
    for (size_t i = 0; i < c->run_count; i++) {
        const struct compare_value *value = compare_value_at(tag, i);
        tag->shown.parent &= !value || strcmp(value->text, c->runs[i].name) == 0;
    }
}

void compare_settle_all(struct assay_comparison *c)
{
    c->differing = c->counted = 0;
    settle_names(c);
    compare_settle_metrics(c);
    for (size_t i = 0; i < c->row_count; i++) {
        struct compare_row *row = &c->rows[i];
        if (row->shown.kind != ASSAY_ROW_METRIC)
            settle_texts(c, row);
        settle_differs(c, row);
        c->counted += !row->shown.parent;
        c->differing += row->shown.differs && !row->shown.parent;
    }
}

/* ---- order ---- */

static int by_section(const void *a, const void *b, void *context)
{
    const struct compare_row *rows = context;
    const struct assay_row *x = &rows[*(const uint32_t *)a].shown;
    const struct assay_row *y = &rows[*(const uint32_t *)b].shown;
    if (x->section != y->section)
        return x->section < y->section ? -1 : 1;
    int order = assay_text_natural(x->key, y->key);
    return order ? order : (x->kind > y->kind) - (x->kind < y->kind);
}

static void put_in_order(struct assay_comparison *c)
{
    if (c->ordered == c->row_count)
        return;
    c->order = assay_realloc_array(c->order, c->row_count, sizeof *c->order);
    c->place = assay_realloc_array(c->place, c->row_count, sizeof *c->place);
    for (uint32_t i = 0; i < c->row_count; i++)
        c->order[i] = i;
    qsort_r(c->order, c->row_count, sizeof *c->order, by_section, c->rows);
    for (uint32_t i = 0; i < c->row_count; i++)
        c->place[c->order[i]] = i;
    c->ordered = c->row_count;
}

/* The first few of the keys a notice is about, and how many there are. */
struct named {
    const char *first[NOTICE_NAMES];
    size_t count;
    char text[NOTICE_NAMES * (NOTICE_KEY + 8) + 32];
};

static void add_name(struct named *names, const char *key)
{
    if (names->count < NOTICE_NAMES)
        names->first[names->count] = key;
    names->count++;
}

static const char *names_text(struct named *names)
{
    size_t used = 0, said = names->count < NOTICE_NAMES ? names->count : NOTICE_NAMES;
    for (size_t i = 0; i < said; i++)
        used += (size_t)snprintf(names->text + used, sizeof names->text - used, "%s%.*s",
                                 i ? ", " : "", NOTICE_KEY, names->first[i]);
    if (names->count > said)
        snprintf(names->text + used, sizeof names->text - used, " and %zu more",
                 names->count - said);
    return names->text;
}

static void warn(struct assay_comparison *c)
{
    size_t metrics = 0, common = 0;
    struct named uneven = {0}, nonfinite = {0}, cut = {0};
    for (size_t i = 0; i < c->row_count; i++) {
        const struct assay_row *row = &c->rows[c->order[i]].shown;
        if (row->unproven && row->kind != ASSAY_ROW_FACT)
            add_name(&cut, row->key);
        if (row->kind != ASSAY_ROW_METRIC)
            continue;
        metrics++;
        common += row->present > 1;
        if (row->uneven)
            add_name(&uneven, row->key);
        if (row->nonfinite)
            add_name(&nonfinite, row->key);
    }
    if (c->run_count > 1 && metrics > 0 && common == 0)
        compare_notice(c, "no two of these runs have a metric in common");
    if (nonfinite.count)
        compare_notice(c, "%zu %s not finite in some run (%s): no difference is shown there",
                       nonfinite.count, nonfinite.count == 1 ? "metric is" : "metrics are",
                       names_text(&nonfinite));
    if (uneven.count)
        compare_notice(c, "%zu %s not equally long in all runs (%s): compare at an equal step",
                       uneven.count, uneven.count == 1 ? "metric is" : "metrics are",
                       names_text(&uneven));
    if (cut.count)
        compare_notice(c,
                       "of %zu %s only the first %u bytes were read (%s): never taken for "
                       "equal",
                       cut.count, cut.count == 1 ? "value" : "values", ASSAY_VALUE_MAX,
                       names_text(&cut));
}

void assay_comparison_finish(struct assay_comparison *c)
{
    for (size_t i = 0; i < c->notice_count; i++)
        free((char *)c->notices[i]);
    c->notice_count = 0;
    compare_directions(c);
    compare_settle_all(c);
    put_in_order(c);
    warn(c);
    compare_units(c);
    compare_titles(c);
}

/* ---- the public face ---- */

size_t assay_comparison_runs(const struct assay_comparison *comparison)
{
    return comparison->run_count;
}

const struct assay_compared_run *assay_comparison_run(const struct assay_comparison *comparison,
                                                      size_t column)
{
    return &comparison->runs[column];
}

size_t assay_comparison_rows(const struct assay_comparison *comparison)
{
    return comparison->ordered;
}

const struct compare_row *compare_row_at(const struct assay_comparison *comparison, size_t row)
{
    return &comparison->rows[comparison->order[row]];
}

const struct assay_row *assay_comparison_row(const struct assay_comparison *comparison,
                                             size_t row)
{
    return &compare_row_at(comparison, row)->shown;
}

size_t assay_comparison_differing(const struct assay_comparison *comparison)
{
    return comparison->differing;
}

size_t assay_comparison_counted(const struct assay_comparison *comparison)
{
    return comparison->counted;
}

size_t assay_comparison_notices(const struct assay_comparison *comparison,
                                const char *const **notices)
{
    *notices = comparison->notices;
    return comparison->notice_count;
}

size_t assay_comparison_find(const struct assay_comparison *comparison,
                             enum assay_row_kind kind, const char *key)
{
    const struct compare_row *row = compare_find_row(comparison, kind, key);
    size_t at = row ? (size_t)(row - comparison->rows) : SIZE_MAX;
    return at >= comparison->ordered ? SIZE_MAX : comparison->place[at];
}

struct assay_compare_cell assay_comparison_cell(const struct assay_comparison *comparison,
                                                size_t row, size_t column)
{
    const struct compare_row *r = compare_row_at(comparison, row);
    struct assay_compare_cell cell = {.number = NAN, .text = ""};
    if (r->shown.kind == ASSAY_ROW_METRIC) {
        cell.present = cell.numeric = compare_number_at(comparison, r, column, &cell.number);
        const struct compare_metrics *metrics;
        size_t at = compare_metric_at(comparison, r, column, &metrics);
        cell.single = cell.present && at != SIZE_MAX && (metrics->extents[at] & 1);
        return cell;
    }
    const struct compare_value *value = compare_value_at(r, column);
    if (value)
        cell = (struct assay_compare_cell){.present = true,
                                           .numeric = value->numeric,
                                           .number = value->number,
                                           .text = value->text,
                                           .length = value->length};
    return cell;
}

bool assay_comparison_summary(const struct assay_comparison *comparison, size_t row,
                              size_t column, struct assay_summary *out)
{
    const struct compare_row *r = compare_row_at(comparison, row);
    const struct compare_metrics *metrics;
    size_t at = r->shown.kind == ASSAY_ROW_METRIC
                    ? compare_metric_at(comparison, r, column, &metrics)
                    : SIZE_MAX;
    if (at == SIZE_MAX) {
        *out = ASSAY_SUMMARY_EMPTY;
        return false;
    }
    const struct compare_numbers *numbers = &metrics->numbers[at];
    const struct compare_extent *extent = &metrics->list[metrics->extents[at] >> 1];
    *out = (struct assay_summary){.last = numbers->by[NUMBER_LAST],
                                  .step = extent->step,
                                  .time_ms = extent->time_ms,
                                  .min = numbers->by[NUMBER_MIN],
                                  .max = numbers->by[NUMBER_MAX],
                                  .n = extent->n,
                                  .nonfinite = extent->nonfinite};
    return true;
}

/* ---- choosing ---- */

void assay_comparison_set_stat(struct assay_comparison *comparison, enum assay_stat stat)
{
    comparison->stat = stat;
    compare_settle_all(comparison);
}

enum assay_stat assay_comparison_stat(const struct assay_comparison *comparison)
{
    return comparison->stat;
}

void assay_comparison_set_direction(struct assay_comparison *c, const char *metric,
                                    int direction)
{
    ASSAY_GROW(c->directions, c->direction_capacity, c->direction_count + 1);
    c->directions[c->direction_count++] = (struct compare_direction){
        assay_arena_strdup(&c->arena, metric), (direction > 0) - (direction < 0)};
    size_t at = assay_comparison_find(c, ASSAY_ROW_METRIC, metric);
    if (at != SIZE_MAX)
        c->rows[c->order[at]].shown.direction = (direction > 0) - (direction < 0);
    compare_settle_all(c);
}

void assay_comparison_set_value(struct assay_comparison *c, size_t row, size_t column,
                                double value)
{
    struct compare_row *r = &c->rows[c->order[row]];
    if (r->shown.kind != ASSAY_ROW_METRIC || column >= c->run_count)
        return;
    if (r->instead_count < c->run_count) {
        r->instead = assay_realloc_array(r->instead, c->run_count, sizeof *r->instead);
        while (r->instead_count < c->run_count)
            r->instead[r->instead_count++] = (struct compare_instead){0};
    }
    r->instead[column] = (struct compare_instead){value, true};
    c->differing -= r->shown.differs && !r->shown.parent;
    compare_settle_metric(c, r);
    settle_differs(c, r);
    c->differing += r->shown.differs && !r->shown.parent;
}

void assay_comparison_clear_values(struct assay_comparison *c)
{
    for (size_t i = 0; i < c->row_count; i++) {
        free(c->rows[i].instead);
        c->rows[i].instead = NULL;
        c->rows[i].instead_count = 0;
    }
    compare_settle_all(c);
}

/* ---- deltas ---- */

struct assay_delta assay_delta_of(double value, double base, int direction)
{
    struct assay_delta delta = {.kind = ASSAY_DELTA_NOT_FINITE, .percent = NAN};
    double difference = value - base;
    if (!isfinite(value) || !isfinite(base))
        return delta;
    delta.better = direction * ((value > base) - (value < base));
    if (!isfinite(difference)) /* 1e308 and -1e308 */
        return delta;
    delta.kind = value == base ? ASSAY_DELTA_SAME : ASSAY_DELTA_NUMBER;
    delta.difference = difference;
    double percent = base == 0 ? NAN : difference / fabs(base) * 100;
    delta.percent = isfinite(percent) ? percent : NAN;
    return delta;
}

bool assay_row_is_measured(const struct assay_row *row)
{
    return row->kind == ASSAY_ROW_METRIC || row->kind == ASSAY_ROW_ATTRIBUTE ||
           row->kind == ASSAY_ROW_FACT;
}

char *assay_delta_text(char out[80], const struct assay_row *row,
                       const struct assay_delta *delta, bool brief)
{
    const char *sign = delta->difference > 0 ? "+" : "-";
    bool has_percent = isfinite(delta->percent);
    char size[32], percent[32];

    assay_row_value_text(size, row, fabs(delta->difference), DELTA_DIGITS);
    assay_number_short(percent, fabs(delta->percent), DELTA_DIGITS);
    if (!has_percent)
        snprintf(out, 80, "%s%s", sign, size);
    else if (assay_row_is_measured(row) && !brief)
        snprintf(out, 80, "%s%s, %s%s %%", sign, size, sign, percent);
    else
        snprintf(out, 80, "%s%s %%", sign, percent);
    return out;
}

struct assay_delta assay_comparison_delta(const struct assay_comparison *comparison, size_t row,
                                          size_t column, size_t baseline)
{
    const struct compare_row *r = compare_row_at(comparison, row);
    struct assay_delta delta = {.percent = NAN};
    if (column == baseline)
        return delta;
    if (r->shown.kind == ASSAY_ROW_METRIC) {
        double value, base;
        bool has = compare_number_at(comparison, r, column, &value);
        bool had = compare_number_at(comparison, r, baseline, &base);
        if (has && had)
            delta = assay_delta_of(value, base, r->shown.direction);
        else if (has || had)
            delta.kind = has ? ASSAY_DELTA_ADDED : ASSAY_DELTA_REMOVED;
        return delta;
    }
    const struct compare_value *value = compare_value_at(r, column);
    const struct compare_value *base = compare_value_at(r, baseline);
    if (!value || !base) {
        delta.kind = value ? ASSAY_DELTA_ADDED : base ? ASSAY_DELTA_REMOVED : ASSAY_DELTA_NONE;
    } else if (value->same == base->same) {
        delta.kind = value->unsure ? ASSAY_DELTA_UNKNOWN : ASSAY_DELTA_SAME;
    } else if (value->numeric && base->numeric && r->shown.kind != ASSAY_ROW_TAG &&
               !r->identifier) {
        delta = assay_delta_of(value->number, base->number, r->shown.direction);
    } else {
        delta.kind = ASSAY_DELTA_TEXT;
    }
    return delta;
}

/* Back to where a character of TEXT begins. */
static size_t character_start(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

struct assay_text_delta assay_text_delta(const char *a, size_t a_length, const char *b,
                                         size_t b_length)
{
    struct assay_text_delta delta = {0};
    size_t shorter = a_length < b_length ? a_length : b_length;
    while (delta.prefix < shorter && a[delta.prefix] == b[delta.prefix])
        delta.prefix++;
    if (delta.prefix < a_length)
        delta.prefix = character_start(a, delta.prefix);
    size_t most = shorter - delta.prefix;
    while (delta.suffix < most &&
           a[a_length - 1 - delta.suffix] == b[b_length - 1 - delta.suffix])
        delta.suffix++;
    while (delta.suffix > 0 && ((unsigned char)a[a_length - delta.suffix] & 0xc0) == 0x80)
        delta.suffix--;
    return delta;
}
