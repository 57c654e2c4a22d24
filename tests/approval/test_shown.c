/*
 * What the commands of approvals print on a terminal, in every format: nothing of what others
 * wrote acts on it. Words, evidence, policies and reasons here are full of what would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "support/good.h"
#include "support/program.h"
#include "support/world.h"

/* A colour, a title, a C1 sequence, a line that turns around, one that goes back to its start.
 */
#define BAD                                                                                    \
    "\x1b[31mred \x1b]0;title\x07 \xc2\x9b"                                                    \
    "35m \xe2\x80\xaeturned \rback \x7f"
#define BAD_ONE                                                                                \
    "\x1b[31mred \xc2\x9b"                                                                     \
    "35m \xe2\x80\xaeturned"

static struct world world;
static char id[17];

static char *put(const char *name, const char *bytes, size_t length)
{
    char *path = world_path(&world, name);
    GOOD(assay_file_write(path, bytes, length, 0600, good));
    return path;
}

static int start(void **state)
{
    static const char policy[] = "# " BAD_ONE "\n" WORLD_POLICY;
    static const char lines[] = "one " BAD "\ntwo\n", bytes[] = "\0\x1b[31m";
    struct assay_ledger *ledger;
    char *evidence[2];
    if (program_begin(state) != 0)
        return 1;
    world_start(&world, policy);
    setenv("ASSAY_STORE", world.store, 1);
    setenv("NO_COLOR", "1", 1);
    evidence[0] = put("report.txt", lines, sizeof lines - 1);
    evidence[1] = put("model.bin", bytes, sizeof bytes - 1);
    const char *given[] = {evidence[0], evidence[1]};
    ledger = world_open(&world, "rex");
    const struct assay_request_options options = {.model = "fraud",
                                                  .version = "2",
                                                  .target = "alias:champion",
                                                  .words = "lower loss " BAD,
                                                  .evidence = given,
                                                  .evidence_count = 2};
    GOOD(assay_request_send(ledger, &options, id, good));
    assay_ledger_close(&ledger);
    ledger = world_open(&world, "val");
    const struct assay_decision decision = {.verdict = ASSAY_COMMENT, .reason = "so " BAD};
    GOOD(assay_request_decide(ledger, id, &decision, good));
    assay_ledger_close(&ledger);
    free(evidence[0]);
    free(evidence[1]);
    return 0;
}

static int stop(void **state)
{
    world_stop(&world);
    unsetenv("ASSAY_STORE");
    unsetenv("NO_COLOR");
    return program_end(state);
}

/* Every line is as a terminal may have it. */
static void expect_clean(const char *what)
{
    const char *at = program_last.out, *end = at + program_last.out_length;
    assert_true(at < end);
    while (at < end) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        struct assay_buf clean = {0};
        size_t length = (size_t)((line ? line : end) - at);
        if (length > 0 && at[length - 1] == '\r')
            length--;
        assay_text_clean(&clean, at, length);
        if (clean.length != length || memcmp(clean.data ? clean.data : "", at, length) != 0)
            fail_msg("%s: not as it is to be shown: %s", what, assay_buf_text(&clean));
        assay_buf_free(&clean);
        at = line ? line + 1 : end;
    }
}

/* The words of COMMAND, "REQ" being the request, as val in a terminal. */
static void expect(int status, const char *command, const char *format)
{
    char key[400], words[300];
    char *argv[PROGRAM_ARGUMENTS] = {(char *)(uintptr_t) "assay"}, *rest = NULL;
    size_t count = 1;
    snprintf(key, sizeof key, "%s/val.pub", world.agent.directory);
    snprintf(words, sizeof words, "%s%s%s", command, format ? " --format " : "",
             format ? format : "");
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[count++] = strcmp(word, "REQ") == 0 ? id : word;
    if (strncmp(command, "sign", 4) == 0) {
        argv[count++] = (char *)(uintptr_t) "--sign-with";
        argv[count++] = key;
    }
    argv[count] = NULL;
    program_run_terminal(argv);
    if (program_last.status != status)
        fail_msg("%s: exit status %d: %s", command, program_last.status, program_last.out);
    expect_clean(command);
}

static void every_format(void **state)
{
    static const char *const formats[] = {"table", "csv", "md", "json"};
    static const struct {
        const char *command;
        int status;
    } commands[] = {{"review REQ", 0},       {"queue", 0},       {"audit log", 0},
                    {"audit report", 0},     {"audit drift", 1}, {"policy show", 0},
                    {"policy check REQ", 1}, {"keys list", 0}};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(commands); i++)
        for (size_t k = 0; k < ASSAY_COUNT(formats); k++)
            expect(commands[i].status, commands[i].command, formats[k]);
    expect(0, "audit report --html", NULL);
}

static void whole_texts(void **state)
{
    (void)state;
    expect(0, "policy show prod", NULL);
    program_says("red");
    program_says("[clause validator]\r\n"); /* its lines stay lines */
    expect(0, "review REQ --open report.txt", NULL);
    program_says("\r\ntwo\r\n");
    expect(0, "sign REQ --reject -m no --dry-run", NULL);
    program_says("\"reason\":\"no\"");
    /* What is no text is for a file. */
    expect(2, "review REQ --open model.bin", NULL);
    program_says("model.bin: not text");
}

/* To a file or a program the bytes go as they are. */
static void as_they_are(void **state)
{
    (void)state;
    program_run(NULL, "review", id, "--open", "report.txt", NULL);
    program_expect(0);
    assert_string_equal(program_last.out, "one " BAD "\ntwo\n");
    program_run(NULL, "policy", "show", "prod", NULL);
    program_expect(0);
    program_says("# " BAD_ONE "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_format),
                                       cmocka_unit_test(whole_texts),
                                       cmocka_unit_test(as_they_are)};
    return cmocka_run_group_tests(tests, start, stop);
}
