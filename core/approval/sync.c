/*
 * Exchanging records through a shared directory (sync.h). Called by `assay sync`, and by
 * sync_git.c with the work tree of a clone.
 */
#include "approval/sync.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/file.h>

#include "approval/signer.h"

/* How many records one exchange takes in. */
#define RECEIVE_MAX 1000000

/* DIRECTORY/KIND/xx/DIGEST.END */
static char *place_of(const char *directory, const char *kind, const char *digest,
                      const char *end)
{
    struct assay_buf path = {0};
    assay_buf_format(&path, "%s/%s/%.2s/%s%s", directory, kind, digest, digest, end);
    return assay_buf_take(&path);
}

static enum assay_status put(const char *directory, const char *kind, const char *digest,
                             const char *end, const void *bytes, size_t length,
                             struct assay_error *err)
{
    char *path = place_of(directory, kind, digest, end);
    char *folder = assay_path_directory(path);
    enum assay_status status = assay_make_directories(folder, err);

    if (status == ASSAY_OK && access(path, F_OK) != 0)
        status = assay_file_write(path, bytes, length, 0644, err);
    free(folder);
    free(path);
    return status;
}

/* ---- sending ---- */

static enum assay_status send_record(const char *directory, const struct record *r, bool *sent,
                                     struct assay_error *err)
{
    char *path = place_of(directory, "records", r->digest, ".json");
    enum assay_status status = ASSAY_OK;

    *sent = access(path, F_OK) != 0;
    free(path);
    if (!*sent)
        return ASSAY_OK;
    /* The signature first: who sees the record finds it. */
    if (r->signature_length > 0)
        status = put(directory, "records", r->digest, ".sig", r->signature, r->signature_length,
                     err);
    if (status == ASSAY_OK)
        status = put(directory, "records", r->digest, ".json", r->bytes, r->length, err);
    return status;
}

static enum assay_status send_all(struct assay_ledger *ledger, const char *directory,
                                  struct assay_sync_result *result, struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < ledger->count && status == ASSAY_OK; i++) {
        bool sent = false;
        if (!ledger->fold.fates[i].authentic)
            continue;
        status = send_record(directory, &ledger->records[i], &sent, err);
        result->sent += sent ? 1 : 0;
    }
    return status;
}

/* ---- evidence, both ways ---- */

static enum assay_status exchange_evidence(struct assay_ledger *ledger, const char *directory,
                                           struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < ledger->fold.request_count; i++) {
        const struct assay_request *r = ledger->fold.views[i];
        for (size_t k = 0; k < r->evidence_count && status == ASSAY_OK; k++) {
            const char *digest = r->evidence[k].digest;
            char *here = ledger_evidence_path(ledger, digest);
            char *there = place_of(directory, "evidence", digest, "");
            char *bytes = NULL, found[ASSAY_SHA256_TEXT];
            size_t length = 0;
            if (assay_evidence_read(ledger, digest, &bytes, &length, NULL) == ASSAY_OK) {
                status = put(directory, "evidence", digest, "", bytes, length, err);
            } else if (assay_file_read(there, 64 << 20, &bytes, &length, NULL) == ASSAY_OK &&
                       strcmp(assay_sha256(found, bytes, length), digest) == 0) {
                char *folder = assay_path_directory(here);
                status = assay_make_directories(folder, err);
                if (status == ASSAY_OK)
                    status = assay_file_write(here, bytes, length, 0600, err);
                free(folder);
            }
            free(bytes);
            free(here);
            free(there);
        }
    }
    return status;
}

/* ---- receiving ---- */

struct receiving {
    struct assay_ledger *ledger;
    const char *directory;
    struct assay_sync_result *result;
    struct assay_arena arena; /* of what was read and may be refused */
    size_t first;             /* where in the ledger's records it begins */
    struct assay_error *err;
};

static void refuse(struct receiving *r, const char *digest, const char *why)
{
    struct assay_buf text = {0};

    if (r->result->refused++ == 0) {
        assay_buf_format(&text, "record %.16s: %s", digest, why);
        r->result->first_refusal =
            assay_arena_strdup(&r->ledger->draft_arena, assay_buf_text(&text));
    }
    assay_buf_free(&text);
}

static void take_file(struct receiving *r, const char *digest)
{
    struct assay_ledger *ledger = r->ledger;
    char *path = place_of(r->directory, "records", digest, ".json");
    char *signature_path = place_of(r->directory, "records", digest, ".sig");
    char *bytes = NULL, *signature = NULL;
    size_t length = 0, signature_length = 0;
    struct assay_error why = {0};

    if (assay_file_read(path, JSON_BYTES_MAX, &bytes, &length, &why) != ASSAY_OK) {
        refuse(r, digest, why.what);
    } else {
        (void)assay_file_read(signature_path, SSHSIG_BYTES_MAX, &signature, &signature_length,
                              NULL);
        ASSAY_GROW(ledger->records, ledger->capacity, ledger->count + 1);
        struct record *record = &ledger->records[ledger->count++];
        *record = (struct record){
            .seq = ledger->count,
            .digest = assay_arena_strdup(&r->arena, digest),
            .bytes = assay_arena_strndup(&r->arena, bytes, length),
            .length = length,
            .signature =
                assay_arena_strndup(&r->arena, signature ? signature : "", signature_length),
            .signature_length = signature_length,
        };
        record_read(record, &ledger->doc, &r->arena);
        record_check(record, &r->arena);
    }
    free(bytes);
    free(signature);
    free(path);
    free(signature_path);
}

/* The digest in "DIGEST.json"; false where it is another file. */
static bool digest_of(const char *name, char out[ASSAY_SHA256_TEXT])
{
    if (strlen(name) != 69 || strcmp(name + 64, ".json") != 0)
        return false;
    memcpy(out, name, 64);
    out[64] = '\0';
    return assay_sha256_valid(out);
}

static enum assay_status read_folder(struct receiving *r, const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char digest[ASSAY_SHA256_TEXT];

    if (!folder)
        return assay_fail(r->err, ASSAY_IO, "%s: %s", path, strerror(errno));
    while ((entry = readdir(folder)) != NULL) {
        if (!digest_of(entry->d_name, digest))
            continue;
        r->result->there++;
        if (assay_map_get(&r->ledger->fold.record_index, digest, 64) == ASSAY_MAP_NONE &&
            r->ledger->count - r->first < RECEIVE_MAX)
            take_file(r, digest);
    }
    closedir(folder);
    return ASSAY_OK;
}

static enum assay_status read_folders(struct receiving *r)
{
    char *records = assay_path_join(r->directory, "records");
    DIR *root = opendir(records);
    struct dirent *entry;
    enum assay_status status = ASSAY_OK;

    while (root && status == ASSAY_OK && (entry = readdir(root)) != NULL) {
        if (strlen(entry->d_name) != 2 || strspn(entry->d_name, "0123456789abcdef") != 2)
            continue;
        char *path = assay_path_join(records, entry->d_name);
        status = read_folder(r, path);
        free(path);
    }
    if (root)
        closedir(root);
    free(records);
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

/* Keeps, in the one order, those of the new records that are authentic. */
static enum assay_status keep_new(struct receiving *r)
{
    struct assay_ledger *ledger = r->ledger;
    enum assay_status status = store_begin(ledger->store, r->err);

    for (size_t i = 0; i < ledger->fold.placed && status == ASSAY_OK; i++) {
        const uint32_t index = ledger->fold.order[i];
        const struct record *record = &ledger->records[index];
        struct assay_error why = {0};
        if (index < r->first || !ledger->fold.fates[index].authentic)
            continue;
        if (second_opinion(ledger, record, &why) != ASSAY_OK) {
            status = assay_fail(r->err, ASSAY_NO, "record %.16s: %s", record->digest, why.what);
            break;
        }
        status = ledger_keep(ledger, record->bytes, record->length, record->signature,
                             record->signature_length, r->err);
        r->result->received += status == ASSAY_OK ? 1 : 0;
    }
    if (status == ASSAY_OK)
        return store_commit(ledger->store, r->err);
    store_rollback(ledger->store);
    r->result->received = 0;
    return status;
}

static enum assay_status receive(struct receiving *r)
{
    struct assay_ledger *ledger = r->ledger;
    size_t begins = 0;
    enum assay_status status = read_folders(r);

    for (size_t i = 0; i < ledger->count; i++)
        begins += !ledger->records[i].fault && ledger->records[i].s.event == EVENT_LEDGER;
    if (status == ASSAY_OK && !ledger->expect && !ledger->fold.begin && begins > 1) {
        status =
            assay_fail(r->err, ASSAY_BAD_INPUT, "%s: holds %zu ledgers", r->directory, begins);
        assay_hint(r->err, "say which with --ledger DIGEST");
    }
    if (status == ASSAY_OK && !ledger->expect && ledger->fold.begin)
        ledger->expect = assay_strdup(ledger->fold.begin->digest);
    ledger_fold(ledger, assay_now_ms());
    for (size_t i = r->first; i < ledger->count && status == ASSAY_OK; i++)
        if (!ledger->fold.fates[i].authentic)
            refuse(r, ledger->records[i].digest,
                   ledger->records[i].fault        ? ledger->records[i].fault
                   : ledger->fold.fates[i].why_not ? ledger->fold.fates[i].why_not
                                                   : "a record that it follows is missing");
    if (status == ASSAY_OK)
        status = keep_new(r);
    ledger->count = r->first;
    return status;
}

enum assay_status sync_directory(struct assay_ledger *ledger, const char *directory,
                                 struct assay_sync_result *result, struct assay_error *err)
{
    struct receiving r = {.ledger = ledger,
                          .directory = directory,
                          .result = result,
                          .first = ledger->count,
                          .err = err};
    enum assay_status status = ASSAY_OK;

    /* What would stay empty is not made: the place is more likely misspelt than new. */
    result->made = access(directory, F_OK) != 0 && errno == ENOENT && ledger->count > 0;
    if (ledger->count > 0)
        status = assay_make_directories(directory, err);
    if (status == ASSAY_OK)
        status = receive(&r);
    /* The records that were read here go; those that were kept are read from the store. */
    ledger_fold(ledger, assay_now_ms());
    assay_arena_free(&r.arena);
    if (status == ASSAY_OK)
        status = ledger_settle(ledger, err);
    if (status == ASSAY_OK)
        status = send_all(ledger, directory, result, err);
    if (status == ASSAY_OK)
        status = exchange_evidence(ledger, directory, err);
    return status;
}

enum assay_status assay_ledger_sync(struct assay_ledger *ledger, const char *remote,
                                    struct assay_sync_result *result, struct assay_error *err)
{
    const size_t length = strlen(remote);
    const bool git = strncmp(remote, "git+", 4) == 0;
    enum assay_status status;

    *result = (struct assay_sync_result){.first_refusal = ""};
    if (ledger->read_only || !ledger->store)
        return assay_fail(err, ASSAY_IO, "the ledger was opened to be read only");
    if (git || (length > 4 && strcmp(remote + length - 4, ".git") == 0))
        status = sync_git(ledger, git ? remote + 4 : remote, result, err);
    else if (strstr(remote, "://"))
        return assay_fail(err, ASSAY_BAD_INPUT,
                          "%s: records are exchanged with a directory or git+URL", remote);
    else
        status = sync_directory(ledger, remote, result, err);
    if (status == ASSAY_OK && ledger->count == 0 && result->there == 0) {
        status = assay_fail(err, ASSAY_BAD_INPUT,
                            "%s: holds no ledger, and there is none here either", remote);
        assay_hint(err, "`assay keys add` begins one; to join one, name the place it is in");
    }
    if (status == ASSAY_OK)
        status = ledger_check_heads(ledger, err);
    return status;
}
