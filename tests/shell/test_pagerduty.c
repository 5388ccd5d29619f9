/* test_pagerduty.c - events for PagerDuty: what is sent, and what its answers mean. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "support_reach.h"
#include "tocsin/utf8.h"

#define DATA "{\"id\":\"INC-42\",\"severity\":\"P0\",\"title\":\"Checkout returns 500s\",\"status\":\"investigating\"," \
	"\"dedup_key\":\"INC-42\",\"pager_severity\":\"critical\",\"to\":{\"name\":\"Ada Park\"},\"why\":\"engineering.primary\"}"

static struct reach_house house;
static struct plan_connection connection = {.key = "pagerduty", .kind = PLAN_CONN_PAGERDUTY,
	.kind_name = "pagerduty", .routing_key = "0123456789abcdef0123456789abcdef", .private_ok = true};
static const struct plan plan = {.connections = &connection, .n_connections = 1, .timezone = "UTC"};

static int setup(void **state)
{
	(void)state;
	reach_house_open(&house, NULL);
	house.status = 202;
	house.answer = "{\"status\":\"success\",\"message\":\"Event processed\",\"dedup_key\":\"INC-42\"}";
	connection.url = house.url;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	reach_house_close(&house);
	return 0;
}

static struct send event(const char *action)
{
	return (struct send){.lane = LANE_PAGE, .op = "pagerduty", .key = "INC-42/page/3", .via = "pagerduty",
		.entity = "incident:INC-42", .arg = action, .template_name = "page/pagerduty", .data = DATA};
}

static json_t *taken(unsigned n)
{
	json_t *o = json_loadb(house.taken[n].body, house.taken[n].len, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(o);
	return o;
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void test_trigger(void **state)
{
	struct send s = event("trigger");
	json_t *o, *payload, *details;

	(void)state;
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	assert_string_equal(house.taken[0].type, "application/json");
	o = taken(0);
	assert_string_equal(text(o, "routing_key"), connection.routing_key);
	assert_string_equal(text(o, "event_action"), "trigger");
	assert_string_equal(text(o, "dedup_key"), "INC-42");
	payload = json_object_get(o, "payload");
	assert_string_equal(text(payload, "summary"), "P0 INC-42: Checkout returns 500s");
	assert_string_equal(text(payload, "severity"), "critical");
	assert_string_equal(text(payload, "source"), "tocsin");
	details = json_object_get(payload, "custom_details");
	assert_string_equal(text(details, "id"), "INC-42");
	assert_string_equal(text(details, "why"), "engineering.primary");
	assert_non_null(strstr(text(details, "text"), "Paged: Ada Park for engineering.primary"));
	json_decref(o);
}

/* The same dedup_key and the same routing key, or PagerDuty drops them. */
static void test_acknowledge_and_resolve(void **state)
{
	static const char *const actions[] = {"acknowledge", "resolve"};
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct send s = event(actions[i]);
		json_t *o;

		reach_house_deliver(&house, &plan, &s);
		assert_int_equal(house.outcome, SENT_ACCEPTED);
		o = taken((unsigned)i);
		assert_string_equal(text(o, "event_action"), actions[i]);
		assert_string_equal(text(o, "dedup_key"), "INC-42");
		assert_string_equal(text(o, "routing_key"), connection.routing_key);
		assert_null(json_object_get(o, "payload"));
		json_decref(o);
	}
}

static void test_what_answers_mean(void **state)
{
	static const struct {
		int status;
		enum sent_outcome outcome;
	} cases[] = {
		{202, SENT_ACCEPTED}, {400, SENT_REFUSED}, {401, SENT_REFUSED}, {403, SENT_REFUSED},
		{429, SENT_LATER}, {500, SENT_LATER}, {502, SENT_LATER}, {503, SENT_LATER},
	};
	struct send s = event("trigger");
	size_t i;

	(void)state;
	house.answer = "{\"status\":\"invalid event\",\"message\":\"Event object is invalid\","
		"\"errors\":[\"'payload.summary' is missing or blank\"]}";
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		house.status = cases[i].status;
		reach_house_deliver(&house, &plan, &s);
		assert_int_equal(house.outcome, cases[i].outcome);
		if (cases[i].outcome != SENT_ACCEPTED)
			assert_non_null(strstr(house.detail, "Event object is invalid"));
	}
}

/* A title of any length and with any bytes: the event stays within PagerDuty's rules. */
static void test_limits(void **state)
{
	static char data[200000];
	struct send s = event("trigger");
	const char *summary;
	json_t *o;
	size_t n, i;

	(void)state;
	n = (size_t)snprintf(data, sizeof(data), "{\"id\":\"INC-42\",\"severity\":\"P0\",\"pager_severity\":\"loud\",\"title\":\"");
	for (i = 0; i < 30000; i++)
		n += (size_t)snprintf(data + n, sizeof(data) - n, "\xf0\x9f\x94\xa5");
	snprintf(data + n, sizeof(data) - n, "\"}");
	s.data = data;
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	o = taken(0);
	summary = text(json_object_get(o, "payload"), "summary");
	assert_true(utf16_units(summary, strlen(summary)) <= 1024);
	assert_true(utf16_units(summary, strlen(summary)) >= 1000);
	assert_true(utf8_valid(summary, strlen(summary)));
	assert_string_equal(text(json_object_get(o, "payload"), "severity"), "critical");
	assert_string_equal(text(o, "dedup_key"), "incident:INC-42"); /* none was given */
	json_decref(o);
}

static void test_without_template_it_still_rings(void **state)
{
	struct send s = event("trigger");
	json_t *o;

	(void)state;
	s.template_name = "no/such";
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_ACCEPTED);
	o = taken(0);
	assert_string_equal(text(json_object_get(o, "payload"), "summary"), "INC-42 Checkout returns 500s");
	json_decref(o);
}

static void test_faulty_entries(void **state)
{
	struct send s = event("explode");

	(void)state;
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_REFUSED);
	assert_string_equal(house.error, "bad_entry");
	s = event("trigger");
	s.data = "[]";
	reach_house_deliver(&house, &plan, &s);
	assert_int_equal(house.outcome, SENT_REFUSED);
	s = event("trigger");
	s.via = "elsewhere";
	reach_house_deliver(&house, &plan, &s);
	assert_string_equal(house.error, "no_such_connection");
	assert_int_equal(house.n_taken, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_trigger), T(test_acknowledge_and_resolve), T(test_what_answers_mean), T(test_limits),
		T(test_without_template_it_still_rings), T(test_faulty_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
