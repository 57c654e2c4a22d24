/*
 * The code between two commits, asked of git beside the screen (compare_view.h).
 */
#include "compare_view.h"

#include <stdlib.h>

#include <assay/code.h>
#include <assay/memory.h>

struct code {
    char *places[4]; /* where the repository may lie; the last is NULL */
    char *from, *to;
    struct assay_buf out;
    struct assay_error err;
    enum assay_status status;
};

static void code_free(void *data)
{
    struct code *code = data;
    for (size_t i = 0; i < ASSAY_COUNT(code->places); i++) {
        free(code->places[i]);
    }
    free(code->from);
    free(code->to);
    assay_buf_free(&code->out);
    free(code);
}

static void code_work(struct errand *errand, void *data)
{
    struct code *code = data;
    char *directory = NULL;
    (void)errand;
    code->status = assay_code_find((const char *const *)code->places, code->from, code->to,
                                   &directory, &code->err);
    if (code->status == ASSAY_OK) {
        code->status = assay_code_diff(directory, code->from, code->to, &code->out, &code->err);
    }
    free(directory);
}

bool compare_code_ask(struct compare_view *view, size_t base, size_t run)
{
    const struct assay_comparison *c = view->comparison;
    const char *from = assay_comparison_commit(c, base), *to = assay_comparison_commit(c, run);
    if (!assay_code_commit(from) || !assay_code_commit(to)) {
        app_say(view->app, "one of the two logged no git commit");
        return false;
    }
    errand_drop(&view->code, view->app);
    struct code *code = assay_alloc(sizeof *code);
    code->from = assay_strdup(from);
    code->to = assay_strdup(to);
    code->places[0] = assay_strdup(assay_comparison_script(c, run));
    code->places[1] = assay_strdup(assay_comparison_script(c, base));
    code->places[2] = assay_strdup(".");
    view->code = errand_start(view->app, code_work, code_free, code);
    if (!view->code) {
        app_say(view->app, "git could not be asked: no thread could be started");
    }
    return view->code != NULL;
}

bool compare_code_answer(struct compare_view *view, struct assay_buf *out,
                         struct assay_error *err)
{
    struct code *code = view->code ? errand_result(view->code) : NULL;
    if (!code) {
        return false;
    }
    if (code->status == ASSAY_OK) {
        assay_buf_add(out, code->out.data, code->out.length);
    } else {
        *err = code->err;
    }
    errand_drop(&view->code, view->app);
    return true;
}
