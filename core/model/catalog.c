/*
 * The catalog: sources, experiments, runs and their attributes in memory, by index. The session
 * fills it (catalog_edit.h), everything else reads it. Attributes of a run live packed, either
 * here (just read, not yet in a database) or in the databases; the ones looked at lately are
 * kept unpacked in a ring of ASSAY_ATTRS_CACHE slots.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "model/attrs.h"
#include "model/catalog_private.h"
#include "model/texts.h"

/* Who logs nothing for so long is not said to be live. */
#define QUIET_MS (24 * INT64_C(3600000))
#define NEVER    0u /* no run has this version: a slot of it is filled again */

struct assay_catalog *catalog_new(const struct catalog_hooks *hooks)
{
    struct assay_catalog *catalog = assay_alloc(sizeof *catalog);

    catalog->hooks = *hooks;
    catalog->version = 1;
    catalog->slots = assay_alloc_array(ASSAY_ATTRS_CACHE, sizeof *catalog->slots);
    for (size_t i = 0; i < ASSAY_ATTRS_CACHE; i++)
        catalog->slots[i].run = ASSAY_NONE;
    return catalog;
}

void catalog_free(struct assay_catalog **catalog_ptr)
{
    struct assay_catalog *catalog = *catalog_ptr;

    if (!catalog)
        return;
    columns_free(catalog);
    unread_free(&catalog->unread);
    for (size_t i = 0; i < ASSAY_ATTRS_CACHE; i++)
        assay_arena_free(&catalog->slots[i].arena);
    for (size_t i = catalog->unread_runs; i < catalog->run_count; i++)
        free(catalog->privates[i].attrs);
    assay_map_free(&catalog->experiment_index);
    assay_map_free(&catalog->run_index);
    assay_map_free(&catalog->key_index);
    assay_arena_free(&catalog->text);
    free(catalog->slots);
    free(catalog->sources);
    free(catalog->experiments);
    free(catalog->runs);
    free(catalog->privates);
    free(catalog->letters);
    run_texts_free(&catalog->texts);
    free(catalog->keys);
    free(catalog->by_id);
    free(catalog);
    *catalog_ptr = NULL;
}

void catalog_touch(struct assay_catalog *catalog)
{
    catalog->version++;
}

/* Text in the catalog's arena; what is there already is kept where it is the same. */
static const char *keep_text(struct assay_catalog *catalog, const char *old, const char *text)
{
    if (!text || !*text)
        return "";
    if (old && strcmp(old, text) == 0)
        return old;
    return assay_arena_strdup(&catalog->text, text);
}

/* The same for users: few names, many runs. One text each also lets a filter look at it once.
 */
static const char *keep_user(struct assay_catalog *catalog, const char *old, const char *user)
{
    const size_t most = ASSAY_COUNT(catalog->users);

    if (!user || !*user)
        return "";
    for (size_t i = 0; i < most; i++)
        if (catalog->users[i] && strcmp(catalog->users[i], user) == 0)
            return catalog->users[i];
    const char *kept = keep_text(catalog, old, user);
    catalog->users[catalog->next_user++ % most] = kept;
    return kept;
}

/* ---- sources ---- */

uint32_t catalog_add_source(struct assay_catalog *catalog, const char *kind, const char *name,
                            const char *where)
{
    ASSAY_GROW(catalog->sources, catalog->source_capacity, catalog->source_count + 1);
    catalog->sources[catalog->source_count] = (struct assay_source){
        .kind = keep_text(catalog, NULL, kind),
        .name = keep_text(catalog, NULL, name),
        .where = keep_text(catalog, NULL, where),
        .state = ASSAY_SOURCE_WAITING,
        .read_ms = ASSAY_NO_TIME,
    };
    catalog_touch(catalog);
    return (uint32_t)catalog->source_count++;
}

struct assay_source *catalog_source(struct assay_catalog *catalog, uint32_t source)
{
    return &catalog->sources[source];
}

/* ---- experiments ---- */

/* "SOURCE id": the key of the indices. Ids are bounded by the readers. */
static size_t index_key(char *key, size_t capacity, uint32_t source, const char *id)
{
    int length = snprintf(key, capacity, "%u %s", source, id);

    return length < 0 ? 0 : (size_t)length < capacity ? (size_t)length : capacity - 1;
}

uint32_t catalog_find_experiment_id(const struct assay_catalog *catalog, uint32_t source,
                                    const char *id)
{
    char key[1200];

    return assay_map_get(&catalog->experiment_index, key,
                         index_key(key, sizeof key, source, id));
}

uint32_t catalog_put_experiment(struct assay_catalog *catalog, uint32_t source,
                                const struct catalog_experiment *from)
{
    uint32_t at = catalog_find_experiment_id(catalog, source, from->id);
    struct assay_experiment *experiment;

    if (at == ASSAY_MAP_NONE) {
        char key[1200];

        ASSAY_GROW(catalog->experiments, catalog->experiment_capacity,
                   catalog->experiment_count + 1);
        at = (uint32_t)catalog->experiment_count++;
        catalog->experiments[at] = (struct assay_experiment){
            .id = keep_text(catalog, NULL, from->id),
            .source = source,
            .last_ms = ASSAY_NO_TIME,
        };
        assay_map_set(&catalog->experiment_index, key,
                      index_key(key, sizeof key, source, from->id), at);
    }
    experiment = &catalog->experiments[at];
    experiment->name = keep_text(catalog, experiment->name, from->name);
    experiment->deleted = from->deleted || from->gone;
    experiment->gone = from->gone;
    experiment->created_ms = from->created_ms;
    if (from->updated_ms != ASSAY_NO_TIME && from->updated_ms > experiment->last_ms)
        experiment->last_ms = from->updated_ms;
    catalog_touch(catalog);
    return at;
}

/* Adds (SIGN 1) or takes away (-1) a run in its experiment's counts. */
static void count_run(struct assay_catalog *catalog, const struct assay_run *run, int sign)
{
    struct assay_experiment *experiment = &catalog->experiments[run->experiment];
    size_t one = sign > 0 ? 1 : (size_t)-1;

    if (run->gone)
        return;
    if (run->deleted) {
        experiment->deleted_runs += one;
        return;
    }
    experiment->runs += one;
    if (run->status == ASSAY_RUN_RUNNING)
        experiment->running += one;
    if (run->start_ms != ASSAY_NO_TIME && run->start_ms > experiment->last_ms)
        experiment->last_ms = run->start_ms;
    if (run->end_ms != ASSAY_NO_TIME && run->end_ms > experiment->last_ms)
        experiment->last_ms = run->end_ms;
}

/* ---- runs ---- */

/* Brings the index of ids up to date; most sessions never need it for the runs of a first load.
 */
static void index_runs(struct assay_catalog *catalog)
{
    char key[1200];

    need_all(catalog);
    for (; catalog->run_indexed < catalog->run_count; catalog->run_indexed++) {
        const struct assay_run *run = &catalog->runs[catalog->run_indexed];

        assay_map_set(&catalog->run_index, key,
                      index_key(key, sizeof key, run->source, run->id),
                      (uint32_t)catalog->run_indexed);
    }
}

uint32_t catalog_find_run_id(struct assay_catalog *catalog, uint32_t source, const char *id)
{
    char key[1200];

    index_runs(catalog);
    return assay_map_get(&catalog->run_index, key, index_key(key, sizeof key, source, id));
}

static bool is_expected(const struct assay_catalog *catalog)
{
    const struct unread *unread = catalog->unread;

    return unread && unread->putting && unread->put < unread->count;
}

static uint32_t add_run(struct assay_catalog *catalog, uint32_t source)
{
    if (is_expected(catalog)) {
        uint32_t at = (uint32_t)catalog->unread->put++;

        catalog->runs[at] = (struct assay_run){.source = source};
        return at;
    }
    if (catalog->run_count == catalog->run_capacity) {
        size_t capacity = catalog->run_capacity;

        ASSAY_GROW(catalog->runs, catalog->run_capacity, catalog->run_count + 1);
        ASSAY_GROW(catalog->privates, capacity, catalog->run_capacity);
    }
    catalog->runs[catalog->run_count] = (struct assay_run){.source = source};
    catalog->privates[catalog->run_count] = (struct run_private){0};
    return (uint32_t)catalog->run_count++;
}

/* A run that was just added has had neither. */
static void name_run(struct assay_catalog *catalog, struct assay_run *run,
                     const struct catalog_run *from)
{
    const char *name = run->name, *user = run->user;

    run->name = keep_text(catalog, name, from->name);
    run->user = keep_user(catalog, user, from->user);
    if (name && (strcmp(run->name, name) != 0 || strcmp(run->user, user) != 0))
        texts_renamed(catalog);
}

/* All texts of a run that was just added. */
static void take_texts(struct assay_catalog *catalog, struct assay_run *run,
                       const struct catalog_run *from)
{
    char *texts = assay_arena_take(&catalog->text, from->texts_length);

    memcpy(texts, from->id, from->texts_length);
    run->id = texts;
    run->name = texts + (from->name - from->id);
    run->user = keep_user(catalog, texts + (from->user - from->id), from->user);
    run->artifact_uri = texts + (from->artifact_uri - from->id);
}

static void set_texts(struct assay_catalog *catalog, struct assay_run *run,
                      const struct catalog_run *from)
{
    if (!run->id && from->texts_length) {
        take_texts(catalog, run, from);
        return;
    }
    if (!run->id)
        run->id = keep_text(catalog, NULL, from->id);
    name_run(catalog, run, from);
    run->artifact_uri = keep_text(catalog, run->artifact_uri, from->artifact_uri);
}

uint32_t catalog_put_run(struct assay_catalog *catalog, uint32_t source,
                         const struct catalog_run *from, bool fresh)
{
    uint32_t at = fresh ? ASSAY_NONE : catalog_find_run_id(catalog, source, from->id);
    struct assay_run *run;
    struct run_private *hidden;
    uint64_t version = catalog->version + 1;

    if (at == ASSAY_NONE) {
        if (is_expected(catalog)) /* the catalog's counts it already */
            version = catalog->unread->version + catalog->unread->put + 1;
        at = add_run(catalog, source);
    } else {
        count_run(catalog, &catalog->runs[at], -1);
    }
    run = &catalog->runs[at];
    hidden = &catalog->privates[at];
    set_texts(catalog, run, from);
    run->experiment = from->experiment;
    run->status = from->status;
    run->deleted = from->deleted;
    run->gone = from->gone;
    run->start_ms = from->start_ms;
    run->end_ms = from->end_ms;
    run->version = version;
    if (version > catalog->version)
        catalog->version = version;
    count_run(catalog, run, 1);
    if (at < catalog->letters_count)
        catalog->letters[at] = 0;

    if (from->row)
        hidden->row = from->row;
    free(hidden->attrs);
    hidden->attrs = NULL;
    hidden->attrs_length = 0;
    if (from->attrs && from->attrs_length) {
        hidden->attrs = assay_alloc(from->attrs_length);
        memcpy(hidden->attrs, from->attrs, from->attrs_length);
        hidden->attrs_length = (uint32_t)from->attrs_length;
    }
    columns_update(catalog, at);
    return at;
}

int64_t catalog_run_row(const struct assay_catalog *catalog, uint32_t run)
{
    need_run(catalog, run);
    return catalog->privates[run].row;
}

void catalog_run_written(struct assay_catalog *catalog, uint32_t run, int64_t row,
                         uint64_t version)
{
    struct run_private *hidden = &catalog->privates[run];

    need_run(catalog, run);
    hidden->row = row;
    if (catalog->runs[run].version != version)
        return;
    free(hidden->attrs);
    hidden->attrs = NULL;
    hidden->attrs_length = 0;
}

bool catalog_attrs_in_memory(const struct assay_catalog *catalog, uint32_t run)
{
    need_run(catalog, run);
    return catalog->privates[run].attrs != NULL;
}

/* ---- attributes ---- */

/* Counts the names a run uses, for assay_catalog_keys(): each run once, new names always. */
static void count_key(struct assay_catalog *catalog, uint32_t experiment,
                      enum assay_field_kind kind, const char *name, bool counted)
{
    char key[512];
    uint32_t at = catalog->last_key + 1;

    /* Runs name the same things in the same order: mostly it is the key after the last one. */
    if (at < catalog->key_count && catalog->keys[at].experiment == experiment &&
        catalog->keys[at].kind == kind && strcmp(catalog->keys[at].name, name) == 0) {
        catalog->last_key = at;
        catalog->keys[at].count += !counted;
        return;
    }
    int length = snprintf(key, sizeof key, "%u %d %s", experiment, (int)kind, name);
    if (length < 0 || (size_t)length >= sizeof key)
        return; /* such a name is no good as a column either */
    at = assay_map_get(&catalog->key_index, key, (size_t)length);
    if (at == ASSAY_MAP_NONE) {
        ASSAY_GROW(catalog->keys, catalog->key_capacity, catalog->key_count + 1);
        at = (uint32_t)catalog->key_count++;
        catalog->keys[at] = (struct key_count){
            .name = assay_arena_strdup(&catalog->text, name),
            .experiment = experiment,
            .kind = kind,
        };
        assay_map_set(&catalog->key_index, key, (size_t)length, at);
        counted = false;
    }
    catalog->last_key = at;
    if (!counted)
        catalog->keys[at].count++;
}

static void count_keys(struct assay_catalog *catalog, uint32_t run,
                       const struct assay_attrs *attrs)
{
    struct run_private *hidden = &catalog->privates[run];
    uint32_t experiment = catalog->runs[run].experiment;

    for (size_t i = 0; i < attrs->metric_count; i++)
        count_key(catalog, experiment, ASSAY_FIELD_METRIC, attrs->metrics[i].key,
                  hidden->counted);
    for (size_t i = 0; i < attrs->param_count; i++)
        count_key(catalog, experiment, ASSAY_FIELD_PARAM, attrs->params[i].key,
                  hidden->counted);
    for (size_t i = 0; i < attrs->tag_count; i++)
        count_key(catalog, experiment, ASSAY_FIELD_TAG, attrs->tags[i].key, hidden->counted);
    hidden->counted = true;
}

bool catalog_attrs_kept(const struct assay_catalog *catalog, uint32_t run)
{
    const struct run_private *hidden = &catalog->privates[run];

    need_run(catalog, run);
    return hidden->slot &&
           catalog->slots[hidden->slot - 1].version == catalog->runs[run].version;
}

/* The slot of a run, emptied: the one it had, or the one that was given away longest ago. */
static struct attrs_slot *take_slot(struct assay_catalog *catalog, uint32_t run)
{
    struct run_private *hidden = &catalog->privates[run];

    if (!hidden->slot) {
        hidden->slot = (uint16_t)(catalog->next_slot + 1);
        catalog->next_slot = (catalog->next_slot + 1) % ASSAY_ATTRS_CACHE;
    }
    struct attrs_slot *slot = &catalog->slots[hidden->slot - 1];
    if (slot->run != ASSAY_NONE && slot->run != run)
        catalog->privates[slot->run].slot = 0;
    assay_arena_free(&slot->arena);
    slot->attrs = (struct assay_attrs){0};
    slot->run = run;
    slot->version = catalog->runs[run].version;
    return slot;
}

/* Unpacks a run's attributes into its slot, wherever their bytes are. */
static struct attrs_slot *fill_slot(struct assay_catalog *catalog, uint32_t run)
{
    struct run_private *hidden = &catalog->privates[run];
    struct attrs_slot *slot = take_slot(catalog, run);
    void *fetched = NULL;
    const void *bytes = hidden->attrs;
    size_t length = hidden->attrs_length;

    if (!bytes && hidden->row && catalog->hooks.fetch) {
        if (catalog->hooks.fetch(catalog->hooks.context, run, &fetched, &length))
            bytes = fetched;
        else /* not there just now, which says nothing of the run: the next call asks again */
            slot->version = NEVER;
    }
    if (bytes && length && attrs_unpack(bytes, length, &slot->arena, &slot->attrs))
        count_keys(catalog, run, &slot->attrs);
    free(fetched);
    return slot;
}

const struct assay_attrs *assay_catalog_attrs(struct assay_catalog *catalog, uint32_t run)
{
    return catalog_attrs_kept(catalog, run)
               ? &catalog->slots[catalog->privates[run].slot - 1].attrs
               : &fill_slot(catalog, run)->attrs;
}

void assay_catalog_keep(struct assay_catalog *catalog, uint32_t run, struct assay_arena *arena,
                        const struct assay_attrs *attrs)
{
    need_run(catalog, run);
    struct attrs_slot *slot = take_slot(catalog, run);

    slot->attrs = *attrs;
    slot->arena = *arena;
    *arena = (struct assay_arena){0};
    count_keys(catalog, run, &slot->attrs);
}

struct looking {
    void (*look)(void *context, const struct assay_attrs *attrs);
    void *context;
};

static void look_at(void *with, const void *bytes, size_t length)
{
    const struct looking *looking = with;
    struct assay_arena arena = {0};
    struct assay_attrs attrs;

    attrs_unpack_in(bytes, length, &arena, &attrs); /* where they are damaged, none */
    looking->look(looking->context, &attrs);
    assay_arena_free(&arena);
}

void assay_catalog_look(struct assay_catalog *catalog, uint32_t run,
                        void (*look)(void *context, const struct assay_attrs *attrs),
                        void *context)
{
    const struct run_private *hidden = &catalog->privates[run];
    struct looking looking = {look, context};

    need_run(catalog, run);
    if (catalog_attrs_kept(catalog, run))
        look(context, assay_catalog_attrs(catalog, run));
    else if (hidden->attrs)
        look_at(&looking, hidden->attrs, hidden->attrs_length);
    else if (!hidden->row || !catalog->hooks.look ||
             !catalog->hooks.look(catalog->hooks.context, run, look_at, &looking))
        look(context, assay_catalog_attrs(catalog, run));
}

/* ---- reading ---- */

size_t assay_catalog_sources(const struct assay_catalog *catalog)
{
    return catalog->source_count;
}

size_t assay_catalog_experiments(const struct assay_catalog *catalog)
{
    return catalog->experiment_count;
}

size_t assay_catalog_runs(const struct assay_catalog *catalog)
{
    return catalog->run_count;
}

const struct assay_source *assay_catalog_source(const struct assay_catalog *catalog, uint32_t i)
{
    return &catalog->sources[i];
}

bool assay_catalog_is_kept(const struct assay_catalog *catalog, uint32_t i)
{
    const struct assay_source *source = &catalog->sources[i];
    return source->state == ASSAY_SOURCE_OFFLINE ||
           (source->state == ASSAY_SOURCE_FAILED && source->read_ms != ASSAY_NO_TIME);
}

int64_t assay_catalog_as_of(const struct assay_catalog *catalog, uint32_t source,
                            int64_t now_ms)
{
    return assay_catalog_is_kept(catalog, source) ? catalog->sources[source].read_ms : now_ms;
}

bool assay_catalog_is_live(const struct assay_catalog *catalog, const struct assay_run *run)
{
    return run->status == ASSAY_RUN_RUNNING && !assay_catalog_is_kept(catalog, run->source);
}

int64_t assay_catalog_quiet_since(struct assay_catalog *catalog, uint32_t i, int64_t now_ms)
{
    const struct assay_run *run = assay_catalog_run(catalog, i);
    int64_t latest = run->start_ms;

    if (!assay_catalog_is_live(catalog, run) || latest == ASSAY_NO_TIME ||
        latest > now_ms - QUIET_MS)
        return ASSAY_NO_TIME;
    const struct assay_attrs *attrs = assay_catalog_attrs(catalog, i);
    for (size_t k = 0; k < attrs->metric_count; k++) {
        if (attrs->metrics[k].summary.time_ms > latest)
            latest = attrs->metrics[k].summary.time_ms;
    }
    /* Without points since its start it may be one that logs none, or has a clock of its own.
     */
    return latest == run->start_ms || latest > now_ms - QUIET_MS ? ASSAY_NO_TIME : latest;
}

char *assay_catalog_state_age(char out[24], struct assay_catalog *catalog, uint32_t i,
                              int64_t now_ms)
{
    const struct assay_run *run = assay_catalog_run(catalog, i);
    int64_t quiet_ms = assay_catalog_quiet_since(catalog, i, now_ms);
    char age[16];
    out[0] = '\0';
    if (quiet_ms != ASSAY_NO_TIME)
        snprintf(out, 24, " %s ago", assay_age_text(age, quiet_ms, now_ms));
    if ((run->status != ASSAY_RUN_RUNNING && run->status != ASSAY_RUN_SCHEDULED) ||
        !assay_catalog_is_kept(catalog, run->source))
        return out;
    int64_t read_ms = assay_catalog_as_of(catalog, run->source, now_ms);
    if (read_ms == ASSAY_NO_TIME)
        snprintf(out, 24, " once");
    else
        snprintf(out, 24, " %s ago", assay_age_text(age, read_ms, now_ms));
    return out;
}

int64_t assay_catalog_duration(const struct assay_catalog *catalog, const struct assay_run *run,
                               int64_t now_ms)
{
    int64_t end = run->end_ms, duration;
    if (end == ASSAY_NO_TIME && run->status == ASSAY_RUN_RUNNING)
        end = assay_catalog_as_of(catalog, run->source, now_ms);
    if (run->start_ms == ASSAY_NO_TIME || end == ASSAY_NO_TIME ||
        __builtin_sub_overflow(end, run->start_ms, &duration))
        return ASSAY_NO_TIME;
    return duration;
}

const struct assay_experiment *assay_catalog_experiment(const struct assay_catalog *catalog,
                                                        uint32_t i)
{
    return &catalog->experiments[i];
}

const struct assay_run *assay_catalog_run(const struct assay_catalog *catalog, uint32_t i)
{
    need_run(catalog, i);
    return &catalog->runs[i];
}

uint64_t assay_catalog_version(const struct assay_catalog *catalog)
{
    return catalog->version;
}
