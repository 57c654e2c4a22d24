/*
 * Two versions of an artifact of any kind: whatever they hold, the difference is found or they
 * are told line by line, within bounds.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <assay/buf.h>
#include <assay/compare.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte is the kind, a NUL (or the middle) parts the two. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a.json", "a.yaml", "a.csv", "confusion.csv", "a.tsv"};
    if (size < 1 || size > 16384)
        return 0;
    const char *name = names[data[0] % ASSAY_COUNT(names)];
    const char *text = (const char *)data + 1;
    const char *part = memchr(text, 0, size - 1);
    size_t first = part ? (size_t)(part - text) : (size - 1) / 2;
    char *a = assay_strndup(text, first), *b = assay_alloc(size - first);
    memcpy(b, text + first, size - 1 - first);
    struct assay_buf out = {.limit = 1 << 22};
    assay_file_diff(name, a, first, b, size - 1 - first, "a", "b", &out);
    assay_buf_free(&out);
    free(a);
    free(b);
    return 0;
}
