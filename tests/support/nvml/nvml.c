/*
 * NVIDIA's management library, played for tests: the functions that are asked, declared as its
 * documentation has them. Two GPUs, of which the second tells its name and temperature alone;
 * with $TEST_NVML_FAILS set, a driver that does not answer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NOT_SUPPORTED 3
#define NOT_LOADED    9

struct memory {
    unsigned long long total, free, used;
};
struct use {
    unsigned gpu, memory;
};

int nvmlInit_v2(void);
int nvmlShutdown(void);
int nvmlDeviceGetCount_v2(unsigned *count);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device);
int nvmlDeviceGetName(void *device, char *name, unsigned length);
int nvmlDeviceGetMemoryInfo(void *device, struct memory *memory);
int nvmlDeviceGetUtilizationRates(void *device, struct use *use);
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius);
int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts);

static int devices[2];

int nvmlInit_v2(void)
{
    return getenv("TEST_NVML_FAILS") ? NOT_LOADED : 0;
}

int nvmlShutdown(void)
{
    return 0;
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = 2;
    return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device)
{
    *device = &devices[index];
    return 0;
}

int nvmlDeviceGetName(void *device, char *name, unsigned length)
{
    snprintf(name, length, device == &devices[0] ? "Played GPU" : "Silent \x1b[31mGPU");
    return 0;
}

int nvmlDeviceGetMemoryInfo(void *device, struct memory *memory)
{
    *memory = (struct memory){80000000000, 30000000000, 50000000000};
    return device == &devices[0] ? 0 : NOT_SUPPORTED;
}

int nvmlDeviceGetUtilizationRates(void *device, struct use *use)
{
    *use = (struct use){97, 12};
    return device == &devices[0] ? 0 : NOT_SUPPORTED;
}

int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius)
{
    *celsius = device == &devices[0] ? 61 : 30;
    return sensor == 0 ? 0 : NOT_SUPPORTED;
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts)
{
    *milliwatts = 412500;
    return device == &devices[0] ? 0 : NOT_SUPPORTED;
}
