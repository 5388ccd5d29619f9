/* test_oncall.c - the /oncall family at its edges: what people type, bounds, conflicts, and that what
 * was done in any order can be undone. The stories are in tests/scenarios/oncall_*.txt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "../support/world.h"
#include "tocsin/oncall.h"
#include "tocsin/plan.h"

static void test_answers(void **state)
{
	static const struct {
		const char *who, *text, *answer;
	} rows[] = {
		{"mia", "oncall", "engineering"},
		{"mia", "oncall 99", "engineering"},
		{"mia", "oncall show 2", "support"},
		{"mia", "oncall ENGINEERING", "Ada Park"},
		{"mia", "oncall who engineering.backup", "Ben Ortiz"},
		{"mia", "oncall who engineering.nothing", "no schedule called \"engineering.nothing\""},
		{"mia", "oncall who", "Which schedule is meant?"},
		{"mia", "oncall who <@U0ADA>", "no schedule called"},
		{"mia", "oncall who support at", "A time is missing"},
		{"mia", "oncall who support 9:00", "Chlo"},
		{"mia", "oncall schedule support 3d", "the next 3 days"},
		{"mia", "oncall schedule support 900d", "the next 31 days"},
		{"mia", "oncall schedule support 1m", "the next 1 days"},
		{"mia", "oncall schedule support x", "do not understand \"x\""},
		{"mia", "oncall gaps nothing", "no schedule called \"nothing\""},
		{"mia", "oncall gaps support 30d", "No gaps"},
		{"mia", "oncall gaps 9999d", "more than a year"},
		{"mia", "oncall help", "/oncall override"},
		{"mia", "oncall help nonsense", "I do not know"},
		{"mia", "oncall --help", "/oncall override"},
		{"ada", "oncall override", "Which schedule is meant?"},
		{"ada", "oncall override support", "Who is meant?"},
		{"ada", "oncall override support @U0BEN", "knows nobody called"},
		{"ada", "oncall override support <@U0MIA|mia> now 2h", "is not in the plan"},
		{"ada", "oncall override support ben now", "A time is missing"},
		{"ada", "oncall override support ben 2026-02-30 2h", "\"2026-02-30\" does not exist"},
		{"ada", "oncall override support ben 25:00 2h", "does not exist"},
		{"ada", "oncall override support ben now until yesterday", "do not understand \"yesterday\""},
		{"ada", "oncall override support chloe now 1h", "would change nothing"},
		{"ada", "oncall away 2026-12-26 2026-12-24", "end before it begins"},
		{"ada", "oncall away exec now 1h", "changes no shift"},
		{"ada", "oncall cover", "Who is meant?"},
		{"ada", "oncall cover me", "A time is missing"},
		{"ada", "oncall swap support chloe", "Ada Park has no shift"},
		{"ben", "oncall swap support ben", "your own shift"},
		{"ada", "oncall undo", "Which schedule is meant?"},
		{"ada", "oncall undo support", "no such change"},
		{"ada", "oncall undo support x", "no such change"},
		{"ada", "oncall undo away 99999999999999", "no such change"},
		{"ada", "oncall agree support chloe now 1h now 1h", "would no longer be a swap"},
		{"ada", "oncall page now INC-9", "is no page that waits"},
		{"ada", "oncall page <@U0MIA|mia> come", "knows nobody"},
		{"mia", "oncall page ben come", "for people in the plan"},
		{"mia", "oncall test", "for people in the plan"},
		{"mia", "oncall \xe2\x80\x9cwho\xe2\x80\x9d support", "Chlo"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_new(&world_plan);
		const char *answer = world_type(w, rows[i].who, "dev", rows[i].text);

		if (!strstr(answer, rows[i].answer))
			fail_msg("%s: %s", rows[i].text, answer);
		if (*world_faults(w))
			fail_msg("%s: %s", rows[i].text, world_faults(w));
		world_free(w);
	}
}

/* What a person typed as a reason is text wherever it is shown. */
static void test_reasons_are_data(void **state)
{
	struct world *w = world_new(&world_plan);

	(void)state;
	world_type(w, "ada", "dev", "oncall override engineering @ben now 4h "
		"&lt;!channel&gt; [Go](action:incident) {{id}} `x` **b**");
	assert_null(world_press(w, "ada", "Go"));
	assert_non_null(world_press(w, "ada", "Save it"));
	assert_null(world_press(w, "mia", "Go"));
	/* a token that went through the button is the name that people read */
	assert_non_null(strstr(world_lines(w), "@channel [Go](action:incident) {{id}} `x` **b**"));
	assert_non_null(strstr(world_doc(w, "oncall:engineering"), "@channel [Go](action:incident)"));
	assert_int_equal(world_log_count(w, "oncall:engineering"), 1);
	assert_string_equal(world_faults(w), "");
	world_free(w);
}

/* Somebody else was faster: the whole of it is done again, once. */
static void test_conflict(void **state)
{
	struct world *w = world_new(&world_plan);

	(void)state;
	world_type(w, "ada", "dev", "oncall override engineering ben now 4h");
	world_conflict(w, 2);
	assert_non_null(strstr(world_press(w, "ada", "Save it"), "Saved"));
	assert_non_null(strstr(world_doc(w, "oncall:engineering"), "\"n\":1"));
	assert_null(strstr(world_doc(w, "oncall:engineering"), "\"n\":2"));
	assert_int_equal(world_log_count(w, "oncall:engineering"), 1);
	assert_string_equal(world_faults(w), "");
	world_free(w);
}

static void test_full(void **state)
{
	struct world *w = world_new(&world_plan);
	const char *answer;
	char line[128];

	(void)state;
	for (int i = 0; i < ONCALL_CHANGES_MAX; i++) {
		snprintf(line, sizeof(line), "oncall override support %s now %dm save", i % 2 ? "ada" : "exec",
			100 + i);
		answer = world_type(w, "ada", "dev", line);
		if (!strstr(answer, "Saved"))
			fail_msg("%d: %s", i, answer);
	}
	answer = world_type(w, "ada", "dev", "oncall override support ben now 9h save");
	assert_non_null(strstr(answer, "too many changes"));
	assert_string_equal(world_faults(w), "");
	/* a week after they are over they have made room */
	world_advance(w, INT64_C(8) * 24 * 60 * MINUTE_MS);
	answer = world_type(w, "ada", "dev", "oncall override support ada now 9h save");
	assert_non_null(strstr(answer, "Saved"));
	assert_string_equal(world_faults(w), "");
	world_free(w);
}

/* Many schedules: pages of twenty; questions about one person stay within their bound. */
static void test_many_schedules(void **state)
{
	enum { MANY = 450 };
	static struct plan_schedule schedules[MANY];
	static char keys[MANY][16];
	struct plan plan = world_plan;
	struct world *w;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(keys[i], sizeof(keys[i]), "s%03d", i);
		schedules[i] = world_plan.schedules[1];
		schedules[i].key = keys[i];
	}
	plan.schedules = schedules;
	plan.n_schedules = MANY;
	w = world_new(&plan);
	assert_non_null(strstr(world_type(w, "mia", "dev", "oncall"), "and 430 more"));
	assert_non_null(strstr(world_type(w, "mia", "dev", "oncall show 23"), "s449"));
	assert_non_null(strstr(world_type(w, "chloe", "dev", "oncall me"), "more schedules"));
	assert_non_null(strstr(world_type(w, "mia", "dev", "oncall gaps"), "name one"));
	assert_non_null(strstr(world_type(w, "chloe", "dev", "oncall away now 2h save"), "Saved"));
	world_look(w);
	assert_int_equal(world_timers(w, "oncall:s"), 200);
	world_advance(w, 5000);
	assert_int_equal(world_timers(w, "oncall:s"), MANY);
	assert_string_equal(world_faults(w), "");
	world_free(w);
}

/* Around a risky event two people are wanted, and one is there. */
static void test_events(void **state)
{
	static const char *const around[] = {"deploy"};
	static const struct plan_event events[] = {
		{"deploy", "API deployment", WORLD_T0 + 240 * MINUTE_MS, WORLD_T0 + 360 * MINUTE_MS},
	};
	static const struct plan_coverage coverage[] = {
		{around, 1, "support", 60 * MINUTE_MS, 60 * MINUTE_MS, 2, 2},
	};
	struct plan plan = world_plan;
	struct world *w;

	(void)state;
	plan.events = events;
	plan.n_events = 1;
	plan.coverage = coverage;
	plan.n_coverage = 1;
	w = world_new(&plan);
	assert_non_null(strstr(world_type(w, "mia", "dev", "oncall gaps support 7d"),
		"API deployment, support wants 2: 2026-01-28 19:00 UTC to 2026-01-28 23:00 UTC only Chlo"));
	world_look(w);
	world_mark(w);
	world_advance(w, 60 * MINUTE_MS);
	assert_non_null(strstr(world_lines(w), "post C0TRAVEL: \xe2\x9a\xa0\xef\xb8\x8f support lacks people (it needs 2)"));
	/* an hour before, and not again */
	world_mark(w);
	world_advance(w, 61 * MINUTE_MS);
	assert_non_null(strstr(world_lines(w), "support lacks people"));
	world_mark(w);
	world_advance(w, 50 * MINUTE_MS);
	assert_null(strstr(world_lines(w), "support lacks people"));
	world_type(w, "ada", "dev", "oncall override support.backup ben 2026-01-28T18:59Z 2026-01-28T23:01Z save");
	assert_null(strstr(world_type(w, "mia", "dev", "oncall gaps support 7d"), "API deployment"));
	assert_string_equal(world_faults(w), "");
	world_free(w);
}

/* --- any order -------------------------------------------------------------------------------- */

static uint32_t state_now;

static uint32_t pick(uint32_t n)
{
	state_now ^= state_now << 13;
	state_now ^= state_now >> 17;
	state_now ^= state_now << 5;
	return state_now % n;
}

#define ONE_OF(list) ((list)[pick(sizeof(list) / sizeof((list)[0]))])

static void step(struct world *w)
{
	static const char *const who[] = {"ada", "ben", "chloe", "exec", "mia"};
	static const char *const lines[] = {
		"oncall override engineering ben now 4h save", "oncall override support ada tomorrow 9:00 17:00 save x",
		"oncall override engineering.backup exec now 2d save", "oncall away now 3d save",
		"oncall away chloe tomorrow 2026-02-03 save", "oncall cover me now 6h", "oncall cover me now 20d",
		"oncall swap support ben", "oncall swap support chloe", "oncall undo engineering 1",
		"oncall undo support 1", "oncall undo away 1", "oncall undo support 2", "oncall", "oncall me",
		"oncall gaps", "oncall changes", "oncall handoff support", "oncall schedule support",
		"incident P1 something is wrong", "incident resolve", "oncall page ben come", "oncall test",
	};
	static const char *const buttons[] = {"I take it", "Swap", "Undo", "Save it", "Acknowledge"};

	switch (pick(8)) {
	case 0:
		world_advance(w, (int64_t)(1 + pick(600)) * MINUTE_MS);
		return;
	case 1:
	case 2:
		world_press(w, ONE_OF(who), ONE_OF(buttons));
		return;
	case 3:
		world_conflict(w, pick(3));
		return;
	default:
		world_type(w, ONE_OF(who), "war-room", ONE_OF(lines));
	}
}

static void test_any_order(void **state)
{
	char line[64], before[4096];

	(void)state;
	for (uint32_t seed = 1; seed <= 30; seed++) {
		struct world *w = world_new(&world_plan), *fresh = world_new(&world_plan);

		state_now = seed * 2654435761u;
		world_look(w);
		for (int i = 0; i < 60; i++) {
			step(w);
			if (*world_faults(w))
				fail_msg("seed %u, step %d: %s", seed, i, world_faults(w));
		}
		/* everything taken back: the plan holds again */
		world_conflict(w, 0);
		for (unsigned n = 1; n <= 80; n++) {
			static const char *const of[] = {"engineering", "support", "away"};

			for (size_t i = 0; i < 3; i++) {
				snprintf(line, sizeof(line), "oncall undo %s %u", of[i], n);
				world_type(w, "ada", "dev", line);
			}
		}
		assert_non_null(strstr(world_type(w, "mia", "dev", "oncall changes"), "the plan holds"));
		world_advance(fresh, world_now(w) - world_now(fresh));
		snprintf(before, sizeof(before), "%s", world_type(fresh, "mia", "dev", "oncall"));
		assert_string_equal(world_type(w, "mia", "dev", "oncall"), before);
		assert_string_equal(world_faults(w), "");
		world_free(w);
		world_free(fresh);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers), cmocka_unit_test(test_reasons_are_data),
		cmocka_unit_test(test_conflict), cmocka_unit_test(test_full),
		cmocka_unit_test(test_many_schedules), cmocka_unit_test(test_events), cmocka_unit_test(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
