/*
 * What the one-shot commands share: the table of commands and their options, what was given on
 * the command line, standard output, and the session. A command is one function in a file of
 * its name; main() finds it in the table, and everything it fails with comes back through one
 * assay_error.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>
#include <assay/catalog.h>
#include <assay/error.h>
#include <assay/query.h>
#include <assay/session.h>

struct cli;

struct cli_option {
    char letter;          /* 0: none */
    const char *name;     /* long, without the dashes; NULL ends a table */
    const char *argument; /* what it takes, as the help calls it; NULL: nothing */
    const char *choices;  /* the only values it takes, "a|b|c"; NULL: any */
    const char *help;
};

struct cli_command {
    const char *name;
    const char *operands; /* as the usage line shows them */
    const char *summary;  /* one line, no full stop */
    const char *details;  /* further lines of the help; may be NULL */
    const struct cli_option *options;
    size_t least, most;        /* operands */
    bool operands_are_sources; /* beside those of -S (import) */
    bool only_local;           /* what it writes goes into the local store, whatever -S says */
    bool operands_last;        /* whatever follows the first operand is not for us (track) */
    enum assay_status (*run)(struct cli *cli, struct assay_error *err);
};

/* The commands, ended by one without a name. */
extern const struct cli_command cli_commands[];
const struct cli_command *cli_find_command(const char *name); /* or NULL */
/* The text of `assay --help`, and of `assay COMMAND --help`. */
void cli_help(struct assay_buf *out);
void cli_command_help(const struct cli_command *command, struct assay_buf *out);

/* ---- what was given ---- */

struct cli_given {
    const struct cli_option *option;
    const char *value; /* NULL where it takes none */
};
struct cli_args {
    struct cli_given *given;
    size_t given_count, given_capacity;
    const char **operands;
    size_t operand_count, operand_capacity;
    bool help;
};
/* Reads ARGV (without the command's own name) by the command's table. The values point into
 * ARGV. */
enum assay_status cli_args_parse(struct cli_args *args, const struct cli_command *command,
                                 int argc, char *const *argv, struct assay_error *err);
void cli_args_free(struct cli_args *args);

/* The last value given of the option with this long name; NULL where there is none. */
const char *cli_value(const struct cli *cli, const char *name);
const char *cli_value_at(const struct cli *cli, const char *name,
                         size_t i); /* in order; or NULL */
bool cli_has(const struct cli *cli, const char *name);
/* The file that --output names; NULL where standard output is meant, by "-" as well. */
const char *cli_output(const struct cli *cli);
/* The option's value as a number in [least, most]; *value is left alone where it was not given.
 */
enum assay_status cli_integer(const struct cli *cli, const char *name, int64_t least,
                              int64_t most, int64_t *value, struct assay_error *err);
enum assay_status cli_number(const struct cli *cli, const char *name, double least, double most,
                             double *value, struct assay_error *err);

/* ---- the program's state ---- */

enum cli_format { CLI_TABLE, CLI_JSON, CLI_CSV, CLI_MD };

struct cli {
    const struct cli_command *command;
    struct cli_args args;
    enum cli_format format;

    /* Standard output. */
    struct assay_buf out;
    int fd;
    bool gone;       /* nobody reads it any more: not an error */
    int write_error; /* errno of the first other failure */
    bool tty, color, utf8;
    int columns, rows; /* of the terminal; 80 x 24 where there is none */

    bool patient; /* what it is for needs the server itself: what is kept of it will not do */
    const char *also; /* a source beside those that were asked for (upload's server) */
    char *ask; /* what cli_open() asks servers for instead of their lists; NULL: the lists */
    size_t ask_count; /* operands that it names, the first ones */
    struct assay_session *session;
    struct assay_catalog *catalog;
    enum assay_status worst; /* what could not be done although the command went on */
    int pass_on;             /* exit status of a command that was run (track); 0: ours */
};

/* Runs one command line (without the program's name) and returns the exit status. */
int cli_run(int argc, char *const *argv);

/* Writes what is in cli->out; cli_spill() does so once there is enough to be worth it. */
void cli_flush(struct cli *cli);
void cli_spill(struct cli *cli);
/* Appends LENGTH bytes that others wrote, as they are; to a terminal clean, line by line:
   whatever is printed whole goes through here, or through a field of a format, which is as
   clean there. False, and nothing appended, where a terminal would be shown what is no text. */
bool cli_text(struct cli *cli, const char *bytes, size_t length);
/* "assay: WHAT" and the advice, on standard error. */
void cli_complain(const struct assay_error *err);
/* ERR kept NOUN ("models") of SOURCE from being read anew. That the source is offline was said
   when it was opened, and is not said again: then only the hint is, where it is another. */
void cli_complain_of(struct cli *cli, uint32_t source, const char *noun,
                     const struct assay_error *err);
/* Has HANDLER called on a signal, unless that is ignored; calls it breaks off go on. */
void cli_catch(int signal_number, void (*handler)(int));
/* One line of progress on standard error in place of the one before, cut to its terminal's
   width: a line that went on below would stay there. An empty one takes it away. */
void cli_progress(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Ends the process with status 130 on SIGINT, unless the command line is run in the background.
 */
void cli_catch_interrupt(void);

/* Opens the sources given with -S, or the defaults, and waits until they are read. What could
   not be read is named on standard error and remembered in cli->worst. */
enum assay_status cli_open(struct cli *cli, struct assay_error *err);
void cli_close(struct cli *cli);
/* Before it: servers are asked for what QUERY may keep, or for the runs that the first COUNT
   operands name, where all of them are ids; else for their lists. Only for commands that look
   at no other run. */
void cli_ask_matching(struct cli *cli, const struct assay_query *query);
void cli_ask_named(struct cli *cli, size_t count);
/* After a select: says on standard error where QUERY names a metric, param or tag that no run
   has. */
void cli_note_unlogged(struct cli *cli, const struct assay_query *query);

/* The run REF means. */
enum assay_status cli_find_run(struct cli *cli, const char *ref, uint32_t *run,
                               struct assay_error *err);
/* Where RUN is on a server: has all points of its metrics read, so that what is shown of them
   is whole. What cannot be read is complained of. */
void cli_pull_run(struct cli *cli, uint32_t run);
/* Deleted, in a deleted experiment, or no longer there. */
bool cli_run_hidden(const struct cli *cli, uint32_t run);

/* ---- the commands ---- */

enum assay_status cli_ls(struct cli *cli, struct assay_error *err);
enum assay_status cli_runs(struct cli *cli, struct assay_error *err);
enum assay_status cli_show(struct cli *cli, struct assay_error *err);
enum assay_status cli_series(struct cli *cli, struct assay_error *err);
enum assay_status cli_plot(struct cli *cli, struct assay_error *err);
enum assay_status cli_compare(struct cli *cli, struct assay_error *err);
enum assay_status cli_artifacts(struct cli *cli, struct assay_error *err);
enum assay_status cli_pull(struct cli *cli, struct assay_error *err);
enum assay_status cli_import(struct cli *cli, struct assay_error *err);
enum assay_status cli_models(struct cli *cli, struct assay_error *err);
enum assay_status cli_change(struct cli *cli, struct assay_error *err);
enum assay_status cli_upload(struct cli *cli, struct assay_error *err);
enum assay_status cli_log(struct cli *cli, struct assay_error *err);
enum assay_status cli_track(struct cli *cli, struct assay_error *err);
enum assay_status cli_keys(struct cli *cli, struct assay_error *err);
enum assay_status cli_policy(struct cli *cli, struct assay_error *err);
enum assay_status cli_register(struct cli *cli, struct assay_error *err);
enum assay_status cli_request(struct cli *cli, struct assay_error *err);
enum assay_status cli_queue(struct cli *cli, struct assay_error *err);
enum assay_status cli_review(struct cli *cli, struct assay_error *err);
enum assay_status cli_sign(struct cli *cli, struct assay_error *err);
enum assay_status cli_apply(struct cli *cli, struct assay_error *err);
enum assay_status cli_verify(struct cli *cli, struct assay_error *err);
enum assay_status cli_audit(struct cli *cli, struct assay_error *err);
enum assay_status cli_sync(struct cli *cli, struct assay_error *err);
enum assay_status cli_backup(struct cli *cli, struct assay_error *err);
enum assay_status cli_host(struct cli *cli, struct assay_error *err);
enum assay_status cli_doctor(struct cli *cli, struct assay_error *err);
enum assay_status cli_demo(struct cli *cli, struct assay_error *err);
enum assay_status cli_completion(struct cli *cli, struct assay_error *err);

#endif
