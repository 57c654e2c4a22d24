/*
 * The user's own editor, for texts of more than a line: $VISUAL or $EDITOR in the terminal,
 * which is ours again afterwards.
 */
#ifndef TUI_EDITOR_H
#define TUI_EDITOR_H

#include "app.h"

#define EDITOR_LIMIT (64u * 1024)

/* What the user made of TEXT, without blanks at its end; malloc'd. NULL with *err where there
   is no editor, it failed, or the result is too long. Returns when the editor has ended. */
char *editor_text(struct app *app, const char *text, struct assay_error *err);

#endif
