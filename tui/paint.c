/*
 * A whole frame as bytes (paint.h). Gaps are jumped over, and the end of a row that is blank is
 * left as clearing the screen made it.
 */
#include "paint.h"

#include <string.h>

#include <assay/memory.h>
#include <assay/text.h>

#define KEEP  "\0337" /* cursor and colours, until BACK */
#define BACK  "\0338"
#define CLEAR "\033[m\033[H\033[2J"
#define JUMP  5 /* blanks that are longer than the sequence that jumps over them */
#define PLAIN ((struct style){.fg = STYLE_DEFAULT, .bg = STYLE_DEFAULT})

bool paint_suits(const char *(*capability)(const char *name))
{
    static const char *const known[][2] = {
        {"cup", "\033[%i%p1%d;%p2%dH"},
        {"cuf", "\033[%p1%dC"},
        {"sc", KEEP},
        {"rc", BACK},
        {"bold", "\033[1m"},
        {"dim", "\033[2m"},
        {"sitm", "\033[3m"},
        {"smul", "\033[4m"},
        {"rev", "\033[7m"},
        {"setaf", "\033[%?%p1%{8}%<%t3%p1%d%e%p1%{16}%<%t9%p1%{8}%-%d%e38;5;%p1%d%;m"},
        {"setab", "\033[%?%p1%{8}%<%t4%p1%d%e%p1%{16}%<%t10%p1%{8}%-%d%e48;5;%p1%d%;m"},
    };

    for (size_t i = 0; i < ASSAY_COUNT(known); i++) {
        const char *sequence = capability(known[i][0]);

        if (sequence == NULL || strcmp(sequence, known[i][1]) != 0)
            return false;
    }
    return true;
}

static void number(struct assay_buf *out, unsigned value)
{
    char digits[12];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    assay_buf_add(out, digits + at, sizeof digits - at);
}

/* "\033[", VALUE and the letter that ends it. */
static void sequence(struct assay_buf *out, unsigned value, char end)
{
    assay_buf_add(out, "\033[", 2);
    number(out, value);
    assay_buf_char(out, end);
}

/* BASE: 30 for what is written, 40 for what is behind it. */
static void color(struct assay_buf *out, int color, unsigned base)
{
    if (color < 0)
        return;
    assay_buf_char(out, ';');
    if (color < 8) {
        number(out, base + (unsigned)color);
    } else if (color < 16) {
        number(out, base + 60 - 8 + (unsigned)color);
    } else {
        number(out, base + 8);
        assay_buf_add(out, ";5;", 3);
        number(out, (unsigned)color);
    }
}

static bool same_style(const struct style *a, const struct style *b)
{
    return (a->fg == b->fg || (a->fg < 0 && b->fg < 0)) &&
           (a->bg == b->bg || (a->bg < 0 && b->bg < 0)) && a->attrs == b->attrs;
}

static void put_style(struct assay_buf *out, const struct style *style, struct style *pen)
{
    static const struct {
        unsigned attr;
        const char *code;
    } attrs[] = {{STYLE_BOLD, ";1"},
                 {STYLE_DIM, ";2"},
                 {STYLE_ITALIC, ";3"},
                 {STYLE_UNDERLINE, ";4"},
                 {STYLE_REVERSE, ";7"}};

    if (same_style(style, pen))
        return;
    *pen = *style;
    assay_buf_add(out, "\033[", 2);
    for (size_t i = 0; i < ASSAY_COUNT(attrs); i++)
        if (style->attrs & attrs[i].attr)
            assay_buf_text_add(out, attrs[i].code);
    color(out, style->fg, 30);
    color(out, style->bg, 40);
    assay_buf_char(out, 'm');
}

static void put_text(struct assay_buf *out, const wchar_t *text, bool utf8)
{
    char bytes[4];

    for (; *text; text++)
        if (!utf8 || *text < 0x80)
            assay_buf_char(out, (char)*text);
        else
            assay_buf_add(out, bytes, assay_utf8_encode((uint32_t)*text, bytes));
}

static bool is_blank(const struct cell *cell)
{
    return cell->code == ' ' && cell->width == 1 && cell->marks[0] == 0 &&
           same_style(&cell->style, &PLAIN);
}

/* Blanks up to column X, of COUNT. */
static void skip(struct assay_buf *out, int count, struct style *pen)
{
    if (count == 0)
        return;
    if (count > JUMP) {
        sequence(out, (unsigned)count, 'C');
        return;
    }
    put_style(out, &PLAIN, pen);
    assay_buf_add(out, "     ", (size_t)count);
}

void paint_frame(struct assay_buf *out, const struct cell *cells, int width, int height,
                 bool utf8, paint_text_fn text, const void *context)
{
    struct style pen = PLAIN;
    wchar_t shown[4];

    assay_buf_text_add(out, KEEP CLEAR);
    for (int y = 0; y < height; y++, cells += width) {
        int blanks = 0;
        bool begun = false;

        for (int x = 0; x < width; x++) {
            if (is_blank(&cells[x])) {
                blanks++;
                continue;
            }
            if (cells[x].width == 0) /* comes with its left half */
                continue;
            if (!begun)
                sequence(out, (unsigned)y + 1, 'H');
            begun = true;
            skip(out, blanks, &pen);
            blanks = 0;
            put_style(out, &cells[x].style, &pen);
            text(context, &cells[x], shown);
            put_text(out, shown, utf8);
        }
    }
    assay_buf_text_add(out, BACK);
}
