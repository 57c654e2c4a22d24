/*
 * What the session has done and could not do: jobs, problems with files, notices about itself.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/clock.h>
#include <assay/text.h>

#include "session/session_private.h"

#define JOBS_KEPT     64
#define PROBLEMS_KEPT 1000  /* per source */
#define FILE_PROBLEMS 20    /* of them, per file */
#define PROBLEMS_TOLD 20000 /* of a session: told again, they are known */
#define REST_SIZE     64

struct problem_file {
    size_t count, at; /* all of them; where in the list their rest stands, 0: nowhere */
    char *rest;       /* its message */
};

uint64_t activity_job(struct assay_session *session, const char *title)
{
    struct assay_job_info *job;

    if (session->job_count >= JOBS_KEPT) { /* forget the oldest that is over */
        size_t at = 0;

        while (at < session->job_count && !session->jobs[at].finished)
            at++;
        if (at < session->job_count) {
            memmove(&session->jobs[at], &session->jobs[at + 1],
                    (session->job_count - at - 1) * sizeof *session->jobs);
            session->job_count--;
        }
    }
    ASSAY_GROW(session->jobs, session->job_capacity, session->job_count + 1);
    job = &session->jobs[session->job_count++];
    *job = (struct assay_job_info){
        .id = ++session->next_job,
        .started_us = assay_monotonic_us(),
    };
    assay_text_clean_to(job->title, sizeof job->title, title);
    session->changes |= ASSAY_CHANGED_JOBS;
    return job->id;
}

struct assay_job_info *activity_find(struct assay_session *session, uint64_t job)
{
    for (size_t i = 0; i < session->job_count; i++)
        if (session->jobs[i].id == job)
            return &session->jobs[i];
    return NULL;
}

/* Brings the progress of the scans into the list. */
static void job_progress(const struct assay_session *session, struct assay_job_info *job)
{
    for (size_t i = 0; i < session->source_count; i++) {
        const struct session_source *source = session->sources[i];

        if (source->job != job->id || !source->scanning)
            continue;
        job->done = atomic_load(&source->done);
        job->total = atomic_load(&source->total);
    }
}

size_t assay_session_jobs(const struct assay_session *session, struct assay_job_info *out,
                          size_t capacity)
{
    size_t count = 0;

    for (int finished = 0; finished < 2; finished++)
        for (size_t i = session->job_count; i-- > 0 && count < capacity;) {
            if (session->jobs[i].finished != (finished == 1))
                continue;
            out[count] = session->jobs[i];
            pulls_progress(session, &out[count]);
            job_progress(session, &out[count++]);
        }
    return count;
}

void assay_session_cancel(struct assay_session *session, uint64_t job)
{
    for (size_t i = 0; i < session->source_count; i++) {
        struct session_source *source = session->sources[i];

        if (source->scanning && (job == 0 || source->job == job))
            atomic_store(&source->stop, true);
    }
    pulls_cancel(session, job);
}

/* ---- problems ---- */

static struct problem_file *problem_file(struct assay_session *session, uint32_t source,
                                         const char *path)
{
    struct assay_buf key = {0};
    uint32_t at;

    assay_buf_format(&key, "%u\n%s", source, path);
    at = assay_map_get(&session->problem_file_index, key.data, key.length);
    if (at == ASSAY_MAP_NONE) {
        ASSAY_GROW(session->problem_files, session->problem_file_capacity,
                   session->problem_file_count + 1);
        at = (uint32_t)session->problem_file_count++;
        session->problem_files[at] = (struct problem_file){0};
        assay_map_set(&session->problem_file_index, key.data, key.length, at);
    }
    assay_buf_free(&key);
    return &session->problem_files[at];
}

/* One more line of the list; false where it holds enough of the source. */
static bool list_problem(struct assay_session *session, const struct assay_problem *problem)
{
    for (size_t i = 0; i < session->source_count; i++)
        if (session->sources[i]->index == problem->source &&
            session->sources[i]->problems_listed++ >= PROBLEMS_KEPT)
            return false;
    ASSAY_GROW(session->problems, session->problem_capacity, session->problem_count + 1);
    session->problems[session->problem_count++] = *problem;
    return true;
}

/* What a file has too much of is one line that counts: a broken file must not hide the others.
 */
static void count_rest(struct assay_session *session, struct problem_file *file,
                       struct assay_problem problem)
{
    size_t rest = file->count - FILE_PROBLEMS;

    if (!file->rest) {
        file->rest = assay_arena_alloc(&session->problem_arena, REST_SIZE);
        problem.offset = UINT64_MAX;
        problem.message = file->rest;
        if (list_problem(session, &problem))
            file->at = session->problem_count;
    }
    snprintf(file->rest, REST_SIZE, "%zu more %s about this file", rest,
             rest == 1 ? "message" : "messages");
    if (file->at)
        session->problems[file->at - 1].rest = rest;
}

static void add_problem(struct assay_session *session, uint32_t source, const char *path,
                        uint64_t offset, const char *message)
{
    struct problem_file *file = problem_file(session, source, path);
    struct assay_problem problem = {.source = source, .offset = offset};

    catalog_source(session->catalog, source)->problems++;
    file->count++;
    if (file->count <= FILE_PROBLEMS || !file->rest)
        problem.path = assay_arena_strdup(&session->problem_arena, path);
    if (file->count <= FILE_PROBLEMS) {
        problem.message = assay_arena_strdup(&session->problem_arena, message);
        list_problem(session, &problem);
    } else {
        count_rest(session, file, problem);
    }
    catalog_touch(session->catalog);
}

void activity_problem(struct assay_session *session, uint32_t source, const char *path,
                      uint64_t offset, const char *message)
{
    struct assay_buf clean = {0}, key = {0};
    size_t length = strlen(path);

    /* Many messages begin with the path that is at fault, and are shown behind it. */
    if (length > 0 && strncmp(message, path, length) == 0 &&
        strncmp(message + length, ": ", 2) == 0)
        message += length + 2;
    assay_text_clean(&clean, message, strlen(message));
    assay_buf_format(&key, "%u\n%s\n%llu\n%s", source, path, (unsigned long long)offset,
                     assay_buf_text(&clean));
    if (assay_map_get(&session->problem_index, key.data, key.length) == ASSAY_MAP_NONE) {
        if (session->problem_index.count < PROBLEMS_TOLD)
            assay_map_set(&session->problem_index, key.data, key.length, 1);
        add_problem(session, source, path, offset, assay_buf_text(&clean));
    }
    assay_buf_free(&clean);
    assay_buf_free(&key);
}

size_t assay_session_problems(const struct assay_session *session,
                              const struct assay_problem **problems)
{
    *problems = session->problems;
    return session->problem_count;
}

void activity_notice(struct assay_session *session, const char *format, ...)
{
    struct assay_buf text = {0}, clean = {0};
    va_list args;

    va_start(args, format);
    assay_buf_vformat(&text, format, args);
    va_end(args);
    assay_text_clean(&clean, assay_buf_text(&text), text.length);
    for (size_t i = 0; i < session->notice_count; i++)
        if (strcmp(session->notices[i], assay_buf_text(&clean)) == 0)
            goto known;
    ASSAY_GROW(session->notices, session->notice_capacity, session->notice_count + 1);
    session->notices[session->notice_count++] =
        assay_arena_strdup(&session->notice_arena, assay_buf_text(&clean));
    session->changes |= ASSAY_CHANGED_NOTICES;
known:
    assay_buf_free(&text);
    assay_buf_free(&clean);
}

size_t assay_session_notices(const struct assay_session *session, const char *const **notices)
{
    *notices = session->notices;
    return session->notice_count;
}

void activity_empty_place(struct assay_session *session, const char *path)
{
    struct assay_buf clean = {0};

    assay_text_clean(&clean, path, strlen(path));
    ASSAY_GROW(session->empty_places, session->empty_capacity, session->empty_count + 1);
    session->empty_places[session->empty_count++] =
        assay_arena_strdup(&session->notice_arena, assay_buf_text(&clean));
    assay_buf_free(&clean);
}

size_t assay_session_empty_places(const struct assay_session *session,
                                  const char *const **places)
{
    *places = session->empty_places;
    return session->empty_count;
}

void activity_free(struct assay_session *session)
{
    free(session->empty_places);
    free(session->jobs);
    free(session->problems);
    free(session->notices);
    free(session->problem_files);
    assay_map_free(&session->problem_index);
    assay_map_free(&session->problem_file_index);
    assay_arena_free(&session->problem_arena);
    assay_arena_free(&session->notice_arena);
}
