/* test_ladder.c - who is paged when: the ladder by time, ways, succession, repeats, downtime. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../support/pager.h"
#include "../support/pager_plan.h"

static struct pager w;

static int teardown(void **state)
{
	(void)state;
	pager_release(&w);
	return 0;
}

static void begin(const char *severity)
{
	pager_init(&w, &test_plan, severity, T0);
	pager_start(&w);
}

/* Lets time pass until `at` after the start; which pages went out meanwhile. */
static const char *pages_until(int64_t at)
{
	size_t from = w.n_sends;

	pager_until(&w, T0 + at);
	return pager_pages(&w, from);
}

/* The plan's example: primary, backup, leads together, the chief by telephone, and again. */
static void test_production(void **state)
{
	(void)state;
	begin("P0");
	assert_string_equal(pager_pages(&w, 0), "ada:mail");
	assert_string_equal(pages_until(2 * MINUTE - 1), "");
	assert_string_equal(pages_until(2 * MINUTE), "ada:chat");
	assert_string_equal(pages_until(10 * MINUTE - 1), "");
	assert_string_equal(pager_status(&w), "ada mail accepted, ada chat accepted, ada phone failed");
	assert_string_equal(pages_until(10 * MINUTE), "chloe:chat");
	assert_string_equal(pages_until(20 * MINUTE - 1), "");
	assert_string_equal(pages_until(20 * MINUTE), "ada:mail ben:chat chloe:chat");
	assert_string_equal(pages_until(30 * MINUTE - 1), "ada:chat");
	assert_int_equal(pager_count(&w, "page/unreachable"), 0);
	/* This version does not telephone, and it is all that Eve Stone wants. */
	assert_string_equal(pages_until(30 * MINUTE), "");
	assert_int_equal(pager_count(&w, "page/unreachable"), 1);
	assert_non_null(strstr(pager_last(&w, "page/unreachable")->send.data, "Eve Stone"));
	assert_int_equal(pager_timer_due(&w, "ladder"), T0 + 45 * MINUTE);
	assert_string_equal(pages_until(45 * MINUTE), "ada:mail");
	assert_string_equal(pages_until(55 * MINUTE), "ada:chat chloe:chat");
}

static void test_production_ends(void **state)
{
	const struct pager_send *said;

	(void)state;
	begin("P0");
	pager_until(&w, T0 + 3 * HOUR - 1);
	assert_int_equal(pager_count(&w, "page/exhausted"), 0);
	/* Once and three repeats, 45 minutes each; the last pages are waited for. */
	pager_until(&w, T0 + 6 * HOUR);
	assert_int_equal(pager_count(&w, "page/exhausted"), 1);
	said = pager_last(&w, "page/exhausted");
	assert_non_null(strstr(said->send.data, "Ada Park"));
	assert_non_null(strstr(said->send.data, "Ben Ortiz"));
	assert_int_equal(said->at_ms, T0 + 3 * HOUR);
	/* The thread is told, and nothing ticks any more. */
	assert_int_equal(pager_timer_due(&w, "ladder"), 0);
	assert_int_equal(w.inc->paging.state, PAGING_EXHAUSTED);
	assert_int_equal(pager_count(&w, "page/unreachable"), 4);
}

/* P1 does not wake the chief. */
static void test_only(void **state)
{
	(void)state;
	begin("P1");
	assert_string_equal(pager_pages(&w, 0), "ada:mail");
	pager_until(&w, T0 + 44 * MINUTE);
	assert_int_equal(pager_count(&w, "page/unreachable"), 0);
	assert_null(strstr(pager_status(&w), "exec"));
	assert_int_equal(pager_timer_due(&w, "ladder"), T0 + 45 * MINUTE);
}

static void test_repeat_from_the_middle(void **state)
{
	(void)state;
	begin("rounds");
	assert_string_equal(pager_pages(&w, 0), "ben:chat");
	assert_string_equal(pages_until(5 * MINUTE), "chloe:chat");
	assert_string_equal(pages_until(10 * MINUTE), "chloe:chat");
	assert_string_equal(pages_until(15 * MINUTE), "chloe:chat");
	assert_string_equal(pages_until(2 * HOUR), "");
	assert_int_equal(pager_count(&w, "page/exhausted"), 1);
}

/* A failing way: the next one at once, not in its own time. */
static void test_failing_way(void **state)
{
	(void)state;
	pager_init(&w, &test_plan, "P0", T0);
	w.broken[w.n_broken++] = "mail";
	pager_start(&w);
	pager_deliver(&w);
	assert_string_equal(pager_pages(&w, 0), "ada:mail ada:chat");
	assert_string_equal(pager_status(&w), "ada mail failed, ada chat accepted");
	assert_non_null(strstr(pager_last(&w, "page/status")->send.data,
		"\"error\":\"channel_not_found\""));
	assert_non_null(strstr(pager_last(&w, "page/status")->send.data, "\"next\":\"chat\""));
	assert_int_equal(pager_timer_due(&w, "reach:1"), T0 + 5 * MINUTE);
}

/* All ways of the primary fail: the backup is paged now and not in ten minutes. */
static void test_nobody_of_a_step(void **state)
{
	(void)state;
	pager_init(&w, &test_plan, "P0", T0);
	w.broken[w.n_broken++] = "ada";
	w.broken[w.n_broken++] = "U0ADA";
	pager_start(&w);
	pager_deliver(&w);
	assert_string_equal(pager_pages(&w, 0), "ada:mail ada:chat chloe:chat");
	assert_string_equal(pager_status(&w),
		"ada mail failed, ada chat failed, ada phone failed, chloe chat accepted");
	assert_int_equal(pager_count(&w, "page/unreachable"), 1);
	/* The steps behind it keep their own time. */
	assert_int_equal(pager_timer_due(&w, "ladder"), T0 + 20 * MINUTE);
}

/* exec cannot be reached, ben comes next; chloe when ben says nothing. */
static void test_succession(void **state)
{
	(void)state;
	begin("succession");
	assert_string_equal(pager_pages(&w, 0), "ben:chat");
	assert_int_equal(pager_count(&w, "page/unreachable"), 1);
	assert_string_equal(pages_until(PAGING_WAIT_MS - 1), "");
	assert_string_equal(pages_until(PAGING_WAIT_MS), "chloe:chat");
	assert_string_equal(pages_until(PAGING_WAIT_MS * 2 - 1), "");
	assert_int_equal(pager_count(&w, "page/exhausted"), 0);
	pager_until(&w, T0 + HOUR);
	assert_int_equal(pager_count(&w, "page/exhausted"), 1);
}

/* Nobody at all has a way: said aloud at once, with what to do. */
static void test_ghosts(void **state)
{
	(void)state;
	begin("ghosts");
	assert_string_equal(pager_pages(&w, 0), "");
	assert_int_equal(pager_count(&w, "page/exhausted"), 1);
	assert_int_equal(pager_last(&w, "page/exhausted")->at_ms, T0);
	assert_int_equal(pager_count(&w, "page/unreachable"), 2);
	assert_int_equal(w.n_timers, 0);
}

/* Nobody is on call: the fallback, and the gap is said. */
static void test_gap(void **state)
{
	const struct pager_send *said;

	(void)state;
	begin("gap");
	assert_string_equal(pager_pages(&w, 0), "ada:mail");
	said = pager_last(&w, "page/gap");
	assert_non_null(said);
	assert_non_null(strstr(said->send.data, "\"target\":\"night.primary\",\"fallback\":\"engineering\""));
	pager_until(&w, T0 + 10 * MINUTE);
	/* Neither a shift nor a fallback: said, and the next step does not wait. */
	said = pager_last(&w, "page/gap");
	assert_non_null(strstr(said->send.data, "\"nobody\":true"));
	assert_int_equal(pager_count(&w, "page/nobody"), 2);
	pager_until(&w, T0 + HOUR);
	assert_int_equal(pager_count(&w, "page/exhausted"), 1);
}

static void test_gap_in_the_fallback(void **state)
{
	(void)state;
	pager_init(&w, &test_plan, "P0", T0 + 20 * HOUR);
	pager_start(&w);
	/* Outside all shifts the fallback group stands in, in its order. */
	assert_string_equal(pager_pages(&w, 0), "ada:mail");
	assert_int_equal(pager_count(&w, "page/gap"), 1);
	pager_until(&w, T0 + 20 * HOUR + 5 * MINUTE);
	assert_string_equal(pager_pages(&w, 0), "ada:mail ada:chat ben:chat");
}

/* Dev has Teams, which this version does not speak: mail at once. A plan's `normal` order counts
 * where the severity is not urgent. */
static void test_not_spoken(void **state)
{
	(void)state;
	begin("P2");
	assert_string_equal(pager_pages(&w, 0), "dev:mail");
	assert_string_equal(pager_status(&w), "dev chat failed, dev mail sent");
	assert_string_equal(pages_until(30 * MINUTE), "ada:mail");
}

static void test_unknown_ladder(void **state)
{
	(void)state;
	begin("lost");
	assert_int_equal(pager_count(&w, "page/exhausted"), 1);
	assert_int_equal(w.inc->paging.state, PAGING_EXHAUSTED);
}

static void test_no_ladder(void **state)
{
	(void)state;
	begin("P3");
	assert_int_equal(w.inc->paging.state, PAGING_IDLE);
	assert_string_equal(pager_pages(&w, 0), "");
	assert_int_equal(pager_count(&w, "page/exhausted"), 0);
}

/* Ten hours down: every step that was due runs, nobody is paged twice for it. */
static void test_downtime(void **state)
{
	size_t from;

	(void)state;
	begin("P0");
	pager_deliver(&w);
	from = w.n_sends;
	pager_downtime(&w, T0 + 10 * HOUR);
	/* Ada's next way was due before anything else, and she is not paged a second time. */
	assert_string_equal(pager_pages(&w, from), "ada:chat ben:chat chloe:chat");
	assert_int_equal(pager_count(&w, "page/gap"), 1);
	assert_non_null(strstr(pager_status(&w), "ben chat accepted late"));
	assert_int_equal(pager_count(&w, "page/exhausted"), 0);
	pager_until(&w, T0 + 11 * HOUR);
	assert_int_equal(pager_count(&w, "page/exhausted"), 1);
}

/* A timer that fires twice, early, late or for something long gone changes nothing. */
static void test_stray_timers(void **state)
{
	size_t before;

	(void)state;
	begin("P0");
	pager_deliver(&w);
	before = w.n_sends;
	for (int i = 0; i < 3; i++) {
		pager_fire(&w, "ladder");
		pager_fire(&w, "reach:1");
		pager_fire(&w, "reach:77");
		pager_fire(&w, "reach:99999999999999999999");
		pager_fire(&w, "reach:");
		pager_fire(&w, "ackexpiry");
	}
	assert_int_equal(w.n_sends, before);
	/* What the firing took away was set again. */
	assert_int_equal(pager_timer_due(&w, "ladder"), T0 + 10 * MINUTE);
	assert_int_equal(pager_timer_due(&w, "reach:1"), T0 + 2 * MINUTE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_production, teardown),
		cmocka_unit_test_teardown(test_production_ends, teardown),
		cmocka_unit_test_teardown(test_only, teardown),
		cmocka_unit_test_teardown(test_repeat_from_the_middle, teardown),
		cmocka_unit_test_teardown(test_failing_way, teardown),
		cmocka_unit_test_teardown(test_nobody_of_a_step, teardown),
		cmocka_unit_test_teardown(test_succession, teardown),
		cmocka_unit_test_teardown(test_ghosts, teardown),
		cmocka_unit_test_teardown(test_gap, teardown),
		cmocka_unit_test_teardown(test_gap_in_the_fallback, teardown),
		cmocka_unit_test_teardown(test_not_spoken, teardown),
		cmocka_unit_test_teardown(test_unknown_ladder, teardown),
		cmocka_unit_test_teardown(test_no_ladder, teardown),
		cmocka_unit_test_teardown(test_downtime, teardown),
		cmocka_unit_test_teardown(test_stray_timers, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
