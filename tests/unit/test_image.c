/* Pictures: PNG of every kind read, damage said, two compared, one fitted into a frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include <assay/buf.h>
#include <assay/image.h>

static struct assay_buf png;

static void put_u32(uint32_t value)
{
    for (int i = 24; i >= 0; i -= 8)
        assay_buf_char(&png, (char)(value >> i));
}

static void chunk(const char *type, const void *bytes, size_t length)
{
    put_u32((uint32_t)length);
    assay_buf_text_add(&png, type);
    assay_buf_add(&png, bytes, length);
    put_u32((uint32_t)crc32(crc32(0, (const Bytef *)type, 4), bytes, (uInt)length));
}

/* A PNG whose rows, filter bytes and all, are ROWS. */
static void make(uint32_t width, uint32_t height, uint8_t depth, uint8_t type,
                 const char *palette, const char *clear, size_t clear_length, const void *rows,
                 size_t length)
{
    uint8_t squeezed[1000];
    uLongf size = sizeof squeezed;
    assay_buf_reset(&png);
    assay_buf_add(&png, "\x89PNG\r\n\x1a\n", 8);
    const uint8_t head[13] = {0,
                              0,
                              (uint8_t)(width >> 8),
                              (uint8_t)width,
                              0,
                              0,
                              (uint8_t)(height >> 8),
                              (uint8_t)height,
                              depth,
                              type,
                              0,
                              0,
                              0};
    chunk("IHDR", head, sizeof head);
    if (palette)
        chunk("PLTE", palette, strlen(palette));
    if (clear)
        chunk("tRNS", clear, clear_length);
    assert_int_equal(compress(squeezed, &size, rows, length), Z_OK);
    chunk("IDAT", squeezed, size / 2); /* in two parts */
    chunk("IDAT", squeezed + size / 2, size - size / 2);
    chunk("IEND", "", 0);
}

static void is(const char *expected, size_t pixels)
{
    struct assay_image image;
    struct assay_error err = {0};
    if (assay_image_read(&image, png.data, png.length, &err) != ASSAY_OK)
        fail_msg("%s", err.what);
    assert_int_equal(image.width * image.height, pixels);
    assert_memory_equal(image.rgb, expected, 3 * pixels);
    assay_image_free(&image);
}

#define ROWS(text) text, sizeof(text) - 1

static void every_kind_is_read(void **state)
{
    (void)state;
    make(3, 1, 1, 0, NULL, NULL, 0, ROWS("\0\xa0")); /* grey of one bit: 1 0 1 */
    is("\xff\xff\xff\0\0\0\xff\xff\xff", 3);
    make(2, 1, 4, 0, NULL, NULL, 0, ROWS("\0\xf3"));
    is("\xff\xff\xff\x33\x33\x33", 2);
    make(2, 1, 16, 0, NULL, "\x12\x34", 2, ROWS("\0\x12\x34\x12\x35")); /* the first is clear */
    is("\xff\xff\xff\x12\x12\x12", 2);
    make(2, 1, 2, 3, "abcdef", "\x00", 1, ROWS("\0\x10")); /* palette, its first clear */
    is("\xff\xff\xff"
       "def",
       2);
    make(1, 1, 8, 4, NULL, NULL, 0, ROWS("\0\x80\xff")); /* grey and alpha */
    is("\x80\x80\x80", 1);
    make(2, 1, 8, 6, NULL, NULL, 0, ROWS("\0abc\xff\0\0\0\x00")); /* alpha on white */
    is("abc\xff\xff\xff", 2);
}

static void every_filter_is_undone(void **state)
{
    (void)state;
    /* Left, above, mean, Paeth over two pixels of three bytes. */
    make(2, 5, 8, 2, NULL, NULL, 0,
         ROWS("\0\x0a\x14\x1e\x0a\x14\x1e"
              "\1\x0a\x14\x1e\x01\x01\x01"
              "\2\x01\x01\x01\0\0\0"
              "\3\x01\x01\x01\x02\x02\x02"
              "\4\x01\x02\x03\x04\x05\x06"));
    is("\x0a\x14\x1e\x0a\x14\x1e"
       "\x0a\x14\x1e\x0b\x15\x1f"
       "\x0b\x15\x1f\x0b\x15\x1f"
       "\x06\x0b\x10\x0a\x12\x19"
       "\x07\x0d\x13\x0e\x17\x1f",
       10);
}

static void damage_is_said(void **state)
{
    (void)state;
    struct assay_image image;
    make(2, 5, 8, 2, NULL, NULL, 0, ROWS("\0aaaaaa\1aaaaaa\2aaaaaa\3aaaaaa\4aaaaaa"));
    for (size_t i = 0; i + 12 < png.length; i++) /* cut anywhere before its end chunk */
        assert_int_equal(assay_image_read(&image, png.data, i, NULL), ASSAY_CORRUPT);
    make(0xffff, 0xffff, 16, 6, NULL, NULL, 0, ROWS("\0"));
    assert_int_equal(assay_image_read(&image, png.data, png.length, NULL), ASSAY_CORRUPT);
    make(1, 1, 8, 0, NULL, NULL, 0, ROWS("\7a")); /* no such filter */
    assert_int_equal(assay_image_read(&image, png.data, png.length, NULL), ASSAY_CORRUPT);
    assert_int_equal(assay_image_read(&image, "GIF89a", 6, NULL), ASSAY_CORRUPT);
    assert_true(assay_image_named("a/b.PNG"));
    assert_false(assay_image_named(".png"));
}

static void two_are_compared(void **state)
{
    (void)state;
    struct assay_image a, b, out;
    make(3, 2, 8, 0, NULL, NULL, 0, ROWS("\0aaa\0aaa"));
    assert_int_equal(assay_image_read(&a, png.data, png.length, NULL), ASSAY_OK);
    make(3, 2, 8, 0, NULL, NULL, 0, ROWS("\0aba\0aac"));
    assert_int_equal(assay_image_read(&b, png.data, png.length, NULL), ASSAY_OK);
    struct assay_image_delta d = assay_image_compare(&a, &b);
    assert_false(d.sizes);
    assert_int_equal(d.differ, 2);
    assert_int_equal(d.pixels, 6);
    assert_int_equal(d.largest, 2);
    assert_int_equal(d.left, 1);
    assert_int_equal(d.top, 0);
    assert_int_equal(d.right, 2);
    assert_int_equal(d.bottom, 1);
    assay_image_subtract(&a, &b, &out);
    assert_memory_equal(out.rgb + 3, "\xc8\x14\x28", 3);
    assert_true(out.rgb[0] >= 200 && out.rgb[0] == out.rgb[1]);
    assay_image_free(&out);
    assay_image_free(&b);
    make(2, 3, 8, 0, NULL, NULL, 0, ROWS("\0aa\0aa\0aa"));
    assert_int_equal(assay_image_read(&b, png.data, png.length, NULL), ASSAY_OK);
    assert_true(assay_image_compare(&a, &b).sizes);
    assay_image_subtract(&a, &b, &out);
    assert_null(out.rgb);
    assay_image_free(&a);
    assay_image_free(&b);
}

static void a_picture_fits_its_frame(void **state)
{
    (void)state;
    const struct assay_rgb black = {0, 0, 0};
    struct assay_frame frame = {0};
    struct assay_image image = {2, 1, (uint8_t *)"\xff\0\0\0\0\xff"};
    assay_frame_resize(&frame, 40, 40);
    assay_image_fit(&image, 256, black, &frame); /* 40 x 20 in the middle, in its own colours */
    assert_int_equal(frame.colors, 3);
    assert_int_equal(frame.pixels[0], 0);
    assert_int_equal(frame.pixels[39 * 40], 0);
    struct assay_rgb left = frame.palette[frame.pixels[20 * 40 + 3]];
    struct assay_rgb right = frame.palette[frame.pixels[20 * 40 + 36]];
    assert_int_equal(left.r, 255);
    assert_int_equal(left.b, 0);
    assert_int_equal(right.b, 255);
    /* Many colours: dithered, near on the mean, never beyond the palette. */
    uint8_t *ramp = malloc(256 * 256 * 3);
    for (int i = 0; i < 256 * 256; i++) {
        ramp[3 * i] = (uint8_t)(i % 256);
        ramp[3 * i + 1] = (uint8_t)(i / 256);
        ramp[3 * i + 2] = 128;
    }
    struct assay_image many = {256, 256, ramp};
    static const int colors[] = {256, 64, 16, 4, 0};
    assay_frame_resize(&frame, 256, 256);
    for (size_t c = 0; c < sizeof colors / sizeof *colors; c++) {
        double red = 0;
        assay_image_fit(&many, colors[c], black, &frame);
        assert_true(frame.colors <= (colors[c] ? colors[c] : 16));
        for (int i = 0; i < 256 * 256; i++) {
            assert_true(frame.pixels[i] < frame.colors);
            red += frame.palette[frame.pixels[i]].r;
        }
        if (colors[c] >= 64)
            assert_true(red / 65536 > 122 && red / 65536 < 134);
    }
    uint8_t cells[12];
    int width, height;
    assay_image_cells(&many, 4, 3, cells, &width, &height);
    assert_true(cells[0] < cells[7]);
    assert_int_equal(width, 4); /* a square in cells twice as high as wide */
    assert_int_equal(height, 2);
    assert_int_equal(cells[11], 255);
    free(ramp);
    assay_frame_free(&frame);
}

static void a_large_picture_shrinks(void **state)
{
    (void)state;
    make(4, 2, 8, 0, NULL, NULL, 0, ROWS("\0\x10\x20\x30\x50\0\x20\x10\x50\x30"));
    struct assay_image image;
    assert_int_equal(assay_image_read(&image, png.data, png.length, NULL), ASSAY_OK);
    assay_image_shrink(&image, 4, 2);
    assert_int_equal(image.width, 4);
    assay_image_shrink(&image, 2, 100);
    assert_int_equal(image.width, 2);
    assert_int_equal(image.height, 1);
    assert_memory_equal(image.rgb, "\x18\x18\x18\x40\x40\x40", 6);
    assay_image_free(&image);
}

static int clear(void **state)
{
    (void)state;
    assay_buf_free(&png);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read),       cmocka_unit_test(every_filter_is_undone),
        cmocka_unit_test(damage_is_said),           cmocka_unit_test(two_are_compared),
        cmocka_unit_test(a_picture_fits_its_frame), cmocka_unit_test(a_large_picture_shrinks),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, clear);
}
