/*
 * The model registry of an MLflow file store: models/NAME/ with a folder for each version. Read
 * when it is asked for, with bounds, because a store may be anybody's; what cannot be read is
 * counted and the first of it told. The layout stands in MLflow's
 * mlflow/store/model_registry/file_store.py. Called by mlflow_files.c.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/text.h>

#include "model/registry.h"
#include "source/ingest.h"
#include "source/mlflow_layout.h"
#include "source/mlflow_meta.h"

#define FOLDERS_MAX 200000u      /* models, and versions of one */
#define TOTAL_MAX   (256u << 20) /* of all that is said of them */
#define VERSION     "version-"

struct reading {
    struct ingest in; /* hears of problems alone */
    struct registry_build *build;
    struct assay_arena *arena; /* the build's */
    size_t told;               /* problems the readers of single files counted */
    size_t problems;
    char *first; /* of them */
};

static void hear_problem(struct ingest *in, const char *path, uint64_t offset,
                         const char *message)
{
    struct reading *r = (struct reading *)in;
    struct assay_buf text = {0};

    (void)offset;
    if (r->problems++)
        return;
    assay_buf_format(&text, "%s: %s", path, message);
    r->first = assay_buf_take(&text);
}

static const struct ingest_ops hearing = {.problem = hear_problem};

static int open_folder(int at, const char *name)
{
    return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Calls FN with each folder inside FD (which stays the caller's) but hidden ones. */
static void each_folder(struct reading *r, int fd, const char *path,
                        void (*fn)(struct reading *r, const char *path, const char *name,
                                   int fd, const void *context),
                        const void *context)
{
    int again = open_folder(fd, ".");
    DIR *dir = again >= 0 ? fdopendir(again) : NULL;
    struct dirent *entry;

    if (!dir && again >= 0)
        close(again);
    for (unsigned looked = 0; dir && (entry = readdir(dir)); looked++) {
        if (looked == FOLDERS_MAX || r->arena->total > TOTAL_MAX) {
            ingest_problem(&r->in, path, UINT64_MAX, "holds too much; the rest is left out");
            break;
        }
        if (entry->d_name[0] == '.')
            continue;
        int inner = open_folder(fd, entry->d_name);

        if (inner < 0)
            continue; /* a file, a link, or gone */
        struct assay_buf inside = {0};

        assay_buf_format(&inside, "%s/%s", path, entry->d_name);
        fn(r, assay_buf_text(&inside), entry->d_name, inner, context);
        assay_buf_free(&inside);
        close(inner);
    }
    if (dir)
        closedir(dir);
}

static void read_tags(const struct mlflow_place *place, const char *folder,
                      struct assay_pair **pairs, size_t *count)
{
    struct mlflow_files files;

    mlflow_walk(place, folder, &files);
    mlflow_read_pairs(place, folder, &files, pairs, count);
}

static void read_version(struct reading *r, const char *path, const char *name, int fd,
                         const void *context)
{
    const struct mlflow_place place = {
        .in = &r->in, .path = path, .fd = fd, .arena = r->arena, .problems = &r->told};
    struct assay_model_version v = registry_version_blank;
    struct yaml_map meta;

    if (strncmp(name, VERSION, strlen(VERSION)) != 0 ||
        mlflow_read_meta(&place, "meta.yaml", true, &meta) != ASSAY_OK)
        return;
    v.stage = yaml_text(&meta, "current_stage");
    if (strcmp(v.stage, MLFLOW_DELETED_VERSION) == 0)
        return;
    v.version = assay_arena_strdup(r->arena, name + strlen(VERSION));
    v.status = yaml_text(&meta, "status");
    v.status_message = yaml_text(&meta, "status_message");
    v.description = yaml_text(&meta, "description");
    v.source = yaml_text(&meta, "source");
    v.run_id = yaml_text(&meta, "run_id");
    v.run_link = yaml_text(&meta, "run_link");
    v.user = yaml_text(&meta, "user_id");
    v.model_id = yaml_text(&meta, "model_id");
    v.created_ms = yaml_int(&meta, "creation_timestamp", ASSAY_NO_TIME);
    v.updated_ms = yaml_int(&meta, "last_updated_timestamp", ASSAY_NO_TIME);
    read_tags(&place, "tags", &v.tags, &v.tag_count);
    registry_build_version(r->build, context, &v);
}

/* aliases/NAME holds a version's number. */
static void read_aliases(const struct mlflow_place *place, struct assay_registered_model *model)
{
    struct assay_pair *pairs;
    size_t count;

    read_tags(place, "aliases", &pairs, &count);
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(pairs[i].value, " \t\r\n");

        *ASSAY_PUSH(place->arena, model->aliases, model->alias_count) =
            (struct assay_model_alias){
                pairs[i].key, assay_arena_strndup(place->arena, pairs[i].value, length)};
    }
}

static void read_model(struct reading *r, const char *path, const char *name, int fd,
                       const void *context)
{
    const struct mlflow_place place = {
        .in = &r->in, .path = path, .fd = fd, .arena = r->arena, .problems = &r->told};
    struct assay_registered_model model = {0};
    struct yaml_map meta;

    (void)context;
    if (mlflow_read_meta(&place, "meta.yaml", true, &meta) != ASSAY_OK)
        return; /* told, or no model's folder */
    model.name = assay_arena_strdup(r->arena, name);
    model.description = yaml_text(&meta, "description");
    model.created_ms = yaml_int(&meta, "creation_timestamp", ASSAY_NO_TIME);
    model.updated_ms = yaml_int(&meta, "last_updated_timestamp", ASSAY_NO_TIME);
    read_tags(&place, "tags", &model.tags, &model.tag_count);
    read_aliases(&place, &model);
    registry_build_model(r->build, &model);
    each_folder(r, fd, path, read_version, model.name);
}

enum assay_status mlflow_files_registry(const char *root, struct assay_registry **out,
                                        struct assay_error *err)
{
    struct reading r = {.in.ops = &hearing, .build = registry_build_new()};
    char path[4096];
    int fd;

    (void)err;
    r.arena = registry_build_arena(r.build);
    snprintf(path, sizeof path, "%.4000s/" MLFLOW_MODELS, root);
    fd = open_folder(AT_FDCWD, path);
    if (fd >= 0) /* a store where nothing was registered has no such folder */
        each_folder(&r, fd, path, read_model, NULL);
    if (fd >= 0)
        close(fd);
    *out = registry_build_finish(&r.build);
    (*out)->problems = r.problems;
    (*out)->problem = assay_arena_strdup(&(*out)->arena, r.first);
    free(r.first);
    return ASSAY_OK;
}
