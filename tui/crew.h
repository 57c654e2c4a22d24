/*
 * Threads that help with a frame: charts are drawn beside the screen's own thread and beside
 * each other. Work is given while a frame is drawn and is done before the frame is sent;
 * between frames the threads sleep. Owned by app.c; work comes from widget_chart.c.
 */
#ifndef TUI_CREW_H
#define TUI_CREW_H

#include <stddef.h>

#include <assay/chart.h>

struct crew; /* opaque */

/* With no more than HELPERS threads; they are made when there is work for them. */
struct crew *crew_new(size_t helpers);
void crew_free(struct crew **crew);
/* As many helpers as are of use here. */
size_t crew_helpers(void);

/* Has RUN called with CONTEXT on some thread before crew_finish() returns. What it touches is
   its own until then; RUN itself adds nothing. */
void crew_add(struct crew *crew, void (*run)(void *context), void *context);
/* Does what nobody has begun, and waits for the rest. */
void crew_finish(struct crew *crew);

/* The same threads for the parts of one job: for assay_chart_raster() inside of what
   crew_add() was given, or on the screen's thread. Who has no job of their own help. */
struct assay_hands crew_hands(struct crew *crew);

#endif
