/*
 * Repeating and holding back; see net_policy.h. Called by net.c on its thread.
 */
#include "remote/net_policy.h"

#include <string.h>

#define SECOND     INT64_C(1000000)
#define PAUSE_MAX  (60 * SECOND)
#define PAUSE_BASE (SECOND / 4)
#define SLOW_TIMES                                                                             \
    6 /* answers this much slower than the fastest: the server is busy enough                  \
       */

void net_window_init(struct net_window *window)
{
    *window = (struct net_window){.size = NET_WINDOW_START};
}

bool net_window_open(const struct net_window *window, int64_t now_us)
{
    return window->in_flight < window->size && now_us >= window->quiet_until_us;
}

void net_window_answered(struct net_window *window, int64_t took_us)
{
    bool full = window->in_flight + 1 >= window->size;

    if (took_us < 5000)
        took_us = 5000; /* on the same machine: no reason to be strict */
    if (!window->fastest_us || took_us < window->fastest_us)
        window->fastest_us = took_us;
    window->average_us = window->average_us ? (window->average_us * 7 + took_us) / 8 : took_us;
    if (full && window->size < NET_WINDOW_MAX &&
        (window->size < NET_WINDOW_START ||
         window->average_us <= window->fastest_us * SLOW_TIMES))
        window->size++;
}

void net_window_strained(struct net_window *window, int64_t now_us)
{
    /* All that was under way fails together: that is one complaint, not many. */
    if (window->halved_us && now_us - window->halved_us < SECOND / 4)
        return;
    window->halved_us = now_us;
    window->size = window->size > 1 ? window->size / 2 : 1;
}

bool net_drips(struct net_rate *rate, uint64_t bytes, unsigned seconds, int64_t now_us)
{
    bool over = rate->began && now_us - rate->since_us >= seconds * SECOND;
    bool slow = over && bytes - rate->bytes < (uint64_t)seconds * NET_DRIP_RATE;

    if (!bytes || (rate->began && !over))
        return false;
    *rate = (struct net_rate){.began = true, .since_us = now_us, .bytes = bytes};
    return slow;
}

/* MLflow answers 500 to mistakes of the caller that have no status of their own. */
static bool is_verdict(const struct net_attempt *attempt)
{
    static const char *const passing[] = {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE",
                                          "DEADLINE_EXCEEDED"};

    if (!attempt->body || !memmem(attempt->body, attempt->length, "\"error_code\"", 12))
        return false;
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        if (memmem(attempt->body, attempt->length, passing[i], strlen(passing[i])))
            return false;
    return true;
}

bool net_is_strain(const struct net_attempt *attempt)
{
    return attempt->end == NET_END_BROKEN || attempt->http == 429 || attempt->http == 503 ||
           attempt->http == 504;
}

/* The most attempts a failure of this kind is worth. */
static unsigned attempts_worth(const struct net_attempt *attempt)
{
    if (attempt->end == NET_END_REFUSED)
        return 2;
    if (attempt->end == NET_END_BROKEN)
        return 4;
    if (attempt->end == NET_END_FINAL)
        return 1;
    switch (attempt->http) {
    case 429: /* said in MLflow's words as well: nothing was done */
        return 6;
    case 408:
    case 502:
    case 503:
    case 504:
        return is_verdict(attempt) ? 1 : 6;
    case 500:
        return is_verdict(attempt) ? 1 : 3;
    default:
        return 1;
    }
}

int64_t net_retry_after(const struct net_attempt *attempt)
{
    int64_t pause;

    /* 429 says that nothing was done, and nobody there did nothing; all else may have done it.
     */
    if (!attempt->repeatable && attempt->http != 429 && attempt->end != NET_END_REFUSED)
        return -1;
    if (attempt->number >= attempts_worth(attempt))
        return -1;
    if (attempt->retry_after_s > 0) {
        /* Spread out a little, so that all do not come back in the same instant. */
        if (attempt->retry_after_s > PAUSE_MAX / SECOND)
            return -1;
        return attempt->retry_after_s * SECOND + (int64_t)(attempt->random % (SECOND / 4));
    }
    pause = PAUSE_BASE << (attempt->number < 6 ? attempt->number - 1 : 5);
    return pause / 2 + (int64_t)(attempt->random % (uint64_t)pause);
}
