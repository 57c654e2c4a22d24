/*
 * Who we are to a server: what the user set for it, and the secrets found through that. Secrets
 * lie in memory that is wiped when freed, and go nowhere but into requests (net.c): not into
 * logs, caches, errors, arguments of programs or the screen. Called by the session (settings)
 * and by the clients.
 */
#ifndef CORE_REMOTE_CREDENTIALS_H
#define CORE_REMOTE_CREDENTIALS_H

#include <stdbool.h>

#include <assay/error.h>

/* What the configuration file says of one server, or what a bare URL implies. Start with
   SERVER_SETTINGS_INIT; any text may be NULL. */
struct server_settings {
    char *url;  /* as given, but without user:password, which are below */
    char *name; /* of the source in the configuration file */
    char *user;
    char *password;                         /* secret */
    char *token;                            /* secret */
    char *password_command, *token_command; /* run by sh; the first line they print */
    char *ca_path;                          /* a file or directory of certificates to trust */
    char *client_cert;                      /* PEM with certificate and key */
    char *proxy;
    char *workspace;
    bool stranger; /* no server of experiments: what MLflow's variables and file say is not for
                      it */
    int insecure;  /* the certificate is not checked: 1 yes, 0 no, -1 not said */
    int read_only; /* likewise; not said: on for names with "prod" in them */
};
#define SERVER_SETTINGS_INIT ((struct server_settings){.insecure = -1, .read_only = -1})
void server_settings_free(struct server_settings *settings); /* wipes */
void server_settings_copy(struct server_settings *to, const struct server_settings *from);
/* Takes user:password@ out of URL into the settings, and a final slash off. */
enum assay_status server_settings_url(struct server_settings *settings, const char *url,
                                      struct assay_error *err);
/* One entry of the configuration file; ASSAY_NO where KEY is no setting of a server. */
enum assay_status server_settings_set(struct server_settings *settings, const char *key,
                                      const char *value, struct assay_error *err);
/* Whether VALUE of KEY is, or holds, a secret. */
bool server_settings_secret(const char *key, const char *value);
/* PATH, the configuration file, holds secrets: an error where others can read it. */
enum assay_status server_settings_private(const char *path, struct assay_error *err);
bool server_settings_read_only(const struct server_settings *settings);

struct credentials {
    char *user, *password, *token;
    char *ca_path, *client_cert, *proxy;
    bool insecure;
    char from[96]; /* "MLFLOW_TRACKING_TOKEN", "~/.netrc", "no credentials": may be shown */
};
/* Settings first, then MLflow's variables, ~/.mlflow/credentials, netrc. Runs the settings'
   commands, so it may take a while (a pinentry): not on the session's thread. CANCELLED (may be
   NULL) is asked some times a second meanwhile. */
enum assay_status credentials_find(const struct server_settings *settings,
                                   bool (*cancelled)(const void *context), const void *context,
                                   struct credentials *out, struct assay_error *err);
void credentials_free(struct credentials *credentials); /* wipes */
void credentials_copy(struct credentials *to, const struct credentials *from);

/* Frees TEXT after overwriting it; sets it to NULL. */
void secret_free(char **text);

#endif
