/*
 * store_open.c - the store's two connections: what must be true of the server before it is used,
 * the function library, and the channel on which instances wake each other.
 */
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/log.h"
#include "bot/store/redis_conn.h"
#include "bot/store/store_check.h"
#include "bot/store/store_private.h"
#include "tocsin/err.h"

/* A consumer that holds nothing and was not heard of for so long belongs to a dead instance. */
#define CONSUMER_IDLE_MS "3600000"

static void function_ask(struct store *s);

static void problem_log(struct store *s, const char *why)
{
	if (strcmp(why, s->last_problem) == 0)
		return;
	snprintf(s->last_problem, sizeof(s->last_problem), "%s", why);
	log_write(LOG_WARN, "store", NULL, "Redis cannot be used, trying again", "redis", s->url.shown,
		"reason", why, NULL);
}

void store_drop(struct store *s, const char *why)
{
	problem_log(s, why);
	redis_conn_drop(s->main, why);
}

/* The consumer groups. Claiming makes them too, so nothing depends on the answer: a Redis that
 * takes no writes just now (memory, disk) can still be read from. */
static void groups_open(struct store *s)
{
	redisAsyncContext *ac = redis_conn_context(s->main);

	if (ac)
		redisAsyncCommand(ac, NULL, NULL, "FCALL %s 3 %s %s %s %s %s", FUNCTION_NAME("open"),
			s->keys.fixed[KEY_OUT], s->keys.fixed[KEY_OUT + 1], s->keys.fixed[KEY_OUT + 2],
			s->instance, CONSUMER_IDLE_MS);
}

static void ready(struct store *s)
{
	bool before = s->phase == PHASE_FUNCTION;

	s->phase = PHASE_READY;
	redis_conn_good(s->main);
	store_kick(s);
	if (before)
		return;
	s->last_problem[0] = '\0';
	log_write(LOG_INFO, "store", NULL, "Redis is ready", "redis", s->url.shown, NULL);
	groups_open(s);
	store_check_start(s);
	if (s->on_state)
		s->on_state(s->ud, true);
}

/* --- the function library --- */

static void on_redis_function_loaded(redisAsyncContext *ac, void *reply, void *priv)
{
	struct store *s = priv;
	const redisReply *r = reply;
	char why[256];

	(void)ac;
	if (!r || s->phase == PHASE_CLOSING)
		return;
	if (r->type == REDIS_REPLY_ERROR) {
		snprintf(why, sizeof(why), "the function library was refused: %s", r->str);
		store_drop(s, why);
		return;
	}
	log_write(LOG_INFO, "store", NULL, "function library loaded", "library", FUNCTION_LIBRARY,
		"digest", s->function_digest, NULL);
	function_ask(s);
}

static void function_load(struct store *s)
{
	redisAsyncContext *ac = redis_conn_context(s->main);

	/* REPLACE never touches another version: its library has another name. */
	if (ac)
		redisAsyncCommand(ac, on_redis_function_loaded, s, "FUNCTION LOAD REPLACE %s",
			s->function_text);
}

static void on_redis_function_told(redisAsyncContext *ac, void *reply, void *priv)
{
	struct store *s = priv;
	const redisReply *r = reply;

	(void)ac;
	if (!r || s->phase == PHASE_CLOSING || !redis_conn_context(s->main))
		return;
	if (r->type == REDIS_REPLY_ERROR) {
		if (strstr(r->str, "Function not found"))
			function_load(s);
		else
			store_drop(s, r->str);
		return;
	}
	if (r->type == REDIS_REPLY_STRING && strcmp(r->str, s->function_digest) != 0) {
		log_write(LOG_WARN, "store", NULL,
			"function library of this version has another text: replaced", "library",
			FUNCTION_LIBRARY, "digest", r->str, NULL);
		function_load(s);
		return;
	}
	ready(s);
}

static void function_ask(struct store *s)
{
	redisAsyncContext *ac = redis_conn_context(s->main);

	if (ac)
		redisAsyncCommand(ac, on_redis_function_told, s, "FCALL %s 0", FUNCTION_NAME("about"));
}

void store_function_missing(struct store *s)
{
	if (s->phase != PHASE_READY)
		return;
	log_write(LOG_WARN, "store", NULL, "function library is missing, loading it again", "library",
		FUNCTION_LIBRARY, NULL);
	s->phase = PHASE_FUNCTION;
	function_load(s);
}

/* --- the main connection --- */

static void on_redis_info(redisAsyncContext *ac, void *reply, void *priv)
{
	struct store *s = priv;
	const redisReply *r = reply;
	char why[256];

	(void)ac;
	if (!r || s->phase == PHASE_CLOSING)
		return;
	if (r->type == REDIS_REPLY_ERROR)
		store_drop(s, r->str);
	else if (r->type == REDIS_REPLY_STRING && store_check_info(r->str, why, sizeof(why)) < 0)
		store_drop(s, why);
}

static void on_conn_open(void *ud)
{
	struct store *s = ud;
	redisAsyncContext *ac = redis_conn_context(s->main);

	s->phase = PHASE_CHECK;
	redisAsyncCommand(ac, NULL, NULL, "CLIENT SETNAME tocsin-%s", s->instance);
	redisAsyncCommand(ac, on_redis_info, s, "INFO");
	function_ask(s);
}

static void on_conn_lost(void *ud, const char *why)
{
	struct store *s = ud;
	bool was_ready = store_ready(s);

	if (s->phase == PHASE_CLOSING)
		return;
	s->phase = PHASE_DOWN;
	s->next_due_ms = -1;
	counter_drop(s, NULL); /* another master may know other numbers */
	problem_log(s, why);
	store_waiting_fail(s);
	if (!was_ready)
		return;
	s->stats.reconnects++;
	if (s->on_state)
		s->on_state(s->ud, false);
}

static void on_conn_gone(void *ud)
{
	store_conn_gone(ud);
}

/* --- the connection that listens --- */

/* "LANES EARLIEST-TIMER INSTANCE": written by store_flight.c. */
static void wake_heard(struct store *s, const char *text)
{
	unsigned lanes = *text >= '0' && *text < '0' + (1 << LANES) ? (unsigned)(*text - '0') : 0;
	bool sooner;
	char *end = NULL;
	int64_t due = 0;

	if (*text && text[1] == ' ')
		due = strtoll(text + 2, &end, 10);
	if (!end || *end != ' ' || strcmp(end + 1, s->instance) == 0)
		return;
	sooner = due > 0 && (s->next_due_ms <= 0 || due < s->next_due_ms);
	if (sooner)
		s->next_due_ms = due;
	s->wake_lanes |= lanes;
	s->wake_timers = s->wake_timers || sooner;
	if (lanes || sooner)
		store_kick(s);
}

static void on_redis_message(redisAsyncContext *ac, void *reply, void *priv)
{
	struct store *s = priv;
	const redisReply *r = reply;

	(void)ac;
	if (!r || s->phase == PHASE_CLOSING)
		return;
	if (r->type == REDIS_REPLY_ERROR)
		log_write(LOG_WARN, "store", NULL, "cannot hear other instances, looking every second instead",
			"reason", r->str, NULL);
	else if (r->type == REDIS_REPLY_ARRAY && r->elements == 3 &&
		r->element[2]->type == REDIS_REPLY_STRING && strcmp(r->element[0]->str, "message") == 0)
		wake_heard(s, r->element[2]->str);
}

static void on_wake_conn_open(void *ud)
{
	struct store *s = ud;

	redis_conn_good(s->wake);
	redisAsyncCommand(redis_conn_context(s->wake), on_redis_message, s, "SUBSCRIBE %s", s->keys.wake);
}

static void on_wake_conn_lost(void *ud, const char *why)
{
	(void)ud; /* the main connection tells what is wrong */
	(void)why;
}

int store_connect(struct store *s, struct err *err)
{
	const struct redis_conn_hooks hooks = {on_conn_open, on_conn_lost, on_conn_gone, s};
	const struct redis_conn_hooks wake = {on_wake_conn_open, on_wake_conn_lost, on_conn_gone, s};

	s->main = redis_conn_new(s->loop, &s->url, true, &hooks);
	if (!s->main)
		return err_set(err, ERR_MEMORY, "out of memory");
	s->wake = redis_conn_new(s->loop, &s->url, false, &wake);
	if (!s->wake)
		return err_set(err, ERR_MEMORY, "out of memory");
	s->conns = 2;
	return 0;
}
