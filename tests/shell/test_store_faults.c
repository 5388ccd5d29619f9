/* test_store_faults.c - Redis goes, freezes, refuses, forgets and comes back: nothing that was
 * acknowledged is lost, nothing is done twice, and everybody who asked gets an answer. */
#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "bot/store/store_check.h"
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

/* --- Redis says no --- */

static void test_out_of_memory(void **state)
{
	(void)state;
	bot_open(&b, &loop, &redis, "b");
	redis_ask(&redis, "CONFIG SET maxmemory 1");
	effects_put(&b.effects, "x", 0, "{}", NULL);
	assert_int_equal(bot_commit(&b), STORE_REFUSED);
	assert_non_null(strstr(b.detail, "memory"));
	assert_int_equal(bot_load(&b, "doc:x")->state, FACT_ABSENT); /* reading goes on */
	bot_close(&b);
	bot_open(&b, &loop, &redis, "b2"); /* also for one who comes now */
	assert_int_equal(put("x"), STORE_REFUSED);
	redis_ask(&redis, "CONFIG SET maxmemory 0");
	assert_int_equal(put("x"), STORE_OK);
	bot_close(&b);
}

static void test_too_few_replicas(void **state)
{
	(void)state;
	bot_open(&b, &loop, &redis, "b");
	redis_ask(&redis, "CONFIG SET min-replicas-to-write 1");
	effects_put(&b.effects, "x", 0, "{}", NULL);
	assert_int_equal(bot_commit(&b), STORE_REFUSED);
	redis_ask(&redis, "CONFIG SET min-replicas-to-write 0");
	assert_int_equal(put("x"), STORE_OK);
	bot_close(&b);
}

static void test_became_a_replica(void **state)
{
	(void)state;
	bot_open(&b, &loop, &redis, "b");
	redis_ask(&redis, "REPLICAOF 127.0.0.1 1");
	effects_put(&b.effects, "x", 0, "{}", NULL);
	assert_int_equal(bot_commit(&b), STORE_REFUSED);
	loop_until(&loop, is_down, &b);
	loop_turns(&loop, 1);
	redis_ask(&redis, "REPLICAOF NO ONE");
	loop_until_flag(&loop, &b.ready);
	assert_int_equal(put("x"), STORE_OK);
	bot_close(&b);
}

/* A key of another type, put there by hand. Before the first write: nothing was written. After
 * it: nobody can say, and it is not called a success. */
static void test_key_of_another_type(void **state)
{
	(void)state;
	bot_open(&b, &loop, &redis, "b");
	redis_ask(&redis, "SET tocsin:{acme}:doc:x rubbish");
	effects_link(&b.effects, "a", "b");
	effects_put(&b.effects, "x", 0, "{}", NULL);
	assert_int_equal(bot_commit(&b), STORE_REFUSED);
	assert_non_null(strstr(b.detail, "WRONGTYPE"));
	assert_int_equal(bot_load(&b, "link:a")->state, FACT_ABSENT);
	redis_ask(&redis, "SET tocsin:{acme}:timers rubbish");
	effects_put(&b.effects, "y", 0, "{}", NULL);
	effects_timer(&b.effects, "t", NOW);
	assert_int_equal(bot_commit(&b), STORE_UNKNOWN);
	/* Its neighbours in the same call are not touched by it. */
	assert_int_equal(put("z"), STORE_OK);
	bot_close(&b);
}

/* --- the disk is full --- */

/* How many were acknowledged. */
static unsigned fill_until_refused(unsigned most)
{
	char id[32];
	unsigned i;

	for (i = 0; i < most; i++) {
		snprintf(id, sizeof(id), "d-%u", i);
		if (put_blindly(id) != STORE_OK)
			return i;
	}
	fail_msg("the disk did not fill up");
	return 0;
}

static void test_disk_full_with_everysec(void **state)
{
	struct test_redis small;
	char text[4096];
	unsigned i = 0;

	(void)state;
	redis_start(&small, NULL);
	redis_kill(&small);
	small.file_limit = 200000;
	redis_restart(&small);
	bot_open(&b, &loop, &small, "b");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	do {
		assert_true(++i < 1000);
		effects_link(&b.effects, "a", text);
	} while (bot_commit(&b) == STORE_OK);
	assert_int_equal(b.status, STORE_REFUSED);
	assert_non_null(strstr(b.detail, "cannot write to its disk"));
	assert_string_equal(bot_load(&b, "link:a")->value, text);
	store_refresh_stats(b.store);
	loop_until(&loop, has_warning, &b);
	assert_non_null(strstr(warning(&b), "free space"));
	bot_close(&b);
	redis_stop(&small);
}

/* With fsync always Redis ends itself; what was acknowledged is there afterwards. */
static void test_disk_full_with_always(void **state)
{
	struct test_redis small;
	char id[32];
	unsigned i, acknowledged;

	(void)state;
	redis_start(&small, "--appendfsync", "always", NULL);
	redis_kill(&small);
	small.file_limit = 100000;
	redis_restart(&small);
	bot_open(&b, &loop, &small, "b");
	acknowledged = fill_until_refused(5000);
	assert_int_equal(b.status, STORE_UNKNOWN);
	loop_until(&loop, is_down, &b);
	redis_kill(&small);
	small.file_limit = 0;
	redis_restart(&small);
	loop_until_flag(&loop, &b.ready);
	for (i = 0;; i++) {
		snprintf(id, sizeof(id), "doc:d-%u", i);
		if (bot_load(&b, id)->state == FACT_ABSENT)
			break;
	}
	assert_true(i > 10);
	/* The one whose fate was unknown may be there; the ones before it must. */
	assert_true(i == acknowledged || i == acknowledged + 1);
	snprintf(id, sizeof(id), "d-%u", i);
	assert_int_equal(put(id), STORE_OK);
	bot_close(&b);
	redis_stop(&small);
}

/* --- who may come in --- */

static void test_passwords(void **state)
{
	char url[256];

	(void)state;
	redis_ask(&redis, "ACL SETUSER tocsin on >s%%3Acret ~tocsin:* +@all resetchannels");
	redis_ask(&redis, "ACL SETUSER tocsin on >s:c@/ret");
	snprintf(url, sizeof(url), "unix://tocsin:wrong@%s", redis.socket);
	bot_begin(&b, &loop, url, "acme", "b");
	loop_until(&loop, has_warning, &b);
	assert_non_null(strstr(warning(&b), "AUTH was refused"));
	assert_null(strstr(warning(&b), "wrong@"));
	bot_close(&b);

	/* May not publish nor subscribe: works all the same. */
	snprintf(url, sizeof(url), "unix://tocsin:s%%3Ac%%40%%2Fret@%s?db=3", redis.socket);
	bot_begin(&b, &loop, url, "acme", "b");
	loop_until_flag(&loop, &b.ready);
	effects_timer(&b.effects, "t", NOW);
	assert_int_equal(bot_commit(&b), STORE_OK);
	assert_int_equal(put("x"), STORE_OK);
	bot_close(&b);
	redis_ask(&redis, "SELECT 3");
	assert_int_equal(redis_ask_int(&redis, "EXISTS tocsin:{acme}:doc:x"), 1);
	redis_ask(&redis, "SELECT 0");
	redis_ask(&redis, "ACL DELUSER tocsin");
}

/* The rule that docs/redis.md gives is enough. */
static void test_documented_user_is_enough(void **state)
{
	struct send send = {.lane = LANE_CHAT, .op = "chat.update", .key = "k", .entity = "x", .ref = "r",
		.data = "{}"};
	struct commit c = {.request_id = "q", .reply = ""};
	char line[1024], url[256], *password;
	FILE *f = fopen(SOURCE_DIR "/docs/redis.md", "r");
	bool found = false;

	(void)state;
	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f))
		found = strncmp(line, "ACL SETUSER tocsin ", 19) == 0;
	fclose(f);
	assert_true(found);
	line[strcspn(line, "\n")] = '\0';
	password = strstr(line, ">PASSWORD");
	assert_non_null(password);
	memcpy(password, ">pw      ", 9);
	{
		/* Words of a command in a line: hiredis splits formats, so the line is one. */
		redisReply *r = redis_ask(&redis, line);

		assert_int_equal(r->type, REDIS_REPLY_STATUS);
	}
	redis_ask(&redis, "FUNCTION FLUSH");
	redis_ask(&redis, "ACL LOG RESET");
	snprintf(url, sizeof(url), "unix://tocsin:pw@%s", redis.socket);
	bot_begin(&b, &loop, url, "acme", "b");
	loop_until_flag(&loop, &b.ready);
	effects_put(&b.effects, "x", 0, "{}", "g");
	effects_log(&b.effects, "x", "{}");
	effects_count(&b.effects, "n", 1);
	effects_timer(&b.effects, "t", NOW);
	effects_timer_clear(&b.effects, "u");
	effects_link(&b.effects, "l", "m");
	effects_unlink(&b.effects, "o");
	effects_index(&b.effects, "i", "m", 1);
	effects_unindex(&b.effects, "i", "n");
	effects_send(&b.effects, &send);
	assert_int_equal(bot_commit_as(&b, &c), STORE_OK);
	assert_int_equal(bot_commit_as(&b, &c), STORE_DUPLICATE);
	assert_string_equal(bot_load(&b, "index:i")->items[0], "m");
	assert_string_equal(bot_load(&b, "log:x")->items[0], "{}");
	assert_string_equal(bot_load(&b, "link:l")->value, "m");
	bot_look(&b, "x", "r");
	assert_string_equal(b.newest, "k");
	assert_int_equal(bot_timers(&b, NOW, 1000, 10), 1);
	assert_int_equal(bot_outbox(&b, LANE_CHAT, 1000, 10), 1);
	assert_int_equal(bot_outbox(&b, LANE_CHAT, 0, 10), 1);
	c = (struct commit){.request_id = "", .timer = "t", .timer_due_ms = NOW, .done_lane = LANE_CHAT,
		.done_entry = b.entry_ids[0]};
	assert_int_equal(bot_commit_as(&b, &c), STORE_OK);
	store_refresh_stats(b.store);
	bot_load(&b, "link:l");
	assert_string_equal(warning(&b), "");
	{
		/* Nothing was refused on the way. */
		redisReply *r = redis_ask(&redis, "ACL LOG");

		if (r->elements)
			fail_msg("refused: %s", r->element[0]->element[7]->str);
	}
	bot_close(&b);
	redis_ask(&redis, "ACL DELUSER tocsin");
}

/* A port that was free a moment ago. */
static unsigned free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static void test_by_host_and_port(void **state)
{
	unsigned port = free_port();
	char url[128], text[16];

	(void)state;
	snprintf(url, sizeof(url), "redis://127.0.0.1:%u", port);
	bot_begin(&b, &loop, url, "acme", "b");
	loop_until(&loop, has_warning, &b);
	assert_non_null(strstr(warning(&b), "refused"));
	snprintf(text, sizeof(text), "%u", port);
	redis_ask(&redis, "CONFIG SET port %s", text);
	loop_until_flag(&loop, &b.ready);
	assert_int_equal(put("x"), STORE_OK);
	bot_close(&b);

	snprintf(url, sizeof(url), "redis://localhost:%u/0", port);
	bot_begin(&b, &loop, url, "acme", "b");
	loop_until_flag(&loop, &b.ready);
	assert_int_equal(bot_load(&b, "doc:x")->version, 1);
	bot_close(&b);
	redis_ask(&redis, "CONFIG SET port 0");

	bot_begin(&b, &loop, "redis://no-such-host.invalid", "acme", "b");
	loop_until(&loop, has_warning, &b);
	assert_non_null(strstr(warning(&b), "no-such-host.invalid"));
	bot_close(&b);
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

/* --- what a server says of itself --- */

#define GOOD "redis_version:7.0.15\r\nloading:0\r\nrole:master\r\naof_enabled:1\r\n" \
	"aof_last_write_status:ok\r\nrdb_last_bgsave_status:ok\r\nmaxmemory:0\r\n" \
	"maxmemory_policy:noeviction\r\n"

static void test_what_a_server_says(void **state)
{
	static const struct {
		const char *info, *fsync, *save, *says;
	} cases[] = {
		{GOOD, "everysec", "", ""},
		{GOOD, NULL, NULL, ""},
		{"aof_enabled:0\r\n", "everysec", "", "keeps nothing on disk"},
		{"aof_enabled:0\r\n", "everysec", "3600 1", "only saves snapshots"},
		{"aof_enabled:0\r\n", NULL, NULL, "only saves snapshots"},
		{GOOD, "no", "", "appendfsync"},
		{"aof_enabled:1\r\nmaxmemory:100\r\nmaxmemory_policy:allkeys-lru\r\n", NULL, NULL, "allkeys-lru"},
		{"aof_enabled:1\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n", NULL, NULL, ""},
		{"aof_enabled:1\r\naof_last_write_status:err\r\n", NULL, NULL, "free space"},
		{"", NULL, NULL, ""},
	};
	char text[1024];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		store_check_warn(cases[i].info, cases[i].fsync, cases[i].save, text, sizeof(text));
		if (*cases[i].says)
			assert_non_null(strstr(text, cases[i].says));
		else
			assert_string_equal(text, "");
	}
	assert_int_equal(store_check_info(GOOD, text, sizeof(text)), 0);
	assert_int_equal(store_check_info("redis_version:6.2.1\r\n", text, sizeof(text)), -1);
	assert_non_null(strstr(text, "6.2.1"));
	assert_non_null(strstr(text, "version 7"));
	assert_int_equal(store_check_info("redis_version:7.0.0\r\nrole:slave\r\n", text, sizeof(text)), -1);
	assert_non_null(strstr(text, "master"));
	assert_int_equal(store_check_info("redis_version:7.2.0\r\nloading:1\r\n", text, sizeof(text)), -1);
	assert_int_equal(store_check_info("", text, sizeof(text)), -1);
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
		T(test_out_of_memory),
		T(test_too_few_replicas),
		T(test_became_a_replica),
		T(test_key_of_another_type),
		T(test_documented_user_is_enough),
		T(test_passwords),
		T(test_by_host_and_port),
		T(test_closing_answers_everybody_once),
		T(test_closing_while_it_connects),
		T(test_what_a_server_says),
		T(test_disk_full_with_everysec),
		T(test_disk_full_with_always),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
