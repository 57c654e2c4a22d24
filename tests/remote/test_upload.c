/*
 * The command that uploads: which run a name means, where the server has one of that name too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/program.h"
#include "support/registry_web.h"

static void the_run_here_is_meant(void **state)
{
    struct fake_registry fake, seen;

    (void)state;
    fake_registry_start(&fake); /* it has runs fraud/steady and fraud/hopeful */
    assert_int_equal(program_run(NULL, "log", "-e", "fraud", "-n", "steady", "-m", "loss=1",
                                 "--finish", "finished", NULL),
                     0);
    program_run(NULL, "upload", "-S", "local", "--to", web_url(fake.web), "-y", "fraud/steady",
                NULL);
    program_expect(0);
    program_says("steady: 1 point, 0 params, ");
    seen = fake_registry_seen(&fake);
    assert_int_equal(seen.creates, 1);
    /* Nor is a run sent to where it lies. */
    assert_int_equal(program_run(NULL, "upload", "-S", "local", "--to", web_url(fake.web), "-y",
                                 "fraud/hopeful", NULL),
                     2);
    program_complains("fraud/hopeful lies on that server already");
    assert_int_equal(program_run(NULL, "upload", "-S", "local", "--to", web_url(fake.web), "-y",
                                 "fraud/nobody", NULL),
                     2);
    program_complains("fraud/nobody: no such run");
    seen = fake_registry_seen(&fake);
    assert_int_equal(seen.creates, 1);
    fake_registry_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_run_here_is_meant),
    };

    return cmocka_run_group_tests_name("uploads by name", tests, program_begin, program_end);
}
