/*
 * The walk over a log directory. Called by tensorboard.c, for detection (a glance) and at each
 * scan. Directories whose names begin with a dot are passed over (.git, .venv), and so are the
 * experiments and runs of an MLflow file store, known by their meta.yaml: artifact trees are
 * large and belong to another source; and what says so by a file SOURCE_IGNORE. The root itself
 * is always looked at.
 */
#include "source/tb_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "source/source.h"

const struct tb_walk_limits tb_walk_all = {
    .depth = 24, .names = 5000000, .entries = 20000000, .directories = 200000};
const struct tb_walk_limits tb_walk_glance = {
    .depth = 4, .names = 5000, .entries = 20000, .directories = 500, .first = true};

struct walk {
    const struct tb_walk_limits *limits;
    tb_walk_problem_fn problem;
    void *context;
    struct tb_tree *tree;
    bool full; /* no further directory is to be entered */
    bool cut;  /* names or directories were passed over */
};
struct level { /* the directories we are in, innermost first */
    const struct level *parent;
    unsigned depth;
    dev_t device;
    ino_t inode;
};
struct listing {
    struct tb_place place; /* its files */
    char **folders;
    size_t folder_count, folder_capacity;
    bool shut; /* there is a meta.yaml, or a SOURCE_IGNORE */
};

bool tb_is_event_file(const char *name)
{
    static const char empty[] = ".profile-empty";
    size_t length = strlen(name);
    return strstr(name, "tfevents") != NULL &&
           (length < sizeof empty || strcmp(name + length - (sizeof empty - 1), empty) != 0);
}

static void report(const struct walk *walk, const char *path, const char *why)
{
    walk->tree->incomplete = true;
    if (walk->problem)
        walk->problem(walk->context, path, why);
}

static void place_free(struct tb_place *place)
{
    for (size_t i = 0; i < place->file_count; i++)
        free(place->files[i].name);
    free(place->files);
    free(place->name);
    free(place->path);
}

void tb_tree_free(struct tb_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++)
        place_free(&tree->places[i]);
    for (size_t i = 0; i < tree->directory_count; i++)
        free(tree->directories[i]);
    free(tree->places);
    free(tree->directories);
    *tree = (struct tb_tree){0};
}

static void add_file(struct tb_place *place, const char *name, const struct stat *info)
{
    ASSAY_GROW(place->files, place->file_capacity, place->file_count + 1);
    place->files[place->file_count++] = (struct tb_seen){
        .name = assay_strdup(name),
        .device = (uint64_t)info->st_dev,
        .inode = (uint64_t)info->st_ino,
        .size = (uint64_t)info->st_size,
        .changed_ns = (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec,
    };
}

static int by_file_name(const void *a, const void *b)
{
    return strcmp(((const struct tb_seen *)a)->name, ((const struct tb_seen *)b)->name);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One name of a directory: an event file, a folder to enter, or nothing of ours. Most names are
   told apart without asking the file system. */
static void look_at(const struct dirent *entry, int directory, struct listing *listing)
{
    const char *name = entry->d_name;
    struct stat info;
    bool event = tb_is_event_file(name);
    bool folder = entry->d_type == DT_DIR;
    if (strcmp(name, "meta.yaml") == 0 || strcmp(name, SOURCE_IGNORE) == 0)
        listing->shut = true;
    if (name[0] == '.' && (folder || !event))
        return;
    if (!folder && !event && entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
        return;
    if (!folder) {
        if (fstatat(directory, name, &info, 0) != 0)
            return; /* gone since, or a link to nowhere */
        if (event && S_ISREG(info.st_mode))
            add_file(&listing->place, name, &info);
        folder = S_ISDIR(info.st_mode);
    }
    if (folder) {
        ASSAY_GROW(listing->folders, listing->folder_capacity, listing->folder_count + 1);
        listing->folders[listing->folder_count++] = assay_strdup(name);
    }
}

/* Reads a directory's names. False where it cannot be read or we are in it already. */
static bool list(struct walk *walk, const char *path, struct level *level,
                 struct listing *listing)
{
    struct stat info;
    struct dirent *entry;
    DIR *directory = opendir(path);
    if (!directory) {
        if (errno != ENOENT)
            report(walk, path, strerror(errno));
        return false;
    }
    if (fstat(dirfd(directory), &info) != 0)
        goto no;
    level->device = info.st_dev;
    level->inode = info.st_ino;
    for (const struct level *above = level->parent; above; above = above->parent) {
        if (above->device == info.st_dev && above->inode == info.st_ino)
            goto no; /* a link that leads back */
    }
    for (size_t names = 0; (entry = readdir(directory)) != NULL; names++) {
        if (++walk->tree->entries > walk->limits->entries)
            walk->full = true;
        if (walk->full || names >= walk->limits->names) {
            walk->cut = true;
            break;
        }
        look_at(entry, dirfd(directory), listing);
    }
    closedir(directory);
    return true;
no:
    closedir(directory);
    return false;
}

static void enter(struct walk *walk, const char *path, const char *name,
                  const struct level *parent)
{
    struct tb_tree *tree = walk->tree;
    struct listing listing = {0};
    struct level level = {.parent = parent, .depth = parent ? parent->depth + 1 : 0};
    if (!list(walk, path, &level, &listing) || (listing.shut && parent))
        goto out;
    ASSAY_GROW(tree->directories, tree->directory_capacity, tree->directory_count + 1);
    tree->directories[tree->directory_count++] = assay_strdup(path);
    if (listing.place.file_count > 0) {
        qsort(listing.place.files, listing.place.file_count, sizeof *listing.place.files,
              by_file_name);
        ASSAY_GROW(tree->places, tree->capacity, tree->count + 1);
        listing.place.name = assay_strdup(parent ? name : ".");
        listing.place.path = assay_strdup(path);
        tree->places[tree->count++] = listing.place;
        listing.place = (struct tb_place){0};
    }
    if (tree->directory_count >= walk->limits->directories)
        walk->full = walk->cut = true;
    if (level.depth >= walk->limits->depth && listing.folder_count > 0)
        report(walk, path, "too deep: what lies below is not read");
    if (level.depth >= walk->limits->depth)
        goto out;
    if (listing.folder_count > 0)
        qsort(listing.folders, listing.folder_count, sizeof *listing.folders, by_text);
    for (size_t i = 0; i < listing.folder_count && !walk->full; i++) {
        if (walk->limits->first && tree->count > 0)
            break;
        char *below = assay_path_join(path, listing.folders[i]);
        char *below_name = parent ? assay_path_join(name, listing.folders[i])
                                  : assay_strdup(listing.folders[i]);
        enter(walk, below, below_name, &level);
        free(below);
        free(below_name);
    }
out:
    for (size_t i = 0; i < listing.folder_count; i++)
        free(listing.folders[i]);
    free(listing.folders);
    place_free(&listing.place);
}

static int by_place_name(const void *a, const void *b)
{
    return strcmp(((const struct tb_place *)a)->name, ((const struct tb_place *)b)->name);
}

void tb_walk(const char *root, const struct tb_walk_limits *limits, tb_walk_problem_fn problem,
             void *context, struct tb_tree *tree)
{
    struct walk walk = {.limits = limits, .problem = problem, .context = context, .tree = tree};
    struct stat info;
    *tree = (struct tb_tree){0};
    if (stat(root, &info) != 0) {
        report(&walk, root, strerror(errno));
        return;
    }
    if (S_ISREG(info.st_mode)) {
        const char *slash = strrchr(root, '/');
        struct tb_place place = {.name = assay_strdup("."), .path = assay_path_directory(root)};
        add_file(&place, slash ? slash + 1 : root, &info);
        ASSAY_GROW(tree->places, tree->capacity, 1);
        tree->places[tree->count++] = place;
        return;
    }
    enter(&walk, root, "", NULL);
    if (walk.cut)
        report(&walk, root, "too many files and directories: the rest is not read");
    if (tree->count > 1)
        qsort(tree->places, tree->count, sizeof *tree->places, by_place_name);
}
