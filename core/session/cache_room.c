/*
 * How large the cache may become (docs/decisions/cache.md): where more is stored than fits, the
 * source that was read longest ago is removed whole, and read again when it is wanted. Called
 * by the writer, on its thread.
 *
 * A session holds the numbers of rows, which are given away again once a source is removed, so
 * no source is removed that a session has open, in whichever process. Each session keeps a
 * shared lock for each of its sources: one byte, at the number of the source's row, of a file
 * beside the cache. Such a lock ends with the process that has it, however that ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session/session_private.h"

/* ---- locks ---- */

static bool set_lock(int fd, int64_t row, short type, bool wait)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)row, .l_len = 1};
    int result;

    do
        result = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
    while (result != 0 && errno == EINTR);
    return result == 0;
}

int cache_use_open(const char *cache_path, bool make)
{
    struct assay_buf path = {0};
    int fd;

    assay_buf_format(&path, "%s.use", cache_path);
    fd = open(assay_buf_text(&path), (make ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC, 0600);
    assay_buf_free(&path);
    return fd;
}

bool cache_use(int fd, int64_t row, bool wait)
{
    /* Where the file system has no such locks, nobody can remove anything either. */
    return fd < 0 || set_lock(fd, row, F_RDLCK, wait) || (errno != EAGAIN && errno != EACCES);
}

/* ---- removing ---- */

struct candidate {
    int64_t row, read_ms;
    bool server;
};
struct candidates {
    struct candidate *items;
    size_t count, capacity;
};

static bool take_candidate(void *context, int64_t row, const char *kind, int64_t read_ms)
{
    struct candidates *all = context;

    ASSAY_GROW(all->items, all->capacity, all->count + 1);
    all->items[all->count++] = (struct candidate){
        .row = row, .read_ms = read_ms, .server = strcmp(kind, mlflow_source.kind) == 0};
    return true;
}

/* Those on this machine first, which can always be read again; then those read longest ago. */
static int by_worth(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->server != y->server)
        return x->server ? 1 : -1;
    if (x->read_ms != y->read_ms)
        return x->read_ms < y->read_ms ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Removes what is of the source in ROW, unless somebody has it open. The lock is taken within
   the transaction and kept beyond it: whoever stores something takes theirs in one, too. */
static enum assay_status remove_source(struct store *cache, int use, int64_t row,
                                       struct assay_error *err)
{
    enum assay_status status = store_begin(cache, err);

    if (status != ASSAY_OK)
        return status;
    if (!set_lock(use, row, F_WRLCK, false)) {
        store_rollback(cache);
        return ASSAY_OK;
    }
    status = store_clear_source(cache, row, err);
    if (status == ASSAY_OK)
        status = store_commit(cache, err);
    else
        store_rollback(cache);
    set_lock(use, row, F_UNLCK, false);
    return status;
}

enum assay_status cache_make_room(struct store *cache, const char *cache_path, uint64_t most,
                                  struct assay_error *err)
{
    struct candidates all = {0};
    uint64_t used = 0, unused = 0;
    enum assay_status status = store_size(cache, &used, &unused, err);
    int use = -1;

    if (status != ASSAY_OK || used <= most)
        return status;
    /* A file opened for this alone: the locks of this session's own sources count as well. */
    use = cache_use_open(cache_path, true);
    if (use >= 0)
        status = store_read_sources(cache, take_candidate, &all, err);
    if (all.count)
        qsort(all.items, all.count, sizeof *all.items, by_worth);
    for (size_t i = 0; i < all.count && status == ASSAY_OK && used > most; i++) {
        status = remove_source(cache, use, all.items[i].row, err);
        if (status == ASSAY_OK)
            status = store_size(cache, &used, &unused, err);
    }
    free(all.items);
    if (use >= 0)
        close(use);
    return status;
}
