/* test_web_pagerduty.c - webhooks of PagerDuty: signatures, who it was, when it is answered. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "bot/sign.h"
#include "bot/web/pager_signature.h"
#include "web_house.h"

#define SECRET "pagerduty-example-signing-secret"

static const struct plan_person people[] = {{.key = "ada", .name = "Ada Park"}};
static const struct plan_connection connections[] = {
	{.key = "pd", .kind = PLAN_CONN_PAGERDUTY, .webhook_secret = SECRET},
	{.key = "out-only", .kind = PLAN_CONN_PAGERDUTY},
};
static struct plan plan = {.timezone = "UTC", .people = people, .n_people = 1, .connections = connections,
	.n_connections = 2, .incident = {.id_format = "INC-{n}"}};

static int setup(void **state)
{
	(void)state;
	web_house_open(&plan);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return web_house_close();
}

static char body[4096];

static const char *event(const char *type, const char *agent, const char *key, int64_t age_s)
{
	time_t at = (time_t)(clock_wall_ms() / 1000 - age_s);
	char text[40];
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
	snprintf(body, sizeof(body), "{\"event\":{\"id\":\"01EXAMPLE\",\"event_type\":\"%s\",\"occurred_at\":\"%s\","
		"\"agent\":{\"type\":\"user_reference\",\"summary\":\"%s\"},\"data\":{\"incident_key\":\"%s\"}}}",
		type, text, agent, key);
	return body;
}

static struct talk *send_event(const char *connection, const char *text)
{
	unsigned char mac[HMAC_SHA256_BYTES];
	char hex[2 * HMAC_SHA256_BYTES + 1], path[100], headers[300];

	hmac_sha256(SECRET, strlen(SECRET), text, strlen(text), mac);
	hex_encode(mac, sizeof(mac), hex);
	snprintf(path, sizeof(path), "/pagerduty/%s", connection);
	snprintf(headers, sizeof(headers), "X-PagerDuty-Signature: v1=%s\r\n"
		"X-Webhook-Id: 00000000-0000-4000-8000-000000000032\r\n", hex);
	return post(path, headers, text);
}

/* Checked against PagerDuty's documented algorithm in another language. */
static void test_signature_vector(void **state)
{
	static const char raw[] = "{\"event\":{\"event_type\":\"incident.acknowledged\",\"data\":"
		"{\"incident_key\":\"INC-42\",\"title\":\"D\xc3\xa9j\xc3\xa0 vu \xe2\x9c\x93\"}}}";
	static const char good[] = "v1=94d665e1d682400815012409548e8fe0d8ce0df6294e20b8088171da361fe8e5,"
		"v1=917ceac35f64efcaf7558e5a9fa076a43b5b776bddd2f15d5a5c23ba92c5be1c";
	static const char *const bad[] = {
		"v1=94d665e1d682400815012409548e8fe0d8ce0df6294e20b8088171da361fe8e5",
		"917ceac35f64efcaf7558e5a9fa076a43b5b776bddd2f15d5a5c23ba92c5be1c",
		"v0=917ceac35f64efcaf7558e5a9fa076a43b5b776bddd2f15d5a5c23ba92c5be1c",
		"v1=917CEAC35F64EFCAF7558E5A9FA076A43B5B776BDDD2F15D5A5C23BA92C5BE1", "", "v1=", ",,,", "v1"};
	char many[PAGER_SIGNATURES_MAX * 6 + 200];
	size_t n = 0;

	(void)state;
	assert_true(pager_verify(SECRET, raw, sizeof(raw) - 1, good));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pager_verify(SECRET, raw, sizeof(raw) - 1, bad[i]));
	assert_false(pager_verify("", raw, sizeof(raw) - 1, good));
	/* The last part that is looked at, and the first that is not. */
	for (int i = 0; i < PAGER_SIGNATURES_MAX - 1; i++)
		n += (size_t)snprintf(many + n, sizeof(many) - n, "v1=x,");
	snprintf(many + n, sizeof(many) - n, "%s", strchr(good, ',') + 1);
	assert_true(pager_verify(SECRET, raw, sizeof(raw) - 1, many));
	snprintf(many + n, sizeof(many) - n, "v1=x,%s", strchr(good, ',') + 1);
	assert_false(pager_verify(SECRET, raw, sizeof(raw) - 1, many));
}

static void test_acknowledged_there(void **state)
{
	struct talk *t = send_event("pd", event("incident.acknowledged", "Ada Park", "INC-42/2", 3));
	const struct request *r;

	(void)state;
	wait_submitted(1);
	r = submitted[0].req;
	assert_int_equal(r->kind, REQUEST_COMMAND);
	assert_int_equal(r->source, SOURCE_LINK);
	assert_string_equal(r->who.user, "person:ada");
	assert_string_equal(r->family, "incident");
	assert_string_equal(r->text, "ack INC-42");
	assert_string_equal(r->pager, "pd");
	assert_int_equal(r->pager_alert, 1);
	assert_string_equal(r->id, "pagerduty:pd:01EXAMPLE");
	assert_true(submitted[0].deadline_ms > 0 && submitted[0].deadline_ms < 5000);
	assert_string_equal(talk_text(t), ""); /* not before the commit */
	answer_with(0, ANSWER_DONE, REPLY_PRIVATE, "incident/acked", "{}");
	assert_answer(t, "200", "");
}

static void test_resolved_by_somebody_unknown(void **state)
{
	struct talk *t = send_event("pd", event("incident.resolved", "Sam Example", "INC-42", 3));

	(void)state;
	wait_submitted(1);
	assert_int_equal(submitted[0].req->source, SOURCE_SYSTEM);
	assert_string_equal(submitted[0].req->who.user, "");
	assert_string_equal(submitted[0].req->who.name, "Sam Example");
	assert_string_equal(submitted[0].req->text, "resolve INC-42");
	answer_with(0, ANSWER_REFUSED, REPLY_PRIVATE, "incident/over", "{}");
	assert_answer(t, "200", "");
}

/* It comes again for two days when it is told to. */
static void test_what_could_not_be_recorded(void **state)
{
	static const struct {
		enum answer_kind kind;
		const char *status;
	} cases[] = {{ANSWER_NOT_RECORDED, "503"}, {ANSWER_UNSURE, "503"}, {ANSWER_BUSY, "503"}, {ANSWER_BROKEN, "500"}};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct talk *t = send_event("pd", event("incident.acknowledged", "Ada Park", "INC-42", 3));

		wait_submitted(1);
		answer_with(0, cases[i].kind, REPLY_PRIVATE, "system/busy", "{}");
		n_submitted = 0;
		assert_answer(t, cases[i].status, "");
	}
}

static void test_nothing_to_do(void **state)
{
	(void)state;
	assert_answer(send_event("pd", event("incident.triggered", "Ada Park", "INC-42", 3)), "202", "");
	assert_answer(send_event("pd", event("incident.brand_new", "Ada Park", "INC-42", 3)), "202", "");
	assert_answer(send_event("pd", event("incident.acknowledged", "Ada Park", "another key", 3)), "202", "");
	/* An old post that is played again, and one from the future. */
	assert_answer(send_event("pd", event("incident.acknowledged", "Ada Park", "INC-42", 25 * 3600)), "202", "");
	assert_answer(send_event("pd", event("incident.acknowledged", "Ada Park", "INC-42", -3600)), "202", "");
	/* Signed and unreadable: a refusal would switch the subscription off. */
	assert_answer(send_event("pd", "garbage"), "202", "");
	assert_answer(send_event("pd", ""), "202", "");
	assert_int_equal(n_submitted, 0);
}

static void test_strangers(void **state)
{
	const char *text = event("incident.acknowledged", "Ada Park", "INC-42", 3);

	(void)state;
	assert_answer(post("/pagerduty/pd", "", text), "403", "signature");
	assert_answer(post("/pagerduty/pd", "X-PagerDuty-Signature: v1=00\r\n", text), "403", "signature");
	assert_answer(send_event("out-only", text), "404", "webhook_secret");
	assert_answer(send_event("elsewhere", text), "404", "webhook_secret");
	assert_int_equal(n_submitted, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signature_vector), T(test_acknowledged_there),
		T(test_resolved_by_somebody_unknown), T(test_what_could_not_be_recorded), T(test_nothing_to_do),
		T(test_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
