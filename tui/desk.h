/*
 * The desk of approvals: a ledger to look at, and one thread at a time that reads it anew or
 * acts in it (an agent may keep a signature waiting for a minute; the screen never does). The
 * thread works with a ledger of its own and hands it over when it is done; what is looked at
 * stays whole until then.
 */
#ifndef TUI_DESK_H
#define TUI_DESK_H

#include <assay/review.h>

#include "app.h"

enum desk_task {
    DESK_READ,    /* reads the ledger */
    DESK_PREVIEW, /* what would be signed */
    DESK_SIGN,
    DESK_APPLY,
    DESK_SIDES,    /* candidate and champion, as the platform has them */
    DESK_EVIDENCE, /* the bytes of the evidence whose digest is the wish's binding */
    DESK_ASK,      /* writes a request, after registering the version where that is wished */
    DESK_SYNC,     /* exchanges records with the place that is the wish's reason */
};
#define DESK_CONDITIONS 8
struct desk_wish {
    enum desk_task task;
    char request[17];
    enum assay_verdict verdict;
    char reason[1024];
    char conditions[DESK_CONDITIONS][256]; /* as in struct assay_decision */
    size_t condition_count;
    char delegate[80]; /* "" none */
    char binding[ASSAY_SHA256_TEXT];
    uint64_t dwell_seconds;
    bool again; /* DESK_SYNC: reads what is here already as well, and puts back what is another
                 */
    /* What follows lives until the result is taken. */
    const char *text; /* DESK_SIGN: the very bytes to sign */
    const struct assay_request_options *ask;
    const struct assay_registration *registration; /* NULL: the version is there already */
};
struct desk_result {
    struct desk_wish wish;
    enum assay_status status;
    struct assay_error err;
    struct assay_error followed; /* DESK_APPLY: the first of what followed that failed */
    char *text;                  /* DESK_PREVIEW: the statement; DESK_EVIDENCE: the bytes, any,
                                    LENGTH of them; the taker frees */
    size_t length;
    char *words;                     /* DESK_PREVIEW: what it says; likewise */
    struct assay_sides *sides;       /* DESK_SIDES: likewise */
    char id[17];                     /* DESK_ASK: the request */
    char version[24];                /* likewise, where one was registered */
    struct assay_sync_result synced; /* DESK_SYNC: likewise; its texts are these: */
    char place[512], refusal[512];   /* place, after what was signed, too: where S sends it */
    char joined[ASSAY_SHA256_TEXT];  /* DESK_SYNC: the ledger, where there was none here */
};

struct desk; /* opaque */
struct desk *desk_open(struct app *app);
void desk_close(struct desk **desk);
/* Begins; false where something is under way. */
bool desk_ask(struct desk *desk, const struct desk_wish *wish);
bool desk_busy(const struct desk *desk);
enum desk_task desk_task(const struct desk *desk);
/* Exchanges records with PLACE, at once or when what is under way is done; where it is "",
   with the place of last time. What comes of it is said by desk_synced(). "--again" before it:
   what that would do is said the first time, and done the second. */
void desk_sync(struct desk *desk, const char *place);
void desk_synced(struct app *app, const struct desk_result *result);
/* What is being done, for a title: "   reading"; "" nothing. */
const char *desk_doing(const struct desk *desk, char out[64]);
/* Takes what is done; false where nothing is. Pointers into the ledger of before are void. */
bool desk_poll(struct desk *desk, struct desk_result *result);
/* NULL before the first reading. */
struct assay_ledger *desk_ledger(struct desk *desk);
/* Who signs here; "" nobody. */
const char *desk_me(struct desk *desk);
/* The drafts, as they were read and noted since; they live until the next note or result. */
size_t desk_drafts(const struct desk *desk, const struct assay_draft **drafts);
/* Keeps a draft, takes one back, marks evidence as seen: holds at once, is written by a thread
   of its own, and is there when the desk has been closed. What cannot be written is said later.
 */
void desk_note(struct desk *desk, const struct assay_note *note);
uint64_t desk_generation(const struct desk *desk); /* grows when the ledger is another */

#endif
