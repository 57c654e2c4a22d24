/*
 * Errors: filling a struct assay_error once, with text that is safe on a terminal. Everybody
 * calls this; the command line turns the status into its exit status.
 */
#include <assay/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <assay/text.h>

/* Cleaning may make text longer (a control byte becomes three), hence room for less than that.
 */
__attribute__((format(printf, 3, 0))) static void format_clean(char *out, size_t capacity,
                                                               const char *format, va_list args)
{
    char raw[1024];
    vsnprintf(raw, sizeof raw, format, args);
    assay_text_clean_to(out, capacity, raw);
}

enum assay_status assay_fail(struct assay_error *err, enum assay_status status,
                             const char *format, ...)
{
    if (err && err->status == ASSAY_OK) {
        va_list args;
        va_start(args, format);
        format_clean(err->what, sizeof err->what, format, args);
        va_end(args);
        err->status = status;
    }
    return status;
}

void assay_hint(struct assay_error *err, const char *format, ...)
{
    if (!err || err->hint[0])
        return;
    va_list args;
    va_start(args, format);
    format_clean(err->hint, sizeof err->hint, format, args);
    va_end(args);
}

void assay_error_clear(struct assay_error *err)
{
    if (err)
        *err = (struct assay_error){.status = ASSAY_OK};
}

int assay_exit_status(enum assay_status status)
{
    switch (status) {
    case ASSAY_OK:
        return 0;
    case ASSAY_NO:
        return 1;
    case ASSAY_BAD_INPUT:
        return 2;
    case ASSAY_IO:
    case ASSAY_CORRUPT:
        return 3;
    case ASSAY_CANCELLED:
        return 130;
    }
    return 3;
}
