/*
 * A throwaway ssh-agent with throwaway keys, for tests of signatures: made in the test's own
 * directory, stopped at its end. The private halves lie in the agent alone.
 */
#ifndef TESTS_SUPPORT_AGENT_H
#define TESTS_SUPPORT_AGENT_H

#include <stddef.h>
#include <sys/types.h>

struct test_agent {
    pid_t pid;
    char directory[256];
    char socket[300];
};

/* Starts it and points SSH_AUTH_SOCK at it. It ends with this program, stopped or not. */
void test_agent_start(struct test_agent *agent);
void test_agent_stop(struct test_agent *agent);
void test_agent_use(const struct test_agent *agent); /* SSH_AUTH_SOCK again */
/* Makes a key of TYPE ("ed25519", "ecdsa", "rsa") called NAME, adds it; the public half lies in
   PATH. The private file is removed. */
void test_agent_key(struct test_agent *agent, const char *type, const char *name,
                    char path[400]);
/* Runs a program and asserts that it succeeds. */
void test_command(const char *const argv[]);
int test_command_status(const char *const argv[]);

#endif
