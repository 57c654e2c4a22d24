/*
 * What net.c decides by: how many requests a server is sent at once, which failures are worth
 * another attempt, and when. Pure; nothing here knows curl, and one thread owns what it
 * changes.
 */
#ifndef CORE_REMOTE_NET_POLICY_H
#define CORE_REMOTE_NET_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_WINDOW_START 16u
#define NET_WINDOW_MAX   64u

/* How many requests may be under way to one server: grows by one with each answer while the
   window is full (so it doubles each round trip), stays while answers come slower than the
   server can be, halves when it says that it is too much. */
struct net_window {
    unsigned size, in_flight;
    int64_t halved_us;      /* when last */
    int64_t quiet_until_us; /* nothing is sent before: the server asked for it */
    int64_t fastest_us, average_us;
};
void net_window_init(struct net_window *window);
bool net_window_open(const struct net_window *window, int64_t now_us);
void net_window_answered(struct net_window *window, int64_t took_us);
void net_window_strained(struct net_window *window, int64_t now_us);

/* How fast the body of an answer comes, from its first byte on: before that a server may think
   for long. Start with {0}. */
#define NET_DRIP_SECONDS 30u
#define NET_DRIP_RATE    1024u /* bytes a second */
struct net_rate {
    bool began;
    int64_t since_us;
    uint64_t bytes; /* at since_us */
};
/* Whether of a body, of which BYTES came so far, less than NET_DRIP_RATE a second came for
   SECONDS. To be asked about once a second. */
bool net_drips(struct net_rate *rate, uint64_t bytes, unsigned seconds, int64_t now_us);

/* How an attempt ended. */
enum net_end {
    NET_END_ANSWER,  /* with an HTTP status */
    NET_END_REFUSED, /* nobody there: no route, no such host, connection refused */
    NET_END_BROKEN,  /* the connection broke, or took too long, on the way */
    NET_END_FINAL,   /* what no other attempt would change: TLS, too large, cancelled */
};
struct net_attempt {
    enum net_end end;
    int http;
    const char *body; /* of a failure: MLflow's own errors come as 500, too */
    size_t length;
    unsigned number;       /* this was attempt 1, 2, … */
    int64_t retry_after_s; /* what the server asked for; 0 nothing */
    bool repeatable;
    uint64_t random;
};
/* Microseconds until the next attempt; -1: this was the last. */
int64_t net_retry_after(const struct net_attempt *attempt);
bool net_is_strain(const struct net_attempt *attempt); /* the server has too much to do */

#endif
