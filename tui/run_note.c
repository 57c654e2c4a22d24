/*
 * The note on the run screen, which is written in the user's own editor.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "draw_wrap.h"
#include "editor.h"
#include "run_view.h"

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
    struct assay_buf text = {.limit = (size_t)EDITOR_LIMIT * 4};
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

void run_note_edit(struct run_view *view)
{
    struct assay_error err = {0};
    char *text =
        editor_text(view->app, assay_session_note(view->app->session, view->run), &err);

    if (text && strcmp(text, assay_session_note(view->app->session, view->run)) == 0)
        app_say(view->app, "the note is as it was");
    else if (text &&
             assay_session_set_note(view->app->session, view->run, text, &err) == ASSAY_OK)
        app_say(view->app, *text ? "the note is kept" : "the note is taken away");
    if (err.status != ASSAY_OK)
        app_fail(view->app, &err);
    free(text);
}
