/*
 * The least that the things measured could cost here and now: what they are held against.
 * Started by tests/bench/run.py. Usage:
 *
 *   floor screen DATABASE   opens the database, reads a screenful of runs, shows them with
 *                           curses; each key draws every row anew; "p" writes 64 KB as they are
 *   floor scan RUNS         looks for a word in RUNS names that lie one after another
 *   floor copy BYTES        copies so many bytes in memory
 *
 * `scan` and `copy` print lines "ms VALUE".
 */
#include <curses.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

enum { ROWS = 60, NAME = 64, REPEAT = 51, BURST = 65536 };

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int read_names(const char *path, char names[ROWS][NAME])
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int count = 0;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT name FROM run ORDER BY row DESC LIMIT 60", -1,
                           &statement, NULL) == SQLITE_OK)
        while (count < ROWS && sqlite3_step(statement) == SQLITE_ROW)
            snprintf(names[count++], NAME, "%s",
                     (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return count;
}

static int show(const char *path)
{
    static char names[ROWS][NAME], burst[BURST];
    int count = read_names(path, names), key = 0;
    memset(burst, '?', sizeof burst);
    setlocale(LC_ALL, "");
    initscr();
    raw();
    noecho();
    for (unsigned round = 0; key != ERR && key != 'q'; round++) {
        if (key == 'p' && write(STDOUT_FILENO, burst, sizeof burst) < 0)
            break;
        for (int row = 0; key != 'p' && row < count && row < LINES; row++)
            mvprintw(row, 0, "%4u %-40s %*d", round, names[row], COLS - 50, row);
        refresh();
        key = getch();
    }
    endwin();
    return count > 0 ? 0 : 1;
}

static int scan(size_t runs)
{
    size_t length = runs * 24;
    char *text = malloc(length + 1);
    volatile size_t found = 0;
    if (text == NULL)
        return 1;
    for (size_t i = 0; i < runs; i++) {
        char name[32];
        snprintf(name, sizeof name, "lively-heron-%011zu", i);
        memcpy(text + i * 24, name, 24);
    }
    text[length] = '\0';
    for (int i = 0; i < REPEAT; i++) {
        double start = now_ms();
        const char *at = text;
        while ((at = memmem(at, (size_t)(text + length - at), "-0000000", 8))) {
            found++;
            at++;
        }
        printf("ms %.4f\n", now_ms() - start);
    }
    free(text);
    return 0;
}

static int copy(size_t bytes)
{
    char *from = malloc(bytes), *to = malloc(bytes);
    volatile char seen;
    if (from == NULL || to == NULL || bytes == 0)
        return 1;
    memset(from, 1, bytes);
    memset(to, 2, bytes);
    for (int i = 0; i < 5; i++) {
        double start = now_ms();
        memcpy(to, from, bytes);
        seen = to[(size_t)i * 7919 % bytes];
        printf("ms %.4f\n", now_ms() - start);
    }
    (void)seen;
    free(from);
    free(to);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "screen") == 0)
        return show(argv[2]);
    if (argc == 3 && strcmp(argv[1], "scan") == 0)
        return scan(strtoull(argv[2], NULL, 10));
    if (argc == 3 && strcmp(argv[1], "copy") == 0)
        return copy(strtoull(argv[2], NULL, 10));
    fputs("usage: floor screen DATABASE | scan RUNS | copy BYTES\n", stderr);
    return 2;
}
