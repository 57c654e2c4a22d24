/*
 * The words that a shell's completion offers.
 */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include "cli.h"

/* The kind of words that fit where the table of commands says ARGUMENT ("SOURCE", "[RUN...]",
   "COL,..."); NULL where there are none, as for a number or a file. */
const char *cli_words_kind(const char *argument);
/* assay completion words KIND [WORD] */
enum assay_status cli_words(struct cli *cli, struct assay_error *err);

#endif
