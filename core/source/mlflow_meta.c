/*
 * The small files of an MLflow file store: meta.yaml, params, tags, inputs and outputs. Every
 * size is bounded here, because a store may be anybody's. Called by mlflow_files.c and
 * mlflow_run.c.
 */
#include "source/mlflow_meta.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <assay/text.h>

#define META_MAX   (16u << 20) /* a dataset's profile may be large */
#define VALUE_MAX  ASSAY_VALUE_MAX
#define VALUES_MAX (32u << 20) /* all params, or all tags, of one run */
#define FILES_MAX  100000u
#define KEY_MAX    1024u
#define LINKS_MAX  1000u /* inputs or outputs of one run */

struct mlflow_stamp mlflow_stamp_of(const struct stat *st)
{
    return (struct mlflow_stamp){
        .dev = (uint64_t)st->st_dev,
        .ino = (uint64_t)st->st_ino,
        .size = (uint64_t)st->st_size,
        .mtime_ns = (uint64_t)st->st_mtim.tv_sec * 1000000000u + (uint64_t)st->st_mtim.tv_nsec,
    };
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 29);
}

uint64_t mlflow_stamp_hash(const char *name, const struct mlflow_stamp *stamp)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    hash = mix(hash, stamp->dev);
    hash = mix(hash, stamp->ino);
    hash = mix(hash, stamp->size);
    return mix(hash, stamp->mtime_ns);
}

void mlflow_tell(const struct mlflow_place *place, const char *path, uint64_t offset,
                 const char *format, ...)
{
    char message[512];
    va_list args;

    (*place->problems)++;
    if (place->quiet)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    ingest_problem(place->in, path, offset, "%s", message);
}

/* ---- files ---- */

struct walk {
    const struct mlflow_place *place;
    struct mlflow_files *out;
    const char **folders; /* still to be looked into, relative to the run's directory */
    size_t folder_count, folder_capacity;
    size_t prefix; /* bytes of "metrics/" in front of every key */
};

static void walk_entry(struct walk *walk, int fd, const char *folder,
                       const struct dirent *entry)
{
    struct mlflow_files *out = walk->out;
    struct assay_arena *arena = walk->place->arena;
    size_t folder_length = strlen(folder), name_length = strlen(entry->d_name);
    struct stat st;
    char *path;

    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        return;
    if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return; /* went away in between */
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return;
    if (folder_length + name_length + 1 > KEY_MAX)
        return;
    path = assay_arena_alloc(arena, folder_length + name_length + 2);
    memcpy(path, folder, folder_length);
    path[folder_length] = '/';
    memcpy(path + folder_length + 1, entry->d_name, name_length);
    if (S_ISDIR(st.st_mode)) {
        ASSAY_GROW(walk->folders, walk->folder_capacity, walk->folder_count + 1);
        walk->folders[walk->folder_count++] = path;
        return;
    }
    if (out->count == out->capacity) {
        size_t capacity = out->capacity ? 2 * out->capacity : 64;
        struct mlflow_file *grown = assay_arena_alloc(arena, capacity * sizeof *grown);

        if (out->count > 0)
            memcpy(grown, out->items, out->count * sizeof *grown);
        out->items = grown;
        out->capacity = capacity;
    }
    out->items[out->count++] = (struct mlflow_file){
        .key = path + walk->prefix,
        .stamp = mlflow_stamp_of(&st),
    };
}

static void walk_folder(struct walk *walk, const char *folder)
{
    const struct mlflow_place *place = walk->place;
    int fd = openat(place->fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (!dir) {
        if (errno != ENOENT)
            mlflow_tell(place, place->path, UINT64_MAX, "cannot read %s: %s", folder,
                        strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((entry = readdir(dir))) {
        if (walk->out->count >= FILES_MAX || walk->folder_count >= FILES_MAX) {
            mlflow_tell(place, place->path, UINT64_MAX,
                        "%s has more than %u files; the rest is left out", folder, FILES_MAX);
            break;
        }
        walk_entry(walk, fd, folder, entry);
    }
    closedir(dir);
}

void mlflow_walk(const struct mlflow_place *place, const char *folder, struct mlflow_files *out)
{
    struct walk walk = {.place = place, .out = out, .prefix = strlen(folder) + 1};
    size_t next = 0;

    *out = (struct mlflow_files){0};
    walk_folder(&walk, folder);
    while (next < walk.folder_count && out->count < FILES_MAX)
        walk_folder(&walk, walk.folders[next++]);
    free(walk.folders);
}

/* How many bytes there are to read; -1 with errno where it is no regular file. */
static int64_t regular_size(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return -1;
    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    return (int64_t)st.st_size;
}

char *mlflow_slurp(const struct mlflow_place *place, const char *path, size_t limit,
                   size_t *length, bool *cut)
{
    int fd = openat(place->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int64_t size;
    size_t want, have = 0;
    char *text = NULL;
    int saved;

    if (fd < 0)
        return NULL;
    size = regular_size(fd);
    if (size < 0)
        goto out;
    *cut = (uint64_t)size > limit;
    want = *cut ? limit : (size_t)size;
    text = assay_arena_alloc(place->arena, want + 1);
    while (have < want) {
        ssize_t got = read(fd, text + have, want - have);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            text = NULL;
            break;
        }
        if (got == 0)
            break;
        have += (size_t)got;
    }
    *length = have;
out:
    saved = errno;
    close(fd);
    errno = saved;
    return text;
}

/* ---- params and tags ---- */

/* The value as C text: a NUL byte cannot be kept and becomes U+FFFD. */
static const char *value_text(struct assay_arena *arena, char *bytes, size_t length)
{
    size_t nuls = 0, at = 0;
    char *text;

    if (!memchr(bytes, '\0', length))
        return bytes;
    for (size_t i = 0; i < length; i++)
        nuls += bytes[i] == '\0';
    text = assay_arena_alloc(arena, length + 2 * nuls + 1);
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\0') {
            memcpy(text + at, "\xef\xbf\xbd", 3);
            at += 3;
        } else {
            text[at++] = bytes[i];
        }
    }
    return text;
}

/* Cuts a value that is too long at the end of a character. */
static size_t whole_characters(const char *text, size_t length)
{
    for (size_t back = 1; back < 4 && back < length; back++) {
        unsigned char c = (unsigned char)text[length - back];

        if (c < 0x80)
            return length;
        if (c >= 0xc0)
            return assay_utf8_valid(text + length - back, back) ? length : length - back;
    }
    return length;
}

bool mlflow_read_pairs(const struct mlflow_place *place, const char *folder,
                       const struct mlflow_files *files, struct assay_pair **pairs,
                       size_t *count)
{
    bool complete = true;
    size_t total = 0;

    *count = 0;
    *pairs = assay_arena_alloc(place->arena, (files->count + 1) * sizeof **pairs);
    for (size_t i = 0; i < files->count; i++) {
        const struct mlflow_file *file = &files->items[i];
        char path[KEY_MAX + 16], *bytes;
        size_t length;
        bool cut;

        snprintf(path, sizeof path, "%s/%s", folder, file->key);
        bytes = mlflow_slurp(place, path, VALUE_MAX, &length, &cut);
        if (!bytes) {
            if (errno != ENOENT)
                mlflow_tell(place, place->path, UINT64_MAX, "cannot read %s: %s", path,
                            strerror(errno));
            complete = complete && errno == ENOENT;
            continue;
        }
        if (cut) {
            length = whole_characters(bytes, length);
            bytes[length] = '\0';
            mlflow_tell(place, place->path, length,
                        "%s is %" PRIu64 " bytes; the first %zu are kept", path,
                        file->stamp.size, length);
        }
        total += length;
        if (total > VALUES_MAX) {
            mlflow_tell(place, place->path, UINT64_MAX,
                        "%s is larger than %u MiB; the rest is left out", folder,
                        VALUES_MAX >> 20);
            break;
        }
        (*pairs)[(*count)++] = (struct assay_pair){
            .key = file->key,
            .value = value_text(place->arena, bytes, length),
        };
    }
    return complete;
}

/* ---- meta.yaml ---- */

bool mlflow_is_settled(uint64_t mtime_ns)
{
    struct timespec now;
    uint64_t now_ns;

    clock_gettime(CLOCK_REALTIME, &now);
    now_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    /* A time far ahead is another machine's clock, which says nothing. */
    return now_ns > mtime_ns + MLFLOW_SETTLE_NS || mtime_ns > now_ns + MLFLOW_SETTLE_NS;
}

enum assay_status mlflow_read_meta(const struct mlflow_place *place, const char *path,
                                   bool complain, struct yaml_map *out)
{
    struct assay_error err = {0};
    enum assay_status status;
    uint64_t offset = UINT64_MAX;
    char full[4096];
    size_t length = 0;
    bool cut = false;
    char *bytes = mlflow_slurp(place, path, META_MAX, &length, &cut);

    *out = (struct yaml_map){0};
    snprintf(full, sizeof full, "%s/%s", place->path, path);
    if (!bytes) {
        if (errno == ENOENT || errno == ENOTDIR)
            return ASSAY_NO;
        if (complain)
            mlflow_tell(place, full, UINT64_MAX, "cannot be read: %s", strerror(errno));
        return ASSAY_CORRUPT;
    }
    if (cut) {
        if (complain)
            mlflow_tell(place, full, META_MAX, "is too large");
        return ASSAY_CORRUPT;
    }
    status = yaml_parse(bytes, length, place->arena, out, &offset, &err);
    if (status == ASSAY_CORRUPT && complain)
        mlflow_tell(place, full, offset, "%s", err.what);
    return status;
}

enum assay_run_status mlflow_status(const char *text)
{
    /* RunStatus of MLflow's service.proto. */
    static const enum assay_run_status by_number[] = {
        [1] = ASSAY_RUN_RUNNING, [2] = ASSAY_RUN_SCHEDULED, [3] = ASSAY_RUN_FINISHED,
        [4] = ASSAY_RUN_FAILED,  [5] = ASSAY_RUN_KILLED,
    };
    int64_t number;

    if (assay_int_parse(text, strlen(text), &number)) {
        if (number < 1 || number >= (int64_t)ASSAY_COUNT(by_number))
            return ASSAY_RUN_UNKNOWN;
        return by_number[number];
    }
    return assay_run_status_parse(text);
}

static const char *find_tag(const struct assay_pair *tags, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tags[i].key, key) == 0)
            return tags[i].value;
    }
    return "";
}

void mlflow_run_fields(const struct yaml_map *meta, const struct assay_pair *tags,
                       size_t tag_count, struct ingest_run *run)
{
    const char *status = yaml_get(meta, "", "status");

    run->name = yaml_text(meta, "run_name");
    if (!*run->name)
        run->name = find_tag(tags, tag_count, "mlflow.runName");
    if (!*run->name)
        run->name = yaml_text(meta, "name"); /* MLflow before 1.0 */
    run->user = yaml_text(meta, "user_id");
    if (!*run->user)
        run->user = find_tag(tags, tag_count, "mlflow.user");
    run->artifact_uri = yaml_text(meta, "artifact_uri");
    /* As MLflow itself reads files that do not say. */
    run->status = status ? mlflow_status(status) : ASSAY_RUN_RUNNING;
    run->deleted = strcmp(yaml_text(meta, "lifecycle_stage"), "deleted") == 0;
    run->start_ms = yaml_int(meta, "start_time", ASSAY_NO_TIME);
    run->end_ms = yaml_int(meta, "end_time", ASSAY_NO_TIME);
}

/* ---- inputs and outputs ---- */

/* Whether NAME is one part of a path and no way out of its folder. */
static bool plain_name(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/') && strlen(name) < 256;
}

/* The names of the folders directly in FOLDER, in the arena. */
static size_t list_folders(const struct mlflow_place *place, const char *folder,
                           const char *(*names)[LINKS_MAX])
{
    int fd = openat(place->fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    size_t count = 0;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    while (count < LINKS_MAX && (entry = readdir(dir))) {
        if (plain_name(entry->d_name))
            (*names)[count++] = assay_arena_strdup(place->arena, entry->d_name);
    }
    closedir(dir);
    return count;
}

/* The name of the logged model ID, or its id where its own meta.yaml cannot be read. */
static const char *model_name(const struct mlflow_place *place, const char *id)
{
    char path[512];
    struct yaml_map meta;

    if (!plain_name(id))
        return id;
    snprintf(path, sizeof path, "../models/%s/meta.yaml", id);
    if (mlflow_read_meta(place, path, false, &meta) != ASSAY_OK || !*yaml_text(&meta, "name"))
        return id;
    return yaml_text(&meta, "name");
}

static bool read_input(const struct mlflow_place *place, const struct yaml_map *link,
                       struct assay_input *input)
{
    const char *id = yaml_text(link, "source_id");
    const char *context = yaml_get(link, "tags", "mlflow.data.context");
    struct yaml_map meta;
    char path[512];

    *input = (struct assay_input){.name = id,
                                  .digest = "",
                                  .context = context ? context : "",
                                  .source_type = "",
                                  .source = "",
                                  .schema = "",
                                  .profile = ""};
    if (strcmp(yaml_text(link, "source_type"), "DATASET") != 0) {
        /* A model: MLflow puts its id into destination_id, and into source_id as well. */
        input->type = "model";
        input->name = model_name(place, id);
        input->source = id;
        return true;
    }
    input->type = "dataset";
    if (!plain_name(id))
        return true;
    snprintf(path, sizeof path, "../datasets/%s/meta.yaml", id);
    if (mlflow_read_meta(place, path, true, &meta) != ASSAY_OK)
        return false;
    input->name = yaml_text(&meta, "name");
    input->digest = yaml_text(&meta, "digest");
    input->source_type = yaml_text(&meta, "source_type");
    input->source = yaml_text(&meta, "source");
    input->schema = yaml_text(&meta, "schema");
    input->profile = yaml_text(&meta, "profile");
    return true;
}

bool mlflow_read_inputs(const struct mlflow_place *place, struct assay_attrs *attrs)
{
    const char *names[LINKS_MAX];
    size_t count = list_folders(place, "inputs", &names);
    bool complete = true;

    attrs->inputs = assay_arena_alloc(place->arena, (count + 1) * sizeof *attrs->inputs);
    for (size_t i = 0; i < count; i++) {
        struct yaml_map link;
        char path[512];

        snprintf(path, sizeof path, "inputs/%s/meta.yaml", names[i]);
        if (mlflow_read_meta(place, path, true, &link) != ASSAY_OK) {
            complete = false;
            continue;
        }
        if (!read_input(place, &link, &attrs->inputs[attrs->input_count]))
            complete = false;
        attrs->input_count++;
    }
    return complete;
}

bool mlflow_read_outputs(const struct mlflow_place *place, struct assay_attrs *attrs)
{
    const char *names[LINKS_MAX];
    size_t count = list_folders(place, "outputs", &names);
    bool complete = true;

    attrs->outputs = assay_arena_alloc(place->arena, (count + 1) * sizeof *attrs->outputs);
    for (size_t i = 0; i < count; i++) {
        struct yaml_map link;
        char path[512];

        snprintf(path, sizeof path, "outputs/%s/meta.yaml", names[i]);
        if (mlflow_read_meta(place, path, true, &link) != ASSAY_OK) {
            complete = false;
            continue;
        }
        attrs->outputs[attrs->output_count++] = (struct assay_output){
            .type = "model",
            .id = names[i],
            .name = model_name(place, names[i]),
            .step = yaml_int(&link, "step", 0),
        };
    }
    return complete;
}
