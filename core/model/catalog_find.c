/*
 * Finding things by what people type: runs by a prefix of their id or by EXPERIMENT/NAME, the
 * names in use, the shortest id that is still unique.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "model/catalog_private.h"

#define SHORTEST_PREFIX  4
#define SHORT_ID         8
#define CANDIDATES_SHOWN 10

/* Follows SOURCE-NAME: at the start of *ref; ASSAY_NONE where there is none. */
static uint32_t take_source(const struct assay_catalog *catalog, const char **ref)
{
    for (uint32_t i = 0; i < catalog->source_count; i++) {
        size_t length = strlen(catalog->sources[i].name);

        if (length && strncmp(*ref, catalog->sources[i].name, length) == 0 &&
            (*ref)[length] == ':') {
            *ref += length + 1;
            return i;
        }
    }
    return ASSAY_NONE;
}

/* Whether REF is EXPERIMENT/NAME of this run (both may contain slashes). */
static bool is_named(const struct assay_catalog *catalog, const struct assay_run *run,
                     const char *ref)
{
    const struct assay_experiment *experiment = &catalog->experiments[run->experiment];
    const char *const firsts[] = {experiment->name, experiment->id};

    for (size_t i = 0; i < ASSAY_COUNT(firsts); i++) {
        size_t length = strlen(firsts[i]);

        if (length && strncmp(ref, firsts[i], length) == 0 && ref[length] == '/' &&
            (strcmp(ref + length + 1, run->name) == 0 ||
             strcmp(ref + length + 1, run->id) == 0))
            return true;
    }
    return false;
}

struct candidates {
    uint32_t runs[CANDIDATES_SHOWN];
    size_t count;
};

static void add_candidate(struct candidates *found, uint32_t run)
{
    if (found->count < CANDIDATES_SHOWN)
        found->runs[found->count] = run;
    found->count++;
}

/* How REF matched, best first: a better way hides the worse ones. */
enum match { MATCH_ID, MATCH_PREFIX, MATCH_PATH, MATCH_NAME, MATCH_WAYS };

static void collect(const struct assay_catalog *catalog, const char *ref, uint32_t source,
                    struct candidates found[MATCH_WAYS])
{
    size_t length = strlen(ref);

    need_all(catalog);
    for (uint32_t i = 0; i < catalog->run_count; i++) {
        const struct assay_run *run = &catalog->runs[i];

        if (run->gone || (source != ASSAY_NONE && run->source != source))
            continue;
        if (strcmp(run->id, ref) == 0)
            add_candidate(&found[MATCH_ID], i);
        else if (length >= SHORTEST_PREFIX && strncmp(run->id, ref, length) == 0)
            add_candidate(&found[MATCH_PREFIX], i);
        else if (is_named(catalog, run, ref))
            add_candidate(&found[MATCH_PATH], i);
        else if (*run->name && strcmp(run->name, ref) == 0)
            add_candidate(&found[MATCH_NAME], i);
    }
}

/* At most MOST bytes of TEXT, whole characters. */
static int cut(const char *text, size_t most)
{
    size_t length = strnlen(text, most + 1);

    if (length > most)
        for (length = most; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
            length--;
    return (int)length;
}

/* Whether another of them has the same id: it lies in several sources. */
static bool is_twin(const struct assay_catalog *catalog, const struct candidates *found,
                    const struct assay_run *run)
{
    for (size_t i = 0; i < found->count && i < CANDIDATES_SHOWN; i++) {
        const struct assay_run *other = &catalog->runs[found->runs[i]];

        if (other != run && strcmp(other->id, run->id) == 0)
            return true;
    }
    return false;
}

/* Names as many of them as the error has room for, and says how many more there are. */
static enum assay_status ambiguous(const struct assay_catalog *catalog, const char *ref,
                                   const struct candidates *found, struct assay_error *err)
{
    struct assay_error whole; /* for its size: ERR may be NULL */
    size_t room = sizeof whole.hint - sizeof "one of , and 4294967295 more";
    struct assay_buf list = {0}, one = {0};
    enum assay_status status;
    size_t shown = 0;

    for (; shown < found->count && shown < CANDIDATES_SHOWN; shown++) {
        const struct assay_run *run = &catalog->runs[found->runs[shown]];
        const char *experiment = catalog->experiments[run->experiment].name;

        assay_buf_reset(&one);
        assay_buf_text_add(&one, shown ? ", " : "");
        if (is_twin(catalog, found, run)) /* as it is to be typed */
            assay_buf_format(&one, "%s:", catalog->sources[run->source].name);
        assay_buf_format(&one, "%.24s (%.*s/%.*s)", run->id, cut(experiment, 40), experiment,
                         cut(run->name, 40), run->name);
        if (list.length + one.length > room)
            break;
        assay_buf_add(&list, one.data, one.length);
    }
    if (found->count > shown)
        assay_buf_format(&list, ", and %zu more", found->count - shown);
    status = assay_fail(err, ASSAY_BAD_INPUT, "%s: %zu runs match", ref, found->count);
    assay_hint(err, "one of %s", assay_buf_text(&list));
    assay_buf_free(&list);
    assay_buf_free(&one);
    return status;
}

/* Whether what is not here may be where it could not be looked. */
static bool is_source_unread(const struct assay_catalog *catalog)
{
    for (uint32_t i = 0; i < catalog->source_count; i++)
        if (catalog->sources[i].state == ASSAY_SOURCE_FAILED ||
            catalog->sources[i].state == ASSAY_SOURCE_OFFLINE)
            return true;
    return false;
}

enum assay_status assay_catalog_find_run(struct assay_catalog *catalog, const char *ref,
                                         uint32_t *run, struct assay_error *err)
{
    enum assay_status status = ASSAY_BAD_INPUT;
    const char *rest = ref;
    uint32_t source = take_source(catalog, &rest);

    /* A source's name before a colon may also be the start of an id: try both readings. */
    for (int attempt = source == ASSAY_NONE; attempt < 2; attempt++) {
        struct candidates found[MATCH_WAYS] = {0};

        collect(catalog, attempt ? ref : rest, attempt ? ASSAY_NONE : source, found);
        for (size_t way = 0; way < MATCH_WAYS; way++) {
            if (found[way].count == 1) {
                *run = found[way].runs[0];
                return ASSAY_OK;
            }
            if (found[way].count > 1)
                return ambiguous(catalog, ref, &found[way], err);
        }
    }
    if (is_source_unread(catalog))
        return assay_fail(err, ASSAY_IO, "%s: no such run in what could be read", ref);
    status = assay_fail(err, ASSAY_BAD_INPUT, "%s: no such run", ref);
    assay_hint(err,
               "give a prefix of a run id (%d characters at least) or EXPERIMENT/NAME; "
               "`assay runs` lists them",
               SHORTEST_PREFIX);
    return status;
}

enum assay_status assay_catalog_find_experiment(struct assay_catalog *catalog, const char *ref,
                                                uint32_t *experiment, struct assay_error *err)
{
    const char *rest = ref;
    uint32_t source = take_source(catalog, &rest);
    uint32_t found = ASSAY_NONE;
    size_t count = 0;
    enum assay_status status;

    for (uint32_t i = 0; i < catalog->experiment_count; i++) {
        const struct assay_experiment *each = &catalog->experiments[i];

        if (!each->gone && (source == ASSAY_NONE || each->source == source) &&
            (strcmp(each->id, rest) == 0 || strcmp(each->name, rest) == 0)) {
            count++;
            found = i;
        }
    }
    if (count == 1) {
        *experiment = found;
        return ASSAY_OK;
    }
    if (count > 1) {
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s: %zu experiments match", ref, count);
        assay_hint(err, "put SOURCE-NAME: before it; `assay ls` shows the sources");
        return status;
    }
    if (is_source_unread(catalog))
        return assay_fail(err, ASSAY_IO, "%s: no such experiment in what could be read", ref);
    status = assay_fail(err, ASSAY_BAD_INPUT, "%s: no such experiment", ref);
    assay_hint(err, "`assay ls` lists the experiments");
    return status;
}

/* ---- short ids ---- */

static int by_id_order(const void *a, const void *b, void *context)
{
    const struct assay_catalog *catalog = context;

    return strcmp(catalog->runs[*(const uint32_t *)a].id,
                  catalog->runs[*(const uint32_t *)b].id);
}

static void sort_ids(struct assay_catalog *catalog)
{
    if (catalog->by_id_count == catalog->run_count)
        return;
    catalog->by_id =
        assay_realloc_array(catalog->by_id, catalog->run_count, sizeof *catalog->by_id);
    for (uint32_t i = 0; i < catalog->run_count; i++)
        catalog->by_id[i] = i;
    catalog->by_id_count = catalog->run_count;
    qsort_r(catalog->by_id, catalog->by_id_count, sizeof *catalog->by_id, by_id_order, catalog);
}

static size_t common_prefix(const char *a, const char *b)
{
    size_t n = 0;

    while (a[n] && a[n] == b[n])
        n++;
    return n;
}

const char *assay_catalog_short_id(struct assay_catalog *catalog, uint32_t run, char out[72])
{
    need_all(catalog);
    const char *id = catalog->runs[run].id;
    size_t need = SHORT_ID, low = 0, high;

    sort_ids(catalog);
    high = catalog->by_id_count;
    while (low < high) { /* the first run whose id is not below this one's */
        size_t middle = low + (high - low) / 2;

        if (strcmp(catalog->runs[catalog->by_id[middle]].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t at = low ? low - 1 : 0; at < catalog->by_id_count && at <= low + 1; at++) {
        const char *other = catalog->runs[catalog->by_id[at]].id;
        size_t common =
            other == id || strcmp(other, id) == 0 ? 0 : common_prefix(other, id) + 1;

        if (common > need)
            need = common;
    }
    snprintf(out, 72, "%.*s", (int)(need < 71 ? need : 71), id);
    return out;
}

/* ---- names in use ---- */

#define KEYS_SAMPLE 64 /* runs of an experiment looked at before its names are listed */

/* Looks at some runs of EXPERIMENT, spread over all of it, so that its names are known. */
static void sample_keys(struct assay_catalog *catalog, uint32_t experiment)
{
    size_t wanted = KEYS_SAMPLE, have = 0, total = 0;

    need_all(catalog);
    for (uint32_t i = 0; i < catalog->run_count; i++)
        if (experiment == ASSAY_NONE || catalog->runs[i].experiment == experiment) {
            total++;
            have += catalog->privates[i].counted;
        }
    if (have >= wanted || have == total)
        return;
    for (uint32_t i = 0, nth = 0, next = 0; i < catalog->run_count; i++) {
        if (experiment != ASSAY_NONE && catalog->runs[i].experiment != experiment)
            continue;
        if (nth++ < next)
            continue;
        next += (uint32_t)(total > wanted ? total / wanted : 1);
        if (!catalog->privates[i].counted)
            assay_catalog_attrs(catalog, i);
    }
}

static int key_order(const void *a, const void *b)
{
    const struct key_count *x = *(const struct key_count *const *)a;
    const struct key_count *y = *(const struct key_count *const *)b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return assay_text_natural(x->name, y->name);
}

size_t assay_catalog_keys(struct assay_catalog *catalog, uint32_t experiment,
                          enum assay_field_kind kind, const char ***names)
{
    struct assay_map seen = {0};
    const struct key_count **found;
    struct key_count *sums;
    size_t count = 0;

    sample_keys(catalog, experiment);
    sums = assay_alloc_array(catalog->key_count + 1, sizeof *sums);
    for (size_t i = 0; i < catalog->key_count; i++) {
        const struct key_count *key = &catalog->keys[i];
        uint32_t at;

        if (key->kind != kind || (experiment != ASSAY_NONE && key->experiment != experiment))
            continue;
        at = assay_map_get(&seen, key->name, strlen(key->name));
        if (at == ASSAY_MAP_NONE) {
            assay_map_set(&seen, key->name, strlen(key->name), (uint32_t)count);
            sums[count++] = *key;
        } else {
            sums[at].count += key->count;
        }
    }
    found = assay_alloc_array(count + 1, sizeof *found);
    for (size_t i = 0; i < count; i++)
        found[i] = &sums[i];
    qsort(found, count, sizeof *found, key_order);
    *names = assay_alloc_array(count + 1, sizeof **names);
    for (size_t i = 0; i < count; i++)
        (*names)[i] = found[i]->name;
    free(found);
    free(sums);
    assay_map_free(&seen);
    return count;
}
