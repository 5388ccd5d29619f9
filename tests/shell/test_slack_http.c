/* test_slack_http.c - the signature of HTTP requests, with Slack's published vector. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bot/slack/slack_http.h"

static const char secret[] = "8f742231b10e8888abcd99yyyzzz85a5";
static const char stamp[] = "1531420618";
static const char body[] =
	"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
	"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
	"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
	"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
static const char good[] = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
#define SENT 1531420618

static bool check(const char *key, const char *when, const char *signature, const char *text,
	int64_t now)
{
	return slack_signature_ok(key, when, signature, text, strlen(text), now);
}

static void published_vector_passes(void **state)
{
	(void)state;
	assert_true(check(secret, stamp, good, body, SENT));
}

static void window_is_five_minutes_both_ways(void **state)
{
	(void)state;
	assert_true(check(secret, stamp, good, body, SENT + 300));
	assert_true(check(secret, stamp, good, body, SENT - 300));
	assert_false(check(secret, stamp, good, body, SENT + 301));
	assert_false(check(secret, stamp, good, body, SENT - 301));
}

static void anything_changed_fails(void **state)
{
	char other[sizeof(body)], upper[sizeof(good)];
	size_t i;

	(void)state;
	memcpy(other, body, sizeof(body));
	other[10] ^= 1;
	memcpy(upper, good, sizeof(good));
	for (i = 3; i < sizeof(good) - 1; i++)
		if (upper[i] >= 'a')
			upper[i] = (char)(upper[i] - 32);
	assert_false(check(secret, stamp, good, other, SENT));
	assert_false(check(secret, stamp, upper, body, SENT));
	assert_false(check("another secret", stamp, good, body, SENT));
	assert_false(check(secret, "1531420619", good, body, SENT));
	assert_false(check(secret, "01531420618", good, body, SENT));
	assert_false(check(secret, " 1531420618", good, body, SENT));
	assert_false(check(secret, "1531420618x", good, body, SENT));
	assert_false(check(secret, "", good, body, SENT));
	assert_false(check(secret, "99999999999999999999999", good, body, SENT));
	assert_false(check(secret, stamp, "", body, SENT));
	assert_false(check(secret, stamp, "v0=", body, SENT));
	assert_false(check(secret, stamp, good + 3, body, SENT));
	assert_false(slack_signature_ok(secret, stamp, good, body, sizeof(body), SENT));
}

static void no_secret_lets_nobody_in(void **state)
{
	(void)state;
	/* The right signature for an empty key. */
	assert_false(check("", "1763650000",
		"v0=0000000000000000000000000000000000000000000000000000000000000000", "", 1763650000));
	assert_false(check("", stamp, good, body, SENT));
}

static void kinds_of_bodies(void **state)
{
	(void)state;
	assert_int_equal(slack_body_kind("application/json"), SLACK_BODY_JSON);
	assert_int_equal(slack_body_kind("Application/JSON; charset=utf-8"), SLACK_BODY_JSON);
	assert_int_equal(slack_body_kind("application/jsonx"), SLACK_BODY_FORM);
	assert_int_equal(slack_body_kind("application/x-www-form-urlencoded"), SLACK_BODY_FORM);
	assert_int_equal(slack_body_kind(""), SLACK_BODY_FORM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_vector_passes),
		cmocka_unit_test(window_is_five_minutes_both_ways),
		cmocka_unit_test(anything_changed_fails), cmocka_unit_test(no_secret_lets_nobody_in),
		cmocka_unit_test(kinds_of_bodies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
