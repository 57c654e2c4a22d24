/*
 * A run as the JSON contract has it: one element of "runs".
 */
#ifndef CLI_RUN_JSON_H
#define CLI_RUN_JSON_H

#include <stdint.h>

#include "cli.h"
#include "json.h"

/* The members of the run's object; the caller opens and closes it, and may add more. */
void cli_run_json(struct cli_json *json, struct cli *cli, uint32_t run);
/* {"kind": ..., "where": ...} */
void cli_source_json(struct cli_json *json, const struct assay_source *source);
/* {"last": ..., "step": ..., ...} */
void cli_summary_json(struct cli_json *json, const struct assay_summary *summary);

#endif
