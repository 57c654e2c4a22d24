/* The code between two commits: what is said, and that a hostile repository runs nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/code.h>
#include <assay/file.h>
#include <assay/memory.h>

static char *folder, *script;
static char first[80], second[80];

static void put(const char *name, const char *text)
{
    char *path = assay_path_join(folder, name);
    assert_int_equal(assay_file_write(path, text, strlen(text), 0755, NULL), ASSAY_OK);
    free(path);
}

/* Runs git in the folder; its first line goes to OUT (of 80 bytes; may be NULL). */
static void git(char *out, const char *a, const char *b, const char *c)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        setenv("GIT_AUTHOR_NAME", "a", 1);
        setenv("GIT_AUTHOR_EMAIL", "a@b", 1);
        setenv("GIT_COMMITTER_NAME", "a", 1);
        setenv("GIT_COMMITTER_EMAIL", "a@b", 1);
        dup2(ends[1], 1);
        if (chdir(folder) == 0)
            execl("/usr/bin/git", "git", a, b, c, (char *)NULL);
        _exit(99);
    }
    close(ends[1]);
    char block[200];
    ssize_t got = read(ends[0], block, sizeof block - 1);
    close(ends[0]);
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    block[got > 0 ? got : 0] = '\0';
    block[strcspn(block, "\n")] = '\0';
    if (out)
        snprintf(out, 80, "%.79s", block);
}

static int make(void **state)
{
    (void)state;
    char *file;
    folder = assay_path_join(getenv("TMPDIR"), "repository");
    script = assay_path_join(folder, "train.py");
    mkdir(folder, 0700);
    git(NULL, "init", "-q", NULL);
    put("train.py", "lr = 0.1\n");
    put(".gitattributes", "*.py diff=evil filter=evil\n");
    git(NULL, "add", ".", NULL);
    git(NULL, "commit", "-qm", "first");
    git(first, "rev-parse", "HEAD", NULL);
    put("train.py", "lr = 0.001\n");
    git(NULL, "commit", "-qam", "a smaller step");
    git(second, "rev-parse", "HEAD", NULL);
    /* Everything a repository can make git run leaves a mark. */
    put("evil.sh", "#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\ncat\n");
    file = assay_path_join(folder, "evil.sh");
    static const char *const keys[] = {
        "diff.external", "diff.evil.command", "diff.evil.textconv", "core.fsmonitor",
        "core.pager",    "gpg.program",       "filter.evil.smudge", "filter.evil.clean"};
    for (size_t i = 0; i < ASSAY_COUNT(keys); i++)
        git(NULL, "config", keys[i], file);
    git(NULL, "config", "log.showSignature", "true");
    free(file);
    return 0;
}

static void only_commits_are_asked_for(void **state)
{
    (void)state;
    static const char *const bad[] = {"",       "HEAD",     "--output=/tmp/x", "-p123456",
                                      "abc123", "main@{1}", "abc1234;ls",      "abc1234 "};
    for (size_t i = 0; i < ASSAY_COUNT(bad); i++)
        assert_false(assay_code_commit(bad[i]));
    assert_true(assay_code_commit("abc1234"));
    assert_true(assay_code_commit(first));
    struct assay_buf out = {0};
    struct assay_error err = {0};
    assert_int_equal(assay_code_diff(folder, "--output=x", second, &out, &err), ASSAY_NO);
    assay_buf_free(&out);
}

static void what_changed_is_said_and_nothing_runs(void **state)
{
    (void)state;
    const char *const places[] = {"", "/no/such/folder", script, NULL};
    struct assay_buf out = {0};
    struct assay_error err = {0};
    char *found;
    assert_int_equal(assay_code_find(places, first, second, &found, &err), ASSAY_OK);
    assert_string_equal(found, folder);
    assert_int_equal(assay_code_diff(found, first, second, &out, &err), ASSAY_OK);
    const char *text = assay_buf_text(&out);
    assert_non_null(strstr(text, "1 commit from "));
    assert_non_null(strstr(text, "a: a smaller step"));
    assert_non_null(strstr(text, "1 file changed"));
    assert_non_null(strstr(text, "\n-lr = 0.1\n+lr = 0.001\n"));
    assay_buf_reset(&out);
    assert_int_equal(assay_code_diff(found, second, first, &out, &err), ASSAY_OK);
    assert_non_null(strstr(assay_buf_text(&out), "0 commits from "));
    assert_non_null(strstr(assay_buf_text(&out), ", 1 the other way"));
    char *ran = assay_path_join(folder, "ran");
    assert_int_not_equal(access(ran, F_OK), 0);
    free(ran);
    free(found);
    assay_buf_free(&out);
}

static void what_is_not_here_is_said(void **state)
{
    (void)state;
    const char *const places[] = {script, NULL}, *const none[] = {"", NULL};
    struct assay_error err = {0};
    char *found;
    assert_int_equal(assay_code_find(places, first, "0123456789abcdef", &found, &err),
                     ASSAY_NO);
    assert_null(found);
    assert_non_null(strstr(err.what, "no repository here has both"));
    assert_int_equal(assay_code_find(none, first, second, &found, &err), ASSAY_NO);
}

static int clear(void **state)
{
    (void)state;
    free(folder);
    free(script);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_commits_are_asked_for),
        cmocka_unit_test(what_changed_is_said_and_nothing_runs),
        cmocka_unit_test(what_is_not_here_is_said),
    };
    return cmocka_run_group_tests_name("code", tests, make, clear);
}
