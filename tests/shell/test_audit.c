/* test_audit.c - the hash chain: whatever is done to a log behind tocsin's back is found. */
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bot/cli.h"
#include "bot/store/audit.h"
#include "bot/store/chain.h"
#include "bot/store/store.h"
#include "support_redis.h"
#include "tocsin/arena.h"
#include "tocsin/effects.h"
#include "tocsin/err.h"
#include "tocsin/snapshot.h"

#define NOW INT64_C(1800000000000)
#define LOG_KEY "tocsin:{acme}:log:incident:INC-7"
#define DOC_KEY "tocsin:{acme}:doc:incident:INC-7"
#define ENTRIES 1203 /* more than two pages */

static struct test_redis redis;

struct writer {
	bool ready, answered;
	enum store_status status;
	struct fact *fact;
};

static void on_state(void *ud, bool ready)
{
	((struct writer *)ud)->ready = ready;
}

static void on_commit(void *ud, const struct store_answer *a)
{
	struct writer *w = ud;

	w->status = a->status;
	w->answered = true;
}

static void on_load(void *ud, enum store_status status, struct fact *facts, size_t n)
{
	struct writer *w = ud;

	assert_int_equal(n, 1);
	w->status = status;
	w->fact = facts;
	w->answered = true;
}

/* n entries in commits of up to 7, as the bot writes them. */
static void log_write_entries(const char *id, int n)
{
	struct writer w = {0};
	const struct store_options o = {.url = redis.url, .workspace = "acme", .instance = "a",
		.on_state = on_state, .ud = &w};
	struct arena *arena = arena_new((size_t)64 << 20);
	struct effects effects;
	char key[64], entry[64];
	const char *keys[1] = {key};
	struct store *store;
	uv_loop_t loop;
	int i = 0, k;

	snprintf(key, sizeof(key), "doc:%s", id);
	uv_loop_init(&loop);
	store = store_open(&loop, &o, NULL);
	loop_until_flag(&loop, &w.ready);
	effects_init(&effects, arena);
	while (i < n) {
		struct snapshot *facts = snapshot_new(arena);
		struct commit c = {.effects = &effects, .facts = facts, .now_ms = NOW + i};

		w.answered = false;
		store_load(store, arena, keys, 1, on_load, &w);
		loop_until_flag(&loop, &w.answered);
		snapshot_add(facts, w.fact);
		effects_clear(&effects);
		effects_put(&effects, id, w.fact->version, "{}", NULL);
		for (k = 0; k < 7 && i < n; k++, i++) {
			snprintf(entry, sizeof(entry), "{\"n\":%d,\"who\":\"Chlo\xc3\xa9\"}", i);
			effects_log(&effects, id, entry);
		}
		w.answered = false;
		store_commit(store, &c, on_commit, &w);
		loop_until_flag(&loop, &w.answered);
		assert_int_equal(w.status, STORE_OK);
	}
	store_close(store);
	loop_finish(&loop);
	arena_free(arena);
}

/* What audit says of the workspace; the caller frees it. */
static char *audit_text(const char *id, bool heads, struct audit *a)
{
	struct err err = {0};
	char *text = NULL;
	size_t len;
	int status;

	memset(a, 0, sizeof(*a));
	a->redis = redisConnectUnix(redis.socket);
	a->workspace = "acme";
	a->heads = heads;
	a->out = open_memstream(&text, &len);
	status = id ? audit_one(a, id, &err) : audit_all(a, &err);
	if (status < 0)
		fprintf(a->out, "error: %s", err.text);
	fclose(a->out);
	redisFree(a->redis);
	return text;
}

static void assert_audit(const char *id, unsigned long broken, const char *says)
{
	struct audit a;
	char *text = audit_text(id, false, &a);

	assert_string_equal(text, says);
	assert_int_equal(a.broken, broken);
	free(text);
}

static void test_whole(void **state)
{
	struct audit a;
	char *text;

	(void)state;
	assert_audit(NULL, 0, "");
	assert_audit("incident:INC-7", 0, "");
	assert_audit("inc-7", 0, "");
	assert_audit("INC-8", 0, "error: there is no document INC-8 in workspace acme");
	text = audit_text(NULL, true, &a);
	assert_int_equal(a.logs, 2);
	assert_int_equal(a.entries, ENTRIES + 1);
	assert_non_null(strstr(text, "incident:INC-7 1203 "));
	free(text);
}

/* The chain as the header describes it; the expected hash comes from sha256sum:
 * printf '%064d\n1\n1800000000000\n{"a":1}' 0 | sha256sum */
static void test_hash_is_as_documented(void **state)
{
	static const char expected[] = "5748378296b6615f8b708dff2f879c31b18fd931a9a1a352898d0cd57d5ffd53";
	char hash[CHAIN_HASH_LEN + 1];
	struct chain *c = chain_new();

	(void)state;
	assert_true(chain_next(c, CHAIN_START, 1, NOW, "{\"a\":1}", 7, hash));
	assert_string_equal(hash, expected);
	chain_free(c);
}

static void test_changed_entry(void **state)
{
	char *copy;

	(void)state;
	copy = strdup(redis_ask(&redis, "LINDEX %s 700", LOG_KEY)->str);
	*strstr(copy, "700") = '8';
	redis_ask(&redis, "LSET %s 700 %s", LOG_KEY, copy);
	free(copy);
	assert_audit(NULL, 1, "broken incident:INC-7: entry 701 was changed: its hash does not fit\n");
}

static void test_changed_time(void **state)
{
	char *copy;

	(void)state;
	copy = strdup(redis_ask(&redis, "LINDEX %s 2", LOG_KEY)->str);
	assert_int_equal(strncmp(copy, "3 1800000000000 ", 16), 0);
	copy[4] = '9';
	redis_ask(&redis, "LSET %s 2 %s", LOG_KEY, copy);
	free(copy);
	assert_audit(NULL, 1, "broken incident:INC-7: entry 3 was changed: its hash does not fit\n");
}

static void test_deleted_entry(void **state)
{
	(void)state;
	redis_ask(&redis, "LSET %s 4 gone", LOG_KEY);
	redis_ask(&redis, "LREM %s 1 gone", LOG_KEY);
	assert_audit(NULL, 1, "broken incident:INC-7: entry 5 is missing: 6 is in its place\n");
}

static void test_cut_short(void **state)
{
	(void)state;
	redis_ask(&redis, "LTRIM %s 0 999", LOG_KEY);
	assert_audit(NULL, 1,
		"broken incident:INC-7: cut short: entry 1001 is missing, 1203 were written\n");
}

static void test_log_removed(void **state)
{
	(void)state;
	redis_ask(&redis, "DEL %s", LOG_KEY);
	assert_audit(NULL, 1, "broken incident:INC-7: cut short: entry 1 is missing, 1203 were written\n");
}

static void test_document_removed(void **state)
{
	(void)state;
	redis_ask(&redis, "DEL %s", DOC_KEY);
	assert_audit(NULL, 1, "broken incident:INC-7: there is a log of 1203 entries but no document\n");
}

static void test_entry_put_in(void **state)
{
	char *copy, *fifth;

	(void)state;
	copy = strdup(redis_ask(&redis, "LINDEX %s -1", LOG_KEY)->str);
	redis_ask(&redis, "RPUSH %s %s", LOG_KEY, copy);
	assert_audit(NULL, 1,
		"broken incident:INC-7: entry 1204 was put in: the document knows of 1203\n");
	redis_ask(&redis, "RPOP %s", LOG_KEY);
	fifth = strdup(redis_ask(&redis, "LINDEX %s 4", LOG_KEY)->str);
	redis_ask(&redis, "LINSERT %s AFTER %s %s", LOG_KEY, fifth, fifth);
	assert_audit(NULL, 1, "broken incident:INC-7: entry 5 is in the place of entry 6\n");
	free(copy);
	free(fifth);
}

static void test_swapped_entries(void **state)
{
	char *one, *two;

	(void)state;
	one = strdup(redis_ask(&redis, "LINDEX %s 0", LOG_KEY)->str);
	two = strdup(redis_ask(&redis, "LINDEX %s 1", LOG_KEY)->str);
	redis_ask(&redis, "LSET %s 0 %s", LOG_KEY, two);
	redis_ask(&redis, "LSET %s 1 %s", LOG_KEY, one);
	assert_audit(NULL, 1, "broken incident:INC-7: entry 1 is missing: 2 is in its place\n");
	free(one);
	free(two);
}

static void test_both_cut_and_count_forged(void **state)
{
	(void)state;
	redis_ask(&redis, "LTRIM %s 0 9", LOG_KEY);
	redis_ask(&redis, "HSET %s v 172:10", DOC_KEY);
	assert_audit(NULL, 1,
		"broken incident:INC-7: entry 10 has not the hash that the document knows\n");
}

static void test_rubbish(void **state)
{
	(void)state;
	redis_ask(&redis, "LSET %s 0 %s", LOG_KEY, "what is this");
	assert_audit(NULL, 1,
		"broken incident:INC-7: entry 1 is not in the form in which entries are kept\n");
	redis_ask(&redis, "DEL %s", LOG_KEY);
	redis_ask(&redis, "SET %s x", LOG_KEY);
	assert_audit("incident:INC-7", 1,
		"broken incident:INC-7: the keys of the document or its log are of another type\n");
}

static int audit_command(char *a, char *b, char *c)
{
	char name[] = "audit", workspace[] = "--workspace=acme";
	char *argv[] = {name, workspace, a, b, c, NULL};
	int argc = 2;

	while (argv[argc])
		argc++;
	return cli_audit(argc, argv);
}

static void test_command_line(void **state)
{
	char where[160], all_of[] = "INC-7", wrong[] = "--wrong", help[] = "--help";

	(void)state;
	snprintf(where, sizeof(where), "--redis=%s", redis.url);
	assert_int_equal(audit_command(where, NULL, NULL), 0);
	assert_int_equal(audit_command(where, all_of, NULL), 0);
	assert_int_equal(audit_command(wrong, NULL, NULL), 2);
	assert_int_equal(audit_command(help, NULL, NULL), 0);
	redis_ask(&redis, "LTRIM %s 0 9", LOG_KEY);
	assert_int_equal(audit_command(where, NULL, NULL), 1);
	snprintf(where, sizeof(where), "--redis=unix:///no/such/socket");
	assert_int_equal(audit_command(where, NULL, NULL), 1);
	snprintf(where, sizeof(where), "--data=/no/such/folder");
	assert_int_equal(audit_command(where, NULL, NULL), 1);
}

/* The embedded Redis's folder while nothing runs on it. */
static void test_data_folder_alone(void **state)
{
	char where[160];

	(void)state;
	redis_end(&redis);
	snprintf(where, sizeof(where), "--data=%s", redis.dir);
	assert_int_equal(audit_command(where, NULL, NULL), 0);
	redis_restart(&redis);
	redis_ask(&redis, "LTRIM %s 0 9", LOG_KEY);
	redis_end(&redis);
	assert_int_equal(audit_command(where, NULL, NULL), 1);
	redis_restart(&redis);
}

static int fill(void **state)
{
	(void)state;
	redis_ask(&redis, "FLUSHALL");
	log_write_entries("incident:INC-7", ENTRIES);
	log_write_entries("incident:INC-9", 1);
	return 0;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_whole, fill),
		cmocka_unit_test(test_hash_is_as_documented),
		cmocka_unit_test_setup(test_changed_entry, fill),
		cmocka_unit_test_setup(test_changed_time, fill),
		cmocka_unit_test_setup(test_deleted_entry, fill),
		cmocka_unit_test_setup(test_cut_short, fill),
		cmocka_unit_test_setup(test_log_removed, fill),
		cmocka_unit_test_setup(test_document_removed, fill),
		cmocka_unit_test_setup(test_entry_put_in, fill),
		cmocka_unit_test_setup(test_swapped_entries, fill),
		cmocka_unit_test_setup(test_both_cut_and_count_forged, fill),
		cmocka_unit_test_setup(test_rubbish, fill),
		cmocka_unit_test_setup(test_command_line, fill),
		cmocka_unit_test_setup(test_data_folder_alone, fill),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
