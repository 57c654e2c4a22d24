/* The real program's doctor: what it says of the terminal, the sources, the databases and the
 * configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <sqlite3.h>

#include <assay/memory.h>

#include "support/places.h"
#include "support/program.h"

static void test_doctor(void **state)
{
    (void)state;
    program_run(NULL, "log", "-e", "new", NULL); /* there is a store from here on */
    program_expect(0);
    program_run(NULL, "doctor", "-S", "local", NULL);
    program_expect(0);
    static const char *const parts[] = {"terminal", "sources", "store",
                                        "cache",    "keys",    "servers"};
    for (size_t i = 0; i < ASSAY_COUNT(parts); i++)
        assert_non_null(strstr(program_last.out, parts[i]));
    program_says("size           "); /* of the store, and what is free in it */
    program_says(" in use, ");
    program_run(NULL, "doctor", "-S", "local", "--format", "csv", NULL);
    program_expect(0);
    assert_int_equal(strncmp(program_last.out, "section,name,state,detail,advice\n", 33), 0);
}

/* The cache at PATH, of which nothing is kept yet, is not said to be damaged. */
static void doctor_finds_it_empty(const char *path)
{
    const char *was = getenv("ASSAY_CACHE");
    char *before = was ? assay_strdup(was) : NULL;
    char *folder = place_new("");
    setenv("ASSAY_CACHE", path, 1);
    program_run(NULL, "doctor", "-S", folder, NULL); /* nothing there to be kept */
    assert_non_null(strstr(program_last.out, "nothing has been written to it yet"));
    assert_null(strstr(program_last.out, "may only be read"));
    if (before)
        setenv("ASSAY_CACHE", before, 1);
    else
        unsetenv("ASSAY_CACHE");
    free(folder);
    free(before);
}

/* A cache that was made and never written to is no damaged one. */
static void test_doctor_of_an_empty_cache(void **state)
{
    (void)state;
    char *path = place_new("cache.db");
    place_write(path, "", 0);
    doctor_finds_it_empty(path);
    free(path);
}

/* One that is just being made has pages, and nothing on them: that is no damage either. */
static void test_doctor_of_a_cache_being_made(void **state)
{
    (void)state;
    char *path = place_new("cache.db");
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=WAL; VACUUM;", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    doctor_finds_it_empty(path);
    free(path);
}

/* Two sources are told apart by the ends of their names, which are there. */
static void test_doctor_names_sources_whole(void **state)
{
    (void)state;
    static const char text[] =
        "[source experiments-of-the-first-team]\nplace = /nowhere/first\n"
        "[source experiments-of-the-other-team]\nplace = /nowhere/other\n";
    char *path = place_new("config.ini");
    place_write(path, text, strlen(text));
    setenv("ASSAY_CONFIG", path, 1);
    program_run(NULL, "doctor", NULL);
    program_says("experiments-of-the-first-team ");
    program_says("experiments-of-the-other-team ");
    unsetenv("ASSAY_CONFIG");
    free(path);
}

/* Of the file that sources, keys and looks are configured in, whatever part is wrong. */
static void test_doctor_of_a_configuration(void **state)
{
    (void)state;
    static const char wrong[] = "[ui]\ntheme = dark\n[keys]\nfly = Q\n";
    static const char right[] = "[ui]\ntheme = dark\n[keys]\nquit = Q\n";
    char *path = place_new("config.ini");
    setenv("ASSAY_CONFIG", path, 1);
    place_write(path, wrong, strlen(wrong));
    program_run(NULL, "doctor", "-S", "local", "--format", "csv", NULL);
    program_says("configuration,file,fails,");
    program_says("config.ini:4: fly: ");
    place_write(path, right, strlen(right));
    program_run(NULL, "doctor", "-S", "local", "--format", "csv", NULL);
    program_says("configuration,file,ok,");
    unsetenv("ASSAY_CONFIG");
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doctor),
        cmocka_unit_test(test_doctor_of_an_empty_cache),
        cmocka_unit_test(test_doctor_of_a_cache_being_made),
        cmocka_unit_test(test_doctor_names_sources_whole),
        cmocka_unit_test(test_doctor_of_a_configuration),
    };
    return cmocka_run_group_tests(tests, program_begin, program_end);
}
