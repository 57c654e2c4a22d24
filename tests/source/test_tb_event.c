/*
 * Decoding TensorBoard's events: number types, what is left out because it is zero,
 * hyperparameters, damaged messages; and templates, which must never see in a record what the
 * decoder does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/memory.h>

#include "source/tb_event.h"
#include "source/tb_template.h"
#include "support/tb_writer.h"

static struct protobuf_slice slice(const struct assay_buf *buf)
{
    return (struct protobuf_slice){(const uint8_t *)assay_buf_text(buf), buf->length};
}

/* The example of TensorFlow 2's encoding that the reference of the format gives. */
static const uint8_t accuracy[] =
    "\x09\xc4\x05\xb7\x3d\x99\xd6\xd7\x41\x10\x4d\x2a\x25\x0a\x23\x0a\x08"
    "accuracy\x42\x0a\x08\x01\x12\x00\x22\x04\xa4\x70\x7d\x3f\x4a\x0b\x0a\x09\x0a\x07scalars";

static void an_event_is_decoded(void **state)
{
    (void)state;
    struct tb_event event;
    struct tb_value value;
    struct tb_number number;
    assert_true(tb_event_decode(accuracy, sizeof accuracy - 1, &event));
    assert_int_equal(event.step, 77);
    assert_true(event.wall_time > 1.5e9 && event.wall_time < 1.7e9);
    struct protobuf walk = protobuf_walk(event.summary);
    assert_true(tb_value_next(&walk, &value));
    assert_true(protobuf_is(value.tag, "accuracy"));
    assert_true(protobuf_is(value.plugin, "scalars"));
    assert_int_equal(value.kind, TB_TENSOR);
    assert_int_equal(tb_tensor_number(value.content, &number), TB_NUMBER_OK);
    assert_true(number.value == (double)0.99f && number.single);
    assert_false(tb_value_next(&walk, &value));
    assert_false(walk.broken);
}

static void any_cut_of_an_event_is_noticed(void **state)
{
    (void)state;
    for (size_t length = 1; length < sizeof accuracy - 1; length++) {
        struct tb_event event;
        uint8_t *cut = assay_alloc(length); /* so that a sanitizer sees a read past it */
        memcpy(cut, accuracy, length);
        bool good = tb_event_decode(cut, length, &event);
        assert_true(good == (length == 9 || length == 11)); /* ends between two fields */
        free(cut);
    }
}

static double tensor_of(unsigned dtype, unsigned field, const char *value, size_t length,
                        enum tb_number_result expected)
{
    struct assay_buf tensor = {0};
    struct tb_number number;
    tb_put_number(&tensor, 1, dtype);
    tb_put_bytes(&tensor, field, value, length);
    assert_int_equal(tb_tensor_number(slice(&tensor), &number), expected);
    assay_buf_free(&tensor);
    return number.value;
}

static void tensors_of_all_types_are_numbers(void **state)
{
    (void)state;
    enum tb_number_result ok = TB_NUMBER_OK;
    /* packed values (a field of bytes), then tensor_content (4) */
    assert_true(tensor_of(1, 5, "\0\0\x20\x40", 4, ok) == 2.5);
    assert_true(tensor_of(2, 6, "\0\0\0\0\0\0\x04\x40", 8, ok) == 2.5);
    assert_true(tensor_of(3, 7, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, ok) == -1);
    assert_true(tensor_of(3, 4, "\xfe\xff\xff\xff", 4, ok) == -2);
    assert_true(tensor_of(4, 4, "\xff", 1, ok) == 255);
    assert_true(tensor_of(6, 4, "\xff", 1, ok) == -1);
    assert_true(tensor_of(5, 4, "\x00\x80", 2, ok) == -32768);
    assert_true(tensor_of(17, 4, "\x00\x80", 2, ok) == 32768);
    assert_true(tensor_of(9, 10, "\x07", 1, ok) == 7);
    assert_true(tensor_of(10, 11, "\x01", 1, ok) == 1);
    assert_true(tensor_of(22, 4, "\xff\xff\xff\xff", 4, ok) == 4294967295.0);
    assert_true(tensor_of(23, 17, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, ok) ==
                18446744073709551615.0);
    /* halves: 1, -2, the smallest, the greatest, infinity, NaN */
    assert_true(tensor_of(19, 4, "\x00\x3c", 2, ok) == 1);
    assert_true(tensor_of(19, 4, "\x00\xc0", 2, ok) == -2);
    assert_true(tensor_of(19, 4, "\x01\x00", 2, ok) == ldexp(1, -24));
    assert_true(tensor_of(19, 4, "\xff\x7b", 2, ok) == 65504);
    assert_true(tensor_of(19, 4, "\x00\xfc", 2, ok) == -INFINITY);
    assert_true(isnan(tensor_of(19, 4, "\x01\x7c", 2, ok)));
    assert_true(tensor_of(14, 13, "\x80\x7f", 2, ok) == 1);
    assert_true(tensor_of(14, 4, "\x80\x3f", 2, ok) == 1); /* bfloat16 */
    assert_true(tensor_of(1, 99, "", 0, ok) == 0);         /* nothing at all is zero */
}

static void tensors_that_are_no_scalars_are_told_apart(void **state)
{
    (void)state;
    struct assay_buf tensor = {0}, shape = {0}, dimension = {0};
    struct tb_number number;
    tensor_of(1, 5, "\0\0\0\0\0\0\0\0", 8, TB_NUMBER_NOT_ONE);
    tensor_of(1, 4, "\0\0\0\0\0\0\0\0", 8, TB_NUMBER_NOT_ONE);
    tensor_of(1, 5, "\0\0\0", 3, TB_NUMBER_BROKEN);
    tensor_of(3, 7, "\xff", 1, TB_NUMBER_BROKEN);
    tensor_of(7, 8, "text", 4, TB_NUMBER_NONE);
    tensor_of(8 /* complex */, 9, "\0\0\0\0", 4, TB_NUMBER_NONE);
    tb_put_number(&dimension, 1, 0); /* an empty vector */
    tb_put_message(&shape, 2, &dimension);
    tb_put_number(&tensor, 1, 1);
    tb_put_message(&tensor, 2, &shape);
    assert_int_equal(tb_tensor_number(slice(&tensor), &number), TB_NUMBER_NOT_ONE);
    assay_buf_free(&tensor);
}

static void texts_come_one_a_line(void **state)
{
    (void)state;
    struct assay_buf tensor = {0}, text = {0};
    tb_put_number(&tensor, 1, 7);
    tb_put_bytes(&tensor, 8, "one", 3);
    tb_put_bytes(&tensor, 8, "two", 3);
    assert_true(tb_tensor_text(slice(&tensor), &text));
    assert_string_equal(assay_buf_text(&text), "one\ntwo");
    assay_buf_free(&text);
    assay_buf_free(&tensor);
    tb_put_number(&tensor, 1, 1);
    assert_false(tb_tensor_text(slice(&tensor), &text));
    assay_buf_free(&tensor);
}

/* Adds NAME = the google.protobuf.Value VALUE (taken) to a SessionStartInfo. */
static void put_hparam(struct assay_buf *start, const char *name, struct assay_buf *value)
{
    struct assay_buf entry = {0};
    tb_put_bytes(&entry, 1, name, strlen(name));
    tb_put_message(&entry, 2, value);
    tb_put_message(start, 1, &entry);
}

static void hyperparameters_are_decoded(void **state)
{
    (void)state;
    struct assay_buf start = {0}, data = {0}, value = {0}, end = {0};
    struct tb_hparams hparams;
    struct tb_hparam hparam;
    tb_put_double(&value, 2, 0.1);
    put_hparam(&start, "lr", &value);
    tb_put_bytes(&value, 3, "adam", 4);
    put_hparam(&start, "optimiser", &value);
    tb_put_number(&value, 4, 0);
    put_hparam(&start, "nesterov", &value);
    tb_put_double(&value, 2, 32);
    put_hparam(&start, "batch", &value);
    tb_put_bytes(&start, 4, "group-7", 7);
    tb_put_message(&data, 3, &start);
    assert_true(tb_hparams_decode(slice(&data), &hparams));
    assert_int_equal(hparams.end, TB_SESSION_OPEN);
    assert_true(protobuf_is(tb_hparams_group(hparams.start), "group-7"));
    struct protobuf walk = protobuf_walk(hparams.start);
    static const struct {
        const char *name, *number, *text;
    } expected[] = {{"lr", "0.1", ""},
                    {"optimiser", "", "adam"},
                    {"nesterov", "false", ""},
                    {"batch", "32", ""}};
    for (size_t i = 0; i < ASSAY_COUNT(expected); i++) {
        assert_true(tb_hparam_next(&walk, &hparam));
        assert_true(protobuf_is(hparam.name, expected[i].name));
        assert_string_equal(hparam.number, expected[i].number);
        assert_true(protobuf_is(hparam.text, expected[i].text));
    }
    assert_false(tb_hparam_next(&walk, &hparam));
    assert_false(walk.broken);
    assay_buf_free(&data);
    for (unsigned status = 0; status < 4; status++) {
        static const enum tb_session_end ends[] = {TB_SESSION_DONE, TB_SESSION_DONE,
                                                   TB_SESSION_FAILED, TB_SESSION_RUNNING};
        tb_put_number(&end, 1, status);
        tb_put_message(&data, 4, &end);
        assert_true(tb_hparams_decode(slice(&data), &hparams));
        assert_int_equal(hparams.end, ends[status]);
        assay_buf_free(&data);
    }
}

/* ---- templates ---- */

/* The only number of an event by decoding; false where it is not one point. */
static bool decode_point(const uint8_t *data, size_t length, struct tb_event *event,
                         struct tb_number *number, struct protobuf_slice *tag)
{
    struct tb_value value, another;
    if (!tb_event_decode(data, length, event))
        return false;
    struct protobuf walk = protobuf_walk(event->summary);
    if (!tb_value_next(&walk, &value) || walk.at != walk.end || tb_value_next(&walk, &another))
        return false;
    *tag = value.tag;
    if (value.kind == TB_SIMPLE)
        *number = tb_simple_number(value.content);
    return value.kind == TB_SIMPLE ||
           (value.kind == TB_TENSOR && tb_tensor_number(value.content, number) == TB_NUMBER_OK);
}

static struct tb_template *template_of(const struct assay_buf *record)
{
    struct tb_event event;
    struct tb_number number;
    struct protobuf_slice tag;
    const uint8_t *data = (const uint8_t *)record->data;
    assert_true(decode_point(data, record->length, &event, &number, &tag));
    return tb_template_new(&event, &number, data + record->length);
}

/* Whether TEMPLATE takes RECORD; then the number is what the decoder says. */
static bool takes(const struct tb_template *template, const struct assay_buf *record)
{
    double wall_time, value;
    int64_t step;
    struct tb_event event;
    struct tb_number number;
    struct protobuf_slice tag;
    const uint8_t *data = (const uint8_t *)record->data;
    const uint8_t *rest = tb_template_head(data, record->length, &wall_time, &step);
    if (!rest ||
        !tb_template_fits(template, rest, (size_t)(data + record->length - rest), &value))
        return false;
    assert_true(decode_point(data, record->length, &event, &number, &tag));
    assert_int_equal(event.step, step);
    assert_memory_equal(&event.wall_time, &wall_time, 8);
    assert_memory_equal(&number.value, &value, 8);
    return true;
}

static void a_template_takes_its_tag_alone(void **state)
{
    (void)state;
    struct assay_buf first = {0}, other = {0};
    tb_put_simple_event(&first, 1.5, 1, "loss", 0.5f);
    struct tb_template *template = template_of(&first);
    assert_non_null(template);
    assert_true(takes(template, &first));
    tb_put_simple_event(&other, 1e9 + 0.25, (int64_t)1 << 40, "loss", NAN);
    assert_true(takes(template, &other));
    assay_buf_reset(&other);
    tb_put_simple_event(&other, 1.5, 1, "lass", 0.5f);
    assert_false(takes(template, &other));
    assay_buf_reset(&other);
    tb_put_simple_event(&other, 1.5, 0, "loss", 0.5f); /* no step: for the decoder */
    assert_false(takes(template, &other));
    assay_buf_reset(&other);
    tb_put_simple_event(&other, 1.5, -1, "loss", 0.5f);
    assert_false(takes(template, &other));
    assay_buf_free(&first);
    assay_buf_free(&other);
    free(template);
}

static void a_template_of_a_double_reads_doubles(void **state)
{
    (void)state;
    struct assay_buf first = {0}, second = {0}, tensor = {0};
    tb_put_number(&tensor, 1, 2);
    tb_put_double(&tensor, 6, 1.0 / 3.0);
    tb_put_tensor_event(&first, 1.5, 1, "loss", &tensor, "scalars");
    tb_put_number(&tensor, 1, 2);
    tb_put_double(&tensor, 6, 1e300);
    tb_put_tensor_event(&second, 2.5, 300, "loss", &tensor, "scalars");
    struct tb_template *template = template_of(&first);
    assert_non_null(template);
    assert_true(takes(template, &second));
    assay_buf_free(&first);
    assay_buf_free(&second);
    free(template);
}

/* Every byte of a record changed to every value: what a template takes, the decoder takes
 * alike. */
static void a_template_never_sees_more_than_the_decoder(void **state)
{
    (void)state;
    struct assay_buf record = {0};
    size_t taken = 0;
    tb_put_simple_event(&record, 1.5, 1234567, "train/loss", 0.5f);
    struct tb_template *template = template_of(&record);
    for (size_t at = 0; at < record.length; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char was = record.data[at];
            record.data[at] = (char)byte;
            taken += takes(template, &record);
            record.data[at] = was;
        }
    }
    assert_true(taken > 256 * 12); /* wall time and value at least */
    assay_buf_free(&record);
    free(template);
}

/* A second time or step after the summary counts more than the first: no template for those. */
static void odd_events_get_no_template(void **state)
{
    (void)state;
    struct assay_buf record = {0};
    tb_put_simple_event(&record, 1.5, 1, "loss", 0.5f);
    tb_put_number(&record, 2, 99);
    assert_null(template_of(&record));
    assay_buf_reset(&record);
    tb_put_number(&record, 2, 5);
    tb_put_simple_event(&record, 1.5, 1, "loss", 0.5f);
    assert_null(template_of(&record));
    assay_buf_free(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_decoded),
        cmocka_unit_test(any_cut_of_an_event_is_noticed),
        cmocka_unit_test(tensors_of_all_types_are_numbers),
        cmocka_unit_test(tensors_that_are_no_scalars_are_told_apart),
        cmocka_unit_test(texts_come_one_a_line),
        cmocka_unit_test(hyperparameters_are_decoded),
        cmocka_unit_test(a_template_takes_its_tag_alone),
        cmocka_unit_test(a_template_of_a_double_reads_doubles),
        cmocka_unit_test(a_template_never_sees_more_than_the_decoder),
        cmocka_unit_test(odd_events_get_no_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
