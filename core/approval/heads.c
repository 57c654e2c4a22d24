/*
 * The file of remembered heads (heads.h). Called by ledger.c: read when a ledger is opened,
 * written after each record that was kept.
 */
#include "approval/heads.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <assay/file.h>
#include <assay/text.h>

#define FILE_LIMIT ((size_t)16 << 20)

char *heads_default_path(void)
{
    const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (base && *base)
        return assay_path_join(base, "assay/heads");
    return home && *home ? assay_path_join(home, ".local/state/assay/heads") : NULL;
}

void heads_free(struct heads *heads)
{
    free(heads->entries);
    free(heads->pins);
    assay_arena_free(&heads->arena);
    *heads = (struct heads){0};
}

static void put_head(struct heads *heads, const char *ledger, const struct statement_head *head)
{
    for (size_t i = 0; i < heads->count; i++) {
        struct heads_entry *entry = &heads->entries[i];
        if (strcmp(entry->ledger, ledger) == 0 && strcmp(entry->head.chain, head->chain) == 0) {
            if (head->number > entry->head.number) {
                entry->head.number = head->number;
                entry->head.digest = assay_arena_strdup(&heads->arena, head->digest);
            }
            return;
        }
    }
    ASSAY_GROW(heads->entries, heads->capacity, heads->count + 1);
    heads->entries[heads->count++] = (struct heads_entry){
        .ledger = assay_arena_strdup(&heads->arena, ledger),
        .head = {.chain = assay_arena_strdup(&heads->arena, head->chain),
                 .number = head->number,
                 .digest = assay_arena_strdup(&heads->arena, head->digest)},
    };
}

static void put_pin(struct heads *heads, const char *ledger, const char *place)
{
    for (size_t i = 0; i < heads->pin_count; i++)
        if (strcmp(heads->pins[i].place, place) == 0)
            return;
    ASSAY_GROW(heads->pins, heads->pin_capacity, heads->pin_count + 1);
    heads->pins[heads->pin_count++] = (struct heads_pin){
        assay_arena_strdup(&heads->arena, ledger), assay_arena_strdup(&heads->arena, place)};
}

const char *heads_pin_of(const struct heads *heads, const char *place)
{
    for (size_t i = 0; i < heads->pin_count; i++)
        if (strcmp(heads->pins[i].place, place) == 0)
            return heads->pins[i].ledger;
    return NULL;
}

/* One line, its words cut apart in place: false where it is none of ours. */
static bool take_line(struct heads *heads, char *line)
{
    char *words[5] = {0};
    size_t count = 0;
    int64_t number;

    for (char *at = line; at && count < 5;) {
        words[count++] = at;
        /* The last word of a pin is a path, which may hold blanks. */
        at = strcmp(words[0], "pin") == 0 && count == 3 ? NULL : strchr(at, ' ');
        if (at)
            *at++ = '\0';
    }
    if (count == 2 && strcmp(words[0], "device") == 0 && strlen(words[1]) == 8) {
        memcpy(heads->device, words[1], 9);
        return strspn(words[1], "0123456789abcdef") == 8;
    }
    if (count == 3 && strcmp(words[0], "pin") == 0 && assay_sha256_valid(words[1])) {
        put_pin(heads, words[1], words[2]);
        return true;
    }
    if (count != 5 || strcmp(words[0], "head") != 0 || !assay_sha256_valid(words[1]) ||
        !assay_int_parse(words[3], strlen(words[3]), &number) || number < 1 ||
        !assay_sha256_valid(words[4]))
        return false;
    put_head(heads, words[1], &(struct statement_head){words[2], (uint64_t)number, words[4]});
    return true;
}

enum assay_status heads_read(struct heads *out, const char *path, struct assay_error *err)
{
    char *bytes = NULL;
    size_t length = 0, number = 0;
    enum assay_status status = ASSAY_OK;

    *out = (struct heads){0};
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return ASSAY_OK;
    status = assay_file_read(path, FILE_LIMIT, &bytes, &length, err);
    for (char *line = bytes; status == ASSAY_OK && line && *line;) {
        char *end = strchr(line, '\n');
        number++;
        if (end)
            *end = '\0';
        if (line[0] != '#' && line[0] != '\0' && (!end || !take_line(out, line))) {
            status = assay_fail(err, ASSAY_CORRUPT, "%s:%zu: is damaged", path, number);
            assay_hint(err, "it is this machine's memory of the ledgers it has seen: put it "
                            "back, or remove it knowingly");
        }
        line = end ? end + 1 : NULL;
    }
    free(bytes);
    if (status != ASSAY_OK)
        heads_free(out);
    return status;
}

static void write_text(const struct heads *heads, struct assay_buf *out)
{
    assay_buf_format(out, "# heads of ledgers last seen by assay\ndevice %s\n", heads->device);
    for (size_t i = 0; i < heads->pin_count; i++)
        assay_buf_format(out, "pin %s %s\n", heads->pins[i].ledger, heads->pins[i].place);
    for (size_t i = 0; i < heads->count; i++)
        assay_buf_format(
            out, "head %s %s %llu %s\n", heads->entries[i].ledger, heads->entries[i].head.chain,
            (unsigned long long)heads->entries[i].head.number, heads->entries[i].head.digest);
}

static enum assay_status invent_device(char device[9], struct assay_error *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[8];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return assay_fail(err, ASSAY_IO, "no random numbers: %s", strerror(errno));
    for (size_t i = 0; i < 8; i++)
        device[i] = digits[bytes[i] & 15];
    device[8] = '\0';
    return ASSAY_OK;
}

static enum assay_status merge(const char *path, const char *ledger, const char *place,
                               const struct statement_head *heads, size_t count, char device[9],
                               struct assay_error *err)
{
    struct heads now;
    struct assay_buf before = {0}, after = {0};
    enum assay_status status = heads_read(&now, path, err);

    if (status != ASSAY_OK)
        return status;
    if (now.device[0] != '\0')
        write_text(&now, &before);
    else
        status = invent_device(now.device, err);
    for (size_t i = 0; ledger && i < count; i++)
        put_head(&now, ledger, &heads[i]);
    if (ledger && place && !strchr(place, '\n'))
        put_pin(&now, ledger, place);
    write_text(&now, &after);
    if (status == ASSAY_OK && strcmp(assay_buf_text(&before), assay_buf_text(&after)) != 0)
        status = assay_file_write(path, after.data, after.length, 0600, err);
    memcpy(device, now.device, 9);
    heads_free(&now);
    assay_buf_free(&before);
    assay_buf_free(&after);
    return status;
}

enum assay_status heads_remember(const char *path, const char *ledger, const char *place,
                                 const struct statement_head *heads, size_t count,
                                 char device[9], struct assay_error *err)
{
    char *directory = assay_path_directory(path);
    enum assay_status status = assay_make_directories(directory, err);
    /* The folder is locked, not the file, which is replaced. */
    int fd = status == ASSAY_OK ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd >= 0)
        (void)flock(fd, LOCK_EX);
    if (status == ASSAY_OK)
        status = merge(path, ledger, place, heads, count, device, err);
    if (fd >= 0)
        close(fd);
    free(directory);
    return status;
}
