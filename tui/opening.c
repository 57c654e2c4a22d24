/*
 * Settings and terminal, made beside the session (opening.h). The two share nothing: neither
 * curses nor the settings know of the session, and it knows no terminal.
 */
#include "opening.h"

#include <signal.h>

#include "app.h"
#include "crew.h"

static void make(struct opening *opening)
{
    struct app *app = opening->app;
    struct settings *settings = &app->settings;
    app->crew = crew_new(crew_helpers());
    keymap_init(&app->keymap);
    settings_read(settings, &app->keymap, &opening->config);
    opening->status =
        term_open(&app->term,
                  &(struct term_options){
                      .graphics = settings->graphics[0] ? settings->graphics : NULL,
                      .theme = settings->theme[0] ? settings->theme : NULL,
                      .theme_directory = settings->directory,
                      .cell_width = settings->cell_width,
                      .cell_height = settings->cell_height,
                      .registers = settings->registers,
                      .no_mouse = settings->no_mouse,
                  },
                  &opening->err);
}

static void *run(void *context)
{
    make(context);
    return NULL;
}

/* Signals are for the thread that will have the screen. */
void opening_begin(void *context)
{
    struct opening *opening = context;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    opening->begun = true;
    opening->aside = pthread_create(&opening->thread, NULL, run, opening) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

enum assay_status opening_finish(struct opening *opening, struct assay_error *err)
{
    if (!opening->begun) { /* the session did not open: no screen is needed to say so */
        return ASSAY_OK;
    }
    if (opening->aside) {
        pthread_join(opening->thread, NULL);
    } else { /* without a thread, one after the other */
        make(opening);
    }
    if (opening->status != ASSAY_OK && err) {
        *err = opening->err;
    }
    return opening->status;
}
