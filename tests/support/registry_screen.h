/*
 * The workbench on the server of registry_web.h, with a cache, a configuration and a home of
 * its own.
 */
#ifndef TESTS_SUPPORT_REGISTRY_SCREEN_H
#define TESTS_SUPPORT_REGISTRY_SCREEN_H

#include "support/registry_web.h"
#include "support/screen.h"

/* A group's set-up and tear-down: the folder everything lies in. */
int registry_screen_begin(void **state);
int registry_screen_end(void **state);
const char *registry_screen_root(void);

/* The workbench when the server's runs are on screen. CONFIG is the configuration file; EXTRA
   is one more NAME=VALUE, or NULL. The cache is a new one. */
struct screen *registry_screen_open(const struct fake_registry *fake, const char *config,
                                    const char *extra, int columns, int rows);
/* The same with the cache and configuration that are there, whether or not anybody answers. */
struct screen *registry_screen_again(const char *url, const char *extra, int columns, int rows);
/* Fails the test where the row that has TEXT does not come to have WITH in ten seconds. */
void registry_screen_row(struct screen *screen, const char *text, const char *with);

#endif
