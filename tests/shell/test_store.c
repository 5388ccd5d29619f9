/* test_store.c - facts, commits, timers and outbox against a real Redis. */
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bot/store/store.h"
#include "support_redis.h"
#include "tocsin/arena.h"
#include "tocsin/effects.h"
#include "tocsin/err.h"
#include "tocsin/snapshot.h"

#define NOW INT64_C(1800000000000)

static struct test_redis redis;

/* One bot's view: a loop and a store, and the answers that came. */
struct bot {
	uv_loop_t *loop;
	struct store *store;
	struct arena *arena;
	struct effects effects;
	struct snapshot *facts;
	bool ready;
	unsigned wakes;
	/* the last answer */
	bool answered;
	enum store_status status;
	char reply[256], detail[256];
	struct fact *loaded;
	size_t n_loaded;
	struct store_timer timers[64];
	char timer_ids[64][64];
	size_t n_timers;
	int64_t next_due;
	struct store_entry entries[64];
	char entry_ids[64][64], entry_keys[64][64];
	size_t n_entries;
	struct store_look look;
	char look_text[4][64];
};

static void on_state(void *ud, bool is_ready)
{
	((struct bot *)ud)->ready = is_ready;
}

static void on_wake(void *ud)
{
	((struct bot *)ud)->wakes++;
}

static void bot_open(struct bot *b, uv_loop_t *loop, const char *instance)
{
	const struct store_options o = {.url = redis.url, .workspace = "acme", .instance = instance,
		.on_state = on_state, .on_wake = on_wake, .ud = b};
	struct err err = {0};

	memset(b, 0, sizeof(*b));
	b->loop = loop;
	b->arena = arena_new((size_t)64 << 20);
	b->facts = snapshot_new(b->arena);
	effects_init(&b->effects, b->arena);
	b->store = store_open(loop, &o, &err);
	assert_non_null(b->store);
	loop_until_flag(loop, &b->ready);
}

static void bot_close(struct bot *b)
{
	store_close(b->store);
	arena_free(b->arena);
}

static void on_commit(void *ud, const struct store_answer *a)
{
	struct bot *b = ud;

	b->answered = true;
	b->status = a->status;
	snprintf(b->reply, sizeof(b->reply), "%s", a->reply);
	snprintf(b->detail, sizeof(b->detail), "%s", a->detail);
}

static enum store_status bot_commit_as(struct bot *b, struct commit *c)
{
	c->effects = &b->effects;
	c->facts = b->facts;
	if (!c->now_ms)
		c->now_ms = NOW;
	b->answered = false;
	store_commit(b->store, c, on_commit, b);
	assert_false(b->answered);
	loop_until_flag(b->loop, &b->answered);
	effects_clear(&b->effects);
	return b->status;
}

static enum store_status bot_commit(struct bot *b)
{
	struct commit c = {.request_id = ""};

	return bot_commit_as(b, &c);
}

static void on_load(void *ud, enum store_status status, struct fact *facts, size_t n)
{
	struct bot *b = ud;

	b->answered = true;
	b->status = status;
	b->loaded = facts;
	b->n_loaded = n;
}

static const struct fact *bot_load(struct bot *b, const char *key)
{
	b->answered = false;
	store_load(b->store, b->arena, &key, 1, on_load, b);
	assert_false(b->answered);
	loop_until_flag(b->loop, &b->answered);
	assert_int_equal(b->status, STORE_OK);
	assert_int_equal(b->n_loaded, 1);
	assert_string_equal(b->loaded[0].key, key);
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
	for (i = 0; i < n && i < 64; i++) {
		b->timers[i] = t[i];
		snprintf(b->timer_ids[i], sizeof(b->timer_ids[i]), "%s", t[i].id);
	}
}

static size_t bot_timers(struct bot *b, int64_t now, int64_t lease)
{
	b->answered = false;
	store_timers_claim(b->store, now, lease, 50, on_timers, b);
	loop_until_flag(b->loop, &b->answered);
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
	for (i = 0; i < n && i < 64; i++) {
		b->entries[i] = e[i];
		snprintf(b->entry_ids[i], sizeof(b->entry_ids[i]), "%s", e[i].id);
		snprintf(b->entry_keys[i], sizeof(b->entry_keys[i]), "%s", e[i].send.key);
	}
}

static size_t bot_outbox(struct bot *b, enum lane lane, int64_t lease)
{
	b->answered = false;
	store_outbox_claim(b->store, lane, 50, lease, on_outbox, b);
	loop_until_flag(b->loop, &b->answered);
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
	snprintf(b->look_text[0], 64, "%s", look->guard);
	snprintf(b->look_text[1], 64, "%s", look->ref_channel);
	snprintf(b->look_text[2], 64, "%s", look->ref_ts);
	snprintf(b->look_text[3], 64, "%s", look->newest_update_key);
}

static void bot_look(struct bot *b, const char *entity, const char *ref)
{
	b->answered = false;
	store_look(b->store, entity, ref, on_look, b);
	loop_until_flag(b->loop, &b->answered);
	assert_int_equal(b->status, STORE_OK);
}

static void test_conflict_writes_nothing(void **state)
{
	uv_loop_t loop;
	struct bot b;

	(void)state;
	uv_loop_init(&loop);
	bot_open(&b, &loop, "a");
	effects_link(&b.effects, "n", "x");
	effects_put(&b.effects, "a", 0, "{}", NULL);
	assert_int_equal(bot_commit(&b), STORE_OK);
	bot_load(&b, "doc:a");
	effects_link(&b.effects, "n", "y");
	effects_put(&b.effects, "b", 0, "{}", NULL);
	effects_put(&b.effects, "a", 7, "{}", NULL);
	assert_int_equal(bot_commit(&b), STORE_CONFLICT);
	assert_string_equal(b.detail, "tocsin:{acme}:doc:a");
	assert_int_equal(bot_load(&b, "doc:b")->state, FACT_ABSENT);
	assert_string_equal(bot_load(&b, "link:n")->value, "x");
	bot_close(&b);
	loop_finish(&loop);
}

static void test_first_landing(void **state)
{
	struct commit c = {.request_id = "req-1", .reply = "first"};
	struct send send = {.lane = LANE_CHAT, .op = "chat.post", .key = "INC-1/root", .entity = "incident:INC-1",
		.data = "{\"title\":\"é\"}", .ref = "INC-1/root", .to = {PLATFORM_SLACK, "C1", ""}};
	uv_loop_t loop;
	struct bot b;

	(void)state;
	uv_loop_init(&loop);
	bot_open(&b, &loop, "a");

	assert_int_equal(bot_load(&b, "doc:incident:INC-1")->state, FACT_ABSENT);
	assert_int_equal(bot_load(&b, "count:incident")->version, 1);
	assert_int_equal(bot_load(&b, "count:incident")->version, 2);
	effects_count(&b.effects, "incident", 1);
	effects_put(&b.effects, "incident:INC-1", 0, "{\"a\":1}", "open");
	effects_log(&b.effects, "incident:INC-1", "{\"what\":\"declared\"}");
	effects_timer(&b.effects, "incident:INC-1/ack", NOW + 1000);
	effects_link(&b.effects, "thread:C1:1", "incident:INC-1");
	effects_index(&b.effects, "open", "incident:INC-1", 5);
	effects_send(&b.effects, &send);
	assert_int_equal(bot_commit_as(&b, &c), STORE_OK);
	assert_int_equal(b.wakes, 1);

	assert_string_equal(bot_load(&b, "doc:incident:INC-1")->value, "{\"a\":1}");
	assert_int_equal(b.loaded[0].version, 1);
	assert_int_equal(b.loaded[0].seq, 1);
	assert_string_equal(b.loaded[0].guard, "open");
	assert_string_equal(bot_load(&b, "link:thread:C1:1")->value, "incident:INC-1");
	assert_string_equal(bot_load(&b, "index:open")->items[0], "incident:INC-1");
	assert_string_equal(bot_load(&b, "log:incident:INC-1")->items[0], "{\"what\":\"declared\"}");

	assert_int_equal(bot_outbox(&b, LANE_CHAT, 60000), 1);
	assert_string_equal(b.entry_keys[0], "INC-1/root");
	assert_int_equal(b.entries[0].deliveries, 1);
	assert_int_equal(b.entries[0].created_ms, NOW);
	assert_int_equal(bot_outbox(&b, LANE_CHAT, 60000), 0);
	memset(&c, 0, sizeof(c));
	c.done_lane = LANE_CHAT;
	c.done_entry = b.entry_ids[0];
	c.ref = "INC-1/root";
	c.ref_channel = "C1";
	c.ref_ts = "17.5";
	assert_int_equal(bot_commit_as(&b, &c), STORE_OK);
	bot_look(&b, "incident:INC-1", "INC-1/root");
	assert_string_equal(b.look_text[0], "open");
	assert_string_equal(b.look_text[1], "C1");
	assert_string_equal(b.look_text[2], "17.5");
	assert_string_equal(b.look_text[3], "");

	assert_int_equal(bot_timers(&b, NOW, 5000), 0);
	assert_int_equal(b.next_due, NOW + 1000);
	assert_int_equal(bot_timers(&b, NOW + 1000, 5000), 1);
	assert_int_equal(b.timers[0].due_ms, NOW + 1000);
	memset(&c, 0, sizeof(c));
	c.timer = "incident:INC-1/ack";
	c.timer_due_ms = NOW + 1000;
	effects_put(&b.effects, "incident:INC-1", 1, "{\"a\":2}", NULL);
	assert_int_equal(bot_commit_as(&b, &c), STORE_OK);
	assert_int_equal(bot_timers(&b, NOW + 100000, 5000), 0);
	assert_int_equal(b.next_due, 0);

	bot_close(&b);
	loop_finish(&loop);
}

static int setup(void **state)
{
	(void)state;
	redis_start(&redis, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	redis_stop(&redis);
	return 0;
}

static int clean(void **state)
{
	(void)state;
	redis_ask(&redis, "FLUSHALL");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_first_landing, clean),
		cmocka_unit_test_setup(test_conflict_writes_nothing, clean),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
