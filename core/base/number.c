/*
 * Numbers to text and back. Nothing here looks at the locale: digits are laid out by hand, and
 * what the C library has to read it reads in the "C" locale. Readers call assay_number_parse()
 * for millions of lines, hence its short way.
 */
#include <assay/text.h>

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/memory.h>

static locale_t c_locale; /* set once, never changed: the plain locale for strtod_l */
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void c_locale_make(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* built in: never fails */
}

/* Reads NUL-terminated TEXT; *end gets what follows the number. */
static double read_c(const char *text, char **end)
{
    pthread_once(&c_locale_once, c_locale_make);
    return strtod_l(text, end, c_locale);
}

/* ---- to text ---- */

/* A decimal number: 0.d1d2d3... times 10^point. */
struct decimal {
    bool negative;
    char digits[20];
    int count, point;
};

/* The COUNT (1..17) significant digits of a finite VALUE, correctly rounded. What stands for
   the decimal point in printf's answer is passed over, whatever it is. */
static void decimal_of(struct decimal *d, double value, int count)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", count - 1, value);
    const char *at = text;
    d->negative = *at == '-';
    d->count = 0;
    for (; *at && *at != 'e'; at++)
        if (*at >= '0' && *at <= '9' && d->count < 18)
            d->digits[d->count++] = *at;
    d->point = *at ? (int)strtol(at + 1, NULL, 10) + 1 : 1;
    while (d->count > 1 && d->digits[d->count - 1] == '0')
        d->count--;
    d->digits[d->count] = '\0';
}

/* Adds one to the last digit. */
static void decimal_increment(struct decimal *d)
{
    int i = d->count - 1;
    while (i >= 0 && d->digits[i] == '9')
        i--;
    if (i < 0) {
        d->digits[0] = '1';
        d->count = 1;
        d->point++;
    } else {
        d->digits[i]++;
        d->count = i + 1;
    }
    d->digits[d->count] = '\0';
}

/* Lays it out plainly where LEAST <= point <= MOST, else with an exponent. */
static void decimal_layout(const struct decimal *d, char out[32], int least, int most)
{
    char *to = out;
    if (d->negative)
        *to++ = '-';
    if (d->point < least || d->point > most) {
        *to++ = d->digits[0];
        if (d->count > 1) {
            *to++ = '.';
            memcpy(to, d->digits + 1, (size_t)d->count - 1);
            to += d->count - 1;
        }
        snprintf(to, (size_t)(out + 32 - to), "e%d", d->point - 1);
        return;
    }
    if (d->point <= 0) {
        *to++ = '0';
        *to++ = '.';
        for (int i = d->point; i < 0; i++)
            *to++ = '0';
    }
    for (int i = 0; i < d->count || i < d->point; i++) {
        if (i == d->point && i > 0)
            *to++ = '.';
        *to++ = i < d->count ? d->digits[i] : '0';
    }
    *to = '\0';
}

static bool not_finite_text(char out[32], double value, const char *infinity)
{
    if (isfinite(value))
        return false;
    if (isnan(value))
        snprintf(out, 32, "NaN");
    else
        snprintf(out, 32, "%s%s", value < 0 ? "-" : "", infinity);
    return true;
}

static bool reads_back(const char *text, double value, bool single)
{
    double back = read_c(text, &(char *){NULL});
    return single ? (float)back == (float)value : back == value;
}

/* As Python prints a float: an exponent below 1e-4 and from 1e16 on. */
static void exact(char out[32], double value, int from, int to, bool single, bool power_of_two)
{
    for (int count = from; count <= to; count++) {
        struct decimal d;
        decimal_of(&d, value, count);
        decimal_layout(&d, out, -3, 16);
        if (count == to || reads_back(out, value, single))
            return;
        /* Below a power of two the neighbours lie twice as close as above, so the nearest
           decimal may miss while the next one up does not. */
        if (power_of_two && d.count == count) {
            decimal_increment(&d);
            decimal_layout(&d, out, -3, 16);
            if (reads_back(out, value, single))
                return;
        }
    }
}

static bool is_power_of_two(double value)
{
    int exponent;
    return fabs(frexp(value, &exponent)) == 0.5;
}

char *assay_number_exact(char out[32], double value)
{
    if (not_finite_text(out, value, "Infinity"))
        return out;
    if (fabs(value) < 1e15 && value == (double)(int64_t)value &&
        (value != 0 || !signbit(value))) {
        snprintf(out, 32, "%" PRId64, (int64_t)value);
        return out;
    }
    /* Every decimal of 15 digits survives a normal double; a subnormal has fewer to give. */
    int from = fabs(value) < DBL_MIN ? 1 : DBL_DIG;
    exact(out, value, from, 17, false, is_power_of_two(value));
    return out;
}

char *assay_number_exact_float(char out[32], float value)
{
    if (not_finite_text(out, (double)value, "Infinity"))
        return out;
    int from = fabsf(value) < FLT_MIN ? 1 : FLT_DIG;
    exact(out, (double)value, from, 9, true, is_power_of_two((double)value));
    return out;
}

char *assay_number_short(char out[32], double value, int digits)
{
    if (not_finite_text(out, value, "inf"))
        return out;
    if (value == 0)
        value = 0; /* no "-0" */
    struct decimal d;
    decimal_of(&d, value, digits < 1 ? 1 : digits > 17 ? 17 : digits);
    decimal_layout(&d, out, -3, 7);
    return out;
}

void assay_number_halves(const char *text, int *before, int *after)
{
    size_t point = strcspn(text, ".eE");
    *before = (int)point;
    *after = (int)(strlen(text) - point);
}

char *assay_count_text(char out[32], uint64_t count)
{
    char plain[24];
    int length = snprintf(plain, sizeof plain, "%" PRIu64, count);
    char *to = out;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = plain[i];
    }
    *to = '\0';
    return out;
}

char *assay_bytes_text(char out[32], uint64_t bytes)
{
    static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    size_t i = 0;
    uint64_t unit = 1;
    while (i + 1 < ASSAY_COUNT(names) && bytes / unit >= 1000) {
        unit *= 1000;
        i++;
    }
    uint64_t tenths = bytes / unit * 10 + bytes % unit * 10 / unit;
    if (i == 0 || tenths >= 1000)
        snprintf(out, 32, "%" PRIu64 " %s", tenths / 10, names[i]);
    else
        snprintf(out, 32, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, names[i]);
    return out;
}

/* ---- from text ---- */

static bool parse_word(const char *text, size_t length, bool negative, double *value)
{
    if (length == 3 && strncasecmp(text, "nan", 3) == 0) {
        *value = NAN;
        return true;
    }
    if ((length == 3 && strncasecmp(text, "inf", 3) == 0) ||
        (length == 8 && strncasecmp(text, "infinity", 8) == 0)) {
        *value = negative ? -INFINITY : INFINITY;
        return true;
    }
    return false;
}

/* The long way, for text known to be a well-formed decimal number. */
static double parse_slow(const char *text, size_t length)
{
    char small[64];
    char *copy = length < sizeof small ? small : assay_alloc(length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    double value = read_c(copy, &(char *){NULL});
    if (copy != small)
        free(copy);
    return value;
}

/* What a decimal number consists of, without its sign. */
struct parsed {
    uint64_t mantissa;
    int64_t exponent; /* mantissa * 10^exponent */
    unsigned digits;  /* significant ones; more than 19: mantissa is not to be used */
    size_t length;    /* bytes read */
};

static unsigned digit_at(const char *text, size_t i)
{
    return (unsigned)(unsigned char)text[i] - '0';
}

static bool scan_mantissa(const char *text, size_t length, struct parsed *out)
{
    size_t i = 0, seen = 0;
    bool point = false;
    for (; i < length; i++) {
        unsigned digit = digit_at(text, i);
        if (digit <= 9) {
            seen++;
            if (out->digits || digit)
                out->digits++;
            if (out->digits <= 19)
                out->mantissa = out->mantissa * 10 + digit;
            if (point)
                out->exponent--;
        } else if (text[i] == '.' && !point) {
            point = true;
        } else {
            break;
        }
    }
    out->length = i;
    return seen > 0;
}

static bool scan_exponent(const char *text, size_t length, struct parsed *out)
{
    size_t i = out->length;
    if (i == length)
        return true;
    if (text[i] != 'e' && text[i] != 'E')
        return false;
    i++;
    bool negative = i < length && text[i] == '-';
    if (i < length && (text[i] == '-' || text[i] == '+'))
        i++;
    if (i == length)
        return false;
    int64_t exponent = 0;
    for (; i < length; i++) {
        unsigned digit = digit_at(text, i);
        if (digit > 9)
            return false;
        if (exponent < 1000000)
            exponent = exponent * 10 + digit;
    }
    out->exponent += negative ? -exponent : exponent;
    out->length = i;
    return true;
}

bool assay_number_parse(const char *text, size_t length, double *value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (!length)
        return false;
    bool negative = text[0] == '-';
    size_t sign = negative || text[0] == '+';
    struct parsed p = {0};
    if (!scan_mantissa(text + sign, length - sign, &p))
        return parse_word(text + sign, length - sign, negative, value);
    if (!scan_exponent(text + sign, length - sign, &p))
        return false;
    /* A mantissa and a power of ten that doubles hold exactly make one correctly rounded
       operation (W. D. Clinger, "How to read floating point numbers accurately", 1990). */
    if (p.digits <= 19 && p.mantissa <= UINT64_C(1) << 53 && p.exponent >= -22 &&
        p.exponent <= 22) {
        double number = (double)p.mantissa;
        if (p.exponent < 0)
            number /= powers[-p.exponent];
        else
            number *= powers[p.exponent];
        *value = negative ? -number : number;
    } else {
        *value = parse_slow(text, length);
    }
    return true;
}

bool assay_int_parse(const char *text, size_t length, int64_t *value)
{
    if (!length)
        return false;
    bool negative = text[0] == '-';
    size_t i = negative || text[0] == '+';
    if (i == length)
        return false;
    int64_t number = 0; /* kept negative: there is one more of those */
    for (; i < length; i++) {
        unsigned digit = digit_at(text, i);
        if (digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_sub_overflow(number, (int64_t)digit, &number))
            return false;
    }
    if (!negative && number == INT64_MIN)
        return false;
    *value = negative ? number : -number;
    return true;
}
