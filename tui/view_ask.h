/*
 * What the screens of runs and of models tell the form in which a request is written.
 */
#ifndef TUI_VIEW_ASK_H
#define TUI_VIEW_ASK_H

#include <stddef.h>
#include <stdint.h>

struct app;

struct ask_arguments {  /* for view_ask; all copied, any may be "" or NULL */
    const char *server; /* URL; "" the local registry */
    const char *model, *version, *target;
    const char *revises, *words; /* the request of which this is a new revision; what it said */
    const char *takes_back;      /* the request whose application this would undo */
    const char *const *runs;     /* ids of the local store: a version is registered from them */
    size_t run_count;
};

/* Opens the form for RUNS of the catalog: those of the local store become a new version, of a
   server the version that was registered from the first of them is taken, where there is one.
   Says why where neither can be. A version that is asked for already is shown in its request
   instead. The caller's screen may be gone afterwards. */
void view_ask_runs(struct app *app, const uint32_t *runs, size_t count);
/* The same for a VERSION of MODEL in the registry of SOURCE. */
void view_ask_version(struct app *app, uint32_t source, const char *model, const char *version);

#endif
