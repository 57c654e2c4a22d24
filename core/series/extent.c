/*
 * Searching and extremes inside one chunk: what views are made of (core/series/view.c). Charts
 * call these some tens of thousands of times a frame, so they look at packed points in place.
 */
#include "series/parts.h"

/* ---- searching ---- */

/* The number of elements of the ascending DATA[0..count) below TARGET. */
#define COUNT_BELOW(type)                                                                      \
    static size_t count_below_##type(const type *data, size_t count, uint64_t target)          \
    {                                                                                          \
        const type *at = data;                                                                 \
        while (count > 0) {                                                                    \
            size_t half = count / 2;                                                           \
            bool below = at[half] < target;                                                    \
            at += below ? half + 1 : 0;                                                        \
            count = below ? count - half - 1 : half;                                           \
        }                                                                                      \
        return (size_t)(at - data);                                                            \
    }
COUNT_BELOW(uint8_t)
COUNT_BELOW(uint16_t)
COUNT_BELOW(uint32_t)
COUNT_BELOW(uint64_t)

/* The smallest i >= 0 with base + stride * i >= key, at most TO. */
static size_t find_in_stride(const struct packed_ints *ints, size_t to, int64_t key)
{
    if (key <= ints->base)
        return 0;
    if (ints->stride <= 0)
        return to;
    uint64_t distance = (uint64_t)key - (uint64_t)ints->base, stride = (uint64_t)ints->stride;
    uint64_t index = (distance - 1) / stride + 1;
    return index < to ? (size_t)index : to;
}

size_t packed_find(const struct packed_ints *ints, size_t from, size_t to, int64_t key)
{
    if (from >= to)
        return to;
    if (ints->width == 0) {
        size_t index = find_in_stride(ints, to, key);
        return index > from ? index : from;
    }
    if (key <= ints->base)
        return from;
    uint64_t target = (uint64_t)key - (uint64_t)ints->base;
    switch (ints->width) {
    case 1:
        return from +
               count_below_uint8_t((const uint8_t *)ints->data + from, to - from, target);
    case 2:
        return from +
               count_below_uint16_t((const uint16_t *)ints->data + from, to - from, target);
    case 4:
        return from +
               count_below_uint32_t((const uint32_t *)ints->data + from, to - from, target);
    default:
        return from +
               count_below_uint64_t((const uint64_t *)ints->data + from, to - from, target);
    }
}

size_t packed_find_near(const struct packed_ints *ints, size_t from, size_t to, size_t guess,
                        int64_t key)
{
    if (ints->width == 0 || guess <= from || guess >= to)
        return packed_find(ints, from, to, key);
    size_t step = 4;
    if (packed_at(ints, guess) < key) {
        while (to - guess > step && packed_at(ints, guess + step) < key) {
            guess += step;
            step *= 2;
        }
        return packed_find(ints, guess + 1, to - guess > step ? guess + step : to, key);
    }
    while (guess - from > step && packed_at(ints, guess - step) >= key) {
        guess -= step;
        step *= 2;
    }
    return packed_find(ints, guess - from > step ? guess - step + 1 : from, guess, key);
}

void chunk_prefetch(const struct assay_chunk *chunk, const struct packed_ints *keys, size_t i)
{
    __builtin_prefetch((const char *)keys->data + i * keys->width);
    const char *values =
        (const char *)chunk->values + i / CHUNK_FAN * CHUNK_FAN * chunk->value_width;
    for (size_t at = 0; at <= (size_t)CHUNK_FAN * chunk->value_width; at += 64)
        __builtin_prefetch(values + at);
    /* Of the nodes, those that share the upper node of I: what an end at I takes one by one. */
    const size_t upper = i / CHUNK_FAN / CHUNK_FAN;
    const char *nodes = (const char *)(chunk->nodes + upper * CHUNK_FAN);
    for (size_t line = 0; line < 4; line++)
        __builtin_prefetch(nodes + line * 64);
    __builtin_prefetch(chunk->nodes + chunk->node_count + upper);
}

/* ---- extremes ---- */

/* Comparisons wait for the one before them: four rows of them side by side do not. The inner
   loops have a fixed length, which compilers turn into vector instructions. */
#define ROWS 4

/* Of values that are known to be finite. A float's order is that of the double it stands for.
 */
#define SCAN_FINITE(type)                                                                      \
    static void scan_##type(const type *values, size_t count, struct chunk_node *node)         \
    {                                                                                          \
        type min[ROWS], max[ROWS];                                                             \
        size_t i = 0;                                                                          \
        for (size_t k = 0; k < ROWS; k++) {                                                    \
            min[k] = (type)INFINITY;                                                           \
            max[k] = -(type)INFINITY;                                                          \
        }                                                                                      \
        for (; i + ROWS <= count; i += ROWS) {                                                 \
            for (size_t k = 0; k < ROWS; k++) {                                                \
                min[k] = values[i + k] < min[k] ? values[i + k] : min[k];                      \
                max[k] = values[i + k] > max[k] ? values[i + k] : max[k];                      \
            }                                                                                  \
        }                                                                                      \
        for (; i < count; i++) {                                                               \
            min[0] = values[i] < min[0] ? values[i] : min[0];                                  \
            max[0] = values[i] > max[0] ? values[i] : max[0];                                  \
        }                                                                                      \
        for (size_t k = 0; k < ROWS; k++)                                                      \
            node_add(node, (struct chunk_node){.min = (double)min[k], .max = (double)max[k]}); \
    }
SCAN_FINITE(float)
SCAN_FINITE(double)

/* Points one by one. */
static void scan(const struct assay_chunk *chunk, size_t from, size_t to,
                 struct chunk_node *node, size_t *nonfinite)
{
    if (from >= to)
        return;
    if (chunk->nonfinite) {
        for (size_t i = from; i < to; i++) {
            double value = chunk_value(chunk, i);
            if (isfinite(value))
                node_add(node, (struct chunk_node){.min = value, .max = value});
            else
                ++*nonfinite;
        }
    } else if (chunk->value_width == 4) {
        scan_float((const float *)chunk->values + from, to - from, node);
    } else {
        scan_double((const double *)chunk->values + from, to - from, node);
    }
}

/* Nodes side by side, in two rows for the same reason. */
static void add_row(const struct chunk_node *nodes, size_t count, struct chunk_node *node)
{
    struct chunk_node other = CHUNK_NODE_EMPTY;
    size_t i = 0;

    for (; i + 2 <= count; i += 2) {
        node_add(node, nodes[i]);
        node_add(&other, nodes[i + 1]);
    }
    if (i < count)
        node_add(node, nodes[i]);
    node_add(node, other);
}

/* Nodes [from, to) of 16 points each, by nodes of 256 where whole ones lie inside. */
static void add_nodes(const struct assay_chunk *chunk, size_t from, size_t to,
                      struct chunk_node *node)
{
    const struct chunk_node *upper = chunk->nodes + chunk->node_count;
    size_t head = (from + CHUNK_FAN - 1) / CHUNK_FAN, foot = to / CHUNK_FAN;

    if (head >= foot) {
        add_row(chunk->nodes + from, to - from, node);
        return;
    }
    add_row(chunk->nodes + from, head * CHUNK_FAN - from, node);
    add_row(upper + head, foot - head, node);
    add_row(chunk->nodes + foot * CHUNK_FAN, to - foot * CHUNK_FAN, node);
}

void chunk_extent(const struct assay_chunk *chunk, size_t from, size_t to,
                  struct chunk_node *node, size_t *nonfinite)
{
    if (from == 0 && to == chunk->count && !chunk->nonfinite) {
        node_add(node,
                 (struct chunk_node){.min = chunk->summary.min, .max = chunk->summary.max});
        return;
    }
    size_t first = (from + CHUNK_FAN - 1) / CHUNK_FAN;
    size_t last = to == chunk->count ? chunk->node_count : to / CHUNK_FAN;
    if (first >= last) {
        scan(chunk, from, to, node, nonfinite);
        return;
    }
    scan(chunk, from, first * CHUNK_FAN, node, nonfinite);
    add_nodes(chunk, first, last, node);
    if (last * CHUNK_FAN < to)
        scan(chunk, last * CHUNK_FAN, to, node, nonfinite);
    if (chunk->nonfinite)
        for (size_t i = first; i < last; i++)
            *nonfinite += chunk->nonfinite[i];
}
