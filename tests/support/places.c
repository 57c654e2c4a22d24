/*
 * Fresh directories, files and children for tests.
 */
#include "support/places.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

#include <cmocka.h>

#include <assay/buf.h>

char *place_new(const char *name)
{
    struct assay_buf buf = {0};
    const char *base = getenv("TMPDIR");

    assay_buf_format(&buf, "%s/assay-test-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(buf.data));
    assay_buf_format(&buf, "/%s", name);
    return assay_buf_take(&buf);
}

const char *place_with(const char *path, const char *end)
{
    static struct assay_buf ring[16];
    static size_t next;
    struct assay_buf *buf = &ring[next++ % 16];
    assay_buf_reset(buf);
    assay_buf_format(buf, "%s%s", path, end);
    return assay_buf_text(buf);
}

bool place_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

unsigned place_mode(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

void place_write(const char *path, const void *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    close(fd);
}

char *place_read(const char *path, size_t *length)
{
    struct assay_buf buf = {0};
    char block[65536];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (ssize_t n; (n = read(fd, block, sizeof block)) > 0;) {
        assay_buf_add(&buf, block, (size_t)n);
    }
    close(fd);
    *length = buf.length;
    return assay_buf_take(&buf);
}

pid_t child_start(int (*fn)(void *context), void *context)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(fn(context));
    }
    return pid;
}

int child_wait(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void child_drop_powers(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}, {0}};
    (void)syscall(SYS_capset, &head, none);
}

static void set_effective(bool all)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};

    assert_int_equal(syscall(SYS_capget, &head, data), 0);
    for (size_t i = 0; i < 2; i++)
        data[i].effective = all ? data[i].permitted : 0;
    assert_int_equal(syscall(SYS_capset, &head, data), 0);
}

void powers_lay_down(void)
{
    set_effective(false);
}

void powers_take_up(void)
{
    set_effective(true);
}

void child_limit_files(size_t limit)
{
    struct rlimit bound = {.rlim_cur = limit, .rlim_max = RLIM_INFINITY};
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)setrlimit(RLIMIT_FSIZE, &bound);
}
