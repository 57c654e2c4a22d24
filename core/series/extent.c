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

void chunk_prefetch(const struct assay_chunk *chunk, size_t i)
{
    __builtin_prefetch((const char *)chunk->steps.data + i * chunk->steps.width);
    __builtin_prefetch((const char *)chunk->times.data + i * chunk->times.width);
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

/* Points one by one. Where the chunk is known to be finite, two comparisons each. */
static void scan(const struct assay_chunk *chunk, size_t from, size_t to,
                 struct chunk_node *node, size_t *nonfinite)
{
    double min = node->min, max = node->max;
    if (chunk->nonfinite) {
        for (size_t i = from; i < to; i++) {
            double value = chunk_value(chunk, i);
            if (!isfinite(value)) {
                ++*nonfinite;
                continue;
            }
            min = value < min ? value : min;
            max = value > max ? value : max;
        }
    } else if (chunk->value_width == 4) {
        const float *values = chunk->values;
        for (size_t i = from; i < to; i++) {
            double value = (double)values[i];
            min = value < min ? value : min;
            max = value > max ? value : max;
        }
    } else {
        const double *values = chunk->values;
        for (size_t i = from; i < to; i++) {
            min = values[i] < min ? values[i] : min;
            max = values[i] > max ? values[i] : max;
        }
    }
    *node = (struct chunk_node){.min = min, .max = max};
}

/* Nodes [from, to) of 16 points each, by nodes of 256 where whole ones lie inside. */
static void add_nodes(const struct assay_chunk *chunk, size_t from, size_t to,
                      struct chunk_node *node)
{
    const struct chunk_node *upper = chunk->nodes + chunk->node_count;
    while (from < to && from % CHUNK_FAN)
        node_add(node, chunk->nodes[from++]);
    while (to - from >= CHUNK_FAN) {
        node_add(node, upper[from / CHUNK_FAN]);
        from += CHUNK_FAN;
    }
    while (from < to)
        node_add(node, chunk->nodes[from++]);
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
