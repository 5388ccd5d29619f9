/* redis_conn.c - see redis_conn.h. */
#include "bot/store/redis_conn.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "bot/store/redis_tls.h"
#include "bot/store/store_url.h"
#include "bot/store/uv_redis.h"

enum conn_state {
	CONN_PAUSED,     /* the timer begins the next attempt */
	CONN_RESOLVING,  /* for the name's addresses */
	CONN_CONNECTING, /* for the socket */
	CONN_GREETING,   /* for the answers to AUTH and SELECT */
	CONN_OPEN,
	CONN_CLOSED      /* for the last close callback */
};

struct redis_conn {
	uv_loop_t *loop;
	const struct store_url *url;
	struct redis_conn_hooks hooks;
	enum conn_state state;
	redisAsyncContext *ac;
	uv_timer_t timer; /* pause, or the attempt's deadline */
	uv_timer_t beat;
	uv_getaddrinfo_t resolve;
	bool resolving;   /* the request is ours until its callback */
	bool beats;
	unsigned handles; /* not closed yet */
	unsigned failures;
	unsigned missed;
	unsigned answers; /* of the greeting still to come */
	uint64_t beat_sent_ns;
	int64_t round_trip_us;
	uint64_t random;
	struct redis_tls *tls; /* made with the first connection that wants it */
};

static void attempt(struct redis_conn *c);

static void gone_check(struct redis_conn *c)
{
	if (c->state != CONN_CLOSED || c->handles || c->resolving)
		return;
	c->hooks.on_gone(c->hooks.ud);
	redis_tls_free(c->tls);
	free(c);
}

static void on_uv_close(uv_handle_t *h)
{
	struct redis_conn *c = h->data;

	c->handles--;
	gone_check(c);
}

/* Half of the pause is fixed, half is chance: bots that lost the same Redis do not come back in
 * step. */
static uint64_t pause_ms(struct redis_conn *c)
{
	uint64_t most = CONN_PAUSE_MIN_MS;
	unsigned i;

	for (i = 1; i < c->failures && most < CONN_PAUSE_MAX_MS; i++)
		most *= 2;
	if (most > CONN_PAUSE_MAX_MS)
		most = CONN_PAUSE_MAX_MS;
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return most / 2 + c->random % (most / 2 + 1);
}

static void on_uv_pause_over(uv_timer_t *t)
{
	attempt(t->data);
}

/* The context, if there is one, is being freed by hiredis or was freed by us. */
static void lost(struct redis_conn *c, const char *why)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", why && *why ? why : "connection closed");
	c->ac = NULL;
	c->state = CONN_PAUSED;
	c->failures++;
	uv_timer_stop(&c->beat);
	uv_timer_start(&c->timer, on_uv_pause_over, pause_ms(c), 0);
	c->hooks.on_lost(c->hooks.ud, text);
}

/* Frees the context without hearing of it again. Waiting commands get their NULL reply, at once
 * or, from inside a callback, right after it. */
static void context_free(struct redis_conn *c)
{
	redisAsyncContext *ac = c->ac;

	c->ac = NULL;
	if (!ac)
		return;
	ac->data = NULL;
	redisAsyncFree(ac);
}

void redis_conn_drop(struct redis_conn *c, const char *why)
{
	if (c->state == CONN_CLOSED || c->state == CONN_PAUSED)
		return;
	context_free(c);
	if (c->state == CONN_CLOSED)
		return; /* a waiting command's callback closed us */
	lost(c, why);
}

static void on_uv_deadline(uv_timer_t *t)
{
	redis_conn_drop(t->data, "no connection within 5 s");
}

static void on_redis_pong(redisAsyncContext *ac, void *reply, void *priv)
{
	struct redis_conn *c = ac->data;

	(void)priv;
	if (!c || !reply)
		return;
	c->missed = 0;
	c->round_trip_us = (int64_t)((uv_hrtime() - c->beat_sent_ns) / 1000);
	c->beat_sent_ns = 0;
}

/* Counts beats, not time: a process that was stopped for a minute has missed one. */
static void on_uv_beat(uv_timer_t *t)
{
	struct redis_conn *c = t->data;

	if (c->beat_sent_ns) {
		if (++c->missed >= CONN_BEATS_MISSED)
			redis_conn_drop(c, "no sign of life for 5 s");
		return;
	}
	c->beat_sent_ns = uv_hrtime();
	redisAsyncCommand(c->ac, on_redis_pong, NULL, "PING");
}

static void open_done(struct redis_conn *c)
{
	c->state = CONN_OPEN;
	c->missed = 0;
	c->beat_sent_ns = 0;
	uv_timer_stop(&c->timer);
	if (c->beats)
		uv_timer_start(&c->beat, on_uv_beat, CONN_BEAT_MS, CONN_BEAT_MS);
	c->hooks.on_open(c->hooks.ud);
}

static void on_redis_greeted(redisAsyncContext *ac, void *reply, void *priv)
{
	struct redis_conn *c = ac->data;
	const redisReply *r = reply;
	char why[256];

	if (!c || !r)
		return;
	if (r->type == REDIS_REPLY_ERROR) {
		snprintf(why, sizeof(why), "%s was refused: %s", (const char *)priv, r->str);
		redis_conn_drop(c, why);
		return;
	}
	if (--c->answers == 0)
		open_done(c);
}

static void greet(struct redis_conn *c)
{
	const struct store_url *u = c->url;
	static char auth[] = "AUTH", select[] = "SELECT";

	c->state = CONN_GREETING;
	c->answers = (*u->password || *u->user) + (u->db != 0);
	if (*u->user)
		redisAsyncCommand(c->ac, on_redis_greeted, auth, "AUTH %s %s", u->user, u->password);
	else if (*u->password)
		redisAsyncCommand(c->ac, on_redis_greeted, auth, "AUTH %s", u->password);
	if (u->db)
		redisAsyncCommand(c->ac, on_redis_greeted, select, "SELECT %u", u->db);
	if (!c->answers)
		open_done(c);
}

static void on_redis_connect(const redisAsyncContext *ac, int status)
{
	struct redis_conn *c = ac->data;

	if (!c)
		return;
	if (status != REDIS_OK) {
		lost(c, ac->c.errstr); /* hiredis frees the context after this */
		return;
	}
	if (!*c->url->path)
		redisEnableKeepAlive(&c->ac->c);
	greet(c);
}

static void on_redis_disconnect(const redisAsyncContext *ac, int status)
{
	struct redis_conn *c = ac->data;

	if (c)
		lost(c, status == REDIS_OK ? "closed" : ac->errstr);
}

static int tls_begin(struct redis_conn *c, redisAsyncContext *ac, char *why, size_t size)
{
	if (!c->tls)
		c->tls = redis_tls_new();
	return redis_tls_begin(c->tls, &ac->c, c->url->host, why, size);
}

static void connect_to(struct redis_conn *c, redisAsyncContext *ac)
{
	char why[128];

	if (!ac) {
		lost(c, "out of memory");
		return;
	}
	if (ac->err) {
		snprintf(why, sizeof(why), "%s", ac->errstr);
		redisAsyncFree(ac);
		lost(c, why);
		return;
	}
	if (c->url->tls && tls_begin(c, ac, why, sizeof(why)) < 0) {
		redisAsyncFree(ac);
		lost(c, why);
		return;
	}
	if (uv_redis_attach(ac, c->loop) < 0) {
		redisAsyncFree(ac);
		lost(c, "the event loop does not take the socket");
		return;
	}
	c->ac = ac;
	c->state = CONN_CONNECTING;
	ac->data = c;
	redisAsyncSetDisconnectCallback(ac, on_redis_disconnect);
	redisAsyncSetConnectCallback(ac, on_redis_connect);
}

static void on_uv_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *all)
{
	struct redis_conn *c = req->data;
	const struct addrinfo *a;
	char name[64], why[320];
	unsigned n = 0;

	c->resolving = false;
	if (c->state != CONN_RESOLVING) {
		uv_freeaddrinfo(all);
		gone_check(c);
		return;
	}
	if (status < 0 || !all) {
		uv_freeaddrinfo(all);
		snprintf(why, sizeof(why), "cannot find host %s: %s", c->url->host,
			status < 0 ? uv_strerror(status) : "no address");
		lost(c, why);
		return;
	}
	/* The next address with every failure. */
	for (a = all; a; a = a->ai_next)
		n++;
	n = c->failures % n;
	for (a = all; n--;)
		a = a->ai_next;
	uv_ip_name(a->ai_addr, name, sizeof(name));
	uv_freeaddrinfo(all);
	connect_to(c, redisAsyncConnect(name, (int)c->url->port));
}

static void attempt(struct redis_conn *c)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	unsigned char address[sizeof(struct in6_addr)];

	uv_timer_start(&c->timer, on_uv_deadline, CONN_OPEN_MS, 0);
	if (*c->url->path) {
		connect_to(c, redisAsyncConnectUnix(c->url->path));
		return;
	}
	if (uv_inet_pton(AF_INET, c->url->host, address) == 0 ||
		uv_inet_pton(AF_INET6, c->url->host, address) == 0) {
		connect_to(c, redisAsyncConnect(c->url->host, (int)c->url->port));
		return;
	}
	c->state = CONN_RESOLVING;
	if (c->resolving)
		return; /* the last attempt's answer is still to come: it will do */
	c->resolve.data = c;
	if (uv_getaddrinfo(c->loop, &c->resolve, on_uv_resolved, c->url->host, NULL, &hints) < 0) {
		lost(c, "cannot look the host up");
		return;
	}
	c->resolving = true;
}

struct redis_conn *redis_conn_new(uv_loop_t *loop, const struct store_url *url, bool beat,
	const struct redis_conn_hooks *hooks)
{
	struct redis_conn *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->loop = loop;
	c->url = url;
	c->beats = beat;
	c->hooks = *hooks;
	c->random = uv_hrtime() | 1;
	uv_timer_init(loop, &c->timer);
	uv_timer_init(loop, &c->beat);
	c->handles = 2;
	c->timer.data = c->beat.data = c;
	c->state = CONN_PAUSED;
	uv_timer_start(&c->timer, on_uv_pause_over, 0, 0);
	return c;
}

void redis_conn_close(struct redis_conn *c)
{
	c->state = CONN_CLOSED;
	context_free(c);
	if (c->resolving)
		uv_cancel((uv_req_t *)&c->resolve);
	uv_close((uv_handle_t *)&c->timer, on_uv_close);
	uv_close((uv_handle_t *)&c->beat, on_uv_close);
}

redisAsyncContext *redis_conn_context(const struct redis_conn *c)
{
	return c->state == CONN_OPEN ? c->ac : NULL;
}

void redis_conn_good(struct redis_conn *c)
{
	c->failures = 0;
}

void redis_conn_try_now(struct redis_conn *c)
{
	if (c->state == CONN_PAUSED)
		uv_timer_start(&c->timer, on_uv_pause_over, 0, 0);
}

int64_t redis_conn_round_trip_us(const struct redis_conn *c)
{
	return c->round_trip_us;
}
