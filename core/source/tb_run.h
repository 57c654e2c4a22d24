/*
 * A run of TensorBoard logs as the reader remembers it between scans, and the reading of what
 * is new in it. tensorboard.c decides which runs need reading; tb_read.c reads one, on any
 * thread.
 */
#ifndef CORE_SOURCE_TB_RUN_H
#define CORE_SOURCE_TB_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/crc32c.h"
#include "source/source.h"
#include "source/tb_content.h"
#include "source/tb_walk.h"

/* A file that has not changed for this long is not being written any more. */
#define TB_QUIET_MS (3 * 60 * 1000)
/* What is written may be this old when it gets to the file: PyTorch's writer flushes every two
   minutes. */
#define TB_FLUSH_MS (2 * 60 * 1000)

enum tb_file_state {
    TB_FILE_GOOD,
    TB_FILE_WAITING, /* its end is odd, but it may be being written: looked at again when quiet
                      */
    TB_FILE_BROKEN,  /* nothing after `offset` can be read, unless it is written anew */
};
struct tb_file {
    char *name;
    uint64_t device, inode, size, offset; /* read up to offset */
    int64_t changed_ns;
    enum tb_file_state state;
    bool done; /* nothing of it is left to read, as long as it does not change */
};
struct tb_run {
    char *name; /* its id */
    char *path;
    struct tb_file *files; /* in the order of their names */
    size_t file_count;
    char *state; /* packed: what is above and the content (tb_content_save) */
    size_t state_length;
    enum assay_run_status status;
    enum tb_end end;
    int64_t latest_ms; /* wall time of its latest event; ASSAY_NO_TIME: no event was read */
    bool known;        /* read before, here or in an earlier process */
    bool shown;        /* reported, and not taken back */

    bool here, wanted,
        restart;       /* of the scan under way: found; to be read; from its beginning */
    uint64_t work;     /* bytes to read */
    int64_t newest_ms; /* latest change of a file */
};

struct tb_reading { /* shared by all threads of a scan */
    const struct crc32c *crc;
    struct ingest *in;
    const char *experiment;
    int64_t now_ms;
    uint64_t total; /* bytes of all runs */
    _Atomic uint64_t done;
};
/* Reads what is new in RUN, whose files have been brought up to date, and reports it. */
void tb_run_read(struct tb_run *run, struct tb_reading *reading);

enum assay_run_status tb_run_status(const struct tb_run *run, int64_t now_ms);
/* Tells that there is such a run, before it is read: where a file of it begins as event files
   do. */
void tb_run_announce(struct tb_run *run, struct tb_reading *reading);

/* Takes the state of an earlier scan (the bytes are taken). False where it is damaged or of
   another version: the run is then as new. Tells its problems again. */
bool tb_run_load(struct tb_run *run, char *state_take, size_t length, struct ingest *in);
/* Compares with what was found: sets wanted, restart, work, and brings the files up to date. */
void tb_run_compare(struct tb_run *run, const struct tb_place *place, int64_t now_ms);
void tb_run_free(struct tb_run *run);

#endif
