/*
 * SQLite's file layer for databases of other programs: reads, takes the locks that readers
 * take, and never makes, changes or removes a file. Part of the door to SQLite; for sql.c
 * alone.
 */
#ifndef CORE_STORE_SQL_FOREIGN_H
#define CORE_STORE_SQL_FOREIGN_H

/* The layer's name, for sqlite3_open_v2() with SQLITE_OPEN_READONLY and the URI parameter
   readonly_shm=1. NULL where this SQLite has no files as Unix has them. Any thread. */
const char *sql_foreign_layer(void);

#endif
