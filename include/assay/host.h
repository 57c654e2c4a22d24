/*
 * This machine, looked at once: processors, memory, GPUs. From /proc and /sys, and of NVIDIA's
 * GPUs from their driver's library (NVML), which is opened where it is installed. Blocks for
 * as long as drivers take to answer, which may be a second: not for the thread that draws. Any
 * other thread.
 */
#ifndef ASSAY_HOST_H
#define ASSAY_HOST_H

#include <stddef.h>
#include <stdint.h>

#include <assay/error.h>

#define ASSAY_HOST_UNKNOWN UINT64_MAX

struct assay_host_gpu {
    char name[96];
    uint64_t memory, memory_used; /* bytes */
    uint64_t busy;                /* percent of the time since the driver last looked */
    uint64_t celsius, milliwatts;
};
/* What is not known is ASSAY_HOST_UNKNOWN, negative (loads), or "". Text is as it was found. */
struct assay_host {
    char name[256];
    char cpu[96];    /* the model */
    uint64_t cpus;   /* that this process may run on */
    double loads[3]; /* tasks that ran or wanted to: average of 1, 5, 15 minutes */
    uint64_t memory, memory_available, swap, swap_free; /* bytes */
    struct assay_host_gpu *gpus;
    size_t gpu_count;
    struct assay_error gpu_error; /* why NVIDIA's GPUs, or what one tells, are not among them */
};
/* ROOT is put before /proc, /sys and /dev: "" in earnest. */
void assay_host_look(struct assay_host *out, const char *root);
void assay_host_free(struct assay_host *host);

#endif
