/*
 * Writing JSON by hand; see json.h. Used by every command that prints with --format json.
 */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

static void before_value(struct cli_json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (!json->depth)
        return;
    unsigned at = json->depth - 1;
    bool line = json->depth == 2 && json->array[at];
    if (json->used[at])
        assay_buf_text_add(json->out, line ? "," : ", ");
    if (line)
        assay_buf_char(json->out, '\n');
    json->used[at] = true;
}

void cli_json_open(struct cli_json *json, char bracket)
{
    before_value(json);
    if (json->depth >= CLI_JSON_DEPTH)
        abort();
    json->used[json->depth] = false;
    json->array[json->depth] = bracket == '[';
    json->depth++;
    assay_buf_char(json->out, bracket);
}

void cli_json_close(struct cli_json *json)
{
    json->depth--;
    assay_buf_char(json->out, json->array[json->depth] ? ']' : '}');
    if (!json->depth)
        assay_buf_char(json->out, '\n');
}

static void escape(struct assay_buf *out, uint32_t code)
{
    switch (code) {
    case '"':
    case '\\':
        assay_buf_char(out, '\\');
        assay_buf_char(out, (char)code);
        break;
    case '\n':
        assay_buf_text_add(out, "\\n");
        break;
    case '\r':
        assay_buf_text_add(out, "\\r");
        break;
    case '\t':
        assay_buf_text_add(out, "\\t");
        break;
    default:
        if (code > 0xffff) {
            code -= 0x10000;
            assay_buf_format(out, "\\u%04x\\u%04x", 0xd800 + (code >> 10),
                             0xdc00 + (code & 0x3ff));
        } else {
            assay_buf_format(out, "\\u%04x", code);
        }
    }
}

/* What a terminal must not be shown raw (it may be where this goes) is escaped, which loses
   nothing; what is no UTF-8 becomes U+FFFD. */
static void quote(struct assay_buf *out, const char *text)
{
    size_t length = strlen(text);
    assay_buf_char(out, '"');
    for (size_t i = 0; i < length;) {
        uint32_t code;
        size_t bytes = assay_utf8_decode(text + i, length - i, &code);
        char raw[5], shown[8];
        size_t raw_length = assay_utf8_encode(code, raw);
        raw[raw_length] = '\0';
        i += bytes;
        if (code == '"' || code == '\\' ||
            strcmp(assay_text_clean_to(shown, sizeof shown, raw), raw) != 0)
            escape(out, code);
        else
            assay_buf_add(out, raw, raw_length);
    }
    assay_buf_char(out, '"');
}

void cli_json_key(struct cli_json *json, const char *key)
{
    before_value(json);
    quote(json->out, key);
    assay_buf_text_add(json->out, ": ");
    json->after_key = true;
}

void cli_json_text(struct cli_json *json, const char *text)
{
    before_value(json);
    if (text)
        quote(json->out, text);
    else
        assay_buf_text_add(json->out, "null");
}

void cli_json_number(struct cli_json *json, double value)
{
    char text[32];
    before_value(json);
    assay_number_exact(text, value);
    assay_buf_format(json->out, isfinite(value) ? "%s" : "\"%s\"", text);
}

void cli_json_integer(struct cli_json *json, int64_t value)
{
    before_value(json);
    assay_buf_format(json->out, "%" PRId64, value);
}

void cli_json_count(struct cli_json *json, uint64_t value)
{
    before_value(json);
    assay_buf_format(json->out, "%" PRIu64, value);
}

void cli_json_time(struct cli_json *json, int64_t time_ms)
{
    if (time_ms == ASSAY_NO_TIME)
        cli_json_text(json, NULL);
    else
        cli_json_integer(json, time_ms);
}

void cli_json_bool(struct cli_json *json, bool value)
{
    before_value(json);
    assay_buf_text_add(json->out, value ? "true" : "false");
}

void cli_json_member(struct cli_json *json, const char *key, const char *text)
{
    cli_json_key(json, key);
    cli_json_text(json, text);
}
