/*
 * What who sits here may do about a request: said at the head of its page and offered below it,
 * so that the two never differ. Called by request_page.c and view_request.c.
 */
#include "request_view.h"

#include <string.h>

#include <assay/text.h>

enum may {
    MAY_LOOK,     /* nobody of this ledger */
    MAY_APPLY,    /* what is approved, or was begun */
    MAY_UNDO,     /* it is applied */
    MAY_COMMENT,  /* closed, or none of their business */
    MAY_ASK_ANEW, /* the requester */
    MAY_BREAK,    /* the glass */
    MAY_WITHDRAW, /* a decision of theirs that stands */
    MAY_VOTE,
};

static bool has_role(struct request_view *view, const char *role)
{
    const struct assay_person *people;
    struct assay_ledger *ledger = desk_ledger(view->desk);
    const size_t count = ledger ? assay_ledger_people(ledger, &people) : 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0;
             strcmp(people[i].person, desk_me(view->desk)) == 0 && k < people[i].role_count;
             k++)
            if (strcmp(people[i].roles[k], role) == 0)
                return true;
    return false;
}

/* My row among those who could vote; one in which I may rather than one in which I may not. */
static const struct assay_eligible *find_mine(struct request_view *view,
                                              const struct assay_request *r)
{
    const struct assay_eligible *mine = NULL;
    for (size_t i = 0; i < r->eligible_count; i++)
        if (strcmp(r->eligible[i].person, desk_me(view->desk)) == 0 &&
            (!mine || r->eligible[i].eligible))
            mine = &r->eligible[i];
    return mine;
}

static bool is_to_apply(const struct assay_request *r)
{
    return r->state == ASSAY_STATE_APPROVED || r->state == ASSAY_STATE_APPLYING ||
           r->state == ASSAY_STATE_APPLY_FAILED;
}

static bool has_apply_role(struct request_view *view, const struct assay_request *r)
{
    return !r->apply_role[0] || has_role(view, r->apply_role);
}

bool request_champion_moved(const struct request_view *view, const struct assay_request *r)
{
    return view->sides.facts && assay_request_open_state(r->state) &&
           strcmp(view->sides.facts->champion_version, r->from_version) != 0;
}

/* What was begun is finished wherever the target is by now; what was not, is not begun then. */
static bool is_stale(const struct request_view *view, const struct assay_request *r)
{
    return r->state == ASSAY_STATE_APPROVED && request_champion_moved(view, r);
}

static enum may find_may(struct request_view *view, const struct assay_request *r)
{
    const char *me = desk_me(view->desk);
    const struct assay_eligible *mine = find_mine(view, r);
    if (!me[0])
        return MAY_LOOK;
    if (is_to_apply(r) && has_apply_role(view, r) && !is_stale(view, r))
        return MAY_APPLY;
    if (r->state == ASSAY_STATE_APPLIED)
        return MAY_UNDO;
    if (!assay_request_open_state(r->state))
        return MAY_COMMENT;
    if (strcmp(r->requester, me) == 0)
        return MAY_ASK_ANEW;
    if (!mine && r->break_role[0] && has_role(view, r->break_role))
        return MAY_BREAK;
    if (!mine || !mine->eligible)
        return MAY_COMMENT;
    return mine->voted ? MAY_WITHDRAW : MAY_VOTE;
}

bool request_voted(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    for (size_t i = 0; r && i < r->vote_count; i++)
        if (strcmp(r->votes[i].person, desk_me(view->desk)) == 0)
            return true;
    return false;
}

/* Whoever broke the glass does not review it, nor does who had a part in the version. */
static bool may_ratify(struct request_view *view, const struct assay_request *r)
{
    const struct assay_eligible *mine = find_mine(view, r);
    bool broke = false;
    for (size_t i = 0; i < r->vote_count; i++)
        broke |= r->votes[i].verdict == ASSAY_OVERRIDE && r->votes[i].counts &&
                 strcmp(r->votes[i].person, desk_me(view->desk)) == 0;
    return r->review_open && !broke && mine && mine->eligible;
}

/* Who has a part in the policy, which is what the ledger asks of who revokes. */
static bool may_revoke(struct request_view *view, const struct assay_request *r)
{
    return find_mine(view, r) || has_role(view, "owner") ||
           (r->break_role[0] && has_role(view, r->break_role));
}

static void add_comment(struct request_view *view, const struct assay_request *r)
{
    const struct assay_eligible *mine = find_mine(view, r);
    if (!assay_request_open_state(r->state))
        request_add(view, ROLE_DIM, 10, "YOU MAY   comment (v): it is closed");
    else if (!mine)
        request_add(view, ROLE_DIM, 10,
                    "YOU MAY   comment (v): the policy asks for no role of yours");
    else
        request_add(view, ROLE_DIM, 10, "YOU MAY   comment (v), not decide: %s", mine->why);
}

static void add_undo(struct request_view *view, const struct assay_request *r)
{
    request_add(view, r->mine ? ROLE_WAITING : ROLE_NORMAL, 10,
                "YOU MAY   %sask for what was there before (B)%s",
                may_ratify(view, r) ? "review the override (v ratify), " : "",
                may_revoke(view, r) ? ", revoke it (v)" : "");
}

void request_may_add(struct request_view *view, const struct assay_request *r)
{
    const enum may may = find_may(view, r);
    if (may == MAY_LOOK)
        request_add(view, ROLE_WARNING, 10,
                    "YOU MAY   only look: no key of a person of this ledger is in your agent; "
                    "ssh-add -L says what is, assay keys list whose keys count");
    else if (may == MAY_APPLY)
        request_add(view, ROLE_WAITING, 10, "YOU MAY   apply it with a: %s then points at %s",
                    r->target, r->version);
    else if (may == MAY_UNDO)
        add_undo(view, r);
    else if (may == MAY_COMMENT)
        add_comment(view, r);
    else if (may == MAY_ASK_ANEW)
        request_add(view, ROLE_NORMAL, 10,
                    "YOU MAY   ask anew (Q), withdraw it (W): you asked for it");
    else if (may == MAY_BREAK)
        request_add(
            view, ROLE_NORMAL, 10,
            "YOU MAY   break the glass (v override): it holds at once, stays to be seen, "
            "and somebody else reviews it");
    else if (may == MAY_WITHDRAW)
        request_add(view, ROLE_NORMAL, 10, "YOU MAY   withdraw your decision: you have signed");
    else
        request_add(view, ROLE_WAITING, 10,
                    "YOU MAY   approve, reject or ask for changes, as %s",
                    find_mine(view, r)->role);
    if (may == MAY_LOOK || may == MAY_APPLY || !is_to_apply(r))
        return;
    if (is_stale(view, r))
        request_add(view, ROLE_WARNING, 10,
                    "          nobody can apply it as it is: the champion has moved, and %s",
                    may == MAY_ASK_ANEW ? "asking anew compares with the one there is"
                                        : "its requester has to ask anew");
    else
        request_add(view, ROLE_DIM, 10, "          applying it is for who has the role %s",
                    r->apply_role);
}

static void put(struct request_view *view, size_t *count, enum command_id id)
{
    if (*count + 1 < ASSAY_COUNT(view->hints))
        view->hints[(*count)++] = id;
    view->hints[*count] = CMD_NONE;
}

/* What deciding has keys of its own for; all else of it is behind the key for the others. */
static void put_decisions(struct request_view *view, size_t *count,
                          const struct assay_request *r)
{
    static const enum command_id keys[][4] = {
        [MAY_LOOK] = {CMD_NONE},
        [MAY_APPLY] = {CMD_APPLY, CMD_DECIDE, CMD_NONE},
        [MAY_UNDO] = {CMD_ROLLBACK, CMD_DECIDE, CMD_NONE},
        [MAY_COMMENT] = {CMD_DECIDE, CMD_NONE},
        [MAY_ASK_ANEW] = {CMD_ASK, CMD_WITHDRAW, CMD_NONE},
        [MAY_BREAK] = {CMD_DECIDE, CMD_NONE},
        [MAY_WITHDRAW] = {CMD_WITHDRAW, CMD_DECIDE, CMD_NONE},
        [MAY_VOTE] = {CMD_APPROVE, CMD_REJECT, CMD_ASK_CHANGES, CMD_NONE},
    };
    for (const enum command_id *id = keys[find_may(view, r)]; *id != CMD_NONE; id++)
        put(view, count, *id);
}

/* The keys below the evidence that is open: the page's own lie under it. */
static const enum command_id *evidence_hints(struct request_view *view,
                                             const struct assay_request *r)
{
    size_t count = 0;
    put(view, &count, CMD_NEXT_UNSEEN);
    put(view, &count, CMD_DOWN);
    put(view, &count, CMD_UP);
    put(view, &count, CMD_BACK);
    if (find_may(view, r) == MAY_VOTE)
        put_decisions(view, &count, r);
    return view->hints;
}

const enum command_id *request_may_hints(struct request_view *view)
{
    const struct assay_request *r = request_of(view);
    const struct assay_draft *draft = request_draft(view);
    size_t count = 0;
    view->hints[0] = CMD_NONE;
    if (!r)
        return view->hints;
    if (request_evidence_open(view))
        return evidence_hints(view, r);
    if (draft && !view_queue_too_late(r, draft))
        put(view, &count, CMD_SEND);
    if (draft)
        put(view, &count, CMD_DROP_DRAFT);
    /* Without evidence nothing is unseen; the key to the next request is among the others. */
    if (r->evidence_count > 0)
        put(view, &count, CMD_NEXT_UNSEEN);
    if (draft && draft->verdict == ASSAY_APPROVE)
        put(view, &count, CMD_CONDITION);
    if (!draft)
        put_decisions(view, &count, r);
    if (r->evidence_count > 0)
        put(view, &count, CMD_OPEN);
    put(view, &count, CMD_COMPARE);
    if (request_voted(view))
        put(view, &count, CMD_CHANGES);
    if (strcmp(r->requester, desk_me(view->desk)) == 0)
        put(view, &count, CMD_SYNC);
    put(view, &count, CMD_NEXT_REQUEST);
    put(view, &count, CMD_BACK);
    return view->hints;
}
