/*
 * Recognising the records of one tag without decoding them. Between two points of a tag,
 * nothing of an event changes but its time, its step and the bytes of its number: so everything
 * after the step is compared with the last such record, leaving out the number, and if it is
 * the same, the record means the same. Exact: whatever is not equal byte by byte is decoded in
 * full.
 */
#ifndef CORE_SOURCE_TB_TEMPLATE_H
#define CORE_SOURCE_TB_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "source/tb_event.h"

struct tb_template {
    uint16_t length; /* bytes after the step */
    uint16_t number; /* where the number begins in them */
    uint16_t size;   /* of the number: 4 float, 8 double */
    uint8_t bytes[]; /* LENGTH bytes with zeros for the number, then LENGTH of mask */
};

/* A template of a record that decoded to EVENT, its only value NUMBER; NULL where it is not of
   the usual shape. free() it. END is the record's end. */
struct tb_template *tb_template_new(const struct tb_event *event,
                                    const struct tb_number *number, const uint8_t *end);

/* Splits off wall time and step. Returns where the rest begins; NULL where the record does not
   start with both. */
static inline const uint8_t *tb_template_head(const uint8_t *data, size_t length,
                                              double *wall_time, int64_t *step)
{
    if (length < 11 || data[0] != 0x09 || data[9] != 0x10)
        return NULL;
    uint64_t bits = 0;
    memcpy(&bits, data + 1, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bits = __builtin_bswap64(bits);
#endif
    memcpy(wall_time, &bits, 8);
    const uint8_t *at = data + 10, *end = data + length;
    uint64_t value = 0;
    for (unsigned shift = 0; at < end && shift < 63; shift += 7) {
        uint8_t byte = *at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *step = (int64_t)value;
            return at;
        }
    }
    return NULL; /* negative or broken: for the decoder */
}

/* Whether REST fits, and then the number. */
static inline bool tb_template_fits(const struct tb_template *template, const uint8_t *rest,
                                    size_t length, double *value)
{
    if (template->length != length)
        return false;
    const uint8_t *bytes = template->bytes, *mask = bytes + length;
    uint64_t differs = 0, a, b, m;
    size_t last = length - 8; /* a template has 8 bytes at least */
    for (size_t i = 0; i < last; i += 8) {
        memcpy(&a, rest + i, 8);
        memcpy(&b, bytes + i, 8);
        memcpy(&m, mask + i, 8);
        differs |= (a ^ b) & m;
    }
    memcpy(&a, rest + last, 8);
    memcpy(&b, bytes + last, 8);
    memcpy(&m, mask + last, 8);
    if (differs | ((a ^ b) & m))
        return false;
    const uint8_t *at = rest + template->number;
    uint64_t bits = 0;
    for (int i = 0; i < 4; i++)
        bits |= (uint64_t)at[i] << (8 * i);
    if (template->size == 4) {
        *value = (double)protobuf_float((uint32_t)bits);
        return true;
    }
    for (int i = 4; i < 8; i++)
        bits |= (uint64_t)at[i] << (8 * i);
    *value = protobuf_double(bits);
    return true;
}

#endif
