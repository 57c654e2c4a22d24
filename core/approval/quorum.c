/*
 * Who fills which clause (policy.h): a matching of persons to places, so that one person with
 * two roles fills one place, and the place where they are needed most. Called by
 * requirements.c, also to ask whether a request could be satisfied at all.
 */
#include "approval/policy.h"

#include <stdlib.h>
#include <string.h>

/* All clauses' places are at most 64 * 64. */
struct matching {
    const struct policy *policy;
    const struct quorum_voter *voters;
    size_t voter_count;
    size_t *clause_of; /* by place */
    size_t places;
    size_t *voter_at; /* by place; SIZE_MAX none */
    bool *tried;      /* by place, in the search under way */
};

static bool may_fill(const struct quorum_voter *voter, const struct policy_clause *clause)
{
    return texts_has(voter->roles, clause->role) ||
           (voter->more && texts_has(voter->more, clause->role));
}

/* Finds VOTER a place, moving others where that helps. Depth is at most the number of voters,
   which is bounded by the persons of a ledger. */
static bool place(struct matching *m, size_t voter)
{
    for (size_t i = 0; i < m->places; i++) {
        if (m->tried[i] || !may_fill(&m->voters[voter], &m->policy->clauses[m->clause_of[i]]))
            continue;
        m->tried[i] = true;
        if (m->voter_at[i] == SIZE_MAX || place(m, m->voter_at[i])) {
            m->voter_at[i] = voter;
            return true;
        }
    }
    return false;
}

size_t quorum_needed(const struct policy *policy)
{
    size_t needed = 0;

    for (size_t i = 0; i < policy->clause_count; i++)
        needed += (size_t)policy->clauses[i].count;
    return needed;
}

size_t quorum_fill(const struct policy *policy, const struct quorum_voter *voters,
                   size_t voter_count, size_t *filled)
{
    const size_t most = quorum_needed(policy);
    struct matching m = {.policy = policy, .voters = voters, .voter_count = voter_count};
    size_t total = 0;

    m.clause_of = assay_alloc_array(most + 1, sizeof *m.clause_of);
    m.voter_at = assay_alloc_array(most + 1, sizeof *m.voter_at);
    m.tried = assay_alloc_array(most + 1, sizeof *m.tried);
    memset(filled, 0, policy->clause_count * sizeof *filled);
    for (size_t c = 0; c < policy->clause_count; c++)
        for (size_t i = 0; policy->clauses[c].distinct && i < policy->clauses[c].count; i++) {
            m.voter_at[m.places] = SIZE_MAX;
            m.clause_of[m.places++] = c;
        }
    for (size_t v = 0; v < voter_count; v++) {
        memset(m.tried, 0, m.places * sizeof *m.tried);
        place(&m, v);
    }
    for (size_t i = 0; i < m.places; i++)
        if (m.voter_at[i] != SIZE_MAX)
            filled[m.clause_of[i]]++;
    for (size_t c = 0; c < policy->clause_count; c++) {
        for (size_t v = 0; !policy->clauses[c].distinct && v < voter_count; v++)
            if (filled[c] < policy->clauses[c].count &&
                may_fill(&voters[v], &policy->clauses[c]))
                filled[c]++;
        total += filled[c];
    }
    free(m.clause_of);
    free(m.voter_at);
    free(m.tried);
    return total;
}
