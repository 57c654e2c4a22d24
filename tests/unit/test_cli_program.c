/* The real program as scripts use it: what it prints, what it exits with, what it leaves
 * behind. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include <assay/buf.h>
#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>

#define MOST_ARGUMENTS 24

struct result {
    int status;
    char *out, *err;
    size_t out_length;
};
static struct result last; /* of the latest run(); the next one frees it */

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

static void start_program(char **argv)
{
    const char *program = getenv("ASSAY_PROGRAM");
    execv(program, argv);
    _exit(99);
}

/* Runs the program with INPUT (may be NULL) and the arguments, ended by NULL. Returns its exit
   status, or 1000 and the signal. */
static int run(const char *input, ...)
{
    char *argv[MOST_ARGUMENTS] = {(char *)(uintptr_t) "assay"};
    va_list args;
    va_start(args, input);
    for (size_t i = 1; (argv[i] = va_arg(args, char *)) != NULL; i++)
        assert_true(i + 1 < MOST_ARGUMENTS);
    va_end(args);
    FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
    assert_true(in && out && err);
    fputs(input ? input : "", in);
    rewind(in);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fileno(in), 0);
        dup2(fileno(out), 1);
        dup2(fileno(err), 2);
        start_program(argv);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    fclose(in);
    free(last.out);
    free(last.err);
    size_t ignored;
    last.out = take_file(out, &last.out_length);
    last.err = take_file(err, &ignored);
    last.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    return last.status;
}

static void expect(int status)
{
    if (last.status != status)
        fail_msg("exit status %d, not %d; standard error: %s", last.status, status, last.err);
}

static json_t *output_json(void)
{
    json_error_t why;
    json_t *json = json_loads(last.out, JSON_REJECT_DUPLICATES, &why);
    if (!json)
        fail_msg("no JSON: %s at %d:%d in %.300s", why.text, why.line, why.column, last.out);
    return json;
}

static size_t lines_of(const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* ---- usage ---- */

static void test_usage(void **state)
{
    (void)state;
    run(NULL, "--version", NULL);
    expect(0);
    assert_int_equal(strncmp(last.out, "assay ", 6), 0);
    run(NULL, "--help", NULL);
    expect(0);
    assert_non_null(strstr(last.out, "\n  runs "));
    assert_string_equal(last.err, "");
    run(NULL, "runs", "--help", NULL);
    expect(0);
    assert_int_equal(strncmp(last.out, "usage: assay runs ", 18), 0);
    run(NULL, "runs", "--fromat", NULL);
    expect(2);
    assert_string_equal(last.out, "");
    assert_string_equal(last.err, "assay: runs: unknown option --fromat\n"
                                  "  assay runs --help lists what it takes\n");
    run(NULL, "--nonsense", NULL);
    expect(2);
    run(NULL, "show", NULL);
    expect(2);
    run(NULL, "ls", "-S", "/nowhere/at/all", NULL);
    expect(2);
    assert_non_null(strstr(last.err, "assay: /nowhere/at/all: no such file"));
}

/* ---- the demo, and everything on what it logged ---- */

static void test_demo(void **state)
{
    (void)state;
    run(NULL, "demo", NULL);
    expect(0);
    assert_int_equal(strncmp(last.out, "12 runs of the experiment spirals", 33), 0);
    run(NULL, "runs", "-S", "local", "--format", "json", NULL);
    expect(0);
    json_t *json = output_json(), *runs = json_object_get(json, "runs"), *run_json;
    size_t i, failed = 0;
    assert_int_equal(json_array_size(runs), 12);
    json_array_foreach(runs, i, run_json)
    {
        json_t *metrics = json_object_get(run_json, "metrics");
        json_t *loss = json_object_get(metrics, "train/loss");
        const char *status = json_string_value(json_object_get(run_json, "status"));
        assert_int_equal(strlen(json_string_value(json_object_get(run_json, "id"))), 32);
        assert_string_equal(
            json_string_value(json_object_get(json_object_get(run_json, "source"), "kind")),
            "local");
        assert_true(json_is_integer(json_object_get(run_json, "start_ms")));
        assert_true(json_integer_value(json_object_get(loss, "n")) > 30);
        if (strcmp(status, "FAILED") == 0) {
            failed++;
            assert_string_equal(json_string_value(json_object_get(loss, "last")), "NaN");
            assert_true(json_integer_value(json_object_get(loss, "nonfinite")) > 0);
            assert_true(json_is_real(json_object_get(loss, "min")));
        } else {
            assert_string_equal(status, "FINISHED");
        }
    }
    assert_true(failed >= 1 && failed <= 4);
    json_decref(json);
}

static void test_ls(void **state)
{
    (void)state;
    run(NULL, "ls", "-S", "local", "--format", "json", NULL);
    expect(0);
    json_t *json = output_json(),
           *first = json_array_get(json_object_get(json, "experiments"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "name")), "spirals");
    assert_int_equal(json_integer_value(json_object_get(first, "runs")), 12);
    assert_true(json_is_integer(json_object_get(first, "last_ms")));
    assert_string_equal(json_string_value(json_object_get(first, "lifecycle")), "active");
    json_decref(json);
    run(NULL, "ls", "-S", "local", "--format", "csv", NULL);
    expect(0);
    assert_int_equal(
        strncmp(last.out, "id,name,source_kind,source,runs,last_ms,lifecycle\n", 50), 0);
    run(NULL, "ls", "-S", "local", NULL);
    expect(0);
    assert_non_null(strstr(last.out, "spirals"));
}

static void test_runs(void **state)
{
    (void)state;
    run(NULL, "runs", "-S", "local", "--format", "csv", "-c",
        "name,metrics.val/loss@min,params.lr", "-f", "params.lr = '0.1'", "-s",
        "metrics.val/loss@min", NULL);
    expect(0);
    assert_int_equal(lines_of(last.out), 5);
    assert_int_equal(strncmp(last.out, "name,metrics.val/loss@min,params.lr\n", 36), 0);
    double before = 0;
    for (char *line = strchr(last.out, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        double value = strtod(strchr(line, ',') + 1, NULL);
        assert_true(value >= before);
        before = value;
    }
    run(NULL, "runs", "-S", "local", "-n", "3", NULL);
    expect(0);
    assert_int_equal(lines_of(last.out), 4);
    assert_null(strchr(last.out, '\x1b')); /* no terminal: no colour */
    run(NULL, "runs", "-S", "local", "--format", "md", "-n", "1", NULL);
    expect(0);
    assert_int_equal(lines_of(last.out), 3);
    assert_int_equal(strncmp(last.out, "| id | name |", 13), 0);
    run(NULL, "runs", "-S", "local", "-e", "spirals", "--format", "json", NULL);
    expect(0);
    run(NULL, "runs", "-S", "local", "-e", "circles", NULL);
    expect(2);
}

static void test_runs_that_match_nothing(void **state)
{
    (void)state;
    run(NULL, "runs", "-S", "local", "-f", "params.lr = 'nine'", "--format", "json", NULL);
    expect(0);
    json_t *json = output_json();
    assert_int_equal(json_array_size(json_object_get(json, "runs")), 0);
    json_decref(json);
    run(NULL, "runs", "-S", "local", "-f", "params.lr = 'nine'", "--fail-empty", NULL);
    expect(1);
    run(NULL, "runs", "-S", "local", "-f", "params.lr = '0.1'", "--fail-empty", NULL);
    expect(0);
}

/* A slip in a key must not give another order, or an empty column, in silence. */
static void test_keys_that_nothing_has(void **state)
{
    (void)state;
    run(NULL, "runs", "-S", "local", "-s", "trian/loss", NULL);
    expect(2);
    assert_string_equal(last.out, "");
    assert_non_null(strstr(last.err, "assay: trian/loss: no column of that name"));
    run(NULL, "runs", "-S", "local", "-c", "name,nothing", NULL);
    expect(2);
    assert_non_null(strstr(last.err, "assay: nothing: "));
    run(NULL, "runs", "-S", "local", "-s", "metrics.train/loss@median", "-n", "1", NULL);
    expect(0); /* written out: it may yet be logged */
    assert_string_equal(last.err, "assay: no run has metrics.train/loss@median\n");
    assert_int_equal(lines_of(last.out), 2);
    run(NULL, "runs", "-S", "local", "-s", "train/loss@min:desc", "-c", "name,params.lr", NULL);
    expect(0);
    assert_string_equal(last.err, "");
}

static void test_wrong_filter(void **state)
{
    (void)state;
    run(NULL, "runs", "-S", "local", "-f", "metrics.loss < and", NULL);
    expect(2);
    assert_string_equal(last.out, "");
    assert_int_equal(strncmp(last.err, "assay: ", 7), 0);
    char *shown = strstr(last.err, "\n  metrics.loss < and\n");
    assert_non_null(shown);
    char *mark = strchr(shown + 2, '\n');
    assert_int_equal(strspn(mark + 1, " "), 2 + strlen("metrics.loss < "));
    assert_int_equal(mark[1 + 2 + strlen("metrics.loss < ")], '^');
    run(NULL, "runs", "-S", "local", "-s", "", NULL);
    expect(2);
}

static void test_show(void **state)
{
    (void)state;
    static const char *const members[] = {
        "id",   "name",   "experiment", "source", "status", "params",    "metrics",
        "tags", "inputs", "outputs",    "models", "notes",  "artifacts", "system"};
    run(NULL, "show", "-S", "local", "spirals/lr0.1-seed1", "--format", "json", NULL);
    expect(0);
    json_t *json = output_json();
    for (size_t i = 0; i < ASSAY_COUNT(members); i++)
        assert_non_null(json_object_get(json, members[i]));
    char id[40];
    snprintf(id, sizeof id, "%.8s", json_string_value(json_object_get(json, "id")));
    json_decref(json);
    run(NULL, "show", "-S", "local", id, NULL);
    expect(0);
    assert_int_equal(strncmp(last.out, "lr0.1-seed1\n", 12), 0);
    run(NULL, "show", "-S", "local", id, "--format", "csv", NULL);
    expect(0);
    assert_non_null(strstr(last.out, "\nparams,lr,0.1\n"));
    run(NULL, "show", "-S", "local", "spirals/nothing", NULL);
    expect(2);
    run(NULL, "show", "-S", "local", "spirals/lr0", NULL); /* no prefix of names */
    expect(2);
}

static void test_series(void **state)
{
    (void)state;
    run(NULL, "series", "-S", "local", "spirals/lr0.6-seed2", "-m", "train/loss", "--format",
        "json", NULL);
    expect(0);
    json_t *json = output_json(), *series = json_array_get(json_object_get(json, "series"), 0);
    json_t *points = json_object_get(series, "points");
    size_t count = json_array_size(points);
    assert_string_equal(json_string_value(json_object_get(series, "metric")), "train/loss");
    assert_int_equal(json_integer_value(json_object_get(series, "n")), count);
    run(NULL, "series", "-S", "local", "spirals/lr0.6-seed2", "-m", "train/loss", "--format",
        "csv", NULL);
    expect(0);
    assert_int_equal(lines_of(last.out), count + 1);
    assert_int_equal(strncmp(last.out, "metric,step,time_ms,value\n", 26), 0);
    const char *line = last.out + 26;
    for (size_t i = 0; i < count; i++, line = strchr(line, '\n') + 1) {
        json_t *point = json_array_get(points, i), *value = json_array_get(point, 2);
        long long step, time_ms;
        char text[64];
        assert_int_equal(sscanf(line, "train/loss,%lld,%lld,%63[^\n]", &step, &time_ms, text),
                         3);
        assert_int_equal(step, json_integer_value(json_array_get(point, 0)));
        assert_int_equal(time_ms, json_integer_value(json_array_get(point, 1)));
        if (json_is_string(value))
            assert_string_equal(json_string_value(value), text);
        else
            assert_true(json_number_value(value) == strtod(text, NULL));
    }
    json_decref(json);
    run(NULL, "series", "-S", "local", "spirals/lr0.6-seed2", NULL);
    expect(0);
    run(NULL, "series", "-S", "local", "spirals/lr0.6-seed2", "-m", "nothing", NULL);
    expect(2);
    assert_string_equal(last.out, "");
}

/* ---- plots ---- */

static void test_plot(void **state)
{
    (void)state;
    const char *name = "spirals/lr0.1-seed1";
    run(NULL, "plot", "-S", "local", name, "-m", "train/loss", "--size", "60x15", NULL);
    expect(0);
    assert_non_null(strstr(last.out, "train/loss"));
    assert_non_null(strstr(last.out, "\xe2\xa0")); /* some braille */
    assert_null(strchr(last.out, '\x1b'));
    run(NULL, "plot", "-S", "local", name, "-m", "train/loss", "--as", "ascii", "--logy", NULL);
    expect(0);
    for (size_t i = 0; i < last.out_length; i++)
        assert_true((unsigned char)last.out[i] < 0x80);
    run(NULL, "plot", "-S", "local", name, "-m", "train/loss", "--as", "png", "--smooth", "0.9",
        NULL);
    expect(0);
    assert_memory_equal(last.out, "\x89PNG\r\n\x1a\n", 8);
    run(NULL, "plot", "-S", "local", name, "-m", "val/loss", "--as", "svg", "--x", "relative",
        NULL);
    expect(0);
    assert_non_null(strstr(last.out, "<svg"));
    run(NULL, "plot", "-S", "local", name, "-m", "val/loss", "--as", "sixel", NULL);
    expect(0);
    assert_non_null(strstr(last.out, "\x1bP"));
    assert_non_null(strstr(last.out, "\x1b\\"));
    /* One of two has the metric: it is drawn, and the other named. */
    run(NULL, "plot", "-S", "local", name, "-m", "val/loss", "-m", "nothing", NULL);
    expect(2);
    assert_true(last.out_length > 0);
    assert_non_null(strstr(last.err, "no metric nothing"));
    run(NULL, "plot", "-S", "local", name, NULL);
    expect(2);
    run(NULL, "plot", "-S", "local", name, "-m", "val/loss", "--size", "5x5", NULL);
    expect(2);
}

static void test_plot_to_a_file(void **state)
{
    (void)state;
    const char *directory = getenv("TMPDIR");
    char *path = assay_path_join(directory ? directory : P_tmpdir, "assay-plot.png"), *bytes;
    size_t length;
    run(NULL, "plot", "-S", "local", "spirals/lr0.1-seed1", "-m", "lr", "--as", "png", "-o",
        path, NULL);
    expect(0);
    assert_int_equal(last.out_length, 0);
    assert_int_equal(assay_file_read(path, 1 << 24, &bytes, &length, NULL), ASSAY_OK);
    assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
    free(bytes);
    unlink(path);
    free(path);
}

/* ---- in a terminal ---- */

struct terminal {
    int fd;
    pid_t pid;
    struct assay_buf seen;
    int status;
};

/* Runs `assay plot` in a terminal that answers DA1 with REPLY ("" not at all). */
static void in_terminal(struct terminal *t, const char *reply)
{
    struct winsize size = {.ws_col = 80, .ws_row = 24, .ws_xpixel = 800, .ws_ypixel = 480};
    t->pid = forkpty(&t->fd, NULL, NULL, &size);
    assert_true(t->pid >= 0);
    if (t->pid == 0) {
        char *argv[] = {(char *)(uintptr_t) "assay",
                        (char *)(uintptr_t) "plot",
                        (char *)(uintptr_t) "-S",
                        (char *)(uintptr_t) "local",
                        (char *)(uintptr_t) "spirals/lr0.1-seed1",
                        (char *)(uintptr_t) "-m",
                        (char *)(uintptr_t) "lr",
                        NULL};
        start_program(argv);
    }
    bool answered = false;
    for (;;) {
        char block[65536];
        struct pollfd ready = {.fd = t->fd, .events = POLLIN};
        if (poll(&ready, 1, 20000) <= 0)
            break;
        ssize_t count = read(t->fd, block, sizeof block);
        if (count <= 0)
            break; /* EIO: it has ended */
        assay_buf_add(&t->seen, block, (size_t)count);
        if (!answered && *reply && strstr(assay_buf_text(&t->seen), "\x1b[c")) {
            answered = true;
            assert_int_equal(write(t->fd, reply, strlen(reply)), (ssize_t)strlen(reply));
        }
    }
    assert_int_equal(waitpid(t->pid, &t->status, 0), t->pid);
}

static void terminal_end(struct terminal *t)
{
    close(t->fd);
    assay_buf_free(&t->seen);
}

static void test_terminal_with_sixel(void **state)
{
    (void)state;
    struct terminal t = {0};
    in_terminal(&t, "\x1b[6;20;10t\x1b[?1;0;256S\x1b[?62;4;22c");
    assert_int_equal(t.status, 0);
    assert_non_null(strstr(assay_buf_text(&t.seen), "\x1bP"));
    terminal_end(&t);
}

static void test_terminal_without_sixel(void **state)
{
    (void)state;
    struct terminal t = {0};
    in_terminal(&t, "\x1b[?64;1;2;6;22c");
    assert_int_equal(t.status, 0);
    assert_null(strstr(assay_buf_text(&t.seen), "\x1bP"));
    assert_non_null(strstr(assay_buf_text(&t.seen), "\xe2\xa0"));
    terminal_end(&t);
}

static void test_terminal_that_is_silent(void **state)
{
    (void)state;
    struct terminal t = {0};
    int64_t start = assay_monotonic_us();
    in_terminal(&t, "");
    assert_int_equal(t.status, 0);
    assert_true(assay_monotonic_us() - start < 10000000);
    assert_null(strstr(assay_buf_text(&t.seen), "\x1bP"));
    terminal_end(&t);
}

/* ---- logging and tracking ---- */

static void start_run(char id[40])
{
    run(NULL, "log", "-e", "by hand", "-n", "one", "-p", "lr=0.5", NULL);
    expect(0);
    assert_int_equal(strlen(last.out), 33);
    snprintf(id, 40, "%.32s", last.out);
}

static void test_log(void **state)
{
    (void)state;
    char id[40];
    start_run(id);
    run(NULL, "log", id, "-m", "loss=0.25", "-m", "acc=nan", "--step", "7", "--time", "1000",
        "-t", "note=a=b", NULL);
    expect(0);
    run("{\"step\": 8, \"time_ms\": 2000, \"metrics\": {\"loss\": 0.1, \"acc\": "
        "\"-Infinity\"}}\n"
        "\n{\"params\": {\"n\": 3, \"x\": 0.1, \"ok\": true}, \"tags\": {\"k\": \"v\"}}",
        "log", id, "--json", "--finish", "finished", NULL);
    expect(0);
    run(NULL, "show", "-S", "local", "by hand/one", "--format", "json", NULL);
    expect(0);
    json_t *json = output_json(), *params = json_object_get(json, "params"),
           *metrics = json_object_get(json, "metrics");
    assert_string_equal(json_string_value(json_object_get(json, "status")), "FINISHED");
    assert_string_equal(json_string_value(json_object_get(params, "lr")), "0.5");
    assert_string_equal(json_string_value(json_object_get(params, "n")), "3");
    assert_string_equal(json_string_value(json_object_get(params, "x")), "0.1");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "tags"), "note")), "a=b");
    json_t *loss = json_object_get(metrics, "loss"), *acc = json_object_get(metrics, "acc");
    assert_true(json_number_value(json_object_get(loss, "last")) == 0.1);
    assert_int_equal(json_integer_value(json_object_get(loss, "time_ms")), 2000);
    assert_string_equal(json_string_value(json_object_get(acc, "last")), "-Infinity");
    assert_string_equal(json_string_value(json_object_get(acc, "min")), "NaN");
    assert_int_equal(json_integer_value(json_object_get(acc, "nonfinite")), 2);
    json_decref(json);
}

static void test_log_misuse(void **state)
{
    (void)state;
    char id[40];
    start_run(id);
    static const char *const lines[] = {
        "{\"metrics\": {\"loss\": 1}}\n{\"metrics\": {\"loss\": \"high\"}}\n",
        "{\"metrics\": {\"loss\": 1}}\n[1]\n",
        "{\"metrics\": {\"loss\": 1}}\n{\"metrics\": \n",
        "{\"metrics\": {\"loss\": 1}}\n{\"metric\": {}}\n",
        "{\"metrics\": {\"loss\": 1}}\n{\"step\": 1.5}\n",
    };
    for (size_t i = 0; i < ASSAY_COUNT(lines); i++) {
        run(lines[i], "log", id, "--json", NULL);
        expect(2);
        assert_int_equal(strncmp(last.err, "assay: standard input:2", 23), 0);
    }
    run(NULL, "series", "-S", "local", id, "-m", "loss", "--format", "csv", NULL);
    expect(0); /* what stood before the line at fault was kept each time */
    assert_int_equal(lines_of(last.out), 1 + ASSAY_COUNT(lines));
    run(NULL, "log", id, "-p", "novalue", NULL);
    expect(2);
    run(NULL, "log", id, "-m", "loss=high", NULL);
    expect(2);
    run(NULL, "log", "-m", "loss=1", NULL);
    expect(2);
    run(NULL, "log", "00000000000000000000000000000000", "-m", "loss=1", NULL);
    expect(2);
    run(NULL, "log", id, "-p", "lr=0.6", NULL); /* set before, to something else */
    expect(2);
}

static void check_tracked(const char *name, const char *status)
{
    char ref[64];
    snprintf(ref, sizeof ref, "tracking/%s", name);
    run(NULL, "show", "-S", "local", ref, "--format", "json", NULL);
    expect(0);
    json_t *json = output_json();
    assert_string_equal(json_string_value(json_object_get(json, "status")), status);
    assert_true(json_is_integer(json_object_get(json, "end_ms")));
    json_decref(json);
}

static void test_track(void **state)
{
    (void)state;
    run(NULL, "track", "-e", "tracking", "-n", "good", "-p", "a=1", "--", "sh", "-c",
        "echo run=$ASSAY_RUN; $ASSAY_PROGRAM log -m x=2", NULL);
    expect(0);
    assert_int_equal(strncmp(last.out, "run=", 4), 0);
    assert_int_equal(strlen(last.out), 4 + 32 + 1);
    check_tracked("good", "FINISHED");
    run(NULL, "series", "-S", "local", "tracking/good", "-m", "x", "--format", "csv", NULL);
    expect(0);
    assert_int_equal(lines_of(last.out), 2);
    run(NULL, "track", "-e", "tracking", "-n", "bad", "sh", "-c", "exit 7", NULL);
    expect(7);
    check_tracked("bad", "FAILED");
    run(NULL, "track", "-e", "tracking", "-n", "shot", "sh", "-c", "kill -TERM $$", NULL);
    expect(128 + SIGTERM);
    check_tracked("shot", "KILLED");
    run(NULL, "track", "-e", "tracking", "-n", "none", "no-such-program-at-all", NULL);
    expect(2);
    check_tracked("none", "FAILED");
}

/* ---- files of others ---- */

static void put(const char *directory, const char *name, const char *text)
{
    char *path = assay_path_join(directory, name), *above = assay_path_directory(path);
    assert_int_equal(assay_make_directories(above, NULL), ASSAY_OK);
    assert_int_equal(assay_file_write(path, text, strlen(text), 0600, NULL), ASSAY_OK);
    free(above);
    free(path);
}

static void put_run(const char *root, const char *id, const char *name, const char *stage)
{
    struct assay_buf text = {0}, path = {0};
    assay_buf_format(
        &text,
        "artifact_uri: %s/1/%s/artifacts\nend_time: 2000\nexperiment_id: '1'\n"
        "lifecycle_stage: %s\nrun_id: %s\nrun_name: %s\nstart_time: 1000\nstatus: 3\n"
        "user_id: ann\n",
        root, id, stage, id, name);
    assay_buf_format(&path, "1/%s/meta.yaml", id);
    put(root, path.data, text.data);
    assay_buf_reset(&path);
    assay_buf_format(&path, "1/%s/metrics/loss", id);
    put(root, path.data, "1000 0.5 0\n1001 0.25 1\n");
    assay_buf_reset(&path);
    assay_buf_format(&path, "1/%s/params/lr", id);
    put(root, path.data, "0.1");
    assay_buf_reset(&path);
    assay_buf_format(&path, "1/%s/artifacts/out/notes.txt", id);
    put(root, path.data, "line\n\x1b[31mred\n");
    assay_buf_free(&text);
    assay_buf_free(&path);
}

static char *make_mlruns(void)
{
    const char *directory = getenv("TMPDIR");
    char *root = assay_path_join(directory ? directory : P_tmpdir, "assay-cli/mlruns");
    put(root, "1/meta.yaml",
        "artifact_location: x\ncreation_time: 1\nexperiment_id: '1'\nlast_update_time: 1\n"
        "lifecycle_stage: active\nname: digits\n");
    put_run(root, "aaaa000000000000000000000000000a", "first", "active");
    put_run(root, "bbbb000000000000000000000000000b", "second", "deleted");
    return root;
}

static void test_mlflow_files(void **state)
{
    (void)state;
    char *root = make_mlruns();
    run(NULL, "runs", "-S", root, "--format", "csv", "-c",
        "name,metrics.loss,params.lr,lifecycle", NULL);
    expect(0);
    assert_string_equal(last.out,
                        "name,metrics.loss,params.lr,lifecycle\nfirst,0.25,0.1,active\n");
    run(NULL, "runs", "-S", root, "--format", "csv", "-c", "name,lifecycle", "--deleted", "-s",
        "name:asc", NULL);
    expect(0);
    assert_string_equal(last.out, "name,lifecycle\nfirst,active\nsecond,deleted\n");
    run(NULL, "series", "-S", root, "aaaa", "--format", "csv", NULL);
    expect(0);
    assert_string_equal(last.out,
                        "metric,step,time_ms,value\nloss,0,1000,0.5\nloss,1,1001,0.25\n");
    free(root);
}

static void test_artifacts(void **state)
{
    (void)state;
    char *root = make_mlruns(), *bytes;
    size_t length;
    run(NULL, "artifacts", "-S", root, "digits/first", "--format", "json", NULL);
    expect(0);
    json_t *json = output_json(), *items = json_object_get(json, "artifacts");
    assert_int_equal(json_array_size(items), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(items, 1), "path")),
                        "out/notes.txt");
    json_decref(json);
    run(NULL, "artifacts", "-S", root, "aaaa", "out/notes.txt", NULL);
    expect(0);
    assert_string_equal(last.out, "line\n\x1b[31mred\n"); /* bytes, since this is no terminal */
    char *copy = assay_path_join(root, "../copy.txt");
    run(NULL, "artifacts", "-S", root, "aaaa", "out/notes.txt", "-o", copy, NULL);
    expect(0);
    assert_int_equal(assay_file_read(copy, 100, &bytes, &length, NULL), ASSAY_OK);
    assert_int_equal(length, 14);
    free(bytes);
    free(copy);
    run(NULL, "artifacts", "-S", root, "aaaa", "../meta.yaml", NULL);
    expect(2);
    run(NULL, "artifacts", "-S", root, "aaaa", "out", "-o", "x", NULL);
    expect(2);
    free(root);
}

/* A store copied from elsewhere: its runs are whole, their artifacts are somewhere else. */
static void test_artifacts_elsewhere(void **state)
{
    (void)state;
    const char *directory = getenv("TMPDIR");
    char *root = assay_path_join(directory ? directory : P_tmpdir, "assay-cli-far/mlruns");
    put(root, "1/meta.yaml", "artifact_location: x\nexperiment_id: '1'\nname: far\n");
    put(root, "1/cccc000000000000000000000000000c/meta.yaml",
        "artifact_uri: s3://bucket/cccc\nexperiment_id: '1'\nlifecycle_stage: active\n"
        "run_id: cccc000000000000000000000000000c\nrun_name: far\nstart_time: 1000\n"
        "status: 3\n");
    put(root, "1/cccc000000000000000000000000000c/metrics/loss", "1000 0.5 0\n");
    put(root, "1/cccc000000000000000000000000000c/params/lr", "1");
    run(NULL, "show", "-S", root, "cccc", "--format", "json", NULL);
    expect(0);
    assert_string_equal(last.err, "");
    json_t *json = output_json();
    assert_true(json_is_null(json_object_get(json, "artifacts")));
    assert_string_equal(json_string_value(json_object_get(json, "artifact_uri")),
                        "s3://bucket/cccc");
    json_decref(json);
    run(NULL, "artifacts", "-S", root, "cccc", NULL);
    expect(3);
    free(root);
}

/* A configured source that has gone is missed, not forgotten. */
static void test_configured_source_missing(void **state)
{
    (void)state;
    const char *directory = getenv("TMPDIR"), *before = getenv("ASSAY_CONFIG");
    char *root = make_mlruns();
    char *config = assay_path_join(directory ? directory : P_tmpdir, "assay-cli/config.ini");
    struct assay_buf text = {0};
    assay_buf_format(&text, "[source here]\nplace = %s\n[source gone]\nplace = /no/such\n",
                     root);
    put(directory ? directory : P_tmpdir, "assay-cli/config.ini", text.data);
    assert_null(before);
    setenv("ASSAY_CONFIG", config, 1);
    run(NULL, "ls", NULL);
    expect(3);
    assert_non_null(strstr(last.out, "digits")); /* what is there is shown */
    assert_non_null(strstr(last.err, "assay: gone: /no/such: No such file"));
    run(NULL, "ls", "-S", "here", NULL);
    expect(0);
    unsetenv("ASSAY_CONFIG");
    assay_buf_free(&text);
    free(config);
    free(root);
}

static void test_damage_is_named(void **state)
{
    (void)state;
    char *root = make_mlruns();
    put(root, "1/aaaa000000000000000000000000000a/metrics/loss",
        "1000 0.5 0\nwhat is this\n1001 0.25 1\n");
    run(NULL, "runs", "-S", root, "--format", "csv", "-c", "name,metrics.loss", NULL);
    expect(3);
    assert_string_equal(last.out, "name,metrics.loss\nfirst,0.25\n"); /* the rest is there */
    assert_int_equal(strncmp(last.err, "assay: ", 7), 0);
    assert_non_null(strstr(last.err, "metrics/loss"));
    run(NULL, "doctor", "-S", root, "--format", "json", NULL);
    expect(3);
    json_t *json = output_json();
    assert_true(json_is_false(json_object_get(json, "works")));
    json_decref(json);
    free(root);
}

/* ---- endings ---- */

static void test_doctor(void **state)
{
    (void)state;
    run(NULL, "doctor", "-S", "local", NULL);
    expect(0);
    static const char *const parts[] = {"terminal", "sources", "store",
                                        "cache",    "keys",    "servers"};
    for (size_t i = 0; i < ASSAY_COUNT(parts); i++)
        assert_non_null(strstr(last.out, parts[i]));
    run(NULL, "doctor", "-S", "local", "--format", "csv", NULL);
    expect(0);
    assert_int_equal(strncmp(last.out, "section,name,state,detail,advice\n", 33), 0);
}

static void test_backup(void **state)
{
    (void)state;
    char *to = assay_path_join(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", "copy of it.db");
    unlink(to);
    run(NULL, "backup", to, NULL);
    expect(0);
    assert_non_null(strstr(last.out, "copy of it.db: "));
    assert_non_null(strstr(last.out, "checked\n"));
    run(NULL, "backup", to, NULL);
    expect(3);
    assert_non_null(strstr(last.err, "is there already"));
    run(NULL, "backup", NULL);
    expect(2);
    unlink(to);
    free(to);
}

static void test_completion(void **state)
{
    (void)state;
    run(NULL, "completion", "bash", NULL);
    expect(0);
    char *script = assay_strdup(last.out);
    FILE *bash = popen("bash -n", "w");
    assert_non_null(bash);
    fputs(script, bash);
    assert_int_equal(pclose(bash), 0);
    free(script);
    run(NULL, "completion", "zsh", NULL);
    expect(0);
    assert_int_equal(strncmp(last.out, "#compdef assay\n", 15), 0);
    run(NULL, "completion", "fish", NULL);
    expect(0);
    assert_non_null(strstr(last.out, "-l fail-empty"));
    run(NULL, "completion", "tcsh", NULL);
    expect(2);
}

/* Nobody reads on: the program stops and says nothing. */
static void test_reader_goes_away(void **state)
{
    (void)state;
    int ends[2], status;
    char first[64], error[256];
    FILE *err = tmpfile();
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[] = {(char *)(uintptr_t) "assay",
                        (char *)(uintptr_t) "series",
                        (char *)(uintptr_t) "-S",
                        (char *)(uintptr_t) "local",
                        (char *)(uintptr_t) "spirals/lr0.1-seed1",
                        NULL};
        dup2(ends[1], 1);
        dup2(fileno(err), 2);
        close(ends[0]);
        close(ends[1]);
        start_program(argv);
    }
    close(ends[1]);
    assert_true(read(ends[0], first, sizeof first) > 0);
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    rewind(err);
    assert_int_equal(fread(error, 1, sizeof error, err), 0);
    fclose(err);
}

static void test_full_disk(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0)
        skip();
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[] = {(char *)(uintptr_t) "assay", (char *)(uintptr_t) "--help", NULL};
        int full = open("/dev/full", O_WRONLY), null = open("/dev/null", O_WRONLY);
        dup2(full, 1);
        dup2(null, 2);
        start_program(argv);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 3);
}

static void test_interrupt(void **state)
{
    (void)state;
    int in[2], out[2], status;
    char id[40];
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char *argv[] = {(char *)(uintptr_t) "assay",  (char *)(uintptr_t) "log",
                        (char *)(uintptr_t) "-e",     (char *)(uintptr_t) "stopped",
                        (char *)(uintptr_t) "--json", NULL};
        signal(SIGINT, SIG_DFL);
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        start_program(argv);
    }
    close(in[0]);
    close(out[1]);
    assert_int_equal(read(out[0], id, sizeof id), 33); /* it is up, and waits for lines */
    assert_int_equal(kill(pid, SIGINT), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 130);
    close(in[1]);
    close(out[0]);
}

static int end(void **state)
{
    (void)state;
    free(last.out);
    free(last.err);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_demo), /* the following ones look at what it logged */
        cmocka_unit_test(test_ls),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_runs_that_match_nothing),
        cmocka_unit_test(test_keys_that_nothing_has),
        cmocka_unit_test(test_wrong_filter),
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_series),
        cmocka_unit_test(test_plot),
        cmocka_unit_test(test_plot_to_a_file),
        cmocka_unit_test(test_terminal_with_sixel),
        cmocka_unit_test(test_terminal_without_sixel),
        cmocka_unit_test(test_terminal_that_is_silent),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_log_misuse),
        cmocka_unit_test(test_track),
        cmocka_unit_test(test_mlflow_files),
        cmocka_unit_test(test_artifacts),
        cmocka_unit_test(test_artifacts_elsewhere),
        cmocka_unit_test(test_configured_source_missing),
        cmocka_unit_test(test_damage_is_named),
        cmocka_unit_test(test_doctor),
        cmocka_unit_test(test_backup),
        cmocka_unit_test(test_completion),
        cmocka_unit_test(test_reader_goes_away),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_interrupt),
    };
    if (!getenv("ASSAY_PROGRAM")) {
        fprintf(stderr, "ASSAY_PROGRAM names no program\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, end);
}
