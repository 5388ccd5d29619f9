/*
 * test_pager_wire.c - webhooks of PagerDuty: what is read of them, and what becomes of it.
 *
 * The bodies have the shape of PagerDuty's published examples, with invented names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "../support/world.h"
#include "tocsin/arena.h"
#include "tocsin/err.h"
#include "tocsin/pager_wire.h"
#include "tocsin/plan.h"

#define USER "{\"html_url\":\"https://example.pagerduty.com/users/PUSER02\",\"id\":\"PUSER02\"," \
	"\"summary\":\"Ada Park\",\"type\":\"user_reference\"}"
#define SERVICE "{\"id\":\"PSVC001\",\"summary\":\"tocsin\",\"type\":\"events_api_v2_inbound_integration_reference\"}"
#define EVENT(type, agent, key) "{\"event\":{\"id\":\"01EXAMPLE\",\"event_type\":\"" type "\"," \
	"\"resource_type\":\"incident\",\"occurred_at\":\"2026-11-20T14:03:10.117Z\",\"agent\":" agent "," \
	"\"client\":null,\"data\":{\"id\":\"QINC0000000042\",\"type\":\"incident\",\"number\":1234," \
	"\"incident_key\":\"" key "\",\"title\":\"Checkout is down\",\"assignees\":[" USER "],\"priority\":null}}}"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(1 << 22);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct pager_event read_event(const char *body, const char *id_format)
{
	struct pager_event e;
	struct err err = {0};

	assert_int_equal(pager_wire_parse(arena, id_format, body, strlen(body), &e, &err), 0);
	return e;
}

static void test_acknowledged(void **state)
{
	struct pager_event e = read_event(EVENT("incident.acknowledged", USER, "INC-42"), "INC-{n}");

	(void)state;
	assert_int_equal(e.kind, PAGER_ACKNOWLEDGED);
	assert_string_equal(e.incident, "INC-42");
	assert_int_equal(e.alert, 0);
	assert_string_equal(e.agent, "Ada Park");
	assert_string_equal(e.event, "01EXAMPLE");
	assert_int_equal(e.at_ms, INT64_C(1795183390117));
	e = read_event(EVENT("incident.resolved", USER, "INC-42/3"), "INC-{n}");
	assert_int_equal(e.kind, PAGER_RESOLVED);
	assert_string_equal(e.incident, "INC-42");
	assert_int_equal(e.alert, 2);
}

static void test_nothing_to_do(void **state)
{
	static const char *const bodies[] = {
		EVENT("incident.triggered", USER, "INC-42"),
		EVENT("incident.unacknowledged", USER, "INC-42"),
		EVENT("incident.some_new_thing", USER, "INC-42"),
		/* a machine did it: our own comes back so, too */
		EVENT("incident.acknowledged", "null", "INC-42"),
		EVENT("incident.resolved", SERVICE, "INC-42"),
		/* not one of our keys */
		EVENT("incident.acknowledged", USER, "disk full, 42"),
		EVENT("incident.acknowledged", USER, "INC-42 "),
		EVENT("incident.acknowledged", USER, "inc-42"),
		EVENT("incident.acknowledged", USER, "INC-042"),
		EVENT("incident.acknowledged", USER, "INC-0"),
		EVENT("incident.acknowledged", USER, "INC-42/1"),
		EVENT("incident.acknowledged", USER, "INC-42/x"),
		EVENT("incident.acknowledged", USER, "INC-42/2/2"),
		EVENT("incident.acknowledged", USER, "INC-1234567890"),
		EVENT("incident.acknowledged", USER, ""),
		"{\"event\":{\"id\":\"01EXAMPLEPING0000\",\"event_type\":\"pagey.ping\",\"resource_type\":\"pagey\","
		"\"occurred_at\":\"2026-11-20T14:00:00.000Z\",\"agent\":null,\"client\":null,"
		"\"data\":{\"message\":\"Hello from your friend Pagey!\",\"type\":\"ping\"}}}",
		"{\"event\":{}}",
		"{\"event\":{\"agent\":7,\"data\":[],\"event_type\":{}}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		if (read_event(bodies[i], "INC-{n}").kind != PAGER_OTHER)
			fail_msg("something would be done for %s", bodies[i]);
}

static void test_other_formats_of_ids(void **state)
{
	struct pager_event e = read_event(EVENT("incident.acknowledged", USER, "ops/42"), "ops/{n}");

	(void)state;
	assert_string_equal(e.incident, "ops/42");
	assert_int_equal(e.alert, 0);
	e = read_event(EVENT("incident.acknowledged", USER, "ops/42/2"), "ops/{n}");
	assert_string_equal(e.incident, "ops/42");
	assert_int_equal(e.alert, 1);
	e = read_event(EVENT("incident.acknowledged", USER, "42-web"), "{n}-web");
	assert_string_equal(e.incident, "42-web");
}

static void test_no_event_at_all(void **state)
{
	static const char *const bodies[] = {"", "{", "[]", "7", "{\"event\":7}", "{}", "{\"event\":\"\xff\"}"};
	struct pager_event e;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		memset(&err, 0, sizeof(err));
		assert_int_equal(pager_wire_parse(arena, "INC-{n}", bodies[i], strlen(bodies[i]), &e, &err), -1);
		assert_int_equal(err.code, ERR_INVALID);
	}
}

static void test_people(void **state)
{
	static const struct plan_person people[] = {
		{.key = "ada", .name = "Ada Park", .mail = "ada@example.com"},
		{.key = "ben", .name = "Ben Ortiz"},
		{.key = "ben2", .name = "ben ortiz"},
	};
	static const struct plan plan = {.people = people, .n_people = 3};

	(void)state;
	assert_ptr_equal(pager_person(&plan, "ada park"), &people[0]);
	assert_ptr_equal(pager_person(&plan, "ADA@example.com"), &people[0]);
	assert_null(pager_person(&plan, "Ben Ortiz")); /* which of them? */
	assert_null(pager_person(&plan, "Sam Example"));
	assert_null(pager_person(&plan, ""));
}

/* --- what becomes of it --------------------------------------------------------------------- */

static const char *told(struct world *w, const char *text, unsigned alert, const char *person)
{
	struct request r;

	request_init(&r);
	r.kind = REQUEST_COMMAND;
	r.source = person ? SOURCE_LINK : SOURCE_SYSTEM;
	r.family = "incident";
	r.text = text;
	r.pager = "pagerduty";
	r.pager_alert = alert;
	r.who = (struct actor){PLATFORM_NONE, "", person ? "" : "Sam Example",
		person ? plan_person(&world_plan, person) : NULL};
	return world_request(w, &r);
}

static bool has(struct world *w, const char *ref, const char *text)
{
	return strstr(world_message(w, ref), text) != NULL;
}

/* Nothing was said to anybody but the asker. */
static bool is_quiet(struct world *w)
{
	return !strstr(world_lines(w), "post ") && !strstr(world_lines(w), "update ");
}

static void test_somebody_the_plan_does_not_know(void **state)
{
	struct world *w = world_new(&world_plan);

	(void)state;
	world_type(w, "chloe", "war-room", "P1 Checkout is down");
	world_mark(w);
	told(w, "ack INC-1", 0, NULL);
	assert_true(has(w, "INC-1/root", "Sam Example"));
	assert_true(has(w, "INC-1/pages", "has it"));
	world_mark(w);
	assert_non_null(strstr(told(w, "ack INC-1", 0, NULL), "Nothing was changed"));
	assert_true(is_quiet(w));
	told(w, "resolve INC-1", 0, NULL);
	assert_true(has(w, "INC-1/root", "esolved"));
	assert_string_equal(world_faults(w), "");
	world_free(w);
}

/* What is said of an alert that is over says nothing about the one that rings now. */
static void test_older_alert(void **state)
{
	struct world *w = world_new(&world_plan);

	(void)state;
	world_type(w, "chloe", "war-room", "P1 Checkout is down");
	world_mark(w);
	told(w, "ack INC-1", 1, "ada");
	told(w, "resolve INC-1", 1, "ada");
	assert_true(is_quiet(w));
	told(w, "ack INC-1", 0, "ada");
	assert_true(has(w, "INC-1/pages", "Ada Park has it"));
	assert_string_equal(world_faults(w), "");
	world_free(w);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_acknowledged), T(test_nothing_to_do), T(test_other_formats_of_ids), T(test_no_event_at_all),
		T(test_people), T(test_somebody_the_plan_does_not_know), T(test_older_alert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
