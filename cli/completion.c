/*
 * assay completion: scripts for bash, zsh and fish, made from the table of commands.
 */
#include "cli.h"
#include "words.h"

#include <string.h>

#include <assay/memory.h>
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

/* What a value is completed with, whichever the shell. */
enum value { NOTHING, CHOICES, WORDS, FILES };

static enum value value_of(const struct cli_option *o)
{
    static const char *const files[] = {"FILE", "DIR", "PUBFILE", "[NAME=]FILE", "[PATH=]FILE"};
    if (!o->argument)
        return NOTHING;
    if (o->choices)
        return CHOICES;
    if (cli_words_kind(o->argument))
        return WORDS;
    for (size_t i = 0; i < ASSAY_COUNT(files); i++)
        if (strcmp(o->argument, files[i]) == 0)
            return FILES;
    return NOTHING;
}

/* Files fit beside the words: where sources or files are arguments, and where nothing else is
   known of them. */
static bool takes_files(const struct cli_command *c)
{
    const char *kind = cli_words_kind(c->operands);
    return !kind || strcmp(kind, "sources") == 0;
}

/* ---- bash ---- */

/* Words of foreign making never pass through compgen -W or eval, which would expand what is in
   them; printf %q quotes them. Within quotes that are open, where nothing can be quoted safely,
   only harmless ones are offered. Bash takes words apart at ':' and '=' where those are word
   breaks: they are put together again, and what stands before the last ':' is taken off the
   replies. */
static const char bash_head[] =
    "# bash completion for assay\n"
    "_assay_words() { # KIND [files]: words that begin as $word does; files come as well\n"
    "    local line open=${word:0:1} plain=$word before=\n"
    "    [[ $open == [\\'\\\"] ]] && plain=${word:1} || open=\n"
    "    [[ $open ]] || plain=${plain//\\\\/}\n"
    "    [[ $COMP_WORDBREAKS == *:* && $plain == *:* ]] && before=${plain%\"${plain##*:}\"}\n"
    "    [[ $2 ]] || compopt +o filenames 2>/dev/null\n"
    "    while IFS= read -r line; do\n"
    "        line=${line%%$'\\t'*}\n"
    "        line=${line#\"$before\"}\n"
    "        if [[ $2 ]]; then\n"
    "            : # readline quotes it, as the names of files\n"
    "        elif [[ -z $open ]]; then\n"
    "            printf -v line %q \"$line\"\n"
    "            line=${line//\\\\,/,}\n"
    "        elif [[ $line == *[\\'\\\"\\$\\`\\\\!]* ]]; then\n"
    "            continue\n"
    "        fi\n"
    "        COMPREPLY+=(\"$line\")\n"
    "    done < <(\"${words[0]}\" completion words \"$1\" \"${sources[@]}\" -- \"$plain\" "
    "2>/dev/null)\n"
    "}\n"
    "_assay_files() {\n"
    "    local line\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    while IFS= read -r line; do COMPREPLY+=(\"$line\"); done < <(compgen -f -- "
    "\"$word\")\n"
    "}\n"
    "_assay() {\n"
    "    local -a words=() sources=()\n"
    "    local i part last= word command previous options=\n"
    "    COMPREPLY=()\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "        part=${COMP_WORDS[i]}\n"
    "        if [[ $part == : || $last == : ]] && ((i > 1)); then\n"
    "            words[${#words[@]}-1]+=$part\n"
    "        elif [[ $part != = ]]; then\n"
    "            words+=(\"$part\")\n"
    "        elif ((i == COMP_CWORD)); then\n"
    "            words+=('')\n"
    "        fi\n"
    "        last=$part\n"
    "    done\n"
    "    i=$((${#words[@]} - 1))\n"
    "    word=${words[i]} command=${words[1]} previous=${words[i-1]}\n"
    "    for ((part = 2; part < i; part++)); do\n"
    "        [[ ${words[part]} == -S || ${words[part]} == --source ]] && ((part + 1 < i)) &&\n"
    "            sources+=(-S \"${words[part+1]}\")\n"
    "    done\n";

/* How $previous is matched: "-m|--metric". */
static void bash_names(struct assay_buf *out, const struct cli_option *o)
{
    if (o->letter)
        assay_buf_format(out, "-%c|", o->letter);
    assay_buf_format(out, "--%s", o->name);
}

static void bash_words(struct assay_buf *out, const char *kind)
{
    bool files = strcmp(kind, "sources") == 0;
    assay_buf_format(out, "_assay_words %s%s", kind, files ? " files; _assay_files" : "");
}

static void bash_value(struct assay_buf *out, const struct cli_option *o)
{
    switch (value_of(o)) {
    case CHOICES:
        assay_buf_text_add(out, "COMPREPLY=($(compgen -W \"");
        add_choices(out, o->choices);
        assay_buf_text_add(out, "\" -- \"$word\"))");
        break;
    case WORDS:
        bash_words(out, cli_words_kind(o->argument));
        break;
    case FILES:
        assay_buf_text_add(out, "_assay_files");
        break;
    default:
        assay_buf_char(out, ':');
    }
}

static void bash_command(struct assay_buf *out, const struct cli_command *c)
{
    const char *kind = cli_words_kind(c->operands);
    assay_buf_format(out, "    %s)\n        case $previous in\n", c->name);
    for (const struct cli_option *o = c->options; o->name; o++) {
        if (!o->argument)
            continue;
        assay_buf_text_add(out, "        ");
        bash_names(out, o);
        assay_buf_text_add(out, ") ");
        bash_value(out, o);
        assay_buf_text_add(out, "; return ;;\n");
    }
    assay_buf_text_add(out, "        esac\n        options=\"");
    for (const struct cli_option *o = c->options; o->name; o++)
        assay_buf_format(out, "%s--%s", o == c->options ? "" : " ", o->name);
    assay_buf_text_add(out, "\"\n");
    if (strcmp(c->name, "completion") == 0) {
        assay_buf_text_add(out, "        options+=\" bash zsh fish\" ;;\n");
        return;
    }
    assay_buf_text_add(out, "        [[ $word == -* ]] || { ");
    if (!c->most)
        assay_buf_char(out, ':');
    else if (kind)
        bash_words(out, kind);
    else
        assay_buf_text_add(out, "_assay_files");
    assay_buf_text_add(out, "; return; } ;;\n");
}

static void bash(struct assay_buf *out)
{
    assay_buf_text_add(out, bash_head);
    assay_buf_text_add(out, "    if ((i == 1)); then\n"
                            "        COMPREPLY=($(compgen -W \"");
    add_commands(out);
    assay_buf_text_add(out, " --help --version\" -- \"$word\"))\n"
                            "        _assay_words sources files\n        _assay_files\n"
                            "        return\n    fi\n    case $command in\n");
    for (const struct cli_command *c = cli_commands; c->name; c++)
        bash_command(out, c);
    assay_buf_text_add(out,
                       "    *) _assay_words sources files; _assay_files; return ;;\n    esac\n"
                       "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
                       "}\ncomplete -F _assay assay\n");
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

static void zsh_value(struct assay_buf *out, const struct cli_option *o)
{
    switch (value_of(o)) {
    case CHOICES:
        assay_buf_char(out, '(');
        add_choices(out, o->choices);
        assay_buf_char(out, ')');
        break;
    case WORDS:
        assay_buf_format(out, "{_assay_words %s}", cli_words_kind(o->argument));
        break;
    case FILES:
        assay_buf_text_add(out, "_files");
        break;
    default:
        break;
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
        zsh_value(out, o);
        assay_buf_char(out, '\'');
    }
}

static void zsh_command(struct assay_buf *out, const struct cli_command *c)
{
    const char *kind = cli_words_kind(c->operands);
    assay_buf_format(out, "    %s)\n        _arguments -s", c->name);
    for (const struct cli_option *o = c->options; o->name; o++)
        zsh_option(out, o);
    if (strcmp(c->name, "completion") == 0)
        assay_buf_text_add(out, " \\\n            '1:shell:(bash zsh fish)'");
    else if (c->most && kind)
        assay_buf_format(out, " \\\n            '*:argument:{_assay_words %s}'", kind);
    else if (c->most)
        assay_buf_text_add(out, " \\\n            '*:argument:_files'");
    assay_buf_text_add(out, "\n        ;;\n");
}

static void zsh(struct assay_buf *out)
{
    assay_buf_text_add(out, "#compdef assay\n"
                            "_assay_words() { # KIND: words that begin as what is typed does\n"
                            "    local -a lines\n    local kind=$1\n"
                            "    lines=(${(f)\"$(assay completion words $kind -- "
                            "\"${(Q)PREFIX}\" 2>/dev/null)\"})\n"
                            "    compadd -- ${lines%%$'\\t'*}\n"
                            "    [[ $kind == sources ]] && _files\n}\n"
                            "_assay() {\n"
                            "    local -a commands\n    commands=(\n");
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        assay_buf_format(out, "        '%s:", c->name);
        zsh_text(out, c->summary);
        assay_buf_text_add(out, "'\n");
    }
    assay_buf_text_add(out, "    )\n    if ((CURRENT == 2)); then\n"
                            "        _describe command commands\n"
                            "        _assay_words sources\n        return\n    fi\n"
                            "    local command=$words[2]\n    shift words\n    ((CURRENT--))\n"
                            "    case $command in\n");
    for (const struct cli_command *c = cli_commands; c->name; c++)
        zsh_command(out, c);
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

static void fish_words(struct assay_buf *out, const char *kind)
{
    assay_buf_format(out, " -a '(_assay_words %s)'", kind);
}

static void fish_option(struct assay_buf *out, const struct cli_command *c,
                        const struct cli_option *o)
{
    assay_buf_format(out, "complete -c assay -n '__fish_seen_subcommand_from %s' -l %s",
                     c->name, o->name);
    if (o->letter)
        assay_buf_format(out, " -s %c", o->letter);
    if (value_of(o) == CHOICES) {
        assay_buf_text_add(out, " -x -a '");
        add_choices(out, o->choices);
        assay_buf_char(out, '\'');
    } else if (value_of(o) == WORDS) {
        bool files = strcmp(cli_words_kind(o->argument), "sources") == 0;
        assay_buf_text_add(out, files ? " -r" : " -x");
        fish_words(out, cli_words_kind(o->argument));
    } else if (o->argument) {
        assay_buf_text_add(out, " -r");
    }
    assay_buf_text_add(out, " -d ");
    fish_text(out, o->help);
    assay_buf_char(out, '\n');
}

static void fish(struct assay_buf *out)
{
    assay_buf_text_add(out, "# fish completion for assay\n"
                            "function _assay_words\n"
                            "    assay completion words $argv[1] -- (commandline -ct) "
                            "2>/dev/null\nend\n");
    for (const struct cli_command *c = cli_commands; c->name; c++) {
        const char *kind = cli_words_kind(c->operands);
        assay_buf_format(out, "complete -c assay -n __fish_use_subcommand -a %s -d ", c->name);
        fish_text(out, c->summary);
        assay_buf_char(out, '\n');
        if (c->most && kind) {
            assay_buf_format(out, "complete -c assay%s -n '__fish_seen_subcommand_from %s'",
                             takes_files(c) ? "" : " -f", c->name);
            fish_words(out, kind);
            assay_buf_char(out, '\n');
        }
        for (const struct cli_option *o = c->options; o->name; o++)
            fish_option(out, c, o);
    }
    assay_buf_text_add(out, "complete -c assay -f -n '__fish_seen_subcommand_from completion' "
                            "-a 'bash zsh fish'\n");
}

enum assay_status cli_completion(struct cli *cli, struct assay_error *err)
{
    const char *shell = cli->args.operands[0];
    bool words = strcmp(shell, "words") == 0;
    if (!words && cli->args.operand_count > 1) {
        assay_fail(err, ASSAY_BAD_INPUT, "completion: unexpected argument: %s",
                   cli->args.operands[1]);
        assay_hint(err, "assay completion --help lists what it takes");
        return ASSAY_BAD_INPUT;
    }
    if (words)
        return cli_words(cli, err);
    if (strcmp(shell, "bash") == 0) {
        bash(&cli->out);
    } else if (strcmp(shell, "zsh") == 0) {
        zsh(&cli->out);
    } else if (strcmp(shell, "fish") == 0) {
        fish(&cli->out);
    } else {
        assay_fail(err, ASSAY_BAD_INPUT, "completion: %s: not one of bash, zsh, fish", shell);
        assay_hint(err, "assay completion --help lists what it takes");
        return ASSAY_BAD_INPUT;
    }
    return ASSAY_OK;
}
