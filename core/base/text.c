/*
 * Text made safe for a terminal, measured and cut in cells, matched and ordered. Whatever comes
 * from outside passes through assay_text_clean() before it is shown.
 */
#include <assay/text.h>

#include <ctype.h>
#include <string.h>

#include <assay/memory.h>

#define REPLACEMENT 0xfffd

/* Characters that take no place of their own or reorder what stands around them: with them a
   name can look like another one, or carry something nobody sees. Sorted. */
static bool is_invisible(uint32_t code)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00ad, 0x00ad},   {0x034f, 0x034f}, {0x061c, 0x061c},   {0x115f, 0x1160},
        {0x17b4, 0x17b5},   {0x180b, 0x180f}, {0x200b, 0x200f},   {0x202a, 0x202e},
        {0x2060, 0x206f},   {0x3164, 0x3164}, {0xfe00, 0xfe0d},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},   {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
        {0xe0000, 0xe0fff},
    };
    if (code < ranges[0].first)
        return false;
    for (size_t i = 0; i < ASSAY_COUNT(ranges); i++)
        if (code <= ranges[i].last)
            return code >= ranges[i].first;
    return false;
}

/* What is shown for CODE; 0 for nothing. */
static uint32_t clean_code(uint32_t code)
{
    if (code == '\t' || code == '\n' || code == '\r' || code == 0x2028 || code == 0x2029)
        return ' ';
    if (code < 0x20 || (code >= 0x7f && code < 0xa0))
        return REPLACEMENT;
    /* Text or emoji style of the character before: terminals disagree on the width it then has.
     */
    if (code == 0xfe0e || code == 0xfe0f)
        return 0;
    return is_invisible(code) ? REPLACEMENT : code;
}

/* Bytes of plain printable ASCII at the start: nearly all text is that. */
static size_t plain_length(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && text[i] >= 0x20 && text[i] < 0x7f)
        i++;
    return i;
}

void assay_text_clean(struct assay_buf *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t plain = plain_length(text + i, length - i);
        if (plain) {
            assay_buf_add(out, text + i, plain);
            i += plain;
            continue;
        }
        uint32_t code;
        char bytes[4];
        i += assay_utf8_decode(text + i, length - i, &code);
        code = clean_code(code);
        if (code)
            assay_buf_add(out, bytes, assay_utf8_encode(code, bytes));
    }
}

char *assay_text_clean_to(char *out, size_t capacity, const char *text)
{
    size_t length = strlen(text), used = 0;
    for (size_t i = 0; i < length;) {
        uint32_t code;
        char bytes[4];
        i += assay_utf8_decode(text + i, length - i, &code);
        code = clean_code(code);
        if (!code)
            continue;
        size_t count = assay_utf8_encode(code, bytes);
        if (used + count >= capacity)
            break;
        memcpy(out + used, bytes, count);
        used += count;
    }
    if (capacity)
        out[used] = '\0';
    return out;
}

int assay_text_width(const char *text)
{
    size_t length = strlen(text);
    int cells = 0;
    for (size_t i = 0; i < length;) {
        uint32_t code;
        i += assay_utf8_decode(text + i, length - i, &code);
        cells += assay_code_width(code);
    }
    return cells;
}

size_t assay_text_fit(const char *text, int cells, int *used)
{
    size_t length = strlen(text), fit = 0;
    int total = 0;
    while (fit < length) {
        uint32_t code;
        size_t bytes = assay_utf8_decode(text + fit, length - fit, &code);
        int width = assay_code_width(code);
        if (total + width > cells)
            break;
        total += width;
        fit += bytes;
    }
    if (used)
        *used = total;
    return fit;
}

void assay_text_pad(struct assay_buf *out, const char *text, int cells, bool right, bool ascii)
{
    if (cells <= 0)
        return;
    int used;
    size_t fit = assay_text_fit(text, cells, &used);
    const char *mark = "";
    if (text[fit]) {
        mark = ascii ? "~" : "\xe2\x80\xa6";
        fit = assay_text_fit(text, cells - 1, &used);
        used++;
    }
    size_t blanks = (size_t)(cells - used);
    if (right)
        assay_buf_repeat(out, " ", blanks);
    assay_buf_add(out, text, fit);
    assay_buf_text_add(out, mark);
    if (!right)
        assay_buf_repeat(out, " ", blanks);
}

/* ---- matching ---- */

static unsigned char fold_byte(char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : (unsigned char)c;
}

bool assay_text_contains(const char *haystack, const char *needle)
{
    size_t length = strlen(needle);
    if (!length)
        return true;
    for (unsigned char first = fold_byte(needle[0]); *haystack; haystack++) {
        if (fold_byte(*haystack) != first)
            continue;
        size_t i = 1;
        while (i < length && haystack[i] && fold_byte(haystack[i]) == fold_byte(needle[i]))
            i++;
        if (i == length)
            return true;
    }
    return false;
}

/* One character further: a well-formed sequence whole, else a byte. */
static const char *next_character(const char *text)
{
    uint32_t code;
    return text + assay_utf8_decode(text, strnlen(text, 4), &code);
}

/* Only the last % met is ever taken back, since an earlier one can gain nothing from a longer
   run: what stands between two of them is found at its first place. No nesting, so no
   explosion. */
bool assay_text_like(const char *text, const char *pattern, bool fold)
{
    const char *again_pattern = NULL, *again_text = NULL;
    while (*text) {
        if (*pattern == '%') {
            again_pattern = ++pattern;
            again_text = text;
            if (!*pattern)
                return true;
        } else if (*pattern == '_') {
            pattern++;
            text = next_character(text);
        } else if (*pattern &&
                   (fold ? fold_byte(*pattern) == fold_byte(*text) : *pattern == *text)) {
            pattern++;
            text++;
        } else if (again_pattern) {
            pattern = again_pattern;
            text = again_text = next_character(again_text);
        } else {
            return false;
        }
    }
    while (*pattern == '%')
        pattern++;
    return !*pattern;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Compares the digit runs at *a and *b by value and moves both behind them. */
static int compare_runs(const char **a, const char **b)
{
    const char *x = *a, *y = *b;
    while (*x == '0')
        x++;
    while (*y == '0')
        y++;
    size_t nx = 0, ny = 0;
    while (is_digit(x[nx]))
        nx++;
    while (is_digit(y[ny]))
        ny++;
    *a = x + nx;
    *b = y + ny;
    if (nx != ny)
        return nx < ny ? -1 : 1;
    return memcmp(x, y, nx);
}

/* Whether the digits at AT, in the text that begins at START, are the decimals of a number: of
   one below 1, or such as begin with a zero ("lr0.15", "1.05"). Others may count versions: 1.10
   comes after 1.9. */
static bool is_fraction(const char *start, const char *at)
{
    if (at - start < 2 || at[-1] != '.' || !is_digit(at[-2]))
        return false;
    const char *zeros = at - 1;
    while (zeros > start && zeros[-1] == '0')
        zeros--;
    return *at == '0' || (zeros < at - 1 && (zeros == start || !is_digit(zeros[-1])));
}

/* The same for decimals, which count from the left. */
static int compare_decimals(const char **a, const char **b)
{
    const char *x = *a, *y = *b;
    while (is_digit(*x) && *x == *y)
        x++, y++;
    bool more_x = is_digit(*x), more_y = is_digit(*y);
    *a = x;
    *b = y;
    if (more_x && more_y)
        return *x < *y ? -1 : 1;
    return more_x - more_y;
}

void assay_text_word(struct assay_buf *out, const char *text)
{
    struct assay_buf clean = {0};

    assay_text_clean(&clean, text, strlen(text));
    assay_buf_char(out, '\'');
    for (const char *p = assay_buf_text(&clean); *p; p++)
        if (*p == '\'')
            assay_buf_text_add(out, "'\\''");
        else
            assay_buf_char(out, *p);
    assay_buf_char(out, '\'');
    assay_buf_free(&clean);
}

int assay_text_natural(const char *a, const char *b)
{
    const char *x = a, *y = b;
    while (*x && *y) {
        if (is_digit(*x) && is_digit(*y)) {
            bool fraction = is_fraction(a, x) || is_fraction(b, y);
            int order = fraction ? compare_decimals(&x, &y) : compare_runs(&x, &y);
            if (order)
                return order;
        } else if (*x != *y) {
            return (unsigned char)*x < (unsigned char)*y ? -1 : 1;
        } else {
            x++;
            y++;
        }
    }
    if (*x || *y)
        return *x ? 1 : -1;
    return strcmp(a, b);
}
