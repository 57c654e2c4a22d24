/*
 * One line of text being typed (widget_prompt.h), for filters and the palette.
 */
#include "widget_prompt.h"

#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

static size_t before(const struct prompt *prompt, size_t at)
{
    while (at > 0 && ((unsigned char)prompt->text[--at] & 0xC0) == 0x80) {
    }
    return at;
}

static size_t after(const struct prompt *prompt, size_t at)
{
    if (at < prompt->length) {
        at++;
    }
    while (at < prompt->length && ((unsigned char)prompt->text[at] & 0xC0) == 0x80) {
        at++;
    }
    return at;
}

static size_t word_before(const struct prompt *prompt, size_t at)
{
    while (at > 0 && prompt->text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && prompt->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

static void cut(struct prompt *prompt, size_t from, size_t to)
{
    memmove(prompt->text + from, prompt->text + to, prompt->length - to + 1);
    prompt->length -= to - from;
    prompt->cursor = from;
}

void prompt_set(struct prompt *prompt, const char *text)
{
    assay_text_clean_to(prompt->text, sizeof prompt->text, text);
    prompt->length = prompt->cursor = strlen(prompt->text);
    prompt->scroll = 0;
    prompt->history_at = prompt->history_count;
}

void prompt_insert(struct prompt *prompt, const char *text, size_t length)
{
    char clean[PROMPT_SIZE], raw[PROMPT_SIZE];
    size_t some = length < sizeof raw ? length : sizeof raw - 1;
    memcpy(raw, text, some);
    raw[some] = '\0';
    assay_text_clean_to(clean, sizeof clean, raw);
    length = strlen(clean);
    if (prompt->length + length >= sizeof prompt->text) {
        return;
    }
    memmove(prompt->text + prompt->cursor + length, prompt->text + prompt->cursor,
            prompt->length - prompt->cursor + 1);
    memcpy(prompt->text + prompt->cursor, clean, length);
    prompt->length += length;
    prompt->cursor += length;
}

void prompt_remember(struct prompt *prompt)
{
    size_t count = prompt->history_count;
    if (prompt->length == 0 ||
        (count > 0 && strcmp(prompt->history[count - 1], prompt->text) == 0)) {
        return;
    }
    if (count == PROMPT_HISTORY) {
        free(prompt->history[0]);
        memmove(prompt->history, prompt->history + 1, (count - 1) * sizeof *prompt->history);
        count--;
    }
    prompt->history[count] = assay_strdup(prompt->text);
    prompt->history_count = prompt->history_at = count + 1;
}

void prompt_free(struct prompt *prompt)
{
    for (size_t i = 0; i < prompt->history_count; i++) {
        free(prompt->history[i]);
    }
    prompt->history_count = prompt->history_at = 0;
}

static enum prompt_did recall(struct prompt *prompt, long delta)
{
    size_t to = prompt->history_at + (size_t)delta;
    if ((delta < 0 && prompt->history_at == 0) || to > prompt->history_count) {
        return PROMPT_MOVED;
    }
    prompt_set(prompt, to < prompt->history_count ? prompt->history[to] : "");
    prompt->history_at = to;
    return PROMPT_CHANGED;
}

static enum prompt_did move_to(struct prompt *prompt, size_t at)
{
    prompt->cursor = at;
    return PROMPT_MOVED;
}

static enum prompt_did remove_to(struct prompt *prompt, size_t from, size_t to)
{
    if (from >= to) {
        return PROMPT_MOVED;
    }
    cut(prompt, from, to);
    return PROMPT_CHANGED;
}

static enum prompt_did prompt_key(struct prompt *prompt, uint32_t key)
{
    size_t at = prompt->cursor;
    switch (key) {
    case KEYS_ENTER:
        return PROMPT_ENTER;
    case KEYS_ESCAPE:
    case KEYS_CTRL | 'c':
    case KEYS_CTRL | 'g':
        return PROMPT_ESCAPE;
    case KEYS_LEFT:
    case KEYS_CTRL | 'b':
        return move_to(prompt, before(prompt, at));
    case KEYS_RIGHT:
    case KEYS_CTRL | 'f':
        return move_to(prompt, after(prompt, at));
    case KEYS_HOME:
    case KEYS_CTRL | 'a':
        return move_to(prompt, 0);
    case KEYS_END:
    case KEYS_CTRL | 'e':
        return move_to(prompt, prompt->length);
    case KEYS_CTRL | KEYS_LEFT:
    case KEYS_ALT | 'b':
        return move_to(prompt, word_before(prompt, at));
    case KEYS_BACKSPACE:
    case KEYS_CTRL | 'h':
        return remove_to(prompt, before(prompt, at), at);
    case KEYS_DELETE:
    case KEYS_CTRL | 'd':
        return remove_to(prompt, at, after(prompt, at));
    case KEYS_CTRL | 'w':
    case KEYS_ALT | KEYS_BACKSPACE:
        return remove_to(prompt, word_before(prompt, at), at);
    case KEYS_CTRL | 'u':
        return remove_to(prompt, 0, at);
    case KEYS_CTRL | 'k':
        return remove_to(prompt, at, prompt->length);
    case KEYS_UP:
    case KEYS_CTRL | 'p':
        return recall(prompt, -1);
    case KEYS_DOWN:
    case KEYS_CTRL | 'n':
        return recall(prompt, 1);
    default:
        return PROMPT_NOTHING;
    }
}

enum prompt_did prompt_event(struct prompt *prompt, const struct event *event)
{
    if (event->kind == EVENT_PASTE) {
        prompt_insert(prompt, event->text, event->length);
        return PROMPT_CHANGED;
    }
    if (event->kind != EVENT_KEY) {
        return PROMPT_NOTHING;
    }
    enum prompt_did did = prompt_key(prompt, event->key);
    if (did == PROMPT_NOTHING && event->key >= ' ' && event->key < KEYS_SPECIAL) {
        char text[4] = {0};
        prompt_insert(prompt, text, assay_utf8_encode(event->key, text));
        return PROMPT_CHANGED;
    }
    return did;
}

static int cells_between(const struct prompt *prompt, size_t from, size_t to)
{
    char part[PROMPT_SIZE];
    if (to <= from) {
        return 0;
    }
    memcpy(part, prompt->text + from, to - from);
    part[to - from] = '\0';
    return assay_text_width(part);
}

int prompt_draw(struct prompt *prompt, struct area area, int x, int y, int width, size_t byte,
                int *column_of)
{
    if (prompt->scroll > prompt->cursor) {
        prompt->scroll = prompt->cursor;
    }
    while (cells_between(prompt, prompt->scroll, prompt->cursor) >= width && width > 0) {
        prompt->scroll = after(prompt, prompt->scroll);
    }
    draw_field(area, x, y, width, ALIGN_LEFT, ROLE_PROMPT, prompt->text + prompt->scroll);
    if (column_of) {
        size_t at = byte < prompt->length ? byte : prompt->length;
        *column_of = x + cells_between(prompt, prompt->scroll, at);
    }
    return x + cells_between(prompt, prompt->scroll, prompt->cursor);
}
