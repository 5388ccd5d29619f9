/*
 * test_webhook.c - our outgoing webhooks: the signature by a published vector and by a second
 * implementation, what receivers see, and what their answers mean.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <jansson.h>
#include <openssl/evp.h>

#include "bot/reach/webhook_body.h"
#include "support_reach.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"

#define NOW 1795183200
#define SECRET "whsec_pbtDixPdAhU+kde/cj+jyWErEsejXe59L/1V/yKAfE8="
#define ID "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj"
#define GOOD "v1,fgNGdE2+Sd7HueRsdGFyyaXYvYMyZRPw3alBYSDLUPc="

/* This vector was checked with the reference library of Standard Webhooks. */
static const char body[] = "{\"type\":\"incident.acknowledged\",\"timestamp\":\"2026-11-20T14:00:00Z\","
	"\"data\":{\"incident\":\"INC-42\"}}";

static struct arena *arena;
static struct reach_house house;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(1 << 24);
	reach_house_open(&house, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	reach_house_close(&house);
	arena_free(arena);
	return 0;
}

static void test_signature_vector(void **state)
{
	(void)state;
	assert_string_equal(webhook_sign(arena, SECRET, ID, NOW, body, strlen(body), NULL), GOOD);
	assert_string_equal(webhook_sign(arena, SECRET " " SECRET, ID, NOW, body, strlen(body), NULL),
		GOOD " " GOOD);
}

static bool verify(const char *id, const char *at, const char *signatures, int64_t now_s)
{
	return webhook_verify(arena, SECRET, id, at, signatures, body, strlen(body), now_s);
}

static void test_verifying(void **state)
{
	(void)state;
	assert_true(verify(ID, "1795183200", GOOD, NOW));
	assert_true(verify(ID, "1795183200", "v1,AAAA " GOOD, NOW));
	assert_true(verify(ID, "1795183200", "v1a,AAAA " GOOD, NOW));
	assert_false(verify(ID, "1795183200", &GOOD[3], NOW)); /* without its version */
	assert_false(verify(ID, "1795182840", "v1,scvmt2T5NmS8YY0DAOhkBnZ93eHKLiLp5/c2dqUiqZ8=", NOW));
	assert_true(verify(ID, "1795182840", "v1,scvmt2T5NmS8YY0DAOhkBnZ93eHKLiLp5/c2dqUiqZ8=", NOW - 360));
	assert_false(verify(ID, "1795183560", "v1,NCITWaeLTEVzfpx/K2RXpbD09kO/hB5Rp+mLcg8TD+o=", NOW));
	assert_false(verify("msg_other", "1795183200", GOOD, NOW));
	assert_false(verify(ID, "1795183200",
		"v1,7e0346744dbe49dec7b9e46c746172c9a5d8bd83326513f0dda9416120cb50f7", NOW));
	assert_false(verify(ID, "1795183200", "v1,CF5uUaycBQFENAJjiw79kBBNsTxJM5YhEYMEDr2GqFw=", NOW));
	/* The edges of the tolerance, and times that are none. */
	assert_true(verify(ID, "1795183200", GOOD, NOW + 300));
	assert_false(verify(ID, "1795183200", GOOD, NOW + 301));
	assert_true(verify(ID, "1795183200", GOOD, NOW - 300));
	assert_false(verify(ID, "1795183200", GOOD, NOW - 301));
	assert_false(verify(ID, "", GOOD, NOW));
	assert_false(verify(ID, "-1795183200", GOOD, NOW));
	assert_false(verify(ID, "1795183200.0", GOOD, NOW));
	assert_false(verify("", "1795183200", GOOD, NOW));
	assert_false(verify(ID, "1795183200", "", NOW));
}

static void test_malformed_secrets(void **state)
{
	static const char *const bad[] = {"", "pbtDixPdAhU+kde/cj+jyWErEsejXe59L/1V/yKAfE8=", "whsec_",
		"whsec_AAAA", "whsec_pbtDixPdAhU+kde/cj+jyWErEsejXe59L/1V/yKAfE8", "whsec_****",
		SECRET "  x"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {0};

		assert_null(webhook_sign(arena, bad[i], ID, NOW, body, strlen(body), &err));
		assert_int_equal(err.code, ERR_CONFIG);
		assert_null(strstr(err.text, "pbtDix")); /* the secret itself is never told */
	}
}

static void test_ids(void **state)
{
	(void)state;
	assert_string_equal(webhook_id(arena, "INC-42/page/7"), "INC-42/page/7");
	assert_string_equal(webhook_id(arena, "a.b"), "a~2eb");
	assert_string_equal(webhook_id(arena, "a~2eb"), "a~7e2eb"); /* still another one */
	assert_string_equal(webhook_id(arena, "a\r\nx: y"), "a~0d~0ax:~20y");
}

static void test_body(void **state)
{
	struct buf b;

	(void)state;
	buf_init_arena(&b, arena, 1 << 20);
	assert_int_equal(webhook_body(&b, arena, "incident.page", 1769616000123, "{\"id\":\"INC-42\",\"n\":[1,true]}",
		"P0: \"down\"", NULL), 0);
	assert_string_equal(buf_text(&b), "{\"type\":\"incident.page\",\"timestamp\":\"2026-01-28T16:00:00.123Z\","
		"\"data\":{\"id\":\"INC-42\",\"n\":[1,true],\"text\":\"P0: \\\"down\\\"\"}}");
	buf_reset(&b);
	assert_int_equal(webhook_body(&b, arena, "t", 0, "[1]", NULL, NULL), -1);
}

/* At the bound the event is whole; past it, it is thin, still valid and says so. */
static void test_body_bound(void **state)
{
	char *data = arena_alloc(arena, WEBHOOK_BODY_MAX + 64);
	struct buf b;
	size_t fixed;
	json_t *o;

	(void)state;
	snprintf(data, 64, "{\"id\":\"INC-42\",\"x\":\"");
	buf_init_arena(&b, arena, 1 << 20);
	webhook_body(&b, arena, "t", 0, "{\"id\":\"INC-42\",\"x\":\"\"}", NULL, NULL);
	fixed = b.len;
	memset(data + 20, 'x', WEBHOOK_BODY_MAX - fixed);
	memcpy(data + 20 + WEBHOOK_BODY_MAX - fixed, "\"}", 3);
	buf_reset(&b);
	assert_int_equal(webhook_body(&b, arena, "t", 0, data, NULL, NULL), 0);
	assert_int_equal(b.len, WEBHOOK_BODY_MAX);
	assert_null(strstr(buf_text(&b), "shortened"));
	memcpy(data + 20 + WEBHOOK_BODY_MAX - fixed, "x\"}", 4);
	buf_reset(&b);
	assert_int_equal(webhook_body(&b, arena, "t", 0, data, NULL, NULL), 0);
	assert_true(b.len < 200);
	o = json_loads(buf_text(&b), 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json_object_get(o, "data"), "id")), "INC-42");
	assert_true(json_is_true(json_object_get(json_object_get(o, "data"), "shortened")));
	json_decref(o);
}

/* Memory fails at the first, second, third... allocation: it is told or jumped out of, never more. */
static void test_every_allocation_may_fail(void **state)
{
	static const char data[] = "{\"id\":\"INC-42\",\"to\":{\"name\":\"Ada Park\"},\"list\":[1,2,3]}";
	volatile unsigned long n;
	volatile bool done = false;

	(void)state;
	for (n = 1; !done && n < 200; n++) {
		struct arena *a = arena_new(1 << 20);
		struct buf b;

		if (setjmp(*arena_recovery(a)) == 0) {
			arena_fail_at(a, n);
			buf_init_arena(&b, a, 1 << 16);
			done = webhook_body(&b, a, "incident.page", 1769616000123, data, "text", NULL) == 0 &&
				webhook_sign(a, SECRET, webhook_id(a, "INC-42/page/7"), NOW, b.data, b.len, NULL);
		}
		arena_recovery_clear(a);
		arena_free(a);
	}
	assert_true(done);
	assert_true(n > 5);
}

static struct plan_connection connection = {.key = "bridge", .kind = PLAN_CONN_WEBHOOK,
	.kind_name = "webhook", .secret = SECRET, .private_ok = true};
static const struct plan plan = {.connections = &connection, .n_connections = 1, .timezone = "UTC"};

static struct send page(void)
{
	return (struct send){.lane = LANE_PAGE, .op = "webhook", .key = "INC-42/page/7", .via = "bridge",
		.entity = "incident:INC-42", .arg = "incident.page", .template_name = "page/webhook",
		.data = "{\"id\":\"INC-42\",\"severity\":\"P0\",\"title\":\"Checkout <@U0ADA> down\"}"};
}

/* Independent of bot/sign.c: OpenSSL's own base64 and HMAC through another interface. */
static void assert_signed(const struct taken_call *c)
{
	unsigned char key[64], mac[64], text[33000], b64[128];
	size_t mac_len = 0;
	EVP_PKEY *pkey;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char want[256];
	int n = snprintf((char *)text, sizeof(text), "%s.%s.", c->id, c->at);

	memcpy(text + n, c->body, c->len);
	assert_int_equal(EVP_DecodeBlock(key, (const unsigned char *)SECRET + 6, (int)strlen(SECRET) - 6), 33);
	pkey = EVP_PKEY_new_mac_key(EVP_PKEY_HMAC, NULL, key, 32);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey), 1);
	mac_len = sizeof(mac);
	assert_int_equal(EVP_DigestSign(ctx, mac, &mac_len, text, (size_t)n + c->len), 1);
	EVP_EncodeBlock(b64, mac, (int)mac_len);
	snprintf(want, sizeof(want), "v1,%s", b64);
	assert_string_equal(c->signature, want);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
}

static void test_receiver_gets_a_signed_call(void **state)
{
	struct send s = page();
	struct taken_call *c = &house.taken[0];
	json_t *o, *data;

	(void)state;
	connection.url = house.url;
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	assert_int_equal(house.n_taken, 1);
	assert_string_equal(c->method, "POST");
	assert_string_equal(c->type, "application/json");
	assert_string_equal(c->id, "INC-42/page/7");
	assert_in_range(strtoll(c->at, NULL, 10), clock_wall_ms() / 1000 - 60, clock_wall_ms() / 1000);
	assert_signed(c);
	o = json_loadb(c->body, c->len, JSON_REJECT_DUPLICATES, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "type")), "incident.page");
	assert_string_equal(json_string_value(json_object_get(o, "timestamp")), "2026-01-28T16:00:00.123Z");
	data = json_object_get(o, "data");
	assert_string_equal(json_string_value(json_object_get(data, "id")), "INC-42");
	assert_non_null(strstr(json_string_value(json_object_get(data, "text")), "P0 INC-42: Checkout <@U0ADA> down"));
	json_decref(o);
	/* Another attempt has the same id. */
	reach_house_deliver(&house, &plan, &s);
	assert_string_equal(house.taken[1].id, "INC-42/page/7");
	assert_signed(&house.taken[1]);
	assert_int_equal(house.times_told, 2);
}

static void test_without_a_secret_it_is_unsigned(void **state)
{
	struct send s = page();

	(void)state;
	connection.url = house.url;
	connection.secret = NULL;
	reach_house_deliver(&house, &plan, &s);
	connection.secret = SECRET;
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	assert_string_equal(house.taken[0].signature, "");
	assert_string_equal(house.taken[0].id, "INC-42/page/7");
}

static void test_what_answers_mean(void **state)
{
	static const struct {
		int status;
		enum sent_outcome outcome;
	} cases[] = {
		{200, SENT_ACCEPTED}, {202, SENT_ACCEPTED}, {204, SENT_ACCEPTED}, {303, SENT_REFUSED},
		{400, SENT_REFUSED}, {401, SENT_REFUSED}, {404, SENT_REFUSED}, {410, SENT_REFUSED},
		{408, SENT_LATER}, {429, SENT_LATER}, {500, SENT_LATER}, {503, SENT_LATER}, {504, SENT_LATER},
	};
	struct send s = page();
	char want[32];
	size_t i;

	(void)state;
	connection.url = house.url;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		house.status = cases[i].status;
		house.headers = cases[i].status == 303 ? "Location: /elsewhere\r\n"
			: cases[i].status == 429 ? "Retry-After: 7\r\n" : NULL;
		reach_house_deliver(&house, &plan, &s);
		if (house.outcome != cases[i].outcome)
			fail_msg("%d gave %d", cases[i].status, house.outcome);
		snprintf(want, sizeof(want), "http_%d", cases[i].status);
		assert_string_equal(house.error, cases[i].outcome == SENT_ACCEPTED ? "" : want);
		if (cases[i].status == 429)
			assert_int_equal(house.retry_after_ms, 7000);
		if (cases[i].status == 303)
			assert_non_null(strstr(house.detail, "redirect"));
	}
	assert_int_equal(house.n_taken, sizeof(cases) / sizeof(cases[0])); /* no redirect was followed */
}

static void test_private_addresses_only_by_name(void **state)
{
	struct send s = page();

	(void)state;
	connection.url = house.url;
	connection.private_ok = false;
	reach_house_deliver(&house, &plan, &s);
	connection.private_ok = true;
	assert_int_not_equal(house.outcome, SENT_ACCEPTED);
	assert_int_equal(house.n_taken, 0);
}

static void test_nobody_listens(void **state)
{
	struct send s = page();

	(void)state;
	connection.url = "http://127.0.0.1:1/hook";
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_LATER);
	assert_string_equal(house.error, "unreachable");
}

static void test_faulty_entries(void **state)
{
	struct send s = page();

	(void)state;
	connection.url = house.url;
	s.via = "none";
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_REFUSED);
	assert_string_equal(house.error, "no_such_connection");
	s = page();
	s.data = "no JSON";
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_REFUSED);
	s = page();
	s.op = "fax";
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_REFUSED);
	assert_string_equal(house.error, "no_such_way");
	connection.secret = "whsec_short";
	s = page();
	reach_house_deliver(&house, &plan, &s);
	connection.secret = SECRET;
	assert_string_equal(house.error, "bad_secret");
	assert_int_equal(house.n_taken, 0);
}

/* Closing with attempts outstanding: nobody is called back, nothing is left. */
static void test_close_with_attempts_in_flight(void **state)
{
	struct send s = page(), t = page();

	(void)state;
	connection.url = house.url;
	reach_house_send(&house, &plan, &s);
	t.via = "none";
	reach_house_send(&house, &plan, &t);
	reach_house_close(&house);
	assert_int_equal(house.times_told, 0);
	reach_house_open(&house, NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_signature_vector), T(test_verifying), T(test_malformed_secrets), T(test_ids),
		T(test_body), T(test_body_bound), T(test_every_allocation_may_fail), T(test_receiver_gets_a_signed_call),
		T(test_without_a_secret_it_is_unsigned), T(test_what_answers_mean),
		T(test_private_addresses_only_by_name), T(test_nobody_listens), T(test_faulty_entries),
		T(test_close_with_attempts_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
