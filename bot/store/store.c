/* store.c - see store.h: opening, closing, the turn, and the life of a call. */
#include "bot/store/store.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/log.h"
#include "bot/store/chain.h"
#include "bot/store/redis_conn.h"
#include "bot/store/store_private.h"
#include "tocsin/err.h"

#define DEDUPE_TTL_MS ((int64_t)25 * 3600 * 1000)
#define SPARE_CALLS 64
#define SPARE_BYTES ((size_t)8 * 1024) /* a bigger buffer is not kept */
#define CLOSING_ROUNDS 8

/* --- queues --- */

static void queue_init(struct call_queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

void call_queue_push(struct call_queue *q, struct call *c)
{
	c->next = NULL;
	*q->last = c;
	q->last = &c->next;
}

struct call *call_queue_pop(struct call_queue *q)
{
	struct call *c = q->first;

	if (!c)
		return NULL;
	q->first = c->next;
	if (!q->first)
		q->last = &q->first;
	c->next = NULL;
	return c;
}

/* --- the turn --- */

static void on_uv_idle(uv_idle_t *h)
{
	(void)h; /* it is enough that the loop does not sleep */
}

void store_kick(struct store *s)
{
	if (s->phase != PHASE_CLOSING && !uv_is_active((uv_handle_t *)&s->awake))
		uv_idle_start(&s->awake, on_uv_idle);
}

static void failed_answer(struct store *s)
{
	struct call_queue now = s->failed;
	struct call *c;

	if (!now.first)
		return;
	/* What fails while we answer comes in the next turn. */
	queue_init(&s->failed);
	while ((c = now.first) != NULL) {
		now.first = c->next;
		c->done(c, c->failed, NULL, c->detail);
		call_free(c);
	}
}

static void on_uv_turn(uv_prepare_t *h)
{
	struct store *s = h->data;

	failed_answer(s);
	if (s->phase == PHASE_READY)
		flight_send(s);
	if (s->wake_lanes || s->wake_timers) {
		unsigned lanes = s->wake_lanes;
		bool timers = s->wake_timers;

		s->wake_lanes = 0;
		s->wake_timers = false;
		if (s->on_wake)
			s->on_wake(s->ud, lanes, timers);
	}
	if (s->phase != PHASE_CLOSING && !s->failed.first && !s->wake_lanes && !s->wake_timers)
		uv_idle_stop(&s->awake);
}

/* --- calls --- */

struct call *call_new(struct store *s, enum call_kind kind, call_done_fn done)
{
	struct call *c = s->spare;

	if (c) {
		s->spare = c->next;
		s->n_spare--;
	} else {
		c = calloc(1, sizeof(*c));
		if (!c) {
			/* A few hundred bytes: whatever we said now, we could not keep it. */
			fputs("store: out of memory\n", stderr);
			abort();
		}
	}
	c->store = s;
	c->kind = kind;
	c->done = done;
	if (s->phase != PHASE_READY && s->phase != PHASE_FUNCTION) {
		c->failed = STORE_DOWN;
		snprintf(c->detail, sizeof(c->detail), "no connection to Redis");
	} else if (s->n_calls >= STORE_CALLS_MAX || s->bytes >= STORE_BYTES_MAX) {
		c->failed = STORE_DOWN;
		snprintf(c->detail, sizeof(c->detail), "too many calls are waiting for Redis");
	}
	c->keys.failed = c->args.failed = c->failed != STORE_OK;
	return c;
}

static void uncount(struct call *c)
{
	if (!c->counted)
		return;
	c->counted = false;
	c->store->n_calls--;
	c->store->bytes -= c->keys.len + c->args.len;
}

void call_fail(struct call *c, enum store_status status, const char *detail)
{
	uncount(c);
	if (c->failed == STORE_OK) {
		c->failed = status;
		snprintf(c->detail, sizeof(c->detail), "%s", detail);
	}
	call_queue_push(&c->store->failed, c);
	store_kick(c->store);
}

void call_answer(struct call *c)
{
	call_queue_push(&c->store->failed, c);
	store_kick(c->store);
}

void call_send(struct call *c)
{
	struct store *s = c->store;

	if (c->failed != STORE_OK) {
		call_fail(c, c->failed, "");
		return;
	}
	if (c->keys.failed || c->args.failed ||
		c->keys.len + c->args.len > STORE_COMMIT_BYTES_MAX) {
		call_fail(c, STORE_REFUSED, "more than one call may hold");
		return;
	}
	c->counted = true;
	s->n_calls++;
	s->bytes += c->keys.len + c->args.len;
	call_queue_push(&s->waiting[c->kind], c);
	store_kick(s);
}

static void bulks_keep(struct bulks *b)
{
	if (b->cap > SPARE_BYTES)
		bulks_release(b);
	else
		bulks_reset(b);
}

void call_free(struct call *c)
{
	struct store *s = c->store;
	struct bulks keys, args;

	uncount(c);
	if (s->n_spare >= SPARE_CALLS || s->phase == PHASE_CLOSING) {
		bulks_release(&c->keys);
		bulks_release(&c->args);
		free(c);
		return;
	}
	bulks_keep(&c->keys);
	bulks_keep(&c->args);
	keys = c->keys;
	args = c->args;
	memset(c, 0, sizeof(*c));
	c->keys = keys;
	c->args = args;
	c->next = s->spare;
	s->spare = c;
	s->n_spare++;
}

void store_waiting_fail(struct store *s)
{
	struct call *c;
	int kind;

	for (kind = 0; kind < CALL_KINDS; kind++) {
		while ((c = call_queue_pop(&s->waiting[kind])) != NULL)
			call_fail(c, STORE_DOWN, "the connection to Redis was lost");
	}
}

/* --- opening and closing --- */

static void store_free(struct store *s)
{
	struct call *c;
	unsigned i;

	while ((c = call_queue_pop(&s->failed)) != NULL)
		call_free(c);
	while ((c = s->spare) != NULL) {
		s->spare = c->next;
		bulks_release(&c->keys);
		bulks_release(&c->args);
		free(c);
	}
	for (i = 0; i < s->n_counters; i++)
		free(s->counters[i].name);
	bulks_release(&s->command);
	buf_release(&s->scratch);
	chain_free(s->chain);
	free(s->encoder);
	free(s->function_text);
	free(s->instance);
	free(s);
}

static void gone_check(struct store *s)
{
	if (s->phase == PHASE_CLOSING && !s->handles && !s->conns)
		store_free(s);
}

static void on_uv_close(uv_handle_t *h)
{
	struct store *s = h->data;

	s->handles--;
	gone_check(s);
}

void store_conn_gone(struct store *s)
{
	s->conns--;
	gone_check(s);
}

struct store *store_open(uv_loop_t *loop, const struct store_options *o, struct err *err)
{
	struct store *s = calloc(1, sizeof(*s));
	int kind;

	if (!s) {
		err_set(err, ERR_MEMORY, "out of memory");
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN); /* hiredis writes with write(2): EPIPE tells it enough */
	s->loop = loop;
	s->dedupe_ttl_ms = o->dedupe_ttl_ms > 0 ? o->dedupe_ttl_ms : DEDUPE_TTL_MS;
	s->on_state = o->on_state;
	s->on_wake = o->on_wake;
	s->ud = o->ud;
	s->next_due_ms = -1;
	for (kind = 0; kind < CALL_KINDS; kind++)
		queue_init(&s->waiting[kind]);
	for (kind = 0; kind < LANES; kind++)
		s->stats.outbox_depth[kind] = -1;
	queue_init(&s->failed);
	s->flying_last = &s->flying;
	buf_init(&s->scratch, STORE_COMMIT_BYTES_MAX);
	if (store_url_parse(o->url, &s->url, err) < 0 ||
		store_keys_init(&s->keys, o->workspace, err) < 0)
		goto fail;
	if (!*o->instance || strlen(o->instance) > STORE_INSTANCE_MAX) {
		err_set(err, ERR_CONFIG, "instance name: 1 to %d bytes", STORE_INSTANCE_MAX);
		goto fail;
	}
	s->instance = strdup(o->instance);
	s->chain = chain_new();
	s->encoder = encoder_new(s);
	s->function_text = function_text(s->function_digest);
	if (!s->instance || !s->chain || !s->encoder || !s->function_text) {
		err_set(err, ERR_MEMORY, "out of memory");
		goto fail;
	}
	if (store_connect(s, err) < 0)
		goto fail;
	uv_prepare_init(loop, &s->turn);
	uv_idle_init(loop, &s->awake);
	s->handles = 2;
	s->turn.data = s->awake.data = s;
	uv_prepare_start(&s->turn, on_uv_turn);
	return s;
fail:
	store_free(s);
	return NULL;
}

bool store_ready(const struct store *s)
{
	return s->phase == PHASE_READY || s->phase == PHASE_FUNCTION;
}

void store_try_now(struct store *s)
{
	redis_conn_try_now(s->main);
	redis_conn_try_now(s->wake);
}

void store_close(struct store *s)
{
	int round;

	if (!s || s->phase == PHASE_CLOSING)
		return;
	s->phase = PHASE_CLOSING;
	s->on_state = NULL;
	s->on_wake = NULL;
	flight_abandon(s);
	store_waiting_fail(s);
	/* Askers that ask again while being told are told again, but not for ever. */
	for (round = 0; round < CLOSING_ROUNDS && s->failed.first; round++)
		failed_answer(s);
	while (s->failed.first)
		call_free(call_queue_pop(&s->failed));
	uv_close((uv_handle_t *)&s->turn, on_uv_close);
	uv_close((uv_handle_t *)&s->awake, on_uv_close);
	redis_conn_close(s->main);
	redis_conn_close(s->wake);
}

void store_stats(const struct store *s, struct store_stats *out)
{
	*out = s->stats;
	out->ready = store_ready(s);
	out->round_trip_us = redis_conn_round_trip_us(s->main);
	out->warning = out->ready ? s->warning : s->last_problem;
}
