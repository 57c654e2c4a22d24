/*
 * Finding a text in texts (needle.h), sixteen places at a time, sixty-four where they are many.
 */
#include "query/needle.h"

#include <endian.h>
#include <string.h>

#define EIGHT(byte) ((uint64_t)(uint8_t)(byte)*UINT64_C(0x0101010101010101))

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
    return fold(c) >= 'a' && fold(c) <= 'z';
}

struct needle needle_of(const char *text)
{
    /* Frequent in names, and the digits of ids, towards the end; anything else is rarer. */
    static const char order[] = "zqjxkvwybpgmuhlronstifcdae-_0123456789";
    struct needle needle = {.text = text, .length = strlen(text)};
    size_t least = SIZE_MAX;
    for (size_t i = 0; i + 1 < needle.length; i++) {
        const char *place = strchr(order, fold(text[i]));
        size_t rank = place ? (size_t)(place - order) + 1 : 0;
        if (rank < least) {
            least = rank;
            needle.pivot = i;
        }
    }
    if (needle.length > 0)
        needle.first = EIGHT(text[needle.pivot] | 0x20);
    if (needle.length > 1)
        needle.second = EIGHT(text[needle.pivot + 1] | 0x20);
    needle.is_pair = needle.length == 2 && is_letter(text[0]) && is_letter(text[1]);
    return needle;
}

/* Whether it stands at AT in TEXT of LENGTH bytes. */
static bool needle_at(const struct needle *needle, const char *text, size_t length, size_t at)
{
    size_t same = 0;
    if (at + needle->length > length)
        return false;
    while (same < needle->length && fold(text[at + same]) == fold(needle->text[same]))
        same++;
    return same == needle->length;
}

/* Whether it begins at one of the COUNT places from FROM on in TEXT of LENGTH bytes. */
static bool needle_among(const struct needle *needle, const char *text, size_t length,
                         size_t from, size_t count)
{
    for (size_t at = from; at < from + count; at++)
        if (needle_at(needle, text, length, at))
            return true;
    return false;
}

/* The highest bit of each byte of VALUE that is zero. */
static uint64_t zero_bytes(uint64_t value)
{
    const uint64_t low = EIGHT(0x7f);
    return ~(((value & low) + low) | value | low);
}

/* Which of the eight bytes from AT on begin the pair. Reads nine bytes. */
static uint64_t pairs_at(const struct needle *needle, const char *at)
{
    uint64_t first, second;
    memcpy(&first, at, sizeof first);
    uint64_t found = zero_bytes((first | EIGHT(0x20)) ^ needle->first);
    if (needle->length > 1) {
        memcpy(&second, at + 1, sizeof second);
        found &= zero_bytes((second | EIGHT(0x20)) ^ needle->second);
    }
    return found;
}

/* The same of sixteen bytes at once, in one register where there is such a one. Reads 17. */
typedef uint8_t sixteen __attribute__((vector_size(16)));

static sixteen all_sixteen(uint64_t byte)
{
    sixteen value;
    memset(&value, (int)(byte & 0xff), sizeof value);
    return value;
}

/* What sixteen bytes, and those one further on, are compared with. A single letter is compared
   with itself twice. */
struct pair {
    sixteen first, second;
    size_t next;
};

static struct pair pair_of(const struct needle *needle)
{
    bool single = needle->length < 2;
    return (struct pair){.first = all_sixteen(needle->first),
                         .second = all_sixteen(single ? needle->first : needle->second),
                         .next = !single};
}

static inline sixteen pairs_in_sixteen(const struct pair *pair, const char *at)
{
    const sixteen letter = all_sixteen(0x20);
    sixteen here, further;
    memcpy(&here, at, sizeof here);
    memcpy(&further, at + pair->next, sizeof further);
    return (sixteen)((here | letter) == pair->first) &
           (sixteen)((further | letter) == pair->second);
}

static bool any_of_sixteen(sixteen found)
{
    uint64_t halves[2];
    memcpy(halves, &found, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

/* Texts that are walked through, and how far they have been. */
struct walk {
    const struct needle *needle;
    const char *texts;
    const uint32_t *ends;
    size_t count, at; /* AT: the text the walk is in */
    size_t over;      /* places before this one are in texts that are marked already */
    uint8_t *found;
};

/* The pair begins at PLACE: marks the text around it, if it has the rest, too. False where
   there is no text any more. */
static bool walk_take(struct walk *walk, size_t place)
{
    const struct needle *needle = walk->needle;
    if (place < walk->over)
        return true;
    while (walk->ends[walk->at] <= place)
        if (++walk->at == walk->count)
            return false;
    if (needle->is_pair ||
        needle_at(needle, walk->texts, walk->ends[walk->at], place - needle->pivot)) {
        walk->found[walk->at] = 1;
        walk->over = walk->ends[walk->at];
    }
    return true;
}

/* The same for each of sixteen places from FROM on. */
static bool walk_sixteen(struct walk *walk, sixteen found, size_t from)
{
    uint64_t halves[2];
    memcpy(halves, &found, sizeof halves);
    for (size_t half = 0; half < 2; half++) {
        uint64_t left = le64toh(halves[half]);
        while (left) {
            size_t lane = (size_t)__builtin_ctzll(left) / 8;
            if (!walk_take(walk, from + half * 8 + lane))
                return false;
            left &= ~(UINT64_C(0xff) << (lane * 8));
        }
    }
    return true;
}

void needle_mark(const struct needle *needle, const char *texts, const uint32_t *ends,
                 size_t count, uint8_t *found)
{
    const size_t block = sizeof(sixteen), length = count ? ends[count - 1] : 0;
    const struct pair pair = pair_of(needle);
    struct walk walk = {needle, texts, ends, count, 0, needle->pivot, found};
    for (size_t from = 0; from < length; from += 4 * block) {
        const char *at = texts + from;
        sixteen a = pairs_in_sixteen(&pair, at), b = pairs_in_sixteen(&pair, at + block),
                c = pairs_in_sixteen(&pair, at + 2 * block),
                d = pairs_in_sixteen(&pair, at + 3 * block);
        if (!any_of_sixteen((a | b) | (c | d)))
            continue;
        if ((any_of_sixteen(a) && !walk_sixteen(&walk, a, from)) ||
            (any_of_sixteen(b) && !walk_sixteen(&walk, b, from + block)) ||
            (any_of_sixteen(c) && !walk_sixteen(&walk, c, from + 2 * block)) ||
            (any_of_sixteen(d) && !walk_sixteen(&walk, d, from + 3 * block)))
            return;
    }
}

bool needle_in(const struct needle *needle, const char *text)
{
    size_t length = strlen(text), block = length < 16 ? 8 : 16;
    if (needle->length == 0)
        return true;
    if (length < needle->length)
        return false;
    if (length < 8)
        return needle_among(needle, text, length, 0, length);
    const struct pair pair = pair_of(needle);
    for (size_t at = 0;; at += block) {
        if (at > length - block)
            at = length - block; /* the last ones, some a second time; beyond is the NUL */
        size_t skip = at < needle->pivot ? needle->pivot - at : 0;
        bool likely = block == 16 ? any_of_sixteen(pairs_in_sixteen(&pair, text + at))
                                  : pairs_at(needle, text + at) != 0;
        if (likely && skip < block &&
            needle_among(needle, text, length, at + skip - needle->pivot, block - skip))
            return true;
        if (at == length - block)
            return false;
    }
}
