/*
 * Writing JSON: strictly valid UTF-8, numbers that keep every bit, values that are not finite
 * as the strings the contract names. Written by hand because libraries print reals with a fixed
 * number of digits. Commas and blanks are put by themselves; every element of an array that is
 * a member of the document starts a line.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>

#define CLI_JSON_DEPTH 32

struct cli_json {
    struct assay_buf *out;
    unsigned depth;
    bool used[CLI_JSON_DEPTH]; /* has the container of that depth a member yet? */
    bool array[CLI_JSON_DEPTH];
    bool after_key;
};

void cli_json_open(struct cli_json *json, char bracket); /* '{' or '[' */
void cli_json_close(struct cli_json *json);              /* at depth 0 with a line end */
void cli_json_key(struct cli_json *json, const char *key);
void cli_json_text(struct cli_json *json, const char *text); /* NULL: null */
void cli_json_number(struct cli_json *json, double value);
void cli_json_integer(struct cli_json *json, int64_t value);
void cli_json_count(struct cli_json *json, uint64_t value);
void cli_json_time(struct cli_json *json, int64_t time_ms); /* ASSAY_NO_TIME: null */
void cli_json_bool(struct cli_json *json, bool value);

/* A key and its text at once. */
void cli_json_member(struct cli_json *json, const char *key, const char *text);

#endif
