/*
 * If the process dies of a signal (a fault, an abort), the terminal is put in order first.
 */
#ifndef TUI_CRASH_H
#define TUI_CRASH_H

#include <stddef.h>
#include <termios.h>

/* From now on a fatal signal writes LENGTH bytes of RESET (cut to 512) to FD and gives it MODES
   back; then the signal goes its way (core dump and all). One terminal per process. */
void crash_arm(int fd, const struct termios *modes, const char *reset, size_t length);
void crash_disarm(void);

#endif
