/*
 * Fuzzes what outside text passes through: cleaning gives valid UTF-8 without controls, numbers
 * read back as they were written, patterns match in bounded time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void clean(const char *text, size_t size)
{
    struct assay_buf out = {0}, again = {0}, padded = {0};
    assay_text_clean(&out, text, size);
    require(assay_utf8_valid(assay_buf_text(&out), out.length));
    for (size_t i = 0; i < out.length; i++)
        require((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f);
    assay_text_clean(&again, assay_buf_text(&out), out.length);
    require(again.length == out.length &&
            !memcmp(assay_buf_text(&again), assay_buf_text(&out), out.length));
    for (int cells = 1; cells < 12; cells++) {
        assay_buf_reset(&padded);
        assay_text_pad(&padded, assay_buf_text(&out), cells, cells % 2, false);
        require(assay_text_width(assay_buf_text(&padded)) == cells);
    }
    assay_buf_free(&out);
    assay_buf_free(&again);
    assay_buf_free(&padded);
}

static void number(const char *text, size_t size)
{
    double value, back;
    int64_t integer;
    char out[32];
    assay_int_parse(text, size, &integer);
    assay_time_parse(text, size, &integer);
    if (!assay_number_parse(text, size, &value))
        return;
    assay_number_exact(out, value);
    require(assay_number_parse(out, strlen(out), &back));
    require(isnan(value) ? isnan(back) : !memcmp(&value, &back, sizeof value));
    assay_number_short(out, value, (int)(size % 20));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    clean(text, size);
    number(text, size);
    /* The first half against the second. */
    char *a = assay_strndup(text, size / 2),
         *b = assay_strndup(text + size / 2, size - size / 2);
    char small[7];
    assay_text_like(a, b, size % 2);
    assay_text_contains(a, b);
    int forth = assay_text_natural(a, b), back = assay_text_natural(b, a);
    require((forth <= 0 || back <= 0) && (forth >= 0 || back >= 0));
    require(strlen(assay_text_clean_to(small, sizeof small, a)) < sizeof small);
    free(a);
    free(b);
    return 0;
}
