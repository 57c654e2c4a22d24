/*
 * The code between two commits, where their repository lies on this machine. git itself is
 * asked, and only for what it has: no hook, no external diff, no conversion of the
 * repository's choosing is run, nothing is fetched, and what it prints is bounded. It may take
 * seconds: whoever draws a screen calls it on a thread of its own.
 */
#ifndef ASSAY_CODE_H
#define ASSAY_CODE_H

#include <stdbool.h>

#include <assay/buf.h>
#include <assay/error.h>

/* Is COMMIT 7 to 64 hexadecimal digits? Nothing else is ever given to git as a commit. */
bool assay_code_commit(const char *commit);
/* The repository that holds both commits, in OUT (to be freed): the first of PLACES (files or
   folders; ended by NULL, "" passed over) whose repository has both. ASSAY_NO where none has,
   which says what was looked at. */
enum assay_status assay_code_find(const char *const *places, const char *from, const char *to,
                                  char **out, struct assay_error *err);
/* What happened between FROM and TO in the repository at DIRECTORY, as text: how many commits
   lie between them and which, which files changed, and their lines as `git diff` has them.
   Where the lines are more than 2 MB only the files are named. */
enum assay_status assay_code_diff(const char *directory, const char *from, const char *to,
                                  struct assay_buf *out, struct assay_error *err);

#endif
