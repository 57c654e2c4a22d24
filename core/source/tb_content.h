/*
 * What a run of TensorBoard logs holds, gathered record by record: its tags, the points not
 * handed over yet, texts, hyperparameters, problems. Used by tb_read.c, one thread at a time; a
 * run's content is packed into bytes between scans.
 */
#ifndef CORE_SOURCE_TB_CONTENT_H
#define CORE_SOURCE_TB_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/source.h"
#include "source/tb_pack.h"

struct tb_content; /* opaque */

/* Bounds on what one run may hold. Past them a problem is reported and the rest passed over. */
#define TB_TAGS_MAX     100000u            /* tags of a run */
#define TB_TAG_MAX      4096u              /* bytes of a tag's name */
#define TB_NAMES_MAX    ((size_t)64 << 20) /* bytes of all names, texts and params of a run */
#define TB_TEXT_MAX     ((size_t)ASSAY_VALUE_MAX) /* bytes of one text; what is longer is cut */
#define TB_PROBLEMS_MAX 50u /* problems of a run that are told one by one */

/* Points, runs and problems are reported to IN; RUN (only its id is used) stays the caller's.
 */
struct tb_content *tb_content_new(struct ingest *in, const char *run_id);
void tb_content_free(struct tb_content **content);
/* FIRST is called when the first event is found, before any point of it is handed over: the run
   is to be reported then. */
void tb_content_on_first(struct tb_content *content, void (*first)(void *context),
                         void *context);

/* A record's data; FILE and OFFSET say where it lies, for problems. */
void tb_content_add(struct tb_content *content, const uint8_t *data, size_t length,
                    const char *file, uint64_t offset);
/* Something is wrong at FILE, OFFSET: reported (once), and remembered for a later process. */
void tb_content_problem(struct tb_content *content, const char *file, uint64_t offset,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Hands over every point that has not been. */
void tb_content_flush(struct tb_content *content);

enum tb_end { TB_END_NONE, TB_END_FINISHED, TB_END_FAILED }; /* what hparams say of the end */
enum tb_end tb_content_end(const struct tb_content *content);
bool tb_content_known(const struct tb_content *content);     /* it holds an event */
int64_t tb_content_latest(const struct tb_content *content); /* its time, or ASSAY_NO_TIME */
/* Fills RUN's times, where they are known, and reports it with attributes (of the points handed
 * over). */
void tb_content_report(const struct tb_content *content, struct ingest_run *run);

/* Everything but templates and points, which must have been flushed. */
void tb_content_save(const struct tb_content *content, struct assay_buf *out);
/* False where the bytes are damaged; the content is then to be thrown away. */
bool tb_content_load(struct tb_content *content, struct tb_unpack *in);
/* Of saved bytes, where the content begins: what tb_content_known() and _latest() would say. */
bool tb_content_peek(struct tb_unpack in, int64_t *latest_ms);
size_t tb_content_problems(const struct tb_content *content); /* how many */
/* How many more there were than are told one by one; and says so, of those of the run there
 * are. */
uint64_t tb_content_untold(const struct tb_content *content);
void tb_content_tell_rest(const struct tb_content *content);
/* Reports the problems again that an earlier process found. */
void tb_content_repeat_problems(const struct tb_content *content);

#endif
