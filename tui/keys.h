/*
 * From the terminal's bytes to events. A state machine that is fed what was read, in pieces cut
 * anywhere, and yields keys, mouse actions, pasted text, focus changes and the terminal's own
 * replies; a reply, however late and however cut, never becomes a key. Pure: no terminal, no
 * clock of its own. Also the names of keys, for keymaps and help.
 */
#ifndef TUI_KEYS_H
#define TUI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key is a Unicode character (as typed, so 'G' and not shift+g; space is ' '), or one of the
   special ones, with modifiers added. Control characters are ctrl+LETTER, lower case. */
enum {
    KEYS_SHIFT = 1 << 24, /* with special keys only */
    KEYS_ALT = 1 << 25,
    KEYS_CTRL = 1 << 26,
    KEYS_MODIFIERS = KEYS_SHIFT | KEYS_ALT | KEYS_CTRL,

    KEYS_SPECIAL = 0x110000,
    KEYS_ENTER = KEYS_SPECIAL,
    KEYS_TAB,
    KEYS_ESCAPE,
    KEYS_BACKSPACE,
    KEYS_UP,
    KEYS_DOWN,
    KEYS_LEFT,
    KEYS_RIGHT,
    KEYS_HOME,
    KEYS_END,
    KEYS_PAGE_UP,
    KEYS_PAGE_DOWN,
    KEYS_INSERT,
    KEYS_DELETE,
    KEYS_F1, /* to KEYS_F1 + 11 */
    KEYS_LAST = KEYS_F1 + 11,
};

/* "j", "G", "space", "enter", "ctrl+l", "alt+x", "shift+tab", "f5", "pgdn", ... OUT needs 32
   bytes. Returns OUT. */
char *keys_name(uint32_t key, char out[32]);
/* Reads such a name (names in any case; also C-l, M-x, S-tab, ^L, return, escape, page-down).
   Returns false where it is none. */
bool keys_parse(const char *name, uint32_t *key);

enum event_kind {
    EVENT_NONE,
    EVENT_KEY,
    EVENT_MOUSE,
    EVENT_PASTE,  /* text for a prompt; never commands */
    EVENT_FOCUS,  /* the terminal got (on) or lost the focus */
    EVENT_REPLY,  /* the terminal answered; consumed by term.c, screens never see it */
    EVENT_RESIZE, /* from term.c: the canvas has a new size (x, y) and is blank; draw all */
    EVENT_REDRAW, /* from term.c: graphics or theme changed; draw all again, charts included */
};
enum mouse_action {
    MOUSE_PRESS,
    MOUSE_RELEASE,
    MOUSE_DRAG,
    MOUSE_WHEEL_UP,
    MOUSE_WHEEL_DOWN,
};

/* What the terminal was asked for and answered. Numbers that were not there are -1. */
enum reply_kind {
    REPLY_OTHER,      /* some reply nobody asked for */
    REPLY_DA1,        /* CSI ? ... c: numbers are the attributes, the level first */
    REPLY_CELL,       /* CSI 6 ; height ; width t */
    REPLY_PIXELS,     /* CSI 4 ; height ; width t */
    REPLY_XTSM,       /* CSI ? item ; status ; value [; value] S */
    REPLY_MODE,       /* CSI ? mode ; state $ y */
    REPLY_KITTY,      /* APC G ... ; text ST: text is what came after the ';' */
    REPLY_VERSION,    /* DCS > | text ST */
    REPLY_BACKGROUND, /* OSC 11 ; text ST */
    REPLY_CURSOR,     /* CSI [?] row ; column R */
    REPLY_STATUS,     /* CSI 0 n */
};
#define REPLY_NUMBERS 24
struct reply {
    enum reply_kind kind;
    int count; /* numbers there */
    int numbers[REPLY_NUMBERS];
    char text[128]; /* as it came, cut; clean it before it is shown */
};

struct event {
    enum event_kind kind;
    uint32_t key; /* EVENT_KEY: the key; EVENT_MOUSE: modifiers only */
    enum mouse_action action;
    int button;       /* 1 left, 2 middle, 3 right */
    int x, y;         /* EVENT_MOUSE: the cell, from 0 */
    bool on;          /* EVENT_FOCUS */
    const char *text; /* EVENT_PASTE: valid UTF-8, NUL-terminated; until the next keys_next() */
    size_t length;
    const struct reply *reply; /* EVENT_REPLY: until the next keys_next() */
};

struct keys; /* the decoder */
struct keys *keys_new(void);
void keys_free(struct keys **keys);

/* Teaches it a sequence of the terminal's own (from terminfo), beside the usual ones it knows.
 */
void keys_learn(struct keys *keys, const char *sequence, uint32_t key);
/* While a reply is outstanding, a lone ESC is held longer, since it may be the reply's first
   byte. */
void keys_expect(struct keys *keys, bool outstanding);
/* Takes what was read. NOW_US is the monotonic time. */
void keys_feed(struct keys *keys, const void *bytes, size_t length, int64_t now_us);
/* Takes the next event; false where there is none. */
bool keys_next(struct keys *keys, struct event *event);
/* When keys_expire() should be called; INT64_MAX: not at all. */
int64_t keys_deadline(const struct keys *keys);
/* Decides what time decides: a lone ESC is the Escape key. */
void keys_expire(struct keys *keys, int64_t now_us);

#endif
