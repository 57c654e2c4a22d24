/*
 * An MLflow server for tests; see mlflow_web.h.
 */
#include "support/mlflow_web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <inttypes.h>
#include <stdint.h>

#include <assay/buf.h>
#include <assay/memory.h>
#include <assay/text.h>

#define START_MS INT64_C(1760000000000)

double fake_mlflow_value(int run, int metric, int point)
{
    return 1.0 / (point + 1) + metric + run * 0.001;
}

static int64_t start_of(const struct fake_mlflow *fake, int run)
{
    return START_MS + (int64_t)(fake->run_count - run) * 1000;
}

static int64_t time_of(const struct fake_mlflow *fake, int run, int point)
{
    return (fake->alike ? START_MS : start_of(fake, run)) + point * INT64_C(10);
}

static void add_value(struct assay_buf *out, int run, int metric, int point)
{
    char number[32];

    assay_buf_text_add(out, assay_number_exact(number, fake_mlflow_value(run, metric, point)));
}

/* ---- searches ---- */

static int64_t body_number(const struct web_request *request, const char *key,
                           int64_t otherwise)
{
    char quoted[64];
    const char *at;

    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    at =
        request->length ? memmem(request->body, request->length, quoted, strlen(quoted)) : NULL;
    return at ? strtoll(at + strlen(quoted), NULL, 10) : otherwise;
}

static int body_token(const struct web_request *request)
{
    const char *at = request->length
                         ? memmem(request->body, request->length, "\"page_token\":\"", 14)
                         : NULL;

    return at ? atoi(at + 14) : 0;
}

static void experiments(const struct fake_mlflow *fake, struct assay_buf *out)
{
    bool first = true;

    assay_buf_text_add(out, "{\n  \"experiments\": [");
    for (int i = 0; i < fake->experiment_count; i++) {
        if (i + 1 == fake->absent_experiment)
            continue;
        assay_buf_format(
            out,
            "%s\n    {\n      \"experiment_id\": \"%d\",\n      \"name\": \"exp %d\",\n"
            "      \"artifact_location\": \"mlflow-artifacts:/%d\",\n"
            "      \"lifecycle_stage\": \"active\",\n"
            "      \"last_update_time\": %" PRId64 ",\n"
            "      \"creation_time\": %" PRId64 "\n    }",
            first ? "" : ",", i + 1, i + 1, i + 1, START_MS, START_MS);
        first = false;
    }
    assay_buf_text_add(out, "\n  ]\n}");
}

static void one_run(const struct fake_mlflow *fake, int r, struct assay_buf *out)
{
    const struct fake_run *run = &fake->runs[r];

    assay_buf_format(out,
                     "    {\n      \"info\": {\n        \"run_uuid\": \"%s\",\n"
                     "        \"experiment_id\": \"%d\",\n        \"run_name\": \"%s\",\n"
                     "        \"user_id\": \"ops\",\n        \"status\": \"%s\",\n"
                     "        \"start_time\": %" PRId64 ",\n",
                     run->id, run->experiment, run->name, run->status, start_of(fake, r));
    if (strcmp(run->status, "RUNNING") != 0)
        assay_buf_format(out, "        \"end_time\": %" PRId64 ",\n", start_of(fake, r) + 900);
    assay_buf_format(
        out,
        "        \"artifact_uri\": \"mlflow-artifacts:/%d/%s/artifacts\",\n"
        "        \"lifecycle_stage\": \"%s\",\n        \"run_id\": \"%s\"\n      },\n"
        "      \"data\": {\n        \"metrics\": [",
        run->experiment, run->id, run->deleted ? "deleted" : "active", run->id);
    for (int m = 0; m < fake->metric_count && run->points; m++) {
        assay_buf_format(out, "%s{\"key\": \"loss%d\", \"value\": ", m ? ", " : "", m);
        add_value(out, fake->alike ? 0 : r, m, run->points - 1);
        assay_buf_format(out, ", \"timestamp\": %" PRId64 ", \"step\": %d}",
                         time_of(fake, r, run->points - 1), run->points - 1);
    }
    assay_buf_format(out,
                     "],\n        \"params\": [{\"key\": \"lr\", \"value\": \"%g\"}],\n"
                     "        \"tags\": [{\"key\": \"mark\", \"value\": \"%s\"}, "
                     "{\"key\": \"mlflow.user\", \"value\": \"ops\"}]\n      },\n"
                     "      \"inputs\": {},\n      \"outputs\": {}\n    }",
                     0.1 / (r + 1), run->tag);
}

/* Whether a number stands to another as "<", ">=", … says. */
static bool compared(double a, const char *sign, double b)
{
    bool or_equal = sign[1] == '=';

    return (*sign == '<' && a < b) || (*sign == '>' && a > b) ||
           (*sign == '!' && (a < b || a > b)) ||
           ((*sign == '=' || (or_equal && *sign != '!')) && !(a < b || a > b));
}

/* One condition of a filter as people ask for: a metric, the tag "mark", a status. Anything
   else ends the test: a filter that is not understood must not pass for one. */
static bool condition(const struct fake_mlflow *fake, int r, const char *text)
{
    const struct fake_run *run = &fake->runs[r];
    char sign[4], word[64];
    double number;
    int metric;

    if (sscanf(text, "metrics.`loss%d` %3[<>=!] %lf", &metric, sign, &number) == 3)
        return metric < fake->metric_count && run->points &&
               compared(fake_mlflow_value(fake->alike ? 0 : r, metric, run->points - 1), sign,
                        number);
    if (sscanf(text, "tags.`mark` = '%63[^']'", word) == 1)
        return strcmp(run->tag, word) == 0;
    if (sscanf(text, "attributes.status = '%63[^']'", word) == 1)
        return strcmp(run->status, word) == 0;
    if (strncmp(text, "attributes.run_id ", 18) == 0)
        return strstr(text, run->id) != NULL;
    fprintf(stderr, "no such filter here: %s\n", text);
    abort();
}

static bool conditions(const struct fake_mlflow *fake, int r, const char *filter)
{
    bool all = true;
    char *text = assay_strndup(filter, strcspn(filter, "\"")), *next;

    for (char *at = text; at && all; at = next) {
        next = strstr(at, " AND ");
        if (next) {
            *next = '\0';
            next += 5;
        }
        all = condition(fake, r, at);
    }
    free(text);
    return all;
}

/* The filters that are asked with: by id, by start, by end; and those of people. */
static bool is_own_filter(const char *filter)
{
    return strncmp(filter, "attributes.start_time > ", 24) == 0 ||
           strncmp(filter, "attributes.end_time > ", 22) == 0 ||
           strncmp(filter, "attributes.run_id IN ", 21) == 0;
}

static const char *filter_of(const struct web_request *request)
{
    const char *filter =
        request->length ? memmem(request->body, request->length, "\"filter\":\"", 10) : NULL;

    return filter ? filter + 10 : NULL;
}

static bool matches(const struct fake_mlflow *fake, const struct web_request *request, int r)
{
    const struct fake_run *run = &fake->runs[r];
    static const char start[] = "attributes.start_time > ", end[] = "attributes.end_time > ";
    const char *filter = filter_of(request);
    char experiment[16];
    const char *at;

    snprintf(experiment, sizeof experiment, "\"%d\"", run->experiment);
    if (run->absent ||
        (run->experiment == fake->absent_experiment && !fake->absent_in_list) || !memmem(request->body, request->length, experiment, strlen(experiment)))
        return false;
    if (!filter)
        return true;
    if ((at = strstr(filter, start)))
        return start_of(fake, r) > strtoll(at + sizeof start - 1, NULL, 10);
    if ((at = strstr(filter, end)))
        return strcmp(run->status, "RUNNING") != 0 &&
               start_of(fake, r) + 900 > strtoll(at + sizeof end - 1, NULL, 10);
    return conditions(fake, r, filter);
}

/* Whether the search is answered by nothing but its fault. */
static bool fails(struct fake_mlflow *fake, const struct web_request *request,
                  struct web_answer *answer, struct assay_buf *out)
{
    const char *filter = filter_of(request);

    if (filter && !is_own_filter(filter)) {
        fake->filtered++;
        if (fake->filters_fail) {
            answer->status = 400;
            assay_buf_text_add(out, "{\"error_code\":\"INVALID_PARAMETER_VALUE\","
                                    "\"message\":\"Invalid clause(s) in filter string\"}");
        }
        return fake->filters_fail;
    }
    if (!filter && body_token(request) && fake->pages_hang)
        answer->fault = WEB_HANG;
    return answer->fault == WEB_HANG;
}

static void runs(struct fake_mlflow *fake, const struct web_request *request,
                 struct web_answer *answer, struct assay_buf *out)
{
    int64_t most = body_number(request, "max_results", 1000);
    int from = body_token(request), seen = 0, given = 0, r;

    fake->searches++;
    if (fails(fake, request, answer, out))
        return;
    if (fake->refuse_large && most > 100) {
        answer->status = 400;
        assay_buf_text_add(out,
                           "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"max\"}");
        return;
    }
    if (fake->page_max && most > fake->page_max)
        most = fake->page_max;
    assay_buf_text_add(out, "{");
    for (r = 0; r < fake->run_count && given < most; r++) {
        if (!matches(fake, request, r) || seen++ < from)
            continue;
        assay_buf_text_add(out, given++ ? ",\n" : "\n  \"runs\": [\n");
        one_run(fake, r, out);
        fake->runs_given++;
    }
    if (given)
        assay_buf_text_add(out, "\n  ]");
    for (; r < fake->run_count && !matches(fake, request, r); r++)
        ;
    if (r < fake->run_count || (fake->tokens_stuck && given))
        assay_buf_format(out, "%s\n  \"next_page_token\": \"%d\"", given ? "," : "",
                         fake->tokens_stuck ? 0 : from + given);
    assay_buf_text_add(out, "\n}");
}

/* ---- points ---- */

static int run_of(const struct fake_mlflow *fake, const char *id)
{
    for (int r = 0; r < fake->run_count; r++)
        if (strcmp(fake->runs[r].id, id) == 0)
            return r;
    return -1;
}

/* A point up to its run's id. */
static void point_text(const struct fake_mlflow *fake, int run, int metric, int point,
                       struct assay_buf *out)
{
    assay_buf_format(out, "\n    {\n      \"key\": \"loss%d\",\n      \"value\": ", metric);
    add_value(out, fake->alike ? 0 : run, metric, point);
    assay_buf_format(out, ",\n      \"timestamp\": %" PRId64 ",\n      \"step\": %d",
                     time_of(fake, run, point), point);
}

/* The same, made once where all runs have the same. */
static const char *kept_text(struct fake_mlflow *fake, int run, int metric, int point)
{
    struct assay_buf text = {0};

    if (!fake->texts[metric])
        fake->texts[metric] =
            assay_alloc_array((size_t)fake->runs[run].points + 1, sizeof(char *));
    if (!fake->texts[metric][point]) {
        point_text(fake, run, metric, point, &text);
        fake->texts[metric][point] = assay_buf_take(&text);
    }
    return fake->texts[metric][point];
}

static void one_point(struct fake_mlflow *fake, int run, int metric, int point, bool with_id,
                      bool first, struct assay_buf *out)
{
    assay_buf_text_add(out, first ? "" : ",");
    if (fake->alike)
        assay_buf_text_add(out, kept_text(fake, run, metric, point));
    else
        point_text(fake, run, metric, point, out);
    if (with_id) {
        assay_buf_text_add(out, ",\n      \"run_id\": \"");
        assay_buf_text_add(out, fake->runs[run].id);
        assay_buf_char(out, '"');
    }
    assay_buf_text_add(out, "\n    }");
}

static void history(struct fake_mlflow *fake, const struct web_request *request,
                    struct web_answer *answer, struct assay_buf *out)
{
    char id[64], metric[64], text[32];
    int run = run_of(fake, web_query(request, "run_id", id, sizeof id)), from, most, end, m;

    fake->histories++;
    m = atoi(web_query(request, "metric_key", metric, sizeof metric) + 4);
    most = atoi(web_query(request, "max_results", text, sizeof text));
    from = atoi(web_query(request, "page_token", text, sizeof text));
    if (fake->history_max && most > fake->history_max)
        most = fake->history_max;
    if (run < 0 || fake->runs[run].absent) {
        answer->status = 404;
        assay_buf_format(
            out,
            "{\"error_code\": \"RESOURCE_DOES_NOT_EXIST\", \"message\": \"Run with "
            "id=%s not found\"}",
            id);
        return;
    }
    if (fake->histories_empty) {
        assay_buf_text_add(out, "{}");
        return;
    }
    if (fake->alike && fake->bodies[m]) {
        answer->body = fake->bodies[m];
        return;
    }
    end = from + most < fake->runs[run].points ? from + most : fake->runs[run].points;
    assay_buf_text_add(out, "{\n  \"metrics\": [");
    for (int i = from; i < end; i++)
        one_point(fake, run, m, i, false, i == from, out);
    assay_buf_text_add(out, "\n  ]");
    if (end < fake->runs[run].points || fake->tokens_stuck)
        assay_buf_format(out, ",\n  \"next_page_token\": \"%d\"", fake->tokens_stuck ? 7 : end);
    assay_buf_text_add(out, "\n}");
    if (fake->alike)
        fake->bodies[m] = assay_strdup(assay_buf_text(out));
}

static void bulk(struct fake_mlflow *fake, const struct web_request *request,
                 struct web_answer *answer, struct assay_buf *out)
{
    char metric[64], text[32];
    const char *at = request->target;
    bool first = true;
    int most, m, longest = 0;
    int64_t first_step;

    fake->bulks++;
    if (fake->no_bulk) {
        answer->status = 404;
        answer->type = "text/html";
        assay_buf_text_add(out, "<!doctype html><title>404 Not Found</title>");
        return;
    }
    m = atoi(web_query(request, "metric_key", metric, sizeof metric) + 4);
    most = atoi(web_query(request, "max_results", text, sizeof text));
    first_step = strtoll(web_query(request, "start_step", text, sizeof text), NULL, 10);
    fake->tails += first_step > 0;
    for (int r = 0; r < fake->run_count; r++)
        if (fake->runs[r].points > longest)
            longest = fake->runs[r].points;
    longest -= first_step > 0 ? (int)first_step : 0;
    assay_buf_text_add(out, "{\n  \"metrics\": [");
    while ((at = strstr(at, "run_ids="))) {
        char id[33] = "";
        int r;

        at += 8;
        snprintf(id, sizeof id, "%.32s", at);
        r = run_of(fake, id);
        for (int i = 0; r >= 0 && !fake->histories_empty && i < fake->runs[r].points; i++) {
            int every = longest > most ? longest / most + 1 : 1;

            if (i < first_step || (i % every != 0 && i + 1 != fake->runs[r].points))
                continue;
            one_point(fake, r, m, i, true, first, out);
            first = false;
        }
    }
    assay_buf_text_add(out, "\n  ]\n}");
}

/* ---- the rest ---- */

static void artifacts(const struct fake_mlflow *fake, const struct web_request *request,
                      struct web_answer *answer, struct assay_buf *out)
{
    char path[256];

    if (fake->lists_wait && !fake->histories)
        answer->status = 503;
    web_query(request, "path", path, sizeof path);
    if (!*path)
        assay_buf_format(out,
                         "{\"root_uri\":\"mlflow-artifacts:/1/x\",\"files\":[{\"path\":\"deep "
                         "dir\",\"is_dir\":true},{\"path\":\"top.txt\",\"is_dir\":false,"
                         "\"file_size\":%d}]}",
                         fake->top_bytes ? fake->top_bytes : 4);
    else if (strcmp(path, "deep dir") == 0)
        assay_buf_text_add(out, "{\"files\":[{\"path\":\"deep dir/../../etc\",\"is_dir\":true},"
                                "{\"path\":\"/etc/passwd\",\"is_dir\":false},{\"path\":\"deep "
                                "dir/a.txt\",\"is_dir\":false,\"file_size\":\"6\"}]}");
    else
        assay_buf_text_add(out, "{}");
}

/* What is in a file: "hello", and with own_files which run it is of. */
static void content(const struct fake_mlflow *fake, const struct web_request *request,
                    struct web_answer *answer, struct assay_buf *out)
{
    answer->type = "application/octet-stream";
    assay_buf_text_add(out, "hello\n");
    for (int i = 0; i < fake->run_count && fake->own_files; i++)
        if (strstr(request->target, fake->runs[i].id))
            assay_buf_format(out, "from %s\n", fake->runs[i].name);
    if (fake->files_fail) {
        answer->status = 403;
        answer->body = "Permission denied";
    } else if (fake->files_hang && strstr(request->target, "top.txt")) {
        answer->fault = WEB_HANG;
    }
}

static void answer(void *context, const struct web_request *request, struct web_answer *answer)
{
    struct fake_mlflow *fake = context;
    const char *target = request->target;
    struct assay_buf out = {0};

    answer->delay_ms = fake->delay_ms;
    if (strstr(target, "/experiments/search") && fake->thinks_ms)
        answer->delay_ms = fake->thinks_ms;
    if (fake->mute) {
        answer->fault = WEB_HANG;
        return;
    }
    if (fake->user[0] && !strstr(request->head, fake->user)) {
        answer->status = 401;
        answer->type = "text/html";
        answer->header = "WWW-Authenticate: Basic realm=\"mlflow\"\r\n";
        answer->body = "You are not authenticated.";
        return;
    }
    if (strstr(target, "/server-info") && fake->workspace) {
        answer->body = "{\"store_type\":\"SqlStore\",\"workspaces_enabled\":true}";
        return;
    }
    if (fake->workspace && !strstr(request->head, fake->workspace)) {
        answer->status = 404;
        answer->body = "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"no such "
                       "workspace\"}";
        return;
    }
    if (strstr(target, "/metrics/") && fake->histories_fail) {
        answer->status = 403;
        answer->body = "Permission denied";
        return;
    }
    if (strstr(target, "/experiments/search")) {
        fake->lists++;
        experiments(fake, &out);
    } else if (strstr(target, "/experiments/get?") && fake->absent_in_list) {
        assay_buf_text_add(&out, "{\"experiment\":{}}");
    } else if (strstr(target, "/runs/search")) {
        runs(fake, request, answer, &out);
    } else if (strstr(target, "/metrics/get-history-bulk-interval")) {
        bulk(fake, request, answer, &out);
    } else if (strstr(target, "/metrics/get-history?")) {
        history(fake, request, answer, &out);
    } else if (strstr(target, "/artifacts/list")) {
        artifacts(fake, request, answer, &out);
    } else if (strstr(target, "/mlflow-artifacts/artifacts/")) {
        content(fake, request, answer, &out);
    } else if (strstr(target, "/registered-models/search") ||
               strstr(target, "/model-versions/search") ||
               strstr(target, "/logged-models/search") || strstr(target, "/traces/search")) {
        assay_buf_text_add(&out, "{}");
    } else if (strcmp(target, "/version") == 0) {
        answer->type = "text/html";
        assay_buf_text_add(&out, "3.15.2");
    } else if (strcmp(target, "/health") == 0) {
        answer->fault = fake->health_hangs ? WEB_HANG : answer->fault;
        assay_buf_text_add(&out, "OK");
    } else {
        answer->status = 404;
        assay_buf_text_add(&out, "{\"error_code\": \"RESOURCE_DOES_NOT_EXIST\", \"message\": "
                                 "\"not there\"}");
    }
    if (!answer->body) {
        answer->length = out.length;
        answer->body = answer->take = assay_buf_take(&out);
    }
    assay_buf_free(&out);
}

void fake_mlflow_start(struct fake_mlflow *fake, int experiment_count, int run_count,
                       int metric_count, int points)
{
    fake->experiment_count = experiment_count;
    fake->run_count = run_count;
    fake->metric_count = metric_count;
    fake->runs = assay_alloc_array((size_t)run_count + 1, sizeof *fake->runs);
    for (int r = 0; r < run_count; r++) {
        struct fake_run *run = &fake->runs[r];

        *run = (struct fake_run){
            .experiment = r % experiment_count + 1, .status = "FINISHED", .points = points};
        snprintf(run->id, sizeof run->id, "%08xabcdef0123456789abcdef01", (unsigned)r);
        snprintf(run->name, sizeof run->name, "run-%d", r);
    }
    fake->web = web_start(answer, fake);
}

void fake_mlflow_stop(struct fake_mlflow *fake)
{
    web_stop(&fake->web);
    for (size_t i = 0; i < ASSAY_COUNT(fake->texts); i++) {
        for (int p = 0; fake->texts[i] && p < fake->runs[0].points; p++)
            free(fake->texts[i][p]);
        free(fake->texts[i]);
        fake->texts[i] = NULL;
    }
    free(fake->runs);
    fake->runs = NULL;
    for (size_t i = 0; i < ASSAY_COUNT(fake->bodies); i++) {
        free(fake->bodies[i]);
        fake->bodies[i] = NULL;
    }
}
