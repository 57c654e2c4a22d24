/*
 * The Pareto front of a comparison (compare.h): which runs, or groups of runs by their means,
 * nothing else beats in all aims at once. The command and the screen both ask here.
 */
#include <assay/compare.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

/* What a run cost stands in attributes of its own; less of it is better. */
static bool is_cost(const struct assay_row *row)
{
    return row->kind == ASSAY_ROW_ATTRIBUTE && row->numeric &&
           (strcmp(row->key, "duration") == 0 || strcmp(row->key, "gpu-hours") == 0);
}

bool assay_comparison_aim_of(const struct assay_comparison *c, size_t row,
                             struct assay_aim *out)
{
    const struct assay_row *shown = assay_comparison_row(c, row);
    *out = (struct assay_aim){.row = row, .cost = is_cost(shown)};
    if (out->cost)
        out->direction = -1;
    else if (shown->kind == ASSAY_ROW_METRIC)
        out->direction = shown->direction;
    return out->direction != 0;
}

enum assay_status assay_comparison_aim(const struct assay_comparison *c, const char *name,
                                       struct assay_aim *out, struct assay_error *err)
{
    size_t row = assay_comparison_find(c, ASSAY_ROW_ATTRIBUTE, name);
    if (row == SIZE_MAX || !is_cost(assay_comparison_row(c, row)))
        row = assay_comparison_find(c, ASSAY_ROW_METRIC, name);
    *out = (struct assay_aim){.row = row};
    if (row == SIZE_MAX && strcmp(name, "gpu-hours") == 0)
        return assay_fail(err, ASSAY_BAD_INPUT,
                          "no run says how many GPUs it had: there are no GPU-hours");
    if (row == SIZE_MAX)
        return assay_fail(err, ASSAY_BAD_INPUT, "no run has a metric %s", name);
    if (!assay_comparison_aim_of(c, row, out))
        return assay_fail(err, ASSAY_BAD_INPUT, "which way is %s better?", name);
    return ASSAY_OK;
}

size_t assay_comparison_aims(const struct assay_comparison *c, struct assay_aim *out,
                             size_t capacity)
{
    size_t count = 0;
    for (int cost = 1; cost >= 0; cost--)
        for (size_t i = 0; i < assay_comparison_rows(c) && count < capacity; i++) {
            struct assay_aim aim;
            if (assay_comparison_aim_of(c, i, &aim) && aim.cost == (cost == 1))
                out[count++] = aim;
        }
    return count;
}

/* The value of one run, the mean of a group; NaN where one of its runs has none that is finite:
   a mean over fewer runs than the group has would stand for runs it says nothing of. */
static double value_of(const struct assay_comparison *c, const struct assay_grouping *grouping,
                       size_t row, size_t entity)
{
    if (!grouping)
        return assay_comparison_cell(c, row, entity).number;
    const struct assay_group *group = &grouping->groups[entity];
    double mean = 0;
    for (size_t i = 0; i < group->count; i++)
        mean += assay_comparison_cell(c, row, group->columns[i]).number / (double)group->count;
    return group->count ? mean : NAN;
}

void assay_comparison_front(const struct assay_comparison *c,
                            const struct assay_grouping *grouping, const struct assay_aim *aims,
                            size_t count, struct assay_front *out)
{
    int *directions = assay_alloc_array(count + 1, sizeof *directions);
    *out = (struct assay_front){.aims = count,
                                .count = grouping ? grouping->count : assay_comparison_runs(c)};
    out->values = assay_alloc_array(out->count * count + 1, sizeof *out->values);
    out->on = assay_alloc_array(out->count + 1, sizeof *out->on);
    out->whole = assay_alloc_array(out->count + 1, sizeof *out->whole);
    for (size_t a = 0; a < count; a++)
        directions[a] = aims[a].direction;
    for (size_t i = 0; i < out->count; i++) {
        out->whole[i] = true;
        for (size_t a = 0; a < count; a++) {
            double value = value_of(c, grouping, aims[a].row, i);
            out->values[i * count + a] = value;
            out->whole[i] = out->whole[i] && isfinite(value);
        }
        out->lacking += !out->whole[i];
    }
    out->found = assay_pareto_front(out->values, out->count, directions, count, out->on);
    free(directions);
}

void assay_front_free(struct assay_front *front)
{
    free(front->values);
    free(front->on);
    free(front->whole);
    *front = (struct assay_front){0};
}
