/*
 * Configuration files and themes: "[section]", "key = value", comments after ';' or, at the
 * start of a line, '#'. A value goes on in the next line where that is indented.
 */
#ifndef ASSAY_INI_H
#define ASSAY_INI_H

#include <stddef.h>

#include <assay/error.h>

/* Called for each entry in order; SECTION is "" before the first. Anything but ASSAY_OK ends
   the reading; the file and line are put before the message it left in ERR. */
typedef enum assay_status (*assay_ini_entry)(void *context, const char *section,
                                             const char *key, const char *value,
                                             struct assay_error *err);

/* Reads LENGTH bytes of TEXT; NAME names them in errors ("NAME:LINE: ..."). */
enum assay_status assay_ini_parse(const char *text, size_t length, const char *name,
                                  assay_ini_entry entry, void *context,
                                  struct assay_error *err);

/* The same, and ENTRY hears of a section that has no entries as well: with "" for key and
 * value. */
enum assay_status assay_ini_parse_sections(const char *text, size_t length, const char *name,
                                           assay_ini_entry entry, void *context,
                                           struct assay_error *err);

/* Reads the file PATH (at most 1 MiB); /dev/null has no entries. */
enum assay_status assay_ini_read(const char *path, assay_ini_entry entry, void *context,
                                 struct assay_error *err);

/* The user's configuration file: $ASSAY_CONFIG, else config.ini in assay_config_directory():
   $XDG_CONFIG_HOME/assay (~/.config/assay), where themes/ lies too. The strings are the
   caller's to free(); NULL where there is no home. Neither need exist. */
char *assay_config_path(void);
char *assay_config_directory(void);

#endif
