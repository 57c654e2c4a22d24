/*
 * Fuzzes configuration files, and what terminals answer.
 */
#include <stdint.h>
#include <string.h>

#include <assay/ini.h>

#include "cli/terminal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum assay_status entry(void *context, const char *section, const char *key,
                               const char *value, struct assay_error *err)
{
    size_t *total = context;
    *total += strlen(section) + strlen(key) + strlen(value);
    return *value == '!' ? assay_fail(err, ASSAY_BAD_INPUT, "%s", key) : ASSAY_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t total = 0;
    struct assay_error err = {0};
    struct cli_terminal terminal;
    assay_ini_parse((const char *)data, size, "fuzz", entry, &total, &err);
    cli_terminal_parse(&terminal, (const char *)data, size);
    return 0;
}
