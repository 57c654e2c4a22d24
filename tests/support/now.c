/*
 * The clocks of tests, in place of core/base/now.c: $ASSAY_NOW_MS stops the wall clock at a time, and the
 * file $ASSAY_KEYS_CLOCK says what that of keys shows, so that no test hangs on how fast it is. It is linked
 * into test programs and into build/FLAVOUR/tests/assay, the program they start, and into nothing that
 * is installed.
 */
#include <assay/clock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <assay/text.h>

int64_t assay_now_ms(void)
{
    const char *fixed = getenv("ASSAY_NOW_MS");
    int64_t ms;
    if (fixed && assay_int_parse(fixed, strlen(fixed), &ms))
        return ms;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t assay_keys_us(void)
{
    const char *path = getenv("ASSAY_KEYS_CLOCK");
    FILE *file = path ? fopen(path, "re") : NULL;
    long long us;
    const bool told = file && fscanf(file, "%lld", &us) == 1;
    if (file)
        fclose(file);
    return told ? us : assay_monotonic_us();
}
