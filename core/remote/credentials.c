/*
 * Finding the secrets for a server: its own settings, MLflow's environment variables,
 * ~/.mlflow/credentials, netrc, or what a command prints. Called by the clients when they are
 * opened, on a thread that may wait.
 *
 * The variables and MLflow's file name no server. Where MLFLOW_TRACKING_URI names one they are
 * for that one alone: a token must not follow the user to every address that is typed in.
 */
#include "remote/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/file.h>
#include <assay/ini.h>
#include <assay/memory.h>

#include "remote/url.h"

#define FILE_MAX        (256u << 10)
#define SECRET_MAX      (16u << 10)
#define COMMAND_SECONDS 120
#define GRACE_MS        1000 /* for a command that is to end, before it is made to */

extern char **environ;

static char **text_of(struct credentials *credentials, size_t i)
{
    char **all[] = {&credentials->user,    &credentials->password,    &credentials->token,
                    &credentials->ca_path, &credentials->client_cert, &credentials->proxy};

    return i < ASSAY_COUNT(all) ? all[i] : NULL;
}

void credentials_free(struct credentials *credentials)
{
    char **text;

    for (size_t i = 0; (text = text_of(credentials, i)); i++)
        secret_free(text);
    *credentials = (struct credentials){0};
}

void credentials_copy(struct credentials *to, const struct credentials *from)
{
    char **text;

    *to = *from;
    for (size_t i = 0; (text = text_of(to, i)); i++)
        *text = assay_strdup(*text);
}

/* ---- a command ---- */

struct patience {
    bool (*cancelled)(const void *context);
    const void *context;
    int64_t until_us;
};

/* Reads what FD gives until its end, at most SECRET_MAX bytes, within the time there is. */
static enum assay_status read_output(int fd, const struct patience *patience, char *out,
                                     size_t *length)
{
    for (*length = 0; *length < SECRET_MAX - 1;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left = (patience->until_us - assay_monotonic_us()) / 1000;
        ssize_t got;

        if (left <= 0)
            return ASSAY_IO;
        if (patience->cancelled && patience->cancelled(patience->context))
            return ASSAY_CANCELLED;
        if (poll(&ready, 1, left < 100 ? (int)left : 100) == 0)
            continue;
        got = read(fd, out + *length, SECRET_MAX - 1 - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        *length += (size_t)got;
    }
    out[*length] = '\0';
    return ASSAY_OK;
}

/* Waits for the command's end, which may come after that of its output. */
static enum assay_status wait_ended(pid_t pid, const struct patience *patience, int *ended)
{
    const struct timespec pause = {.tv_nsec = 2000000};

    for (;;) {
        pid_t got = waitpid(pid, ended, WNOHANG);

        if (got == pid || (got < 0 && errno != EINTR))
            return ASSAY_OK;
        if (patience->cancelled && patience->cancelled(patience->context))
            return ASSAY_CANCELLED;
        if (assay_monotonic_us() > patience->until_us)
            return ASSAY_IO;
        nanosleep(&pause, NULL);
    }
}

/* Asks it to end, then makes it: it may be stopped, for want of the terminal it asks on, or
   deaf to the first. */
static void end_command(pid_t pid)
{
    const struct patience grace = {.until_us = assay_monotonic_us() + GRACE_MS * INT64_C(1000)};
    int ended;

    kill(-pid, SIGTERM);
    kill(-pid, SIGCONT);
    if (wait_ended(pid, &grace, &ended) == ASSAY_OK)
        return;
    kill(-pid, SIGKILL);
    while (waitpid(pid, &ended, 0) < 0 && errno == EINTR)
        ;
}

static int start_command(const char *command, int out, pid_t *pid)
{
    char *const argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
                          (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int failed;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    failed = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* The first line that COMMAND prints becomes *secret. Its errors are not repeated: nobody
   knows what is in them. */
static enum assay_status run_command(const char *what, const char *command,
                                     const struct patience *patience, char **secret,
                                     struct assay_error *err)
{
    struct patience bounded = *patience;
    char *text = NULL;
    enum assay_status status;
    size_t length = 0;
    int fds[2], failed, ended = 0;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) != 0)
        return assay_fail(err, ASSAY_IO, "%s: %s", what, strerror(errno));
    failed = start_command(command, fds[1], &pid);
    close(fds[1]);
    if (failed) {
        close(fds[0]);
        return assay_fail(err, ASSAY_IO, "%s: %s", what, strerror(failed));
    }
    text = assay_alloc(SECRET_MAX);
    bounded.until_us = assay_monotonic_us() + COMMAND_SECONDS * INT64_C(1000000);
    status = read_output(fds[0], &bounded, text, &length);
    close(fds[0]);
    if (status == ASSAY_OK)
        status = wait_ended(pid, &bounded, &ended);
    if (status != ASSAY_OK)
        end_command(pid);
    text[strcspn(text, "\r\n")] = '\0';
    if (status == ASSAY_CANCELLED) {
        assay_fail(err, status, "%s: cancelled", what);
    } else if (status != ASSAY_OK) {
        assay_fail(err, status, "%s: it did not end within %d s", what, COMMAND_SECONDS);
    } else if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0 || !*text) {
        status = assay_fail(err, ASSAY_IO, "%s: %s", what,
                            *text ? "the command failed" : "the command printed nothing");
        assay_hint(err, "run the command in a shell: its first line is to be the secret");
    } else {
        secret_free(secret);
        *secret = assay_strdup(text);
    }
    explicit_bzero(text, SECRET_MAX);
    free(text);
    return status;
}

/* ---- files ---- */

/* A small file with secrets in it, in memory that the caller wipes; NULL where there is none.
 */
static char *read_secret_file(const char *path, size_t *length)
{
    char *text = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    ssize_t got;

    *length = 0;
    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < (off_t)FILE_MAX) {
        text = assay_alloc(FILE_MAX + 1);
        while (*length < FILE_MAX && (got = read(fd, text + *length, FILE_MAX - *length)) > 0)
            *length += (size_t)got;
    }
    close(fd);
    return text;
}

static void wipe_file(char *text)
{
    if (text)
        explicit_bzero(text, FILE_MAX + 1);
    free(text);
}

static char *home_file(const char *name)
{
    const char *home = getenv("HOME");

    return home && *home ? assay_path_join(home, name) : NULL;
}

static enum assay_status take_mlflow_entry(void *context, const char *section, const char *key,
                                           const char *value, struct assay_error *err)
{
    struct credentials *credentials = context;

    (void)err;
    if (strcasecmp(section, "mlflow") != 0)
        return ASSAY_OK;
    if (strcmp(key, "mlflow_tracking_username") == 0 && !credentials->user)
        credentials->user = assay_strdup(value);
    if (strcmp(key, "mlflow_tracking_password") == 0 && !credentials->password)
        credentials->password = assay_strdup(value);
    return ASSAY_OK;
}

static void read_mlflow_file(struct credentials *credentials)
{
    char *path = home_file(".mlflow/credentials");
    size_t length;
    char *text = path ? read_secret_file(path, &length) : NULL;
    bool had = credentials->user || credentials->password;

    if (text)
        (void)assay_ini_parse(text, length, path, take_mlflow_entry, credentials, NULL);
    if (!had && (credentials->user || credentials->password))
        snprintf(credentials->from, sizeof credentials->from, "~/.mlflow/credentials");
    wipe_file(text);
    free(path);
}

/* The next word of a netrc file, at most CAPACITY - 1 bytes of it. */
static bool netrc_word(const char **at, const char *end, char *out, size_t capacity)
{
    size_t length = 0;
    bool quoted;

    while (*at < end && strchr(" \t\r\n", **at))
        ++*at;
    if (*at >= end || !**at)
        return false;
    quoted = **at == '"';
    *at += quoted;
    for (; *at < end && **at; ++*at) {
        if (quoted ? **at == '"' : strchr(" \t\r\n", **at) != NULL)
            break;
        if (quoted && **at == '\\' && *at + 1 < end)
            ++*at;
        if (length + 1 < capacity)
            out[length++] = **at;
    }
    *at += quoted && *at < end;
    out[length] = '\0';
    return true;
}

/* Past a macro's text, which goes on to an empty line. */
static void skip_macro(const char **at, const char *end)
{
    while (*at < end && !(at[0][0] == '\n' && (*at + 1 == end || at[0][1] == '\n')))
        ++*at;
}

static void parse_netrc(const char *text, size_t length, const char *host,
                        struct credentials *credentials)
{
    const char *at = text, *end = text + length;
    bool ours = false;
    char word[1024];

    while (netrc_word(&at, end, word, sizeof word)) {
        char value[1024] = "";

        if (strcmp(word, "macdef") == 0) {
            skip_macro(&at, end);
            continue;
        }
        if (*word == '#') {
            while (at < end && *at != '\n')
                at++;
            continue;
        }
        if (strcmp(word, "default") == 0 || strcmp(word, "machine") == 0) {
            if (credentials->user || credentials->password)
                break; /* the first that fits */
            ours = *word == 'd' ||
                   (netrc_word(&at, end, value, sizeof value) && strcasecmp(value, host) == 0);
            continue;
        }
        if (!netrc_word(&at, end, value, sizeof value))
            break;
        if (ours && strcmp(word, "login") == 0 && !credentials->user)
            credentials->user = assay_strdup(value);
        if (ours && strcmp(word, "password") == 0 && !credentials->password)
            credentials->password = assay_strdup(value);
        explicit_bzero(value, sizeof value);
    }
    explicit_bzero(word, sizeof word);
}

static void read_netrc(const char *url, struct credentials *credentials)
{
    const char *given = getenv("NETRC");
    char *path = given && *given ? assay_strdup(given) : home_file(".netrc");
    struct url_parts parts;
    char *text = NULL, *host = NULL;
    size_t length;

    if (path && url_parse(url, &parts))
        text = read_secret_file(path, &length);
    if (text) {
        host = assay_strndup(parts.host, parts.host_length);
        if (*host != '[')
            host[strcspn(host, ":")] = '\0';
        parse_netrc(text, length, host, credentials);
        if (credentials->user || credentials->password)
            snprintf(credentials->from, sizeof credentials->from, "netrc");
    }
    wipe_file(text);
    free(host);
    free(path);
}

/* ---- the environment ---- */

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* Whether MLflow's own variables and file are meant for URL. */
static bool variables_apply(const char *url)
{
    const char *tracking = variable("MLFLOW_TRACKING_URI");
    struct url_parts parts;

    return !tracking || !url_parse(tracking, &parts) || url_same_origin(tracking, url);
}

static enum assay_status read_tls_variables(struct credentials *out, bool insecure_said,
                                            struct assay_error *err)
{
    const char *insecure = variable("MLFLOW_TRACKING_INSECURE_TLS");
    const char *ca = variable("MLFLOW_TRACKING_SERVER_CERT_PATH");
    const char *client = variable("MLFLOW_TRACKING_CLIENT_CERT_PATH");
    bool on = insecure && (strcasecmp(insecure, "true") == 0 || strcmp(insecure, "1") == 0);

    if (on && ca) {
        assay_fail(err, ASSAY_BAD_INPUT,
                   "MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH exclude "
                   "each other");
        assay_hint(err, "unset one of them");
        return ASSAY_BAD_INPUT;
    }
    if (!insecure_said && !out->ca_path)
        out->insecure = on;
    if (!out->ca_path && !out->insecure)
        out->ca_path = assay_strdup(ca);
    if (!out->client_cert)
        out->client_cert = assay_strdup(client);
    return ASSAY_OK;
}

/* As MLflow's client has it: each of user and password from the environment, else from the
   file; both together go before the token. */
static void read_variables(struct credentials *out)
{
    const char *user = variable("MLFLOW_TRACKING_USERNAME");
    const char *password = variable("MLFLOW_TRACKING_PASSWORD");
    const char *token = variable("MLFLOW_TRACKING_TOKEN");

    out->user = assay_strdup(user);
    out->password = assay_strdup(password);
    if (user || password)
        snprintf(out->from, sizeof out->from, "MLFLOW_TRACKING_USERNAME");
    read_mlflow_file(out);
    if ((!out->user || !out->password) && token) {
        secret_free(&out->user);
        secret_free(&out->password);
        out->token = assay_strdup(token);
        snprintf(out->from, sizeof out->from, "MLFLOW_TRACKING_TOKEN");
    }
}

/* ---- all of it ---- */

static enum assay_status from_settings(const struct server_settings *settings,
                                       const struct patience *patience, struct credentials *out,
                                       struct assay_error *err)
{
    enum assay_status status = ASSAY_OK;

    out->user = assay_strdup(settings->user);
    out->password = assay_strdup(settings->password);
    out->token = assay_strdup(settings->token);
    out->ca_path = assay_strdup(settings->ca_path);
    out->client_cert = assay_strdup(settings->client_cert);
    out->proxy = assay_strdup(settings->proxy);
    out->insecure = settings->insecure == 1;
    if (out->user || out->password || out->token)
        snprintf(out->from, sizeof out->from, "the source's settings");
    if (settings->password_command) {
        status = run_command("password_command", settings->password_command, patience,
                             &out->password, err);
        snprintf(out->from, sizeof out->from, "password_command");
    }
    if (status == ASSAY_OK && settings->token_command) {
        status =
            run_command("token_command", settings->token_command, patience, &out->token, err);
        snprintf(out->from, sizeof out->from, "token_command");
    }
    return status;
}

enum assay_status credentials_find(const struct server_settings *settings,
                                   bool (*cancelled)(const void *context), const void *context,
                                   struct credentials *out, struct assay_error *err)
{
    const struct patience patience = {.cancelled = cancelled, .context = context};
    enum assay_status status;
    bool own;

    *out = (struct credentials){0};
    status = from_settings(settings, &patience, out, err);
    own = out->user || out->password || out->token;
    if (status == ASSAY_OK && !settings->stranger && variables_apply(settings->url)) {
        if (!own)
            read_variables(out);
        status = read_tls_variables(out, settings->insecure >= 0, err);
    }
    if (status == ASSAY_OK && !out->user && !out->password && !out->token)
        read_netrc(settings->url, out);
    if (!out->from[0])
        snprintf(out->from, sizeof out->from, "no credentials");
    if (status != ASSAY_OK)
        credentials_free(out);
    return status;
}
