/*
 * The note on the run screen, which is written in the user's own editor.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "draw_wrap.h"
#include "run_view.h"

#define NOTE_LIMIT (64u * 1024)

extern char **environ;

/* Line ends are kept, everything else is made safe. */
static void clean_lines(struct assay_buf *out, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        assay_text_clean(out, text, length);
        assay_buf_char(out, '\n');
        text += length + (text[length] == '\n');
    }
}

void run_note_draw(struct run_view *view, struct area area)
{
    struct assay_buf text = {.limit = (size_t)NOTE_LIMIT * 4};
    clean_lines(&text, assay_session_note(view->app->session, view->run));
    int width = area.rect.width - 8 < 88 ? area.rect.width - 8 : 88;
    if (text.length == 0) {
        char key[32];
        keymap_key(&view->app->keymap, CMD_EDIT_NOTE, WHERE_RUN, key);
        int x = 4 + draw_text(area, 4, 1, ROLE_DIM, "No note on this run yet. ");
        x += draw_text(area, x, 1, ROLE_KEY, key);
        draw_text(area, x, 1, ROLE_DIM,
                  " writes one: why it was run, what it showed, what to try next.");
    } else {
        const char *from = assay_buf_text(&text);
        long skipped = 0;
        for (; skipped < view->scroll && strchr(from, '\n') && strchr(from, '\n')[1];
             skipped++) {
            from = strchr(from, '\n') + 1;
        }
        view->scroll = skipped;
        draw_wrapped(area, 4, 1, width, area.rect.height - 1, ROLE_NORMAL, from);
    }
    assay_buf_free(&text);
}

/* ---- writing it ---- */

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

static bool write_all(int fd, const char *text)
{
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t wrote = write(fd, text, length);
        if (wrote < 0 && errno != EINTR) {
            return false;
        }
        text += wrote > 0 ? wrote : 0;
        length -= wrote > 0 ? (size_t)wrote : 0;
    }
    return true;
}

static void take_note(struct run_view *view, const char *path, struct assay_error *err)
{
    char *text = NULL;
    size_t length = 0;
    if (assay_file_read(path, NOTE_LIMIT, &text, &length, err) != ASSAY_OK) {
        return;
    }
    while (length > 0 && strchr(" \t\r\n", text[length - 1])) {
        text[--length] = '\0';
    }
    if (strcmp(text, assay_session_note(view->app->session, view->run)) == 0) {
        app_say(view->app, "the note is as it was");
    } else if (assay_session_set_note(view->app->session, view->run, text, err) == ASSAY_OK) {
        app_say(view->app, *text ? "the note is kept" : "the note is taken away");
    }
    free(text);
}

void run_note_edit(struct run_view *view)
{
    struct assay_error err = {0};
    const char *folder = getenv("TMPDIR");
    char *path = assay_path_join(folder && *folder ? folder : "/tmp", "assay-note-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0) {
        assay_fail(&err, ASSAY_IO, "%s: %s", path, strerror(errno));
    } else {
        const char *note = assay_session_note(view->app->session, view->run);
        bool written = write_all(fd, note) && write_all(fd, *note ? "\n" : "");
        close(fd);
        if (!written) {
            assay_fail(&err, ASSAY_IO, "%s: %s", path, strerror(errno));
        } else if (run_editor(view->app, path, &err)) {
            take_note(view, path, &err);
        }
        unlink(path);
    }
    if (err.status != ASSAY_OK) {
        app_fail(view->app, &err);
    }
    free(path);
}
