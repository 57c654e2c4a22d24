/*
 * Asking tmux what the terminal around it can do, without waiting for the answer.
 */
#ifndef TUI_TMUX_H
#define TUI_TMUX_H

#include <stdbool.h>
#include <sys/types.h>

struct tmux_query {
    pid_t child; /* 0: none under way */
    int fd;      /* readable when tmux_read() has something to take */
    char text[512];
    size_t length;
};

/* Starts the question. False where tmux cannot be run. */
bool tmux_ask(struct tmux_query *query);
/* Takes what has come; true when it is complete (query->text, NUL-terminated). */
bool tmux_read(struct tmux_query *query);
/* Drops a question under way. */
void tmux_cancel(struct tmux_query *query);

#endif
