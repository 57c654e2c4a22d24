/*
 * GOOD(call(..., good)): the call must return ASSAY_OK; the test fails with its message else.
 */
#ifndef TEST_GOOD_H
#define TEST_GOOD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <assay/error.h>

#define GOOD(call)                                                                             \
    do {                                                                                       \
        struct assay_error good_error = {0}, *good = &good_error;                              \
        if ((call) != ASSAY_OK) {                                                              \
            fail_msg("%s: %s", #call, good_error.what);                                        \
        }                                                                                      \
    } while (0)

#endif
