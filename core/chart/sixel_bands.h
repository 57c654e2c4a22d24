/*
 * Sixel of drawn frames: few colours, large even areas.
 */
#ifndef CORE_CHART_SIXEL_BANDS_H
#define CORE_CHART_SIXEL_BANDS_H

#include <assay/chart.h>

#define SIXEL_BANDS_COLORS 64 /* frames with more are pictures, and libsixel's */

/* Appends FRAME as one sixel image, the same whoever helps (HANDS may be NULL). It is at least
   one band high and has at most SIXEL_BANDS_COLORS, of which those that are used are sent;
   pixels past its palette become its commonest colour. */
void sixel_bands_write(const struct assay_frame *frame, const struct assay_hands *hands,
                       struct assay_buf *out);

#endif
