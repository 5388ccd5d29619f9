/*
 * redis_conn.h - one connection to Redis that is always being kept up.
 *
 * Resolves names off the loop, connects, authenticates, selects the database, asks for a sign of
 * life every second and starts again with a growing pause whenever something goes wrong. What
 * was in flight when it goes gets a NULL reply from hiredis. Loop thread only.
 */
#ifndef TOCSIN_BOT_STORE_REDIS_CONN_H
#define TOCSIN_BOT_STORE_REDIS_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct redis_conn;
struct redisAsyncContext;
struct store_url;

struct redis_conn_hooks {
	void (*on_open)(void *ud);  /* authenticated: redis_conn_context() takes commands */
	/* The connection is gone, or an attempt failed: why is for the log. May come again and again. */
	void (*on_lost)(void *ud, const char *why);
	void (*on_gone)(void *ud);  /* redis_conn_close() is done, the memory is free */
	void *ud;
};

#define CONN_BEAT_MS 1000    /* between signs of life */
#define CONN_BEATS_MISSED 5  /* unanswered for so many: dead */
#define CONN_OPEN_MS 5000    /* from the attempt to authenticated */
#define CONN_PAUSE_MIN_MS 100
#define CONN_PAUSE_MAX_MS 5000

/* url is borrowed for the connection's life. beat: ask for signs of life (not on a connection
 * that subscribes). NULL: no memory. The first attempt begins in a later turn. */
struct redis_conn *redis_conn_new(uv_loop_t *loop, const struct store_url *url, bool beat,
	const struct redis_conn_hooks *hooks);
void redis_conn_close(struct redis_conn *c);

/* NULL unless open. */
struct redisAsyncContext *redis_conn_context(const struct redis_conn *c);
/* It is what we wanted: the next pause is short again. */
void redis_conn_good(struct redis_conn *c);
/* Give this connection up and try again after a pause. on_lost is called in here. */
void redis_conn_drop(struct redis_conn *c, const char *why);
/* Ends a pause between attempts. */
void redis_conn_try_now(struct redis_conn *c);
/* Round trip of the last sign of life in microseconds, 0: none yet. */
int64_t redis_conn_round_trip_us(const struct redis_conn *c);
#endif
