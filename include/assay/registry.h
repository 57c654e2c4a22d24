/*
 * The model registry of a server: registered models, their versions with stages and aliases,
 * prompts (which MLflow keeps as models), and the models that runs logged; traces as a list.
 * The session reads them on a server's own threads, keeps the registry in the cache, and shows
 * what it had when the server cannot be reached. Used by `assay models` and the Models screen.
 */
#ifndef ASSAY_REGISTRY_H
#define ASSAY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/catalog.h>
#include <assay/error.h>
#include <assay/memory.h>
#include <assay/session.h>

/* All text is as the server has it ("" where it says nothing): clean it before showing it. */
struct assay_model_alias {
    const char *alias;
    const char *version;
};
struct assay_model_version {
    const char *version; /* a number, as text */
    const char *status;  /* "READY", … */
    const char *status_message;
    const char *stage; /* "" where it is None or there are none */
    const char *description;
    const char *source;
    const char *run_id;
    const char *run_link;
    const char *user;
    const char *model_id; /* of the logged model it was made from */
    int64_t created_ms, updated_ms;
    const char *const *aliases;
    size_t alias_count;
    struct assay_pair *tags; /* sorted by key */
    size_t tag_count;
};
struct assay_registered_model {
    const char *name;
    const char *description;
    int64_t created_ms, updated_ms;
    struct assay_pair *tags; /* sorted by key */
    size_t tag_count;
    struct assay_model_alias *aliases; /* sorted by alias */
    size_t alias_count;
    struct assay_model_version *versions; /* the newest first */
    size_t version_count;
    size_t champion; /* index of the version in use; SIZE_MAX none is */
    bool prompt;
};
struct assay_registry {
    struct assay_arena arena;              /* holds everything below */
    struct assay_registered_model *models; /* natural order of names, prompts last */
    size_t count;
    int64_t read_ms; /* when the server said this */
};
void assay_registry_free(struct assay_registry **registry);
const struct assay_registered_model *assay_registry_model(const struct assay_registry *registry,
                                                          const char *name); /* or NULL */
/* The version VERSION names: its number, or an alias ("@champion" or "champion"); or NULL. */
const struct assay_model_version *
assay_registry_version(const struct assay_registered_model *model, const char *version);
/* A tag's value; NULL where there is none. */
const char *assay_registry_tag(const struct assay_pair *tags, size_t count, const char *key);

struct assay_registry_state {
    enum assay_load load; /* BUSY: the first answer, or a newer one, is on its way */
    bool offline;         /* what is there is what the cache had */
    struct assay_error error;
};
/* The registry of the server SOURCE, in the background from the first call on; NULL while
   nothing is known. Valid until the next assay_session_dispatch() (ASSAY_CHANGED_SOURCES says
   that another one came). */
const struct assay_registry *assay_session_registry(struct assay_session *session,
                                                    uint32_t source,
                                                    struct assay_registry_state *state);
/* Asks the server again. */
void assay_session_registry_refresh(struct assay_session *session, uint32_t source);
/* For one-shots: waits for the server. Where it cannot be reached *out is what the cache has
   (NULL where that is nothing) and the status says so. The caller frees *out. */
enum assay_status assay_session_registry_wait(struct assay_session *session, uint32_t source,
                                              struct assay_registry **out,
                                              struct assay_error *err);

/* ---- what runs logged: models (MLflow 3) and traces; these wait, for one-shots ---- */

struct assay_logged_model {
    const char *id, *name, *experiment_id, *run_id, *type, *status, *artifact_uri, *user;
    int64_t created_ms, updated_ms;
    struct assay_pair *tags, *params;
    size_t tag_count, param_count;
    struct assay_model_alias *registrations; /* alias: the model's name */
    size_t registration_count;
};
struct assay_trace {
    const char *id, *experiment_id, *name, *run_id, *state, *request, *response;
    int64_t time_ms;
    double seconds; /* NaN while it goes on */
};
struct assay_logged {
    struct assay_arena arena;
    struct assay_logged_model *models; /* as the server orders them: the newest first */
    size_t model_count;
    struct assay_trace *traces;
    size_t trace_count;
    bool cut; /* there are more than were asked for */
};
/* The logged models, or with TRACES the traces, of every experiment of SOURCE (EXPERIMENT
   ASSAY_NONE) or one, at most LIMIT of them. ASSAY_NO where the server is too old for them. */
enum assay_status assay_session_logged_wait(struct assay_session *session, uint32_t source,
                                            uint32_t experiment, bool traces, size_t limit,
                                            struct assay_logged **out, struct assay_error *err);
void assay_logged_free(struct assay_logged **logged);

#endif
