/*
 * The hash map from byte strings to numbers: open addressing, linear probing, seeded
 * SipHash-1-3 (J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", 2012), so
 * names in a hostile file cannot be chosen to collide.
 */
#include <assay/map.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

struct assay_map_slot {
    const char *key; /* NULL: free */
    size_t length;
    uint64_t hash;
    uint32_t value;
};

/* The only state: a secret drawn once per process. */
static struct {
    uint64_t words[2];
    pthread_once_t once;
} seed = {.once = PTHREAD_ONCE_INIT};

static void seed_draw(void)
{
    if (getrandom(seed.words, sizeof seed.words, GRND_NONBLOCK) == (ssize_t)sizeof seed.words)
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    seed.words[0] ^= (uint64_t)now.tv_nsec << 20 ^ (uint64_t)now.tv_sec;
    seed.words[1] ^= (uint64_t)(uintptr_t)&now;
}

struct sip {
    uint64_t a, b, c, d;
};

static uint64_t rotl(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

/* In registers, wherever it is used: called, it would pass them through memory. */
__attribute__((always_inline)) static inline struct sip sip_round(struct sip v)
{
    v.a += v.b;
    v.c += v.d;
    v.b = rotl(v.b, 13) ^ v.a;
    v.d = rotl(v.d, 16) ^ v.c;
    v.a = rotl(v.a, 32);
    v.c += v.b;
    v.a += v.d;
    v.b = rotl(v.b, 17) ^ v.c;
    v.d = rotl(v.d, 21) ^ v.a;
    v.c = rotl(v.c, 32);
    return v;
}

__attribute__((always_inline)) static inline struct sip sip_word(struct sip v, uint64_t word)
{
    v.d ^= word;
    v = sip_round(v);
    v.a ^= word;
    return v;
}

static uint64_t hash_bytes(const char *key, size_t length)
{
    struct sip v = {
        seed.words[0] ^ UINT64_C(0x736f6d6570736575),
        seed.words[1] ^ UINT64_C(0x646f72616e646f6d),
        seed.words[0] ^ UINT64_C(0x6c7967656e657261),
        seed.words[1] ^ UINT64_C(0x7465646279746573),
    };
    size_t whole = length / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word;
        memcpy(&word, key + i, 8);
        v = sip_word(v, word);
    }
    uint64_t tail = (uint64_t)length << 56;
    for (size_t i = whole; i < length; i++)
        tail |= (uint64_t)(unsigned char)key[i] << 8 * (i - whole);
    v = sip_word(v, tail);
    v.c ^= 0xff;
    v = sip_round(sip_round(sip_round(v)));
    return v.a ^ v.b ^ v.c ^ v.d;
}

/* The slot that holds the key, or the free one where it belongs. There always is a free one. */
static struct assay_map_slot *find(const struct assay_map *map, const char *key, size_t length,
                                   uint64_t hash)
{
    size_t mask = map->capacity - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        struct assay_map_slot *slot = &map->slots[i];
        if (!slot->key || (slot->hash == hash && slot->length == length &&
                           memcmp(slot->key, key, length) == 0))
            return slot;
    }
}

static void set_capacity(struct assay_map *map, size_t capacity)
{
    struct assay_map_slot *old = map->slots;
    size_t old_capacity = map->capacity;
    map->capacity = capacity;
    map->slots = assay_alloc_array(map->capacity, sizeof *map->slots);
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].key)
            *find(map, old[i].key, old[i].length, old[i].hash) = old[i];
    free(old);
}

void assay_map_reserve(struct assay_map *map, size_t count)
{
    size_t capacity = map->capacity ? map->capacity : 16;
    while (capacity / 4 * 3 < count && capacity <= SIZE_MAX / 4)
        capacity *= 2;
    if (capacity > map->capacity)
        set_capacity(map, capacity);
}

uint32_t assay_map_get(const struct assay_map *map, const char *key, size_t length)
{
    if (!map->count)
        return ASSAY_MAP_NONE;
    /* A map that has keys was hashed with the seed. */
    const struct assay_map_slot *slot = find(map, key, length, hash_bytes(key, length));
    return slot->key ? slot->value : ASSAY_MAP_NONE;
}

const char *assay_map_set(struct assay_map *map, const char *key, size_t length, uint32_t value)
{
    pthread_once(&seed.once, seed_draw);
    if (map->count + 1 > map->capacity / 4 * 3)
        set_capacity(map, map->capacity ? map->capacity * 2 : 16);
    uint64_t hash = hash_bytes(key, length);
    struct assay_map_slot *slot = find(map, key, length, hash);
    if (!slot->key) {
        slot->key = assay_arena_strndup(&map->keys, key, length);
        slot->length = length;
        slot->hash = hash;
        map->count++;
    }
    slot->value = value;
    return slot->key;
}

void assay_map_free(struct assay_map *map)
{
    free(map->slots);
    assay_arena_free(&map->keys);
    *map = (struct assay_map){0};
}
