/*
 * How SQLite sees a database that belongs to another program: through a file layer that cannot
 * write. Opened read-only the plain way, a database in WAL mode gets a -wal and a -shm beside
 * it where there are none, and keeps them; this layer opens what is there and makes nothing.
 *
 * Where a -shm lies beside the database its locks are taken (for reading), as SQLite does it
 * for read-only memory: with a writer alive its index is used, after a crash an index is made
 * in our own memory. Where there is none, nobody has the database open in WAL mode: the layer
 * answers as read-only memory that nobody initialised does, and SQLite again makes its own
 * index from the log, if there is one. No lock can keep a writer from beginning then; but it
 * makes its -shm first and cannot remove it while the connection holds its lock on the
 * database. So whatever was read is good as long as no -shm has appeared after it was read; the
 * layer looks, and says SQLITE_BUSY_SNAPSHOT where one has.
 * Called by sql.c alone. The methods are those of https://www.sqlite.org/vfs.html.
 */
#include "store/sql_foreign.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include <assay/buf.h>
#include <assay/memory.h>

#define VFS_NAME "assay-foreign"

struct foreign_file { /* the file of the layer below follows it in memory */
    sqlite3_file base;
    struct foreign_file *database; /* the file itself, or whose log it is */
    char *shm;                     /* of the database: where its -shm would lie */
    const char *name;              /* of a log: SQLite's, which lives as long as the file */
    bool absent;                   /* a log that is not there: as good as empty */
    bool alone;                    /* of the database: there was no -shm */
    bool mapped;                   /* of the database: the layer below has the -shm open */
    unsigned held;                 /* locks that were given without one, by bit */
};

static sqlite3_vfs *below;

static struct foreign_file *foreign_of(sqlite3_file *file)
{
    return (struct foreign_file *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return (sqlite3_file *)(foreign_of(file) + 1);
}

/* ---- files ---- */

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static int open_log(struct foreign_file *file)
{
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_WAL;
    sqlite3_file *real = real_of(&file->base);
    int code = below->xOpen(below, file->name, real, flags, &flags);

    file->absent = code != SQLITE_OK && !is_there(file->name);
    return file->absent ? SQLITE_OK : code;
}

static int close_file(sqlite3_file *file)
{
    struct foreign_file *foreign = foreign_of(file);
    int code = foreign->absent ? SQLITE_OK : real_of(file)->pMethods->xClose(real_of(file));

    free(foreign->shm);
    return code;
}

static int read_file(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    struct foreign_file *foreign = foreign_of(file);
    int code = foreign->absent ? open_log(foreign) : SQLITE_OK;

    if (foreign->absent) {
        memset(bytes, 0, (size_t)count);
        code = SQLITE_IOERR_SHORT_READ;
    } else if (code == SQLITE_OK) {
        code = real_of(file)->pMethods->xRead(real_of(file), bytes, count, offset);
    }
    /* The half of a page where a file was cut off: SQLite would take zeros for its rows. */
    if (code == SQLITE_IOERR_SHORT_READ && foreign->database == foreign && offset > 0 &&
        count >= 512)
        code = SQLITE_CORRUPT;
    if (foreign->database->alone && is_there(foreign->database->shm))
        return SQLITE_BUSY_SNAPSHOT;
    return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    struct foreign_file *foreign = foreign_of(file);
    int code = foreign->absent ? open_log(foreign) : SQLITE_OK;

    *size = 0;
    if (foreign->absent || code != SQLITE_OK)
        return code;
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int write_file(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    (void)file, (void)bytes, (void)count, (void)offset;
    return SQLITE_READONLY;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    (void)file, (void)size;
    return SQLITE_READONLY;
}

static int sync_file(sqlite3_file *file, int flags)
{
    (void)file, (void)flags;
    return SQLITE_OK;
}

static int lock_file(sqlite3_file *file, int level)
{
    if (level > SQLITE_LOCK_SHARED)
        return SQLITE_READONLY;
    return foreign_of(file)->absent ? SQLITE_OK
                                    : real_of(file)->pMethods->xLock(real_of(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    return foreign_of(file)->absent ? SQLITE_OK
                                    : real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_reserved(sqlite3_file *file, int *reserved)
{
    *reserved = 0;
    if (foreign_of(file)->absent)
        return SQLITE_OK;
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), reserved);
}

static int control_file(sqlite3_file *file, int operation, void *argument)
{
    if (foreign_of(file)->absent)
        return SQLITE_NOTFOUND;
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int sector_size(sqlite3_file *file)
{
    return foreign_of(file)->absent ? 4096
                                    : real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int characteristics(sqlite3_file *file)
{
    if (foreign_of(file)->absent)
        return 0;
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* ---- the shared memory ---- */

static int map_shm(sqlite3_file *file, int region, int size, int extend, void volatile **at)
{
    struct foreign_file *foreign = foreign_of(file);
    int code = SQLITE_READONLY_CANTINIT;

    (void)extend;
    *at = NULL;
    foreign->alone = !foreign->mapped && !is_there(foreign->shm);
    if (foreign->alone)
        return code;
    code = real_of(file)->pMethods->xShmMap(real_of(file), region, size, 0, at);
    if (code == SQLITE_OK) /* a writer of this very process has it open, too */
        code = SQLITE_READONLY;
    if (code == SQLITE_READONLY || code == SQLITE_READONLY_CANTINIT) {
        foreign->mapped = true;
    } else if (!is_there(foreign->shm)) { /* gone this moment */
        foreign->alone = true;
        code = SQLITE_READONLY_CANTINIT;
    }
    return code;
}

static int lock_shm(sqlite3_file *file, int offset, int count, int flags)
{
    struct foreign_file *foreign = foreign_of(file);
    unsigned mask = (1u << (offset + count)) - (1u << offset);

    if ((flags & SQLITE_SHM_UNLOCK) && (foreign->held & mask)) {
        foreign->held &= ~mask;
        return SQLITE_OK;
    }
    if (foreign->mapped)
        return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
    if (flags & SQLITE_SHM_UNLOCK)
        return SQLITE_OK;
    if (flags & SQLITE_SHM_EXCLUSIVE)
        return SQLITE_BUSY;
    foreign->held |= mask;
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int unmap_shm(sqlite3_file *file, int remove)
{
    struct foreign_file *foreign = foreign_of(file);

    (void)remove;
    foreign->held = 0;
    if (!foreign->mapped)
        return SQLITE_OK;
    foreign->mapped = false;
    return real_of(file)->pMethods->xShmUnmap(real_of(file), 0);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_shm,
    .xShmLock = lock_shm,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = unmap_shm,
};

/* ---- the layer ---- */

static int open_database(const char *name, sqlite3_file *file, int flags, int *got)
{
    struct foreign_file *foreign = foreign_of(file);
    struct assay_buf shm = {0};
    int code = below->xOpen(below, name, real_of(file), flags, got);

    if (code != SQLITE_OK)
        return code;
    assay_buf_format(&shm, "%s-shm", name);
    foreign->shm = assay_buf_take(&shm);
    foreign->database = foreign;
    file->pMethods = &methods;
    return SQLITE_OK;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *got)
{
    const int ours = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL;
    struct foreign_file *foreign = foreign_of(file);
    int code;

    (void)vfs;
    if (!(flags & ours)) { /* a journal that is looked at, or a temporary file */
        if (flags & SQLITE_OPEN_MAIN_JOURNAL)
            flags = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_READONLY;
        return below->xOpen(below, name, file, flags, got);
    }
    memset(foreign, 0, sizeof *foreign);
    if (flags & SQLITE_OPEN_MAIN_DB)
        return open_database(name, file, flags, got);
    foreign->database = foreign_of(sqlite3_database_file_object(name));
    foreign->name = name;
    code = open_log(foreign);
    if (code == SQLITE_OK)
        file->pMethods = &methods;
    if (got)
        *got = SQLITE_OPEN_READONLY | SQLITE_OPEN_WAL;
    return code;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs, (void)name, (void)sync;
    return SQLITE_IOERR_DELETE;
}

static void make_layer(void)
{
    static sqlite3_vfs vfs;

    below = sqlite3_vfs_find("unix");
    if (!below)
        return;
    vfs = *below; /* what is not replaced needs only what it finds there */
    vfs.pNext = NULL;
    vfs.zName = VFS_NAME;
    vfs.szOsFile = (int)sizeof(struct foreign_file) + below->szOsFile;
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
        below = NULL;
}

const char *sql_foreign_layer(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_layer);
    return below ? VFS_NAME : NULL;
}
