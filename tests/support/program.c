/*
 * Running the real program (program.h).
 */
#include "support/program.h"

#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/memory.h>

struct program_result program_last;

static char *take_file(FILE *file, size_t *length)
{
    struct assay_buf buf = {0};
    char block[65536];
    size_t count;
    rewind(file);
    while ((count = fread(block, 1, sizeof block, file)) > 0)
        assay_buf_add(&buf, block, count);
    fclose(file);
    *length = buf.length;
    return assay_buf_take(&buf);
}

void program_become(char **argv)
{
    const char *program = getenv("ASSAY_PROGRAM");
    execv(program, argv);
    _exit(99);
}

int program_run(const char *input, ...)
{
    char *argv[PROGRAM_ARGUMENTS] = {(char *)(uintptr_t) "assay"};
    va_list args;
    va_start(args, input);
    for (size_t i = 1; (argv[i] = va_arg(args, char *)) != NULL; i++)
        assert_true(i + 1 < PROGRAM_ARGUMENTS);
    va_end(args);
    return program_run_list(input, argv);
}

int program_run_list(const char *input, char **argv)
{
    FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
    assert_true(in && out && err);
    fputs(input ? input : "", in);
    rewind(in);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fileno(in), 0);
        dup2(fileno(out), 1);
        dup2(fileno(err), 2);
        program_become(argv);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    fclose(in);
    free(program_last.out);
    free(program_last.err);
    size_t ignored;
    program_last.out = take_file(out, &program_last.out_length);
    program_last.err = take_file(err, &ignored);
    program_last.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    return program_last.status;
}

int program_run_terminal(char **argv)
{
    const struct winsize size = {.ws_col = 150, .ws_row = 40};
    struct assay_buf seen = {0};
    char block[65536];
    ssize_t count;
    int fd, status;
    pid_t pid = forkpty(&fd, NULL, NULL, &size);
    assert_true(pid >= 0);
    if (pid == 0)
        program_become(argv);
    while ((count = read(fd, block, sizeof block)) > 0) /* EIO: it has ended */
        assay_buf_add(&seen, block, (size_t)count);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(fd);
    free(program_last.out);
    free(program_last.err);
    program_last.out_length = seen.length;
    program_last.out = assay_buf_take(&seen);
    program_last.err = assay_strdup("(in the terminal)");
    program_last.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    return program_last.status;
}

void program_expect(int status)
{
    if (program_last.status != status)
        fail_msg("exit status %d, not %d; standard error: %s", program_last.status, status,
                 program_last.err);
}

void program_says(const char *text)
{
    if (!strstr(program_last.out, text))
        fail_msg("no \"%s\" in:\n%s\n%s", text, program_last.out, program_last.err);
}

void program_refutes(const char *text)
{
    if (strstr(program_last.out, text))
        fail_msg("\"%s\" in:\n%s\n%s", text, program_last.out, program_last.err);
}

void program_complains(const char *text)
{
    if (!strstr(program_last.err, text))
        fail_msg("no \"%s\" in: %s", text, program_last.err);
}

json_t *program_json(void)
{
    json_error_t why;
    json_t *json = json_loads(program_last.out, JSON_REJECT_DUPLICATES, &why);
    if (!json)
        fail_msg("no JSON: %s at %d:%d in %.300s", why.text, why.line, why.column,
                 program_last.out);
    return json;
}

size_t program_lines(const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

int program_begin(void **state)
{
    (void)state;
    if (getenv("ASSAY_PROGRAM"))
        return 0;
    fprintf(stderr, "ASSAY_PROGRAM names no program\n");
    return 1;
}

int program_end(void **state)
{
    (void)state;
    free(program_last.out);
    free(program_last.err);
    program_last = (struct program_result){0};
    return 0;
}
