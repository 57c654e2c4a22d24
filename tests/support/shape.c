/*
 * Comparing JSON with its shape (shape.h).
 */
#include "support/shape.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <assay/memory.h>

#include "support/program.h"

static bool is_one_of(const char *text, const char *choices)
{
    size_t length = strlen(text);
    for (const char *at = choices; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, text, length) == 0 && (at[length] == '|' || !at[length]))
            return true;
    }
    return false;
}

static bool is_text(const json_t *json, const char *kind)
{
    const char *text = json_string_value(json);
    if (!text)
        return false;
    if (strcmp(kind, "text") == 0)
        return true;
    if (strcmp(kind, "filled") == 0)
        return *text != '\0';
    if (strcmp(kind, "hex") == 0)
        return *text && !text[strspn(text, "0123456789abcdef")];
    if (strcmp(kind, "number") == 0)
        return is_one_of(text, "NaN|Infinity|-Infinity");
    return strchr(kind, '|') && is_one_of(text, kind);
}

static bool is_kind(const json_t *json, const char *given)
{
    char kind[256];
    size_t length = strlen(given);
    bool may_be_null = length && given[length - 1] == '?';
    assert_true(length < sizeof kind);
    snprintf(kind, sizeof kind, "%.*s", (int)(length - may_be_null), given);
    if (json_is_null(json))
        return may_be_null;
    if (strcmp(kind, "any") == 0)
        return true;
    if (strcmp(kind, "integer") == 0)
        return json_is_integer(json);
    if (strcmp(kind, "bool") == 0)
        return json_is_boolean(json);
    return is_text(json, kind) || (strcmp(kind, "number") == 0 && json_is_number(json));
}

static void expect(const char *name, const json_t *json, const json_t *shape);

/* The shape of KEY in an object of this SHAPE; NULL where there is no such key. */
static const json_t *shape_of_key(const json_t *shape, const char *key)
{
    char optional[256];
    const json_t *found = json_object_get(shape, key);
    snprintf(optional, sizeof optional, "%s?", key);
    found = found ? found : json_object_get(shape, optional);
    return found ? found : json_object_get(shape, "*");
}

static void expect_object(const char *name, const json_t *json, const json_t *shape)
{
    const char *key;
    const json_t *value;
    char path[512];
    if (!json_is_object(json))
        fail_msg("%s is no object", name);
    /* jansson's loops do not know const; nothing is changed. */
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        const json_t *inner = shape_of_key(shape, key);
        snprintf(path, sizeof path, "%s.%s", name, key);
        if (!inner)
            fail_msg("%s is not in the contract", path);
        expect(path, value, inner);
    }
    json_object_foreach((json_t *)(uintptr_t)shape, key, value)
    {
        bool needed = strcmp(key, "*") != 0 && !strchr(key, '?');
        if (needed && !json_object_get(json, key))
            fail_msg("%s lacks %s", name, key);
    }
}

static void expect_list(const char *name, const json_t *json, const json_t *shape)
{
    size_t shapes = json_array_size(shape), count = json_array_size(json);
    char path[512];
    if (!json_is_array(json))
        fail_msg("%s is no list", name);
    if (shapes != 1 && shapes != count)
        fail_msg("%s has %zu elements", name, count);
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s[%zu]", name, i);
        expect(path, json_array_get(json, i), json_array_get(shape, shapes == 1 ? 0 : i));
    }
}

static void expect(const char *name, const json_t *json, const json_t *shape)
{
    if (json_is_object(shape)) {
        expect_object(name, json, shape);
    } else if (json_is_array(shape)) {
        expect_list(name, json, shape);
    } else if (!is_kind(json, json_string_value(shape))) {
        char *text = json_dumps(json, JSON_ENCODE_ANY);
        fail_msg("%s is %s, not: %s", name, text ? text : "nothing", json_string_value(shape));
    }
}

void shape_expect(const char *name, const json_t *json, const char *shape)
{
    json_error_t error;
    char *text = assay_strdup(shape);
    for (char *at = text; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *parsed = json_loads(text, 0, &error);
    if (!parsed)
        fail_msg("the shape of %s: %s, at byte %d", name, error.text, error.position);
    expect(name, json, parsed);
    json_decref(parsed);
    free(text);
}

json_t *shape_of_program(const char *shape)
{
    json_t *json = program_json();
    shape_expect("the output", json, shape);
    return json;
}
