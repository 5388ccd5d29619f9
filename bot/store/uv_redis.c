/* uv_redis.c - see uv_redis.h. */
#include "bot/store/uv_redis.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdlib.h>

struct uv_redis {
	redisAsyncContext *ac; /* NULL once hiredis has let go */
	uv_poll_t poll;
	int events;            /* what hiredis waits for */
	int polled;            /* what is polled for; lags behind while corked */
	bool corked;
};

static void on_uv_poll(uv_poll_t *h, int status, int events)
{
	struct uv_redis *p = h->data;

	/* An error is for hiredis to find: it reads or writes and gets the errno. */
	if (status < 0)
		events = p->events;
	if (p->ac && (events & UV_READABLE))
		redisAsyncHandleRead(p->ac);
	if (p->ac && (events & UV_WRITABLE))
		redisAsyncHandleWrite(p->ac);
}

/* Polls for what is waited for. */
static void follow(struct uv_redis *p)
{
	if (p->events == p->polled || p->corked)
		return;
	p->polled = p->events;
	if (p->events)
		uv_poll_start(&p->poll, p->events, on_uv_poll);
	else
		uv_poll_stop(&p->poll);
}

static void wait_for(struct uv_redis *p, int events)
{
	p->events = events;
	follow(p);
}

static void on_redis_add_read(void *data)
{
	struct uv_redis *p = data;

	wait_for(p, p->events | UV_READABLE);
}

static void on_redis_del_read(void *data)
{
	struct uv_redis *p = data;

	wait_for(p, p->events & ~UV_READABLE);
}

static void on_redis_add_write(void *data)
{
	struct uv_redis *p = data;

	wait_for(p, p->events | UV_WRITABLE);
}

static void on_redis_del_write(void *data)
{
	struct uv_redis *p = data;

	wait_for(p, p->events & ~UV_WRITABLE);
}

static void on_uv_close(uv_handle_t *h)
{
	free(h->data);
}

static void on_redis_cleanup(void *data)
{
	struct uv_redis *p = data;

	p->ac = NULL;
	uv_close((uv_handle_t *)&p->poll, on_uv_close);
}

int uv_redis_attach(redisAsyncContext *ac, uv_loop_t *loop)
{
	struct uv_redis *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	if (uv_poll_init(loop, &p->poll, ac->c.fd) != 0) {
		free(p);
		return -1;
	}
	p->ac = ac;
	p->poll.data = p;
	ac->ev.data = p;
	ac->ev.addRead = on_redis_add_read;
	ac->ev.delRead = on_redis_del_read;
	ac->ev.addWrite = on_redis_add_write;
	ac->ev.delWrite = on_redis_del_write;
	ac->ev.cleanup = on_redis_cleanup;
	return 0;
}

void uv_redis_cork(redisAsyncContext *ac)
{
	struct uv_redis *p = ac->ev.data;

	p->corked = true;
}

void uv_redis_uncork(redisAsyncContext *ac)
{
	struct uv_redis *p = ac->ev.data;

	if (p->events & UV_WRITABLE)
		redisAsyncHandleWrite(ac);
	p->corked = false;
	/* The write may have ended the connection; p lives until its close callback. */
	if (p->ac)
		follow(p);
}
