/* Files and configuration files of our own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/ini.h>
#include <assay/memory.h>
#include <assay/sha256.h>

#include "support/places.h"

static char *temporary(const char *name)
{
    const char *directory = getenv("TMPDIR");
    return assay_path_join(directory ? directory : P_tmpdir, name);
}

static void test_write_and_read(void **state)
{
    (void)state;
    char *path = temporary("assay-test-file");
    char *bytes;
    size_t length;
    struct assay_error err = {0};
    assert_int_equal(assay_file_write(path, "one\0two", 7, 0600, &err), ASSAY_OK);
    assert_int_equal(assay_file_write(path, "three\0four", 10, 0600, &err), ASSAY_OK);
    assert_int_equal(assay_file_read(path, 10, &bytes, &length, &err), ASSAY_OK);
    assert_int_equal(length, 10);
    assert_memory_equal(bytes, "three\0four", 11);
    free(bytes);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(assay_file_read(path, 9, &bytes, &length, &err), ASSAY_BAD_INPUT);
    assert_null(bytes);
    assay_error_clear(&err);
    unlink(path);
    assert_int_equal(assay_file_read(path, 9, &bytes, &length, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, "assay-test-file: No such file"));
    assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes to it: must not be waited for */
    assert_int_equal(assay_file_read(path, 9, &bytes, &length, NULL), ASSAY_IO);
    unlink(path);
    free(path);
    assert_int_equal(assay_file_write("/nowhere/at/all", "x", 1, 0600, NULL), ASSAY_IO);
}

static void test_directories(void **state)
{
    (void)state;
    char *top = temporary("assay-test-dir");
    char *deep = assay_path_join(top, "a/b//c/");
    struct assay_error err = {0};
    assert_int_equal(assay_make_directories(deep, &err), ASSAY_OK);
    assert_int_equal(assay_make_directories(deep, &err), ASSAY_OK);
    struct stat st;
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    char *file = assay_path_join(deep, "file");
    assert_int_equal(assay_file_write(file, "x", 1, 0644, &err), ASSAY_OK);
    assert_int_equal(assay_make_directories(file, &err), ASSAY_IO);
    assay_error_clear(&err);
    char *under = assay_path_join(file, "under");
    assert_int_equal(assay_make_directories(under, &err), ASSAY_IO);
    unlink(file);
    static const char *const parts[] = {"a/b/c", "a/b", "a", ""};
    for (size_t i = 0; i < ASSAY_COUNT(parts); i++) {
        char *path = assay_path_join(top, parts[i]);
        assert_int_equal(rmdir(path), 0);
        free(path);
    }
    free(under);
    free(file);
    free(deep);
    free(top);
}

static void check_path(char *path, const char *expected)
{
    assert_string_equal(path, expected);
    free(path);
}

static void test_paths(void **state)
{
    (void)state;
    check_path(assay_path_join("a", "b"), "a/b");
    check_path(assay_path_join("a/", "b"), "a/b");
    check_path(assay_path_join("", "b"), "b");
    check_path(assay_path_join("a", "/b"), "/b");
    check_path(assay_path_directory("/a/b"), "/a");
    check_path(assay_path_directory("/a"), "/");
    check_path(assay_path_directory("a"), ".");
}

static enum assay_status collect(void *context, const char *section, const char *key,
                                 const char *value, struct assay_error *err)
{
    if (strcmp(key, "bad") == 0)
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: not a key", key);
    assay_buf_format(context, "%s.%s=%s|", section, key, value);
    return ASSAY_OK;
}

static void check_ini(const char *text, enum assay_status status, const char *expected)
{
    struct assay_buf out = {0};
    struct assay_error err = {0};
    assert_int_equal(assay_ini_parse(text, strlen(text), "x.conf", collect, &out, &err),
                     status);
    assert_string_equal(status == ASSAY_OK ? assay_buf_text(&out) : err.what, expected);
    assay_buf_free(&out);
}

static void test_ini(void **state)
{
    (void)state;
    check_ini("", ASSAY_OK, "");
    check_ini("a = 1\n[s]\n# note\nb=#ff0000 ; red\n\nc: x y\r\n", ASSAY_OK,
              ".a=1|s.b=#ff0000|s.c=x y|");
    check_ini("[s]\nlist = a\n  b\n", ASSAY_OK, "s.list=a|s.list=b|");
    check_ini("a=1\nnonsense\n", ASSAY_BAD_INPUT, "x.conf:2: neither a section nor an entry");
    check_ini("[s\na=1\n", ASSAY_BAD_INPUT, "x.conf:1: neither a section nor an entry");
    check_ini("[s]\na=1\nbad=2\nnonsense\n", ASSAY_BAD_INPUT, "x.conf:3: bad: not a key");
    struct assay_buf out = {0};
    struct assay_error err = {0};
    assert_int_equal(assay_ini_parse("a\0=1", 4, "x.conf", collect, &out, &err),
                     ASSAY_BAD_INPUT);
    assert_string_equal(err.what, "x.conf: not a text file");
    assay_buf_free(&out);
}

/* inih holds 200 bytes of a line; nothing of a longer one may be lost or cut. */
static void test_ini_long_lines(void **state)
{
    (void)state;
    char x[1901], text[8000], expected[8000];
    memset(x, 'x', sizeof x - 1);
    x[sizeof x - 1] = '\0';
    snprintf(text, sizeof text, "a=1\n# %s\n[s]\nlong =  %s  ; note\nb=2\n", x, x);
    snprintf(expected, sizeof expected, ".a=1|s.long=%s|s.b=2|", x);
    check_ini(text, ASSAY_OK, expected);
    snprintf(text, sizeof text, "[s]\nlist = a\n  %s=y\n  b\n  k: %s", x, x);
    snprintf(expected, sizeof expected, "s.list=a|s.list=%s=y|s.list=b|s.list=k: %s|", x, x);
    check_ini(text, ASSAY_OK, expected);
    snprintf(text, sizeof text, "[s]\n  k = %s\n[t]\nk=1", x);
    snprintf(expected, sizeof expected, "s.k=%s|t.k=1|", x);
    check_ini(text, ASSAY_OK, expected);
    snprintf(text, sizeof text, "[s]\nbad = %s\n", x);
    check_ini(text, ASSAY_BAD_INPUT, "x.conf:2: bad: not a key");
    snprintf(text, sizeof text, "a=1\n%s = 1\n", x);
    check_ini(text, ASSAY_BAD_INPUT, "x.conf:2: the name of the entry is too long");
    snprintf(text, sizeof text, "a=1\n[source %.50s]\nplace = y\n", x);
    check_ini(text, ASSAY_BAD_INPUT, "x.conf:2: the name of the section is too long");
}

/* One file for the sources, the keys and the look. */
static void test_config_path(void **state)
{
    (void)state;
    setenv("HOME", "/h", 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("ASSAY_CONFIG");
    check_path(assay_config_path(), "/h/.config/assay/config.ini");
    setenv("XDG_CONFIG_HOME", "relative", 1);
    check_path(assay_config_directory(), "/h/.config/assay");
    setenv("XDG_CONFIG_HOME", "/x", 1);
    check_path(assay_config_path(), "/x/assay/config.ini");
    setenv("ASSAY_CONFIG", "mine", 1);
    check_path(assay_config_path(), "mine");
    unsetenv("ASSAY_CONFIG");
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("HOME");
    assert_null(assay_config_path());
}

static void test_ini_file(void **state)
{
    (void)state;
    char *path = temporary("assay-test-ini");
    struct assay_buf out = {0};
    assert_int_equal(assay_file_write(path, "[s]\na=1\n", 8, 0600, NULL), ASSAY_OK);
    assert_int_equal(assay_ini_read(path, collect, &out, NULL), ASSAY_OK);
    assert_string_equal(assay_buf_text(&out), "s.a=1|");
    unlink(path);
    assert_int_equal(assay_ini_read(path, collect, &out, NULL), ASSAY_IO);
    assert_int_equal(assay_ini_read("/dev/null", collect, &out, NULL), ASSAY_OK);
    assert_int_equal(assay_ini_read("/dev/zero", collect, &out, NULL), ASSAY_IO);
    assay_buf_free(&out);
    free(path);
}

/* ---- inside somebody else's folder ---- */

struct inside {
    const char *path;
    const char *why; /* NULL: it is opened, with 4 bytes */
    bool by_parts;   /* opened as well where openat2 is not to be had */
};
static const struct inside insides[] = {
    {"file", NULL, true},
    {"deep/file", NULL, true},
    {"deep//./file", NULL, true},
    {"to-file", NULL, false},
    {"deep/to-file", NULL, false},
    {"to-deep/file", NULL, false},
    {"../out", "link that leads out", false},
    {"deep/../../out", "link that leads out", false},
    {"to-out", "link that leads out", false},
    {"to-root/etc/passwd", "link that leads out", false},
    {"to-passwd", "link that leads out", false},
    {"loop", "link that leads out", false},
    {"/etc/passwd", "link that leads out", false},
    {"pipe", "not a regular file", false},
    {"deep", "not a regular file", false},
    {"none", "No such file", false},
};

/* Opens each of them; how many went otherwise than they should. */
static int open_all(const char *root, bool by_parts)
{
    int wrong = 0;
    for (size_t i = 0; i < ASSAY_COUNT(insides); i++) {
        const struct inside *one = &insides[i];
        struct assay_error err = {0};
        uint64_t bytes = 0;
        int fd = assay_open_inside(root, one->path, &bytes, &err);
        bool open = !one->why && (one->by_parts || !by_parts);
        bool well = open ? fd >= 0 && bytes == 4 : fd < 0 && err.what[0];
        if (fd < 0 && one->why && !by_parts)
            well = strstr(err.what, one->why) != NULL;
        if (!well)
            fprintf(stderr, "%s: %d %s\n", one->path, fd, err.what);
        wrong += !well;
        if (fd >= 0)
            close(fd);
    }
    return wrong;
}

/* As on an old kernel: openat2 is unknown to it. */
static int open_all_by_parts(void *root)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = ASSAY_COUNT(filter), .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 100;
    return open_all(root, true);
}

static void test_open_inside(void **state)
{
    (void)state;
    char *root = place_new("root"), *bytes;
    size_t length;
    struct assay_error err = {0};
    assert_int_equal(mkdir(root, 0700), 0);
    assert_int_equal(mkdir(place_with(root, "/deep"), 0700), 0);
    place_write(place_with(root, "/file"), "four", 4);
    place_write(place_with(root, "/deep/file"), "four", 4);
    place_write(place_with(root, "/../out"), "out", 3);
    assert_int_equal(symlink("file", place_with(root, "/to-file")), 0);
    assert_int_equal(symlink("../file", place_with(root, "/deep/to-file")), 0);
    assert_int_equal(symlink("deep", place_with(root, "/to-deep")), 0);
    assert_int_equal(symlink("../out", place_with(root, "/to-out")), 0);
    assert_int_equal(symlink("/", place_with(root, "/to-root")), 0);
    assert_int_equal(symlink("/etc/passwd", place_with(root, "/to-passwd")), 0);
    assert_int_equal(symlink("loop", place_with(root, "/loop")), 0);
    assert_int_equal(mkfifo(place_with(root, "/pipe"), 0600), 0);
    assert_int_equal(open_all(root, false), 0);
    assert_int_equal(child_wait(child_start(open_all_by_parts, root)), 0);

    assert_int_equal(assay_file_read_inside(root, "to-file", 4, &bytes, &length, &err),
                     ASSAY_OK);
    assert_string_equal(bytes, "four");
    free(bytes);
    assert_int_equal(assay_file_read_inside(root, "file", 3, &bytes, &length, &err),
                     ASSAY_BAD_INPUT);
    char digest[ASSAY_SHA256_TEXT];
    assert_int_equal(assay_sha256_inside(digest, root, "deep/to-file", NULL), ASSAY_OK);
    assert_string_equal(digest,
                        "04efaf080f5a3e74e1c29d1ca6a48569382cbbcd324e8d59d2b83ef21c039f00");
    assert_int_equal(assay_sha256_inside(digest, root, "to-passwd", NULL), ASSAY_IO);
    /* The folder itself a link. */
    const char *link = place_with(root, "/../linked");
    assert_int_equal(symlink("root", link), 0);
    assay_error_clear(&err);
    assert_int_equal(assay_open_inside(link, "file", NULL, &err), -1);
    assert_non_null(strstr(err.what, "symbolic link"));
    free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_and_read),
        cmocka_unit_test(test_open_inside), cmocka_unit_test(test_directories),
        cmocka_unit_test(test_paths),          cmocka_unit_test(test_ini),
        cmocka_unit_test(test_ini_file),       cmocka_unit_test(test_ini_long_lines),
        cmocka_unit_test(test_config_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
