/*
 * The one order of records (record.h): a topological sort over "continues" and "had seen", with
 * time and digest deciding between records that know nothing of each other. Called by fold.c.
 */
#include "approval/record.h"

#include <stdlib.h>
#include <string.h>

#include <assay/map.h>

struct edges {
    uint32_t *after; /* records that wait for record i: list[start[i]..start[i+1]) */
    size_t *start;
    uint32_t *waits; /* how many records record i still waits for; UINT32_MAX: for ever */
};

/* The K-th record that RECORD follows, by digest; NULL past the end. */
static const char *followed(const struct record *record, size_t k)
{
    const bool continues = record->s.number > 1;

    if (record->fault)
        return NULL;
    if (continues && k == 0)
        return record->s.previous;
    k -= continues ? 1 : 0;
    return k < record->s.seen_count ? record->s.seen[k].digest : NULL;
}

/* Who waits for whom, found once: link[k] is the record that another follows, in the order of
   the records and of what each follows. */
static uint32_t *find_links(const struct record *records, size_t count,
                            const struct assay_map *index, struct edges *edges, size_t *fill)
{
    uint32_t *links = NULL;
    size_t link_count = 0, capacity = 0;
    const char *digest;

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; (digest = followed(&records[i], k)) != NULL; k++) {
            uint32_t to = assay_map_get(index, digest, 64);
            to = to == i ? ASSAY_MAP_NONE : to;
            ASSAY_GROW(links, capacity, link_count + 1);
            links[link_count++] = to;
            if (to == ASSAY_MAP_NONE) {
                edges->waits[i] = UINT32_MAX;
                continue;
            }
            fill[to]++;
            if (edges->waits[i] != UINT32_MAX)
                edges->waits[i]++;
        }
    }
    return links;
}

static void build(const struct record *records, size_t count, const struct assay_map *index,
                  struct edges *edges)
{
    size_t *fill = assay_alloc_array(count + 1, sizeof *fill), link = 0;
    uint32_t *links;

    edges->waits = assay_alloc_array(count + 1, sizeof *edges->waits);
    edges->start = assay_alloc_array(count + 2, sizeof *edges->start);
    links = find_links(records, count, index, edges, fill);
    for (size_t i = 0; i < count; i++) {
        edges->start[i + 1] = edges->start[i] + fill[i];
        fill[i] = 0;
    }
    edges->after = assay_alloc_array(edges->start[count] + 1, sizeof *edges->after);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; followed(&records[i], k) != NULL; k++) {
            uint32_t to = links[link++];
            if (to != ASSAY_MAP_NONE)
                edges->after[edges->start[to] + fill[to]++] = (uint32_t)i;
        }
    }
    free(links);
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

size_t order_records(const struct record *records, size_t count, const struct assay_map *index,
                     uint32_t *order)
{
    struct edges edges = {0};
    uint32_t *heap = assay_alloc_array(count + 1, sizeof *heap);
    size_t size = 0, placed = 0;

    build(records, count, index, &edges);
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
