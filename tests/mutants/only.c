/*
 * Linked into the programs of tests/mutants/run.sh: $ASSAY_ONLY_TEST names the one test to run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void choose(void)
{
    const char *name = getenv("ASSAY_ONLY_TEST");

    if (name)
        cmocka_set_test_filter(name);
}
