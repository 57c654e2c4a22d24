/*
 * Numbers and texts to bytes and back, for what the TensorBoard reader remembers. The bytes
 * come from a database that may be damaged: every read is checked, and a failed one leaves
 * `bad` set.
 */
#ifndef CORE_SOURCE_TB_PACK_H
#define CORE_SOURCE_TB_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <assay/buf.h>

struct tb_unpack {
    const char *at, *end;
    bool bad;
};

static inline void tb_pack_number(struct assay_buf *out, uint64_t value)
{
    assay_buf_add(out, &value, sizeof value);
}

static inline void tb_pack_text(struct assay_buf *out, const char *text, size_t length)
{
    tb_pack_number(out, length);
    assay_buf_add(out, text, length);
}

static inline uint64_t tb_unpack_number(struct tb_unpack *in)
{
    uint64_t value = 0;
    if (in->bad || in->end - in->at < (ptrdiff_t)sizeof value) {
        in->bad = true;
        return 0;
    }
    memcpy(&value, in->at, sizeof value);
    in->at += sizeof value;
    return value;
}

/* The text lies in the bytes and ends with no NUL. "" where it is bad. */
static inline const char *tb_unpack_text(struct tb_unpack *in, size_t *length)
{
    uint64_t size = tb_unpack_number(in);
    if (in->bad || size > (uint64_t)(in->end - in->at) ||
        memchr(in->at, '\0', (size_t)size) != NULL) {
        in->bad = true;
        *length = 0;
        return "";
    }
    const char *text = in->at;
    in->at += size;
    *length = (size_t)size;
    return text;
}

#endif
