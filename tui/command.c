/*
 * The table of commands and what can be asked of it. Who runs a command: app.c, which asks the
 * keymap or the palette for an id and hands it to the screen on top.
 */
#include "command.h"

#include <ctype.h>
#include <string.h>

#include <assay/memory.h>

static const struct command commands[CMD_COUNT] = {
#define COMMAND(ID, NAME, KEYS, WHERE, NEEDS, ARGUMENT, HINT, HELP)                            \
    [CMD_##ID] = {.id = CMD_##ID,                                                              \
                  .name = NAME,                                                                \
                  .keys = KEYS,                                                                \
                  .where = WHERE,                                                              \
                  .needs = NEEDS,                                                              \
                  .argument = ARGUMENT,                                                        \
                  .hint = HINT,                                                                \
                  .help = HELP},
#include "commands.inc"
#undef COMMAND
};

static const struct {
    unsigned where;
    const char *name;
} places[] = {
    {WHERE_ALL, "everywhere"},  {WHERE_LISTS, "lists"},       {WHERE_HOME, "home"},
    {WHERE_RUN, "run"},         {WHERE_CHART, "chart"},       {WHERE_HELP, "help"},
    {WHERE_COMPARE, "compare"}, {WHERE_ACTIVITY, "activity"}, {WHERE_QUEUE, "approvals"},
    {WHERE_REQUEST, "request"}, {WHERE_MODELS, "models"},
};

const struct command *command_get(enum command_id id)
{
    return id > CMD_NONE && id < CMD_COUNT ? &commands[id] : NULL;
}

enum command_id command_find(const char *name, size_t length)
{
    for (enum command_id id = CMD_NONE + 1; id < CMD_COUNT; id++) {
        if (strlen(commands[id].name) == length &&
            memcmp(commands[id].name, name, length) == 0) {
            return id;
        }
    }
    return CMD_NONE;
}

const char *command_where_name(unsigned where)
{
    for (size_t i = 0; i < ASSAY_COUNT(places); i++) {
        if (places[i].where == where) {
            return places[i].name;
        }
    }
    return "";
}

int command_match(const char *name, const char *pattern)
{
    size_t length = strlen(pattern);
    if (strncmp(name, pattern, length) == 0) {
        return 1000 - (int)strlen(name);
    }
    if (strstr(name, pattern)) {
        return 600 - (int)strlen(name);
    }
    int score = 300 - (int)strlen(name);
    for (const char *at = name; *pattern; pattern++, at++) {
        const char *from = at;
        while (*at && tolower((unsigned char)*at) != tolower((unsigned char)*pattern)) {
            at++;
        }
        if (!*at) {
            return 0;
        }
        score -= at == from ? 0 : 3;
        score += at == name || at[-1] == '-' ? 5 : 0;
    }
    return score > 0 ? score : 1;
}

static bool listed_at(const struct command *command, unsigned where)
{
    bool general = command->where == WHERE_ALL || command->where == WHERE_LISTS;
    if (where == WHERE_ALL || where == WHERE_LISTS) {
        return command->where == where;
    }
    return !general && (command->where & where);
}

void command_list(struct assay_buf *out)
{
    for (size_t p = 0; p < ASSAY_COUNT(places); p++) {
        bool headed = false;
        for (enum command_id id = CMD_NONE + 1; id < CMD_COUNT; id++) {
            const struct command *command = &commands[id];
            if (!listed_at(command, places[p].where)) {
                continue;
            }
            if (!headed) {
                assay_buf_format(
                    out, "\n## %s\n\n| keys | command | what it does |\n|---|---|---|\n",
                    places[p].name);
                headed = true;
            }
            assay_buf_format(out, "| %s%s%s | %s | %s |\n", *command->keys ? "`" : "",
                             command->keys, *command->keys ? "`" : "", command->name,
                             command->help);
        }
    }
}
