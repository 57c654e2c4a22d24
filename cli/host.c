/*
 * assay host: GPUs, processors and memory of this machine, as they are now.
 */
#include "cli.h"
#include "json.h"
#include "table.h"

#include <inttypes.h>
#include <string.h>

#include <assay/host.h>
#include <assay/memory.h>
#include <assay/text.h>

static void json_count(struct cli_json *json, const char *key, uint64_t value)
{
    cli_json_key(json, key);
    if (value == ASSAY_HOST_UNKNOWN)
        cli_json_text(json, NULL);
    else
        cli_json_count(json, value);
}

static void json_text(struct cli_json *json, const char *key, const char *text)
{
    cli_json_member(json, key, *text ? text : NULL);
}

static void json_gpus(struct cli_json *json, const struct assay_host *host)
{
    cli_json_key(json, "gpus");
    cli_json_open(json, '[');
    for (size_t i = 0; i < host->gpu_count; i++) {
        const struct assay_host_gpu *gpu = &host->gpus[i];
        cli_json_open(json, '{');
        json_text(json, "name", gpu->name);
        json_count(json, "memory", gpu->memory);
        json_count(json, "memory_used", gpu->memory_used);
        json_count(json, "busy_percent", gpu->busy);
        json_count(json, "celsius", gpu->celsius);
        json_count(json, "milliwatts", gpu->milliwatts);
        cli_json_close(json);
    }
    cli_json_close(json);
}

static void print_json(struct cli *cli, const struct assay_host *host)
{
    struct cli_json json = {.out = &cli->out};
    cli_json_open(&json, '{');
    json_text(&json, "host", host->name);
    json_text(&json, "cpu", host->cpu);
    json_count(&json, "cpus", host->cpus);
    cli_json_key(&json, "loads");
    cli_json_open(&json, '[');
    for (size_t i = 0; i < 3; i++)
        if (host->loads[i] >= 0)
            cli_json_number(&json, host->loads[i]);
        else
            cli_json_text(&json, NULL);
    cli_json_close(&json);
    json_count(&json, "memory", host->memory);
    json_count(&json, "memory_available", host->memory_available);
    json_count(&json, "swap", host->swap);
    json_count(&json, "swap_free", host->swap_free);
    json_gpus(&json, host);
    cli_json_close(&json);
}

/* ---- a table: one line for each thing ---- */

static void cell_bytes(struct cli_table *table, uint64_t bytes)
{
    if (bytes == ASSAY_HOST_UNKNOWN)
        cli_table_none(table);
    else
        cli_table_bytes(table, bytes);
}

static void cell_count(struct cli_table *table, uint64_t count)
{
    if (count == ASSAY_HOST_UNKNOWN)
        cli_table_none(table);
    else
        cli_table_count(table, count);
}

static void add_memory(struct cli_table *table, const char *name, uint64_t all, uint64_t left)
{
    bool known = all != ASSAY_HOST_UNKNOWN && left <= all;
    cli_table_text(table, name);
    cli_table_none(table);
    cell_bytes(table, all);
    cell_bytes(table, known ? all - left : ASSAY_HOST_UNKNOWN);
    for (int i = 0; i < 4; i++)
        cli_table_none(table);
}

static void add_cpu(struct cli_table *table, const struct assay_host *host)
{
    struct assay_buf text = {0};
    cli_table_text(table, "cpu");
    if (host->cpus != ASSAY_HOST_UNKNOWN)
        assay_buf_format(&text, "%" PRIu64 " x ", host->cpus);
    assay_buf_text_add(&text, *host->cpu ? host->cpu : "processor");
    cli_table_text(table, assay_buf_text(&text));
    for (int i = 0; i < 5; i++)
        cli_table_none(table);
    if (host->loads[0] >= 0)
        cli_table_number(table, host->loads[0], false);
    else
        cli_table_none(table);
    assay_buf_free(&text);
}

static void add_gpu(struct cli_table *table, const struct assay_host_gpu *gpu, size_t index)
{
    struct assay_buf text = {0};
    assay_buf_format(&text, "gpu %zu", index);
    cli_table_text(table, assay_buf_text(&text));
    cli_table_text(table, gpu->name);
    cell_bytes(table, gpu->memory);
    cell_bytes(table, gpu->memory_used);
    cell_count(table, gpu->busy);
    cell_count(table, gpu->celsius);
    if (gpu->milliwatts == ASSAY_HOST_UNKNOWN)
        cli_table_none(table);
    else
        cli_table_number(table, (double)gpu->milliwatts / 1000, false);
    cli_table_none(table);
    assay_buf_free(&text);
}

/* For people: that there is no row would leave it open whether anybody looked. */
static void add_no_gpu(struct cli_table *table)
{
    cli_table_text(table, "gpu");
    cli_table_text(table, "none here");
    for (int i = 0; i < 6; i++)
        cli_table_none(table);
}

static void print_table(struct cli *cli, const struct assay_host *host)
{
    static const struct {
        const char *name, *heading;
        bool right;
    } columns[] = {{"device", "device", false},
                   {"name", "name", false},
                   {"memory", "memory", true},
                   {"memory_used", "used", true},
                   {"busy_percent", "busy %", true},
                   {"celsius", "°C", true},
                   {"watts", "W", true},
                   {"load", "load", true}};
    struct cli_table *table = cli_table_new(cli);
    for (size_t i = 0; i < ASSAY_COUNT(columns); i++)
        cli_table_column(table, columns[i].name, columns[i].heading, columns[i].right);
    for (size_t i = 0; i < host->gpu_count; i++)
        add_gpu(table, &host->gpus[i], i);
    if (host->gpu_count == 0 && host->gpu_error.status == ASSAY_OK && cli->format == CLI_TABLE)
        add_no_gpu(table);
    add_cpu(table, host);
    add_memory(table, "memory", host->memory, host->memory_available);
    add_memory(table, "swap", host->swap, host->swap_free);
    cli_table_print(table);
    cli_table_free(&table);
}

enum assay_status cli_host(struct cli *cli, struct assay_error *err)
{
    (void)err;
    struct assay_host host;
    assay_host_look(&host, "");
    if (cli->format == CLI_JSON)
        print_json(cli, &host);
    else
        print_table(cli, &host);
    if (host.gpu_error.status != ASSAY_OK) {
        cli_complain(&host.gpu_error);
        cli->worst = ASSAY_IO;
    }
    assay_host_free(&host);
    return ASSAY_OK;
}
