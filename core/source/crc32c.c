/*
 * CRC-32C three ways: eight tables of our own making ("slicing by 8", Kounavis and Berry 2005),
 * the crc32 instruction of SSE 4.2, and that of ARMv8. One crc32 instruction takes three cycles
 * but one can start in each, so long inputs are cut into three lanes whose remainders are
 * joined by a multiplication with a power of x (the algebra is Gopal et al., "Fast CRC
 * computation for iSCSI polynomial using CRC32 instruction", 2011). Called by tfrecord.c.
 */
#include "source/crc32c.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define CRC_TARGET __attribute__((target("sse4.2")))
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>
#ifdef __clang__
#define CRC_TARGET __attribute__((target("crc")))
#else
#define CRC_TARGET __attribute__((target("+crc")))
#endif
#endif

#define POLYNOMIAL 0x82f63b78u

static inline uint64_t load64(const uint8_t *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

static uint64_t load64_little(const uint8_t *data)
{
    uint64_t word = load64(data);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static uint32_t update_portable(const struct crc32c *self, uint32_t state, const uint8_t *data,
                                size_t length)
{
    const uint32_t(*table)[256] = self->table;
    while (length >= 8) {
        uint64_t word = load64_little(data) ^ state;
        state = 0;
        for (int i = 0; i < 8; i++)
            state ^= table[7 - i][(word >> (8 * i)) & 0xff];
        data += 8;
        length -= 8;
    }
    while (length-- > 0)
        state = (state >> 8) ^ table[0][(state ^ *data++) & 0xff];
    return state;
}

void crc32c_init_portable(struct crc32c *self)
{
    self->update = update_portable;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) ? POLYNOMIAL : 0);
        self->table[0][i] = crc;
    }
    for (int k = 1; k < 8; k++) {
        for (int i = 0; i < 256; i++) {
            uint32_t crc = self->table[k - 1][i];
            self->table[k][i] = (crc >> 8) ^ self->table[0][crc & 0xff];
        }
    }
}

#ifdef CRC_TARGET

#if defined(__x86_64__)
#define CRC64(state, word) ((uint32_t)_mm_crc32_u64((state), (word)))
#define CRC32(state, word) _mm_crc32_u32((state), (word))
#define CRC8(state, byte)  _mm_crc32_u8((state), (byte))
static bool has_instruction(void)
{
    return __builtin_cpu_supports("sse4.2");
}
#else
#define CRC64(state, word) __crc32cd((state), (word))
#define CRC32(state, word) __crc32cw((state), (word))
#define CRC8(state, byte)  __crc32cb((state), (byte))
static bool has_instruction(void)
{
    return (getauxval(AT_HWCAP) & (1ul << 7)) != 0; /* HWCAP_CRC32 */
}
#endif

/* Three lanes of this many bytes; x^(8*LANE) and x^(16*LANE) modulo the polynomial, reflected.
 */
#define LANE        4096u
#define X_LANE      0x35d73a62u
#define X_TWO_LANES 0x28461564u

/* a*b modulo the polynomial; bit 31 is x^0. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (int bit = 31; bit >= 0; bit--) {
        product ^= b & (0u - ((a >> bit) & 1));
        b = (b >> 1) ^ (POLYNOMIAL & (0u - (b & 1)));
    }
    return product;
}

CRC_TARGET static uint32_t update_three_lanes(uint32_t state, const uint8_t *data)
{
    uint32_t second = 0, third = 0;
    for (size_t i = 0; i < LANE; i += 8) {
        state = CRC64(state, load64(data + i));
        second = CRC64(second, load64(data + LANE + i));
        third = CRC64(third, load64(data + 2 * LANE + i));
    }
    return multiply(X_TWO_LANES, state) ^ multiply(X_LANE, second) ^ third;
}

CRC_TARGET static uint32_t update_instruction(const struct crc32c *self, uint32_t state,
                                              const uint8_t *data, size_t length)
{
    (void)self;
    while (length >= 3 * LANE) {
        state = update_three_lanes(state, data);
        data += 3 * LANE;
        length -= 3 * LANE;
    }
    while (length >= 8) {
        state = CRC64(state, load64(data));
        data += 8;
        length -= 8;
    }
    if (length >= 4) {
        uint32_t word;
        memcpy(&word, data, sizeof word);
        state = CRC32(state, word);
        data += 4;
        length -= 4;
    }
    while (length-- > 0)
        state = CRC8(state, *data++);
    return state;
}

void crc32c_init(struct crc32c *self)
{
    if (has_instruction())
        self->update = update_instruction;
    else
        crc32c_init_portable(self);
}

#else

void crc32c_init(struct crc32c *self)
{
    crc32c_init_portable(self);
}

#endif
