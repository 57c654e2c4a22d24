/*
 * The test terminal's glass: takes the program's stream apart, gives text to libvterm, lays
 * images on a layer of pixels and answers questions, each as the terminal that is played would.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#include "support/screen_private.h"

#define CW SCREEN_CELL_WIDTH
#define CH SCREEN_CELL_HEIGHT

/* ---- who is played ---- */

struct personality {
    const char *da1;
    bool cell;     /* answers 16t and 14t */
    int registers; /* XTSMGRAPHICS; 0: refuses */
    int wrap;      /* registers it really has; 0: enough */
    int max;       /* side of the largest image; larger ones are dropped. 0: no limit */
    bool window;   /* the kernel knows its pixels */
    bool sync, mode_reply, kitty, sixel;
    const char *version;
    const char *background;
};

static const struct personality personalities[] = {
    [SCREEN_XTERM] = {.da1 = "\033[?64;1;2;6;9;15;16;17;18;21;22;28c",
                      .window = true,
                      .mode_reply = true,
                      .version = "XTerm(379)",
                      .background = "rgb:0000/0000/0000"},
    [SCREEN_XTERM_VT340] = {.da1 = "\033[?63;1;2;4;6;9;15;16;22c",
                            .registers = 1024,
                            .max = 1000,
                            .window = true,
                            .mode_reply = true,
                            .sixel = true,
                            .version = "XTerm(379)"},
    [SCREEN_XTERM_16] = {.da1 = "\033[?63;1;2;4;6;9;15;16;22c",
                         .registers = 16,
                         .wrap = 16,
                         .max = 1000,
                         .window = true,
                         .mode_reply = true,
                         .sixel = true,
                         .version = "XTerm(379)"},
    [SCREEN_FOOT] = {.da1 = "\033[?62;4;22c",
                     .cell = true,
                     .registers = 1024,
                     .sync = true,
                     .mode_reply = true,
                     .sixel = true,
                     .version = "foot(1.13.1)",
                     .background = "rgb:1010/1414/1818"},
    [SCREEN_KITTY] = {.da1 = "\033[?62;c",
                      .cell = true,
                      .window = true,
                      .sync = true,
                      .mode_reply = true,
                      .kitty = true,
                      .version = "kitty(0.26.5)",
                      .background = "rgb:0000/0000/0000"},
    [SCREEN_TMUX] = {.da1 = "\033[?1;2;4c",
                     .cell = true,
                     .registers = 1024,
                     .wrap = 16,
                     .window = true,
                     .sync = true,
                     .mode_reply = true,
                     .sixel = true,
                     .version = "tmux next-3.8"},
    [SCREEN_KONSOLE] = {.da1 = "\033[?62;1;4c",
                        .cell = true,
                        .registers = 256,
                        .window = true,
                        .kitty = true,
                        .sixel = true,
                        .version = "Konsole 22.12.3"},
    [SCREEN_MUTE] = {.da1 = NULL},
    [SCREEN_LATE] = {.da1 = "\033[?63;1;2;4;6;9;15;16;22c",
                     .cell = true,
                     .registers = 1024,
                     .max = 1000,
                     .window = true,
                     .mode_reply = true,
                     .sixel = true,
                     .version = "XTerm(379)",
                     .background = "rgb:0000/0000/0000"},
    [SCREEN_LYING] = {.da1 = "\033[?62;4c", .sixel = true, .version = "liar"},
    [SCREEN_LIGHT] = {.da1 = "\033[?62;4;22c",
                      .cell = true,
                      .registers = 1024,
                      .sync = true,
                      .mode_reply = true,
                      .sixel = true,
                      .version = "foot(1.13.1)",
                      .background = "rgb:ffff/ffff/ffff"},
};

static const struct personality *who(const struct screen *screen)
{
    return &personalities[screen->kind];
}

void glass_window(const struct screen *screen, int *width, int *height)
{
    bool known = who(screen)->window;

    *width = known ? screen->columns * CW + 4 : 0; /* xterm counts its inner border */
    *height = known ? screen->rows * CH + 4 : 0;
}

/* ---- the layer of pixels ---- */

static void clear_pixels(struct screen *screen, VTermRect cells)
{
    int width = screen->columns * CW;

    for (int y = cells.start_row * CH; y < cells.end_row * CH && y < screen->rows * CH; y++)
        for (int x = cells.start_col * CW; x < cells.end_col * CW && x < width; x++)
            screen->glass[y * width + x] = SIXEL_UNPAINTED;
}

static bool any_pixel(const struct screen *screen, const struct screen_image *image)
{
    int width = screen->columns * CW;

    for (int y = 0; y < image->height; y++) {
        for (int x = 0; x < image->width; x++) {
            int gx = image->column * CW + x, gy = image->row * CH + y;

            if (gx < width && gy < screen->rows * CH &&
                screen->glass[gy * width + gx] != SIXEL_UNPAINTED)
                return true;
        }
    }
    return false;
}

/* Drops images of which nothing is left. */
static void sweep(struct screen *screen)
{
    size_t kept = 0;

    for (size_t i = 0; i < screen->image_count; i++) {
        const struct screen_image *image = &screen->images[i];

        if (image->id != 0 || any_pixel(screen, image))
            screen->images[kept++] = *image;
    }
    screen->image_count = kept;
}

static bool touches(const struct screen_image *image, VTermRect cells)
{
    return image->column < cells.end_col && cells.start_col < image->column + image->columns &&
           image->row < cells.end_row && cells.start_row < image->row + image->rows;
}

static VTermRect image_cells(const struct screen_image *image)
{
    return (VTermRect){.start_row = image->row,
                       .end_row = image->row + image->rows,
                       .start_col = image->column,
                       .end_col = image->column + image->columns};
}

static int on_damage(VTermRect rect, void *user)
{
    struct screen *screen = user;

    if (screen->kind == SCREEN_KONSOLE)
        return 1;
    if (screen->kind == SCREEN_TMUX) {
        for (size_t i = 0; i < screen->image_count; i++)
            if (touches(&screen->images[i], rect))
                clear_pixels(screen, image_cells(&screen->images[i]));
    }
    clear_pixels(screen, rect);
    return 1;
}

static int on_moverect(VTermRect dest, VTermRect src, void *user)
{
    struct screen *screen = user;

    if (src.start_col == 0 && src.end_col == screen->columns)
        screen->counts.scrolls++;
    on_damage(dest, user);
    on_damage(src, user);
    return 1;
}

static int on_termprop(VTermProp prop, VTermValue *value, void *user)
{
    struct screen *screen = user;

    if (prop == VTERM_PROP_CURSORVISIBLE)
        screen->cursor_visible = value->boolean != 0;
    return 1;
}

static const VTermScreenCallbacks callbacks = {
    .damage = on_damage, .moverect = on_moverect, .settermprop = on_termprop};

static void set_layer(struct screen *screen)
{
    size_t pixels = (size_t)screen->columns * CW * (size_t)screen->rows * CH;

    free(screen->glass);
    screen->glass = assay_alloc_array(pixels + 1, sizeof *screen->glass);
    memset(screen->glass, 0xff, pixels * sizeof *screen->glass);
    screen->image_count = 0;
}

void glass_open(struct screen *screen)
{
    screen->vt = vterm_new(screen->rows, screen->columns);
    vterm_set_utf8(screen->vt, 1);
    screen->text = vterm_obtain_screen(screen->vt);
    vterm_screen_set_callbacks(screen->text, &callbacks, screen);
    vterm_screen_enable_altscreen(screen->text, 1);
    vterm_screen_set_damage_merge(screen->text, VTERM_DAMAGE_CELL);
    set_layer(screen);
    vterm_screen_reset(screen->text, 1);
    screen->cursor_visible = true;
}

void glass_resize(struct screen *screen, int columns, int rows)
{
    screen->columns = columns;
    screen->rows = rows;
    set_layer(screen);
    vterm_set_size(screen->vt, rows, columns);
}

void glass_close(struct screen *screen)
{
    vterm_free(screen->vt);
    free(screen->glass);
    assay_buf_free(&screen->sequence);
}

static VTermPos cursor(const struct screen *screen)
{
    VTermPos pos;

    vterm_state_get_cursorpos(vterm_obtain_state(screen->vt), &pos);
    return pos;
}

/* The caller has swept before it painted: with the new pixels there, an image that was erased
   just before would look as if something of it were left. */
static void add_image(struct screen *screen, struct screen_image image)
{
    image.serial = ++screen->counts.images;
    if (screen->image_count < sizeof screen->images / sizeof screen->images[0])
        screen->images[screen->image_count++] = image;
}

static void place_sixel(struct screen *screen, const struct assay_buf *bytes)
{
    const struct personality *self = who(screen);
    struct sixel_image sixel;
    struct screen_image image;
    VTermPos pos = cursor(screen);
    int width = screen->columns * CW;
    size_t end;

    screen->counts.image_bytes += bytes->length;
    if (!self->sixel || !sixel_image_read(bytes->data, bytes->length, self->wrap, &sixel, &end))
        return;
    if ((self->max > 0 && (sixel.width > self->max || sixel.height > self->max)) ||
        (screen->kind == SCREEN_TMUX && screen->sync)) {
        screen->counts.dropped++;
        sixel_image_free(&sixel);
        return;
    }
    image = (struct screen_image){.row = pos.row,
                                  .column = pos.col,
                                  .width = sixel.width,
                                  .height = sixel.height,
                                  .columns = (sixel.width + CW - 1) / CW,
                                  .rows = (sixel.height + CH - 1) / CH};
    if (image.row + image.rows >= screen->rows)
        screen->counts.last_row++;
    sweep(screen);
    for (int y = 0; y < sixel.height; y++) {
        for (int x = 0; x < sixel.width; x++) {
            uint32_t pixel = sixel.pixels[y * sixel.width + x];
            int gx = pos.col * CW + x, gy = pos.row * CH + y;

            if (pixel != SIXEL_UNPAINTED && gx < width && gy < screen->rows * CH)
                screen->glass[gy * width + gx] = pixel;
        }
    }
    add_image(screen, image);
    sixel_image_free(&sixel);
}

/* ---- kitty ---- */

/* The number of KEY among "k=v,k=v" before the ';'. */
static long kitty_number(const char *text, char key, long otherwise)
{
    for (const char *p = text; *p != '\0' && *p != ';'; p++) {
        bool begins = p == text || p[-1] == ',';

        if (begins && p[0] == key && p[1] == '=')
            return strtol(p + 2, NULL, 10);
    }
    return otherwise;
}

static char kitty_letter(const char *text, char key)
{
    for (const char *p = text; *p != '\0' && *p != ';'; p++)
        if ((p == text || p[-1] == ',') && p[0] == key && p[1] == '=')
            return p[2];
    return '\0';
}

static void kitty_delete(struct screen *screen, const char *text)
{
    long id = kitty_number(text, 'i', 0);
    size_t kept = 0;

    if (kitty_letter(text, 'd') == 'A') {
        for (size_t i = 0; i < screen->image_count; i++)
            clear_pixels(screen, image_cells(&screen->images[i]));
        screen->image_count = 0;
        return;
    }
    for (size_t i = 0; i < screen->image_count; i++)
        if (screen->images[i].id != (uint32_t)id)
            screen->images[kept++] = screen->images[i];
    screen->image_count = kept;
}

static void answer(struct screen *screen, const char *text)
{
    assay_buf_text_add(&screen->answers, text);
}

static void take_kitty(struct screen *screen, const char *text, size_t length)
{
    char action = kitty_letter(text, 'a');
    long id = kitty_number(text, 'i', 0);
    VTermPos pos = cursor(screen);

    if (screen->kind == SCREEN_TMUX)
        screen->counts.titles++; /* what it takes any such string for */
    if (!who(screen)->kitty)
        return;
    if (action == 'q') {
        char reply[64];

        snprintf(reply, sizeof reply, "\033_Gi=%ld;OK\033\\", id);
        answer(screen, reply);
    } else if (action == 'd') {
        kitty_delete(screen, text);
    } else {
        screen->counts.image_bytes += length;
        if (action != 'T')
            return; /* more of the one before */
        kitty_delete(screen, text);
        add_image(screen, (struct screen_image){.row = pos.row,
                                                .column = pos.col,
                                                .id = (uint32_t)id,
                                                .columns = (int)kitty_number(text, 'c', 1),
                                                .rows = (int)kitty_number(text, 'r', 1)});
    }
}

/* ---- questions ---- */

static void answer_size(struct screen *screen, char item, const struct personality *self)
{
    char reply[64];

    if (screen->kind == SCREEN_LYING) {
        snprintf(reply, sizeof reply, "\033[%c;0;99999t", item);
        answer(screen, reply);
        return;
    }
    if (!self->cell)
        return;
    if (item == '6')
        snprintf(reply, sizeof reply, "\033[6;%d;%dt", CH, CW);
    else
        snprintf(reply, sizeof reply, "\033[4;%d;%dt", screen->rows * CH, screen->columns * CW);
    answer(screen, reply);
}

static void answer_xtsm(struct screen *screen, char item, const struct personality *self)
{
    int width = screen->columns * CW, height = screen->rows * CH;
    char reply[64];

    if (screen->kind == SCREEN_LYING) {
        answer(screen, item == '1' ? "\033[?1;0;-7S" : "\033[?1;3;0S");
        return;
    }
    if (self->registers == 0) {
        snprintf(reply, sizeof reply, "\033[?%c;3;0S", item);
    } else if (item == '1') {
        snprintf(reply, sizeof reply, "\033[?1;0;%dS", self->registers);
    } else {
        if (self->max > 0 && width > self->max)
            width = self->max;
        if (self->max > 0 && height > self->max)
            height = self->max;
        snprintf(reply, sizeof reply, "\033[?2;0;%d;%dS", width, height);
    }
    answer(screen, reply);
}

/* True where the control sequence (without ESC [) was a question. */
static bool take_question(struct screen *screen, const char *text)
{
    const struct personality *self = who(screen);
    char reply[160];

    if (strcmp(text, "c") == 0 || strcmp(text, "0c") == 0) {
        screen->counts.fences++;
        if (self->da1 != NULL)
            answer(screen, self->da1);
    } else if (strcmp(text, "16t") == 0 || strcmp(text, "14t") == 0) {
        answer_size(screen, text[1] == '6' ? '6' : '4', self);
    } else if (strcmp(text, "?1;1;0S") == 0 || strcmp(text, "?2;1;0S") == 0) {
        if (self->da1 != NULL)
            answer_xtsm(screen, text[1], self);
    } else if (strcmp(text, "?2026$p") == 0) {
        snprintf(reply, sizeof reply, "\033[?2026;%d$y", self->sync ? 2 : 0);
        if (self->mode_reply)
            answer(screen, reply);
    } else if (strcmp(text, ">0q") == 0 || strcmp(text, ">q") == 0) {
        snprintf(reply, sizeof reply, "\033P>|%s\033\\",
                 self->version != NULL ? self->version : "");
        if (self->version != NULL)
            answer(screen, reply);
    } else if (strcmp(text, "6n") == 0 || strcmp(text, "?6n") == 0) {
        VTermPos pos = cursor(screen);

        snprintf(reply, sizeof reply, "\033[%s%d;%dR", text[0] == '?' ? "?" : "", pos.row + 1,
                 pos.col + 1);
        if (self->da1 != NULL)
            answer(screen, reply);
    } else if (strcmp(text, "5n") == 0) {
        if (self->da1 != NULL)
            answer(screen, "\033[0n");
    } else {
        return false;
    }
    screen->counts.questions++;
    return true;
}

/* ---- the stream ---- */

static void forward(struct screen *screen, const char *bytes, size_t length)
{
    vterm_input_write(screen->vt, bytes, length);
}

/* Repeats the character before, which libvterm does not do. */
static void repeat_last(struct screen *screen, const char *text)
{
    long times = strtol(text, NULL, 10);

    for (long i = 0; i < (times < 1 ? 1 : times) && i < 1000; i++)
        forward(screen, screen->last, screen->last_length);
}

static void end_csi(struct screen *screen)
{
    const char *text = assay_buf_text(&screen->sequence) + 2;
    size_t length = strlen(text);

    if (take_question(screen, text))
        return;
    if (strcmp(text, "?2026h") == 0 || strcmp(text, "?2026l") == 0) {
        screen->sync = text[5] == 'h';
    } else if (length > 0 && text[length - 1] == 'b') {
        repeat_last(screen, text);
    } else {
        if (screen->kind == SCREEN_KONSOLE && strcmp(text, "2J") == 0)
            set_layer(screen);
        forward(screen, screen->sequence.data, screen->sequence.length);
    }
}

static void end_string(struct screen *screen)
{
    const char *text = assay_buf_text(&screen->sequence) + 2;
    size_t length = screen->sequence.length - 2;

    if (screen->introducer == 'P') {
        size_t parameters = strspn(text, "0123456789;");

        if (text[parameters] == 'q') {
            assay_buf_text_add(&screen->sequence, "\033\\");
            place_sixel(screen, &screen->sequence);
        }
    } else if (screen->introducer == '_' && text[0] == 'G') {
        take_kitty(screen, text + 1, length);
    } else if (screen->introducer == ']' && strcmp(text, "11;?") == 0) {
        screen->counts.questions++;
        if (who(screen)->background != NULL) {
            answer(screen, "\033]11;");
            answer(screen, who(screen)->background);
            answer(screen, "\033\\");
        }
    }
}

static void text_byte(struct screen *screen, char byte)
{
    unsigned char b = (unsigned char)byte;

    if (b >= 0x20 && (b & 0xc0) != 0x80)
        screen->last_length = 0;
    if (b >= 0x20 && screen->last_length < sizeof screen->last)
        screen->last[screen->last_length++] = byte;
    forward(screen, &byte, 1);
}

static void take_esc(struct screen *screen, char byte)
{
    assay_buf_char(&screen->sequence, byte);
    if (byte == '[') {
        screen->state = STREAM_CSI;
    } else if (strchr("P]_^X", byte) != NULL) {
        screen->state = STREAM_STRING;
        screen->introducer = byte;
    } else if (byte >= 0x20 && byte <= 0x2f) {
        return; /* one more byte */
    } else {
        screen->state = STREAM_TEXT;
        forward(screen, screen->sequence.data, screen->sequence.length);
    }
}

static void take_byte(struct screen *screen, char byte)
{
    switch (screen->state) {
    case STREAM_TEXT:
        if (byte == '\033') {
            screen->state = STREAM_ESC;
            assay_buf_reset(&screen->sequence);
            assay_buf_char(&screen->sequence, byte);
        } else {
            text_byte(screen, byte);
        }
        break;
    case STREAM_ESC:
        take_esc(screen, byte);
        break;
    case STREAM_CSI:
        assay_buf_char(&screen->sequence, byte);
        if (byte >= 0x40 && byte <= 0x7e) {
            screen->state = STREAM_TEXT;
            end_csi(screen);
        }
        break;
    case STREAM_STRING:
        if (byte == '\033') {
            screen->state = STREAM_STRING_ESC;
        } else if (byte == '\a' || byte == 0x18) {
            screen->state = STREAM_TEXT;
            if (byte == '\a')
                end_string(screen);
        } else {
            assay_buf_char(&screen->sequence, byte);
        }
        break;
    case STREAM_STRING_ESC:
        screen->state = STREAM_TEXT;
        if (byte == '\\')
            end_string(screen);
        break;
    }
}

void glass_take(struct screen *screen, const char *bytes, size_t length)
{
    screen->counts.bytes += length;
    for (size_t i = 0; i < length; i++)
        take_byte(screen, bytes[i]);
    sweep(screen);
}
