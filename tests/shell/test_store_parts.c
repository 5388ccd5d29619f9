/* test_store_parts.c - the store's small parts: addresses, kept entries, chain entries, arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bot/store/bulks.h"
#include "bot/store/chain.h"
#include "bot/store/entry.h"
#include "bot/store/function.h"
#include "bot/store/redis_tls.h"
#include "bot/store/store_keys.h"
#include "bot/store/store_url.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"

/* --- addresses --- */

static void test_addresses(void **state)
{
	static const struct {
		const char *text, *host, *path, *user, *password;
		unsigned port, db;
		const char *shown;
	} good[] = {
		{"redis://localhost", "localhost", "", "", "", 6379, 0, "redis://localhost:6379/0"},
		{"redis://h:1/", "h", "", "", "", 1, 0, "redis://h:1/0"},
		{"redis://h:65535/15", "h", "", "", "", 65535, 15, "redis://h:65535/15"},
		{"redis://h?db=3", "h", "", "", "", 6379, 3, "redis://h:6379/3"},
		{"redis://:secret@h:7/2", "h", "", "", "secret", 7, 2, "redis://h:7/2"},
		{"redis://ada:p%40s%3as%2F@h", "h", "", "ada", "p@s:s/", 6379, 0, "redis://h:6379/0"},
		{"redis://ada:p@ss@h", "h", "", "ada", "p@ss", 6379, 0, "redis://h:6379/0"},
		{"redis://ada:@h", "h", "", "ada", "", 6379, 0, "redis://h:6379/0"},
		{"redis://[::1]:7000/1", "::1", "", "", "", 7000, 1, "redis://::1:7000/1"},
		{"redis://[fe80::1]", "fe80::1", "", "", "", 6379, 0, "redis://fe80::1:6379/0"},
		{"unix:///run/redis.sock", "", "/run/redis.sock", "", "", 0, 0, "unix:///run/redis.sock?db=0"},
		{"unix:///a%20b.sock?db=4", "", "/a b.sock", "", "", 0, 4, "unix:///a b.sock?db=4"},
		{"unix:///odd@name.sock", "", "/odd@name.sock", "", "", 0, 0, "unix:///odd@name.sock?db=0"},
		{"unix://:pw@/r.sock", "", "/r.sock", "", "pw", 0, 0, "unix:///r.sock?db=0"},
		{"redis+unix:///r.sock", "", "/r.sock", "", "", 0, 0, "unix:///r.sock?db=0"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct store_url u;
		struct err err = {0};

		assert_int_equal(store_url_parse(good[i].text, &u, &err), 0);
		assert_string_equal(u.host, good[i].host);
		assert_string_equal(u.path, good[i].path);
		assert_string_equal(u.user, good[i].user);
		assert_string_equal(u.password, good[i].password);
		assert_int_equal(u.port, good[i].port);
		assert_int_equal(u.db, good[i].db);
		assert_string_equal(u.shown, good[i].shown);
	}
}

static void test_wrong_addresses_say_what_to_write(void **state)
{
	static const char *const bad[][2] = {
		{"", "redis://"}, {"localhost:6379", "redis://"}, {"http://h", "redis://"},
		{"redis:/h", "redis://"}, {"redis://", "no host"},
		{"redis://:6379", "no host"}, {"redis://h:", "port"}, {"redis://h:0", "port"},
		{"redis://h:65536", "port"}, {"redis://h:99999999999999999999", "port"},
		{"redis://h:12x", "port"}, {"redis://h/x", "database"}, {"redis://h/10000", "database"},
		{"redis://h?x=1", "?db=N"}, {"redis://h?db=", "database"}, {"redis://h%2", "%25"},
		{"redis://h%zz", "%25"}, {"redis://h%00", "control"}, {"redis://a\nb", "control"},
		{"redis://secret@h", ":password@"}, {"redis://[::1", "]"}, {"redis://[::1]x", ":port"},
		{"unix://relative/path", "absolute"}, {"unix://", "absolute"},
		{"unix:///sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
		 "sssssssssssssssssssssssssssssssssssssssss", "longer than 107"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct store_url u;
		struct err err = {0};

		assert_int_equal(store_url_parse(bad[i][0], &u, &err), -1);
		assert_int_equal(err.code, ERR_CONFIG);
		assert_non_null(strstr(err.text, bad[i][1]));
		assert_null(strstr(err.text, "secret"));
	}
}

/* TLS where the installed hiredis has it, else a way out. */
static void test_tls_or_a_way_out(void **state)
{
	struct store_url u;
	struct err err = {0};
	int status = store_url_parse("rediss://:secret@h:6380/1", &u, &err);

	(void)state;
	if (redis_tls_possible()) {
		assert_int_equal(status, 0);
		assert_true(u.tls);
		assert_string_equal(u.shown, "rediss://h:6380/1");
		return;
	}
	assert_int_equal(status, -1);
	assert_int_equal(err.code, ERR_CONFIG);
	assert_non_null(strstr(err.text, "rediss://"));
	assert_non_null(strstr(err.text, "stunnel"));
	assert_null(strstr(err.text, "secret"));
}

static void test_workspace_names(void **state)
{
	struct store_keys k;
	char name[80];

	(void)state;
	memset(name, 'w', sizeof(name));
	name[STORE_WORKSPACE_MAX] = '\0';
	assert_int_equal(store_keys_init(&k, name, NULL), 0);
	assert_int_equal(strlen(k.fixed[KEY_OUT + LANE_CALL]), STORE_WORKSPACE_MAX + strlen("tocsin:{}:out:call"));
	name[STORE_WORKSPACE_MAX] = 'w';
	name[STORE_WORKSPACE_MAX + 1] = '\0';
	assert_int_equal(store_keys_init(&k, name, NULL), -1);
	assert_int_equal(store_keys_init(&k, "", NULL), -1);
	assert_int_equal(store_keys_init(&k, "a*", NULL), -1);
	assert_int_equal(store_keys_init(&k, "a}b", NULL), -1);
	assert_int_equal(store_keys_init(&k, "Acme_1.test-2", NULL), 0);
	assert_string_equal(k.prefix, "tocsin:{Acme_1.test-2}:");
	assert_string_equal(k.fixed[KEY_OUT + LANE_PAGE], "tocsin:{Acme_1.test-2}:out:page");
}

/* --- kept entries --- */

static bool decode(const char *text, size_t len, struct send *send, int64_t *created)
{
	/* Exactly as long as it is: a read behind its end is found. */
	static char *copy;

	free(copy);
	copy = malloc(len ? len : 1);
	memcpy(copy, text, len);
	return entry_decode(copy, len, send, created);
}

static void test_entry_there_and_back(void **state)
{
	struct send in = {.op = "mail", .key = "k,5:x", .to = {PLATFORM_TEAMS, "19:a@thread;m=1", ""},
		.not_after_ms = -5};
	struct send out;
	int64_t created;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	entry_encode(&in, INT64_C(1800000000000), &b);
	assert_string_equal(buf_text(&b),
		"1,o4:mail,k5:k,5:x,c15:19:a@thread;m=1,p1:2,x2:-5,C13:1800000000000,");
	assert_true(decode(buf_text(&b), b.len, &out, &created));
	assert_string_equal(out.op, "mail");
	assert_string_equal(out.key, "k,5:x");
	assert_int_equal(out.to.platform, PLATFORM_TEAMS);
	assert_int_equal(out.not_after_ms, -5);
	assert_string_equal(out.data, "");
	assert_false(out.report);
	assert_int_equal(created, INT64_C(1800000000000));
	buf_release(&b);
}

/* What a newer bot may add is passed over; what is broken is refused, never half read. */
static void test_entries_from_others(void **state)
{
	static const char *const good[] = {"1,o1:x,", "1,Z3:new,o1:x,", "1,o1:x,p2:99,", "1,o1:x,C0:,",
		"1,o1:x,x30:999999999999999999999999999999,"};
	static const char *const bad[] = {"", "1", "1,", "2,o1:x,", "1,o", "1,o1", "1,o1:", "1,o1:x", "1,o2:x,",
		"1,o:x,", "1,o-1:x,", "1,o1:xy", "1,o99999999999999999999:x,", "1,k1:x,", "1,o1:x,k5:abc,",
		"garbage", "1,,,"};
	struct send send;
	int64_t created;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(decode(good[i], strlen(good[i]), &send, &created));
		assert_string_equal(send.op, "x");
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(decode(bad[i], strlen(bad[i]), &send, &created));
	assert_false(decode("1,o1:x,k3:a\0b,", 14, &send, &created));
}

/* --- chain entries --- */

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_chain_entries(void **state)
{
	static const char *const bad[] = {"", "1", "1 ", "1 2", "1 2 ", "1 2 " HASH, "x 2 " HASH " e",
		"1 x " HASH " e", "1 2 " HASH "x e", "1  2 " HASH " e", " 1 2 " HASH " e",
		"1234567890123456789 2 " HASH " e"};
	struct chain_entry e;
	size_t i;

	(void)state;
	assert_true(chain_parse("12 1800000000000 " HASH " {\"a\": 1}", 90, &e));
	assert_int_equal(e.seq, 12);
	assert_int_equal(e.time_ms, INT64_C(1800000000000));
	assert_memory_equal(e.hash, HASH, 64);
	assert_int_equal(e.entry_len, 8);
	assert_memory_equal(e.entry, "{\"a\": 1}", 8);
	assert_true(chain_parse("1 2 " HASH " ", 69, &e));
	assert_int_equal(e.entry_len, 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(chain_parse(bad[i], strlen(bad[i]), &e));
}

/* Every part of an entry, and what was before it, is in its hash. */
static void test_chain_covers_everything(void **state)
{
	struct chain *c = chain_new();
	char base[65], other[65];

	(void)state;
	assert_true(chain_next(c, CHAIN_START, 1, 2, "ab", 2, base));
	assert_true(chain_next(c, HASH, 1, 2, "ab", 2, other));
	assert_string_not_equal(base, other);
	assert_true(chain_next(c, CHAIN_START, 2, 2, "ab", 2, other));
	assert_string_not_equal(base, other);
	assert_true(chain_next(c, CHAIN_START, 1, 3, "ab", 2, other));
	assert_string_not_equal(base, other);
	assert_true(chain_next(c, CHAIN_START, 1, 2, "a", 1, other));
	assert_string_not_equal(base, other);
	/* Number and time do not run into each other. */
	assert_true(chain_next(c, CHAIN_START, 1, 12, "x", 1, base));
	assert_true(chain_next(c, CHAIN_START, 11, 2, "x", 1, other));
	assert_string_not_equal(base, other);
	chain_free(c);
}

/* --- arguments --- */

static void test_arguments(void **state)
{
	struct bulks b = {0}, more = {0};
	size_t hole;

	(void)state;
	bulks_str(&b, "");
	bulks_int(&b, 0);
	bulks_int(&b, -7);
	bulks_int(&b, INT64_MAX);
	bulks_int(&b, INT64_MIN);
	hole = bulks_hole(&b);
	bulks_join(&b, "a\0", 2, "b", 1, NULL, 0);
	bulks_fill(&b, hole, 4711);
	bulks_str(&more, "x");
	bulks_append(&b, &more);
	assert_int_equal(b.n, 8);
	assert_false(b.failed);
	assert_memory_equal(b.data, "$0\r\n\r\n$1\r\n0\r\n$2\r\n-7\r\n$19\r\n9223372036854775807\r\n"
		"$20\r\n-9223372036854775808\r\n$6\r\n004711\r\n$3\r\na\0b\r\n$1\r\nx\r\n", b.len);
	bulks_reset(&b);
	assert_int_equal(b.n, 0);
	bulks_add(&b, NULL, BULKS_BYTES_MAX + 1);
	assert_true(b.failed);
	bulks_str(&b, "more"); /* nothing happens */
	assert_int_equal(b.len, 0);
	bulks_append(&more, &b); /* catching */
	assert_true(more.failed);
	bulks_release(&b);
	bulks_release(&more);
}

static void test_library_text(void **state)
{
	char digest[FUNCTION_DIGEST_LEN + 1], first[64];
	char *text = function_text(digest);

	(void)state;
	assert_non_null(text);
	assert_int_equal(strlen(digest), FUNCTION_DIGEST_LEN);
	snprintf(first, sizeof(first), "#!lua name=%s\n", FUNCTION_LIBRARY);
	assert_memory_equal(text, first, strlen(first));
	assert_non_null(strstr(text, digest));
	assert_null(strstr(text, "@DIGEST@"));
	snprintf(first, sizeof(first), "tocsin_v%d", FUNCTION_VERSION);
	assert_string_equal(first, FUNCTION_LIBRARY);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_wrong_addresses_say_what_to_write),
		cmocka_unit_test(test_tls_or_a_way_out),
		cmocka_unit_test(test_workspace_names),
		cmocka_unit_test(test_entry_there_and_back),
		cmocka_unit_test(test_entries_from_others),
		cmocka_unit_test(test_chain_entries),
		cmocka_unit_test(test_chain_covers_everything),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_library_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
