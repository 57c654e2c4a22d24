/*
 * CRC-32C and TFRecord framing: published vectors, every way of computing alike, and files that
 * end early, are damaged, or claim more than they hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <assay/memory.h>

#include "source/tfrecord.h"
#include "support/tb_writer.h"

static struct crc32c crc, portable;

static int setup(void **state)
{
    (void)state;
    crc32c_init(&crc);
    crc32c_init_portable(&portable);
    return 0;
}

static void crc_is_as_published(void **state)
{
    (void)state;
    uint8_t zeros[32] = {0}, ones[32], rising[32];
    memset(ones, 0xff, sizeof ones);
    for (unsigned i = 0; i < 32; i++)
        rising[i] = (uint8_t)i;
    const struct crc32c *both[] = {&crc, &portable};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(crc32c(both[i], "123456789", 9), 0xe3069283);
        /* RFC 3720, B.4 */
        assert_int_equal(crc32c(both[i], zeros, 32), 0x8a9136aa);
        assert_int_equal(crc32c(both[i], ones, 32), 0x62a8ab43);
        assert_int_equal(crc32c(both[i], rising, 32), 0x46dd794e);
        assert_int_equal(crc32c(both[i], "", 0), 0);
        assert_int_equal(crc32c_mask(crc32c(both[i], "\x18\0\0\0\0\0\0\0", 8)), 0x224b7fa3);
        assert_int_equal(crc32c_mask(crc32c(both[i],
                                            "\x1a\x11"
                                            "CRC test, one two",
                                            19)),
                         0x5794d08a);
    }
}

static void crc_is_the_same_each_way(void **state)
{
    (void)state;
    size_t size = 50000;
    uint8_t *data = assay_alloc(size);
    uint64_t random = 1;
    for (size_t i = 0; i < size; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        data[i] = (uint8_t)(random >> 56);
    }
    for (size_t length = 0; length < 200; length++)
        assert_int_equal(crc32c(&crc, data + 1, length), crc32c(&portable, data + 1, length));
    for (size_t length = 12270; length < 12310; length++)
        assert_int_equal(crc32c(&crc, data + 3, length), crc32c(&portable, data + 3, length));
    assert_int_equal(crc32c(&crc, data, size), crc32c(&portable, data, size));
    uint32_t piece = crc32c_more(&crc, UINT32_MAX, data, 13001);
    assert_int_equal(~crc32c_more(&crc, piece, data + 13001, size - 13001),
                     crc32c(&crc, data, size));
    free(data);
}

/* ---- files ---- */

static int file_of(const struct assay_buf *bytes)
{
    int fd = memfd_create("records", 0);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes->data, bytes->length), (ssize_t)bytes->length);
    return fd;
}

static void add(struct assay_buf *out, size_t length, char fill)
{
    char *data = assay_alloc(length + 1);
    memset(data, fill, length);
    tb_put_record(out, data, length);
    free(data);
}

static void records_of_all_lengths_come_back(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 5, 5, 5, 100, 0, 99999, 3, 4096, 70000, 7};
    struct assay_buf bytes = {0};
    for (size_t i = 0; i < ASSAY_COUNT(lengths); i++)
        add(&bytes, lengths[i], (char)('a' + i));
    int fd = file_of(&bytes);
    for (size_t block = 16; block <= 100000; block *= 5) {
        struct tfrecord_reader reader;
        struct tfrecord record;
        uint64_t offset = 0;
        tfrecord_open(&reader, &crc, fd, 0, bytes.length, block);
        for (size_t i = 0; i < ASSAY_COUNT(lengths); i++) {
            assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_OK);
            assert_int_equal(record.length, lengths[i]);
            assert_int_equal(record.offset, offset);
            for (size_t k = 0; k < lengths[i]; k++)
                assert_int_equal(record.data[k], 'a' + i);
            offset += lengths[i] + TFRECORD_FRAME;
        }
        assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_END);
        assert_int_equal(reader.offset, bytes.length);
        tfrecord_close(&reader);
    }
    close(fd);
    assay_buf_free(&bytes);
}

static void a_file_cut_anywhere_ends_before_the_torn_record(void **state)
{
    (void)state;
    struct assay_buf bytes = {0};
    add(&bytes, 10, 'a');
    add(&bytes, 20, 'b');
    int fd = file_of(&bytes);
    for (size_t size = 0; size <= bytes.length; size++) {
        struct tfrecord_reader reader;
        struct tfrecord record;
        size_t whole = size == bytes.length ? 2 : size >= 26 ? 1 : 0;
        tfrecord_open(&reader, &crc, fd, 0, size, 4096);
        for (size_t i = 0; i < whole; i++)
            assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_OK);
        assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_END);
        assert_int_equal(record.offset, whole == 2 ? bytes.length : whole * 26);
        tfrecord_close(&reader);
    }
    /* Truncated by somebody while it is being read. */
    struct tfrecord_reader reader;
    struct tfrecord record;
    assert_int_equal(ftruncate(fd, 30), 0);
    tfrecord_open(&reader, &crc, fd, 0, bytes.length, 4096);
    assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_OK);
    assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_END);
    tfrecord_close(&reader);
    close(fd);
    assay_buf_free(&bytes);
}

/* Flips each bit of a file of three records in turn. */
static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    struct assay_buf bytes = {0};
    for (int i = 0; i < 3; i++)
        add(&bytes, 12, 'x');
    for (size_t bit = 0; bit < bytes.length * 8; bit++) {
        uint8_t seen[TFRECORD_HEADER] = {0};
        struct tfrecord record;
        uint64_t need;
        size_t at = 0, good = 0;
        bool noticed = false;
        bytes.data[bit / 8] ^= (char)(1 << bit % 8);
        while (at < bytes.length) {
            enum tfrecord_result result = tfrecord_parse(
                &crc, (uint8_t *)bytes.data + at, bytes.length - at, seen, &record, &need);
            if (result == TFRECORD_OK)
                good++;
            else
                noticed = true;
            if (result != TFRECORD_OK && result != TFRECORD_BAD_DATA) {
                assert_int_equal(result, TFRECORD_BAD_LENGTH);
                assert_int_equal(at, bit / 8 / 28 * 28);
                break;
            }
            at += record.length + TFRECORD_FRAME;
        }
        assert_true(noticed);
        assert_true(good <= 2);
        bytes.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    assay_buf_free(&bytes);
}

static void zeros_are_told_apart(void **state)
{
    (void)state;
    struct assay_buf bytes = {0};
    struct tfrecord_reader reader;
    struct tfrecord record;
    assay_buf_repeat(&bytes, "z", 64);
    memset(bytes.data, 0, bytes.length);
    int fd = file_of(&bytes);
    tfrecord_open(&reader, &crc, fd, 0, bytes.length, 4096);
    assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_BAD_LENGTH);
    assert_true(record.zeros);
    tfrecord_close(&reader);
    close(fd);
    assay_buf_free(&bytes);
}

/* A header with a right checksum that claims SIZE bytes. */
static void put_header(struct assay_buf *out, uint64_t size)
{
    uint32_t sum = crc32c_mask(crc32c(&crc, &size, sizeof size));
    assay_buf_add(out, &size, sizeof size);
    assay_buf_add(out, &sum, sizeof sum);
}

static void claims_beyond_the_file_cost_no_memory(void **state)
{
    (void)state;
    static const uint64_t claims[] = {1000,
                                      TFRECORD_CREDIBLE, /* the last that is waited for */
                                      TFRECORD_CREDIBLE + 1,
                                      (uint64_t)1 << 40,
                                      INT64_MAX - 15,
                                      INT64_MAX,
                                      UINT64_MAX - 15,
                                      UINT64_MAX - 3,
                                      UINT64_MAX};
    for (size_t i = 0; i < ASSAY_COUNT(claims); i++) {
        struct assay_buf bytes = {0};
        struct tfrecord_reader reader;
        struct tfrecord record;
        put_header(&bytes, claims[i]);
        assay_buf_repeat(&bytes, "data", 50);
        int fd = file_of(&bytes);
        tfrecord_open(&reader, &crc, fd, 0, bytes.length, 4096);
        enum tfrecord_result result = tfrecord_next(&reader, &record);
        assert_int_equal(result, i < 2 ? TFRECORD_END : TFRECORD_BAD_LENGTH);
        assert_true(i < 2 || record.absurd);
        assert_true(reader.capacity <= 4096);
        tfrecord_close(&reader);
        close(fd);
        assay_buf_free(&bytes);
    }
}

static void a_record_too_long_to_hold_is_checked_and_passed(void **state)
{
    (void)state;
    struct assay_buf head = {0}, tail = {0};
    struct tfrecord_reader reader;
    struct tfrecord record;
    uint64_t size = TFRECORD_MAX + 5;
    uint8_t *zeros = assay_alloc(1 << 20);
    uint32_t sum = UINT32_MAX;
    for (uint64_t done = 0; done < size; done += 1 << 20)
        sum = crc32c_more(&crc, sum, zeros, size - done < 1 << 20 ? size - done : 1 << 20);
    free(zeros);
    put_header(&head, size);
    int fd = file_of(&head);
    sum = crc32c_mask(~sum);
    assay_buf_add(&tail, &sum, sizeof sum);
    add(&tail, 3, 'e');
    assert_int_equal(pwrite(fd, tail.data, tail.length, (off_t)(12 + size)),
                     (ssize_t)tail.length);
    uint64_t whole = 12 + size + tail.length;
    tfrecord_open(&reader, &crc, fd, 0, whole, 1 << 16);
    assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_TOO_LONG);
    assert_int_equal(record.total, size);
    assert_true(record.length > 0 && record.data[0] == 0);
    assert_true(reader.capacity <= 1 << 16);
    assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_OK);
    assert_int_equal(record.length, 3);
    assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_END);
    tfrecord_close(&reader);
    /* and with one byte of it wrong */
    assert_int_equal(pwrite(fd, "x", 1, 1000000), 1);
    tfrecord_open(&reader, &crc, fd, 0, whole, 1 << 16);
    assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_BAD_DATA);
    assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_OK);
    tfrecord_close(&reader);
    close(fd);
    assay_buf_free(&head);
    assay_buf_free(&tail);
}

static void reading_goes_on_where_it_stopped(void **state)
{
    (void)state;
    struct assay_buf bytes = {0};
    struct tfrecord_reader reader;
    struct tfrecord record;
    add(&bytes, 10, 'a');
    add(&bytes, 20, 'b');
    int fd = file_of(&bytes);
    tfrecord_open(&reader, &crc, fd, 26, bytes.length, 4096);
    assert_int_equal(tfrecord_next(&reader, &record), TFRECORD_OK);
    assert_int_equal(record.length, 20);
    assert_int_equal(record.offset, 26);
    tfrecord_close(&reader);
    close(fd);
    assay_buf_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_is_as_published),
        cmocka_unit_test(crc_is_the_same_each_way),
        cmocka_unit_test(records_of_all_lengths_come_back),
        cmocka_unit_test(a_file_cut_anywhere_ends_before_the_torn_record),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(zeros_are_told_apart),
        cmocka_unit_test(claims_beyond_the_file_cost_no_memory),
        cmocka_unit_test(a_record_too_long_to_hold_is_checked_and_passed),
        cmocka_unit_test(reading_goes_on_where_it_stopped),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
