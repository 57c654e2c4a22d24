/*
 * Tables and arithmetic of control sequences. See keyseq.h; called by keys.c alone.
 */
#include <string.h>

#include <assay/memory.h>

#include "keyseq.h"

uint32_t keyseq_control(unsigned char byte)
{
    switch (byte) {
    case '\r':
    case '\n':
        return KEYS_ENTER;
    case '\t':
        return KEYS_TAB;
    case '\b':
    case 0x7f:
        return KEYS_BACKSPACE;
    case 0:
        return KEYS_CTRL | ' ';
    default:
        return KEYS_CTRL | (byte <= 26 ? byte + 'a' - 1u : byte + '@' + 0u);
    }
}

void keyseq_parse(const char *text, size_t length, char final, struct keyseq *seq)
{
    size_t i = 0;
    bool any = false;

    *seq = (struct keyseq){.final = final};
    memset(seq->parameters, -1, sizeof seq->parameters);
    if (length > 0 && strchr("<=>?", text[0]) != NULL && text[0] != '\0')
        seq->prefix = text[i++];
    for (; i < length; i++) {
        char c = text[i];

        if (c >= '0' && c <= '9') {
            int *parameter = &seq->parameters[seq->count];

            any = true;
            if (seq->count < KEYSEQ_PARAMETERS && *parameter < 1000000)
                *parameter = (*parameter < 0 ? 0 : *parameter * 10) + (c - '0');
        } else if (c == ';' || c == ':') {
            any = true;
            if (seq->count < KEYSEQ_PARAMETERS - 1)
                seq->count++;
        } else if (c >= 0x20 && c <= 0x2f) {
            seq->intermediate = c;
        }
    }
    seq->count = any ? seq->count + 1 : 0;
}

uint32_t keyseq_modifiers(int parameter)
{
    unsigned bits = parameter > 1 ? (unsigned)parameter - 1 : 0;

    return (bits & 1 ? KEYS_SHIFT : 0u) | (bits & (2 | 8) ? KEYS_ALT : 0u) |
           (bits & 4 ? KEYS_CTRL : 0u);
}

/* The key of a CSI or SS3 sequence by its final byte; 0 where it is none. */
uint32_t keyseq_letter(char final)
{
    switch (final) {
    case 'A':
        return KEYS_UP;
    case 'B':
        return KEYS_DOWN;
    case 'C':
        return KEYS_RIGHT;
    case 'D':
        return KEYS_LEFT;
    case 'H':
        return KEYS_HOME;
    case 'F':
        return KEYS_END;
    case 'P':
    case 'Q':
    case 'R':
    case 'S':
        return KEYS_F1 + (uint32_t)(final - 'P');
    case 'M':
        return KEYS_ENTER; /* of the keypad; SS3 only */
    default:
        return 0;
    }
}

/* The key of CSI NUMBER ~; 0 where it is none. */
uint32_t keyseq_number(int number)
{
    static const uint32_t low[] = {
        [1] = KEYS_HOME,    [2] = KEYS_INSERT,    [3] = KEYS_DELETE,   [4] = KEYS_END,
        [5] = KEYS_PAGE_UP, [6] = KEYS_PAGE_DOWN, [7] = KEYS_HOME,     [8] = KEYS_END,
        [11] = KEYS_F1,     [12] = KEYS_F1 + 1,   [13] = KEYS_F1 + 2,  [14] = KEYS_F1 + 3,
        [15] = KEYS_F1 + 4, [17] = KEYS_F1 + 5,   [18] = KEYS_F1 + 6,  [19] = KEYS_F1 + 7,
        [20] = KEYS_F1 + 8, [21] = KEYS_F1 + 9,   [23] = KEYS_F1 + 10, [24] = KEYS_F1 + 11,
    };

    if (number <= 0 || (size_t)number >= ASSAY_COUNT(low))
        return 0;
    return low[(size_t)number % ASSAY_COUNT(low)];
}

/* The key that a terminal in one of the "every key is a sequence" modes means by CODE. */
uint32_t keyseq_code(int code, uint32_t modifiers)
{
    uint32_t key;

    if (code == 13 || code == 9 || code == 27 || code == 127 || code == 8)
        key = code == 27 ? KEYS_ESCAPE : keyseq_control((unsigned char)code);
    else if (code < 0x20 || code >= 0x110000 || (code >= 0x7f && code < 0xa0) ||
             (code >= 0xd800 && code < 0xe000) || (code >= 0xe000 && code < 0xf900))
        return 0;
    else
        key = (uint32_t)code;
    if (key < KEYS_SPECIAL) {
        if ((modifiers & KEYS_SHIFT) && key >= 'a' && key <= 'z')
            key -= 'a' - 'A';
        modifiers &= ~(uint32_t)KEYS_SHIFT;
        if ((modifiers & KEYS_CTRL) && key >= 'A' && key <= 'Z')
            key += 'a' - 'A';
    }
    return key | modifiers;
}

bool keyseq_mouse(const struct keyseq *seq, struct event *event)
{
    unsigned code = (unsigned)seq->parameters[0];
    *event = (struct event){
        .kind = EVENT_MOUSE,
        .button = (int)(code & 3) + 1,
        .x = seq->parameters[1] - 1,
        .y = seq->parameters[2] - 1,
        .key = (code & 4 ? KEYS_SHIFT : 0u) | (code & 8 ? KEYS_ALT : 0u) |
               (code & 16 ? KEYS_CTRL : 0u),
    };

    if (seq->count < 3 || seq->parameters[0] < 0 || code >= 128 || event->x < 0 || event->y < 0)
        return false;
    if (code & 64) {
        if ((code & 3) > 1)
            return false; /* sideways */
        event->action = code & 1 ? MOUSE_WHEEL_DOWN : MOUSE_WHEEL_UP;
        event->button = 0;
        if (seq->final == 'm')
            return false;
    } else if (code & 32) {
        if ((code & 3) == 3)
            return false; /* moved without a button */
        event->action = MOUSE_DRAG;
    } else if ((code & 3) == 3) {
        return false;
    } else {
        event->action = seq->final == 'm' ? MOUSE_RELEASE : MOUSE_PRESS;
    }
    return true;
}
