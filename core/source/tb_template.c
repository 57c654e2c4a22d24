/*
 * Making templates; see the header. Called by tb_content.c after it has decoded a record.
 */
#include "source/tb_template.h"

#include <assay/memory.h>

/* Whether everything after the step is one field, the summary: a second time or step further on
   would count more than the ones at the head. */
static bool only_summary(const struct tb_event *event, const uint8_t *end)
{
    struct protobuf walk = {.at = event->after_step, .end = end};
    struct protobuf_field field;
    return protobuf_next(&walk, &field) && walk.at == end && event->summary.length > 0 &&
           field.bytes.data == event->summary.data;
}

/* Longer records are rare enough to be decoded each time. */
#define TEMPLATE_MAX 512u

struct tb_template *tb_template_new(const struct tb_event *event,
                                    const struct tb_number *number, const uint8_t *end)
{
    const uint8_t *rest = event->after_step;
    if (!rest || number->raw.length == 0)
        return NULL;
    size_t length = (size_t)(end - rest);
    if (length < 8 || length > TEMPLATE_MAX || number->raw.data < rest ||
        number->raw.data + number->raw.length > end || !only_summary(event, end))
        return NULL;
    struct tb_template *template = assay_alloc(sizeof *template + 2 * length);
    template->length = (uint16_t)length;
    template->number = (uint16_t)(number->raw.data - rest);
    template->size = (uint16_t)number->raw.length;
    uint8_t *mask = template->bytes + length;
    memcpy(template->bytes, rest, length);
    memset(mask, 0xff, length);
    memset(template->bytes + template->number, 0, template->size);
    memset(mask + template->number, 0, template->size);
    return template;
}
