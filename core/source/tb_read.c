/*
 * Reading one run of TensorBoard logs: its files in the order of their names, each from where
 * the last scan stopped. Points are handed over as chunks fill; at checkpoints (after the first
 * block, then by bytes and by time) everything is, together with the state that says how far it
 * goes.
 *
 * What bad files get: a record whose data has the wrong checksum is left out; a length with the
 * wrong checksum ends the file, for nothing after it can be found; and either of them at the
 * end of a file that changed a moment ago is taken as a record being written, and waited for.
 * Files in which not one event is found make no run, whatever they are called.
 */
#include "source/tb_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>

#include "source/protobuf.h"
#include "source/tfrecord.h"

#define BLOCK_FIRST      ((size_t)256 << 10)
#define BLOCK            ((size_t)1 << 20)
#define CHECKPOINT_BYTES ((uint64_t)64 << 20)
#define CHECKPOINT_US    500000
#define STATE_VERSION    UINT64_C(0x3162746179617373) /* "ssayatb1" */

struct reader {
    struct tb_run *run;
    struct tb_reading *reading;
    struct tb_content *content;
    uint64_t unsaved; /* bytes read since the last checkpoint */
    int64_t saved_us;
    bool first; /* nothing was handed over yet */
    bool stopped;
};

/* ---- state ---- */

void tb_run_free(struct tb_run *run)
{
    for (size_t i = 0; i < run->file_count; i++)
        free(run->files[i].name);
    free(run->files);
    free(run->name);
    free(run->path);
    free(run->state);
    *run = (struct tb_run){0};
}

static void pack_state(struct tb_run *run, const struct tb_content *content)
{
    struct assay_buf out = {0};
    tb_pack_number(&out, STATE_VERSION);
    tb_pack_number(&out, run->status);
    tb_pack_number(&out, run->end);
    tb_pack_number(&out, run->file_count);
    for (size_t i = 0; i < run->file_count; i++) {
        const struct tb_file *file = &run->files[i];
        tb_pack_text(&out, file->name, strlen(file->name));
        tb_pack_number(&out, file->device);
        tb_pack_number(&out, file->inode);
        tb_pack_number(&out, file->size);
        tb_pack_number(&out, file->offset);
        tb_pack_number(&out, (uint64_t)file->changed_ns);
        tb_pack_number(&out, (uint64_t)file->state | (uint64_t)file->done << 8);
    }
    tb_pack_number(&out, tb_content_problems(content));
    tb_content_save(content, &out);
    free(run->state);
    run->state_length = out.length;
    run->state = assay_buf_take(&out);
}

/* The part of the state before the content; leaves *in there. */
static bool load_files(struct tb_run *run, struct tb_unpack *in, uint64_t *problems)
{
    if (tb_unpack_number(in) != STATE_VERSION)
        return false;
    uint64_t status = tb_unpack_number(in), end = tb_unpack_number(in);
    uint64_t count = tb_unpack_number(in);
    if (in->bad || status > ASSAY_RUN_KILLED || end > TB_END_FAILED ||
        count > (uint64_t)(in->end - in->at) / 56)
        return false;
    run->status = (enum assay_run_status)status;
    run->end = (enum tb_end)end;
    run->files = assay_alloc_array((size_t)count + 1, sizeof *run->files);
    for (uint64_t i = 0; i < count && !in->bad; i++) {
        size_t length;
        const char *name = tb_unpack_text(in, &length);
        struct tb_file *file = &run->files[run->file_count++];
        file->name = assay_strndup(name, length);
        file->device = tb_unpack_number(in);
        file->inode = tb_unpack_number(in);
        file->size = tb_unpack_number(in);
        file->offset = tb_unpack_number(in);
        file->changed_ns = (int64_t)tb_unpack_number(in);
        uint64_t state = tb_unpack_number(in);
        in->bad = in->bad || (state & 0xff) > TB_FILE_BROKEN;
        file->state = (enum tb_file_state)(state & 0xff);
        file->done = (state >> 8) != 0;
    }
    *problems = tb_unpack_number(in);
    /* More were kept once, when the rest was not counted: then the files are read again. */
    return !in->bad && *problems <= TB_PROBLEMS_MAX;
}

/* Where the content begins in the state. */
static struct tb_unpack content_part(const struct tb_run *run)
{
    struct tb_unpack in = {.at = run->state, .end = run->state + run->state_length};
    struct tb_run passed = {0};
    uint64_t problems;
    if (!load_files(&passed, &in, &problems))
        in.bad = true;
    tb_run_free(&passed);
    return in;
}

static void tell_problems(const struct tb_run *run, struct ingest *in)
{
    struct tb_unpack unpack = content_part(run);
    struct tb_content *content = tb_content_new(in, run->name);
    if (tb_content_load(content, &unpack))
        tb_content_repeat_problems(content);
    tb_content_free(&content);
}

bool tb_run_load(struct tb_run *run, char *state_take, size_t length, struct ingest *in)
{
    struct tb_unpack unpack = {.at = state_take, .end = state_take + length};
    uint64_t problems = 0;
    if (load_files(run, &unpack, &problems)) {
        run->state = state_take;
        run->state_length = length;
        run->known = true;
        run->shown = tb_content_peek(unpack, &run->latest_ms);
        if (!run->shown) /* an earlier version may have shown it */
            ingest_run_none(in, run->name, NULL, 0);
        if (problems > 0)
            tell_problems(run, in);
        return true;
    }
    for (size_t i = 0; i < run->file_count; i++)
        free(run->files[i].name);
    free(run->files);
    free(state_take);
    run->files = NULL;
    run->file_count = 0;
    run->status = ASSAY_RUN_UNKNOWN;
    run->restart = true; /* the cache may hold points of it */
    return false;
}

/* ---- what changed ---- */

/* Whether a file that was read is not there any more, or another one is in its place. */
static bool lost_file(const struct tb_run *run, const struct tb_place *place)
{
    size_t i = 0;
    for (size_t k = 0; k < run->file_count; k++) {
        const struct tb_file *file = &run->files[k];
        while (i < place->file_count && strcmp(place->files[i].name, file->name) < 0)
            i++;
        if (i == place->file_count || strcmp(place->files[i].name, file->name) != 0)
            return true;
        const struct tb_seen *seen = &place->files[i];
        if (seen->device != file->device || seen->inode != file->inode ||
            seen->size < file->offset)
            return true;
    }
    return false;
}

void tb_run_compare(struct tb_run *run, const struct tb_place *place, int64_t now_ms)
{
    run->here = true;
    run->restart = run->restart || lost_file(run, place);
    run->wanted = run->restart || !run->known;
    run->work = 0;
    run->newest_ms = ASSAY_NO_TIME;
    struct tb_file *files = assay_alloc_array(place->file_count, sizeof *files);
    size_t next = 0; /* of the known files, which are all there unless this is a restart */
    for (size_t i = 0; i < place->file_count; i++) {
        const struct tb_seen *seen = &place->files[i];
        const struct tb_file *old = NULL;
        int64_t changed_ms = seen->changed_ns / 1000000;
        if (!run->restart && next < run->file_count &&
            strcmp(run->files[next].name, seen->name) == 0)
            old = &run->files[next++];
        files[i] = old ? *old : (struct tb_file){0};
        if (!old || old->size != seen->size || old->changed_ns != seen->changed_ns ||
            (old->state == TB_FILE_WAITING && now_ms - changed_ms > TB_QUIET_MS))
            files[i].done = false;
        files[i].name = assay_strdup(seen->name);
        files[i].device = seen->device;
        files[i].inode = seen->inode;
        files[i].size = seen->size;
        files[i].changed_ns = seen->changed_ns;
        if (!files[i].done) {
            run->work += seen->size - files[i].offset;
            run->wanted = true;
        }
        if (changed_ms > run->newest_ms)
            run->newest_ms = changed_ms;
    }
    for (size_t i = 0; i < run->file_count; i++)
        free(run->files[i].name);
    free(run->files);
    run->files = files;
    run->file_count = place->file_count;
    if (tb_run_status(run, now_ms) != run->status)
        run->wanted = true;
}

/* TensorBoard has no notion of a run's state: hparams may tell of its end, a late event in a
   file that changed lately tells that it is running, and else it is not known. The file's time
   alone says little: a copy of an old run has a new one. */
enum assay_run_status tb_run_status(const struct tb_run *run, int64_t now_ms)
{
    if (run->end == TB_END_FINISHED)
        return ASSAY_RUN_FINISHED;
    if (run->end == TB_END_FAILED)
        return ASSAY_RUN_FAILED;
    if (run->latest_ms == ASSAY_NO_TIME || now_ms - run->newest_ms > TB_QUIET_MS)
        return ASSAY_RUN_UNKNOWN;
    return now_ms - run->latest_ms <= TB_QUIET_MS + TB_FLUSH_MS ? ASSAY_RUN_RUNNING
                                                                : ASSAY_RUN_UNKNOWN;
}

/* ---- reporting ---- */

static struct ingest_run describe(const struct tb_run *run, const struct tb_reading *reading)
{
    return (struct ingest_run){
        .id = run->name,
        .experiment_id = reading->experiment,
        .name = run->name,
        .user = "",
        .artifact_uri = run->path,
        .status = run->status,
        .start_ms = ASSAY_NO_TIME,
        .end_ms = ASSAY_NO_TIME,
    };
}

/* The seconds in "events.out.tfevents.1700000000.host…". */
static int64_t time_in_name(const char *name)
{
    const char *at = strstr(name, "tfevents.");
    int64_t seconds = 0;
    if (!at)
        return ASSAY_NO_TIME;
    at += strlen("tfevents.");
    for (int digits = 0; digits < 10; digits++, at++) {
        if (*at < '0' || *at > '9')
            return ASSAY_NO_TIME;
        seconds = seconds * 10 + (*at - '0');
    }
    return *at == '.' ? seconds * 1000 : ASSAY_NO_TIME;
}

/* Whether FILE begins with a whole record, or, where that is long, with its header. */
static bool begins_well(const struct tb_run *run, const struct tb_file *file,
                        const struct crc32c *crc)
{
    uint8_t bytes[1024], seen[TFRECORD_HEADER] = {0};
    struct tfrecord record;
    uint64_t need = 0;
    enum tfrecord_result result = TFRECORD_FAILED;
    char *path = assay_path_join(run->path, file->name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length = fd < 0 ? 0 : pread(fd, bytes, sizeof bytes, 0);
    if (length > 0)
        result = tfrecord_parse(crc, bytes, (size_t)length, seen, &record, &need);
    if (fd >= 0)
        close(fd);
    free(path);
    return result == TFRECORD_OK || (result == TFRECORD_SHORT && need > sizeof bytes);
}

static void announce(struct tb_run *run, struct tb_reading *reading)
{
    static const struct assay_attrs none;
    struct ingest_run report = describe(run, reading);
    report.status = tb_run_status(run, reading->now_ms);
    report.attrs = &none;
    if (run->file_count > 0)
        report.start_ms = time_in_name(run->files[0].name);
    ingest_run(reading->in, &report);
    run->shown = true;
}

void tb_run_announce(struct tb_run *run, struct tb_reading *reading)
{
    for (size_t i = 0; i < run->file_count && !run->shown; i++)
        if (begins_well(run, &run->files[i], reading->crc))
            announce(run, reading);
}

/* The first event of a run: it is one. */
static void on_first(void *context)
{
    struct reader *reader = context;
    if (!reader->run->shown)
        announce(reader->run, reader->reading);
}

/* Reports the run as far as it was read; takes it back where it turned out to be none. */
static void report_run(struct reader *reader)
{
    struct tb_run *run = reader->run;
    const struct ingest_state state = {run->name, run->state, run->state_length};
    struct ingest_run report = describe(run, reader->reading);
    bool real = tb_content_known(reader->content);
    if (real) {
        report.states = &state;
        report.state_count = 1;
        tb_content_report(reader->content, &report);
    } else {
        ingest_run_none(reader->reading->in, run->name, &state, 1);
    }
    run->shown = real;
}

static void checkpoint(struct reader *reader)
{
    struct tb_run *run = reader->run;
    struct tb_reading *reading = reader->reading;
    tb_content_flush(reader->content);
    run->end = tb_content_end(reader->content);
    run->latest_ms = tb_content_latest(reader->content);
    run->status = tb_run_status(run, reading->now_ms);
    pack_state(run, reader->content);
    report_run(reader);
    reader->unsaved = 0;
    reader->saved_us = assay_monotonic_us();
    reader->first = false;
}

/* ---- reading ---- */

static bool is_quiet(const struct tb_file *file, const struct tb_reading *reading)
{
    return reading->now_ms - file->changed_ns / 1000000 > TB_QUIET_MS;
}

/* A record that was not decoded for its length: a graph or a model is none of ours, a summary
   would have been. */
static bool is_summary(const struct tfrecord *record)
{
    struct protobuf walk = protobuf_walk((struct protobuf_slice){record->data, record->length});
    struct protobuf_field field = {0};
    while (protobuf_next(&walk, &field))
        continue;
    return walk.broken && field.number == 5;
}

/* What came instead of a record. False where this is the end of reading the file. */
static bool odd_record(struct reader *reader, struct tb_file *file, const char *path,
                       enum tfrecord_result result, const struct tfrecord *record)
{
    struct tb_content *content = reader->content;
    bool last = record->offset + TFRECORD_FRAME + record->total >= file->size;
    switch (result) {
    case TFRECORD_BAD_DATA:
        if (last && !is_quiet(file, reader->reading)) {
            file->state = TB_FILE_WAITING;
            return false;
        }
        tb_content_problem(content, path, record->offset,
                           "the checksum of a record is wrong: it is left out");
        return true;
    case TFRECORD_TOO_LONG:
        if (is_summary(record))
            tb_content_problem(content, path, record->offset,
                               "a summary of %.0f MB is too long to be read: it is left out",
                               (double)record->total / 1e6);
        return true;
    case TFRECORD_BAD_LENGTH:
        if (record->zeros && !is_quiet(file, reader->reading)) {
            file->state = TB_FILE_WAITING;
            return false;
        }
        file->state = TB_FILE_BROKEN;
        tb_content_problem(
            content, path, record->offset, "%s",
            record->zeros    ? "zeros in place of a record: the rest of the file is not read"
            : record->absurd ? "a record claims to be longer than any event can be: the rest "
                               "of the file cannot be read"
                             : "the checksum of a record's length is wrong: the rest of the "
                               "file cannot be read");
        return false;
    case TFRECORD_FAILED:
        tb_content_problem(content, path, record->offset, "cannot be read: %s",
                           strerror(errno));
        return false;
    default:
        return false;
    }
}

/* The file is dealt with up to OFFSET: tells how far we are. */
static void advance(struct reader *reader, struct tb_file *file, uint64_t offset)
{
    struct tb_reading *reading = reader->reading;
    uint64_t bytes = offset - file->offset;
    if (bytes == 0)
        return;
    file->offset = offset;
    reader->unsaved += bytes;
    uint64_t done = atomic_fetch_add(&reading->done, bytes) + bytes;
    ingest_progress(reading->in, done, reading->total);
    reader->stopped = ingest_cancelled(reading->in);
    if (reader->unsaved >= CHECKPOINT_BYTES ||
        assay_monotonic_us() - reader->saved_us >= CHECKPOINT_US)
        checkpoint(reader);
}

static void read_records(struct reader *reader, struct tb_file *file, const char *path, int fd)
{
    struct tfrecord_reader records;
    struct tfrecord record;
    uint64_t reads = 1;
    file->state = TB_FILE_GOOD;
    tfrecord_open(&records, reader->reading->crc, fd, file->offset, file->size,
                  reader->first ? BLOCK_FIRST : BLOCK);
    for (;;) {
        enum tfrecord_result result = tfrecord_next(&records, &record);
        if (records.reads > reads) {
            /* What was in the block before this record is dealt with. */
            reads = records.reads;
            records.block = BLOCK;
            advance(reader, file, record.offset);
            if (reader->first)
                checkpoint(reader);
            if (reader->stopped)
                break;
        }
        if (result == TFRECORD_OK)
            tb_content_add(reader->content, record.data, record.length, path, record.offset);
        else if (!odd_record(reader, file, path, result, &record)) {
            file->done = result != TFRECORD_FAILED;
            break;
        }
    }
    if (!reader->stopped)
        advance(reader, file, record.offset);
    tfrecord_close(&records);
}

static void read_file(struct reader *reader, struct tb_file *file)
{
    struct stat info;
    char *path = assay_path_join(reader->run->path, file->name);
    /* Should it be a pipe by now, O_NONBLOCK keeps us from waiting for it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0) {
        tb_content_problem(reader->content, path, UINT64_MAX, "cannot be opened: %s",
                           strerror(errno));
    } else if (file->offset == file->size) {
        file->done = true;
    } else if (S_ISREG(info.st_mode) && (uint64_t)info.st_ino == file->inode &&
               (uint64_t)info.st_dev == file->device) {
        posix_fadvise(fd, (off_t)file->offset, 0, POSIX_FADV_SEQUENTIAL);
        read_records(reader, file, path, fd);
    } /* else it was replaced since the walk: the next scan finds out */
    if (fd >= 0)
        close(fd);
    free(path);
}

void tb_run_read(struct tb_run *run, struct tb_reading *reading)
{
    struct reader reader = {
        .run = run,
        .reading = reading,
        .content = tb_content_new(reading->in, run->name),
        .saved_us = assay_monotonic_us(),
        .first = run->restart || !run->known,
    };
    if (run->state && !run->restart) {
        struct tb_unpack in = content_part(run);
        if (in.bad || !tb_content_load(reader.content, &in))
            run->restart = true; /* cannot be: it was checked when it came */
    }
    tb_content_on_first(reader.content, on_first, &reader);
    if (run->restart) {
        ingest_restart(reading->in, run->name);
        tb_content_free(&reader.content);
        reader.content = tb_content_new(reading->in, run->name);
        tb_content_on_first(reader.content, on_first, &reader);
        for (size_t i = 0; i < run->file_count; i++) {
            run->files[i].offset = 0;
            run->files[i].state = TB_FILE_GOOD;
            run->files[i].done = false;
        }
    }
    uint64_t untold = tb_content_untold(reader.content);
    for (size_t i = 0; i < run->file_count && !reader.stopped; i++) {
        struct tb_file *file = &run->files[i];
        if (!file->done)
            read_file(&reader, file);
    }
    if (tb_content_untold(reader.content) > untold)
        tb_content_tell_rest(reader.content);
    checkpoint(&reader);
    run->known = true;
    run->restart = run->wanted = false;
    tb_content_free(&reader.content);
}
