/*
 * A frame as a PNG of palette pixels: for files, and for terminals that speak kitty's protocol.
 * The only user of zlib, which compresses and sums. Called by plot.c and kitty.c.
 */
#include <assay/chart.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <assay/memory.h>

static void put_u32(uint8_t out[4], uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void add_chunk(struct assay_buf *out, const char type[4], const void *bytes,
                      size_t length)
{
    uint8_t word[4];
    uLong sum = crc32(0, (const Bytef *)type, 4);

    put_u32(word, (uint32_t)length);
    assay_buf_add(out, word, 4);
    assay_buf_add(out, type, 4);
    if (length > 0) {
        assay_buf_add(out, bytes, length);
        sum = crc32(sum, bytes, (uInt)length);
    }
    put_u32(word, (uint32_t)sum);
    assay_buf_add(out, word, 4);
}

/* Rows with filter 0 before each, compressed: charts are runs, for which the quickest level
   does nearly as well as the best. */
static int compress_rows(const struct assay_frame *frame, struct assay_buf *out)
{
    static const Bytef no_filter = 0;
    z_stream stream = {0};
    uint8_t block[16384];
    int status = deflateInit(&stream, 2);

    if (status != Z_OK)
        return status;
    for (int y = 0; y < frame->height; y++) {
        const uint8_t *row = frame->pixels + (size_t)y * (size_t)frame->width;
        for (int part = 0; part < 2; part++) {
            bool last = part == 1 && y == frame->height - 1;
            stream.next_in = part == 0 ? (Bytef *)&no_filter : (Bytef *)row;
            stream.avail_in = part == 0 ? 1 : (uInt)frame->width;
            do {
                stream.next_out = block;
                stream.avail_out = sizeof block;
                status = deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
                assay_buf_add(out, block, sizeof block - stream.avail_out);
            } while (stream.avail_out == 0 || (last && status == Z_OK));
        }
    }
    deflateEnd(&stream);
    return status == Z_STREAM_END ? Z_OK : Z_STREAM_ERROR;
}

enum assay_status assay_encode_png(const struct assay_frame *frame, struct assay_buf *out,
                                   struct assay_error *err)
{
    uint8_t header[13] = {[8] = 8 /* bits */, [9] = 3 /* palette */}, palette[256 * 3];
    struct assay_buf rows = {0};

    if (frame->width < 1 || frame->height < 1 || frame->colors < 1 || frame->colors > 256)
        return assay_fail(err, ASSAY_BAD_INPUT, "%d x %d pixels in %d colours are no image",
                          frame->width, frame->height, frame->colors);
    put_u32(header, (uint32_t)frame->width);
    put_u32(header + 4, (uint32_t)frame->height);
    for (int i = 0; i < frame->colors; i++) {
        palette[3 * i] = frame->palette[i].r;
        palette[3 * i + 1] = frame->palette[i].g;
        palette[3 * i + 2] = frame->palette[i].b;
    }
    if (compress_rows(frame, &rows) != Z_OK) {
        assay_buf_free(&rows);
        return assay_fail(err, ASSAY_IO, "a PNG image: it could not be compressed");
    }
    assay_buf_add(out, "\x89PNG\r\n\x1a\n", 8);
    add_chunk(out, "IHDR", header, sizeof header);
    add_chunk(out, "PLTE", palette, (size_t)frame->colors * 3);
    add_chunk(out, "IDAT", rows.data, rows.length);
    add_chunk(out, "IEND", NULL, 0);
    assay_buf_free(&rows);
    if (out->overflow)
        return assay_fail(err, ASSAY_IO, "a PNG image: it does not fit its buffer");
    return ASSAY_OK;
}
