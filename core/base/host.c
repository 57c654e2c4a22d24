/*
 * This machine (host.h). Every file of /proc and /sys is read within a bound, and what is odd
 * in it is not known.
 */
#include <assay/host.h>

#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "base/library.h"

#define FILE_MAX (1u << 20)

/* ---- files of the kernel ---- */

/* They say that they are empty, so assay_file_read(), which believes that, is of no use. */
static char *read_all(const char *root, const char *path)
{
    struct assay_buf name = {0}, out = {.limit = FILE_MAX};
    char block[4096];
    size_t count;

    assay_buf_format(&name, "%s%s", root, path);
    FILE *file = fopen(assay_buf_text(&name), "re");
    assay_buf_free(&name);
    if (!file)
        return NULL;
    while (!out.overflow && (count = fread(block, 1, sizeof block, file)) > 0)
        assay_buf_add(&out, block, count);
    fclose(file);
    return assay_buf_take(&out);
}

static bool is_there(const char *root, const char *path)
{
    struct assay_buf name = {0};

    assay_buf_format(&name, "%s%s", root, path);
    bool there = access(assay_buf_text(&name), F_OK) == 0;
    assay_buf_free(&name);
    return there;
}

static uint64_t number_at(const char *text)
{
    int64_t value;
    text += strspn(text, " \t");
    return assay_int_parse(text, strspn(text, "0123456789"), &value) && value >= 0
               ? (uint64_t)value
               : ASSAY_HOST_UNKNOWN;
}

/* What stands behind NAME and a colon at the beginning of a line; NULL where it does not. */
static const char *line_of(const char *text, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) != 0)
            continue;
        const char *colon = line + length + strspn(line + length, " \t");
        if (*colon == ':')
            return colon + 1;
    }
    return NULL;
}

static void copy_line(char *out, size_t capacity, const char *text)
{
    text += strspn(text, " \t");
    snprintf(out, capacity, "%.*s", (int)strcspn(text, "\n"), text);
}

static uint64_t kilobytes(const char *text, const char *name)
{
    const char *at = line_of(text, name);
    uint64_t value = at ? number_at(at) : ASSAY_HOST_UNKNOWN;

    return value > UINT64_MAX / 1024 ? ASSAY_HOST_UNKNOWN : value * 1024;
}

static uint64_t number_in(const char *root, const char *folder, const char *name)
{
    char *path = assay_path_join(folder, name), *text = read_all(root, path);
    uint64_t value = text ? number_at(text) : ASSAY_HOST_UNKNOWN;

    free(text);
    free(path);
    return value;
}

/* ---- processors and memory ---- */

static void look_at_cpus(struct assay_host *host, const char *root)
{
    static const char *const names[] = {"model name", "Model", "Hardware", "cpu model"};
    char *text = read_all(root, "/proc/cpuinfo"), *loads;
    cpu_set_t set;

    for (size_t i = 0; text && !host->cpu[0] && i < ASSAY_COUNT(names); i++) {
        const char *at = line_of(text, names[i]);
        if (at)
            copy_line(host->cpu, sizeof host->cpu, at);
    }
    free(text);
    host->cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? (uint64_t)CPU_COUNT(&set)
                                                             : ASSAY_HOST_UNKNOWN;
    loads = read_all(root, "/proc/loadavg");
    const char *at = loads;
    for (size_t i = 0; i < 3; i++) {
        size_t length = at ? strcspn(at, " \n") : 0;
        host->loads[i] = -1;
        if (!length || !assay_number_parse(at, length, &host->loads[i]))
            at = NULL;
        else
            at = at[length] == ' ' ? at + length + 1 : NULL;
    }
    free(loads);
}

static void look_at_memory(struct assay_host *host, const char *root)
{
    char *text = read_all(root, "/proc/meminfo");
    const char *all = text ? text : "";

    host->memory = kilobytes(all, "MemTotal");
    host->memory_available = kilobytes(all, "MemAvailable");
    host->swap = kilobytes(all, "SwapTotal");
    host->swap_free = kilobytes(all, "SwapFree");
    free(text);
}

/* ---- GPUs ---- */

static struct assay_host_gpu *add_gpu(struct assay_host *host)
{
    host->gpus = assay_realloc_array(host->gpus, host->gpu_count + 1, sizeof *host->gpus);
    struct assay_host_gpu *gpu = &host->gpus[host->gpu_count++];
    *gpu = (struct assay_host_gpu){
        .memory = ASSAY_HOST_UNKNOWN,
        .memory_used = ASSAY_HOST_UNKNOWN,
        .busy = ASSAY_HOST_UNKNOWN,
        .celsius = ASSAY_HOST_UNKNOWN,
        .milliwatts = ASSAY_HOST_UNKNOWN,
    };
    return gpu;
}

/* The amdgpu driver tells of memory; other cards' files of that folder do not. */
static void add_card(struct assay_host *host, const char *root, const char *folder)
{
    uint64_t memory = number_in(root, folder, "mem_info_vram_total");
    char *path, *name;

    if (memory == ASSAY_HOST_UNKNOWN)
        return;
    struct assay_host_gpu *gpu = add_gpu(host);
    gpu->memory = memory;
    gpu->memory_used = number_in(root, folder, "mem_info_vram_used");
    gpu->busy = number_in(root, folder, "gpu_busy_percent");
    path = assay_path_join(folder, "product_name");
    name = read_all(root, path);
    copy_line(gpu->name, sizeof gpu->name, name && *name && *name != '\n' ? name : "AMD GPU");
    free(name);
    free(path);
}

static void look_at_cards(struct assay_host *host, const char *root)
{
    struct assay_buf pattern = {0};
    glob_t found = {0};

    assay_buf_format(&pattern, "%s/sys/class/drm/card[0-9]*/device", root);
    if (glob(assay_buf_text(&pattern), 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            if (!strchr(strstr(found.gl_pathv[i], "/drm/card") + 9, '-')) /* no connector */
                add_card(host, root, found.gl_pathv[i] + strlen(root));
    globfree(&found);
    assay_buf_free(&pattern);
}

/* NVML, as its documentation declares it: 0 is success, a device is a pointer of its own. */
enum { NVML_NOT_SUPPORTED = 3, NVML_NO_PERMISSION = 4 };
struct nvml_memory {
    unsigned long long total, free, used;
};
struct nvml_use {
    unsigned gpu, memory;
};
struct nvml {
    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *count);
    int (*device)(unsigned index, void **device);
    /* Not in every driver: NULL where it is not in this one. */
    const char *(*error)(int code);
    int (*name)(void *device, char *name, unsigned length);
    int (*memory)(void *device, struct nvml_memory *memory);
    int (*use)(void *device, struct nvml_use *use);
    int (*temperature)(void *device, int sensor, unsigned *celsius);
    int (*power)(void *device, unsigned *milliwatts);
};

static enum assay_status open_nvml(struct nvml *nvml, struct assay_error *err)
{
    static const char *const files[] = {"libnvidia-ml.so.1", NULL};
    static const struct library_function needed[] = {
        {"nvmlInit_v2", offsetof(struct nvml, init)},
        {"nvmlShutdown", offsetof(struct nvml, shutdown)},
        {"nvmlDeviceGetCount_v2", offsetof(struct nvml, count)},
        {"nvmlDeviceGetHandleByIndex_v2", offsetof(struct nvml, device)},
    };
    static const struct library_function others[] = {
        {"nvmlErrorString", offsetof(struct nvml, error)},
        {"nvmlDeviceGetName", offsetof(struct nvml, name)},
        {"nvmlDeviceGetMemoryInfo", offsetof(struct nvml, memory)},
        {"nvmlDeviceGetUtilizationRates", offsetof(struct nvml, use)},
        {"nvmlDeviceGetTemperature", offsetof(struct nvml, temperature)},
        {"nvmlDeviceGetPowerUsage", offsetof(struct nvml, power)},
    };
    struct library library = {
        .title = "NVML (libnvidia-ml.so.1)",
        .purpose = "NVIDIA's GPUs cannot be asked",
        .advice = "it comes with NVIDIA's driver",
        .files = files,
        .functions = needed,
        .count = ASSAY_COUNT(needed),
    };
    enum assay_status status = library_open(&library, nvml, err);
    library.count = 1;
    for (size_t i = 0; status == ASSAY_OK && i < ASSAY_COUNT(others); i++) {
        library.functions = &others[i];
        library_open(&library, nvml, NULL);
    }
    return status;
}

static const char *nvml_words(const struct nvml *nvml, int code)
{
    const char *words = nvml->error ? nvml->error(code) : NULL;
    return words && *words ? words : "it does not say why";
}

/* Whether a GPU has answered with CODE. That it does not tell something (a card without a
   sensor, one split by MIG, a container's rights) is an answer; that it is lost is none. */
static bool answered(struct assay_host *host, const struct nvml *nvml, unsigned index, int code)
{
    if (code != 0 && code != NVML_NOT_SUPPORTED && code != NVML_NO_PERMISSION) {
        assay_fail(&host->gpu_error, ASSAY_IO, "GPU %u does not answer: %s (NVML error %d)",
                   index, nvml_words(nvml, code), code);
        assay_hint(&host->gpu_error, "nvidia-smi and dmesg may say more");
    }
    return code == 0;
}

/* Each has its line, lost or not: the number of those behind it stays what it is. */
static void add_nvidia(struct assay_host *host, const struct nvml *nvml, unsigned index)
{
    struct assay_host_gpu *gpu = add_gpu(host);
    struct nvml_memory memory = {0};
    struct nvml_use use = {0};
    void *device = NULL;
    unsigned value = 0;

    if (!answered(host, nvml, index, nvml->device(index, &device)))
        return;
    if (!nvml->name ||
        !answered(host, nvml, index, nvml->name(device, gpu->name, sizeof gpu->name)))
        gpu->name[0] = '\0';
    gpu->name[sizeof gpu->name - 1] = '\0';
    if (nvml->memory && answered(host, nvml, index, nvml->memory(device, &memory))) {
        gpu->memory = memory.total;
        gpu->memory_used = memory.used <= memory.total ? memory.used : ASSAY_HOST_UNKNOWN;
    }
    if (nvml->use && answered(host, nvml, index, nvml->use(device, &use)) && use.gpu <= 100)
        gpu->busy = use.gpu;
    if (nvml->temperature && answered(host, nvml, index, nvml->temperature(device, 0, &value)))
        gpu->celsius = value;
    if (nvml->power && answered(host, nvml, index, nvml->power(device, &value)))
        gpu->milliwatts = value;
}

#define MOST_GPUS 256 /* what claims to have more is broken */

static void look_at_nvidia(struct assay_host *host, const char *root)
{
    struct nvml nvml = {0};
    unsigned count = 0;

    if (!is_there(root, "/proc/driver/nvidia") && !is_there(root, "/dev/nvidiactl"))
        return; /* no driver, no card */
    if (open_nvml(&nvml, &host->gpu_error) != ASSAY_OK)
        return;
    int code = nvml.init();
    bool begun = code == 0;
    if (begun)
        code = nvml.count(&count);
    if (code != 0) {
        count = 0;
        assay_fail(&host->gpu_error, ASSAY_IO,
                   "NVIDIA's driver does not answer: %s (NVML error %d)",
                   nvml_words(&nvml, code), code);
        assay_hint(&host->gpu_error, "nvidia-smi may say more");
    }
    if (count > MOST_GPUS) {
        assay_fail(&host->gpu_error, ASSAY_IO,
                   "NVIDIA's driver tells of %u GPUs: at most %d "
                   "are shown",
                   count, MOST_GPUS);
        count = MOST_GPUS;
    }
    for (unsigned i = 0; i < count; i++)
        add_nvidia(host, &nvml, i);
    if (begun)
        nvml.shutdown();
}

/* ---- all of it ---- */

void assay_host_look(struct assay_host *out, const char *root)
{
    *out = (struct assay_host){0};
    if (gethostname(out->name, sizeof out->name - 1) != 0)
        out->name[0] = '\0';
    look_at_cpus(out, root);
    look_at_memory(out, root);
    look_at_cards(out, root);
    look_at_nvidia(out, root);
}

void assay_host_free(struct assay_host *host)
{
    free(host->gpus);
    *host = (struct assay_host){0};
}
