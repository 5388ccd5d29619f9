/*
 * attempt.h - one attempt to deliver, private to bot/reach/.
 *
 * A way's begin function either starts a transfer or settles the attempt; both are told in a later
 * turn, once.
 */
#ifndef TOCSIN_BOT_REACH_ATTEMPT_H
#define TOCSIN_BOT_REACH_ATTEMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bot/http_client.h"
#include "bot/reach/reach.h"
#include "bot/sender.h"

#define ATTEMPT_ARENA_BYTES (4u << 20)

struct attempt;
struct reach;

/* What an answer of the receiver means: fills in r, whose strings may live in the attempt's arena. A
 * judge that sends again, or settles, is asked about that answer instead. */
typedef void (*attempt_judge_fn)(struct attempt *a, const struct http_answer *answer, struct sent *r);

struct attempt {
	struct attempt *next, *prev; /* reach.attempts */
	struct reach *reach;
	struct arena *arena;
	sent_fn fn;
	void *ud;
	unsigned long transfer;      /* 0: none is running */
	attempt_judge_fn judge;
	void *way;                   /* what the way keeps between two transfers, in the arena */
	bool settled;                /* `result` waits to be told */
	struct sent result;
};

struct reach {
	struct sender sender;
	struct reach_options o;
	uv_timer_t later;            /* tells what was settled without a transfer */
	struct attempt *attempts;
	bool closing;
};

/* No transfer is needed: tell this. error: a code; detail may be in the attempt's arena. */
void attempt_settle(struct attempt *a, enum sent_outcome outcome, const char *error,
	const char *detail);
/* Starts the transfer; the request's strings are copied. */
void attempt_send(struct attempt *a, const struct http_request *req, attempt_judge_fn judge);

/* The entry's template as plain text of at most max_units UTF-16 units, without buttons; NULL when
 * there is no such template. */
const char *attempt_text(struct attempt *a, const struct outgoing *o, size_t max_units);

/* HTTP: 2xx is accepted; 408, 409, 425, 429 and 5xx mean later (both receivers know a repeat by its
 * key, so repeating is safe); every other answer, redirects too, is a definite no. */
void attempt_judge_http(struct attempt *a, const struct http_answer *answer, struct sent *r);

/* The ways. */
void mail_begin(struct attempt *a, const struct outgoing *o);
void pagerduty_begin(struct attempt *a, const struct outgoing *o);
void ticket_begin(struct attempt *a, const struct outgoing *o);
void twilio_begin(struct attempt *a, const struct outgoing *o);
void webhook_begin(struct attempt *a, const struct outgoing *o);
#endif
