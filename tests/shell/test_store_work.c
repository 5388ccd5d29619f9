/* test_store_work.c - timers and outbox: leased, done once, never lost, shared by several bots. */
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

#include "support_redis.h"
#include "support_store.h"
#include "tocsin/arena.h"

#define LEASE 30000

static struct test_redis redis;
static uv_loop_t loop;
static struct bot b, other;

static void timer_set(const char *id, int64_t due)
{
	effects_timer(&b.effects, id, due);
	assert_int_equal(bot_commit(&b), STORE_OK);
}

static enum store_status timer_finish(struct bot *who, const char *id, int64_t due)
{
	struct commit c = {.request_id = "", .timer = id, .timer_due_ms = due};

	return bot_commit_as(who, &c);
}

static void test_only_what_is_due(void **state)
{
	(void)state;
	timer_set("late", NOW + 2000);
	timer_set("soon", NOW + 1000);
	assert_int_equal(bot_timers(&b, NOW + 999, LEASE, 10), 0);
	assert_int_equal(b.next_due, NOW + 1000);
	assert_int_equal(bot_timers(&b, NOW + 1000, LEASE, 10), 1);
	assert_string_equal(b.timer_ids[0], "soon");
	assert_int_equal(b.timer_dues[0], NOW + 1000);
	assert_int_equal(b.next_due, NOW + 2000);
	/* Leased: nobody else gets it. */
	assert_int_equal(bot_timers(&other, NOW + 1000, LEASE, 10), 0);
	assert_int_equal(timer_finish(&b, "soon", NOW + 1000), STORE_OK);
	assert_int_equal(bot_timers(&other, NOW + 1000 + LEASE * 2, LEASE, 10), 1);
	assert_string_equal(other.timer_ids[0], "late");
	assert_int_equal(redis_ask_int(&redis, "ZCARD tocsin:{acme}:timers"), 1);
	assert_int_equal(redis_ask_int(&redis, "HLEN tocsin:{acme}:leases"), 1);
}

/* The instance that claimed it is gone: it fires again, with the time it was due at. */
static void test_fires_again_after_a_crash(void **state)
{
	int round;

	(void)state;
	timer_set("t", NOW);
	for (round = 0; round < 4; round++) {
		struct bot *who = round % 2 ? &b : &other;
		int64_t now = NOW + round * (LEASE + 1);

		assert_int_equal(bot_timers(who, now, LEASE, 10), 1);
		assert_int_equal(who->timer_dues[0], NOW);
		assert_int_equal(bot_timers(&b, now + LEASE, LEASE, 10), 0);
	}
	assert_int_equal(timer_finish(&b, "t", NOW), STORE_OK);
	assert_int_equal(bot_timers(&b, NOW * 2, LEASE, 10), 0);
	assert_int_equal(b.next_due, 0);
	assert_int_equal(redis_ask_int(&redis, "HLEN tocsin:{acme}:leases"), 0);
}

/* Set anew while somebody carries the old one out: the new one stays, whenever it is due. */
static void test_moved_while_claimed_stays(void **state)
{
	static const int64_t moves[] = {NOW + 5000, NOW + LEASE, NOW + LEASE + 1, NOW - 1, NOW};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		timer_set("t", NOW);
		assert_int_equal(bot_timers(&other, NOW, LEASE, 10), 1);
		timer_set("t", moves[i]);
		assert_int_equal(timer_finish(&other, "t", NOW), STORE_OK);
		if (moves[i] == NOW) {
			/* The very same time: that is the one that was carried out. */
			assert_int_equal(bot_timers(&b, NOW * 2, LEASE, 10), 0);
			continue;
		}
		assert_int_equal(bot_timers(&b, moves[i] - 1, LEASE, 10), 0);
		assert_int_equal(b.next_due, moves[i]);
		assert_int_equal(bot_timers(&b, moves[i], LEASE, 10), 1);
		assert_int_equal(b.timer_dues[0], moves[i]);
		assert_int_equal(timer_finish(&b, "t", moves[i]), STORE_OK);
		assert_int_equal(bot_timers(&b, NOW * 2, LEASE, 10), 0);
	}
	assert_int_equal(redis_ask_int(&redis, "HLEN tocsin:{acme}:leases"), 0);
}

static void test_a_timer_that_sets_itself_anew(void **state)
{
	struct commit c = {.request_id = "", .timer = "t", .timer_due_ms = NOW};

	(void)state;
	timer_set("t", NOW);
	assert_int_equal(bot_timers(&b, NOW, LEASE, 10), 1);
	effects_timer(&b.effects, "t", NOW + 7000);
	assert_int_equal(bot_commit_as(&b, &c), STORE_OK);
	assert_int_equal(bot_timers(&b, NOW + 6999, LEASE, 10), 0);
	assert_int_equal(bot_timers(&b, NOW + 7000, LEASE, 10), 1);
	assert_int_equal(b.timer_dues[0], NOW + 7000);
}

static void test_cleared_while_claimed_is_gone(void **state)
{
	(void)state;
	timer_set("t", NOW);
	assert_int_equal(bot_timers(&other, NOW, LEASE, 10), 1);
	effects_timer_clear(&b.effects, "t");
	effects_timer_clear(&b.effects, "never-was");
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_int_equal(bot_timers(&b, NOW * 2, LEASE, 10), 0);
	assert_int_equal(timer_finish(&other, "t", NOW), STORE_OK);
	assert_int_equal(redis_ask_int(&redis, "HLEN tocsin:{acme}:leases"), 0);
}

/* A conflict or a duplicate removes nothing: the timer fires again. */
static void test_failed_commit_keeps_the_timer(void **state)
{
	struct commit c = {.request_id = "", .timer = "t", .timer_due_ms = NOW};

	(void)state;
	timer_set("t", NOW);
	assert_int_equal(bot_timers(&b, NOW, LEASE, 10), 1);
	bot_load(&b, "doc:x");
	effects_put(&b.effects, "x", 9, "{}", NULL);
	assert_int_equal(bot_commit_as(&b, &c), STORE_CONFLICT);
	assert_int_equal(bot_timers(&b, NOW + LEASE + 1, LEASE, 10), 1);
}

static void test_claims_at_most_what_was_asked_for(void **state)
{
	char id[32];
	int i, seen = 0;

	(void)state;
	for (i = 0; i < 250; i++) {
		snprintf(id, sizeof(id), "t-%03d", i);
		effects_timer(&b.effects, id, NOW + i);
	}
	assert_int_equal(bot_commit(&b), STORE_OK);
	for (i = 0; i < 3; i++) {
		size_t n = bot_timers(&b, NOW + 1000, LEASE, 100);

		assert_int_equal(n, i < 2 ? 100 : 50);
		snprintf(id, sizeof(id), "t-%03d", seen);
		assert_string_equal(b.timer_ids[0], id); /* the longest overdue first */
		seen += (int)n;
	}
	assert_int_equal(bot_timers(&b, NOW + 1000, LEASE, 100), 0);
	assert_int_equal(b.next_due, NOW + 1000 + LEASE + 1);
}

/* --- outbox --- */

static void promise(enum lane lane, const char *key)
{
	const struct send send = {.lane = lane, .op = "chat.post", .key = key, .entity = "e",
		.data = "{}"};

	effects_send(&b.effects, &send);
}

static enum store_status entry_finish(struct bot *who, enum lane lane, const char *id)
{
	struct commit c = {.request_id = "", .done_lane = lane, .done_entry = id};

	return bot_commit_as(who, &c);
}

static void test_lanes_are_apart_and_in_order(void **state)
{
	char id[64];

	(void)state;
	promise(LANE_CHAT, "c1");
	promise(LANE_PAGE, "p1");
	promise(LANE_CHAT, "c2");
	promise(LANE_CALL, "w1");
	assert_int_equal(bot_commit(&b), STORE_OK);
	promise(LANE_CHAT, "c3");
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_int_equal(bot_outbox(&b, LANE_PAGE, LEASE, 10), 1);
	assert_string_equal(b.entry_keys[0], "p1");
	assert_int_equal(b.entries[0].send.lane, LANE_PAGE);
	assert_int_equal(bot_outbox(&b, LANE_CHAT, LEASE, 2), 2);
	assert_string_equal(b.entry_keys[0], "c1");
	assert_string_equal(b.entry_keys[1], "c2");
	snprintf(id, sizeof(id), "%s", b.entry_ids[0]);
	assert_int_equal(bot_outbox(&other, LANE_CHAT, LEASE, 10), 1);
	assert_string_equal(other.entry_keys[0], "c3");
	assert_int_equal(bot_outbox(&other, LANE_CALL, LEASE, 10), 1);
	assert_int_equal(entry_finish(&b, LANE_CHAT, id), STORE_OK);
	assert_int_equal(redis_ask_int(&redis, "XLEN tocsin:{acme}:out:chat"), 2);
	assert_int_equal(redis_ask_int(&redis, "XLEN tocsin:{acme}:out:page"), 1);
	/* Finishing twice harms nobody. */
	assert_int_equal(entry_finish(&other, LANE_CHAT, id), STORE_OK);
	assert_int_equal(redis_ask_int(&redis, "XLEN tocsin:{acme}:out:chat"), 2);
}

/* Redis counts a lease in real time: 0 makes it end at once. */
static void test_entry_of_a_silent_owner_is_taken_over(void **state)
{
	(void)state;
	promise(LANE_CHAT, "c1");
	promise(LANE_CHAT, "c2");
	promise(LANE_CHAT, "c3");
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_int_equal(bot_outbox(&b, LANE_CHAT, LEASE, 2), 2);
	assert_int_equal(bot_outbox(&other, LANE_CHAT, LEASE, 0), 0);
	assert_int_equal(bot_outbox(&other, LANE_CHAT, 0, 10), 3);
	assert_string_equal(other.entry_keys[0], "c1");
	assert_int_equal(other.entries[0].deliveries, 2); /* it may have been sent */
	assert_int_equal(other.entries[1].deliveries, 2);
	assert_string_equal(other.entry_keys[2], "c3");
	assert_int_equal(other.entries[2].deliveries, 1);
	assert_int_equal(bot_outbox(&b, LANE_CHAT, LEASE, 10), 0);
	assert_int_equal(bot_outbox(&b, LANE_CHAT, 0, 1), 1);
	assert_int_equal(b.entries[0].deliveries, 3);
	assert_int_equal(entry_finish(&b, LANE_CHAT, b.entry_ids[0]), STORE_OK);
	assert_int_equal(bot_outbox(&b, LANE_CHAT, 0, 10), 2);
}

struct touched {
	enum store_status status;
	size_t n;
	char first[64];
};

static void on_touched(void *ud, enum store_status status, const char *const *kept, size_t n)
{
	struct touched *t = ud;

	t->status = status;
	t->n = n;
	snprintf(t->first, sizeof(t->first), "%s", n ? kept[0] : "");
}

static void test_touch_keeps_the_own_and_steals_nothing(void **state)
{
	struct touched touched = {STORE_DOWN, 0, ""};
	const char *ids[3];
	redisReply *r;

	(void)state;
	promise(LANE_CHAT, "c1");
	promise(LANE_CHAT, "c2");
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_int_equal(bot_outbox(&b, LANE_CHAT, LEASE, 10), 2);
	ids[0] = b.entry_ids[0];
	ids[1] = b.entry_ids[1];
	ids[2] = "1-1"; /* gone */
	/* The second one was taken over meanwhile. */
	redis_ask(&redis, "XCLAIM tocsin:{acme}:out:chat tocsin other 0 %s IDLE 77777", ids[1]);
	redis_ask(&redis, "XCLAIM tocsin:{acme}:out:chat tocsin b 0 %s IDLE 88888", ids[0]);
	store_outbox_touch(b.store, LANE_CHAT, ids, 3, on_touched, &touched);
	bot_load(&b, "link:x"); /* behind it on the same connection */
	assert_int_equal(touched.status, STORE_OK);
	assert_int_equal(touched.n, 1);
	assert_string_equal(touched.first, ids[0]);
	r = redis_ask(&redis, "XPENDING tocsin:{acme}:out:chat tocsin %s %s 1", ids[0], ids[0]);
	assert_true(r->element[0]->element[2]->integer < 70000);
	r = redis_ask(&redis, "XPENDING tocsin:{acme}:out:chat tocsin %s %s 1", ids[1], ids[1]);
	assert_string_equal(r->element[0]->element[1]->str, "other");
	assert_true(r->element[0]->element[2]->integer >= 77777);
}

static struct send seen;
static char seen_text[20][64];
static int64_t seen_created;

static void on_full_entry(void *ud, enum store_status status, const struct store_entry *e, size_t n)
{
	const char *texts[] = {e->send.op, e->send.key, e->send.entity, e->send.guard, e->send.note,
		e->send.to.channel, e->send.to.thread, e->send.thread_ref, e->send.user, e->send.ref,
		e->send.template_name, e->send.data, e->send.person, e->send.via, e->send.arg,
		e->send.link, e->send.users, e->send.ack};
	size_t i;

	assert_int_equal(status, STORE_OK);
	assert_int_equal(n, 1);
	seen = e->send;
	seen_created = e->created_ms;
	for (i = 0; i < 18; i++)
		snprintf(seen_text[i], sizeof(seen_text[i]), "%s", texts[i]);
	*(bool *)ud = true;
}

static void test_every_field_arrives(void **state)
{
	const struct send send = {.lane = LANE_CALL, .op = "chat.post", .key = "key", .entity = "entity",
		.guard = "guard", .report = true, .note = "note", .to = {PLATFORM_SLACK, "channel", "thread"},
		.thread_ref = "thread_ref", .user = "user", .ref = "ref", .template_name = "template",
		.data = "{\"a\":\"\xc3\xa9,1:x,\"}", .person = "person", .via = "via", .arg = "arg",
		.link = "https://x", .users = "U1,U2", .ack = "ack", .broadcast = true,
		.not_after_ms = NOW + 9};
	static const char *const expected[] = {"chat.post", "key", "entity", "guard", "note", "channel",
		"thread", "thread_ref", "user", "ref", "template", "{\"a\":\"\xc3\xa9,1:x,\"}", "person", "via",
		"arg", "https://x", "U1,U2", "ack"};
	bool done = false;
	size_t i;

	(void)state;
	effects_send(&b.effects, &send);
	assert_int_equal(bot_commit(&b), STORE_OK);
	store_outbox_claim(b.store, LANE_CALL, 5, LEASE, on_full_entry, &done);
	loop_until_flag(&loop, &done);
	for (i = 0; i < 18; i++)
		assert_string_equal(seen_text[i], expected[i]);
	assert_int_equal(seen.lane, LANE_CALL);
	assert_int_equal(seen.to.platform, PLATFORM_SLACK);
	assert_true(seen.report);
	assert_true(seen.broadcast);
	assert_int_equal(seen.not_after_ms, NOW + 9);
	assert_int_equal(seen_created, NOW);
}

static void test_where_a_message_is(void **state)
{
	struct commit c = {.request_id = "", .done_lane = LANE_CHAT, .ref = "INC-1/root",
		.ref_channel = "C1", .ref_ts = "17.000100"};
	struct send update = {.lane = LANE_CHAT, .op = "chat.update", .key = "u1", .entity = "x",
		.ref = "INC-1/root", .data = "{}"};

	(void)state;
	effects_put(&b.effects, "x", 0, "{}", "open:2");
	assert_int_equal(bot_commit(&b), STORE_OK);
	bot_look(&b, "x", "INC-1/root");
	assert_string_equal(b.guard, "open:2");
	assert_string_equal(b.ref_channel, "");
	assert_int_equal(bot_commit_as(&b, &c), STORE_OK);
	bot_look(&other, "x", "INC-1/root");
	assert_string_equal(other.ref_channel, "C1");
	assert_string_equal(other.ref_ts, "17.000100");
	assert_string_equal(other.newest, "");
	effects_send(&b.effects, &update);
	update.key = "u2";
	effects_send(&b.effects, &update);
	assert_int_equal(bot_commit(&b), STORE_OK);
	bot_look(&other, "x", "INC-1/root");
	assert_string_equal(other.newest, "u2");
	bot_look(&other, "none", "none");
	assert_string_equal(other.guard, "");
	assert_string_equal(other.ref_channel, "");
}

/* Somebody emptied Redis under us: the consumer groups come back by themselves. */
static void test_groups_come_back(void **state)
{
	(void)state;
	redis_ask(&redis, "FLUSHALL");
	promise(LANE_PAGE, "p1");
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_int_equal(bot_outbox(&b, LANE_PAGE, LEASE, 10), 1);
	assert_string_equal(b.entry_keys[0], "p1");
	redis_ask(&redis, "FLUSHALL");
	assert_int_equal(bot_outbox(&other, LANE_CHAT, LEASE, 10), 0);
}

static void test_an_unreadable_entry_stops_nobody(void **state)
{
	(void)state;
	redis_ask(&redis, "XADD tocsin:{acme}:out:chat * e %s", "1,o99:nonsense");
	promise(LANE_CHAT, "c1");
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_int_equal(bot_outbox(&b, LANE_CHAT, LEASE, 10), 1);
	assert_string_equal(b.entry_keys[0], "c1");
	assert_int_equal(redis_ask_int(&redis, "XLEN tocsin:{acme}:out:chat"), 2);
}

/* --- two bots share everything --- */

#define SHARED 400

struct sharer {
	struct bot *bot;
	unsigned *timers_done, *entries_done; /* per number, over both bots */
	unsigned *left;
	unsigned busy;
};

struct job {
	struct sharer *sharer;
	char id[64];
};

static void claim(struct sharer *s);

static void on_job_done(void *ud, const struct store_answer *a)
{
	struct job *job = ud;
	struct sharer *s = job->sharer;

	assert_int_equal(a->status, STORE_OK);
	(*s->left)--;
	free(job);
	if (--s->busy == 0)
		claim(s);
}

static struct job *job_new(struct sharer *s, const char *id)
{
	struct job *job = calloc(1, sizeof(*job));

	job->sharer = s;
	snprintf(job->id, sizeof(job->id), "%s", id);
	s->busy++;
	return job;
}

static void on_shared_timers(void *ud, enum store_status status, const struct store_timer *t, size_t n,
	int64_t next)
{
	struct sharer *s = ud;
	size_t i;

	(void)next;
	if (*s->left == 0)
		return; /* the test is over */
	assert_int_equal(status, STORE_OK);
	for (i = 0; i < n; i++) {
		struct job *job = job_new(s, t[i].id);
		struct commit c = {.request_id = "", .timer = job->id, .timer_due_ms = t[i].due_ms};

		s->timers_done[strtol(t[i].id, NULL, 10)]++;
		store_commit(s->bot->store, &c, on_job_done, job);
	}
}

static void on_shared_entries(void *ud, enum store_status status, const struct store_entry *e,
	size_t n)
{
	struct sharer *s = ud;
	size_t i;

	if (*s->left == 0)
		return;
	assert_int_equal(status, STORE_OK);
	for (i = 0; i < n; i++) {
		struct job *job = job_new(s, e[i].id);
		struct commit c = {.request_id = "", .done_lane = LANE_CHAT, .done_entry = job->id};

		s->entries_done[strtol(e[i].send.key, NULL, 10)]++;
		assert_int_equal(e[i].deliveries, 1);
		store_commit(s->bot->store, &c, on_job_done, job);
	}
	if (s->busy == 0 && *s->left > 0)
		claim(s);
}

static void claim(struct sharer *s)
{
	if (*s->left == 0)
		return;
	store_timers_claim(s->bot->store, NOW + SHARED, LEASE, 7, on_shared_timers, s);
	store_outbox_claim(s->bot->store, LANE_CHAT, 5, LEASE, on_shared_entries, s);
}

static bool none_left(void *ud)
{
	return *(unsigned *)ud == 0;
}

static void test_two_bots_share_without_loss_or_doubles(void **state)
{
	/* Claims are still under way when the test ends: they find these. */
	static unsigned timers[SHARED], entries[SHARED], left;
	static struct sharer one = {&b, timers, entries, &left, 0};
	static struct sharer two = {&other, timers, entries, &left, 0};
	char text[16];
	int i;

	(void)state;
	memset(timers, 0, sizeof(timers));
	memset(entries, 0, sizeof(entries));
	left = SHARED * 2;
	for (i = 0; i < SHARED; i++) {
		snprintf(text, sizeof(text), "%d", i);
		effects_timer(&b.effects, text, NOW + i);
		promise(LANE_CHAT, text);
		if (i % 50 == 49)
			assert_int_equal(bot_commit(&b), STORE_OK);
	}
	claim(&one);
	claim(&two);
	loop_until(&loop, none_left, &left);
	loop_turns(&loop, 3);
	for (i = 0; i < SHARED; i++) {
		assert_int_equal(timers[i], 1);
		assert_int_equal(entries[i], 1);
	}
	assert_int_equal(redis_ask_int(&redis, "XLEN tocsin:{acme}:out:chat"), 0);
	assert_int_equal(redis_ask_int(&redis, "ZCARD tocsin:{acme}:timers"), 0);
}

/* Consumers of instances that are gone are forgotten, unless they hold something. */
static void test_dead_consumers_are_forgotten(void **state)
{
	redisReply *r;

	(void)state;
	redis_ask(&redis, "XGROUP CREATECONSUMER tocsin:{acme}:out:chat tocsin idle");
	promise(LANE_CHAT, "c1");
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_int_equal(bot_outbox(&other, LANE_CHAT, LEASE, 10), 1);
	bot_close(&other);
	/* "idle" was seen a moment ago: it stays, as does who holds an entry. */
	bot_open(&other, &loop, &redis, "third");
	r = redis_ask(&redis, "XINFO CONSUMERS tocsin:{acme}:out:chat tocsin");
	assert_int_equal(r->elements, 2);
	/* By the function itself, with no patience. */
	r = redis_ask(&redis, "FCALL tocsin_v1_open 3 tocsin:{acme}:out:page tocsin:{acme}:out:chat "
		"tocsin:{acme}:out:call me -1");
	assert_int_equal(r->type, REDIS_REPLY_INTEGER);
	r = redis_ask(&redis, "XINFO CONSUMERS tocsin:{acme}:out:chat tocsin");
	assert_int_equal(r->elements, 1);
	assert_string_equal(r->element[0]->element[1]->str, "other");
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
	bot_open(&other, &loop, &redis, "other");
	return 0;
}

static int end(void **state)
{
	(void)state;
	bot_close(&b);
	bot_close(&other);
	loop_finish(&loop);
	return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_only_what_is_due),
		T(test_fires_again_after_a_crash),
		T(test_moved_while_claimed_stays),
		T(test_a_timer_that_sets_itself_anew),
		T(test_cleared_while_claimed_is_gone),
		T(test_failed_commit_keeps_the_timer),
		T(test_claims_at_most_what_was_asked_for),
		T(test_lanes_are_apart_and_in_order),
		T(test_entry_of_a_silent_owner_is_taken_over),
		T(test_touch_keeps_the_own_and_steals_nothing),
		T(test_every_field_arrives),
		T(test_where_a_message_is),
		T(test_groups_come_back),
		T(test_an_unreadable_entry_stops_nobody),
		T(test_two_bots_share_without_loss_or_doubles),
		T(test_dead_consumers_are_forgotten),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
