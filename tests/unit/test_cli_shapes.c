/*
 * The JSON that scripts rely on: every command's keys, exactly, and the types under them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/program.h"
#include "support/shape.h"

#define DATA TEST_DATA "/source/data/"

#define KINDS  "'local|mlflow-files|mlflow-db|mlflow|tensorboard'"
#define SOURCE "{'kind': " KINDS ", 'where': 'filled'}"
#define SUMMARY                                                                                \
    "{'last': 'number', 'step': 'integer', 'time_ms': 'integer?', 'min': 'number', "           \
    "'max': 'number', 'n': 'integer', 'nonfinite': 'integer'}"
#define RUN                                                                                    \
    "'id': 'filled', 'name': 'text', 'experiment': {'id': 'text', 'name': 'text'}, "           \
    "'source': " SOURCE ", "                                                                   \
    "'status': 'RUNNING|SCHEDULED|FINISHED|FAILED|KILLED|UNKNOWN', "                           \
    "'lifecycle': 'active|deleted', 'user': 'text', 'start_ms': 'integer?', "                  \
    "'end_ms': 'integer?', 'artifact_uri': 'text', 'params': {'*': 'text'}, "                  \
    "'tags': {'*': 'text'}, 'metrics': {'*': " SUMMARY "}"
#define ARTIFACTS                                                                              \
    "[{'path': 'filled', 'directory': 'bool', 'bytes': 'integer?', 'modified_ms': "            \
    "'integer?'}]"

/* What the program last printed has this shape, and something in the list called LIST. */
static void expect(const char *shape, const char *list)
{
    program_expect(0);
    json_t *json = shape_of_program(shape);
    if (list && json_array_size(json_object_get(json, list)) == 0)
        fail_msg("%s is empty", list);
    json_decref(json);
}

static const char *const stores[] = {
    "local",
    DATA "mlflow-1/mlruns",
    DATA "mlflow-3/mlruns",
    DATA "tb-logs/torch",
};
#define STORES (sizeof stores / sizeof stores[0])

/* Two runs of our own, one with all there is and one with nothing; everything else is read from
   what others wrote. */
static int log_runs(void **state)
{
    int status = program_begin(state);
    if (status)
        return status;
    program_run(
        "{\"step\": 1, \"time_ms\": 5, \"metrics\": {\"loss\": 0.5, \"odd\": \"NaN\"}}\n"
        "{\"step\": 2, \"time_ms\": 6, \"metrics\": {\"loss\": 2, \"system/cpu\": 3}}\n",
        "log", "-e", "shapes", "-n", "full", "-p", "lr=0.1", "-t", "k=v", "--json", "--finish",
        "finished", NULL);
    program_expect(0);
    program_run(NULL, "log", "-e", "shapes", "-n", "bare", NULL);
    program_expect(0);
    return 0;
}

static void test_ls(void **state)
{
    (void)state;
    for (size_t i = 0; i < STORES; i++) {
        program_run(NULL, "ls", "-S", stores[i], "--format", "json", NULL);
        expect("{'experiments': [{'id': 'text', 'name': 'text', 'source': " SOURCE
               ", 'runs': 'integer', 'last_ms': 'integer?', 'lifecycle': 'active|deleted'}]}",
               "experiments");
    }
}

static void test_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < STORES; i++) {
        program_run(NULL, "runs", "-S", stores[i], "--deleted", "--format", "json", NULL);
        expect("{'runs': [{" RUN "}]}", "runs");
    }
    program_run(NULL, "runs", "-S", "local", "-f", "no-such-run", "--format", "json", NULL);
    program_expect(0);
    json_t *json = shape_of_program("{'runs': ['any']}");
    assert_int_equal(json_array_size(json_object_get(json, "runs")), 0);
    json_decref(json);
}

static void expect_show(const char *store, const char *run)
{
    program_run(NULL, "show", "-S", store, run, "--format", "json", NULL);
    expect("{" RUN ", 'inputs': [{'type': 'text', 'name': 'text', 'digest': 'text', "
           "'context': 'text', 'source_type': 'text', 'source': 'text', 'schema': 'text', "
           "'profile': 'text'}], "
           "'outputs': [{'type': 'text', 'id': 'text', 'name': 'text', 'step': 'integer'}], "
           "'models': [{'id': 'text', 'name': 'text', 'step': 'integer'}], 'notes': 'text', "
           "'artifacts': 'any?', 'system': {'*': " SUMMARY "}}",
           NULL);
    json_t *json = program_json(), *artifacts = json_object_get(json, "artifacts");
    if (!json_is_null(artifacts)) /* they lie where nobody can look */
        shape_expect("artifacts", artifacts, ARTIFACTS);
    json_decref(json);
}

/* Every run of every store. */
static void test_show(void **state)
{
    (void)state;
    for (size_t i = 0; i < STORES; i++) {
        size_t at;
        json_t *run;
        program_run(NULL, "runs", "-S", stores[i], "--deleted", "--format", "json", NULL);
        json_t *json = program_json();
        json_array_foreach(json_object_get(json, "runs"), at, run)
        {
            expect_show(stores[i], json_string_value(json_object_get(run, "id")));
        }
        json_decref(json);
    }
}

static void test_series(void **state)
{
    (void)state;
    program_run(NULL, "series", "-S", "local", "shapes/full", "-m", "loss", "-m", "odd",
                "--format", "json", NULL);
    expect(
        "{'run': 'hex', 'series': ["
        "{'metric': 'loss|', 'n': 'integer', 'points': [['integer', 'integer?', 'number']]},"
        "{'metric': 'odd|', 'n': 'integer', 'points': [['integer', 'integer?', 'number']]}]}",
        "series");
    program_run(NULL, "series", "-S", "local", "shapes/bare", "--format", "json", NULL);
    program_expect(0);
    json_decref(shape_of_program("{'run': 'hex', 'series': ['any']}"));
}

static void test_artifacts(void **state)
{
    (void)state;
    program_run(NULL, "artifacts", "-S", "local", "shapes/full", "--format", "json", NULL);
    expect("{'run': 'hex', 'directory': 'text?', 'artifacts': " ARTIFACTS "}", NULL);
}

#define ROW "'key': 'filled', 'values': ['text?'], 'differs': 'bool'"
#define COMPARISON                                                                             \
    "{'runs': [{" RUN "}], 'baseline': 'hex', 'params': [{" ROW "}], 'tags': [{" ROW "}], "    \
    "'metrics': [{'key': 'filled', 'values': ['number?'], 'differs': 'bool', "                 \
    "'direction': 'integer', 'deltas': ['number?'], 'percent': ['number?'], "                  \
    "'better': ['integer']}], "                                                                \
    "'paths': [{" ROW "}], 'attributes': [{" ROW "}], 'inputs': [{" ROW "}], "                 \
    "'outputs': [{" ROW "}], 'facts': [{" ROW "}], "                                           \
    "'groups': [{'title': 'text', 'runs': ['hex']}], 'verdicts': ['any'], 'examples': "        \
    "['any'], "                                                                                \
    "'seed_key?': 'text?', 'notices': ['filled']}"

static void test_compare(void **state)
{
    (void)state;
    program_run(NULL, "compare", "-S", "local", "shapes/full", "shapes/bare", "--format",
                "json", NULL);
    program_expect(0);
    json_t *json = shape_of_program(COMPARISON), *row;
    const char *const lists[] = {"params", "metrics", "tags", "attributes"};
    size_t i;
    for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++) {
        assert_true(json_array_size(json_object_get(json, lists[l])) > 0);
        json_array_foreach(json_object_get(json, lists[l]), i, row)
        {
            assert_int_equal(json_array_size(json_object_get(row, "values")), 2);
        }
    }
    json_array_foreach(json_object_get(json, "metrics"), i, row)
    {
        assert_int_equal(json_array_size(json_object_get(row, "deltas")), 2);
    }
    json_decref(json);
}

static void test_import(void **state)
{
    (void)state;
    program_run(NULL, "import", DATA "mlflow-2/mlruns", "--format", "json", NULL);
    program_expect(0);
    json_t *json = shape_of_program(
        "{'imported': [{'kind': " KINDS ", 'source': 'filled', 'new': 'integer', "
        "'changed': 'integer', 'unchanged': 'integer', 'failed': 'integer', "
        "'points': 'integer'}]}");
    json_decref(json);
}

static void test_models(void **state)
{
    (void)state;
    static const char *const registries[] = {DATA "registry-2/mlruns",
                                             DATA "registry-3/mlruns"};
    for (size_t i = 0; i < 2; i++) {
        program_run(NULL, "models", "-S", registries[i], "--format", "json", NULL);
        expect("{'models': [{'name': 'filled', 'source': " SOURCE ", 'prompt': 'bool', "
               "'description': 'filled?', 'created_ms': 'integer?', 'updated_ms': 'integer?', "
               "'tags': {'*': 'text'}, 'aliases': {'*': 'filled'}, 'champion': 'filled?', "
               "'versions': [{'version': 'filled', 'status': 'text', "
               "'status_message': 'filled?', 'stage': 'filled?', 'aliases': ['filled'], "
               "'description': 'filled?', 'run': 'hex?', 'run_name': 'filled?', "
               "'source': 'filled?', 'run_link': 'filled?', 'user': 'filled?', "
               "'model_id': 'filled?', 'created_ms': 'integer?', 'updated_ms': 'integer?', "
               "'tags': {'*': 'text'}}]}]}",
               "models");
    }
}

static void test_doctor(void **state)
{
    (void)state;
    program_run(NULL, "doctor", "-S", "local", "--format", "json", NULL);
    json_t *json =
        shape_of_program("{'works': 'bool', 'checks': [{'section': 'filled', 'name': 'filled', "
                         "'state': 'ok|note|fails', 'detail': 'text', 'advice': 'text'}]}");
    json_decref(json);
}

static void test_host(void **state)
{
    (void)state;
    program_run(NULL, "host", "--format", "json", NULL);
    program_expect(0);
    json_decref(shape_of_program(
        "{'host': 'filled?', 'cpu': 'filled?', 'cpus': 'integer?', 'loads': ['number?'], "
        "'memory': 'integer?', 'memory_available': 'integer?', 'swap': 'integer?', "
        "'swap_free': 'integer?', 'gpus': [{'name': 'filled?', 'memory': 'integer?', "
        "'memory_used': 'integer?', 'busy_percent': 'integer?', 'celsius': 'integer?', "
        "'milliwatts': 'integer?'}]}"));
}

/* Where there is no ledger, the lists are there and empty. */
static void test_no_ledger(void **state)
{
    (void)state;
    program_run(NULL, "queue", "--format", "json", NULL);
    expect("{'requests': ['any']}", NULL);
    program_run(NULL, "keys", "list", "--format", "json", NULL);
    expect("{'ledger': 'text', 'persons': ['any']}", NULL);
    program_run(NULL, "policy", "show", "--format", "json", NULL);
    expect("{'policies': ['any']}", NULL);
    program_run(NULL, "audit", "log", "--format", "json", NULL);
    expect("{'ledger': 'text', 'records': ['any']}", NULL);
    program_run(NULL, "audit", "drift", "--format", "json", NULL);
    expect("{'files_read': 'bool', 'drift': ['any']}", NULL);
}

/* A word that would be passed over is an error, before any server is asked. */
static void test_models_words(void **state)
{
    (void)state;
    program_run(NULL, "models", "-S", "http://127.0.0.1:1", "--traces", "fraud", NULL);
    program_expect(2);
    program_complains("--traces is of no registered model");
    program_run(NULL, "models", "-S", "http://127.0.0.1:1", "--logged", "--traces", NULL);
    program_expect(2);
    program_complains("one at a time");
}

/* One text without measure makes no line of a table that long where nothing cuts it; that it is
   cut is said, and programs have all of it. */
static void test_long_texts(void **state)
{
    (void)state;
    char name[2001];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    program_run(NULL, "log", "-e", "long", "-n", name, "-m", "loss=1", "--finish", "finished",
                NULL);
    program_expect(0);
    program_run(NULL, "runs", "-S", "local", "-e", "long", NULL);
    program_expect(0);
    assert_null(strstr(program_last.out, name));
    assert_in_range(strcspn(program_last.out, "\n"), 240, 400);
    program_complains("texts are cut to 240 columns: --format json has them whole");
    static const char *const formats[] = {"json", "csv", "md"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        program_run(NULL, "runs", "-S", "local", "-e", "long", "--format", formats[i], NULL);
        program_expect(0);
        assert_non_null(strstr(program_last.out, name));
        assert_null(strstr(program_last.err, "cut"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ls),           cmocka_unit_test(test_runs),
        cmocka_unit_test(test_show),         cmocka_unit_test(test_series),
        cmocka_unit_test(test_artifacts),    cmocka_unit_test(test_compare),
        cmocka_unit_test(test_import),       cmocka_unit_test(test_models),
        cmocka_unit_test(test_doctor),       cmocka_unit_test(test_host),
        cmocka_unit_test(test_no_ledger),    cmocka_unit_test(test_long_texts),
        cmocka_unit_test(test_models_words),
    };
    return cmocka_run_group_tests_name("shapes", tests, log_runs, program_end);
}
