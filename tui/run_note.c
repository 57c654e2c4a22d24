/*
 * The notes on the run screen: the user's, which is written in an editor and kept in the local
 * store, and below it the one that the source has of the run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/change.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "draw_wrap.h"
#include "editor.h"
#include "run_view.h"

#define TAG_LIMIT (4u << 20) /* a tag is kept up to 1 MiB; made safe it may grow threefold */

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

const char *run_note_of_source(const struct run_view *view)
{
    const char *note = assay_attrs_tag(run_attrs(view), ASSAY_NOTE_TAG);
    return note && *note ? note : NULL;
}

/* There is none of the user's own, and perhaps none OF_SOURCE. */
static void draw_no_note(struct run_view *view, struct area area, int y, bool of_source)
{
    char key[32];
    keymap_key(&view->app->keymap, CMD_EDIT_NOTE, WHERE_RUN, key);
    int x = 4 + draw_text(area, 4, y, ROLE_DIM, of_source ? "" : "No note yet. ");
    x += draw_text(area, x, y, ROLE_KEY, key);
    draw_text(area, x, y, ROLE_DIM,
              of_source ? " adds a note of your own, kept in the local store."
                        : " writes one: why, and what it showed.");
}

static long lines_of(const char *text)
{
    long lines = 0;
    for (; *text; lines++) {
        const char *end = strchr(text, '\n');
        text = end ? end + 1 : text + strlen(text);
    }
    return lines;
}

struct note_part {
    enum role role;
    const char *text; /* clean, with line ends */
};

/* The parts below each other, from the line that is scrolled to; one line always stays. */
static void draw_parts(struct run_view *view, struct area area, int y,
                       const struct note_part *parts, size_t count)
{
    int width = area.rect.width - 8 < 88 ? area.rect.width - 8 : 88;
    long lines = 0, skip;
    for (size_t i = 0; i < count; i++) {
        lines += lines_of(parts[i].text);
    }
    view->scroll = view->scroll < lines ? view->scroll : lines > 0 ? lines - 1 : 0;
    skip = view->scroll;
    for (size_t i = 0; i < count; i++) {
        const char *from = parts[i].text;
        for (; skip > 0 && *from; skip--) {
            from = strchr(from, '\n') ? strchr(from, '\n') + 1 : "";
        }
        y += draw_wrapped(area, 4, y, width, area.rect.height - y, parts[i].role, from);
    }
}

void run_note_draw(struct run_view *view, struct area area)
{
    struct assay_buf own = {.limit = (size_t)EDITOR_LIMIT * 4};
    struct assay_buf theirs = {.limit = TAG_LIMIT};
    const char *note = run_note_of_source(view);
    clean_lines(&own, assay_session_note(view->app->session, view->run));
    if (note) {
        clean_lines(&theirs, note);
    }
    const struct note_part parts[] = {
        {ROLE_NORMAL, assay_buf_text(&own)},
        {ROLE_DIM, !note            ? ""
                   : own.length > 0 ? "\n" ASSAY_NOTE_TAG "\n"
                                    : ASSAY_NOTE_TAG "\n"},
        {ROLE_NORMAL, assay_buf_text(&theirs)},
    };
    if (own.length == 0) {
        draw_no_note(view, area, 1, note != NULL);
    }
    draw_parts(view, area, own.length == 0 ? 3 : 1, parts, sizeof parts / sizeof *parts);
    assay_buf_free(&own);
    assay_buf_free(&theirs);
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
