/* test_roster.c - who is on call, and what a name stands for. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../support/pager_plan.h"
#include "tocsin/incident.h"
#include "tocsin/roster.h"
#include "tocsin/targets.h"

static void test_roster(void **state)
{
	static const struct {
		int64_t at;
		const char *role;
		const char *people;
		int64_t until;
	} cases[] = {
		{T0 - 1, "primary", "", T0},
		{T0, "primary", "ada", T0 + 8 * HOUR},
		{T0, NULL, "ada chloe", T0 + 4 * HOUR},
		{T0 + 4 * HOUR - 1, "backup", "chloe", T0 + 4 * HOUR},
		{T0 + 4 * HOUR, "backup", "", 0},
		{T0 + 4 * HOUR, NULL, "ada", T0 + 8 * HOUR},
		{T0 + 8 * HOUR, "primary", "ben", T0 + 16 * HOUR}, /* the end is not part of a shift */
		{T0 + 16 * HOUR, NULL, "", 0},
		{T0, "scribe", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct roster r;
		char got[128] = "";

		roster_at(&test_plan, plan_schedule(&test_plan, "engineering"), cases[i].role, cases[i].at, &r);
		for (size_t k = 0; k < r.n; k++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", k ? " " : "",
				r.people[k]->key);
		assert_string_equal(got, cases[i].people);
		assert_int_equal(r.until_ms, cases[i].until);
	}
}

static void test_roster_order(void **state)
{
	/* Written in any order: the better role first, nobody twice, strangers left out. */
	static const struct plan_shift shifts[] = {
		{"dev", "shadow", 0, 100}, {"ben", "backup", 0, 100}, {"ada", "backup", 0, 100},
		{"nobody", "primary", 0, 100}, {"ben", "primary", 0, 50}, {"ada", "primary", 60, 100},
	};
	const struct plan_schedule s = {.key = "s", .shifts = shifts, .n_shifts = 6};
	struct roster r;

	(void)state;
	roster_at(&test_plan, &s, NULL, 10, &r);
	assert_int_equal(r.n, 3);
	assert_string_equal(r.people[0]->key, "ben");
	assert_string_equal(r.roles[0], "primary");
	assert_string_equal(r.people[1]->key, "ada");
	assert_string_equal(r.people[2]->key, "dev");
	assert_int_equal(r.until_ms, 50);
}

static void test_roster_bound(void **state)
{
	static struct plan_person people[ROSTER_MAX + 5];
	static struct plan_shift shifts[ROSTER_MAX + 5];
	static char names[ROSTER_MAX + 5][8];
	struct plan plan = {.people = people, .n_people = ROSTER_MAX + 5};
	struct plan_schedule s = {.key = "s", .shifts = shifts, .n_shifts = ROSTER_MAX + 5};
	struct roster r;

	(void)state;
	for (size_t i = 0; i < ROSTER_MAX + 5; i++) {
		snprintf(names[i], sizeof(names[i]), "p%zu", i);
		people[i].key = people[i].name = names[i];
		shifts[i] = (struct plan_shift){names[i], "primary", 0, 10};
	}
	roster_at(&plan, &s, NULL, 5, &r);
	assert_int_equal(r.n, ROSTER_MAX);
	assert_string_equal(r.people[ROSTER_MAX - 1]->key, "p15");
}

static const char *people_of(const struct targets *t, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < t->n; i++)
		snprintf(out + strlen(out), size - strlen(out), "%s%s", i ? " " : "", t->people[i]->key);
	return out;
}

static void test_targets(void **state)
{
	static const struct {
		const char *target;
		bool known;
		const char *people;
		size_t gaps;
	} cases[] = {
		{"ada", true, "ada", 0},
		{"eng-manager", true, "ada ben", 0},
		{"engineering", true, "ada chloe", 0},
		{"engineering.primary", true, "ada", 0},
		{"engineering.backup", true, "chloe", 0},
		{"engineering.shadow", true, "ada ben", 1}, /* nobody: the fallback */
		{"night", true, "ada chloe", 1},            /* the fallback is a schedule */
		{"night.primary", true, "ada chloe", 1},
		{"void", true, "", 1},
		{"ring-a", true, "", 5},                    /* a ring of fallbacks ends */
		{"empty", true, "", 0},
		{"coordinator", true, "chloe ada", 0},
		{"scribe", true, "", 0},
		{"nobody", false, "", 0},
		{"engineering.", false, "", 0},
		{"", false, "", 0},
	};
	char got[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct targets t = {0};

		assert_int_equal(targets_add(&t, &test_plan, NULL, cases[i].target, T0 + MINUTE), cases[i].known);
		assert_string_equal(people_of(&t, got, sizeof(got)), cases[i].people);
		assert_int_equal(t.n_gaps, cases[i].gaps);
	}
}

static void test_targets_role_holder_first(void **state)
{
	struct incident inc;
	struct targets t = {0};
	char got[64];

	(void)state;
	incident_init(&inc);
	inc.roles[0].key = "coordinator";
	inc.roles[0].who = (struct incident_who){"ben", "", "Ben Ortiz"};
	inc.n_roles = 1;
	assert_true(targets_add(&t, &test_plan, &inc, "coordinator", T0));
	assert_string_equal(people_of(&t, got, sizeof(got)), "ben chloe ada");
	/* Adding the same people again changes nothing; each knows by what name they came. */
	assert_true(targets_add(&t, &test_plan, &inc, "eng-manager", T0));
	assert_int_equal(t.n, 3);
	assert_string_equal(t.why[2], "coordinator");
}

static void test_typed(void **state)
{
	static const struct {
		const char *text;
		const char *people; /* NULL: unknown */
	} cases[] = {
		{"@ada", "ada"}, {"Ada", "ada"}, {"ADA PARK", "ada"}, {"<@U0BEN>", "ben"},
		{"<@U0BEN|ben.ortiz>", "ben"}, {"<@U0STRANGER>", NULL}, {"<!subteam^S0ONCALL>", "ada chloe"},
		{"<!subteam^S0ONCALL|@oncall>", "ada chloe"}, {"<!subteam^S0OTHER>", NULL}, {"<!here>", NULL},
		{"Eng-Manager", "ada ben"}, {"Engineering", "ada chloe"}, {"@engineering.backup", "chloe"},
		{"Coordinator", "chloe ada"}, {"eve", "exec"}, {"ev", NULL}, {"", NULL}, {"@", NULL},
		{"<@", NULL}, {"<", NULL}, {"park", NULL},
		{"<@U0ADAU0ADAU0ADAU0ADAU0ADAU0ADAU0ADAU0ADAU0ADAU0ADAU0ADAU0ADAU0ADAU0ADA>", NULL},
	};
	char got[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct targets t = {0};
		bool known = targets_add_typed(&t, &test_plan, NULL, cases[i].text, T0 + MINUTE);

		assert_int_equal(known, cases[i].people != NULL);
		assert_string_equal(people_of(&t, got, sizeof(got)), cases[i].people ? cases[i].people : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roster),
		cmocka_unit_test(test_roster_order),
		cmocka_unit_test(test_roster_bound),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_targets_role_holder_first),
		cmocka_unit_test(test_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
