/*
 * Markdown as it is meant to be read (preview_page.h): headings, lists, quotes, code, emphasis
 * and links of CommonMark, as far as they show in text. What is not known stays as it was
 * written, so that nothing is lost.
 */
#include <ctype.h>
#include <string.h>

#include "preview_page.h"

#define CLOSE_WITHIN 2000 /* bytes: what is not closed by then was no emphasis and no link */

struct reading {
    struct preview_page *page;
    bool fence;      /* within a block of code */
    char fence_sign; /* that began with this */
    bool open;       /* a paragraph or item goes on with the next line */
};

static size_t blanks(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length && text[at] == ' ') {
        at++;
    }
    return at;
}

static void mark(struct preview_page *page, char sign)
{
    assay_buf_char(&page->text, sign);
}

/* Where TEXT[from..] has SIGN TIMES times in a row, not after a blank; LENGTH where not. */
static size_t find_close(const char *text, size_t length, size_t from, char sign, size_t times)
{
    size_t end = length - from > CLOSE_WITHIN ? from + CLOSE_WITHIN : length;
    for (size_t at = from; at + times <= end; at++) {
        size_t run = 0;
        while (at + run < end && text[at + run] == sign) {
            run++;
        }
        if (run == times && at > from && text[at - 1] != ' ') {
            return at;
        }
        at += run;
    }
    return length;
}

/* [words](address): the words, and the address where it says something else. */
static size_t add_link(struct preview_page *page, const char *text, size_t length)
{
    length = length > CLOSE_WITHIN ? CLOSE_WITHIN : length;
    const char *close = memchr(text, ']', length);
    if (!close || close + 1 >= text + length || close[1] != '(') {
        return 0;
    }
    const char *end = memchr(close, ')', length - (size_t)(close - text));
    if (!end) {
        return 0;
    }
    size_t words = (size_t)(close - text) - 1, address = (size_t)(end - close) - 2;
    mark(page, PREVIEW_LINK);
    preview_clean(page, text + 1, words);
    mark(page, PREVIEW_PLAIN);
    if (address > 0 && (address != words || memcmp(text + 1, close + 2, words) != 0)) {
        preview_clean(page, " (", 2);
        preview_clean(page, close + 2, address);
        preview_clean(page, ")", 1);
    }
    return (size_t)(end - text) + 1;
}

void preview_markdown_inline(struct preview_page *page, const char *text, size_t length)
{
    size_t at = 0, plain = 0;
    while (at < length) {
        char sign = text[at];
        size_t run = 0, close, took = 0;
        if (sign == '[') {
            preview_clean(page, text + plain, at - plain);
            plain = at;
            took = add_link(page, text + at, length - at);
        } else if (sign == '`' || sign == '*' ||
                   (sign == '_' && (at == 0 || !isalnum((unsigned char)text[at - 1])))) {
            while (at + run < length && text[at + run] == sign) {
                run++;
            }
            close = find_close(text, length, at + run, sign, run);
            if (close < length && text[at + run] != ' ' && run <= 3) {
                preview_clean(page, text + plain, at - plain);
                mark(page, sign == '`' ? PREVIEW_CODE : PREVIEW_STRONG);
                preview_clean(page, text + at + run, close - at - run);
                mark(page, PREVIEW_PLAIN);
                took = close + run - at;
            }
        }
        if (took > 0) {
            at += took;
            plain = at;
        } else {
            at += run > 0 ? run : 1;
        }
    }
    preview_clean(page, text + plain, length - plain);
}

static struct preview_line *begin(struct reading *reading, enum role role, size_t indent)
{
    struct preview_line *line = preview_add(reading->page, role);
    if (line) {
        line->indent = (uint8_t)(indent < 40 ? indent : 40);
        line->wraps = true;
    }
    return line;
}

static void heading(struct reading *reading, const char *text, size_t length)
{
    size_t level = 0;
    while (level < length && text[level] == '#') {
        level++;
    }
    size_t from = level + blanks(text + level, length - level);
    while (length > from && (text[length - 1] == '#' || text[length - 1] == ' ')) {
        length--;
    }
    begin(reading, level <= 2 ? ROLE_TITLE : ROLE_STRONG, 0);
    preview_markdown_inline(reading->page, text + from, length - from);
}

/* The marker of a list's item and the blanks behind it; 0: none. */
static size_t item_marker(const char *text, size_t length)
{
    size_t at = 0;
    while (at < length && at < 9 && isdigit((unsigned char)text[at])) {
        at++;
    }
    if (at > 0 ? at < length && (text[at] == '.' || text[at] == ')')
               : length > 0 && strchr("-*+", text[0]) != NULL) {
        at++;
        return at < length && text[at] == ' ' ? at + blanks(text + at, length - at) : 0;
    }
    return 0;
}

static bool rule(const char *text, size_t length)
{
    size_t signs = 0;
    for (size_t i = 0; i < length; i++) {
        signs += text[i] == text[0];
        if (text[i] != text[0] && text[i] != ' ') {
            return false;
        }
    }
    return signs >= 3 && strchr("-*_", text[0]) != NULL;
}

static void item(struct reading *reading, const char *text, size_t length, size_t indent,
                 size_t marker)
{
    bool number = isdigit((unsigned char)text[0]) != 0;
    reading->open = begin(reading, ROLE_NORMAL, indent) != NULL;
    mark(reading->page, PREVIEW_STRONG);
    preview_clean(reading->page, number ? text : "- ", number ? marker : 2);
    mark(reading->page, PREVIEW_PLAIN);
    preview_markdown_inline(reading->page, text + marker, length - marker);
}

static void one_line(struct reading *reading, const char *line, size_t length)
{
    size_t indent = blanks(line, length);
    const char *text = line + indent;
    length -= indent;
    while (length > 0 && text[length - 1] == ' ') {
        length--;
    }
    bool fence = length >= 3 && (text[0] == '`' || text[0] == '~') && text[1] == text[0] &&
                 text[2] == text[0];
    if (fence && (!reading->fence || reading->fence_sign == text[0])) {
        reading->fence = !reading->fence;
        reading->fence_sign = text[0];
        reading->open = false;
        /* Which language it is is not shown; more than a word there was meant to be read. */
        reading->page->partial |= memchr(text, ' ', length) || length > 20;
    } else if (reading->fence) {
        struct preview_line *code = preview_add(reading->page, ROLE_ACCENT);
        if (code) {
            code->indent = 4;
            preview_clean(reading->page, line, length + indent);
        }
    } else if (length == 0) {
        reading->open = false;
        begin(reading, ROLE_NORMAL, 0);
    } else if (text[0] == '#' && indent < 4 && text[strspn(text, "#")] == ' ') {
        reading->open = false;
        heading(reading, text, length);
    } else if (rule(text, length)) {
        reading->open = false;
        begin(reading, ROLE_BORDER, 0);
        preview_clean(reading->page, "--------", 8);
    } else if (item_marker(text, length) > 0) {
        item(reading, text, length, indent, item_marker(text, length));
    } else if (text[0] == '>') {
        reading->open = false;
        begin(reading, ROLE_DIM, 2);
        size_t from = 1 + blanks(text + 1, length - 1);
        preview_markdown_inline(reading->page, text + from, length - from);
    } else if (text[0] == '|' || (!reading->open && indent >= 4)) { /* half a table, code */
        reading->open = false;
        struct preview_line *kept = preview_add(reading->page, ROLE_NORMAL);
        if (kept) {
            kept->indent = (uint8_t)(indent < 40 ? indent : 40);
            preview_clean(reading->page, text, length);
        }
    } else if (reading->open) {
        preview_clean(reading->page, " ", 1);
        preview_markdown_inline(reading->page, text, length);
    } else {
        reading->open = begin(reading, ROLE_NORMAL, indent) != NULL;
        preview_markdown_inline(reading->page, text, length);
    }
}

/* Whether the line could be the headings of a table: a bar in it, and nothing else it must be.
 */
static bool may_head_table(const struct reading *reading, const char *line, size_t length)
{
    size_t indent = blanks(line, length);
    return !reading->fence && indent < 4 && memchr(line, '|', length) != NULL &&
           strchr("#>`~", line[indent]) == NULL &&
           item_marker(line + indent, length - indent) == 0;
}

void preview_markdown(struct preview_page *page, const char *bytes, size_t length)
{
    struct reading reading = {.page = page};
    while (length > 0 && !page->cut) {
        const char *end = memchr(bytes, '\n', length);
        size_t line = end ? (size_t)(end - bytes) : length;
        size_t shown = line > 0 && bytes[line - 1] == '\r' ? line - 1 : line;
        size_t took = may_head_table(&reading, bytes, shown)
                          ? preview_markdown_table(page, bytes, length)
                          : 0;
        if (took == 0) {
            one_line(&reading, bytes, shown);
            took = line + (end ? 1 : 0);
        } else {
            reading.open = false;
        }
        bytes += took;
        length -= took;
    }
}
