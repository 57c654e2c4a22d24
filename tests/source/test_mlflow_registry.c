/*
 * Model registries of stores on disk, against what MLflow's own client reads from the same
 * stores (tests/source/data/make_registry.py made both); stores that are damaged, hostile or
 * being written to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/registry.h>

#include "source/mlflow_db.h"
#include "source/mlflow_layout.h"

static char folder[256];

static int setup(void **state)
{
    const char *base = getenv("TMPDIR");
    (void)state;
    snprintf(folder, sizeof folder, "%s/registry-XXXXXX", base && *base ? base : "/tmp");
    assert_non_null(mkdtemp(folder));
    return 0;
}

static int teardown(void **state)
{
    char command[400];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* ---- against the client ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

static void same_time(int64_t time_ms, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_null(value))
        assert_int_equal(time_ms, ASSAY_NO_TIME);
    else
        assert_int_equal(time_ms, json_integer_value(value));
}

static void same_tags(const struct assay_pair *tags, size_t count, const json_t *expected)
{
    const char *key;
    json_t *value;
    assert_int_equal(count, json_object_size(expected));
    json_object_foreach((json_t *)(uintptr_t)expected, key, value)
    {
        const char *has = assay_registry_tag(tags, count, key);
        if (!has)
            fail_msg("no tag %s", key);
        assert_string_equal(has, json_string_value(value));
    }
}

static void same_version(const struct assay_model_version *version, const json_t *expected)
{
    const char *stage = text_of(expected, "stage");
    const json_t *aliases = json_object_get(expected, "aliases");
    assert_string_equal(version->version, text_of(expected, "version"));
    assert_string_equal(version->run_id, text_of(expected, "run"));
    assert_string_equal(version->source, text_of(expected, "source"));
    assert_string_equal(version->status, text_of(expected, "status"));
    assert_string_equal(version->stage, strcmp(stage, "None") == 0 ? "" : stage);
    assert_string_equal(version->description, text_of(expected, "description"));
    assert_string_equal(version->user, text_of(expected, "user"));
    same_time(version->created_ms, expected, "created");
    same_time(version->updated_ms, expected, "updated");
    same_tags(version->tags, version->tag_count, json_object_get(expected, "tags"));
    assert_int_equal(version->alias_count, json_array_size(aliases));
    for (size_t i = 0; i < version->alias_count; i++)
        assert_string_equal(version->aliases[i], json_string_value(json_array_get(aliases, i)));
}

static void same_model(const struct assay_registry *registry, const json_t *expected)
{
    const struct assay_registered_model *model =
        assay_registry_model(registry, text_of(expected, "name"));
    const json_t *versions = json_object_get(expected, "versions");
    const json_t *aliases = json_object_get(expected, "aliases");
    if (!model)
        fail_msg("no model %s", text_of(expected, "name"));
    assert_string_equal(model->description, text_of(expected, "description"));
    same_time(model->created_ms, expected, "created");
    same_time(model->updated_ms, expected, "updated");
    same_tags(model->tags, model->tag_count, json_object_get(expected, "tags"));
    assert_int_equal(model->alias_count, json_object_size(aliases));
    for (size_t i = 0; i < model->alias_count; i++)
        assert_string_equal(model->aliases[i].version,
                            text_of(aliases, model->aliases[i].alias));
    assert_int_equal(model->version_count, json_array_size(versions));
    for (size_t i = 0; i < model->version_count; i++)
        same_version(&model->versions[i], json_array_get(versions, i));
    assert_int_equal(model->prompt, strcmp(model->name, "greeting") == 0);
}

static void same_registry(const struct assay_registry *registry, const char *set,
                          const char *file)
{
    char path[1024];
    json_error_t error;
    snprintf(path, sizeof path, "%s/source/data/%s/%s", TEST_DATA, set, file);
    json_t *root = json_load_file(path, 0, &error), *models;
    if (!root)
        fail_msg("%s: %s", path, error.text);
    models = json_object_get(root, "models");
    assert_int_equal(registry->count, json_array_size(models));
    assert_int_equal(registry->problems, 0);
    for (size_t i = 0; i < registry->count; i++)
        same_model(registry, json_array_get(models, i));
    const struct assay_registered_model *fraud = assay_registry_model(registry, "fraud");
    assert_int_equal(fraud->version_count, 3); /* of four; one was deleted */
    assert_string_equal(fraud->versions[fraud->champion].version, "2");
    json_decref(root);
}

static void make_db(const char *set, char *path, size_t capacity)
{
    char dump[1024], *text = NULL;
    struct assay_error err = {0};
    struct sql *sql = NULL;
    size_t length = 0;
    snprintf(path, capacity, "%s/mlflow.db", folder);
    snprintf(dump, sizeof dump, "%s/source/data/%s/registry.sql", TEST_DATA, set);
    assert_int_equal(assay_file_read(dump, 16u << 20, &text, &length, &err), ASSAY_OK);
    assert_int_equal(sql_open(&sql, path, SQL_CREATE, &err), ASSAY_OK);
    if (sql_exec(sql, text, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    sql_close(&sql);
    free(text);
}

static void test_databases(void **state)
{
    static const char *const sets[] = {"registry-2", "registry-3"};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(sets); i++) {
        struct assay_registry *registry = NULL;
        struct assay_error err = {0};
        char path[512];
        make_db(sets[i], path, sizeof path);
        if (mlflow_db_registry(path, &registry, &err) != ASSAY_OK)
            fail_msg("%s", err.what);
        same_registry(registry, sets[i], "db.json");
        assay_registry_free(&registry);
        unlink(path);
    }
}

static void test_folders(void **state)
{
    static const char *const sets[] = {"registry-2", "registry-3"};
    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(sets); i++) {
        struct assay_registry *registry = NULL;
        char path[1024];
        snprintf(path, sizeof path, "%s/source/data/%s/mlruns", TEST_DATA, sets[i]);
        assert_int_equal(mlflow_files_registry(path, &registry, NULL), ASSAY_OK);
        same_registry(registry, sets[i], "files.json");
        assay_registry_free(&registry);
    }
}

/* ---- stores as they may be ---- */

static void write_sql(const char *path, const char *text)
{
    struct assay_error err = {0};
    struct sql *sql = NULL;
    assert_int_equal(sql_open(&sql, path, SQL_CREATE, &err), ASSAY_OK);
    if (sql_exec(sql, text, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    sql_close(&sql);
}

/* Tables that miss, columns that miss, rows of models that were never listed, workspaces. */
static void test_schemas(void **state)
{
    struct assay_registry *registry = NULL;
    char path[512];
    (void)state;
    snprintf(path, sizeof path, "%s/odd.db", folder);
    write_sql(path, "CREATE TABLE runs (run_uuid TEXT);");
    assert_int_equal(mlflow_db_registry(path, &registry, NULL), ASSAY_OK);
    assert_int_equal(registry->count, 0);
    assay_registry_free(&registry);
    write_sql(path,
              "CREATE TABLE registered_models (name TEXT, workspace TEXT);"
              "CREATE TABLE model_versions (name TEXT, version INTEGER, workspace TEXT);"
              "CREATE TABLE registered_model_aliases (alias TEXT, version INTEGER, name TEXT,"
              " workspace TEXT);"
              "INSERT INTO registered_models VALUES ('m', 'default'), ('m', 'team b'),"
              " (NULL, NULL), (x'00ff', 'default');"
              "INSERT INTO model_versions VALUES ('m', 1, 'default'), ('m', 10, 'default'),"
              " ('m', 9, 'default'), ('m', 2, 'team b'), ('unlisted', 3, 'default'),"
              " ('m', NULL, 'default');"
              "INSERT INTO registered_model_aliases VALUES ('champion', 9, 'm', 'default'),"
              " ('champion', 2, 'm', 'team b'), ('champion', 77, 'unlisted', 'default');");
    assert_int_equal(mlflow_db_registry(path, &registry, NULL), ASSAY_OK);
    const struct assay_registered_model *m = assay_registry_model(registry, "m");
    assert_int_equal(m->version_count, 3);
    assert_string_equal(m->versions[0].version, "10");
    assert_string_equal(m->versions[1].version, "9");
    assert_int_equal(m->champion, 1);
    assert_int_equal(m->created_ms, ASSAY_NO_TIME);
    m = assay_registry_model(registry, "team b/m");
    assert_int_equal(m->version_count, 1);
    assert_string_equal(m->versions[m->champion].version, "2");
    m = assay_registry_model(registry, "unlisted");
    assert_int_equal(m->version_count, 1);
    assert_int_equal(m->champion, SIZE_MAX);
    assay_registry_free(&registry);
}

/* Nothing of the store is written to, made or locked while it is read. */
static void test_untouched(void **state)
{
    struct assay_registry *registry = NULL;
    struct stat before, after;
    char path[512];
    (void)state;
    make_db("registry-3", path, sizeof path);
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(mlflow_db_registry(path, &registry, NULL), ASSAY_OK);
    assay_registry_free(&registry);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
    snprintf(path, sizeof path, "%s/mlflow.db-journal", folder);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/mlflow.db", folder);
    assert_int_equal(unlink(path), 0);
}

/* Damage in one place costs that place; links lead nowhere; what is half written is not yet. */
static void test_damaged_folders(void **state)
{
    struct assay_registry *registry = NULL;
    char path[512];
    (void)state;
    snprintf(path, sizeof path, "%s/mlruns", folder);
    assert_int_equal(mlflow_files_registry(path, &registry, NULL), ASSAY_OK);
    assert_int_equal(registry->count, 0); /* no such folder: nothing was registered */
    assay_registry_free(&registry);
    char command[2000];
    snprintf(command, sizeof command,
             "cp -r '%s/source/data/registry-3/mlruns' '%s' && cd '%s/models' && "
             "printf '{[' > fraud/version-4/meta.yaml && : > fraud/version-2/meta.yaml && "
             "ln -s /etc outside && ln -s fraud twin && mkdir nothing fraud/version-7 && "
             "printf 'no number' > fraud/aliases/odd",
             TEST_DATA, path, path);
    assert_int_equal(system(command), 0);
    assert_int_equal(mlflow_files_registry(path, &registry, NULL), ASSAY_OK);
    assert_int_equal(registry->count, 4);
    assert_int_equal(registry->problems, 1);
    assert_non_null(strstr(registry->problem, "fraud/version-4/meta.yaml"));
    const struct assay_registered_model *fraud = assay_registry_model(registry, "fraud");
    assert_int_equal(fraud->version_count, 1);
    assert_string_equal(fraud->versions[0].version, "1");
    assert_string_equal(fraud->versions[0].stage, "Production");
    assert_int_equal(fraud->champion, 0); /* by its stage: the alias's version is not there */
    assay_registry_free(&registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_databases),       cmocka_unit_test(test_folders),
        cmocka_unit_test(test_schemas),         cmocka_unit_test(test_untouched),
        cmocka_unit_test(test_damaged_folders),
    };
    return cmocka_run_group_tests_name("registries on disk", tests, setup, teardown);
}
