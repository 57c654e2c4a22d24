/*
 * The names and ids of runs one after another (texts.h). They are dropped when a run of them is
 * renamed, which hardly ever happens to a run that is known; runs that are added are not in
 * them.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/map.h>

#include "model/catalog_private.h"
#include "model/letters.h"
#include "model/texts.h"

#define TEXTS_BYTES ((size_t)64 << 20) /* names, or ids, at most */
#define STOP_AFTER  4096               /* runs between two looks at *stop */

struct run_texts *run_texts_of(const struct assay_catalog *catalog)
{
    struct run_texts *texts = assay_alloc(sizeof *texts);
    size_t count = catalog->run_count;

    need_all(catalog);
    texts->count = count;
    texts->renamed = catalog->renamed;
    texts->name_of = assay_alloc_array(count + 1, sizeof *texts->name_of);
    texts->id_of = assay_alloc_array(count + 1, sizeof *texts->id_of);
    texts->user_of = assay_alloc_array(count + 1, sizeof *texts->user_of);
    for (size_t i = 0; i < count; i++) {
        texts->name_of[i] = catalog->runs[i].name;
        texts->id_of[i] = catalog->runs[i].id;
        texts->user_of[i] = catalog->runs[i].user;
    }
    return texts;
}

/* Where each text ends once they are laid out; 0 where they are too much, else all bytes. */
static size_t find_ends(const char *const *texts, size_t count, uint32_t *ends,
                        const atomic_bool *stop)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        bytes += strlen(texts[i]) + 1;
        if (bytes > TEXTS_BYTES || (i % STOP_AFTER == 0 && atomic_load(stop)))
            return 0;
        ends[i] = (uint32_t)bytes;
    }
    return bytes;
}

/* Lays TEXTS out in ROW and adds their letters to those of the runs. */
static bool make_row(struct text_row *row, const char *const *texts, size_t count,
                     uint64_t *letters, const atomic_bool *stop)
{
    size_t start = 0, bytes;

    row->ends = assay_alloc_array(count + 1, sizeof *row->ends);
    bytes = find_ends(texts, count, row->ends, stop);
    if (bytes == 0)
        return false;
    row->bytes = assay_alloc(bytes + RUN_TEXTS_BEYOND);
    for (size_t i = 0; i < count; i++) {
        uint64_t here = letters_of(texts[i]);

        memcpy(row->bytes + start, texts[i], row->ends[i] - start);
        start = row->ends[i];
        row->letters |= here;
        letters[i] |= here;
    }
    return true;
}

/* The place of TEXT among the users, where it is put if it is new. */
static uint32_t place_of_user(struct run_texts *texts, struct assay_map *places,
                              const char *text)
{
    size_t length = strlen(text);
    uint32_t place = assay_map_get(places, text, length);

    if (place == ASSAY_MAP_NONE) {
        place = (uint32_t)texts->user_count++;
        assay_map_set(places, text, length, place);
        texts->users[place] = text;
        texts->user_letters |= letters_of(text);
    }
    return place;
}

/* Who the users are, and of which of them each run is. */
static bool make_users(struct run_texts *texts, const atomic_bool *stop)
{
    struct assay_map places = {0};
    const char *before = NULL;
    uint64_t letters = 0;
    size_t i = 0;

    texts->user = assay_alloc_array(texts->count + 1, sizeof *texts->user);
    texts->users = assay_alloc_array(texts->count + 1, sizeof *texts->users);
    for (; i < texts->count && (i % STOP_AFTER != 0 || !atomic_load(stop)); i++) {
        if (texts->user_of[i] != before) { /* runs side by side mostly share it */
            before = texts->user_of[i];
            letters = letters_of(before);
            texts->user[i] = place_of_user(texts, &places, before);
        } else {
            texts->user[i] = texts->user[i - 1];
        }
        texts->letters[i] |= letters;
    }
    assay_map_free(&places);
    return i == texts->count;
}

static void drop_sources(struct run_texts *texts)
{
    free(texts->name_of);
    free(texts->id_of);
    free(texts->user_of);
    texts->name_of = texts->id_of = texts->user_of = NULL;
}

bool run_texts_make(struct run_texts *texts, const atomic_bool *stop)
{
    texts->letters = assay_alloc_array(texts->count + 1, sizeof *texts->letters);
    if (!make_row(&texts->names, texts->name_of, texts->count, texts->letters, stop) ||
        !make_row(&texts->ids, texts->id_of, texts->count, texts->letters, stop) ||
        !make_users(texts, stop))
        return false;
    drop_sources(texts);
    return true;
}

void run_texts_free(struct run_texts **texts_ptr)
{
    struct run_texts *texts = *texts_ptr;

    if (!texts)
        return;
    free(texts->names.bytes);
    free(texts->names.ends);
    free(texts->ids.bytes);
    free(texts->ids.ends);
    free(texts->user);
    free(texts->users);
    free(texts->letters);
    drop_sources(texts);
    free(texts);
    *texts_ptr = NULL;
}

void catalog_texts_take(struct assay_catalog *catalog, struct run_texts *texts_take)
{
    if (texts_take->renamed != catalog->renamed) {
        run_texts_free(&texts_take);
        return;
    }
    run_texts_free(&catalog->texts);
    catalog->texts = texts_take;
    if (catalog->letters_count < texts_take->count) {
        free(catalog->letters);
        catalog->letters = texts_take->letters;
        catalog->letters_count = catalog->letters_capacity = texts_take->count;
    } else {
        free(texts_take->letters);
    }
    texts_take->letters = NULL;
}

const struct run_texts *catalog_texts(const struct assay_catalog *catalog)
{
    return catalog->texts;
}

void texts_renamed(struct assay_catalog *catalog)
{
    catalog->renamed++;
    run_texts_free(&catalog->texts);
}
