/*
 * The streaming scanner of metric histories; see point_scan.h. Called by mlflow_history.c on
 * the net's thread, so it is quick: a point is read in one go over its bytes, numbers by
 * assay_number_parse()'s short way.
 */
#include "remote/point_scan.h"

#include <math.h>
#include <string.h>

#include <assay/text.h>

#include "remote/json_text.h"

#define OBJECT_MAX (256u << 10) /* bytes of one point, or of a name or token */

void point_scan_again(struct point_scan *scan)
{
    scan->fault = NULL;
    scan->bytes = 0;
    scan->state = SCAN_START;
    scan->metrics = scan->wants_token = false;
    scan->depth = 0;
    scan->quoted = scan->escaped = false;
    assay_buf_reset(&scan->token);
    assay_buf_reset(&scan->rest);
}

void point_scan_free(struct point_scan *scan)
{
    assay_buf_free(&scan->token);
    assay_buf_free(&scan->rest);
    assay_buf_free(&scan->text);
}

/* ---- one point ---- */

static const char *skip_blank(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* Behind the string that AT is at; NULL where its end has not come. */
static const char *string_end(const char *at, const char *end, bool *plain)
{
    *plain = true;
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\') {
            *plain = false;
            at++;
        }
    }
    return NULL;
}

static bool is(const char *from, const char *to, const char *word)
{
    size_t length = strlen(word);

    return (size_t)(to - from) == length && memcmp(from, word, length) == 0;
}

enum took { TOOK, CUT, ODD }; /* ODD: read it the slow way */

struct fields {
    struct assay_point point;
    const char *run_id;
    size_t run_id_length;
};

/* The value from AT, without quotes, into the field that the name says. */
static bool take_field(struct fields *fields, const char *name, const char *name_end,
                       const char *value, const char *value_end)
{
    size_t length = (size_t)(value_end - value);
    double number;

    if (is(name, name_end, "value"))
        return assay_number_parse(value, length, &fields->point.value);
    if (is(name, name_end, "timestamp") || is(name, name_end, "step")) {
        int64_t *out = *name == 't' ? &fields->point.time_ms : &fields->point.step;

        if (assay_int_parse(value, length, out))
            return true;
        if (!assay_number_parse(value, length, &number) || !(fabs(number) < 9e18))
            return false;
        *out = (int64_t)number;
        return true;
    }
    if (is(name, name_end, "run_id")) {
        fields->run_id = value;
        fields->run_id_length = length;
    }
    return true;
}

/* Reads the object at *AT, of the shape that MLflow gives it. */
static enum took take_object(const char **at, const char *end, struct fields *fields)
{
    const char *p = skip_blank(*at + 1, end);

    while (p < end) {
        const char *name, *name_end, *value, *value_end;
        bool plain;

        if (*p == '}') {
            *at = p + 1;
            return TOOK;
        }
        if (*p != '"')
            return ODD;
        name = p + 1;
        p = string_end(p, end, &plain);
        if (!p)
            return CUT;
        name_end = p - 1;
        p = skip_blank(p, end);
        if (p == end)
            return CUT;
        if (!plain || *p != ':')
            return ODD;
        p = skip_blank(p + 1, end);
        if (p == end)
            return CUT;
        if (*p == '"') {
            value = p + 1;
            p = string_end(p, end, &plain);
            if (!p)
                return CUT;
            value_end = p - 1;
        } else {
            value = p;
            while (p < end && *p != ',' && *p != '}' && *p != ' ' && *p != '\n' && *p != '\r' &&
                   *p != '\t') {
                if (*p == '{' || *p == '[' || *p == ']' || *p == '"')
                    return ODD;
                p++;
            }
            if (p == end)
                return CUT;
            value_end = p;
        }
        if (!take_field(fields, name, name_end, value, value_end))
            return ODD;
        p = skip_blank(p, end);
        if (p == end)
            return CUT;
        if (*p == ',')
            p = skip_blank(p + 1, end);
        else if (*p != '}')
            return ODD;
    }
    return CUT;
}

/* The end of the object at AT, strings and nesting minded; NULL where it has not come. */
static const char *object_end(const char *at, const char *end)
{
    size_t depth = 0;
    bool plain;

    while (at && at < end) {
        if (*at == '"') {
            at = string_end(at, end, &plain);
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        if ((*at == '}' || *at == ']') && --depth == 0)
            return at + 1;
        at++;
    }
    return NULL;
}

/* Any other object with a point in it. */
static bool take_odd(struct point_scan *scan, const char *from, const char *to)
{
    struct assay_point point = {.value = (double)NAN};
    struct json_text json;
    const char *key;

    assay_buf_reset(&scan->text);
    json_text_init(&json, from, (size_t)(to - from));
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (strcmp(key, "value") == 0)
            point.value = json_text_double(&json, (double)NAN);
        else if (strcmp(key, "timestamp") == 0)
            point.time_ms = json_text_integer(&json, 0);
        else if (strcmp(key, "step") == 0)
            point.step = json_text_integer(&json, 0);
        else if (strcmp(key, "run_id") == 0)
            assay_buf_text_add(&scan->text, json_text_string(&json, ""));
        else
            json_text_skip(&json);
    }
    scan->fault = json.fault;
    json_text_free(&json);
    if (!scan->fault)
        scan->point(scan->context, &point, assay_buf_text(&scan->text));
    return !scan->fault;
}

/* The point at *AT. False where it has not all come, or is none. */
static bool take_point(struct point_scan *scan, const char **at, const char *end)
{
    struct fields fields = {.point = {.value = (double)NAN}};
    const char *from = *at, *to;
    enum took took = take_object(at, end, &fields);

    if (took == TOOK) {
        const char *run_id = "";

        if (fields.run_id) {
            assay_buf_reset(&scan->text);
            assay_buf_add(&scan->text, fields.run_id, fields.run_id_length);
            run_id = assay_buf_text(&scan->text);
        }
        scan->point(scan->context, &fields.point, run_id);
        return true;
    }
    if (took == CUT)
        return false;
    to = object_end(from, end);
    if (!to || !take_odd(scan, from, to))
        return false;
    *at = to;
    return true;
}

/* ---- the answer around the points ---- */

static bool fail(struct point_scan *scan, const char *fault)
{
    if (!scan->fault)
        scan->fault = fault;
    return false;
}

/* A string at *AT into OUT, unescaped. False where it has not all come. */
static bool take_text(struct point_scan *scan, const char **at, const char *end,
                      struct assay_buf *out)
{
    struct json_text json;
    const char *to;
    bool plain;

    to = string_end(*at, end, &plain);
    if (!to)
        return false;
    assay_buf_reset(out);
    json_text_init(&json, *at, (size_t)(to - *at));
    assay_buf_text_add(out, json_text_string(&json, ""));
    scan->fault = json.fault;
    json_text_free(&json);
    *at = to;
    return !scan->fault;
}

/* Past what is of no interest, as far as it has come. */
static void skip(struct point_scan *scan, const char **at, const char *end)
{
    const char *p = *at;

    for (; p < end && scan->state == SCAN_SKIP; p++) {
        if (scan->escaped) {
            scan->escaped = false;
        } else if (scan->quoted) {
            scan->escaped = *p == '\\';
            scan->quoted = *p != '"';
        } else if (*p == '"') {
            scan->quoted = true;
        } else if (*p == '{' || *p == '[') {
            scan->depth++;
        } else if (scan->depth && (*p == '}' || *p == ']')) {
            scan->depth--;
        } else if (!scan->depth && (*p == ',' || *p == '}')) {
            scan->state = SCAN_NAME;
            break;
        }
    }
    *at = p;
}

/* What comes behind a member's name. */
static bool take_value(struct point_scan *scan, const char **at, const char *end)
{
    if (scan->metrics && **at == '[') {
        ++*at;
        scan->state = SCAN_ELEMENT;
        return true;
    }
    if (scan->wants_token && **at == '"') {
        if (!take_text(scan, at, end, &scan->token))
            return false;
        scan->state = SCAN_NAME;
        return true;
    }
    scan->state = SCAN_SKIP;
    scan->depth = 0;
    scan->quoted = scan->escaped = false;
    return true;
}

static bool take_name(struct point_scan *scan, const char **at, const char *end)
{
    if (**at == ',') {
        ++*at;
        return true;
    }
    if (**at == '}') {
        ++*at;
        scan->state = SCAN_END;
        return true;
    }
    if (**at != '"')
        return fail(scan, "a name is missing");
    if (!take_text(scan, at, end, &scan->text))
        return false;
    scan->metrics = strcmp(assay_buf_text(&scan->text), "metrics") == 0;
    scan->wants_token = strcmp(assay_buf_text(&scan->text), "next_page_token") == 0;
    scan->state = SCAN_COLON;
    return true;
}

static bool take_element(struct point_scan *scan, const char **at, const char *end)
{
    if (**at == ',') {
        ++*at;
        return true;
    }
    if (**at == ']') {
        ++*at;
        scan->state = SCAN_NAME;
        return true;
    }
    if (**at != '{')
        return fail(scan, "not a point");
    return take_point(scan, at, end);
}

/* One step; false where more has to come first, or something is wrong. */
static bool advance(struct point_scan *scan, const char **at, const char *end)
{
    if (scan->state == SCAN_SKIP) {
        skip(scan, at, end);
        return *at < end;
    }
    *at = skip_blank(*at, end);
    if (*at == end)
        return false;
    switch (scan->state) {
    case SCAN_START:
        if (**at != '{')
            return fail(scan, "not an object");
        ++*at;
        scan->state = SCAN_NAME;
        return true;
    case SCAN_NAME:
        return take_name(scan, at, end);
    case SCAN_COLON:
        if (**at != ':')
            return fail(scan, "a colon is missing");
        ++*at;
        scan->state = SCAN_VALUE;
        return true;
    case SCAN_VALUE:
        return take_value(scan, at, end);
    case SCAN_ELEMENT:
        return take_element(scan, at, end);
    case SCAN_SKIP:
    case SCAN_END:
        break;
    }
    return fail(scan, "something behind its end");
}

bool point_scan_feed(struct point_scan *scan, const char *bytes, size_t length)
{
    const char *at = bytes, *end = bytes + length;
    bool kept = scan->rest.length > 0;

    scan->bytes += length;
    if (kept) {
        assay_buf_add(&scan->rest, bytes, length);
        at = scan->rest.data;
        end = at + scan->rest.length;
    }
    while (!scan->fault && advance(scan, &at, end))
        ;
    if (scan->fault)
        return false;
    length = (size_t)(end - at);
    if (length > OBJECT_MAX)
        return fail(scan, "a point of more than 256 KiB");
    if (kept) {
        memmove(scan->rest.data, at, length);
        scan->rest.length = length;
        scan->rest.data[length] = '\0';
    } else if (length) {
        assay_buf_add(&scan->rest, at, length);
    }
    return true;
}

bool point_scan_end(struct point_scan *scan)
{
    if (scan->fault)
        return false;
    return scan->state == SCAN_END || fail(scan, "it ends early");
}
