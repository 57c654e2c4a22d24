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
/* Every one-shot command takes -S, so that a script may give the same to all of them. */
#define OPTION_SOURCE_UNREAD                                                                   \
    {                                                                                          \
        'S', "source", "SOURCE", NULL, "taken as everywhere, to no effect: no source is read"  \
    }
#define OPTION_SOURCE_LOCAL                                                                    \
    {                                                                                          \
        'S', "source", "SOURCE", NULL,                                                         \
            "taken as everywhere, to no effect: the local store is meant"                      \
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
    OPTION_SOURCE,
    {0, "deleted", NULL, NULL, "deleted experiments, and how many runs are deleted"},
    OPTION_FORMAT,
    OPTION_HELP,
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

static const struct cli_option compare_options[] = {
    OPTION_SOURCE,
    {'e', "experiment", "EXP", NULL, "the runs of this experiment (name or id)"},
    {'f', "filter", "FILTER", NULL, "the runs that match, e.g. \"tags.sweep = 7\""},
    {0, "view", "NAME", NULL, "the runs of this saved view"},
    {0, "last", "N", NULL, "of those only the last N; alone: the last N of all"},
    {0, "parent", NULL, NULL, "each RUN beside the run it was started from"},
    {0, "champion", NULL, NULL,
     "against the champion of a registry: of the model a RUN is a version of, or of its "
     "experiment"},
    {0, "baseline", "RUN", NULL, "what the others are measured against (default: the first)"},
    {0, "all", NULL, NULL, "equal rows as well"},
    {0, "group-by", "KEY,...", NULL,
     "groups of runs instead of runs; auto: those that differ only by seed"},
    {'m', "metric", "METRIC", NULL, "judge and draw this metric (repeatable)"},
    {0, "stat", "WHICH", "last|best|min|max", "a metric's last, best, min or max value"},
    {0, "at", "X=N", NULL, "values at step=N, time=SECONDS, or where a metric reaches N"},
    {0, "curves", NULL, NULL, "areas under the curves as well"},
    {0, "target", "METRIC=N", NULL, "how soon METRIC reaches N (repeatable)"},
    {0, "pareto", "METRIC,...", NULL, "which runs nothing else beats in all of these"},
    {0, "gpu-price", "N", NULL,
     "what a GPU-hour costs: the cost of each run beside its quality"},
    {0, "direction", "METRIC=max", NULL,
     "which way a metric is better: max or min (repeatable)"},
    {0, "files", NULL, NULL, "artifacts as well: digests, leaves of JSON, packages"},
    {0, "diff", "PATH", NULL, "this artifact line by line, against the baseline's"},
    {0, "code", NULL, NULL, "the code between the baseline's commit and each other's"},
    {0, "repo", "DIR", NULL,
     "with --code: where the repository lies (default: where the script was)"},
    {0, "examples", "PATH[:COLUMN]", NULL,
     "test single runs by the per-example scores in this artifact (CSV or JSON lines)"},
    {0, "explain", "METRIC", NULL, "which params go with this metric"},
    {0, "fail-if", "EXPR", NULL,
     "exit with status 1 where \"metrics.loss > baseline * 1.01\" or its like holds"},
    {0, "seed", "N", NULL, "seed of everything that is drawn at random"},
    {0, "save", "FILE", NULL, "write a bundle that another machine opens"},
    {0, "bundle", "FILE", NULL, "compare the runs of a bundle"},
    {'o', "output", "FILE", NULL, "write to FILE instead of standard output"},
    {0, "format", "FORMAT", "table|json|csv|md|html|latex",
     "how to print: table, json, csv, md, html or latex"},
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

static const struct cli_option import_options[] = {
    OPTION_SOURCE,
    {'e', "experiment", "EXP", NULL, "only runs of this experiment (name or id)"},
    {0, "deleted", NULL, NULL, "deleted runs too"},
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option models_options[] = {
    OPTION_SOURCE,
    {0, "prompts", NULL, NULL, "prompts instead of models"},
    {0, "logged", NULL, NULL, "the models that runs logged instead of registered ones"},
    {0, "traces", NULL, NULL, "traces instead of models, the newest first"},
    {'e', "experiment", "EXP", NULL, "with --logged or --traces: only of this experiment"},
    {'n', "limit", "N", NULL,
     "with --logged or --traces: the newest N (0 all; a table has 1000)"},
    {0, "digest", NULL, NULL,
     "of MODEL's versions: the digest of their files, which are read whole"},
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option change_options[] = {
    OPTION_SOURCE,
    {'t', "tag", "NAME=VALUE", NULL, "set a tag (repeatable)"},
    {0, "untag", "NAME", NULL, "delete a tag (repeatable)"},
    {0, "note", "TEXT", NULL, "the run's note (mlflow.note.content); empty deletes it"},
    {'n', "name", "NAME", NULL, "rename the run"},
    {0, "delete", NULL, NULL, "mark the run as deleted"},
    {0, "restore", NULL, NULL, "take the mark away"},
    {0, "register", "MODEL", NULL, "register a version of MODEL from the run"},
    {0, "artifact", "PATH", NULL,
     "with --register: the model's place, or models:/m-… (else the last it logged)"},
    {0, "description", "TEXT", NULL, "the description of the model or version"},
    {0, "alias", "NAME", NULL, "have the alias stand for this version (repeatable)"},
    {0, "unalias", "NAME", NULL, "delete an alias (repeatable)"},
    {'y', "yes", NULL, NULL, "write what is shown without asking"},
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option upload_options[] = {
    OPTION_SOURCE,
    {0, "to", "SERVER", NULL, "the server it goes to (a URL or a configured source)"},
    {'e', "experiment", "EXP", NULL, "name of the experiment there (default: as here)"},
    {0, "no-artifacts", NULL, NULL, "leave the artifacts away"},
    {0, "partial", NULL, NULL, "leave out what the server does not take, cut what it cuts"},
    {'y', "yes", NULL, NULL, "send what is shown without asking"},
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option log_options[] = {
    OPTION_SOURCE_LOCAL,
    {'e', "experiment", "EXP", NULL, "start a run in this experiment and print its id"},
    {'n', "name", "NAME", NULL, "name of the run that is started"},
    {'m', "metric", "NAME=VALUE", NULL, "add a point (repeatable)"},
    {0, "step", "N", NULL, "step of the points (default 0)"},
    {0, "time", "MS", NULL, "time of the points, milliseconds since 1970 (default now)"},
    {'p', "param", "NAME=VALUE", NULL, "set a param (repeatable)"},
    {'t', "tag", "NAME=VALUE", NULL, "set a tag (repeatable)"},
    {'a', "artifact", "[PATH=]FILE", NULL,
     "copy a file, or a folder with what is in it, to the run's artifacts, as PATH or by its "
     "own name (repeatable)"},
    {0, "json", NULL, NULL, "read JSON lines from standard input"},
    {0, "finish", "STATUS", "finished|failed|killed",
     "end the run afterwards as finished, failed or killed"},
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option track_options[] = {
    OPTION_SOURCE_LOCAL,
    {'e', "experiment", "EXP", NULL, "experiment of the run (default: tracked)"},
    {'n', "name", "NAME", NULL, "name of the run"},
    {'p', "param", "NAME=VALUE", NULL, "set a param (repeatable)"},
    {'t', "tag", "NAME=VALUE", NULL, "set a tag (repeatable)"},
    OPTION_HELP,
    OPTION_END,
};

#define OPTION_SIGN_WITH                                                                       \
    {                                                                                          \
        0, "sign-with", "PUBFILE", NULL, "sign with this key of the agent's (its public file)" \
    }
#define OPTION_UNSIGNED                                                                        \
    {                                                                                          \
        0, "unsigned", "PERSON", NULL,                                                         \
            "as this person without a signature, where the policy allows it"                   \
    }

static const struct cli_option keys_options[] = {
    OPTION_SOURCE_UNREAD,
    {0, "name", "NAME", NULL, "the person's full name"},
    {0, "key", "PUBFILE", NULL, "public key file to add"},
    {0, "begin", NULL, NULL, "begin a ledger here, owned by PERSON, without asking"},
    {0, "role", "ROLE", NULL, "give this role (repeatable; replaces all)"},
    {0, "account", "ACCOUNT", NULL,
     "another system's name of the person (repeatable; replaces all)"},
    {0, "after", "N", NULL,
     "revoke: of what the key signed, only records up to N of `assay audit log` still count"},
    OPTION_SIGN_WITH,
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option policy_options[] = {
    OPTION_SOURCE_UNREAD, OPTION_SIGN_WITH, OPTION_FORMAT, OPTION_HELP, OPTION_END,
};

static const struct cli_option register_options[] = {
    OPTION_SOURCE_LOCAL,
    {0, "model", "MODEL", NULL, "the model's name"},
    {0, "run", "ID", NULL,
     "the run of the local store that made it; then other seeds' (repeatable)"},
    {0, "account", "PART=ACCOUNT", NULL,
     "who else had a part in it, e.g. commit-author=dev (repeatable)"},
    OPTION_SIGN_WITH,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option request_options[] = {
    {'S', "source", "SERVER", NULL,
     "an MLflow server, by URL or configured name (default: the local registry)"},
    {0, "model", "MODEL", NULL, "the model"},
    {0, "version", "VERSION", NULL, "its version"},
    {0, "target", "TARGET", NULL, "where to: alias:NAME, stage:NAME or tag:NAME"},
    {'m', "message", "WORDS", NULL, "why"},
    {0, "evidence", "[NAME=]FILE", NULL, "a file that reviewers should see (repeatable)"},
    {0, "policy", "NAME", NULL, "the policy, where several match"},
    {0, "revise", "REQ", NULL, "a new revision of this request"},
    {0, "rollback", "REQ", NULL, "back to what was there before this request was applied"},
    OPTION_SIGN_WITH,
    OPTION_UNSIGNED,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option queue_options[] = {
    {'S', "source", "SERVER", NULL,
     "only what was requested at this MLflow server, '' the local registry"},
    {0, "mine", NULL, NULL, "only what waits for me"},
    {0, "state", "STATE", NULL, "only this state, or all"},
    OPTION_SIGN_WITH,
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option review_options[] = {
    OPTION_SOURCE_UNREAD,
    {0, "open", "NAME", NULL, "print this piece of evidence and mark it as seen"},
    OPTION_SIGN_WITH,
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option sign_options[] = {
    OPTION_SOURCE_UNREAD,
    {0, "approve", NULL, NULL, "approve"},
    {0, "reject", NULL, NULL, "reject; it is a veto until it is withdrawn"},
    {0, "request-changes", NULL, NULL, "ask for changes"},
    {0, "abstain", NULL, NULL, "abstain"},
    {0, "withdraw", NULL, NULL, "withdraw my vote, or my request"},
    {0, "revoke", NULL, NULL, "revoke what was applied"},
    {0, "override", NULL, NULL, "break the glass; somebody else must review it in time"},
    {0, "ratify", NULL, NULL, "the later review of an override"},
    {0, "fulfil", NULL, NULL, "say that the condition named in the message is met"},
    {0, "delegate", "PERSON", NULL, "hand my vote on this request to PERSON"},
    {0, "comment", NULL, NULL, "only say something"},
    {'m', "message", "REASON", NULL, "why"},
    {0, "condition", "TEXT[ until DATE]", NULL, "approve under this condition (repeatable)"},
    {0, "digest", "HEX", NULL, "the digest I mean: its first or last 6 digits at least"},
    {0, "dry-run", NULL, NULL, "print what would be signed, sign nothing"},
    OPTION_SIGN_WITH,
    OPTION_UNSIGNED,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option apply_options[] = {
    OPTION_SOURCE_UNREAD, OPTION_SIGN_WITH, OPTION_UNSIGNED, OPTION_HELP, OPTION_END,
};

static const struct cli_option verify_options[] = {
    {'S', "source", "SERVER", NULL,
     "an MLflow server, '' the local registry (default: where it was requested)"},
    {0, "model", "MODEL", NULL, "may this model's"},
    {0, "version", "VERSION", NULL, "version"},
    {0, "target", "TARGET", NULL, "be at this target?"},
    {0, "digest", "HEX", NULL, "and is this its digest?"},
    {0, "bundle", "DIR", NULL, "check an exported bundle instead of the local ledger"},
    {0, "ledger", "HEX", NULL, "the digest of the ledger that is meant"},
    {0, "quick", NULL, NULL, "without ssh-keygen's second opinion on every signature"},
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option audit_options[] = {
    {'S', "source", "SERVER", NULL,
     "drift: at this MLflow server (default: the local registry)"},
    {0, "files", NULL, NULL, "drift: read every version's files, and compare them too"},
    {0, "html", NULL, NULL, "report: as a page for a browser"},
    OPTION_FORMAT,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option sync_options[] = {
    OPTION_SOURCE_UNREAD,
    {0, "ledger", "HEX", NULL,
     "the digest of the ledger to join, where there is none here yet"},
    {0, "again", NULL, NULL,
     "read also what lies there already, and put what is no longer as it was"},
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option host_options[] = {
    OPTION_SOURCE_UNREAD,
    OPTION_FORMAT,
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
    OPTION_SOURCE_LOCAL,
    {0, "no-open", NULL, NULL, "train and log only, do not open the workbench"},
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option completion_options[] = {
    OPTION_SOURCE,
    OPTION_HELP,
    OPTION_END,
};

static const struct cli_option backup_options[] = {
    OPTION_SOURCE_LOCAL,
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
            "Columns: id, name, experiment, experiment_id, source, source_kind, status,\n"
            "lifecycle, user, start, end, duration, artifact_uri,\n"
            "metrics.NAME[@best|min|max|last], params.NAME, tags.NAME. A NAME alone stands\n"
            "for what it stands for in a filter: the fields of that name, else those of that\n"
            "last part. Without -c a table shows the main ones, csv and md show all.\n",
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
        .name = "compare",
        .operands = "[RUN...]",
        .summary = "say what differs between runs, and whether it is real",
        .details =
            "Differences come first, equal rows are folded and counted. Runs that differ only\n"
            "by their seed are taken as groups: the difference is tested (sign flips of the\n"
            "pairs, or exchanged labels), and an interval is given where one is known to\n"
            "cover. What --fail-if cannot decide, because a value is missing or not finite,\n"
            "fails.\n",
        .options = compare_options,
        .most = 5000,
        .run = cli_compare,
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
        .name = "import",
        .operands = "[SOURCE...]",
        .summary = "copy the runs of other sources into the local store",
        .details =
            "Every param, tag and point comes along; the artifacts stay where they are.\n"
            "Importing again brings what is new and changes nothing else: tags and notes\n"
            "added in the local store stay.\n",
        .options = import_options,
        .most = SIZE_MAX,
        .operands_are_sources = true,
        .run = cli_import,
    },
    {
        .name = "models",
        .operands = "[MODEL [VERSION]]",
        .summary = "list registered models, or the versions of one",
        .details =
            "VERSION is a number or @ALIAS. Where a server cannot be reached, what it said\n"
            "last is shown. The digest is that of approvals: SHA-256 of the list that\n"
            "sha256sum prints of the files, sorted by path.\n",
        .options = models_options,
        .most = 2,
        .run = cli_models,
    },
    {
        .name = "change",
        .operands = "RUN|models:/MODEL[/VERSION|@ALIAS]",
        .summary = "write tags, notes, names, aliases, versions to a server",
        .details = "What there is and what it becomes is shown first. Where the server has\n"
                   "something else by then, nothing is written.\n",
        .options = change_options,
        .least = 1,
        .most = 1,
        .run = cli_change,
    },
    {
        .name = "upload",
        .operands = "RUN...",
        .summary = "send runs to a server, with every point and artifact",
        .details =
            "What the server has already is found and passed over: an upload that was cut\n"
            "off goes on, one that is repeated sends what came since. A param or tag that has\n"
            "another value there is said and stays (exit status 1). Names, paths and lengths\n"
            "that the server does not take are said before anything is sent.\n",
        .options = upload_options,
        .least = 1,
        .most = SIZE_MAX,
        .run = cli_upload,
    },
    {
        .name = "log",
        .operands = "[RUN]",
        .summary = "add points, params, tags and artifacts to a run in the local store",
        .details =
            "With -e a run is started and its id printed; else RUN, or $ASSAY_RUN, says "
            "which.\n"
            "A JSON line is an object with any of \"step\", \"time_ms\", \"metrics\", "
            "\"params\",\n"
            "\"tags\" and \"artifacts\" (PATH: FILE); metrics may be numbers or \"NaN\",\n"
            "\"Infinity\", \"-Infinity\".\n",
        .options = log_options,
        .most = 1,
        .only_local = true,
        .run = cli_log,
    },
    {
        .name = "track",
        .operands = "-- CMD [ARG...]",
        .summary = "run a command as a tracked run and pass on its exit status",
        .details =
            "The command finds the run's id in $ASSAY_RUN, so that `assay log` inside it\n"
            "needs no RUN. SIGTERM and SIGHUP are passed on to it.\n",
        .options = track_options,
        .least = 1,
        .most = SIZE_MAX,
        .operands_last = true,
        .only_local = true,
        .run = cli_track,
    },
    {
        .name = "keys",
        .operands = "[list | add PERSON | revoke PERSON FINGERPRINT]",
        .summary = "list or change the persons who sign, and their keys",
        .details =
            "Where there is no ledger, `keys add` begins one after asking, or with --begin;\n"
            "its person is the first owner. To join one there is, `assay sync PLACE` first.\n"
            "Roles are names that policies ask for; policy-owner, who may change persons and\n"
            "policies, is the one that is built in.\n",
        .options = keys_options,
        .most = 3,
        .run = cli_keys,
    },
    {
        .name = "policy",
        .operands = "show [NAME] | check REQ | set FILE",
        .summary = "show, check or set what a request needs",
        .options = policy_options,
        .least = 1,
        .most = 2,
        .run = cli_policy,
    },
    {
        .name = "register",
        .operands = "FILE|DIR...",
        .summary = "register a model version in the local registry and print its number",
        .options = register_options,
        .least = 1,
        .most = 64,
        .only_local = true,
        .run = cli_register,
    },
    {
        .name = "request",
        .operands = "",
        .summary = "ask that a model version is moved to a target, and print the request's id",
        .options = request_options,
        .run = cli_request,
    },
    {
        .name = "queue",
        .operands = "",
        .summary = "list what waits for a decision",
        .options = queue_options,
        .run = cli_queue,
    },
    {
        .name = "review",
        .operands = "REQ",
        .summary = "show a request, its gates, evidence, votes and what is missing",
        .options = review_options,
        .least = 1,
        .most = 1,
        .run = cli_review,
    },
    {
        .name = "sign",
        .operands = "REQ",
        .summary = "sign a decision on a request with my SSH key",
        .options = sign_options,
        .least = 1,
        .most = 1,
        .run = cli_sign,
    },
    {
        .name = "apply",
        .operands = "REQ",
        .summary = "move the target of an approved request; doing it twice does it once",
        .details =
            "Sections [after NAME] of config.ini say what follows (docs/approvals.md). Where\n"
            "that fails, the request is applied all the same and the exit status is 3.",
        .options = apply_options,
        .least = 1,
        .most = 1,
        .run = cli_apply,
    },
    {
        .name = "verify",
        .operands = "[REQ]",
        .summary =
            "check the ledger, a request, a bundle, or whether a version may be at a target",
        .options = verify_options,
        .most = 1,
        .run = cli_verify,
    },
    {
        .name = "audit",
        .operands = "log | drift | export DIR | report",
        .summary = "show the log, targets nobody approved, or write what an auditor needs",
        .options = audit_options,
        .least = 1,
        .most = 2,
        .run = cli_audit,
    },
    {
        .name = "sync",
        .operands = "DIR|git+URL|SERVER",
        .summary = "exchange records with a directory, a git repository or an MLflow server",
        .options = sync_options,
        .least = 1,
        .most = 1,
        .run = cli_sync,
    },
    {
        .name = "backup",
        .operands = "FILE",
        .summary = "copy the local store to FILE, while others may write to it",
        .details =
            "The copy is of one moment, and checked. To go back to it, put it in the place\n"
            "of store.db while no assay runs. The runs' artifacts are not in it: they are\n"
            "the files in the folder store.db.artifacts beside the store.\n",
        .options = backup_options,
        .least = 1,
        .most = 1,
        .only_local = true,
        .run = cli_backup,
    },
    {
        .name = "host",
        .operands = "",
        .summary = "show the GPUs, processors and memory of this machine, once",
        .options = host_options,
        .run = cli_host,
    },
    {
        .name = "doctor",
        .operands = "",
        .summary = "say what works, what does not, and what to do",
        .details =
            "Reads both databases from end to end, which takes a while where they are large.\n",
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
        .only_local = true,
        .run = cli_demo,
    },
    {
        .name = "completion",
        .operands = "bash|zsh|fish | words KIND [WORD]",
        .summary = "print the completion of a shell, or what it may offer",
        .details =
            "The shells' completions ask for the words themselves: those that may stand for\n"
            "WORD, one a line, with a description behind a tab. KIND is sources, experiments,\n"
            "runs, metrics, params, columns, models or requests. Only what is known already\n"
            "is looked at: no source is read, no server asked.\n",
        .options = completion_options,
        .least = 1,
        .most = 3,
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
    assay_buf_text_add(
        out, "usage: assay [SOURCE...]\n"
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
