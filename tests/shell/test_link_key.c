/*
 * test_link_key.c - the key that signs acknowledgement links, against a real Redis: all processes of a
 * workspace end up with one, whichever comes first, and it outlives them and Redis' restarts.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "bot/clock.h"
#include "bot/log.h"
#include "bot/store/store.h"
#include "bot/web/ack_link.h"
#include "bot/web/link_key.h"
#include "support_redis.h"
#include "tocsin/err.h"

static struct test_redis redis;
static struct clock clock_;

struct process {
	uv_loop_t loop;
	struct store *store;
	struct link_key *key;
};

static void process_start(struct process *p, const char *instance, const char *secret)
{
	struct store_options o = {.url = redis.url, .workspace = "test", .instance = instance};
	struct err err = {0};

	uv_loop_init(&p->loop);
	p->store = store_open(&p->loop, &o, &err);
	assert_non_null(p->store);
	p->key = link_key_new(&p->loop, p->store, &clock_, secret, &err);
	assert_non_null(p->key);
}

static bool is_known(void *ud)
{
	const struct process *p = ud;

	return link_key_get(p->key) != NULL;
}

static void process_end(struct process *p)
{
	link_key_close(p->key);
	store_close(p->store);
	loop_finish(&p->loop);
}

static int setup(void **state)
{
	(void)state;
	log_setup(LOG_ERROR, LOG_LOGFMT);
	clock_init(&clock_, 0, 1.0);
	redis_start(&redis, "--appendonly", "yes", "--appendfsync", "always", NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	redis_stop(&redis);
	return 0;
}

static void test_everybody_has_the_same_key(void **state)
{
	struct process a, b;
	struct ack_link_key first;

	(void)state;
	process_start(&a, "a", NULL);
	process_start(&b, "b", "");
	assert_null(link_key_get(a.key));
	/* Side by side: both find nothing, one of them writes first. */
	while (!is_known(&a) || !is_known(&b)) {
		uv_run(&a.loop, UV_RUN_NOWAIT);
		uv_run(&b.loop, UV_RUN_NOWAIT);
	}
	assert_memory_equal(link_key_get(a.key)->bytes, link_key_get(b.key)->bytes, ACK_LINK_KEY_BYTES);
	first = *link_key_get(a.key);
	process_end(&a);
	process_end(&b);
	redis_kill(&redis);
	redis_restart(&redis);
	process_start(&a, "c", NULL);
	loop_until(&a.loop, is_known, &a);
	assert_memory_equal(link_key_get(a.key)->bytes, first.bytes, ACK_LINK_KEY_BYTES);
	process_end(&a);
}

static void test_redis_comes_late(void **state)
{
	struct process a;

	(void)state;
	redis_kill(&redis);
	process_start(&a, "a", NULL);
	loop_turns(&a.loop, 5);
	assert_null(link_key_get(a.key));
	redis_restart(&redis);
	loop_until(&a.loop, is_known, &a);
	process_end(&a);
}

static void test_secret_needs_no_redis(void **state)
{
	struct process a;
	struct ack_link_key want;
	struct err err = {0};

	(void)state;
	redis_kill(&redis);
	process_start(&a, "a", "a secret of this test, long enough");
	ack_link_key_derive(&want, "a secret of this test, long enough", 34);
	assert_memory_equal(link_key_get(a.key)->bytes, want.bytes, ACK_LINK_KEY_BYTES);
	assert_null(link_key_new(&a.loop, a.store, &clock_, "too short", &err));
	assert_non_null(strstr(err.text, "openssl rand -hex 32"));
	process_end(&a);
	redis_restart(&redis);
}

static void test_closing_while_asking(void **state)
{
	struct process a;

	(void)state;
	process_start(&a, "a", NULL);
	process_end(&a);
	process_start(&a, "a", NULL);
	while (!store_ready(a.store))
		uv_run(&a.loop, UV_RUN_ONCE);
	loop_turns(&a.loop, 1);
	process_end(&a);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_everybody_has_the_same_key), T(test_redis_comes_late), T(test_secret_needs_no_redis),
		T(test_closing_while_asking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
