/*
 * The log of changes (change_log.h). Called by the session's changes of servers and by what
 * follows an application.
 */
#include "remote/change_log.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/change.h>
#include <assay/clock.h>
#include <assay/file.h>

#include "remote/json_text.h"

char *assay_change_log_path(void)
{
    const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    struct assay_buf path = {0};

    if (base && base[0] == '/')
        assay_buf_format(&path, "%s/assay/changes.jsonl", base);
    else if (home && *home)
        assay_buf_format(&path, "%s/.local/state/assay/changes.jsonl", home);
    else
        return NULL;
    return assay_buf_take(&path);
}

static void log_text(struct assay_buf *line, const char *key, const char *value)
{
    assay_buf_format(line, ", \"%s\": ", key);
    if (value)
        json_text_quote(line, value);
    else
        assay_buf_text_add(line, "null");
}

static void append(const struct assay_buf *line)
{
    char *path = assay_change_log_path(), *directory = path ? assay_path_directory(path) : NULL;
    ssize_t ignored = 0;
    int fd = -1;

    if (directory && assay_make_directories(directory, NULL) == ASSAY_OK)
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) { /* one write: lines of several programs do not mix */
        ignored = write(fd, assay_buf_text(line), line->length);
        close(fd);
    }
    (void)ignored;
    free(directory);
    free(path);
}

void change_log_add(const char *where, const char *what, const char *before, const char *after,
                    const struct assay_error *error)
{
    struct assay_buf line = {0};
    struct passwd entry, *found = NULL;
    char room[2048];

    if (getpwuid_r(geteuid(), &entry, room, sizeof room, &found) != 0)
        found = NULL;
    assay_buf_format(&line, "{\"time_ms\": %lld", (long long)assay_now_ms());
    log_text(&line, "user", found ? found->pw_name : NULL);
    log_text(&line, "server", where);
    log_text(&line, "change", what);
    log_text(&line, "before", before);
    log_text(&line, "after", after);
    log_text(&line, "error", error->status == ASSAY_OK ? NULL : error->what);
    assay_buf_text_add(&line, "}\n");
    append(&line);
    assay_buf_free(&line);
}
