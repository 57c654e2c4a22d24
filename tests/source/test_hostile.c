/*
 * The real program on a tree in which good runs lie among whatever a disk may hold: damaged,
 * hostile, half-written, circular. Every good run is shown, every bad file is named with its
 * offset, memory stays bounded, and no control character reaches the terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "support/places.h"
#include "support/program.h"
#include "support/tb_writer.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_KB (2L << 20) /* shadows and quarantines */
#else
#define MEMORY_KB (192L << 10) /* what is hostile asks for terabytes */
#endif
#define TIME 1700000000.0

static char *root;

static const char *in_tree(const char *name)
{
    const char *path = place_with(root, name);
    char *above = assay_path_directory(path);
    assert_int_equal(assay_make_directories(above, NULL), ASSAY_OK);
    free(above);
    return path;
}

static void put(const char *name, const char *text)
{
    place_write(in_tree(name), text, strlen(text));
}

static void put_bytes(const char *name, struct assay_buf *take)
{
    tb_write_file(in_tree(name), take, false, 1700000000000);
    assay_buf_free(take);
}

/* ---- TensorBoard ---- */

#define RECORD_BYTES 8 /* of the damage below, from the end of the file */

static size_t first_records; /* bytes of what begins each file below */

static struct assay_buf begin_events(void)
{
    struct assay_buf bytes = {0};
    tb_put_version(&bytes, TIME);
    tb_put_point(&bytes, TIME, 1, "loss", 0.5F);
    first_records = bytes.length;
    return bytes;
}

static void make_events(void)
{
    struct assay_buf bytes = begin_events();
    put_bytes("/tb/good/events.out.tfevents.1", &bytes);

    bytes = begin_events(); /* its data's checksum is wrong; what follows is good */
    tb_put_point(&bytes, TIME, 2, "loss", 0.25F);
    bytes.data[bytes.length - 1] ^= 1;
    tb_put_point(&bytes, TIME, 3, "loss", 0.125F);
    put_bytes("/tb/checksum/events.out.tfevents.1", &bytes);

    bytes = begin_events(); /* a length of exabytes */
    assay_buf_add(&bytes, "\xff\xff\xff\xff\xff\xff\xff\x0f\x01\x02\x03\x04", 12);
    put_bytes("/tb/length/events.out.tfevents.1", &bytes);

    bytes = begin_events(); /* being written: no fault */
    tb_put_point(&bytes, TIME, 2, "loss", 0.25F);
    bytes.length -= RECORD_BYTES;
    put_bytes("/tb/half/events.out.tfevents.1", &bytes);

    bytes = begin_events();
    tb_put_point(&bytes, TIME, 2, "loss", NAN);
    tb_put_point(&bytes, TIME, 2,
                 "\x1b]0;taken over\x07\x9b"
                 "31mloss",
                 1);
    put_bytes("/tb/escape/events.out.tfevents.1", &bytes);

    size_t long_length = 10 << 20;
    char *name = assay_alloc(long_length + 1);
    memset(name, 'x', long_length);
    bytes = begin_events();
    tb_put_point(&bytes, TIME, 2, name, 1);
    put_bytes("/tb/long/events.out.tfevents.1", &bytes);
    free(name);

    bytes = (struct assay_buf){0};
    assay_buf_repeat(&bytes, "\x1b[2J nothing ", 5000);
    put_bytes("/tb/noise/events.out.tfevents.1", &bytes);
}

/* ---- MLflow ---- */

#define GOOD_RUN "aaaa000000000000000000000000000a"
#define ODD_RUN  "bbbb000000000000000000000000000b"
#define HALF_RUN "cccc000000000000000000000000000c"

static void make_meta(const char *id, const char *name)
{
    struct assay_buf path = {0}, text = {0};
    assay_buf_format(&path, "/mlruns/1/%s/meta.yaml", id);
    assay_buf_format(&text,
                     "artifact_uri: ''\nend_time: 2000\nexperiment_id: '1'\n"
                     "lifecycle_stage: active\nrun_id: %s\nrun_name: %s\nstart_time: 1000\n"
                     "status: 3\nuser_id: dev\n",
                     id, name);
    put(path.data, text.data);
    assay_buf_free(&path);
    assay_buf_free(&text);
}

static void make_mlruns(void)
{
    put("/mlruns/1/meta.yaml", "artifact_location: x\nexperiment_id: '1'\n"
                               "lifecycle_stage: active\nname: \"tests\\e[5m\"\n");
    make_meta(GOOD_RUN, "sound");
    put("/mlruns/1/" GOOD_RUN "/metrics/loss", "1000 0.5 0\n1001 nan 1\n1002 0.25 2\n");
    put("/mlruns/1/" GOOD_RUN "/artifacts/copy/meta.yaml", "run_id: " HALF_RUN "\nstatus: 3\n");
    put("/mlruns/1/" GOOD_RUN "/artifacts/copy/metrics/loss", "1000 7 0\n");

    make_meta(ODD_RUN, "\"odd\\e]0;taken over\\a\\e[31mred\"");
    put("/mlruns/1/" ODD_RUN "/metrics/loss", "1000 0.5 0\nthis is no point\n1002 0.75 2\n");
    put("/mlruns/1/" ODD_RUN "/tags/note\x1b[7m", "\x1b]0;taken over\x07text");
    struct assay_buf large = {0};
    assay_buf_repeat(&large, "0123456789", 1 << 20);
    place_write(in_tree("/mlruns/1/" ODD_RUN "/tags/large"), large.data, large.length);
    assay_buf_free(&large);

    struct assay_buf half = {0}; /* and not being written: it is too old for that */
    assay_buf_text_add(&half, "artifact_uri: ''\nrun_id: \"cc");
    put_bytes("/mlruns/1/" HALF_RUN "/meta.yaml", &half);
}

/* ---- what is no file ---- */

static void make_odd_files(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char here[4096];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    (void)in_tree("/tb/odd/x");
    /* The name of a socket must be short. */
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(place_with(root, "/tb/odd")), 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "events.out.tfevents.3");
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(chdir(here), 0);
    close(fd);
    assert_int_equal(mkfifo(in_tree("/tb/odd/events.out.tfevents.2"), 0600), 0);
    assert_int_equal(mkfifo(in_tree("/mlruns/1/" ODD_RUN "/metrics/pipe"), 0600), 0);
    assert_int_equal(mkfifo(in_tree("/mlruns/1/" ODD_RUN "/params/pipe"), 0600), 0);
    assert_int_equal(symlink("..", in_tree("/tb/good/up")), 0);
    assert_int_equal(symlink("self", in_tree("/tb/self")), 0);
    assert_int_equal(symlink("../..", in_tree("/mlruns/1/up")), 0);
    assert_int_equal(symlink("self", in_tree("/mlruns/self")), 0);
    assert_int_equal(symlink("/proc/self/fd", in_tree("/tb/descriptors")), 0);
    put("/tb/closed/events.out.tfevents.1", "not ours to read");
    assert_int_equal(chmod(in_tree("/tb/closed"), 0), 0);
}

static int make_tree(void **state)
{
    if (program_begin(state) != 0)
        return 1;
    root = place_new("tree");
    make_events();
    make_mlruns();
    make_odd_files();
    return 0;
}

static int end_tree(void **state)
{
    assert_int_equal(chmod(in_tree("/tb/closed"), 0700), 0);
    free(root);
    return program_end(state);
}

/* ---- what the program makes of it ---- */

/* What is for people holds no control character but the ends of lines. */
static void expect_clean(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\n') || *text == 0x7f)
            fail_msg("a control character in: %.200s", text);
}

static void expect_bounded(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
    if (usage.ru_maxrss > MEMORY_KB)
        fail_msg("%ld kB resident", usage.ru_maxrss);
}

static void expect_all_named(const char *text)
{
    struct assay_buf crc = {0}, length = {0};
    assay_buf_format(&crc, "checksum/events.out.tfevents.1: byte %zu: the checksum of a record",
                     first_records);
    assay_buf_format(&length, "length/events.out.tfevents.1: byte %zu: the checksum of a",
                     first_records);
    const char *const named[] = {
        crc.data,
        length.data,
        "noise/events.out.tfevents.1: byte 0: ",
        "long/events.out.tfevents.1: byte ",
        ODD_RUN "/metrics/loss: byte 11: ",
        HALF_RUN "/meta.yaml: ",
    };
    for (size_t i = 0; i < ASSAY_COUNT(named); i++)
        if (!strstr(text, named[i])) {
            print_error("%s\n", text);
            fail_msg("nothing is said of %s", named[i]);
        }
    assert_null(strstr(text, "half/"));
    assay_buf_free(&crc);
    assay_buf_free(&length);
}

static void every_good_run_is_listed(void **state)
{
    static const char *const good[] = {"tb/good",   "tb/checksum", "tb/length", "tb/half",
                                       "tb/escape", "tb/long",     "sound"};
    (void)state;
    for (int again = 0; again < 2; again++) { /* then from the cache */
        program_run(NULL, "runs", "-S", root, "--format", "csv", "-c", "name", NULL);
        program_expect(3);
        for (size_t i = 0; i < ASSAY_COUNT(good); i++) {
            const char *line = place_with("\n", good[i]);
            if (!strstr(program_last.out, place_with(line, "\n"))) {
                print_error("%s\n", program_last.out);
                fail_msg("%s is not listed", good[i]);
            }
        }
        /* Beside the heading: the run with the odd name, and the one that lost its own. */
        assert_int_equal(program_lines(program_last.out), 1 + ASSAY_COUNT(good) + 2);
        expect_all_named(program_last.err);
        expect_clean(program_last.err);
    }
    program_run(NULL, "runs", "-S", root, NULL);
    program_expect(3);
    expect_clean(program_last.out);
    expect_bounded();
}

static void one_run_is_shown(void **state)
{
    (void)state;
    program_run(NULL, "show", "-S", root, "bbbb", NULL);
    program_expect(3);
    expect_clean(program_last.out);
    expect_clean(program_last.err);
    assert_non_null(strstr(program_last.out, "0.75"));
    program_run(NULL, "show", "-S", root, "tb/escape", NULL);
    program_expect(3);
    expect_clean(program_last.out);
    program_run(NULL, "series", "-S", root, "tb/checksum", "-m", "loss", "--format", "csv",
                NULL);
    program_expect(3);
    assert_int_equal(program_lines(program_last.out), 3); /* the heading, two good points */
    expect_bounded();
}

static void doctor_names_all_of_it(void **state)
{
    (void)state;
    program_run(NULL, "doctor", "-S", root, NULL);
    program_expect(3);
    expect_clean(program_last.out);
    expect_all_named(program_last.out);
    expect_bounded();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_good_run_is_listed),
        cmocka_unit_test(one_run_is_shown),
        cmocka_unit_test(doctor_names_all_of_it),
    };
    return cmocka_run_group_tests(tests, make_tree, end_tree);
}
