/*
 * assay plot: one chart of one or more runs' metrics, to standard output or into a file.
 */
#include "cli.h"
#include "terminal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/chart.h>
#include <assay/file.h>
#include <assay/memory.h>
#include <assay/text.h>

#define ASK_MS 1000

struct plot {
    struct cli *cli;
    uint32_t *runs;
    size_t run_count;
    const char **metrics;
    size_t metric_count;
    struct assay_chart_line *lines;
    size_t line_count;
    struct assay_arena labels;
    struct assay_plot_options options;
    double smooth;
};

/* ---- what to draw with ---- */

static enum assay_status parse_size(const char *text, int *columns, int *rows,
                                    struct assay_error *err)
{
    const char *x = strchr(text, 'x');
    int64_t width, height;
    if (!x || !assay_int_parse(text, (size_t)(x - text), &width) ||
        !assay_int_parse(x + 1, strlen(x + 1), &height) || width < 20 || width > 1000 ||
        height < 5 || height > 500) {
        assay_fail(err, ASSAY_BAD_INPUT, "plot: --size %s: not WIDTHxHEIGHT in cells", text);
        assay_hint(err, "from 20x5 to 1000x500, for example --size 100x30");
        return ASSAY_BAD_INPUT;
    }
    *columns = (int)width;
    *rows = (int)height;
    return ASSAY_OK;
}

/* What `auto` comes to: what the user wishes in general, then what the terminal says it can. */
static enum assay_plot_as choose(const struct cli *cli, const struct cli_terminal *terminal)
{
    const char *wish = getenv("ASSAY_GRAPHICS");
    enum assay_plot_as text = cli->utf8 ? ASSAY_PLOT_BRAILLE : ASSAY_PLOT_ASCII;
    if (!cli->tty || !cli->color)
        return text;
    if (wish && strcmp(wish, "sixel") == 0)
        return ASSAY_PLOT_SIXEL;
    if (wish && strcmp(wish, "kitty") == 0)
        return ASSAY_PLOT_KITTY;
    if (wish && strcmp(wish, "text") == 0)
        return text;
    return terminal->sixel ? ASSAY_PLOT_SIXEL : text;
}

static bool as_named(const char *name, enum assay_plot_as *as)
{
    static const struct {
        const char *name;
        enum assay_plot_as as;
    } names[] = {
        {"sixel", ASSAY_PLOT_SIXEL},     {"kitty", ASSAY_PLOT_KITTY},
        {"braille", ASSAY_PLOT_BRAILLE}, {"ascii", ASSAY_PLOT_ASCII},
        {"svg", ASSAY_PLOT_SVG},         {"png", ASSAY_PLOT_PNG},
    };
    for (size_t i = 0; name && i < ASSAY_COUNT(names); i++)
        if (strcmp(names[i].name, name) == 0) {
            *as = names[i].as;
            return true;
        }
    return false;
}

static enum assay_status choose_output(struct plot *plot, struct assay_error *err)
{
    const struct cli *cli = plot->cli;
    struct assay_plot_options *o = &plot->options;
    bool to_file = cli_output(cli) != NULL, named = as_named(cli_value(cli, "as"), &o->as);
    struct cli_terminal terminal = {0};
    bool pixels = named && (o->as == ASSAY_PLOT_SIXEL || o->as == ASSAY_PLOT_KITTY);
    if (cli->tty && !to_file && (!named || pixels))
        cli_terminal_ask(&terminal, ASK_MS);
    if (!named)
        o->as = to_file ? (cli->utf8 ? ASSAY_PLOT_BRAILLE : ASSAY_PLOT_ASCII)
                        : choose(cli, &terminal);
    bool picture = o->as == ASSAY_PLOT_SVG || o->as == ASSAY_PLOT_PNG;
    if (o->as == ASSAY_PLOT_PNG && cli->tty && !to_file) {
        assay_fail(err, ASSAY_BAD_INPUT, "plot: a PNG is not for a terminal");
        assay_hint(err, "add -o FILE, or send standard output to a file");
        return ASSAY_BAD_INPUT;
    }
    o->columns = picture ? 100 : cli->columns;
    o->rows = picture ? 30 : cli->rows - 2 < 24 ? cli->rows - 2 : 24;
    o->rows = o->rows < 8 ? 8 : o->rows;
    o->cell_width = terminal.cell_width;
    o->cell_height = terminal.cell_height;
    /* Behind a multiplexer the registers are another terminal's: the fewest there are is safe.
     */
    o->registers = terminal.registers ? terminal.registers : 256;
    if (getenv("TMUX"))
        o->registers = 16;
    o->color = cli->color && !to_file;
    o->light = cli_has(cli, "light") || terminal.light;
    const char *size = cli_value(cli, "size");
    return size ? parse_size(size, &o->columns, &o->rows, err) : ASSAY_OK;
}

/* ---- what to draw ---- */

static const char *label_of(struct plot *plot, uint32_t run, const char *metric)
{
    const struct assay_run *r = assay_catalog_run(plot->cli->catalog, run);
    char id[72];
    struct assay_buf raw = {0}, clean = {0};
    if (plot->metric_count > 1)
        assay_buf_format(&raw, "%s ", metric);
    if (plot->run_count > 1 || plot->metric_count == 1)
        assay_buf_text_add(
            &raw, *r->name ? r->name : assay_catalog_short_id(plot->cli->catalog, run, id));
    while (raw.length && raw.data[raw.length - 1] == ' ')
        raw.data[--raw.length] = '\0';
    assay_text_clean(&clean, assay_buf_text(&raw), raw.length);
    const char *label = assay_arena_strdup(&plot->labels, assay_buf_text(&clean));
    assay_buf_free(&raw);
    assay_buf_free(&clean);
    return label;
}

/* Reads one series, so that it is at hand when the lines are made. False where there is none.
 */
static bool read_one(struct plot *plot, uint32_t run, const char *metric,
                     struct assay_error *err)
{
    struct cli *cli = plot->cli;
    struct assay_series *series;
    char id[72];
    if (assay_attrs_metric(assay_catalog_attrs(cli->catalog, run), metric))
        return assay_session_series_wait(cli->session, run, metric, &series, err) == ASSAY_OK;
    assay_fail(err, ASSAY_BAD_INPUT, "%s: no metric %s",
               assay_catalog_short_id(cli->catalog, run, id), metric);
    assay_hint(err, "assay show %s lists its metrics", id);
    return false;
}

static void read_all(struct plot *plot)
{
    for (size_t m = 0; m < plot->metric_count; m++)
        for (size_t r = 0; r < plot->run_count; r++) {
            struct assay_error failed = {0};
            if (!read_one(plot, plot->runs[r], plot->metrics[m], &failed)) {
                cli_complain(&failed);
                plot->cli->worst = failed.status;
            }
        }
}

/* Nothing is dispatched here, so the series stay where they are until the chart is drawn. */
static void make_lines(struct plot *plot)
{
    size_t most = plot->metric_count * plot->run_count;
    plot->lines = assay_alloc_array(most, sizeof *plot->lines);
    for (size_t m = 0; m < plot->metric_count; m++)
        for (size_t r = 0; r < plot->run_count; r++) {
            enum assay_load load;
            struct assay_series *series = assay_session_series(
                plot->cli->session, plot->runs[r], plot->metrics[m], &load);
            if (!series || load != ASSAY_LOAD_READY)
                continue;
            struct assay_chart_line *line = &plot->lines[plot->line_count];
            *line = (struct assay_chart_line){
                .series = series,
                .label = label_of(plot, plot->runs[r], plot->metrics[m]),
                .color = (int)plot->line_count,
            };
            if (plot->smooth > 0) {
                line->faint = series;
                line->series = assay_series_smooth(series, plot->smooth);
            }
            plot->line_count++;
        }
}

static enum assay_axis axis_of(const struct cli *cli)
{
    const char *name = cli_value(cli, "x");
    if (name && strcmp(name, "time") == 0)
        return ASSAY_AXIS_TIME;
    return name && strcmp(name, "relative") == 0 ? ASSAY_AXIS_RELATIVE : ASSAY_AXIS_STEP;
}

static enum assay_status draw(struct plot *plot, struct assay_error *err)
{
    struct cli *cli = plot->cli;
    struct assay_buf title = {0}, clean = {0}, picture = {0};
    for (size_t m = 0; m < plot->metric_count; m++)
        assay_buf_format(&title, "%s%s", m ? ", " : "", plot->metrics[m]);
    assay_text_clean(&clean, assay_buf_text(&title), title.length);
    plot->options.title = assay_buf_text(&clean);
    struct assay_chart chart = {
        .lines = plot->lines,
        .line_count = plot->line_count,
        .axis = axis_of(cli),
        .log_x = cli_has(cli, "logx"),
        .log_y = cli_has(cli, "logy"),
        .x_min = NAN,
        .x_max = NAN,
        .y_min = NAN,
        .y_max = NAN,
    };
    const char *file = cli_output(cli);
    enum assay_status status = assay_plot_render(&chart, &plot->options, &picture, err);
    if (status == ASSAY_OK && file)
        status = assay_file_write(file, assay_buf_text(&picture), picture.length, 0666, err);
    else if (status == ASSAY_OK)
        assay_buf_add(&cli->out, assay_buf_text(&picture), picture.length);
    assay_buf_free(&title);
    assay_buf_free(&clean);
    assay_buf_free(&picture);
    return status;
}

static void plot_free(struct plot *plot)
{
    for (size_t i = 0; i < plot->line_count; i++)
        if (plot->lines[i].faint)
            assay_series_free(&plot->lines[i].series);
    free(plot->lines);
    free(plot->runs);
    free(plot->metrics);
    assay_arena_free(&plot->labels);
}

static enum assay_status find_runs(struct plot *plot, struct assay_error *err)
{
    const struct cli_args *args = &plot->cli->args;
    plot->runs = assay_alloc_array(args->operand_count, sizeof *plot->runs);
    for (size_t i = 0; i < args->operand_count; i++) {
        enum assay_status status =
            cli_find_run(plot->cli, args->operands[i], &plot->runs[i], err);
        if (status != ASSAY_OK)
            return status;
        plot->run_count++;
    }
    return ASSAY_OK;
}

static enum assay_status take_metrics(struct plot *plot, struct assay_error *err)
{
    size_t capacity = 0;
    for (const char *name;
         (name = cli_value_at(plot->cli, "metric", plot->metric_count)) != NULL;) {
        ASSAY_GROW(plot->metrics, capacity, plot->metric_count + 1);
        plot->metrics[plot->metric_count++] = name;
    }
    if (plot->metric_count)
        return ASSAY_OK;
    assay_fail(err, ASSAY_BAD_INPUT, "plot: which metric?");
    assay_hint(err, "name it with -m METRIC; assay show RUN lists a run's metrics");
    return ASSAY_BAD_INPUT;
}

enum assay_status cli_plot(struct cli *cli, struct assay_error *err)
{
    struct plot plot = {.cli = cli};
    enum assay_status status = take_metrics(&plot, err);
    if (status == ASSAY_OK)
        status = cli_number(cli, "smooth", 0, 0.999, &plot.smooth, err);
    if (status == ASSAY_OK)
        status = choose_output(&plot, err);
    cli_ask_named(cli, cli->args.operand_count);
    if (status == ASSAY_OK)
        status = cli_open(cli, err);
    if (status == ASSAY_OK)
        status = find_runs(&plot, err);
    if (status == ASSAY_OK) {
        read_all(&plot);
        make_lines(&plot);
        /* Why there is no line has been said. */
        status = plot.line_count ? draw(&plot, err) : cli->worst;
    }
    plot_free(&plot);
    return status;
}
