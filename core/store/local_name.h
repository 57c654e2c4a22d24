/*
 * Names for runs that were given none: "calm-elk-03".
 */
#ifndef CORE_STORE_LOCAL_NAME_H
#define CORE_STORE_LOCAL_NAME_H

#include <stdint.h>

#define LOCAL_NAME_SIZE 48

/* Adjective and noun by RANDOM (8 bytes), then NUMBER, two digits at least. Returns OUT. */
char *local_name(char out[LOCAL_NAME_SIZE], const unsigned char *random, uint64_t number);

#endif
