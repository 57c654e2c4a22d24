/*
 * The agent, asked through ssh-keygen and ssh-add (signer.h). Called when a record is appended,
 * and by `assay keys`.
 */
#include "approval/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/spawn.h"

static enum assay_status find_program(const char *name, char out[128], struct assay_error *err)
{
    if (spawn_find(name, out))
        return ASSAY_OK;
    assay_fail(err, ASSAY_IO, "%s: not found in /usr/bin", name);
    assay_hint(err, "install OpenSSH's client (Debian: openssh-client)");
    return ASSAY_IO;
}

/* The first line of what a program complained, for a message. */
static const char *first_line(struct assay_buf *errors)
{
    char *end = errors->length > 0 ? strchr(errors->data, '\n') : NULL;
    if (end)
        *end = '\0';
    return errors->length > 0 ? errors->data : "no reason given";
}

/* ssh-keygen -Y sign. -U: only the agent; without it a private key file beside would be used.
 */
static enum assay_status ask_agent(const char *line, const char *space, const void *message,
                                   size_t length, int timeout_ms, struct assay_buf *out,
                                   struct assay_error *err)
{
    char program[128], path[32];
    int code = 0;
    struct assay_buf errors = {0};
    enum assay_status status = find_program("ssh-keygen", program, err);

    if (status != ASSAY_OK)
        return status;
    int fd = spawn_memory_file(line, strlen(line));
    if (fd < 0)
        return assay_fail(err, ASSAY_IO, "no memory for a key");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const char *const argv[] = {program, "-q", "-U", "-Y",  "sign",
                                "-f",    path, "-n", space, NULL};
    status = spawn_run(&(struct spawn){.argv = argv,
                                       .input = message,
                                       .input_length = length,
                                       .keep = &fd,
                                       .keep_count = 1,
                                       .timeout_ms = timeout_ms,
                                       .output_limit = SSHSIG_BYTES_MAX},
                       &code, out, &errors, err);
    close(fd);
    if (status == ASSAY_OK && code != 0) {
        status = assay_fail(err, ASSAY_IO, "the agent did not sign: %s", first_line(&errors));
        assay_hint(err, "is ssh-agent running with the key (ssh-add -l), and was the key "
                        "touched? keys added with -c or -h cannot sign here");
    }
    assay_buf_free(&errors);
    return status;
}

enum assay_status signer_second_opinion(const char *person, const char *line, const char *space,
                                        const void *message, size_t length,
                                        const char *signature, size_t signature_length,
                                        struct assay_error *err)
{
    char program[128], allowed_path[32], signature_path[32];
    int code = 0, fds[2] = {-1, -1};
    struct assay_buf allowed = {0};
    enum assay_status status = find_program("ssh-keygen", program, err);

    if (status != ASSAY_OK)
        return status;
    assay_buf_format(&allowed, "%s namespaces=\"%s\" %s\n", person, space, line);
    fds[0] = spawn_memory_file(allowed.data, allowed.length);
    fds[1] = spawn_memory_file(signature, signature_length);
    snprintf(allowed_path, sizeof allowed_path, "/proc/self/fd/%d", fds[0]);
    snprintf(signature_path, sizeof signature_path, "/proc/self/fd/%d", fds[1]);
    const char *const argv[] = {program,      "-q",           "-Y",   "verify", "-f",
                                allowed_path, "-I",           person, "-n",     space,
                                "-s",         signature_path, NULL};
    if (fds[0] < 0 || fds[1] < 0)
        status = assay_fail(err, ASSAY_IO, "no memory for a signature");
    else
        status = spawn_run(&(struct spawn){.argv = argv,
                                           .input = message,
                                           .input_length = length,
                                           .keep = fds,
                                           .keep_count = 2,
                                           .timeout_ms = SIGNER_TIMEOUT_MS},
                           &code, NULL, NULL, err);
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (status == ASSAY_OK && code != 0)
        status =
            assay_fail(err, ASSAY_NO, "ssh-keygen does not accept the signature of %s", person);
    assay_buf_free(&allowed);
    return status;
}

enum assay_status signer_sign(const char *line, const char *space, const void *message,
                              size_t length, int timeout_ms, struct assay_buf *out,
                              struct sshsig_facts *facts, struct assay_error *err)
{
    struct pubkey key;
    char fingerprint[FINGERPRINT_SIZE];
    struct assay_buf armour = {.limit = SSHSIG_BYTES_MAX};
    enum assay_status status = pubkey_parse(&key, line, err);

    if (status == ASSAY_OK)
        status = ask_agent(line, space, message, length,
                           timeout_ms > 0 ? timeout_ms : SIGNER_TIMEOUT_MS, &armour, err);
    /* Whatever answered may have been anything: only a signature that holds is one. */
    if (status == ASSAY_OK)
        status = sshsig_check(assay_buf_text(&armour), armour.length, space, message, length,
                              facts, err);
    if (status == ASSAY_OK) {
        pubkey_fingerprint(fingerprint, key.blob, key.blob_length);
        if (strcmp(fingerprint, facts->fingerprint) != 0)
            status = assay_fail(err, ASSAY_NO, "the agent signed with another key (%s)",
                                facts->fingerprint);
    }
    if (status == ASSAY_OK)
        status = signer_second_opinion("signer", line, space, message, length,
                                       assay_buf_text(&armour), armour.length, err);
    if (status == ASSAY_OK)
        assay_buf_add(out, armour.data, armour.length);
    assay_buf_free(&armour);
    return status;
}

enum assay_status signer_agent_keys(struct assay_arena *arena, const char ***lines,
                                    size_t *count, struct assay_error *err)
{
    char program[128];
    int code = 0;
    struct assay_buf out = {0};
    struct pubkey *key = NULL;

    *lines = NULL;
    *count = 0;
    if (!getenv("SSH_AUTH_SOCK"))
        return ASSAY_OK;
    enum assay_status status = find_program("ssh-add", program, err);
    if (status != ASSAY_OK)
        return status;
    const char *const argv[] = {program, "-L", NULL};
    status =
        spawn_run(&(struct spawn){.argv = argv, .timeout_ms = 10000}, &code, &out, NULL, err);
    key = assay_alloc(sizeof *key);
    for (char *at = code == 0 && out.length > 0 ? out.data : NULL; at && *at;) {
        char *end = strchr(at, '\n');
        if (end)
            *end = '\0';
        if (*count < 64 && pubkey_parse(key, at, NULL) == ASSAY_OK) {
            const char **grown = assay_arena_alloc(arena, (*count + 1) * sizeof *grown);
            if (*count > 0)
                memcpy(grown, *lines, *count * sizeof *grown);
            grown[(*count)++] = pubkey_line(key, arena);
            *lines = grown;
        }
        at = end ? end + 1 : NULL;
    }
    free(key);
    assay_buf_free(&out);
    return status;
}
