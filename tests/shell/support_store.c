/* support_store.c - see support_store.h. */
#include "support_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support_redis.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"

static void on_state(void *ud, bool is_ready)
{
	((struct bot *)ud)->ready = is_ready;
}

static void on_wake(void *ud, unsigned lanes, bool timers)
{
	struct bot *b = ud;

	b->wakes++;
	b->woken_lanes |= lanes;
	b->woken_timers = b->woken_timers || timers;
}

void bot_begin(struct bot *b, uv_loop_t *loop, const char *url, const char *workspace,
	const char *instance)
{
	const struct store_options o = {.url = url, .workspace = workspace, .instance = instance,
		.on_state = on_state, .on_wake = on_wake, .ud = b};
	struct err err = {0};

	memset(b, 0, sizeof(*b));
	b->loop = loop;
	b->arena = arena_new((size_t)64 << 20);
	b->facts = snapshot_new(b->arena);
	effects_init(&b->effects, b->arena);
	b->store = store_open(loop, &o, &err);
	assert_string_equal(err.text, "");
	assert_non_null(b->store);
}

void bot_open(struct bot *b, uv_loop_t *loop, const struct test_redis *r, const char *instance)
{
	bot_begin(b, loop, r->url, "acme", instance);
	loop_until_flag(loop, &b->ready);
}

void bot_close(struct bot *b)
{
	store_close(b->store);
	arena_free(b->arena);
}

static void on_commit(void *ud, const struct store_answer *a)
{
	struct bot *b = ud;

	assert_false(b->answered);
	b->answered = true;
	b->status = a->status;
	snprintf(b->reply, sizeof(b->reply), "%s", a->reply);
	snprintf(b->detail, sizeof(b->detail), "%s", a->detail);
}

void bot_wait(struct bot *b)
{
	loop_until_flag(b->loop, &b->answered);
}

void bot_commit_begin(struct bot *b, struct commit *c)
{
	c->effects = &b->effects;
	c->facts = b->facts;
	if (!c->now_ms)
		c->now_ms = NOW;
	b->answered = false;
	store_commit(b->store, c, on_commit, b);
	assert_false(b->answered); /* never inside the call */
	effects_clear(&b->effects);
}

enum store_status bot_commit_as(struct bot *b, struct commit *c)
{
	bot_commit_begin(b, c);
	bot_wait(b);
	return b->status;
}

enum store_status bot_commit(struct bot *b)
{
	struct commit c = {.request_id = ""};

	return bot_commit_as(b, &c);
}

static void on_load(void *ud, enum store_status status, struct fact *facts, size_t n)
{
	struct bot *b = ud;

	assert_false(b->answered);
	b->answered = true;
	b->status = status;
	b->loaded = facts;
	b->n_loaded = n;
}

enum store_status bot_try_load(struct bot *b, const char *const *keys, size_t n)
{
	b->answered = false;
	store_load(b->store, b->arena, keys, n, on_load, b);
	assert_false(b->answered);
	bot_wait(b);
	return b->status;
}

const struct fact *bot_load(struct bot *b, const char *key)
{
	assert_int_equal(bot_try_load(b, &key, 1), STORE_OK);
	assert_int_equal(b->n_loaded, 1);
	assert_string_equal(b->loaded[0].key, key);
	assert_int_not_equal(b->loaded[0].state, FACT_NOT_LOADED);
	snapshot_add(b->facts, &b->loaded[0]);
	return &b->loaded[0];
}

static void on_timers(void *ud, enum store_status status, const struct store_timer *t, size_t n,
	int64_t next_due_ms)
{
	struct bot *b = ud;
	size_t i;

	b->answered = true;
	b->status = status;
	b->n_timers = n;
	b->next_due = next_due_ms;
	for (i = 0; i < n && i < BOT_KEPT; i++) {
		b->timer_dues[i] = t[i].due_ms;
		snprintf(b->timer_ids[i], sizeof(b->timer_ids[i]), "%s", t[i].id);
	}
}

size_t bot_timers(struct bot *b, int64_t now, int64_t lease_ms, size_t max)
{
	b->answered = false;
	store_timers_claim(b->store, now, lease_ms, max, on_timers, b);
	assert_false(b->answered);
	bot_wait(b);
	assert_int_equal(b->status, STORE_OK);
	return b->n_timers;
}

static void on_outbox(void *ud, enum store_status status, const struct store_entry *e, size_t n)
{
	struct bot *b = ud;
	size_t i;

	b->answered = true;
	b->status = status;
	b->n_entries = n;
	for (i = 0; i < n && i < BOT_KEPT; i++) {
		b->entries[i] = e[i];
		snprintf(b->entry_ids[i], sizeof(b->entry_ids[i]), "%s", e[i].id);
		snprintf(b->entry_keys[i], sizeof(b->entry_keys[i]), "%s", e[i].send.key);
	}
}

size_t bot_outbox(struct bot *b, enum lane lane, int64_t lease_ms, size_t max)
{
	b->answered = false;
	store_outbox_claim(b->store, lane, max, lease_ms, on_outbox, b);
	assert_false(b->answered);
	bot_wait(b);
	assert_int_equal(b->status, STORE_OK);
	return b->n_entries;
}

static void on_look(void *ud, enum store_status status, const struct store_look *look)
{
	struct bot *b = ud;

	b->answered = true;
	b->status = status;
	if (!look)
		return;
	snprintf(b->guard, sizeof(b->guard), "%s", look->guard);
	snprintf(b->ref_channel, sizeof(b->ref_channel), "%s", look->ref_channel);
	snprintf(b->ref_ts, sizeof(b->ref_ts), "%s", look->ref_ts);
	snprintf(b->newest, sizeof(b->newest), "%s", look->newest_update_key);
}

void bot_look(struct bot *b, const char *entity, const char *ref)
{
	b->answered = false;
	store_look(b->store, entity, ref, on_look, b);
	assert_false(b->answered);
	bot_wait(b);
	assert_int_equal(b->status, STORE_OK);
}
