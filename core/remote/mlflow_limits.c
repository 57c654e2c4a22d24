/*
 * What MLflow takes; see mlflow_limits.h.
 */
#include "remote/mlflow_limits.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include <assay/text.h>

size_t mlflow_first_characters(const char *text, size_t limit, size_t *all)
{
    size_t left = strlen(text), bytes = 0;
    uint32_t code;

    for (*all = 0; left; ++*all) {
        size_t step = assay_utf8_decode(text, left, &code);

        if (*all < limit)
            bytes += step;
        text += step;
        left -= step;
    }
    return bytes;
}

/* As Python's posixpath.normpath() leaves it: no empty part, no "." and no "..". */
static bool is_normal(const char *path)
{
    for (;;) {
        size_t length = strcspn(path, "/");

        if (!length || (length == 1 && path[0] == '.') ||
            (length == 2 && path[0] == '.' && path[1] == '.'))
            return false;
        if (!path[length])
            return true;
        path += length + 1;
    }
}

const char *mlflow_name_fault(const char *name)
{
    size_t characters;

    /* Letters of other alphabets are fine there; which of the rest are letters, it knows. */
    for (const char *at = name; *at; at++)
        if ((unsigned char)*at < 0x80 && !isalnum((unsigned char)*at) && !strchr("_/.- :", *at))
            return "MLflow's names are of letters, digits, blanks and _ - . : /";
    if (strncmp(name, "..", 2) == 0 || !is_normal(name))
        return "MLflow takes no name that is not a plain path";
    mlflow_first_characters(name, 0, &characters);
    return characters > MLFLOW_NAME_MAX ? "MLflow takes names of at most 250 characters" : NULL;
}

const char *mlflow_path_fault(const char *path)
{
    size_t length = strlen(path);

    if (strchr(path, '#'))
        return "MLflow takes no path with a # in it";
    if (!is_normal(path) || (isalpha((unsigned char)path[0]) && path[1] == ':' &&
                             (path[2] == '/' || path[2] == '\\')))
        return "MLflow takes relative paths only";
    for (const char *at = path; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return "MLflow keeps no control characters in a path";
        if (at[0] == '%' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2]))
            return "MLflow takes a % with two digits behind it for another character";
    }
    if (path[0] == ' ' || path[length - 1] == '?' || path[length - 1] == ';')
        return "MLflow drops a blank before a path, and a ? or ; at its end";
    return NULL;
}
