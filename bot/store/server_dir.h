/*
 * server_dir.h - the embedded Redis's folder: made, locked, and read for its last words.
 */
#ifndef TOCSIN_BOT_STORE_SERVER_DIR_H
#define TOCSIN_BOT_STORE_SERVER_DIR_H

#include <stddef.h>

struct err;

#define SERVER_DIR_MAX 90 /* bytes: a Unix socket's path ends at 107 */
#define SERVER_LOG "redis.log"

/* Finds the program (NULL: redis-server in PATH) and writes its path. 0, or -1 with err set. */
int server_program_find(const char *name, char *out, size_t size, struct err *err);

/* Makes the folder with mode 0700 when it is missing and writes its absolute path. 0, or -1 with
 * err set. */
int server_dir_make(const char *path, char out[SERVER_DIR_MAX + 1], struct err *err);

#define SERVER_DIR_WAIT (-1)   /* its tocsin is gone, its redis-server is just ending: try again */
#define SERVER_DIR_TAKEN (-2)  /* another tocsin is using it: why says which */
#define SERVER_DIR_BROKEN (-3) /* no file can be made there: why says the reason */

/* A file descriptor that holds the folder until every copy of it is closed, or one of the above
 * with why filled in. */
int server_dir_lock(const char *dir, char *why, size_t size);
void server_dir_unlock(int fd); /* ours; -1 is allowed */

/* The last line that redis-server logged. */
void server_dir_last_words(const char *dir, char *out, size_t size);
#endif
