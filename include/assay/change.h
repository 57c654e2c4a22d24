/*
 * Writing to a server: one explicit change at a time. First it is looked at (what the server
 * has now where the change would write), which makes the preview; then it is made, only where
 * the server still has what was looked at: MLflow has no compare-and-set, so it is read again
 * right before and right after, and whatever else is found is a conflict that is told, never
 * overwritten. Each change that was tried is a line of the log of changes. Servers that are
 * read-only (the default where their name has "prod" in it) are not written to.
 */
#ifndef ASSAY_CHANGE_H
#define ASSAY_CHANGE_H

#include <assay/buf.h>
#include <assay/session.h>

enum assay_change_kind {
    ASSAY_CHANGE_RUN_TAG, /* key, value (NULL: the tag is deleted); of a note: ASSAY_NOTE_TAG */
    ASSAY_CHANGE_RUN_NAME, /* value */
    ASSAY_CHANGE_RUN_LIFE, /* value "deleted" or "active" */
    ASSAY_CHANGE_MODEL_TAG,
    ASSAY_CHANGE_MODEL_TEXT, /* the description */
    ASSAY_CHANGE_VERSION_TAG,
    ASSAY_CHANGE_VERSION_TEXT,
    ASSAY_CHANGE_ALIAS,    /* key: the alias; value: a version (NULL: the alias is deleted) */
    ASSAY_CHANGE_REGISTER, /* run, model; value: the artifact path of the model in the run ("":
                              its root), or ASSAY_LOGGED_MODEL and the id of a model the run
                              logged (MLflow 3); what comes of it is the version's number */
};
#define ASSAY_NOTE_TAG "mlflow.note.content"

struct assay_change {
    enum assay_change_kind kind;
    uint32_t source;      /* a server */
    const char *run_id;   /* of the kinds of a run; texts may be NULL where they say nothing */
    const char *run_name; /* for words only, where they are for people: "seed3 (89dbaa72)" */
    const char *model, *version;
    const char *key, *value;
};

/* What the server has now; *before is malloc'd, NULL where there is nothing (no such tag, alias
   or version). Waits for the network, as all here. */
enum assay_status assay_change_look(struct assay_session *session,
                                    const struct assay_change *change, char **before,
                                    struct assay_error *err);
/* Makes the change where the server still has EXPECTED (as assay_change_look() said; NULL is
   nothing). ASSAY_NO where it has something else, or had it by the time of writing: the message
   says what. *after (may be NULL) gets what the server has now. A change that is there already
   is done. */
enum assay_status assay_change_make(struct assay_session *session,
                                    const struct assay_change *change, const char *expected,
                                    char **after, struct assay_error *err);
/* Whether NOW, as assay_change_look() said, is what the change would make: nothing is to be
   written. */
bool assay_change_is_there(const struct assay_change *change, const char *now);
/* "alias champion of fraud: 1 -> 3", or that it is so already; clean. */
void assay_change_text(const struct assay_change *change, const char *before,
                       struct assay_buf *out);

/* The same on the server's own threads, for the screens: what came of it is a job of
   assay_session_jobs() and, until the next dispatch, of assay_change_done(). */
uint64_t assay_change_start(struct assay_session *session, const struct assay_change *change,
                            bool make, const char *expected);
struct assay_change_result {
    uint64_t job;
    bool made; /* or only looked at */
    enum assay_status status;
    struct assay_error error;
    const char *text; /* what the server had (looked at) or has now (made); NULL nothing */
};
/* The result of JOB; false while there is none. Valid until it is asked for again. */
bool assay_change_done(struct assay_session *session, uint64_t job,
                       struct assay_change_result *out);

/* Where the log of changes lies: JSON lines; malloc'd, NULL where there is no home. */
char *assay_change_log_path(void);

/* ---- a whole run, to a server ---- */

/* What will not be on the server as it is here. */
enum assay_upload_issue_kind {
    ASSAY_UPLOAD_REFUSED, /* a name, a path, a file that it does not take: left out */
    ASSAY_UPLOAD_CUT,     /* it keeps the beginning of a value */
    ASSAY_UPLOAD_CHANGED, /* it keeps another number: infinities */
    ASSAY_UPLOAD_DIFFERS, /* it has another value there, which stays */
    ASSAY_UPLOAD_KINDS
};
struct assay_upload_issue {
    enum assay_upload_issue_kind kind;
    char *what; /* one line, clean: "tag team: \"x\" there, \"y\" here" */
};
struct assay_upload {
    char run_id[128];     /* on the server */
    char experiment[128]; /* its id there */
    bool resumed;         /* the server had it, or a part of it */
    bool verdict; /* of a failure: the server refused what it was sent, and would again */
    uint64_t points, points_there; /* of the run; of those the server had already */
    uint64_t params, tags, inputs; /* that the server had not */
    uint64_t params_there, tags_there;
    uint64_t files, files_there, bytes; /* bytes: of files that were sent */
    uint64_t counts[ASSAY_UPLOAD_KINDS];
    struct assay_upload_issue *issues; /* the first thousand of them */
    size_t issue_count;
};
void assay_upload_free(struct assay_upload *upload); /* the issues; also after a failure */
struct assay_upload_options {
    uint32_t run;
    uint32_t server;        /* the source it goes to */
    const char *experiment; /* by name; NULL: as here */
    bool no_artifacts;
    bool preview; /* only says what there is to send, and what is there */
    bool partial; /* what the server refuses is left out, and what it cuts is sent cut; else
                     nothing is sent of a run that has such a thing (ASSAY_NO) */
    /* Hears what is done of what there is; may be NULL; false from it stops. */
    bool (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
    void *context;
};
/* Uploads RUN with every point, param, tag, input and artifact. What the server has already is
   found and passed over, so that an upload that was cut off goes on, and one that is repeated
   sends what came since; a param or tag with another value there is an issue, not overwritten.
   Afterwards every history is read back and compared, and the sizes of files. *OUT is filled
   in either case; assay_upload_free() it. */
enum assay_status assay_session_upload(struct assay_session *session,
                                       const struct assay_upload_options *options,
                                       struct assay_upload *out, struct assay_error *err);

#endif
