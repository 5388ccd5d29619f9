/* test_alert_wire.c - bodies of monitoring systems: what they say, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tocsin/alert_wire.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"
#include "tocsin/request.h"

static struct arena *a;
static struct alert_batch batch;
static struct err e;

static int setup(void **state)
{
	(void)state;
	a = arena_new((size_t)64 << 20);
	memset(&e, 0, sizeof(e));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static int parse(const char *kind, const char *body)
{
	memset(&e, 0, sizeof(e));
	return alert_wire_parse(a, kind, "prom", body, strlen(body), &batch, &e);
}

static int parse_sample(const char *kind, const char *name)
{
	const char *path = arena_printf(a, "%s/unit/alert-samples/%s.json", TESTS_DIR, name);
	FILE *f = fopen(path, "r");
	char *text = arena_alloc(a, 65536);
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, 65535, f);
	fclose(f);
	assert_true(n > 0);
	return parse(kind, text);
}

static void test_alertmanager(void **state)
{
	const struct alert *al;

	(void)state;
	assert_int_equal(parse_sample("alertmanager", "alertmanager-firing"), 0);
	assert_int_equal(batch.n, 2);
	al = &batch.items[0];
	assert_string_equal(al->source, "prom");
	assert_string_equal(al->key, "a1b2c3d4e5f60718");
	assert_string_equal(al->episode, "2026-03-02T09:15:44.189Z");
	assert_true(al->firing);
	assert_string_equal(al->severity, "critical");
	assert_string_equal(al->title, "Cart answers with errors");
	assert_string_equal(al->service, "cart");
	assert_string_equal(al->description, "23 of 100 requests fail");
	assert_string_equal(al->link,
		"https://prometheus.example.com/graph?g0.expr=sum%28rate%28errors%5B1m%5D%29%29&g0.tab=1");
	assert_string_equal(al->group, "{}:{alertname=\"CartErrors\"}");
	assert_int_equal(al->truncated, 0);
	assert_string_equal(batch.items[1].severity, "warning");

	assert_int_equal(parse_sample("alertmanager", "alertmanager-mixed"), 0);
	assert_true(batch.items[0].firing);
	assert_false(batch.items[1].firing);
	assert_int_equal(parse_sample("alertmanager", "alertmanager-resolved"), 0);
	assert_false(batch.items[0].firing);
	assert_string_equal(alert_wire_id(a, &batch.items[0]),
		"alert:prom:a1b2c3d4e5f60718:2026-03-02T09:15:44.189Z:resolved");
	assert_int_equal(parse_sample("alertmanager", "alertmanager-truncated"), 0);
	assert_int_equal(batch.left_out, 17);
	assert_int_equal(batch.items[1].truncated, 17);
}

static void test_generic(void **state)
{
	(void)state;
	assert_int_equal(parse_sample("generic", "generic-firing"), 0);
	assert_int_equal(batch.n, 1);
	assert_string_equal(batch.items[0].key, "disk-db7");
	assert_string_equal(batch.items[0].title, "Disk is 95% full on db7");
	assert_string_equal(batch.items[0].service, "ledger");
	assert_string_equal(batch.items[0].group, "");
	assert_int_equal(parse_sample("generic", "generic-resolved"), 0);
	assert_false(batch.items[0].firing);
	assert_string_equal(batch.items[0].episode, "");

	assert_int_equal(parse("generic", "[{\"id\":7,\"state\":\"OK\"},"
		"{\"id\":\"b\",\"labels\":{\"severity\":\"x\"}}]"), 0);
	assert_int_equal(batch.n, 2);
	assert_string_equal(batch.items[0].key, "7");
	assert_string_equal(batch.items[0].title, "7");
	assert_false(batch.items[0].firing);
	assert_true(batch.items[1].firing);
	assert_string_equal(batch.items[1].severity, "x");
	assert_int_equal(parse("generic", "{\"alerts\":[]}"), 0);
	assert_int_equal(batch.n, 0);
}

/* The answer says what is wrong and where. */
static void test_refused(void **state)
{
	static const struct {
		const char *kind, *body, *says;
	} cases[] = {
		{"alertmanager", "", "not JSON, line 1"},
		{"alertmanager", "{", "not JSON, line 1"},
		{"alertmanager", "[]", "no list \"alerts\""},
		{"alertmanager", "{\"alerts\":{}}", "no list \"alerts\""},
		{"alertmanager", "{\"alerts\":[7]}", "alerts[0] is not an object"},
		{"alertmanager", "{\"alerts\":[{\"status\":\"firing\"}]}", "alerts[0].fingerprint and alerts[0].labels are missing"},
		{"alertmanager", "{\"alerts\":[{\"fingerprint\":\"a\",\"status\":\"odd\\u0007\"}]}", "alerts[0].status is \"odd\""},
		{"alertmanager", "{\"alerts\":[],\"alerts\":[]}", "duplicate"},
		{"alertmanager", "{\"alerts\":[{\"fingerprint\":\"a\\u0000b\"}]}", "not JSON"},
		{"generic", "7", "not JSON"},
		{"generic", "[7]", "[0].is not an object"},
		{"generic", "{\"title\":\"x\"}", "dedupKey (or id) is missing"},
		{"generic", "[{\"id\":\"a\"},{\"id\":{}}]", "[1].dedupKey"},
		{"generic", "{\"id\":\"a\",\"status\":\"maybe\"}", "write \"firing\" or \"resolved\""},
		{"generic", "{\"id\":\"\xff\"}", "unable to decode"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].kind, cases[i].body), -1);
		assert_int_equal(e.code, ERR_INVALID);
		if (!strstr(e.text, cases[i].says))
			fail_msg("%s: %s", cases[i].body, e.text);
	}
}

/* What is in a label was written by somebody: no line ends, no bells, no reversed text. */
static void test_cleaned(void **state)
{
	(void)state;
	assert_int_equal(parse("generic", "{\"id\":\"a\",\"title\":\"  one\\n\\ntwo\\u0007\\u202Ethree\\u001b[31m \",\"link\":"
		"\"javascript:alert(1)\",\"description\":\"<!channel> *x*\"}"), 0);
	assert_string_equal(batch.items[0].title, "one twothree[31m");
	assert_string_equal(batch.items[0].link, "");
	/* Markup is left alone: the words escape what they show. */
	assert_string_equal(batch.items[0].description, "<!channel> *x*");
	assert_int_equal(parse("generic", "{\"id\":\"a\",\"link\":\"https://x.example.com/a|b\"}"), 0);
	assert_string_equal(batch.items[0].link, "");
}

static const char *repeat(const char *s, size_t n)
{
	struct buf b;

	buf_init_arena(&b, a, n * strlen(s) + 1);
	for (size_t i = 0; i < n; i++)
		buf_str(&b, s);
	return buf_text(&b);
}

static void test_long(void **state)
{
	const char *first;

	(void)state;
	assert_int_equal(parse("generic", arena_printf(a, "{\"id\":\"%s\",\"title\":\"%s\"}", repeat("k", 300),
		repeat("é", 100000))), 0);
	assert_int_equal(strlen(batch.items[0].title), ALERT_TITLE_MAX * 2 + 3);
	first = batch.items[0].key;
	assert_true(strlen(first) <= ALERT_KEY_MAX);
	/* Two long keys that begin alike stay two. */
	assert_int_equal(parse("generic", arena_printf(a, "{\"id\":\"%sx\"}", repeat("k", 300))), 0);
	assert_string_not_equal(batch.items[0].key, first);
	/* So do two that differ in what cannot be seen. */
	assert_int_equal(parse("generic", "[{\"id\":\"a\\tb\"},{\"id\":\"a b\"},{\"id\":\"a  b\"}]"), 0);
	assert_int_equal(batch.n, 3);
	assert_string_not_equal(batch.items[0].key, batch.items[1].key);
}

static void test_bounds(void **state)
{
	struct buf b;

	(void)state;
	assert_int_equal(parse("generic", arena_printf(a, "{\"id\":\"a\",\"x\":%s%s}", repeat("[", 31),
		repeat("]", 31))), 0);
	assert_int_equal(parse("generic", arena_printf(a, "{\"id\":\"a\",\"x\":%s%s}", repeat("[", 32),
		repeat("]", 32))), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(parse("generic", arena_printf(a, "{\"id\":\"a\",\"x\":\"\\\"%s\"}", repeat("[", 99))), 0);
	assert_int_equal(parse("generic", repeat("[", 900000)), -1);

	memset(&e, 0, sizeof(e));
	assert_int_equal(alert_wire_parse(a, "generic", "prom", repeat(" ", ALERT_BODY_MAX + 1), ALERT_BODY_MAX + 1,
		&batch, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);

	buf_init_arena(&b, a, 1 << 20);
	buf_str(&b, "{\"truncatedAlerts\":-3,\"alerts\":[");
	for (int i = 0; i < ALERT_COUNT_MAX + 5; i++)
		buf_printf(&b, "%s{\"fingerprint\":\"f%d\"}", i ? "," : "", i);
	buf_str(&b, "]}");
	assert_int_equal(parse("alertmanager", buf_text(&b)), 0);
	assert_int_equal(batch.n, ALERT_COUNT_MAX);
	assert_int_equal(batch.left_out, 5);
}

static void test_twice(void **state)
{
	(void)state;
	assert_int_equal(parse("alertmanager", "{\"alerts\":[{\"fingerprint\":\"a\",\"status\":\"firing\"},"
		"{\"fingerprint\":\"a\",\"status\":\"firing\"},{\"fingerprint\":\"a\",\"status\":\"resolved\"}]}"), 0);
	assert_int_equal(batch.n, 2);
	/* No fingerprint: the labels decide, in any order. */
	assert_int_equal(parse("alertmanager", "{\"alerts\":[{\"labels\":{\"a\":\"1\",\"b\":\"2\"}},"
		"{\"labels\":{\"b\":\"2\",\"a\":\"1\"}},{\"labels\":{\"a\":\"2\",\"b\":\"1\"}}]}"), 0);
	assert_int_equal(batch.n, 2);
}

/* Out of memory at any allocation: the task fails alone, and nothing leaks (the sanitizer looks). */
static void test_out_of_memory(void **state)
{
	static const char body[] = "{\"alerts\":[{\"labels\":{\"a\":\"1\",\"severity\":\"x\"},\"annotations\":"
		"{\"summary\":\"s\"},\"generatorURL\":\"https://x.example.com\"}]}";
	volatile unsigned long nth = 0;
	volatile bool done = false;

	(void)state;
	while (!done && nth < 1000) {
		struct arena *small = arena_new(1 << 20);

		nth++;
		if (setjmp(*arena_recovery(small)) == 0) {
			arena_fail_at(small, nth);
			assert_int_equal(alert_wire_parse(small, "alertmanager", "prom", body, sizeof(body) - 1,
				&batch, &e), 0);
			done = true;
		}
		arena_recovery_clear(small);
		arena_free(small);
	}
	assert_true(done);
	assert_in_range(nth, 6, 999);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_alertmanager), T(test_generic), T(test_refused), T(test_cleaned), T(test_long),
		T(test_bounds), T(test_twice),
		T(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
