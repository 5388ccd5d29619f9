/*
 * uv_redis.h - hiredis' asynchronous contexts on a libuv loop.
 *
 * Unlike the adapter that comes with hiredis it tells hiredis of poll errors (a refused connect
 * is heard of) and never leaks the poll handle. Writes can be corked: what is appended during one
 * turn leaves with one system call. Loop thread only.
 */
#ifndef TOCSIN_BOT_STORE_UV_REDIS_H
#define TOCSIN_BOT_STORE_UV_REDIS_H

#include <uv.h>

struct redisAsyncContext;

/* Call right after redisAsyncConnect...(), before redisAsyncSetConnectCallback(). The adapter's
 * memory goes, in a later turn, after hiredis has freed the context. 0, or -1. */
int uv_redis_attach(struct redisAsyncContext *ac, uv_loop_t *loop);

/* Between these two nothing is written; the second one writes at once what it can. The context
 * must be connected, and may be gone afterwards: its disconnect callback may run in here. */
void uv_redis_cork(struct redisAsyncContext *ac);
void uv_redis_uncork(struct redisAsyncContext *ac);
#endif
