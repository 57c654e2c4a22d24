/*
 * The wall clock and that of a person's keys. They stand alone in their file, and nothing of
 * the environment moves them: what expires is counted by the one, and how long a box is shown
 * before a key signs by the other. Tests link clocks of their own in their place
 * (tests/support/now.c).
 */
#include <assay/clock.h>

#include <time.h>

int64_t assay_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t assay_keys_us(void)
{
    return assay_monotonic_us();
}
