/*
 * Which runs a run is compared with (<assay/related.h>): read from tags and registries, for
 * cli/compare_select.c and tui/home_compare.c.
 */
#include <assay/related.h>

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/registry.h>
#include <assay/text.h>

#define NAMED_MAX 3u /* champions that are named where it is not clear which is meant */

enum assay_status assay_related_parent(struct assay_catalog *catalog, uint32_t run,
                                       uint32_t *parent, struct assay_error *err)
{
    const char *id = assay_attrs_tag(assay_catalog_attrs(catalog, run), "mlflow.parentRunId");
    char text[72];

    if (id)
        return assay_catalog_find_run(catalog, id, parent, err);
    assay_fail(err, ASSAY_BAD_INPUT, "%s: this run has no parent",
               assay_catalog_short_id(catalog, run, text));
    assay_hint(err, "a parent is named by the tag mlflow.parentRunId");
    return ASSAY_BAD_INPUT;
}

/* ---- the champion ---- */

struct search {
    struct assay_catalog *catalog;
    uint32_t run;
    bool itself;            /* RUN is a champion */
    bool own;               /* one was found of a model that RUN made a version of */
    uint32_t found;         /* the last one */
    size_t count;           /* different runs found */
    struct assay_buf names; /* their models, as they are told of */
};

static bool made_version(const struct search *s, const struct assay_registered_model *model)
{
    const char *id = assay_catalog_run(s->catalog, s->run)->id;

    for (size_t i = 0; i < model->version_count; i++)
        if (strcmp(model->versions[i].run_id, id) == 0)
            return true;
    return false;
}

static void take(struct search *s, const struct assay_registered_model *model, bool own,
                 uint32_t champion)
{
    char id[72];

    if (own && !s->own) { /* what was found without that counts no longer */
        s->count = 0;
        assay_buf_reset(&s->names);
    }
    if (s->count && s->found == champion)
        return;
    s->own = own;
    s->found = champion;
    if (s->count++ < NAMED_MAX)
        assay_buf_format(&s->names, "%s%.64s (%s)", s->count > 1 ? ", " : "", model->name,
                         assay_catalog_short_id(s->catalog, champion, id));
}

static void look_at_model(struct search *s, const struct assay_registered_model *model)
{
    uint32_t champion;
    bool own;

    if (model->prompt || model->champion == SIZE_MAX ||
        assay_catalog_find_run(s->catalog, model->versions[model->champion].run_id, &champion,
                               NULL) != ASSAY_OK)
        return;
    if (champion == s->run) {
        s->itself = true;
        return;
    }
    own = made_version(s, model);
    if (own || (!s->own && assay_catalog_run(s->catalog, champion)->experiment ==
                               assay_catalog_run(s->catalog, s->run)->experiment))
        take(s, model, own, champion);
}

/* What came of it. What could not be read may be why there is none, and is said then. */
static enum assay_status conclude(struct search *s, const struct assay_error *unread,
                                  uint32_t *champion, struct assay_error *err)
{
    char id[72];
    const char *run = assay_catalog_short_id(s->catalog, s->run, id);

    *champion = s->found;
    if (s->count == 1)
        return ASSAY_OK;
    if (s->count > 1) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: %zu champions could be meant: %s%s", run,
                   s->count, assay_buf_text(&s->names), s->count > NAMED_MAX ? ", …" : "");
        assay_hint(err, "name the run that is meant beside this one");
    } else if (s->itself) {
        return assay_fail(err, ASSAY_NO, "%s: this run is the champion itself", run);
    } else if (unread->status != ASSAY_OK) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: no champion is known: %s", run, unread->what);
    } else {
        assay_fail(err, ASSAY_BAD_INPUT,
                   "%s: no champion comes from another run of its experiment or models", run);
        assay_hint(err, "a champion has the alias champion, or the stage Production");
    }
    return ASSAY_BAD_INPUT;
}

enum assay_status assay_related_champion(struct assay_session *session, uint32_t run,
                                         uint32_t *champion, bool *busy,
                                         struct assay_error *err)
{
    struct search s = {
        .catalog = assay_session_catalog(session), .run = run, .found = ASSAY_NONE};
    struct assay_error unread = {0};
    enum assay_status status;

    *busy = false;
    for (uint32_t i = 0; i < assay_catalog_sources(s.catalog); i++) {
        struct assay_registry_state state;
        const struct assay_registry *registry = assay_session_registry(session, i, &state);

        /* Read once, it is known: a later look takes nothing back while it lasts. */
        *busy = *busy || (state.load == ASSAY_LOAD_BUSY && (!registry || state.kept));
        if (state.load == ASSAY_LOAD_FAILED && unread.status == ASSAY_OK)
            unread = state.error;
        for (size_t m = 0; registry && m < registry->count; m++)
            look_at_model(&s, &registry->models[m]);
    }
    status = conclude(&s, &unread, champion, err);
    assay_buf_free(&s.names);
    return status;
}

/* ---- the last ones ---- */

static int by_start(const void *a, const void *b, void *context)
{
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    int64_t x = assay_catalog_run(context, one)->start_ms;
    int64_t y = assay_catalog_run(context, other)->start_ms;

    return x != y ? (x > y) - (x < y) : (one > other) - (one < other);
}

size_t assay_related_last(const struct assay_catalog *catalog, uint32_t *rows, size_t count,
                          size_t last)
{
    if (count > 1)
        qsort_r(rows, count, sizeof *rows, by_start, (void *)(uintptr_t)catalog);
    return last < count ? count - last : 0;
}
