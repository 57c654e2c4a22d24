/* Signatures, keys, and lines of allowed_signers, from anywhere. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#include "approval/sshsig.h"

static bool take(void *context, const struct allowed_line *line)
{
    (void)context;
    if (!person_name_valid(line->person))
        abort();
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sshsig_facts facts;
    struct pubkey *key = assay_alloc(sizeof *key);
    char *text = assay_strndup((const char *)data, size);
    (void)sshsig_check((const char *)data, size, SSHSIG_APPROVAL, "message", 7, &facts, NULL);
    (void)pubkey_parse(key, text, NULL);
    (void)allowed_signers_parse((const char *)data, size, "f", take, NULL, NULL);
    free(text);
    free(key);
    return 0;
}
