/*
 * A frame for terminals that speak kitty's graphics protocol: a PNG in base64, in pieces of
 * 4096 characters. The image scales to cells, the cursor stays, replies are silenced (a reply
 * would arrive as keys), and the same id takes the place of the image sent before. Called by
 * the front ends and by plot.c. Protocol: https://sw.kovidgoyal.net/kitty/graphics-protocol/
 */
#include <assay/chart.h>

#include <string.h>

#define PIECE 4096 /* characters, a multiple of four */

static void add_base64(struct assay_buf *out, const uint8_t *bytes, size_t length)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[PIECE];
    size_t used = 0;

    for (size_t i = 0; i < length; i += 3) {
        uint32_t word = (uint32_t)bytes[i] << 16;
        if (i + 1 < length)
            word |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < length)
            word |= bytes[i + 2];
        text[used++] = digits[word >> 18];
        text[used++] = digits[word >> 12 & 63];
        text[used++] = i + 1 < length ? digits[word >> 6 & 63] : '=';
        text[used++] = i + 2 < length ? digits[word & 63] : '=';
    }
    assay_buf_add(out, text, used);
}

enum assay_status assay_encode_kitty(const struct assay_frame *frame, unsigned id, int columns,
                                     int rows, struct assay_buf *out, struct assay_error *err)
{
    struct assay_buf png = {0};
    enum assay_status status = assay_encode_png(frame, &png, err);

    for (size_t at = 0; status == ASSAY_OK && at < png.length;) {
        size_t take = png.length - at < PIECE / 4 * 3 ? png.length - at : PIECE / 4 * 3;
        bool more = at + take < png.length;
        if (at == 0)
            assay_buf_format(out, "\033_Ga=T,f=100,i=%u,p=1,q=2,C=1,c=%d,r=%d,m=%d;", id,
                             columns, rows, more);
        else
            assay_buf_format(out, "\033_Gq=2,m=%d;", more);
        add_base64(out, (const uint8_t *)png.data + at, take);
        assay_buf_text_add(out, "\033\\");
        at += take;
    }
    assay_buf_free(&png);
    if (status == ASSAY_OK && out->overflow)
        status = assay_fail(err, ASSAY_IO, "a kitty image: it does not fit its buffer");
    return status;
}
