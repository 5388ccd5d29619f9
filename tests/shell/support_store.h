/*
 * support_store.h - one bot's view of a store: a question is asked, the loop runs until it is
 * answered, and the answer is kept.
 */
#ifndef TOCSIN_TESTS_SUPPORT_STORE_H
#define TOCSIN_TESTS_SUPPORT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "bot/store/store.h"

#define NOW INT64_C(1800000000000)
#define BOT_KEPT 64 /* timers and entries of the last claim that are kept */

struct test_redis;

struct bot {
	uv_loop_t *loop;
	struct store *store;
	struct arena *arena;
	struct effects effects;  /* of the next commit */
	struct snapshot *facts;  /* everything loaded so far */
	bool ready;
	unsigned wakes;
	unsigned woken_lanes;
	bool woken_timers;
	/* the last answer */
	bool answered;
	enum store_status status;
	char reply[256], detail[256];
	struct fact *loaded;
	size_t n_loaded;
	int64_t timer_dues[BOT_KEPT];
	char timer_ids[BOT_KEPT][64];
	size_t n_timers;
	int64_t next_due;
	struct store_entry entries[BOT_KEPT]; /* numbers only: strings are gone */
	char entry_ids[BOT_KEPT][64], entry_keys[BOT_KEPT][64];
	size_t n_entries;
	char guard[64], ref_channel[64], ref_ts[64], newest[64];
};

/* begin: does not wait until it is ready. */
void bot_begin(struct bot *b, uv_loop_t *loop, const char *url, const char *workspace,
	const char *instance);
void bot_open(struct bot *b, uv_loop_t *loop, const struct test_redis *r, const char *instance);
void bot_close(struct bot *b);

/* Commits b->effects against b->facts and forgets the effects. */
enum store_status bot_commit(struct bot *b);
enum store_status bot_commit_as(struct bot *b, struct commit *c);
void bot_commit_begin(struct bot *b, struct commit *c); /* without waiting */
void bot_wait(struct bot *b);

/* The fact is added to b->facts. */
const struct fact *bot_load(struct bot *b, const char *key);
enum store_status bot_try_load(struct bot *b, const char *const *keys, size_t n);
size_t bot_timers(struct bot *b, int64_t now, int64_t lease_ms, size_t max);
size_t bot_outbox(struct bot *b, enum lane lane, int64_t lease_ms, size_t max);
void bot_look(struct bot *b, const char *entity, const char *ref);
#endif
