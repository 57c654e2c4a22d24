/*
 * What is remembered of exchanges, in files beside the remembered heads: "places", a line
 * "LEDGER PLACE" for each ledger, so that the workbench needs not ask where it was last
 * exchanged; "told", a line "DIGEST DIGEST" for each ledger and place, of what was not taken
 * there, so that it is told of once. Called by sync.c and, through <assay/approval.h>, by the
 * workbench.
 */
#include "approval/sync.h"

#include <stdlib.h>
#include <string.h>

#include <assay/file.h>

#include "remote/url.h"

#define FILE_LIMIT ((size_t)1 << 20)

static char *file_of(const struct assay_ledger *ledger, const char *name)
{
    struct assay_buf path = {0};

    if (!ledger->heads_path || !ledger->fold.begin)
        return NULL;
    assay_buf_format(&path, "%s.%s", ledger->heads_path, name);
    return assay_buf_take(&path);
}

/* Whether LINE, of LENGTH, is the KEY's; *value where what is kept for it begins. */
static bool is_of(const char *key, const char *line, size_t length, const char **value)
{
    *value = line + 65;
    return length > 65 && line[64] == ' ' && strncmp(line, key, 64) == 0;
}

/* What the file NAME keeps for KEY; NULL nothing. */
static char *recall(const struct assay_ledger *ledger, const char *name, const char *key)
{
    char *path = file_of(ledger, name), *text = NULL, *found = NULL;
    const char *value;
    size_t length = 0;

    if (path && assay_file_read(path, FILE_LIMIT, &text, &length, NULL) == ASSAY_OK)
        for (const char *line = text; *line && !found;) {
            const size_t end = strcspn(line, "\n");
            if (is_of(key, line, end, &value))
                found = assay_strndup(value, (size_t)(line + end - value));
            line += end + (line[end] == '\n');
        }
    free(text);
    free(path);
    return found;
}

static void keep(const struct assay_ledger *ledger, const char *name, const char *key,
                 const char *value)
{
    char *path = file_of(ledger, name), *text = NULL;
    const char *old;
    size_t length = 0;
    struct assay_buf out = {0};

    if (path) {
        assay_buf_format(&out, "%s %s\n", key, value);
        (void)assay_file_read(path, FILE_LIMIT, &text, &length, NULL);
        for (const char *line = text ? text : ""; *line;) {
            const size_t end = strcspn(line, "\n");
            if (end > 0 && !is_of(key, line, end, &old))
                assay_buf_format(&out, "%.*s\n", (int)end, line);
            line += end + (line[end] == '\n');
        }
        /* Only a convenience: that it cannot be written is no reason to fail. */
        if (!text || strcmp(text, assay_buf_text(&out)) != 0)
            (void)assay_file_write(path, out.data, out.length, 0600, NULL);
    }
    assay_buf_free(&out);
    free(text);
    free(path);
}

char *assay_ledger_sync_place(const struct assay_ledger *ledger)
{
    return ledger->fold.begin ? recall(ledger, "places", ledger->fold.begin->digest) : NULL;
}

/* What can be said again from another directory, and to anybody; NULL where that is not so. */
static char *repeatable(const char *remote)
{
    char *shown = url_without_users(remote), *place = NULL;

    if (strcmp(shown, remote) == 0 && !strpbrk(remote, "\r\n"))
        place = strstr(remote, "://") || !strchr(remote, '/') ? assay_strdup(remote)
                                                              : realpath(remote, NULL);
    free(shown);
    return place;
}

void sync_remember(const struct assay_ledger *ledger, const char *remote)
{
    char *place = repeatable(remote);

    if (place && ledger->fold.begin)
        keep(ledger, "places", ledger->fold.begin->digest, place);
    free(place);
}

bool sync_was_told(const struct assay_ledger *ledger, const char *shown, const char *what)
{
    struct assay_buf of = {0};
    char key[ASSAY_SHA256_TEXT], *place = repeatable(shown), *last = NULL;

    if (ledger->fold.begin) {
        assay_buf_format(&of, "%s %s", ledger->fold.begin->digest, place ? place : shown);
        assay_sha256(key, of.data, of.length);
        last = recall(ledger, "told", key);
    }
    const bool told = last && strcmp(last, what) == 0;
    if (ledger->fold.begin && !told)
        keep(ledger, "told", key, what);
    assay_buf_free(&of);
    free(place);
    free(last);
    return told;
}
