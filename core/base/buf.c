/*
 * The growing byte buffer: everything that makes text or bytes of unknown length uses it.
 */
#include <assay/buf.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#define DEFAULT_LIMIT ((size_t)1 << 30)

/* Makes room for LENGTH more bytes and the NUL. False, with `overflow` set, past the limit. */
static bool reserve(struct assay_buf *buf, size_t length)
{
    size_t limit = buf->limit ? buf->limit : DEFAULT_LIMIT;
    if (buf->length > limit || length > limit - buf->length) {
        buf->overflow = true;
        return false;
    }
    if (buf->capacity < buf->length + length + 1) {
        size_t need = buf->length + length + 1;
        ASSAY_GROW(buf->data, buf->capacity, need < 64 ? 64 : need);
    }
    return true;
}

void assay_buf_add(struct assay_buf *buf, const void *bytes, size_t length)
{
    if (!reserve(buf, length))
        return;
    if (length)
        memcpy(buf->data + buf->length, bytes, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void assay_buf_text_add(struct assay_buf *buf, const char *text)
{
    if (text)
        assay_buf_add(buf, text, strlen(text));
}

void assay_buf_char(struct assay_buf *buf, char c)
{
    if (!reserve(buf, 1))
        return;
    buf->data[buf->length++] = c;
    buf->data[buf->length] = '\0';
}

void assay_buf_repeat(struct assay_buf *buf, const char *text, size_t times)
{
    size_t length = strlen(text);
    if (length && times > SIZE_MAX / length) {
        buf->overflow = true;
        return;
    }
    if (!reserve(buf, length * times))
        return;
    for (size_t i = 0; i < times; i++)
        assay_buf_add(buf, text, length);
}

void assay_buf_vformat(struct assay_buf *buf, const char *format, va_list args)
{
    char small[256];
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(small, sizeof small, format, args);
    if (length >= 0 && (size_t)length < sizeof small) {
        assay_buf_add(buf, small, (size_t)length);
    } else if (length >= 0 && reserve(buf, (size_t)length)) {
        vsnprintf(buf->data + buf->length, (size_t)length + 1, format, again);
        buf->length += (size_t)length;
    }
    va_end(again);
}

void assay_buf_format(struct assay_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    assay_buf_vformat(buf, format, args);
    va_end(args);
}

const char *assay_buf_text(const struct assay_buf *buf)
{
    return buf->data ? buf->data : "";
}

char *assay_buf_take(struct assay_buf *buf)
{
    char *text = buf->data ? buf->data : assay_strdup("");
    size_t limit = buf->limit;
    *buf = (struct assay_buf){.limit = limit};
    return text;
}

void assay_buf_reset(struct assay_buf *buf)
{
    buf->length = 0;
    buf->overflow = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void assay_buf_free(struct assay_buf *buf)
{
    free(buf->data);
    *buf = (struct assay_buf){0};
}
