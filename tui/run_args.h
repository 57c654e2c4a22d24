/*
 * What one screen tells the next when it opens it.
 */
#ifndef TUI_RUN_ARGS_H
#define TUI_RUN_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run_args { /* for view_run */
    uint32_t run;
    const uint32_t *rows; /* the list it was opened from; copied */
    size_t count;
    const char *metric; /* to begin with; "" none */
};

struct compare_args {     /* for view_compare */
    const uint32_t *runs; /* copied */
    size_t count;
    uint32_t baseline; /* one of them */
};

struct chart_args { /* for view_chart */
    const char *metric;
    char *const *metrics; /* to go through with m and M; copied */
    size_t metric_count;
    uint32_t run; /* where nothing is marked */
    bool marked;  /* the marked runs, where there are any */
};

#endif
