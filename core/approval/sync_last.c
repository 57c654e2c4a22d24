/*
 * The place that a ledger was last exchanged with, so that the workbench needs not ask for it
 * each time: a file beside the remembered heads, a line "LEDGER PLACE" for each ledger. Called
 * by sync.c and, through <assay/approval.h>, by the workbench.
 */
#include "approval/sync.h"

#include <stdlib.h>
#include <string.h>

#include <assay/file.h>

#include "remote/url.h"

#define FILE_LIMIT ((size_t)1 << 20)

static char *file_of(const struct assay_ledger *ledger)
{
    struct assay_buf path = {0};

    if (!ledger->heads_path || !ledger->fold.begin)
        return NULL;
    assay_buf_format(&path, "%s.places", ledger->heads_path);
    return assay_buf_take(&path);
}

/* Whether LINE, of LENGTH, is the ledger's own; *place where its place begins. */
static bool is_of(const struct assay_ledger *ledger, const char *line, size_t length,
                  const char **place)
{
    *place = line + 65;
    return length > 65 && line[64] == ' ' && strncmp(line, ledger->fold.begin->digest, 64) == 0;
}

char *assay_ledger_sync_place(const struct assay_ledger *ledger)
{
    char *path = file_of(ledger), *text = NULL, *found = NULL;
    const char *place;
    size_t length = 0;

    if (path && assay_file_read(path, FILE_LIMIT, &text, &length, NULL) == ASSAY_OK)
        for (const char *line = text; *line && !found;) {
            const size_t end = strcspn(line, "\n");
            if (is_of(ledger, line, end, &place))
                found = assay_strndup(place, (size_t)(line + end - place));
            line += end + (line[end] == '\n');
        }
    free(text);
    free(path);
    return found;
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
    char *path = file_of(ledger), *place = repeatable(remote), *text = NULL;
    const char *old;
    size_t length = 0;
    struct assay_buf out = {0};

    if (path && place) {
        assay_buf_format(&out, "%s %s\n", ledger->fold.begin->digest, place);
        (void)assay_file_read(path, FILE_LIMIT, &text, &length, NULL);
        for (const char *line = text ? text : ""; *line;) {
            const size_t end = strcspn(line, "\n");
            if (end > 0 && !is_of(ledger, line, end, &old))
                assay_buf_format(&out, "%.*s\n", (int)end, line);
            line += end + (line[end] == '\n');
        }
        /* Only a convenience: that it cannot be written is no reason to fail. */
        if (!text || strcmp(text, assay_buf_text(&out)) != 0)
            (void)assay_file_write(path, out.data, out.length, 0600, NULL);
    }
    assay_buf_free(&out);
    free(text);
    free(place);
    free(path);
}
