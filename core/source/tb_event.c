/*
 * Decoding events, summaries, tensors and hyperparameters. Called by tb_content.c for every
 * record that tb_template.c does not recognise. What protobuf leaves out is zero: an event at
 * step 0 has no step field.
 */
#include "source/tb_event.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/text.h>

#define EVENT_WALL_TIME 1
#define EVENT_STEP      2
#define EVENT_SUMMARY   5

bool tb_event_decode(const uint8_t *data, size_t length, struct tb_event *event)
{
    struct protobuf walk = protobuf_walk((struct protobuf_slice){data, length});
    struct protobuf_field field;
    *event = (struct tb_event){0};
    while (protobuf_next(&walk, &field)) {
        if (field.number == EVENT_WALL_TIME && field.wire == PROTOBUF_FIXED64) {
            event->wall_time = protobuf_double(field.value);
        } else if (field.number == EVENT_STEP && field.wire == PROTOBUF_VARINT) {
            event->step = (int64_t)field.value;
            if (length > 10 && data[0] == 0x09 && field.bytes.data == data + 10)
                event->after_step = walk.at;
        } else if (field.number == EVENT_SUMMARY && field.wire == PROTOBUF_BYTES) {
            event->summary = field.bytes;
        }
    }
    return !walk.broken;
}

static bool decode_plugin(struct protobuf_slice message, struct tb_value *value)
{
    struct protobuf walk = protobuf_walk(message);
    struct protobuf_field field;
    while (protobuf_next(&walk, &field)) {
        if (field.wire != PROTOBUF_BYTES)
            continue;
        if (field.number == 1)
            value->plugin = field.bytes;
        else if (field.number == 2)
            value->plugin_data = field.bytes;
    }
    return !walk.broken;
}

static bool decode_metadata(struct protobuf_slice message, struct tb_value *value)
{
    struct protobuf walk = protobuf_walk(message);
    struct protobuf_field field;
    value->has_metadata = true;
    while (protobuf_next(&walk, &field)) {
        if (field.number == 1 && field.wire == PROTOBUF_BYTES) {
            if (!decode_plugin(field.bytes, value))
                return false;
        } else if (field.number == 4 && field.wire == PROTOBUF_VARINT) {
            value->data_class =
                field.value <= TB_CLASS_BLOBS ? (enum tb_class)field.value : TB_CLASS_NONE;
        }
    }
    return !walk.broken;
}

static bool decode_value(struct protobuf_slice message, struct tb_value *value)
{
    struct protobuf walk = protobuf_walk(message);
    struct protobuf_field field;
    struct protobuf_slice node = {0};
    while (protobuf_next(&walk, &field)) {
        if (field.number == 2 && field.wire == PROTOBUF_FIXED32) {
            value->kind = TB_SIMPLE;
            value->content = field.bytes;
        }
        if (field.wire != PROTOBUF_BYTES)
            continue;
        switch (field.number) {
        case 1:
            value->tag = field.bytes;
            break;
        case 7:
            node = field.bytes;
            break;
        case 8:
            value->kind = TB_TENSOR;
            value->content = field.bytes;
            break;
        case 9:
            if (!decode_metadata(field.bytes, value))
                return false;
            break;
        case 3: /* a histogram of old */
        case 4: /* image */
        case 5: /* histogram */
        case 6: /* audio */
            value->kind = TB_OTHER;
            break;
        default:
            break;
        }
    }
    if (value->tag.length == 0) /* what tags were called once */
        value->tag = node;
    return !walk.broken;
}

bool tb_value_next(struct protobuf *walk, struct tb_value *value)
{
    struct protobuf_field field;
    while (protobuf_next(walk, &field)) {
        if (field.number != 1 || field.wire != PROTOBUF_BYTES)
            continue;
        *value = (struct tb_value){0};
        if (decode_value(field.bytes, value))
            return true;
        walk->broken = true;
    }
    return false;
}

/* ---- tensors ---- */

struct tensor_type {
    unsigned dtype; /* types.proto */
    unsigned field; /* of tensor.proto, where values lie that are not in tensor_content */
    enum protobuf_wire wire;
    unsigned size; /* bytes of an element in tensor_content */
    bool single;
};
enum {
    FLOAT = 1,
    DOUBLE = 2,
    UINT8 = 4,
    BFLOAT16 = 14,
    UINT16 = 17,
    HALF = 19,
    UINT32 = 22,
    UINT64 = 23,
    BOOL = 10,
    TEXT = 7
};
static const struct tensor_type tensor_types[] = {
    {FLOAT, 5, PROTOBUF_FIXED32, 4, true},
    {DOUBLE, 6, PROTOBUF_FIXED64, 8, false},
    {3 /* int32 */, 7, PROTOBUF_VARINT, 4, false},
    {UINT8, 7, PROTOBUF_VARINT, 1, false},
    {5 /* int16 */, 7, PROTOBUF_VARINT, 2, false},
    {6 /* int8 */, 7, PROTOBUF_VARINT, 1, false},
    {9 /* int64 */, 10, PROTOBUF_VARINT, 8, false},
    {BOOL, 11, PROTOBUF_VARINT, 1, false},
    {BFLOAT16, 13, PROTOBUF_VARINT, 2, true},
    {UINT16, 7, PROTOBUF_VARINT, 2, false},
    {HALF, 13, PROTOBUF_VARINT, 2, true},
    {UINT32, 16, PROTOBUF_VARINT, 4, false},
    {UINT64, 17, PROTOBUF_VARINT, 8, false},
};

static double half_to_double(uint32_t half)
{
    double sign = half & 0x8000 ? -1.0 : 1.0;
    int exponent = (int)(half >> 10 & 31);
    double fraction = (double)(half & 1023);
    if (exponent == 31)
        return fraction == 0 ? sign * INFINITY : NAN;
    if (exponent == 0)
        return sign * ldexp(fraction, -24);
    return sign * ldexp(fraction + 1024, exponent - 25);
}

/* BITS as the element of TYPE it stands for: from a varint (sign-extended to 64 bits) or from
   the low bytes of tensor_content. */
static double element(const struct tensor_type *type, uint64_t bits)
{
    switch (type->dtype) {
    case FLOAT:
        return (double)protobuf_float((uint32_t)bits);
    case DOUBLE:
        return protobuf_double(bits);
    case HALF:
        return half_to_double((uint32_t)bits & 0xffff);
    case BFLOAT16:
        return (double)protobuf_float((uint32_t)(bits & 0xffff) << 16);
    case BOOL:
        return bits != 0;
    case UINT8:
        return (double)(uint8_t)bits;
    case UINT16:
        return (double)(uint16_t)bits;
    case UINT32:
        return (double)(uint32_t)bits;
    case UINT64:
        return (double)bits;
    default:
        break;
    }
    unsigned unused = 64 - 8 * type->size;
    return (double)((int64_t)(bits << unused) >> unused);
}

struct tensor {
    unsigned dtype;
    bool one; /* its shape has one element */
    struct protobuf_slice content;
};

static bool decode_shape(struct protobuf_slice message, bool *one)
{
    struct protobuf walk = protobuf_walk(message);
    struct protobuf_field field;
    while (protobuf_next(&walk, &field)) {
        if (field.number != 2 || field.wire != PROTOBUF_BYTES)
            continue;
        struct protobuf dimension = protobuf_walk(field.bytes);
        struct protobuf_field part;
        uint64_t size = 0;
        while (protobuf_next(&dimension, &part)) {
            if (part.number == 1 && part.wire == PROTOBUF_VARINT)
                size = part.value;
        }
        if (dimension.broken)
            return false;
        *one = *one && size == 1;
    }
    return !walk.broken;
}

static bool decode_tensor(struct protobuf_slice message, struct tensor *tensor)
{
    struct protobuf walk = protobuf_walk(message);
    struct protobuf_field field;
    *tensor = (struct tensor){.one = true};
    while (protobuf_next(&walk, &field)) {
        if (field.number == 1 && field.wire == PROTOBUF_VARINT)
            tensor->dtype = field.value < 1000 ? (unsigned)field.value : 0;
        else if (field.number == 2 && field.wire == PROTOBUF_BYTES)
            walk.broken = !decode_shape(field.bytes, &tensor->one);
        else if (field.number == 4 && field.wire == PROTOBUF_BYTES)
            tensor->content = field.bytes;
    }
    return !walk.broken;
}

static enum tb_number_result number_from_content(const struct tensor_type *type,
                                                 struct protobuf_slice content,
                                                 struct tb_number *number)
{
    uint64_t bits = 0;
    if (content.length != type->size)
        return TB_NUMBER_NOT_ONE;
    for (size_t i = 0; i < content.length; i++)
        bits |= (uint64_t)content.data[i] << (8 * i);
    number->value = element(type, bits);
    if (type->dtype == FLOAT || type->dtype == DOUBLE)
        number->raw = content;
    return TB_NUMBER_OK;
}

static enum tb_number_result number_from_fields(const struct tensor_type *type,
                                                struct protobuf_slice message,
                                                struct tb_number *number)
{
    struct protobuf walk = protobuf_walk(message);
    struct protobuf_field field;
    struct protobuf_slice where = {0};
    uint64_t bits = 0;
    size_t count = 0;
    while (protobuf_next(&walk, &field)) {
        if (field.number != type->field)
            continue;
        size_t more = protobuf_numbers(&field, type->wire, &bits, &where);
        if (more == SIZE_MAX)
            return TB_NUMBER_BROKEN;
        count += more;
    }
    if (count > 1)
        return TB_NUMBER_NOT_ONE;
    /* None at all: TensorFlow leaves out what is all zeros. */
    number->value = count == 1 ? element(type, bits) : 0.0;
    if (count == 1 && (type->dtype == FLOAT || type->dtype == DOUBLE))
        number->raw = where;
    return TB_NUMBER_OK;
}

enum tb_number_result tb_tensor_number(struct protobuf_slice message, struct tb_number *number)
{
    struct tensor tensor;
    *number = (struct tb_number){0};
    if (!decode_tensor(message, &tensor))
        return TB_NUMBER_BROKEN;
    for (size_t i = 0; i < sizeof tensor_types / sizeof tensor_types[0]; i++) {
        const struct tensor_type *type = &tensor_types[i];
        if (type->dtype != tensor.dtype)
            continue;
        if (!tensor.one)
            return TB_NUMBER_NOT_ONE;
        number->single = type->single;
        if (tensor.content.length > 0)
            return number_from_content(type, tensor.content, number);
        return number_from_fields(type, message, number);
    }
    return TB_NUMBER_NONE;
}

struct tb_number tb_simple_number(struct protobuf_slice content)
{
    uint32_t bits = (uint32_t)content.data[0] | (uint32_t)content.data[1] << 8 |
                    (uint32_t)content.data[2] << 16 | (uint32_t)content.data[3] << 24;
    return (struct tb_number){
        .value = (double)protobuf_float(bits), .single = true, .raw = content};
}

bool tb_tensor_text(struct protobuf_slice message, struct assay_buf *out)
{
    struct tensor tensor;
    if (!decode_tensor(message, &tensor) || tensor.dtype != TEXT)
        return false;
    struct protobuf walk = protobuf_walk(message);
    struct protobuf_field field;
    bool any = false;
    while (protobuf_next(&walk, &field)) {
        if (field.number != 8 || field.wire != PROTOBUF_BYTES)
            continue;
        if (any)
            assay_buf_char(out, '\n');
        assay_buf_add(out, field.bytes.data, field.bytes.length);
        any = true;
    }
    return any;
}

/* ---- hparams ---- */

bool tb_hparams_decode(struct protobuf_slice plugin_data, struct tb_hparams *out)
{
    struct protobuf walk = protobuf_walk(plugin_data);
    struct protobuf_field field, part;
    *out = (struct tb_hparams){.end = TB_SESSION_OPEN};
    while (protobuf_next(&walk, &field)) {
        if (field.wire != PROTOBUF_BYTES)
            continue;
        if (field.number == 3)
            out->start = field.bytes;
        if (field.number != 4)
            continue;
        /* An end whose status is left out is an end all the same. */
        struct protobuf info = protobuf_walk(field.bytes);
        out->end = TB_SESSION_DONE;
        while (protobuf_next(&info, &part)) {
            if (part.number == 1 && part.wire == PROTOBUF_VARINT && part.value >= 2)
                out->end = part.value == 2 ? TB_SESSION_FAILED : TB_SESSION_RUNNING;
        }
        if (info.broken)
            return false;
    }
    return !walk.broken;
}

/* google.protobuf.Value: 1 null, 2 number, 3 string, 4 bool. */
static bool decode_hparam_value(struct protobuf_slice message, struct tb_hparam *out)
{
    struct protobuf walk = protobuf_walk(message);
    struct protobuf_field field;
    while (protobuf_next(&walk, &field)) {
        if (field.number == 2 && field.wire == PROTOBUF_FIXED64) {
            assay_number_exact(out->number, protobuf_double(field.value));
        } else if (field.number == 3 && field.wire == PROTOBUF_BYTES) {
            out->number[0] = '\0';
            out->text = field.bytes;
        } else if (field.number == 4 && field.wire == PROTOBUF_VARINT) {
            snprintf(out->number, sizeof out->number, "%s", field.value ? "true" : "false");
        }
    }
    return !walk.broken;
}

bool tb_hparam_next(struct protobuf *walk, struct tb_hparam *out)
{
    struct protobuf_field field, part;
    while (protobuf_next(walk, &field)) {
        if (field.number != 1 || field.wire != PROTOBUF_BYTES)
            continue;
        struct protobuf entry = protobuf_walk(field.bytes);
        *out = (struct tb_hparam){0};
        while (protobuf_next(&entry, &part)) {
            if (part.wire != PROTOBUF_BYTES)
                continue;
            if (part.number == 1)
                out->name = part.bytes;
            else if (part.number == 2)
                entry.broken = !decode_hparam_value(part.bytes, out);
        }
        walk->broken = entry.broken;
        if (!entry.broken)
            return true;
    }
    return false;
}

struct protobuf_slice tb_hparams_group(struct protobuf_slice start)
{
    struct protobuf walk = protobuf_walk(start);
    struct protobuf_field field;
    struct protobuf_slice group = {0};
    while (protobuf_next(&walk, &field)) {
        if (field.number == 4 && field.wire == PROTOBUF_BYTES)
            group = field.bytes;
    }
    return group;
}
