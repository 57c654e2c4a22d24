/*
 * The demo, run beside the workbench: the same program as a child, which trains and logs into
 * the local store.
 */
#ifndef TUI_DEMO_H
#define TUI_DEMO_H

#include <stdbool.h>

struct app;

/* Looks whether the child has spoken or ended; WAKE is what the loop returned. True where the
   screen has something new to say. */
bool demo_woken(struct app *app, unsigned wake);
/* Ends it, if it runs. */
void demo_stop(struct app *app);

#endif
