/*
 * Times, spans and patterns of filters; called by core/query/parser.c.
 */
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

#include "query/value.h"

/* Milliseconds of the unit at *at, which moves behind it; 0 where there is none. */
static double take_unit(const char **at)
{
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"ms", 1},      {"s", 1e3},      {"m", 60e3},      {"h", 3600e3},
                 {"d", 86400e3}, {"w", 604800e3}, {"y", 31557600e3}};
    for (size_t i = 0; i < ASSAY_COUNT(units); i++) {
        size_t length = strlen(units[i].name);
        char after = strncmp(*at, units[i].name, length) == 0 ? (*at)[length] : 'x';
        if (after && !(after >= '0' && after <= '9'))
            continue;
        *at += length;
        return units[i].ms;
    }
    return 0;
}

/* Numbers with units, as in "1h30m", that fill TEXT whole. */
static bool parse_units(const char *text, double *ms)
{
    double sum = 0;
    if (!*text)
        return false;
    while (*text) {
        size_t digits = strspn(text, "0123456789.");
        double number, unit;
        if (!digits || !assay_number_parse(text, digits, &number))
            return false;
        text += digits;
        unit = take_unit(&text);
        if (unit <= 0)
            return false;
        sum += number * unit;
    }
    *ms = sum;
    return true;
}

bool value_time(const char *text, int64_t now_ms, double *ms)
{
    int64_t time_ms;
    double ago;
    if (assay_number_parse(text, strlen(text), ms))
        return true;
    if (assay_time_parse(text, strlen(text), &time_ms)) {
        *ms = (double)time_ms;
        return true;
    }
    *ms = (double)now_ms;
    if (strncasecmp(text, "now", 3) == 0) {
        text += 3;
        if (!*text)
            return true;
    }
    if ((*text != '-' && *text != '+') || !parse_units(text + 1, &ago))
        return false;
    *ms += *text == '-' ? -ago : ago;
    return true;
}

bool value_span(const char *text, double *ms)
{
    if (assay_number_parse(text, strlen(text), ms)) {
        *ms *= 1000;
        return true;
    }
    return parse_units(text, ms);
}

const char *value_contains(struct assay_arena *arena, const char *pattern)
{
    size_t length = strlen(pattern);
    if (length < 3 || pattern[0] != '%' || pattern[length - 1] != '%')
        return NULL;
    const char *text = assay_arena_strndup(arena, pattern + 1, length - 2);
    return strpbrk(text, "%_") ? NULL : text;
}
