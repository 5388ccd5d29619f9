/* test_incident_doc.c - what is stored is what comes back, and foreign bytes are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tocsin/arena.h"
#include "tocsin/buf.h"
#include "tocsin/incident.h"

static struct incident full(void)
{
	struct incident inc;

	incident_init(&inc);
	inc.id = "INC-42";
	inc.number = 42;
	inc.title = "Checkout \"returns\" 500s \xc3\xa9";
	inc.severity = "P0";
	inc.status = INCIDENT_MONITORING;
	inc.drill = true;
	inc.declared_ms = 1769590800000;
	inc.declared_by = (struct incident_who){"ada", "U0ADA", "Ada Park"};
	inc.origin = (struct place){PLATFORM_SLACK, "C0DEV", ""};
	inc.update_text = "Looking";
	inc.update_due_ms = 1769591700000;
	inc.ack_by = (struct incident_who){"", "U0X", "Somebody"};
	inc.n_roles = INCIDENT_ROLES_MAX;
	for (size_t i = 0; i < INCIDENT_ROLES_MAX; i++)
		inc.roles[i] = (struct incident_role){"coordinator", {"ben", "U0BEN", "Ben Ortiz"}, 5};
	inc.n_answers = INCIDENT_ANSWERS_MAX;
	for (size_t i = 0; i < INCIDENT_ANSWERS_MAX; i++)
		inc.answers[i] = (struct incident_answer){"impact", "all"};
	inc.n_items = INCIDENT_ITEMS_MAX;
	for (size_t i = 0; i < INCIDENT_ITEMS_MAX; i++)
		inc.items[i] = (struct incident_item){"Tell the groups", {"ada", "", "Ada Park"}, 7};
	inc.home = (struct incident_home){PLATFORM_SLACK, "C1", "17.5", "C0ROOM", true, 1};
	inc.alert_source = "prometheus";
	inc.alert_key = "abc";
	inc.alert_firing = true;
	inc.seq = 9;
	inc.paging.epoch = 3;
	return inc;
}

static void test_round_trip(void **state)
{
	struct arena *a = arena_new(1 << 22);
	struct incident inc = full(), back;
	struct buf one, two;

	(void)state;
	buf_init_arena(&one, a, 1 << 20);
	buf_init_arena(&two, a, 1 << 20);
	incident_encode(&inc, &one);
	assert_false(one.failed);
	assert_int_equal(incident_decode(a, one.data, one.len, &back), 0);
	incident_encode(&back, &two);
	assert_string_equal(buf_text(&one), buf_text(&two));
	assert_string_equal(back.title, inc.title);
	assert_int_equal(back.status, INCIDENT_MONITORING);
	assert_int_equal(back.n_items, INCIDENT_ITEMS_MAX);
	assert_string_equal(back.items[INCIDENT_ITEMS_MAX - 1].by.name, "Ada Park");
	assert_string_equal(back.home.room, "C0ROOM");
	assert_int_equal(back.paging.epoch, 3);
	arena_free(a);
}

static void test_foreign(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{", "{}", "{\"id\":\"INC-1\"}", "{\"id\":\"INC-1\",\"status\":\"odd\"}",
		"{\"id\":7,\"status\":\"closed\"}", "null",
	};
	struct arena *a = arena_new(1 << 20);
	struct incident inc;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(incident_decode(a, bad[i], strlen(bad[i]), &inc), -1);
	/* Mistyped members answer the neutral value. */
	const char *odd = "{\"id\":\"INC-1\",\"status\":\"closed\",\"roles\":7,\"answers\":{},\"home\":[]}";
	assert_int_equal(incident_decode(a, odd, strlen(odd), &inc), 0);
	assert_int_equal(inc.n_roles, 0);
	assert_string_equal(inc.home.channel, "");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
