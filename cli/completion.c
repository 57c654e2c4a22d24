/*
 * assay completion: scripts for bash, zsh and fish, made from the table of commands.
 */
#include "cli.h"

#include <string.h>

#include <assay/text.h>

/* Appends the choices of an option with blanks between. */
static void add_choices(struct assay_buf *out, const char *choices)
{
    for (; *choices; choices++)
        assay_buf_char(out, *choices == '|' ? ' ' : *choices);
}

static void add_commands(struct assay_buf *out)
{
    for (const struct cli_command *c = cli_commands; c->name; c++)
        assay_buf_format(out, "%s%s", c == cli_commands ? "" : " ", c->name);
}

/* ---- bash ---- */

static void bash_values(struct assay_buf *out)
{
    assay_buf_text_add(out, "    case $previous in\n");
    for (const struct cli_command *c = cli_commands; c->name; c++)
        for (const struct cli_option *o = c->options; o->name; o++) {
            if (!o->choices)
                continue;
            assay_buf_format(
                out,
                "    --%s)\n        [[ $command == %s ]] && { COMPREPLY=($(compgen "
                "-W \"",
                o->name, c->name);
            add_choices(out, o->choices);
            assay_buf_text_add(out, "\" -- \"$word\")); return; }\n        ;;&\n");
        }
    assay_buf_text_add(out, "    esac\n");
}

static void bash(struct assay_buf *out)
{
    assay_buf_text_add(out,
                       "# bash completion for assay\n_assay() {\n"
                       "    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
                       "    local previous=${COMP_WORDS[COMP_CWORD-1]} options=\n"
                       "    COMPREPLY=()\n"
                       "    if ((COMP_CWORD == 1)); then\n"
                       "        COMPREPLY=($(compgen -W \"");
    add_commands(out);
    assay_buf_text_add(out, " --help --version\" -- \"$word\") $(compgen -f -- \"$word\"))\n"
                            "        return\n    fi\n");
    bash_values(out);
    assay_buf_text_add(out, "    case $command in\n");
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        assay_buf_format(out, "    %s) options=\"", c->name);
        for (const struct cli_option *o = c->options; o->name; o++)
            assay_buf_format(out, "%s--%s", o == c->options ? "" : " ", o->name);
        assay_buf_text_add(out, "\" ;;\n");
    }
    assay_buf_text_add(out, "    completion) options+=\" bash zsh fish\" ;;\n"
                            "    esac\n"
                            "    if [[ $word == -* || $command == completion ]]; then\n"
                            "        COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
                            "    else\n"
                            "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
                            "    fi\n}\n"
                            "complete -o filenames -F _assay assay\n");
}

/* ---- zsh ---- */

/* Text inside '...' and [...] of an _arguments specification. */
static void zsh_text(struct assay_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            assay_buf_text_add(out, "'\\'");
        if (strchr("[]:\\", *text))
            assay_buf_char(out, '\\');
        assay_buf_char(out, *text);
    }
}

static void zsh_option(struct assay_buf *out, const struct cli_option *o)
{
    for (int form = 0; form < 2; form++) {
        if (form == 0 && !o->letter)
            continue;
        assay_buf_text_add(out, " \\\n            '*");
        if (form == 0)
            assay_buf_format(out, "-%c%s[", o->letter, o->argument ? "+" : "");
        else
            assay_buf_format(out, "--%s%s[", o->name, o->argument ? "=" : "");
        zsh_text(out, o->help);
        assay_buf_char(out, ']');
        if (o->argument) {
            assay_buf_char(out, ':');
            zsh_text(out, o->argument);
            assay_buf_char(out, ':');
        }
        if (o->choices) {
            assay_buf_char(out, '(');
            add_choices(out, o->choices);
            assay_buf_char(out, ')');
        } else if (o->argument &&
                   (strcmp(o->argument, "FILE") == 0 || strcmp(o->argument, "SOURCE") == 0)) {
            assay_buf_text_add(out, "_files");
        }
        assay_buf_char(out, '\'');
    }
}

static void zsh(struct assay_buf *out)
{
    assay_buf_text_add(out, "#compdef assay\n_assay() {\n"
                            "    local -a commands\n    commands=(\n");
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        assay_buf_format(out, "        '%s:", c->name);
        zsh_text(out, c->summary);
        assay_buf_text_add(out, "'\n");
    }
    assay_buf_text_add(out, "    )\n    if ((CURRENT == 2)); then\n"
                            "        _describe command commands\n        _files\n"
                            "        return\n    fi\n"
                            "    local command=$words[2]\n    shift words\n    ((CURRENT--))\n"
                            "    case $command in\n");
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        assay_buf_format(out, "    %s)\n        _arguments -s", c->name);
        for (const struct cli_option *o = c->options; o->name; o++)
            zsh_option(out, o);
        if (c->most)
            assay_buf_text_add(out, strcmp(c->name, "completion") == 0
                                        ? " \\\n            '1:shell:(bash zsh fish)'"
                                        : " \\\n            '*:argument:_files'");
        assay_buf_text_add(out, "\n        ;;\n");
    }
    assay_buf_text_add(out, "    esac\n}\n_assay \"$@\"\n");
}

/* ---- fish ---- */

static void fish_text(struct assay_buf *out, const char *text)
{
    assay_buf_char(out, '\'');
    for (; *text; text++) {
        if (strchr("'\\", *text))
            assay_buf_char(out, '\\');
        assay_buf_char(out, *text);
    }
    assay_buf_char(out, '\'');
}

static void fish(struct assay_buf *out)
{
    assay_buf_text_add(out, "# fish completion for assay\n");
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        assay_buf_format(out, "complete -c assay -n __fish_use_subcommand -a %s -d ", c->name);
        fish_text(out, c->summary);
        assay_buf_char(out, '\n');
        for (const struct cli_option *o = c->options; o->name; o++) {
            assay_buf_format(out, "complete -c assay -n '__fish_seen_subcommand_from %s' -l %s",
                             c->name, o->name);
            if (o->letter)
                assay_buf_format(out, " -s %c", o->letter);
            if (o->choices) {
                assay_buf_text_add(out, " -x -a '");
                add_choices(out, o->choices);
                assay_buf_char(out, '\'');
            } else if (o->argument) {
                assay_buf_text_add(out, " -r");
            }
            assay_buf_text_add(out, " -d ");
            fish_text(out, o->help);
            assay_buf_char(out, '\n');
        }
    }
    assay_buf_text_add(out, "complete -c assay -f -n '__fish_seen_subcommand_from completion' "
                            "-a 'bash zsh fish'\n");
}

enum assay_status cli_completion(struct cli *cli, struct assay_error *err)
{
    const char *shell = cli->args.operands[0];
    if (strcmp(shell, "bash") == 0) {
        bash(&cli->out);
    } else if (strcmp(shell, "zsh") == 0) {
        zsh(&cli->out);
    } else if (strcmp(shell, "fish") == 0) {
        fish(&cli->out);
    } else {
        assay_fail(err, ASSAY_BAD_INPUT, "completion: %s: not one of bash, zsh, fish", shell);
        return ASSAY_BAD_INPUT;
    }
    return ASSAY_OK;
}
