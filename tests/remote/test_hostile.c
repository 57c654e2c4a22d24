/*
 * How much memory a server can make the program take: no more than one answer may have,
 * whatever it sends, packed or not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <assay/file.h>
#include <assay/memory.h>

#include "support/places.h"
#include "support/program.h"
#include "support/web.h"

/* An answer of 64 MB, and as much again for all the rest. Sanitizers keep what was freed,
   and a shadow of everything. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MOST_KB (1000L << 10)
#else
#define MOST_KB (128L << 10)
#endif

struct hostile {
    const char *body, *header;
    size_t length;
    bool endless;
};

static void be_hostile(void *context, const struct web_request *request,
                       struct web_answer *answer)
{
    const struct hostile *hostile = context;

    (void)request;
    answer->body = hostile->body;
    answer->length = hostile->length;
    answer->header = hostile->header;
    answer->fault = hostile->endless ? WEB_ENDLESS : WEB_FINE;
}

/* Lists what the server has, and what all programs run so far have taken at most. */
static void is_bounded(struct hostile *hostile)
{
    struct web *web = web_start(be_hostile, hostile);
    struct rusage usage;

    program_run(NULL, "ls", "-S", web_url(web), NULL);
    program_expect(3);
    program_complains("an answer of more than 67108864 bytes");
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
    assert_in_range(usage.ru_maxrss, 1, MOST_KB);
    web_stop(&web);
}

static void an_endless_answer_is_bounded(void **state)
{
    static const char each[] = "{\"experiment_id\":\"1\",\"name\":\"again and again\"},";
    struct hostile hostile = {.endless = true};
    size_t count = 4000, length = strlen(each);
    char *body = assay_alloc(count * length + 1);

    (void)state;
    for (size_t i = 0; i < count; i++)
        memcpy(body + i * length, each, length);
    hostile.body = body;
    hostile.length = count * length;
    is_bounded(&hostile);
    free(body);
}

/* 300 MB of blanks in 300 kB. */
static void a_packed_answer_is_bounded(void **state)
{
    struct hostile hostile = {.header = "Content-Encoding: gzip\r\n"};
    size_t block = 1 << 20, room = 2 << 20;
    unsigned char *blanks = assay_alloc(block), *packed = assay_alloc(room);
    z_stream stream = {.next_out = packed, .avail_out = (unsigned)room};

    (void)state;
    memset(blanks, ' ', block);
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    for (int i = 0; i < 300; i++) {
        stream.next_in = blanks;
        stream.avail_in = (unsigned)block;
        assert_int_equal(deflate(&stream, i == 299 ? Z_FINISH : Z_NO_FLUSH),
                         i == 299 ? Z_STREAM_END : Z_OK);
    }
    hostile.body = (const char *)packed;
    hostile.length = stream.total_out;
    is_bounded(&hostile);
    deflateEnd(&stream);
    free(packed);
    free(blanks);
}

/* One run, and a metric of it whose points never end. */
static void never_end(void *context, const struct web_request *request,
                      struct web_answer *answer)
{
    const struct hostile *hostile = context;

    if (strstr(request->target, "experiments/search")) {
        answer->body = "{\"experiments\":[{\"experiment_id\":\"1\",\"name\":\"one\"}]}";
    } else if (strstr(request->target, "runs/search")) {
        answer->body =
            "{\"runs\":[{\"info\":{\"run_id\":\"0123456789abcdef\",\"experiment_id\":"
            "\"1\",\"status\":\"FINISHED\"},\"data\":{\"metrics\":[{\"key\":"
            "\"loss\",\"value\":1,\"timestamp\":1,\"step\":1}]}}]}";
    } else if (strstr(request->target, "metrics/get-history?")) {
        /* The body begins behind the header's last line, once. */
        answer->header = "Connection: close\r\n\r\n{\"metrics\":[";
        answer->body = hostile->body;
        answer->length = hostile->length;
        answer->fault = WEB_ENDLESS;
    } else {
        answer->status = 404;
    }
}

static void an_endless_metric_is_bounded(void **state)
{
    static const char each[] = "{\"value\":1},";
    struct hostile hostile = {0};
    size_t count = 10000, length = strlen(each);
    char *body = assay_alloc(count * length + 1);
    struct web *web;
    struct rusage usage;

    (void)state;
    for (size_t i = 0; i < count; i++)
        memcpy(body + i * length, each, length);
    hostile.body = body;
    hostile.length = count * length;
    web = web_start(never_end, &hostile);
    program_run(NULL, "series", "0123456789abcdef", "-m", "loss", "-S", web_url(web), NULL);
    program_expect(3);
    program_complains("a metric that does not end: more than 4194304 points");
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
    assert_in_range(usage.ru_maxrss, 1, 2 * MOST_KB);
    web_stop(&web);
    free(body);
}

/* One run, and a metric whose pages go on for ever under new tokens. */
struct round {
    unsigned pages;
    bool empty;
    char body[256];
};

static void go_round(void *context, const struct web_request *request,
                     struct web_answer *answer)
{
    struct round *round = context;

    if (!strstr(request->target, "metrics/get-history?")) {
        never_end(&(struct hostile){0}, request, answer);
        return;
    }
    snprintf(round->body, sizeof round->body, "{\"metrics\":[%s],\"next_page_token\":\"t%u\"}",
             round->empty ? ""
                          : "{\"value\":1,\"step\":1,\"timestamp\":1},"
                            "{\"value\":2,\"step\":2,\"timestamp\":2}",
             ++round->pages);
    answer->body = round->body;
}

static void is_told_of_pages(bool empty, const char *words)
{
    struct round round = {.empty = empty};
    struct web *web = web_start(go_round, &round);

    program_run(NULL, "series", "0123456789abcdef", "-m", "loss", "-S", web_url(web), NULL);
    program_expect(3);
    program_complains(words);
    assert_in_range(round.pages, 2, 12);
    web_stop(&web);
}

static void pages_that_bring_nothing_new_end(void **state)
{
    (void)state;
    is_told_of_pages(false, "the pages of \"loss\" repeat: more may be there than came");
    is_told_of_pages(true, "the pages of \"loss\" come empty: more may be there than came");
}

/* One run, and a file of it that never ends; the list says SIZE. */
struct endless_file {
    const char *body, *list;
    size_t length;
};

static void never_end_file(void *context, const struct web_request *request,
                           struct web_answer *answer)
{
    const struct endless_file *file = context;

    if (strstr(request->target, "experiments/search")) {
        answer->body = "{\"experiments\":[{\"experiment_id\":\"1\",\"name\":\"one\"}]}";
    } else if (strstr(request->target, "runs/search")) {
        answer->body = "{\"runs\":[{\"info\":{\"run_id\":\"0123456789abcdef\","
                       "\"experiment_id\":\"1\",\"status\":\"FINISHED\"}}]}";
    } else if (strstr(request->target, "artifacts/list")) {
        answer->body = file->list;
    } else if (strstr(request->target, "get-artifact")) {
        answer->body = file->body;
        answer->length = file->length;
        answer->fault = WEB_ENDLESS;
    } else {
        answer->status = 404;
    }
}

static bool is_empty_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    bool empty = true;

    assert_non_null(folder);
    while ((entry = readdir(folder)))
        empty &= strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(folder);
    return empty;
}

/* It ends soon behind what the list says, and nothing of it stays. */
static void an_endless_file_is_bounded(void **state)
{
    struct endless_file file = {
        .list = "{\"files\":[{\"path\":\"ok.txt\",\"is_dir\":false,\"file_size\":5}]}",
        .length = 64 << 10};
    char *body = assay_alloc(file.length + 1), *place = place_new("ok.txt");
    char *folder = assay_path_directory(place);
    struct rlimit before;
    struct web *web;

    (void)state;
    memset(body, 'x', file.length);
    file.body = body;
    web = web_start(never_end_file, &file);
    /* Without the bound it would end here, in other words. */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){64 << 20, before.rlim_max}), 0);
    program_run(NULL, "artifacts", "0123456789abcdef", "ok.txt", "-o", place, "-S",
                web_url(web), NULL);
    program_expect(3);
    program_complains("ok.txt: more came than the 5 bytes that the list says it has");
    assert_true(is_empty_folder(folder));
    program_run(NULL, "artifacts", "0123456789abcdef", "ok.txt", "-S", web_url(web), NULL);
    program_expect(3);
    program_complains("ok.txt: more came than the 5 bytes that the list says it has");
    assert_int_equal(program_last.out_length, 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    web_stop(&web);
    free(body);
    free(folder);
    free(place);
}

/* Lists whose pages lead on. */
struct leading {
    const char *list; /* "runs/search": what goes round; the other ends */
    unsigned asked;   /* pages of it */
    unsigned empty;   /* so many of them come empty, */
    unsigned last;    /* and this one ends it; 0: none does */
    bool same;        /* the token never changes */
    char body[512];
};

static void lead_on(void *context, const struct web_request *request, struct web_answer *answer)
{
    static const char run[] = "{\"info\":{\"run_id\":\"0123456789abcdef\",\"experiment_id\":"
                              "\"1\",\"status\":\"FINISHED\"}}";
    static const char experiment[] = "{\"experiment_id\":\"1\",\"name\":\"one\"}";
    struct leading *leading = context;
    bool runs = strstr(request->target, "runs/search") != NULL;
    const char *item = runs ? run : experiment, *name = runs ? "runs" : "experiments";
    char token[64] = "";

    if (!runs && !strstr(request->target, "experiments/search")) {
        answer->status = 404;
        return;
    }
    if (strstr(request->target, leading->list)) {
        leading->asked++;
        if (leading->asked <= leading->empty)
            item = "";
        if (leading->asked != leading->last)
            snprintf(token, sizeof token, ",\"next_page_token\":\"t%u\"",
                     leading->same ? 0 : leading->asked);
    }
    snprintf(leading->body, sizeof leading->body, "{\"%s\":[%s]%s}", name, item, token);
    answer->body = leading->body;
}

static void run_is_told(struct leading leading, int status, const char *words)
{
    struct web *web = web_start(lead_on, &leading);

    program_run(NULL, "runs", "-S", web_url(web), NULL);
    program_expect(status);
    if (words)
        program_complains(words);
    else
        program_says("01234567");
    assert_in_range(leading.asked, 2, 12);
    web_stop(&web);
}

static void lists_that_lead_on_are_told(void **state)
{
    static const char runs[] = "the pages of its list of runs repeat or come empty",
                      experiments[] = "the pages of its list of experiments repeat or come";

    (void)state;
    run_is_told((struct leading){.list = "runs/search", .empty = 1000}, 3, runs);
    run_is_told((struct leading){.list = "runs/search"}, 3, runs);
    run_is_told((struct leading){.list = "runs/search", .same = true}, 3, runs);
    run_is_told((struct leading){.list = "experiments/search", .empty = 1000}, 3, experiments);
    run_is_told((struct leading){.list = "experiments/search"}, 3, experiments);
    /* A few empty pages before what is there are nothing to speak of. */
    run_is_told((struct leading){.list = "runs/search", .empty = 5, .last = 6}, 0, NULL);
    run_is_told((struct leading){.list = "experiments/search", .empty = 5, .last = 6}, 0, NULL);
}

/* Answers whose parts are of another kind than they should be. */
struct kinds {
    const char *experiments, *runs, *history;
};

static void be_of_kinds(void *context, const struct web_request *request,
                        struct web_answer *answer)
{
    const struct kinds *kinds = context;

    if (strstr(request->target, "experiments/search"))
        answer->body = kinds->experiments;
    else if (strstr(request->target, "runs/search"))
        answer->body = kinds->runs;
    else if (strstr(request->target, "metrics/get-history?"))
        answer->body = kinds->history;
    else
        answer->status = 404;
}

#define ONE_EXPERIMENT "{\"experiments\":[{\"experiment_id\":\"1\",\"name\":\"one\"}]}"
#define GOOD_INFO      "{\"info\":{\"run_id\":\"0123456789abcdef\",\"experiment_id\":\"1\"}"

/* Twice, for what was said once has to be said again. */
static void kinds_are_told(struct kinds kinds, const char *words, const char *shown)
{
    struct web *web;

    if (!kinds.experiments)
        kinds.experiments = ONE_EXPERIMENT;
    web = web_start(be_of_kinds, &kinds);
    for (int i = 0; i < 2; i++) {
        program_run(NULL, "runs", "-S", web_url(web), NULL);
        program_expect(3);
        program_complains(words);
        if (shown)
            program_says(shown);
    }
    web_stop(&web);
}

static void values_of_other_kinds_are_told(void **state)
{
    (void)state;
    kinds_are_told((struct kinds){.runs = "{\"runs\":\"xxxx\"}"}, "its runs are not a list",
                   NULL);
    kinds_are_told((struct kinds){.experiments = "{\"experiments\":7}", .runs = "{}"},
                   "its experiments are not a list", NULL);
    kinds_are_told((struct kinds){.runs = "{\"runs\":[" GOOD_INFO "},{\"info\":7},null]}"},
                   "2 of 3 runs in its answer cannot be read (runs[1].info is a number)",
                   "01234567");
    kinds_are_told((struct kinds){.runs = "{\"runs\":[\"x\"," GOOD_INFO "}]}"},
                   "1 of 2 runs in its answer cannot be read (runs[0] is a text)", "01234567");
    kinds_are_told((struct kinds){.runs = "{\"runs\":[" GOOD_INFO "},{\"info\":{}}]}"},
                   "1 of 2 runs in its answer cannot be read (runs[1].info.run_id is missing)",
                   "01234567");
    kinds_are_told((struct kinds){.runs = "{\"runs\":[{\"info\":{\"run_id\":[]}}]}"},
                   "1 of 1 runs in its answer cannot be read (runs[0].info.run_id is a list)",
                   NULL);
    kinds_are_told(
        (struct kinds){.runs =
                           "{\"runs\":[{\"info\":{\"run_id\":\"a1\",\"experiment_id\":1}}]}"},
        "(runs[0].info.experiment_id is no id)", NULL);
    kinds_are_told(
        (struct kinds){.experiments = "{\"experiments\":[{\"experiment_id\":1},"
                                      "{\"experiment_id\":\"1\",\"name\":\"one\"}]}",
                       .runs = "{\"runs\":[" GOOD_INFO "}]}"},
        "1 of 2 experiments in its answer cannot be read (experiments[0].experiment_id is a "
        "number)",
        "01234567");
    kinds_are_told((struct kinds){.runs =
                                      "{\"runs\":[" GOOD_INFO
                                      ",\"data\":{\"metrics\":[{\"key\":\"odd\",\"value\":{}},"
                                      "{\"key\":\"even\",\"value\":\"NaN\"}]}}]}"},
                   "1 metric is left out: its value is not a number", "01234567");
}

/* What the server never said is not shown, not as NaN either. */
static void a_value_that_is_none_is_left_out(void **state)
{
    struct kinds kinds = {
        .experiments = ONE_EXPERIMENT,
        .runs =
            "{\"runs\":[" GOOD_INFO ",\"data\":{\"metrics\":[{\"key\":\"odd\",\"value\":{}},"
            "{\"key\":\"even\",\"value\":\"NaN\"}]}}]}",
        .history = "{\"metrics\":[{\"value\":1,\"step\":1},{\"value\":{},\"step\":2}]}"};
    struct web *web = web_start(be_of_kinds, &kinds);

    (void)state;
    program_run(NULL, "show", "0123456789abcdef", "-S", web_url(web), NULL);
    program_expect(3);
    program_says("even");
    assert_null(strstr(program_last.out, "odd"));
    program_run(NULL, "series", "0123456789abcdef", "-m", "even", "-S", web_url(web), NULL);
    program_expect(3);
    program_complains("a value that is not a number");
    web_stop(&web);
}

static void a_version_is_a_number(void **state)
{
    struct kinds kinds = {.experiments = ONE_EXPERIMENT, .runs = "{\"runs\":[" GOOD_INFO "}]}"};
    struct web *web = web_start(be_of_kinds, &kinds);

    (void)state;
    program_run(NULL, "change", "models:/m1/@champion", "--description", "x", "-S",
                web_url(web), NULL);
    program_expect(2);
    program_complains("models:/m1/@champion: a version is a number");
    program_complains("an alias stands behind the name: models:/m1@champion");
    web_stop(&web);
}

/* Answers whatever comes first as a server without TLS does, in whole, until it is killed. */
static int speak_plainly(void *context)
{
    static const char words[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    int listener = *(const int *)context, fd;
    char block[4096];

    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        /* Nothing is left unread: a reset would take the answer with it. */
        if (read(fd, block, sizeof block) > 0 &&
            write(fd, words, sizeof words - 1) == (ssize_t)sizeof words - 1 &&
            shutdown(fd, SHUT_WR) == 0)
            while (read(fd, block, sizeof block) > 0)
                ;
        close(fd);
    }
    return 0;
}

static void what_speaks_no_tls_is_said(void **state)
{
    struct sockaddr_in place = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof place;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char url[64];
    pid_t child;

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&place, length), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&place, &length), 0);
    child = child_start(speak_plainly, &listener);
    close(listener);
    snprintf(url, sizeof url, "https://127.0.0.1:%u", ntohs(place.sin_port));
    program_run(NULL, "ls", "-S", url, NULL);
    kill(child, SIGKILL);
    child_wait(child);
    program_expect(3);
    program_complains("what answers there does not speak TLS: try http:// instead");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endless_answer_is_bounded),
        cmocka_unit_test(a_packed_answer_is_bounded),
        cmocka_unit_test(an_endless_metric_is_bounded),
        cmocka_unit_test(an_endless_file_is_bounded),
        cmocka_unit_test(pages_that_bring_nothing_new_end),
        cmocka_unit_test(lists_that_lead_on_are_told),
        cmocka_unit_test(values_of_other_kinds_are_told),
        cmocka_unit_test(a_value_that_is_none_is_left_out),
        cmocka_unit_test(a_version_is_a_number),
        cmocka_unit_test(what_speaks_no_tls_is_said),
    };

    return cmocka_run_group_tests_name("hostile servers", tests, program_begin, program_end);
}
