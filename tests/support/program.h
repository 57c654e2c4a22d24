/*
 * The real program as scripts use it: run with arguments, what it printed and how it ended
 * kept. $ASSAY_PROGRAM names it, and $ASSAY_INSTALLED the one that is installed.
 */
#ifndef TEST_PROGRAM_H
#define TEST_PROGRAM_H

#include <stddef.h>

#include <jansson.h>

#define PROGRAM_ARGUMENTS 24

struct program_result {
    int status;
    char *out, *err;
    size_t out_length;
};
extern struct program_result program_last; /* of the latest run; the next one frees it */

/* In a child: becomes the program; argv[0] is any name, NULL ends it. Does not return. */
void program_become(char **argv);
/* Runs the program with INPUT (may be NULL) and the arguments, ended by NULL. Returns its exit
   status, or 1000 and the signal. */
int program_run(const char *input, ...);
/* The same with all arguments in a list, the program's name first. */
int program_run_list(const char *input, char **argv);
/* The same in a terminal of 150 columns: all it printed, line ends as a terminal has them, is
 * OUT. */
int program_run_terminal(char **argv);
/* Fails, with what it complained of, where the latest run ended otherwise. */
void program_expect(int status);
/* Fails, with all it said, where TEXT is not among what the latest run printed; where it is; or
   where it is not among what the run complained of. */
void program_says(const char *text);
void program_refutes(const char *text);
void program_complains(const char *text);
/* What the latest run printed, which is JSON; the caller frees. */
json_t *program_json(void);
size_t program_lines(const char *text); /* how many line ends are in it */
/* A group's setup and end: without a program nothing is tested; what was kept is freed. */
int program_begin(void **state);
int program_end(void **state);

#endif
