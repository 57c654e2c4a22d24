/*
 * UTF-8: decoding that survives any bytes, and encoding.
 */
#include <assay/text.h>

#define REPLACEMENT 0xfffd

/* Bytes of the sequence that LEAD starts and the bits it carries; 0 where it starts none. */
static size_t lead_length(unsigned char lead, uint32_t *bits, uint32_t *least)
{
    if (lead >= 0xc2 && lead <= 0xdf) {
        *bits = lead & 0x1f;
        *least = 0x80;
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        *bits = lead & 0x0f;
        *least = 0x800;
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        *bits = lead & 0x07;
        *least = 0x10000;
        return 4;
    }
    return 0;
}

size_t assay_utf8_decode(const char *text, size_t length, uint32_t *code)
{
    *code = REPLACEMENT;
    if (!length)
        return 0;
    unsigned char lead = (unsigned char)text[0];
    if (lead < 0x80) {
        *code = lead;
        return 1;
    }
    uint32_t value = 0, least = 0;
    size_t bytes = lead_length(lead, &value, &least);
    if (!bytes || bytes > length)
        return 1;
    for (size_t i = 1; i < bytes; i++) {
        unsigned char next = (unsigned char)text[i];
        if ((next & 0xc0) != 0x80)
            return 1;
        value = value << 6 | (next & 0x3f);
    }
    if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 1;
    *code = value;
    return bytes;
}

size_t assay_utf8_encode(uint32_t code, char out[4])
{
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        code = REPLACEMENT;
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

bool assay_utf8_valid(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        uint32_t code;
        size_t bytes = assay_utf8_decode(text + i, length - i, &code);
        if (bytes == 1 && (unsigned char)text[i] >= 0x80)
            return false;
        i += bytes;
    }
    return true;
}
