/* test_web_twilio.c - callbacks of Twilio: keys, calls that ended, text messages. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "bot/reach/twilio_wire.h"
#include "web_house.h"

#define AUTH_TOKEN "12345678901234567890123456789012"
#define BASE "https://ops.example.com/bot"
#define REF "e=incident%3AINC-42&n=page%3A7&p=ada&o="
#define CALL "CallSid=CA00000000000000000000000000000001"

static const struct plan_person people[] = {
	{.key = "ada", .name = "Ada Park", .phone = "+15550100001"},
	{.key = "ben", .name = "Ben Ortiz", .phone = "+15550100002"},
};
static const struct plan_connection connections[] = {
	{.key = "phone", .kind = PLAN_CONN_TWILIO, .token = AUTH_TOKEN},
	{.key = "mail", .kind = PLAN_CONN_SMTP},
};
static struct plan plan = {.timezone = "UTC", .people = people, .n_people = 2, .connections = connections,
	.n_connections = 2};

static int setup(void **state)
{
	(void)state;
	plan.public_url = BASE;
	web_house_open(&plan);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return web_house_close();
}

/* Signed as Twilio does: over the address outside, which is not the one that arrives here. */
static struct talk *call_back(const char *path, const char *body)
{
	struct arena *a = arena_new(1 << 20);
	const char *url = arena_printf(a, BASE "%s", path);
	struct talk *t = post(path, arena_printf(a, "Content-Type: application/x-www-form-urlencoded\r\n"
		"X-Twilio-Signature: %s\r\n", twilio_sign(a, AUTH_TOKEN, url, body, strlen(body))), body);

	arena_free(a);
	return t;
}

static void test_pressing_one_acknowledges(void **state)
{
	struct talk *t = call_back("/twilio/phone/gather?" REF "phone&t=1", CALL "&Digits=1");
	const struct request *r;

	(void)state;
	wait_submitted(1);
	r = submitted[0].req;
	assert_int_equal(r->kind, REQUEST_COMMAND);
	assert_int_equal(r->source, SOURCE_LINK);
	assert_string_equal(r->who.user, "person:ada");
	assert_string_equal(r->family, "incident");
	assert_string_equal(r->text, "ack INC-42");
	assert_string_equal(r->id, "twilio:CA00000000000000000000000000000001:1");
	assert_true(submitted[0].deadline_ms > 0);
	assert_string_equal(talk_text(t), ""); /* not before the commit */
	answer_with(0, ANSWER_DONE, REPLY_PRIVATE, "incident/acked", "{\"id\":\"INC-42\"}");
	assert_answer(t, "200", "<Say>You have INC-42 now, and nobody else is called. Goodbye.</Say><Hangup/>");
}

static void test_what_the_call_hears(void **state)
{
	(void)state;
	for (int kind = ANSWER_REFUSED; kind <= ANSWER_BROKEN; kind++) {
		struct talk *t = call_back("/twilio/phone/gather?" REF "phone&t=2", CALL "&Digits=1");

		wait_submitted(1);
		answer_with(0, (enum answer_kind)kind, REPLY_PRIVATE, "incident/over", "{\"id\":\"INC-42\",\"resolved\":true}");
		n_submitted = 0;
		assert_answer(t, "200", kind == ANSWER_REFUSED ? "<Say>INC-42 is resolved already."
			: "<Say>That could not be recorded. Please acknowledge INC-42 in chat. Goodbye.</Say>");
	}
}

/* A mailbox presses nothing. Whoever needs a moment is asked three times. */
static void test_no_key(void **state)
{
	(void)state;
	assert_answer(call_back("/twilio/phone/gather?" REF "phone&t=1", CALL "&Digits="), "200",
		"action=\"" BASE "/twilio/phone/gather?e=incident%3AINC-42&amp;n=page%3A7&amp;p=ada&amp;o=phone&amp;t=2\"");
	assert_answer(call_back("/twilio/phone/gather?" REF "phone&t=2", CALL "&Digits=7"), "200", "&amp;t=3\"");
	assert_answer(call_back("/twilio/phone/gather?" REF "phone&t=3", CALL), "200", "No key was pressed.");
	assert_answer(call_back("/twilio/phone/gather?" REF "phone&t=1", CALL "&Digits=11"), "200", "<Gather");
	assert_answer(call_back("/twilio/phone/gather?e=incident%3AINC-42&n=page%3A7&p=gone&o=phone",
		CALL "&Digits=1"), "200", "The plan no longer knows you");
	assert_int_equal(n_submitted, 0);
}

static void test_forged(void **state)
{
	struct arena *a = arena_new(1 << 20);
	const char *path = "/twilio/phone/gather?" REF "phone&t=1", *body = CALL "&Digits=1";
	const char *outside = arena_printf(a, BASE "%s", path);
	const char *cases[] = {"",
		"X-Twilio-Signature: \r\n",
		"X-Twilio-Signature: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n",
		/* another token; the address that the request shows; another form */
		arena_printf(a, "X-Twilio-Signature: %s\r\n", twilio_sign(a, "other", outside, body, strlen(body))),
		arena_printf(a, "X-Twilio-Signature: %s\r\n", twilio_sign(a, AUTH_TOKEN,
			"http://x/twilio/phone/gather?" REF "phone&t=1", body, strlen(body))),
		arena_printf(a, "X-Forwarded-Host: ops.example.com\r\nX-Twilio-Signature: %s\r\n",
			twilio_sign(a, AUTH_TOKEN, outside, CALL "&Digits=2", strlen(CALL "&Digits=2"))),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_answer(post(path, cases[i], body), "403", "signature");
	assert_answer(call_back("/twilio/elsewhere/gather?" REF "phone", body), "404", "no Twilio connection");
	assert_answer(call_back("/twilio/mail/gather?" REF "phone", body), "404", "no Twilio connection");
	assert_answer(call_back("/twilio/phone", body), "404", "no Twilio connection");
	assert_answer(call_back("/twilio/phone/other", body), "404", "gather, status, sms");
	assert_answer(call_back("/twilio/phone/gather", body), "400", "not one of ours");
	assert_answer(call_back("/twilio/phone/gather?" REF "phone", "Digits=1"), "400", "not one of ours");
	plan.public_url = NULL;
	assert_answer(call_back("/twilio/phone/gather?" REF "phone", body), "404", "no public_url");
	assert_int_equal(n_submitted, 0);
	arena_free(a);
}

static void test_bounds(void **state)
{
	static char body[(64 << 10) + 2];

	(void)state;
	memset(body, 'a', sizeof(body) - 1);
	assert_answer(post("/twilio/phone/sms", "", body), "413", "larger than a callback");
	body[64 << 10] = '\0';
	assert_answer(post("/twilio/phone/sms", "", body), "403", "signature");
}

static void test_calls_that_failed(void **state)
{
	static const struct {
		const char *op, *form, *error, *id; /* error NULL: nothing happens */
	} cases[] = {
		{"phone", CALL "&CallStatus=no-answer", "no-answer", "twilio:CA00000000000000000000000000000001:no-answer"},
		{"phone", CALL "&CallStatus=busy", "busy", "twilio:CA00000000000000000000000000000001:busy"},
		{"phone", CALL "&CallStatus=failed", "failed", "twilio:CA00000000000000000000000000000001:failed"},
		{"phone", CALL "&CallStatus=completed", "no_key", "twilio:CA00000000000000000000000000000001:completed"},
		{"phone", CALL "&CallStatus=ringing", NULL, NULL},
		{"phone", CALL "&CallStatus=in-progress", NULL, NULL},
		{"phone", CALL, NULL, NULL},
		{"sms", "MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003", "undelivered", "twilio:SM1:undelivered"},
		{"sms", "MessageSid=SM1&MessageStatus=failed", "failed", "twilio:SM1:failed"},
		{"sms", "MessageSid=SM1&MessageStatus=sent", NULL, NULL},
		{"sms", "MessageSid=SM1&MessageStatus=delivered", NULL, NULL},
		{"sms", "MessageSid=SM1&MessageStatus=completed", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[256];
		struct talk *t;

		snprintf(path, sizeof(path), "%s%s", "/twilio/phone/status?" REF, cases[i].op);
		t = call_back(path, cases[i].form);
		if (cases[i].error) {
			const struct request *r;

			wait_submitted(1);
			r = submitted[0].req;
			assert_int_equal(r->kind, REQUEST_DELIVERY);
			assert_int_equal(r->source, SOURCE_SYSTEM);
			assert_int_equal(r->delivery.outcome, DELIVERY_FAILED);
			assert_string_equal(r->delivery.entity, "incident:INC-42");
			assert_string_equal(r->delivery.note, "page:7");
			assert_string_equal(r->delivery.op, cases[i].op);
			assert_string_equal(r->delivery.error, cases[i].error);
			assert_string_equal(r->id, cases[i].id);
			assert_int_equal(submitted[0].deadline_ms, 0); /* Twilio does not repeat it: it waits */
			answer_with(0, ANSWER_DONE, REPLY_NONE, "", "{}");
			n_submitted = 0;
		}
		assert_answer(t, "204", "");
		assert_int_equal(n_submitted, 0);
	}
}

static void test_answer_by_text_message(void **state)
{
	struct talk *t = call_back("/twilio/phone/sms", "MessageSid=SM7&From=%2B15550100002&Body=ack+inc-42+on+it");
	const struct request *r;

	(void)state;
	wait_submitted(1);
	r = submitted[0].req;
	assert_int_equal(r->kind, REQUEST_COMMAND);
	assert_string_equal(r->who.user, "person:ben");
	assert_string_equal(r->text, "ack inc-42");
	assert_string_equal(r->id, "twilio:SM7");
	answer_with(0, ANSWER_DONE, REPLY_PRIVATE, "incident/acked", "{\"id\":\"INC-42\"}");
	assert_answer(t, "200", "<Message>You have INC-42 now; nobody else is paged.</Message>");
	n_submitted = 0;
	t = call_back("/twilio/phone/sms", "MessageSid=SM8&From=%2B15550100002&Body=OK");
	wait_submitted(1);
	assert_string_equal(submitted[0].req->text, "ack");
	answer_with(0, ANSWER_REFUSED, REPLY_PRIVATE, "incident/which_paged", "{\"several\":true,\"choices\":["
		"{\"id\":\"INC-42\",\"comma\":false},{\"id\":\"INC-43\",\"comma\":true}]}");
	assert_answer(t, "200", "<Message>You are paged for INC-42, INC-43. Nothing was changed: say which, "
		"as in ACK INC-42.</Message>");
}

static void test_other_text_messages(void **state)
{
	(void)state;
	assert_answer(call_back("/twilio/phone/sms", "MessageSid=SM7&From=%2B15550100002&Body=what+is+up"), "200",
		"<Message>Reply ACK to say that you have it");
	/* Strangers are not talked to, and STOP is Twilio's to answer. */
	assert_answer(call_back("/twilio/phone/sms", "MessageSid=SM7&From=%2B15550109999&Body=ack"), "200",
		"<Response></Response>");
	assert_answer(call_back("/twilio/phone/sms", "MessageSid=SM7&From=%2B15550100002&Body=STOP"), "200",
		"<Response></Response>");
	assert_int_equal(n_submitted, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_pressing_one_acknowledges), T(test_what_the_call_hears), T(test_no_key), T(test_forged),
		T(test_bounds), T(test_calls_that_failed), T(test_answer_by_text_message),
		T(test_other_text_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
