/* test_store.c - facts and commits against a real Redis: all or nothing, once, in order. */
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

/* Everything that Redis holds, as one number. */
static const char *digest(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s", redis_ask(&redis, "DEBUG DIGEST")->str);
	return text;
}

static const struct send post = {.lane = LANE_CHAT, .op = "chat.post", .key = "INC-1/root",
	.entity = "incident:INC-1", .data = "{\"title\":\"Caf\xc3\xa9\"}", .ref = "INC-1/root",
	.to = {PLATFORM_SLACK, "C1", ""}};

/* One of everything. */
static void declare(void)
{
	effects_count(&b.effects, "incident", 1);
	effects_put(&b.effects, "incident:INC-1", 0, "{\"a\":1}", "open");
	effects_log(&b.effects, "incident:INC-1", "{\"what\":\"declared\"}");
	effects_timer(&b.effects, "incident:INC-1/ack", NOW + 1000);
	effects_link(&b.effects, "thread:C1:1", "incident:INC-1");
	effects_index(&b.effects, "open", "incident:INC-1", 5);
	effects_send(&b.effects, &post);
}

static void test_what_is_committed_can_be_loaded(void **state)
{
	struct commit c = {.request_id = "req-1", .reply = "first"};
	const struct fact *f;

	(void)state;
	assert_int_equal(bot_load(&b, "doc:incident:INC-1")->state, FACT_ABSENT);
	assert_int_equal(bot_load(&b, "link:thread:C1:1")->state, FACT_ABSENT);
	assert_int_equal(bot_load(&b, "index:open")->state, FACT_ABSENT);
	assert_int_equal(bot_load(&b, "log:incident:INC-1")->state, FACT_ABSENT);
	assert_int_equal(bot_load(&b, "count:incident")->version, 1);
	declare();
	assert_int_equal(bot_commit_as(&b, &c), STORE_OK);

	f = bot_load(&b, "doc:incident:INC-1");
	assert_int_equal(f->state, FACT_KNOWN);
	assert_string_equal(f->value, "{\"a\":1}");
	assert_int_equal(f->len, 7);
	assert_int_equal(f->version, 1);
	assert_int_equal(f->seq, 1);
	assert_int_equal(strlen(f->head), 64);
	assert_string_equal(f->guard, "open");
	assert_string_equal(bot_load(&b, "link:thread:C1:1")->value, "incident:INC-1");
	assert_string_equal(bot_load(&b, "index:open")->items[0], "incident:INC-1");
	assert_string_equal(bot_load(&b, "log:incident:INC-1")->items[0], "{\"what\":\"declared\"}");
	assert_int_equal(bot_outbox(&b, LANE_CHAT, 60000, 10), 1);
	assert_string_equal(b.entry_keys[0], "INC-1/root");
	assert_int_equal(b.entries[0].created_ms, NOW);
	assert_int_equal(bot_timers(&b, NOW + 1000, 5000, 10), 1);
	assert_string_equal(b.timer_ids[0], "incident:INC-1/ack");
}

static void test_many_facts_in_one_question(void **state)
{
	static const char *const keys[] = {"count:incident", "doc:none", "link:thread:C1:1",
		"rindex:open", "log:incident:INC-1", "nonsense", "doc:incident:INC-1", "count:incident"};
	struct commit c = {.request_id = ""};

	(void)state;
	declare();
	assert_int_equal(bot_commit_as(&b, &c), STORE_OK);
	assert_int_equal(bot_try_load(&b, keys, 8), STORE_OK);
	assert_int_equal(b.n_loaded, 8);
	assert_int_equal(b.loaded[0].version, 2);
	assert_int_equal(b.loaded[1].state, FACT_ABSENT);
	assert_string_equal(b.loaded[2].value, "incident:INC-1");
	assert_string_equal(b.loaded[3].items[0], "incident:INC-1");
	assert_string_equal(b.loaded[4].items[0], "{\"what\":\"declared\"}");
	assert_int_equal(b.loaded[5].state, FACT_ABSENT);
	assert_int_equal(b.loaded[6].version, 1);
	assert_int_equal(b.loaded[7].version, 3);
	assert_int_equal(bot_try_load(&b, keys, 0), STORE_OK);
	assert_int_equal(b.n_loaded, 0);
}

/* A wrong version on any of many documents, or a taken number, leaves everything as it was. */
static void test_conflict_anywhere_writes_nothing(void **state)
{
	char before[64], id[16], fact[32], expected[64];
	struct commit c = {.request_id = "req-2", .reply = "x"};
	int wrong, i;

	(void)state;
	for (i = 0; i < 5; i++) {
		snprintf(id, sizeof(id), "doc-%d", i);
		effects_put(&b.effects, id, 0, "{}", NULL);
	}
	effects_count(&b.effects, "n", 7);
	assert_int_equal(bot_commit(&b), STORE_OK);
	for (i = 0; i < 5; i++) {
		snprintf(fact, sizeof(fact), "doc:doc-%d", i);
		bot_load(&b, fact);
	}
	snprintf(before, sizeof(before), "%s", digest());
	for (wrong = 0; wrong <= 5; wrong++) {
		declare();
		for (i = 0; i < 5; i++) {
			snprintf(id, sizeof(id), "doc-%d", i);
			effects_put(&b.effects, id, i == wrong ? 9 : 1, "{\"new\":1}", "g");
			effects_log(&b.effects, id, "{}");
		}
		effects_count(&b.effects, "n", wrong == 5 ? 7 : 8);
		effects_unlink(&b.effects, "thread:C1:1");
		assert_int_equal(bot_commit_as(&b, &c), STORE_CONFLICT);
		snprintf(expected, sizeof(expected), wrong == 5 ? "count:n" : "tocsin:{acme}:doc:doc-%d",
			wrong);
		assert_string_equal(b.detail, expected);
		assert_string_equal(digest(), before);
	}
	/* The request was not used up. */
	declare();
	assert_int_equal(bot_commit_as(&b, &c), STORE_OK);
}

static void test_conflict_with_a_change_of_another_bot(void **state)
{
	struct bot other;

	(void)state;
	bot_open(&other, &loop, &redis, "other");
	effects_put(&b.effects, "d", 0, "{\"v\":1}", NULL);
	assert_int_equal(bot_commit(&b), STORE_OK);
	bot_load(&b, "doc:d");
	bot_load(&other, "doc:d");
	effects_put(&other.effects, "d", 1, "{\"v\":2}", NULL);
	assert_int_equal(bot_commit(&other), STORE_OK);
	effects_put(&b.effects, "d", 1, "{\"v\":3}", NULL);
	assert_int_equal(bot_commit(&b), STORE_CONFLICT);
	assert_string_equal(bot_load(&b, "doc:d")->value, "{\"v\":2}");
	effects_put(&b.effects, "d", 2, "{\"v\":3}", NULL);
	assert_int_equal(bot_commit(&b), STORE_OK);
	/* It must not exist yet, and it must exist. */
	effects_put(&b.effects, "d", 0, "{}", NULL);
	assert_int_equal(bot_commit(&b), STORE_CONFLICT);
	bot_load(&b, "doc:e");
	effects_put(&b.effects, "e", 1, "{}", NULL);
	assert_int_equal(bot_commit(&b), STORE_CONFLICT);
	bot_close(&other);
}

static void test_a_request_is_applied_once(void **state)
{
	struct commit c = {.request_id = "req-1", .reply = "the first answer"};
	struct commit again = {.request_id = "req-1", .reply = "another answer"};
	char before[64];

	(void)state;
	declare();
	assert_int_equal(bot_commit_as(&b, &c), STORE_OK);
	snprintf(before, sizeof(before), "%s", digest());
	/* Its versions are out of date by now: that must not hide that it is the same request. */
	declare();
	assert_int_equal(bot_commit_as(&b, &again), STORE_DUPLICATE);
	/* It is a fact, too: whoever decides again can see that there is nothing left to decide. */
	assert_string_equal(bot_load(&b, "done:req-1")->value, "the first answer");
	assert_int_equal(bot_load(&b, "done:req-2")->state, FACT_ABSENT);
	assert_string_equal(b.reply, "the first answer");
	effects_link(&b.effects, "x", "y");
	assert_int_equal(bot_commit_as(&b, &again), STORE_DUPLICATE);
	assert_string_equal(b.reply, "the first answer");
	assert_string_equal(digest(), before);
	assert_true(redis_ask_int(&redis, "PTTL tocsin:{acme}:seen:req-1") > 24 * 3600000LL);
	/* After a restart of the bot too. */
	bot_close(&b);
	bot_open(&b, &loop, &redis, "b2");
	declare();
	assert_int_equal(bot_commit_as(&b, &again), STORE_DUPLICATE);
	assert_string_equal(b.reply, "the first answer");
}

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

/* Several commits of one turn travel together: each still stands alone. */
static void test_one_turn_many_commits(void **state)
{
	struct commit c = {.request_id = "", .reply = "r", .now_ms = NOW, .facts = b.facts,
		.effects = &b.effects};
	char id[32], request[32];
	int i;

	(void)state;
	memset(&tally, 0, sizeof(tally));
	for (i = 0; i < 300; i++) {
		snprintf(id, sizeof(id), "d-%d", i % 100); /* two of three come too late */
		snprintf(request, sizeof(request), "req-%d", i % 150);
		effects_put(&b.effects, id, 0, "{}", NULL);
		effects_link(&b.effects, request, id);
		c.request_id = request;
		store_commit(b.store, &c, on_tally, &tally);
		effects_clear(&b.effects);
	}
	assert_int_equal(tally.all, 0);
	tally_wanted = 300;
	loop_until(&loop, tally_full, NULL);
	/* 0-99 fit; 100-149 ask for what 0-49 made; 150-249 are requests 0-99 again, and 250-299
	 * are 100-149 again, which were never applied. */
	assert_int_equal(tally.ok, 100);
	assert_int_equal(tally.duplicate, 100);
	assert_int_equal(tally.conflict, 100);
	assert_int_equal(redis_ask_int(&redis, "HLEN tocsin:{acme}:links"), 100);
}

/* --- counters --- */

static void test_two_bots_never_take_the_same_number(void **state)
{
	bool taken[64] = {false};
	struct bot other, *who;
	int i, tries = 0;

	(void)state;
	bot_open(&other, &loop, &redis, "other");
	for (i = 0; i < 40; i++) {
		int64_t number;

		who = i % 3 ? &b : &other;
		do {
			assert_true(++tries < 200);
			number = bot_load(who, "count:incident")->version;
			effects_count(&who->effects, "incident", number);
		} while (bot_commit(who) == STORE_CONFLICT);
		assert_int_equal(who->status, STORE_OK);
		assert_true(number > 0 && number < 64);
		assert_false(taken[number]);
		taken[number] = true;
	}
	/* At most one try is lost each time the other bot was the last to take one. */
	assert_true(tries <= 80);
	bot_close(&other);
}

static void test_tasks_of_one_turn_get_different_numbers(void **state)
{
	static const char *const keys[] = {"count:a", "count:a", "count:b", "count:a"};

	(void)state;
	assert_int_equal(bot_try_load(&b, keys, 4), STORE_OK);
	assert_int_equal(b.loaded[0].version, 1);
	assert_int_equal(b.loaded[1].version, 2);
	assert_int_equal(b.loaded[2].version, 1);
	assert_int_equal(b.loaded[3].version, 3);
	assert_int_equal(bot_load(&b, "count:a")->version, 4);
	/* More names than are kept: still right, only not without asking. */
	effects_count(&b.effects, "name-70", 12);
	assert_int_equal(bot_commit(&b), STORE_OK);
	{
		char key[32];
		int i;

		for (i = 0; i < 80; i++) {
			snprintf(key, sizeof(key), "count:name-%d", i);
			assert_int_equal(bot_load(&b, key)->version, i == 70 ? 13 : 1);
		}
	}
}

/* --- logs --- */

static void test_log_alone_and_with_a_document(void **state)
{
	struct commit c = {.request_id = ""};
	const struct fact *f;
	char head[65];

	(void)state;
	bot_load(&b, "doc:x");
	effects_log(&b.effects, "x", "{\"n\":1}");
	assert_int_equal(bot_commit(&b), STORE_OK);
	f = bot_load(&b, "doc:x");
	assert_int_equal(f->state, FACT_ABSENT); /* a log makes no document */
	assert_int_equal(f->seq, 1);
	snprintf(head, sizeof(head), "%s", f->head);
	effects_put(&b.effects, "x", 0, "{}", NULL);
	effects_log(&b.effects, "x", "{\"n\":2}");
	effects_log(&b.effects, "x", "{\"n\":3}");
	c.now_ms = NOW + 5;
	assert_int_equal(bot_commit_as(&b, &c), STORE_OK);
	/* The same log length twice: somebody else was first. */
	effects_log(&b.effects, "x", "{\"n\":2}");
	assert_int_equal(bot_commit(&b), STORE_CONFLICT);
	f = bot_load(&b, "doc:x");
	assert_int_equal(f->version, 1);
	assert_int_equal(f->seq, 3);
	assert_string_not_equal(f->head, head);
	effects_log(&b.effects, "x", "{\"n\":4}");
	assert_int_equal(bot_commit(&b), STORE_OK);
	f = bot_load(&b, "log:x");
	assert_int_equal(f->n, 4);
	assert_string_equal(f->items[0], "{\"n\":1}");
	assert_string_equal(f->items[3], "{\"n\":4}");
	f = bot_load(&b, "doc:x");
	assert_int_equal(f->version, 1);
	assert_int_equal(f->seq, 4);
	/* A new version without an entry keeps the chain's head. */
	snprintf(head, sizeof(head), "%s", f->head);
	effects_put(&b.effects, "x", 1, "{\"b\":2}", NULL);
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_string_equal(bot_load(&b, "doc:x")->head, head);
}

static void test_guard_stays_unless_given(void **state)
{
	(void)state;
	effects_put(&b.effects, "x", 0, "{}", "open:1");
	assert_int_equal(bot_commit(&b), STORE_OK);
	bot_load(&b, "doc:x");
	effects_put(&b.effects, "x", 1, "{}", NULL);
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_string_equal(bot_load(&b, "doc:x")->guard, "open:1");
	effects_put(&b.effects, "x", 2, "{}", "");
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_string_equal(bot_load(&b, "doc:x")->guard, "");
	bot_look(&b, "x", "none");
	assert_string_equal(b.guard, "");
	assert_string_equal(b.ref_channel, "");
	assert_string_equal(b.newest, "");
}

/* --- of several effects on one thing the last one counts --- */

static void test_last_effect_counts(void **state)
{
	const struct fact *f;

	(void)state;
	effects_put(&b.effects, "x", 0, "{\"a\":1}", "first");
	effects_put(&b.effects, "x", 1, "{\"a\":2}", "second");
	effects_timer(&b.effects, "t1", NOW);
	effects_timer_clear(&b.effects, "t1");
	effects_timer_clear(&b.effects, "t2");
	effects_timer(&b.effects, "t2", NOW + 1);
	effects_timer(&b.effects, "t2", NOW + 2);
	effects_link(&b.effects, "l1", "a");
	effects_unlink(&b.effects, "l1");
	effects_unlink(&b.effects, "l2");
	effects_link(&b.effects, "l2", "b");
	effects_index(&b.effects, "i", "m1", 1);
	effects_unindex(&b.effects, "i", "m1");
	effects_unindex(&b.effects, "i", "m2");
	effects_index(&b.effects, "i", "m2", 2);
	effects_count(&b.effects, "c", 4);
	effects_count(&b.effects, "c", 5);
	assert_int_equal(bot_commit(&b), STORE_OK);
	f = bot_load(&b, "doc:x");
	assert_string_equal(f->value, "{\"a\":2}");
	assert_int_equal(f->version, 1);
	assert_string_equal(f->guard, "second");
	assert_int_equal(bot_load(&b, "link:l1")->state, FACT_ABSENT);
	assert_string_equal(bot_load(&b, "link:l2")->value, "b");
	f = bot_load(&b, "index:i");
	assert_int_equal(f->n, 1);
	assert_string_equal(f->items[0], "m2");
	assert_int_equal(bot_load(&b, "count:c")->version, 6);
	assert_int_equal(bot_timers(&b, NOW + 10, 1000, 10), 1);
	assert_string_equal(b.timer_ids[0], "t2");
	assert_int_equal(b.timer_dues[0], NOW + 2);
}

/* A handler cannot have known the version of what it never loaded: a bug, not a conflict that
 * would be tried for ever. */
static void test_change_without_loading(void **state)
{
	(void)state;
	effects_put(&b.effects, "unseen", 3, "{}", NULL);
	assert_int_equal(bot_commit(&b), STORE_REFUSED);
	assert_non_null(strstr(b.detail, "unseen"));
	effects_log(&b.effects, "unseen", "{}");
	assert_int_equal(bot_commit(&b), STORE_REFUSED);
}

/* --- apart and together --- */

static void test_workspaces_do_not_meet(void **state)
{
	struct bot other;

	(void)state;
	bot_begin(&other, &loop, redis.url, "globex", "a");
	loop_until_flag(&loop, &other.ready);
	declare();
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_int_equal(bot_load(&other, "doc:incident:INC-1")->state, FACT_ABSENT);
	assert_int_equal(bot_outbox(&other, LANE_CHAT, 1000, 10), 0);
	assert_int_equal(bot_timers(&other, NOW * 2, 1000, 10), 0);
	assert_int_equal(bot_load(&other, "count:incident")->version, 1);
	bot_close(&other);
}

static void test_bad_options(void **state)
{
	struct store_options o = {.url = "http://x", .workspace = "w", .instance = "i"};
	struct err err = {0};

	(void)state;
	assert_null(store_open(&loop, &o, &err));
	assert_int_equal(err.code, ERR_CONFIG);
	err_clear(&err);
	o.url = redis.url;
	o.workspace = "a}b";
	assert_null(store_open(&loop, &o, &err));
	assert_non_null(strstr(err.text, "workspace"));
}

static bool woken(void *ud)
{
	return ((struct bot *)ud)->wakes > 0;
}

static bool two_subscribers(void *ud)
{
	redisReply *r = redis_ask(&redis, "PUBSUB NUMSUB tocsin:{acme}:wake");

	(void)ud;
	return r->element[1]->integer == 2;
}

static void test_work_wakes_everybody(void **state)
{
	struct bot other;

	(void)state;
	bot_open(&other, &loop, &redis, "other");
	loop_until(&loop, two_subscribers, NULL);
	/* A message: both bots' outboxes should look. */
	effects_send(&b.effects, &post);
	assert_int_equal(bot_commit(&b), STORE_OK);
	loop_until(&loop, woken, &b);
	loop_until(&loop, woken, &other);
	assert_int_equal(b.woken_lanes, 1u << post.lane);
	assert_int_equal(other.woken_lanes, 1u << post.lane);
	assert_false(b.woken_timers || other.woken_timers);

	/* A timer that is not the earliest wakes nobody; an earlier one does. */
	effects_timer(&b.effects, "t1", NOW + 1000);
	assert_int_equal(bot_commit(&b), STORE_OK);
	bot_timers(&b, NOW, 1000, 10);
	bot_timers(&other, NOW, 1000, 10);
	b.wakes = other.wakes = 0;
	effects_timer(&b.effects, "t2", NOW + 2000);
	assert_int_equal(bot_commit(&b), STORE_OK);
	bot_load(&other, "link:x"); /* its own connection answers after the message came */
	assert_int_equal(b.wakes, 0);
	effects_timer(&b.effects, "t0", NOW + 500);
	assert_int_equal(bot_commit(&b), STORE_OK);
	loop_until(&loop, woken, &b);
	loop_until(&loop, woken, &other);
	assert_true(b.woken_timers && other.woken_timers);
	bot_close(&other);
}

static void test_figures(void **state)
{
	struct store_stats s;
	struct commit c = {.request_id = "r", .reply = ""};

	(void)state;
	store_stats(b.store, &s);
	assert_true(s.ready);
	assert_int_equal(s.outbox_depth[LANE_PAGE], -1);
	declare();
	bot_commit_as(&b, &c);
	declare();
	bot_commit_as(&b, &c);
	declare();
	bot_commit(&b);
	store_refresh_stats(b.store);
	bot_load(&b, "link:x");
	bot_load(&b, "link:x");
	store_stats(b.store, &s);
	assert_int_equal(s.commits, 1);
	assert_int_equal(s.duplicates, 1);
	assert_int_equal(s.conflicts, 1);
	assert_int_equal(s.loads, 2);
	assert_int_equal(s.outbox_depth[LANE_PAGE], 0);
	assert_int_equal(s.outbox_depth[LANE_CHAT], 1);
	assert_int_equal(s.timers_pending, 1);
	assert_string_equal(s.warning, "");
}

/* --- */

static int setup(void **state)
{
	(void)state;
	redis_start(&redis, "--enable-debug-command", "yes", NULL);
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
		T(test_what_is_committed_can_be_loaded),
		T(test_many_facts_in_one_question),
		T(test_conflict_anywhere_writes_nothing),
		T(test_conflict_with_a_change_of_another_bot),
		T(test_a_request_is_applied_once),
		T(test_one_turn_many_commits),
		T(test_two_bots_never_take_the_same_number),
		T(test_tasks_of_one_turn_get_different_numbers),
		T(test_log_alone_and_with_a_document),
		T(test_guard_stays_unless_given),
		T(test_last_effect_counts),
		T(test_change_without_loading),
		T(test_workspaces_do_not_meet),
		T(test_bad_options),
		T(test_work_wakes_everybody),
		T(test_figures),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
