/*
 * An errand: work too slow for the screen's thread (a file on a slow disk, a picture to be
 * unpacked), done by one function on a thread of its own. The loop wakes when it is done; how
 * far it has come can be asked at any time; who no longer cares drops it, and it ends by
 * itself.
 */
#ifndef TUI_ERRAND_H
#define TUI_ERRAND_H

#include <stdbool.h>
#include <stdint.h>

struct app;
struct errand; /* opaque */

/* Runs WORK(errand, CONTEXT) on another thread. CONTEXT is the errand's from here on: WORK's
   alone until errand_done(), the caller's to look at afterwards, and given to DROP once nobody
   needs it, on whichever thread that is. NULL, errno set and CONTEXT dropped, where no thread
   could be had. */
struct errand *errand_start(struct app *app, void (*work)(struct errand *errand, void *context),
                            void (*drop)(void *context), void *context);
/* WORK has returned. The loop wakes until this was asked: a screen asks in its poll(). */
bool errand_done(struct errand *errand);
/* CONTEXT with what WORK made of it, once it is done; NULL before. */
void *errand_result(struct errand *errand);
/* How much of how much is done, in units of WORK's own; *total 0: not known. */
void errand_progress(const struct errand *errand, uint64_t *done, uint64_t *total);
/* Forgets it; what still runs is told that it is not wanted. NULL is fine. */
void errand_drop(struct errand **errand, struct app *app);

/* ---- for WORK, on its thread ---- */
void errand_say(struct errand *errand, uint64_t done, uint64_t total);
bool errand_unwanted(const struct errand *errand); /* to be asked now and then: then return */

#endif
