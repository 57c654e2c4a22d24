/* Signatures of models: whole, where nothing can hold because the key signed nothing of it, and the
   statement alone, which holds for a file only where it names it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "approval/model_signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char digest[] = "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0";
    struct assay_arena arena = {0};
    struct model_key key;
    struct assay_model_file files[] = {{.path = "MLmodel", .digest = digest, .bytes = 1},
                                       {.path = "model.sig", .digest = digest, .bytes = 1}};
    struct model_signature what = {.key = &key,
                                   .name = "model.sig",
                                   .bytes = (const char *)data,
                                   .length = size,
                                   .files = files,
                                   .file_count = 2,
                                   .ignore = "a, b"};
    struct model_signature_answer answer;
    char *text = assay_strndup((const char *)data, size);

    (void)model_key_parse(&key, text);
    free(text);
    /* What this key signed is for other files. */
    if (!model_key_parse(&key, "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhGbtItNfoxPuBBki8/wxqEqfSSjc"
                               "sVxFCYXV56ZkFCq62HuzzscSVhxRTiP1v0+/mn14MXGZguyvu7ZhbZaLUg=="))
        abort();
    answer = model_signature_check(&what, &arena);
    if (answer.state == ASSAY_SATISFIED || !answer.why)
        abort();
    answer = model_statement_check(&what, &arena);
    if (!assay_utf8_valid(answer.why, strlen(answer.why)))
        abort();
    files[0].digest = "0000000000000000000000000000000000000000000000000000000000000000";
    if (answer.state == ASSAY_SATISFIED &&
        model_statement_check(&what, &arena).state != ASSAY_UNSATISFIED)
        abort();
    assay_arena_free(&arena);
    return 0;
}
