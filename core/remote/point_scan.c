/*
 * The streaming scanner of metric histories; see point_scan.h. Called by mlflow_history.c on
 * the net's thread, so it is quick: a point is read in one go over its bytes, numbers by
 * assay_number_parse()'s short way.
 */
#include "remote/point_scan.h"

#include <float.h>
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
    const char *quote = memchr(at + 1, '"', (size_t)(end - at - 1));

    *plain = true;
    if (!quote)
        return NULL;
    if (!memchr(at + 1, '\\', (size_t)(quote - at - 1)))
        return quote + 1;
    *plain = false;
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        at += *at == '\\';
    }
    return NULL;
}

/* ---- numbers ---- */

static bool ends_value(char c)
{
    return c == ',' || c == '}' || c == '\n' || c == ' ' || c == '\r' || c == '\t';
}

struct digits {
    uint64_t mantissa;
    int count, exponent;
    bool negative;
};

/* The digits from *AT on; false where there are too many for the quick way, or none. */
static bool read_digits(const char **at, const char *end, struct digits *out)
{
    const char *p = *at;
    int power = 0, sign = 1;
    bool point = false;

    *out = (struct digits){.negative = p < end && *p == '-'};
    for (p += out->negative; p < end; p++) {
        unsigned digit = (unsigned)*p - '0';

        if (digit <= 9) {
            out->mantissa = out->mantissa * 10 + digit;
            out->count += out->mantissa != 0;
            out->exponent -= point;
        } else if (*p == '.' && !point) {
            point = true;
        } else {
            break;
        }
        if (out->count > 19)
            return false;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '-' || *p == '+'))
            sign = *p++ == '-' ? -1 : 1;
        for (; p < end && *p >= '0' && *p <= '9' && power < 10000; p++)
            power = power * 10 + (*p - '0');
        out->exponent += sign * power;
    }
    if (p == end || !ends_value(*p) || !((unsigned)p[-1] - '0' <= 9))
        return false;
    *at = p;
    return true;
}

/* A number that one operation on long doubles gives exactly, or close enough to be sure of the
   double: with 64 bits of mantissa and powers of ten up to 10^27 the result is the true one
   rounded to 64 bits, and only where its last eleven are right between two doubles may rounding
   it again go wrong. Those, and all others, are left to assay_number_parse(). */
static bool quick_number(const char **at, const char *end, double *value)
{
#if LDBL_MANT_DIG == 64
    static const long double powers[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,
                                         1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
                                         1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L,
                                         1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
    const char *p = *at;
    struct digits digits;
    uint64_t bits;
    long double number;

    if (!read_digits(&p, end, &digits) || digits.exponent < -27 || digits.exponent > 27)
        return false;
    number = (long double)digits.mantissa;
    if (digits.exponent < 0)
        number /= powers[-digits.exponent];
    else
        number *= powers[digits.exponent];
    memcpy(&bits, &number, sizeof bits);
    if ((bits & 0x7ff) == 0x400)
        return false;
    *value = (double)(digits.negative ? -number : number);
    *at = p;
    return true;
#else
    (void)at;
    (void)end;
    (void)value;
    return false;
#endif
}

static bool quick_integer(const char **at, const char *end, int64_t *value)
{
    const char *p = *at;
    bool negative = p < end && *p == '-';
    int64_t number = 0;
    const char *from = p += negative;

    while (p < end && *p >= '0' && *p <= '9' && p - from < 18)
        number = number * 10 + (*p++ - '0');
    if (p == from || p == end || !ends_value(*p))
        return false;
    *value = negative ? -number : number;
    *at = p;
    return true;
}

/* ---- the object ---- */

enum took { TOOK, CUT, ODD }; /* ODD: read it the slow way */
enum field { VALUE, TIMESTAMP, STEP, RUN_ID, OTHER };

struct fields {
    struct assay_point point;
    const char *run_id;
    size_t run_id_length;
};

static enum field field_of(const char *name, size_t length)
{
    if (length == 5 && memcmp(name, "value", 5) == 0)
        return VALUE;
    if (length == 4 && memcmp(name, "step", 4) == 0)
        return STEP;
    if (length == 9 && memcmp(name, "timestamp", 9) == 0)
        return TIMESTAMP;
    if (length == 6 && memcmp(name, "run_id", 6) == 0)
        return RUN_ID;
    return OTHER;
}

/* The value from FROM to TO, without quotes. */
static bool take_slowly(struct fields *fields, enum field field, const char *from,
                        const char *to)
{
    size_t length = (size_t)(to - from);
    int64_t *out = field == TIMESTAMP ? &fields->point.time_ms : &fields->point.step;
    double number;

    if (field == OTHER)
        return true;
    if (field == RUN_ID) {
        fields->run_id = from;
        fields->run_id_length = length;
        return true;
    }
    if (field == VALUE)
        return assay_number_parse(from, length, &fields->point.value);
    if (assay_int_parse(from, length, out))
        return true;
    if (!assay_number_parse(from, length, &number) || !(fabs(number) < 9e18))
        return false;
    *out = (int64_t)number;
    return true;
}

/* The value at *AT into its field. */
static enum took take_value_of(struct fields *fields, enum field field, const char **at,
                               const char *end)
{
    const char *from = *at, *to;
    bool plain;

    if (field == VALUE && quick_number(at, end, &fields->point.value))
        return TOOK;
    if (field == STEP && quick_integer(at, end, &fields->point.step))
        return TOOK;
    if (field == TIMESTAMP && quick_integer(at, end, &fields->point.time_ms))
        return TOOK;
    if (*from == '"') {
        to = string_end(from, end, &plain);
        if (!to)
            return CUT;
        *at = to;
        return (plain || field == OTHER) && take_slowly(fields, field, from + 1, to - 1) ? TOOK
                                                                                         : ODD;
    }
    for (to = from; to < end && !ends_value(*to); to++)
        if (*to == '{' || *to == '[' || *to == ']' || *to == '"')
            return ODD;
    if (to == end)
        return CUT;
    *at = to;
    return take_slowly(fields, field, from, to) ? TOOK : ODD;
}

/* Reads the object at *AT, of the shape that MLflow gives it. */
static enum took take_object(const char **at, const char *end, struct fields *fields)
{
    const char *p = skip_blank(*at + 1, end);

    while (p < end) {
        const char *name = p + 1;
        enum took took;
        enum field field;
        bool plain;

        if (*p == '}') {
            *at = p + 1;
            return TOOK;
        }
        if (*p != '"')
            return ODD;
        p = string_end(p, end, &plain);
        if (!p)
            return CUT;
        field = field_of(name, (size_t)(p - 1 - name));
        p = skip_blank(p, end);
        if (p == end)
            return CUT;
        if (!plain || *p != ':')
            return ODD;
        p = skip_blank(p + 1, end);
        if (p == end)
            return CUT;
        took = take_value_of(fields, field, &p, end);
        if (took != TOOK)
            return took;
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
    bool number = true;

    assay_buf_reset(&scan->text);
    json_text_init(&json, from, (size_t)(to - from));
    json_text_enter(&json, '{');
    while (json_text_member(&json, &key)) {
        if (strcmp(key, "value") == 0)
            number = json_text_number(&json, &point.value);
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
    if (!scan->fault && !number)
        scan->fault = "a value that is not a number";
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
