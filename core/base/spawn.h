/*
 * Running another program: an absolute path, arguments as they are (no shell), bytes in, bytes
 * out, a deadline. The environment is made anew (SSH_AUTH_SOCK, HOME, PATH and what the caller
 * adds); the child has no terminal, so that it cannot ask behind the workbench's back.
 */
#ifndef CORE_BASE_SPAWN_H
#define CORE_BASE_SPAWN_H

#include <stddef.h>

#include <assay/buf.h>
#include <assay/error.h>
#include <assay/memory.h>

struct spawn {
    const char *const *argv; /* argv[0] is an absolute path; ends with NULL */
    const char *const *env;  /* "NAME=VALUE" beside the usual; may be NULL */
    const char *directory;   /* NULL: as it is */
    const void *input;
    size_t input_length;
    const int *keep; /* descriptors the child may read through /proc/self/fd/N */
    size_t keep_count;
    int timeout_ms;
    size_t output_limit; /* of OUT and of ERRORS each; 0: 64 KiB */
};

/* Runs it to its end. *code gets its exit status (128 + the signal's number for a signal). OUT
   and ERRORS (may be NULL) get what it printed. ASSAY_IO where it could not be started, ran
   past the deadline (it is killed, with what it started) or printed more than the limit. */
enum assay_status spawn_run(const struct spawn *spawn, int *code, struct assay_buf *out,
                            struct assay_buf *errors, struct assay_error *err);

/* Takes TEXT apart at its blanks, as argv wants it: no quotes, no shell. WORDS has room for
   MOST and the NULL after them; 0 where there are more, or none. */
size_t spawn_words(const char *text, struct assay_arena *arena, const char **words,
                   size_t most);

/* A descriptor from which a child may read BYTES as a file; -1 on failure. */
int spawn_memory_file(const void *bytes, size_t length);

/* The first of the fixed places where NAME (ssh-keygen, ssh-add, git) lies; NULL where nowhere.
   $PATH is never asked: whoever can change it could put a signer of his own first. */
const char *spawn_find(const char *name, char out[128]);

#endif
