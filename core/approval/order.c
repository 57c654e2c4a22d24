/*
 * The one order of records (record.h): a topological sort over "continues" and "had seen", with
 * time and digest deciding between records that know nothing of each other. Called by fold.c.
 */
#include "approval/record.h"

#include <stdlib.h>
#include <string.h>

#include <assay/map.h>

/* ---- what follows what ---- */

static size_t count_followed(const struct record *record)
{
    return record->fault ? 0 : record->s.seen_count + (record->s.number > 1);
}

/* The K-th record that RECORD follows, by digest. */
static const char *followed(const struct record *record, size_t k)
{
    const bool continues = record->s.number > 1;

    return continues && k == 0 ? record->s.previous : record->s.seen[k - continues].digest;
}

void record_links_find(struct record_links *links, const struct record *records, size_t count,
                       const struct assay_map *index)
{
    uint32_t *to;

    links->start = assay_alloc_array(count + 1, sizeof *links->start);
    for (size_t i = 0; i < count; i++)
        links->start[i + 1] = links->start[i] + count_followed(&records[i]);
    to = links->to = assay_alloc_array(links->start[count] + 1, sizeof *links->to);
    for (size_t i = 0; i < count; i++) {
        const size_t many = links->start[i + 1] - links->start[i];
        for (size_t k = 0; k < many; k++, to++) {
            *to = assay_map_get(index, followed(&records[i], k), 64);
            if (*to == i)
                *to = ASSAY_MAP_NONE;
        }
    }
}

void record_links_free(struct record_links *links)
{
    free(links->start);
    free(links->to);
    *links = (struct record_links){0};
}

/* ---- the order ---- */

struct edges {
    uint32_t *after; /* records that wait for record i: list[start[i]..start[i+1]) */
    size_t *start;
    uint32_t *waits; /* how many records record i still waits for; UINT32_MAX: for ever */
};

static void build(const struct record_links *links, size_t count, struct edges *edges)
{
    size_t *fill = assay_alloc_array(count + 1, sizeof *fill);

    edges->waits = assay_alloc_array(count + 1, sizeof *edges->waits);
    edges->start = assay_alloc_array(count + 2, sizeof *edges->start);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = links->start[i]; k < links->start[i + 1]; k++) {
            if (links->to[k] == ASSAY_MAP_NONE)
                edges->waits[i] = UINT32_MAX;
            else
                fill[links->to[k]]++;
            if (edges->waits[i] != UINT32_MAX)
                edges->waits[i]++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        edges->start[i + 1] = edges->start[i] + fill[i];
        fill[i] = 0;
    }
    edges->after = assay_alloc_array(edges->start[count] + 1, sizeof *edges->after);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = links->start[i]; k < links->start[i + 1]; k++) {
            const uint32_t to = links->to[k];
            if (to != ASSAY_MAP_NONE)
                edges->after[edges->start[to] + fill[to]++] = (uint32_t)i;
        }
    }
    free(fill);
}

static bool comes_before(const struct record *a, const struct record *b)
{
    if (a->s.time_ms != b->s.time_ms)
        return a->s.time_ms < b->s.time_ms;
    return strcmp(a->digest, b->digest) < 0;
}

/* A binary heap of those free to come next. */
static void push(uint32_t *heap, size_t *size, const struct record *records, uint32_t item)
{
    size_t at = (*size)++;

    heap[at] = item;
    while (at > 0 && comes_before(&records[heap[at]], &records[heap[(at - 1) / 2]])) {
        uint32_t swap = heap[at];
        heap[at] = heap[(at - 1) / 2];
        heap[(at - 1) / 2] = swap;
        at = (at - 1) / 2;
    }
}

static uint32_t pop(uint32_t *heap, size_t *size, const struct record *records)
{
    const uint32_t first = heap[0];
    size_t at = 0;

    heap[0] = heap[--*size];
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < *size; child++)
            if (comes_before(&records[heap[child]], &records[heap[least]]))
                least = child;
        if (least == at)
            return first;
        uint32_t swap = heap[at];
        heap[at] = heap[least];
        heap[least] = swap;
        at = least;
    }
}

size_t order_records(const struct record *records, size_t count,
                     const struct record_links *links, uint32_t *order)
{
    struct edges edges = {0};
    uint32_t *heap = assay_alloc_array(count + 1, sizeof *heap);
    size_t size = 0, placed = 0;

    build(links, count, &edges);
    for (size_t i = 0; i < count; i++)
        if (!records[i].fault && edges.waits[i] == 0)
            push(heap, &size, records, (uint32_t)i);
    while (size > 0) {
        uint32_t next = pop(heap, &size, records);
        order[placed++] = next;
        for (size_t e = edges.start[next]; e < edges.start[next + 1]; e++)
            if (edges.waits[edges.after[e]] != UINT32_MAX && --edges.waits[edges.after[e]] == 0)
                push(heap, &size, records, edges.after[e]);
    }
    free(heap);
    free(edges.after);
    free(edges.start);
    free(edges.waits);
    return placed;
}
