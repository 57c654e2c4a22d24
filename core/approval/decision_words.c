/*
 * A decision in words: what its bytes say, for the box in which they are signed. A person who
 * signs should not have to read JSON to know what; nor should the words be from anywhere but
 * the bytes.
 */
#include <string.h>

#include <assay/buf.h>
#include <assay/text.h>

#include "approval/statement.h"

static void add(struct assay_buf *out, const char *before, const char *value, const char *after)
{
    assay_buf_text_add(out, before);
    assay_text_clean(out, value, strlen(value));
    assay_buf_text_add(out, after);
}

static void until(struct assay_buf *out, int64_t time_ms)
{
    char time[32];

    if (time_ms != ASSAY_NO_TIME)
        assay_buf_format(out, " until %s", assay_time_iso(time, time_ms));
}

/* The reason last: it may be long, and the rest is not to be pushed out of sight by it. */
static void say(struct assay_buf *out, const struct statement *s)
{
    const struct statement_decision *d = &s->decision;

    add(out, "", s->name, "");
    add(out, " (", s->person, ")");
    add(out, " as ", s->role, ": ");
    add(out, assay_verdict_name(d->verdict), "", " ");
    add(out, "", s->subject, "");
    assay_buf_format(out, ", revision %llu (%s).", (unsigned long long)d->revision,
                     assay_verdict_meaning(d->verdict));
    for (size_t i = 0; i < d->condition_count; i++) {
        add(out, i == 0 ? "\nOn condition: \"" : ", \"", d->conditions[i].text, "\"");
        until(out, d->conditions[i].due_ms);
    }
    if (d->delegate[0]) {
        add(out, "\nTo: ", d->delegate, "");
        until(out, d->until_ms);
    }
    assay_buf_format(out, "\nGates: %llu of %llu passed. Evidence seen: %zu.",
                     (unsigned long long)d->gates_passed, (unsigned long long)d->gates_total,
                     d->seen.count);
    add(out, "\nKey: ", s->key[0] ? s->key : "none: it will be UNSIGNED", "");
    if (d->reason[0])
        add(out, "\nBecause: ", d->reason, "");
}

enum assay_status assay_decision_words(const char *text, struct assay_buf *out,
                                       struct assay_error *err)
{
    struct assay_arena arena = {0};
    struct json_doc doc = {0};
    struct statement s;
    enum assay_status status =
        statement_parse(&s, &doc, &arena, text, strlen(text), "the statement", err);

    if (status == ASSAY_OK && s.event != EVENT_DECISION)
        status = assay_fail(err, ASSAY_BAD_INPUT, "the statement is no decision");
    if (status == ASSAY_OK)
        say(out, &s);
    json_doc_free(&doc);
    assay_arena_free(&arena);
    return status;
}
