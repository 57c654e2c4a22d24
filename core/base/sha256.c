/*
 * SHA-256 (nettle). Called by the approvals for records, and for the files of models and
 * evidence.
 */
#include <assay/sha256.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nettle/sha2.h>

#include <assay/file.h>
#include <assay/memory.h>

#define BLOCK ((size_t)256 << 10)

static char *to_text(char out[ASSAY_SHA256_TEXT], const uint8_t digest[SHA256_DIGEST_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < SHA256_DIGEST_SIZE; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[2 * SHA256_DIGEST_SIZE] = '\0';
    return out;
}

char *assay_sha256(char out[ASSAY_SHA256_TEXT], const void *bytes, size_t length)
{
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_init(&context);
    if (length > 0)
        sha256_update(&context, length, bytes);
    sha256_digest(&context, sizeof digest, digest);
    return to_text(out, digest);
}

static enum assay_status digest_of(int fd, char out[ASSAY_SHA256_TEXT], const char *path,
                                   uint64_t *bytes, struct assay_error *err)
{
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    enum assay_status status = ASSAY_OK;
    uint8_t *block = assay_alloc(BLOCK);
    uint64_t total = 0;

    sha256_init(&context);
    for (;;) {
        ssize_t count = read(fd, block, BLOCK);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            status = assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(errno));
        if (count <= 0)
            break;
        sha256_update(&context, (size_t)count, block);
        total += (uint64_t)count;
    }
    free(block);
    sha256_digest(&context, sizeof digest, digest);
    to_text(out, digest);
    if (bytes)
        *bytes = total;
    return status;
}

enum assay_status assay_sha256_file(char out[ASSAY_SHA256_TEXT], const char *path,
                                    uint64_t *bytes, struct assay_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    enum assay_status status = ASSAY_OK;

    out[0] = '\0';
    if (fd < 0)
        return assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(errno));
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        status = assay_fail(err, ASSAY_IO, "%s: not a regular file", path);
    else
        status = digest_of(fd, out, path, bytes, err);
    close(fd);
    if (status != ASSAY_OK)
        out[0] = '\0';
    return status;
}

enum assay_status assay_sha256_inside(char out[ASSAY_SHA256_TEXT], const char *root,
                                      const char *path, struct assay_error *err)
{
    int fd = assay_open_inside(root, path, NULL, err);

    out[0] = '\0';
    if (fd < 0)
        return ASSAY_IO;
    enum assay_status status = digest_of(fd, out, path, NULL, err);
    close(fd);
    if (status != ASSAY_OK)
        out[0] = '\0';
    return status;
}

bool assay_sha256_valid(const char *text)
{
    unsigned char wrong = 0;

    if (!text || strnlen(text, 65) != 64)
        return false;
    /* Without a branch for each: ledgers ask of ten in every record. */
    for (size_t i = 0; i < 64; i++) {
        const unsigned char c = (unsigned char)text[i];
        wrong |= (unsigned char)(c - '0') > 9 && (unsigned char)(c - 'a') > 5;
    }
    return wrong == 0;
}
