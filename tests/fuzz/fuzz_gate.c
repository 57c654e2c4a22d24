/*
 * Gates, structured params, artifacts and their differences: whatever is written, the parser and the scanner end, and what
 * they made can be used.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <assay/compare.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096)
        return 0;
    char *text = assay_alloc(size + 1);
    memcpy(text, data, size);
    struct assay_comparison *c = assay_comparison_new();
    for (int i = 0; i < 2; i++) {
        struct assay_pair params[] = {{"a", i ? "x" : text}, {"c", text}};
        struct assay_metric metric = {.key = "m", .summary = {.last = i}};
        const struct assay_compared_run run = {.id = i ? "b" : "a", .source = ""};
        assay_comparison_add(c, &run,
                             &(struct assay_attrs){.params = params,
                                                   .param_count = 2,
                                                   .metrics = &metric,
                                                   .metric_count = 1});
    }
    assay_comparison_add_file(c, 0, "requirements.txt", size, "", text, size);
    assay_comparison_add_file(c, 1, "x.json", size, "", text, size);
    struct assay_buf diff = {.limit = 1 << 20};
    assay_text_diff(text, size / 2, text + size / 2, size - size / 2, "a", "b", &diff);
    assay_buf_free(&diff);
    assay_comparison_finish(c);
    struct assay_gate *gate = NULL;
    if (assay_gate_parse(&gate, text, NULL) == ASSAY_OK) {
        struct assay_buf why = {.limit = 1 << 16};
        assay_gate_check(gate, c, 1, 0, &why);
        assay_buf_free(&why);
        assay_gate_free(&gate);
    }
    assay_comparison_free(&c);
    free(text);
    return 0;
}
