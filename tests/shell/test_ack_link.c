/* test_ack_link.c - who can acknowledge with a link: its owner, for a week, and nobody else. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bot/sign.h"
#include "bot/web/ack_link.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/err.h"

#define NOW 1769616000000LL

static struct arena *arena;
static struct ack_link_key key;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(1 << 24);
	ack_link_key_derive(&key, "a secret", 8);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static const char *token_of(const char *command, const char *person, int64_t expires_ms)
{
	struct ack_link link = {.command = command, .person = person, .expires_ms = expires_ms};

	return ack_link_sign(arena, &key, &link, NULL);
}

static enum ack_link_verdict verify(const char *token, int64_t now_ms, struct ack_link *out)
{
	return ack_link_verify(arena, &key, token, strlen(token), now_ms, out);
}

static void test_good_link_says_who_and_what(void **state)
{
	const char *t = token_of("incident ack INC-42", "ada", NOW + ACK_LINK_LIFE_MS);
	struct ack_link out;

	(void)state;
	assert_int_equal(verify(t, NOW, &out), ACK_LINK_GOOD);
	assert_string_equal(out.command, "incident ack INC-42");
	assert_string_equal(out.person, "ada");
	assert_int_equal(out.expires_ms, NOW + ACK_LINK_LIFE_MS);
	assert_int_equal(strspn(t, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."),
		strlen(t));
	assert_string_equal(ack_link_url(arena, "https://x.example.com//", "T"),
		"https://x.example.com/ack?t=T");
	assert_string_equal(ack_link_url(arena, "https://x.example.com/bot", "T"),
		"https://x.example.com/bot/ack?t=T");
}

static void test_link_dies_after_its_time(void **state)
{
	const char *t = token_of("incident ack INC-42", "ada", NOW);
	struct ack_link out;

	(void)state;
	assert_int_equal(verify(t, NOW - 1, &out), ACK_LINK_GOOD);
	assert_int_equal(verify(t, NOW, &out), ACK_LINK_EXPIRED);
	assert_string_equal(out.command, "incident ack INC-42"); /* so that the page can say for what */
}

/* Every single character changed to every other one of the alphabet: never good. */
static void test_every_changed_character_is_noticed(void **state)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";
	char *t = arena_strdup(arena, token_of("incident ack INC-42", "ada", NOW + 1000));
	struct ack_link out;
	size_t i, k, n = strlen(t);

	(void)state;
	for (i = 0; i < n; i++) {
		char was = t[i];

		for (k = 0; alphabet[k]; k++) {
			if (alphabet[k] == was)
				continue;
			t[i] = alphabet[k];
			if (ack_link_verify(arena, &key, t, n, NOW, &out) != ACK_LINK_FORGED)
				fail_msg("character %zu as '%c' passed", i, alphabet[k]);
		}
		t[i] = was;
	}
	assert_int_equal(verify(t, NOW, &out), ACK_LINK_GOOD);
	for (i = 0; i < n; i++)
		assert_int_equal(ack_link_verify(arena, &key, t, i, NOW, &out), ACK_LINK_FORGED);
}

/* The signature of one link under the payload of another person's. */
static void test_signature_does_not_move_to_another_person(void **state)
{
	const char *ada = token_of("incident ack INC-42", "ada", NOW + 1000);
	const char *ben = token_of("incident ack INC-42", "ben", NOW + 1000);
	const char *mixed = arena_printf(arena, "%.*s%s", (int)(strchr(ben, '.') - ben), ben,
		strchr(ada, '.'));
	struct ack_link out;

	(void)state;
	assert_int_equal(verify(mixed, NOW, &out), ACK_LINK_FORGED);
	assert_string_equal(out.person, "");
}

static void test_other_keys_are_refused(void **state)
{
	const char *t = token_of("incident ack INC-42", "ada", NOW + 1000);
	struct ack_link_key other;
	struct ack_link out;

	(void)state;
	ack_link_key_derive(&other, "b secret", 8);
	assert_int_equal(ack_link_verify(arena, &other, t, strlen(t), NOW, &out), ACK_LINK_FORGED);
	/* The secret itself is not the key: what else it signs is no link. */
	memset(&other, 0, sizeof(other));
	memcpy(other.bytes, "a secret", 8);
	assert_int_equal(ack_link_verify(arena, &other, t, strlen(t), NOW, &out), ACK_LINK_FORGED);
}

static void test_bounds(void **state)
{
	char command[ACK_LINK_COMMAND_MAX + 2];
	static char big[ACK_LINK_TOKEN_MAX + 2];
	struct ack_link link = {.command = command, .person = "ada", .expires_ms = NOW + 1000}, out;
	struct err err = {0};
	const char *t;

	(void)state;
	memset(command, 'x', sizeof(command));
	command[ACK_LINK_COMMAND_MAX] = '\0';
	t = ack_link_sign(arena, &key, &link, &err);
	assert_non_null(t);
	assert_int_equal(verify(t, NOW, &out), ACK_LINK_GOOD);
	command[ACK_LINK_COMMAND_MAX] = 'x';
	command[ACK_LINK_COMMAND_MAX + 1] = '\0';
	assert_null(ack_link_sign(arena, &key, &link, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	memset(big, 'A', sizeof(big) - 1);
	big[4] = '.';
	assert_int_equal(verify(big, NOW, &out), ACK_LINK_FORGED);
	assert_int_equal(verify("", NOW, &out), ACK_LINK_FORGED);
	assert_int_equal(verify(".", NOW, &out), ACK_LINK_FORGED);
}

/* A genuine signature on something that is no link. */
static void test_signed_nonsense_is_refused(void **state)
{
	static const char *const payloads[] = {"[]", "{}", "null", "{\"cmd\":\"x\"}", "{\"cmd\":1,\"person\":2,\"exp\":3}",
		"{\"cmd\":\"x\",\"person\":\"ada\",\"exp\":-1}", "{\"cmd\":\"\",\"person\":\"ada\",\"exp\":99999999999}"};
	unsigned char mac[32];
	struct ack_link out;
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		buf_init_arena(&b, arena, 4096);
		hmac_sha256(key.bytes, sizeof(key.bytes), payloads[i], strlen(payloads[i]), mac);
		base64url_encode(&b, payloads[i], strlen(payloads[i]));
		buf_char(&b, '.');
		base64url_encode(&b, mac, sizeof(mac));
		assert_int_equal(verify(buf_text(&b), NOW, &out), ACK_LINK_FORGED);
	}
}

/* Memory fails at the first, second, third... allocation: no link, and nothing good comes of it. */
static void test_every_allocation_may_fail(void **state)
{
	const char *good = token_of("incident ack INC-42", "ada", NOW + 1000);
	struct ack_link link = {.command = "incident ack INC-42", .person = "ada", .expires_ms = NOW + 1000};
	volatile unsigned long n;
	volatile bool done = false;

	(void)state;
	for (n = 1; !done && n < 100; n++) {
		struct arena *a = arena_new(1 << 20);

		if (setjmp(*arena_recovery(a)) == 0) {
			arena_fail_at(a, n);
			done = ack_link_verify(a, &key, good, strlen(good), NOW, &link) == ACK_LINK_GOOD &&
				ack_link_sign(a, &key, &link, NULL) != NULL;
		}
		arena_recovery_clear(a);
		arena_free(a);
	}
	assert_true(done);
	assert_true(n > 2);
}

/* RFC 4648, section 10. */
static void test_base64_vectors(void **state)
{
	static const char *const v[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
		{"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	unsigned char out[16];
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		buf_init_arena(&b, arena, 64);
		base64_encode(&b, v[i][0], strlen(v[i][0]));
		assert_string_equal(buf_text(&b), v[i][1]);
		assert_int_equal(base64_decode(v[i][1], strlen(v[i][1]), out, sizeof(out)),
			strlen(v[i][0]));
		assert_memory_equal(out, v[i][0], strlen(v[i][0]));
	}
	assert_int_equal(base64_decode("Zg=", 3, out, sizeof(out)), -1);
	assert_int_equal(base64_decode("Zh==", 4, out, sizeof(out)), -1); /* unused bits */
	assert_int_equal(base64_decode("Z-==", 4, out, sizeof(out)), -1);
	assert_int_equal(base64_decode("====", 4, out, sizeof(out)), -1);
	assert_int_equal(base64_decode("Zm9vYmFy", 8, out, 5), -1);
	assert_int_equal(base64url_decode("Zg==", 4, out, sizeof(out)), -1);
	assert_int_equal(base64url_decode("_-8", 3, out, sizeof(out)), 2);
}

/* RFC 4231, test case 2. */
static void test_hmac_vector(void **state)
{
	unsigned char mac[32];
	char hex[65];

	(void)state;
	assert_int_equal(hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac), 0);
	hex_encode(mac, sizeof(mac), hex);
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good_link_says_who_and_what, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_dies_after_its_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_changed_character_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signature_does_not_move_to_another_person, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_keys_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signed_nonsense_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_allocation_may_fail, setup, teardown),
		cmocka_unit_test_setup_teardown(test_base64_vectors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hmac_vector, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
