/*
 * assay doctor: looks at everything the workbench leans on and says what works, what does not,
 * and what to do about it.
 */
#include "cli.h"
#include "json.h"
#include "table.h"
#include "terminal.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <assay/approval.h>
#include <assay/file.h>
#include <assay/local.h>
#include <assay/ini.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "../tui/tui.h"

#define ASK_MS      1500
#define LITTLE_ROOM (UINT64_C(200) * 1000 * 1000)

enum state { WORKS, NOTE, FAILS };

struct check {
    const char *section, *name; /* literals, or in the arena */
    enum state state;
    const char *detail, *advice;
};
struct doctor {
    struct cli *cli;
    struct assay_arena arena;
    struct check *checks;
    size_t count, capacity;
};

/* ADVICE "" where none is needed. */
static void say(struct doctor *d, const char *section, const char *name, enum state state,
                const char *advice, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

static void say(struct doctor *d, const char *section, const char *name, enum state state,
                const char *advice, const char *format, ...)
{
    struct assay_buf text = {0};
    va_list args;
    va_start(args, format);
    assay_buf_vformat(&text, format, args);
    va_end(args);
    ASSAY_GROW(d->checks, d->capacity, d->count + 1);
    d->checks[d->count++] = (struct check){
        .section = section,
        .name = assay_arena_strdup(&d->arena, name),
        .state = state,
        .detail = assay_arena_strdup(&d->arena, assay_buf_text(&text)),
        .advice = assay_arena_strdup(&d->arena, advice),
    };
    assay_buf_free(&text);
    if (state == FAILS)
        d->cli->worst = ASSAY_IO;
}

/* ---- the terminal ---- */

static void check_graphics(struct doctor *d)
{
    struct cli_terminal t;
    if (!cli_terminal_ask(&t, ASK_MS)) {
        say(d, "terminal", "graphics", NOTE, "", "the terminal cannot be asked from here");
        return;
    }
    if (!t.answered)
        say(d, "terminal", "sixel", NOTE, "charts are drawn in braille",
            "no answer within %.1f s", ASK_MS / 1000.0);
    else if (t.sixel)
        say(d, "terminal", "sixel", WORKS, "", "yes (%s), %d colour registers", t.reply,
            t.registers);
    else
        say(d, "terminal", "sixel", NOTE,
            "charts are drawn in braille; xterm needs -ti vt340, tmux needs sixel support",
            "no (%s)", t.reply);
    if (t.answered)
        say(d, "terminal", "background", WORKS, "", "%s",
            t.light ? "light" : "dark, or not said");
    if (t.cell_width)
        say(d, "terminal", "cell", WORKS, "", "%d x %d pixels", t.cell_width, t.cell_height);
    else
        say(d, "terminal", "cell", NOTE, "pictures need the size of a cell", "size unknown");
}

static void check_terminal(struct doctor *d)
{
    const struct cli *cli = d->cli;
    static const char *const variables[] = {"NO_COLOR", "ASSAY_GRAPHICS", "TMUX", "STY"};
    const char *term = getenv("TERM"), *colors = getenv("COLORTERM");
    say(d, "terminal", "charset", cli->utf8 ? WORKS : NOTE,
        cli->utf8 ? "" : "charts are drawn in ASCII; set LC_ALL to a UTF-8 locale, say C.UTF-8",
        "%s", nl_langinfo(CODESET));
    if (!term || !*term || strcmp(term, "dumb") == 0)
        say(d, "terminal", "TERM", NOTE, "the workbench needs a TERM that is in terminfo", "%s",
            term && *term ? term : "not set");
    else
        say(d, "terminal", "TERM", WORKS, "", "%s%s%s", term, colors && *colors ? ", " : "",
            colors ? colors : "");
    for (size_t i = 0; i < ASSAY_COUNT(variables); i++) {
        const char *value = getenv(variables[i]);
        if (value && *value)
            say(d, "terminal", variables[i], NOTE, "", "%s", value);
    }
    if (!cli->tty) {
        say(d, "terminal", "output", NOTE, "run this in the terminal you use",
            "standard output is no terminal");
        return;
    }
    bool small = cli->columns < 60 || cli->rows < 16;
    say(d, "terminal", "size", small ? NOTE : WORKS, small ? "60 x 16 is the least" : "",
        "%d x %d cells", cli->columns, cli->rows);
    check_graphics(d);
}

/* ---- files ---- */

/* The nearest directory above PATH that is there. */
static char *existing_directory(const char *path)
{
    char *at = assay_path_directory(path);
    while (access(at, F_OK) != 0 && strcmp(at, "/") != 0 && strcmp(at, ".") != 0) {
        char *up = assay_path_directory(at);
        free(at);
        at = up;
    }
    return at;
}

static void check_room(struct doctor *d, const char *section, const char *path)
{
    struct statvfs fs;
    char text[32];
    char *directory = existing_directory(path);
    if (statvfs(directory, &fs) == 0) {
        uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
        bool little = room < LITTLE_ROOM;
        say(d, section, "room", little ? NOTE : WORKS, little ? "make room on that disk" : "",
            "%s free", assay_bytes_text(text, room));
    }
    if (access(directory, W_OK) != 0)
        say(d, section, "directory", FAILS, "make it writable, or set another place", "%s: %s",
            directory, strerror(errno));
    free(directory);
}

/* What the files below FOLDER take; links are not followed. */
static uint64_t folder_bytes(const char *folder, uint64_t *files)
{
    char *const roots[] = {(char *)(uintptr_t)folder, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    uint64_t bytes = 0;
    *files = 0;
    for (const FTSENT *entry; tree && (entry = fts_read(tree));)
        if (entry->fts_info == FTS_F) {
            bytes += (uint64_t)entry->fts_statp->st_size;
            ++*files;
        }
    if (tree)
        fts_close(tree);
    return bytes;
}

/* The files beside a database; MOST bytes of them at most, 0: as many as there are. */
static void check_artifacts(struct doctor *d, const char *section, char *folder, uint64_t most)
{
    char bytes[32], count[32], bound[32];
    uint64_t files = 0, total;
    if (!folder || access(folder, F_OK) != 0) {
        free(folder);
        return;
    }
    total = folder_bytes(folder, &files);
    say(d, section, "artifacts", WORKS, "", "%s: %s %s, %s%s%s", folder,
        assay_count_text(count, files), files == 1 ? "file" : "files",
        assay_bytes_text(bytes, total), most ? " of at most " : "",
        most ? assay_bytes_text(bound, most) : "");
    free(folder);
}

struct content {
    struct doctor *d;
    const char *section;
};

static void on_fault(void *context, const char *text)
{
    const struct content *content = context;
    say(content->d, content->section, "content", FAILS, "", "%s", text);
}

/* Just made (by us, who write to it behind), or there was no room, or the program was killed.
 */
static void say_unwritten(struct doctor *d, const char *section)
{
    say(d, section, "content", NOTE, "", "nothing has been written to it yet");
}

/* Reads all of it: SQLite's own check, then ours. */
static void check_content(struct doctor *d, enum assay_database which, const char *path)
{
    bool store = which == ASSAY_DATABASE_STORE;
    struct content content = {.d = d, .section = store ? "store" : "cache"};
    const char *advice = store
                             ? "keep a copy of it as it is, then put a backup (`assay backup`) "
                               "in its place, or try sqlite3's .recover on the copy"
                             : "delete it: it is made again";
    struct assay_database_check found;
    struct assay_error err = {0};
    char runs[32], series[32], points[32];
    enum assay_status status =
        assay_database_check(which, path, &found, on_fault, &content, &err);
    if (status == ASSAY_OK)
        say(d, content.section, "content", WORKS, "", "sound: %s %s, %s series, %s %s",
            assay_count_text(runs, found.runs), found.runs == 1 ? "run" : "runs",
            assay_count_text(series, found.series), assay_count_text(points, found.points),
            found.points == 1 ? "point" : "points");
    if (status == ASSAY_OK)
        say(d, content.section, "size", WORKS, "", "%s in use%s%s, %s free within the file",
            assay_bytes_text(runs, found.bytes), store ? "" : " of at most ",
            store ? "" : assay_bytes_text(series, ASSAY_CACHE_BYTES),
            assay_bytes_text(points, found.unused));
    else if (status == ASSAY_CORRUPT)
        say(d, content.section, "content", FAILS, advice, "damaged: %" PRIu64 " %s",
            found.faults, found.faults == 1 ? "fault" : "faults");
    else if (status == ASSAY_NO)
        say_unwritten(d, content.section);
    else
        say(d, content.section, "content", FAILS, err.hint, "%s", err.what);
}

static void check_database(struct doctor *d, enum assay_database which, const char *path)
{
    const char *section = which == ASSAY_DATABASE_STORE ? "store" : "cache";
    struct stat st;
    char text[32];
    if (!*path) {
        say(d, section, "path", FAILS, "set HOME", "there is no place for it");
        return;
    }
    if (stat(path, &st) != 0) {
        const char *elsewhere = which == ASSAY_DATABASE_STORE ? "point ASSAY_STORE elsewhere"
                                                              : "point ASSAY_CACHE elsewhere";
        bool fresh = errno == ENOENT;
        say(d, section, "path", fresh ? NOTE : FAILS, fresh ? "" : elsewhere, "%s: %s", path,
            fresh ? "not there yet" : strerror(errno));
    } else {
        say(d, section, "path", WORKS, "", "%s, %s", path,
            assay_bytes_text(text, (uint64_t)st.st_size));
        if (access(path, W_OK) != 0)
            say(d, section, "writing", FAILS, "make it writable", "%s", strerror(errno));
        else
            say(d, section, "writing", WORKS, "", "allowed");
        if (st.st_size > 0)
            check_content(d, which, path);
        else
            say_unwritten(d, section);
    }
    check_room(d, section, path);
}

/* ---- sources ---- */

/* "12 runs, 3 deleted": those that `ls` counts, and the others that are there: deleted ones,
   and those of deleted experiments. */
static void runs_text(const struct cli *cli, uint32_t source, char out[80])
{
    size_t runs = 0, deleted = 0;
    char text[32];
    for (uint32_t i = 0; i < assay_catalog_runs(cli->catalog); i++) {
        const struct assay_run *run = assay_catalog_run(cli->catalog, i);
        if (run->source != source || run->gone)
            continue;
        if (run->deleted || assay_catalog_experiment(cli->catalog, run->experiment)->deleted)
            deleted++;
        else
            runs++;
    }
    int length =
        snprintf(out, 80, "%s %s", assay_count_text(text, runs), runs == 1 ? "run" : "runs");
    if (deleted)
        snprintf(out + length, 80 - (size_t)length, ", %s deleted",
                 assay_count_text(text, deleted));
}

/* What is listed of SOURCE, number INDEX, and how much is not. */
static void say_problems(struct doctor *d, uint32_t index, const struct assay_source *source)
{
    const struct assay_problem *problems;
    size_t count = assay_session_problems(d->cli->session, &problems), said = 0;
    for (size_t p = 0; p < count; p++) {
        const struct assay_problem *problem = &problems[p];
        if (problem->source != index)
            continue;
        said += problem->rest ? problem->rest : 1;
        if (problem->offset != UINT64_MAX)
            say(d, "sources", source->name, FAILS, "", "%s: byte %" PRIu64 ": %s",
                problem->path, problem->offset, problem->message);
        else
            say(d, "sources", source->name, FAILS, "", "%s: %s", problem->path,
                problem->message);
    }
    if (source->problems > said)
        say(d, "sources", source->name, FAILS, "", "%zu more", source->problems - said);
}

static void check_source(struct doctor *d, uint32_t i)
{
    const struct assay_source *source = assay_catalog_source(d->cli->catalog, i);
    char runs[80];
    runs_text(d->cli, i, runs);
    struct assay_server server;
    bool far = assay_session_server(d->cli->session, i, &server);
    if (far && (source->state == ASSAY_SOURCE_FAILED || source->state == ASSAY_SOURCE_OFFLINE))
        say(d, "sources", source->name, FAILS, source->error.hint, "%s%s", source->error.what,
            server.offline && source->read_ms != ASSAY_NO_TIME
                ? ": what the cache has of it is shown"
                : "");
    else if (source->state == ASSAY_SOURCE_FAILED &&
             strcmp(source->kind, ASSAY_KIND_MISSING) == 0)
        say(d, "sources", source->name, FAILS, source->error.hint, "%s", source->error.what);
    else if (source->state == ASSAY_SOURCE_FAILED)
        say(d, "sources", source->name, FAILS, source->error.hint, "%s (%s): %s", source->where,
            source->kind, source->error.what);
    else
        say(d, "sources", source->name, WORKS, "", "%s (%s): %s%s", source->where, source->kind,
            runs, source->problems ? ", with problems:" : "");
    say_problems(d, i, source);
}

/* ---- servers ---- */

static const char *may(int answer)
{
    return answer == 1 ? "yes" : answer == 0 ? "no" : "not known";
}

static void check_answering(struct doctor *d, const char *name,
                            const struct assay_server_look *look)
{
    char age[24];
    say(d, "servers", name, WORKS, "", "MLflow %s%s%s%s, a round trip takes %s",
        look->version[0] ? look->version : "of an unknown version", look->store[0] ? ", " : "",
        look->store, look->workspaces ? ", with workspaces" : "",
        look->round_trip_us < 10000000
            ? (snprintf(age, sizeof age, "%.1f ms", (double)look->round_trip_us / 1000), age)
            : assay_duration_text(age, look->round_trip_us / 1000));
    if (look->user[0])
        say(d, "servers", name, WORKS, "", "signed in as %s (%s), administrator: %s",
            look->user, look->from, may(look->may_admin));
    else
        say(d, "servers", name, WORKS, "", "%s; the server does not say who we are",
            look->from);
    say(d, "servers", name, look->may_read == 1 ? WORKS : FAILS, "",
        "reading: %s, writing: %s, artifacts through the server: %s", may(look->may_read),
        look->read_only        ? "switched off here (read_only)"
        : look->may_admin == 1 ? "yes"
        : look->grants_known   ? "where it is granted"
                               : "not switched off here, not tried",
        may(look->proxied_artifacts));
    if (look->grants_known && look->may_admin != 1)
        say(d, "servers", name, WORKS, "",
            "granted by name: %s; elsewhere the server's default",
            look->grants[0] ? look->grants : "nothing");
    if (look->unverified)
        say(d, "servers", name, NOTE, "name its certificates with ca_file instead",
            "its certificate is not checked: anybody in between can read along");
}

static void check_servers(struct doctor *d)
{
    size_t found = 0;
    for (uint32_t i = 0; d->cli->catalog && i < assay_catalog_sources(d->cli->catalog); i++) {
        const char *name = assay_catalog_source(d->cli->catalog, i)->name;
        struct assay_server_look look;
        if (!assay_session_server_look(d->cli->session, i, &look))
            continue;
        found++;
        if (look.status == ASSAY_OK)
            check_answering(d, name, &look);
        else
            say(d, "servers", name, FAILS, look.error.hint, "%s (%s)", look.error.what,
                look.from);
    }
    if (!found)
        say(d, "servers", "servers", NOTE, "", "none configured");
}

static void check_sources(struct doctor *d)
{
    struct cli *cli = d->cli;
    const char **sources = NULL;
    size_t count = 0, capacity = 0;
    for (const char *source; (source = cli_value_at(cli, "source", count)) != NULL;) {
        ASSAY_GROW(sources, capacity, count + 1);
        sources[count++] = source;
    }
    const struct assay_session_options options = {.sources = sources, .source_count = count};
    struct assay_error err = {0};
    enum assay_status status = assay_session_open(&cli->session, &options, &err);
    free(sources);
    if (status != ASSAY_OK) {
        say(d, "sources", "opening", FAILS, err.hint, "%s", err.what);
        return;
    }
    cli->catalog = assay_session_catalog(cli->session);
    status = assay_session_wait(cli->session, &err);
    size_t found = assay_catalog_sources(cli->catalog);
    for (uint32_t i = 0; i < found; i++)
        check_source(d, i);
    if (!found && status == ASSAY_OK)
        say(d, "sources", "none", NOTE, "name a directory with -S, or try: assay demo",
            "nothing to read was found");
    const char *const *notices;
    size_t notice_count = assay_session_notices(cli->session, &notices);
    for (size_t i = 0; i < notice_count; i++)
        say(d, "session", "notice", FAILS, "", "%s", notices[i]);
}

/* ---- what is configured ---- */

static void check_configuration(struct doctor *d)
{
    const char *given = getenv("ASSAY_CONFIG");
    char *path = assay_config_path();
    struct assay_error err = {0};
    if (path && access(path, R_OK) == 0 && tui_check_settings(&err) == ASSAY_OK)
        say(d, "configuration", "file", WORKS, "", "%s", path);
    else if (err.what[0])
        say(d, "configuration", "file", FAILS, err.hint, "%s", err.what);
    else if (given && *given)
        say(d, "configuration", "file", FAILS, "correct $ASSAY_CONFIG", "%s: %s", given,
            strerror(errno));
    else
        say(d, "configuration", "file", NOTE, "", "%s: none, which is fine",
            path ? path : "no home");
    free(path);
}

/* ---- keys ---- */

static void check_signing(struct doctor *d, struct assay_ledger *ledger)
{
    struct assay_error err = {0};
    const char *person = "";
    if (assay_ledger_me(ledger, &person, &err) != ASSAY_OK)
        say(d, "keys", "signing", NOTE, err.hint, "%s", err.what);
    else if (*person)
        say(d, "keys", "signing", WORKS, "", "as %s, with a key of the agent", person);
    else
        say(d, "keys", "signing", NOTE,
            "ssh-add adds one to the agent; assay keys list shows whose keys count",
            "the agent has no key of anybody who signs here");
}

static void check_keys(struct doctor *d)
{
    const struct assay_ledger_options options = {.read_only = true, .sign_timeout_ms = ASK_MS};
    struct assay_ledger *ledger = NULL;
    struct assay_error err = {0};
    char records[32];
    if (assay_ledger_open(&ledger, &options, &err) != ASSAY_OK) {
        say(d, "keys", "ledger", FAILS, err.hint, "%s", err.what);
        return;
    }
    const struct assay_ledger_info info = assay_ledger_info(ledger);
    if (!*info.digest) {
        say(d, "keys", "ledger", NOTE, "", "none in the local store, which is fine");
    } else {
        say(d, "keys", "ledger", info.problems ? NOTE : WORKS,
            info.problems ? "assay verify says which" : "", "%.16s…: %s %s%s", info.digest,
            assay_count_text(records, info.records), info.records == 1 ? "record" : "records",
            info.problems ? ", with remarks or records that do not count" : "");
        check_signing(d, ledger);
    }
    assay_ledger_close(&ledger);
}

/* ---- printing ---- */

static const char *state_name(enum state state)
{
    return state == WORKS ? "ok" : state == NOTE ? "note" : "fails";
}

/* Room for every name as it is: the end of a source's name may be all that tells it apart. */
static int name_width(const struct doctor *d)
{
    int widest = 14;
    for (size_t i = 0; i < d->count; i++) {
        struct assay_buf name = {0};
        assay_text_clean(&name, d->checks[i].name, strlen(d->checks[i].name));
        int width = assay_text_width(assay_buf_text(&name));
        widest = width > widest ? width : widest;
        assay_buf_free(&name);
    }
    return widest;
}

static void print_people(struct doctor *d)
{
    static const char *const colors[] = {[WORKS] = "32", [NOTE] = "33", [FAILS] = "31"};
    struct assay_buf *out = &d->cli->out;
    const char *section = "";
    int widest = name_width(d);
    for (size_t i = 0; i < d->count; i++) {
        const struct check *c = &d->checks[i];
        if (strcmp(section, c->section) != 0) {
            section = c->section;
            assay_buf_format(out, d->cli->color ? "%s\x1b[1m%s\x1b[0m\n" : "%s%s\n",
                             i ? "\n" : "", section);
        }
        if (d->cli->color)
            assay_buf_format(out, "  \x1b[%sm%-5s\x1b[0m ", colors[c->state],
                             state_name(c->state));
        else
            assay_buf_format(out, "  %-5s ", state_name(c->state));
        struct assay_buf name = {0};
        assay_text_clean(&name, c->name, strlen(c->name));
        assay_text_pad(out, assay_buf_text(&name), widest, false, !d->cli->utf8);
        assay_buf_free(&name);
        assay_buf_char(out, ' ');
        assay_text_clean(out, c->detail, strlen(c->detail));
        assay_buf_char(out, '\n');
        if (*c->advice)
            assay_buf_format(out, "%24s%s\n", "-> ", c->advice);
    }
}

static void print_json(struct doctor *d)
{
    struct cli_json json = {.out = &d->cli->out};
    cli_json_open(&json, '{');
    cli_json_key(&json, "works");
    cli_json_bool(&json, d->cli->worst == ASSAY_OK);
    cli_json_key(&json, "checks");
    cli_json_open(&json, '[');
    for (size_t i = 0; i < d->count; i++) {
        const struct check *c = &d->checks[i];
        cli_json_open(&json, '{');
        cli_json_member(&json, "section", c->section);
        cli_json_member(&json, "name", c->name);
        cli_json_member(&json, "state", state_name(c->state));
        cli_json_member(&json, "detail", c->detail);
        cli_json_member(&json, "advice", c->advice);
        cli_json_close(&json);
    }
    cli_json_close(&json);
    cli_json_close(&json);
}

static void print_rows(struct doctor *d)
{
    static const char *const names[] = {"section", "name", "state", "detail", "advice"};
    struct cli_table *table = cli_table_new(d->cli);
    for (size_t n = 0; n < ASSAY_COUNT(names); n++)
        cli_table_column(table, names[n], names[n], false);
    for (size_t i = 0; i < d->count; i++) {
        const struct check *c = &d->checks[i];
        const char *cells[] = {c->section, c->name, state_name(c->state), c->detail, c->advice};
        for (size_t n = 0; n < ASSAY_COUNT(cells); n++)
            cli_table_text(table, cells[n]);
    }
    cli_table_print(table);
    cli_table_free(&table);
}

enum assay_status cli_doctor(struct cli *cli, struct assay_error *err)
{
    (void)err;
    struct doctor d = {.cli = cli};
    check_terminal(&d);
    check_sources(&d);
    if (cli->session) {
        check_database(&d, ASSAY_DATABASE_STORE, assay_session_store_path(cli->session));
        check_artifacts(&d, "store",
                        assay_local_artifacts_path(assay_session_store_path(cli->session)), 0);
        check_database(&d, ASSAY_DATABASE_CACHE, assay_session_cache_path(cli->session));
        check_artifacts(&d, "cache", assay_session_copies_path(cli->session),
                        ASSAY_COPIES_BYTES);
    }
    check_servers(&d);
    check_configuration(&d);
    check_keys(&d);
    if (cli->format == CLI_JSON)
        print_json(&d);
    else if (cli->format == CLI_TABLE)
        print_people(&d);
    else
        print_rows(&d);
    free(d.checks);
    assay_arena_free(&d.arena);
    return ASSAY_OK;
}
