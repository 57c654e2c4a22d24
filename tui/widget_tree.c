/*
 * A tree (widget_tree.h), for sources and experiments at home and for a run's artifacts.
 */
#include "widget_tree.h"

#include <stdlib.h>

#include <assay/memory.h>
#include <assay/text.h>

void tree_free(struct tree *tree)
{
    free(tree->rows);
    *tree = (struct tree){0};
}

void tree_clear(struct tree *tree)
{
    tree->count = 0;
}

struct tree_row *tree_add(struct tree *tree)
{
    ASSAY_GROW(tree->rows, tree->capacity, tree->count + 1);
    struct tree_row *row = &tree->rows[tree->count++];
    *row = (struct tree_row){.role = ROLE_NORMAL};
    return row;
}

struct tree_row *tree_row(struct tree *tree)
{
    return tree->list.cursor < tree->count ? &tree->rows[tree->list.cursor] : NULL;
}

static void draw_one(struct area line, const struct tree_row *row, bool current)
{
    int x = 1 + row->depth * 2, width = line.rect.width - 1;
    bool ascii = line.canvas->ascii;
    if (row->branch) {
        const char *sign = ascii ? (row->open ? "-" : "+") : (row->open ? "▾" : "▸");
        draw_text(line, x, 0, ROLE_DIM, sign);
    }
    int note = assay_text_width(row->note);
    int room = width - (x + 2) - (note ? note + 1 : 0);
    draw_field(line, x + 2, 0, room, ALIGN_LEFT, current ? ROLE_ACCENT : row->role, row->text);
    draw_text(line, width - note, 0, ROLE_DIM, row->note);
}

void tree_draw(struct tree *tree, struct area area, bool focus, long current)
{
    list_fit(&tree->list, tree->count, area.rect.height);
    for (int y = 0; y < area.rect.height; y++) {
        size_t at = tree->list.top + (size_t)y;
        if (at >= tree->count) {
            break;
        }
        struct area line = area_row(area, y);
        if (at == tree->list.cursor && focus) {
            line = area_under(line, ROLE_HERE);
            draw_clear(line);
        }
        draw_one(line, &tree->rows[at], current >= 0 && at == (size_t)current);
    }
    draw_scrollbar(area, area.rect.width - 1, 0, area.rect.height, tree->list.top, tree->count);
}
