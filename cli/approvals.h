/*
 * What the commands of approvals share: opening the ledger, and a request as rows and as JSON.
 */
#ifndef CLI_APPROVALS_H
#define CLI_APPROVALS_H

#include <assay/approval.h>

#include "cli.h"
#include "json.h"
#include "table.h"

/* Opens the ledger of the local store. WRITE: with the key of who acts. */
enum assay_status cli_ledger(struct cli *cli, bool write, struct assay_ledger **out,
                             struct assay_error *err);
/* The place that -S names, to be freed; NULL without it, "" the local registry. */
enum assay_status cli_place(const struct cli *cli, char **out, struct assay_error *err);
/* On standard error: which ledger it is, and who owns it, as ssh shows a host's key. */
void cli_say_first_seen(struct assay_ledger *ledger);
/* On standard error, where more changes wait for owners than the BEFORE there were. */
void cli_say_waiting(struct assay_ledger *ledger, size_t before);
/* As `assay review --format json` prints one. */
void cli_request_json(struct cli_json *json, const struct assay_request *request);
/* For csv and md: the columns of a request taken apart, and its rows, one for each fact,
   requirement, gate, piece of evidence, vote, and person who may vote or may not. */
struct cli_table *cli_request_table(struct cli *cli);
void cli_request_rows(struct cli_table *table, const struct assay_request *request);
/* KEY and a list of texts. */
void cli_texts_json(struct cli_json *json, const char *key, const char *const *texts,
                    size_t count);
/* Values of an option that may be given several times; the array is the caller's to free. */
const char **cli_values(const struct cli *cli, const char *name, size_t *count);

#endif
