/*
 * test_twilio.c - text messages and calls: what is sent, what its answers mean; signatures of
 * callbacks, the XML of calls, and replies by text message.
 *
 * The signature vectors were made with Twilio's own validator for Node.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "bot/reach/twilio_wire.h"
#include "bot/web/http_head.h"
#include "support_reach.h"
#include "tocsin/arena.h"
#include "tocsin/buf.h"

#define DATA "{\"id\":\"INC-42\",\"severity\":\"P0\",\"title\":\"Checkout <b>returns</b> 500s & more\"," \
	"\"to\":{\"name\":\"Ada Park\"},\"why\":\"engineering.primary\"}"
#define AUTH_TOKEN "12345678901234567890123456789012"
#define ACCOUNT "AC00000000000000000000000000000000"

/* --- signatures ----------------------------------------------------------------------------- */

static const char gather_url[] = "https://chatops.example.com/hooks/twilio/gather?incident=INC-42&step=1";
static const char gather_body[] = "AccountSid=AC00000000000000000000000000000000&ApiVersion=2010-04-01&"
	"CallSid=CA00000000000000000000000000000001&CallStatus=in-progress&Called=%2B15005550006&"
	"Caller=%2B15005550001&Digits=1&Direction=outbound-api&FinishedOnKey=&From=%2B15005550001&"
	"To=%2B15005550006&msg=Gather+End";

static bool verify(const char *url, const char *body, const char *signature)
{
	struct arena *a = arena_new(1 << 20);
	bool good = twilio_verify(a, AUTH_TOKEN, url, body, strlen(body), signature);

	arena_free(a);
	return good;
}

static void test_signature_vector(void **state)
{
	static const char *const bad[] = {"OVNe89MBvp6CMIMvq3UshcO9dZc=", "1rrrOFcpLK/xPPLmCE4haXun7Zs=",
		"Jyyj5fkcDpWEnIIXEqM+vlMq9Lo=", "ZENo1pMq/lSJJY84oYqnysuVVgw=", ""};

	(void)state;
	assert_true(verify(gather_url, gather_body, "vtskpuyOXummYSlU0OmLABynPM8="));
	assert_true(verify(gather_url, gather_body, "5Oc2XZPaPK7Nag7QlbhabJiWpRY=")); /* with :443 */
	assert_false(verify("", gather_body, "5Oc2XZPaPK7Nag7QlbhabJiWpRY=")); /* too short for a scheme */
	assert_false(verify("http", gather_body, "5Oc2XZPaPK7Nag7QlbhabJiWpRY="));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(verify(gather_url, gather_body, bad[i]));
	/* JSON bodies are covered through the address; an empty form is signed by its address alone. */
	assert_true(verify("https://chatops.example.com/hooks/twilio/json?bodySHA256="
		"2a410f41fab209261cf5434c9d65c6f22777103a752d524af2d7a8a09a782577", "",
		"RPPR4D2VOcB4aKL2urqFX07I3EE="));
}

static void test_signature_covers_everything(void **state)
{
	struct arena *a = arena_new(1 << 20);
	const char *good = twilio_sign(a, AUTH_TOKEN, gather_url, gather_body, strlen(gather_body));

	(void)state;
	assert_string_equal(good, "vtskpuyOXummYSlU0OmLABynPM8=");
	assert_false(verify("https://chatops.example.com/hooks/twilio/gather?incident=INC-43&step=1", gather_body, good));
	assert_false(verify("http://chatops.example.com/hooks/twilio/gather?incident=INC-42&step=1", gather_body, good));
	assert_false(verify(gather_url, "Digits=2", good));
	/* The order of the form's fields is nobody's business; a repeat of one counts once. */
	assert_string_equal(twilio_sign(a, "t", "https://x/", "b=2&a=1&b=2&b=1", 15),
		twilio_sign(a, "t", "https://x/", "a=1&b=1&b=2", 11));
	assert_false(twilio_verify(a, "", gather_url, gather_body, strlen(gather_body), good));
	assert_null(twilio_sign(a, "t", "https://x/", "a=%2", 4));
	assert_null(twilio_sign(a, "t", "https://x/", "a=%zz", 5));
	arena_free(a);
}

static void test_signature_bounds(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct buf b;

	(void)state;
	buf_init_arena(&b, a, 4096);
	for (int i = 0; i < TWILIO_FIELDS_MAX; i++)
		buf_printf(&b, "%sf%d=1", i ? "&" : "", i);
	assert_non_null(twilio_sign(a, "t", "https://x/", b.data, b.len));
	buf_str(&b, "&one=more");
	assert_null(twilio_sign(a, "t", "https://x/", b.data, b.len));
	arena_free(a);
}

/* --- addresses, XML, replies ---------------------------------------------------------------- */

static void test_addresses(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct twilio_ref ref = {.entity = "incident:INC-42", .note = "page:7", .person = "ada", .op = "phone",
		.turn = 2}, back;
	const char *url = twilio_url(a, "https://ops.example.com/", "phone", "gather", &ref);

	(void)state;
	assert_string_equal(url, "https://ops.example.com/twilio/phone/gather?e=incident%3AINC-42&n=page%3A7"
		"&p=ada&o=phone&t=2");
	assert_true(twilio_ref_read(a, strchr(url, '?') + 1, &back));
	assert_string_equal(back.entity, ref.entity);
	assert_string_equal(back.note, ref.note);
	assert_string_equal(back.person, ref.person);
	assert_int_equal(back.turn, 2);
	assert_false(twilio_ref_read(a, "", &back));
	assert_false(twilio_ref_read(a, "e=incident&n=&p=ada&o=phone", &back));
	assert_false(twilio_ref_read(a, "e=incident:1&n=&p=&o=phone", &back));
	assert_false(twilio_ref_read(a, "e=incident:1&n=&p=ada&o=fax", &back));
	assert_false(twilio_ref_read(a, "e=incident:%ff&n=&p=ada&o=sms", &back));
	arena_free(a);
}

static void test_twiml(void **state)
{
	struct arena *a = arena_new(1 << 20);
	char big[TWILIO_TWIML_MAX];

	(void)state;
	assert_string_equal(twiml_ask(a, "A <b> & \"c\"\x01", "https://x/g?a=1&b=2"),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Gather input=\"dtmf\" numDigits=\"1\" "
		"timeout=\"8\" method=\"POST\" actionOnEmptyResult=\"true\" action=\"https://x/g?a=1&amp;b=2\">"
		"<Say>A &lt;b&gt; &amp; &quot;c&quot;</Say></Gather></Response>");
	assert_string_equal(twiml_ask(a, "Bye", NULL),
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say>Bye</Say><Hangup/></Response>");
	assert_string_equal(twiml_message(a, ""), "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response></Response>");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	assert_null(twiml_ask(a, big, NULL));
	big[TWILIO_TWIML_MAX - 100] = '\0';
	assert_non_null(twiml_ask(a, big, NULL));
	arena_free(a);
}

static void test_replies(void **state)
{
	static const struct {
		const char *body, *id; /* NULL: no acknowledgement */
	} cases[] = {
		{"ACK", ""}, {" ack. ", ""}, {"Ok!", ""}, {"yes please", ""}, {"1", ""},
		{"ACK INC-42", "INC-42"}, {"ack: inc-42 on it", "inc-42"}, {"ack #42", "#42"}, {"INC-42", "INC-42"},
		{"INC-42 ack", "INC-42"}, {"ok, INC-42", "INC-42"}, {"Acknowledge the thing 7", "7"},
		{"", NULL}, {"no", NULL}, {"who is this?", NULL}, {"42", NULL}, {"Room5 is on fire", NULL},
		{"!!!", NULL}, {"\xff\xfe", NULL}, {"nack", NULL},
	};
	struct arena *a = arena_new(1 << 20);
	const char *id;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool ack = sms_is_ack(a, cases[i].body, &id);

		if (ack != (cases[i].id != NULL))
			fail_msg("\"%s\" is %san acknowledgement", cases[i].body, ack ? "" : "not ");
		assert_string_equal(id, cases[i].id ? cases[i].id : "");
	}
	assert_true(sms_is_stop("STOP"));
	assert_true(sms_is_stop(" unsubscribe."));
	assert_false(sms_is_stop("stop the rollout"));
	assert_false(sms_is_stop(""));
	arena_free(a);
}

/* --- sending -------------------------------------------------------------------------------- */

static struct reach_house house;
static struct plan_connection connection = {.key = "phone", .kind = PLAN_CONN_TWILIO, .kind_name = "twilio",
	.account = ACCOUNT, .token = AUTH_TOKEN, .from = "+15550100100", .private_ok = true};
static const struct plan_person people[] = {{.key = "ada", .name = "Ada Park", .phone = "+15550100001"},
	{.key = "ben", .name = "Ben Ortiz"}};
static struct plan plan = {.connections = &connection, .n_connections = 1, .timezone = "UTC",
	.people = people, .n_people = 2};

static int setup(void **state)
{
	(void)state;
	reach_house_open(&house, NULL);
	house.status = 201;
	house.answer = "{\"sid\":\"SM00000000000000000000000000000001\",\"status\":\"queued\"}";
	connection.url = house.url;
	plan.public_url = "https://ops.example.com";
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	reach_house_close(&house);
	return 0;
}

static struct send page(const char *op)
{
	return (struct send){.lane = LANE_PAGE, .op = op, .key = "INC-42/page/7", .via = "phone", .person = "ada",
		.entity = "incident:INC-42", .note = "page:7", .data = DATA,
		.template_name = strcmp(op, "sms") == 0 ? "page/sms" : "page/phone"};
}

static const char *sent(const char *name)
{
	static char out[8192];
	int found = http_form_get(house.taken[0].body, house.taken[0].len, name, out, sizeof(out));

	return found == 1 ? out : "(none)";
}

static void test_text_message(void **state)
{
	struct send s = page("sms");

	(void)state;
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	assert_string_equal(house.taken[0].method, "POST");
	assert_string_equal(house.taken[0].path, "/hook/2010-04-01/Accounts/" ACCOUNT "/Messages.json");
	assert_string_equal(house.taken[0].type, "application/x-www-form-urlencoded");
	assert_string_equal(house.taken[0].authorization, "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDox"
		"MjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMg==");
	assert_string_equal(sent("To"), "+15550100001");
	assert_string_equal(sent("From"), "+15550100100");
	assert_string_equal(sent("Body"), "P0 INC-42: Checkout <b>returns</b> 500s & more. You are paged: "
		"engineering.primary. Reply ACK INC-42 to say that you have it.");
	assert_string_equal(sent("ValidityPeriod"), "600");
	assert_string_equal(sent("StatusCallback"), "https://ops.example.com/twilio/phone/status?"
		"e=incident%3AINC-42&n=page%3A7&p=ada&o=sms");
	assert_string_equal(sent("Twiml"), "(none)");
}

static void test_call(void **state)
{
	struct send s = page("phone");
	const char *twiml;

	(void)state;
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	assert_string_equal(house.taken[0].path, "/hook/2010-04-01/Accounts/" ACCOUNT "/Calls.json");
	assert_string_equal(sent("Timeout"), "35");
	assert_non_null(strstr(sent("StatusCallback"), "/twilio/phone/status?e=incident%3AINC-42&n=page%3A7&p=ada&o=phone"));
	twiml = sent("Twiml");
	assert_non_null(strstr(twiml, "action=\"https://ops.example.com/twilio/phone/gather?e=incident%3AINC-42&amp;"
		"n=page%3A7&amp;p=ada&amp;o=phone&amp;t=1\""));
	assert_non_null(strstr(twiml, "Checkout &lt;b&gt;returns&lt;/b&gt; 500s &amp; more"));
	assert_non_null(strstr(twiml, "Press 1 to acknowledge INC-42."));
}

/* Without a public address nobody could press anything: the words are said all the same. */
static void test_call_without_public_url(void **state)
{
	struct send s = page("phone");

	(void)state;
	plan.public_url = NULL;
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	assert_null(strstr(sent("Twiml"), "<Gather"));
	assert_non_null(strstr(sent("Twiml"), "<Hangup/>"));
	assert_string_equal(sent("StatusCallback"), "(none)");
}

/* A title of any length and of the dearest characters stays within what Twilio takes. */
static void test_limits(void **state)
{
	static char data[40000];
	struct send s = page("phone");
	size_t n;

	(void)state;
	n = (size_t)snprintf(data, sizeof(data), "{\"id\":\"INC-42\",\"severity\":\"P0\",\"title\":\"");
	memset(data + n, '<', 20000);
	snprintf(data + n + 20000, sizeof(data) - n - 20000, "\"}");
	s.data = data;
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	assert_true(strlen(sent("Twiml")) <= TWILIO_TWIML_MAX);
	assert_true(strlen(sent("Twiml")) > 1000);
	house.n_taken = 0;
	s = page("sms");
	s.data = data;
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	assert_true(strlen(sent("Body")) <= 1600);
	assert_true(strlen(sent("Body")) > 1000);
}

static void test_what_answers_mean(void **state)
{
	static const struct {
		int status;
		enum sent_outcome outcome;
	} cases[] = {{201, SENT_ACCEPTED}, {400, SENT_REFUSED}, {401, SENT_REFUSED}, {403, SENT_REFUSED},
		{404, SENT_REFUSED}, {500, SENT_LATER}, {503, SENT_LATER}};
	struct send s = page("sms");

	(void)state;
	house.answer = "{\"code\":21211,\"message\":\"The 'To' number +1500 is not a valid phone number.\",\"status\":400}";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		house.status = cases[i].status;
		reach_house_deliver(&house, &plan, &s);
		assert_int_equal(house.outcome, cases[i].outcome);
		if (cases[i].outcome == SENT_ACCEPTED)
			continue;
		assert_string_equal(house.error, "twilio_21211");
		assert_non_null(strstr(house.detail, "is not a valid phone number"));
	}
	house.status = 429;
	house.headers = "Retry-After: 7\r\n";
	house.answer = "{\"code\":20429,\"message\":\"Too Many Requests\"}";
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_LATER);
	assert_int_equal(house.retry_after_ms, 7000);
	house.status = 502;
	house.answer = "<html>";
	reach_house_deliver(&house, &plan, &s);
	assert_string_equal(house.error, "http_502");
}

static void test_faulty_entries(void **state)
{
	struct send s = page("sms");

	(void)state;
	s.via = "elsewhere";
	reach_house_deliver(&house, &plan, &s);
	assert_string_equal(house.error, "no_such_connection");
	s = page("phone");
	s.person = "ben";
	reach_house_deliver(&house, &plan, &s);
	assert_string_equal(house.error, "no_address");
	s = page("phone");
	s.template_name = "no/such";
	reach_house_deliver(&house, &plan, &s);
	assert_string_equal(house.error, "bad_template");
	assert_int_equal(house.times_told, 3);
	assert_int_equal(house.n_taken, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signature_vector), cmocka_unit_test(test_signature_covers_everything),
		cmocka_unit_test(test_signature_bounds), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_twiml), cmocka_unit_test(test_replies),
		T(test_text_message), T(test_call), T(test_call_without_public_url), T(test_limits),
		T(test_what_answers_mean), T(test_faulty_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
