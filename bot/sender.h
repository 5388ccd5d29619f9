/*
 * sender.h - one way of delivering: Slack's Web API, mail, PagerDuty, a webhook.
 *
 * The outbox (outbox.h) owns order, leases, guards, coalescing and retries; a sender makes one
 * attempt and says honestly what became of it.
 */
#ifndef TOCSIN_BOT_SENDER_H
#define TOCSIN_BOT_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "tocsin/effects.h"

struct plan;
struct words;

struct outgoing {
	const struct send *send;   /* borrowed until done() is called */
	int64_t created_ms;        /* house time of the promise */
	int64_t created_wall_ms;   /* wall time of the promise, for looking in a channel's history */
	unsigned attempt;          /* 1, 2, ... */
	bool maybe_sent;           /* an earlier attempt's fate is unknown: look before sending again */
	const char *ref_channel;   /* update, pin: where the message is. post with thread_ref: its root */
	const char *ref_ts;
	const struct plan *plan;   /* borrowed until done() */
	/* By clock_lease_ms(); moves on while the entry is kept. From then on another process may have
	 * it: nothing may leave, SENT_LATER is the answer. May be NULL: no such limit. */
	const int64_t *leased_until;
};

enum sent_outcome {
	SENT_ACCEPTED, /* the receiver has it */
	SENT_REFUSED,  /* a definite no: do not repeat */
	SENT_LATER,    /* not taken: try again, not before retry_after_ms */
	SENT_UNKNOWN   /* it may have been taken */
};

struct sent {
	enum sent_outcome outcome;
	const char *channel, *ts;  /* where a chat message is now; a new room's id in channel */
	const char *error;         /* receiver's code, "" */
	const char *detail;        /* for the log, "" */
	int64_t retry_after_ms;    /* -1: own back-off */
	bool untried;              /* LATER: held back by our own limits, the receiver was not asked */
};

/* Call exactly once per send(), in a later turn; everything is copied. */
typedef void (*sent_fn)(void *ud, const struct sent *result);

struct sender {
	const char *ops;   /* space separated prefixes of ops: "chat." or "mail pagerduty" */
	void *self;
	void (*send)(void *self, const struct outgoing *o, sent_fn fn, void *ud);
	void (*close)(void *self); /* outstanding sends are answered or dropped; no callback after it */
};
#endif
