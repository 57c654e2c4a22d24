/*
 * The program. What it is asked for stands in its first argument: a command, or sources to open
 * the workbench on.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>

/* Where standard input, output or error is closed, the next file or queue that is opened would
   take its number, and be written to as if it were the terminal. Read-only: what is printed
   there is still known to be lost. */
static void fill_standard(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", O_RDONLY);
}

int main(int argc, char **argv)
{
    fill_standard();
    return cli_run(argc - 1, argv + 1);
}
