/*
 * An open ledger (ledger.h): checking it against the heads remembered, appending. A record is
 * signed before the database is locked, and kept in one transaction; only when the heads file
 * has it too is it called recorded.
 */
#include "approval/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/file.h>

#include "approval/signer.h"

/* ---- against what was seen before ---- */

static const char *remembered_ledger(const struct assay_ledger *ledger)
{
    return ledger->fold.begin ? ledger->fold.begin->digest
           : ledger->expect   ? ledger->expect
                              : NULL;
}

enum assay_status ledger_check_heads(struct assay_ledger *ledger, struct assay_error *err)
{
    const char *digest = remembered_ledger(ledger);

    if (ledger->expect && !ledger->fold.begin) {
        assay_fail(err, ASSAY_CORRUPT, "%s: the ledger %.16s that belongs here is not there%s",
                   ledger->path, ledger->expect, ledger->count > 0 ? ", but another is" : "");
        assay_hint(err, "put the database back; or, knowingly, remove its line from %s",
                   ledger->heads_path ? ledger->heads_path : "the file of heads");
        return ASSAY_CORRUPT;
    }
    for (size_t i = 0; digest && i < ledger->heads.count; i++) {
        const struct heads_entry *entry = &ledger->heads.entries[i];
        const struct fold *fold = &ledger->fold;
        if (strcmp(entry->ledger, digest) != 0)
            continue;
        ledger->witnessed = true;
        if (assay_map_get(&fold->record_index, entry->head.digest, 64) != ASSAY_MAP_NONE)
            continue;
        uint32_t at =
            assay_map_get(&fold->chain_index, entry->head.chain, strlen(entry->head.chain));
        const struct fold_chain *chain = at != ASSAY_MAP_NONE ? &fold->chains[at] : NULL;
        assay_fail(err, ASSAY_CORRUPT,
                   "%s: record %llu of %s (%.16s) was seen here before and is %s: its chain is "
                   "at %llu (%.16s)",
                   ledger->path, (unsigned long long)entry->head.number, entry->head.chain,
                   entry->head.digest,
                   chain && chain->number >= entry->head.number ? "another one now" : "gone",
                   chain ? (unsigned long long)chain->number : 0ull,
                   chain && chain->number ? chain->digest : "empty");
        assay_hint(err, "the ledger was rolled back or forked: fetch what is missing with "
                        "`assay sync`, or put the database back");
        return ASSAY_CORRUPT;
    }
    return ASSAY_OK;
}

static enum assay_status remember(struct assay_ledger *ledger, struct assay_error *err)
{
    const struct fold *fold = &ledger->fold;
    struct statement_head *heads = assay_alloc_array(fold->chain_count + 1, sizeof *heads);
    size_t count = 0;
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < fold->chain_count; i++)
        if (fold->chains[i].number > 0)
            heads[count++] = (struct statement_head){
                fold->chains[i].chain, fold->chains[i].number, fold->chains[i].digest};
    if (!ledger->heads_path)
        status = assay_fail(err, ASSAY_IO, "there is no home to remember heads in");
    else
        status = heads_remember(ledger->heads_path, fold->begin ? fold->begin->digest : NULL,
                                ledger->path, heads, count, ledger->device, err);
    free(heads);
    return status;
}

/* ---- opening ---- */

/* WAL needs memory shared between processes, which network file systems do not have. */
static enum assay_status check_file_system(const char *path, struct assay_error *err)
{
    static const unsigned long network[] = {0x6969,     0xff534d42, 0xfe534d42, 0x517b,
                                            0x0bd00bd0, 0x5346414f, 0x47504653};
    struct statfs fs;

    if (statfs(path, &fs) != 0)
        return ASSAY_OK;
    for (size_t i = 0; i < ASSAY_COUNT(network); i++) {
        if ((unsigned long)fs.f_type == network[i]) {
            assay_fail(err, ASSAY_IO,
                       "%s: lies on a network file system, where a ledger can lose records",
                       path);
            assay_hint(err, "point ASSAY_STORE at a local disk and share with `assay sync`");
            return ASSAY_IO;
        }
    }
    return ASSAY_OK;
}

static enum assay_status open_store(struct assay_ledger *ledger, struct assay_error *err)
{
    if (ledger->read_only && access(ledger->path, F_OK) != 0 && errno == ENOENT)
        return ASSAY_OK;
    struct assay_error why = {0};
    enum assay_status status =
        store_open(&ledger->store, ledger->path, STORE_LOCAL, ledger->read_only, &why);
    /* One that an older version wrote is brought up to date even to be read. */
    if (status != ASSAY_OK && ledger->read_only)
        status = store_open(&ledger->store, ledger->path, STORE_LOCAL, false, NULL);
    if (status != ASSAY_OK) {
        assay_fail(err, status, "%s", why.what);
        if (why.hint[0])
            assay_hint(err, "%s", why.hint);
    }
    return status;
}

enum assay_status assay_ledger_open(struct assay_ledger **out,
                                    const struct assay_ledger_options *options,
                                    struct assay_error *err)
{
    struct assay_ledger *ledger = assay_alloc(sizeof *ledger);
    enum assay_status status = ASSAY_OK;

    *out = NULL;
    ledger->me = ledger->my_name = ledger->my_line = ledger->my_key = "";
    ledger->read_only = options->read_only;
    ledger->unsigned_votes = options->unsigned_votes;
    ledger->gate = options->gate;
    ledger->sign_timeout_ms = options->sign_timeout_ms;
    ledger->key_file = assay_strdup(options->key);
    ledger->person = assay_strdup(options->person);
    ledger->path =
        options->store ? assay_strdup(options->store) : store_default_path(STORE_LOCAL);
    ledger->heads_path = options->heads ? assay_strdup(options->heads) : heads_default_path();
    if (!ledger->path)
        status =
            assay_fail(err, ASSAY_IO, "local store: there is no home directory to keep it in");
    else if (options->expect && !assay_sha256_valid(options->expect))
        status =
            assay_fail(err, ASSAY_BAD_INPUT, "%s: is no digest of a ledger", options->expect);
    if (status == ASSAY_OK)
        status = open_store(ledger, err);
    if (status == ASSAY_OK && ledger->heads_path)
        status = heads_read(&ledger->heads, ledger->heads_path, err);
    if (status == ASSAY_OK) {
        char *real = realpath(ledger->path, NULL);
        if (real) {
            free(ledger->path);
            ledger->path = real;
        }
        const char *pin = heads_pin_of(&ledger->heads, ledger->path);
        memcpy(ledger->device, ledger->heads.device, sizeof ledger->device);
        ledger->expect = assay_strdup(options->expect ? options->expect : pin);
        status = ledger_read(ledger, assay_now_ms(), NULL, err);
    }
    if (status == ASSAY_OK && !options->recover)
        status = ledger_check_heads(ledger, err);
    if (status == ASSAY_OK && !options->recover && ledger->fold.begin) {
        /* Who only looks remembers too, where the ledger is known, and as far as possible. */
        if (!ledger->read_only)
            status = remember(ledger, err);
        else if (ledger->witnessed)
            (void)remember(ledger, NULL);
    }
    if (status != ASSAY_OK)
        assay_ledger_close(&ledger);
    *out = ledger;
    return status;
}

void assay_ledger_close(struct assay_ledger **at)
{
    struct assay_ledger *ledger = *at;

    if (!ledger)
        return;
    for (size_t i = 0; i < ledger->site_count; i++)
        mlflow_site_close(&ledger->sites[i]);
    free(ledger->sites);
    fold_free(&ledger->fold);
    heads_free(&ledger->heads);
    store_close(&ledger->store);
    json_doc_free(&ledger->doc);
    assay_arena_free(&ledger->arena);
    for (size_t i = 0; i < RECORD_THREADS; i++)
        assay_arena_free(&ledger->shares[i]);
    assay_arena_free(&ledger->me_arena);
    assay_arena_free(&ledger->view_arena);
    assay_arena_free(&ledger->draft_arena);
    assay_arena_free(&ledger->drift_arena);
    assay_arena_free(&ledger->follow_arena);
    free(ledger->records);
    free(ledger->path);
    free(ledger->heads_path);
    free(ledger->expect);
    free(ledger->key_file);
    free(ledger->person);
    free(ledger);
    *at = NULL;
}

/* ---- who signs ---- */

static bool is_mine(struct assay_ledger *ledger, const char *line)
{
    struct pubkey *key = assay_alloc(sizeof *key);
    char fingerprint[FINGERPRINT_SIZE];
    bool found = false;

    if (pubkey_parse(key, line, NULL) == ASSAY_OK) {
        pubkey_fingerprint(fingerprint, key->blob, key->blob_length);
        for (size_t i = 0; i < ledger->fold.people.count && !found; i++) {
            const struct person *person = &ledger->fold.people.items[i];
            const struct person_key *k = person_find_key(person, fingerprint);
            if (!k || k->revoked || (ledger->person && strcmp(ledger->person, person->id) != 0))
                continue;
            ledger->me = assay_arena_strdup(&ledger->me_arena, person->id);
            ledger->my_name = assay_arena_strdup(&ledger->me_arena, person->name);
            ledger->my_line = assay_arena_strdup(&ledger->me_arena, k->line);
            ledger->my_key = assay_arena_strdup(&ledger->me_arena, fingerprint);
            found = true;
        }
    }
    free(key);
    return found;
}

static enum assay_status find_key(struct assay_ledger *ledger, struct assay_error *err)
{
    const char **lines = NULL;
    size_t count = 0;
    enum assay_status status = ASSAY_OK;
    char first[PUBKEY_PERSON_MAX + 1] = "";

    if (ledger->key_file) {
        struct pubkey *key = assay_alloc(sizeof *key);
        status = pubkey_read(key, ledger->key_file, err);
        if (status == ASSAY_OK)
            is_mine(ledger, pubkey_line(key, &ledger->me_arena));
        free(key);
        return status;
    }
    status = signer_agent_keys(&ledger->me_arena, &lines, &count, err);
    for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
        if (!is_mine(ledger, lines[i]))
            continue;
        if (first[0] && strcmp(first, ledger->me) != 0) {
            status = assay_fail(err, ASSAY_BAD_INPUT, "the agent holds keys of %s and of %s",
                                first, ledger->me);
            assay_hint(err, "say which with --sign-with FILE.pub");
        }
        memcpy(first, ledger->me, strlen(ledger->me) + 1);
    }
    return status;
}

static void look_as_me(struct assay_ledger *ledger)
{
    ledger->input.me = ledger->me;
    fold_look_as(&ledger->fold, ledger->me);
    ledger_make_views(ledger);
}

enum assay_status assay_ledger_me(struct assay_ledger *ledger, const char **person,
                                  struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    if (!ledger->me_known && ledger->unsigned_votes) {
        const struct person *named =
            ledger->person ? people_find(&ledger->fold.people, ledger->person) : NULL;
        ledger->me = named ? assay_arena_strdup(&ledger->me_arena, named->id) : "";
        ledger->my_name = named ? assay_arena_strdup(&ledger->me_arena, named->name) : "";
        ledger->me_known = true;
        look_as_me(ledger);
    } else if (!ledger->me_known) {
        status = find_key(ledger, err);
        ledger->me_known = status == ASSAY_OK;
        if (status == ASSAY_OK && ledger->me[0])
            look_as_me(ledger);
    }
    *person = ledger->me;
    return status;
}

enum assay_status ledger_may_write(const struct assay_ledger *ledger, struct assay_error *err)
{
    if (ledger->read_only || !ledger->store)
        return assay_fail(err, ASSAY_IO, "the ledger was opened to be read only");
    return ASSAY_OK;
}

/* Says so where records are dated later than this clock: then little of the ledger counts here,
   and every other reason given misleads. */
static void hint_at_clock(const struct assay_ledger *ledger, struct assay_error *err)
{
    char newest[32];
    int64_t time_ms = 0;

    for (size_t i = 0; i < ledger->count; i++)
        if (!ledger->records[i].fault && ledger->records[i].checked != SIGNATURE_FAILS &&
            fold_ahead(&ledger->fold, &ledger->records[i]) &&
            ledger->records[i].s.time_ms > time_ms)
            time_ms = ledger->records[i].s.time_ms;
    if (time_ms > 0)
        assay_hint(err,
                   "a record is of %s, later than this machine's clock: set the clock right, "
                   "or wait where another machine's ran ahead",
                   assay_time_text(newest, time_ms));
}

enum assay_status ledger_need_me(struct assay_ledger *ledger, struct assay_error *err)
{
    const char *me = "";
    enum assay_status status = ledger_may_write(ledger, err);

    if (status != ASSAY_OK)
        return status;
    if (!ledger->fold.begin) {
        assay_fail(err, ASSAY_BAD_INPUT, "there is no ledger yet");
        assay_hint(err,
                   "assay keys add YOU --name \"Your Name\" --key ~/.ssh/ID.pub begins one");
        return ASSAY_BAD_INPUT;
    }
    status = assay_ledger_me(ledger, &me, err);
    if (status == ASSAY_OK && !me[0]) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s",
                   ledger->unsigned_votes
                       ? "an unsigned record needs the name of a person known here"
                       : "the agent holds no key of anybody known to this ledger");
        hint_at_clock(ledger, err);
        assay_hint(err, "ssh-add your key, or have an owner add it: assay keys add PERSON "
                        "--key FILE.pub");
        status = ASSAY_BAD_INPUT;
    }
    return status;
}

/* ---- writing ---- */

void ledger_random_hex(char *out, size_t digits)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char byte = 0;

    for (size_t i = 0; i < digits; i++) {
        while (getrandom(&byte, 1, 0) != 1)
            continue;
        out[i] = hex[byte & 15];
    }
    out[digits] = '\0';
}

/* Nothing is built on what lies ahead of this clock: it would be older than that, once that
   counts. */
static bool lies_ahead(const struct fold *fold, const struct fold_chain *chain)
{
    uint32_t at = assay_map_get(&fold->record_index, chain->digest, 64);

    return at != ASSAY_MAP_NONE && fold_ahead(fold, &fold->input->records[at]);
}

/* Heads of other chains that no earlier record of MINE has named. */
static void fill_seen(struct assay_ledger *ledger, const char *mine, struct statement *s,
                      struct assay_arena *arena)
{
    const struct fold *fold = &ledger->fold;
    struct assay_map named = {0};

    for (size_t i = 0; i < ledger->count; i++) {
        const struct record *record = &ledger->records[i];
        for (size_t k = 0;
             !record->fault && strcmp(record->chain, mine) == 0 && k < record->s.seen_count;
             k++)
            assay_map_set(&named, record->s.seen[k].digest, 64, 1);
    }
    s->seen = assay_arena_alloc(arena, STATEMENT_LIST_MAX * sizeof *s->seen);
    for (size_t i = 0; i < fold->chain_count && s->seen_count < STATEMENT_LIST_MAX; i++) {
        const struct fold_chain *chain = &fold->chains[i];
        if (chain->number > 0 && strcmp(chain->chain, mine) != 0 && !lies_ahead(fold, chain) &&
            assay_map_get(&named, chain->digest, 64) == ASSAY_MAP_NONE)
            s->seen[s->seen_count++] =
                (struct statement_head){chain->chain, chain->number, chain->digest};
    }
    assay_map_free(&named);
}

static enum assay_status fill_head(struct assay_ledger *ledger, struct statement *s,
                                   struct assay_arena *arena, struct assay_error *err)
{
    char nonce[33], host[256] = "";
    const char *user = getenv("USER"), *terminal = ttyname(0);
    enum assay_status status = ASSAY_OK;

    if (ledger->device[0] == '\0')
        status = remember(ledger, err);
    if (status != ASSAY_OK)
        return status;
    ledger_random_hex(nonce, 32);
    (void)gethostname(host, sizeof host - 1);
    s->ledger = ledger->fold.begin ? ledger->fold.begin->digest : "";
    s->person = ledger->me;
    s->name = ledger->my_name;
    s->role = s->role ? s->role : "";
    s->key = ledger->unsigned_votes ? "" : ledger->my_key;
    s->device = ledger->device;
    s->time_ms = assay_now_ms();
    s->nonce = assay_arena_strdup(arena, nonce);
    s->host = assay_arena_strdup(arena, host);
    s->user = user && strlen(user) < 200 ? user : "";
    s->terminal = terminal && strlen(terminal) < 200 ? assay_arena_strdup(arena, terminal) : "";
    const char *mine = statement_chain(s, arena);
    uint32_t at = assay_map_get(&ledger->fold.chain_index, mine, strlen(mine));
    const struct fold_chain *chain = at != ASSAY_MAP_NONE ? &ledger->fold.chains[at] : NULL;
    s->number = (chain ? chain->number : 0) + 1;
    s->previous = chain && chain->number > 0 ? chain->digest : "";
    fill_seen(ledger, mine, s, arena);
    return ASSAY_OK;
}

/* What the fold would make of the bytes if they were signed and kept now. */
static enum assay_status try_record(struct assay_ledger *ledger, const struct assay_buf *text,
                                    struct assay_arena *arena, struct assay_error *err)
{
    const struct person *me = people_find(&ledger->fold.people, ledger->me);
    const struct person_key *key = me ? person_find_key(me, ledger->my_key) : NULL;
    struct record *record;
    const char *why;
    enum assay_status status = ASSAY_OK;

    ASSAY_GROW(ledger->records, ledger->capacity, ledger->count + 1);
    record = &ledger->records[ledger->count];
    *record = (struct record){.seq = ledger->count + 1,
                              .bytes = text->data,
                              .length = text->length,
                              .signature = "",
                              .signature_length = ledger->unsigned_votes ? 0 : 1};
    record_read(record, &ledger->doc, arena);
    record->checked = ledger->unsigned_votes ? SIGNATURE_NONE : SIGNATURE_HOLDS;
    record->signed_by = ledger->my_key;
    /* Whether it will be touched only the signature tells; that it can be, the key does. */
    record->hardware = record->touched = record->pin = key && key->hardware;
    if (record->fault)
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s", record->fault);
    ledger->count++;
    ledger_fold(ledger, assay_now_ms());
    why = ledger->fold.fates[ledger->count - 1].why_not;
    if (status == ASSAY_OK && !ledger->fold.fates[ledger->count - 1].counts)
        status = assay_fail(err, ASSAY_NO, "this would not count: %s",
                            why ? why : "a record that it follows is missing");
    if (status == ASSAY_NO)
        hint_at_clock(ledger, err);
    if (status == ASSAY_OK && record->s.event == EVENT_DECISION) {
        const struct fold_request *request =
            fold_find(&ledger->fold, record->s.decision.request);
        const struct fold_vote *vote = &request->votes[request->vote_count - 1];
        if (!vote->counts && record->s.decision.verdict != ASSAY_COMMENT)
            status = assay_fail(err, ASSAY_NO, "this would not count: %s %s", ledger->me,
                                vote->why_not ? vote->why_not : "may not");
    }
    if (status == ASSAY_OK && record->s.event == EVENT_REQUEST) {
        const struct fold_request *request = fold_find(&ledger->fold, record->s.request.id);
        if (!fold_satisfiable(&ledger->fold, request, &why)) {
            status = assay_fail(err, ASSAY_NO, "nobody could satisfy this request: %s", why);
            assay_hint(err,
                       "give the role to more persons, or ask somebody else to request it");
        }
    }
    ledger->count--;
    ledger_fold(ledger, assay_now_ms());
    return status;
}

enum assay_status ledger_draft_text(struct assay_ledger *ledger, struct statement *s,
                                    char **text, struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct assay_buf out = {.limit = JSON_BYTES_MAX + 1};
    enum assay_status status = fill_head(ledger, s, &arena, err);

    *text = NULL;
    if (status == ASSAY_OK)
        status = statement_write(&out, s, err);
    if (status == ASSAY_OK)
        status = try_record(ledger, &out, &arena, err);
    if (status == ASSAY_OK)
        *text = assay_buf_take(&out);
    assay_buf_free(&out);
    assay_arena_free(&arena);
    return status;
}

enum assay_status ledger_keep(struct assay_ledger *ledger, const char *bytes, size_t length,
                              const char *signature, size_t signature_length,
                              struct assay_error *err)
{
    char digest[ASSAY_SHA256_TEXT];
    struct store_record row = {
        .digest = assay_sha256(digest, bytes, length),
        .stored_ms = assay_now_ms(),
        .statement = bytes,
        .statement_length = length,
        .signature = signature,
        .signature_length = signature_length,
    };
    return store_append_record(ledger->store, &row, err);
}

enum assay_status ledger_settle(struct assay_ledger *ledger, struct assay_error *err)
{
    enum assay_status status = ledger_read(ledger, assay_now_ms(), NULL, err);

    store_checkpoint(ledger->store);
    if (status == ASSAY_OK)
        status = remember(ledger, err);
    if (status != ASSAY_OK)
        assay_hint(err, "the record was kept, but this machine could not remember it");
    return status;
}

/* Keeps the record if its chain still ends where it was when it was signed: another process of
   the same person may have been quicker. */
static enum assay_status commit(struct assay_ledger *ledger, const struct statement *s,
                                const struct assay_buf *text, const struct assay_buf *signature,
                                struct assay_error *err)
{
    struct assay_arena arena = {0};
    const char *mine = statement_chain(s, &arena);
    enum assay_status status = store_begin(ledger->store, err);

    if (status != ASSAY_OK)
        goto done;
    status = ledger_read(ledger, assay_now_ms(), NULL, err);
    uint32_t at = assay_map_get(&ledger->fold.chain_index, mine, strlen(mine));
    const char *head = at != ASSAY_MAP_NONE ? ledger->fold.chains[at].digest : "";
    if (status == ASSAY_OK && strcmp(head, s->previous) != 0) {
        status = assay_fail(err, ASSAY_NO,
                            "you signed something else meanwhile in another "
                            "window: nothing was recorded");
        assay_hint(err, "look at the request again and sign once more");
    }
    if (status == ASSAY_OK)
        status = ledger_keep(ledger, text->data, text->length, assay_buf_text(signature),
                             signature->length, err);
    if (status == ASSAY_OK)
        status = store_commit(ledger->store, err);
    else
        store_rollback(ledger->store);
    if (status == ASSAY_OK)
        status = ledger_settle(ledger, err);
done:
    assay_arena_free(&arena);
    return status;
}

static enum assay_status check_kept(struct assay_ledger *ledger, const struct assay_buf *text,
                                    struct assay_error *err)
{
    char digest[ASSAY_SHA256_TEXT];
    uint32_t at;

    assay_sha256(digest, text->data, text->length);
    at = assay_map_get(&ledger->fold.record_index, digest, 64);
    if (at == ASSAY_MAP_NONE)
        return assay_fail(err, ASSAY_CORRUPT, "the record %.16s cannot be read back", digest);
    record_check(&ledger->records[at], &ledger->arena);
    ledger_fold(ledger, ledger->input.now_ms);
    if (!ledger->fold.fates[at].counts)
        return assay_fail(err, ASSAY_NO, "it was recorded and does not count: %s",
                          ledger->fold.fates[at].why_not);
    return ASSAY_OK;
}

/* Tries, signs and keeps TEXT, which says S. */
static enum assay_status append_bytes(struct assay_ledger *ledger, const struct statement *s,
                                      const struct assay_buf *text, struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct assay_buf signature = {0};
    struct sshsig_facts facts;
    enum assay_status status = store_check_durable(ledger->store, err);

    if (status == ASSAY_OK)
        status = check_file_system(ledger->path, err);
    if (status == ASSAY_OK)
        status = try_record(ledger, text, &arena, err);
    if (status == ASSAY_OK && !ledger->unsigned_votes)
        status = signer_sign(ledger->my_line, statement_space(s->event), text->data,
                             text->length, ledger->sign_timeout_ms, &signature, &facts, err);
    if (status == ASSAY_OK)
        status = commit(ledger, s, text, &signature, err);
    if (status == ASSAY_OK)
        status = check_kept(ledger, text, err);
    assay_buf_free(&signature);
    assay_arena_free(&arena);
    return status;
}

enum assay_status ledger_append(struct assay_ledger *ledger, struct statement *s,
                                struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct assay_buf text = {.limit = JSON_BYTES_MAX + 1};
    enum assay_status status = fill_head(ledger, s, &arena, err);

    if (status == ASSAY_OK)
        status = statement_write(&text, s, err);
    if (status == ASSAY_OK)
        status = append_bytes(ledger, s, &text, err);
    assay_buf_free(&text);
    assay_arena_free(&arena);
    return status;
}

enum assay_status ledger_append_text(struct assay_ledger *ledger, const char *bytes,
                                     size_t length, struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct assay_buf text = {.limit = JSON_BYTES_MAX + 1};
    struct statement s;
    enum assay_status status =
        statement_parse(&s, &ledger->doc, &arena, bytes, length, "the draft", err);

    assay_buf_add(&text, bytes, length);
    if (status == ASSAY_OK &&
        (strcmp(s.person, ledger->me) != 0 ||
         strcmp(s.key, ledger->unsigned_votes ? "" : ledger->my_key) != 0))
        status = assay_fail(err, ASSAY_BAD_INPUT, "the draft is another person's, or key's");
    if (status == ASSAY_OK)
        status = append_bytes(ledger, &s, &text, err);
    assay_buf_free(&text);
    assay_arena_free(&arena);
    return status;
}
