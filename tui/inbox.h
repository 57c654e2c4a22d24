/*
 * The inbox: the one desk of approvals of the workbench (desk.h), read in the background from
 * the first frame on, so that every screen can say what waits and the queue is there in one
 * frame. What other processes write to the store is read by itself.
 */
#ifndef TUI_INBOX_H
#define TUI_INBOX_H

#include <stdbool.h>

struct app;
struct desk_result;

/* Called when the first frame is drawn, which its thread so cannot hold up. Until then nothing
 * waits. */
void inbox_open(struct app *app);
void inbox_close(struct app *app);
/* Called whenever the loop has woken, after the screens: takes what none of them took. True
   where there is something new to draw. */
bool inbox_poll(struct app *app);
/* Reads the ledger anew where the store's files have changed since; with NOW without waiting
   for the next look. */
void inbox_look(struct app *app, bool now);
/* Whoever takes a result of the desk says so here: what waits is counted anew, and why the
   ledger could not be read is kept. */
void inbox_taken(struct app *app, const struct desk_result *result);

#define INBOX_LOOK_US 10000000 /* between two looks at the store's files */

#endif
