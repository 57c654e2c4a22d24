/*
 * Time: milliseconds since 1970 UTC everywhere; ASSAY_NO_TIME where unknown.
 */
#ifndef ASSAY_CLOCK_H
#define ASSAY_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_NO_TIME INT64_MIN

int64_t assay_now_ms(void); /* wall clock; tests link one of their own (tests/support/now.c) */
int64_t assay_monotonic_us(void); /* for durations */
/* The same for the pauses between a person's keys; tests move one of their own. */
int64_t assay_keys_us(void);

/* "3s", "12m", "2h", "5d", "3w", "2y": at most 3 cells; "?" where either time is unknown. */
char *assay_age_text(char out[16], int64_t then_ms, int64_t now_ms);
/* "0:07", "11:58", "2:03:11", "3d 04:11"; "" where unknown. Under ten seconds: "1.24s". */
char *assay_duration_text(char out[24], int64_t duration_ms);
/* How long something will go on yet, which is a guess: in whole seconds, rounded up: "3s",
   "0:12", then as above. */
char *assay_left_text(char out[24], int64_t left_ms);
/* "2026-11-23 17:04:05" in local time; "" where unknown. */
char *assay_time_text(char out[32], int64_t time_ms);
/* "2026-11-23T17:04:05.123Z" */
char *assay_time_iso(char out[32], int64_t time_ms);
/* Reads ISO 8601 (date, or date and time, fraction, Z or ±hh:mm; no zone means local). */
bool assay_time_parse(const char *text, size_t length, int64_t *time_ms);

#endif
