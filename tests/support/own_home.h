/*
 * A home of a test's own: store, cache, settings and state in a new directory, and nothing of
 * the caller's environment that names a server, a proxy or a credential.
 */
#ifndef TEST_OWN_HOME_H
#define TEST_OWN_HOME_H

extern char own_home[256]; /* the directory, once it is made */

/* A group's setup and end. Its settings are in own_home/config.ini, which is not there yet. */
int own_home_make(void **state);
int own_home_remove(void **state);

#endif
