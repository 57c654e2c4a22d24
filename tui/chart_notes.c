/*
 * Notes on places of a chart (chart_notes.h).
 */
#include "chart_notes.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include <assay/text.h>

static bool read_line(const char *line, size_t length, struct chart_note *note)
{
    size_t at = 0;
    while (at < length && strchr(" \t-*", line[at])) {
        at++;
    }
    if (length - at < 6 || strncasecmp(line + at, "step ", 5) != 0) {
        return false;
    }
    char digits[24];
    size_t count = 0;
    for (at += 5; at < length && count < sizeof digits - 1 &&
                  (isdigit((unsigned char)line[at]) || strchr(",_-", line[at]));
         at++) {
        if (line[at] != ',' && line[at] != '_') {
            digits[count++] = line[at];
        }
    }
    digits[count] = '\0';
    if (at == length || line[at] != ':' || !assay_int_parse(digits, count, &note->step)) {
        return false;
    }
    at++;
    while (at < length && line[at] == ' ') {
        at++;
    }
    char text[400];
    size_t rest = length - at < sizeof text - 1 ? length - at : sizeof text - 1;
    memcpy(text, line + at, rest);
    text[rest] = '\0';
    assay_text_clean_to(note->text, sizeof note->text, text);
    return true;
}

void chart_notes_read(struct chart_notes *notes, const struct chart_state *state)
{
    notes->count = 0;
    for (size_t i = 0; i < state->count; i++) {
        const char *text = assay_session_note(state->session, state->sources[i].run);
        while (*text && notes->count < CHART_NOTES_MAX) {
            size_t length = strcspn(text, "\n");
            struct chart_note *note = &notes->items[notes->count];
            note->source = i;
            notes->count += read_line(text, length, note);
            text += length + (text[length] == '\n');
        }
    }
}

double chart_note_x(const struct chart_note *note, const struct chart_state *state)
{
    struct assay_series *series = state->sources[note->source].series;
    struct assay_view view;
    if (state->axis == ASSAY_AXIS_STEP) {
        return (double)note->step;
    }
    if (!series) {
        return NAN;
    }
    assay_series_view(series, ASSAY_AXIS_STEP, &view);
    for (size_t i = view.segment_count; i-- > 0;) {
        const struct assay_segment *segment = &view.segments[i];
        size_t at = assay_view_find(&view, segment, (double)note->step, false);
        if (at < segment->first + segment->count) {
            struct assay_point point = assay_view_point(&view, at);
            return assay_point_x(&point, state->axis, assay_series_origin(series));
        }
    }
    return NAN;
}

const struct chart_note *chart_notes_next(const struct chart_notes *notes,
                                          const struct chart_state *state, double x,
                                          bool forward, double *found)
{
    const struct chart_note *best = NULL;
    for (size_t i = 0; i < notes->count; i++) {
        double at = chart_note_x(&notes->items[i], state);
        bool beyond = forward ? at > x : at < x;
        if (beyond && (!best || (forward ? at < *found : at > *found))) {
            best = &notes->items[i];
            *found = at;
        }
    }
    return best;
}
