/*
 * outbox_private.h - what the outbox's two files share: lanes (outbox.c) and one entry from claim
 * to removal (outbox_item.c).
 */
#ifndef TOCSIN_BOT_OUTBOX_PRIVATE_H
#define TOCSIN_BOT_OUTBOX_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bot/outbox.h"
#include "tocsin/effects.h"
#include "tocsin/request.h"

#define OUTBOX_LOOK_MS 1000 /* until something that was not there yet is looked for again */
#define OUTBOX_ARENA_BYTES (8u << 20)

struct arena;
struct plan;
struct sender;

enum item_state {
	ITEM_WAITING,   /* for its turn or for its next try */
	ITEM_LOOKING,   /* for guard and refs from the store */
	ITEM_SENDING,   /* for the receiver */
	ITEM_FINISHING, /* for the commit that removes it */
	ITEM_UNFINISHED /* that commit failed: it is tried again */
};

struct item {
	struct item *next;
	struct outbox *owner;
	enum lane lane;
	enum item_state state;
	struct arena *arena;
	const char *id;
	struct send send;
	struct plan *plan;
	int64_t created_ms;
	int64_t claimed_at;   /* monotonic */
	int64_t next_try_at;  /* monotonic */
	int64_t leased_until; /* clock_lease_ms(): ours alone until then */
	unsigned touched;     /* which touch of its lane asked for it last */
	bool lost;            /* another process has it: goes as soon as nobody holds it here */
	unsigned attempt;
	bool maybe_sent;
	bool rootless;        /* the message it belongs to is not there yet */
	const char *root_channel, *root_ts; /* what thread_ref or ref resolved to */
	enum delivery_outcome outcome;
	const char *channel, *ts, *error, *detail;
};

struct lane_state {
	struct item *first, **end;
	size_t held;
	bool claiming, again;
	bool touching;
	unsigned touch;       /* counts them */
	int64_t touch_sent;   /* clock_lease_ms() */
};

struct outbox {
	struct outbox_options o;
	struct lane_state lanes[LANES];
	struct sender *senders[OUTBOX_SENDERS_MAX];
	size_t n_senders;
	uv_timer_t tick;
	int64_t look_at, touch_at;
	bool stopped, closed;
};

/* The item's turn has come: look, send, or finish. */
void item_step(struct item *it);
/* Off its lane, and free. */
void item_drop(struct item *it);
/* Another process has the entry now: nothing more is done here. */
void item_lose(struct item *it);
/* Whether it belongs to a message that must be there first, and which. */
bool item_needs_ref(const struct item *it);
const char *item_ref(const struct item *it);
/* Starts what may go now. */
void lane_run(struct outbox *ob, enum lane lane);
struct sender *outbox_sender(const struct outbox *ob, const char *op);
#endif
