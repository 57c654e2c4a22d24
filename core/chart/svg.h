/*
 * Pieces of SVG that charts and figures share.
 */
#ifndef CORE_CHART_SVG_H
#define CORE_CHART_SVG_H

#include <assay/chart.h>

/* One line of TEXT, which may have any characters; ANCHOR: "start", "middle" or "end". */
void svg_text(struct assay_buf *out, double x, double y, const char *anchor, const char *text);
/* "#1a2b3c" */
void svg_color(struct assay_buf *out, struct assay_rgb color);

#endif
