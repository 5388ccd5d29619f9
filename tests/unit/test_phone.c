/* test_phone.c - telephone and text messages as ways: who is called next when nobody picks up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../support/pager.h"
#include "../support/pager_plan.h"

static struct pager w;
static struct plan plan;
static struct plan_connection connections[8];

/* The plan of the other tests, with a telephone that works. */
static void begin(const char *severity)
{
	plan = test_plan;
	memcpy(connections, test_plan.connections, test_plan.n_connections * sizeof(*connections));
	for (size_t i = 0; i < plan.n_connections; i++)
		if (strcmp(connections[i].key, "phone") == 0)
			connections[i].kind = PLAN_CONN_TWILIO;
	plan.connections = connections;
	pager_init(&w, &plan, severity, T0);
	pager_start(&w);
}

static int teardown(void **state)
{
	(void)state;
	pager_release(&w);
	return 0;
}

static void test_ways(void **state)
{
	const struct send *s;

	(void)state;
	begin("rounds"); /* Ben: chat, after 5 minutes the telephone, then a text message */
	pager_until(&w, T0 + 10 * MINUTE);
	s = &pager_last(&w, "page/phone")->send;
	assert_string_equal(s->op, "phone");
	assert_string_equal(s->via, "phone");
	assert_int_equal(s->lane, LANE_PAGE);
	s = &pager_last(&w, "page/sms")->send;
	assert_string_equal(s->op, "sms");
	assert_string_equal(s->via, "phone");
	assert_string_equal(s->person, "ben");
	assert_string_equal(s->entity, "incident:INC-42");
	assert_non_null(strstr(s->note, "page:"));
	/* Being told is no reason to ring. */
	pager_release(&w);
	begin("P0");
	assert_int_equal(pager_count(&w, "page/tell"), 2);
	assert_int_equal(pager_count(&w, "page/not_told"), 1);
}

/* Eve Stone is called alone, and does not pick up: Ben is called at once. */
static void test_nobody_picks_up(void **state)
{
	static const char *const errors[] = {"no-answer", "busy", "failed", "no_key", "canceled"};

	(void)state;
	begin("P3");
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		size_t from;

		pager_release(&w);
		begin("succession");
		pager_deliver(&w);
		assert_string_equal(pager_status(&w), "exec phone accepted");
		from = w.n_sends;
		pager_late_failure(&w, pager_last(&w, "page/phone"), errors[i]);
		assert_string_equal(pager_pages(&w, from), "ben:chat");
		assert_string_equal(pager_status(&w), "exec phone failed, ben chat sent");
		assert_int_equal(pager_count(&w, "page/unreachable"), 1);
		/* Told twice: nobody is called twice. */
		from = w.n_sends;
		pager_late_failure(&w, pager_last(&w, "page/phone"), errors[i]);
		assert_string_equal(pager_pages(&w, from), "");
	}
}

/* The verdict overtakes the news that the call was taken. */
static void test_verdict_comes_first(void **state)
{
	(void)state;
	begin("succession");
	pager_late_failure(&w, pager_last(&w, "page/phone"), "busy");
	pager_deliver(&w);
	assert_string_equal(pager_status(&w), "exec phone failed, ben chat accepted");
}

/* A key was pressed, then the call ends: it did not fail. Nor did it for those whom the
 * acknowledgement of another overtook. */
static void test_call_that_was_acknowledged(void **state)
{
	(void)state;
	begin("succession");
	pager_deliver(&w);
	pager_ack(&w, "exec");
	pager_late_failure(&w, pager_last(&w, "page/phone"), "no_key");
	assert_string_equal(pager_status(&w), "exec phone acked");
	assert_int_equal(w.inc->paging.state, PAGING_ACKED);
	pager_release(&w);
	begin("succession");
	pager_deliver(&w);
	pager_ack(&w, "ben");
	pager_late_failure(&w, pager_last(&w, "page/phone"), "no-answer");
	assert_string_equal(pager_status(&w), "exec phone accepted");
	assert_int_equal(pager_count(&w, "page/unreachable"), 0);
}

/* People who do not pick up are no outage: the ladder ends and says so. */
static void test_no_answer_is_no_outage(void **state)
{
	(void)state;
	begin("ghosts");
	pager_deliver(&w);
	pager_late_failure(&w, pager_last(&w, "page/phone"), "no-answer");
	pager_until(&w, T0 + 30 * MINUTE);
	assert_int_equal(pager_count(&w, "page/retry"), 0);
	assert_int_equal(pager_count(&w, "page/exhausted"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_ways, teardown),
		cmocka_unit_test_teardown(test_nobody_picks_up, teardown),
		cmocka_unit_test_teardown(test_verdict_comes_first, teardown),
		cmocka_unit_test_teardown(test_call_that_was_acknowledged, teardown),
		cmocka_unit_test_teardown(test_no_answer_is_no_outage, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
