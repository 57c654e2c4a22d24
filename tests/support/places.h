/*
 * Places for tests that write files and processes: a fresh directory, files by content, and
 * children whose end is part of the test.
 */
#ifndef TEST_PLACES_H
#define TEST_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* "DIR/NAME" in a fresh private directory under $TMPDIR; free() it. */
char *place_new(const char *name);
/* PATH with END behind it; lives until the sixteenth call after this one. */
const char *place_with(const char *path, const char *end);
bool place_exists(const char *path);
unsigned place_mode(const char *path); /* permission bits */
void place_write(const char *path, const void *bytes, size_t length);
/* The whole file; free() it. */
char *place_read(const char *path, size_t *length);

/* Runs FN in a child; its result is the exit status. */
pid_t child_start(int (*fn)(void *context), void *context);
/* Waits; the exit status, or -1 where a signal ended it. */
int child_wait(pid_t pid);
/* In a child: from now on permissions count for root too. */
void child_drop_powers(void);
/* In this thread: permissions count for root too, until they are taken up again. */
void powers_lay_down(void);
void powers_take_up(void);
/* In a child: files cannot grow past LIMIT bytes, as on a full disk. */
void child_limit_files(size_t limit);

#endif
