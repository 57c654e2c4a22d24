/*
 * Chunks: up to 4096 points packed, the same bytes in memory and in the databases. Readers pack
 * (on their threads), the stores load what they find on disk, series hold them. Beside the
 * bytes a chunk in memory carries the two lower levels of the pyramid of extremes, made where
 * the chunk is made so that the session's thread never has to.
 *
 * The bytes are a header (struct header), then steps, times and values, each part padded with
 * zeros to a multiple of eight, all little-endian (elsewhere the mark in front does not fit and
 * the bytes are refused).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "series/parts.h"

struct header {
    uint32_t mark;
    uint32_t count;
    uint8_t step_width, time_width, value_width;
    uint8_t zero[5];
    int64_t step_base, step_stride, time_base, time_stride;
    double last;
    int64_t last_step, last_time;
    double min, max;
    uint64_t nonfinite;
};
_Static_assert(sizeof(struct header) == 96, "the header has no gaps");
#define MARK 0x31435341u /* "ASC1" */

#define BLOCK_NODES (CHUNK_NODES + CHUNK_NODES2)

/* The points of a chunk by field, and what is found out about them. It takes some 100 KB of
   stack, of which a short chunk touches little. */
struct block {
    size_t count;
    int64_t steps[ASSAY_CHUNK_POINTS];
    int64_t times[ASSAY_CHUNK_POINTS];
    double values[ASSAY_CHUNK_POINTS];
    struct chunk_node nodes[BLOCK_NODES];
    uint8_t nonfinite[CHUNK_NODES];
    struct packed_ints step_plan, time_plan;
    struct assay_summary summary;
};

static size_t nodes_of(size_t points)
{
    return (points + CHUNK_FAN - 1) / CHUNK_FAN;
}

static size_t padded(size_t bytes)
{
    return (bytes + 7) & ~(size_t)7;
}

/* ---- looking at points ---- */

/* Loops over points go in groups of 16, whose inner loops have a fixed length: compilers turn
   those into vector instructions at -O2, and a chunk is packed for every 4096 points that are
   read. */
#define GROUP CHUNK_FAN

/* The finite extremes of 16 values. A value that is not finite becomes NaN, which no comparison
   takes, so that no branch depends on a value. */
static struct chunk_node node_of_group(const double values[GROUP])
{
    double min[GROUP], max[GROUP];
    for (size_t i = 0; i < GROUP; i++) {
        double value = values[i] + (values[i] - values[i]);
        min[i] = value < INFINITY ? value : INFINITY;
        max[i] = value > -INFINITY ? value : -INFINITY;
    }
    for (size_t i = 0; i < 8; i++) {
        min[i] = min[i] < min[i + 8] ? min[i] : min[i + 8];
        max[i] = max[i] > max[i + 8] ? max[i] : max[i + 8];
    }
    for (size_t i = 0; i < 4; i++) {
        min[i] = min[i] < min[i + 4] ? min[i] : min[i + 4];
        max[i] = max[i] > max[i + 4] ? max[i] : max[i + 4];
    }
    struct chunk_node node = {.min = min[0], .max = max[0]};
    for (size_t i = 1; i < 4; i++)
        node_add(&node, (struct chunk_node){.min = min[i], .max = max[i]});
    return node;
}

static unsigned nonfinite_in(const double *values, size_t count)
{
    unsigned nonfinite = 0;
    for (size_t i = 0; i < count; i++)
        nonfinite += !isfinite(values[i]);
    return nonfinite;
}

/* Whether all of 16 values are finite: a sum of differences to themselves is then 0. */
static bool group_is_finite(const double values[GROUP])
{
    double sum[GROUP];
    for (size_t i = 0; i < GROUP; i++)
        sum[i] = values[i] - values[i];
    for (size_t i = 0; i < 8; i++)
        sum[i] += sum[i + 8];
    for (size_t i = 0; i < 4; i++)
        sum[i] += sum[i + 4];
    return sum[0] + sum[1] + sum[2] + sum[3] == 0;
}

/* Whether base + stride * i stays within 64 bits for every i < COUNT. */
static bool stride_fits(int64_t base, int64_t stride, size_t count)
{
    int64_t span, end;
    return !__builtin_mul_overflow(stride, (int64_t)count - 1, &span) &&
           !__builtin_add_overflow(base, span, &end);
}

/* Whether each of COUNT keys is STRIDE more than the one before it. */
static bool regular(const int64_t *keys, size_t count, uint64_t stride)
{
    size_t i = 1;
    for (; i + GROUP <= count; i += GROUP) {
        uint64_t differs = 0;
        for (size_t k = i; k < i + GROUP; k++)
            differs |= ((uint64_t)keys[k] - (uint64_t)keys[k - 1]) ^ stride;
        if (differs)
            return false;
    }
    for (; i < count; i++)
        if ((uint64_t)keys[i] - (uint64_t)keys[i - 1] != stride)
            return false;
    return true;
}

/* Settles how KEYS are packed: base, stride and width. */
static void plan_ints(const int64_t *keys, size_t count, struct packed_ints *out)
{
    uint64_t stride = count > 1 ? (uint64_t)keys[1] - (uint64_t)keys[0] : 0;
    *out = (struct packed_ints){.base = keys[0], .stride = (int64_t)stride};
    out->ascending = out->stride >= 0;
    if (regular(keys, count, stride) && stride_fits(keys[0], out->stride, count))
        return;

    int64_t least = keys[0], most = keys[count - 1];
    int back = 0;
    for (size_t i = 1; i < count; i++)
        back |= keys[i] < keys[i - 1];
    for (size_t i = 0; back && i < count; i++) {
        least = keys[i] < least ? keys[i] : least;
        most = keys[i] > most ? keys[i] : most;
    }
    uint64_t span = (uint64_t)most - (uint64_t)least;
    *out = (struct packed_ints){.base = least, .ascending = !back};
    out->width = span <= UINT8_MAX ? 1 : span <= UINT16_MAX ? 2 : span <= UINT32_MAX ? 4 : 8;
}

static void examine_values(struct block *block)
{
    size_t nodes = nodes_of(block->count), nonfinite = 0;
    for (size_t i = block->count; i < nodes * GROUP; i++) /* the last group, made whole */
        block->values[i] = block->values[block->count - 1];
    for (size_t i = 0; i < nodes; i++) {
        const double *values = block->values + i * GROUP;
        size_t count = block->count - i * GROUP < GROUP ? block->count - i * GROUP : GROUP;
        block->nodes[i] = node_of_group(values);
        block->nonfinite[i] = 0;
        if (!group_is_finite(values))
            block->nonfinite[i] = (uint8_t)nonfinite_in(values, count);
        nonfinite += block->nonfinite[i];
    }
    struct chunk_node all = CHUNK_NODE_EMPTY;
    for (size_t i = 0; i < nodes_of(nodes); i++) {
        struct chunk_node *node = &block->nodes[nodes + i];
        *node = CHUNK_NODE_EMPTY;
        for (size_t k = i * CHUNK_FAN; k < nodes && k < (i + 1) * CHUNK_FAN; k++)
            node_add(node, block->nodes[k]);
        node_add(&all, *node);
    }
    block->summary.n = block->count;
    block->summary.nonfinite = nonfinite;
    block->summary.min = nonfinite == block->count ? NAN : all.min;
    block->summary.max = nonfinite == block->count ? NAN : all.max;
}

/* The last point written of those with the greatest step and time. */
static size_t find_last(const struct block *block)
{
    size_t last = 0;
    for (size_t i = 1; i < block->count; i++)
        if (block->steps[i] > block->steps[last] ||
            (block->steps[i] == block->steps[last] && block->times[i] >= block->times[last]))
            last = i;
    return last;
}

static void examine(struct block *block)
{
    size_t last = block->count - 1;
    plan_ints(block->steps, block->count, &block->step_plan);
    plan_ints(block->times, block->count, &block->time_plan);
    if (!block->step_plan.ascending || !block->time_plan.ascending)
        last = find_last(block);
    examine_values(block);
    block->summary.step = block->steps[last];
    block->summary.time_ms = block->times[last];
    block->summary.last = block->values[last];
}

/* ---- packing ---- */

static void store_ints(const int64_t *keys, size_t count, const struct packed_ints *plan,
                       void *out)
{
    uint64_t base = (uint64_t)plan->base;
    switch (plan->width) {
    case 1:
        for (size_t i = 0; i < count; i++)
            ((uint8_t *)out)[i] = (uint8_t)((uint64_t)keys[i] - base);
        break;
    case 2:
        for (size_t i = 0; i < count; i++)
            ((uint16_t *)out)[i] = (uint16_t)((uint64_t)keys[i] - base);
        break;
    case 4:
        for (size_t i = 0; i < count; i++)
            ((uint32_t *)out)[i] = (uint32_t)((uint64_t)keys[i] - base);
        break;
    case 8:
        for (size_t i = 0; i < count; i++)
            ((uint64_t *)out)[i] = (uint64_t)keys[i] - base;
        break;
    default:
        break;
    }
}

/* Whether every value is a float's (a zero keeps its sign; a NaN need only stay one). The
   values are made up to whole groups. Doubles are found out at the first group that has one. */
static bool all_floats(const double *values, size_t count)
{
    for (size_t from = 0; from < count; from += GROUP) {
        double back[GROUP];
        uint64_t a[GROUP], b[GROUP], lost = 0;
        for (size_t i = 0; i < GROUP; i++)
            back[i] = (double)(float)values[from + i];
        memcpy(a, values + from, sizeof a);
        memcpy(b, back, sizeof b);
        for (size_t i = 0; i < GROUP; i++)
            lost |= a[i] ^ b[i];
        if (!lost)
            continue;
        for (size_t i = 0; i < GROUP; i++)
            if (a[i] != b[i] && !isnan(values[from + i]))
                return false;
    }
    return true;
}

static void store_floats(const double *values, size_t count, float *out)
{
    size_t i = 0;
    for (; i + GROUP <= count; i += GROUP)
        for (size_t k = i; k < i + GROUP; k++)
            out[k] = (float)values[k];
    for (; i < count; i++)
        out[i] = (float)values[i];
}

/* Memory for a chunk of the widths in *shape: the struct, the nodes, their counts, the bytes,
   which are the caller's to fill. */
static struct assay_chunk *chunk_new(const struct assay_chunk *shape, const struct block *block)
{
    size_t count = block->count, nodes = nodes_of(count), nodes2 = nodes_of(nodes);
    size_t steps = padded(count * shape->steps.width);
    size_t times = padded(count * shape->times.width);
    size_t length = sizeof(struct header) + steps + times + padded(count * shape->value_width);
    size_t at_nodes = (sizeof *shape + 15) & ~(size_t)15;
    size_t at_nonfinite = at_nodes + (nodes + nodes2) * sizeof(struct chunk_node);
    size_t at_bytes = at_nonfinite + (block->summary.nonfinite ? padded(nodes) : 0);
    unsigned char *memory = assay_realloc_array(NULL, at_bytes + length, 1);

    struct assay_chunk *chunk = (struct assay_chunk *)(void *)memory;
    *chunk = *shape;
    atomic_init(&chunk->references, 1);
    chunk->count = (uint32_t)count;
    chunk->summary = block->summary;
    chunk->nodes = (struct chunk_node *)(void *)(memory + at_nodes);
    chunk->node_count = (uint32_t)nodes;
    memcpy(chunk->nodes, block->nodes, (nodes + nodes2) * sizeof(struct chunk_node));
    if (block->summary.nonfinite) {
        chunk->nonfinite = memory + at_nonfinite;
        memcpy(chunk->nonfinite, block->nonfinite, nodes);
    }
    chunk->length = length;
    chunk->total = at_bytes + length;
    chunk->bytes = memory + at_bytes;
    chunk->steps.data = chunk->bytes + sizeof(struct header);
    chunk->times.data = chunk->bytes + sizeof(struct header) + steps;
    chunk->values = chunk->bytes + sizeof(struct header) + steps + times;
    chunk->steps.ascending = block->step_plan.ascending;
    chunk->times.ascending = block->time_plan.ascending;
    return chunk;
}

static void write_header(struct assay_chunk *chunk)
{
    struct header header = {
        .mark = MARK,
        .count = chunk->count,
        .step_width = chunk->steps.width,
        .time_width = chunk->times.width,
        .value_width = chunk->value_width,
        .step_base = chunk->steps.base,
        .step_stride = chunk->steps.stride,
        .time_base = chunk->times.base,
        .time_stride = chunk->times.stride,
        .last = chunk->summary.last,
        .last_step = chunk->summary.step,
        .last_time = chunk->summary.time_ms,
        .min = chunk->summary.min,
        .max = chunk->summary.max,
        .nonfinite = chunk->summary.nonfinite,
    };
    memcpy(chunk->bytes, &header, sizeof header);
}

struct assay_chunk *assay_chunk_pack(const struct assay_point *points, size_t count)
{
    struct block block; /* not cleared: 96 KiB, of which only `count` rows are looked at */
    block.count = count;
    block.steps[0] = block.times[0] = 0; /* there is a point; gcc does not know */
    for (size_t i = 0; i < count; i++) {
        block.steps[i] = points[i].step;
        block.times[i] = points[i].time_ms;
        block.values[i] = points[i].value;
    }
    /* cppcheck-suppress ctuuninitvar ; the loop above filled what examine() reads */
    examine(&block);

    struct assay_chunk shape = {0};
    shape.steps = block.step_plan;
    shape.times = block.time_plan;
    shape.value_width = all_floats(block.values, count) ? 4 : 8;

    struct assay_chunk *chunk = chunk_new(&shape, &block);
    memset(chunk->bytes, 0, chunk->length);
    write_header(chunk);
    store_ints(block.steps, count, &chunk->steps, (void *)(uintptr_t)chunk->steps.data);
    store_ints(block.times, count, &chunk->times, (void *)(uintptr_t)chunk->times.data);
    if (chunk->value_width == 4) {
        store_floats(block.values, count, (void *)(uintptr_t)chunk->values);
    } else {
        memcpy((void *)(uintptr_t)chunk->values, block.values, count * sizeof(double));
    }
    return chunk;
}

/* ---- loading ---- */

/* Nothing in HEADER can lead outside LENGTH bytes or past 64 bits of a key afterwards. */
static const char *check_header(const struct header *header, size_t length)
{
    static const uint8_t zeros[sizeof header->zero];
    const uint8_t widths[] = {header->step_width, header->time_width};
    const int64_t strides[] = {header->step_stride, header->time_stride};
    size_t need = sizeof *header;

    if (header->mark != MARK)
        return "it does not begin as a chunk does";
    if (header->count == 0 || header->count > ASSAY_CHUNK_POINTS)
        return "the number of points is out of range";
    if (memcmp(header->zero, zeros, sizeof zeros) != 0)
        return "reserved bytes are in use";
    for (size_t i = 0; i < ASSAY_COUNT(widths); i++) {
        if (widths[i] > 8 || !((1u << widths[i]) & 0x117u)) /* 0, 1, 2, 4, 8 */
            return "a width is none of 0, 1, 2, 4 and 8";
        if (widths[i] && strides[i])
            return "a stride stands beside offsets";
        need += padded((size_t)header->count * widths[i]);
    }
    if (header->value_width != 4 && header->value_width != 8)
        return "the width of values is neither 4 nor 8";
    need += padded((size_t)header->count * header->value_width);
    if (need != length)
        return "the length does not fit the number of points";
    if (!stride_fits(header->step_base, header->step_stride, header->count) ||
        !stride_fits(header->time_base, header->time_stride, header->count))
        return "a stride runs out of range";
    return NULL;
}

/* Whether COUNT offsets of WIDTH bytes never go back. Groups again: see GROUP. */
#define DEFINE_OFFSETS_ASCEND(type)                                                            \
    static bool ascend_##type(const unsigned char *in, size_t count)                           \
    {                                                                                          \
        const type *offsets = (const type *)(const void *)in;                                  \
        size_t i = 1;                                                                          \
        for (; i + GROUP <= count; i += GROUP) {                                               \
            type back[GROUP], any = 0;                                                         \
            for (size_t k = 0; k < GROUP; k++)                                                 \
                back[k] = offsets[i + k] < offsets[i + k - 1];                                 \
            for (size_t k = 0; k < GROUP; k++)                                                 \
                any |= back[k];                                                                \
            if (any)                                                                           \
                return false;                                                                  \
        }                                                                                      \
        for (; i < count; i++)                                                                 \
            if (offsets[i] < offsets[i - 1])                                                   \
                return false;                                                                  \
        return true;                                                                           \
    }
DEFINE_OFFSETS_ASCEND(uint8_t)
DEFINE_OFFSETS_ASCEND(uint16_t)
DEFINE_OFFSETS_ASCEND(uint32_t)
DEFINE_OFFSETS_ASCEND(uint64_t)

/* Looks at keys without unpacking them: whether they never go back, and that no offset leads
   out of range. IN lies at a multiple of eight. */
static bool check_ints(struct packed_ints *ints, size_t count)
{
    uint64_t room = (uint64_t)INT64_MAX - (uint64_t)ints->base;
    switch (ints->width) {
    case 0:
        ints->ascending = count == 1 || ints->stride >= 0;
        return true;
    case 1:
        ints->ascending = ascend_uint8_t(ints->data, count);
        break;
    case 2:
        ints->ascending = ascend_uint16_t(ints->data, count);
        break;
    case 4:
        ints->ascending = ascend_uint32_t(ints->data, count);
        break;
    default:
        ints->ascending = ascend_uint64_t(ints->data, count);
        break;
    }
    /* Mostly there is room for the greatest offset there could be. */
    if (ints->width < 8 && room >> (8 * ints->width) != 0)
        return true;
    for (size_t i = 0; i < count; i++)
        if ((uint64_t)packed_at(ints, i) - (uint64_t)ints->base > room)
            return false;
    return true;
}

static void load_values(double *out, const unsigned char *in, size_t count, uint8_t width)
{
    if (width == 8) {
        memcpy(out, in, count * sizeof *out);
        return;
    }
    size_t i = 0;
    for (; i + GROUP <= count; i += GROUP) {
        float values[GROUP];
        memcpy(values, in + i * sizeof *values, sizeof values);
        for (size_t k = 0; k < GROUP; k++)
            out[i + k] = (double)values[k];
    }
    for (; i < count; i++) {
        float value;
        memcpy(&value, in + i * sizeof value, sizeof value);
        out[i] = (double)value;
    }
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Reads the points of checked HEADER, whose bytes SHAPE points at, into BLOCK, examines them
   and compares the summary. */
static const char *load_block(struct block *block, const struct header *header,
                              struct assay_chunk *shape)
{
    size_t count = header->count, last = count - 1;

    block->count = count;
    if (!check_ints(&shape->steps, count) || !check_ints(&shape->times, count))
        return "an offset runs out of range";
    block->step_plan = shape->steps;
    block->time_plan = shape->times;
    load_values(block->values, shape->values, count, header->value_width);
    if (!shape->steps.ascending || !shape->times.ascending) {
        for (size_t i = 0; i < count; i++)
            block->steps[i] = packed_at(&shape->steps, i);
        for (size_t i = 0; i < count; i++)
            block->times[i] = packed_at(&shape->times, i);
        last = find_last(block);
    }
    examine_values(block);

    struct assay_summary *summary = &block->summary;
    summary->step = packed_at(&shape->steps, last);
    summary->time_ms = packed_at(&shape->times, last);
    summary->last = block->values[last];
    if (!same(header->last, summary->last) || header->last_step != summary->step ||
        header->last_time != summary->time_ms || !same(header->min, summary->min) ||
        !same(header->max, summary->max) || header->nonfinite != summary->nonfinite)
        return "the summary does not fit the points";
    return NULL;
}

/* A checked HEADER says where in BYTES the parts lie. */
static struct assay_chunk shape_of(const struct header *header, const unsigned char *bytes)
{
    const unsigned char *steps = bytes + sizeof *header;
    const unsigned char *times = steps + padded((size_t)header->count * header->step_width);

    return (struct assay_chunk){
        .steps = {.base = header->step_base,
                  .stride = header->step_stride,
                  .data = steps,
                  .width = header->step_width},
        .times = {.base = header->time_base,
                  .stride = header->time_stride,
                  .data = times,
                  .width = header->time_width},
        .values = times + padded((size_t)header->count * header->time_width),
        .value_width = header->value_width,
    };
}

enum assay_status assay_chunk_load(struct assay_chunk **out, const void *bytes, size_t length,
                                   struct assay_error *err)
{
    struct header header;
    struct block block;
    struct assay_chunk shape;
    const char *wrong = "it is too short";
    void *aligned = NULL;

    *out = NULL;
    if (length >= sizeof header) {
        memcpy(&header, bytes, sizeof header);
        wrong = check_header(&header, length);
    }
    if (!wrong) {
        /* What SQLite gives lies anywhere. */
        if ((uintptr_t)bytes % _Alignof(uint64_t) != 0)
            bytes = aligned = memcpy(assay_realloc_array(NULL, length, 1), bytes, length);
        shape = shape_of(&header, bytes);
        wrong = load_block(&block, &header, &shape);
    }
    if (wrong) {
        free(aligned);
        return assay_fail(err, ASSAY_CORRUPT, "stored points of %zu bytes: %s", length, wrong);
    }
    struct assay_chunk *chunk = chunk_new(&shape, &block);
    memcpy(chunk->bytes, bytes, length);
    free(aligned);
    *out = chunk;
    return ASSAY_OK;
}

/* ---- the rest ---- */

struct assay_chunk *assay_chunk_ref(struct assay_chunk *chunk)
{
    atomic_fetch_add_explicit(&chunk->references, 1, memory_order_relaxed);
    return chunk;
}

void assay_chunk_unref(struct assay_chunk *chunk)
{
    if (chunk && atomic_fetch_sub_explicit(&chunk->references, 1, memory_order_acq_rel) == 1)
        free(chunk);
}

size_t assay_chunk_count(const struct assay_chunk *chunk)
{
    return chunk->count;
}

/* The integers from FROM on into every third word from OUT on, where points have them. */
#define UNPACK(type)                                                                           \
    for (size_t i = 0; i < count; i++)                                                         \
    out[i * POINT_WORDS] = (int64_t)(base + ((const type *)ints->data)[from + i])
#define POINT_WORDS (sizeof(struct assay_point) / sizeof(int64_t))

static void unpack(const struct packed_ints *ints, size_t from, size_t count, int64_t *out)
{
    uint64_t base = (uint64_t)ints->base, stride = (uint64_t)ints->stride;

    switch (ints->width) { /* once, and not for each */
    case 0:
        for (size_t i = 0; i < count; i++)
            out[i * POINT_WORDS] = (int64_t)(base + stride * (from + i));
        break;
    case 1:
        UNPACK(uint8_t);
        break;
    case 2:
        UNPACK(uint16_t);
        break;
    case 4:
        UNPACK(uint32_t);
        break;
    default:
        UNPACK(uint64_t);
        break;
    }
}

void assay_chunk_get(const struct assay_chunk *chunk, size_t from, size_t count,
                     struct assay_point *out)
{
    if (count == 0)
        return;
    unpack(&chunk->steps, from, count, &out->step);
    unpack(&chunk->times, from, count, &out->time_ms);
    if (chunk->value_width == 4)
        for (size_t i = 0; i < count; i++)
            out[i].value = (double)((const float *)chunk->values)[from + i];
    else
        for (size_t i = 0; i < count; i++)
            out[i].value = ((const double *)chunk->values)[from + i];
}

const struct assay_summary *assay_chunk_summary(const struct assay_chunk *chunk)
{
    return &chunk->summary;
}

const void *assay_chunk_bytes(const struct assay_chunk *chunk, size_t *length)
{
    *length = chunk->length;
    return chunk->bytes;
}

int64_t chunk_first_time(const struct assay_chunk *chunk)
{
    const struct packed_ints *times = &chunk->times;
    if (times->width || times->stride >= 0)
        return times->ascending ? packed_at(times, 0) : times->base;
    return packed_at(times, chunk->count - 1);
}
