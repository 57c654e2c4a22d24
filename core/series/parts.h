/*
 * What the files of core/series share: how a chunk and a series are laid out in memory. Nobody
 * else includes this.
 */
#ifndef SERIES_PARTS_H
#define SERIES_PARTS_H

#include <math.h>
#include <stdatomic.h>

#include <assay/memory.h>
#include <assay/series.h>

/* A node of the pyramid: finite extremes; +inf and -inf where nothing is finite, so that
   merging needs no test. */
struct chunk_node {
    double min, max;
};
#define CHUNK_NODE_EMPTY ((struct chunk_node){.min = INFINITY, .max = -INFINITY})

/* Every level of the pyramid, inside a chunk and above the chunks, joins this many. */
#define CHUNK_FAN    16u
#define CHUNK_NODES  (ASSAY_CHUNK_POINTS / CHUNK_FAN)
#define CHUNK_NODES2 (CHUNK_NODES / CHUNK_FAN)

/* A row of integers: base + stride * i where width is 0, else base + the i-th offset; neither
   ever overflows. */
struct packed_ints {
    int64_t base, stride;
    const void *data;
    uint8_t width;  /* 0, 1, 2, 4 or 8 bytes */
    bool ascending; /* never goes back */
};

struct assay_chunk {
    atomic_uint references;
    uint32_t count;
    struct packed_ints steps, times;
    const void *values;
    uint8_t value_width; /* 4: float, 8: double */
    struct assay_summary summary;
    struct chunk_node *nodes; /* of 16 points each; then, from node_count on, of 256 each */
    uint32_t node_count;
    uint8_t *nonfinite; /* by node of 16 points; NULL where every value is finite */
    size_t length;      /* of bytes */
    size_t total;       /* memory in all */
    unsigned char *bytes;
};

static inline int64_t packed_at(const struct packed_ints *ints, size_t i)
{
    uint64_t base = (uint64_t)ints->base;
    switch (ints->width) {
    case 0:
        return (int64_t)(base + (uint64_t)ints->stride * i);
    case 1:
        return (int64_t)(base + ((const uint8_t *)ints->data)[i]);
    case 2:
        return (int64_t)(base + ((const uint16_t *)ints->data)[i]);
    case 4:
        return (int64_t)(base + ((const uint32_t *)ints->data)[i]);
    default:
        return (int64_t)(base + ((const uint64_t *)ints->data)[i]);
    }
}

static inline double chunk_value(const struct assay_chunk *chunk, size_t i)
{
    return chunk->value_width == 4 ? (double)((const float *)chunk->values)[i]
                                   : ((const double *)chunk->values)[i];
}

static inline struct assay_point chunk_point(const struct assay_chunk *chunk, size_t i)
{
    return (struct assay_point){.step = packed_at(&chunk->steps, i),
                                .time_ms = packed_at(&chunk->times, i),
                                .value = chunk_value(chunk, i)};
}

/* The smallest i in [from, to) with a value >= KEY, which must ascend there; TO where none. */
size_t packed_find(const struct packed_ints *ints, size_t from, size_t to, int64_t key);
/* The same, quicker where the answer is near GUESS. */
size_t packed_find_near(const struct packed_ints *ints, size_t from, size_t to, size_t guess,
                        int64_t key);
/* Asks for the memory around point I, soon to be looked at by KEYS, which are the chunk's. */
void chunk_prefetch(const struct assay_chunk *chunk, const struct packed_ints *keys, size_t i);
/* Adds the points [from, to) to NODE, and how many of them are not finite to *nonfinite. */
void chunk_extent(const struct assay_chunk *chunk, size_t from, size_t to,
                  struct chunk_node *node, size_t *nonfinite);
int64_t chunk_first_time(const struct assay_chunk *chunk); /* the earliest */

static inline void node_add(struct chunk_node *node, struct chunk_node other)
{
    node->min = other.min < node->min ? other.min : node->min;
    node->max = other.max > node->max ? other.max : node->max;
}

/* A chunk in its place. Its first keys stand here so that a search touches one array. */
struct series_span {
    struct assay_chunk *chunk;
    size_t first; /* index of its first point in the series */
    int64_t step, time_ms;
};

/* Above the chunks: only nodes whose 16 children are all there, so that taking the last chunk
   back just shortens the arrays. */
struct series_node {
    struct chunk_node extremes;
    size_t nonfinite;
};
struct series_level {
    struct series_node *nodes;
    size_t count, capacity;
};
#define SERIES_LEVELS 8

/* The stretches along one key, and where there are too many, the sorted copy in their place. */
struct series_order {
    size_t scanned; /* points looked at so far */
    struct assay_segment *segments;
    size_t count, capacity;
    bool unordered;
    struct assay_series *sorted;
    uint64_t sorted_version;
};
enum series_key { SERIES_BY_STEP, SERIES_BY_TIME };

/* The points are those of the spans, followed by the tail. The tail is open for appending, as
   plain points; a view packs it first, and the next append opens the last short chunk again. */
struct assay_series {
    enum assay_last_rule rule;
    uint64_t version;
    bool incomplete; /* there are points that cannot be read */
    struct assay_summary summary;
    int64_t origin_ms;
    struct series_span *spans;
    size_t span_count, span_capacity;
    size_t sealed; /* points in the spans */
    struct assay_point *tail;
    size_t tail_count, tail_capacity;
    struct series_level levels[SERIES_LEVELS];
    struct series_order orders[2];
};

/* Packs the tail, so that every point lies in a chunk. */
void series_seal(struct assay_series *series);
/* The span that holds point INDEX, which is in one. */
size_t series_span_of(const struct assay_series *series, size_t index);
/* Sorts by (step, time) or by (time, step); stable. */
void series_sort_points(struct assay_point *points, size_t count, enum series_key key);
void series_order_free(struct series_order *order);

#endif
