/*
 * Looking for credentials by the marks their issuers give them (secrets.h). Called before
 * words, reasons and evidence are taken into a request, and before a bundle is written.
 */
#include "approval/secrets.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include <assay/memory.h>

/* A mark, and how many letters, digits, '-', '_' or '.' must follow at once. */
static const struct {
    const char *mark, *what;
    size_t follow;
} marks[] = {
    {"PRIVATE KEY-----", "a private key", 0},
    {"AKIA", "an AWS key", 16},
    {"ASIA", "an AWS key", 16},
    {"ghp_", "a GitHub token", 30},
    {"gho_", "a GitHub token", 30},
    {"ghs_", "a GitHub token", 30},
    {"github_pat_", "a GitHub token", 22},
    {"glpat-", "a GitLab token", 16},
    {"xoxb-", "a Slack token", 16},
    {"xoxp-", "a Slack token", 16},
    {"hf_", "a Hugging Face token", 30},
    {"dapi", "a Databricks token", 32},
    {"sk-ant-", "an API key", 20},
    {"sk-proj-", "an API key", 20},
    {"eyJhbGciOi", "a JSON web token", 20},
    {"Bearer ", "a bearer token", 20},
};

static bool token_byte(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

/* "://user:password@" */
static bool url_password(const char *at, const char *end)
{
    bool colon = false;

    for (at += 3; at < end && (token_byte(*at) || strchr(":%!$&+~", *at)) && *at; at++)
        colon = colon || (*at == ':' && at[1] != '@');
    return colon && at < end && *at == '@';
}

const char *secret_in(const char *bytes, size_t length)
{
    const char *end = bytes + length;

    for (size_t i = 0; i < ASSAY_COUNT(marks); i++) {
        const size_t mark = strlen(marks[i].mark);
        for (const char *at = bytes;
             (at = memmem(at, (size_t)(end - at), marks[i].mark, mark)) != NULL; at += mark) {
            size_t run = 0;
            while (at + mark + run < end && token_byte(at[mark + run]))
                run++;
            if (run >= marks[i].follow &&
                (at == bytes || marks[i].follow == 0 || !isalnum((unsigned char)at[-1])))
                return marks[i].what;
        }
    }
    for (const char *at = bytes; (at = memmem(at, (size_t)(end - at), "://", 3)) != NULL;
         at += 3)
        if (url_password(at, end))
            return "a password in a URL";
    return NULL;
}
