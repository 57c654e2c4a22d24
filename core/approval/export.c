/*
 * The bundle an auditor gets, and checking one. Everything in it can be checked without this
 * program: verify.sh uses ssh-keygen, sha256sum and jq alone.
 *
 *     records/NNNNNN.json, .sig   the exact bytes, in the one order; .sig empty: unsigned
 *     records.sha256              their digests, for sha256sum -c
 *     allowed_signers             persons and keys, for ssh-keygen
 *     policies/NAME-VERSION.ini   evidence/DIGEST   report.txt   report.html   verify.sh
 */
#include "approval/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>

#include "approval/bundle_script.h"
#include "approval/secrets.h"
#include "approval/sshsig.h"

#define RECORDS_MAX  1000000
#define EVIDENCE_MAX ((size_t)64 << 20)

/* ---- writing ---- */

struct bundle {
    const char *directory;
    struct assay_error *err;
};

static enum assay_status put(const struct bundle *bundle, const char *name, const void *bytes,
                             size_t length, unsigned mode)
{
    char *path = assay_path_join(bundle->directory, name);
    char *directory = assay_path_directory(path);
    const char *secret = secret_in(bytes, length);
    enum assay_status status = assay_make_directories(directory, bundle->err);

    if (secret) {
        assay_fail(bundle->err, ASSAY_NO, "%s: seems to hold %s", name, secret);
        assay_hint(bundle->err, "a bundle must not carry credentials: it was not completed");
        status = ASSAY_NO;
    }
    if (status == ASSAY_OK)
        status = assay_file_write(path, bytes, length, mode, bundle->err);
    free(directory);
    free(path);
    return status;
}

static enum assay_status put_records(const struct assay_ledger *ledger,
                                     const struct bundle *bundle)
{
    struct assay_buf sums = {0};
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < ledger->fold.placed && status == ASSAY_OK; i++) {
        const uint32_t index = ledger->fold.order[i];
        const struct record *r = &ledger->records[index];
        char name[48];
        if (!fold_belongs(&ledger->fold, index))
            continue;
        snprintf(name, sizeof name, "records/%06zu.json", i + 1);
        assay_buf_format(&sums, "%s  %s\n", r->digest, name);
        status = put(bundle, name, r->bytes, r->length, 0644);
        snprintf(name, sizeof name, "records/%06zu.sig", i + 1);
        if (status == ASSAY_OK)
            status = put(bundle, name, r->signature, r->signature_length, 0644);
    }
    if (status == ASSAY_OK)
        status = put(bundle, "records.sha256", assay_buf_text(&sums), sums.length, 0644);
    assay_buf_free(&sums);
    return status;
}

void ledger_allowed_signers(const struct assay_ledger *ledger, struct assay_buf *out)
{
    for (size_t i = 0; i < ledger->fold.people.count; i++) {
        const struct person *p = &ledger->fold.people.items[i];
        for (size_t k = 0; k < p->key_count; k++)
            assay_buf_format(out, "%s namespaces=\"%s,%s\" %s\n", p->id, SSHSIG_APPROVAL,
                             SSHSIG_POLICY, p->keys[k].line);
    }
}

static enum assay_status put_policies(const struct assay_ledger *ledger,
                                      const struct bundle *bundle)
{
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < ledger->policy_count && status == ASSAY_OK; i++) {
        const struct assay_policy_info *p = &ledger->policies[i];
        char name[160];
        snprintf(name, sizeof name, "policies/%s-%llu.ini", p->name,
                 (unsigned long long)p->version);
        status = put(bundle, name, p->text, strlen(p->text), 0644);
    }
    return status;
}

static enum assay_status put_evidence(struct assay_ledger *ledger, const struct bundle *bundle)
{
    enum assay_status status = ASSAY_OK;

    for (size_t i = 0; i < ledger->fold.request_count && status == ASSAY_OK; i++) {
        const struct assay_request *r = ledger->fold.views[i];
        for (size_t k = 0; k < r->evidence_count && status == ASSAY_OK; k++) {
            char *bytes = NULL, name[96];
            size_t length = 0;
            /* What is not kept here is named in the records all the same. */
            if (assay_evidence_read(ledger, r->evidence[k].digest, &bytes, &length, NULL) !=
                ASSAY_OK)
                continue;
            snprintf(name, sizeof name, "evidence/%s", r->evidence[k].digest);
            status = put(bundle, name, bytes, length, 0644);
            free(bytes);
        }
    }
    return status;
}

static enum assay_status check_empty(const char *directory, struct assay_error *err)
{
    DIR *found = opendir(directory);
    struct dirent *entry;
    bool empty = true;

    while (found && (entry = readdir(found)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            empty = false;
    if (found)
        closedir(found);
    return empty ? ASSAY_OK
                 : assay_fail(err, ASSAY_BAD_INPUT, "%s: there is something in it", directory);
}

enum assay_status assay_ledger_export(struct assay_ledger *ledger, const char *directory,
                                      struct assay_error *err)
{
    const struct bundle bundle = {directory, err};
    struct assay_buf text = {0};
    enum assay_status status = check_empty(directory, err);

    ledger_check(ledger, NULL);
    if (status == ASSAY_OK && !ledger->fold.begin)
        status = assay_fail(err, ASSAY_NO, "there is no ledger here");
    if (status == ASSAY_OK)
        status = put_records(ledger, &bundle);
    if (status == ASSAY_OK)
        status = put_policies(ledger, &bundle);
    if (status == ASSAY_OK)
        status = put_evidence(ledger, &bundle);
    ledger_allowed_signers(ledger, &text);
    if (status == ASSAY_OK)
        status = put(&bundle, "allowed_signers", assay_buf_text(&text), text.length, 0644);
    for (int html = 0; html < 2 && status == ASSAY_OK; html++) {
        assay_buf_reset(&text);
        assay_ledger_report(ledger, html != 0, &text);
        status =
            put(&bundle, html ? "report.html" : "report.txt", text.data, text.length, 0644);
    }
    assay_buf_reset(&text);
    for (const char *const *piece = bundle_script; *piece; piece++)
        assay_buf_text_add(&text, *piece);
    if (status == ASSAY_OK)
        status = put(&bundle, "verify.sh", text.data, text.length, 0755);
    assay_buf_free(&text);
    return status;
}

/* ---- checking ---- */

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_record(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static enum assay_status load_one(struct assay_ledger *ledger, const char *directory,
                                  const char *name, struct assay_error *err)
{
    char *path = assay_path_join(directory, name), *bytes = NULL, *signature = NULL;
    size_t length = 0, signature_length = 0;
    enum assay_status status = assay_file_read(path, JSON_BYTES_MAX, &bytes, &length, err);

    if (status == ASSAY_OK) {
        memcpy(path + strlen(path) - 5, ".sig", 5);
        status = assay_file_read(path, SSHSIG_BYTES_MAX, &signature, &signature_length, err);
    }
    if (status == ASSAY_OK) {
        ASSAY_GROW(ledger->records, ledger->capacity, ledger->count + 1);
        struct record *record = &ledger->records[ledger->count++];
        *record = (struct record){
            .seq = ledger->count,
            .bytes = assay_arena_strndup(&ledger->arena, bytes, length),
            .length = length,
            .signature = assay_arena_strndup(&ledger->arena, signature, signature_length),
            .signature_length = signature_length,
        };
        record_read(record, &ledger->doc, &ledger->arena);
        record_check(record, &ledger->arena);
        if (record->fault)
            status = assay_fail(err, ASSAY_NO, "%s: %s", name, record->fault);
    }
    free(bytes);
    free(signature);
    free(path);
    return status;
}

static enum assay_status load_bundle(struct assay_ledger *ledger, const char *directory,
                                     struct assay_error *err)
{
    char *records = assay_path_join(directory, "records");
    struct dirent **names = NULL;
    int count = scandir(records, &names, is_record, by_name);
    enum assay_status status = ASSAY_OK;

    if (count < 0)
        status = assay_fail(err, ASSAY_IO, "%s: %s", records, strerror(errno));
    else if (count > RECORDS_MAX)
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s: too many records", records);
    for (int i = 0; i < count; i++) {
        if (status == ASSAY_OK)
            status = load_one(ledger, records, names[i]->d_name, err);
        free(names[i]);
    }
    free(names);
    free(records);
    return status;
}

struct allowed {
    const struct assay_ledger *ledger;
    const char *stranger;
};

static bool check_allowed(void *context, const struct allowed_line *line)
{
    struct allowed *allowed = context;
    char fingerprint[FINGERPRINT_SIZE];
    const struct person *person = people_find(&allowed->ledger->fold.people, line->person);

    pubkey_fingerprint(fingerprint, line->key.blob, line->key.blob_length);
    if (!person || !person_find_key(person, fingerprint))
        allowed->stranger = "names a key that the records do not";
    return allowed->stranger == NULL;
}

/* The list that ssh-keygen is given must say what the records say, and no more. */
static enum assay_status check_signers(const struct assay_ledger *ledger, const char *directory,
                                       struct assay_error *err)
{
    char *path = assay_path_join(directory, "allowed_signers"), *text = NULL;
    size_t length = 0;
    struct allowed allowed = {.ledger = ledger};
    enum assay_status status = assay_file_read(path, 16 << 20, &text, &length, err);

    if (status == ASSAY_OK)
        status = allowed_signers_parse(text, length, "allowed_signers", check_allowed, &allowed,
                                       err);
    if (status == ASSAY_BAD_INPUT)
        status = ASSAY_NO;
    if (status == ASSAY_OK && allowed.stranger)
        status = assay_fail(err, ASSAY_NO, "allowed_signers: %s", allowed.stranger);
    free(text);
    free(path);
    return status;
}

static bool is_policy(const struct assay_ledger *ledger, const char *digest)
{
    for (size_t i = 0; i < ledger->count; i++)
        if (ledger->records[i].s.event == EVENT_POLICY &&
            strcmp(ledger->records[i].s.policy.digest, digest) == 0)
            return true;
    return false;
}

/* What lies beside the records must be what they name: evidence under its digest, and the texts
   of policies. */
static enum assay_status check_beside(const struct assay_ledger *ledger, const char *directory,
                                      const char *folder, struct assay_error *err)
{
    char *path = assay_path_join(directory, folder);
    DIR *found = opendir(path);
    struct dirent *entry;
    enum assay_status status = ASSAY_OK;

    while (found && status == ASSAY_OK && (entry = readdir(found)) != NULL) {
        char *file = assay_path_join(path, entry->d_name), *bytes = NULL;
        char digest[ASSAY_SHA256_TEXT];
        size_t length = 0;
        if (entry->d_name[0] != '.')
            status = assay_file_read(file, EVIDENCE_MAX, &bytes, &length, err);
        if (bytes && strcmp(assay_sha256(digest, bytes, length), entry->d_name) != 0 &&
            !is_policy(ledger, digest))
            status = assay_fail(err, ASSAY_NO, "%s/%s: is not what the records name", folder,
                                entry->d_name);
        free(bytes);
        free(file);
    }
    if (found)
        closedir(found);
    free(path);
    return status;
}

enum assay_status assay_bundle_verify(const char *directory, const char *expect,
                                      struct assay_error *err)
{
    struct assay_ledger *ledger = assay_alloc(sizeof *ledger);
    enum assay_status status = ASSAY_OK;

    ledger->me = "";
    ledger->read_only = true;
    ledger->expect = assay_strdup(expect);
    status = load_bundle(ledger, directory, err);
    if (status == ASSAY_OK) {
        ledger_fold(ledger, assay_now_ms());
        if (!ledger->fold.begin)
            status = assay_fail(err, ASSAY_NO, "%s: holds no ledger%s%.16s", directory,
                                expect ? " " : "", expect ? expect : "");
    }
    for (size_t i = 0; i < ledger->count && status == ASSAY_OK; i++)
        if (!fold_belongs(&ledger->fold, i))
            status = assay_fail(err, ASSAY_NO, "record %zu (%.16s, %s): %s", i + 1,
                                ledger->records[i].digest, ledger->records[i].s.person,
                                ledger->fold.fates[i].why_not
                                    ? ledger->fold.fates[i].why_not
                                    : "a record that it follows is missing");
    if (status == ASSAY_OK)
        status = check_signers(ledger, directory, err);
    if (status == ASSAY_OK)
        status = check_beside(ledger, directory, "evidence", err);
    if (status == ASSAY_OK)
        status = check_beside(ledger, directory, "policies", err);
    assay_ledger_close(&ledger);
    return status;
}
