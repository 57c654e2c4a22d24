/*
 * What one control sequence means: pure look-ups for the decoder in keys.c.
 */
#ifndef TUI_KEYSEQ_H
#define TUI_KEYSEQ_H

#include "keys.h"

#define KEYSEQ_PARAMETERS REPLY_NUMBERS

/* A control sequence taken apart: CSI PREFIX parameters INTERMEDIATE FINAL. */
struct keyseq {
    char prefix; /* one of < = > ?, or 0 */
    char intermediate;
    char final;
    int count;
    int parameters[KEYSEQ_PARAMETERS]; /* -1 where empty */
};
/* TEXT is what stands between the introducer and FINAL. */
void keyseq_parse(const char *text, size_t length, char final, struct keyseq *seq);

uint32_t keyseq_control(unsigned char byte); /* the key of a C0 control or DEL */
uint32_t keyseq_modifiers(int parameter);    /* the modifiers of "1 ; parameter LETTER" */
uint32_t keyseq_letter(char final);          /* of CSI or SS3 LETTER; 0 where it is no key */
uint32_t keyseq_number(int number);          /* of CSI NUMBER ~; likewise */
/* Of a key that comes as the number of its character (modifyOtherKeys, CSI u); likewise. */
uint32_t keyseq_code(int code, uint32_t modifiers);
/* An SGR mouse report; false where it is nothing we act on. */
bool keyseq_mouse(const struct keyseq *seq, struct event *event);

#endif
