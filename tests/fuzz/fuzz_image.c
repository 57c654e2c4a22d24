/*
 * PNG from anywhere: read or refused within bounds; what was read can be compared and fitted.
 */
#include <stddef.h>
#include <stdint.h>

#include <assay/image.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_image image, out;
    struct assay_frame frame = {0};
    if (size > 65536 || assay_image_read(&image, data, size, NULL) != ASSAY_OK)
        return 0;
    if (image.width * image.height < 1 << 20) {
        assay_image_compare(&image, &image);
        assay_image_subtract(&image, &image, &out);
        assay_image_free(&out);
        assay_frame_resize(&frame, 50, 40);
        assay_image_fit(&image, data[size - 1], (struct assay_rgb){0}, &frame);
        assay_frame_free(&frame);
    }
    assay_image_free(&image);
    return 0;
}
