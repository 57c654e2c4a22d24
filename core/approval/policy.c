/*
 * Reading policies (policy.h). Called when one is set, and by the fold for each that a request
 * is pinned to.
 */
#include "approval/policy.h"

#include <string.h>
#include <strings.h>

#include <assay/ini.h>
#include <assay/text.h>

#include "approval/gates.h"

#define LIST_MAX 64

struct reading {
    struct policy *policy;
    struct assay_arena *arena;
    size_t evidence_capacity, gate_capacity, clause_capacity;
    bool separation;
};

bool policy_duration(const char *text, int64_t *ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'m', 60000}, {'h', 3600000}, {'d', 86400000}, {'w', 604800000}};
    const size_t length = strlen(text);
    int64_t number;

    if (length < 2 || !assay_int_parse(text, length - 1, &number) || number <= 0 ||
        number > 100000)
        return false;
    for (size_t i = 0; i < ASSAY_COUNT(units); i++) {
        if (units[i].unit == text[length - 1]) {
            *ms = number * units[i].ms;
            return true;
        }
    }
    return false;
}

static enum assay_status misspelt(const char *key, const char *value, const char *wanted,
                                  struct assay_error *err)
{
    return assay_fail(err, ASSAY_BAD_INPUT, "%s = %.60s: should be %s", key, value, wanted);
}

/* YES sets *out, NO clears it. */
static enum assay_status take_choice(const char *key, const char *value, const char *yes,
                                     const char *no, bool *out, struct assay_error *err)
{
    struct assay_buf wanted = {0};

    if (strcmp(value, yes) == 0 || strcmp(value, no) == 0) {
        *out = strcmp(value, yes) == 0;
        return ASSAY_OK;
    }
    assay_buf_format(&wanted, "%s or %s", yes, no);
    enum assay_status status = misspelt(key, value, assay_buf_text(&wanted), err);
    assay_buf_free(&wanted);
    return status;
}

static enum assay_status take_duration(const char *key, const char *value, int64_t *out,
                                       struct assay_error *err)
{
    return policy_duration(value, out)
               ? ASSAY_OK
               : misspelt(key, value, "a time such as 90m, 24h or 14d", err);
}

static enum assay_status take_count(const char *key, const char *value, uint64_t *out,
                                    struct assay_error *err)
{
    int64_t number;

    if (!assay_int_parse(value, strlen(value), &number) || number < 1 || number > LIST_MAX)
        return misspelt(key, value, "a number from 1 to 64", err);
    *out = (uint64_t)number;
    return ASSAY_OK;
}

static enum assay_status take_name(const char *key, const char *value, const char **out,
                                   struct assay_arena *arena, struct assay_error *err)
{
    if (!person_name_valid(value))
        return misspelt(key, value, "a name of small letters, digits, '-', '_' and '.'", err);
    *out = assay_arena_strdup(arena, value);
    return ASSAY_OK;
}

static enum assay_status unknown(const char *section, const char *key, struct assay_error *err)
{
    return assay_fail(err, ASSAY_BAD_INPUT, "[%s] has no setting %s", section, key);
}

/* "a, b, c" */
static struct texts take_list(struct assay_arena *arena, const char *value)
{
    struct texts list = {assay_arena_alloc(arena, LIST_MAX * sizeof(char *)), 0};

    while (*value && list.count < LIST_MAX) {
        value += strspn(value, ", \t");
        size_t length = strcspn(value, ", \t");
        if (length > 0)
            list.items[list.count++] = assay_arena_strndup(arena, value, length);
        value += length;
    }
    return list;
}

static enum assay_status take_policy(struct reading *r, const char *key, const char *value,
                                     struct assay_error *err)
{
    struct policy *p = r->policy;

    if (strcmp(key, "name") == 0)
        return take_name(key, value, &p->name, r->arena, err);
    if (strcmp(key, "tier") == 0)
        return take_name(key, value, &p->tier, r->arena, err);
    if (strcmp(key, "apply-role") == 0)
        return take_name(key, value, &p->apply_role, r->arena, err);
    if (strcmp(key, "models") == 0)
        p->models = assay_arena_strdup(r->arena, value);
    else if (strcmp(key, "targets") == 0)
        p->targets = assay_arena_strdup(r->arena, value);
    else if (strcmp(key, "expires") == 0)
        return take_duration(key, value, &p->expires_ms, err);
    else if (strcmp(key, "apply-within") == 0)
        return take_duration(key, value, &p->apply_within_ms, err);
    else if (strcmp(key, "unsigned") == 0)
        return take_choice(key, value, "allowed", "refused", &p->unsigned_votes, err);
    else if (strcmp(key, "unknown-accounts") == 0)
        return take_choice(key, value, "allowed", "refused", &p->unknown_accounts, err);
    else if (strcmp(key, "touch") == 0)
        return take_choice(key, value, "required", "no", &p->touch, err);
    else if (strcmp(key, "pin") == 0)
        return take_choice(key, value, "required", "no", &p->pin, err);
    else if (strcmp(key, "seen") == 0)
        return take_choice(key, value, "required", "no", &p->seen, err);
    else if (strcmp(key, "for") == 0)
        return take_choice(key, value, "rollback", "any", &p->rollback, err);
    else if (strcmp(key, "recheck") == 0)
        return take_choice(key, value, "required", "no", &p->recheck, err);
    else if (strcmp(key, "owners") == 0)
        return take_count(key, value, &p->owners, err);
    else
        return unknown("policy", key, err);
    return ASSAY_OK;
}

static enum assay_status take_clause(struct reading *r, const char *name, const char *key,
                                     const char *value, struct assay_error *err)
{
    struct policy *p = r->policy;
    struct policy_clause *clause = NULL;

    for (size_t i = 0; i < p->clause_count; i++)
        if (strcmp(p->clauses[i].name, name) == 0)
            clause = &p->clauses[i];
    if (!clause) {
        if (p->clause_count == LIST_MAX || !person_name_valid(name))
            return assay_fail(err, ASSAY_BAD_INPUT, "[clause %.40s]: a bad name, or too many",
                              name);
        clause = &p->clauses[p->clause_count++];
        *clause = (struct policy_clause){
            .name = assay_arena_strdup(r->arena, name),
            .role = assay_arena_strdup(r->arena, name),
            .count = 1,
            .distinct = true,
        };
    }
    if (key[0] == '\0')
        return ASSAY_OK; /* [clause approver], and nothing else: one of them */
    if (strcmp(key, "role") == 0)
        return take_name(key, value, &clause->role, r->arena, err);
    if (strcmp(key, "count") == 0)
        return take_count(key, value, &clause->count, err);
    if (strcmp(key, "distinct") == 0)
        return take_choice(key, value, "yes", "no", &clause->distinct, err);
    return unknown("clause", key, err);
}

static enum assay_status take_evidence(struct reading *r, const char *name, const char *key,
                                       const char *value, struct assay_error *err)
{
    struct policy *p = r->policy;
    struct policy_evidence *evidence = NULL;

    for (size_t i = 0; i < p->evidence_count; i++)
        if (strcmp(p->evidence[i].name, name) == 0)
            evidence = &p->evidence[i];
    if (!evidence) {
        if (p->evidence_count == LIST_MAX)
            return assay_fail(err, ASSAY_BAD_INPUT, "more than %d kinds of evidence", LIST_MAX);
        evidence = &p->evidence[p->evidence_count++];
        *evidence = (struct policy_evidence){.name = assay_arena_strdup(r->arena, name)};
    }
    if (key[0] == '\0')
        return ASSAY_OK; /* it must be there, of any age */
    if (strcmp(key, "max-age") == 0)
        return take_duration(key, value, &evidence->max_age_ms, err);
    return strcmp(key, "required") == 0 && strcmp(value, "yes") == 0
               ? ASSAY_OK
               : unknown("evidence", key, err);
}

static enum assay_status take_gate(struct reading *r, const char *name, const char *key,
                                   const char *value, struct assay_error *err)
{
    struct policy *p = r->policy;
    struct policy_gate *gate = NULL;

    for (size_t i = 0; i < p->gate_count; i++)
        if (strcmp(p->gates[i].name, name) == 0)
            gate = &p->gates[i];
    if (!gate) {
        if (p->gate_count == LIST_MAX)
            return assay_fail(err, ASSAY_BAD_INPUT, "more than %d gates", LIST_MAX);
        gate = &p->gates[p->gate_count++];
        *gate = (struct policy_gate){
            .name = assay_arena_strdup(r->arena, name),
            .settings = assay_arena_alloc(r->arena, 16 * sizeof *gate->settings),
        };
    }
    if (key[0] == '\0')
        return ASSAY_OK; /* which check_whole() refuses: it has no kind */
    if (strcmp(key, "kind") == 0) {
        gate->kind = assay_arena_strdup(r->arena, value);
        return ASSAY_OK;
    }
    if (gate->setting_count == 16 || policy_gate_setting(gate, key))
        return assay_fail(err, ASSAY_BAD_INPUT, "[gate %.40s]: %.40s twice, or too many", name,
                          key);
    gate->settings[gate->setting_count++] = (struct assay_pair){
        assay_arena_strdup(r->arena, key), assay_arena_strdup(r->arena, value)};
    return ASSAY_OK;
}

static enum assay_status take_separation(struct reading *r, const char *key, const char *value,
                                         struct assay_error *err)
{
    static const char *const known[] = {"requester",     "run-owner",     "registrar",
                                        "evidence",      "commit-author", "commit-committer",
                                        "policy-editor", "none"};
    if (strcmp(key, "exclude") != 0)
        return unknown("separation", key, err);
    r->policy->exclude = take_list(r->arena, value);
    r->separation = true;
    for (size_t i = 0; i < r->policy->exclude.count; i++) {
        size_t k = 0;
        while (k < ASSAY_COUNT(known) && strcmp(known[k], r->policy->exclude.items[i]) != 0)
            k++;
        if (k == ASSAY_COUNT(known))
            return misspelt(key, r->policy->exclude.items[i],
                            "requester, run-owner, registrar, evidence, commit-author, "
                            "commit-committer, policy-editor or none",
                            err);
    }
    return ASSAY_OK;
}

static enum assay_status take_rest(struct reading *r, const char *section, const char *key,
                                   const char *value, struct assay_error *err)
{
    struct policy *p = r->policy;

    if (strcmp(section, "delegation") == 0) {
        if (strcmp(key, "allowed") == 0)
            return take_choice(key, value, "yes", "no", &p->delegation, err);
        if (strcmp(key, "longest") == 0)
            return take_duration(key, value, &p->delegation_longest_ms, err);
    } else if (strcmp(section, "break-glass") == 0) {
        if (strcmp(key, "role") == 0)
            return take_name(key, value, &p->break_role, r->arena, err);
        if (strcmp(key, "review-within") == 0)
            return take_duration(key, value, &p->review_within_ms, err);
    } else if (strcmp(section, "plan") == 0) {
        if (strcmp(key, "for") == 0)
            return take_duration(key, value, &p->after_ms, err);
        if (strcmp(key, "after") == 0) {
            p->after_target = assay_arena_strdup(r->arena, value);
            return statement_target_valid(value)
                       ? ASSAY_OK
                       : misspelt(key, value, "alias:NAME, stage:NAME or tag:NAME", err);
        }
    } else {
        return assay_fail(err, ASSAY_BAD_INPUT, "there is no section [%.60s]", section);
    }
    return unknown(section, key, err);
}

static enum assay_status take_entry(void *context, const char *section, const char *key,
                                    const char *value, struct assay_error *err)
{
    struct reading *r = context;

    if (strcmp(section, "policy") == 0)
        return take_policy(r, key, value, err);
    if (strncmp(section, "clause ", 7) == 0)
        return take_clause(r, section + 7, key, value, err);
    if (strncmp(section, "evidence ", 9) == 0)
        return take_evidence(r, section + 9, key, value, err);
    if (strncmp(section, "gate ", 5) == 0)
        return take_gate(r, section + 5, key, value, err);
    if (key[0] == '\0') {
        assay_fail(err, ASSAY_BAD_INPUT, "[%.60s] says nothing", section);
        assay_hint(err, "leave it out, or say what it is to change");
        return ASSAY_BAD_INPUT;
    }
    if (strcmp(section, "separation") == 0)
        return take_separation(r, key, value, err);
    return take_rest(r, section, key, value, err);
}

static enum assay_status check_whole(struct reading *r, struct assay_error *err)
{
    struct policy *p = r->policy;

    if (!p->name)
        return assay_fail(err, ASSAY_BAD_INPUT, "policy: it has no name");
    if (p->clause_count == 0) {
        assay_fail(err, ASSAY_BAD_INPUT, "policy %s: nobody has to sign", p->name);
        assay_hint(err, "add a section such as [clause approver] with count = 1");
        return ASSAY_BAD_INPUT;
    }
    if (!r->separation)
        p->exclude = take_list(r->arena, "requester, run-owner, registrar, evidence, "
                                         "commit-author, commit-committer, policy-editor");
    for (size_t i = 0; i < p->gate_count; i++) {
        enum assay_status status = gate_check_settings(&p->gates[i], err);
        if (status != ASSAY_OK)
            return status;
    }
    return ASSAY_OK;
}

enum assay_status policy_parse(struct policy *out, struct assay_arena *arena, const char *text,
                               size_t length, struct assay_error *err)
{
    struct reading r = {.policy = out, .arena = arena};

    *out = (struct policy){
        .tier = "standard",
        .models = "*",
        .targets = "*",
        .apply_role = "",
        .recheck = true,
        .expires_ms = INT64_C(14) * 86400000,
        .apply_within_ms = INT64_C(7) * 86400000,
        .delegation_longest_ms = INT64_C(14) * 86400000,
        .review_within_ms = INT64_C(24) * 3600000,
        .clauses = assay_arena_alloc(arena, LIST_MAX * sizeof *out->clauses),
        .evidence = assay_arena_alloc(arena, LIST_MAX * sizeof *out->evidence),
        .gates = assay_arena_alloc(arena, LIST_MAX * sizeof *out->gates),
    };
    if (length > 65536 || !assay_utf8_valid(text, length) || memchr(text, '\0', length))
        return assay_fail(err, ASSAY_BAD_INPUT, "policy: longer than 64 KiB, or not text");
    enum assay_status status =
        assay_ini_parse_sections(text, length, "policy", take_entry, &r, err);
    return status == ASSAY_OK ? check_whole(&r, err) : status;
}

const char *policy_gate_setting(const struct policy_gate *gate, const char *key)
{
    for (size_t i = 0; i < gate->setting_count; i++)
        if (strcmp(gate->settings[i].key, key) == 0)
            return gate->settings[i].value;
    return NULL;
}

/* '*' matches any run of characters; no other character is special. */
static bool glob(const char *pattern, size_t length, const char *text)
{
    const char *end = pattern + length, *star = NULL, *mark = NULL;

    while (*text) {
        if (pattern < end && *pattern == '*') {
            star = pattern++;
            mark = text;
        } else if (pattern < end && *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++mark;
        } else {
            return false;
        }
    }
    while (pattern < end && *pattern == '*')
        pattern++;
    return pattern == end;
}

/* How exactly one of PATTERNS names TEXT: the characters that no '*' stands for, twice, and one
   more where there is no '*'; 0: none matches. */
static size_t exactness(const char *patterns, const char *text)
{
    size_t best = 0;

    while (*patterns) {
        patterns += strspn(patterns, ", \t");
        size_t length = strcspn(patterns, ", \t"), stars = 0;
        for (size_t i = 0; i < length; i++)
            stars += patterns[i] == '*' ? 1 : 0;
        const size_t now = 1 + 2 * (length - stars) + (stars == 0 ? 1 : 0);
        if (length > 0 && now > best && glob(patterns, length, text))
            best = now;
        patterns += length;
    }
    return best;
}

bool policy_gate_rechecked(const struct policy_gate *gate)
{
    return !gate->kind || strcmp(gate->kind, "command") != 0;
}

size_t policy_rechecked(const struct policy *policy)
{
    size_t count = 0;

    for (size_t i = 0; i < policy->gate_count; i++)
        count += policy_gate_rechecked(&policy->gates[i]) ? 1 : 0;
    return count;
}

bool policy_pattern(const char *patterns, const char *text)
{
    return exactness(patterns, text) > 0;
}

uint64_t policy_exactness(const struct policy *policy, const char *model, const char *target,
                          bool rollback)
{
    const uint64_t of_target = exactness(policy->targets, target);
    const uint64_t of_model = exactness(policy->models, model);

    if (of_target == 0 || of_model == 0 || (policy->rollback && !rollback))
        return 0;
    return (policy->rollback ? UINT64_C(1) << 63 : 0) + (of_target << 32) + of_model;
}

bool policy_matches(const struct policy *policy, const char *model, const char *target,
                    bool rollback)
{
    return policy_exactness(policy, model, target, rollback) > 0;
}
