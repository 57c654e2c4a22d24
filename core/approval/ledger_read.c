/*
 * Reading a ledger (ledger.h): its records out of the store, in the order of their rows; their
 * signatures, all at once or as they are needed; the fold. Called by ledger.c and whoever acts.
 */
#include "approval/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From how many on several threads are worth starting: reading one takes some 10 us, a
   signature several times as much. */
#define READ_SHARED   512
#define CHECK_SHARED  64
#define READY_AT_ONCE 64    /* fetched from the store before the other threads hear of them */
#define ROOM_MOST     65536 /* what a store says of its size is believed up to here */

struct loading {
    struct assay_ledger *ledger;
    size_t added;
    struct records_sharing *sharing;
    size_t first;       /* the first record that SHARING works on */
    const char *before; /* the chain over the rows, at the last one that was fetched */
};

/* Whether the chain over the rows goes from the row before to this one, as they are stored: one
   look for each is the same as going along them all. */
static void read_row(struct record *record, struct json_doc *doc, struct assay_arena *arena)
{
    char chain[ASSAY_SHA256_TEXT];

    store_chain(chain, record->rows_before, record->digest, record->signature,
                record->signature_length);
    record->rows_break = strcmp(chain, record->rows_here) != 0;
    record_read(record, doc, arena);
}

static void begin_reading(struct loading *loading)
{
    loading->first = loading->ledger->count;
    loading->sharing = records_begin(read_row, READ_SHARED, loading->ledger->shares);
}

static void tell_ready(const struct loading *loading)
{
    const struct assay_ledger *ledger = loading->ledger;

    records_ready(loading->sharing, ledger->records + loading->first,
                  ledger->count - loading->first);
}

/* Room for one more. What is worked on does not move. */
static void make_room(struct loading *loading)
{
    struct assay_ledger *ledger = loading->ledger;

    if (ledger->count < ledger->capacity)
        return;
    tell_ready(loading);
    records_end(loading->sharing);
    ASSAY_GROW(ledger->records, ledger->capacity, ledger->count + 1);
    begin_reading(loading);
}

static bool load_record(void *context, const struct store_record *row)
{
    struct loading *loading = context;
    struct assay_ledger *ledger = loading->ledger;

    if (row->seq != ledger->last_seq + 1 && ledger->broken_row == 0)
        ledger->broken_row = row->seq;
    ledger->last_seq = row->seq;
    make_room(loading);
    struct record *record = &ledger->records[ledger->count++];
    *record = (struct record){
        .seq = (size_t)row->seq,
        .digest = assay_arena_strdup(&ledger->arena, row->digest),
        .bytes = assay_arena_strndup(&ledger->arena, row->statement, row->statement_length),
        .length = row->statement_length,
        .signature = assay_arena_strndup(&ledger->arena, row->signature, row->signature_length),
        .signature_length = row->signature_length,
        .rows_before = loading->before,
        .rows_here = assay_arena_strdup(&ledger->arena, row->chain),
    };
    loading->before = record->rows_here;
    if (++loading->added % READY_AT_ONCE == 0)
        tell_ready(loading);
    return true;
}

/* Those from FIRST on were read: the first whose chain breaks, and where the next one begins.
 */
static void note_rows(struct assay_ledger *ledger, size_t first)
{
    size_t at = first;

    while (at < ledger->count && !ledger->records[at].rows_break)
        at++;
    if (at < ledger->count &&
        (ledger->broken_row == 0 || (int64_t)ledger->records[at].seq < ledger->broken_row))
        ledger->broken_row = (int64_t)ledger->records[at].seq;
    if (ledger->count > first)
        snprintf(ledger->last_chain, sizeof ledger->last_chain, "%s",
                 ledger->records[ledger->count - 1].rows_here);
}

/* Fetches what is new in the store; while it does, other threads read what was fetched. */
static enum assay_status load(struct loading *loading, struct assay_error *err)
{
    struct assay_ledger *ledger = loading->ledger;
    const int64_t last = store_last_seq(ledger->store);
    const size_t first = ledger->count;
    enum assay_status status;

    if (last > ledger->last_seq) {
        const uint64_t more = (uint64_t)last - (uint64_t)ledger->last_seq;
        ASSAY_GROW(ledger->records, ledger->capacity,
                   ledger->count + (more < ROOM_MOST ? (size_t)more : ROOM_MOST));
    }
    loading->before = ledger->last_chain;
    begin_reading(loading);
    status = store_read_records(ledger->store, ledger->last_seq, load_record, loading, err);
    tell_ready(loading);
    records_end(loading->sharing);
    note_rows(ledger, first);
    return status;
}

static void check_one(struct record *record, struct json_doc *doc, struct assay_arena *arena)
{
    (void)doc;
    record_check(record, arena);
}

/* Whether a signature that was taken on trust turned out to be what the fold took it for: it
   holds, it is by the key that the record names, and nothing is known of that key's hardware.
 */
static bool as_trusted(const struct record *record)
{
    return record->checked == SIGNATURE_HOLDS &&
           strcmp(record->signed_by, record->s.key) == 0 && !record->hardware &&
           !record->touched && !record->pin;
}

/* Checks the signatures nobody has checked yet of those records that WANTED picks; says whether
   there were any that a fold could see otherwise now than before. */
static bool check_wanted(struct assay_ledger *ledger,
                         bool (*wanted)(const struct assay_ledger *ledger,
                                        const struct record *record, const char *request),
                         const char *request)
{
    struct record **list = assay_alloc_array(ledger->count, sizeof *list);
    size_t count = 0;

    for (size_t i = 0; i < ledger->count; i++) {
        struct record *record = &ledger->records[i];
        if (!record->fault && record->checked == SIGNATURE_UNCHECKED &&
            wanted(ledger, record, request))
            list[count++] = record;
    }
    bool differs = false;
    records_work(list, count, CHECK_SHARED, check_one, ledger->shares);
    for (size_t i = 0; i < count && !differs; i++)
        differs = !as_trusted(list[i]);
    free(list);
    return differs;
}

void ledger_fold(struct assay_ledger *ledger, int64_t now_ms)
{
    ledger->input = (struct fold_input){
        .records = ledger->records,
        .count = ledger->count,
        .expect = ledger->expect,
        .now_ms = now_ms,
        .me = ledger->me_known ? ledger->me : "",
        .seen = &ledger->seen,
        .unjudged = ledger->gate,
    };
    fold_run(&ledger->fold, &ledger->input);
    ledger_make_views(ledger);
}

bool ledger_take_seen(void *context, const char *digest)
{
    struct assay_ledger *ledger = context;

    /* Room in doubling steps: at 0, 1, 3, 7, … */
    if ((ledger->seen.count & (ledger->seen.count + 1)) == 0) {
        const char **items =
            assay_arena_alloc(&ledger->arena, (2 * ledger->seen.count + 2) * sizeof *items);
        if (ledger->seen.count > 0)
            memcpy(items, ledger->seen.items, ledger->seen.count * sizeof *items);
        ledger->seen.items = items;
    }
    ledger->seen.items[ledger->seen.count++] = assay_arena_strdup(&ledger->arena, digest);
    return true;
}

static bool is_checked_at_once(const struct assay_ledger *ledger, const struct record *record,
                               const char *request)
{
    (void)request;
    return ledger->count <= LEDGER_CHECK_ALL || record->s.event <= EVENT_ENDORSE;
}

enum assay_status ledger_read(struct assay_ledger *ledger, int64_t now_ms, bool *changed,
                              struct assay_error *err)
{
    struct loading loading = {.ledger = ledger};
    enum assay_status status = ASSAY_OK;

    if (ledger->store) {
        status = load(&loading, err);
        ledger->seen.count = 0;
        if (status == ASSAY_OK)
            status = store_read_seen(ledger->store, ledger_take_seen, ledger, err);
    }
    check_wanted(ledger, is_checked_at_once, NULL);
    if (changed)
        *changed = loading.added > 0;
    ledger_fold(ledger, now_ms);
    return status;
}

enum assay_status assay_ledger_refresh(struct assay_ledger *ledger, int64_t now_ms,
                                       bool *changed, struct assay_error *err)
{
    return ledger_read(ledger, now_ms, changed, err);
}

static bool concerns(const struct assay_ledger *ledger, const struct record *record,
                     const char *request)
{
    const struct statement *s = &record->s;

    (void)ledger;
    return !request || s->event <= EVENT_ENDORSE ||
           (s->event == EVENT_REQUEST && strcmp(s->request.id, request) == 0) ||
           (s->event == EVENT_DECISION && strcmp(s->decision.request, request) == 0) ||
           (s->event == EVENT_APPLICATION && strcmp(s->application.request, request) == 0);
}

void ledger_check(struct assay_ledger *ledger, const char *request)
{
    const struct fold_request *found = request ? fold_find(&ledger->fold, request) : NULL;

    /* One that follows another step depends on that one's records as well. */
    if (found && found->policy->policy.after_target)
        request = NULL;
    if (check_wanted(ledger, concerns, request))
        ledger_fold(ledger, ledger->input.now_ms);
    /* What was not checked yet must not push out what was. */
    if (request && ledger_check_sound(ledger, NULL) != ASSAY_OK &&
        check_wanted(ledger, concerns, NULL))
        ledger_fold(ledger, ledger->input.now_ms);
}

enum assay_status ledger_check_sound(const struct assay_ledger *ledger, struct assay_error *err)
{
    for (size_t i = 0; i < ledger->count; i++) {
        const struct record *record = &ledger->records[i];
        const char *why = fold_unsound(&ledger->fold, i);
        if (!why && ledger->broken_row != 0 && (int64_t)record->seq >= ledger->broken_row)
            why = "the rows were changed: their chain breaks here";
        if (!why)
            continue;
        assay_fail(err, ASSAY_NO, "record %zu (%.16s, %s): %s", record->seq, record->digest,
                   record->fault ? "unreadable" : record->s.person, why);
        assay_hint(err,
                   "the database was damaged, or changed by something else: put it back, or "
                   "join the ledger anew with `assay sync`");
        return ASSAY_NO;
    }
    return ASSAY_OK;
}
