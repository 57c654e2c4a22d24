/*
 * Theme files: whatever stands in them, every role has a look that the terminal can show.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tui/theme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int counts[] = {256, 16, 8, 0};
    struct assay_error err = {0};
    struct theme theme;
    int colors;

    if (size == 0)
        return 0;
    colors = counts[data[0] & 3];
    theme_parse(&theme, "fuzz", (const char *)data + 1, size - 1, colors, &err);
    for (int role = 0; role < ROLE_COUNT; role++) {
        struct style style = theme_style(&theme, (enum role)role, ROLE_HERE);

        if (style.fg < STYLE_DEFAULT || style.bg < STYLE_DEFAULT || style.fg >= 256 ||
            style.bg >= 256 || (colors >= 8 && (style.fg >= colors || style.bg >= colors)))
            abort();
    }
    return 0;
}
