/*
 * TensorBoard's events on arbitrary bytes. The input is a sequence of records, each two bytes
 * of length and the data. They are gathered twice, once as they are and once each in a content
 * of its own, where no template can help: both must give the same points. What is remembered of
 * the first must load again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "source/tb_content.h"
#include "source/tb_event.h"
#include "support/ingest_collect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t points_of(const struct ingest_collect *collect)
{
    uint64_t count = 0;
    for (size_t r = 0; r < collect->run_count; r++) {
        for (size_t i = 0; i < collect->runs[r].series_count; i++)
            count += assay_series_count(collect->runs[r].series[i].series);
    }
    return count;
}

/* A sum over all points, that order does not change. */
static uint64_t sum_of(const struct ingest_collect *collect)
{
    uint64_t sum = 0;
    for (size_t r = 0; r < collect->run_count; r++) {
        for (size_t i = 0; i < collect->runs[r].series_count; i++) {
            const struct collected_series *series = &collect->runs[r].series[i];
            uint64_t tag = 0;
            for (const char *at = series->metric; *at; at++)
                tag = tag * 31 + (unsigned char)*at;
            for (size_t k = 0; k < assay_series_count(series->series); k++) {
                struct assay_point point;
                uint64_t bits;
                assay_series_get(series->series, k, 1, &point);
                memcpy(&bits, &point.value, 8);
                if (point.value != point.value)
                    bits = 1;
                sum += (bits ^ (uint64_t)point.step * 0x9e3779b97f4a7c15u) * (tag | 1);
            }
        }
    }
    return sum;
}

static void gather(struct ingest_collect *collect, const uint8_t *data, size_t size, bool apart)
{
    struct tb_content *content = tb_content_new(&collect->ingest, "run");
    while (size >= 2) {
        size_t length = data[0] | (size_t)data[1] << 8;
        data += 2, size -= 2;
        if (length > size)
            length = size;
        uint8_t *record = malloc(length + 1);
        memcpy(record, data, length);
        tb_content_add(content, record, length, "file", 0);
        free(record);
        data += length, size -= length;
        if (apart) {
            tb_content_flush(content);
            tb_content_free(&content);
            content = tb_content_new(&collect->ingest, "run");
        }
    }
    tb_content_flush(content);
    if (!apart) {
        struct assay_buf state = {0};
        struct ingest_run run = {.name = "", .experiment_id = ""};
        tb_content_report(content, &run);
        tb_content_save(content, &state);
        struct tb_unpack unpack = {.at = assay_buf_text(&state),
                                   .end = state.data + state.length};
        struct tb_content *again = tb_content_new(&collect->ingest, "run");
        if (!tb_content_load(again, &unpack))
            abort();
        tb_content_free(&again);
        assay_buf_free(&state);
    }
    tb_content_free(&content);
}

/* Whether what a tag holds is decided by its first value: then records apart may differ. */
static bool has_plugins(const uint8_t *data, size_t size)
{
    return memmem(data, size, "\x4a", 1) != NULL || memmem(data, size, "\x42", 1) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ingest_collect together, apart;
    struct tb_unpack damaged = {.at = (const char *)data, .end = (const char *)data + size};
    ingest_collect_init(&together, ASSAY_LAST_WRITTEN);
    ingest_collect_init(&apart, ASSAY_LAST_WRITTEN);
    gather(&together, data, size, false);
    if (!has_plugins(data, size)) {
        gather(&apart, data, size, true);
        if (points_of(&together) != points_of(&apart) || sum_of(&together) != sum_of(&apart))
            abort();
    }
    struct tb_content *content = tb_content_new(&apart.ingest, "run");
    tb_content_load(content, &damaged);
    tb_content_free(&content);
    ingest_collect_free(&together);
    ingest_collect_free(&apart);
    return 0;
}
