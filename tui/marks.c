/*
 * The marked runs (marks.h), for the table, the previews and the chart.
 */
#include "marks.h"

#include <string.h>

int marks_color(const struct marks *marks, uint32_t run)
{
    for (size_t i = 0; i < marks->count; i++) {
        if (marks->runs[i] == run) {
            return marks->colors[i];
        }
    }
    return -1;
}

bool marks_toggle(struct marks *marks, uint32_t run)
{
    for (size_t i = 0; i < marks->count; i++) {
        if (marks->runs[i] == run) {
            size_t left = marks->count - i - 1;
            memmove(&marks->runs[i], &marks->runs[i + 1], left * sizeof *marks->runs);
            memmove(&marks->colors[i], &marks->colors[i + 1], left * sizeof *marks->colors);
            marks->count--;
            return true;
        }
    }
    if (marks->count == MARKS_MAX) {
        return false;
    }
    bool taken[MARKS_MAX] = {false};
    for (size_t i = 0; i < marks->count; i++) {
        taken[marks->colors[i]] = true;
    }
    int color = 0;
    while (taken[color]) {
        color++;
    }
    marks->runs[marks->count] = run;
    marks->colors[marks->count++] = color;
    return true;
}

void marks_clear(struct marks *marks)
{
    marks->count = 0;
}
