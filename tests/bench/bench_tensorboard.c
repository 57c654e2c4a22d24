/*
 * Times the reading of a TensorBoard log directory, every point kept and every checksum
 * checked, against the time it takes only to read the same bytes (the floor). Usage:
 * bench_tensorboard LOGDIR [THREADS [REPEAT]]; gen_tensorboard makes the logs.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>

#include "source/tb_walk.h"
#include "support/ingest_collect.h"

#define BLOCK ((size_t)1 << 20)

struct floor {
    const struct tb_tree *tree;
    _Atomic size_t next;
    _Atomic uint64_t bytes;
};

static void *read_files(void *context)
{
    struct floor *floor = context;
    char *block = assay_alloc(BLOCK);
    size_t index;
    while ((index = atomic_fetch_add(&floor->next, 1)) < floor->tree->count) {
        const struct tb_place *place = &floor->tree->places[index];
        for (size_t i = 0; i < place->file_count; i++) {
            char *path = assay_path_join(place->path, place->files[i].name);
            int fd = open(path, O_RDONLY | O_CLOEXEC);
            ssize_t got;
            while (fd >= 0 && (got = read(fd, block, BLOCK)) > 0)
                atomic_fetch_add(&floor->bytes, (uint64_t)got);
            if (fd >= 0)
                close(fd);
            free(path);
        }
    }
    free(block);
    return NULL;
}

/* Milliseconds to read every event file and do nothing with it. */
static double time_floor(const struct tb_tree *tree, unsigned threads, uint64_t *bytes)
{
    struct floor floor = {.tree = tree};
    pthread_t other[16];
    unsigned started = 0;
    int64_t start = assay_monotonic_us();
    while (started + 1 < threads && started < 16 &&
           pthread_create(&other[started], NULL, read_files, &floor) == 0)
        started++;
    read_files(&floor);
    while (started > 0)
        pthread_join(other[--started], NULL);
    *bytes = atomic_load(&floor.bytes);
    return (double)(assay_monotonic_us() - start) / 1000.0;
}

struct result {
    double all_ms, first_ms, again_ms;
    uint64_t points, bytes;
    size_t problems;
};

static struct result time_scan(const char *path, unsigned threads)
{
    struct ingest_collect collect;
    struct assay_error err = {0};
    struct result result = {0};
    void *reader = NULL;
    ingest_collect_init(&collect, ASSAY_LAST_WRITTEN);
    collect.threads = threads;
    int64_t start = assay_monotonic_us();
    if (source_tensorboard.open(&reader, path, &err) != ASSAY_OK ||
        source_tensorboard.scan(reader, &collect.ingest, &err) != ASSAY_OK) {
        fprintf(stderr, "bench_tensorboard: %s\n", err.what);
        exit(1);
    }
    int64_t done = assay_monotonic_us();
    source_tensorboard.scan(reader, &collect.ingest, &err);
    result.again_ms = (double)(assay_monotonic_us() - done) / 1000.0;
    result.all_ms = (double)(done - start) / 1000.0;
    result.first_ms = (double)(collect.first_point_us - start) / 1000.0;
    result.problems = collect.problem_count;
    for (size_t r = 0; r < collect.run_count; r++) {
        for (size_t i = 0; i < collect.runs[r].series_count; i++) {
            struct assay_series *series = collect.runs[r].series[i].series;
            result.points += assay_series_count(series);
            result.bytes += assay_series_bytes(series);
        }
    }
    source_tensorboard.close(reader);
    ingest_collect_free(&collect);
    return result;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    enum { REPEAT_MAX = 99 };
    double all[REPEAT_MAX], floors[REPEAT_MAX];
    unsigned threads = argc > 2 ? (unsigned)atoi(argv[2]) : 2;
    int repeat = argc > 3 ? atoi(argv[3]) : 7;
    struct tb_tree tree;
    struct result result = {0};
    uint64_t bytes = 0;
    if (argc < 2 || repeat < 1 || repeat > REPEAT_MAX) {
        fprintf(stderr, "usage: bench_tensorboard LOGDIR [THREADS [REPEAT]]\n");
        return 2;
    }
    tb_walk(argv[1], &tb_walk_all, NULL, NULL, &tree);
    time_floor(&tree, threads, &bytes); /* from the disk into memory */
    for (int i = 0; i < repeat; i++) {
        floors[i] = time_floor(&tree, threads, &bytes);
        result = time_scan(argv[1], threads);
        all[i] = result.all_ms;
    }
    tb_tree_free(&tree);
    qsort(all, (size_t)repeat, sizeof *all, by_value);
    qsort(floors, (size_t)repeat, sizeof *floors, by_value);
    double middle = all[repeat / 2], floor = floors[repeat / 2];
    printf("tensorboard: %.0f MB, %llu points, %zu problems, %u threads\n", (double)bytes / 1e6,
           (unsigned long long)result.points, result.problems, threads);
    printf("  read whole          median %8.1f ms (best %.1f, worst %.1f)  %.2f GB/s  "
           "%.1f ns/point\n",
           middle, all[0], all[repeat - 1], (double)bytes / middle / 1e6,
           middle * 1e6 / (double)result.points);
    printf("  only reading bytes  median %8.1f ms   ratio %.2f\n", floor, middle / floor);
    printf("  first points after  %8.1f ms;  unchanged, again %.2f ms;  %.1f bytes a point\n",
           result.first_ms, result.again_ms, (double)result.bytes / (double)result.points);
    return 0;
}
