/*
 * The commands of the workbench: one table (commands.inc), many products. Screens and the
 * palette name a command by its id; what a command does stands in the screen it applies to.
 */
#ifndef TUI_COMMAND_H
#define TUI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/buf.h>

enum command_id {
    CMD_NONE,
#define COMMAND(id, name, keys, where, needs, argument, hint, help) CMD_##id,
#include "commands.inc"
#undef COMMAND
    CMD_COUNT
};

enum command_where {
    WHERE_HOME = 1,
    WHERE_RUN = 2,
    WHERE_CHART = 4,
    WHERE_HELP = 8,
    WHERE_ACTIVITY = 16,
    WHERE_COMPARE = 32,
    WHERE_QUEUE = 1024,
    WHERE_REQUEST = 2048,
    WHERE_MODELS = 4096,
    WHERE_LISTS = WHERE_HOME | WHERE_RUN | WHERE_HELP | WHERE_ACTIVITY | WHERE_COMPARE |
                  WHERE_QUEUE | WHERE_REQUEST | WHERE_MODELS,
    WHERE_ALL = WHERE_LISTS | WHERE_CHART,
};

enum command_needs {
    NEEDS_NOTHING,
    NEEDS_RUN,   /* a run under the cursor */
    NEEDS_EMPTY, /* no run anywhere: the first screen */
};

enum command_argument {
    ARG_NONE,
    ARG_TEXT,
    ARG_NUMBER,
    ARG_FILE,
    ARG_FILTER,
    ARG_FIELD,  /* a sort key */
    ARG_FIELDS, /* columns, separated by commas */
    ARG_METRIC,
    ARG_VIEW,
    ARG_THEME,
    ARG_GRAPHICS,
    ARG_AXIS,
    ARG_VERDICT,
};

struct command {
    enum command_id id;
    const char *name;
    const char *keys; /* the default ones */
    unsigned where;
    enum command_needs needs;
    enum command_argument argument;
    const char *hint;
    const char *help;
};

const struct command *command_get(enum command_id id);
/* The command NAME[0..length) means; CMD_NONE where there is none. */
enum command_id command_find(const char *name, size_t length);
/* "home", "run", … for one bit of enum command_where; what the user's [keys.NAME] sections and
   the help screen call it. */
const char *command_where_name(unsigned where);

/* How well PATTERN matches NAME as a subsequence: 0 not at all, more is better. */
int command_match(const char *name, const char *pattern);

/* The table as Markdown, grouped by screen: the body of docs/keys.md. */
void command_list(struct assay_buf *out);

#endif
