/*
 * Names of keys, both ways: for keymaps, hints and the help screen. The codes stand in keys.h.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <assay/memory.h>
#include <assay/text.h>

#include "keys.h"

/* The first name of a key is the one that is shown. */
static const struct {
    const char *name;
    uint32_t key;
} names[] = {
    {"enter", KEYS_ENTER},
    {"return", KEYS_ENTER},
    {"cr", KEYS_ENTER},
    {"tab", KEYS_TAB},
    {"esc", KEYS_ESCAPE},
    {"escape", KEYS_ESCAPE},
    {"backspace", KEYS_BACKSPACE},
    {"bs", KEYS_BACKSPACE},
    {"up", KEYS_UP},
    {"down", KEYS_DOWN},
    {"left", KEYS_LEFT},
    {"right", KEYS_RIGHT},
    {"home", KEYS_HOME},
    {"end", KEYS_END},
    {"pgup", KEYS_PAGE_UP},
    {"pageup", KEYS_PAGE_UP},
    {"page-up", KEYS_PAGE_UP},
    {"pgdn", KEYS_PAGE_DOWN},
    {"pagedown", KEYS_PAGE_DOWN},
    {"page-down", KEYS_PAGE_DOWN},
    {"ins", KEYS_INSERT},
    {"insert", KEYS_INSERT},
    {"del", KEYS_DELETE},
    {"delete", KEYS_DELETE},
    {"space", ' '},
};

static const struct {
    const char *prefix;
    uint32_t modifier;
} prefixes[] = {
    {"ctrl+", KEYS_CTRL}, {"ctrl-", KEYS_CTRL},   {"C-", KEYS_CTRL},      {"^", KEYS_CTRL},
    {"alt+", KEYS_ALT},   {"alt-", KEYS_ALT},     {"M-", KEYS_ALT},       {"A-", KEYS_ALT},
    {"meta+", KEYS_ALT},  {"shift+", KEYS_SHIFT}, {"shift-", KEYS_SHIFT}, {"S-", KEYS_SHIFT},
};

static const char *base_name(uint32_t base)
{
    for (size_t i = 0; i < ASSAY_COUNT(names); i++)
        if (names[i].key == base)
            return names[i].name;
    return NULL;
}

char *keys_name(uint32_t key, char out[32])
{
    uint32_t base = key & ~(uint32_t)KEYS_MODIFIERS;
    const char *name = base_name(base);
    char text[16];

    if (name == NULL) {
        if (base >= KEYS_F1 && base <= KEYS_LAST) {
            snprintf(text, sizeof text, "f%u", (unsigned)(base - KEYS_F1 + 1));
        } else {
            size_t length = base < KEYS_SPECIAL ? assay_utf8_encode(base, text) : 0;

            text[length] = '\0';
        }
        name = text;
    }
    snprintf(out, 32, "%s%s%s%s", key & KEYS_CTRL ? "ctrl+" : "", key & KEYS_ALT ? "alt+" : "",
             key & KEYS_SHIFT ? "shift+" : "", name);
    return out;
}

/* Takes one modifier off the front of *name; 0 where there is none. */
static uint32_t take_modifier(const char **name)
{
    for (size_t i = 0; i < ASSAY_COUNT(prefixes); i++) {
        size_t length = strlen(prefixes[i].prefix);

        if (strncasecmp(*name, prefixes[i].prefix, length) == 0 && (*name)[length] != '\0') {
            *name += length;
            return prefixes[i].modifier;
        }
    }
    return 0;
}

static bool parse_base(const char *name, uint32_t *base)
{
    size_t length = strlen(name);
    uint32_t code;
    int64_t number;

    if (length == 0)
        return false;
    if (assay_utf8_decode(name, length, &code) == length) { /* one character */
        if (code < 0x20 || code == 0x7f || code == 0xfffd)
            return false;
        *base = code;
        return true;
    }
    for (size_t i = 0; i < ASSAY_COUNT(names); i++) {
        if (strcasecmp(names[i].name, name) == 0) {
            *base = names[i].key;
            return true;
        }
    }
    if ((name[0] == 'f' || name[0] == 'F') && assay_int_parse(name + 1, length - 1, &number) &&
        number >= 1 && number <= 12) {
        *base = KEYS_F1 + (uint32_t)number - 1;
        return true;
    }
    return false;
}

bool keys_parse(const char *name, uint32_t *key)
{
    uint32_t modifiers = 0, modifier, base;

    while ((modifier = take_modifier(&name)) != 0)
        modifiers |= modifier;
    if (!parse_base(name, &base))
        return false;
    if (base < KEYS_SPECIAL) {
        /* A character as typed has its shift in it, and with ctrl its case is lost. */
        if ((modifiers & KEYS_SHIFT) && base >= 'a' && base <= 'z')
            base -= 'a' - 'A';
        modifiers &= ~(uint32_t)KEYS_SHIFT;
        if ((modifiers & KEYS_CTRL) && base >= 'A' && base <= 'Z')
            base += 'a' - 'A';
    }
    *key = base | modifiers;
    return true;
}
