/*
 * Exchanging records with a place: a set of files that only grows, each named by its digest and
 * never changed. Merging two ledgers is the union; what does not belong (a bad signature, a
 * stranger, a broken chain) is refused and stays outside. A place is a row of functions, and
 * everything it says is hostile: sync_exchange() judges what came from any of them alike.
 * Waits for disks and networks.
 */
#ifndef CORE_APPROVAL_SYNC_H
#define CORE_APPROVAL_SYNC_H

#include "approval/ledger.h"

enum sync_kind { SYNC_STATEMENT, SYNC_SIGNATURE, SYNC_EVIDENCE };
const char *sync_folder(enum sync_kind kind); /* "records", "evidence" */
const char *sync_end(enum sync_kind kind);    /* ".json", ".sig", "" */
size_t sync_limit(enum sync_kind kind);       /* the most bytes of such a file */

struct sync_place {
    void *self;
    const char *shown; /* without secrets */
    /* Calls FOUND with the digest of every record that lies there. */
    enum assay_status (*list)(void *self, void (*found)(void *context, const char *digest),
                              void *context, struct assay_error *err);
    /* These records will be read next, in this order. May be NULL. */
    enum assay_status (*ahead)(void *self, const char *const *digests, size_t count,
                               struct assay_error *err);
    /* BYTES to free(). ASSAY_NO: this one cannot be had; anything else ends the exchange. */
    enum assay_status (*read)(void *self, enum sync_kind kind, const char *digest, char **bytes,
                              size_t *length, struct assay_error *err);
    /* These records lie there, as far as has() can tell: reads them and their signatures; has()
       knows those that are others from then on. NULL: it always tells. */
    enum assay_status (*again)(void *self, const struct record *const *records, size_t count,
                               struct assay_error *err);
    /* Whether it lies there as it should: these bytes, as far as that can be told without
       fetching them. */
    bool (*has)(void *self, enum sync_kind kind, const char *digest, const void *bytes,
                size_t length);
    /* Called where has() says no. */
    enum assay_status (*put)(void *self, enum sync_kind kind, const char *digest,
                             const void *bytes, size_t length, struct assay_error *err);
};

enum assay_status sync_exchange(struct assay_ledger *ledger, const struct sync_place *place,
                                const struct assay_sync_options *options,
                                struct assay_sync_result *result, struct assay_error *err);

enum assay_status sync_directory(struct assay_ledger *ledger, const char *directory,
                                 const struct assay_sync_options *options,
                                 struct assay_sync_result *result, struct assay_error *err);
/* URL is what git clone takes. */
enum assay_status sync_git(struct assay_ledger *ledger, const char *url,
                           const struct assay_sync_options *options,
                           struct assay_sync_result *result, struct assay_error *err);
/* Of records whose author signed two for one place of their chain one comes in, with what
   follows it: that which is here; where neither is, that on which the most other persons have
   built. The other gets a fault, as what the fold is not to see. Of the ledger's records those
   from FIRST on were received; they are folded anew where need be. */
void sync_settle_forks(struct assay_ledger *ledger, size_t first);
/* Whether WHAT, a digest, is what was remembered last of the exchanges with the place SHOWN; it
   is from now on. */
bool sync_was_told(const struct assay_ledger *ledger, const char *shown, const char *what);
/* Keeps REMOTE for assay_ledger_sync_place(), unless there is a name or password in it. */
void sync_remember(const struct assay_ledger *ledger, const char *remote);
/* SITE is open, and stays so. */
enum assay_status sync_server(struct assay_ledger *ledger, struct mlflow_site *site,
                              const struct assay_sync_options *options,
                              struct assay_sync_result *result, struct assay_error *err);

#endif
