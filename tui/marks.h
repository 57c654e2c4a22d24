/*
 * The marked runs, in the order they were marked, each with the colour it keeps on every
 * screen.
 */
#ifndef TUI_MARKS_H
#define TUI_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARKS_MAX 2000

struct marks {
    uint32_t runs[MARKS_MAX];
    int colors[MARKS_MAX];
    size_t count;
};

/* The colour of RUN; -1 where it is not marked. */
int marks_color(const struct marks *marks, uint32_t run);
/* Marks RUN, or takes its mark away. False where there is no room for more. */
bool marks_toggle(struct marks *marks, uint32_t run);
void marks_clear(struct marks *marks);

#endif
