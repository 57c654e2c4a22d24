/*
 * A frame as a sixel image: what was drawn by sixel_bands.c, pictures (many colours) through
 * libsixel, whose only user this is. The pixels are palette indices already, so nothing is
 * quantised or dithered. Called by the front ends and by plot.c.
 *
 * libsixel ignores what the write callback returns, so failure is latched by the buffer; its
 * transparency is broken and not used; images lower than one band of six rows come out
 * displaced and are refused.
 */
#include <assay/chart.h>

#include <sixel.h>

#include "chart/sixel_bands.h"

static int write_bytes(char *bytes, int length, void *to)
{
    assay_buf_add(to, bytes, (size_t)length);
    return 0;
}

static enum assay_status encode_picture(const struct assay_frame *frame, struct assay_buf *out,
                                        struct assay_error *err)
{
    sixel_output_t *output = NULL;
    sixel_dither_t *dither = NULL;
    unsigned char palette[256 * 3];
    SIXELSTATUS status;

    for (int i = 0; i < frame->colors; i++) {
        palette[3 * i] = frame->palette[i].r;
        palette[3 * i + 1] = frame->palette[i].g;
        palette[3 * i + 2] = frame->palette[i].b;
    }
    status = sixel_output_new(&output, write_bytes, out, NULL);
    if (SIXEL_FAILED(status))
        goto done;
    sixel_output_set_encode_policy(output, SIXEL_ENCODEPOLICY_SIZE);
    status = sixel_dither_new(&dither, frame->colors, NULL);
    if (SIXEL_FAILED(status))
        goto done;
    sixel_dither_set_palette(dither, palette);
    sixel_dither_set_pixelformat(dither, SIXEL_PIXELFORMAT_PAL8);
    status = sixel_encode(frame->pixels, frame->width, frame->height, 8, dither, output);
done:
    sixel_dither_unref(dither);
    sixel_output_unref(output);
    return SIXEL_FAILED(status)
               ? assay_fail(err, ASSAY_IO, "sixel: %s", sixel_helper_format_error(status))
               : ASSAY_OK;
}

enum assay_status assay_encode_sixel(const struct assay_frame *frame,
                                     const struct assay_hands *hands, struct assay_buf *out,
                                     struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    if (frame->width < 1 || frame->height < 6)
        return assay_fail(err, ASSAY_BAD_INPUT, "%d x %d pixels are too few for a sixel image",
                          frame->width, frame->height);
    if (frame->colors < 1 || frame->colors > 256)
        return assay_fail(err, ASSAY_BAD_INPUT, "an image of %d colours", frame->colors);
    if (frame->colors <= SIXEL_BANDS_COLORS)
        sixel_bands_write(frame, hands, out);
    else
        status = encode_picture(frame, out, err);
    if (status == ASSAY_OK && out->overflow)
        status = assay_fail(err, ASSAY_IO, "a sixel image: it does not fit its buffer");
    return status;
}
