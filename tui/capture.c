/*
 * Curses' bytes, taken into a file in memory (capture.h).
 */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

void capture_open(struct capture *capture, int target)
{
    *capture = (struct capture){.target = target, .terminal = -1, .memory = -1};
    capture->terminal = fcntl(target, F_DUPFD_CLOEXEC, 0);
    if (capture->terminal >= 0)
        capture->memory = memfd_create("frame", MFD_CLOEXEC);
}

void capture_close(struct capture *capture)
{
    if (capture->memory >= 0)
        close(capture->memory);
    if (capture->terminal >= 0)
        close(capture->terminal);
    capture->terminal = capture->memory = -1;
}

static void lead_to(const struct capture *capture, int fd)
{
    while (dup3(fd, capture->target, O_CLOEXEC) < 0 && errno == EINTR)
        continue;
}

void capture_begin(struct capture *capture)
{
    if (capture->memory >= 0)
        lead_to(capture, capture->memory);
}

void capture_end(struct capture *capture, struct assay_buf *out)
{
    char bytes[8192];
    off_t end, at = 0;

    if (capture->memory < 0)
        return;
    lead_to(capture, capture->terminal);
    end = lseek(capture->memory, 0, SEEK_CUR);
    while (at < end) {
        size_t left = (size_t)(end - at);
        ssize_t got =
            pread(capture->memory, bytes, left < sizeof bytes ? left : sizeof bytes, at);

        if (got <= 0)
            break;
        assay_buf_add(out, bytes, (size_t)got);
        at += got;
    }
    lseek(capture->memory, 0, SEEK_SET); /* the next frame is written over this one */
}
