/*
 * The workbench, as main() sees it: one call that runs until the user quits.
 */
#ifndef TUI_TUI_H
#define TUI_TUI_H

#include <stddef.h>

#include <assay/error.h>

/* Opens the workbench on SOURCES (none: the defaults of the command line's contract) and runs
   it in the terminal the process is in. Returns the exit status of the program; where that is
   not 0 *err says why (the terminal is restored before it returns). */
int tui_run(const char *const *sources, size_t count, struct assay_error *err);

/* Whether what the configuration file says of the workbench ([ui], [keys]) is understood; else
 *err names the first line that is not. Needs no terminal. */
enum assay_status tui_check_settings(struct assay_error *err);

#endif
