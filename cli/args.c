/*
 * The command line's arguments, read by a command's table of options. Called by cli_run(); the
 * commands then ask for values by the long names.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

static enum assay_status misuse(const struct cli_command *command, struct assay_error *err)
{
    assay_hint(err, "assay %s --help lists what it takes", command->name);
    return ASSAY_BAD_INPUT;
}

static const struct cli_option *find_long(const struct cli_command *command, const char *name,
                                          size_t length)
{
    for (const struct cli_option *o = command->options; o && o->name; o++)
        if (strncmp(o->name, name, length) == 0 && !o->name[length])
            return o;
    return NULL;
}

static const struct cli_option *find_letter(const struct cli_command *command, char letter)
{
    for (const struct cli_option *o = command->options; o && o->name; o++)
        if (o->letter == letter)
            return o;
    return NULL;
}

/* Is VALUE one of "a|b|c"? */
static bool is_choice(const char *choices, const char *value)
{
    size_t length = strlen(value);
    for (const char *at = choices; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, value, length) == 0 && (at[length] == '|' || !at[length]))
            return length > 0;
    }
    return false;
}

static enum assay_status add_given(struct cli_args *args, const struct cli_command *command,
                                   const struct cli_option *option, const char *value,
                                   struct assay_error *err)
{
    if (option->choices && value && !is_choice(option->choices, value)) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: --%s %s: not one of %s", command->name,
                   option->name, value, option->choices);
        return misuse(command, err);
    }
    ASSAY_GROW(args->given, args->given_capacity, args->given_count + 1);
    args->given[args->given_count++] = (struct cli_given){option, value};
    if (strcmp(option->name, "help") == 0)
        args->help = true;
    return ASSAY_OK;
}

struct scan {
    const struct cli_command *command;
    int argc, at;
    char *const *argv;
};

static enum assay_status parse_long(struct cli_args *args, struct scan *s, const char *text,
                                    struct assay_error *err)
{
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : strlen(text);
    const struct cli_option *option = find_long(s->command, text, length);
    const char *name = s->command->name;
    if (!option) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: unknown option --%.*s", name, (int)length, text);
        return misuse(s->command, err);
    }
    const char *value = equals ? equals + 1 : NULL;
    if (!option->argument && value) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: --%s takes no value", name, option->name);
        return misuse(s->command, err);
    }
    if (option->argument && !value) {
        if (s->at == s->argc) {
            assay_fail(err, ASSAY_BAD_INPUT, "%s: --%s needs a value: %s", name, option->name,
                       option->argument);
            return misuse(s->command, err);
        }
        value = s->argv[s->at++];
    }
    return add_given(args, s->command, option, value, err);
}

/* "-d", "-n5", "-n 5", "-dn5". */
static enum assay_status parse_letters(struct cli_args *args, struct scan *s, const char *text,
                                       struct assay_error *err)
{
    while (*text) {
        const struct cli_option *option = find_letter(s->command, *text);
        if (!option) {
            assay_fail(err, ASSAY_BAD_INPUT, "%s: unknown option -%c", s->command->name, *text);
            return misuse(s->command, err);
        }
        text++;
        const char *value = NULL;
        if (option->argument) {
            if (!*text && s->at == s->argc) {
                assay_fail(err, ASSAY_BAD_INPUT, "%s: -%c needs a value: %s", s->command->name,
                           option->letter, option->argument);
                return misuse(s->command, err);
            }
            value = *text ? text : s->argv[s->at++];
            text = "";
        }
        enum assay_status status = add_given(args, s->command, option, value, err);
        if (status != ASSAY_OK)
            return status;
    }
    return ASSAY_OK;
}

static void add_operand(struct cli_args *args, const char *text)
{
    ASSAY_GROW(args->operands, args->operand_capacity, args->operand_count + 1);
    args->operands[args->operand_count++] = text;
}

static enum assay_status check_operands(const struct cli_args *args,
                                        const struct cli_command *command,
                                        struct assay_error *err)
{
    if (args->operand_count < command->least)
        assay_fail(err, ASSAY_BAD_INPUT, "%s: too few arguments: %s is missing", command->name,
                   command->operands);
    else if (args->operand_count > command->most)
        assay_fail(err, ASSAY_BAD_INPUT, "%s: unexpected argument: %s", command->name,
                   args->operands[command->most]);
    else
        return ASSAY_OK;
    return misuse(command, err);
}

enum assay_status cli_args_parse(struct cli_args *args, const struct cli_command *command,
                                 int argc, char *const *argv, struct assay_error *err)
{
    struct scan s = {.command = command, .argc = argc, .argv = argv};
    bool operands_only = false;
    while (s.at < argc) {
        const char *text = argv[s.at++];
        enum assay_status status = ASSAY_OK;
        if (operands_only || text[0] != '-' || !text[1]) {
            add_operand(args, text);
            operands_only = operands_only || command->operands_last;
        } else if (strcmp(text, "--") == 0) {
            operands_only = true;
        } else if (text[1] == '-') {
            status = parse_long(args, &s, text + 2, err);
        } else {
            status = parse_letters(args, &s, text + 1, err);
        }
        if (status != ASSAY_OK)
            return status;
    }
    return args->help ? ASSAY_OK : check_operands(args, command, err);
}

void cli_args_free(struct cli_args *args)
{
    free(args->given);
    free(args->operands);
    *args = (struct cli_args){0};
}

/* ---- asking ---- */

const char *cli_output(const struct cli *cli)
{
    const char *file = cli_value(cli, "output");
    return file && strcmp(file, "-") == 0 ? NULL : file;
}

const char *cli_value_at(const struct cli *cli, const char *name, size_t i)
{
    for (size_t g = 0; g < cli->args.given_count; g++)
        if (strcmp(cli->args.given[g].option->name, name) == 0 && i-- == 0)
            return cli->args.given[g].value;
    return NULL;
}

const char *cli_value(const struct cli *cli, const char *name)
{
    const char *value = NULL;
    for (size_t g = 0; g < cli->args.given_count; g++)
        if (strcmp(cli->args.given[g].option->name, name) == 0)
            value = cli->args.given[g].value;
    return value;
}

bool cli_has(const struct cli *cli, const char *name)
{
    for (size_t g = 0; g < cli->args.given_count; g++)
        if (strcmp(cli->args.given[g].option->name, name) == 0)
            return true;
    return false;
}

enum assay_status cli_integer(const struct cli *cli, const char *name, int64_t least,
                              int64_t most, int64_t *value, struct assay_error *err)
{
    const char *text = cli_value(cli, name);
    int64_t number;
    if (!text)
        return ASSAY_OK;
    if (!assay_int_parse(text, strlen(text), &number) || number < least || number > most) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: --%s %s: not a whole number from %lld to %lld",
                   cli->command->name, name, text, (long long)least, (long long)most);
        return misuse(cli->command, err);
    }
    *value = number;
    return ASSAY_OK;
}

enum assay_status cli_number(const struct cli *cli, const char *name, double least, double most,
                             double *value, struct assay_error *err)
{
    const char *text = cli_value(cli, name);
    double number;
    if (!text)
        return ASSAY_OK;
    if (!assay_number_parse(text, strlen(text), &number) ||
        !(number >= least && number <= most)) {
        char low[32], high[32];
        assay_fail(err, ASSAY_BAD_INPUT, "%s: --%s %s: not a number from %s to %s",
                   cli->command->name, name, text, assay_number_short(low, least, 6),
                   assay_number_short(high, most, 6));
        return misuse(cli->command, err);
    }
    *value = number;
    return ASSAY_OK;
}
