/*
 * What stands for a character where only ASCII can be shown. Used by term.c in non-UTF-8
 * locales.
 */
#ifndef TUI_ASCIIMAP_H
#define TUI_ASCIIMAP_H

#include <stdint.h>

/* The nearest printable ASCII character; '?' where there is none. */
uint32_t asciimap(uint32_t code);

#endif
