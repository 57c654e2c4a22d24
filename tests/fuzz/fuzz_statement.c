/* Statements: whatever is read must be what would be written for it, byte for byte. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "approval/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct statement s;
    struct json_doc doc = {0};
    struct assay_arena arena = {0};
    struct assay_buf again = {0};
    if (statement_parse(&s, &doc, &arena, (const char *)data, size, "fuzz", NULL) == ASSAY_OK) {
        if (statement_write(&again, &s, NULL) != ASSAY_OK || again.length != size ||
            memcmp(again.data, data, size) != 0)
            abort();
    }
    assay_buf_free(&again);
    json_doc_free(&doc);
    assay_arena_free(&arena);
    return 0;
}
