/*
 * A y axis that suits its labels. Labels are text and stand in rows of cells, grid lines are
 * pixels: so the range is widened until one tick is a whole number of rows from the next and
 * each lies in the middle of a row. Called by the front ends after fitting, and by plot.c.
 */
#include <assay/chart.h>

#include <math.h>
#include <stdlib.h>

#include "chart/scale.h"

#define SPARE    0.016 /* of the range at either end: fitting left more room than is needed */
#define ROWS_MIN 4
#define MOST     30    /* ticks */
#define DECADES  2     /* below as many a log axis has ticks between its powers of ten */
#define NEAR     0.131 /* of a row: how far from the middle of its row such a tick may be */
#define WIDEST   1.35  /* times the least height of a row: the most that others may take */
#define LABEL    0.25  /* of a row: a label further off its line than this is not written */
#define FINEST   1e9   /* how much smaller than its values a range may be */

struct choice {
    double step; /* between ticks */
    double row;  /* what one row of cells stands for */
    double cost;
};

/* Ticks APART rows from each other, so that RANGE fits wherever it begins within a row. On a
   logarithmic axis everything is counted in powers of ten, and a tick stands at each of them or
   it is not aligned. */
static struct choice choose(double range, double rows, int apart, bool log)
{
    double rough = range * apart / (rows - 1);
    struct choice choice = {.step = log ? (rough <= 1 ? 1 : INFINITY) : scale_nice_step(rough)};

    choice.row = choice.step / apart;
    /* The least void, and a slight preference for ticks four rows apart. */
    choice.cost = choice.row * rows / range + 0.02 * abs(apart - 4);
    return choice;
}

static struct choice choose_best(double range, double rows, bool log)
{
    int least = (int)fmax(rows < 16 ? 2 : 3, ceil(rows / MOST));
    int most = (int)fmax(fmax(rows / 3, fmin(rows / 2, 6)), least);
    struct choice best = choose(range, rows, least, log);

    for (int apart = least + 1; apart <= most; apart++) {
        struct choice other = choose(range, rows, apart, log);
        if (other.cost < best.cost)
            best = other;
    }
    return best;
}

/* ---- logarithmic axes of less than two decades ---- */

/* The most rows for a decade, MOST or fewer, that put 2 and 5 into the middle of rows as well
   as 1 and 10; 0 where there are none with a row between. */
static int decade_rows(double most)
{
    for (int rows = (int)fmin(most, 1000); rows >= 7; rows--) {
        double two = rows * log10(2);
        if (fabs(two - round(two)) <= NEAR)
            return rows;
    }
    return 0;
}

/* How far a tick is from the middle of its row, in rows. */
static double off_row(double unit, double rows)
{
    double row = (1 - unit) * rows - 0.5;

    return fabs(row - round(row));
}

/* Within a decade ticks are at round numbers, which no row suits. But a row may be as high, and
   the range begin where, two of them are in the middle of theirs. */
struct fitting {
    double rows, range, top; /* range and top in powers of ten */
    size_t want;
};

/* The axis whose ticks at LOWER and UPPER, powers of ten, are in the middle of rows; false
   where that takes too much room. */
static bool fit_two(const struct fitting *fit, double lower, double upper, double *lo,
                    double *hi)
{
    double least = fit->range / (fit->rows - 1); /* so that it fits wherever it begins */
    double apart = floor((upper - lower) / least + 1e-9);

    if (apart < 1 || (upper - lower) / apart > least * WIDEST)
        return false;
    double row = (upper - lower) / apart;
    double above = ceil((fit->top - lower) / row - 0.5 - 1e-9);
    *hi = lower + (above + 0.5) * row;
    *lo = *hi - fit->rows * row;
    return true;
}

/* What is wrong with an axis: the room it adds, and less for each label that can be written. */
static double fault(const struct fitting *fit, double lo, double hi)
{
    struct assay_tick ticks[MOST];
    double cost = (hi - lo) / fit->range;
    size_t on = 0, count = assay_chart_ticks(pow(10, lo), pow(10, hi), true, ASSAY_AXIS_STEP,
                                             true, fit->want, ticks, MOST);

    for (size_t i = 0; i < count; i++)
        on += off_row(ticks[i].unit, fit->rows) <= NEAR;
    return on < 2 ? INFINITY : cost - 0.1 * (double)(on < 6 ? on : 6);
}

/* Of all pairs of ticks; the least fault, INFINITY where no pair fits. */
static double fit_best(struct assay_chart *chart, const struct fitting *fit)
{
    struct assay_tick ticks[MOST];
    double from = fit->top - fit->range * 1.1, to = fit->top + fit->range * 0.1;
    size_t count = assay_chart_ticks(pow(10, from), pow(10, to), true, ASSAY_AXIS_STEP, true,
                                     fit->want, ticks, MOST);
    double best = INFINITY, lo, hi;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            if (!fit_two(fit, log10(ticks[i].value), log10(ticks[j].value), &lo, &hi))
                continue;
            double cost = fault(fit, lo, hi);
            if (cost < best) {
                best = cost;
                chart->y_min = pow(10, lo);
                chart->y_max = pow(10, hi);
            }
        }
    }
    return best;
}

static size_t align_within_decade(struct assay_chart *chart, double rows, double range,
                                  double top, size_t want)
{
    /* Steps of 5 may miss the range altogether; and of more ticks two may fit sooner. */
    size_t least = want < 3 ? 3 : want;
    struct fitting fit = {.rows = rows, .range = range, .top = top, .want = least};

    while (fit.want < least + 8 && !isfinite(fit_best(chart, &fit)))
        fit.want++;
    return fit.want;
}

/* ---- any axis ---- */

/* The middle of the uppermost row is a multiple of what a ROW stands for: ticks, which are
   multiples of a multiple, then are in the middle of theirs. Half of the void above. */
static void place(struct assay_chart *chart, double rows, double row, double range, double top)
{
    double spare = row * rows - range;
    double first = ceil((top + (spare - row) / 2) / row - 0.5 - 1e-9);

    while ((first + 0.5) * row < top)
        first++;
    while ((first + 0.5 - rows) * row > top - range)
        first--;
    double hi = (first + 0.5) * row, lo = hi - rows * row;
    chart->y_max = chart->log_y ? pow(10, hi) : hi;
    chart->y_min = chart->log_y ? pow(10, lo) : lo;
}

size_t assay_chart_align(struct assay_chart *chart, double rows)
{
    bool log = chart->log_y;
    double lo = log ? log10(chart->y_min) : chart->y_min;
    double hi = log ? log10(chart->y_max) : chart->y_max;
    double range = (hi - lo) * (1 - 2 * SPARE), top = hi - (hi - lo) * SPARE;
    size_t want = rows > 6 ? (size_t)fmin(rows / 3, MOST) : 2;
    double greatest = fmax(fabs(lo), fabs(hi));

    if (!(rows >= ROWS_MIN) || !(range > 0) || !isfinite(range) || range * FINEST < greatest ||
        greatest > (log ? 290 : 1e300) || range < (log ? 1e-6 : 1e-300))
        return want;
    if (log && range <= DECADES) {
        int decade = decade_rows(fmin((rows - 1) / range, rows));
        if (decade == 0)
            return align_within_decade(chart, rows, range, top, want);
        /* Where decades are so high that a lot is void, the numbers within are nearer. */
        if (range < 1 && range * decade < rows * 0.7)
            return align_within_decade(chart, rows, range, top, want);
        place(chart, rows, 1.0 / decade, range, top);
        return (size_t)(rows / decade * 3) + 2;
    }
    struct choice best = choose_best(range, rows, log);
    if (!isfinite(best.cost))
        return want;
    place(chart, rows, best.row, range, top);
    return (size_t)(rows * best.row / best.step) + 1;
}

size_t assay_chart_label_rows(const struct assay_tick *ticks, size_t count, double rows,
                              int *row)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        row[i] = off_row(ticks[i].unit, rows) <= LABEL ? 0 : -1;
        kept += row[i] == 0;
    }
    for (size_t i = 0; i < count; i++)
        if (row[i] == 0 || kept < 2)
            row[i] = (int)fmax(lround((1 - ticks[i].unit) * rows - 0.5), 0);
    return kept < 2 ? count : kept;
}
