/*
 * Text from outside, made safe and measured; numbers to text and back, independent of the
 * locale.
 */
#ifndef ASSAY_TEXT_H
#define ASSAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/buf.h>

/* Decodes one UTF-8 sequence of TEXT[0..length). Returns its bytes (1..4) and sets *code; a
   broken sequence gives U+FFFD and 1; length 0 gives 0. Overlong forms and surrogates are
   broken. */
size_t assay_utf8_decode(const char *text, size_t length, uint32_t *code);
/* Encodes CODE to OUT (room for 4); returns the bytes written. */
size_t assay_utf8_encode(uint32_t code, char out[4]);
bool assay_utf8_valid(const char *text, size_t length);

/* Appends TEXT so that a terminal can show it: control characters (C0, DEL, C1) become U+FFFD
   or, for tab and line ends, a blank; bidirectional overrides, zero-width and other invisible
   format characters become U+FFFD; broken UTF-8 becomes U+FFFD byte by byte. */
void assay_text_clean(struct assay_buf *out, const char *text, size_t length);
/* The same into a fixed buffer, cut at a character's end; always NUL-terminated. Returns OUT.
 */
char *assay_text_clean_to(char *out, size_t capacity, const char *text);
/* Appends TEXT, cleaned, as one word of a shell: for a command that is shown to be typed. */
void assay_text_word(struct assay_buf *out, const char *text);

/* Terminal cells that clean TEXT takes (wide characters two, combining none). */
int assay_text_width(const char *text);
/* Cells of one code point: 0, 1 or 2. A table of our own, the same in every locale. */
int assay_code_width(uint32_t code);
/* Bytes of the longest prefix of clean TEXT that takes at most CELLS; *used gets its cells. */
size_t assay_text_fit(const char *text, int cells, int *used);
/* Appends clean TEXT cut to CELLS (with "…", or "~" where ASCII is set, if anything was cut)
   and padded with blanks to exactly CELLS; RIGHT pads on the left. */
void assay_text_pad(struct assay_buf *out, const char *text, int cells, bool right, bool ascii);

/* Shortest text that reads back to the same double; "NaN", "Infinity", "-Infinity". Always with
   '.'; integers without ".0". OUT needs 32 bytes. Returns OUT. */
char *assay_number_exact(char out[32], double value);
/* The same for a float's worth: shortest that reads back to the same float. */
char *assay_number_exact_float(char out[32], float value);
/* For people: at most DIGITS significant digits, trailing zeros cut, e-notation outside
   1e-4..1e7; "NaN", "+∞" spelled "inf", "-inf". OUT needs 32 bytes. Returns OUT. */
char *assay_number_short(char out[32], double value, int digits);
/* Splits a finite number's text where it is lined up with others: bytes before its point (or
   exponent, or end), and from there on. */
void assay_number_halves(const char *text, int *before, int *after);
/* 1,234,567 */
char *assay_count_text(char out[32], uint64_t count);
/* "1.1 GB", decimal units. */
char *assay_bytes_text(char out[32], uint64_t bytes);

/* Reads a decimal number (Python's and C's spellings: 1, -1.5e-3, nan, inf, Infinity, any case)
   that fills TEXT[0..length) whole. False where it is no number. Never looks at the locale. */
bool assay_number_parse(const char *text, size_t length, double *value);
bool assay_int_parse(const char *text, size_t length, int64_t *value); /* false on overflow */

/* Finds NEEDLE in HAYSTACK ignoring ASCII case. */
bool assay_text_contains(const char *haystack, const char *needle);
/* SQL LIKE: % any run, _ one character, over bytes; FOLD ignores ASCII case. Linear time. */
bool assay_text_like(const char *text, const char *pattern, bool fold);
/* Order for people: "run-2" before "run-10", "lr0.01" before "lr0.1"; ties by bytes. */
int assay_text_natural(const char *a, const char *b);

#endif
