/*
 * Running the user's editor on a text (editor.h). Called by the screens that write notes and
 * descriptions.
 */
#include "editor.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/memory.h>

extern char **environ;

/* Runs the editor on PATH in the terminal, which is ours again when this returns. */
static bool run_editor(struct app *app, char *path, struct assay_error *err)
{
    char command[] = "${VISUAL:-${EDITOR:-vi}} \"$1\"";
    char *const words[] = {(char[]){"sh"},    (char[]){"-c"}, command,
                           (char[]){"assay"}, path,           NULL};
    pid_t pid;
    int status = 0;
    term_leave(app->term);
    int failed = posix_spawn(&pid, "/bin/sh", NULL, NULL, words, environ);
    if (!failed) {
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
    }
    term_enter(app->term);
    if (failed) {
        assay_fail(err, ASSAY_IO, "editor: %s", strerror(failed));
    } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        assay_fail(err, ASSAY_IO, "the editor did not end well; the note is as it was");
        assay_hint(err, "set VISUAL or EDITOR to the editor you use");
    } else {
        return true;
    }
    return false;
}

static char *read_back(const char *path, struct assay_error *err)
{
    char *text = NULL;
    size_t length = 0;

    if (assay_file_read(path, EDITOR_LIMIT, &text, &length, err) != ASSAY_OK)
        return NULL;
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        text[--length] = '\0';
    return text;
}

char *editor_text(struct app *app, const char *text, struct assay_error *err)
{
    const char *folder = getenv("TMPDIR");
    char *path = assay_path_join(folder && *folder ? folder : "/tmp", "assay-note-XXXXXX");
    char *result = NULL;
    int fd = mkstemp(path);

    if (fd < 0) {
        assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(errno));
        free(path);
        return NULL;
    }
    bool written =
        assay_write_all(fd, text, strlen(text)) && assay_write_all(fd, "\n", *text ? 1 : 0);

    close(fd);
    if (!written)
        assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(errno));
    else if (run_editor(app, path, err))
        result = read_back(path, err);
    unlink(path);
    free(path);
    return result;
}
