/*
 * store.h - what is kept: Redis seen as facts, commits, timers and outbox.
 *
 * One pipelined connection. Everything asked for in one turn of the loop leaves together: loads
 * as one call, commits as one call of the Redis Function `tocsin_commit` (up to 64 a call). The
 * store knows no incident; it knows documents, links, indexes, logs, timers and promises.
 * Callbacks run in later turns, never inside the call that asked. Loop thread only.
 */
#ifndef TOCSIN_BOT_STORE_H
#define TOCSIN_BOT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "tocsin/effects.h"
#include "tocsin/snapshot.h"

struct err;
struct store;

struct store_options {
	const char *url;        /* redis://[user:pw@]host:port/db, unix:///path?db=N, rediss:// refused on 0.14 */
	const char *workspace;  /* hash tag: keys are tocsin:{workspace}:... */
	const char *instance;   /* this process, unique: consumer name, lease owner; at most 128 bytes */
	int64_t dedupe_ttl_ms;  /* how long a request id is remembered; 0: 25 h */
	void (*on_state)(void *ud, bool ready); /* may be NULL */
	/* Another instance, or our own commit, put something in the outbox (lanes: bit 1 << lane) or
	 * set a timer that is due before the next one. May be NULL. */
	void (*on_wake)(void *ud, unsigned lanes, bool timers);
	void *ud;
};

/* Begins to connect and goes on for ever with back-off (0.1 s to 5 s, jitter). NULL with err set
 * only for a bad url or no memory. */
struct store *store_open(uv_loop_t *loop, const struct store_options *o, struct err *err);
bool store_ready(const struct store *s);
/* Ends the pause before the next attempt: whoever starts Redis knows that it is up. */
void store_try_now(struct store *s);
/* Everybody who waits is answered in here (STORE_DOWN; STORE_UNKNOWN for commits that have left),
 * nobody is called afterwards (but from inside an answer: the rest of that answer's call is still
 * told); memory goes in a later turn. */
void store_close(struct store *s);

enum store_status {
	STORE_OK,
	STORE_CONFLICT,  /* a version or a number was taken: load again and decide again */
	STORE_DUPLICATE, /* this request was applied before: `reply` is the first answer */
	STORE_DOWN,      /* not connected: nothing was written */
	STORE_UNKNOWN,   /* the connection was lost with the call in flight: maybe written */
	STORE_REFUSED    /* Redis said no (out of memory, read only, disk full): nothing was written */
};

struct store_answer {
	enum store_status status;
	const char *reply;  /* DUPLICATE: as given in struct commit.reply */
	const char *detail; /* for the log */
};

/* facts[i] answers keys[i] (see snapshot.h for the language). Their strings are in `arena`. */
typedef void (*store_load_fn)(void *ud, enum store_status status, struct fact *facts, size_t n);
void store_load(struct store *s, struct arena *arena, const char *const *keys, size_t n,
	store_load_fn fn, void *ud);

/* All of it or nothing of it. Everything is copied before the call returns. */
struct commit {
	const char *request_id;        /* "" : not remembered */
	const char *reply;             /* kept with the request id */
	const struct effects *effects; /* may be NULL (only a timer or an entry is finished) */
	const struct snapshot *facts;  /* versions' log heads for the hash chain (doc: facts) */
	int64_t now_ms;                /* time of log entries */
	const char *timer;             /* "" or the timer that this carries out... */
	int64_t timer_due_ms;          /* ...removed only if it still has this due time or the lease's */
	enum lane done_lane;
	const char *done_entry;        /* "" or the outbox entry (stream id) that is finished */
	const char *ref;               /* finished chat.post with a ref: ref name ... */
	const char *ref_channel;       /* ... and where the message is */
	const char *ref_ts;
};
typedef void (*store_commit_fn)(void *ud, const struct store_answer *answer);
void store_commit(struct store *s, const struct commit *c, store_commit_fn fn, void *ud);

/* Due timers, claimed for lease_ms by pushing their score; an instance that dies loses nothing. */
struct store_timer {
	const char *id;
	int64_t due_ms;  /* when it was due, before the lease pushed it (kept beside the score) */
};
typedef void (*store_timers_fn)(void *ud, enum store_status status, const struct store_timer *t,
	size_t n, int64_t next_due_ms /* earliest still pending, 0: none */);
void store_timers_claim(struct store *s, int64_t now_ms, int64_t lease_ms, size_t max,
	store_timers_fn fn, void *ud);

/* Outbox entries of one lane for this instance: new ones, and those whose owner has been silent
 * for lease_ms. `send` is decoded from the entry; strings live during the callback. */
struct store_entry {
	const char *id;          /* stream id */
	struct send send;
	int64_t created_ms;      /* house time of the commit */
	unsigned deliveries;     /* 1: first time; more: a crash may have been in mid-send */
};
typedef void (*store_outbox_fn)(void *ud, enum store_status status, const struct store_entry *e,
	size_t n);
void store_outbox_claim(struct store *s, enum lane lane, size_t max, int64_t lease_ms,
	store_outbox_fn fn, void *ud);
/* Keeps the lease of entries that are still being worked on. kept: those that are still ours; the
 * others were taken over by another instance, or are done. fn runs in any case, also for n = 0. */
typedef void (*store_touch_fn)(void *ud, enum store_status status, const char *const *kept, size_t n);
void store_outbox_touch(struct store *s, enum lane lane, const char *const *ids, size_t n,
	store_touch_fn fn, void *ud);

/* What an outbox worker looks up just before sending: the entity's guard, where a ref is, and
 * which chat.update of a ref is the newest. Absent strings are "". */
struct store_look {
	const char *guard;
	const char *ref_channel, *ref_ts;
	const char *newest_update_key;
};
typedef void (*store_look_fn)(void *ud, enum store_status status, const struct store_look *look);
void store_look(struct store *s, const char *entity, const char *ref, store_look_fn fn, void *ud);

/* For /metrics, /healthz and doctor. */
struct store_stats {
	bool ready;
	uint64_t commits, conflicts, duplicates, loads, reconnects;
	int64_t outbox_depth[LANES]; /* as of the last answer; -1 unknown */
	int64_t timers_pending;
	int64_t round_trip_us;       /* last PING */
	const char *warning;         /* "" or why promises may not hold: no persistence, eviction...;
	                              * while not ready: why there is no connection, "" at the start */
};
void store_stats(const struct store *s, struct store_stats *out);
void store_refresh_stats(struct store *s);
#endif
