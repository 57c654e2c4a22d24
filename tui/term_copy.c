/*
 * Text into the clipboard of the terminal (OSC 52), which reaches it over ssh, too.
 */
#include <string.h>

#include <assay/buf.h>

#include "term_private.h"

#define COPY_MAX 65536

bool term_copy(struct term *term, const char *text)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)text;
    size_t length = strlen(text);
    struct assay_buf out = {0};

    if (length > COPY_MAX)
        return false;
    assay_buf_text_add(&out, "\033]52;c;");
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        unsigned long bits = (unsigned long)p[i] << 16 |
                             (left > 1 ? (unsigned long)p[i + 1] << 8 : 0) |
                             (left > 2 ? (unsigned long)p[i + 2] : 0);

        assay_buf_char(&out, digits[bits >> 18]);
        assay_buf_char(&out, digits[bits >> 12 & 63]);
        assay_buf_char(&out, left > 1 ? digits[bits >> 6 & 63] : '=');
        assay_buf_char(&out, left > 2 ? digits[bits & 63] : '=');
    }
    assay_buf_text_add(&out, "\033\\");
    term_write(term, assay_buf_text(&out), out.length);
    assay_buf_free(&out);
    return true;
}
