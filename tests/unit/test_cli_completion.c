/*
 * Completions: the words the program offers, from what it knows already, and what a real bash
 * makes of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/memory.h>

#include "cli/cli.h"
#include "support/mlflow_web.h"
#include "support/places.h"
#include "support/program.h"

#define REGISTRY TEST_DATA "/source/data/registry-2/mlruns"
/* The name of a run that must not become a command. */
#define HOSTILE "a b $(touch pwned) `id` 'c' \"d\""

static char *script; /* the completion, and a driver behind it */
static char *answer; /* what bash completed last, a line each */

static int begin(void **state)
{
    int status = program_begin(state);
    if (status)
        return status;
    assert_int_equal(chdir(getenv("TMPDIR")), 0); /* what lies here is a word, too */
    program_run(NULL, "log", "-e", "nets", "-n", "plain", "-m", "val/loss=1", "-p", "lr=0.1",
                "-t", "team=ads", NULL);
    program_expect(0);
    program_run(NULL, "log", "-e", "nets", "-n", HOSTILE, "-m", "val/acc=1", NULL);
    program_expect(0);
    program_run(NULL, "completion", "bash", NULL);
    program_expect(0);
    struct assay_buf text = {0};
    assay_buf_format(&text,
                     "%s\nCOMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1)) COMPREPLY=()\n_assay\n"
                     "[[ ${COMPREPLY[*]} ]] && printf '%%s\\n' \"${COMPREPLY[@]}\"\nexit 0\n",
                     program_last.out);
    script = place_new("complete.bash");
    place_write(script, text.data, text.length);
    assay_buf_free(&text);
    return 0;
}

static int end(void **state)
{
    free(script);
    free(answer);
    return program_end(state);
}

/* Has bash complete the last of WORDS, which a shell reads, behind "assay". */
static void complete(const char *words)
{
    struct assay_buf text = {0};
    char block[4096];
    size_t count;
    assay_buf_format(&text, "bash '%s' \"$ASSAY_PROGRAM\" %s 2>&1", script, words);
    FILE *pipe = popen(assay_buf_text(&text), "r");
    assert_non_null(pipe);
    assay_buf_reset(&text);
    while ((count = fread(block, 1, sizeof block, pipe)) > 0)
        assay_buf_add(&text, block, count);
    assert_int_equal(pclose(pipe), 0);
    free(answer);
    answer = assay_buf_take(&text);
    if (!answer)
        answer = assay_strdup("");
}

static void expect_line(const char *line)
{
    struct assay_buf all = {0}, wanted = {0};
    assay_buf_format(&all, "\n%s", answer);
    assay_buf_format(&wanted, "\n%s\n", line);
    if (!strstr(assay_buf_text(&all), assay_buf_text(&wanted)))
        fail_msg("%s is not among:%s", line, assay_buf_text(&all));
    assay_buf_free(&all);
    assay_buf_free(&wanted);
}

static void test_commands_and_options(void **state)
{
    (void)state;
    complete("ru");
    assert_string_equal(answer, "runs\n");
    complete("show --for");
    assert_string_equal(answer, "--format\n");
    complete("runs --format j");
    assert_string_equal(answer, "json\n");
    complete("runs --format = j"); /* as bash takes --format=j apart */
    assert_string_equal(answer, "json\n");
    complete("runs --limit ''");
    assert_string_equal(answer, ""); /* a number: nothing is offered, not even files */
    complete("completion z");
    assert_string_equal(answer, "zsh\n");
}

static void test_runs(void **state)
{
    (void)state;
    complete("show nets/p");
    assert_string_equal(answer, "nets/plain\n");
    complete("plot -m val/loss nets/p");
    assert_string_equal(answer, "nets/plain\n");
    complete("show local : nets/p"); /* as bash takes local:nets/p apart */
    assert_string_equal(answer, "nets/plain\n");
    complete("show -S local ''");
    assert_int_equal(program_lines(answer), 4); /* two ids, two names */
    complete("show no-such");
    assert_string_equal(answer, "");
}

/* Whatever a run is called, completing it runs nothing, and the shell reads back its name. */
static void test_hostile_name(void **state)
{
    (void)state;
    char line[512] = "";
    complete("show nets/a");
    assert_int_equal(program_lines(answer), 1);
    snprintf(line, sizeof line, "printf %%s %s", answer);
    FILE *shell = popen(line, "r");
    assert_non_null(shell);
    size_t count = fread(line, 1, sizeof line - 1, shell);
    line[count] = '\0';
    assert_int_equal(pclose(shell), 0);
    assert_string_equal(line, "nets/" HOSTILE);
    complete("show \"'nets/a\""); /* within open quotes it could not be quoted */
    assert_string_equal(answer, "");
    complete("show \"'nets/p\"");
    assert_string_equal(answer, "nets/plain\n");
    assert_int_equal(access("pwned", F_OK), -1);
}

static void test_names(void **state)
{
    (void)state;
    complete("series nets/plain -m val/");
    expect_line("val/loss");
    expect_line("val/acc");
    complete("runs -c name,params.");
    assert_string_equal(answer, "name,params.lr\n");
    complete("runs -s source_");
    assert_string_equal(answer, "source_kind\n");
    complete("runs -c ta");
    assert_string_equal(answer, "tags.team\n");
    complete("runs -e ne");
    assert_string_equal(answer, "nets\n");
    complete("runs -S loc");
    expect_line("local");
}

static void test_models(void **state)
{
    (void)state;
    complete("models -S " REGISTRY " fr");
    assert_string_equal(answer, "fraud\n");
    complete("models -S " REGISTRY " no");
    assert_string_equal(answer, "no\\ versions\n");
}

/* Pressing a key asks no server: what it said last is offered. */
static void test_server(void **state)
{
    (void)state;
    struct fake_mlflow fake = {0};
    struct assay_buf words = {0};
    fake_mlflow_start(&fake, 1, 3, 1, 2);
    assay_buf_format(&words, "show -S %s ''", web_url(fake.web));
    complete(assay_buf_text(&words));
    assert_string_equal(answer, ""); /* not heard of yet */
    assert_int_equal(fake.searches + fake.lists, 0);
    program_run(NULL, "runs", "-S", web_url(fake.web), "--format", "csv", "-c", "id", NULL);
    program_expect(0);
    assert_int_equal(program_lines(program_last.out), 4);
    unsigned asked = fake.searches + fake.histories + fake.bulks + fake.lists;
    complete(assay_buf_text(&words));
    assert_int_equal(program_lines(answer), 6);
    assert_int_equal(fake.searches + fake.histories + fake.bulks + fake.lists, asked);
    fake_mlflow_stop(&fake);
    complete(assay_buf_text(&words)); /* nor need it be there */
    assert_int_equal(program_lines(answer), 6);
    assay_buf_free(&words);
}

/* Where nothing is kept yet nothing is made, and nothing is said. */
static void test_leaves_nothing(void **state)
{
    (void)state;
    static const char *const kinds[] = {"sources", "experiments", "runs",   "metrics",
                                        "params",  "columns",     "models", "requests"};
    char *empty = place_new("empty"), *data = assay_strdup(getenv("XDG_DATA_HOME")),
         *cache = assay_strdup(getenv("XDG_CACHE_HOME"));
    setenv("XDG_DATA_HOME", empty, 1);
    setenv("XDG_CACHE_HOME", empty, 1);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        program_run(NULL, "completion", "words", kinds[i], NULL);
        program_expect(0);
        assert_string_equal(program_last.err, "");
    }
    assert_false(place_exists(empty));
    setenv("XDG_DATA_HOME", data, 1);
    setenv("XDG_CACHE_HOME", cache, 1);
    free(empty);
    free(data);
    free(cache);
    program_run(NULL, "completion", "words", "frobs", NULL);
    program_expect(2);
    program_run(NULL, "completion", "bash", "more", NULL);
    program_expect(2);
}

/* Every option of every command is in the script of every shell. */
static void test_all_options(void **state)
{
    (void)state;
    static const char *const shells[] = {"bash", "zsh", "fish"};
    static const char *const forms[] = {"--", "--", "-l "};
    for (size_t s = 0; s < 3; s++) {
        program_run(NULL, "completion", shells[s], NULL);
        program_expect(0);
        for (const struct cli_command *c = cli_commands; c->name; c++)
            for (const struct cli_option *o = c->options; o->name; o++) {
                char text[80];
                snprintf(text, sizeof text, "%s%s", forms[s], o->name);
                assert_non_null(strstr(program_last.out, text));
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_and_options),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_hostile_name),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_server),
        cmocka_unit_test(test_leaves_nothing),
        cmocka_unit_test(test_all_options),
    };
    return cmocka_run_group_tests_name("completions", tests, begin, end);
}
