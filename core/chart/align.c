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
#define FINEST   1e9 /* how much smaller than its values a range may be */

struct choice {
    double step; /* between ticks */
    double row;  /* what one row of cells stands for */
    double cost;
};

/* Ticks APART rows from each other, so that RANGE fits wherever it begins within a row. */
static struct choice choose(double range, double rows, int apart)
{
    struct choice choice = {.step = scale_nice_step(range * apart / (rows - 1))};

    choice.row = choice.step / apart;
    /* The least void, and a slight preference for ticks four rows apart. */
    choice.cost = choice.row * rows / range + 0.02 * abs(apart - 4);
    return choice;
}

size_t assay_chart_align(struct assay_chart *chart, double rows)
{
    double range = (chart->y_max - chart->y_min) * (1 - 2 * SPARE);
    double top = chart->y_max - (chart->y_max - chart->y_min) * SPARE;
    size_t want = rows > 6 ? (size_t)fmin(rows / 3, MOST) : 2;
    double greatest = fmax(fabs(chart->y_min), fabs(chart->y_max));

    if (chart->log_y || !(rows >= ROWS_MIN) || !(range > 0) || !isfinite(range) ||
        range * FINEST < greatest || greatest > 1e300 || range < 1e-300)
        return want;
    int least = (int)fmax(rows < 16 ? 2 : 3, ceil(rows / MOST));
    int most = (int)fmax(fmax(rows / 3, fmin(rows / 2, 6)), least);
    struct choice best = choose(range, rows, least);
    for (int apart = least + 1; apart <= most; apart++) {
        struct choice other = choose(range, rows, apart);
        if (other.cost < best.cost)
            best = other;
    }
    /* The middle of the uppermost row is a multiple of what a row stands for: the ticks, which
       are multiples of a multiple, then are in the middle of theirs. Half of the void above. */
    double spare = best.row * rows - range;
    double first = ceil((top + (spare - best.row) / 2) / best.row - 0.5 - 1e-9);
    chart->y_max = (first + 0.5) * best.row;
    while (chart->y_max < top)
        chart->y_max = (++first + 0.5) * best.row;
    while (chart->y_max - rows * best.row > top - range)
        chart->y_max = (--first + 0.5) * best.row;
    chart->y_min = chart->y_max - rows * best.row;
    return (size_t)(rows * best.row / best.step) + 1;
}
