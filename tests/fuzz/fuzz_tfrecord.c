/*
 * TFRecord framing on arbitrary bytes: what is parsed lies inside the input, and reading the
 * same bytes through a file in small blocks gives the same records.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/tfrecord.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crc32c crc;
    struct tfrecord_reader reader;
    struct tfrecord parsed, read;
    uint8_t seen[TFRECORD_HEADER] = {0};
    uint64_t need = 0;
    size_t at = 0;
    crc32c_init(&crc);
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    tfrecord_open(&reader, &crc, fd, 0, size, 32);
    for (;;) {
        enum tfrecord_result result =
            tfrecord_parse(&crc, data + at, size - at, seen, &parsed, &need);
        enum tfrecord_result same = tfrecord_next(&reader, &read);
        if (same != (result == TFRECORD_SHORT ? TFRECORD_END : result) || read.offset != at)
            abort();
        if (result != TFRECORD_OK && result != TFRECORD_BAD_DATA)
            break;
        if (parsed.data < data || parsed.length > size ||
            parsed.data + parsed.length > data + size || read.length != parsed.length ||
            memcmp(read.data, parsed.data, read.length) != 0)
            abort();
        at += parsed.length + TFRECORD_FRAME;
    }
    if (reader.capacity > size + 32)
        abort();
    tfrecord_close(&reader);
    close(fd);
    return 0;
}
