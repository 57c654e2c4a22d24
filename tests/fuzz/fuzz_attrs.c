/*
 * Fuzzes packed attributes: whatever unpacks must pack again to the same thing.
 */
#include <stdlib.h>
#include <string.h>

#include "model/attrs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena = {0};
    struct assay_attrs attrs;
    struct assay_summary summary;
    const char *text;
    attrs_find(data, size, ASSAY_FIELD_METRIC, "loss", &summary, &text, NULL);
    struct assay_buf joined = {0};
    attrs_find(data, size, ASSAY_FIELD_DATASET, "name", &summary, &text, &joined);
    assay_buf_free(&joined);
    attrs_find(data, size, ASSAY_FIELD_TAG, "note", &summary, &text, NULL);
    if (attrs_unpack(data, size, &arena, &attrs)) {
        struct assay_buf once = {0}, twice = {0};
        attrs_pack(&attrs, &once);
        if (!attrs_unpack(once.data, once.length, &arena, &attrs))
            abort();
        attrs_pack(&attrs, &twice);
        if (once.length != twice.length || memcmp(once.data, twice.data, once.length) != 0)
            abort();
        assay_buf_free(&once);
        assay_buf_free(&twice);
    }
    assay_arena_free(&arena);
    return 0;
}
