/*
 * Writing a chart to a file (chart_export.h), for view_chart.c.
 */
#include "chart_export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/buf.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#define EXPORT_COLUMNS 120
#define EXPORT_ROWS    36
#define CSV_BLOCK      1024

void chart_export_name(const struct chart_state *state, char *out, size_t capacity)
{
    char stem[80];
    size_t length = 0;
    for (const char *c = state->metric; *c && length < sizeof stem - 1; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || *c == '_';
        stem[length++] = plain ? *c : '-';
    }
    stem[length] = '\0';
    snprintf(out, capacity, "%s.svg", length ? stem : "chart");
    for (int i = 2; i < 1000 && access(out, F_OK) == 0; i++) {
        snprintf(out, capacity, "%s-%d.svg", length ? stem : "chart", i);
    }
}

static void csv_text(struct assay_buf *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        assay_buf_text_add(out, text);
        return;
    }
    assay_buf_char(out, '"');
    for (; *text; text++) {
        assay_buf_text_add(out, *text == '"' ? "\"" : "");
        assay_buf_char(out, *text);
    }
    assay_buf_char(out, '"');
}

static void csv_line(const struct chart_state *state, const struct chart_source *source,
                     struct assay_buf *out)
{
    const struct assay_run *run =
        assay_catalog_run(assay_session_catalog(state->session), source->run);
    struct assay_point *points = assay_alloc_array(CSV_BLOCK, sizeof *points);
    size_t count = assay_series_count(source->series);
    for (size_t from = 0; from < count && !out->overflow; from += CSV_BLOCK) {
        size_t some = count - from < CSV_BLOCK ? count - from : CSV_BLOCK;
        assay_series_get(source->series, from, some, points);
        for (size_t i = 0; i < some; i++) {
            char value[32];
            csv_text(out, run->id);
            assay_buf_char(out, ',');
            csv_text(out, run->name);
            assay_buf_char(out, ',');
            csv_text(out, state->metric);
            assay_buf_format(out, ",%lld,%lld,%s\n", (long long)points[i].step,
                             (long long)points[i].time_ms,
                             assay_number_exact(value, points[i].value));
        }
    }
    free(points);
}

static enum assay_status render(struct chart_state *state, const char *path, bool light,
                                struct assay_buf *out, struct assay_error *err)
{
    const char *dot = strrchr(path, '.');
    if (dot && strcmp(dot, ".csv") == 0) {
        assay_buf_text_add(out, "run,name,metric,step,time_ms,value\n");
        for (size_t i = 0; i < state->count; i++) {
            if (state->sources[i].series) {
                csv_line(state, &state->sources[i], out);
            }
        }
        return out->overflow ? assay_fail(err, ASSAY_IO, "%s: more than 1 GB of points", path)
                             : ASSAY_OK;
    }
    bool png = dot && strcmp(dot, ".png") == 0;
    if (!png && !(dot && strcmp(dot, ".svg") == 0)) {
        assay_fail(err, ASSAY_BAD_INPUT, "%s: not a kind of file charts are written as", path);
        assay_hint(err, "end the name in .svg, .png or .csv");
        return ASSAY_BAD_INPUT;
    }
    char title[CHART_METRIC_SIZE];
    assay_text_clean_to(title, sizeof title, state->metric);
    return assay_plot_render(&state->chart,
                             &(struct assay_plot_options){
                                 .as = png ? ASSAY_PLOT_PNG : ASSAY_PLOT_SVG,
                                 .columns = EXPORT_COLUMNS,
                                 .rows = EXPORT_ROWS,
                                 .registers = 256,
                                 .color = true,
                                 .light = light,
                                 .title = title,
                             },
                             out, err);
}

static enum assay_status write_new(const char *path, const struct assay_buf *bytes,
                                   struct assay_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(errno));
        if (errno == EEXIST) {
            assay_hint(err, "give another name");
        }
        return ASSAY_IO;
    }
    bool written = assay_write_all(fd, bytes->data, bytes->length);
    int why = errno;
    if (close(fd) != 0 && written) {
        why = errno;
        written = false;
    }
    if (!written) {
        unlink(path);
        return assay_fail(err, ASSAY_IO, "%s: %s", path, strerror(why));
    }
    return ASSAY_OK;
}

enum assay_status chart_export(struct chart_state *state, const char *path, bool light,
                               struct assay_error *err)
{
    struct assay_buf out = {0};
    chart_state_update(state);
    enum assay_status status = ASSAY_OK;
    if (!state->drawable) {
        status = assay_fail(err, ASSAY_NO, "there is nothing to write yet");
    }
    if (status == ASSAY_OK) {
        status = render(state, path, light, &out, err);
    }
    if (status == ASSAY_OK) {
        status = write_new(path, &out, err);
    }
    assay_buf_free(&out);
    return status;
}
