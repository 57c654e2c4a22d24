/*
 * A verdict in words: what a reviewer may repeat without knowing the test. Never more than the
 * values bear.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/text.h>

#include "compare/comparison.h"

/* "0.8 %", or the bare difference where there is no percent to speak of. */
static void add_size(const struct assay_judgement *v, struct assay_buf *out)
{
    char text[32];
    if (isfinite(v->percent))
        assay_buf_format(out, "%s %%", assay_number_short(text, fabs(v->percent), 2));
    else
        assay_buf_text_add(out, assay_number_short(text, fabs(v->difference), 3));
}

static const char *way(const struct assay_judgement *v)
{
    if (v->direction == 0)
        return v->difference > 0 ? "higher" : "lower";
    return v->difference * v->direction > 0 ? "better" : "worse";
}

static void add_interval(const struct assay_judgement *v, bool ascii, struct assay_buf *out)
{
    const struct assay_interval *i = &v->interval;
    char low[32], high[32];
    if (i->method == ASSAY_INTERVAL_NONE)
        return;
    assay_number_short(low, i->low, 3);
    assay_number_short(high, i->high, 3);
    const char *what =
        i->method == ASSAY_INTERVAL_ORDER ? "median difference" : "mean difference";
    assay_buf_format(out, ", %s %s%s %s %s%s", what, i->low > 0 ? "+" : "", low,
                     ascii ? "to" : "…", i->high > 0 ? "+" : "", high);
}

static void add_count(const struct assay_judgement *v, struct assay_buf *out)
{
    if (v->pairs)
        assay_buf_format(out, "n=%zu pair%s", v->pairs, v->pairs == 1 ? "" : "s");
    else
        assay_buf_format(out, "n=%zu against %zu", v->candidate.n, v->baseline.n);
}

static void add_p(const struct assay_judgement *v, struct assay_buf *out)
{
    char text[32];
    assay_buf_format(out, ", p=%s", assay_number_short(text, v->p, 2));
    if (v->family > 1)
        assay_buf_format(out, " of %zu metrics (Holm)", v->family);
}

/* The fewest pairs with which FAMILY tests together can give p < 0.05. */
static size_t least_pairs(size_t family)
{
    size_t pairs = 1;
    for (double p = 1; p * (double)family >= 0.05; p /= 2)
        pairs++;
    return pairs;
}

/* The same for two sides of equal size: 2 in (2k over k). */
static size_t least_sides(size_t family)
{
    double ways = 2;
    size_t k = 1;
    while (2 / ways * (double)family >= 0.05) {
        k++;
        ways *= 2.0 * (2.0 * (double)k - 1) / (double)k;
    }
    return k;
}

/* What to do about it: how many values it takes. */
static void add_least(const struct assay_judgement *v, struct assay_buf *out)
{
    char together[64] = "";
    if (v->family > 1)
        snprintf(together, sizeof together, " for %zu metrics tested together", v->family);
    if (v->pairs)
        assay_buf_format(out,
                         "; cannot be told with %zu pair%s%s: %zu are the least for p < 0.05",
                         v->pairs, v->pairs == 1 ? "" : "s", together, least_pairs(v->family));
    else if (v->candidate.n == 1 && v->baseline.n == 1)
        assay_buf_text_add(out, "; one run each: seeds were not repeated, so nothing can be "
                                "said of chance");
    else
        assay_buf_format(out,
                         "; cannot be told with %zu against %zu runs%s: %zu against %zu are "
                         "the least for p < 0.05",
                         v->candidate.n, v->baseline.n, together, least_sides(v->family),
                         least_sides(v->family));
}

static void add_left_out(const struct assay_judgement *v, struct assay_buf *out)
{
    size_t dropped =
        v->candidate.dropped > v->baseline.dropped ? v->candidate.dropped : v->baseline.dropped;
    if (v->unmatched)
        assay_buf_format(out, "; %zu without a partner left out", v->unmatched);
    if (v->repeated)
        assay_buf_format(out, "; %zu left out whose seed stands twice", v->repeated);
    if (dropped)
        assay_buf_format(out, "; %zu not finite left out", dropped);
}

void assay_verdict_sentence(const struct assay_judgement *v, bool ascii, struct assay_buf *out)
{
    switch (v->answer) {
    case ASSAY_ANSWER_NONE:
        assay_buf_format(out, "no verdict: %s", v->why ? v->why : "nothing to test");
        return;
    case ASSAY_ANSWER_SAME:
        assay_buf_text_add(out, "no difference: all values are equal (");
        add_count(v, out);
        assay_buf_char(out, ')');
        return;
    case ASSAY_ANSWER_CANNOT_TELL:
        assay_buf_format(out, "%s by ", way(v));
        add_size(v, out);
        add_least(v, out);
        break;
    case ASSAY_ANSWER_NO_EVIDENCE:
        assay_buf_format(out, "no evidence of a difference: %s by ", way(v));
        add_size(v, out);
        add_interval(v, ascii, out);
        assay_buf_text_add(out, " (");
        add_count(v, out);
        add_p(v, out);
        assay_buf_char(out, ')');
        break;
    case ASSAY_ANSWER_BETTER:
    case ASSAY_ANSWER_WORSE:
    case ASSAY_ANSWER_DIFFERENT:
        assay_buf_format(out, "%s by ", way(v));
        add_size(v, out);
        add_interval(v, ascii, out);
        assay_buf_text_add(out, " (");
        add_count(v, out);
        add_p(v, out);
        assay_buf_char(out, ')');
        break;
    }
    add_left_out(v, out);
}
