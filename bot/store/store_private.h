/*
 * store_private.h - what the files of the store share.
 *
 * Everything asked of the store is a call. It waits in a queue until the turn ends (or until
 * fewer commits are in flight), travels alone or with others in one FCALL, and is answered once.
 *
 *   asked -> queue of its kind -> in flight (a batch: first call and its followers) -> answered
 *         `-> failed, answered in the next turn (not connected, refused before sending)
 */
#ifndef TOCSIN_BOT_STORE_PRIVATE_H
#define TOCSIN_BOT_STORE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bot/store/bulks.h"
#include "bot/store/function.h"
#include "bot/store/store.h"
#include "bot/store/store_keys.h"
#include "bot/store/store_url.h"
#include "tocsin/buf.h"

struct arena;
struct chain;
struct err;
struct redis_conn;
struct redisReply;

#define STORE_CALLS_MAX 4096                        /* not answered yet, of all kinds */
#define STORE_BYTES_MAX ((size_t)64 * 1024 * 1024)  /* their encoded size */
#define STORE_COMMIT_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define STORE_BATCH_CALLS 64
#define STORE_BATCH_BYTES ((size_t)256 * 1024)      /* a batch stops growing behind this */
#define STORE_COMMITS_FLYING 2  /* batches of commits in flight; the next one gathers meanwhile */
#define STORE_TRIES 3           /* of one call, when the function library is missing */
#define STORE_CHECK_MS 15000    /* between looks at the server's set-up */
#define STORE_INSTANCE_MAX 128
#define STORE_COUNTERS 64       /* counter names whose next number is kept */

enum call_kind { CALL_COMMIT, CALL_READ, CALL_SINGLE, CALL_KINDS };

struct call;
/* r: this call's answer; NULL unless status is STORE_OK, and NULL for a commit that is simply
 * done. detail: for the log, never NULL. */
typedef void (*call_done_fn)(struct call *c, enum store_status status, struct redisReply **r,
	const char *detail);

struct call {
	struct call *next;      /* in the queue, the batch or the free list */
	struct store *store;
	enum call_kind kind;
	const char *function;   /* SINGLE: which */
	struct bulks keys, args;
	unsigned tries;
	struct call *followers; /* first call of a batch: the others, linked by next */
	struct call *flying;    /* first call of a batch: the next batch in flight */
	bool answered;          /* in flight, but the asker was told already (store_close) */
	bool counted;           /* in the store's n_calls and bytes */
	unsigned n_replies;     /* READ: how many elements of the reply are this call's */
	call_done_fn done;
	enum store_status failed; /* in the list of failed calls: with this ... */
	char detail[96];          /* ... and this */

	void (*fn)(void);       /* the asker's callback, of the type that `done` knows */
	void *ud;
	struct arena *arena;    /* load */
	struct fact *facts;
	size_t n_facts;
	enum lane lane;         /* outbox */
	unsigned lanes;         /* commit: adds outbox entries to these, bit 1 << lane */
	int64_t earliest_ms;    /* commit: the earliest timer that it sets, 0: none */
};

struct call_queue {
	struct call *first, **last;
};

struct counter {
	char *name;
	int64_t next; /* 0: ask Redis */
};

enum store_phase {
	PHASE_DOWN,    /* no connection */
	PHASE_CHECK,   /* for INFO and the function library */
	PHASE_READY,
	PHASE_FUNCTION, /* ready, but the library is being loaded again: calls wait */
	PHASE_CLOSING
};

struct store {
	uv_loop_t *loop;
	struct store_url url;
	struct store_keys keys;
	char *instance;
	int64_t dedupe_ttl_ms;
	void (*on_state)(void *ud, bool ready);
	void (*on_wake)(void *ud, unsigned lanes, bool timers);
	void *ud;

	enum store_phase phase;
	struct redis_conn *main;
	struct redis_conn *wake;       /* subscribes to the wake channel */
	unsigned conns;          /* not gone yet */
	uv_prepare_t turn;
	uv_idle_t awake;         /* keeps the loop from sleeping on work that the turn has to do */
	unsigned handles;

	struct call_queue waiting[CALL_KINDS];
	struct call_queue failed;
	struct call *spare;
	unsigned n_spare;
	unsigned n_calls;
	size_t bytes;            /* encoded, of all calls */
	struct call *flying, **flying_last; /* batches in flight, oldest first */
	unsigned commits_flying;
	struct bulks command;    /* being glued together */
	struct buf scratch;

	struct chain *chain;
	struct encoder *encoder; /* of the commit being encoded */
	struct counter counters[STORE_COUNTERS];
	unsigned n_counters;
	int64_t next_due_ms;     /* earliest pending timer that we know of; 0 none, -1 unknown */
	unsigned wake_lanes;     /* on_wake is due, and with what */
	bool wake_timers;

	char *function_text;
	char function_digest[FUNCTION_DIGEST_LEN + 1];
	struct store_stats stats;
	uint64_t check_at_ms;    /* loop time from which the server's set-up is looked at again */
	char warning[1024];
	char newer[64];          /* a newer function library that somebody loaded, "" */
	char last_problem[256];  /* why it is down, as last written to the log; "" while ready */
};

/* --- store.c: calls --- */

/* A call ready to be encoded; never NULL. Without a connection or room it is one that fails in
 * the next turn: callers encode and send it all the same, which then costs nothing. */
struct call *call_new(struct store *s, enum call_kind kind, call_done_fn done);
/* Queues it. When its encoding failed it is answered STORE_REFUSED. */
void call_send(struct call *c);
/* Instead of call_send(): answered so in the next turn. */
void call_fail(struct call *c, enum store_status status, const char *detail);
/* The same without asking Redis: STORE_OK with a NULL answer. */
void call_answer(struct call *c);
void call_free(struct call *c); /* answered: back to the spare ones */
void call_queue_push(struct call_queue *q, struct call *c);
struct call *call_queue_pop(struct call_queue *q);
void store_kick(struct store *s); /* the turn has work */
void store_waiting_fail(struct store *s); /* everything not sent yet: STORE_DOWN */
void store_conn_gone(struct store *s);

/* --- store_open.c: connections, what is checked on them, the function library --- */

int store_connect(struct store *s, struct err *err);
void store_function_missing(struct store *s); /* load it again; calls wait meanwhile */
/* The server cannot be used for now: starts over. Logged once per reason. */
void store_drop(struct store *s, const char *why);

/* --- store_flight.c --- */

void flight_send(struct store *s);  /* everything that waits leaves */
void flight_abandon(struct store *s); /* everything in flight: STORE_UNKNOWN, at once */

/* --- store_load.c: counters --- */

void counter_drop(struct store *s, const char *name); /* NULL: all */

/* --- store_commit.c --- */

struct encoder *encoder_new(struct store *s); /* free() */

/* --- store_warn.c --- */

void store_check_start(struct store *s); /* fills s->warning when the answers come */

/* --- store_timers.c --- */

/* A timer's score; a lease's .5 is rounded up. */
int64_t store_score_parse(const char *text);
#endif
