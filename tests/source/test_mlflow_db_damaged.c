/*
 * MLflow databases that are cut off or damaged: what can be read of them is there, the rest is
 * named.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "source/mlflow_db.h"
#include "source/readers.h"
#include "support/mlflow_db_world.h"

/* Cut anywhere, it fails with a message or is read in part; it never does worse. */
static void test_cut_off(void **state)
{
    struct db_world *world = *state;
    struct stat st;

    db_world_write(world,
                   "INSERT INTO metrics WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i+1 "
                   "FROM n WHERE i<5000) SELECT 'm', i, i, 'bbbb' FROM n");
    sql_close(&world->writer);
    assert_int_equal(stat(world->path, &st), 0);
    for (off_t size = st.st_size - 4096; size > 0; size -= 20000) {
        struct assay_error err = {0};
        void *self = NULL;

        assert_int_equal(truncate(world->path, size), 0);
        db_world_settle(world);
        if (source_mlflow_db.open(&self, world->path, &err) != ASSAY_OK)
            continue;
        if (source_mlflow_db.scan(self, &world->collect.ingest, &err) != ASSAY_OK)
            assert_true(err.what[0] != '\0');
        source_mlflow_db.close(self);
    }
}

/* What may be an MLflow database but cannot be read is not passed over in silence. */
static void test_damaged_is_told(void **state)
{
    struct db_world *world = *state;
    struct source_found found = {0};
    struct assay_error err = {0};
    char path[1024];
    static const char nothing[1000];
    void *self;

    sql_close(&world->writer);
    int fd = open(world->path, O_RDWR); /* the schema, without which nothing is known */
    assert_int_equal(pwrite(fd, nothing, sizeof nothing, 100), sizeof nothing);
    close(fd);
    source_mlflow_db.detect(world->path, &found); /* named by the user */
    assert_int_equal(found.count, 1);
    assert_int_equal(source_mlflow_db.open(&self, world->path, &err), ASSAY_CORRUPT);
    assert_non_null(strstr(err.what, world->path));
    assert_non_null(strstr(err.what, "damaged"));
    source_found_free(&found);
    source_mlflow_db.detect(world->folder,
                            &found); /* met by chance: whose it is is not known */
    assert_int_equal(found.count, 0);
    snprintf(path, sizeof path, "%s/mlflow.db", world->folder);
    assert_int_equal(rename(world->path, path), 0);
    source_mlflow_db.detect(world->folder, &found);
    assert_int_equal(found.count, 1);
    source_found_free(&found);
    assert_int_equal(rename(path, world->path), 0);
}

/* How many of the 400 runs are there; with a param; with a metric. */
static void count_runs(struct db_world *world, unsigned *runs, unsigned *params, unsigned *metrics)
{
    *runs = *params = *metrics = 0;
    for (unsigned i = 1; i <= 400; i++) {
        const struct collected_run *run;
        char id[16];

        snprintf(id, sizeof id, "run%04u", i);
        run = ingest_collect_run(&world->collect, id);
        *runs += run && !run->gone;
        *params += run && run->attrs.param_count == 1;
        *metrics += run && run->attrs.metric_count > 0;
    }
}

/* A page that cannot be read takes along what lies on it and nothing else; it is told what is
   incomplete, and told again by the next program. */
static void test_damaged_in_part(void **state)
{
    struct db_world *world = *state;
    unsigned runs, params, metrics;

    db_world_fill(world);
    assert_int_equal(db_world_blank(world, "value0200"), 1);
    for (int program = 0; program < 2; program++) {
        db_world_scan(world);
        count_runs(world, &runs, &params, &metrics);
        assert_int_equal(runs, 400);
        assert_int_equal(metrics, 400);
        assert_in_range(params, 200, 399);
        assert_int_equal(world->collect.problem_count, 1);
        assert_non_null(strstr(world->collect.problems[0].message, "not all params"));
        ingest_collect_forget_problems(&world->collect);
        source_mlflow_db.close(world->self);
        world->self = NULL;
    }
}

static void test_damaged_runs(void **state)
{
    struct db_world *world = *state;
    unsigned runs, params, metrics, before;

    db_world_fill(world);
    db_world_scan(world);
    assert_int_equal(world->collect.problem_count, 0);
    assert_int_equal(db_world_blank(world, "run0200a name"), 1);
    db_world_scan(world); /* none of them is gone */
    count_runs(world, &runs, &params, &metrics);
    assert_int_equal(runs, 400);
    assert_true(world->collect.problem_count > 0);
    assert_non_null(strstr(world->collect.problems[0].message, "not all runs"));
    ingest_collect_free(&world->collect); /* another program, without a cache */
    ingest_collect_init(&world->collect, ASSAY_LAST_VALUE);
    source_mlflow_db.close(world->self);
    world->self = NULL;
    db_world_scan(world);
    count_runs(world, &before, &params, &metrics);
    assert_in_range(before, 200, 399);
    assert_int_equal(params, before);
    assert_int_equal(metrics, before);
    assert_non_null(ingest_collect_run(&world->collect, "run0001"));
    assert_non_null(ingest_collect_run(&world->collect, "run0400"));
    assert_null(ingest_collect_run(&world->collect, "run0200"));
}

/* One page in the middle of the metrics and the last: what lies on the others of the same metric
   is there, in its summary and in the series. */
static void test_damaged_metrics(void **state)
{
    struct db_world *world = *state;
    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);
    const struct collected_run *run;
    struct assay_error err = {0};
    unsigned runs, params, metrics;

    db_world_fill(world);
    assert_int_equal(db_world_blank(world, "mark-middle"), 1);
    assert_int_equal(db_world_blank(world, "mark-last"), 1);
    db_world_scan(world);
    count_runs(world, &runs, &params, &metrics);
    assert_int_equal(runs, 400);
    assert_int_equal(params, 400);
    assert_int_equal(metrics, 400);
    assert_int_equal(world->collect.problem_count, 1);
    assert_non_null(strstr(world->collect.problems[0].message, "not all metrics"));
    assert_int_equal(
        source_mlflow_db.read_series(world->self, "0", "run0007", "long", series, &err),
        ASSAY_OK);
    assert_in_range(assay_series_count(series), 100, 390);
    assert_true(assay_series_incomplete(series));
    run = ingest_collect_run(&world->collect, "run0007");
    assert_int_equal(run->attrs.metric_count, 2);
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(run->attrs.metrics[i].key, "long") == 0)
            assert_int_equal(run->attrs.metrics[i].summary.n, assay_series_count(series));
    }
    assay_series_free(&series);
}

/* A file that ends early: what lies before its end is there, in the runs and in a series, and it
   is said how much is missing. */
static void test_cut_off_is_read(void **state)
{
    struct db_world *world = *state;
    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);
    struct assay_error err = {0};
    struct source_found found = {0};
    unsigned runs, params, metrics;
    struct stat st;

    db_world_fill(world);
    assert_int_equal(stat(world->path, &st), 0);
    assert_int_equal(truncate(world->path, st.st_size * 3 / 4), 0);
    source_mlflow_db.detect(world->folder, &found);
    assert_int_equal(found.count, 1);
    source_found_free(&found);
    db_world_scan(world);
    count_runs(world, &runs, &params, &metrics);
    assert_int_equal(runs, 400);
    assert_int_equal(params, 400);
    assert_in_range(metrics, 100, 399);
    assert_non_null(strstr(world->collect.problems[0].message, "the database is cut off: "));
    assert_non_null(strstr(world->collect.problems[1].message, "not all metrics"));
    assert_int_equal(
        source_mlflow_db.read_series(world->self, "0", "run0001", "loss", series, &err),
        ASSAY_OK);
    assert_int_equal(assay_series_count(series), 1);
    assert_true(assay_series_incomplete(series));
    assay_series_free(&series);
}

/* What MLflow 3 wrote, cut after every page: either what is left of it is shown, and it is told
   that there was more, or it is said why nothing is. */
static void test_cut_off_anywhere(void **state)
{
    struct db_world *world = *state;
    unsigned shown = 0;
    char path[1024];
    struct stat st;

    snprintf(path, sizeof path, "%s/source/data/mlflow-3/mlflow.sql", TEST_DATA);
    db_world_load(world, path);
    sql_close(&world->writer);
    assert_int_equal(stat(world->path, &st), 0);
    for (off_t size = st.st_size - 4096; size > 0; size -= 4096) {
        struct assay_error err = {0};
        void *self = NULL;

        assert_int_equal(truncate(world->path, size), 0);
        db_world_settle(world);
        ingest_collect_forget_problems(&world->collect);
        if (source_mlflow_db.open(&self, world->path, &err) != ASSAY_OK) {
            assert_non_null(strstr(err.what, "cut off"));
            continue;
        }
        assert_int_equal(source_mlflow_db.scan(self, &world->collect.ingest, &err), ASSAY_OK);
        assert_in_range(world->collect.problem_count, 1, 10);
        assert_non_null(strstr(world->collect.problems[0].message, "cut off: the last "));
        source_mlflow_db.close(self);
        shown++;
    }
    assert_in_range(shown, (unsigned)(st.st_size / 4096) / 4, st.st_size / 4096);
}

#define EMPTY(name)    cmocka_unit_test_setup_teardown(name, db_world_empty, db_world_end)
#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, db_world_old, db_world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(test_cut_off),
        IN_WORLD(test_cut_off_is_read),
        EMPTY(test_cut_off_anywhere),
        IN_WORLD(test_damaged_is_told),
        IN_WORLD(test_damaged_in_part),
        IN_WORLD(test_damaged_runs),
        IN_WORLD(test_damaged_metrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
