/*
 * The door to inih. Lines are fed to it one by one, so that they can be counted (its handler
 * does not hear of lines) and one too long for it is an error instead of being cut.
 */
#include <assay/ini.h>

#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include <assay/file.h>

#define FILE_LIMIT ((size_t)1 << 20)

struct reading {
    const char *at, *end;
    size_t line;
    size_t long_line;  /* the first that did not fit; 0 none */
    size_t fault_line; /* where the caller's function failed */
    enum assay_status status;
    assay_ini_entry entry;
    void *context;
    struct assay_error fault;
};

/* As fgets(): inih takes a line from here. */
static char *next_line(char *out, int capacity, void *context)
{
    struct reading *r = context;
    if (r->at == r->end || r->status != ASSAY_OK)
        return NULL;
    const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
    size_t length = (size_t)((newline ? newline + 1 : r->end) - r->at);
    size_t room = capacity > 0 ? (size_t)capacity - 1 : 0;
    r->line++;
    if (length > room) {
        r->long_line = r->line;
        return NULL;
    }
    memcpy(out, r->at, length);
    out[length] = '\0';
    r->at += length;
    return out;
}

static int on_entry(void *context, const char *section, const char *key, const char *value)
{
    struct reading *r = context;
    if (r->status == ASSAY_OK && key) {
        r->status = r->entry(r->context, section, key, value ? value : "", &r->fault);
        if (r->status != ASSAY_OK)
            r->fault_line = r->line;
    }
    return r->status == ASSAY_OK;
}

enum assay_status assay_ini_parse(const char *text, size_t length, const char *name,
                                  assay_ini_entry entry, void *context, struct assay_error *err)
{
    struct reading r = {.at = text, .end = text + length, .entry = entry, .context = context};
    if (length && memchr(text, '\0', length))
        return assay_fail(err, ASSAY_BAD_INPUT, "%s: not a text file", name);
    int line = ini_parse_stream(next_line, &r, on_entry, &r);
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
        return assay_fail(err, ASSAY_BAD_INPUT, "%s:%zu: line too long", name, r.long_line);
    return line < 0 ? assay_fail(err, ASSAY_IO, "%s: cannot be read", name) : ASSAY_OK;
}

enum assay_status assay_ini_read(const char *path, assay_ini_entry entry, void *context,
                                 struct assay_error *err)
{
    char *text;
    size_t length;
    enum assay_status status = assay_file_read(path, FILE_LIMIT, &text, &length, err);
    if (status != ASSAY_OK)
        return status;
    status = assay_ini_parse(text, length, path, entry, context, err);
    free(text);
    return status;
}
