/*
 * The protobuf wire format, from the public encoding guide (protobuf.dev/programming-guides/
 * encoding): a key (field number and wire type) as varint, then the content. Groups, long since
 * deprecated, count as broken. Called by tb_event.c.
 */
#include "source/protobuf.h"

#include <string.h>

static uint64_t load_little(const uint8_t *data, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)data[i] << (8 * i);
    return value;
}

bool protobuf_varint(struct protobuf *walk, uint64_t *value)
{
    uint64_t result = 0;
    const uint8_t *at = walk->at;
    for (unsigned shift = 0; at < walk->end && shift < 70; shift += 7) {
        uint8_t byte = *at++;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            if (shift == 63 && byte > 1)
                break; /* more than 64 bits */
            walk->at = at;
            *value = result;
            return true;
        }
    }
    walk->broken = true;
    return false;
}

static bool take(struct protobuf *walk, uint64_t length, struct protobuf_slice *out)
{
    if (length > (uint64_t)(walk->end - walk->at)) {
        walk->broken = true;
        return false;
    }
    *out = (struct protobuf_slice){walk->at, (size_t)length};
    walk->at += length;
    return true;
}

bool protobuf_next(struct protobuf *walk, struct protobuf_field *field)
{
    uint64_t key = 0, length = 0;
    if (walk->broken || walk->at >= walk->end || !protobuf_varint(walk, &key))
        return false;
    if (key >> 3 == 0 || key >> 3 > UINT32_MAX >> 3) {
        walk->broken = true;
        return false;
    }
    field->number = (uint32_t)(key >> 3);
    field->wire = (enum protobuf_wire)(key & 7);
    field->value = 0;
    const uint8_t *start = walk->at;
    switch (key & 7) {
    case PROTOBUF_VARINT:
        if (!protobuf_varint(walk, &field->value))
            return false;
        field->bytes = (struct protobuf_slice){start, (size_t)(walk->at - start)};
        return true;
    case PROTOBUF_FIXED64:
        if (!take(walk, 8, &field->bytes))
            return false;
        field->value = load_little(field->bytes.data, 8);
        return true;
    case PROTOBUF_BYTES:
        return protobuf_varint(walk, &length) && take(walk, length, &field->bytes);
    case PROTOBUF_FIXED32:
        if (!take(walk, 4, &field->bytes))
            return false;
        field->value = load_little(field->bytes.data, 4);
        return true;
    default:
        walk->broken = true;
        return false;
    }
}

size_t protobuf_numbers(const struct protobuf_field *field, enum protobuf_wire wire,
                        uint64_t *last, struct protobuf_slice *where)
{
    if (field->wire == wire) {
        *last = field->value;
        *where = field->bytes;
        return 1;
    }
    if (field->wire != PROTOBUF_BYTES)
        return SIZE_MAX;
    if (wire != PROTOBUF_VARINT) {
        size_t size = wire == PROTOBUF_FIXED64 ? 8 : 4;
        size_t count = field->bytes.length / size;
        if (field->bytes.length % size != 0)
            return SIZE_MAX;
        if (count > 0) {
            *where = (struct protobuf_slice){field->bytes.data + (count - 1) * size, size};
            *last = load_little(where->data, size);
        }
        return count;
    }
    struct protobuf walk = protobuf_walk(field->bytes);
    size_t count = 0;
    while (walk.at < walk.end) {
        const uint8_t *start = walk.at;
        if (!protobuf_varint(&walk, last))
            return SIZE_MAX;
        *where = (struct protobuf_slice){start, (size_t)(walk.at - start)};
        count++;
    }
    return count;
}

bool protobuf_is(struct protobuf_slice slice, const char *text)
{
    size_t length = strlen(text);
    return slice.length == length && (length == 0 || memcmp(slice.data, text, length) == 0);
}
