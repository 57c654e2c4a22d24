/*
 * Writes TensorBoard event files for tests, record by record, with correct checksums.
 */
#ifndef TESTS_SUPPORT_TB_WRITER_H
#define TESTS_SUPPORT_TB_WRITER_H

#include <assay/buf.h>

#include <stdbool.h>
#include <stdint.h>

/* ---- protobuf ---- */
void tb_put_varint(struct assay_buf *out, uint64_t value);
void tb_put_number(struct assay_buf *out, unsigned field, uint64_t value); /* as varint */
void tb_put_double(struct assay_buf *out, unsigned field, double value);
void tb_put_float(struct assay_buf *out, unsigned field, float value);
void tb_put_bytes(struct assay_buf *out, unsigned field, const void *bytes, size_t length);
void tb_put_message(struct assay_buf *out, unsigned field,
                    struct assay_buf *take); /* frees it */

/* ---- events ---- */
void tb_put_simple_event(struct assay_buf *out, double wall_time, int64_t step, const char *tag,
                         float value);
/* TENSOR is a TensorProto, PLUGIN its plugin's name or NULL. Frees the tensor. */
void tb_put_tensor_event(struct assay_buf *out, double wall_time, int64_t step, const char *tag,
                         struct assay_buf *tensor, const char *plugin);

/* ---- files ---- */
void tb_put_record(struct assay_buf *out, const void *data, size_t length);
/* A record with a simple value. */
void tb_put_point(struct assay_buf *out, double wall_time, int64_t step, const char *tag,
                  float value);
void tb_put_version(struct assay_buf *out, double wall_time); /* the first record of a file */
/* Writes the bytes to PATH, or after what is there, and sets the time of change. */
void tb_write_file(const char *path, const struct assay_buf *bytes, bool append,
                   int64_t changed_ms);

#endif
