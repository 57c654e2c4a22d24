/*
 * The code between two commits, asked of git beside the screen (compare_view.h): a thread works
 * on a copy of what it needs; whoever of the two lets go last frees it.
 */
#include "compare_view.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <assay/code.h>
#include <assay/memory.h>

struct compare_code {
    atomic_int owners;
    atomic_bool done;
    char *places[4]; /* where the repository may lie; the last is NULL */
    char *from, *to;
    struct assay_buf out;
    struct assay_error err;
    enum assay_status status;
};

static void let_go(struct compare_code *code)
{
    if (atomic_fetch_sub(&code->owners, 1) > 1) {
        return;
    }
    for (size_t i = 0; i < ASSAY_COUNT(code->places); i++) {
        free(code->places[i]);
    }
    free(code->from);
    free(code->to);
    assay_buf_free(&code->out);
    free(code);
}

static void *work(void *argument)
{
    struct compare_code *code = argument;
    char *directory = NULL;
    code->status = assay_code_find((const char *const *)code->places, code->from, code->to,
                                   &directory, &code->err);
    if (code->status == ASSAY_OK) {
        code->status = assay_code_diff(directory, code->from, code->to, &code->out, &code->err);
    }
    free(directory);
    atomic_store(&code->done, true);
    let_go(code);
    return NULL;
}

/* Signals stay with the thread that has the terminal. */
static bool start(struct compare_code *code)
{
    pthread_t thread;
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool started = pthread_create(&thread, NULL, work, code) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (started) {
        pthread_detach(thread);
    }
    return started;
}

bool compare_code_ask(struct compare_view *view, size_t base, size_t run)
{
    const struct assay_comparison *c = view->comparison;
    const char *from = assay_comparison_commit(c, base), *to = assay_comparison_commit(c, run);
    if (!assay_code_commit(from) || !assay_code_commit(to)) {
        app_say(view->app, "one of the two logged no git commit");
        return false;
    }
    compare_code_leave(view);
    struct compare_code *code = assay_alloc(sizeof *code);
    atomic_init(&code->owners, 2);
    atomic_init(&code->done, false);
    code->from = assay_strdup(from);
    code->to = assay_strdup(to);
    code->places[0] = assay_strdup(assay_comparison_script(c, run));
    code->places[1] = assay_strdup(assay_comparison_script(c, base));
    code->places[2] = assay_strdup(".");
    if (!start(code)) {
        atomic_store(&code->owners, 1);
        let_go(code);
        app_say(view->app, "git could not be asked: no thread could be started");
        return false;
    }
    view->code = code;
    return true;
}

bool compare_code_answer(struct compare_view *view, struct assay_buf *out,
                         struct assay_error *err)
{
    struct compare_code *code = view->code;
    if (!code || !atomic_load(&code->done)) {
        return false;
    }
    if (code->status == ASSAY_OK) {
        assay_buf_add(out, code->out.data, code->out.length);
    } else {
        *err = code->err;
    }
    compare_code_leave(view);
    return true;
}

void compare_code_leave(struct compare_view *view)
{
    if (view->code) {
        let_go(view->code);
        view->code = NULL;
    }
}
