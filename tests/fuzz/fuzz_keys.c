/*
 * The decoder on anything: cut at places and with pauses that the input itself chooses.
 * Whatever comes in, events are well formed, and it always comes back to rest.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <assay/text.h>

#include "tui/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct event *event)
{
    uint32_t base = event->key & ~(uint32_t)KEYS_MODIFIERS;
    char name[32];

    if (event->kind == EVENT_KEY) {
        if (base > KEYS_LAST || base < 0x20 || (base >= 0x7f && base < 0xa0))
            abort();
        keys_name(event->key, name);
    } else if (event->kind == EVENT_PASTE) {
        if (event->length != strlen(event->text) ||
            !assay_utf8_valid(event->text, event->length) ||
            strchr(event->text, '\033') != NULL)
            abort();
    } else if (event->kind == EVENT_REPLY) {
        if (event->reply->count < 0 || event->reply->count > REPLY_NUMBERS ||
            strlen(event->reply->text) >= sizeof event->reply->text)
            abort();
    } else if (event->kind == EVENT_MOUSE && (event->x < 0 || event->y < 0)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keys *keys = keys_new();
    struct event event;
    int64_t now = 0;

    keys_learn(keys, "\033OA", KEYS_UP);
    while (size > 1) {
        size_t piece = 1 + data[0] % 16;

        keys_expect(keys, (data[0] & 16) != 0);
        now += (data[0] >> 5) * INT64_C(40000);
        keys_expire(keys, now);
        data++, size--;
        piece = piece < size ? piece : size;
        keys_feed(keys, data, piece, now);
        data += piece, size -= piece;
        while (keys_next(keys, &event))
            check(&event);
    }
    for (int i = 0; keys_deadline(keys) != INT64_MAX; i++) {
        if (i == 8)
            abort(); /* never comes to rest */
        keys_expire(keys, keys_deadline(keys));
        while (keys_next(keys, &event))
            check(&event);
    }
    keys_free(&keys);
    return 0;
}
