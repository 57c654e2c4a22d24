/*
 * Files: reading one whole within a bound, replacing one atomically, making directories,
 * joining paths. For small files of our own (configuration, themes, exports); readers of
 * experiments stream. And the one way to a file inside somebody else's folder (a run's
 * artifacts), which may hold links to anywhere. Any thread.
 */
#ifndef ASSAY_FILE_H
#define ASSAY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/error.h>

/* Reads the regular file PATH whole. *bytes is the caller's to free() and followed by a NUL
   that is not counted. A file of more than LIMIT bytes is ASSAY_BAD_INPUT; ASSAY_IO where it
   cannot be read (a pipe or a device is not waited for). */
enum assay_status assay_file_read(const char *path, size_t limit, char **bytes, size_t *length,
                                  struct assay_error *err);

/* Opens the regular file PATH of the folder ROOT to be read; *bytes (may be NULL) gets its
   size. A symbolic link on the way is followed where it is relative and stays inside ROOT;
   where it leads out, where ROOT itself is one, and where a pipe, a device or a socket is in
   the place of the file, nothing is opened: -1. */
int assay_open_inside(const char *root, const char *path, uint64_t *bytes,
                      struct assay_error *err);
/* assay_file_read() of what assay_open_inside() opens. */
enum assay_status assay_file_read_inside(const char *root, const char *path, size_t limit,
                                         char **bytes, size_t *length, struct assay_error *err);
/* The same rules for links as an open(2): PATH, relative to the open folder ROOT, with FLAGS.
   -1 with errno. */
int assay_open_beneath(int root, const char *path, int flags);

/* Writes all of BYTES to FD, however many calls that takes. False with errno. */
bool assay_write_all(int fd, const void *bytes, size_t length);

/* Puts BYTES into PATH: written beside it, synced, renamed over it, so that a reader and a
   crash see the old file or the new one. MODE (as 0600) goes through the umask. */
enum assay_status assay_file_write(const char *path, const void *bytes, size_t length,
                                   unsigned mode, struct assay_error *err);

/* Makes PATH and the directories above it where they are missing, for their owner alone (0700).
 */
enum assay_status assay_make_directories(const char *path, struct assay_error *err);

/* "DIRECTORY/NAME" with one slash between, NAME alone where it is absolute or DIRECTORY is
   empty. A new string. */
char *assay_path_join(const char *directory, const char *name);

/* The part of PATH before its last slash, as a new string: "." where there is none. */
char *assay_path_directory(const char *path);

#endif
