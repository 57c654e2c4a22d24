/*
 * Walking the protobuf wire format, nothing more: which field, which kind, which bytes. Every
 * length is checked against what is there. Readers of formats that are written in protobuf sit
 * on this.
 */
#ifndef CORE_SOURCE_PROTOBUF_H
#define CORE_SOURCE_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct protobuf_slice { /* bytes inside somebody else's message */
    const uint8_t *data;
    size_t length;
};

enum protobuf_wire {
    PROTOBUF_VARINT = 0,
    PROTOBUF_FIXED64 = 1,
    PROTOBUF_BYTES = 2,
    PROTOBUF_FIXED32 = 5,
};

struct protobuf_field {
    uint32_t number;
    enum protobuf_wire wire;
    uint64_t value;              /* varint, fixed64, fixed32 */
    struct protobuf_slice bytes; /* the field's content, whatever its wire type */
};

struct protobuf {
    const uint8_t *at, *end;
    bool broken; /* the message does not hold what it promises; what came before is good */
};

static inline struct protobuf protobuf_walk(struct protobuf_slice message)
{
    return (struct protobuf){.at = message.data, .end = message.data + message.length};
}

/* The next field. False at the end of the message, and where it is broken. */
bool protobuf_next(struct protobuf *walk, struct protobuf_field *field);

/* One varint. False, and the walk is broken, where there is none. */
bool protobuf_varint(struct protobuf *walk, uint64_t *value);

/* Walks the elements of a repeated number that may be packed (FIELD holds many) or not (FIELD
   is one of them). WIRE is the kind of one element. Returns how many elements FIELD has and
   sets *last to the last of them; SIZE_MAX where it is broken. *where gets the content of the
   last. */
size_t protobuf_numbers(const struct protobuf_field *field, enum protobuf_wire wire,
                        uint64_t *last, struct protobuf_slice *where);

static inline double protobuf_double(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline float protobuf_float(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

bool protobuf_is(struct protobuf_slice slice, const char *text);

#endif
