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
#define MOST     30  /* ticks */
#define DECADES  2   /* below as many a log axis has ticks between its powers of ten */
#define FINEST   1e9 /* how much smaller than its values a range may be */

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

size_t assay_chart_align(struct assay_chart *chart, double rows)
{
    bool log = chart->log_y;
    double lo = log ? log10(chart->y_min) : chart->y_min;
    double hi = log ? log10(chart->y_max) : chart->y_max;
    double range = (hi - lo) * (1 - 2 * SPARE), top = hi - (hi - lo) * SPARE;
    size_t want = rows > 6 ? (size_t)fmin(rows / 3, MOST) : 2;
    double greatest = fmax(fabs(lo), fabs(hi));

    if (!(rows >= ROWS_MIN) || !(range > (log ? DECADES : 0)) || !isfinite(range) ||
        range * FINEST < greatest || greatest > (log ? 290 : 1e300) || range < 1e-300)
        return want;
    struct choice best = choose_best(range, rows, log);
    if (!isfinite(best.cost))
        return want;
    /* The middle of the uppermost row is a multiple of what a row stands for: the ticks, which
       are multiples of a multiple, then are in the middle of theirs. Half of the void above. */
    double spare = best.row * rows - range;
    double first = ceil((top + (spare - best.row) / 2) / best.row - 0.5 - 1e-9);
    while ((first + 0.5) * best.row < top)
        first++;
    while ((first + 0.5 - rows) * best.row > top - range)
        first--;
    hi = (first + 0.5) * best.row;
    lo = hi - rows * best.row;
    chart->y_max = log ? pow(10, hi) : hi;
    chart->y_min = log ? pow(10, lo) : lo;
    return (size_t)(rows * best.row / best.step) + 1;
}
