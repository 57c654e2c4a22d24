/*
 * assay track: runs a command as a run of the local store and passes on its exit status.
 */
#include "cli.h"
#include "pairs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/local.h>
#include <assay/memory.h>

/* ---- signals ---- */

/* What ends us (a scheduler, a line that breaks) is meant for the command; we stay to write
   down how it ended, or the run would be running for ever. */
static const int passed_on[] = {SIGTERM, SIGHUP};
static volatile sig_atomic_t asked;   /* the signal that came; 0: none */
static volatile sig_atomic_t command; /* its process; 0: none yet, or no more */

static void pass_on(int signal_number)
{
    int before = errno;
    asked = signal_number;
    if (command > 0)
        kill((pid_t)command, signal_number);
    errno = before;
}

/* In the child: signals are the command's own again, and so is what came meanwhile. */
static void give_signals_back(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    for (size_t i = 0; i < ASSAY_COUNT(passed_on); i++) {
        struct sigaction now;
        if (sigaction(passed_on[i], NULL, &now) == 0 && now.sa_handler == pass_on)
            signal(passed_on[i], SIG_DFL);
    }
    if (asked)
        raise(asked);
}

/* ---- the command ---- */

/* Starts the command with the run's id in its environment; -1 with errno set where there is no
   such program. A pipe that closes on success carries the failure back. */
static pid_t start(const struct cli *cli, const char *run)
{
    const char **argv = assay_alloc_array(cli->args.operand_count + 1, sizeof *argv);
    memcpy(argv, cli->args.operands, cli->args.operand_count * sizeof *argv);
    int report[2], why = 0;
    pid_t pid = -1;
    if (pipe2(report, O_CLOEXEC) == 0) {
        setenv("ASSAY_RUN", run, 1);
        pid = fork();
        if (pid == 0) {
            give_signals_back();
            execvp(argv[0], (char *const *)argv);
            why = errno;
            ssize_t ignored = write(report[1], &why, sizeof why);
            (void)ignored;
            _exit(127);
        }
        why = errno;
        close(report[1]);
        if (pid > 0 && read(report[0], &why, sizeof why) == (ssize_t)sizeof why) {
            waitpid(pid, NULL, 0);
            pid = -1;
        }
        close(report[0]);
        errno = why;
    }
    free(argv);
    return pid;
}

/* Ctrl-C is the command's business; we stay to write down how it ended. */
static int wait_for(pid_t pid)
{
    int status = 0;
    command = pid;
    if (asked)
        kill(pid, asked);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    command = 0;
    return status;
}

static enum assay_run_status run_status(int status)
{
    if (WIFSIGNALED(status))
        return ASSAY_RUN_KILLED;
    return WEXITSTATUS(status) == 0 ? ASSAY_RUN_FINISHED : ASSAY_RUN_FAILED;
}

static enum assay_status log_start(struct cli *cli, struct assay_local *local, char *run,
                                   struct assay_error *err)
{
    struct cli_batch batch = {0};
    const char *experiment = cli_value(cli, "experiment");
    enum assay_status status = cli_batch_arguments(&batch, cli, 0, 0, err);
    if (status == ASSAY_OK)
        status = assay_local_start(local, experiment ? experiment : "tracked",
                                   cli_value(cli, "name"), ASSAY_NO_TIME, run, err);
    if (status == ASSAY_OK && (batch.param_count || batch.tag_count)) {
        struct assay_log_batch view = cli_batch_view(&batch);
        status = assay_local_log(local, run, &view, err);
    }
    cli_batch_free(&batch);
    return status;
}

static enum assay_status log_command(struct cli *cli, struct assay_local *local,
                                     const char *run, struct assay_error *err)
{
    struct assay_buf line = {0};
    for (size_t i = 0; i < cli->args.operand_count; i++)
        assay_buf_format(&line, "%s%s", i ? " " : "", cli->args.operands[i]);
    struct assay_pair tag = {"command", assay_buf_text(&line)};
    struct assay_log_batch batch = {.tags = &tag, .tag_count = 1};
    enum assay_status status = assay_local_log(local, run, &batch, err);
    assay_buf_free(&line);
    return status;
}

enum assay_status cli_track(struct cli *cli, struct assay_error *err)
{
    struct assay_local *local = NULL;
    char run[ASSAY_RUN_ID_SIZE];
    enum assay_status status = assay_local_open(&local, NULL, err);
    if (status == ASSAY_OK)
        status = log_start(cli, local, run, err);
    if (status == ASSAY_OK)
        status = log_command(cli, local, run, err);
    if (status != ASSAY_OK)
        goto out;
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    for (size_t i = 0; i < ASSAY_COUNT(passed_on); i++)
        cli_catch(passed_on[i], pass_on);
    pid_t pid = start(cli, run);
    if (pid < 0) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: %s", cli->args.operands[0], strerror(errno));
        assay_local_finish(local, run, ASSAY_RUN_FAILED, assay_now_ms(), NULL);
        status = ASSAY_BAD_INPUT;
        goto out;
    }
    int ended = wait_for(pid);
    status = assay_local_finish(local, run, run_status(ended), assay_now_ms(), err);
    if (status != ASSAY_OK)
        cli->worst = status;
    status = ASSAY_OK;
    /* The shell's way of telling a signal from an exit. */
    cli->pass_on = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
out:
    assay_local_close(&local);
    return status;
}
