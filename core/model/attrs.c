/*
 * Attributes of a run: looking one up, their packed form, and the names of the run states. The
 * databases keep the packed bytes; the catalog unpacks them. Layout, little endian, unaligned:
 *
 *   "AA" version flags(0)  u32 counts of params, tags, metrics, inputs, outputs
 *   u32 size of the five sections together; then the sections one after another:
 *   param, tag   u32 key length, u32 value length, key NUL value NUL
 *   metric       u32 key length, 7 x 8 bytes of summary, u8 single, key NUL
 *   input        8 x (u32 length, text NUL)
 *   output       3 x (u32 length, text NUL), i64 step
 *
 * Params, tags and metrics are sorted by key (bytes), each key once.
 */
#include "model/attrs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/text.h>

#define PACK_VERSION 1
#define SECTIONS     5
#define HEAD_SIZE    (4 + 4 * SECTIONS + 4)

/* ---- names of run states ---- */

static const char *const status_names[] = {
    [ASSAY_RUN_UNKNOWN] = "UNKNOWN",     [ASSAY_RUN_RUNNING] = "RUNNING",
    [ASSAY_RUN_SCHEDULED] = "SCHEDULED", [ASSAY_RUN_FINISHED] = "FINISHED",
    [ASSAY_RUN_FAILED] = "FAILED",       [ASSAY_RUN_KILLED] = "KILLED",
};

const char *assay_run_status_name(enum assay_run_status status)
{
    size_t i = (size_t)status;
    return status_names[i < ASSAY_COUNT(status_names) ? i : ASSAY_RUN_UNKNOWN];
}

enum assay_run_status assay_run_status_parse(const char *name)
{
    for (size_t i = 0; name && i < ASSAY_COUNT(status_names); i++)
        if (strcasecmp(name, status_names[i]) == 0)
            return (enum assay_run_status)i;
    return ASSAY_RUN_UNKNOWN;
}

/* ---- looking up ---- */

static const char *find_pair(const struct assay_pair *pairs, size_t count, const char *key)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(pairs[middle].key, key);
        if (order == 0)
            return pairs[middle].value;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const char *assay_attrs_param(const struct assay_attrs *attrs, const char *key)
{
    return find_pair(attrs->params, attrs->param_count, key);
}

const char *assay_attrs_tag(const struct assay_attrs *attrs, const char *key)
{
    return find_pair(attrs->tags, attrs->tag_count, key);
}

const struct assay_metric *assay_attrs_metric(const struct assay_attrs *attrs, const char *key)
{
    size_t low = 0, high = attrs->metric_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(attrs->metrics[middle].key, key);
        if (order == 0)
            return &attrs->metrics[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---- packing ---- */

static void put_u32(struct assay_buf *out, size_t value)
{
    uint32_t v = (uint32_t)value;
    char bytes[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};
    assay_buf_add(out, bytes, sizeof bytes);
}

static void put_u64(struct assay_buf *out, uint64_t v)
{
    put_u32(out, (size_t)(v & UINT32_MAX));
    put_u32(out, (size_t)(v >> 32));
}

static void put_double(struct assay_buf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_u64(out, bits);
}

static void put_text(struct assay_buf *out, const char *text)
{
    text = text ? text : "";
    size_t length = strlen(text);
    put_u32(out, length);
    assay_buf_add(out, text, length + 1);
}

/* Pointers to the items in the order of their keys: the position breaks ties, so that of equal
   keys the last one given stands last. */
struct entry {
    const char *key;
    size_t index;
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    if (order)
        return order;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Sorts and drops all but the last of equal keys; returns how many are left. */
static size_t sort_entries(struct entry *entries, size_t count)
{
    bool sorted = true;
    for (size_t i = 1; i < count && sorted; i++)
        sorted = strcmp(entries[i - 1].key, entries[i].key) < 0;
    if (sorted)
        return count;
    qsort(entries, count, sizeof *entries, compare_entries);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && strcmp(entries[i].key, entries[i + 1].key) == 0)
            continue;
        entries[kept++] = entries[i];
    }
    return kept;
}

static size_t pack_pairs(const struct assay_pair *pairs, size_t count, struct assay_buf *out)
{
    struct entry *entries = assay_alloc_array(count, sizeof *entries);
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct entry){pairs[i].key, i};
    size_t kept = sort_entries(entries, count);
    for (size_t i = 0; i < kept; i++) {
        const struct assay_pair *pair = &pairs[entries[i].index];
        const char *value = pair->value ? pair->value : "";
        size_t key_length = strlen(pair->key), value_length = strlen(value);
        put_u32(out, key_length);
        put_u32(out, value_length);
        assay_buf_add(out, pair->key, key_length + 1);
        assay_buf_add(out, value, value_length + 1);
    }
    free(entries);
    return kept;
}

static size_t pack_metrics(const struct assay_metric *metrics, size_t count,
                           struct assay_buf *out)
{
    struct entry *entries = assay_alloc_array(count, sizeof *entries);
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct entry){metrics[i].key, i};
    size_t kept = sort_entries(entries, count);
    for (size_t i = 0; i < kept; i++) {
        const struct assay_metric *metric = &metrics[entries[i].index];
        const struct assay_summary *s = &metric->summary;
        size_t length = strlen(metric->key);
        put_u32(out, length);
        put_double(out, s->last);
        put_u64(out, (uint64_t)s->step);
        put_u64(out, (uint64_t)s->time_ms);
        put_double(out, s->min);
        put_double(out, s->max);
        put_u64(out, s->n);
        put_u64(out, s->nonfinite);
        assay_buf_char(out, metric->single ? 1 : 0);
        assay_buf_add(out, metric->key, length + 1);
    }
    free(entries);
    return kept;
}

static void pack_inputs(const struct assay_attrs *attrs, struct assay_buf *out)
{
    for (size_t i = 0; i < attrs->input_count; i++) {
        const struct assay_input *in = &attrs->inputs[i];
        const char *texts[] = {in->type,        in->name,   in->digest, in->context,
                               in->source_type, in->source, in->schema, in->profile};
        for (size_t t = 0; t < ASSAY_COUNT(texts); t++)
            put_text(out, texts[t]);
    }
}

static void pack_outputs(const struct assay_attrs *attrs, struct assay_buf *out)
{
    for (size_t i = 0; i < attrs->output_count; i++) {
        put_text(out, attrs->outputs[i].type);
        put_text(out, attrs->outputs[i].id);
        put_text(out, attrs->outputs[i].name);
        put_u64(out, (uint64_t)attrs->outputs[i].step);
    }
}

void attrs_pack(const struct assay_attrs *attrs, struct assay_buf *out)
{
    struct assay_buf body = {.limit = out->limit};
    size_t counts[SECTIONS];
    counts[0] = pack_pairs(attrs->params, attrs->param_count, &body);
    counts[1] = pack_pairs(attrs->tags, attrs->tag_count, &body);
    counts[2] = pack_metrics(attrs->metrics, attrs->metric_count, &body);
    counts[3] = attrs->input_count;
    counts[4] = attrs->output_count;
    pack_inputs(attrs, &body);
    pack_outputs(attrs, &body);
    const char head[4] = {'A', 'A', PACK_VERSION, 0};
    assay_buf_add(out, head, sizeof head);
    for (size_t i = 0; i < SECTIONS; i++)
        put_u32(out, counts[i]);
    put_u32(out, body.length);
    assay_buf_add(out, body.data, body.length);
    out->overflow = out->overflow || body.overflow;
    assay_buf_free(&body);
}

/* ---- unpacking: every length is checked against what is left ---- */

struct reader {
    const unsigned char *at;
    size_t left;
    bool damaged;
};

static inline const unsigned char *take(struct reader *r, size_t bytes)
{
    static const unsigned char nothing[ATTRS_METRIC_HEAD];
    if (r->damaged || bytes > r->left) {
        r->damaged = true;
        return nothing; /* nobody takes more than this and looks at it before he asks */
    }
    const unsigned char *at = r->at;
    r->at += bytes;
    r->left -= bytes;
    return at;
}

static uint32_t take_u32(struct reader *r)
{
    return attrs_get_u32(take(r, 4));
}

static uint64_t take_u64(struct reader *r)
{
    return attrs_get_u64(take(r, 8));
}

/* LENGTH bytes without a NUL among them, and the NUL behind. */
static const char *take_text(struct reader *r, uint32_t length)
{
    const char *text = (const char *)take(r, (size_t)length + 1);
    if (r->damaged)
        return "";
    if (memchr(text, '\0', (size_t)length + 1) != text + length) {
        r->damaged = true;
        return "";
    }
    return text;
}

static void take_pair(struct reader *r, struct assay_pair *pair)
{
    const unsigned char *b = take(r, 8);
    uint32_t key_length = attrs_get_u32(b), value_length = attrs_get_u32(b + 4);
    pair->key = take_text(r, key_length);
    pair->value = take_text(r, value_length);
}

static void take_metric(struct reader *r, struct assay_metric *metric)
{
    const unsigned char *b = take(r, ATTRS_METRIC_HEAD);
    attrs_get_metric(b, &metric->summary, &metric->single);
    metric->key = take_text(r, attrs_get_u32(b));
}

/* Checks the head; COUNTS get how many items each section claims to have. */
static bool read_head(struct reader *r, uint32_t counts[SECTIONS])
{
    /* The fewest bytes an item of each section takes bound its count before any allocation. */
    static const size_t least[SECTIONS] = {10, 10, 62, 40, 23};
    const unsigned char *head = take(r, 4);
    if (r->damaged || head[0] != 'A' || head[1] != 'A' || head[2] != PACK_VERSION)
        return false;
    for (size_t i = 0; i < SECTIONS; i++)
        counts[i] = take_u32(r);
    uint32_t size = take_u32(r);
    if (r->damaged || size != r->left)
        return false;
    size_t need = 0;
    for (size_t i = 0; i < SECTIONS; i++)
        need += counts[i] * least[i];
    return need <= r->left;
}

static struct assay_pair *unpack_pairs(struct reader *r, uint32_t count,
                                       struct assay_arena *arena)
{
    struct assay_pair *pairs = assay_arena_take(arena, count * sizeof *pairs);
    for (uint32_t i = 0; i < count && !r->damaged; i++) {
        take_pair(r, &pairs[i]);
        if (i && strcmp(pairs[i - 1].key, pairs[i].key) >= 0)
            r->damaged = true;
    }
    return pairs;
}

static struct assay_metric *unpack_metrics(struct reader *r, uint32_t count,
                                           struct assay_arena *arena)
{
    struct assay_metric *metrics = assay_arena_take(arena, count * sizeof *metrics);
    for (uint32_t i = 0; i < count && !r->damaged; i++) {
        take_metric(r, &metrics[i]);
        if (i && strcmp(metrics[i - 1].key, metrics[i].key) >= 0)
            r->damaged = true;
    }
    return metrics;
}

static void take_input(struct reader *r, struct assay_input *in)
{
    const char **texts[] = {&in->type,        &in->name,   &in->digest, &in->context,
                            &in->source_type, &in->source, &in->schema, &in->profile};
    for (size_t t = 0; t < ASSAY_COUNT(texts); t++)
        *texts[t] = take_text(r, take_u32(r));
}

static void unpack_rest(struct reader *r, const uint32_t counts[SECTIONS],
                        struct assay_arena *arena, struct assay_attrs *out)
{
    out->inputs = assay_arena_alloc(arena, counts[3] * sizeof *out->inputs);
    out->input_count = counts[3];
    for (uint32_t i = 0; i < counts[3] && !r->damaged; i++)
        take_input(r, &out->inputs[i]);
    out->outputs = assay_arena_alloc(arena, counts[4] * sizeof *out->outputs);
    out->output_count = counts[4];
    for (uint32_t i = 0; i < counts[4] && !r->damaged; i++) {
        out->outputs[i].type = take_text(r, take_u32(r));
        out->outputs[i].id = take_text(r, take_u32(r));
        out->outputs[i].name = take_text(r, take_u32(r));
        out->outputs[i].step = (int64_t)take_u64(r);
    }
}

static bool unpack(struct reader *r, const uint32_t counts[SECTIONS], struct assay_arena *arena,
                   struct assay_attrs *out)
{
    out->params = unpack_pairs(r, counts[0], arena);
    out->param_count = counts[0];
    out->tags = unpack_pairs(r, counts[1], arena);
    out->tag_count = counts[1];
    out->metrics = unpack_metrics(r, counts[2], arena);
    out->metric_count = counts[2];
    unpack_rest(r, counts, arena, out);
    if (r->damaged || r->left) {
        *out = (struct assay_attrs){0};
        return false;
    }
    return true;
}

bool attrs_unpack_in(const void *bytes, size_t length, struct assay_arena *arena,
                     struct assay_attrs *out)
{
    *out = (struct assay_attrs){0};
    struct reader r = {.at = bytes, .left = length};
    uint32_t counts[SECTIONS];
    return read_head(&r, counts) && unpack(&r, counts, arena, out);
}

bool attrs_unpack(const void *bytes, size_t length, struct assay_arena *arena,
                  struct assay_attrs *out)
{
    *out = (struct assay_attrs){0};
    struct reader r = {.at = bytes, .left = length};
    uint32_t counts[SECTIONS];
    if (!read_head(&r, counts))
        return false;
    /* One copy in the arena; the texts then point into it. */
    r.at = (const unsigned char *)assay_arena_strndup(arena, (const char *)r.at, r.left);
    return unpack(&r, counts, arena, out);
}

/* Moves R to a copy of what is left of it. */
static void copy_rest(struct reader *r, struct assay_arena *arena)
{
    r->at = (const unsigned char *)assay_arena_strndup(arena, (const char *)r->at, r->left);
}

static void skip_pairs(struct reader *r, size_t count)
{
    for (size_t i = 0; i < count && !r->damaged; i++) {
        const unsigned char *b = take(r, 8);
        take(r, (size_t)attrs_get_u32(b) + attrs_get_u32(b + 4) + 2);
    }
}

bool attrs_unpack_beside(const void *bytes, size_t length, struct assay_arena *arena,
                         attrs_take_fn *take_metrics, void *context, struct assay_attrs *out)
{
    struct reader r = {.at = bytes, .left = length}, front;
    uint32_t counts[SECTIONS];
    *out = (struct assay_attrs){0};
    if (!read_head(&r, counts))
        return false;
    front = r;
    skip_pairs(&r, (size_t)counts[0] + counts[1]);
    if (r.damaged)
        return false;
    front.left = (size_t)(r.at - front.at);
    copy_rest(&front, arena);
    out->params = unpack_pairs(&front, out->param_count = counts[0], arena);
    out->tags = unpack_pairs(&front, out->tag_count = counts[1], arena);
    size_t took =
        take_metrics && counts[2] ? take_metrics(context, r.at, r.left, counts[2]) : 0;
    take(&r, took);
    copy_rest(&r, arena);
    if (!took)
        out->metrics = unpack_metrics(&r, out->metric_count = counts[2], arena);
    unpack_rest(&r, counts, arena, out);
    bool whole = !front.damaged && !front.left && !r.damaged && !r.left;
    if (!whole)
        *out = (struct assay_attrs){0};
    return whole;
}

/* ---- finding one field ---- */

/* The value of each dataset's field KEY, those that have none left out. */
static bool find_datasets(struct reader *r, uint32_t count, const char *key,
                          struct assay_buf *joined)
{
    size_t found = 0;
    assay_buf_reset(joined);
    for (uint32_t i = 0; i < count && !r->damaged; i++) {
        struct assay_input in;
        take_input(r, &in);
        const char *value = strcmp(key, "name") == 0     ? in.name
                            : strcmp(key, "digest") == 0 ? in.digest
                                                         : in.context;
        if (r->damaged || strcmp(in.type, "dataset") != 0 || !value[0])
            continue;
        if (found++)
            assay_buf_char(joined, ASSAY_VALUES_BREAK);
        assay_buf_text_add(joined, value);
    }
    return found > 0 && !r->damaged;
}

static bool look_for_pair(struct reader *r, uint32_t count, const char *key, const char **text)
{
    for (uint32_t i = 0; i < count && !r->damaged; i++) {
        struct assay_pair pair;
        take_pair(r, &pair);
        if (key && !r->damaged && strcmp(pair.key, key) == 0) {
            *text = pair.value;
            return true;
        }
    }
    return false;
}

static bool look_for_metric(struct reader *r, uint32_t count, const char *key,
                            struct assay_summary *summary)
{
    for (uint32_t i = 0; i < count && !r->damaged; i++) {
        struct assay_metric metric;
        take_metric(r, &metric);
        if (key && !r->damaged && strcmp(metric.key, key) == 0) {
            *summary = metric.summary;
            return true;
        }
    }
    return false;
}

bool attrs_find(const void *bytes, size_t length, enum assay_field_kind kind, const char *key,
                struct assay_summary *summary, const char **text, struct assay_buf *joined)
{
    struct reader r = {.at = bytes, .left = length};
    uint32_t counts[SECTIONS];
    if (!read_head(&r, counts))
        return false;
    /* One section after the other; no key: the section is walked through. */
    if (look_for_pair(&r, counts[0], kind == ASSAY_FIELD_PARAM ? key : NULL, text))
        return true;
    if (kind == ASSAY_FIELD_PARAM)
        return false;
    if (look_for_pair(&r, counts[1], kind == ASSAY_FIELD_TAG ? key : NULL, text))
        return true;
    if (kind == ASSAY_FIELD_TAG)
        return false;
    if (look_for_metric(&r, counts[2], kind == ASSAY_FIELD_METRIC ? key : NULL, summary))
        return true;
    if (kind == ASSAY_FIELD_METRIC || !find_datasets(&r, counts[3], key, joined))
        return false;
    *text = assay_buf_text(joined);
    return true;
}

static void each_pair(struct reader *r, uint32_t count, enum assay_field_kind kind,
                      attrs_item_fn fn, void *context)
{
    for (uint32_t i = 0; i < count && !r->damaged; i++) {
        struct assay_pair pair;
        take_pair(r, &pair);
        if (!r->damaged)
            fn(context, kind, pair.key, NULL, pair.value);
    }
}

void attrs_each(const void *bytes, size_t length, attrs_item_fn fn, void *context)
{
    struct reader r = {.at = bytes, .left = length};
    uint32_t counts[SECTIONS];
    if (!read_head(&r, counts))
        return;
    each_pair(&r, counts[0], ASSAY_FIELD_PARAM, fn, context);
    each_pair(&r, counts[1], ASSAY_FIELD_TAG, fn, context);
    for (uint32_t i = 0; i < counts[2] && !r.damaged; i++) {
        struct assay_metric metric;
        take_metric(&r, &metric);
        if (!r.damaged)
            fn(context, ASSAY_FIELD_METRIC, metric.key, &metric.summary, NULL);
    }
}
