/*
 * Throwaway agents and keys for tests; see agent.h.
 */
#include "support/agent.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/memory.h>

int test_command_status(const char *const argv[])
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0);
        dup2(null, 1);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void test_command(const char *const argv[])
{
    int status = test_command_status(argv);
    if (status != 0)
        fail_msg("%s: exit status %d", argv[0], status);
}

void test_agent_use(const struct test_agent *agent)
{
    setenv("SSH_AUTH_SOCK", agent->socket, 1);
}

/* Agents that run, for the end of the program: a test that fails does not come to stop its own. */
static struct test_agent running[8];
static pid_t owner;

static void remove_agent(const struct test_agent *agent)
{
    const char *const argv[] = {"rm", "-rf", agent->directory, NULL};
    kill(agent->pid, SIGTERM);
    waitpid(agent->pid, NULL, 0);
    (void)test_command_status(argv);
}

static void stop_all(void)
{
    for (size_t i = 0; i < ASSAY_COUNT(running) && owner == getpid(); i++)
        if (running[i].pid > 0) {
            remove_agent(&running[i]);
            running[i].pid = 0;
        }
}

/* Puts NOW where WAS (the process; 0 a free place) is. */
static void remember(pid_t was, const struct test_agent *now)
{
    if (owner != getpid()) {
        memset(running, 0, sizeof running); /* they are the parent's */
        owner = getpid();
        assert_int_equal(atexit(stop_all), 0);
    }
    for (size_t i = 0; i < ASSAY_COUNT(running); i++)
        if (running[i].pid == was) {
            running[i] = *now;
            return;
        }
}

void test_agent_start(struct test_agent *agent)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    const char *base = getenv("TMPDIR");
    snprintf(agent->directory, sizeof agent->directory, "%s/agent-XXXXXX",
             base ? base : "/tmp");
    assert_non_null(mkdtemp(agent->directory));
    snprintf(agent->socket, sizeof agent->socket, "%s/s", agent->directory);
    pid_t parent = getpid();
    agent->pid = fork();
    if (agent->pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        if (getppid() == parent)
            execlp("ssh-agent", "ssh-agent", "-D", "-P", "*", "-a", agent->socket,
                   (char *)NULL); /* -P: keys of any provider */
        _exit(127);
    }
    assert_true(agent->pid > 0);
    remember(0, agent);
    /* Until the socket is there: its appearance is the agent's sign that it listens. */
    struct stat st;
    for (int i = 0; stat(agent->socket, &st) != 0; i++) {
        assert_true(i < 2000);
        nanosleep(&pause, NULL);
    }
    test_agent_use(agent);
}

void test_agent_stop(struct test_agent *agent)
{
    const struct test_agent none = {.pid = 0};
    if (agent->pid > 0) {
        remove_agent(agent);
        remember(agent->pid, &none);
    }
    agent->pid = 0;
    unsetenv("SSH_AUTH_SOCK");
}

void test_agent_key(struct test_agent *agent, const char *type, const char *name,
                    char path[400])
{
    char private_path[390];
    snprintf(private_path, sizeof private_path, "%s/%s", agent->directory, name);
    snprintf(path, 400, "%s.pub", private_path);
    const char *const make[] = {"ssh-keygen", "-q", "-t", type,         "-N", "",
                                "-C",         name, "-f", private_path, NULL};
    test_command(make);
    test_agent_use(agent);
    const char *const add[] = {"ssh-add", "-q", private_path, NULL};
    test_command(add);
    unlink(private_path);
}
