/*
 * The shape of JSON: which keys an object has, all of them and no others, and what is under
 * each. A shape is JSON itself, written with ' for ":
 *
 *     {'id': 'text', 'end_ms': 'integer?', 'metrics': {'*': 'number'}, 'points': ['integer']}
 *
 * A name is a kind of value: text, filled (not empty), hex, integer, number (or one of the
 * texts "NaN", "Infinity", "-Infinity"), bool, any; or the allowed texts, a|b|c. A "?" behind
 * it allows null, a "?" behind a key that it is missing. '*' is the shape of every key there
 * is. A list of one shape is a list of any number of such; of several, exactly those in that
 * order.
 */
#ifndef TEST_SHAPE_H
#define TEST_SHAPE_H

#include <jansson.h>

/* Fails where JSON, called NAME in what is said, does not have this SHAPE. */
void shape_expect(const char *name, const json_t *json, const char *shape);
/* The same of what the program printed last. Returns it; the caller frees. */
json_t *shape_of_program(const char *shape);

#endif
