/*
 * The model registry in an MLflow database, beside the runs: its tables read in short
 * statements, on a connection of its own, whatever the schema has of them. Their meaning stands
 * in MLflow's mlflow/store/model_registry/dbmodels/models.py. Called by mlflow_db.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>

#include "model/registry.h"
#include "source/mlflow_db.h"
#include "source/mlflow_meta.h"

#define TEXT_MAX  (1u << 20)   /* of one value; MLflow itself takes some thousand bytes */
#define TOTAL_MAX (256u << 20) /* of all of it */

struct reading {
    struct sql *sql;
    const char *path;
    struct registry_build *build;
    struct assay_arena *arena; /* the build's */
    struct assay_map places;   /* "w NAME VERSION" to where tags and aliases are gathered */
    struct gathered {
        struct assay_pair *tags;
        size_t tag_count;
        struct assay_model_alias *aliases;
        size_t alias_count;
    } * gathered;
    size_t count, capacity;
};

/* ---- rows ---- */

static const char *text_at(struct reading *r, struct sql_statement *row, int column)
{
    size_t length = 0;
    const char *text = sql_column_text(row, column, &length);

    return assay_arena_strndup(r->arena, text, length < TEXT_MAX ? length : TEXT_MAX);
}

static int64_t time_at(struct sql_statement *row, int column)
{
    return sql_is_null(row, column) ? ASSAY_NO_TIME : sql_column_int(row, column);
}

/* Calls ROW with every row of TABLE: its rowid, then COLUMNS, of which those that this schema
   lacks are NULL. A table that is not there has no rows. */
static enum assay_status each_row(struct reading *r, const char *table,
                                  const char *const *columns,
                                  void (*row)(struct reading *r, struct sql_statement *at),
                                  struct assay_error *err)
{
    struct sql_statement *statement = NULL;
    struct assay_buf text = {0};
    int64_t last = INT64_MIN;
    int rows = DB_BATCH;

    if (!sql_has(r->sql, table, NULL))
        return ASSAY_OK;
    assay_buf_text_add(&text, "SELECT rowid");
    for (size_t i = 0; columns[i]; i++)
        assay_buf_format(&text, ", %s",
                         sql_has(r->sql, table, columns[i]) ? columns[i] : "NULL");
    assay_buf_format(&text, " FROM %s WHERE rowid>?1 ORDER BY rowid LIMIT %d", table, DB_BATCH);
    enum assay_status status = sql_prepare(r->sql, &statement, assay_buf_text(&text), err);
    while (status == ASSAY_OK && rows == DB_BATCH) {
        bool there = true;

        sql_bind_int(statement, 1, last);
        rows = 0;
        while ((status = sql_step(statement, &there, err)) == ASSAY_OK && there) {
            last = sql_column_int(statement, 0);
            rows++;
            row(r, statement);
        }
        if (status == ASSAY_OK && r->arena->total > TOTAL_MAX)
            status = assay_fail(err, ASSAY_CORRUPT, "%s: its registry is larger than %u MB",
                                r->path, TOTAL_MAX >> 20);
    }
    sql_finish(&statement);
    assay_buf_free(&text);
    return status;
}

/* What is said of the model NAME, or of its VERSION; made where it was not met yet. */
static struct gathered *place(struct reading *r, const char *name, const char *version)
{
    struct assay_buf key = {0};
    uint32_t at;

    assay_buf_format(&key, "%s%s\n%s", version ? "v" : "m", version ? version : "", name);
    at = assay_map_get(&r->places, assay_buf_text(&key), key.length);
    if (at == ASSAY_MAP_NONE) {
        at = (uint32_t)r->count;
        ASSAY_GROW(r->gathered, r->capacity, r->count + 1);
        r->gathered[r->count++] = (struct gathered){0};
        assay_map_set(&r->places, assay_buf_text(&key), key.length, at);
    }
    assay_buf_free(&key);
    return &r->gathered[at];
}

/* Names are unique within a workspace. Outside the default one the workspace stands before the
   name, which cannot hold a slash itself. Columns: workspace, name. */
static const char *name_at(struct reading *r, struct sql_statement *row)
{
    const char *workspace = sql_column_text(row, 1, NULL);
    struct assay_buf text = {0};
    const char *name;

    if (!*workspace || strcmp(workspace, "default") == 0)
        return text_at(r, row, 2);
    assay_buf_format(&text, "%.200s/", workspace);
    assay_buf_text_add(&text, sql_column_text(row, 2, NULL));
    name = assay_arena_strndup(r->arena, assay_buf_text(&text),
                               text.length < TEXT_MAX ? text.length : TEXT_MAX);
    assay_buf_free(&text);
    return name;
}

/* ---- the tables ---- */

static const char *const of_aliases[] = {"workspace", "name", "alias", "version", NULL};

static void take_alias(struct reading *r, struct sql_statement *row)
{
    struct gathered *to = place(r, name_at(r, row), NULL);

    *ASSAY_PUSH(r->arena, to->aliases, to->alias_count) =
        (struct assay_model_alias){text_at(r, row, 3), text_at(r, row, 4)};
}

static const char *const of_model_tags[] = {"workspace", "name", "key", "value", NULL};

static void take_model_tag(struct reading *r, struct sql_statement *row)
{
    struct gathered *to = place(r, name_at(r, row), NULL);

    *ASSAY_PUSH(r->arena, to->tags, to->tag_count) =
        (struct assay_pair){text_at(r, row, 3), text_at(r, row, 4)};
}

static const char *const of_version_tags[] = {"workspace", "name",    "key",
                                              "value",     "version", NULL};

static void take_version_tag(struct reading *r, struct sql_statement *row)
{
    struct gathered *to = place(r, name_at(r, row), text_at(r, row, 5));

    *ASSAY_PUSH(r->arena, to->tags, to->tag_count) =
        (struct assay_pair){text_at(r, row, 3), text_at(r, row, 4)};
}

static const char *const of_models[] = {"workspace",         "name",        "creation_time",
                                        "last_updated_time", "description", NULL};

static void take_model(struct reading *r, struct sql_statement *row)
{
    const char *name = name_at(r, row);
    const struct gathered *more = place(r, name, NULL);

    registry_build_model(r->build, &(struct assay_registered_model){
                                       .name = name,
                                       .created_ms = time_at(row, 3),
                                       .updated_ms = time_at(row, 4),
                                       .description = text_at(r, row, 5),
                                       .tags = more->tags,
                                       .tag_count = more->tag_count,
                                       .aliases = more->aliases,
                                       .alias_count = more->alias_count,
                                   });
}

static const char *const of_versions[] = {
    "workspace",   "name",           "version",       "creation_time", "last_updated_time",
    "description", "user_id",        "current_stage", "source",        "run_id",
    "status",      "status_message", "run_link",      "model_id",      NULL};

static void take_version(struct reading *r, struct sql_statement *row)
{
    const char *name = name_at(r, row), *version = text_at(r, row, 3);
    const struct gathered *more = place(r, name, version);
    struct assay_model_version v = registry_version_blank;

    if (strcmp(sql_column_text(row, 8, NULL), MLFLOW_DELETED_VERSION) == 0)
        return;
    v.version = version;
    v.created_ms = time_at(row, 4);
    v.updated_ms = time_at(row, 5);
    v.description = text_at(r, row, 6);
    v.user = text_at(r, row, 7);
    v.stage = text_at(r, row, 8);
    v.source = text_at(r, row, 9);
    v.run_id = text_at(r, row, 10);
    v.status = text_at(r, row, 11);
    v.status_message = text_at(r, row, 12);
    v.run_link = text_at(r, row, 13);
    v.model_id = text_at(r, row, 14);
    v.tags = more->tags;
    v.tag_count = more->tag_count;
    registry_build_version(r->build, name, &v);
}

enum assay_status mlflow_db_registry(const char *path, struct assay_registry **out,
                                     struct assay_error *err)
{
    struct reading r = {.path = path, .build = registry_build_new()};
    enum assay_status status = sql_open(&r.sql, path, SQL_READ_ONLY, err);

    *out = NULL;
    r.arena = registry_build_arena(r.build);
    if (status == ASSAY_OK)
        status = each_row(&r, "registered_model_aliases", of_aliases, take_alias, err);
    if (status == ASSAY_OK)
        status = each_row(&r, "registered_model_tags", of_model_tags, take_model_tag, err);
    if (status == ASSAY_OK)
        status = each_row(&r, "model_version_tags", of_version_tags, take_version_tag, err);
    if (status == ASSAY_OK)
        status = each_row(&r, "registered_models", of_models, take_model, err);
    if (status == ASSAY_OK)
        status = each_row(&r, "model_versions", of_versions, take_version, err);
    if (status == ASSAY_OK)
        *out = registry_build_finish(&r.build);
    registry_build_free(&r.build);
    assay_map_free(&r.places);
    free(r.gathered);
    sql_close(&r.sql);
    return status;
}
