/*
 * Writes TensorBoard logs for benchmarks: RUNS runs of TAGS scalars over STEPS steps, the same
 * bytes every time. Usage: gen_tensorboard DIR RUNS TAGS STEPS [simple|tensor|mixed]
 *
 * simple: as PyTorch's SummaryWriter writes them; tensor: as TensorFlow 2 does (rank-0 tensors,
 * the metadata with each first point); mixed: run by run in turn. 20 10 100000 makes 1.1 GB.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "source/crc32c.h"

static const char *const tag_names[] = {
    "train/loss", "train/accuracy", "val/loss",   "val/accuracy",    "lr",
    "grad_norm",  "throughput",     "gpu/memory", "gpu/utilisation", "epoch"};

struct writer {
    FILE *file;
    struct crc32c crc;
    uint64_t random;
};

struct bytes {
    uint8_t data[256];
    size_t length;
};

static void put(struct bytes *out, const void *data, size_t length)
{
    if (length > sizeof out->data - out->length)
        abort();
    memcpy(out->data + out->length, data, length);
    out->length += length;
}

static void put_byte(struct bytes *out, uint8_t byte)
{
    put(out, &byte, 1);
}

static void put_varint(struct bytes *out, uint64_t value)
{
    while (value >= 0x80) {
        put_byte(out, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    put_byte(out, (uint8_t)value);
}

static void put_field(struct bytes *out, unsigned number, const void *data, size_t length)
{
    put_varint(out, number << 3 | 2);
    put_varint(out, length);
    put(out, data, length);
}

static void write_record(struct writer *writer, const struct bytes *data)
{
    uint8_t frame[300];
    uint64_t length = data->length;
    memcpy(frame, &length, 8);
    uint32_t sum = crc32c_mask(crc32c(&writer->crc, frame, 8));
    memcpy(frame + 8, &sum, 4);
    memcpy(frame + 12, data->data, data->length);
    sum = crc32c_mask(crc32c(&writer->crc, data->data, data->length));
    memcpy(frame + 12 + data->length, &sum, 4);
    if (fwrite(frame, 1, data->length + 16, writer->file) != data->length + 16) {
        perror("gen_tensorboard");
        exit(1);
    }
}

static uint64_t next_random(struct writer *writer) /* xorshift64 (Marsaglia 2003) */
{
    writer->random ^= writer->random << 13;
    writer->random ^= writer->random >> 7;
    writer->random ^= writer->random << 17;
    return writer->random;
}

static void put_event_head(struct bytes *event, double wall_time, uint64_t step)
{
    put_byte(event, 1 << 3 | 1);
    put(event, &wall_time, 8);
    if (step > 0) {
        put_byte(event, 2 << 3);
        put_varint(event, step);
    }
}

static void write_scalar(struct writer *writer, double wall_time, uint64_t step,
                         const char *tag, float number, bool tensor)
{
    struct bytes value = {0}, summary = {0}, event = {0};
    put_field(&value, 1, tag, strlen(tag));
    if (tensor) {
        static const uint8_t scalars[] = "\x0a\x09\x0a\x07scalars";
        struct bytes content = {.data = {0x08, 0x01, 0x12, 0x00}, .length = 4};
        put_field(&content, 4, &number, 4);
        put_field(&value, 8, content.data, content.length);
        if (step == 0)
            put_field(&value, 9, scalars, sizeof scalars - 1);
    } else {
        put_byte(&value, 2 << 3 | 5);
        put(&value, &number, 4);
    }
    put_field(&summary, 1, value.data, value.length);
    put_event_head(&event, wall_time, step);
    put_field(&event, 5, summary.data, summary.length);
    write_record(writer, &event);
}

static void write_run(struct writer *writer, unsigned run, unsigned tags, uint64_t steps,
                      bool tensor)
{
    double wall_time = 1700000000.0 + 1000.0 * run;
    struct bytes version = {0};
    put_event_head(&version, wall_time, 0);
    put_field(&version, 3, "brain.Event:2", 13);
    write_record(writer, &version);
    for (uint64_t step = 0; step < steps; step++) {
        wall_time += 0.05 + (double)(next_random(writer) >> 40) * 1e-9;
        for (unsigned tag = 0; tag < tags; tag++) {
            char name[64];
            double noise = (double)(next_random(writer) >> 11) / 9007199254740992.0 - 0.5;
            double curve = exp(-(double)step / (double)(steps + 1) * 5.0) + 0.05 * noise;
            if (tag < sizeof tag_names / sizeof tag_names[0])
                snprintf(name, sizeof name, "%s", tag_names[tag]);
            else
                snprintf(name, sizeof name, "layer_%u/norm", tag);
            write_scalar(writer, wall_time + tag * 1e-5, step, name, (float)(curve + tag),
                         tensor);
        }
    }
}

int main(int argc, char **argv)
{
    static struct writer writer;
    const char *shape = argc > 5 ? argv[5] : "simple";
    if (argc < 5) {
        fprintf(stderr, "usage: gen_tensorboard DIR RUNS TAGS STEPS [simple|tensor|mixed]\n");
        return 2;
    }
    crc32c_init(&writer.crc);
    writer.random = 42;
    unsigned runs = (unsigned)atoi(argv[2]), tags = (unsigned)atoi(argv[3]);
    uint64_t steps = strtoull(argv[4], NULL, 10);
    mkdir(argv[1], 0777);
    for (unsigned run = 0; run < runs; run++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/run-%02u", argv[1], run);
        mkdir(path, 0777);
        snprintf(path, sizeof path, "%s/run-%02u/events.out.tfevents.%010u.bench.%u.0", argv[1],
                 run, 1700000000u + 1000 * run, 100 + run);
        writer.file = fopen(path, "wb");
        if (!writer.file) {
            fprintf(stderr, "gen_tensorboard: %s: %s\n", path, strerror(errno));
            return 1;
        }
        write_run(&writer, run, tags, steps,
                  strcmp(shape, "tensor") == 0 || (strcmp(shape, "mixed") == 0 && run % 2));
        if (fclose(writer.file) != 0) {
            perror(path);
            return 1;
        }
    }
    return 0;
}
