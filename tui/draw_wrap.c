/*
 * Text over several rows (draw_wrap.h), for details, notes and previews of files.
 */
#include "draw_wrap.h"

#include <stdio.h>
#include <string.h>

#include <assay/text.h>

#define LINE_BYTES 2048

size_t draw_first_row(const char *text, size_t length, int width, size_t *advance)
{
    char line[LINE_BYTES];
    int used;
    size_t some = length < sizeof line - 1 ? length : sizeof line - 1;
    memcpy(line, text, some);
    line[some] = '\0';
    size_t fits = assay_text_fit(line, width, &used);
    if (fits >= length) {
        *advance = length;
        return length;
    }
    size_t blank = fits;
    while (blank > 0 && text[blank] != ' ') {
        blank--;
    }
    if (blank > fits / 2) {
        *advance = blank + 1;
        return blank;
    }
    *advance = fits > 0 ? fits : 1;
    return fits;
}

int draw_wrapped_rows(int width, const char *text)
{
    int rows = 0;
    for (; *text && width > 0; rows++) {
        size_t length = strcspn(text, "\n"), advance = 0;
        (void)draw_first_row(text, length, width, &advance);
        text += advance;
        text += *text == '\n' && advance == length ? 1 : 0;
    }
    return rows;
}

int draw_wrapped(struct area area, int x, int y, int width, int height, enum role role,
                 const char *text)
{
    int rows = 0;
    while (*text && rows < height && width > 0) {
        size_t length = strcspn(text, "\n"), advance = 0;
        char line[LINE_BYTES];
        size_t shown = draw_first_row(text, length, width, &advance);
        snprintf(line, sizeof line, "%.*s", (int)shown, text);
        draw_text(area, x, y + rows++, role, line);
        text += advance;
        text += *text == '\n' && advance == length ? 1 : 0;
    }
    return rows;
}
