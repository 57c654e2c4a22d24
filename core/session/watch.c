/*
 * Following what changes on disk: inotify on the paths that readers name, and one timer that
 * gathers a burst of events into one look, and that looks by the clock where the file system
 * sends no events (NFS and its like). Nothing here wakes up while nothing happens.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <assay/clock.h>
#include <assay/file.h>

#include "session/session_private.h"

#define GATHER_US                                                                              \
    200000 /* from an event to the look it causes, at least after the last look                \
            */
#define SLOW_US     5000000 /* between looks at a file system without events */
#define WATCHES_MAX 8192u   /* per session; the kernel's own limit is often the same */
#define EVENTS                                                                                 \
    (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVED_FROM |        \
     IN_ATTRIB)

/* What shows that a folder appears on the way to the local store. */
#define APPEARS (IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_MASK_ADD)

struct watch_entry {
    int wd;
    struct session_source *source; /* NULL: the local store, which is not there yet */
    char *awaited; /* of a folder: nothing counts but that this file appears in it; or NULL */
};

static void remove_entry(struct assay_session *session, size_t at)
{
    free(session->watches[at].awaited);
    session->watches[at] = session->watches[--session->watch_count];
}

static void add_fd(struct assay_session *session, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (fd >= 0)
        epoll_ctl(session->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

void watch_open(struct assay_session *session)
{
    session->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    session->inotify_fd = session->live ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1;
    add_fd(session, session->timer_fd);
    add_fd(session, session->inotify_fd);
    if (session->live && session->inotify_fd < 0)
        activity_notice(session,
                        "changes on disk are not followed (inotify: %s); press R to "
                        "look again",
                        strerror(errno));
}

void watch_close(struct assay_session *session)
{
    if (session->inotify_fd >= 0)
        close(session->inotify_fd);
    if (session->timer_fd >= 0)
        close(session->timer_fd);
    while (session->watch_count)
        remove_entry(session, session->watch_count - 1);
    free(session->watches);
    free(session->awaited);
}

/* Sets the timer to the earliest look that is due; off where none is. */
static void set_timer(struct assay_session *session)
{
    struct itimerspec when = {0};
    int64_t earliest = INT64_MAX, now = assay_monotonic_us();

    for (size_t i = 0; i < session->source_count; i++) {
        const struct session_source *source = session->sources[i];
        int64_t at = INT64_MAX;

        if (source->due && !source->scanning)
            at = source->ended_us + GATHER_US;
        else if (source->slow_watch && !source->scanning)
            at = source->ended_us + SLOW_US;
        if (!source->scanning && source->again_us < at)
            at = source->again_us;
        if (source->server && !source->scanning && source->scanned &&
            server_due_us(source) < at)
            at = server_due_us(source);
        if (at < earliest)
            earliest = at;
    }
    if (session->local_due && session->local_looked_us + GATHER_US < earliest)
        earliest = session->local_looked_us + GATHER_US;
    if (session->local_slow && session->local_looked_us + SLOW_US < earliest)
        earliest = session->local_looked_us + SLOW_US;
    if (earliest != INT64_MAX) {
        int64_t wait = earliest > now ? earliest - now : 1;

        when.it_value.tv_sec = wait / 1000000;
        when.it_value.tv_nsec = wait % 1000000 * 1000;
    }
    timerfd_settime(session->timer_fd, 0, &when, NULL);
}

void watch_later(struct assay_session *session, struct session_source *source)
{
    source->due = true;
    set_timer(session);
}

/* Network and user-space file systems tell no other machine's changes. */
static bool is_silent(const char *path)
{
    static const long magics[] = {0x6969 /* NFS */,      0xFF534D42 /* CIFS */,
                                  0xFE534D42 /* SMB2 */, 0x65735546 /* FUSE */,
                                  0x01021997 /* 9P */,   0x0BD00BD0 /* Lustre */,
                                  0x47504653 /* GPFS */, 0x00C36400 /* Ceph */};
    struct statfs status;

    if (statfs(path, &status) != 0)
        return false;
    for (size_t i = 0; i < ASSAY_COUNT(magics); i++)
        if ((unsigned long)status.f_type == (unsigned long)magics[i])
            return true;
    return false;
}

/* SOURCE: as in struct watch_entry. False where it is there already. */
static bool add_entry(struct assay_session *session, int wd, struct session_source *source)
{
    for (size_t i = 0; i < session->watch_count; i++)
        if (session->watches[i].wd == wd && session->watches[i].source == source &&
            !session->watches[i].awaited)
            return false;
    ASSAY_GROW(session->watches, session->watch_capacity, session->watch_count + 1);
    session->watches[session->watch_count++] = (struct watch_entry){.wd = wd, .source = source};
    return true;
}

/* Has SOURCE looked at when the file PATH appears, which is not there (a database's log). */
static void await_file(struct assay_session *session, struct session_source *source,
                       const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = assay_path_directory(path);
    int wd = slash ? inotify_add_watch(session->inotify_fd, folder,
                                       IN_CREATE | IN_MOVED_TO | IN_MASK_ADD)
                   : -1;
    bool there = wd < 0;

    for (size_t i = 0; i < session->watch_count && !there; i++) {
        const struct watch_entry *entry = &session->watches[i];

        there = entry->wd == wd && entry->source == source &&
                (!entry->awaited || strcmp(entry->awaited, slash + 1) == 0);
    }
    if (!there) {
        ASSAY_GROW(session->watches, session->watch_capacity, session->watch_count + 1);
        session->watches[session->watch_count++] = (struct watch_entry){
            .wd = wd, .source = source, .awaited = assay_strdup(slash + 1)};
        /* It may have come while that was being set up. */
        source->due = source->due || access(path, F_OK) == 0;
    }
    free(folder);
}

/* False where it is not to be had. */
static bool watch_path(struct assay_session *session, struct session_source *source,
                       const char *path)
{
    int wd;

    if (session->watch_count >= WATCHES_MAX) {
        source->slow_watch = true;
        return false;
    }
    wd = inotify_add_watch(session->inotify_fd, path, EVENTS);
    if (wd < 0 && errno == ENOENT) {
        await_file(session, source, path);
        return true;
    }
    if (wd < 0) {
        source->slow_watch = source->slow_watch || errno == ENOSPC;
        return false;
    }
    /* What was written there since it was read, and before it was watched, is no event. */
    if (add_entry(session, wd, source))
        source->due = true;
    return true;
}

static uint64_t paths_mark(char *const *paths)
{
    struct assay_buf all = {0};
    uint64_t mark;

    for (size_t i = 0; paths && paths[i]; i++)
        assay_buf_add(&all, paths[i], strlen(paths[i]) + 1);
    mark = cache_mark(assay_buf_text(&all), all.length);
    assay_buf_free(&all);
    return mark;
}

void watch_set(struct assay_session *session, struct session_source *source, char **paths)
{
    uint64_t mark = paths_mark(paths);

    /* There may be a thousand of them, and mostly they are those of the last time. */
    if (session->inotify_fd >= 0 && mark != source->watched) {
        source->watched = mark;
        for (size_t i = 0; paths && paths[i]; i++)
            if (!watch_path(session, source, paths[i]))
                source->watched = 0;
    }
    if (source->ops && !source->server && is_silent(source->path))
        source->slow_watch = true;
    for (size_t i = 0; paths && paths[i]; i++)
        free(paths[i]);
    free(paths);
    set_timer(session);
}

/* ---- a local store that is not there yet ---- */

/* Its folder, or while that is missing the last one on the way to it that is there. */
static char *folder_that_is(const char *path)
{
    char *folder = assay_path_directory(path);

    while (access(folder, F_OK) != 0 && strcmp(folder, "/") != 0 && strcmp(folder, ".") != 0) {
        char *above = assay_path_directory(folder);

        free(folder);
        folder = above;
    }
    return folder;
}

static void stop_awaiting(struct assay_session *session)
{
    for (size_t i = session->watch_count; i-- > 0;) {
        int wd = session->watches[i].wd;
        bool shared = false;

        if (session->watches[i].source)
            continue;
        remove_entry(session, i);
        for (size_t k = 0; k < session->watch_count; k++)
            shared |= session->watches[k].wd == wd;
        if (!shared)
            inotify_rm_watch(session->inotify_fd, wd);
    }
    free(session->awaited);
    session->awaited = NULL;
}

static bool is_awaiting(const struct assay_session *session, const char *folder)
{
    bool any = false;

    for (size_t i = 0; i < session->watch_count; i++)
        any |= !session->watches[i].source;
    return any && session->awaited && strcmp(session->awaited, folder) == 0;
}

/* Size and time of the store's file and of its journal: nothing has to be opened to see that
   there is nothing new, and what opening it writes beside it is no news. */
static void local_facts(const struct assay_session *session, int64_t facts[4])
{
    struct assay_buf journal = {0};
    struct stat status;

    memset(facts, 0, 4 * sizeof *facts);
    assay_buf_format(&journal, "%s-wal", session->store_path);
    for (size_t i = 0; i < 2; i++) {
        const char *path = i == 0 ? session->store_path : assay_buf_text(&journal);

        if (stat(path, &status) != 0 || status.st_size == 0)
            continue;
        facts[2 * i] = status.st_size;
        facts[2 * i + 1] = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
    }
    assay_buf_free(&journal);
}

/* Watches where it will appear. What appeared while that was being set up is no event: so the
   way to it is looked at again when it is. */
static void await_local(struct assay_session *session)
{
    char *whole = assay_path_directory(session->store_path);
    char *folder = folder_that_is(session->store_path);
    int64_t facts[4];

    session->local_slow = is_silent(folder);
    while (!is_awaiting(session, folder)) {
        int wd;

        stop_awaiting(session);
        wd = inotify_add_watch(session->inotify_fd, folder,
                               strcmp(folder, whole) == 0 ? EVENTS : APPEARS);
        if (wd < 0) {
            session->local_slow = true;
            break;
        }
        add_entry(session, wd, NULL);
        session->awaited = folder;
        folder = folder_that_is(session->store_path);
    }
    local_facts(session, facts);
    session->local_due = memcmp(facts, session->local_looked_at, sizeof facts) != 0;
    free(whole);
    free(folder);
}

static unsigned look_for_local(struct assay_session *session, int64_t now)
{
    unsigned changed = 0;
    int64_t facts[4];

    if (session->local_slow && now - session->local_looked_us >= SLOW_US)
        session->local_due = true;
    if (!session->local_due || session->local || now - session->local_looked_us < GATHER_US)
        return 0;
    session->local_due = false;
    session->local_looked_us = now;
    local_facts(session, facts);
    if (memcmp(facts, session->local_looked_at, sizeof facts) != 0) {
        memcpy(session->local_looked_at, facts, sizeof facts);
        changed = stored_find_local(session);
    }
    watch_local(session);
    return changed;
}

void watch_local(struct assay_session *session)
{
    struct assay_buf journal = {0};
    char *directory;

    if (session->inotify_fd < 0 || !session->reads_local || !session->store_path)
        return;
    if (!session->local) {
        await_local(session);
        set_timer(session);
        return;
    }
    stop_awaiting(session);
    session->local_slow = false;
    directory = assay_path_directory(session->store_path);
    assay_buf_format(&journal, "%s-wal", session->store_path);
    watch_path(session, session->local, assay_buf_text(&journal));
    watch_path(session, session->local, session->store_path);
    watch_path(session, session->local, directory);
    if (is_silent(directory))
        session->local->slow_watch = true;
    assay_buf_free(&journal);
    free(directory);
}

static bool *due_of(struct assay_session *session, const struct watch_entry *entry)
{
    return entry->source ? &entry->source->due : &session->local_due;
}

static bool is_news(const struct watch_entry *entry, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW)
        return true;
    return entry->wd == event->wd &&
           (!entry->awaited || (event->len && strcmp(event->name, entry->awaited) == 0));
}

/* What comes and goes may be one of the paths that are to be watched. */
#define COME_AND_GO (IN_CREATE | IN_MOVED_TO | IN_IGNORED | IN_Q_OVERFLOW)

static void take_event(struct assay_session *session, const struct watch_entry *entry,
                       const struct inotify_event *event)
{
    if (!is_news(entry, event))
        return;
    *due_of(session, entry) = true;
    if (entry->source && (event->mask & COME_AND_GO))
        entry->source->watched = 0;
}

/* Takes all events; a source that has some becomes due. */
static void take_events(struct assay_session *session)
{
    char bytes[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t length;

    if (session->inotify_fd < 0)
        return;
    while ((length = read(session->inotify_fd, bytes, sizeof bytes)) > 0) {
        for (char *at = bytes; at < bytes + length;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)at;

            for (size_t i = 0; i < session->watch_count; i++)
                take_event(session, &session->watches[i], event);
            if (event->mask & IN_IGNORED)
                for (size_t i = session->watch_count; i-- > 0;)
                    if (session->watches[i].wd == event->wd)
                        remove_entry(session, i);
            at += sizeof *event + event->len;
        }
    }
}

unsigned watch_dispatch(struct assay_session *session)
{
    int64_t now = assay_monotonic_us();
    uint64_t expirations;
    unsigned changed = 0;
    ssize_t ignored = read(session->timer_fd, &expirations, sizeof expirations);

    (void)ignored;
    take_events(session);
    changed |= look_for_local(session, now);
    for (size_t i = 0; i < session->source_count; i++) {
        struct session_source *source = session->sources[i];
        bool slow = (source->slow_watch && now - source->ended_us >= SLOW_US) ||
                    now >= source->again_us || (source->server && now >= server_due_us(source));

        if (source->scanning || !(source->due || slow) || !source->scanned)
            continue;
        if (source->due && now - source->ended_us < GATHER_US)
            continue;
        source->due = false;
        if (source->ops) {
            scan_start(session, source);
        } else {
            changed |= stored_reload_local(session);
            source->ended_us = now;
            watch_local(session);
        }
    }
    set_timer(session);
    return changed;
}
