/*
 * The axes of a plane in which points stand (figure.h): where they end, and their ticks.
 * Called by the front end.
 */
#include <assay/figure.h>

#include <float.h>

#define ROOM    0.05 /* beyond the outermost points, of the axis */
#define DECADES 50   /* greatest to least from which on an axis is logarithmic */
#define X_WANT  8    /* ticks of a figure that is written to a file */
#define Y_WANT  6

bool assay_axis_is_log(double low, double high)
{
    return low > 0 && high / low > DECADES;
}

void assay_plane_take(struct assay_plane_axis *axis, double value)
{
    axis->low = fmin(axis->low, value);
    axis->high = fmax(axis->high, value);
}

double assay_plane_unit(const struct assay_plane_axis *axis, double value)
{
    return assay_scale_to_unit(value, axis->from, axis->to, axis->log);
}

static double held(double value)
{
    return fmax(-DBL_MAX, fmin(value, DBL_MAX));
}

bool assay_plane_settle(struct assay_plane_axis *axis)
{
    axis->log = !axis->kinds && assay_axis_is_log(axis->low, axis->high);
    if (axis->kinds) {
        axis->from = -0.5;
        axis->to = (double)axis->kinds - 0.5;
    } else if (axis->low < axis->high) {
        axis->from = held(assay_scale_from_unit(-ROOM, axis->low, axis->high, axis->log));
        axis->to = held(assay_scale_from_unit(1 + ROOM, axis->low, axis->high, axis->log));
    } else {
        double room = axis->low == 0 ? 1 : fmax(fabs(axis->low) * 0.1, DBL_MIN * 1e16);
        axis->from = held(axis->low - room);
        axis->to = held(axis->high + room);
    }
    return axis->low <= axis->high;
}

void assay_plane_ticks(struct assay_plane_axis *axis, size_t want)
{
    axis->tick_count =
        axis->kinds ? 0
                    : assay_chart_ticks(axis->from, axis->to, axis->log,
                                        axis->duration ? ASSAY_AXIS_RELATIVE : ASSAY_AXIS_STEP,
                                        !axis->duration, want, axis->ticks, ASSAY_FIGURE_GRID);
}

void assay_plane_grid(struct assay_figure *figure, const struct assay_plane_axis *x,
                      const struct assay_plane_axis *y)
{
    for (size_t i = 0; i < x->tick_count; i++)
        figure->grid_x[figure->grid_x_count++] = x->ticks[i].unit;
    for (size_t i = 0; i < y->tick_count; i++)
        figure->grid_y[figure->grid_y_count++] = y->ticks[i].unit;
}

bool assay_figure_plane(struct assay_figure *figure, struct assay_plane_axis *x,
                        struct assay_plane_axis *y)
{
    assay_figure_clear(figure);
    if (x->low > x->high || y->low > y->high)
        return false;
    assay_plane_settle(x);
    assay_plane_settle(y);
    assay_plane_ticks(x, X_WANT);
    assay_plane_ticks(y, Y_WANT);
    assay_plane_grid(figure, x, y);
    return true;
}
