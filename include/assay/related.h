/*
 * Which runs a run is compared with, for the screens and the one-shots alike: the one it was
 * started from, the one behind the champion, those that began last. All of it on the session's
 * thread; nothing here waits.
 */
#ifndef ASSAY_RELATED_H
#define ASSAY_RELATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/catalog.h>
#include <assay/session.h>

/* The run RUN was started from, as the tag mlflow.parentRunId names it. ASSAY_BAD_INPUT, said,
   where it names none, or one that is not here. */
enum assay_status assay_related_parent(struct assay_catalog *catalog, uint32_t run,
                                       uint32_t *parent, struct assay_error *err);

/* The run behind the champion RUN is to be measured against: of the model that RUN made a
   version of; where it made none, of the only model whose champion comes from RUN's experiment.
   ASSAY_BAD_INPUT, said, where there is none or there are several (they are named); ASSAY_NO,
   said too, where RUN is the champion itself. While a registry was not read yet (or is
   known from before this start only, and being asked) *busy is true and no answer is final:
   ask again after the next assay_session_dispatch(). */
enum assay_status assay_related_champion(struct assay_session *session, uint32_t run,
                                         uint32_t *champion, bool *busy,
                                         struct assay_error *err);

/* Sorts ROWS (runs of CATALOG) by when they began, the oldest first, those without a time
   before all others; returns where the LAST ones of them begin. */
size_t assay_related_last(const struct assay_catalog *catalog, uint32_t *rows, size_t count,
                          size_t last);

#endif
