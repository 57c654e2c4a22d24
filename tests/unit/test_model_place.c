/*
 * Where a run's model lies, as it is offered when a version is registered: from what MLflow 3
 * says of outputs, and from the tag of MLflow 2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include <assay/memory.h>
#include <assay/registry.h>

/* As the client of MLflow 2 writes it after two models. */
#define HISTORY                                                                                \
    "[{\"run_id\": \"a\", \"artifact_path\": \"first\", \"flavors\": {}}, "                    \
    "{\"run_id\": \"a\", \"artifact_path\": \"models/last\", \"flavors\": {}}]"

static void assert_place(const struct assay_attrs *attrs, const char *expected)
{
    char *place = assay_registry_model_place(attrs);
    assert_string_equal(place, expected);
    free(place);
}

static void of_the_tag(void **state)
{
    struct assay_pair tag = {.key = "mlflow.log-model.history", .value = HISTORY};
    (void)state;
    assert_place(&(struct assay_attrs){.tags = &tag, .tag_count = 1}, "models/last");
    tag.value = "[]";
    assert_place(&(struct assay_attrs){.tags = &tag, .tag_count = 1}, "");
    tag.value = "[{\"artifact_path\": \"one\"}, {\"artifact_path\": \"cut"; /* by the server */
    assert_place(&(struct assay_attrs){.tags = &tag, .tag_count = 1}, "one");
    assert_place(&(struct assay_attrs){.tag_count = 0}, "");
}

static void of_logged_models(void **state)
{
    struct assay_pair tag = {.key = "mlflow.log-model.history", .value = HISTORY};
    struct assay_output outputs[] = {
        {.type = "model", .id = "m-1", .name = "m-1", .step = 10},
        {.type = "model", .id = "m-2", .name = "m-2", .step = 200},
        {.type = "model", .id = "m-3", .name = "m-3", .step = 30},
        {.type = "model", .id = "../m-4", .name = "x", .step = 1000}, /* none of MLflow's ids */
    };
    (void)state;
    assert_place(&(struct assay_attrs){.outputs = outputs, .output_count = 4}, "models:/m-2");
    assert_place(
        &(struct assay_attrs){
            .tags = &tag, .tag_count = 1, .outputs = outputs, .output_count = 1},
        "models:/m-1"); /* rather than what the tag says */
    assert_place(&(struct assay_attrs){.outputs = outputs + 3, .output_count = 1}, "");
}

static void ids_in_places(void **state)
{
    (void)state;
    assert_string_equal(assay_registry_logged_model("models:/m-12ab"), "m-12ab");
    assert_null(assay_registry_logged_model("models:/fraud/3"));
    assert_null(assay_registry_logged_model("mlflow-artifacts:/1/models/m-12ab/artifacts"));
    assert_null(assay_registry_logged_model("model"));
    assert_null(assay_registry_logged_model(""));
    assert_null(assay_registry_logged_model(NULL));
}

/* A value of a key that comes at several steps is shown with its step. */
static void steps_of_a_logged_model(void **state)
{
    struct assay_metric metrics[] = {
        {.key = "auc", .summary.step = 1},
        {.key = "auc", .summary.step = 9},
        {.key = "loss", .summary.step = 9},
        {.key = "loss", .summary.step = 9}, /* of another dataset */
    };
    struct assay_logged_model model = {.metrics = metrics, .metric_count = 4};

    (void)state;
    assert_true(assay_logged_has_steps(&model, 0));
    assert_true(assay_logged_has_steps(&model, 1));
    assert_false(assay_logged_has_steps(&model, 2));
    assert_false(assay_logged_has_steps(&model, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_the_tag),
        cmocka_unit_test(of_logged_models),
        cmocka_unit_test(ids_in_places),
        cmocka_unit_test(steps_of_a_logged_model),
    };
    return cmocka_run_group_tests_name("places of models", tests, NULL, NULL);
}
