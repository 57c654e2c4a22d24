/*
 * That curl is opened when a server is asked, and not before: what the loader itself says it
 * opened.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support/mlflow_web.h"
#include "support/program.h"

/* The loader writes each file it opens to standard error. */
static const char *opened(const char *command, const char *source)
{
    setenv("LD_DEBUG", "files", 1);
    program_run(NULL, command, "-S", source, NULL);
    unsetenv("LD_DEBUG");
    assert_non_null(strstr(program_last.err, "libc.so")); /* it does say so */
    return strstr(program_last.err, "libcurl");
}

static void curl_is_opened_for_servers_alone(void **state)
{
    struct fake_mlflow fake = {0};

    (void)state;
    assert_null(opened("ls", "local"));
    assert_null(opened("doctor", "local"));
    fake_mlflow_start(&fake, 1, 2, 1, 5);
    assert_non_null(opened("ls", web_url(fake.web)));
    fake_mlflow_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curl_is_opened_for_servers_alone),
    };

    return cmocka_run_group_tests_name("the door to curl", tests, program_begin, program_end);
}
