/*
 * A file that is being written and is not to be seen before it is whole, nor left behind when
 * it never is: not where writing fails, and not where a signal ends the program.
 */
#ifndef CLI_PARTIAL_H
#define CLI_PARTIAL_H

#include <stdbool.h>

#include <assay/error.h>

struct cli_partial {
    int fd;          /* to write to, and to read from again; -1 none */
    const char *as;  /* what it is to become; NULL: it never has a name. The caller's */
    char *directory; /* where it lies */
    char *path;      /* its name meanwhile; NULL: it has none */
};

/* A new file, empty, in AS's folder; AS NULL: in $TMPDIR or /tmp. It has no name where the file
   system can do so (O_TMPFILE), unless NAMED; else it has one that SIGINT, SIGTERM and SIGHUP
   remove. One at a time; ended by the call below, whatever this returns. */
enum assay_status cli_partial_begin(struct cli_partial *out, const char *as, bool named,
                                    struct assay_error *err);
/* KEEP: it is whole, and takes its place under the name it is to have, over what is there.
   Else, and where that fails, it is gone. Closes it. */
enum assay_status cli_partial_end(struct cli_partial *partial, bool keep,
                                  struct assay_error *err);

#endif
