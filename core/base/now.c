/*
 * The wall clock. It stands alone in its file, and nothing of the environment moves it: what
 * expires is counted by it. Tests link a clock of their own in its place (tests/support/now.c).
 */
#include <assay/clock.h>

#include <time.h>

int64_t assay_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
