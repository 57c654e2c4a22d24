/*
 * Model registries: registered models, their versions with stages and aliases, prompts (which
 * MLflow keeps as models); of servers, and of stores on disk (mlruns/models/, the tables of an
 * mlflow.db), where they are only ever read. Of servers, too, the models that runs logged, and
 * traces as a list. The session reads them on threads of its own, keeps a server's registry in
 * the cache, and shows what it had when the server cannot be reached. Used by `assay models`
 * and the Models screen. Formats: MLflow's mlflow/store/model_registry/, its REST API.
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
#include <assay/sha256.h>

/* All text is as it lies there ("" where nothing is said): clean it before showing it. */
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
    int64_t read_ms; /* when the server said this; ASSAY_NO_TIME: when it was read from disk */
    size_t problems; /* things of a store on disk that could not be read; the rest was */
    const char *problem; /* the first of them; NULL none */
};
void assay_registry_free(struct assay_registry **registry);
const struct assay_registered_model *assay_registry_model(const struct assay_registry *registry,
                                                          const char *name); /* or NULL */
/* The version VERSION names: its number, or an alias ("@champion" or "champion"); or NULL. */
const struct assay_model_version *
assay_registry_version(const struct assay_registered_model *model, const char *version);
/* A tag's value; NULL where there is none. */
const char *assay_registry_tag(const struct assay_pair *tags, size_t count, const char *key);

/* The place of a logged model (MLflow 3), "models:/m-…": what is registered of one, and what
   its versions name as their source. Returns the id within PLACE (which may be NULL); NULL
   where PLACE is another one. */
#define ASSAY_LOGGED_MODEL "models:/" /* before the id, which begins with "m-" itself */
const char *assay_registry_logged_model(const char *place);
/* Where the model of a run lies: the model it logged at the greatest step (MLflow 3), as above;
   else the path among its artifacts of the last one it logged, as MLflow 2 says in a tag; ""
   where it says neither. Malloc'd. */
char *assay_registry_model_place(const struct assay_attrs *attrs);

struct assay_registry_state {
    enum assay_load load; /* BUSY: the first answer, or a newer one, is on its way */
    bool offline;         /* the server could not be reached when it was last asked */
    bool kept; /* what is there is what the cache had: it is as old as read_ms says */
    struct assay_error error; /* of the last look that ended */
};
/* The registry of SOURCE, in the background from the first call on, and of a store on disk
   again whenever it was scanned since; NULL while nothing is known, and always (with
   ASSAY_LOAD_NONE) of a source that has none. Valid until the next assay_session_dispatch()
   (ASSAY_CHANGED_SOURCES says that another one came). */
const struct assay_registry *assay_session_registry(struct assay_session *session,
                                                    uint32_t source,
                                                    struct assay_registry_state *state);
/* Whether SOURCE is of a kind that has one, models in it or not. */
bool assay_session_has_registry(const struct assay_session *session, uint32_t source);
/* Looks again. */
void assay_session_registry_refresh(struct assay_session *session, uint32_t source);
/* For one-shots, after assay_session_wait(): waits for it. Where a server cannot be reached
   *out is what the cache has (NULL where that is nothing) and the status says so; a session of
   cached things alone asks no server. The caller frees *out. */
enum assay_status assay_session_registry_wait(struct assay_session *session, uint32_t source,
                                              struct assay_registry **out,
                                              struct assay_error *err);

/* ---- the digest of a version's files ---- */

/* No registry keeps one, so it is computed from the files when somebody asks, as approvals do:
   the SHA-256 of the list that sha256sum prints of the files, sorted by path. */
struct assay_version_digest {
    enum assay_load load; /* NONE: nobody asked yet */
    char digest[ASSAY_SHA256_TEXT];
    size_t files;
    uint64_t bytes;
    int64_t computed_ms;
    struct assay_error error; /* FAILED: why there is none */
};
/* What is known of it. */
void assay_session_version_digest(const struct assay_session *session, uint32_t source,
                                  const char *model, const char *version,
                                  struct assay_version_digest *out);
/* Has it computed, in the background: every file is read whole. ASSAY_CHANGED_SOURCES says that
   it is there. */
void assay_session_compute_digest(struct assay_session *session, uint32_t source,
                                  const char *model, const struct assay_model_version *version);

/* ---- what runs logged: models (MLflow 3) and traces ---- */

struct assay_logged_model {
    const char *id, *name, *experiment_id, *run_id, *type, *status, *artifact_uri, *user;
    int64_t created_ms, updated_ms;
    struct assay_pair *tags, *params;
    size_t tag_count, param_count;
    struct assay_model_alias *registrations; /* alias: the model's name */
    size_t registration_count;
    struct assay_metric *metrics; /* as the server has them: a key may come once for each
                                     dataset and step; of its summary: last, step, time_ms */
    size_t metric_count;
};
/* Whether the model has the key of its METRIC (an index) at another step as well, so that a
   value says nothing without its step. Pure. */
bool assay_logged_has_steps(const struct assay_logged_model *model, size_t metric);

struct assay_trace {
    const char *id, *experiment_id, *name, *run_id, *state, *request, *response;
    int64_t time_ms;
    double seconds; /* NaN while it goes on */
};
struct assay_logged {
    struct assay_arena arena;
    struct assay_logged_model *models; /* the newest first */
    size_t model_count;
    struct assay_trace *traces;
    size_t trace_count;
    bool cut;        /* there are more than were asked for */
    int64_t read_ms; /* when the server said this; where not all at once, the first of them */
    size_t unknown;  /* from the cache: experiments of which it has no list */
};
/* For one-shots, which wait. The logged models, or with TRACES the traces, of every experiment
   of SOURCE (EXPERIMENT ASSAY_NONE) or one, the newest LIMIT of them (0: all). ASSAY_NO where
   the server is too old for them. Where it cannot be reached *out is what the cache has (NULL
   where that is nothing) and the status says so; a session of cached things alone asks no
   server. */
enum assay_status assay_session_logged_wait(struct assay_session *session, uint32_t source,
                                            uint32_t experiment, bool traces, size_t limit,
                                            struct assay_logged **out, struct assay_error *err);
void assay_logged_free(struct assay_logged **logged);

#define ASSAY_RUN_LOGGED_MAX 1000u

/* For screens: what one run logged, the newest ASSAY_RUN_LOGGED_MAX. */
struct assay_run_logged {
    enum assay_load load; /* NONE: its source is no server */
    const struct assay_logged
        *logged; /* NULL: nothing is known; else valid until the next dispatch */
    bool kept;   /* the server has not said so now: it is as old as its read_ms says */
    struct assay_error error; /* of the last look; ASSAY_NO: the server is too old for them */
};
/* Asks for them in the background at the first call for a run and whenever its source was
   looked at since and they may be others; ASSAY_CHANGED_SOURCES says that something came. Of
   each kind those of one run are there at a time. */
void assay_session_run_logged(struct assay_session *session, uint32_t run, bool traces,
                              struct assay_run_logged *out);

#endif
