/* The real program as scripts use it: what it prints, what it exits with, what it leaves
 * behind. */
#include <fcntl.h>
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include <assay/buf.h>
#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>

#include "cli/cli.h"

#include "support/places.h"
#include "support/program.h"

/* ---- usage ---- */

static void test_usage(void **state)
{
    (void)state;
    program_run(NULL, "--version", NULL);
    program_expect(0);
    assert_int_equal(strncmp(program_last.out, "assay ", 6), 0);
    program_run(NULL, "--help", NULL);
    program_expect(0);
    assert_non_null(strstr(program_last.out, "\n  runs "));
    assert_string_equal(program_last.err, "");
    program_run(NULL, "runs", "--help", NULL);
    program_expect(0);
    assert_int_equal(strncmp(program_last.out, "usage: assay runs ", 18), 0);
    program_run(NULL, "runs", "--fromat", NULL);
    program_expect(2);
    assert_string_equal(program_last.out, "");
    assert_string_equal(program_last.err, "assay: runs: unknown option --fromat\n"
                                          "  assay runs --help lists what it takes\n");
    program_run(NULL, "--nonsense", NULL);
    program_expect(2);
    program_run(NULL, "-S", "mlruns", NULL); /* what every command takes, meant for none */
    program_expect(2);
    assert_string_equal(program_last.err,
                        "assay: unknown option -S\n"
                        "  the workbench takes sources as they are: assay SOURCE...\n");
    program_run(NULL, "show", NULL);
    program_expect(2);
    program_run(NULL, "request", NULL);
    program_expect(2); /* whatever is missing, where to look is said */
    assert_string_equal(program_last.err, "assay: request: --model is missing\n"
                                          "  assay request --help lists what it takes\n");
    program_run(NULL, "ls", "-S", "/nowhere/at/all", NULL);
    program_expect(2);
    assert_non_null(strstr(program_last.err, "assay: /nowhere/at/all: no such file"));
}

/* ---- the demo, and everything on what it logged ---- */

static void test_demo(void **state)
{
    (void)state;
    program_run(NULL, "demo", NULL);
    program_expect(0);
    assert_int_equal(strncmp(program_last.out, "12 runs of the experiment spirals", 33), 0);
    program_run(NULL, "runs", "-S", "local", "--format", "json", NULL);
    program_expect(0);
    json_t *json = program_json(), *runs = json_object_get(json, "runs"), *run_json;
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
    program_run(NULL, "ls", "-S", "local", "--format", "json", NULL);
    program_expect(0);
    json_t *json = program_json(),
           *first = json_array_get(json_object_get(json, "experiments"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "name")), "spirals");
    assert_int_equal(json_integer_value(json_object_get(first, "runs")), 12);
    assert_true(json_is_integer(json_object_get(first, "last_ms")));
    assert_string_equal(json_string_value(json_object_get(first, "lifecycle")), "active");
    json_decref(json);
    program_run(NULL, "ls", "-S", "local", "--format", "csv", NULL);
    program_expect(0);
    assert_int_equal(
        strncmp(program_last.out, "id,name,source_kind,source,runs,last_ms,lifecycle\n", 50),
        0);
    program_run(NULL, "ls", "-S", "local", NULL);
    program_expect(0);
    assert_non_null(strstr(program_last.out, "spirals"));
}

static void test_runs(void **state)
{
    (void)state;
    program_run(NULL, "runs", "-S", "local", "--format", "csv", "-c",
                "name,metrics.val/loss@min,params.lr", "-f", "params.lr = '0.1'", "-s",
                "metrics.val/loss@min", NULL);
    program_expect(0);
    assert_int_equal(program_lines(program_last.out), 5);
    assert_int_equal(strncmp(program_last.out, "name,metrics.val/loss@min,params.lr\n", 36), 0);
    double before = 0;
    for (char *line = strchr(program_last.out, '\n') + 1; *line;
         line = strchr(line, '\n') + 1) {
        double value = strtod(strchr(line, ',') + 1, NULL);
        assert_true(value >= before);
        before = value;
    }
    program_run(NULL, "runs", "-S", "local", "-n", "3", NULL);
    program_expect(0);
    assert_int_equal(program_lines(program_last.out), 4);
    assert_null(strchr(program_last.out, '\x1b')); /* no terminal: no colour */
    program_run(NULL, "runs", "-S", "local", "--format", "md", "-n", "1", NULL);
    program_expect(0);
    assert_int_equal(program_lines(program_last.out), 3);
    assert_int_equal(strncmp(program_last.out, "| id | name |", 13), 0);
    program_run(NULL, "runs", "-S", "local", "-e", "spirals", "--format", "json", NULL);
    program_expect(0);
    program_run(NULL, "runs", "-S", "local", "-e", "circles", NULL);
    program_expect(2);
}

static void test_runs_that_match_nothing(void **state)
{
    (void)state;
    program_run(NULL, "runs", "-S", "local", "-f", "params.lr = 'nine'", "--format", "json",
                NULL);
    program_expect(0);
    json_t *json = program_json();
    assert_int_equal(json_array_size(json_object_get(json, "runs")), 0);
    json_decref(json);
    program_run(NULL, "runs", "-S", "local", "-f", "params.lr = 'nine'", "--fail-empty", NULL);
    program_expect(1);
    program_run(NULL, "runs", "-S", "local", "-f", "params.lr = '0.1'", "--fail-empty", NULL);
    program_expect(0);
}

/* A slip in a key must not give another order, or an empty column, in silence. */
static void test_keys_that_nothing_has(void **state)
{
    (void)state;
    program_run(NULL, "runs", "-S", "local", "-s", "trian/loss", NULL);
    program_expect(2);
    assert_string_equal(program_last.out, "");
    assert_non_null(strstr(program_last.err, "assay: trian/loss: no column of that name"));
    program_run(NULL, "runs", "-S", "local", "-c", "name,nothing", NULL);
    program_expect(2);
    assert_non_null(strstr(program_last.err, "assay: nothing: "));
    program_run(NULL, "runs", "-S", "local", "-s", "metrics.train/loss@median", "-n", "1",
                NULL);
    program_expect(0); /* written out: it may yet be logged */
    assert_string_equal(program_last.err, "assay: no run has metrics.train/loss@median\n");
    assert_int_equal(program_lines(program_last.out), 2);
    program_run(NULL, "runs", "-S", "local", "-s", "train/loss@min:desc", "-c",
                "name,params.lr", NULL);
    program_expect(0);
    assert_string_equal(program_last.err, "");
}

/* Nor must one in a filter find nothing in silence; the name may yet be logged, so it is taken. */
static void test_filters_that_nothing_has(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *err;
        size_t runs;
    } cases[] = {
        {"metrics.loss < 1000",
         "assay: no run has metrics.loss\n"
         "  did you mean metrics.train/loss or metrics.val/loss?\n",
         0},
        {"metrics.`val/accuracy` > 0 or params.sed = 1",
         "assay: no run has params.sed\n  did you mean params.seed?\n", 12},
        {"tags.archived IS NULL", "", 12},
        {"params.seed = 77", "", 0},
    };
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        program_run(NULL, "runs", "-S", "local", "-f", cases[i].filter, "--format", "csv", NULL);
        program_expect(0);
        assert_string_equal(program_last.err, cases[i].err);
        assert_int_equal(program_lines(program_last.out), cases[i].runs + 1);
        program_run(NULL, "runs", "-S", "local", "-f", cases[i].filter, "--format", "csv",
                    "--fail-empty", NULL);
        program_expect(cases[i].runs ? 0 : 1);
    }
    program_run(NULL, "compare", "-S", "local", "-f", "params.seed = 1 or params.lrr = 1",
                NULL);
    program_expect(0);
    program_complains("no run has params.lrr\n  did you mean params.lr?");
}

/* What the first line of CSV is with these columns. */
static void expect_head(const char *columns, const char *head)
{
    program_run(NULL, "runs", "-S", "local", "-c", columns, "-n", "0", "--format", "csv", NULL);
    program_expect(0);
    assert_string_equal(program_last.out, head);
}

/* A name alone is the same in a filter, a column and a sort key. The demo logs the metrics
   train/loss, val/loss, val/accuracy and lr, and has a param lr. */
static void test_names_alone(void **state)
{
    (void)state;
    expect_head("name,accuracy", "name,accuracy\n");
    expect_head("batch_size,source_kind", "batch_size,source_kind\n");
    program_run(NULL, "runs", "-S", "local", "-c", "loss@min", "-n", "0", "--format", "csv",
                NULL);
    program_expect(0);
    assert_non_null(strstr(program_last.out, "metrics.train/loss@min"));
    assert_non_null(strstr(program_last.out, "metrics.val/loss@min"));
    assert_int_equal(program_lines(program_last.out), 1);
    expect_head("lr", "metrics.lr,params.lr\n");
    program_run(NULL, "runs", "-S", "local", "-c", "batch_size,metrics.val/accuracy", "-f",
                "accuracy > 0.5", "-s", "accuracy", "--format", "csv", NULL);
    program_expect(0);
    char *alone = assay_strdup(program_last.out);
    assert_non_null(strstr(alone, "\n32,")); /* a param, not a metric that nothing has */
    program_run(NULL, "runs", "-S", "local", "-c", "params.batch_size,metrics.val/accuracy",
                "-f", "metrics.val/accuracy > 0.5", "-s", "metrics.val/accuracy", "--format",
                "csv", NULL);
    program_expect(0);
    assert_string_equal(strchr(alone, '\n'), strchr(program_last.out, '\n'));
    free(alone);
    program_run(NULL, "runs", "-S", "local", "-s", "loss", NULL);
    program_expect(2);
    assert_non_null(strstr(program_last.err, "assay: the sort key 'loss' may be one of 2\n"));
    assert_non_null(strstr(program_last.err, "metrics.val/loss"));
    program_run(NULL, "runs", "-S", "local", "-s", "lr", "-n", "1", NULL);
    program_expect(0);
}

static void test_wrong_filter(void **state)
{
    (void)state;
    program_run(NULL, "runs", "-S", "local", "-f", "metrics.loss < and", NULL);
    program_expect(2);
    assert_string_equal(program_last.out, "");
    assert_int_equal(strncmp(program_last.err, "assay: ", 7), 0);
    char *shown = strstr(program_last.err, "\n  metrics.loss < and\n");
    assert_non_null(shown);
    char *mark = strchr(shown + 2, '\n');
    assert_int_equal(strspn(mark + 1, " "), 2 + strlen("metrics.loss < "));
    assert_int_equal(mark[1 + 2 + strlen("metrics.loss < ")], '^');
    program_run(NULL, "runs", "-S", "local", "-s", "", NULL);
    program_expect(2);
    /* A name without a kind is known, or not, once the runs have been read. */
    program_run(NULL, "runs", "-S", "local", "-f", "lr >= 0 and nowhere < 3", NULL);
    program_expect(2);
    assert_string_equal(program_last.out, "");
    assert_non_null(strstr(program_last.err,
                           "assay: no run has a param, metric or tag 'nowhere'\n"
                           "  lr >= 0 and nowhere < 3\n"
                           "              ^\n"));
    program_run(NULL, "runs", "-S", "local", "-f", "lr = 0.1", "--fail-empty", NULL);
    program_expect(0);
}

static void test_show(void **state)
{
    (void)state;
    static const char *const members[] = {
        "id",   "name",   "experiment", "source", "status", "params",    "metrics",
        "tags", "inputs", "outputs",    "models", "notes",  "artifacts", "system"};
    program_run(NULL, "show", "-S", "local", "spirals/lr0.1-seed1", "--format", "json", NULL);
    program_expect(0);
    json_t *json = program_json();
    for (size_t i = 0; i < ASSAY_COUNT(members); i++)
        assert_non_null(json_object_get(json, members[i]));
    char id[40];
    snprintf(id, sizeof id, "%.8s", json_string_value(json_object_get(json, "id")));
    json_decref(json);
    program_run(NULL, "show", "-S", "local", id, NULL);
    program_expect(0);
    assert_int_equal(strncmp(program_last.out, "lr0.1-seed1\n", 12), 0);
    program_run(NULL, "show", "-S", "local", id, "--format", "csv", NULL);
    program_expect(0);
    assert_non_null(strstr(program_last.out, "\nparams,lr,0.1\n"));
    program_run(NULL, "show", "-S", "local", "spirals/nothing", NULL);
    program_expect(2);
    program_run(NULL, "show", "-S", "local", "spirals/lr0", NULL); /* no prefix of names */
    program_expect(2);
}

static void test_series(void **state)
{
    (void)state;
    program_run(NULL, "series", "-S", "local", "spirals/lr0.6-seed2", "-m", "train/loss",
                "--format", "json", NULL);
    program_expect(0);
    json_t *json = program_json(), *series = json_array_get(json_object_get(json, "series"), 0);
    json_t *points = json_object_get(series, "points");
    size_t count = json_array_size(points);
    assert_string_equal(json_string_value(json_object_get(series, "metric")), "train/loss");
    assert_int_equal(json_integer_value(json_object_get(series, "n")), count);
    program_run(NULL, "series", "-S", "local", "spirals/lr0.6-seed2", "-m", "train/loss",
                "--format", "csv", NULL);
    program_expect(0);
    assert_int_equal(program_lines(program_last.out), count + 1);
    assert_int_equal(strncmp(program_last.out, "metric,step,time_ms,value\n", 26), 0);
    const char *line = program_last.out + 26;
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
    program_run(NULL, "series", "-S", "local", "spirals/lr0.6-seed2", NULL);
    program_expect(0);
    program_run(NULL, "series", "-S", "local", "spirals/lr0.6-seed2", "-m", "nothing", NULL);
    program_expect(2);
    assert_string_equal(program_last.out, "");
}

/* ---- plots ---- */

static void test_plot(void **state)
{
    (void)state;
    const char *name = "spirals/lr0.1-seed1";
    program_run(NULL, "plot", "-S", "local", name, "-m", "train/loss", "--size", "60x15", NULL);
    program_expect(0);
    assert_non_null(strstr(program_last.out, "train/loss"));
    assert_non_null(strstr(program_last.out, "\xe2\xa0")); /* some braille */
    assert_null(strchr(program_last.out, '\x1b'));
    program_run(NULL, "plot", "-S", "local", name, "-m", "train/loss", "--as", "ascii",
                "--logy", NULL);
    program_expect(0);
    for (size_t i = 0; i < program_last.out_length; i++)
        assert_true((unsigned char)program_last.out[i] < 0x80);
    program_run(NULL, "plot", "-S", "local", name, "-m", "train/loss", "--as", "png",
                "--smooth", "0.9", NULL);
    program_expect(0);
    assert_memory_equal(program_last.out, "\x89PNG\r\n\x1a\n", 8);
    program_run(NULL, "plot", "-S", "local", name, "-m", "val/loss", "--as", "svg", "--x",
                "relative", NULL);
    program_expect(0);
    assert_non_null(strstr(program_last.out, "<svg"));
    program_run(NULL, "plot", "-S", "local", name, "-m", "val/loss", "--as", "sixel", NULL);
    program_expect(0);
    assert_non_null(strstr(program_last.out, "\x1bP"));
    assert_non_null(strstr(program_last.out, "\x1b\\"));
    /* One of two has the metric: it is drawn, and the other named. */
    program_run(NULL, "plot", "-S", "local", name, "-m", "val/loss", "-m", "nothing", NULL);
    program_expect(2);
    assert_true(program_last.out_length > 0);
    assert_non_null(strstr(program_last.err, "no metric nothing"));
    program_run(NULL, "plot", "-S", "local", name, NULL);
    program_expect(2);
    program_run(NULL, "plot", "-S", "local", name, "-m", "val/loss", "--size", "5x5", NULL);
    program_expect(2);
}

static void test_plot_to_a_file(void **state)
{
    (void)state;
    const char *directory = getenv("TMPDIR");
    char *path = assay_path_join(directory ? directory : P_tmpdir, "assay-plot.png"), *bytes;
    size_t length;
    program_run(NULL, "plot", "-S", "local", "spirals/lr0.1-seed1", "-m", "lr", "--as", "png",
                "-o", path, NULL);
    program_expect(0);
    assert_int_equal(program_last.out_length, 0);
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
        program_become(argv);
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

/* ---- endings ---- */

/* What to do about it fits what is wrong: only a word that is no source may be a command. */
static void test_hints_of_the_workbench(void **state)
{
    (void)state;
    program_run(NULL, "no-such-word", NULL);
    program_expect(2);
    program_complains("no-such-word: no such file");
    program_complains("assay --help lists the commands");
    program_run(NULL, "local", NULL);
    program_expect(2);
    program_complains("needs a terminal");
    program_complains("for pipes and scripts there are commands");
}

static void test_backup(void **state)
{
    (void)state;
    char *to = assay_path_join(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", "copy of it.db");
    unlink(to);
    program_run(NULL, "backup", to, NULL);
    program_expect(0);
    assert_non_null(strstr(program_last.out, "copy of it.db: "));
    assert_non_null(strstr(program_last.out, "checked\n"));
    program_run(NULL, "backup", to, NULL);
    program_expect(3);
    assert_non_null(strstr(program_last.err, "is there already"));
    program_run(NULL, "backup", NULL);
    program_expect(2);
    unlink(to);
    free(to);
}

/* The same sources may be given to every command: where none is read they change nothing, and
   commands that write say that they do not write there. */
static void test_sources_that_are_not_read(void **state)
{
    (void)state;
    static const char *const lines[][6] = {
        {"queue"},
        {"keys"},
        {"policy", "show"},
        {"review", "0123456"},
        {"sign", "0123456", "--approve", "-m", "good"},
        {"apply", "0123456"},
        {"sync", "/nowhere/at/all"},
        {"log", "-m", "loss=1"},
        {"track", "--", "echo", "done"},
        {"register", "/nowhere/at/all"},
        {"backup", "/"},
    };
    static const char note[] =
        ": the source that was given has no effect: the local store is meant\n";
    for (size_t i = 0; i < ASSAY_COUNT(lines); i++) {
        char *argv[10] = {(char *)"assay", (char *)lines[i][0]};
        for (size_t k = 1; k < 6; k++)
            argv[k + 1] = (char *)lines[i][k];
        int status = program_run_list(NULL, argv);
        char *out = assay_strdup(program_last.out), *err = assay_strdup(program_last.err);
        argv[2] = (char *)"-S";
        argv[3] = (char *)"http://name:secret@127.0.0.1:9";
        for (size_t k = 1; k < 6; k++)
            argv[k + 3] = (char *)lines[i][k];
        assert_int_equal(program_run_list(NULL, argv), status);
        assert_string_equal(program_last.out, out);
        bool writes = cli_find_command(lines[i][0])->only_local;
        const char *said = strstr(program_last.err, note);
        assert_true(writes == (said != NULL));
        assert_string_equal(said ? said + strlen(note) : program_last.err, err);
        assert_null(strstr(program_last.err, "secret"));
        free(out);
        free(err);
    }
    program_run(NULL, "host", "-S", "/nowhere/at/all", NULL);
    program_expect(0);
    assert_string_equal(program_last.err, "");
    program_run(NULL, "log", "-S", "local", "-e", "new", NULL);
    program_expect(0);
    assert_string_equal(program_last.err, "");
}

static void test_completion(void **state)
{
    (void)state;
    program_run(NULL, "completion", "bash", NULL);
    program_expect(0);
    char *script = assay_strdup(program_last.out);
    FILE *bash = popen("bash -n", "w");
    assert_non_null(bash);
    fputs(script, bash);
    assert_int_equal(pclose(bash), 0);
    free(script);
    program_run(NULL, "completion", "zsh", NULL);
    program_expect(0);
    assert_int_equal(strncmp(program_last.out, "#compdef assay\n", 15), 0);
    program_run(NULL, "completion", "fish", NULL);
    program_expect(0);
    assert_non_null(strstr(program_last.out, "-l fail-empty"));
    program_run(NULL, "completion", "tcsh", NULL);
    program_expect(2);
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
        program_become(argv);
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

/* With its standard streams closed no file of its own takes their place, and what could not be
   printed is no success. */
static void test_closed_output(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        for (int fd = 0; fd <= 2; fd++)
            close(fd);
        execl(getenv("ASSAY_PROGRAM"), "assay", "runs", "-S", "local", (char *)NULL);
        _exit(99);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
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
        program_become(argv);
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
        program_become(argv);
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

static int demo(void *store)
{
    char *argv[] = {(char *)(uintptr_t) "assay", (char *)(uintptr_t) "demo",
                    (char *)(uintptr_t) "--no-open", NULL};
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nowhere, 1);
    dup2(nowhere, 2);
    setenv("ASSAY_STORE", store, 1);
    signal(SIGTERM, SIG_DFL);
    program_become(argv);
    return 99;
}

/* Whenever the demo is ended, no run is left behind that would be running for ever. */
static void test_demo_is_ended(void **state)
{
    (void)state;
    char *store = place_new("store.db");
    int status = 0;
    bool ended = false, running = false;
    pid_t pid = child_start(demo, store);
    setenv("ASSAY_STORE", store, 1);
    while (!ended && !running) {
        program_run(NULL, "runs", "-S", "local", "--format", "csv", "-c", "status", NULL);
        running = strstr(program_last.out, "RUNNING") != NULL;
        ended = waitpid(pid, &status, WNOHANG) == pid;
    }
    if (!ended) {
        assert_int_equal(kill(pid, SIGTERM), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
    }
    assert_true(WIFEXITED(status)); /* with 0 where it had just come to its end */
    assert_true(WEXITSTATUS(status) == 130 || WEXITSTATUS(status) == 0);
    program_run(NULL, "runs", "-S", "local", "--format", "csv", "-c", "status", NULL);
    program_expect(0);
    assert_null(strstr(program_last.out, "RUNNING"));
    unsetenv("ASSAY_STORE");
    free(store);
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
        cmocka_unit_test(test_filters_that_nothing_has),
        cmocka_unit_test(test_names_alone),
        cmocka_unit_test(test_wrong_filter),
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_series),
        cmocka_unit_test(test_plot),
        cmocka_unit_test(test_plot_to_a_file),
        cmocka_unit_test(test_terminal_with_sixel),
        cmocka_unit_test(test_terminal_without_sixel),
        cmocka_unit_test(test_terminal_that_is_silent),
        cmocka_unit_test(test_hints_of_the_workbench),
        cmocka_unit_test(test_backup),
        cmocka_unit_test(test_sources_that_are_not_read),
        cmocka_unit_test(test_completion),
        cmocka_unit_test(test_reader_goes_away),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_closed_output),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_demo_is_ended),
    };
    return cmocka_run_group_tests(tests, program_begin, program_end);
}
