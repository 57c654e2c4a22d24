/*
 * The one table of the commands and their options. The argument parser, the help texts, the
 * completions and the manual's test are all made from it.
 */
#include "cli.h"

#include <stdint.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#define OPTION_SOURCE                                                                          \
    {                                                                                          \
        'S', "source", "SOURCE", NULL, "read this path, URL or configured source (repeatable)" \
    }
#define OPTION_FORMAT                                                                          \
    {                                                                                          \
        0, "format", "FORMAT", "table|json|csv|md", "how to print: table, json, csv or md"     \
    }
#define OPTION_HELP                                                                            \
    {                                                                                          \
        'h', "help", NULL, NULL, "print this help"                                             \
    }
#define OPTION_END                                                                             \
    {                                                                                          \
        0, NULL, NULL, NULL, NULL                                                              \
    }

static const struct cli_option ls_options[] = {
    OPTION_SOURCE, {0, "deleted", NULL, NULL, "deleted experiments as well"},
    OPTION_FORMAT, OPTION_HELP,
    OPTION_END,
};

static const struct cli_option runs_options[] = {
    OPTION_SOURCE,
    {'e', "experiment", "EXP", NULL, "only runs of this experiment (name or id)"},
    {'f', "filter", "FILTER", NULL, "only runs that match, e.g. \"metrics.loss < 0.3\""},
    {'s', "sort", "KEY[:desc]", NULL,
     "order by a column, metrics.NAME[@best|min|max|last], params.NAME or tags.NAME"},
    {'n', "limit", "N", NULL, "at most N runs"},
    {'c', "columns", "COL,...", NULL, "these columns (repeatable)"},
    {0, "deleted", NULL, NULL, "deleted runs as well"},
    {0, "fail-empty", NULL, NULL, "exit with status 1 where no run matches"},
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option show_options[] = {
    OPTION_SOURCE,
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option series_options[] = {
    OPTION_SOURCE, {'m', "metric", "METRIC", NULL, "only this metric (repeatable)"},
    OPTION_FORMAT, OPTION_HELP,
    OPTION_END,
};

static const struct cli_option plot_options[] = {
    OPTION_SOURCE,
    {'m', "metric", "METRIC", NULL, "the metric to draw (repeatable)"},
    {0, "size", "WxH", NULL, "width and height in cells; default: what the terminal has"},
    {0, "as", "WHAT", "auto|sixel|kitty|braille|ascii|svg|png",
     "auto, sixel, kitty, braille, ascii, svg or png"},
    {0, "smooth", "X", NULL,
     "moving average of weight X, 0 to 0.999, over the faint raw curve"},
    {0, "x", "AXIS", "step|time|relative", "along x: step, time or relative (seconds)"},
    {0, "logx", NULL, NULL, "logarithmic x axis"},
    {0, "logy", NULL, NULL, "logarithmic y axis"},
    {0, "light", NULL, NULL,
     "colours for a light background, where the terminal does not say that it is"},
    {'o', "output", "FILE", NULL, "write to FILE instead of standard output"},
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option artifacts_options[] = {
    OPTION_SOURCE, {'o', "output", "FILE", NULL, "save the file PATH as FILE"},
    OPTION_FORMAT, OPTION_HELP,
    OPTION_END,
};

static const struct cli_option pull_options[] = {
    OPTION_SOURCE,
    {'e', "experiment", "EXP", NULL, "only runs of this experiment (name or id)"},
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option log_options[] = {
    {'e', "experiment", "EXP", NULL, "start a run in this experiment and print its id"},
    {'n', "name", "NAME", NULL, "name of the run that is started"},
    {'m', "metric", "NAME=VALUE", NULL, "add a point (repeatable)"},
    {0, "step", "N", NULL, "step of the points (default 0)"},
    {0, "time", "MS", NULL, "time of the points, milliseconds since 1970 (default now)"},
    {'p', "param", "NAME=VALUE", NULL, "set a param (repeatable)"},
    {'t', "tag", "NAME=VALUE", NULL, "set a tag (repeatable)"},
    {0, "json", NULL, NULL, "read JSON lines from standard input"},
    {0, "finish", "STATUS", "finished|failed|killed",
     "end the run afterwards as finished, failed or killed"},
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option track_options[] = {
    {'e', "experiment", "EXP", NULL, "experiment of the run (default: tracked)"},
    {'n', "name", "NAME", NULL, "name of the run"},
    {'p', "param", "NAME=VALUE", NULL, "set a param (repeatable)"},
    {'t', "tag", "NAME=VALUE", NULL, "set a tag (repeatable)"},
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option doctor_options[] = {
    OPTION_SOURCE,
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option demo_options[] = {
    {0, "no-open", NULL, NULL, "train and log only, do not open the workbench"},
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option help_only[] = {
    OPTION_HELP,
    OPTION_END,
};

const struct cli_command cli_commands[] = {
    {
        .name = "ls",
        .operands = "",
        .summary = "list the experiments",
        .options = ls_options,
        .run = cli_ls,
    },
    {
        .name = "runs",
        .operands = "",
        .summary = "list runs, filtered and sorted",
        .details =
            "Columns: id, name, experiment, source, status, lifecycle, user, start, end,\n"
            "duration, artifact_uri, metrics.NAME[@best|min|max|last], params.NAME,\n"
            "tags.NAME. Without -c a table shows the main ones, csv and md show all.\n",
        .options = runs_options,
        .run = cli_runs,
    },
    {
        .name = "show",
        .operands = "RUN",
        .summary = "show everything known of one run",
        .options = show_options,
        .least = 1,
        .most = 1,
        .run = cli_show,
    },
    {
        .name = "series",
        .operands = "RUN",
        .summary = "print every raw point of a run's metrics",
        .options = series_options,
        .least = 1,
        .most = 1,
        .run = cli_series,
    },
    {
        .name = "plot",
        .operands = "RUN...",
        .summary = "draw one chart to standard output",
        .details =
            "auto draws sixel where standard output is a terminal that answers that it can,\n"
            "else braille, or ASCII where the locale is not UTF-8.\n",
        .options = plot_options,
        .least = 1,
        .most = 64,
        .run = cli_plot,
    },
    {
        .name = "artifacts",
        .operands = "RUN [PATH]",
        .summary = "list a run's artifacts, print or save one",
        .options = artifacts_options,
        .least = 1,
        .most = 2,
        .run = cli_artifacts,
    },
    {
        .name = "pull",
        .operands = "[RUN...]",
        .summary = "read what servers have into the cache, all points included",
        .details = "What the cache has already is not read again, so an interrupted pull goes\n"
                   "on where it ended.\n",
        .options = pull_options,
        .most = SIZE_MAX,
        .run = cli_pull,
    },
    {
        .name = "log",
        .operands = "[RUN]",
        .summary = "add points, params and tags to a run in the local store",
        .details =
            "With -e a run is started and its id printed; else RUN, or $ASSAY_RUN, says "
            "which.\n"
            "A JSON line is an object with any of \"step\", \"time_ms\", \"metrics\", "
            "\"params\"\n"
            "and \"tags\"; metrics may be numbers or \"NaN\", \"Infinity\", \"-Infinity\".\n",
        .options = log_options,
        .most = 1,
        .run = cli_log,
    },
    {
        .name = "track",
        .operands = "-- CMD [ARG...]",
        .summary = "run a command as a tracked run and pass on its exit status",
        .details =
            "The command finds the run's id in $ASSAY_RUN, so that `assay log` inside it\n"
            "needs no RUN.\n",
        .options = track_options,
        .least = 1,
        .most = SIZE_MAX,
        .operands_last = true,
        .run = cli_track,
    },
    {
        .name = "doctor",
        .operands = "",
        .summary = "say what works, what does not, and what to do",
        .options = doctor_options,
        .run = cli_doctor,
    },
    {
        .name = "demo",
        .operands = "[DIR]",
        .summary = "train small models here and open the workbench on what they logged",
        .details = "With DIR, what they log goes into DIR/assay/store.db instead of the local\n"
                   "store.\n",
        .options = demo_options,
        .most = 1,
        .run = cli_demo,
    },
    {
        .name = "completion",
        .operands = "bash|zsh|fish",
        .summary = "print the completion of a shell",
        .options = help_only,
        .least = 1,
        .most = 1,
        .run = cli_completion,
    },
    {.name = NULL},
};

const struct cli_command *cli_find_command(const char *name)
{
    for (const struct cli_command *c = cli_commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

/* ---- help ---- */

void cli_help(struct assay_buf *out)
{
    assay_buf_text_add(out,
                       "usage: assay [SOURCE...]\n"
                       "       assay COMMAND [OPTION...] [ARGUMENT...]\n\n"
                       "Without a command the workbench opens on the sources: directories or\n"
                       "files that hold experiments, MLflow servers (http://host:5000), or what\n"
                       "is found here and in the local store where none is given.\n\nCommands:\n");
    for (const struct cli_command *c = cli_commands; c->name; c++)
        assay_buf_format(out, "  %-11s %s\n", c->name, c->summary);
    assay_buf_text_add(out,
                       "\nOptions:\n"
                       "  -h, --help     print this help; `assay COMMAND --help` says more\n"
                       "      --version  print the version\n"
                       "\nA RUN is the start of a run's id (4 characters at least) or "
                       "EXPERIMENT/NAME, either with\n"
                       "SOURCE-NAME: before it where needed.\n"
                       "\nExit status: 0 done, 1 the answer is no, 2 bad usage or input, 3 "
                       "something could not be\n"
                       "read (what could be is printed), 130 interrupted.\n");
}

static size_t option_width(const struct cli_option *o)
{
    return strlen(o->name) + (o->argument ? strlen(o->argument) + 1 : 0);
}

void cli_command_help(const struct cli_command *command, struct assay_buf *out)
{
    assay_buf_format(out, "usage: assay %s [OPTION...]%s%s\n\n", command->name,
                     *command->operands ? " " : "", command->operands);
    char first = (char)(command->summary[0] - ('a' - 'A'));
    assay_buf_format(out, "%c%s.\n", first, command->summary + 1);
    assay_buf_text_add(out, command->details);
    assay_buf_text_add(out, "\nOptions:\n");
    size_t width = 0;
    for (const struct cli_option *o = command->options; o->name; o++)
        width = option_width(o) > width ? option_width(o) : width;
    for (const struct cli_option *o = command->options; o->name; o++) {
        if (o->letter)
            assay_buf_format(out, "  -%c, --%s", o->letter, o->name);
        else
            assay_buf_format(out, "      --%s", o->name);
        if (o->argument)
            assay_buf_format(out, " %s", o->argument);
        assay_buf_repeat(out, " ", width - option_width(o) + 2);
        assay_buf_format(out, "%s\n", o->help);
    }
}
