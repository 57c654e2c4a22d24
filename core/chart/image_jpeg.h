/*
 * JPEG into pixels, behind assay_image_read().
 */
#ifndef CORE_CHART_IMAGE_JPEG_H
#define CORE_CHART_IMAGE_JPEG_H

#include <assay/image.h>

/* Do BYTES begin as a JPEG does? */
bool jpeg_begins(const void *bytes, size_t length);
/* Reads one, turned as its EXIF says. ASSAY_IO where libturbojpeg is not installed. Any thread.
 */
enum assay_status jpeg_read(struct assay_image *image, const void *bytes, size_t length,
                            struct assay_error *err);

#endif
