/*
 * Sorting rows of the catalog. Each row gets a key of 64 bits whose order is the order wanted
 * (for texts: the first bytes, with numbers in them written so that bytes compare naturally),
 * the keys are radix-sorted, and only texts that agree so far are compared in full. A hundred
 * thousand rows take milliseconds. Every step is stable.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/query.h>
#include <assay/text.h>

#include "query/fields.h"

struct item {
    uint64_t key, second; /* second: the bytes of a text after those in key */
    const char *text;     /* NULL where the key says it all */
    uint32_t row;
    uint32_t rest; /* where in the text the keys end */
};

/* Whatever the direction: NaN after the numbers, nothing at all last. */
#define KEY_NAN     (UINT64_MAX - 1)
#define KEY_MISSING UINT64_MAX
#define KEY_MOST    (UINT64_MAX - 2)

/* ---- keys ---- */

/* Doubles in the order of unsigned integers, from 0 to KEY_MOST. */
static uint64_t number_key(double number, bool descending)
{
    uint64_t bits;
    if (isnan(number))
        return KEY_NAN;
    number = number == 0 ? 0 : number; /* -0 equals 0 */
    memcpy(&bits, &number, sizeof bits);
    bits = bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
    return descending ? KEY_MOST - bits : bits;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Writes TEXT so that memcmp() orders as assay_text_natural() does: a run of digits is its
   length and then its digits. Runs of nine digits and more end the key, and so do decimals
   ("0.15"), for only a full comparison can tell them apart. Returns how far it came: the
   beginning of a number where it could not finish it. */
static size_t text_key(const char *text, unsigned char out[16])
{
    size_t at = 0, i = 0;
    memset(out, 0, 16);
    while (text[i] && at < 16) {
        if (!is_digit(text[i])) {
            out[at++] = (unsigned char)text[i++];
            continue;
        }
        size_t first = i, length = 0;
        while (text[first] == '0')
            first++;
        while (is_digit(text[first + length]))
            length++;
        out[at++] = (unsigned char)('0' + (length < 9 ? length : 9));
        if (length >= 9)
            break;
        for (size_t k = 0; k < length && at + k < 16; k++)
            out[at + k] = (unsigned char)text[first + k];
        at += length;
        if (at > 16)
            break;
        if (text[first + length] == '.' && is_digit(text[first + length + 1])) {
            for (const char *mark = ".0"; *mark && at < 16; mark++)
                out[at++] = (unsigned char)*mark;
            break;
        }
        i = first + length;
    }
    return i;
}

static uint64_t big_endian(const unsigned char bytes[8])
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

/* The bytes that all texts begin with, less a number at their end. */
static size_t common_prefix(const struct item *items, size_t count)
{
    const char *first = items[0].text;
    size_t length = strlen(first);
    for (size_t i = 1; i < count; i++) {
        size_t same = 0;
        while (same < length && items[i].text[same] == first[same])
            same++;
        length = same;
    }
    while (length > 0 &&
           (is_digit(first[length - 1]) ||
            (first[length - 1] == '.' && length > 1 && is_digit(first[length - 2]))))
        length--;
    return length;
}

/* The keys of items that all are texts. */
static void text_keys(struct item *items, size_t count, bool descending)
{
    size_t skip = common_prefix(items, count);
    for (size_t i = 0; i < count; i++) {
        unsigned char bytes[16];
        items[i].rest = (uint32_t)(skip + text_key(items[i].text + skip, bytes));
        items[i].key = big_endian(bytes);
        items[i].second = big_endian(bytes + 8);
        if (descending) {
            items[i].key = ~items[i].key;
            items[i].second = ~items[i].second;
        }
    }
}

/* ---- sorting ---- */

/* Rows come as they were logged, which is what they are mostly sorted by: true where they are
   in order, or were just the other way round. */
static bool order_at_once(struct item *items, size_t count)
{
    size_t at = 1;
    while (at < count && items[at - 1].key <= items[at].key)
        at++;
    if (at >= count)
        return true;
    at = 1;
    while (at < count && items[at - 1].key > items[at].key) /* equal ones keep their order */
        at++;
    if (at < count)
        return false;
    for (size_t low = 0, high = count - 1; low < high; low++, high--) {
        struct item item = items[low];
        items[low] = items[high];
        items[high] = item;
    }
    return true;
}

/* Least significant digit first, eleven bits at a time; digits that all keys share are skipped.
 */
static void radix_sort(struct item *items, size_t count)
{
    enum { BITS = 11, BUCKETS = 1 << BITS };
    if (order_at_once(items, count))
        return;
    struct item *spare = assay_alloc_array(count, sizeof *spare);
    struct item *in = items, *out = spare;
    for (unsigned shift = 0; shift < 64; shift += BITS) {
        size_t places[BUCKETS] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++)
            places[in[i].key >> shift & (BUCKETS - 1)]++;
        if (places[in[0].key >> shift & (BUCKETS - 1)] == count)
            continue;
        for (size_t i = 0; i < BUCKETS; i++) {
            size_t here = places[i];
            places[i] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            out[places[in[i].key >> shift & (BUCKETS - 1)]++] = in[i];
        struct item *swap = in;
        in = out;
        out = swap;
    }
    if (in != items)
        memcpy(items, in, count * sizeof *items);
    free(spare);
}

static bool text_before(const struct item *a, const struct item *b, bool descending)
{
    if (a->second != b->second)
        return a->second < b->second;
    int order = assay_text_natural(a->text + a->rest, b->text + b->rest);
    if (order == 0) /* all that is left is zeros before digits */
        order = assay_text_natural(a->text, b->text);
    return descending ? order > 0 : order < 0;
}

/* Merge sort of items whose keys are equal, from short stretches sorted by insertion. */
static void sort_texts(struct item *items, struct item *spare, size_t count, bool descending)
{
    enum { SHORT = 8 };
    for (size_t from = 0; from < count; from += SHORT) {
        size_t to = count - from < SHORT ? count : from + SHORT;
        for (size_t i = from + 1; i < to; i++) {
            struct item item = items[i];
            size_t k = i;
            for (; k > from && text_before(&item, &items[k - 1], descending); k--)
                items[k] = items[k - 1];
            items[k] = item;
        }
    }
    for (size_t width = SHORT; width < count; width *= 2) {
        for (size_t from = 0; from < count; from += 2 * width) {
            size_t middle = count - from < width ? count : from + width;
            size_t end = count - from < 2 * width ? count : from + 2 * width;
            size_t a = from, b = middle;
            if (b < end && !text_before(&items[b], &items[b - 1], descending))
                b = end; /* in order already */
            if (b == end) {
                memcpy(spare + from, items + from, (end - from) * sizeof *items);
                continue;
            }
            for (size_t i = from; i < end; i++) {
                bool right =
                    a == middle || (b < end && text_before(&items[b], &items[a], descending));
                spare[i] = right ? items[b++] : items[a++];
            }
        }
        memcpy(items, spare, count * sizeof *items);
    }
}

static void sort_items(struct item *items, size_t count, bool descending)
{
    radix_sort(items, count);
    struct item *spare = NULL;
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && items[to].key == items[from].key;)
            to++;
        if (to - from < 2 || !items[from].text)
            continue;
        if (!spare)
            spare = assay_alloc_array(count, sizeof *spare);
        sort_texts(items + from, spare, to - from, descending);
    }
    free(spare);
}

/* ---- what to sort by ---- */

static void number_item(struct item *item, double number, bool descending)
{
    item->key = number_key(number, descending);
}

static void column_items(struct assay_catalog *catalog, enum assay_field_kind kind,
                         const char *key, enum assay_stat stat, bool descending,
                         struct item *items, size_t count, bool *loading)
{
    const struct assay_column *column = assay_catalog_column(catalog, kind, key, stat);
    *loading |= !column->ready;
    for (size_t i = 0; i < count; i++) {
        uint32_t row = items[i].row;
        if (row >= column->count || !column->present[row])
            continue;
        double number = column->numbers[row];
        if (kind != ASSAY_FIELD_METRIC && isnan(number))
            items[i].text = column->texts[row];
        else
            number_item(&items[i], number, descending);
    }
}

/* The key of a run by an attribute that is no text. */
static uint64_t attr_key(const struct assay_catalog *catalog, const struct assay_run *run,
                         enum query_attr attr, int64_t now_ms, bool descending)
{
    double number;
    if (attr == ATTR_STATUS)
        return run->status == ASSAY_RUN_UNKNOWN ? KEY_MISSING
                                                : number_key(run->status, descending);
    return attr_number(catalog, run, attr, now_ms, &number) ? number_key(number, descending)
                                                            : KEY_MISSING;
}

static bool is_text(enum query_attr attr)
{
    return attr != ATTR_STATUS && attr_type(attr) == ATTR_TEXT;
}

static void attr_items(struct assay_catalog *catalog, enum query_attr attr, bool descending,
                       struct item *items, size_t count)
{
    int64_t now_ms = assay_now_ms();
    for (size_t i = 0; i < count; i++) {
        const struct assay_run *run = assay_catalog_run(catalog, items[i].row);
        if (is_text(attr))
            items[i].text = attr_text(catalog, run, attr);
        else
            items[i].key = attr_key(catalog, run, attr, now_ms, descending);
    }
}

/* What is sorted by, where it is an attribute. */
static bool sort_attr(const struct assay_sort *sort, enum query_attr *attr)
{
    const char *dot = strchr(sort->field, '.');
    enum field_prefix prefix =
        dot ? field_prefix(sort->field, (size_t)(dot - sort->field)) : PREFIX_NONE;
    const char *name = prefix == PREFIX_NONE ? sort->field : dot + 1;
    return (prefix == PREFIX_NONE || prefix == PREFIX_ATTR) &&
           field_attr(name, strlen(name), attr);
}

/* Rows come as they were logged, which is what they are mostly sorted by: where they are in
   that order, or just the other way round, nothing has to be laid out to see it. */
static bool attr_order(const struct assay_sort *sort, struct assay_catalog *catalog,
                       uint32_t *rows, size_t count)
{
    enum query_attr attr;
    uint64_t last = 0;
    bool forth = true, back = true; /* equal ones keep their order */
    if (!sort_attr(sort, &attr) || is_text(attr))
        return false;
    int64_t now_ms = assay_now_ms();
    for (size_t i = 0; i < count && (forth || back); i++) {
        uint64_t key = attr_key(catalog, assay_catalog_run(catalog, rows[i]), attr, now_ms,
                                sort->descending);
        forth &= i == 0 || last <= key;
        back &= i == 0 || last > key;
        last = key;
    }
    for (size_t low = 0, high = count - 1; back && !forth && low < high; low++, high--) {
        uint32_t row = rows[low];
        rows[low] = rows[high];
        rows[high] = row;
    }
    return forth || back;
}

static void fill_items(const struct assay_sort *sort, struct assay_catalog *catalog,
                       struct item *items, size_t count, bool *loading)
{
    const char *dot = strchr(sort->field, '.');
    enum field_prefix prefix =
        dot ? field_prefix(sort->field, (size_t)(dot - sort->field)) : PREFIX_NONE;
    const char *name = prefix == PREFIX_NONE ? sort->field : dot + 1;
    size_t length = strlen(name);
    enum query_attr attr;
    char key[sizeof sort->field];

    if (sort_attr(sort, &attr)) {
        attr_items(catalog, attr, sort->descending, items, count);
        return;
    }
    enum assay_field_kind kind = prefix == PREFIX_PARAM ? ASSAY_FIELD_PARAM
                                 : prefix == PREFIX_TAG ? ASSAY_FIELD_TAG
                                                        : ASSAY_FIELD_METRIC;
    enum assay_stat stat = ASSAY_STAT_LAST;
    if (kind == ASSAY_FIELD_METRIC)
        stat = field_take_stat(name, &length);
    memcpy(key, name, length);
    key[length] = '\0';
    column_items(catalog, kind, key, stat, sort->descending, items, count, loading);
}

/* Sorts numbers and what is missing, and texts, each among themselves, then puts the texts in
   their place: after the numbers, or before them when descending. */
static void order_rows(struct item *items, size_t count, bool descending, uint32_t *rows)
{
    struct item *texts = assay_alloc_array(count, sizeof *texts);
    size_t text_count = 0, others = 0, numbers = 0, at = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].text)
            texts[text_count++] = items[i];
        else
            items[others++] = items[i];
    }
    if (others > 0)
        sort_items(items, others, descending);
    if (text_count > 0) {
        text_keys(texts, text_count, descending);
        sort_items(texts, text_count, descending);
    }
    while (numbers < others && items[numbers].key <= KEY_MOST)
        numbers++;
    for (size_t i = 0; descending && i < text_count; i++)
        rows[at++] = texts[i].row;
    for (size_t i = 0; i < numbers; i++)
        rows[at++] = items[i].row;
    for (size_t i = 0; !descending && i < text_count; i++)
        rows[at++] = texts[i].row;
    for (size_t i = numbers; i < others; i++)
        rows[at++] = items[i].row;
    free(texts);
}

/* What is equal stands as MLflow has it, the newest first: in whichever order a source was
   read, which is another one each time where several threads read it. */
static void newest_first(const struct assay_sort *sort, struct assay_catalog *catalog,
                         uint32_t *rows, size_t count)
{
    static const struct assay_sort by_start = {.field = "start", .descending = true};
    enum query_attr attr;
    bool unready;
    if ((sort_attr(sort, &attr) && attr == ATTR_START) ||
        attr_order(&by_start, catalog, rows, count))
        return;
    struct item *items = assay_alloc_array(count, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i].row = rows[i];
    fill_items(&by_start, catalog, items, count, &unready);
    order_rows(items, count, true, rows);
    free(items);
}

void assay_sort_apply(const struct assay_sort *sort, struct assay_catalog *catalog,
                      uint32_t *rows, size_t count, bool *loading)
{
    bool unready = false;
    if (count > 0)
        newest_first(sort, catalog, rows, count);
    if (count > 0 && !attr_order(sort, catalog, rows, count)) {
        struct item *items = assay_alloc_array(count, sizeof *items);
        for (size_t i = 0; i < count; i++)
            items[i] = (struct item){.key = KEY_MISSING, .row = rows[i]};
        fill_items(sort, catalog, items, count, &unready);
        order_rows(items, count, sort->descending, rows);
        free(items);
    }
    if (loading)
        *loading = unready;
}
