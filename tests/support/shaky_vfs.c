/*
 * A failing file system for SQLite; see shaky_vfs.h.
 */
#include "support/shaky_vfs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

static struct shaky shaky;
static sqlite3_vfs *base;
static sqlite3_vfs vfs;
static sqlite3_io_methods methods;

struct shaky_file {
    sqlite3_file file;
    char path[600];
    sqlite3_file *real; /* behind this struct */
};

static void copy(const char *from, const char *to)
{
    char block[65536];
    size_t count;
    FILE *in = fopen(from, "rb"), *out;
    if (!in) {
        unlink(to);
        return;
    }
    out = fopen(to, "wb");
    while ((count = fread(block, 1, sizeof block, in)) > 0)
        fwrite(block, 1, count, out);
    fclose(in);
    fclose(out);
}

static void durable_name(const char *path, char out[640])
{
    snprintf(out, 640, "%s.durable", path);
}

static void step(void)
{
    shaky.operations++;
    if (shaky.exit_at && shaky.operations == shaky.exit_at)
        _exit(77);
}

#define REAL(file) (((struct shaky_file *)(file))->real)

static int x_close(sqlite3_file *f)
{
    return REAL(f)->pMethods ? REAL(f)->pMethods->xClose(REAL(f)) : SQLITE_OK;
}
static int x_read(sqlite3_file *f, void *out, int count, sqlite3_int64 at)
{
    return REAL(f)->pMethods->xRead(REAL(f), out, count, at);
}
static int x_write(sqlite3_file *f, const void *in, int count, sqlite3_int64 at)
{
    step();
    return shaky.full ? SQLITE_FULL : REAL(f)->pMethods->xWrite(REAL(f), in, count, at);
}
static int x_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    step();
    return REAL(f)->pMethods->xTruncate(REAL(f), size);
}
static int x_sync(sqlite3_file *f, int flags)
{
    step();
    int code = REAL(f)->pMethods->xSync(REAL(f), flags);
    if (code == SQLITE_OK && shaky.remember) {
        char name[640];
        durable_name(((struct shaky_file *)f)->path, name);
        copy(((struct shaky_file *)f)->path, name);
    }
    return code;
}
static int x_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return REAL(f)->pMethods->xFileSize(REAL(f), size);
}
static int x_lock(sqlite3_file *f, int lock)
{
    return REAL(f)->pMethods->xLock(REAL(f), lock);
}
static int x_unlock(sqlite3_file *f, int lock)
{
    return REAL(f)->pMethods->xUnlock(REAL(f), lock);
}
static int x_check_lock(sqlite3_file *f, int *out)
{
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}
static int x_control(sqlite3_file *f, int op, void *arg)
{
    return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}
static int x_sector(sqlite3_file *f)
{
    return REAL(f)->pMethods->xSectorSize(REAL(f));
}
static int x_device(sqlite3_file *f)
{
    return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}
static int x_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, out);
}
/* Lock 1 of a write-ahead log's is that of who checkpoints (SQLite's walformat, 2.3.1). */
static int x_shm_lock(sqlite3_file *f, int offset, int count, int flags)
{
    if (shaky.log_alone && offset == 1 && count == 1 && (flags & SQLITE_SHM_LOCK))
        return SQLITE_BUSY;
    return REAL(f)->pMethods->xShmLock(REAL(f), offset, count, flags);
}
static void x_shm_barrier(sqlite3_file *f)
{
    REAL(f)->pMethods->xShmBarrier(REAL(f));
}
static int x_shm_unmap(sqlite3_file *f, int remove)
{
    return REAL(f)->pMethods->xShmUnmap(REAL(f), remove);
}

static int x_open(sqlite3_vfs *self, const char *name, sqlite3_file *f, int flags, int *out)
{
    struct shaky_file *file = (struct shaky_file *)f;
    (void)self;
    file->real = (sqlite3_file *)(file + 1);
    snprintf(file->path, sizeof file->path, "%s", name ? name : "");
    int code = base->xOpen(base, name, file->real, flags, out);
    file->file.pMethods = code == SQLITE_OK ? &methods : NULL;
    return code;
}

static int x_delete(sqlite3_vfs *self, const char *name, int sync)
{
    (void)self;
    step();
    if (shaky.remember) {
        char durable[640];
        durable_name(name, durable);
        unlink(durable);
    }
    return base->xDelete(base, name, sync);
}

struct shaky *shaky_install(void)
{
    if (!base) {
        base = sqlite3_vfs_find(NULL);
        vfs = *base;
        vfs.zName = "shaky";
        vfs.szOsFile = (int)sizeof(struct shaky_file) + base->szOsFile;
        vfs.xOpen = x_open;
        vfs.xDelete = x_delete;
        methods = (sqlite3_io_methods){
            .iVersion = 2,
            .xClose = x_close,
            .xRead = x_read,
            .xWrite = x_write,
            .xTruncate = x_truncate,
            .xSync = x_sync,
            .xFileSize = x_size,
            .xLock = x_lock,
            .xUnlock = x_unlock,
            .xCheckReservedLock = x_check_lock,
            .xFileControl = x_control,
            .xSectorSize = x_sector,
            .xDeviceCharacteristics = x_device,
            .xShmMap = x_shm_map,
            .xShmLock = x_shm_lock,
            .xShmBarrier = x_shm_barrier,
            .xShmUnmap = x_shm_unmap,
        };
        assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
    }
    shaky = (struct shaky){0};
    return &shaky;
}

void shaky_arm(const char *path)
{
    static const char *const ends[] = {"", "-wal"};
    for (int i = 0; i < 2; i++) {
        char name[620], durable[640];
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        durable_name(name, durable);
        copy(name, durable);
    }
    shaky.remember = true;
}

void shaky_after_power_loss(const char *path, const char *to)
{
    static const char *const ends[] = {"", "-wal"};
    char name[640];
    for (int i = 0; i < 2; i++) {
        char from[620], durable[640];
        snprintf(from, sizeof from, "%s%s", path, ends[i]);
        durable_name(from, durable);
        snprintf(name, sizeof name, "%s%s", to, ends[i]);
        copy(durable, name);
    }
    snprintf(name, sizeof name, "%s-shm", to);
    unlink(name);
}
