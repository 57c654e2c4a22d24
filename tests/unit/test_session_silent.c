/*
 * A local store on a file system that tells of no changes, as NFS does of another machine's: it
 * is looked for, and into, by the clock; so it is where the kernel has no watches left. What
 * the session asks the kernel for is answered here: what is watched is a folder in which
 * nothing happens.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/local.h>
#include <assay/session.h>

#define NFS         0x6969
#define EXT4        0xef53
#define DEADLINE_US 120000000 /* far beyond what any machine needs */

static char root[256], quiet[300];
static bool refuses; /* watches, on a file system that could tell */

int statfs(const char *path, struct statfs *out)
{
    (void)path;
    memset(out, 0, sizeof *out);
    out->f_type = refuses ? EXT4 : NFS;
    return 0;
}

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    (void)path;
    if (refuses) {
        errno = ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_inotify_add_watch, fd, quiet, mask);
}

static void await_runs(struct assay_session *session, size_t runs)
{
    int64_t until = assay_monotonic_us() + DEADLINE_US;
    struct pollfd ready = {.fd = assay_session_fd(session), .events = POLLIN};
    while (assay_catalog_runs(assay_session_catalog(session)) < runs &&
           assay_monotonic_us() < until) {
        poll(&ready, 1, 1000);
        assay_session_dispatch(session);
    }
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), runs);
}

static void see_it_appear(const char *name)
{
    struct assay_session *session = NULL;
    struct assay_local *local = NULL;
    struct assay_error err = {0};
    char id[ASSAY_RUN_ID_SIZE], path[600];
    snprintf(path, sizeof path, "%s/%s/store.db", root, name);
    setenv("ASSAY_STORE", path, 1);
    assert_int_equal(
        assay_session_open(&session, &(struct assay_session_options){.live = true}, &err),
        ASSAY_OK);
    assert_int_equal(assay_session_wait(session, &err), ASSAY_OK);
    assert_int_equal(assay_catalog_sources(assay_session_catalog(session)), 0);
    assert_int_equal(assay_local_open(&local, NULL, &err), ASSAY_OK);
    assert_int_equal(assay_local_start(local, "demo", "one", 5, id, &err), ASSAY_OK);
    await_runs(session, 1);
    assert_int_equal(assay_local_start(local, "demo", "two", 5, id, &err), ASSAY_OK);
    await_runs(session, 2);
    assay_local_close(&local);
    assay_session_close(&session);
}

static void a_store_appears_and_grows_unannounced(void **state)
{
    (void)state;
    refuses = false;
    see_it_appear("silent");
}

static void a_store_appears_where_nothing_can_be_watched(void **state)
{
    (void)state;
    refuses = true;
    see_it_appear("unwatched");
}

static int set_up(void **state)
{
    const char *directory = getenv("TMPDIR");
    char path[300];
    (void)state;
    snprintf(root, sizeof root, "%s/assay-silent-XXXXXX", directory ? directory : P_tmpdir);
    if (!mkdtemp(root))
        return -1;
    snprintf(quiet, sizeof quiet, "%s/quiet", root);
    setenv("HOME", root, 1);
    snprintf(path, sizeof path, "%s/cache.db", root);
    setenv("ASSAY_CACHE", path, 1);
    if (assay_make_directories(quiet, NULL) != ASSAY_OK)
        return -1;
    return chdir(quiet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_appears_and_grows_unannounced),
        cmocka_unit_test(a_store_appears_where_nothing_can_be_watched),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
