/*
 * From keys to commands: the defaults of the table, and the user's own from the configuration:
 *
 *     [keys]            ; everywhere
 *     quit = Q ctrl+c
 *     [keys.chart]      ; one screen
 *     zoom-in = z
 *
 * A line replaces the default keys of its command; an empty value takes them away.
 */
#ifndef TUI_KEYMAP_H
#define TUI_KEYMAP_H

#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>
#include <assay/error.h>

#include "command.h"

struct keymap_binding {
    uint32_t key;
    unsigned where; /* ored bits of enum command_where */
    enum command_id id;
};
struct keymap {
    struct keymap_binding *items;
    size_t count, capacity;
};

void keymap_init(struct keymap *map); /* the defaults */
void keymap_free(struct keymap *map);
/* One line of a [keys] section; SECTION is "keys" or "keys.SCREEN". */
enum assay_status keymap_set(struct keymap *map, const char *section, const char *name,
                             const char *keys, struct assay_error *err);
/* What KEY means on a screen of kind WHERE; a binding of that screen alone wins over a general
   one. CMD_NONE where nothing. */
enum command_id keymap_find(const struct keymap *map, uint32_t key, unsigned where);
/* The first key of a command on that screen, short ("j", "^L", "⏎" is left to the caller); ""
   where it has none. OUT needs 32 bytes. */
char *keymap_key(const struct keymap *map, enum command_id id, unsigned where, char out[32]);
/* All its keys, separated by blanks. */
void keymap_keys(const struct keymap *map, enum command_id id, unsigned where,
                 struct assay_buf *out);

#endif
