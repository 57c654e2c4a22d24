/*
 * TFRecord framing: u64 length, masked CRC-32C of those 8 bytes, the data, masked CRC-32C of
 * the data; little-endian, back to back, no header or footer. A file that ends inside a record
 * is being written: the reader says END and can be opened again later at the same offset.
 */
#ifndef CORE_SOURCE_TFRECORD_H
#define CORE_SOURCE_TFRECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/crc32c.h"

#define TFRECORD_HEADER 12u
#define TFRECORD_FRAME  16u /* header and the checksum after the data */
/* A longer record is checked but not held in memory. */
#define TFRECORD_MAX ((uint64_t)64 << 20)
/* No event is longer: protocol buffers end at 2 GiB. A header that says so, even with the right
   checksum, was not written by any writer of events, and waiting for such a record would mean
   never to say so. */
#define TFRECORD_CREDIBLE ((uint64_t)INT32_MAX)

enum tfrecord_result {
    TFRECORD_OK,
    TFRECORD_SHORT,      /* (tfrecord_parse) more bytes are needed */
    TFRECORD_END,        /* no further complete record: the end, or not yet */
    TFRECORD_BAD_DATA,   /* the data's checksum is wrong; the next record can be read */
    TFRECORD_TOO_LONG,   /* longer than TFRECORD_MAX, checksum right; `data` holds its beginning
                          */
    TFRECORD_BAD_LENGTH, /* the length's checksum is wrong, or it is not credible: nothing after
                            it can be found */
    TFRECORD_FAILED,     /* reading failed: errno */
};

struct tfrecord {
    const uint8_t *data; /* valid until the next call */
    size_t length;       /* bytes at `data` */
    uint64_t total;      /* bytes of the record's data (more than `length` where TOO_LONG) */
    uint64_t offset;     /* of the frame in the file */
    bool zeros;          /* BAD_LENGTH: the header is nothing but zeros */
    bool absurd;         /* BAD_LENGTH: the checksum is right, but see TFRECORD_CREDIBLE */
};

/* Parses one frame at the beginning of BYTES. SEEN holds the last good header (12 bytes, zeroed
   at first): one that is equal need not be checked again. SHORT sets *need to the bytes that a
   second try takes at least. */
enum tfrecord_result tfrecord_parse(const struct crc32c *crc, const uint8_t *bytes,
                                    size_t length, uint8_t seen[TFRECORD_HEADER],
                                    struct tfrecord *record, uint64_t *need);

struct tfrecord_reader {
    const struct crc32c *crc;
    int fd;
    uint64_t size;   /* nothing past this is read */
    uint64_t offset; /* of the next frame */
    uint8_t *buffer;
    size_t capacity, at, end; /* unread: buffer[at..end) */
    size_t block;             /* bytes to read at once */
    uint64_t reads; /* grows when the file was read: a good moment to look at clocks */
    uint8_t seen[TFRECORD_HEADER];
};

/* FD stays the caller's. Reads from OFFSET up to SIZE (what the file has now). */
void tfrecord_open(struct tfrecord_reader *reader, const struct crc32c *crc, int fd,
                   uint64_t offset, uint64_t size, size_t block);
enum tfrecord_result tfrecord_next(struct tfrecord_reader *reader, struct tfrecord *record);
void tfrecord_close(struct tfrecord_reader *reader);

#endif
