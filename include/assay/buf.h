/*
 * A growing byte buffer, always followed by a NUL that is not counted. Start with
 * `struct assay_buf buf = {0};`, end with assay_buf_free(). `limit` bounds it: past the limit
 * additions are dropped and `overflow` is set, so a hostile source cannot exhaust memory.
 */
#ifndef ASSAY_BUF_H
#define ASSAY_BUF_H

#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>

struct assay_buf {
    char *data; /* NULL while empty and never grown; use assay_buf_text() for a C string */
    size_t length;
    size_t capacity;
    size_t limit; /* 0: 1 GiB */
    bool overflow;
};

void assay_buf_add(struct assay_buf *buf, const void *bytes, size_t length);
void assay_buf_text_add(struct assay_buf *buf, const char *text); /* NULL adds nothing */
void assay_buf_char(struct assay_buf *buf, char c);
void assay_buf_repeat(struct assay_buf *buf, const char *text, size_t times);
void assay_buf_format(struct assay_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void assay_buf_vformat(struct assay_buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
const char *assay_buf_text(const struct assay_buf *buf); /* never NULL */
char *assay_buf_take(struct assay_buf *buf);             /* the text becomes the caller's */
void assay_buf_reset(struct assay_buf *buf);             /* empty, keeps its memory */
void assay_buf_free(struct assay_buf *buf);

#endif
