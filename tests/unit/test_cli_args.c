/* The command line's arguments, the help texts and the manual: one table, many products. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "cli/cli.h"

static enum assay_status parse(struct cli *cli, const char *command, const char *line,
                               char storage[256], struct assay_error *err)
{
    static char *argv[32];
    int argc = 0;
    size_t length = strlen(line);
    assert_true(length < 256);
    memcpy(storage, line, length + 1);
    for (char *word = strtok(storage, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    *cli = (struct cli){.command = cli_find_command(command)};
    assert_non_null(cli->command);
    *err = (struct assay_error){0};
    return cli_args_parse(&cli->args, cli->command, argc, argv, err);
}

static void test_parse(void **state)
{
    (void)state;
    struct cli cli;
    struct assay_error err;
    char storage[256];
    assert_int_equal(parse(&cli, "runs",
                           "-f a<1 --sort=start:desc -n5 -c id,name --columns user --deleted "
                           "--format json -S x -Sy",
                           storage, &err),
                     ASSAY_OK);
    assert_string_equal(cli_value(&cli, "filter"), "a<1");
    assert_string_equal(cli_value(&cli, "sort"), "start:desc");
    assert_string_equal(cli_value(&cli, "limit"), "5");
    assert_string_equal(cli_value_at(&cli, "columns", 0), "id,name");
    assert_string_equal(cli_value_at(&cli, "columns", 1), "user");
    assert_null(cli_value_at(&cli, "columns", 2));
    assert_string_equal(cli_value_at(&cli, "source", 1), "y");
    assert_true(cli_has(&cli, "deleted"));
    assert_false(cli_has(&cli, "fail-empty"));
    assert_null(cli_value(&cli, "experiment"));
    int64_t limit = 0;
    assert_int_equal(cli_integer(&cli, "limit", 0, 10, &limit, &err), ASSAY_OK);
    assert_int_equal(limit, 5);
    assert_int_equal(cli_integer(&cli, "limit", 0, 4, &limit, &err), ASSAY_BAD_INPUT);
    assert_string_equal(err.what, "runs: --limit 5: not a whole number from 0 to 4");
    cli_args_free(&cli.args);

    assert_int_equal(parse(&cli, "track", "-e x -- make -j2 --format", storage, &err),
                     ASSAY_OK);
    assert_int_equal(cli.args.operand_count, 3);
    assert_string_equal(cli.args.operands[2], "--format");
    cli_args_free(&cli.args);
    assert_int_equal(parse(&cli, "track", "make -e x", storage, &err), ASSAY_OK);
    assert_int_equal(cli.args.operand_count, 3); /* -e is make's */
    cli_args_free(&cli.args);
    assert_int_equal(parse(&cli, "show", "-h", storage, &err), ASSAY_OK); /* without its RUN */
    assert_true(cli.args.help);
    cli_args_free(&cli.args);
    assert_int_equal(parse(&cli, "series", "- -m -x", storage, &err), ASSAY_OK);
    assert_string_equal(cli.args.operands[0], "-");
    assert_string_equal(cli_value(&cli, "metric"), "-x");
    cli_args_free(&cli.args);
}

/* A script may give every command the same sources. */
static void test_source_everywhere(void **state)
{
    (void)state;
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        struct cli cli;
        struct assay_error err;
        char storage[256];
        assert_int_equal(parse(&cli, c->name, "-S mlruns --source=http://host:5000 -h",
                               storage, &err),
                         ASSAY_OK);
        assert_int_equal(cli.args.operand_count, 0);
        assert_string_equal(cli_value_at(&cli, "source", 0), "mlruns");
        assert_string_equal(cli_value_at(&cli, "source", 1), "http://host:5000");
        cli_args_free(&cli.args);
    }
}

static void test_misuse(void **state)
{
    (void)state;
    static const struct {
        const char *command, *line, *what;
    } cases[] = {
        {"runs", "--fromat json", "runs: unknown option --fromat"},
        {"runs", "--form=json", "runs: unknown option --form"},
        {"runs", "-x", "runs: unknown option -x"},
        {"host", "-S", "host: -S needs a value: SOURCE"},
        {"runs", "--filter", "runs: --filter needs a value: FILTER"},
        {"runs", "-n", "runs: -n needs a value: N"},
        {"runs", "--deleted=yes", "runs: --deleted takes no value"},
        {"runs", "--format xml", "runs: --format xml: not one of table|json|csv|md"},
        {"runs", "--format=", "runs: --format : not one of table|json|csv|md"},
        {"runs", "--format js", "runs: --format js: not one of table|json|csv|md"},
        {"runs", "extra", "runs: unexpected argument: extra"},
        {"show", "", "show: too few arguments: RUN is missing"},
        {"show", "a b", "show: unexpected argument: b"},
    };
    for (size_t i = 0; i < ASSAY_COUNT(cases); i++) {
        struct cli cli;
        struct assay_error err;
        char storage[256];
        assert_int_equal(parse(&cli, cases[i].command, cases[i].line, storage, &err),
                         ASSAY_BAD_INPUT);
        assert_string_equal(err.what, cases[i].what);
        assert_non_null(strstr(err.hint, "--help"));
        cli_args_free(&cli.args);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    struct cli cli;
    struct assay_error err;
    char storage[256];
    double smooth = 0;
    assert_int_equal(parse(&cli, "plot", "r --smooth 0.6", storage, &err), ASSAY_OK);
    assert_int_equal(cli_number(&cli, "smooth", 0, 0.999, &smooth, &err), ASSAY_OK);
    assert_true(smooth == 0.6);
    cli_args_free(&cli.args);
    static const char *const bad[] = {"r --smooth 1", "r --smooth nan", "r --smooth=-1",
                                      "r --smooth 0,5"};
    for (size_t i = 0; i < ASSAY_COUNT(bad); i++) {
        assert_int_equal(parse(&cli, "plot", bad[i], storage, &err), ASSAY_OK);
        assert_int_equal(cli_number(&cli, "smooth", 0, 0.999, &smooth, &err), ASSAY_BAD_INPUT);
        cli_args_free(&cli.args);
    }
}

/* The table itself: what the products rely on. */
static void test_table(void **state)
{
    (void)state;
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        bool help = false;
        assert_true(islower((unsigned char)c->summary[0]));
        assert_null(strchr(c->name, ' '));
        for (const struct cli_option *o = c->options; o->name; o++) {
            help = help || strcmp(o->name, "help") == 0;
            assert_true(!o->choices || o->argument);
            for (const struct cli_option *p = c->options; p != o; p++) {
                assert_string_not_equal(o->name, p->name);
                assert_true(!o->letter || o->letter != p->letter);
            }
        }
        assert_true(help);
        struct assay_buf out = {0};
        cli_command_help(c, &out);
        assert_non_null(strstr(assay_buf_text(&out), "usage: assay "));
        for (const struct cli_option *o = c->options; o->name; o++)
            assert_non_null(strstr(assay_buf_text(&out), o->help));
        assay_buf_free(&out);
    }
    assert_null(cli_find_command("compare-all"));
}

/* The manual with its escapes taken out: "\-" is "-", "\fB" and its kin are nothing. */
static char *read_manual(void)
{
    char *path = assay_path_join(TEST_DATA, "../docs/assay.1"), *bytes;
    struct assay_buf text = {0};
    size_t length;
    assert_int_equal(assay_file_read(path, 1 << 20, &bytes, &length, NULL), ASSAY_OK);
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\\' && bytes[i + 1] == 'f')
            i += 2;
        else if (bytes[i] != '\\' || bytes[i + 1] != '-')
            assay_buf_char(&text, bytes[i]);
    }
    free(bytes);
    free(path);
    return assay_buf_take(&text);
}

static void test_manual(void **state)
{
    (void)state;
    char *text = read_manual();
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        char heading[64];
        snprintf(heading, sizeof heading, ".SS \"assay %s", c->name);
        char *section = strstr(text, heading);
        assert_non_null(section);
        section = assay_strdup(section + 1);
        char *next = strstr(section, "\n.S");
        assert_non_null(next);
        *next = '\0';
        for (const struct cli_option *o = c->options; o->name; o++) {
            char line[96];
            snprintf(line, sizeof line, "%s%.1s%s--%s%s%s\n", o->letter ? "-" : "", &o->letter,
                     o->letter ? ", " : "", o->name, o->argument ? " " : "",
                     o->argument ? o->argument : "");
            if (!strstr(section, line))
                fail_msg("the manual's section on %s lacks %s", c->name, line);
        }
        free(section);
    }
    free(text);
}

/* And the manual speaks of no option and no command that is not there. */
static void test_manual_has_no_more(void **state)
{
    (void)state;
    char *text = read_manual();
    const struct cli_command *command = NULL;
    size_t sections = 0, options = 0, commands = 0;
    for (char *line = text, *end; *line; line = end) {
        end = strchrnul(line, '\n');
        if (*end)
            *end++ = '\0';
        if (strncmp(line, ".S", 2) == 0) {
            char name[32] = "";
            command = NULL;
            if (sscanf(line, ".SS \"assay %31[a-z]", name) == 1 && ++sections) {
                command = cli_find_command(name);
                if (!command)
                    fail_msg("there is no command %s", name);
            }
        }
        char letter = 0, name[64] = "";
        if (command && (sscanf(line, "-%c, --%63[a-z-]", &letter, name) == 2 ||
                        sscanf(line, "--%63[a-z-]", name) == 1)) {
            const struct cli_option *o = command->options;
            while (o->name && strcmp(o->name, name) != 0)
                o++;
            if (!o->name || o->letter != (line[1] == '-' ? 0 : letter))
                fail_msg("assay %s has no option %s", command->name, line);
            options++;
        }
    }
    for (const struct cli_command *c = cli_commands; c->name; c++)
        commands++;
    assert_int_equal(sections, commands);
    assert_true(options > commands); /* they were found at all */
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_source_everywhere),
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_table),
        cmocka_unit_test(test_manual),  cmocka_unit_test(test_manual_has_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
