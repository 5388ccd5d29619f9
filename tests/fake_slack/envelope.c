/* envelope.c - sending envelopes and waiting for their acknowledgements. */
#include "envelope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "burst.h"
#include "delivery.h"
#include "fake.h"
#include "hub.h"
#include "socket.h"
#include "workspace.h"

#define DONE_KEPT 4096 /* ended envelopes remembered, to tell a late ack from an unknown one */

enum envelope_state {
	ENVELOPE_WAITING, /* for a socket, or for its next attempt */
	ENVELOPE_SENT,    /* for its acknowledgement */
	ENVELOPE_ENDED,   /* kept only to recognise what comes late */
};

struct envelope {
	char id[40];
	enum envelope_state state;
	uint64_t serial;
	uint64_t sent_ns;
	int attempt;    /* 0 for the first */
	bool event;     /* is sent again */
	bool takes_answer, acked, missed; /* missed: no socket was there */
	char type[20];
	json_t *payload;
	ack_fn *done;
	void *arg;
	void (*drop)(void *arg);
	struct envelope *next;
};

const char *hub_app_id(const struct fake *f)
{
	return f->ws->app_id;
}

static void envelope_free(struct envelope *e)
{
	json_decref(e->payload);
	if (e->drop)
		e->drop(e->arg);
	free(e);
}

void envelopes_release(struct fake *f, struct hub *hub)
{
	(void)f;
	while (hub->pending) {
		struct envelope *next = hub->pending->next;

		envelope_free(hub->pending);
		hub->pending = next;
	}
}

static struct envelope *envelope_at(struct hub *hub, uint64_t serial)
{
	struct envelope *e = hub->recent[serial % HUB_RECENT];

	if (e && e->serial == serial)
		return e;
	for (e = hub->pending; e; e = e->next) /* an old one that still waits for its retry */
		if (e->serial == serial)
			return e;
	return NULL;
}

/* The last digits of an id are the serial. */
static struct envelope *envelope_find(struct hub *hub, const char *id)
{
	struct envelope *e = strlen(id) == 36 ? envelope_at(hub, strtoull(id + 24, NULL, 16)) : NULL;

	return e && !strcmp(e->id, id) ? e : NULL;
}

/* Lets go of envelopes that ended long ago. */
static void envelopes_trim(struct hub *hub)
{
	size_t ended = 0;

	for (struct envelope **p = &hub->pending; *p;) {
		struct envelope *e = *p;

		if (e->state == ENVELOPE_ENDED && ++ended > DONE_KEPT) {
			*p = e->next;
			if (hub->recent[e->serial % HUB_RECENT] == e)
				hub->recent[e->serial % HUB_RECENT] = NULL;
			envelope_free(e);
		} else {
			p = &e->next;
		}
	}
}

/* Tells whoever sent it, once. */
static void envelope_tell(struct fake *f, struct envelope *e, bool acked, const char *error,
			  json_t *payload)
{
	struct ack ack = {
		.acked = acked,
		.ms = e->sent_ns ? (double)(clock_steady_ns() - e->sent_ns) / 1e6 : 0,
		.error = error,
		.payload = payload,
	};
	ack_fn *done = e->done;
	void *arg = e->arg;
	void (*drop)(void *arg) = e->drop;

	f->dirty = true;
	memcpy(ack.envelope_id, e->id, sizeof(ack.envelope_id));
	e->done = NULL;
	e->arg = NULL;
	e->drop = NULL;
	if (done)
		done(f, &ack, arg);
	if (drop)
		drop(arg);
}

static void envelope_end(struct envelope *e)
{
	e->state = ENVELOPE_ENDED;
	json_decref(e->payload);
	e->payload = NULL;
}

static void envelope_attempt(struct fake *f, struct envelope *e);

struct again {
	uint64_t serial;
	int attempt;
};

static void again_run(struct fake *f, void *arg)
{
	const struct again *a = arg;
	struct envelope *e = envelope_at(f->hub, a->serial);

	if (e && e->state == ENVELOPE_WAITING && e->attempt == a->attempt)
		envelope_attempt(f, e);
}

static void envelope_again(struct fake *f, struct envelope *e)
{
	struct again *a;

	if (e->attempt >= 3) {
		f->count.lost++;
		fake_complain(f, "rule", "socket", "event_lost", "%s given up after %d retries", e->id,
			      e->attempt);
		envelope_end(e);
		return;
	}
	a = calloc(1, sizeof(*a));
	e->state = ENVELOPE_WAITING;
	a->serial = e->serial;
	a->attempt = ++e->attempt;
	later_run(f, (uint64_t)f->tune.retry_ms[e->attempt - 1], again_run, a, free);
}

static void deadline_run(struct fake *f, void *arg)
{
	const struct again *a = arg;
	struct envelope *e = envelope_at(f->hub, a->serial);

	if (!e || e->state != ENVELOPE_SENT || e->attempt != a->attempt)
		return;
	f->count.unacked++;
	if (e->event) {
		envelope_again(f, e);
		return;
	}
	envelope_end(e);
	envelope_tell(f, e, false, "operation_timeout", NULL);
}

static char *envelope_text(const struct envelope *e)
{
	json_t *out = json_pack("{s:s, s:O, s:s, s:b}", "envelope_id", e->id, "payload", e->payload,
				"type", e->type, "accepts_response_payload", e->takes_answer);
	char *text;

	if (e->event) {
		json_object_set_new(out, "retry_attempt", json_integer(e->attempt));
		json_put(out, "retry_reason", e->attempt ? "timeout" : "");
	}
	text = json_dumps(out, JSON_COMPACT | JSON_ESCAPE_SLASH);
	json_decref(out);
	return text;
}

/* A frame kept back: the envelope after it overtakes it. */
struct held {
	uint64_t socket;
	char *text;
};

static void held_drop(void *arg)
{
	struct held *h = arg;

	free(h->text);
	free(h);
}

static void held_run(struct fake *f, void *arg)
{
	const struct held *h = arg;
	struct socket *s = f->hub->sockets;

	while (s && s->id != h->socket)
		s = s->next;
	if (!s)
		s = socket_next(f);
	if (s)
		socket_push(s, FRAME_TEXT, h->text, strlen(h->text));
}

static void envelope_put(struct fake *f, struct envelope *e, struct socket *s)
{
	char *text = envelope_text(e);
	struct hub *hub = f->hub;

	if (hub->hold > 0) {
		struct held *h = calloc(1, sizeof(*h));

		hub->hold--;
		f->count.faults_played++;
		h->socket = s->id;
		h->text = text;
		/* The first of n is held longest, so that all n arrive in reverse. */
		later_run(f, (uint64_t)(50 + 30 * hub->hold), held_run, h, held_drop);
		return;
	}
	socket_push(s, FRAME_TEXT, text, strlen(text));
	if (hub->duplicate > 0) {
		struct socket *other = socket_next(f);

		hub->duplicate--;
		f->count.faults_played++;
		socket_push(other ? other : s, FRAME_TEXT, text, strlen(text));
	}
	free(text);
}

static void envelope_attempt(struct fake *f, struct envelope *e)
{
	struct socket *s;
	struct again *a;

	if (f->delivery) {
		e->sent_ns = clock_steady_ns();
		e->state = ENVELOPE_SENT;
		f->count.envelopes_sent++;
		f->count.retried += e->attempt > 0;
		delivery_send(f, e->serial, e->type, e->payload, e->attempt);
	} else {
		s = socket_next(f);
		if (!s) {
			e->missed = true;
			if (e->event) {
				envelope_again(f, e);
				return;
			}
			f->count.undelivered++;
			envelope_end(e);
			envelope_tell(f, e, false, "dispatch_failed", NULL);
			return;
		}
		e->sent_ns = clock_steady_ns();
		e->state = ENVELOPE_SENT;
		f->count.envelopes_sent++;
		f->count.retried += e->attempt > 0;
		envelope_put(f, e, s);
	}
	a = calloc(1, sizeof(*a));
	a->serial = e->serial;
	a->attempt = e->attempt;
	later_run(f, (uint64_t)f->tune.ack_ms, deadline_run, a, free);
}

static struct envelope *envelope_new(struct fake *f, const char *type, json_t *payload)
{
	struct hub *hub = f->hub;
	struct envelope *e = calloc(1, sizeof(*e));
	char hex[24];

	random_hex(hex, 20);
	e->serial = ++hub->envelope_serial;
	snprintf(e->id, sizeof(e->id), "%.8s-%.4s-4%.3s-8%.3s-%012llx", hex, hex + 8, hex + 12, hex + 15,
		 (unsigned long long)e->serial);
	snprintf(e->type, sizeof(e->type), "%s", type);
	e->payload = payload;
	e->next = hub->pending;
	hub->pending = e;
	hub->recent[e->serial % HUB_RECENT] = e;
	if (e->serial % DONE_KEPT == 0)
		envelopes_trim(hub);
	return e;
}

void hub_send(struct fake *f, const char *type, json_t *payload_owned, bool takes_answer,
	      ack_fn *done, void *arg, void (*drop)(void *arg))
{
	struct envelope *e = envelope_new(f, type, payload_owned);

	e->takes_answer = takes_answer;
	e->done = done;
	e->arg = arg;
	e->drop = drop;
	envelope_attempt(f, e);
}

void hub_event(struct fake *f, json_t *payload_owned)
{
	struct envelope *e = envelope_new(f, "events_api", payload_owned);

	e->event = true;
	envelope_attempt(f, e);
}

void envelopes_socket_open(struct fake *f)
{
	uint64_t wait = 100;

	for (struct envelope *e = f->hub->pending; e; e = e->next)
		if (e->event && e->missed && e->state == ENVELOPE_WAITING) {
			struct again *a = calloc(1, sizeof(*a));

			e->missed = false;
			a->serial = e->serial;
			a->attempt = e->attempt;
			later_run(f, wait, again_run, a, free);
		}
}

static void ack_check(struct fake *f, const struct envelope *e, json_t *ack)
{
	json_t *payload = json_object_get(ack, "payload");
	const char *key;
	json_t *value;

	json_object_foreach(ack, key, value)
		if (strcmp(key, "envelope_id") != 0 && strcmp(key, "payload") != 0)
			fake_complain(f, "rule", "ack", "unknown_field", "%s in an acknowledgement", key);
	if (payload && json_object_size(payload) && !e->takes_answer)
		fake_complain(f, "rule", "ack", "payload_not_accepted",
			      "%s does not take an answer in the acknowledgement", e->type);
}

void envelope_acked(struct fake *f, uint64_t serial, json_t *payload)
{
	struct envelope *e = envelope_at(f->hub, serial);

	if (!e || e->state != ENVELOPE_SENT)
		return;
	e->acked = true;
	f->count.acked++;
	f->dirty = true;
	envelope_end(e);
	envelope_tell(f, e, true, NULL, e->takes_answer && json_object_size(payload) ? payload : NULL);
}

void envelope_failed(struct fake *f, uint64_t serial)
{
	struct envelope *e = envelope_at(f->hub, serial);

	if (!e || e->state != ENVELOPE_SENT)
		return;
	f->count.unacked++;
	if (e->event) {
		envelope_again(f, e);
		return;
	}
	envelope_end(e);
	envelope_tell(f, e, false, "dispatch_failed", NULL);
}

static void ack_take(struct fake *f, json_t *ack)
{
	const char *id = json_text(ack, "envelope_id");
	struct envelope *e = envelope_find(f->hub, id);

	if (!e) {
		f->count.unknown_acks++;
		fake_complain(f, "rule", "ack", "unknown_envelope", "%s", id);
		return;
	}
	if (e->acked) {
		/* A duplicate we have sent is acknowledged twice: that is right. */
		f->count.double_acks++;
		return;
	}
	if (e->state != ENVELOPE_SENT) {
		f->count.late++;
		e->acked = true;
		fake_complain(f, "rule", "ack", "late", "%s %s after %.0f ms", e->type, id,
			      (double)(clock_steady_ns() - e->sent_ns) / 1e6);
		if (e->event && e->state == ENVELOPE_WAITING)
			envelope_end(e); /* it came, if late: no need to send again */
		return;
	}
	ack_check(f, e, ack);
	envelope_acked(f, e->serial, json_object_get(ack, "payload"));
}

void envelope_receive(struct fake *f, struct socket *s, const char *text, size_t bytes)
{
	json_error_t error;
	json_t *ack;

	if (f->burst && burst_receive(f, s, text, bytes))
		return;
	ack = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(ack) || !json_is_string(json_object_get(ack, "envelope_id")))
		fake_complain(f, "rule", "socket", "not_an_ack", "%.*s", (int)(bytes > 200 ? 200 : bytes),
			      text);
	else
		ack_take(f, ack);
	json_decref(ack);
}

int hub_spoil(struct fake *f, const char *what, int count)
{
	if (!strcmp(what, "duplicate_envelope"))
		f->hub->duplicate = count;
	else if (!strcmp(what, "out_of_order"))
		f->hub->hold = count;
	else
		return -1;
	return 0;
}
