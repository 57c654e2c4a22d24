/*
 * The axes of parallel coordinates (figure.h): what stands where on them, and a run's line
 * through them. The screen and the files both ask here; svg.c writes them as vectors.
 */
#include <assay/figure.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

#define DIGITS 4 /* of a number at an end, at most */

void assay_parallel_take(struct assay_parallel_axis *axis, double number, const char *text)
{
    if (!axis->texts) {
        if (isfinite(number)) {
            axis->low = fmin(axis->low, number);
            axis->high = fmax(axis->high, number);
        }
        return;
    }
    size_t k = 0;
    while (k < axis->kind_count && axis->kinds[k] != text)
        k++;
    if (text && k == axis->kind_count && k < ASSAY_PARALLEL_KINDS)
        axis->kinds[axis->kind_count++] = text;
}

void assay_parallel_settle(struct assay_parallel_axis *axis)
{
    axis->log = !axis->texts && assay_axis_is_log(axis->low, axis->high);
}

double assay_parallel_kind_unit(const struct assay_parallel_axis *axis, size_t kind)
{
    return axis->kind_count > 1 ? (double)kind / (double)(axis->kind_count - 1) : 0.5;
}

double assay_parallel_unit(const struct assay_parallel_axis *axis, double number,
                           const char *text)
{
    for (size_t k = 0; axis->texts && text && k < axis->kind_count; k++)
        if (axis->kinds[k] == text)
            return assay_parallel_kind_unit(axis, k);
    if (axis->texts || !isfinite(number))
        return NAN;
    return axis->high > axis->low
               ? assay_scale_to_unit(number, axis->low, axis->high, axis->log)
               : 0.5;
}

double assay_parallel_number(const struct assay_parallel_axis *axis, double unit)
{
    return assay_scale_from_unit(unit, axis->low, axis->high, axis->log);
}

/* A number that is cut is another one: fewer digits, then a power of ten ("1e-4"). */
static void number_in(char out[32], double value, int cells)
{
    int digits = DIGITS;
    do {
        assay_number_short(out, value, digits--);
    } while (digits > 0 && assay_text_width(out) > cells);
    if (assay_text_width(out) > cells) {
        snprintf(out, 32, "%.0e", value);
        char *power = strchr(out, 'e');
        snprintf(power, (size_t)(out + 32 - power), "e%ld", strtol(power + 1, NULL, 10));
    }
}

void assay_parallel_end(const struct assay_parallel_axis *axis, bool high, int cells,
                        char out[32])
{
    double value = high ? axis->high : axis->low;
    if (axis->kind_count)
        assay_text_clean_to(out, 32, axis->kinds[high ? axis->kind_count - 1 : 0]);
    else if (axis->low <= axis->high && axis->duration)
        assay_duration_text(out, llround(value * 1000));
    else if (axis->low <= axis->high)
        number_in(out, value, cells);
    else
        out[0] = '\0';
}

void assay_parallel_line(struct assay_figure *figure, const double *across, const double *units,
                         size_t count, int color, bool faint)
{
    for (size_t a = 0; a + 1 < count; a++)
        assay_figure_stroke(figure, (struct assay_stroke){.x0 = across[a],
                                                          .y0 = units[a],
                                                          .x1 = across[a + 1],
                                                          .y1 = units[a + 1],
                                                          .color = color,
                                                          .faint = faint});
}

double assay_parallel_across(size_t axis, size_t count)
{
    return count > 1 ? (double)axis / (double)(count - 1) : 0.5;
}
