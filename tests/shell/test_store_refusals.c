/* test_store_refusals.c - Redis says no, or nobody may come in: what is told, and what is kept. */
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
		T(test_out_of_memory),
		T(test_too_few_replicas),
		T(test_became_a_replica),
		T(test_key_of_another_type),
		T(test_documented_user_is_enough),
		T(test_passwords),
		T(test_by_host_and_port),
		T(test_what_a_server_says),
		T(test_disk_full_with_everysec),
		T(test_disk_full_with_always),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
