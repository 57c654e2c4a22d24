/*
 * SHA-256, which names records of the ledger, files of a model and evidence. Text is always 64
 * lower-case hex digits.
 */
#ifndef ASSAY_SHA256_H
#define ASSAY_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/error.h>

#define ASSAY_SHA256_TEXT 65 /* the text and its NUL */

/* The digest of BYTES as text; returns OUT. */
char *assay_sha256(char out[ASSAY_SHA256_TEXT], const void *bytes, size_t length);
/* The digest of a regular file, read in blocks. *bytes (may be NULL) gets its size. Never
   follows a symbolic link at the end of PATH. */
enum assay_status assay_sha256_file(char out[ASSAY_SHA256_TEXT], const char *path,
                                    uint64_t *bytes, struct assay_error *err);
/* The same of the file PATH in the folder ROOT, opened as assay_open_inside() does. */
enum assay_status assay_sha256_inside(char out[ASSAY_SHA256_TEXT], const char *root,
                                      const char *path, struct assay_error *err);
/* Whether TEXT is 64 lower-case hex digits. */
bool assay_sha256_valid(const char *text);

#endif
