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
#define TRIES    8     /* widths, and places within the row, that are tried for the others */
#define WIDER    0.03  /* by as much is each width more than the one before */
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

/* How far from the middle of its row the worst tick is, in rows. */
static double worst_tick(const struct assay_tick *ticks, size_t count, double rows)
{
    double worst = 0;

    for (size_t i = 0; i < count; i++) {
        double row = (1 - ticks[i].unit) * rows - 0.5;
        worst = fmax(worst, fabs(row - round(row)));
    }
    return worst;
}

/* Within a decade ticks are at round numbers, which no row suits: of some ranges a little wider
   that which suits them best. Powers of ten, as RANGE and TOP are. */
static size_t align_within_decade(struct assay_chart *chart, double rows, double range,
                                  double top, size_t want)
{
    double best = INFINITY;

    want = want < 3 ? 3 : want; /* steps of 5 may miss the range altogether */
    for (int i = 0; i < TRIES; i++) {
        double row = range / (rows - 1) * (1 + WIDER * i), spare = row * rows - range;
        for (int j = 0; j < TRIES; j++) {
            struct assay_tick ticks[MOST];
            double hi = top + spare * (j + 0.5) / TRIES, lo = hi - rows * row;
            size_t count = assay_chart_ticks(pow(10, lo), pow(10, hi), true, ASSAY_AXIS_STEP,
                                             true, want, ticks, MOST);
            double cost = worst_tick(ticks, count, rows) + WIDER * i + (count < 2 ? 1 : 0);
            if (cost < best) {
                best = cost;
                chart->y_min = pow(10, lo);
                chart->y_max = pow(10, hi);
            }
        }
    }
    return want;
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
