/* test_store_bounds.c - any text, any size, and what happens at each bound. */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bot/store/store_private.h"
#include "support_redis.h"
#include "support_store.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"

static struct test_redis redis;
static uv_loop_t loop;
static struct bot b;

static const struct send post = {.lane = LANE_CHAT, .op = "chat.post", .key = "INC-1/root",
	.entity = "incident:INC-1", .data = "{\"title\":\"Caf\xc3\xa9\"}", .ref = "INC-1/root",
	.to = {PLATFORM_SLACK, "C1", ""}};

struct tally {
	unsigned ok, duplicate, conflict, other, all;
};

static void on_tally(void *ud, const struct store_answer *a)
{
	struct tally *t = ud;

	t->all++;
	if (a->status == STORE_OK)
		t->ok++;
	else if (a->status == STORE_DUPLICATE)
		t->duplicate++;
	else if (a->status == STORE_CONFLICT)
		t->conflict++;
	else
		t->other++;
}

static struct tally tally;
static unsigned tally_wanted;

static bool tally_full(void *ud)
{
	(void)ud;
	return tally.all >= tally_wanted;
}

/* --- any bytes, any size --- */

static void test_any_text_comes_back(void **state)
{
	static const char odd[] = "\"\\ \xf0\x9f\x94\xa5 \r\n$5\r\nhello\r\n*1\r\n {} [] %s %n \x01 \xff\xfe";
	struct send send = post;
	const struct fact *f;

	(void)state;
	effects_put(&b.effects, odd, 0, odd, odd);
	effects_log(&b.effects, odd, odd);
	effects_link(&b.effects, odd, odd);
	effects_index(&b.effects, odd, odd, -3);
	effects_timer(&b.effects, odd, NOW);
	send.key = send.data = send.note = send.arg = odd;
	effects_send(&b.effects, &send);
	assert_int_equal(bot_commit(&b), STORE_OK);
	{
		char key[128];

		snprintf(key, sizeof(key), "doc:%s", odd);
		f = bot_load(&b, key);
		assert_string_equal(f->value, odd);
		assert_string_equal(f->guard, odd);
		snprintf(key, sizeof(key), "log:%s", odd);
		assert_string_equal(bot_load(&b, key)->items[0], odd);
		snprintf(key, sizeof(key), "link:%s", odd);
		assert_string_equal(bot_load(&b, key)->value, odd);
		snprintf(key, sizeof(key), "index:%s", odd);
		assert_string_equal(bot_load(&b, key)->items[0], odd);
	}
	assert_int_equal(bot_timers(&b, NOW, 1000, 10), 1);
	assert_string_equal(b.timer_ids[0], odd);
	assert_int_equal(bot_outbox(&b, LANE_CHAT, 1000, 10), 1);
	assert_string_equal(b.entry_keys[0], odd);
}

/* What another program put there may hold a zero byte: length tells. */
static void test_zero_bytes_from_outside(void **state)
{
	const struct fact *f;

	(void)state;
	redis_ask(&redis, "HSET tocsin:{acme}:links n %b", "a\0b", (size_t)3);
	f = bot_load(&b, "link:n");
	assert_int_equal(f->len, 3);
	assert_memory_equal(f->value, "a\0b", 4);
}

static char *long_text(size_t n)
{
	char *text = malloc(n + 1);

	memset(text, 'x', n);
	text[0] = text[n - 1] = '"';
	text[n] = '\0';
	return text;
}

static void test_big_values(void **state)
{
	char *big = long_text((size_t)1 << 20);
	char *huge = long_text((size_t)5 << 20);
	struct send send = post;

	(void)state;
	effects_put(&b.effects, "big", 0, big, NULL);
	effects_log(&b.effects, "big", big);
	effects_link(&b.effects, "big", big);
	send.data = big;
	effects_send(&b.effects, &send);
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_string_equal(bot_load(&b, "doc:big")->value, big);
	assert_string_equal(bot_load(&b, "log:big")->items[0], big);
	assert_int_equal(bot_outbox(&b, LANE_CHAT, 1000, 10), 1);
	/* Two of five MiB are more than one commit may hold: nothing is written. */
	effects_put(&b.effects, "huge", 0, huge, NULL);
	effects_log(&b.effects, "huge", huge);
	assert_int_equal(bot_commit(&b), STORE_REFUSED);
	assert_int_equal(bot_load(&b, "doc:huge")->state, FACT_ABSENT);
	/* And the store goes on. */
	effects_put(&b.effects, "small", 0, "{}", NULL);
	assert_int_equal(bot_commit(&b), STORE_OK);
	free(big);
	free(huge);
}

/* --- bounds --- */

static void test_lists_are_bounded(void **state)
{
	const struct fact *f;
	char text[32];
	int i;

	(void)state;
	for (i = 0; i < 600;) {
		int k;

		bot_load(&b, "doc:x");
		for (k = 0; k < 100; k++, i++) {
			snprintf(text, sizeof(text), "%d", i);
			effects_index(&b.effects, "i", text, i);
			effects_log(&b.effects, "x", text);
		}
		assert_int_equal(bot_commit(&b), STORE_OK);
	}
	f = bot_load(&b, "index:i");
	assert_int_equal(f->n, FACT_ITEMS_MAX);
	assert_string_equal(f->items[0], "0");
	assert_string_equal(f->items[499], "499");
	f = bot_load(&b, "rindex:i");
	assert_int_equal(f->n, FACT_ITEMS_MAX);
	assert_string_equal(f->items[0], "599");
	assert_string_equal(f->items[499], "100");
	f = bot_load(&b, "log:x");
	assert_int_equal(f->n, FACT_ITEMS_MAX);
	assert_string_equal(f->items[0], "100");
	assert_string_equal(f->items[499], "599");
}

/* Newest entries up to 4 MiB, but never none. */
static void test_log_bytes_are_bounded(void **state)
{
	char *big = long_text((size_t)1 << 20), *huge = long_text((size_t)5 << 20);
	const struct fact *f;
	int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		bot_load(&b, "doc:x");
		big[1] = (char)('0' + i);
		effects_log(&b.effects, "x", big);
		assert_int_equal(bot_commit(&b), STORE_OK);
	}
	f = bot_load(&b, "log:x");
	assert_int_equal(f->n, 3);
	assert_int_equal(f->items[0][1], '3');
	assert_int_equal(f->items[2][1], '5');
	bot_load(&b, "doc:x");
	effects_log(&b.effects, "x", huge);
	assert_int_equal(bot_commit(&b), STORE_OK);
	f = bot_load(&b, "log:x");
	assert_int_equal(f->n, 1);
	free(big);
	free(huge);
}

/* A task whose memory is used up fails alone. */
static void test_arena_too_small(void **state)
{
	static const char *const keys[] = {"doc:x"};
	struct arena *ours = b.arena;
	char *big = long_text(100000);

	(void)state;
	effects_put(&b.effects, "x", 0, big, NULL);
	assert_int_equal(bot_commit(&b), STORE_OK);
	b.arena = arena_new(50000);
	assert_int_equal(bot_try_load(&b, keys, 1), STORE_REFUSED);
	arena_free(b.arena);
	b.arena = ours;
	assert_string_equal(bot_load(&b, "doc:x")->value, big);
	free(big);
}

static void test_too_many_effects(void **state)
{
	char text[16];
	int i;

	(void)state;
	for (i = 0; i <= EFFECTS_MAX; i++) {
		snprintf(text, sizeof(text), "%d", i);
		effects_link(&b.effects, text, text);
		if (i == EFFECTS_MAX - 1)
			assert_false(b.effects.overflow);
	}
	assert_int_equal(bot_commit(&b), STORE_REFUSED);
	assert_int_equal(redis_ask_int(&redis, "HLEN tocsin:{acme}:links"), 0);
	for (i = 0; i < EFFECTS_MAX; i++) {
		snprintf(text, sizeof(text), "%d", i);
		effects_put(&b.effects, text, 0, "{}", NULL);
	}
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_int_equal(bot_load(&b, "doc:255")->version, 1);
}

static void test_waiting_calls_are_bounded(void **state)
{
	struct commit c = {.request_id = "", .now_ms = NOW, .effects = &b.effects, .facts = b.facts};
	int i;

	(void)state;
	memset(&tally, 0, sizeof(tally));
	effects_link(&b.effects, "a", "b");
	for (i = 0; i < STORE_CALLS_MAX + 10; i++)
		store_commit(b.store, &c, on_tally, &tally);
	assert_int_equal(tally.all, 0);
	tally_wanted = STORE_CALLS_MAX + 10;
	loop_until(&loop, tally_full, NULL);
	assert_int_equal(tally.ok, STORE_CALLS_MAX);
	assert_int_equal(tally.other, 10);
	effects_clear(&b.effects);
	/* There is room again. */
	effects_link(&b.effects, "c", "d");
	assert_int_equal(bot_commit(&b), STORE_OK);
}

/* --- */

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

static int begin(void **state)
{
	(void)state;
	redis_ask(&redis, "FLUSHALL");
	uv_loop_init(&loop);
	bot_open(&b, &loop, &redis, "b");
	return 0;
}

static int end(void **state)
{
	(void)state;
	bot_close(&b);
	loop_finish(&loop);
	return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_any_text_comes_back),
		T(test_zero_bytes_from_outside),
		T(test_big_values),
		T(test_lists_are_bounded),
		T(test_log_bytes_are_bounded),
		T(test_arena_too_small),
		T(test_too_many_effects),
		T(test_waiting_calls_are_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
