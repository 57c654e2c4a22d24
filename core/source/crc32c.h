/*
 * CRC-32C (Castagnoli: reflected polynomial 0x82F63B78, initial value and final xor
 * 0xFFFFFFFF), the checksum of TFRecord files. The processor's own instruction is used where it
 * has one; that is found out when a calculator is set up, so there is no global state. A
 * calculator is read-only afterwards and may be shared by threads.
 */
#ifndef CORE_SOURCE_CRC32C_H
#define CORE_SOURCE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

struct crc32c {
    uint32_t (*update)(const struct crc32c *self, uint32_t state, const uint8_t *data,
                       size_t length);
    uint32_t table[8][256]; /* only filled where there is no instruction */
};

void crc32c_init(struct crc32c *self);
void crc32c_init_portable(struct crc32c *self); /* tables, whatever the processor can do */

static inline uint32_t crc32c(const struct crc32c *self, const void *data, size_t length)
{
    return ~self->update(self, UINT32_MAX, data, length);
}

/* The same in pieces: state starts as UINT32_MAX and ends with a complement. */
static inline uint32_t crc32c_more(const struct crc32c *self, uint32_t state, const void *data,
                                   size_t length)
{
    return self->update(self, state, data, length);
}

/* TFRecord's masking, so that a checksum of checksums is not degenerate. */
static inline uint32_t crc32c_mask(uint32_t crc)
{
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

#endif
