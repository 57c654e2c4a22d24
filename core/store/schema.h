/*
 * The tables of both databases and how an older file becomes a newer one: step N takes a
 * database from user_version N to N+1. Steps are only ever appended.
 */
#ifndef CORE_STORE_SCHEMA_H
#define CORE_STORE_SCHEMA_H

#include <stddef.h>

#include "store/sql.h"

/* "Asay" in PRAGMA application_id: says that a database is ours. */
#define SCHEMA_APPLICATION 0x41736179

extern const char *const schema_steps[];
extern const size_t schema_version; /* how many there are */

/* What an open database is, before anything is done to it. */
enum schema_state {
    SCHEMA_EMPTY,   /* nothing in it yet */
    SCHEMA_CURRENT, /* ours, and of this version */
    SCHEMA_OLDER,
    SCHEMA_NEWER,
    SCHEMA_FOREIGN, /* some other program's */
};
enum assay_status schema_look(struct sql *sql, size_t version, enum schema_state *out,
                              struct assay_error *err);
/* Takes SQL through those of the COUNT steps it has not seen, all in one transaction. Safe when
   several processes do so at once. */
enum assay_status schema_apply(struct sql *sql, const char *const *steps, size_t count,
                               struct assay_error *err);

#endif
