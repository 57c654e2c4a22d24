/*
 * The program. What it is asked for stands in its first argument: a command, or sources to open
 * the workbench on.
 */
#include "cli.h"

int main(int argc, char **argv)
{
    return cli_run(argc - 1, argv + 1);
}
