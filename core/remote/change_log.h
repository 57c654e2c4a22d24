/*
 * The log of changes: one line of JSON for each change that was tried outside of this machine,
 * or that followed one, whatever came of it. It lies where assay_change_log_path()
 * (<assay/change.h>) says. Any thread.
 */
#ifndef CORE_REMOTE_CHANGE_LOG_H
#define CORE_REMOTE_CHANGE_LOG_H

#include <assay/error.h>

/* Puts down one change at WHERE (a server or platform, without credentials). BEFORE and AFTER
   may be NULL; ERROR is empty where it was made. A log that cannot be written stops nothing. */
void change_log_add(const char *where, const char *what, const char *before, const char *after,
                    const struct assay_error *error);

#endif
