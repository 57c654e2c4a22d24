/*
 * Writing event files for tests; see the header. Aborts on any failure.
 */
#include "support/tb_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "source/crc32c.h"

void tb_put_varint(struct assay_buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        assay_buf_char(out, (char)(value | 0x80));
    assay_buf_char(out, (char)value);
}

void tb_put_number(struct assay_buf *out, unsigned field, uint64_t value)
{
    tb_put_varint(out, field << 3);
    tb_put_varint(out, value);
}

void tb_put_double(struct assay_buf *out, unsigned field, double value)
{
    tb_put_varint(out, field << 3 | 1);
    assay_buf_add(out, &value, sizeof value);
}

void tb_put_float(struct assay_buf *out, unsigned field, float value)
{
    tb_put_varint(out, field << 3 | 5);
    assay_buf_add(out, &value, sizeof value);
}

void tb_put_bytes(struct assay_buf *out, unsigned field, const void *bytes, size_t length)
{
    tb_put_varint(out, field << 3 | 2);
    tb_put_varint(out, length);
    assay_buf_add(out, bytes, length);
}

void tb_put_message(struct assay_buf *out, unsigned field, struct assay_buf *take)
{
    tb_put_bytes(out, field, assay_buf_text(take), take->length);
    assay_buf_free(take);
}

static void put_event(struct assay_buf *out, double wall_time, int64_t step,
                      struct assay_buf *value)
{
    struct assay_buf summary = {0};
    tb_put_message(&summary, 1, value);
    tb_put_double(out, 1, wall_time);
    if (step != 0)
        tb_put_number(out, 2, (uint64_t)step);
    tb_put_message(out, 5, &summary);
}

void tb_put_simple_event(struct assay_buf *out, double wall_time, int64_t step, const char *tag,
                         float number)
{
    struct assay_buf value = {0};
    tb_put_bytes(&value, 1, tag, strlen(tag));
    tb_put_float(&value, 2, number);
    put_event(out, wall_time, step, &value);
}

void tb_put_tensor_event(struct assay_buf *out, double wall_time, int64_t step, const char *tag,
                         struct assay_buf *tensor, const char *plugin)
{
    struct assay_buf value = {0}, metadata = {0}, data = {0};
    tb_put_bytes(&value, 1, tag, strlen(tag));
    tb_put_message(&value, 8, tensor);
    if (plugin) {
        tb_put_bytes(&data, 1, plugin, strlen(plugin));
        tb_put_message(&metadata, 1, &data);
        tb_put_message(&value, 9, &metadata);
    }
    put_event(out, wall_time, step, &value);
}

void tb_put_record(struct assay_buf *out, const void *data, size_t length)
{
    struct crc32c crc;
    uint64_t size = length;
    uint32_t sum;
    crc32c_init(&crc);
    assay_buf_add(out, &size, sizeof size);
    sum = crc32c_mask(crc32c(&crc, &size, sizeof size));
    assay_buf_add(out, &sum, sizeof sum);
    assay_buf_add(out, data, length);
    sum = crc32c_mask(crc32c(&crc, data, length));
    assay_buf_add(out, &sum, sizeof sum);
}

void tb_put_point(struct assay_buf *out, double wall_time, int64_t step, const char *tag,
                  float value)
{
    struct assay_buf event = {0};
    tb_put_simple_event(&event, wall_time, step, tag, value);
    tb_put_record(out, event.data, event.length);
    assay_buf_free(&event);
}

void tb_put_version(struct assay_buf *out, double wall_time)
{
    struct assay_buf event = {0};
    tb_put_double(&event, 1, wall_time);
    tb_put_bytes(&event, 3, "brain.Event:2", 13);
    tb_put_record(out, event.data, event.length);
    assay_buf_free(&event);
}

void tb_write_file(const char *path, const struct assay_buf *bytes, bool append,
                   int64_t changed_ms)
{
    struct timespec time = {.tv_sec = changed_ms / 1000,
                            .tv_nsec = changed_ms % 1000 * 1000000};
    FILE *file = fopen(path, append ? "ab" : "wb");
    if (!file || fwrite(assay_buf_text(bytes), 1, bytes->length, file) != bytes->length ||
        fclose(file) != 0 ||
        utimensat(AT_FDCWD, path, (struct timespec[]){time, time}, 0) != 0) {
        perror(path);
        abort();
    }
}
