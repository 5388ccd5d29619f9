/*
 * store_flight.c - calls on their way: several of a kind glued into one FCALL, and the answer
 * handed back to each.
 */
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <string.h>

#include "bot/log.h"
#include "bot/store/redis_conn.h"
#include "bot/store/store_private.h"
#include "bot/store/uv_redis.h"

/* --- answers --- */

/* Errors that Redis gives before it runs anything: nothing was written. NULL: not one of them. */
static const char *refused_outright(const char *error)
{
	static const struct {
		const char *code, *meaning;
	} codes[] = {
		{"OOM ", "Redis has no memory left"},
		{"READONLY ", "Redis has become a replica"},
		{"MISCONF ", "Redis cannot write to its disk"},
		{"LOADING ", "Redis is still reading its data from disk"},
		{"BUSY ", "Redis is held up by a script"},
		{"NOREPLICAS ", "Redis takes no writes: too few replicas, or its disk is nearly full"},
		{"MASTERDOWN ", "Redis is a replica without a master"},
		{"NOAUTH ", "Redis wants a password"},
		{"NOPERM ", "the Redis user may not do this"},
		{"CLUSTERDOWN ", "the Redis cluster is down"},
		{"MOVED ", "the data is on another node of the Redis cluster"},
		{"ASK ", "the data is moving to another node of the Redis cluster"},
		{"TRYAGAIN ", "the data is moving to another node of the Redis cluster"},
		{"CROSSSLOT ", "the data is on several nodes of the Redis cluster"},
	};
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strncmp(error, codes[i].code, strlen(codes[i].code)) == 0)
			return codes[i].meaning;
	return NULL;
}

static void batch_fail(struct call *first, enum store_status status, const char *detail)
{
	struct call *c, *next;

	for (c = first; c; c = next) {
		next = c == first ? c->followers : c->next;
		/* Nothing was to be written: the connection is all that is missing. */
		if (status == STORE_UNKNOWN && c->kind == CALL_READ)
			c->done(c, STORE_DOWN, NULL, detail);
		else
			c->done(c, status, NULL, detail);
		call_free(c);
	}
}

/* Back into the queue's front, in the old order. */
static void batch_repeat(struct store *s, struct call *first)
{
	struct call_queue *q = &s->waiting[first->kind];
	struct call *last = first;

	first->next = first->followers;
	first->followers = NULL;
	while (last->next)
		last = last->next;
	last->next = q->first;
	if (!q->first)
		q->last = &last->next;
	q->first = first;
	store_kick(s);
}

static void batch_refused(struct store *s, struct call *first, const char *error)
{
	const char *meaning = refused_outright(error);
	char text[256];

	if (strstr(error, "Function not found")) {
		if (first->tries < STORE_TRIES) {
			batch_repeat(s, first);
			store_function_missing(s);
			return;
		}
		batch_fail(first, STORE_REFUSED, error);
		return;
	}
	if (!meaning) {
		log_write(LOG_ERROR, "store", NULL, "Redis answered with an error", "error", error, NULL);
		batch_fail(first, STORE_UNKNOWN, error);
		return;
	}
	snprintf(text, sizeof(text), "%s (%s)", meaning, error);
	s->check_at_ms = 0; /* something is not as it was */
	batch_fail(first, STORE_REFUSED, text);
	/* The master is elsewhere now, or comes back as something else: look again. */
	if (s->phase == PHASE_READY &&
		(strncmp(error, "READONLY ", 9) == 0 || strncmp(error, "LOADING ", 8) == 0))
		store_drop(s, error);
}

/* One commit each: an integer for all, or an element for each. */
static void commits_answer(struct call *first, redisReply *r)
{
	struct call *c, *next;
	size_t i = 0;

	for (c = first; c; c = next, i++) {
		next = c == first ? c->followers : c->next;
		if (r->type == REDIS_REPLY_INTEGER)
			c->done(c, STORE_OK, NULL, "");
		else if (r->type == REDIS_REPLY_ARRAY && i < r->elements)
			c->done(c, STORE_OK, &r->element[i], "");
		else
			c->done(c, STORE_UNKNOWN, NULL, "answer of an unknown form");
		call_free(c);
	}
}

static void reads_answer(struct call *first, redisReply *r)
{
	struct call *c, *next;
	size_t at = 0;

	for (c = first; c; c = next) {
		next = c == first ? c->followers : c->next;
		if (r->type == REDIS_REPLY_ARRAY && at + c->n_replies <= r->elements)
			c->done(c, STORE_OK, r->element + at, "");
		else
			c->done(c, STORE_REFUSED, NULL, "answer of an unknown form");
		at += c->n_replies;
		call_free(c);
	}
}

static void on_redis_answer(redisAsyncContext *ac, void *reply, void *priv)
{
	struct call *first = priv;
	struct store *s = first->store;
	redisReply *r = reply;

	(void)ac;
	s->flying = first->flying; /* answers come in the order of the questions */
	if (!s->flying)
		s->flying_last = &s->flying;
	if (first->kind == CALL_COMMIT)
		s->commits_flying--;
	if (first->answered) {
		struct call *c, *next;

		for (c = first; c; c = next) {
			next = c == first ? c->followers : c->next;
			call_free(c);
		}
		return;
	}
	if (s->waiting[CALL_COMMIT].first)
		store_kick(s);
	if (!r) {
		batch_fail(first, STORE_UNKNOWN, "the connection to Redis was lost");
	} else if (r->type == REDIS_REPLY_ERROR) {
		batch_refused(s, first, r->str);
	} else if (first->kind == CALL_COMMIT) {
		commits_answer(first, r);
	} else if (first->kind == CALL_READ) {
		reads_answer(first, r);
	} else {
		first->done(first, STORE_OK, &r, "");
		call_free(first);
	}
}

void flight_abandon(struct store *s)
{
	struct call *first, *c;

	for (first = s->flying; first; first = first->flying) {
		if (first->answered)
			continue;
		first->answered = true;
		for (c = first; c; c = c == first ? c->followers : c->next)
			c->done(c, c->kind == CALL_READ ? STORE_DOWN : STORE_UNKNOWN, NULL, "closing");
	}
}

/* --- departures --- */

static const char *function_of(const struct call *c)
{
	switch (c->kind) {
	case CALL_COMMIT:
		return FUNCTION_NAME("commit");
	case CALL_READ:
		return FUNCTION_NAME("load");
	default:
		return c->function;
	}
}

/* Takes from the queue what travels together. */
static struct call *batch_take(struct call_queue *q, unsigned most)
{
	struct call *first = call_queue_pop(q), *last = first;
	size_t bytes = first->keys.len + first->args.len;
	unsigned n;

	first->followers = NULL;
	for (n = 1; n < most && q->first && bytes < STORE_BATCH_BYTES; n++) {
		struct call *c = call_queue_pop(q);

		bytes += c->keys.len + c->args.len;
		if (last == first)
			first->followers = c;
		else
			last->next = c;
		last = c;
	}
	return first;
}

static void int_raw(struct bulks *b, char mark, uint64_t value)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%c%" PRIu64 "\r\n", mark, value);

	bulks_raw(b, text, (size_t)n);
}

/* What the others are told: which lanes have new entries, and the earliest timer set. */
static void wake_add(struct store *s, struct bulks *b, const struct call *first)
{
	const struct call *c;
	unsigned lanes = 0;
	int64_t due = 0;
	char text[STORE_INSTANCE_MAX + 48];

	for (c = first; c; c = c == first ? c->followers : c->next) {
		lanes |= c->lanes;
		if (c->earliest_ms && (!due || c->earliest_ms < due))
			due = c->earliest_ms;
	}
	bulks_str(b, s->keys.wake);
	if (!lanes && !due)
		bulks_str(b, "");
	else if (snprintf(text, sizeof(text), "%u %" PRId64 " %s", lanes, due, s->instance) > 0)
		bulks_str(b, text);
}

/* *N FCALL function numkeys KEYS... ARGS... */
static void command_build(struct store *s, const struct call *first)
{
	const struct call *c;
	struct bulks lead = {0};
	unsigned keys = 0, args = 0, n = 0, i;

	for (c = first; c; c = c == first ? c->followers : c->next, n++) {
		keys += c->keys.n;
		args += c->args.n;
	}
	if (first->kind == CALL_COMMIT) {
		keys += KEYS_FIXED;
		bulks_int(&lead, n);
		wake_add(s, &lead, first);
	} else if (first->kind == CALL_READ) {
		keys += 3;
		bulks_int(&lead, FACT_ITEMS_MAX);
	}
	bulks_reset(&s->command);
	int_raw(&s->command, '*', 3 + (uint64_t)keys + lead.n + args);
	bulks_str(&s->command, "FCALL");
	bulks_str(&s->command, function_of(first));
	bulks_int(&s->command, keys);
	if (first->kind == CALL_COMMIT) {
		for (i = 0; i < KEYS_FIXED; i++)
			bulks_str(&s->command, s->keys.fixed[i]);
	} else if (first->kind == CALL_READ) {
		bulks_str(&s->command, s->keys.fixed[KEY_LINKS]);
		bulks_str(&s->command, s->keys.fixed[KEY_COUNTS]);
		bulks_str(&s->command, s->keys.fixed[KEY_REFS]);
	}
	for (c = first; c; c = c == first ? c->followers : c->next)
		bulks_append(&s->command, &c->keys);
	bulks_append(&s->command, &lead);
	for (c = first; c; c = c == first ? c->followers : c->next)
		bulks_append(&s->command, &c->args);
	bulks_release(&lead);
}

/* Could not leave: told in the next turn, like everything that fails before it is sent. */
static void batch_unsent(struct call *first)
{
	struct call *c, *next;

	for (c = first; c; c = next) {
		next = c == first ? c->followers : c->next;
		call_fail(c, STORE_DOWN, "could not be sent");
	}
}

static void batch_send(struct store *s, struct call *first)
{
	struct call *c;

	for (c = first; c; c = c == first ? c->followers : c->next)
		c->tries++;
	command_build(s, first);
	first->flying = NULL;
	if (s->command.failed ||
		redisAsyncFormattedCommand(redis_conn_context(s->main), on_redis_answer, first, s->command.data,
			s->command.len) != REDIS_OK) {
		batch_unsent(first);
		return;
	}
	*s->flying_last = first;
	s->flying_last = &first->flying;
	if (first->kind == CALL_COMMIT)
		s->commits_flying++;
}

void flight_send(struct store *s)
{
	struct redisAsyncContext *ac = redis_conn_context(s->main);
	struct call_queue *commits = &s->waiting[CALL_COMMIT];

	if (!ac || (!commits->first && !s->waiting[CALL_READ].first && !s->waiting[CALL_SINGLE].first))
		return;
	uv_redis_cork(ac);
	/* With enough in flight, commits gather: fewer and fuller calls, and the wait would only
	 * have been inside Redis. */
	while (commits->first && s->commits_flying < STORE_COMMITS_FLYING)
		batch_send(s, batch_take(commits, STORE_BATCH_CALLS));
	while (s->waiting[CALL_SINGLE].first)
		batch_send(s, batch_take(&s->waiting[CALL_SINGLE], 1));
	while (s->waiting[CALL_READ].first)
		batch_send(s, batch_take(&s->waiting[CALL_READ], STORE_BATCH_CALLS));
	uv_redis_uncork(ac);
	if (s->command.cap > STORE_BATCH_BYTES * 2)
		bulks_release(&s->command);
}
