/*
 * Fuzzes stored chunks: whatever loads must be whole, and packing its points again must give
 * the same points back.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/series.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_point points[ASSAY_CHUNK_POINTS], back[ASSAY_CHUNK_POINTS];
    struct assay_chunk *chunk = NULL;
    if (assay_chunk_load(&chunk, data, size, NULL) != ASSAY_OK)
        return 0;
    size_t count = assay_chunk_count(chunk);
    assay_chunk_get(chunk, 0, count, points);
    struct assay_chunk *again = assay_chunk_pack(points, count);
    assay_chunk_get(again, 0, count, back);
    for (size_t i = 0; i < count; i++)
        if (points[i].step != back[i].step || points[i].time_ms != back[i].time_ms ||
            !(points[i].value == back[i].value ||
              (points[i].value != points[i].value && back[i].value != back[i].value)))
            abort();

    struct assay_series *series = assay_series_new(ASSAY_LAST_VALUE);
    struct assay_view view;
    assay_series_add_chunk(series, chunk);
    assay_series_add_chunk(series, again);
    for (int axis = 0; axis < 3; axis++) {
        assay_series_view(series, (enum assay_axis)axis, &view);
        for (size_t i = 0; i < view.segment_count; i++)
            assay_view_find(&view, &view.segments[i], (double)(i * 100), false);
        assay_view_extent(&view, count / 2, 2 * count);
    }
    assay_series_free(&series);
    return 0;
}
