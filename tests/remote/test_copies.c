/*
 * Which copies of artifacts count that an earlier session fetched from a server: those made
 * after their run had ended. A server says of an artifact how large it is and no more, so what
 * was written into the copy tells whether it was taken or fetched anew; the size stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <assay/file.h>
#include <assay/session.h>

#include "support/good.h"
#include "support/mlflow_web.h"
#include "support/own_home.h"
#include "support/places.h"

static const struct assay_artifact wanted = {.path = "deep dir/a.txt", .bytes = 6};

#define ON_SERVER "hello\n"
#define EARLIER   "older\n"

/* In a session of its own, what the artifact of run 0 is taken to be; *PATH, where its copy
   lies, and *END_MS, when the catalog says that the run ended, where they are asked for. */
static void looked_at(const struct fake_mlflow *fake, const char *expected, char **path,
                      int64_t *end_ms)
{
    const char *url = web_url(fake->web);
    const struct assay_copy *copy;
    struct assay_session *session = NULL;
    char *bytes;
    size_t length;

    GOOD(assay_session_open(
        &session, &(struct assay_session_options){.sources = &url, .source_count = 1}, good));
    GOOD(assay_session_wait(session, good));
    copy = assay_session_copy_wait(session, 0, &wanted);
    assert_int_equal(copy->load, ASSAY_LOAD_READY);
    GOOD(assay_file_read(copy->path, 100, &bytes, &length, good));
    assert_string_equal(bytes, expected);
    free(bytes);
    if (path)
        *path = assay_strdup(copy->path);
    if (end_ms)
        *end_ms = assay_catalog_run(assay_session_catalog(session), 0)->end_ms;
    assay_session_close(&session);
}

static void written_at(const char *path, int64_t second)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = second}};

    place_write(path, EARLIER, 6);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void made_after_the_end_it_counts(void **state)
{
    struct fake_mlflow fake = {0};
    int64_t end_ms;
    char *path;

    (void)state;
    fake_mlflow_start(&fake, 1, 1, 1, 1);
    looked_at(&fake, ON_SERVER, &path, &end_ms);
    assert_true(end_ms > 0);
    written_at(path, end_ms / 1000 + 1);
    looked_at(&fake, EARLIER, NULL, NULL);
    written_at(path, end_ms / 1000); /* in the second in which it ended: before or after? */
    looked_at(&fake, ON_SERVER, NULL, NULL);
    written_at(path, end_ms / 1000 - 3600);
    looked_at(&fake, ON_SERVER, NULL, NULL);
    looked_at(&fake, ON_SERVER, NULL, NULL);
    fake_mlflow_stop(&fake);
    free(path);
}

/* The same file, made long after the run began: as long as the run goes on it may change. */
static void of_a_run_that_goes_on_none_counts(void **state)
{
    struct fake_mlflow fake = {0};
    int64_t end_ms;
    char *path;

    (void)state;
    fake_mlflow_start(&fake, 1, 1, 1, 1);
    fake.runs[0].status = "RUNNING";
    looked_at(&fake, ON_SERVER, &path, &end_ms);
    assert_int_equal(end_ms, ASSAY_NO_TIME);
    place_write(path, EARLIER, 6);
    looked_at(&fake, ON_SERVER, NULL, NULL);
    fake_mlflow_stop(&fake);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(made_after_the_end_it_counts, own_home_make,
                                        own_home_remove),
        cmocka_unit_test_setup_teardown(of_a_run_that_goes_on_none_counts, own_home_make,
                                        own_home_remove),
    };
    return cmocka_run_group_tests_name("copies", tests, NULL, NULL);
}
