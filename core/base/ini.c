/*
 * The door to inih, and where the user's own file lies. Lines are fed to inih one by one, so
 * that they can be counted (its handler does not hear of lines) and none is cut: inih holds a
 * line in a fixed buffer (200 bytes as Debian builds it), so of a longer one it gets the key
 * and a mark, and the value waits here. Called by the session, the workbench and its themes.
 */
#include <assay/ini.h>

#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>

#define FILE_LIMIT  ((size_t)1 << 20)
#define SECTION_MAX 49     /* inih cuts the name of a longer one in silence */
#define MARK        "\001" /* stands for a value that is waiting */

struct reading {
    const char *at, *end;
    size_t line;
    size_t long_line;  /* the first that did not fit; 0 none */
    bool entered;      /* there was an entry in this section: an indented line continues it */
    char *waiting;     /* the value of the line that inih has just got a mark of */
    size_t fault_line; /* where the caller's function failed */
    enum assay_status status;
    bool sections;                 /* those without entries are told of, too */
    char section[SECTION_MAX + 2]; /* the one that was begun last; "" none */
    size_t section_line;
    assay_ini_entry entry;
    void *context;
    struct assay_error fault;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

/* TEXT[0..length) as inih would take it for a value: trimmed, a comment cut off. */
static char *value_of(const char *text, size_t length)
{
    while (length && is_blank(*text))
        text++, length--;
    for (size_t i = 0; i < length; i++)
        if (text[i] == ';' && (i == 0 || is_blank(text[i - 1])))
            length = i;
    while (length && is_blank(text[length - 1]))
        length--;
    return assay_strndup(text, length);
}

/* A line that does not fit into ROOM bytes: what inih is to get of it goes to OUT. False where
   even that is too long. */
static bool shorten(struct reading *r, const char *line, size_t length, char *out, size_t room)
{
    size_t start = 0, sign = 0;
    while (start < length && is_blank(line[start]))
        start++;
    if (start == length || line[start] == ';' || line[start] == '#') {
        memcpy(out, "\n", 2);
        return true;
    }
    if (line[start] == '[')
        return false;
    if (start == 0 || !r->entered) { /* "key = value" */
        while (sign < length && line[sign] != '=' && line[sign] != ':')
            sign++;
        if (sign == length || sign + sizeof MARK + 1 > room)
            return false;
        sign++;
    } else {
        sign = 1;
    }
    memcpy(out, line, sign);
    memcpy(out + sign, MARK "\n", sizeof MARK + 1);
    r->waiting = value_of(line + sign, length - sign);
    return true;
}

/* inih says nothing of a section in which there is nothing. */
static void end_section(struct reading *r)
{
    if (!r->sections || !r->section[0] || r->entered || r->status != ASSAY_OK)
        return;
    r->status = r->entry(r->context, r->section, "", "", &r->fault);
    if (r->status != ASSAY_OK)
        r->fault_line = r->section_line;
}

/* A line that begins with '[', blanks before it left out; false where its name is too long. */
static bool begin_section(struct reading *r, const char *line, size_t length)
{
    const char *close = memchr(line, ']', length);
    const size_t name = close ? (size_t)(close - line) - 1 : 0;
    if (name > SECTION_MAX)
        return false;
    end_section(r);
    memcpy(r->section, line + 1, name);
    r->section[name] = '\0';
    r->section_line = r->line;
    r->entered = false;
    return true;
}

/* As fgets(): inih takes a line from here. */
static char *next_line(char *out, int capacity, void *context)
{
    struct reading *r = context;
    free(r->waiting);
    r->waiting = NULL;
    if (r->at == r->end || r->status != ASSAY_OK)
        return NULL;
    const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
    size_t length = (size_t)((newline ? newline + 1 : r->end) - r->at);
    size_t room = capacity > 0 ? (size_t)capacity - 1 : 0;
    r->line++;
    size_t start = 0;
    while (start < length && is_blank(r->at[start]) && !r->entered)
        start++; /* after an entry, what is indented goes on with it */
    if (start < length && r->at[start] == '[' &&
        !begin_section(r, r->at + start, length - start)) {
        r->long_line = r->line;
        return NULL;
    }
    if (length <= room) {
        memcpy(out, r->at, length);
        out[length] = '\0';
    } else if (!shorten(r, r->at, length, out, room)) {
        r->long_line = r->line;
        return NULL;
    }
    r->at += length;
    return out;
}

static int on_entry(void *context, const char *section, const char *key, const char *value)
{
    struct reading *r = context;
    r->entered = true;
    if (r->waiting && value && strcmp(value, MARK) == 0)
        value = r->waiting;
    if (r->status == ASSAY_OK && key) {
        r->status = r->entry(r->context, section, key, value ? value : "", &r->fault);
        if (r->status != ASSAY_OK)
            r->fault_line = r->line;
    }
    return r->status == ASSAY_OK;
}

static enum assay_status parse(struct reading *reading, const char *name,
                               struct assay_error *err)
{
    struct reading r = *reading;
    if (r.at != r.end && memchr(r.at, '\0', (size_t)(r.end - r.at)))
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: not a text file", name);
    int line = ini_parse_stream(next_line, &r, on_entry, &r);
    free(r.waiting);
    if (line == 0 && !r.long_line)
        end_section(&r);
    if (r.status != ASSAY_OK) {
        assay_fail(err, r.status, "%s:%zu: %s", name, r.fault_line, r.fault.what);
        if (r.fault.hint[0])
            assay_hint(err, "%s", r.fault.hint);
        return r.status;
    }
    if (line > 0 && (!r.long_line || (size_t)line < r.long_line)) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s:%d: neither a section nor an entry", name, line);
        assay_hint(err, "write \"[section]\" or \"key = value\"");
        return ASSAY_BAD_INPUT;
    }
    if (r.long_line)
        return assay_fail(err, ASSAY_BAD_INPUT, "%s:%zu: the name of the %s is too long", name,
                          r.long_line, *r.at == '[' ? "section" : "entry");
    return line < 0 ? assay_fail(err, ASSAY_IO, "%s: cannot be read", name) : ASSAY_OK;
}

enum assay_status assay_ini_parse(const char *text, size_t length, const char *name,
                                  assay_ini_entry entry, void *context, struct assay_error *err)
{
    return parse(
        &(struct reading){.at = text, .end = text + length, .entry = entry, .context = context},
        name, err);
}

enum assay_status assay_ini_parse_sections(const char *text, size_t length, const char *name,
                                           assay_ini_entry entry, void *context,
                                           struct assay_error *err)
{
    return parse(&(struct reading){.at = text,
                                   .end = text + length,
                                   .sections = true,
                                   .entry = entry,
                                   .context = context},
                 name, err);
}

enum assay_status assay_ini_read(const char *path, assay_ini_entry entry, void *context,
                                 struct assay_error *err)
{
    char *text;
    size_t length;
    if (strcmp(path, "/dev/null") == 0) /* how people say "none" */
        return ASSAY_OK;
    enum assay_status status = assay_file_read(path, FILE_LIMIT, &text, &length, err);
    if (status != ASSAY_OK)
        return status;
    status = assay_ini_parse(text, length, path, entry, context, err);
    free(text);
    return status;
}

/* ---- where the user's own lie ---- */

char *assay_config_directory(void)
{
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (base && *base == '/') /* the XDG rules: a relative one does not count */
        return assay_path_join(base, "assay");
    return home && *home == '/' ? assay_path_join(home, ".config/assay") : NULL;
}

char *assay_config_path(void)
{
    const char *named = getenv("ASSAY_CONFIG");
    if (named && *named)
        return assay_strdup(named);
    char *directory = assay_config_directory();
    char *path = directory ? assay_path_join(directory, "config.ini") : NULL;
    free(directory);
    return path;
}
