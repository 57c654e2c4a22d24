/*
 * Exchanging records with a place (sync.h): receiving what is new there, judging it, keeping
 * what is authentic, sending what is not there. Called by `assay sync`.
 */
#include "approval/sync.h"

#include <stdlib.h>
#include <string.h>

#include <assay/file.h>

#include "approval/signer.h"
#include "remote/url.h"

/* How many records one exchange takes in, and how many bytes of them. */
#define RECEIVE_MAX   1000000
#define RECEIVE_BYTES ((size_t)1 << 30)
#define AHEAD         64 /* records that a place hears of before they are read */

static const struct {
    const char *folder, *end;
    size_t limit;
} kinds[] = {
    [SYNC_STATEMENT] = {"records", ".json", JSON_BYTES_MAX},
    [SYNC_SIGNATURE] = {"records", ".sig", SSHSIG_BYTES_MAX},
    [SYNC_EVIDENCE] = {"evidence", "", (size_t)64 << 20},
};

const char *sync_folder(enum sync_kind kind)
{
    return kinds[kind].folder;
}

const char *sync_end(enum sync_kind kind)
{
    return kinds[kind].end;
}

size_t sync_limit(enum sync_kind kind)
{
    return kinds[kind].limit;
}

struct exchange {
    struct assay_ledger *ledger;
    const struct sync_place *place;
    const struct assay_sync_options *options; /* may be NULL */
    struct assay_sync_result *result;
    struct assay_arena arena; /* of what was read and may be refused */
    const char **wanted;      /* the digests that are there and not here; in arena */
    size_t wanted_count;
    size_t bytes;         /* received */
    const char **outside; /* digests of what is not taken; in arena */
    size_t outside_count;
    bool lacking; /* something that is followed cannot be had there */
    size_t first; /* where in the ledger's records what is received begins */
    struct assay_error *err;
};

static enum assay_status tell(struct exchange *x, const char *what, size_t done, size_t all)
{
    if (!x->options || !x->options->progress ||
        x->options->progress(x->options->context, what, done, all))
        return ASSAY_OK;
    return assay_fail(x->err, ASSAY_CANCELLED, "%s: cancelled", x->place->shown);
}

/* ---- sending ---- */

static enum assay_status put(struct exchange *x, enum sync_kind kind, const char *digest,
                             const void *bytes, size_t length)
{
    if (x->place->has(x->place->self, kind, digest, bytes, length))
        return ASSAY_OK;
    return x->place->put(x->place->self, kind, digest, bytes, length, x->err);
}

static enum assay_status send_record(struct exchange *x, const struct record *r)
{
    const struct sync_place *place = x->place;
    const bool there = place->has(place->self, SYNC_STATEMENT, r->digest, r->bytes, r->length);
    enum assay_status status = ASSAY_OK;

    /* The signature first: who sees the record finds it. */
    if (r->signature_length > 0)
        status = put(x, SYNC_SIGNATURE, r->digest, r->signature, r->signature_length);
    if (status == ASSAY_OK && !there)
        status =
            place->put(place->self, SYNC_STATEMENT, r->digest, r->bytes, r->length, x->err);
    x->result->sent += status == ASSAY_OK && !there;
    return status;
}

/* Looks again at what is here and lies there, a few at a time. */
static enum assay_status look_again(struct exchange *x)
{
    const struct sync_place *place = x->place;
    const struct assay_ledger *ledger = x->ledger;
    const struct record *few[AHEAD];
    size_t count = 0;
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < ledger->count && status == ASSAY_OK; i++) {
        const struct record *r = &ledger->records[i];
        if (ledger->fold.fates[i].authentic &&
            place->has(place->self, SYNC_STATEMENT, r->digest, r->bytes, r->length))
            few[count++] = r;
        if (count == 0 || (count < AHEAD && i + 1 < ledger->count))
            continue;
        status = tell(x, "looked at again", i, ledger->count);
        if (status == ASSAY_OK)
            status = place->again(place->self, few, count, x->err);
        count = 0;
    }
    return status;
}

static enum assay_status send_all(struct exchange *x)
{
    struct assay_ledger *ledger = x->ledger;
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < ledger->count && status == ASSAY_OK; i++) {
        if (!fold_belongs(&ledger->fold, i))
            continue;
        status = tell(x, "sent", i, ledger->count);
        if (status == ASSAY_OK)
            status = send_record(x, &ledger->records[i]);
    }
    return status;
}

/* ---- evidence, both ways ---- */

static enum assay_status keep_evidence(struct assay_ledger *ledger, const char *digest,
                                       const char *bytes, size_t length,
                                       struct assay_error *err)
{
    char *path = ledger_evidence_path(ledger, digest);
    char *folder = assay_path_directory(path);
    enum assay_status status = assay_make_directories(folder, err);

    if (status == ASSAY_OK)
        status = assay_file_write(path, bytes, length, 0600, err);
    free(folder);
    free(path);
    return status;
}

/* Whether evidence that is here does not lie there as it should. One that cannot be had is left
   as it is. */
static bool lacks_evidence(struct exchange *x, const char *digest, const char *bytes,
                           size_t length)
{
    const struct sync_place *place = x->place;
    char *there = NULL;
    size_t found = 0;

    if (!place->has(place->self, SYNC_EVIDENCE, digest, bytes, length))
        return true;
    const bool another =
        x->options && x->options->again && place->again &&
        place->read(place->self, SYNC_EVIDENCE, digest, &there, &found, NULL) == ASSAY_OK &&
        (found != length || memcmp(there, bytes, length) != 0);
    free(there);
    return another;
}

static enum assay_status exchange_one(struct exchange *x, const char *digest)
{
    char *bytes = NULL, found[ASSAY_SHA256_TEXT];
    size_t length = 0;
    struct assay_error why = {0};
    enum assay_status status = ASSAY_OK;

    if (assay_evidence_read(x->ledger, digest, &bytes, &length, NULL) == ASSAY_OK) {
        if (lacks_evidence(x, digest, bytes, length))
            status =
                x->place->put(x->place->self, SYNC_EVIDENCE, digest, bytes, length, x->err);
    } else {
        status = x->place->read(x->place->self, SYNC_EVIDENCE, digest, &bytes, &length, &why);
        if (status == ASSAY_OK && strcmp(assay_sha256(found, bytes, length), digest) == 0)
            status = keep_evidence(x->ledger, digest, bytes, length, x->err);
        else if (status == ASSAY_NO)
            status = ASSAY_OK; /* it may come another time */
        else if (status != ASSAY_OK && x->err)
            *x->err = why;
    }
    free(bytes);
    return status;
}

static enum assay_status exchange_evidence(struct exchange *x)
{
    const struct fold *fold = &x->ledger->fold;
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < fold->request_count; i++)
        for (size_t k = 0; k < fold->views[i]->evidence_count && status == ASSAY_OK; k++)
            status = exchange_one(x, fold->views[i]->evidence[k].digest);
    return status;
}

/* ---- receiving ---- */

static void refuse(struct exchange *x, const char *digest, const char *why)
{
    struct assay_buf text = {0};

    *ASSAY_PUSH(&x->arena, x->outside, x->outside_count) =
        assay_arena_strdup(&x->arena, digest);
    if (x->result->refused++ == 0) {
        assay_buf_format(&text, "record %.16s: %s", digest, why);
        x->result->first_refusal =
            assay_arena_strdup(&x->ledger->draft_arena, assay_buf_text(&text));
    }
    assay_buf_free(&text);
}

static void add_record(struct exchange *x, const char *digest, const char *bytes, size_t length,
                       const char *signature, size_t signature_length)
{
    struct assay_ledger *ledger = x->ledger;

    ASSAY_GROW(ledger->records, ledger->capacity, ledger->count + 1);
    struct record *record = &ledger->records[ledger->count++];
    *record = (struct record){
        .seq = ledger->count,
        .digest = digest,
        .bytes = assay_arena_strndup(&x->arena, bytes, length),
        .length = length,
        .signature =
            assay_arena_strndup(&x->arena, signature ? signature : "", signature_length),
        .signature_length = signature_length,
    };
    record_read(record, &ledger->doc, &x->arena);
    record_check(record, &x->arena);
}

/* Reads one record and its signature; one that cannot be had is refused. */
static enum assay_status take(struct exchange *x, const char *digest)
{
    const struct sync_place *place = x->place;
    char *bytes = NULL, *signature = NULL;
    size_t length = 0, signature_length = 0;
    struct assay_error why = {0}, none = {0};
    enum assay_status status =
        place->read(place->self, SYNC_STATEMENT, digest, &bytes, &length, &why);

    if (status == ASSAY_NO) {
        refuse(x, digest, why.what);
        return ASSAY_OK;
    }
    if (status == ASSAY_OK) {
        status = place->read(place->self, SYNC_SIGNATURE, digest, &signature, &signature_length,
                             &none);
        if (status == ASSAY_NO) /* unsigned, which is for the fold to judge */
            status = ASSAY_OK;
        else if (status != ASSAY_OK)
            why = none;
    }
    if (status != ASSAY_OK && x->err)
        *x->err = why;
    x->bytes += length + signature_length;
    if (status == ASSAY_OK && x->bytes > RECEIVE_BYTES)
        status = assay_fail(x->err, ASSAY_BAD_INPUT,
                            "%s: it holds more than a gigabyte of records that are not here",
                            place->shown);
    if (status == ASSAY_OK)
        add_record(x, digest, bytes, length, signature, signature_length);
    free(bytes);
    free(signature);
    return status;
}

static void want(void *context, const char *digest)
{
    struct exchange *x = context;

    x->result->there++;
    if (assay_map_get(&x->ledger->fold.record_index, digest, 64) == ASSAY_MAP_NONE &&
        x->wanted_count < RECEIVE_MAX)
        *ASSAY_PUSH(&x->arena, x->wanted, x->wanted_count) =
            assay_arena_strdup(&x->arena, digest);
}

static enum assay_status take_all(struct exchange *x)
{
    const struct sync_place *place = x->place;
    enum assay_status status = place->list(place->self, want, x, x->err);

    for (size_t i = 0; i < x->wanted_count && status == ASSAY_OK; i++) {
        const size_t left = x->wanted_count - i;
        status = tell(x, "received", i, x->wanted_count);
        if (status == ASSAY_OK && place->ahead && i % AHEAD == 0)
            status =
                place->ahead(place->self, x->wanted + i, left < AHEAD ? left : AHEAD, x->err);
        if (status == ASSAY_OK)
            status = take(x, x->wanted[i]);
    }
    return status;
}

static enum assay_status second_opinion(const struct assay_ledger *ledger,
                                        const struct record *record, struct assay_error *err)
{
    const struct person *person = people_find(&ledger->fold.people, record->s.person);
    const struct person_key *key = person ? person_find_key(person, record->s.key) : NULL;

    if (record->signature_length == 0)
        return ASSAY_OK;
    if (!key)
        return assay_fail(err, ASSAY_NO, "its key is not known");
    return signer_second_opinion(record->s.person, key->line, statement_space(record->s.event),
                                 record->bytes, record->length, record->signature,
                                 record->signature_length, err);
}

/* Whether all that RECORD builds on is here, or was kept before it in this exchange. What a
   record says it had seen, its author chose: it may be of a stranger. */
static bool stands(const struct exchange *x, const struct record *record, const bool *kept)
{
    const struct fold *fold = &x->ledger->fold;
    bool all = true;

    for (size_t i = 0; i < record->s.seen_count + 1 && all; i++) {
        const char *digest =
            i < record->s.seen_count ? record->s.seen[i].digest : record->s.previous;
        if (i == record->s.seen_count && record->s.number == 1)
            break;
        const uint32_t at = assay_map_get(&fold->record_index, digest, 64);
        all = at != ASSAY_MAP_NONE && (at < x->first || kept[at]);
    }
    return all;
}

/* Keeps, in the one order, those of the new records that belong to the ledger. */
static enum assay_status keep_new(struct exchange *x)
{
    struct assay_ledger *ledger = x->ledger;
    bool *kept = assay_alloc_array(ledger->count + 1, sizeof *kept);
    enum assay_status status = store_begin(ledger->store, x->err);

    for (size_t i = 0; i < ledger->fold.placed && status == ASSAY_OK; i++) {
        const uint32_t index = ledger->fold.order[i];
        const struct record *record = &ledger->records[index];
        struct assay_error why = {0};
        if (index < x->first || !fold_belongs(&ledger->fold, index))
            continue;
        if (!stands(x, record, kept)) {
            refuse(x, record->digest, "it follows a record that does not belong here");
            continue;
        }
        if (second_opinion(ledger, record, &why) != ASSAY_OK) {
            status = assay_fail(x->err, ASSAY_NO, "record %.16s: %s", record->digest, why.what);
            break;
        }
        status = ledger_keep(ledger, record->bytes, record->length, record->signature,
                             record->signature_length, x->err);
        kept[index] = status == ASSAY_OK;
        x->result->received += status == ASSAY_OK ? 1 : 0;
    }
    free(kept);
    if (status == ASSAY_OK)
        return store_commit(ledger->store, x->err);
    store_rollback(ledger->store);
    x->result->received = 0;
    return status;
}

/* Whether nobody of this ledger wrote RECORD: others may keep theirs in the same place. */
static bool is_strangers(const struct assay_ledger *ledger, const struct record *record)
{
    const struct fold *fold = &ledger->fold;

    return !record->fault && fold->begin &&
           (record->s.event == EVENT_LEDGER ||
            strcmp(record->s.ledger, fold->begin->digest) != 0 ||
            !people_find(&fold->people, record->s.person));
}

/* Whether RECORD follows one that was not to be had at all. */
static bool lacks(const struct record *record, const struct assay_map *here)
{
    bool all =
        record->s.number == 1 || assay_map_get(here, record->s.previous, 64) != ASSAY_MAP_NONE;

    for (size_t i = 0; i < record->s.seen_count && all; i++)
        all = assay_map_get(here, record->s.seen[i].digest, 64) != ASSAY_MAP_NONE;
    return !all;
}

/* Says of what is not taken why that is. */
static void leave_outside(struct exchange *x)
{
    const struct assay_ledger *ledger = x->ledger;
    struct assay_map here = {0};

    for (size_t i = 0; i < ledger->count; i++)
        assay_map_set(&here, ledger->records[i].digest, 64, (uint32_t)i);
    for (size_t i = x->first; i < ledger->count; i++) {
        const struct record *record = &ledger->records[i];
        if (fold_belongs(&ledger->fold, i))
            continue;
        if (is_strangers(ledger, record)) {
            x->result->strangers++;
            *ASSAY_PUSH(&x->arena, x->outside, x->outside_count) = record->digest;
            continue;
        }
        x->lacking = x->lacking || (!record->fault && lacks(record, &here));
        refuse(x, record->digest,
               record->fault                   ? record->fault
               : ledger->fold.fates[i].why_not ? ledger->fold.fates[i].why_not
                                               : "a record that it follows is missing");
    }
    assay_map_free(&here);
}

static enum assay_status receive(struct exchange *x)
{
    struct assay_ledger *ledger = x->ledger;
    size_t begins = 0;
    enum assay_status status = take_all(x);

    for (size_t i = 0; i < ledger->count; i++)
        begins += !ledger->records[i].fault && ledger->records[i].s.event == EVENT_LEDGER;
    if (status == ASSAY_OK && !ledger->expect && !ledger->fold.begin && begins > 1) {
        status = assay_fail(x->err, ASSAY_BAD_INPUT, "%s: holds %zu ledgers", x->place->shown,
                            begins);
        assay_hint(x->err, "say which with --ledger DIGEST");
    }
    if (status == ASSAY_OK && !ledger->expect && ledger->fold.begin)
        ledger->expect = assay_strdup(ledger->fold.begin->digest);
    ledger_fold(ledger, assay_now_ms());
    sync_settle_forks(ledger, x->first);
    if (status == ASSAY_OK)
        leave_outside(x);
    if (status == ASSAY_OK)
        status = keep_new(x);
    ledger->count = x->first;
    return status;
}

static int by_digest(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What is not taken is told of once: it lies there for ever. What others of this ledger have
   and the place has not is told of each time. */
static void note_told(struct exchange *x)
{
    struct assay_buf all = {0};
    char digest[ASSAY_SHA256_TEXT];

    if (x->outside_count > 1)
        qsort(x->outside, x->outside_count, sizeof *x->outside, by_digest);
    for (size_t i = 0; i < x->outside_count; i++)
        assay_buf_add(&all, x->outside[i], 64);
    assay_sha256(digest, all.data ? all.data : "", all.length);
    x->result->told = sync_was_told(x->ledger, x->place->shown, digest) && !x->lacking &&
                      !(x->options && x->options->again);
    assay_buf_free(&all);
}

enum assay_status sync_exchange(struct assay_ledger *ledger, const struct sync_place *place,
                                const struct assay_sync_options *options,
                                struct assay_sync_result *result, struct assay_error *err)
{
    struct exchange x = {.ledger = ledger,
                         .place = place,
                         .options = options,
                         .result = result,
                         .first = ledger->count,
                         .err = err};
    enum assay_status status = receive(&x);

    /* The records that were read here go; those that were kept are read from the store. */
    ledger_fold(ledger, assay_now_ms());
    if (status == ASSAY_OK)
        status = ledger_settle(ledger, err);
    if (status == ASSAY_OK && options && options->again && place->again)
        status = look_again(&x);
    if (status == ASSAY_OK)
        status = send_all(&x);
    if (status == ASSAY_OK)
        status = exchange_evidence(&x);
    if (status == ASSAY_OK)
        note_told(&x);
    assay_arena_free(&x.arena);
    return status;
}

/* With the server at the URL, or the configured one of that name; ASSAY_NO, without a word,
   where no server is called so. */
static enum assay_status sync_named(struct assay_ledger *ledger, const char *remote,
                                    const struct assay_sync_options *options,
                                    struct assay_sync_result *result, struct assay_error *err)
{
    struct mlflow_site *site = NULL;
    enum assay_status status;

    if (strncmp(remote, "http://", 7) == 0 || strncmp(remote, "https://", 8) == 0)
        status = mlflow_site_open(&site, remote, err);
    else if (strstr(remote, "://")) {
        char *shown = url_without_users(remote);
        status = assay_fail(err, ASSAY_BAD_INPUT,
                            "%s: records are exchanged with a directory, an MLflow server or "
                            "git+URL",
                            shown);
        free(shown);
    } else
        status = strchr(remote, '/') ? ASSAY_NO : mlflow_site_open_named(&site, remote, err);
    if (status != ASSAY_OK)
        return status;
    result->place = assay_arena_strdup(&ledger->draft_arena, mlflow_site_place(site));
    status = sync_server(ledger, site, options, result, err);
    mlflow_site_close(&site);
    return status;
}

enum assay_status assay_ledger_sync(struct assay_ledger *ledger, const char *remote,
                                    const struct assay_sync_options *options,
                                    struct assay_sync_result *result, struct assay_error *err)
{
    const size_t length = strlen(remote);
    const bool git = strncmp(remote, "git+", 4) == 0;
    struct assay_error first = {0};
    enum assay_status status;

    *result = (struct assay_sync_result){.first_refusal = "", .place = remote};
    if (ledger->read_only || !ledger->store)
        return assay_fail(err, ASSAY_IO, "the ledger was opened to be read only");
    if (git || (length > 4 && strcmp(remote + length - 4, ".git") == 0)) {
        status = sync_git(ledger, git ? remote + 4 : remote, options, result, err);
    } else {
        status = sync_named(ledger, remote, options, result, &first);
        if (status == ASSAY_NO && first.status == ASSAY_OK)
            status = sync_directory(ledger, remote, options, result, err);
        else if (status != ASSAY_OK && err && err->status == ASSAY_OK)
            *err = first;
    }
    if (status == ASSAY_OK && ledger->count == 0 && result->there == 0) {
        status =
            assay_fail(err, ASSAY_BAD_INPUT,
                       "%s: holds no ledger, and there is none here either", result->place);
        assay_hint(err, "`assay keys add` begins one; to join one, name the place it is in");
    }
    if (status == ASSAY_OK)
        sync_remember(ledger, remote);
    if (status == ASSAY_OK)
        status = ledger_check_heads(ledger, err);
    return status;
}
