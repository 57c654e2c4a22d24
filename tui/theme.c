/*
 * Reads themes and reduces them to what the terminal can show. Used by term.c (loading) and
 * draw.c (theme_style()). A line of a theme file is
 *
 *     role = FG BG ATTRIBUTES | FG BG ATTRIBUTES
 *
 * the second part (optional) for terminals with 16 colours or 8. FG and BG are a name, a number
 * 0..255, #rrggbb, "default" (the terminal's own) or "-" (what lies under it).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <assay/file.h>
#include <assay/ini.h>
#include <assay/memory.h>
#include <assay/text.h>

#include "theme.h"

#define THEME_FILE_MAX 65536

static const struct {
    const char *name;
    const char *text;
} builtins[] = {
#include "themes.inc"
};

static const char *const role_names[] = {
#define X(id, name, what) [ROLE_##id] = name,
    THEME_ROLES(X)
#undef X
};

static const char *const color_names[16] = {
    "black",        "red",           "green",       "yellow",         "blue",
    "magenta",      "cyan",          "white",       "bright-black",   "bright-red",
    "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
    "bright-white",
};

/* What the first sixteen look like in most terminals (xterm's defaults). */
static const struct assay_rgb basic_colors[16] = {
    {0, 0, 0},       {205, 0, 0},   {0, 205, 0},   {205, 205, 0},
    {0, 0, 238},     {205, 0, 205}, {0, 205, 205}, {229, 229, 229},
    {127, 127, 127}, {255, 0, 0},   {0, 255, 0},   {255, 255, 0},
    {92, 92, 255},   {255, 0, 255}, {0, 255, 255}, {255, 255, 255},
};

static const struct {
    const char *name;
    unsigned attr;
} attr_names[] = {
    {"bold", STYLE_BOLD},       {"dim", STYLE_DIM},       {"underline", STYLE_UNDERLINE},
    {"reverse", STYLE_REVERSE}, {"italic", STYLE_ITALIC},
};

static long distance(struct assay_rgb a, struct assay_rgb b)
{
    long r = (long)a.r - b.r, g = (long)a.g - b.g, blue = (long)a.b - b.b;

    /* The eye sees green best and blue worst. */
    return 3 * r * r + 6 * g * g + blue * blue;
}

/* The nearest of the first COUNT basic colours that TAKEN (or NULL) does not forbid. */
static int nearest_basic(struct assay_rgb rgb, int count, const bool *taken)
{
    int best = -1;

    for (int i = 0; i < count; i++) {
        if (taken != NULL && taken[i])
            continue;
        if (best < 0 || distance(rgb, basic_colors[i]) < distance(rgb, basic_colors[best]))
            best = i;
    }
    return best;
}

static int reduce_color(int color, int colors)
{
    if (color < 0 || colors >= 256 || color < colors)
        return color;
    if (color < 16)
        return colors >= 8 ? color % 8 : color;
    return nearest_basic(assay_index256_rgb(color), colors >= 16 ? 16 : 8, NULL);
}

/* Reads one colour word; false where it is none. */
static bool parse_color(const char *word, int16_t *color)
{
    int64_t number;

    if (strcmp(word, "-") == 0) {
        *color = STYLE_NONE;
        return true;
    }
    if (strcasecmp(word, "default") == 0) {
        *color = STYLE_DEFAULT;
        return true;
    }
    for (int i = 0; i < 16; i++) {
        if (strcasecmp(word, color_names[i]) == 0) {
            *color = (int16_t)i;
            return true;
        }
    }
    if (word[0] == '#' && strlen(word) == 7 &&
        strspn(word + 1, "0123456789abcdefABCDEF") == 6) {
        unsigned long rgb = strtoul(word + 1, NULL, 16);

        *color = (int16_t)assay_rgb_index256((struct assay_rgb){
            .r = (uint8_t)(rgb >> 16), .g = (uint8_t)(rgb >> 8), .b = (uint8_t)rgb});
        return true;
    }
    if (assay_int_parse(word, strlen(word), &number) && number >= 0 && number <= 255) {
        *color = (int16_t)number;
        return true;
    }
    return false;
}

static bool parse_attr(const char *word, uint16_t *attrs)
{
    for (size_t i = 0; i < ASSAY_COUNT(attr_names); i++) {
        if (strcasecmp(word, attr_names[i].name) == 0) {
            *attrs = (uint16_t)(*attrs | attr_names[i].attr);
            return true;
        }
    }
    return false;
}

/* Reads "FG BG ATTRIBUTES" from LENGTH bytes of TEXT. */
static enum assay_status parse_style(const char *text, size_t length, struct style *style,
                                     struct assay_error *err)
{
    char copy[128];
    char *rest = copy, *word;
    int colors = 0;

    *style = (struct style){.fg = STYLE_NONE, .bg = STYLE_NONE};
    if (length >= sizeof copy)
        return assay_fail(err, ASSAY_BAD_INPUT, "the line is too long");
    memcpy(copy, text, length);
    copy[length] = '\0';
    while ((word = strsep(&rest, " \t")) != NULL) {
        int16_t color;

        if (*word == '\0' || parse_attr(word, &style->attrs))
            continue;
        if (colors == 2 || !parse_color(word, &color)) {
            assay_fail(err, ASSAY_BAD_INPUT, "\"%s\" is no %s", word,
                       colors == 2 ? "attribute" : "colour");
            assay_hint(err,
                       "a look is FG BG ATTRIBUTES: a name, 0..255, #rrggbb, default or -; "
                       "bold dim underline reverse italic");
            return ASSAY_BAD_INPUT;
        }
        if (colors++ == 0)
            style->fg = color;
        else
            style->bg = color;
    }
    return ASSAY_OK;
}

static int find_role(const char *name)
{
    for (size_t i = 0; i < ASSAY_COUNT(role_names); i++)
        if (strcmp(role_names[i], name) == 0)
            return (int)i;
    return -1;
}

static enum assay_status theme_setting(struct theme *theme, const char *key, const char *value,
                                       struct assay_error *err)
{
    if (strcmp(key, "colors") == 0 && strcmp(value, "none") == 0) {
        theme->colors = 0;
        return ASSAY_OK;
    }
    if (strcmp(key, "background") != 0)
        return assay_fail(err, ASSAY_BAD_INPUT, "unknown setting \"%s\" of a theme", key);
    if (strcmp(value, "dark") != 0 && strcmp(value, "light") != 0)
        return assay_fail(err, ASSAY_BAD_INPUT, "background is dark or light, not \"%s\"",
                          value);
    theme->light = value[0] == 'l';
    return ASSAY_OK;
}

static enum assay_status theme_entry(void *context, const char *section, const char *key,
                                     const char *value, struct assay_error *err)
{
    struct theme *theme = context;
    const char *second = strchr(value, '|');
    size_t length = second != NULL ? (size_t)(second - value) : strlen(value);
    enum assay_status status;
    struct style style;
    int role;

    if (strcmp(section, "theme") == 0)
        return theme_setting(theme, key, value, err);
    if (strcmp(section, "roles") != 0)
        return assay_fail(err, ASSAY_BAD_INPUT, "unknown section \"%s\"", section);
    role = find_role(key);
    if (role < 0)
        return assay_fail(err, ASSAY_BAD_INPUT, "unknown role \"%s\"", key);
    status = parse_style(value, length, &style, err);
    if (status != ASSAY_OK)
        return status;
    if (second != NULL) {
        struct style fewer;

        status = parse_style(second + 1, strlen(second + 1), &fewer, err);
        if (status != ASSAY_OK)
            return status;
        if (theme->colors < 256)
            style = fewer;
    }
    theme->styles[role] = style;
    return ASSAY_OK;
}

/* The colours of series: those of the pixels. With few colours, the nearest that is still free.
 */
static void set_series(struct theme *theme)
{
    bool taken[16] = {[0] = true, [7] = true, [8] = true, [15] = true};
    int count = theme->colors >= 16 ? 16 : 8;

    for (int i = 0; i < ASSAY_CHART_COLORS; i++) {
        struct style *style = &theme->styles[ROLE_SERIES + i];
        struct assay_rgb rgb = theme->chart->series[i];

        *style = (struct style){.fg = STYLE_NONE, .bg = STYLE_NONE};
        if (theme->colors >= 256) {
            style->fg = (int16_t)assay_rgb_index256(rgb);
        } else if (theme->colors >= 8) {
            int color = nearest_basic(rgb, count, taken);

            if (color < 0) /* all are used: begin again */
                color = nearest_basic(rgb, count, NULL);
            taken[color] = true;
            style->fg = (int16_t)color;
        } else {
            static const uint16_t looks[] = {STYLE_BOLD, STYLE_DIM, 0};
            style->attrs = looks[(size_t)i % ASSAY_COUNT(looks)];
        }
    }
}

const struct assay_chart_palette *theme_palette(const struct theme *theme)
{
    if (theme->colors < 8)
        return theme->light ? &assay_palette_grey_light : &assay_palette_grey_dark;
    return theme->light ? &assay_palette_light : &assay_palette_dark;
}

void theme_turn(struct theme *theme, bool light)
{
    theme->light = light;
    theme->chart = theme_palette(theme);
    set_series(theme);
}

void theme_paint(struct theme *theme)
{
    int16_t ink = theme->light ? 234 : 252, paper;

    if (theme->colors >= 256) {
        paper = (int16_t)assay_rgb_index256(theme->chart->background);
    } else if (theme->colors >= 8) {
        ink = theme->light ? 0 : 7;
        paper = theme->light ? (theme->colors >= 16 ? 15 : 7) : 0;
    } else {
        return;
    }
    for (int i = 0; i < ROLE_COUNT; i++) {
        struct style *style = &theme->styles[i];

        if (style->fg == STYLE_DEFAULT)
            style->fg = ink;
        if (style->bg == STYLE_DEFAULT)
            style->bg = paper;
    }
}

static void reduce(struct theme *theme)
{
    theme_turn(theme, theme->light);
    for (int i = 0; i < ROLE_COUNT; i++) {
        struct style *style = &theme->styles[i];

        if (theme->colors < 8) {
            style->fg = style->fg == STYLE_NONE ? STYLE_NONE : STYLE_DEFAULT;
            style->bg = style->bg == STYLE_NONE ? STYLE_NONE : STYLE_DEFAULT;
        } else {
            style->fg = (int16_t)reduce_color(style->fg, theme->colors);
            style->bg = (int16_t)reduce_color(style->bg, theme->colors);
        }
    }
}

enum assay_status theme_parse(struct theme *theme, const char *name, const char *text,
                              size_t length, int colors, struct assay_error *err)
{
    enum assay_status status;

    *theme = (struct theme){.colors = colors};
    for (int i = 0; i < ROLE_COUNT; i++)
        theme->styles[i] = (struct style){.fg = STYLE_NONE, .bg = STYLE_NONE};
    status = assay_ini_parse(text, length, name, theme_entry, theme, err);
    reduce(theme);
    return status;
}

static enum assay_status load_builtin(struct theme *theme, const char *name, int colors,
                                      struct assay_error *err)
{
    enum assay_status status;

    for (size_t i = 0; i < ASSAY_COUNT(builtins); i++) {
        if (strcmp(builtins[i].name, name) != 0)
            continue;
        status =
            theme_parse(theme, name, builtins[i].text, strlen(builtins[i].text), colors, err);
        snprintf(theme->name, sizeof theme->name, "%s", name);
        return status;
    }
    assay_fail(err, ASSAY_BAD_INPUT, "there is no theme \"%s\"", name);
    assay_hint(err, "themes are dark, light, mono, or a file NAME.theme of your own");
    return ASSAY_BAD_INPUT;
}

/* Reads PATH; ASSAY_IO where it cannot be read. */
static enum assay_status load_file(struct theme *theme, const char *path, int colors,
                                   struct assay_error *err)
{
    char *text = NULL;
    size_t length = 0;
    const char *name = strrchr(path, '/');
    enum assay_status status = assay_file_read(path, THEME_FILE_MAX, &text, &length, err);

    if (status == ASSAY_OK) {
        status = theme_parse(theme, path, text, length, colors, err);
        name = name != NULL ? name + 1 : path;
        assay_text_clean_to(theme->name, sizeof theme->name, name);
    }
    free(text);
    return status;
}

enum assay_status theme_load(struct theme *theme, const char *name, const char *directory,
                             int colors, struct assay_error *err)
{
    enum assay_status status = ASSAY_IO;

    if (strchr(name, '/') != NULL) {
        status = load_file(theme, name, colors, err);
    } else {
        if (directory != NULL) {
            struct assay_error unread = {0};
            struct assay_buf path = {0};

            assay_buf_format(&path, "%s/%s.theme", directory, name);
            status = load_file(theme, assay_buf_text(&path), colors, &unread);
            assay_buf_free(&path);
            if (status != ASSAY_OK && status != ASSAY_IO) {
                if (err != NULL && err->status == ASSAY_OK)
                    *err = unread;
            }
        }
        if (status == ASSAY_IO)
            status = load_builtin(theme, name, colors, err);
    }
    if (status != ASSAY_OK)
        load_builtin(theme, "dark", colors, NULL);
    return status;
}

const char *theme_builtin(size_t index)
{
    return index < ASSAY_COUNT(builtins) ? builtins[index].name : NULL;
}

struct style theme_style(const struct theme *theme, enum role role, enum role under)
{
    struct style style = theme->styles[role];
    const struct style *below = &theme->styles[under];
    const struct style *plain = &theme->styles[ROLE_NORMAL];

    /* Plain text has no look of its own on a highlighted row, nor has text that is dim on the
       plain background: it could hardly be read there. */
    if (role == ROLE_NORMAL || (role == ROLE_DIM && under == ROLE_HERE))
        style = (struct style){.fg = STYLE_NONE, .bg = STYLE_NONE};
    if (style.fg == STYLE_NONE)
        style.fg = below->fg != STYLE_NONE ? below->fg : plain->fg;
    if (style.bg == STYLE_NONE)
        style.bg = below->bg != STYLE_NONE ? below->bg : plain->bg;
    if (style.fg == STYLE_NONE)
        style.fg = STYLE_DEFAULT;
    if (style.bg == STYLE_NONE)
        style.bg = STYLE_DEFAULT;
    style.attrs = (uint16_t)(style.attrs | below->attrs);
    if (below->attrs & STYLE_REVERSE) /* would be grey patches in the bar */
        style.attrs = (uint16_t)(style.attrs & ~(unsigned)STYLE_DIM);
    return style;
}
