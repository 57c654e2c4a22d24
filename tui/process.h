/*
 * The program itself, started again beside the screen: what a one-shot command does well is not
 * done a second time here, and nothing waits for it. Used for the demo (demo.c) and for files
 * that are written (compare_export.c).
 */
#ifndef TUI_PROCESS_H
#define TUI_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
    pid_t pid;      /* 0: none */
    int fd;         /* reads what it says, without waiting; at its end it is done */
    char said[400]; /* so far; what goes beyond is dropped */
    size_t length;
};
enum process_state {
    PROCESS_RUNS,
    PROCESS_DONE,   /* exit status 0; pid and fd are gone */
    PROCESS_FAILED, /* another one, or a signal: likewise */
};

/* Starts `assay WORDS`; words[0] is the program's name, NULL ends them. OUTPUT: what it prints
   is kept as well, not only its complaints. False, errno set, where it could not be started. */
bool process_start(struct process *process, char *const *words, bool output);
/* Takes what it has said since. */
enum process_state process_read(struct process *process);
/* Ends it, if there is one, and waits for that. */
void process_stop(struct process *process);

#endif
