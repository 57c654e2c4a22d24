/*
 * A local store that an earlier version of the program wrote, met by this one: its runs are
 * there, and a copy of the file as it was lies beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/buf.h>
#include <assay/session.h>

#include "store/schema.h"
#include "store/store.h"

static void make_old(const char *path)
{
    struct sql *sql = NULL;

    unlink(path);
    assert_int_equal(sql_open(&sql, path, SQL_CREATE, NULL), ASSAY_OK);
    assert_int_equal(schema_apply(sql, schema_steps, 1, NULL), ASSAY_OK);
    assert_int_equal(
        sql_exec(sql,
                 "INSERT INTO source VALUES(1,'" STORE_LOCAL_KIND "','" STORE_LOCAL_PLACE
                 "',NULL);"
                 "INSERT INTO experiment VALUES(1,1,'1','sweep',0,NULL,NULL);"
                 "INSERT INTO run VALUES(1,1,1,1,3,0,0,NULL,NULL,'abcd','old','','');",
                 NULL),
        ASSAY_OK);
    sql_close(&sql);
}

static void test_older(void **state)
{
    (void)state;
    struct assay_session *session = NULL;
    struct assay_buf path = {0}, cache = {0}, copy = {0};
    const char *const *notices = NULL;
    const char *home = getenv("TMPDIR");

    home = home != NULL ? home : "/tmp";
    assay_buf_format(&path, "%s/older-%d.db", home, (int)getpid());
    assay_buf_format(&cache, "%s/older-%d-cache.db", home, (int)getpid());
    assay_buf_format(&copy, "%s.v1", assay_buf_text(&path));
    make_old(assay_buf_text(&path));
    setenv("ASSAY_STORE", assay_buf_text(&path), 1);
    setenv("ASSAY_CACHE", assay_buf_text(&cache), 1);
    assert_int_equal(assay_session_open(&session,
                                        &(struct assay_session_options){
                                            .sources = (const char *const[]){"local"},
                                            .source_count = 1,
                                        },
                                        NULL),
                     ASSAY_OK);
    assert_int_equal(assay_session_wait(session, NULL), ASSAY_OK);
    assert_int_equal(assay_session_notices(session, &notices), 0);
    assert_int_equal(assay_catalog_runs(assay_session_catalog(session)), 1);
    assert_string_equal(assay_catalog_run(assay_session_catalog(session), 0)->name, "old");
    assay_session_close(&session);
    assert_int_equal(access(assay_buf_text(&copy), F_OK), 0);
    unlink(assay_buf_text(&path));
    unlink(assay_buf_text(&cache));
    unlink(assay_buf_text(&copy));
    assay_buf_free(&path);
    assay_buf_free(&cache);
    assay_buf_free(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_older)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
