/*
 * The command that uploads: which run a name means, where the server has one of that name too;
 * a run that grew after it was sent; what a server would not keep; files that arrive by half.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/change.h>
#include <assay/file.h>

#include "support/program.h"
#include "support/registry_web.h"

static void the_run_here_is_meant(void **state)
{
    struct fake_registry fake, seen;

    (void)state;
    fake_registry_start(&fake); /* it has runs fraud/steady and fraud/hopeful */
    assert_int_equal(program_run(NULL, "log", "-e", "fraud", "-n", "steady", "-m", "loss=1",
                                 "--finish", "finished", NULL),
                     0);
    program_run(NULL, "upload", "-S", "local", "--to", web_url(fake.web), "-y", "fraud/steady",
                NULL);
    program_expect(0);
    program_says("steady: 1 point, 0 params, ");
    seen = fake_registry_seen(&fake);
    assert_int_equal(seen.creates, 1);
    /* Nor is a run sent to where it lies. */
    assert_int_equal(program_run(NULL, "upload", "-S", "local", "--to", web_url(fake.web), "-y",
                                 "fraud/hopeful", NULL),
                     2);
    program_complains("fraud/hopeful lies on that server already");
    assert_int_equal(program_run(NULL, "upload", "-S", "local", "--to", web_url(fake.web), "-y",
                                 "fraud/nobody", NULL),
                     2);
    program_complains("fraud/nobody: no such run");
    seen = fake_registry_seen(&fake);
    assert_int_equal(seen.creates, 1);
    fake_registry_stop(&fake);
}

/* A new run here, in the experiment that the server has, too. */
static const char *new_run(void)
{
    static char id[64];

    assert_int_equal(program_run(NULL, "log", "-e", "fraud", "-n", "g", "-p", "lr=0.1", "-t",
                                 "team=x", NULL),
                     0);
    snprintf(id, sizeof id, "%.*s", (int)strcspn(program_last.out, "\n"), program_last.out);
    return id;
}

static int upload(const struct fake_registry *fake, const char *run, const char *option)
{
    return program_run(NULL, "upload", "-S", "local", "--to", web_url(fake->web), run, option,
                       NULL);
}

static int upload_yes(const struct fake_registry *fake, const char *run, const char *option)
{
    return program_run(NULL, "upload", "-S", "local", "--to", web_url(fake->web), run, "-y",
                       option, NULL);
}

static bool has_pair(const struct assay_buf *pairs, const char *key, const char *value)
{
    char pair[160];

    snprintf(pair, sizeof pair, "{\"key\":\"%s\",\"value\":\"%s\"}", key, value);
    return strstr(assay_buf_text(pairs), pair) != NULL;
}

static void a_run_that_grew_is_sent_again(void **state)
{
    struct fake_registry fake, seen;
    const char *run;

    (void)state;
    fake_registry_start(&fake);
    run = new_run();
    upload_yes(&fake, run, NULL);
    program_expect(0);
    program_says("g: 0 points, 1 param, 1 tag, ");
    upload_yes(&fake, run, NULL);
    program_expect(0);
    program_says("g: 0 points, 0 params, 0 tags, ");
    assert_int_equal(program_run(NULL, "log", run, "-m", "loss=3", "--step", "3", "-p", "new=1",
                                 "-t", "place=lab", "-t", "team=y", NULL),
                     0);
    upload(&fake, run, NULL); /* the preview says it, and that nothing was sent */
    program_expect(1);
    program_says("g: 1 point, 1 param, 1 tag, ");
    program_says("differs    tag team: \"x\" there, \"y\" here");
    seen = fake_registry_seen(&fake);
    assert_false(has_pair(&seen.param_pairs, "new", "1"));
    upload_yes(&fake, run, NULL);
    program_expect(1);
    program_says("differs    tag team: \"x\" there, \"y\" here");
    program_complains("1 of the params and tags have another value there");
    seen = fake_registry_seen(&fake);
    assert_true(has_pair(&seen.param_pairs, "new", "1"));
    assert_true(has_pair(&seen.tag_pairs, "place", "lab"));
    assert_true(has_pair(&seen.tag_pairs, "team", "x"));
    assert_false(has_pair(&seen.tag_pairs, "team", "y"));
    assert_int_equal(seen.params, 2); /* what was there was not sent again */
    assert_int_equal(seen.tags, 2);
    assert_int_equal(seen.point_count, 1);
    assert_string_equal(seen.state, "partial");
    fake_registry_stop(&fake);
}

/* Names that the server refuses and values it cuts: said before anything is sent. */
static void what_would_be_lost_is_said_first(void **state)
{
    struct fake_registry fake, seen;
    char text[7100] = "long=", name[300] = "p", pair[320];
    const char *run;

    (void)state;
    memset(text + 5, 'x', 7000);
    memset(name + 1, 'n', 260);
    snprintf(pair, sizeof pair, "%s=1", name);
    fake_registry_start(&fake);
    run = new_run();
    assert_int_equal(program_run(NULL, "log", run, "-m", "weird#name!=1", "-m", "loss=2", "-m",
                                 "loss=inf", "-p", text, "-p", pair, "--finish", "finished",
                                 NULL),
                     0);
    upload_yes(&fake, run, NULL);
    program_expect(1);
    program_says("not taken  metric weird#name!: MLflow's names are of letters");
    program_says("cut        param long: of its 7,000 characters MLflow keeps 6,000");
    program_says("nnn: MLflow takes names of at most 250 characters");
    program_says("changed    metric loss: MLflow's databases keep 1 of its values, infinite");
    program_complains("--partial");
    seen = fake_registry_seen(&fake);
    assert_int_equal(seen.creates + seen.writes, 0);
    upload_yes(&fake, run, "--partial");
    program_expect(0);
    program_says("g: 2 points, 2 params, 1 tag, ");
    seen = fake_registry_seen(&fake);
    assert_string_equal(seen.state, "partial");
    assert_string_equal(seen.status, "FINISHED");
    assert_int_equal(seen.point_count, 2);
    text[5 + 6000] = '\0'; /* as much as is kept was sent */
    assert_true(has_pair(&seen.param_pairs, "lr", "0.1"));
    assert_non_null(strstr(assay_buf_text(&seen.param_pairs), text + 5));
    assert_null(strstr(assay_buf_text(&seen.param_pairs), "nnn"));
    upload_yes(&fake, run, "--partial"); /* … and is not taken for another value */
    program_expect(0);
    program_says("g: 2 points (2 there already), 0 params, 0 tags, ");
    fake_registry_stop(&fake);
}

static void add_file(const char *run, const char *name, size_t bytes)
{
    char path[512], artifact[600];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", getenv("TMPDIR"), name);
    file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < bytes; i++)
        fputc('x', file);
    fclose(file);
    snprintf(artifact, sizeof artifact, "%s=%s", name, path);
    assert_int_equal(program_run(NULL, "log", run, "-a", artifact, NULL), 0);
}

/* The first COUNT files that are sent arrive by half, and are said to be there. */
static void upload_halved(struct fake_registry *fake, const char *run, unsigned count)
{
    fake_registry_hold();
    fake->halves = count;
    fake_registry_go_on();
    upload_yes(fake, run, NULL);
}

/* "200 OK" from what passes half of a file on is not yet a file. */
static void a_file_is_there_when_the_list_says_so(void **state)
{
    struct fake_registry fake, seen;
    const char *run;

    (void)state;
    fake_registry_start(&fake);
    run = new_run();
    add_file(run, "big.bin", 3000);
    add_file(run, "small.txt", 3);
    upload_halved(&fake, run, 1);
    program_expect(0);
    program_says("2 artifacts (3.0 kB)   done");
    seen = fake_registry_seen(&fake);
    assert_int_equal(seen.files, 3); /* the broken one was sent again, the other was not */
    assert_int_equal(seen.put_count, 2);
    assert_int_equal(seen.put[0].bytes + seen.put[1].bytes, 3003);
    assert_string_equal(seen.state, "complete");
    fake_registry_stop(&fake);
}

static void a_file_that_never_arrives_whole_is_an_error(void **state)
{
    struct fake_registry fake, seen;
    const char *run;

    (void)state;
    fake_registry_start(&fake);
    run = new_run();
    add_file(run, "big.bin", 3000);
    upload_halved(&fake, run, 1000);
    program_expect(3);
    program_complains("1.5 kB of 3.0 kB are on the server of the artifact big.bin");
    seen = fake_registry_seen(&fake);
    assert_string_equal(seen.state, "");
    assert_string_equal(seen.status, "");
    fake_registry_stop(&fake);
}

/* One that the server refuses is named, and the others are sent. */
static void a_file_that_is_refused_stops_no_other(void **state)
{
    struct fake_registry fake, seen;
    const char *run;

    (void)state;
    fake_registry_start(&fake);
    run = new_run();
    add_file(run, "a.txt", 3);
    add_file(run, "b.txt", 3);
    fake_registry_hold();
    snprintf(fake.refused, sizeof fake.refused, "a.txt");
    fake_registry_go_on();
    upload_yes(&fake, run, NULL);
    program_expect(1);
    program_says("1 artifact (3 B)   done");
    program_says("not taken  artifact a.txt: ");
    program_says("INVALID_PARAMETER_VALUE: Invalid path");
    program_complains("the server refused 1 of the artifacts");
    seen = fake_registry_seen(&fake);
    assert_int_equal(seen.put_count, 1);
    assert_string_equal(seen.put[0].path, "b.txt");
    assert_string_equal(seen.state, "partial");
    add_file(run, "c %20#?.txt", 3); /* known beforehand */
    upload(&fake, run, NULL);
    program_expect(1);
    program_says("not taken  artifact c %20#?.txt: MLflow takes no path with a # in it");
    fake_registry_stop(&fake);
}

static void cut_answers(struct fake_registry *fake, bool points, bool pairs)
{
    fake_registry_hold();
    fake->cut_points = points;
    fake->cut_pairs = pairs;
    fake_registry_go_on();
}

/* A server that dies between the head of an answer and its end has said "200" already. */
static void an_answer_that_is_cut_is_no_verdict(void **state)
{
    struct fake_registry fake, seen;
    const char *run;

    (void)state;
    fake_registry_start(&fake);
    run = new_run();
    assert_int_equal(
        program_run(NULL, "log", run, "-m", "loss=1", "--finish", "finished", NULL), 0);
    cut_answers(&fake, false, true);
    upload_yes(&fake, run, NULL);
    program_expect(3); /* it was never heard whether the param arrived */
    program_complains("the same command goes on where this one ended");
    cut_answers(&fake, true, false);
    upload_yes(&fake, run, NULL);
    program_expect(0); /* a look shows that the server has the point */
    seen = fake_registry_seen(&fake);
    assert_int_equal(seen.point_count, 1);
    assert_int_equal(seen.creates, 1);
    assert_string_equal(seen.state, "complete");
    fake_registry_stop(&fake);
}

static void a_run_deleted_there_is_told(void **state)
{
    struct fake_registry fake;
    const char *run;

    (void)state;
    fake_registry_start(&fake);
    run = new_run();
    upload_yes(&fake, run, NULL);
    program_expect(0);
    fake_registry_hold();
    fake.up_deleted = true;
    fake_registry_go_on();
    upload(&fake, run, NULL);
    program_expect(1);
    program_complains("the run is there, and deleted: up");
    program_complains("assay change up --restore");
    upload_yes(&fake, run, NULL);
    program_expect(1);
    assert_int_equal(fake_registry_seen(&fake).creates, 1);
    fake_registry_stop(&fake);
}

/* A run that lies on another server, with its files: nothing is begun that cannot be ended. */
static void files_that_cannot_be_fetched_are_told_first(void **state)
{
    struct fake_registry from, to, seen;
    struct fake_file file = {.path = "a.txt", .bytes = 3};

    (void)state;
    fake_registry_start(&from);
    fake_registry_start(&to);
    fake_registry_hold();
    from.put[0] = file;
    from.put_count = 1;
    fake_registry_go_on();
    program_run(NULL, "upload", "-S", web_url(from.web), "--to", web_url(to.web), "-y",
                "fraud/steady", "-e", "fraud", NULL);
    program_expect(3);
    program_complains("artifact a.txt: ");
    program_complains("--no-artifacts uploads everything else");
    seen = fake_registry_seen(&to);
    assert_int_equal(seen.writes, 0);
    fake_registry_stop(&from);
    fake_registry_stop(&to);
}

/* Two at once would make two runs: the second is told. */
static void only_one_sends_a_run(void **state)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET}; /* all of it */
    char *log = assay_change_log_path(), *folder = assay_path_directory(log);
    char *path = assay_path_join(folder, "uploads.lock");
    struct fake_registry fake;
    const char *run;
    int fd;

    (void)state;
    fake_registry_start(&fake);
    run = new_run();
    assert_int_equal(assay_make_directories(folder, NULL), ASSAY_OK);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0);
    upload_yes(&fake, run, NULL);
    program_expect(1);
    program_complains("another program is sending this run");
    assert_int_equal(fake_registry_seen(&fake).writes, 0);
    close(fd);
    upload_yes(&fake, run, NULL);
    program_expect(0);
    assert_int_equal(fake_registry_seen(&fake).creates, 1);
    fake_registry_stop(&fake);
    free(log);
    free(folder);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_run_here_is_meant),
        cmocka_unit_test(a_run_that_grew_is_sent_again),
        cmocka_unit_test(what_would_be_lost_is_said_first),
        cmocka_unit_test(a_file_is_there_when_the_list_says_so),
        cmocka_unit_test(a_file_that_never_arrives_whole_is_an_error),
        cmocka_unit_test(a_file_that_is_refused_stops_no_other),
        cmocka_unit_test(an_answer_that_is_cut_is_no_verdict),
        cmocka_unit_test(a_run_deleted_there_is_told),
        cmocka_unit_test(files_that_cannot_be_fetched_are_told_first),
        cmocka_unit_test(only_one_sends_a_run),
    };

    return cmocka_run_group_tests_name("uploads by name", tests, program_begin, program_end);
}
