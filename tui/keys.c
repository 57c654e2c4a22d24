/*
 * The decoder: bytes to events. See keys.h. Fed by term.c with what read() gave, cut anywhere.
 *
 * Time decides only what bytes cannot: whether a lone ESC is the Escape key (after a short
 * while, a longer one while a reply is outstanding), and when a sequence that never ends is
 * given up. A sequence that no key begins with (CSI ?, CSI >, the strings) is waited for much
 * longer, so that a reply torn apart by a slow link still ends as a reply. If the rest of one
 * follows an ESC that was taken for the key, it is recognised by how it begins ("late tail").
 */
#include <stdlib.h>
#include <string.h>

#include <assay/buf.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "keyseq.h"

#define ESC_US        50000    /* a lone ESC is the key after this long */
#define ESC_EXPECT_US 400000   /* the same while a reply is outstanding */
#define STUCK_US      10000000 /* an unfinished sequence is given up after this long */
#define SEQUENCE_MAX  512      /* bytes kept of a sequence; the rest of it is swallowed */
#define STRING_MAX    65536    /* bytes after which an endless string is given up */
#define PASTE_MAX     (1 << 20)
#define QUEUE_MAX     16384
#define LEARNED_MAX   96

enum state {
    STATE_GROUND,
    STATE_UTF8,   /* in a character of several bytes */
    STATE_ESC,    /* after ESC */
    STATE_SS3,    /* after ESC O */
    STATE_CSI,    /* after ESC [ */
    STATE_STRING, /* after ESC and one of P ] _ ^ X */
    STATE_STRING_ESC,
    STATE_PASTE,
    STATE_X10,  /* three bytes of an old mouse report */
    STATE_TAIL, /* after what may be the second byte of a reply whose ESC was taken for a key */
};

struct item {
    struct event event;
    struct reply reply;
    char *text;
};

struct learned {
    char *sequence;
    size_t length;
    uint32_t key;
};

struct keys {
    enum state state;
    char sequence[SEQUENCE_MAX]; /* after the introducer */
    size_t length;
    size_t total;    /* bytes of the sequence, kept or not */
    char introducer; /* of a string: P ] _ ^ X */
    bool alt;        /* the character being read came after ESC */
    bool tentative;  /* a CSI without its ESC: typed text unless it ends as a reply */
    bool orphan;     /* the last thing decided was that an ESC is the key */
    bool expect;
    int64_t started_us, last_us;
    struct assay_buf paste;
    struct learned learned[LEARNED_MAX];
    size_t learned_count;
    struct item *queue;
    size_t head, count, capacity;
    struct item current; /* what the last keys_next() gave */
};

struct keys *keys_new(void)
{
    struct keys *keys = assay_alloc(sizeof *keys);

    keys->paste.limit = PASTE_MAX;
    return keys;
}

void keys_free(struct keys **keys)
{
    struct keys *k = *keys;

    if (k == NULL)
        return;
    for (size_t i = 0; i < k->learned_count; i++)
        free(k->learned[i].sequence);
    for (size_t i = k->head; i < k->count; i++)
        free(k->queue[i].text);
    free(k->queue);
    free(k->current.text);
    assay_buf_free(&k->paste);
    free(k);
    *keys = NULL;
}

void keys_learn(struct keys *keys, const char *sequence, uint32_t key)
{
    size_t length = strlen(sequence);

    if (length < 3 || sequence[0] != '\033' || keys->learned_count == LEARNED_MAX)
        return; /* a shorter one would hide other sequences that begin with it */
    keys->learned[keys->learned_count++] =
        (struct learned){.sequence = assay_strdup(sequence), .length = length, .key = key};
}

void keys_expect(struct keys *keys, bool outstanding)
{
    keys->expect = outstanding;
}

/* ---- the queue ---- */

static void push(struct keys *keys, const struct item *item)
{
    if (keys->count - keys->head >= QUEUE_MAX) {
        free(item->text);
        return;
    }
    if (keys->head > 0 && keys->head == keys->count)
        keys->head = keys->count = 0;
    ASSAY_GROW(keys->queue, keys->capacity, keys->count + 1);
    keys->queue[keys->count++] = *item;
}

static void push_key(struct keys *keys, uint32_t key)
{
    push(keys, &(struct item){.event = {.kind = EVENT_KEY, .key = key}});
}

bool keys_next(struct keys *keys, struct event *event)
{
    free(keys->current.text);
    keys->current = (struct item){0};
    if (keys->head == keys->count) {
        keys->head = keys->count = 0;
        return false;
    }
    keys->current = keys->queue[keys->head++];
    *event = keys->current.event;
    if (event->kind == EVENT_PASTE) {
        event->text = keys->current.text;
        event->length = strlen(keys->current.text);
    } else if (event->kind == EVENT_REPLY) {
        event->reply = &keys->current.reply;
    }
    return true;
}

/* ---- characters ---- */

/* A byte outside any sequence, other than ESC. */
static void character(struct keys *keys, unsigned char byte, bool alt)
{
    uint32_t modifier = alt ? KEYS_ALT : 0;

    keys->state = STATE_GROUND;
    if (byte < 0x20 || byte == 0x7f) {
        push_key(keys, modifier | keyseq_control(byte));
    } else if (byte < 0x80) {
        push_key(keys, modifier | byte);
    } else if (byte >= 0xc2 && byte <= 0xf4) {
        keys->state = STATE_UTF8;
        keys->alt = alt;
        keys->sequence[0] = (char)byte;
        keys->length = 1;
    } /* else a stray byte of nothing: dropped */
}

static bool utf8_byte(struct keys *keys, unsigned char byte)
{
    unsigned char first = (unsigned char)keys->sequence[0];
    size_t want = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    uint32_t code;

    if (byte < 0x80 || byte > 0xbf) { /* cut short: drop it, BYTE begins something new */
        keys->state = STATE_GROUND;
        return false;
    }
    keys->sequence[keys->length++] = (char)byte;
    if (keys->length < want)
        return true;
    keys->state = STATE_GROUND;
    if (assay_utf8_decode(keys->sequence, want, &code) == want && code >= 0xa0)
        push_key(keys, code | (keys->alt ? KEYS_ALT : 0));
    return true;
}

/* ---- control sequences ---- */

static void push_reply(struct keys *keys, enum reply_kind kind, const struct keyseq *csi)
{
    struct item item = {.event = {.kind = EVENT_REPLY}, .reply = {.kind = kind}};

    memset(item.reply.numbers, -1, sizeof item.reply.numbers);
    if (csi != NULL) {
        item.reply.count = csi->count < REPLY_NUMBERS ? csi->count : REPLY_NUMBERS;
        for (int i = 0; i < item.reply.count; i++)
            item.reply.numbers[i] = csi->parameters[i];
    }
    push(keys, &item);
}

static void push_mouse(struct keys *keys, const struct keyseq *csi)
{
    struct event event;

    if (keyseq_mouse(csi, &event))
        push(keys, &(struct item){.event = event});
}

/* Replies: what a terminal says of itself and no key begins with. True where CSI is one. */
static bool csi_reply(struct keys *keys, const struct keyseq *csi)
{
    int first = csi->parameters[0];

    if (csi->prefix == '?') {
        enum reply_kind kind = csi->final == 'c'                               ? REPLY_DA1
                               : csi->final == 'S'                             ? REPLY_XTSM
                               : csi->final == 'R'                             ? REPLY_CURSOR
                               : csi->final == 'y' && csi->intermediate == '$' ? REPLY_MODE
                                                                               : REPLY_OTHER;
        push_reply(keys, kind, csi);
        return true;
    }
    if (csi->prefix == '>' || csi->prefix == '=') {
        push_reply(keys, REPLY_OTHER, csi);
        return true;
    }
    if (csi->prefix != 0)
        return false;
    switch (csi->final) {
    case 't':
        push_reply(keys,
                   first == 6   ? REPLY_CELL
                   : first == 4 ? REPLY_PIXELS
                                : REPLY_OTHER,
                   csi);
        return true;
    case 'n':
        push_reply(keys, first == 0 ? REPLY_STATUS : REPLY_OTHER, csi);
        return true;
    case 'R':
        /* CSI 1 ; 2 R is also shift+F3, unless the terminal owes an answer. */
        if (csi->count < 2 || (!keys->expect && first == 1 && csi->parameters[1] <= 8))
            return false;
        push_reply(keys, REPLY_CURSOR, csi);
        return true;
    case 'c':
    case 'x':
    case 'y':
        push_reply(keys, REPLY_OTHER, csi);
        return true;
    default:
        return false;
    }
}

static void csi_key(struct keys *keys, const struct keyseq *csi)
{
    int first = csi->parameters[0];
    uint32_t modifiers = keyseq_modifiers(csi->parameters[1]);
    uint32_t key = 0;

    if (csi->intermediate != 0)
        return;
    switch (csi->final) {
    case 'I':
    case 'O':
        push(keys, &(struct item){.event = {.kind = EVENT_FOCUS, .on = csi->final == 'I'}});
        return;
    case 'Z':
        key = KEYS_SHIFT | KEYS_TAB;
        break;
    case '~':
        if (first == 200) {
            keys->state = STATE_PASTE;
            keys->length = 0;
            assay_buf_reset(&keys->paste);
            return;
        }
        if (first == 27 && csi->count >= 3)
            key = keyseq_code(csi->parameters[2], modifiers);
        else if ((key = keyseq_number(first)) != 0)
            key |= modifiers;
        break;
    case 'u':
        key = keyseq_code(first, modifiers);
        break;
    case 'M':
        break;
    default:
        key = keyseq_letter(csi->final);
        if (key != 0)
            key |= modifiers;
        break;
    }
    if (key != 0)
        push_key(keys, key);
}

/* Looks up ESC INTRODUCER sequence among the terminal's own; 0 where it is none. */
static uint32_t find_learned(const struct keys *keys, char introducer)
{
    for (size_t i = 0; i < keys->learned_count; i++) {
        const struct learned *learned = &keys->learned[i];

        if (learned->length == keys->length + 2 && learned->sequence[1] == introducer &&
            memcmp(learned->sequence + 2, keys->sequence, keys->length) == 0)
            return learned->key;
    }
    return 0;
}

static void keep(struct keys *keys, unsigned char byte)
{
    keys->total++;
    if (keys->length < SEQUENCE_MAX)
        keys->sequence[keys->length++] = (char)byte;
}

static void begin(struct keys *keys, enum state state, int64_t now_us)
{
    keys->state = state;
    keys->length = keys->total = 0;
    keys->tentative = false;
    keys->started_us = now_us;
}

/* What was held as a reply's tail was typed after all. */
static void release_tentative(struct keys *keys)
{
    char held[SEQUENCE_MAX];
    size_t length = keys->length;

    memcpy(held, keys->sequence, length);
    keys->tentative = false;
    keys->state = STATE_GROUND;
    push_key(keys, '[');
    for (size_t i = 0; i < length; i++)
        character(keys, (unsigned char)held[i], false);
}

static void end_csi(struct keys *keys)
{
    struct keyseq csi;
    uint32_t key;

    keys->state = STATE_GROUND;
    if (keys->length != keys->total) /* overlong: swallowed */
        return;
    keyseq_parse(keys->sequence, keys->length - 1, keys->sequence[keys->length - 1], &csi);
    if (csi_reply(keys, &csi)) {
        keys->tentative = false;
        return;
    }
    if (keys->tentative) {
        release_tentative(keys);
        return;
    }
    key = find_learned(keys, '[');
    if (key != 0)
        push_key(keys, key);
    else if (csi.prefix == '<' && (csi.final == 'M' || csi.final == 'm'))
        push_mouse(keys, &csi);
    else if (csi.prefix == 0 && csi.final == 'M' && csi.count == 0)
        begin(keys, STATE_X10, keys->started_us);
    else if (csi.prefix == 0)
        csi_key(keys, &csi);
}

/* C0 in the middle of a sequence ends it and means itself. True where BYTE was one. */
static bool interrupted(struct keys *keys, unsigned char byte, int64_t now_us)
{
    if (byte >= 0x20)
        return false;
    if (keys->tentative && keys->state == STATE_CSI)
        release_tentative(keys);
    if (byte == 0x1b)
        begin(keys, STATE_ESC, now_us);
    else if (byte == 0x18 || byte == 0x1a)
        keys->state = STATE_GROUND;
    else
        character(keys, byte, false);
    return true;
}

static void csi_byte(struct keys *keys, unsigned char byte, int64_t now_us)
{
    if (interrupted(keys, byte, now_us))
        return;
    keep(keys, byte);
    if (byte >= 0x80) { /* cannot be in a sequence */
        keys->state = STATE_GROUND;
        return;
    }
    /* The Linux console's F1 to F5 are CSI [ A to CSI [ E. */
    if (byte == '[' && keys->total == 1)
        return;
    if (keys->total == 2 && keys->sequence[0] == '[') {
        keys->state = STATE_GROUND;
        if (byte >= 'A' && byte <= 'E')
            push_key(keys, KEYS_F1 + byte - 'A');
        return;
    }
    if (byte >= 0x40 && byte <= 0x7e)
        end_csi(keys);
}

static void ss3_byte(struct keys *keys, unsigned char byte, int64_t now_us)
{
    uint32_t key;

    if (interrupted(keys, byte, now_us))
        return;
    keep(keys, byte);
    if ((byte >= '0' && byte <= '9') || byte == ';') /* modifiers, as some send them */
        return;
    key = find_learned(keys, 'O');
    if (key == 0 && (key = keyseq_letter((char)byte)) != 0 && keys->length > 1)
        key |= keyseq_modifiers(keys->sequence[keys->length - 2] - '0');
    if (key == 0 && byte >= 'j' && byte <= 'y') /* the keypad */
        key = byte - 'j' + '*' + 0u;
    keys->state = STATE_GROUND;
    if (key != 0)
        push_key(keys, key);
}

/* ---- strings ---- */

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void end_string(struct keys *keys)
{
    struct item item = {.event = {.kind = EVENT_REPLY}, .reply = {.kind = REPLY_OTHER}};
    char text[SEQUENCE_MAX + 1];
    const char *content = text;

    memcpy(text, keys->sequence, keys->length);
    text[keys->length] = '\0';
    if (keys->introducer == 'P' && starts_with(text, ">|")) {
        item.reply.kind = REPLY_VERSION;
        content = text + 2;
    } else if (keys->introducer == ']' && starts_with(text, "11;")) {
        item.reply.kind = REPLY_BACKGROUND;
        content = text + 3;
    } else if (keys->introducer == '_' && text[0] == 'G') {
        const char *semicolon = strchr(text, ';');

        item.reply.kind = REPLY_KITTY;
        content = semicolon != NULL ? semicolon + 1 : "";
    }
    memset(item.reply.numbers, -1, sizeof item.reply.numbers);
    assay_text_clean_to(item.reply.text, sizeof item.reply.text, content);
    push(keys, &item);
    keys->state = STATE_GROUND;
}

static void string_byte(struct keys *keys, unsigned char byte)
{
    if (byte == 0x1b) {
        keys->state = STATE_STRING_ESC;
    } else if (byte == 0x07) {
        end_string(keys);
    } else if (byte == 0x18 || byte == 0x1a || keys->total >= STRING_MAX) {
        keys->state = STATE_GROUND;
    } else if (byte == 0x03) { /* somebody wants out */
        character(keys, byte, false);
    } else {
        keep(keys, byte);
    }
}

/* ---- pasted text ---- */

static void end_paste(struct keys *keys)
{
    struct item item = {.event = {.kind = EVENT_PASTE}};
    struct assay_buf clean = {.limit = 4 * PASTE_MAX};

    if (keys->paste.length > 0)
        assay_text_clean(&clean, keys->paste.data, keys->paste.length);
    item.text = clean.data != NULL ? assay_buf_take(&clean) : assay_strdup("");
    assay_buf_reset(&keys->paste);
    keys->state = STATE_GROUND;
    push(keys, &item);
}

static void paste_byte(struct keys *keys, unsigned char byte)
{
    static const char end[] = "\033[201~";

    /* keys->length counts how much of the end mark has been seen. */
    if (byte == (unsigned char)end[keys->length]) {
        if (++keys->length == sizeof end - 1)
            end_paste(keys);
        return;
    }
    assay_buf_add(&keys->paste, end, keys->length);
    keys->length = byte == 0x1b ? 1 : 0;
    if (byte != 0x1b)
        assay_buf_char(&keys->paste, (char)byte);
}

/* ---- the machine ---- */

static void ground_byte(struct keys *keys, unsigned char byte, int64_t now_us)
{
    bool orphan = keys->orphan;

    keys->orphan = false;
    if (byte == 0x1b) {
        begin(keys, STATE_ESC, now_us);
    } else if (orphan && byte != 0 && strchr("[P]_", byte) != NULL) {
        begin(keys, STATE_TAIL, now_us);
        keys->introducer = (char)byte;
    } else {
        character(keys, byte, false);
    }
}

/* A lone ESC waits longer while a reply is outstanding, because it may be torn after its first
   byte. What no reply goes on with, and comes later than alt would, is a key of its own. */
static bool after_lone_esc(const struct keys *keys, unsigned char byte, int64_t now_us)
{
    return now_us - keys->started_us >= ESC_US && byte != 0 &&
           strchr("[P]_\\\033", byte) == NULL;
}

static void esc_byte(struct keys *keys, unsigned char byte, int64_t now_us)
{
    if (after_lone_esc(keys, byte, now_us)) {
        push_key(keys, KEYS_ESCAPE);
        keys->state = STATE_GROUND;
        ground_byte(keys, byte, now_us);
        return;
    }
    switch (byte) {
    case 0x1b: /* twice: the first was the key */
        push_key(keys, KEYS_ESCAPE);
        begin(keys, STATE_ESC, now_us);
        return;
    case '[':
        begin(keys, STATE_CSI, now_us);
        return;
    case 'O':
        begin(keys, STATE_SS3, now_us);
        return;
    case 'P':
    case ']':
    case '_':
    case '^':
    case 'X':
        begin(keys, STATE_STRING, now_us);
        keys->introducer = (char)byte;
        return;
    case '\\': /* the end of a string that was given up */
        keys->state = STATE_GROUND;
        return;
    default:
        character(keys, byte, true);
        return;
    }
}

/* Whether FIRST and BYTE, which followed an ESC taken for the key, begin a reply. */
static bool begins_reply(char first, unsigned char byte)
{
    switch (first) {
    case '[':
        return byte == '?' || byte == '>' || byte == '=' || (byte >= '0' && byte <= '9');
    case 'P':
        return byte == '0' || byte == '1' || byte == '>' || byte == '!';
    case ']':
        return byte == '1';
    default:
        return byte == 'G';
    }
}

static void tail_byte(struct keys *keys, unsigned char byte, int64_t now_us)
{
    char first = keys->introducer;

    if (begins_reply(first, byte)) {
        begin(keys, first == '[' ? STATE_CSI : STATE_STRING, now_us);
        keys->tentative = first == '[' && byte <= '9';
        keep(keys, byte);
        return;
    }
    keys->state = STATE_GROUND;
    push_key(keys, (unsigned char)first);
    if (byte == 0x1b)
        begin(keys, STATE_ESC, now_us);
    else
        character(keys, byte, false);
}

static void take_byte(struct keys *keys, unsigned char byte, int64_t now_us)
{
    switch (keys->state) {
    case STATE_GROUND:
        ground_byte(keys, byte, now_us);
        break;
    case STATE_UTF8:
        if (!utf8_byte(keys, byte))
            ground_byte(keys, byte, now_us);
        break;
    case STATE_ESC:
        esc_byte(keys, byte, now_us);
        break;
    case STATE_SS3:
        ss3_byte(keys, byte, now_us);
        break;
    case STATE_CSI:
        csi_byte(keys, byte, now_us);
        break;
    case STATE_STRING:
        string_byte(keys, byte);
        break;
    case STATE_STRING_ESC:
        if (byte == '\\') {
            end_string(keys);
        } else { /* not its end: the string is broken off, a new sequence began */
            begin(keys, STATE_ESC, now_us);
            esc_byte(keys, byte, now_us);
        }
        break;
    case STATE_PASTE:
        paste_byte(keys, byte);
        break;
    case STATE_X10:
        if (++keys->length == 3)
            keys->state = STATE_GROUND;
        break;
    case STATE_TAIL:
        tail_byte(keys, byte, now_us);
        break;
    }
}

void keys_feed(struct keys *keys, const void *bytes, size_t length, int64_t now_us)
{
    const unsigned char *p = bytes;

    keys_expire(keys, now_us); /* what time has decided before these bytes came */
    for (size_t i = 0; i < length; i++)
        take_byte(keys, p[i], now_us);
    keys->last_us = now_us;
}

int64_t keys_deadline(const struct keys *keys)
{
    int64_t lone = keys->expect ? ESC_EXPECT_US : ESC_US;

    switch (keys->state) {
    case STATE_GROUND:
        return INT64_MAX;
    case STATE_ESC:
        return keys->started_us + lone;
    case STATE_SS3:
    case STATE_CSI:
    case STATE_STRING:
        /* ESC and one character is that key with alt, unless it may be a torn reply. */
        if (keys->tentative)
            return keys->last_us + ESC_US;
        return keys->total == 0 && !keys->expect ? keys->started_us + ESC_US
                                                 : keys->started_us + STUCK_US;
    case STATE_TAIL:
        return keys->started_us + ESC_US;
    default:
        return keys->last_us + STUCK_US;
    }
}

void keys_expire(struct keys *keys, int64_t now_us)
{
    bool alone = keys->total == 0;

    if (now_us < keys_deadline(keys))
        return;
    switch (keys->state) {
    case STATE_ESC:
        push_key(keys, KEYS_ESCAPE);
        keys->orphan = true;
        break;
    case STATE_SS3:
        if (alone)
            push_key(keys, KEYS_ALT | 'O');
        break;
    case STATE_CSI:
        if (keys->tentative)
            release_tentative(keys);
        else if (alone && !keys->expect)
            push_key(keys, KEYS_ALT | '[');
        break;
    case STATE_STRING:
        if (alone && !keys->expect)
            push_key(keys, KEYS_ALT | (unsigned char)keys->introducer);
        break;
    case STATE_TAIL:
        push_key(keys, (unsigned char)keys->introducer);
        break;
    case STATE_PASTE:
        end_paste(keys);
        break;
    default:
        break;
    }
    keys->state = STATE_GROUND;
}
