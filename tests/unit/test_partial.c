/*
 * Files that are being saved: whole under their name, or not there, however the program ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "cli/cli.h"
#include "cli/partial.h"
#include "support/places.h"

static size_t entries(const char *path)
{
    char *folder = assay_path_directory(path);
    DIR *directory = opendir(folder);
    const struct dirent *entry;
    size_t count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory)))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    free(folder);
    return count;
}

static void save(const char *place, bool named, bool keep, const char *text)
{
    struct cli_partial partial;
    struct assay_error err = {0};

    assert_int_equal(cli_partial_begin(&partial, place, named, &err), ASSAY_OK);
    assert_true(assay_write_all(partial.fd, text, strlen(text)));
    assert_int_equal(cli_partial_end(&partial, keep, &err), ASSAY_OK);
}

static void expect(const char *place, const char *text)
{
    size_t length;
    char *bytes = place_read(place, &length);

    assert_int_equal(length, strlen(text));
    assert_memory_equal(bytes, text, length);
    assert_int_equal(entries(place), 1);
    free(bytes);
}

static void saved_or_gone(void **state)
{
    (void)state;
    for (int named = 0; named < 2; named++) {
        char *place = place_new("file");
        mode_t mask = umask(027);

        save(place, named, false, "dropped");
        assert_int_equal(entries(place), 0);
        save(place, named, true, "first");
        expect(place, "first");
        assert_int_equal(place_mode(place), 0640);
        save(place, named, true, "second");
        expect(place, "second");
        save(place, named, false, "dropped");
        expect(place, "second");
        umask(mask);
        free(place);
    }
}

struct ending {
    const char *place;
    int signal_number;
    bool named;
};

static int end_by_signal(void *context)
{
    const struct ending *ending = context;
    struct cli_partial partial;
    struct assay_error err = {0};

    if (cli_partial_begin(&partial, ending->place, ending->named, &err) != ASSAY_OK ||
        !assay_write_all(partial.fd, "half", 4))
        return 77;
    raise(ending->signal_number);
    return 78;
}

static void no_signal_leaves_it(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

    (void)state;
    for (size_t i = 0; i < ASSAY_COUNT(signals); i++)
        for (int named = 0; named < 2; named++) {
            char *place = place_new("file");
            struct ending ending = {place, signals[i], named};
            int ended;

            signal(signals[i], SIG_DFL);
            ended = child_wait(child_start(end_by_signal, &ending));
            assert_true(ended == -1 || (ended == 130 && named));
            assert_int_equal(entries(place), 0);
            free(place);
        }
}

static void says_where_it_cannot(void **state)
{
    char *place = place_new("file");
    const char *deep = place_with(place, "/no/such/folder");
    struct cli_partial partial;
    struct assay_error err = {0};

    (void)state;
    assert_int_equal(cli_partial_begin(&partial, deep, false, &err), ASSAY_IO);
    assert_non_null(strstr(err.what, strerror(ENOENT)));
    cli_partial_end(&partial, false, &err);
    free(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_or_gone),
        cmocka_unit_test(no_signal_leaves_it),
        cmocka_unit_test(says_where_it_cannot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
