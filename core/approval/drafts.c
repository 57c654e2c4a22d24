/*
 * Drafts: verdicts that are not signed yet, kept in the local store and nowhere else. The store
 * keeps the words of one as lines: the reason, then a line for each condition, then to whom the
 * vote is handed; what they mean is known here alone. And marks of what was seen, where a
 * thread writes both beside a ledger that is being looked at.
 */
#include "approval/act.h"

#include <string.h>

#include "store/store.h"
#include "store/store_ledger.h"

#define CONDITION "condition: "
#define DELEGATE  "delegate: "

struct drafts {
    struct assay_ledger *ledger;
    size_t count, capacity;
};

static struct assay_draft *more_room(struct drafts *d, struct assay_arena *arena)
{
    if (d->count == d->capacity) {
        size_t more = d->capacity ? d->capacity * 2 : 16;
        struct assay_draft *grown = assay_arena_alloc(arena, more * sizeof *grown);
        if (d->count > 0)
            memcpy(grown, d->ledger->drafts, d->count * sizeof *grown);
        d->ledger->drafts = grown;
        d->capacity = more;
    }
    return &d->ledger->drafts[d->count++];
}

/* The words of the store, taken apart. A line that begins as none of ours belongs to the
   reason. */
static void take_words(struct assay_arena *arena, const char *words, struct assay_draft *draft)
{
    struct assay_buf reason = {0};
    size_t lines = 1;

    for (const char *at = words; *at; at++)
        lines += *at == '\n';
    const char **conditions = assay_arena_alloc(arena, lines * sizeof *conditions);
    draft->delegate = "";
    for (const char *at = words; at;) {
        const char *end = strchr(at, '\n');
        const size_t length = end ? (size_t)(end - at) : strlen(at);
        const char *line = assay_arena_strndup(arena, at, length);
        if (at > words && strncmp(line, CONDITION, strlen(CONDITION)) == 0)
            conditions[draft->condition_count++] = line + strlen(CONDITION);
        else if (at > words && strncmp(line, DELEGATE, strlen(DELEGATE)) == 0)
            draft->delegate = line + strlen(DELEGATE);
        else
            assay_buf_format(&reason, "%s%s", at > words ? " " : "", line);
        at = end ? end + 1 : NULL;
    }
    draft->conditions = conditions;
    draft->reason = assay_arena_strdup(arena, assay_buf_text(&reason));
    assay_buf_free(&reason);
}

static bool take_draft(void *context, const char *request, const char *binding, int verdict,
                       const char *words)
{
    struct drafts *d = context;
    struct assay_arena *arena = &d->ledger->draft_arena;

    if (verdict < ASSAY_APPROVE || verdict > ASSAY_COMMENT)
        return true;
    struct assay_draft *draft = more_room(d, arena);
    *draft = (struct assay_draft){
        .request = assay_arena_strdup(arena, request),
        .binding = assay_arena_strdup(arena, binding),
        .verdict = (enum assay_verdict)verdict,
    };
    take_words(arena, words, draft);
    return true;
}

size_t assay_ledger_drafts(struct assay_ledger *ledger, const struct assay_draft **drafts)
{
    struct drafts d = {.ledger = ledger};

    assay_arena_free(&ledger->draft_arena);
    ledger->drafts = NULL;
    if (ledger->store)
        (void)store_read_drafts(ledger->store, take_draft, &d, NULL);
    *drafts = ledger->drafts;
    return d.count;
}

static void add_line(struct assay_buf *words, const char *before, const char *text)
{
    assay_buf_text_add(words, before);
    for (; *text; text++)
        assay_buf_char(words, *text == '\n' || *text == '\r' ? ' ' : *text);
}

static enum assay_status put(struct store *store, const struct assay_draft *draft,
                             struct assay_error *err)
{
    struct assay_buf words = {0};

    add_line(&words, "", draft->reason ? draft->reason : "");
    for (size_t i = 0; i < draft->condition_count; i++)
        add_line(&words, "\n" CONDITION, draft->conditions[i]);
    if (draft->delegate && draft->delegate[0])
        add_line(&words, "\n" DELEGATE, draft->delegate);
    enum assay_status status =
        store_put_draft(store, draft->request, draft->binding, (int)draft->verdict,
                        assay_buf_text(&words), err);
    assay_buf_free(&words);
    return status;
}

enum assay_status assay_draft_set(struct assay_ledger *ledger, const struct assay_draft *draft,
                                  struct assay_error *err)
{
    enum assay_status status = ledger_may_write(ledger, err);
    return status == ASSAY_OK ? put(ledger->store, draft, err) : status;
}

enum assay_status assay_draft_drop(struct assay_ledger *ledger, const char *request,
                                   struct assay_error *err)
{
    enum assay_status status = ledger_may_write(ledger, err);
    return status == ASSAY_OK ? store_drop_draft(ledger->store, request, err) : status;
}

enum assay_status assay_note_write(const char *place, const struct assay_note *note,
                                   struct assay_error *err)
{
    struct store *store = NULL;
    enum assay_status status = store_open(&store, place, STORE_LOCAL, false, err);

    if (status != ASSAY_OK)
        return status;
    switch (note->kind) {
    case ASSAY_NOTE_DRAFT:
        status = put(store, &note->draft, err);
        break;
    case ASSAY_NOTE_DROP:
        status = store_drop_draft(store, note->draft.request, err);
        break;
    case ASSAY_NOTE_SEEN:
        status = store_set_seen(store, note->digest, true, assay_now_ms(), err);
        break;
    }
    store_close(&store);
    return status;
}
