/*
 * socket.c - see socket.h. One state machine per slot; slot_step() is the only place that makes,
 * swaps and gives up connections, and the one timer calls it when something is due.
 */
#include "bot/slack/socket.h"

#include <stdlib.h>
#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/metrics.h"
#include "bot/sign.h"
#include "bot/slack/ws_conn.h"
#include "bot/slack/ws_vhost.h"
#include "tocsin/err.h"

#define ACK_PATIENCE_MS 3000
#define STAGGER_MS 250 /* slots do not connect in the same instant: Slack answers that with 409 */

struct slot {
	struct slack_sockets *owner;
	unsigned number;
	struct ws_conn *making;  /* on its way to LIVE */
	struct ws_conn *live;
	struct ws_conn *old;     /* DRAINING */
	bool refresh;         /* live wants a successor */
	bool degraded;
	bool gone_once;       /* had a connection before: the next one is a reconnect */
	unsigned attempt;
	int64_t retry_at_ms;  /* the next connection not before then */
	int64_t refresh_at_ms;
	int64_t drained_at_ms;
};

struct held_ack {
	char *text;
	size_t len;
	int64_t until_ms;
};

struct slack_sockets {
	struct slack_sockets_options o;
	struct ws_vhosts vhosts;
	char *app_token;
	uv_timer_t timer;
	struct slot slots[SLACK_SOCKETS_MAX];
	struct held_ack held[SLACK_ACKS_HELD];
	size_t n_held;
	uint64_t last_id;
	uint64_t reconnects;
	unsigned live_told;
	unsigned foreign;
	uint32_t random;
	char problem[64];
	bool closing;
};

static void sockets_step(struct slack_sockets *s);

static int64_t random_below(struct slack_sockets *s, int64_t n)
{
	uint32_t x = s->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	s->random = x;
	return n > 0 ? (int64_t)(x % (uint64_t)n) : 0;
}

static void on_timer(uv_timer_t *timer)
{
	sockets_step(timer->data);
}

static void wake(struct slack_sockets *s)
{
	if (!s->closing)
		uv_timer_start(&s->timer, on_timer, 0, 0);
}

/* ---- acknowledgements ---- */

static struct ws_conn *ws_conn_for(struct slack_sockets *s, uint64_t socket)
{
	struct ws_conn *any = NULL;
	unsigned i, k;

	for (i = 0; i < s->o.count; i++) {
		struct ws_conn *const all[] = { s->slots[i].live, s->slots[i].making, s->slots[i].old };

		for (k = 0; k < 3; k++) {
			if (!all[k] || !ws_conn_writable(all[k]))
				continue;
			if (ws_conn_id(all[k]) == socket)
				return all[k];
			if (!any)
				any = all[k];
		}
	}
	return any;
}

static void hold(struct slack_sockets *s, const char *text, size_t len)
{
	struct held_ack *h;

	if (s->n_held == SLACK_ACKS_HELD) {
		log_write(LOG_WARN, "slack", NULL, "acknowledgement lost: no socket is live", NULL);
		return;
	}
	h = &s->held[s->n_held];
	h->text = malloc(len + 1);
	if (!h->text)
		return;
	memcpy(h->text, text, len);
	h->len = len;
	h->until_ms = clock_monotonic_ms() + ACK_PATIENCE_MS;
	s->n_held++;
}

void slack_sockets_ack(struct slack_sockets *s, uint64_t socket, const char *text, size_t len)
{
	struct ws_conn *c = ws_conn_for(s, socket);

	while (c && !ws_conn_write(c, text, len))
		c = ws_conn_for(s, socket); /* a refused write ends the connection: take another */
	if (!c)
		hold(s, text, len);
}

/* A socket is live again: what is not too late by now goes out. */
static void flush_held(struct slack_sockets *s)
{
	int64_t now = clock_monotonic_ms();
	size_t i, n = s->n_held;

	s->n_held = 0;
	for (i = 0; i < n; i++) {
		struct held_ack h = s->held[i];

		if (h.until_ms > now)
			slack_sockets_ack(s, 0, h.text, h.len);
		free(h.text);
	}
}

size_t slack_sockets_unwritten(const struct slack_sockets *s)
{
	size_t n = 0;
	unsigned i;

	for (i = 0; i < s->o.count; i++) {
		const struct slot *slot = &s->slots[i];

		n += slot->live ? ws_conn_unwritten(slot->live) : 0;
		n += slot->old ? ws_conn_unwritten(slot->old) : 0;
	}
	return n;
}

/* ---- what connections tell ---- */

static unsigned conns_open(const struct slack_sockets *s)
{
	unsigned i, n = 0;

	for (i = 0; i < s->o.count; i++)
		n += (s->slots[i].live != NULL) + (s->slots[i].old != NULL) +
			(s->slots[i].making && ws_conn_state(s->slots[i].making) >= WS_CONN_WAIT_HELLO);
	return n;
}

static void set_problem(struct slack_sockets *s, const char *code)
{
	if (!strcmp(s->problem, code))
		return;
	snprintf(s->problem, sizeof(s->problem), "%s", code);
	if (s->o.on_problem)
		s->o.on_problem(s->o.ud, s->problem);
}

static void on_hello(void *ud, struct ws_conn *c, const struct slack_in *in)
{
	struct slot *slot = ud;
	struct slack_sockets *s = slot->owner;
	unsigned ours = conns_open(s);
	int64_t life = in->connection_s > 0 && in->connection_s < 7 * 86400 ?
		in->connection_s * 900 : 0;

	s->foreign = in->num_connections > ours ? in->num_connections - ours : 0;
	slot->refresh_at_ms = life ? ws_conn_live_since_ms(c) + life : INT64_MAX;
	slot->degraded = false;
	set_problem(s, "");
	if (slot->gone_once) {
		s->reconnects++;
		metrics_inc(METRIC_SLACK_RECONNECTS);
	}
	slot->gone_once = true;
	log_write(LOG_INFO, "slack", NULL, "socket is live", "socket",
		log_int((long long)ws_conn_id(c)), "host", in->host, "connections",
		log_int(in->num_connections), NULL);
	if (s->foreign)
		log_write(LOG_WARN, "slack", NULL, "somebody else has sockets of this app and gets part of "
			"its events: fine only if it is tocsin on the same Redis", "foreign",
			log_int(s->foreign), NULL);
	if (s->o.on_hello)
		s->o.on_hello(s->o.ud, in);
	wake(s);
}


static void on_envelope(void *ud, struct ws_conn *c, struct arena *arena_owned,
	const struct slack_in *in)
{
	struct slot *slot = ud;

	slot->owner->o.on_envelope(slot->owner->o.ud, ws_conn_id(c), arena_owned, in);
}

static void on_deadline(void *ud, struct ws_conn *c)
{
	struct slot *slot = ud;

	(void)c;
	wake(slot->owner);
}

/* The next try: after 0..1 s, 0..2 s, 0..4 s ... 0..60 s. */
static int64_t backoff(struct slack_sockets *s, unsigned attempt)
{
	int64_t most = s->o.times.backoff_ms;

	while (--attempt > 0 && most < s->o.times.backoff_max_ms)
		most *= 2;
	if (most > s->o.times.backoff_max_ms)
		most = s->o.times.backoff_max_ms;
	return random_below(s, most + 1);
}

static bool lived(const struct slack_sockets *s, const struct ws_conn *c)
{
	return ws_conn_live_since_ms(c) &&
		clock_monotonic_ms() - ws_conn_live_since_ms(c) >= s->o.times.stable_ms;
}

/* The live connection wants a successor: at once, but not when it was new itself (a server that
 * refreshes everybody at once must not be stormed). */
static void want_refresh(struct slot *slot, int64_t now)
{
	struct slack_sockets *s = slot->owner;

	slot->refresh_at_ms = INT64_MAX;
	if (slot->refresh)
		return;
	slot->refresh = true;
	if (lived(s, slot->live))
		slot->attempt = 0;
	slot->retry_at_ms = slot->attempt ? now + backoff(s, slot->attempt) : now;
	slot->attempt++;
}

static void on_refresh(void *ud, struct ws_conn *c)
{
	struct slot *slot = ud;

	if (c == slot->live)
		want_refresh(slot, clock_monotonic_ms());
	wake(slot->owner);
}

static void plan_retry(struct slot *slot, struct ws_conn *c)
{
	struct slack_sockets *s = slot->owner;
	int64_t now = clock_monotonic_ms(), delay;

	if (ws_conn_end(c) != WS_CONN_END_LOST) {
		slot->degraded = true;
		delay = s->o.times.degraded_ms + random_below(s, s->o.times.degraded_ms / 10);
		set_problem(s, ws_conn_why(c));
		log_write(LOG_ERROR, "slack", NULL, "slack will not have us; trying again later", "why",
			ws_conn_why(c), "seconds", log_int(delay / 1000), NULL);
	} else {
		if (slot->attempt < 30)
			slot->attempt++;
		delay = backoff(s, slot->attempt);
		if (ws_conn_retry_after_ms(c) > delay)
			delay = ws_conn_retry_after_ms(c);
	}
	slot->retry_at_ms = now + delay;
}

static void on_gone(void *ud, struct ws_conn *c)
{
	struct slot *slot = ud;
	struct slack_sockets *s = slot->owner;

	log_write(ws_conn_live_since_ms(c) ? LOG_INFO : LOG_WARN, "slack", NULL,
		ws_conn_live_since_ms(c) ? "socket is closed" : "socket could not be opened", "socket",
		log_int((long long)ws_conn_id(c)), "why", ws_conn_why(c), NULL);
	if (c == slot->old) {
		slot->old = NULL;
	} else if (c == slot->making) {
		slot->making = NULL;
		plan_retry(slot, c);
	} else if (c == slot->live) {
		slot->live = NULL;
		slot->refresh = false;
		if (lived(s, c))
			slot->attempt = 0;
		if (!slot->making)
			plan_retry(slot, c);
	}
	ws_conn_free(c);
	sockets_step(s);
}

/* ---- steps ---- */

static void make(struct slot *slot)
{
	struct slack_sockets *s = slot->owner;
	struct ws_conn_options o = {
		.loop = s->o.loop, .context = s->o.lws, .vhosts = &s->vhosts, .api = s->o.api,
		.app_token = s->app_token, .plain_ok = s->o.plain_ok, .attempt = slot->attempt,
		.me = s->o.me,
		.times = { s->o.times.open_ms, s->o.times.connect_ms, s->o.times.hello_ms,
			s->o.times.ping_ms, s->o.times.dead_ms },
		.owner = { slot, on_deadline, on_hello, on_refresh, on_envelope, on_gone },
	};

	slot->making = ws_conn_new(&o, ++s->last_id);
	if (!slot->making)
		slot->retry_at_ms = clock_monotonic_ms() + s->o.times.backoff_max_ms;
}

/* The successor is live: the old one drains, unless one drains already. */
static void swap(struct slot *slot, int64_t now)
{
	struct slack_sockets *s = slot->owner;

	if (slot->live) {
		if (slot->old)
			ws_conn_free(slot->old);
		slot->old = slot->live;
		ws_conn_set_draining(slot->old);
		slot->drained_at_ms = now + s->o.times.drain_ms;
	}
	slot->live = slot->making;
	slot->making = NULL;
	slot->refresh = false;
}

static void slot_step(struct slot *slot, int64_t now)
{
	if (slot->making && ws_conn_state(slot->making) == WS_CONN_LIVE)
		swap(slot, now);
	if (slot->live && now >= slot->refresh_at_ms)
		want_refresh(slot, now);
	if (!slot->making && (!slot->live || slot->refresh) && now >= slot->retry_at_ms)
		make(slot);
	if (slot->old && now >= slot->drained_at_ms)
		ws_conn_close(slot->old, "drained");
	if (slot->making)
		ws_conn_tick(slot->making, now);
	if (slot->live)
		ws_conn_tick(slot->live, now);
	if (slot->old)
		ws_conn_tick(slot->old, now);
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t slot_due(const struct slot *slot)
{
	int64_t due = INT64_MAX;

	if (slot->making)
		due = sooner(due, ws_conn_deadline_ms(slot->making));
	else if (!slot->live || slot->refresh)
		due = sooner(due, slot->retry_at_ms);
	if (slot->live) {
		due = sooner(due, ws_conn_deadline_ms(slot->live));
		if (!slot->refresh)
			due = sooner(due, slot->refresh_at_ms);
	}
	if (slot->old)
		due = sooner(due, sooner(slot->drained_at_ms, ws_conn_deadline_ms(slot->old)));
	return due;
}

unsigned slack_sockets_live(const struct slack_sockets *s)
{
	unsigned i, n = 0;

	for (i = 0; i < s->o.count; i++)
		n += s->slots[i].live && ws_conn_state(s->slots[i].live) == WS_CONN_LIVE;
	return n;
}

static void sockets_step(struct slack_sockets *s)
{
	int64_t now = clock_monotonic_ms(), due = INT64_MAX;
	unsigned i, live;

	if (s->closing)
		return;
	for (i = 0; i < s->o.count; i++) {
		slot_step(&s->slots[i], now);
		due = sooner(due, slot_due(&s->slots[i]));
	}
	if (due != INT64_MAX) {
		uint64_t wait = due > now ? (uint64_t)(due - now) : 0;

		uv_timer_start(&s->timer, on_timer, wait, 0);
	}
	live = slack_sockets_live(s);
	if (live && s->n_held)
		flush_held(s);
	if (live != s->live_told) {
		s->live_told = live;
		s->o.on_live(s->o.ud, live);
	}
}

/* ---- life ---- */

static void set_times(struct slack_times *t)
{
	const struct {
		int64_t *value, normal;
	} all[] = {
		{ &t->open_ms, 10000 }, { &t->connect_ms, 10000 }, { &t->hello_ms, 10000 },
		{ &t->ping_ms, 10000 }, { &t->dead_ms, 30000 }, { &t->drain_ms, 30000 },
		{ &t->backoff_ms, 1000 }, { &t->backoff_max_ms, 60000 }, { &t->stable_ms, 60000 },
		{ &t->degraded_ms, 300000 },
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (*all[i].value <= 0)
			*all[i].value = all[i].normal;
}

struct slack_sockets *slack_sockets_new(const struct slack_sockets_options *o, struct err *err)
{
	struct slack_sockets *s = calloc(1, sizeof(*s));
	int64_t now = clock_monotonic_ms();
	unsigned i;

	if (!s)
		goto memory;
	s->o = *o;
	if (s->o.count < 1)
		s->o.count = 1;
	if (s->o.count > SLACK_SOCKETS_MAX)
		s->o.count = SLACK_SOCKETS_MAX;
	set_times(&s->o.times);
	s->app_token = strdup(o->app_token);
	if (!s->app_token)
		goto memory;
	if (random_bytes(&s->random, sizeof(s->random)) < 0 || !s->random)
		s->random = 1;
	for (i = 0; i < s->o.count; i++) {
		s->slots[i].owner = s;
		s->slots[i].number = i;
		s->slots[i].refresh_at_ms = INT64_MAX;
		s->slots[i].retry_at_ms = i ? now + i * STAGGER_MS + random_below(s, STAGGER_MS) : 0;
	}
	uv_timer_init(o->loop, &s->timer);
	s->timer.data = s;
	wake(s);
	return s;
memory:
	err_set(err, ERR_MEMORY, "out of memory");
	free(s);
	return NULL;
}

unsigned slack_sockets_foreign(const struct slack_sockets *s)
{
	return s->foreign;
}

uint64_t slack_sockets_reconnects(const struct slack_sockets *s)
{
	return s->reconnects;
}

static void on_timer_closed(uv_handle_t *h)
{
	struct slack_sockets *s = h->data;

	free(s->app_token);
	free(s);
}

void slack_sockets_close(struct slack_sockets *s)
{
	unsigned i, k;
	size_t n;

	if (s->closing)
		return;
	s->closing = true;
	for (i = 0; i < s->o.count; i++) {
		struct ws_conn **const all[] = { &s->slots[i].making, &s->slots[i].live,
			&s->slots[i].old };

		for (k = 0; k < 3; k++)
			if (*all[k]) {
				ws_conn_free(*all[k]); /* says goodbye where there is somebody */
				*all[k] = NULL;
			}
	}
	for (n = 0; n < s->n_held; n++)
		free(s->held[n].text);
	s->n_held = 0;
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}
