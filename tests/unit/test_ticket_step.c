/* test_ticket_step.c - a step of the ladder that opens a ticket: once, and said in the thread. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../support/pager.h"
#include "../support/pager_plan.h"
#include "tocsin/arena.h"
#include "tocsin/json_in.h"

static struct pager w;
static struct plan plan;
static struct plan_ladder ladders[32];
static struct plan_step steps[4];
static const char *const chloe[] = {"chloe"};

/* The ladder "rounds": Ben, a ticket at 5 minutes, Chloé at 10, and again. */
static void begin(void)
{
	plan = test_plan;
	memcpy(ladders, test_plan.ladders, test_plan.n_ladders * sizeof(*ladders));
	for (size_t i = 0; i < plan.n_ladders; i++) {
		if (strcmp(ladders[i].key, "rounds") != 0)
			continue;
		steps[0] = ladders[i].steps[0];
		steps[1] = (struct plan_step){.after_ms = 5 * MINUTE, .ticket = "tracker"};
		steps[2] = (struct plan_step){.after_ms = 10 * MINUTE, .page = chloe, .n_page = 1};
		steps[3] = (struct plan_step){.after_ms = 15 * MINUTE, .repeat_from = 2, .times = 2};
		ladders[i].steps = steps;
		ladders[i].n = 4;
	}
	plan.ladders = ladders;
	pager_init(&w, &plan, "rounds", T0);
	pager_start(&w);
}

static int teardown(void **state)
{
	(void)state;
	pager_release(&w);
	return 0;
}

static size_t tickets(void)
{
	return pager_count(&w, "page/ticket_body");
}

static void test_once(void **state)
{
	const struct send *s;

	(void)state;
	begin();
	pager_until(&w, T0 + 5 * MINUTE - 1);
	assert_int_equal(tickets(), 0);
	pager_until(&w, T0 + 5 * MINUTE);
	assert_int_equal(tickets(), 1);
	s = &pager_last(&w, "page/ticket_body")->send;
	assert_int_equal(s->lane, LANE_CALL);
	assert_string_equal(s->op, "ticket");
	assert_string_equal(s->via, "tracker");
	assert_string_equal(s->arg, "INC-42");
	assert_string_equal(s->note, "ticket:tracker");
	assert_string_equal(s->guard, ""); /* promised is promised, whoever acknowledges meanwhile */
	pager_until(&w, T0 + 6 * MINUTE);
	assert_int_equal(pager_count(&w, "page/ticket"), 1);
	/* The people's steps keep their times, and a repeat opens no second one. */
	assert_string_equal(pager_pages(&w, 0), "ben:chat");
	pager_until(&w, T0 + 40 * MINUTE);
	assert_int_equal(tickets(), 1);
	assert_string_equal(pager_status(&w), "ben chat accepted, ben phone failed, ben sms failed, "
		"chloe chat accepted, chloe phone failed, chloe sms failed, chloe chat accepted, chloe phone failed, "
		"chloe sms failed, chloe chat accepted, chloe phone failed, chloe sms failed");
}

static void test_number_and_address_are_said(void **state)
{
	const struct json_t *o;
	struct arena *a = arena_new(1 << 20);
	const char *data;

	(void)state;
	begin();
	pager_until(&w, T0 + 6 * MINUTE);
	data = pager_last(&w, "page/ticket")->send.data;
	o = json_in_load(a, data, strlen(data));
	assert_string_equal(json_in_str(o, "number"), "D1"); /* the pretended receiver's */
	assert_string_equal(json_in_str(o, "via"), "tracker");
	assert_int_equal(w.inc->paging.n_tickets, 1);
	assert_string_equal(w.inc->paging.tickets[0].number, "D1");
	arena_free(a);
}

/* Said, and tried again when the ladder comes by. */
static void test_refused(void **state)
{
	(void)state;
	begin();
	w.broken[w.n_broken++] = "ticket";
	pager_until(&w, T0 + 6 * MINUTE);
	assert_int_equal(tickets(), 1);
	assert_int_equal(pager_count(&w, "page/ticket_failed"), 1);
	assert_true(w.inc->paging.tickets[0].failed);
	w.n_broken = 0;
	pager_until(&w, T0 + 20 * MINUTE);
	assert_int_equal(tickets(), 2);
	assert_int_equal(pager_count(&w, "page/ticket"), 1);
	assert_false(w.inc->paging.tickets[0].failed);
}

/* Nobody can be reached: the step that opens a ticket calls nobody, so the one behind it comes at once. */
static void test_nobody_reached_before(void **state)
{
	(void)state;
	begin();
	steps[0].page = (const char *const[]){"nemo"};
	pager_release(&w);
	pager_init(&w, &plan, "rounds", T0);
	pager_start(&w);
	pager_deliver(&w);
	assert_int_equal(tickets(), 1);
	assert_string_equal(pager_pages(&w, 0), "chloe:chat");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_once, teardown),
		cmocka_unit_test_teardown(test_number_and_address_are_said, teardown),
		cmocka_unit_test_teardown(test_refused, teardown),
		cmocka_unit_test_teardown(test_nobody_reached_before, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
