/*
 * The readable report: every request, and the name, time and meaning of every signature, as
 * text or as one HTML page without anything from elsewhere. Called by `assay audit report` and
 * the export.
 */
#include "approval/ledger.h"

#include <string.h>

#include <assay/text.h>

struct page {
    struct assay_buf *out;
    bool html;
};

static void clean(struct page *page, const char *text)
{
    struct assay_buf safe = {0};

    assay_text_clean(&safe, text, strlen(text));
    for (size_t i = 0; i < safe.length; i++) {
        const char c = safe.data[i];
        const char *as = c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : NULL;
        if (page->html && as)
            assay_buf_text_add(page->out, as);
        else
            assay_buf_char(page->out, c);
    }
    assay_buf_free(&safe);
}

static void raw(struct page *page, const char *html, const char *text)
{
    assay_buf_text_add(page->out, page->html ? html : text);
}

static void entry(struct page *page, const char *key, const char *value)
{
    raw(page, "<tr><th>", "    ");
    clean(page, key);
    raw(page, "</th><td>", ": ");
    clean(page, value);
    raw(page, "</td></tr>\n", "\n");
}

static void vote(struct page *page, const struct assay_vote *v)
{
    struct assay_buf line = {0};
    char time[32];

    assay_buf_format(&line, "%s (%s), %s, meaning: %s%s%s%s%s", v->name, v->person,
                     assay_time_iso(time, v->time_ms), assay_verdict_meaning(v->verdict),
                     v->key[0] ? "" : ", UNSIGNED",
                     v->counts ? "" : ", does not count: ", v->counts ? "" : v->why_not,
                     v->reason[0] ? " — " : "");
    assay_buf_text_add(&line, v->reason);
    entry(page, assay_verdict_name(v->verdict), assay_buf_text(&line));
    assay_buf_free(&line);
}

static void request(struct page *page, const struct assay_request *r)
{
    struct assay_buf line = {0};
    char time[32];

    raw(page, "<h2>", "\n");
    assay_buf_format(&line, "%s %s to %s: %s", r->model, r->version, r->target,
                     assay_request_state_name(r->state));
    clean(page, assay_buf_text(&line));
    raw(page, "</h2>\n<table>\n", "\n");
    entry(page, "request", r->id);
    entry(page, "why", r->words);
    assay_buf_reset(&line);
    assay_buf_format(&line, "%s (%s), %s, meaning: authorship", r->requester_name, r->requester,
                     assay_time_iso(time, r->opened_ms));
    entry(page, "requested by", assay_buf_text(&line));
    entry(page, "state", r->why);
    assay_buf_reset(&line);
    assay_buf_format(&line, "%s version %llu (%s)", r->policy,
                     (unsigned long long)r->policy_version, r->policy_digest);
    entry(page, "policy", assay_buf_text(&line));
    entry(page, "model digest", r->model_digest);
    entry(page, "binding", r->binding);
    if (r->overridden)
        entry(page, "override",
              r->review_due ? "the glass was broken, its review is overdue"
                            : "the glass was broken");
    for (size_t i = 0; i < r->requirement_count; i++) {
        assay_buf_reset(&line);
        assay_buf_format(&line, "%s: %s",
                         assay_requirement_state_name(r->requirements[i].state),
                         r->requirements[i].why);
        entry(page, r->requirements[i].name, assay_buf_text(&line));
    }
    for (size_t i = 0; i < r->vote_count; i++)
        vote(page, &r->votes[i]);
    raw(page, "</table>\n", "");
    assay_buf_free(&line);
}

void assay_ledger_report(const struct assay_ledger *ledger, bool html, struct assay_buf *out)
{
    struct page page = {out, html};
    const struct assay_ledger_info info = assay_ledger_info(ledger);
    const struct assay_request *const *requests;
    const size_t count = assay_ledger_requests(ledger, &requests);
    struct assay_buf line = {0};
    size_t overridden = 0, not_signed = 0;
    char time[32];

    for (size_t i = 0; i < count; i++) {
        overridden += requests[i]->overridden ? 1 : 0;
        not_signed += requests[i]->unsigned_votes ? 1 : 0;
    }
    raw(&page,
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Approvals</title>\n"
        "<style>body{font:14px sans-serif;margin:2em;max-width:70em}th{text-align:left;"
        "vertical-align:top;padding-right:1em}td{overflow-wrap:anywhere}</style>\n<h1>",
        "");
    clean(&page, "Approvals");
    raw(&page, "</h1>\n<table>\n", "\n");
    entry(&page, "ledger", info.digest);
    entry(&page, "as of", assay_time_iso(time, ledger->input.now_ms));
    assay_buf_format(&line, "%zu, of which %zu do not count", info.records,
                     assay_ledger_info(ledger).problems);
    entry(&page, "records", assay_buf_text(&line));
    assay_buf_reset(&line);
    assay_buf_format(&line, "%zu; with an override %zu, with unsigned records %zu", count,
                     overridden, not_signed);
    entry(&page, "requests", assay_buf_text(&line));
    raw(&page, "</table>\n", "");
    for (size_t i = 0; i < count; i++)
        request(&page, requests[i]);
    raw(&page, "</html>\n", "");
    assay_buf_free(&line);
}
