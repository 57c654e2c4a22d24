/*
 * NVIDIA's management library, played for tests: the functions that are asked, declared as its
 * documentation has them. What it plays is in $TEST_NVML: nothing there: two GPUs, of which the
 * second tells its name and temperature alone, as one that is split (MIG) or old does;
 * "not-loaded" and "mismatch": a driver that does not answer; "no-count": one that does not
 * know its GPUs; "many": one that has too many; "gone": the second GPU is not found any more;
 * "lost": the second falls off the bus between two questions; "odd": answers that cannot be.
 * Built with OLD_DRIVER it has not all of the functions, with NO_DRIVER not those that it takes.
 * Loaded before the program it also has the driver's device be there.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOT_SUPPORTED 3
#define NOT_FOUND     6
#define NOT_LOADED    9
#define LOST          15
#define MISMATCH      18

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
const char *nvmlErrorString(int code);
int nvmlDeviceGetName(void *device, char *name, unsigned length);
int nvmlDeviceGetMemoryInfo(void *device, struct memory *memory);
int nvmlDeviceGetUtilizationRates(void *device, struct use *use);
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius);
int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts);

static int devices[2];
static int begun;

static int plays(const char *what)
{
    const char *played = getenv("TEST_NVML");
    return played && strcmp(played, what) == 0;
}

/* What the second GPU says to what it cannot tell. */
static int no(void)
{
    return plays("lost") ? LOST : NOT_SUPPORTED;
}

int access(const char *path, int mode)
{
    if (strcmp(path, "/dev/nvidiactl") == 0)
        return 0;
    return (int)syscall(SYS_faccessat, -100, path, mode);
}

int nvmlInit_v2(void)
{
    int code = plays("not-loaded") ? NOT_LOADED : plays("mismatch") ? MISMATCH : 0;
    begun += code == 0;
    return code;
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = plays("many") ? 4000000000 : 2;
    return plays("no-count") ? 999 : 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device)
{
    if (!begun || (index == 1 && plays("gone")))
        return NOT_FOUND;
    *device = &devices[index & 1];
    return 0;
}

#ifndef NO_DRIVER
/* What was begun is ended, each time: else the next one finds no GPU. */
int nvmlShutdown(void)
{
    begun -= 1;
    return 0;
}
#endif

#ifndef OLD_DRIVER
const char *nvmlErrorString(int code)
{
    return code == LOST        ? "GPU is lost"
           : code == NOT_FOUND ? "Not \x1b[31mFound"
           : code == MISMATCH  ? "Driver/library version mismatch"
                               : NULL;
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts)
{
    *milliwatts = 412500;
    return device == &devices[0] ? 0 : no();
}

int nvmlDeviceGetUtilizationRates(void *device, struct use *use)
{
    *use = (struct use){plays("odd") ? 4000000000 : 97, 12};
    return device == &devices[0] ? 0 : no();
}
#endif

int nvmlDeviceGetName(void *device, char *name, unsigned length)
{
    if (plays("odd"))
        memset(name, 'x', length);
    else
        snprintf(name, length, device == &devices[0] ? "Played GPU" : "Silent \x1b[31mGPU");
    return 0;
}

int nvmlDeviceGetMemoryInfo(void *device, struct memory *memory)
{
    *memory = (struct memory){80000000000, 30000000000, 50000000000};
    if (plays("odd"))
        memory->used = memory->total + 1;
    return device == &devices[0] ? 0 : no();
}

int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius)
{
    *celsius = device == &devices[0] ? 61 : 30;
    return sensor != 0 ? NOT_SUPPORTED : device == &devices[1] && plays("lost") ? LOST : 0;
}
