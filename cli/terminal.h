/*
 * Asking the terminal what it can, for the one-shot commands: once, bounded, and with the
 * terminal left as it was.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

struct cli_terminal {
    bool answered;               /* the terminal said what it is */
    bool sixel;                  /* ... and that it draws sixel */
    int registers;               /* colours it has for that; 0 unknown */
    int cell_width, cell_height; /* pixels; 0 unknown */
    bool light;                  /* its background is rather light */
    char reply[64];              /* the answer about itself, printable; "" none */
};

/* Asks the terminal the process is in and waits for at most TIMEOUT_MS. False where there is
   none or it may not be asked (a background job). */
bool cli_terminal_ask(struct cli_terminal *terminal, int timeout_ms);

/* Takes what REPLY, all that has come so far, says. True once it holds the answer that comes
   last. Pure; for cli_terminal_ask() and its tests. */
bool cli_terminal_parse(struct cli_terminal *terminal, const char *reply, size_t length);

#endif
