/*
 * Reading TFRecord files into a buffer of our own with pread(): a mapping would be faster by a
 * little and would end the program when another process truncates the file under it. Called by
 * tensorboard.c; the format is described in TensorFlow's lib/io/record_writer.h.
 */
#include "source/tfrecord.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/memory.h>

static uint32_t load32(const uint8_t *data)
{
    return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
           (uint32_t)data[3] << 24;
}

static uint64_t load64(const uint8_t *data)
{
    return load32(data) | (uint64_t)load32(data + 4) << 32;
}

enum tfrecord_result tfrecord_parse(const struct crc32c *crc, const uint8_t *bytes,
                                    size_t length, uint8_t seen[TFRECORD_HEADER],
                                    struct tfrecord *record, uint64_t *need)
{
    if (length < TFRECORD_HEADER) {
        *need = TFRECORD_HEADER;
        return TFRECORD_SHORT;
    }
    uint64_t size = load64(bytes);
    if (memcmp(bytes, seen, TFRECORD_HEADER) != 0) {
        uint32_t sum = load32(bytes + 8);
        record->zeros = size == 0 && sum == 0;
        bool right = crc32c_mask(crc32c(crc, bytes, 8)) == sum;
        record->absurd = right && size > TFRECORD_CREDIBLE;
        if (!right || record->absurd)
            return TFRECORD_BAD_LENGTH;
        memcpy(seen, bytes, TFRECORD_HEADER);
    } else if (size == 0 && load32(bytes + 8) == 0) {
        record->zeros = true; /* equal to a `seen` that was never set */
        record->absurd = false;
        return TFRECORD_BAD_LENGTH;
    }
    record->total = size;
    if (size > length || size + TFRECORD_FRAME > length) {
        *need = size + TFRECORD_FRAME;
        return TFRECORD_SHORT;
    }
    record->data = bytes + TFRECORD_HEADER;
    record->length = (size_t)size;
    uint32_t sum = load32(record->data + size);
    if (crc32c_mask(crc32c(crc, record->data, (size_t)size)) != sum)
        return TFRECORD_BAD_DATA;
    return TFRECORD_OK;
}

void tfrecord_open(struct tfrecord_reader *reader, const struct crc32c *crc, int fd,
                   uint64_t offset, uint64_t size, size_t block)
{
    *reader = (struct tfrecord_reader){
        .crc = crc, .fd = fd, .offset = offset, .size = size, .block = block};
}

void tfrecord_close(struct tfrecord_reader *reader)
{
    free(reader->buffer);
    reader->buffer = NULL;
    reader->capacity = reader->at = reader->end = 0;
}

/* Reads on until NEED bytes lie at buffer[at]. END where the file has become shorter. */
static enum tfrecord_result fill(struct tfrecord_reader *reader, size_t need)
{
    size_t have = reader->end - reader->at;
    uint64_t rest = reader->size - reader->offset;
    size_t want = rest < reader->block ? (size_t)rest : reader->block;
    if (want < need)
        want = need;
    reader->reads++;
    if (have > 0)
        memmove(reader->buffer, reader->buffer + reader->at, have);
    reader->at = 0;
    reader->end = have;
    /* One long record must not leave a long buffer behind. */
    if (want > reader->capacity || reader->capacity > 2 * want) {
        reader->buffer = assay_realloc_array(reader->buffer, want, 1);
        reader->capacity = want;
    }
    while (reader->end < need) {
        uint64_t at = reader->offset + reader->end;
        uint64_t left = reader->size - at;
        size_t room = reader->capacity - reader->end;
        size_t ask = left < room ? (size_t)left : room;
        ssize_t got = pread(reader->fd, reader->buffer + reader->end, ask, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? TFRECORD_FAILED : TFRECORD_END;
        reader->end += (size_t)got;
    }
    return TFRECORD_OK;
}

/* A record too long to hold: its checksum is computed in passing. */
static enum tfrecord_result pass_over(struct tfrecord_reader *reader, struct tfrecord *record)
{
    uint64_t total = record->total, done = 0;
    uint64_t body = reader->offset + TFRECORD_HEADER;
    uint32_t state = UINT32_MAX;
    uint8_t sum[4];
    uint8_t *piece = assay_alloc(reader->block);
    enum tfrecord_result result = TFRECORD_END;
    while (done < total) {
        size_t ask = total - done < reader->block ? (size_t)(total - done) : reader->block;
        ssize_t got = pread(reader->fd, piece, ask, (off_t)(body + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            result = got < 0 ? TFRECORD_FAILED : TFRECORD_END;
            goto out;
        }
        state = crc32c_more(reader->crc, state, piece, (size_t)got);
        done += (uint64_t)got;
    }
    if (pread(reader->fd, sum, sizeof sum, (off_t)(body + total)) != (ssize_t)sizeof sum)
        goto out;
    reader->offset += total + TFRECORD_FRAME;
    record->data = reader->buffer + reader->at + TFRECORD_HEADER;
    record->length = reader->end - reader->at - TFRECORD_HEADER;
    reader->at = reader->end = 0;
    result = crc32c_mask(~state) == load32(sum) ? TFRECORD_TOO_LONG : TFRECORD_BAD_DATA;
out:
    free(piece);
    return result;
}

enum tfrecord_result tfrecord_next(struct tfrecord_reader *reader, struct tfrecord *record)
{
    uint64_t need = 0;
    record->offset = reader->offset;
    for (;;) {
        enum tfrecord_result result =
            tfrecord_parse(reader->crc, reader->buffer + reader->at, reader->end - reader->at,
                           reader->seen, record, &need);
        if (result == TFRECORD_OK || result == TFRECORD_BAD_DATA) {
            size_t frame = record->length + TFRECORD_FRAME;
            reader->at += frame;
            reader->offset += frame;
            return result;
        }
        if (result != TFRECORD_SHORT)
            return result;
        if (reader->offset > reader->size || need > reader->size - reader->offset)
            return TFRECORD_END;
        if (need > TFRECORD_MAX + TFRECORD_FRAME)
            return pass_over(reader, record);
        result = fill(reader, (size_t)need);
        if (result != TFRECORD_OK)
            return result;
    }
}
