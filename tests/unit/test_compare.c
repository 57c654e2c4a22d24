/*
 * Comparisons: what differs and what does not, deltas and directions, structures, groups,
 * verdicts and their sentences, curves, gates, what mattered; and input that is no good.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/compare.h>

/* ---- runs made by hand: "kind key=value", params p, tags t, metrics m, inputs i ---- */

struct facts {
    struct assay_attrs attrs;
    struct assay_pair params[40], tags[40];
    struct assay_metric metrics[40];
    struct assay_input inputs[8];
    char texts[120][300];
    size_t texts_used;
};

static const char *keep(struct facts *f, const char *text, size_t length)
{
    char *to = f->texts[f->texts_used++];
    assert_true(length < 300 && f->texts_used < 120);
    memcpy(to, text, length);
    to[length] = '\0';
    return to;
}

static void add_metric(struct facts *f, const char *key, double value)
{
    f->metrics[f->attrs.metric_count++] =
        (struct assay_metric){.key = key,
                              .summary = {.last = value,
                                          .min = isfinite(value) ? value - 1 : NAN,
                                          .max = isfinite(value) ? value + 1 : NAN,
                                          .step = 100,
                                          .n = 50,
                                          .nonfinite = !isfinite(value)}};
}

static void add(struct assay_comparison *c, const char *name, const char *const *lines)
{
    static struct facts f;
    memset(&f, 0, sizeof f);
    f.attrs = (struct assay_attrs){
        .params = f.params, .tags = f.tags, .metrics = f.metrics, .inputs = f.inputs};
    for (; *lines; lines++) {
        const char *equals = strchr(*lines, '=');
        const char *key = keep(&f, *lines + 2, (size_t)(equals - *lines - 2));
        const char *value = keep(&f, equals + 1, strlen(equals + 1));
        if (**lines == 'p')
            f.params[f.attrs.param_count++] = (struct assay_pair){key, value};
        else if (**lines == 't')
            f.tags[f.attrs.tag_count++] = (struct assay_pair){key, value};
        else if (**lines == 'm')
            add_metric(&f, key, strtod(value, NULL));
        else
            f.inputs[f.attrs.input_count++] =
                (struct assay_input){"dataset", key, value, "training", "", "", "", ""};
    }
    const struct assay_compared_run run = {
        .run = ASSAY_NONE,
        .id = name,
        .name = name,
        .experiment = "exp",
        .source = "here",
        .source_kind = "test",
        .user = "",
        .status = "FINISHED",
        .start_ms = 1000,
        .end_ms = 61000,
    };
    assert_true(assay_comparison_add(c, &run, &f.attrs));
}
#define RUN(c, name, ...) add(c, name, (const char *const[]){__VA_ARGS__, NULL})

static size_t row_of(const struct assay_comparison *c, enum assay_row_kind kind,
                     const char *key)
{
    size_t row = assay_comparison_find(c, kind, key);
    assert_true(row != SIZE_MAX);
    return row;
}

static const struct assay_row *row(const struct assay_comparison *c, enum assay_row_kind kind,
                                   const char *key)
{
    return assay_comparison_row(c, row_of(c, kind, key));
}

/* ---- what differs ---- */

static void differences_first(void **state)
{
    (void)state;
    struct assay_comparison *c = assay_comparison_new();
    RUN(c, "a", "p lr=0.001", "p opt=sgd", "p only=1", "t mlflow.source.git.commit=1e5",
        "m loss=0.5", "i train=aa");
    RUN(c, "b", "p lr=1e-3", "p opt=adam", "t mlflow.source.git.commit=100000", "m loss=0.25",
        "i train=bb");
    assay_comparison_finish(c);
    /* The same number is the same param; a commit is a text. */
    assert_false(row(c, ASSAY_ROW_PARAM, "lr")->differs);
    assert_true(row(c, ASSAY_ROW_PARAM, "opt")->differs);
    assert_true(row(c, ASSAY_ROW_TAG, "mlflow.source.git.commit")->differs);
    assert_int_equal(row(c, ASSAY_ROW_TAG, "mlflow.source.git.commit")->section,
                     ASSAY_SECTION_CODE);
    assert_string_equal(row(c, ASSAY_ROW_TAG, "mlflow.source.git.commit")->label, "commit");
    assert_true(row(c, ASSAY_ROW_PARAM, "only")->differs);
    assert_int_equal(row(c, ASSAY_ROW_PARAM, "only")->present, 1);
    assert_int_equal(row(c, ASSAY_ROW_PARAM, "only")->distinct, 1);
    assert_true(row(c, ASSAY_ROW_INPUT, "training: train")->differs);
    assert_int_equal(assay_comparison_differing(c), 5);
    struct assay_delta d = assay_comparison_delta(c, row_of(c, ASSAY_ROW_METRIC, "loss"), 1, 0);
    assert_int_equal(d.kind, ASSAY_DELTA_NUMBER);
    assert_true(d.difference == -0.25 && d.percent == -50 && d.better == 1);
    d = assay_comparison_delta(c, row_of(c, ASSAY_ROW_PARAM, "only"), 1, 0);
    assert_int_equal(d.kind, ASSAY_DELTA_REMOVED);
    d = assay_comparison_delta(c, row_of(c, ASSAY_ROW_PARAM, "opt"), 1, 0);
    assert_int_equal(d.kind, ASSAY_DELTA_TEXT);
    assert_int_equal(assay_comparison_delta(c, 0, 0, 0).kind, ASSAY_DELTA_NONE);
    /* In order: run, params, data, code, metrics. */
    for (size_t i = 1; i < assay_comparison_rows(c); i++)
        assert_true(assay_comparison_row(c, i - 1)->section <=
                    assay_comparison_row(c, i)->section);
    assay_comparison_free(&c);
    assert_null(c);
}

/* However much room was made before, the cells are the same. */
static void room_makes_no_difference(void **state)
{
    (void)state;
    static const size_t expected[] = {0, 1, 7, 40, 5000};
    struct assay_comparison *plain = NULL, *c = NULL;
    for (size_t e = 0; e < ASSAY_COUNT(expected); e++) {
        c = assay_comparison_new();
        assay_comparison_expect(c, expected[e]);
        for (int run = 0; run < 40; run++) {
            char name[16], lr[32], loss[32], late[32];
            snprintf(name, sizeof name, "run-%d", run);
            snprintf(lr, sizeof lr, "p lr=%d", run % 17);
            snprintf(loss, sizeof loss, "m loss=%d", run * run % 23);
            snprintf(late, sizeof late, "%c late%d=%d", run % 2 ? 'm' : 't', run % 5, run);
            if (run % 3)
                RUN(c, name, lr, loss, late);
            else
                RUN(c, name, lr, late);
        }
        assay_comparison_finish(c);
        if (!plain) {
            plain = c;
            continue;
        }
        assert_int_equal(assay_comparison_rows(c), assay_comparison_rows(plain));
        for (size_t row = 0; row < assay_comparison_rows(c); row++)
            for (size_t column = 0; column < 40; column++) {
                struct assay_compare_cell a = assay_comparison_cell(plain, row, column);
                struct assay_compare_cell b = assay_comparison_cell(c, row, column);
                assert_int_equal(a.present, b.present);
                assert_string_equal(a.text, b.text);
                assert_true(a.number == b.number || (isnan(a.number) && isnan(b.number)));
            }
        assay_comparison_free(&c);
    }
    assay_comparison_free(&plain);
}

static void the_stat_chooses_the_value(void **state)
{
    (void)state;
    struct assay_comparison *c = assay_comparison_new();
    RUN(c, "a", "m loss=2", "m acc=0.5", "m thing=1");
    assay_comparison_finish(c);
    size_t loss = row_of(c, ASSAY_ROW_METRIC, "loss"), acc = row_of(c, ASSAY_ROW_METRIC, "acc");
    size_t thing = row_of(c, ASSAY_ROW_METRIC, "thing");
    assay_comparison_set_stat(c, ASSAY_STAT_BEST);
    assert_true(assay_comparison_cell(c, loss, 0).number == 1);
    assert_true(assay_comparison_cell(c, acc, 0).number == 1.5);
    assert_true(assay_comparison_cell(c, thing, 0).number == 1); /* not known: the last */
    assay_comparison_set_direction(c, "thing", 1);
    assert_true(assay_comparison_cell(c, thing, 0).number == 2);
    assay_comparison_set_value(c, loss, 0, 7);
    assert_true(assay_comparison_cell(c, loss, 0).number == 7);
    assay_comparison_clear_values(c);
    assay_comparison_set_stat(c, ASSAY_STAT_LAST);
    assert_true(assay_comparison_cell(c, loss, 0).number == 2);
    struct assay_summary summary;
    assert_true(assay_comparison_summary(c, loss, 0, &summary));
    assert_int_equal(summary.n, 50);
    assay_comparison_free(&c);
}

static void structures_are_compared_by_path(void **state)
{
    (void)state;
    struct assay_comparison *c = assay_comparison_new();
    RUN(c, "a",
        "p config={\"optimizer\": {\"lr\": 0.1, \"name\": \"sgd\"}, \"layers\": [64, 64],"
        " \"deep\": {}}");
    RUN(c, "b",
        "p config={'optimizer': {'lr': 0.01, 'name': 'sgd'}, 'layers': [64, 64], 'deep': {},"
        " 'aug': [{'p': 0.5}, {'p': 1}],}");
    assay_comparison_finish(c);
    assert_true(row(c, ASSAY_ROW_PATH, "config.optimizer.lr")->differs);
    assert_false(row(c, ASSAY_ROW_PATH, "config.optimizer.name")->differs);
    assert_false(row(c, ASSAY_ROW_PATH, "config.layers")->differs);
    assert_false(row(c, ASSAY_ROW_PATH, "config.deep")->differs);
    assert_int_equal(row(c, ASSAY_ROW_PATH, "config.aug.1.p")->present, 1);
    assert_true(row(c, ASSAY_ROW_PARAM, "config")->parent);
    struct assay_delta d =
        assay_comparison_delta(c, row_of(c, ASSAY_ROW_PATH, "config.optimizer.lr"), 1, 0);
    assert_true(fabs(d.percent + 90) < 1e-9 && d.better == 0);
    assay_comparison_free(&c);
    /* What is broken is a text like any other. */
    static const char *const broken[] = {"p c={",          "p c={}",       "p c={'a'}",
                                         "p c={'a': }",    "p c={'a': [}", "p c={\"a\": \"}",
                                         "p c={'a': (1, }"};
    for (size_t i = 0; i < ASSAY_COUNT(broken); i++) {
        c = assay_comparison_new();
        RUN(c, "a", broken[i]);
        assay_comparison_finish(c);
        assert_int_equal(row(c, ASSAY_ROW_PARAM, "c")->present, 1);
        assay_comparison_free(&c);
    }
}

static void directions_come_from_names_params_and_the_user(void **state)
{
    (void)state;
    struct assay_comparison *c = assay_comparison_new();
    RUN(c, "a", "p early_stopping.mode=max", "p early_stopping.monitor=val_gain",
        "p greater_is_better=False", "p metric_for_best_model=spread", "m eval_spread=1",
        "m val_gain=1", "m odd=1", "m acc=1");
    assay_comparison_set_direction(c, "odd", -1);
    assay_comparison_finish(c);
    assert_int_equal(row(c, ASSAY_ROW_METRIC, "val_gain")->direction, 1);
    assert_int_equal(row(c, ASSAY_ROW_METRIC, "eval_spread")->direction, -1);
    assert_int_equal(row(c, ASSAY_ROW_METRIC, "odd")->direction, -1);
    assert_int_equal(row(c, ASSAY_ROW_METRIC, "acc")->direction, 1);
    RUN(c, "b", "p early_stopping.mode=min", "p early_stopping.monitor=val_gain",
        "m val_gain=2");
    assay_comparison_finish(c);
    assert_int_equal(row(c, ASSAY_ROW_METRIC, "val_gain")->direction, 0);
    const char *const *notices;
    bool said = false;
    for (size_t i = 0, n = assay_comparison_notices(c, &notices); i < n; i++)
        said |= strstr(notices[i], "disagree") != NULL;
    assert_true(said);
    assay_comparison_free(&c);
}

static bool noticed(const struct assay_comparison *c, const char *words)
{
    const char *const *notices;
    size_t count = assay_comparison_notices(c, &notices);
    for (size_t i = 0; i < count; i++)
        if (strstr(notices[i], words))
            return true;
    return false;
}

static void bad_input_is_said(void **state)
{
    (void)state;
    struct assay_comparison *c = assay_comparison_new();
    RUN(c, "a", "m latency_ms=12", "m loss=nan", "m zero=0");
    RUN(c, "b", "m latency_s=0.012", "m loss=0.1", "m zero=5");
    assay_comparison_finish(c);
    assert_true(noticed(c, "two units"));
    assert_true(noticed(c, "not finite"));
    struct assay_delta d = assay_comparison_delta(c, row_of(c, ASSAY_ROW_METRIC, "loss"), 1, 0);
    assert_int_equal(d.kind, ASSAY_DELTA_NOT_FINITE);
    d = assay_comparison_delta(c, row_of(c, ASSAY_ROW_METRIC, "zero"), 1, 0);
    assert_true(d.kind == ASSAY_DELTA_NUMBER && d.difference == 5 && isnan(d.percent));
    d = assay_comparison_delta(c, row_of(c, ASSAY_ROW_METRIC, "latency_s"), 1, 0);
    assert_int_equal(d.kind, ASSAY_DELTA_ADDED);
    assay_comparison_free(&c);

    c = assay_comparison_new();
    RUN(c, "a", "m x=1");
    RUN(c, "b", "m y=1");
    assay_comparison_finish(c);
    assert_true(noticed(c, "in common"));
    /* The same run twice is one run. */
    const struct assay_compared_run again = {.id = "a", .source = "here"};
    assert_false(assay_comparison_add(c, &again, &(struct assay_attrs){0}));
    assert_int_equal(assay_comparison_runs(c), 2);
    assay_comparison_free(&c);

    c = assay_comparison_new(); /* nothing at all */
    assay_comparison_finish(c);
    assert_int_equal(assay_comparison_rows(c), 0);
    struct assay_grouping grouping;
    assert_false(assay_comparison_propose(c, &grouping));
    assay_grouping_free(&grouping);
    assay_comparison_free(&c);
}

static void huge_values_are_held(void **state)
{
    (void)state;
    enum { HUGE_ = 10 << 20 };
    struct assay_comparison *c = assay_comparison_new();
    char *text = assay_alloc(HUGE_ + 1);
    memset(text, '{', HUGE_);
    for (int i = 0; i < 2; i++) {
        struct assay_pair pair = {"huge", text};
        const struct assay_compared_run run = {.id = i ? "b" : "a", .source = ""};
        text[HUGE_ / 2] = i ? 'x' : '{';
        assert_true(assay_comparison_add(
            c, &run, &(struct assay_attrs){.params = &pair, .param_count = 1}));
    }
    assay_comparison_finish(c);
    struct assay_compare_cell a =
        assay_comparison_cell(c, row_of(c, ASSAY_ROW_PARAM, "huge"), 0);
    struct assay_compare_cell b =
        assay_comparison_cell(c, row_of(c, ASSAY_ROW_PARAM, "huge"), 1);
    assert_int_equal(a.length, HUGE_);
    struct assay_text_delta d = assay_text_delta(a.text, a.length, b.text, b.length);
    assert_int_equal(d.prefix, HUGE_ / 2);
    assert_int_equal(d.suffix, HUGE_ / 2 - 1);
    free(text);
    assay_comparison_free(&c);
    d = assay_text_delta("kä1", 4, "kö1", 4); /* never within a character */
    assert_true(d.prefix == 1 && d.suffix == 1);
    d = assay_text_delta("aa", 2, "aaa", 3);
    assert_true(d.prefix == 2 && d.suffix == 0);
}

static void directions_are_remembered(void **state)
{
    (void)state;
    char store[400];
    struct assay_error err = {0};
    snprintf(store, sizeof store, "%s/store.db", getenv("TMPDIR"));
    assert_int_equal(assay_directions_write(store, "odd one", -1, &err), ASSAY_OK);
    assert_int_equal(assay_directions_write(store, "acc", 0, &err), ASSAY_OK);
    assert_int_equal(assay_directions_write(store, "odd one", 1, &err), ASSAY_OK);
    struct assay_comparison *c = assay_comparison_new();
    RUN(c, "a", "m acc=1", "m odd one=1");
    assert_int_equal(assay_directions_read(c, store, &err), ASSAY_OK);
    assay_comparison_finish(c);
    assert_int_equal(row(c, ASSAY_ROW_METRIC, "odd one")->direction, 1);
    assert_int_equal(row(c, ASSAY_ROW_METRIC, "acc")->direction, 0);
    /* Nowhere to remember, nothing remembered, no such name: none is a failure. */
    assert_int_equal(assay_directions_write("", "x", 1, &err), ASSAY_OK);
    assert_int_equal(assay_directions_write(store, "two\nlines", 1, &err), ASSAY_OK);
    assert_int_equal(assay_directions_read(c, "/nowhere/store.db", &err), ASSAY_OK);
    assay_comparison_free(&c);
}

/* ---- groups and verdicts ---- */

/* Two optimizers, COUNT seeds each; adam is better by 0.01 and a bit by seed. */
static struct assay_comparison *seeded(size_t count)
{
    struct assay_comparison *c = assay_comparison_new();
    for (size_t i = 0; i < 2 * count; i++) {
        char name[32], opt[24], seed[32], acc[40], out[60];
        bool adam = i >= count;
        size_t s = i % count;
        snprintf(name, sizeof name, "run-%02zu", i);
        snprintf(opt, sizeof opt, "p opt=%s", adam ? "adam" : "sgd");
        snprintf(seed, sizeof seed, "p seed=%zu", s);
        snprintf(out, sizeof out, "p out=/data/run-%02zu/x", i);
        snprintf(acc, sizeof acc, "m acc=%.6f",
                 0.9 + 0.02 * (double)(s * 7 % 5) + (adam ? 0.01 + 0.001 * (double)s : 0));
        RUN(c, name, opt, out, seed, acc, "m loss=0.5");
    }
    assay_comparison_finish(c);
    return c;
}

static void seeds_make_groups(void **state)
{
    (void)state;
    struct assay_comparison *c = seeded(3);
    struct assay_grouping g;
    assert_true(assay_comparison_propose(c, &g));
    assert_int_equal(g.count, 2);
    assert_string_equal(g.groups[0].title, "opt=sgd");
    assert_int_equal(g.groups[1].count, 3);
    assert_string_equal(g.seed_key, "seed");
    assert_string_equal(g.by, "opt");
    assert_string_equal(g.ignored, "out");
    assay_grouping_free(&g);
    struct assay_error err = {0};
    assert_int_equal(assay_comparison_group_by(c, "params.seed", &g, &err), ASSAY_OK);
    assert_int_equal(g.count, 3);
    assay_grouping_free(&g);
    assert_int_equal(assay_comparison_group_by(c, "", &g, &err), ASSAY_OK);
    assert_int_equal(g.count, 1);
    assert_string_equal(g.groups[0].title, "all runs");
    assay_grouping_free(&g);
    assert_int_equal(assay_comparison_group_by(c, "nonsense", &g, &err), ASSAY_BAD_INPUT);
    assay_grouping_free(&g);
    assay_comparison_free(&c);
}

static void sentence_is(const struct assay_judgement *v, const char *words)
{
    struct assay_buf out = {0};
    assay_verdict_sentence(v, true, &out);
    if (!strstr(assay_buf_text(&out), words))
        fail_msg("\"%s\" does not say \"%s\"", assay_buf_text(&out), words);
    assay_buf_free(&out);
}

static struct assay_judgement judge(const struct assay_comparison *c, const char *metric)
{
    struct assay_grouping g;
    assay_comparison_propose(c, &g);
    struct assay_judgement v =
        assay_comparison_verdict(c, row_of(c, ASSAY_ROW_METRIC, metric), &g, 1, 0, ASSAY_SEED);
    assay_grouping_free(&g);
    return v;
}

static void three_seeds_tell_nothing_six_do(void **state)
{
    (void)state;
    struct assay_comparison *c = seeded(3);
    struct assay_judgement v = judge(c, "acc");
    assert_int_equal(v.answer, ASSAY_ANSWER_CANNOT_TELL);
    assert_int_equal(v.pairs, 3);
    assert_true(fabs(v.test.p - 0.25) < 1e-12);
    sentence_is(&v, "better by 1.2 %");
    sentence_is(&v, "cannot be told with 3 pairs: 6 are the least");
    assert_non_null(v.interval.why);
    v = judge(c, "loss");
    assert_int_equal(v.answer, ASSAY_ANSWER_SAME);
    assay_comparison_free(&c);

    c = seeded(6);
    v = judge(c, "acc");
    assert_int_equal(v.answer, ASSAY_ANSWER_BETTER);
    assert_true(v.pairs == 6 && fabs(v.difference - 0.0125) < 1e-9);
    assert_int_equal(v.interval.method, ASSAY_INTERVAL_ORDER);
    assert_true(fabs(v.interval.low - 0.01) < 1e-9 && fabs(v.interval.high - 0.015) < 1e-9);
    sentence_is(&v, "(n=6 pairs, p=0.031)");
    /* Ten metrics tested together: six pairs no longer do. */
    struct assay_judgement many[10];
    for (size_t i = 0; i < 10; i++)
        many[i] = v;
    assay_verdicts_correct(many, 10);
    assert_int_equal(many[0].answer, ASSAY_ANSWER_CANNOT_TELL);
    assert_true(fabs(many[0].p - 0.3125) < 1e-9);
    sentence_is(&many[0], "with 6 pairs for 10 metrics tested together: 9 are the least");
    assay_comparison_free(&c);
}

static void pairs_need_their_seeds(void **state)
{
    (void)state;
    struct assay_comparison *c = assay_comparison_new();
    RUN(c, "a1", "p o=x", "p seed=1", "m acc=1");
    RUN(c, "a2", "p o=x", "p seed=2", "m acc=2");
    RUN(c, "a3", "p o=x", "p seed=2", "m acc=3");
    RUN(c, "a4", "p o=x", "p seed=5", "m acc=3");
    RUN(c, "b1", "p o=y", "p seed=1", "m acc=1");
    RUN(c, "b2", "p o=y", "p seed=9", "m acc=2");
    RUN(c, "b3", "p o=y", "p seed=5", "m acc=nan");
    RUN(c, "b4", "p o=y", "p seed=2", "m acc=2");
    assay_comparison_finish(c);
    struct assay_judgement v = judge(c, "acc");
    assert_int_equal(v.pairs, 1); /* seed 1; seed 5 is not finite */
    assert_int_equal(v.unmatched, 1);
    assert_int_equal(v.repeated, 3);
    sentence_is(&v, "whose seed stands twice");
    assay_comparison_free(&c);

    c = assay_comparison_new(); /* no seeds: the sides as they are */
    RUN(c, "a1", "p o=x", "m acc=1");
    RUN(c, "b1", "p o=y", "m acc=2");
    RUN(c, "b2", "p o=y", "m acc=3");
    assay_comparison_finish(c);
    v = judge(c, "acc");
    assert_int_equal(v.pairs, 0);
    assert_int_equal(v.answer, ASSAY_ANSWER_CANNOT_TELL);
    sentence_is(&v, "2 against 1 runs: 4 against 4 are the least");
    assay_comparison_free(&c);
}

static void examples_pair_single_runs(void **state)
{
    (void)state;
    double a[40], b[40];
    for (size_t i = 0; i < 40; i++) {
        a[i] = i % 3 == 0 ? 0 : 1;
        b[i] = i % 3 == 0 || i % 4 == 0 ? 0 : 1;
    }
    struct assay_judgement v = assay_verdict_paired("correct", 1, a, b, 40, 1);
    assert_int_equal(v.pairs, 40);
    assert_int_equal(v.answer, ASSAY_ANSWER_BETTER);
    a[3] = NAN;
    v = assay_verdict_paired("correct", 1, a, b, 40, 1);
    assert_int_equal(v.pairs, 39);
    v = assay_verdict_paired("correct", 1, a, a, 0, 1);
    assert_int_equal(v.answer, ASSAY_ANSWER_NONE);
}

/* ---- curves ---- */

static void curves_as_numbers(void **state)
{
    (void)state;
    struct assay_series *s = assay_series_new(ASSAY_LAST_WRITTEN);
    /* Steps 0..10 of value 10 - step; a restart at 5 writes 1 from there on. */
    for (int64_t i = 0; i <= 10; i++)
        assay_series_add(
            s, &(struct assay_point){.step = i, .time_ms = i * 1000, .value = (double)(10 - i)},
            1);
    for (int64_t i = 5; i <= 10; i++)
        assay_series_add(
            s, &(struct assay_point){.step = i, .time_ms = 20000 + i * 1000, .value = 1}, 1);
    assert_true(assay_series_at(s, ASSAY_AXIS_STEP, 3) == 7);
    assert_true(assay_series_at(s, ASSAY_AXIS_STEP, 3.5) == 7);
    assert_true(assay_series_at(s, ASSAY_AXIS_STEP, 7) == 1);
    assert_true(isnan(assay_series_at(s, ASSAY_AXIS_STEP, -1)));
    assert_true(isnan(assay_series_at(s, ASSAY_AXIS_STEP, 12)));
    assert_true(assay_series_at(s, ASSAY_AXIS_RELATIVE, 2) == 8);
    struct assay_curve area = assay_curve_area(s, ASSAY_AXIS_STEP, 0, 4);
    assert_true(fabs(area.area - 8) < 1e-12);
    area = assay_curve_area(s, ASSAY_AXIS_STEP, NAN, NAN);
    /* 0..4: 32, 4..5: 3.5, 5..10: 5, over 10 */
    assert_true(fabs(area.area - 4.05) < 1e-12);
    assert_true(area.points == 11 && area.from == 0 && area.to == 10);
    struct assay_reach reach = assay_curve_reach(s, 7.5, -1);
    assert_true(reach.reached && reach.point.step == 3 && reach.seconds == 3);
    reach = assay_curve_reach(s, 1, -1);
    assert_true(reach.reached && reach.point.step == 5 && reach.seconds == 25);
    assert_false(assay_curve_reach(s, 0, -1).reached);
    assert_true(assay_curve_reach(s, 10, 1).reached);
    assay_series_free(&s);
    assert_true(isnan(assay_series_at(NULL, ASSAY_AXIS_STEP, 1)));
    assert_true(isnan(assay_curve_area(NULL, ASSAY_AXIS_STEP, 0, 1).area));
}

/* ---- gates ---- */

static enum assay_gate_answer gate(const struct assay_comparison *c, const char *text)
{
    struct assay_gate *g = NULL;
    struct assay_error err = {0};
    if (assay_gate_parse(&g, text, &err) != ASSAY_OK)
        fail_msg("%s: %s", text, err.what);
    enum assay_gate_answer answer = assay_gate_check(g, c, 1, 0, NULL);
    assay_gate_free(&g);
    return answer;
}

static void gates_answer(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum assay_gate_answer answer;
    } cases[] = {
        {"metrics.val/loss > baseline * 1.01", ASSAY_GATE_TRUE},
        {"metrics.val/loss > baseline * 1.2", ASSAY_GATE_FALSE},
        {"metrics.val/loss - baseline <= 0.0500001", ASSAY_GATE_TRUE},
        {"metrics.`val/loss`@min < 0", ASSAY_GATE_TRUE},
        {"abs(metrics.val/loss - baseline) / baseline > 0.05", ASSAY_GATE_TRUE},
        {"metrics.acc < baseline", ASSAY_GATE_FALSE},
        {"metrics.acc = baseline", ASSAY_GATE_TRUE},
        {"not metrics.acc = baseline or params.opt != baseline.params.opt", ASSAY_GATE_TRUE},
        {"params.opt = 'adam' AND params.lr == 0.1", ASSAY_GATE_TRUE},
        {"metrics.none > 1", ASSAY_GATE_UNKNOWN},
        {"not (metrics.none > 1)", ASSAY_GATE_UNKNOWN},
        {"metrics.none > 1 or metrics.acc > 0", ASSAY_GATE_TRUE},
        {"metrics.none > 1 and metrics.acc < 0", ASSAY_GATE_FALSE},
        {"metrics.bad > 1", ASSAY_GATE_UNKNOWN},
        {"metrics.acc / 0 > 1", ASSAY_GATE_UNKNOWN},
        {"params.opt > 1", ASSAY_GATE_UNKNOWN},
        {"1 + 2 * 3 = 7 and -2 < - -1 and (1 + 2) * 3 = 9", ASSAY_GATE_TRUE},
        {"duration <= 60", ASSAY_GATE_TRUE},
    };
    struct assay_comparison *c = assay_comparison_new();
    RUN(c, "a", "p lr=0.1", "p opt=sgd", "m acc=0.9", "m bad=1", "m val/loss=0.5");
    RUN(c, "b", "p lr=0.1", "p opt=adam", "m acc=0.9", "m bad=nan", "m val/loss=0.55");
    assay_comparison_finish(c);
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++)
        if (gate(c, cases[i].text) != cases[i].answer)
            fail_msg("%s", cases[i].text);
    struct assay_buf why = {0};
    struct assay_gate *g = NULL;
    assert_int_equal(assay_gate_parse(&g, "metrics.none > baseline", NULL), ASSAY_OK);
    assay_gate_check(g, c, 1, 0, &why);
    assert_non_null(strstr(assay_buf_text(&why), "none is missing"));
    assay_gate_free(&g);
    assay_buf_free(&why);
    assay_comparison_free(&c);
}

static void gates_that_are_none(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "metrics.acc",
                                      "1 <",
                                      "baseline > 1",
                                      "metrics. > 1",
                                      "(1 < 2",
                                      "1 < 2 3",
                                      "metrics.`a > 1",
                                      "'a < 2",
                                      "abs 1 < 2",
                                      "1 < 2 and",
                                      "x > 1",
                                      "baseline.x > 1",
                                      "1 2 < 3"};
    struct assay_gate *g = NULL;
    char deep[300];
    for (size_t i = 0; i < ASSAY_COUNT(bad); i++) {
        struct assay_error err = {0};
        assert_int_equal(assay_gate_parse(&g, bad[i], &err), ASSAY_BAD_INPUT);
        assert_true(err.what[0] && err.column > 0);
        assert_null(g);
    }
    memset(deep, '(', 299);
    deep[299] = '\0';
    assert_int_equal(assay_gate_parse(&g, deep, NULL), ASSAY_BAD_INPUT);
    memset(deep, '-', 299);
    assert_int_equal(assay_gate_parse(&g, deep, NULL), ASSAY_BAD_INPUT);
}

/* ---- artifacts ---- */

static void files_become_rows(void **state)
{
    (void)state;
    static const char *const requirements[] = {"numpy==1.26.4\n# no\ntorch>=2.1 ; x\n-r b\n",
                                               "numpy==2.0.0\r\ntorch>=2.1\n"};
    static const char *const report[] = {"{\"auc\": {\"all\": 0.9}}",
                                         "{\"auc\": {\"all\": 0.91}}"};
    static const char conda[] = "dependencies:\n- python=3.11\n- pip:\n  - scipy==1.17\n";
    struct assay_comparison *c = assay_comparison_new();
    RUN(c, "a", "m x=1");
    RUN(c, "b", "m x=1");
    for (size_t i = 0; i < 2; i++) {
        assay_comparison_add_file(c, i, "model/requirements.txt", 30, i ? "aa" : "bb",
                                  requirements[i], strlen(requirements[i]));
        assay_comparison_add_file(c, i, "report.json", 25, "", report[i], strlen(report[i]));
        assay_comparison_add_file(c, i, "conda.yaml", 25, "", conda, strlen(conda));
        assay_comparison_add_file(c, i, "weights.bin", 1 << 30, "", NULL, 0);
        assay_comparison_add_file(c, i, "far.bin", 1 << 20, i ? "by size alone" : "0ac1", NULL,
                                  0);
        assay_comparison_add_file(c, i, "same.bin", 5, "0ac1", NULL, 0);
    }
    assay_comparison_finish(c);
    assert_true(row(c, ASSAY_ROW_FACT, "package numpy")->differs);
    assert_int_equal(row(c, ASSAY_ROW_FACT, "package numpy")->section,
                     ASSAY_SECTION_ENVIRONMENT);
    assert_false(row(c, ASSAY_ROW_FACT, "package torch")->differs);
    assert_int_equal(row(c, ASSAY_ROW_FACT, "package scipy")->present, 2);
    assert_int_equal(row(c, ASSAY_ROW_FACT, "python")->present, 2);
    assert_true(row(c, ASSAY_ROW_FACT, "report.json.auc.all")->differs);
    assert_true(row(c, ASSAY_ROW_FACT, "file model/requirements.txt")->differs);
    /* Equal sizes are no proof: only what was looked at is counted as equal. */
    assert_true(row(c, ASSAY_ROW_FACT, "file weights.bin")->differs);
    assert_true(row(c, ASSAY_ROW_FACT, "file weights.bin")->unproven);
    assert_true(row(c, ASSAY_ROW_FACT, "file far.bin")->unproven);
    assert_false(row(c, ASSAY_ROW_FACT, "file same.bin")->differs);
    assert_false(row(c, ASSAY_ROW_FACT, "file same.bin")->unproven);
    assay_comparison_free(&c);
}

/* ---- what mattered ---- */

static double hours(int64_t start_ms, int64_t end_ms, const char *key, const char *value,
                    const char *metric)
{
    struct assay_comparison *c = assay_comparison_new();
    struct assay_pair params[] = {{key, value}};
    struct assay_metric metrics[] = {{.key = "system/gpu_0_power"}, {.key = metric}};
    const struct assay_compared_run run = {
        .id = "a", .source = "", .start_ms = start_ms, .end_ms = end_ms};
    assay_comparison_add(c, &run,
                         &(struct assay_attrs){.params = params,
                                               .param_count = 1,
                                               .metrics = metrics,
                                               .metric_count = *metric ? 2 : 0});
    assay_comparison_finish(c);
    size_t at = assay_comparison_find(c, ASSAY_ROW_ATTRIBUTE, "gpu-hours");
    double said = at == SIZE_MAX ? NAN : assay_comparison_cell(c, at, 0).number;
    if (at != SIZE_MAX)
        assert_int_equal(assay_comparison_row(c, at)->section, ASSAY_SECTION_METRICS);
    assay_comparison_free(&c);
    return said;
}

static void what_a_run_cost(void **state)
{
    (void)state;
    const int64_t hour = 3600000;
    assert_true(fabs(hours(0, 2 * hour, "trainer.num_gpus", "4", "") - 8) <= 1e-12);
    assert_true(fabs(hours(0, hour, "world-size", "3", "system/gpu_7_load") - 3) <= 1e-12);
    assert_true(fabs(hours(0, hour, "lr", "3", "system/gpu_7_load") - 8) <= 1e-12);
    assert_true(fabs(hours(hour, hour, "gpus", "2", "") - 0) <= 1e-12);
    /* What is not said is not guessed. */
    assert_true(isnan(hours(0, hour, "lr", "3", "")));
    assert_true(isnan(hours(0, hour, "gpus", "auto", "")));
    assert_true(isnan(hours(0, hour, "gpus", "-1", "")));
    assert_true(isnan(hours(hour, 0, "gpus", "2", "")));
    assert_true(isnan(hours(0, ASSAY_NO_TIME, "gpus", "2", "")));
}

static void what_mattered(void **state)
{
    (void)state;
    struct assay_comparison *c = assay_comparison_new();
    struct assay_random random = {4};
    for (size_t i = 0; i < 80; i++) {
        char name[24], lr[40], junk[40], id[40], opt[24], acc[40];
        double rate = assay_random_unit(&random);
        unsigned kind = (unsigned)assay_random_below(&random, 3);
        snprintf(name, sizeof name, "run-%02zu", i);
        snprintf(lr, sizeof lr, "p lr=%.6f", rate);
        snprintf(junk, sizeof junk, "p junk=%.6f", assay_random_unit(&random));
        snprintf(id, sizeof id, "p name=thing-%zu", i);
        snprintf(opt, sizeof opt, "p opt=%c", (char)('a' + kind));
        snprintf(acc, sizeof acc, "m acc=%.6f", 2 * rate + (kind == 1 ? 1 : 0));
        RUN(c, name, junk, lr, id, opt, "p same=1", acc);
    }
    assay_comparison_finish(c);
    struct assay_explanation e;
    assay_comparison_explain(c, row_of(c, ASSAY_ROW_METRIC, "acc"), ASSAY_SEED, &e);
    assert_int_equal(e.count, 3); /* names are no choices, constants explain nothing */
    assert_int_equal(e.constant, 1);
    assert_null(e.forest.why);
    assert_string_equal(assay_comparison_row(c, e.factors[2].row)->key, "junk");
    assert_true(e.factors[0].importance.mean > 5 * fabs(e.factors[2].importance.mean));
    for (size_t i = 0; i < e.count; i++) {
        bool categorical = strcmp(assay_comparison_row(c, e.factors[i].row)->key, "opt") == 0;
        assert_int_equal(e.factors[i].categorical, categorical);
        assert_int_equal(isnan(e.factors[i].rank.value) != 0, categorical);
    }
    assay_explanation_free(&e);
    assay_comparison_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_first),
        cmocka_unit_test(room_makes_no_difference),
        cmocka_unit_test(the_stat_chooses_the_value),
        cmocka_unit_test(structures_are_compared_by_path),
        cmocka_unit_test(directions_come_from_names_params_and_the_user),
        cmocka_unit_test(bad_input_is_said),
        cmocka_unit_test(directions_are_remembered),
        cmocka_unit_test(huge_values_are_held),
        cmocka_unit_test(seeds_make_groups),
        cmocka_unit_test(three_seeds_tell_nothing_six_do),
        cmocka_unit_test(pairs_need_their_seeds),
        cmocka_unit_test(examples_pair_single_runs),
        cmocka_unit_test(curves_as_numbers),
        cmocka_unit_test(gates_answer),
        cmocka_unit_test(gates_that_are_none),
        cmocka_unit_test(files_become_rows),
        cmocka_unit_test(what_mattered),
        cmocka_unit_test(what_a_run_cost),
    };
    return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
