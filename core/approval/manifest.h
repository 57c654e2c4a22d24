/*
 * A model version's files, each with its SHA-256: what an approval is about. The digest of the
 * whole is that of the list as `sha256sum` prints it, sorted by path, so that anybody can
 * compute it.
 */
#ifndef CORE_APPROVAL_MANIFEST_H
#define CORE_APPROVAL_MANIFEST_H

#include <assay/approval.h>
#include <assay/buf.h>
#include <assay/memory.h>

struct manifest {
    struct assay_model_file *files; /* sorted by path */
    size_t count;
    char digest[ASSAY_SHA256_TEXT];
};

/* Hashes what lies under ROOTS (files by their name, directories' files by their path inside).
   Symbolic links are refused: what they point at may change unseen. At most 1000 files. */
enum assay_status manifest_read(struct manifest *out, struct assay_arena *arena,
                                const char *const *roots, size_t root_count,
                                struct assay_error *err);
/* The digest of a list. */
void manifest_digest(char out[ASSAY_SHA256_TEXT], const struct assay_model_file *files,
                     size_t count);
/* Where the file PATH of the manifest lies; malloc'd, NULL where it is not there. */
char *manifest_find(const char *const *roots, size_t root_count, const char *path);

#endif
