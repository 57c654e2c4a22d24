/*
 * Running one command line: from the arguments to the exit status. main() calls cli_run(); the
 * tests call it too.
 */
#include "cli.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <assay/text.h>

#include "../tui/tui.h"

/* ---- standard output and standard error ---- */

void cli_flush(struct cli *cli)
{
    const char *at = cli->out.data;
    size_t left = cli->out.length;
    while (left && !cli->gone && !cli->write_error) {
        ssize_t count = write(cli->fd, at, left);
        if (count >= 0) {
            at += count;
            left -= (size_t)count;
        } else if (errno == EPIPE) {
            cli->gone = true;
        } else if (errno != EINTR) {
            cli->write_error = errno;
        }
    }
    assay_buf_reset(&cli->out);
}

void cli_spill(struct cli *cli)
{
    if (cli->out.length >= 64 * 1024)
        cli_flush(cli);
}

bool cli_text(struct cli *cli, const char *bytes, size_t length)
{
    if (!cli->tty) {
        assay_buf_add(&cli->out, bytes, length);
        return true;
    }
    if (memchr(bytes, '\0', length))
        return false;
    while (length) {
        const char *newline = memchr(bytes, '\n', length);
        size_t line = newline ? (size_t)(newline - bytes) : length;
        assay_text_clean(&cli->out, bytes, line);
        if (newline)
            assay_buf_char(&cli->out, '\n');
        bytes += line + (newline != NULL);
        length -= line + (newline != NULL);
    }
    return true;
}

void cli_complain(const struct assay_error *err)
{
    if (!err->what[0])
        return;
    fprintf(stderr, "assay: %s\n", err->what);
    if (err->hint[0])
        fprintf(stderr, "  %s\n", err->hint);
}

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    _exit(130);
}

void cli_progress(const struct cli *cli, const char *format, ...)
{
    struct winsize size = {.ws_col = 0};
    struct assay_buf line = {0}, shown = {0};
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_col)
        size.ws_col = 80;
    assay_text_clean(&line, text, strlen(text));
    if (line.length)
        assay_text_pad(&shown, assay_buf_text(&line), size.ws_col - 1, false, !cli->utf8);
    while (shown.length && shown.data[shown.length - 1] == ' ')
        shown.data[--shown.length] = '\0';
    fprintf(stderr, "\r%s\x1b[K", assay_buf_text(&shown));
    assay_buf_free(&line);
    assay_buf_free(&shown);
}

void cli_catch(int signal_number, void (*handler)(int))
{
    struct sigaction old;
    /* A shell starts background jobs with SIGINT ignored, nohup with SIGHUP: that is left. */
    if (sigaction(signal_number, NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
        struct sigaction now = {.sa_handler = handler, .sa_flags = SA_RESTART};
        sigaction(signal_number, &now, NULL);
    }
}

void cli_catch_interrupt(void)
{
    cli_catch(SIGINT, on_interrupt);
}

/* ---- the workbench ---- */

static int open_workbench(int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++)
        if (argv[i][0] == '-') {
            struct assay_error err = {0};
            assay_fail(&err, ASSAY_BAD_INPUT, "unknown option %s", argv[i]);
            if (strncmp(argv[i], "-S", 2) == 0 || strncmp(argv[i], "--source", 8) == 0)
                assay_hint(&err, "the workbench takes sources as they are: assay SOURCE...");
            else
                assay_hint(&err, "assay --help lists the options and commands");
            cli_complain(&err);
            return assay_exit_status(err.status);
        }
    struct assay_error err = {0};
    int status = tui_run((const char *const *)argv, (size_t)argc, &err);
    /* A single word that is no source may have been meant as a command. */
    size_t word = argc ? strlen(argv[0]) : 0;
    if (status == 2 && word && !strchr(argv[0], '/') && strncmp(err.what, argv[0], word) == 0 &&
        err.what[word] == ':')
        snprintf(err.hint, sizeof err.hint,
                 "give a path or a source's name; assay --help lists the commands");
    cli_complain(&err);
    return status;
}

/* ---- one command ---- */

static void look_at_output(struct cli *cli)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    struct winsize size;
    cli->fd = STDOUT_FILENO;
    cli->tty = isatty(cli->fd);
    cli->color = cli->tty && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
    cli->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    cli->columns = 80;
    cli->rows = 24;
    if (cli->tty && ioctl(cli->fd, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row) {
        cli->columns = size.ws_col;
        cli->rows = size.ws_row;
    }
}

static enum cli_format format_of(const struct cli *cli)
{
    const char *name = cli_value(cli, "format");
    if (!name || strcmp(name, "table") == 0)
        return CLI_TABLE;
    if (strcmp(name, "json") == 0)
        return CLI_JSON;
    return strcmp(name, "csv") == 0 ? CLI_CSV : CLI_MD;
}

static int finish(struct cli *cli, enum assay_status status, struct assay_error *err)
{
    cli_flush(cli);
    if (cli->write_error)
        status = assay_fail(err, ASSAY_IO, "standard output: %s", strerror(cli->write_error));
    cli_complain(err);
    cli_close(cli);
    assay_buf_free(&cli->out);
    cli_args_free(&cli->args);
    if (status == ASSAY_OK && cli->pass_on)
        return cli->pass_on;
    return assay_exit_status(status != ASSAY_OK ? status : cli->worst);
}

/* Bad usage of a command has always something to do about it. */
static void advise(const struct cli_command *command, struct assay_error *err)
{
    size_t length = strlen(command->name);
    if (err->status == ASSAY_BAD_INPUT && !err->hint[0] &&
        strncmp(err->what, command->name, length) == 0 && err->what[length] == ':')
        assay_hint(err, "assay %s --help lists what it takes", command->name);
}

/* Whoever names a source may take it to say where something is written. */
static void note_local(const struct cli *cli)
{
    struct assay_error note = {0};
    const char *source;
    for (size_t i = 0; (source = cli_value_at(cli, "source", i)) != NULL; i++)
        if (strcmp(source, "local") != 0) /* named without it: there may be a password in it */
            assay_fail(&note, ASSAY_BAD_INPUT,
                       "%s: the source that was given has no effect: the local store is meant",
                       cli->command->name);
    cli_complain(&note);
}

static int run_command(const struct cli_command *command, int argc, char *const *argv)
{
    struct cli cli = {.command = command};
    struct assay_error err = {0};
    cli_catch_interrupt();
    look_at_output(&cli);
    enum assay_status status = cli_args_parse(&cli.args, command, argc, argv, &err);
    if (status != ASSAY_OK)
        return finish(&cli, status, &err);
    cli.format = format_of(&cli);
    if (command->only_local && !cli.args.help)
        note_local(&cli);
    if (cli.args.help)
        cli_command_help(command, &cli.out);
    else
        status = command->run(&cli, &err);
    advise(command, &err);
    return finish(&cli, status, &err);
}

static int print_text(void (*text)(struct assay_buf *out))
{
    struct cli cli = {.fd = STDOUT_FILENO};
    struct assay_error err = {0};
    text(&cli.out);
    return finish(&cli, ASSAY_OK, &err);
}

static void version_text(struct assay_buf *out)
{
    assay_buf_text_add(out, "assay " ASSAY_VERSION "\n");
}

int cli_run(int argc, char *const *argv)
{
    setlocale(LC_CTYPE, "");
    signal(SIGPIPE, SIG_IGN);
    if (argc > 0) {
        const struct cli_command *command = cli_find_command(argv[0]);
        if (command)
            return run_command(command, argc - 1, argv + 1);
        if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0 ||
            strcmp(argv[0], "help") == 0)
            return print_text(cli_help);
        if (strcmp(argv[0], "--version") == 0)
            return print_text(version_text);
    }
    return open_workbench(argc, argv);
}
