/*
 * The digest of a version's files on the models screen: what a tag says of it, what was
 * computed here, or how to have it computed. Never one that nobody computed.
 */
#include "models_view.h"

#include <string.h>
#include <strings.h>

#include <assay/clock.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "draw_wrap.h"

#define ROWS_MAX 4

/* A tag that says a digest: its name ends so, and its value is nothing but hexadecimal. */
static const char *tag_with_digest(const struct assay_model_version *version, const char **key)
{
    static const char *const ends[] = {"digest", "sha256"};

    for (size_t i = 0; i < version->tag_count; i++) {
        const char *name = version->tags[i].key, *value = version->tags[i].value;
        size_t length = strlen(value), named = strlen(name);

        if (strncmp(value, "sha256:", 7) == 0)
            length -= 7;
        if (length < 32 ||
            strspn(value + strlen(value) - length, "0123456789abcdefABCDEF") != length)
            continue;
        for (size_t k = 0; k < ASSAY_COUNT(ends); k++) {
            size_t end = strlen(ends[k]);

            if (named >= end && strcasecmp(name + named - end, ends[k]) == 0) {
                *key = name;
                return value;
            }
        }
    }
    return NULL;
}

/* Beside the label, over several rows where it is long: a digest that is cut says nothing. */
static void row(struct area area, int label, int *y, enum role role, const char *text)
{
    struct assay_buf clean = {.limit = 4096};

    assay_text_clean(&clean, text, strlen(text));
    draw_field(area, 1, *y, label, ALIGN_LEFT, ROLE_DIM, "digest");
    *y += draw_wrapped(area, 2 + label, *y, area.rect.width - label - 4, ROWS_MAX, role,
                       assay_buf_text(&clean));
    assay_buf_free(&clean);
}

static void row_computed(struct models_view *view, const struct assay_version_digest *digest,
                         struct area area, int label, int *y)
{
    struct assay_buf text = {0};
    char age[16], bytes[32];

    assay_buf_format(&text, "sha256 %s", digest->digest);
    row(area, label, y, ROLE_STRONG, assay_buf_text(&text));
    draw_format(area, 2 + label, (*y)++, ROLE_DIM, "of %zu %s, %s, computed here %s ago",
                digest->files, digest->files == 1 ? "file" : "files",
                assay_bytes_text(bytes, digest->bytes),
                assay_age_text(age, digest->computed_ms, view->app->now_ms));
    assay_buf_free(&text);
}

void models_digest_draw(struct models_view *view, const struct models_line *at,
                        struct area area, int label, int *y)
{
    struct assay_version_digest digest;
    struct assay_buf text = {0};
    const char *key = NULL, *tagged = tag_with_digest(at->version, &key);
    char name[32];

    assay_session_version_digest(view->app->session, at->source, at->model->name,
                                 at->version->version, &digest);
    if (tagged) {
        assay_buf_format(&text, "%s   says its tag %s", tagged, key);
        row(area, label, y, ROLE_NORMAL, assay_buf_text(&text));
        assay_buf_reset(&text);
    }
    if (digest.load == ASSAY_LOAD_READY) {
        row_computed(view, &digest, area, label, y);
    } else if (digest.load == ASSAY_LOAD_BUSY) {
        row(area, label, y, ROLE_DIM, "hashing its files");
    } else if (digest.load == ASSAY_LOAD_FAILED) {
        assay_buf_format(&text, "not known: %s", digest.error.what);
        row(area, label, y, ROLE_FAILED, assay_buf_text(&text));
    } else if (!tagged) {
        keymap_key(&view->app->keymap, CMD_DIGEST, WHERE_MODELS, name);
        assay_buf_format(&text, "not known: %s reads its files and computes it", name);
        row(area, label, y, ROLE_DIM, assay_buf_text(&text));
    }
    assay_buf_free(&text);
}

void models_digest_compute(struct models_view *view)
{
    const struct models_line *at = models_here(view);

    if (!at || !at->version) {
        app_say(view->app, "a digest is of a version's files: go to one");
        return;
    }
    if (at->model->prompt) {
        app_say(view->app, "a prompt has no files: its text is all there is");
        return;
    }
    assay_session_compute_digest(view->app->session, at->source, at->model->name, at->version);
    app_dirty(view->app);
}
