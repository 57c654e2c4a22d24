/*
 * Gathering a run's content. Most records go one short way: the tag that came after this one
 * last time is expected again, its template fits, and the point is appended to that tag's
 * points, which are packed and handed over by the chunk. Everything else is decoded
 * (tb_event.c).
 *
 * Memory: the points waiting to be handed over are bounded over all tags of a run
 * (POINTS_WAITING), names and texts by the limits in the header.
 */
#include "source/tb_content.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <assay/map.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "source/tb_event.h"
#include "source/tb_template.h"

/* Room for points waiting in all tags together, 24 bytes each. */
#define POINTS_WAITING ((size_t)1 << 20)
#define POINTS_FIRST   16u
#define TIME_LIMIT_S   9.0e15 / 1000.0

enum tag_kind { TAG_UNDECIDED, TAG_SCALAR, TAG_TEXT, TAG_OTHER };

struct tag {
    const char *name;
    uint32_t length;
    uint32_t next; /* the tag that came after this one last time */
    struct tb_template *template;
    struct assay_point *points;
    uint32_t count, capacity;
    struct assay_summary summary; /* of the points handed over */
    char *text;
    uint8_t kind;
    bool single;     /* every number was a float or less */
    bool complained; /* a value that is not what the tag's kind says was reported */
};

struct problem {
    char *file, *message;
    uint64_t offset;
};

struct tb_content {
    struct ingest *in;
    const char *run_id;
    void (*first)(void *context); /* see tb_content_on_first(); may be NULL */
    void *first_context;
    struct tag *tags;
    size_t tag_count, tag_capacity;
    struct assay_map by_name;
    uint32_t previous; /* the tag of the latest point */
    size_t waiting;    /* room for points, all tags together */
    size_t held;       /* bytes of names, texts and params */
    int64_t start_ms, end_ms, latest_ms;
    enum tb_end end;
    struct assay_pair *params; /* key and value are owned */
    size_t param_count, param_capacity;
    struct assay_map by_param;
    char *group; /* hparams' session group */
    struct problem *problems;
    size_t problem_count, problem_capacity;
    uint64_t untold; /* problems after those */
    bool told_limit, told_time;
};

struct tb_content *tb_content_new(struct ingest *in, const char *run_id)
{
    struct tb_content *content = assay_alloc(sizeof *content);
    content->in = in;
    content->run_id = run_id;
    content->start_ms = content->end_ms = ASSAY_NO_TIME;
    content->latest_ms = 0;
    return content;
}

void tb_content_on_first(struct tb_content *content, void (*first)(void *context),
                         void *context)
{
    content->first = first;
    content->first_context = context;
}

void tb_content_free(struct tb_content **place)
{
    struct tb_content *content = *place;
    if (!content)
        return;
    for (size_t i = 0; i < content->tag_count; i++) {
        free(content->tags[i].template);
        free(content->tags[i].points);
        free(content->tags[i].text);
    }
    for (size_t i = 0; i < content->param_count; i++) {
        free((char *)content->params[i].key);
        free((char *)content->params[i].value);
    }
    for (size_t i = 0; i < content->problem_count; i++) {
        free(content->problems[i].file);
        free(content->problems[i].message);
    }
    free(content->tags);
    free(content->params);
    free(content->problems);
    free(content->group);
    assay_map_free(&content->by_name);
    assay_map_free(&content->by_param);
    free(content);
    *place = NULL;
}

/* ---- problems ---- */

void tb_content_problem(struct tb_content *content, const char *file, uint64_t offset,
                        const char *format, ...)
{
    char message[400];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    for (size_t i = 0; i < content->problem_count; i++) {
        const struct problem *told = &content->problems[i];
        if (told->offset == offset && strcmp(told->file, file) == 0 &&
            strcmp(told->message, message) == 0)
            return;
    }
    if (content->problem_count >= TB_PROBLEMS_MAX) {
        content->untold++;
        return;
    }
    ASSAY_GROW(content->problems, content->problem_capacity, content->problem_count + 1);
    content->problems[content->problem_count++] = (struct problem){
        .file = assay_strdup(file), .message = assay_strdup(message), .offset = offset};
    ingest_problem(content->in, file, offset, "%s", message);
}

size_t tb_content_problems(const struct tb_content *content)
{
    return content->problem_count;
}

uint64_t tb_content_untold(const struct tb_content *content)
{
    return content->untold;
}

void tb_content_tell_rest(const struct tb_content *content)
{
    if (content->untold > 0)
        ingest_problem(content->in, content->problems[content->problem_count - 1].file,
                       UINT64_MAX, "%" PRIu64 " further %s of this run %s not listed",
                       content->untold, content->untold == 1 ? "problem" : "problems",
                       content->untold == 1 ? "is" : "are");
}

void tb_content_repeat_problems(const struct tb_content *content)
{
    for (size_t i = 0; i < content->problem_count; i++) {
        const struct problem *problem = &content->problems[i];
        ingest_problem(content->in, problem->file, problem->offset, "%s", problem->message);
    }
    tb_content_tell_rest(content);
}

/* Whether BYTES more may be held; reports once that they may not. */
static bool hold(struct tb_content *content, size_t bytes, const char *file, uint64_t offset)
{
    if (bytes <= TB_NAMES_MAX - content->held) {
        content->held += bytes;
        return true;
    }
    if (!content->told_limit)
        tb_content_problem(content, file, offset,
                           "the run has more than %zu MB of names and texts: the rest is "
                           "left out",
                           TB_NAMES_MAX >> 20);
    content->told_limit = true;
    return false;
}

/* ---- points ---- */

static void tag_seal(struct tb_content *content, struct tag *tag)
{
    struct assay_chunk *chunk = assay_chunk_pack(tag->points, tag->count);
    if (tag->summary.n == 0)
        tag->summary = *assay_chunk_summary(chunk);
    else
        assay_summary_merge(&tag->summary, assay_chunk_summary(chunk), ASSAY_LAST_WRITTEN);
    ingest_chunk(content->in, content->run_id, tag->name, chunk);
    tag->count = 0;
}

void tb_content_flush(struct tb_content *content)
{
    for (size_t i = 0; i < content->tag_count; i++) {
        if (content->tags[i].count > 0)
            tag_seal(content, &content->tags[i]);
    }
}

/* Gives the memory of waiting points back, all tags having been flushed. */
static void drop_room(struct tb_content *content)
{
    for (size_t i = 0; i < content->tag_count; i++) {
        struct tag *tag = &content->tags[i];
        free(tag->points);
        tag->points = NULL;
        tag->capacity = 0;
    }
    content->waiting = 0;
}

/* Makes room for one more point of a tag whose room is full. */
static void tag_room(struct tb_content *content, struct tag *tag)
{
    if (tag->count == ASSAY_CHUNK_POINTS) {
        tag_seal(content, tag);
        return;
    }
    uint32_t more = tag->capacity ? tag->capacity : POINTS_FIRST;
    if (content->waiting + more > POINTS_WAITING) {
        tb_content_flush(content);
        drop_room(content);
        more = POINTS_FIRST;
    }
    tag->capacity += more;
    content->waiting += more;
    tag->points = assay_realloc_array(tag->points, tag->capacity, sizeof *tag->points);
}

static inline void tag_append(struct tb_content *content, struct tag *tag, int64_t step,
                              int64_t time_ms, double value)
{
    if (tag->count == tag->capacity)
        tag_room(content, tag);
    tag->points[tag->count++] =
        (struct assay_point){.step = step, .time_ms = time_ms, .value = value};
}

/* Wall time in milliseconds. One that is no time counts as the one before it, so that the point
   is kept and the axis is not ruined. */
static int64_t odd_time(struct tb_content *content, const char *file, uint64_t offset)
{
    if (!content->told_time)
        tb_content_problem(content, file, offset,
                           "an event's time is not a time: the one before it is taken");
    content->told_time = true;
    return content->latest_ms;
}

static inline int64_t event_time(struct tb_content *content, double wall_time, const char *file,
                                 uint64_t offset)
{
    int64_t time_ms;
    if (wall_time >= 0 && wall_time < TIME_LIMIT_S)
        time_ms = (int64_t)(wall_time * 1000.0 + 0.5);
    else if (wall_time < 0 && wall_time > -TIME_LIMIT_S)
        time_ms = (int64_t)floor(wall_time * 1000.0 + 0.5);
    else
        return odd_time(content, file, offset);
    content->latest_ms = time_ms;
    if (time_ms > content->end_ms) /* ASSAY_NO_TIME is less than any */
        content->end_ms = time_ms;
    return time_ms;
}

/* ---- tags ---- */

static uint32_t tag_new(struct tb_content *content, const char *name, size_t length)
{
    uint32_t index = (uint32_t)content->tag_count;
    ASSAY_GROW(content->tags, content->tag_capacity, content->tag_count + 1);
    content->tags[content->tag_count++] = (struct tag){
        .name = assay_map_set(&content->by_name, name, length, index),
        .length = (uint32_t)length,
        .summary = ASSAY_SUMMARY_EMPTY,
        .single = true,
    };
    return index;
}

/* The tag's index, made where it is new; ASSAY_MAP_NONE where the run may have no more. */
static uint32_t tag_find(struct tb_content *content, struct protobuf_slice name,
                         const char *file, uint64_t offset)
{
    if (content->tag_count > 0) {
        uint32_t expected = content->tags[content->previous].next;
        const struct tag *tag = &content->tags[expected];
        if (tag->length == name.length &&
            (name.length == 0 || memcmp(tag->name, name.data, name.length) == 0))
            return expected;
    }
    const char *text = name.length ? (const char *)name.data : "";
    uint32_t index = ASSAY_MAP_NONE;
    if (name.length <= TB_TAG_MAX)
        index = assay_map_get(&content->by_name, text, name.length);
    if (index != ASSAY_MAP_NONE)
        return index;
    if (name.length > TB_TAG_MAX) {
        tb_content_problem(content, file, offset,
                           "a tag's name has %zu bytes, more than %u: its value is left out",
                           name.length, TB_TAG_MAX);
    } else if (memchr(text, '\0', name.length)) {
        tb_content_problem(content, file, offset,
                           "a tag's name holds a zero byte: its value is left out");
    } else if (content->tag_count >= TB_TAGS_MAX) {
        if (!content->told_limit)
            tb_content_problem(content, file, offset,
                               "the run has more than %u tags: the rest is left out",
                               TB_TAGS_MAX);
        content->told_limit = true;
    } else if (hold(content, name.length, file, offset)) {
        return tag_new(content, text, name.length);
    }
    return ASSAY_MAP_NONE;
}

/* What a tag holds is said by the first value of it (writers leave the metadata out later):
   TensorBoard's rule in data_compat, except that a number needs no plugin to be shown. */
static enum tag_kind first_kind(const struct tb_value *value)
{
    struct tb_number number;
    if (value->data_class == TB_CLASS_SCALAR)
        return TAG_SCALAR;
    if (value->data_class == TB_CLASS_BLOBS)
        return TAG_OTHER;
    if (value->kind == TB_SIMPLE && value->data_class == TB_CLASS_NONE)
        return TAG_SCALAR;
    if (protobuf_is(value->plugin, "scalars"))
        return TAG_SCALAR;
    if (protobuf_is(value->plugin, "text"))
        return TAG_TEXT;
    if (value->kind != TB_TENSOR || value->plugin.length > 0)
        return TAG_OTHER;
    return tb_tensor_number(value->content, &number) == TB_NUMBER_OK ? TAG_SCALAR : TAG_OTHER;
}

/* ---- texts and hyperparameters ---- */

/* A copy of TEXT that is a C string: a zero byte becomes a blank, and what is too long is cut
   before a character that would be torn. NULL where the run may hold no more. */
static char *keep_text(struct tb_content *content, const char *text, size_t length,
                       const char *file, uint64_t offset)
{
    if (length > TB_TEXT_MAX) {
        tb_content_problem(content, file, offset, "a text of %zu bytes is cut after %zu",
                           length, TB_TEXT_MAX);
        length = TB_TEXT_MAX;
        while (length > TB_TEXT_MAX - 4 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    if (!hold(content, length, file, offset))
        return NULL;
    char *copy = assay_alloc(length + 1);
    for (size_t i = 0; i < length; i++)
        copy[i] = text[i] ? text[i] : ' ';
    return copy;
}

static void replace_text(struct tb_content *content, char **place, const char *text,
                         size_t length, const char *file, uint64_t offset)
{
    if (*place)
        content->held -= strlen(*place);
    free(*place);
    *place = keep_text(content, text, length, file, offset);
}

static void add_text(struct tb_content *content, struct tag *tag, const struct tb_value *value,
                     const char *file, uint64_t offset)
{
    struct assay_buf text = {0};
    if (tb_tensor_text(value->content, &text))
        replace_text(content, &tag->text, assay_buf_text(&text), text.length, file, offset);
    assay_buf_free(&text);
}

static void add_param(struct tb_content *content, const struct tb_hparam *hparam,
                      const char *file, uint64_t offset)
{
    const char *name = (const char *)hparam->name.data;
    size_t length = hparam->name.length;
    const char *value = hparam->number;
    size_t value_length = strlen(value);
    if (hparam->text.length > 0) {
        value = (const char *)hparam->text.data;
        value_length = hparam->text.length;
    }
    if (length == 0 || length > TB_TAG_MAX || memchr(name, '\0', length)) {
        tb_content_problem(content, file, offset,
                           "a hyperparameter's name cannot be shown: it is left out");
        return;
    }
    uint32_t index = assay_map_get(&content->by_param, name, length);
    if (index == ASSAY_MAP_NONE) {
        if (content->param_count >= TB_TAGS_MAX || !hold(content, length, file, offset))
            return;
        index = (uint32_t)content->param_count;
        ASSAY_GROW(content->params, content->param_capacity, content->param_count + 1);
        content->params[content->param_count++] =
            (struct assay_pair){.key = assay_strndup(name, length)};
        assay_map_set(&content->by_param, name, length, index);
    }
    char *text = (char *)content->params[index].value;
    replace_text(content, &text, value, value_length, file, offset);
    content->params[index].value = text ? text : assay_strdup("");
}

static void add_hparams(struct tb_content *content, const struct tb_value *value,
                        const char *file, uint64_t offset)
{
    struct tb_hparams hparams;
    struct tb_hparam hparam;
    if (!tb_hparams_decode(value->plugin_data, &hparams)) {
        tb_content_problem(content, file, offset, "hyperparameters cannot be decoded");
        return;
    }
    if (hparams.end == TB_SESSION_DONE)
        content->end = TB_END_FINISHED;
    else if (hparams.end == TB_SESSION_FAILED)
        content->end = TB_END_FAILED;
    if (hparams.start.length == 0)
        return;
    content->end = TB_END_NONE; /* a session begins (again) */
    struct protobuf walk = protobuf_walk(hparams.start);
    while (tb_hparam_next(&walk, &hparam))
        add_param(content, &hparam, file, offset);
    if (walk.broken)
        tb_content_problem(content, file, offset, "some hyperparameters cannot be decoded");
    struct protobuf_slice group = tb_hparams_group(hparams.start);
    if (group.length > 0)
        replace_text(content, &content->group, (const char *)group.data, group.length, file,
                     offset);
}

/* ---- records ---- */

/* A tensor of a scalar tag as number; false, having said why, where it is none. */
static bool tensor_number(struct tb_content *content, struct tag *tag,
                          struct protobuf_slice tensor, struct tb_number *number,
                          const char *file, uint64_t offset)
{
    static const char *const why[] = {
        [TB_NUMBER_NONE] = "not a number",
        [TB_NUMBER_NOT_ONE] = "not one number",
        [TB_NUMBER_BROKEN] = "damaged",
    };
    enum tb_number_result result = tb_tensor_number(tensor, number);
    if (result == TB_NUMBER_OK)
        return true;
    if (!tag->complained)
        tb_content_problem(content, file, offset,
                           "a value of scalar \"%.200s\" is %s: left out", tag->name,
                           why[result]);
    tag->complained = true;
    return false;
}

/* Adds one value. Sets *number and returns the tag where it was a point, else NULL. */
static struct tag *add_value(struct tb_content *content, const struct tb_event *event,
                             int64_t time_ms, const struct tb_value *value,
                             struct tb_number *number, const char *file, uint64_t offset)
{
    if (protobuf_is(value->plugin, "hparams")) {
        add_hparams(content, value, file, offset);
        return NULL;
    }
    if (value->kind == TB_NOTHING)
        return NULL;
    uint32_t index = tag_find(content, value->tag, file, offset);
    if (index == ASSAY_MAP_NONE)
        return NULL;
    struct tag *tag = &content->tags[index];
    content->tags[content->previous].next = index;
    content->previous = index;
    if (tag->kind == TAG_UNDECIDED)
        tag->kind = (uint8_t)first_kind(value);
    if (value->kind == TB_TENSOR && tag->kind == TAG_TEXT)
        add_text(content, tag, value, file, offset);
    if (value->kind == TB_SIMPLE)
        *number = tb_simple_number(value->content);
    else if (value->kind != TB_TENSOR || tag->kind != TAG_SCALAR ||
             !tensor_number(content, tag, value->content, number, file, offset))
        return NULL;
    tag->single = tag->single && number->single;
    tag_append(content, tag, event->step, time_ms, number->value);
    return tag;
}

/* The long way: the record is decoded, and where it is one point, the tag gets a template. */
static void add_decoded(struct tb_content *content, const uint8_t *data, size_t length,
                        const char *file, uint64_t offset)
{
    struct tb_event event;
    struct tb_value value;
    struct tb_number number;
    if (!tb_event_decode(data, length, &event)) {
        tb_content_problem(content, file, offset,
                           "the record is no event TensorBoard would write: it is left out");
        return;
    }
    int64_t time_ms = event_time(content, event.wall_time, file, offset);
    if (content->start_ms == ASSAY_NO_TIME) {
        content->start_ms = time_ms;
        if (content->first)
            content->first(content->first_context);
    }
    struct protobuf walk = protobuf_walk(event.summary);
    bool first = true;
    while (tb_value_next(&walk, &value)) {
        bool only = first && walk.at == walk.end;
        first = false;
        struct tag *tag = add_value(content, &event, time_ms, &value, &number, file, offset);
        double same;
        if (!tag || !only || !event.after_step ||
            (tag->template &&
             tb_template_fits(tag->template, event.after_step,
                              (size_t)(data + length - event.after_step), &same)))
            continue;
        free(tag->template);
        tag->template = tb_template_new(&event, &number, data + length);
    }
    if (walk.broken)
        tb_content_problem(content, file, offset, "a value of this event cannot be decoded");
}

void tb_content_add(struct tb_content *content, const uint8_t *data, size_t length,
                    const char *file, uint64_t offset)
{
    double wall_time, value;
    int64_t step;
    const uint8_t *rest = tb_template_head(data, length, &wall_time, &step);
    if (rest && content->tag_count > 0) {
        uint32_t expected = content->tags[content->previous].next;
        struct tag *tag = &content->tags[expected];
        if (tag->template &&
            tb_template_fits(tag->template, rest, (size_t)(data + length - rest), &value)) {
            content->previous = expected;
            tag_append(content, tag, step, event_time(content, wall_time, file, offset), value);
            return;
        }
    }
    add_decoded(content, data, length, file, offset);
}

/* ---- what is reported and what is remembered ---- */

enum tb_end tb_content_end(const struct tb_content *content)
{
    return content->end;
}

bool tb_content_known(const struct tb_content *content)
{
    return content->start_ms != ASSAY_NO_TIME;
}

int64_t tb_content_latest(const struct tb_content *content)
{
    return content->end_ms;
}

void tb_content_report(const struct tb_content *content, struct ingest_run *run)
{
    struct assay_metric *metrics = assay_alloc_array(content->tag_count + 1, sizeof *metrics);
    struct assay_pair *texts = assay_alloc_array(content->tag_count + 1, sizeof *texts);
    struct assay_attrs attrs = {
        .params = content->params,
        .param_count = content->param_count,
        .tags = texts,
        .metrics = metrics,
    };
    for (size_t i = 0; i < content->tag_count; i++) {
        const struct tag *tag = &content->tags[i];
        if (tag->summary.n > 0)
            metrics[attrs.metric_count++] = (struct assay_metric){
                .key = tag->name, .summary = tag->summary, .single = tag->single};
        if (tag->text)
            texts[attrs.tag_count++] =
                (struct assay_pair){.key = tag->name, .value = tag->text};
    }
    if (content->group)
        texts[attrs.tag_count++] =
            (struct assay_pair){.key = "hparams.group", .value = content->group};
    run->id = content->run_id;
    run->attrs = &attrs;
    if (tb_content_known(content)) {
        run->start_ms = content->start_ms;
        run->end_ms = content->end_ms;
    }
    ingest_run(content->in, run);
    run->attrs = NULL;
    free(metrics);
    free(texts);
}

static void pack_string(struct assay_buf *out, const char *text)
{
    tb_pack_number(out, text != NULL);
    if (text)
        tb_pack_text(out, text, strlen(text));
}

static char *unpack_string(struct tb_unpack *in, struct tb_content *content)
{
    size_t length;
    if (tb_unpack_number(in) == 0)
        return NULL;
    const char *text = tb_unpack_text(in, &length);
    content->held += length;
    return assay_strndup(text, length);
}

void tb_content_save(const struct tb_content *content, struct assay_buf *out)
{
    tb_pack_number(out, (uint64_t)content->start_ms);
    tb_pack_number(out, (uint64_t)content->end_ms);
    tb_pack_number(out, content->end);
    tb_pack_number(out, (uint64_t)content->told_limit | (uint64_t)content->told_time << 1 |
                            content->untold << 2);
    tb_pack_number(out, content->tag_count);
    for (size_t i = 0; i < content->tag_count; i++) {
        const struct tag *tag = &content->tags[i];
        tb_pack_text(out, tag->name, tag->length);
        tb_pack_number(out,
                       tag->kind | (uint64_t)tag->single << 8 | (uint64_t)tag->complained << 9);
        assay_buf_add(out, &tag->summary, sizeof tag->summary);
        pack_string(out, tag->text);
    }
    tb_pack_number(out, content->param_count);
    for (size_t i = 0; i < content->param_count; i++) {
        pack_string(out, content->params[i].key);
        pack_string(out, content->params[i].value);
    }
    pack_string(out, content->group);
    tb_pack_number(out, content->problem_count);
    for (size_t i = 0; i < content->problem_count; i++) {
        pack_string(out, content->problems[i].file);
        pack_string(out, content->problems[i].message);
        tb_pack_number(out, content->problems[i].offset);
    }
}

static void load_tags(struct tb_content *content, struct tb_unpack *in)
{
    uint64_t count = tb_unpack_number(in);
    for (uint64_t i = 0; i < count && !in->bad; i++) {
        size_t length;
        const char *name = tb_unpack_text(in, &length);
        uint64_t flags = tb_unpack_number(in);
        if (in->bad || length > TB_TAG_MAX || content->tag_count >= TB_TAGS_MAX ||
            (flags & 0xff) > TAG_OTHER ||
            in->end - in->at < (ptrdiff_t)sizeof(struct assay_summary) ||
            assay_map_get(&content->by_name, name, length) != ASSAY_MAP_NONE) {
            in->bad = true;
            return;
        }
        uint32_t index = tag_new(content, name, length); /* moves content->tags */
        struct tag *tag = &content->tags[index];
        tag->kind = (uint8_t)(flags & 0xff);
        tag->single = (flags >> 8 & 1) != 0;
        tag->complained = (flags >> 9 & 1) != 0;
        memcpy(&tag->summary, in->at, sizeof tag->summary);
        in->at += sizeof tag->summary;
        tag->text = unpack_string(in, content);
        content->held += length;
    }
}

bool tb_content_peek(struct tb_unpack in, int64_t *latest_ms)
{
    int64_t start_ms = (int64_t)tb_unpack_number(&in);
    *latest_ms = (int64_t)tb_unpack_number(&in);
    return !in.bad && start_ms != ASSAY_NO_TIME;
}

bool tb_content_load(struct tb_content *content, struct tb_unpack *in)
{
    content->start_ms = (int64_t)tb_unpack_number(in);
    content->end_ms = (int64_t)tb_unpack_number(in);
    content->latest_ms = content->end_ms == ASSAY_NO_TIME ? 0 : content->end_ms;
    uint64_t end = tb_unpack_number(in);
    content->end = end <= TB_END_FAILED ? (enum tb_end)end : TB_END_NONE;
    uint64_t told = tb_unpack_number(in);
    content->told_limit = told & 1;
    content->told_time = told >> 1 & 1;
    content->untold = told >> 2;
    load_tags(content, in);
    uint64_t count = tb_unpack_number(in);
    for (uint64_t i = 0; i < count && !in->bad; i++) {
        char *key = unpack_string(in, content), *value = unpack_string(in, content);
        ASSAY_GROW(content->params, content->param_capacity, content->param_count + 1);
        content->params[content->param_count++] = (struct assay_pair){
            .key = key ? key : assay_strdup(""), .value = value ? value : assay_strdup("")};
        assay_map_set(&content->by_param, key ? key : "", key ? strlen(key) : 0, (uint32_t)i);
    }
    content->group = unpack_string(in, content);
    count = tb_unpack_number(in);
    for (uint64_t i = 0; i < count && !in->bad && i < TB_PROBLEMS_MAX; i++) {
        char *file = unpack_string(in, content), *message = unpack_string(in, content);
        ASSAY_GROW(content->problems, content->problem_capacity, content->problem_count + 1);
        content->problems[content->problem_count++] = (struct problem){
            .file = file ? file : assay_strdup(""),
            .message = message ? message : assay_strdup(""),
            .offset = tb_unpack_number(in),
        };
    }
    if (content->untold > 0 && content->problem_count < TB_PROBLEMS_MAX)
        in->bad = true;
    return !in->bad && in->at == in->end && content->held <= TB_NAMES_MAX;
}
