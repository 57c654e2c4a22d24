/*
 * Gates over a version's files (gates.h), wherever they lie: on disk, where they are hashed
 * anew, or on a server, which hashes were taken from when the facts were asked for. Called
 * through the table of gates.c.
 */
#include "approval/gates_private.h"

#include <stdlib.h>
#include <string.h>

#include <assay/file.h>
#include <assay/text.h>

#include "approval/manifest.h"
#include "approval/model_signature.h"

#define CARD_BYTES_MAX ((size_t)4 << 20)

static const struct assay_model_file *file_of(const struct version_facts *facts,
                                              const char *path)
{
    for (size_t i = 0; i < facts->file_count; i++)
        if (strcmp(facts->files[i].path, path) == 0)
            return &facts->files[i];
    return NULL;
}

void gate_required_files(struct run *run)
{
    const char *at = gate_setting(run, "files");
    size_t wanted = 0;

    while (*at) {
        at += strspn(at, ", \t");
        size_t length = strcspn(at, ", \t");
        if (length > 0) {
            const char *name = assay_arena_strndup(run->c->arena, at, length);
            const struct assay_model_file *file = file_of(run->c->candidate, name);
            wanted++;
            if (!file || file->bytes == 0) {
                gate_say(run, ASSAY_UNSATISFIED, "%s %s", name,
                         file ? "is empty" : "is not there");
                return;
            }
        }
        at += length;
    }
    gate_say(run, ASSAY_SATISFIED, "%zu files are there", wanted);
}

/* Whether anything can be said of what lies in the files, not only of their names. */
static bool can_be_read(const struct version_facts *facts)
{
    return facts->root_count > 0 || facts->fetch;
}

/* A server keeps no digests: what its files must be is what they were when this version was
   first asked for. */
static void compare_with_first(struct run *run)
{
    const struct version_facts *facts = run->c->candidate;
    const char *first = run->c->first_digest;

    if (first && strcmp(first, facts->digest) != 0)
        gate_say(run, ASSAY_UNSATISFIED,
                 "the files are not those this version was first requested with (%.16s, was "
                 "%.16s)",
                 facts->digest, first);
    else
        gate_say(run, ASSAY_SATISFIED, "%zu files as the server gives them, %s",
                 facts->file_count,
                 first ? "those first requested" : "requested for the first time");
}

void gate_artifact_digest(struct run *run)
{
    const struct version_facts *facts = run->c->candidate;
    struct manifest manifest = {0};
    struct assay_error why = {0};

    if (!can_be_read(facts))
        gate_say(run, ASSAY_MISSING, "where the files lie is not known");
    else if (facts->root_count == 0)
        compare_with_first(run);
    else if (manifest_read(&manifest, run->c->arena, facts->roots, facts->root_count, &why) !=
             ASSAY_OK)
        gate_say(run, ASSAY_ERROR, "%s", why.what);
    else if (strcmp(manifest.digest, facts->digest) != 0)
        gate_say(run, ASSAY_UNSATISFIED, "the files are not those that were registered (%.16s)",
                 manifest.digest);
    else
        gate_say(run, ASSAY_SATISFIED, "%zu files as registered", manifest.count);
}

enum assay_status gate_read_file(const struct version_facts *facts, const char *name,
                                 size_t most, struct assay_buf *out, struct assay_error *err)
{
    enum assay_status status;
    char digest[ASSAY_SHA256_TEXT];

    if (facts->root_count == 0) {
        status = facts->fetch(facts->fetcher, facts, name, most, out, err);
    } else {
        char *path = manifest_find(facts->roots, facts->root_count, name), *bytes = NULL;
        size_t length = 0;
        status = path ? assay_file_read(path, most, &bytes, &length, err)
                      : assay_fail(err, ASSAY_IO, "%s cannot be found", name);
        if (status == ASSAY_OK)
            assay_buf_add(out, bytes, length);
        free(bytes);
        free(path);
    }
    if (status == ASSAY_OK && strcmp(assay_sha256(digest, assay_buf_text(out), out->length),
                                     file_of(facts, name)->digest) != 0)
        status = assay_fail(err, ASSAY_NO, "%s changed since it was hashed", name);
    return status;
}

static void check_signature(struct run *run, const struct version_facts *now, const char *name)
{
    const char *registered = run->c->candidate->digest;
    struct assay_buf bytes = {.limit = MODEL_SIGNATURE_BYTES_MAX + 1};
    struct assay_error why = {0};
    struct model_key key;

    if (!model_key_parse(&key, gate_setting(run, "key")))
        return;
    if (gate_read_file(now, name, MODEL_SIGNATURE_BYTES_MAX, &bytes, &why) != ASSAY_OK) {
        gate_say(run, ASSAY_ERROR, "%s", why.what);
    } else {
        const struct model_signature_answer answer = model_signature_check(
            &(struct model_signature){.key = &key,
                                      .name = name,
                                      .bytes = assay_buf_text(&bytes),
                                      .length = bytes.length,
                                      .files = now->files,
                                      .file_count = now->file_count,
                                      .ignore = gate_setting(run, "ignore")},
            run->c->arena);
        if (answer.state == ASSAY_SATISFIED && strcmp(now->digest, registered) != 0)
            gate_say(run, ASSAY_UNSATISFIED,
                     "the files are signed, but not those registered (%.16s)", now->digest);
        else
            gate_say(run, answer.state, "%s", answer.why);
    }
    assay_buf_free(&bytes);
}

/* Files on disk are hashed anew; those of a server were when the facts were asked for. */
void gate_model_signature(struct run *run)
{
    const char *name = gate_setting(run, "file");
    struct version_facts now = *run->c->candidate;
    struct manifest manifest = {0};
    struct assay_error why = {0};

    name = name ? name : MODEL_SIGNATURE_FILE;
    if (!can_be_read(&now)) {
        gate_say(run, ASSAY_MISSING, "where the files lie is not known");
        return;
    }
    if (now.root_count > 0) {
        if (manifest_read(&manifest, run->c->arena, now.roots, now.root_count, &why) !=
            ASSAY_OK) {
            gate_say(run, ASSAY_ERROR, "%s", why.what);
            return;
        }
        now.files = manifest.files;
        now.file_count = manifest.count;
        now.digest = manifest.digest;
    }
    if (file_of(&now, name))
        check_signature(run, &now, name);
    else
        gate_say(run, ASSAY_MISSING, "the model has no %s: nobody signed it", name);
}

/* Whether the Markdown TEXT has a heading NAME with something under it. */
static bool has_section(const char *text, const char *name)
{
    const size_t length = strlen(name);

    for (const char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        size_t marks = strspn(line, "#");
        const char *title = line + marks + strspn(line + marks, " \t");
        if (marks == 0 || strncasecmp(title, name, length) != 0 ||
            title[length + strspn(title + length, " \t\r")] != '\n')
            continue;
        const char *body = strchr(title, '\n');
        body += strspn(body, " \t\r\n");
        return *body != '\0' && *body != '#';
    }
    return false;
}

/* Takes the names of SECTIONS, set apart by commas, one by one: the first that TEXT lacks. */
static const char *missing_section(struct run *run, const char *text, const char *sections)
{
    for (const char *at = sections; *at;) {
        at += strspn(at, ", \t");
        size_t count = strcspn(at, ",");
        const char *section = assay_arena_strndup(run->c->arena, at, count);
        if (count > 0 && !has_section(text, section))
            return section;
        at += count;
    }
    return NULL;
}

void gate_model_card(struct run *run)
{
    const struct version_facts *facts = run->c->candidate;
    const char *name = gate_setting(run, "file"), *sections = gate_setting(run, "sections");
    struct assay_buf text = {.limit = CARD_BYTES_MAX + 1};
    struct assay_error why = {0};

    name = name ? name : "README.md";
    if (!file_of(facts, name) || !can_be_read(facts)) {
        gate_say(run, ASSAY_MISSING, "the model has no %s", name);
    } else if (gate_read_file(facts, name, CARD_BYTES_MAX, &text, &why) != ASSAY_OK) {
        gate_say(run, ASSAY_ERROR, "%s", why.what);
    } else {
        const char *section =
            missing_section(run, assay_buf_text(&text), sections ? sections : "");
        if (section)
            gate_say(run, ASSAY_UNSATISFIED, "%s: the section %s is missing or empty", name,
                     section);
        else
            gate_say(run, ASSAY_SATISFIED, "%s has all its sections", name);
    }
    assay_buf_free(&text);
}
