/*
 * A directory of TensorBoard logs made by a test, and the reader that is pointed at it: what
 * the tests of the reader share. To be included after cmocka.h, by one file of a program.
 */
#ifndef TESTS_SUPPORT_TB_LOGS_H
#define TESTS_SUPPORT_TB_LOGS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "source/readers.h"
#include "support/ingest_collect.h"
#include "support/tb_writer.h"

#define NOW      INT64_C(1800000000000)
#define LONG_AGO (NOW - 3600000)

struct fixture {
    char directory[256];
    char path[600];
    void *reader;
    struct ingest_collect collect;
};

static void set_now(int64_t now_ms)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)now_ms);
    setenv("ASSAY_NOW_MS", text, 1);
}

static int setup(void **state)
{
    struct fixture *fixture = assay_alloc(sizeof *fixture);
    const char *tmp = getenv("TMPDIR");
    snprintf(fixture->directory, sizeof fixture->directory, "%.200s/tb-XXXXXX",
             tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(fixture->directory));
    ingest_collect_init(&fixture->collect, ASSAY_LAST_WRITTEN);
    set_now(NOW);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    char command[600];
    source_tensorboard.close(fixture->reader);
    ingest_collect_free(&fixture->collect);
    snprintf(command, sizeof command, "chmod -R u+rwx '%s'; rm -rf '%s'", fixture->directory,
             fixture->directory);
    assert_int_equal(system(command), 0);
    free(fixture);
    return 0;
}

static const char *path_of(struct fixture *fixture, const char *name)
{
    snprintf(fixture->path, sizeof fixture->path, "%s/%s", fixture->directory, name);
    char *above = assay_path_directory(fixture->path);
    assert_int_equal(assay_make_directories(above, NULL), ASSAY_OK);
    free(above);
    return fixture->path;
}

static void open_at(struct fixture *fixture, const char *path)
{
    struct assay_error err = {0};
    source_tensorboard.close(fixture->reader);
    fixture->reader = NULL;
    assert_int_equal(source_tensorboard.open(&fixture->reader, path, &err), ASSAY_OK);
}

static void scan(struct fixture *fixture)
{
    struct assay_error err = {0};
    if (!fixture->reader)
        open_at(fixture, fixture->directory);
    assert_int_equal(source_tensorboard.scan(fixture->reader, &fixture->collect.ingest, &err),
                     ASSAY_OK);
}

#endif
