/*
 * Fuzzes filters and sort keys: any text is parsed or refused with a column that lies within
 * it, and what was parsed is evaluated over a few runs.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/query.h>

#include "model/attrs.h"
#include "model/catalog_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RUNS = 5 };

static struct assay_catalog *make_catalog(void)
{
    static struct assay_pair params[] = {{"lr", "0.1"}, {"model", "vit"}};
    static struct assay_pair tags[] = {{"team", "ads"}};
    static struct assay_metric metrics[] = {{.key = "loss", .summary = {.last = 0.5, .n = 1}}};
    static const char *const ids[RUNS] = {"a1", "b2", "c3", "d4", "e5"};
    struct assay_catalog *catalog = catalog_new(&(struct catalog_hooks){0});
    uint32_t source = catalog_add_source(catalog, "local", "home", "/nowhere");
    uint32_t experiment = catalog_put_experiment(
        catalog, source, &(struct catalog_experiment){.id = "0", .name = "sweep"});
    for (uint32_t i = 0; i < RUNS; i++) {
        struct assay_attrs attrs = {.params = params,
                                    .param_count = i % 3,
                                    .tags = tags,
                                    .tag_count = i % 2,
                                    .metrics = metrics,
                                    .metric_count = i % 2};
        struct assay_buf packed = {0};
        attrs_pack(&attrs, &packed);
        catalog_put_run(catalog, source,
                        &(struct catalog_run){.id = ids[i],
                                              .name = i ? "vit-base" : "",
                                              .user = "ann",
                                              .artifact_uri = "",
                                              .experiment = experiment,
                                              .status = (enum assay_run_status)i,
                                              .start_ms = 1000 * i,
                                              .end_ms = ASSAY_NO_TIME,
                                              .attrs = packed.data,
                                              .attrs_length = packed.length},
                        true);
        assay_buf_free(&packed);
    }
    return catalog;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Columns are kept by the catalog for good, so that one of each input's own would pile up.
     */
    struct assay_catalog *catalog = make_catalog();
    struct assay_error err = {0};
    struct assay_query *query = NULL;
    struct assay_sort sort;
    uint32_t rows[RUNS] = {0, 1, 2, 3, 4};
    char *text = assay_strndup((const char *)data, size);

    if (assay_query_parse(&query, text, 100000, &err) == ASSAY_OK)
        assay_query_select(query, catalog, rows, RUNS, NULL);
    else if (err.column < 1 || err.column > strlen(text) + 1 || !err.what[0])
        abort();
    assay_query_free(&query);
    if (assay_sort_parse(&sort, text, NULL) == ASSAY_OK) {
        for (uint32_t i = 0; i < RUNS; i++)
            rows[i] = i;
        assay_sort_apply(&sort, catalog, rows, RUNS, NULL);
    }
    free(text);
    catalog_free(&catalog);
    return 0;
}
