/*
 * server.h - the embedded Redis: a private redis-server that tocsin starts, watches and ends.
 *
 * It listens on a Unix socket in the data folder only, writes every change to disk and never
 * throws data away. When it ends by itself it is started again with a growing pause. It ends with
 * us, however we end. While the disk is nearly full it takes no writes (commits get
 * STORE_REFUSED), instead of dying in the middle of one. Loop thread only.
 */
#ifndef TOCSIN_BOT_STORE_SERVER_H
#define TOCSIN_BOT_STORE_SERVER_H

#include <stdint.h>
#include <uv.h>

struct err;
struct server;

struct server_options {
	const char *data_dir;  /* made (0700) when it is missing */
	const char *fsync;     /* "always" (also for NULL) or "everysec" */
	const char *program;   /* NULL: redis-server, looked for in PATH */
	uint64_t disk_min_bytes; /* free space below which writes are refused; 0: 32 MiB */
	/* It answers: open the store now. Again after each restart. May be NULL. */
	void (*on_ready)(void *ud);
	/* It cannot run, and will not by itself: why is a sentence for a person. May be NULL. */
	void (*on_failed)(void *ud, const char *why);
	void *ud;
};

/* Begins to start it. NULL with err set: redis-server is not installed, the data folder cannot be
 * used, or another tocsin is using it. */
struct server *server_start(uv_loop_t *loop, const struct server_options *o, struct err *err);

/* For store_open(): "unix:///.../redis.sock". Good until server_stop(). */
const char *server_url(const struct server *s);

/* Why promises may not hold now: "" or a sentence (restarting, disk nearly full). */
const char *server_trouble(const struct server *s);
int server_pid(const struct server *s); /* 0: not running */

/* Ends it cleanly: everything is on disk when fn is called (NULL is allowed); then the memory is
 * gone. Close the store first. */
void server_stop(struct server *s, void (*fn)(void *ud), void *ud);
#endif
