/*
 * The heads last seen, remembered outside of the database as ssh's known_hosts remembers keys:
 * a ledger that was rolled back, cut or forked no longer has them. One file for all ledgers,
 * and the name of this device in it (the second half of a chain's name).
 */
#ifndef CORE_APPROVAL_HEADS_H
#define CORE_APPROVAL_HEADS_H

#include <assay/error.h>
#include <assay/memory.h>

#include "approval/statement.h"

struct heads_entry {
    const char *ledger;
    struct statement_head head;
};
struct heads_pin {
    const char *ledger, *place; /* which ledger a database holds */
};
struct heads {
    struct assay_arena arena;
    char device[9]; /* "" where the file is new */
    struct heads_entry *entries;
    size_t count, capacity;
    struct heads_pin *pins;
    size_t pin_count, pin_capacity;
};

/* $XDG_STATE_HOME/assay/heads (~/.local/state); malloc'd, NULL where there is no home. */
char *heads_default_path(void);
/* Reads PATH; one that is not there is empty. A damaged one is an error: it is the only
 * witness. */
enum assay_status heads_read(struct heads *out, const char *path, struct assay_error *err);
void heads_free(struct heads *heads);
const char *heads_pin_of(const struct heads *heads, const char *place); /* ledger; NULL none */
/* Merges what is given into the file, under a lock: the greater number of each chain stays.
   DEVICE (9 bytes) gets the file's device, made up at the first time. LEDGER NULL: only that.
 */
enum assay_status heads_remember(const char *path, const char *ledger, const char *place,
                                 const struct statement_head *heads, size_t count,
                                 char device[9], struct assay_error *err);

#endif
