/*
 * What one record of a TensorBoard event file says: a point in time and, mostly, a summary of
 * values. Pure functions over bytes in memory; slices point into them. Field numbers are those
 * of TensorBoard's event.proto, summary.proto, tensor.proto and hparams' plugin_data.proto.
 */
#ifndef CORE_SOURCE_TB_EVENT_H
#define CORE_SOURCE_TB_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>

#include "source/protobuf.h"

struct tb_event {
    double wall_time; /* seconds since 1970 */
    int64_t step;
    struct protobuf_slice summary; /* empty where the event is something else */
    const uint8_t *after_step; /* where the bytes after the step begin; NULL unless the event
                                  starts with wall time and step, in this order */
};
/* False where the bytes are no event. */
bool tb_event_decode(const uint8_t *data, size_t length, struct tb_event *event);

enum tb_kind { /* what a value holds */
               TB_NOTHING,
               TB_SIMPLE, /* a float */
               TB_TENSOR,
               TB_OTHER, /* an image, histogram, audio */
};
enum tb_class { TB_CLASS_NONE, TB_CLASS_SCALAR, TB_CLASS_TENSOR, TB_CLASS_BLOBS };

struct tb_value {
    struct protobuf_slice tag;
    enum tb_kind kind;
    struct protobuf_slice content; /* TB_SIMPLE: its four bytes; TB_TENSOR: the message */
    bool has_metadata;
    enum tb_class data_class;
    struct protobuf_slice plugin;      /* its name */
    struct protobuf_slice plugin_data; /* its content */
};
/* The next value of a summary (walk = protobuf_walk(event.summary)). False at the end; then
   walk->broken tells whether the summary is damaged. */
bool tb_value_next(struct protobuf *walk, struct tb_value *value);

enum tb_number_result {
    TB_NUMBER_OK,
    TB_NUMBER_NONE,    /* not of a numeric type */
    TB_NUMBER_NOT_ONE, /* more or fewer than one element */
    TB_NUMBER_BROKEN,
};
struct tb_number {
    double value;
    bool single;               /* float or less by nature */
    struct protobuf_slice raw; /* the 4 or 8 little-endian bytes of a float or double, where the
                                  value is exactly that; else empty */
};
enum tb_number_result tb_tensor_number(struct protobuf_slice tensor, struct tb_number *number);
struct tb_number tb_simple_number(struct protobuf_slice content);

/* The strings of a tensor, one a line. False where it holds none. */
bool tb_tensor_text(struct protobuf_slice tensor, struct assay_buf *out);

/* ---- hparams: the content of the plugin's data ---- */

enum tb_session_end { TB_SESSION_OPEN, TB_SESSION_DONE, TB_SESSION_FAILED, TB_SESSION_RUNNING };
struct tb_hparams {
    struct protobuf_slice start; /* SessionStartInfo, or empty */
    enum tb_session_end end;     /* OPEN: nothing is said of the end here */
};
bool tb_hparams_decode(struct protobuf_slice plugin_data, struct tb_hparams *out);

struct tb_hparam {
    struct protobuf_slice name;
    char number[32];            /* a number, a truth value or nothing, as text; else "" */
    struct protobuf_slice text; /* a string */
};
/* The next hyperparameter of a SessionStartInfo (walk over hparams.start). */
bool tb_hparam_next(struct protobuf *walk, struct tb_hparam *out);
/* The session's group, empty where it has none. */
struct protobuf_slice tb_hparams_group(struct protobuf_slice start);

#endif
