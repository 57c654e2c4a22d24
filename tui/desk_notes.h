/*
 * What is written down on the way to a decision: drafts, and marks of evidence that was seen.
 * It holds at once for what is looked at, and is written by a thread of its own, one after the
 * other, so that the screen waits for no disk; closing waits until all of it is there. For
 * desk.c, whose thread reads the same store.
 */
#ifndef TUI_DESK_NOTES_H
#define TUI_DESK_NOTES_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/approval.h>

struct desk_notes; /* opaque */

/* WAKE is written to (an eventfd) when something could not be written. */
struct desk_notes *desk_notes_open(int wake);
/* Waits until all is written. Without FREE it stays in memory, for a thread left behind. */
void desk_notes_close(struct desk_notes **notes, bool free_it);

/* ---- on the screen's thread ---- */

/* Takes NOTE for the store at PLACE. False, and errno, where no thread could be had. */
bool desk_notes_add(struct desk_notes *notes, const char *place, const struct assay_note *note);
/* The drafts as they are now; they live until the next call of this file. */
size_t desk_notes_drafts(const struct desk_notes *notes, const struct assay_draft **drafts);
/* The desk's thread begins to read: what is noted from now on may not be in what it reads. */
void desk_notes_reading(struct desk_notes *notes);
/* It has read LEDGER and the drafts that were in the store (NULL: it could not); on top of them
   comes what was noted since. */
void desk_notes_read(struct desk_notes *notes, struct assay_ledger *ledger,
                     const struct assay_draft *drafts, size_t count);
/* What could not be written, once; ASSAY_OK where there is nothing. */
enum assay_status desk_notes_failed(struct desk_notes *notes, struct assay_error *err);

/* ---- on the desk's thread ---- */

/* Waits until all is written that was noted before. HOLD: what is noted from now on is written
   after desk_notes_release() (a signature takes its draft away, and must not meet a new one).
 */
void desk_notes_settle(struct desk_notes *notes, bool hold);
void desk_notes_release(struct desk_notes *notes);

#endif
