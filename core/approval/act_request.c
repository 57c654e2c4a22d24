/*
 * Requests: writing one, and looking again: before anything is signed, everything it depends on
 * is read anew, the files, the champion, the gates. Deciding is in act_decide.c, applying in
 * act_apply.c.
 */
#include "approval/act.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/text.h>

#include "approval/manifest.h"
#include "approval/secrets.h"

#define EVIDENCE_MAX ((size_t)64 << 20)

static enum assay_status find_site(struct assay_ledger *ledger, const char *place,
                                   struct mlflow_site **out, struct assay_error *err)
{
    for (size_t i = 0; i < ledger->site_count; i++) {
        *out = ledger->sites[i];
        if (strcmp(mlflow_site_place(*out), place) == 0)
            return ASSAY_OK;
    }
    enum assay_status status = mlflow_site_open(out, place, err);
    if (status == ASSAY_OK) {
        ASSAY_GROW(ledger->sites, ledger->site_capacity, ledger->site_count + 1);
        ledger->sites[ledger->site_count++] = *out;
    }
    return status;
}

enum assay_status ledger_platform(struct assay_ledger *ledger, const char *kind,
                                  const char *place, struct platform *out,
                                  struct assay_error *err)
{
    struct mlflow_site *site = NULL;
    enum assay_status status;

    if (strcmp(kind, registry_platform.kind) == 0 && place[0] == '\0') {
        *out = (struct platform){&registry_platform, ledger->store, ""};
        return ASSAY_OK;
    }
    if (strcmp(kind, mlflow_platform.kind) != 0 || !strstr(place, "://"))
        return assay_fail(err, ASSAY_IO, "%s %s: this platform is not known here", kind, place);
    status = find_site(ledger, place, &site, err);
    if (status == ASSAY_OK)
        *out = (struct platform){&mlflow_platform, site, mlflow_site_place(site)};
    return status;
}

/* ---- evidence ---- */

char *ledger_evidence_path(const struct assay_ledger *ledger, const char *digest)
{
    char *directory = assay_path_directory(ledger->path);
    struct assay_buf path = {0};

    assay_buf_format(&path, "%s/evidence/%s", directory, digest);
    free(directory);
    return assay_buf_take(&path);
}

enum assay_status act_check_secrets(const char *what, const char *bytes, size_t length,
                                    struct assay_error *err)
{
    const char *secret = secret_in(bytes, length);

    if (!secret)
        return ASSAY_OK;
    assay_fail(err, ASSAY_BAD_INPUT, "%s: seems to hold %s", what, secret);
    assay_hint(err, "what is signed is kept for years and handed to auditors: take it out");
    return ASSAY_BAD_INPUT;
}

/* Keeps a copy under its digest, beside the store, where a reviewer finds it. */
static enum assay_status keep_evidence(const struct assay_ledger *ledger, const char *bytes,
                                       size_t length, const char *digest,
                                       struct assay_error *err)
{
    char *path = ledger_evidence_path(ledger, digest);
    char *directory = assay_path_directory(path);
    enum assay_status status = assay_make_directories(directory, err);

    if (status == ASSAY_OK && access(path, F_OK) != 0)
        status = assay_file_write(path, bytes, length, 0600, err);
    free(directory);
    free(path);
    return status;
}

enum assay_status assay_evidence_read(struct assay_ledger *ledger, const char *digest,
                                      char **bytes, size_t *length, struct assay_error *err)
{
    char *path = ledger_evidence_path(ledger, digest);
    char found[ASSAY_SHA256_TEXT];
    enum assay_status status = ASSAY_OK;

    *bytes = NULL;
    if (!assay_sha256_valid(digest))
        status = assay_fail(err, ASSAY_BAD_INPUT, "%.80s: is no digest", digest);
    if (status == ASSAY_OK)
        status = assay_file_read(path, EVIDENCE_MAX, bytes, length, err);
    if (status == ASSAY_OK) {
        assay_sha256(found, *bytes, *length);
        if (strcmp(found, digest) != 0) {
            free(*bytes);
            *bytes = NULL;
            status = assay_fail(err, ASSAY_CORRUPT, "%s: is not the evidence it was", path);
        }
    }
    free(path);
    return status;
}

/* "NAME=FILE" or "FILE". */
static enum assay_status add_evidence(struct assay_ledger *ledger, const char *given,
                                      struct assay_arena *arena, struct assay_evidence *out,
                                      struct assay_error *err)
{
    const char *equals = strchr(given, '='), *slash = strrchr(given, '/');
    const char *path = equals && !(slash && slash < equals) ? equals + 1 : given;
    const char *name = slash ? slash + 1 : given;
    char digest[ASSAY_SHA256_TEXT];
    char *bytes = NULL;
    size_t length = 0;
    struct stat st;
    const int64_t now_ms = assay_now_ms();

    if (path != given)
        name = assay_arena_strndup(arena, given, (size_t)(equals - given));
    enum assay_status status = assay_file_read(path, EVIDENCE_MAX, &bytes, &length, err);
    if (status == ASSAY_OK)
        status = act_check_secrets(path, bytes, length, err);
    if (status == ASSAY_OK && stat(path, &st) != 0)
        status = assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(errno));
    if (status == ASSAY_OK) {
        int64_t changed = (int64_t)st.st_mtim.tv_sec * 1000;
        assay_sha256(digest, bytes, length);
        *out = (struct assay_evidence){
            .name = assay_arena_strdup(arena, name),
            .kind = "file",
            .digest = assay_arena_strdup(arena, digest),
            .bytes = length,
            .time_ms = changed < now_ms ? changed : now_ms,
        };
        status = keep_evidence(ledger, bytes, length, digest, err);
    }
    free(bytes);
    return status;
}

/* ---- which policy ---- */

static enum assay_status choose_policy(const struct assay_ledger *ledger,
                                       const struct assay_request_options *options,
                                       const struct statement_request *r,
                                       const struct fold_policy **out, struct assay_error *err)
{
    const struct fold *fold = &ledger->fold;
    const bool rollback = fold_is_rollback(fold, r);
    struct assay_buf names = {0};
    size_t count = 0;
    uint64_t best = 1;
    enum assay_status status = ASSAY_OK;

    *out = NULL;
    for (size_t i = 0; i < fold->policy_count; i++) {
        const struct fold_policy *p = fold->policies[i];
        const uint64_t exact = policy_exactness(&p->policy, r->model, r->target, rollback);
        if (fold_policy(fold, p->policy.name) != p)
            continue;
        if (options->policy ? strcmp(p->policy.name, options->policy) != 0 : exact < best)
            continue;
        if (exact > best && !options->policy) {
            best = exact;
            count = 0;
            assay_buf_reset(&names);
        }
        *out = p;
        assay_buf_format(&names, "%s%s", count++ ? ", " : "", p->policy.name);
    }
    if (count == 0) {
        status = assay_fail(
            err, ASSAY_BAD_INPUT, "no policy %s%s%s%s is in force",
            options->policy ? options->policy : "for ", options->policy ? "" : options->model,
            options->policy ? "" : " at ", options->policy ? "" : options->target);
        assay_hint(err, "an owner sets one: assay policy set FILE");
    } else if (count > 1) {
        status = assay_fail(err, ASSAY_BAD_INPUT, "several policies are for this: %s",
                            assay_buf_text(&names));
        assay_hint(err, "say which with --policy NAME");
    } else if (!policy_matches(&(*out)->policy, r->model, r->target, rollback)) {
        status = assay_fail(
            err, ASSAY_BAD_INPUT, "the policy %s is %s %s at %s", (*out)->policy.name,
            (*out)->policy.rollback && !rollback ? "for rollbacks alone, and this is none, of"
                                                 : "not for",
            r->model, r->target);
    }
    assay_buf_free(&names);
    return status;
}

/* ---- what is there now ---- */

struct situation {
    struct assay_arena arena;
    struct platform platform;
    struct version_facts candidate, champion;
    const char *champion_version; /* "" none */
    bool has_champion;
};

static void situation_free(struct situation *now)
{
    assay_arena_free(&now->arena);
}

static enum assay_status look(struct assay_ledger *ledger, const char *kind, const char *place,
                              const char *model, const char *version, const char *target,
                              struct situation *now, struct assay_error *err)
{
    const struct platform_ops *ops;
    enum assay_status status = ledger_platform(ledger, kind, place, &now->platform, err);

    if (status != ASSAY_OK)
        return status;
    ops = now->platform.ops;
    status = ops->facts(now->platform.self, &now->arena, model, version, &now->candidate, err);
    if (status == ASSAY_OK)
        status = ops->read(now->platform.self, &now->arena, model, target,
                           &now->champion_version, err);
    now->has_champion = status == ASSAY_OK && now->champion_version[0] != '\0';
    if (now->has_champion)
        status = ops->facts(now->platform.self, &now->arena, model, now->champion_version,
                            &now->champion, err);
    return status;
}

/* The files where they lie, hashed anew, must be what was registered. */
static enum assay_status check_files(struct situation *now, struct assay_error *err)
{
    struct manifest manifest = {0};
    enum assay_status status;

    if (now->candidate.root_count == 0)
        return ASSAY_OK;
    status = manifest_read(&manifest, &now->arena, now->candidate.roots,
                           now->candidate.root_count, err);
    if (status == ASSAY_OK && strcmp(manifest.digest, now->candidate.digest) != 0)
        status = assay_fail(err, ASSAY_NO,
                            "%s %s: its files are not those that were registered (%.16s, was "
                            "%.16s)",
                            now->candidate.model, now->candidate.version, manifest.digest,
                            now->candidate.digest);
    return status;
}

static enum assay_status check_digest(const struct situation *now,
                                      const struct statement_request *bound,
                                      struct assay_error *err)
{
    if (strcmp(now->candidate.digest, bound->model_digest) == 0)
        return ASSAY_OK;
    return assay_fail(err, ASSAY_NO, "stale: %s %s is another model now (%.16s, was %.16s)",
                      bound->model, bound->version, now->candidate.digest, bound->model_digest);
}

enum assay_status act_check_version(struct assay_ledger *ledger,
                                    const struct fold_request *request, struct assay_error *err)
{
    const struct statement_request *bound = request->bound;
    struct situation now = {0};
    enum assay_status status =
        ledger_platform(ledger, bound->platform, bound->place, &now.platform, err);

    if (status == ASSAY_OK)
        status = now.platform.ops->facts(now.platform.self, &now.arena, bound->model,
                                         bound->version, &now.candidate, err);
    if (status == ASSAY_OK)
        status = check_files(&now, err);
    if (status == ASSAY_OK)
        status = check_digest(&now, bound, err);
    situation_free(&now);
    return status;
}

/* The digest of the version's files when somebody first requested it, by the ledger's order;
   NULL where nobody did. A record nobody has looked at yet is looked at, so that one put into
   the database does not say what the files were. */
static const char *first_digest(struct assay_ledger *ledger, const struct situation *now)
{
    const struct fold *fold = &ledger->fold;

    for (size_t i = 0; i < fold->placed; i++) {
        struct record *record = &ledger->records[fold->order[i]];
        const struct statement_request *r = &record->s.request;
        if (record->s.event != EVENT_REQUEST || !fold->fates[fold->order[i]].counts ||
            strcmp(r->platform, now->platform.ops->kind) != 0 ||
            strcmp(r->place, now->platform.place) != 0 ||
            strcmp(r->model, now->candidate.model) != 0 ||
            strcmp(r->version, now->candidate.version) != 0)
            continue;
        record_check(record, &ledger->arena);
        if (record->checked != SIGNATURE_FAILS)
            return r->model_digest;
    }
    return NULL;
}

static struct gate_context context_of(struct assay_ledger *ledger, struct situation *now,
                                      const char *target, bool commands)
{
    return (struct gate_context){
        .first_digest = first_digest(ledger, now),
        .candidate = &now->candidate,
        .champion = now->has_champion ? &now->champion : NULL,
        .target = target,
        .commands = commands,
        .arena = &now->arena,
    };
}

/* ---- writing a request ---- */

static enum assay_status collect_evidence(struct assay_ledger *ledger,
                                          const struct assay_request_options *options,
                                          struct situation *now, struct statement_request *r,
                                          struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    r->evidence =
        assay_arena_alloc(&now->arena, (options->evidence_count + 1) * sizeof *r->evidence);
    for (size_t i = 0; i < options->evidence_count && status == ASSAY_OK; i++) {
        struct assay_evidence *e = &r->evidence[r->evidence_count];
        status = add_evidence(ledger, options->evidence[i], &now->arena, e, err);
        for (size_t k = 0; k < r->evidence_count && status == ASSAY_OK; k++)
            if (strcmp(r->evidence[k].name, e->name) == 0)
                status = assay_fail(err, ASSAY_BAD_INPUT,
                                    "two pieces of evidence are called %s", e->name);
        r->evidence_count++;
    }
    return status;
}

/* What is asked for, and what is there. */
static void fill_target(const struct situation *now,
                        const struct assay_request_options *options,
                        struct statement_request *r)
{
    r->model = options->model;
    r->version = options->version;
    r->target = options->target;
    r->platform = now->platform.ops->kind;
    r->place = now->platform.place;
    r->from_version = now->champion_version;
    r->from_digest = now->has_champion ? now->champion.digest : "";
    r->model_digest = now->candidate.digest;
}

static void fill_bound(struct assay_ledger *ledger, struct situation *now,
                       const struct fold_policy *policy, struct statement_request *r)
{
    struct gate_context context = context_of(ledger, now, r->target, true);

    r->files = now->candidate.files;
    r->file_count = now->candidate.file_count;
    r->lineage = now->candidate.lineage;
    r->lineage_count = now->candidate.lineage_count;
    r->policy = policy->policy.name;
    r->policy_version = policy->record->s.policy.version;
    r->policy_digest = policy->record->s.policy.digest;
    r->tier = assay_arena_strdup(&now->arena, policy->policy.tier);
    r->expires_ms = assay_now_ms() + policy->policy.expires_ms;
    r->gate_count = policy->policy.gate_count;
    r->gates = assay_arena_alloc(&now->arena, (r->gate_count + 1) * sizeof *r->gates);
    for (size_t i = 0; i < r->gate_count; i++) {
        r->gates[i] = gate_run(&policy->policy.gates[i], &context);
        /* The policy's texts live with the fold, which is made anew before the end. */
        r->gates[i].name = assay_arena_strdup(&now->arena, r->gates[i].name);
        r->gates[i].kind = assay_arena_strdup(&now->arena, r->gates[i].kind);
    }
    r->policy = assay_arena_strdup(&now->arena, r->policy);
}

const char *assay_request_rollback(const struct assay_request *request, struct assay_error *err)
{
    if (request->state != ASSAY_STATE_APPLIED && request->state != ASSAY_STATE_REVOKED)
        assay_fail(err, ASSAY_NO, "request %s is %s: only what was applied can be taken back",
                   request->id, assay_request_state_name(request->state));
    else if (!request->from_version[0])
        assay_fail(err, ASSAY_NO, "nothing was at %s before request %s", request->target,
                   request->id);
    else
        return request->from_version;
    return NULL;
}

/* What taking back asks for: the version that was there before, at the same place. */
static enum assay_status take_rollback(struct assay_ledger *ledger, struct assay_arena *arena,
                                       struct assay_request_options *options,
                                       struct assay_error *err)
{
    const struct assay_request *of = NULL;
    enum assay_status status = assay_ledger_find(ledger, options->rollback, &of, err);
    const char *version = status == ASSAY_OK ? assay_request_rollback(of, err) : NULL;

    if (status == ASSAY_OK && !version)
        status = ASSAY_NO;
    if (status == ASSAY_OK) {
        options->model = assay_arena_strdup(arena, of->model);
        options->version = assay_arena_strdup(arena, version);
        options->target = assay_arena_strdup(arena, of->target);
        options->server = of->place[0] ? assay_arena_strdup(arena, of->place) : NULL;
    }
    return status;
}

static enum assay_status number_it(struct assay_ledger *ledger,
                                   const struct assay_request_options *options, char id[17],
                                   uint64_t *revision, struct assay_error *err)
{
    const struct assay_request *old = NULL;
    enum assay_status status = ASSAY_OK;

    *revision = 1;
    if (!options->request) {
        ledger_random_hex(id, 16);
        return ASSAY_OK;
    }
    status = assay_ledger_find(ledger, options->request, &old, err);
    if (status == ASSAY_OK) {
        memcpy(id, old->id, 17);
        *revision = old->revision + 1;
    }
    return status;
}

enum assay_status assay_request_send(struct assay_ledger *ledger,
                                     const struct assay_request_options *given, char out[17],
                                     struct assay_error *err)
{
    struct assay_request_options mine = *given, *options = &mine;
    struct situation now = {0};
    struct statement s = {.event = EVENT_REQUEST, .role = "requester"};
    const struct fold_policy *policy = NULL;
    struct assay_buf subject = {0};
    char id[17];
    enum assay_status status = ledger_read(ledger, assay_now_ms(), NULL, err);

    out[0] = '\0';
    if (status == ASSAY_OK)
        status = ledger_need_me(ledger, err);
    if (status == ASSAY_OK && options->rollback)
        status = take_rollback(ledger, &now.arena, options, err);
    if (status == ASSAY_OK && !statement_target_valid(options->target))
        status = assay_fail(err, ASSAY_BAD_INPUT,
                            "%s: should be alias:NAME, stage:NAME or "
                            "tag:NAME",
                            options->target);
    if (status == ASSAY_OK && !options->words[0])
        status = assay_fail(err, ASSAY_BAD_INPUT, "a request says why, in words");
    if (status == ASSAY_OK)
        status = act_check_secrets("the request", options->words, strlen(options->words), err);
    if (status == ASSAY_OK)
        status = number_it(ledger, options, id, &s.request.revision, err);
    if (status == ASSAY_OK)
        status = look(ledger, options->server ? mlflow_platform.kind : registry_platform.kind,
                      options->server ? options->server : "", options->model, options->version,
                      options->target, &now, err);
    if (status == ASSAY_OK) {
        fill_target(&now, options, &s.request);
        status = choose_policy(ledger, options, &s.request, &policy, err);
    }
    if (status == ASSAY_OK && strcmp(now.champion_version, options->version) == 0)
        status = assay_fail(err, ASSAY_BAD_INPUT, "%s of %s is at version %s already",
                            options->target, options->model, options->version);
    if (status == ASSAY_OK)
        status = check_files(&now, err);
    if (status == ASSAY_OK)
        status = collect_evidence(ledger, options, &now, &s.request, err);
    if (status != ASSAY_OK)
        goto done;
    s.request.id = id;
    s.request.words = options->words;
    fill_bound(ledger, &now, policy, &s.request);
    assay_buf_format(&subject, "%s/%s", options->model, options->version);
    s.subject = assay_buf_text(&subject);
    s.subject_digest = now.candidate.digest;
    status = ledger_append(ledger, &s, err);
    if (status == ASSAY_OK)
        memcpy(out, id, sizeof id);
done:
    assay_buf_free(&subject);
    situation_free(&now);
    return status;
}

/* ---- looking again ---- */

static bool same_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* Runs the gates here and compares with what the request says they gave. Commands are not run
   by reviewers: their output stands as the requester's machine gave it. */
static enum assay_status recheck_gates(struct assay_ledger *ledger,
                                       const struct fold_request *request,
                                       struct situation *now, uint64_t *ran,
                                       struct assay_error *err)
{
    struct gate_context context = context_of(ledger, now, request->bound->target, false);
    const struct policy *policy = &request->policy->policy;

    for (size_t i = 0; i < policy->gate_count; i++) {
        const struct assay_gate_result *said = NULL;
        if (!policy_gate_rechecked(&policy->gates[i]))
            continue;
        for (size_t k = 0; k < request->bound->gate_count; k++)
            if (same_text(request->bound->gates[k].name, policy->gates[i].name))
                said = &request->bound->gates[k];
        struct assay_gate_result found = gate_run(&policy->gates[i], &context);
        if (!said || said->state != found.state ||
            !same_text(said->candidate, found.candidate) ||
            !same_text(said->champion, found.champion))
            return assay_fail(err, ASSAY_NO, "gate %s: the request says %s, here it is %s: %s",
                              policy->gates[i].name,
                              said ? assay_requirement_state_name(said->state) : "nothing",
                              assay_requirement_state_name(found.state), found.why);
        ++*ran;
    }
    return ASSAY_OK;
}

static enum assay_status check_champion(const struct statement_request *bound,
                                        const struct situation *now, struct assay_error *err)
{
    if (same_text(now->champion_version, bound->from_version) &&
        (!now->has_champion || same_text(now->champion.digest, bound->from_digest)))
        return ASSAY_OK;
    assay_fail(err, ASSAY_NO,
               "stale: %s of %s was at %s when it was requested and is at %s now",
               bound->target, bound->model,
               bound->from_version[0] ? bound->from_version : "no version",
               now->champion_version[0] ? now->champion_version : "no version");
    assay_hint(err, "a new revision of the request compares with the champion of now");
    return ASSAY_NO;
}

static bool names_fact(const struct assay_fact *facts, size_t count,
                       const struct assay_fact *fact)
{
    for (size_t i = 0; i < count; i++)
        if (same_text(facts[i].part, fact->part) && same_text(facts[i].account, fact->account))
            return true;
    return false;
}

/* Who had a part in it decides who may sign, and which files there are is what they look at:
   what the request says of both must be what is found. */
static enum assay_status check_said(const struct statement_request *bound,
                                    const struct version_facts *found, struct assay_error *err)
{
    for (size_t i = 0; i < found->lineage_count; i++)
        if (!names_fact(bound->lineage, bound->lineage_count, &found->lineage[i]))
            return assay_fail(err, ASSAY_NO,
                              "stale: %s %s has a %s, %s, of whom the request does not tell",
                              bound->model, bound->version, found->lineage[i].part,
                              found->lineage[i].account);
    for (size_t i = 0; i < bound->lineage_count; i++)
        if (!names_fact(found->lineage, found->lineage_count, &bound->lineage[i]))
            return assay_fail(err, ASSAY_NO,
                              "stale: the request tells of a %s of %s %s, %s, who is not there",
                              bound->lineage[i].part, bound->model, bound->version,
                              bound->lineage[i].account);
    bool same = bound->file_count == found->file_count;
    for (size_t i = 0; i < bound->file_count && same; i++)
        same = same_text(bound->files[i].path, found->files[i].path) &&
               same_text(bound->files[i].digest, found->files[i].digest);
    return same ? ASSAY_OK
                : assay_fail(err, ASSAY_NO, "stale: the request lists other files of %s %s",
                             bound->model, bound->version);
}

/* Everything a decision depends on, read anew. *ran counts the gates run. */
enum assay_status act_check_all(struct assay_ledger *ledger, const struct fold_request *request,
                                bool moved, uint64_t *ran, struct assay_error *err)
{
    const struct statement_request *bound = request->bound;
    struct situation now = {0};
    enum assay_status status = ledger_check_sound(ledger, err);

    if (status == ASSAY_OK)
        status = look(ledger, bound->platform, bound->place, bound->model, bound->version,
                      bound->target, &now, err);
    if (status == ASSAY_OK)
        status = check_digest(&now, bound, err);
    if (status == ASSAY_OK)
        status = check_said(bound, &now.candidate, err);
    if (status == ASSAY_OK)
        status = check_files(&now, err);
    if (status == ASSAY_OK && !(moved && same_text(now.champion_version, bound->version)))
        status = check_champion(bound, &now, err);
    if (status == ASSAY_OK && !moved)
        status = recheck_gates(ledger, request, &now, ran, err);
    situation_free(&now);
    return status;
}

enum assay_status act_find_request(struct assay_ledger *ledger, const char *id,
                                   struct fold_request **out, struct assay_error *err)
{
    const struct assay_request *view = NULL;
    enum assay_status status = assay_ledger_find(ledger, id, &view, err);

    if (status == ASSAY_OK) {
        char full[17];
        memcpy(full, view->id, sizeof full);
        ledger_check(ledger, full);
        *out = fold_find(&ledger->fold, full);
        if (!*out)
            status =
                assay_fail(err, ASSAY_CORRUPT, "request %s: its records do not hold", full);
    }
    return status;
}

enum assay_status assay_request_check(struct assay_ledger *ledger, const char *id,
                                      struct assay_error *err)
{
    struct fold_request *request = NULL;
    uint64_t ran = 0;
    enum assay_status status = act_find_request(ledger, id, &request, err);

    if (status == ASSAY_OK && !request->done)
        status = act_check_all(ledger, request, false, &ran, err);
    return status;
}
