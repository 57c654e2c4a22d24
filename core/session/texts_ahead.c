/*
 * The names and ids of all runs laid side by side (core/model/texts.h) before a word is looked
 * for in them: on a pool's thread, as soon as somebody opens the filter's prompt over many
 * runs.
 */
#include <stdlib.h>

#include "model/texts.h"
#include "session/session_private.h"

struct texts_load {
    struct pool_task task;
    struct message message;
    struct assay_session *session;
    struct run_texts *texts;
};

static void texts_load_free(struct texts_load *load)
{
    run_texts_free(&load->texts);
    free(load);
}

static struct texts_load *load_of_message(struct message *message)
{
    return (struct texts_load *)((char *)message - offsetof(struct texts_load, message));
}

/* Nothing changes by it but how long a key takes. */
static unsigned texts_apply(struct assay_session *session, struct message *message,
                            int64_t until_us, bool *done)
{
    struct texts_load *load = load_of_message(message);

    (void)until_us;
    (void)done;
    session->ahead.texts_reading = false;
    if (load->texts)
        catalog_texts_take(session->catalog, load->texts);
    load->texts = NULL;
    texts_load_free(load);
    return 0;
}

static void texts_discard(struct message *message)
{
    texts_load_free(load_of_message(message));
}

static void texts_task(struct pool_task *task)
{
    struct texts_load *load = (struct texts_load *)task;

    if (!run_texts_make(load->texts, &load->session->ahead.stop))
        run_texts_free(&load->texts);
    load->message.apply = texts_apply;
    load->message.discard = texts_discard;
    session_post(load->session, &load->message);
}

static void texts_discard_task(struct pool_task *task)
{
    texts_load_free((struct texts_load *)task);
}

void texts_ahead(struct assay_session *session)
{
    size_t runs = assay_catalog_runs(session->catalog);
    const struct run_texts *texts = catalog_texts(session->catalog);
    struct texts_load *load;

    if (runs <= COLUMN_AT_ONCE || session->ahead.texts_reading ||
        (texts && runs - texts->count <= COLUMN_AT_ONCE))
        return;
    load = assay_alloc(sizeof *load);
    load->task.run = texts_task;
    load->task.discard = texts_discard_task;
    load->session = session;
    load->texts = run_texts_of(session->catalog);
    session->ahead.texts_reading = true;
    pool_add(session->pool, &load->task, true);
}
