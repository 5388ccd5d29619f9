/* test_store_faults.c - Redis goes, freezes, refuses, forgets and comes back: nothing that was
 * acknowledged is lost, nothing is done twice, and everybody who asked gets an answer. */
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_redis.h"
#include "support_store.h"
#include "tocsin/arena.h"

static struct test_redis redis;
static uv_loop_t loop;
static struct bot b;

static bool is_down(void *ud)
{
	return !((struct bot *)ud)->ready;
}

static const char *warning(struct bot *bot)
{
	static struct store_stats s;

	store_stats(bot->store, &s);
	return s.warning;
}

static bool has_warning(void *ud)
{
	return *warning(ud) != '\0';
}

static enum store_status put(const char *id)
{
	bot_load(&b, "doc:nothing");
	effects_put(&b.effects, id, 0, "{}", NULL);
	return bot_commit(&b);
}

static enum store_status put_blindly(const char *id)
{
	effects_put(&b.effects, id, 0, "{}", NULL);
	return bot_commit(&b);
}

/* --- not there --- */

static void test_down_from_the_start_is_told_at_once(void **state)
{
	static const char *const keys[] = {"doc:x"};

	(void)state;
	redis_kill(&redis);
	bot_begin(&b, &loop, redis.url, "acme", "b");
	assert_int_equal(put_blindly("x"), STORE_DOWN);
	assert_int_equal(bot_try_load(&b, keys, 1), STORE_DOWN);
	loop_until(&loop, has_warning, &b);
	assert_non_null(strstr(warning(&b), "Connection refused"));
	redis_restart(&redis);
	loop_until_flag(&loop, &b.ready);
	assert_string_equal(warning(&b), "");
	assert_int_equal(put("x"), STORE_OK);
	bot_close(&b);
}

static void test_gone_and_back(void **state)
{
	struct store_stats s;

	(void)state;
	bot_open(&b, &loop, &redis, "b");
	assert_int_equal(put("x"), STORE_OK);
	redis_kill(&redis);
	loop_until(&loop, is_down, &b);
	assert_int_equal(put_blindly("y"), STORE_DOWN);
	redis_restart(&redis);
	loop_until_flag(&loop, &b.ready);
	assert_int_equal(bot_load(&b, "doc:x")->version, 1);
	assert_int_equal(put("y"), STORE_OK);
	store_stats(b.store, &s);
	assert_int_equal(s.reconnects, 1);
	bot_close(&b);
}

static void test_connection_cut_in_flight(void **state)
{
	struct commit c = {.request_id = "r", .reply = "first"};

	(void)state;
	bot_open(&b, &loop, &redis, "b");
	/* It is held up inside Redis while the connection is cut: nobody can know. */
	redis_ask(&redis, "CLIENT PAUSE 5000 WRITE");
	effects_put(&b.effects, "x", 0, "{}", NULL);
	bot_commit_begin(&b, &c);
	loop_turns(&loop, 3);
	redis_ask(&redis, "CLIENT KILL TYPE normal SKIPME yes");
	bot_wait(&b);
	assert_int_equal(b.status, STORE_UNKNOWN);
	redis_ask(&redis, "CLIENT UNPAUSE");
	loop_until(&loop, is_down, &b);
	loop_until_flag(&loop, &b.ready);
	/* Asked again with the same id it is applied, once. */
	effects_put(&b.effects, "x", 0, "{}", NULL);
	bot_commit_as(&b, &c);
	assert_true(b.status == STORE_OK || b.status == STORE_DUPLICATE);
	assert_int_equal(bot_load(&b, "doc:x")->version, 1);
	bot_close(&b);
}

/* A server that takes connections and says nothing is found out by its silence. */
static void test_frozen(void **state)
{
	struct commit c = {.request_id = "r", .reply = ""};

	(void)state;
	bot_open(&b, &loop, &redis, "b");
	kill(redis.pid, SIGSTOP);
	effects_put(&b.effects, "x", 0, "{}", NULL);
	bot_commit_begin(&b, &c);
	bot_wait(&b);
	assert_int_equal(b.status, STORE_UNKNOWN);
	loop_until(&loop, is_down, &b);
	assert_int_equal(put_blindly("y"), STORE_DOWN);
	kill(redis.pid, SIGCONT);
	loop_until_flag(&loop, &b.ready);
	assert_int_equal(put("y"), STORE_OK);
	bot_close(&b);
}

/* --- killed in mid-work --- */

#define COMMITS 3000
#define UNDER_WAY 200

struct worker {
	long asked, done, lost;
	bool again[COMMITS]; /* its fate is not known, or it was not taken: ask again */
	bool fine[COMMITS];
	unsigned under_way;
};

struct work {
	struct worker *w;
	long number;
};

static struct worker worker;

static void work_ask(struct worker *w, long number);

static void on_work(void *ud, const struct store_answer *a)
{
	struct work *work = ud;
	struct worker *w = work->w;
	long number = work->number;

	free(work);
	w->under_way--;
	if (a->status == STORE_OK || a->status == STORE_DUPLICATE) {
		assert_false(w->fine[number]);
		w->fine[number] = true;
		w->done++;
		if (w->asked < COMMITS)
			work_ask(w, w->asked++);
	} else {
		assert_true(a->status == STORE_DOWN || a->status == STORE_UNKNOWN);
		w->again[number] = true;
		w->lost++;
	}
}

static void work_ask(struct worker *w, long number)
{
	struct work *work = calloc(1, sizeof(*work));
	char request[32], id[32];
	struct commit c = {.request_id = request, .reply = "", .now_ms = NOW, .effects = &b.effects,
		.facts = b.facts};
	struct send send = {.lane = LANE_CHAT, .op = "chat.post", .key = request, .entity = "e",
		.data = "{}"};

	work->w = w;
	work->number = number;
	w->under_way++;
	snprintf(request, sizeof(request), "r-%ld", number);
	snprintf(id, sizeof(id), "d-%ld", number);
	effects_clear(&b.effects);
	effects_put(&b.effects, id, 0, "{}", NULL);
	effects_log(&b.effects, id, "{}");
	effects_timer(&b.effects, id, NOW + number);
	effects_send(&b.effects, &send);
	store_commit(b.store, &c, on_work, work);
}

static void work_again(struct worker *w)
{
	long i;

	for (i = 0; i < COMMITS && w->under_way < UNDER_WAY; i++) {
		if (!w->again[i])
			continue;
		w->again[i] = false;
		work_ask(w, i);
	}
	while (w->asked < COMMITS && w->under_way < UNDER_WAY)
		work_ask(w, w->asked++);
}

static long enough;

static bool done_enough(void *ud)
{
	const struct worker *w = ud;

	return w->done >= enough;
}

static bool all_told(void *ud)
{
	return ((struct worker *)ud)->under_way == 0;
}

static void test_killed_with_commits_in_flight(void **state)
{
	static const long kills[] = {500, 1300, 2200};
	static bool seen[COMMITS];
	redisReply *r;
	size_t i;

	(void)state;
	memset(&worker, 0, sizeof(worker));
	memset(seen, 0, sizeof(seen));
	redis_ask(&redis, "CONFIG SET appendfsync always");
	bot_open(&b, &loop, &redis, "b");
	for (i = 0; i < 3; i++) {
		work_again(&worker);
		enough = kills[i];
		loop_until(&loop, done_enough, &worker);
		redis_kill(&redis);
		loop_until(&loop, all_told, &worker);
		redis_restart(&redis);
		loop_until_flag(&loop, &b.ready);
	}
	enough = COMMITS;
	while (worker.done < COMMITS) {
		work_again(&worker);
		loop_until(&loop, all_told, &worker);
	}
	assert_true(worker.lost > 0); /* the kills did hit something */
	assert_int_equal(redis_ask_int(&redis, "XLEN tocsin:{acme}:out:chat"), COMMITS);
	assert_int_equal(redis_ask_int(&redis, "ZCARD tocsin:{acme}:timers"), COMMITS);
	r = redis_ask(&redis, "XRANGE tocsin:{acme}:out:chat - +");
	for (i = 0; i < r->elements; i++) {
		const char *key = strstr(r->element[i]->element[1]->element[1]->str, ":r-");
		long number;

		assert_non_null(key);
		number = strtol(key + 3, NULL, 10);
		assert_false(seen[number]);
		seen[number] = true;
	}
	for (i = 0; i < COMMITS; i += 97) {
		assert_int_equal(redis_ask_int(&redis, "LLEN tocsin:{acme}:log:d-%d", (int)i), 1);
		assert_string_equal(redis_ask(&redis, "HGET tocsin:{acme}:doc:d-%d v", (int)i)->str, "1:1");
	}
	bot_close(&b);
}

/* --- the function library --- */

static void test_library_lost_is_loaded_again(void **state)
{
	static const char *const keys[] = {"doc:x", "link:l"};
	struct bot two;
	struct commit c = {.request_id = ""};

	(void)state;
	bot_open(&b, &loop, &redis, "b");
	bot_open(&two, &loop, &redis, "two");
	redis_ask(&redis, "FUNCTION FLUSH");
	/* All at once, from two bots. */
	effects_put(&b.effects, "x", 0, "{}", NULL);
	bot_commit_begin(&b, &c);
	effects_put(&two.effects, "y", 0, "{}", NULL);
	bot_commit_begin(&two, &c);
	bot_wait(&b);
	assert_int_equal(b.status, STORE_OK);
	bot_wait(&two);
	assert_int_equal(two.status, STORE_OK);
	redis_ask(&redis, "FUNCTION FLUSH");
	assert_int_equal(bot_try_load(&b, keys, 2), STORE_OK);
	assert_int_equal(b.loaded[0].version, 1);
	redis_ask(&redis, "FUNCTION FLUSH");
	assert_int_equal(bot_timers(&b, NOW, 1000, 10), 0);
	redis_ask(&redis, "FUNCTION FLUSH");
	assert_int_equal(bot_outbox(&b, LANE_CHAT, 1000, 10), 0);
	assert_true(b.ready);
	bot_close(&b);
	bot_close(&two);
}

/* Somebody takes it away as fast as we load it. */
static void test_library_cannot_be_loaded(void **state)
{
	(void)state;
	redis_ask(&redis, "ACL SETUSER poor on >pw ~* &* +@all -function");
	redis_ask(&redis, "FUNCTION FLUSH");
	{
		char url[256];

		snprintf(url, sizeof(url), "unix://poor:pw@%s", redis.socket);
		bot_begin(&b, &loop, url, "acme", "b");
	}
	loop_until(&loop, has_warning, &b);
	assert_non_null(strstr(warning(&b), "function library was refused"));
	assert_int_equal(put_blindly("x"), STORE_DOWN);
	redis_ask(&redis, "ACL SETUSER poor +function");
	loop_until_flag(&loop, &b.ready);
	bot_close(&b);
	redis_ask(&redis, "ACL DELUSER poor");
}

static void test_other_versions_are_left_alone(void **state)
{
	static const char newer[] = "#!lua name=tocsin_v99\n"
		"redis.register_function('tocsin_v99_commit', function() return 1 end)";
	static const char other_text[] = "#!lua name=tocsin_v1\n"
		"redis.register_function('tocsin_v1_about', function() return 'something else' end)";
	redisReply *r;

	(void)state;
	redis_ask(&redis, "FUNCTION LOAD %s", newer);
	redis_ask(&redis, "FUNCTION LOAD REPLACE %s", other_text);
	bot_open(&b, &loop, &redis, "b");
	assert_int_equal(put("x"), STORE_OK); /* ours of this version was put in place */
	loop_until(&loop, has_warning, &b);
	assert_non_null(strstr(warning(&b), "newer tocsin"));
	assert_non_null(strstr(warning(&b), "tocsin_v99"));
	r = redis_ask(&redis, "FUNCTION LIST");
	assert_int_equal(r->elements, 2);
	bot_close(&b);
	redis_ask(&redis, "FUNCTION DELETE tocsin_v99");
}

/* --- the end --- */

static struct {
	unsigned answers, unknown, down;
	struct store *store; /* closed by the first answer when not NULL */
} closing;

static void on_closing(void *ud, const struct store_answer *a)
{
	struct store *s = closing.store;

	(void)ud;
	closing.answers++;
	closing.unknown += a->status == STORE_UNKNOWN;
	closing.down += a->status == STORE_DOWN;
	closing.store = NULL;
	if (s)
		store_close(s);
}

static void on_closing_load(void *ud, enum store_status status, struct fact *facts, size_t n)
{
	const struct store_answer a = {status, "", ""};

	(void)facts;
	(void)n;
	on_closing(ud, &a);
}

static void ask_fifty(void)
{
	static const char *const keys[] = {"doc:x"};
	struct commit c = {.request_id = "", .effects = &b.effects, .facts = b.facts};
	int i;

	effects_link(&b.effects, "a", "b");
	for (i = 0; i < 50; i++) {
		store_commit(b.store, &c, on_closing, NULL);
		store_load(b.store, b.arena, keys, 1, on_closing_load, NULL);
	}
}

static void test_closing_answers_everybody_once(void **state)
{
	(void)state;
	/* Before anything left. */
	bot_open(&b, &loop, &redis, "b");
	memset(&closing, 0, sizeof(closing));
	ask_fifty();
	bot_close(&b);
	assert_int_equal(closing.answers, 100);
	assert_int_equal(closing.down, 100);

	/* In flight. */
	bot_open(&b, &loop, &redis, "b");
	memset(&closing, 0, sizeof(closing));
	redis_ask(&redis, "CLIENT PAUSE 60000 ALL");
	ask_fifty();
	loop_turns(&loop, 2);
	bot_close(&b);
	assert_int_equal(closing.answers, 100);
	assert_int_equal(closing.unknown, 50);
	assert_int_equal(closing.down, 50);
	loop_turns(&loop, 5);
	assert_int_equal(closing.answers, 100);
	redis_kill(&redis);
	redis_restart(&redis);

	/* From inside an answer. */
	bot_open(&b, &loop, &redis, "b");
	memset(&closing, 0, sizeof(closing));
	closing.store = b.store;
	ask_fifty();
	loop_until(&loop, is_down, &b.ready); /* not a store any more: only turns the loop */
	while (closing.answers < 100)
		loop_turns(&loop, 1);
	loop_turns(&loop, 5);
	assert_int_equal(closing.answers, 100);
	arena_free(b.arena);
}

static void test_closing_while_it_connects(void **state)
{
	(void)state;
	bot_begin(&b, &loop, "redis://no-such-host.invalid", "acme", "b");
	bot_close(&b);
	bot_begin(&b, &loop, "redis://no-such-host.invalid", "acme", "b");
	loop_turns(&loop, 2);
	bot_close(&b);
	bot_begin(&b, &loop, redis.url, "acme", "b");
	loop_turns(&loop, 1);
	bot_close(&b);
	bot_begin(&b, &loop, redis.url, "acme", "b");
	loop_turns(&loop, 2);
	bot_close(&b);
	redis_kill(&redis);
	bot_begin(&b, &loop, redis.url, "acme", "b");
	loop_until(&loop, has_warning, &b);
	bot_close(&b);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_false(uv_loop_alive(&loop));
	redis_restart(&redis);
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
	return 0;
}

static int end(void **state)
{
	(void)state;
	loop_finish(&loop);
	return 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_down_from_the_start_is_told_at_once),
		T(test_gone_and_back),
		T(test_connection_cut_in_flight),
		T(test_frozen),
		T(test_killed_with_commits_in_flight),
		T(test_library_lost_is_loaded_again),
		T(test_library_cannot_be_loaded),
		T(test_other_versions_are_left_alone),
		T(test_closing_answers_everybody_once),
		T(test_closing_while_it_connects),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
