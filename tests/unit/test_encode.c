/*
 * Encoders: what is sent is decoded again, by a decoder of our own, by libsixel's, by zlib and
 * by libpng, and compared pixel by pixel.
 */
#include <assay/chart.h>

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <png.h>
#include <sixel.h>
#include <zlib.h>

#include <cmocka.h>

#include <assay/memory.h>

#include "support/sixel_decode.h"

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* A frame of runs and noise in COLORS colours that sixel can say exactly. */
static struct assay_frame make_frame(int width, int height, int colors)
{
    struct assay_frame frame = {0};
    uint32_t state = 2463534242u;

    assay_frame_resize(&frame, width, height);
    frame.colors = colors;
    for (int i = 0; i < colors; i++) {
        int percent[3] = {i * 7 % 101, i * 13 % 101, (400 - i) % 101};
        uint8_t *rgb[3] = {&frame.palette[i].r, &frame.palette[i].g, &frame.palette[i].b};
        for (int j = 0; j < 3; j++)
            *rgb[j] = (uint8_t)((percent[j] * 255 + 50) / 100);
    }
    for (int i = 0; i < width * height; i++) {
        uint32_t random = next_random(&state);
        bool run = i > 0 && random % 4 != 0;
        frame.pixels[i] =
            run ? frame.pixels[i - 1] : (uint8_t)((random >> 8) % (uint32_t)colors);
    }
    return frame;
}

static uint32_t packed(struct assay_rgb rgb)
{
    return (uint32_t)rgb.r << 16 | (uint32_t)rgb.g << 8 | rgb.b;
}

/* Of a drawing the colours that are there are sent, of a picture all. */
static int sent_colors(const struct assay_frame *frame)
{
    bool used[256] = {false};
    int count = 0;

    for (int i = 0; i < frame->width * frame->height; i++) {
        count += !used[frame->pixels[i]];
        used[frame->pixels[i]] = true;
    }
    return frame->colors > 64 ? frame->colors : count;
}

/* Does the parts from the last to the first, as helpers may. */
static void spread_backwards(void *self, size_t parts, void (*run)(void *context, size_t part),
                             void *context)
{
    ++*(int *)self;
    while (parts-- > 0)
        run(context, parts);
}

static void check_sixel(int width, int height, int colors)
{
    int spreads = 0;
    const struct assay_hands hands = {.self = &spreads, .spread = spread_backwards, .count = 3};
    struct assay_buf other = {0};
    struct assay_frame frame = make_frame(width, height, colors);
    struct assay_buf bytes = {0};
    struct sixel_image image;
    size_t end;

    assert_int_equal(assay_encode_sixel(&frame, NULL, &bytes, NULL), ASSAY_OK);
    assert_true(sixel_image_read(bytes.data, bytes.length, 0, &image, &end));
    assert_int_equal(end, bytes.length);
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
    assert_int_equal(image.painted_width, width);
    assert_int_equal(image.painted_height, height);
    assert_int_equal(image.defined, sent_colors(&frame));
    for (int i = 0; i < width * height; i++)
        if (image.pixels[i] != packed(frame.palette[frame.pixels[i]]))
            fail_msg("pixel %d,%d differs", i % width, i / width);
    /* Whoever helps, the bytes are the same. */
    assert_int_equal(assay_encode_sixel(&frame, &hands, &other, NULL), ASSAY_OK);
    assert_int_equal(other.length, bytes.length);
    assert_memory_equal(other.data, bytes.data, bytes.length);
    assert_int_equal(spreads, height >= 300 && colors <= 64);
    sixel_image_free(&image);
    assay_buf_free(&other);
    assay_buf_free(&bytes);
    assay_frame_free(&frame);
}

static void test_sixel_round_trip(void **state)
{
    (void)state;
    check_sixel(1, 6, 1);
    check_sixel(10, 6, 16);
    check_sixel(7, 7, 3);
    check_sixel(64, 11, 17);
    check_sixel(300, 120, 41);
    check_sixel(97, 101, 256);
    check_sixel(1000, 400, 77);
    check_sixel(1, 7, 2);
    check_sixel(1600, 35, 64); /* the most colours that are not a picture's, and one more */
    check_sixel(1600, 35, 65);
    check_sixel(90, 301, 9);
    for (int width = 2; width < 40; width++)
        check_sixel(width, 6 + width % 13, 1 + width);
}

/* Pixels past the palette, which no drawing makes, take no memory that is not theirs. */
static void test_sixel_stray_pixels(void **state)
{
    (void)state;
    struct assay_frame frame = make_frame(50, 12, 8);
    struct assay_buf bytes = {0};
    struct sixel_image image;
    size_t end;

    memset(frame.pixels, 3, 50 * 12);
    frame.pixels[60] = 200;
    memset(frame.pixels + 104, 255, 8);
    assert_int_equal(assay_encode_sixel(&frame, NULL, &bytes, NULL), ASSAY_OK);
    assert_true(sixel_image_read(bytes.data, bytes.length, 0, &image, &end));
    for (int i = 0; i < 50 * 12; i++)
        assert_int_equal(image.pixels[i], packed(frame.palette[3]));
    sixel_image_free(&image);
    assay_buf_free(&bytes);
    assay_frame_free(&frame);
}

static void test_sixel_refuses(void **state)
{
    (void)state;
    struct assay_frame frame = make_frame(20, 5, 4);
    struct assay_buf bytes = {0};
    struct assay_error err = {0};

    /* libsixel would begin the image with an empty band. */
    assert_int_equal(assay_encode_sixel(&frame, NULL, &bytes, &err), ASSAY_BAD_INPUT);
    assert_non_null(strstr(err.what, "20 x 5"));
    assert_int_equal(bytes.length, 0);
    assay_frame_resize(&frame, 20, 12);
    frame.colors = 0;
    assert_int_equal(assay_encode_sixel(&frame, NULL, &bytes, NULL), ASSAY_BAD_INPUT);
    frame.colors = 257;
    assert_int_equal(assay_encode_sixel(&frame, NULL, &bytes, NULL), ASSAY_BAD_INPUT);
    frame.colors = 4;
    bytes.limit = 64; /* what the callback cannot store is not lost silently */
    assert_int_equal(assay_encode_sixel(&frame, NULL, &bytes, NULL), ASSAY_IO);
    assay_buf_free(&bytes);
    assay_frame_free(&frame);
}

static void test_decoder_refuses(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "",
        "plain text",
        "\033Pq\"1;1;4;6#0;2;0;0;0~~~~", /* no end */
        "\033Pq#0~\033\\",               /* colour never defined */
        "\033Pq#0;2;0;0;0!99999~\033\\", /* too wide */
        "\033Pq#0;2;0;0;200~\033\\",     /* no percentage */
        "\033Pq#9999;2;0;0;0~\033\\",    /* no register */
        "\033Pq#0;2;0;0;0~\001\033\\",
    };
    struct sixel_image image;

    for (size_t i = 0; i < ASSAY_COUNT(broken); i++)
        assert_false(sixel_image_read(broken[i], strlen(broken[i]), 0, &image, NULL));
}

/* libsixel's own decoder as a second opinion. */
static void check_with_libsixel(int width, int height, int colors)
{
    struct assay_frame frame = make_frame(width, height, colors);
    struct assay_buf bytes = {0};
    unsigned char *pixels = NULL, *palette = NULL;
    int got_width, got_height, got_colors;

    assert_int_equal(assay_encode_sixel(&frame, NULL, &bytes, NULL), ASSAY_OK);
    assert_int_equal(sixel_decode_raw((unsigned char *)bytes.data, (int)bytes.length, &pixels,
                                      &got_width, &got_height, &palette, &got_colors, NULL),
                     SIXEL_OK);
    assert_int_equal(got_width, width);
    assert_int_equal(got_height, height);
    for (int i = 0; i < width * height; i++) {
        const unsigned char *got = palette + 3 * pixels[i];
        const struct assay_rgb *want = &frame.palette[frame.pixels[i]];
        /* It turns percent into bytes by its own rounding. */
        assert_true(pixels[i] < got_colors);
        assert_in_range(got[0], want->r - (want->r > 0), want->r + 1);
        assert_in_range(got[1], want->g - (want->g > 0), want->g + 1);
        assert_in_range(got[2], want->b - (want->b > 0), want->b + 1);
    }
    free(pixels);
    free(palette);
    assay_buf_free(&bytes);
    assay_frame_free(&frame);
}

static void test_libsixel_agrees(void **state)
{
    (void)state;
    check_with_libsixel(1, 6, 2);
    check_with_libsixel(120, 50, 30);
    check_with_libsixel(719, 397, 63);
    check_with_libsixel(1000, 998, 200);
}

/* ---- PNG ---- */

static uint32_t get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
           bytes[3];
}

/* Checks every chunk's sum; returns the inflated rows and checks size and palette. */
static uint8_t *read_png(const uint8_t *bytes, size_t length, const struct assay_frame *frame)
{
    size_t size = ((size_t)frame->width + 1) * (size_t)frame->height, at = 8;
    uint8_t *rows = assay_alloc(size);
    uLongf inflated = size;

    assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
    while (at + 12 <= length) {
        uint32_t part = get_u32(bytes + at);
        const uint8_t *type = bytes + at + 4, *data = type + 4;
        assert_true(at + 12 + part <= length);
        assert_int_equal(crc32(0, type, part + 4), get_u32(data + part));
        if (memcmp(type, "IHDR", 4) == 0) {
            assert_int_equal(get_u32(data), frame->width);
            assert_int_equal(get_u32(data + 4), frame->height);
        } else if (memcmp(type, "PLTE", 4) == 0) {
            assert_int_equal(part, frame->colors * 3);
            for (int i = 0; i < frame->colors; i++)
                assert_int_equal(
                    get_u32((uint8_t[4]){0, data[3 * i], data[3 * i + 1], data[3 * i + 2]}),
                    packed(frame->palette[i]));
        } else if (memcmp(type, "IDAT", 4) == 0) {
            assert_int_equal(uncompress(rows, &inflated, data, part), Z_OK);
        }
        at += 12 + part;
    }
    assert_int_equal(at, length);
    assert_int_equal(inflated, size);
    return rows;
}

static void check_png(const uint8_t *bytes, size_t length, const struct assay_frame *frame)
{
    uint8_t *rows = read_png(bytes, length, frame);
    size_t width = (size_t)frame->width;

    for (size_t y = 0; y < (size_t)frame->height; y++) {
        assert_int_equal(rows[y * (width + 1)], 0);
        assert_memory_equal(rows + y * (width + 1) + 1, frame->pixels + y * width, width);
    }
    free(rows);
}

/* As any program reads it: libpng's simplest way in. */
static void check_with_libpng(const struct assay_buf *bytes, const struct assay_frame *frame)
{
    png_image image = {.version = PNG_IMAGE_VERSION};

    assert_true(png_image_begin_read_from_memory(&image, bytes->data, bytes->length));
    assert_int_equal(image.width, frame->width);
    assert_int_equal(image.height, frame->height);
    image.format = PNG_FORMAT_RGB;
    uint8_t *pixels = assay_alloc(PNG_IMAGE_SIZE(image));
    assert_true(png_image_finish_read(&image, NULL, pixels, 0, NULL));
    for (int i = 0; i < frame->width * frame->height; i++)
        assert_int_equal((uint32_t)pixels[3 * i] << 16 | (uint32_t)pixels[3 * i + 1] << 8 |
                             pixels[3 * i + 2],
                         packed(frame->palette[frame->pixels[i]]));
    free(pixels);
}

static void test_png(void **state)
{
    (void)state;
    static const int sizes[][3] = {{1, 1, 1}, {300, 120, 41}, {1023, 77, 256}, {3, 4000, 16}};

    for (size_t i = 0; i < ASSAY_COUNT(sizes); i++) {
        struct assay_frame frame = make_frame(sizes[i][0], sizes[i][1], sizes[i][2]);
        struct assay_buf bytes = {0};
        assert_int_equal(assay_encode_png(&frame, &bytes, NULL), ASSAY_OK);
        check_png((const uint8_t *)bytes.data, bytes.length, &frame);
        check_with_libpng(&bytes, &frame);
        assay_buf_free(&bytes);
        assay_frame_free(&frame);
    }
}

/* ---- kitty ---- */

static int base64_digit(char c)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;

    return found == NULL ? -1 : (int)(found - digits);
}

static void test_kitty(void **state)
{
    (void)state;
    struct assay_frame frame = make_frame(300, 120, 41);
    struct assay_buf bytes = {0}, png = {0};
    int pieces = 0;

    assert_int_equal(assay_encode_kitty(&frame, 7, 30, 6, &bytes, NULL), ASSAY_OK);
    assert_int_equal(strncmp(bytes.data, "\033_Ga=T,f=100,i=7,p=1,q=2,C=1,c=30,r=6,m=1;", 40),
                     0);
    for (const char *at = bytes.data; at < bytes.data + bytes.length; pieces++) {
        assert_int_equal(strncmp(at, "\033_G", 3), 0);
        const char *text = strchr(at, ';') + 1, *end = strstr(text, "\033\\");
        assert_non_null(end);
        assert_in_range(end - text, 4, 4096);
        assert_int_equal((end - text) % 4, 0);
        assert_int_equal(text[-2], end + 2 == bytes.data + bytes.length ? '0' : '1');
        for (; text < end; text += 4) {
            uint32_t word = 0;
            int pads = (text[2] == '=') + (text[3] == '=');
            for (int i = 0; i < 4; i++)
                word = word << 6 | (uint32_t)(text[i] == '=' ? 0 : base64_digit(text[i]));
            for (int i = 0; i < 3 - pads; i++)
                assay_buf_char(&png, (char)(word >> (16 - 8 * i)));
        }
        at = end + 2;
    }
    assert_true(pieces > 2);
    check_png((const uint8_t *)png.data, png.length, &frame);
    assay_buf_free(&bytes);
    assay_buf_free(&png);
    assay_frame_free(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sixel_round_trip),
        cmocka_unit_test(test_sixel_stray_pixels),
        cmocka_unit_test(test_sixel_refuses),
        cmocka_unit_test(test_decoder_refuses),
        cmocka_unit_test(test_libsixel_agrees),
        cmocka_unit_test(test_png),
        cmocka_unit_test(test_kitty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
